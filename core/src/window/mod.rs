//! The window: block V, buffer B around it, environment E around the buffer.
//!
//! ```text
//! E E E E E E      side W = L_V + 2 L_B + 2 L_E along each axis, with widths of its own
//! E B B B B E
//! E B V V B E      |V| = Π L_V,   |E| = Π W − Π (L_V + 2 L_B)
//! E B V V B E
//! E B B B B E
//! E E E E E E
//! ```
//!
//! On a doubled lattice, as that of dimers, V begins at a vertex, and only the links count: the sites
//! whose coordinates, counted from a vertex, have an odd sum.

pub mod region;
pub mod row;
pub mod shuffle_buffer;

use core::fmt;

use crate::lattice::{Extent, Lattice, MAX_DIMENSION};
use crate::num::rng::Stream;
use row::{Strip, Value, Write};
use shuffle_buffer::Cut;

/// Why a window cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WindowError {
    /// Something has another number of sides than the lattice.
    Dimension {
        /// What.
        what: &'static str,
        /// Its sides.
        sides: usize,
        /// Sides of the lattice.
        lattice: usize,
    },
    /// A side of the block is 0.
    EmptyBlock,
    /// The environment has no width.
    EmptyEnvironment,
    /// The window is longer than the lattice along an axis.
    TooLarge {
        /// The axis, slowest first.
        axis: usize,
        /// Window's side there.
        window: u64,
        /// Lattice's side there.
        lattice: u32,
    },
    /// A doubled lattice has an odd side.
    OddSide(u32),
    /// A window at the place that is asked for does not fit an open axis, or the lattice.
    Outside {
        /// The axis, slowest first.
        axis: usize,
        /// First site of the block there.
        at: u32,
        /// The first place that does.
        least: u32,
        /// The last place that does.
        most: u32,
    },
}

impl fmt::Display for WindowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dimension {
                what,
                sides,
                lattice,
            } => {
                write!(f, "{what} with {sides} sides on a lattice with {lattice}")
            }
            Self::EmptyBlock => write!(
                f,
                "a block without a site; every side is at least 1, and on links one is at least 2"
            ),
            Self::OddSide(side) => write!(
                f,
                "a doubled lattice with a side of {side}; every side is even"
            ),
            Self::EmptyEnvironment => {
                write!(f, "an environment of width 0; it is at least 1 wide")
            }
            Self::TooLarge {
                axis,
                window,
                lattice,
            } => {
                write!(
                    f,
                    "a window of side {window} on a lattice of side {lattice} (axis {axis})"
                )
            }
            Self::Outside {
                axis,
                at,
                least,
                most,
            } => {
                write!(
                    f,
                    "a block that begins at {at} along axis {axis}; there it can begin from {least} \
                     to {most}"
                )
            }
        }
    }
}

impl core::error::Error for WindowError {}

/// Block, buffer and environment on a lattice, and where on it they may lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    lattice: Lattice,
    block: Extent,
    /// Widths along each axis, 0 along unused ones.
    buffer: Extent,
    environment: Extent,
    open: [bool; MAX_DIMENSION],
    /// The first origin along each axis, how many there are from there, and how far from one another.
    first: Extent,
    places: Extent,
    step: u32,
    /// Whether only links of a doubled lattice count.
    links: bool,
}

/// One number for each axis of a lattice; one that is given serves all of them.
const fn along(
    what: &'static str,
    given: &[u32],
    lattice: Lattice,
    unused: u32,
) -> Result<Extent, WindowError> {
    let dimension = lattice.dimension();
    if given.len() != 1 && given.len() != dimension {
        return Err(WindowError::Dimension {
            what,
            sides: given.len(),
            lattice: dimension,
        });
    }
    let mut all = [unused; MAX_DIMENSION];
    let mut axis = 0;
    while axis < dimension {
        all[MAX_DIMENSION - dimension + axis] = given[if given.len() == 1 { 0 } else { axis }];
        axis += 1;
    }
    Ok(all)
}

impl Window {
    /// A block with the given sides, a buffer and an environment of the given widths, on a lattice:
    /// a number for each axis, or one for all. Windows lie anywhere, around the lattice's borders
    /// too.
    ///
    /// # Errors
    /// Names the rule that is broken.
    pub const fn new(
        lattice: Lattice,
        block: &[u32],
        buffer: &[u32],
        environment: &[u32],
    ) -> Result<Self, WindowError> {
        let block = match along("a block", block, lattice, 1) {
            Ok(block) => block,
            Err(error) => return Err(error),
        };
        let buffer = match along("a buffer", buffer, lattice, 0) {
            Ok(buffer) => buffer,
            Err(error) => return Err(error),
        };
        let environment = match along("an environment", environment, lattice, 0) {
            Ok(environment) => environment,
            Err(error) => return Err(error),
        };
        let mut axis = MAX_DIMENSION - lattice.dimension();
        let mut empty = true;
        while axis < MAX_DIMENSION {
            if block[axis] == 0 {
                return Err(WindowError::EmptyBlock);
            }
            empty = empty && environment[axis] == 0;
            let window = block[axis] as u64 + 2 * (buffer[axis] as u64 + environment[axis] as u64);
            if window > lattice.extent()[axis] as u64 {
                return Err(WindowError::TooLarge {
                    axis: axis + lattice.dimension() - MAX_DIMENSION,
                    window,
                    lattice: lattice.extent()[axis],
                });
            }
            axis += 1;
        }
        if empty {
            return Err(WindowError::EmptyEnvironment);
        }
        Ok(Window {
            lattice,
            block,
            buffer,
            environment,
            open: [false; MAX_DIMENSION],
            first: [0; MAX_DIMENSION],
            places: lattice.extent(),
            step: 1,
            links: false,
        })
    }

    /// The same on a doubled lattice: V begins at a vertex, where all coordinates are even, and with
    /// `links` only the links count, else faces and vertices as well.
    ///
    /// # Errors
    /// An odd side of the lattice; a block or an environment without a link; no place for a vertex.
    pub const fn doubled(mut self, links: bool) -> Result<Self, WindowError> {
        self.step = 2;
        self.links = links;
        let mut axis = MAX_DIMENSION - self.lattice.dimension();
        while axis < MAX_DIMENSION {
            let side = self.lattice.extent()[axis];
            if !side.is_multiple_of(2) {
                return Err(WindowError::OddSide(side));
            }
            let margin = self.buffer[axis] + self.environment[axis];
            let odd = (self.first[axis] + margin) % 2;
            if self.places[axis] <= odd {
                return Err(WindowError::Outside {
                    axis: axis + self.lattice.dimension() - MAX_DIMENSION,
                    at: self.first[axis] + margin,
                    least: 0,
                    most: 0,
                });
            }
            self.first[axis] += odd;
            self.places[axis] = (self.places[axis] - odd).div_ceil(2);
            axis += 1;
        }
        if self.block_sites() == 0 {
            return Err(WindowError::EmptyBlock);
        }
        if self.environment_sites() == 0 {
            return Err(WindowError::EmptyEnvironment);
        }
        Ok(self)
    }

    /// Sites that count of a box of `margin` around the block.
    const fn counted(&self, margin: &Extent) -> usize {
        let (mut sites, mut corner, mut axis) = (1, 0, 0);
        while axis < MAX_DIMENSION {
            sites *= (self.block[axis] + 2 * margin[axis]) as usize;
            corner += margin[axis];
            axis += 1;
        }
        if !self.links {
            return sites;
        }
        // Of an odd number of sites more are like the corner.
        (sites + corner as usize % 2) / 2
    }

    /// The same, where some axes are open (one for each, slowest first): no window crosses their
    /// ends. To be called before [`doubled`](Self::doubled) and [`with_corner`](Self::with_corner), which
    /// refuse what then has no place; a window that they left no other place stays there.
    #[must_use]
    pub fn with_open(mut self, axes: &[bool]) -> Self {
        let unused = MAX_DIMENSION - self.lattice.dimension();
        for (axis, open) in (unused..MAX_DIMENSION).zip(axes) {
            self.open[axis] = *open;
            if *open {
                let last = self.lattice.extent()[axis] - self.side(axis);
                let more = last.saturating_sub(self.first[axis]) / self.step;
                self.places[axis] = self.places[axis].min(more + 1);
            }
        }
        self
    }

    /// The same, at one place alone: its block begins at `corner`, a coordinate for each axis.
    ///
    /// # Errors
    /// If the window does not fit there.
    pub fn with_corner(mut self, corner: &[u32]) -> Result<Self, WindowError> {
        let (dimension, extent) = (self.lattice.dimension(), self.lattice.extent());
        if corner.len() != dimension {
            return Err(WindowError::Dimension {
                what: "an origin",
                sides: corner.len(),
                lattice: dimension,
            });
        }
        for (i, at) in corner.iter().enumerate() {
            let axis = MAX_DIMENSION - dimension + i;
            let margin = self.buffer[axis] + self.environment[axis];
            let (least, most) = match self.open[axis] {
                true => (margin, extent[axis] - self.block[axis] - margin),
                false => (0, extent[axis] - 1),
            };
            if !(least..=most).contains(at) {
                return Err(WindowError::Outside {
                    axis: i,
                    at: *at,
                    least,
                    most,
                });
            }
            self.first[axis] = (*at + extent[axis] - margin) % extent[axis];
            self.places[axis] = 1;
        }
        Ok(self)
    }

    /// The lattice it lies on.
    #[must_use]
    pub const fn lattice(&self) -> Lattice {
        self.lattice
    }

    /// The entries of the axes that are used.
    fn used<'a, T>(&self, all: &'a [T; MAX_DIMENSION]) -> &'a [T] {
        &all[MAX_DIMENSION - self.lattice.dimension()..]
    }

    /// Sides of the block, slowest axis first, one for each axis of the lattice.
    #[must_use]
    pub fn block(&self) -> &[u32] {
        self.used(&self.block)
    }

    /// Widths of the buffer, one for each axis.
    #[must_use]
    pub fn buffer(&self) -> &[u32] {
        self.used(&self.buffer)
    }

    /// Widths of the environment, one for each axis.
    #[must_use]
    pub fn environment(&self) -> &[u32] {
        self.used(&self.environment)
    }

    /// Which axes are open.
    #[must_use]
    pub fn open(&self) -> &[bool] {
        self.used(&self.open)
    }

    /// The first origin along each axis.
    #[must_use]
    pub fn first(&self) -> &[u32] {
        self.used(&self.first)
    }

    /// Sides of the window, one for each axis.
    #[must_use]
    pub fn spans(&self) -> heapless::Vec<u32, MAX_DIMENSION> {
        let unused = MAX_DIMENSION - self.lattice.dimension();
        (unused..MAX_DIMENSION)
            .map(|axis| self.side(axis))
            .collect()
    }

    /// Side of the window along an axis, unused ones included.
    const fn side(&self, axis: usize) -> u32 {
        self.block[axis] + 2 * (self.buffer[axis] + self.environment[axis])
    }

    /// |V|, sites of the block that count.
    #[must_use]
    pub const fn block_sites(&self) -> usize {
        self.counted(&[0; MAX_DIMENSION])
    }

    /// |E|, sites of the environment that count.
    #[must_use]
    pub const fn environment_sites(&self) -> usize {
        let mut margin = self.buffer;
        let inner = self.counted(&margin);
        let mut axis = 0;
        while axis < MAX_DIMENSION {
            margin[axis] += self.environment[axis];
            axis += 1;
        }
        self.counted(&margin) - inner
    }

    /// The sites of V as they are numbered in the whole block, in C order.
    pub fn block_indices(&self) -> impl Iterator<Item = u32> + use<> {
        let window = *self;
        let [_, rows, columns] = window.block;
        (0..window.block.iter().product()).filter(move |i| {
            let along = [i / (rows * columns), i / columns % rows, i % columns];
            !window.links || along.iter().sum::<u32>() % 2 != 0
        })
    }

    /// Site `index` of the whole block, as the lattice numbers it when the block begins at its site 0.
    #[must_use]
    pub const fn lattice_site(&self, index: u32) -> u32 {
        let ([_, rows, columns], lattice) = (self.block, self.lattice.extent());
        let (z, y, x) = (
            index / (rows * columns),
            index / columns % rows,
            index % columns,
        );
        (z * lattice[1] + y) * lattice[2] + x
    }

    /// All sites of the window, the buffer's too.
    #[must_use]
    pub const fn sites(&self) -> usize {
        self.side(0) as usize * self.side(1) as usize * self.side(2) as usize
    }

    /// Number of origins that the window may have.
    #[must_use]
    pub fn places(&self) -> u64 {
        self.places.iter().map(|n| u64::from(*n)).product()
    }

    /// Uniformly random origin, one for each axis.
    #[inline]
    pub fn random_origin(&self, stream: &mut Stream) -> Extent {
        let mut origin = self.first;
        for (at, places) in origin.iter_mut().zip(self.places) {
            *at += self.step * stream.below(places);
        }
        origin
    }

    /// Copies the values of V and E of the window at `origin` (its corner, the site with the lowest
    /// coordinates) from a configuration to two rows, each in the lattice's order.
    ///
    /// Their lengths are those of [`Value`], for the sites of the lattice, |V| and |E|.
    #[inline(always)]
    pub fn gather<T: Value>(
        &self,
        values: &[T],
        origin: Extent,
        v: &mut [T::Word],
        e: &mut [T::Word],
    ) {
        match self.links {
            true => self.gather_links(values, origin, v, e),
            false => self.gather_rows::<T, false>(values, origin, v, e),
        }
    }

    /// Links alone, out of the way of what is inlined.
    #[inline(never)]
    fn gather_links<T: Value>(
        &self,
        values: &[T],
        origin: Extent,
        v: &mut [T::Word],
        e: &mut [T::Word],
    ) {
        self.gather_rows::<T, true>(values, origin, v, e);
    }

    /// [`gather`](Self::gather), where it is known whether only links count: asked at every strip that
    /// costs a percent of a training step.
    #[inline(always)]
    fn gather_rows<T: Value, const LINKS: bool>(
        &self,
        values: &[T],
        origin: Extent,
        v: &mut [T::Word],
        e: &mut [T::Word],
    ) {
        let mut v = T::Writer::new(v);
        let mut e = T::Writer::new(e);
        let [planes, rows, columns] = self.lattice.extent();
        let [env, buf, block] =
            [self.environment, self.buffer, self.block].map(|lengths| lengths[2] as usize);
        let width = block + 2 * (buf + env);
        // No side of the window is longer than the lattice: one subtraction wraps.
        let wrap = |at: u32, side: u32| if at >= side { at - side } else { at };
        let before = width.min((columns - origin[2]) as usize);
        let margins = self.buffer.iter().zip(&self.environment);
        // From a vertex to a link it is an odd number of steps.
        let link = margins.map(|(b, e)| b + e).sum::<u32>() + 1;
        for z in self.axis(0) {
            let plane = wrap(origin[0] + z.at, planes) * rows;
            for y in self.axis(1) {
                let row = ((plane + wrap(origin[1] + y.at, rows)) * columns) as usize;
                let strip = Strip {
                    start: row + origin[2] as usize,
                    before,
                    wrapped: row,
                    after: width - before,
                    every_second: match LINKS {
                        true => Some((z.at + y.at + link) as usize % 2),
                        false => None,
                    },
                };
                let held = T::hold(values, &strip);
                if z.zone == Zone::Environment || y.zone == Zone::Environment {
                    e.copy(values, &strip, held, 0, width);
                } else {
                    e.copy(values, &strip, held, 0, env);
                    if z.zone == Zone::Block && y.zone == Zone::Block {
                        v.copy(values, &strip, held, env + buf, block);
                    }
                    e.copy(values, &strip, held, width - env, env);
                }
            }
        }
        v.finish();
        e.finish();
    }

    /// The zone of every site of the window, in the lattice's order.
    pub fn zones(&self) -> impl Iterator<Item = Zone> + use<> {
        let window = *self;
        let planes = window.axis(0);
        planes.flat_map(move |z| {
            window.axis(1).flat_map(move |y| {
                let row = window.axis(2);
                row.map(move |x| z.zone.min(y.zone).min(x.zone))
            })
        })
    }

    /// Positions along an axis, with the zone each lies in.
    #[inline(always)]
    fn axis(&self, axis: usize) -> impl Iterator<Item = Place> + use<> {
        let (env, buf) = (self.environment[axis], self.buffer[axis]);
        let block = self.block[axis];
        (0..block + 2 * (env + buf)).map(move |at| {
            let depth = at.min(block + 2 * (env + buf) - 1 - at);
            let zone = if depth < env {
                Zone::Environment
            } else if depth < env + buf {
                Zone::Buffer
            } else {
                Zone::Block
            };
            Place { at, zone }
        })
    }
}

impl Cut for Window {
    fn sites(&self) -> usize {
        self.lattice.sites()
    }

    #[inline(always)]
    fn parts(&self) -> (usize, usize) {
        (self.block_sites(), self.environment_sites())
    }

    #[inline(always)]
    fn cut<T: Value>(
        &self,
        values: &[T],
        stream: &mut Stream,
        v: &mut [T::Word],
        e: &mut [T::Word],
    ) {
        self.gather(values, self.random_origin(stream), v, e);
    }
}

/// Where a site of a window lies: in the outermost zone that it lies in along any axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Zone {
    /// E.
    Environment,
    /// B.
    Buffer,
    /// V.
    Block,
}

#[derive(Clone, Copy)]
struct Place {
    at: u32,
    zone: Zone,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::bits::{bit, mask, set, words};
    use crate::num::lane::{Lane, WIDTH, get};
    use crate::num::rng::Purpose;

    /// Every site told apart by the naive rule: distance from the window's edge along each axis.
    #[test]
    fn gathers_what_the_definition_says() {
        let values: [f32; 2048] = core::array::from_fn(|site| site as f32);
        for (sides, block, buffer, environment) in [
            (&[23][..], &[3][..], &[2][..], &[4][..]),
            (&[11, 9], &[2, 3], &[1], &[2]),
            (&[8, 40], &[4], &[0], &[2]),
            (&[8, 90], &[2], &[1, 4], &[2, 30]),
            (&[7, 6, 37], &[1, 2, 3], &[1], &[1]),
            (&[7, 6, 29], &[1, 2, 3], &[0, 1, 3], &[1, 0, 2]),
        ] {
            let lattice = Lattice::new(sides).unwrap();
            let window = Window::new(lattice, block, buffer, environment).unwrap();
            let mut stream = Stream::new(3, 0, Purpose::Windows);
            let mut spins = [0u32; 64];
            for site in 0..lattice.sites() {
                set(&mut spins, site, stream.coin());
            }
            for _ in 0..40 {
                let origin = window.random_origin(&mut stream);
                let (mut v, mut e) = ([u32::MAX; 40], [u32::MAX; 40]);
                let (v, e) = (
                    &mut v[..words(window.block_sites())],
                    &mut e[..words(window.environment_sites())],
                );
                window.gather(&spins, origin, v, e);
                let (mut v_reals, mut e_reals) = ([Lane([7.0; WIDTH]); 40], [Lane::ZERO; 40]);
                let values = &values[..lattice.sites()];
                window.gather(values, origin, &mut v_reals, &mut e_reals);
                let (mut in_v, mut in_e) = (0, 0);
                let size = |a: usize| window.side(a);
                let mut zones = window.zones();
                for z in 0..size(0) {
                    for y in 0..size(1) {
                        for x in 0..size(2) {
                            // In E along any axis, in V along all of them.
                            let depths = [z, y, x];
                            let depth = |a: usize| depths[a].min(size(a) - 1 - depths[a]);
                            let outer = (0..3).any(|a| depth(a) < window.environment[a]);
                            let inner =
                                |a: usize| depth(a) >= window.environment[a] + window.buffer[a];
                            let at = |a: usize, c| (origin[a] + c) % lattice.extent()[a];
                            let [_, rows, columns] = lattice.extent();
                            let site = (at(0, z) * rows + at(1, y)) * columns + at(2, x);
                            let (spin, value) = (bit(&spins, site as usize), site as f32);
                            let zone = match (outer, (0..3).all(inner)) {
                                (true, _) => Zone::Environment,
                                (_, true) => Zone::Block,
                                _ => Zone::Buffer,
                            };
                            assert_eq!(zones.next(), Some(zone));
                            if outer {
                                assert_eq!((bit(e, in_e), get(&e_reals, in_e)), (spin, value));
                                in_e += 1;
                            } else if (0..3).all(inner) {
                                assert_eq!((bit(v, in_v), get(&v_reals, in_v)), (spin, value));
                                in_v += 1;
                            }
                        }
                    }
                }
                assert_eq!(zones.next(), None);
                assert_eq!(
                    (in_v, in_e),
                    (window.block_sites(), window.environment_sites())
                );
                for (reals, n) in [(&v_reals, in_v), (&e_reals, in_e)] {
                    assert!((n..n.next_multiple_of(WIDTH)).all(|i| get(reals, i) == 0.0));
                }
                for (row, n) in [(&*v, in_v), (&*e, in_e)] {
                    assert_eq!(
                        row[n.div_ceil(32) - 1] & !mask(n - (n - 1) / 32 * 32),
                        0,
                        "padding"
                    );
                }
            }
        }
    }

    /// From all sites of the window, those that the definition of a link picks.
    #[test]
    fn on_a_doubled_lattice_links_alone_count() {
        let values: [f32; 40 * 36] = core::array::from_fn(|site| site as f32);
        let mut stream = Stream::new(5, 0, Purpose::Windows);
        let mut spins = [0u32; 45];
        spins.fill_with(|| stream.next_u32());
        for (sides, block, buffer, environment) in [
            (&[40, 36][..], &[8][..], &[4][..], &[4][..]),
            (&[40, 36], &[8], &[2, 5], &[6, 3]),
            (&[40, 36], &[3, 5], &[1, 0], &[2, 7]),
            (&[40, 36], &[2, 1], &[0], &[17, 17]),
            (&[20, 36], &[4], &[1], &[3, 12]),
            (&[36], &[7], &[3], &[2]),
            (&[6, 8, 10], &[2, 3, 4], &[1, 0, 1], &[1]),
        ] {
            let lattice = Lattice::new(sides).unwrap();
            let window = Window::new(lattice, block, buffer, environment).unwrap();
            let all = window.doubled(false).unwrap();
            let links = window.doubled(true).unwrap();
            assert_eq!(all.block_sites(), window.block_sites());
            assert_eq!(all.environment_sites(), window.environment_sites());
            assert_eq!(
                all.places(),
                lattice.sites() as u64 >> lattice.dimension(),
                "a place for each vertex"
            );
            let values = &values[..lattice.sites()];
            for _ in 0..50 {
                let origin = links.random_origin(&mut stream);
                let margins: [u32; 3] = [0, 1, 2].map(|a| window.buffer[a] + window.environment[a]);
                let used = MAX_DIMENSION - lattice.dimension();
                assert!((used..3).all(|a| (origin[a] + margins[a]).is_multiple_of(2)));
                let (mut v, mut e) = ([0; 64], [0; 64]);
                links.gather(&spins, origin, &mut v, &mut e);
                let (mut v_reals, mut e_reals) = ([Lane::ZERO; 80], [Lane::ZERO; 80]);
                links.gather(values, origin, &mut v_reals, &mut e_reals);
                let (mut in_v, mut in_e) = (0, 0);
                let (mut block, mut indices) = (0, links.block_indices());
                let mut zones = window.zones();
                let size = |a: usize| window.side(a);
                for z in 0..size(0) {
                    for y in 0..size(1) {
                        for x in 0..size(2) {
                            let at = |a: usize, c| (origin[a] + c) % lattice.extent()[a];
                            let [_, rows, columns] = lattice.extent();
                            let here = [at(0, z), at(1, y), at(2, x)];
                            let site = (here[0] * rows + here[1]) * columns + here[2];
                            let link = here.iter().sum::<u32>() % 2 == 1;
                            let (spin, value) = (bit(&spins, site as usize), site as f32);
                            match zones.next().unwrap() {
                                Zone::Block => {
                                    if link {
                                        assert_eq!(
                                            (bit(&v, in_v), get(&v_reals, in_v)),
                                            (spin, value)
                                        );
                                        assert_eq!(indices.next(), Some(block));
                                        in_v += 1;
                                    }
                                    block += 1;
                                }
                                Zone::Environment if link => {
                                    assert_eq!((bit(&e, in_e), get(&e_reals, in_e)), (spin, value));
                                    in_e += 1;
                                }
                                _ => {}
                            }
                        }
                    }
                }
                assert_eq!(indices.next(), None);
                assert_eq!(
                    (in_v, in_e),
                    (links.block_sites(), links.environment_sites())
                );
            }
        }
        let window = |sides: &[u32], block| {
            let lattice = Lattice::new(sides).unwrap();
            Window::new(lattice, &[block], &[2], &[2]).unwrap()
        };
        assert_eq!(
            window(&[16, 15], 4).doubled(true),
            Err(WindowError::OddSide(15))
        );
        assert_eq!(
            window(&[16, 16], 1).doubled(true),
            Err(WindowError::EmptyBlock)
        );
        assert_eq!(
            window(&[16, 16], 8).doubled(true).unwrap().parts(),
            (32, 256 / 2 - 144 / 2)
        );
    }

    #[test]
    fn the_papers_window_has_880_sites_around() {
        let lattice = Lattice::new(&[64, 64]).unwrap();
        let window = Window::new(lattice, &[4], &[4], &[10]).unwrap();
        assert_eq!(
            (window.block_sites(), window.environment_sites()),
            (16, 880)
        );
        let refused = Window::new(lattice, &[4], &[4], &[27]);
        assert_eq!(
            refused,
            Err(WindowError::TooLarge {
                axis: 0,
                window: 66,
                lattice: 64
            })
        );
    }

    #[test]
    fn open_ends_of_a_doubled_lattice_are_kept_in_any_order() {
        let lattice = Lattice::new(&[8, 10]).unwrap();
        for environment in [1, 2] {
            let window = Window::new(lattice, &[2], &[0], &[environment]).unwrap();
            let before = window.with_open(&[true, true]).doubled(true).unwrap();
            let after = window.doubled(true).unwrap().with_open(&[true, true]);
            assert_eq!(before, after);
        }
    }

    #[test]
    fn windows_keep_to_where_they_may_lie() {
        let lattice = Lattice::new(&[9, 12]).unwrap();
        let window = Window::new(lattice, &[2, 3], &[1], &[1, 2]).unwrap();
        assert_eq!(window.places(), 9 * 12);
        let open = window.with_open(&[true, false]);
        assert_eq!(open.places(), 4 * 12);
        let mut stream = Stream::new(4, 0, Purpose::Windows);
        let mut seen = [[false; 12]; 9];
        for _ in 0..2000 {
            let [_, y, x] = open.random_origin(&mut stream);
            seen[y as usize][x as usize] = true;
        }
        for (y, row) in seen.iter().enumerate() {
            assert!(row.iter().all(|seen| *seen == (y < 4)));
        }
        let fixed = open.with_corner(&[2, 1]).unwrap();
        assert_eq!(fixed.places(), 1);
        // In the other order it keeps what place it has.
        assert_eq!(
            window.with_corner(&[2, 1]).unwrap().with_open(&[true]),
            fixed
        );
        assert_eq!(fixed.random_origin(&mut stream), [0, 0, 10]);
        let (axis, at, least, most) = (0, 6, 2, 5);
        assert_eq!(
            open.with_corner(&[6, 0]),
            Err(WindowError::Outside {
                axis,
                at,
                least,
                most
            })
        );
        assert!(open.with_corner(&[2, 12]).is_err());
        assert!(open.with_corner(&[2]).is_err());
        let refused = Window::new(lattice, &[2], &[1, 1, 1], &[1]);
        let error = WindowError::Dimension {
            what: "a buffer",
            sides: 3,
            lattice: 2,
        };
        assert_eq!(refused, Err(error));
    }
}
