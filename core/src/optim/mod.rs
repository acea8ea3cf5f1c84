//! The optimiser and its schedules.

pub mod adam;
pub mod schedule;
