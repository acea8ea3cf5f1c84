//! The commands: settings in, numbers, pictures and files out.

use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use blockspin_core::bound::infonce;
use blockspin_core::coarse::encoder::Encoder;
use blockspin_core::exact::{self, Filter, Partition};
use blockspin_core::num::rng::Purpose;
use blockspin_core::sampler::{Coupling, Sampler, Start};
use blockspin_core::stats::{Blocking, integrated};
use serde_json::{Map, Value, json};

use crate::chains::{CHAINS, Chain};
use crate::cli::{
    Cli, Command, EncoderName, EstimateArgs, ExactArgs, Global, RunArgs, SampleArgs, TrainArgs,
};
use crate::error::{Error, Result, quoted};
use crate::filters::{Filters, product};
use crate::learn::{self, Estimate, Outcome, Settings, Source};
use crate::machine::Isa;
use crate::model::{Model, algorithm_name};
use crate::npy::{self, SpinWriter};
use crate::output::{FileTarget, RUN_FILE, RUN_SCHEMA, RunTarget};
use crate::picture::{Style, heat_map};
use crate::progress::Progress;
use crate::report::Report;
use crate::subject::Subject;
use crate::{fingerprint, room, series};

/// Version of this program.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Room that a run's folder takes, generously.
const RUN_BYTES: u64 = 4 << 20;
/// Training may look better than held-out samples by this much, and four standard errors, before
/// it is called overfitting.
const OVERFIT: f64 = 0.02;

/// Runs what was typed.
///
/// # Errors
/// Those of the command.
pub fn run(cli: Cli) -> Result<()> {
    let global = &cli.global;
    match cli.command {
        Command::Sample { model } => {
            let (model, args) = model.resolve()?;
            sample(&model, &args, global)
        }
        Command::Train { model } => {
            let (subject, args) = model.resolve()?;
            train(&subject, &args, global)
        }
        Command::Estimate { model } => {
            let (subject, args) = model.resolve()?;
            estimate(&subject, &args, global)
        }
        Command::Exact { model } => {
            let (model, args) = model.resolve()?;
            solve(&model, &args, global)
        }
        Command::Fingerprint => fingerprints(global),
    }
}

/// A list of names and values, kept in order.
type Fields = Map<String, Value>;

fn object(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}

/// Prints a result: one JSON object, or lines of text.
fn print(global: &Global, fields: &Fields, text: impl FnOnce() -> String) -> Result<()> {
    let output = if global.json {
        serde_json::to_string_pretty(fields).map_err(|error| Error::failure(error.to_string()))?
    } else {
        text().trim_end().to_string()
    };
    Ok(writeln!(io::stdout().lock(), "{output}")?)
}

fn warn(warnings: &[String]) {
    let silent = Progress::new(true, "", 0, "");
    warnings
        .iter()
        .for_each(|warning| silent.say(&format!("warning: {warning}")));
}

// ---------------------------------------------------------------------------------------------
// train, estimate

fn settings(
    subject: &Subject,
    run: &RunArgs,
    filter: Option<&TrainArgs>,
    given: Option<&EstimateArgs>,
    global: &Global,
) -> Result<Settings> {
    if let Subject::Model(model) = subject {
        model.check()?;
    }
    let window = run.window(subject.lattice()?)?;
    let given = given
        .map(|given| -> Result<_> {
            let encoder = match given.encoder {
                EncoderName::Sign => Encoder::Sign,
                EncoderName::Sigmoid => Encoder::Sigmoid,
            };
            Ok((filters(&given.filter, window.block())?, encoder))
        })
        .transpose()?;
    let components = match (&given, filter) {
        (Some((filters, _)), _) => filters.count() as u32,
        (None, Some(filter)) => filter.components(),
        (None, None) => 1,
    };
    let settings = Settings {
        window,
        shape: run.shape(window, components)?,
        schedule: run.schedule(filter),
        seed: run.seed,
        given,
        threads: global.threads as usize,
        isa: Isa::find(&global.isa)?,
        quiet: global.quiet,
    };
    room::memory("this run", learn::memory(&settings))?;
    Ok(settings)
}

/// A filter by name, or from a file, on a block.
fn filters(name: &str, block: &[u32]) -> Result<Filters> {
    let coordinates = |mut site: usize| -> Vec<u32> {
        let mut at = vec![0; block.len()];
        for (at, side) in at.iter_mut().zip(block).rev() {
            *at = (site % *side as usize) as u32;
            site /= *side as usize;
        }
        at
    };
    let weight: Box<dyn Fn(usize) -> f32> = match name {
        "uniform" => Box::new(|_| 1.0),
        "boundary" => Box::new(|site| {
            let outer = coordinates(site)
                .iter()
                .zip(block)
                .any(|(x, side)| *x == 0 || x + 1 == *side);
            f32::from(u8::from(outer))
        }),
        "decimation" => Box::new(|site| f32::from(u8::from(site == 0))),
        "staggered" => {
            Box::new(|site| 1.0 - 2.0 * (coordinates(site).iter().sum::<u32>() % 2) as f32)
        }
        file if file.ends_with(".npy") => {
            let filters = npy::read_filters(Path::new(file), block.len())?;
            if filters.sides() != block {
                return Err(Error::usage(format!(
                    "the filter in {} is for a block of {}, and the block is {}; give --block {}",
                    quoted(Path::new(file)),
                    product(filters.sides()),
                    product(block),
                    filters
                        .sides()
                        .iter()
                        .map(u32::to_string)
                        .collect::<Vec<_>>()
                        .join(",")
                )));
            }
            return Ok(filters);
        }
        _ => {
            return Err(Error::usage(format!(
                "no filter is called '{name}'; there are uniform, boundary, decimation and \
                 staggered, or the name of an .npy file"
            )));
        }
    };
    let sites = block.iter().map(|side| *side as usize).product();
    Filters::new(block, (0..sites).map(weight).collect())
}

/// The options of a run as typed, to repeat it.
fn command(verb: &str, subject: &Subject, run: &RunArgs, settings: &Settings) -> String {
    let block: Vec<_> = settings.window.block().iter().map(u32::to_string).collect();
    let schedule = settings.schedule;
    let mut words = format!(
        "blockspin {verb} {} --block {} --buffer {} --environment {} --batch {} --steps {} \
         --learning-rate {} --learning-rate-end {} --seed {}",
        subject.words(),
        block.join(","),
        settings.window.buffer(),
        settings.window.environment(),
        settings.shape.batch(),
        schedule.steps,
        schedule.rate_start,
        schedule.rate_end,
        run.seed,
    );
    if settings.given.is_none() {
        words += &format!(
            " --components {} --epsilon-start {} --epsilon-end {} --epsilon-rate {}",
            settings.shape.components(),
            schedule.epsilon_start,
            schedule.epsilon_end,
            schedule.epsilon_rate
        );
    }
    words
}

/// A finished run, ready to be shown.
struct Finished {
    outcome: Outcome,
    warnings: Vec<String>,
    /// Everything but wall times: the same on every repeat.
    fields: Fields,
}

fn finish(subject: &Subject, settings: &Settings, command: &str) -> Result<Finished> {
    let mut warnings = vec![];
    let outcome = match subject {
        Subject::Model(model) => {
            let (sampler, plan) = model.prepare(settings.seed)?;
            if !plan.equilibrated {
                warnings.push(format!(
                    "a hot and a cold start do not agree after {} sweeps: the samples may not be in \
                     equilibrium; give --burn-in, or another --algorithm",
                    plan.burn_in
                ));
            }
            learn::run(settings, &Source::Model(sampler, plan))?
        }
        Subject::Data(file, data) if data.constant => {
            warnings.push(format!(
                "all values in {file} are {}: there is nothing to learn, and the information is 0",
                data.low
            ));
            learn::nothing(settings)?
        }
        Subject::Data(_, data) => learn::run(settings, &Source::Data(data))?,
    };
    let Estimate { mean, stderr } = outcome.information;
    let gap = outcome.training - mean;
    if gap > OVERFIT + 4.0 * stderr {
        let remedy = match subject {
            Subject::Data(..) => {
                "the critic knows these configurations by heart; give more of them, or fewer --steps"
            }
            Subject::Model(_) => "give more --steps, or a smaller --learning-rate",
        };
        warnings.push(format!(
            "overfitting: {:.3} nats in training, {mean:.3} on samples not seen; {remedy}",
            outcome.training
        ));
    }
    let ceiling = infonce::ceiling(settings.shape.batch());
    if mean > ceiling - 1.0 {
        warnings.push(format!(
            "the information is near what a batch of {} can show, {ceiling:.2} nats, and is \
             underestimated; take a larger --batch",
            settings.shape.batch()
        ));
    }
    if outcome.groups < 10 && !matches!(subject, Subject::Data(_, data) if data.constant) {
        warnings.push(format!(
            "the held-out part makes {} batches of different configurations: the standard error is \
             rough; give more configurations or a smaller --batch",
            outcome.groups
        ));
    }
    if settings.given.is_none() && mean < 3.0 * stderr {
        warnings.push("no information beyond its error: the filter means nothing here".to_string());
    }

    let filters: Vec<Value> = outcome
        .filters
        .components()
        .map(|weights| nested(weights, outcome.filters.sides()))
        .collect();
    let fields = object(json!({
        "schema": RUN_SCHEMA,
        "version": VERSION,
        "command": command,
        "model": subject.name(),
        "information_nats": finite(mean),
        "information_stderr_nats": finite(stderr),
        "information_bits": finite(mean / std::f64::consts::LN_2),
        "information_sign_nats": finite(outcome.information_sign.mean),
        "information_sign_stderr_nats": finite(outcome.information_sign.stderr),
        "training_information_nats": finite(outcome.training),
        "ceiling_nats": ceiling,
        "deficit_nats": infonce::deficit(settings.shape.batch(), settings.shape.components()),
        "steps": settings.schedule.steps,
        "configurations": outcome.configurations,
        "held_out_batches": outcome.groups,
        "filters": filters,
        "fingerprint": format!("{:016x}", outcome.fingerprint),
        "warnings": warnings,
    }));
    warn(&warnings);
    Ok(Finished {
        outcome,
        warnings,
        fields,
    })
}

/// Weights as lists within lists, as the block has them.
fn nested(weights: &[f32], sides: &[u32]) -> Value {
    match sides {
        [] | [_] => json!(weights),
        [_, rest @ ..] => {
            let inner = rest.iter().map(|side| *side as usize).product();
            weights
                .chunks(inner)
                .map(|plane| nested(plane, rest))
                .collect()
        }
    }
}

/// A number that JSON can hold, or none.
fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

/// Adds the wall times.
fn timed(fields: &Fields, outcome: &Outcome, steps: u32) -> Fields {
    let mut fields = fields.clone();
    fields.insert("seconds_sampling".into(), json!(outcome.seconds_sampling));
    fields.insert("seconds_training".into(), json!(outcome.seconds_training));
    fields.insert("seconds".into(), json!(outcome.seconds));
    let rate = f64::from(steps) / outcome.seconds_training;
    fields.insert("steps_per_second".into(), json!(finite(rate)));
    fields
}

/// "0.405 ± 0.003 nats (0.585 bits)".
fn in_words(estimate: Estimate) -> String {
    let bits = estimate.mean / std::f64::consts::LN_2;
    format!(
        "{:.4} ± {:.4} nats  ({bits:.4} bits)",
        estimate.mean, estimate.stderr
    )
}

fn train(subject: &Subject, args: &TrainArgs, global: &Global) -> Result<()> {
    let run = &args.run;
    let settings = settings(subject, run, Some(args), None, global)?;
    let target = match &args.out {
        Some(path) => RunTarget::check(path, RUN_BYTES)?,
        None => RunTarget::check_default(subject.name(), run.seed, RUN_BYTES)?,
    };
    let command = command("train", subject, run, &settings);
    let finished = finish(subject, &settings, &command)?;
    let outcome = &finished.outcome;
    let (title, about) = subject.describe();
    let fields = timed(&finished.fields, outcome, settings.schedule.steps);

    let writer = target.create()?;
    let json = |fields: &Fields| {
        serde_json::to_vec_pretty(fields).map_err(|error| Error::failure(error.to_string()))
    };
    writer.write(RUN_FILE, &json(&finished.fields)?)?;
    let mut filters = vec![];
    npy::write_filters(&mut filters, &outcome.filters)
        .map_err(|error| Error::failure(error.to_string()))?;
    writer.write("filters.npy", &filters)?;
    writer.write("series.csv", series::csv(&outcome.series).as_bytes())?;
    let timing = format!(
        "what,seconds\nsampling,{}\ntraining,{}\nall,{}\n",
        outcome.seconds_sampling, outcome.seconds_training, outcome.seconds
    );
    writer.write("timing.csv", timing.as_bytes())?;
    let report = Report {
        title: title.clone(),
        model: about,
        command,
        version: VERSION.to_string(),
        settings: table(subject, &settings, outcome),
        information: finite(outcome.information.mean),
        information_stderr: finite(outcome.information.stderr),
        information_sign: finite(outcome.information_sign.mean),
        training_information: finite(outcome.training),
        batch: settings.shape.batch() as u32,
        filters: outcome.filters.clone(),
        series: outcome.series.clone(),
        warnings: finished.warnings.clone(),
        fingerprint: format!("{:016x}", outcome.fingerprint),
    };
    writer.write("report.html", report.html().as_bytes())?;
    writer.commit()?;

    print(global, &fields, || {
        let steps = settings.schedule.steps;
        format!(
            "{title}\n\n\
             information    {}   held out, h drawn from the encoder\n\
             with the sign  {}   held out, h = sign(Λ·v)\n\
             in training    {:.4} nats   ceiling ln K = {:.3}\n\n\
             {}\n\
             {steps} steps, {} configurations, {:.1} s    fingerprint {:016x}\n\
             report         {}",
            in_words(outcome.information),
            in_words(outcome.information_sign),
            outcome.training,
            infonce::ceiling(settings.shape.batch()),
            heat_map(&outcome.filters, Style::of_stdout()),
            outcome.configurations,
            outcome.seconds,
            outcome.fingerprint,
            target.path().join("report.html").display(),
        )
    })
}

/// Settings for the report.
fn table(subject: &Subject, settings: &Settings, outcome: &Outcome) -> Vec<(String, String)> {
    let (window, schedule) = (settings.window, settings.schedule);
    let hidden: Vec<_> = settings.shape.hidden().iter().map(u32::to_string).collect();
    let mut rows = vec![
        ("Lattice".to_string(), product(window.lattice().sides())),
        ("Block".into(), product(window.block())),
        (
            "Buffer, environment".into(),
            format!("{}, {}", window.buffer(), window.environment()),
        ),
        (
            "Sites |V|, |E|".into(),
            format!("{}, {}", window.block_sites(), window.environment_sites()),
        ),
        ("Components".into(), settings.shape.components().to_string()),
        (
            "Critic".into(),
            format!(
                "separable, hidden {}, embedding {}",
                hidden.join(", "),
                settings.shape.embedding()
            ),
        ),
        (
            "Bound".into(),
            format!("InfoNCE, K = {}", settings.shape.batch()),
        ),
        ("Steps".into(), schedule.steps.to_string()),
        (
            "Learning rate".into(),
            format!("{} to {}", schedule.rate_start, schedule.rate_end),
        ),
        (
            "Relaxation ε".into(),
            format!(
                "{} to {}, rate {}",
                schedule.epsilon_start, schedule.epsilon_end, schedule.epsilon_rate
            ),
        ),
        (
            "Configurations trained on".into(),
            outcome.configurations.to_string(),
        ),
        ("Held-out batches".into(), outcome.groups.to_string()),
        ("Seed".into(), settings.seed.to_string()),
    ];
    if let Subject::Model(model) = subject {
        rows.insert(1, ("Temperature".into(), model.temperature.to_string()));
        rows.insert(2, ("Coupling".into(), model.coupling.to_string()));
    }
    rows
}

fn estimate(subject: &Subject, given: &EstimateArgs, global: &Global) -> Result<()> {
    let run = &given.run;
    let settings = settings(subject, run, None, Some(given), global)?;
    let mut command = command("estimate", subject, run, &settings);
    command += &format!(
        " --filter {} --encoder {}",
        given.filter,
        given.encoder.name()
    );
    let finished = finish(subject, &settings, &command)?;
    let outcome = &finished.outcome;
    let fields = timed(&finished.fields, outcome, settings.schedule.steps);
    print(global, &fields, || {
        format!(
            "{}\n\n\
             information    {}   held out, filter {}, encoder {}\n\
             in training    {:.4} nats   ceiling ln K = {:.3}\n\n\
             {}",
            subject.describe().0,
            in_words(outcome.information),
            given.filter,
            given.encoder.name(),
            outcome.training,
            infonce::ceiling(settings.shape.batch()),
            heat_map(&outcome.filters, Style::of_stdout()),
        )
    })
}

// ---------------------------------------------------------------------------------------------
// sample

fn sample(model: &Model, args: &SampleArgs, global: &Global) -> Result<()> {
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
    let (sampler, plan) = model.prepare(args.seed)?;

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
        let start = if task % 2 == 0 {
            Start::Hot
        } else {
            Start::Cold
        };
        let mut chain = Chain::new(&sampler, start, args.seed, task, Purpose::Sample);
        chain.advance(&sampler, plan.burn_in, &mut scratch);
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
    if !plan.equilibrated {
        warnings.push(format!(
            "a hot and a cold start do not agree after {} sweeps: the samples may not be in \
             equilibrium; give --burn-in, or another --algorithm",
            plan.burn_in
        ));
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
        "equilibrated": plan.equilibrated,
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

// ---------------------------------------------------------------------------------------------
// exact

fn solve(model: &Model, args: &ExactArgs, global: &Global) -> Result<()> {
    let usage = |error: &dyn std::fmt::Display| Error::usage(error.to_string());
    let (coupling, beta) = (model.coupling, model.temperature.recip());
    let mut fields = object(json!({
        "schema": "blockspin-exact-1",
        "version": VERSION,
        "model": model.name,
        "size": model.lattice.sides(),
        "temperature": model.temperature,
        "coupling": coupling,
    }));
    let mut text = format!("{}\n\n", Subject::Model(*model).describe().0);
    let mut add = |fields: &mut Fields, name: &str, words: &str, value: f64| {
        fields.insert(name.into(), json!(finite(value)));
        text += &format!("{words:<26}{value:>12.8}\n");
    };

    let means = exact::means_scratch_len(model.lattice)
        .and_then(|length| exact::means(model.lattice, coupling, beta, &mut vec![0.0; length]));
    match means {
        Ok(means) => {
            add(
                &mut fields,
                "energy_per_site",
                "energy per site",
                means.energy_per_site,
            );
            add(
                &mut fields,
                "specific_heat",
                "specific heat per site",
                means.specific_heat,
            );
            add(
                &mut fields,
                "magnetisation_abs",
                "|magnetisation|",
                means.magnetisation_abs,
            );
            add(
                &mut fields,
                "magnetisation_squared",
                "magnetisation squared",
                means.magnetisation_squared,
            );
            add(
                &mut fields,
                "binder_cumulant",
                "Binder cumulant",
                means.binder_cumulant,
            );
        }
        // The information of a long chain is to be had where its means are not.
        Err(error) if args.block().is_none() => return Err(usage(&error)),
        Err(_) => {}
    }
    if let Some(block) = args.block() {
        let partition =
            Partition::new(model.lattice, block, args.buffer).map_err(|error| usage(&error))?;
        let given = args
            .filter
            .as_ref()
            .map(|name| filters(name, partition.block()))
            .transpose()?;
        // Site by site, as the core has it.
        let weights: Vec<f32> = given
            .iter()
            .flat_map(|filters| {
                let (sites, weights) = (filters.sites(), filters.weights());
                (0..sites).flat_map(move |i| weights.iter().skip(i).step_by(sites).copied())
            })
            .collect();
        let components = given.as_ref().map_or(1, Filters::count);
        let encoder = match args.encoder {
            EncoderName::Sign => exact::Encoder::Sign,
            EncoderName::Sigmoid => exact::Encoder::Sigmoid,
        };
        let filter = given
            .as_ref()
            .map(|_| Filter::new(&weights, components, encoder))
            .transpose()
            .map_err(|error| usage(&error))?;
        let information = exact::information_scratch_len(&partition, components)
            .and_then(|length| {
                let scratch = &mut vec![0.0; length];
                exact::information(&partition, coupling, beta, filter.as_ref(), scratch)
            })
            .map_err(|error| usage(&error))?;
        if let Some(filtered) = information.filtered {
            add(&mut fields, "information_nats", "I(H:E), nats", filtered);
        }
        add(
            &mut fields,
            "block_information_nats",
            "I(V:E), nats",
            information.block,
        );
    }
    print(global, &fields, || text)
}

// ---------------------------------------------------------------------------------------------
// fingerprint

fn fingerprints(global: &Global) -> Result<()> {
    let isa = Isa::find(&global.isa)?;
    let lines = fingerprint::all(isa, global.threads as usize)?;
    let fields = lines
        .iter()
        .map(|(name, hash)| (name.to_string(), json!(hash)))
        .collect();
    print(global, &fields, || {
        lines
            .iter()
            .map(|(name, hash)| format!("{name} {hash}\n"))
            .collect()
    })
}
