//! Windows of configurations that nothing is learned from, and the estimate that they give.

use blockspin_core::encoder::AnyEncoder as Encoder;
use blockspin_core::kernel::Portable;
use blockspin_core::num::rng::Stream;
use blockspin_core::rsmi::{Machine, Rsmi};
use blockspin_core::stats::Blocking;
use std::fmt;

use blockspin_core::window::shuffle_buffer::Cut;
use serde::{Deserialize, Serialize};

use crate::data::correlation::Correlation;
use crate::data::supply::{SampleValue, Supply};
use crate::digits;
use crate::error::{Error, Result};
use crate::run::simd::Isa;

/// Batches from which an error bar over batches is worth looking at.
const ENOUGH_GROUPS: usize = 16;
/// Stretches of three, and of two, times the reach of the correlation that are enough for an error.
const ENOUGH_STRETCHES: usize = 16;
const FEW_STRETCHES: usize = 8;
/// Windows up to which rare events may be missing among them, to an error that shows.
const RARE_WINDOWS: usize = 8192;
/// Windows with the e of another one that are reckoned beside those seen. Half of them have the same h, so
/// that about two with another h are added: then the interval covers a rate of any size when none, or one,
/// occurred.
const RARE: f64 = 3.0;
/// Independent values above which Student's t is the normal law.
const MANY_VALUES: f64 = 400.0;
/// Windows in a row with missing values after which none is looked for, and after which none is
/// looked for in the same configuration.
const TRIES: usize = 10_000;
const TRIES_OF_ONE: usize = 100;

/// A mean with its standard error, in nats.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Its standard error, autocorrelation allowed for.
    pub stderr: f64,
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [mean, stderr] = digits::with_error(self.mean, self.stderr);
        write!(f, "{mean} ± {stderr}")
    }
}

/// Windows of G·K configurations, packed in batches.
///
/// Configuration t goes to batch t mod G, so that the K rows of a batch are G samples apart, and the
/// batches follow one another in the order of sampling, as their error bar needs it.
pub struct HeldOut<V: SampleValue> {
    batch: usize,
    /// Batches of different configurations.
    pub groups: usize,
    windows: usize,
    /// Rows of V and E, configuration by configuration.
    v: Vec<V::Word>,
    e: Vec<V::Word>,
}

/// Groups, and windows of each configuration.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// Batches of different configurations.
    pub groups: usize,
    /// Windows of a configuration.
    pub windows: usize,
}

impl<V: SampleValue> HeldOut<V> {
    /// Takes them from a supply. There are fewer groups where it ends early, because windows without
    /// missing values were not to be found in some configurations.
    ///
    /// # Errors
    /// Those of the supply; a failure, if hardly a window is without missing values.
    pub fn gather<C: Cut>(
        supply: &mut dyn Supply<V>,
        cut: &C,
        batch: usize,
        Extent { groups, windows }: Extent,
        stream: &mut Stream,
    ) -> Result<Self> {
        let (block, environment) = cut.parts();
        let (v_length, e_length) = (V::row(block), V::row(environment));
        let rows = groups * windows * batch;
        let mut held = HeldOut {
            batch,
            groups,
            windows,
            v: vec![V::Word::default(); rows * v_length],
            e: vec![V::Word::default(); rows * e_length],
        };
        supply.expect(groups * batch);
        let mut values = vec![V::default(); V::configuration(cut.sites())];
        let (mut complete, mut tries) = (0, 0);
        'all: while complete < groups * windows * batch {
            if complete % windows == 0 {
                if !supply.next(&mut values)? {
                    break;
                }
                tries = 0;
            }
            loop {
                let v = &mut held.v[complete * v_length..][..v_length];
                let e = &mut held.e[complete * e_length..][..e_length];
                cut.cut(&values, stream, v, e);
                if !V::is_incomplete(v) && !V::is_incomplete(e) {
                    break;
                }
                tries += 1;
                if tries == TRIES {
                    return Err(incomplete());
                }
                // Another configuration may have one.
                if tries % TRIES_OF_ONE == 0 && !supply.next(&mut values)? {
                    break 'all;
                }
            }
            complete += 1;
        }
        held.groups = complete / (windows * batch);
        if held.groups == 0 && groups > 0 {
            return Err(incomplete());
        }
        Ok(held)
    }

    /// Puts a batch where a run reads it.
    fn load(&self, rsmi: &mut Rsmi, group: usize, window: usize) {
        let (v, e) = V::rows(rsmi);
        for (all, rows) in [(&self.v, v), (&self.e, e)] {
            let length = rows.len() / self.batch;
            for (row, to) in rows.chunks_exact_mut(length).enumerate() {
                let at = (row * self.groups + group) * self.windows + window;
                to.copy_from_slice(&all[at * length..][..length]);
            }
        }
    }

    /// The mean response ⟨∂x_a/∂v_i⟩ of a component to all sites, over all batches.
    pub fn response(&self, rsmi: &mut Rsmi, component: usize) -> Vec<f32> {
        let mut sums = vec![0.0; rsmi.shape().block()];
        let mut of_batch = vec![0.0; sums.len()];
        for group in 0..self.groups {
            for window in 0..self.windows {
                self.load(rsmi, group, window);
                rsmi.response::<Portable>(component, &mut of_batch);
                for (sum, weight) in sums.iter_mut().zip(&of_batch) {
                    *sum += f64::from(*weight);
                }
            }
        }
        let batches = (self.groups * self.windows).max(1) as f64;
        sums.into_iter().map(|sum| (sum / batches) as f32).collect()
    }

    /// The bound of each configuration, over all batches. Where h is discrete and there are few windows,
    /// pairs that do not belong together are looked at too.
    pub fn figures(
        &self,
        rsmi: &mut Rsmi,
        isa: Isa,
        encoder: Encoder,
        noise: &mut Stream,
    ) -> Figures {
        let mut terms = vec![0.0; self.batch];
        // In the order of sampling.
        let mut values = vec![0.0; self.groups * self.batch];
        let (mut squares, mut mismatched) = (0.0, 0.0);
        let discrete = !matches!(encoder, Encoder::Continuous { .. });
        let few = discrete && values.len() * self.windows < RARE_WINDOWS;
        for group in 0..self.groups {
            for window in 0..self.windows {
                self.load(rsmi, group, window);
                let mut again = noise.clone();
                isa.evaluate(rsmi, encoder, noise, &mut terms);
                for (row, term) in terms.iter().enumerate() {
                    values[row * self.groups + group] += f64::from(*term) / self.windows as f64;
                }
                if few {
                    let mean = terms.iter().map(|term| f64::from(*term)).sum::<f64>();
                    let mean = mean / self.batch as f64;
                    let (_, e) = V::rows(rsmi);
                    e.rotate_left(e.len() / self.batch);
                    isa.evaluate(rsmi, encoder, &mut again, &mut terms);
                    squares += terms
                        .iter()
                        .map(|term| (f64::from(*term) - mean).powi(2))
                        .sum::<f64>();
                    mismatched += self.batch as f64;
                }
            }
        }
        let batches = (0..self.groups).map(|group| {
            let rows = values.iter().skip(group).step_by(self.groups);
            rows.sum::<f64>() / self.batch as f64
        });
        Figures {
            batches: batches.collect(),
            values,
            windows: self.windows,
            surprise: if few { squares / mismatched } else { 0.0 },
        }
    }
}

/// The bound of each held-out configuration.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// In the order of sampling.
    values: Vec<f64>,
    /// Means of batches.
    batches: Vec<f64>,
    /// Windows of a configuration.
    windows: usize,
    /// Mean square of the change of a term when its e is that of another window.
    surprise: f64,
}

impl Figures {
    /// Of several parts of a file, in its order.
    #[must_use]
    pub fn join(parts: Vec<Figures>) -> Self {
        let all = parts
            .iter()
            .map(|part| part.values.len())
            .sum::<usize>()
            .max(1);
        let mut joined = Figures::default();
        for part in parts {
            joined.surprise += part.surprise * part.values.len() as f64 / all as f64;
            joined.windows = joined.windows.max(part.windows);
            joined.values.extend(part.values);
            joined.batches.extend(part.batches);
        }
        joined
    }

    /// By how much they exceed others of the same windows: the error of this is that of pairs.
    #[must_use]
    pub fn excess(&self, other: &Figures, correlation: Correlation) -> Estimate {
        let differences = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect();
        let excess = Figures {
            values: differences(&self.values, &other.values),
            batches: differences(&self.batches, &other.batches),
            windows: self.windows,
            surprise: 0.0,
        };
        excess.estimate(correlation)
    }

    /// Their mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        let (sum, count) = self.sum();
        sum / f64::max(count, 1.0)
    }

    /// Their sum, and their number.
    #[must_use]
    pub fn sum(&self) -> (f64, f64) {
        (self.values.iter().sum(), self.values.len() as f64)
    }

    /// Independent configurations among them, about, by their own correlation and by what is known of
    /// the file's.
    #[must_use]
    pub fn independent(&self, correlation: Correlation) -> f64 {
        let mut by_time = Blocking::new();
        self.values.iter().for_each(|figure| by_time.push(*figure));
        let tau = by_time.autocorrelation_time().unwrap_or(0.5);
        self.values.len() as f64 / (2.0 * tau.max(correlation.time))
    }

    /// Their mean with its standard error: the largest of those over stretches of time, over
    /// batches (whose rows share their negatives), and over stretches as long as configurations are
    /// known to be correlated. Where these are few, it is widened to have the interval of Student's t.
    ///
    /// Added is the error of rare events: where h is nearly certain, windows in which it is not may not
    /// have occurred. Some windows whose e is that of another are reckoned beside those seen.
    #[must_use]
    pub fn estimate(&self, correlation: Correlation) -> Estimate {
        let n = self.values.len();
        let mut by_time = Blocking::new();
        self.values.iter().for_each(|figure| by_time.push(*figure));
        let (Some(stderr), Some(variance)) = (by_time.standard_error(), by_time.variance()) else {
            return Estimate {
                mean: by_time.mean(),
                stderr: f64::NAN,
            };
        };
        let tau = by_time.autocorrelation_time().unwrap_or(0.5);
        let mut stderr = stderr * student(n as f64 / (2.0 * tau));
        let mut by_batch = Blocking::new();
        self.batches.iter().for_each(|batch| by_batch.push(*batch));
        if let Some(error) = by_batch.standard_error()
            && self.batches.len() >= ENOUGH_GROUPS
            && error > stderr
        {
            stderr = error;
        }
        if correlation.reach > 0 {
            // Longer stretches are less alike, but fewer.
            let stretches = |factor: usize| n / (factor * correlation.reach);
            let blocks = match (stretches(3), stretches(2)) {
                (many @ ENOUGH_STRETCHES.., _) => many,
                (_, some @ FEW_STRETCHES..) => some,
                _ => stretches(1).min(n / 2),
            };
            let error = match blocks {
                0 | 1 => (variance * 2.0 * correlation.time / n as f64).sqrt() * student(2.0),
                blocks => block_error(&self.values, blocks) * student(blocks as f64),
            };
            if error > stderr {
                stderr = error;
            }
        }
        let windows = self.independent(correlation) * self.windows as f64;
        let rare = RARE * self.surprise / (windows * windows);
        if rare > 0.0 {
            stderr = (stderr * stderr + rare).sqrt();
        }
        Estimate {
            mean: by_time.mean(),
            stderr,
        }
    }
}

/// The error of the mean from the means of so many stretches, two or more.
fn block_error(values: &[f64], blocks: usize) -> f64 {
    let means = (0..blocks).map(|k| {
        let part = &values[k * values.len() / blocks..(k + 1) * values.len() / blocks];
        part.iter().sum::<f64>() / part.len().max(1) as f64
    });
    let means: Vec<f64> = means.collect();
    let mean = means.iter().sum::<f64>() / blocks as f64;
    let squares = means.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
    (squares / (blocks * (blocks - 1)) as f64).sqrt()
}

/// The 97.5 % quantile of Student's t for the mean of so many values, over that of the normal law:
/// by the expansion of Cornish and Fisher (Abramowitz and Stegun, 26.7.5), to 3 % for two degrees of freedom
/// and 0.2 % for five; 1 for many.
fn student(values: f64) -> f64 {
    const NORMAL: f64 = 1.959_963_984_540_054;
    if values > MANY_VALUES {
        return 1.0;
    }
    let degrees = (values - 1.0).max(1.0);
    if degrees < 2.0 {
        return 12.706 / NORMAL;
    }
    let x = NORMAL;
    let (x3, x5, x7) = (x.powi(3), x.powi(5), x.powi(7));
    let series = x
        + (x3 + x) / (4.0 * degrees)
        + (5.0 * x5 + 16.0 * x3 + 3.0 * x) / (96.0 * degrees.powi(2))
        + (3.0 * x7 + 19.0 * x5 + 17.0 * x3 - 15.0 * x) / (384.0 * degrees.powi(3));
    series / NORMAL
}

/// The refusal of data with hardly a complete window.
#[must_use]
pub fn incomplete() -> Error {
    Error::failure(
        "hardly a window of the data is without missing values (NaN); take a smaller `block`, \
         `buffer` or `environment`, or `origin` at a place where all values are known",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tables of Student's t: 4.3027, 2.5706, 2.2281, 2.0423 for 2, 5, 10 and 30 degrees of freedom.
    #[test]
    fn quantiles_of_student() {
        for (degrees, t, tolerance) in [
            (2.0, 4.3027, 0.08),
            (5.0, 2.5706, 2e-3),
            (10.0, 2.2281, 1e-4),
            (30.0, 2.0423, 1e-4),
        ] {
            let found = 1.959_964 * student(degrees + 1.0);
            assert!((found / t - 1.0f64).abs() < tolerance, "{degrees}: {found}");
        }
        assert_eq!(student(1e6), 1.0);
    }

    /// Of values that are alike over long stretches, an error that knows how long is larger.
    #[test]
    fn errors_know_the_correlation_of_the_file() {
        let values: Vec<f64> = (0..600)
            .map(|i| if i / 100 % 2 == 0 { 1.0 } else { 0.0 })
            .collect();
        let figures = Figures {
            values,
            windows: 1,
            ..Figures::default()
        };
        let error = figures.estimate(Correlation::of_time(25.5)).stderr;
        // Six stretches, of mean ½ ± 0.5477, and 2.5706 for five degrees of freedom.
        assert!(
            (error / (0.5477 / 6f64.sqrt() * 2.5706 / 1.96) - 1.0).abs() < 2e-3,
            "{error}"
        );
    }
}
