//! # blockspin
//!
//! Finds the degrees of freedom that matter at long distance, by maximising real-space mutual
//! information. This is the library around [`blockspin_core`]: complete runs, from a model or from your
//! own configurations to a filter and a held-out lower bound of the information that it keeps.
//!
//! ```
//! use blockspin::prelude::*;
//!
//! let run = Run::new(Ising::square(64)).train()?;
//! println!("{} nats\n{}", run.information(), run.filters);
//! # Ok::<(), blockspin::Error>(())
//! ```
//!
//! Four programs in the repository's folder `examples/`, each in one file: `model.rs`, a model with
//! other settings and a display of progress; `own_data.rs`, [configurations in memory](data::Data::new);
//! `own_sampler.rs`, a [sampler of your own](run::learning::sampler); `own_steps.rs`, your own order of
//! steps with the core alone. `cargo run --release --example model` runs the first.
//!
//! # The map, in the order of the imports
//!
//! - [`report`]: a finished run as text, pictures and one HTML page.
//! - [`run`]: from a configuration to a record: [`RunConfig`](run::RunConfig), [`Run`](run::Run),
//!   [`RunRecord`](run::RunRecord).
//! - [`model`]: the models, their defaults, their Markov chains.
//! - [`data`]: arrays, graphs, filters; how a file is split, and how configurations are supplied.
//! - [`settings`]: settings in groups with their defaults, and the allowed values of each.
//! - [`digits`]: numbers as text, results by their errors.
//! - [`store`]: output that is written completely or not at all; checks of free disk space and memory.
//! - [`observer`]: progress, for any display.
//! - [`fingerprint`]: the standard workloads of the core, on this machine.
//!
//! Nothing here depends on options, terminals or exit codes: the command line fills a configuration and
//! shows a record.

pub mod data;
pub mod digits;
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
