//! Blocking: the error of the mean of a correlated series, in one pass and fixed storage
//! (Flyvbjerg and Petersen, J. Chem. Phys. 91, 461, 1989).

use crate::num::math::sqrt64;

/// Block lengths: 1, 2, 4 … 2³¹ samples.
const LEVELS: usize = 32;

/// Fewest blocks from which an error is computed; its own relative error is then 1/√62 = 13 %.
pub const MIN_BLOCKS: u64 = 32;

/// Running mean and variance of the blocks of one length (Welford 1962).
#[derive(Clone, Copy, Debug, PartialEq)]
struct Level {
    blocks: u64,
    mean: f64,
    /// Σ (block − mean)².
    squares: f64,
    /// The last block, until the second half of the next longer one arrives.
    waiting: f64,
}

impl Level {
    const EMPTY: Level = Level {
        blocks: 0,
        mean: 0.0,
        squares: 0.0,
        waiting: 0.0,
    };

    fn push(&mut self, block: f64) {
        self.blocks += 1;
        let from_old = block - self.mean;
        self.mean += from_old / self.blocks as f64;
        self.squares += from_old * (block - self.mean);
    }

    /// Variance of the mean, if the blocks were independent.
    fn variance_of_mean(&self) -> f64 {
        self.squares / (self.blocks as f64 * (self.blocks - 1) as f64)
    }
}

/// Accumulates a series, sample by sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Blocking {
    levels: [Level; LEVELS],
}

impl Default for Blocking {
    fn default() -> Self {
        Self::new()
    }
}

impl Blocking {
    /// An empty series.
    #[must_use]
    pub const fn new() -> Self {
        Blocking {
            levels: [Level::EMPTY; LEVELS],
        }
    }

    /// Adds a sample.
    pub fn push(&mut self, sample: f64) {
        let mut block = sample;
        for level in &mut self.levels {
            level.push(block);
            if level.blocks % 2 != 0 {
                level.waiting = block;
                return;
            }
            block = 0.5 * (level.waiting + block);
        }
    }

    /// Number of samples.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.levels[0].blocks
    }

    /// Mean of the samples, 0 if there are none.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.levels[0].mean
    }

    /// Variance of a sample, with n − 1; `None` for fewer than two samples.
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        let level = &self.levels[0];
        (level.blocks > 1).then(|| level.squares / (level.blocks - 1) as f64)
    }

    /// Variance of the mean, and whether blocks were long enough to trust it.
    ///
    /// The shortest block length b that satisfies b³ > 2 n s², where s is the statistical inefficiency
    /// estimated at that length (Lee et al., Phys. Rev. E 83, 066706, 2011): there the bias from short
    /// blocks is as small as the scatter from having few. Only lengths with at least [`MIN_BLOCKS`]
    /// blocks count. If none satisfies it, the largest error among them is used.
    fn choose(&self) -> Option<(f64, bool)> {
        self.variance()?;
        let naive = self.levels[0].variance_of_mean();
        let mut largest = naive;
        let mut length = 1.0;
        for level in self
            .levels
            .iter()
            .take_while(|level| level.blocks >= MIN_BLOCKS)
        {
            let variance = level.variance_of_mean();
            largest = if variance > largest {
                variance
            } else {
                largest
            };
            // length³ > 2 n (variance / naive)², in a form that holds for a constant series too.
            let enough = length * length * length * naive * naive;
            if enough >= 2.0 * self.count() as f64 * variance * variance && length > 1.0 {
                return Some((variance, true));
            }
            length *= 2.0;
        }
        Some((largest, false))
    }

    /// Standard error of the mean, allowing for autocorrelation; `None` for fewer than two samples.
    ///
    /// The block length grows with the correlations found, but leaves at least [`MIN_BLOCKS`] blocks;
    /// see [`is_settled`](Self::is_settled).
    #[must_use]
    pub fn standard_error(&self) -> Option<f64> {
        self.choose().map(|(variance, _)| sqrt64(variance))
    }

    /// Whether the series is long enough for its correlations. If not, the standard error is the largest
    /// found at any block length, and may still be too small.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.choose().is_some_and(|(_, settled)| settled)
    }

    /// Integrated autocorrelation time in samples, from the same blocks: half the ratio of the variance
    /// of the mean to its value without correlations. At least ½, also for a constant series; `None` for
    /// fewer than two samples.
    #[must_use]
    pub fn autocorrelation_time(&self) -> Option<f64> {
        let (variance, _) = self.choose()?;
        let tau = 0.5 * variance / self.levels[0].variance_of_mean();
        Some(if tau > 0.5 { tau } else { 0.5 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::rng::{Purpose, Stream};

    /// Several AR(1) processes x' = a x + noise, for which τ = ½ (1 + a)/(1 − a): the errors must cover
    /// the deviations from the true mean 0.
    #[test]
    fn errors_cover_what_happens() {
        for (a, n) in [(0.0, 3000), (0.5, 10_000), (0.9, 30_000), (-0.5, 3000)] {
            let tau = 0.5 * (1.0 + a) / (1.0 - a);
            let runs = 300;
            let (mut pulls, mut taus) = (0.0, 0.0);
            for run in 0..runs {
                let mut stream = Stream::new(21, run, Purpose::Sample);
                let mut blocking = Blocking::new();
                let mut x = 0.0;
                for i in 0..n + 200 {
                    x = a * x + f64::from(stream.logistic());
                    if i >= 200 {
                        blocking.push(x);
                    }
                }
                assert!(blocking.is_settled());
                let pull = blocking.mean() / blocking.standard_error().unwrap();
                pulls += pull * pull;
                taus += blocking.autocorrelation_time().unwrap();
            }
            // The mean of 300 squares of a normal variable is 1 ± 0.08; added to it are the scatter of
            // the error itself and the few per cent that finite blocks miss.
            let pulls = pulls / runs as f64;
            assert!((0.7..1.35).contains(&pulls), "a = {a}: {pulls}");
            let (taus, expected) = (taus / runs as f64, if tau > 0.5 { tau } else { 0.5 });
            assert!(
                (taus / expected - 1.0).abs() < 0.07,
                "a = {a}: τ {taus}, exact {tau}"
            );
        }
    }

    #[test]
    fn small_and_constant_series() {
        let mut blocking = Blocking::new();
        assert_eq!(
            (blocking.count(), blocking.mean(), blocking.standard_error()),
            (0, 0.0, None)
        );
        blocking.push(0.1);
        assert_eq!(
            (blocking.variance(), blocking.standard_error()),
            (None, None)
        );
        for _ in 0..999 {
            blocking.push(0.1);
        }
        assert_eq!(
            (blocking.mean(), blocking.standard_error()),
            (0.1, Some(0.0))
        );
        assert_eq!(blocking.autocorrelation_time(), Some(0.5));
        assert!(blocking.is_settled());

        let mut three = Blocking::new();
        for x in [1.0, 2.0, 6.0] {
            three.push(x);
        }
        assert_eq!((three.mean(), three.variance()), (3.0, Some(7.0)));
        assert!((three.standard_error().unwrap() - (7.0f64 / 3.0).sqrt()).abs() < 1e-15);
        assert!(!three.is_settled());
    }

    /// A series that still drifts must not count as settled.
    #[test]
    fn a_drift_is_not_settled() {
        let mut blocking = Blocking::new();
        for i in 0..5000 {
            blocking.push(f64::from(i));
        }
        assert!(!blocking.is_settled());
        assert!(blocking.standard_error().unwrap() > 200.0);
    }
}
