//! Runs: from a configuration to a record.
//!
//! [`config`] describes a run, [`record`] its results, and [`Run`] executes it. In between, in the order
//! of the data: [`input`] opens the source of samples, [`region`] places V and E, `memory` estimates
//! the memory, `training` trains, `search` chooses among trainings, `evaluate` measures on
//! held-out windows, `reference` computes exact values, and [`diagnostics`] gives warnings. [`coarsen`]
//! applies a filter to every block.

mod bfgs;
pub mod checkpoint;
pub mod coarsen;
pub mod config;
pub mod config_file;
mod cross_fitting;
pub mod diagnostics;
pub mod evaluate;
mod execution;
pub mod filter_lookup;
mod folder;
pub mod history;
pub mod input;
pub mod learning;
mod memory;
pub mod record;
mod reference;
mod refine;
pub mod region;
mod search;
mod session;
mod setup;
pub mod simd;
mod training;

pub use config::{DataFile, Filter, RunConfig, Source};
pub use execution::{CheckpointPlan, Execution};
pub use folder::FileHashes;
pub use record::RunRecord;
pub use refine::Refinement;
pub use search::Attempt;
pub use session::{Session, chain_warnings};
pub use setup::Setup;
pub use simd::Isa;
pub use training::EndReason;

use crate::data::Data;
use crate::error::Result;

/// A run to execute: its configuration, how to execute it, and configurations in memory, if any.
///
/// ```no_run
/// use blockspin::prelude::*;
///
/// let run = Run::new(Ising::square(64)).train()?;
/// println!("{} nats\n{}", run.information(), run.filters);
/// # Ok::<(), blockspin::Error>(())
/// ```
#[derive(Debug)]
pub struct Run {
    /// The configuration; initially the defaults of the source.
    pub config: RunConfig,
    /// How it is executed.
    pub execution: Execution,
    data: Option<Data>,
}

impl Run {
    /// A run on a model or a file, with its defaults.
    pub fn new(source: impl Into<Source>) -> Self {
        Run::of(RunConfig::train(source))
    }

    /// A run on configurations in memory.
    #[must_use]
    pub fn on(data: Data) -> Self {
        let file = DataFile {
            file: "(memory)".into(),
            ..DataFile::default()
        };
        Run {
            data: Some(data),
            ..Run::new(file)
        }
    }

    /// A run with a given configuration.
    #[must_use]
    pub fn of(config: RunConfig) -> Self {
        Run {
            config,
            execution: Execution::default(),
            data: None,
        }
    }

    /// Changes the configuration.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut RunConfig)) -> Self {
        change(&mut self.config);
        self
    }

    /// Sets how the run is executed.
    #[must_use]
    pub fn with_execution(self, execution: Execution) -> Self {
        Run { execution, ..self }
    }

    /// Learns a filter and measures the information that it keeps.
    ///
    /// # Errors
    /// If settings are invalid, files cannot be read, memory does not suffice, or the training fails.
    pub fn train(self) -> Result<RunRecord> {
        self.finish()
    }

    /// Measures the information kept by a filter given by name (uniform, boundary, decimation,
    /// staggered) or as an .npy file.
    ///
    /// # Errors
    /// As [`train`](Self::train).
    pub fn estimate(mut self, filter: &str) -> Result<RunRecord> {
        let given = RunConfig::estimate(self.config.source.clone(), filter);
        self.config.filter = given.filter;
        self.finish()
    }

    fn finish(self) -> Result<RunRecord> {
        Session::with_data(&self.config, self.execution, self.data)?.run()
    }
}

/// Executes a configuration.
///
/// # Errors
/// As [`Run::train`].
pub fn run(config: &RunConfig, execution: Execution) -> Result<RunRecord> {
    Session::new(config, execution)?.run()
}

impl RunRecord {
    /// The reported information with its standard error, in nats.
    #[must_use]
    pub fn information(&self) -> evaluate::Estimate {
        self.results.information()
    }
}
