//! Progress and notices of long computations, for a terminal, a notebook or any other display.

use std::fmt;

/// Receives the progress of a run. Use [`Silent`] to show nothing.
pub trait Observer: Send + Sync {
    /// A phase of work begins. The returned value receives its progress and is dropped at its end.
    fn begin(&self, phase: Phase<'_>) -> Box<dyn Progress>;

    /// A notice that does not stop the run, for example a checkpoint that could not be written.
    fn notice(&self, message: &str);
}

/// A phase of work.
#[derive(Clone, Copy, Debug)]
pub struct Phase<'a> {
    /// What is being done, such as "training".
    pub label: &'a str,
    /// Number of units of work; 0 if it is unknown.
    pub total: u64,
    /// Name of the units, such as "steps".
    pub unit: &'static str,
}

/// Receives the progress of one phase, possibly from several threads.
pub trait Progress: Send + Sync {
    /// `units` more are done. Called often, so it should be cheap.
    fn advance(&self, units: u64);

    /// A short text on the state of the work, such as the current information.
    fn describe(&self, words: &dyn Fn() -> String);

    /// `units` were done before, so that they say nothing about the rate.
    fn skip(&self, units: u64) {
        self.advance(units);
    }

    /// As far as is known now there are `total` units of work, and there may be more.
    fn expect(&self, _total: u64) {}

    /// So many phases like this one follow.
    fn followed_by(&self, _phases: u64) {}
}

/// Shows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn begin(&self, _: Phase<'_>) -> Box<dyn Progress> {
        Box::new(Silent)
    }

    fn notice(&self, _: &str) {}
}

impl Progress for Silent {
    fn advance(&self, _: u64) {}

    fn describe(&self, _: &dyn Fn() -> String) {}
}

impl fmt::Debug for dyn Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

impl fmt::Debug for dyn Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}
