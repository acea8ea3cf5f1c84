//! Spin systems given by the joint weights of block and boundary: informations row by row, the joint
//! law, and a table for comparing many filters.
//!
//! With unnormalised weights w(v, e), sums w(v), w(e) and Z,
//!
//! ```text
//! I(V:E) = Σ_ve w(v,e)/Z ln [w(v,e) Z / (w(v) w(e))]
//! ```
//!
//! and likewise I(H:E) with w(h, e) = Σ_v P(h|v) w(v, e). Each term is small when the information is
//! small, so the sum keeps its accuracy where a difference of entropies would not. It needs w(e)
//! beforehand, so the weights are computed twice. Without a field w(−v, −e) = w(v, e) and P(−h|−v) =
//! P(h|v), so the block's last spin is fixed down and the mirror image is added.

use std::num::NonZeroU32;

use blockspin_core::num::math::ln64;

use crate::filter::Filter;
use crate::infonce;
use crate::information::{Information, NEGLIGIBLE, nonnegative};
use crate::joint::{Blocks, Columns, Joint};

/// The weights w(v, e) of a block of spins and of the boundary spins that stand for its environment.
pub(crate) trait SpinWeights {
    /// Spins of the block.
    fn block(&self) -> usize;

    /// Spins of the boundary.
    fn boundary(&self) -> usize;

    /// Restarts the enumeration: each call of the returned function fills a row with w(v, e) for all
    /// 2^boundary classes e and returns v, once for every v whose last spin is down.
    fn rows(&self) -> Rows<'_>;
}

/// A function that fills one row after the other.
pub(crate) type Rows<'a> = Box<dyn FnMut(&mut [f64]) -> u32 + 'a>;

/// Length of the buffers of [`information`]: a row w(v, ·), the sums w(e), and w(h, e).
pub(crate) const fn information_len(boundary: usize, components: usize) -> usize {
    let table = if components == 0 { 0 } else { 1 << components };
    (2 + table) << boundary
}

/// The informations, with memory for only a few rows.
pub(crate) fn information(
    weights: &dyn SpinWeights,
    filter: Option<&Filter<'_>>,
    batch: Option<NonZeroU32>,
) -> Information {
    let spins = weights.block();
    let (half, classes) = (1u32 << (spins - 1), 1usize << weights.boundary());
    let components = filter.map_or(0, Filter::components);
    let mut row = vec![0.0; classes];
    let mut w_e = vec![0.0; classes];
    let mut w_he = vec![0.0; filter.map_or(0, |_| classes << components)];

    let mut next = weights.rows();
    for _ in 0..half {
        let v = next(&mut row);
        add(&mut w_e, 1.0, &row);
        if let Some(filter) = filter {
            distribute(filter, spins, v, &row, &mut w_he);
        }
    }
    // Complementing all bits of an index reverses the order.
    add_mirror(&mut w_e);
    add_mirror(&mut w_he);
    let z: f64 = w_e.iter().sum();

    let mut block = 0.0;
    let mut next = weights.rows();
    for _ in 0..half {
        next(&mut row);
        block += 2.0 * divergence(&row, &w_e, z);
    }
    let deficit = filter.and(batch).map(|batch| {
        let states = w_he.chunks_exact(classes);
        let law: Vec<f64> = states
            .clone()
            .map(|row| row.iter().sum::<f64>() / z)
            .collect();
        // A column equals its mirror image.
        let columns = w_e[..classes / 2].iter().enumerate();
        let deficit = columns.map(|(e, w_e)| {
            let joint: Vec<f64> = states.clone().map(|row| row[e] / z).collect();
            infonce::deficit(batch, w_e / z, &joint, &law)
        });
        nonnegative(2.0 * deficit.sum::<f64>())
    });
    Information {
        block: nonnegative(block),
        filtered: filter.map(|_| filtered(&w_he, &w_e, z)),
        deficit,
    }
}

/// The joint law of all 2^block configurations and 2^boundary classes: spin i of either is up where
/// bit i of its index is set.
pub(crate) fn joint(weights: &dyn SpinWeights) -> Joint {
    let (spins, boundary) = (weights.block(), weights.boundary());
    let (blocks, classes) = (1usize << spins, 1usize << boundary);
    let mut row = vec![0.0; classes];
    let mut columns = Columns {
        ends: (1..=classes).map(|e| e * blocks).collect(),
        blocks: (0..classes).flat_map(|_| 0..blocks as u32).collect(),
        probabilities: vec![0.0; blocks * classes],
    };
    let mut next = weights.rows();
    for _ in 0..blocks / 2 {
        let v = next(&mut row) as usize;
        for (e, weight) in row.iter().enumerate() {
            columns.probabilities[e * blocks + v] = *weight;
            let (v, e) = (blocks - 1 - v, classes - 1 - e);
            columns.probabilities[e * blocks + v] = *weight;
        }
    }
    let z: f64 = columns.probabilities.iter().sum();
    columns.probabilities.iter_mut().for_each(|p| *p /= z);
    Joint::new(Blocks::spins(spins), columns)
}

/// All weights w(v, e) with the last spin of v down, for comparing many filters.
pub(crate) struct FilterTable {
    spins: usize,
    classes: usize,
    z: f64,
    weights: Vec<f64>,
    w_e: Vec<f64>,
    w_he: Vec<f64>,
}

impl FilterTable {
    /// Length of the table for filters with this number of components.
    pub(crate) const fn len(spins: usize, boundary: usize, components: usize) -> usize {
        ((1 << (spins - 1)) + 1 + (1 << components)) << boundary
    }

    /// The table for filters with this number of components.
    pub(crate) fn new(source: &dyn SpinWeights, components: usize) -> Self {
        let (spins, classes) = (source.block(), 1 << source.boundary());
        let half = 1 << (spins - 1);
        let mut weights = vec![0.0; half * classes];
        let mut w_e = vec![0.0; classes];
        let mut row = vec![0.0; classes];
        let mut next = source.rows();
        for _ in 0..half {
            let v = next(&mut row) as usize;
            add(&mut w_e, 1.0, &row);
            weights[v * classes..][..classes].copy_from_slice(&row);
        }
        add_mirror(&mut w_e);
        FilterTable {
            spins,
            classes,
            z: w_e.iter().sum(),
            weights,
            w_e,
            w_he: vec![0.0; classes << components],
        }
    }

    /// Approximate number of additions to compute I(H:E) of one filter; a logarithm counts as sixteen.
    pub(crate) fn cost(&self, components: usize) -> u64 {
        let logits = (self.weights.len() / self.classes) * self.spins * components;
        (self.weights.len() + 2 * logits + ((16 * self.classes) << components)) as u64
    }

    /// I(H:E) of a filter.
    pub(crate) fn information(&mut self, filter: &Filter<'_>) -> f64 {
        self.w_he.fill(0.0);
        for (v, row) in (0..).zip(self.weights.chunks_exact(self.classes)) {
            distribute(filter, self.spins, v, row, &mut self.w_he);
        }
        add_mirror(&mut self.w_he);
        filtered(&self.w_he, &self.w_e, self.z)
    }
}

/// Adds a row w(v, ·) to the rows w(h, ·), by P(h|v).
fn distribute(filter: &Filter<'_>, spins: usize, v: u32, row: &[f64], w_he: &mut [f64]) {
    let mut encoded = [0.0; 1 << crate::MAX_COMPONENTS];
    let sign = |i: usize| (i, if v >> i & 1 != 0 { 1.0 } else { -1.0 });
    filter.encode_signs((0..spins).map(sign), 0.0, &mut encoded);
    for (w_e, p) in w_he.chunks_exact_mut(row.len()).zip(encoded) {
        if p > 0.0 {
            add(w_e, p, row);
        }
    }
}

/// I(H:E) from w(h, e).
fn filtered(w_he: &[f64], w_e: &[f64], z: f64) -> f64 {
    let rows = w_he.chunks_exact(w_e.len());
    nonnegative(rows.map(|row| divergence(row, w_e, z)).sum())
}

/// Σ_e w(v,e)/Z ln [w(v,e) Z / (w(v) w(e))] of one row.
fn divergence(row: &[f64], w_e: &[f64], z: f64) -> f64 {
    let w_v: f64 = row.iter().sum();
    let term = |(w, w_e): (&f64, &f64)| {
        // This grouping keeps both ratios in range.
        if *w > NEGLIGIBLE * z {
            w / z * ln64((w / w_v) * (z / w_e))
        } else {
            0.0
        }
    };
    row.iter().zip(w_e).map(term).sum()
}

fn add(to: &mut [f64], factor: f64, from: &[f64]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += factor * from;
    }
}

/// Adds to each number the one at the mirrored position.
fn add_mirror(table: &mut [f64]) {
    let (low, high) = table.split_at_mut(table.len() / 2);
    for (low, high) in low.iter_mut().zip(high.iter_mut().rev()) {
        *low += *high;
        *high = *low;
    }
}
