//! The critic f(h, e) = u · v(e) with u linear in first and second moments of h alone,
//! u(h) = b + Σ_a h_a w_a + Σ_{a≤b} h_a h_b w_ab.
//!
//! exp f is an exponential family in h: where h is normal given e, the optimal one. What it cannot read
//! are digits. Almost any filter gives every configuration of discrete values a number of its own, and a
//! deep u(h) learns to tell these numbers apart; a parabola does not.
//!
//! It is the [`separable`](super::separable) critic, with moments in place of h and no hidden layers in u.
//!
//! # Parameters
//! The layer of u, the layers of v.

use super::products::Products;
use super::separable::Networks;
use super::{AnyCritic, Critic, Operands, Workspace, WorkspaceParts};
use crate::bound::Bound;
use crate::kernel::Target;
use crate::nn::{Input, MAX_DEPTH};
use crate::num::bits::{sign, words};
use crate::num::lane::{Lane, get, get_mut, lanes};
use crate::num::rng::Stream;
use crate::shape::PairShape;

/// The critic of moments.
#[derive(Clone, Copy, Debug)]
pub struct Moments;

/// The number of first and second moments of a number of columns.
pub(crate) const fn count(columns: usize) -> usize {
    columns + columns * (columns + 1) / 2
}

/// Lanes of the moments of a batch.
const fn moment_lanes(shape: &PairShape) -> usize {
    shape.batch() * lanes(count(shape.x()))
}

/// u, of the moments, and v.
const fn networks(shape: &PairShape) -> Networks {
    Networks {
        u: shape.network(count(shape.x()), MAX_DEPTH, shape.embedding()),
        v: shape.network(shape.y(), 0, shape.embedding()),
    }
}

/// Lanes of the parameters.
pub(super) const fn parameter_lanes(shape: &PairShape) -> usize {
    networks(shape).parameter_lanes()
}

/// Parts of the workspace: those of the separable critic, the moments before the activations of u.
pub(super) const fn workspace(shape: &PairShape) -> WorkspaceParts {
    let mut parts = networks(shape).workspace(shape);
    parts[0].0 = "moments of h and u";
    parts[0].1 += moment_lanes(shape);
    parts
}

/// The pairs a ≤ b, with their places.
fn pairs(columns: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    let pairs = (0..columns).flat_map(move |a| (a..columns).map(move |b| (a, b)));
    (columns..).zip(pairs).map(|(at, (a, b))| (at, a, b))
}

/// Column `a` of row `k`.
#[inline(always)]
fn number(x: Input, columns: usize, k: usize, a: usize) -> f32 {
    match x {
        Input::Signs(rows) => sign(&rows[k * words(columns)..], a) as f32,
        Input::Reals(rows) => get(&rows[k * lanes(columns)..], a),
    }
}

/// Rows of x to rows of moments.
fn expand(columns: usize, x: Input, moments: &mut [Lane]) {
    let rows = moments.chunks_exact_mut(lanes(count(columns)));
    for (k, row) in rows.enumerate() {
        row.fill(Lane::ZERO);
        (0..columns).for_each(|a| *get_mut(row, a) = number(x, columns, k, a));
        for (at, a, b) in pairs(columns) {
            *get_mut(row, at) = get(row, a) * get(row, b);
        }
    }
}

/// Gradients by moments to gradients by x.
fn pull_back(columns: usize, x: Input, by_moments: &[Lane], by_x: &mut [Lane]) {
    let from = by_moments.chunks_exact(lanes(count(columns)));
    let rows = by_x.chunks_exact_mut(lanes(columns));
    for (k, (to, from)) in rows.zip(from).enumerate() {
        to.fill(Lane::ZERO);
        (0..columns).for_each(|a| *get_mut(to, a) = get(from, a));
        for (at, a, b) in pairs(columns) {
            let d = get(from, at);
            *get_mut(to, a) += d * number(x, columns, k, b);
            *get_mut(to, b) += d * number(x, columns, k, a);
        }
    }
}

impl Critic for Moments {
    type Scores<'s> = Products<'s>;

    fn any(self) -> AnyCritic {
        AnyCritic::Moments
    }

    fn parameter_lanes(self, shape: &PairShape) -> usize {
        parameter_lanes(shape)
    }

    fn workspace(self, shape: &PairShape) -> WorkspaceParts {
        workspace(shape)
    }

    fn initialise(self, shape: &PairShape, parameters: &mut [Lane], stream: &mut Stream) {
        networks(shape).initialise(parameters, stream);
    }

    fn scale(self, shape: &PairShape, parameters: &mut [Lane], factor: f32) {
        networks(shape).scale(parameters, factor);
    }

    #[inline(never)]
    fn scores<'s, T: Target>(
        self,
        operands: &Operands<'s>,
        bound: impl Bound,
        workspace: Workspace<'s>,
        gradients: Option<&'s mut [Lane]>,
    ) -> Products<'s> {
        let shape = operands.shape;
        let (moments, of_x) = workspace.of_x.split_at_mut(moment_lanes(&shape));
        expand(shape.x(), operands.x, moments);
        let of_moments = Operands {
            x: Input::Reals(moments),
            ..*operands
        };
        let workspace = Workspace { of_x, ..workspace };
        networks(&shape).scores::<T>(&of_moments, bound, workspace, gradients.is_some())
    }

    #[inline(never)]
    fn back<'w, T: Target>(
        self,
        operands: &Operands,
        bound: impl Bound,
        gradients: &mut [Lane],
        flipped: &mut [u32],
        through: bool,
        workspace: Workspace<'w>,
    ) -> &'w [Lane] {
        let shape = operands.shape;
        let (moments, of_x) = workspace.of_x.split_at_mut(moment_lanes(&shape));
        let of_moments = Operands {
            x: Input::Reals(moments),
            ..*operands
        };
        let workspace = Workspace { of_x, ..workspace };
        let by_moments =
            networks(&shape).back::<T>(&of_moments, bound, gradients, flipped, through, workspace);
        if !through {
            return by_moments;
        }
        // Where the moments lie there is room for more rows than a batch has.
        let by_x = &mut moments[..shape.batch() * lanes(shape.x())];
        pull_back(shape.x(), operands.x, by_moments, by_x);
        by_x
    }
}
