//! Enumeration of small lattices of any dimension.
//!
//! Configurations are visited in the order of the reflected Gray code: from one to the next a single
//! spin is flipped, and the number of broken bonds (unequal spins) is updated. A configuration is one
//! word, bit i set where spin i is up. By the global spin flip the last spin stays down.

use blockspin_core::lattice::{Lattice, MAX_DIMENSION};

use super::means::Sums;
use super::{bond_counts, bond_weight};
use crate::partition::{Partition, Zone};
use crate::spin_weights::{Rows, SpinWeights};

/// Most sites that are enumerated, 3 × 3 × 3.
pub const MAX_ENUMERATED_SITES: usize = 27;

/// Weights of all counts of broken bonds.
type Weights = [f64; MAX_DIMENSION * MAX_ENUMERATED_SITES + 1];

/// Number of terms added one by one before these partial sums are added: this reduces rounding errors.
const CHUNK: usize = 10;

/// x^D for every number of broken bonds.
fn weights(lattice: Lattice, k: f64) -> Weights {
    let (all, frustrated) = bond_counts(lattice, k);
    let x = bond_weight(k);
    let mut weights = [0.0; MAX_DIMENSION * MAX_ENUMERATED_SITES + 1];
    let mut weight = 1.0;
    for excess in 0..=all - frustrated {
        weights[if k < 0.0 {
            all - frustrated - excess
        } else {
            excess
        }] = weight;
        weight *= x;
    }
    weights
}

/// A walk through all configurations, starting with all spins down.
struct Walk {
    /// Neighbours of each spin as bits; those joined by a second bond again 32 bits higher.
    neighbours: [u64; MAX_ENUMERATED_SITES],
    coordination: u32,
    step: u32,
    configuration: u32,
    /// Number of bonds between unequal spins.
    broken: u32,
}

impl Walk {
    /// A walk in which spin `place[site]` is that of the site.
    fn new(lattice: Lattice, place: &[u8; MAX_ENUMERATED_SITES]) -> Self {
        let mut neighbours = [0; MAX_ENUMERATED_SITES];
        for site in 0..lattice.sites() {
            let mask = &mut neighbours[place[site] as usize];
            for neighbour in lattice.neighbours(site as u32) {
                let bit = 1 << place[neighbour as usize];
                *mask |= if *mask & bit == 0 { bit } else { bit << 32 };
            }
        }
        let coordination = lattice.coordination() as u32;
        Walk {
            neighbours,
            coordination,
            step: 0,
            configuration: 0,
            broken: 0,
        }
    }

    /// Moves to the next configuration.
    #[inline(always)]
    fn advance(&mut self) {
        self.step += 1;
        let spin = self.step.trailing_zeros();
        let doubled = u64::from(self.configuration) << 32 | u64::from(self.configuration);
        let up = (doubled & self.neighbours[spin as usize]).count_ones();
        let down = self.coordination - up;
        // If the spin was up, its bonds to down spins were broken; flipping it satisfies these and
        // breaks the others.
        self.broken = if (self.configuration >> spin) & 1 != 0 {
            self.broken + up - down
        } else {
            self.broken + down - up
        };
        self.configuration ^= 1 << spin;
    }
}

/// Sums over all configurations, from exact counts.
pub(super) fn sums(lattice: Lattice, k: f64) -> Sums {
    let sites = lattice.sites();
    let place = std::array::from_fn(|site| site as u8);
    let mut walk = Walk::new(lattice, &place);
    // By number of broken bonds and of spins up.
    let mut histogram = vec![0.0; (sites * lattice.dimension() + 1) * (sites + 1)];
    for _ in 0..1u32 << (sites - 1) {
        let up = walk.configuration.count_ones() as usize;
        histogram[walk.broken as usize * (sites + 1) + up] += 1.0;
        walk.advance();
    }
    let (all, frustrated) = bond_counts(lattice, k);
    let weights = weights(lattice, k);
    let mut sums = Sums::default();
    for (broken, counts) in histogram.chunks_exact(sites + 1).enumerate() {
        let unsatisfied = if k < 0.0 { all - broken } else { broken };
        let excess = unsatisfied as f64 - frustrated as f64;
        for (up, count) in counts.iter().enumerate() {
            let weight = count * weights[broken];
            sums.add_energy([weight, weight * excess, weight * excess * excess]);
            sums.add_magnetisation(weight, sites as f64 - 2.0 * up as f64);
        }
    }
    sums
}

/// The weights of block and boundary: spins are numbered so that those to be summed over change fastest,
/// then the boundary's, then the block's.
pub(super) struct Enumeration {
    lattice: Lattice,
    place: [u8; MAX_ENUMERATED_SITES],
    weights: Weights,
    block: usize,
    boundary: usize,
    /// Spins to be summed over.
    summed: usize,
}

impl Enumeration {
    pub(super) fn new(partition: &Partition, k: f64) -> Self {
        let lattice = partition.lattice();
        let (boundary, block) = (partition.boundary_sites(), partition.block_sites());
        let summed = lattice.sites() - boundary - block;
        let mut place = [0; MAX_ENUMERATED_SITES];
        let mut next = [0, summed as u8, (summed + boundary) as u8];
        for site in 0..lattice.sites() {
            let group = match partition.zone(site as u32) {
                Zone::Buffer | Zone::Far => 0,
                Zone::Boundary => 1,
                Zone::Block => 2,
            };
            place[site] = next[group];
            next[group] += 1;
        }
        Enumeration {
            lattice,
            place,
            weights: weights(lattice, k),
            block,
            boundary,
            summed,
        }
    }
}

impl SpinWeights for Enumeration {
    fn block(&self) -> usize {
        self.block
    }

    fn boundary(&self) -> usize {
        self.boundary
    }

    fn rows(&self) -> Rows<'_> {
        let (summed, boundary) = (self.summed, self.boundary);
        let chunk = summed.min(CHUNK);
        let mut walk = Walk::new(self.lattice, &self.place);
        Box::new(move |row| {
            let v = walk.configuration >> (summed + boundary);
            for _ in 0..row.len() {
                let e = (walk.configuration >> summed) as usize & (row.len() - 1);
                let mut sum = 0.0;
                for _ in 0..1u32 << (summed - chunk) {
                    let mut part = 0.0;
                    for _ in 0..1u32 << chunk {
                        part += self.weights[walk.broken as usize];
                        walk.advance();
                    }
                    sum += part;
                }
                row[e] = sum;
            }
            v
        })
    }
}
