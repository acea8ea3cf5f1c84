//! # blockspin
//!
//! The host around `blockspin-core`: files in and out, terminal, pictures.
//!
//! [`cli`] is what can be typed, [`parse`] what its values may be; [`model`] has a room for each model.
//! [`data`], [`graph`] and [`room`] guard what comes in; [`chains`] or [`feed`] supply configurations
//! to [`learn`], [`crew`] are the threads that draw them ahead, [`checkpoint`] lets it be killed, [`parts`] and [`held_out`] keep its figures
//! honest; [`output`] guards what goes out; [`coarse`], [`filters`], [`picture`] and [`report`] show
//! it; [`progress`] keeps the user company.

mod array;
pub mod chains;
pub mod checkpoint;
pub mod cli;
pub mod coarse;
pub mod commands;
pub mod crew;
pub mod data;
pub mod error;
pub mod feed;
pub mod filters;
pub mod fingerprint;
pub mod graph;
pub mod held_out;
pub mod learn;
pub mod machine;
pub mod model;
pub mod npy;
pub mod output;
pub mod parse;
pub mod parts;
pub mod picture;
pub mod place;
pub mod progress;
pub mod report;
pub mod room;
pub mod series;
pub mod subject;
pub mod tape;
