//! Configurations that occur more than once in a file, exactly or shifted along periodic axes.
//!
//! A configuration that stands both in the training part and in the held-out part lets a critic look up
//! what it is to predict. Files with copies (resampled with replacement, concatenated, augmented by
//! translations) are therefore reduced to the first occurrence of each configuration. A small or ordered
//! system visits the same states again by itself; then the numbers of occurrences are broadly
//! distributed, or all states that there are occur, and nothing is left out.

use std::collections::HashMap;

use blockspin_core::num::bits;

use super::{Data, Kind};
use crate::error::Result;

/// Values up to which every configuration is compared; of a larger file some, evenly spread, and all
/// only if some of those are equal.
const VALUES: usize = 1 << 26;
/// Distinct values up to which the states of a system can be counted.
const LEVELS: usize = 64;
/// Values that the share of each distinct one is taken from.
const LEVEL_VALUES: usize = 1 << 16;
/// Ratio of the observed variance of the numbers of occurrences and that of equally probable
/// configurations, above which they are broadly distributed; and the same in standard deviations.
const BROAD: f64 = 1.5;
const CERTAIN: f64 = 4.0;
/// Most copies of one configuration that a peak in the numbers of occurrences is looked for at.
const MOST_COPIES: u32 = 16;
/// Bits by which the number of states that seem to exist may be below that of independent values.
const SATURATED: f64 = 2.0;

/// Configurations that occur more than once.
#[derive(Clone, Debug, PartialEq)]
pub struct Repeats {
    /// Different configurations, among those that were compared.
    pub different: usize,
    /// Configurations that repeat an earlier one that is not their predecessor.
    pub repeated: usize,
    /// Indices of those that are used, in order: the first occurrence of each; none: all.
    pub kept: Option<Vec<usize>>,
    /// A hash of the configurations that were compared, in their order.
    pub content: u64,
}

impl Repeats {
    /// Compares configurations, with their translations where they are on a lattice.
    ///
    /// # Errors
    /// From reading the file.
    pub fn find(data: &Data, lattice: bool) -> Result<Self> {
        let n = data.configurations();
        let most = (VALUES / data.sites()).clamp(1, n);
        let mut hashes = hashes_of(data, lattice, (0..most).map(|k| k * (n / most)))?;
        let mut visits = Visits::of(&hashes);
        if most < n && visits.repeated() > 0 {
            hashes = hashes_of(data, lattice, 0..n)?;
            visits = Visits::of(&hashes);
        }
        let content = hashes
            .iter()
            .fold(0, |sum, hash| mix(sum ^ hash.unwrap_or(1)));
        let repeated = visits.repeated();
        let different = visits.counts.len();
        let natural = repeated == 0 || visits.are_natural(states(data)?);
        Ok(Repeats {
            different,
            repeated,
            kept: (!natural).then_some(visits.firsts),
            content,
        })
    }
}

/// How often each configuration is visited: successive equal ones are one visit, since a slow chain stays
/// where it is.
struct Visits {
    counts: Vec<u32>,
    all: usize,
    /// Configurations of the first visit to each.
    firsts: Vec<usize>,
}

impl Visits {
    /// Of hashes; a configuration without one has no values, and is like no other.
    fn of(hashes: &[Option<u64>]) -> Self {
        let mut number: HashMap<u64, usize> = HashMap::with_capacity(hashes.len());
        let mut visits = Visits {
            counts: vec![],
            all: 0,
            firsts: vec![],
        };
        let mut before = None;
        for (i, hash) in hashes.iter().enumerate() {
            let Some(hash) = hash else {
                visits.firsts.push(i);
                continue;
            };
            let known = visits.counts.len();
            let at = *number.entry(*hash).or_insert(known);
            let stays = before == Some(at);
            if at == known {
                visits.counts.push(0);
            }
            if !stays {
                visits.counts[at] += 1;
                visits.all += 1;
            }
            if visits.counts[at] == 1 {
                visits.firsts.push(i);
            }
            before = Some(at);
        }
        visits
    }

    fn repeated(&self) -> usize {
        self.all - self.counts.len()
    }

    /// Whether a system with so many states, in bits (none: a continuum), repeats itself in this way.
    fn are_natural(&self, states: Option<f64>) -> bool {
        let Some(bits) = states else {
            return false;
        };
        let (different, all) = (self.counts.len() as f64, self.all as f64);
        let mean = all / different;
        // Numbers of visits to equally probable states follow Poisson's law without 0; its rate.
        let (mut low, mut high) = (0.0, mean);
        for _ in 0..60 {
            let rate = 0.5 * (low + high);
            match rate > mean * -f64::exp_m1(-rate) {
                true => high = rate,
                false => low = rate,
            }
        }
        let rate = 0.5 * (low + high);
        let exist = different / -(-rate).exp_m1();
        if exist.log2() > bits - SATURATED {
            return true;
        }
        let variance = mean * (1.0 + rate - mean);
        let squares = self.counts.iter().map(|c| (f64::from(*c) - mean).powi(2));
        let excess = squares.sum::<f64>() - BROAD * variance * different;
        // Fourth central moment of Poisson's law, about.
        let error = ((variance + 3.0 * variance * variance) * different).sqrt();
        let count = |k: u32| self.counts.iter().filter(|c| **c == k).count() as f64;
        // Where states are rarer and rarer what occurs once is the most frequent kind: a file of such
        // states that was drawn from again, or copied, has more of another.
        let once = count(1);
        let copied = (2..=MOST_COPIES).any(|k| {
            let count = count(k);
            count - once > CERTAIN * (count + once + 1.0).sqrt()
        });
        let divisor = self.counts.iter().fold(0, |a, b| divisor(a, *b));
        excess > CERTAIN * error && !copied && divisor == 1
    }
}

/// Greatest common divisor.
fn divisor(a: u32, b: u32) -> u32 {
    match a {
        0 => b,
        _ => divisor(b % a, a),
    }
}

/// Number of states of a configuration with independent values up to translations, in bits; none, if values
/// are continuous.
fn states(data: &Data) -> Result<Option<f64>> {
    let sites = data.sites() as f64;
    let of_site = match data.kind() {
        Kind::Signs { .. } => 1.0,
        Kind::Reals { .. } => {
            let mut shares: HashMap<u32, f64> = HashMap::new();
            let mut values = vec![0.0; data.sites()];
            let corner = vec![0; data.sides().len()];
            let mut all = 0.0;
            let rows = (LEVEL_VALUES / data.sites()).clamp(1, data.configurations());
            for k in 0..rows {
                let row = k * (data.configurations() / rows);
                data.reals(row, &corner, data.sides(), &mut values)?;
                for value in &values {
                    *shares.entry(value.to_bits()).or_default() += 1.0;
                    all += 1.0;
                }
                if shares.len() > LEVELS {
                    return Ok(None);
                }
            }
            // Sums in an order that does not depend on the map's.
            let mut shares: Vec<f64> = shares.into_values().map(|count| count / all).collect();
            shares.sort_by(f64::total_cmp);
            shares.iter().map(|share| -share * share.log2()).sum()
        }
    };
    Ok(Some((sites * of_site - sites.log2()).max(0.0)))
}

/// None of configurations whose values are all missing.
fn hashes_of(
    data: &Data,
    lattice: bool,
    rows: impl Iterator<Item = usize>,
) -> Result<Vec<Option<u64>>> {
    let sites = data.sites();
    let corner = vec![0; data.sides().len()];
    let row = *data.sides().last().unwrap_or(&1) as usize;
    let (mut words, mut values) = (vec![], vec![]);
    let mut codes = vec![0u32; sites];
    let mut hashes = vec![];
    let is_signs = matches!(data.kind(), Kind::Signs { .. });
    match is_signs {
        true => words = vec![0; bits::words(sites)],
        false => values = vec![0.0; sites],
    }
    for i in rows {
        if is_signs {
            data.signs(i, &corner, data.sides(), &mut words)?;
            // Each site with those before it along the last axis.
            for (first, codes) in (0..).step_by(row).zip(codes.chunks_exact_mut(row)) {
                let bit = |k: usize| words[(first + k) / 32] >> ((first + k) % 32) & 1;
                let begin = row.saturating_sub(32);
                let mut run = (begin..row).fold(0, |run, k| run << 1 | bit(k));
                for (k, code) in codes.iter_mut().enumerate() {
                    run = run << 1 | bit(k);
                    // Of a row that is shorter every bit occurs once.
                    *code = if row < 32 { run & bits::mask(row) } else { run };
                }
            }
        } else {
            data.reals(i, &corner, data.sides(), &mut values)?;
            if values.iter().all(|value| value.is_nan()) {
                hashes.push(None);
                continue;
            }
            for (code, value) in codes.iter_mut().zip(&values) {
                *code = value.to_bits();
            }
        }
        hashes.push(Some(match lattice {
            true => invariant(&codes, data.sides(), !is_signs),
            false => (0u64..)
                .zip(&codes)
                .fold(0, |sum, (i, code)| mix(sum ^ i << 32 ^ u64::from(*code))),
        }));
    }
    Ok(hashes)
}

/// A hash of a configuration that all its translations share: a sum over sites of what each sees around
/// it.
fn invariant(codes: &[u32], sides: &[u32], along_rows: bool) -> u64 {
    let mut now: Vec<u64> = codes.iter().map(|code| mix(u64::from(*code))).collect();
    let mut stride = 1;
    for (k, side) in sides.iter().rev().enumerate() {
        let side = *side as usize;
        // Eight sites along a row, as bits have more already, and two along other axes: values may be few.
        let distances = match (k, along_rows) {
            (0, true) => &[1, 2, 4][..],
            (0, false) => &[],
            _ => &[1],
        };
        for distance in distances {
            let period = stride * side;
            let shift = distance % side * stride;
            let mut next = now.clone();
            for (next, now) in next.chunks_exact_mut(period).zip(now.chunks_exact(period)) {
                let (rest, wrapped) = next.split_at_mut(period - shift);
                for (to, from) in rest.iter_mut().zip(&now[shift..]) {
                    *to = mix(to.rotate_left(21) ^ from);
                }
                for (to, from) in wrapped.iter_mut().zip(now) {
                    *to = mix(to.rotate_left(21) ^ from);
                }
            }
            now = next;
        }
        stride *= side;
    }
    now.iter().fold(0, |sum: u64, x| sum.wrapping_add(*x))
}

/// The finaliser of SplitMix64.
#[inline(always)]
fn mix(x: u64) -> u64 {
    let x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use blockspin_core::num::rng::{Purpose, Stream};

    fn coins(seed: u64, rows: usize, sites: usize) -> Vec<i8> {
        let mut stream = Stream::new(seed, 0, Purpose::Sample);
        (0..rows * sites)
            .map(|_| if stream.coin() { 1 } else { -1 })
            .collect()
    }

    fn find(shape: &[usize], values: &[i8]) -> Repeats {
        let data = Data::new(shape, values).unwrap();
        Repeats::find(&data, true).unwrap()
    }

    #[test]
    fn rows_drawn_with_replacement() {
        let rows = coins(1, 400, 24);
        let mut stream = Stream::new(2, 0, Purpose::Sample);
        let drawn = (0..4000).flat_map(|_| {
            let i = stream.below(400) as usize;
            rows[24 * i..][..24].to_vec()
        });
        let found = find(&[4000, 24], &drawn.collect::<Vec<_>>());
        let kept = found.kept.unwrap();
        // A row that is drawn twice in succession looks like a slow chain.
        assert!(
            (398..=400).contains(&found.different),
            "{}",
            found.different
        );
        assert!(kept.len() < 420 && kept[0] == 0, "{}", kept.len());
    }

    #[test]
    fn copies_and_translations() {
        let rows = coins(3, 300, 48);
        let six: Vec<i8> = rows.repeat(6);
        assert_eq!(find(&[1800, 6, 8], &six).kept.unwrap().len(), 300);
        // Every configuration of 6 × 8 with its translations by (2, 3).
        let moved = rows
            .chunks_exact(48)
            .flat_map(|row| (0..48).map(|i| row[(i / 8 + 2) % 6 * 8 + (i + 3) % 8]));
        let both: Vec<i8> = rows.iter().copied().chain(moved).collect();
        assert_eq!(find(&[600, 6, 8], &both).kept.unwrap().len(), 300);
    }

    #[test]
    fn few_states_repeat_by_themselves() {
        for (seed, shape) in [(4, &[4000, 8][..]), (5, &[4000, 4, 4]), (6, &[4000, 24])] {
            let sites = shape[1..].iter().product();
            assert!(
                find(shape, &coins(seed, 4000, sites)).kept.is_none(),
                "{shape:?}"
            );
        }
        // Rings with few domain walls: 20 % of all bonds are broken.
        let mut stream = Stream::new(7, 0, Purpose::Sample);
        let walls = (0..3000).flat_map(|_| {
            let mut spin = if stream.coin() { 1 } else { -1 };
            (0..20)
                .map(|_| {
                    if stream.below(5) == 0 {
                        spin = -spin;
                    }
                    spin
                })
                .collect::<Vec<i8>>()
        });
        let found = find(&[3000, 20], &walls.collect::<Vec<_>>());
        assert!(
            found.repeated > 300 && found.kept.is_none(),
            "{}",
            found.repeated
        );
    }

    #[test]
    fn slow_chains_stay_where_they_are() {
        let rows = coins(8, 500, 64);
        let slow: Vec<i8> = rows
            .chunks_exact(64)
            .flat_map(|row| row.repeat(4))
            .collect();
        let found = find(&[2000, 8, 8], &slow);
        assert_eq!(
            (found.different, found.repeated, found.kept),
            (500, 0, None)
        );
    }
}
