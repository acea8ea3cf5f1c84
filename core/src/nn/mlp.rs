//! A multi-layer perceptron: affine layers with an [`Activation`](super::Activation) φ
//! between, the last one linear.
//!
//! # Forward
//! For row k of a batch and layer l with weights w (inputs × outputs) and bias b,
//!
//! ```text
//! y[k][o] = b[o] + Σ_i x[k][i] w[i][o],      x of the next layer = φ(y)
//! ```
//!
//! # Backward
//! With dy = ∂I/∂y given, the chain rule is
//!
//! ```text
//! db[o]    = Σ_k dy[k][o]
//! dw[i][o] = Σ_k x[k][i] dy[k][o]
//! dx[k][i] = Σ_o dy[k][o] w[i][o],           times φ′
//! ```
//!
//! where x is the layer's input, itself φ of the layer below, from which φ′ follows: nothing else is
//! kept. Weights are transposed first, so that dx too runs over outputs. Inputs
//! that are packed signs have no gradient; theirs for dw is the same sum on the transposed bits.

use super::network::Network;
use crate::kernel::dense::{Matrix, Output};
use crate::kernel::{Target, signs};
use crate::num::lane::{Lane, WIDTH, apart, get_mut, lanes, whole};
use crate::num::math;
use crate::num::rng::Stream;

/// The rows that a network reads, one for each sample of a batch.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Packed ±1: rows of [`words`](crate::num::bits::words) of the columns.
    Signs(&'a [u32]),
    /// Real numbers: rows of [`lanes`] of the columns.
    Reals(&'a [Lane]),
}

impl Input<'_> {
    /// out\[k\]\[o\] = Σ_i x\[k\]\[i\] w\[i\]\[o\].
    #[inline(always)]
    pub(crate) fn product<T: Target>(
        self,
        batch: usize,
        inputs: usize,
        weights: &[Lane],
        outputs: usize,
        out: Output,
    ) {
        let width = lanes(outputs);
        match self {
            Input::Signs(rows) => T::signs(batch, inputs, rows, weights, width, out),
            Input::Reals(rows) => {
                let x = Matrix::new(rows, lanes(inputs));
                T::rows(batch, inputs, x, Matrix::new(weights, width), outputs, out);
            }
        }
    }

    /// out\[i\]\[o\] = Σ_k x\[k\]\[i\] dy\[k\]\[o\]; `flipped` takes the transposed bits.
    #[inline(always)]
    pub(crate) fn gradient<T: Target>(
        self,
        batch: usize,
        inputs: usize,
        dy: &[Lane],
        outputs: usize,
        flipped: &mut [u32],
        out: Output,
    ) {
        let width = lanes(outputs);
        match self {
            Input::Signs(rows) => {
                signs::transpose::<T>(rows, batch, inputs, flipped);
                T::signs(inputs, batch, flipped, dy, width, out);
            }
            Input::Reals(rows) => {
                let x = Matrix::new(rows, lanes(inputs));
                T::columns(inputs, batch, x, Matrix::new(dy, width), outputs, out);
            }
        }
    }
}

/// Uniform on ±√(6 / (inputs + outputs)) (Glorot and Bengio 2010).
pub(crate) fn glorot(rows: &mut [Lane], inputs: usize, outputs: usize, stream: &mut Stream) {
    let bound = math::sqrt64(6.0 / (inputs + outputs) as f64) as f32;
    for row in rows.chunks_exact_mut(lanes(outputs)).take(inputs) {
        for o in 0..outputs {
            *get_mut(row, o) = (2.0 * stream.uniform() - 1.0) * bound;
        }
    }
}

/// Draws the weights and clears the biases.
pub(crate) fn initialise(net: Network, mut parameters: &mut [Lane], stream: &mut Stream) {
    for l in 0..net.layers() {
        let (layer, rest) = parameters.split_at_mut(net.layer_lanes(l));
        let (bias, weights) = layer.split_at_mut(lanes(net.width(l + 1)));
        bias.fill(Lane::ZERO);
        glorot(weights, net.width(l), net.width(l + 1), stream);
        parameters = rest;
    }
}

/// Runs `batch` rows through the network. `activations` takes the outputs of all layers one after
/// the other, each `batch` rows; the last is the network's output.
#[inline(always)]
pub(crate) fn forward<T: Target>(
    net: Network,
    batch: usize,
    mut parameters: &[Lane],
    input: Input,
    activations: &mut [Lane],
) {
    T::part(
        #[inline(always)]
        || {
            let mut done = 0;
            for l in 0..net.layers() {
                let (inner, outputs) = (net.width(l), net.width(l + 1));
                let width = lanes(outputs);
                let (layer, rest) = parameters.split_at(net.layer_lanes(l));
                parameters = rest;
                let (bias, weights) = layer.split_at(width);
                let (below, above) = activations.split_at_mut(done);
                let out = &mut above[..batch * width];
                for row in out.chunks_exact_mut(width) {
                    row.copy_from_slice(bias);
                }
                let x = match l {
                    0 => input,
                    _ => Input::Reals(&below[done - batch * lanes(inner)..]),
                };
                x.product::<T>(batch, inner, weights, outputs, Output::add(out, width));
                if l + 1 < net.layers() {
                    net.activation.apply::<T>(out);
                }
                done += batch * width;
            }
        },
    )
}

/// What a backward pass overwrites besides its results.
pub(crate) struct Scratch<'a> {
    /// For the largest transposed weight matrix.
    pub(crate) transposed: &'a mut [Lane],
    /// For the transposed bits of the input; empty, if it is real.
    pub(crate) flipped: &'a mut [u32],
}

/// Gradients by all parameters, and by the input if `through`.
///
/// `upper` holds the gradient by the output on entry; it and `lower`, each `batch` rows of the
/// widest layer, are used in turn. `gradients` is overwritten. Returns the gradient by the input;
/// if that is not wanted, what is left in its place.
#[inline(always)]
pub(crate) fn backward<'a, T: Target>(
    net: Network,
    batch: usize,
    parameters: &[Lane],
    input: Input,
    activations: &[Lane],
    mut upper: &'a mut [Lane],
    mut lower: &'a mut [Lane],
    gradients: &mut [Lane],
    scratch: Scratch,
    through: bool,
) -> &'a mut [Lane] {
    T::part(
        #[inline(always)]
        || {
            let mut end = net.lanes();
            let mut top = batch * net.activation_lanes();
            for l in (0..net.layers()).rev() {
                let (inner, outputs) = (net.width(l), net.width(l + 1));
                let width = lanes(outputs);
                let start = end - net.layer_lanes(l);
                let weights = &parameters[start + width..end];
                let (bias_gradient, weight_gradient) = gradients[start..end].split_at_mut(width);
                end = start;
                top -= batch * width;

                let dy = &upper[..batch * width];
                for (o, sum) in bias_gradient.iter_mut().enumerate() {
                    let mut total = Lane::ZERO;
                    for d in dy.iter().skip(o).step_by(width) {
                        total = total.zip(*d, |sum, d| sum + d);
                        apart();
                    }
                    *sum = whole(total);
                }

                let below = match l {
                    0 => &[],
                    _ => &activations[top - batch * lanes(inner)..],
                };
                let x = match l {
                    0 => input,
                    _ => Input::Reals(below),
                };
                let dw = Output::set(weight_gradient, width);
                x.gradient::<T>(batch, inner, dy, outputs, scratch.flipped, dw);
                if l == 0 && !through {
                    break;
                }

                let transposed = &mut scratch.transposed[..outputs * lanes(inner)];
                transpose(weights, inner, outputs, transposed);
                let dx = &mut lower[..batch * lanes(inner)];
                let (dy, w) = (
                    Matrix::new(dy, width),
                    Matrix::new(transposed, lanes(inner)),
                );
                T::rows(batch, outputs, dy, w, inner, Output::set(dx, lanes(inner)));
                if l > 0 {
                    net.activation.pull_back::<T>(dx, below);
                }
                core::mem::swap(&mut upper, &mut lower);
            }
            upper
        },
    )
}

/// Rows of `columns` numbers to columns; padding of the result is 0.
#[inline(always)]
pub(crate) fn transpose(from: &[Lane], rows: usize, columns: usize, to: &mut [Lane]) {
    to.fill(Lane::ZERO);
    for (r, row) in from.chunks_exact(lanes(columns)).enumerate().take(rows) {
        let (lane, at) = (r / WIDTH, r % WIDTH);
        let outs = to.chunks_exact_mut(lanes(rows));
        let numbers = row.iter().flat_map(|lane| &lane.0);
        for (x, out) in numbers.zip(outs).take(columns) {
            out[lane].0[at] = *x;
        }
    }
}
