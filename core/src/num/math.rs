//! All elementary functions of the core.
//!
//! Those of the hot path are implemented here from +, −, × and bit moves, without branches, so that they
//! vectorise and have the same bits on every target. The others are libm's, in f64, and used at set-up
//! only. `f32::exp` and the like do not exist in `core`; std's versions must not be used.
//!
//! The features `libm` and `micromath` select other f32 functions, with other bits, though again the
//! same on every target; [`NAME`] says which. `firmware/README.md` compares them. All of them guarantee:
//! exp is 1 at 0, never more and never NaN, decreases with its argument, and is 0 below
//! [`EXP_ZERO_BELOW`]; ln has the right sign and is 0 only at 1; cos is from −1 to 1.
//! below [`EXP_ZERO_BELOW`]; ln has the right sign, and is 0 at 1 alone; cos is from −1 to 1.

#[cfg(all(feature = "libm", feature = "micromath"))]
compile_error!("elementary functions are libm's or micromath's: choose one of the two features");

#[cfg_attr(feature = "libm", path = "math/libm.rs")]
#[cfg_attr(
    all(feature = "micromath", not(feature = "libm")),
    path = "math/micromath.rs"
)]
#[cfg_attr(
    not(any(feature = "libm", feature = "micromath")),
    path = "math/own.rs"
)]
mod elementary;

pub use elementary::{NAME, cos, exp_nonpositive, ln, sqrt};

/// Below this, [`exp_nonpositive`] is 0: subnormal results would be slow and negligible in a sum that
/// contains a 1.
pub const EXP_ZERO_BELOW: f32 = -64.0;

/// eˣ in f64, for thresholds and reference results.
#[must_use]
pub fn exp64(x: f64) -> f64 {
    libm::exp(x)
}

/// ln x in f64, for reference results.
#[must_use]
pub fn ln64(x: f64) -> f64 {
    libm::log(x)
}

/// √x in f64, for error bars.
#[must_use]
pub fn sqrt64(x: f64) -> f64 {
    libm::sqrt(x)
}

/// eˣ − 1 in f64, for reference results.
#[must_use]
pub fn exp_m1_64(x: f64) -> f64 {
    libm::expm1(x)
}

/// ln(1 + x) in f64, for reference results.
#[must_use]
pub fn ln_1p_64(x: f64) -> f64 {
    libm::log1p(x)
}

/// sin x in f64, for reference results.
#[must_use]
pub fn sin64(x: f64) -> f64 {
    libm::sin(x)
}

/// The error function in f64, for reference results.
#[must_use]
pub fn erf64(x: f64) -> f64 {
    libm::erf(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Upper bounds of the errors: relative ones (absolute for cos), and in units of the last place.
    pub(super) struct Worst {
        pub(super) exp_ulp: f64,
        pub(super) ln_ulp: f64,
        pub(super) exp: f64,
        pub(super) ln: f64,
        pub(super) cos: f64,
        pub(super) sqrt: f64,
    }
    use elementary::WORST;

    /// Distance from the true value in units of the last place of the true value.
    fn ulp(got: f32, want: f64) -> f64 {
        let below = f32::from_bits((want.abs() as f32).to_bits());
        let step = f64::from(f32::from_bits(below.to_bits() + 1)) - f64::from(below);
        (f64::from(got) - want).abs() / step
    }

    fn relative(got: f32, want: f64) -> f64 {
        (f64::from(got) / want - 1.0).abs()
    }

    /// The largest error, and the argument where it occurs.
    fn worst(errors: impl Iterator<Item = (f64, f32)>) -> (f64, f32) {
        errors.fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a })
    }

    /// The positive floats of a range, every `step`-th.
    fn floats(from: f32, to: f32, step: usize) -> impl Iterator<Item = f32> {
        (from.to_bits()..=to.to_bits())
            .step_by(step)
            .map(f32::from_bits)
    }

    #[test]
    fn exp_within_its_bound() {
        let inputs = || floats(1e-9, 64.0, 97);
        let want = |x: f32| libm::exp(-f64::from(x));
        let ulps = worst(inputs().map(|x| (ulp(exp_nonpositive(-x), want(x)), x)));
        assert!(ulps.0 < WORST.exp_ulp, "{ulps:?}");
        let error = worst(inputs().map(|x| (relative(exp_nonpositive(-x), want(x)), x)));
        assert!(error.0 < WORST.exp, "{error:?}");
    }

    #[test]
    fn exp_keeps_its_promises() {
        assert_eq!(exp_nonpositive(0.0), 1.0);
        assert_eq!(exp_nonpositive(-0.0), 1.0);
        assert_eq!(exp_nonpositive(-64.001), 0.0);
        assert_eq!(exp_nonpositive(f32::MIN), 0.0);
        assert_eq!(exp_nonpositive(f32::NEG_INFINITY), 0.0);
        assert!(exp_nonpositive(f32::NAN).is_nan());
        let mut above = 1.0;
        for x in floats(f32::MIN_POSITIVE, 64.0, 97) {
            let y = exp_nonpositive(-x);
            // Rounding may make the result rise by one unit of the last place where it is nearly flat.
            assert!(
                y > 0.0 && y <= 1.0 && y <= above * (1.0 + f32::EPSILON),
                "{x}"
            );
            above = y;
        }
    }

    #[test]
    fn ln_within_its_bound() {
        let inputs = || {
            floats(f32::MIN_POSITIVE, f32::MAX, 997)
                .chain(floats(0.9, 1.1, 7))
                .filter(|x| *x != 1.0)
        };
        let want = |x: f32| libm::log(f64::from(x));
        let ulps = worst(inputs().map(|x| (ulp(ln(x), want(x)), x)));
        assert!(ulps.0 < WORST.ln_ulp, "{ulps:?}");
        let error = worst(inputs().map(|x| (relative(ln(x), want(x)), x)));
        assert!(error.0 < WORST.ln, "{error:?}");
        assert_eq!(ln(1.0), 0.0);
    }

    #[test]
    fn cos_within_its_bound() {
        let inputs = || floats(1e-9, core::f32::consts::TAU, 97);
        let error = worst(inputs().map(|x| {
            let want = libm::cos(f64::from(x));
            ((f64::from(cos(x)) - want).abs(), x)
        }));
        assert!(error.0 < WORST.cos, "{error:?}");
        assert!(inputs().all(|x| cos(x).abs() <= 1.0));
        assert_eq!((cos(0.0), cos(core::f32::consts::PI)), (1.0, -1.0));
    }

    #[test]
    fn sqrt_within_its_bound() {
        let inputs = floats(f32::MIN_POSITIVE, f32::MAX, 997);
        let error = worst(inputs.map(|x| (relative(sqrt(x), libm::sqrt(f64::from(x))), x)));
        assert!(error.0 < WORST.sqrt, "{error:?}");
    }
}
