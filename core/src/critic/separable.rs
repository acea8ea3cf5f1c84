//! The separable critic f(h, e) = u(h) · v(e): two networks that meet in an embedding.
//!
//! # Gradient
//! With the slopes s_ij = ∂I/∂F_ij of the bound,
//!
//! ```text
//! ∂I/∂u_i = Σ_j s_ij v_j,   ∂I/∂v_j = Σ_i s_ij u_i
//! ```
//!
//! and through the networks by [`mlp`].

use super::mlp::{self, Input, Scratch};
use super::{Room, Task};
use crate::bound::Bound;
use crate::bound::pairs::{Columns, Pairs, SCORE_LANES};
use crate::kernel::Tile;
use crate::kernel::dense::{Matrix, Output};
use crate::num::lane::{Lane, WIDTH, apart, get, get_mut, lanes};
use crate::num::rng::Stream;
use crate::shape::Shape;
use crate::shape::layout::separable::{coarse_network, environment_network};

/// Embeddings beyond this are cut, so that all scores and their differences are finite; no critic
/// that is of use comes near.
const LARGEST: f32 = 1e17;

/// Rows u_i and v_j, the scores of whose pairs are their products.
pub(super) struct Products<'a> {
    pub(super) batch: usize,
    pub(super) embedding: usize,
    /// K × embedding.
    pub(super) u: &'a [Lane],
    /// K × embedding; scaled in place where gradients are wanted.
    pub(super) v: &'a mut [Lane],
    /// embedding × K.
    pub(super) v_transposed: &'a [Lane],
    pub(super) gradients: Option<Gradients<'a>>,
}

/// Where the gradients by u and v go, each K × embedding; both are overwritten.
pub(super) struct Gradients<'a> {
    pub(super) du: &'a mut [Lane],
    pub(super) dv: &'a mut [Lane],
}

impl<'a> Products<'a> {
    /// Rows of finite numbers, v also transposed.
    #[inline(always)]
    pub(super) fn new(
        shape: Shape,
        u: &'a mut [Lane],
        v: &'a mut [Lane],
        v_transposed: &'a mut [Lane],
        gradients: Option<Gradients<'a>>,
    ) -> Self {
        for lane in u.iter_mut().chain(&mut *v) {
            *lane = lane.map(|x| if x > LARGEST { LARGEST } else { x });
            *lane = lane.map(|x| if x < -LARGEST { -LARGEST } else { x });
            apart();
        }
        mlp::transpose(v, shape.batch(), shape.embedding(), v_transposed);
        Products {
            batch: shape.batch(),
            embedding: shape.embedding(),
            u,
            v,
            v_transposed,
            gradients,
        }
    }
}

impl<T: Tile> Pairs<T> for Products<'_> {
    #[inline(always)]
    fn batch(&self) -> usize {
        self.batch
    }

    #[inline(always)]
    fn learns(&self) -> bool {
        self.gradients.is_some()
    }

    #[inline(always)]
    fn scores(&mut self, columns: &mut Columns) {
        let rows_of_u = Matrix::new(self.u, lanes(self.embedding));
        let right = Matrix {
            lane: columns.first / WIDTH,
            ..Matrix::new(self.v_transposed, lanes(self.batch))
        };
        let out = Output::set(columns.scores, columns.stride);
        T::rows(
            self.batch,
            self.embedding,
            rows_of_u,
            right,
            columns.count,
            out,
        );
    }

    #[inline(always)]
    fn back(&mut self, columns: Columns) {
        let Some(Gradients { du, dv }) = &mut self.gradients else {
            return;
        };
        let (batch, embedding, width) = (self.batch, self.embedding, lanes(self.embedding));
        let (first, count) = (columns.first, columns.count);
        let slopes = Matrix::new(columns.scores, columns.stride);
        let rows_of_v = Matrix::new(&self.v[first * width..], width);
        let du = match first {
            0 => Output::set(du, width),
            _ => Output::add(du, width),
        };
        T::rows(batch, count, slopes, rows_of_v, embedding, du);
        let rows_of_u = Matrix::new(self.u, width);
        let dv = Output::set(&mut dv[first * width..], width);
        T::columns(count, batch, slopes, rows_of_u, embedding, dv);
    }

    /// With c_j = −1 / K z_j the gradients are summed as du_i = v_i/K + Σ_j e_ij (c_j v_j) and
    /// dv_j = u_j/K + c_j Σ_i e_ij u_i: the K × K exponentials are used as they are.
    #[inline(always)]
    fn back_shares(&mut self, columns: Columns, share: f32, sums: &[Lane; SCORE_LANES]) {
        let Some(Gradients { du, dv }) = &mut self.gradients else {
            return;
        };
        let (batch, embedding, width) = (self.batch, self.embedding, lanes(self.embedding));
        let (first, count) = (columns.first, columns.count);
        if first == 0 {
            for (du, v) in du.iter_mut().zip(&self.v[..batch * width]) {
                *du = v.map(|v| v * share);
                apart();
            }
        }
        let rows_of_u = Matrix::new(self.u, width);
        let exponentials = Matrix::new(columns.scores, columns.stride);
        let block = first * width..(first + count) * width;
        let u = &self.u[block.clone()];
        let (v, dv) = (&mut self.v[block.clone()], &mut dv[block]);
        let scale = |j: usize| -share / get(sums, j);
        for (j, v) in v.chunks_exact_mut(width).enumerate() {
            let scale = scale(j);
            for v in v {
                *v = v.map(|v| v * scale);
                apart();
            }
        }
        let rows_of_v = Matrix::new(v, width);
        let du = Output::add(du, width);
        T::rows(batch, count, exponentials, rows_of_v, embedding, du);
        let sums_by_v = Output::set(dv, width);
        T::columns(count, batch, exponentials, rows_of_u, embedding, sums_by_v);
        for (j, (dv, u)) in dv
            .chunks_exact_mut(width)
            .zip(u.chunks_exact(width))
            .enumerate()
        {
            let scale = scale(j);
            for (dv, u) in dv.iter_mut().zip(u) {
                *dv = dv.zip(*u, |sum, u| u * share + sum * scale);
                apart();
            }
        }
    }
}

/// Sets the number at `at` of every row.
#[inline(always)]
pub(super) fn hold(rows: &mut [Lane], embedding: usize, at: usize, number: f32) {
    for row in rows.chunks_exact_mut(lanes(embedding)) {
        *get_mut(row, at) = number;
    }
}

pub(super) fn initialise(shape: Shape, parameters: &mut [Lane], stream: &mut Stream) {
    let (coarse_net, environment_net) = (coarse_network(&shape), environment_network(&shape));
    let (coarse, environment) = parameters.split_at_mut(coarse_net.lanes());
    mlp::initialise(coarse_net, coarse, stream);
    mlp::initialise(environment_net, environment, stream);
}

/// Runs both networks. Returns where the embeddings begin.
#[inline(always)]
pub(super) fn embed<T: Tile>(task: &Task, room: &mut Room) -> [usize; 2] {
    let (shape, batch) = (task.shape, task.shape.batch());
    let (coarse_net, environment_net) = (coarse_network(&shape), environment_network(&shape));
    let (coarse, environment) = task.parameters.split_at(coarse_net.lanes());
    let h = Input::Reals(task.h);
    mlp::forward::<T>(coarse_net, batch, coarse, h, room.coarse);
    mlp::forward::<T>(
        environment_net,
        batch,
        environment,
        task.e,
        room.environment,
    );
    let at = [coarse_net, environment_net]
        .map(|net| batch * (net.activation_lanes() - lanes(shape.embedding())));
    if task.bound == Bound::Tuba {
        let last = shape.embedding() - 1;
        hold(&mut room.coarse[at[0]..], shape.embedding(), last, -1.0);
    }
    at
}

/// Of the gradients by u, in `by_coarse`, and v, in `upper`, those by all parameters and by h.
#[inline(always)]
pub(super) fn back<'w, T: Tile>(
    task: &Task,
    gradients: &mut [Lane],
    flipped: &mut [u32],
    through: bool,
    room: Room<'w>,
) -> &'w [Lane] {
    let (shape, batch) = (task.shape, task.shape.batch());
    if task.bound == Bound::Tuba {
        let last = shape.embedding() - 1;
        hold(room.by_coarse, shape.embedding(), last, 0.0);
    }
    let (coarse_net, environment_net) = (coarse_network(&shape), environment_network(&shape));
    let (coarse, environment) = task.parameters.split_at(coarse_net.lanes());
    let (coarse_gradient, environment_gradient) = gradients.split_at_mut(coarse_net.lanes());
    mlp::backward::<T>(
        environment_net,
        batch,
        environment,
        task.e,
        room.environment,
        room.upper,
        room.lower,
        environment_gradient,
        Scratch {
            transposed: room.transposed,
            flipped,
        },
        false,
    );
    room.upper[..room.by_coarse.len()].copy_from_slice(room.by_coarse);
    mlp::backward::<T>(
        coarse_net,
        batch,
        coarse,
        Input::Reals(task.h),
        room.coarse,
        room.upper,
        room.lower,
        coarse_gradient,
        Scratch {
            transposed: room.transposed,
            flipped: &mut [],
        },
        through,
    )
}
