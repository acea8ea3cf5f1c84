//! Periodic hypercubic lattices in one, two or three dimensions, and [`graph`]s.

pub mod graph;

use core::fmt;

/// Largest number of dimensions.
pub const MAX_DIMENSION: usize = 3;

/// Most sites of a lattice, so that every index and every doubled energy fits into 32 bits.
pub const MAX_SITES: u64 = 1 << 28;

/// Lengths along the axes, slowest first, as in an array in C order; unused axes have length 1 and come
/// first.
pub type Extent = [u32; MAX_DIMENSION];

/// Why a lattice is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LatticeError {
    /// The number of sides is not 1, 2 or 3.
    Dimension(usize),
    /// A side is shorter than 2.
    Side(u32),
    /// There are more sites than [`MAX_SITES`].
    Sites(u64),
}

impl fmt::Display for LatticeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dimension(n) => write!(f, "{n} sides given; a lattice has 1, 2 or 3"),
            Self::Side(n) => write!(f, "a side of {n}; every side of a lattice is at least 2"),
            Self::Sites(n) => write!(f, "{n} sites; a lattice has at most {MAX_SITES}"),
        }
    }
}

impl core::error::Error for LatticeError {}

/// A periodic lattice. Site (z, y, x) has index (z L₁ + y) L₂ + x, the last axis fastest.
///
/// A side of 2 joins its two sites by two bonds, one for each direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lattice {
    extent: Extent,
    dimension: u8,
}

impl Lattice {
    /// A lattice with the given sides, slowest axis first.
    ///
    /// # Errors
    /// Says which rule is broken.
    pub const fn new(sides: &[u32]) -> Result<Self, LatticeError> {
        if sides.is_empty() || sides.len() > MAX_DIMENSION {
            return Err(LatticeError::Dimension(sides.len()));
        }
        let mut extent = [1; MAX_DIMENSION];
        let mut sites = 1u64;
        let mut i = 0;
        while i < sides.len() {
            if sides[i] < 2 {
                return Err(LatticeError::Side(sides[i]));
            }
            sites = sites.saturating_mul(sides[i] as u64);
            extent[MAX_DIMENSION - sides.len() + i] = sides[i];
            i += 1;
        }
        if sites > MAX_SITES {
            return Err(LatticeError::Sites(sites));
        }
        Ok(Lattice {
            extent,
            dimension: sides.len() as u8,
        })
    }

    /// Number of axes, 1 to 3.
    #[must_use]
    pub const fn dimension(&self) -> usize {
        self.dimension as usize
    }

    /// Lengths along the axes, padded in front with 1.
    #[must_use]
    pub const fn extent(&self) -> Extent {
        self.extent
    }

    /// Sides, slowest axis first.
    #[must_use]
    pub fn sides(&self) -> &[u32] {
        &self.extent[MAX_DIMENSION - self.dimension()..]
    }

    /// Number of sites.
    #[must_use]
    pub const fn sites(&self) -> usize {
        self.extent[0] as usize * self.extent[1] as usize * self.extent[2] as usize
    }

    /// Number of nearest neighbours of a site, twice the dimension.
    #[must_use]
    pub const fn coordination(&self) -> usize {
        2 * self.dimension()
    }

    /// The nearest neighbours of a site: forward then backward along each axis, fastest axis first.
    #[inline]
    #[must_use]
    pub fn neighbours(&self, site: u32) -> heapless::Vec<u32, { 2 * MAX_DIMENSION }> {
        let mut found = heapless::Vec::new();
        let mut stride = 1;
        let mut rest = site;
        for side in self.sides().iter().rev() {
            let along = rest % side;
            rest /= side;
            let forward = if along + 1 == *side {
                site - along * stride
            } else {
                site + stride
            };
            let back = if along == 0 {
                site + (side - 1) * stride
            } else {
                site - stride
            };
            // At most three axes, with two neighbours each.
            let _ = found.push(forward);
            let _ = found.push(back);
            stride *= side;
        }
        found
    }

    /// Parity of the sum of a site's coordinates: its sublattice.
    #[must_use]
    pub fn is_odd(&self, site: u32) -> bool {
        let mut rest = site;
        let mut sum = 0;
        for side in self.sides().iter().rev() {
            sum += rest % side;
            rest /= side;
        }
        sum % 2 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_wrap() {
        let lattice = Lattice::new(&[3, 4]).unwrap();
        assert_eq!(lattice.neighbours(0).as_slice(), [1, 3, 4, 8]);
        assert_eq!(lattice.neighbours(11).as_slice(), [8, 10, 3, 7]);
        let cube = Lattice::new(&[2, 3, 4]).unwrap();
        assert_eq!(cube.neighbours(23).as_slice(), [20, 22, 15, 19, 11, 11]);
    }

    #[test]
    fn neighbourhood_is_mutual() {
        for sides in [&[5][..], &[4, 3], &[2, 3, 5]] {
            let lattice = Lattice::new(sides).unwrap();
            for site in 0..lattice.sites() as u32 {
                for other in lattice.neighbours(site) {
                    let count = |a, b| lattice.neighbours(a).iter().filter(|n| **n == b).count();
                    assert_eq!(count(site, other), count(other, site));
                }
            }
        }
    }

    #[test]
    fn refusals() {
        assert_eq!(Lattice::new(&[]), Err(LatticeError::Dimension(0)));
        assert_eq!(Lattice::new(&[4, 1]), Err(LatticeError::Side(1)));
        assert_eq!(
            Lattice::new(&[1 << 20, 1 << 20]),
            Err(LatticeError::Sites(1 << 40))
        );
    }
}
