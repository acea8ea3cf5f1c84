//! Configurations that nearly repeat others: copies with noise, or saved with fewer digits.
//!
//! Independent configurations have the more pairs within a distance the larger it is: of a law that is spread
//! over D dimensions, twice as many within 2^(1/D) times the distance. Copies with noise are pairs that are
//! close, and then hardly another pair until much further out. Such a gap in the distances is looked for.

use blockspin_core::num::rng::{Purpose, Stream};

/// Values of a configuration that are compared, evenly spread.
const VALUES: usize = 64;
/// Values after which a pair is given up.
const FIRST: usize = 8;
/// Most configurations that are compared: a critic hardly memorises more.
const CONFIGURATIONS: usize = 1 << 17;
/// Largest distance of copies, in that of two configurations, and up to how many configurations; of more,
/// only closer ones are compared, so that the work does not grow.
const FAR: f64 = 1.0 / 3.0;
const ALL: f64 = 8192.0;
/// Close pairs of a configuration, on average, and of all, above which closer ones are looked at.
const DENSE: usize = 256;
const PAIRS: usize = 1 << 22;
/// Ratio of distances that makes a gap; one dimension has 2.
const GAP: f32 = 3.0;
/// Fewest pairs of copies, and the inverse of their fewest per configuration.
const FEWEST: usize = 50;
const RARE: usize = 100;
/// Configurations that the commonest value of a site is taken from, and its fewest among them.
const SAMPLED: usize = 1024;
const COMMON: usize = 20;
/// Standard deviations of the projection of a difference within which pairs are looked for.
const WITHIN: f64 = 4.0;

/// Some values of each configuration.
pub(super) struct Sketches {
    width: usize,
    values: Vec<f32>,
}

impl Sketches {
    /// For so many configurations of so many sites; none, if these are too many.
    pub(super) fn new(configurations: usize, sites: usize) -> Option<Self> {
        let width = sites.min(VALUES);
        (configurations <= CONFIGURATIONS).then(|| Sketches {
            width,
            values: Vec::with_capacity(configurations * width),
        })
    }

    /// Of the next configuration; missing values are those of the mean.
    pub(super) fn push(&mut self, values: &[f32]) {
        let some = (0..self.width).map(|k| values[k * values.len() / self.width]);
        let known = some.map(|x| if x.is_nan() { 0.0 } else { x });
        self.values.extend(known);
    }

    fn of(&self, i: usize) -> &[f32] {
        &self.values[i * self.width..][..self.width]
    }

    /// Configurations that are compared: most of a record of rain, or of any other sparse data, is one common
    /// value, and what is left of it may be close by chance.
    fn compared(&self) -> Vec<bool> {
        let n = self.values.len() / self.width;
        let common: Vec<Option<f32>> = (0..self.width)
            .map(|k| {
                let some = (0..n).step_by(n.div_ceil(SAMPLED));
                let mut some: Vec<f32> = some.map(|i| self.of(i)[k]).collect();
                some.sort_by(f32::total_cmp);
                let runs = some.chunk_by(|a, b| a == b);
                let longest = runs.max_by_key(|run| run.len())?;
                (longest.len() >= COMMON).then(|| longest[0])
            })
            .collect();
        let is_common = |i: usize| {
            let row = self.of(i).iter().zip(&common);
            2 * row.filter(|(x, common)| Some(**x) == **common).count() > self.width
        };
        (0..n).map(|i| !is_common(i)).collect()
    }

    /// The pairs of copies, and the root mean square difference of two values up to which configurations
    /// count as such; none, if there is no gap.
    pub(super) fn copies(&self) -> Option<(Vec<[usize; 2]>, f64)> {
        let n = self.values.len() / self.width;
        let mut sums = vec![[0.0f64; 2]; self.width];
        for row in self.values.chunks_exact(self.width) {
            for (sum, x) in sums.iter_mut().zip(row) {
                *sum = [sum[0] + f64::from(*x), sum[1] + f64::from(*x).powi(2)];
            }
        }
        let variance = |[x, square]: &[f64; 2]| square / n as f64 - (x / n as f64).powi(2);
        let typical = (2.0 * sums.iter().map(variance).sum::<f64>().max(0.0)).sqrt();
        let compared = self.compared();
        let mut radius = typical * FAR * (ALL / n as f64).powi(2).min(1.0);
        // Where all are close, gaps are further down.
        while radius > 1e-6 * typical {
            if let Some(mut pairs) = self.closer(&compared, radius, PAIRS.min(DENSE * n)) {
                pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                let (count, up_to) = gap(&pairs, FEWEST.max(n / RARE), radius as f32)?;
                pairs.truncate(count);
                let pairs = pairs.into_iter().map(|(_, pair)| pair).collect();
                return Some((pairs, f64::from(up_to) / (self.width as f64).sqrt()));
            }
            radius /= 4.0;
        }
        None
    }

    /// Pairs of those compared that are closer than that, but not equal; none, if they are more than `most`.
    fn closer(
        &self,
        compared: &[bool],
        radius: f64,
        most: usize,
    ) -> Option<Vec<(f32, [usize; 2])>> {
        // Close ones are close in any projection.
        let mut stream = Stream::new(0, 0, Purpose::Windows);
        let signs: Vec<f32> = (0..self.width)
            .map(|_| if stream.coin() { 1.0 } else { -1.0 })
            .collect();
        let rows = self.values.chunks_exact(self.width);
        let projected = rows.map(|row| row.iter().zip(&signs).map(|(x, sign)| x * sign).sum());
        let mut order: Vec<(f32, usize)> = projected.zip(0..).collect();
        order.retain(|(_, i)| compared[*i]);
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        let within = (radius * WITHIN) as f32;
        let square = (radius * radius) as f32;
        let mut pairs = vec![];
        for (k, (here, i)) in order.iter().enumerate() {
            let row = self.of(*i);
            for (there, j) in &order[k + 1..] {
                if there - here > within {
                    break;
                }
                let distance = distance(row, self.of(*j), square);
                if distance > 0.0 && distance < square {
                    if pairs.len() == most {
                        return None;
                    }
                    pairs.push((distance.sqrt(), [*i.min(j), *i.max(j)]));
                }
            }
        }
        Some(pairs)
    }
}

/// Squared distance; where it is found to be at least `most`, a part of it.
fn distance(a: &[f32], b: &[f32], most: f32) -> f32 {
    let mut sum = 0.0;
    for (a, b) in a.chunks(FIRST).zip(b.chunks(FIRST)) {
        let squares = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b));
        sum += squares.sum::<f32>();
        if sum >= most {
            break;
        }
    }
    sum
}

/// How many of the pairs, closest first, are below a gap, `fewest` or more, and a distance within it. None
/// further than `radius` are among them.
fn gap(pairs: &[(f32, [usize; 2])], fewest: usize, radius: f32) -> Option<(usize, f32)> {
    let at = |m: usize| pairs.get(m - 1).map_or(radius, |pair| pair.0);
    // The widest: fewer than as many pairs again are beyond it.
    let ratio = |m: usize| at(2 * m) / at(m);
    let best = (fewest..=pairs.len()).max_by(|a, b| ratio(*a).total_cmp(&ratio(*b)))?;
    if ratio(best) < GAP {
        return None;
    }
    let up_to = (at(best) * at(2 * best)).sqrt();
    Some((pairs.partition_point(|pair| pair.0 < up_to), up_to))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITES: usize = 24;

    fn copies(rows: &[Vec<f32>]) -> Option<usize> {
        let mut sketches = Sketches::new(rows.len(), rows[0].len()).unwrap();
        rows.iter().for_each(|row| sketches.push(row));
        sketches.copies().map(|(pairs, _)| pairs.len())
    }

    #[test]
    fn noise_hides_no_copies() {
        let mut stream = Stream::new(1, 0, Purpose::Sample);
        let mut normal = |n: usize| (0..n).map(|_| stream.normal()).collect::<Vec<f32>>();
        let rows: Vec<_> = (0..600).map(|_| normal(SITES)).collect();
        assert_eq!(copies(&rows), None);
        for noise in [1e-6, 1e-3, 0.1] {
            let with = rows.iter().map(|row| {
                let sites = row.iter().zip(normal(SITES));
                sites.map(|(x, y)| x + noise * y).collect()
            });
            let both: Vec<_> = rows.iter().cloned().chain(with).collect();
            assert_eq!(copies(&both), Some(600), "{noise}");
        }
    }

    /// A plane, a curve, a random walk, and sparse values.
    #[test]
    fn close_by_themselves() {
        let mut stream = Stream::new(2, 0, Purpose::Sample);
        let mut normal = move || stream.normal();
        let mut walk = vec![0.0; SITES];
        let kinds: [&mut dyn FnMut(usize) -> f32; 2] =
            [&mut |_| normal(), &mut |t| (t as f32 * 0.1234).sin()];
        for kind in kinds {
            let rows: Vec<Vec<f32>> = (0..2000)
                .map(|t| {
                    let (a, b) = (kind(t), kind(t));
                    (0..SITES).map(|i| a + b * i as f32).collect()
                })
                .collect();
            assert_eq!(copies(&rows), None);
        }
        let rows: Vec<Vec<f32>> = (0..2000)
            .map(|_| {
                walk.iter_mut().for_each(|x| *x += normal());
                walk.clone()
            })
            .collect();
        assert_eq!(copies(&rows), None);
        let sparse: Vec<Vec<f32>> = (0..2000)
            .map(|_| {
                let sites = (0..SITES).map(|_| if normal() > 2.0 { normal() } else { 0.0 });
                sites.collect()
            })
            .collect();
        assert_eq!(copies(&sparse), None);
    }
}
