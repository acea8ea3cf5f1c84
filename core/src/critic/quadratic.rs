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

use super::mlp::{self, Scratch};
use super::separable::hold;
use super::{Room, Task};
use crate::bound::Bound;
use crate::kernel::Tile;
use crate::kernel::dense::{Matrix, Output};
use crate::num::lane::{Lane, get, get_mut, lanes};
use crate::num::rng::Stream;
use crate::shape::Shape;
use crate::shape::layout::quadratic::{affine, form_lanes};

/// The parameters: (b, A), B, D and c.
struct Parameters<P> {
    affine: P,
    by_h: P,
    by_m: P,
    constant: P,
}

impl<'a> Parameters<&'a [Lane]> {
    fn of(shape: &Shape, all: &'a [Lane]) -> Self {
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
    fn of_mut(shape: &Shape, all: &'a mut [Lane]) -> Self {
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
    fn embed<T: Tile>(&self, constant: f32, product: &mut [Lane], out: &mut [Lane]) {
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
    fn pull_back<T: Tile>(
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

/// The form of h.
fn of_h<'a>(task: &Task<'a>) -> Form<'a> {
    let (batch, components) = (task.shape.batch(), task.shape.components());
    Form {
        batch,
        components,
        x: task.h,
        weights: Parameters::of(&task.shape, task.parameters).by_h,
        at: components,
    }
}

/// The form of m.
fn of_m<'a>(task: &Task<'a>, m: &'a [Lane]) -> Form<'a> {
    Form {
        x: m,
        weights: Parameters::of(&task.shape, task.parameters).by_m,
        at: task.shape.components() + 1,
        ..of_h(task)
    }
}

/// Lanes of m.
fn of_m_lanes(shape: &Shape) -> usize {
    shape.batch() * lanes(shape.components())
}

pub(super) fn initialise(shape: Shape, parameters: &mut [Lane], stream: &mut Stream) {
    // All but A begins as zeros.
    let weights = Parameters::of_mut(&shape, parameters).affine;
    mlp::initialise(affine(&shape), weights, stream);
}

/// m, then both embeddings. Returns where these begin.
#[inline(never)]
pub(super) fn embed<T: Tile>(task: &Task, room: &mut Room) -> [usize; 2] {
    let shape = &task.shape;
    let parameters = Parameters::of(shape, task.parameters);
    let (m, v) = room.environment.split_at_mut(of_m_lanes(shape));
    mlp::forward::<T>(affine(shape), shape.batch(), parameters.affine, task.e, m);
    of_h(task).embed::<T>(0.0, room.lower, room.coarse);
    of_m(task, m).embed::<T>(get(parameters.constant, 0), room.lower, v);
    [0, of_m_lanes(shape)]
}

/// Of the gradients by u, in `by_coarse`, and v, in `upper`, those by all parameters and by h.
#[inline(never)]
pub(super) fn back<'w, T: Tile>(
    task: &Task,
    gradients: &mut [Lane],
    flipped: &mut [u32],
    room: Room<'w>,
) -> &'w [Lane] {
    let (shape, batch, embedding) = (&task.shape, task.shape.batch(), task.shape.embedding());
    let alone = embedding - 1;
    if task.bound == Bound::InfoNce {
        // What is there is rounding, of which Adam would make steps.
        hold(room.upper, embedding, alone, 0.0);
    }
    let gradients = Parameters::of_mut(shape, gradients);
    let mut total = 0.0;
    for dv in room.upper.chunks_exact(lanes(embedding)).take(batch) {
        total += get(dv, alone);
    }
    gradients.constant.fill(Lane::ZERO);
    *get_mut(gradients.constant, 0) = total;
    // The embeddings have served: their places take what the way back needs.
    let (m, v) = room.environment.split_at_mut(of_m_lanes(shape));
    of_m(task, m).pull_back::<T>(room.upper, room.lower, gradients.by_m, v, room.transposed);
    mlp::backward::<T>(
        affine(shape),
        batch,
        Parameters::of(shape, task.parameters).affine,
        task.e,
        m,
        room.lower,
        &mut [],
        gradients.affine,
        Scratch {
            transposed: &mut [],
            flipped,
        },
        false,
    );
    of_h(task).pull_back::<T>(
        room.by_coarse,
        room.lower,
        gradients.by_h,
        room.coarse,
        room.transposed,
    );
    room.lower
}
