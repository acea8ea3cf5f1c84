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
//! most that this can be: χ² ≤ 2^C − 1 for C binary components).

use crate::kernel::Tile;
use crate::kernel::dense::Matrix;
use crate::num::lane::{Lane, WIDTH, apart, get, get_mut, lanes};
use crate::num::math;
use crate::shape::SCORE_LANES;

/// ln K, which no batch value exceeds by more than rounding.
#[must_use]
pub fn ceiling(batch: usize) -> f64 {
    math::ln64(batch as f64)
}

/// The most by which the bound with the best critic stays below I(H:E) at batch K, to leading
/// order in 1/K: (2^C − 1) / 2K.
#[must_use]
pub fn deficit(batch: usize, components: usize) -> f64 {
    (math::exp64(components as f64 * core::f64::consts::LN_2) - 1.0) / (2.0 * batch as f64)
}

/// One batch: u(h) and v(e), row by row, v also transposed.
#[derive(Clone, Copy)]
pub(crate) struct Scores<'a> {
    pub(crate) batch: usize,
    pub(crate) embedding: usize,
    /// K × embedding.
    pub(crate) u: &'a [Lane],
    /// K × embedding.
    pub(crate) v: &'a [Lane],
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
    let (u, v) = (Matrix::new(u, width), Matrix::new(v, width));
    let ln_batch = math::ln(batch as f32);
    let share = 1.0 / batch as f32;
    if let Some(Gradients { du, dv }) = &mut gradients {
        du[..batch * width].fill(Lane::ZERO);
        dv[..batch * width].fill(Lane::ZERO);
    }

    let mut block = 0;
    while block < columns {
        // Columns j of this block, by lanes: their scores, largest scores and sums.
        let stride = SCORE_LANES.min(columns - block);
        let first = block * WIDTH;
        let count = (stride * WIDTH).min(batch - first);
        let scores = &mut scores[..batch * stride];
        scores.fill(Lane::ZERO);
        let right = Matrix::new(&v_transposed[block..], columns);
        T::rows(batch, embedding, u, right, stride, scores, stride);

        // A lane of columns at a time: the largest score, then exponentials and their sum.
        let (mut diagonal, mut sum) = ([Lane::ZERO; SCORE_LANES], [Lane::ZERO; SCORE_LANES]);
        for lane in 0..stride {
            let column = &mut scores[lane..];
            let mut largest = column[0];
            for f in column.iter().step_by(stride) {
                largest = largest.zip(*f, |m, f| if f > m { f } else { m });
                apart();
            }
            for j in 0..WIDTH.min(count - lane * WIDTH) {
                let f = column[(first + lane * WIDTH + j) * stride].0[j];
                diagonal[lane].0[j] = f - largest.0[j];
            }
            let mut total = Lane::ZERO;
            for f in column.iter_mut().step_by(stride) {
                *f = f.zip(largest, |f, m| math::exp_nonpositive(f - m));
                total = total.zip(*f, |z, e| z + e);
                apart();
            }
            sum[lane] = total;
        }
        for j in 0..count {
            // The sum is at least 1. What is not a number must stay so; `ln` would not see it.
            let sum = get(&sum, j);
            let ln_sum = if sum > 0.0 { math::ln(sum) } else { f32::NAN };
            value(first + j, get(&diagonal, j) - ln_sum + ln_batch);
        }

        if let Some(Gradients { du, dv }) = &mut gradients {
            for lane in 0..stride {
                let scale = sum[lane].map(|z| share / z);
                for f in scores[lane..].iter_mut().step_by(stride) {
                    *f = f.zip(scale, |e, scale| -(e * scale));
                    apart();
                }
            }
            for j in 0..count {
                *get_mut(&mut scores[(first + j) * stride..], j) += share;
            }
            let df = Matrix::new(scores, stride);
            let right = Matrix::new(&v.lanes[first * width..], width);
            T::rows(batch, count, df, right, width, du, width);
            let dv = &mut dv[first * width..];
            T::columns(count, batch, df, u, width, dv, width);
        }
        block += stride;
    }
}
