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

/// ln a.
pub(crate) const BASELINE: f32 = 0.0;
