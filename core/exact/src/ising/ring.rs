//! Rings of any length.
//!
//! # Means
//! A ring of N spins with u up, 1 ≤ u < N, in k domains up and k domains down, has 2k broken bonds,
//! and there are
//!
//! ```text
//! g(u, k) = (N/k) C(u−1, k−1) C(N−u−1, k−1)
//! ```
//!
//! such configurations (compositions of u and of N − u into k parts, times the positions of the first
//! domain). With y = exp(−4K) the weights W(u, k) = g(u, k) yᵏ, besides W = 1 for the two uniform
//! configurations, give all means, |M| included, as sums of positive terms. At fixed u they have one
//! maximum in k; only terms of relevant weight around it are summed, about √N of them. From u to u − 1
//! the maximum is tracked by ratios, starting from N/2, where each W(·, k) is largest.
//!
//! # Information
//! Given the two spins next to the buffer, l and r, the block is independent of the rest of E. All spins
//! in between are summed over, which leaves a ring of effective bonds T (n sites of the block, b of the
//! buffer on each side, m of E),
//!
//! ```text
//! w(v, l, r) = T_b+1(l, v₁) Π T_1(vᵢ, vᵢ₊₁) T_b+1(vₙ, r) T_m−1(r, l)
//! ```
//!
//! For m = 1 the last factor is the identity, which makes l and r the same spin. Without a filter the
//! block's inner spins are summed over too, T_n−1(v₁, vₙ). With equal bonds the effective bonds are
//! powers of one matrix. A factor is 1 or e^−cost; the cheapest configuration has cost 0, or the least
//! possible cost if the ring is frustrated, so that the largest weight is 1.

use blockspin_core::num::math::exp64;
use blockspin_core::sampler::spin_pair::EffectiveBond;

use super::means::Sums;
use crate::partition::Partition;
use crate::spin_weights::{Rows, SpinWeights};

/// Most sites of a ring whose means are computed.
pub const MAX_RING_SITES: u32 = 1 << 20;

/// Most sites of a ring's block whose configurations are enumerated: for a filter, the joint law, or an
/// optimal filter.
pub const MAX_RING_BLOCK: usize = 24;

/// Number of spins that stand for the environment.
pub(super) const BOUNDARY: usize = 2;

/// Terms below this fraction of the largest are left out, together with all beyond them.
const NEGLIGIBLE: f64 = 1e-22;

/// Sums over all configurations of a ring.
pub(super) fn sums(sites: u32, k: f64) -> Sums {
    let walls = Walls {
        n: f64::from(sites),
        y: exp64(-4.0 * k),
    };
    let most = sites / 2;
    let mut sums = Sums::default();
    let (mut up, mut domains, mut weight) = (most, 1, 1.0);
    while domains < up && walls.rise(up, domains) > 1.0 {
        domains += 1;
    }
    // D is 2k, or its distance from the largest number of domain walls. Where one domain is likeliest,
    // the uniform configurations, at D = 0, may weigh more.
    let d = |domains| 2.0 * f64::from(if k < 0.0 { most - domains } else { domains });
    sums.origin = if k >= 0.0 && domains == 1 {
        0.0
    } else {
        d(domains)
    };
    let origin = sums.origin;
    // Smaller weights do not change the sum, and subnormal ones would never reach 0.
    while weight > f64::MIN_POSITIVE {
        let mut energy = [0.0; 3];
        let mut add = |domains: u32, weight: f64| {
            let d = d(domains) - origin;
            energy = [
                energy[0] + weight,
                energy[1] + weight * d,
                energy[2] + weight * d * d,
            ];
        };
        add(domains, weight);
        let least = weight * NEGLIGIBLE;
        let (mut at, mut term) = (domains, weight);
        while at < up && term > least {
            term *= walls.rise(up, at);
            at += 1;
            add(at, term);
        }
        (at, term) = (domains, weight);
        while at > 1 && term > least {
            at -= 1;
            term /= walls.rise(up, at);
            add(at, term);
        }
        // Counts the configurations with N − u spins up as well.
        let images = if 2 * up == sites { 1.0 } else { 2.0 };
        sums.add_energy(energy.map(|sum| images * sum));
        sums.add_magnetisation(images * energy[0], f64::from(sites - 2 * up));

        if up == 1 {
            // From W(1, 1) = N y to the two uniform configurations.
            let uniform = 2.0 * weight / (walls.n * walls.y);
            let d = d(0) - origin;
            sums.add_energy([uniform, uniform * d, uniform * d * d]);
            sums.add_magnetisation(uniform, walls.n);
            break;
        }
        if domains == up {
            domains -= 1;
            weight /= walls.rise(up, domains);
        }
        weight *= walls.fewer_up(up, domains);
        up -= 1;
        while domains > 1 && walls.rise(up, domains - 1) < 1.0 {
            domains -= 1;
            weight /= walls.rise(up, domains);
        }
    }
    sums
}

/// Ratios of the weights W(u, k).
struct Walls {
    n: f64,
    y: f64,
}

impl Walls {
    /// W(u, k+1) / W(u, k).
    fn rise(&self, up: u32, domains: u32) -> f64 {
        let (u, k) = (f64::from(up), f64::from(domains));
        (u - k) * (self.n - u - k) / (k * (k + 1.0)) * self.y
    }

    /// W(u−1, k) / W(u, k).
    fn fewer_up(&self, up: u32, domains: u32) -> f64 {
        let (u, k) = (f64::from(up), f64::from(domains));
        (u - k) * (self.n - u) / ((u - 1.0) * (self.n - u - k + 1.0))
    }
}

/// The weights of a block of a ring: all its spins, or only its ends.
pub(crate) struct BlockOfRing {
    /// Bonds within the block; if only the ends count, inner spins are summed over.
    inside: Vec<EffectiveBond>,
    /// From the site of E before the buffer to the block, and from the block to the site of E after it.
    left: EffectiveBond,
    right: EffectiveBond,
    /// Around the ring through E.
    far: EffectiveBond,
    /// The lowest cost of any configuration.
    least: f64,
}

impl BlockOfRing {
    /// For a ring of equal bonds.
    pub(super) fn uniform(partition: &Partition, k: f64, whole: bool) -> Self {
        let bond = EffectiveBond::new(k);
        Self::new(partition, whole, |_, length| bond.power(length))
    }

    /// For the `whole` block or only its ends. `chain(from, length)` is the effective bond of `length`
    /// bonds, the first of them `from` bonds beyond the block's first site.
    pub(crate) fn new(
        partition: &Partition,
        whole: bool,
        chain: impl Fn(u32, u32) -> EffectiveBond,
    ) -> Self {
        let [sites, block] = [partition.lattice().sides()[0], partition.block()[0]];
        let near = partition.buffer() + 1;
        let environment = sites - block - 2 * partition.buffer();
        let (spins, step) = match block {
            1 => (1, 1),
            _ if whole => (block, 1),
            _ => (2, block - 1),
        };
        let inside: Vec<_> = (0..spins - 1).map(|i| chain(i * step, step)).collect();
        let left = chain(sites - near, near);
        let right = chain(block - 1, near);
        let far = chain(block - 1 + near, environment - 1);

        let (mut frustrated, mut least) = (false, f64::INFINITY);
        for bond in inside.iter().chain([&left, &right, &far]) {
            frustrated ^= bond.unlike;
            least = if bond.cost < least { bond.cost } else { least };
        }
        BlockOfRing {
            inside,
            left,
            right,
            far,
            least: if frustrated { least } else { 0.0 },
        }
    }
}

impl SpinWeights for BlockOfRing {
    fn block(&self) -> usize {
        self.inside.len() + 1
    }

    fn boundary(&self) -> usize {
        BOUNDARY
    }

    fn rows(&self) -> Rows<'_> {
        let mut v = 0u32;
        Box::new(move |row| {
            let up = |i: usize| v >> i & 1 != 0;
            let bonds = self.inside.iter().enumerate();
            let inside: f64 = bonds.map(|(i, bond)| bond.energy(up(i) != up(i + 1))).sum();
            let [first, last] = [up(0), up(self.inside.len())];
            for (e, weight) in row.iter_mut().enumerate() {
                let [l, r] = [e & 1 != 0, e >> 1 != 0];
                let outside = self.left.energy(first != l)
                    + self.right.energy(last != r)
                    + self.far.energy(r != l);
                *weight = exp64(self.least - (inside + outside));
            }
            v += 1;
            v - 1
        })
    }
}
