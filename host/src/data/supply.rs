//! Where configurations come from: Markov chains of a model, or a part of a file.

use std::ops::Range;
use std::sync::Arc;

use blockspin_core::lattice::Lattice;
use blockspin_core::nn::Input;
use blockspin_core::num::bits;
use blockspin_core::num::lane::Lane;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::rsmi::{Rsmi, Samples};
use blockspin_core::shape::Shape;
use blockspin_core::window::row::Value;
use blockspin_core::window::{Window, WindowError};

use crate::data::Data;
use crate::error::{Error, Result};
use crate::observer::Progress;
use crate::store::codec::{Number, StateFile};

/// A kind of value that a run can learn from.
pub trait SampleValue: Value<Word: Default + Send + Sync> + Number + Default + Send + Sync {
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
    /// Rows of v as a filter reads them.
    fn input(rows: &[Self::Word]) -> Input<'_>;
    /// Those values of a configuration whose numbers are listed.
    fn pick(from: &[Self], listed: &[u32], to: &mut [Self]);
}

impl SampleValue for u32 {
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

    fn input(rows: &[u32]) -> Input<'_> {
        Input::Signs(rows)
    }

    fn pick(from: &[u32], listed: &[u32], to: &mut [u32]) {
        let mut writer = bits::Writer::new(to);
        for site in listed {
            writer.copy(from, *site as usize, 1);
        }
        writer.finish();
    }
}

impl SampleValue for f32 {
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

    fn input(rows: &[Lane]) -> Input<'_> {
        Input::Reals(rows)
    }

    fn pick(from: &[f32], listed: &[u32], to: &mut [f32]) {
        for (site, to) in listed.iter().zip(to) {
            *to = from[*site as usize];
        }
    }
}

/// The part of a configuration that is read: all of it, or a box at a random corner, where whole
/// configurations would fill the memory; or some values of a box.
#[derive(Clone, Debug)]
pub struct Crop {
    /// Sides of the box.
    pub sides: Vec<u32>,
    /// The first corner along each axis, and how many follow one another from there.
    first: Vec<u32>,
    places: Vec<u32>,
    /// Numbers of the values of the box that are kept; none: all are.
    listed: Option<Vec<u32>>,
}

impl Crop {
    /// Configurations as they are.
    #[must_use]
    pub fn whole(sides: &[u32]) -> Self {
        Crop {
            sides: sides.to_vec(),
            first: vec![0; sides.len()],
            places: vec![1; sides.len()],
            listed: None,
        }
    }

    /// The box of the given sides at one corner.
    #[must_use]
    pub fn at(corner: &[u32], sides: &[u32]) -> Self {
        Crop {
            first: corner.to_vec(),
            ..Self::whole(sides)
        }
    }

    /// Some values of the box only, in this order.
    #[must_use]
    pub fn listing(self, listed: Vec<u32>) -> Self {
        Crop {
            listed: Some(listed),
            ..self
        }
    }

    /// For a window: the window itself where it has one place; else whole configurations as long as
    /// they have no more than `most` sites; else a box around the window, halved along its longest
    /// axes until it has. Comes with the window on a lattice of the box's sides.
    ///
    /// # Errors
    /// Those of [`Window::new`] for the box.
    pub fn around(window: Window, most: usize) -> Result<(Self, Window)> {
        let lattice = window.lattice();
        let spans = window.spans();
        let alone = window.places() == 1;
        let mut sides = lattice.sides().to_vec();
        if alone {
            // A lattice has no side below 2.
            sides = spans.iter().map(|span| (*span).max(2)).collect();
        } else {
            let sites = |sides: &[u32]| sides.iter().map(|n| *n as usize).product::<usize>();
            while sites(&sides) > most {
                let longest = (0..sides.len()).max_by_key(|axis| sides[*axis] / spans[*axis]);
                let Some(axis) = longest.filter(|axis| sides[*axis] >= 2 * spans[*axis].max(2))
                else {
                    break;
                };
                sides[axis] /= 2;
            }
            if sides == lattice.sides() {
                return Ok((Self::whole(&sides), window));
            }
        }
        // No window crosses the ends of a box.
        let axes = || sides.iter().zip(lattice.sides()).zip(window.open());
        let ends: Vec<bool> = axes()
            .map(|((side, whole), open)| alone || side < whole || *open)
            .collect();
        let fail = |error: WindowError| Error::failure(error.to_string());
        let mut inner = Window::new(
            Lattice::new(&sides)?,
            window.block(),
            window.buffer(),
            window.environment(),
        )
        .map_err(fail)?
        .with_open(&ends);
        if alone {
            let margins = window.buffer().iter().zip(window.environment());
            let corner: Vec<u32> = margins.map(|(buffer, e)| buffer + e).collect();
            inner = inner.with_corner(&corner).map_err(fail)?;
        }
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
            listed: None,
        };
        Ok((crop, inner))
    }

    /// Its number of values.
    #[must_use]
    pub fn sites(&self) -> usize {
        match &self.listed {
            Some(listed) => listed.len(),
            None => self.volume(),
        }
    }

    fn volume(&self) -> usize {
        self.sides.iter().map(|n| *n as usize).product()
    }

    /// Bytes of the box that a supply holds besides the values it gives.
    #[must_use]
    pub fn scratch<V: SampleValue>(&self) -> usize {
        match self.listed {
            Some(_) => size_of::<V>() * V::configuration(self.volume()),
            None => 0,
        }
    }

    /// Whether some values of the box are kept only.
    #[must_use]
    pub fn is_listed(&self) -> bool {
        self.listed.is_some()
    }

    /// Its first corner.
    #[must_use]
    pub fn first(&self) -> &[u32] {
        &self.first
    }

    /// Reads what is kept of the box of configuration `i` at `corner`, by way of `around`.
    pub(super) fn read<V: SampleValue>(
        &self,
        data: &Data,
        i: usize,
        corner: &[u32],
        around: &mut Vec<V>,
        to: &mut [V],
    ) -> Result<()> {
        let Some(listed) = &self.listed else {
            return V::read(data, i, corner, &self.sides, to);
        };
        around.resize(V::configuration(self.volume()), V::default());
        V::read(data, i, corner, &self.sides, around)?;
        V::pick(around, listed, to);
        Ok(())
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

    /// The site of the whole lattice that is the value `i` of those kept, at the first corner.
    #[must_use]
    pub fn kept_site(&self, i: u32, lattice: Lattice) -> u32 {
        let listed = self.listed.as_ref();
        let i = listed.map_or(i, |listed| listed[i as usize]);
        self.site(i as usize, lattice)
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

/// A supply of configurations, one after the other.
pub trait Supply<V> {
    /// Writes the next configuration; false when there are no more.
    ///
    /// # Errors
    /// Those of a file.
    fn next(&mut self, slot: &mut [V]) -> Result<bool>;

    /// Tells how many more will be asked for, about: beyond those nothing is prepared.
    fn expect(&mut self, _count: usize) {}

    /// The work that so many configurations are from here, and its unit.
    fn work(&self, count: usize) -> (u64, &'static str) {
        (count as u64, "configurations")
    }

    /// Tells of that work, or of it no longer.
    fn report(&mut self, _progress: Option<Arc<dyn Progress>>) {}

    /// Where it stands, to a checkpoint or from one.
    ///
    /// # Errors
    /// Those of the checkpoint.
    fn pass(&mut self, state: &mut StateFile) -> Result<()>;

    /// Bytes of that, at most, about.
    fn bytes(&self) -> u64;
}

/// Configurations of a part of a file.
#[derive(Debug)]
pub struct Rows<'a, V> {
    data: &'a Data,
    /// Indices of the configurations that the part is a range of; none: all.
    order: Option<&'a [usize]>,
    part: Range<usize>,
    count: usize,
    endless: bool,
    crop: &'a Crop,
    /// Draws the corners.
    stream: Stream,
    done: usize,
    around: Vec<V>,
    progress: Option<Arc<dyn Progress>>,
}

impl<'a, V> Rows<'a, V> {
    /// `count` configurations, evenly spread over the part and in its order, again and again if
    /// `endless`. `task` numbers the stream of the corners.
    pub fn new(
        data: &'a Data,
        part: Range<usize>,
        count: usize,
        endless: bool,
        crop: &'a Crop,
        (seed, task): (u64, u64),
    ) -> Self {
        Rows {
            data,
            order: None,
            part,
            count,
            endless,
            crop,
            stream: Stream::new(seed, task, Purpose::Windows),
            done: 0,
            around: vec![],
            progress: None,
        }
    }
}

impl<'a, V> Rows<'a, V> {
    /// With the part as a range of these configurations.
    #[must_use]
    pub fn in_order(self, order: Option<&'a [usize]>) -> Self {
        Rows { order, ..self }
    }
}

impl<V: SampleValue> Supply<V> for Rows<'_, V> {
    fn next(&mut self, slot: &mut [V]) -> Result<bool> {
        if self.done == self.count {
            if !self.endless {
                return Ok(false);
            }
            self.done = 0;
        }
        let (done, length) = (self.done as u128, self.part.len() as u128);
        let row = self.part.start + (done * length / self.count as u128) as usize;
        self.done += 1;
        let corner = self.crop.corner(&mut self.stream);
        let row = self.order.map_or(row, |order| order[row]);
        self.crop
            .read(self.data, row, &corner, &mut self.around, slot)?;
        if let Some(progress) = &self.progress {
            progress.advance(1);
        }
        Ok(true)
    }

    fn report(&mut self, progress: Option<Arc<dyn Progress>>) {
        self.progress = progress;
    }

    fn pass(&mut self, state: &mut StateFile) -> Result<()> {
        state.value(&mut self.done)?;
        state.require(self.done <= self.count)?;
        state.stream(&mut self.stream)
    }

    fn bytes(&self) -> u64 {
        0
    }
}
