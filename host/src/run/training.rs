//! One training: filter and critic climb, step by step.

use std::panic::resume_unwind;
use std::sync::{Mutex, mpsc};
use std::thread::Builder;
use std::time::{Duration, Instant};

use blockspin_core::bound::tuba::Average;
use blockspin_core::encoder::AnyEncoder as Encoder;
use blockspin_core::kernel::Portable;
use blockspin_core::num::lane::Lane;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::optim::schedule::Schedule;
use blockspin_core::optim::stopping::{Convergence, Patience, Verdict};
use blockspin_core::rsmi::{Learn, Machine, Memory, Rsmi, Storage};
use blockspin_core::shape::Shape;
use blockspin_core::stats::moving::Moving;
use blockspin_core::window::shuffle_buffer::{Cut, ShuffleBuffer};
use serde::{Deserialize, Serialize};

use crate::data::correlation::Correlation;
use crate::data::filters::Filters;
use crate::data::supply::{SampleValue, Supply};
use crate::error::{Error, Result};
use crate::model::workers::lock;
use crate::observer::Phase;
use crate::run::checkpoint::is_duration;
use crate::run::evaluate::{Estimate, Figures, HeldOut, incomplete};
use crate::run::history::Record;
use crate::store::codec::{StateFile, same_sequence};

use super::memory::Sizes;
use super::refine::{self, Drawn, Refinement};
use super::setup::{SCALES, Scaling, Setup};

/// Records of a training's course, about; every fifth has a validation figure.
const RECORDS: u32 = 300;
/// Records with which the weights are kept, beside the first and the last: evenly on a logarithmic scale.
const SNAPSHOTS: [u32; 10] = [1, 2, 3, 5, 9, 16, 29, 53, 94, 170];
/// Steps from one record to the next.
fn records(schedule: &Schedule) -> u32 {
    (schedule.steps / RECORDS).max(1)
}

/// Standard errors of a validation figure below which it is hardly there.
const WEAK: f64 = 3.0;
/// Standard errors of a difference by which the best parameters are to be better than the last.
const BETTER: f64 = 2.0;
/// By how much validation figures fall in a training that overfits, in nats.
const WORSE: f64 = 0.01;
/// Training and validation figures may differ by this much, and two standard errors, in nats.
const OVERFIT: f64 = 0.02;

/// Batches that are gathered before their steps, where there are threads.
pub(super) const AHEAD: usize = 2;
/// Batches that the moving average of the training bound spans.
const SPAN: u32 = 200;

/// Steps of an epoch, after each of which the papers' criterion looks at the moving average: what it
/// spans, so that one says little of the next.
const EPOCH: u32 = SPAN;

/// Memory of filter, critic, optimiser and batch.
pub(super) struct Buffers<V: SampleValue> {
    parameters: Vec<Lane>,
    gradients: Vec<Lane>,
    first_moments: Vec<Lane>,
    second_moments: Vec<Lane>,
    workspace: Vec<Lane>,
    samples: Vec<V::Word>,
}

impl<V: SampleValue> Buffers<V> {
    pub(super) fn new(shape: Shape) -> Self {
        let lanes = || vec![Lane::ZERO; shape.parameter_lanes()];
        Buffers {
            parameters: lanes(),
            gradients: lanes(),
            first_moments: lanes(),
            second_moments: lanes(),
            workspace: vec![Lane::ZERO; shape.workspace_lanes()],
            samples: vec![V::Word::default(); V::samples(shape)],
        }
    }

    /// Filter and critic as a training begins: first weights drawn under `seed`. `centres` are taken
    /// off V.
    ///
    /// # Errors
    /// Those of [`Rsmi::new`] and of the filters that are given.
    fn begin<'a>(&'a mut self, setup: &Setup, centres: &'a [f32], seed: u64) -> Result<Rsmi<'a>> {
        let storage = Storage {
            parameters: &mut self.parameters,
            gradients: &mut self.gradients,
            first_moments: &mut self.first_moments,
            second_moments: &mut self.second_moments,
            workspace: &mut self.workspace,
            samples: V::wrap(&mut self.samples),
        };
        let mut first_weights = Stream::new(seed, 0, Purpose::Parameters);
        let mut rsmi = Rsmi::new(setup.shape, storage, &mut first_weights)
            .map_err(|error| Error::failure(error.to_string()))?
            .with_bound(setup.optimisation.bound)
            .with_filter_scaled(setup.learned.filter_start)
            .with_filter_rate(setup.learned.filter_rate)
            .with_weight_decay(setup.learned.weight_decay)
            .with_centres(centres);
        let given = setup.given.as_ref().map(|(filters, _)| filters);
        if let Some(filters) = given.or(setup.filter_init.as_ref()) {
            let block_indices = setup.geometry.block_indices();
            for (a, weights) in filters.components().enumerate() {
                for (i, at) in block_indices.iter().enumerate() {
                    rsmi.set_filter(i, a, weights[*at as usize]);
                }
            }
            if matches!(setup.learning().1, Encoder::Continuous { .. }) {
                // The same h in other units, in which the critic learns.
                rsmi.normalise_filter::<Portable>();
            }
        }
        rsmi.with_frozen(setup.frozen)
            .map_err(|error| Error::usage(error.to_string()))
    }

    /// Filter and critic of a training that has ended.
    ///
    /// # Errors
    /// Those of [`Rsmi::new`] and of the filters that are given.
    pub(super) fn of<'a>(
        &'a mut self,
        setup: &Setup,
        centres: &'a [f32],
        trained: &TrainingResult,
    ) -> Result<Rsmi<'a>> {
        let mut rsmi = self.begin(setup, centres, setup.optimisation.seed)?;
        trained.kept.give(&mut rsmi);
        Ok(rsmi)
    }
}

/// Memory of the shuffle buffer.
pub(super) struct PoolBuffers<V> {
    values: Vec<V>,
    order: Vec<u32>,
}

impl<V: SampleValue> PoolBuffers<V> {
    /// For configurations of `sites` sites each.
    pub(super) fn new(sizes: &Sizes, sites: usize) -> Self {
        PoolBuffers {
            values: vec![V::default(); sizes.pool * V::configuration(sites)],
            order: vec![0; sizes.pool],
        }
    }
}

/// Filter and critic at a step.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Snapshot {
    step: u32,
    parameters: Vec<f32>,
    average: Average,
    /// Moving average of the training bound.
    #[serde(default)]
    training: Option<f64>,
    /// Information on the watched windows.
    #[serde(default)]
    figure: Option<f64>,
}

impl Snapshot {
    fn of(rsmi: &mut Rsmi, step: u32) -> Self {
        let lanes = rsmi.parameters().iter();
        Snapshot {
            step,
            parameters: lanes.flat_map(|lane| lane.0).collect(),
            average: *rsmi.memory_mut().average,
            training: None,
            figure: None,
        }
    }

    /// Whether it is of a step up to this one, and of so many lanes of parameters.
    fn can_be(&self, step: u32, parameters: usize) -> bool {
        self.step <= step
            && self.parameters.len() * size_of::<f32>() == parameters * size_of::<Lane>()
    }

    fn give(&self, rsmi: &mut Rsmi) {
        let to = rsmi
            .parameters_mut()
            .iter_mut()
            .flat_map(|lane| &mut lane.0);
        to.zip(&self.parameters).for_each(|(to, from)| *to = *from);
        *rsmi.memory_mut().average = self.average;
    }
}

/// Weights of Λ at a step, component by component.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Weights {
    step: u32,
    weights: Vec<f32>,
}

impl Weights {
    fn of(rsmi: &Rsmi, step: u32) -> Self {
        let shape = rsmi.shape();
        let component = |a| (0..shape.block()).map(move |i| rsmi.filter(i, a));
        Weights {
            step,
            weights: (0..shape.components()).flat_map(component).collect(),
        }
    }
}

/// Filters at several steps of a training.
#[derive(Clone, Debug, Default)]
pub struct FilterSeries {
    /// The steps, ascending.
    pub steps: Vec<u32>,
    /// The filters at each; the last are those that are reported.
    pub filters: Vec<Filters>,
}

/// Why a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EndReason {
    /// All steps were done.
    Steps,
    /// RSMI-NE's criterion was fulfilled.
    Converged,
    /// Validation figures were no better for too long.
    Patience,
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
    /// The weights at the first step and at some records; none of a map, or of a filter that is given.
    #[serde(default)]
    weights: Vec<Weights>,
    convergence: Option<Convergence>,
    patience: Option<Patience>,
    /// The best so far, if there is patience.
    best: Option<Snapshot>,
    /// Why it ended; none: it has not.
    pub(super) ended: Option<EndReason>,
    pub(super) refined: Option<Refinement>,
    /// Wall time of sampling, and of steps.
    pub(super) seconds_sampling: f64,
    pub(super) seconds_training: f64,
}

impl Course {
    /// Whether this is the course, under way, of a training that had `begun` so. Of a training that has
    /// ended no checkpoint is written.
    fn follows(&self, begun: &Course, setup: &Setup, sizes: &Sizes, parameters: usize) -> bool {
        let draws = self.done as usize * setup.shape.batch();
        let replaced = sizes
            .uses
            .map_or((0, 0), |uses| (draws / uses, draws % uses));
        let there = match self.configurations {
            0 => self.done == 0,
            n => n == sizes.first + replaced.0,
        };
        let best = self.best.iter();
        self.done < setup.schedule.steps
            && self.ended.is_none()
            && self.refined.is_none()
            && there
            && self.owed == replaced.1
            && same_sequence(&begun.draws, &self.draws)
            && same_sequence(&begun.noise, &self.noise)
            && self.moving.fresh() == begun.moving
            && self.convergence.map(|rule| rule.fresh()) == begun.convergence
            && self.patience.map(|rule| rule.fresh()) == begun.patience
            && best.clone().all(|_| begun.patience.is_some())
            && best.clone().all(|best| best.can_be(self.done, parameters))
            && self.are_recorded(setup)
            && self.are_kept(setup)
            && is_duration(self.seconds_sampling)
            && is_duration(self.seconds_training)
    }

    /// Whether these can be the weights that were kept. Earlier checkpoints have none.
    fn are_kept(&self, setup: &Setup) -> bool {
        let every = records(&setup.schedule);
        let steps = [0].into_iter().chain(SNAPSHOTS);
        let steps = steps.map(|record| record * every);
        let due = steps.clone().take_while(|step| *step <= self.done).count();
        let length = setup.shape.components() * setup.shape.block();
        let kept = self.weights.iter().zip(steps);
        self.weights.is_empty()
            || (setup.keeps_weights() && self.weights.len() == due)
                && kept
                    .into_iter()
                    .all(|(weights, step)| weights.step == step && weights.weights.len() == length)
    }

    /// Whether there is a record of each step that has one.
    fn are_recorded(&self, setup: &Setup) -> bool {
        let every = records(&setup.schedule);
        let steps = self.series.iter().zip(1u64..);
        self.series.len() == (self.done / every) as usize
            && steps
                .into_iter()
                .all(|(record, i)| record.step == i * u64::from(every))
    }
}

/// Rows of V and of E of a batch.
struct Rows<V: SampleValue> {
    v: Vec<V::Word>,
    e: Vec<V::Word>,
}

impl<V: SampleValue> Default for Rows<V> {
    fn default() -> Self {
        Rows {
            v: vec![],
            e: vec![],
        }
    }
}

/// What of a training gathers batches: parameters are not needed for that.
struct Gatherer<'t, 'a, C, V> {
    batch: usize,
    sizes: &'a Sizes,
    pool: &'t mut ShuffleBuffer<'a, C, V>,
    supply: &'t mut (dyn Supply<V> + Send + 'a),
    configurations: &'t mut usize,
    owed: &'t mut usize,
    draws: &'t mut Stream,
}

impl<C: Cut, V: SampleValue> Gatherer<'_, '_, C, V> {
    /// Adds configurations to the pool.
    fn add(&mut self, n: usize) -> Result<()> {
        for _ in 0..n {
            self.supply.next(self.pool.next_slot())?;
            *self.configurations += 1;
        }
        Ok(())
    }

    /// A batch.
    fn draw(&mut self, v: &mut [V::Word], e: &mut [V::Word]) -> Result<()> {
        match self.pool.draw(self.batch, self.draws, v, e) {
            true => Ok(()),
            false => Err(incomplete()),
        }
    }

    /// A step on a batch of its own; and when it was done.
    fn step(&mut self, climber: &mut Climber<'_, '_>) -> Result<Instant> {
        let (v, e) = V::rows(climber.rsmi);
        self.draw(v, e)?;
        climber.step();
        let done = Instant::now();
        self.refresh()?;
        Ok(done)
    }

    /// After a batch keeps the pool fresh.
    fn refresh(&mut self) -> Result<()> {
        let Some(uses) = self.sizes.uses else {
            return Ok(());
        };
        *self.owed += self.batch;
        let n = *self.owed / uses;
        *self.owed %= uses;
        self.add(n)
    }
}

/// What of a training learns from batches.
struct Climber<'t, 'a> {
    setup: &'a Setup,
    rsmi: &'t mut Rsmi<'a>,
    done: &'t mut u32,
    noise: &'t mut Stream,
    moving: &'t mut Moving,
    convergence: &'t mut Option<Convergence>,
    ended: &'t mut Option<EndReason>,
}

impl Climber<'_, '_> {
    /// One step, on the batch that was gathered.
    fn step(&mut self) {
        let Setup {
            schedule,
            execution,
            coarse,
            ..
        } = self.setup;
        let (learn, reported) = self.setup.learning();
        let t = *self.done;
        let encoder = match learn {
            Learn::All => coarse.relaxed(schedule.epsilon(t)),
            Learn::Critic => reported,
        };
        let rate = schedule.rate(t);
        let bound = execution
            .isa
            .step(self.rsmi, encoder, learn, rate, self.noise);
        self.moving.push(f64::from(bound));
        *self.done += 1;
        if let Some(rule) = &mut self.convergence
            && self.done.is_multiple_of(EPOCH)
            && rule.push(self.moving.mean())
        {
            *self.ended = Some(EndReason::Converged);
        }
        if *self.done >= schedule.steps {
            *self.ended = Some(EndReason::Steps);
        }
    }
}

/// A training under way.
pub(super) struct Training<'a, C, V: SampleValue> {
    setup: &'a Setup,
    sizes: &'a Sizes,
    rsmi: Rsmi<'a>,
    pool: ShuffleBuffer<'a, C, V>,
    supply: Box<dyn Supply<V> + Send + 'a>,
    course: Course,
    /// Correlation of the configurations that validation figures are taken from.
    correlation: Correlation,
    /// Batches that are gathered before their steps.
    ahead: Vec<Rows<V>>,
}

impl<'a, C: Cut + Send, V: SampleValue> Training<'a, C, V> {
    /// One that has not begun: its first weights drawn under `seed`, its pool empty. `centres` are
    /// taken off V.
    ///
    /// # Errors
    /// Those of [`Rsmi::new`] and of the filters that are given.
    pub(super) fn new(
        setup: &'a Setup,
        sizes: &'a Sizes,
        (buffers, pool): (&'a mut Buffers<V>, &'a mut PoolBuffers<V>),
        (cut, centres): (C, &'a [f32]),
        (supply, correlation): (Box<dyn Supply<V> + Send + 'a>, Correlation),
        seed: u64,
    ) -> Result<Self> {
        let mut rsmi = buffers.begin(setup, centres, seed)?;
        let (v, e) = V::rows(&mut rsmi);
        let rows = || Rows {
            v: v.to_vec(),
            e: e.to_vec(),
        };
        let ahead = match setup.execution.threads {
            1 => vec![],
            _ => (0..AHEAD).map(|_| rows()).collect(),
        };
        let mut training = Training {
            setup,
            sizes,
            rsmi,
            ahead,
            pool: ShuffleBuffer::new(cut, &mut pool.values, &mut pool.order),
            supply,
            correlation,
            course: Course {
                done: 0,
                configurations: 0,
                owed: 0,
                draws: Stream::new(seed, 0, Purpose::Windows),
                noise: Stream::new(seed, 0, Purpose::Encoder),
                moving: Moving::new(SPAN),
                series: vec![],
                weights: vec![],
                convergence: setup.optimisation.convergence(),
                patience: setup.optimisation.patience.map(Patience::new),
                best: None,
                ended: None,
                refined: None,
                seconds_sampling: 0.0,
                seconds_training: 0.0,
            },
        };
        if setup.keeps_weights() {
            training.course.weights.push(Weights::of(&training.rsmi, 0));
        }
        training.expect();
        Ok(training)
    }

    /// Tells the supply how many configurations are still to come.
    fn expect(&mut self) {
        let draws = self.setup.schedule.steps as usize * self.setup.shape.batch();
        let all = self.sizes.first + self.sizes.uses.map_or(0, |uses| draws / uses);
        let left = all.saturating_sub(self.course.configurations);
        self.supply.expect(left);
    }

    /// How far it is.
    pub(super) fn course(&self) -> &Course {
        &self.course
    }

    /// Whether it has ended.
    pub(super) fn is_over(&self) -> bool {
        self.course.ended.is_some()
    }

    /// Fills the pool of a training that has not begun.
    ///
    /// # Errors
    /// Those of the supply.
    pub(super) fn fill(&mut self) -> Result<()> {
        if self.course.configurations > 0 {
            return Ok(());
        }
        let start = Instant::now();
        let (total, unit) = self.supply.work(self.sizes.first);
        let observer = &self.setup.execution.observer;
        let label = "filling";
        let progress = observer.begin(Phase { label, total, unit });
        self.supply.report(Some(progress.into()));
        for _ in 0..self.sizes.first {
            self.supply.next(self.pool.next_slot())?;
        }
        self.supply.report(None);
        self.course.configurations = self.sizes.first;
        self.course.seconds_sampling += start.elapsed().as_secs_f64();
        Ok(())
    }

    /// The next steps: one, or with threads to spare all until the next record, whose batches are then
    /// gathered by another thread. Says how many.
    ///
    /// # Errors
    /// Those of the supply; a failure, if hardly a window is complete.
    pub(super) fn steps(&mut self) -> Result<u32> {
        let Setup {
            schedule,
            shape,
            execution,
            ..
        } = self.setup;
        // Nothing that may end the training lies between, so no batch is gathered in vain.
        let epoch = self.course.convergence.as_ref().map(|_| EPOCH);
        let next = |every: u32| every - self.course.done % every;
        let together = next(records(schedule))
            .min(epoch.map_or(u32::MAX, next))
            .min(schedule.steps.saturating_sub(self.course.done))
            .max(1);
        let Course {
            done,
            configurations,
            owed,
            draws,
            noise,
            moving,
            convergence,
            ended,
            seconds_sampling,
            seconds_training,
            ..
        } = &mut self.course;
        let batch = shape.batch();
        let mut gatherer = Gatherer {
            batch,
            sizes: self.sizes,
            pool: &mut self.pool,
            supply: self.supply.as_mut(),
            configurations,
            owed,
            draws,
        };
        let mut climber = Climber {
            setup: self.setup,
            rsmi: &mut self.rsmi,
            done,
            noise,
            moving,
            convergence,
            ended,
        };
        let start = Instant::now();
        let mut waited = Duration::ZERO;
        let mut wait = |since: Instant| waited += since.elapsed();
        if execution.threads == 1 || together == 1 {
            wait(gatherer.step(&mut climber)?);
        } else {
            // Taken by another thread, if there is one.
            let waiting = Mutex::new(Some(gatherer));
            let take = || lock(&waiting).take();
            std::thread::scope(|scope| {
                let (give, given) = mpsc::sync_channel(AHEAD);
                let (give_back, back) = mpsc::sync_channel(AHEAD);
                let gather = move || {
                    let Some(mut gatherer) = take() else {
                        return Ok(back);
                    };
                    for _ in 0..together {
                        // Who does not take them back has failed, and says so.
                        let Ok(Rows { mut v, mut e }) = back.recv() else {
                            break;
                        };
                        gatherer.draw(&mut v, &mut e)?;
                        gatherer.refresh()?;
                        if give.send(Rows { v, e }).is_err() {
                            break;
                        }
                    }
                    // The last are still under way.
                    Ok::<_, Error>(back)
                };
                let Ok(gathering) = Builder::new().spawn_scoped(scope, gather) else {
                    if let Some(mut gatherer) = take() {
                        for _ in 0..together {
                            wait(gatherer.step(&mut climber)?);
                        }
                    }
                    return Ok(());
                };
                for rows in &mut self.ahead {
                    // There is room for all.
                    let _ = give_back.send(std::mem::take(rows));
                }
                for _ in 0..together {
                    let since = Instant::now();
                    let Ok(rows) = given.recv() else {
                        break;
                    };
                    wait(since);
                    let (v, e) = V::rows(climber.rsmi);
                    v.copy_from_slice(&rows.v);
                    e.copy_from_slice(&rows.e);
                    let _ = give_back.send(rows);
                    climber.step();
                }
                drop(give_back);
                let back = gathering
                    .join()
                    .unwrap_or_else(|panic| resume_unwind(panic))?;
                for (rows, back) in self.ahead.iter_mut().zip(back) {
                    *rows = back;
                }
                Ok::<_, Error>(())
            })?;
        }
        *seconds_sampling += waited.as_secs_f64();
        *seconds_training += (start.elapsed() - waited).as_secs_f64();
        Ok(if execution.threads == 1 { 1 } else { together })
    }

    /// Information on the watched windows, with the same noise each time: what differs is due to the
    /// parameters.
    fn watch(&mut self, watched: &HeldOut<V>) -> Estimate {
        let (_, reported) = self.setup.learning();
        let mut noise = Stream::new(self.setup.optimisation.seed, 2, Purpose::Encoder);
        let isa = self.setup.execution.isa;
        let figures = watched.figures(&mut self.rsmi, isa, reported, &mut noise);
        figures.estimate(self.correlation)
    }

    /// Records the course, where a record is due, and gives its figure on the watched windows, where it
    /// has one.
    pub(super) fn record(&mut self, watched: &HeldOut<V>) -> Option<Estimate> {
        let (learn, _) = self.setup.learning();
        let schedule = &self.setup.schedule;
        let every = records(schedule);
        let (done, is_over) = (self.course.done, self.is_over());
        if !done.is_multiple_of(every) && !is_over {
            return None;
        }
        let check = done.is_multiple_of(5 * every) || is_over;
        let validation = check.then(|| self.watch(watched));
        let is_relaxed = learn == Learn::All && self.setup.coarse.is_relaxed();
        self.course.series.push(Record {
            step: u64::from(done),
            training: Some(self.course.moving.mean()),
            validation: validation.map(|estimate| estimate.mean),
            validation_stderr: validation.map(|estimate| estimate.stderr),
            epsilon: is_relaxed.then(|| f64::from(schedule.epsilon(done - 1))),
        });
        if !self.course.weights.is_empty() && SNAPSHOTS.map(|record| record * every).contains(&done)
        {
            self.course.weights.push(Weights::of(&self.rsmi, done));
        }
        if let (Some(rule), Some(estimate)) = (&mut self.course.patience, validation) {
            match rule.push(estimate.mean) {
                Verdict::Best => {
                    self.course.best = Some(Snapshot {
                        training: Some(self.course.moving.mean()),
                        figure: Some(estimate.mean),
                        ..Snapshot::of(&mut self.rsmi, done)
                    });
                }
                Verdict::Stop if !is_over && self.is_worse(estimate.mean) => {
                    self.course.ended = Some(EndReason::Patience);
                }
                Verdict::Wait | Verdict::Stop => {}
            }
        }
        validation
    }

    /// Whether a validation figure is enough below the best for a training to end that was not told how
    /// patient it should be: differences that small may be those of a weak signal that is still growing.
    fn is_worse(&self, figure: f64) -> bool {
        let best = self.course.best.as_ref().and_then(|best| best.figure);
        self.setup.scaling == Scaling::None || best.is_none_or(|best| figure < best - WORSE)
    }

    /// Bytes of a checkpoint, at most, about.
    pub(super) fn bytes(&self, sites: usize) -> u64 {
        let configuration = size_of::<V>() * V::configuration(sites) + size_of::<u32>();
        // The best so far, and two trainings that may have one each: a byte more for each number.
        let best = usize::from(self.course.patience.is_some());
        let chosen = if self.setup.chooses() {
            2 * (1 + best)
        } else {
            0
        };
        let learned = (3 + 2 * (best + chosen)) * size_of_val(self.rsmi.parameters());
        // With the names of their fields.
        let recorded = 4 * RECORDS as usize * size_of::<Record>();
        let held = self.pool.capacity() * configuration;
        // A byte more for each number, of up to three trainings.
        let weights = 3
            * (SNAPSHOTS.len() + 1)
            * 5
            * self.rsmi.shape().components()
            * self.rsmi.shape().block();
        (learned + recorded + weights + held) as u64 + self.supply.bytes()
    }

    /// Takes the training to a checkpoint, or from one.
    ///
    /// # Errors
    /// Those of the state.
    pub(super) fn pass(&mut self, state: &mut StateFile) -> Result<()> {
        let begun = self.course.clone();
        state.value(&mut self.course)?;
        if state.is_read() {
            let parameters = self.rsmi.parameters().len();
            let follows = self
                .course
                .follows(&begun, self.setup, self.sizes, parameters);
            state.require(follows)?;
        }

        state.lanes(self.rsmi.parameters_mut())?;
        let Memory {
            first_moments,
            second_moments,
            adam,
            average,
        } = self.rsmi.memory_mut();
        state.lanes(first_moments)?;
        state.lanes(second_moments)?;
        state.value(adam)?;
        state.value(average)?;

        let (next, order) = self.pool.order();
        let mut order = order.to_vec();
        let mut buffered = (next, order.len(), self.pool.left_out());
        state.value(&mut buffered)?;
        let (next, filled, left_out) = buffered;
        let capacity = self.pool.capacity();
        state.require(filled == self.course.configurations.min(capacity))?;
        order.resize(filled, 0);
        state.pass(&mut order)?;
        match self.pool.resume(next, &order, left_out) {
            Some(values) => state.pass(values)?,
            None => state.require(false)?,
        }
        self.supply.pass(state)?;
        self.expect();
        Ok(())
    }

    /// Refines the filter on windows that are drawn once, and keeps it, if it is better on the watched ones.
    ///
    /// # Errors
    /// A failure, if hardly a window is complete.
    fn refine(&mut self, watched: &HeldOut<V>) -> Result<()> {
        let batch = self.setup.shape.batch();
        let (v, e) = V::rows(&mut self.rsmi);
        let groups = refine::groups(batch, size_of_val(v) + size_of_val(e));
        let mut drawn = vec![];
        for _ in 0..groups {
            if !self.pool.draw(batch, &mut self.course.draws, v, e) {
                return Err(incomplete());
            }
            drawn.push(Drawn {
                v: v.to_vec(),
                e: e.to_vec(),
            });
        }

        let start = Snapshot::of(&mut self.rsmi, self.course.done);
        let before = self.watch(watched).mean;
        let Some(ascent) = refine::refine::<V>(self.setup, &mut self.rsmi, &drawn) else {
            start.give(&mut self.rsmi);
            return Ok(());
        };
        let after = self.watch(watched).mean;
        if after <= before {
            start.give(&mut self.rsmi);
        }
        self.course.refined = Some(Refinement {
            steps: ascent.steps,
            evaluations: ascent.evaluations,
            bound_before_nats: ascent.before,
            bound_after_nats: ascent.after,
            validation_before_nats: before,
            validation_after_nats: after,
            kept: after > before,
        });
        Ok(())
    }

    /// Information on the windows that trainings are compared by.
    fn choose(&mut self, windows: &HeldOut<V>) -> Figures {
        choose(self.setup, &mut self.rsmi, windows)
    }

    /// Whether the best parameters are kept: where the training was stopped for them or the patience was
    /// given; else where they are better than the last by more than the error of the difference.
    fn is_kept(&mut self, best: &Snapshot, windows: &HeldOut<V>) -> bool {
        let stopped = self.course.ended == Some(EndReason::Patience);
        if self.setup.scaling == Scaling::None || stopped {
            return true;
        }
        let last = Snapshot::of(&mut self.rsmi, self.course.done);
        let of_last = self.choose(windows);
        best.give(&mut self.rsmi);
        let excess = self.choose(windows).excess(&of_last, self.correlation);
        last.give(&mut self.rsmi);
        excess.mean > BETTER * excess.stderr
    }

    /// Scales the critic by the factor that is best on these windows, and gives it: one that learned from
    /// few windows is too sure of itself on others.
    fn scale(&mut self, windows: &HeldOut<V>) -> f32 {
        let start = Snapshot::of(&mut self.rsmi, self.course.done);
        let unscaled = self.choose(windows);
        let mut best = (0.0, 1.0);
        for factor in &SCALES[1..] {
            self.rsmi.scale_critic(*factor);
            let excess = self.choose(windows).excess(&unscaled, self.correlation);
            start.give(&mut self.rsmi);
            if excess.mean > best.0 {
                best = (excess.mean, *factor);
            }
        }
        self.rsmi.scale_critic(best.1);
        best.1
    }

    /// Ends it, with the best parameters where there was patience, and the filter refined where that was
    /// asked for. `choosing` has the windows that trainings are compared by.
    ///
    /// # Errors
    /// A failure, if it diverged, or hardly a window is complete.
    pub(super) fn end(
        mut self,
        watched: &HeldOut<V>,
        choosing: Option<&HeldOut<V>>,
    ) -> Result<TrainingResult> {
        let mut step = self.course.done;
        let (mut training, mut figure) = (Some(self.course.moving.mean()), None);
        if let Some(best) = self.course.best.take()
            && self.is_kept(&best, choosing.unwrap_or(watched))
        {
            best.give(&mut self.rsmi);
            (step, training, figure) = (best.step, best.training, best.figure);
        }
        let (learn, _) = self.setup.learning();
        let start = Instant::now();
        if self.setup.learned.refine > 0 && learn == Learn::All && !self.setup.shape.has_map() {
            self.refine(watched)?;
        }
        self.course.seconds_training += start.elapsed().as_secs_f64();
        let finite = |lane: &Lane| lane.0.iter().all(|x| x.is_finite());
        if !self.rsmi.parameters().iter().all(finite) {
            return Err(Error::failure(format!(
                "the training diverged at a learning rate of {}; take a smaller --learning-rate",
                self.setup.schedule.rate_start
            )));
        }
        let scale = match self.setup.scaling {
            Scaling::Validation => self.scale(choosing.unwrap_or(watched)),
            Scaling::None | Scaling::Folds => 1.0,
        };
        let watched = choosing.map(|windows| self.choose(windows).estimate(self.correlation));
        Ok(TrainingResult {
            scale: Some(scale),
            components: self.setup.components(),
            critic: 0,
            kept: Snapshot {
                training,
                figure,
                ..Snapshot::of(&mut self.rsmi, step)
            },
            watched,
            left_out: self.pool.left_out(),
            course: self.course,
        })
    }
}

/// Information on the windows that trainings are compared by.
pub(super) fn choose<V: SampleValue>(
    setup: &Setup,
    rsmi: &mut Rsmi,
    windows: &HeldOut<V>,
) -> Figures {
    let (_, reported) = setup.learning();
    let mut noise = Stream::new(setup.optimisation.seed, 4, Purpose::Encoder);
    windows.figures(rsmi, setup.execution.isa, reported, &mut noise)
}

/// A training that has ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct TrainingResult {
    /// Components of H.
    pub(super) components: u32,
    /// The critic: the first, or an alternative.
    #[serde(default)]
    pub(super) critic: usize,
    kept: Snapshot,
    /// Factor by which the critic was scaled at the end; none: 1.
    #[serde(default)]
    pub(super) scale: Option<f32>,
    /// Information on the windows that trainings are compared by.
    pub(super) watched: Option<Estimate>,
    /// Windows that were drawn and left out, because a value was missing.
    pub(super) left_out: u64,
    pub(super) course: Course,
}

impl TrainingResult {
    /// The step whose parameters were kept.
    pub(super) fn step(&self) -> u32 {
        self.kept.step
    }

    /// Puts filter and critic back.
    pub(super) fn give(&self, rsmi: &mut Rsmi) {
        self.kept.give(rsmi);
    }

    /// Whether it told more about the samples that it learned from than about others: then the training
    /// figure exceeds the validation figure at the end, or this is below the best.
    pub(super) fn overfits(&self) -> bool {
        let last = self.course.series.iter().rev();
        let last = last.filter_map(|record| Some((record.validation?, record.validation_stderr?)));
        let Some((mean, stderr)) = last.into_iter().next() else {
            return false;
        };
        let best = self.kept.figure.unwrap_or(mean);
        best - mean > WORSE || self.course.moving.mean() - mean > OVERFIT + 2.0 * stderr
    }

    /// Whether its validation figures, that of the parameters which were kept or else the last ones, are
    /// hardly above their error.
    pub(super) fn is_weak(&self) -> bool {
        let figures = self.course.series.iter().rev();
        let last =
            figures.filter_map(|record| Some((record.validation?, record.validation_stderr?)));
        let last: Vec<(f64, f64)> = last.take(5).collect();
        let count = last.len().max(1) as f64;
        let mean = last.iter().map(|(mean, _)| mean).sum::<f64>() / count;
        let mean = self.kept.figure.unwrap_or(mean);
        let stderr = last.iter().map(|(_, stderr)| stderr).sum::<f64>() / count;
        mean.is_nan() || mean <= WEAK * stderr
    }

    /// Moving average of the training bound at that step.
    pub(super) fn training(&self) -> f64 {
        self.kept.training.unwrap_or(self.course.moving.mean())
    }

    /// Whether it can have ended under this setup.
    pub(super) fn can_be(&self, setup: &Setup) -> bool {
        let steps = setup.schedule.steps;
        let stage = setup.stage(self.critic, self.components);
        let parameters = stage.map_or(0, |stage| stage.shape.parameter_lanes());
        self.course.done <= steps
            && self.kept.can_be(self.course.done, parameters)
            && self.course.series.len() <= (steps / records(&setup.schedule)) as usize + 1
            && is_duration(self.course.seconds_sampling)
            && is_duration(self.course.seconds_training)
    }

    /// What it is compared by.
    pub(super) fn mean(&self) -> f64 {
        self.watched.map_or(0.0, |watched| watched.mean)
    }

    /// FNV-1a 64 over the bits of all parameters, then of the series.
    pub(super) fn fingerprint(&self) -> u64 {
        use std::hash::Hasher;
        let mut hash = fnv::FnvHasher::default();
        let parameters = self.kept.parameters.iter();
        parameters.for_each(|x| hash.write(&x.to_bits().to_le_bytes()));
        for record in &self.course.series {
            hash.write(&record.step.to_le_bytes());
            for value in [record.training, record.validation, record.epsilon]
                .into_iter()
                .flatten()
            {
                hash.write(&value.to_bits().to_le_bytes());
            }
        }
        hash.finish()
    }
}

/// The filters that were learned, or given; of a map its mean response on held-out windows.
///
/// # Errors
/// Those of [`Filters::new`].
pub(super) fn filters<V: SampleValue>(
    setup: &Setup,
    rsmi: &mut Rsmi,
    held: &HeldOut<V>,
) -> Result<Filters> {
    let Setup { shape, given, .. } = setup;
    if let Some((filters, _)) = given {
        return Ok(filters.clone());
    }
    let found = match shape.has_map() {
        true => (0..shape.components())
            .flat_map(|a| held.response(rsmi, a))
            .collect(),
        false => Weights::of(rsmi, 0).weights,
    };
    on_block(setup, &found)
}

/// Weights of the sites of V that vary as filters on the whole block, 0 elsewhere.
fn on_block(setup: &Setup, found: &[f32]) -> Result<Filters> {
    let Setup {
        geometry,
        shape,
        coarse,
        ..
    } = setup;
    let mut weights = setup.zeros();
    let sites = weights.len() / shape.components();
    let block_indices = geometry.block_indices();
    let components = weights.chunks_exact_mut(sites);
    for (weights, found) in components.zip(found.chunks_exact(shape.block())) {
        for (weight, at) in found.iter().zip(&block_indices) {
            weights[*at as usize] = *weight;
        }
    }
    let filters = Filters::new(geometry.block(), weights)?;
    Ok(filters.of_states(coarse.filters()))
}

/// The filters at several steps of a training, up to those that are reported; none, if none were kept.
///
/// # Errors
/// Those of [`Filters::new`].
pub(super) fn filter_series(
    setup: &Setup,
    trained: &TrainingResult,
    reported: &Filters,
) -> Result<FilterSeries> {
    let mut series = FilterSeries::default();
    let before = |weights: &&Weights| weights.step < trained.step();
    for weights in trained.course.weights.iter().filter(before) {
        series.steps.push(weights.step);
        series.filters.push(on_block(setup, &weights.weights)?);
    }
    if !series.steps.is_empty() {
        series.steps.push(trained.step());
        series.filters.push(reported.clone());
    }
    Ok(series)
}
