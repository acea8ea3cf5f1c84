//! A multi-layer perceptron: affine layers with ReLU between, the last one linear.
//!
//! # Forward
//! For row k of a batch and layer l with weights w (inputs × outputs) and bias b,
//!
//! ```text
//! y[k][o] = b[o] + Σ_i x[k][i] w[i][o],      x of the next layer = max(y, 0), y ≤ 0 gives +0
//! ```
//!
//! # Backward
//! With dy = ∂I/∂y given, the chain rule is
//!
//! ```text
//! db[o]    = Σ_k dy[k][o]
//! dw[i][o] = Σ_k x[k][i] dy[k][o]
//! dx[k][i] = Σ_o dy[k][o] w[i][o],           times 1 where x[k][i] > 0, else 0 (ReLU)
//! ```
//!
//! where x is the layer's input, itself the ReLU of the layer below, so that its sign is all the
//! mask there is to keep. Weights are transposed first, so that dx too runs over outputs. Inputs
//! that are packed signs have no gradient; theirs for dw is the same sum on the transposed bits.

use crate::kernel::dense::{Matrix, Output};
use crate::kernel::{Tile, signs};
use crate::num::lane::{Lane, apart, get, get_mut, lanes};
use crate::num::math;
use crate::num::rng::Stream;
use crate::shape::Network;

/// What a network reads.
#[derive(Clone, Copy)]
pub(crate) enum Input<'a> {
    /// Packed ±1, a row of words for each sample.
    Signs(&'a [u32]),
    /// Real rows of whole lanes.
    Real(&'a [Lane]),
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
pub(crate) fn forward<T: Tile>(
    net: Network,
    batch: usize,
    mut parameters: &[Lane],
    input: Input,
    activations: &mut [Lane],
) {
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
        let real = |x, out: &mut [Lane]| {
            let (x, w) = (Matrix::new(x, lanes(inner)), Matrix::new(weights, width));
            T::rows(batch, inner, x, w, outputs, Output::add(out, width));
        };
        match input {
            Input::Signs(rows) if l == 0 => {
                T::signs(batch, inner, rows, weights, width, Output::add(out, width));
            }
            Input::Real(rows) if l == 0 => real(rows, out),
            _ => real(&below[done - batch * lanes(inner)..], out),
        }
        if l + 1 < net.layers() {
            for y in out.iter_mut() {
                *y = y.map(|y| if y > 0.0 { y } else { 0.0 });
                apart();
            }
        }
        done += batch * width;
    }
}

/// Gradients by all parameters, and by the input if it is real.
///
/// `upper` holds the gradient by the output on entry; it and `lower`, each `batch` rows of the
/// widest layer, are used in turn. `gradients` is overwritten. `transposed` holds the largest
/// transposed weight matrix, and `flipped` the transposed input bits (ignored for real input).
/// Returns the gradient by the input, or what is left of it when the input is packed signs.
#[inline(always)]
pub(crate) fn backward<'a, T: Tile>(
    net: Network,
    batch: usize,
    parameters: &[Lane],
    input: Input,
    activations: &[Lane],
    mut upper: &'a mut [Lane],
    mut lower: &'a mut [Lane],
    gradients: &mut [Lane],
    transposed: &mut [Lane],
    flipped: &mut [u32],
) -> &'a [Lane] {
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
        bias_gradient.fill(Lane::ZERO);
        for row in dy.chunks_exact(width) {
            for (sum, d) in bias_gradient.iter_mut().zip(row) {
                *sum = sum.zip(*d, |sum, d| sum + d);
                apart();
            }
        }

        let below = match input {
            Input::Signs(rows) if l == 0 => {
                signs::transpose::<T>(rows, batch, inner, flipped);
                T::signs(
                    inner,
                    batch,
                    flipped,
                    dy,
                    width,
                    Output::set(weight_gradient, width),
                );
                break;
            }
            Input::Real(rows) if l == 0 => rows,
            _ => &activations[top - batch * lanes(inner)..],
        };
        let (x, dy) = (Matrix::new(below, lanes(inner)), Matrix::new(dy, width));
        T::columns(
            inner,
            batch,
            x,
            dy,
            outputs,
            Output::set(weight_gradient, width),
        );

        let transposed = &mut transposed[..outputs * lanes(inner)];
        transpose(weights, inner, outputs, transposed);
        let dx = &mut lower[..batch * lanes(inner)];
        let w = Matrix::new(transposed, lanes(inner));
        T::rows(batch, outputs, dy, w, inner, Output::set(dx, lanes(inner)));
        if l > 0 {
            for (d, x) in dx.iter_mut().zip(below) {
                *d = d.zip(*x, |d, x| if x > 0.0 { d } else { 0.0 });
                apart();
            }
        }
        core::mem::swap(&mut upper, &mut lower);
    }
    upper
}

/// Rows of `columns` numbers to columns; padding of the result is 0.
#[inline(always)]
pub(crate) fn transpose(from: &[Lane], rows: usize, columns: usize, to: &mut [Lane]) {
    to.fill(Lane::ZERO);
    for (r, row) in from.chunks_exact(lanes(columns)).enumerate().take(rows) {
        for (c, out) in to.chunks_exact_mut(lanes(rows)).enumerate().take(columns) {
            *get_mut(out, r) = get(row, c);
        }
    }
}
