//! What a run is asked for: its options as settings, and as words that repeat it.

use blockspin_core::window::WindowError;

use super::named::filters;
use crate::cli::{EstimateArgs, Global, RunArgs, TrainArgs};
use crate::coarse::Coarse;
use crate::error::{Error, Result};
use crate::filters::Filters;
use crate::graph::Shells;
use crate::learn::{self, Settings};
use crate::machine::Isa;
use crate::model::Layout;
use crate::place::{Place, Sites};
use crate::room;
use crate::subject::{Subject, quoted_for_shell};

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

pub(super) fn settings(
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

/// The options of a run as typed, to repeat it. A checkpoint is known by them: an option that is added
/// later has no word here at its default, or else older checkpoints are refused.
pub(super) fn command(
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
        if let Some(name) = &filter.filter_init {
            words += &format!(" --filter-init {}", quoted_for_shell(name));
        }
        if let Some(frozen) = &filter.freeze {
            words += &format!(" --freeze {frozen}");
        }
        if filter.weight_decay > 0.0 {
            words += &format!(" --weight-decay {}", filter.weight_decay);
        }
        if !filter.map.0.is_empty() {
            words += &format!(" --map {}", filter.map);
        }
    }
    words
}
