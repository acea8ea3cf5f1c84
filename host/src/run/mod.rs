//! Runs: a configuration in, a record out.
//!
//! [`config`] says what a run is, [`record`] what it found; [`Run`] is the way from one to the other.
//! Between them, in the order of the data: [`input`] opens what is learned from, [`region`] says where
//! V and E are, [`memory`] how much is held, [`training`] climbs, [`search`] chooses among trainings,
//! [`evaluate`] measures on held-out windows, [`reference`] knows exact values, [`diagnostics`] judges.

pub mod checkpoint;
pub mod config;
pub mod diagnostics;
pub mod evaluate;
pub mod history;
pub mod input;
pub mod learning;
mod memory;
pub mod named_filters;
pub mod record;
mod reference;
mod refine;
pub mod region;
mod search;
mod session;
mod setup;
pub mod simd;
mod training;

use std::path::PathBuf;
use std::sync::Arc;

pub use config::{DataFile, Filter, RunConfig, Source};
pub use record::RunRecord;
pub use refine::Refined;
pub use search::Attempt;
pub use session::{Session, chain_warnings};
pub use setup::Setup;
pub use simd::Isa;
pub use training::Ended;

use crate::data::Data;
use crate::error::Result;
use crate::observer::{Observer, Silent};

/// How a run is carried out. No result depends on any of it.
#[derive(Clone, Debug)]
pub struct Execution {
    /// Threads.
    pub threads: usize,
    /// Instructions to compute with.
    pub isa: Isa,
    /// Shows progress.
    pub observer: Arc<dyn Observer>,
    /// Where a training that is stopped can be taken up again; none: nowhere.
    pub checkpoint: Option<CheckpointPlan>,
}

/// When and where checkpoints are written.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckpointPlan {
    /// The file.
    pub path: PathBuf,
    /// Seconds of training from one to the next; 0: none is written.
    pub seconds: f64,
    /// Whether the training goes on from the one that is there.
    pub resume: bool,
}

impl Default for Execution {
    /// All cores, the fastest instructions, silence, no checkpoints.
    fn default() -> Self {
        Execution {
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            isa: Isa::fastest(),
            observer: Arc::new(Silent),
            checkpoint: None,
        }
    }
}

/// A run that can be carried out: a configuration, how to go about it, and configurations that are in
/// memory, if they are.
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
    /// What is to be done; begins at the defaults of the source.
    pub config: RunConfig,
    /// How.
    pub execution: Execution,
    data: Option<Data>,
}

impl Run {
    /// A run on a model or a file, at its defaults.
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

    /// A run of a configuration.
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

    /// Carries it out in another way.
    #[must_use]
    pub fn with_execution(self, execution: Execution) -> Self {
        Run { execution, ..self }
    }

    /// Learns a filter and measures what it keeps.
    ///
    /// # Errors
    /// Of settings that cannot be, of files, of the machine, or a failure of the training.
    pub fn train(self) -> Result<RunRecord> {
        self.finish()
    }

    /// Measures what a filter keeps that is given by name (uniform, boundary, decimation, staggered) or
    /// as an .npy file.
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

/// Carries out a configuration.
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
