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
//! and tends to the binary h as ε → 0. The slope is taken from e = exp(−|z|), z the argument of σ,
//! as 2 e / (1 + e)² ε: from h itself, 1 − h² would lose all its digits where h is near ±1.

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
    /// Turns logits, K rows of C, into coarse variables, and writes their slopes ∂h/∂x; the binary
    /// encoders have none, and leave 0. Padding becomes 0.
    #[inline(always)]
    pub(crate) fn encode(
        self,
        components: usize,
        rows: &mut [Lane],
        slopes: &mut [Lane],
        stream: &mut Stream,
    ) {
        slopes.fill(Lane::ZERO);
        let width = lanes(components);
        for (row, slopes) in rows
            .chunks_exact_mut(width)
            .zip(slopes.chunks_exact_mut(width))
        {
            for a in 0..components {
                let x = get_mut(row, a);
                *x = match self {
                    Encoder::Relaxed { epsilon } => {
                        let z = (*x + stream.logistic()) / epsilon;
                        let e = math::exp_nonpositive(-z.abs());
                        let s = 1.0 / (1.0 + e);
                        *get_mut(slopes, a) = 2.0 * (e * s) * s / epsilon;
                        // 2σ(|z|) − 1 = (1 − e) / (1 + e), with the sign of z.
                        let h = (1.0 - e) * s;
                        if z < 0.0 { -h } else { h }
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
}
