//! # blockspin-exact
//!
//! Exact results for small systems in f64, without sampling or learning. blockspin's samplers, estimates
//! and filters are tested against them, and they are a starting point for work on joint laws themselves.
//! It runs on a host; firmware does not need it.
//!
//! V is a block of sites, E its environment behind a buffer, h = τ(Λ·v) the coarse variable of a filter.
//! Informations are in nats.
//!
//! # The map
//!
//! A system is a lattice with parameters, divided by a [`Partition`] into block, buffer and
//! environment; a [`Window`](blockspin_core::window::Window) whose environment screens the rest
//! converts to one. A [`Filter`] gives h, binary by sign or sigmoid, or continuous.
//!
//! - [`ising`]: the Ising model on rings, tori and in three dimensions, by sums over domain walls,
//!   transfer matrices and enumeration.
//! - [`random_bond_ring`]: Ising rings with a separate coupling for each bond.
//! - [`gaussian`]: the free Gaussian field, in closed form.
//! - [`chipping`]: the stationary law of chipping and aggregation on small rings.
//! - [`dimer`]: interacting dimers on small tori, with coverings counted or listed.
//!
//! Each has `means` or a law, `information` for I(V:E) and I(H:E), and, except for the Gaussian field,
//! `joint`:
//!
//! - [`joint`]: the law p(v, e) as a value, its marginals, entropies and information, and the law p(h,
//!   e) of a filter's h or of any other coarse variable.
//! - [`infonce`]: how far InfoNCE with the optimal critic stays below the information at batch size K.
//! - [`optimal_filter`]: the filter with the largest I(H:E) of all h = sign(Λ·v).
//!
//! Functions allocate their own memory. Limits on the size of a system are constants next to its
//! functions and are checked before anything is allocated; where memory can be large, a function ending
//! in `_bytes` gives the amount in advance. Each module has one small error type that says what was
//! given and what is allowed.
//!
//! # Example
//!
//! The 4 × 4 Ising torus at the critical temperature, with a block of 2 × 2 sites:
//!
//! ```
//! use blockspin_core::lattice::Lattice;
//! use blockspin_exact::{Encoder, Filter, Partition, ising};
//!
//! let partition = Partition::new(Lattice::new(&[4, 4])?, &[2, 2], 0)?;
//! let beta = 0.5 * (1.0 + 2f64.sqrt()).ln();
//! let filter = Filter::new(&[1.0; 4], 1, Encoder::Sign)?;
//!
//! let exact = ising::information(&partition, 1.0, beta, Some(&filter), None)?;
//! assert!((exact.block - 0.70203).abs() < 1e-5);
//!
//! // I(V:E) again, from p(v, e): 16 configurations of the block, 2^8 of the surrounding sites.
//! let joint = ising::joint(&partition, 1.0, beta)?;
//! assert_eq!((joint.blocks(), joint.classes()), (16, 256));
//! assert!((joint.information() - exact.block).abs() < 1e-13);
//!
//! // And p(h, e), here of the sign of the sum of all spins.
//! let coarse = joint.filtered(&filter)?;
//! assert!((coarse.information() - exact.filtered.unwrap()).abs() < 1e-13);
//! assert!((coarse.block_entropy() - 2f64.ln()).abs() < 1e-13);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
// Loops over indices show which sum they form.
#![allow(clippy::needless_range_loop)]

pub mod chipping;
pub mod dimer;
mod enumerated;
mod filter;
pub mod gaussian;
pub mod infonce;
mod information;
pub mod ising;
pub mod joint;
pub mod optimal_filter;
mod partition;
pub mod random_bond_ring;
mod spin_weights;

pub use filter::{Encoder, Filter, FilterError, MAX_COMPONENTS};
pub use information::Information;
pub use joint::{Joint, JointError};
pub use optimal_filter::{OptimalFilter, OptimalFilterError, Search};
pub use partition::{Partition, PartitionError};
