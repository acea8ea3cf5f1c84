//! From logits x = Λ·v to coarse variables h.
//!
//! # The relaxed encoder
//! A binary h with P(h = +1) = σ(x) is σ's argument plus logistic noise, cut at zero. The binary
//! concrete relaxation (Maddison et al. 2017; Jang et al. 2017; RSMI-NE eq. 13) smooths the cut,
//!
//! ```text
//! y = σ((x + ln u − ln(1 − u)) / ε),   h = 2y − 1,   ∂h/∂x = 2 y (1 − y) / ε = (1 − h²) / 2ε
//! ```
//!
//! and tends to the binary h as ε → 0. The derivative needs nothing but h.

use crate::num::lane::{Lane, get_mut, lanes};
use crate::num::math;
use crate::num::rng::Stream;

/// How h is drawn from its logits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Encoder {
    /// Binary concrete with relaxation ε > 0: differentiable, for training.
    Relaxed {
        /// ε.
        epsilon: f32,
    },
    /// Truly binary, P(h = +1) = σ(x).
    Sigmoid,
    /// Truly binary, h = sign x, a fair coin where x = 0.
    Sign,
}

impl Encoder {
    /// Turns logits, K rows of C, into coarse variables. Padding becomes 0.
    #[inline(always)]
    pub(crate) fn encode(self, components: usize, rows: &mut [Lane], stream: &mut Stream) {
        for row in rows.chunks_exact_mut(lanes(components)) {
            for a in 0..components {
                let x = get_mut(row, a);
                *x = match self {
                    Encoder::Relaxed { epsilon } => {
                        2.0 * math::sigmoid((*x + stream.logistic()) / epsilon) - 1.0
                    }
                    Encoder::Sigmoid => {
                        if *x + stream.logistic() > 0.0 {
                            1.0
                        } else {
                            -1.0
                        }
                    }
                    Encoder::Sign => {
                        let tie = stream.coin();
                        if *x > 0.0 || (*x == 0.0 && tie) {
                            1.0
                        } else {
                            -1.0
                        }
                    }
                };
            }
        }
    }

    /// Replaces coarse variables by the gradients by their logits, given those by themselves, for
    /// the relaxed encoder; the binary ones have no derivative, and leave 0.
    #[inline(always)]
    pub(crate) fn backward(self, h: &mut [Lane], dh: &[Lane]) {
        let scale = match self {
            Encoder::Relaxed { epsilon } => 0.5 / epsilon,
            Encoder::Sigmoid | Encoder::Sign => 0.0,
        };
        for (h, d) in h.iter_mut().zip(dh) {
            for i in 0..h.0.len() {
                h.0[i] = d.0[i] * ((1.0 - h.0[i] * h.0[i]) * scale);
            }
        }
    }
}
