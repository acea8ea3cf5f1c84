//! Samplers: Markov chains that draw configurations of a model from its equilibrium law, or from its
//! stationary law where there is no equilibrium.
//!
//! A model is a small value that is checked once; its chains are slices of the caller's, so that
//! one model drives any number of chains.

pub mod chipping;
mod cluster;
pub mod dimer;
pub mod gaussian;
pub mod ising;
pub mod potts;
pub mod random_bond_ring;
pub mod spin_pair;

pub use chipping::{Chipping, ChippingError};
pub use dimer::{Dimer, DimerError};
pub use gaussian::{Gaussian, GaussianError};
pub use ising::{Algorithm, Coupling, Ising, IsingError};
pub use potts::{Potts, PottsError};
pub use random_bond_ring::{Disorder, RandomBondRing, RandomBondRingError};

use crate::lattice::Lattice;
use crate::num::bits::{WORD, mask};
use crate::num::rng::Stream;

/// Where a chain begins. Equilibrium has been reached when both kinds of start agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Infinite temperature: every site for itself.
    Hot,
    /// A ground state, or all mass on one site.
    Cold,
}

/// A model with an update that leaves its law unchanged and reaches every configuration.
///
/// Slices hold at least the numbers that [`state_len`](Self::state_len) and
/// [`scratch_len`](Self::scratch_len) tell; shorter ones panic, longer ones keep their tail.
pub trait Sampler {
    /// What a configuration is stored in: `u32` for packed signs
    /// ([`bits`](crate::num::bits)) and for integers, `f32` for a field.
    type Cell: Copy + Default;

    /// What is learned from: `u32` for packed signs, `f32` for real values.
    type Value: Copy + Default;

    /// Whether sweeps draw the same random numbers however they are divided into calls of
    /// [`sweeps`](Self::sweeps).
    const DIVISIBLE: bool = true;

    /// The lattice whose sites a configuration gives values to.
    fn lattice(&self) -> Lattice;

    /// The lattice of the [`values`](Self::values), on which windows lie.
    fn learned(&self) -> Lattice {
        self.lattice()
    }

    /// Number of sites that extensive quantities are divided by.
    fn size(&self) -> usize {
        self.lattice().sites()
    }

    /// Cells of a configuration.
    fn state_len(&self) -> usize;

    /// Words that [`sweep`](Self::sweep) works in. What they hold between sweeps does not matter.
    fn scratch_len(&self) -> usize;

    /// Writes the first configuration of a chain.
    fn start(&self, start: Start, state: &mut [Self::Cell], stream: &mut Stream);

    /// Whether the law lies so deep in an ordered phase that chains are to start cold: from hot starts they
    /// may stay among domains for longer than anyone waits.
    fn starts_cold(&self) -> bool {
        false
    }

    /// Whether this can be a configuration of a chain: what was read from a file may be none, and an update
    /// of that need not end.
    fn holds(&self, _state: &[Self::Cell]) -> bool {
        true
    }

    /// One update of a chain: a fixed number of steps, or those of a fixed time where steps come at
    /// random times. To stop on what they have changed would bias the law.
    fn sweep(&self, state: &mut [Self::Cell], scratch: &mut [u32], stream: &mut Stream);

    /// `n` updates in a row. Where steps come at random times these may be those of one long
    /// time: the law is that of as many sweeps, the random numbers are others.
    fn sweeps(&self, n: u32, state: &mut [Self::Cell], scratch: &mut [u32], stream: &mut Stream) {
        for _ in 0..n {
            self.sweep(state, scratch, stream);
        }
    }

    /// Copies a configuration that is to be used, under a uniformly random one of the model's
    /// global symmetries (for Ising: a fair sign). Updates may all but freeze these.
    fn keep(&self, state: &[Self::Cell], kept: &mut [Self::Cell], stream: &mut Stream);

    /// Energy of a configuration, of the whole lattice.
    fn energy(&self, state: &[Self::Cell]) -> f64;

    /// Order parameter of a configuration, for each site, with the global symmetries taken out
    /// (for Ising: the absolute value). Together with the energy, its autocorrelation says how
    /// far apart configurations are to be taken.
    fn order_parameter(&self, state: &[Self::Cell]) -> f64;

    /// Index of the symmetry-broken state nearest to this configuration, if the model has any. A chain that
    /// never leaves its sector samples the others only through [`keep`](Self::keep).
    fn sector(&self, _state: &[Self::Cell]) -> Option<u32> {
        None
    }

    /// Names of what [`observe`](Self::observe) measures, as in files: lower case, underscores.
    fn observables(&self) -> &'static [&'static str];

    /// Measures a configuration: a number for each of the [`observables`](Self::observables), whose
    /// mean over configurations has a meaning.
    fn observe(&self, state: &[Self::Cell], to: &mut [f64]);

    /// Name of the distribution whose values [`count`](Self::count) counts, if there is one.
    fn distribution(&self) -> Option<&'static str> {
        None
    }

    /// Counts each value of a configuration of which the distribution is wanted, a whole number.
    fn count(&self, _state: &[Self::Cell], _value: &mut dyn FnMut(u32)) {}

    /// Mean, by symmetry, of the value that is learned from at a site of [`learned`](Self::learned): a
    /// filter sees what differs from it.
    fn mean(&self, _site: u32) -> f32 {
        0.0
    }

    /// Writes what is learned from a configuration, over the sites of [`learned`](Self::learned):
    /// packed signs, or real values.
    fn values(&self, state: &[Self::Cell], to: &mut [Self::Value]);
}

/// Writes a fair sign for every site, packed.
fn fair_signs(state: &mut [u32], sites: usize, stream: &mut Stream) {
    for (i, word) in state.iter_mut().enumerate() {
        *word = stream.next_u32() & mask(sites - i * WORD);
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec;

    use super::*;
    use crate::num::rng::Purpose;

    /// `holds` accepts the configurations of chains and refuses others.
    fn assert_told<M: Sampler<Cell = u32>>(model: &M) {
        let mut stream = Stream::new(3, 0, Purpose::Sample);
        let mut state = vec![0; model.state_len()];
        let mut scratch = vec![0; model.scratch_len()];
        for start in [Start::Hot, Start::Cold] {
            model.start(start, &mut state, &mut stream);
            model.sweeps(3, &mut state, &mut scratch, &mut stream);
            assert!(model.holds(&state));
            for cell in 0..state.len() {
                let was = core::mem::replace(&mut state[cell], u32::MAX);
                assert!(!model.holds(&state), "cell {cell}");
                state[cell] = was;
            }
        }
    }

    #[test]
    fn configurations_are_known() {
        let ring = Lattice::new(&[12]).unwrap();
        assert_told(&Chipping::new(ring, 2.0, 1.0).unwrap());
        assert_told(&Potts::new(ring, 3, 1.0).unwrap());
        assert_told(&Dimer::new(6, 1.0, 3).unwrap());
    }
}
