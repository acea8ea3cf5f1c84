//! Progress bars with rate and time left, on standard error when that is a terminal.

use std::fmt::Write;
use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

/// A bar, or nothing where nobody would see it. It disappears when dropped.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    /// A bar for `total` units of work, unless `quiet` or standard error is no terminal.
    ///
    /// `label` says what is done ("training"), `unit` what is counted ("steps").
    #[must_use]
    pub fn new(quiet: bool, label: &str, total: u64, unit: &'static str) -> Self {
        if quiet || !io::stderr().is_terminal() {
            return Progress { bar: None };
        }
        let style = ProgressStyle::with_template(
            "{prefix:>10} {bar:32.cyan/dim} {pos}/{len}  {rate}  {eta} left  {msg}",
        )
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━━─")
        .with_key("rate", move |state: &ProgressState, out: &mut dyn Write| {
            let rate = state.per_sec();
            let digits = usize::from(rate < 10.0);
            // A bar that cannot be drawn is no reason to stop.
            let _ = write!(out, "{rate:.digits$} {unit}/s");
        });
        let bar = ProgressBar::new(total)
            .with_style(style)
            .with_prefix(label.to_string());
        Progress { bar: Some(bar) }
    }

    /// Advances by `units`; cheap enough for every step.
    pub fn advance(&self, units: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(units);
        }
    }

    /// Shows a few words after the bar, such as the information so far.
    pub fn note(&self, words: impl FnOnce() -> String) {
        if let Some(bar) = &self.bar {
            bar.set_message(words());
        }
    }

    /// Writes a line to standard error, above the bar if there is one.
    pub fn say(&self, line: &str) {
        let write = || {
            // Standard error may be closed; there is then nobody to tell.
            let _ = io::Write::write_all(&mut io::stderr(), format!("{line}\n").as_bytes());
        };
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_shows_nothing() {
        let progress = Progress::new(true, "training", 10, "steps");
        assert!(progress.bar.is_none());
        progress.advance(3);
        progress.note(|| unreachable!("words that nobody sees are not formed"));
    }
}
