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
//! W is block V plus buffer. Given E, the field in V has the covariance Σ_V|E = (A_WW⁻¹)_VV and means
//! that are linear in the fields φ_e next to W, with the coefficients K = (A_WW⁻¹)_V· A_·e. The
//! covariance of these means is M = K Σ_ee Kᵀ = Σ_V − Σ_V|E. Then
//!
//! ```text
//! I(V:E) = ½ ln det Σ_V / det Σ_V|E = ½ ln det(1 + L⁻¹ M L⁻ᵀ),   Σ_V|E = L Lᵀ
//! ```
//!
//! and likewise for H = Λᵀ V. Entries of A_WW⁻¹ and of K are sums of positive terms, and M is formed
//! without subtractions, so that small informations keep their digits. The mode k = 0 is kept apart, as
//! c u uᵀ with c = 1/(N m²) and u = K 1 = 1 − m² w, w = A_WW⁻¹ 1: c diverges as m → 0, and a rounding error
//! of Λ·u with it, most of all where the weights of Λ add up to 0. Then Λ·u is the exact sum of the weights
//! less m² Λ·w; where m² is large, u is the sum of the positive terms of K.

mod binary;
mod continuous;

use std::f64::consts::PI;
use std::fmt;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;

use blockspin_core::lattice::{Lattice, MAX_DIMENSION};
use blockspin_core::num::math::{ln_1p_64, sin64, sqrt64};

use crate::filter::{Encoder, Filter, FilterError};
use crate::information::{Information, nonnegative};
use crate::partition::{self, Partition};
use binary::Threshold;

/// Masses whose squares and inverse squares are well within the range of f64.
pub const MASSES: RangeInclusive<f64> = 1e-100..=1e100;

/// Most sites of block and buffer together.
pub const MAX_REGION_SITES: usize = 4096;

/// Most sites of a block, and most components of a filter.
pub const MAX_BLOCK_SITES: usize = 1024;

/// Most products in the sums over momenta: about half a second.
const PRODUCTS: u64 = 1 << 29;

/// A pivot this small relative to its diagonal is rounding error: the component depends on earlier ones.
const DEPENDENT: f64 = 1e-13;

/// Why there is no exact result for the Gaussian field.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// The mass is outside [`MASSES`].
    Mass(f64),
    /// The lattice is too large for the sums over momenta.
    Lattice(Lattice),
    /// Block and buffer together have more sites than [`MAX_REGION_SITES`].
    Region(usize),
    /// The block has more sites than [`MAX_BLOCK_SITES`].
    Block(usize),
    /// The filter has more components than [`MAX_BLOCK_SITES`].
    Components(usize),
    /// A binary encoder with several components.
    Binary(usize),
    /// A batch size with several continuous components.
    Batch(usize),
    /// The filter does not fit this block.
    Filter(FilterError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Mass(mass) => write!(
                f,
                "a mass of {mass}; it is a number from {:e} to {:e}",
                MASSES.start(),
                MASSES.end()
            ),
            Self::Lattice(lattice) => write!(
                f,
                "a lattice of {}; the covariance of a field is summed for lattices as large as a \
                 ring of 32768, 1024 × 1024 or 128 × 128 × 128",
                partition::sides(lattice)
            ),
            Self::Region(n) => write!(
                f,
                "block and buffer of {n} sites of a field; they have at most {MAX_REGION_SITES} \
                 together, take a smaller block or buffer"
            ),
            Self::Block(n) => write!(
                f,
                "a block of {n} sites of a field; it has at most {MAX_BLOCK_SITES}"
            ),
            Self::Components(n) => write!(
                f,
                "a filter of {n} components on a field; it has at most {MAX_BLOCK_SITES}, the most \
                 sites of a block"
            ),
            Self::Binary(n) => write!(
                f,
                "a binary encoder on {n} components of a field; sign and sigmoid take one \
                 component, the continuous encoder any number"
            ),
            Self::Batch(n) => write!(
                f,
                "what InfoNCE shows of {n} continuous components of a field; it is known of one, leave \
                 the batch out"
            ),
            Self::Filter(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<FilterError> for Error {
    fn from(error: FilterError) -> Self {
        Self::Filter(error)
    }
}

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

/// Exact means of the field with a given mass.
///
/// # Errors
/// [`Error::Mass`] or [`Error::Lattice`].
pub fn means(lattice: Lattice, mass: f64) -> Result<Means, Error> {
    let square = square(mass)?;
    let table = covariance(lattice, square)?;
    let uniform = uniform(lattice, square);
    Ok(Means {
        variance_per_site: table[0] + uniform,
        energy_per_site: 0.5,
        magnetisation_squared: uniform,
    })
}

/// Memory that [`information`] needs, in bytes; `components` is 0 without a filter.
///
/// # Errors
/// [`Error::Lattice`], [`Error::Region`], [`Error::Block`] or [`Error::Components`].
pub fn information_bytes(partition: &Partition, components: usize) -> Result<u64, Error> {
    if components > MAX_BLOCK_SITES {
        return Err(Error::Components(components));
    }
    let lattice = partition.lattice();
    let region = Region::new(partition)?;
    let block = region.block_sites();
    let numbers = table_len(lattice)?
        + line_len(lattice)
        + region.factor_len()
        + region.sites * block
        + Law::len(block)
        + Law::len(components)
        + block;
    Ok(size_of::<f64>() as u64 * numbers as u64)
}

/// Products that [`information`] takes, about, but for those of quadratures: each a nanosecond or less.
///
/// # Errors
/// Those of [`information_bytes`].
pub fn information_steps(partition: &Partition, components: usize) -> Result<u64, Error> {
    information_bytes(partition, components)?;
    let region = Region::new(partition)?;
    let lattice = partition.lattice();
    let distances: usize = extent(lattice).map(distances).iter().sum();
    let (border, block) = (region.border().count(), region.block_sites());
    let band = region.band + 1;
    let steps = table_len(lattice)? * distances
        + region.sites * band * (band + 2 * block)
        + border * (border + block) * block
        + (block + components) * block * block;
    Ok(steps as u64)
}

/// I(V:E) of the block and, with a filter, I(H:E), in nats; with a filter of one component and a batch
/// size K, also the [deficit](crate::infonce) of InfoNCE.
///
/// The continuous encoder takes any number of components; linearly dependent ones add nothing. Sign and
/// sigmoid take one component; its information is computed by quadrature, to within 1e-13 nats, and
/// deficits to within 1e-10.
///
/// # Errors
/// [`Error::Mass`], those of [`information_bytes`], [`Error::Filter`] with a wrong number of weights,
/// [`Error::Binary`] or [`Error::Batch`].
pub fn information(
    partition: &Partition,
    mass: f64,
    filter: Option<&Filter<'_>>,
    batch: Option<NonZeroU32>,
) -> Result<Information, Error> {
    let square = square(mass)?;
    let components = filter.map_or(0, Filter::components);
    information_bytes(partition, components)?;
    if let Some(filter) = filter {
        filter.fits(partition.block_sites())?;
        if filter.encoder() != Encoder::Continuous && components > 1 {
            return Err(Error::Binary(components));
        }
        if batch.is_some() && components > 1 {
            return Err(Error::Batch(components));
        }
    }
    let lattice = partition.lattice();
    let region = Region::new(partition)?;
    let table = covariance(lattice, square)?;
    let inverse = region.invert(&region.factor(square));
    let mut law = region.law(&table, &inverse, uniform(lattice, square), square);
    let mut deficit = None;
    let filtered = filter.map(|filter| {
        let mut kept = law.project(filter);
        let threshold = match filter.encoder() {
            Encoder::Continuous => {
                kept.add_noise(filter.noise());
                let information = kept.information();
                let of_batch = |batch| nonnegative(continuous::deficit(information, batch));
                deficit = batch.map(of_batch);
                return information;
            }
            Encoder::Sign => Threshold::Sign,
            Encoder::Sigmoid => Threshold::Sigmoid,
        };
        let u = kept.pull[0];
        let spread = nonnegative(kept.means[0] + kept.uniform * u * u);
        let (spread, s) = (sqrt64(spread), sqrt64(kept.given[0]));
        let of_batch = |batch| nonnegative(binary::deficit(threshold, spread, s, batch));
        deficit = batch.map(of_batch);
        binary::information(threshold, spread, s)
    });
    Ok(Information {
        block: nonnegative(law.information()),
        filtered: filtered.map(nonnegative),
        deficit,
    })
}

/// m².
fn square(mass: f64) -> Result<f64, Error> {
    if MASSES.contains(&mass) {
        Ok(mass * mass)
    } else {
        Err(Error::Mass(mass))
    }
}

/// c = 1/(N m²), the covariance of the uniform mode.
fn uniform(lattice: Lattice, square: f64) -> f64 {
    1.0 / (lattice.sites() as f64 * square)
}

/// Distances along an axis, from 0 to half the side.
fn distances(side: usize) -> usize {
    side / 2 + 1
}

fn extent(lattice: Lattice) -> Coordinates {
    lattice.extent().map(|side| side as usize)
}

/// Length of the table of covariances.
fn table_len(lattice: Lattice) -> Result<usize, Error> {
    let distances = extent(lattice).map(distances);
    let len: usize = distances.iter().product();
    if len as u64 * distances.iter().sum::<usize>() as u64 > PRODUCTS {
        return Err(Error::Lattice(lattice));
    }
    Ok(len)
}

/// Length of the buffer for one line of the table and its cosines.
fn line_len(lattice: Lattice) -> usize {
    let lengths = extent(lattice).map(|side| side + distances(side));
    lengths.iter().fold(0, |a, b| a.max(*b))
}

/// The coordinates of element `i` of an array with the given sides.
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

/// The table of ⟨φ_0 φ_x⟩ minus the uniform mode, for distances along the axes.
///
/// The modes are even in every k_a, so half of them suffice, and the sums are done axis by axis.
fn covariance(lattice: Lattice, square: f64) -> Result<Vec<f64>, Error> {
    let mut table = vec![0.0; table_len(lattice)?];
    let mut line = vec![0.0; line_len(lattice)];
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
    Ok(table)
}

/// W, block plus buffer: a box, numbered so that its precision matrix has a narrow band.
struct Region {
    sides: Coordinates,
    widths: Coordinates,
    strides: Coordinates,
    block: Coordinates,
    /// Corner of the block within the box.
    offset: Coordinates,
    sites: usize,
    /// Largest difference between the numbers of neighbours.
    band: usize,
    coordination: usize,
}

impl Region {
    fn new(partition: &Partition) -> Result<Self, Error> {
        let lattice = partition.lattice();
        let sides = extent(lattice);
        let mut block = [1; MAX_DIMENSION];
        for (to, from) in block.iter_mut().rev().zip(partition.block().iter().rev()) {
            *to = *from as usize;
        }
        let buffer = partition.buffer() as usize;
        let covered = |a: usize| block[a] + 2 * buffer >= sides[a];
        let widths: Coordinates = std::array::from_fn(|a| {
            if covered(a) {
                sides[a]
            } else {
                block[a] + 2 * buffer
            }
        });
        let offset = std::array::from_fn(|a| if covered(a) { 0 } else { buffer });
        let sites = widths.iter().product();
        if sites > MAX_REGION_SITES {
            return Err(Error::Region(sites));
        }
        if partition.block_sites() > MAX_BLOCK_SITES {
            return Err(Error::Block(partition.block_sites()));
        }
        // The box must not close around the slowest axis. A partition leaves at least one such axis.
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

    /// Length of the band of a triangular matrix.
    fn factor_len(&self) -> usize {
        self.sites * (self.band + 1)
    }

    fn number(&self, at: Coordinates) -> usize {
        at.iter()
            .zip(self.strides)
            .map(|(at, stride)| at * stride)
            .sum()
    }

    /// The number in W of site `i` of the block, counted in the lattice's order.
    fn of_block(&self, i: usize) -> usize {
        let at = coordinates(i, self.block);
        self.number(std::array::from_fn(|a| at[a] + self.offset[a]))
    }

    /// The bonds between W and E: the site of W, and the coordinates of the site of E. A site of E with
    /// several bonds occurs several times.
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

    /// Index in the table of the covariance of two sites.
    fn apart(&self, from: Coordinates, to: Coordinates) -> usize {
        let mut place = 0;
        for a in 0..MAX_DIMENSION {
            let along = from[a].abs_diff(to[a]);
            place = place * distances(self.sides[a]) + along.min(self.sides[a] - along);
        }
        place
    }

    /// Cholesky factor of A_WW, each row ending with its diagonal element.
    fn factor(&self, square: f64) -> Vec<f64> {
        let (band, width) = (self.band, self.band + 1);
        let mut factor = vec![0.0; self.factor_len()];
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
        factor
    }

    /// The columns of A_WW⁻¹ for the block's sites, one row for each site of W.
    fn invert(&self, factor: &[f64]) -> Vec<f64> {
        let (band, width, block) = (self.band, self.band + 1, self.block_sites());
        let mut inverse = vec![0.0; self.sites * block];
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
        inverse
    }

    /// The law of the block. A row of `inverse` next to the boundary is a column of K.
    fn law(&self, table: &[f64], inverse: &[f64], uniform: f64, square: f64) -> Law {
        let block = self.block_sites();
        let mut law = Law::new(block, uniform);
        let mut row = vec![0.0; block];
        let of = |site: usize| &inverse[site * block..][..block];
        for i in 0..block {
            law.given[i * block..][..block].copy_from_slice(of(self.of_block(i)));
        }
        for row in inverse.chunks_exact(block) {
            add(&mut law.held, square, row);
        }
        for (site, e) in self.border() {
            add(&mut law.pull, 1.0, of(site));
            row.fill(0.0);
            for (other, f) in self.border() {
                add(&mut row, table[self.apart(e, f)], of(other));
            }
            for (means, factor) in law.means.chunks_exact_mut(block).zip(of(site)) {
                add(means, *factor, &row);
            }
        }
        law
    }
}

/// Normal variables that depend on E: their conditional means have the covariance M = R + c u uᵀ over E,
/// their conditional covariance is Σ.
struct Law {
    size: usize,
    /// c.
    uniform: f64,
    /// Σ.
    given: Vec<f64>,
    /// R.
    means: Vec<f64>,
    /// u.
    pull: Vec<f64>,
    /// m² w = 1 − u of the fields of a block; unused for what was projected.
    held: Vec<f64>,
}

impl Law {
    /// Length of the arrays of a law with `size` variables.
    fn len(size: usize) -> usize {
        (2 * size + 2) * size
    }

    fn new(size: usize, uniform: f64) -> Self {
        Law {
            size,
            uniform,
            given: vec![0.0; size * size],
            means: vec![0.0; size * size],
            pull: vec![0.0; size],
            held: vec![0.0; size],
        }
    }

    /// The law of the filter's components.
    fn project(&self, filter: &Filter<'_>) -> Law {
        let mut to = Law::new(filter.components(), self.uniform);
        let mut row = vec![0.0; self.size];
        for a in 0..to.size {
            to.pull[a] = self.pulled(|| filter.component(a));
            for (from, to) in [(&self.given, &mut to.given), (&self.means, &mut to.means)] {
                row.fill(0.0);
                for (weight, line) in filter.component(a).zip(from.chunks_exact(self.size)) {
                    add(&mut row, weight, line);
                }
                for (b, to) in to.chunks_exact_mut(filter.components()).enumerate() {
                    to[a] = dot(filter.component(b), &row);
                }
            }
        }
        to
    }

    /// Adds independent noise of this deviation to each variable.
    fn add_noise(&mut self, deviation: f64) {
        for i in 0..self.size {
            self.given[i * (self.size + 1)] += deviation * deviation;
        }
    }

    /// Λ·u, from u or from 1 − u, whichever has the smaller terms.
    fn pulled<W: Iterator<Item = f64>>(&self, weights: impl Fn() -> W) -> f64 {
        let size = |of: &[f64]| dot(weights().map(f64::abs), of);
        match size(&self.held) < size(&self.pull) {
            true => exact_sum(weights()) - dot(weights(), &self.held),
            false => dot(weights(), &self.pull),
        }
    }

    /// ½ ln det(Σ + M) / det Σ, in place. Linearly dependent variables are left out.
    fn information(&mut self) -> f64 {
        let n = self.size;
        // Σ = L Lᵀ, with 1/L_ii on the diagonal, 0 for variables that are left out.
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
        // R becomes L⁻¹ R L⁻ᵀ, by rows and then by columns, and u becomes L⁻¹ u.
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
        // 1 + R = L (1 + D) Lᵀ with L_ii = 1 and D on the diagonal; u becomes L⁻¹ u.
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
            self.pull[i] -= dot(row[..i].iter().copied(), &self.pull);
            sum += ln_1p_64(row[i]);
            uniform += self.pull[i] * self.pull[i] / (1.0 + row[i]);
        }
        0.5 * (sum + ln_1p_64(self.uniform * uniform))
    }
}

/// The sum, rounded once: partial sums that do not overlap (Shewchuk, Discrete Comput. Geom. 18, 305,
/// 1997).
fn exact_sum(terms: impl Iterator<Item = f64>) -> f64 {
    let mut parts: Vec<f64> = vec![];
    for mut x in terms {
        let mut kept = 0;
        for i in 0..parts.len() {
            let y = parts[i];
            let (large, small) = if x.abs() < y.abs() { (y, x) } else { (x, y) };
            x = large + small;
            let rest = small - (x - large);
            if rest != 0.0 {
                parts[kept] = rest;
                kept += 1;
            }
        }
        parts.truncate(kept);
        parts.push(x);
    }
    parts.iter().sum()
}

/// Σ a_i b_i over the length of the shorter slice.
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
