//! The Ising model without a field: weight exp(βJ Σ s_i s_j) over nearest neighbours.
//!
//! An antiferromagnet with an odd side is frustrated: along that side a seam of unsatisfied bonds closes
//! the order. All algorithms hold for it. Near T = 0 clusters all but freeze the seam, as they join what
//! it does not cut; flips of single spins move it for nothing where every side is odd.

use core::fmt;

use super::cluster::{Clusters, Rows};
use super::{Sampler, Start, fair_signs};
use crate::lattice::Lattice;
use crate::num::bits::{bit, count, flip, flip_all, set, words};
use crate::num::math::exp64;
use crate::num::rng::{Probability, Stream};

/// Sign of the coupling, J = ±1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coupling {
    /// J = +1: neighbours favour equal spins.
    Ferromagnetic,
    /// J = −1: neighbours favour opposite spins.
    Antiferromagnetic,
}

/// What a sweep does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// One proposal for each site, in order (Metropolis et al. 1953). The plain algorithm, by
    /// which the others are judged.
    Metropolis,
    /// Single clusters, each of a random site (Wolff 1989). The fastest up to T_c; above, where
    /// clusters are small, the energy takes many of them to forget.
    Wolff {
        /// Clusters of a sweep, at least 1. A fair coin adds one more: at β = 0 each is a single
        /// site, and a fixed number of them would never change the parity of the spins up.
        clusters: u32,
    },
    /// Every cluster of the lattice, each with a coin of its own (Swendsen and Wang 1987). The
    /// fastest above T_c.
    SwendsenWang,
}

/// Why an Ising model cannot be sampled.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum IsingError {
    /// β is negative, infinite or not a number.
    Beta(f64),
    /// A sweep of no clusters.
    NoClusters,
}

impl fmt::Display for IsingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Beta(beta) => {
                write!(
                    f,
                    "an inverse temperature of {beta}; it is finite and at least 0"
                )
            }
            Self::NoClusters => write!(f, "a Wolff sweep of 0 clusters; it has at least 1"),
        }
    }
}

impl core::error::Error for IsingError {}

/// Share of the sites for which a Metropolis sweep makes its proposal.
///
/// A sweep in order that tried every site would flip them all at β = 0, for ever between the same
/// two configurations. Leaving out some at random makes it ergodic at every temperature; the
/// factor is the same both ways, so detailed balance of each step is untouched.
const PROPOSED: f64 = 7.0 / 8.0;

/// The Ising model on a periodic lattice at an inverse temperature, with the algorithm that
/// samples it. Configurations are packed signs, one bit a site.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ising {
    lattice: Lattice,
    beta: f64,
    coupling: Coupling,
    algorithm: Algorithm,
    /// Probability that a bond between satisfied neighbours joins them, 1 − exp(−2β).
    join: Probability,
    /// Metropolis: probability of turning a spin over by its number of satisfied bonds.
    turn: [Probability; 7],
}

impl Ising {
    /// The model at β = |J|/k_B T.
    ///
    /// # Errors
    /// Names the parameter and the rule that it breaks.
    pub fn new(
        lattice: Lattice,
        beta: f64,
        coupling: Coupling,
        algorithm: Algorithm,
    ) -> Result<Self, IsingError> {
        if !(beta.is_finite() && beta >= 0.0) {
            return Err(IsingError::Beta(beta));
        }
        if algorithm == (Algorithm::Wolff { clusters: 0 }) {
            return Err(IsingError::NoClusters);
        }
        let mut turn = [Probability::ZERO; 7];
        for (satisfied, turn) in turn.iter_mut().enumerate() {
            // ΔE = 2 (satisfied − unsatisfied bonds).
            let cost = 4.0 * (satisfied as f64 - lattice.dimension() as f64);
            let accept = if cost > 0.0 { exp64(-beta * cost) } else { 1.0 };
            *turn = Probability::new(PROPOSED * accept);
        }
        let join = Probability::new(1.0 - exp64(-2.0 * beta));
        Ok(Ising {
            lattice,
            beta,
            coupling,
            algorithm,
            join,
            turn,
        })
    }

    /// Inverse temperature.
    #[must_use]
    pub fn beta(&self) -> f64 {
        self.beta
    }

    /// Sign of the coupling.
    #[must_use]
    pub fn coupling(&self) -> Coupling {
        self.coupling
    }

    /// Whether this is an antiferromagnet with an odd side, around which its order cannot close.
    #[must_use]
    pub fn is_frustrated(&self) -> bool {
        let odd = self.lattice.sides().iter().any(|side| side % 2 != 0);
        odd && self.coupling == Coupling::Antiferromagnetic
    }

    /// What a sweep does.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Σ s_i s_j over all bonds, whatever the coupling; a site has one bond forward along each
    /// axis.
    #[must_use]
    pub fn bond_sum(&self, spins: &[u32]) -> i32 {
        let rows = Rows::new(&self.lattice);
        let mut unequal = 0;
        for w in 0..rows.len() {
            let word = rows.load(spins, w);
            unequal += (word ^ rows.ahead(word, rows.load(spins, rows.next(0, w)), w)).count_ones();
            for axis in 1..self.lattice.dimension() {
                unequal += (word ^ rows.load(spins, rows.next(axis, w))).count_ones();
            }
        }
        (self.lattice.dimension() * self.lattice.sites()) as i32 - 2 * unequal as i32
    }

    /// Σ s_i.
    #[must_use]
    pub fn magnetisation(&self, spins: &[u32]) -> i32 {
        let sites = self.lattice.sites();
        2 * count(spins, sites) as i32 - sites as i32
    }

    /// Σ (−1)^(x+y+z) s_i, + on the sublattice of the origin: the order of the antiferromagnet.
    #[must_use]
    pub fn staggered_magnetisation(&self, spins: &[u32]) -> i32 {
        let rows = Rows::new(&self.lattice);
        let up: u32 = (0..rows.len())
            .map(|w| (!(rows.load(spins, w) ^ rows.even(w)) & rows.mask(w)).count_ones())
            .sum();
        2 * up as i32 - self.lattice.sites() as i32
    }

    /// One proposal for each site, in order.
    fn metropolis(&self, spins: &mut [u32], stream: &mut Stream) {
        let opposed = self.coupling == Coupling::Antiferromagnetic;
        let coordination = self.lattice.coordination();
        let columns = self.lattice.extent()[2] as usize;
        for row in (0..self.lattice.sites()).step_by(columns) {
            let beside = self.lattice.neighbours(row as u32);
            for x in 0..columns {
                let right = row + if x + 1 == columns { 0 } else { x + 1 };
                let left = row + if x == 0 { columns - 1 } else { x - 1 };
                let mut up = usize::from(bit(spins, right)) + usize::from(bit(spins, left));
                for start in &beside[2..] {
                    up += usize::from(bit(spins, *start as usize + x));
                }
                let along = bit(spins, row + x) != opposed;
                let satisfied = if along { up } else { coordination - up };
                if stream.bernoulli(self.turn[satisfied]) {
                    flip(spins, row + x);
                }
            }
        }
    }

    /// The magnetisation that orders.
    fn order(&self, state: &[u32]) -> i32 {
        match self.coupling {
            Coupling::Ferromagnetic => self.magnetisation(state),
            Coupling::Antiferromagnetic => self.staggered_magnetisation(state),
        }
    }
}

impl Sampler for Ising {
    type Cell = u32;
    type Value = u32;

    fn lattice(&self) -> Lattice {
        self.lattice
    }

    fn state_len(&self) -> usize {
        words(self.lattice.sites())
    }

    fn scratch_len(&self) -> usize {
        match self.algorithm {
            Algorithm::Metropolis => 0,
            _ => Clusters::scratch_len(&self.lattice),
        }
    }

    fn start(&self, start: Start, state: &mut [u32], stream: &mut Stream) {
        let sites = self.lattice.sites();
        let state = &mut state[..words(sites)];
        match start {
            Start::Hot => fair_signs(state, sites, stream),
            Start::Cold => {
                state.fill(0);
                for site in 0..sites {
                    let up = match self.coupling {
                        Coupling::Ferromagnetic => true,
                        Coupling::Antiferromagnetic => !self.lattice.is_odd(site as u32),
                    };
                    set(state, site, up);
                }
            }
        }
    }

    fn sweep(&self, state: &mut [u32], scratch: &mut [u32], stream: &mut Stream) {
        let clusters = match self.algorithm {
            Algorithm::Metropolis => return self.metropolis(state, stream),
            Algorithm::Wolff { clusters } => Some(u64::from(clusters) + u64::from(stream.coin())),
            Algorithm::SwendsenWang => None,
        };
        let opposed = self.coupling == Coupling::Antiferromagnetic;
        let mut work = Clusters::new(&self.lattice, self.join, opposed, state, scratch);
        match clusters {
            Some(clusters) => (0..clusters).for_each(|_| work.flip_one(stream)),
            None => work.flip_all(stream),
        }
        work.store(&mut state[..words(self.lattice.sites())]);
    }

    /// A fair sign; of a frustrated lattice also a shift along every odd side, which takes the seam to
    /// any place.
    fn keep(&self, state: &[u32], kept: &mut [u32], stream: &mut Stream) {
        let sites = self.lattice.sites();
        kept[..words(sites)].copy_from_slice(&state[..words(sites)]);
        if self.is_frustrated() {
            let [planes, rows, columns] = self.lattice.extent();
            let mut shift = |side: u32| {
                if side.is_multiple_of(2) {
                    0
                } else {
                    stream.below(side)
                }
            };
            let [plane, row, column] = [planes, rows, columns].map(&mut shift);
            for site in 0..sites as u32 {
                let (above, x) = (site / columns, site % columns);
                let (z, y) = (above / rows, above % rows);
                let (z, y) = ((z + plane) % planes, (y + row) % rows);
                let to = (z * rows + y) * columns + (x + column) % columns;
                set(kept, to as usize, bit(state, site as usize));
            }
        }
        if stream.coin() {
            flip_all(kept, sites);
        }
    }

    /// −J Σ s_i s_j.
    fn energy(&self, state: &[u32]) -> f64 {
        let sum = f64::from(self.bond_sum(state));
        match self.coupling {
            Coupling::Ferromagnetic => -sum,
            Coupling::Antiferromagnetic => sum,
        }
    }

    /// |m|, of the staggered magnetisation for the antiferromagnet.
    fn order_parameter(&self, state: &[u32]) -> f64 {
        f64::from(self.order(state).abs()) / self.lattice.sites() as f64
    }

    /// The sign of the (staggered) magnetisation.
    fn sector(&self, state: &[u32]) -> Option<u32> {
        Some(u32::from(self.order(state) > 0))
    }

    fn observables(&self) -> &'static [&'static str] {
        let all = &[
            "magnetisation_abs",
            "magnetisation_squared",
            "staggered_magnetisation_abs",
        ];
        // Frustrated lattices have no sublattices.
        match self.coupling {
            Coupling::Antiferromagnetic if !self.is_frustrated() => all,
            _ => &all[..2],
        }
    }

    fn observe(&self, state: &[u32], to: &mut [f64]) {
        let m = f64::from(self.magnetisation(state)) / self.lattice.sites() as f64;
        let all = [m.abs(), m * m, self.order_parameter(state)];
        to.iter_mut().zip(all).for_each(|(to, value)| *to = value);
    }

    fn values(&self, state: &[u32], to: &mut [u32]) {
        let length = self.state_len();
        to[..length].copy_from_slice(&state[..length]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::bits::{WORD, mask};
    use crate::num::rng::Purpose;

    use Algorithm::{Metropolis, SwendsenWang, Wolff};
    use Coupling::{Antiferromagnetic, Ferromagnetic};

    const ALGORITHMS: [Algorithm; 4] = [
        Metropolis,
        Wolff { clusters: 1 },
        Wolff { clusters: 4 },
        SwendsenWang,
    ];

    fn ising(sides: &[u32], beta: f64, coupling: Coupling, algorithm: Algorithm) -> Ising {
        Ising::new(Lattice::new(sides).unwrap(), beta, coupling, algorithm).unwrap()
    }

    /// Σ J s_i s_j by the lattice's own list of neighbours.
    fn naive_energy(model: &Ising, spins: &[u32]) -> f64 {
        let lattice = model.lattice();
        let mut sum = 0;
        for site in 0..lattice.sites() {
            for neighbour in lattice.neighbours(site as u32) {
                sum += if bit(spins, site) == bit(spins, neighbour as usize) {
                    1
                } else {
                    -1
                };
            }
        }
        let sum = f64::from(sum / 2);
        if model.coupling() == Ferromagnetic {
            -sum
        } else {
            sum
        }
    }

    #[test]
    fn measurements_follow_their_definitions() {
        for sides in [
            &[5][..],
            &[64],
            &[130],
            &[2, 3],
            &[3, 70],
            &[6, 64],
            &[2, 3, 5],
            &[4, 3, 129],
        ] {
            let model = ising(sides, 0.3, Ferromagnetic, Metropolis);
            let lattice = model.lattice();
            let (mut spins, mut stream) = ([0; 64], Stream::new(1, 0, Purpose::Sample));
            model.start(Start::Hot, &mut spins, &mut stream);
            let (mut plain, mut staggered) = (0, 0);
            for site in 0..lattice.sites() {
                let spin = if bit(&spins, site) { 1 } else { -1 };
                plain += spin;
                staggered += if lattice.is_odd(site as u32) {
                    -spin
                } else {
                    spin
                };
            }
            assert_eq!(
                model.energy(&spins),
                naive_energy(&model, &spins),
                "{sides:?}"
            );
            assert_eq!(model.magnetisation(&spins), plain);
            assert_eq!(model.staggered_magnetisation(&spins), staggered);
        }
    }

    /// χ² of all configurations against their weights, rare ones together; samples are taken far
    /// enough apart to be independent.
    #[test]
    fn every_configuration_has_its_weight() {
        let cases: [(&[u32], f64, Coupling); 14] = [
            (&[5], 0.0, Ferromagnetic),
            (&[5], 0.6, Ferromagnetic),
            (&[6], 0.4, Antiferromagnetic),
            (&[2, 2], 0.0, Ferromagnetic),
            (&[2, 3], 0.3, Ferromagnetic),
            (&[3, 3], 0.25, Ferromagnetic),
            (&[2, 4], 0.2, Antiferromagnetic),
            (&[2, 2, 2], 0.1, Ferromagnetic),
            (&[2, 2, 2], 0.12, Antiferromagnetic),
            // Frustrated.
            (&[3], 0.7, Antiferromagnetic),
            (&[5], 0.6, Antiferromagnetic),
            (&[3, 3], 0.25, Antiferromagnetic),
            (&[2, 3], 0.3, Antiferromagnetic),
            (&[3, 3], 1.0, Antiferromagnetic),
        ];
        for (sides, beta, coupling) in cases {
            for algorithm in ALGORITHMS {
                let model = ising(sides, beta, coupling, algorithm);
                let states = 1usize << model.lattice().sites();
                let mut counts = [0u32; 512];
                let mut stream = Stream::new(5, 0, Purpose::Sample);
                let (mut spins, mut kept, mut scratch) = ([0], [0], [0; 64]);
                model.start(Start::Hot, &mut spins, &mut stream);
                let samples = 20_000;
                for _ in 0..samples {
                    for _ in 0..12 {
                        model.sweep(&mut spins, &mut scratch, &mut stream);
                    }
                    model.keep(&spins, &mut kept, &mut stream);
                    counts[kept[0] as usize] += 1;
                }
                let weight = |state: usize| exp64(-beta * naive_energy(&model, &[state as u32]));
                let total: f64 = (0..states).map(weight).sum();
                let (mut chi, mut cells, mut rare) = (0.0, 0, (0.0, 0.0));
                for (state, count) in counts[..states].iter().enumerate() {
                    let expected = f64::from(samples) * weight(state) / total;
                    let count = f64::from(*count);
                    if expected < 10.0 {
                        rare = (rare.0 + expected, rare.1 + count);
                    } else {
                        chi += (count - expected) * (count - expected) / expected;
                        cells += 1;
                    }
                }
                if rare.0 > 0.0 {
                    chi += (rare.1 - rare.0) * (rare.1 - rare.0) / rare.0;
                    cells += 1;
                }
                // χ² has mean k and variance 2k; four standard deviations.
                let k = f64::from(cells - 1);
                assert!(chi < k + 4.0 * (2.0 * k).sqrt(), "{model:?}: {chi} for {k}");
            }
        }
    }

    /// The seam of a frozen ground state is kept at every place, with both signs.
    #[test]
    fn kept_frustrated_states_are_shifted() {
        for (sides, images) in [(&[3, 4][..], 6), (&[2, 5], 10), (&[2, 2, 3], 6)] {
            let model = ising(sides, f64::MAX, Antiferromagnetic, Metropolis);
            let mut stream = Stream::new(4, 0, Purpose::Sample);
            let (mut spins, mut kept, mut counts) = ([0], [0], [0u32; 1 << 12]);
            model.start(Start::Cold, &mut spins, &mut stream);
            for _ in 0..100 * images {
                model.keep(&spins, &mut kept, &mut stream);
                assert_eq!(model.energy(&kept), model.energy(&spins));
                counts[kept[0] as usize] += 1;
            }
            let seen = || counts.iter().filter(|count| **count > 0);
            assert_eq!(seen().count(), images as usize, "{sides:?}");
            assert!(seen().all(|count| (60..140).contains(count)), "{sides:?}");
        }
    }

    /// −∂ ln Z/∂β of a strip of equal layers, from the transfer matrix between them.
    fn strip_energy(layer: &[u32], length: u32, beta: f64) -> f64 {
        let layer = ising(layer, beta, Ferromagnetic, Metropolis);
        let (sites, step) = (layer.lattice().sites(), 1e-4);
        let states = 1usize << sites;
        let ln_z = |beta: f64| {
            let within = |a: usize| exp64(-0.5 * beta * naive_energy(&layer, &[a as u32]));
            let element = |a: usize, b: usize| {
                let unequal = f64::from((a ^ b).count_ones());
                within(a) * exp64(beta * (sites as f64 - 2.0 * unequal)) * within(b)
            };
            let mut trace = 0.0;
            // Rescaled, lest long strips overflow.
            let scale = element(0, 0);
            for first in 0..states {
                let mut row = [0.0; 16];
                row[first] = 1.0;
                for _ in 0..length {
                    let mut product = [0.0; 16];
                    for a in 0..states {
                        for b in 0..states {
                            product[b] += row[a] * element(a, b) / scale;
                        }
                    }
                    row = product;
                }
                trace += row[first];
            }
            crate::num::math::ln64(trace) + f64::from(length) * crate::num::math::ln64(scale)
        };
        (ln_z(beta - step) - ln_z(beta + step)) / (2.0 * step)
    }

    /// Rows of several words, whole and partial, and rows that wrap inside one.
    #[test]
    fn strips_have_the_energy_of_their_transfer_matrix() {
        let cases: [(&[u32], &[u32], u32, f64); 7] = [
            (&[2, 70], &[2], 70, 0.3),
            (&[70, 2], &[2], 70, 0.3),
            (&[3, 64], &[3], 64, 0.4),
            (&[65, 3], &[3], 65, 0.4),
            (&[2, 129], &[2], 129, 0.6),
            (&[2, 2, 66], &[2, 2], 66, 0.2),
            (&[66, 2, 2], &[2, 2], 66, 0.2),
        ];
        for (sides, layer, length, beta) in cases {
            for algorithm in [Wolff { clusters: 3 }, SwendsenWang] {
                let model = ising(sides, beta, Ferromagnetic, algorithm);
                let mut stream = Stream::new(9, 0, Purpose::Sample);
                let (mut spins, mut scratch) = ([0; 9], [0; 2048]);
                model.start(Start::Hot, &mut spins, &mut stream);
                let (mut sum, mut squares, blocks) = (0.0, 0.0, 100);
                for block in 0..=blocks {
                    let mut mean = 0.0;
                    for _ in 0..100 {
                        model.sweep(&mut spins, &mut scratch, &mut stream);
                        mean += model.energy(&spins) / 100.0;
                    }
                    // The first block is burn-in.
                    if block > 0 {
                        sum += mean;
                        squares += mean * mean;
                    }
                }
                let n = f64::from(blocks);
                let mean = sum / n;
                let error = ((squares / n - mean * mean) / (n - 1.0)).sqrt();
                let expected = strip_energy(layer, length, beta);
                assert!(
                    (mean - expected).abs() < 4.0 * error,
                    "{model:?}: {mean} ± {error}, exact {expected}"
                );
            }
        }
    }

    #[test]
    fn spins_freeze_at_zero_temperature() {
        for algorithm in ALGORITHMS {
            for (coupling, sides) in [(Ferromagnetic, [5, 7]), (Antiferromagnetic, [4, 6])] {
                let model = ising(&sides, f64::MAX, coupling, algorithm);
                let mut stream = Stream::new(2, 0, Purpose::Sample);
                let (mut spins, mut scratch) = ([u32::MAX; 3], [0; 256]);
                model.start(Start::Cold, &mut spins, &mut stream);
                for _ in 0..5 {
                    model.sweep(&mut spins, &mut scratch, &mut stream);
                    assert_eq!(model.order_parameter(&spins), 1.0);
                    assert_eq!(model.energy(&spins), -2.0 * model.lattice().sites() as f64);
                }
                let used = model.state_len();
                let padding = spins[used - 1] & !mask(model.lattice().sites() - (used - 1) * WORD);
                assert_eq!(padding, 0);
                assert_eq!(spins[used], u32::MAX, "beyond the configuration");
            }
        }
    }

    #[test]
    fn refusals() {
        let lattice = Lattice::new(&[4, 5]).unwrap();
        let error =
            |beta, coupling, algorithm| Ising::new(lattice, beta, coupling, algorithm).err();
        assert_eq!(
            error(-0.1, Ferromagnetic, Metropolis),
            Some(IsingError::Beta(-0.1))
        );
        assert!(matches!(
            error(f64::NAN, Ferromagnetic, Metropolis),
            Some(IsingError::Beta(_))
        ));
        let none = Wolff { clusters: 0 };
        assert_eq!(
            error(1.0, Ferromagnetic, none),
            Some(IsingError::NoClusters)
        );
    }

    #[test]
    fn value_stability() {
        for (algorithm, expected) in [
            (Metropolis, 0x925c_0385_017e_da21),
            (Wolff { clusters: 2 }, 0x51ed_27d7_05e8_c0b8),
            (SwendsenWang, 0xa89a_b6c6_fa44_437a),
        ] {
            let mut hash = 0xcbf2_9ce4_8422_2325u64;
            for sides in [&[16, 16][..], &[3, 70], &[4, 5, 6]] {
                let model = ising(sides, 0.4, Ferromagnetic, algorithm);
                let mut stream = Stream::new(1, 2, Purpose::Sample);
                let (mut spins, mut scratch) = ([0; 8], [0; 512]);
                model.start(Start::Hot, &mut spins, &mut stream);
                for _ in 0..10 {
                    model.sweep(&mut spins, &mut scratch, &mut stream);
                }
                for word in spins {
                    hash = (hash ^ u64::from(word)).wrapping_mul(0x0100_0000_01b3);
                }
            }
            assert_eq!(hash, expected, "{algorithm:?}: {hash:#018x}");
        }
    }
}
