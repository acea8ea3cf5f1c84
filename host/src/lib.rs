//! # blockspin
//!
//! The host around `blockspin-core`: files in and out, terminal, pictures.
//!
//! [`data`], [`npy`] and [`room`] guard what comes in, [`output`] what goes out; [`filters`],
//! [`picture`] and [`report`] show it; [`progress`] keeps the user company.

mod array;
pub mod chains;
pub mod cli;
pub mod commands;
pub mod data;
pub mod error;
pub mod filters;
pub mod fingerprint;
pub mod learn;
pub mod machine;
pub mod model;
pub mod npy;
pub mod output;
pub mod picture;
pub mod progress;
pub mod report;
pub mod room;
pub mod series;
pub mod subject;
