//! What the single-sample bounds share (RSMI-NE, §II.B; Poole et al. 2019): the scores of all pairs,
//! block by block, and the way back.
//!
//! With g_ij = F_ij − ln a, a > 0 a baseline of any kind, ln z ≤ z/a + ln a − 1 (eq. A4) gives for
//! any critic
//!
//! ```text
//! I = (1/K) Σ_j [ g_jj + 1 − 1/(K−1) Σ_{i≠j} exp g_ij ]  ≤  I(H:E) in expectation
//! ```
//!
//! (eq. A5): the K joint pairs of a batch estimate the mean over p(h, e), the K(K − 1) others that
//! over p(h) p(e), both without bias. The bounds differ in what they take for a, and in what is
//! climbed.
//!
//! # Gradient
//! ```text
//! ∂I/∂F_jj = 1/K,   ∂I/∂F_ij = − exp g_ij / K(K−1)   (i ≠ j)
//! ```
//!
//! # Large scores
//! Scores more than [`LARGEST`] above their baseline are cut to it, on and off the diagonal. The
//! critic that is cut is a critic too, so that the value remains a bound; gradients are those at the
//! cut, and lead back from there. A best critic is ln r_ij ≤ −ln p(h): what a finite batch can show
//! never comes near.
//!
//! # Variance
//! With the best critic, g = ln r, that of the value is Var\[ln r\]/K + χ²/K(K−1), χ² = E_joint\[r\] −
//! 1, which grows as exp I: these bounds have no ceiling, but their noise does not let them go
//! far above ln K either. Off the best critic, errors of the baseline that the batch shares add
//! Var\[exp g\]/K.

use super::donsker_varadhan::ln_mean;
use super::scores::{Columns, Scores};
use super::tuba::Average;
use crate::kernel::Target;
use crate::num::lane::{Lane, WIDTH, apart, whole};
use crate::num::math;

/// The most that a score is above its baseline, in nats: e²⁴ leaves room for sums over pairs, for the
/// weights that gradients are multiplied by, and for their squares in Adam.
pub const LARGEST: f32 = 24.0;

/// Scores of pairs that are left out of sums of exponentials.
pub(crate) const NONE: Lane = Lane([f32::NEG_INFINITY; WIDTH]);

/// What is climbed.
#[derive(Clone, Copy)]
pub(crate) enum Slope {
    /// The bound, its ∂I/∂F_ij of i ≠ j times this.
    Exponential(f32),
    /// The Jensen–Shannon divergence, [`super::jensen_shannon`].
    Logistic,
}

/// eˣ for x ≤ [`LARGEST`].
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    let below = math::exp_nonpositive(if x > 0.0 { -x } else { x });
    if x > 0.0 { 1.0 / below } else { below }
}

/// 1/(1 + e⁻ˣ).
#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    let below = math::exp_nonpositive(if x > 0.0 { -x } else { x });
    (if x > 0.0 { 1.0 } else { below }) / (1.0 + below)
}

/// What distinguishes a single-sample bound from the others.
pub(crate) trait SingleSample: Copy {
    /// Whether the baseline comes of the batch's own mean of exp F. Training moves the average by it.
    #[inline(always)]
    fn needs_mean(self, _learns: bool) -> bool {
        false
    }

    /// ln a, given the logarithm of that mean, and what is climbed.
    fn slope(self, ln_mean: f32, average: &Average) -> (f32, Slope);
}

/// Hands `value(j, x)` the term of every column, in order, for one ln a of all, and gives back the
/// slopes of what is climbed, if they are wanted.
#[inline(always)]
pub(crate) fn single_sample<T: Target>(
    bound: impl SingleSample,
    pairs: &mut impl Scores,
    scores: &mut [Lane],
    average: &mut Average,
    mut value: impl FnMut(usize, f32),
) {
    let learns = pairs.learns();
    let mut mean = 0.0;
    if bound.needs_mean(learns) {
        mean = ln_mean::<T>(pairs, scores);
        if learns {
            average.push(mean);
        }
    }
    let (baseline, slope) = bound.slope(mean, average);
    let climb = learns.then_some(slope);
    let mut next = 0;
    while let Some(mut columns) = Columns::next::<T>(pairs, &mut next, scores) {
        let (first, stride) = (columns.first, columns.stride);
        for lane in 0..stride {
            let terms = terms::<T>(&mut columns, lane, baseline, climb);
            for j in 0..columns.of_lane(lane) {
                value(first + lane * WIDTH + j, terms.0[j]);
            }
        }
        if climb.is_some() {
            pairs.back::<T>(columns);
        }
    }
}

/// The terms of a lane of columns, and the slopes of what is climbed in place of their scores.
#[inline(always)]
fn terms<T: Target>(
    columns: &mut Columns,
    lane: usize,
    baseline: f32,
    climb: Option<Slope>,
) -> Lane {
    T::part(
        #[inline(always)]
        || {
            let stride = columns.stride;
            let batch = columns.scores.len() / stride;
            let (share, others) = (1.0 / batch as f32, (batch - 1) as f32);
            let above = |f: f32| {
                let g = f - baseline;
                if g > LARGEST { LARGEST } else { g }
            };
            let joint = columns.replace_diagonal(lane, NONE).map(above);
            let mut total = Lane::ZERO;
            for f in columns.scores[lane..].iter_mut().step_by(stride) {
                let g = f.map(above);
                let powers = g.map(exp);
                total = total.zip(powers, |sum, e| sum + e);
                match climb {
                    None => (),
                    Some(Slope::Exponential(weight)) => {
                        let scale = -share / others * weight;
                        *f = powers.map(|e| e * scale);
                    }
                    Some(Slope::Logistic) => {
                        let scale = -share / others;
                        *f = g.map(|g| sigmoid(g) * scale);
                    }
                }
                apart();
            }
            let total = whole(total);
            let terms = joint.zip(total, |g, sum| g + (1.0 - sum / others));
            match climb {
                None => (),
                Some(Slope::Exponential(_)) => {
                    columns.replace_diagonal(lane, Lane([share; WIDTH]));
                }
                Some(Slope::Logistic) => {
                    columns.replace_diagonal(lane, joint.map(|g| sigmoid(-g) * share));
                }
            }
            terms
        },
    )
}
