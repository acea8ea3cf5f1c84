//! `train` and `estimate`: a run, and what is told of it.

use std::time::Instant;

use blockspin_core::block::window::WindowError;
use blockspin_core::critic::Critic;
use serde_json::{Value, json};

use super::doubts::doubts;
use super::named::filters;
use super::{Fields, VERSION, chain_doubts, finite, object, print, warn};
use crate::cli::{EstimateArgs, Global, RunArgs, TrainArgs};
use crate::coarse::Coarse;
use crate::data::Kind;
use crate::error::{Error, Result};
use crate::filters::{Filters, product};
use crate::graph::Shells;
use crate::held_out::Estimate;
use crate::learn::{self, Outcome, Settings};
use crate::machine::Isa;
use crate::model::Layout;
use crate::npy;
use crate::output::{RUN_FILE, RUN_SCHEMA, RunTarget};
use crate::parts::Parts;
use crate::picture::graph::{graph_svg, graph_table};
use crate::picture::{Style, heat_map};
use crate::place::{Place, Sites};
use crate::report::Report;
use crate::subject::{Input, Subject, quoted_for_shell};
use crate::{room, series};

/// Room that a run's folder takes, generously.
const RUN_BYTES: u64 = 4 << 20;
/// V and E; on a graph with the shells that they were taken from.
fn place(subject: &Subject, run: &RunArgs) -> Result<(Place, Option<Shells>)> {
    let input = match subject {
        Subject::Model(model, _) => {
            let window = run.window(model.lattice(), &model.layout())?;
            return Ok((Place::Window(window), None));
        }
        Subject::Data(input) => input,
    };
    if let Some((graph, on, centre)) = &input.graph {
        let [block, buffer, environment] = run.shells()?;
        let shells = graph.shells(*centre, *on, block, buffer, environment)?;
        let varying = input.data.varying();
        let place = Sites::of_graph(&shells.block, &shells.environment, varying);
        let place = Place::Sites(place);
        return Ok((place, Some(shells)));
    }
    let lattice = subject.lattice()?;
    let mut window = run
        .window(lattice, &Layout::Anywhere)?
        .with_open(&input.open);
    if let Some(origin) = &input.origin {
        window = window.with_corner(origin).map_err(|error| match error {
            WindowError::Outside {
                axis,
                at,
                least,
                most,
            } => Error::usage(format!(
                "--origin {at} along axis {axis}: with buffer and environment the block fits from \
                 {least} to {most}"
            )),
            error => Error::usage(error.to_string()),
        })?;
    }
    let place = match input.origin {
        Some(_) => Sites::of_window(window, input.data.varying()).map(Place::Sites),
        None => None,
    };
    Ok((place.unwrap_or(Place::Window(window)), None))
}

/// What a run's file says of the data.
fn told(input: &Input, shells: Option<&Shells>, parts: Option<&Parts>, outcome: &Outcome) -> Value {
    let (kind, low, high, centre, scale) = match input.data.kind() {
        Kind::Signs { low, high } => ("two-valued", Some(low), Some(high), None, None),
        Kind::Reals { centre, scale } => ("real", None, None, Some(centre), Some(scale)),
    };
    let range = |part: fn(&Parts) -> &std::ops::Range<usize>| {
        parts.map(|parts| [part(parts).start, part(parts).end])
    };
    json!({
        "file": input.file,
        "configurations": input.data.configurations(),
        "sides": input.data.sides(),
        "boundary": input.boundary(),
        "kind": kind,
        "low": low,
        "high": high,
        "centre": centre,
        "scale": scale,
        "missing_values": input.data.missing(),
        "windows_left_out": outcome.left_out,
        "autocorrelation_time": parts.map(|parts| parts.autocorrelation),
        "trained": range(|parts| &parts.train),
        "watched": range(|parts| &parts.validation),
        "held_out": range(|parts| &parts.held_out),
        "origin": input.origin,
        "graph": shells.map(|shells| on_graph(input, shells)),
    })
}

/// What a run's file says of the graph; weights are in the order of the block's sites.
fn on_graph(input: &Input, shells: &Shells) -> Value {
    let graph = input.graph.as_ref().map(|(graph, on, centre)| {
        json!({
            "nodes": graph.nodes(),
            "edges": graph.edges(),
            "values": format!("{}s", on.site()),
            "origin": centre.to_string(),
            "block": shells.block,
            "buffer": shells.buffer,
            "environment": shells.environment,
        })
    });
    json!(graph)
}

fn settings(
    subject: &Subject,
    run: &RunArgs,
    filter: Option<&TrainArgs>,
    given: Option<&EstimateArgs>,
    global: &Global,
) -> Result<(Settings, Option<Shells>)> {
    let (model, layout) = match subject {
        Subject::Model(model, _) => (Some(model.unmeasured()?), model.layout()),
        Subject::Data(_) => (None, Layout::Anywhere),
    };
    let (place, shells) = place(subject, run)?;
    let coarse = match (given, filter) {
        (Some(given), _) => given.encoder.coarse(),
        (None, Some(filter)) => filter.encoder,
        (None, None) => Coarse::Binary,
    };
    let given = given
        .map(|given| -> Result<_> {
            let block = place.block();
            let filters = filters(&given.filter, block, &layout, shells.as_ref(), coarse)?;
            let (count, of_each) = (filters.count(), coarse.filters());
            if !count.is_multiple_of(of_each as usize) {
                return Err(Error::usage(format!(
                    "--encoder {} with a filter of {count} components; it takes {of_each} for each \
                     of its own, one for each state",
                    given.encoder
                )));
            }
            Ok((filters.of_states(of_each), given.encoder.encoder()))
        })
        .transpose()?;
    let components = match (&given, filter) {
        (Some((filters, _)), _) => filters.count() as u32,
        (None, Some(filter)) => filter.filters()?,
        (None, None) => 1,
    };
    let (block, environment) = place.parts();
    let settings = Settings {
        // Where nothing varies nothing is run.
        shape: run.shape((block.max(1), environment.max(1)), components)?,
        place,
        bound: run.bound,
        schedule: run.schedule(filter),
        coarse,
        filter_start: filter.map_or(1.0, |filter| filter.filter_start),
        seed: run.seed,
        given,
        threads: global.threads as usize,
        isa: Isa::find(&global.isa)?,
        quiet: global.quiet,
    };
    // What a file needs is known once its parts are.
    if let Some(model) = model {
        room::memory("this run", learn::memory(&settings, &model))?;
    }
    Ok((settings, shells))
}

/// The options of a run as typed, to repeat it.
fn command(verb: &str, subject: &Subject, run: &RunArgs, settings: &Settings) -> String {
    let schedule = settings.schedule;
    let mut words = format!(
        "blockspin {verb} {} {} --batch {} --bound {} --steps {} --learning-rate {} \
         --learning-rate-end {} --seed {}",
        subject.words(),
        run.place_words(),
        settings.shape.batch(),
        settings.bound.name(),
        schedule.steps,
        schedule.rate_start,
        schedule.rate_end,
        run.seed,
    );
    words += &run.critic_words();
    if settings.given.is_none() {
        let components = settings.shape.components() as u32 / settings.coarse.filters();
        words += &format!(" --encoder {} --components {components}", settings.coarse);
        if settings.coarse.is_relaxed() {
            words += &format!(
                " --filter-start {} --epsilon-start {} --epsilon-end {} --epsilon-rate {}",
                settings.filter_start,
                schedule.epsilon_start,
                schedule.epsilon_end,
                schedule.epsilon_rate
            );
        }
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

fn finish(
    subject: &Subject,
    settings: &Settings,
    shells: Option<&Shells>,
    command: &str,
    encoder: &str,
) -> Result<Finished> {
    let mut warnings = match subject {
        Subject::Data(input) => input.warnings(),
        Subject::Model(..) => vec![],
    };
    let mut parts = None;
    let outcome = match subject {
        Subject::Model(model, pace) => {
            let begun = Instant::now();
            let prepared = pace.prepare(model.as_ref(), settings.seed, settings.threads)?;
            let preparing = begun.elapsed().as_secs_f64();
            warnings.extend(chain_doubts(&prepared, prepared.plan()));
            let mut outcome = learn::model(settings, &prepared)?;
            // The pilot is sampling too.
            outcome.seconds_sampling += preparing;
            outcome.seconds += preparing;
            outcome
        }
        Subject::Data(input) if input.data.is_constant() => {
            warnings.push(format!(
                "all values in {} are {}: there is nothing to learn, and the information is 0",
                input.file,
                match input.data.kind() {
                    Kind::Signs { low, .. } => low,
                    Kind::Reals { centre, .. } => centre,
                }
            ));
            learn::nothing(settings)?
        }
        Subject::Data(_) if matches!(settings.place.parts(), (0, _) | (_, 0)) => {
            let (part, way) = match settings.place.parts() {
                (0, _) => ("block", "a larger --block"),
                _ => ("environment", "a wider --environment"),
            };
            warnings.push(format!(
                "the values of the {part} are the same in all configurations: there is nothing to \
                 learn, and the information is 0; take another --origin, or {way}"
            ));
            learn::nothing(settings)?
        }
        Subject::Data(input) => {
            let made = Parts::of(&input.data, settings.shape.batch())?;
            let outcome = learn::data(settings, &input.data, &made)?;
            parts = Some(made);
            outcome
        }
    };
    let Estimate { mean, stderr } = outcome.information;
    if outcome.groups > 0 {
        warnings.extend(doubts(parts.as_ref(), settings, &outcome));
    }

    let (shape, bound) = (settings.shape, settings.bound);
    // To leading order in 1/K: where it is large it says nothing.
    let capacity = settings.coarse.capacity(shape.components());
    let deficit = capacity.and_then(|capacity| bound.deficit(shape.batch(), capacity));
    let deficit = deficit.filter(|deficit| *deficit < 0.1);
    let sign = outcome.information_sign;
    let filters: Vec<Value> = outcome
        .filters
        .components()
        .map(|weights| nested(weights, outcome.filters.sides()))
        .collect();
    let mut fields = object(json!({
        "schema": RUN_SCHEMA,
        "version": VERSION,
        "command": command,
        "model": subject.name(),
        "encoder": encoder,
        "information_nats": finite(mean),
        "information_stderr_nats": finite(stderr),
        "information_bits": finite(mean / std::f64::consts::LN_2),
        "information_sign_nats": sign.and_then(|sign| finite(sign.mean)),
        "information_sign_stderr_nats": sign.and_then(|sign| finite(sign.stderr)),
        "training_information_nats": finite(outcome.training),
        "bound": bound.name(),
        "critic": shape.critic().name(),
        "ceiling_nats": bound.ceiling(shape.batch()),
        "capacity_nats": capacity,
        "deficit_nats": deficit,
        "steps": settings.schedule.steps,
        "configurations": outcome.configurations,
        "held_out_batches": outcome.groups,
        "filters": filters,
        "fingerprint": format!("{:016x}", outcome.fingerprint),
        "warnings": warnings,
    }));
    if let Subject::Data(input) = subject {
        let told = told(input, shells, parts.as_ref(), &outcome);
        fields.insert("data".into(), told);
    }
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

/// "ceiling ln K = 4.605", or the bound, where it has none.
fn limit(settings: &Settings) -> String {
    match settings.bound.ceiling(settings.shape.batch()) {
        Some(ceiling) => format!("ceiling ln K = {ceiling:.3}"),
        None => format!("bound {}", settings.bound),
    }
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
    let (settings, shells) = settings(subject, run, Some(args), None, global)?;
    let target = match &args.out {
        Some(path) => RunTarget::check(path, RUN_BYTES)?,
        None => RunTarget::check_default(subject.name(), run.seed, RUN_BYTES)?,
    };
    let command = command("train", subject, run, &settings);
    let encoder = settings.coarse.to_string();
    let finished = finish(subject, &settings, shells.as_ref(), &command, &encoder)?;
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
        settings: table(subject, run, &settings, shells.as_ref(), outcome)?,
        information: finite(outcome.information.mean),
        information_stderr: finite(outcome.information.stderr),
        information_sign: outcome.information_sign.and_then(|sign| finite(sign.mean)),
        training_information: finite(outcome.training),
        bound: settings.bound,
        batch: settings.shape.batch() as u32,
        coarse: settings.coarse,
        filters: outcome.filters.clone(),
        drawing: subject
            .graph()
            .zip(shells.as_ref())
            .map(|(graph, shells)| graph_svg(graph, shells, &outcome.filters))
            .transpose()?,
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
             information    {}   held out, {}\n\
             {}\
             in training    {:.4} nats   {}\n\n\
             {}\n\
             {steps} steps, {} configurations, {:.1} s    fingerprint {:016x}\n\
             report         {}",
            in_words(outcome.information),
            match settings.coarse {
                Coarse::Continuous => "h = Λ·v",
                _ => "h drawn from the encoder",
            },
            decided(settings.coarse, outcome.information_sign),
            outcome.training,
            limit(&settings),
            filter_text(&outcome.filters, shells.as_ref()),
            outcome.configurations,
            outcome.seconds,
            outcome.fingerprint,
            target.path().join("report.html").display(),
        )
    })
}

/// The line of h without chance, if there is such.
fn decided(coarse: Coarse, information: Option<Estimate>) -> String {
    let (name, h) = match coarse {
        Coarse::States(_) => ("largest logit", "h = argmax Λ_s·v"),
        _ => ("with the sign", "h = sign(Λ·v)"),
    };
    information.map_or(String::new(), |information| {
        format!("{name}  {}   held out, {h}\n", in_words(information))
    })
}

/// Settings for the report.
fn table(
    subject: &Subject,
    run: &RunArgs,
    settings: &Settings,
    shells: Option<&Shells>,
    outcome: &Outcome,
) -> Result<Vec<(String, String)>> {
    let schedule = settings.schedule;
    let mut rows = match shells {
        Some(shells) => vec![("Shells".to_string(), shells.describe())],
        None => {
            let window = run.window(subject.lattice()?, &Layout::Anywhere)?;
            vec![
                ("Lattice".to_string(), product(window.lattice().sides())),
                ("Block".into(), product(window.block())),
                (
                    "Buffer, environment".into(),
                    format!(
                        "{}, {}",
                        widths(window.buffer()),
                        widths(window.environment())
                    ),
                ),
            ]
        }
    };
    let (block, environment) = settings.place.parts();
    let filters = settings.shape.components() as u32;
    rows.extend([
        ("Sites |V|, |E|".into(), format!("{block}, {environment}")),
        (
            "Components".into(),
            match settings.coarse {
                Coarse::Binary => format!("{filters}"),
                Coarse::Continuous => format!("{filters}, continuous"),
                Coarse::States(q) => format!("{}, of {q} states", filters / q),
            },
        ),
        ("Critic".into(), critic_in_words(settings)),
        (
            "Bound".into(),
            format!("{}, K = {}", settings.bound, settings.shape.batch()),
        ),
        ("Steps".into(), schedule.steps.to_string()),
        (
            "Learning rate".into(),
            format!("{} to {}", schedule.rate_start, schedule.rate_end),
        ),
        (
            "Relaxation ε".into(),
            match settings.coarse.is_relaxed() {
                true => format!(
                    "{} to {}, rate {}",
                    schedule.epsilon_start, schedule.epsilon_end, schedule.epsilon_rate
                ),
                false => "none".into(),
            },
        ),
        (
            "Configurations trained on".into(),
            outcome.configurations.to_string(),
        ),
        ("Held-out batches".into(), outcome.groups.to_string()),
        ("Seed".into(), settings.seed.to_string()),
    ]);
    match subject {
        Subject::Model(model, _) => {
            let parameters = model
                .parameters()
                .into_iter()
                .filter(|p| !p.value.is_null());
            for (at, parameter) in (1..).zip(parameters) {
                let value = match parameter.value {
                    Value::String(text) => text,
                    value => value.to_string(),
                };
                rows.insert(at, (parameter.label.into(), value));
            }
        }
        Subject::Data(input) => {
            if input.graph.is_none() {
                rows.insert(1, ("Boundaries".into(), input.boundary()));
            }
            if let Some(origin) = &input.origin {
                rows.insert(2, ("Block begins at".into(), product(origin)));
            }
            if outcome.left_out > 0 {
                let left_out = outcome.left_out.to_string();
                rows.push(("Windows with missing values".into(), left_out));
            }
        }
    }
    Ok(rows)
}

/// Kind, hidden layers, activation and embedding, as far as there are such.
fn critic_in_words(settings: &Settings) -> String {
    let shape = settings.shape;
    let critic = shape.critic();
    if critic == Critic::Quadratic {
        return critic.to_string();
    }
    let hidden: Vec<_> = shape.hidden().iter().map(u32::to_string).collect();
    let mut words = match hidden.is_empty() {
        true => format!("{critic}, no hidden layer"),
        false => format!(
            "{critic}, hidden {}, {}",
            hidden.join(", "),
            shape.activation()
        ),
    };
    if critic == Critic::Separable {
        let width = shape.embedding() - settings.bound.outputs(critic) as usize;
        words += &format!(", embedding {width}");
    }
    words
}

/// One width where all are the same, else one for each axis.
fn widths(all: &[u32]) -> String {
    match all.iter().all(|width| *width == all[0]) {
        true => all[0].to_string(),
        false => product(all),
    }
}

pub(super) fn estimate(subject: &Subject, given: &EstimateArgs, global: &Global) -> Result<()> {
    let run = &given.run;
    let (settings, shells) = settings(subject, run, None, Some(given), global)?;
    let mut command = command("estimate", subject, run, &settings);
    command += &format!(
        " --filter {} --encoder {}",
        quoted_for_shell(&given.filter),
        given.encoder
    );
    let encoder = given.encoder.to_string();
    let finished = finish(subject, &settings, shells.as_ref(), &command, &encoder)?;
    let outcome = &finished.outcome;
    let fields = timed(&finished.fields, outcome, settings.schedule.steps);
    print(global, &fields, || {
        format!(
            "{}\n\n\
             information    {}   held out, filter {}, encoder {}\n\
             in training    {:.4} nats   {}\n\n\
             {}",
            subject.describe().0,
            in_words(outcome.information),
            given.filter,
            given.encoder,
            outcome.training,
            limit(&settings),
            filter_text(&outcome.filters, shells.as_ref()),
        )
    })
}

/// The filter for a terminal.
fn filter_text(filters: &Filters, shells: Option<&Shells>) -> String {
    match shells {
        Some(shells) => graph_table(shells, filters, Style::of_stdout())
            .unwrap_or_else(|error| error.to_string()),
        None => heat_map(filters, Style::of_stdout()),
    }
}
