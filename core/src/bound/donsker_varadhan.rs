//! Donsker–Varadhan (1983), as in MINE (Belghazi et al. 2018).
//!
//! ```text
//! I = E_p(h,e) f − ln E_p(h)p(e) exp f
//! ```
//!
//! is tight for f = ln r + c with any constant c. On a batch, with m the mean of exp F over the pairs
//! i ≠ j, it is TUBA with a = m; term j is F_jj − ln m + 1 − m_j/m, m_j the mean of column j: the
//! terms' mean is I, and their spread is that of I.
//!
//! # Gradient
//! ∂ ln m / ∂F_ij = exp F_ij / m K(K−1) is biased, since m is that of one batch. As in MINE (its
//! §3.2), m is replaced there by its moving average over a hundred batches, the present one among
//! them: no batch weighs more than a hundred times as much as it would.
//!
//! # Bias
//! The logarithm of a batch's mean is on average below that of the mean, so that the figure
//! exceeds the bound by about Var\[m\]/2m², and may exceed I(H:E): χ²/2K² with the best critic, more,
//! of order 1/K, with others. No ceiling; the variance is that of all
//! [`single_sample`](super::single_sample) bounds.

use super::Bound;
use super::scores::{Columns, Scores};
use super::single_sample::{NONE, SingleSample, Slope, exp, single_sample};
use super::tuba::Average;
use crate::kernel::Target;
use crate::num::lane::{Lane, apart, whole};
use crate::num::math;

/// The Donsker–Varadhan bound.
#[derive(Clone, Copy, Debug)]
pub struct DonskerVaradhan;

impl SingleSample for DonskerVaradhan {
    #[inline(always)]
    fn needs_mean(self, _: bool) -> bool {
        true
    }

    #[inline(always)]
    fn slope(self, ln_mean: f32, average: &Average) -> (f32, Slope) {
        (ln_mean, Slope::Exponential(exp(ln_mean - average.ln())))
    }
}

impl Bound for DonskerVaradhan {
    #[inline(always)]
    fn terms<T: Target>(
        self,
        pairs: &mut impl Scores,
        scores: &mut [Lane],
        average: &mut Average,
        value: impl FnMut(usize, f32),
    ) {
        single_sample::<T>(self, pairs, scores, average, value);
    }
}

/// ln m.
#[inline(always)]
pub(crate) fn ln_mean<T: Target>(pairs: &mut impl Scores, scores: &mut [Lane]) -> f32 {
    T::part(
        #[inline(always)]
        || {
            // The largest score so far, and the sum of exponentials less it.
            let (mut top, mut sum) = (f32::MIN, 0.0);
            let mut next = 0;
            while let Some(mut columns) = Columns::next::<T>(pairs, &mut next, scores) {
                let stride = columns.stride;
                for lane in 0..stride {
                    columns.replace_diagonal(lane, NONE);
                    let column = || columns.scores[lane..].iter().step_by(stride);
                    let mut largest = Lane([f32::MIN; 16]);
                    for f in column() {
                        largest = largest.zip(*f, |m, f| if f > m { f } else { m });
                        apart();
                    }
                    let largest = whole(largest);
                    let mut total = Lane::ZERO;
                    for f in column() {
                        let powers = f.zip(largest, |f, m| math::exp_nonpositive(f - m));
                        total = total.zip(powers, |z, e| z + e);
                        apart();
                    }
                    let total = whole(total);
                    for j in 0..columns.of_lane(lane) {
                        let (m, z) = (largest.0[j], total.0[j]);
                        let above = if m > top { m } else { top };
                        sum = sum * math::exp_nonpositive(top - above)
                            + z * math::exp_nonpositive(m - above);
                        top = above;
                    }
                }
            }
            let pairs = pairs.batch() as f32 * (pairs.batch() - 1) as f32;
            // The sum is at least 1. What is not a number must stay so; `ln` would not see it.
            let ln = if sum > 0.0 {
                math::ln(sum / pairs)
            } else {
                f32::NAN
            };
            top + ln
        },
    )
}
