//! The two loops where the time goes: dense products and sums over packed signs.
//!
//! # The rule
//! Every output element is summed alone, over the summed index in ascending order, onto what the
//! output held before (a bias, a zero, or an earlier part of the same sum); a product and a sum
//! round separately. Over ±1 inputs the terms are taken in chunks of four,
//! (s₀w₀ + s₁w₁) + (s₂w₂ + s₃w₃), the missing ones of the last chunk having weight +0.
//!
//! Vectors run over *outputs*, so no result bit depends on how wide they are, on the tile, or on
//! how outputs are shared between threads. The naive loops at the end of this file are the same rule with
//! nothing else in it; the tests below tie every kernel to them, bit for bit.

pub mod dense;
pub mod signs;

use crate::num::lane::{Lane, WIDTH};
use crate::num::math;
use dense::{Matrix, Output};

/// A target of compilation: the sizes of its register tiles and its square root. No choice changes a
/// bit of any result.
pub trait Target: Copy {
    /// Rows of outputs that a dense kernel keeps in registers: 1, 2 or 4.
    const ROWS: usize;
    /// Columns of outputs that a dense kernel keeps in registers: 8 or 16.
    const COLUMNS: usize;
    /// Whether a dense kernel ends the products of a row before it begins the next: on some
    /// processors the order in which they are issued keeps all pipes busy.
    const IN_TURN: bool = false;
    /// Lanes that signs are summed to at a time: 1 or 2.
    const LANES: usize;
    /// Chunks of four signs that are tabulated at a time, 1 KiB of stack for each and each lane: 1,
    /// 4 or 8.
    const CHUNKS: usize;
    /// The correctly rounded square root.
    fn sqrt(x: f32) -> f32;

    /// The square root that results are computed with: [`Target::sqrt`], unless the feature
    /// `micromath` says otherwise, on every target alike.
    #[inline(always)]
    fn root(x: f32) -> f32 {
        if cfg!(feature = "micromath") {
            math::sqrt(x)
        } else {
            Self::sqrt(x)
        }
    }

    /// Runs a part of a step. Inlined, so that the whole of a step is compiled for the instructions of
    /// its caller. A target that is short of memory has `#[inline(never)]` here: each part is then in the
    /// program once, with a stack frame of its own.
    #[inline(always)]
    fn part<R>(part: impl FnOnce() -> R) -> R {
        part()
    }

    /// [`dense::rows`], compiled once for this target; a host compiles it for an instruction set.
    fn rows(rows: usize, inner: usize, a: Matrix, b: Matrix, columns: usize, out: Output) {
        dense::rows::<Self>(rows, inner, a, b, columns, out);
    }

    /// [`dense::columns`], likewise.
    fn columns(rows: usize, inner: usize, a: Matrix, b: Matrix, columns: usize, out: Output) {
        dense::columns::<Self>(rows, inner, a, b, columns, out);
    }

    /// [`signs::accumulate`], likewise.
    fn signs(
        rows: usize,
        inner: usize,
        signs: &[u32],
        weights: &[Lane],
        lanes: usize,
        out: Output,
    ) {
        signs::accumulate::<Self>(rows, inner, signs, weights, lanes, out);
    }
}

/// Whether a target has no registers for a whole lane, so that it is faster to take a few numbers
/// through several operations than a lane through one after another.
#[inline(always)]
pub(crate) const fn narrow<T: Target>() -> bool {
    T::COLUMNS < WIDTH
}

/// Small tiles and libm: for microcontrollers, and the reference everywhere.
#[derive(Clone, Copy, Debug)]
pub struct Portable;

impl Target for Portable {
    const ROWS: usize = 1;
    const COLUMNS: usize = 8;
    const LANES: usize = 1;
    const CHUNKS: usize = 1;

    #[inline(always)]
    fn sqrt(x: f32) -> f32 {
        libm::sqrtf(x)
    }

    #[inline(never)]
    fn part<R>(part: impl FnOnce() -> R) -> R {
        part()
    }
}

/// The rule itself, one loop for each index.
#[cfg(test)]
pub(crate) mod naive {
    use crate::num::bits;
    use crate::num::lane::{Lane, get, get_mut};

    /// out\[r\]\[o\] += Σ_s a(r, s) b\[s\]\[o\].
    pub(crate) fn dense(
        rows: usize,
        inner: usize,
        a: impl Fn(usize, usize) -> f32,
        b: (&[Lane], usize),
        out: &mut [Lane],
        lanes: usize,
    ) {
        for r in 0..rows {
            for o in 0..lanes * 16 {
                for s in 0..inner {
                    let product = a(r, s) * get(&b.0[s * b.1..], o);
                    *get_mut(&mut out[r * lanes..], o) += product;
                }
            }
        }
    }

    /// out\[r\]\[o\] += Σ over chunks of four signs.
    pub(crate) fn signs(
        rows: usize,
        inner: usize,
        signs: &[u32],
        weights: &[Lane],
        out: &mut [Lane],
        lanes: usize,
    ) {
        for r in 0..rows {
            let row = &signs[r * bits::words(inner)..];
            for o in 0..lanes * 16 {
                for first in (0..inner).step_by(4) {
                    let term = |i: usize| match i < inner {
                        true => bits::sign(row, i) as f32 * get(&weights[i * lanes..], o),
                        false => -0.0,
                    };
                    let chunk =
                        (term(first) + term(first + 1)) + (term(first + 2) + term(first + 3));
                    *get_mut(&mut out[r * lanes..], o) += chunk;
                }
            }
        }
    }
}
