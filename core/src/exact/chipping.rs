//! Chipping and aggregation on small rings: the stationary law of the masses.
//!
//! The rates are those of the [sampler](crate::sampler::chipping). Turning or reflecting the ring
//! changes nothing, so configurations that differ by no more are one class, and the law of the
//! classes is that of a Markov process too. Its balance equations are solved by the elimination of
//! Grassmann, Taksar and Heyman (Oper. Res. 33, 1107, 1985), which has no differences: each
//! probability keeps its digits, however small.

use super::information::{Filter, Information};
use super::list::{self, Encoded, Listed};
use super::partition::{Partition, Zone};
use super::{ExactError, take};
use crate::sampler::{Chipping, Sampler};

/// Most sites of a ring.
pub const SITES: usize = 10;

/// Largest total mass on rings of 2, 3, … [`SITES`] sites: those with at most 1400 classes, a
/// matrix of 16 MB.
pub const MASSES: [u32; SITES - 1] = [2799, 126, 37, 21, 15, 12, 10, 9, 8];

/// The exact law of the masses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Law<'a> {
    /// p(m), the probability of the mass m = 0, 1, … on a site.
    pub mass_distribution: &'a [f64],
    /// ⟨m²⟩ of a site.
    pub mass_squared: f64,
    /// Mean of the largest mass on the ring.
    pub largest_mass: f64,
}

/// Numbers of scratch that [`law`] takes.
///
/// # Errors
/// The ring is too long, or its mass too large.
pub fn scratch_len(model: &Chipping) -> Result<usize, ExactError> {
    let classes = Ring::new(model)?.classes().count();
    Ok(classes * (classes + 2) + model.mass() as usize + 1)
}

/// The exact stationary law.
///
/// `scratch` holds at least [`scratch_len`] numbers of any value; the distribution is in it.
///
/// # Errors
/// The ring is too long, its mass too large, or the scratch too short.
pub fn law<'a>(model: &Chipping, scratch: &'a mut [f64]) -> Result<Law<'a>, ExactError> {
    let ring = Ring::new(model)?;
    let scratch = take(scratch, scratch_len(model)?)?;
    let n = ring.classes().count();
    let (scratch, distribution) = scratch.split_at_mut(n * (n + 2));
    let (_, weights, _) = ring.solve(model.rate(), scratch);

    distribution.fill(0.0);
    let (mut mass_squared, mut largest_mass) = (0.0, 0.0);
    for (weight, class) in weights.iter().zip(ring.classes()) {
        let masses = &class[..ring.sites];
        for mass in masses {
            let share = weight / ring.sites as f64;
            distribution[*mass as usize] += share;
            mass_squared += share * f64::from(*mass) * f64::from(*mass);
        }
        largest_mass += weight * f64::from(masses.iter().fold(0, |a, b| a.max(*b)));
    }
    Ok(Law {
        mass_distribution: distribution,
        mass_squared,
        largest_mass,
    })
}

/// Configurations that [`information`] lists.
///
/// # Errors
/// The ring is too long, or its mass too large.
pub fn listed_len(model: &Chipping) -> Result<usize, ExactError> {
    Ok(Ring::new(model)?.all().count())
}

/// Exact informations about the environment, all that lies outside block and buffer: I(V:E) of the
/// block and, with a filter of the masses m − ρ, I(H:E), in nats. The partition is one of the
/// model's ring. Sign and sigmoid encoders take up to [`MAX_COMPONENTS`](super::MAX_COMPONENTS)
/// components.
///
/// `scratch` holds at least [`scratch_len`] numbers of any value, `list` at least [`listed_len`]
/// configurations.
///
/// # Errors
/// Names the rule that is broken.
pub fn information(
    model: &Chipping,
    partition: &Partition,
    filter: Option<&Filter<'_>>,
    scratch: &mut [f64],
    list: &mut [Listed],
) -> Result<Information, ExactError> {
    let ring = Ring::new(model)?;
    let (lattice, sites) = (partition.lattice(), ring.sites);
    if lattice != model.lattice() {
        return Err(ExactError::OtherRing { lattice, sites });
    }
    if let Some(filter) = filter {
        filter.fits_binary(partition.block_sites())?;
    }
    let scratch = take(scratch, scratch_len(model)?)?;
    let list = list::take(list, listed_len(model)?)?;
    let base = u64::from(ring.mass + 1);
    let n = ring.classes().count();
    let (keys, weights, rates) = ring.solve(model.rate(), &mut scratch[..n * (n + 2)]);
    let members = &mut rates[..n];

    // Those of a class share its probability.
    let class = |masses| {
        let key = ring.class(masses);
        keys.partition_point(|other| *other < key)
    };
    members.fill(0.0);
    ring.all().for_each(|masses| members[class(masses)] += 1.0);
    for (one, masses) in list.iter_mut().zip(ring.all()) {
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
        let weight = weights[class] / members[class];
        *one = Listed::new([block, 0], [environment, 0], weight);
    }

    let density = f64::from(ring.mass) / sites as f64;
    let last = partition.block_sites() - 1;
    let encode = filter.map(|filter| {
        move |[block, _]: [u64; 2], h: &mut Encoded| {
            let value = |site: usize| {
                let mass = block / base.pow((last - site) as u32) % base;
                (mass as f64 - density) as f32
            };
            filter.encode_reals(value, h);
        }
    });
    let batch = filter.and_then(Filter::batch);
    Ok(list::information(list, encode, batch))
}

/// Masses of the sites, then zeros.
type Masses = [u32; SITES];

/// A ring short enough, with mass little enough.
struct Ring {
    sites: usize,
    mass: u32,
}

impl Ring {
    fn new(model: &Chipping) -> Result<Self, ExactError> {
        let (sites, mass) = (model.lattice().sites(), model.mass());
        // A ring has at least two sites.
        match MASSES.get(sites - 2) {
            None => Err(ExactError::Ring(sites)),
            Some(largest) if mass > *largest => Err(ExactError::TotalMass { sites, mass }),
            Some(_) => Ok(Ring { sites, mass }),
        }
    }

    /// Masses as the digits of a number, below 2⁵³.
    fn key(&self, masses: Masses) -> f64 {
        let base = f64::from(self.mass + 1);
        let digits = masses[..self.sites].iter();
        digits.fold(0.0, |key, mass| key * base + f64::from(*mass))
    }

    /// The least key of all that the masses become by turning and reflecting the ring.
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

    /// Keys and probabilities of the n classes, and n² numbers that are not needed any more, in a
    /// scratch of n (n + 2).
    fn solve<'a>(
        &self,
        rate: f64,
        scratch: &'a mut [f64],
    ) -> (&'a [f64], &'a [f64], &'a mut [f64]) {
        let n = self.classes().count();
        let (keys, scratch) = scratch.split_at_mut(n);
        let (weights, rates) = scratch.split_at_mut(n);
        for (key, class) in keys.iter_mut().zip(self.classes()) {
            *key = self.key(class);
        }
        rates.fill(0.0);
        for (row, class) in rates.chunks_exact_mut(n).zip(self.classes()) {
            self.events(class, rate, |to, rate| {
                // Keys ascend, as the classes were listed.
                let key = self.class(to);
                row[keys.partition_point(|other| *other < key)] += rate;
            });
        }
        stationary(rates, weights);
        (keys, weights, rates)
    }

    /// One configuration of each class, the one with the least key, by ascending keys.
    fn classes(&self) -> impl Iterator<Item = Masses> + '_ {
        self.all()
            .filter(|masses| self.key(*masses) == self.class(*masses))
    }

    /// All configurations, by ascending keys.
    fn all(&self) -> impl Iterator<Item = Masses> + '_ {
        let mut first = [0; SITES];
        first[self.sites - 1] = self.mass;
        core::iter::successors(Some(first), |masses| {
            let mut next = *masses;
            let last = (1..self.sites).rev().find(|i| next[*i] > 0)?;
            let rest = next[last] - 1;
            next[last] = 0;
            next[last - 1] += 1;
            next[self.sites - 1] = rest;
            Some(next)
        })
    }

    /// What may happen next, and how often.
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

/// The stationary law of a process with the given rates from state to state, row by row; those
/// from a state to itself do not matter.
fn stationary(rates: &mut [f64], weights: &mut [f64]) {
    let n = weights.len();
    // Take out the states from the last: what leads through one leads on to the others.
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
    let mut sum = 1.0;
    for k in 0..n {
        weights[k] = if k == 0 {
            1.0
        } else {
            (0..k).map(|i| weights[i] * rates[i * n + k]).sum()
        };
        sum += if k == 0 { 0.0 } else { weights[k] };
    }
    weights.iter_mut().for_each(|weight| *weight /= sum);
}

#[cfg(test)]
mod tests;
