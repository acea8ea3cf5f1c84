//! Scores that are products of rows, F_ij = u_i · v_j: those of all critics but the concatenated one.
//!
//! # Gradient
//! With the slopes s_ij = ∂I/∂F_ij of the bound,
//!
//! ```text
//! ∂I/∂u_i = Σ_j s_ij v_j,   ∂I/∂v_j = Σ_i s_ij u_i
//! ```

use super::Workspace;
use crate::bound::scores::{Columns, SCORE_LANES, Scores};
use crate::kernel::Target;
use crate::kernel::dense::{Matrix, Output};
use crate::nn::mlp;
use crate::num::lane::{Lane, WIDTH, apart, get, get_mut, lanes};
use crate::shape::PairShape;

/// Embeddings beyond this are cut, so that all scores and their differences are finite; no critic
/// that is of use comes near.
const LARGEST: f32 = 1e17;

/// Rows u_i and v_j, the scores of whose pairs are their products.
#[derive(Debug)]
pub struct Products<'a> {
    batch: usize,
    embedding: usize,
    /// K × embedding.
    u: &'a [Lane],
    /// K × embedding; scaled in place where gradients are wanted.
    v: &'a mut [Lane],
    /// embedding × K.
    v_transposed: &'a [Lane],
    gradients: Option<Gradients<'a>>,
}

/// Where the gradients by u and v go, each K × embedding; both are overwritten.
#[derive(Debug)]
struct Gradients<'a> {
    du: &'a mut [Lane],
    dv: &'a mut [Lane],
}

impl<'a> Products<'a> {
    /// Of the rows that begin at `u` among the layers of x, and at `v` among those of y: cut to finite
    /// numbers, v also transposed. Gradients, if it `learns`, go to the last layer of x and to the
    /// first of the two slices of layers' gradients.
    #[inline(always)]
    pub(super) fn new<T: Target>(
        shape: &PairShape,
        [u, v]: [usize; 2],
        workspace: Workspace<'a>,
        learns: bool,
    ) -> Self {
        T::part(
            #[inline(always)]
            || {
                let (u, v) = (&mut workspace.of_x[u..], &mut workspace.of_y[v..]);
                let v_transposed = workspace.columns;
                let gradients = learns.then_some(Gradients {
                    du: workspace.by_x,
                    dv: workspace.by_output,
                });
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
            },
        )
    }
}

impl Scores for Products<'_> {
    #[inline(always)]
    fn batch(&self) -> usize {
        self.batch
    }

    #[inline(always)]
    fn learns(&self) -> bool {
        self.gradients.is_some()
    }

    #[inline(always)]
    fn scores<T: Target>(&mut self, columns: &mut Columns) {
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
    fn back<T: Target>(&mut self, columns: Columns) {
        T::part(
            #[inline(always)]
            || {
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
            },
        )
    }

    /// With c_j = −1 / K z_j the gradients are summed as du_i = v_i/K + Σ_j e_ij (c_j v_j) and
    /// dv_j = u_j/K + c_j Σ_i e_ij u_i: the K × K exponentials are used as they are.
    #[inline(always)]
    fn back_shares<T: Target>(&mut self, columns: Columns, share: f32, sums: &[Lane; SCORE_LANES]) {
        T::part(
            #[inline(always)]
            || {
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
            },
        )
    }
}

/// Sets the number at `at` of every row.
#[inline(always)]
pub(super) fn hold(rows: &mut [Lane], embedding: usize, at: usize, number: f32) {
    for row in rows.chunks_exact_mut(lanes(embedding)) {
        *get_mut(row, at) = number;
    }
}
