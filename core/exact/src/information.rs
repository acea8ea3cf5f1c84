//! Exact mutual informations and their summands.

use blockspin_core::num::math::ln64;

/// Exact mutual informations with the environment, in nats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Information {
    /// I(V:E) of the whole block.
    pub block: f64,
    /// I(H:E) of the filter's h, if a filter was given.
    pub filtered: Option<f64>,
    /// How far InfoNCE with the optimal critic stays below I(H:E) on average, if a filter and
    /// a batch size were given: see [`infonce`](crate::infonce).
    pub deficit: Option<f64>,
}

/// Probabilities below this count as 0 in sums of p ln p; ratios of larger ones stay finite.
pub(crate) const NEGLIGIBLE: f64 = 1e-140;

/// p(a,b) ln [p(a,b) / (p(a) p(b))], a term of a mutual information.
pub(crate) fn term(joint: f64, a: f64, b: f64) -> f64 {
    if joint > NEGLIGIBLE {
        joint * ln64(joint / a / b)
    } else {
        0.0
    }
}

/// Clamps at 0: an information is not negative, but its rounding error may be.
pub(crate) fn nonnegative(x: f64) -> f64 {
    if x > 0.0 { x } else { 0.0 }
}
