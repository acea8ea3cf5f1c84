//! The one door to elementary functions.
//!
//! Those of the hot path are our own: built from +, −, × and bit moves, without branches, so that
//! they vectorise and have the same bits on every target. The rest is libm's, in f64, at
//! set-up only. `f32::exp` and its kin do not exist in `core`, and must not be let in by `std`.

/// ln 2 in two parts: the high one has nine bits, so its products with exponents are exact.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;
const LOG2_E: f32 = core::f32::consts::LOG2_E;
/// 1.5 · 2²³: adding it rounds a small number to an integer, kept in the low mantissa bits.
const ROUND: f32 = 12_582_912.0;
/// Below this, [`exp_nonpositive`] is 0: subnormals would cost time and carry nothing into a sum
/// that holds a 1.
pub const EXP_ZERO_BELOW: f32 = -64.0;

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
    // The low bits of `shifted` are n; shifting by 23 drops all of its own exponent.
    let scaled = f32::from_bits(p.to_bits().wrapping_add(shifted.to_bits() << 23));
    if x < EXP_ZERO_BELOW { 0.0 } else { scaled }
}

/// ln x for positive normal x, within 1 ulp.
///
/// x = 2ⁿ (1 + f) with √½ ≤ 1 + f < √2; ln(1 + f) = f − f²/2 + f³ P(f), P minimax of degree 7.
#[inline(always)]
#[must_use]
pub fn ln(x: f32) -> f32 {
    // Subtracting the bits of √½ makes the exponent field count from there.
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

/// eˣ in f64, for thresholds and referees.
#[must_use]
pub fn exp64(x: f64) -> f64 {
    libm::exp(x)
}

/// ln x in f64, for referees.
#[must_use]
pub fn ln64(x: f64) -> f64 {
    libm::log(x)
}

/// √x in f64, for error bars.
#[must_use]
pub fn sqrt64(x: f64) -> f64 {
    libm::sqrt(x)
}

/// eˣ − 1 in f64, for referees.
#[must_use]
pub fn exp_m1_64(x: f64) -> f64 {
    libm::expm1(x)
}

/// ln(1 + x) in f64, for referees.
#[must_use]
pub fn ln_1p_64(x: f64) -> f64 {
    libm::log1p(x)
}

/// sin x in f64, for referees.
#[must_use]
pub fn sin64(x: f64) -> f64 {
    libm::sin(x)
}

/// The error function in f64, for referees.
#[must_use]
pub fn erf64(x: f64) -> f64 {
    libm::erf(x)
}

/// cos x, for the learning-rate schedule and for normal numbers.
#[must_use]
pub fn cos(x: f32) -> f32 {
    libm::cosf(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Distance from the true value in units of the last place of the true value.
    fn ulp(got: f32, want: f64) -> f64 {
        let below = f32::from_bits((want.abs() as f32).to_bits());
        let step = f64::from(f32::from_bits(below.to_bits() + 1)) - f64::from(below);
        (f64::from(got) - want).abs() / step
    }

    /// The positive floats of a range, every `step`-th.
    fn floats(from: f32, to: f32, step: usize) -> impl Iterator<Item = f32> {
        (from.to_bits()..=to.to_bits())
            .step_by(step)
            .map(f32::from_bits)
    }

    #[test]
    fn exp_within_its_bound() {
        let worst = floats(1e-9, 64.0, 97)
            .map(|x| (ulp(exp_nonpositive(-x), libm::exp(-f64::from(x))), x))
            .fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a });
        assert!(worst.0 < 1.1, "{worst:?}");
        assert_eq!(exp_nonpositive(0.0), 1.0);
        assert_eq!(exp_nonpositive(-64.001), 0.0);
        assert_eq!(exp_nonpositive(f32::MIN), 0.0);
        assert_eq!(exp_nonpositive(f32::NEG_INFINITY), 0.0);
    }

    #[test]
    fn ln_within_its_bound() {
        let worst = floats(f32::MIN_POSITIVE, f32::MAX, 997)
            .chain(floats(0.9, 1.1, 7))
            .map(|x| (ulp(ln(x), libm::log(f64::from(x))), x))
            .fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a });
        assert!(worst.0 < 1.0, "{worst:?}");
        assert_eq!(ln(1.0), 0.0);
    }
}
