//! A run: samples in, filter, critic and honest information out.
//!
//! Training draws windows from a shuffle buffer that a sampler (or a file) keeps filling. The
//! figure that is reported comes from other samples, which nothing was learned from.

use std::ops::Range;
use std::time::Instant;

use blockspin_core::block::pool::{Cut, Pool};
use blockspin_core::block::window::Window;
use blockspin_core::bound::Bound;
use blockspin_core::coarse::encoder::Encoder;
use blockspin_core::kernel::Portable;
use blockspin_core::num::lane::Lane;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::optim::schedule::Schedule;
use blockspin_core::rsmi::{Learn, Machine, Rsmi, Storage};
use blockspin_core::shape::Shape;
use blockspin_core::stats::moving::Moving;

use crate::chains::{self, Chains, Sampling, Supplier};
use crate::coarse::Coarse;
use crate::data::{Data, Kind};
use crate::error::{Error, Result};
use crate::feed::{Crop, Feed, Learnt};
use crate::filters::Filters;
use crate::held_out::{Estimate, Extent, HeldOut, incomplete};
use crate::machine::Isa;
use crate::model::{Prepared, with_sampling};
use crate::parts::Parts;
use crate::place::Place;
use crate::progress::Progress;
use crate::room;
use crate::series::Record;

/// Times that a configuration of a lattice of 64 × 64 is drawn from the shuffle buffer before it
/// is replaced; larger lattices hold more windows, and stay longer.
const USES: usize = 24;
/// Sites that [`USES`] refers to.
const USES_SITES: usize = 64 * 64;
/// Bytes of configurations that the shuffle buffer holds at most, unless one batch takes more.
const POOL_BYTES: usize = 1 << 21;
/// The same where they come from a file and may be reals.
const DATA_POOL_BYTES: usize = 48 << 20;
/// Most configurations in the shuffle buffer of a model.
const POOL_CONFIGURATIONS: usize = 4096;
/// Windows that the reported figure is taken over, at least, and their bytes, at most.
const HELD_OUT_WINDOWS: usize = 60_000;
const HELD_OUT_BYTES: usize = 48 << 20;
/// Batches of different configurations that the error bar is taken over, at least.
const HELD_OUT_GROUPS: usize = 32;
/// Windows that are watched while training; of a file at most four times as many, and their bytes,
/// at most.
const VALIDATION_WINDOWS: usize = 4_000;
const VALIDATION_BYTES: usize = 24 << 20;
/// Records of a run's course, about; every fifth has a validation figure.
const RECORDS: u32 = 300;
/// Batches that the moving average of the training bound spans.
const SPAN: u32 = 200;

/// Everything that determines a run but where its samples come from.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Block, buffer, environment.
    pub place: Place,
    /// Sizes of filter, critic and batch.
    pub shape: Shape,
    /// What is climbed and reported.
    pub bound: Bound,
    /// Learning rate and relaxation.
    pub schedule: Schedule,
    /// Values of h.
    pub coarse: Coarse,
    /// What the first weights of a learned filter are multiplied by.
    pub filter_start: f32,
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

/// What a run found.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Held out, h drawn from the encoder.
    pub information: Estimate,
    /// Held out, h = sign(Λ·v), or the state of the largest logit; none, where h is continuous.
    pub information_sign: Option<Estimate>,
    /// Moving average of the bound in training.
    pub training: f64,
    /// The filter.
    pub filters: Filters,
    /// Filter and critic at the end, as [`Shape::parameter_lanes`] documents them.
    pub parameters: Vec<Lane>,
    /// The course of the run.
    pub series: Vec<Record>,
    /// FNV-1a 64 over filter, critic and series.
    pub fingerprint: u64,
    /// Independent groups that the error bar rests on.
    pub groups: usize,
    /// Configurations that were trained on.
    pub configurations: usize,
    /// Windows that were drawn in training and left out, because a value was missing.
    pub left_out: u64,
    /// Wall time of sampling and gathering, in seconds.
    pub seconds_sampling: f64,
    /// Wall time of training steps, in seconds.
    pub seconds_training: f64,
    /// Wall time of everything.
    pub seconds: f64,
}

/// How much of the samples a run holds in memory.
struct Sizes {
    /// Configurations in the shuffle buffer.
    pool: usize,
    /// Those that are there from the start.
    first: usize,
    /// Draws after which a configuration is replaced; none: all are there.
    uses: Option<usize>,
    watched: Extent,
    held_out: Extent,
}

/// Bytes of a row of V and of E.
fn row_bytes<V: Learnt>(place: &Place) -> usize {
    let (block, environment) = place.parts();
    size_of::<V::Word>() * (V::row(block) + V::row(environment))
}

fn uses(sites: usize) -> usize {
    USES * (sites / USES_SITES).max(1)
}

impl Sizes {
    /// Chains fill ten batches, then keep pace with what is drawn.
    fn of_model<V: Learnt>(settings: &Settings) -> Self {
        let (place, batch) = (&settings.place, settings.shape.batch());
        let windows = place.independent();
        let pool = (POOL_BYTES / (size_of::<V>() * V::configuration(place.sites())))
            .clamp(2 * batch, POOL_CONFIGURATIONS.max(2 * batch));
        Sizes {
            pool,
            first: (10 * batch).min(pool),
            // At one place a configuration holds one window, which is soon known.
            uses: Some(if place.places() == 1 {
                1
            } else {
                uses(place.sites())
            }),
            watched: Extent {
                groups: VALIDATION_WINDOWS.div_ceil(windows * batch),
                windows: windows.min(4),
            },
            held_out: Extent {
                groups: HELD_OUT_WINDOWS
                    .div_ceil(windows * batch)
                    .max(HELD_OUT_GROUPS),
                windows,
            },
        }
    }

    /// A file goes in whole if it fits; `sites` are those that are read of a configuration.
    fn of_data<V: Learnt>(settings: &Settings, parts: &Parts, sites: usize) -> Self {
        let (place, batch) = (&settings.place, settings.shape.batch());
        let train = parts.train.len();
        let fits = DATA_POOL_BYTES / (size_of::<V>() * V::configuration(sites));
        let pool = train.min(fits.max(2 * batch));
        let places = usize::try_from(place.places()).unwrap_or(usize::MAX);
        let mut held_out = Extent {
            groups: parts.held_out.len() / batch,
            windows: HELD_OUT_WINDOWS
                .div_ceil(parts.held_out.len().max(1))
                .clamp(1, places),
        };
        let most = (HELD_OUT_BYTES / (row_bytes::<V>(place) * batch)).max(1);
        held_out.groups = held_out.groups.min(most);
        held_out.windows = held_out.windows.min((most / held_out.groups.max(1)).max(1));
        let most = (4 * VALIDATION_WINDOWS)
            .min(VALIDATION_BYTES / row_bytes::<V>(place))
            .max(batch);
        let groups = (parts.validation.len() / batch).min(most.div_ceil(batch));
        let watched = Extent {
            groups,
            windows: held_out
                .windows
                .min(4)
                .min((most / (groups * batch).max(1)).max(1)),
        };
        Sizes {
            pool,
            first: pool,
            uses: (pool < train).then(|| uses(sites)),
            watched,
            held_out,
        }
    }

    fn bytes<V: Learnt>(&self, settings: &Settings, sites: usize) -> u64 {
        let rows = |extent: Extent| extent.groups * extent.windows * settings.shape.batch();
        let configuration = size_of::<V>() * V::configuration(sites) + 4;
        let windows = (rows(self.watched) + rows(self.held_out)) * row_bytes::<V>(&settings.place);
        (self.pool * configuration + windows) as u64
    }
}

/// Bytes that filter, critic and batch take.
fn learned(settings: &Settings) -> u64 {
    let buffers = settings.shape.buffers();
    buffers.iter().map(|buffer| buffer.bytes).sum::<u64>()
}

/// Three supplies that share nothing, and how much is taken of them.
struct Supply<'a, C, V> {
    cut: C,
    /// Means of the sites of V, known beforehand; none: 0.
    centres: Vec<f32>,
    sizes: Sizes,
    training: Feed<'a, V>,
    watched: Feed<'a, V>,
    held_out: Feed<'a, V>,
}

/// Bytes of memory that a run of a model takes, about.
#[must_use]
pub fn memory(settings: &Settings, model: &Prepared) -> u64 {
    with_sampling!(model, sampling => model_memory(settings, &sampling.model))
}

fn model_memory<M: Supplier<Value: Learnt>>(settings: &Settings, model: &M) -> u64 {
    learned(settings)
        + Sizes::of_model::<M::Value>(settings).bytes::<M::Value>(settings, settings.place.sites())
        + 3 * chains::memory(model)
}

/// Trains on Markov chains of a model, and estimates.
///
/// # Errors
/// A failure, if the training diverges.
pub fn model(settings: &Settings, model: &Prepared) -> Result<Outcome> {
    with_sampling!(model, sampling => model_run(settings, sampling))
}

fn model_run<M: Supplier<Value: Learnt>>(
    settings: &Settings,
    sampling: &Sampling<M>,
) -> Result<Outcome> {
    let Place::Window(window) = &settings.place else {
        return Err(Error::usage(
            "lists of sites belong to data; a model has windows",
        ));
    };
    let sizes = Sizes::of_model::<M::Value>(settings);
    let chains = |purpose| {
        let (seed, threads) = (settings.seed, settings.threads);
        let mut chains = Box::new(Chains::new(sampling.clone(), seed, purpose, threads));
        Feed::endless(move |slot: &mut [M::Value]| chains.next(slot))
    };
    learn(
        settings,
        Supply {
            cut: *window,
            centres: centres(&sampling.model, window),
            sizes,
            training: chains(Purpose::Training),
            watched: chains(Purpose::Validation),
            held_out: chains(Purpose::HeldOut),
        },
    )
}

/// Means of the sites of V; none, if all are 0.
fn centres<M: Supplier>(model: &M, window: &Window) -> Vec<f32> {
    let sites = window.block_indices().map(|i| window.lattice_site(i));
    let means = sites.map(|site| model.mean(site));
    let means: Vec<f32> = means.collect();
    match means.iter().any(|mean| *mean != 0.0) {
        true => means,
        false => vec![],
    }
}

/// Trains on a file, of which parts are trained on, watched and held out, and estimates.
///
/// # Errors
/// Those of the file; a failure, if there is no room, the training diverges or hardly a window is
/// complete.
pub fn data(settings: &Settings, data: &Data, parts: &Parts) -> Result<Outcome> {
    match data.kind() {
        Kind::Signs { .. } => data_run::<u32>(settings, data, parts),
        Kind::Reals { .. } => data_run::<f32>(settings, data, parts),
    }
}

fn data_run<V: Learnt>(settings: &Settings, data: &Data, parts: &Parts) -> Result<Outcome> {
    match &settings.place {
        Place::Window(window) => {
            // Whole configurations, unless a pool of two batches would be too much.
            let most = DATA_POOL_BYTES / (2 * settings.shape.batch() * size_of::<V>()) * V::PACKED;
            let (crop, window) = Crop::around(*window, most)?;
            cut_run::<_, V>(settings, data, parts, &crop, window)
        }
        Place::Sites(sites) => {
            let (crop, region) = sites.region()?;
            cut_run::<_, V>(settings, data, parts, crop, region)
        }
    }
}

fn cut_run<C: Cut + Copy, V: Learnt>(
    settings: &Settings,
    data: &Data,
    parts: &Parts,
    crop: &Crop,
    cut: C,
) -> Result<Outcome> {
    let sizes = Sizes::of_data::<V>(settings, parts, crop.sites());
    let needed =
        learned(settings) + sizes.bytes::<V>(settings, crop.sites()) + crop.scratch::<V>() as u64;
    room::memory("this run", needed)?;
    let feed = |part: &Range<usize>, count: usize, endless, task| {
        Feed::<V>::rows(
            data,
            part.clone(),
            count,
            endless,
            crop,
            (settings.seed, task),
        )
    };
    let all = |extent: Extent| extent.groups * settings.shape.batch();
    let (watched, held_out) = (all(sizes.watched), all(sizes.held_out));
    let mut outcome = learn(
        settings,
        Supply {
            cut,
            centres: vec![],
            sizes,
            training: feed(&parts.train, parts.train.len(), true, 2),
            watched: feed(&parts.validation, watched, false, 3),
            held_out: feed(&parts.held_out, held_out, false, 4),
        },
    )?;
    // Those of a long file are read again and again.
    outcome.configurations = outcome.configurations.min(parts.train.len());
    Ok(outcome)
}

fn learn<C: Cut + Copy, V: Learnt>(
    settings: &Settings,
    supply: Supply<'_, C, V>,
) -> Result<Outcome> {
    let begun = Instant::now();
    let Settings {
        shape,
        schedule,
        seed,
        isa,
        quiet,
        ..
    } = *settings;
    let Supply {
        cut,
        centres,
        sizes,
        mut training,
        watched: mut watching,
        mut held_out,
    } = supply;
    let batch = shape.batch();
    let mut seconds_sampling = 0.0;

    let mut values = vec![V::default(); sizes.pool * V::configuration(cut.sites())];
    let mut order = vec![0; sizes.pool];
    let mut pool = Pool::new(cut, &mut values, &mut order);
    let mut configurations = 0;
    let mut add = |pool: &mut Pool<C, V>, n: usize, seconds: &mut f64| -> Result<()> {
        let start = Instant::now();
        for _ in 0..n {
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
        &mut watching,
        &cut,
        batch,
        sizes.watched,
        &mut origins,
        &silent,
    )?;
    drop(watching);
    seconds_sampling += start.elapsed().as_secs_f64();

    let lanes = || vec![Lane::ZERO; shape.parameter_lanes()];
    let (mut parameters, mut gradients) = (lanes(), lanes());
    let (mut first_moments, mut second_moments) = (lanes(), lanes());
    let mut workspace = vec![Lane::ZERO; shape.workspace_lanes()];
    let mut samples = vec![V::Word::default(); V::samples(shape)];
    let storage = Storage {
        parameters: &mut parameters,
        gradients: &mut gradients,
        first_moments: &mut first_moments,
        second_moments: &mut second_moments,
        workspace: &mut workspace,
        samples: V::wrap(&mut samples),
    };
    let mut rsmi = Rsmi::new(
        shape,
        storage,
        &mut Stream::new(seed, 0, Purpose::Parameters),
    )
    .map_err(|error| Error::failure(error.to_string()))?
    .with_bound(settings.bound)
    .with_filter_scaled(settings.filter_start)
    .with_centres(&centres);
    let block_indices = settings.place.block_indices();
    let (learn, reported) = match &settings.given {
        None => (Learn::All, settings.coarse.drawn()),
        Some((filters, encoder)) => {
            for (a, weights) in filters.components().enumerate() {
                for (i, at) in block_indices.iter().enumerate() {
                    rsmi.set_filter(i, a, weights[*at as usize]);
                }
            }
            if *encoder == Encoder::Continuous {
                // The same h in other units, in which the critic learns.
                rsmi.normalise_filter::<Portable>();
            }
            (Learn::Critic, *encoder)
        }
    };

    add(&mut pool, sizes.first, &mut seconds_sampling)?;
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
            Learn::All => settings.coarse.relaxed(schedule.epsilon(t)),
            Learn::Critic => reported,
        };
        let rate = schedule.rate(t);
        let (v, e) = V::rows(&mut rsmi);
        if !pool.draw(batch, &mut draws, v, e) {
            return Err(incomplete());
        }
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
                epsilon: (learn == Learn::All && settings.coarse.is_relaxed())
                    .then(|| f64::from(schedule.epsilon(t))),
            });
            if let Some(estimate) = held_out {
                progress.note(|| format!("{:.3} nats", estimate.mean));
            }
            clock = Instant::now();
        }
        owed += batch;
        if let Some(uses) = sizes.uses
            && owed >= uses
        {
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
    let total = (sizes.held_out.groups * batch) as u64;
    let progress = Progress::new(quiet, "held out", total, "samples");
    let held = HeldOut::gather(
        &mut held_out,
        &cut,
        batch,
        sizes.held_out,
        &mut origins,
        &progress,
    )?;
    seconds_sampling += start.elapsed().as_secs_f64();
    let mut noise = Stream::new(seed, 1, Purpose::Encoder);
    let information = held.estimate(&mut rsmi, isa, reported, &mut noise);
    let information_sign = settings.coarse.decided().map(|decided| {
        if decided == reported {
            return information;
        }
        held.estimate(&mut rsmi, isa, decided, &mut noise)
    });

    let filters = match &settings.given {
        Some((filters, _)) => filters.clone(),
        None => {
            let mut weights = zeros(settings);
            let sites = weights.len() / shape.components();
            for (a, weights) in weights.chunks_exact_mut(sites).enumerate() {
                for (i, at) in block_indices.iter().enumerate() {
                    weights[*at as usize] = rsmi.filter(i, a);
                }
            }
            let filters = Filters::new(settings.place.block(), weights)?;
            filters.of_states(settings.coarse.filters())
        }
    };
    let fingerprint = fingerprint(&rsmi, &series);
    Ok(Outcome {
        information,
        information_sign,
        training: moving.mean(),
        filters,
        parameters: rsmi.parameters().to_vec(),
        series,
        fingerprint,
        groups: held.groups,
        configurations,
        left_out: pool.left_out(),
        seconds_sampling,
        seconds_training,
        seconds: begun.elapsed().as_secs_f64(),
    })
}

/// Weights of all components over the whole block.
fn zeros(settings: &Settings) -> Vec<f32> {
    let sides = settings.place.block().iter();
    let sites: usize = sides.map(|side| *side as usize).product();
    vec![0.0; settings.shape.components() * sites]
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
    Ok(Outcome {
        information: none,
        information_sign: settings.coarse.decided().map(|_| none),
        training: 0.0,
        filters: Filters::new(settings.place.block(), zeros(settings))?,
        parameters: vec![],
        series: vec![],
        fingerprint: 0,
        groups: 0,
        configurations: 0,
        left_out: 0,
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
