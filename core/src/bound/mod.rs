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
//!
//! Each is a type that implements [`Bound`], so that a program contains the bounds that it names and
//! no other; [`AnyBound`] is one of them, chosen at run time.

pub mod donsker_varadhan;
pub mod infonce;
pub mod jensen_shannon;
pub mod nwj;
pub mod scores;
pub mod single_sample;
pub mod tuba;

use core::fmt;

use crate::critic::AnyCritic;
use crate::kernel::Target;
use crate::num::lane::Lane;
use crate::num::math;
use scores::Scores;
use single_sample::{SingleSample, Slope, single_sample};

pub use donsker_varadhan::DonskerVaradhan;
pub use infonce::InfoNce;
pub use jensen_shannon::JensenShannon;
pub use nwj::Nwj;
pub use tuba::{Average, Tuba, TubaConstant};

/// A lower bound of the mutual information of x and y, computed from the scores of all pairs of a
/// batch.
pub trait Bound: Copy + fmt::Debug {
    /// Whether it has a baseline ln a(y) that is learned: the last output of a separable critic's v(y).
    #[inline(always)]
    fn learns_baseline(self) -> bool {
        false
    }

    /// Whether a function of y alone that is added to the critic leaves it as it is.
    #[inline(always)]
    fn ignores_functions_of_y(self) -> bool {
        false
    }

    /// Hands `value(j, x)` the term of every column j, in order, in nats: their mean is the bound.
    /// Gives the slopes back to the pairs if they are wanted; only then does the average over batches
    /// move. `scores` has K rows of the lanes of K, at most [`SCORE_LANES`](scores::SCORE_LANES).
    fn terms<T: Target>(
        self,
        pairs: &mut impl Scores,
        scores: &mut [Lane],
        average: &mut Average,
        value: impl FnMut(usize, f32),
    );
}

/// One of the bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnyBound {
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

impl fmt::Display for AnyBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AnyBound::InfoNce => "InfoNCE",
            AnyBound::Nwj => "NWJ",
            AnyBound::Tuba => "TUBA",
            AnyBound::TubaConstant => "TUBA with a constant baseline",
            AnyBound::DonskerVaradhan => "Donsker–Varadhan",
            AnyBound::JensenShannon => "Jensen–Shannon, as NWJ",
        })
    }
}

impl AnyBound {
    /// All of them.
    pub const ALL: [AnyBound; 6] = [
        AnyBound::InfoNce,
        AnyBound::Nwj,
        AnyBound::Tuba,
        AnyBound::TubaConstant,
        AnyBound::DonskerVaradhan,
        AnyBound::JensenShannon,
    ];

    /// As it is typed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            AnyBound::InfoNce => "infonce",
            AnyBound::Nwj => "nwj",
            AnyBound::Tuba => "tuba",
            AnyBound::TubaConstant => "tuba-constant",
            AnyBound::DonskerVaradhan => "dv",
            AnyBound::JensenShannon => "js",
        }
    }

    /// What no batch of K exceeds, in nats; `None` if there is no such limit.
    #[must_use]
    pub fn ceiling(self, batch: usize) -> Option<f64> {
        (self == AnyBound::InfoNce).then(|| infonce::ceiling(batch))
    }

    /// The most by which the estimate is on average above what its critic is worth at batch K, with the
    /// best critic and H of `capacity` nats; in nats. None, where there is no such bias.
    ///
    /// Of Donsker–Varadhan it is Var\[a\]/2a² for a mean a of r over the pairs of a batch. Since r has mean 1
    /// for every h and for every e, pairs count as if they were independent, K² of them; r has variance
    /// χ², at most the number of states less 1.
    #[must_use]
    pub fn bias(self, batch: usize, capacity: f64) -> Option<f64> {
        let pairs = (batch as f64 - 1.0) * (batch as f64 - 1.0);
        (self == AnyBound::DonskerVaradhan).then(|| (math::exp64(capacity) - 1.0) / (2.0 * pairs))
    }

    /// Whether the bound is the same for f and f plus a constant, so that a critic near 0 is worth 0.
    #[must_use]
    pub const fn ignores_constants(self) -> bool {
        matches!(self, AnyBound::InfoNce | AnyBound::DonskerVaradhan)
    }

    /// The most by which the estimate with the best critic is on average below I(H:E) at batch K and
    /// with H of `capacity` nats, the logarithm of the number of its states; in nats. None, where this is not known to be the figure that matters.
    #[must_use]
    pub fn deficit(self, batch: usize, capacity: f64) -> Option<f64> {
        (self == AnyBound::InfoNce).then(|| infonce::deficit(batch, capacity))
    }

    /// Outputs of the critic's networks that do not belong to its embedding: those of a baseline
    /// which is learned beside a separable critic. Other critics have it in them ([`tuba`]).
    #[must_use]
    pub const fn outputs(self, critic: AnyCritic) -> u32 {
        match (self, critic) {
            (AnyBound::Tuba, AnyCritic::Separable | AnyCritic::Moments) => 1,
            _ => 0,
        }
    }
}

impl Bound for AnyBound {
    #[inline(always)]
    fn learns_baseline(self) -> bool {
        self == AnyBound::Tuba
    }

    #[inline(always)]
    fn ignores_functions_of_y(self) -> bool {
        self == AnyBound::InfoNce
    }

    #[inline(always)]
    fn terms<T: Target>(
        self,
        pairs: &mut impl Scores,
        scores: &mut [Lane],
        average: &mut Average,
        value: impl FnMut(usize, f32),
    ) {
        match self {
            AnyBound::InfoNce => InfoNce.terms::<T>(pairs, scores, average, value),
            // One loop for all of them.
            _ => single_sample::<T>(self, pairs, scores, average, value),
        }
    }
}

impl SingleSample for AnyBound {
    #[inline(always)]
    fn needs_mean(self, learns: bool) -> bool {
        match self {
            AnyBound::TubaConstant => TubaConstant.needs_mean(learns),
            AnyBound::DonskerVaradhan => DonskerVaradhan.needs_mean(learns),
            _ => false,
        }
    }

    #[inline(always)]
    fn slope(self, ln_mean: f32, average: &Average) -> (f32, Slope) {
        match self {
            // InfoNCE has terms of its own.
            AnyBound::InfoNce | AnyBound::Nwj => Nwj.slope(ln_mean, average),
            AnyBound::Tuba => Tuba.slope(ln_mean, average),
            AnyBound::TubaConstant => TubaConstant.slope(ln_mean, average),
            AnyBound::DonskerVaradhan => DonskerVaradhan.slope(ln_mean, average),
            AnyBound::JensenShannon => JensenShannon.slope(ln_mean, average),
        }
    }
}
