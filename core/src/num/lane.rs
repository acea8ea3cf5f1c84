//! Lanes: the 64-byte unit in which every real buffer is stored.

/// Number of `f32` in a [`Lane`].
pub const WIDTH: usize = 16;

/// Sixteen `f32`, aligned to 64 bytes (one cache line, one AVX-512 register).
///
/// Matrices are rows of whole lanes. The elements between the end of a row and the end of its last lane
/// are padding: they may be computed, but never enter a sum over a real index.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C, align(64))]
pub struct Lane(pub [f32; WIDTH]);

impl Lane {
    /// Sixteen zeros.
    pub const ZERO: Lane = Lane([0.0; WIDTH]);

    /// The lane in pieces of N elements, a divisor of 16. Without vector instructions several steps are
    /// carried out piece by piece, so that intermediate values stay in registers.
    #[inline(always)]
    #[must_use]
    pub fn pieces<const N: usize>(&self) -> &[[f32; N]] {
        self.0.as_chunks().0
    }

    /// [`pieces`](Self::pieces), mutable.
    #[inline(always)]
    pub fn pieces_mut<const N: usize>(&mut self) -> &mut [[f32; N]] {
        self.0.as_chunks_mut().0
    }

    /// Applies `f` to every element.
    #[inline(always)]
    #[must_use]
    pub fn map(self, f: impl Fn(f32) -> f32) -> Lane {
        let mut out = [0.0; WIDTH];
        for i in 0..WIDTH {
            out[i] = f(self.0[i]);
        }
        Lane(out)
    }

    /// Applies `f` to the pairs of elements at the same index.
    #[inline(always)]
    #[must_use]
    pub fn zip(self, other: Lane, f: impl Fn(f32, f32) -> f32) -> Lane {
        Lane(zip(self.0, other.0, f))
    }
}

/// Applies `f` to the pairs of elements at the same index.
#[inline(always)]
#[must_use]
pub fn zip<const N: usize>(a: [f32; N], b: [f32; N], f: impl Fn(f32, f32) -> f32) -> [f32; N] {
    let mut out = [0.0; N];
    for i in 0..N {
        out[i] = f(a[i], b[i]);
    }
    out
}

/// Ends an iteration of a loop over lanes: the compiler then vectorises within a lane, not across lanes
/// by gathers and scatters, which can be ten times slower.
#[inline(always)]
pub fn apart() {
    core::hint::black_box(());
}

/// The same lane, opaque to the compiler: later access to single elements cannot break up the vectorised
/// loop that computed it.
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

/// Element `i` of a row, mutable.
#[inline(always)]
pub fn get_mut(row: &mut [Lane], i: usize) -> &mut f32 {
    &mut row[i / WIDTH].0[i % WIDTH]
}
