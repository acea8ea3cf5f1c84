//! Where configurations come from: Markov chains of a model, or a part of a file.

use std::ops::Range;

use blockspin_core::block::row::Value;
use blockspin_core::block::window::Window;
use blockspin_core::lattice::Lattice;
use blockspin_core::num::lane::Lane;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::rsmi::{Rsmi, Samples};
use blockspin_core::shape::Shape;

use crate::data::Data;
use crate::error::{Error, Result};

/// A kind of value that a run can learn from.
pub trait Learnt: Value<Word: Default> + Default + Sync {
    /// Values in an element of a configuration.
    const PACKED: usize;

    /// Length of a batch.
    fn samples(shape: Shape) -> usize;
    /// A batch's storage.
    fn wrap(samples: &mut [Self::Word]) -> Samples<'_>;
    /// Where the rows of V and of E go.
    fn rows<'a>(rsmi: &'a mut Rsmi) -> (&'a mut [Self::Word], &'a mut [Self::Word]);
    /// The box of `sides` at `corner` of configuration `i`.
    ///
    /// # Errors
    /// Those of the file.
    fn read(data: &Data, i: usize, corner: &[u32], sides: &[u32], to: &mut [Self]) -> Result<()>;
}

impl Learnt for u32 {
    const PACKED: usize = 32;

    fn samples(shape: Shape) -> usize {
        shape.sign_words()
    }

    fn wrap(samples: &mut [u32]) -> Samples<'_> {
        Samples::Signs(samples)
    }

    fn rows<'a>(rsmi: &'a mut Rsmi) -> (&'a mut [u32], &'a mut [u32]) {
        rsmi.signs()
    }

    fn read(data: &Data, i: usize, corner: &[u32], sides: &[u32], to: &mut [u32]) -> Result<()> {
        data.signs(i, corner, sides, to)
    }
}

impl Learnt for f32 {
    const PACKED: usize = 1;

    fn samples(shape: Shape) -> usize {
        shape.real_lanes()
    }

    fn wrap(samples: &mut [Lane]) -> Samples<'_> {
        Samples::Reals(samples)
    }

    fn rows<'a>(rsmi: &'a mut Rsmi) -> (&'a mut [Lane], &'a mut [Lane]) {
        rsmi.reals()
    }

    fn read(data: &Data, i: usize, corner: &[u32], sides: &[u32], to: &mut [f32]) -> Result<()> {
        data.reals(i, corner, sides, to)
    }
}

/// The part of a configuration that is read: all of it, or a box at a random corner, where whole
/// configurations would fill the memory.
#[derive(Clone, Debug)]
pub struct Crop {
    /// Sides of the box.
    pub sides: Vec<u32>,
    /// The first corner along each axis, and how many follow one another from there.
    first: Vec<u32>,
    places: Vec<u32>,
}

impl Crop {
    /// Configurations as they are.
    #[must_use]
    pub fn whole(sides: &[u32]) -> Self {
        Crop {
            sides: sides.to_vec(),
            first: vec![0; sides.len()],
            places: vec![1; sides.len()],
        }
    }

    /// For a window: the window itself where it has one place; else whole configurations as long as
    /// they have no more than `most` sites; else a box around the window, halved along its longest
    /// axes until it has. Comes with the window on a lattice of the box's sides.
    ///
    /// # Errors
    /// None in practice: a box holds its window.
    pub fn around(window: Window, most: usize) -> Result<(Self, Window)> {
        let lattice = window.lattice();
        let spans = window.spans();
        // A lattice has no side below 2.
        let alone = window.places() == 1 && spans.iter().all(|span| *span > 1);
        let mut sides = lattice.sides().to_vec();
        if alone {
            sides = spans.to_vec();
        } else if window.places() > 1 {
            let sites = |sides: &[u32]| sides.iter().map(|n| *n as usize).product::<usize>();
            while sites(&sides) > most {
                let longest = (0..sides.len()).max_by_key(|axis| sides[*axis] / spans[*axis]);
                let Some(axis) = longest.filter(|axis| sides[*axis] >= 2 * spans[*axis].max(2))
                else {
                    break;
                };
                sides[axis] /= 2;
            }
        }
        if !alone && sides == lattice.sides() {
            return Ok((Self::whole(&sides), window));
        }
        // No window crosses the ends of a box.
        let axes = || sides.iter().zip(lattice.sides()).zip(window.open());
        let ends: Vec<bool> = axes()
            .map(|((side, whole), open)| alone || side < whole || *open)
            .collect();
        let inner = Window::new(
            Lattice::new(&sides)?,
            window.block(),
            window.buffer(),
            window.environment(),
        )
        .map_err(|error| Error::failure(error.to_string()))?
        .with_open(&ends);
        let places = axes().map(
            |((side, whole), open)| match (alone || side == whole, open) {
                (true, _) => 1,
                (false, true) => whole - side + 1,
                (false, false) => *whole,
            },
        );
        let crop = Crop {
            places: places.collect(),
            first: match alone {
                true => window.first().to_vec(),
                false => vec![0; sides.len()],
            },
            sides,
        };
        Ok((crop, inner))
    }

    /// Its number of sites.
    #[must_use]
    pub fn sites(&self) -> usize {
        self.sides.iter().map(|n| *n as usize).product()
    }

    /// The site of the whole lattice that is number `i` of the box at its first corner.
    #[must_use]
    pub fn site(&self, mut i: usize, lattice: Lattice) -> u32 {
        let (mut site, mut stride) = (0, 1);
        let axes = self.sides.iter().zip(&self.first).zip(lattice.sides());
        for ((side, first), whole) in axes.rev() {
            let along = (i % *side as usize) as u32;
            i /= *side as usize;
            site += (first + along) % whole * stride;
            stride *= whole;
        }
        site
    }

    fn corner(&self, stream: &mut Stream) -> Vec<u32> {
        let axes = self.first.iter().zip(&self.places);
        axes.map(|(first, places)| match places {
            1 => *first,
            places => first + stream.below(*places),
        })
        .collect()
    }
}

/// Writes the next configuration; false when there are no more.
type Next<'a, V> = dyn FnMut(&mut [V]) -> Result<bool> + 'a;

/// A supply of configurations, one after the other.
pub struct Feed<'a, V>(Box<Next<'a, V>>);

impl<'a, V> Feed<'a, V> {
    /// One that never ends.
    pub fn endless(mut next: impl FnMut(&mut [V]) + 'a) -> Self {
        Feed(Box::new(move |slot| {
            next(slot);
            Ok(true)
        }))
    }

    /// Writes the next configuration; false when there are no more.
    ///
    /// # Errors
    /// Those of a file.
    pub fn next(&mut self, slot: &mut [V]) -> Result<bool> {
        (self.0)(slot)
    }
}

impl<'a, V: Learnt> Feed<'a, V> {
    /// `count` configurations of a part of a file, evenly spread over it and in its order, again and
    /// again if `endless`. `task` numbers the stream of the corners.
    pub fn rows(
        data: &'a Data,
        part: Range<usize>,
        count: usize,
        endless: bool,
        crop: &'a Crop,
        (seed, task): (u64, u64),
    ) -> Self {
        let mut stream = Stream::new(seed, task, Purpose::Windows);
        let mut done = 0;
        Feed(Box::new(move |slot| {
            if done == count {
                if !endless {
                    return Ok(false);
                }
                done = 0;
            }
            let row = part.start + (done as u128 * part.len() as u128 / count as u128) as usize;
            done += 1;
            let corner = crop.corner(&mut stream);
            V::read(data, row, &corner, &crop.sides, slot)?;
            Ok(true)
        }))
    }
}
