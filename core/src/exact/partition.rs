//! Block, buffer, and all the rest as environment.

use core::fmt;

use crate::lattice::{Extent, Lattice, MAX_DIMENSION};

/// Why a partition cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartitionError {
    /// The block has another number of sides than the lattice.
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
        }
    }
}

impl core::error::Error for PartitionError {}

/// A block V at the lattice's origin, a buffer of a given width around it (corners included), and
/// as environment E all other sites.
///
/// Along an axis where block and buffer reach around the lattice, E has no sites beside them; one
/// axis must leave some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    lattice: Lattice,
    block: Extent,
    buffer: u32,
}

/// Where a site lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zone {
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
    /// Names the rule that is broken.
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

    /// Where `site` lies.
    pub(super) fn zone(&self, site: u32) -> Zone {
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
                // Distance beyond the block's last site, or round the lattice before its first.
                at < *block || at - (block - 1) <= width || side - at <= width
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
