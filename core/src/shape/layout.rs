//! How the parameters and the workspace of every critic are laid out.

use super::{MAX_DEPTH, Network, Shape, max};
use crate::critic::kind::Critic;
use crate::num::lane::lanes;

/// Names and lengths in lanes of what a critic's `Room` holds, `upper` and `lower` as one.
pub(crate) type Parts = [(&'static str, usize); 7];

/// Lanes of the critic's parameters.
pub(super) const fn parameter_lanes(shape: &Shape) -> usize {
    match shape.critic() {
        Critic::Separable | Critic::Moments => separable::parameter_lanes(shape),
        Critic::Concatenated => concatenated::parameter_lanes(shape),
        Critic::Quadratic => quadratic::parameter_lanes(shape),
    }
}

/// The critic's parts of the workspace.
pub(super) const fn parts(shape: &Shape) -> Parts {
    match shape.critic() {
        Critic::Separable => separable::parts(shape),
        Critic::Moments => moments::parts(shape),
        Critic::Concatenated => concatenated::parts(shape),
        Critic::Quadratic => quadratic::parts(shape),
    }
}

/// [`crate::critic::separable`].
pub(crate) mod separable {
    use super::*;

    /// u(h), or u of the moments of h.
    pub(crate) const fn coarse_network(shape: &Shape) -> Network {
        let components = shape.components();
        match shape.critic() {
            Critic::Moments => {
                shape.network(moments::count(components), MAX_DEPTH, shape.embedding())
            }
            _ => shape.network(components, 0, shape.embedding()),
        }
    }

    /// v(e).
    pub(crate) const fn environment_network(shape: &Shape) -> Network {
        shape.network(shape.environment(), 0, shape.embedding())
    }

    pub(crate) const fn parameter_lanes(shape: &Shape) -> usize {
        coarse_network(shape).lanes() + environment_network(shape).lanes()
    }

    pub(crate) const fn parts(shape: &Shape) -> Parts {
        let (k, embedding) = (shape.batch(), lanes(shape.embedding()));
        let (coarse, environment) = (coarse_network(shape), environment_network(shape));
        let widest = max(
            lanes(coarse.inputs),
            max(coarse.widest(), environment.widest()),
        );
        let widest = k * widest;
        let transposed = max(coarse.transposed_lanes(0), environment.transposed_lanes(1));
        [
            ("activations of u(h)", k * coarse.activation_lanes()),
            ("activations of v(e)", k * environment.activation_lanes()),
            ("transposed v(e)", shape.embedding() * lanes(k)),
            ("scores", shape.score_lanes()),
            ("gradient by u(h)", k * embedding),
            ("gradients by layers", 2 * widest),
            ("transposed weights", transposed),
        ]
    }
}

/// [`crate::critic::moments`].
pub(crate) mod moments {
    use super::*;

    /// How many there are.
    pub(crate) const fn count(components: usize) -> usize {
        components + components * (components + 1) / 2
    }

    /// Lanes of the moments of a batch.
    pub(crate) const fn lanes_of(shape: &Shape) -> usize {
        shape.batch() * lanes(count(shape.components()))
    }

    /// Those of the separable critic, the moments before its activations of u.
    pub(crate) const fn parts(shape: &Shape) -> Parts {
        let mut parts = separable::parts(shape);
        parts[0].0 = "moments of h and u";
        parts[0].1 += lanes_of(shape);
        parts
    }
}

/// [`crate::critic::concatenated`].
pub(crate) mod concatenated {
    use super::*;

    /// Lanes of W_h: a row for each component.
    pub(crate) const fn coarse_lanes(shape: &Shape) -> usize {
        shape.components() * lanes(shape.first_hidden())
    }

    /// W_e e + b.
    pub(crate) const fn affine(shape: &Shape) -> Network {
        let (inputs, outputs) = (shape.environment(), shape.first_hidden());
        shape.network(inputs, shape.hidden_layers(), outputs)
    }

    /// n.
    pub(crate) const fn rest(shape: &Shape) -> Network {
        shape.network(shape.first_hidden(), 1, 1)
    }

    pub(crate) const fn parameter_lanes(shape: &Shape) -> usize {
        coarse_lanes(shape) + affine(shape).lanes() + rest(shape).lanes()
    }

    pub(crate) const fn parts(shape: &Shape) -> Parts {
        let (k, components, rest) = (shape.batch(), shape.components(), rest(shape));
        let first = lanes(shape.first_hidden());
        let widest = k * max(max(first, lanes(components)), rest.widest());
        let by_first = 2 * k * first + rest.lanes();
        let of_first = shape.first_hidden() * lanes(components);
        [
            ("first layer of h", k * first),
            ("first layer of e", k * first),
            (
                "activations of a column",
                k * (first + rest.activation_lanes()),
            ),
            ("scores", shape.score_lanes()),
            ("gradients by the first layer, of a column", by_first),
            ("gradients by layers", 2 * widest),
            (
                "transposed weights",
                max(of_first, rest.transposed_lanes(0)),
            ),
        ]
    }
}

/// [`crate::critic::quadratic`].
pub(crate) mod quadratic {
    use super::*;

    /// A e + b.
    pub(crate) const fn affine(shape: &Shape) -> Network {
        shape.network(
            shape.environment(),
            shape.hidden_layers(),
            shape.components(),
        )
    }

    /// Lanes of a form: C rows.
    pub(crate) const fn form_lanes(shape: &Shape) -> usize {
        shape.components() * lanes(shape.components())
    }

    pub(crate) const fn parameter_lanes(shape: &Shape) -> usize {
        affine(shape).lanes() + 2 * form_lanes(shape) + 1
    }

    pub(crate) const fn parts(shape: &Shape) -> Parts {
        let (k, embedding) = (shape.batch(), lanes(shape.embedding()));
        [
            ("u(h)", k * embedding),
            ("m and v(e)", k * (lanes(shape.components()) + embedding)),
            ("transposed v(e)", shape.embedding() * lanes(k)),
            ("scores", shape.score_lanes()),
            ("gradient by u(h)", k * embedding),
            ("gradients by layers", 2 * k * embedding),
            ("transposed weights", form_lanes(shape)),
        ]
    }
}
