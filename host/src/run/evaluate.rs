//! Windows of configurations that nothing is learned from, and the estimate that they give.

use blockspin_core::encoder::AnyEncoder as Encoder;
use blockspin_core::kernel::Portable;
use blockspin_core::num::rng::Stream;
use blockspin_core::rsmi::{Machine, Rsmi};
use blockspin_core::stats::Blocking;
use std::fmt;

use blockspin_core::window::shuffle_buffer::Cut;
use serde::{Deserialize, Serialize};

use crate::data::supply::{SampleValue, Supply};
use crate::digits;
use crate::error::{Error, Result};
use crate::observer::Progress;
use crate::run::simd::Isa;

/// Batches from which an error bar over batches is worth looking at.
const ENOUGH_GROUPS: usize = 16;
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
        progress: &dyn Progress,
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
            if complete % windows == 0 {
                progress.advance(1);
            }
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

    /// The bound, over all batches.
    pub fn estimate(
        &self,
        rsmi: &mut Rsmi,
        isa: Isa,
        encoder: Encoder,
        noise: &mut Stream,
    ) -> Estimate {
        let mut terms = vec![0.0; self.batch];
        // One figure for each configuration, in the order of sampling.
        let mut figures = vec![0.0; self.groups * self.batch];
        for group in 0..self.groups {
            for window in 0..self.windows {
                self.load(rsmi, group, window);
                isa.evaluate(rsmi, encoder, noise, &mut terms);
                for (row, term) in terms.iter().enumerate() {
                    figures[row * self.groups + group] += f64::from(*term) / self.windows as f64;
                }
            }
        }
        // Neighbours in time may be alike, and so may the rows of a batch, which share their
        // negatives: the larger of both errors, where there are batches enough to tell.
        let (mut by_time, mut by_batch) = (Blocking::new(), Blocking::new());
        figures.iter().for_each(|figure| by_time.push(*figure));
        for group in 0..self.groups {
            let rows = figures.iter().skip(group).step_by(self.groups);
            by_batch.push(rows.sum::<f64>() / self.batch as f64);
        }
        let mut stderr = by_time.standard_error().unwrap_or(f64::NAN);
        if let Some(error) = by_batch.standard_error()
            && self.groups >= ENOUGH_GROUPS
            && error > stderr
        {
            stderr = error;
        }
        Estimate {
            mean: by_time.mean(),
            stderr,
        }
    }
}

/// The refusal of data with hardly a complete window.
#[must_use]
pub fn incomplete() -> Error {
    Error::failure(
        "hardly a window of the data is without missing values (NaN); take a smaller `block`, \
         `buffer` or `environment`, or `origin` at a place where all values are known",
    )
}
