//! A map in place of the filter: a network x(v) as those of the critic, with ReLU between its layers,
//! whose first layer reads v − c: its bias takes W·c off while the network runs.
//!
//! # Parameters
//! Of each layer its bias, then a row of weights for each input.

use super::projection::{Block, Projection, Workspace};
use super::{AnyProjection, centre, norm};
use crate::kernel::Target;
use crate::nn::mlp::{self, Scratch};
use crate::num::lane::{Lane, get, get_mut, lanes};
use crate::num::rng::Stream;
use crate::shape::Shape;

/// x of a multi-layer perceptron, of the widths of [`Shape::with_map`].
#[derive(Clone, Copy, Debug)]
pub struct Map;

impl Projection for Map {
    fn any(self) -> AnyProjection {
        AnyProjection::Map
    }

    fn parameter_lanes(self, shape: &Shape) -> usize {
        shape.map_network().lanes()
    }

    fn initialise(self, shape: &Shape, parameters: &mut [Lane], stream: &mut Stream) {
        mlp::initialise(shape.map_network(), parameters, stream);
    }

    fn scale_lanes(self, shape: &Shape) -> usize {
        shape.map_network().layer_lanes(0)
    }

    #[inline(always)]
    fn logits<T: Target>(
        self,
        block: &Block,
        parameters: &mut [Lane],
        workspace: &mut Workspace,
        x: &mut [Lane],
    ) {
        let Block { shape, v, centres } = block;
        let net = shape.map_network();
        let width = lanes(net.width(1));
        let saved = &mut workspace.by_output[..width];
        saved.copy_from_slice(&parameters[..width]);
        let (bias, weights) = parameters.split_at_mut(width);
        centre::take_off(&weights[..shape.block() * width], centres, width, bias);
        let activations = &mut *workspace.activations;
        mlp::forward::<T>(net, shape.batch(), parameters, *v, activations);
        parameters[..width].copy_from_slice(saved);
        let at = activations.len() - x.len();
        x.copy_from_slice(&activations[at..]);
    }

    #[inline(always)]
    fn gradient<T: Target>(
        self,
        block: &Block,
        parameters: &[Lane],
        workspace: Workspace,
        _: u64,
        dx: &mut [Lane],
        gradient: &mut [Lane],
    ) {
        let Block { shape, v, centres } = block;
        let net = shape.map_network();
        workspace.by_output[..dx.len()].copy_from_slice(dx);
        mlp::backward::<T>(
            net,
            shape.batch(),
            parameters,
            *v,
            workspace.activations,
            workspace.by_output,
            workspace.by_input,
            gradient,
            Scratch {
                transposed: workspace.transposed,
                flipped: workspace.flipped,
            },
            false,
        );
        let width = lanes(net.width(1));
        let (bias, weights) = gradient.split_at_mut(width);
        centre::take_off_gradient(bias, centres, width, weights);
    }

    fn shrink(self, shape: &Shape, parameters: &mut [Lane], _: u64, factor: f32) {
        let net = shape.map_network();
        let mut rest = parameters;
        for l in 0..net.layers() {
            let (layer, next) = rest.split_at_mut(net.layer_lanes(l));
            let width = lanes(net.width(l + 1));
            norm::scale(&mut layer[width..], width, 0, factor);
            rest = next;
        }
    }

    /// Its scale is none of a norm.
    #[inline(always)]
    fn normalise<T: Target>(self, _: &Shape, _: &mut [Lane], _: u64) {}
}

impl Map {
    /// The mean response ⟨∂x_a/∂v_i⟩ of a component's logit over the batch whose activations lie in
    /// the workspace, to the first |V| of `weights`. Overwrites the gradients.
    #[inline(always)]
    pub(crate) fn response<T: Target>(
        block: &Block,
        parameters: &[Lane],
        workspace: Workspace,
        component: usize,
        gradient: &mut [Lane],
        weights: &mut [f32],
    ) {
        let shape = block.shape;
        let (net, batch) = (shape.map_network(), shape.batch());
        let width = lanes(shape.components());
        let by_output = workspace.by_output;
        by_output[..batch * width].fill(Lane::ZERO);
        for row in by_output[..batch * width].chunks_exact_mut(width) {
            *get_mut(row, component) = 1.0 / batch as f32;
        }
        mlp::backward::<T>(
            net,
            batch,
            parameters,
            block.v,
            workspace.activations,
            by_output,
            workspace.by_input,
            gradient,
            Scratch {
                transposed: workspace.transposed,
                flipped: workspace.flipped,
            },
            false,
        );
        // The gradient by the first bias is the mean of those by the first layer's outputs.
        let width = lanes(net.width(1));
        let first = parameters[width..].chunks_exact(width);
        for (row, weight) in first.zip(weights).take(shape.block()) {
            *weight = 0.0;
            for o in 0..net.width(1) {
                *weight += get(row, o) * get(gradient, o);
            }
        }
    }
}
