//! Real h.
//!
//! h = x + σ g, g normal. A training keeps every component's filter at |Λ_a| = 1
//! ([`Rsmi::step`](crate::rsmi::Rsmi::step)), so that σ g is what white noise of deviation σ on all sites
//! of V makes of x: differences below σ are not resolved. For real v σ may be 0, and then neither the scale of h
//! matters, nor an invertible mix of components: only what they span means something. Where v takes few
//! values σ = 0 is ill-posed: x of almost any filter has a value of its own for each configuration of
//! V, and a critic with patience reads all of I(V:E) from its digits.

use super::Encoder;
use crate::kernel::Target;
use crate::num::lane::{Lane, get_mut, lanes};
use crate::num::rng::Stream;

/// Noise beyond this is cut.
const LARGEST: f32 = 1e6;

/// h = x + σ g, real, with g normal. A filter that is learned keeps the norm 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Continuous {
    /// σ, at most 1e6. Nothing is drawn for 0, and for what is not above 0.
    pub noise: f32,
}

impl Encoder for Continuous {
    fn keeps_norm(self) -> bool {
        true
    }

    #[inline(always)]
    fn encode<T: Target>(
        self,
        components: usize,
        rows: &mut [Lane],
        slopes: &mut [Lane],
        stream: &mut Stream,
    ) {
        slopes.fill(Lane::ZERO);
        let (noise, width) = (self.noise, lanes(components));
        for slopes in slopes.chunks_exact_mut(width) {
            (0..components).for_each(|a| *get_mut(slopes, a) = 1.0);
        }
        if noise > 0.0 {
            let noise = if noise < LARGEST { noise } else { LARGEST };
            for row in rows.chunks_exact_mut(width) {
                (0..components).for_each(|a| *get_mut(row, a) += noise * stream.normal());
            }
        }
    }
}
