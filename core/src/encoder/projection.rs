//! From the block v to the logits x of the coarse variable.

use super::{Linear, Map};
use crate::kernel::Target;
use crate::nn::Input;
use crate::num::lane::Lane;
use crate::num::rng::Stream;
use crate::shape::Shape;

/// What a projection reads: K rows of v, and its own parameters.
#[derive(Debug)]
pub struct Block<'a> {
    /// All sizes.
    pub shape: Shape,
    /// K rows of v.
    pub v: Input<'a>,
    /// Means that are taken off v, one for each site; empty: they are 0.
    pub centres: &'a [f32],
}

/// What a projection writes between its parameters and its logits, and on the way back.
#[derive(Debug)]
pub struct Workspace<'w> {
    /// Outputs of all layers of a map.
    pub activations: &'w mut [Lane],
    /// Gradients by the output of a layer; on the way back in turn with the next.
    pub by_output: &'w mut [Lane],
    /// Gradients by the input of a layer.
    pub by_input: &'w mut [Lane],
    /// Transposed weights of a layer.
    pub transposed: &'w mut [Lane],
    /// Transposed bits of packed rows.
    pub flipped: &'w mut [u32],
}

/// A function x(v) with parameters, and its gradients by these. `frozen` has a bit for each
/// component whose weights stay.
pub trait Projection: Copy + core::fmt::Debug {
    /// Which one it is.
    fn any(self) -> AnyProjection;

    /// Lanes of its parameters.
    fn parameter_lanes(self, shape: &Shape) -> usize;

    /// Draws the first parameters.
    fn initialise(self, shape: &Shape, parameters: &mut [Lane], stream: &mut Stream);

    /// Lanes of the parameters that the first logits are proportional to, from the first on.
    fn scale_lanes(self, shape: &Shape) -> usize;

    /// K rows of logits to `x`. Leaves the parameters as they were.
    fn logits<T: Target>(
        self,
        block: &Block,
        parameters: &mut [Lane],
        workspace: &mut Workspace,
        x: &mut [Lane],
    );

    /// The gradients by all parameters, of those by the logits, `dx`, which it may change.
    fn gradient<T: Target>(
        self,
        block: &Block,
        parameters: &[Lane],
        workspace: Workspace,
        frozen: u64,
        dx: &mut [Lane],
        gradient: &mut [Lane],
    );

    /// Multiplies the weights of components that are not frozen.
    fn shrink(self, shape: &Shape, parameters: &mut [Lane], frozen: u64, factor: f32);

    /// Divides the weights of every component that is not frozen by their norm, if it has one.
    fn normalise<T: Target>(self, shape: &Shape, parameters: &mut [Lane], frozen: u64);
}

/// One of the projections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnyProjection {
    /// [`Linear`].
    Linear,
    /// [`Map`].
    Map,
}

/// The same call of the member that it is.
macro_rules! each {
    ($any:expr, $member:ident => $call:expr) => {
        match $any {
            AnyProjection::Linear => {
                let $member = Linear;
                $call
            }
            AnyProjection::Map => {
                let $member = Map;
                $call
            }
        }
    };
}

impl Projection for AnyProjection {
    fn any(self) -> AnyProjection {
        self
    }

    fn parameter_lanes(self, shape: &Shape) -> usize {
        each!(self, member => member.parameter_lanes(shape))
    }

    fn initialise(self, shape: &Shape, parameters: &mut [Lane], stream: &mut Stream) {
        each!(self, member => member.initialise(shape, parameters, stream));
    }

    fn scale_lanes(self, shape: &Shape) -> usize {
        each!(self, member => member.scale_lanes(shape))
    }

    #[inline(always)]
    fn logits<T: Target>(
        self,
        block: &Block,
        parameters: &mut [Lane],
        workspace: &mut Workspace,
        x: &mut [Lane],
    ) {
        each!(self, member => member.logits::<T>(block, parameters, workspace, x));
    }

    #[inline(always)]
    fn gradient<T: Target>(
        self,
        block: &Block,
        parameters: &[Lane],
        workspace: Workspace,
        frozen: u64,
        dx: &mut [Lane],
        gradient: &mut [Lane],
    ) {
        each!(self, member => {
            member.gradient::<T>(block, parameters, workspace, frozen, dx, gradient);
        });
    }

    fn shrink(self, shape: &Shape, parameters: &mut [Lane], frozen: u64, factor: f32) {
        each!(self, member => member.shrink(shape, parameters, frozen, factor));
    }

    #[inline(always)]
    fn normalise<T: Target>(self, shape: &Shape, parameters: &mut [Lane], frozen: u64) {
        each!(self, member => member.normalise::<T>(shape, parameters, frozen));
    }
}
