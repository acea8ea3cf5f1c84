//! `train` and `estimate`.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use blockspin::data::npy::{write_filter_series, write_filters};
use blockspin::report::{page, picture, text};
use blockspin::run::config_file::read_fields;
use blockspin::run::{CheckpointPlan, RunConfig, RunRecord, Session, checkpoint, history};
use blockspin::settings::Fields;
use blockspin::store::folder::{RUN_FILE, RunTarget};
use blockspin::{Error, Result};

use super::args::{EstimateArgs, FromArgs, Global, OutputArgs, TrainArgs, fields};
use super::words::{as_options, command};
use super::{print, signals, style, warn};

/// Upper bound for the size of a run's folder in bytes.
const RUN_BYTES: u64 = 4 << 20;

/// The configuration of a run: options override the file, and the file overrides defaults.
fn config(task: &str, mut given: Fields, settings: Fields, from: &FromArgs) -> Result<RunConfig> {
    given.insert("task".into(), task.into());
    given.extend(settings);
    let Some(path) = &from.from else {
        return RunConfig::from_fields(&given);
    };
    let base = read_fields(path)?;
    let (wanted, found) = (&given["model"], base.get("model"));
    if found.is_some_and(|found| found != wanted) {
        return Err(Error::usage(format!(
            "{} holds settings of {}, and the command is for {}; name the same one, or none",
            path.display(),
            found.and_then(|found| found.as_str()).unwrap_or("no model"),
            wanted.as_str().unwrap_or_default(),
        )));
    }
    RunConfig::from_fields_with(base, &given)
}

pub(super) fn train(given: Fields, args: &TrainArgs, global: &Global) -> Result<()> {
    let config = config("train", given, fields(&args.settings), &args.from)?;
    run(&config, &args.output, global)
}

pub(super) fn estimate(given: Fields, args: &EstimateArgs, global: &Global) -> Result<()> {
    let config = config("estimate", given, fields(&args.settings), &args.from)?;
    run(&config, &args.output, global)
}

fn run(config: &RunConfig, output: &OutputArgs, global: &Global) -> Result<()> {
    if output.out.as_deref() == Some(Path::new("-")) {
        return Err(Error::usage(
            "--out - is standard output, and a run is a folder; give the name of one (--json prints the record)",
        ));
    }
    let mut session = Session::new(config, global.execution()?)?;
    let path = match &output.out {
        Some(path) => path.clone(),
        None => Path::new("runs").join(session.folder_name()),
    };
    let target = RunTarget::check(&path, RUN_BYTES)?;
    if !output.force {
        session.check_replacement(&path)?;
    }
    signals::may_leave(target.checkpoint());
    session.execution_mut().checkpoint = Some(CheckpointPlan {
        path: target.checkpoint(),
        seconds: output.checkpoint,
        resume: output.resume,
    });
    let record = finish(&session)?;
    write(&record, &session, &target)?;
    checkpoint::remove(&target.checkpoint())?;
    show(&record, &session, global, target.path())
}

fn finish(session: &Session) -> Result<RunRecord> {
    let mut record = session.run()?;
    record.command = Some(command(&record.config));
    for warning in &mut record.results.warnings {
        *warning = as_options(warning);
    }
    warn(&record.results.warnings);
    Ok(record)
}

/// Writes the folder of a run.
fn write(record: &RunRecord, session: &Session, target: &RunTarget) -> Result<()> {
    let writer = target.create()?;
    let json = serde_json::to_vec_pretty(&record.fields());
    let json = json.map_err(|error| Error::failure(error.to_string()))?;
    writer.write(RUN_FILE, &json)?;
    let mut filters = vec![];
    write_filters(&mut filters, &record.filters)
        .map_err(|error| Error::failure(error.to_string()))?;
    writer.write("filters.npy", &filters)?;
    let series = &record.filter_series.filters;
    if !series.is_empty() {
        let mut bytes = vec![];
        write_filter_series(&mut bytes, series)
            .map_err(|error| Error::failure(error.to_string()))?;
        writer.write("filters_series.npy", &bytes)?;
    }
    writer.write("series.csv", history::csv(&record.history).as_bytes())?;
    let timing = &record.timing;
    let timing = format!(
        "what,seconds\nsampling,{}\ntraining,{}\nall,{}\nended_since_1970,{}\n",
        timing.seconds_sampling,
        timing.seconds_training,
        timing.seconds,
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |now| now.as_secs())
    );
    writer.write("timing.csv", timing.as_bytes())?;
    let graph = session.graph();
    let drawing =
        graph.map(|(graph, shells)| picture::graph::graph_svg(graph, shells, &record.filters));
    let page = page::html(record, drawing.transpose()?.as_deref())?;
    writer.write("report.html", page.as_bytes())?;
    writer.commit()
}

fn show(record: &RunRecord, session: &Session, global: &Global, folder: &Path) -> Result<()> {
    let shells = session.graph().map(|(_, shells)| shells);
    let mut fields = record.fields_with_timing();
    fields.insert("folder".into(), folder.to_string_lossy().into());
    print(global, &fields, || {
        let results = &record.results;
        let mut text = text::summary(record, shells, style())?;
        text += &format!(
            "\n{} steps, {} configurations, {:.1} s    fingerprint {}\nreport         {}",
            results.steps,
            results.configurations,
            record.timing.seconds,
            results.fingerprint,
            folder.join("report.html").display(),
        );
        Ok(text)
    })
}
