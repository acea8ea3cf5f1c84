//! The command line: fills a configuration from options and shows a record. Only this module depends on
//! options, terminals, signals and exit codes.

mod args;
mod bonds;
mod coarsen;
mod exact;
mod exact_args;
mod help;
mod parse;
mod progress;
mod sample;
mod signals;
mod train;
mod words;

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use blockspin::data::output::Destination;
use blockspin::fingerprint;
use blockspin::observer::Observer;
use blockspin::report::picture::Style;
use blockspin::run::{Execution, Isa};
use blockspin::settings::Fields;
use blockspin::{Error, Kind, Result};
use blockspin_core::num::math;
use serde_json::json;

use args::{Cli, Color, Command, Global};
use clap::builder::styling::AnsiColor;
use progress::Terminal;

/// Runs the given command line.
pub(crate) fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    // Before the words are parsed, whose errors may have colours.
    let choice = match parse::color(&words) {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    choice.write_global();
    let done = match parse::parse(words) {
        Ok(cli) => {
            signals::clean_up();
            run(cli)
        }
        Err(unparsed) if unparsed.is_error() => {
            let text = unparsed.text(has_colors(&io::stderr()));
            match unparsed.is_empty() {
                // It is the help.
                true => progress::say(text.trim_end()),
                false => say_labelled(Label::Error, &text),
            }
            return ExitCode::from(2);
        }
        // The help or the version, which somebody asked for.
        Err(asked) => put(&asked.text(has_colors(&io::stdout()))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if error.kind() != Kind::ClosedPipe {
                say_labelled(Label::Error, &words::as_options(&error.to_string()));
            }
            ExitCode::from(exit_code(error.kind()))
        }
    }
}

/// The word before a message on standard error.
#[derive(Clone, Copy)]
enum Label {
    Error,
    Warning,
}

fn say_labelled(label: Label, message: &str) {
    let (word, style) = match label {
        Label::Error => ("error:", AnsiColor::Red.on_default().bold()),
        Label::Warning => ("warning:", AnsiColor::Yellow.on_default().bold()),
    };
    progress::say(&match has_colors(&io::stderr()) {
        true => format!("{style}{word}{style:#} {message}"),
        false => format!("{word} {message}"),
    });
}

/// Whether a stream has colours, by `--color`, the terminal and the usual variables.
fn has_colors(stream: &impl RawStream) -> bool {
    AutoStream::choice(stream) != ColorChoice::Never
}

/// Exit code: 2 for wrong usage, 1 for a failure, 0 if the reader closed the output.
fn exit_code(kind: Kind) -> u8 {
    match kind {
        Kind::Setting | Kind::Usage => 2,
        Kind::ClosedPipe => 0,
        _ => 1,
    }
}

fn run(cli: Cli) -> Result<()> {
    let global = &cli.global;
    match cli.command {
        Command::Sample { model } => {
            let (fields, args) = model.split();
            sample::sample(fields, &args, global)
        }
        Command::Train { source } => {
            let (fields, args) = source.split();
            train::train(fields, &args, global)
        }
        Command::Estimate { source } => {
            let (fields, args) = source.split();
            train::estimate(fields, &args, global)
        }
        Command::Coarsen { source } => {
            let (fields, args) = source.split();
            coarsen::coarsen(fields, &args, global)
        }
        Command::Exact { model } => exact::exact(&model, global),
        Command::Fingerprint => fingerprints(global),
        Command::Completions { shell } => put(&help::completions(shell)),
        Command::Man { words } => put(&help::manual(&words)?),
    }
}

impl Global {
    /// Threads, instruction set and progress from the options.
    fn execution(&self) -> Result<Execution> {
        let execution = Execution::default();
        Ok(Execution {
            threads: self
                .threads
                .map_or(execution.threads, |threads| threads as usize),
            isa: Isa::find(&self.isa)?,
            observer: self.observer(),
            checkpoint: None,
        })
    }

    fn observer(&self) -> Arc<dyn Observer> {
        Arc::new(Terminal { quiet: self.quiet })
    }
}

/// The style of standard output.
fn style() -> Style {
    let variable = |name| std::env::var(name).unwrap_or_default();
    match has_colors(&io::stdout()) {
        false => Style::Plain,
        true => Style::of_terminal("", "", &variable("COLORTERM")),
    }
}

/// Prints a result: one JSON object, or lines of text.
fn print(global: &Global, fields: &Fields, text: impl FnOnce() -> Result<String>) -> Result<()> {
    let output = if global.json {
        serde_json::to_string_pretty(fields).map_err(|error| Error::failure(error.to_string()))?
    } else {
        text()?.trim_end().to_string()
    };
    put(&format!("{output}\n"))
}

/// Where configurations go: a file, or standard output for `-`, unless it shows something else.
fn destination(out: &Path, global: &Global) -> Result<Destination> {
    if out != Path::new("-") {
        return Ok(Destination::File(out.to_path_buf()));
    }
    let why = match (global.json, io::stdout().is_terminal()) {
        (true, _) => "which takes the object of --json; give a file name for one of them",
        (_, true) => {
            "a terminal, which cannot show an array; pipe it to a program, or give a file name"
        }
        _ => return Ok(Destination::Stream(Box::new(io::stdout()))),
    };
    Err(Error::usage(format!(
        "--out - writes the array to standard output, {why}"
    )))
}

/// How a summary names where the configurations went.
fn shown_out(out: &Path) -> std::borrow::Cow<'_, str> {
    match out == Path::new("-") {
        true => "standard output".into(),
        false => out.to_string_lossy(),
    }
}

fn same_file(a: &Path, b: &Path) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// Prints what a command found beside the configurations that it wrote: to standard error, where these went
/// to standard output.
fn summary(
    out: &Path,
    global: &Global,
    fields: &Fields,
    text: impl FnOnce() -> Result<String>,
) -> Result<()> {
    match out == Path::new("-") {
        true if global.quiet => Ok(()),
        true => {
            progress::say(text()?.trim_end());
            Ok(())
        }
        false => print(global, fields, text),
    }
}

/// Writes to standard output. All that a command prints goes through here, and all that it says beside
/// that through [`progress::say`].
fn put(text: &str) -> Result<()> {
    let written = progress::aside(|| {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush())
    });
    written.map_err(|error| {
        let told = io::Error::new(
            error.kind(),
            format!(
                "cannot write 'standard output': {}",
                blockspin::error::plain(&error)
            ),
        );
        Error::from(told)
    })
}

fn warn(warnings: &[String]) {
    for warning in warnings {
        say_labelled(Label::Warning, &words::as_options(warning));
    }
}

fn fingerprints(global: &Global) -> Result<()> {
    let Execution {
        isa,
        threads,
        observer,
        ..
    } = global.execution()?;
    let lines = fingerprint::all(isa, threads, observer.as_ref())?;
    let fields = lines
        .iter()
        .map(|(name, hash)| (name.to_string(), json!(hash)))
        .chain([("math".to_string(), json!(math::NAME))])
        .collect();
    print(global, &fields, || {
        Ok(lines
            .iter()
            .map(|(name, hash)| format!("{name} {hash}\n"))
            .collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_tell_usage_from_failure() {
        let codes = [Kind::Setting, Kind::Usage, Kind::Failure, Kind::ClosedPipe].map(exit_code);
        assert_eq!(codes, [2, 2, 1, 0]);
    }
}
