//! The filter: a linear map x_ka = Σ_i v_ki Λ_ia over the values of the block.
//!
//! Its gradient is dΛ_ia = Σ_k v_ki dx_ka. Both are sums over packed signs
//! ([`kernel::signs`](crate::kernel::signs)), or dense products where samples are real
//! ([`kernel::dense`](crate::kernel::dense)).
//!
//! # Parameters
//! A row of C weights for each site of the block.

use super::projection::{Block, Projection, Workspace};
use super::{AnyProjection, centre, norm};
use crate::kernel::Target;
use crate::kernel::dense::Output;
use crate::nn::mlp;
use crate::num::lane::{Lane, get_mut, lanes};
use crate::num::rng::Stream;
use crate::shape::Shape;

/// x = Λ·v.
#[derive(Clone, Copy, Debug)]
pub struct Linear;

/// Lanes of the parameters.
pub(crate) const fn parameter_lanes(shape: &Shape) -> usize {
    shape.block() * lanes(shape.components())
}

impl Projection for Linear {
    fn any(self) -> AnyProjection {
        AnyProjection::Linear
    }

    fn parameter_lanes(self, shape: &Shape) -> usize {
        parameter_lanes(shape)
    }

    fn initialise(self, shape: &Shape, parameters: &mut [Lane], stream: &mut Stream) {
        mlp::glorot(parameters, shape.block(), shape.components(), stream);
    }

    fn scale_lanes(self, shape: &Shape) -> usize {
        parameter_lanes(shape)
    }

    #[inline(always)]
    fn logits<T: Target>(
        self,
        block: &Block,
        parameters: &mut [Lane],
        _: &mut Workspace,
        x: &mut [Lane],
    ) {
        let Block { shape, v, centres } = block;
        let stride = lanes(shape.components());
        let logits = Output::set(x, stride);
        v.product::<T>(
            shape.batch(),
            shape.block(),
            parameters,
            shape.components(),
            logits,
        );
        if !centres.is_empty() {
            centre::take_off(parameters, centres, stride, x);
        }
    }

    #[inline(always)]
    fn gradient<T: Target>(
        self,
        block: &Block,
        _: &[Lane],
        workspace: Workspace,
        frozen: u64,
        dx: &mut [Lane],
        gradient: &mut [Lane],
    ) {
        let Block { shape, v, centres } = block;
        let components = shape.components();
        let stride = lanes(components);
        let out = Output::set(gradient, stride);
        v.gradient::<T>(
            shape.batch(),
            shape.block(),
            dx,
            components,
            workspace.flipped,
            out,
        );
        if !centres.is_empty() {
            centre::take_off_gradient(dx, centres, stride, gradient);
        }
        if frozen != 0 {
            // Their moments stay 0, and Adam does not move them.
            for row in gradient.chunks_exact_mut(stride) {
                let frozen = (0..components).filter(|a| frozen >> a & 1 != 0);
                frozen.for_each(|a| *get_mut(row, a) = 0.0);
            }
        }
    }

    fn shrink(self, shape: &Shape, parameters: &mut [Lane], frozen: u64, factor: f32) {
        norm::scale(parameters, lanes(shape.components()), frozen, factor);
    }

    #[inline(always)]
    fn normalise<T: Target>(self, shape: &Shape, parameters: &mut [Lane], frozen: u64) {
        norm::normalise::<T>(parameters, lanes(shape.components()), frozen);
    }
}
