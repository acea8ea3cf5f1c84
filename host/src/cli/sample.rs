//! `sample`: writes configurations of a model to a file.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Instant;

use blockspin_core::num::rng::Purpose;
use blockspin_core::sampler::Sampler;
use blockspin_core::stats::{Blocking, integrated};
use serde_json::json;

use blockspin::data::npy::{self, Cell, ConfigurationFile};
use blockspin::data::output::{ConfigurationTarget, Sink};
use blockspin::digits;
use blockspin::error::quoted;
use blockspin::model::mcmc::{self, Sampling, Supplier, file_chains, file_rows};
use blockspin::model::{AnyModel, with_sampling};
use blockspin::observer::{Phase, Progress};
use blockspin::report::picture::configuration::Drawn;
use blockspin::report::picture::{PictureFormat, svg_file};
use blockspin::run::chain_warnings;
use blockspin::run::record::{VERSION, object};
use blockspin::settings::Fields;
use blockspin::store::folder::FileTarget;
use blockspin::store::resources;
use blockspin::{Error, Result};

use super::args::{Global, SampleArgs};
use super::{destination, same_file, shown_out, summary, warn};

/// Upper bound for the size of a picture in bytes.
const PICTURE_BYTES: u64 = 4 << 20;

/// Largest value of a distribution that is counted, which bounds output and memory.
const COUNTED: usize = 1 << 16;

/// Layout of the numbers kept for each sample: these, then the model's observables.
const ENERGY: usize = 0;
const ORDER: usize = 1;
/// NaN if there are no sectors.
const SECTOR: usize = 2;
const OBSERVED: usize = 3;

/// The chain of a share of the samples, and the storage for its measurements.
struct Share<'a> {
    chain: u64,
    series: &'a mut [f64],
}

/// All measurements.
struct Measurements {
    names: &'static [&'static str],
    series: Vec<f64>,
    /// Number of occurrences of each value.
    counts: Vec<u64>,
    /// The last configuration of every chain.
    picture: Vec<u8>,
}

impl Measurements {
    fn width(&self) -> usize {
        OBSERVED + self.names.len()
    }

    fn column(&self, column: usize) -> impl Iterator<Item = f64> {
        self.series
            .iter()
            .skip(column)
            .step_by(self.width())
            .copied()
    }

    fn blocking(&self, column: usize, scale: f64) -> Blocking {
        let mut blocking = Blocking::new();
        self.column(column).for_each(|x| blocking.push(scale * x));
        blocking
    }

    fn autocorrelation(&self) -> f64 {
        let [energy, order] =
            [ENERGY, ORDER].map(|column| integrated(&self.column(column).collect::<Vec<_>>()).tau);
        energy.max(order)
    }
}

pub(super) fn sample(settings: Fields, args: &SampleArgs, global: &Global) -> Result<()> {
    let (settings, pace) = AnyModel::with_pace(&settings)?;
    let model = settings.model()?;
    let unmeasured = model.unmeasured()?;
    let execution = global.execution()?;
    let (lattice, format) = (model.lattice(), model.format());
    let to = destination(&args.out, global)?;
    let target = ConfigurationTarget::check(to, args.samples, lattice.sides(), format)?;
    let picture = match &args.picture {
        Some(path) if same_file(path, &args.out) => {
            return Err(Error::usage(format!(
                "`picture` and `out` are both {}; give them different names",
                quoted(path)
            )));
        }
        Some(path) => {
            let target = FileTarget::check(path, PICTURE_BYTES)?;
            Some((target, PictureFormat::of(path)?))
        }
        None => None,
    };
    let ring = match &settings {
        AnyModel::Chain(chain) => Some((chain.bonds(), chain.coupling)),
        _ => None,
    };
    let coupling = ring.as_ref().map_or(1.0, |(_, coupling)| *coupling);
    let ring = ring.as_ref().map(|(ring, _)| ring);
    let bonds = args.bonds.check(ring, lattice.sites(), coupling)?;
    let chains = file_chains(args.samples);
    let threads = execution.threads.min(chains.max(2) as usize);
    let (chain, observables) = with_sampling!(&unmeasured, sampling => {
        (mcmc::chain_bytes(&sampling.model), sampling.model.observables().len())
    });
    // While a series is analysed, it is held in addition to all of them.
    let series = (OBSERVED + observables + 1) * size_of::<f64>();
    let row = npy::buffer_bytes(lattice.sites() * format.size()) as u64;
    // The pilot has two chains, and the last configuration of every chain is kept.
    let at_once = threads.max(2) as u64;
    let needed = args
        .samples
        .saturating_mul(series as u64)
        .saturating_add(at_once * (chain + row) + chains * chain);
    resources::memory("this sampling", needed)?;
    let threads = resources::threads(threads, needed);
    let begun = Instant::now();
    let prepared = pace.prepare(
        model.as_ref(),
        args.seed,
        threads,
        execution.observer.as_ref(),
    )?;
    let file = target.create()?;
    let progress = execution.observer.begin(Phase {
        label: "sampling",
        total: args.samples,
        unit: "samples",
    });
    let drawn = picture.as_ref().map(|(_, format)| *format);
    let measured = with_sampling!(&prepared, sampling => {
        draw(sampling, args, chains, threads, &file, progress.as_ref(), &model.title(), drawn)
    })?;
    drop(progress);
    target.finish(file)?;
    if let Some(bonds) = bonds {
        bonds.write()?;
    }
    if let Some((target, _)) = picture {
        let mut file = target.create()?;
        file.write_all(&measured.picture)?;
        file.commit()?;
    }

    let plan = prepared.plan();
    let unit = model.energy_unit();
    let size = with_sampling!(&prepared, sampling => sampling.model.size()) as f64;
    let per_site = unit.unwrap_or(1.0) / size;
    let energy = measured.blocking(ENERGY, per_site);
    let order = measured.blocking(ORDER, 1.0);
    let autocorrelation = measured.autocorrelation();
    let sector_changes = sector_changes(&measured, args.samples, chains);

    let mut plan = *plan;
    // Chains from hot and cold starts must agree here too.
    plan.equilibrated &= !apart(&measured, args.samples, chains);
    // Sector changes in the long chains take precedence over those in the pilot.
    plan.frozen = match sector_changes {
        Some(changes) => plan.frozen && changes == 0,
        None => false,
    };
    let mut warnings = chain_warnings(&prepared, &plan);
    if !energy.is_settled() || !order.is_settled() {
        warnings.push("too few samples for their autocorrelation: the errors are rough".into());
    }
    let mut fields = object(json!({
        "schema": "blockspin-sample-1",
        "version": VERSION,
        "model": model.name(),
    }));
    fields.extend(model.resolved().fields());
    fields.insert("size".into(), json!(lattice.sides()));
    fields.extend(object(json!({
        "algorithm": prepared.algorithm(),
        "samples": args.samples,
        "seed": args.seed,
        "energy_per_site": unit.map(|_| energy.mean()),
        "energy_stderr": unit.and(energy.standard_error()),
    })));
    let mut lines = vec![];
    if unit.is_some() {
        lines.push(("energy per site".to_string(), energy));
    }
    for (i, name) in measured.names.iter().enumerate() {
        let blocking = measured.blocking(OBSERVED + i, 1.0);
        fields.insert((*name).into(), json!(blocking.mean()));
        let error = json!(blocking.standard_error());
        fields.insert(format!("{name}_stderr"), error);
        lines.push((name.replace('_', " "), blocking));
    }
    let distribution = with_sampling!(&prepared, sampling => sampling.model.distribution());
    if let Some(name) = distribution {
        let all: u64 = measured.counts.iter().sum();
        let law = measured.counts.iter().map(|n| *n as f64 / all as f64);
        let law = (measured.counts.len() <= COUNTED).then(|| law.collect::<Vec<_>>());
        if law.is_none() {
            warnings.push(format!(
                "{name} is left out: it has values of {COUNTED} and above"
            ));
        }
        fields.insert(name.into(), json!(law));
    }
    fields.extend(object(json!({
        "autocorrelation_time": autocorrelation,
        "burn_in": plan.burn_in,
        "thin": plan.thin,
        "equilibrated": plan.equilibrated,
        "sector_changes": sector_changes,
        "chains": chains,
        "seconds": begun.elapsed().as_secs_f64(),
        "warnings": warnings,
    })));
    warn(&warnings);
    summary(&args.out, global, &fields, || {
        let lines: String = lines
            .iter()
            .map(|(name, b)| {
                let Some(error) = b.standard_error() else {
                    let mean = digits::number(b.mean());
                    return format!("{name:<30}{mean:>11} (too few samples for an error)\n");
                };
                let [mean, error] = digits::with_error(b.mean(), error);
                format!("{name:<30}{mean:>11} ± {error}\n")
            })
            .collect();
        Ok(format!(
            "{}\n\n{lines}{:<30}{autocorrelation:>11.2} samples of {} sweeps, after {} of burn-in\n\
             {} configurations in {}, {:.1} s",
            model.title(),
            "autocorrelation time",
            plan.thin,
            plan.burn_in,
            args.samples,
            shown_out(&args.out),
            begun.elapsed().as_secs_f64(),
        ))
    })
}

/// Draws and measures all samples, on several threads.
fn draw<M: Supplier<Cell: Cell> + Drawn>(
    sampling: &Sampling<M>,
    args: &SampleArgs,
    chains: u64,
    threads: usize,
    file: &ConfigurationFile<Sink>,
    progress: &dyn Progress,
    title: &str,
    picture: Option<PictureFormat>,
) -> Result<Measurements> {
    let Sampling { model, plan, .. } = sampling;
    let names = model.observables();
    let width = OBSERVED + names.len();
    let mut series = vec![0.0; width * args.samples as usize];
    let counts = Mutex::new(vec![]);
    let last = Mutex::new(BTreeMap::new());
    let failure = OnceLock::new();
    let draw = |share: Share| -> io::Result<()> {
        let mut chain = sampling.chain(args.seed, share.chain, Purpose::Sample);
        let mut scratch = vec![0; model.scratch_len()];
        let mut kept = vec![Default::default(); model.state_len()];
        let mut writer = file.rows(file_rows(args.samples, chains, share.chain));
        let mut own = vec![];
        for sample in share.series.chunks_exact_mut(width) {
            // The file needs the samples of all chains.
            if failure.get().is_some() {
                return Ok(());
            }
            chain.advance(model, plan.thin, &mut scratch);
            model.keep(&chain.state, &mut kept, &mut chain.stream);
            writer.push(&kept)?;
            sample[ENERGY] = model.energy(&kept);
            sample[ORDER] = model.order_parameter(&kept);
            sample[SECTOR] = model.sector(&chain.state).map_or(f64::NAN, f64::from);
            model.observe(&kept, &mut sample[OBSERVED..]);
            model.count(&kept, &mut |value| {
                count(&mut own, COUNTED.min(value as usize), 1);
            });
            progress.advance(1);
        }
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        last.insert(share.chain, kept);
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        for (value, n) in own.into_iter().enumerate() {
            count(&mut counts, value, n);
        }
        writer.flush()
    };
    let mut rest = &mut series[..];
    let shares = (0..chains).map(|chain| {
        let rows = file_rows(args.samples, chains, chain);
        let length = width * (rows.end - rows.start) as usize;
        let (own, others) = std::mem::take(&mut rest).split_at_mut(length);
        rest = others;
        Share { chain, series: own }
    });
    mcmc::spread(shares.collect(), threads, |share| {
        if failure.get().is_none()
            && let Err(error) = draw(share)
        {
            let _ = failure.set(error);
        }
    });
    if let Some(error) = failure.into_inner() {
        return Err(error.into());
    }
    let counts = counts.into_inner().unwrap_or_else(PoisonError::into_inner);
    let last = last.into_inner().unwrap_or_else(PoisonError::into_inner);
    let configurations: Vec<&[M::Cell]> = last.values().map(Vec::as_slice).collect();
    Ok(Measurements {
        names,
        series,
        counts,
        picture: match picture {
            Some(PictureFormat::Svg) => {
                svg_file(&model.picture(title, &configurations)).into_bytes()
            }
            Some(PictureFormat::Png) => model.raster(&configurations).png()?,
            None => vec![],
        },
    })
}

/// Adds `n` occurrences of a value.
fn count(counts: &mut Vec<u64>, value: usize, n: u64) {
    if counts.len() <= value {
        counts.resize(value + 1, 0);
    }
    counts[value] += n;
}

/// Whether chains from hot and from cold starts differ in energy.
fn apart(measured: &Measurements, samples: u64, chains: u64) -> bool {
    let mut starts = [Blocking::new(), Blocking::new()];
    for chain in 0..chains {
        let rows = file_rows(samples, chains, chain);
        let energies = measured.column(ENERGY).take(rows.end as usize);
        energies
            .skip(rows.start as usize)
            .for_each(|energy| starts[(chain % 2) as usize].push(energy));
    }
    let [hot, cold] = &starts;
    match (hot.standard_error(), cold.standard_error()) {
        (Some(a), Some(b)) => (hot.mean() - cold.mean()).abs() > 5.0 * (a * a + b * b).sqrt(),
        _ => false,
    }
}

/// Number of sector changes between successive samples of a chain; none, if there are no sectors.
fn sector_changes(measured: &Measurements, samples: u64, chains: u64) -> Option<u64> {
    let sectors: Vec<f64> = measured.column(SECTOR).collect();
    if sectors.iter().any(|sector| sector.is_nan()) {
        return None;
    }
    let changes = (0..chains).map(|chain| {
        let rows = file_rows(samples, chains, chain);
        let own = &sectors[rows.start as usize..rows.end as usize];
        own.windows(2).filter(|pair| pair[0] != pair[1]).count() as u64
    });
    Some(changes.sum())
}
