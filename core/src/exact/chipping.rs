//! Chipping and aggregation on small rings: the stationary law of the masses.
//!
//! The rates are those of the [sampler](crate::sampler::chipping). Turning or reflecting the ring
//! changes nothing, so configurations that differ by no more are one class, and the law of the
//! classes is that of a Markov process too. Its balance equations are solved by the elimination of
//! Grassmann, Taksar and Heyman (Oper. Res. 33, 1107, 1985), which has no differences: each
//! probability keeps its digits, however small.

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
    let n = ring.classes().count();
    let scratch = take(scratch, scratch_len(model)?)?;
    let (keys, scratch) = scratch.split_at_mut(n);
    let (weights, scratch) = scratch.split_at_mut(n);
    let (rates, distribution) = scratch.split_at_mut(n * n);

    for (key, class) in keys.iter_mut().zip(ring.classes()) {
        *key = ring.key(class);
    }
    rates.fill(0.0);
    for (row, class) in rates.chunks_exact_mut(n).zip(ring.classes()) {
        ring.events(class, model.rate(), |to, rate| {
            // Keys ascend, as the classes were listed.
            let key = ring.class(to);
            row[keys.partition_point(|other| *other < key)] += rate;
        });
    }
    stationary(rates, weights);

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

    /// One configuration of each class, the one with the least key, by ascending keys.
    fn classes(&self) -> impl Iterator<Item = Masses> + '_ {
        let mut first = [0; SITES];
        first[self.sites - 1] = self.mass;
        let all = core::iter::successors(Some(first), |masses| {
            let mut next = *masses;
            let last = (1..self.sites).rev().find(|i| next[*i] > 0)?;
            let rest = next[last] - 1;
            next[last] = 0;
            next[last - 1] += 1;
            next[self.sites - 1] = rest;
            Some(next)
        });
        all.filter(|masses| self.key(*masses) == self.class(*masses))
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
mod tests {
    extern crate std;

    use std::vec;
    use std::vec::Vec;

    use super::*;
    use crate::lattice::Lattice;
    use crate::sampler::chipping::RATES;

    fn model(sites: u32, mass: u32, rate: f64) -> Chipping {
        let lattice = Lattice::new(&[sites]).unwrap();
        Chipping::new(lattice, f64::from(mass) / f64::from(sites), rate).unwrap()
    }

    /// p(m), ⟨m²⟩ and the mean of the largest mass.
    fn exact(sites: u32, mass: u32, rate: f64) -> (Vec<f64>, f64, f64) {
        let model = model(sites, mass, rate);
        let mut scratch = vec![f64::NAN; scratch_len(&model).unwrap()];
        let law = law(&model, &mut scratch).unwrap();
        (
            law.mass_distribution.to_vec(),
            law.mass_squared,
            law.largest_mass,
        )
    }

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-13 * b.abs().max(1.0), "{a} {b}");
    }

    /// All configurations and no symmetries, by many small steps of the master equation.
    fn naive(sites: usize, mass: u32, rate: f64) -> (Vec<f64>, f64, f64) {
        let mut all: Vec<Vec<u32>> = vec![vec![]];
        for _ in 0..sites {
            let longer = |at: Vec<u32>| (0..=mass).map(move |m| [&at[..], &[m]].concat());
            all = all.into_iter().flat_map(longer).collect();
        }
        all.retain(|masses| masses.iter().sum::<u32>() == mass);
        let index = |masses: &[u32]| all.iter().position(|other| other == masses).unwrap();
        let mut moves = vec![];
        for (from, masses) in all.iter().enumerate() {
            for site in 0..sites {
                for to in [(site + 1) % sites, (site + sites - 1) % sites] {
                    for (moved, rate) in [(1, 1.0), (masses[site], rate)] {
                        if masses[site] > 0 {
                            let mut after = masses.clone();
                            after[site] -= moved;
                            after[to] += moved;
                            moves.push((from, index(&after), rate / 2.0));
                        }
                    }
                }
            }
        }
        let mut p = vec![1.0 / all.len() as f64; all.len()];
        let step = 0.9 / ((1.0 + rate) * sites as f64);
        for _ in 0..4000 {
            let before = p.clone();
            for (from, to, rate) in &moves {
                p[*from] -= step * rate * before[*from];
                p[*to] += step * rate * before[*from];
            }
        }
        let (mut distribution, mut squared, mut largest) = (vec![0.0; mass as usize + 1], 0.0, 0.0);
        for (p, masses) in p.iter().zip(&all) {
            distribution[masses[0] as usize] += p;
            squared += p * f64::from(masses[0] * masses[0]);
            largest += p * f64::from(*masses.iter().max().unwrap());
        }
        (distribution, squared, largest)
    }

    #[test]
    fn as_the_master_equation_has_it() {
        for (sites, mass, rate) in [
            (2, 5, 0.7),
            (3, 3, 0.33),
            (3, 4, 2.0),
            (4, 4, 0.33),
            (5, 3, 1.0),
        ] {
            let (p, squared, largest) = exact(sites, mass, rate);
            let naive = naive(sites as usize, mass, rate);
            near(squared, naive.1);
            near(largest, naive.2);
            assert_eq!(p.len(), naive.0.len());
            p.iter().zip(&naive.0).for_each(|(a, b)| near(*a, *b));
        }
    }

    /// Two units on two sites: apart they meet at the rate 2 (1 + w), together they part at 1.
    #[test]
    fn two_units_on_two_sites() {
        for rate in [0.0, 0.33, 1.0, *RATES.end()] {
            let together = 2.0 * (1.0 + rate) / (3.0 + 2.0 * rate);
            let (p, squared, largest) = exact(2, 2, rate);
            near(p[0], together / 2.0);
            near(p[1], 1.0 - together);
            near(p[2], together / 2.0);
            near(squared, 1.0 + together);
            near(largest, 1.0 + together);
        }
    }

    /// Without aggregation it is a zero-range process: all configurations are alike.
    #[test]
    fn chipping_alone_is_uniform() {
        let binomial =
            |n: u32, k: u32| (0..k).fold(1.0, |c, i| c * f64::from(n - i) / f64::from(i + 1));
        for (sites, mass) in [(2, 9), (3, 126), (6, 6), (6, 15), (10, 5)] {
            let (p, ..) = exact(sites, mass, 0.0);
            for (m, p) in (0..).zip(&p) {
                near(
                    *p,
                    binomial(mass - m + sites - 2, sites - 2)
                        / binomial(mass + sites - 1, sites - 1),
                );
            }
        }
    }

    #[test]
    fn a_law_and_its_density() {
        for (sites, mass) in [
            (2, 1),
            (2, 300),
            (3, 20),
            (4, 16),
            (5, 5),
            (6, 9),
            (7, 7),
            (10, 1),
        ] {
            for rate in [1e-300, 0.1, 3.0] {
                let (p, squared, largest) = exact(sites, mass, rate);
                near(p.iter().sum(), 1.0);
                let mean: f64 = (0..).zip(&p).map(|(m, p)| f64::from(m) * p).sum();
                near(mean, f64::from(mass) / f64::from(sites));
                assert!(squared >= mean * mean && largest >= mean && p.iter().all(|p| *p > 0.0));
            }
        }
    }

    #[test]
    fn the_limits_are_where_they_are_said_to_be() {
        for (sites, largest) in (2..).zip(MASSES) {
            let classes = |mass| {
                let sites = sites as usize;
                Ring { sites, mass }.classes().count()
            };
            assert!(classes(largest) <= 1400, "{sites} {}", classes(largest));
            assert!(
                classes(largest + 1) > 1400,
                "{sites} {}",
                classes(largest + 1)
            );
            let key = f64::from(largest + 1).powi(sites as i32);
            assert!(key < 9e15);
            let mut short = [0.0; 3];
            assert!(matches!(
                law(&model(sites, largest + 1, 1.0), &mut short),
                Err(ExactError::TotalMass { .. })
            ));
            assert!(matches!(
                law(&model(sites, largest, 1.0), &mut short),
                Err(ExactError::Scratch { given: 3, .. })
            ));
        }
        assert_eq!(scratch_len(&model(11, 1, 1.0)), Err(ExactError::Ring(11)));
    }
}
