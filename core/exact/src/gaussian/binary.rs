//! The information I(H:E) of a binary h whose logit is Gaussian.
//!
//! Given E, the logit is normal with a mean μ and a variance s²; over E, μ is normal with mean 0
//! and variance τ². Then h has a mean e(μ), odd in μ, and with the binary entropy H₂
//!
//! ```text
//! I(H:E) = E_μ[g(e(μ))],   g(e) = ln 2 − H₂((1 + e)/2)
//! ```
//!
//! # Quadrature
//! All integrals are sums over equidistant points. The integrands are analytic within 2.8 units of the
//! real line at least (the zeros of erfc, the poles of tanh, in the units chosen below), where such sums
//! with steps of ¼ have errors of exp(−2π · 2.8 · 4), far below rounding; the truncated tails are
//! smaller still. Rounding remains, 2e-14 nats where it was measured.

use std::f64::consts::{LN_2, SQRT_2, TAU};
use std::num::NonZeroU32;

use blockspin_core::num::math::{erf64, exp_m1_64, exp64, ln_1p_64, ln64, sqrt64};

use crate::infonce;

const STEP: f64 = 0.25;

/// The normal density is below 1e-22 from here.
const NORMAL_END: f64 = 10.0;

/// The logistic density is below 1e-21 from here.
const LOGISTIC_END: f64 = 50.0;

/// How the mean of h follows from μ.
#[derive(Clone, Copy, Debug)]
pub(super) enum Threshold {
    /// h = sign(x).
    Sign,
    /// P(h = +1) = 1 / (1 + e⁻ˣ).
    Sigmoid,
}

impl Threshold {
    /// e(μ) for μ ≥ 0.
    fn mean(self, mu: f64, s: f64) -> f64 {
        match self {
            Threshold::Sign => erf64(mu / s / SQRT_2),
            Threshold::Sigmoid if s <= 1.0 => narrow(mu, s),
            Threshold::Sigmoid => wide(mu, s),
        }
    }

    /// The scale of μ on which e(μ) approaches 1.
    fn scale(self, s: f64) -> f64 {
        match self {
            Threshold::Sigmoid if s < 1.0 => 1.0,
            _ => s,
        }
    }
}

/// E[tanh(x/2)] with x normal about μ, s ≤ 1, by the normal density.
///
/// The values at ± w are taken together,
///
/// ```text
/// tanh((μ+sw)/2) + tanh((μ−sw)/2) = 2 sinh μ / (cosh μ + cosh sw)
///                                 = 2 (1 − e^−2μ) / ((1 + e^(sw−μ)) (1 + e^(−sw−μ)))
/// ```
///
/// so that no terms cancel where μ is small.
fn narrow(mu: f64, s: f64) -> f64 {
    let rise = -exp_m1_64(-2.0 * mu);
    2.0 * points(NORMAL_END, |w| {
        normal(w) * rise / ((1.0 + exp64(s * w - mu)) * (1.0 + exp64(-s * w - mu)))
    })
}

/// E[tanh(x/2)] from logistic noise l, whose distribution function is the sigmoid: h = sign(x + l).
fn wide(mu: f64, s: f64) -> f64 {
    points(LOGISTIC_END, |l| {
        let power = exp64(-l);
        let density = power / ((1.0 + power) * (1.0 + power));
        let erf = |x: f64| erf64(x / s / SQRT_2);
        density * (erf(mu + l) + erf(mu - l))
    })
}

/// I(H:E) in nats, from τ and s.
pub(super) fn information(threshold: Threshold, spread: f64, s: f64) -> f64 {
    average(threshold, spread, s, gain)
}

/// The deficit of InfoNCE at batch K, with the density ratios r = 1 ± e.
pub(super) fn deficit(threshold: Threshold, spread: f64, s: f64, batch: NonZeroU32) -> f64 {
    average(threshold, spread, s, |e| {
        // The mean of a sign at some distance rounds to 1.
        let e = if e < 1.0 { e } else { 1.0 };
        let ratios = [1.0 - e, 1.0 + e];
        infonce::log_mean(batch, &ratios.map(|r| 0.5 * r), &[0.5; 2], &ratios)
    })
}

/// E_μ[g(e(μ))] from τ and s, for a g with g(0) = 0.
fn average(threshold: Threshold, spread: f64, s: f64, g: impl Fn(f64) -> f64) -> f64 {
    // Rounding may give NaN where all weights are 0.
    if spread.is_nan() || spread <= 0.0 {
        return 0.0;
    }
    let scale = threshold.scale(s);
    if spread <= scale {
        return 2.0 * points(NORMAL_END, |z| normal(z) * g(threshold.mean(spread * z, s)));
    }
    // g is close to its limit g(1) (ln 2 for the information) almost everywhere: the difference is
    // integrated, over the range where it is not negligible.
    let (ratio, most) = (scale / spread, g(1.0));
    let lost = points(LOGISTIC_END, |t| {
        normal(t * ratio) * (most - g(threshold.mean(t * scale, s)))
    });
    most - 2.0 * ratio * lost
}

/// ∫₀^end of an even function.
fn points(end: f64, f: impl Fn(f64) -> f64) -> f64 {
    let count = (end / STEP) as u32;
    let tail: f64 = (1..=count).map(|i| f(f64::from(i) * STEP)).sum();
    STEP * (0.5 * f(0.0) + tail)
}

fn normal(z: f64) -> f64 {
    exp64(-0.5 * z * z) / sqrt64(TAU)
}

/// g(e) = ½ [(1+e) ln(1+e) + (1−e) ln(1−e)] = Σ_k e^2k / 2k(2k−1).
fn gain(e: f64) -> f64 {
    if e >= 1.0 {
        LN_2
    } else if e < 0.25 {
        // The two terms would cancel here; thirteen terms of the series suffice.
        let square = e * e;
        (1..=13).rev().map(f64::from).fold(0.0, |sum, k| {
            square * (sum + 1.0 / (2.0 * k * (2.0 * k - 1.0)))
        })
    } else {
        0.5 * ((1.0 + e) * ln_1p_64(e) + (1.0 - e) * ln64(1.0 - e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use Threshold::{Sigmoid, Sign};

    #[test]
    fn signs_have_a_closed_form_at_equal_variances() {
        // Φ(μ/s) is uniform on (0, 1) here, and the mean of H₂ is ½.
        for s in [1e-60, 0.3, 1.0, 1e40] {
            let got = information(Sign, s, s);
            assert!((got - (LN_2 - 0.5)).abs() < 1e-15, "{got}");
            let beside = information(Sign, s * (1.0 + 1e-12), s);
            assert!((beside - got).abs() < 1e-12, "{beside}");
        }
    }

    #[test]
    fn limits() {
        // g(e) → e²/2, with e → μ √(2/π) / s, and e → μ/2 for a sigmoid of small logits.
        let small = information(Sign, 1e-9, 1.0) / (1e-18 / core::f64::consts::PI);
        assert!((small - 1.0).abs() < 1e-13, "{small}");
        let small = information(Sigmoid, 1e-9, 1e-9) / (1e-18 / 8.0);
        assert!((small - 1.0).abs() < 1e-13, "{small}");
        for threshold in [Sign, Sigmoid] {
            assert_eq!(information(threshold, 0.0, 0.0), 0.0);
            assert!((information(threshold, 1e60, 1.0) - LN_2).abs() < 1e-15);
        }
        // A steep sigmoid is a step.
        let (steep, step) = (information(Sigmoid, 2e7, 1e7), information(Sign, 2e7, 1e7));
        assert!(steep <= step && step - steep < 1e-12, "{steep} {step}");
    }

    /// Both integrals by Simpson's rule, directly from their definitions.
    fn naive(threshold: Threshold, tau: f64, s: f64) -> f64 {
        let simpson = |f: &dyn Fn(f64) -> f64| {
            let n = 2000;
            let h = 20.0 / f64::from(n);
            let weight = |i| match i {
                0 => 1.0,
                i if i == n => 1.0,
                i => f64::from(2 + i % 2 * 2),
            };
            let z = |i| -10.0 + h * f64::from(i);
            (0..=n)
                .map(|i| weight(i) * normal(z(i)) * f(z(i)))
                .sum::<f64>()
                * h
                / 3.0
        };
        let entropy = |p: f64| {
            let term = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
            term(p) + term(1.0 - p)
        };
        LN_2 - simpson(&|z| {
            entropy(match threshold {
                Sign => 0.5 * libm::erfc(-tau * z / s / SQRT_2),
                Sigmoid => simpson(&|w| 1.0 / (1.0 + (-tau * z - s * w).exp())),
            })
        })
    }

    #[test]
    fn agrees_with_naive_integrals() {
        for (tau, s) in [
            (0.3, 0.2),
            (1.0, 1.0),
            (0.7, 1.3),
            (2.5, 0.4),
            (3.0, 2.0),
            (0.5, 5.0),
        ] {
            for threshold in [Sign, Sigmoid] {
                let (got, want) = (information(threshold, tau, s), naive(threshold, tau, s));
                assert!(
                    (got - want).abs() < 1e-10,
                    "{threshold:?} {tau} {s} {got} {want}"
                );
            }
        }
    }

    #[test]
    fn deficits() {
        for (tau, s) in [(0.3, 0.2), (1.0, 1.0), (0.7, 1.3), (3.0, 0.1)] {
            for threshold in [Sign, Sigmoid] {
                let all = information(threshold, tau, s);
                let at = |batch| deficit(threshold, tau, s, NonZeroU32::new(batch).unwrap());
                // At K = 1 the bound is 0; for large K the deficit is χ²/2K with χ² = E[e²].
                assert!((at(1) - all).abs() < 1e-12, "{} {all}", at(1));
                let chi = average(threshold, tau, s, |e| e * e);
                let many = at(100_000) * 200_000.0 / chi;
                assert!((many - 1.0).abs() < 1e-4, "{many}");
                assert!(at(10) > at(100) && at(100) > 0.9 * chi / 200.0);
            }
        }
    }

    #[test]
    fn both_forms_of_the_sigmoid_agree() {
        for mu in [1e-3, 0.2, 1.0, 7.0, 60.0] {
            for s in [0.7, 1.0, 1.5] {
                let (a, b) = (narrow(mu, s), wide(mu, s));
                assert!((a - b).abs() < 1e-14, "{mu} {s} {a} {b}");
            }
        }
    }
}
