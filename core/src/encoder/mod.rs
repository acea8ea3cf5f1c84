//! From logits x = Λ·v to coarse variables h: binary ([`binary`]), one of several states
//! ([`states`]), or real ([`continuous`]).

pub mod binary;
pub(crate) mod centre;
pub mod continuous;
pub(crate) mod norm;
pub mod states;

use binary::Binary;
use states::soften;
pub use states::{Choice, MAX_STATES};

use crate::num::lane::{Lane, apart, lanes};
use crate::num::rng::Stream;

/// How h is drawn from its logits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Encoder {
    /// Binary concrete with relaxation ε: differentiable, for training. An ε below 1e-6 (or one
    /// that is no number) counts as 1e-6.
    Relaxed {
        /// ε.
        epsilon: f32,
    },
    /// Truly binary, P(h = +1) = σ(x).
    Sigmoid,
    /// Truly binary, h = sign x, a fair coin where x = 0.
    Sign,
    /// h = x + σ g, real, with g normal. A filter that is learned keeps the norm 1.
    Continuous {
        /// σ, at most 1e6. Nothing is drawn for 0, and for what is not above 0.
        noise: f32,
    },
    /// Components of Q states, Q logits for each; where the logits are no multiple of Q, the last has
    /// fewer states.
    States {
        /// Q, 2 to [`MAX_STATES`]; what is beyond counts as the nearest of them.
        states: u32,
        /// How one of them is taken.
        choice: Choice,
    },
}

/// A relaxation that can be divided by.
#[inline(always)]
fn at_least(epsilon: f32) -> f32 {
    if epsilon > 1e-6 { epsilon } else { 1e-6 }
}

impl Encoder {
    /// Turns logits, K rows of C, into coarse variables, and writes what
    /// [`pull_back`](Self::pull_back) needs of them: slopes ∂h/∂x or, of relaxed states, y. Encoders that
    /// are truly discrete have none, and leave 0. Padding becomes 0.
    #[inline(always)]
    pub(crate) fn encode(
        self,
        components: usize,
        rows: &mut [Lane],
        slopes: &mut [Lane],
        stream: &mut Stream,
    ) {
        slopes.fill(Lane::ZERO);
        let binary = match self {
            Encoder::Continuous { noise } => {
                return continuous::encode(noise, components, rows, slopes, stream);
            }
            Encoder::States { states, choice } => {
                let choice = match choice {
                    Choice::Relaxed { epsilon } => Choice::Relaxed {
                        epsilon: at_least(epsilon),
                    },
                    other => other,
                };
                let width = lanes(components);
                let rows = rows.chunks_exact_mut(width);
                for (row, slopes) in rows.zip(slopes.chunks_exact_mut(width)) {
                    choice.encode(states, components, row, slopes, stream);
                }
                return;
            }
            Encoder::Relaxed { epsilon } => Binary::Relaxed(at_least(epsilon)),
            Encoder::Sigmoid => Binary::Sigmoid,
            Encoder::Sign => Binary::Sign,
        };
        binary.encode(components, rows, slopes, stream);
    }

    /// Turns what [`encode`](Self::encode) wrote, K rows of C, into the gradients by the logits; `dh`
    /// are those by h.
    #[inline(always)]
    pub(crate) fn pull_back(self, components: usize, slopes: &mut [Lane], dh: &[Lane]) {
        if let Encoder::States { states, choice } = self {
            if let Choice::Relaxed { epsilon } = choice {
                let width = lanes(components);
                let rows = slopes.chunks_exact_mut(width).zip(dh.chunks_exact(width));
                for (slopes, dh) in rows {
                    soften(states, at_least(epsilon), components, slopes, dh);
                }
            }
            return;
        }
        for (d, dh) in slopes.iter_mut().zip(dh) {
            *d = d.zip(*dh, |d, dh| d * dh);
            apart();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::lane::WIDTH;
    use crate::num::rng::Purpose;

    /// How often each of three states is drawn from its logits, in 12 288 rows.
    fn frequencies(choice: Choice, logits: [f32; 3]) -> [f64; 3] {
        let encoder = Encoder::States { states: 3, choice };
        let mut stream = Stream::new(1, 0, Purpose::Encoder);
        let mut counts = [0.0; 3];
        for _ in 0..48 {
            let mut row = Lane::ZERO;
            row.0[..3].copy_from_slice(&logits);
            let (mut rows, mut slopes) = ([row; 256], [Lane::ZERO; 256]);
            encoder.encode(3, &mut rows, &mut slopes, &mut stream);
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
                    let encoder = Encoder::States { states, choice };
                    let mut rows = [Lane([
                        0.0, most, -most, least, 1.0, most, 1e38, 1e-40, 3.0, -most, 1.0, 2.0, 9.0,
                        0.5, -0.5, most,
                    ]); 2];
                    let mut slopes = [Lane::ZERO; 2];
                    let mut stream = Stream::new(1, 0, Purpose::Encoder);
                    encoder.encode(17, &mut rows, &mut slopes, &mut stream);
                    encoder.pull_back(17, &mut slopes, &[Lane([1e9; WIDTH]); 2]);
                    let all = rows.iter().chain(&slopes).flat_map(|lane| lane.0);
                    let mut used = all.enumerate().filter(|(i, _)| i % 32 < 17);
                    assert!(used.all(|(_, x)| x.is_finite()), "{encoder:?}");
                }
            }
        }
    }
}
