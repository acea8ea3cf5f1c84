//! A run: samples in, filter, critic and honest information out.
//!
//! Training draws windows from a shuffle buffer that a sampler (or a file) keeps filling. The
//! figure that is reported comes from other samples, which nothing was learned from.
//!
//! `setup` holds what is done, `memory` how many samples are held for it, `training` does the steps,
//! `refine` continues after them, `search` chooses among several trainings. This file connects them.

use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::Builder;
use std::time::Instant;

use blockspin_core::num::lane::Lane;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::rsmi::Rsmi;
use blockspin_core::window::Window;
use blockspin_core::window::shuffle_buffer::Cut;

use super::evaluate::{Estimate, Extent, Figures, HeldOut, incomplete};
use super::history::Record;
use super::memory::{DATA_POOL_BYTES, Reuse, Sizes, learned};
use super::refine::Refinement;
use super::region::Geometry;
use super::search::{Attempt, Search};
use super::setup::{SCALES, Scaling, Setup};
use super::training::{
    Buffers, EndReason, FilterSeries, PoolBuffers, Training, TrainingResult, choose, filter_series,
    filters,
};
use crate::data::correlation::Correlation;
use crate::data::filters::Filters;
use crate::data::split::Split;
use crate::data::supply::{Crop, Rows, SampleValue, Supply};
use crate::data::{Data, Kind};
use crate::error::{Error, Result};
use crate::model::mcmc::{self, CHAINS, Chains, Sampling, Supplier};
use crate::model::workers::{Crew, lock};
use crate::model::{ModelSampler, with_sampling};
use crate::observer::{Phase, Progress};
use crate::run::checkpoint::Checkpoint;
use crate::store::codec::StateFile;
use crate::store::resources;

/// The unit of trainings.
pub(super) const STEPS: &str = "steps";

/// What a run found.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Held out, h drawn from the encoder.
    pub information: Estimate,
    /// Held out, h = sign(Λ·v), or the state of the largest logit; none, where h is continuous.
    pub information_sign: Option<Estimate>,
    /// What these are means of, for each factor of the critic that is tried.
    pub(super) scaled: Vec<Scaled>,
    /// What a training that began with equal weights found, if one was tried.
    pub plain: Option<Plain>,
    /// Whether the training told more about its own windows than about others.
    pub(super) overfits: bool,
    /// Information on each part of a file that was held out in turn, in its order; empty, if there was
    /// one.
    pub folds: Vec<Estimate>,
    /// Moving average of the bound in training.
    pub training: f64,
    /// The filter; of a map the mean response ⟨∂x/∂v⟩ over the held-out samples.
    pub filters: Filters,
    /// The filter in the course of that training; none of a map, or of a filter that was given.
    pub filter_series: FilterSeries,
    /// Filter and critic, in the order that `Shape::parameter_lanes` states.
    pub parameters: Vec<Lane>,
    /// The course of the training that is reported.
    pub series: Vec<Record>,
    /// Its steps, and the one whose parameters were kept.
    pub steps: u32,
    /// See `steps`.
    pub kept_step: u32,
    /// Why it ended; none, where nothing was trained.
    pub ended: Option<EndReason>,
    /// What the refinement of the filter did, if there was one.
    pub refined: Option<Refinement>,
    /// Components of H.
    pub components: u32,
    /// The critic that was kept: 0 is the first, others are alternatives in their order.
    pub critic: usize,
    /// Factor by which it was scaled at the end, because windows were few.
    pub critic_scale: f32,
    /// What the critic lacks of the best one, about, which is in the standard errors; known where several
    /// parts of a file were held out in turn.
    pub shortfall: Option<f64>,
    /// Information with each critic that was tried, on windows that it did not learn from.
    pub critics: Vec<Estimate>,
    /// All trainings, in order.
    pub attempts: Vec<Attempt>,
    /// FNV-1a 64 over filter, critic and series.
    pub fingerprint: u64,
    /// Independent groups that the error bar rests on.
    pub groups: usize,
    /// Independent held-out configurations, about.
    pub independent: f64,
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

/// Figures with a critic that is scaled by a factor.
#[derive(Clone, Debug)]
pub(super) struct Scaled {
    /// Held out, h drawn from the encoder.
    pub(super) drawn: Figures,
    /// Held out, h decided.
    pub(super) decided: Option<Figures>,
    /// As `drawn`, of the windows that were trained on, where folds ask for it.
    pub(super) trained: Option<Figures>,
}

/// Two trainings, since the first found hardly anything: from drawn first weights, and from equal ones.
#[derive(Clone, Copy, Debug)]
pub struct Plain {
    /// Information on validation windows with the first.
    pub drawn: Estimate,
    /// Information on the same windows with the second.
    pub equal: Estimate,
    /// Whether the second is the one that is reported.
    pub kept: bool,
}

/// Three supplies that share nothing, and how much is taken of them.
struct Supplies<'a, C, V> {
    cut: C,
    /// Means of the sites of V, known beforehand; none: 0.
    centres: Vec<f32>,
    /// How much is taken, by how often configurations are used.
    sizes: Box<dyn Fn(Reuse) -> Sizes + 'a>,
    /// Of a seed.
    training: Box<dyn Fn(u64) -> Box<dyn Supply<V> + Send + 'a> + 'a>,
    watched: Box<dyn Supply<V> + 'a>,
    choosing: Box<dyn FnOnce() -> Box<dyn Supply<V> + 'a> + 'a>,
    /// What was trained on, once more, where several parts of a file are held out in turn.
    trained: Option<Box<dyn Supply<V> + 'a>>,
    held_out: Box<dyn Supply<V> + Send + 'a>,
    /// Correlation of validation and held-out configurations in their order.
    correlation: Correlation,
    /// Threads that draw.
    crew: Arc<Crew>,
}

/// The supply of held-out configurations, taken while the training runs.
struct Meanwhile<'a, V> {
    supply: Box<dyn Supply<V> + Send + 'a>,
    /// Whether they are of no use any more.
    over: &'a AtomicBool,
}

/// Counts work that is done while another phase is shown.
#[derive(Default)]
struct Count(AtomicU64);

impl Progress for Count {
    fn advance(&self, units: u64) {
        self.0.fetch_add(units, Ordering::Relaxed);
    }

    fn describe(&self, _: &dyn Fn() -> String) {}
}

impl<V> Supply<V> for Meanwhile<'_, V> {
    fn next(&mut self, slot: &mut [V]) -> Result<bool> {
        Ok(!self.over.load(Ordering::Relaxed) && self.supply.next(slot)?)
    }

    fn expect(&mut self, count: usize) {
        self.supply.expect(count);
    }

    fn work(&self, count: usize) -> (u64, &'static str) {
        self.supply.work(count)
    }

    fn report(&mut self, progress: Option<Arc<dyn Progress>>) {
        self.supply.report(progress);
    }

    fn pass(&mut self, state: &mut StateFile) -> Result<()> {
        self.supply.pass(state)
    }

    fn bytes(&self) -> u64 {
        self.supply.bytes()
    }
}

/// Tells those who wait for a thread that it has ended, however it did.
struct Ends<'a>(&'a AtomicBool, &'a Crew);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
        self.1.tell();
    }
}

/// Bytes of memory that a run of a model takes, about.
#[must_use]
pub fn memory(setup: &Setup, model: &ModelSampler) -> u64 {
    with_sampling!(model, sampling => model_memory(setup, &sampling.model))
}

fn model_memory<M: Supplier<Value: SampleValue>>(setup: &Setup, model: &M) -> u64 {
    learned(setup)
        + Sizes::of_model::<M::Value>(setup, Reuse::default())
            .bytes::<M::Value>(setup, setup.geometry.sites())
        + 3 * mcmc::memory(model)
}

/// Trains on Markov chains of a model, and estimates. The training goes on from its checkpoint, where
/// one was found, and writes others, where it is given.
///
/// # Errors
/// A failure, if the training diverges, or the checkpoint is damaged or finds no room.
pub fn model(
    setup: &Setup,
    model: &ModelSampler,
    checkpoint: Option<&mut Checkpoint>,
) -> Result<Outcome> {
    with_sampling!(model, sampling => sampler(setup, sampling, checkpoint))
}

/// Trains on Markov chains of a sampler of your own, and estimates.
///
/// # Errors
/// As [`model`].
pub fn sampler<M: Supplier<Value: SampleValue>>(
    setup: &Setup,
    sampling: &Sampling<M>,
    checkpoint: Option<&mut Checkpoint>,
) -> Result<Outcome> {
    let Geometry::Window(window) = &setup.geometry else {
        return Err(Error::usage(
            "lists of sites belong to data; a model has windows",
        ));
    };
    // Chains of two purposes are drawn at once.
    let crew = Arc::new(Crew::new(setup.execution.threads.clamp(1, 2 * CHAINS)));
    let drawn = crew.clone();
    let chains = move |seed, purpose, urgency| {
        Box::new(Chains::of_crew(
            sampling.clone(),
            seed,
            purpose,
            &drawn,
            urgency,
        ))
    };
    let held_out = chains(setup.optimisation.seed, Purpose::HeldOut, 2);
    let seed = setup.optimisation.seed;
    learn(
        setup,
        Supplies {
            cut: *window,
            centres: centres(&sampling.model, window),
            sizes: Box::new(|reuse| Sizes::of_model::<M::Value>(setup, reuse)),
            watched: chains(seed, Purpose::Validation, 0),
            // Of chains that no training was watched by.
            choosing: {
                let chains = chains.clone();
                Box::new(move || chains(seed.wrapping_add(1 << 63), Purpose::Validation, 0))
            },
            training: Box::new(move |seed| chains(seed, Purpose::Training, 1)),
            trained: None,
            held_out: match crew.has_others() {
                true => Box::new(held_out.idle()),
                false => held_out,
            },
            correlation: Correlation::NONE,
            crew,
        },
        checkpoint,
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

/// Trains on a file, of which parts are trained on, watched and held out, and estimates; with
/// checkpoints as [`model`] has them.
///
/// # Errors
/// Those of the file; a failure, if there is no room, the training diverges, the checkpoint is damaged
/// or hardly a window is complete.
pub fn data(
    setup: &Setup,
    data: &Data,
    parts: &Split,
    checkpoint: Option<&mut Checkpoint>,
) -> Result<Outcome> {
    match data.kind() {
        Kind::Signs { .. } => data_run::<u32>(setup, data, parts, checkpoint),
        Kind::Reals { .. } => data_run::<f32>(setup, data, parts, checkpoint),
    }
}

fn data_run<V: SampleValue>(
    setup: &Setup,
    data: &Data,
    parts: &Split,
    checkpoint: Option<&mut Checkpoint>,
) -> Result<Outcome> {
    match &setup.geometry {
        Geometry::Window(window) => {
            // Whole configurations, unless a pool of two batches would be too much.
            let most = DATA_POOL_BYTES / (2 * setup.shape.batch() * size_of::<V>()) * V::PACKED;
            let (crop, window) = Crop::around(*window, most)?;
            cut_run::<_, V>(setup, data, parts, (&crop, window), checkpoint)
        }
        Geometry::Sites(sites) => {
            let (crop, region) = sites.region()?;
            cut_run::<_, V>(setup, data, parts, (crop, region), checkpoint)
        }
    }
}

fn cut_run<C: Cut + Copy + Send + Sync, V: SampleValue>(
    setup: &Setup,
    data: &Data,
    parts: &Split,
    (crop, cut): (&Crop, C),
    checkpoint: Option<&mut Checkpoint>,
) -> Result<Outcome> {
    let sizes = Sizes::of_data::<V>(setup, parts, crop.sites());
    let needed =
        learned(setup) + sizes.bytes::<V>(setup, crop.sites()) + crop.scratch::<V>() as u64;
    resources::memory("this run", needed)?;
    let setup = &setup.with_threads_beside(needed);
    let supply = |part: &Range<usize>, count: usize, endless, stream| {
        let rows = Rows::<V>::new(data, part.clone(), count, endless, crop, stream);
        Box::new(rows.in_order(parts.order()))
    };
    let all = |extent: Extent| extent.groups * setup.shape.batch();
    let (watched, held_out) = (all(sizes.watched), all(sizes.held_out));
    let (choosing, trained) = (all(sizes.choosing), all(sizes.trained));
    let seed = setup.optimisation.seed;
    let mut outcome = learn(
        setup,
        Supplies {
            cut,
            centres: vec![],
            sizes: Box::new(|_| Sizes::of_data::<V>(setup, parts, crop.sites())),
            training: Box::new(move |seed| {
                supply(&parts.train, parts.train.len(), true, (seed, 2))
            }),
            watched: supply(&parts.validation, watched, false, (seed, 3)),
            choosing: Box::new(move || supply(&parts.validation, choosing, false, (seed, 5))),
            trained: (setup.scaling == Scaling::Folds)
                .then(|| supply(&parts.train, trained, false, (seed, 6)) as Box<_>),
            held_out: supply(&parts.held_out, held_out, false, (seed, 4)),
            correlation: parts.correlation,
            crew: Arc::new(Crew::new(1)),
        },
        checkpoint,
    )?;
    // Those of a long file are read again and again.
    outcome.configurations = outcome.configurations.min(parts.train.len());
    Ok(outcome)
}

/// Climbs to the end, and writes checkpoints. `following`: trainings that come after this one; none, if
/// that is not known.
fn train<C: Cut + Send, V: SampleValue>(
    setup: &Setup,
    training: &mut Training<C, V>,
    watched: &HeldOut<V>,
    (label, following): (&str, Option<u64>),
    mut checkpoint: Option<&mut Checkpoint>,
    mut search: impl FnMut() -> Search,
) -> Result<()> {
    let steps = u64::from(setup.schedule.steps);
    let observer = &setup.execution.observer;
    training.fill()?;
    let progress = observer.begin(Phase {
        label,
        total: steps,
        unit: STEPS,
    });
    progress.skip(u64::from(training.course().done));
    match following {
        Some(trainings) => progress.followed_by(trainings),
        None => progress.expect(steps),
    }
    while !training.is_over() {
        let steps = training.steps()?;
        progress.advance(u64::from(steps));
        if let Some(estimate) = training.record(watched) {
            progress.describe(&|| format!("{estimate} nats"));
        }
        if let Some(checkpoint) = &mut checkpoint
            && checkpoint.is_due()
            && !training.is_over()
        {
            checkpoint.write(observer.as_ref(), |state| {
                state.value(&mut search())?;
                training.pass(state)
            });
        }
    }
    Ok(())
}

fn learn<C: Cut + Copy + Send + Sync, V: SampleValue>(
    setup: &Setup,
    supply: Supplies<'_, C, V>,
    mut checkpoint: Option<&mut Checkpoint>,
) -> Result<Outcome> {
    let begun = Instant::now();
    let Supplies {
        cut,
        centres,
        sizes,
        training: supply,
        watched,
        choosing,
        trained: training_windows,
        held_out,
        correlation,
        crew,
    } = supply;
    let (seed, batch) = (setup.optimisation.seed, setup.shape.batch());
    let mut state = checkpoint.as_mut().and_then(|found| found.resume());
    let mut search = Search::default();
    if let Some(state) = &mut state {
        state.value(&mut search)?;
        state.require(search.can_be(setup))?;
    }
    let sizes = sizes(search.reuse);
    let start = Instant::now();
    let observer = &setup.execution.observer;
    let gather = |supply: &mut dyn Supply<V>, extent, origins: &mut _| {
        HeldOut::gather(supply, &cut, batch, extent, origins)
    };
    let shown = |supply: &mut dyn Supply<V>, extent: Extent, origins: &mut _, label| {
        supply.expect(extent.groups * batch);
        let (total, unit) = supply.work(extent.groups * batch);
        supply.report(Some(observer.begin(Phase { label, total, unit }).into()));
        let gathered = gather(supply, extent, origins);
        supply.report(None);
        gathered
    };
    let mut origins = Stream::new(seed, 1, Purpose::Windows);
    let watched = {
        let mut supply = watched;
        shown(supply.as_mut(), sizes.watched, &mut origins, "validation")?
    };
    let gather_choosing = || {
        let mut origins = Stream::new(seed, 5, Purpose::Windows);
        shown(
            choosing().as_mut(),
            sizes.choosing,
            &mut origins,
            "validation",
        )
    };
    let mut gather_choosing = Some(gather_choosing);
    let choosing = match setup.chooses() {
        true => gather_choosing.take().map(|gather| gather()).transpose()?,
        false => None,
    };
    let mut seconds_gathering = start.elapsed().as_secs_f64();

    let mut pool = PoolBuffers::new(&sizes, cut.sites());
    let mut climb = || loop {
        let (critic, components, seed) = search.next(setup);
        let stage = setup.stage(critic, components)?;
        let mut buffers = Buffers::new(stage.shape);
        let buffers = (&mut buffers, &mut pool);
        let place = (cut, &centres[..]);
        let drawn = (supply(seed), correlation);
        let mut training = Training::new(&stage, &sizes, buffers, place, drawn, seed)?;
        if let Some(checkpoint) = &checkpoint {
            checkpoint.fits(training.bytes(cut.sites()))?;
        }
        if let Some(mut state) = state.take() {
            training.pass(&mut state)?;
            state.end()?;
        }
        let label = search.label(setup);
        let label = (&label[..], search.following(setup));
        let so_far = || search.after(begun.elapsed().as_secs_f64());
        let checkpoint = checkpoint.as_deref_mut();
        train(&stage, &mut training, &watched, label, checkpoint, so_far)?;
        let working = setup.begin("validating");
        let mut ended = training.end(&watched, choosing.as_ref())?;
        drop(working);
        ended.critic = critic;
        let Some(trained) = search.push(setup, ended) else {
            continue;
        };
        let stage = setup.stage(trained.critic, trained.components)?;
        if !setup.may_start_plain() || !trained.is_weak() {
            break Ok::<_, Error>((trained, None));
        }
        // Drawn weights may have led nowhere. Equal ones are tried too, and both are compared on more
        // windows than the training was watched by.
        let gathered = gather_choosing.take().map(|gather| gather()).transpose()?;
        let Some(windows) = gathered.as_ref().or(choosing.as_ref()) else {
            break Ok((trained, None));
        };
        let plain = stage.started_plain()?;
        let mut buffers = Buffers::new(plain.shape);
        let (drawn, buffers) = ((supply(seed), correlation), (&mut buffers, &mut pool));
        let mut training = Training::new(&plain, &sizes, buffers, place, drawn, seed)?;
        let label = ("training, equal weights", Some(0));
        train(&plain, &mut training, &watched, label, None, || {
            search.clone()
        })?;
        let equal = training.end(&watched, Some(windows))?;
        search.add(&equal);
        let (kept, plain) = better(&stage, &centres, (trained, equal), windows, correlation)?;
        break Ok((kept, Some(plain)));
    };

    // With threads to spare held-out windows are gathered meanwhile; no training sees them.
    let (over, ended) = (AtomicBool::new(false), AtomicBool::new(false));
    let done = Arc::new(Count::default());
    let label = "held out";
    let ((trained, plain), held) = std::thread::scope(|scope| {
        let mut supply = Meanwhile {
            supply: held_out,
            over: &over,
        };
        let configurations = sizes.held_out.groups * batch;
        supply.expect(configurations);
        let (total, unit) = supply.work(configurations);
        let gather_held_out = move |progress: Arc<dyn Progress>| {
            supply.report(Some(progress));
            gather(&mut supply, sizes.held_out, &mut origins)
        };
        let phase = || observer.begin(Phase { label, total, unit });
        // Taken by another thread, if there is one.
        let waiting = Arc::new(Mutex::new(Some(gather_held_out)));
        let thread = match setup.execution.threads {
            1 => None,
            _ => {
                let (waiting, ends) = (waiting.clone(), Ends(&ended, &crew));
                let done = done.clone();
                let work = move || {
                    let _ends = ends;
                    let gather = lock(&waiting).take();
                    gather.map(|mut gather| gather(done))
                };
                Builder::new().spawn_scoped(scope, work).ok()
            }
        };
        let Some(thread) = thread else {
            let trained = climb()?;
            let start = Instant::now();
            let gather = lock(&waiting).take();
            let held = gather.map(|mut gather| gather(phase().into()));
            seconds_gathering += start.elapsed().as_secs_f64();
            return Ok((trained, held.unwrap_or_else(|| Err(incomplete()))?));
        };
        let trained = climb().inspect_err(|_| over.store(true, Ordering::Relaxed))?;
        let start = Instant::now();
        let progress = phase();
        let told = AtomicU64::new(done.0.load(Ordering::Relaxed));
        progress.skip(told.load(Ordering::Relaxed));
        crew.until(true, || {
            let done = done.0.load(Ordering::Relaxed);
            progress.advance(done - told.swap(done, Ordering::Relaxed));
            ended.load(Ordering::Acquire)
        });
        drop(progress);
        let held = thread.join().unwrap_or_else(|panic| resume_unwind(panic));
        let held = held.unwrap_or_else(|| Err(incomplete()))?;
        seconds_gathering += start.elapsed().as_secs_f64();
        Ok::<_, Error>((trained, held))
    })?;

    let setup = &setup.stage(trained.critic, trained.components)?;
    let mut buffers = Buffers::<V>::new(setup.shape);
    let mut rsmi = buffers.of(setup, &centres, &trained)?;
    let _working = setup.begin("estimating");
    let training_windows = training_windows.map(|mut supply| {
        let mut origins = Stream::new(seed, 6, Purpose::Windows);
        gather(supply.as_mut(), sizes.trained, &mut origins)
    });
    let windows = (&held, training_windows.transpose()?);
    let scaled = scaled(setup, &mut rsmi, &trained, windows);
    let Scaled { drawn, decided, .. } = &scaled[0];
    let found = filters(setup, &mut rsmi, &held)?;
    Ok(Outcome {
        information: drawn.estimate(correlation),
        information_sign: decided
            .as_ref()
            .map(|figures| figures.estimate(correlation)),
        folds: vec![],
        overfits: trained.overfits(),
        training: trained.training(),
        critic_scale: trained.scale.unwrap_or(1.0),
        shortfall: None,
        filter_series: filter_series(setup, &trained, &found)?,
        filters: found,
        parameters: rsmi.parameters().to_vec(),
        fingerprint: trained.fingerprint(),
        independent: drawn.independent(correlation),
        groups: held.groups,
        steps: trained.course.done,
        kept_step: trained.step(),
        ended: trained.course.ended,
        refined: trained.course.refined,
        components: setup.components(),
        critic: trained.critic,
        configurations: trained.course.configurations,
        left_out: trained.left_out,
        series: trained.course.series,
        seconds_sampling: search.seconds_sampling + seconds_gathering,
        seconds_training: search.seconds_training,
        seconds: search.earlier + begun.elapsed().as_secs_f64(),
        critics: search.critics(),
        attempts: search.attempts,
        plain,
        scaled,
    })
}

/// The better of two trainings, from drawn and from equal weights, on windows that neither learned from.
fn better<V: SampleValue>(
    setup: &Setup,
    centres: &[f32],
    (drawn, mut equal): (TrainingResult, TrainingResult),
    windows: &HeldOut<V>,
    correlation: Correlation,
) -> Result<(TrainingResult, Plain)> {
    equal.critic = drawn.critic;
    let mut buffers = Buffers::<V>::new(setup.shape);
    let mut rsmi = buffers.of(setup, centres, &drawn)?;
    let first = choose(setup, &mut rsmi, windows).estimate(correlation);
    let second = equal.watched.unwrap_or(first);
    let plain = Plain {
        drawn: first,
        equal: second,
        kept: second.mean > first.mean,
    };
    Ok((if plain.kept { equal } else { drawn }, plain))
}

/// Figures of a training on held-out windows, and on those that it learned from, with each factor of the
/// critic that is tried.
fn scaled<V: SampleValue>(
    setup: &Setup,
    rsmi: &mut Rsmi,
    trained: &TrainingResult,
    (held, learned): (&HeldOut<V>, Option<HeldOut<V>>),
) -> Vec<Scaled> {
    let (_, reported) = setup.learning();
    let (isa, decided) = (setup.execution.isa, setup.coarse.decided());
    let scales = match setup.scaling {
        Scaling::Folds => &SCALES[..],
        Scaling::None | Scaling::Validation => &SCALES[..1],
    };
    let of_scale = |scale: &f32| {
        trained.give(rsmi);
        rsmi.scale_critic(*scale);
        let mut noise = Stream::new(setup.optimisation.seed, 1, Purpose::Encoder);
        let drawn = held.figures(rsmi, isa, reported, &mut noise);
        let decided = decided.map(|decided| match decided == reported {
            true => drawn.clone(),
            false => held.figures(rsmi, isa, decided, &mut noise),
        });
        let trained = learned
            .as_ref()
            .map(|windows| windows.figures(rsmi, isa, reported, &mut noise));
        Scaled {
            drawn,
            decided,
            trained,
        }
    };
    let scaled = scales.iter().map(of_scale).collect();
    trained.give(rsmi);
    scaled
}

/// The outcome for data that never vary: no information, a filter of zeros.
///
/// # Errors
/// Those of [`Filters::new`].
pub fn nothing(setup: &Setup) -> Result<Outcome> {
    let none = Estimate {
        mean: 0.0,
        stderr: 0.0,
    };
    Ok(Outcome {
        information: none,
        information_sign: setup.coarse.decided().map(|_| none),
        scaled: vec![],
        plain: None,
        overfits: false,
        folds: vec![],
        training: 0.0,
        filters: Filters::new(setup.geometry.block(), setup.zeros())?,
        filter_series: FilterSeries::default(),
        parameters: vec![],
        series: vec![],
        steps: setup.schedule.steps,
        kept_step: setup.schedule.steps,
        ended: None,
        refined: None,
        components: setup.components(),
        critic: 0,
        critic_scale: 1.0,
        shortfall: None,
        critics: vec![],
        attempts: vec![],
        fingerprint: 0,
        independent: 0.0,
        groups: 0,
        configurations: 0,
        left_out: 0,
        seconds_sampling: 0.0,
        seconds_training: 0.0,
        seconds: 0.0,
    })
}
