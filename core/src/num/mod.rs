//! Numbers: aligned lanes, packed signs, elementary functions, random streams.

pub mod bits;
pub mod lane;
pub mod math;
pub mod rng;
