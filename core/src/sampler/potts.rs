//! The ferromagnetic Potts model: weight exp(β Σ_⟨ij⟩ δ(s_i, s_j)) over nearest neighbours, states
//! 0 to q − 1 (Potts 1952), by the clusters of Swendsen and Wang.
//!
//! A configuration holds the states, one word a site. What is learned from is their one-hot code,
//! packed signs on a lattice with one axis more, of length q and fastest: sign k of a site is up
//! when its state is k.
//!
//! # Clusters (Swendsen and Wang, Phys. Rev. Lett. 58, 86, 1987)
//! Neighbours in equal states are joined with probability 1 − e^−β, and each cluster takes a state
//! at random. Sites of a cluster form a tree towards its first site in the order of the lattice,
//! grown row by row (Hoshen and Kopelman 1976): in that order a site's parent has its new state
//! before the site asks for it, so that no root need be looked for.

use core::fmt;
use core::ops::RangeInclusive;

use super::{Sampler, Start};
use crate::lattice::{Lattice, LatticeError, MAX_DIMENSION};
use crate::num::bits::Writer;
use crate::num::math::{exp64, ln64, sqrt64};
use crate::num::rng::{Probability, Stream};

/// Most states.
const MOST: usize = 16;

/// Numbers of states q.
pub const STATES: RangeInclusive<u32> = 2..=MOST as u32;

/// Critical temperature of the square lattice, 1/ln(1 + √q) in units of the coupling: twice that
/// of Onsager for q = 2. The transition is continuous up to q = 4 and of first order above (Baxter
/// 1973).
#[must_use]
pub fn critical_temperature(states: u32) -> f64 {
    1.0 / ln64(1.0 + sqrt64(f64::from(states)))
}

/// Why a Potts model cannot be sampled.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum PottsError {
    /// A number of states that is not from [`STATES`].
    States(u32),
    /// The dimension of the lattice: the code for its states adds an axis, so that at most 2 are possible.
    Dimension(usize),
    /// The lattice of the code cannot be.
    Code(LatticeError),
    /// β is negative, infinite or not a number.
    Beta(f64),
}

impl fmt::Display for PottsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::States(states) => write!(
                f,
                "{states} states; a Potts model has from {} to {}",
                STATES.start(),
                STATES.end()
            ),
            Self::Dimension(n) => write!(
                f,
                "a Potts model in {n} dimensions; it has at most {}, since its states are learned \
                 from along an axis of their own",
                MAX_DIMENSION - 1
            ),
            Self::Code(error) => write!(f, "sites times states: {error}"),
            Self::Beta(beta) => {
                write!(
                    f,
                    "an inverse temperature of {beta}; it is finite and at least 0"
                )
            }
        }
    }
}

impl core::error::Error for PottsError {}

/// The q-state Potts model on a periodic lattice in one or two dimensions at an inverse
/// temperature. Configurations are states, one word a site.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Potts {
    lattice: Lattice,
    /// That of the one-hot code.
    code: Lattice,
    states: u32,
    beta: f64,
    /// Probability that a bond between equal neighbours joins them.
    join: Probability,
}

impl Potts {
    /// The model with `states` states at β = J/k_B T.
    ///
    /// # Errors
    /// Names the parameter and the rule that it breaks.
    pub fn new(lattice: Lattice, states: u32, beta: f64) -> Result<Self, PottsError> {
        if !STATES.contains(&states) {
            return Err(PottsError::States(states));
        }
        let code = match *lattice.sides() {
            [columns] => Lattice::new(&[columns, states]),
            [rows, columns] => Lattice::new(&[rows, columns, states]),
            _ => return Err(PottsError::Dimension(lattice.dimension())),
        };
        if !(beta.is_finite() && beta >= 0.0) {
            return Err(PottsError::Beta(beta));
        }
        Ok(Potts {
            lattice,
            code: code.map_err(PottsError::Code)?,
            states,
            beta,
            join: Probability::new(1.0 - exp64(-beta)),
        })
    }

    /// Number of states q.
    #[must_use]
    pub fn states(&self) -> u32 {
        self.states
    }

    /// Inverse temperature.
    #[must_use]
    pub fn beta(&self) -> f64 {
        self.beta
    }

    /// Σ δ(s_i, s_j) over all bonds; a site has one bond forward along each axis.
    #[must_use]
    pub fn equal_bonds(&self, state: &[u32]) -> u32 {
        let sites = self.lattice.sites();
        let columns = self.lattice.extent()[2] as usize;
        let state = &state[..sites];
        let equal = |a: &[u32], b: &[u32]| a.iter().zip(b).filter(|(a, b)| a == b).count();
        let mut sum = 0;
        for row in state.chunks_exact(columns) {
            sum += equal(row, &row[1..]) + equal(&row[..1], &row[columns - 1..]);
        }
        if self.lattice.dimension() > 1 {
            let (first, rest) = state.split_at(columns);
            sum += equal(state, rest) + equal(first, &state[sites - columns..]);
        }
        sum as u32
    }

    /// The state that most sites are in, the lowest of several such, and the number of these sites.
    fn majority(&self, state: &[u32]) -> (u32, u32) {
        let mut counts = [0; MOST];
        for state in &state[..self.lattice.sites()] {
            counts[index(*state)] += 1;
        }
        let mut most = (0, 0);
        for (state, count) in (0u32..).zip(counts) {
            if count > most.1 {
                most = (state, count);
            }
        }
        most
    }
}

/// A state as an index of an array for all, which no word can leave.
#[inline(always)]
fn index(state: u32) -> usize {
    state as usize % MOST
}

/// The first site of a cluster, from any; paths that are gone are halved.
#[inline(always)]
fn root(parents: &mut [u32], mut site: usize) -> u32 {
    loop {
        let parent = parents[site];
        let next = parents[parent as usize];
        if next == parent {
            return parent;
        }
        parents[site] = next;
        site = next as usize;
    }
}

/// Makes one cluster of those with two first sites, and returns its own.
#[inline(always)]
fn unite(parents: &mut [u32], a: u32, b: u32) -> u32 {
    let (first, later) = if a < b { (a, b) } else { (b, a) };
    parents[later as usize] = first;
    first
}

impl Sampler for Potts {
    type Cell = u32;
    type Value = u32;

    fn lattice(&self) -> Lattice {
        self.lattice
    }

    /// The lattice with an axis more, of length q and fastest.
    fn learned(&self) -> Lattice {
        self.code
    }

    fn state_len(&self) -> usize {
        self.lattice.sites()
    }

    fn scratch_len(&self) -> usize {
        self.lattice.sites()
    }

    fn start(&self, start: Start, state: &mut [u32], stream: &mut Stream) {
        let state = &mut state[..self.lattice.sites()];
        match start {
            Start::Hot => state.fill_with(|| stream.below(self.states)),
            Start::Cold => state.fill(0),
        }
    }

    /// All clusters of the lattice, each with a state of its own.
    fn holds(&self, state: &[u32]) -> bool {
        state.iter().all(|state| *state < self.states)
    }

    fn sweep(&self, state: &mut [u32], scratch: &mut [u32], stream: &mut Stream) {
        let sites = self.lattice.sites();
        let columns = self.lattice.extent()[2] as usize;
        let (state, parents) = (&mut state[..sites], &mut scratch[..sites]);
        let mut joins = |a: u32, b: u32| a == b && stream.bernoulli(self.join);
        for row in (0..sites).step_by(columns) {
            let (last, mut cluster) = (row + columns - 1, row as u32);
            for site in row..=last {
                if site == row || !joins(state[site - 1], state[site]) {
                    cluster = site as u32;
                }
                parents[site] = cluster;
                if row > 0 && joins(state[site - columns], state[site]) {
                    let above = root(parents, site - columns);
                    cluster = unite(parents, above, cluster);
                }
            }
            if joins(state[last], state[row]) {
                let first = root(parents, row);
                unite(parents, first, cluster);
            }
        }
        if self.lattice.dimension() > 1 {
            for (above, site) in (sites - columns..sites).enumerate() {
                if joins(state[site], state[above]) {
                    let (above, below) = (root(parents, above), root(parents, site));
                    unite(parents, above, below);
                }
            }
        }
        for site in 0..sites {
            let parent = parents[site] as usize;
            state[site] = if parent == site {
                stream.below(self.states)
            } else {
                state[parent]
            };
        }
    }

    /// Under a random permutation of the states.
    fn keep(&self, state: &[u32], kept: &mut [u32], stream: &mut Stream) {
        let sites = self.lattice.sites();
        let mut names: [u32; MOST] = core::array::from_fn(|state| state as u32);
        for last in (1..self.states).rev() {
            names.swap(last as usize, stream.below(last + 1) as usize);
        }
        for (kept, state) in kept[..sites].iter_mut().zip(&state[..sites]) {
            *kept = names[index(*state)];
        }
    }

    /// −Σ δ(s_i, s_j).
    fn energy(&self, state: &[u32]) -> f64 {
        -f64::from(self.equal_bonds(state))
    }

    /// (q max_k N_k/N − 1)/(q − 1), N_k the sites in state k.
    fn order_parameter(&self, state: &[u32]) -> f64 {
        let share = f64::from(self.majority(state).1) / self.lattice.sites() as f64;
        let states = f64::from(self.states);
        (states * share - 1.0) / (states - 1.0)
    }

    /// The state that most sites are in.
    fn sector(&self, state: &[u32]) -> Option<u32> {
        Some(self.majority(state).0)
    }

    fn observables(&self) -> &'static [&'static str] {
        &["order_parameter", "order_parameter_squared"]
    }

    fn observe(&self, state: &[u32], to: &mut [f64]) {
        let order = self.order_parameter(state);
        let all = [order, order * order];
        to.iter_mut().zip(all).for_each(|(to, value)| *to = value);
    }

    /// Each state alike: 1 with probability 1/q.
    fn mean(&self, _site: u32) -> f32 {
        (2.0 / f64::from(self.states) - 1.0) as f32
    }

    /// The one-hot code.
    fn values(&self, state: &[u32], to: &mut [u32]) {
        let mut writer = Writer::new(to);
        for state in &state[..self.lattice.sites()] {
            writer.push(1 << index(*state), self.states as usize);
        }
        writer.finish();
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::ToString;
    use std::vec;

    use super::*;
    use crate::num::bits::{bit, count, words};
    use crate::num::rng::Purpose;

    fn potts(sides: &[u32], states: u32, beta: f64) -> Potts {
        Potts::new(Lattice::new(sides).unwrap(), states, beta).unwrap()
    }

    #[test]
    fn refusals() {
        for (sides, states, beta, words) in [
            (&[4, 4][..], 1, 1.0, "from 2 to 16"),
            (&[4, 4], 17, 1.0, "from 2 to 16"),
            (&[4, 4, 4], 3, 1.0, "at most 2"),
            (&[1 << 13, 1 << 13], 5, 1.0, "335544320 sites"),
            (&[4], 3, -0.1, "at least 0"),
            (&[4], 3, f64::INFINITY, "finite"),
            (&[4], 3, f64::NAN, "finite"),
        ] {
            let lattice = Lattice::new(sides).unwrap();
            let error = Potts::new(lattice, states, beta).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    /// Energies by the lattice's own list of neighbours, the order parameter under permutations,
    /// one sign up for each site, at the place of its state.
    #[test]
    fn measurements_follow_their_definitions() {
        for (sides, states) in [
            (&[2][..], 2),
            (&[7], 16),
            (&[2, 2], 5),
            (&[2, 5], 3),
            (&[6, 4], 4),
            (&[5, 11], 7),
        ] {
            let model = potts(sides, states, 0.3);
            let (lattice, code) = (model.lattice(), model.learned());
            assert_eq!(code.sides().split_last(), Some((&states, sides)));
            let mut stream = Stream::new(1, 0, Purpose::Sample);
            let mut state = vec![0; model.state_len()];
            let (mut kept, mut signs) = (state.clone(), vec![u32::MAX; words(code.sites())]);
            for start in [Start::Hot, Start::Cold] {
                model.start(start, &mut state, &mut stream);
                let mut equal = 0;
                for site in 0..lattice.sites() {
                    for other in lattice.neighbours(site as u32) {
                        equal += u32::from(state[site] == state[other as usize]);
                    }
                }
                assert_eq!(model.energy(&state), -0.5 * f64::from(equal), "{sides:?}");

                model.keep(&state, &mut kept, &mut stream);
                assert_eq!(model.energy(&kept), model.energy(&state));
                assert_eq!(model.order_parameter(&kept), model.order_parameter(&state));

                model.values(&kept, &mut signs);
                assert_eq!(count(&signs, code.sites()), lattice.sites() as u32);
                for (site, state) in kept.iter().enumerate() {
                    assert!(bit(&signs, site * states as usize + *state as usize));
                }
            }
            assert_eq!(model.order_parameter(&state), 1.0);
            assert_eq!(model.sector(&state), Some(0));
            assert_eq!(model.sector(&kept), Some(kept[0]));
        }
    }

    /// All sites are one cluster at T = 0, none are joined at infinite temperature.
    #[test]
    fn limits_of_temperature() {
        let (mut state, mut scratch) = ([9; 41], [7; 40]);
        let mut stream = Stream::new(2, 0, Purpose::Sample);
        let frozen = potts(&[5, 8], 10, f64::MAX);
        frozen.start(Start::Cold, &mut state, &mut stream);
        for _ in 0..20 {
            frozen.sweep(&mut state, &mut scratch, &mut stream);
            assert_eq!(frozen.energy(&state), -80.0);
        }
        assert_eq!(state[40], 9, "beyond the configuration");
        let free = potts(&[5, 8], 10, 0.0);
        let rounds = 2000;
        let mut equal = 0;
        for _ in 0..rounds {
            free.sweep(&mut state, &mut scratch, &mut stream);
            equal += free.equal_bonds(&state);
        }
        // Each of 80 bonds is equal with probability 1/10, in pairs independently.
        let n = f64::from(80 * rounds);
        let error = sqrt64(n * 0.1 * 0.9);
        assert!((f64::from(equal) - 0.1 * n).abs() < 4.0 * error, "{equal}");
    }

    /// Every permutation of the states is as likely as any other.
    #[test]
    fn permutations_are_fair() {
        let model = potts(&[2, 2], 4, 1.0);
        let mut stream = Stream::new(3, 0, Purpose::Sample);
        let (mut counts, mut kept) = ([0u32; 256], [0; 4]);
        let rounds = 24_000;
        for _ in 0..rounds {
            model.keep(&[0, 1, 2, 3], &mut kept, &mut stream);
            let number = kept.iter().fold(0, |number, state| 4 * number + state);
            counts[number as usize] += 1;
        }
        let seen = counts.iter().filter(|count| **count > 0);
        assert_eq!(seen.clone().count(), 24);
        // Standard deviation 31.
        assert!(seen.clone().all(|count| count.abs_diff(1000) < 125));
    }

    #[test]
    fn critical_temperatures() {
        // Onsager's in the units of Potts, where unequal neighbours cost 1 instead of 2.
        assert!((critical_temperature(2) - 2.269_185_314_213_022 / 2.0).abs() < 1e-15);
        assert!((critical_temperature(3) - 0.994_972_861_071_817).abs() < 1e-14);
    }

    #[test]
    fn value_stability() {
        let mut hash = 0xcbf2_9ce4_8422_2325u64;
        for (sides, states) in [(&[16, 16][..], 3), (&[3, 70], 2), (&[99], 16)] {
            let model = potts(sides, states, 0.9);
            let mut stream = Stream::new(1, 2, Purpose::Sample);
            let mut state = vec![0; model.state_len()];
            let (mut kept, mut scratch) = (state.clone(), vec![0; model.scratch_len()]);
            model.start(Start::Hot, &mut state, &mut stream);
            for _ in 0..10 {
                model.sweep(&mut state, &mut scratch, &mut stream);
            }
            model.keep(&state, &mut kept, &mut stream);
            for word in kept {
                hash = (hash ^ u64::from(word)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        assert_eq!(hash, 0xa6d6_f6ff_caba_a087, "{hash:#018x}");
    }
}
