//! Binary h.
//!
//! A binary h with P(h = +1) = σ(x) is σ's argument plus logistic noise, cut at zero. The binary
//! concrete relaxation (Maddison et al. 2017; Jang et al. 2017; RSMI-NE eq. 13) smooths the cut,
//!
//! ```text
//! y = σ((x + ln u − ln(1 − u)) / ε),   h = 2y − 1,   ∂h/∂x = 2 y (1 − y) / ε = (1 − h²) / 2ε
//! ```
//!
//! and tends to the binary h as ε → 0. The slope is taken from e = exp(−|z|), z the argument of σ,
//! as 2 e / (1 + e)² ε: from h itself, 1 − h² would lose all its digits where h is near ±1.

use super::{Encoder, at_least};
use crate::kernel::Target;
use crate::num::lane::{Lane, WIDTH, lanes};
use crate::num::math;
use crate::num::rng::Stream;

/// How a binary h follows from its logit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Binary {
    /// Binary concrete with relaxation ε: differentiable, for training. An ε below 1e-6 (or one
    /// that is no number) counts as 1e-6.
    Relaxed {
        /// ε.
        epsilon: f32,
    },
    /// P(h = +1) = σ(x).
    Sigmoid,
    /// sign x, a fair coin where x = 0.
    Sign,
}

impl Encoder for Binary {
    #[inline(always)]
    fn encode<T: Target>(
        self,
        components: usize,
        rows: &mut [Lane],
        slopes: &mut [Lane],
        stream: &mut Stream,
    ) {
        T::part(
            #[inline(always)]
            || {
                slopes.fill(Lane::ZERO);
                let width = lanes(components);
                // Sixteen at a time, in the order of rows and components, whatever the padding between.
                let count = rows.len() / width * components;
                let place = |n: usize| {
                    (
                        n / components * width + n % components / WIDTH,
                        n % components % WIDTH,
                    )
                };
                for first in (0..count).step_by(WIDTH) {
                    let used = WIDTH.min(count - first);
                    let (mut x, mut noise) = (Lane::ZERO, Lane([0.5; WIDTH]));
                    for n in 0..used {
                        let (lane, at) = place(first + n);
                        x.0[n] = rows[lane].0[at];
                        noise.0[n] = match self {
                            Binary::Sign => f32::from(u8::from(stream.coin())),
                            _ => stream.uniform(),
                        };
                    }
                    let logistic = || noise.map(|u| math::ln(u) - math::ln(1.0 - u));
                    let mut slope = Lane::ZERO;
                    let h = match self {
                        Binary::Relaxed { epsilon } => {
                            let epsilon = at_least(epsilon);
                            let z = x.zip(logistic(), |x, noise| (x + noise) / epsilon);
                            let e = z.map(|z| math::exp_nonpositive(-z.abs()));
                            let s = e.map(|e| 1.0 / (1.0 + e));
                            slope = e.zip(s, |e, s| 2.0 * (e * s) * s / epsilon);
                            // 2σ(|z|) − 1 = (1 − e) / (1 + e), with the sign of z.
                            let size = e.zip(s, |e, s| (1.0 - e) * s);
                            z.zip(size, |z, h| if z < 0.0 { -h } else { h })
                        }
                        Binary::Sigmoid => x.zip(logistic(), |x, noise| sign(x + noise > 0.0)),
                        Binary::Sign => {
                            x.zip(noise, |x, tie| sign(x > 0.0 || (x == 0.0 && tie > 0.0)))
                        }
                    };
                    for n in 0..used {
                        let (lane, at) = place(first + n);
                        rows[lane].0[at] = h.0[n];
                        slopes[lane].0[at] = slope.0[n];
                    }
                }
            },
        )
    }
}

#[inline(always)]
fn sign(up: bool) -> f32 {
    if up { 1.0 } else { -1.0 }
}
