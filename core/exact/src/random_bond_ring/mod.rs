//! The Ising ring with a separate coupling for each bond: weight exp(β Σ J_i s_i s_{i+1}), bond i
//! joining sites i and i + 1, the last one closing the ring.
//!
//! It covers the rings of the [sampler](blockspin_core::sampler::random_bond_ring), frustrated or not,
//! at any temperature that the sampler accepts.
//!
//! # Means
//! By the global spin flip s_0 may be fixed up. Then the spins are a Markov chain with known
//! transitions, s_{i+1} from s_i and s_0. For each value of s_i its probability, the mean and variance
//! of the energy so far, and the law of the number of spins up are carried along the chain. All are sums
//! of positive terms: the variance of two merged groups follows from the difference of their means.

use std::fmt;
use std::num::NonZeroU32;

use blockspin_core::lattice::Lattice;
use blockspin_core::sampler::random_bond_ring::{RandomBondRingError, check};
use blockspin_core::sampler::spin_pair::{EffectiveBond, odds, probability};

use crate::filter::{Filter, FilterError};
use crate::information::Information;
use crate::ising::ring::BlockOfRing;
use crate::ising::{
    self, Means, WEAK, binder_cumulant, boundary, information_bytes, optimal_filter_bytes,
};
use crate::joint::{self, Joint};
use crate::optimal_filter::{self, OptimalFilter};
use crate::partition::{Partition, sides};
use crate::spin_weights;

/// Most sites of a ring whose means are computed, in a time that grows as the square of the length: half
/// a second.
pub const MAX_SITES: usize = 1 << 15;

/// Why there is no exact result for a ring with random bonds.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// Bonds or an inverse temperature beyond the range of the sampler.
    Bonds(RandomBondRingError),
    /// The ring has more sites than [`MAX_SITES`], too many for its means.
    Sites(usize),
    /// The partition belongs to another lattice than the ring.
    Partition {
        /// Lattice of the partition.
        lattice: Lattice,
        /// Sites of the ring.
        sites: usize,
    },
    /// The ring does not have this site.
    Site {
        /// The site.
        site: usize,
        /// Sites of the ring.
        sites: usize,
    },
    /// Block, joint law or filter exceed the limits of any Ising ring.
    Ising(ising::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Bonds(error) => error.fmt(f),
            Self::Sites(n) => write!(
                f,
                "a ring of {n} different bonds; its exact means take at most {MAX_SITES}"
            ),
            Self::Partition { lattice, sites: n } => write!(
                f,
                "a partition of a lattice of {}; the ring has {n} sites",
                sides(lattice)
            ),
            Self::Site { site, sites } => write!(
                f,
                "site {site} of a ring of {sites} sites, which are counted from 0"
            ),
            Self::Ising(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<ising::Error> for Error {
    fn from(error: ising::Error) -> Self {
        Self::Ising(error)
    }
}

impl From<FilterError> for Error {
    fn from(error: FilterError) -> Self {
        Self::Ising(error.into())
    }
}

/// Exact means of the ring with these bonds at inverse temperature `beta`, in units of 1/energy.
/// Energies are in the units of the bonds.
///
/// # Errors
/// [`Error::Bonds`] or [`Error::Sites`].
pub fn means(bonds: &[f64], beta: f64) -> Result<Means, Error> {
    ring(bonds, beta)?;
    let sites = bonds.len();
    if sites > MAX_SITES {
        return Err(Error::Sites(sites));
    }
    let mut stays = vec![[0.0; 2]; sites];
    let k = |coupling| beta * coupling;
    odds(bonds, k, |i, odds| stays[i] = odds);

    // By whether the spin equals s_0 and, for the law, by the number of spins up.
    let mut numbers = vec![[0.0; 2]; sites + 1];
    numbers[1][0] = 1.0;
    let mut spin = [Branch::default(); 2];
    spin[0].probability = 1.0;
    for (i, (bond, stays)) in bonds.iter().zip(&stays[..sites - 1]).enumerate() {
        let stay = stays.map(probability);
        let turn = stays.map(|odds| probability(-odds));
        spin = [0, 1].map(|x| {
            let same = spin[x].extended(stay[x], excess(*bond, false));
            let other = spin[1 - x].extended(turn[1 - x], excess(*bond, true));
            same.joined(other)
        });
        for up in (1..=i + 1).rev() {
            let [p, q] = numbers[up];
            numbers[up + 1][0] = stay[0] * p + turn[1] * q;
            numbers[up][1] = turn[0] * p + stay[1] * q;
        }
        numbers[1][0] = 0.0;
    }
    let last = bonds[sites - 1];
    let [same, other] = [0, 1].map(|x| spin[x].extended(1.0, excess(last, x == 1)));
    let all = same.joined(other);

    let n = sites as f64;
    let energy = if bonds.iter().all(|bond| (beta * bond).abs() < WEAK) {
        -independent_square(bonds, beta)
    } else {
        let ground: f64 = bonds.iter().map(|bond| -bond.abs()).sum();
        ground + all.excess
    };
    let mut moments = [0.0; 3];
    for (up, [p, q]) in numbers.iter().enumerate() {
        let m = (2.0 * up as f64 - n) / n;
        let square = m * m;
        for (sum, power) in moments.iter_mut().zip([m.abs(), square, square * square]) {
            *sum += (p + q) * power;
        }
    }
    let [magnetisation_abs, magnetisation_squared, fourth] = moments;
    Ok(Means {
        energy_per_site: energy / n,
        specific_heat: all.variance * beta * beta / n,
        magnetisation_abs,
        magnetisation_squared,
        binder_cumulant: binder_cumulant(magnetisation_squared, fourth),
    })
}

/// β ⟨E²⟩ of independent spins; the two bonds of a ring of two join the same ones.
fn independent_square(bonds: &[f64], beta: f64) -> f64 {
    match *bonds {
        [a, b] => beta * (a + b) * (a + b),
        _ => bonds.iter().map(|bond| beta * bond * bond).sum(),
    }
}

/// ⟨s_i s_j⟩ of the ring with these bonds at inverse temperature `beta`.
///
/// # Errors
/// [`Error::Bonds`], or [`Error::Site`] where i or j is not a site of the ring.
pub fn correlation(bonds: &[f64], beta: f64, i: usize, j: usize) -> Result<f64, Error> {
    ring(bonds, beta)?;
    let sites = bonds.len();
    if let Some(site) = [i, j].into_iter().find(|site| *site >= sites) {
        return Err(Error::Site { site, sites });
    }
    let (from, to) = if i < j { (i, j) } else { (j, i) };
    let there = chain(bonds, beta, from, to - from);
    let back = chain(bonds, beta, to, sites - (to - from));
    Ok(there.correlation(back))
}

/// I(V:E) of the block and, with a filter, I(H:E), in nats; with a filter and a batch size K, also
/// the [deficit](crate::infonce) of InfoNCE.
///
/// The partition is of a ring with as many sites as bonds; the block begins at site `first`.
/// [`ising::information_bytes`] gives the memory.
///
/// # Errors
/// [`Error::Bonds`], [`Error::Partition`], [`Error::Site`], or [`Error::Ising`] where the block is too
/// large for a filter or the filter does not fit it.
pub fn information(
    bonds: &[f64],
    beta: f64,
    partition: &Partition,
    first: u32,
    filter: Option<&Filter<'_>>,
    batch: Option<NonZeroU32>,
) -> Result<Information, Error> {
    let site = place(bonds, beta, partition, first)?;
    information_bytes(partition, filter.map_or(0, Filter::components))?;
    if let Some(filter) = filter {
        filter.fits_binary(partition.block_sites())?;
    }
    let weights = weights(bonds, beta, partition, site, filter.is_some());
    Ok(spin_weights::information(&weights, filter, batch))
}

/// The joint law of block and environment, with indices as in [`ising::joint`]; the block begins at
/// the site `first`.
///
/// # Errors
/// [`Error::Bonds`], [`Error::Partition`], [`Error::Site`], or [`Error::Ising`] where the block is too
/// large.
pub fn joint(bonds: &[f64], beta: f64, partition: &Partition, first: u32) -> Result<Joint, Error> {
    let site = place(bonds, beta, partition, first)?;
    let boundary = boundary(partition, true)?;
    match ising::joint_entries(partition.block_sites(), boundary) {
        n if n > joint::MAX_ENTRIES => Err(ising::Error::Joint(n).into()),
        _ => Ok(spin_weights::joint(&weights(
            bonds, beta, partition, site, true,
        ))),
    }
}

/// The filter with the largest I(H:E) for h = sign(Λ·v): see
/// [`optimal_filter`](mod@crate::optimal_filter). The block begins at the site `first`;
/// [`ising::optimal_filter_bytes`] gives the memory.
///
/// # Errors
/// [`Error::Bonds`], [`Error::Partition`], [`Error::Site`], or [`Error::Ising`] where the block or the
/// number of components is too large.
pub fn optimal_filter(
    bonds: &[f64],
    beta: f64,
    partition: &Partition,
    first: u32,
    components: usize,
) -> Result<OptimalFilter, Error> {
    let site = place(bonds, beta, partition, first)?;
    optimal_filter_bytes(partition, components)?;
    let weights = weights(bonds, beta, partition, site, true);
    Ok(optimal_filter::search(&weights, components))
}

/// Checks ring and partition, and returns the block's first site.
fn place(bonds: &[f64], beta: f64, partition: &Partition, first: u32) -> Result<usize, Error> {
    ring(bonds, beta)?;
    let (lattice, sites) = (partition.lattice(), bonds.len());
    if lattice.dimension() != 1 || lattice.sites() != sites {
        return Err(Error::Partition { lattice, sites });
    }
    let site = first as usize;
    if site >= sites {
        return Err(Error::Site { site, sites });
    }
    Ok(site)
}

/// Checks that these bonds make a ring.
fn ring(bonds: &[f64], beta: f64) -> Result<(), Error> {
    check(bonds, beta).map_err(Error::Bonds)
}

/// The weights of a block that begins at `site`: all its spins (`whole`) or only its ends.
fn weights(
    bonds: &[f64],
    beta: f64,
    partition: &Partition,
    site: usize,
    whole: bool,
) -> BlockOfRing {
    BlockOfRing::new(partition, whole, |from, length| {
        chain(bonds, beta, site + from as usize, length as usize)
    })
}

/// The effective bond of `length` bonds around the ring, the first of them bond `from`.
fn chain(bonds: &[f64], beta: f64, from: usize, length: usize) -> EffectiveBond {
    let bonds = bonds.iter().cycle().skip(from).take(length);
    bonds.fold(EffectiveBond::IDENTITY, |chain, bond| {
        chain.then(EffectiveBond::new(beta * bond))
    })
}

/// Energy of a bond relative to that of the satisfied bond.
fn excess(bond: f64, unlike: bool) -> f64 {
    if unlike == (bond < 0.0) {
        0.0
    } else {
        2.0 * bond.abs()
    }
}

/// Probability and energy of the configurations with the same last spin.
#[derive(Clone, Copy, Default)]
struct Branch {
    probability: f64,
    /// Mean and variance of the energy, relative to all bonds satisfied.
    excess: f64,
    variance: f64,
}

impl Branch {
    /// The fraction `share` of these, with one more bond of this excess energy.
    fn extended(self, share: f64, excess: f64) -> Self {
        Branch {
            probability: share * self.probability,
            excess: self.excess + excess,
            variance: self.variance,
        }
    }

    /// These together with other configurations.
    fn joined(self, other: Self) -> Self {
        let probability = self.probability + other.probability;
        if probability <= 0.0 {
            return self;
        }
        let [p, q] = [self, other].map(|branch| branch.probability / probability);
        let apart = other.excess - self.excess;
        Branch {
            probability,
            excess: self.excess + q * apart,
            variance: p * self.variance + q * other.variance + p * q * apart * apart,
        }
    }
}

#[cfg(test)]
mod tests;
