//! InfoNCE (van den Oord et al. 2018; Poole et al. 2019; RSMI-NE, Gökmen et al. 2021, eq. 8).
//!
//! For a batch of K joint pairs and scores F_ij = f(h_i, e_j),
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
//! ∂I/∂F_ij = (δ_ij − p_ij) / K
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
//! r is known, `blockspin_exact::infonce` has the deficit at any K.

use super::Bound;
use super::scores::{Columns, SCORE_LANES, Scores};
use super::tuba::Average;
use crate::kernel::{Target, narrow};
use crate::num::lane::{Lane, WIDTH, apart, whole, zip};
use crate::num::math;

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

/// The InfoNCE bound.
#[derive(Clone, Copy, Debug)]
pub struct InfoNce;

impl Bound for InfoNce {
    #[inline(always)]
    fn ignores_functions_of_y(self) -> bool {
        true
    }

    #[inline(always)]
    fn terms<T: Target>(
        self,
        pairs: &mut impl Scores,
        scores: &mut [Lane],
        _: &mut Average,
        value: impl FnMut(usize, f32),
    ) {
        infonce::<T>(pairs, scores, value);
    }
}

/// Hands `value(j, x)` the term of every column, F_jj − ln (1/K) Σ_i exp F_ij, in order, and
/// gives the slopes back if they are wanted. `scores` holds K × `min(SCORE_LANES, lanes(K))`.
///
/// With e_ij = exp(F_ij − max_i F_ij) and z_j = Σ_i e_ij, p_ij is e_ij / z_j: the K × K exponentials
/// are given as they are, with z_j beside them.
#[inline(always)]
pub(crate) fn infonce<T: Target>(
    pairs: &mut impl Scores,
    scores: &mut [Lane],
    mut value: impl FnMut(usize, f32),
) {
    let ln_batch = math::ln(pairs.batch() as f32);
    let share = 1.0 / pairs.batch() as f32;
    let mut next = 0;
    while let Some(mut columns) = Columns::next::<T>(pairs, &mut next, scores) {
        let stride = columns.stride;
        // A lane of columns at a time.
        let mut sum = [Lane::ZERO; SCORE_LANES];
        for lane in 0..stride {
            let (terms, total) = terms::<T>(&mut columns, lane);
            sum[lane] = total;
            for j in 0..columns.of_lane(lane) {
                value(columns.first + lane * WIDTH + j, terms.0[j] + ln_batch);
            }
        }
        if pairs.learns() {
            pairs.back_shares::<T>(columns, share, &sum);
        }
    }
}

/// F_jj − ln Σ_i exp F_ij of a lane of columns, and the sums of the exponentials that take the scores'
/// place: first the largest score, then these.
#[inline(always)]
fn terms<T: Target>(columns: &mut Columns, lane: usize) -> (Lane, Lane) {
    T::part(
        #[inline(always)]
        || {
            let (first, stride) = (columns.first, columns.stride);
            let joint = columns.of_lane(lane);
            let column = &mut columns.scores[lane..];
            let mut largest = column[0];
            for f in column.iter().step_by(stride) {
                largest = largest.zip(*f, |m, f| if f > m { f } else { m });
                apart();
            }
            let largest = whole(largest);
            let mut diagonal = Lane::ZERO;
            for j in 0..joint {
                diagonal.0[j] = column[(first + lane * WIDTH + j) * stride].0[j];
            }
            let mut total = Lane::ZERO;
            for f in column.iter_mut().step_by(stride) {
                if narrow::<T>() {
                    exponentials::<1>(f, &largest, &mut total);
                } else {
                    exponentials::<WIDTH>(f, &largest, &mut total);
                }
                apart();
            }
            let total = whole(total);
            // The sum is at least 1. What is not a number must stay so; `ln` would not see it.
            let ln_total = total.map(|z| if z > 0.0 { math::ln(z) } else { f32::NAN });
            let terms = diagonal
                .zip(largest, |f, m| f - m)
                .zip(ln_total, |f, z| f - z);
            (terms, total)
        },
    )
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
