//! The critic f(h, e) = u · v(e) with u linear in first and second moments of h alone,
//! u(h) = b + Σ_a h_a w_a + Σ_{a≤b} h_a h_b w_ab.
//!
//! exp f is an exponential family in h: where h is normal given e, the optimal one. What it cannot read
//! are digits. Almost any filter gives every configuration of discrete values a number of its own, and a
//! deep u(h) learns to tell these numbers apart; a parabola does not.
//!
//! It is the [`separable`](super::separable) critic, with moments in place of h and no hidden layers in u.

use super::{Room, Task, back_apart, embed_apart};
use crate::kernel::Tile;
use crate::num::lane::{Lane, get, get_mut, lanes};
use crate::shape::layout::moments::{count, lanes_of};

/// The pairs a ≤ b, with their places.
fn pairs(components: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    let pairs = (0..components).flat_map(move |a| (a..components).map(move |b| (a, b)));
    (components..).zip(pairs).map(|(at, (a, b))| (at, a, b))
}

/// Rows of h to rows of moments.
fn expand(components: usize, h: &[Lane], moments: &mut [Lane]) {
    let rows = moments.chunks_exact_mut(lanes(count(components)));
    for (h, row) in h.chunks_exact(lanes(components)).zip(rows) {
        row.fill(Lane::ZERO);
        (0..components).for_each(|a| *get_mut(row, a) = get(h, a));
        for (at, a, b) in pairs(components) {
            *get_mut(row, at) = get(h, a) * get(h, b);
        }
    }
}

/// Gradients by moments to gradients by h.
fn pull_back(components: usize, h: &[Lane], by_moments: &[Lane], by_h: &mut [Lane]) {
    let width = lanes(components);
    let from = by_moments.chunks_exact(lanes(count(components)));
    let rows = h.chunks_exact(width).zip(by_h.chunks_exact_mut(width));
    for ((h, to), from) in rows.zip(from) {
        to.fill(Lane::ZERO);
        (0..components).for_each(|a| *get_mut(to, a) = get(from, a));
        for (at, a, b) in pairs(components) {
            let d = get(from, at);
            *get_mut(to, a) += d * get(h, b);
            *get_mut(to, b) += d * get(h, a);
        }
    }
}

/// The rows of a separable critic, of moments.
#[inline(always)]
pub(super) fn embed<T: Tile>(task: &Task, room: &mut Room) -> [usize; 2] {
    let at = lanes_of(&task.shape);
    let mut room = room.lend();
    let (moments, coarse) = room.coarse.split_at_mut(at);
    expand(task.shape.components(), task.h, moments);
    room.coarse = coarse;
    let [u, v] = embed_apart::<T>(
        &Task {
            h: moments,
            ..*task
        },
        &mut room,
    );
    [at + u, v]
}

/// The gradients of a separable critic, and through the moments those by h.
#[inline(always)]
pub(super) fn back<'w, T: Tile>(
    task: &Task,
    gradients: &mut [Lane],
    flipped: &mut [u32],
    through: bool,
    room: Room<'w>,
) -> &'w [Lane] {
    let (moments, coarse) = room.coarse.split_at_mut(lanes_of(&task.shape));
    let of_moments = Task {
        h: moments,
        ..*task
    };
    let room = Room { coarse, ..room };
    let by_moments = back_apart::<T>(&of_moments, gradients, flipped, through, room);
    if !through {
        return by_moments;
    }
    pull_back(task.shape.components(), task.h, by_moments, moments);
    moments
}
