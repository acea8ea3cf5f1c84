//! Blocks that tile a lattice from its first site, and their coarse variables.

use blockspin_core::encoder::AnyEncoder as Encoder;
use blockspin_core::encoder::projection::Block;
use blockspin_core::encoder::{Linear, Projection as _};
use blockspin_core::kernel::Portable;
use blockspin_core::num::lane::{Lane, get, get_mut, lanes};
use blockspin_core::num::rng::Stream;
use blockspin_core::shape::Shape;
use blockspin_core::window::row::{Strip, Write as _};

use crate::data::filters::Filters;
use crate::data::supply::SampleValue;
use crate::error::{Error, Result};
use crate::run::simd::Isa;
use crate::settings::encoder::Coarse;

/// Most blocks that are encoded together.
const TOGETHER: usize = 256;

/// Positions of blocks.
#[derive(Clone, Debug)]
pub(super) struct Tiles {
    /// Blocks along each axis.
    pub(super) sides: Vec<u32>,
    /// The first site of each block.
    corners: Vec<usize>,
    /// Sites of V from the corner on, as runs of neighbours: the first, and how many.
    runs: Vec<(usize, usize)>,
    /// Indices of V in the block, and its sites in the lattice for the first block.
    pub(super) places: Vec<(u32, u32)>,
}

/// Every position in a box, as coordinates, in C order.
fn positions(sides: &[u32]) -> impl Iterator<Item = Vec<u32>> {
    let all: u64 = sides.iter().map(|side| u64::from(*side)).product();
    (0..all).map(move |mut rest| {
        let mut at = vec![0; sides.len()];
        for (at, side) in at.iter_mut().zip(sides).rev() {
            *at = (rest % u64::from(*side)) as u32;
            rest /= u64::from(*side);
        }
        at
    })
}

/// The number of a site.
fn site(lattice: &[u32], at: &[u32]) -> usize {
    let axes = lattice.iter().zip(at);
    axes.fold(0, |site, (side, at)| site * *side as usize + *at as usize)
}

impl Tiles {
    /// As many blocks as fit; of a block the sites that count.
    pub(super) fn new(lattice: &[u32], block: &[u32], counts: impl Fn(&[u32]) -> bool) -> Self {
        let sides: Vec<u32> = lattice.iter().zip(block).map(|(l, b)| l / b).collect();
        let corners = positions(&sides).map(|tile| {
            let at: Vec<u32> = tile.iter().zip(block).map(|(t, b)| t * b).collect();
            site(lattice, &at)
        });
        let mut places = vec![];
        for (index, at) in positions(block).enumerate() {
            if counts(&at) {
                places.push((index as u32, site(lattice, &at) as u32));
            }
        }
        let mut runs: Vec<(usize, usize)> = vec![];
        for (_, site) in &places {
            let site = *site as usize;
            match runs.last_mut() {
                Some((first, n)) if *first + *n == site => *n += 1,
                _ => runs.push((site, 1)),
            }
        }
        Tiles {
            corners: corners.collect(),
            sides,
            runs,
            places,
        }
    }

    /// Number of blocks.
    pub(super) fn count(&self) -> usize {
        self.corners.len()
    }

    /// The values of V of a block.
    fn cut<V: SampleValue>(&self, values: &[V], corner: usize, row: &mut [V::Word]) {
        let mut row = V::Writer::new(row);
        for (first, n) in &self.runs {
            let strip = Strip {
                start: corner + first,
                before: *n,
                wrapped: corner + first,
                after: 0,
                every_second: None,
            };
            row.copy(values, &strip, V::hold(values, &strip), 0, *n);
        }
        row.finish();
    }
}

/// Coarse variables of a configuration, component by component.
#[derive(Clone, Debug, Default)]
pub(super) struct CoarseValues {
    /// ±1, or the numbers of states.
    pub(super) whole: Vec<i8>,
    /// Of continuous h.
    pub(super) reals: Vec<f32>,
    /// How many Λ·v of a sign were exactly 0.
    pub(super) ties: u64,
}

/// How the coarse variables of all blocks follow from a configuration.
pub(super) struct BlockEncoder {
    tiles: Tiles,
    shape: Shape,
    weights: Vec<Lane>,
    centres: Vec<f32>,
    coarse: Coarse,
    encoder: Encoder,
    isa: Isa,
}

/// What encoding works in.
pub(super) struct Workspace<V: SampleValue> {
    rows: Vec<V::Word>,
    weights: Vec<Lane>,
    h: Vec<Lane>,
    slopes: Vec<Lane>,
}

impl BlockEncoder {
    /// `centres` are taken off the values of V; none: they are 0.
    pub(super) fn new(
        tiles: Tiles,
        filters: &Filters,
        centres: Vec<f32>,
        (coarse, encoder): (Coarse, Encoder),
        isa: Isa,
    ) -> Result<Self> {
        let batch = tiles.count().clamp(2, TOGETHER) as u32;
        let few = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        // Environment and critic play no part.
        let shape = Shape::new(
            few(tiles.places.len()),
            1,
            few(filters.count()),
            &[],
            1,
            batch,
        )
        .map_err(|error| Error::usage(error.to_string()))?;
        let width = lanes(filters.count());
        let mut weights = vec![Lane::ZERO; tiles.places.len() * width];
        for (row, (index, _)) in weights.chunks_exact_mut(width).zip(&tiles.places) {
            for (a, component) in filters.components().enumerate() {
                *get_mut(row, a) = component[*index as usize];
            }
        }
        if matches!(coarse, Coarse::Continuous { .. }) {
            Linear.normalise::<Portable>(&shape, &mut weights, 0);
        }
        Ok(BlockEncoder {
            tiles,
            shape,
            weights,
            centres,
            coarse,
            encoder,
            isa,
        })
    }

    /// Number of blocks.
    pub(super) fn blocks(&self) -> usize {
        self.tiles.count()
    }

    /// Number of components.
    pub(super) fn components(&self) -> usize {
        self.shape.components() / self.coarse.filters() as usize
    }

    pub(super) fn workspace<V: SampleValue>(&self) -> Workspace<V> {
        let batch = self.shape.batch();
        let h = vec![Lane::ZERO; batch * lanes(self.shape.components())];
        Workspace {
            rows: vec![V::Word::default(); batch * V::row(self.tiles.places.len())],
            weights: self.weights.clone(),
            slopes: h.clone(),
            h,
        }
    }

    /// Bytes of a workspace, and of the coarse variables of a configuration.
    pub(super) fn bytes<V: SampleValue>(&self) -> u64 {
        let batch = self.shape.batch();
        let row = V::row(self.tiles.places.len()) * size_of::<V::Word>();
        let h = 2 * lanes(self.shape.components()) * size_of::<Lane>();
        let weights = self.weights.len() * size_of::<Lane>();
        (batch * (row + h) + weights + 5 * self.blocks() * self.components()) as u64
    }

    /// Coarse variables of a configuration; false, where h does not exist because a value is missing.
    pub(super) fn encode<V: SampleValue>(
        &self,
        values: &[V],
        stream: &mut Stream,
        work: &mut Workspace<V>,
        to: &mut CoarseValues,
    ) -> bool {
        let (blocks, batch, filters) = (self.blocks(), self.shape.batch(), self.shape.components());
        let (row, width) = (V::row(self.tiles.places.len()), lanes(filters));
        let continuous = matches!(self.coarse, Coarse::Continuous { .. });
        match continuous {
            true => to.reals.resize(blocks * filters, 0.0),
            false => to.whole.resize(blocks * self.components(), 0),
        }
        to.ties = 0;
        let states = self.coarse.filters() as usize;
        for (first, corners) in (0..).step_by(batch).zip(self.tiles.corners.chunks(batch)) {
            for (corner, row) in corners.iter().zip(work.rows.chunks_exact_mut(row)) {
                self.tiles.cut(values, *corner, row);
            }
            let block = Block {
                shape: self.shape,
                v: V::input(&work.rows),
                centres: &self.centres,
            };
            let h = [&mut work.h[..], &mut work.slopes[..]];
            let used = corners.len();
            let seen = self
                .isa
                .encode(&block, &mut work.weights, self.encoder, h, used, stream);
            if seen.incomplete && !continuous {
                return false;
            }
            to.ties += seen.zeros;
            for (i, h) in work.h.chunks_exact(width).take(used).enumerate() {
                let block = first + i;
                if continuous {
                    (0..filters).for_each(|a| to.reals[a * blocks + block] = get(h, a));
                    continue;
                }
                for c in 0..self.components() {
                    to.whole[c * blocks + block] = match self.coarse {
                        Coarse::States(_) => {
                            let taken = (0..states).find(|s| get(h, c * states + s) > 0.0);
                            taken.unwrap_or(0) as i8
                        }
                        _ => get(h, c) as i8,
                    };
                }
            }
        }
        true
    }
}

/// −Σ h h′/N over the bonds of a lattice of ±1, of which some axes may be open.
pub(super) fn energy(h: &[i8], sides: &[u32], open: &[bool]) -> f64 {
    let mut sum = 0i64;
    let mut stride = 1;
    for (side, open) in sides.iter().zip(open).rev() {
        let side = *side as usize;
        for (i, h_i) in h.iter().enumerate() {
            let along = i / stride % side;
            let next = match along + 1 == side {
                true if *open => continue,
                true => i - along * stride,
                false => i + stride,
            };
            sum += i64::from(*h_i) * i64::from(h[next]);
        }
        stride *= side;
    }
    -(sum as f64) / h.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_begin_at_the_first_site() {
        let tiles = Tiles::new(&[5, 6], &[2, 3], |_| true);
        assert_eq!(tiles.sides, [2, 2]);
        assert_eq!(tiles.corners, [0, 3, 12, 15]);
        assert_eq!(tiles.runs, [(0, 3), (6, 3)]);
        // Links alone.
        let tiles = Tiles::new(&[4, 4], &[2, 2], |at| at.iter().sum::<u32>() % 2 == 1);
        assert_eq!(tiles.places, [(1, 1), (2, 4)]);
        assert_eq!(tiles.runs, [(1, 1), (4, 1)]);
    }

    #[test]
    fn energies_count_every_bond_once() {
        assert_eq!(energy(&[1; 12], &[3, 4], &[false, false]), -2.0);
        // Open along the columns of three: 2 × 4 + 3 × 4 bonds.
        assert_eq!(energy(&[1; 12], &[3, 4], &[true, false]), -20.0 / 12.0);
        let striped = [1, -1, 1, -1, 1, -1, 1, -1];
        assert_eq!(energy(&striped, &[2, 4], &[false, false]), 0.0);
        assert_eq!(energy(&striped, &[8], &[true]), 7.0 / 8.0);
    }
}
