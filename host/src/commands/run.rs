//! `train` and `estimate`: a run, and what is told of it.

use std::time::Instant;

use blockspin_core::bound::infonce;
use blockspin_core::coarse::encoder::Encoder;
use blockspin_core::num::bits;
use blockspin_core::stats::integrated;
use serde_json::{Value, json};

use super::{Fields, VERSION, filters, finite, object, out_of_equilibrium, print, warn};
use crate::cli::{EncoderName, EstimateArgs, Global, RunArgs, TrainArgs};
use crate::data::Kind;
use crate::error::{Error, Result};
use crate::filters::product;
use crate::learn::{self, Estimate, Outcome, Settings, Source};
use crate::machine::Isa;
use crate::npy;
use crate::output::{RUN_FILE, RUN_SCHEMA, RunTarget};
use crate::picture::{Style, heat_map};
use crate::report::Report;
use crate::subject::{Subject, quoted_for_shell};
use crate::{room, series};

/// Room that a run's folder takes, generously.
const RUN_BYTES: u64 = 4 << 20;
/// Autocorrelation time of a file's configurations above which they are called alike.
const CORRELATED: f64 = 2.0;
/// Held-out configurations below which an error bar is rough.
const ENOUGH_HELD_OUT: usize = 200;
/// Share of the ceiling from which InfoNCE falls short visibly.
const NEAR_CEILING: f64 = 0.7;
/// Training may look better than held-out samples by this much, and four standard errors, before
/// it is called overfitting.
const OVERFIT: f64 = 0.02;

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

/// The options of a run as typed, to repeat it.
fn command(verb: &str, subject: &Subject, run: &RunArgs, settings: &Settings) -> String {
    let list = |sides: &[u32]| -> String {
        let same = sides.iter().all(|side| *side == sides[0]);
        let sides: Vec<_> = sides.iter().map(u32::to_string).collect();
        sides[..if same { 1 } else { sides.len() }].join(",")
    };
    let schedule = settings.schedule;
    let mut words = format!(
        "blockspin {verb} {} --block {} --buffer {} --environment {} --batch {} --steps {} \
         --learning-rate {} --learning-rate-end {} --seed {}",
        subject.words(),
        list(settings.window.block()),
        list(settings.window.buffer()),
        list(settings.window.environment()),
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
            let begun = Instant::now();
            let sampling = model.prepare(settings.seed, settings.threads)?;
            let preparing = begun.elapsed().as_secs_f64();
            if !sampling.plan.equilibrated {
                warnings.push(out_of_equilibrium(&sampling.plan));
            }
            let mut outcome = learn::run(settings, &Source::Model(&sampling))?;
            // The pilot is sampling too.
            outcome.seconds_sampling += preparing;
            outcome.seconds += preparing;
            outcome
        }
        Subject::Data(file, data) if data.is_constant() => {
            warnings.push(format!(
                "all values in {file} are {}: there is nothing to learn, and the information is 0",
                match data.kind() {
                    Kind::Signs { low, .. } => low,
                    Kind::Reals { centre, .. } => centre,
                }
            ));
            learn::nothing(settings)?
        }
        Subject::Data(_, data) => learn::run(settings, &Source::Data(data))?,
    };
    let Estimate { mean, stderr } = outcome.information;
    if !matches!(subject, Subject::Data(_, data) if data.is_constant()) {
        warnings.extend(doubts(subject, settings, &outcome)?);
    }

    // To leading order in 1/K: where it is large it says nothing.
    let deficit = infonce::deficit(settings.shape.batch(), settings.shape.components());
    let deficit = (deficit < 0.1).then_some(deficit);
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
        "ceiling_nats": infonce::ceiling(settings.shape.batch()),
        "deficit_nats": deficit,
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

/// What there is to doubt about an outcome.
fn doubts(subject: &Subject, settings: &Settings, outcome: &Outcome) -> Result<Vec<String>> {
    let mut doubts = vec![];
    let Estimate { mean, stderr } = outcome.information;
    if mean < -OVERFIT - 4.0 * stderr && outcome.training < OVERFIT {
        doubts.push(
            "the critic has not converged; take a smaller --learning-rate or more --steps".into(),
        );
    } else if outcome.training - mean > OVERFIT + 4.0 * stderr {
        let remedy = match subject {
            Subject::Data(..) => {
                "the critic knows these configurations by heart; give more of them, or fewer --steps"
            }
            Subject::Model(_) => "take a smaller --learning-rate",
        };
        doubts.push(format!(
            "overfitting: {:.3} nats in training, {mean:.3} on samples not seen; {remedy}",
            outcome.training
        ));
    }
    let ceiling = infonce::ceiling(settings.shape.batch());
    if mean > NEAR_CEILING * ceiling {
        doubts.push(format!(
            "the information is near what a batch of {} can show, {ceiling:.2} nats, and is \
             underestimated; take a larger --batch",
            settings.shape.batch()
        ));
    }
    let held_out = outcome.groups * settings.shape.batch();
    if held_out < ENOUGH_HELD_OUT {
        doubts.push(format!(
            "the figure rests on {held_out} held-out configurations: its standard error is rough; \
             give more configurations"
        ));
    }
    if let Subject::Data(_, data) = subject {
        let sites = data.sites();
        let mut row = vec![0; bits::words(sites)];
        let mut order = vec![];
        for i in 0..data.configurations() {
            data.signs(i, &[0; 3][..data.sides().len()], data.sides(), &mut row)?;
            let up = bits::count(&row, sites);
            order.push((2.0 * f64::from(up) / sites as f64 - 1.0).abs());
        }
        let tau = integrated(&order).tau;
        if tau > CORRELATED {
            doubts.push(format!(
                "configurations that follow one another are alike (autocorrelation time {tau:.1}): \
                 the parts of the file are not independent; give every {}th",
                (2.0 * tau).ceil()
            ));
        }
    }
    if settings.given.is_none() && mean <= 3.0 * stderr {
        doubts.push("no information beyond its error: the filter means nothing here".into());
    }
    Ok(doubts)
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

pub(super) fn train(subject: &Subject, args: &TrainArgs, global: &Global) -> Result<()> {
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
            format!(
                "{}, {}",
                product(window.buffer()),
                product(window.environment())
            ),
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

pub(super) fn estimate(subject: &Subject, given: &EstimateArgs, global: &Global) -> Result<()> {
    let run = &given.run;
    let settings = settings(subject, run, None, Some(given), global)?;
    let mut command = command("estimate", subject, run, &settings);
    command += &format!(
        " --filter {} --encoder {}",
        quoted_for_shell(&given.filter),
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
