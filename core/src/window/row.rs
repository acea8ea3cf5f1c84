//! How samples are stored: packed signs, or reals in whole lanes.

use crate::num::bits;
use crate::num::lane::{self, Lane, WIDTH};

/// Where a row of a window lies in a configuration: values from `start` on, then, where it wraps
/// around, from `wrapped` on. Both places lie within the configuration, even where nothing is taken.
#[derive(Clone, Copy, Debug)]
pub struct Strip {
    /// First value before the wrap.
    pub start: usize,
    /// Values before it.
    pub before: usize,
    /// First value after the wrap.
    pub wrapped: usize,
    /// Values after it.
    pub after: usize,
    /// Only every second value is taken, from value 0 or 1 on; none: all are.
    pub every_second: Option<usize>,
}

impl Strip {
    /// One value alone.
    #[inline(always)]
    #[must_use]
    pub const fn one(at: usize) -> Self {
        Strip {
            start: at,
            before: 1,
            wrapped: at,
            after: 0,
            every_second: None,
        }
    }

    /// The `n` values from `first` on: where they lie before and after the wrap, and how many.
    #[inline(always)]
    fn part(&self, first: usize, n: usize) -> [(usize, usize); 2] {
        let before = n.min(self.before.saturating_sub(first));
        let skipped = first.saturating_sub(self.before);
        [
            (self.start + first.min(self.before), before),
            (self.wrapped + skipped, n - before),
        ]
    }

    /// The same where every second value is taken: with each part, which of its first two.
    #[inline(always)]
    fn halves(&self, begin: usize, first: usize, n: usize) -> [(usize, usize, usize); 2] {
        let [(start, before), (wrapped, after)] = self.part(first, n);
        let lead = |skipped: usize| (begin + first + skipped) % 2;
        [(start, before, lead(0)), (wrapped, after, lead(before))]
    }
}

/// A kind of value that configurations are made of, and the rows of windows that are cut from them.
pub trait Value: Copy + Sized + 'static {
    /// What a row of a window is made of.
    type Word: Copy + 'static;
    /// Writes a row.
    type Writer<'a>: Write<'a, Self>;
    /// A strip, as far as it is held in a register.
    type Held: Copy;

    /// Length of a configuration of `sites` values.
    fn configuration(sites: usize) -> usize;
    /// Length of a row of `sites` values.
    fn row(sites: usize) -> usize;
    /// Reads a strip, of which parts will be copied.
    fn hold(values: &[Self], strip: &Strip) -> Self::Held;
    /// Whether a value of a row is missing, that is, not a number.
    fn is_incomplete(row: &[Self::Word]) -> bool;
}

/// Appends values to a row, from its start.
pub trait Write<'a, V: Value> {
    /// Starts at the first value of `row`.
    fn new(row: &'a mut [V::Word]) -> Self;
    /// Appends those of the `n` values of a strip from its value `first` on that are taken.
    fn copy(&mut self, from: &[V], strip: &Strip, held: V::Held, first: usize, n: usize);
    /// Ends the row; what is left of its last word becomes 0.
    fn finish(self);
}

/// Packed signs; a configuration is a row.
impl Value for u32 {
    type Word = u32;
    type Writer<'a> = bits::Writer<'a>;
    type Held = u64;

    #[inline(always)]
    fn configuration(sites: usize) -> usize {
        bits::words(sites)
    }

    #[inline(always)]
    fn row(sites: usize) -> usize {
        bits::words(sites)
    }

    /// All of it, if it fits a word.
    #[inline(always)]
    fn hold(values: &[u32], strip: &Strip) -> u64 {
        if strip.before + strip.after > bits::WORD {
            return 0;
        }
        let before = bits::extract(values, strip.start, strip.before);
        let after = bits::extract(values, strip.wrapped, strip.after);
        u64::from(before) | u64::from(after) << strip.before
    }

    #[inline(always)]
    fn is_incomplete(_: &[u32]) -> bool {
        false
    }
}

impl<'a> Write<'a, u32> for bits::Writer<'a> {
    #[inline(always)]
    fn new(row: &'a mut [u32]) -> Self {
        bits::Writer::new(row)
    }

    #[inline(always)]
    fn copy(&mut self, from: &[u32], strip: &Strip, held: u64, first: usize, n: usize) {
        if let Some(begin) = strip.every_second {
            for (at, n, lead) in strip.halves(begin, first, n) {
                self.copy_every_second(from, at, n, lead);
            }
        } else if strip.before + strip.after <= bits::WORD {
            self.push(held >> first & u64::from(bits::mask(n)), n);
        } else {
            for (at, n) in strip.part(first, n) {
                bits::Writer::copy(self, from, at, n);
            }
        }
    }

    #[inline(always)]
    fn finish(self) {
        bits::Writer::finish(self);
    }
}

/// Reals; a configuration has no padding, a row is of whole lanes.
impl Value for f32 {
    type Word = Lane;
    type Writer<'a> = LaneWriter<'a>;
    type Held = ();

    #[inline(always)]
    fn configuration(sites: usize) -> usize {
        sites
    }

    #[inline(always)]
    fn row(sites: usize) -> usize {
        lane::lanes(sites)
    }

    #[inline(always)]
    fn hold(_: &[f32], _: &Strip) {}

    #[inline(always)]
    fn is_incomplete(row: &[Lane]) -> bool {
        row.iter().any(|lane| lane.0.iter().any(|x| x.is_nan()))
    }
}

/// Appends reals to a row of lanes.
#[derive(Debug)]
pub struct LaneWriter<'a> {
    row: &'a mut [Lane],
    at: usize,
}

impl<'a> Write<'a, f32> for LaneWriter<'a> {
    #[inline(always)]
    fn new(row: &'a mut [Lane]) -> Self {
        LaneWriter { row, at: 0 }
    }

    #[inline(always)]
    fn copy(&mut self, from: &[f32], strip: &Strip, (): (), first: usize, n: usize) {
        if let Some(begin) = strip.every_second {
            for (at, n, lead) in strip.halves(begin, first, n) {
                for x in from[at..at + n].iter().skip(lead).step_by(2) {
                    self.row[self.at / WIDTH].0[self.at % WIDTH] = *x;
                    self.at += 1;
                }
            }
            return;
        }
        for (at, n) in strip.part(first, n) {
            let mut from = &from[at..at + n];
            while !from.is_empty() {
                let (lane, first) = (self.at / WIDTH, self.at % WIDTH);
                let n = from.len().min(WIDTH - first);
                let (now, later) = from.split_at(n);
                self.row[lane].0[first..first + n].copy_from_slice(now);
                self.at += n;
                from = later;
            }
        }
    }

    #[inline(always)]
    fn finish(self) {
        if !self.at.is_multiple_of(WIDTH) {
            self.row[self.at / WIDTH].0[self.at % WIDTH..].fill(0.0);
        }
    }
}
