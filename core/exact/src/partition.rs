//! A lattice divided into block, buffer and environment, where E is everything else.

use std::fmt;

use blockspin_core::lattice::{Extent, Lattice, MAX_DIMENSION};
use blockspin_core::window::Window;

/// Why block and buffer do not divide a lattice, or a window has no equivalent partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartitionError {
    /// The number of block sides differs from that of the lattice.
    Dimension {
        /// Sides of the block.
        block: usize,
        /// Sides of the lattice.
        lattice: usize,
    },
    /// A side of the block is 0.
    EmptyBlock,
    /// The block is longer than the lattice along an axis.
    Block {
        /// The axis, slowest first.
        axis: usize,
        /// Block's side there.
        block: u32,
        /// Lattice's side there.
        lattice: u32,
    },
    /// The block is the whole lattice.
    WholeLattice,
    /// Block and buffer together cover the lattice.
    NoEnvironment {
        /// Width of the buffer.
        buffer: u32,
        /// The widest buffer that leaves an environment.
        widest: u32,
    },
    /// The window lies on a lattice with this axis open; a partition takes a periodic lattice.
    Open(usize),
    /// The window consists of the links of a doubled lattice.
    Links,
    /// The window's buffer has different widths along the axes that have an environment.
    Widths(u32, u32),
    /// The window's environment lacks sites next to the buffer along this axis, slowest first.
    Exposed(usize),
}

impl fmt::Display for PartitionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dimension { block, lattice } => write!(
                f,
                "a block with {block} sides on a lattice with {lattice}; give one side, or one for \
                 each axis"
            ),
            Self::EmptyBlock => write!(f, "a block with a side of 0; every side is at least 1"),
            Self::Block {
                axis,
                block,
                lattice,
            } => write!(
                f,
                "a block of side {block} on a lattice of side {lattice} (axis {axis}); it is at \
                 most {lattice}"
            ),
            Self::WholeLattice => write!(
                f,
                "a block as large as the lattice leaves no environment; along one axis it must be \
                 shorter"
            ),
            Self::NoEnvironment { buffer, widest } => write!(
                f,
                "a buffer of width {buffer} around this block leaves no environment; it is at most \
                 {widest} wide on this lattice"
            ),
            Self::Open(axis) => write!(
                f,
                "a window on a lattice that is open along axis {axis}; exact results are for \
                 periodic lattices"
            ),
            Self::Links => write!(
                f,
                "a window of links of a doubled lattice; an environment of some width does not hold \
                 all that the other links tell"
            ),
            Self::Widths(one, other) => write!(
                f,
                "a buffer of widths {one} and {other}; it has one width along all axes"
            ),
            Self::Exposed(axis) => write!(
                f,
                "an environment without all sites next to the buffer along axis {axis}; it is at \
                 least 1 wide there"
            ),
        }
    }
}

impl std::error::Error for PartitionError {}

/// A block V at the lattice's origin, a buffer of a given width around it (corners included), and all
/// other sites as environment E.
///
/// Along an axis where block and buffer reach around the lattice, E has no sites beside them; along at
/// least one axis E must not be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    lattice: Lattice,
    block: Extent,
    buffer: u32,
}

/// The region of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    Block,
    Buffer,
    /// In E, with a neighbour outside E.
    Boundary,
    /// In E, with all neighbours in E.
    Far,
}

impl Partition {
    /// A block with the given sides (one number serves all axes) and a buffer of the given width.
    ///
    /// # Errors
    /// An empty block, a number of sides that is neither 1 nor that of the lattice, or a block with
    /// its buffer so large that no environment remains.
    pub const fn new(lattice: Lattice, block: &[u32], buffer: u32) -> Result<Self, PartitionError> {
        let dimension = lattice.dimension();
        if block.len() != 1 && block.len() != dimension {
            return Err(PartitionError::Dimension {
                block: block.len(),
                lattice: dimension,
            });
        }
        let mut sides = [1; MAX_DIMENSION];
        let mut widest = None;
        let mut axis = 0;
        while axis < dimension {
            let side = if block.len() == 1 {
                block[0]
            } else {
                block[axis]
            };
            let at = MAX_DIMENSION - dimension + axis;
            let length = lattice.extent()[at];
            if side == 0 {
                return Err(PartitionError::EmptyBlock);
            }
            if side > length {
                return Err(PartitionError::Block {
                    axis,
                    block: side,
                    lattice: length,
                });
            }
            if side < length {
                let fits = (length - side - 1) / 2;
                widest = match widest {
                    Some(other) if other > fits => widest,
                    _ => Some(fits),
                };
            }
            sides[at] = side;
            axis += 1;
        }
        match widest {
            None => Err(PartitionError::WholeLattice),
            Some(widest) if buffer > widest => {
                Err(PartitionError::NoEnvironment { buffer, widest })
            }
            Some(_) => Ok(Partition {
                lattice,
                block: sides,
                buffer,
            }),
        }
    }

    /// The lattice it divides.
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

    /// |V|, sites of the block.
    #[must_use]
    pub const fn block_sites(&self) -> usize {
        self.block[0] as usize * self.block[1] as usize * self.block[2] as usize
    }

    /// Sites of E that have a neighbour outside E.
    #[must_use]
    pub fn boundary_sites(&self) -> usize {
        let sites = 0..self.lattice.sites() as u32;
        sites
            .filter(|site| self.zone(*site) == Zone::Boundary)
            .count()
    }

    /// The region that `site` belongs to.
    pub(crate) fn zone(&self, site: u32) -> Zone {
        if self.within(site, 0) {
            Zone::Block
        } else if self.within(site, self.buffer) {
            Zone::Buffer
        } else if self
            .lattice
            .neighbours(site)
            .iter()
            .any(|n| self.within(*n, self.buffer))
        {
            Zone::Boundary
        } else {
            Zone::Far
        }
    }

    /// Whether `site` lies within `width` of the block along every axis.
    fn within(&self, site: u32, width: u32) -> bool {
        let mut rest = site;
        self.lattice
            .sides()
            .iter()
            .zip(self.block())
            .rev()
            .all(|(side, block)| {
                let at = rest % side;
                rest /= side;
                // Distance from the block's last site, or around the lattice to its first.
                at < *block || at - (block - 1) <= width || side - at <= width
            })
    }
}

/// Sides of a lattice as text, such as 4 × 8.
pub(crate) fn sides(lattice: Lattice) -> String {
    let sides = lattice.sides().iter().map(u32::to_string);
    sides.collect::<Vec<_>>().join(" × ")
}

/// The partition with the window's block and buffer, and all other sites as environment.
///
/// It has the same informations as the window in a model with nearest-neighbour interactions, if the
/// window's environment holds every site next to the buffer: by the Markov property these screen all
/// sites beyond. The environment must be at least 1 wide along every axis that has such sites.
impl TryFrom<&Window> for Partition {
    type Error = PartitionError;

    fn try_from(window: &Window) -> Result<Self, PartitionError> {
        if let Some(axis) = window.open().iter().position(|open| *open) {
            return Err(PartitionError::Open(axis));
        }
        let lattice = window.lattice();
        if window.block_sites() != window.block().iter().product::<u32>() as usize {
            return Err(PartitionError::Links);
        }
        let sides = lattice.sides().iter().zip(window.block());
        let widths = window.buffer().iter().zip(window.environment());
        let mut buffer = None;
        for (axis, ((side, block), (width, environment))) in sides.zip(widths).enumerate() {
            if block + 2 * width >= *side {
                // The block itself may reach around the lattice. If only the buffer does, the sites
                // between the two ends of the block would be environment for a narrower buffer.
                if block < side {
                    return Err(PartitionError::Exposed(axis));
                }
                continue;
            }
            if *environment == 0 {
                return Err(PartitionError::Exposed(axis));
            }
            match buffer {
                Some(buffer) if buffer != *width => {
                    return Err(PartitionError::Widths(buffer, *width));
                }
                _ => buffer = Some(*width),
            }
        }
        let buffer = buffer.ok_or(PartitionError::WholeLattice)?;
        Partition::new(lattice, window.block(), buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_whose_environment_screens_the_rest_are_partitions() {
        let buffer = |sides: &[u32], block: &[u32], buffer: &[u32], environment: &[u32]| {
            let lattice = Lattice::new(sides).unwrap();
            let window = Window::new(lattice, block, buffer, environment).unwrap();
            Partition::try_from(&window).map(|partition| partition.buffer())
        };
        assert_eq!(buffer(&[16], &[4], &[2], &[1]), Ok(2));
        assert_eq!(buffer(&[16], &[4], &[2], &[4]), Ok(2));
        assert_eq!(buffer(&[5, 5], &[3], &[0], &[1]), Ok(0));
        // Around one axis, along which there is no environment.
        assert_eq!(buffer(&[4, 6], &[4, 2], &[0, 1], &[0, 1]), Ok(1));
        // Sites beside the block along an axis are not in E.
        let exposed = |axis| Err(PartitionError::Exposed(axis));
        assert_eq!(buffer(&[5, 6], &[3, 2], &[0, 1], &[0, 1]), exposed(0));
        assert_eq!(buffer(&[8, 8], &[2], &[1], &[1, 0]), exposed(1));
        // A partition's buffer has one width; around an axis it ends at the block.
        let widths = Err(PartitionError::Widths(1, 2));
        assert_eq!(buffer(&[8, 8], &[2], &[1, 2], &[1]), widths);
        assert_eq!(buffer(&[4, 6], &[2, 2], &[1, 1], &[0, 1]), exposed(0));

        let lattice = Lattice::new(&[8, 8]).unwrap();
        let window = Window::new(lattice, &[2], &[1], &[1]).unwrap();
        let refusal = |window: Window| Partition::try_from(&window).unwrap_err();
        let open = window.with_open(&[false, true]);
        assert_eq!(refusal(open), PartitionError::Open(1));
        let links = window.doubled(true).unwrap();
        assert_eq!(refusal(links), PartitionError::Links);
    }

    #[test]
    fn zones_of_a_small_block() {
        let lattice = Lattice::new(&[5, 6]).unwrap();
        let partition = Partition::new(lattice, &[1, 2], 1).unwrap();
        let (mut map, letters) = ([b' '; 30], [b'V', b'B', b'e', b'.']);
        for site in 0..30 {
            map[site] = letters[partition.zone(site as u32) as usize];
        }
        assert_eq!(&map[..6], b"VVBeeB");
        assert_eq!(&map[6..12], b"BBBeeB");
        assert_eq!(&map[12..18], b"eee..e");
        assert_eq!(&map[18..24], b"eee..e");
        assert_eq!(&map[24..], b"BBBeeB");
        assert_eq!(partition.boundary_sites(), 14);
    }

    #[test]
    fn a_block_may_reach_around_one_axis() {
        let lattice = Lattice::new(&[4, 5]).unwrap();
        let band = Partition::new(lattice, &[4, 2], 1).unwrap();
        assert_eq!(band.boundary_sites(), 4);
        let reaching = Partition::new(lattice, &[3, 1], 1).unwrap();
        assert_eq!(reaching.boundary_sites(), 8);
    }

    #[test]
    fn refusals() {
        let lattice = Lattice::new(&[5, 5]).unwrap();
        let new = |block: &[u32], buffer| Partition::new(lattice, block, buffer).unwrap_err();
        assert_eq!(
            new(&[1, 1, 1], 0),
            PartitionError::Dimension {
                block: 3,
                lattice: 2
            }
        );
        assert_eq!(new(&[2, 0], 0), PartitionError::EmptyBlock);
        assert_eq!(
            new(&[2, 6], 0),
            PartitionError::Block {
                axis: 1,
                block: 6,
                lattice: 5
            }
        );
        assert_eq!(new(&[5], 0), PartitionError::WholeLattice);
        assert_eq!(
            new(&[3], 1),
            PartitionError::NoEnvironment {
                buffer: 1,
                widest: 0
            }
        );
        assert_eq!(
            new(&[3, 2], u32::MAX),
            PartitionError::NoEnvironment {
                buffer: u32::MAX,
                widest: 1
            }
        );
    }
}
