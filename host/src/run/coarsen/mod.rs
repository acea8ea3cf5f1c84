//! Coarsening: a filter applied to every block of every configuration, the renormalisation step itself.
//!
//! Blocks tile the lattice from its first site. h follows from Λ·v by the code that a training runs, and
//! the values v of a file are taken as those of a run whose filter it is. Each configuration has a random
//! stream of its own, for ties of a sign and for h that is drawn, so that no result depends on threads;
//! configurations of a model are those that `sample` writes with the same seed.

mod given;
mod tiles;

use std::io::{Seek, Write};
use std::ops::Range;
use std::sync::OnceLock;
use std::time::Instant;

use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::stats::Blocking;
use serde_json::{Value, json};

use self::given::{GivenFilter, Wanted};
use self::tiles::{BlockEncoder, CoarseValues, Tiles, energy};
use super::Execution;
use super::config::Source;
use super::record::{VERSION, finite, object};
use super::session::chain_warnings;
use crate::data::filters::{commas, product};
use crate::data::npy::{ConfigurationFile, Format};
use crate::data::supply::SampleValue;
use crate::data::{Data, Kind};
use crate::digits;
use crate::error::{Error, Result};
use crate::model::mcmc::{Sampling, Supplier, file_chains, file_rows, spread};
use crate::model::{Layout, Model, ModelSampler, with_sampling};
use crate::observer::{Phase, Progress};
use crate::settings::encoder::{self, Coarse, Given};
use crate::settings::groups::Pace;
use crate::settings::values::{self, Sides};
use crate::settings::{Fields, Reader, any, optional, settings};
use crate::store::resources;

/// Value of `schema`.
const SCHEMA: &str = "blockspin-coarsen-1";
/// Shares of a file for each thread.
const SHARES: u64 = 8;

settings! {
    /// How blocks become coarse variables.
    BlockRule {
        /// The filter: a name (uniform or majority, boundary, decimation, staggered), an .npy file, or the
        /// folder of a run.
        filter: String = "majority".into(), any;
        /// Sides of the block; none: those of the filter, or for a name those of the model's runs.
        block: Option<Sides> = None, optional(values::block);
        /// How h follows from the filter; none: the sign, or what the run has in its place.
        encoder: Option<Given> = None, optional(encoder::given);
        /// Number of configurations; none: all of a file.
        samples: Option<u64> = None, optional(values::positive_u64);
        /// Seed of the chains, of ties and of h that is drawn.
        seed: u64 = 1, values::seed;
    }
}

/// Everything that a coarsening depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct CoarsenConfig {
    /// Source of the configurations.
    pub source: Source,
    /// Filter, encoder, seed.
    pub rule: BlockRule,
}

impl CoarsenConfig {
    /// Builds a configuration from settings by name; missing ones have their defaults.
    ///
    /// # Errors
    /// Names the setting that is unknown, or whose value is not allowed.
    pub fn from_fields(fields: &Fields) -> Result<Self> {
        let mut reader = Reader::new(fields);
        let config = CoarsenConfig {
            source: Source::read(&mut reader)?,
            rule: BlockRule::read(&mut reader, BlockRule::default())?,
        };
        reader.finish()?;
        Ok(config)
    }

    /// All settings by name.
    #[must_use]
    pub fn fields(&self) -> Fields {
        let mut fields = Fields::new();
        self.source.write(&mut fields);
        self.rule.write(&mut fields);
        fields
    }
}

/// Where configurations come from, opened.
enum Opened {
    Model(Box<dyn Model>, Pace),
    Data(Box<Data>),
}

/// A coarsening that has been checked: its input is open, and its blocks tile the lattice.
pub struct Coarsening {
    config: CoarsenConfig,
    execution: Execution,
    input: Opened,
    encoder: BlockEncoder,
    given: Given,
    lattice: Vec<u32>,
    coarse_sides: Vec<u32>,
    open: Vec<bool>,
    samples: u64,
    values_taken_as: Option<String>,
    warnings: Vec<String>,
}

impl Coarsening {
    /// Checks a configuration and opens the files that it names.
    ///
    /// # Errors
    /// Of settings that contradict one another or the files; a failure, if a file cannot be read.
    pub fn new(config: &CoarsenConfig, execution: Execution) -> Result<Self> {
        match &config.source {
            Source::Model(settings, pace) => {
                let model = settings.model()?;
                Self::of_model(config, execution, model, pace.clone())
            }
            Source::Data(_) => Self::of_data(config, execution),
        }
    }

    fn of_model(
        config: &CoarsenConfig,
        execution: Execution,
        model: Box<dyn Model>,
        pace: Pace,
    ) -> Result<Self> {
        let samples = config.rule.samples.ok_or_else(|| {
            Error::usage("a model without `samples`: give the number of configurations to be drawn")
        })?;
        let lattice = model.lattice().sides().to_vec();
        let given = wanted(config, &model.layout(), lattice.len()).read()?;
        if let Some(run) = &given.run {
            run.suits_model()?;
        }
        let open = vec![false; lattice.len()];
        let mut config = config.clone();
        config.source = Source::Model(model.resolved(), pace.clone());
        let tiled = tile(&given, &lattice, &open, &model.layout(), true)?;
        let unmeasured = model.unmeasured()?;
        let centres = with_sampling!(&unmeasured, sampling => centres(sampling, &tiled));
        let input = Opened::Model(model, pace);
        Self::checked(
            config,
            execution,
            input,
            given,
            tiled,
            centres,
            (lattice, open, samples),
        )
    }

    fn of_data(config: &CoarsenConfig, execution: Execution) -> Result<Self> {
        let Source::Data(reading) = &config.source else {
            unreachable!("the caller looked");
        };
        // The folder of a run says how values are taken, the file how many axes there are.
        let run = match std::path::Path::new(&config.rule.filter) {
            folder if folder.is_dir() => Some(given::EarlierRun::read(folder)?),
            _ => None,
        };
        let observer = execution.observer.clone();
        let (data, taken, mut warnings) = given::open(reading, run.as_ref(), observer.as_ref())?;
        let lattice = data.sides().to_vec();
        let filter = wanted(config, &Layout::Anywhere, lattice.len()).read()?;
        let mut open = reading.boundary.0.clone();
        if open.len() == 1 {
            open = vec![open[0]; lattice.len()];
        }
        if open.len() != lattice.len() {
            return Err(Error::usage(format!(
                "`boundary` for {} axes, and configurations of {}; give one for all, or one for each",
                open.len(),
                product(&lattice)
            )));
        }
        let all = data.configurations() as u64;
        let samples = config.rule.samples.unwrap_or(all);
        if samples > all {
            return Err(Error::usage(format!(
                "`samples` {samples} of {}, which holds {all} configurations; leave it out to take all",
                reading.file
            )));
        }
        let tiled = tile(&filter, &lattice, &open, &Layout::Anywhere, false)?;
        let used: Vec<u32> = axes(&tiled.sides, &filter, |n, b| n * b);
        if used != lattice {
            warnings.push(format!(
                "blocks of {} cover {} of {} sites; the rest is left out",
                product(filter.filters.sides()),
                product(&used),
                product(&lattice)
            ));
        }
        if data.is_constant() {
            warnings.push(format!("all values in {} are the same", reading.file));
        }
        let sides = (lattice, open, samples);
        let input = Opened::Data(Box::new(data));
        let mut checked = Self::checked(
            config.clone(),
            execution,
            input,
            filter,
            tiled,
            vec![],
            sides,
        )?;
        checked.values_taken_as = Some(taken);
        checked.warnings = warnings;
        Ok(checked)
    }

    fn checked(
        mut config: CoarsenConfig,
        execution: Execution,
        input: Opened,
        given: GivenFilter,
        tiled: Tiles,
        centres: Vec<f32>,
        (lattice, open, samples): (Vec<u32>, Vec<bool>, u64),
    ) -> Result<Self> {
        let block = given.filters.sides()[..lattice.len()].to_vec();
        let coarse_sides = tiled.sides[..lattice.len()].to_vec();
        let how = (given.encoder.coarse(), given.encoder.encoder());
        let encoder = BlockEncoder::new(tiled, &given.filters, centres, how, execution.isa)?;
        config.rule.block = Some(Sides(block.clone()));
        config.rule.encoder = Some(given.encoder);
        config.rule.samples = Some(samples);
        Ok(Coarsening {
            config,
            execution,
            input,
            encoder,
            given: given.encoder,
            lattice,
            coarse_sides,
            open,
            samples,
            values_taken_as: None,
            warnings: vec![],
        })
    }

    /// Number of configurations.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// The shape of a coarse configuration: its sides; before them the number of components, if there are
    /// several.
    #[must_use]
    pub fn shape(&self) -> Vec<u32> {
        let components = self.encoder.components() as u32;
        let first = (components > 1).then_some(components);
        first.into_iter().chain(self.coarse_sides.clone()).collect()
    }

    /// The format of its values.
    #[must_use]
    pub fn format(&self) -> Format {
        match self.given.coarse() {
            Coarse::Binary => Format::Signs,
            Coarse::States(_) => Format::Small,
            Coarse::Continuous { .. } => Format::Real,
        }
    }

    /// Draws or reads all configurations, and writes their coarse variables.
    ///
    /// # Errors
    /// A failure, if a file cannot be read or written, a value is missing, or memory does not suffice.
    pub fn run<W: Write + Seek + Send>(
        &self,
        file: &ConfigurationFile<W>,
    ) -> Result<CoarsenRecord> {
        let begun = Instant::now();
        let mut measured = Measured {
            width: self.measures().len(),
            series: vec![],
        };
        let needed = 8 * self.samples.saturating_mul(measured.width as u64 + 1);
        resources::memory("this coarsening", needed)?;
        measured.series = vec![0.0; measured.width * self.samples as usize];
        let mut warnings = self.warnings.clone();
        let (mut pace, mut equilibrated) = (None, None);
        match &self.input {
            Opened::Model(model, wanted) => {
                let (seed, threads) = (self.config.rule.seed, self.execution.threads);
                let observer = self.execution.observer.as_ref();
                let prepared = wanted.prepare(model.as_ref(), seed, threads, observer)?;
                self.draw(&prepared, &mut measured, file)?;
                let plan = prepared.plan();
                warnings.extend(chain_warnings(&prepared, plan));
                (pace, equilibrated) = (Some((plan.burn_in, plan.thin)), Some(plan.equilibrated));
            }
            Opened::Data(data) => match data.kind() {
                Kind::Signs { .. } => self.read::<u32, W>(data, &mut measured, file)?,
                Kind::Reals { .. } => self.read::<f32, W>(data, &mut measured, file)?,
            },
        }
        let figures = self.measures().into_iter().enumerate().map(|(i, name)| {
            let mut blocking = Blocking::new();
            let column = measured.series.iter().skip(i).step_by(measured.width);
            column.for_each(|x| blocking.push(*x));
            (name, blocking)
        });
        Ok(CoarsenRecord {
            config: self.config.clone(),
            lattice: self.lattice.clone(),
            shape: self.shape(),
            components: self.encoder.components(),
            figures: figures.collect(),
            values_taken_as: self.values_taken_as.clone(),
            pace,
            equilibrated,
            warnings,
            seconds: begun.elapsed().as_secs_f64(),
        })
    }

    /// What is measured of a configuration, in order.
    fn measures(&self) -> Vec<Measure> {
        let mut all = vec![];
        let has_bonds = self.coarse_sides.iter().all(|side| *side > 1);
        for c in 0..self.encoder.components() {
            match self.given.coarse() {
                Coarse::Binary => {
                    all.extend([Measure::Mean(c), Measure::Abs(c), Measure::Square(c)]);
                    if has_bonds {
                        all.push(Measure::Energy(c));
                    }
                }
                Coarse::States(states) => {
                    all.extend((0..states).map(|s| Measure::Share(c, s)));
                }
                Coarse::Continuous { .. } => all.push(Measure::Mean(c)),
            }
        }
        if self.given == Given::Sign {
            all.push(Measure::Ties);
        }
        all
    }

    fn measure(&self, measure: Measure, found: &CoarseValues) -> f64 {
        let n = self.encoder.blocks();
        let whole = |c: usize| &found.whole[c * n..(c + 1) * n];
        let mean = |c: usize| match self.given.coarse() {
            Coarse::Continuous { .. } => {
                let reals = found.reals[c * n..(c + 1) * n].iter();
                reals.map(|h| f64::from(*h)).sum::<f64>() / n as f64
            }
            _ => whole(c).iter().map(|h| i64::from(*h)).sum::<i64>() as f64 / n as f64,
        };
        match measure {
            Measure::Mean(c) => mean(c),
            Measure::Abs(c) => mean(c).abs(),
            Measure::Square(c) => mean(c) * mean(c),
            Measure::Energy(c) => energy(whole(c), &self.coarse_sides, &self.open),
            Measure::Share(c, state) => {
                let own = whole(c).iter().filter(|h| **h == state as i8);
                own.count() as f64 / n as f64
            }
            Measure::Ties => found.ties as f64 / (n * self.encoder.components()) as f64,
        }
    }

    fn progress(&self) -> Box<dyn Progress> {
        self.execution.observer.begin(Phase {
            label: "coarsening",
            total: self.samples,
            unit: "configurations",
        })
    }

    /// The stream of a configuration. Chained coarsenings with one seed have different ones, since their
    /// lattices have different sizes.
    fn stream(&self, row: u64) -> Stream {
        let sites: u64 = self.lattice.iter().map(|side| u64::from(*side)).product();
        Stream::new(self.config.rule.seed, row ^ sites << 36, Purpose::Coarse)
    }

    fn draw<W: Write + Seek + Send>(
        &self,
        prepared: &ModelSampler,
        measured: &mut Measured,
        file: &ConfigurationFile<W>,
    ) -> Result<()> {
        with_sampling!(prepared, sampling => self.draw_from(sampling, measured, file))
    }

    /// The configurations that `sample` writes with the same seed.
    fn draw_from<M: Supplier<Value: SampleValue>, W: Write + Seek + Send>(
        &self,
        sampling: &Sampling<M>,
        measured: &mut Measured,
        file: &ConfigurationFile<W>,
    ) -> Result<()> {
        let (model, seed) = (&sampling.model, self.config.rule.seed);
        let shares = (file_chains(self.samples), model.learned().sites());
        self.share::<M::Value, W, _>(shares, measured, file, |number| {
            let mut chain = sampling.chain(seed, number, Purpose::Sample);
            let mut scratch = vec![0; model.scratch_len()];
            let mut kept = vec![M::Cell::default(); model.state_len()];
            move |_, values: &mut [M::Value]| {
                chain.advance(model, sampling.plan.thin, &mut scratch);
                model.keep(&chain.state, &mut kept, &mut chain.stream);
                model.values(&kept, values);
                Ok(())
            }
        })
    }

    fn read<V: SampleValue, W: Write + Seek + Send>(
        &self,
        data: &Data,
        measured: &mut Measured,
        file: &ConfigurationFile<W>,
    ) -> Result<()> {
        let shares = (SHARES * self.execution.threads as u64).min(self.samples);
        let corner = &vec![0; self.lattice.len()];
        self.share::<V, W, _>((shares, data.sites()), measured, file, |_| {
            |row: u64, values: &mut [V]| V::read(data, row as usize, corner, &self.lattice, values)
        })
    }

    /// Does all shares of the work, on several threads; `supplier` makes what gives the configurations of
    /// a share in order, of `sites` values.
    fn share<V: SampleValue, W: Write + Seek + Send, S: FnMut(u64, &mut [V]) -> Result<()>>(
        &self,
        (shares, sites): (u64, usize),
        measured: &mut Measured,
        file: &ConfigurationFile<W>,
        supplier: impl Fn(u64) -> S + Sync,
    ) -> Result<()> {
        let threads = self.execution.threads.min(shares as usize).max(1);
        let values = size_of::<V>() * V::configuration(sites);
        let needed = self.encoder.bytes::<V>() + values as u64;
        resources::memory("this coarsening", threads as u64 * needed)?;
        let (progress, measures) = (self.progress(), self.measures());
        let failure = OnceLock::new();
        let work = |share: Share| -> Result<()> {
            let mut next = supplier(share.number);
            let mut values = vec![V::default(); V::configuration(sites)];
            let (mut work, mut found) = (self.encoder.workspace::<V>(), CoarseValues::default());
            let mut writer = file.rows(share.rows.clone());
            let series = share.series.chunks_exact_mut(measured.width);
            for (row, series) in share.rows.zip(series) {
                if failure.get().is_some() {
                    return Ok(());
                }
                next(row, &mut values)?;
                let mut stream = self.stream(row);
                if !self
                    .encoder
                    .encode(&values, &mut stream, &mut work, &mut found)
                {
                    return Err(missing(row));
                }
                match self.given.coarse() {
                    Coarse::Continuous { .. } => writer.push(&found.reals)?,
                    _ => writer.push(&found.whole)?,
                }
                for (to, measure) in series.iter_mut().zip(&measures) {
                    *to = self.measure(*measure, &found);
                }
                progress.advance(1);
            }
            Ok(writer.flush()?)
        };
        let mut rest = &mut measured.series[..];
        let tasks = (0..shares).map(|number| {
            let rows = file_rows(self.samples, shares, number);
            let length = measured.width * (rows.end - rows.start) as usize;
            let (series, others) = std::mem::take(&mut rest).split_at_mut(length);
            rest = others;
            Share {
                number,
                rows,
                series,
            }
        });
        spread(tasks.collect(), threads, |share| {
            if failure.get().is_none()
                && let Err(error) = work(share)
            {
                let _ = failure.set(error);
            }
        });
        failure.into_inner().map_or(Ok(()), Err)
    }
}

fn missing(row: u64) -> Error {
    Error::failure(format!(
        "a value is missing in configuration {row}, so that h of its block does not exist; fill missing \
         values, leave such configurations out, or take `encoder` continuous, which writes NaN there"
    ))
}

/// Some of the configurations, and where what is measured of them goes.
struct Share<'a> {
    number: u64,
    rows: Range<u64>,
    series: &'a mut [f64],
}

/// What is measured of all configurations.
struct Measured {
    width: usize,
    series: Vec<f64>,
}

/// A figure of a coarse configuration.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Measure {
    /// Mean of a component.
    Mean(usize),
    /// Its magnitude.
    Abs(usize),
    /// Its square.
    Square(usize),
    /// Energy per site of a component of ±1, in units of a coupling of 1.
    Energy(usize),
    /// Fraction of the blocks in a state.
    Share(usize, u32),
    /// Fraction of the signs that a coin decided.
    Ties,
}

fn wanted<'a>(config: &'a CoarsenConfig, layout: &'a Layout, dimension: usize) -> Wanted<'a> {
    Wanted {
        filter: &config.rule.filter,
        block: config.rule.block.as_ref(),
        default: config.source.defaults().window.block,
        encoder: config.rule.encoder,
        layout,
        dimension,
    }
}

/// Numbers of the lattice's axes from those of two lists.
fn axes(a: &[u32], filter: &GivenFilter, of: impl Fn(u32, u32) -> u32) -> Vec<u32> {
    a.iter()
        .zip(filter.filters.sides())
        .map(|(a, b)| of(*a, *b))
        .collect()
}

/// Means of the sites of V that the model's samples have by symmetry; none, if all are 0.
fn centres<M: Supplier>(sampling: &Sampling<M>, tiles: &Tiles) -> Vec<f32> {
    let means = tiles
        .places
        .iter()
        .map(|(_, site)| sampling.model.mean(*site));
    let means: Vec<f32> = means.collect();
    match means.iter().any(|mean| *mean != 0.0) {
        true => means,
        false => vec![],
    }
}

/// The blocks of a lattice, where they tile it; along open axes the rest is left out.
fn tile(
    given: &GivenFilter,
    lattice: &[u32],
    open: &[bool],
    layout: &Layout,
    is_model: bool,
) -> Result<Tiles> {
    let block = given.filters.sides();
    for (axis, (side, length)) in block.iter().zip(lattice).enumerate() {
        if side > length {
            return Err(Error::usage(format!(
                "a block of {} on a lattice of {}; the largest that fits along axis {axis} is {length}",
                product(&block[..lattice.len()]),
                product(lattice)
            )));
        }
        if length % side != 0 && !open[axis] {
            let below = length / side * side;
            let remedy = match is_model {
                true => format!("`size` {below} or {} would do", below + side),
                false => {
                    let divisors = (1..=*length).filter(|n| length % n == 0);
                    let divisors: Vec<u32> = divisors.take(8).collect();
                    format!(
                        "blocks of {} would do, or `boundary` open, where the rest is left out",
                        commas(&divisors).replace(',', ", ")
                    )
                }
            };
            return Err(Error::usage(format!(
                "blocks of {side} do not tile a lattice of {} (axis {axis}); {remedy}",
                product(lattice)
            )));
        }
    }
    let all = match layout {
        Layout::States(states) => [lattice, &[*states]].concat(),
        _ => lattice.to_vec(),
    };
    match layout {
        Layout::Doubled { links } => {
            if let Some(side) = block.iter().find(|side| **side % 2 != 0) {
                return Err(Error::usage(format!(
                    "a block of side {side} on the doubled lattice; blocks begin at vertices, so that \
                     every side is even"
                )));
            }
            let is_link = |at: &[u32]| at.iter().sum::<u32>() % 2 == 1;
            Ok(Tiles::new(&all, block, |at| !links || is_link(at)))
        }
        _ => Ok(Tiles::new(&all, block, |_| true)),
    }
}

/// What a coarsening found.
#[derive(Clone, Debug)]
pub struct CoarsenRecord {
    /// All settings, completely resolved.
    pub config: CoarsenConfig,
    /// Sides of the lattice before.
    pub lattice: Vec<u32>,
    /// Shape of a coarse configuration.
    pub shape: Vec<u32>,
    /// Components of h.
    pub components: usize,
    figures: Vec<(Measure, Blocking)>,
    /// What values of a file were taken as.
    pub values_taken_as: Option<String>,
    /// Burn-in and thinning of a model's chains.
    pub pace: Option<(u32, u32)>,
    /// Whether a model's chains from hot and cold starts agree.
    pub equilibrated: Option<bool>,
    /// Warnings, a sentence each.
    pub warnings: Vec<String>,
    /// Wall time.
    pub seconds: f64,
}

impl CoarsenRecord {
    /// The figures of all components of one kind.
    fn of(&self, kind: fn(usize) -> Measure) -> Vec<&Blocking> {
        let of = |c| {
            let found = self.figures.iter().find(|(measure, _)| *measure == kind(c));
            found.map(|(_, blocking)| blocking)
        };
        (0..self.components).filter_map(of).collect()
    }

    /// A number; of several components a list; none, if there is no such figure.
    fn values(&self, kind: fn(usize) -> Measure, of: fn(&Blocking) -> Option<f64>) -> Value {
        let found = self.of(kind);
        let values: Vec<_> = found.iter().map(|b| of(b).and_then(finite)).collect();
        match values[..] {
            [] => Value::Null,
            [value] => json!(value),
            _ => json!(values),
        }
    }

    /// Fractions of blocks in each state, a list for each component, with their errors.
    fn shares(&self, of: fn(&Blocking) -> Option<f64>) -> Value {
        let component = |c: usize| {
            let own = self
                .figures
                .iter()
                .filter_map(move |(measure, blocking)| match measure {
                    Measure::Share(component, _) if *component == c => Some(of(blocking)),
                    _ => None,
                });
            own.collect::<Vec<_>>()
        };
        let all: Vec<_> = (0..self.components).map(component).collect();
        match all.iter().all(Vec::is_empty) {
            true => Value::Null,
            false => json!(all),
        }
    }

    /// Everything by name, in order.
    #[must_use]
    pub fn fields(&self) -> Fields {
        let mut fields = object(json!({"schema": SCHEMA, "version": VERSION}));
        fields.extend(self.config.fields());
        let samples = self.config.rule.samples.unwrap_or(0);
        let shape: Vec<u64> = std::iter::once(samples)
            .chain(self.shape.iter().map(|n| u64::from(*n)))
            .collect();
        let mean = |b: &Blocking| Some(b.mean());
        let means = self.of(Measure::Mean);
        let list = |of: fn(&Blocking) -> Option<f64>| match means.len() {
            0 => Value::Null,
            _ => json!(
                means
                    .iter()
                    .map(|b| of(b).and_then(finite))
                    .collect::<Vec<_>>()
            ),
        };
        let ties = self.figures.iter().find(|(m, _)| *m == Measure::Ties);
        fields.extend(object(json!({
            "lattice": self.lattice,
            "shape": shape,
            "components": self.components,
            "mean_h": list(mean),
            "mean_h_stderr": list(Blocking::standard_error),
            "magnetisation_abs": self.values(Measure::Abs, mean),
            "magnetisation_abs_stderr": self.values(Measure::Abs, Blocking::standard_error),
            "magnetisation_squared": self.values(Measure::Square, mean),
            "magnetisation_squared_stderr": self.values(Measure::Square, Blocking::standard_error),
            "energy_per_site": self.values(Measure::Energy, mean),
            "energy_stderr": self.values(Measure::Energy, Blocking::standard_error),
            "state_shares": self.shares(mean),
            "state_shares_stderr": self.shares(Blocking::standard_error),
            "ties": ties.map(|(_, b)| b.mean()),
            "ties_stderr": ties.and_then(|(_, b)| b.standard_error()),
            "values_taken_as": self.values_taken_as,
            "equilibrated": self.equilibrated,
            "warnings": self.warnings,
            "seconds": self.seconds,
        })));
        if let Some((burn_in, thin)) = self.pace {
            fields.insert("burn_in".into(), burn_in.into());
            fields.insert("thin".into(), thin.into());
        }
        fields
    }

    /// The same as text, without the name of the file that was written.
    #[must_use]
    pub fn text(&self) -> String {
        let rule = &self.config.rule;
        let block = rule
            .block
            .as_ref()
            .map_or(String::new(), |block| product(&block.0));
        let mut text = format!(
            "{} configurations of {}, blocks of {block} by {}\n",
            rule.samples.unwrap_or(0),
            product(&self.lattice),
            rule.filter
        );
        if let Some(taken) = &self.values_taken_as {
            text += &format!("values: {taken}\n");
        }
        text.push('\n');
        for (measure, b) in &self.figures {
            let of = |c: &usize| match self.components {
                1 => String::new(),
                _ => format!(" of component {}", c + 1),
            };
            let name = match measure {
                Measure::Mean(c) => format!("mean h{}", of(c)),
                Measure::Abs(c) => format!("|mean h|{}", of(c)),
                Measure::Square(c) => format!("(mean h)²{}", of(c)),
                Measure::Energy(c) => format!("energy per site{}", of(c)),
                Measure::Share(c, state) => format!("share of state {state}{}", of(c)),
                Measure::Ties => "share of ties".into(),
            };
            let error = b.standard_error().unwrap_or(f64::NAN);
            let [mean, error] = digits::with_error(b.mean(), error);
            text += &format!("{name:<34}{mean:>11} ± {error}\n");
        }
        text
    }
}
