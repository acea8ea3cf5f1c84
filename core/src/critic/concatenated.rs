//! The concatenated critic f([h, e]): one network that reads h and e side by side, and ends in one
//! number.
//!
//! Its first layer is a sum of what h and e contribute, so that these are computed once for each row
//! and not for each pair. With φ the activation and n the rest of the network,
//!
//! ```text
//! u_i = W_h h_i,   v_j = W_e e_j + b,   F_ij = n(φ(u_i + v_j))
//! ```
//!
//! n is run on the K pairs of one column j at a time: nothing is kept but F, and the way back runs the
//! column again. That is K² rows for the rest where a separable critic has 2K.
//!
//! # Gradient
//! With the slopes s_ij = ∂I/∂F_ij of the bound and n′ that of n by its input,
//!
//! ```text
//! d_ij = s_ij n′ φ′(u_i + v_j),   du_i = Σ_j d_ij,   dv_j = Σ_i d_ij
//! dW_h = Σ_i h_i du_iᵀ,   dh_i = W_hᵀ du_i,   db = Σ_j dv_j,   dW_e = Σ_j e_j dv_jᵀ
//! ```

use super::mlp::{self, Input, Scratch};
use super::{Room, Task};
use crate::bound::Bound;
use crate::bound::pairs::{Columns, Pairs};
use crate::bound::tuba::Average;
use crate::kernel::Tile;
use crate::kernel::dense::{Matrix, Output};
use crate::num::lane::{Lane, apart, get, get_mut, lanes};
use crate::num::rng::Stream;
use crate::shape::Shape;
use crate::shape::layout::concatenated::{affine, coarse_lanes, rest};

/// Scores beyond this are cut, so that their differences are finite.
const LARGEST: f32 = 1e34;

/// The parameters: W_h, (b, W_e), n.
fn split<'a>(shape: &Shape, all: &'a [Lane]) -> [&'a [Lane]; 3] {
    let (coarse, others) = all.split_at(coarse_lanes(shape));
    let (environment, rest) = others.split_at(affine(shape).lanes());
    [coarse, environment, rest]
}

fn split_mut<'a>(shape: &Shape, all: &'a mut [Lane]) -> [&'a mut [Lane]; 3] {
    let (coarse, others) = all.split_at_mut(coarse_lanes(shape));
    let (environment, rest) = others.split_at_mut(affine(shape).lanes());
    [coarse, environment, rest]
}

/// Rows u_i and v_j, whose sums go through the rest of the network.
struct Sums<'a> {
    shape: Shape,
    /// Of n.
    parameters: &'a [Lane],
    u: &'a [Lane],
    v: &'a [Lane],
    /// φ(u_i + v_j) of all i, then the activations of n.
    column: &'a mut [Lane],
    gradients: Option<Gradients<'a>>,
}

/// Where gradients go, and what they take.
struct Gradients<'a> {
    du: &'a mut [Lane],
    dv: &'a mut [Lane],
    /// By the parameters of n.
    all: &'a mut [Lane],
    /// The same of one column.
    one: &'a mut [Lane],
    upper: &'a mut [Lane],
    lower: &'a mut [Lane],
    transposed: &'a mut [Lane],
}

impl Sums<'_> {
    /// Runs the pairs of column j through n; the scores are the last K lanes of `column`.
    #[inline(never)]
    fn run<T: Tile>(&mut self, j: usize) {
        let (batch, rest) = (self.shape.batch(), rest(&self.shape));
        let width = lanes(rest.inputs);
        let (first, activations) = self.column.split_at_mut(batch * width);
        let v = &self.v[j * width..][..width];
        let rows = first
            .chunks_exact_mut(width)
            .zip(self.u.chunks_exact(width));
        for (sum, u) in rows {
            for ((sum, u), v) in sum.iter_mut().zip(u).zip(v) {
                *sum = u.zip(*v, |u, v| u + v);
                apart();
            }
        }
        rest.activation.apply::<T>(first);
        let first = Input::Reals(first);
        mlp::forward::<T>(rest, batch, self.parameters, first, activations);
    }
}

impl<T: Tile> Pairs<T> for Sums<'_> {
    #[inline(always)]
    fn batch(&self) -> usize {
        self.shape.batch()
    }

    #[inline(always)]
    fn learns(&self) -> bool {
        self.gradients.is_some()
    }

    #[inline(never)]
    fn scores(&mut self, columns: &mut Columns) {
        columns.scores.fill(Lane::ZERO);
        let last = self.column.len() - self.shape.batch();
        for c in 0..columns.count {
            self.run::<T>(columns.first + c);
            let rows = columns.scores.chunks_exact_mut(columns.stride);
            for (row, score) in rows.zip(&self.column[last..]) {
                let f = score.0[0];
                let f = if f > LARGEST { LARGEST } else { f };
                *get_mut(row, c) = if f < -LARGEST { -LARGEST } else { f };
            }
        }
    }

    #[inline(never)]
    fn back(&mut self, columns: Columns) {
        let (batch, rest) = (self.shape.batch(), rest(&self.shape));
        let width = lanes(rest.inputs);
        if columns.first == 0
            && let Some(Gradients { du, all, one, .. }) = &mut self.gradients
        {
            du.fill(Lane::ZERO);
            all.fill(Lane::ZERO);
            // Products may leave padding as it is.
            one.fill(Lane::ZERO);
        }
        for c in 0..columns.count {
            self.run::<T>(columns.first + c);
            let Some(gradients) = &mut self.gradients else {
                return;
            };
            let rows = columns.scores.chunks_exact(columns.stride);
            for (slope, row) in gradients.upper.iter_mut().zip(rows) {
                *slope = Lane::ZERO;
                slope.0[0] = get(row, c);
            }
            let (first, activations) = self.column.split_at(batch * width);
            let d = mlp::backward::<T>(
                rest,
                batch,
                self.parameters,
                Input::Reals(first),
                activations,
                gradients.upper,
                gradients.lower,
                gradients.one,
                Scratch {
                    transposed: gradients.transposed,
                    flipped: &mut [],
                },
                true,
            );
            let d = &mut d[..batch * width];
            rest.activation.pull_back::<T>(d, first);
            let dv = &mut gradients.dv[(columns.first + c) * width..][..width];
            dv.fill(Lane::ZERO);
            let rows = d.chunks_exact(width);
            for (d, du) in rows.zip(gradients.du.chunks_exact_mut(width)) {
                for ((d, du), dv) in d.iter().zip(du).zip(&mut *dv) {
                    *du = du.zip(*d, |sum, d| sum + d);
                    *dv = dv.zip(*d, |sum, d| sum + d);
                    apart();
                }
            }
            for (sum, one) in gradients.all.iter_mut().zip(&*gradients.one) {
                *sum = sum.zip(*one, |sum, one| sum + one);
                apart();
            }
        }
    }
}

/// u and v of all rows.
#[inline(never)]
fn first_layer<T: Tile>(task: &Task, u: &mut [Lane], v: &mut [Lane]) {
    let (shape, batch) = (task.shape, task.shape.batch());
    let [coarse, environment, _] = split(&shape, task.parameters);
    let width = shape.first_hidden();
    let out = Output::set(u, lanes(width));
    Input::Reals(task.h).product::<T>(batch, shape.components(), coarse, width, out);
    mlp::forward::<T>(affine(&shape), batch, environment, task.e, v);
}

/// The terms of the bound.
#[inline(never)]
fn terms<T: Tile>(
    bound: Bound,
    mut pairs: Sums,
    scores: &mut [Lane],
    average: &mut Average,
    value: &mut dyn FnMut(usize, f32),
) {
    bound.terms::<T>(&mut pairs, scores, average, value);
}

pub(super) fn initialise(shape: Shape, parameters: &mut [Lane], stream: &mut Stream) {
    let [coarse, environment, of_rest] = split_mut(&shape, parameters);
    // As if h and e had layers of their own: e has so many more numbers that h would hardly be heard
    // in one for both.
    mlp::glorot(coarse, shape.components(), shape.first_hidden(), stream);
    mlp::initialise(affine(&shape), environment, stream);
    mlp::initialise(rest(&shape), of_rest, stream);
}

/// Hands `value(j, x)` the terms of the bound.
#[inline(never)]
pub(super) fn evaluate<T: Tile>(
    task: &Task,
    average: &mut Average,
    room: Room,
    value: &mut dyn FnMut(usize, f32),
) {
    first_layer::<T>(task, room.coarse, room.environment);
    let [_, _, parameters] = split(&task.shape, task.parameters);
    let pairs = Sums {
        shape: task.shape,
        parameters,
        u: room.coarse,
        v: room.environment,
        column: room.columns,
        gradients: None,
    };
    terms::<T>(task.bound, pairs, room.scores, average, value);
}

/// The same with gradients by all parameters, and by h if `through`.
#[inline(never)]
pub(super) fn differentiate<'w, T: Tile>(
    task: &Task,
    average: &mut Average,
    gradients: &mut [Lane],
    flipped: &mut [u32],
    through: bool,
    room: Room<'w>,
    value: &mut dyn FnMut(usize, f32),
) -> &'w [Lane] {
    let shape = &task.shape;
    first_layer::<T>(task, room.coarse, room.environment);
    let [_, _, parameters] = split(shape, task.parameters);
    let [by_coarse, by_environment, by_rest] = split_mut(shape, gradients);
    let of_first = shape.batch() * lanes(shape.first_hidden());
    let (du, others) = room.by_coarse.split_at_mut(of_first);
    let (dv, one) = others.split_at_mut(of_first);
    let pairs = Sums {
        shape: *shape,
        parameters,
        u: room.coarse,
        v: room.environment,
        column: room.columns,
        gradients: Some(Gradients {
            du: &mut *du,
            dv: &mut *dv,
            all: by_rest,
            one,
            upper: &mut *room.upper,
            lower: &mut *room.lower,
            transposed: &mut *room.transposed,
        }),
    };
    terms::<T>(task.bound, pairs, room.scores, average, value);
    back_of_e::<T>(task, dv, by_environment, flipped);
    let dh = through.then_some((&mut *room.lower, room.transposed));
    back_of_h::<T>(task, du, by_coarse, dh);
    room.lower
}

/// Of the gradients by v those by bias and rows for e.
#[inline(never)]
fn back_of_e<T: Tile>(task: &Task, dv: &mut [Lane], gradients: &mut [Lane], flipped: &mut [u32]) {
    let [_, weights, _] = split(&task.shape, task.parameters);
    mlp::backward::<T>(
        affine(&task.shape),
        task.shape.batch(),
        weights,
        task.e,
        &[],
        dv,
        &mut [],
        gradients,
        Scratch {
            transposed: &mut [],
            flipped,
        },
        false,
    );
}

/// Of the gradients by u those by the rows for h, and by h where they are wanted.
#[inline(never)]
fn back_of_h<T: Tile>(
    task: &Task,
    du: &[Lane],
    gradients: &mut [Lane],
    dh: Option<(&mut [Lane], &mut [Lane])>,
) {
    let (shape, batch) = (&task.shape, task.shape.batch());
    let (components, width) = (shape.components(), shape.first_hidden());
    let out = Output::set(gradients, lanes(width));
    Input::Reals(task.h).gradient::<T>(batch, components, du, width, &mut [], out);
    if let Some((dh, transposed)) = dh {
        let inner = lanes(components);
        let transposed = &mut transposed[..width * inner];
        let [weights, _, _] = split(shape, task.parameters);
        mlp::transpose(weights, components, width, transposed);
        let (du, w) = (
            Matrix::new(du, lanes(width)),
            Matrix::new(transposed, inner),
        );
        T::rows(batch, width, du, w, components, Output::set(dh, inner));
    }
}
