//! Progress bars with rate and remaining time, on standard error if it is a terminal.

use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::sync::{Mutex, PoisonError};

use blockspin::observer::{Observer, Phase, Progress, Silent};
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use super::words::as_options;

/// The bars on display, above which lines can be written.
static BARS: Mutex<Vec<ProgressBar>> = Mutex::new(vec![]);

/// Shows bars, unless `quiet` is set or standard error is no terminal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terminal {
    pub(super) quiet: bool,
}

/// A bar. It disappears when dropped.
#[derive(Debug)]
struct Bar(ProgressBar);

impl Observer for Terminal {
    fn begin(&self, phase: Phase<'_>) -> Box<dyn Progress> {
        if self.quiet || !io::stderr().is_terminal() {
            return Box::new(Silent);
        }
        let style = ProgressStyle::with_template(
            "{prefix:>10} {bar:32.cyan/dim} {pos}/{len}  {rate}  {eta} left  {msg}",
        )
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━━─")
        .with_key("rate", move |state: &ProgressState, out: &mut dyn Write| {
            let rate = state.per_sec();
            let digits = usize::from(rate < 10.0);
            // A bar that cannot be drawn must not stop the work.
            let _ = write!(out, "{rate:.digits$} {}/s", phase.unit);
        });
        let bar = ProgressBar::new(phase.total)
            .with_style(style)
            .with_prefix(phase.label.to_string());
        bars().push(bar.clone());
        Box::new(Bar(bar))
    }

    fn notice(&self, message: &str) {
        say(&as_options(message));
    }
}

fn bars() -> std::sync::MutexGuard<'static, Vec<ProgressBar>> {
    BARS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes a line to standard error, above the bar if there is one.
pub(super) fn say(line: &str) {
    let write = || {
        // Where nobody can be told, the work goes on.
        let _ = io::Write::write_all(&mut io::stderr(), format!("{line}\n").as_bytes());
    };
    match bars().last() {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

impl Progress for Bar {
    fn advance(&self, units: u64) {
        self.0.inc(units);
    }

    fn describe(&self, words: &dyn Fn() -> String) {
        self.0.set_message(words());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
        bars().retain(|bar| !bar.is_finished());
    }
}
