//! How values become numbers of order 1, and which values make that doubtful.
//!
//! The standard one is (x − mean)/(standard deviation). Where a few values carry much of the variance, all
//! others would be the same number to the critic, and the normal scores of ranks are taken instead.

use blockspin_core::num::math::{ln64, sqrt64};

use serde::{Deserialize, Serialize};

use crate::settings::as_name;

/// How the values of a file are transformed. Two values become −1 and 1 whatever it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transform {
    /// Standard, unless a few values carry much of the variance or mark missing ones; then rank.
    #[default]
    Auto,
    /// (x − mean)/(standard deviation).
    Standard,
    /// Normal scores of ranks, of mean 0 and standard deviation 1.
    Rank,
    /// As in the file.
    None,
}

impl Transform {
    /// All of them.
    pub const ALL: [Transform; 4] = [
        Transform::Auto,
        Transform::Standard,
        Transform::Rank,
        Transform::None,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Transform::Auto => "auto",
            Transform::Standard => "standard",
            Transform::Rank => "rank",
            Transform::None => "none",
        }
    }
}

/// What is subtracted from the values before they are transformed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subtract {
    /// Nothing.
    #[default]
    None,
    /// The mean of each site over all configurations.
    SiteMeans,
}

impl Subtract {
    /// All of them.
    pub const ALL: [Subtract; 2] = [Subtract::None, Subtract::SiteMeans];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Subtract::None => "none",
            Subtract::SiteMeans => "site-means",
        }
    }
}

as_name!(Transform Subtract);

/// Values of one kind, by which they become numbers of order 1.
#[derive(Clone, Debug)]
pub(super) enum Map {
    Standard(Standard),
    Rank(Quantiles),
}

impl Map {
    #[inline(always)]
    pub(super) fn apply(&self, x: f64) -> f64 {
        match self {
            Map::Standard(standard) => standard.apply(x),
            Map::Rank(quantiles) => quantiles.score(x),
        }
    }
}

/// A monotone function from values to normal scores: those of a sample have the score of their rank
/// (of the middle of their ranks, if there are several), others lie between their neighbours.
#[derive(Clone, Debug)]
pub(super) struct Quantiles {
    values: Vec<f64>,
    scores: Vec<f64>,
}

impl Quantiles {
    /// Of a sample; no values have the score 0.
    pub(super) fn new(sample: &Sample) -> Self {
        let sorted = &sample.sorted;
        let n = sorted.len() as f64;
        let (mut values, mut scores, mut weights) = (vec![], vec![], vec![]);
        let mut begin = 0.0;
        for equal in sorted.chunk_by(|a, b| a == b) {
            let weight = equal.len() as f64;
            values.push(equal[0]);
            scores.push(normal_quantile((begin + 0.5 * weight) / n));
            weights.push(weight / n);
            begin += weight;
        }
        // Ties take away from the variance.
        let mean = |scores: &[f64]| -> f64 {
            let terms = scores.iter().zip(&weights);
            terms.map(|(score, weight)| score * weight).sum()
        };
        let centre = mean(&scores);
        scores.iter_mut().for_each(|score| *score -= centre);
        let squares: Vec<f64> = scores.iter().map(|score| score * score).collect();
        let scale = sqrt64(mean(&squares));
        if scale > 0.0 {
            scores.iter_mut().for_each(|score| *score /= scale);
        }
        Quantiles { values, scores }
    }

    pub(super) fn score(&self, x: f64) -> f64 {
        let above = self.values.partition_point(|value| *value < x);
        let (Some(first), Some(last)) = (self.scores.first(), self.scores.last()) else {
            return 0.0;
        };
        match self.values.get(above) {
            None => *last,
            Some(value) if *value == x => self.scores[above],
            Some(_) if above == 0 => *first,
            Some(value) => {
                let below = self.values[above - 1];
                // Halved: the difference could overflow.
                let part = (x / 2.0 - below / 2.0) / (value / 2.0 - below / 2.0);
                let [low, high] = [self.scores[above - 1], self.scores[above]];
                low + part * (high - low)
            }
        }
    }
}

/// The number below which a standard normal variable lies with probability p, to 1e-15; p from 1e-11 to
/// 1 − 1e-11 (Wichura, algorithm AS 241, 1988).
fn normal_quantile(p: f64) -> f64 {
    const CENTRE: ([f64; 8], [f64; 8]) = (
        [
            3.387_132_872_796_366_5,
            133.141_667_891_784_38,
            1_971.590_950_306_551_3,
            13_731.693_765_509_46,
            45_921.953_931_549_87,
            67_265.770_927_008_7,
            33_430.575_583_588_13,
            2_509.080_928_730_122_7,
        ],
        [
            1.0,
            42.313_330_701_600_91,
            687.187_007_492_057_9,
            5_394.196_021_424_751,
            21_213.794_301_586_597,
            39_307.895_800_092_71,
            28_729.085_735_721_943,
            5_226.495_278_852_854,
        ],
    );
    const TAIL: ([f64; 8], [f64; 8]) = (
        [
            1.423_437_110_749_683_5,
            4.630_337_846_156_546,
            5.769_497_221_460_691,
            3.647_848_324_763_204_5,
            1.270_458_252_452_368_4,
            0.241_780_725_177_450_6,
            0.022_723_844_989_269_184,
            7.745_450_142_783_414e-4,
        ],
        [
            1.0,
            2.053_191_626_637_759,
            1.676_384_830_183_803_8,
            0.689_767_334_985_1,
            0.148_103_976_427_480_08,
            0.015_198_666_563_616_457,
            5.475_938_084_995_345e-4,
            1.050_750_071_644_416_9e-9,
        ],
    );
    let ratio = |(over, under): ([f64; 8], [f64; 8]), r: f64| {
        let horner = |c: [f64; 8]| c.iter().rev().fold(0.0, |sum, c| sum * r + c);
        horner(over) / horner(under)
    };
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        return q * ratio(CENTRE, 0.180_625 - q * q);
    }
    let r = sqrt64(-ln64(p.min(1.0 - p)));
    ratio(TAIL, r - 1.6).copysign(q)
}

/// Fraction of the values that counts as few, and the fraction of the variance that they may carry.
const FEW: f64 = 1e-3;
const MOST: f64 = 0.1;
/// A marker of missing values lies this many times the range of all others apart from them, and this many
/// of their standard deviations; the largest fraction of values that are taken for such.
const RANGES: f64 = 2.0;
const APART: f64 = 10.0;
const MARKERS: f64 = 0.5;
/// Markers that are looked for.
const MOST_MARKERS: usize = 4;

/// A value that seems to mark missing ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Marker {
    /// The value.
    pub value: f64,
    /// How often it occurs, about.
    pub count: f64,
}

/// A sorted sample of values, with what is known of all: their moments, the least and the greatest.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) sorted: Vec<f64>,
    pub(super) moments: Moments,
    pub(super) ends: Ends,
}

/// The least and the greatest value, and how often each occurs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ends {
    pub(super) least: (f64, u64),
    pub(super) greatest: (f64, u64),
}

impl Ends {
    pub(super) const NONE: Ends = Ends {
        least: (f64::INFINITY, 0),
        greatest: (f64::NEG_INFINITY, 0),
    };

    pub(super) fn add(&mut self, values: &[f64]) {
        const LANES: usize = 8;
        let (mut low, mut high) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]);
        let mut widen = |values: &[f64]| {
            for ((low, high), x) in low.iter_mut().zip(&mut high).zip(values) {
                *low = if *x < *low { *x } else { *low };
                *high = if *x > *high { *x } else { *high };
            }
        };
        let (chunks, rest) = values.as_chunks::<LANES>();
        chunks.iter().for_each(|chunk| widen(chunk));
        widen(rest);
        let least = low.into_iter().fold(f64::INFINITY, f64::min);
        let greatest = high.into_iter().fold(f64::NEG_INFINITY, f64::max);
        let count = |value: f64| values.iter().filter(|x| **x == value).count() as u64;
        if least < self.least.0 {
            self.least = (least, 0);
        }
        if least == self.least.0 {
            self.least.1 += count(least);
        }
        if greatest > self.greatest.0 {
            self.greatest = (greatest, 0);
        }
        if greatest == self.greatest.0 {
            self.greatest.1 += count(greatest);
        }
    }
}

impl Sample {
    pub(super) fn new(mut values: Vec<f64>, moments: Moments, ends: Ends) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        Sample {
            sorted: values,
            moments,
            ends,
        }
    }

    fn deviation(values: &[f64]) -> f64 {
        let mut moments = Moments::NONE;
        moments.add(values);
        moments
            .standard()
            .map_or(0.0, |standard| standard.centre_and_scale().1)
    }

    /// Whether a thousandth of the values carries more than a tenth of the variance, which is taken from
    /// the values without those farthest from the median. Of a normal law they carry 1 %, of an
    /// exponential one 6 %, of a Cauchy law nearly all; of fifth powers of normal numbers, whose standard
    /// scores a critic cannot read, a third or more.
    pub(super) fn is_heavy_tailed(&self) -> bool {
        let Some(all) = self.moments.standard() else {
            return false;
        };
        let n = self.sorted.len();
        let median = self.sorted[n / 2] / 2.0;
        let (mut low, mut high) = (0, n);
        for _ in 0..((n as f64 * FEW) as usize).max(1) {
            match median - self.sorted[low] / 2.0 > self.sorted[high - 1] / 2.0 - median {
                true => low += 1,
                false => high -= 1,
            }
        }
        let core = Self::deviation(&self.sorted[low..high]);
        let (_, deviation) = all.centre_and_scale();
        core * core < (1.0 - MOST) * deviation * deviation
    }

    /// Values that occur repeatedly, farther from all others than these are from one another: −9999 among
    /// temperatures.
    pub(super) fn markers(&self) -> Vec<Marker> {
        let (n, total) = (self.sorted.len() as f64, self.moments.count);
        // Distinct values at both ends, with their counts in all values.
        let runs = |values: &mut dyn Iterator<Item = f64>, end: (f64, u64)| {
            let mut found = vec![(end.0, end.1 as f64)];
            for x in values.skip_while(|x| *x == end.0) {
                let enough = found.len() > MOST_MARKERS;
                match found.last_mut() {
                    Some((last, count)) if *last == x => *count += total / n,
                    _ if enough => break,
                    _ => found.push((x, total / n)),
                }
            }
            found
        };
        let low = runs(&mut self.sorted.iter().copied(), self.ends.least);
        let high = runs(&mut self.sorted.iter().rev().copied(), self.ends.greatest);
        let (mut below, mut above) = (0, 0);
        let mut found = vec![];
        while below + above < MOST_MARKERS && below + 1 < low.len() && above + 1 < high.len() {
            let gaps = (
                low[below + 1].0 / 2.0 - low[below].0 / 2.0,
                high[above].0 / 2.0 - high[above + 1].0 / 2.0,
            );
            let (gap, (value, count), rest) = match gaps.0 > gaps.1 {
                true => {
                    below += 1;
                    (gaps.0, low[below - 1], [low[below].0, high[above].0])
                }
                false => {
                    above += 1;
                    (gaps.1, high[above - 1], [low[below].0, high[above].0])
                }
            };
            let range = rest[1] / 2.0 - rest[0] / 2.0;
            let first = self.sorted.partition_point(|x| *x < rest[0]);
            let last = self.sorted.partition_point(|x| *x <= rest[1]);
            if gap <= RANGES * range || first >= last {
                break;
            }
            let others = Self::deviation(&self.sorted[first..last]);
            if gap <= APART * others / 2.0 || count > MARKERS * total {
                break;
            }
            // A single value marks nothing.
            if count >= 2.0 {
                found.push(Marker { value, count });
            }
        }
        found
    }
}

/// Picks values of a stream of known length, one at random in each of equal stretches.
#[derive(Debug)]
pub(super) struct Picker {
    stretch: u64,
    number: u64,
    next: u64,
    seen: u64,
    pub(super) picked: Vec<f64>,
}

impl Picker {
    /// At most `most` values of `total`.
    pub(super) fn new(total: u64, most: u64) -> Self {
        Picker {
            stretch: total.div_ceil(most).max(1),
            number: 0,
            next: 0,
            seen: 0,
            picked: vec![],
        }
    }

    pub(super) fn add(&mut self, values: &[f64]) {
        let end = self.seen + values.len() as u64;
        while self.next < end {
            self.picked.push(values[(self.next - self.seen) as usize]);
            self.number += 1;
            // Weyl's sequence: no period of the array comes through.
            let weyl = self.number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
            self.next = self.number * self.stretch + ((weyl * self.stretch) >> 32);
        }
        self.seen = end;
    }
}

/// Values are divided by powers of two with exponents within ± this.
const MAX_EXPONENT: i32 = 1000;

/// Mean and sum of squared deviations of x / 2^exponent, for numbers of any magnitude: squares neither
/// overflow nor underflow. Chunks are merged as in Chan, Golub and LeVeque, "Algorithms for computing
/// the sample variance" (1983).
#[derive(Clone, Copy, Debug)]
pub(super) struct Moments {
    pub(super) count: f64,
    exponent: i32,
    mean: f64,
    squares: f64,
}

impl Moments {
    pub(super) const NONE: Moments = Moments {
        count: 0.0,
        exponent: -MAX_EXPONENT,
        mean: 0.0,
        squares: 0.0,
    };

    pub(super) fn add(&mut self, values: &[f64]) {
        let Some(first) = values.first() else { return };
        let largest = values.iter().fold(0.0, |largest: f64, value| {
            if value.abs() > largest {
                value.abs()
            } else {
                largest
            }
        });
        let exponent = exponent(largest);
        let factor = power(-exponent);
        // Deviations from the first value are exactly 0 if all are equal.
        let deviation = |value: &f64| value * factor - first * factor;
        let count = values.len() as f64;
        let shift = values.iter().map(deviation).sum::<f64>() / count;
        let squares = values
            .iter()
            .map(|value| {
                let deviation = deviation(value) - shift;
                deviation * deviation
            })
            .sum();
        self.merge(Moments {
            count,
            exponent,
            mean: first * factor + shift,
            squares,
        });
    }

    fn merge(&mut self, mut other: Moments) {
        let exponent = self.exponent.max(other.exponent);
        for moments in [&mut *self, &mut other] {
            let factor = power(moments.exponent - exponent);
            moments.exponent = exponent;
            moments.mean *= factor;
            moments.squares *= factor * factor;
        }
        let count = self.count + other.count;
        let apart = other.mean - self.mean;
        self.mean += apart * (other.count / count);
        self.squares += other.squares + apart * apart * (self.count * other.count / count);
        self.count = count;
    }

    /// `None` if the values have no spread.
    pub(super) fn standard(&self) -> Option<Standard> {
        let standard = Standard {
            factor: power(-self.exponent),
            centre: self.mean,
            scale: sqrt64(self.squares / self.count),
        };
        (standard.scale > 0.0).then_some(standard)
    }

    /// [`standard`](Self::standard); the centre alone, if the values have no spread.
    pub(super) fn shift(&self) -> Standard {
        self.standard().unwrap_or(Standard {
            factor: power(-self.exponent),
            centre: self.mean,
            scale: 1.0,
        })
    }
}

/// x → (factor x − centre) / scale; `factor` is a power of two.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standard {
    factor: f64,
    centre: f64,
    scale: f64,
}

impl Standard {
    pub(super) const NONE: Standard = Standard {
        factor: 1.0,
        centre: 0.0,
        scale: 1.0,
    };

    /// x → (x − centre) / scale.
    pub(super) fn given(centre: f64, scale: f64) -> Self {
        Standard {
            factor: 1.0,
            centre,
            scale,
        }
    }

    #[inline(always)]
    pub(super) fn apply(self, x: f64) -> f64 {
        (x * self.factor - self.centre) / self.scale
    }

    /// The mean and the standard deviation, as in the file.
    pub(super) fn centre_and_scale(self) -> (f64, f64) {
        (self.centre / self.factor, self.scale / self.factor)
    }
}

/// The next power of two above a magnitude, within [`MAX_EXPONENT`].
fn exponent(x: f64) -> i32 {
    let biased = (x.to_bits() >> 52 & 0x7ff) as i32;
    (biased - 1022).clamp(-MAX_EXPONENT, MAX_EXPONENT)
}

/// 2^exponent; 0 if that is not a normal number.
fn power(exponent: i32) -> f64 {
    if exponent < -1022 {
        return 0.0;
    }
    f64::from_bits(((exponent.min(1023) + 1023) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;
    use blockspin_core::num::math::erf64;
    use blockspin_core::num::rng::{Purpose, Stream};

    fn sample(values: Vec<f64>) -> Sample {
        let (mut moments, mut ends) = (Moments::NONE, Ends::NONE);
        moments.add(&values);
        ends.add(&values);
        Sample::new(values, moments, ends)
    }

    fn normal(n: usize) -> Vec<f64> {
        let mut stream = Stream::new(1, 0, Purpose::Windows);
        (0..n).map(|_| f64::from(stream.normal())).collect()
    }

    #[test]
    fn normal_quantiles() {
        for p in [1e-6, 1e-3, 0.07, 0.3, 0.5, 0.62, 0.99, 0.999_99] {
            let z = normal_quantile(p);
            let found = 0.5 * (1.0 + erf64(z * std::f64::consts::FRAC_1_SQRT_2));
            assert!((found - p).abs() < 1e-14, "{p} {found}");
        }
    }

    #[test]
    fn scores_depend_on_order_alone() {
        let values = normal(1000);
        let cubes: Vec<f64> = values.iter().map(|x| 1e5 * x * x * x).collect();
        let (one, other) = (
            Quantiles::new(&sample(values.clone())),
            Quantiles::new(&sample(cubes.clone())),
        );
        for (x, cube) in values.iter().zip(&cubes) {
            assert_eq!(one.score(*x), other.score(*cube));
        }
        // Between the values of the sample, beyond them, and where there are ties.
        let few = Quantiles::new(&sample(vec![-1e308, 0.0, 0.0, 1e308]));
        assert!(few.score(-1e300) < few.score(0.0) && few.score(0.0).abs() < 1e-15);
        assert_eq!(few.score(f64::MAX), few.score(1e308));
    }

    #[test]
    fn tails_and_markers_are_told_from_sound_values() {
        let values = normal(20_000);
        let with = |change: &dyn Fn(usize, f64) -> f64| {
            let changed = values.iter().enumerate().map(|(i, x)| change(i, *x));
            sample(changed.collect())
        };
        for sound in [
            with(&|_, x| x),
            with(&|_, x| (0.5 * x).exp()),
            with(&|_, x| x * x.abs()),
            with(&|_, x| x.round()),
            with(&|_, x| (x * x).floor()),
            with(&|_, x| x.clamp(-1.0, 1.0)),
        ] {
            assert!(!sound.is_heavy_tailed() && sound.markers().is_empty());
        }
        // With a lognormal law a fifth of the variance is in a thousandth of the values.
        assert!(with(&|_, x| x.exp()).is_heavy_tailed());
        assert!(with(&|_, x| x.powi(5)).is_heavy_tailed());
        let single = with(&|i, x| if i == 77 { 1e30 } else { x });
        assert!(single.is_heavy_tailed() && single.markers().is_empty());
        assert!(with(&|i, x| x / values[(i + 1) % 20_000]).is_heavy_tailed());
        let marked = with(&|i, x| match i % 500 {
            0 => -9999.0,
            1 => 1e20,
            _ => x.signum(),
        });
        let markers: Vec<_> = marked
            .markers()
            .iter()
            .map(|m| (m.value, m.count))
            .collect();
        assert_eq!(markers, [(1e20, 40.0), (-9999.0, 40.0)]);
    }
}
