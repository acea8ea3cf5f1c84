//! A run whose configuration has been checked, and its execution.

use std::hash::Hasher;
use std::path::Path;
use std::time::Instant;

use blockspin_core::lattice::Lattice;
use fnv::FnvHasher;

use super::Execution;
use super::config::RunConfig;
use super::cross_fitting;
use super::diagnostics::diagnose;
use super::evaluate::Estimate;
use super::folder::{self, FileHashes};
use super::history;
use super::input::{DataInput, Input};
use super::learning::{self, Outcome};
use super::record::{
    self, ChainsRecord, ComponentsRecord, CriticRecord, DataRecord, FoldRecord, GraphRecord,
    PlainRecord, RestartRecord, Results, RunRecord, SiteScales, SuspiciousValue, Timing,
    ValuesRecord, finite, nested_filters,
};
use super::reference::Exact;
use super::setup::Setup;
use crate::data::graph::{Graph, Shells};
use crate::data::split::Split;
use crate::data::survey::Survey;
use crate::data::transform::Transform;
use crate::data::{Data, Kind, Repeats};
use crate::error::{Error, Result};
use crate::model::ModelSampler;
use crate::model::mcmc::Plan;
use crate::run::checkpoint::{Checkpoint, PilotRecord};
use crate::store::codec::damaged;
use crate::store::resources;

/// A run that has been checked: its input is open, its window lies on it, its filters have been read,
/// and it fits into memory.
pub struct Session {
    config: RunConfig,
    input: Input,
    setup: Setup,
    shells: Option<Shells>,
    files: FileHashes,
}

impl Session {
    /// Checks a configuration and opens the files that it names.
    ///
    /// # Errors
    /// If settings are invalid, files cannot be read, or memory does not suffice.
    pub fn new(config: &RunConfig, execution: Execution) -> Result<Self> {
        Self::with_data(config, execution, None)
    }

    /// As [`new`](Self::new), with configurations that may be in memory.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_data(config: &RunConfig, execution: Execution, data: Option<Data>) -> Result<Self> {
        let in_memory = data.is_some();
        let mut input = Input::open(
            &config.source,
            &config.window,
            data,
            execution.observer.as_ref(),
        )?;
        let sampler = match &input {
            Input::Model(model, _) => Some(model.unmeasured()?),
            Input::Data(_) => None,
        };
        let config = config.completed(input.is_discrete())?;
        let (mut setup, shells) = Setup::new(&config, &input, execution)?;
        if let Input::Data(input) = &mut input {
            input.convert(&setup.geometry, setup.execution.observer.as_ref())?;
        }
        // The memory for a file is known once the file has been split.
        if let Some(sampler) = sampler {
            let needed = learning::memory(&setup, &sampler);
            resources::memory("this run", needed)?;
            setup = setup.with_threads_beside(needed);
        }
        let files = folder::file_hashes(&config, in_memory)?;
        Ok(Session {
            config,
            input,
            setup,
            shells,
            files,
        })
    }

    /// The configuration, completely resolved.
    #[must_use]
    pub fn config(&self) -> &RunConfig {
        &self.config
    }

    /// How the run is executed.
    pub fn execution_mut(&mut self) -> &mut Execution {
        &mut self.setup.execution
    }

    /// The graph of the values, and the shells of the window.
    #[must_use]
    pub fn graph(&self) -> Option<(&Graph, &Shells)> {
        self.input.graph().zip(self.shells.as_ref())
    }

    /// The default name of the run's folder, `MODEL-SEED` where all settings are defaults, which tells it
    /// from those of other runs.
    #[must_use]
    pub fn folder_name(&self) -> String {
        folder::name(&self.config, self.input.is_discrete(), &self.files)
    }

    /// Checks that the finished run in a folder, if there is one, is this one.
    ///
    /// # Errors
    /// Usage, if it has other settings, read other files, or is of another version.
    pub fn check_replacement(&self, path: &Path) -> Result<()> {
        folder::check_replacement(path, &self.config, self.input.is_discrete(), &self.files)
    }

    /// Executes the run. Repeated calls give the same result.
    ///
    /// # Errors
    /// If files or checkpoints cannot be read or written, or the training fails.
    pub fn run(&self) -> Result<RunRecord> {
        let setup = &self.setup;
        let mut checkpoint = match &setup.execution.checkpoint {
            Some(plan) => Some(Checkpoint::check(
                plan,
                &self.config,
                self.input.is_discrete(),
                setup.execution.observer.as_ref(),
            )?),
            None => None,
        };
        let (mut warnings, mut parts, mut survey) = (vec![], None, None);
        let mut chains = None;
        let outcome = match &self.input {
            Input::Model(model, pace) => {
                let begun = Instant::now();
                let (seed, threads) = (setup.optimisation.seed, setup.execution.threads);
                let measured = checkpoint.as_ref().and_then(|found| found.measured());
                let prepared = match measured {
                    Some(found) => {
                        let resumed = pace.resume(model.as_ref(), &found);
                        resumed.ok_or_else(|| damaged_checkpoint(setup))?
                    }
                    None => {
                        let observer = setup.execution.observer.as_ref();
                        pace.prepare(model.as_ref(), seed, threads, observer)?
                    }
                };
                let measured = measured.unwrap_or_else(|| PilotRecord {
                    plan: *prepared.plan(),
                    clusters: prepared.clusters(),
                    seconds: begun.elapsed().as_secs_f64(),
                });
                if let Some(checkpoint) = &mut checkpoint {
                    checkpoint.set_measured(measured);
                }
                warnings.extend(chain_warnings(&prepared, prepared.plan()));
                chains = Some(chains_record(&prepared));
                let mut outcome = learning::model(setup, &prepared, checkpoint.as_mut())?;
                // The pilot counts as sampling.
                outcome.seconds_sampling += measured.seconds;
                outcome.seconds += measured.seconds;
                outcome
            }
            Input::Data(input) => {
                warnings.extend(input.warnings());
                if input.graph.is_none() {
                    warnings.extend(input.data.advice()?);
                }
                match self.nothing_to_learn(input) {
                    Some(why) => {
                        warnings.push(why);
                        learning::nothing(setup)?
                    }
                    None => {
                        let working = setup.begin("looking at data");
                        let found = self.split(input)?;
                        warnings.extend(split_warnings(&found, input.data.configurations()));
                        if setup.geometry.place().is_none() {
                            survey = Survey::of(&input.data)?;
                        }
                        drop(working);
                        if let Some(checkpoint) = &mut checkpoint {
                            checkpoint.set_data(self.identity(input, &found))?;
                        }
                        let data = cross_fitting::run(
                            setup,
                            (self.config.critic.critics, self.config.optimisation.folds),
                            (&input.data, &found),
                            checkpoint.as_mut(),
                        );
                        parts = Some(found);
                        data?
                    }
                }
            }
        };
        let mut record = self.record(outcome, warnings, parts.as_ref(), survey);
        record.results.chains = chains;
        Ok(record)
    }

    /// The parts of a file.
    fn split(&self, input: &DataInput) -> Result<Split> {
        let geometry = &self.setup.geometry;
        let lattice = input.graph.is_none();
        let batch = self.setup.shape.batch();
        Split::of(
            &input.data,
            &geometry.crop()?,
            lattice,
            input.repeats,
            batch,
        )
    }

    /// The message for data that leave nothing to learn.
    fn nothing_to_learn(&self, input: &DataInput) -> Option<String> {
        if input.data.is_constant() {
            return Some(format!(
                "all values in {} are {}: there is nothing to learn, and the information is 0",
                input.file,
                match input.data.kind() {
                    Kind::Signs { low, .. } => low,
                    Kind::Reals { centre, .. } => centre,
                }
            ));
        }
        let (part, way) = match self.setup.geometry.parts() {
            (0, _) => ("block", "a larger `block`"),
            (_, 0) => ("environment", "a wider `environment`"),
            _ => return None,
        };
        Some(format!(
            "the values of the {part} are the same in all configurations: there is nothing to \
             learn, and the information is 0; take another `origin`, or {way}"
        ))
    }

    /// Centre and scale of each site, if the window has one place.
    fn site_scales(&self, input: &DataInput) -> Option<SiteScales> {
        let sides = input.data.sides();
        let place = self.setup.geometry.place_sites(Lattice::new(sides).ok()?)?;
        let of = |sites: &[u32]| -> Option<(Vec<f64>, Vec<f64>)> {
            let sites = sites.iter();
            sites
                .map(|site| input.data.centre_and_scale(*site as usize))
                .collect()
        };
        let [block, environment] = &place;
        if block.len() + environment.len() > RECORDED_SITES {
            return None;
        }
        let ((block_centres, block_scales), (environment_centres, environment_scales)) =
            (of(block)?, of(environment)?);
        Some(SiteScales {
            block_centres,
            block_scales,
            environment_centres,
            environment_scales,
        })
    }

    /// FNV-1a 64 hash of a file's properties and of the sites that are read, which distinguishes files
    /// without reading them again.
    fn identity(&self, input: &DataInput, parts: &Split) -> u64 {
        let mut hash = FnvHasher::default();
        let mut add = |number: u64| hash.write(&number.to_le_bytes());
        let data = &input.data;
        let (kind, numbers) = match data.kind() {
            Kind::Signs { low, high } => (0, [low, high]),
            Kind::Reals { centre, scale } => (1, [centre, scale]),
        };
        add(kind);
        numbers.iter().for_each(|x| add(x.to_bits()));
        // Data that are converted as ever have the hash of before.
        if data.transform().is_some_and(|transform| {
            transform != Transform::Standard || input.place(&self.setup.geometry).is_some()
        }) {
            add(data.transform().map_or(0, |transform| transform as u64 + 2));
        }
        add(data.configurations() as u64);
        add(data.missing());
        add(parts.correlation.time.to_bits());
        add(parts.repeats.as_ref().map_or(0, |repeats| repeats.content));
        let (block, environment) = self.setup.geometry.parts();
        add(block as u64);
        add(environment as u64);
        let place = self.setup.geometry.block_indices();
        let shells = self.shells.iter();
        let shells = shells.flat_map(|shells| shells.block.iter().chain(&shells.environment));
        let sites = data.sides().iter().chain(data.varying()).chain(&place);
        sites.chain(shells).for_each(|n| add(u64::from(*n)));
        hash.finish()
    }

    fn record(
        &self,
        outcome: Outcome,
        mut warnings: Vec<String>,
        parts: Option<&Split>,
        survey: Option<Survey>,
    ) -> RunRecord {
        let setup = &self.setup;
        let working = setup.begin("exact values");
        let exact = Exact::of(&self.input, setup, &outcome.filters);
        drop(working);
        let (shape, bound) = (setup.shape, setup.optimisation.bound);
        // Valid to leading order in 1/K: where it is large it has no meaning.
        let capacity = setup.coarse.capacity(outcome.filters.count());
        let deficit = capacity.and_then(|capacity| bound.deficit(shape.batch(), capacity));
        let tried = attempts(&outcome);
        let (block, environment) = setup.geometry.parts();
        let sign = outcome.information_sign;
        let mut results = Results {
            information_nats: finite(outcome.information.mean),
            information_stderr_nats: finite(outcome.information.stderr),
            information_bits: finite(outcome.information.mean / std::f64::consts::LN_2),
            information_sign_nats: sign.and_then(|sign| finite(sign.mean)),
            information_sign_stderr_nats: sign.and_then(|sign| finite(sign.stderr)),
            training_information_nats: finite(outcome.training),
            ceiling_nats: bound.ceiling(shape.batch()),
            capacity_nats: capacity,
            deficit_nats: deficit.filter(|deficit| *deficit < 0.1),
            bias_nats: capacity.and_then(|capacity| bound.bias(shape.batch(), capacity)),
            exact: exact.record(),
            configurations: outcome.configurations,
            held_out_batches: outcome.groups,
            held_out_independent: (outcome.groups > 0).then(|| outcome.independent.round()),
            sites: [block, environment],
            windows_per_configuration: setup.geometry.independent(),
            components: outcome.components,
            steps: outcome.steps,
            kept_step: outcome.kept_step,
            ended: outcome.ended,
            refined: outcome.refined,
            restarts: tried.restarts,
            spread_nats: tried.spread,
            components_tried: tried.components,
            critics_tried: self.critics_tried(&outcome),
            critic_scale: (outcome.critic_scale != 1.0).then(|| {
                // The shortest decimal: 0.8, not 0.800000011.
                outcome.critic_scale.to_string().parse().unwrap_or(1.0)
            }),
            critic_shortfall_nats: outcome.shortfall.and_then(finite),
            equal_weights: outcome.plain.map(|plain| PlainRecord {
                drawn_nats: finite(plain.drawn.mean),
                equal_nats: finite(plain.equal.mean),
                stderr_nats: finite(plain.equal.stderr),
                kept: plain.kept,
            }),
            fold_estimates: several(
                outcome
                    .folds
                    .iter()
                    .map(|fold| FoldRecord {
                        information_nats: finite(fold.mean),
                        information_stderr_nats: finite(fold.stderr),
                    })
                    .collect(),
            ),
            filters: nested_filters(&outcome.filters),
            filters_series_steps: several(outcome.filter_series.steps.clone()),
            filters_are: shape.has_map().then(|| "mean response of the map".into()),
            fingerprint: format!("{:016x}", outcome.fingerprint),
            file_hashes: (!self.files.is_empty()).then(|| self.files.clone()),
            chains: None,
            data: match &self.input {
                Input::Data(input) => Some(self.data(input, parts, survey, &outcome)),
                Input::Model(..) => None,
            },
            diagnoses: vec![],
            warnings: vec![],
        };
        let rise = outcome
            .folds
            .is_empty()
            .then(|| history::rise(&outcome.series));
        let judged = diagnose(
            &self.config,
            &results,
            rise.flatten(),
            self.input.is_discrete(),
        );
        for (diagnosis, sentence) in judged {
            results.diagnoses.push(diagnosis);
            warnings.push(sentence);
        }
        results.warnings = warnings;
        let steps: f64 = outcome
            .attempts
            .iter()
            .map(|all| f64::from(all.steps))
            .sum();
        RunRecord {
            config: self.config.clone(),
            command: None,
            results,
            filters: outcome.filters,
            filter_series: outcome.filter_series,
            history: outcome.series,
            timing: Timing {
                seconds_sampling: outcome.seconds_sampling,
                seconds_training: outcome.seconds_training,
                seconds: outcome.seconds,
                steps_per_second: record::finite(steps / outcome.seconds_training),
            },
        }
    }

    /// The best training with each critic, if several were tried.
    fn critics_tried(&self, outcome: &Outcome) -> Option<Vec<CriticRecord>> {
        let setup = self.setup.with_alternatives();
        let tried = outcome.critics.iter().enumerate().map(|(critic, watched)| {
            let shape = match critic {
                0 => setup.shape,
                _ => setup.alternatives[critic - 1],
            };
            CriticRecord {
                critic: shape.critic().name().into(),
                hidden: shape.hidden().to_vec(),
                embedding: shape.embedding() as u32,
                validation_nats: finite(watched.mean),
                validation_stderr_nats: finite(watched.stderr),
                kept: critic == outcome.critic,
            }
        });
        several(tried.collect())
    }

    fn data(
        &self,
        input: &DataInput,
        parts: Option<&Split>,
        survey: Option<Survey>,
        outcome: &Outcome,
    ) -> DataRecord {
        let data = &input.data;
        let sites = self.site_scales(input);
        let used = data.transform();
        let transformed = matches!(used, Some(Transform::Standard | Transform::Rank));
        let each_site = transformed && input.place(&self.setup.geometry).is_some();
        let common = used != Some(Transform::Rank) && !each_site;
        let (kind, low, high, centre, scale) = match data.kind() {
            Kind::Signs { low, high } => ("two-valued", Some(low), Some(high), None, None),
            Kind::Reals { .. } if !common => ("real", None, None, None, None),
            Kind::Reals { centre, scale } => ("real", None, None, Some(centre), Some(scale)),
        };
        let range = |part: fn(&Split) -> &std::ops::Range<usize>| {
            parts.map(|parts| [part(parts).start, part(parts).end])
        };
        let graph = input.graph.as_ref().zip(self.shells.as_ref());
        DataRecord {
            file: input.file.clone(),
            configurations: data.configurations(),
            sides: data.sides().to_vec(),
            boundary: input.boundary(),
            boundary_by_axis: input.graph.is_none().then(|| input.open.clone()),
            kind: kind.into(),
            low,
            high,
            centre,
            scale,
            transform_used: data.transform(),
            each_site,
            subtracted: input.subtract,
            filters_act_on: match data.transform() {
                None | Some(Transform::None) => None,
                Some(transform) => Some(format!(
                    "{}{}",
                    match transform {
                        Transform::Rank => "normal scores of ranks",
                        _ => "(x − mean) / (standard deviation)",
                    },
                    if each_site {
                        ", each site by itself"
                    } else {
                        ""
                    }
                )),
            },
            site_scales: sites,
            values: data.summary().map(|summary| ValuesRecord {
                mean: summary.mean,
                deviation: summary.deviation,
                least: summary.least,
                greatest: summary.greatest,
                heavy_tailed: summary.heavy_tailed,
                suspicious: summary
                    .markers
                    .iter()
                    .map(|marker| SuspiciousValue {
                        value: marker.value,
                        count: marker.count,
                        share: marker.count / summary.scanned,
                    })
                    .collect(),
            }),
            survey,
            missing_values: data.missing(),
            windows_left_out: outcome.left_out,
            autocorrelation_time: parts.map(|parts| parts.correlation.time),
            different: parts.and_then(|parts| Some(parts.repeats.as_ref()?.different)),
            repeated: parts.and_then(|parts| Some(parts.repeats.as_ref()?.repeated)),
            left_out: parts.map_or(0, |parts| data.configurations() - parts.count(data)),
            trained: range(|parts| &parts.train),
            validation: range(|parts| &parts.validation),
            held_out: range(|parts| &parts.held_out),
            origin: input.origin.clone(),
            graph: graph.map(|((graph, on, centre), shells)| GraphRecord {
                nodes: graph.nodes(),
                edges: graph.edges(),
                values: on.name().into(),
                origin: centre.to_string(),
                block: shells.block.clone(),
                buffer: shells.buffer.clone(),
                environment: shells.environment.clone(),
                shells: shells.describe(),
            }),
        }
    }
}

/// Warnings about a file of so many configurations, a sentence each.
fn split_warnings(split: &Split, configurations: usize) -> Vec<String> {
    let mut warnings = vec![];
    if let Some(Repeats {
        different,
        kept: Some(kept),
        near,
        ..
    }) = &split.repeats
    {
        let nearly = near.map_or(String::new(), |near| {
            format!(", and differences of up to some {near:.1e} standard deviations")
        });
        warnings.push(format!(
            "only {different} of {configurations} configurations are different (translations \
             included{nearly}): {} repeat earlier ones, and are left out, since what a critic has seen in \
             training would count as information; `repeats` keep takes all, if they are states of a small \
             system",
            configurations - kept.len()
        ));
    }
    if let Some(period) = split.correlation.period {
        warnings.push(format!(
            "configurations {period} apart are correlated, and closer ones are not: if {period} replicas \
             alternate, make it an axis of its own and give `axes` nrx"
        ));
    }
    warnings
}

/// The refusal of a checkpoint whose pilot no run of this configuration has made.
fn damaged_checkpoint(setup: &Setup) -> Error {
    let plan = setup.execution.checkpoint.as_ref();
    damaged(plan.map_or(Path::new(""), |plan| &plan.path))
}

/// The entry of a record for chains with their plan.
fn chains_record(prepared: &ModelSampler) -> ChainsRecord {
    let plan = prepared.plan();
    ChainsRecord {
        algorithm: prepared.algorithm().map(str::to_string),
        burn_in: plan.burn_in,
        thin: plan.thin,
        autocorrelation_time: plan.autocorrelation,
        equilibrated: plan.equilibrated,
    }
}

/// Sites of a place of which the centres and scales are recorded.
const RECORDED_SITES: usize = 4096;

/// Warnings about chains that follow a plan, a sentence each.
#[must_use]
pub fn chain_warnings(prepared: &ModelSampler, plan: &Plan) -> Vec<String> {
    let mut warnings = vec![];
    if !plan.equilibrated {
        let other = match prepared.algorithm() {
            Some(_) => ", or another `algorithm`",
            None => "",
        };
        warnings.push(format!(
            "a hot and a cold start do not agree after {} sweeps: the samples may not be in \
             equilibrium; give a longer `burn_in`{other}",
            plan.burn_in
        ));
    }
    if plan.frozen {
        warnings.push(
            "no chain ever changed its sector of the order parameter: only the symmetry between the \
             sectors balances the samples"
                .into(),
        );
    }
    warnings.extend(prepared.caution());
    warnings
}

/// Summarises all trainings: restarts, and numbers of components.
fn attempts(outcome: &Outcome) -> Attempts {
    let attempts = outcome.attempts.iter();
    let same = attempts.filter(|attempt| {
        attempt.components == outcome.components && attempt.critic == outcome.critic
    });
    let compared: Vec<_> = same
        .filter_map(|attempt| Some((attempt, attempt.watched?)))
        .collect();
    let restarts = compared.iter().map(|(attempt, watched)| RestartRecord {
        seed: attempt.seed,
        steps: attempt.steps,
        validation_nats: finite(watched.mean),
        validation_stderr_nats: finite(watched.stderr),
    });
    let mut stages: Vec<(u32, Estimate)> = vec![];
    for attempt in &outcome.attempts {
        let (components, Some(watched)) = (attempt.components, attempt.watched) else {
            continue;
        };
        match stages.last_mut() {
            Some((last, best)) if *last == components => {
                if watched.mean > best.mean {
                    *best = watched;
                }
            }
            _ => stages.push((components, watched)),
        }
    }
    let stages = stages
        .into_iter()
        .map(|(components, watched)| ComponentsRecord {
            components,
            validation_nats: finite(watched.mean),
            validation_stderr_nats: finite(watched.stderr),
        });
    let means: Vec<f64> = compared.iter().map(|(_, watched)| watched.mean).collect();
    Attempts {
        restarts: several(restarts.collect()),
        spread: spread(&means),
        components: several(stages.collect()),
    }
}

/// Summary of several trainings, one of which is reported.
struct Attempts {
    restarts: Option<Vec<RestartRecord>>,
    spread: Option<f64>,
    components: Option<Vec<ComponentsRecord>>,
}

fn several<T>(list: Vec<T>) -> Option<Vec<T>> {
    (list.len() > 1).then_some(list)
}

/// Standard deviation of the restarts' estimates, which includes their statistical error.
fn spread(found: &[f64]) -> Option<f64> {
    let n = found.len() as f64;
    if found.len() < 2 {
        return None;
    }
    let mean = found.iter().sum::<f64>() / n;
    let squares = found.iter().map(|x| (x - mean).powi(2));
    Some((squares.sum::<f64>() / (n - 1.0)).sqrt())
}
