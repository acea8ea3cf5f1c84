//! Whether the places of a file are alike, as windows at all positions take them to be: the means of
//! sites, and neighbours across the seam of each axis.

use blockspin_core::num::math::sqrt64;
use serde::{Deserialize, Serialize};

use crate::data::Data;
use crate::error::Result;

/// Values that are looked at, about.
const SURVEYED: usize = 1 << 22;
/// Stretches of the file, of which the scatter gives standard errors: it allows for autocorrelation
/// within a stretch.
const STRETCHES: usize = 32;
/// Fewest configurations, and the most sites of one.
const LEAST: usize = 2 * STRETCHES;
const MOST_SITES: usize = 1 << 20;
/// Ratio of the variance of site means to that of their noise, above which sites differ. Alike sites have
/// ratios near 1; with only four independent modes and 32 stretches 16 has probability 1e-10.
const RATIO: f64 = 16.0;
/// Fraction of the variance below which differences between sites do not matter.
const SHARE: f64 = 2e-3;
/// Sides from which an axis has a seam that differs from its bulk.
const LONG: usize = 4;
/// Standard errors that are beyond doubt, and the smallest correlation of neighbours of which a lack at
/// the seam matters.
const CERTAIN: f64 = 5.0;
const CORRELATED: f64 = 0.02;

/// What was measured of the places of a file. Each configuration is looked at without its mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Survey {
    /// Configurations that were looked at, evenly spread.
    pub configurations: usize,
    /// Fraction of the variance that lies in differences between the means of sites, noise taken away.
    pub site_means_share: f64,
    /// Variance of the site means over that of their noise; 1 when all sites are alike.
    pub site_means_ratio: f64,
    /// Nearest neighbours along each axis of at least four sites.
    pub seams: Vec<Seam>,
}

/// Correlation of nearest neighbours along an axis, without site means.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seam {
    /// The axis.
    pub axis: usize,
    /// Within the lattice.
    pub bulk: f64,
    /// Between the last and the first site.
    pub seam: f64,
    /// Standard error of their difference.
    pub stderr: f64,
    /// Whether neighbours are correlated beyond doubt, and those across the seam less than half as
    /// much, less than at any other position.
    pub is_open: bool,
}

impl Survey {
    /// Looks at the values as they are converted; none, where the configurations are too few or too large.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn of(data: &Data) -> Result<Option<Self>> {
        let (n, sites) = (data.configurations(), data.sites());
        if n < LEAST || sites > MOST_SITES {
            return Ok(None);
        }
        let rows = (SURVEYED / sites).clamp(LEAST, n);
        let sides: Vec<usize> = data.sides().iter().map(|side| *side as usize).collect();
        let corner = vec![0; sides.len()];
        let mut values = vec![0.0f32; sites];
        let mut of_rows = vec![0.0f32; sides.last().copied().unwrap_or(0)];
        let mut squares = 0.0;
        let mut stretches = vec![];
        for stretch in 0..STRETCHES {
            let (first, last) = (
                (stretch * rows).div_ceil(STRETCHES),
                ((stretch + 1) * rows).div_ceil(STRETCHES),
            );
            let mut sums = vec![0.0; sites];
            let mut pairs: Vec<Vec<f64>> = sides.iter().map(|side| vec![0.0; *side]).collect();
            for k in first..last {
                let row = (k as u128 * n as u128 / rows as u128) as usize;
                data.reals(row, &corner, data.sides(), &mut values)?;
                centre(&mut values);
                squares += dot(&values, &values);
                for (sum, x) in sums.iter_mut().zip(&values) {
                    *sum += f64::from(*x);
                }
                add_pairs(&values, &sides, &mut of_rows, &mut pairs);
            }
            let count = (last - first) as f64;
            sums.iter_mut().for_each(|sum| *sum /= count);
            pairs.iter_mut().flatten().for_each(|sum| *sum /= count);
            stretches.push((sums, pairs));
        }
        let variance = squares / (rows * sites) as f64;
        if variance <= 0.0 {
            return Ok(None);
        }
        let mut means = vec![0.0; sites];
        for (sums, _) in &stretches {
            for (mean, x) in means.iter_mut().zip(sums) {
                *mean += x / STRETCHES as f64;
            }
        }
        let between: f64 = means.iter().map(|mean| mean * mean).sum::<f64>() / sites as f64;
        let scatter = stretches
            .iter()
            .flat_map(|(sums, _)| sums.iter().zip(&means));
        let scatter: f64 = scatter.map(|(x, mean)| (x - mean) * (x - mean)).sum();
        let noise = scatter / (sites * STRETCHES * (STRETCHES - 1)) as f64;
        // Of sites that never vary noise is 0.
        let ratio = between / noise.max(1e-12 * variance);
        let mut of_means: Vec<Vec<f64>> = sides.iter().map(|side| vec![0.0; *side]).collect();
        let means: Vec<f32> = means.into_iter().map(|mean| mean as f32).collect();
        add_pairs(&means, &sides, &mut of_rows, &mut of_means);
        let seams = (0..sides.len()).filter(|axis| sides[*axis] >= LONG);
        let seams = seams.map(|axis| {
            let pairs: Vec<_> = stretches
                .iter()
                .map(|(_, pairs)| &pairs[axis][..])
                .collect();
            let unit = variance * (sites / sides[axis]) as f64;
            Seam::of(axis, &pairs, &of_means[axis], unit)
        });
        Ok(Some(Survey {
            configurations: rows,
            site_means_share: (between - noise).max(0.0) / variance,
            site_means_ratio: ratio,
            seams: seams.collect(),
        }))
    }

    /// Whether the means of sites differ beyond doubt, and by enough to matter.
    #[must_use]
    pub fn sites_differ(&self) -> bool {
        self.site_means_ratio > RATIO && self.site_means_share > SHARE
    }
}

impl Seam {
    /// From the mean sums of products at each position (the last is the seam) of all stretches, and those
    /// of the site means; `unit` is the sum of a correlation of 1.
    fn of(axis: usize, pairs: &[&[f64]], of_means: &[f64], unit: f64) -> Self {
        let last = of_means.len() - 1;
        let at = |position: usize, of: &[f64]| (of[position] - of_means[position]) / unit;
        let bulk = |of: &[f64]| (0..last).map(|p| at(p, of)).sum::<f64>() / last as f64;
        let over = |f: &dyn Fn(&[f64]) -> f64| {
            let n = pairs.len() as f64;
            let mean = pairs.iter().map(|of| f(of)).sum::<f64>() / n;
            let deviations = pairs.iter().map(|of| f(of) - mean);
            let squares = deviations.map(|x| x * x).sum::<f64>();
            (mean, sqrt64(squares / (n * (n - 1.0))))
        };
        let (inside, error) = over(&bulk);
        let (across, _) = over(&|of| at(last, of));
        let (_, stderr) = over(&|of| bulk(of) - at(last, of));
        let sign = inside.signum();
        let (lack, error_of_lack) = over(&|of| sign * (bulk(of) / 2.0 - at(last, of)));
        let least = (0..last).map(|p| sign * over(&|of| at(p, of)).0);
        let is_open = sign * inside > CORRELATED
            && sign * inside > CERTAIN * error
            && lack > CERTAIN * error_of_lack
            && least.fold(f64::INFINITY, f64::min) > sign * across;
        Seam {
            axis,
            bulk: inside,
            seam: across,
            stderr,
            is_open,
        }
    }
}

/// Sums that are computed at once.
const LANES: usize = 16;

/// Takes away the mean; missing values become 0.
fn centre(values: &mut [f32]) {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut sums = [0.0f32; LANES];
    for chunk in chunks {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += x;
        }
    }
    let sum: f64 = sums.iter().chain(rest).map(|x| f64::from(*x)).sum();
    let mut mean = (sum / values.len() as f64) as f32;
    if mean.is_nan() {
        let known = values.iter().filter(|x| !x.is_nan());
        let (sum, count) = known.fold((0.0, 0.0), |(sum, n), x| (sum + f64::from(*x), n + 1.0));
        mean = (sum / f64::max(count, 1.0)) as f32;
        let missing = values.iter_mut().filter(|x| x.is_nan());
        missing.for_each(|x| *x = mean);
    }
    values.iter_mut().for_each(|x| *x -= mean);
}

/// The sum of products.
fn dot(a: &[f32], b: &[f32]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0f32; LANES];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    for ((sum, a), b) in sums.iter_mut().zip(a_rest).zip(b_rest) {
        *sum += a * b;
    }
    sums.iter().map(|sum| f64::from(*sum)).sum()
}

/// Adds the products of neighbours along each axis, for each position of the first of them; `of_rows` is
/// as long as a row.
fn add_pairs(values: &[f32], sides: &[usize], of_rows: &mut [f32], pairs: &mut [Vec<f64>]) {
    for (axis, sums) in pairs.iter_mut().enumerate() {
        let (side, inner) = (sides[axis], sides[axis + 1..].iter().product::<usize>());
        if side < LONG {
            continue;
        }
        if inner == 1 {
            of_rows.fill(0.0);
            for row in values.chunks_exact(side) {
                for ((sum, a), b) in of_rows.iter_mut().zip(row).zip(&row[1..]) {
                    *sum += a * b;
                }
                of_rows[side - 1] += row[side - 1] * row[0];
            }
            for (sum, x) in sums.iter_mut().zip(&*of_rows) {
                *sum += f64::from(*x);
            }
            continue;
        }
        for plane in values.chunks_exact(side * inner) {
            for (p, sum) in sums.iter_mut().enumerate() {
                let next = (p + 1) % side;
                *sum += dot(
                    &plane[p * inner..(p + 1) * inner],
                    &plane[next * inner..(next + 1) * inner],
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use blockspin_core::num::rng::{Purpose, Stream};

    /// Configurations of a chain whose sites keep half of the one before, on a ring or open. From one to the
    /// next `keep` stays; `shift` is added at each site.
    fn survey(shift: impl Fn(usize) -> f32, ring: bool, keep: f32) -> Survey {
        let (n, side) = (2000, 24);
        let mut stream = Stream::new(3, 0, Purpose::Windows);
        let (mut all, mut slow) = (vec![], vec![0.0f32; side]);
        for _ in 0..n {
            let noise: Vec<f32> = (0..side).map(|_| stream.normal()).collect();
            let mut x = stream.normal();
            if ring {
                noise
                    .iter()
                    .for_each(|fresh| x = 0.5 * x + 0.75f32.sqrt() * fresh);
            }
            for (site, fresh) in noise.iter().enumerate() {
                x = 0.5 * x + 0.75f32.sqrt() * fresh;
                slow[site] = keep * slow[site] + (1.0 - keep * keep).sqrt() * x;
                all.push(slow[site] + shift(site));
            }
        }
        Survey::of(&Data::new(&[n, side], &all).unwrap())
            .unwrap()
            .unwrap()
    }

    #[test]
    fn alike_places_are_told_from_others() {
        let alike = survey(|_| 3.0, true, 0.0);
        assert!(!alike.sites_differ(), "{alike:?}");
        let slow = survey(|_| 3.0, true, 0.98);
        assert!(
            !slow.sites_differ() && slow.site_means_ratio < 5.0,
            "{slow:?}"
        );
        let ramp = survey(|site| 0.02 * site as f32, true, 0.0);
        assert!(ramp.sites_differ(), "{ramp:?}");
        let slight = survey(|site| 0.01 * (site % 2) as f32, true, 0.0);
        assert!(!slight.sites_differ(), "{slight:?}");
    }

    #[test]
    fn a_seam_without_neighbours_is_found() {
        let ring = survey(|_| 0.0, true, 0.0).seams[0];
        assert!(!ring.is_open, "{ring:?}");
        assert!(
            (ring.bulk - 0.43).abs() < 0.03 && (ring.bulk - ring.seam).abs() < 4.0 * ring.stderr
        );
        let open = survey(|_| 0.0, false, 0.0).seams[0];
        assert!(open.is_open && open.seam.abs() < 0.15, "{open:?}");
        // A ramp of means is no correlation.
        assert!(!survey(|site| 0.1 * site as f32, true, 0.0).seams[0].is_open);
    }
}
