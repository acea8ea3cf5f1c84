//! The command line: fills a configuration from options and shows a record. Only this module depends on
//! options, terminals, signals and exit codes.

mod args;
mod exact;
mod progress;
mod sample;
mod signals;
mod train;
mod words;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use blockspin::fingerprint;
use blockspin::observer::Observer;
use blockspin::report::picture::Style;
use blockspin::run::{Execution, Isa};
use blockspin::settings::Fields;
use blockspin::{Error, Kind, Result};
use blockspin_core::num::math;
use serde_json::json;

use args::{Cli, Command, Global};
use progress::Terminal;

/// Runs the given command line.
pub(crate) fn main() -> ExitCode {
    let done = match args::parse(std::env::args_os().collect()) {
        Ok(cli) => {
            signals::clean_up();
            run(cli)
        }
        Err(error) if error.use_stderr() => {
            progress::say(in_one_line(&error.render().to_string()).trim_end());
            return ExitCode::from(2);
        }
        // The help or the version, which somebody asked for.
        Err(asked) => put(&asked.render().to_string()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if error.kind() != Kind::ClosedPipe {
                progress::say(&format!("error: {}", words::as_options(&error.to_string())));
            }
            ExitCode::from(exit_code(error.kind()))
        }
    }
}

/// Exit code: 2 for wrong usage, 1 for a failure, 0 if the reader closed the output.
fn exit_code(kind: Kind) -> u8 {
    match kind {
        Kind::Setting | Kind::Usage => 2,
        Kind::ClosedPipe => 0,
        _ => 1,
    }
}

/// A clap error with the lists that clap puts on separate lines (possible values, missing arguments)
/// moved to the first line.
fn in_one_line(text: &str) -> String {
    let (first, rest) = text.split_once("\n\n").unwrap_or((text, ""));
    let lines: Vec<_> = first.lines().map(str::trim).collect();
    if rest.is_empty() {
        lines.join(" ") + "\n"
    } else {
        format!("{}\n\n{rest}", lines.join(" "))
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
        Command::Exact { model } => exact::exact(&model, global),
        Command::Fingerprint => fingerprints(global),
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

/// The style of standard output: plain if it is no terminal or `NO_COLOR` is set.
fn style() -> Style {
    let variable = |name| std::env::var(name).unwrap_or_default();
    match io::stdout().is_terminal() {
        false => Style::Plain,
        true => Style::of_terminal(
            &variable("NO_COLOR"),
            &variable("TERM"),
            &variable("COLORTERM"),
        ),
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
        progress::say(&format!("warning: {}", words::as_options(warning)));
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
