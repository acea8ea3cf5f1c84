//! A user's configurations: an array of shape (N, L0[, L1[, L2]]) of any size, read by position.
//!
//! # What is scanned
//! Opening scans the array in file order for a third distinct value and stops there. With at most two
//! values it has then seen all of them. Otherwise it scans configurations spread evenly over the file
//! (all of them up to 2²⁶ values, about 2²⁶ values of a larger file, but at least 8 configurations) for
//! mean, standard deviation, varying sites and missing values; if all these values are equal, it scans
//! the rest too.
//!
//! # How values are converted
//! Two values become −1 and 1, the lower one −1; they are compared in the type of the file. Others
//! become (x − mean) / (standard deviation), with divisor N, computed in f64 in a fixed order, so that
//! they are the same on every machine, unless another [`Transform`] is chosen. Where windows have one
//! place, each site has a mean and a deviation of its own ([`Data::convert`]). NaN is a missing value and
//! stays NaN; another value may mark missing ones too ([`Data::with_missing`]). Infinities are refused
//! when they are read.

use std::ops::ControlFlow;
use std::path::Path;

use blockspin_core::num::bits;

use crate::data::array::item::{Item, ItemType, Verdict, for_type};
use crate::data::array::{Array, Element, tuple};
use crate::data::axes::Axes;
use crate::data::shape;
use crate::data::transform::{
    Ends, Map, Marker, Moments, Picker, Quantiles, Sample, Standard, Transform,
};
use crate::error::{Error, Result};
use crate::observer::{Observer, Phase, Silent};
use crate::store::resources;

/// Bytes read at a time; divisible by every item size.
const CHUNK: usize = 1 << 18;
/// Gaps up to this many bytes are read and discarded rather than skipped.
const GAP: usize = 1 << 12;
/// Two-valued data up to this size are kept in memory, packed.
const KEPT: u64 = 64 << 20;
/// Approximate number of values from which mean and standard deviation are computed.
const SCANNED: u64 = 1 << 26;
/// Fewest configurations that are scanned.
const SCANNED_CONFIGURATIONS: u64 = 8;
/// Most values of which the ranks are known, and most of all sites of a place.
const RANKED: u64 = 1 << 16;
const RANKED_OF_PLACE: u64 = 1 << 22;
/// Fewest of a site.
const RANKED_OF_SITE: u64 = 64;
/// Most configurations of which a place is scanned: each is read by itself.
const SCANNED_OF_PLACE: u64 = 1 << 18;
/// Values of a place that are gathered by sites before their moments are taken.
const GATHERED: usize = 1 << 20;
/// Bytes that a site of a place takes while it is scanned, beside its sample.
const BYTES_OF_SITE: u64 = 256;
/// Largest ratio of mean and standard deviation of values that are read as they are: 32 bits then hold
/// sixteen numbers within a standard deviation.
const APART: f64 = (1 << 20) as f64;
/// Bytes of successive configurations that are scanned together: disks are fast at long reads.
const TOGETHER: u64 = 1 << 16;
/// Most parts that a record is taken apart into, where fewer would not be apart.
const PARTS: u64 = 1 << 14;
/// Largest number of lattice axes.
const MAX_DIMENSION: usize = blockspin_core::lattice::MAX_DIMENSION;

/// The kind of a file's values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// At most two values, none missing: they become −1 and 1.
    Signs {
        /// The value that becomes −1, to the nearest f64.
        low: f64,
        /// The value that becomes 1; `low` again when there is only one.
        high: f64,
    },
    /// All others: x becomes (x − centre) / scale.
    Reals {
        /// Mean of the scanned values; the middle of two values.
        centre: f64,
        /// Standard deviation of the scanned values, with divisor N; half the difference of two
        /// values, which become ±1. 1 when there is only one.
        scale: f64,
    },
}

/// A user's configurations: (N, L0[, L1[, L2]]), read by position.
#[derive(Debug)]
pub struct Data {
    array: Array,
    sides: Vec<u32>,
    configurations: usize,
    sites: usize,
    /// Replicas that alternate from one configuration of the file to the next.
    interleaved: Option<usize>,
    axes: Axes,
    /// One record, of which overlapping parts are the configurations.
    parts: Option<Parts>,
    values: Values,
    /// All configurations of two-valued data, [`bits::words`] each, if they fit into memory.
    kept: Option<Vec<u32>>,
    varying: Vec<u32>,
    missing: u64,
    /// An item that marks missing values, as in the file (little-endian).
    marker: Option<[u8; 8]>,
    /// The values that were scanned, if there are more than two.
    sample: Option<Sample>,
    summary: Option<Summary>,
    transform: Transform,
    /// Of each site, if they are subtracted.
    means: Option<Vec<f64>>,
    /// Ranks of the values of all sites.
    ranks: Option<Quantiles>,
    place: Option<Place>,
    /// Sentences on what was left out or decided on reading.
    notes: Vec<String>,
}

/// What the values of a file are like, where they are more than two.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Mean of the scanned values.
    pub mean: f64,
    /// Their standard deviation, with divisor N.
    pub deviation: f64,
    /// The least.
    pub least: f64,
    /// The greatest.
    pub greatest: f64,
    /// How many were scanned.
    pub scanned: f64,
    /// Whether a thousandth of the values carries more than a tenth of the variance; at one place, of any
    /// site.
    pub heavy_tailed: bool,
    /// Values that seem to mark missing ones.
    pub markers: Vec<Marker>,
}

/// Sites that are converted each by itself.
#[derive(Debug)]
struct Place {
    /// For each site of a configuration the number of its map; `u32::MAX`: none.
    index: Vec<u32>,
    maps: Vec<Map>,
}

/// Overlapping parts of one record: boxes of equal sides, a stride apart along every axis, in C order.
#[derive(Clone, Debug)]
struct Parts {
    sides: Vec<u32>,
    strides: Vec<u32>,
    counts: Vec<u32>,
}

/// How an item is converted to a number.
#[derive(Clone, Copy, Debug)]
enum Values {
    /// At most two values, as in the file (little-endian); the same one twice if there is only one.
    Two {
        low: [u8; 8],
        high: [u8; 8],
        kind: Kind,
        constant: bool,
    },
    Many(Standard),
}

impl Data {
    /// Opens FILE.npy, FILE.npz (with exactly one array), FILE.npz:MEMBER, or a table of numbers in text, scans
    /// it once, and determines its kind.
    ///
    /// # Errors
    /// A failure that names the file and what is wrong with it.
    pub fn open(path: &Path, observer: &dyn Observer) -> Result<Self> {
        Self::open_with(path, Axes::default(), None, observer)
    }

    /// Configurations in memory, of shape (N, L0[, L1[, L2]]), in C order.
    ///
    /// ```
    /// use blockspin::prelude::*;
    ///
    /// let spins: Vec<i8> = (0..1000 * 8 * 8).map(|i| if i % 3 == 0 { 1 } else { -1 }).collect();
    /// let data = Data::new(&[1000, 8, 8], &spins)?;
    /// assert_eq!((data.configurations(), data.sides()), (1000, &[8, 8][..]));
    /// # Ok::<(), blockspin::Error>(())
    /// ```
    ///
    /// # Errors
    /// A failure, if the number of values does not match the shape, or the values are not allowed in a
    /// file.
    pub fn new<T: Element>(shape: &[usize], values: &[T]) -> Result<Self> {
        Self::new_as(shape, values, Axes::default())
    }

    /// As [`new`](Self::new), with another meaning of the axes.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn new_as<T: Element>(shape: &[usize], values: &[T], axes: Axes) -> Result<Self> {
        Self::scan(Array::new(shape, values)?, axes, None, &Silent)
    }

    /// Opens a file as [`open`](Self::open), with another meaning of the axes; `missing` marks missing
    /// values beside NaN.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(
        path: &Path,
        axes: Axes,
        missing: Option<f64>,
        observer: &dyn Observer,
    ) -> Result<Self> {
        Self::scan(Array::open_with(path, observer)?, axes, missing, observer)
    }

    /// The same configurations, scanned again with a value that marks missing ones beside NaN. The value
    /// is rounded to the type of the file; one that the type does not have does not occur.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn with_missing(self, missing: f64, observer: &dyn Observer) -> Result<Self> {
        Self::scan(self.array, self.axes, Some(missing), observer)
    }

    fn scan(
        array: Array,
        axes: Axes,
        missing: Option<f64>,
        observer: &dyn Observer,
    ) -> Result<Self> {
        let fail = |why: &str| {
            Error::failure(format!(
                "{} has shape {}: {why}",
                array.name(),
                tuple(array.shape())
            ))
        };
        let mut notes = array.notes().to_vec();
        let series = axes == Axes::default() && array.shape().len() == 1;
        let axes = match series {
            true => Axes::SERIES,
            false => axes,
        };
        if series {
            notes.push(format!(
                "{} is one series of {} values; parts of it are the configurations",
                array.name(),
                array.shape()[0]
            ));
        }
        let Some(layout) = axes.layout(array.shape()) else {
            return Err(fail(&format!("`axes` {axes} has another number of axes")));
        };
        let shape = &layout.shape[..];
        if !(2..=1 + MAX_DIMENSION).contains(&shape.len()) {
            return Err(fail(
                "configurations have shape (N, L0), (N, L0, L1) or (N, L0, L1, L2), \
                 N configurations of a lattice with sides L; `axes` gives axes another meaning, such as \
                 x for one series, nrx for configurations of several replicas",
            ));
        }
        if shape[1..].contains(&1) {
            return Err(fail(
                "a side of 1; every side of a lattice is at least 2, and an axis of length 1 can \
                 be dropped (numpy.squeeze)",
            ));
        }
        let sides: Option<Vec<u32>> = shape[1..]
            .iter()
            .map(|side| u32::try_from(*side).ok())
            .collect();
        let sides = sides.ok_or_else(|| fail("a side beyond 32 bits"))?;
        let sites = sides.iter().map(|side| u64::from(*side)).product::<u64>();
        let (Ok(sites), Ok(configurations)) = (usize::try_from(sites), usize::try_from(shape[0]))
        else {
            return Err(fail("more than this machine can address"));
        };
        let mut data = Data {
            sides,
            configurations,
            sites,
            interleaved: layout.interleaved.map(|replicas| replicas as usize),
            axes,
            parts: None,
            values: Values::Many(Standard::NONE),
            kept: None,
            varying: vec![],
            missing: 0,
            marker: None,
            sample: None,
            summary: None,
            transform: Transform::Auto,
            means: None,
            ranks: None,
            place: None,
            notes,
            array,
        };
        // Bit sets over the sites that a scan needs.
        let marks = 12 * bits::words(sites) as u64;
        resources::memory(&format!("reading {}", data.array.name()), marks)?;
        data.array = data.array.prepare(observer)?;
        let item = data.array.item_type();
        data.marker = missing.and_then(|missing| for_type!(item, marker(missing)));
        if !for_type!(item, scan_two(&mut data, observer))? {
            for_type!(item, scan_many(&mut data, observer))?;
            let (shape, n) = (data.array.shape(), data.configurations);
            if item == ItemType::U1
                && let Some(error) = shape::colours(data.array.name(), shape, n, &data.sides)
            {
                return Err(error);
            }
        }
        Ok(data)
    }

    /// Sentences on what was left out or decided on reading.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Whether the first axis counts configurations, and all others are space.
    pub(super) fn has_plain_axes(&self) -> bool {
        self.axes == Axes::default() && self.parts.is_none()
    }

    /// Sides of the lattice, slowest axis first.
    #[must_use]
    pub fn sides(&self) -> &[u32] {
        match &self.parts {
            Some(parts) => &parts.sides,
            None => &self.sides,
        }
    }

    /// Number of configurations, at least 1.
    #[must_use]
    pub fn configurations(&self) -> usize {
        match &self.parts {
            Some(parts) => volume(&parts.counts),
            None => self.configurations,
        }
    }

    /// Number of sites of a configuration.
    #[must_use]
    pub fn sites(&self) -> usize {
        match &self.parts {
            Some(parts) => volume(&parts.sides),
            None => self.sites,
        }
    }

    /// Takes a single record apart into boxes of the given sides, which overlap: at least four along an
    /// axis cover a site, unless there were more than 2¹⁴ of them.
    #[must_use]
    pub fn in_parts(mut self, sides: &[u32]) -> Self {
        let mut finer = 4;
        loop {
            let strides = sides.iter().map(|side| (side / finer).max(1));
            let strides: Vec<u32> = strides.collect();
            let axes = self.sides.iter().zip(sides).zip(&strides);
            let counts = axes.map(|((whole, side), stride)| (whole - side) / stride + 1);
            let counts: Vec<u32> = counts.collect();
            if finer == 1 || counts.iter().map(|n| u64::from(*n)).product::<u64>() <= PARTS {
                self.parts = Some(Parts {
                    sides: sides.to_vec(),
                    strides,
                    counts,
                });
                return self;
            }
            finer /= 2;
        }
    }

    /// Configurations that lie further apart in order have no value in common; 0, unless they are parts of
    /// a record.
    #[must_use]
    pub fn overlap(&self) -> usize {
        let Some(parts) = &self.parts else {
            return 0;
        };
        let rest = volume(&parts.counts[1..]);
        parts.sides[0].div_ceil(parts.strides[0]) as usize * rest
    }

    /// The row of the file that has configuration `i`, and a corner of it, padded with zeros.
    fn locate(&self, i: usize, corner: &[u32]) -> (usize, [u32; MAX_DIMENSION]) {
        let mut at = [0; MAX_DIMENSION];
        at[..corner.len()].copy_from_slice(corner);
        if let Some(parts) = &self.parts {
            let mut rest = i;
            let axes = at.iter_mut().zip(&parts.strides).zip(&parts.counts);
            for ((at, stride), count) in axes.rev() {
                *at += (rest % *count as usize) as u32 * stride;
                rest /= *count as usize;
            }
            return (rest, at);
        }
        let row = match self.interleaved {
            Some(replicas) => {
                let length = self.configurations / replicas;
                i % length * replicas + i / length
            }
            None => i,
        };
        (row, at)
    }

    /// The kind of the values, which says how they are converted.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.values {
            Values::Two { kind, .. } => kind,
            Values::Many(standard) => {
                let (centre, scale) = standard.centre_and_scale();
                Kind::Reals { centre, scale }
            }
        }
    }

    /// What the values are like, if they are more than two.
    #[must_use]
    pub fn summary(&self) -> Option<&Summary> {
        self.summary.as_ref()
    }

    /// The transform that was chosen by [`convert`](Self::convert), if the values are more than two.
    #[must_use]
    pub fn transform(&self) -> Option<Transform> {
        matches!(self.values, Values::Many(_)).then_some(self.transform)
    }

    /// Mean and standard deviation of a site that is converted by these.
    #[must_use]
    pub fn centre_and_scale(&self, site: usize) -> Option<(f64, f64)> {
        let place = self.place.as_ref()?;
        match place.maps.get(place.index[site] as usize)? {
            Map::Standard(standard) => Some(standard.centre_and_scale()),
            Map::Rank(_) => None,
        }
    }

    /// Takes away the mean of each site over all configurations. Two-valued data become real; the scale
    /// stays common to all sites.
    ///
    /// # Errors
    /// If the file cannot be read, or the means do not fit into memory.
    pub fn subtract_site_means(&mut self, observer: &dyn Observer) -> Result<()> {
        if self.is_constant() || self.means.is_some() {
            return Ok(());
        }
        resources::memory(
            &format!("the site means of {}", self.array.name()),
            16 * self.sites as u64,
        )?;
        let item = self.array.item_type();
        let means = for_type!(item, site_means(self, observer))?;
        self.means = Some(means);
        self.kept = None;
        let summary = self.summary.take();
        for_type!(item, scan_many(self, observer))?;
        self.summary = summary;
        Ok(())
    }

    /// Chooses the transform of data with more than two values; before, they are standard. `place` is a
    /// box, as corner and sides, if windows have this place alone: then each of its sites has a centre and
    /// a scale, or ranks, of its own.
    ///
    /// # Errors
    /// If the file cannot be read; if `wanted` is none, and f32 cannot hold the values apart.
    pub fn convert(
        &mut self,
        wanted: Transform,
        place: Option<(&[u32], &[u32])>,
        observer: &dyn Observer,
    ) -> Result<()> {
        let Some(pooled) = self.sample.take() else {
            return Ok(());
        };
        let samples = match place {
            Some((corner, sides)) => {
                let item = self.array.item_type();
                for_type!(item, scan_place(self, corner, sides, observer))?
            }
            None => vec![],
        };
        if let Some(summary) = &mut self.summary
            && place.is_some()
        {
            summary.heavy_tailed = samples.iter().any(|(_, sample)| sample.is_heavy_tailed());
            summary.markers.clear();
            for marker in samples.iter().flat_map(|(_, sample)| sample.markers()) {
                let markers = &mut summary.markers;
                match markers.iter_mut().find(|known| known.value == marker.value) {
                    Some(known) => known.count += marker.count,
                    None => markers.push(marker),
                }
            }
        }
        let doubtful = |summary: &Summary| summary.heavy_tailed || !summary.markers.is_empty();
        self.transform = match wanted {
            Transform::Auto if self.summary.as_ref().is_some_and(doubtful) => Transform::Rank,
            Transform::Auto => Transform::Standard,
            other => other,
        };
        match self.transform {
            Transform::Rank => self.ranks = Some(Quantiles::new(&pooled)),
            Transform::None => {
                let mut all = samples.iter().map(|(_, sample)| sample).chain([&pooled]);
                if let Some(sample) = all.find(|sample| !is_held_apart(sample)) {
                    let (mean, deviation) = sample.moments.shift().centre_and_scale();
                    return Err(Error::usage(format!(
                        "`transform` none: {} holds values that 32 bits do not hold apart (mean {mean:e}, \
                         standard deviation {deviation:e}); leave it out",
                        self.array.name()
                    )));
                }
                self.values = Values::Many(Standard::NONE);
                return Ok(());
            }
            Transform::Auto | Transform::Standard => {}
        }
        if place.is_none() {
            return Ok(());
        }
        let mut found = Place {
            index: vec![u32::MAX; self.sites],
            maps: Vec::with_capacity(samples.len()),
        };
        for (site, sample) in samples {
            found.index[site] = found.maps.len() as u32;
            found.maps.push(match self.transform {
                Transform::Rank => Map::Rank(Quantiles::new(&sample)),
                _ => Map::Standard(sample.moments.shift()),
            });
        }
        self.place = Some(found);
        Ok(())
    }

    /// Takes values as (x − centre) / scale, whatever their own mean and deviation: as those of another
    /// file were taken. Two-valued data become real.
    ///
    /// # Errors
    /// Usage, of a scale that is no number above 0 or a centre that is none.
    pub fn standardise_by(&mut self, centre: f64, scale: f64) -> Result<()> {
        if !centre.is_finite() || !scale.is_finite() || scale <= 0.0 {
            return Err(Error::usage(format!(
                "values taken as (x − {centre}) / {scale}; centre and scale are numbers, the scale above 0"
            )));
        }
        self.values = Values::Many(Standard::given(centre, scale));
        (self.kept, self.sample) = (None, None);
        self.transform = Transform::Standard;
        Ok(())
    }

    /// Whether every value is converted alike, and NaN alone is missing.
    fn is_plain(&self) -> bool {
        self.marker.is_none()
            && self.means.is_none()
            && self.ranks.is_none()
            && self.place.is_none()
    }

    /// A value of a site as a number of order 1.
    fn number(&self, standard: Standard, site: usize, x: f64) -> f64 {
        if let Some(place) = &self.place
            && let Some(map) = place.maps.get(place.index[site] as usize)
        {
            return map.apply(x);
        }
        let x = match &self.means {
            Some(means) => x - means[site],
            None => x,
        };
        match &self.ranks {
            Some(ranks) => ranks.score(x),
            None => standard.apply(x),
        }
    }

    /// The meaning of an item.
    #[inline(always)]
    fn verdict<T: Item>(&self, value: T) -> Verdict {
        match &self.marker {
            Some(marker) if T::decode(&marker[..T::SIZE]) == value => Verdict::Missing,
            _ => value.verdict(),
        }
    }

    /// Whether every site has two values, and none is missing.
    #[must_use]
    pub fn is_discrete(&self) -> bool {
        let two_valued = self.means.is_some() && self.summary.is_none() && self.missing == 0;
        two_valued || matches!(self.kind(), Kind::Signs { .. })
    }

    /// Whether only one value occurs, apart from missing ones: then there is nothing to learn.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        matches!(self.values, Values::Two { constant: true, .. })
    }

    /// Bit i is 1 if site i varies between the scanned configurations, apart from missing values.
    #[must_use]
    pub fn varying(&self) -> &[u32] {
        &self.varying
    }

    /// Number of missing values among those scanned.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// The spins of a box of configuration `i`, packed in C order: bit 1 for the higher value.
    ///
    /// The box begins at the site `corner` and wraps around the lattice; `to` has [`bits::words`] of the
    /// product of its `sides`.
    ///
    /// # Errors
    /// If the file cannot be read, or has changed since it was scanned.
    ///
    /// # Panics
    /// If the data are not [`Kind::Signs`], there is no configuration `i`, or a length is wrong.
    pub fn signs(&self, i: usize, corner: &[u32], sides: &[u32], to: &mut [u32]) -> Result<()> {
        let (
            Kind::Signs { .. },
            Values::Two {
                low,
                high,
                constant,
                ..
            },
        ) = (self.kind(), self.values)
        else {
            panic!("the data are not signs");
        };
        assert_eq!(to.len(), bits::words(volume(sides)), "words of a box");
        let (i, at) = self.locate(i, corner);
        let corner = &at[..corner.len()];
        let mut writer = bits::Writer::new(to);
        if let Some(row) = self.row(i) {
            self.runs(corner, sides, |site, n| {
                writer.copy(row, site, n);
                Ok(())
            })?;
        } else {
            // With a single value all sites are −1.
            let high = (!constant).then_some(high);
            for_type!(
                self.array.item_type(),
                signs_from_file(self, i, corner, sides, (low, high), &mut writer)
            )?;
        }
        writer.finish();
        Ok(())
    }

    /// The values of a box of configuration `i`, converted as [`kind`](Self::kind) says, in C order, NaN
    /// where they are missing. The box is as for [`signs`](Self::signs); `to` has the product of its
    /// `sides`.
    ///
    /// # Errors
    /// If the file cannot be read, or has changed since it was scanned; if a value is infinite, or so
    /// far from the scanned ones that its conversion overflows f32.
    ///
    /// # Panics
    /// If there is no configuration `i`, or a length is wrong.
    pub fn reals(&self, i: usize, corner: &[u32], sides: &[u32], to: &mut [f32]) -> Result<()> {
        assert_eq!(to.len(), volume(sides), "values of a box");
        let (i, at) = self.locate(i, corner);
        let corner = &at[..corner.len()];
        if let Some(row) = self.row(i) {
            let mut at = 0;
            return self.runs(corner, sides, |site, n| {
                spread(row, site, &mut to[at..at + n]);
                at += n;
                Ok(())
            });
        }
        for_type!(
            self.array.item_type(),
            reals_from_file(self, i, corner, sides, to)
        )
    }

    /// Configuration `i`, if configurations are kept in memory.
    fn row(&self, i: usize) -> Option<&[u32]> {
        let stride = self.varying.len();
        self.kept
            .as_ref()
            .map(|words| &words[i * stride..(i + 1) * stride])
    }

    /// Visits the contiguous runs of a box, as first site and length, in C order.
    fn runs(
        &self,
        corner: &[u32],
        sides: &[u32],
        mut visit: impl FnMut(usize, usize) -> Result<()>,
    ) -> Result<()> {
        let d = self.sides.len();
        assert!(corner.len() == d && sides.len() == d, "a box has {d} sides");
        // Padded in front with axes of length 1.
        let pad = |values: &[u32], filler: u32| {
            let mut padded = [filler as usize; MAX_DIMENSION];
            for (to, value) in padded[MAX_DIMENSION - d..].iter_mut().zip(values) {
                *to = *value as usize;
            }
            padded
        };
        let (lattice, first, sides) = (pad(&self.sides, 1), pad(corner, 0), pad(sides, 1));
        // The axis of the runs; the box covers all later axes completely.
        let mut along = MAX_DIMENSION - 1;
        let mut inner = 1;
        while along > 0 && sides[along] == lattice[along] && first[along] % lattice[along] == 0 {
            inner *= lattice[along];
            along -= 1;
        }
        let outer: usize = sides[..along].iter().product();
        for k in 0..outer {
            let (mut k, mut base, mut stride) = (k, 0, inner * lattice[along]);
            for axis in (0..along).rev() {
                base += (first[axis] + k % sides[axis]) % lattice[axis] * stride;
                k /= sides[axis];
                stride *= lattice[axis];
            }
            let (mut at, mut left) = (first[along] % lattice[along], sides[along]);
            while left > 0 {
                let n = left.min(lattice[along] - at);
                visit(base + at * inner, n * inner)?;
                left -= n;
                at = 0;
            }
        }
        Ok(())
    }

    /// Reads a box from the file and visits its items in C order, in chunks, each with the number of its
    /// first site.
    fn pieces(
        &self,
        i: usize,
        corner: &[u32],
        sides: &[u32],
        mut visit: impl FnMut(usize, &[u8]) -> Result<()>,
    ) -> Result<()> {
        assert!(i < self.configurations, "configuration {i}");
        let size = self.array.item_type().size();
        let begin = i as u64 * self.sites as u64;
        let mut runs = vec![];
        self.runs(corner, sides, |site, n| {
            runs.push((site, n));
            Ok(())
        })?;
        let mut chunk = vec![];
        let mut rest = &runs[..];
        while let [(site, n), others @ ..] = rest {
            // Nearby runs are read together.
            let (mut low, mut high, mut together) = (*site, site + n, 1);
            for (site, n) in others {
                let gap = site.saturating_sub(high).max(low.saturating_sub(site + n));
                let (first, last) = (low.min(*site), high.max(site + n));
                if gap * size > GAP || (last - first) * size > CHUNK {
                    break;
                }
                (low, high, together) = (first, last, together + 1);
            }
            // A single run may be longer than a chunk.
            while low < high {
                let bytes = CHUNK.min((high - low) * size);
                if chunk.len() < bytes {
                    chunk.resize(bytes, 0);
                }
                self.array.read(begin + low as u64, &mut chunk[..bytes])?;
                let end = low + bytes / size;
                for (site, n) in &rest[..together] {
                    let (first, last) = (low.max(*site), end.min(site + n));
                    visit(first, &chunk[(first - low) * size..(last - low) * size])?;
                }
                low = end;
            }
            rest = &rest[together..];
        }
        Ok(())
    }

    /// The error for an item that is not allowed.
    fn unfit<T: Item>(&self, value: T, row: usize, site: usize) -> Error {
        Error::failure(format!(
            "{} holds {value} (row {row}, item {site} of it): every value is a finite number or \
             NaN (missing), of a bool 0 or 1",
            self.array.name()
        ))
    }

    /// The error for a value that did not occur in the scan.
    fn changed<T: Item>(&self, value: T, row: usize, site: usize) -> Error {
        Error::failure(format!(
            "{} has changed since it was scanned: now it holds {value} (row {row}, item {site} of \
             it); leave it as it is while it is read",
            self.array.name()
        ))
    }

    /// The row of an item, and its number within the row.
    fn place(&self, item: u64) -> (usize, usize) {
        let sites = self.sites as u64;
        ((item / sites) as usize, (item % sites) as usize)
    }
}

/// Spins of a row from one site on, as ±1.
fn spread(row: &[u32], site: usize, to: &mut [f32]) {
    let sign = |word: u32, k: usize| if word & 1 << k == 0 { -1.0 } else { 1.0 };
    let (words, rest) = to.as_chunks_mut::<{ bits::WORD }>();
    let after = site + words.len() * bits::WORD;
    for (site, to) in (site..).step_by(bits::WORD).zip(words) {
        let word = bits::extract(row, site, bits::WORD);
        (0..bits::WORD).for_each(|k| to[k] = sign(word, k));
    }
    if !rest.is_empty() {
        let word = bits::extract(row, after, rest.len());
        (0..).zip(rest).for_each(|(k, to)| *to = sign(word, k));
    }
}

fn volume(sides: &[u32]) -> usize {
    sides.iter().map(|side| *side as usize).product()
}

fn signs_from_file<T: Item>(
    data: &Data,
    i: usize,
    corner: &[u32],
    sides: &[u32],
    (low, high): ([u8; 8], Option<[u8; 8]>),
    writer: &mut bits::Writer,
) -> Result<()> {
    let low = T::decode(&low[..T::SIZE]);
    let high = high.map(|high| T::decode(&high[..T::SIZE]));
    data.pieces(i, corner, sides, |site, bytes| {
        for (w, bytes) in bytes.chunks(bits::WORD * T::SIZE).enumerate() {
            let n = bytes.len() / T::SIZE;
            let (word, known) = marks(bytes, low, high);
            if known != bits::mask(n) {
                let k = known.trailing_ones() as usize;
                let value = T::decode(&bytes[k * T::SIZE..][..T::SIZE]);
                return Err(data.changed(value, i, site + w * bits::WORD + k));
            }
            writer.push(word.into(), n);
        }
        Ok(())
    })
}

fn reals_from_file<T: Item>(
    data: &Data,
    i: usize,
    corner: &[u32],
    sides: &[u32],
    to: &mut [f32],
) -> Result<()> {
    let mut at = 0;
    data.pieces(i, corner, sides, |site, bytes| {
        let to = &mut to[at..at + bytes.len() / T::SIZE];
        at += to.len();
        let items = || bytes.chunks_exact(T::SIZE).map(T::decode);
        let standard = match data.values {
            Values::Many(standard) => standard,
            Values::Two {
                low,
                high,
                constant,
                ..
            } => {
                let (low, high) = (T::decode(&low[..T::SIZE]), T::decode(&high[..T::SIZE]));
                for (k, (to, value)) in to.iter_mut().zip(items()).enumerate() {
                    *to = if value == low {
                        if constant { 0.0 } else { -1.0 }
                    } else if value == high {
                        1.0
                    } else if data.verdict(value) == Verdict::Missing {
                        f32::NAN
                    } else {
                        return Err(data.changed(value, i, site + k));
                    };
                }
                return Ok(());
            }
        };
        if data.is_plain() {
            let mut finite = true;
            for (to, value) in to.iter_mut().zip(items()) {
                *to = standard.apply(value.to_f64()) as f32;
                finite &= to.is_finite();
            }
            if finite {
                return Ok(());
            }
        }
        for (k, (to, value)) in to.iter_mut().zip(items()).enumerate() {
            match data.verdict(value) {
                Verdict::Missing => *to = f32::NAN,
                Verdict::Value => {
                    *to = data.number(standard, site + k, value.to_f64()) as f32;
                    if to.is_finite() {
                        continue;
                    }
                    return Err(Error::failure(format!(
                        "{} holds {value} (row {i}, item {} of it), beyond any number of standard \
                         deviations that 32 bits hold: leave out what is no measurement (NaN), or \
                         take logarithms",
                        data.array.name(),
                        site + k
                    )));
                }
                Verdict::Invalid => return Err(data.unfit(value, i, site + k)),
            }
        }
        Ok(())
    })
}

/// For up to 32 items: which equal the second of two values, and which equal either of them.
#[inline(always)]
fn marks<T: Item>(bytes: &[u8], a: T, b: Option<T>) -> (u32, u32) {
    let other = b.unwrap_or(a);
    let (mut first, mut second) = (0, 0);
    for (k, item) in bytes.chunks_exact(T::SIZE).enumerate() {
        let value = T::decode(item);
        first |= u32::from(value == a) << k;
        second |= u32::from(value == other) << k;
    }
    (second & !first, first | second)
}

/// Scans for a third value; returns false if there is one, and leaves the data unchanged.
fn scan_two<T: Item>(data: &mut Data, observer: &dyn Observer) -> Result<bool> {
    let stride = bits::words(data.sites);
    let (mut a, mut b): (Option<T>, Option<T>) = (None, None);
    // Packed, in the order of discovery: the first value of each site, whether it is known yet, and
    // whether the site ever had another value.
    let bytes = data.configurations as u64 * 4 * stride as u64;
    let keeps = bytes <= KEPT && resources::memory(data.array.name(), bytes).is_ok();
    let mut kept = keeps.then(|| vec![0; data.configurations * stride]);
    let (mut reference, mut seen) = (vec![0; stride], vec![0; stride]);
    let mut varying = vec![0; stride];
    let mut missing = 0u64;
    let mut third = false;
    let progress = observer.begin(Phase {
        label: "scanning",
        total: data.array.items(),
        unit: "values",
    });
    data.array.chunks(CHUNK, |first, chunk| {
        let (mut row, mut site) = data.place(first);
        let mut rest = chunk;
        while !rest.is_empty() {
            let shift = site % bits::WORD;
            let n = (bits::WORD - shift)
                .min(data.sites - site)
                .min(rest.len() / T::SIZE);
            let (items, tail) = rest.split_at(n * T::SIZE);
            let (mut word, mut known) = match a {
                // The fixed length lets the compiler vectorise this.
                Some(a) if n == bits::WORD => marks(&items[..bits::WORD * T::SIZE], a, b),
                Some(a) => marks(items, a, b),
                None => (0, 0),
            };
            if known != bits::mask(n) {
                for (k, item) in items.chunks_exact(T::SIZE).enumerate() {
                    let value = T::decode(item);
                    match data.verdict(value) {
                        Verdict::Value => {}
                        Verdict::Invalid => return Err(data.unfit(value, row, site + k)),
                        Verdict::Missing => {
                            missing += 1;
                            continue;
                        }
                    }
                    if a.is_none() {
                        a = Some(value);
                    } else if a != Some(value) && b.is_none() {
                        b = Some(value);
                    } else if a != Some(value) && b != Some(value) {
                        third = true;
                        return Ok(ControlFlow::Break(()));
                    }
                }
                if let Some(a) = a {
                    (word, known) = marks(items, a, b);
                }
            }
            let at = site / bits::WORD;
            let (word, known) = (word << shift, known << shift);
            let new = known & !seen[at];
            reference[at] |= word & new;
            seen[at] |= known;
            varying[at] |= (word ^ reference[at]) & known;
            if let Some(kept) = &mut kept {
                kept[row * stride + at] |= word;
            }
            site += n;
            if site == data.sites {
                (row, site) = (row + 1, 0);
            }
            rest = tail;
        }
        progress.advance((chunk.len() / T::SIZE) as u64);
        Ok(ControlFlow::Continue(()))
    })?;
    if third {
        return Ok(false);
    }
    let Some(a) = a else {
        return Err(Error::failure(format!(
            "{} holds nothing but NaN, missing values; there must be others",
            data.array.name()
        )));
    };
    let constant = b.is_none();
    let b = b.unwrap_or(a);
    let (low, high) = if b < a { (b, a) } else { (a, b) };
    if let Some(words) = &mut kept
        && b < a
    {
        words
            .chunks_exact_mut(stride)
            .for_each(|row| bits::flip_all(row, data.sites));
    }
    let (l, h) = (low.to_f64(), high.to_f64());
    let kind = if missing == 0 {
        Kind::Signs { low: l, high: h }
    } else if constant {
        Kind::Reals {
            centre: l,
            scale: 1.0,
        }
    } else {
        // Halved before adding: the sum could overflow.
        Kind::Reals {
            centre: l / 2.0 + h / 2.0,
            scale: h / 2.0 - l / 2.0,
        }
    };
    data.values = Values::Two {
        low: low.encode(),
        high: high.encode(),
        kind,
        constant,
    };
    data.kept = kept.filter(|_| missing == 0);
    data.varying = varying;
    data.missing = missing;
    Ok(true)
}

/// Scans data with three or more values.
fn scan_many<T: Item>(data: &mut Data, observer: &dyn Observer) -> Result<()> {
    let (n, sites) = (data.configurations as u64, data.sites as u64);
    let some = (SCANNED / sites).max(SCANNED_CONFIGURATIONS);
    for most in [some.min(n), n] {
        let scan = Scan::of::<T>(data, most, observer)?;
        if let Some(standard) = scan.moments.standard() {
            let sample = Sample::new(scan.picker.picked, scan.moments, scan.ends);
            let (mean, deviation) = standard.centre_and_scale();
            data.summary = Some(Summary {
                mean,
                deviation,
                least: scan.ends.least.0,
                greatest: scan.ends.greatest.0,
                scanned: scan.moments.count,
                heavy_tailed: sample.is_heavy_tailed(),
                markers: sample.markers(),
            });
            data.sample = Some(sample);
            data.values = Values::Many(standard);
            data.varying = scan.varying;
            data.missing = scan.missing;
            return Ok(());
        }
    }
    Err(Error::failure(format!(
        "{} holds whole numbers that are all the same to the 53 bits that are computed with; \
         subtract what they have in common",
        data.array.name()
    )))
}

/// Statistics of scanned configurations.
struct Scan {
    moments: Moments,
    ends: Ends,
    picker: Picker,
    varying: Vec<u32>,
    missing: u64,
}

impl Scan {
    /// Scans about `configurations` of them, evenly spread.
    fn of<T: Item>(data: &Data, configurations: u64, observer: &dyn Observer) -> Result<Self> {
        let (n, sites) = (data.configurations as u64, data.sites as u64);
        let mut scan = Scan {
            moments: Moments::NONE,
            ends: Ends::NONE,
            picker: Picker::new(configurations.min(n) * sites, RANKED),
            varying: vec![0; bits::words(data.sites)],
            missing: 0,
        };
        // Sites are scanned in segments that fit in memory, for groups of configurations.
        let segment = sites.min((CHUNK / T::SIZE) as u64);
        let together = (TOGETHER / (sites * T::SIZE as u64)).clamp(1, configurations);
        let groups = if configurations == n {
            n.div_ceil(together)
        } else {
            configurations / together
        };
        let progress = observer.begin(Phase {
            label: "scanning",
            total: groups * sites.div_ceil(segment),
            unit: "pieces",
        });
        let mut chunk = vec![0; (together * segment) as usize * T::SIZE];
        let mut reference: Vec<Option<T>> = vec![None; segment as usize];
        let mut values = vec![];
        let mut begin = 0;
        while begin < sites {
            let length = segment.min(sites - begin);
            reference.fill(None);
            for group in 0..groups {
                let row = if configurations == n {
                    group * together
                } else {
                    (u128::from(group) * u128::from(n) / u128::from(groups)) as u64
                };
                // Either whole configurations, or a segment of one configuration.
                let items = (together.min(n - row) * length) as usize;
                let chunk = &mut chunk[..items * T::SIZE];
                data.array.read(row * sites + begin, chunk)?;
                values.clear();
                for (k, item) in chunk.chunks_exact(T::SIZE).enumerate() {
                    let value = T::decode(item);
                    match data.verdict(value) {
                        Verdict::Value => {}
                        Verdict::Missing => {
                            scan.missing += 1;
                            continue;
                        }
                        Verdict::Invalid => {
                            let (row, site) = data.place(row * sites + begin + k as u64);
                            return Err(data.unfit(value, row, site));
                        }
                    }
                    let site = k % length as usize;
                    match reference[site] {
                        None => reference[site] = Some(value),
                        Some(reference) if reference == value => {}
                        Some(_) => bits::set(&mut scan.varying, begin as usize + site, true),
                    }
                    values.push(match &data.means {
                        Some(means) => value.to_f64() - means[begin as usize + site],
                        None => value.to_f64(),
                    });
                }
                scan.moments.add(&values);
                scan.ends.add(&values);
                scan.picker.add(&values);
                progress.advance(1);
            }
            begin += length;
        }
        Ok(scan)
    }
}

/// The item that marks missing values, if the type has it.
fn marker<T: Item>(missing: f64) -> Option<[u8; 8]> {
    let item = T::from_f64(missing);
    let exact = item.to_f64() == missing;
    // −999.9 in a file of f32 is the f32 nearest to it.
    let nearest = (item.to_f64() - missing).abs() <= f64::from(f32::EPSILON) * missing.abs();
    (exact || nearest && T::IS_REAL).then(|| item.encode())
}

/// Whether 32 bits tell apart what a sample varies in.
fn is_held_apart(sample: &Sample) -> bool {
    let Some(standard) = sample.moments.standard() else {
        return true;
    };
    let (mean, deviation) = standard.centre_and_scale();
    let ends = [sample.ends.least.0, sample.ends.greatest.0];
    ends.iter().all(|end| end.abs() <= f64::from(f32::MAX))
        && deviation > f64::from(f32::MIN_POSITIVE)
        && mean.abs() <= APART * deviation
}

/// The mean of each site over all configurations; 0, where all are missing.
fn site_means<T: Item>(data: &Data, observer: &dyn Observer) -> Result<Vec<f64>> {
    // Sums of numbers of order 1 keep their digits.
    let (centre, scale) = match data.kind() {
        Kind::Signs { low, high } => (low / 2.0 + high / 2.0, high / 2.0 - low / 2.0),
        Kind::Reals { centre, scale } => (centre, scale),
    };
    let (mut sums, mut counts) = (vec![0.0; data.sites], vec![0u64; data.sites]);
    let progress = observer.begin(Phase {
        label: "site means",
        total: data.array.items(),
        unit: "values",
    });
    data.array.chunks(CHUNK, |first, chunk| {
        let (mut row, mut site) = data.place(first);
        for value in chunk.chunks_exact(T::SIZE).map(T::decode) {
            match data.verdict(value) {
                Verdict::Value => {
                    sums[site] += (value.to_f64() - centre) / scale;
                    counts[site] += 1;
                }
                Verdict::Missing => {}
                Verdict::Invalid => return Err(data.unfit(value, row, site)),
            }
            site += 1;
            if site == data.sites {
                (row, site) = (row + 1, 0);
            }
        }
        progress.advance((chunk.len() / T::SIZE) as u64);
        Ok(ControlFlow::Continue(()))
    })?;
    let sites = sums.iter().zip(&counts);
    Ok(sites
        .map(|(sum, count)| match count {
            0 => 0.0,
            count => centre + scale * (sum / *count as f64),
        })
        .collect())
}

/// The values of each site of a box, from all configurations or evenly spread ones.
fn scan_place<T: Item>(
    data: &Data,
    corner: &[u32],
    sides: &[u32],
    observer: &dyn Observer,
) -> Result<Vec<(usize, Sample)>> {
    let mut sites = vec![];
    let mut slot = vec![u32::MAX; data.sites];
    data.runs(corner, sides, |site, n| {
        for (site, slot) in (site..).zip(&mut slot[site..site + n]) {
            *slot = sites.len() as u32;
            sites.push(site);
        }
        Ok(())
    })?;
    let (n, volume) = (data.configurations as u64, sites.len() as u64);
    let rows = (SCANNED / volume).clamp(SCANNED_CONFIGURATIONS, SCANNED_OF_PLACE);
    let rows = rows.min(n);
    let ranked = (RANKED_OF_PLACE / volume)
        .clamp(RANKED_OF_SITE, RANKED)
        .min(rows);
    resources::memory(
        &format!("the sites of {}", data.array.name()),
        volume * (BYTES_OF_SITE + 8 * ranked),
    )?;
    let together = (GATHERED / sites.len()).max(1);
    let progress = observer.begin(Phase {
        label: "scanning sites",
        total: rows,
        unit: "configurations",
    });
    let mut found: Vec<_> = sites
        .iter()
        .map(|_| (Moments::NONE, Ends::NONE, Picker::new(rows, ranked)))
        .collect();
    let mut columns = vec![vec![]; sites.len()];
    for k in 0..rows {
        let row = (u128::from(k) * u128::from(n) / u128::from(rows)) as usize;
        data.pieces(row, corner, sides, |first, bytes| {
            for (site, value) in (first..).zip(bytes.chunks_exact(T::SIZE).map(T::decode)) {
                match data.verdict(value) {
                    Verdict::Value => columns[slot[site] as usize].push(value.to_f64()),
                    Verdict::Missing => {}
                    Verdict::Invalid => return Err(data.unfit(value, row, site)),
                }
            }
            Ok(())
        })?;
        if (k as usize + 1).is_multiple_of(together) || k + 1 == rows {
            for (column, (moments, ends, picker)) in columns.iter_mut().zip(&mut found) {
                moments.add(column);
                ends.add(column);
                picker.add(column);
                column.clear();
            }
        }
        progress.advance(1);
    }
    let samples = found
        .into_iter()
        .map(|(moments, ends, picker)| Sample::new(picker.picked, moments, ends));
    Ok(sites.into_iter().zip(samples).collect())
}
