//! # blockspin-core
//!
//! Everything of blockspin that computes: from raw configurations of a physical system to the
//! filter that keeps the most real-space mutual information (RSMI) about distant surroundings.
//!
//! `no_std`, no allocation, no `unsafe`; `f32` on storage that the caller brings, so that the same
//! code runs on a workstation and in the statics of a microcontroller, with the same bits.
//!
//! # The map, in the order of the data
//!
//! - [`num`]: lanes of sixteen floats, packed signs, elementary functions, random streams.
//! - [`lattice`]: periodic lattices in one, two, three dimensions; graphs.
//! - [`sampler`]: Markov chains that draw configurations; the Ising model by Metropolis, Wolff and
//!   Swendsen–Wang updates, the Potts model by Swendsen–Wang, interacting dimers by directed loops,
//!   the free Gaussian field by over-relaxed heat baths, rings with random bonds drawn exactly,
//!   chipping and aggregation event by event.
//! - [`window`]: the window of block V, buffer and environment E, and the shuffle buffer from which
//!   batches of windows are drawn.
//! - [`nn`]: the networks that maps and critics are made of, forward and backward.
//! - [`encoder`]: from the block v to the coarse variable h: a filter Λ·v or a map, then binary h, one of
//!   several states, or real h.
//! - [`critic`]: the functions f(h, e) that tell joint pairs from others; separable, of moments,
//!   concatenated, quadratic.
//! - [`bound`]: InfoNCE, the lower bound of the information that is maximised, and five others.
//! - [`estimator`]: critic, bound and optimiser: the information of pairs (x, y), and its gradients.
//! - [`rsmi`]: an encoder and an estimator: one training step, end to end and by hand, and the held-out
//!   estimate.
//! - [`optim`]: Adam, the schedules of learning rate and relaxation, and when to stop.
//! - [`stats`]: error bars and autocorrelation times.
//! - [`shape`]: every size of a run, validated once, and the storage that follows from it.
//! - [`kernel`]: the two loops where the time goes, and the summation rule that fixes the bits.
//!
//! Exact results in f64 for small systems, against which samplers and estimates are tested, are a
//! crate of their own, `blockspin-exact`.
//!
//! Nothing flows back up: a sampler knows no window, a window no filter, a bound no optimiser.
//!
//! # What a program contains
//!
//! Critics, bounds, encoders and projections are families: a trait, a type for each member, and an
//! `Any…` enum of all members, which implements the trait too and is the default type parameter. A host
//! uses the defaults and chooses at run time, with one compiled step for all choices;
//! [`Rsmi::with_members`](rsmi::Rsmi::with_members) takes members by type, and a microcontroller's image
//! then holds these and no other.
//!
//! # Units and promises
//!
//! Information is in nats. β is in units of 1/|J|, energies in units of |J|. Paper and equation
//! numbers of *RSMI-NE* are those of Gökmen, Ringel, Huber and Koch-Janusz, Phys. Rev. E 104,
//! 064106 (2021).
//!
//! Equal seeds give equal bits on every target, with any register tiles and number of threads, in debug
//! and release. A change of any result bit is a breaking change, listed in the changelog under
//! "Reproducibility-breaking". Constructors refuse what cannot work, with an error that names the
//! rule; after them nothing panics, but for slices shorter than a documented length.
//!
//! # Features
//!
//! None is on by default, and of the two only one may be on:
//!
//! - `libm`: exp and ln of f32 by the crate libm.
//! - `micromath`: exp, ln, cos and square roots by the crate micromath, within 0.3 %, 0.2 %, 0.002
//!   and 6.1 %.
//!
//! Both change the bits of results, again the same on every target, and golden fingerprints do not
//! hold; [`num::math::NAME`] tells which functions there are. The firmware's README has a measured
//! comparison.
#![no_std]
// Loops over indices say which sum they form.
#![allow(clippy::needless_range_loop)]

pub mod bound;
pub mod critic;
pub mod encoder;
pub mod estimator;
pub mod kernel;
pub mod lattice;
pub mod nn;
pub mod num;
pub mod optim;
pub mod rsmi;
pub mod sampler;
pub mod shape;
pub mod stats;
pub mod window;
