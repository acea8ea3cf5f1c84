//! NWJ (Nguyen, Wainwright and Jordan 2010; f-GAN, MINE-f; RSMI-NE, eq. 6).
//!
//! ```text
//! I = E_p(h,e) f − e⁻¹ E_p(h)p(e) exp f
//! ```
//!
//! is TUBA with the baseline a = e: [`single_sample`](super::single_sample), with ln a = 1. It is
//! tight for f = 1 + ln r, r = p(h, e) / p(h) p(e) (eqs. A6 to A8): the critic has to find its own
//! norm. The estimate is without bias for any K and any critic, and has no ceiling; its variance
//! grows as exp I / K.

use super::Bound;
use super::scores::Scores;
use super::single_sample::{SingleSample, Slope, single_sample};
use super::tuba::Average;
use crate::kernel::Target;
use crate::num::lane::Lane;

/// ln a.
pub(crate) const BASELINE: f32 = 1.0;

/// The NWJ bound.
#[derive(Clone, Copy, Debug)]
pub struct Nwj;

impl SingleSample for Nwj {
    #[inline(always)]
    fn slope(self, _: f32, _: &Average) -> (f32, Slope) {
        (BASELINE, Slope::Exponential(1.0))
    }
}

impl Bound for Nwj {
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
