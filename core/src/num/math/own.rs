//! Own exponential and logarithm, with libm's cosine and square root.

use super::EXP_ZERO_BELOW;

/// Which elementary functions these are.
pub const NAME: &str = "own";

/// ln 2 in two parts: the high one has nine bits, so its products with exponents are exact.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;
const LOG2_E: f32 = core::f32::consts::LOG2_E;
/// 1.5 · 2²³: adding it rounds a small number to an integer, kept in the low mantissa bits.
const ROUND: f32 = 12_582_912.0;

/// eˣ for x ≤ 0, within 1.1 ulp; 0 for x < −64.
///
/// x = n ln 2 + r with |r| ≤ ½ ln 2; eʳ by a minimax polynomial of degree 6 (1 + r + …),
/// 2ⁿ by adding to the exponent.
#[inline(always)]
#[must_use]
pub fn exp_nonpositive(x: f32) -> f32 {
    let shifted = x * LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    let p = 0.001_382_094_7 * r + 0.008_368_684;
    let p = p * r + 0.041_668_266;
    let p = p * r + 0.166_665_21;
    let p = p * r + 0.499_999_94;
    let p = p * (r * r) + r + 1.0;
    // The low bits of `shifted` are n; the shift by 23 removes its exponent.
    let scaled = f32::from_bits(p.to_bits().wrapping_add(shifted.to_bits() << 23));
    if x < EXP_ZERO_BELOW { 0.0 } else { scaled }
}

/// ln x for positive normal x, within 1 ulp.
///
/// x = 2ⁿ (1 + f) with √½ ≤ 1 + f < √2; ln(1 + f) = f − f²/2 + f³ P(f), P minimax of degree 7.
#[inline(always)]
#[must_use]
pub fn ln(x: f32) -> f32 {
    // After subtracting the bits of √½ the exponent field is n.
    const SQRT_HALF: u32 = 0x3f35_04f3;
    let bits = x.to_bits().wrapping_sub(SQRT_HALF);
    let n = ((bits as i32) >> 23) as f32;
    let f = f32::from_bits((bits & 0x007f_ffff) + SQRT_HALF) - 1.0;
    let p = -0.076_364_35 * f + 0.127_622_16;
    let p = p * f - 0.131_596_1;
    let p = p * f + 0.142_015_8;
    let p = p * f - 0.166_234_09;
    let p = p * f + 0.200_012_42;
    let p = p * f - 0.250_008_2;
    let p = p * f + 0.333_333_3;
    let square = f * f;
    let tail = p * (square * f) + n * LN2_LOW;
    (f + (tail - 0.5 * square)) + n * LN2_HIGH
}

/// cos x, for the learning-rate schedule and for normal numbers.
#[must_use]
pub fn cos(x: f32) -> f32 {
    libm::cosf(x)
}

/// √x, correctly rounded; for normal numbers. Kernels have [`crate::kernel::Target::root`].
#[inline(always)]
#[must_use]
pub fn sqrt(x: f32) -> f32 {
    libm::sqrtf(x)
}

#[cfg(test)]
pub(super) const WORST: super::tests::Worst = super::tests::Worst {
    exp_ulp: 1.1,
    ln_ulp: 1.0,
    exp: 8.0e-8,
    ln: 8.0e-8,
    cos: 3.1e-8,
    sqrt: 6.1e-8,
};
