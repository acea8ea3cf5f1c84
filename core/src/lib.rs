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
pub mod lattice;
pub mod num;
