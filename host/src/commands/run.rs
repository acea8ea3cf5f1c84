//! `train` and `estimate`: a run, and what is told of it.

use std::hash::Hasher;
use std::time::Instant;

use blockspin_core::block::window::WindowError;
use blockspin_core::critic::Critic;
use fnv::FnvHasher;
use serde_json::{Value, json};

use super::doubts::doubts;
use super::exactly::Exact;
use super::named::filters;
use super::tried;
use super::{Fields, VERSION, chain_doubts, finite, listed, object, print, warn};
use crate::checkpoint::{Checkpoint, Measured};
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
            let encoder = given.encoder.encoder();
            Ok((filters.of_states(of_each), encoder))
        })
        .transpose()?;
    let components = match (&given, filter) {
        (Some((filters, _)), _) => filters.count() as u32,
        (None, Some(filter)) => filter.filters()?,
        (None, None) => 1,
    };
    let begun = filter.map(|filter| begun(filter, &place, &layout, shells.as_ref(), coarse));
    let (filter_init, frozen) = begun.transpose()?.unwrap_or_default();
    let (block, environment) = place.parts();
    // Where nothing varies nothing is run.
    let critic = run.critic(coarse, subject.is_discrete());
    let mut shape = run.shape((block.max(1), environment.max(1)), components, critic)?;
    if let Some(filter) = filter {
        let mapped = shape.with_map(&filter.map.0);
        shape = mapped.map_err(|error| Error::usage(error.to_string()))?;
        if shape.has_map() && filter.refine > 0 {
            return Err(Error::usage(
                "--refine with --map: BFGS refines the weights of Λ·v; leave one of them out",
            ));
        }
        if filter.grows() && filter.filter_init.is_some() {
            return Err(Error::usage(
                "--filter-init with --components auto, which tries several numbers of filters; give one",
            ));
        }
    }
    let weight_decay = filter.map_or(0.0, |filter| filter.weight_decay);
    if matches!(coarse, Coarse::Continuous { .. }) {
        if shape.has_map() {
            return Err(Error::usage(
                "--map with --encoder continuous: nothing holds the scale of a map's h, which has no \
                 norm, nor the number of digits in it; take binary h or states:Q",
            ));
        }
        if weight_decay > 0.0 {
            return Err(Error::usage(
                "--weight-decay with --encoder continuous, whose filters have norm 1: what decays alike \
                 is scaled up again; leave it out",
            ));
        }
    }
    let settings = Settings {
        shape,
        place,
        bound: run.bound,
        schedule: run.schedule(filter),
        coarse,
        filter_start: filter.map_or(1.0, |filter| filter.filter_start),
        filter_rate: filter.map_or(1.0, |filter| filter.filter_rate),
        restarts: filter.map_or(1, |filter| filter.restarts),
        grow: filter.is_some_and(TrainArgs::grows),
        stopping: run.stopping(),
        refine: filter.map_or(0, |filter| filter.refine),
        filter_init,
        frozen,
        weight_decay,
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

/// Filters that a training begins with, and a bit for each that stays.
fn begun(
    args: &TrainArgs,
    place: &Place,
    layout: &Layout,
    shells: Option<&Shells>,
    coarse: Coarse,
) -> Result<(Option<Filters>, u64)> {
    let Some(name) = &args.filter_init else {
        return Ok((None, 0));
    };
    let of_each = coarse.filters();
    let wanted = args.filters()?;
    let first = filters(name, place.block(), layout, shells, coarse)?;
    let count = first.count() as u32;
    if count != wanted {
        let remedy = match count.is_multiple_of(of_each) {
            true => format!("give --components {}", count / of_each),
            false => format!("--encoder {coarse} takes {of_each} for each component"),
        };
        return Err(Error::usage(format!(
            "--filter-init {name} has {count} filters, and this training {wanted}; {remedy}"
        )));
    }
    let frozen = args.freeze.as_ref();
    let frozen = frozen.map(|frozen| frozen.mask(wanted / of_each, of_each));
    Ok((Some(first), frozen.transpose()?.unwrap_or(0)))
}

/// What a training was told besides, where it is not the default.
fn more_words(args: &TrainArgs) -> String {
    let mut words = String::new();
    if let Some(name) = &args.filter_init {
        words += &format!(" --filter-init {}", quoted_for_shell(name));
    }
    if let Some(frozen) = &args.freeze {
        words += &format!(" --freeze {frozen}");
    }
    if args.weight_decay > 0.0 {
        words += &format!(" --weight-decay {}", args.weight_decay);
    }
    if !args.map.0.is_empty() {
        words += &format!(" --map {}", args.map);
    }
    words
}

/// The options of a run as typed, to repeat it. A checkpoint is known by them: an option that is added
/// later has no word here at its default, or else older checkpoints are refused.
fn command(
    verb: &str,
    subject: &Subject,
    run: &RunArgs,
    filter: Option<&TrainArgs>,
    settings: &Settings,
) -> String {
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
    words += &run.critic_words(settings.coarse, subject.is_discrete());
    words += &run.stopping_words();
    if let Some(filter) = filter {
        words += &format!(
            " --encoder {}{} --filter-rate {}",
            settings.coarse,
            filter.search_words(),
            settings.filter_rate
        );
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
    let command = command("train", subject, run, Some(args), &settings) + &more_words(args);
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
        settings: table(subject, run, &settings, shells.as_ref(), &finished)?,
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

/// Settings for the report.
fn table(
    subject: &Subject,
    run: &RunArgs,
    settings: &Settings,
    shells: Option<&Shells>,
    Finished { outcome, exact, .. }: &Finished,
) -> Result<Vec<(String, String)>> {
    let schedule = settings.schedule;
    let map: Vec<_> = settings
        .shape
        .map()
        .iter()
        .map(|n| format!("hidden {n}"))
        .collect();
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
    let filters = outcome.filters.count() as u32;
    rows.extend([
        ("Sites |V|, |E|".into(), format!("{block}, {environment}")),
        (
            "Components".into(),
            match settings.coarse {
                Coarse::Binary => format!("{filters}"),
                Coarse::Continuous { noise: 0.0 } => format!("{filters}, continuous"),
                Coarse::Continuous { noise } => {
                    format!("{filters}, continuous, with noise of deviation {noise}")
                }
                Coarse::States(q) => format!("{}, of {q} states", filters / q),
            },
        ),
        ("Map".into(), map.join(", ")),
        ("Critic".into(), critic_in_words(settings)),
        (
            "Bound".into(),
            format!("{}, K = {}", settings.bound, settings.shape.batch()),
        ),
        ("Steps".into(), outcome.steps.to_string()),
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
    rows.retain(|(_, value)| !value.is_empty());
    rows.extend(tried::rows(outcome));
    for (h, information) in [("drawn", exact.reported), ("by sign", exact.decided)] {
        if let Some(filtered) = information.and_then(|information| information.filtered) {
            rows.push((format!("Exact, h {h}"), format!("{filtered:.4} nats")));
        }
    }
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
    if matches!(critic, Critic::Separable | Critic::Moments) {
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
