//! The Ising ring with a bond of its own between each pair of neighbours: weight
//! exp(β Σ J_i s_i s_{i+1}), bond i joining sites i and i + 1, the last one closing the ring.
//!
//! Such rings are those of the [sampler](crate::sampler::random_bond_ring), frustrated or not, at any
//! temperature that it takes.
//!
//! # Means
//! By the global spin flip s_0 may be held up. Then the spins are a Markov chain whose transitions
//! are known, s_{i+1} from s_i and s_0; along it go, for either value of s_i, its probability, mean
//! and variance of the energy so far, and the law of the number of spins up. All are sums of
//! positive terms: variances of two groups join by their means' difference.

use super::best::{self, Best};
use super::chain::linked;
use super::information::{Ask, Filter, Information};
use super::means::Means;
use super::{ExactError, Partition, boundary, information_scratch_len, take};
use crate::sampler::random_bond_ring::check;
use crate::sampler::spin_pair::{Link, odds, probability};

/// Longest ring whose means are computed, in a time that goes with the square of the length: half a
/// second.
pub const SITES: usize = 1 << 15;

/// Numbers of scratch that [`means`] takes for so many bonds.
///
/// # Errors
/// The ring is longer than [`SITES`].
pub fn means_scratch_len(bonds: usize) -> Result<usize, ExactError> {
    if bonds > SITES {
        return Err(ExactError::LongRing(bonds));
    }
    Ok(4 * bonds + 2)
}

/// Exact means of the ring with these bonds at inverse temperature `beta` (1/energy). Energies
/// are in the units of the bonds. Where the magnetisation is 0 for certain, Binder's cumulant is −∞.
///
/// `scratch` holds at least [`means_scratch_len`] numbers of any value.
///
/// # Errors
/// Names the rule that is broken.
pub fn means(bonds: &[f64], beta: f64, scratch: &mut [f64]) -> Result<Means, ExactError> {
    ring(bonds, beta)?;
    let sites = bonds.len();
    let scratch = take(scratch, means_scratch_len(sites)?)?;
    let (stays, numbers) = scratch.split_at_mut(2 * sites);
    let (stays, _) = stays.as_chunks_mut::<2>();
    let k = |coupling| beta * coupling;
    odds(bonds, k, |i, odds| stays[i] = odds);

    // By whether the spin is as s_0 and, of the law, by the number of spins up.
    let (numbers, _) = numbers.as_chunks_mut::<2>();
    numbers.fill([0.0; 2]);
    numbers[1][0] = 1.0;
    let mut spin = [Branch::default(); 2];
    spin[0].probability = 1.0;
    for (i, (bond, stays)) in bonds.iter().zip(&stays[..sites - 1]).enumerate() {
        let stay = stays.map(probability);
        let turn = stays.map(|odds| probability(-odds));
        spin = [0, 1].map(|x| {
            let same = spin[x].goes(stay[x], excess(*bond, false));
            let other = spin[1 - x].goes(turn[1 - x], excess(*bond, true));
            same.or(other)
        });
        for up in (1..=i + 1).rev() {
            let [p, q] = numbers[up];
            numbers[up + 1][0] = stay[0] * p + turn[1] * q;
            numbers[up][1] = turn[0] * p + stay[1] * q;
        }
        numbers[1][0] = 0.0;
    }
    let last = bonds[sites - 1];
    let [same, other] = [0, 1].map(|x| spin[x].goes(1.0, excess(last, x == 1)));
    let all = same.or(other);

    let n = sites as f64;
    let ground: f64 = bonds.iter().map(|bond| -bond.abs()).sum();
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
        energy_per_site: (ground + all.excess) / n,
        specific_heat: all.variance * beta * beta / n,
        magnetisation_abs,
        magnetisation_squared,
        binder_cumulant: if magnetisation_squared > 0.0 {
            1.0 - fourth / magnetisation_squared / (3.0 * magnetisation_squared)
        } else {
            f64::NEG_INFINITY
        },
    })
}

/// ⟨s_i s_j⟩ of the ring with these bonds at inverse temperature `beta`.
///
/// # Errors
/// Names the rule that is broken.
pub fn correlation(bonds: &[f64], beta: f64, i: usize, j: usize) -> Result<f64, ExactError> {
    ring(bonds, beta)?;
    let sites = bonds.len();
    if let Some(site) = [i, j].into_iter().find(|site| *site >= sites) {
        return Err(ExactError::Site { site, sites });
    }
    let (from, to) = if i < j { (i, j) } else { (j, i) };
    let there = stretch(bonds, beta, from, to - from);
    let back = stretch(bonds, beta, to, sites - (to - from));
    Ok(there.correlation(back))
}

/// Exact informations about the environment, all that lies outside block and buffer: I(V:E) of the
/// block and, with a filter, I(H:E), in nats. The partition is one of a ring of as many sites as
/// bonds; its block begins at the site `first`.
///
/// `scratch` holds at least [`information_scratch_len`] numbers of any value, and the same
/// limits of block and components hold.
///
/// # Errors
/// Names the rule that is broken.
pub fn information(
    bonds: &[f64],
    beta: f64,
    partition: &Partition,
    first: u32,
    filter: Option<&Filter<'_>>,
    scratch: &mut [f64],
) -> Result<Information, ExactError> {
    let site = place(bonds, beta, partition, first)?;
    let components = filter.map_or(0, Filter::components);
    let scratch = take(scratch, information_scratch_len(partition, components)?)?;
    if let Some(filter) = filter {
        filter.fits_binary(partition.block_sites())?;
    }
    let ask = Ask { filter, scratch };
    Ok(linked(partition, filter.is_some(), ask, |from, length| {
        stretch(bonds, beta, site + from as usize, length as usize)
    }))
}

/// The filter that keeps the most with h = sign(Λ·v), as [`best`](super::best()) has it.
///
/// # Errors
/// Names the rule that is broken.
pub fn best(
    bonds: &[f64],
    beta: f64,
    partition: &Partition,
    first: u32,
    components: usize,
    scratch: &mut [f64],
    weights: &mut [f32],
) -> Result<Best, ExactError> {
    let site = place(bonds, beta, partition, first)?;
    let ends = boundary(partition, true)?;
    let mut table = best::table(partition, ends, components, scratch)?;
    linked(partition, true, &mut table, |from, length| {
        stretch(bonds, beta, site + from as usize, length as usize)
    });
    best::best(&mut table, partition.block_sites(), components, weights)
}

/// Where the block begins, if there is a ring of these bonds that it lies on.
fn place(bonds: &[f64], beta: f64, partition: &Partition, first: u32) -> Result<usize, ExactError> {
    ring(bonds, beta)?;
    let (lattice, sites) = (partition.lattice(), bonds.len());
    if lattice.dimension() != 1 || lattice.sites() != sites {
        return Err(ExactError::OtherRing { lattice, sites });
    }
    let site = first as usize;
    if site >= sites {
        return Err(ExactError::Site { site, sites });
    }
    Ok(site)
}

/// Whether these bonds make a ring.
fn ring(bonds: &[f64], beta: f64) -> Result<(), ExactError> {
    check(bonds, beta).map_err(ExactError::Bonds)
}

/// So many bonds from one on, around the ring.
fn stretch(bonds: &[f64], beta: f64, from: usize, length: usize) -> Link {
    let bonds = bonds.iter().cycle().skip(from).take(length);
    bonds.fold(Link::NONE, |link, bond| link.then(Link::new(beta * bond)))
}

/// Energy of a bond above that of its ground state.
fn excess(bond: f64, unlike: bool) -> f64 {
    if unlike == (bond < 0.0) {
        0.0
    } else {
        2.0 * bond.abs()
    }
}

/// Configurations that agree in a spin.
#[derive(Clone, Copy, Default)]
struct Branch {
    probability: f64,
    /// Mean and variance of the energy, above that of bonds all satisfied.
    excess: f64,
    variance: f64,
}

impl Branch {
    /// A share of them, with a bond that costs so much.
    fn goes(self, share: f64, excess: f64) -> Self {
        Branch {
            probability: share * self.probability,
            excess: self.excess + excess,
            variance: self.variance,
        }
    }

    /// These and others.
    fn or(self, other: Self) -> Self {
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
