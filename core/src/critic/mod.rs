//! Critics f(h, e), whose exponentials tell joint pairs from others, and the networks that they are
//! made of.
//!
//! | critic | f(h, e) | of InfoNCE's best, ln r + c(e) | cost of a step |
//! |---|---|---|---|
//! | [`separable`] | u(h) · v(e), two networks | anything, with embedding and widths enough | K rows through each |
//! | [`moments`] | u · v(e), u linear in h_a and h_a h_b | h normal given e | K rows through one network |
//! | [`concatenated`] | one network of h and e | anything, with widths enough | K² rows |
//! | [`quadratic`] | h·m + hᵀBh + mᵀDm + c, m = Ae + b | Gaussian h and e exactly | K rows through one layer |
//!
//! r = p(h, e) / p(h) p(e). Their activation is an [`Activation`].

pub mod activation;
pub mod concatenated;
pub(crate) mod kind;
pub mod mlp;
pub mod moments;
pub mod quadratic;
pub mod separable;

use crate::bound::Bound;
use crate::bound::tuba::Average;
use crate::kernel::Tile;
use crate::num::lane::Lane;
use crate::num::rng::Stream;
use crate::shape::Shape;
pub use activation::Activation;
pub use kind::Critic;
use mlp::Input;
use separable::{Gradients, Products};

/// What a critic reads: K rows of h and of e, and its own parameters.
pub(crate) struct Task<'a> {
    pub(crate) shape: Shape,
    pub(crate) bound: Bound,
    pub(crate) parameters: &'a [Lane],
    pub(crate) h: &'a [Lane],
    pub(crate) e: Input<'a>,
}

/// The critic's parts of the workspace, as [`Critic::parts`] has them.
pub(crate) struct Room<'w> {
    /// What becomes of h.
    pub(crate) coarse: &'w mut [Lane],
    /// What becomes of e.
    pub(crate) environment: &'w mut [Lane],
    /// What is made of the columns of scores.
    pub(crate) columns: &'w mut [Lane],
    pub(crate) scores: &'w mut [Lane],
    /// Gradients by what becomes of h.
    pub(crate) by_coarse: &'w mut [Lane],
    /// Gradients by layers, in turn.
    pub(crate) upper: &'w mut [Lane],
    pub(crate) lower: &'w mut [Lane],
    pub(crate) transposed: &'w mut [Lane],
}

impl Room<'_> {
    /// The same for a while.
    #[inline(always)]
    pub(crate) fn lend(&mut self) -> Room<'_> {
        Room {
            coarse: &mut *self.coarse,
            environment: &mut *self.environment,
            columns: &mut *self.columns,
            scores: &mut *self.scores,
            by_coarse: &mut *self.by_coarse,
            upper: &mut *self.upper,
            lower: &mut *self.lower,
            transposed: &mut *self.transposed,
        }
    }
}

impl Critic {
    /// Draws the first parameters of a shape's critic.
    pub(crate) fn initialise(shape: Shape, parameters: &mut [Lane], stream: &mut Stream) {
        match shape.critic() {
            Critic::Separable | Critic::Moments => {
                separable::initialise(shape, parameters, stream);
            }
            Critic::Concatenated => concatenated::initialise(shape, parameters, stream),
            Critic::Quadratic => quadratic::initialise(shape, parameters, stream),
        }
    }
}

/// What belongs to one critic is compiled by itself, so that code and stack of a step are not those of
/// all critics together; but for the standard one on machines with vectors, where all that is in a step
/// has to be compiled with it for their instructions.
impl Task<'_> {
    /// Hands `value(j, x)` the terms of the bound.
    #[inline(always)]
    pub(crate) fn evaluate<T: Tile>(
        &self,
        average: &mut Average,
        mut room: Room,
        mut value: impl FnMut(usize, f32),
    ) {
        if self.shape.critic() == Critic::Concatenated {
            return concatenated::evaluate::<T>(self, average, room, &mut value);
        }
        let at = self.embed::<T>(&mut room);
        let (u, v) = (&mut room.coarse[at[0]..], &mut room.environment[at[1]..]);
        let mut pairs = Products::new(self.shape, u, v, room.columns, None);
        self.bound
            .terms::<T>(&mut pairs, room.scores, average, value);
    }

    /// The same with gradients by all parameters. Returns those by h, if `through`; if that is not
    /// wanted, what is left in its place.
    #[inline(always)]
    pub(crate) fn differentiate<'w, T: Tile>(
        &self,
        average: &mut Average,
        gradients: &mut [Lane],
        flipped: &mut [u32],
        through: bool,
        mut room: Room<'w>,
        mut value: impl FnMut(usize, f32),
    ) -> &'w [Lane] {
        if self.shape.critic() == Critic::Concatenated {
            return concatenated::differentiate::<T>(
                self, average, gradients, flipped, through, room, &mut value,
            );
        }
        let at = self.embed::<T>(&mut room);
        let (u, v) = (&mut room.coarse[at[0]..], &mut room.environment[at[1]..]);
        let climb = Gradients {
            du: &mut *room.by_coarse,
            dv: &mut *room.upper,
        };
        let mut pairs = Products::new(self.shape, u, v, room.columns, Some(climb));
        self.bound
            .terms::<T>(&mut pairs, room.scores, average, value);
        match self.shape.critic() {
            Critic::Quadratic => quadratic::back::<T>(self, gradients, flipped, room),
            Critic::Moments => moments::back::<T>(self, gradients, flipped, through, room),
            _ if T::SCALAR => back_apart::<T>(self, gradients, flipped, through, room),
            _ => separable::back::<T>(self, gradients, flipped, through, room),
        }
    }

    /// Makes rows u and v, the scores of whose pairs are their products. Returns where they begin
    /// among what becomes of h and of e.
    #[inline(always)]
    fn embed<T: Tile>(&self, room: &mut Room) -> [usize; 2] {
        match self.shape.critic() {
            Critic::Quadratic => quadratic::embed::<T>(self, room),
            Critic::Moments => moments::embed::<T>(self, room),
            _ if T::SCALAR => embed_apart::<T>(self, room),
            _ => separable::embed::<T>(self, room),
        }
    }
}

#[inline(never)]
fn embed_apart<T: Tile>(task: &Task, room: &mut Room) -> [usize; 2] {
    separable::embed::<T>(task, room)
}

#[inline(never)]
fn back_apart<'w, T: Tile>(
    task: &Task,
    gradients: &mut [Lane],
    flipped: &mut [u32],
    through: bool,
    room: Room<'w>,
) -> &'w [Lane] {
    separable::back::<T>(task, gradients, flipped, through, room)
}
