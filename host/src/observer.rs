//! Progress and notices of long work, for whoever wants to show them: a terminal, a notebook, nobody.

use std::fmt;

/// Shows what a run is doing. A library caller that wants to see nothing takes [`Silent`].
pub trait Observer: Send + Sync {
    /// A phase of work begins. What is returned hears of its progress, and is dropped at its end.
    fn begin(&self, phase: Phase<'_>) -> Box<dyn Progress>;

    /// Something to know that stops nothing: a checkpoint that could not be written, for example.
    fn notice(&self, message: &str);
}

/// A phase of work whose length is known.
#[derive(Clone, Copy, Debug)]
pub struct Phase<'a> {
    /// What is done, such as "training".
    pub label: &'a str,
    /// Units of work.
    pub total: u64,
    /// What is counted, such as "steps".
    pub unit: &'static str,
}

/// Hears of the progress of one phase, from several threads if there are several.
pub trait Progress: Send + Sync {
    /// So many units more are done. Called often: it should be cheap.
    fn advance(&self, units: u64);

    /// A few words on the state of the work, such as the information so far.
    fn describe(&self, words: &dyn Fn() -> String);
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
