//! Integrated autocorrelation times, τ = ½ + Σ ρ(t): the mean over n samples has the variance of a mean
//! over n / 2τ independent ones.

use crate::num::math::sqrt64;

/// The sum is cut at the first t ≥ c τ(t) (Sokal, Cargèse lectures, 1989): later terms are mostly noise,
/// and of an exponential only the fraction e⁻⁶ is lost.
const WINDOW: f64 = 6.0;

/// Longest window, which bounds the time for a series whose correlations do not decay.
const MAX_WINDOW: usize = 1 << 14;

/// An integrated autocorrelation time, in samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Time {
    /// ½ for independent samples, and never less: for an alternating series ½ is a safe upper bound.
    pub tau: f64,
    /// Standard error of `tau`; infinite when the series is too short to determine it, and `tau` is then
    /// only a lower bound.
    pub error: f64,
}

/// Integrated autocorrelation time of a series, with Sokal's automatic window and the error of Madras
/// and Sokal (J. Stat. Phys. 50, 109, 1988). It is ½ for a constant series.
///
/// The window is at most a tenth of the series: reliable for n above about 100 τ.
#[must_use]
pub fn integrated(series: &[f64]) -> Time {
    let n = series.len();
    let Some(first) = series.first() else {
        return Time {
            tau: 0.5,
            error: f64::INFINITY,
        };
    };
    // Deviations from the first sample: a constant series gives exact zeros.
    let mean = first + series.iter().map(|x| x - first).sum::<f64>() / n as f64;
    let covariance = |t: usize| {
        let products = series
            .iter()
            .zip(&series[t..])
            .map(|(x, y)| (x - mean) * (y - mean));
        products.sum::<f64>() / (n - t) as f64
    };
    let variance = covariance(0);
    if variance == 0.0 {
        return Time {
            tau: 0.5,
            error: 0.0,
        };
    }
    let mut tau = 0.5;
    let mut window = 0;
    let mut closed = false;
    while !closed && window < MAX_WINDOW.min(n / 10) {
        window += 1;
        tau += covariance(window) / variance;
        closed = window as f64 >= WINDOW * tau;
    }
    let width = (2 * window + 1) as f64 / n as f64;
    // Deviations from the series' own mean sum to 0, which biases the sum by this fraction (U. Wolff,
    // Comput. Phys. Commun. 156, 143, 2004, eq. 49).
    tau *= 1.0 + width;
    let tau = if tau > 0.5 { tau } else { 0.5 };
    let error = if closed {
        tau * sqrt64(2.0 * width)
    } else {
        f64::INFINITY
    };
    Time { tau, error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::rng::{Purpose, Stream};

    /// AR(1), x' = a x + noise: τ = ½ (1 + a)/(1 − a).
    #[test]
    fn autoregressive_series() {
        for (seed, a) in [(1, 0.0), (2, 0.5), (3, 0.9), (4, 0.97)] {
            let mut stream = Stream::new(seed, 0, Purpose::Sample);
            let mut series = [0.0; 40_000];
            let mut x = 0.0;
            for i in 0..series.len() + 500 {
                x = a * x + f64::from(stream.logistic());
                if i >= 500 {
                    series[i - 500] = x;
                }
            }
            let exact = 0.5 * (1.0 + a) / (1.0 - a);
            let time = integrated(&series);
            assert!(
                (time.tau - exact).abs() < 3.0 * time.error,
                "{a}: {time:?}, exact {exact}"
            );
            assert!(time.error < 0.2 * exact, "{a}: {time:?}");
        }
    }

    #[test]
    fn series_that_tell_little() {
        assert_eq!(
            integrated(&[0.1; 1000]),
            Time {
                tau: 0.5,
                error: 0.0
            }
        );
        assert_eq!(
            integrated(&[]),
            Time {
                tau: 0.5,
                error: f64::INFINITY
            }
        );
        assert_eq!(integrated(&[1.0, 2.0]).error, f64::INFINITY);
        let mut series = [0.0; 1000];
        for (i, x) in series.iter_mut().enumerate() {
            *x = if i % 2 == 0 { 1.0 } else { -1.0 };
        }
        assert_eq!(integrated(&series).tau, 0.5);
        for (i, x) in series.iter_mut().enumerate() {
            *x = i as f64;
        }
        assert_eq!(integrated(&series).error, f64::INFINITY);
    }
}
