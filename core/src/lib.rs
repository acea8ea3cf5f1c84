//! # blockspin-core
//!
//! Everything of blockspin that computes: from raw configurations of a physical system to the
//! filter that keeps the most real-space mutual information (RSMI) about distant surroundings.
//!
//! `no_std`, no allocation, no `unsafe`; `f32` on storage that the caller brings.
#![no_std]
// Loops over indices say which sum they form.
#![allow(clippy::needless_range_loop)]

pub mod block;
pub mod bound;
pub mod coarse;
pub mod critic;
pub mod exact;
pub mod fingerprint;
pub mod kernel;
pub mod lattice;
pub mod num;
pub mod optim;
pub mod rsmi;
pub mod sampler;
pub mod shape;
pub mod stats;
