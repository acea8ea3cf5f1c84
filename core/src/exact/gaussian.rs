//! The free Gaussian field on a torus, in closed form.
//!
//! ```text
//! S = ½ Σ_⟨ij⟩ (φ_i − φ_j)² + ½ m² Σ_i φ_i²,   weight e^−S
//! ```
//!
//! with the sum over sites and forward directions of a periodic [`Lattice`] (a side of 2 has double
//! bonds): a normal law of mean 0, precision A = −Δ + m² and covariance A⁻¹,
//!
//! ```text
//! ⟨φ_0 φ_x⟩ = 1/N Σ_k cos(k·x) / (m² + Σ_a 4 sin²(k_a/2)),   k_a = 2π n_a / L_a
//! ```
//!
//! # Informations
//! W is block V and buffer. Given E, the field in V has the covariance Σ_V|E = (A_WW⁻¹)_VV, and
//! means that are linear in the fields φ_e next to W, with the coefficients K = (A_WW⁻¹)_V· A_·e:
//! the variance of these means is M = K Σ_ee Kᵀ = Σ_V − Σ_V|E. Then
//!
//! ```text
//! I(V:E) = ½ ln det Σ_V / det Σ_V|E = ½ ln det(1 + L⁻¹ M L⁻ᵀ),   Σ_V|E = L Lᵀ
//! ```
//!
//! and likewise for H = Λᵀ V. Entries of A_WW⁻¹ and of K are sums of positive terms and M is
//! formed without a difference, so that small informations keep their digits. The mode k = 0 is
//! kept apart, as c u uᵀ with c = 1/(N m²) and u = K 1: as m → 0 it outgrows all others.

use core::f64::consts::PI;
use core::ops::RangeInclusive;

use super::binary::{self, Threshold};
use super::information::nonnegative;
use super::partition::Partition;
use super::{Encoder, ExactError, Filter, Information, take};
use crate::lattice::{Lattice, MAX_DIMENSION};
use crate::num::math::{ln_1p_64, sin64, sqrt64};

/// Masses whose squares and their inverses are far within the range of f64.
pub const MASSES: RangeInclusive<f64> = 1e-100..=1e100;

/// Most sites of block and buffer together.
pub const REGION_SITES: usize = 4096;

/// Most sites of a block, and components of a filter.
pub const BLOCK_SITES: usize = 1024;

/// Most products in the sums over momenta: half a second.
const PRODUCTS: u64 = 1 << 29;

/// A pivot this small beside its diagonal is rounding: the component depends on earlier ones.
const DEPENDENT: f64 = 1e-13;

/// Coordinates, slowest axis first; unused axes have length 1 and come first.
type Coordinates = [usize; MAX_DIMENSION];

/// Exact means of the field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Means {
    /// ⟨φ²⟩.
    pub variance_per_site: f64,
    /// ⟨S⟩ / N: ½ by equipartition, whatever the mass and the lattice.
    pub energy_per_site: f64,
    /// ⟨(Σ φ)²⟩ / N² = 1 / (N m²).
    pub magnetisation_squared: f64,
}

/// Numbers of scratch that [`means`] takes.
///
/// # Errors
/// The lattice is too large.
pub fn means_scratch_len(lattice: Lattice) -> Result<usize, ExactError> {
    Ok(table_len(lattice)? + line_len(lattice))
}

/// Exact means of the field of a mass.
///
/// `scratch` holds at least [`means_scratch_len`] numbers of any value.
///
/// # Errors
/// Names the rule that is broken.
pub fn means(lattice: Lattice, mass: f64, scratch: &mut [f64]) -> Result<Means, ExactError> {
    let square = square(mass)?;
    let scratch = take(scratch, means_scratch_len(lattice)?)?;
    let (table, line) = scratch.split_at_mut(table_len(lattice)?);
    covariance(lattice, square, table, line);
    let uniform = uniform(lattice, square);
    Ok(Means {
        variance_per_site: table[0] + uniform,
        energy_per_site: 0.5,
        magnetisation_squared: uniform,
    })
}

/// Numbers of scratch that [`information`] takes; `components` is 0 without a filter.
///
/// # Errors
/// The lattice, the block, block and buffer together, or the number of components is too large.
pub fn information_scratch_len(
    partition: &Partition,
    components: usize,
) -> Result<usize, ExactError> {
    if components > BLOCK_SITES {
        return Err(ExactError::FieldComponents(components));
    }
    let lattice = partition.lattice();
    let region = Region::new(partition)?;
    let block = region.block_sites();
    Ok(table_len(lattice)?
        + line_len(lattice)
        + region.factor_len()
        + region.sites * block
        + law_len(block)
        + law_len(components)
        + block)
}

/// Exact informations about the environment, all that lies outside block and buffer: I(V:E) of the
/// block and, with a filter, I(H:E), in nats.
///
/// The continuous encoder takes any number of components; those that depend linearly on others
/// add nothing. Sign and sigmoid take one, whose information is a sum over a quadrature, within
/// 1e-13 nats of the integral.
///
/// `scratch` holds at least [`information_scratch_len`] numbers of any value.
///
/// # Errors
/// Names the rule that is broken.
pub fn information(
    partition: &Partition,
    mass: f64,
    filter: Option<&Filter<'_>>,
    scratch: &mut [f64],
) -> Result<Information, ExactError> {
    let square = square(mass)?;
    let components = filter.map_or(0, Filter::components);
    let scratch = take(scratch, information_scratch_len(partition, components)?)?;
    if let Some(filter) = filter {
        filter.fits(partition.block_sites())?;
        if filter.encoder() != Encoder::Continuous && components > 1 {
            return Err(ExactError::Binary(components));
        }
    }
    let lattice = partition.lattice();
    let region = Region::new(partition)?;
    let block = region.block_sites();
    let (table, scratch) = scratch.split_at_mut(table_len(lattice)?);
    let (line, scratch) = scratch.split_at_mut(line_len(lattice));
    let (factor, scratch) = scratch.split_at_mut(region.factor_len());
    let (inverse, scratch) = scratch.split_at_mut(region.sites * block);
    let (of_block, scratch) = scratch.split_at_mut(law_len(block));
    let (of_filter, row) = scratch.split_at_mut(law_len(components));

    covariance(lattice, square, table, line);
    region.factor(square, factor);
    region.invert(factor, inverse);
    let mut law = Law::new(block, uniform(lattice, square), of_block);
    region.law(table, inverse, row, &mut law);
    let mut deficit = None;
    let filtered = filter.map(|filter| {
        let mut kept = Law::new(components, law.uniform, of_filter);
        law.project(filter, row, &mut kept);
        let threshold = match filter.encoder() {
            Encoder::Continuous => return kept.information(),
            Encoder::Sign => Threshold::Sign,
            Encoder::Sigmoid => Threshold::Sigmoid,
        };
        let u = kept.pull[0];
        let spread = nonnegative(kept.means[0] + kept.uniform * u * u);
        let (spread, s) = (sqrt64(spread), sqrt64(kept.given[0]));
        let lost = |batch| nonnegative(binary::deficit(threshold, spread, s, batch));
        deficit = filter.batch().map(lost);
        binary::information(threshold, spread, s)
    });
    Ok(Information {
        block: nonnegative(law.information()),
        filtered: filtered.map(nonnegative),
        deficit,
    })
}

/// m².
fn square(mass: f64) -> Result<f64, ExactError> {
    if MASSES.contains(&mass) {
        Ok(mass * mass)
    } else {
        Err(ExactError::Mass(mass))
    }
}

/// c = 1/(N m²), the covariance of the uniform mode.
fn uniform(lattice: Lattice, square: f64) -> f64 {
    1.0 / (lattice.sites() as f64 * square)
}

/// Distances along an axis, 0 to half the side.
fn distances(side: usize) -> usize {
    side / 2 + 1
}

fn extent(lattice: Lattice) -> Coordinates {
    lattice.extent().map(|side| side as usize)
}

/// Numbers of the table of covariances.
fn table_len(lattice: Lattice) -> Result<usize, ExactError> {
    let distances = extent(lattice).map(distances);
    let len: usize = distances.iter().product();
    if len as u64 * distances.iter().sum::<usize>() as u64 > PRODUCTS {
        return Err(ExactError::Field(lattice));
    }
    Ok(len)
}

/// Numbers for one line of the table, and the cosines for it.
fn line_len(lattice: Lattice) -> usize {
    let lengths = extent(lattice).map(|side| side + distances(side));
    lengths.iter().fold(0, |a, b| a.max(*b))
}

/// The coordinates of number `i` of an array with the given sides.
fn coordinates(mut i: usize, sides: Coordinates) -> Coordinates {
    let mut at = [0; MAX_DIMENSION];
    for (at, side) in at.iter_mut().zip(sides).rev() {
        *at = i % side;
        i /= side;
    }
    at
}

/// sin²(π n / L).
fn sine_squared(n: usize, side: usize) -> f64 {
    let sine = sin64(PI * n as f64 / side as f64);
    sine * sine
}

/// Fills the table with ⟨φ_0 φ_x⟩ less that of the uniform mode, for distances along the axes.
///
/// The modes are even in every k_a, so half of them serve, and the sums are done axis by axis.
fn covariance(lattice: Lattice, square: f64, table: &mut [f64], line: &mut [f64]) {
    let sides = extent(lattice);
    let lengths = sides.map(distances);
    for (i, entry) in table.iter_mut().enumerate() {
        let modes = coordinates(i, lengths).into_iter().zip(sides);
        let laplacian: f64 = modes.map(|(n, side)| 4.0 * sine_squared(n, side)).sum();
        *entry = if i == 0 {
            0.0
        } else {
            1.0 / (square + laplacian)
        };
    }
    let mut stride = 1;
    for (side, length) in sides.into_iter().zip(lengths).rev() {
        let (cosines, line) = line.split_at_mut(side);
        for (n, cosine) in cosines.iter_mut().enumerate() {
            *cosine = 1.0 - 2.0 * sine_squared(n, side);
        }
        let line = &mut line[..length];
        for i in 0..table.len() / length {
            let first = i / stride * stride * length + i % stride;
            for (n, value) in line.iter_mut().enumerate() {
                let images = if n == 0 || 2 * n == side { 1.0 } else { 2.0 };
                *value = table[first + n * stride] * (images / side as f64);
            }
            for x in 0..length {
                let (mut sum, mut angle) = (0.0, 0);
                for value in &*line {
                    sum += value * cosines[angle];
                    angle += x;
                    if angle >= side {
                        angle -= side;
                    }
                }
                table[first + x * stride] = sum;
            }
        }
        stride *= length;
    }
}

/// W, block and buffer: a box, numbered so that its precision matrix has a narrow band.
struct Region {
    sides: Coordinates,
    widths: Coordinates,
    strides: Coordinates,
    block: Coordinates,
    /// Of the block within the box.
    offset: Coordinates,
    sites: usize,
    /// The greatest difference between the numbers of neighbours.
    band: usize,
    coordination: usize,
}

impl Region {
    fn new(partition: &Partition) -> Result<Self, ExactError> {
        let lattice = partition.lattice();
        let sides = extent(lattice);
        let mut block = [1; MAX_DIMENSION];
        for (to, from) in block.iter_mut().rev().zip(partition.block().iter().rev()) {
            *to = *from as usize;
        }
        let buffer = partition.buffer() as usize;
        let covered = |a: usize| block[a] + 2 * buffer >= sides[a];
        let widths: Coordinates = core::array::from_fn(|a| {
            if covered(a) {
                sides[a]
            } else {
                block[a] + 2 * buffer
            }
        });
        let offset = core::array::from_fn(|a| if covered(a) { 0 } else { buffer });
        let sites = widths.iter().product();
        if sites > REGION_SITES {
            return Err(ExactError::Region(sites as u64));
        }
        if partition.block_sites() > BLOCK_SITES {
            return Err(ExactError::FieldBlock(partition.block_sites() as u64));
        }
        // Along the slowest axis the box must not close. A partition leaves at least one such axis.
        let mut slowest = 0;
        for a in 0..MAX_DIMENSION {
            if !covered(a) && (covered(slowest) || widths[a] > widths[slowest]) {
                slowest = a;
            }
        }
        let band = sites / widths[slowest];
        let (mut strides, mut stride) = ([band; MAX_DIMENSION], 1);
        for a in (0..MAX_DIMENSION).filter(|a| *a != slowest) {
            strides[a] = stride;
            stride *= widths[a];
        }
        Ok(Region {
            sides,
            widths,
            strides,
            block,
            offset,
            sites,
            band,
            coordination: lattice.coordination(),
        })
    }

    fn block_sites(&self) -> usize {
        self.block.iter().product()
    }

    /// Numbers of the band of a triangle.
    fn factor_len(&self) -> usize {
        self.sites * (self.band + 1)
    }

    fn number(&self, at: Coordinates) -> usize {
        at.iter()
            .zip(self.strides)
            .map(|(at, stride)| at * stride)
            .sum()
    }

    /// The number of site `i` of the block, counted in the lattice's order.
    fn of_block(&self, i: usize) -> usize {
        let at = coordinates(i, self.block);
        self.number(core::array::from_fn(|a| at[a] + self.offset[a]))
    }

    /// The bonds between W and E: the site of W, and the coordinates of that of E. A site of E with
    /// several bonds is there several times.
    fn border(&self) -> impl Iterator<Item = (usize, Coordinates)> + '_ {
        let open = (0..MAX_DIMENSION).filter(|a| self.widths[*a] < self.sides[*a]);
        open.flat_map(move |a| {
            let mut ends = self.widths;
            ends[a] = 2;
            (0..2 * (self.sites / self.widths[a])).map(move |i| {
                let mut at = coordinates(i, ends);
                let beyond = if at[a] == 0 {
                    self.sides[a] - 1
                } else {
                    self.widths[a]
                };
                at[a] *= self.widths[a] - 1;
                let site = self.number(at);
                at[a] = beyond;
                (site, at)
            })
        })
    }

    /// The place in the table of the covariance of two sites.
    fn apart(&self, from: Coordinates, to: Coordinates) -> usize {
        let mut place = 0;
        for a in 0..MAX_DIMENSION {
            let along = from[a].abs_diff(to[a]);
            place = place * distances(self.sides[a]) + along.min(self.sides[a] - along);
        }
        place
    }

    /// Cholesky factor of A_WW, the last number of a row on the diagonal.
    fn factor(&self, square: f64, factor: &mut [f64]) {
        let (band, width) = (self.band, self.band + 1);
        factor.fill(0.0);
        for i in 0..self.sites {
            let at = coordinates(i, self.widths);
            let site = self.number(at);
            factor[site * width + band] = square + self.coordination as f64;
            for a in (0..MAX_DIMENSION).filter(|a| self.sides[*a] > 1) {
                let mut next = at;
                next[a] += 1;
                if next[a] == self.sides[a] {
                    next[a] = 0;
                } else if next[a] == self.widths[a] {
                    continue;
                }
                let next = self.number(next);
                let (early, late) = (site.min(next), site.max(next));
                factor[late * width + band - (late - early)] -= 1.0;
            }
        }
        for i in 0..self.sites {
            let (done, row) = factor.split_at_mut(i * width);
            let first = i.saturating_sub(band);
            for j in first..i {
                let other = &done[j * width..][..width];
                let (start, end) = (first + band - i, j + band - i);
                let known = &row[start..end];
                let sum: f64 = known
                    .iter()
                    .zip(&other[first + band - j..band])
                    .map(|(a, b)| a * b)
                    .sum();
                row[end] = (row[end] - sum) / other[band];
            }
            let sum: f64 = row[..band].iter().map(|a| a * a).sum();
            row[band] = sqrt64(row[band] - sum);
        }
    }

    /// The columns of A_WW⁻¹ of the block's sites, one row for each site of W.
    fn invert(&self, factor: &[f64], inverse: &mut [f64]) {
        let (band, width, block) = (self.band, self.band + 1, self.block_sites());
        inverse.fill(0.0);
        for i in 0..block {
            inverse[self.of_block(i) * block + i] = 1.0;
        }
        for i in 0..self.sites {
            let (done, row) = inverse.split_at_mut(i * block);
            let row = &mut row[..block];
            let factors = &factor[i * width..][..width];
            for j in i.saturating_sub(band)..i {
                add(row, -factors[j + band - i], &done[j * block..][..block]);
            }
            scale(row, 1.0 / factors[band]);
        }
        for i in (0..self.sites).rev() {
            let (rest, row) = inverse.split_at_mut(i * block);
            let row = &mut row[..block];
            let factors = &factor[i * width..][..width];
            scale(row, 1.0 / factors[band]);
            for j in i.saturating_sub(band)..i {
                add(&mut rest[j * block..][..block], -factors[j + band - i], row);
            }
        }
    }

    /// The law of the block. A row of `inverse` next to the border is a column of K.
    fn law(&self, table: &[f64], inverse: &[f64], row: &mut [f64], law: &mut Law<'_>) {
        let block = law.size;
        let of = |site: usize| &inverse[site * block..][..block];
        for i in 0..block {
            law.given[i * block..][..block].copy_from_slice(of(self.of_block(i)));
        }
        law.means.fill(0.0);
        law.pull.fill(0.0);
        for (site, e) in self.border() {
            add(law.pull, 1.0, of(site));
            row.fill(0.0);
            for (other, f) in self.border() {
                add(row, table[self.apart(e, f)], of(other));
            }
            for (means, factor) in law.means.chunks_exact_mut(block).zip(of(site)) {
                add(means, *factor, row);
            }
        }
    }
}

/// Numbers that a law of so many variables takes.
fn law_len(size: usize) -> usize {
    (2 * size + 1) * size
}

/// Normal variables that depend on E: with means of covariance M = R + c u uᵀ over E, and a
/// covariance Σ given E.
struct Law<'a> {
    size: usize,
    /// c.
    uniform: f64,
    /// Σ.
    given: &'a mut [f64],
    /// R.
    means: &'a mut [f64],
    /// u.
    pull: &'a mut [f64],
}

impl<'a> Law<'a> {
    fn new(size: usize, uniform: f64, scratch: &'a mut [f64]) -> Self {
        let (given, scratch) = scratch.split_at_mut(size * size);
        let (means, pull) = scratch.split_at_mut(size * size);
        Law {
            size,
            uniform,
            given,
            means,
            pull,
        }
    }

    /// The law of the filter's components.
    fn project(&self, filter: &Filter<'_>, row: &mut [f64], to: &mut Law<'_>) {
        for a in 0..to.size {
            to.pull[a] = dot(filter.component(a), self.pull);
            for (from, to) in [
                (&*self.given, &mut *to.given),
                (&*self.means, &mut *to.means),
            ] {
                row.fill(0.0);
                for (weight, line) in filter.component(a).zip(from.chunks_exact(self.size)) {
                    add(row, weight, line);
                }
                for (b, to) in to.chunks_exact_mut(filter.components()).enumerate() {
                    to[a] = dot(filter.component(b), row);
                }
            }
        }
    }

    /// ½ ln det(Σ + M) / det Σ, in place. Variables that depend on earlier ones are left out.
    fn information(&mut self) -> f64 {
        let n = self.size;
        // Σ = L Lᵀ, with 1/L_ii on the diagonal, 0 for those left out.
        for i in 0..n {
            let (done, row) = self.given.split_at_mut(i * n);
            for j in 0..i {
                let other = &done[j * n..];
                let sum = dot(row[..j].iter().copied(), other);
                row[j] = (row[j] - sum) * other[j];
            }
            let pivot = row[i] - dot(row[..i].iter().copied(), row);
            row[i] = if pivot > DEPENDENT * row[i] {
                1.0 / sqrt64(pivot)
            } else {
                0.0
            };
        }
        // R to L⁻¹ R L⁻ᵀ, by rows and then by columns, and u to L⁻¹ u.
        for i in 0..n {
            let (done, row) = self.means.split_at_mut(i * n);
            let (row, factors) = (&mut row[..n], &self.given[i * n..][..n]);
            for (factor, line) in factors[..i].iter().zip(done.chunks_exact(n)) {
                add(row, -factor, line);
            }
            scale(row, factors[i]);
        }
        for row in self.means.chunks_exact_mut(n).chain([&mut *self.pull]) {
            for i in 0..n {
                let factors = &self.given[i * n..][..n];
                row[i] = (row[i] - dot(factors[..i].iter().copied(), row)) * factors[i];
            }
        }
        // 1 + R = L (1 + D) Lᵀ with L_ii = 1, D on the diagonal; u to L⁻¹ u.
        let (mut sum, mut uniform) = (0.0, 0.0);
        for i in 0..n {
            let (done, row) = self.means.split_at_mut(i * n);
            for j in 0..i {
                row[j] -= dot(row[..j].iter().copied(), &done[j * n..]);
            }
            for j in 0..i {
                let factor = row[j] / (1.0 + done[j * n + j]);
                row[i] -= factor * row[j];
                row[j] = factor;
            }
            self.pull[i] -= dot(row[..i].iter().copied(), self.pull);
            sum += ln_1p_64(row[i]);
            uniform += self.pull[i] * self.pull[i] / (1.0 + row[i]);
        }
        0.5 * (sum + ln_1p_64(self.uniform * uniform))
    }
}

/// Σ a_i b_i over the shorter of both.
fn dot(a: impl Iterator<Item = f64>, b: &[f64]) -> f64 {
    a.zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], factor: f64, from: &[f64]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += factor * from;
    }
}

fn scale(row: &mut [f64], factor: f64) {
    for value in row {
        *value *= factor;
    }
}

#[cfg(test)]
mod tests;
