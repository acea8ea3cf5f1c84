//! Effective bonds of Ising chains: two spins with all spins between them summed over.
//!
//! Decimation of a chain leaves one bond between its ends, tanh K = Π tanh K_i. The
//! [random-bond ring](super::random_bond_ring) draws its spins by these bonds, and `blockspin-exact`
//! computes its informations from them.

use crate::num::math::{exp_m1_64, exp64, ln_1p_64};

/// The effective bond between the two ends of a chain of Ising spins, inner spins summed over.
///
/// Either like or unlike ends are favoured; the others have the relative weight e^−cost. A single
/// bond K = βJ has the cost 2|K|. Working with the cost, neither do strong bonds underflow nor do
/// ratios of their weights cancel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EffectiveBond {
    /// Whether unlike ends are favoured: an odd number of negative bonds.
    pub unlike: bool,
    /// Minus the logarithm of the relative weight of the other ends: at least 0, and infinite where
    /// both ends are the same spin.
    pub cost: f64,
}

impl EffectiveBond {
    /// A chain without a bond: both ends are the same spin. The identity of [`then`](Self::then).
    pub const IDENTITY: EffectiveBond = EffectiveBond {
        unlike: false,
        cost: f64::INFINITY,
    };

    /// A single bond K = βJ.
    #[must_use]
    pub fn new(k: f64) -> Self {
        EffectiveBond {
            unlike: k < 0.0,
            cost: 2.0 * k.abs(),
        }
    }

    /// The bond of this chain followed by another, the spin that joins them summed over.
    ///
    /// The costs combine as tanh(c/2) = tanh(a/2) tanh(b/2). Where this product is small it keeps
    /// its digits; where it is near 1 those of its logarithm are kept instead,
    ///
    /// ```text
    /// e^−c = (e^−a + e^−b) / (1 + e^−(a+b))
    /// ```
    #[must_use]
    pub fn then(self, next: EffectiveBond) -> EffectiveBond {
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
        EffectiveBond {
            unlike: self.unlike != next.unlike,
            cost,
        }
    }

    /// The bond of `number` such chains, one after the other.
    #[must_use]
    pub fn power(self, mut number: u32) -> EffectiveBond {
        let (mut square, mut power) = (self, EffectiveBond::IDENTITY);
        while number > 0 {
            if !number.is_multiple_of(2) {
                power = power.then(square);
            }
            square = square.then(square);
            number /= 2;
        }
        power
    }

    /// Minus the logarithm of the relative weight of ends that are unlike, or alike.
    #[inline(always)]
    #[must_use]
    pub fn energy(self, unlike: bool) -> f64 {
        if unlike == self.unlike {
            0.0
        } else {
            self.cost
        }
    }

    /// ⟨s s'⟩ of the two ends of this chain when `back` joins them a second time, to a ring.
    #[must_use]
    pub fn correlation(self, back: EffectiveBond) -> f64 {
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

/// Log-odds ln P(s_{i+1} = s_i) / P(s_{i+1} ≠ s_i) of the spins of a ring, each given its predecessor
/// and s_0.
///
/// `k` turns a coupling into βJ. `site(i, [alike, unlike])` is called for i from the last but one
/// site to the first, with the log-odds where s_i = s_0 and where s_i ≠ s_0. Given s_i and s_0 the
/// rest is a chain: one bond joins s_{i+1} to s_i, and the effective bond of all later ones joins it
/// to s_0.
pub fn odds(couplings: &[f64], k: impl Fn(f64) -> f64, mut site: impl FnMut(usize, [f64; 2])) {
    let mut rest = EffectiveBond::IDENTITY;
    for (i, coupling) in couplings.iter().enumerate().rev() {
        let bond = EffectiveBond::new(k(*coupling));
        if i + 1 < couplings.len() {
            let odds = |unlike: bool| {
                let stays = bond.energy(false) + rest.energy(unlike);
                let turns = bond.energy(true) + rest.energy(!unlike);
                turns - stays
            };
            site(i, [odds(false), odds(true)]);
        }
        rest = bond.then(rest);
    }
}

/// The probability whose log-odds are `odds`: 1 / (1 + e^−odds).
#[must_use]
pub fn probability(odds: f64) -> f64 {
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
                let both = EffectiveBond::new(a).then(EffectiveBond::new(b));
                assert_eq!(both, EffectiveBond::new(b).then(EffectiveBond::new(a)));
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
            assert_eq!(
                EffectiveBond::new(a).then(EffectiveBond::IDENTITY),
                EffectiveBond::new(a)
            );
        }
        // Of two strong bonds the weaker one breaks, of two alike either.
        let weakest = EffectiveBond::new(5e5).then(EffectiveBond::new(-6e5));
        assert_eq!((weakest.cost, weakest.unlike), (1e6, true));
        let either = EffectiveBond::new(5e5).power(2).cost;
        assert!((either - 1e6 + core::f64::consts::LN_2).abs() < 1e-9);
        assert_eq!(EffectiveBond::new(0.4).power(0), EffectiveBond::IDENTITY);
    }
}
