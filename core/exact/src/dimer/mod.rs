//! Interacting dimers on small tori: means from counted coverings, and informations from listed
//! coverings on the smallest tori (272 on 4 × 4 vertices, 90 176 on 6 × 6).
//!
//! The partition is of the doubled lattice, of side 8 or 12, as in the
//! [sampler](blockspin_core::sampler::dimer): (even, even) is a vertex, (odd, odd) a face, the other
//! sites are links, and V and E consist of links only. The block begins at a vertex; its sides and the
//! buffer's width are in units of the doubled lattice. A link is v = +1 where it carries a dimer, else
//! −1. As in training ([`Rsmi::with_centres`](blockspin_core::rsmi::Rsmi::with_centres)) the mean is
//! subtracted before the filter is applied:
//! ```text
//! x = Λ·(v + ½),   v + ½ = 1.5 with a dimer, −0.5 without
//! ```
//!
//! so that h is the same in both. A filter has a weight for each site of the block; weights of vertices
//! and faces are ignored.

mod coverings;

use std::fmt;
use std::num::NonZeroU32;

use blockspin_core::lattice::Lattice;
use blockspin_core::num::math::exp64;
use blockspin_core::sampler::dimer::LINK_MEAN;

use crate::enumerated::{self, Configuration};
use crate::filter::{Filter, FilterError};
use crate::information::Information;
use crate::joint::{Joint, Values};
use crate::partition::{Partition, Zone, sides};

pub use coverings::{Coverings, MAX_SIDE, Means};

/// Why there is no exact result for dimers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// The side of the torus is not 4, 6 or 8.
    Side(u32),
    /// The temperature is not above 0.
    Temperature(f64),
    /// The partition is not of the doubled lattice of 4 × 4 or 6 × 6 vertices.
    Partition(Lattice),
    /// The filter does not fit this block.
    Filter(FilterError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Side(n) => write!(
                f,
                "a torus of dimers with a side of {n}; coverings are counted for an even side from \
                 4 to {MAX_SIDE}"
            ),
            Self::Temperature(t) => write!(f, "a temperature of {t}; it is above 0, or inf"),
            Self::Partition(lattice) => write!(
                f,
                "a partition of a lattice of {}; coverings are listed on the doubled lattice of \
                 4 × 4 or 6 × 6 vertices, 8 × 8 or 12 × 12",
                sides(lattice)
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

/// Sets of links: horizontal ones by their first vertex, bit y L + x, and vertical ones likewise.
type Links = [u64; 2];

/// Number of coverings of the torus with the partition's doubled lattice.
fn number(partition: &Partition) -> Result<usize, Error> {
    match *partition.lattice().sides() {
        [8, 8] => Ok(272),
        [12, 12] => Ok(90_176),
        _ => Err(Error::Partition(partition.lattice())),
    }
}

/// Memory that [`joint`] and [`information`] need, in bytes.
///
/// # Errors
/// [`Error::Partition`].
pub fn information_bytes(partition: &Partition) -> Result<u64, Error> {
    let sites = partition.block_sites();
    Ok(enumerated::bytes(number(partition)?, sites.div_ceil(2)))
}

/// The joint law of the links of the block and those outside block and buffer, at a temperature in units
/// of the interaction, which may be infinite. The values of a block are ±1 on its links (a single vertex
/// has none); each configuration of the environment's links is a class.
///
/// # Errors
/// [`Error::Partition`] or [`Error::Temperature`].
pub fn joint(partition: &Partition, temperature: f64) -> Result<Joint, Error> {
    let coverings = number(partition)?;
    if temperature.is_nan() || temperature <= 0.0 {
        return Err(Error::Temperature(temperature));
    }
    let doubled = partition.lattice().sides()[0];
    let torus = Torus { side: doubled / 2 };
    let (block_sites, columns) = (partition.block_sites(), partition.block()[1]);
    // The links of the block, which begins at the first vertex.
    let (sites, links): (Vec<_>, Vec<_>) = (0..block_sites as u32)
        .filter_map(|site| Some((site, torus.link(site / columns, site % columns)?)))
        .unzip();

    let (mut block, mut environment) = ([0; 2], [0; 2]);
    for site in 0..doubled * doubled {
        let Some((axis, bit)) = torus.link(site / doubled, site % doubled) else {
            continue;
        };
        match partition.zone(site) {
            Zone::Block => block[axis] |= bit,
            Zone::Buffer => {}
            Zone::Boundary | Zone::Far => environment[axis] |= bit,
        }
    }
    let within = |links: Links, mask: Links| [links[0] & mask[0], links[1] & mask[1]];
    // Columnar states have the largest number of parallel plaquettes.
    let most = f64::from(torus.side * torus.side / 2);
    let mut list = Vec::with_capacity(coverings);
    torus.cover(0, [0; 2], &mut |links| {
        let weight = exp64((f64::from(torus.parallel(links)) - most) / temperature);
        let (block, environment) = (within(links, block), within(links, environment));
        list.push(Configuration::new(block, environment, weight));
    });
    let kind = Values::Signs { mean: LINK_MEAN };
    Ok(enumerated::joint(
        list,
        (block_sites, sites, kind),
        |dimers, row| {
            row.extend(links.iter().map(
                |(axis, bit)| {
                    if dimers[*axis] & bit != 0 { 1.0 } else { -1.0 }
                },
            ));
        },
    ))
}

/// I(V:E) between the block and all links outside block and buffer and, with a filter, I(H:E), in nats;
/// with a filter and a batch size K, also the [deficit](crate::infonce) of InfoNCE. The temperature is
/// in units of the interaction and may be infinite.
///
/// # Errors
/// Those of [`joint`], or [`Error::Filter`].
pub fn information(
    partition: &Partition,
    temperature: f64,
    filter: Option<&Filter<'_>>,
    batch: Option<NonZeroU32>,
) -> Result<Information, Error> {
    Ok(joint(partition, temperature)?.informations(filter, batch)?)
}

/// A torus of `side` × `side` vertices.
#[derive(Clone, Copy)]
struct Torus {
    side: u32,
}

impl Torus {
    /// Bit of a vertex.
    fn vertex(self, y: u32, x: u32) -> u64 {
        1 << (y * self.side + x)
    }

    /// The link at a site of the doubled lattice, as an axis and the bit of its first vertex.
    fn link(self, y: u32, x: u32) -> Option<(usize, u64)> {
        match (y % 2, x % 2) {
            (0, 1) => Some((0, self.vertex(y / 2, x / 2))),
            (1, 0) => Some((1, self.vertex(y / 2, x / 2))),
            _ => None,
        }
    }

    /// Calls `found` with every covering that extends these links and covered vertices.
    fn cover(self, covered: u64, links: Links, found: &mut impl FnMut(Links)) {
        let first = (!covered).trailing_zeros();
        if first == self.side * self.side {
            return found(links);
        }
        let (y, x) = (first / self.side, first % self.side);
        let [up, right] = [y, x].map(|along| (along + 1) % self.side);
        let [below, left] = [y, x].map(|along| (along + self.side - 1) % self.side);
        let vertex = self.vertex(y, x);
        for (axis, link, to) in [
            (0, vertex, self.vertex(y, right)),
            (0, self.vertex(y, left), self.vertex(y, left)),
            (1, vertex, self.vertex(up, x)),
            (1, self.vertex(below, x), self.vertex(below, x)),
        ] {
            if covered & to == 0 {
                let mut links = links;
                links[axis] |= link;
                self.cover(covered | vertex | to, links, found);
            }
        }
    }

    /// N, the plaquettes with two parallel dimers.
    fn parallel(self, [rows, columns]: Links) -> u32 {
        let (side, vertices) = (self.side, self.side * self.side);
        let first = (0..side).fold(0, |mask, y| mask | self.vertex(y, 0));
        // The row above, and the column to the right, of each vertex.
        let above = rows >> side | (rows << (vertices - side)) & ((1 << vertices) - 1);
        let beside = (columns & !first) >> 1 | (columns & first) << (side - 1);
        (rows & above).count_ones() + (columns & beside).count_ones()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::filter::Encoder;

    fn partition(side: u32, block: u32, buffer: u32) -> Partition {
        Partition::new(Lattice::new(&[side, side]).unwrap(), &[block], buffer).unwrap()
    }

    #[test]
    fn the_list_is_what_was_counted() {
        for side in [4, 6] {
            let counted = Coverings::new(side).unwrap();
            let (mut all, mut histogram) = (BTreeSet::new(), vec![0u64; 37]);
            let torus = Torus { side };
            torus.cover(0, [0; 2], &mut |links| {
                assert!(all.insert(links));
                histogram[torus.parallel(links) as usize] += 1;
            });
            let listed = number(&partition(2 * side, 2, 1)).unwrap();
            assert_eq!(all.len(), listed);
            histogram.truncate(side as usize * side as usize + 1);
            assert_eq!(histogram, counted.histogram().collect::<Vec<_>>());
        }
    }

    #[test]
    fn refusals() {
        let small = partition(8, 4, 1);
        let run = |partition: &Partition, temperature, weights: &[f32], components, encoder| {
            let filter = Filter::new(weights, components, encoder).unwrap();
            information(partition, temperature, Some(&filter), None)
        };
        let ones = &[1.0; 16 * 9];
        assert_eq!(
            run(&partition(10, 4, 1), 1.0, &ones[..16], 1, Encoder::Sign),
            Err(Error::Partition(Lattice::new(&[10, 10]).unwrap()))
        );
        assert_eq!(
            run(&small, 0.0, &ones[..16], 1, Encoder::Sign),
            Err(Error::Temperature(0.0))
        );
        assert!(run(&small, f64::NAN, &ones[..16], 1, Encoder::Sign).is_err());
        assert_eq!(
            run(&small, 1.0, &ones[..16], 1, Encoder::Continuous),
            Err(FilterError::Continuous.into())
        );
        assert_eq!(
            run(&small, 1.0, ones, 9, Encoder::Sign),
            Err(FilterError::Components(9).into())
        );
        let (given, needed) = (15, 16);
        assert_eq!(
            run(&small, 1.0, &ones[..15], 1, Encoder::Sign),
            Err(FilterError::Weights { given, needed }.into())
        );
    }

    #[test]
    fn a_block_without_a_link_has_one_configuration() {
        let vertex = partition(8, 1, 1);
        let joint = joint(&vertex, 1.0).unwrap();
        assert_eq!((joint.blocks(), joint.values(0)), (1, &[][..]));
        let filter = Filter::new(&[1.0], 1, Encoder::Sign).unwrap();
        let got = information(&vertex, 1.0, Some(&filter), None).unwrap();
        assert!(
            got.block < 1e-13 && got.filtered.unwrap() < 1e-13,
            "{got:?}"
        );
    }
}
