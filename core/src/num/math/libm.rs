//! All functions from the crate libm.

use super::EXP_ZERO_BELOW;

/// Which elementary functions these are.
pub const NAME: &str = "libm";

/// eˣ for x ≤ 0, within 0.9 ulp; 0 for x < −64.
#[inline]
#[must_use]
pub fn exp_nonpositive(x: f32) -> f32 {
    if x < EXP_ZERO_BELOW {
        0.0
    } else {
        libm::expf(x)
    }
}

/// ln x for positive normal x, within 0.8 ulp.
#[inline]
#[must_use]
pub fn ln(x: f32) -> f32 {
    libm::logf(x)
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
    exp_ulp: 0.9,
    ln_ulp: 0.8,
    exp: 7.4e-8,
    ln: 8.0e-8,
    cos: 3.1e-8,
    sqrt: 6.1e-8,
};
