//! InfoNCE (van den Oord et al. 2018; Poole et al. 2019; RSMI-NE, Gökmen et al. 2021, eq. 8).
//!
//! For a batch of K joint pairs and scores F_ij = f(h_i, e_j) = u_i · v_j,
//!
//! ```text
//! I = (1/K) Σ_j [ F_jj − ln (1/K) Σ_i exp F_ij ]  ≤  ln K
//! ```
//!
//! is, in expectation over independent pairs, a lower bound of I(H:E).
//!
//! # Gradient
//! With p_ij = exp F_ij / Σ_i' exp F_i'j, the softmax of column j,
//!
//! ```text
//! ∂I/∂F_ij = (δ_ij − p_ij) / K,   ∂I/∂u_i = Σ_j ∂I/∂F_ij v_j,   ∂I/∂v_j = Σ_i ∂I/∂F_ij u_i
//! ```
//!
//! The largest score of a column is taken off before exponentials, so that no sum exceeds K or
//! falls below 1.
//!
//! # What the bound misses
//! With the best critic, exp F_ij ∝ r_ij = p(h_i, e_j) / p(h_i) p(e_j), and the mean over the
//! batch of r_ij has expectation 1 + χ²/K and variance close to χ²/K, χ² = E_joint\[r\] − 1.
//! Expanding the logarithm, the bound stays below I(H:E) by about χ²/2K ([`deficit`] gives the
//! most that this can be: χ² is below the number of states of h, 2^C for C binary components). Where
//! r is known [`exact::infonce`](crate::exact::infonce) has it for any K.

use crate::kernel::Tile;
use crate::kernel::dense::{Matrix, Output};
use crate::num::lane::{Lane, WIDTH, apart, get, lanes, whole, zip};
use crate::num::math;
use crate::shape::SCORE_LANES;

/// ln K, which no batch value exceeds by more than rounding.
#[must_use]
pub fn ceiling(batch: usize) -> f64 {
    math::ln64(batch as f64)
}

/// The most by which the bound with the best critic stays below I(H:E) at batch K, to leading
/// order in 1/K, for h whose number of states has the logarithm `capacity`: (exp(capacity) − 1) / 2K,
/// with C ln 2 for C binary components.
#[must_use]
pub fn deficit(batch: usize, capacity: f64) -> f64 {
    (math::exp64(capacity) - 1.0) / (2.0 * batch as f64)
}

/// One batch: u(h) and v(e), row by row, v also transposed.
pub(crate) struct Scores<'a> {
    pub(crate) batch: usize,
    pub(crate) embedding: usize,
    /// K × embedding.
    pub(crate) u: &'a [Lane],
    /// K × embedding; scaled in place where gradients are wanted.
    pub(crate) v: &'a mut [Lane],
    /// embedding × K.
    pub(crate) v_transposed: &'a [Lane],
}

/// Where the gradients by u and v go, each K × embedding; both are overwritten.
pub(crate) struct Gradients<'a> {
    pub(crate) du: &'a mut [Lane],
    pub(crate) dv: &'a mut [Lane],
}

/// Hands `value(j, x)` the term of every column, F_jj − ln (1/K) Σ_i exp F_ij, in order, and
/// writes the gradients if they are wanted. `scores` holds K × `min(SCORE_LANES, lanes(K))`.
///
/// With e_ij = exp(F_ij − max_i F_ij), z_j = Σ_i e_ij and c_j = −1 / K z_j, the gradients are
/// summed as du_i = v_i/K + Σ_j e_ij (c_j v_j) and dv_j = u_j/K + c_j Σ_i e_ij u_i: the
/// K × K exponentials are used as they are.
#[inline(always)]
pub(crate) fn infonce<T: Tile>(
    pairs: Scores,
    scores: &mut [Lane],
    mut gradients: Option<Gradients>,
    mut value: impl FnMut(usize, f32),
) {
    let Scores {
        batch,
        embedding,
        u,
        v,
        v_transposed,
    } = pairs;
    let (width, columns) = (lanes(embedding), lanes(batch));
    let ln_batch = math::ln(batch as f32);
    let share = 1.0 / batch as f32;
    if let Some(Gradients { du, .. }) = &mut gradients {
        for (du, v) in du.iter_mut().zip(&v[..batch * width]) {
            *du = v.map(|v| v * share);
            apart();
        }
    }
    let rows_of_u = Matrix::new(u, width);

    let mut block = 0;
    while block < columns {
        // Columns j of this block, by lanes: their scores, largest scores and sums.
        let stride = SCORE_LANES.min(columns - block);
        let first = block * WIDTH;
        let count = (stride * WIDTH).min(batch - first);
        let scores = &mut scores[..batch * stride];
        let right = Matrix {
            lane: block,
            ..Matrix::new(v_transposed, columns)
        };
        T::rows(
            batch,
            embedding,
            rows_of_u,
            right,
            count,
            Output::set(scores, stride),
        );

        // A lane of columns at a time: the largest score, then exponentials and their sum.
        let mut sum = [Lane::ZERO; SCORE_LANES];
        for lane in 0..stride {
            let column = &mut scores[lane..];
            let mut largest = column[0];
            for f in column.iter().step_by(stride) {
                largest = largest.zip(*f, |m, f| if f > m { f } else { m });
                apart();
            }
            let largest = whole(largest);
            let mut diagonal = Lane::ZERO;
            for j in 0..WIDTH.min(count - lane * WIDTH) {
                diagonal.0[j] = column[(first + lane * WIDTH + j) * stride].0[j];
            }
            let mut total = Lane::ZERO;
            for f in column.iter_mut().step_by(stride) {
                if T::SCALAR {
                    exponentials::<1>(f, &largest, &mut total);
                } else {
                    exponentials::<WIDTH>(f, &largest, &mut total);
                }
                apart();
            }
            let total = whole(total);
            sum[lane] = total;
            // The sum is at least 1. What is not a number must stay so; `ln` would not see it.
            let ln_total = total.map(|z| if z > 0.0 { math::ln(z) } else { f32::NAN });
            let terms = diagonal
                .zip(largest, |f, m| f - m)
                .zip(ln_total, |f, z| f - z);
            for j in 0..WIDTH.min(count - lane * WIDTH) {
                value(first + lane * WIDTH + j, terms.0[j] + ln_batch);
            }
        }

        if let Some(Gradients { du, dv }) = &mut gradients {
            let exponentials = Matrix::new(scores, stride);
            let block = first * width..(first + count) * width;
            let (u, v, dv) = (&u[block.clone()], &mut v[block.clone()], &mut dv[block]);
            let scale = |j: usize| -share / get(&sum, j);
            for (j, v) in v.chunks_exact_mut(width).enumerate() {
                let scale = scale(j);
                for v in v {
                    *v = v.map(|v| v * scale);
                    apart();
                }
            }
            let rows_of_v = Matrix::new(v, width);
            T::rows(
                batch,
                count,
                exponentials,
                rows_of_v,
                embedding,
                Output::add(du, width),
            );
            T::columns(
                count,
                batch,
                exponentials,
                rows_of_u,
                embedding,
                Output::set(dv, width),
            );
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
        block += stride;
    }
}

/// Turns scores into exponentials less the largest of their columns and adds them to the sums, by
/// pieces of N columns.
#[inline(always)]
fn exponentials<const N: usize>(scores: &mut Lane, largest: &Lane, sums: &mut Lane) {
    let columns = largest.pieces().iter().zip(sums.pieces_mut());
    for (f, (largest, sum)) in scores.pieces_mut::<N>().iter_mut().zip(columns) {
        *f = zip(*f, *largest, |f, m| math::exp_nonpositive(f - m));
        *sum = zip(*sum, *f, |z, e| z + e);
    }
}
