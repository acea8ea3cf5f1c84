//! The exact referee of the Ising model: means and informations of small systems in f64.
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
//! so sums hold a term of 1 and no negative ones: they neither overflow nor cancel. Every
//! ring of odd length holds one unsatisfied bond when K < 0, and the checkerboard has no more, so
//! the ground state is known in closed form. Excitations cost at least two bonds: beyond
//! |K| = [`STRONGEST`] they weigh less than e^−160, nothing changes in f64, and K is cut there.
//!
//! # Methods
//! | lattice | means | information |
//! |---|---|---|
//! | ring | sum over domain walls, to [`CHAIN_SITES`] | transfer matrix, any length |
//! | 2D | transfer matrix, to [`STRIP_WIDTH`] and [`STRIP_SITES`] | enumeration, to [`TORUS_SITES`] |
//! | 3D | enumeration, to [`TORUS_SITES`] | the same |
//!
//! Rings whose bonds differ have a room of their own: [`bonds`](mod@bonds). So has the Gaussian field,
//! where all is in closed form, [`gaussian`], and so have masses that chip and aggregate, which have
//! no weight in closed form, [`chipping`]. Dimer coverings of small tori are counted once for all
//! temperatures, [`Coverings`]; those of the smallest are listed for their informations, [`dimer`].
//!
//! What a batch can show of an information is told by [`infonce`]; the filter that keeps the most of it
//! is found by [`best`](best()).

mod best;
mod binary;
pub mod bonds;
mod chain;
pub mod chipping;
mod coverings;
pub mod dimer;
pub mod gaussian;
pub mod infonce;
mod information;
mod list;
mod means;
mod partition;
mod strip;
mod torus;

use core::fmt;

use information::{Ask, Reader};

use crate::lattice::Lattice;
use crate::num::math::exp64;
use crate::sampler::RandomBondRingError;

pub use best::{Best, EXHAUSTIVE_SITES, SEARCH_SITES, Search};
pub use chain::{CHAIN_BLOCK, CHAIN_SITES};
pub use coverings::{Coverings, DIMER_SIDE, DimerMeans, dimer_scratch_len};
pub use infonce::MAX_COMPONENTS;
pub use information::{Encoder, Filter, Information};
pub use list::Listed;
pub use means::Means;
pub use partition::{Partition, PartitionError};
pub use strip::{STRIP_SITES, STRIP_WIDTH};
pub use torus::TORUS_SITES;

/// |βJ| beyond which every result here equals that of the ground states.
pub const STRONGEST: f64 = 40.0;

/// Why there is no exact result.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ExactError {
    /// The coupling is 0 or not finite.
    Coupling(f64),
    /// The inverse temperature is negative or not finite.
    Beta(f64),
    /// A ring too long for its means.
    Chain(u32),
    /// Bonds or an inverse temperature that [`bonds`](mod@bonds) do not take.
    Bonds(RandomBondRingError),
    /// A ring of different bonds too long for its means.
    LongRing(usize),
    /// The partition is not one of the ring.
    OtherRing {
        /// Where it is.
        lattice: Lattice,
        /// Sites of the ring.
        sites: usize,
    },
    /// A site that the ring does not have.
    Site {
        /// The site.
        site: usize,
        /// Sites of the ring.
        sites: usize,
    },
    /// A 2D lattice too large for the means: its sides, shorter first.
    Strip(u32, u32),
    /// A lattice with too many sites to enumerate.
    Torus(usize),
    /// A block of a ring with too many sites to enumerate under a filter.
    Block(usize),
    /// A block with too many sites to search for its best filter.
    BestBlock(usize),
    /// The number of components is 0, or too large for spins.
    Components(usize),
    /// The continuous encoder on spins.
    Continuous,
    /// A mass that is not from [`gaussian::MASSES`].
    Mass(f64),
    /// A lattice too large for the covariance of the field.
    Field(Lattice),
    /// Block and buffer have too many sites together for the field.
    Region(u64),
    /// A block of the field has too many sites.
    FieldBlock(u64),
    /// The components of a filter on the field are too many.
    FieldComponents(usize),
    /// A binary encoder on the field, with several components.
    Binary(usize),
    /// A torus of dimers whose side is not 4, 6 or 8.
    DimerSide(u32),
    /// A partition that is not one of the doubled lattice of a small torus of dimers.
    Doubled(Lattice),
    /// The temperature of dimers is not above 0.
    DimerTemperature(f64),
    /// A weight of the filter is infinite or NaN: its index.
    Weight(usize),
    /// The filter has not one weight for each site of the block and component.
    Filter {
        /// Weights given.
        weights: usize,
        /// Weights that are needed.
        expected: usize,
    },
    /// A ring too long for the law of its masses: its sites.
    Ring(usize),
    /// A total mass too large for the law of the masses.
    TotalMass {
        /// Sites of the ring.
        sites: usize,
        /// The total mass.
        mass: u32,
    },
    /// The list of configurations is too short.
    List {
        /// Configurations that it holds.
        given: usize,
        /// Configurations that there are.
        needed: usize,
    },
    /// The scratch slice is too short.
    Scratch {
        /// Numbers given.
        given: usize,
        /// Numbers that are needed.
        needed: usize,
    },
}

impl fmt::Display for ExactError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Coupling(j) => write!(f, "a coupling of {j}; it is finite and not 0"),
            Self::Beta(beta) => {
                write!(
                    f,
                    "an inverse temperature of {beta}; it is finite and not negative"
                )
            }
            Self::Chain(n) => write!(
                f,
                "a ring of {n} sites; its exact means take at most {CHAIN_SITES} sites"
            ),
            Self::Bonds(error) => error.fmt(f),
            Self::LongRing(n) => write!(
                f,
                "a ring of {n} different bonds; its exact means take at most {}",
                bonds::SITES
            ),
            Self::OtherRing { lattice, sites } => {
                write!(f, "a partition of a lattice of ")?;
                write_sides(lattice, f)?;
                write!(f, "; the ring has {sites} sites")
            }
            Self::Site { site, sites } => write!(
                f,
                "site {site} of a ring of {sites} sites, which are counted from 0"
            ),
            Self::Strip(short, long) => write!(
                f,
                "a lattice of {short} × {long}; its exact means take a shorter side of at most \
                 {STRIP_WIDTH} and at most {STRIP_SITES} sites, as 8 × 8 or 8 × 128"
            ),
            Self::Torus(n) => write!(
                f,
                "{n} sites to enumerate; there are at most {TORUS_SITES}, as 5 × 5 or 3 × 3 × 3"
            ),
            Self::Block(n) => write!(
                f,
                "a filter on a block of {n} sites of a ring; it has at most {CHAIN_BLOCK} sites"
            ),
            Self::BestBlock(n) => write!(
                f,
                "the best filter of a block of {n} sites; it is searched for on up to {SEARCH_SITES}"
            ),
            Self::Components(n) => {
                write!(
                    f,
                    "a filter of {n} components; it has 1 to {MAX_COMPONENTS}"
                )
            }
            Self::Continuous => write!(
                f,
                "the continuous encoder on spins; it is for fields, spins take sign or sigmoid"
            ),
            Self::Mass(mass) => write!(
                f,
                "a mass of {mass}; it is a number from {:e} to {:e}",
                gaussian::MASSES.start(),
                gaussian::MASSES.end()
            ),
            Self::Field(lattice) => {
                write!(f, "a lattice of ")?;
                write_sides(lattice, f)?;
                write!(
                    f,
                    "; the covariance of a field is summed for lattices as large as a ring of \
                     32768, 1024 × 1024 or 128 × 128 × 128"
                )
            }
            Self::Region(n) => write!(
                f,
                "block and buffer of {n} sites of a field; they have at most {} together, take a \
                 smaller block or buffer",
                gaussian::REGION_SITES
            ),
            Self::FieldBlock(n) => write!(
                f,
                "a block of {n} sites of a field; it has at most {}",
                gaussian::BLOCK_SITES
            ),
            Self::FieldComponents(n) => write!(
                f,
                "a filter of {n} components on a field; it has at most {}, the most sites of a \
                 block",
                gaussian::BLOCK_SITES
            ),
            Self::Binary(n) => write!(
                f,
                "a binary encoder on {n} components of a field; sign and sigmoid take one \
                 component, the continuous encoder any number"
            ),
            Self::DimerSide(n) => write!(
                f,
                "a torus of dimers with a side of {n}; coverings are counted for an even side from \
                 4 to {DIMER_SIDE}"
            ),
            Self::Doubled(lattice) => {
                write!(f, "a partition of a lattice of ")?;
                write_sides(lattice, f)?;
                write!(
                    f,
                    "; coverings are listed on the doubled lattice of 4 × 4 or 6 × 6 vertices, \
                     8 × 8 or 12 × 12"
                )
            }
            Self::DimerTemperature(t) => {
                write!(f, "a temperature of {t}; it is above 0, or inf")
            }
            Self::Weight(i) => write!(f, "weight {i} of the filter is not a finite number"),
            Self::Filter { weights, expected } => write!(
                f,
                "a filter of {weights} weights; this block and number of components take {expected}"
            ),
            Self::Ring(n) => write!(
                f,
                "a ring of {n} sites; the exact law of masses takes at most {}",
                chipping::SITES
            ),
            Self::TotalMass { sites, mass } => {
                let largest = chipping::MASSES.get(sites.wrapping_sub(2));
                write!(
                    f,
                    "a total mass of {mass} on a ring of {sites} sites; the exact law of masses \
                     takes at most {} there",
                    largest.unwrap_or(&0)
                )
            }
            Self::List { given, needed } => {
                write!(f, "a list of {given} configurations; {needed} are needed")
            }
            Self::Scratch { given, needed } => {
                write!(f, "a scratch of {given} numbers; {needed} are needed")
            }
        }
    }
}

impl core::error::Error for ExactError {}

/// Writes the sides of a lattice, as 4 × 8.
fn write_sides(lattice: Lattice, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (axis, side) in lattice.sides().iter().enumerate() {
        write!(f, "{}{side}", if axis == 0 { "" } else { " × " })?;
    }
    Ok(())
}

/// Numbers of scratch that [`means`] takes.
///
/// # Errors
/// No method reaches this lattice.
pub fn means_scratch_len(lattice: Lattice) -> Result<usize, ExactError> {
    match *lattice.sides() {
        [n] if n > CHAIN_SITES => Err(ExactError::Chain(n)),
        [_] => Ok(0),
        [a, b] => {
            let (short, long) = strip::ordered(a, b);
            if short > STRIP_WIDTH || lattice.sites() > STRIP_SITES {
                return Err(ExactError::Strip(short, long));
            }
            Ok(strip::scratch_len(short, long))
        }
        _ if lattice.sites() > TORUS_SITES => Err(ExactError::Torus(lattice.sites())),
        _ => Ok(torus::histogram_len(lattice)),
    }
}

/// Exact means of the Ising model at inverse temperature `beta` (1/energy).
///
/// `scratch` holds at least [`means_scratch_len`] numbers of any value.
///
/// # Errors
/// Names the rule that is broken.
pub fn means(
    lattice: Lattice,
    coupling: f64,
    beta: f64,
    scratch: &mut [f64],
) -> Result<Means, ExactError> {
    let k = reduced_coupling(coupling, beta)?;
    let scratch = take(scratch, means_scratch_len(lattice)?)?;
    let sums = match *lattice.sides() {
        [n] => chain::sums(n, k),
        [a, b] => strip::sums(a, b, k, scratch),
        _ => torus::sums(lattice, k, scratch),
    };
    Ok(sums.means(lattice, coupling, k))
}

/// Numbers of scratch that [`information`] takes; `components` is 0 without a filter.
///
/// # Errors
/// No method reaches this lattice, or so many components.
pub fn information_scratch_len(
    partition: &Partition,
    components: usize,
) -> Result<usize, ExactError> {
    if components > MAX_COMPONENTS {
        return Err(ExactError::Components(components));
    }
    let boundary = boundary(partition, components > 0)?;
    Ok(information::scratch_len(boundary, components))
}

/// Spins that stand for the environment, if the block can be gone through: its ends or, `whole`, all
/// of it.
fn boundary(partition: &Partition, whole: bool) -> Result<usize, ExactError> {
    let (lattice, block) = (partition.lattice(), partition.block_sites());
    if lattice.dimension() == 1 {
        return match whole && block > CHAIN_BLOCK {
            true => Err(ExactError::Block(block)),
            false => Ok(chain::BOUNDARY),
        };
    }
    match lattice.sites() {
        n if n > TORUS_SITES => Err(ExactError::Torus(n)),
        _ => Ok(partition.boundary_sites()),
    }
}

/// Exact informations about the environment, all that lies outside block and buffer: I(V:E) of the
/// block and, with a filter, I(H:E), in nats.
///
/// By the Markov property only those sites of E count that have neighbours outside E: given them,
/// V is independent of the rest.
///
/// `scratch` holds at least [`information_scratch_len`] numbers of any value.
///
/// # Errors
/// Names the rule that is broken.
pub fn information(
    partition: &Partition,
    coupling: f64,
    beta: f64,
    filter: Option<&Filter<'_>>,
    scratch: &mut [f64],
) -> Result<Information, ExactError> {
    let k = reduced_coupling(coupling, beta)?;
    let components = filter.map_or(0, Filter::components);
    let scratch = take(scratch, information_scratch_len(partition, components)?)?;
    if let Some(filter) = filter {
        filter.fits_binary(partition.block_sites())?;
    }
    let ask = Ask { filter, scratch };
    Ok(read(partition, k, filter.is_some(), ask))
}

/// Numbers of scratch that [`best`](best()) takes.
///
/// # Errors
/// No method reaches this lattice, or so many components or sites of the block.
pub fn best_scratch_len(partition: &Partition, components: usize) -> Result<usize, ExactError> {
    best::scratch_len(partition, boundary(partition, true)?, components)
}

/// The filter of `components` components that keeps the most with h = sign(Λ·v), of all there are on
/// blocks of up to [`EXHAUSTIVE_SITES`] sites (with several components on fewer), beyond that of
/// those that a search came by.
///
/// Its weights go to `weights`, as [`Filter::new`] takes them. `scratch` holds at least
/// [`best_scratch_len`] numbers of any value.
///
/// # Errors
/// Names the rule that is broken.
pub fn best(
    partition: &Partition,
    coupling: f64,
    beta: f64,
    components: usize,
    scratch: &mut [f64],
    weights: &mut [f32],
) -> Result<Best, ExactError> {
    let k = reduced_coupling(coupling, beta)?;
    let boundary = boundary(partition, true)?;
    let mut table = best::table(partition, boundary, components, scratch)?;
    read(partition, k, true, &mut table);
    best::best(&mut table, partition.block_sites(), components, weights)
}

/// The weights of block and boundary; of a ring's block the `whole`, or its ends.
fn read<R: Reader>(partition: &Partition, k: f64, whole: bool, reader: R) -> R::Answer {
    if partition.lattice().dimension() == 1 {
        chain::read(partition, k, whole, reader)
    } else {
        torus::read(partition, k, reader)
    }
}

/// K = βJ, cut at ±[`STRONGEST`].
fn reduced_coupling(coupling: f64, beta: f64) -> Result<f64, ExactError> {
    if coupling == 0.0 || !coupling.is_finite() {
        return Err(ExactError::Coupling(coupling));
    }
    if beta < 0.0 || !beta.is_finite() {
        return Err(ExactError::Beta(beta));
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

/// The first `needed` numbers of the scratch.
fn take(scratch: &mut [f64], needed: usize) -> Result<&mut [f64], ExactError> {
    let given = scratch.len();
    scratch
        .get_mut(..needed)
        .ok_or(ExactError::Scratch { given, needed })
}

#[cfg(test)]
mod tests;
