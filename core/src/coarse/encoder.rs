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
//!
//! # States
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
//!
//! # Continuous h
//! h = x + σ g, g normal. A training keeps every component's filter at |Λ_a| = 1
//! ([`Rsmi::step`](crate::rsmi::Rsmi::step)), so that σ g is what white noise of deviation σ on all sites
//! of V makes of x: differences below σ are not resolved. For real v σ may be 0, and then neither the scale of h
//! matters, nor an invertible mix of components: only what they span means something. Where v takes few
//! values σ = 0 is ill-posed: x of almost any filter has a value of its own for each configuration of
//! V, and a critic with patience reads all of I(V:E) from its digits.

use crate::num::lane::{Lane, WIDTH, apart, get, get_mut, lanes};
use crate::num::math;
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

/// Noise of continuous h beyond this is cut.
const LARGEST_NOISE: f32 = 1e6;

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
        let width = lanes(components);
        match self {
            Encoder::Continuous { noise } => {
                for slopes in slopes.chunks_exact_mut(width) {
                    (0..components).for_each(|a| *get_mut(slopes, a) = 1.0);
                }
                if noise > 0.0 {
                    let noise = if noise < LARGEST_NOISE {
                        noise
                    } else {
                        LARGEST_NOISE
                    };
                    for row in rows.chunks_exact_mut(width) {
                        (0..components).for_each(|a| *get_mut(row, a) += noise * stream.normal());
                    }
                }
                return;
            }
            Encoder::States { states, choice } => {
                let rows = rows.chunks_exact_mut(width);
                for (row, slopes) in rows.zip(slopes.chunks_exact_mut(width)) {
                    choice.encode(states, components, row, slopes, stream);
                }
                return;
            }
            Encoder::Relaxed { .. } | Encoder::Sigmoid | Encoder::Sign => {}
        }
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
                    Encoder::Sign => f32::from(u8::from(stream.coin())),
                    _ => stream.uniform(),
                };
            }
            let logistic = || noise.map(|u| math::ln(u) - math::ln(1.0 - u));
            let mut slope = Lane::ZERO;
            let h = match self {
                Encoder::Relaxed { epsilon } => {
                    let epsilon = at_least(epsilon);
                    let z = x.zip(logistic(), |x, noise| (x + noise) / epsilon);
                    let e = z.map(|z| math::exp_nonpositive(-z.abs()));
                    let s = e.map(|e| 1.0 / (1.0 + e));
                    slope = e.zip(s, |e, s| 2.0 * (e * s) * s / epsilon);
                    // 2σ(|z|) − 1 = (1 − e) / (1 + e), with the sign of z.
                    let size = e.zip(s, |e, s| (1.0 - e) * s);
                    z.zip(size, |z, h| if z < 0.0 { -h } else { h })
                }
                Encoder::Sigmoid => x.zip(logistic(), |x, noise| sign(x + noise > 0.0)),
                // The sign: all that are not binary are done.
                _ => x.zip(noise, |x, tie| sign(x > 0.0 || (x == 0.0 && tie > 0.0))),
            };
            for n in 0..used {
                let (lane, at) = place(first + n);
                rows[lane].0[at] = h.0[n];
                slopes[lane].0[at] = slope.0[n];
            }
        }
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
            let (top, epsilon) = (x[largest], at_least(epsilon));
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

#[inline(always)]
fn sign(up: bool) -> f32 {
    if up { 1.0 } else { -1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
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
