//! Configurations that occur more than once in a file, exactly or shifted along periodic axes.
//!
//! A configuration that stands both in the training part and in the held-out part lets a critic look up
//! what it is to predict. Files with copies (resampled with replacement, concatenated, augmented by
//! translations) are therefore reduced to the first occurrence of each configuration. A small or ordered
//! system visits the same states again by itself; then the numbers of occurrences are broadly
//! distributed, or all states that there are occur, and nothing is left out. Nor is a state among continuous
//! configurations, such as days without rain. Of continuous values, copies
//! with noise are found too, where a gap in the distances tells them from others.

use std::collections::HashMap;

use fnv::FnvHashMap;

use blockspin_core::num::bits;

use super::near::Sketches;
use super::{Data, Kind};
use crate::error::Result;

/// Values up to which every configuration is compared; of a larger file some, evenly spread, and all
/// only if some of those are equal.
const VALUES: usize = 1 << 26;
/// Signs up to which the hash up to translations is as quick as any.
const SMALL: usize = 64;
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
/// Share of the values above which a level is no level, but a continuum with outliers.
const ONE_LEVEL: f64 = 0.9;
/// Share of all visits above which a configuration is a state also among continuous ones.
const COMMON: f64 = 0.02;
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
    /// Root mean square difference of two values up to which configurations count as equal; none: 0.
    pub near: Option<f64>,
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
        let some = (0..most).map(|k| k * (n / most));
        let (mut classes, mut content, sketches) = look(data, lattice, some)?;
        let mut visits = Visits::of(&classes);
        if most < n && visits.repeated() > 0 {
            (classes, content, _) = look(data, lattice, 0..n)?;
            visits = Visits::of(&classes);
        }
        let natural = visits.repeated() == 0 || visits.are_natural(states(data)?);
        let found = Self::of(visits, natural, content);
        // Overlapping parts of one record are close by themselves.
        let sketches = sketches.filter(|_| most == n && data.overlap() == 0);
        let Some((pairs, near)) = sketches.and_then(|sketches| sketches.copies()) else {
            return Ok(found);
        };
        let visits = Visits::of(&joined(&classes, &pairs));
        if visits.repeated() == found.repeated || visits.are_natural(states_apart(data, near)?) {
            return Ok(found);
        }
        Ok(Repeats {
            near: Some(near),
            ..Self::of(visits, false, content)
        })
    }

    fn of(visits: Visits, natural: bool, content: u64) -> Self {
        Repeats {
            different: visits.counts.len(),
            repeated: visits.repeated(),
            kept: (!natural).then_some(visits.firsts),
            near: None,
            content,
        }
    }
}

/// A hash of each of some configurations that equal ones share, a hash of all of them, and of continuous values
/// some of each.
fn look(
    data: &Data,
    lattice: bool,
    rows: impl ExactSizeIterator<Item = usize> + Clone,
) -> Result<(Vec<Option<u64>>, u64, Option<Sketches>)> {
    let mut reader = Reader::new(data);
    let mut sketches = match reader.is_signs {
        true => None,
        false => Sketches::new(rows.len(), data.sites()),
    };
    let mut seen = vec![];
    for row in rows.clone() {
        seen.push(match reader.read(row)? {
            true => Some(reader.look(lattice)),
            false => None,
        });
        if let Some(sketches) = &mut sketches {
            sketches.push(&reader.values);
        }
    }
    let content = seen.iter().fold(0, |sum, seen| {
        mix(sum ^ seen.as_ref().map_or(1, |seen| seen.exact))
    });
    if lattice {
        up_to_translations(&mut reader, rows, &mut seen)?;
    }
    let classes = seen.iter().map(|seen| Some(seen.as_ref()?.class));
    Ok((classes.collect(), content, sketches))
}

/// Classes of configurations, with those of pairs made one.
fn joined(classes: &[Option<u64>], pairs: &[[usize; 2]]) -> Vec<Option<u64>> {
    let mut parent: FnvHashMap<u64, u64> = FnvHashMap::default();
    let root = |parent: &FnvHashMap<u64, u64>, mut class: u64| {
        while let Some(up) = parent.get(&class) {
            class = *up;
        }
        class
    };
    for [i, j] in pairs {
        if let (Some(a), Some(b)) = (classes[*i], classes[*j]) {
            let (a, b) = (root(&parent, a), root(&parent, b));
            if a != b {
                parent.insert(a.max(b), a.min(b));
            }
        }
    }
    let roots = classes.iter().map(|class| Some(root(&parent, (*class)?)));
    roots.collect()
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
        let mut number = FnvHashMap::default();
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
        let (different, all) = (self.counts.len() as f64, self.all as f64);
        let Some(bits) = states else {
            // A day without rain, an empty frame.
            let is_state = |count: &u32| *count == 1 || f64::from(*count) > COMMON * all;
            return self.counts.iter().all(is_state);
        };
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

/// The same where values that differ by no more than `near` are one: their levels are what wider gaps tell
/// apart.
fn states_apart(data: &Data, near: f64) -> Result<Option<f64>> {
    let mut all = vec![];
    let mut values = vec![0.0; data.sites()];
    let rows = (LEVEL_VALUES / data.sites()).clamp(1, data.configurations());
    for k in 0..rows {
        let row = k * (data.configurations() / rows);
        data.reals(row, &vec![0; data.sides().len()], data.sides(), &mut values)?;
        all.extend(values.iter().filter(|x| !x.is_nan()));
    }
    all.sort_by(f32::total_cmp);
    let levels = all.chunk_by(|a, b| f64::from(b - a) <= near);
    let shares: Vec<f64> = levels
        .map(|level| level.len() as f64 / all.len() as f64)
        .collect();
    if shares.len() > LEVELS || shares.iter().any(|share| *share > ONE_LEVEL) {
        return Ok(None);
    }
    let of_site: f64 = shares.iter().map(|share| -share * share.log2()).sum();
    let sites = data.sites() as f64;
    Ok(Some((sites * of_site - sites.log2()).max(0.0)))
}

/// Hashes of a configuration.
struct Seen {
    /// Of its values.
    exact: u64,
    /// What equal ones share, with their translations on a lattice.
    class: u64,
}

/// Where several configurations share an invariant that is quickly found, puts a hash that no other than
/// translations share in its place.
fn up_to_translations(
    reader: &mut Reader,
    rows: impl Iterator<Item = usize>,
    seen: &mut [Option<Seen>],
) -> Result<()> {
    // Of each invariant, the first configuration, and whether there are others.
    let mut first: FnvHashMap<u64, (u64, bool)> = FnvHashMap::default();
    for seen in seen.iter().flatten() {
        let (exact, others) = first.entry(seen.class).or_insert((seen.exact, false));
        *others |= *exact != seen.exact;
    }
    let mut known: FnvHashMap<u64, u64> = FnvHashMap::default();
    for (row, seen) in rows.zip(seen) {
        let Some(seen) = seen.as_mut().filter(|seen| first[&seen.class].1) else {
            continue;
        };
        seen.class = match known.get(&seen.exact) {
            Some(class) => *class,
            None => {
                reader.read(row)?;
                let class = reader.invariant();
                known.insert(seen.exact, class);
                class
            }
        };
    }
    Ok(())
}

/// Reads configurations: signs packed, other values by their bits.
struct Reader<'a> {
    data: &'a Data,
    corner: Vec<u32>,
    is_signs: bool,
    words: Vec<u32>,
    values: Vec<f32>,
}

impl<'a> Reader<'a> {
    fn new(data: &'a Data) -> Self {
        let sites = data.sites();
        let is_signs = matches!(data.kind(), Kind::Signs { .. });
        let (words, values) = match is_signs {
            true => (bits::words(sites), 0),
            false => (sites, sites),
        };
        Reader {
            data,
            corner: vec![0; data.sides().len()],
            is_signs,
            words: vec![0; words],
            values: vec![0.0; values],
        }
    }

    /// False, if all values are missing.
    fn read(&mut self, row: usize) -> Result<bool> {
        let (data, corner) = (self.data, &self.corner[..]);
        if self.is_signs {
            data.signs(row, corner, data.sides(), &mut self.words)?;
            return Ok(true);
        }
        data.reals(row, corner, data.sides(), &mut self.values)?;
        let mut there = false;
        for (word, value) in self.words.iter_mut().zip(&self.values) {
            *word = value.to_bits();
            there |= !value.is_nan();
        }
        Ok(there)
    }

    fn look(&self, lattice: bool) -> Seen {
        let exact = exact(&self.words);
        let class = match (lattice, self.is_signs) {
            (false, _) => exact,
            // Small configurations are many and often equal: each different one is hashed once.
            (true, true) if self.data.sites() <= SMALL => 0,
            (true, true) => self.products_of_signs(),
            (true, false) => self.products_of_values(),
        };
        Seen { exact, class }
    }

    /// Visits the axes: how far apart neighbours are, and the length after which the axis repeats.
    fn axes(&self) -> impl Iterator<Item = (usize, usize)> {
        let mut stride = 1;
        self.data.sides().iter().rev().map(move |side| {
            let this = stride;
            stride *= *side as usize;
            (this, stride)
        })
    }

    /// Numbers of spins up, and of pairs and corners of them, that translations leave as they are.
    fn products_of_signs(&self) -> u64 {
        let sites = self.data.sites();
        let words = &self.words;
        let up = |words: &mut dyn Iterator<Item = u32>| -> u64 {
            words.map(|word| u64::from(word.count_ones())).sum()
        };
        let mut sum = mix(up(&mut words.iter().copied()));
        let (mut one, mut two) = (vec![0; words.len()], vec![0; words.len()]);
        let mut before: Option<Vec<u32>> = None;
        for axis in self.axes() {
            shift(words, sites, axis, &mut one);
            shift(&one, sites, axis, &mut two);
            let pairs = |other: &[u32]| up(&mut words.iter().zip(other).map(|(a, b)| a & b));
            sum = mix(sum ^ pairs(&one) ^ pairs(&two) << 32);
            let corner = match &before {
                Some(before) => {
                    let sites = words.iter().zip(&one).zip(before);
                    up(&mut sites.map(|((a, b), c)| a & (b ^ c)))
                }
                None => up(&mut words
                    .iter()
                    .zip(&one)
                    .zip(&two)
                    .map(|((a, b), c)| a & b & c)),
            };
            sum = mix(sum ^ corner);
            before = Some(one.clone());
        }
        sum
    }

    /// Sums of values, and of products of neighbours, that translations leave as they are; whole numbers,
    /// which add up alike in any order.
    fn products_of_values(&self) -> u64 {
        let words = &self.words;
        let all = words.iter().map(|word| u64::from(*word)).sum::<u64>();
        let mut sum = mix(all ^ products(words, words) << 20);
        for (stride, period) in self.axes() {
            let rows = words.chunks_exact(period);
            let of_axis = rows.fold(0u64, |sum, row| {
                let inside = products(row, &row[stride..]);
                let across = products(&row[period - stride..], row);
                sum.wrapping_add(inside).wrapping_add(across)
            });
            sum = mix(sum ^ of_axis);
        }
        sum
    }

    /// A hash of a configuration that all its translations share: a sum over sites of what each sees around
    /// it.
    fn invariant(&self) -> u64 {
        let sides = self.data.sides();
        let row = *sides.last().unwrap_or(&1) as usize;
        let mut codes;
        let codes = match self.is_signs {
            false => &self.words,
            true => {
                // Each site with those that follow it along the last axis; of a row that is shorter than a
                // word every bit occurs once.
                let length = row.min(bits::WORD);
                let mut around = vec![0; bits::words(row + length)];
                codes = vec![0; self.data.sites()];
                for (first, codes) in (0..).step_by(row).zip(codes.chunks_exact_mut(row)) {
                    let mut writer = bits::Writer::new(&mut around);
                    writer.copy(&self.words, first, row);
                    writer.copy(&self.words, first, length);
                    writer.finish();
                    for (k, code) in codes.iter_mut().enumerate() {
                        *code = bits::extract(&around, k, length);
                    }
                }
                &codes
            }
        };
        let mut now: Vec<u64> = codes.iter().map(|code| mix(u64::from(*code))).collect();
        for (k, (stride, period)) in self.axes().enumerate() {
            // Eight sites along a row, as bits have more already, and two along other axes: values may be
            // few.
            let distances = match (k, self.is_signs) {
                (0, false) => &[1, 2, 4][..],
                (0, true) => &[],
                _ => &[1],
            };
            for distance in distances {
                let shift = distance * stride % period;
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
        }
        now.iter().fold(0, |sum: u64, x| sum.wrapping_add(*x))
    }
}

/// A hash of words in their order, four pairs of which are taken in at a time.
fn exact(words: &[u32]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let step = |hash: u64, [a, b]: [u32; 2]| {
        let product = (hash ^ (u64::from(a) | u64::from(b) << 32)).wrapping_mul(ODD);
        product ^ product >> 32
    };
    let (chunks, rest) = words.as_chunks::<8>();
    let mut hashes = [1, 2, 3, 4];
    for chunk in chunks {
        for (hash, pair) in hashes.iter_mut().zip(chunk.as_chunks().0) {
            *hash = step(*hash, *pair);
        }
    }
    let all = hashes.iter().fold(0, |sum, hash| mix(sum ^ hash));
    rest.iter().fold(all, |sum, word| step(sum, [*word, 0]))
}

/// Σ a b, modulo 2⁶⁴.
fn products(a: &[u32], b: &[u32]) -> u64 {
    let products = a.iter().zip(b).map(|(a, b)| u64::from(*a) * u64::from(*b));
    products.fold(0, u64::wrapping_add)
}

/// Signs moved by one site along an axis, on a torus.
fn shift(from: &[u32], sites: usize, (stride, period): (usize, usize), to: &mut [u32]) {
    let mut writer = bits::Writer::new(to);
    for begin in (0..sites).step_by(period) {
        writer.copy(from, begin + stride, period - stride);
        writer.copy(from, begin, stride);
    }
    writer.finish();
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

    /// What a quick invariant does not tell apart: reflections, and values that have changed places.
    #[test]
    fn others_than_translations_are_no_copies() {
        let mut stream = Stream::new(9, 0, Purpose::Sample);
        for levels in [2, 3] {
            let rows: Vec<i8> = (0..200 * 120).map(|_| stream.below(levels) as i8).collect();
            let moved = |map: &dyn Fn([usize; 3]) -> [usize; 3]| -> Vec<i8> {
                let rows = rows.chunks_exact(120);
                rows.flat_map(|row| {
                    (0..120).map(|i| {
                        let [z, y, x] = map([i / 30, i / 6 % 5, i % 6]);
                        row[z % 4 * 30 + y % 5 * 6 + x % 6]
                    })
                })
                .collect()
            };
            let count = |other: Vec<i8>| {
                let both: Vec<i8> = rows.iter().copied().chain(other).collect();
                find(&[400, 4, 5, 6], &both).different
            };
            assert_eq!(count(moved(&|[z, y, x]| [z + 1, y + 3, x + 5])), 200);
            assert_eq!(count(moved(&|[z, y, x]| [3 - z, 4 - y, 5 - x])), 400);
            assert_eq!(count(moved(&|[z, y, x]| [z, y, 5 - x])), 400);
            // Along the flat order instead of an axis.
            assert_eq!(count(moved(&|[z, y, x]| [z, y + (x + 1) / 6, x + 1])), 400);
        }
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

    /// Rain on four days of ten at all sites of a row, and nothing at all on others; then rain alone, twice.
    #[test]
    fn a_dry_day_is_a_state() {
        let mut stream = Stream::new(10, 0, Purpose::Sample);
        let rows: Vec<f32> = (0..1000)
            .flat_map(|_| {
                let wet = stream.below(10) < 4;
                let sites = (0..12).map(|_| if wet { stream.normal().abs() } else { 0.0 });
                sites.collect::<Vec<f32>>()
            })
            .collect();
        let data = Data::new(&[1000, 12], &rows).unwrap();
        let found = Repeats::find(&data, false).unwrap();
        assert!(
            found.repeated > 200 && found.kept.is_none(),
            "{}",
            found.repeated
        );
        let wet: Vec<f32> = rows
            .chunks_exact(12)
            .filter(|row| row[0] > 0.0)
            .flatten()
            .copied()
            .collect();
        let n = wet.len() / 12;
        let data = Data::new(&[2 * n, 12], &wet.repeat(2)).unwrap();
        assert_eq!(
            Repeats::find(&data, false).unwrap().kept.map(|k| k.len()),
            Some(n)
        );
    }

    /// Coins with noise are few states: all of them occur.
    #[test]
    fn noisy_states_repeat_by_themselves() {
        let mut stream = Stream::new(11, 0, Purpose::Sample);
        let noisy: Vec<f32> = coins(12, 2000, 8)
            .into_iter()
            .map(|spin| f32::from(spin) + 0.01 * stream.normal())
            .collect();
        let data = Data::new(&[2000, 8], &noisy).unwrap();
        let found = Repeats::find(&data, false).unwrap();
        assert_eq!((found.different, found.kept), (2000, None));
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
