//! The filter that keeps the most: the largest I(H:E) of all h = sign(Λ·v) on a block.
//!
//! # Which filters there are
//! Λ only matters by the signs that it gives. A tie, Λ·v = 0, is a fair coin, and coins never help:
//! with a small δ, h = sign((Λ ± δ)·v) have opposite signs where Λ ties and are alike elsewhere, the
//! coin is their mean, and I(H:E) is convex in P(h|v) (Cover and Thomas, theorem 2.7.4). For several
//! components this holds for one after the other. What is left are the self-dual threshold functions,
//! 1, 2, 7, 52 and 941 of 1 to 5 spins up to the sign of h, and integer weights of up to 3 make all
//! of them (Muroga, Threshold Logic and Its Applications, 1971).
//!
//! # Search
//! Where these functions, and their choices for C components, are few enough all are tried. Else the
//! weights climb from many starts, one at a time by steps that halve: then a filter may have been
//! missed.

use super::infonce::MAX_COMPONENTS;
use super::information::{Filter, Table};
use super::{Encoder, ExactError, Partition, take};
use crate::num::rng::{Purpose, Stream};

/// Most sites of a block whose functions are all tried.
pub const EXHAUSTIVE_SITES: usize = 5;

/// Most sites of a block whose best filter is searched for.
pub const SEARCH_SITES: usize = 16;

/// Self-dual threshold functions of that many spins, up to the sign.
const FUNCTIONS: usize = 941;

/// The largest integer weight, and the largest sum of all magnitudes.
const LARGEST: i8 = 3;
const LARGEST_SUM: u32 = 9;

/// Additions that an exhaustive search, and one from many starts, may take: some seconds.
const WORK: u64 = 1 << 32;

/// Starts of a local search, and the fewest filters that it tries whatever they take.
const STARTS: u64 = 64;
const FEWEST: u64 = 400;

/// The last of the halved steps; the first is 1.
const LAST_STEP: f32 = 0.125;

/// Gains below this one are rounding.
const GAIN: f64 = 1e-13;

/// How a filter was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// All that there are were tried.
    Exhaustive,
    /// Weights climbed from many starts.
    Local,
}

/// The best filter of a block. Its weights are where the caller wanted them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    /// I(H:E) with h = sign(Λ·v), in nats.
    pub filtered: f64,
    /// Whether a better one is ruled out.
    pub search: Search,
    /// Filters that were tried.
    pub tried: u64,
}

/// Numbers of scratch: w(v, e) with the last spin down, and what judging a filter takes.
pub(super) fn scratch_len(
    partition: &Partition,
    boundary: usize,
    components: usize,
) -> Result<usize, ExactError> {
    if components == 0 || components > MAX_COMPONENTS {
        return Err(ExactError::Components(components));
    }
    match partition.block_sites() {
        n if n > SEARCH_SITES => Err(ExactError::BestBlock(n)),
        n => Ok(Table::len(n, boundary, components)),
    }
}

/// A self-dual threshold function, by weights that make it.
#[derive(Clone, Copy)]
struct Function {
    weights: [i8; EXHAUSTIVE_SITES],
}

/// All of `sites` spins, up to the sign, those of small weights first.
fn functions(sites: usize, found: &mut [Function; FUNCTIONS]) -> usize {
    let half = 1u32 << (sites - 1);
    let (mut count, mut seen) = (0, [0u64; 1 << 10]);
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
                if seen[word] & bit == 0 && count < FUNCTIONS {
                    seen[word] |= bit;
                    found[count] = Function { weights };
                    count += 1;
                }
            }
            // Count on, the first digit fastest.
            let Some(at) = weights[..sites].iter().position(|w| *w < LARGEST) else {
                break;
            };
            weights[..at].fill(-LARGEST);
            weights[at] += 1;
        }
    }
    count
}

/// Choices of `components` among `count` functions, in any order and with repeats.
fn choices(count: usize, components: usize) -> u64 {
    (0..components as u64).fold(1u64, |all, i| {
        all.saturating_mul(count as u64 + i) / (i + 1)
    })
}

/// Tries filters.
struct Trial<'t, 's> {
    table: &'t mut Table<'s>,
    components: usize,
    tried: u64,
}

impl Trial<'_, '_> {
    /// I(H:E) of a filter, none if it is no filter.
    fn kept(&mut self, weights: &[f32]) -> Result<f64, ExactError> {
        self.tried += 1;
        let filter = Filter::new(weights, self.components, Encoder::Sign)?;
        Ok(self.table.kept(&filter))
    }
}

/// The best filter on the block of a table, its weights site by site, component fastest.
pub(super) fn best(
    table: &mut Table<'_>,
    sites: usize,
    components: usize,
    weights: &mut [f32],
) -> Result<Best, ExactError> {
    let expected = sites * components;
    let given = weights.len();
    if given != expected {
        return Err(ExactError::Filter {
            weights: given,
            expected,
        });
    }
    let cost = table.cost(components);
    let mut trial = Trial {
        table,
        components,
        tried: 0,
    };
    let none = [0; EXHAUSTIVE_SITES];
    let mut found = [Function { weights: none }; FUNCTIONS];
    if sites <= EXHAUSTIVE_SITES {
        let count = functions(sites, &mut found);
        if choices(count, components).saturating_mul(cost) <= WORK {
            return exhaustive(&mut trial, &found[..count], weights);
        }
    }
    local(&mut trial, cost, sites, weights)
}

fn exhaustive(
    trial: &mut Trial<'_, '_>,
    functions: &[Function],
    weights: &mut [f32],
) -> Result<Best, ExactError> {
    let components = trial.components;
    let mut chosen = [0; MAX_COMPONENTS];
    let chosen = &mut chosen[..components];
    let set = |chosen: &[usize], weights: &mut [f32]| {
        for (i, site) in weights.chunks_exact_mut(components).enumerate() {
            for (weight, choice) in site.iter_mut().zip(chosen) {
                *weight = f32::from(functions[*choice].weights[i]);
            }
        }
    };
    let (mut most, mut winner) = (f64::NEG_INFINITY, [0; MAX_COMPONENTS]);
    loop {
        set(chosen, weights);
        let kept = trial.kept(weights)?;
        if kept > most + GAIN {
            most = kept;
            winner[..components].copy_from_slice(chosen);
        }
        // The next choice with ascending numbers.
        let last = functions.len() - 1;
        let Some(at) = chosen.iter().rposition(|choice| *choice < last) else {
            break;
        };
        let next = chosen[at] + 1;
        chosen[at..].fill(next);
    }
    set(&winner[..components], weights);
    Ok(Best {
        filtered: most,
        search: Search::Exhaustive,
        tried: trial.tried,
    })
}

fn local(
    trial: &mut Trial<'_, '_>,
    cost: u64,
    sites: usize,
    weights: &mut [f32],
) -> Result<Best, ExactError> {
    let components = trial.components;
    let budget = (WORK / cost).max(FEWEST);
    let mut current = [0.0f32; SEARCH_SITES * MAX_COMPONENTS];
    let current = &mut current[..weights.len()];
    let mut most = f64::NEG_INFINITY;
    for start in 0..STARTS {
        if trial.tried >= budget {
            break;
        }
        let mut stream = Stream::new(start, 0, Purpose::Parameters);
        for (i, weight) in current.iter_mut().enumerate() {
            let (site, component) = (i / components, i % components);
            // All spins, then one, then at random.
            *weight = match start {
                0 if component == 0 => 1.0,
                0 | 1 => f32::from(u8::from(site == component % sites)),
                _ => stream.normal(),
            };
        }
        let (mut kept, mut step) = (trial.kept(current)?, 1.0f32);
        while step >= LAST_STEP && trial.tried < budget {
            let mut better = false;
            for i in 0..current.len() {
                let before = current[i];
                for to in [before + step, before - step, -before, 0.0] {
                    let held = current[i];
                    current[i] = to;
                    let found = trial.kept(current)?;
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
            weights.copy_from_slice(current);
        }
    }
    Ok(Best {
        filtered: most,
        search: Search::Local,
        tried: trial.tried,
    })
}

/// A table over scratch of the caller's, if there is enough.
pub(super) fn table<'s>(
    partition: &Partition,
    boundary: usize,
    components: usize,
    scratch: &'s mut [f64],
) -> Result<Table<'s>, ExactError> {
    let needed = scratch_len(partition, boundary, components)?;
    let scratch = take(scratch, needed)?;
    Ok(Table::new(partition.block_sites(), boundary, scratch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_functions_as_are_known() {
        let mut found = [Function { weights: [0; 5] }; FUNCTIONS];
        let counts = [1, 2, 3, 4, 5].map(|sites| functions(sites, &mut found));
        // Half of the threshold functions of one variable less: 2, 4, 14, 104, 1882 (OEIS A000609).
        assert_eq!(counts, [1, 2, 7, 52, 941]);
        assert_eq!(
            (choices(7, 1), choices(7, 2), choices(52, 3)),
            (7, 28, 24_804)
        );
    }
}
