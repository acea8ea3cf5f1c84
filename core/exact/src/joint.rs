//! The joint law p(v, e) of block and environment as a value.

use std::fmt;
use std::num::NonZeroU32;
use std::ops::Range;

use blockspin_core::num::math::ln64;

use crate::filter::{Filter, FilterError};
use crate::infonce;
use crate::information::{Information, NEGLIGIBLE, nonnegative, term};

/// Most probabilities p(v, e) of the joint law of a spin system: 12 bytes each, 200 MB.
pub const MAX_ENTRIES: u64 = 1 << 24;

/// The joint law would have more than [`MAX_ENTRIES`] entries.
pub(crate) fn write_too_large(entries: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(
        f,
        "a joint law of {entries} probabilities; it has at most {MAX_ENTRIES}, take a smaller block"
    )
}

/// Largest accepted deviation of Σ_h P(h|v) from 1.
const NORMALISED: f64 = 1e-12;

/// Why there is no joint law.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum JointError {
    /// The weights do not fill rows of equal length.
    Shape {
        /// Number of weights.
        weights: usize,
        /// Number of rows.
        rows: usize,
    },
    /// The weight at this index is negative, infinite or NaN.
    Weight(usize),
    /// The sum of all weights is 0 or overflows.
    Sum(f64),
    /// P(h|v) of this block configuration has a negative term, or does not sum to 1.
    Encoder {
        /// The block configuration v.
        block: usize,
        /// Σ_h P(h|v).
        sum: f64,
    },
}

impl fmt::Display for JointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Shape { weights, rows } => write!(
                f,
                "{weights} weights in {rows} rows; every row has the same number of weights, at \
                 least one"
            ),
            Self::Weight(i) => write!(f, "weight {i} is not a finite number of at least 0"),
            Self::Sum(sum) => write!(
                f,
                "weights that sum to {sum}; the sum is a finite number above 0"
            ),
            Self::Encoder { block, sum } => write!(
                f,
                "an encoder with probabilities that sum to {sum} for block configuration {block}; \
                 they are at least 0 and sum to 1"
            ),
        }
    }
}

impl std::error::Error for JointError {}

/// The kind of block values, which decides how a filter's logits are summed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Values {
    /// ±1 with this mean, which is subtracted before the filter is applied.
    Signs { mean: f32 },
    /// Real numbers of mean 0, one for each site of the block.
    Reals,
}

/// The block's side of a joint law: which sites have values, and their values in each configuration.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Blocks {
    /// Sites of the block, those without a value included.
    pub(crate) block_sites: usize,
    /// The sites that have a value.
    pub(crate) sites: Vec<u32>,
    /// A row of `sites.len()` values for each configuration.
    pub(crate) values: Vec<f32>,
    pub(crate) kind: Values,
}

impl Blocks {
    /// All 2^n configurations of n spins ±1: spin i is up where bit i of the index is set.
    pub(crate) fn spins(n: usize) -> Self {
        let spin = |v: usize, i: usize| if v >> i & 1 != 0 { 1.0 } else { -1.0 };
        Blocks {
            block_sites: n,
            sites: (0..n as u32).collect(),
            values: (0..1 << n)
                .flat_map(|v| (0..n).map(move |i| spin(v, i)))
                .collect(),
            kind: Values::Signs { mean: 0.0 },
        }
    }

    /// States 0, 1, … of a single variable whose value is the index.
    fn states(n: usize) -> Self {
        Blocks {
            block_sites: 1,
            sites: vec![0],
            values: (0..n).map(|v| v as f32).collect(),
            kind: Values::Reals,
        }
    }
}

/// The joint law p(v, e) of the configurations v of a block and the classes e of its environment,
/// normalised to Σ p(v, e) = 1.
///
/// Environment configurations that give the same conditional law of the block may share a class: in a
/// nearest-neighbour model the sites of E next to the buffer stand for all of E. The function that makes
/// the law documents what the index e means. p(v, e) is stored for each class as a list of the block
/// configurations that occur with it, 12 bytes each; absent ones have probability 0.
///
/// [`filtered`](Self::filtered) and [`coarse`](Self::coarse) give the joint law p(h, e) of a coarse
/// variable, which is again a `Joint`, with h in place of v.
#[derive(Clone, Debug, PartialEq)]
pub struct Joint {
    blocks: Blocks,
    columns: Columns,
    block_marginal: Vec<f64>,
    environment_marginal: Vec<f64>,
}

/// The entries p(v, e), grouped by class e, with ascending v.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Columns {
    /// Where the entries of each class end.
    pub(crate) ends: Vec<usize>,
    /// v of each entry.
    pub(crate) blocks: Vec<u32>,
    /// p(v, e) of each entry.
    pub(crate) probabilities: Vec<f64>,
}

impl Columns {
    /// An empty law with memory for the given number of entries.
    pub(crate) fn with_capacity(entries: usize) -> Self {
        Columns {
            ends: vec![],
            blocks: Vec::with_capacity(entries),
            probabilities: Vec::with_capacity(entries),
        }
    }

    /// Adds an entry to the class that the next [`close`](Self::close) ends.
    pub(crate) fn push(&mut self, block: usize, probability: f64) {
        self.blocks.push(block as u32);
        self.probabilities.push(probability);
    }

    /// Ends a class.
    pub(crate) fn close(&mut self) {
        self.ends.push(self.probabilities.len());
    }

    /// Indices of the entries of a class.
    fn range(&self, e: usize) -> Range<usize> {
        let begin = if e == 0 { 0 } else { self.ends[e - 1] };
        begin..self.ends[e]
    }

    /// The entries (v, p(v, e)) of a class.
    fn class(&self, e: usize) -> impl Iterator<Item = (usize, f64)> + Clone + '_ {
        let range = self.range(e);
        let blocks = self.blocks[range.clone()].iter();
        blocks
            .zip(&self.probabilities[range])
            .map(|(v, p)| (*v as usize, *p))
    }
}

impl Joint {
    /// The joint law with weights w(v, e) ≥ 0 from a table with row v and column e, row by row. The
    /// weights need not be normalised. The value of block configuration v is v.
    ///
    /// # Errors
    /// [`JointError::Shape`], [`JointError::Weight`] or [`JointError::Sum`].
    pub fn from_table(rows: usize, weights: &[f64]) -> Result<Self, JointError> {
        if rows == 0 || weights.is_empty() || !weights.len().is_multiple_of(rows) {
            let weights = weights.len();
            return Err(JointError::Shape { weights, rows });
        }
        if let Some(i) = weights.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
            return Err(JointError::Weight(i));
        }
        let sum: f64 = weights.iter().sum();
        if sum == 0.0 || !sum.is_finite() {
            return Err(JointError::Sum(sum));
        }
        let classes = weights.len() / rows;
        let mut columns = Columns::with_capacity(weights.len());
        for e in 0..classes {
            for v in 0..rows {
                columns.push(v, weights[v * classes + e] / sum);
            }
            columns.close();
        }
        Ok(Self::new(Blocks::states(rows), columns))
    }

    /// A joint law from normalised probabilities.
    pub(crate) fn new(blocks: Blocks, columns: Columns) -> Self {
        let configurations = blocks.values.len() / blocks.sites.len();
        let mut block_marginal = vec![0.0; configurations];
        let mut environment_marginal = vec![0.0; columns.ends.len()];
        for (e, p_e) in environment_marginal.iter_mut().enumerate() {
            for (v, p) in columns.class(e) {
                block_marginal[v] += p;
                *p_e += p;
            }
        }
        Self::with_marginals(blocks, columns, block_marginal, environment_marginal)
    }

    /// A joint law from probabilities and their marginals.
    pub(crate) fn with_marginals(
        blocks: Blocks,
        columns: Columns,
        block_marginal: Vec<f64>,
        environment_marginal: Vec<f64>,
    ) -> Self {
        Joint {
            blocks,
            columns,
            block_marginal,
            environment_marginal,
        }
    }

    /// Number of block configurations v.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.block_marginal.len()
    }

    /// Number of environment classes e. A class may have probability 0.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.environment_marginal.len()
    }

    /// Number of stored probabilities p(v, e).
    #[must_use]
    pub fn entries(&self) -> usize {
        self.columns.probabilities.len()
    }

    /// The sites of the block that have values, as indices within the block in C order: all sites for
    /// spins and masses, the links for a doubled lattice. For a coarse variable h, its components.
    #[must_use]
    pub fn sites(&self) -> &[u32] {
        &self.blocks.sites
    }

    /// The values of block configuration v, one for each of the [`sites`](Self::sites): spins ±1,
    /// links ±1 (+1 with a dimer), masses minus their mean.
    ///
    /// # Panics
    /// If there is no such configuration.
    #[must_use]
    pub fn values(&self, v: usize) -> &[f32] {
        let n = self.blocks.sites.len();
        &self.blocks.values[v * n..][..n]
    }

    /// p(v, e), 0 where v does not occur with e.
    ///
    /// # Panics
    /// If there is no such class.
    #[must_use]
    pub fn probability(&self, v: usize, e: usize) -> f64 {
        let range = self.columns.range(e);
        let class = &self.columns.blocks[range.clone()];
        let found = class.binary_search_by(|other| (*other as usize).cmp(&v));
        found.map_or(0.0, |at| self.columns.probabilities[range][at])
    }

    /// The block configurations v that occur with class e, ascending, and p(v, e) of each.
    ///
    /// # Panics
    /// If there is no such class.
    pub fn class(&self, e: usize) -> impl Iterator<Item = (usize, f64)> + Clone + '_ {
        self.columns.class(e)
    }

    /// p(v) of every block configuration.
    #[must_use]
    pub fn block_marginal(&self) -> &[f64] {
        &self.block_marginal
    }

    /// p(e) of every environment class.
    #[must_use]
    pub fn environment_marginal(&self) -> &[f64] {
        &self.environment_marginal
    }

    /// The entropy −Σ p(v, e) ln p(v, e), in nats.
    #[must_use]
    pub fn entropy(&self) -> f64 {
        entropy(&self.columns.probabilities)
    }

    /// The entropy −Σ p(v) ln p(v) of the block, in nats.
    #[must_use]
    pub fn block_entropy(&self) -> f64 {
        entropy(&self.block_marginal)
    }

    /// The entropy −Σ p(e) ln p(e) of the environment classes, in nats. It is below the entropy of E
    /// where configurations of E share a class.
    #[must_use]
    pub fn environment_entropy(&self) -> f64 {
        entropy(&self.environment_marginal)
    }

    /// I(V:E) = Σ p(v, e) ln [p(v, e) / (p(v) p(e))], in nats. Each term is small where the information
    /// is, so the sum keeps digits that a difference of entropies would lose.
    #[must_use]
    pub fn information(&self) -> f64 {
        let mut sum = 0.0;
        for (e, p_e) in self.environment_marginal.iter().enumerate() {
            for (v, p) in self.class(e) {
                sum += term(p, self.block_marginal[v], *p_e);
            }
        }
        nonnegative(sum)
    }

    /// How far InfoNCE with the optimal critic and batches of K pairs stays below
    /// [`information`](Self::information) on average, in nats: see [`infonce`]. It costs several hundred
    /// exponentials per class and block configuration: meant for the law of a coarse h.
    #[must_use]
    pub fn deficit(&self, batch: NonZeroU32) -> f64 {
        let mut column = vec![0.0; self.blocks()];
        let mut sum = 0.0;
        for (e, p_e) in self.environment_marginal.iter().enumerate() {
            column.fill(0.0);
            self.class(e).for_each(|(v, p)| column[v] = p);
            sum += infonce::deficit(batch, *p_e, &column, &self.block_marginal);
        }
        nonnegative(sum)
    }

    /// The joint law p(h, e) = Σ_v P(h|v) p(v, e) of a filter's h. Bit a of the index h is set where
    /// component a is +1; the values of h are ±1.
    ///
    /// # Errors
    /// If the filter does not fit this block: more than [`MAX_COMPONENTS`](crate::MAX_COMPONENTS)
    /// components, a number of weights other than the block's sites times the components, or a
    /// continuous h.
    pub fn filtered(&self, filter: &Filter<'_>) -> Result<Joint, FilterError> {
        filter.fits_binary(self.blocks.block_sites)?;
        let components = filter.components();
        let mut columns = Columns::default();
        let marginal = self.encode(filter, |_, _, p_he| {
            for (h, p) in p_he.iter().enumerate().filter(|(_, p)| **p > 0.0) {
                columns.push(h, *p);
            }
            columns.close();
        });
        let environment = self.environment_marginal.clone();
        let blocks = Blocks::spins(components);
        Ok(Self::with_marginals(blocks, columns, marginal, environment))
    }

    /// The joint law p(h, e) = Σ_v P(h|v) p(v, e) of any coarse variable with the given number of
    /// states. `encoder(v, p)` writes P(h|v) of block configuration v, one number per state h; it is
    /// called once for each v, in ascending order.
    ///
    /// # Errors
    /// [`JointError::Encoder`] where P(h|v) is negative or does not sum to 1, within 1e-12;
    /// [`JointError::Shape`] with 0 states.
    pub fn coarse(
        &self,
        states: usize,
        mut encoder: impl FnMut(usize, &mut [f64]),
    ) -> Result<Joint, JointError> {
        if states == 0 {
            return Err(JointError::Shape {
                weights: 0,
                rows: 0,
            });
        }
        let mut encoded = vec![0.0; self.blocks() * states];
        let mut marginal = vec![0.0; states];
        for (v, p) in encoded.chunks_exact_mut(states).enumerate() {
            encoder(v, p);
            let sum: f64 = p.iter().sum();
            if p.iter().any(|p| *p < 0.0) || sum.is_nan() || (sum - 1.0).abs() > NORMALISED {
                return Err(JointError::Encoder { block: v, sum });
            }
            add(&mut marginal, self.block_marginal[v], p);
        }
        let mut columns = Columns::default();
        let mut p_he = vec![0.0; states];
        for e in 0..self.classes() {
            p_he.fill(0.0);
            for (v, p) in self.class(e) {
                add(&mut p_he, p, &encoded[v * states..][..states]);
            }
            for (h, p) in p_he.iter().enumerate().filter(|(_, p)| **p > 0.0) {
                columns.push(h, *p);
            }
            columns.close();
        }
        let environment = self.environment_marginal.clone();
        let blocks = Blocks::states(states);
        Ok(Self::with_marginals(blocks, columns, marginal, environment))
    }

    /// I(V:E), with a filter I(H:E), and with a batch size also the deficit of InfoNCE, without storing
    /// p(h, e).
    ///
    /// # Errors
    /// Those of [`filtered`](Self::filtered).
    pub fn informations(
        &self,
        filter: Option<&Filter<'_>>,
        batch: Option<NonZeroU32>,
    ) -> Result<Information, FilterError> {
        if let Some(filter) = filter {
            filter.fits_binary(self.blocks.block_sites)?;
        }
        let block = self.information();
        let Some(filter) = filter else {
            return Ok(Information {
                block,
                filtered: None,
                deficit: None,
            });
        };
        let (mut filtered, mut deficit) = (0.0, 0.0);
        self.encode(filter, |e, p_h, p_he| {
            let p_e = self.environment_marginal[e];
            for (p_he, p_h) in p_he.iter().zip(p_h) {
                filtered += term(*p_he, *p_h, p_e);
            }
            if let Some(batch) = batch {
                deficit += infonce::deficit(batch, p_e, p_he, p_h);
            }
        });
        Ok(Information {
            block,
            filtered: Some(nonnegative(filtered)),
            deficit: batch.map(|_| nonnegative(deficit)),
        })
    }

    /// Calls `column(e, p(h), p(h, e))` for every class e, and returns p(h).
    fn encode(
        &self,
        filter: &Filter<'_>,
        mut column: impl FnMut(usize, &[f64], &[f64]),
    ) -> Vec<f64> {
        let states = 1 << filter.components();
        let mut one = vec![0.0; states];
        let mut marginal = vec![0.0; states];
        // P(h|v) is stored where it takes no more memory than p(v, e).
        let kept = self.blocks() * states <= self.entries();
        let mut all = Vec::with_capacity(if kept { self.blocks() * states } else { 0 });
        for (v, p_v) in self.block_marginal.iter().enumerate() {
            self.encode_block(filter, v, &mut one);
            add(&mut marginal, *p_v, &one);
            if kept {
                all.extend_from_slice(&one);
            }
        }
        let mut p_he = vec![0.0; states];
        for e in 0..self.classes() {
            p_he.fill(0.0);
            for (v, p) in self.class(e) {
                if kept {
                    add(&mut p_he, p, &all[v * states..][..states]);
                } else {
                    self.encode_block(filter, v, &mut one);
                    add(&mut p_he, p, &one);
                }
            }
            column(e, &marginal, &p_he);
        }
        marginal
    }

    /// P(h|v) of a filter.
    fn encode_block(&self, filter: &Filter<'_>, v: usize, h: &mut [f64]) {
        let values = self.values(v);
        match self.blocks.kind {
            Values::Signs { mean } => {
                let sites = self.blocks.sites.iter().map(|site| *site as usize);
                filter.encode_signs(sites.zip(values.iter().copied()), mean, h);
            }
            Values::Reals => filter.encode_reals(values, h),
        }
    }
}

/// −Σ p ln p.
fn entropy(law: &[f64]) -> f64 {
    let terms = law.iter().filter(|p| **p > NEGLIGIBLE);
    nonnegative(-terms.map(|p| p * ln64(*p)).sum::<f64>())
}

fn add(to: &mut [f64], factor: f64, from: &[f64]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += factor * from;
    }
}

#[cfg(test)]
mod tests;
