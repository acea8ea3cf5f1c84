//! The Ising ring with a bond of its own between each pair of neighbours: weight
//! exp(β Σ J_i s_i s_{i+1}), sampled exactly.
//!
//! Bond i joins sites i and i + 1, the last one closes the ring; two sites are joined by two bonds.
//! J may have any sign and size, the ring may be frustrated (a negative product of all signs).
//!
//! # Independent draws
//! s_0 is a fair coin. Given s_i and s_0 the next spin has the law of the transfer matrix,
//!
//! ```text
//! P(s_{i+1} | s_i, s_0) ∝ (1 + t_i s_i s_{i+1}) (1 + Π_{j>i} t_j s_{i+1} s_0),   t_i = tanh βJ_i
//! ```
//!
//! which depends on s_i s_0 only: two thresholds a site, computed once, and one draw of 32 bits.
//! Every sweep writes a new configuration that knows nothing of the last.
//!
//! ```
//! use blockspin_core::sampler::random_bond_ring::{self, Bond};
//! use blockspin_core::sampler::{RandomBondRing, RandomBondRingError, Disorder};
//!
//! let mut couplings = [0.0; 64];
//! Disorder::PlusMinus { p: 0.2 }.draw(1, &mut couplings)?;
//! let mut bonds = [Bond::NONE; 64];
//! random_bond_ring::bonds(&couplings, 0.8, &mut bonds)?;
//! let model = RandomBondRing::new(bonds)?;
//! # let _ = model;
//! # Ok::<(), RandomBondRingError>(())
//! ```

use core::fmt;

use super::spin_pair::{odds, probability};
use super::{Sampler, Start, fair_signs};
use crate::lattice::{Lattice, LatticeError};
use crate::num::bits::{WORD, bit, count, set, words};
use crate::num::rng::{Probability, Purpose, Stream};

/// Largest |βJ|: there bonds that differ by a millionth still break in their order.
pub const STRONGEST: f64 = 1e6;

/// Largest |J|, so that squares of energies are finite.
pub const LARGEST: f64 = 1e100;

/// Why a chain cannot be sampled, or its bonds not be drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum RandomBondRingError {
    /// A ring with this number of bonds is not possible.
    Ring(LatticeError),
    /// β is negative, infinite or not a number.
    Beta(f64),
    /// |J| exceeds [`LARGEST`], |βJ| exceeds [`STRONGEST`], or J is not a number.
    Coupling {
        /// The bond.
        bond: usize,
        /// Its J.
        coupling: f64,
        /// The inverse temperature.
        beta: f64,
    },
    /// The storage is too short: it needs one bond per site.
    Bonds {
        /// Bonds in the storage.
        given: usize,
        /// Bonds of the ring.
        needed: usize,
    },
    /// The mean of the bonds is not finite.
    Mean(f64),
    /// The standard deviation of the bonds is negative or not finite.
    Deviation(f64),
    /// The share of negative bonds is not from 0 to 1.
    Negative(f64),
}

impl fmt::Display for RandomBondRingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Ring(error) => error.fmt(f),
            Self::Beta(beta) => write!(
                f,
                "an inverse temperature of {beta}; it is finite and at least 0"
            ),
            Self::Coupling {
                bond,
                coupling,
                beta,
            } => write!(
                f,
                "a coupling of {coupling} (bond {bond}) at an inverse temperature of {beta}; it is \
                 a number of size at most {LARGEST:e}, and at most {STRONGEST} times the temperature"
            ),
            Self::Bonds { given, needed } => {
                write!(f, "room for {given} bonds; the ring has {needed}")
            }
            Self::Mean(mean) => write!(f, "a mean coupling of {mean}; it is a finite number"),
            Self::Deviation(deviation) => write!(
                f,
                "a standard deviation of {deviation} of the couplings; it is finite and at least 0"
            ),
            Self::Negative(p) => write!(
                f,
                "negative couplings with probability {p}; it is a number from 0 to 1"
            ),
        }
    }
}

impl core::error::Error for RandomBondRingError {}

/// The law of quenched random bonds, independent of each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Disorder {
    /// Normal couplings.
    Gaussian {
        /// Mean of J.
        mean: f64,
        /// Standard deviation of J, at least 0.
        deviation: f64,
    },
    /// J = −1 with probability `p`, else J = +1.
    PlusMinus {
        /// Probability of a negative bond.
        p: f64,
    },
}

impl Disorder {
    /// Draws the couplings of a realisation, which its seed tells: the first ones of a longer ring
    /// are those of a shorter one.
    ///
    /// # Errors
    /// Names the parameter and the rule that it breaks.
    pub fn draw(&self, seed: u64, couplings: &mut [f64]) -> Result<(), RandomBondRingError> {
        let mut stream = Stream::new(seed, 0, Purpose::Disorder);
        match *self {
            Self::Gaussian { mean, .. } if !mean.is_finite() => {
                Err(RandomBondRingError::Mean(mean))
            }
            Self::Gaussian { deviation, .. } if !(deviation.is_finite() && deviation >= 0.0) => {
                Err(RandomBondRingError::Deviation(deviation))
            }
            Self::Gaussian { mean, deviation } => {
                couplings.fill_with(|| mean + deviation * f64::from(stream.normal()));
                Ok(())
            }
            Self::PlusMinus { p } if !(0.0..=1.0).contains(&p) => {
                Err(RandomBondRingError::Negative(p))
            }
            Self::PlusMinus { p } => {
                let p = Probability::new(p);
                couplings.fill_with(|| if stream.bernoulli(p) { -1.0 } else { 1.0 });
                Ok(())
            }
        }
    }
}

/// Checks the couplings of a ring and its inverse temperature, as [`bonds`] does. The exact results
/// of `blockspin-exact` hold in the same range.
///
/// # Errors
/// Fewer than two couplings or more than a lattice has sites, a coupling beyond [`LARGEST`] or
/// [`STRONGEST`], or an inverse temperature that is negative or not finite.
pub fn check(couplings: &[f64], beta: f64) -> Result<(), RandomBondRingError> {
    ring(couplings.len())?;
    if !(beta.is_finite() && beta >= 0.0) {
        return Err(RandomBondRingError::Beta(beta));
    }
    let fits = |j: f64| j.abs() <= LARGEST && (beta * j).abs() <= STRONGEST;
    match couplings.iter().position(|j| !fits(*j)) {
        Some(bond) => Err(RandomBondRingError::Coupling {
            bond,
            coupling: couplings[bond],
            beta,
        }),
        None => Ok(()),
    }
}

/// The ring with this number of bonds.
fn ring(bonds: usize) -> Result<Lattice, RandomBondRingError> {
    let sites = u32::try_from(bonds).unwrap_or(u32::MAX);
    Lattice::new(&[sites]).map_err(RandomBondRingError::Ring)
}

/// A bond at a temperature, and how the spin beyond it is drawn: 24 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bond {
    coupling: f64,
    /// Probability that the spin beyond is the other one, when the spin before is as s_0 and when
    /// it is not.
    turn: [Probability; 2],
}

impl Bond {
    /// J = 0. Storage holds these until [`bonds`] writes others.
    pub const NONE: Bond = Bond {
        coupling: 0.0,
        turn: [Probability::HALF; 2],
    };

    /// J.
    #[must_use]
    pub fn coupling(&self) -> f64 {
        self.coupling
    }
}

impl Default for Bond {
    fn default() -> Self {
        Self::NONE
    }
}

/// Writes the bonds of a ring with these couplings at an inverse temperature, for [`RandomBondRing::new`].
///
/// # Errors
/// Names the parameter and the rule that it breaks; there is one bond for each coupling.
pub fn bonds(couplings: &[f64], beta: f64, to: &mut [Bond]) -> Result<(), RandomBondRingError> {
    check(couplings, beta)?;
    let (given, needed) = (to.len(), couplings.len());
    if given != needed {
        return Err(RandomBondRingError::Bonds { given, needed });
    }
    for (bond, coupling) in to.iter_mut().zip(couplings) {
        *bond = Bond {
            coupling: *coupling,
            ..Bond::NONE
        };
    }
    let k = |coupling| beta * coupling;
    odds(couplings, k, |i, stays| {
        to[i].turn = stays.map(|odds| Probability::new(probability(-odds)));
    });
    Ok(())
}

/// The Ising ring with the [`bonds`] of a realisation, on storage that the caller brings: an array, a
/// slice, an `Arc` of one. Configurations are packed signs, one bit a site.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RandomBondRing<B> {
    bonds: B,
    lattice: Lattice,
    /// The bond with the least |J|.
    weakest: usize,
}

impl<B: AsRef<[Bond]>> RandomBondRing<B> {
    /// A ring of as many sites as bonds, which [`bonds`] has written.
    ///
    /// # Errors
    /// There are fewer than two, or more than a lattice may have.
    pub fn new(bonds: B) -> Result<Self, RandomBondRingError> {
        let lattice = ring(bonds.as_ref().len())?;
        let mut weakest = (0, f64::INFINITY);
        for (i, bond) in bonds.as_ref().iter().enumerate() {
            if bond.coupling.abs() < weakest.1 {
                weakest = (i, bond.coupling.abs());
            }
        }
        Ok(RandomBondRing {
            bonds,
            lattice,
            weakest: weakest.0,
        })
    }

    /// Σ s_i.
    #[must_use]
    pub fn magnetisation(&self, spins: &[u32]) -> i32 {
        let sites = self.lattice.sites();
        2 * count(spins, sites) as i32 - sites as i32
    }

    /// Calls `site(i, up)` for a ground state: all bonds satisfied, but for the weakest one if the
    /// ring is frustrated.
    fn ground_state(&self, mut site: impl FnMut(usize, bool)) {
        let (before, after) = self.bonds.as_ref().split_at(self.weakest + 1);
        let mut up = true;
        for (i, bond) in (before.len()..).zip(after).chain((0..).zip(before)) {
            site(i, up);
            up ^= bond.coupling < 0.0;
        }
    }
}

impl<B: AsRef<[Bond]>> Sampler for RandomBondRing<B> {
    type Cell = u32;
    type Value = u32;

    fn lattice(&self) -> Lattice {
        self.lattice
    }

    fn state_len(&self) -> usize {
        words(self.lattice.sites())
    }

    fn scratch_len(&self) -> usize {
        0
    }

    fn start(&self, start: Start, state: &mut [u32], stream: &mut Stream) {
        let sites = self.lattice.sites();
        let state = &mut state[..words(sites)];
        match start {
            Start::Hot => fair_signs(state, sites, stream),
            Start::Cold => {
                state.fill(0);
                self.ground_state(|site, up| set(state, site, up));
            }
        }
    }

    /// A new configuration, independent of the last.
    fn sweep(&self, state: &mut [u32], _scratch: &mut [u32], stream: &mut Stream) {
        let sites = self.lattice.sites();
        let first = u32::from(stream.coin());
        // Whether the spin differs from the first.
        let mut differs = 0;
        let mut bonds = self.bonds.as_ref().iter();
        for (i, word) in state[..words(sites)].iter_mut().enumerate() {
            let mut drawn = 0;
            // What the last bond draws is no spin's.
            for (at, bond) in (0..WORD.min(sites - i * WORD)).zip(&mut bonds) {
                drawn |= (first ^ differs) << at;
                differs ^= u32::from(stream.bernoulli(bond.turn[differs as usize]));
            }
            *word = drawn;
        }
    }

    /// As it is: the sign was drawn with it.
    fn keep(&self, state: &[u32], kept: &mut [u32], _stream: &mut Stream) {
        let length = self.state_len();
        kept[..length].copy_from_slice(&state[..length]);
    }

    /// −Σ J_i s_i s_{i+1}.
    fn energy(&self, state: &[u32]) -> f64 {
        let sites = self.lattice.sites();
        let bonds = self.bonds.as_ref().iter().enumerate();
        -bonds.fold(0.0, |sum, (i, bond)| {
            let next = if i + 1 == sites { 0 } else { i + 1 };
            if bit(state, i) == bit(state, next) {
                sum + bond.coupling
            } else {
                sum - bond.coupling
            }
        })
    }

    /// Overlap with a ground state, |Σ g_i s_i|/N: the same for all choices of which direction of a
    /// site is up (s_i → −s_i, with the two bonds of the site turned over), as the disorder has no
    /// direction of its own. |m| if all bonds are positive.
    fn order_parameter(&self, state: &[u32]) -> f64 {
        let mut overlap = 0i32;
        self.ground_state(|site, up| overlap += if bit(state, site) == up { 1 } else { -1 });
        f64::from(overlap.abs()) / self.lattice.sites() as f64
    }

    fn observables(&self) -> &'static [&'static str] {
        &["magnetisation_abs", "magnetisation_squared"]
    }

    fn observe(&self, state: &[u32], to: &mut [f64]) {
        let m = f64::from(self.magnetisation(state)) / self.lattice.sites() as f64;
        to.iter_mut()
            .zip([m.abs(), m * m])
            .for_each(|(to, value)| *to = value);
    }

    fn values(&self, state: &[u32], to: &mut [u32]) {
        let length = self.state_len();
        to[..length].copy_from_slice(&state[..length]);
    }
}

#[cfg(test)]
mod tests;
