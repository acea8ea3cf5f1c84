//! Pairs of spins of a chain, all between them summed over.

use crate::num::math::{exp_m1_64, exp64, ln_1p_64};

/// What a bond, or a stretch of bonds whose inner spins are summed over, tells of its two ends.
///
/// The ends favour like spins or unlike ones; the others weigh e^−cost beside these. In terms of
/// the cost neither strong bonds underflow nor do ratios of them cancel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Link {
    /// Whether unlike ends are favoured.
    pub(crate) unlike: bool,
    /// At least 0; infinite where both ends are the same spin.
    pub(crate) cost: f64,
}

impl Link {
    /// No bond at all: both ends are the same spin.
    pub(crate) const NONE: Link = Link {
        unlike: false,
        cost: f64::INFINITY,
    };

    /// A bond with K = βJ.
    pub(crate) fn new(k: f64) -> Self {
        Link {
            unlike: k < 0.0,
            cost: 2.0 * k.abs(),
        }
    }

    /// Two stretches that follow each other.
    ///
    /// The costs are those of tanh(c/2) = tanh(a/2) tanh(b/2). Where this is small it keeps its
    /// digits; where it is near 1 those of its logarithm are kept instead,
    ///
    /// ```text
    /// e^−c = (e^−a + e^−b) / (1 + e^−(a+b))
    /// ```
    pub(crate) fn then(self, next: Link) -> Link {
        let (low, high) = if self.cost < next.cost {
            (self.cost, next.cost)
        } else {
            (next.cost, self.cost)
        };
        let t = correlation(low) * correlation(high);
        let cost = if low == f64::INFINITY {
            low
        } else if t < 0.5 {
            ln_1p_64(2.0 * t / (1.0 - t))
        } else {
            low - ln_1p_64(exp64(low - high)) + ln_1p_64(exp64(-low - high))
        };
        Link {
            unlike: self.unlike != next.unlike,
            cost,
        }
    }

    /// So many of these, one after the other.
    pub(crate) fn power(self, mut number: u32) -> Link {
        let (mut square, mut power) = (self, Link::NONE);
        while number > 0 {
            if !number.is_multiple_of(2) {
                power = power.then(square);
            }
            square = square.then(square);
            number /= 2;
        }
        power
    }

    /// Minus the logarithm of the weight of like or unlike ends.
    #[inline(always)]
    pub(crate) fn price(self, unlike: bool) -> f64 {
        if unlike == self.unlike {
            0.0
        } else {
            self.cost
        }
    }

    /// ⟨s s'⟩ of the ends of two stretches that close to a ring.
    pub(crate) fn correlation(self, back: Link) -> f64 {
        // The free energy by which unlike ends exceed like ones.
        let (one, other) = (self.signed(), back.signed());
        if one == -other {
            return 0.0;
        }
        let excess = one + other;
        let size = correlation(excess.abs());
        if excess < 0.0 { -size } else { size }
    }

    fn signed(self) -> f64 {
        if self.unlike { -self.cost } else { self.cost }
    }
}

/// tanh(c/2), the correlation of ends with this cost, for c ≥ 0.
fn correlation(cost: f64) -> f64 {
    let other = exp_m1_64(-cost);
    -other / (2.0 + other)
}

/// For each site i from the last but one to the first of a ring with these K = βJ, the logarithm
/// of the odds that s_{i+1} stays as s_i is rather than turns, when s_i is as s_0 and when it is
/// not.
///
/// Given s_i and s_0, what follows is a chain: s_{i+1} is joined to s_i by a bond and to s_0 by
/// all that comes after it.
pub(crate) fn odds(
    couplings: &[f64],
    k: impl Fn(f64) -> f64,
    mut site: impl FnMut(usize, [f64; 2]),
) {
    let mut rest = Link::NONE;
    for (i, coupling) in couplings.iter().enumerate().rev() {
        let bond = Link::new(k(*coupling));
        if i + 1 < couplings.len() {
            let odds = |unlike: bool| {
                let stays = bond.price(false) + rest.price(unlike);
                let turns = bond.price(true) + rest.price(!unlike);
                turns - stays
            };
            site(i, [odds(false), odds(true)]);
        }
        rest = bond.then(rest);
    }
}

/// Probability of what has these logarithmic odds.
pub(crate) fn probability(odds: f64) -> f64 {
    1.0 / (1.0 + exp64(-odds))
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;

    #[test]
    fn links_multiply_as_hyperbolic_tangents() {
        for a in [1e-150, 1e-9, 0.3, 0.7, 2.0, 30.0] {
            for b in [1e-150, 1e-5, -0.4, -1.0, 3.0, -30.0] {
                let both = Link::new(a).then(Link::new(b));
                assert_eq!(both, Link::new(b).then(Link::new(a)));
                assert_eq!(both.unlike, b < 0.0);
                let product = (a.tanh() * b.tanh()).abs();
                let error = correlation(both.cost) / product - 1.0;
                assert!(error.abs() < 1e-15, "{a} {b} {error}");
                // What it lacks of 1, too: (1 − tanh) / (1 + tanh) = e^−2|K|.
                let ratio = |k: f64| (-2.0 * k.abs()).exp();
                let lacks = (ratio(a) + ratio(b)) / (1.0 + ratio(a) * ratio(b));
                let error = exp64(-both.cost) / lacks - 1.0;
                assert!(error.abs() < 1e-13, "{a} {b} {error}");
            }
            assert_eq!(Link::new(a).then(Link::NONE), Link::new(a));
        }
        // Of two strong bonds the weaker one breaks, of two alike either.
        let weakest = Link::new(5e5).then(Link::new(-6e5));
        assert_eq!((weakest.cost, weakest.unlike), (1e6, true));
        let either = Link::new(5e5).power(2).cost;
        assert!((either - 1e6 + core::f64::consts::LN_2).abs() < 1e-9);
        assert_eq!(Link::new(0.4).power(0), Link::NONE);
    }
}
