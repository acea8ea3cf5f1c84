//! Optimisers, their schedules and stopping criteria.

pub mod adam;
pub mod bfgs;
pub mod schedule;
pub mod stopping;
