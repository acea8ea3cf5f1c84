//! Approximations from the crate micromath, corrected to meet the guarantees of the parent module.

use micromath::F32;

use super::EXP_ZERO_BELOW;

/// Which elementary functions these are.
pub const NAME: &str = "micromath";

/// eˣ for x ≤ 0, within 0.24 %; 1 at 0 and never more, 0 for x < −64.
#[inline]
#[must_use]
pub fn exp_nonpositive(x: f32) -> f32 {
    // micromath fails an assertion for large numbers and NaN.
    if x >= EXP_ZERO_BELOW {
        F32(if x > 0.0 { 0.0 } else { x }).exp().0
    } else if x < EXP_ZERO_BELOW {
        0.0
    } else {
        x
    }
}

/// ln x for positive normal x, within 0.14 %; 0 only at 1, and of the right sign.
///
/// micromath's own is 0 at the number just below 1, so that ln(−ln u) would not be finite, and constant,
/// 6 · 10⁻⁵, at the next ones; below 1 it uses a reciprocal with an error of up to 12 %.
#[inline]
#[must_use]
pub fn ln(x: f32) -> f32 {
    const NEAR: f32 = 0.0625;
    let f = x - 1.0;
    if f.abs() < NEAR {
        f - 0.5 * (f * f)
    } else if x > 1.0 {
        F32(x).ln().0
    } else if x > 0.0 {
        -F32(1.0 / x).ln().0
    } else {
        // Here micromath would overflow an integer.
        f32::NAN
    }
}

/// cos x within 0.0011, for the learning-rate schedule and for normal numbers; from −1 to 1.
#[must_use]
pub fn cos(x: f32) -> f32 {
    F32(x).cos().0
}

/// √x within 6.1 %, exact for powers of 4; 8.1 · 10⁻²⁰ at 0.
#[inline(always)]
#[must_use]
pub fn sqrt(x: f32) -> f32 {
    F32(x).sqrt().0
}

#[cfg(test)]
pub(super) const WORST: super::tests::Worst = super::tests::Worst {
    exp_ulp: 20_100.0,
    ln_ulp: 21_000.0,
    exp: 2.4e-3,
    ln: 1.4e-3,
    cos: 1.1e-3,
    sqrt: 6.1e-2,
};
