//! h of Q states.
//!
//! A component with Q states has Q logits, one after the other; P(state s) = exp x_s / Σ_t exp x_t is
//! the largest of x_s plus Gumbel noise, and its relaxation a softmax (Jang et al. 2017; RSMI-NE, § II.C),
//!
//! ```text
//! y = softmax((x + g) / ε),   g = −ln(−ln u),   h_s = (Q y_s − 1) / √(Q − 1)
//! ∂I/∂x_s = Q / (ε √(Q − 1)) · y_s Σ_t y_t (∂I/∂h_s − ∂I/∂h_t)
//! ```
//!
//! The critic reads all Q numbers h_s: y without its mean, in units of its deviation where the states
//! are equally likely, which for Q = 2 is ±1. Differences of ∂I/∂h are taken before they are weighted: in
//! ∂I/∂h_s less its mean, a y_s near 1 would lose all digits.

use super::{Encoder, at_least};
use crate::kernel::Target;
use crate::num::lane::{Lane, get, get_mut, lanes};
use crate::num::math;
use crate::num::rng::Stream;

/// How one of Q states is taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Choice {
    /// Gumbel-softmax with relaxation ε: differentiable, for training. An ε below 1e-6 (or one that is
    /// no number) counts as 1e-6.
    Relaxed {
        /// ε.
        epsilon: f32,
    },
    /// Truly one, P(s) = exp x_s / Σ_t exp x_t.
    Softmax,
    /// Truly one, that of the largest logit, a fair draw among equal ones.
    Largest,
}

/// Most states of a component.
pub const MAX_STATES: usize = 16;

/// Logits beyond this are cut, so that their differences are finite.
const LARGEST: f32 = 1e38;

/// Where the components of Q states begin among the logits, and their states; then h_s = a y_s − b.
fn groups(states: u32, logits: usize) -> impl Iterator<Item = (usize, usize, f32, f32)> {
    let states = (states as usize).clamp(2, MAX_STATES);
    let scale = |n: usize| (1.0 / math::sqrt64(n as f64 - 1.0)) as f32;
    let usual = scale(states);
    (0..logits).step_by(states).map(move |first| {
        let n = states.min(logits - first);
        let scale = match n {
            _ if n == states => usual,
            // One state says nothing.
            1 => 0.0,
            _ => scale(n),
        };
        (first, n, n as f32 * scale, scale)
    })
}

/// Components of Q states, Q logits for each; where the logits are no multiple of Q, the last has
/// fewer states.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct States {
    /// Q, 2 to [`MAX_STATES`]; what is beyond counts as the nearest of them.
    pub states: u32,
    /// How one of them is taken.
    pub choice: Choice,
}

impl Encoder for States {
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
                let choice = match self.choice {
                    Choice::Relaxed { epsilon } => Choice::Relaxed {
                        epsilon: at_least(epsilon),
                    },
                    other => other,
                };
                let width = lanes(components);
                let rows = rows.chunks_exact_mut(width);
                for (row, slopes) in rows.zip(slopes.chunks_exact_mut(width)) {
                    choice.encode(self.states, components, row, slopes, stream);
                }
            },
        )
    }

    #[inline(always)]
    fn pull_back<T: Target>(self, components: usize, slopes: &mut [Lane], dh: &[Lane]) {
        if let Choice::Relaxed { epsilon } = self.choice {
            let width = lanes(components);
            let rows = slopes.chunks_exact_mut(width).zip(dh.chunks_exact(width));
            for (slopes, dh) in rows {
                soften(self.states, at_least(epsilon), components, slopes, dh);
            }
        }
    }
}

impl Choice {
    /// A row of logits to coarse variables, and its relaxed y to `slopes`.
    fn encode(
        self,
        states: u32,
        logits: usize,
        row: &mut [Lane],
        slopes: &mut [Lane],
        stream: &mut Stream,
    ) {
        for (first, n, a, b) in groups(states, logits) {
            let (mut x, mut ties) = ([f32::MIN; MAX_STATES], [0; MAX_STATES]);
            for s in 0..n {
                let logit = get(row, first + s);
                let logit = if logit > LARGEST { LARGEST } else { logit };
                x[s] = if logit < -LARGEST { -LARGEST } else { logit };
                match self {
                    Choice::Largest => ties[s] = stream.next_u32(),
                    _ => x[s] += stream.gumbel(),
                }
            }
            let mut largest = 0;
            for s in 1..n {
                if x[s] > x[largest] || (x[s] == x[largest] && ties[s] > ties[largest]) {
                    largest = s;
                }
            }
            let Choice::Relaxed { epsilon } = self else {
                for s in 0..n {
                    let taken = f32::from(u8::from(s == largest));
                    *get_mut(row, first + s) = a * taken - b;
                }
                continue;
            };
            let top = x[largest];
            let mut sum = 0.0;
            for x in &mut x[..n] {
                *x = math::exp_nonpositive((*x - top) / epsilon);
                sum += *x;
            }
            for s in 0..n {
                let y = x[s] / sum;
                *get_mut(row, first + s) = a * y - b;
                *get_mut(slopes, first + s) = y;
            }
        }
    }
}

/// y of a row, in `slopes`, to the gradients by its logits.
fn soften(states: u32, epsilon: f32, logits: usize, slopes: &mut [Lane], dh: &[Lane]) {
    for (first, n, a, _) in groups(states, logits) {
        let mut y = [0.0; MAX_STATES];
        (0..n).for_each(|s| y[s] = get(slopes, first + s));
        for s in 0..n {
            let own = get(dh, first + s);
            let mut sum = 0.0;
            for t in 0..n {
                sum += y[t] * (own - get(dh, first + t));
            }
            *get_mut(slopes, first + s) = a * (y[s] * sum) / epsilon;
        }
    }
}
