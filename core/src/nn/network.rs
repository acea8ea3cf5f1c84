//! The sizes of a multi-layer perceptron.
//!
//! A layer's parameters are its bias, then a row of weights for each of its inputs; a network's are
//! those of its layers, one after another. All rows are whole lanes.

use crate::nn::activation::Activation;
use crate::num::lane::{Lane, lanes};

/// Most hidden layers of a network.
pub const MAX_DEPTH: usize = 4;

/// Widths of a network's layers, from which the lengths of its parameters and activations follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    pub(crate) inputs: usize,
    pub(crate) hidden: [u32; MAX_DEPTH],
    pub(crate) depth: usize,
    pub(crate) outputs: usize,
    pub(crate) activation: Activation,
}

impl Network {
    /// Affine layers, the last one linear.
    #[inline(always)]
    #[must_use]
    pub const fn layers(&self) -> usize {
        self.depth + 1
    }

    /// Width of the input of layer `l`; of the output, for `l` = `layers()`.
    #[inline(always)]
    #[must_use]
    pub const fn width(&self, l: usize) -> usize {
        if l == 0 {
            self.inputs
        } else if l <= self.depth {
            self.hidden[l - 1] as usize
        } else {
            self.outputs
        }
    }

    /// Lanes of layer `l`: its bias, then a row of weights for each input.
    #[inline(always)]
    #[must_use]
    pub const fn layer_lanes(&self, l: usize) -> usize {
        (1 + self.width(l)) * lanes(self.width(l + 1))
    }

    /// Lanes of all layers' parameters.
    #[must_use]
    pub const fn lanes(&self) -> usize {
        let mut sum = 0;
        let mut l = 0;
        while l < self.layers() {
            sum += self.layer_lanes(l);
            l += 1;
        }
        sum
    }

    /// Multiplies the outputs by a factor, through the parameters of the last layer.
    pub fn scale(&self, parameters: &mut [Lane], factor: f32) {
        let first = self.lanes() - self.layer_lanes(self.depth);
        scale(&mut parameters[first..], factor);
    }

    /// Lanes of the outputs of all layers for one row of the batch.
    #[must_use]
    pub const fn activation_lanes(&self) -> usize {
        let mut sum = 0;
        let mut l = 0;
        while l < self.layers() {
            sum += lanes(self.width(l + 1));
            l += 1;
        }
        sum
    }

    /// Lanes of the widest layer output.
    #[must_use]
    pub const fn widest(&self) -> usize {
        let mut most = 0;
        let mut l = 0;
        while l < self.layers() {
            most = max(most, lanes(self.width(l + 1)));
            l += 1;
        }
        most
    }

    /// Lanes of the largest transposed weight matrix that a backward pass needs.
    #[must_use]
    pub const fn transposed_lanes(&self, from_layer: usize) -> usize {
        let mut most = 0;
        let mut l = from_layer;
        while l < self.layers() {
            most = max(most, self.width(l + 1) * lanes(self.width(l)));
            l += 1;
        }
        most
    }
}

pub(crate) const fn max(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// Multiplies all numbers by a factor.
pub(crate) fn scale(numbers: &mut [Lane], factor: f32) {
    for lane in numbers {
        lane.0.iter_mut().for_each(|x| *x *= factor);
    }
}
