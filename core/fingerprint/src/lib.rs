//! Standard workloads, each reduced to 64 bits that are equal on every machine.
//!
//! | group | workloads |
//! |---|---|
//! | [`numbers`] | random streams, elementary functions, statistics |
//! | [`samplers`] | Markov chains of every model, and windows cut from configurations |
//! | [`learning`] | training steps and held-out estimates: filters, encoders, maps, bounds |
//! | [`critics`] | critics and activations other than the default |
//!
//! A workload needs nothing but an [`Arena`] of 10 KiB, so that all workloads of a group run one
//! after another on a microcontroller with 16 KiB of memory; firmware has an image for each group.
//! A fingerprint is FNV-1a 64 over the little-endian bits of every result, with −0 and +0 distinct.
//! A NaN is a failure, since its bits differ between machines.
//!
//! ```
//! use blockspin_core::kernel::Portable;
//! use blockspin_fingerprint::{Arena, numbers};
//!
//! let mut arena = Arena::new();
//! for workload in numbers::workloads() {
//!     assert!(workload.fingerprint(&Portable, &mut arena).is_some());
//! }
//! ```
#![no_std]

pub mod critics;
pub mod learning;
pub mod numbers;
pub mod samplers;

use core::hash::Hasher;

use blockspin_core::num::lane::Lane;
use blockspin_core::rsmi::Machine;
use fnv::FnvHasher;

const LANES: usize = 144;
const WORDS: usize = 256;

/// Storage of one workload: 10 KiB.
#[derive(Debug)]
pub struct Arena {
    lanes: [Lane; LANES],
    words: [u32; WORDS],
}

impl Arena {
    /// Cleared storage.
    #[must_use]
    pub const fn new() -> Self {
        Arena {
            lanes: [Lane::ZERO; LANES],
            words: [0; WORDS],
        }
    }
}

impl Default for Arena {
    fn default() -> Self {
        Self::new()
    }
}

/// A named computation whose results are hashed, on a machine of type `M`.
#[derive(Debug)]
pub struct Workload<M> {
    /// Its name.
    pub name: &'static str,
    run: fn(&M, &mut Arena, &mut Hash) -> Option<()>,
}

impl<M> Workload<M> {
    /// The 64 bits of all results; `None` if one of them is NaN, or the arena is too small.
    pub fn fingerprint(&self, machine: &M, arena: &mut Arena) -> Option<u64> {
        arena.lanes.fill(Lane::ZERO);
        arena.words.fill(0);
        let mut hash = Hash::default();
        (self.run)(machine, arena, &mut hash)?;
        hash.finish()
    }
}

/// Names of all workloads, in the order in which they are printed.
pub const ORDER: [&str; 20] = [
    "random-streams",
    "elementary-functions",
    "ising-metropolis",
    "ising-wolff",
    "ising-swendsen-wang",
    "windows",
    "step-one-component",
    "step-three-components",
    "step-reals",
    "estimate",
    "statistics",
    "chipping",
    "dimer",
    "potts",
    "gaussian-field",
    "chain-disorder",
    "encoders",
    "bounds",
    "maps",
    "critics",
];

/// All workloads, in the order in which they are printed.
pub fn workloads<M: Machine>() -> impl Iterator<Item = Workload<M>> {
    ORDER.into_iter().filter_map(|name| {
        let groups = numbers::workloads()
            .into_iter()
            .chain(samplers::workloads())
            .chain(learning::workloads())
            .chain(critics::workloads());
        let mut found = groups.filter(|workload| workload.name == name);
        found.next()
    })
}

/// FNV-1a 64 that remembers whether it met a NaN.
#[derive(Default)]
struct Hash {
    state: FnvHasher,
    failed: bool,
}

impl Hash {
    fn word(&mut self, value: u32) {
        self.state.write(&value.to_le_bytes());
    }

    fn real(&mut self, value: f32) {
        self.failed |= value.is_nan();
        self.word(value.to_bits());
    }

    fn real64(&mut self, value: f64) {
        self.failed |= value.is_nan();
        self.state.write(&value.to_bits().to_le_bytes());
    }

    fn reals(&mut self, lanes: &[Lane]) {
        lanes
            .iter()
            .for_each(|lane| lane.0.iter().for_each(|x| self.real(*x)));
    }

    fn finish(self) -> Option<u64> {
        (!self.failed).then(|| self.state.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use blockspin_core::kernel::Portable;

    #[test]
    fn workloads_fit_the_arena_repeat_and_differ() {
        assert!(size_of::<Arena>() <= 10 * 1024);
        let (numbers, samplers) = (numbers::workloads(), samplers::workloads());
        let (learning, critics) = (learning::workloads(), critics::workloads());
        let all = || {
            let groups = numbers.iter().chain(&samplers);
            groups.chain(&learning).chain(&critics)
        };
        assert_eq!(all().count(), ORDER.len());
        let mut arena = Arena::new();
        let mut seen = [0; ORDER.len()];
        for (slot, name) in seen.iter_mut().zip(ORDER) {
            let workload = all().find(|workload| workload.name == name).expect(name);
            *slot = workload.fingerprint(&Portable, &mut arena).expect(name);
            let again = workload.fingerprint(&Portable, &mut arena);
            assert_eq!(again, Some(*slot), "{name} repeats");
        }
        for (i, a) in seen.iter().enumerate() {
            assert!(!seen[..i].contains(a), "{} has a hash of its own", ORDER[i]);
        }
    }
}
