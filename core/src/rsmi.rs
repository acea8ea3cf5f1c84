//! One training step, end to end: packed samples → filter → encoder → critic → bound, and the
//! gradients all the way back, then Adam. And the held-out estimate, forward alone.
//!
//! An [`Rsmi`] is an encoder, which makes h of the block v, and an
//! [`Estimator`] of the information of h about the environment e.
//! Parameters, gradients and moments are single slices in which those of filter or map come first.

use core::fmt;

use crate::bound::{AnyBound, Bound};
use crate::critic::{AnyCritic, Critic};
use crate::encoder::projection::{Block, Workspace};
use crate::encoder::{AnyProjection, Encoder, Map, Projection};
use crate::estimator::{Estimator, EstimatorStorage, enough};
use crate::kernel::{Portable, Target};
use crate::nn::Input;
use crate::num::lane::{Lane, get, get_mut, lanes};
use crate::num::rng::Stream;
use crate::shape::Shape;

pub use crate::estimator::{MemberError, Memory, StorageError};

/// The slices that a training works on; all are overwritten.
#[derive(Debug)]
pub struct Storage<'a> {
    /// [`Shape::parameter_lanes`].
    pub parameters: &'a mut [Lane],
    /// As long as the parameters.
    pub gradients: &'a mut [Lane],
    /// As long as the parameters.
    pub first_moments: &'a mut [Lane],
    /// As long as the parameters.
    pub second_moments: &'a mut [Lane],
    /// [`Shape::workspace_lanes`].
    pub workspace: &'a mut [Lane],
    /// The batch.
    pub samples: Samples<'a>,
}

/// The batch of samples, whose kind decides which kernels read it.
#[derive(Debug)]
pub enum Samples<'a> {
    /// Packed ±1: [`Shape::sign_words`].
    Signs(&'a mut [u32]),
    /// Real values: [`Shape::real_lanes`]. Means near 0 and variances near 1 suit the critic.
    Reals(&'a mut [Lane]),
}

impl<'a> From<&'a mut [u32]> for Samples<'a> {
    fn from(words: &'a mut [u32]) -> Self {
        Samples::Signs(words)
    }
}

impl<'a> From<&'a mut [Lane]> for Samples<'a> {
    fn from(lanes: &'a mut [Lane]) -> Self {
        Samples::Reals(lanes)
    }
}

/// The slices of a [`Storage`] as arrays, for a static: with P [`Shape::parameter_lanes`], W
/// [`Shape::workspace_lanes`], and as N samples [`Shape::sign_words`] or [`Shape::real_lanes`].
#[derive(Clone, Debug)]
pub struct Arrays<const P: usize, const W: usize, const N: usize, T> {
    learned: [[Lane; P]; 4],
    workspace: [Lane; W],
    samples: [T; N],
}

impl<const P: usize, const W: usize, const N: usize, T: Copy> Arrays<P, W, N, T> {
    /// Zeros.
    #[must_use]
    pub const fn new(zero: T) -> Self {
        Arrays {
            learned: [[Lane::ZERO; P]; 4],
            workspace: [Lane::ZERO; W],
            samples: [zero; N],
        }
    }

    /// Lends them.
    pub fn storage<'a>(&'a mut self) -> Storage<'a>
    where
        &'a mut [T]: Into<Samples<'a>>,
    {
        let [parameters, gradients, first_moments, second_moments] = &mut self.learned;
        Storage {
            parameters,
            gradients,
            first_moments,
            second_moments,
            workspace: &mut self.workspace,
            samples: self.samples.as_mut_slice().into(),
        }
    }
}

/// Some components of a map, but not all, to be frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrozenError;

impl fmt::Display for FrozenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "some components of a map are frozen and others not; they share its layers"
        )
    }
}

impl core::error::Error for FrozenError {}

/// What a step changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learn {
    /// Filter and critic together.
    All,
    /// The critic alone: the filter is given.
    Critic,
}

/// Runs steps and estimates: by default the code compiled for the target; a host chooses among
/// instruction sets. No bit depends on it.
pub trait Machine {
    /// What the default methods run.
    type Target: Target;

    /// [`Rsmi::step`].
    fn step<C: Critic, B: Bound, P: Projection>(
        &self,
        rsmi: &mut Rsmi<C, B, P>,
        encoder: impl Encoder,
        learn: Learn,
        rate: f32,
        stream: &mut Stream,
    ) -> f32 {
        rsmi.step::<Self::Target>(encoder, learn, rate, stream)
    }

    /// [`Rsmi::evaluate`].
    fn evaluate<C: Critic, B: Bound, P: Projection>(
        &self,
        rsmi: &mut Rsmi<C, B, P>,
        encoder: impl Encoder,
        stream: &mut Stream,
        terms: &mut [f32],
    ) {
        rsmi.evaluate::<Self::Target>(encoder, stream, terms);
    }
}

impl Machine for Portable {
    type Target = Portable;
}

/// Rows of a batch, of the block and of the environment.
#[derive(Debug)]
enum Batch<'a> {
    Signs {
        v: &'a mut [u32],
        e: &'a mut [u32],
    },
    Reals {
        v: &'a mut [Lane],
        e: &'a mut [Lane],
    },
}

impl Batch<'_> {
    #[inline(always)]
    fn inputs(&self) -> [Input<'_>; 2] {
        match self {
            Batch::Signs { v, e } => [Input::Signs(v), Input::Signs(e)],
            Batch::Reals { v, e } => [Input::Reals(v), Input::Reals(e)],
        }
    }
}

/// How filter or map learn.
#[derive(Clone, Copy, Debug)]
struct FilterLearning {
    /// A bit for each component whose weights stay.
    frozen: u64,
    /// Rate at which the weights decay, in units of the learning rate.
    decay: f32,
    /// In units of the critic's learning rate.
    rate: f32,
}

/// Filter or map, and the estimator of the information that h has about the environment.
#[derive(Debug)]
pub struct Rsmi<'a, C = AnyCritic, B = AnyBound, P = AnyProjection> {
    shape: Shape,
    projection: P,
    /// Means of the sites of V; empty: they are 0.
    centres: &'a [f32],
    learning: FilterLearning,
    batch: Batch<'a>,
    h: &'a mut [Lane],
    slopes: &'a mut [Lane],
    /// Of the projection.
    activations: &'a mut [Lane],
    by_layers: &'a mut [Lane],
    transposed: &'a mut [Lane],
    estimator: Estimator<'a, C, B>,
}

impl<'a> Rsmi<'a> {
    /// A run of the given shape on the caller's storage, with InfoNCE: draws filter and weights from
    /// `stream`, clears biases, moments and samples.
    ///
    /// # Errors
    /// Names the slice that is too short.
    pub fn new(
        shape: Shape,
        storage: Storage<'a>,
        stream: &mut Stream,
    ) -> Result<Self, StorageError> {
        let projection = match shape.has_map() {
            true => AnyProjection::Map,
            false => AnyProjection::Linear,
        };
        let bound = AnyBound::default();
        Self::with_storage(shape.critic(), bound, projection, shape, storage, stream)
    }
}

impl<C: Critic, P: Projection> Rsmi<'_, C, AnyBound, P> {
    /// With another bound than InfoNCE. [`AnyBound::Tuba`] takes the last output of a separable
    /// critic's embedding for its baseline ([`AnyBound::outputs`]).
    #[must_use]
    pub fn with_bound(mut self, bound: AnyBound) -> Self {
        self.estimator.set_bound(bound);
        self
    }
}

impl<'a, C: Critic, B: Bound, P: Projection> Rsmi<'a, C, B, P> {
    /// A run of the given critic, bound and projection, whose types decide what is compiled; else as
    /// [`Rsmi::new`].
    ///
    /// # Errors
    /// Names the slice that is too short; or the shape is one of another critic or projection.
    pub fn with_members(
        critic: C,
        bound: B,
        projection: P,
        shape: Shape,
        storage: Storage<'a>,
        stream: &mut Stream,
    ) -> Result<Self, MemberError> {
        if critic.any() != shape.critic() {
            return Err(MemberError::Critic(shape.critic()));
        }
        if (projection.any() == AnyProjection::Map) != shape.has_map() {
            return Err(MemberError::Projection);
        }
        Ok(Self::with_storage(
            critic, bound, projection, shape, storage, stream,
        )?)
    }

    fn with_storage(
        critic: C,
        bound: B,
        projection: P,
        shape: Shape,
        storage: Storage<'a>,
        stream: &mut Stream,
    ) -> Result<Self, StorageError> {
        let pairs = shape.pairs();
        let head = projection.parameter_lanes(&shape);
        let parameters = head + critic.parameter_lanes(&pairs);
        let parts = shape.encoder_workspace().map(|(_, lanes)| lanes);
        let critics: usize = critic
            .workspace(&pairs)
            .map(|(_, lanes)| lanes)
            .iter()
            .sum();
        let workspace = parts.iter().sum::<usize>() + critics;
        let (kind, samples, given) = match &storage.samples {
            Samples::Signs(words) => ("packed samples", shape.sign_words(), words.len()),
            Samples::Reals(lanes) => ("real samples", shape.real_lanes(), lanes.len()),
        };
        for (what, needed, given) in [
            ("parameters", parameters, storage.parameters.len()),
            ("gradients", parameters, storage.gradients.len()),
            ("first moments", parameters, storage.first_moments.len()),
            ("second moments", parameters, storage.second_moments.len()),
            ("a workspace", workspace, storage.workspace.len()),
            (kind, samples, given),
        ] {
            enough(what, needed, given)?;
        }
        let (batch, flipped) = match storage.samples {
            Samples::Signs(words) => {
                let words = &mut words[..samples];
                words.fill(0);
                let (v, rest) = words.split_at_mut(shape.block_words());
                let (e, flipped) = rest.split_at_mut(shape.environment_words());
                (Batch::Signs { v, e }, flipped)
            }
            Samples::Reals(rows) => {
                let rows = &mut rows[..samples];
                rows.fill(Lane::ZERO);
                let (v, e) = rows.split_at_mut(shape.batch() * lanes(shape.block()));
                (Batch::Reals { v, e }, Default::default())
            }
        };
        let mut rest = storage.workspace;
        let [h, slopes, activations, by_layers, transposed] =
            parts.map(|length| rest.split_off_mut(..length).unwrap_or_default());
        let storage = EstimatorStorage {
            parameters: &mut storage.parameters[..parameters],
            gradients: &mut storage.gradients[..parameters],
            first_moments: &mut storage.first_moments[..parameters],
            second_moments: &mut storage.second_moments[..parameters],
            workspace: &mut rest[..critics],
            flipped,
        };
        let mut estimator = Estimator::behind(head, critic, bound, pairs, storage);
        projection.initialise(&shape, estimator.head_mut().0, stream);
        estimator.initialise(stream);
        Ok(Rsmi {
            shape,
            projection,
            centres: &[],
            learning: FilterLearning {
                frozen: 0,
                decay: 0.0,
                rate: 1.0,
            },
            batch,
            h,
            slopes,
            activations,
            by_layers,
            transposed,
            estimator,
        })
    }

    /// With the filter's first weights multiplied by a factor. Weights along directions in which Λ·v
    /// never varies receive no gradient and keep their first values. Of a map the weights of the first
    /// layer, to which its first logits are proportional.
    #[must_use]
    pub fn with_filter_scaled(mut self, factor: f32) -> Self {
        let scaled = self.projection.scale_lanes(&self.shape);
        for lane in &mut self.estimator.head_mut().0[..scaled] {
            *lane = lane.map(|weight| weight * factor);
        }
        self
    }

    /// With means that are taken off V before the filter sees it, x = Λ·(v − c), one for each site;
    /// extra means are ignored, missing ones are 0.
    #[must_use]
    pub fn with_centres(mut self, centres: &'a [f32]) -> Self {
        self.centres = &centres[..centres.len().min(self.shape.block())];
        self
    }

    /// With components whose weights stay as they are, bit for bit (but −0 becomes 0), while all
    /// else learns: bit a of the mask is component a. Weights are set, and brought to norm 1, before.
    ///
    /// # Errors
    /// Some components of a map, but not all.
    pub fn with_frozen(mut self, components: u64) -> Result<Self, FrozenError> {
        self.learning.frozen = components & u64::MAX >> (64 - self.shape.components());
        if self.has_map() && self.learning.frozen != 0 && !self.all_frozen() {
            return Err(FrozenError);
        }
        Ok(self)
    }

    /// With a filter that decays (AdamW, Loshchilov and Hutter 2019): after a step at rate η all its
    /// weights are multiplied by 1 − η · `rate`, and those of a map, except biases. Along directions
    /// in which Λ·v never varies nothing else moves them. A rate that is not above 0 counts as 0.
    #[must_use]
    pub fn with_weight_decay(mut self, rate: f32) -> Self {
        self.learning.decay = if rate > 0.0 { rate } else { 0.0 };
        self
    }

    /// With a filter whose learning rate is `factor` times that of the critic. A binary h is as sharp
    /// as its filter is large, and the filter grows by at most its rate at every step. A factor that
    /// is not above 0 counts as 1.
    #[must_use]
    pub fn with_filter_rate(mut self, factor: f32) -> Self {
        self.learning.rate = if factor > 0.0 { factor } else { 1.0 };
        self
    }

    /// Whether a multi-layer map is in place of Λ·v; known from the type, where it says so.
    fn has_map(&self) -> bool {
        self.projection.any() == AnyProjection::Map
    }

    fn all_frozen(&self) -> bool {
        self.learning.frozen.count_ones() as usize == self.shape.components()
    }

    /// What is left to learn.
    fn left(&self, learn: Learn) -> Learn {
        match self.all_frozen() {
            true => Learn::Critic,
            false => learn,
        }
    }

    /// The shape.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Weight Λ_ia of site i of the block in component a; 0 where there is no such weight, as in a map.
    #[must_use]
    pub fn filter(&self, site: usize, component: usize) -> f32 {
        let (sites, components) = (self.shape.block(), self.shape.components());
        if self.has_map() || site >= sites || component >= components {
            return 0.0;
        }
        get(&self.parameters()[site * lanes(components)..], component)
    }

    /// Sets a weight of the filter; nothing where there is no such weight.
    pub fn set_filter(&mut self, site: usize, component: usize, weight: f32) {
        let (sites, components) = (self.shape.block(), self.shape.components());
        if !self.has_map() && site < sites && component < components {
            let row = &mut self.parameters_mut()[site * lanes(components)..];
            *get_mut(row, component) = weight;
        }
    }

    /// Divides every component of the filter by its norm (one of zeros is left), as continuous h have
    /// it: their scale says nothing, and a critic learns best from one near 1. Frozen components are left,
    /// and a map is: it has no norm.
    #[inline(always)]
    pub fn normalise_filter<T: Target>(&mut self) {
        let (parameters, _, _) = self.estimator.head_mut();
        let frozen = self.learning.frozen;
        self.projection
            .normalise::<T>(&self.shape, parameters, frozen);
    }

    /// The mean response ⟨∂x_a/∂v_i⟩ of a component's logit over the batch that lies in
    /// [`signs`](Self::signs) or [`reals`](Self::reals), to the first |V| of `weights`: what a map is to
    /// first order. The filter itself, where there is no map. Overwrites the gradients of a map.
    #[inline(always)]
    pub fn response<T: Target>(&mut self, component: usize, weights: &mut [f32]) {
        if !self.has_map() || component >= self.shape.components() {
            for (site, weight) in weights.iter_mut().enumerate().take(self.shape.block()) {
                *weight = self.filter(site, component);
            }
            return;
        }
        self.logits::<T>();
        let (block, workspace, [parameters, gradient]) = self.projected();
        Map::response::<T>(&block, parameters, workspace, component, gradient, weights);
    }

    /// All parameters, in the order that [`Shape::parameter_lanes`] states.
    #[must_use]
    pub fn parameters(&self) -> &[Lane] {
        self.estimator.parameters()
    }

    /// Multiplies the critic by a positive factor ([`Estimator::scale_critic`]).
    pub fn scale_critic(&mut self, factor: f32) {
        self.estimator.scale_critic(factor);
    }

    /// All parameters, to be set; padding must stay 0.
    pub fn parameters_mut(&mut self) -> &mut [Lane] {
        self.estimator.parameters_mut()
    }

    /// Gradients of the last step, in the order of the parameters.
    #[must_use]
    pub fn gradients(&self) -> &[Lane] {
        self.estimator.gradients()
    }

    /// State that a step passes on to the next beside the parameters.
    pub fn memory_mut(&mut self) -> Memory<'_> {
        self.estimator.memory_mut()
    }

    /// Where a batch of packed samples goes: the rows of V, and the rows of E. Empty, if samples
    /// are real.
    pub fn signs(&mut self) -> (&mut [u32], &mut [u32]) {
        match &mut self.batch {
            Batch::Signs { v, e } => (v, e),
            Batch::Reals { .. } => Default::default(),
        }
    }

    /// Where a batch of real samples goes: the rows of V, and the rows of E, of whole lanes each.
    /// Empty, if samples are signs.
    pub fn reals(&mut self) -> (&mut [Lane], &mut [Lane]) {
        match &mut self.batch {
            Batch::Reals { v, e } => (v, e),
            Batch::Signs { .. } => Default::default(),
        }
    }

    /// What the projection works on: the block, its workspace, its parameters and gradients.
    #[inline(always)]
    fn projected(&mut self) -> (Block<'_>, Workspace<'_>, [&mut [Lane]; 2]) {
        let block = Block {
            shape: self.shape,
            v: self.batch.inputs()[0],
            centres: self.centres,
        };
        let (by_output, by_input) = self.by_layers.split_at_mut(self.by_layers.len() / 2);
        let (parameters, gradients, flipped) = self.estimator.head_mut();
        let workspace = Workspace {
            activations: &mut *self.activations,
            by_output,
            by_input,
            transposed: &mut *self.transposed,
            flipped,
        };
        (block, workspace, [parameters, gradients])
    }

    /// Logits of the batch, where h will be.
    #[inline(always)]
    fn logits<T: Target>(&mut self) {
        let projection = self.projection;
        let h = core::mem::take(&mut self.h);
        let (block, mut workspace, [parameters, _]) = self.projected();
        projection.logits::<T>(&block, parameters, &mut workspace, h);
        self.h = h;
    }

    /// Logits of the batch, then coarse variables.
    #[inline(always)]
    fn encode<T: Target>(&mut self, encoder: impl Encoder, stream: &mut Stream) {
        self.logits::<T>();
        encoder.encode::<T>(self.shape.components(), self.h, self.slopes, stream);
    }

    /// The bound on the batch that lies in [`signs`](Self::signs) or [`reals`](Self::reals), and the gradients of it by
    /// all parameters (by the critic's alone for [`Learn::Critic`]), left in
    /// [`gradients`](Self::gradients). In nats. A bound that averages over batches takes this one in.
    #[inline(always)]
    pub fn differentiate<T: Target>(
        &mut self,
        encoder: impl Encoder,
        learn: Learn,
        stream: &mut Stream,
    ) -> f32 {
        let learns = self.left(learn) == Learn::All;
        self.encode::<T>(encoder, stream);
        let [_, e] = self.batch.inputs();
        let h = Input::Reals(self.h);
        let (bound, dh) = self.estimator.differentiate::<T>(h, e, learns);
        if learns {
            encoder.pull_back::<T>(self.shape.components(), self.slopes, dh);
            let (projection, frozen) = (self.projection, self.learning.frozen);
            let dx = core::mem::take(&mut self.slopes);
            let (block, workspace, [parameters, gradient]) = self.projected();
            projection.gradient::<T>(&block, parameters, workspace, frozen, dx, gradient);
            self.slopes = dx;
        }
        bound
    }

    /// One step: the bound on the batch that lies in [`signs`](Self::signs) or [`reals`](Self::reals), its gradients,
    /// and Adam uphill at the given rate, after which filters of continuous h are brought back to norm 1.
    /// Returns the bound before the step, in nats.
    #[inline(always)]
    pub fn step<T: Target>(
        &mut self,
        encoder: impl Encoder,
        learn: Learn,
        rate: f32,
        stream: &mut Stream,
    ) -> f32 {
        let bound = self.differentiate::<T>(encoder, learn, stream);
        let pace = self.estimator.ascend::<T>(rate);
        if self.left(learn) == Learn::Critic {
            return bound;
        }
        let FilterLearning {
            frozen,
            decay,
            rate: factor,
        } = self.learning;
        self.estimator.ascend_head::<T>(pace.times(factor));
        if decay > 0.0 {
            let left = 1.0 - rate * decay;
            let left = if left > 0.0 { left } else { 0.0 };
            let (parameters, _, _) = self.estimator.head_mut();
            self.projection
                .shrink(&self.shape, parameters, frozen, left);
        }
        if encoder.keeps_norm() {
            self.normalise_filter::<T>();
        }
        bound
    }

    /// The terms of the bound, one for each row of the batch that lies in
    /// [`signs`](Self::signs) or [`reals`](Self::reals), to the first K of `terms`; their mean is the batch's estimate.
    /// In nats; nothing is learned.
    #[inline(always)]
    pub fn evaluate<T: Target>(
        &mut self,
        encoder: impl Encoder,
        stream: &mut Stream,
        terms: &mut [f32],
    ) {
        self.encode::<T>(encoder, stream);
        let [_, e] = self.batch.inputs();
        self.estimator.evaluate::<T>(Input::Reals(self.h), e, terms);
    }
}
