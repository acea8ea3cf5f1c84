//! What the integration tests share: problems and storage for them, referees in f64 that were
//! written apart from the core, and the one table of tolerances.

pub mod arrays;
pub mod chains;
pub mod coverage;
pub mod dimers;
pub mod fields;
pub mod figures;
pub mod gaussian;
pub mod links;
pub mod masses;
pub mod potts;
pub mod problem;
pub mod program;
pub mod reference;
pub mod runs;
pub mod studies;
pub mod tape;
pub mod tiles;
pub mod tolerance;

/// The examples of the README are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// That of the core's.
#[cfg(doctest)]
#[doc = include_str!("../../core/README.md")]
pub struct CoreReadme;

/// That of the host's.
#[cfg(doctest)]
#[doc = include_str!("../../host/README.md")]
pub struct HostReadme;
