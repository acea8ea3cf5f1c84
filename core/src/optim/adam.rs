//! Adam (Kingma and Ba 2015) for maximisation, over one flat slice.
//!
//! With gradient g, moments m ← β₁ m + (1 − β₁) g and s ← β₂ s + (1 − β₂) g², and the bias corrections
//! c₁ = 1 − β₁ᵗ, c₂ = 1 − β₂ᵗ for their start at zero,
//!
//! ```text
//! p ← p + rate · (m / c₁) / (√(s / c₂) + ε) = p + (rate √c₂ / c₁) · m / (√s + ε √c₂)
//! ```

use crate::kernel::{Target, narrow};
use crate::num::lane::{Lane, WIDTH, apart, zip};

const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// The powers βᵗ; the moments are in slices beside the parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Adam {
    power_1: f32,
    power_2: f32,
}

impl Default for Adam {
    fn default() -> Self {
        Adam {
            power_1: 1.0,
            power_2: 1.0,
        }
    }
}

/// One step at one rate, applied to any part of the parameters.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    rate: f32,
    epsilon: f32,
}

impl Adam {
    /// Advances to the next step.
    #[inline(always)]
    pub fn advance<T: Target>(&mut self, rate: f32) -> Pace {
        self.power_1 *= BETA_1;
        self.power_2 *= BETA_2;
        let root = T::root(1.0 - self.power_2);
        Pace {
            rate: rate * root / (1.0 - self.power_1),
            epsilon: EPSILON * root,
        }
    }
}

impl Pace {
    /// The step with its rate multiplied by a factor.
    #[inline(always)]
    #[must_use]
    pub fn times(self, factor: f32) -> Self {
        let rate = self.rate * factor;
        Pace { rate, ..self }
    }

    /// Moves parameters uphill; all slices have the same length.
    #[inline(always)]
    pub fn ascend<T: Target>(
        self,
        parameters: &mut [Lane],
        gradients: &[Lane],
        first: &mut [Lane],
        second: &mut [Lane],
    ) {
        T::part(
            #[inline(always)]
            || {
                let Pace { rate, epsilon } = self;
                let moments = first.iter_mut().zip(second);
                for ((p, g), (m, s)) in parameters.iter_mut().zip(gradients).zip(moments) {
                    if narrow::<T>() {
                        ascend_lane::<T, 1>(rate, epsilon, p, g, m, s);
                    } else {
                        ascend_lane::<T, WIDTH>(rate, epsilon, p, g, m, s);
                    }
                    apart();
                }
            },
        )
    }
}

/// One lane of a step, in pieces of N elements.
#[inline(always)]
fn ascend_lane<T: Target, const N: usize>(
    rate: f32,
    epsilon: f32,
    p: &mut Lane,
    g: &Lane,
    m: &mut Lane,
    s: &mut Lane,
) {
    let moments = m.pieces_mut::<N>().iter_mut().zip(s.pieces_mut());
    let parameters = p.pieces_mut().iter_mut().zip(g.pieces());
    for ((p, g), (m, s)) in parameters.zip(moments) {
        let first = zip(*m, *g, |m, g| BETA_1 * m + (1.0 - BETA_1) * g);
        let second = zip(*s, *g, |s, g| BETA_2 * s + (1.0 - BETA_2) * (g * g));
        let change = zip(first, second, |m, s| rate * m / (T::root(s) + epsilon));
        *p = zip(*p, change, |p, change| p + change);
        (*m, *s) = (first, second);
    }
}
