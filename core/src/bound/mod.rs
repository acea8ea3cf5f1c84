//! Variational lower bounds of mutual information.

pub mod infonce;
