//! `sample`: configurations of a model, to a file.

use std::io;
use std::time::Instant;

use blockspin_core::num::rng::Purpose;
use blockspin_core::sampler::{Coupling, Sampler};
use blockspin_core::stats::{Blocking, integrated};
use serde_json::json;

use super::{VERSION, object, out_of_equilibrium, print, warn};
use crate::chains::CHAINS;
use crate::cli::{Global, SampleArgs};
use crate::error::{Error, Result, quoted};
use crate::machine::Isa;
use crate::model::{Model, algorithm_name};
use crate::npy::{self, SpinWriter};
use crate::output::FileTarget;
use crate::progress::Progress;
use crate::room;
use crate::subject::Subject;

pub(super) fn sample(model: &Model, args: &SampleArgs, global: &Global) -> Result<()> {
    model.check()?;
    Isa::find(&global.isa)?;
    let sides = model.lattice.sides();
    let target = FileTarget::check(&args.out, npy::spin_bytes(args.samples, sides)?)?;
    let chain_length = words(model);
    room::memory(
        "this sampling",
        args.samples.saturating_mul(24) + 16 * chain_length,
    )?;
    let begun = Instant::now();
    let sampling = model.prepare(args.seed)?;
    let (sampler, plan) = (sampling.model, sampling.plan);

    // Few samples come from one chain, many from a fixed number of them, one after the other in
    // the file; half start hot and half cold.
    let chains = args.samples.div_ceil(1000).min(CHAINS as u64);
    let fail = |error: io::Error| Error::failure(format!("{}: {error}", quoted(&args.out)));
    let mut writer = SpinWriter::new(target.create()?, args.samples, sides).map_err(fail)?;
    let mut scratch = vec![0; sampler.scratch_len()];
    let mut kept = vec![0; sampler.state_len()];
    let (mut energies, mut orders) = (vec![], vec![]);
    let (mut energy, mut square, mut order) = (Blocking::new(), Blocking::new(), Blocking::new());
    let mut absolute = Blocking::new();
    let mut starts = [Blocking::new(), Blocking::new()];
    let (sites, j) = (model.lattice.sites() as f64, model.coupling.abs());
    let progress = Progress::new(global.quiet, "sampling", args.samples, "samples");
    for task in 0..chains {
        let mut chain = sampling.chain(args.seed, task, Purpose::Sample);
        let share = args.samples * (task + 1) / chains - args.samples * task / chains;
        for _ in 0..share {
            chain.advance(&sampler, plan.thin, &mut scratch);
            sampler.keep(&chain.state, &mut kept, &mut chain.stream);
            writer.push(&kept).map_err(fail)?;
            let per_site = j * sampler.energy(&kept) / sites;
            let m = f64::from(sampler.magnetisation(&kept)) / sites;
            let o = sampler.order_parameter(&kept);
            energy.push(per_site);
            absolute.push(m.abs());
            square.push(m * m);
            order.push(o);
            starts[(task % 2) as usize].push(per_site);
            energies.push(per_site);
            orders.push(o);
            progress.advance(1);
        }
    }
    drop(progress);
    writer.finish().map_err(fail)?.commit()?;

    let autocorrelation = integrated(&energies).tau.max(integrated(&orders).tau);
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

fn words(model: &Model) -> u64 {
    4 * blockspin_core::num::bits::words(model.lattice.sites()) as u64
}
