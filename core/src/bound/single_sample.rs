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

use crate::bound::infonce::{Gradients, Scores};
use crate::kernel::Tile;
use crate::kernel::dense::{Matrix, Output};
use crate::num::lane::{Lane, WIDTH, apart, lanes, whole};
use crate::num::math;
use crate::shape::SCORE_LANES;

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

/// Columns of scores, by lanes.
pub(crate) struct Columns<'a> {
    /// The first column.
    pub(crate) first: usize,
    /// How many there are.
    pub(crate) count: usize,
    /// K × `stride`.
    pub(crate) scores: &'a mut [Lane],
    pub(crate) stride: usize,
}

impl Columns<'_> {
    /// Columns of a lane that there are, from the first.
    #[inline(always)]
    pub(crate) fn of_lane(&self, lane: usize) -> usize {
        WIDTH.min(self.count - lane * WIDTH)
    }

    /// The scores of joint pairs in a lane of columns; others take their places.
    #[inline(always)]
    pub(crate) fn replace_diagonal(&mut self, lane: usize, with: Lane) -> Lane {
        let mut diagonal = Lane::ZERO;
        for j in 0..self.of_lane(lane) {
            let row = self.first + lane * WIDTH + j;
            let score = &mut self.scores[row * self.stride + lane].0[j];
            diagonal.0[j] = core::mem::replace(score, with.0[j]);
        }
        diagonal
    }
}

/// Hands `each` the scores of all pairs, some columns at a time. `scores` holds
/// K × `min(SCORE_LANES, lanes(K))`.
#[inline(always)]
pub(crate) fn by_columns<T: Tile>(
    pairs: &Scores,
    scores: &mut [Lane],
    mut each: impl FnMut(Columns),
) {
    let (batch, embedding) = (pairs.batch, pairs.embedding);
    let columns = lanes(batch);
    let rows_of_u = Matrix::new(pairs.u, lanes(embedding));
    let mut block = 0;
    while block < columns {
        let stride = SCORE_LANES.min(columns - block);
        let first = block * WIDTH;
        let count = (stride * WIDTH).min(batch - first);
        let scores = &mut scores[..batch * stride];
        let right = Matrix {
            lane: block,
            ..Matrix::new(pairs.v_transposed, columns)
        };
        let out = Output::set(scores, stride);
        T::rows(batch, embedding, rows_of_u, right, count, out);
        each(Columns {
            first,
            count,
            scores,
            stride,
        });
        block += stride;
    }
}

/// Hands `value(j, x)` the term of every column, in order, for one ln a of all, and writes the
/// gradients of what is climbed, if they are wanted.
#[inline(always)]
pub(crate) fn single_sample<T: Tile>(
    pairs: Scores,
    scores: &mut [Lane],
    baseline: f32,
    mut climb: Option<(Slope, Gradients)>,
    mut value: impl FnMut(usize, f32),
) {
    let (batch, embedding) = (pairs.batch, pairs.embedding);
    let width = lanes(embedding);
    let (share, others) = (1.0 / batch as f32, (batch - 1) as f32);
    let above = |f: f32| {
        let g = f - baseline;
        if g > LARGEST { LARGEST } else { g }
    };
    by_columns::<T>(&pairs, scores, |mut columns| {
        let (first, stride) = (columns.first, columns.stride);
        for lane in 0..stride {
            let joint = columns.replace_diagonal(lane, NONE).map(above);
            let mut total = Lane::ZERO;
            for f in columns.scores[lane..].iter_mut().step_by(stride) {
                let g = f.map(above);
                let powers = g.map(exp);
                total = total.zip(powers, |sum, e| sum + e);
                match climb {
                    None => (),
                    Some((Slope::Exponential(weight), _)) => {
                        let scale = -share / others * weight;
                        *f = powers.map(|e| e * scale);
                    }
                    Some((Slope::Logistic, _)) => {
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
                Some((Slope::Exponential(_), _)) => {
                    columns.replace_diagonal(lane, Lane([share; WIDTH]));
                }
                Some((Slope::Logistic, _)) => {
                    columns.replace_diagonal(lane, joint.map(|g| sigmoid(-g) * share));
                }
            }
            for j in 0..columns.of_lane(lane) {
                value(first + lane * WIDTH + j, terms.0[j]);
            }
        }
        let Some((_, Gradients { du, dv })) = &mut climb else {
            return;
        };
        let count = columns.count;
        let slopes = Matrix::new(columns.scores, stride);
        let rows_of_v = Matrix::new(&pairs.v[first * width..], width);
        let du = match first {
            0 => Output::set(du, width),
            _ => Output::add(du, width),
        };
        T::rows(batch, count, slopes, rows_of_v, embedding, du);
        let rows_of_u = Matrix::new(pairs.u, width);
        let dv = Output::set(&mut dv[first * width..], width);
        T::columns(count, batch, slopes, rows_of_u, embedding, dv);
    });
}
