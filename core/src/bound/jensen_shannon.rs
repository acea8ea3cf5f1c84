//! The Jensen–Shannon divergence as what is climbed, NWJ as what is reported (Hjelm et al. 2019;
//! Poole et al. 2019; in none of the RSMI papers).
//!
//! ```text
//! J = E_p(h,e) [−sp(−f)] − E_p(h)p(e) sp(f),   sp(x) = ln(1 + eˣ)
//! ```
//!
//! is largest for f = ln r. It is no information, but its gradients
//!
//! ```text
//! ∂J/∂F_jj = σ(−F_jj) / K,   ∂J/∂F_ij = − σ(F_ij) / K(K−1)   (i ≠ j),   σ(x) = 1/(1 + e⁻ˣ)
//! ```
//!
//! are bounded, whatever the scores; J itself is never computed. Every value, of a step as of an
//! estimate, is NWJ with the critic f + 1: [`single_sample`](super::single_sample) with ln a = 0. It is
//! without bias for any K, without a ceiling, and its variance grows as exp I / K.

use super::Bound;
use super::scores::Scores;
use super::single_sample::{SingleSample, Slope, single_sample};
use super::tuba::Average;
use crate::kernel::Target;
use crate::num::lane::Lane;

/// ln a.
pub(crate) const BASELINE: f32 = 0.0;

/// The Jensen–Shannon divergence climbed, NWJ reported.
#[derive(Clone, Copy, Debug)]
pub struct JensenShannon;

impl SingleSample for JensenShannon {
    #[inline(always)]
    fn slope(self, _: f32, _: &Average) -> (f32, Slope) {
        (BASELINE, Slope::Logistic)
    }
}

impl Bound for JensenShannon {
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
