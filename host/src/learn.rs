//! A run: samples in, filter, critic and honest information out.
//!
//! Training draws windows from a shuffle buffer that a sampler (or a file) keeps filling. The
//! figure that is reported comes from other samples, which nothing was learned from.

use std::time::Instant;

use blockspin_core::block::pool::Pool;
use blockspin_core::block::window::Window;
use blockspin_core::coarse::encoder::Encoder;
use blockspin_core::num::bits::words;
use blockspin_core::num::lane::Lane;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::optim::schedule::Schedule;
use blockspin_core::rsmi::{Learn, Machine, Rsmi, Samples, Storage};
use blockspin_core::sampler::Ising;
use blockspin_core::shape::Shape;
use blockspin_core::stats::Blocking;
use blockspin_core::stats::moving::Moving;

use crate::chains::{self, Chains, Sampling};
use crate::data::Data;
use crate::error::{Error, Result};
use crate::filters::Filters;
use crate::machine::Isa;
use crate::progress::Progress;
use crate::series::Record;

/// Times that a configuration of a lattice of 64 × 64 is drawn from the shuffle buffer before it
/// is replaced; larger lattices hold more windows, and stay longer.
const USES: usize = 24;
/// Sites that [`USES`] refers to.
const USES_SITES: usize = 64 * 64;
/// Words of configurations that the shuffle buffer holds at most, unless one batch takes more.
const POOL_WORDS: usize = 1 << 19;
/// Most configurations in the shuffle buffer.
const POOL_CONFIGURATIONS: usize = 4096;
/// Windows that the reported figure is taken over, at least.
const HELD_OUT_WINDOWS: usize = 60_000;
/// Batches of different configurations that the error bar is taken over, at least.
const HELD_OUT_GROUPS: usize = 32;
/// Batches from which an error bar over batches is worth looking at.
const ENOUGH_GROUPS: usize = 16;
/// Windows that are watched while training.
const VALIDATION_WINDOWS: usize = 4_000;
/// Records of a run's course, about; every fifth has a validation figure.
const RECORDS: u32 = 300;
/// Batches that the moving average of the training bound spans.
const SPAN: u32 = 200;
/// Shares of a file's configurations, in tenths: what is left is trained on.
const VALIDATION_TENTHS: usize = 1;
const HELD_OUT_TENTHS: usize = 2;

/// Everything that determines a run but where its samples come from.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Block, buffer, environment.
    pub window: Window,
    /// Sizes of filter, critic and batch.
    pub shape: Shape,
    /// Learning rate and relaxation.
    pub schedule: Schedule,
    /// Seed of all streams.
    pub seed: u64,
    /// A filter that is given, with its encoder; none: it is learned.
    pub given: Option<(Filters, Encoder)>,
    /// Threads that sample.
    pub threads: usize,
    /// Instructions that compute.
    pub isa: Isa,
    /// Whether to keep quiet.
    pub quiet: bool,
}

/// Where configurations come from.
pub enum Source<'a> {
    /// Markov chains of a model.
    Model(&'a Sampling<Ising>),
    /// A file.
    Data(&'a Data),
}

/// A mean with its standard error, in nats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Its standard error, autocorrelation allowed for.
    pub stderr: f64,
}

/// What a run found.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Held out, h drawn from the encoder.
    pub information: Estimate,
    /// Held out, h = sign(Λ·v).
    pub information_sign: Estimate,
    /// Moving average of the bound in training.
    pub training: f64,
    /// The filter.
    pub filters: Filters,
    /// The course of the run.
    pub series: Vec<Record>,
    /// FNV-1a 64 over filter, critic and series.
    pub fingerprint: u64,
    /// Independent groups that the error bar rests on.
    pub groups: usize,
    /// Configurations that were trained on.
    pub configurations: usize,
    /// Wall time of sampling and gathering, in seconds.
    pub seconds_sampling: f64,
    /// Wall time of training steps, in seconds.
    pub seconds_training: f64,
    /// Wall time of everything.
    pub seconds: f64,
}

/// A supply of configurations, one after the other.
enum Feed<'a> {
    Chains(Box<Chains<Ising>>),
    /// A part of a file, from the start.
    Rows(&'a Data, std::ops::Range<usize>),
}

impl Feed<'_> {
    /// Writes the next configuration; false when there are no more.
    fn next(&mut self, slot: &mut [u32]) -> Result<bool> {
        match self {
            Feed::Chains(chains) => chains.next(slot),
            Feed::Rows(data, rows) => match rows.next() {
                Some(row) => data.signs(row, &[0; 3][..data.sides().len()], data.sides(), slot)?,
                None => return Ok(false),
            },
        }
        Ok(true)
    }
}

/// Windows of configurations that nothing is learned from, packed in batches.
///
/// Configuration t of G·K goes to batch t mod G, so that the K rows of a batch are G samples apart,
/// and the batches follow one another in the order of sampling, as their error bar needs it.
struct HeldOut {
    batch: usize,
    groups: usize,
    windows: usize,
    /// Rows of V and E of all batches.
    v: Vec<u32>,
    e: Vec<u32>,
}

impl HeldOut {
    fn gather(
        feed: &mut Feed,
        window: Window,
        batch: usize,
        groups: usize,
        windows: usize,
        stream: &mut Stream,
        progress: &Progress,
    ) -> Result<Self> {
        let (v_words, e_words) = (
            words(window.block_sites()),
            words(window.environment_sites()),
        );
        let rows = groups * windows * batch;
        let mut held = HeldOut {
            batch,
            groups,
            windows,
            v: vec![0; rows * v_words],
            e: vec![0; rows * e_words],
        };
        let mut spins = vec![0; words(window.lattice().sites())];
        for t in 0..groups * batch {
            if !feed.next(&mut spins)? {
                break;
            }
            let (group, row) = (t % groups, t / groups);
            for w in 0..windows {
                let at = (group * windows + w) * batch + row;
                let origin = window.random_origin(stream);
                let v = &mut held.v[at * v_words..][..v_words];
                window.gather(&spins, origin, v, &mut held.e[at * e_words..][..e_words]);
            }
            progress.advance(1);
        }
        Ok(held)
    }

    /// The bound with a truly binary h, over all batches.
    fn estimate(
        &self,
        rsmi: &mut Rsmi,
        isa: Isa,
        encoder: Encoder,
        noise: &mut Stream,
    ) -> Estimate {
        let mut terms = vec![0.0; self.batch];
        // One figure for each configuration, in the order of sampling.
        let mut figures = vec![0.0; self.groups * self.batch];
        let (v_length, e_length) = (rsmi.shape().block_words(), rsmi.shape().environment_words());
        for group in 0..self.groups {
            for batch in group * self.windows..(group + 1) * self.windows {
                let (v, e) = rsmi.signs();
                v.copy_from_slice(&self.v[batch * v_length..][..v_length]);
                e.copy_from_slice(&self.e[batch * e_length..][..e_length]);
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

/// Windows of one configuration that are nearly independent of each other.
fn windows_per_configuration(window: Window) -> usize {
    (window.lattice().sites() / window.sites()).clamp(1, 64)
}

/// Bytes of memory that a run takes, about.
#[must_use]
pub fn memory(settings: &Settings) -> u64 {
    let (shape, window) = (settings.shape, settings.window);
    let learned = shape
        .buffers()
        .iter()
        .map(|buffer| buffer.bytes)
        .sum::<u64>();
    let row = 4 * (words(window.block_sites()) + words(window.environment_sites())) as u64;
    let plan = held_out_plan(settings);
    let held_out = (plan.0 * plan.1 * shape.batch()) as u64 * row;
    let configuration = 4 * words(window.lattice().sites()) as u64;
    let sampled = 3 * chains::memory(window.lattice().sites());
    learned + held_out + configuration * pool_capacity(settings) as u64 + sampled
}

fn pool_capacity(settings: &Settings) -> usize {
    let length = words(settings.window.lattice().sites());
    (POOL_WORDS / length).clamp(
        2 * settings.shape.batch(),
        POOL_CONFIGURATIONS.max(2 * settings.shape.batch()),
    )
}

/// Groups, and windows of a configuration, of the held-out part of a model's run.
fn held_out_plan(settings: &Settings) -> (usize, usize) {
    let windows = windows_per_configuration(settings.window);
    let batch = settings.shape.batch();
    (
        HELD_OUT_WINDOWS
            .div_ceil(windows * batch)
            .max(HELD_OUT_GROUPS),
        windows,
    )
}

/// Trains and estimates.
///
/// # Errors
/// Usage, if a file has too few configurations for the batch.
pub fn run(settings: &Settings, source: &Source) -> Result<Outcome> {
    let begun = Instant::now();
    let Settings {
        window,
        shape,
        schedule,
        seed,
        threads,
        isa,
        quiet,
        ..
    } = *settings;
    let batch = shape.batch();
    let mut seconds_sampling = 0.0;

    // Three parts that share nothing: chains of their own, or stretches of the file.
    let chains =
        |sampling, purpose| Feed::Chains(Box::new(Chains::new(sampling, seed, purpose, threads)));
    let windows = match source {
        Source::Model(..) => windows_per_configuration(window),
        Source::Data(data) => HELD_OUT_WINDOWS
            .div_ceil((data.configurations() * HELD_OUT_TENTHS / 10).max(1))
            .clamp(1, window.lattice().sites()),
    };
    let (mut training, mut validation, mut held_out, validation_groups, groups) = match *source {
        Source::Model(&sampling) => (
            chains(sampling, Purpose::Training),
            chains(sampling, Purpose::Validation),
            chains(sampling, Purpose::HeldOut),
            VALIDATION_WINDOWS.div_ceil(windows * batch),
            held_out_plan(settings).0,
        ),
        Source::Data(data) => {
            let n = data.configurations();
            let (validation, held_out) = (n * VALIDATION_TENTHS / 10, n * HELD_OUT_TENTHS / 10);
            let train = n - validation - held_out;
            if validation < batch {
                return Err(Error::usage(format!(
                    "{n} configurations are too few for a batch of {batch}: a tenth of them is \
                     watched while training, and must fill a batch; give {} configurations or \
                     more{}",
                    10 * batch,
                    if n >= 20 {
                        format!(", or --batch {} or less", n / 10)
                    } else {
                        String::new()
                    }
                )));
            }
            (
                Feed::Rows(data, 0..train),
                Feed::Rows(data, train..train + validation),
                Feed::Rows(data, train + validation..n),
                validation / batch,
                held_out / batch,
            )
        }
    };

    let capacity = match *source {
        Source::Model(..) => pool_capacity(settings),
        Source::Data(data) => data.configurations(),
    };
    let mut pool_spins = vec![0; capacity * words(window.lattice().sites())];
    let mut pool_order = vec![0; capacity];
    let mut pool = Pool::new(window, &mut pool_spins, &mut pool_order);
    let mut configurations = 0;
    let mut add = |pool: &mut Pool<Window>, n: usize, seconds: &mut f64| -> Result<()> {
        let start = Instant::now();
        for _ in 0..n {
            if let Feed::Rows(_, rows) = &training
                && rows.is_empty()
            {
                break;
            }
            training.next(pool.next_slot())?;
            configurations += 1;
        }
        *seconds += start.elapsed().as_secs_f64();
        Ok(())
    };

    let start = Instant::now();
    let mut origins = Stream::new(seed, 1, Purpose::Windows);
    let silent = Progress::new(true, "", 0, "");
    let watched = HeldOut::gather(
        &mut validation,
        window,
        batch,
        validation_groups,
        windows.min(4),
        &mut origins,
        &silent,
    )?;
    seconds_sampling += start.elapsed().as_secs_f64();
    drop(validation);

    let lanes = || vec![Lane::ZERO; shape.parameter_lanes()];
    let (mut parameters, mut gradients) = (lanes(), lanes());
    let (mut first_moments, mut second_moments) = (lanes(), lanes());
    let mut workspace = vec![Lane::ZERO; shape.workspace_lanes()];
    let mut signs = vec![0; shape.sign_words()];
    let storage = Storage {
        parameters: &mut parameters,
        gradients: &mut gradients,
        first_moments: &mut first_moments,
        second_moments: &mut second_moments,
        workspace: &mut workspace,
        samples: Samples::Signs(&mut signs),
    };
    let mut rsmi = Rsmi::new(
        shape,
        storage,
        &mut Stream::new(seed, 0, Purpose::Parameters),
    )
    .map_err(|error| Error::failure(error.to_string()))?;
    let (learn, reported) = match &settings.given {
        None => (Learn::All, Encoder::Sigmoid),
        Some((filters, encoder)) => {
            for (a, weights) in filters.components().enumerate() {
                for (i, weight) in weights.iter().enumerate() {
                    rsmi.set_filter(i, a, *weight);
                }
            }
            (Learn::Critic, *encoder)
        }
    };

    // A file goes in whole; chains fill ten batches, then keep pace with what is drawn.
    let first = match source {
        Source::Model(..) => (10 * batch).min(capacity),
        Source::Data(_) => capacity,
    };
    add(&mut pool, first, &mut seconds_sampling)?;
    let uses = USES * (window.lattice().sites() / USES_SITES).max(1);
    let mut owed = 0;

    let mut moving = Moving::new(SPAN);
    let mut series = vec![];
    let mut draws = Stream::new(seed, 0, Purpose::Windows);
    let mut noise = Stream::new(seed, 0, Purpose::Encoder);
    let every = (schedule.steps / RECORDS).max(1);
    let mut seconds_training = 0.0;
    let progress = Progress::new(quiet, "training", u64::from(schedule.steps), "steps");
    let mut clock = Instant::now();
    for t in 0..schedule.steps {
        let encoder = match learn {
            Learn::All => Encoder::Relaxed {
                epsilon: schedule.epsilon(t),
            },
            Learn::Critic => reported,
        };
        let rate = schedule.rate(t);
        let (v, e) = rsmi.signs();
        pool.draw(batch, &mut draws, v, e);
        let bound = isa.step(&mut rsmi, encoder, learn, rate, &mut noise);
        moving.push(f64::from(bound));
        progress.advance(1);
        let done = t + 1;
        if done % every == 0 || done == schedule.steps {
            seconds_training += clock.elapsed().as_secs_f64();
            let check = done % (5 * every) == 0 || done == schedule.steps;
            let held_out = check.then(|| {
                // The same noise each time: the curve shows what the parameters do.
                let mut noise = Stream::new(seed, 2, Purpose::Encoder);
                watched.estimate(&mut rsmi, isa, reported, &mut noise)
            });
            series.push(Record {
                step: u64::from(done),
                training: Some(moving.mean()),
                held_out: held_out.map(|estimate| estimate.mean),
                held_out_stderr: held_out.map(|estimate| estimate.stderr),
                epsilon: (learn == Learn::All).then(|| f64::from(schedule.epsilon(t))),
            });
            if let Some(estimate) = held_out {
                progress.note(|| format!("{:.3} nats", estimate.mean));
            }
            clock = Instant::now();
        }
        owed += batch;
        if owed >= uses {
            seconds_training += clock.elapsed().as_secs_f64();
            add(&mut pool, owed / uses, &mut seconds_sampling)?;
            owed %= uses;
            clock = Instant::now();
        }
    }
    drop(progress);

    if rsmi
        .parameters()
        .iter()
        .any(|lane| lane.0.iter().any(|x| !x.is_finite()))
    {
        return Err(Error::failure(format!(
            "the training diverged at a learning rate of {}; take a smaller --learning-rate",
            schedule.rate_start
        )));
    }
    let start = Instant::now();
    let progress = Progress::new(quiet, "held out", (groups * batch) as u64, "samples");
    let held = HeldOut::gather(
        &mut held_out,
        window,
        batch,
        groups,
        windows,
        &mut origins,
        &progress,
    )?;
    seconds_sampling += start.elapsed().as_secs_f64();
    let mut noise = Stream::new(seed, 1, Purpose::Encoder);
    let information = held.estimate(&mut rsmi, isa, reported, &mut noise);
    let information_sign = match reported {
        Encoder::Sign => information,
        _ => held.estimate(&mut rsmi, isa, Encoder::Sign, &mut noise),
    };

    let filters = match &settings.given {
        Some((filters, _)) => filters.clone(),
        None => {
            let sites = shape.block();
            let weights = (0..shape.components())
                .flat_map(|a| (0..sites).map(move |i| (i, a)))
                .map(|(i, a)| rsmi.filter(i, a))
                .collect();
            Filters::new(window.block(), weights)?
        }
    };
    let fingerprint = fingerprint(&rsmi, &series);
    Ok(Outcome {
        information,
        information_sign,
        training: moving.mean(),
        filters,
        series,
        fingerprint,
        groups,
        configurations,
        seconds_sampling,
        seconds_training,
        seconds: begun.elapsed().as_secs_f64(),
    })
}

/// The outcome for data that never vary: no information, a filter of zeros.
///
/// # Errors
/// None in practice; the filter is checked as any other.
pub fn nothing(settings: &Settings) -> Result<Outcome> {
    let none = Estimate {
        mean: 0.0,
        stderr: 0.0,
    };
    let weights = vec![0.0; settings.shape.block() * settings.shape.components()];
    Ok(Outcome {
        information: none,
        information_sign: none,
        training: 0.0,
        filters: Filters::new(settings.window.block(), weights)?,
        series: vec![],
        fingerprint: 0,
        groups: 0,
        configurations: 0,
        seconds_sampling: 0.0,
        seconds_training: 0.0,
        seconds: 0.0,
    })
}

/// FNV-1a 64 over the bits of all parameters, then of the series.
fn fingerprint(rsmi: &Rsmi, series: &[Record]) -> u64 {
    use std::hash::Hasher;
    let mut hash = fnv::FnvHasher::default();
    for lane in rsmi.parameters() {
        lane.0
            .iter()
            .for_each(|x| hash.write(&x.to_bits().to_le_bytes()));
    }
    for record in series {
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
