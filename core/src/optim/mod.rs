//! The optimisers, their schedules, and when they end.

pub mod adam;
pub mod schedule;
pub mod stopping;
