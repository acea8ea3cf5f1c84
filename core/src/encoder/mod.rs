//! The way from the block v to the coarse variable h: a [`Projection`] of v to logits x, Λ·v
//! ([`linear`]) or a network ([`map`]), and an [`Encoder`] of x to h: binary ([`binary`]), one of
//! several states ([`states`]), or real ([`continuous`]).
//!
//! Each is a type, so that a program contains those that it names and no other; [`AnyProjection`] and
//! [`AnyEncoder`] are chosen at run time.

pub mod binary;
pub(crate) mod centre;
pub mod continuous;
pub mod linear;
pub mod map;
pub(crate) mod norm;
pub mod projection;
pub mod states;

pub use binary::Binary;
pub use continuous::Continuous;
pub use linear::Linear;
pub use map::Map;
pub use projection::{AnyProjection, Projection};
pub use states::{Choice, MAX_STATES, States};

use crate::kernel::Target;
use crate::num::lane::{Lane, apart};
use crate::num::rng::Stream;

/// How h is drawn from its logits x.
pub trait Encoder: Copy {
    /// Whether a linear filter that is learned keeps norm 1: the scale of h says nothing.
    fn keeps_norm(self) -> bool {
        false
    }

    /// Turns logits, K rows of C, into coarse variables, and writes what
    /// [`pull_back`](Self::pull_back) needs of them: slopes ∂h/∂x or, of relaxed states, y. Encoders that
    /// are truly discrete have none, and leave 0. Padding becomes 0.
    fn encode<T: Target>(
        self,
        components: usize,
        rows: &mut [Lane],
        slopes: &mut [Lane],
        stream: &mut Stream,
    );

    /// Turns what [`encode`](Self::encode) wrote, K rows of C, into the gradients by the logits; `dh`
    /// are those by h.
    #[inline(always)]
    fn pull_back<T: Target>(self, _components: usize, slopes: &mut [Lane], dh: &[Lane]) {
        for (d, dh) in slopes.iter_mut().zip(dh) {
            *d = d.zip(*dh, |d, dh| d * dh);
            apart();
        }
    }
}

/// One of the encoders.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AnyEncoder {
    /// [`Binary::Relaxed`].
    Relaxed {
        /// ε.
        epsilon: f32,
    },
    /// [`Binary::Sigmoid`].
    Sigmoid,
    /// [`Binary::Sign`].
    Sign,
    /// [`Continuous`].
    Continuous {
        /// σ.
        noise: f32,
    },
    /// [`States`].
    States {
        /// Q.
        states: u32,
        /// How one of them is taken.
        choice: Choice,
    },
}

impl Encoder for AnyEncoder {
    fn keeps_norm(self) -> bool {
        matches!(self, AnyEncoder::Continuous { .. })
    }

    #[inline(always)]
    fn encode<T: Target>(
        self,
        components: usize,
        rows: &mut [Lane],
        slopes: &mut [Lane],
        stream: &mut Stream,
    ) {
        let binary = match self {
            AnyEncoder::Continuous { noise } => {
                return Continuous { noise }.encode::<T>(components, rows, slopes, stream);
            }
            AnyEncoder::States { states, choice } => {
                return States { states, choice }.encode::<T>(components, rows, slopes, stream);
            }
            AnyEncoder::Relaxed { epsilon } => Binary::Relaxed { epsilon },
            AnyEncoder::Sigmoid => Binary::Sigmoid,
            AnyEncoder::Sign => Binary::Sign,
        };
        binary.encode::<T>(components, rows, slopes, stream);
    }

    #[inline(always)]
    fn pull_back<T: Target>(self, components: usize, slopes: &mut [Lane], dh: &[Lane]) {
        match self {
            AnyEncoder::States { states, choice } => {
                States { states, choice }.pull_back::<T>(components, slopes, dh);
            }
            // Slopes, of all others.
            _ => Binary::Sign.pull_back::<T>(components, slopes, dh),
        }
    }
}

/// A relaxation that can be divided by.
#[inline(always)]
fn at_least(epsilon: f32) -> f32 {
    if epsilon > 1e-6 { epsilon } else { 1e-6 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Portable;
    use crate::num::lane::WIDTH;
    use crate::num::rng::Purpose;

    /// How often each of three states is drawn from its logits, in 12 288 rows.
    fn frequencies(choice: Choice, logits: [f32; 3]) -> [f64; 3] {
        let encoder = AnyEncoder::States { states: 3, choice };
        let mut stream = Stream::new(1, 0, Purpose::Encoder);
        let mut counts = [0.0; 3];
        for _ in 0..48 {
            let mut row = Lane::ZERO;
            row.0[..3].copy_from_slice(&logits);
            let (mut rows, mut slopes) = ([row; 256], [Lane::ZERO; 256]);
            encoder.encode::<Portable>(3, &mut rows, &mut slopes, &mut stream);
            for row in rows {
                let h = &row.0[..3];
                let taken = h.iter().position(|h| *h > 0.0).unwrap();
                let (up, down) = (libm::sqrtf(2.0), -libm::sqrtf(0.5));
                for (s, h) in h.iter().enumerate() {
                    let want = if s == taken { up } else { down };
                    assert!((h - want).abs() < 1e-6);
                }
                counts[taken] += 1.0 / 12_288.0;
            }
        }
        counts
    }

    #[test]
    fn states_are_drawn_by_their_logits() {
        // Four standard errors of a share of 12 288.
        let near = |found: [f64; 3], want: [f64; 3]| {
            for (found, want) in found.into_iter().zip(want) {
                assert!((found - want).abs() < 0.018, "{found} for {want}");
            }
        };
        let ln_two = core::f32::consts::LN_2;
        near(
            frequencies(Choice::Softmax, [5.0 + ln_two, 5.0, 5.0]),
            [0.5, 0.25, 0.25],
        );
        near(
            frequencies(Choice::Largest, [0.0; 3]),
            [1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0],
        );
        near(
            frequencies(Choice::Largest, [2.0, -1.0, 2.0]),
            [0.5, 0.0, 0.5],
        );
    }

    #[test]
    fn whatever_is_given_is_finite() {
        let (least, most) = (f32::MIN, f32::INFINITY);
        for states in [0, 2, 3, 16, u32::MAX] {
            for epsilon in [0.0, 1e-6, 1.0, most, f32::NAN] {
                for choice in [
                    Choice::Relaxed { epsilon },
                    Choice::Softmax,
                    Choice::Largest,
                ] {
                    let encoder = AnyEncoder::States { states, choice };
                    let mut rows = [Lane([
                        0.0, most, -most, least, 1.0, most, 1e38, 1e-40, 3.0, -most, 1.0, 2.0, 9.0,
                        0.5, -0.5, most,
                    ]); 2];
                    let mut slopes = [Lane::ZERO; 2];
                    let mut stream = Stream::new(1, 0, Purpose::Encoder);
                    encoder.encode::<Portable>(17, &mut rows, &mut slopes, &mut stream);
                    encoder.pull_back::<Portable>(17, &mut slopes, &[Lane([1e9; WIDTH]); 2]);
                    let all = rows.iter().chain(&slopes).flat_map(|lane| lane.0);
                    let mut used = all.enumerate().filter(|(i, _)| i % 32 < 17);
                    assert!(used.all(|(_, x)| x.is_finite()), "{encoder:?}");
                }
            }
        }
    }
}
