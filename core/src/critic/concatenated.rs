//! The concatenated critic f([h, e]): one network that reads h and e side by side, and ends in one
//! number.
//!
//! Its first layer is a sum of what h and e contribute, so that these are computed once for each row
//! and not for each pair. With φ the activation and n the rest of the network,
//!
//! ```text
//! u_i = W_h h_i,   v_j = W_e e_j + b,   F_ij = n(φ(u_i + v_j))
//! ```
//!
//! n is run on the K pairs of one column j at a time: nothing is kept but F, and the way back runs the
//! column again. That is K² rows for the rest where a separable critic has 2K.
//!
//! # Gradient
//! With the slopes s_ij = ∂I/∂F_ij of the bound and n′ that of n by its input,
//!
//! ```text
//! d_ij = s_ij n′ φ′(u_i + v_j),   du_i = Σ_j d_ij,   dv_j = Σ_i d_ij
//! dW_h = Σ_i h_i du_iᵀ,   dh_i = W_hᵀ du_i,   db = Σ_j dv_j,   dW_e = Σ_j e_j dv_jᵀ
//! ```
//!
//! # Parameters
//! A row of W_h for each column of h; b and the rows of W_e; the layers of n.

use super::{AnyCritic, Critic, Operands, Workspace, WorkspaceParts};
use crate::bound::Bound;
use crate::bound::scores::{Columns, Scores};
use crate::kernel::Target;
use crate::kernel::dense::{Matrix, Output};
use crate::nn::mlp::{self, Input, Scratch};
use crate::nn::network::{Network, max};
use crate::num::lane::{Lane, apart, get, get_mut, lanes};
use crate::num::rng::Stream;
use crate::shape::PairShape;

/// The concatenated critic.
#[derive(Clone, Copy, Debug)]
pub struct Concatenated;

/// Scores beyond this are cut, so that their differences are finite.
const LARGEST: f32 = 1e34;

/// Lanes of W_h: a row for each column of x.
const fn lanes_by_x(shape: &PairShape) -> usize {
    shape.x() * lanes(shape.first_hidden())
}

/// W_e e + b.
const fn affine(shape: &PairShape) -> Network {
    let (inputs, outputs) = (shape.y(), shape.first_hidden());
    shape.network(inputs, shape.hidden_layers(), outputs)
}

/// n.
const fn rest(shape: &PairShape) -> Network {
    shape.network(shape.first_hidden(), 1, 1)
}

/// Lanes of the parameters.
pub(super) const fn parameter_lanes(shape: &PairShape) -> usize {
    lanes_by_x(shape) + affine(shape).lanes() + rest(shape).lanes()
}

/// Parts of the workspace.
pub(super) const fn workspace(shape: &PairShape) -> WorkspaceParts {
    let (k, x, rest) = (shape.batch(), shape.x(), rest(shape));
    let first = lanes(shape.first_hidden());
    let widest = k * max(max(first, lanes(x)), rest.widest());
    let by_first = 2 * k * first + rest.lanes();
    let of_first = shape.first_hidden() * lanes(x);
    let column = k * (first + rest.activation_lanes());
    [
        ("first layer of h", k * first),
        ("first layer of e", k * first),
        ("activations of a column", column),
        ("scores", shape.score_lanes()),
        ("gradients by the first layer, of a column", by_first),
        ("gradients by layers", 2 * widest),
        (
            "transposed weights",
            max(of_first, rest.transposed_lanes(0)),
        ),
    ]
}

/// The parameters: W_h, (b, W_e), n.
fn split<'a>(shape: &PairShape, all: &'a [Lane]) -> [&'a [Lane]; 3] {
    let (by_x, others) = all.split_at(lanes_by_x(shape));
    let (by_y, rest) = others.split_at(affine(shape).lanes());
    [by_x, by_y, rest]
}

fn split_mut<'a>(shape: &PairShape, all: &'a mut [Lane]) -> [&'a mut [Lane]; 3] {
    let (by_x, others) = all.split_at_mut(lanes_by_x(shape));
    let (by_y, rest) = others.split_at_mut(affine(shape).lanes());
    [by_x, by_y, rest]
}

/// Rows u_i and v_j, whose sums go through the rest of the network.
#[derive(Debug)]
pub struct Sums<'a> {
    shape: PairShape,
    /// Of n.
    parameters: &'a [Lane],
    u: &'a [Lane],
    v: &'a [Lane],
    /// φ(u_i + v_j) of all i, then the activations of n.
    column: &'a mut [Lane],
    gradients: Option<Gradients<'a>>,
}

/// Where gradients go, and what they take.
#[derive(Debug)]
struct Gradients<'a> {
    du: &'a mut [Lane],
    dv: &'a mut [Lane],
    /// By the parameters of n.
    all: &'a mut [Lane],
    /// The same of one column.
    one: &'a mut [Lane],
    by_output: &'a mut [Lane],
    by_input: &'a mut [Lane],
    transposed: &'a mut [Lane],
}

impl Sums<'_> {
    /// Runs the pairs of column j through n; the scores are the last K lanes of `column`.
    #[inline(never)]
    fn run<T: Target>(&mut self, j: usize) {
        let (batch, rest) = (self.shape.batch(), rest(&self.shape));
        let width = lanes(rest.inputs);
        let (first, activations) = self.column.split_at_mut(batch * width);
        let v = &self.v[j * width..][..width];
        let rows = first
            .chunks_exact_mut(width)
            .zip(self.u.chunks_exact(width));
        for (sum, u) in rows {
            for ((sum, u), v) in sum.iter_mut().zip(u).zip(v) {
                *sum = u.zip(*v, |u, v| u + v);
                apart();
            }
        }
        rest.activation.apply::<T>(first);
        let first = Input::Reals(first);
        mlp::forward::<T>(rest, batch, self.parameters, first, activations);
    }
}

impl Scores for Sums<'_> {
    #[inline(always)]
    fn batch(&self) -> usize {
        self.shape.batch()
    }

    #[inline(always)]
    fn learns(&self) -> bool {
        self.gradients.is_some()
    }

    #[inline(never)]
    fn scores<T: Target>(&mut self, columns: &mut Columns) {
        columns.scores.fill(Lane::ZERO);
        let last = self.column.len() - self.shape.batch();
        for c in 0..columns.count {
            self.run::<T>(columns.first + c);
            let rows = columns.scores.chunks_exact_mut(columns.stride);
            for (row, score) in rows.zip(&self.column[last..]) {
                let f = score.0[0];
                let f = if f > LARGEST { LARGEST } else { f };
                *get_mut(row, c) = if f < -LARGEST { -LARGEST } else { f };
            }
        }
    }

    #[inline(never)]
    fn back<T: Target>(&mut self, columns: Columns) {
        let (batch, rest) = (self.shape.batch(), rest(&self.shape));
        let width = lanes(rest.inputs);
        if columns.first == 0
            && let Some(Gradients { du, all, one, .. }) = &mut self.gradients
        {
            du.fill(Lane::ZERO);
            all.fill(Lane::ZERO);
            // Products may leave padding as it is.
            one.fill(Lane::ZERO);
        }
        for c in 0..columns.count {
            self.run::<T>(columns.first + c);
            let Some(gradients) = &mut self.gradients else {
                return;
            };
            let rows = columns.scores.chunks_exact(columns.stride);
            for (slope, row) in gradients.by_output.iter_mut().zip(rows) {
                *slope = Lane::ZERO;
                slope.0[0] = get(row, c);
            }
            let (first, activations) = self.column.split_at(batch * width);
            let d = mlp::backward::<T>(
                rest,
                batch,
                self.parameters,
                Input::Reals(first),
                activations,
                gradients.by_output,
                gradients.by_input,
                gradients.one,
                Scratch {
                    transposed: gradients.transposed,
                    flipped: &mut [],
                },
                true,
            );
            let d = &mut d[..batch * width];
            rest.activation.pull_back::<T>(d, first);
            let dv = &mut gradients.dv[(columns.first + c) * width..][..width];
            dv.fill(Lane::ZERO);
            let rows = d.chunks_exact(width);
            for (d, du) in rows.zip(gradients.du.chunks_exact_mut(width)) {
                for ((d, du), dv) in d.iter().zip(du).zip(&mut *dv) {
                    *du = du.zip(*d, |sum, d| sum + d);
                    *dv = dv.zip(*d, |sum, d| sum + d);
                    apart();
                }
            }
            for (sum, one) in gradients.all.iter_mut().zip(&*gradients.one) {
                *sum = sum.zip(*one, |sum, one| sum + one);
                apart();
            }
        }
    }
}

impl Critic for Concatenated {
    type Scores<'s> = Sums<'s>;

    fn any(self) -> AnyCritic {
        AnyCritic::Concatenated
    }

    fn parameter_lanes(self, shape: &PairShape) -> usize {
        parameter_lanes(shape)
    }

    fn workspace(self, shape: &PairShape) -> WorkspaceParts {
        workspace(shape)
    }

    fn initialise(self, shape: &PairShape, parameters: &mut [Lane], stream: &mut Stream) {
        let [by_x, by_y, of_rest] = split_mut(shape, parameters);
        // As if x and y had layers of their own: y may have so many more numbers that x would hardly
        // be heard in one for both.
        mlp::glorot(by_x, shape.x(), shape.first_hidden(), stream);
        mlp::initialise(affine(shape), by_y, stream);
        mlp::initialise(rest(shape), of_rest, stream);
    }

    fn scale(self, shape: &PairShape, parameters: &mut [Lane], factor: f32) {
        let [_, _, of_rest] = split_mut(shape, parameters);
        rest(shape).scale(of_rest, factor);
    }

    /// u and v of all rows.
    #[inline(never)]
    fn scores<'s, T: Target>(
        self,
        operands: &Operands<'s>,
        _: impl Bound,
        workspace: Workspace<'s>,
        gradients: Option<&'s mut [Lane]>,
    ) -> Sums<'s> {
        let (shape, batch) = (operands.shape, operands.shape.batch());
        let [by_x, by_y, parameters] = split(&shape, operands.parameters);
        let width = shape.first_hidden();
        let out = Output::set(workspace.of_x, lanes(width));
        operands.x.product::<T>(batch, shape.x(), by_x, width, out);
        mlp::forward::<T>(affine(&shape), batch, by_y, operands.y, workspace.of_y);
        let of_first = batch * lanes(width);
        let gradients = gradients.map(|gradients| {
            let [_, _, all] = split_mut(&shape, gradients);
            let (du, others) = workspace.by_x.split_at_mut(of_first);
            let (dv, one) = others.split_at_mut(of_first);
            Gradients {
                du,
                dv,
                all,
                one,
                by_output: workspace.by_output,
                by_input: workspace.by_input,
                transposed: workspace.transposed,
            }
        });
        Sums {
            shape,
            parameters,
            u: workspace.of_x,
            v: workspace.of_y,
            column: workspace.columns,
            gradients,
        }
    }

    #[inline(never)]
    fn back<'w, T: Target>(
        self,
        operands: &Operands,
        _: impl Bound,
        gradients: &mut [Lane],
        flipped: &mut [u32],
        through: bool,
        workspace: Workspace<'w>,
    ) -> &'w [Lane] {
        let shape = &operands.shape;
        let [by_x, by_y, _] = split_mut(shape, gradients);
        let of_first = shape.batch() * lanes(shape.first_hidden());
        let (du, others) = workspace.by_x.split_at_mut(of_first);
        let (dv, _) = others.split_at_mut(of_first);
        back_of_y::<T>(operands, dv, by_y, flipped);
        let dx = through.then_some((&mut *workspace.by_input, workspace.transposed));
        back_of_x::<T>(operands, du, by_x, flipped, dx);
        workspace.by_input
    }
}

/// Of the gradients by v those by bias and rows for y.
#[inline(never)]
fn back_of_y<T: Target>(
    operands: &Operands,
    dv: &mut [Lane],
    gradients: &mut [Lane],
    flipped: &mut [u32],
) {
    let [_, weights, _] = split(&operands.shape, operands.parameters);
    mlp::backward::<T>(
        affine(&operands.shape),
        operands.shape.batch(),
        weights,
        operands.y,
        &[],
        dv,
        &mut [],
        gradients,
        Scratch {
            transposed: &mut [],
            flipped,
        },
        false,
    );
}

/// Of the gradients by u those by the rows for x, and by x where they are wanted.
#[inline(never)]
fn back_of_x<T: Target>(
    operands: &Operands,
    du: &[Lane],
    gradients: &mut [Lane],
    flipped: &mut [u32],
    dx: Option<(&mut [Lane], &mut [Lane])>,
) {
    let (shape, batch) = (&operands.shape, operands.shape.batch());
    let (columns, width) = (shape.x(), shape.first_hidden());
    let out = Output::set(gradients, lanes(width));
    operands
        .x
        .gradient::<T>(batch, columns, du, width, flipped, out);
    if let Some((dx, transposed)) = dx {
        let inner = lanes(columns);
        let transposed = &mut transposed[..width * inner];
        let [weights, _, _] = split(shape, operands.parameters);
        mlp::transpose(weights, columns, width, transposed);
        let (du, w) = (
            Matrix::new(du, lanes(width)),
            Matrix::new(transposed, inner),
        );
        T::rows(batch, width, du, w, columns, Output::set(dx, inner));
    }
}
