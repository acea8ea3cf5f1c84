//! Progress bars with rate and remaining time, on standard error if it is a terminal.

use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use blockspin::observer::{Observer, Phase, Progress, Silent};
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use super::words::as_options;

/// The bars on display, above which lines can be written.
static BARS: Mutex<Vec<ProgressBar>> = Mutex::new(vec![]);

/// Distance of drawings in time, also where nothing advances: the elapsed time shows that work goes on.
const TICK: Duration = Duration::from_millis(200);
/// Seconds before which a rate says nothing.
const EARLY: f64 = 0.5;

/// Shows bars, unless `quiet` is set or standard error is no terminal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terminal {
    pub(super) quiet: bool,
}

/// A bar. It disappears when dropped.
#[derive(Debug)]
struct Bar {
    bar: ProgressBar,
    known: Arc<Known>,
}

/// What a remaining time follows from, beside the position.
#[derive(Debug, Default)]
struct Known {
    /// Units that were done earlier.
    earlier: AtomicU64,
    /// Phases of the same length that follow.
    following: AtomicU64,
    /// Whether the work may turn out to be more.
    is_open: AtomicBool,
}

impl Known {
    /// Rate in units per second, if it is known yet.
    fn rate(&self, position: u64, seconds: f64) -> Option<f64> {
        let done = position.saturating_sub(self.earlier.load(Ordering::Relaxed));
        (done > 0 && seconds >= EARLY).then(|| done as f64 / seconds)
    }

    /// "12s left", from the mean rate so far; the elapsed time, where that is not known.
    fn left(&self, position: u64, total: u64, seconds: f64) -> String {
        if seconds < EARLY {
            return String::new();
        }
        let Some(rate) = self.rate(position, seconds).filter(|_| total > 0) else {
            return format!("{} so far", clock(seconds));
        };
        let following = self.following.load(Ordering::Relaxed);
        let units = total.saturating_sub(position) + following * total;
        let least = match self.is_open.load(Ordering::Relaxed) {
            true => "at least ",
            false => "",
        };
        format!("{least}{} left", clock(units as f64 / rate))
    }
}

/// "12s", "3m 20s", "2h 05m".
fn clock(seconds: f64) -> String {
    let all = seconds.ceil() as u64;
    match (all / 3600, all / 60 % 60, all % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m {s:02}s"),
        (h, m, _) => format!("{h}h {m:02}m"),
    }
}

/// The style of a phase, whose length may be unknown. A line fits 80 columns; on fewer it is cut off, since
/// one that wraps is not cleared.
fn style(phase: Phase<'_>, known: &Arc<Known>) -> ProgressStyle {
    let template = match phase.total {
        0 => "{prefix:>12} {spinner:.cyan} {left}  {wide_msg}",
        _ => "{prefix:>12} {bar:10.cyan/dim} {pos}/{len}  {rate}  {left}  {wide_msg}",
    };
    let unit = phase.unit;
    let of_rate = known.clone();
    let of_left = known.clone();
    // A bar that cannot be drawn must not stop the work.
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━━─")
        .with_key("rate", move |state: &ProgressState, out: &mut dyn Write| {
            let seconds = state.elapsed().as_secs_f64();
            let Some(rate) = of_rate.rate(state.pos(), seconds) else {
                return;
            };
            let digits = usize::from(rate < 10.0);
            let _ = write!(out, "{rate:.digits$} {unit}/s");
        })
        .with_key("left", move |state: &ProgressState, out: &mut dyn Write| {
            let total = state.len().unwrap_or(0);
            let seconds = state.elapsed().as_secs_f64();
            let _ = out.write_str(&of_left.left(state.pos(), total, seconds));
        })
}

impl Observer for Terminal {
    fn begin(&self, phase: Phase<'_>) -> Box<dyn Progress> {
        if self.quiet || !io::stderr().is_terminal() {
            return Box::new(Silent);
        }
        let known = Arc::new(Known::default());
        let bar = match phase.total {
            0 => ProgressBar::new_spinner(),
            total => ProgressBar::new(total),
        };
        let bar = bar
            .with_style(style(phase, &known))
            .with_prefix(phase.label.to_string());
        bar.enable_steady_tick(TICK);
        bars().push(bar.clone());
        Box::new(Bar { bar, known })
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
    aside(|| {
        // Where nobody can be told, the work goes on.
        let _ = io::Write::write_all(&mut io::stderr(), format!("{line}\n").as_bytes());
    });
}

/// Writes something while the bar, if there is one, is not drawn.
pub(super) fn aside<T>(write: impl FnOnce() -> T) -> T {
    let bar = bars().last().cloned();
    match bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

impl Progress for Bar {
    fn advance(&self, units: u64) {
        self.bar.inc(units);
    }

    fn describe(&self, words: &dyn Fn() -> String) {
        self.bar.set_message(words());
    }

    fn skip(&self, units: u64) {
        self.known.earlier.fetch_add(units, Ordering::Relaxed);
        self.bar.inc(units);
    }

    fn expect(&self, total: u64) {
        self.known.is_open.store(true, Ordering::Relaxed);
        self.bar.set_length(total);
    }

    fn followed_by(&self, phases: u64) {
        self.known.following.fetch_add(phases, Ordering::Relaxed);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        bars().retain(|bar| !bar.is_finished());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remaining_time_follows_from_the_mean_rate() {
        let known = Known::default();
        assert_eq!(known.left(0, 100, 3.2), "4s so far");
        assert_eq!(known.left(10, 100, 0.1), "");
        assert_eq!(known.left(10, 100, 10.0), "1m 30s left");
        known.following.store(2, Ordering::Relaxed);
        assert_eq!(known.left(10, 100, 10.0), "4m 50s left");
        // What was done before this process took no time of it.
        known.earlier.store(90, Ordering::Relaxed);
        assert_eq!(known.left(90, 100, 10.0), "10s so far");
        known.is_open.store(true, Ordering::Relaxed);
        assert_eq!(known.left(95, 100, 10.0), "at least 6m 50s left");
        assert_eq!(known.left(0, 0, 7300.0), "2h 01m so far");
    }
}
