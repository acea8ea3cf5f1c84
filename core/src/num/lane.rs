//! Lanes: the 64-byte unit in which every real buffer is stored.

/// Number of `f32` in a [`Lane`].
pub const WIDTH: usize = 16;

/// Sixteen `f32`, aligned to 64 bytes (one cache line, one AVX-512 register).
///
/// Matrices are rows of whole lanes. What lies between a row's length and the end of its last
/// lane is padding: it may be computed, but never enters a sum over a real index.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C, align(64))]
pub struct Lane(pub [f32; WIDTH]);

impl Lane {
    /// Sixteen zeros.
    pub const ZERO: Lane = Lane([0.0; WIDTH]);
}

/// Lanes that hold `n` numbers.
#[must_use]
pub const fn lanes(n: usize) -> usize {
    n.div_ceil(WIDTH)
}

/// Element `i` of a row.
#[inline(always)]
#[must_use]
pub fn get(row: &[Lane], i: usize) -> f32 {
    row[i / WIDTH].0[i % WIDTH]
}

/// Element `i` of a row, to be written.
#[inline(always)]
pub fn get_mut(row: &mut [Lane], i: usize) -> &mut f32 {
    &mut row[i / WIDTH].0[i % WIDTH]
}
