//! Informations of dimers on the smallest tori, whose coverings are listed: 272 on 4 × 4 vertices,
//! 90 176 on 6 × 6.
//!
//! The partition is one of the doubled lattice, of side 8 or 12, as the [sampler](crate::sampler::dimer)
//! has it: (even, even) is a vertex, (odd, odd) a face, the others links, of which alone V and E
//! consist. The block begins at a vertex; its sides and the buffer's width are in units of the
//! doubled lattice. A link is v = +1 where it carries a dimer, else −1, and as in the training
//! ([`Rsmi::with_centres`](crate::rsmi::Rsmi::with_centres)) a filter sees it without its mean:
//!
//! ```text
//! x = Λ·(v + ½),   v + ½ = 1.5 with a dimer, −0.5 without
//! ```
//!
//! so that h is the same thing here and there. A filter has a weight for each site of the block, but
//! those of vertices and faces do not matter.

use super::ExactError;
use super::information::{Filter, Information};
use super::list::{self, Encoded, Listed};
use super::partition::{Partition, Zone};
use crate::num::math::exp64;
use crate::sampler::dimer::LINK_MEAN;

/// Sets of links: those from each vertex along its row, bit y L + x, and those along its column.
type Links = [u64; 2];

/// Coverings of the torus on whose doubled lattice the partition is.
///
/// # Errors
/// It is not one of 8 × 8 or 12 × 12.
pub fn listed_len(partition: &Partition) -> Result<usize, ExactError> {
    match *partition.lattice().sides() {
        [8, 8] => Ok(272),
        [12, 12] => Ok(90_176),
        _ => Err(ExactError::Doubled(partition.lattice())),
    }
}

/// Exact informations of dimers at a temperature in units of the interaction, which may be
/// infinite, about the environment, all links outside block and buffer: I(V:E) of the block and,
/// with a filter, I(H:E), in nats. Sign and sigmoid encoders take up to
/// [`MAX_COMPONENTS`](super::MAX_COMPONENTS) components.
///
/// `list` holds at least [`listed_len`] configurations of any value.
///
/// # Errors
/// Names the rule that is broken.
pub fn information(
    partition: &Partition,
    temperature: f64,
    filter: Option<&Filter<'_>>,
    list: &mut [Listed],
) -> Result<Information, ExactError> {
    let coverings = listed_len(partition)?;
    if temperature.is_nan() || temperature <= 0.0 {
        return Err(ExactError::DimerTemperature(temperature));
    }
    if let Some(filter) = filter {
        filter.fits_binary(partition.block_sites())?;
    }
    let list = list::take(list, coverings)?;
    let doubled = partition.lattice().sides()[0];
    let torus = Torus { side: doubled / 2 };

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
    // The columnar states have as many parallel plaquettes as there can be.
    let most = f64::from(torus.side * torus.side / 2);
    let mut places = list.iter_mut();
    torus.cover(0, [0; 2], &mut |links| {
        let weight = exp64((f64::from(torus.parallel(links)) - most) / temperature);
        if let Some(place) = places.next() {
            *place = Listed::new(within(links, block), within(links, environment), weight);
        }
    });

    let (sites, columns) = (partition.block_sites(), partition.block()[1]);
    let encode = filter.map(|filter| {
        move |links: Links, h: &mut Encoded| {
            let signs = (0..sites).filter_map(|site| {
                let (axis, bit) = torus.link(site as u32 / columns, site as u32 % columns)?;
                let sign = if links[axis] & bit != 0 { 1.0 } else { -1.0 };
                Some((site, sign))
            });
            filter.encode_signs(signs, LINK_MEAN, h);
        }
    });
    let batch = filter.and_then(Filter::batch);
    Ok(list::information(list, encode, batch))
}

/// A torus of so many vertices along a side.
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

    /// Calls `found` with every covering that goes on from these links and the vertices that they
    /// cover.
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
    extern crate std;

    use std::collections::BTreeSet;
    use std::vec;

    use super::*;
    use crate::exact::{Coverings, Encoder, dimer_scratch_len};
    use crate::lattice::Lattice;

    fn partition(side: u32, block: u32, buffer: u32) -> Partition {
        Partition::new(Lattice::new(&[side, side]).unwrap(), &[block], buffer).unwrap()
    }

    #[test]
    fn the_list_is_what_was_counted() {
        for side in [4, 6] {
            let mut scratch = vec![0.0; dimer_scratch_len(side).unwrap()];
            let counted = Coverings::new(side, &mut scratch).unwrap();
            let (mut all, mut histogram) = (BTreeSet::new(), vec![0u64; 37]);
            let torus = Torus { side };
            torus.cover(0, [0; 2], &mut |links| {
                assert!(all.insert(links));
                histogram[torus.parallel(links) as usize] += 1;
            });
            let listed = listed_len(&partition(2 * side, 2, 1)).unwrap();
            assert_eq!(all.len(), listed);
            histogram.truncate(side as usize * side as usize + 1);
            assert_eq!(histogram, counted.histogram().collect::<vec::Vec<_>>());
        }
    }

    #[test]
    fn refusals() {
        let small = partition(8, 4, 1);
        let run = |partition: &Partition, temperature, weights: &[f32], components, encoder| {
            let filter = Filter::new(weights, components, encoder).unwrap();
            let mut list = [Listed::default(); 272];
            information(partition, temperature, Some(&filter), &mut list)
        };
        let ones = &[1.0; 16 * 9];
        assert_eq!(
            run(&partition(10, 4, 1), 1.0, &ones[..16], 1, Encoder::Sign),
            Err(ExactError::Doubled(Lattice::new(&[10, 10]).unwrap()))
        );
        assert_eq!(
            run(&small, 0.0, &ones[..16], 1, Encoder::Sign),
            Err(ExactError::DimerTemperature(0.0))
        );
        assert!(run(&small, f64::NAN, &ones[..16], 1, Encoder::Sign).is_err());
        assert_eq!(
            run(&small, 1.0, &ones[..16], 1, Encoder::Continuous),
            Err(ExactError::Continuous)
        );
        assert_eq!(
            run(&small, 1.0, ones, 9, Encoder::Sign),
            Err(ExactError::Components(9))
        );
        assert!(matches!(
            run(&small, 1.0, &ones[..15], 1, Encoder::Sign),
            Err(ExactError::Filter { .. })
        ));
        let (given, needed) = (272, 90_176);
        assert_eq!(
            run(&partition(12, 4, 1), 1.0, &ones[..16], 1, Encoder::Sign),
            Err(ExactError::List { given, needed })
        );
    }
}
