//! The quadratic critic, which needs no hidden layers:
//!
//! ```text
//! m = A e + b,   f(h, e) = h·m + hᵀ B h + mᵀ D m + c
//! ```
//!
//! with B and D symmetric C × C. Of jointly Gaussian h and e it has ln r itself: p(h|e) is normal with
//! a mean μ(e) linear in e and a covariance Σ that does not depend on it, so that with Σ_h that of h
//!
//! ```text
//! ln r = h·m − ½ hᵀ(Σ⁻¹ − Σ_h⁻¹)h − ½ mᵀ Σ m + const,   m = Σ⁻¹ μ(e)
//! ```
//!
//! Binary h it tells from e by logistic regression. It is separable, f = u · v in an embedding of
//! C + 2:
//!
//! ```text
//! u(h) = (h, hᵀBh, 1),   v(e) = (m, 1, mᵀDm + c)
//! ```
//!
//! # Gradient
//! With g_k the gradient by the quadratic form xᵀWx of row x_k,
//!
//! ```text
//! dW = Σ_k g_k x_k x_kᵀ,   dx_k = g_k (W + Wᵀ) x_k
//! ```
//!
//! dW is symmetric to the last bit, and W, which begins as zeros, stays so. InfoNCE does not see what
//! depends on e alone: D and c then have no gradient, and stay 0.
//!
//! # Parameters
//! The layer (b, A), C rows of B, C rows of D, c.

use super::products::{Products, hold};
use super::{AnyCritic, Critic, Operands, Workspace, WorkspaceParts};
use crate::bound::Bound;
use crate::kernel::Target;
use crate::kernel::dense::{Matrix, Output};
use crate::nn::Input;
use crate::nn::mlp::{self, Scratch};
use crate::nn::network::{Network, scale};
use crate::num::bits::{sign, words};
use crate::num::lane::{Lane, get, get_mut, lanes};
use crate::num::rng::Stream;
use crate::shape::PairShape;

/// The quadratic critic.
#[derive(Clone, Copy, Debug)]
pub struct Quadratic;

/// A e + b.
const fn affine(shape: &PairShape) -> Network {
    shape.network(shape.y(), shape.hidden_layers(), shape.x())
}

/// Lanes of a form: C rows.
const fn form_lanes(shape: &PairShape) -> usize {
    shape.x() * lanes(shape.x())
}

/// Lanes of the parameters.
pub(super) const fn parameter_lanes(shape: &PairShape) -> usize {
    affine(shape).lanes() + 2 * form_lanes(shape) + 1
}

/// Parts of the workspace.
pub(super) const fn workspace(shape: &PairShape) -> WorkspaceParts {
    let (k, embedding) = (shape.batch(), lanes(shape.embedding()));
    [
        ("u(h)", k * embedding),
        ("m and v(e)", k * (lanes(shape.x()) + embedding)),
        ("transposed v(e)", shape.embedding() * lanes(k)),
        ("scores", shape.score_lanes()),
        ("gradient by u(h)", k * embedding),
        ("gradients by layers", 2 * k * embedding),
        ("transposed weights", form_lanes(shape)),
    ]
}

/// The parameters: (b, A), B, D and c.
struct Parameters<P> {
    affine: P,
    by_h: P,
    by_m: P,
    constant: P,
}

impl<'a> Parameters<&'a [Lane]> {
    fn of(shape: &PairShape, all: &'a [Lane]) -> Self {
        let (affine, rest) = all.split_at(affine(shape).lanes());
        let (by_h, rest) = rest.split_at(form_lanes(shape));
        let (by_m, constant) = rest.split_at(form_lanes(shape));
        Parameters {
            affine,
            by_h,
            by_m,
            constant,
        }
    }
}

impl<'a> Parameters<&'a mut [Lane]> {
    fn of_mut(shape: &PairShape, all: &'a mut [Lane]) -> Self {
        let (affine, rest) = all.split_at_mut(affine(shape).lanes());
        let (by_h, rest) = rest.split_at_mut(form_lanes(shape));
        let (by_m, constant) = rest.split_at_mut(form_lanes(shape));
        Parameters {
            affine,
            by_h,
            by_m,
            constant,
        }
    }
}

/// Rows x and their quadratic form.
struct Form<'a> {
    batch: usize,
    components: usize,
    /// K × C.
    x: &'a [Lane],
    /// C × C.
    weights: &'a [Lane],
    /// Where xᵀWx stands in a row of the embedding, after x; in the other of the two places is a 1.
    at: usize,
}

impl Form<'_> {
    /// Rows of the embedding; `product` takes K × C.
    fn embed<T: Target>(&self, constant: f32, product: &mut [Lane], out: &mut [Lane]) {
        let (components, inner) = (self.components, lanes(self.components));
        let (x, weights) = (Matrix::new(self.x, inner), Matrix::new(self.weights, inner));
        let y = Output::set(product, inner);
        T::rows(self.batch, components, x, weights, components, y);
        let rows = self.x.chunks_exact(inner).zip(product.chunks_exact(inner));
        let out = out.chunks_exact_mut(lanes(components + 2));
        for ((x, y), out) in rows.zip(out).take(self.batch) {
            out.fill(Lane::ZERO);
            let mut form = constant;
            for a in 0..components {
                form += get(x, a) * get(y, a);
                *get_mut(out, a) = get(x, a);
            }
            *get_mut(out, components) = 1.0;
            *get_mut(out, components + 1) = 1.0;
            *get_mut(out, self.at) = form;
        }
    }

    /// Of the gradients `d` by rows of the embedding those by x and by the weights. `scaled` takes
    /// K × C, `transposed` C × C.
    fn pull_back<T: Target>(
        &self,
        d: &[Lane],
        dx: &mut [Lane],
        dw: &mut [Lane],
        scaled: &mut [Lane],
        transposed: &mut [Lane],
    ) {
        let (batch, components, inner) = (self.batch, self.components, lanes(self.components));
        let rows = self.x.chunks_exact(inner);
        let rows = rows.zip(d.chunks_exact(lanes(components + 2)));
        let out = dx.chunks_exact_mut(inner);
        let out = out.zip(scaled.chunks_exact_mut(inner));
        for ((x, d), (dx, scaled)) in rows.zip(out).take(batch) {
            dx.fill(Lane::ZERO);
            scaled.fill(Lane::ZERO);
            for a in 0..components {
                *get_mut(dx, a) = get(d, a);
                *get_mut(scaled, a) = get(d, self.at) * get(x, a);
            }
        }
        let (x, scaled) = (Matrix::new(self.x, inner), Matrix::new(scaled, inner));
        let dw = Output::set(dw, inner);
        T::columns(components, batch, x, scaled, components, dw);
        mlp::transpose(self.weights, components, components, transposed);
        for weights in [self.weights, transposed] {
            let (weights, dx) = (Matrix::new(weights, inner), Output::add(dx, inner));
            T::rows(batch, components, scaled, weights, components, dx);
        }
    }
}

/// Rows of x; `place` takes them where they are packed signs.
fn reals<'a>(operands: &Operands<'a>, place: &'a mut [Lane]) -> &'a [Lane] {
    let columns = operands.shape.x();
    match operands.x {
        Input::Reals(rows) => rows,
        Input::Signs(rows) => {
            let rows = rows.chunks_exact(words(columns));
            for (row, out) in rows.zip(place.chunks_exact_mut(lanes(columns))) {
                out.fill(Lane::ZERO);
                (0..columns).for_each(|a| *get_mut(out, a) = sign(row, a) as f32);
            }
            place
        }
    }
}

/// The form of x.
fn of_x<'a>(operands: &Operands<'a>, x: &'a [Lane]) -> Form<'a> {
    let (batch, components) = (operands.shape.batch(), operands.shape.x());
    Form {
        batch,
        components,
        x,
        weights: Parameters::of(&operands.shape, operands.parameters).by_h,
        at: components,
    }
}

/// The form of m.
fn of_m<'a>(operands: &Operands<'a>, m: &'a [Lane]) -> Form<'a> {
    Form {
        weights: Parameters::of(&operands.shape, operands.parameters).by_m,
        at: operands.shape.x() + 1,
        ..of_x(operands, m)
    }
}

/// Lanes of m.
fn of_m_lanes(shape: &PairShape) -> usize {
    shape.batch() * lanes(shape.x())
}

impl Critic for Quadratic {
    type Scores<'s> = Products<'s>;

    fn any(self) -> AnyCritic {
        AnyCritic::Quadratic
    }

    fn parameter_lanes(self, shape: &PairShape) -> usize {
        parameter_lanes(shape)
    }

    fn workspace(self, shape: &PairShape) -> WorkspaceParts {
        workspace(shape)
    }

    fn initialise(self, shape: &PairShape, parameters: &mut [Lane], stream: &mut Stream) {
        // All but A begins as zeros.
        let weights = Parameters::of_mut(shape, parameters).affine;
        mlp::initialise(affine(shape), weights, stream);
    }

    fn scale(self, shape: &PairShape, parameters: &mut [Lane], factor: f32) {
        let parts = Parameters::of_mut(shape, parameters);
        scale(parts.affine, factor);
        scale(parts.by_h, factor);
        // m is multiplied already, and its form has it twice.
        scale(parts.by_m, 1.0 / factor);
        scale(parts.constant, factor);
    }

    /// m, then both embeddings.
    #[inline(never)]
    fn scores<'s, T: Target>(
        self,
        operands: &Operands<'s>,
        _: impl Bound,
        workspace: Workspace<'s>,
        gradients: Option<&'s mut [Lane]>,
    ) -> Products<'s> {
        let shape = &operands.shape;
        let parameters = Parameters::of(shape, operands.parameters);
        let (m, v) = workspace.of_y.split_at_mut(of_m_lanes(shape));
        mlp::forward::<T>(
            affine(shape),
            shape.batch(),
            parameters.affine,
            operands.y,
            m,
        );
        let product = &mut *workspace.by_input;
        // The place of gradients, which there are none of yet.
        let x = reals(operands, &mut *workspace.by_x);
        of_x(operands, x).embed::<T>(0.0, product, workspace.of_x);
        of_m(operands, m).embed::<T>(get(parameters.constant, 0), product, v);
        let at = [0, of_m_lanes(shape)];
        Products::new::<T>(shape, at, workspace, gradients.is_some())
    }

    /// Of the gradients by u, in `by_x`, and v, in `by_output`, those by all parameters and by x.
    #[inline(never)]
    fn back<'w, T: Target>(
        self,
        operands: &Operands,
        bound: impl Bound,
        gradients: &mut [Lane],
        flipped: &mut [u32],
        _: bool,
        workspace: Workspace<'w>,
    ) -> &'w [Lane] {
        let shape = &operands.shape;
        let (batch, embedding) = (shape.batch(), shape.embedding());
        let (by_output, by_input) = (workspace.by_output, workspace.by_input);
        let alone = embedding - 1;
        if bound.ignores_functions_of_y() {
            // What is there is rounding, of which Adam would make steps.
            hold(by_output, embedding, alone, 0.0);
        }
        let gradients = Parameters::of_mut(shape, gradients);
        let mut total = 0.0;
        for dv in by_output.chunks_exact(lanes(embedding)).take(batch) {
            total += get(dv, alone);
        }
        gradients.constant.fill(Lane::ZERO);
        *get_mut(gradients.constant, 0) = total;
        // The embeddings have served: their places take what the way back needs.
        let (m, v) = workspace.of_y.split_at_mut(of_m_lanes(shape));
        of_m(operands, m).pull_back::<T>(
            by_output,
            by_input,
            gradients.by_m,
            v,
            workspace.transposed,
        );
        mlp::backward::<T>(
            affine(shape),
            batch,
            Parameters::of(shape, operands.parameters).affine,
            operands.y,
            m,
            by_input,
            &mut [],
            gradients.affine,
            Scratch {
                transposed: &mut [],
                flipped,
            },
            false,
        );
        let x = reals(operands, by_output);
        of_x(operands, x).pull_back::<T>(
            workspace.by_x,
            by_input,
            gradients.by_h,
            workspace.of_x,
            workspace.transposed,
        );
        by_input
    }
}
