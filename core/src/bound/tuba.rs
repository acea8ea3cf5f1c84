//! TUBA (Poole et al. 2019; RSMI-NE, §II.B and eqs. A4 and A5).
//!
//! ```text
//! I = E_p(h,e) f − E_p(e) [ E_p(h) exp f / a(e) + ln a(e) − 1 ]
//! ```
//!
//! for any baseline a(e) > 0: [`single_sample`](super::single_sample), with ln a(e_j) in column j. The
//! best baseline is Z(e) = E_p(h) exp f, with which the bound is UBA (eq. 5), tight for any f = ln r +
//! c(e). Without bias for any K, without a ceiling, with a variance of order exp I / K.
//!
//! # A learned baseline
//! Beside a separable critic ln a(e) is the last output of v(e), beside the embedding; the last output
//! of u(h) is held at −1 and learns nothing, so that u_i · v_j is F_ij − ln a(e_j) and gradients by
//! ln a are those by v. An embedding of D thus takes networks with D + 1 outputs.
//!
//! The bound sees f and ln a only as their difference. The quadratic and the concatenated critic
//! have functions of e alone among theirs, so that what they learn with a = 1 is that difference, and
//! nothing else is needed: TUBA is then NWJ whose f begins 1 higher.
//!
//! # A constant baseline
//! The best constant is the mean of exp f over p(h) p(e), and with it the bound is that of Donsker
//! and Varadhan. A moving average over a hundred of the training's batches is near to it at every
//! step, and needs no learning rate. Gradients by F are then those of MINE
//! ([`donsker_varadhan`](super::donsker_varadhan)); but since a is not made of the samples that
//! are held out, what is reported remains a bound of any batch. Before the first step a = e.

use super::Bound;
use super::nwj;
use super::scores::Scores;
use super::single_sample::{SingleSample, Slope, single_sample};
use crate::kernel::Target;
use crate::num::lane::Lane;
use crate::num::math;

/// Batches that a moving average spans.
const SPAN: u32 = 100;

/// The logarithm of a moving average of positive numbers, which begins as a plain mean.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Average {
    ln: f32,
    count: u32,
}

impl Average {
    /// Adds a number by its logarithm and returns the average's: at least its 1/[`SPAN`]th part.
    pub(crate) fn push(&mut self, ln: f32) -> f32 {
        self.count += u32::from(self.count < SPAN);
        let share = 1.0 / self.count as f32;
        let before = if self.count == 1 { ln } else { self.ln };
        let top = if before > ln { before } else { ln };
        let sum = (1.0 - share) * math::exp_nonpositive(before - top)
            + share * math::exp_nonpositive(ln - top);
        self.ln = top + math::ln(sum);
        self.ln
    }

    /// The logarithm of the average; without any number that of NWJ's baseline.
    pub(crate) fn ln(&self) -> f32 {
        match self.count {
            0 => nwj::BASELINE,
            _ => self.ln,
        }
    }
}

/// TUBA with a learned baseline, which is in the scores.
#[derive(Clone, Copy, Debug)]
pub struct Tuba;

impl SingleSample for Tuba {
    #[inline(always)]
    fn slope(self, _: f32, _: &Average) -> (f32, Slope) {
        (0.0, Slope::Exponential(1.0))
    }
}

impl Bound for Tuba {
    #[inline(always)]
    fn learns_baseline(self) -> bool {
        true
    }

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

/// TUBA with a moving average as constant baseline.
#[derive(Clone, Copy, Debug)]
pub struct TubaConstant;

impl SingleSample for TubaConstant {
    #[inline(always)]
    fn needs_mean(self, learns: bool) -> bool {
        learns
    }

    #[inline(always)]
    fn slope(self, _: f32, average: &Average) -> (f32, Slope) {
        (average.ln(), Slope::Exponential(1.0))
    }
}

impl Bound for TubaConstant {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_begins_as_a_mean_and_forgets() {
        let mut average = Average::default();
        assert_eq!(average.ln(), 1.0);
        for x in [1.0, 2.0, 6.0_f32] {
            average.push(math::ln(x));
        }
        assert!((average.ln() - math::ln(3.0)).abs() < 1e-6);
        assert!((average.push(80.0) - (80.0 - math::ln(4.0))).abs() < 1e-5);
        for _ in 0..9_000 {
            average.push(-1e36);
        }
        assert!(average.ln() < 0.0 && average.ln() > -100.0);
        assert!(average.push(1e36) == 1e36);
    }
}
