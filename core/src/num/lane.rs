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

    /// The lane by pieces of N, a divisor of 16. A machine without vectors goes through several
    /// steps piece by piece, so that what is between them stays in its registers.
    #[inline(always)]
    #[must_use]
    pub fn pieces<const N: usize>(&self) -> &[[f32; N]] {
        self.0.as_chunks().0
    }

    /// [`pieces`](Self::pieces), to be written.
    #[inline(always)]
    pub fn pieces_mut<const N: usize>(&mut self) -> &mut [[f32; N]] {
        self.0.as_chunks_mut().0
    }

    /// `f` of every element.
    #[inline(always)]
    #[must_use]
    pub fn map(self, f: impl Fn(f32) -> f32) -> Lane {
        let mut out = [0.0; WIDTH];
        for i in 0..WIDTH {
            out[i] = f(self.0[i]);
        }
        Lane(out)
    }

    /// `f` of every two elements in the same place.
    #[inline(always)]
    #[must_use]
    pub fn zip(self, other: Lane, f: impl Fn(f32, f32) -> f32) -> Lane {
        Lane(zip(self.0, other.0, f))
    }
}

/// `f` of every two elements in the same place.
#[inline(always)]
#[must_use]
pub fn zip<const N: usize>(a: [f32; N], b: [f32; N], f: impl Fn(f32, f32) -> f32) -> [f32; N] {
    let mut out = [0.0; N];
    for i in 0..N {
        out[i] = f(a[i], b[i]);
    }
    out
}

/// Ends an iteration of a loop over lanes: the compiler vectorises within a lane, never across
/// several by gathers and scatters, which can take ten times as long.
#[inline(always)]
pub fn apart() {
    core::hint::black_box(());
}

/// The same lane, seen by the compiler as one: what is done later with single elements then cannot
/// break up the vectors of the loop that made it.
#[inline(always)]
#[must_use]
pub fn whole(lane: Lane) -> Lane {
    core::hint::black_box(lane)
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
