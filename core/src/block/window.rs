//! The window: block V, buffer B around it, environment E around the buffer.
//!
//! ```text
//! E E E E E E      side W = L_V + 2 L_B + 2 L_E along every axis
//! E B B B B E
//! E B V V B E      |V| = Π L_V,   |E| = Π W − Π (L_V + 2 L_B)
//! E B V V B E
//! E B B B B E
//! E E E E E E
//! ```

use core::fmt;

use crate::block::row::{Strip, Value, Write};
use crate::lattice::{Extent, Lattice, MAX_DIMENSION};
use crate::num::rng::Stream;

/// Why a window cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WindowError {
    /// The block has another number of sides than the lattice.
    Dimension {
        /// Sides of the block.
        block: usize,
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
}

impl fmt::Display for WindowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dimension { block, lattice } => {
                write!(f, "a block with {block} sides on a lattice with {lattice}")
            }
            Self::EmptyBlock => write!(f, "a block with a side of 0; every side is at least 1"),
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
        }
    }
}

impl core::error::Error for WindowError {}

/// Block, buffer and environment on a lattice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    lattice: Lattice,
    block: Extent,
    /// Distance from the window's edge to the block, and to the buffer, along each real axis.
    buffer: u32,
    environment: u32,
}

impl Window {
    /// A block with the given sides (one number serves all axes), a buffer and an environment of
    /// the given widths, on a lattice.
    ///
    /// # Errors
    /// Names the rule that is broken.
    pub const fn new(
        lattice: Lattice,
        block: &[u32],
        buffer: u32,
        environment: u32,
    ) -> Result<Self, WindowError> {
        let dimension = lattice.dimension();
        if block.len() != 1 && block.len() != dimension {
            return Err(WindowError::Dimension {
                block: block.len(),
                lattice: dimension,
            });
        }
        if environment == 0 {
            return Err(WindowError::EmptyEnvironment);
        }
        let mut sides = [1; MAX_DIMENSION];
        let mut axis = 0;
        while axis < dimension {
            let side = if block.len() == 1 {
                block[0]
            } else {
                block[axis]
            };
            if side == 0 {
                return Err(WindowError::EmptyBlock);
            }
            let window = side as u64 + 2 * buffer as u64 + 2 * environment as u64;
            let at = MAX_DIMENSION - dimension + axis;
            if window > lattice.extent()[at] as u64 {
                let lattice = lattice.extent()[at];
                return Err(WindowError::TooLarge {
                    axis,
                    window,
                    lattice,
                });
            }
            sides[at] = side;
            axis += 1;
        }
        Ok(Window {
            lattice,
            block: sides,
            buffer,
            environment,
        })
    }

    /// The lattice it lies on.
    #[must_use]
    pub const fn lattice(&self) -> Lattice {
        self.lattice
    }

    /// Sides of the block, slowest axis first, one for each axis of the lattice.
    #[must_use]
    pub fn block(&self) -> &[u32] {
        &self.block[MAX_DIMENSION - self.lattice.dimension()..]
    }

    /// Width of the buffer.
    #[must_use]
    pub const fn buffer(&self) -> u32 {
        self.buffer
    }

    /// Width of the environment.
    #[must_use]
    pub const fn environment(&self) -> u32 {
        self.environment
    }

    /// |V|, sites of the block.
    #[must_use]
    pub const fn block_sites(&self) -> usize {
        self.block[0] as usize * self.block[1] as usize * self.block[2] as usize
    }

    /// |E|, sites of the environment.
    #[must_use]
    pub const fn environment_sites(&self) -> usize {
        let (mut all, mut inner) = (1, 1);
        let mut axis = MAX_DIMENSION - self.lattice.dimension();
        while axis < MAX_DIMENSION {
            let hole = self.block[axis] as usize + 2 * self.buffer as usize;
            inner *= hole;
            all *= hole + 2 * self.environment as usize;
            axis += 1;
        }
        all - inner
    }

    /// Margins of the window around the block along an axis: (environment, buffer).
    const fn margins(&self, axis: usize) -> (u32, u32) {
        if axis < MAX_DIMENSION - self.lattice.dimension() {
            (0, 0)
        } else {
            (self.environment, self.buffer)
        }
    }

    /// Uniformly random origin, one for each axis.
    #[inline]
    pub fn random_origin(&self, stream: &mut Stream) -> Extent {
        self.lattice.extent().map(|side| stream.below(side))
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
        let mut v = T::Writer::new(v);
        let mut e = T::Writer::new(e);
        let [planes, rows, columns] = self.lattice.extent();
        let [env, buf, block] = [self.environment, self.buffer, self.block[2]].map(|x| x as usize);
        let width = block + 2 * (buf + env);
        // No side of the window is longer than the lattice: one subtraction wraps.
        let wrap = |at: u32, side: u32| if at >= side { at - side } else { at };
        let before = width.min((columns - origin[2]) as usize);
        for z in self.axis(0) {
            let plane = wrap(origin[0] + z.at, planes) * rows;
            for y in self.axis(1) {
                let row = ((plane + wrap(origin[1] + y.at, rows)) * columns) as usize;
                let strip = Strip {
                    start: row + origin[2] as usize,
                    before,
                    wrapped: row,
                    after: width - before,
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

    /// Positions along one of the slow axes, with the zone each lies in.
    #[inline(always)]
    fn axis(&self, axis: usize) -> impl Iterator<Item = Place> + use<> {
        let (env, buf) = self.margins(axis);
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Zone {
    Environment,
    Buffer,
    Block,
}

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
            (&[23][..], &[3][..], 2, 4),
            (&[11, 9], &[2, 3], 1, 2),
            (&[8, 40], &[4], 0, 2),
            (&[7, 6, 37], &[1, 2, 3], 1, 1),
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
                let real = MAX_DIMENSION - lattice.dimension();
                let size = |a: usize| {
                    window.block[a]
                        + if a < real {
                            0
                        } else {
                            2 * (buffer + environment)
                        }
                };
                for z in 0..size(0) {
                    for y in 0..size(1) {
                        for x in 0..size(2) {
                            let depth = [z, y, x]
                                .iter()
                                .enumerate()
                                .skip(real)
                                .map(|(a, &c)| c.min(size(a) - 1 - c))
                                .min()
                                .unwrap();
                            let at = |a: usize, c| (origin[a] + c) % lattice.extent()[a];
                            let [_, rows, columns] = lattice.extent();
                            let site = (at(0, z) * rows + at(1, y)) * columns + at(2, x);
                            let (spin, value) = (bit(&spins, site as usize), site as f32);
                            if depth < environment {
                                assert_eq!((bit(e, in_e), get(&e_reals, in_e)), (spin, value));
                                in_e += 1;
                            } else if depth >= environment + buffer {
                                assert_eq!((bit(v, in_v), get(&v_reals, in_v)), (spin, value));
                                in_v += 1;
                            }
                        }
                    }
                }
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

    #[test]
    fn the_papers_window_has_880_sites_around() {
        let lattice = Lattice::new(&[64, 64]).unwrap();
        let window = Window::new(lattice, &[4], 4, 10).unwrap();
        assert_eq!(
            (window.block_sites(), window.environment_sites()),
            (16, 880)
        );
        let refused = Window::new(lattice, &[4], 4, 27);
        assert_eq!(
            refused,
            Err(WindowError::TooLarge {
                axis: 0,
                window: 66,
                lattice: 64
            })
        );
    }
}
