//! Chipping and aggregation on a ring: masses without a Hamiltonian, in a stationary state far from
//! equilibrium (Majumdar, Krishnamurthy and Barma, Phys. Rev. Lett. 81, 3691, 1998).
//!
//! Sites hold whole masses. Of each site with m > 0, independently and in continuous time,
//!
//! ```text
//! chipping,    rate 1:  one unit goes to a random neighbour
//! aggregation, rate w:  the whole mass goes to a random neighbour and merges
//! ```
//!
//! The total mass is conserved. Above the density ρ_c = √(1 + 1/w) − 1 (mean field, exact in these
//! rates) a finite share of it, 1 − ρ_c/ρ on average, gathers on a single site; at ρ_c the masses
//! follow a power law, p(m) ~ m^−5/2. Those authors have unit aggregation and the rate of chipping
//! for w, the inverse of the one here.
//!
//! # Waiting times
//! With n occupied sites the next event comes after an exponential time of rate (1 + w) n, at any
//! of the n alike. What is left of a waiting time at the end of a sweep is dropped: it has no memory.

use core::fmt;
use core::ops::RangeInclusive;

use super::{Sampler, Start};
use crate::lattice::Lattice;
use crate::num::rng::{Probability, Stream};

/// Largest total mass: Σ m² is then exact in f64.
pub const MAX_MASS: u32 = 1 << 26;

/// Rates of aggregation. The share of either kind of event is kept within 2⁻³³, which at the upper
/// end is 10⁻⁶ of the rate of chipping.
pub const RATES: RangeInclusive<f64> = 0.0..=1e4;

/// How far from a whole number the total mass may be, in parts of it: 0.29 × 100 is not 29 in f64.
const ROUNDING: f64 = 1e-12;

/// Why chipping and aggregation cannot be sampled.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ChippingError {
    /// The dimension of the lattice, which must be 1.
    Dimension(usize),
    /// The density is not a finite number above 0.
    Density(f64),
    /// The total mass is not a whole number.
    Fraction {
        /// Mass per site.
        density: f64,
        /// Sites of the ring.
        sites: u32,
    },
    /// The total mass exceeds [`MAX_MASS`].
    Mass(f64),
    /// A rate that is not from [`RATES`].
    Rate(f64),
}

impl fmt::Display for ChippingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Dimension(n) => write!(
                f,
                "a lattice of {n} dimensions; chipping and aggregation take a ring, of one"
            ),
            Self::Density(density) => {
                write!(f, "a density of {density}; it is a finite number above 0")
            }
            Self::Fraction { density, sites } => {
                let sites = f64::from(sites);
                let mass = density * sites;
                let whole = (mass as u32).max(1);
                write!(
                    f,
                    "a density of {density} on {sites} sites, a total mass of {mass}; it is a \
                     whole number, take a density of {}",
                    f64::from(whole) / sites
                )
            }
            Self::Mass(mass) => write!(f, "a total mass of {mass}; it is at most {MAX_MASS}"),
            Self::Rate(rate) => write!(
                f,
                "an aggregation rate of {rate}; it is a number from {} to {}",
                RATES.start(),
                RATES.end()
            ),
        }
    }
}

impl core::error::Error for ChippingError {}

/// Chipping and aggregation at a density and a rate. Configurations are masses, one word a site.
///
/// A sweep lasts the time 1/(1 + w), in which an occupied site acts once on average.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chipping {
    lattice: Lattice,
    mass: u32,
    rate: f64,
    /// Share w/(1 + w) of the events.
    aggregate: Probability,
}

impl Chipping {
    /// The model with so much mass per site and the aggregation rate w, on a ring.
    ///
    /// # Errors
    /// Names the parameter and the rule that it breaks.
    pub fn new(lattice: Lattice, density: f64, rate: f64) -> Result<Self, ChippingError> {
        let [sites] = *lattice.sides() else {
            return Err(ChippingError::Dimension(lattice.dimension()));
        };
        if !(density.is_finite() && density > 0.0) {
            return Err(ChippingError::Density(density));
        }
        let total = density * f64::from(sites);
        if total > f64::from(MAX_MASS) {
            return Err(ChippingError::Mass(total));
        }
        let mass = (total + 0.5) as u32;
        if (total - f64::from(mass)).abs() > ROUNDING * total {
            return Err(ChippingError::Fraction { density, sites });
        }
        if !RATES.contains(&rate) {
            return Err(ChippingError::Rate(rate));
        }
        Ok(Chipping {
            lattice,
            mass,
            rate,
            aggregate: Probability::new(rate / (1.0 + rate)),
        })
    }

    /// Total mass.
    #[must_use]
    pub fn mass(&self) -> u32 {
        self.mass
    }

    /// Rate of aggregation w, where that of chipping is 1.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Time that a sweep lasts, 1/(1 + w).
    #[must_use]
    pub fn time(&self) -> f64 {
        1.0 / (1.0 + self.rate)
    }
}

impl Sampler for Chipping {
    type Cell = u32;
    type Value = f32;

    /// Time beyond the last step is drawn anew in each call.
    const DIVISIBLE: bool = false;

    fn lattice(&self) -> Lattice {
        self.lattice
    }

    fn state_len(&self) -> usize {
        self.lattice.sites()
    }

    fn scratch_len(&self) -> usize {
        self.lattice.sites() + 1
    }

    /// Hot: every unit on a site of its own choice. Cold: all of them on one, chosen at random.
    /// Where mass gathers on a single site, these come to it from below and from above.
    fn start(&self, start: Start, state: &mut [u32], stream: &mut Stream) {
        let sites = self.lattice.sites();
        let state = &mut state[..sites];
        state.fill(0);
        match start {
            Start::Hot => {
                for _ in 0..self.mass {
                    state[stream.below(sites as u32) as usize] += 1;
                }
            }
            Start::Cold => state[stream.below(sites as u32) as usize] = self.mass,
        }
    }

    fn holds(&self, state: &[u32]) -> bool {
        let mass: u64 = state.iter().map(|mass| u64::from(*mass)).sum();
        mass == u64::from(self.mass)
    }

    fn sweep(&self, state: &mut [u32], scratch: &mut [u32], stream: &mut Stream) {
        self.sweeps(1, state, scratch, stream);
    }

    /// One stretch of time, for which the occupied sites are listed once.
    fn sweeps(&self, n: u32, state: &mut [u32], scratch: &mut [u32], stream: &mut Stream) {
        // In units of 1/(1 + w).
        let mut time = f64::from(n);
        let sites = self.lattice.sites();
        let state = &mut state[..sites];
        // The occupied sites, in any order, and room for one more.
        let occupied = &mut scratch[..=sites];
        let mut n = 0;
        for (site, mass) in state.iter().enumerate() {
            occupied[n] = site as u32;
            n += usize::from(*mass > 0);
        }
        loop {
            time -= f64::from(stream.exponential()) / n as f64;
            if time < 0.0 {
                return;
            }
            // Without branches: which of its ways an event goes cannot be foretold.
            let drawn = stream.below(2 * n as u32);
            let chosen = (drawn >> 1) as usize;
            let from = occupied[chosen];
            let site = from as usize;
            let right = if site + 1 == sites { 0 } else { site + 1 };
            let left = if site == 0 { sites - 1 } else { site - 1 };
            let to = if drawn & 1 == 0 { right } else { left };
            let mass = state[site];
            let moved = if stream.bernoulli(self.aggregate) {
                mass
            } else {
                1
            };
            let (emptied, filled) = (moved == mass, state[to] == 0);
            state[site] = mass - moved;
            state[to] += moved;
            occupied[n] = to as u32;
            n += usize::from(filled);
            occupied[chosen] = if emptied { occupied[n - 1] } else { from };
            n -= usize::from(emptied);
        }
    }

    /// Turned by a random number of sites: the site on which mass has gathered moves slowly.
    fn keep(&self, state: &[u32], kept: &mut [u32], stream: &mut Stream) {
        let sites = self.lattice.sites();
        let by = stream.below(sites as u32) as usize;
        kept[..sites - by].copy_from_slice(&state[by..sites]);
        kept[sites - by..sites].copy_from_slice(&state[..by]);
    }

    /// Σ m². There is no energy; this is what tells how unevenly the mass is spread.
    fn energy(&self, state: &[u32]) -> f64 {
        let masses = state[..self.lattice.sites()].iter();
        masses.map(|m| f64::from(*m) * f64::from(*m)).sum()
    }

    /// The largest mass, for each site of the ring: ρ − ρ_c where mass gathers, else 0, in the
    /// limit of long rings.
    fn order_parameter(&self, state: &[u32]) -> f64 {
        let sites = self.lattice.sites();
        let largest = state[..sites].iter().fold(0, |a, b| a.max(*b));
        f64::from(largest) / sites as f64
    }

    fn observables(&self) -> &'static [&'static str] {
        &["mass_squared", "largest_mass", "occupied"]
    }

    /// ⟨m²⟩, the largest mass of all, and the share of sites that hold any.
    fn observe(&self, state: &[u32], to: &mut [f64]) {
        let sites = self.lattice.sites();
        let occupied = state[..sites].iter().filter(|m| **m > 0).count();
        let size = sites as f64;
        let all = [
            self.energy(state) / size,
            self.order_parameter(state) * size,
            occupied as f64 / size,
        ];
        to.iter_mut().zip(all).for_each(|(to, value)| *to = value);
    }

    fn distribution(&self) -> Option<&'static str> {
        Some("mass_distribution")
    }

    /// The mass of each site.
    fn count(&self, state: &[u32], value: &mut dyn FnMut(u32)) {
        state[..self.lattice.sites()].iter().for_each(|m| value(*m));
    }

    /// m − ρ.
    fn values(&self, state: &[u32], to: &mut [f32]) {
        let sites = self.lattice.sites();
        let density = f64::from(self.mass) / sites as f64;
        for (to, mass) in to.iter_mut().zip(&state[..sites]) {
            *to = (f64::from(*mass) - density) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::ToString;
    use std::vec;

    use super::*;
    use crate::num::rng::Purpose;

    fn ring(sites: u32, density: f64, rate: f64) -> Result<Chipping, ChippingError> {
        Chipping::new(Lattice::new(&[sites]).unwrap(), density, rate)
    }

    #[test]
    fn whole_masses_only() {
        for (sites, density, mass) in [(100, 0.29, 29), (3, 1.0 / 3.0, 1), (256, 1.0, 256)] {
            assert_eq!(ring(sites, density, 0.3).unwrap().mass(), mass);
        }
        for (sites, density, rate, words) in [
            (4, 1.1, 0.3, "take a density of 1"),
            (4, 1e-9, 0.3, "take a density of 0.25"),
            (4, 0.0, 0.3, "above 0"),
            (4, f64::NAN, 0.3, "above 0"),
            (4, f64::INFINITY, 0.3, "above 0"),
            (4, 1e300, 0.3, "at most 67108864"),
            (4, 1.0, -0.1, "from 0 to 10000"),
            (4, 1.0, f64::NAN, "from 0 to 10000"),
            (4, 1.0, 1e5, "from 0 to 10000"),
        ] {
            let error = ring(sites, density, rate).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        let square = Chipping::new(Lattice::new(&[4, 4]).unwrap(), 1.0, 0.3);
        assert_eq!(square, Err(ChippingError::Dimension(2)));
    }

    #[test]
    fn mass_is_conserved() {
        for (sites, density, rate) in [(2, 0.5, 1.0), (2, 3.0, 0.0), (7, 2.0, 1e4), (64, 0.5, 0.33)]
        {
            let model = ring(sites, density, rate).unwrap();
            let mut stream = Stream::new(3, 0, Purpose::Sample);
            let mut state = vec![0; model.state_len()];
            let (mut kept, mut scratch) = (state.clone(), vec![7; model.scratch_len()]);
            for start in [Start::Hot, Start::Cold] {
                model.start(start, &mut state, &mut stream);
                for _ in 0..200 {
                    model.sweep(&mut state, &mut scratch, &mut stream);
                    model.keep(&state, &mut kept, &mut stream);
                    assert_eq!(kept.iter().sum::<u32>(), model.mass());
                    assert_eq!(model.energy(&state), model.energy(&kept));
                    assert_eq!(model.order_parameter(&state), model.order_parameter(&kept));
                }
            }
        }
    }

    /// A lone unit hops at the rate 1 + w, so that after n sweeps on two sites it is found where it
    /// was with probability (1 + e⁻²ⁿ)/2: the clock is right.
    #[test]
    fn a_sweep_lasts_its_time() {
        for (rate, n) in [(0.0, 1), (0.33, 1), (5.0, 1), (0.33, 2)] {
            let model = ring(2, 0.5, rate).unwrap();
            let mut stream = Stream::new(4, 0, Purpose::Sample);
            let (mut state, mut scratch) = ([1, 0], [0; 3]);
            let (rounds, mut stayed) = (100_000, 0);
            for _ in 0..rounds {
                let before = state;
                model.sweeps(n, &mut state, &mut scratch, &mut stream);
                stayed += u32::from(state == before);
            }
            let p = 0.5 * (1.0 + crate::num::math::exp64(-2.0 * f64::from(n)));
            let rounds = f64::from(rounds);
            let error = crate::num::math::sqrt64(rounds * p * (1.0 - p));
            let off = f64::from(stayed) - rounds * p;
            assert!(off.abs() < 4.0 * error, "{rate}, {n}: {stayed}");
        }
    }
}
