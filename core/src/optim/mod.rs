//! Optimisers, their schedules and stopping criteria.

pub mod adam;
pub mod schedule;
pub mod stopping;
