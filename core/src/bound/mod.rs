//! Variational lower bounds of mutual information.
//!
//! | bound | a, with f − ln a its critic | tight for f = | estimate | ceiling |
//! |---|---|---|---|---|
//! | [`infonce`] | mean of exp f over the batch | ln r + c(e) | below by χ²/2K | ln K |
//! | [`nwj`] | e | ln r + 1 | unbiased | |
//! | [`tuba`] | learned a(e) | ln r + c(e) | unbiased | |
//! | [`tuba`], constant | moving average of mean exp f | ln r + c | unbiased | |
//! | [`donsker_varadhan`] | mean of exp f over pairs i ≠ j | ln r + c | above by Var\[a\]/2a² | |
//! | [`jensen_shannon`] | 1 | ln r | unbiased | |
//!
//! r = p(h, e) / p(h) p(e), χ² = E_joint\[r\] − 1; "unbiased" as an estimate of what the critic is
//! worth, which is never more than I(H:E).

pub mod donsker_varadhan;
pub mod infonce;
pub mod jensen_shannon;
pub mod nwj;
pub(crate) mod pairs;
pub mod single_sample;
pub mod tuba;

use core::fmt;

use crate::critic::kind::Critic;
use crate::kernel::Tile;
use crate::num::lane::Lane;
use infonce::infonce;
use pairs::Pairs;
use single_sample::{Slope, exp, single_sample};
use tuba::Average;

/// Which bound a run climbs and reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bound {
    /// [`infonce`].
    #[default]
    InfoNce,
    /// [`nwj`].
    Nwj,
    /// [`tuba`] with a learned baseline, which takes the last output of a separable critic's embedding.
    Tuba,
    /// [`tuba`] with a moving average as constant baseline.
    TubaConstant,
    /// [`donsker_varadhan`].
    DonskerVaradhan,
    /// [`jensen_shannon`].
    JensenShannon,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Bound::InfoNce => "InfoNCE",
            Bound::Nwj => "NWJ",
            Bound::Tuba => "TUBA",
            Bound::TubaConstant => "TUBA with a constant baseline",
            Bound::DonskerVaradhan => "Donsker–Varadhan",
            Bound::JensenShannon => "Jensen–Shannon, as NWJ",
        })
    }
}

impl Bound {
    /// All of them.
    pub const ALL: [Bound; 6] = [
        Bound::InfoNce,
        Bound::Nwj,
        Bound::Tuba,
        Bound::TubaConstant,
        Bound::DonskerVaradhan,
        Bound::JensenShannon,
    ];

    /// As it is typed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Bound::InfoNce => "infonce",
            Bound::Nwj => "nwj",
            Bound::Tuba => "tuba",
            Bound::TubaConstant => "tuba-constant",
            Bound::DonskerVaradhan => "dv",
            Bound::JensenShannon => "js",
        }
    }

    /// What no batch of K exceeds, in nats; none, where there is no such limit.
    #[must_use]
    pub fn ceiling(self, batch: usize) -> Option<f64> {
        (self == Bound::InfoNce).then(|| infonce::ceiling(batch))
    }

    /// The most by which the estimate with the best critic is on average below I(H:E) at batch K and
    /// with H of `capacity` nats, the logarithm of the number of its states; in nats. None, where this is not known to be the figure that matters.
    #[must_use]
    pub fn deficit(self, batch: usize, capacity: f64) -> Option<f64> {
        (self == Bound::InfoNce).then(|| infonce::deficit(batch, capacity))
    }

    /// Outputs of the critic's networks that are none of the critic's embedding: those of a baseline
    /// which is learned beside a separable critic. Other critics have it in them ([`tuba`]).
    #[must_use]
    pub const fn outputs(self, critic: Critic) -> u32 {
        match (self, critic) {
            (Bound::Tuba, Critic::Separable | Critic::Moments) => 1,
            _ => 0,
        }
    }

    /// Hands `value(j, x)` the term of every column, in order, and gives the slopes back, if they are
    /// wanted; only then does the average move.
    #[inline(always)]
    pub(crate) fn terms<T: Tile>(
        self,
        pairs: &mut impl Pairs<T>,
        scores: &mut [Lane],
        average: &mut Average,
        mut value: impl FnMut(usize, f32),
    ) {
        // Once for all critics, where flash is short; and each by itself, where stack is.
        #[inline(never)]
        fn infonce_apart<T: Tile>(
            pairs: &mut dyn Pairs<T>,
            scores: &mut [Lane],
            value: &mut dyn FnMut(usize, f32),
        ) {
            infonce::<T>(pairs, scores, value);
        }
        #[inline(never)]
        fn apart<T: Tile>(
            bound: Bound,
            pairs: &mut dyn Pairs<T>,
            scores: &mut [Lane],
            average: &mut Average,
            value: &mut dyn FnMut(usize, f32),
        ) {
            bound.single_sample::<T>(pairs, scores, average, value);
        }
        if T::SCALAR && self == Bound::InfoNce {
            return infonce_apart::<T>(pairs, scores, &mut value);
        }
        if self == Bound::InfoNce {
            return infonce::<T>(pairs, scores, value);
        }
        if T::SCALAR {
            apart::<T>(self, pairs, scores, average, &mut value);
        } else {
            self.single_sample::<T>(pairs, scores, average, value);
        }
    }

    /// [`terms`](Self::terms) of all bounds but InfoNCE.
    #[inline(always)]
    fn single_sample<T: Tile>(
        self,
        pairs: &mut (impl Pairs<T> + ?Sized),
        scores: &mut [Lane],
        average: &mut Average,
        value: impl FnMut(usize, f32),
    ) {
        let learns = pairs.learns();
        let mut ln_mean = nwj::BASELINE;
        if self == Bound::DonskerVaradhan || self == Bound::TubaConstant && learns {
            ln_mean = donsker_varadhan::ln_mean::<T>(pairs, scores);
            if learns {
                average.push(ln_mean);
            }
        }
        let plain = Slope::Exponential(1.0);
        let (baseline, slope) = match self {
            Bound::InfoNce | Bound::Nwj => (nwj::BASELINE, plain),
            // It is in the scores.
            Bound::Tuba => (0.0, plain),
            Bound::TubaConstant => (average.ln(), plain),
            Bound::DonskerVaradhan => (ln_mean, Slope::Exponential(exp(ln_mean - average.ln()))),
            Bound::JensenShannon => (jensen_shannon::BASELINE, Slope::Logistic),
        };
        single_sample::<T>(pairs, scores, baseline, slope, value);
    }
}
