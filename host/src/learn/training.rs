//! One training: filter and critic climb, step by step.

use std::time::Instant;

use blockspin_core::block::pool::{Cut, Pool};
use blockspin_core::coarse::encoder::Encoder;
use blockspin_core::kernel::Portable;
use blockspin_core::num::lane::Lane;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::rsmi::{Learn, Machine, Memory, Rsmi, Storage};
use blockspin_core::shape::Shape;
use blockspin_core::stats::moving::Moving;
use serde::{Deserialize, Serialize};

use crate::checkpoint::Tape;
use crate::error::{Error, Result};
use crate::feed::{Feed, Learnt};
use crate::filters::Filters;
use crate::held_out::{Estimate, HeldOut, incomplete};
use crate::series::Record;

use super::settings::Settings;
use super::sizes::Sizes;

/// Records of a training's course, about; every fifth has a validation figure.
const RECORDS: u32 = 300;
/// Batches that the moving average of the training bound spans.
const SPAN: u32 = 200;

/// Memory that a training works in. One after it may take the same again.
pub(super) struct Buffers<V: Learnt> {
    values: Vec<V>,
    order: Vec<u32>,
    parameters: Vec<Lane>,
    gradients: Vec<Lane>,
    first_moments: Vec<Lane>,
    second_moments: Vec<Lane>,
    workspace: Vec<Lane>,
    samples: Vec<V::Word>,
}

impl<V: Learnt> Buffers<V> {
    /// For a pool of configurations with so many sites each.
    pub(super) fn new(shape: Shape, sizes: &Sizes, sites: usize) -> Self {
        let lanes = || vec![Lane::ZERO; shape.parameter_lanes()];
        Buffers {
            values: vec![V::default(); sizes.pool * V::configuration(sites)],
            order: vec![0; sizes.pool],
            parameters: lanes(),
            gradients: lanes(),
            first_moments: lanes(),
            second_moments: lanes(),
            workspace: vec![Lane::ZERO; shape.workspace_lanes()],
            samples: vec![V::Word::default(); V::samples(shape)],
        }
    }
}

/// How far a training is: all that changes from step to step, but for what lies in its buffers and
/// its supply. A checkpoint has every field; one that is added needs `#[serde(default)]`, if earlier
/// checkpoints are still to be read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Course {
    /// Steps.
    pub(super) done: u32,
    /// Configurations that were supplied.
    pub(super) configurations: usize,
    /// Draws that no new configuration has made up for yet.
    owed: usize,
    draws: Stream,
    noise: Stream,
    /// Of the bound.
    pub(super) moving: Moving,
    pub(super) series: Vec<Record>,
    /// Wall time of sampling, and of steps.
    pub(super) seconds_sampling: f64,
    pub(super) seconds_training: f64,
    /// Wall time of everything before this process.
    earlier: f64,
}

/// A training under way.
pub(super) struct Training<'a, C, V> {
    settings: &'a Settings,
    sizes: &'a Sizes,
    rsmi: Rsmi<'a>,
    pool: Pool<'a, C, V>,
    feed: Box<dyn Feed<V> + 'a>,
    course: Course,
    begun: Instant,
}

impl<'a, C: Cut, V: Learnt> Training<'a, C, V> {
    /// One that has not begun: its first weights drawn under `seed`, its pool empty. `centres` are
    /// taken off V.
    ///
    /// # Errors
    /// None in practice; buffers are checked.
    pub(super) fn new(
        settings: &'a Settings,
        sizes: &'a Sizes,
        buffers: &'a mut Buffers<V>,
        (cut, centres): (C, &'a [f32]),
        feed: Box<dyn Feed<V> + 'a>,
        seed: u64,
    ) -> Result<Self> {
        let storage = Storage {
            parameters: &mut buffers.parameters,
            gradients: &mut buffers.gradients,
            first_moments: &mut buffers.first_moments,
            second_moments: &mut buffers.second_moments,
            workspace: &mut buffers.workspace,
            samples: V::wrap(&mut buffers.samples),
        };
        let mut first_weights = Stream::new(seed, 0, Purpose::Parameters);
        let mut rsmi = Rsmi::new(settings.shape, storage, &mut first_weights)
            .map_err(|error| Error::failure(error.to_string()))?
            .with_bound(settings.bound)
            .with_filter_scaled(settings.filter_start)
            .with_centres(centres);
        if let Some((filters, encoder)) = &settings.given {
            let block_indices = settings.place.block_indices();
            for (a, weights) in filters.components().enumerate() {
                for (i, at) in block_indices.iter().enumerate() {
                    rsmi.set_filter(i, a, weights[*at as usize]);
                }
            }
            if *encoder == Encoder::Continuous {
                // The same h in other units, in which the critic learns.
                rsmi.normalise_filter::<Portable>();
            }
        }
        Ok(Training {
            settings,
            sizes,
            rsmi,
            pool: Pool::new(cut, &mut buffers.values, &mut buffers.order),
            feed,
            course: Course {
                done: 0,
                configurations: 0,
                owed: 0,
                draws: Stream::new(seed, 0, Purpose::Windows),
                noise: Stream::new(seed, 0, Purpose::Encoder),
                moving: Moving::new(SPAN),
                series: vec![],
                seconds_sampling: 0.0,
                seconds_training: 0.0,
                earlier: 0.0,
            },
            begun: Instant::now(),
        })
    }

    /// How far it is.
    pub(super) fn course(&self) -> &Course {
        &self.course
    }

    /// Whether all steps are done.
    pub(super) fn is_over(&self) -> bool {
        self.course.done >= self.settings.schedule.steps
    }

    /// Adds configurations to the pool.
    fn add(&mut self, n: usize) -> Result<()> {
        let start = Instant::now();
        for _ in 0..n {
            self.feed.next(self.pool.next_slot())?;
            self.course.configurations += 1;
        }
        self.course.seconds_sampling += start.elapsed().as_secs_f64();
        Ok(())
    }

    /// One step; before the first the pool is filled, after each it is kept fresh.
    ///
    /// # Errors
    /// Those of the supply; a failure, if hardly a window is complete.
    pub(super) fn step(&mut self) -> Result<()> {
        if self.course.configurations == 0 {
            self.add(self.sizes.first)?;
        }
        let start = Instant::now();
        let Settings {
            shape,
            schedule,
            isa,
            coarse,
            ..
        } = self.settings;
        let (learn, reported) = self.settings.learned();
        let t = self.course.done;
        let encoder = match learn {
            Learn::All => coarse.relaxed(schedule.epsilon(t)),
            Learn::Critic => reported,
        };
        let (v, e) = V::rows(&mut self.rsmi);
        if !self.pool.draw(shape.batch(), &mut self.course.draws, v, e) {
            return Err(incomplete());
        }
        let (rate, noise) = (schedule.rate(t), &mut self.course.noise);
        let bound = isa.step(&mut self.rsmi, encoder, learn, rate, noise);
        self.course.moving.push(f64::from(bound));
        self.course.done += 1;
        self.course.seconds_training += start.elapsed().as_secs_f64();
        if let Some(uses) = self.sizes.uses {
            self.course.owed += shape.batch();
            if self.course.owed >= uses {
                self.add(self.course.owed / uses)?;
                self.course.owed %= uses;
            }
        }
        Ok(())
    }

    /// Records the course, where a record is due, and gives its figure on the watched windows, where it
    /// has one.
    pub(super) fn record(&mut self, watched: &HeldOut<V>) -> Option<Estimate> {
        let (learn, reported) = self.settings.learned();
        let schedule = &self.settings.schedule;
        let every = (schedule.steps / RECORDS).max(1);
        let (done, is_over) = (self.course.done, self.is_over());
        if !done.is_multiple_of(every) && !is_over {
            return None;
        }
        let check = done.is_multiple_of(5 * every) || is_over;
        let held_out = check.then(|| {
            // The same noise each time: the curve shows what the parameters do.
            let mut noise = Stream::new(self.settings.seed, 2, Purpose::Encoder);
            watched.estimate(&mut self.rsmi, self.settings.isa, reported, &mut noise)
        });
        let is_relaxed = learn == Learn::All && self.settings.coarse.is_relaxed();
        self.course.series.push(Record {
            step: u64::from(done),
            training: Some(self.course.moving.mean()),
            held_out: held_out.map(|estimate| estimate.mean),
            held_out_stderr: held_out.map(|estimate| estimate.stderr),
            epsilon: is_relaxed.then(|| f64::from(schedule.epsilon(done - 1))),
        });
        held_out
    }

    /// Bytes of a checkpoint, at most, about.
    pub(super) fn bytes(&self, sites: usize) -> u64 {
        let configuration = size_of::<V>() * V::configuration(sites) + size_of::<u32>();
        let learned = 3 * size_of_val(self.rsmi.parameters());
        // With the names of their fields.
        let recorded = 4 * RECORDS as usize * size_of::<Record>();
        let held = self.pool.capacity() * configuration;
        (learned + recorded + held) as u64 + self.feed.bytes()
    }

    /// Takes the training to a checkpoint, or from one.
    ///
    /// # Errors
    /// Those of the tape.
    pub(super) fn pass(&mut self, tape: &mut Tape) -> Result<()> {
        let seconds = self.seconds();
        let before = std::mem::replace(&mut self.course.earlier, seconds);
        let passed = tape.value(&mut self.course);
        if !tape.is_read() {
            self.course.earlier = before;
        }
        passed?;
        tape.require(self.course.done <= self.settings.schedule.steps)?;
        tape.require(self.course.owed < self.sizes.uses.unwrap_or(1))?;

        tape.lanes(self.rsmi.parameters_mut())?;
        let Memory {
            first_moments,
            second_moments,
            adam,
            average,
        } = self.rsmi.memory_mut();
        tape.lanes(first_moments)?;
        tape.lanes(second_moments)?;
        tape.value(adam)?;
        tape.value(average)?;

        let (next, order) = self.pool.order();
        let mut order = order.to_vec();
        let mut state = (next, order.len(), self.pool.left_out());
        tape.value(&mut state)?;
        let (next, filled, left_out) = state;
        tape.require(filled <= self.pool.capacity())?;
        order.resize(filled, 0);
        tape.pass(&mut order)?;
        match self.pool.resume(next, &order, left_out) {
            Some(values) => tape.pass(values)?,
            None => tape.require(false)?,
        }
        self.feed.pass(tape)
    }

    /// Wall time of everything.
    fn seconds(&self) -> f64 {
        self.course.earlier + self.begun.elapsed().as_secs_f64()
    }

    /// Ends it: nothing more is sampled.
    pub(super) fn end(self) -> Trained<'a> {
        Trained {
            left_out: self.pool.left_out(),
            settings: self.settings,
            rsmi: self.rsmi,
            course: self.course,
            begun: self.begun,
        }
    }
}

/// A training that has ended.
pub(super) struct Trained<'a> {
    settings: &'a Settings,
    rsmi: Rsmi<'a>,
    pub(super) course: Course,
    /// Windows that were drawn and left out, because a value was missing.
    pub(super) left_out: u64,
    begun: Instant,
}

impl Trained<'_> {
    /// Filter and critic.
    pub(super) fn parameters(&self) -> &[Lane] {
        self.rsmi.parameters()
    }

    /// The bound on windows that nothing was learned from.
    pub(super) fn estimate<V: Learnt>(
        &mut self,
        held: &HeldOut<V>,
        encoder: Encoder,
        noise: &mut Stream,
    ) -> Estimate {
        held.estimate(&mut self.rsmi, self.settings.isa, encoder, noise)
    }

    /// Wall time of everything up to now.
    pub(super) fn seconds(&self) -> f64 {
        self.course.earlier + self.begun.elapsed().as_secs_f64()
    }

    /// The filters that were learned, or given.
    ///
    /// # Errors
    /// None in practice; they are checked as any others.
    pub(super) fn filters(&self) -> Result<Filters> {
        let Settings {
            place,
            shape,
            coarse,
            given,
            ..
        } = self.settings;
        if let Some((filters, _)) = given {
            return Ok(filters.clone());
        }
        let mut weights = self.settings.zeros();
        let sites = weights.len() / shape.components();
        let block_indices = place.block_indices();
        for (a, weights) in weights.chunks_exact_mut(sites).enumerate() {
            for (i, at) in block_indices.iter().enumerate() {
                weights[*at as usize] = self.rsmi.filter(i, a);
            }
        }
        let filters = Filters::new(place.block(), weights)?;
        Ok(filters.of_states(coarse.filters()))
    }

    /// FNV-1a 64 over the bits of all parameters, then of the series.
    pub(super) fn fingerprint(&self) -> u64 {
        use std::hash::Hasher;
        let mut hash = fnv::FnvHasher::default();
        for lane in self.parameters() {
            lane.0
                .iter()
                .for_each(|x| hash.write(&x.to_bits().to_le_bytes()));
        }
        for record in &self.course.series {
            hash.write(&record.step.to_le_bytes());
            for value in [record.training, record.held_out, record.epsilon]
                .into_iter()
                .flatten()
            {
                hash.write(&value.to_bits().to_le_bytes());
            }
        }
        hash.finish()
    }
}
