//! `sample`: configurations of a model, to a file.

use std::io;
use std::sync::OnceLock;
use std::time::Instant;

use blockspin_core::num::rng::Purpose;
use blockspin_core::sampler::{Coupling, Sampler};
use blockspin_core::stats::{Blocking, integrated};
use serde_json::json;

use super::{VERSION, object, out_of_equilibrium, print, warn};
use crate::chains::{self, CHAINS};
use crate::cli::{Global, SampleArgs};
use crate::error::Result;
use crate::machine::Isa;
use crate::model::{Model, algorithm_name};
use crate::npy::{self, SpinFile};
use crate::output::FileTarget;
use crate::progress::Progress;
use crate::room;
use crate::subject::Subject;

/// What is measured on a sample.
#[derive(Clone, Copy, Debug, Default)]
struct Observables {
    /// For each site.
    energy: f64,
    /// For each site, with its sign.
    magnetisation: f64,
    order: f64,
}

pub(super) fn sample(model: &Model, args: &SampleArgs, global: &Global) -> Result<()> {
    model.check()?;
    Isa::find(&global.isa)?;
    let sides = model.lattice.sides();
    let target = FileTarget::check(&args.out, npy::spin_bytes(args.samples, sides)?)?;
    // Few samples come from one chain, many from a fixed number of them, one after the other in
    // the file; half start hot and half cold.
    let chains = args.samples.div_ceil(1000).min(CHAINS as u64);
    // The pilot has two.
    let threads = global.threads.min(chains.max(2) as u32) as usize;
    // One observable's series at a time is looked at beside them all.
    let series = size_of::<Observables>() + size_of::<f64>();
    let chain = model.chain_bytes()? + npy::buffer_bytes(model.lattice.sites()) as u64;
    room::memory(
        "this sampling",
        args.samples
            .saturating_mul(series as u64)
            .saturating_add(threads as u64 * chain),
    )?;
    let begun = Instant::now();
    let sampling = model.prepare(args.seed, threads)?;
    let (sampler, plan) = (sampling.model, sampling.plan);

    let file = SpinFile::new(target.create()?, args.samples, sides)?;
    let (sites, j) = (model.lattice.sites() as f64, model.coupling.abs());
    let progress = Progress::new(global.quiet, "sampling", args.samples, "samples");
    let rows = |task| args.samples * task / chains..args.samples * (task + 1) / chains;
    let mut samples = vec![Observables::default(); args.samples as usize];
    let mut rest = &mut samples[..];
    let shares = (0..chains).map(|task| {
        let rows = rows(task);
        let length = (rows.end - rows.start) as usize;
        let (own, others) = std::mem::take(&mut rest).split_at_mut(length);
        rest = others;
        (task, rows, own)
    });
    let failure = OnceLock::new();
    let draw = |task, rows, samples: &mut [Observables]| -> io::Result<()> {
        let mut chain = sampling.chain(args.seed, task, Purpose::Sample);
        let mut scratch = vec![0; sampler.scratch_len()];
        let mut kept = vec![0; sampler.state_len()];
        let mut writer = file.rows(rows);
        for sample in samples {
            // Without all chains there is no file.
            if failure.get().is_some() {
                return Ok(());
            }
            chain.advance(&sampler, plan.thin, &mut scratch);
            sampler.keep(&chain.state, &mut kept, &mut chain.stream);
            writer.push(&kept)?;
            *sample = Observables {
                energy: j * sampler.energy(&kept) / sites,
                magnetisation: f64::from(sampler.magnetisation(&kept)) / sites,
                order: sampler.order_parameter(&kept),
            };
            progress.advance(1);
        }
        writer.flush()
    };
    chains::spread(shares.collect(), threads, |(task, rows, samples)| {
        if failure.get().is_none()
            && let Err(error) = draw(task, rows, samples)
        {
            let _ = failure.set(error);
        }
    });
    drop(progress);
    if let Some(error) = failure.into_inner() {
        return Err(error.into());
    }
    file.finish()?.commit()?;

    let tau =
        |of: fn(&Observables) -> f64| integrated(&samples.iter().map(of).collect::<Vec<_>>()).tau;
    let autocorrelation = tau(|sample| sample.energy).max(tau(|sample| sample.order));
    let [mut energy, mut square, mut order, mut absolute] = [(); 4].map(|()| Blocking::new());
    let mut starts = [Blocking::new(), Blocking::new()];
    for task in 0..chains {
        let rows = rows(task);
        for sample in &samples[rows.start as usize..rows.end as usize] {
            let m = sample.magnetisation;
            energy.push(sample.energy);
            absolute.push(m.abs());
            square.push(m * m);
            order.push(sample.order);
            starts[(task % 2) as usize].push(sample.energy);
        }
    }
    let mut warnings = vec![];
    // Chains from hot and from cold starts, where there are both, must agree as well.
    let [hot, cold] = &starts;
    let apart = match (hot.standard_error(), cold.standard_error()) {
        (Some(a), Some(b)) => (hot.mean() - cold.mean()).abs() > 5.0 * (a * a + b * b).sqrt(),
        _ => false,
    };
    let equilibrated = plan.equilibrated && !apart;
    if !equilibrated {
        warnings.push(out_of_equilibrium(&plan));
    }
    if !energy.is_settled() || !order.is_settled() {
        warnings.push("too few samples for their autocorrelation: the errors are rough".into());
    }
    let error = |blocking: &Blocking| blocking.standard_error();
    let mut fields = object(json!({
        "schema": "blockspin-sample-1",
        "version": VERSION,
        "model": model.name,
        "size": sides,
        "temperature": model.temperature,
        "coupling": model.coupling,
        "algorithm": algorithm_name(&sampler),
        "samples": args.samples,
        "seed": args.seed,
        "energy_per_site": energy.mean(),
        "energy_stderr": error(&energy),
        "magnetisation_abs": absolute.mean(),
        "magnetisation_abs_stderr": error(&absolute),
        "magnetisation_squared": square.mean(),
        "magnetisation_squared_stderr": error(&square),
        "autocorrelation_time": autocorrelation,
        "burn_in": plan.burn_in,
        "thin": plan.thin,
        "equilibrated": equilibrated,
        "chains": chains,
    }));
    if sampler.coupling() == Coupling::Antiferromagnetic {
        fields.insert("staggered_magnetisation_abs".into(), json!(order.mean()));
        fields.insert(
            "staggered_magnetisation_abs_stderr".into(),
            json!(error(&order)),
        );
    }
    fields.insert("seconds".into(), json!(begun.elapsed().as_secs_f64()));
    fields.insert("warnings".into(), json!(warnings));
    warn(&warnings);
    print(global, &fields, || {
        let (title, _) = Subject::Model(*model).describe();
        let line = |name: &str, b: &Blocking| {
            format!(
                "{name:<24}{:>9.5} ± {:.5}\n",
                b.mean(),
                b.standard_error().unwrap_or(f64::NAN)
            )
        };
        format!(
            "{title}\n\n{}{}{}autocorrelation time    {autocorrelation:>9.2} samples of {} sweeps, \
             after {} of burn-in\n{} configurations in {}, {:.1} s",
            line("energy per site", &energy),
            line("|magnetisation|", &absolute),
            line("magnetisation squared", &square),
            plan.thin,
            plan.burn_in,
            args.samples,
            args.out.display(),
            begun.elapsed().as_secs_f64(),
        )
    })
}
