//! Means of correlated series, their error bars and autocorrelation times.

pub mod autocorrelation;
pub mod blocking;
pub mod moving;

pub use autocorrelation::{Time, integrated};
pub use blocking::Blocking;
