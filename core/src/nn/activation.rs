//! Activations of hidden layers: y = φ(x), whose derivative follows from y alone, so that nothing
//! else is kept for the way back.
//!
//! | | φ(x) | φ′ by y |
//! |---|---|---|
//! | ReLU | max(x, 0) | 1 where y > 0, else 0 |
//! | ELU (Clevert et al. 2016) | x where x > 0, else eˣ − 1 | 1 where y > 0, else 1 + y |
//! | tanh | tanh x | (1 − y)(1 + y) |
//!
//! Where φ is saturated 1 + y and 1 − y carry the rounding of y: φ′, which is about to vanish, is
//! off by 10⁻⁷ of what it is elsewhere, and never negative.

use core::fmt;

use crate::kernel::{Target, narrow};
use crate::num::lane::{Lane, apart};
use crate::num::math;

/// What is applied to the outputs of every hidden layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activation {
    /// max(x, 0).
    #[default]
    Relu,
    /// x where x > 0, else eˣ − 1.
    Elu,
    /// tanh x.
    Tanh,
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Activation::Relu => "ReLU",
            Activation::Elu => "ELU",
            Activation::Tanh => "tanh",
        })
    }
}

impl Activation {
    /// All of them.
    pub const ALL: [Activation; 3] = [Activation::Relu, Activation::Elu, Activation::Tanh];

    /// As it is typed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Activation::Relu => "relu",
            Activation::Elu => "elu",
            Activation::Tanh => "tanh",
        }
    }

    /// x to φ(x).
    #[inline(always)]
    pub(crate) fn apply<T: Target>(self, x: &mut [Lane]) {
        match self {
            Activation::Relu => each(x, relu),
            _ if narrow::<T>() => by_number(self, x),
            Activation::Elu => each(x, elu),
            Activation::Tanh => each(x, tanh),
        }
    }

    /// dy to dx = φ′ dy.
    #[inline(always)]
    pub(crate) fn pull_back<T: Target>(self, d: &mut [Lane], y: &[Lane]) {
        match self {
            Activation::Relu => both(d, y, relu_back),
            _ if narrow::<T>() => back_by_number(self, d, y),
            Activation::Elu => both(d, y, elu_back),
            Activation::Tanh => both(d, y, tanh_back),
        }
    }
}

#[inline(always)]
fn relu(x: f32) -> f32 {
    if x > 0.0 { x } else { 0.0 }
}

#[inline(always)]
fn relu_back(d: f32, y: f32) -> f32 {
    if y > 0.0 { d } else { 0.0 }
}

#[inline(always)]
fn elu(x: f32) -> f32 {
    let below = math::exp_nonpositive(if x > 0.0 { 0.0 } else { x }) - 1.0;
    if x > 0.0 { x } else { below }
}

#[inline(always)]
fn elu_back(d: f32, y: f32) -> f32 {
    d * if y > 0.0 { 1.0 } else { 1.0 + y }
}

#[inline(always)]
fn tanh(x: f32) -> f32 {
    let e = math::exp_nonpositive(if x > 0.0 { -2.0 * x } else { 2.0 * x });
    let size = (1.0 - e) / (1.0 + e);
    if x < 0.0 { -size } else { size }
}

#[inline(always)]
fn tanh_back(d: f32, y: f32) -> f32 {
    d * ((1.0 - y) * (1.0 + y))
}

#[inline(always)]
fn each(x: &mut [Lane], f: impl Fn(f32) -> f32) {
    for x in x {
        *x = x.map(&f);
        apart();
    }
}

#[inline(always)]
fn both(d: &mut [Lane], y: &[Lane], f: impl Fn(f32, f32) -> f32) {
    for (d, y) in d.iter_mut().zip(y) {
        *d = d.zip(*y, &f);
        apart();
    }
}

/// An activation for targets without vectors: number by number, and one function for all callers.
#[inline(never)]
fn by_number(activation: Activation, x: &mut [Lane]) {
    for x in x.iter_mut().flat_map(|x| &mut x.0) {
        *x = match activation {
            Activation::Relu => relu(*x),
            Activation::Elu => elu(*x),
            Activation::Tanh => tanh(*x),
        };
    }
}

#[inline(never)]
fn back_by_number(activation: Activation, d: &mut [Lane], y: &[Lane]) {
    let numbers = d.iter_mut().flat_map(|d| &mut d.0);
    for (d, y) in numbers.zip(y.iter().flat_map(|y| &y.0)) {
        *d = match activation {
            Activation::Relu => relu_back(*d, *y),
            Activation::Elu => elu_back(*d, *y),
            Activation::Tanh => tanh_back(*d, *y),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values and derivatives against f64, absolute: what a network sees of their errors.
    #[test]
    fn activations_and_their_derivatives_are_those_of_f64() {
        for i in -40_000..=40_000 {
            let x = i as f32 * 5e-4;
            let wide = f64::from(x);
            let power = libm::exp(wide);
            let cosh = libm::cosh(wide);
            for (activation, want, slope) in [
                (Activation::Relu, wide.max(0.0), f64::from(u8::from(i > 0))),
                (
                    Activation::Elu,
                    if i > 0 { wide } else { libm::expm1(wide) },
                    if i > 0 { 1.0 } else { power },
                ),
                (Activation::Tanh, libm::tanh(wide), 1.0 / (cosh * cosh)),
            ] {
                let mut y = [Lane([x; 16])];
                activation.apply::<crate::kernel::Portable>(&mut y);
                let mut d = [Lane([1.0; 16])];
                activation.pull_back::<crate::kernel::Portable>(&mut d, &y);
                let (y, d) = (f64::from(y[0].0[5]), f64::from(d[0].0[5]));
                assert!(
                    (y - want).abs() < 1.5e-7,
                    "{activation} of {x}: {y}, {want}"
                );
                assert!(
                    d >= 0.0 && (d - slope).abs() < 2.5e-7,
                    "{activation} at {x}: {d}"
                );
            }
        }
    }

    #[test]
    fn large_numbers_saturate_and_what_is_no_number_stays_so() {
        for (x, elu_x, tanh_x) in [
            (f32::INFINITY, f32::INFINITY, 1.0),
            (f32::MAX, f32::MAX, 1.0),
            (f32::MIN, -1.0, -1.0),
            (f32::NEG_INFINITY, -1.0, -1.0),
        ] {
            assert_eq!((elu(x), tanh(x)), (elu_x, tanh_x));
            assert_eq!(tanh_back(1.0, tanh(x)), 0.0);
        }
        assert!(elu(f32::NAN).is_nan() && tanh(f32::NAN).is_nan());
        assert_eq!((elu(0.0), tanh(0.0)), (0.0, 0.0));
    }
}
