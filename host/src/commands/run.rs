//! `train` and `estimate`: a run, and what is told of it.

use std::hash::Hasher;
use std::time::Instant;

use fnv::FnvHasher;
use serde_json::{Value, json};

use super::asked::{command, settings};
use super::doubts::doubts;
use super::exactly::Exact;
use super::table::table;
use super::tried;
use super::{Fields, VERSION, chain_doubts, finite, listed, object, print, warn};
use crate::checkpoint::{Checkpoint, Measured};
use crate::cli::{EstimateArgs, Global, TrainArgs};
use crate::coarse::Coarse;
use crate::data::Kind;
use crate::error::{Error, Result};
use crate::filters::Filters;
use crate::graph::Shells;
use crate::held_out::Estimate;
use crate::learn::{self, Outcome, Settings};
use crate::npy;
use crate::output::{RUN_FILE, RUN_SCHEMA, RunTarget};
use crate::parts::Parts;
use crate::picture::graph::{graph_svg, graph_table};
use crate::picture::{Style, heat_map};
use crate::report::Report;
use crate::series;
use crate::subject::{Input, Subject, quoted_for_shell};

/// Room that a run's folder takes, generously.
const RUN_BYTES: u64 = 4 << 20;

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

/// A finished run, ready to be shown.
struct Finished {
    outcome: Outcome,
    exact: Exact,
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
    mut checkpoint: Option<&mut Checkpoint>,
) -> Result<Finished> {
    let mut warnings = match subject {
        Subject::Data(input) => input.warnings(),
        Subject::Model(..) => vec![],
    };
    let mut parts = None;
    let outcome = match subject {
        Subject::Model(model, pace) => {
            let begun = Instant::now();
            let measured = checkpoint.as_ref().and_then(|found| found.measured());
            let prepared = match measured {
                Some(found) => model.planned(found.plan, found.clusters)?,
                None => pace.prepare(model.as_ref(), settings.seed, settings.threads)?,
            };
            let measured = measured.unwrap_or_else(|| Measured {
                plan: *prepared.plan(),
                clusters: prepared.clusters(),
                seconds: begun.elapsed().as_secs_f64(),
            });
            if let Some(checkpoint) = &mut checkpoint {
                checkpoint.set_measured(measured);
            }
            warnings.extend(chain_doubts(&prepared, prepared.plan()));
            let mut outcome = learn::model(settings, &prepared, checkpoint)?;
            // The pilot is sampling too.
            outcome.seconds_sampling += measured.seconds;
            outcome.seconds += measured.seconds;
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
            if let Some(checkpoint) = &mut checkpoint {
                checkpoint.set_data(identity(input, settings, shells, &made))?;
            }
            let outcome = learn::data(settings, &input.data, &made, checkpoint)?;
            parts = Some(made);
            outcome
        }
    };
    let exact = Exact::of(subject, settings, &outcome.filters);
    let Estimate { mean, stderr } = outcome.information;
    if outcome.groups > 0 {
        warnings.extend(doubts(
            parts.as_ref(),
            subject.is_discrete(),
            settings,
            &outcome,
        ));
    }

    let (shape, bound) = (settings.shape, settings.bound);
    // To leading order in 1/K: where it is large it says nothing.
    let capacity = settings.coarse.capacity(outcome.filters.count());
    let deficit = capacity.and_then(|capacity| bound.deficit(shape.batch(), capacity));
    let deficit = deficit.filter(|deficit| *deficit < 0.1);
    let sign = outcome.information_sign;
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
        "exact": exact.json(),
        "configurations": outcome.configurations,
        "held_out_batches": outcome.groups,
        "filters": listed(&outcome.filters),
        "fingerprint": format!("{:016x}", outcome.fingerprint),
        "warnings": warnings,
    }));
    fields.extend(tried::fields(&outcome));
    if shape.has_map() {
        fields.insert("filters_are".into(), json!("mean response of the map"));
    }
    if let Subject::Data(input) = subject {
        let told = told(input, shells, parts.as_ref(), &outcome);
        fields.insert("data".into(), told);
    }
    warn(&warnings);
    Ok(Finished {
        outcome,
        exact,
        warnings,
        fields,
    })
}

/// FNV-1a 64 of what tells the values of a file, and those that are looked at, from others, short of
/// reading them all again.
fn identity(input: &Input, settings: &Settings, shells: Option<&Shells>, parts: &Parts) -> u64 {
    let mut hash = FnvHasher::default();
    let mut add = |number: u64| hash.write(&number.to_le_bytes());
    let data = &input.data;
    let (kind, numbers) = match data.kind() {
        Kind::Signs { low, high } => (0, [low, high]),
        Kind::Reals { centre, scale } => (1, [centre, scale]),
    };
    add(kind);
    numbers.iter().for_each(|x| add(x.to_bits()));
    add(data.configurations() as u64);
    add(data.missing());
    add(parts.autocorrelation.to_bits());
    let (block, environment) = settings.place.parts();
    add(block as u64);
    add(environment as u64);
    let place = settings.place.block_indices();
    let shells = shells.iter();
    let shells = shells.flat_map(|shells| shells.block.iter().chain(&shells.environment));
    let sites = data.sides().iter().chain(data.varying()).chain(&place);
    sites.chain(shells).for_each(|n| add(u64::from(*n)));
    hash.finish()
}

/// Adds the wall times.
fn timed(fields: &Fields, outcome: &Outcome) -> Fields {
    let mut fields = fields.clone();
    fields.insert("seconds_sampling".into(), json!(outcome.seconds_sampling));
    fields.insert("seconds_training".into(), json!(outcome.seconds_training));
    fields.insert("seconds".into(), json!(outcome.seconds));
    let steps: f64 = outcome
        .attempts
        .iter()
        .map(|all| f64::from(all.steps))
        .sum();
    let rate = steps / outcome.seconds_training;
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
    let command = command("train", subject, run, Some(args), &settings);
    let mut checkpoint =
        Checkpoint::check(&target.checkpoint(), args.checkpoint, args.resume, &command)?;
    let encoder = settings.coarse.to_string();
    let finished = finish(
        subject,
        &settings,
        shells.as_ref(),
        &command,
        &encoder,
        Some(&mut checkpoint),
    )?;
    let (outcome, exact) = (&finished.outcome, &finished.exact);
    let (title, about) = subject.describe();
    let fields = timed(&finished.fields, outcome);

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
        settings: table(subject, run, &settings, shells.as_ref(), outcome, exact)?,
        information: finite(outcome.information.mean),
        information_stderr: finite(outcome.information.stderr),
        information_sign: outcome.information_sign.and_then(|sign| finite(sign.mean)),
        training_information: finite(outcome.training),
        bound: settings.bound,
        batch: settings.shape.batch() as u32,
        coarse: settings.coarse,
        mapped: settings.shape.has_map(),
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
    checkpoint.remove()?;

    print(global, &fields, || {
        format!(
            "{title}\n\n\
             information    {}   held out, {}\n\
             {}{}{}\
             in training    {:.4} nats   {}\n{}\n\
             {}{}\n\
             {} steps, {} configurations, {:.1} s    fingerprint {:016x}\n\
             report         {}",
            in_words(outcome.information),
            match settings.coarse {
                Coarse::Continuous { noise } if noise > 0.0 => "h = Λ·v + noise",
                Coarse::Continuous { .. } => "h = Λ·v",
                _ => "h drawn from the encoder",
            },
            exact.line(exact.reported),
            decided(&settings, outcome.information_sign),
            exact.line(exact.decided),
            outcome.training,
            limit(&settings),
            tried::lines(outcome),
            match settings.shape.has_map() {
                true => "mean response of the map\n",
                false => "",
            },
            filter_text(&outcome.filters, shells.as_ref()),
            outcome.steps,
            outcome.configurations,
            outcome.seconds,
            outcome.fingerprint,
            target.path().join("report.html").display(),
        )
    })
}

/// The line of h without chance, if there is such.
fn decided(settings: &Settings, information: Option<Estimate>) -> String {
    let (name, h) = match (settings.coarse, settings.shape.has_map()) {
        (Coarse::States(_), false) => ("largest logit", "h = argmax Λ_s·v"),
        (Coarse::States(_), true) => ("largest logit", "h = argmax x_s"),
        (_, false) => ("with the sign", "h = sign(Λ·v)"),
        (_, true) => ("with the sign", "h = sign(x)"),
    };
    information.map_or(String::new(), |information| {
        format!("{name}  {}   held out, {h}\n", in_words(information))
    })
}

pub(super) fn estimate(subject: &Subject, given: &EstimateArgs, global: &Global) -> Result<()> {
    let run = &given.run;
    let (settings, shells) = settings(subject, run, None, Some(given), global)?;
    let mut command = command("estimate", subject, run, None, &settings);
    let encoder = given.encoder.to_string();
    command += &format!(
        " --filter {} --encoder {encoder}",
        quoted_for_shell(&given.filter),
    );
    let finished = finish(
        subject,
        &settings,
        shells.as_ref(),
        &command,
        &encoder,
        None,
    )?;
    let (outcome, exact) = (&finished.outcome, &finished.exact);
    let fields = timed(&finished.fields, outcome);
    print(global, &fields, || {
        format!(
            "{}\n\n\
             information    {}   held out, filter {}, encoder {encoder}\n\
             {}\
             in training    {:.4} nats   {}\n{}\n\
             {}",
            subject.describe().0,
            in_words(outcome.information),
            given.filter,
            exact.line(exact.reported),
            outcome.training,
            limit(&settings),
            tried::lines(outcome),
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
