//! A user's configurations: arrays, graphs, filters; how a file is split, and how configurations reach a
//! run.

mod array;
pub mod axes;
pub mod correlation;
mod dataset;
pub mod filters;
pub mod graph;
mod near;
pub mod npy;
pub mod output;
mod repeats;
mod shape;
pub mod split;
pub mod supply;
pub mod survey;
pub mod transform;

pub use array::Element;
pub use dataset::{Data, Kind, Summary};
pub use repeats::Repeats;
