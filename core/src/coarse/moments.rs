//! First and second moments of h, (h_a, h_a h_b with a ≤ b), as all that a critic reads of h.
//!
//! With u(h) linear in them the critic exp(u(h)·v(e)) is an exponential family in h: where h is normal
//! given e, the optimal one. What it cannot read are digits. Almost any filter gives every
//! configuration of discrete values a number of its own, and a deep u(h) learns to tell these
//! numbers apart; a parabola does not.

use crate::num::lane::{Lane, get, get_mut, lanes};

/// How many there are.
pub(crate) const fn count(components: usize) -> usize {
    components + components * (components + 1) / 2
}

/// The pairs a ≤ b, with their places.
fn pairs(components: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    let pairs = (0..components).flat_map(move |a| (a..components).map(move |b| (a, b)));
    (components..).zip(pairs).map(|(at, (a, b))| (at, a, b))
}

/// Rows of h to rows of moments.
pub(crate) fn expand(components: usize, h: &[Lane], moments: &mut [Lane]) {
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
pub(crate) fn pull_back(components: usize, h: &[Lane], by_moments: &[Lane], by_h: &mut [Lane]) {
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
