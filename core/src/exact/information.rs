//! Mutual informations from the joint weights of block and boundary.
//!
//! With unnormalised weights w(v, e), sums w(v), w(e) and Z,
//!
//! ```text
//! I(V:E) = Σ_ve w(v,e)/Z ln [w(v,e) Z / (w(v) w(e))]
//! ```
//!
//! and likewise I(H:E) with w(h, e) = Σ_v P(h|v) w(v, e). Each term is small when the information
//! is small, so the sum keeps its accuracy where a difference of entropies would not. It needs w(e)
//! beforehand: the weights are gone through twice. Without a field w(−v, −e) = w(v, e) and
//! P(−h|−v) = P(h|v), so the block's last spin is held down and the mirror image is added.

use core::num::NonZeroU32;

use super::ExactError;
use super::infonce::{self, MAX_COMPONENTS, NEGLIGIBLE};
use crate::num::math::{exp64, ln64};

/// How a component of H follows from its logit x = Σ_i Λ_i v_i.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoder {
    /// h = sign(x), a fair coin where x = 0.
    Sign,
    /// P(h = +1) = 1 / (1 + e⁻ˣ).
    Sigmoid,
    /// h = x itself, for fields: see [`gaussian`](super::gaussian).
    Continuous,
}

/// A linear filter from the spins of a block to C components of H.
#[derive(Clone, Copy, Debug)]
pub struct Filter<'a> {
    weights: &'a [f32],
    components: usize,
    encoder: Encoder,
    batch: Option<NonZeroU32>,
}

impl<'a> Filter<'a> {
    /// A filter with weights Λ\[i\]\[a\], site i of the block in the lattice's order, component a
    /// fastest.
    ///
    /// # Errors
    /// The number of components is 0, or a weight is not finite.
    pub fn new(
        weights: &'a [f32],
        components: usize,
        encoder: Encoder,
    ) -> Result<Self, ExactError> {
        if components == 0 {
            return Err(ExactError::Components(0));
        }
        if let Some(i) = weights.iter().position(|w| !w.is_finite()) {
            return Err(ExactError::Weight(i));
        }
        Ok(Filter {
            weights,
            components,
            encoder,
            batch: None,
        })
    }

    /// The same, asked as well what InfoNCE at batch K misses of its information:
    /// [`Information::deficit`].
    #[must_use]
    pub const fn at_batch(self, batch: NonZeroU32) -> Self {
        Filter {
            batch: Some(batch),
            ..self
        }
    }

    /// K, if InfoNCE is asked for.
    pub(super) const fn batch(&self) -> Option<NonZeroU32> {
        self.batch
    }

    /// Number of components C.
    #[must_use]
    pub const fn components(&self) -> usize {
        self.components
    }

    /// How its components are encoded.
    #[must_use]
    pub const fn encoder(&self) -> Encoder {
        self.encoder
    }

    /// The weights of a component, site by site.
    pub(super) fn component(&self, a: usize) -> impl Iterator<Item = f64> + '_ {
        let weights = self.weights.iter().skip(a).step_by(self.components);
        weights.map(|weight| f64::from(*weight))
    }

    /// Whether it has weights for a block of so many sites.
    pub(super) fn fits(&self, sites: usize) -> Result<(), ExactError> {
        let (weights, expected) = (self.weights.len(), sites * self.components);
        if weights == expected {
            Ok(())
        } else {
            Err(ExactError::Filter { weights, expected })
        }
    }

    /// Whether it is a binary one for a block of so many sites.
    pub(super) fn fits_binary(&self, sites: usize) -> Result<(), ExactError> {
        if self.components > MAX_COMPONENTS {
            return Err(ExactError::Components(self.components));
        }
        self.fits(sites)?;
        if self.encoder == Encoder::Continuous {
            return Err(ExactError::Continuous);
        }
        Ok(())
    }

    /// P(h|v) of every h from the signs v of sites of the block, x = Λ·(v − `centre`), in the order of
    /// the kernels for signs; bit a of `h` is component a.
    pub(super) fn encode_signs(
        &self,
        signs: impl Iterator<Item = (usize, f32)> + Clone,
        centre: f32,
        h: &mut [f64; 1 << MAX_COMPONENTS],
    ) {
        self.encode(h, |a| {
            let weighted = signs.clone().filter_map(|(i, sign)| {
                let weight = self.weights.get(i * self.components + a);
                weight.map(|weight| (*weight, sign))
            });
            let mut terms = weighted.clone().map(|(weight, sign)| weight * sign).fuse();
            let mut sum = 0.0f32;
            while let Some(first) = terms.next() {
                let [second, third, fourth] = [(); 3].map(|()| terms.next().unwrap_or(-0.0));
                sum += (first + second) + (third + fourth);
            }
            sum - weighted.fold(0.0, |shift, (weight, _)| shift + centre * weight)
        });
    }

    /// The same in the order of the kernels for real values.
    pub(super) fn encode_reals(
        &self,
        value: impl Fn(usize) -> f32,
        h: &mut [f64; 1 << MAX_COMPONENTS],
    ) {
        self.encode(h, |a| {
            let weights = self.weights.iter().skip(a).step_by(self.components);
            let terms = weights.enumerate();
            terms.fold(0.0, |sum, (i, weight)| sum + *weight * value(i))
        });
    }

    /// P(h|v) of every h from the logits, which are in f32 and in the order of the kernels, so that
    /// both mean the same h where rounding decides about a tie.
    fn encode(&self, h: &mut [f64; 1 << MAX_COMPONENTS], logit: impl Fn(usize) -> f32) {
        h[0] = 1.0;
        for a in 0..self.components {
            let x = f64::from(logit(a));
            let (down, up) = match self.encoder {
                Encoder::Sign if x == 0.0 => (0.5, 0.5),
                Encoder::Sign if x > 0.0 => (0.0, 1.0),
                Encoder::Sign => (1.0, 0.0),
                // `Continuous` was refused at the door.
                Encoder::Sigmoid | Encoder::Continuous => {
                    (1.0 / (1.0 + exp64(x)), 1.0 / (1.0 + exp64(-x)))
                }
            };
            let (low, high) = h.split_at_mut(1 << a);
            for (low, high) in low.iter_mut().zip(high) {
                *high = *low * up;
                *low *= down;
            }
        }
    }
}

/// Exact informations, in nats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Information {
    /// I(V:E), what the whole block knows of the environment.
    pub block: f64,
    /// I(H:E), what the filter keeps of it.
    pub filtered: Option<f64>,
    /// What InfoNCE with the best critic is on average below I(H:E) at the batch of
    /// [`Filter::at_batch`]; none without one, and where h is continuous.
    pub deficit: Option<f64>,
}

/// Numbers of scratch: a row w(v, ·), the sums w(e), and w(h, e).
pub(super) const fn scratch_len(boundary: usize, components: usize) -> usize {
    let table = if components == 0 { 0 } else { 1 << components };
    (2 + table) << boundary
}

/// What is made of the weights of a block of `spins` spins about a boundary of `boundary` spins.
pub(super) trait Reader {
    /// It.
    type Answer;

    /// `rows()` starts over: each call of what it returns fills a row with w(v, e) for all e and
    /// returns v, once for every v whose last spin is down.
    fn read<R: FnMut(&mut [f64]) -> u32>(
        self,
        spins: usize,
        boundary: usize,
        rows: impl Fn() -> R,
    ) -> Self::Answer;
}

/// The informations, with a scratch of [`scratch_len`].
pub(super) struct Ask<'a, 'f> {
    pub(super) filter: Option<&'a Filter<'f>>,
    pub(super) scratch: &'a mut [f64],
}

impl Reader for Ask<'_, '_> {
    type Answer = Information;

    fn read<R: FnMut(&mut [f64]) -> u32>(
        self,
        spins: usize,
        boundary: usize,
        rows: impl Fn() -> R,
    ) -> Information {
        let Ask { filter, scratch } = self;
        let (half, states) = (1u32 << (spins - 1), 1usize << boundary);
        let (row, scratch) = scratch.split_at_mut(states);
        let (w_e, w_he) = scratch.split_at_mut(states);
        w_e.fill(0.0);
        w_he.fill(0.0);

        let mut next = rows();
        for _ in 0..half {
            let v = next(row);
            add(w_e, 1.0, row);
            if let Some(filter) = filter {
                share_out(filter, spins, v, row, w_he);
            }
        }
        // Complementing all bits of an index reverses the order.
        add_mirror(w_e);
        add_mirror(w_he);
        let z: f64 = w_e.iter().sum();

        let mut block = 0.0;
        let mut next = rows();
        for _ in 0..half {
            next(row);
            block += 2.0 * divergence(row, w_e, z);
        }
        let deficit = filter.and_then(Filter::batch).map(|batch| {
            let mut law = [0.0; 1 << MAX_COMPONENTS];
            let mut values = 0;
            for (p, row) in law.iter_mut().zip(w_he.chunks_exact(states)) {
                *p = row.iter().sum::<f64>() / z;
                values += 1;
            }
            // A column and its mirror image have the same.
            let columns = w_e[..states / 2].iter().enumerate();
            let deficit = columns.map(|(e, w_e)| {
                let joint = w_he.chunks_exact(states).map(|row| row[e] / z);
                infonce::deficit(batch, w_e / z, joint, &law[..values])
            });
            nonnegative(2.0 * deficit.sum::<f64>())
        });
        Information {
            block: nonnegative(block),
            filtered: filter.map(|_| kept(w_he, w_e, z)),
            deficit,
        }
    }
}

/// All weights w(v, e) with the last spin of v down, to judge many filters.
pub(super) struct Table<'s> {
    spins: usize,
    states: usize,
    z: f64,
    weights: &'s mut [f64],
    w_e: &'s mut [f64],
    w_he: &'s mut [f64],
}

impl<'s> Table<'s> {
    /// Numbers of scratch.
    pub(super) const fn len(spins: usize, boundary: usize, components: usize) -> usize {
        ((1 << (spins - 1)) + 1 + (1 << components)) << boundary
    }

    /// One with nothing in it, for filters of as many components as the scratch is for.
    pub(super) fn new(spins: usize, boundary: usize, scratch: &'s mut [f64]) -> Self {
        let states = 1 << boundary;
        let (weights, scratch) = scratch.split_at_mut(states << (spins - 1));
        let (w_e, w_he) = scratch.split_at_mut(states);
        Table {
            spins,
            states,
            z: 0.0,
            weights,
            w_e,
            w_he,
        }
    }

    /// Additions that judging a filter takes, about: a logarithm is some sixteen.
    pub(super) fn cost(&self, components: usize) -> u64 {
        let logits = (self.weights.len() / self.states) * self.spins * components;
        (self.weights.len() + 2 * logits + ((16 * self.states) << components)) as u64
    }

    /// I(H:E) of a filter.
    pub(super) fn kept(&mut self, filter: &Filter<'_>) -> f64 {
        self.w_he.fill(0.0);
        for (v, row) in (0..).zip(self.weights.chunks_exact(self.states)) {
            share_out(filter, self.spins, v, row, self.w_he);
        }
        add_mirror(self.w_he);
        kept(self.w_he, self.w_e, self.z)
    }
}

impl Reader for &mut Table<'_> {
    type Answer = ();

    fn read<R: FnMut(&mut [f64]) -> u32>(self, _: usize, _: usize, rows: impl Fn() -> R) {
        self.w_e.fill(0.0);
        let mut next = rows();
        // The sums over v hold each row until it is known where it goes.
        let row = &mut self.w_he[..self.states];
        for _ in 0..self.weights.len() / self.states {
            let v = next(row) as usize;
            add(self.w_e, 1.0, row);
            self.weights[v * self.states..][..self.states].copy_from_slice(row);
        }
        add_mirror(self.w_e);
        self.z = self.w_e.iter().sum();
    }
}

/// Adds a row w(v, ·) to those of every h, by P(h|v).
fn share_out(filter: &Filter<'_>, spins: usize, v: u32, row: &[f64], w_he: &mut [f64]) {
    let mut encoded = [0.0; 1 << MAX_COMPONENTS];
    let sign = |i: usize| (i, if v >> i & 1 != 0 { 1.0 } else { -1.0 });
    filter.encode_signs((0..spins).map(sign), 0.0, &mut encoded);
    for (w_e, p) in w_he.chunks_exact_mut(row.len()).zip(encoded) {
        if p > 0.0 {
            add(w_e, p, row);
        }
    }
}

/// I(H:E) from w(h, e).
fn kept(w_he: &[f64], w_e: &[f64], z: f64) -> f64 {
    let rows = w_he.chunks_exact(w_e.len());
    nonnegative(rows.map(|row| divergence(row, w_e, z)).sum())
}

/// Σ_e w(v,e)/Z ln [w(v,e) Z / (w(v) w(e))] of one row.
fn divergence(row: &[f64], w_e: &[f64], z: f64) -> f64 {
    let w_v: f64 = row.iter().sum();
    let term = |(w, w_e): (&f64, &f64)| {
        // The grouping keeps both ratios in range.
        if *w > NEGLIGIBLE * z {
            w / z * ln64((w / w_v) * (z / w_e))
        } else {
            0.0
        }
    };
    row.iter().zip(w_e).map(term).sum()
}

/// Informations are not negative; their rounding errors may be.
pub(super) fn nonnegative(x: f64) -> f64 {
    if x > 0.0 { x } else { 0.0 }
}

fn add(to: &mut [f64], factor: f64, from: &[f64]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += factor * from;
    }
}

/// Adds to each number the one as far from the other end.
fn add_mirror(table: &mut [f64]) {
    let (low, high) = table.split_at_mut(table.len() / 2);
    for (low, high) in low.iter_mut().zip(high.iter_mut().rev()) {
        *low += *high;
        *high = *low;
    }
}
