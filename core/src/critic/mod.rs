//! Critics f(x, y), whose exponentials tell joint pairs from others. In a run for RSMI x is the coarse
//! variable h, y the environment e.
//!
//! | critic | f(h, e) | of InfoNCE's best, ln r + c(e) | cost of a step |
//! |---|---|---|---|
//! | [`separable`] | u(h) · v(e), two networks | anything, with embedding and widths enough | K rows through each |
//! | [`moments`] | u · v(e), u linear in h_a and h_a h_b | h normal given e | K rows through one network |
//! | [`concatenated`] | one network of h and e | anything, with widths enough | K² rows |
//! | [`quadratic`] | h·m + hᵀBh + mᵀDm + c, m = Ae + b | Gaussian h and e exactly | K rows through one layer |
//!
//! r = p(h, e) / p(h) p(e). Their activation is an [`Activation`].
//!
//! Each is a type that implements [`Critic`], so that a program contains the critics that it names and
//! no other; [`AnyCritic`] is one of them, chosen at run time.

pub mod concatenated;
pub mod moments;
pub mod products;
pub mod quadratic;
pub mod separable;

use core::fmt;

use crate::bound::Bound;
use crate::bound::scores::{Columns, SCORE_LANES, Scores};
use crate::kernel::Target;
use crate::nn::Input;
use crate::num::lane::Lane;
use crate::num::rng::Stream;
use crate::shape::PairShape;
use products::Products;

pub use crate::nn::Activation;
pub use concatenated::Concatenated;
pub use moments::Moments;
pub use quadratic::Quadratic;
pub use separable::Separable;

/// What a critic reads: K rows of x and of y, and its own parameters.
#[derive(Clone, Copy, Debug)]
pub struct Operands<'a> {
    /// All sizes.
    pub shape: PairShape,
    /// The critic's.
    pub parameters: &'a [Lane],
    /// K rows of x.
    pub x: Input<'a>,
    /// K rows of y.
    pub y: Input<'a>,
}

/// What a critic writes between its parameters and its scores, and on the way back. The lengths are
/// those that it states for a shape ([`Critic::workspace`]).
#[derive(Debug)]
pub struct Workspace<'w> {
    /// Layers of x: all that is computed of x alone.
    pub of_x: &'w mut [Lane],
    /// Layers of y.
    pub of_y: &'w mut [Lane],
    /// What the scores of some columns are computed from.
    pub columns: &'w mut [Lane],
    /// The scores that a bound has at a time.
    pub scores: &'w mut [Lane],
    /// Gradients by the last layer of x.
    pub by_x: &'w mut [Lane],
    /// Gradients by the output of a layer; on the way back in turn with the next.
    pub by_output: &'w mut [Lane],
    /// Gradients by the input of a layer.
    pub by_input: &'w mut [Lane],
    /// Transposed weights of a layer.
    pub transposed: &'w mut [Lane],
}

impl Workspace<'_> {
    /// Lends all slices for a while.
    #[inline(always)]
    pub fn lend(&mut self) -> Workspace<'_> {
        Workspace {
            of_x: &mut *self.of_x,
            of_y: &mut *self.of_y,
            columns: &mut *self.columns,
            scores: &mut *self.scores,
            by_x: &mut *self.by_x,
            by_output: &mut *self.by_output,
            by_input: &mut *self.by_input,
            transposed: &mut *self.transposed,
        }
    }
}

/// Names and lengths in lanes of the slices of a [`Workspace`], in their order, with both slices of
/// gradients by layers as one.
pub type WorkspaceParts = [(&'static str, usize); 7];

/// A family of functions f(x, y) with parameters, and the gradients by these and by x.
pub trait Critic: Copy + fmt::Debug {
    /// The scores of a batch.
    type Scores<'s>: Scores;

    /// Which one it is.
    fn any(self) -> AnyCritic;

    /// Lanes of its parameters.
    fn parameter_lanes(self, shape: &PairShape) -> usize;

    /// Slices that it works in.
    fn workspace(self, shape: &PairShape) -> WorkspaceParts;

    /// Draws the first parameters.
    fn initialise(self, shape: &PairShape, parameters: &mut [Lane], stream: &mut Stream);

    /// Multiplies f by a positive factor, through its parameters.
    fn scale(self, shape: &PairShape, parameters: &mut [Lane], factor: f32);

    /// Computes what the scores of all pairs follow from. With `gradients` by the parameters the
    /// scores take slopes, and leave in the workspace (and there) what [`back`](Self::back) needs.
    fn scores<'s, T: Target>(
        self,
        operands: &Operands<'s>,
        bound: impl Bound,
        workspace: Workspace<'s>,
        gradients: Option<&'s mut [Lane]>,
    ) -> Self::Scores<'s>;

    /// The gradients by all parameters, once the scores have taken their slopes; `flipped` takes the
    /// transposed bits of packed rows. Returns the gradients by x, K rows, if `through`; else what
    /// is left in their place.
    fn back<'w, T: Target>(
        self,
        operands: &Operands,
        bound: impl Bound,
        gradients: &mut [Lane],
        flipped: &mut [u32],
        through: bool,
        workspace: Workspace<'w>,
    ) -> &'w [Lane];
}

/// One of the critics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnyCritic {
    /// [`separable`].
    #[default]
    Separable,
    /// [`moments`].
    Moments,
    /// [`concatenated`].
    Concatenated,
    /// [`quadratic`].
    Quadratic,
}

impl fmt::Display for AnyCritic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl AnyCritic {
    /// All of them.
    pub const ALL: [AnyCritic; 4] = [
        AnyCritic::Separable,
        AnyCritic::Moments,
        AnyCritic::Concatenated,
        AnyCritic::Quadratic,
    ];

    /// As it is typed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            AnyCritic::Separable => "separable",
            AnyCritic::Moments => "moments",
            AnyCritic::Concatenated => "concatenated",
            AnyCritic::Quadratic => "quadratic",
        }
    }

    /// [`Critic::parameter_lanes`], for constants.
    #[must_use]
    pub(crate) const fn lanes_of_parameters(self, shape: &PairShape) -> usize {
        match self {
            AnyCritic::Separable => separable::parameter_lanes(shape),
            AnyCritic::Moments => moments::parameter_lanes(shape),
            AnyCritic::Concatenated => concatenated::parameter_lanes(shape),
            AnyCritic::Quadratic => quadratic::parameter_lanes(shape),
        }
    }

    /// [`Critic::workspace`], for constants.
    #[must_use]
    pub(crate) const fn workspace_parts(self, shape: &PairShape) -> WorkspaceParts {
        match self {
            AnyCritic::Separable => separable::workspace(shape),
            AnyCritic::Moments => moments::workspace(shape),
            AnyCritic::Concatenated => concatenated::workspace(shape),
            AnyCritic::Quadratic => quadratic::workspace(shape),
        }
    }
}

/// The scores of one of the critics.
#[derive(Debug)]
pub enum AnyScores<'s> {
    /// Products of rows.
    Products(Products<'s>),
    /// Outputs of a network of both.
    Concatenated(concatenated::Sums<'s>),
}

impl Scores for AnyScores<'_> {
    #[inline(always)]
    fn batch(&self) -> usize {
        match self {
            AnyScores::Products(scores) => scores.batch(),
            AnyScores::Concatenated(scores) => scores.batch(),
        }
    }

    #[inline(always)]
    fn learns(&self) -> bool {
        match self {
            AnyScores::Products(scores) => scores.learns(),
            AnyScores::Concatenated(scores) => scores.learns(),
        }
    }

    #[inline(always)]
    fn scores<T: Target>(&mut self, columns: &mut Columns) {
        match self {
            AnyScores::Products(scores) => scores.scores::<T>(columns),
            AnyScores::Concatenated(scores) => scores.scores::<T>(columns),
        }
    }

    #[inline(always)]
    fn back<T: Target>(&mut self, columns: Columns) {
        match self {
            AnyScores::Products(scores) => scores.back::<T>(columns),
            AnyScores::Concatenated(scores) => scores.back::<T>(columns),
        }
    }

    #[inline(always)]
    fn back_shares<T: Target>(&mut self, columns: Columns, share: f32, sums: &[Lane; SCORE_LANES]) {
        match self {
            AnyScores::Products(scores) => scores.back_shares::<T>(columns, share, sums),
            AnyScores::Concatenated(scores) => scores.back_shares::<T>(columns, share, sums),
        }
    }
}

impl Critic for AnyCritic {
    type Scores<'s> = AnyScores<'s>;

    fn any(self) -> AnyCritic {
        self
    }

    fn parameter_lanes(self, shape: &PairShape) -> usize {
        self.lanes_of_parameters(shape)
    }

    fn workspace(self, shape: &PairShape) -> WorkspaceParts {
        self.workspace_parts(shape)
    }

    fn initialise(self, shape: &PairShape, parameters: &mut [Lane], stream: &mut Stream) {
        match self {
            AnyCritic::Separable => Separable.initialise(shape, parameters, stream),
            AnyCritic::Moments => Moments.initialise(shape, parameters, stream),
            AnyCritic::Concatenated => Concatenated.initialise(shape, parameters, stream),
            AnyCritic::Quadratic => Quadratic.initialise(shape, parameters, stream),
        }
    }

    fn scale(self, shape: &PairShape, parameters: &mut [Lane], factor: f32) {
        match self {
            AnyCritic::Separable => Separable.scale(shape, parameters, factor),
            AnyCritic::Moments => Moments.scale(shape, parameters, factor),
            AnyCritic::Concatenated => Concatenated.scale(shape, parameters, factor),
            AnyCritic::Quadratic => Quadratic.scale(shape, parameters, factor),
        }
    }

    #[inline(always)]
    fn scores<'s, T: Target>(
        self,
        operands: &Operands<'s>,
        bound: impl Bound,
        workspace: Workspace<'s>,
        gradients: Option<&'s mut [Lane]>,
    ) -> AnyScores<'s> {
        use AnyScores::Products;
        match self {
            AnyCritic::Separable => {
                Products(Separable.scores::<T>(operands, bound, workspace, gradients))
            }
            AnyCritic::Moments => {
                Products(Moments.scores::<T>(operands, bound, workspace, gradients))
            }
            AnyCritic::Quadratic => {
                Products(Quadratic.scores::<T>(operands, bound, workspace, gradients))
            }
            AnyCritic::Concatenated => AnyScores::Concatenated(
                Concatenated.scores::<T>(operands, bound, workspace, gradients),
            ),
        }
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
        match self {
            AnyCritic::Separable => {
                Separable.back::<T>(operands, bound, gradients, flipped, through, workspace)
            }
            AnyCritic::Moments => {
                Moments.back::<T>(operands, bound, gradients, flipped, through, workspace)
            }
            AnyCritic::Concatenated => {
                Concatenated.back::<T>(operands, bound, gradients, flipped, through, workspace)
            }
            AnyCritic::Quadratic => {
                Quadratic.back::<T>(operands, bound, gradients, flipped, through, workspace)
            }
        }
    }
}
