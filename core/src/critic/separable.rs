//! The separable critic f(h, e) = u(h) · v(e): two networks that meet in an embedding.
//!
//! Its gradients by u and v are those of [`products`](super::products); through the networks they go
//! by [`mlp`].
//!
//! # Parameters
//! The layers of u, those of v.

use super::products::{Products, hold};
use super::{AnyCritic, Critic, Operands, Workspace, WorkspaceParts};
use crate::bound::Bound;
use crate::kernel::Target;
use crate::nn::mlp::{self, Scratch};
use crate::nn::network::{Network, max};
use crate::num::lane::{Lane, lanes};
use crate::num::rng::Stream;
use crate::shape::PairShape;

/// The separable critic.
#[derive(Clone, Copy, Debug)]
pub struct Separable;

/// u and v.
#[derive(Clone, Copy)]
pub(super) struct Networks {
    pub(super) u: Network,
    pub(super) v: Network,
}

impl Networks {
    #[inline(always)]
    const fn new(shape: &PairShape) -> Self {
        Networks {
            u: shape.network(shape.x(), 0, shape.embedding()),
            v: shape.network(shape.y(), 0, shape.embedding()),
        }
    }

    pub(super) const fn parameter_lanes(&self) -> usize {
        self.u.lanes() + self.v.lanes()
    }

    pub(super) const fn workspace(&self, shape: &PairShape) -> WorkspaceParts {
        let (k, embedding) = (shape.batch(), lanes(shape.embedding()));
        let (u, v) = (self.u, self.v);
        let widest = max(lanes(u.width(0)), max(u.widest(), v.widest()));
        let transposed = max(u.transposed_lanes(0), v.transposed_lanes(1));
        [
            ("activations of u(h)", k * u.activation_lanes()),
            ("activations of v(e)", k * v.activation_lanes()),
            ("transposed v(e)", shape.embedding() * lanes(k)),
            ("scores", shape.score_lanes()),
            ("gradient by u(h)", k * embedding),
            ("gradients by layers", 2 * k * widest),
            ("transposed weights", transposed),
        ]
    }

    pub(super) fn initialise(&self, parameters: &mut [Lane], stream: &mut Stream) {
        let (u, v) = parameters.split_at_mut(self.u.lanes());
        mlp::initialise(self.u, u, stream);
        mlp::initialise(self.v, v, stream);
    }

    /// Multiplies u.
    pub(super) fn scale(&self, parameters: &mut [Lane], factor: f32) {
        self.u.scale(&mut parameters[..self.u.lanes()], factor);
    }

    /// Runs both networks on x and y.
    #[inline(always)]
    pub(super) fn scores<'s, T: Target>(
        &self,
        operands: &Operands<'s>,
        bound: impl Bound,
        workspace: Workspace<'s>,
        learns: bool,
    ) -> Products<'s> {
        T::part(
            #[inline(always)]
            || {
                let (shape, batch) = (&operands.shape, operands.shape.batch());
                let (u, v) = operands.parameters.split_at(self.u.lanes());
                mlp::forward::<T>(self.u, batch, u, operands.x, workspace.of_x);
                mlp::forward::<T>(self.v, batch, v, operands.y, workspace.of_y);
                let at = [self.u, self.v]
                    .map(|net| batch * (net.activation_lanes() - lanes(shape.embedding())));
                if bound.learns_baseline() {
                    let last = shape.embedding() - 1;
                    hold(&mut workspace.of_x[at[0]..], shape.embedding(), last, -1.0);
                }
                Products::new::<T>(shape, at, workspace, learns)
            },
        )
    }

    /// Of the gradients by u, in `by_x`, and v, in `by_output`, those by all parameters and by x.
    #[inline(always)]
    pub(super) fn back<'w, T: Target>(
        &self,
        operands: &Operands,
        bound: impl Bound,
        gradients: &mut [Lane],
        flipped: &mut [u32],
        through: bool,
        workspace: Workspace<'w>,
    ) -> &'w [Lane] {
        T::part(
            #[inline(always)]
            || {
                let (shape, batch) = (&operands.shape, operands.shape.batch());
                if bound.learns_baseline() {
                    let last = shape.embedding() - 1;
                    hold(workspace.by_x, shape.embedding(), last, 0.0);
                }
                let (u, v) = operands.parameters.split_at(self.u.lanes());
                let (u_gradient, v_gradient) = gradients.split_at_mut(self.u.lanes());
                mlp::backward::<T>(
                    self.v,
                    batch,
                    v,
                    operands.y,
                    workspace.of_y,
                    workspace.by_output,
                    workspace.by_input,
                    v_gradient,
                    Scratch {
                        transposed: workspace.transposed,
                        flipped,
                    },
                    false,
                );
                workspace.by_output[..workspace.by_x.len()].copy_from_slice(workspace.by_x);
                mlp::backward::<T>(
                    self.u,
                    batch,
                    u,
                    operands.x,
                    workspace.of_x,
                    workspace.by_output,
                    workspace.by_input,
                    u_gradient,
                    Scratch {
                        transposed: workspace.transposed,
                        flipped,
                    },
                    through,
                )
            },
        )
    }
}

/// Lanes of the parameters.
pub(super) const fn parameter_lanes(shape: &PairShape) -> usize {
    Networks::new(shape).parameter_lanes()
}

/// Parts of the workspace.
pub(super) const fn workspace(shape: &PairShape) -> WorkspaceParts {
    Networks::new(shape).workspace(shape)
}

impl Critic for Separable {
    type Scores<'s> = Products<'s>;

    fn any(self) -> AnyCritic {
        AnyCritic::Separable
    }

    fn parameter_lanes(self, shape: &PairShape) -> usize {
        parameter_lanes(shape)
    }

    fn workspace(self, shape: &PairShape) -> WorkspaceParts {
        workspace(shape)
    }

    fn initialise(self, shape: &PairShape, parameters: &mut [Lane], stream: &mut Stream) {
        Networks::new(shape).initialise(parameters, stream);
    }

    fn scale(self, shape: &PairShape, parameters: &mut [Lane], factor: f32) {
        Networks::new(shape).scale(parameters, factor);
    }

    #[inline(always)]
    fn scores<'s, T: Target>(
        self,
        operands: &Operands<'s>,
        bound: impl Bound,
        workspace: Workspace<'s>,
        gradients: Option<&'s mut [Lane]>,
    ) -> Products<'s> {
        let networks = Networks::new(&operands.shape);
        networks.scores::<T>(operands, bound, workspace, gradients.is_some())
    }

    #[inline(always)]
    fn back<'w, T: Target>(
        self,
        operands: &Operands,
        bound: impl Bound,
        gradients: &mut [Lane],
        flipped: &mut [u32],
        through: bool,
        workspace: Workspace<'w>,
    ) -> &'w [Lane] {
        let networks = Networks::new(&operands.shape);
        networks.back::<T>(operands, bound, gradients, flipped, through, workspace)
    }
}
