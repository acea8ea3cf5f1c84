//! # blockspin
//!
//! Finds the degrees of freedom that matter at long distance, by maximising real-space mutual
//! information. This is the library around [`blockspin_core`]: full runs, from a model or from
//! configurations of one's own to a filter and an honest estimate of what it keeps.
//!
//! ```no_run
//! use blockspin::prelude::*;
//!
//! let run = Run::new(Ising::square(64)).train()?;
//! println!("{} nats\n{}", run.information(), run.filters);
//! # Ok::<(), blockspin::Error>(())
//! ```
//!
//! # The map, in the order of the imports
//!
//! - [`report`]: a finished run as text, pictures and one HTML page.
//! - [`run`]: a configuration in, a record out; what lies between. [`RunConfig`](run::RunConfig),
//!   [`Run`](run::Run), [`RunRecord`](run::RunRecord).
//! - [`model`]: the models, their defaults, their Markov chains.
//! - [`data`]: arrays, graphs, filters; how a file is split, and how configurations are supplied.
//! - [`settings`]: values of settings and their rules, groups of settings with their defaults.
//! - [`store`]: what is written, whole or not at all; what fits on the disk and into memory.
//! - [`observer`]: progress, for whoever wants to show it.
//! - [`fingerprint`]: the standard workloads of the core, on this machine.
//!
//! Nothing here knows of options, terminals or exit codes: the command line fills a configuration and
//! shows a record.

pub mod data;
pub mod error;
pub mod fingerprint;
pub mod model;
pub mod observer;
pub mod report;
pub mod run;
pub mod settings;
pub mod store;

pub use error::{Error, Kind, Result};

/// What most programs need.
pub mod prelude {
    pub use crate::data::Data;
    pub use crate::data::filters::Filters;
    pub use crate::model::{AnyModel, Chipping, Dimer, GaussianField, Ising, IsingChain, Potts};
    pub use crate::run::{DataFile, Execution, Filter, Run, RunConfig, RunRecord, Source};
    pub use crate::settings::encoder::{Coarse, Given};
    pub use crate::settings::values::{Components, Hidden, Sides};
}
