//! Chipping and aggregation on small rings: the stationary law of the masses.
//!
//! The rates are those of the [sampler](blockspin_core::sampler::chipping). Configurations that differ
//! by a rotation or reflection of the ring form a class, and the classes are the states of a smaller
//! Markov process. Its balance equations are solved by the elimination of Grassmann, Taksar and Heyman
//! (Oper. Res. 33, 1107, 1985), which has no subtractions: every probability keeps its relative
//! accuracy, however small.

use std::fmt;
use std::num::NonZeroU32;

use blockspin_core::lattice::Lattice;
use blockspin_core::sampler::{Chipping, Sampler};

use crate::enumerated::{self, Configuration};
use crate::filter::{Filter, FilterError};
use crate::information::Information;
use crate::joint::{Joint, Values};
use crate::partition::{Partition, Zone, sides};

/// Most sites of a ring.
pub const MAX_SITES: usize = 10;

/// Largest total mass on rings of 2, 3, … [`MAX_SITES`] sites: those with at most 1400 classes, whose
/// rate matrix takes 16 MB.
pub const MAX_MASSES: [u32; MAX_SITES - 1] = [2799, 126, 37, 21, 15, 12, 10, 9, 8];

/// Why the exact law of the masses or an information cannot be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The ring has more sites than [`MAX_SITES`].
    Sites(usize),
    /// The total mass is above its limit in [`MAX_MASSES`].
    Mass {
        /// Sites of the ring.
        sites: usize,
        /// The total mass.
        mass: u32,
    },
    /// The partition belongs to another lattice than the ring.
    Partition {
        /// Lattice of the partition.
        lattice: Lattice,
        /// Sites of the ring.
        sites: usize,
    },
    /// The filter does not fit this block.
    Filter(FilterError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Sites(n) => write!(
                f,
                "a ring of {n} sites; the exact law of masses takes at most {MAX_SITES}"
            ),
            Self::Mass { sites, mass } => {
                let largest = MAX_MASSES.get(sites.wrapping_sub(2));
                write!(
                    f,
                    "a total mass of {mass} on a ring of {sites} sites; the exact law of masses \
                     takes at most {} there",
                    largest.unwrap_or(&0)
                )
            }
            Self::Partition { lattice, sites: n } => write!(
                f,
                "a partition of a lattice of {}; the ring has {n} sites",
                sides(lattice)
            ),
            Self::Filter(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<FilterError> for Error {
    fn from(error: FilterError) -> Self {
        Self::Filter(error)
    }
}

/// The exact stationary law of the masses on a ring.
#[derive(Clone, Debug, PartialEq)]
pub struct Law {
    model: Chipping,
    ring: Ring,
    /// Keys of the classes, ascending, and their probabilities.
    keys: Vec<f64>,
    weights: Vec<f64>,
    mass_distribution: Vec<f64>,
    mass_squared: f64,
    largest_mass: f64,
}

/// Memory that [`law`] needs, in bytes.
///
/// # Errors
/// [`Error::Sites`] or [`Error::Mass`].
pub fn law_bytes(model: &Chipping) -> Result<u64, Error> {
    let classes = Ring::new(model)?.classes().count();
    let numbers = classes * (classes + 2) + model.mass() as usize + 1;
    Ok(size_of::<f64>() as u64 * numbers as u64)
}

/// Memory that [`Law::joint`] and [`Law::information`] need, in bytes.
///
/// # Errors
/// [`Error::Sites`] or [`Error::Mass`].
pub fn information_bytes(model: &Chipping, partition: &Partition) -> Result<u64, Error> {
    let configurations = Ring::new(model)?.all().count();
    Ok(enumerated::bytes(configurations, partition.block_sites()))
}

/// Computes the exact stationary law.
///
/// # Errors
/// [`Error::Sites`] or [`Error::Mass`].
pub fn law(model: &Chipping) -> Result<Law, Error> {
    let ring = Ring::new(model)?;
    let (keys, weights) = ring.solve(model.rate());
    let mut mass_distribution = vec![0.0; ring.mass as usize + 1];
    let (mut mass_squared, mut largest_mass) = (0.0, 0.0);
    for (weight, class) in weights.iter().zip(ring.classes()) {
        let masses = &class[..ring.sites];
        for mass in masses {
            let share = weight / ring.sites as f64;
            mass_distribution[*mass as usize] += share;
            mass_squared += share * f64::from(*mass) * f64::from(*mass);
        }
        largest_mass += weight * f64::from(masses.iter().fold(0, |a, b| a.max(*b)));
    }
    Ok(Law {
        model: *model,
        ring,
        keys,
        weights,
        mass_distribution,
        mass_squared,
        largest_mass,
    })
}

impl Law {
    /// p(m), the probability that a site has mass m = 0, 1, …
    #[must_use]
    pub fn mass_distribution(&self) -> &[f64] {
        &self.mass_distribution
    }

    /// ⟨m²⟩ of a site.
    #[must_use]
    pub fn mass_squared(&self) -> f64 {
        self.mass_squared
    }

    /// Mean of the largest mass on the ring.
    #[must_use]
    pub fn largest_mass(&self) -> f64 {
        self.largest_mass
    }

    /// The joint law of block and environment, all sites outside block and buffer. The values of a
    /// block are the masses m − ρ; each configuration of the environment is a class, in the
    /// lexicographic order of its masses.
    ///
    /// # Errors
    /// [`Error::Partition`].
    pub fn joint(&self, partition: &Partition) -> Result<Joint, Error> {
        let (ring, lattice) = (&self.ring, partition.lattice());
        let sites = ring.sites;
        if lattice != self.model.lattice() {
            return Err(Error::Partition { lattice, sites });
        }
        let base = u64::from(ring.mass + 1);
        // The configurations of a class share its probability.
        let class = |masses| {
            let key = ring.class(masses);
            self.keys.partition_point(|other| *other < key)
        };
        let mut members = vec![0.0; self.keys.len()];
        ring.all().for_each(|masses| members[class(masses)] += 1.0);
        let listed = ring.all().map(|masses| {
            let (mut block, mut environment) = (0, 0);
            for (site, mass) in (0..).zip(&masses[..sites]) {
                let part = match partition.zone(site) {
                    Zone::Block => &mut block,
                    Zone::Buffer => continue,
                    Zone::Boundary | Zone::Far => &mut environment,
                };
                *part = *part * base + u64::from(*mass);
            }
            let class = class(masses);
            let weight = self.weights[class] / members[class];
            Configuration::new([block, 0], [environment, 0], weight)
        });
        let density = f64::from(ring.mass) / sites as f64;
        let n = partition.block_sites();
        let block = (n, (0..n as u32).collect(), Values::Reals);
        Ok(enumerated::joint(
            listed.collect(),
            block,
            |[block, _], row| {
                row.extend((0..n).map(|site| {
                    let mass = block / base.pow((n - 1 - site) as u32) % base;
                    (mass as f64 - density) as f32
                }));
            },
        ))
    }

    /// I(V:E) of the block and, with a filter of the masses m − ρ, I(H:E), in nats; with a filter and
    /// a batch size K, also the [deficit](crate::infonce) of InfoNCE.
    ///
    /// # Errors
    /// [`Error::Partition`] or [`Error::Filter`].
    pub fn information(
        &self,
        partition: &Partition,
        filter: Option<&Filter<'_>>,
        batch: Option<NonZeroU32>,
    ) -> Result<Information, Error> {
        Ok(self.joint(partition)?.informations(filter, batch)?)
    }
}

/// Masses of the sites, then zeros.
type Masses = [u32; MAX_SITES];

/// A ring within the limits of sites and mass.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ring {
    sites: usize,
    mass: u32,
}

impl Ring {
    fn new(model: &Chipping) -> Result<Self, Error> {
        let (sites, mass) = (model.lattice().sites(), model.mass());
        // A ring has at least two sites.
        match MAX_MASSES.get(sites - 2) {
            None => Err(Error::Sites(sites)),
            Some(largest) if mass > *largest => Err(Error::Mass { sites, mass }),
            Some(_) => Ok(Ring { sites, mass }),
        }
    }

    /// Masses as the digits of one number, below 2⁵³.
    fn key(&self, masses: Masses) -> f64 {
        let base = f64::from(self.mass + 1);
        let digits = masses[..self.sites].iter();
        digits.fold(0.0, |key, mass| key * base + f64::from(*mass))
    }

    /// The smallest key among all rotations and reflections of the ring.
    fn class(&self, mut masses: Masses) -> f64 {
        let mut least = f64::INFINITY;
        for _ in 0..2 {
            for _ in 0..self.sites {
                masses[..self.sites].rotate_left(1);
                let key = self.key(masses);
                least = if key < least { key } else { least };
            }
            masses[..self.sites].reverse();
        }
        least
    }

    /// Keys and probabilities of the classes.
    fn solve(&self, rate: f64) -> (Vec<f64>, Vec<f64>) {
        let keys: Vec<f64> = self.classes().map(|class| self.key(class)).collect();
        let n = keys.len();
        let mut rates = vec![0.0; n * n];
        for (row, class) in rates.chunks_exact_mut(n).zip(self.classes()) {
            self.events(class, rate, |to, rate| {
                // Keys ascend, as the classes were listed.
                let key = self.class(to);
                row[keys.partition_point(|other| *other < key)] += rate;
            });
        }
        let weights = stationary(&mut rates, n);
        (keys, weights)
    }

    /// One configuration of each class, the one with the smallest key, by ascending keys.
    fn classes(&self) -> impl Iterator<Item = Masses> + '_ {
        self.all()
            .filter(|masses| self.key(*masses) == self.class(*masses))
    }

    /// All configurations, by ascending keys.
    fn all(&self) -> impl Iterator<Item = Masses> + '_ {
        let mut first = [0; MAX_SITES];
        first[self.sites - 1] = self.mass;
        std::iter::successors(Some(first), |masses| {
            let mut next = *masses;
            let last = (1..self.sites).rev().find(|i| next[*i] > 0)?;
            let rest = next[last] - 1;
            next[last] = 0;
            next[last - 1] += 1;
            next[self.sites - 1] = rest;
            Some(next)
        })
    }

    /// All transitions out of a configuration, with their rates.
    fn events(&self, masses: Masses, rate: f64, mut event: impl FnMut(Masses, f64)) {
        for from in (0..self.sites).filter(|site| masses[*site] > 0) {
            for to in [from + 1, from + self.sites - 1] {
                for (moved, rate) in [(1, 1.0), (masses[from], rate)] {
                    let mut after = masses;
                    after[from] -= moved;
                    after[to % self.sites] += moved;
                    event(after, 0.5 * rate);
                }
            }
        }
    }
}

/// The stationary law of a process with n states. `rates` from state to state are given row by row;
/// diagonal ones are ignored.
fn stationary(rates: &mut [f64], n: usize) -> Vec<f64> {
    // Eliminate states from the last on: paths through one become rates between the remaining ones.
    for k in (1..n).rev() {
        let (above, row) = rates.split_at_mut(k * n);
        let row = &row[..k];
        let leaving: f64 = row.iter().sum();
        for other in above.chunks_exact_mut(n) {
            other[k] /= leaving;
            let share = other[k];
            if share > 0.0 {
                for (rate, on) in other.iter_mut().zip(row) {
                    *rate += share * on;
                }
            }
        }
    }
    let (mut weights, mut sum) = (vec![0.0; n], 1.0);
    for k in 0..n {
        weights[k] = if k == 0 {
            1.0
        } else {
            (0..k).map(|i| weights[i] * rates[i * n + k]).sum()
        };
        sum += if k == 0 { 0.0 } else { weights[k] };
    }
    weights.iter_mut().for_each(|weight| *weight /= sum);
    weights
}

#[cfg(test)]
mod tests;
