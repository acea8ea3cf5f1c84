//! The filter with the largest I(H:E) of all h = sign(Λ·v) on a block.
//!
//! # The space of filters
//! Λ only matters through the signs that it gives. A tie, Λ·v = 0, is broken by a fair coin, and that
//! never helps: for small δ, h = sign((Λ ± δ)·v) have opposite signs where Λ ties and agree elsewhere,
//! the coin is their mean, and I(H:E) is convex in P(h|v) (Cover and Thomas, theorem 2.7.4). For several
//! components this holds one after the other. What remains are the self-dual threshold functions: up to
//! the sign of h there are 1, 2, 7, 52 and 941 of 1 to 5 spins, and integer weights of up to 3 make all
//! of them (Muroga, Threshold Logic and Its Applications, 1971).
//!
//! # Search
//! All combinations of these functions for C components are tried where they are few enough. Otherwise a
//! local search starts from many points and changes one weight at a time, by steps that are halved; it
//! may miss the optimum.

use std::fmt;

use blockspin_core::num::rng::{Purpose, Stream};

use crate::filter::{Encoder, Filter, MAX_COMPONENTS};
use crate::spin_weights::{FilterTable, SpinWeights};

/// Most sites of a block for which all threshold functions are tried.
pub const EXHAUSTIVE_SITES: usize = 5;

/// Most sites of a block whose optimal filter is searched for.
pub const MAX_BLOCK_SITES: usize = 16;

/// Why no optimal filter is searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptimalFilterError {
    /// The number of components is 0 or above [`MAX_COMPONENTS`].
    Components(usize),
    /// The block has more than [`MAX_BLOCK_SITES`] sites.
    Block(usize),
}

impl fmt::Display for OptimalFilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Components(n) => write!(
                f,
                "a filter of {n} components; it has 1 to {MAX_COMPONENTS}"
            ),
            Self::Block(n) => write!(
                f,
                "the best filter of a block of {n} sites; it is searched for on up to \
                 {MAX_BLOCK_SITES}"
            ),
        }
    }
}

impl std::error::Error for OptimalFilterError {}

/// Self-dual threshold functions of [`EXHAUSTIVE_SITES`] spins, up to the sign.
const FUNCTIONS: usize = 941;

/// The largest integer weight, and the largest sum of all magnitudes.
const LARGEST: i8 = 3;
const LARGEST_SUM: u32 = 9;

/// Most additions of an exhaustive search, and of a local search: some seconds.
const WORK: u64 = 1 << 32;

/// Starts of a local search, and the fewest filters that it tries at any cost.
const STARTS: u64 = 64;
const FEWEST: u64 = 400;

/// The last of the halved steps; the first is 1.
const LAST_STEP: f32 = 0.125;

/// Gains below this are rounding errors.
const GAIN: f64 = 1e-13;

/// How an optimal filter was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// All filters were tried: no other is better.
    Exhaustive,
    /// A local search from many starts: a better filter may have been missed.
    Local,
}

/// The filter of a block with the largest I(H:E) for h = sign(Λ·v).
#[derive(Clone, Debug, PartialEq)]
pub struct OptimalFilter {
    /// Λ, site by site in C order, the component fastest.
    pub weights: Vec<f32>,
    /// Number of components C.
    pub components: usize,
    /// I(H:E), in nats.
    pub information: f64,
    /// How the filter was found.
    pub search: Search,
    /// Number of filters that were tried.
    pub tried: u64,
}

impl OptimalFilter {
    /// The filter, with the sign encoder.
    #[must_use]
    pub fn filter(&self) -> Filter<'_> {
        Filter::unchecked(&self.weights, self.components, Encoder::Sign)
    }
}

/// Memory that the search needs in bytes, if block and number of components are within the limits.
pub(crate) fn bytes(
    block_sites: usize,
    boundary: usize,
    components: usize,
) -> Result<u64, OptimalFilterError> {
    if components == 0 || components > MAX_COMPONENTS {
        return Err(OptimalFilterError::Components(components));
    }
    match block_sites {
        n if n > MAX_BLOCK_SITES => Err(OptimalFilterError::Block(n)),
        n => Ok(size_of::<f64>() as u64 * FilterTable::len(n, boundary, components) as u64),
    }
}

/// A self-dual threshold function, given by weights that produce it.
#[derive(Clone, Copy)]
struct Function {
    weights: [i8; EXHAUSTIVE_SITES],
}

/// All functions of `sites` spins, up to the sign, those of small weights first.
fn functions(sites: usize) -> Vec<Function> {
    let half = 1u32 << (sites - 1);
    let (mut found, mut seen) = (Vec::with_capacity(FUNCTIONS), [0u64; 1 << 10]);
    for sum in (1..=LARGEST_SUM).step_by(2) {
        let mut weights = [0; EXHAUSTIVE_SITES];
        weights[..sites].fill(-LARGEST);
        loop {
            // An odd sum never ties.
            let all: u32 = weights.iter().map(|w| u32::from(w.unsigned_abs())).sum();
            let positive = weights.iter().find(|w| **w != 0).is_some_and(|w| *w > 0);
            if all == sum && positive {
                let sign = |v: u32| {
                    let spin = |i: usize| if v >> i & 1 != 0 { 1 } else { -1 };
                    let terms = weights.iter().enumerate();
                    terms.map(|(i, w)| w * spin(i)).sum::<i8>() > 0
                };
                let signs = (0..half).fold(0u32, |bits, v| bits | u32::from(sign(v)) << v);
                let others = !signs & (((1u64 << half) - 1) as u32);
                let least = signs.min(others);
                let (word, bit) = ((least / 64) as usize, 1u64 << (least % 64));
                if seen[word] & bit == 0 {
                    seen[word] |= bit;
                    found.push(Function { weights });
                }
            }
            // Next weights, the first one changing fastest.
            let Some(at) = weights[..sites].iter().position(|w| *w < LARGEST) else {
                break;
            };
            weights[..at].fill(-LARGEST);
            weights[at] += 1;
        }
    }
    found
}

/// Number of multisets of `components` out of `count` functions.
fn choices(count: usize, components: usize) -> u64 {
    (0..components as u64).fold(1u64, |all, i| {
        all.saturating_mul(count as u64 + i) / (i + 1)
    })
}

/// Evaluates candidate filters.
struct Trial {
    table: FilterTable,
    sites: usize,
    components: usize,
    tried: u64,
}

impl Trial {
    /// I(H:E) of the filter with these weights.
    fn information(&mut self, weights: &[f32]) -> f64 {
        self.tried += 1;
        let filter = Filter::unchecked(weights, self.components, Encoder::Sign);
        self.table.information(&filter)
    }

    fn result(self, weights: Vec<f32>, information: f64, search: Search) -> OptimalFilter {
        OptimalFilter {
            weights,
            components: self.components,
            information,
            search,
            tried: self.tried,
        }
    }
}

/// The optimal filter of a block that [`bytes`] has accepted.
pub(crate) fn search(weights: &dyn SpinWeights, components: usize) -> OptimalFilter {
    let sites = weights.block();
    let table = FilterTable::new(weights, components);
    let cost = table.cost(components);
    let trial = Trial {
        table,
        sites,
        components,
        tried: 0,
    };
    if sites <= EXHAUSTIVE_SITES {
        let functions = functions(sites);
        if choices(functions.len(), components).saturating_mul(cost) <= WORK {
            return exhaustive(trial, &functions);
        }
    }
    local(trial, cost)
}

fn exhaustive(mut trial: Trial, functions: &[Function]) -> OptimalFilter {
    let components = trial.components;
    let mut weights = vec![0.0; trial.sites * components];
    let set = |chosen: &[usize], weights: &mut [f32]| {
        for (i, site) in weights.chunks_exact_mut(components).enumerate() {
            for (weight, choice) in site.iter_mut().zip(chosen) {
                *weight = f32::from(functions[*choice].weights[i]);
            }
        }
    };
    let mut chosen = vec![0; components];
    let (mut most, mut winner) = (f64::NEG_INFINITY, chosen.clone());
    loop {
        set(&chosen, &mut weights);
        let found = trial.information(&weights);
        if found > most + GAIN {
            most = found;
            winner.copy_from_slice(&chosen);
        }
        // The next multiset in ascending order.
        let last = functions.len() - 1;
        let Some(at) = chosen.iter().rposition(|choice| *choice < last) else {
            break;
        };
        let next = chosen[at] + 1;
        chosen[at..].fill(next);
    }
    set(&winner, &mut weights);
    trial.result(weights, most, Search::Exhaustive)
}

fn local(mut trial: Trial, cost: u64) -> OptimalFilter {
    let (sites, components) = (trial.sites, trial.components);
    let budget = (WORK / cost).max(FEWEST);
    let mut weights = vec![0.0f32; sites * components];
    let mut current = weights.clone();
    let mut most = f64::NEG_INFINITY;
    for start in 0..STARTS {
        if trial.tried >= budget {
            break;
        }
        let mut stream = Stream::new(start, 0, Purpose::Parameters);
        for (i, weight) in current.iter_mut().enumerate() {
            let (site, component) = (i / components, i % components);
            // Starts: all spins, a single spin, then random weights.
            *weight = match start {
                0 if component == 0 => 1.0,
                0 | 1 => f32::from(u8::from(site == component % sites)),
                _ => stream.normal(),
            };
        }
        let (mut kept, mut step) = (trial.information(&current), 1.0f32);
        while step >= LAST_STEP && trial.tried < budget {
            let mut better = false;
            for i in 0..current.len() {
                let before = current[i];
                for to in [before + step, before - step, -before, 0.0] {
                    let held = current[i];
                    current[i] = to;
                    let found = trial.information(&current);
                    if found > kept + GAIN {
                        kept = found;
                        better = true;
                    } else {
                        current[i] = held;
                    }
                }
            }
            if !better {
                step *= 0.5;
            }
        }
        if kept > most + GAIN {
            most = kept;
            weights.copy_from_slice(&current);
        }
    }
    trial.result(weights, most, Search::Local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_as_many_as_in_the_literature() {
        let counts = [1, 2, 3, 4, 5].map(|sites| functions(sites).len());
        // Half of the threshold functions of one variable less: 2, 4, 14, 104, 1882 (OEIS A000609).
        assert_eq!(counts, [1, 2, 7, 52, 941]);
        assert_eq!(
            (choices(7, 1), choices(7, 2), choices(52, 3)),
            (7, 28, 24_804)
        );
    }
}
