//! Transfer matrix of two-dimensional tori, resolved by magnetisation.
//!
//! For a given first row σ₀ (n spins), w(σ, m) is the sum of the weights of all partial configurations
//! with newest spins σ and m spins up. Adding the spin of column i replaces bit i of σ: a bond to the
//! spin it replaces, a bond to its left neighbour, and in the last column one to column 0. After the
//! last row, w(σ₀, ·) closes the torus; the sum over σ₀ is the trace. Rotated, reflected and inverted
//! first rows give the same result and are counted, not computed: 18 of the 256 remain for n = 8.
//!
//! For ⟨D⟩ and ⟨D²⟩ the sums of weight times 1, D, D² are carried along, without m: another unsatisfied
//! bond takes (a₀, a₁, a₂) to x (a₀, a₁ + a₀, a₂ + 2a₁ + a₀). They start at D = −d, with d the number of
//! unsatisfied bonds in the ground state; where d > 0 the variance of D has an absolute error of about
//! d² ε.
//!
//! After each row everything is divided by the largest weight, whose logarithm is kept.

use blockspin_core::num::math::{exp64, ln64};

use super::bond_weight;
use super::means::Sums;

/// Longest shorter side of a torus.
pub const MAX_STRIP_WIDTH: u32 = 8;

/// Most sites of such a torus; 8 × 128 takes seconds.
pub const MAX_STRIP_SITES: usize = 1024;

/// The sides, shorter first.
pub(super) fn ordered(a: u32, b: u32) -> (u32, u32) {
    if a < b { (a, b) } else { (b, a) }
}

/// Sums over all configurations of a torus with sides `a` and `b`.
pub(super) fn sums(a: u32, b: u32, k: f64) -> Sums {
    let (width, length) = ordered(a, b);
    let sites = (width * length) as usize;
    let frustrated = if k < 0.0 {
        width % 2 * length + length % 2 * width
    } else {
        0
    };
    let mut strip = Strip {
        width,
        sites,
        start: -f64::from(frustrated),
        unlike: k >= 0.0,
        x: bond_weight(k),
        by_up: vec![0.0; (sites + 1) << width],
        energy: vec![0.0; 3 << width],
    };
    let (mut sums, mut largest) = (Sums::default(), f64::NEG_INFINITY);
    for first in 0..1u32 << width {
        let alike = (0..1u32 << width)
            .filter(|row| canonical(*row, width) == first)
            .count();
        if alike == 0 {
            continue;
        }
        let log = strip.build(first, length);
        if log > largest {
            sums.scale(exp64(largest - log));
            largest = log;
        }
        let factor = alike as f64 * exp64(log - largest);
        let first = first as usize;
        for (up, weight) in strip.by_up[first * (sites + 1)..][..=sites]
            .iter()
            .enumerate()
        {
            sums.add_magnetisation(factor * weight, sites as f64 - 2.0 * up as f64);
        }
        let energy = strip.energy.as_chunks().0[first];
        sums.add_energy(energy.map(|sum| factor * sum));
    }
    sums
}

/// The smallest of all rotations, reflections and inversions of `row`.
fn canonical(row: u32, width: u32) -> u32 {
    let all = (1 << width) - 1;
    let mirrored = row.reverse_bits() >> (u32::BITS - width);
    let mut least = row;
    for mut image in [row, mirrored] {
        for _ in 0..width {
            image = (image << 1 | image >> (width - 1)) & all;
            for image in [image, image ^ all] {
                if image < least {
                    least = image;
                }
            }
        }
    }
    least
}

struct Strip {
    width: u32,
    sites: usize,
    /// Whether unlike neighbours have an unsatisfied bond.
    unlike: bool,
    x: f64,
    /// D of the empty lattice.
    start: f64,
    /// w(σ, m): `sites + 1` numbers for each σ.
    by_up: Vec<f64>,
    /// Three numbers for each σ.
    energy: Vec<f64>,
}

impl Strip {
    /// Builds `length` rows on the row `first`; returns the logarithm of the factors divided out.
    fn build(&mut self, first: u32, length: u32) -> f64 {
        self.by_up.fill(0.0);
        self.energy.fill(0.0);
        // The first row is the last one too, and is counted there.
        self.by_up[first as usize * (self.sites + 1)] = 1.0;
        self.energy[first as usize * 3..][..3].copy_from_slice(&[
            1.0,
            self.start,
            self.start * self.start,
        ]);
        let mut log = 0.0;
        for row in 0..length {
            for column in 0..self.width {
                self.add_spin(column, (row * self.width + column) as usize);
            }
            let most = self
                .by_up
                .iter()
                .fold(0.0, |a, b| if *b > a { *b } else { a });
            let scale = 1.0 / most;
            for weight in self.by_up.iter_mut().chain(&mut self.energy) {
                *weight *= scale;
            }
            log += ln64(most);
        }
        log
    }

    /// Adds the spin of a column to partial configurations of `present` spins.
    fn add_spin(&mut self, column: u32, present: usize) {
        let bit = 1usize << column;
        let unsatisfied = |a: usize, b: usize| u32::from((a != b) == self.unlike);
        let x = [1.0, self.x, self.x * self.x];
        let alike = unsatisfied(0, 0) as usize;
        let [like, unlike] = [x[alike], x[1 - alike]];
        for low in (0..1usize << self.width).filter(|row| row & bit == 0) {
            let high = low | bit;
            // Unsatisfied bonds along the row if the new spin is down, and if it is up.
            let mut along = [0; 2];
            for (up, along) in along.iter_mut().enumerate() {
                if column > 0 {
                    *along += unsatisfied(low >> (column - 1) & 1, up);
                }
                if column + 1 == self.width {
                    *along += unsatisfied(low & 1, up);
                }
            }
            let (below, above) = self.by_up.split_at_mut(high * (self.sites + 1));
            let down = &mut below[low * (self.sites + 1)..][..=present];
            let up = &mut above[..present + 2];
            let [along_down, along_up] = along.map(|n| x[n as usize]);
            for (down, up) in down.iter_mut().zip(up.iter_mut()) {
                let old = (*down, *up);
                *down = along_down * (like * old.0 + unlike * old.1);
                *up = along_up * (unlike * old.0 + like * old.1);
            }
            up.copy_within(..=present, 1);
            up[0] = 0.0;

            let energy = self.energy.as_chunks_mut::<3>().0;
            let old = [energy[low], energy[high]];
            for (new, (at, along)) in [low, high].into_iter().zip(along).enumerate() {
                let mut sums = [0.0; 3];
                for (spin, old) in old.into_iter().enumerate() {
                    let term = break_bonds(old, x[1], unsatisfied(spin, new) + along);
                    sums = std::array::from_fn(|i| sums[i] + term[i]);
                }
                energy[at] = sums;
            }
        }
    }
}

/// The sums of weight times 1, D, D² after `times` further unsatisfied bonds of weight `x`.
fn break_bonds(sums: [f64; 3], x: f64, times: u32) -> [f64; 3] {
    (0..times).fold(sums, |[a, b, c], _| {
        [x * a, x * (b + a), x * (c + 2.0 * b + a)]
    })
}
