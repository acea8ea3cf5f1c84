//! The one table of tolerances: how far the core's f32 may be from the f64 referees.
//!
//! The core's bits are the same on every machine, so a tolerance need only cover the error that
//! was measured, with room for other seeds; each says both. One rounding of f32 is 2⁻²⁴ = 6e-8.

/// Gradients: |g − g_ref| ≤ this · max(|g_ref|, rms of the layer's gradients).
///
/// The rms is taken over a layer's weights *and* biases, since the error of a sum is relative to
/// its terms, and gradients may cancel: adding a constant to u(h) changes no term of InfoNCE, so
/// the gradient by u's last bias is 0, and its relative error means nothing. Measured: 2.3e-5.
pub const GRADIENT: f64 = 3e-5;

/// Gradients of the filter when the encoder is saturated, relative to what they would be if
/// ∂h/∂x were at its largest, 1/2ε: ∂h/∂x = (1 − h²)/2ε carries the rounding of h. Measured: 7.9e-7.
pub const SATURATED_GRADIENT: f64 = 1e-6;

/// Gradients on the tape against central differences, in the units of [`GRADIENT`]: a step of 1e-6
/// leaves about 1e-16 / 1e-6 of rounding, and gradients are of order 1e-3. Measured: 8.6e-8.
pub const DIFFERENCES: f64 = 1e-6;

/// The least [`margin`](crate::reference::Bound::margin) of a case: eighty roundings of f32, more
/// than the error of any activation. The cases have 9e-6 and more.
pub const MARGIN: f64 = 5e-6;

/// Terms of InfoNCE: |t − t_ref| ≤ this · (1 + max |F|), the scores' own rounding. Measured: 6.7e-7.
pub const TERM: f64 = 2e-6;

/// A term when sites are permuted: the logits' and the first layer's sums change their order.
/// Measured: 2.9e-6, scores being of order 10.
pub const PERMUTED: f32 = 1e-5;

/// A term above ln K, in nats: two roundings of a number below 8. Measured: 8.3e-8.
pub const CEILING: f64 = 1e-6;

/// Parameters after Adam, relative to the sum of the rates so far.
///
/// β₂ᵗ near 1 leaves 1 − β₂ᵗ with up to 3e-5 of relative error, half of which the square root lets
/// through. Measured: 3.4e-6.
pub const ADAM: f64 = 1.5e-5;

/// Learning rate and ε against f64, relative to where they start. Measured: 1.0e-7.
pub const SCHEDULE: f64 = 5e-7;
