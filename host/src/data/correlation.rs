//! Correlation between the configurations of a file, along its order.
//!
//! A configuration is projected in several ways: those that are slow in common systems (means, waves,
//! checkerboards, products of neighbours), random ones, and the directions in which the configurations
//! vary most, which see an order of any pattern. The slowest projection decides.

use blockspin_core::num::rng::{Purpose, Stream};
use multiversion::multiversion;

use super::Data;
use super::supply::Crop;
use crate::error::Result;

/// Most values that are read, most configurations, and most sites of a configuration.
const VALUES: usize = 1 << 25;
const CONFIGURATIONS: usize = 1 << 13;
const SITES: usize = 1 << 14;
/// Fewest configurations from which anything can be said.
const FEWEST: usize = 16;
/// Longest distance at which configurations are compared directly; beyond it, averages of several are.
const LAGS: usize = 1 << 9;
/// Sokal's window: the sum over lags is cut at six autocorrelation times.
const WINDOW: f64 = 6.0;
/// Standard deviations beyond which a sum over short lags, and a single lag, differ from 0: about one
/// file in a thousand of independent configurations does, over all projections and lags.
const SUM: f64 = 4.2;
const LAG: f64 = 5.4;
/// Deviations of a projection are cut at this many standard deviations: single outliers do not count.
const CUT: f32 = 4.0;
/// Distance of independent configurations, in autocorrelation times in excess of ½.
const APART: f64 = 4.0;
/// Random projections, and directions of largest variance with the configurations and the sites that
/// they are computed from.
const RANDOM: usize = 2;
const PRINCIPAL: usize = 3;
const SAMPLED: usize = 96;
const SAMPLED_SITES: usize = 1 << 12;
const ROUNDS: usize = 12;
/// Configurations that are projected, and lags that are summed, at once: the sums of one wait for one
/// another.
const TOGETHER: usize = 4;
/// Partial sums of a sum, and the products after which they are added up: sums of f32 stay short.
const LANES: usize = 16;
const SHORT: usize = 1 << 12;

/// How the configurations of a file are correlated along its order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correlation {
    /// Integrated autocorrelation time in configurations; ½ when independent.
    pub time: f64,
    /// Its standard error.
    pub error: f64,
    /// Configurations that lie further apart are independent; 0 when all are.
    pub reach: usize,
    /// The shortest distance at which configurations are alike again, where closer ones are not.
    pub period: Option<usize>,
}

impl Correlation {
    /// Of independent configurations.
    pub const NONE: Correlation = Correlation {
        time: 0.5,
        error: 0.0,
        reach: 0,
        period: None,
    };

    /// Correlation with an autocorrelation time, and no period.
    #[must_use]
    pub fn of_time(time: f64) -> Self {
        Correlation {
            time,
            error: 0.0,
            reach: (APART * (time - 0.5)).round() as usize,
            period: None,
        }
    }

    /// The stronger of two.
    fn or(self, other: Self) -> Self {
        match other.certain() > self.certain() {
            true => other,
            false => self,
        }
    }

    /// What the autocorrelation time is at least, in view of its error: the largest of many estimates is
    /// not the slowest.
    fn certain(&self) -> f64 {
        self.time - self.error
    }

    /// Measures the configurations `row(0)`, `row(1)`, … `row(n − 1)` of a file in that order, in what is
    /// read of each: of the whole file, or of stretches at its beginning and its end, and of the halves.
    ///
    /// # Errors
    /// From reading the file.
    pub fn measure(
        data: &Data,
        crop: &Crop,
        n: usize,
        row: impl Fn(usize) -> usize,
    ) -> Result<Self> {
        if n < FEWEST {
            return Ok(Self::NONE);
        }
        let reader = Reader::new(data, crop);
        let most = (VALUES / reader.sites).clamp(FEWEST, CONFIGURATIONS);
        let (half, whole) = (n.min(most) / 2, n <= most);
        let indices: Vec<usize> = match whole {
            true => (0..n).collect(),
            false => (0..half).chain(n - half..n).collect(),
        };
        let projections = Projections::new(&reader, &indices, &row)?;
        let mut series = vec![vec![]; projections.count()];
        let mut values = vec![0.0; TOGETHER * reader.sites];
        let mut read = 0;
        for (k, i) in (1..).zip(&indices) {
            let slot = &mut values[read * reader.sites..][..reader.sites];
            read += usize::from(reader.read(row(*i), slot)?);
            if read == TOGETHER || k == indices.len() {
                projections.add(&values[..read * reader.sites], &mut series);
                read = 0;
            }
        }
        let mut found = Self::NONE;
        for series in &series {
            let (first, last) = series.split_at(half.min(series.len()));
            let halves = Self::of(first).or(Self::of(last));
            found = found.or(match whole {
                // Halves tell less, unless one is much slower.
                true => match Self::of(series) {
                    all if all.time > 0.5 && halves.time < 2.0 * all.time => all,
                    _ => halves,
                },
                false => halves,
            });
        }
        Ok(found)
    }

    /// Of a series of numbers, averages of pairs in place of which are taken where correlations do not
    /// end.
    #[must_use]
    pub fn of(series: &[f32]) -> Self {
        let (mut series, mut unit) = (standard(series), 1);
        loop {
            let found = judge(&series);
            let Some((found, settled)) = found else {
                return Self::NONE;
            };
            if settled || series.len() < 4 * FEWEST {
                let unit = unit as f64;
                return Correlation {
                    // A sample stands for `unit` of them, correlated among themselves.
                    time: found.time * unit,
                    error: found.error * unit,
                    reach: (found.reach as f64 * unit) as usize,
                    period: found.period.map(|period| period * unit as usize),
                };
            }
            series = series
                .chunks_exact(2)
                .map(|pair| 0.5 * (pair[0] + pair[1]))
                .collect();
            unit *= 2;
        }
    }
}

/// A series less its mean, in standard deviations, outliers cut; all 0 where nothing varies.
fn standard(series: &[f32]) -> Vec<f32> {
    let n = series.len().max(1) as f64;
    let mut out: Vec<f32> = series.to_vec();
    for _ in 0..2 {
        let mean = out.iter().map(|x| f64::from(*x)).sum::<f64>() / n;
        let squares = out.iter().map(|x| (f64::from(*x) - mean).powi(2));
        let deviation = (squares.sum::<f64>() / n).sqrt();
        let scale = match deviation > 1e-7 * mean.abs() {
            true => 1.0 / deviation,
            false => 0.0,
        };
        for x in &mut out {
            *x = (((f64::from(*x) - mean) * scale) as f32).clamp(-CUT, CUT);
        }
    }
    out
}

/// The correlation of a standardised series, and whether its lags were enough; none, if it is not
/// significant.
fn judge(series: &[f32]) -> Option<(Correlation, bool)> {
    let n = series.len();
    let lags = (n / 4).min(LAGS);
    let variance = dot(series, series) / n as f64;
    if lags == 0 || variance == 0.0 {
        return None;
    }
    let mut rho = vec![0.0; lags];
    lagged(series, &mut rho);
    for (lag, rho) in (1..).zip(&mut rho) {
        *rho = *rho / (n - lag) as f64 / variance;
    }
    let period = period(&rho, n, rareness(series));
    let found = integrate(rho.iter().copied());
    // Variances of ρ are Bartlett's: without correlations 1/n, and larger where a return is as strong.
    let squares = match period {
        Some(_) => rho.iter().map(|rho| rho * rho).sum(),
        None => 0.0,
    };
    let rare = rareness(series);
    let products = found.window as f64 * (1.0 + 2.0 * squares) * n as f64;
    let most = largest(SUM, products, rare * found.window as f64) / n as f64;
    let slow = found.time - 0.5 > most;
    if slow && !found.closed {
        return Some((Correlation::of_time(found.time), false));
    }
    // The error is that of Madras and Sokal (1988); deviations from the series' own mean sum to 0 (U.
    // Wolff, 2004, eq. 49).
    let measured = |sum: &Integral| {
        let width = (2 * sum.window + 1) as f64 / n as f64;
        let time = sum.time * (1.0 + width);
        Correlation {
            error: time * (2.0 * width).sqrt(),
            ..Correlation::of_time(time)
        }
    };
    let mut correlation = Correlation::NONE;
    if slow {
        correlation = measured(&found);
    }
    if let Some(period) = period {
        let found = integrate(rho.iter().skip(period - 1).step_by(period).copied());
        let returns = measured(&found);
        correlation = correlation.or(Correlation {
            reach: (returns.reach.max(1) * period).min(n),
            period: Some(period),
            ..returns
        });
    }
    (correlation != Correlation::NONE).then_some((correlation, true))
}

/// The distance at which a series of n returns to itself, more than it stays.
fn period(rho: &[f64], n: usize, rare: f64) -> Option<usize> {
    let (mut best, mut at) = (*rho.first()?, 1);
    for (lag, rho) in (1..).zip(rho) {
        // A later multiple is hardly stronger.
        if *rho > best + 0.1 * best.abs() {
            (best, at) = (*rho, lag);
        }
    }
    let products = (n - at) as f64;
    let excess = best - rho[0].max(0.0);
    let most = largest(LAG, 2.0 * products, rare) / products;
    (at > 1 && excess > most).then_some(at)
}

/// By how much the fourth moment of a standardised series exceeds that of normal numbers: of rare events,
/// the inverse of their rate.
fn rareness(series: &[f32]) -> f64 {
    let n = series.len() as f64;
    let moment = |k: i32| series.iter().map(|x| f64::from(*x).powi(k)).sum::<f64>() / n;
    (moment(4) / moment(2).powi(2) - 3.0).max(0.0)
}

/// What a sum of products of independent numbers exceeds as rarely as a normal one does so many standard
/// deviations, for a variance of the sum, and products up to `rare` (Bernstein's inequality).
fn largest(deviations: f64, variance: f64, rare: f64) -> f64 {
    let exponent = 0.5 * deviations * deviations;
    let linear = exponent * rare / 3.0;
    linear + (linear * linear + 2.0 * exponent * variance).sqrt()
}

/// A sum over lags.
struct Integral {
    /// ½ + Σ ρ.
    time: f64,
    window: usize,
    /// Whether the correlations ended within the lags.
    closed: bool,
}

/// With Sokal's automatic window.
fn integrate(rho: impl Iterator<Item = f64>) -> Integral {
    let mut sum = Integral {
        time: 0.5,
        window: 0,
        closed: false,
    };
    for rho in rho {
        sum.window += 1;
        sum.time += rho;
        sum.closed = sum.window as f64 >= WINDOW * sum.time;
        if sum.closed {
            break;
        }
    }
    sum
}

/// Σ x y over the shorter of two series, in a fixed order.
#[multiversion(targets("x86_64+avx2"))]
fn dot(x: &[f32], y: &[f32]) -> f64 {
    let n = x.len().min(y.len());
    let mut total = 0.0;
    for (x, y) in x[..n].chunks(SHORT).zip(y[..n].chunks(SHORT)) {
        let mut sums = [0.0f32; LANES];
        let ((x, x_rest), (y, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
        for (x, y) in x.iter().zip(y) {
            for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
                *sum += x * y;
            }
        }
        for ((sum, x), y) in sums.iter_mut().zip(x_rest).zip(y_rest) {
            *sum += x * y;
        }
        total += sums.iter().map(|sum| f64::from(*sum)).sum::<f64>();
    }
    total
}

/// [`dot`] of a series and itself at the lags from 1 on, with the same bits.
#[multiversion(targets("x86_64+avx2"))]
fn lagged(series: &[f32], to: &mut [f64]) {
    let (groups, rest) = to.as_chunks_mut::<TOGETHER>();
    let after = groups.len() * TOGETHER + 1;
    for (lag, group) in (1..).step_by(TOGETHER).zip(groups) {
        *group = at_lags(series, lag);
    }
    for (lag, to) in (after..).zip(rest) {
        [*to] = at_lags(series, lag);
    }
}

#[inline(always)]
fn products<const N: usize>(x: &[[f32; LANES]], y: [&[[f32; LANES]]; N]) -> [[f32; LANES]; N] {
    let y = y.map(|y| &y[..x.len()]);
    let mut sums = [[0.0f32; LANES]; N];
    for (i, x) in x.iter().enumerate() {
        for (sums, y) in sums.iter_mut().zip(y) {
            for ((sum, x), y) in sums.iter_mut().zip(x).zip(&y[i]) {
                *sum += x * y;
            }
        }
    }
    sums
}

/// At N lags from `first` on.
#[inline(always)]
fn at_lags<const N: usize>(series: &[f32], first: usize) -> [f64; N] {
    let n = series.len();
    let mut totals = [0.0; N];
    for begin in (0..n).step_by(SHORT) {
        let end = |lag: usize| (begin + SHORT).min(n - lag);
        // What all of them have; the last products are fewer for longer lags.
        let common = end(first + N - 1).saturating_sub(begin) / LANES * LANES;
        let chunks = |from: usize| series[from..][..common].as_chunks::<LANES>().0;
        let shifted: [_; N] = std::array::from_fn(|k| match common {
            0 => &[],
            _ => chunks(begin + first + k),
        });
        let sums = products(chunks(begin), shifted);
        for ((lag, mut sums), total) in (first..).zip(sums).zip(&mut totals) {
            let (from, to) = (begin + common, end(lag));
            for (i, at) in (from..to).enumerate() {
                sums[i % LANES] += series[at] * series[at + lag];
            }
            *total += sums.iter().map(|sum| f64::from(*sum)).sum::<f64>();
        }
    }
    totals
}

/// Reads what is measured of a configuration.
struct Reader<'a> {
    data: &'a Data,
    crop: Crop,
    corner: Vec<u32>,
    /// Values of a configuration, and their sides; no sides, where they are a list.
    sites: usize,
    sides: Option<Vec<u32>>,
}

impl<'a> Reader<'a> {
    fn new(data: &'a Data, crop: &Crop) -> Self {
        let (crop, corner) = match crop.is_listed() {
            true => (crop.clone(), crop.first().to_vec()),
            false => {
                let mut sides = crop.sides.clone();
                while sides.iter().map(|n| *n as usize).product::<usize>() > SITES {
                    let Some(longest) = sides.iter_mut().max() else {
                        break;
                    };
                    *longest = longest.div_ceil(2);
                }
                (Crop::at(crop.first(), &sides), crop.first().to_vec())
            }
        };
        Reader {
            data,
            sites: crop.sites(),
            sides: (!crop.is_listed()).then(|| crop.sides.clone()),
            crop,
            corner,
        }
    }

    /// Missing values read as 0, the mean of all; false, if all are missing.
    fn read(&self, row: usize, values: &mut [f32]) -> Result<bool> {
        let mut around = vec![];
        self.crop
            .read(self.data, row, &self.corner, &mut around, values)?;
        let mut there = false;
        for value in values {
            there |= !value.is_nan();
            *value = if value.is_nan() { 0.0 } else { *value };
        }
        Ok(there)
    }
}

/// Linear projections of a configuration, in groups of 16 for each site.
struct Projections {
    /// Weights by site.
    weights: Vec<[f32; 16]>,
    linear: usize,
    /// Distances of neighbours along each axis, with the length after which an axis repeats.
    neighbours: Vec<(usize, usize)>,
}

impl Projections {
    fn new(reader: &Reader, indices: &[usize], row: &impl Fn(usize) -> usize) -> Result<Self> {
        let mut patterns: Vec<Vec<f32>> = vec![vec![1.0; reader.sites]];
        let mut neighbours = vec![];
        if let Some(sides) = &reader.sides {
            let mut stride = 1;
            let mut axes = vec![];
            for side in sides.iter().rev() {
                axes.push((stride, *side as usize));
                stride *= *side as usize;
            }
            let coordinate = |site: usize, (stride, side): (usize, usize)| site / stride % side;
            // The longest waves, and the checkerboards.
            for axis in &axes {
                for shift in [0.0, 0.25] {
                    let wave = (0..reader.sites).map(|site| {
                        let along = coordinate(site, *axis) as f64 / axis.1 as f64;
                        ((along + shift) * std::f64::consts::TAU).cos() as f32
                    });
                    patterns.push(wave.collect());
                }
            }
            let all = axes.len();
            let boards = match all {
                3 => vec![1, 2, 4, 7],
                d => (1..1usize << d).collect(),
            };
            for board in boards {
                let parity = (0..reader.sites).map(|site| {
                    let of = (0..all).filter(|axis| board >> axis & 1 == 1);
                    let sum: usize = of.map(|axis| coordinate(site, axes[axis])).sum();
                    if sum.is_multiple_of(2) { 1.0 } else { -1.0 }
                });
                patterns.push(parity.collect());
            }
            neighbours = axes;
        }
        patterns.truncate(16 - RANDOM - PRINCIPAL);
        let mut coins = Stream::new(1, 0, Purpose::Windows);
        for _ in 0..RANDOM {
            let signs = (0..reader.sites).map(|_| if coins.coin() { 1.0 } else { -1.0 });
            patterns.push(signs.collect());
        }
        patterns.extend(principal(reader, indices, row)?);
        let linear = patterns.len();
        let weights = (0..reader.sites).map(|site| {
            let mut of_site = [0.0; 16];
            for (weight, pattern) in of_site.iter_mut().zip(&patterns) {
                *weight = pattern[site];
            }
            of_site
        });
        Ok(Projections {
            weights: weights.collect(),
            linear,
            neighbours,
        })
    }

    /// Series that are kept: the linear ones, the square of the mean, products of neighbours.
    fn count(&self) -> usize {
        self.linear + 1 + self.neighbours.len()
    }

    /// Adds configurations, one after the other in `values`.
    fn add(&self, values: &[f32], series: &mut [Vec<f32>]) {
        let sites = self.weights.len();
        if values.len() == TOGETHER * sites {
            let sums = project_several(values, &self.weights);
            for (values, sums) in values.chunks_exact(sites).zip(sums) {
                self.push(values, sums, series);
            }
        } else {
            for values in values.chunks_exact(sites) {
                let [sums] = project([values], &self.weights);
                self.push(values, sums, series);
            }
        }
    }

    fn push(&self, values: &[f32], sums: [f32; 16], series: &mut [Vec<f32>]) {
        let (linear, others) = series.split_at_mut(self.linear);
        for (series, sum) in linear.iter_mut().zip(sums) {
            series.push(sum);
        }
        let (square, products) = others.split_at_mut(1);
        square[0].push(sums[0] * sums[0]);
        for (series, (stride, _)) in products.iter_mut().zip(&self.neighbours) {
            series.push(dot(values, &values[*stride..]) as f32);
        }
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn project_several(values: &[f32], weights: &[[f32; 16]]) -> [[f32; 16]; TOGETHER] {
    let sites = weights.len();
    project(
        std::array::from_fn(|k| &values[k * sites..][..sites]),
        weights,
    )
}

/// Σ value × weight over the sites of N configurations, in the order of the sites.
#[inline(always)]
fn project<const N: usize>(values: [&[f32]; N], weights: &[[f32; 16]]) -> [[f32; 16]; N] {
    let values = values.map(|values| &values[..weights.len()]);
    let mut sums = [[0.0f32; 16]; N];
    for (site, weights) in weights.iter().enumerate() {
        for (sums, values) in sums.iter_mut().zip(values) {
            let value = values[site];
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += value * weight;
            }
        }
    }
    sums
}

/// The directions in which some configurations, evenly spread, vary most: by power iteration on their
/// inner products.
fn principal(
    reader: &Reader,
    indices: &[usize],
    row: &impl Fn(usize) -> usize,
) -> Result<Vec<Vec<f32>>> {
    let most = indices.len().min(SAMPLED);
    let stride = reader.sites.div_ceil(SAMPLED_SITES);
    let mut rows = vec![];
    let mut values = vec![0.0; reader.sites];
    let mut mean = vec![0.0f32; reader.sites];
    for k in 0..most {
        reader.read(row(indices[k * indices.len() / most]), &mut values)?;
        for (mean, value) in mean.iter_mut().zip(&values) {
            *mean += value / most as f32;
        }
        rows.push(values.clone());
    }
    let sampled: Vec<Vec<f32>> = rows
        .iter()
        .map(|row| {
            let deviations = row.iter().zip(&mean).map(|(x, mean)| x - mean);
            deviations.step_by(stride).collect()
        })
        .collect();
    let mut products = vec![vec![0.0; most]; most];
    for (i, a) in sampled.iter().enumerate() {
        for (k, b) in sampled[..=i].iter().enumerate() {
            let product = dot(a, b);
            (products[i][k], products[k][i]) = (product, product);
        }
    }
    let mut stream = Stream::new(1, 1, Purpose::Windows);
    let mut found = vec![];
    for _ in 0..PRINCIPAL {
        let mut vector: Vec<f64> = (0..most).map(|_| f64::from(stream.logistic())).collect();
        let mut largest = 0.0;
        for _ in 0..ROUNDS {
            let next = products
                .iter()
                .map(|row| row.iter().zip(&vector).map(|(x, y)| x * y).sum::<f64>());
            let next: Vec<f64> = next.collect();
            largest = next.iter().map(|x| x * x).sum::<f64>().sqrt();
            if largest <= 0.0 || !largest.is_finite() {
                return Ok(found);
            }
            vector = next.iter().map(|x| x / largest).collect();
        }
        let mut direction = vec![0.0f32; reader.sites];
        for (row, weight) in rows.iter().zip(&vector) {
            for ((to, x), mean) in direction.iter_mut().zip(row).zip(&mean) {
                *to += (x - mean) * *weight as f32;
            }
        }
        found.push(direction);
        for (row, x) in products.iter_mut().zip(&vector) {
            for (entry, y) in row.iter_mut().zip(&vector) {
                *entry -= largest * x * y;
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn autoregressive(seed: u64, n: usize, a: f64) -> Vec<f32> {
        let mut stream = Stream::new(seed, 0, Purpose::Sample);
        let mut x = 0.0;
        let steps = (0..n + 500).map(|_| {
            x = a * x + f64::from(stream.logistic());
            x as f32
        });
        steps.skip(500).collect()
    }

    /// AR(1), x' = a x + noise: τ = ½ (1 + a)/(1 − a).
    #[test]
    fn autocorrelation_times() {
        for (seed, a, n) in [
            (1, 0.5, 4000),
            (2, 0.9, 8000),
            (3, 0.99, 8000),
            (4, 0.998, 8000),
        ] {
            let exact = 0.5 * (1.0 + a) / (1.0 - a);
            let found = Correlation::of(&autoregressive(seed, n, a)).time;
            // Madras and Sokal: the relative error is √(2 (12 τ + 1)/n).
            let error = (2.0 * (12.0 * exact + 1.0) / n as f64).sqrt();
            assert!(
                (found / exact - 1.0).abs() < 3.0 * error,
                "{a}: {found}, exact {exact}"
            );
        }
    }

    /// Of 1000 short series of independent numbers hardly one is taken for correlated.
    #[test]
    fn independent_series() {
        let mut correlated = 0;
        for seed in 0..1000 {
            let n = [20, 60, 200, 1000][seed as usize % 4];
            correlated +=
                usize::from(Correlation::of(&autoregressive(seed, n, 0.0)) != Correlation::NONE);
        }
        assert!(correlated <= 3, "{correlated}");
    }

    /// Events that occur in 2 % of all places, by chance.
    #[test]
    fn rare_events() {
        let mut correlated = 0;
        for seed in 0..1000 {
            let mut stream = Stream::new(seed, 5, Purpose::Sample);
            let n = [100, 300, 1000][seed as usize % 3];
            let series: Vec<f32> = (0..n)
                .map(|_| (stream.below(50) == 0) as u8 as f32)
                .collect();
            correlated += usize::from(Correlation::of(&series) != Correlation::NONE);
        }
        assert!(correlated <= 3, "{correlated}");
    }

    /// Eight independent series of AR(1), one value of each in turn.
    #[test]
    fn interleaved_series() {
        let series: Vec<_> = (0..8).map(|k| autoregressive(k, 500, 0.9)).collect();
        let flat: Vec<f32> = (0..4000).map(|i| series[i % 8][i / 8]).collect();
        let found = Correlation::of(&flat);
        assert_eq!(found.period, Some(8));
        assert!((5.0..15.0).contains(&found.time), "{found:?}");
        assert!(found.reach >= 8 * 16, "{found:?}");
    }
}
