//! The Ising model on small periodic lattices: means, informations, joint laws and optimal filters.
//!
//! The weight of a configuration is exp(K Σ_⟨ij⟩ s_i s_j) with K = βJ, the sum over sites and
//! forward directions of a periodic [`Lattice`] (a side of 2 has double bonds), no field.
//!
//! # One scale for every temperature
//! A bond is *unsatisfied* when it opposes K: unequal spins for K > 0, equal ones for K < 0. With
//! D the unsatisfied bonds in excess of the ground state's, the weight is, up to a constant,
//!
//! ```text
//! x^D,   x = exp(−2|K|) ≤ 1,   D ≥ 0
//! ```
//!
//! so sums contain a term of 1 and no negative ones: they neither overflow nor cancel. For K < 0 every
//! ring of odd length has at least one unsatisfied bond, and the checkerboard has no more, so the ground
//! state is known in closed form. Excitations cost at least two bonds: beyond |K| = [`STRONGEST`] they
//! weigh less than e^−160 and change nothing in f64, so K is limited to that.
//!
//! # Methods
//! | lattice | means | information |
//! |---|---|---|
//! | ring | sum over domain walls, to [`MAX_RING_SITES`] | transfer matrix, any length |
//! | 2D | transfer matrix, to [`MAX_STRIP_WIDTH`] and [`MAX_STRIP_SITES`] | enumeration, to [`MAX_ENUMERATED_SITES`] |
//! | 3D | enumeration, to [`MAX_ENUMERATED_SITES`] | enumeration |

mod means;
pub(crate) mod ring;
mod strip;
mod torus;

use std::fmt;
use std::num::NonZeroU32;

use blockspin_core::lattice::Lattice;
use blockspin_core::num::math::exp64;

use crate::filter::{Filter, FilterError, MAX_COMPONENTS};
use crate::information::Information;
use crate::joint::{self, Joint};
use crate::optimal_filter::{self, OptimalFilter, OptimalFilterError};
use crate::partition::Partition;
use crate::spin_weights::{self, SpinWeights};

pub use means::{Means, VANISHING};
pub(crate) use means::{WEAK, binder_cumulant};
pub use ring::{MAX_RING_BLOCK, MAX_RING_SITES};
pub use strip::{MAX_STRIP_SITES, MAX_STRIP_WIDTH};
pub use torus::MAX_ENUMERATED_SITES;

/// |βJ| beyond which every result here equals that of the ground states.
pub const STRONGEST: f64 = 40.0;

/// Why there is no exact result for the Ising model.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// The coupling is 0 or not finite.
    Coupling(f64),
    /// The inverse temperature is negative or not finite.
    Beta(f64),
    /// A ring has more sites than [`MAX_RING_SITES`], too many for its means.
    RingSites(u32),
    /// A block of a ring has more sites than [`MAX_RING_BLOCK`], too many to enumerate.
    RingBlock(usize),
    /// A 2D lattice is too large for its means: its sides, shorter first.
    Strip(u32, u32),
    /// A lattice has more sites than [`MAX_ENUMERATED_SITES`].
    Sites(usize),
    /// The joint law has more probabilities than [`MAX_ENTRIES`](crate::joint::MAX_ENTRIES).
    Joint(u64),
    /// The filter does not fit this block.
    Filter(FilterError),
    /// Why no optimal filter can be searched for.
    OptimalFilter(OptimalFilterError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Coupling(j) => write!(f, "a coupling of {j}; it is finite and not 0"),
            Self::Beta(beta) => write!(
                f,
                "an inverse temperature of {beta}; it is finite and not negative"
            ),
            Self::RingSites(n) => write!(
                f,
                "a ring of {n} sites; its exact means take at most {MAX_RING_SITES} sites"
            ),
            Self::RingBlock(n) => write!(
                f,
                "a filter on a block of {n} sites of a ring; it has at most {MAX_RING_BLOCK} sites"
            ),
            Self::Strip(short, long) => write!(
                f,
                "a lattice of {short} × {long}; its exact means take a shorter side of at most \
                 {MAX_STRIP_WIDTH} and at most {MAX_STRIP_SITES} sites, as 8 × 8 or 8 × 128"
            ),
            Self::Sites(n) => write!(
                f,
                "{n} sites to enumerate; there are at most {MAX_ENUMERATED_SITES}, as 5 × 5 or \
                 3 × 3 × 3"
            ),
            Self::Joint(n) => joint::write_too_large(n, f),
            Self::Filter(error) => error.fmt(f),
            Self::OptimalFilter(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<FilterError> for Error {
    fn from(error: FilterError) -> Self {
        Self::Filter(error)
    }
}

impl From<OptimalFilterError> for Error {
    fn from(error: OptimalFilterError) -> Self {
        Self::OptimalFilter(error)
    }
}

/// Exact means at inverse temperature `beta`, in units of 1/energy.
///
/// It needs at most 2 MB, for 8 × 128 sites.
///
/// # Errors
/// [`Error::Coupling`], [`Error::Beta`], or a lattice too large for its method: [`Error::RingSites`]
/// in 1D, [`Error::Strip`] in 2D, [`Error::Sites`] in 3D.
pub fn means(lattice: Lattice, coupling: f64, beta: f64) -> Result<Means, Error> {
    let k = reduced_coupling(coupling, beta)?;
    let sums = match *lattice.sides() {
        [n] if n > MAX_RING_SITES => return Err(Error::RingSites(n)),
        [n] => ring::sums(n, k),
        [a, b] => {
            let (short, long) = strip::ordered(a, b);
            if short > MAX_STRIP_WIDTH || lattice.sites() > MAX_STRIP_SITES {
                return Err(Error::Strip(short, long));
            }
            strip::sums(a, b, k)
        }
        _ if lattice.sites() > MAX_ENUMERATED_SITES => {
            return Err(Error::Sites(lattice.sites()));
        }
        _ => torus::sums(lattice, k),
    };
    Ok(sums.means(lattice, coupling, k))
}

/// Memory that [`information`] needs, in bytes; `components` is 0 without a filter.
///
/// # Errors
/// [`Error::Filter`] with too many components, or a system too large: [`Error::RingBlock`] in 1D,
/// [`Error::Sites`] otherwise.
pub fn information_bytes(partition: &Partition, components: usize) -> Result<u64, Error> {
    if components > MAX_COMPONENTS {
        return Err(FilterError::Components(components).into());
    }
    let boundary = boundary(partition, components > 0)?;
    let numbers = spin_weights::information_len(boundary, components);
    Ok(size_of::<f64>() as u64 * numbers as u64)
}

/// I(V:E) of the block and, with a filter, I(H:E), in nats; with a filter and a batch size K, also
/// the [deficit](crate::infonce) of InfoNCE.
///
/// By the Markov property only sites of E with neighbours outside E matter: given them, V is independent
/// of the rest.
///
/// # Errors
/// [`Error::Coupling`], [`Error::Beta`], those of [`information_bytes`], or a filter that does not
/// fit the block.
pub fn information(
    partition: &Partition,
    coupling: f64,
    beta: f64,
    filter: Option<&Filter<'_>>,
    batch: Option<NonZeroU32>,
) -> Result<Information, Error> {
    let k = reduced_coupling(coupling, beta)?;
    information_bytes(partition, filter.map_or(0, Filter::components))?;
    if let Some(filter) = filter {
        filter.fits_binary(partition.block_sites())?;
    }
    let weights = weights(partition, k, filter.is_some());
    Ok(spin_weights::information(&*weights, filter, batch))
}

/// The joint law of block and environment.
///
/// Bit i of a block configuration is set where spin i of the block (C order) is up. An environment class
/// is a configuration of the sites of E that have neighbours outside E, bit i being the i-th of them in
/// the lattice's order. In 1D bit 0 is the site before block and buffer, bit 1 the site after them;
/// where both are the same site, classes with unequal bits have probability 0.
///
/// # Errors
/// [`Error::Coupling`], [`Error::Beta`], a system too large ([`Error::RingBlock`], [`Error::Sites`]),
/// or [`Error::Joint`].
pub fn joint(partition: &Partition, coupling: f64, beta: f64) -> Result<Joint, Error> {
    let k = reduced_coupling(coupling, beta)?;
    let boundary = boundary(partition, true)?;
    match joint_entries(partition.block_sites(), boundary) {
        n if n > joint::MAX_ENTRIES => Err(Error::Joint(n)),
        _ => Ok(spin_weights::joint(&*weights(partition, k, true))),
    }
}

/// Size of the joint law of a block of spins and its boundary spins.
pub(crate) fn joint_entries(block: usize, boundary: usize) -> u64 {
    1 << (block + boundary)
}

/// Memory that [`optimal_filter`](optimal_filter()) needs, in bytes.
///
/// # Errors
/// [`Error::OptimalFilter`], or a system too large ([`Error::RingBlock`], [`Error::Sites`]).
pub fn optimal_filter_bytes(partition: &Partition, components: usize) -> Result<u64, Error> {
    let boundary = boundary(partition, true)?;
    let block = partition.block_sites();
    Ok(optimal_filter::bytes(block, boundary, components)?)
}

/// The filter of `components` components with the largest I(H:E) for h = sign(Λ·v): see
/// [`optimal_filter`](mod@crate::optimal_filter).
///
/// # Errors
/// [`Error::Coupling`], [`Error::Beta`], or those of [`optimal_filter_bytes`].
pub fn optimal_filter(
    partition: &Partition,
    coupling: f64,
    beta: f64,
    components: usize,
) -> Result<OptimalFilter, Error> {
    let k = reduced_coupling(coupling, beta)?;
    optimal_filter_bytes(partition, components)?;
    let weights = weights(partition, k, true);
    Ok(optimal_filter::search(&*weights, components))
}

/// Number of boundary spins that stand for the environment. `whole`: all spins of the block are
/// enumerated, rather than only the ends of a ring's block.
pub(crate) fn boundary(partition: &Partition, whole: bool) -> Result<usize, Error> {
    let (lattice, block) = (partition.lattice(), partition.block_sites());
    if lattice.dimension() == 1 {
        return match whole && block > MAX_RING_BLOCK {
            true => Err(Error::RingBlock(block)),
            false => Ok(ring::BOUNDARY),
        };
    }
    match lattice.sites() {
        n if n > MAX_ENUMERATED_SITES => Err(Error::Sites(n)),
        _ => Ok(partition.boundary_sites()),
    }
}

/// The weights of block and boundary: all of a ring's block (`whole`) or only its ends.
fn weights(partition: &Partition, k: f64, whole: bool) -> Box<dyn SpinWeights> {
    if partition.lattice().dimension() == 1 {
        Box::new(ring::BlockOfRing::uniform(partition, k, whole))
    } else {
        Box::new(torus::Enumeration::new(partition, k))
    }
}

/// K = βJ, limited to ±[`STRONGEST`].
fn reduced_coupling(coupling: f64, beta: f64) -> Result<f64, Error> {
    if coupling == 0.0 || !coupling.is_finite() {
        return Err(Error::Coupling(coupling));
    }
    if beta < 0.0 || !beta.is_finite() {
        return Err(Error::Beta(beta));
    }
    Ok((beta * coupling).clamp(-STRONGEST, STRONGEST))
}

/// x = exp(−2|K|), the weight of an unsatisfied bond.
fn bond_weight(k: f64) -> f64 {
    exp64(-2.0 * k.abs())
}

/// Bonds of a lattice, and how many of them are unsatisfied in the ground state.
fn bond_counts(lattice: Lattice, k: f64) -> (usize, usize) {
    let sites = lattice.sites();
    let odd = lattice.sides().iter().filter(|side| *side % 2 != 0);
    let frustrated = if k < 0.0 {
        odd.map(|side| sites / *side as usize).sum()
    } else {
        0
    };
    (sites * lattice.dimension(), frustrated)
}

/// ⟨(Σ_⟨ij⟩ s_i s_j)²⟩ of independent spins. The two bonds of a side of 2 join the same spins.
fn bond_square(lattice: Lattice) -> f64 {
    let images = |side: &u32| if *side == 2 { 2.0 } else { 1.0 };
    lattice.sites() as f64 * lattice.sides().iter().map(images).sum::<f64>()
}

#[cfg(test)]
pub(crate) mod tests;
