//! How samples are stored: packed signs, or reals in whole lanes.

use crate::num::bits;
use crate::num::lane::{self, Lane, WIDTH};

/// A kind of value that configurations are made of, and the rows of windows that are cut from them.
pub trait Value: Copy + Sized + 'static {
    /// What a row of a window is made of.
    type Word: Copy + 'static;
    /// Writes a row.
    type Writer<'a>: Write<'a, Self>;

    /// Length of a configuration of `sites` values.
    fn configuration(sites: usize) -> usize;
    /// Length of a row of `sites` values.
    fn row(sites: usize) -> usize;
}

/// Appends values to a row, from its start.
pub trait Write<'a, V: Value> {
    /// Starts at the first value of `row`.
    fn new(row: &'a mut [V::Word]) -> Self;
    /// Appends `n` values of a configuration, beginning with value `at`.
    fn copy(&mut self, from: &[V], at: usize, n: usize);
    /// Ends the row; what is left of its last word becomes 0.
    fn finish(self);
}

/// Packed signs; a configuration is a row.
impl Value for u32 {
    type Word = u32;
    type Writer<'a> = bits::Writer<'a>;

    #[inline(always)]
    fn configuration(sites: usize) -> usize {
        bits::words(sites)
    }

    #[inline(always)]
    fn row(sites: usize) -> usize {
        bits::words(sites)
    }
}

impl<'a> Write<'a, u32> for bits::Writer<'a> {
    #[inline(always)]
    fn new(row: &'a mut [u32]) -> Self {
        bits::Writer::new(row)
    }

    #[inline(always)]
    fn copy(&mut self, from: &[u32], at: usize, n: usize) {
        bits::Writer::copy(self, from, at, n);
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

    #[inline(always)]
    fn configuration(sites: usize) -> usize {
        sites
    }

    #[inline(always)]
    fn row(sites: usize) -> usize {
        lane::lanes(sites)
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
    fn copy(&mut self, from: &[f32], at: usize, n: usize) {
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

    #[inline(always)]
    fn finish(self) {
        if !self.at.is_multiple_of(WIDTH) {
            self.row[self.at / WIDTH].0[self.at % WIDTH..].fill(0.0);
        }
    }
}
