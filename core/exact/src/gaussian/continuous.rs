//! The deficit of InfoNCE for one continuous component of h.
//!
//! h and the mean μ of h given E are jointly normal, and the density ratio r(h, e) depends on e by μ alone:
//! with x = h and y = μ in units of their deviations, and their correlation ρ, 1 − ρ² = e^−2I,
//!
//! ```text
//! ln r = I + ½ y² − ½ z²,   x = (y + √(1 − ρ²) z) / ρ
//! ```
//!
//! # Quadrature
//! D(y) is [`infonce::log_mean`] of the laws of x, with and without y given, on equidistant points; what lies
//! outside of them has r = 0 to 10⁻³⁶. Its mean over y is a sum over equidistant points as well. Finer and
//! longer sums change nothing above 1e-10 nats.

use std::f64::consts::TAU;
use std::num::NonZeroU32;

use blockspin_core::num::math::{exp_m1_64, exp64, sqrt64};

use crate::infonce;

/// Steps of y in its deviations, and of x in its own or in that of r, whichever is smaller.
const STEPS: [f64; 2] = [0.25, 1.0 / 12.0];

/// Ends of y, of x, and of r, in their deviations.
const ENDS: [f64; 3] = [9.0, 14.0, 13.0];

/// The least 1 − ρ², of an information of 345 nats.
const LEAST: f64 = 1e-300;

/// The deficit at batch K, from the information in nats.
pub(super) fn deficit(information: f64, batch: NonZeroU32) -> f64 {
    quadrature(information, batch, STEPS, ENDS)
}

fn quadrature(information: f64, batch: NonZeroU32, steps: [f64; 2], ends: [f64; 3]) -> f64 {
    let rho = sqrt64(-exp_m1_64(-2.0 * information));
    if rho.is_nan() || rho <= 0.0 {
        return 0.0;
    }
    let unexplained = exp64(-2.0 * information);
    let left = sqrt64(if unexplained > LEAST {
        unexplained
    } else {
        LEAST
    });
    let pair = Pair {
        information,
        rho,
        left,
    };
    let count = (ends[0] / steps[0]) as u32;
    let term = |i: u32| {
        let y = f64::from(i) * steps[0];
        normal(y) * pair.log_mean(batch, y, steps[1], [ends[1], ends[2]])
    };
    steps[0] * (term(0) + 2.0 * (1..=count).map(term).sum::<f64>())
}

/// A pair of normal variables.
struct Pair {
    information: f64,
    /// ρ and √(1 − ρ²).
    rho: f64,
    left: f64,
}

impl Pair {
    /// D(y).
    fn log_mean(&self, batch: NonZeroU32, y: f64, step: f64, [end, end_r]: [f64; 2]) -> f64 {
        let (rho, left) = (self.rho, self.left);
        // Deviation of r over x, and its centre.
        let (width, centre) = (left / rho, y / rho);
        // From the centre of r, in its deviations, unless that is far beyond x.
        let low = ((-end - centre) / width).max(-end_r);
        let high = ((end - centre) / width).min(end_r);
        let step = if width > 1.0 { step / width } else { step };
        let count = ((high - low) / step) as u32;
        let (mut own, mut law, mut scores) = (vec![], vec![], vec![]);
        for i in 0..=count {
            let z = low + f64::from(i) * step;
            let x = centre + width * z;
            own.push(normal((z + y * left) / rho) / rho * step);
            law.push(normal(x) * width * step);
            scores.push(exp64(self.information + 0.5 * (y - z) * (y + z)));
        }
        // Where r vanishes.
        own.push(0.0);
        law.push(1.0 - law.iter().sum::<f64>());
        scores.push(0.0);
        infonce::log_mean(batch, &own, &law, &scores)
    }
}

fn normal(z: f64) -> f64 {
    exp64(-0.5 * z * z) / sqrt64(TAU)
}

#[cfg(test)]
mod tests {
    use super::*;
    use blockspin_core::num::rng::{Purpose, Stream};

    fn at(information: f64, batch: u32) -> f64 {
        deficit(information, NonZeroU32::new(batch).unwrap())
    }

    #[test]
    fn finer_and_longer_sums_change_nothing() {
        let mut worst = 0.0f64;
        for information in [1e-9, 1e-3, 0.05, 0.3, 1.0, 2.0, 5.0, 20.0] {
            for batch in [2, 100, 16384] {
                let batch = NonZeroU32::new(batch).unwrap();
                let [y, x] = STEPS;
                let ends = ENDS.map(|end| 1.1 * end);
                let fine = quadrature(information, batch, [0.61 * y, 0.57 * x], ends);
                let off = (fine - deficit(information, batch)).abs();
                assert!(off < 1e-10, "{information} {batch}: {fine}, off by {off}");
                worst = worst.max(off);
            }
        }
        println!("off by {worst:.1e} at most");
    }

    #[test]
    fn limits_of_the_batch() {
        for information in [1e-6, 0.1, 1.0, 3.0, 30.0] {
            // A batch of one shows nothing.
            let lost = at(information, 1);
            assert!(
                (lost / information - 1.0).abs() < 1e-9,
                "{information} {lost}"
            );
            let mut last = lost;
            for batch in [2, 10, 100, 10_000] {
                let lost = at(information, batch);
                let least = information - f64::from(batch).ln();
                assert!(lost < last && lost > least, "{information} {batch} {lost}");
                last = lost;
            }
        }
        // χ²/2K with χ² = ρ²/(1 − ρ²), where its variance is finite.
        for information in [0.01, 0.1] {
            let chi = (2.0f64 * information).exp_m1();
            let ratio = at(information, 1_000_000) / (chi / 2e6);
            assert!((ratio - 1.0).abs() < 1e-4, "{information} {ratio}");
        }
        assert_eq!(at(0.0, 100), 0.0);
        // So much that only ln K can be shown.
        assert!((200.0 - at(200.0, 100) - 100f64.ln()).abs() < 1e-9);
    }

    /// Whole batches drawn, with the optimal critic.
    #[test]
    fn batches_that_are_drawn_show_as_much() {
        let mut stream = Stream::new(3, 0, Purpose::Sample);
        for (information, batch, n) in [(0.2, 3, 60_000), (1.0, 10, 30_000), (2.0, 100, 8000)] {
            let left = (-2.0f64 * information).exp();
            let rho = (1.0 - left).sqrt();
            let ln_r = |x: f64, y: f64| {
                information - (rho * rho * (x * x + y * y) - 2.0 * rho * x * y) / (2.0 * left)
            };
            let (mut sum, mut squares) = (0.0, 0.0);
            for _ in 0..n {
                let y = f64::from(stream.normal());
                let own = rho * y + left.sqrt() * f64::from(stream.normal());
                let others = (1..batch).map(|_| ln_r(f64::from(stream.normal()), y).exp());
                let mean = (others.sum::<f64>() + ln_r(own, y).exp()) / f64::from(batch);
                let shown = ln_r(own, y) - mean.ln();
                sum += shown;
                squares += shown * shown;
            }
            let n = f64::from(n);
            let mean = sum / n;
            let error = ((squares / n - mean * mean) / n).sqrt();
            let want = information - at(information, batch);
            let about = format!("{information} {batch}: {mean} ± {error}, {want}");
            println!("{about}");
            assert!((mean - want).abs() < 4.0 * error, "{about}");
        }
    }
}
