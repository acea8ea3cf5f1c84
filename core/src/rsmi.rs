//! One training step, end to end: packed samples → filter → encoder → critic → bound, and the
//! gradients all the way back, then Adam. And the held-out estimate, forward alone.
//!
//! A map in place of the filter ([`Shape::with_map`]) is a network as those of the critic, whose first layer
//! reads v − c: its bias takes W·c off while the network runs.
//!
//! The filter's part is the linear map x_ka = Σ_i v_ki Λ_ia over the values of the block, and its
//! gradient dΛ_ia = Σ_k v_ki dx_ka: sums over packed signs ([`kernel::signs`]), or dense products
//! where samples are real ([`kernel::dense`]).
//!
//! [`kernel::signs`]: crate::kernel::signs
//! [`kernel::dense`]: crate::kernel::dense

use core::fmt;

use crate::bound::Bound;
use crate::bound::tuba::Average;
use crate::critic::mlp::{self, Input, Scratch};
use crate::critic::{Critic, Room, Task};
use crate::encoder::Encoder;
use crate::encoder::{centre, norm};
use crate::kernel::dense::Output;
use crate::kernel::{Portable, Tile};
use crate::num::lane::{Lane, get, get_mut, lanes};
use crate::num::rng::Stream;
use crate::optim::adam::Adam;
use crate::shape::Shape;

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

impl Samples<'_> {
    /// Rows of V, rows of E, and space for their transposed bits.
    #[inline(always)]
    fn rows(&mut self, shape: Shape) -> Rows<'_> {
        match self {
            Samples::Signs(all) => {
                let (v, rest) = all.split_at_mut(shape.block_words());
                let (e, flipped) = rest.split_at_mut(shape.environment_words());
                Rows {
                    v: Input::Signs(v),
                    e: Input::Signs(e),
                    flipped,
                }
            }
            Samples::Reals(all) => {
                let (v, e) = all.split_at(shape.batch() * lanes(shape.block()));
                Rows {
                    v: Input::Reals(v),
                    e: Input::Reals(e),
                    flipped: &mut [],
                }
            }
        }
    }
}

/// What a step reads.
struct Rows<'a> {
    v: Input<'a>,
    e: Input<'a>,
    flipped: &'a mut [u32],
}

/// A slice of [`Storage`] that is too short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageError {
    /// Which.
    pub what: &'static str,
    /// The length that the shape needs.
    pub needed: usize,
    /// The length that was given.
    pub given: usize,
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StorageError {
            what,
            needed,
            given,
        } = self;
        write!(f, "{what} of length {given}; this shape needs {needed}")
    }
}

impl core::error::Error for StorageError {}

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

/// What runs a step: [`Portable`] code, or a host's choice of instructions. No bit depends on it.
pub trait Machine {
    /// [`Rsmi::step`].
    fn step(
        &self,
        rsmi: &mut Rsmi,
        encoder: Encoder,
        learn: Learn,
        rate: f32,
        stream: &mut Stream,
    ) -> f32;

    /// [`Rsmi::evaluate`].
    fn evaluate(&self, rsmi: &mut Rsmi, encoder: Encoder, stream: &mut Stream, terms: &mut [f32]);
}

impl Machine for Portable {
    fn step(
        &self,
        rsmi: &mut Rsmi,
        encoder: Encoder,
        learn: Learn,
        rate: f32,
        stream: &mut Stream,
    ) -> f32 {
        rsmi.step::<Portable>(encoder, learn, rate, stream)
    }

    fn evaluate(&self, rsmi: &mut Rsmi, encoder: Encoder, stream: &mut Stream, terms: &mut [f32]) {
        rsmi.evaluate::<Portable>(encoder, stream, terms);
    }
}

/// What a step of [`Rsmi`] passes on to the next beside the parameters: to be written down, and to
/// be set where a training goes on.
#[derive(Debug)]
pub struct Memory<'m> {
    /// First moments of the gradients, one for each parameter.
    pub first_moments: &'m mut [Lane],
    /// Second moments.
    pub second_moments: &'m mut [Lane],
    /// Powers of the optimiser.
    pub adam: &'m mut Adam,
    /// Of mean exp F over the batches so far, where the bound needs it.
    pub average: &'m mut Average,
}

/// Filter, critic and optimiser of one run.
#[derive(Debug)]
pub struct Rsmi<'a> {
    shape: Shape,
    storage: Storage<'a>,
    /// Means of the sites of V; none: they are 0.
    centres: &'a [f32],
    bound: Bound,
    /// Of mean exp F over the batches so far, where the bound needs it.
    average: Average,
    adam: Adam,
    /// A bit for each component whose weights stay.
    frozen: u64,
    /// Rate at which the weights of filter or map decay, in units of the learning rate.
    decay: f32,
    /// Of the critic's learning rate.
    filter_rate: f32,
}

/// The parts of the workspace, in the order of [`Shape::parts`].
struct Work<'w> {
    h: &'w mut [Lane],
    slopes: &'w mut [Lane],
    room: Room<'w>,
    map: &'w mut [Lane],
}

impl<'w> Work<'w> {
    #[inline(always)]
    fn new(shape: Shape, mut rest: &'w mut [Lane]) -> Self {
        let [
            h,
            slopes,
            coarse,
            environment,
            columns,
            scores,
            by_coarse,
            by_layers,
            transposed,
            map,
        ] = shape
            .parts()
            .map(|(_, length)| rest.split_off_mut(..length).unwrap_or_default());
        let (upper, lower) = by_layers.split_at_mut(by_layers.len() / 2);
        let room = Room {
            coarse,
            environment,
            columns,
            scores,
            by_coarse,
            upper,
            lower,
            transposed,
        };
        Work {
            h,
            slopes,
            room,
            map,
        }
    }
}

impl<'a> Rsmi<'a> {
    /// A run of the given shape on the caller's storage: draws filter and weights from `stream`,
    /// clears biases, moments and samples.
    ///
    /// # Errors
    /// Names the slice that is too short.
    pub fn new(
        shape: Shape,
        storage: Storage<'a>,
        stream: &mut Stream,
    ) -> Result<Self, StorageError> {
        let parameters = shape.parameter_lanes();
        let (kind, samples, given) = match &storage.samples {
            Samples::Signs(words) => ("packed samples", shape.sign_words(), words.len()),
            Samples::Reals(lanes) => ("real samples", shape.real_lanes(), lanes.len()),
        };
        for (what, needed, given) in [
            ("parameters", parameters, storage.parameters.len()),
            ("gradients", parameters, storage.gradients.len()),
            ("first moments", parameters, storage.first_moments.len()),
            ("second moments", parameters, storage.second_moments.len()),
            (
                "a workspace",
                shape.workspace_lanes(),
                storage.workspace.len(),
            ),
            (kind, samples, given),
        ] {
            if given < needed {
                return Err(StorageError {
                    what,
                    needed,
                    given,
                });
            }
        }
        let mut storage = Storage {
            parameters: &mut storage.parameters[..parameters],
            gradients: &mut storage.gradients[..parameters],
            first_moments: &mut storage.first_moments[..parameters],
            second_moments: &mut storage.second_moments[..parameters],
            workspace: &mut storage.workspace[..shape.workspace_lanes()],
            samples: match storage.samples {
                Samples::Signs(words) => Samples::Signs(&mut words[..samples]),
                Samples::Reals(lanes) => Samples::Reals(&mut lanes[..samples]),
            },
        };
        storage.parameters.fill(Lane::ZERO);
        storage.gradients.fill(Lane::ZERO);
        storage.first_moments.fill(Lane::ZERO);
        storage.second_moments.fill(Lane::ZERO);
        match &mut storage.samples {
            Samples::Signs(words) => words.fill(0),
            Samples::Reals(lanes) => lanes.fill(Lane::ZERO),
        }
        let (filter, critic) = storage.parameters.split_at_mut(shape.filter_lanes());
        if shape.has_map() {
            mlp::initialise(shape.map_network(), filter, stream);
        } else {
            mlp::glorot(filter, shape.block(), shape.components(), stream);
        }
        Critic::initialise(shape, critic, stream);
        Ok(Rsmi {
            shape,
            storage,
            centres: &[],
            bound: Bound::default(),
            average: Average::default(),
            adam: Adam::default(),
            frozen: 0,
            decay: 0.0,
            filter_rate: 1.0,
        })
    }

    /// The same with the filter's first weights multiplied: those along directions in which Λ·v never
    /// varies stay as they began, and do so unseen if they began small. Of a map the weights of the first
    /// layer, to which its first logits are proportional.
    #[must_use]
    pub fn with_filter_scaled(self, factor: f32) -> Self {
        let filter = if self.shape.has_map() {
            &mut self.storage.parameters[..self.shape.map_network().layer_lanes(0)]
        } else {
            &mut self.storage.parameters[..self.shape.filter_lanes()]
        };
        for lane in filter {
            *lane = lane.map(|weight| weight * factor);
        }
        self
    }

    /// The same with means that are taken off V before the filter sees it, x = Λ·(v − c), one for each
    /// site; those beyond |V| are not looked at, those that lack are 0.
    #[must_use]
    pub fn with_centres(self, centres: &'a [f32]) -> Self {
        let centres = &centres[..centres.len().min(self.shape.block())];
        Rsmi { centres, ..self }
    }

    /// The same with components whose weights stay as they are, bit for bit (but −0 becomes 0), while all
    /// else learns: bit a of the mask is component a. Weights are set, and brought to norm 1, before.
    ///
    /// # Errors
    /// Some components of a map, but not all.
    pub fn with_frozen(self, components: u64) -> Result<Self, FrozenError> {
        let frozen = Rsmi {
            frozen: components & u64::MAX >> (64 - self.shape.components()),
            ..self
        };
        if frozen.shape.has_map() && frozen.frozen != 0 && !frozen.all_frozen() {
            return Err(FrozenError);
        }
        Ok(frozen)
    }

    /// The same with a filter that decays (AdamW, Loshchilov and Hutter 2019): after a step at rate η all
    /// its weights are multiplied by 1 − η · `rate`, and those of a map, but for biases. Along directions
    /// in which Λ·v never varies nothing else moves them. From 0; what is not above it counts as 0.
    #[must_use]
    pub fn with_weight_decay(self, rate: f32) -> Self {
        let decay = if rate > 0.0 { rate } else { 0.0 };
        Rsmi { decay, ..self }
    }

    /// The same with a filter that learns at so many times the rate of the critic. A binary h is as sharp
    /// as its filter is large, and it grows by the rate at every step, at most. What is not a number
    /// above 0 counts as 1.
    #[must_use]
    pub fn with_filter_rate(self, factor: f32) -> Self {
        let filter_rate = if factor > 0.0 { factor } else { 1.0 };
        Rsmi {
            filter_rate,
            ..self
        }
    }

    /// The same with another bound than InfoNCE. [`Bound::Tuba`] takes the last output of a separable
    /// critic's embedding for its baseline ([`Bound::outputs`]).
    #[must_use]
    pub fn with_bound(self, bound: Bound) -> Self {
        Rsmi { bound, ..self }
    }

    fn all_frozen(&self) -> bool {
        self.frozen.count_ones() as usize == self.shape.components()
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
        if self.shape.has_map() || site >= sites || component >= components {
            return 0.0;
        }
        get(
            &self.storage.parameters[site * lanes(components)..],
            component,
        )
    }

    /// Sets a weight of the filter; nothing where there is no such weight.
    pub fn set_filter(&mut self, site: usize, component: usize, weight: f32) {
        let (sites, components) = (self.shape.block(), self.shape.components());
        if !self.shape.has_map() && site < sites && component < components {
            let row = &mut self.storage.parameters[site * lanes(components)..];
            *get_mut(row, component) = weight;
        }
    }

    /// Divides every component of the filter by its norm (one of zeros is left), as continuous h have
    /// it: their scale says nothing, and a critic learns best from one near 1. Frozen components are left,
    /// and a map is: it has no norm.
    #[inline(always)]
    pub fn normalise_filter<T: Tile>(&mut self) {
        if self.shape.has_map() {
            return;
        }
        let filter = &mut self.storage.parameters[..self.shape.filter_lanes()];
        norm::normalise::<T>(filter, lanes(self.shape.components()), self.frozen);
    }

    /// Multiplies the weights of filter or map.
    fn shrink(&mut self, factor: f32) {
        let filter = &mut self.storage.parameters[..self.shape.filter_lanes()];
        if !self.shape.has_map() {
            norm::scale(filter, lanes(self.shape.components()), self.frozen, factor);
            return;
        }
        let net = self.shape.map_network();
        let mut rest = filter;
        for l in 0..net.layers() {
            let (layer, next) = rest.split_at_mut(net.layer_lanes(l));
            let width = lanes(net.width(l + 1));
            norm::scale(&mut layer[width..], width, 0, factor);
            rest = next;
        }
    }

    /// The mean response ⟨∂x_a/∂v_i⟩ of a component's logit over the batch that lies in
    /// [`signs`](Self::signs) or [`reals`](Self::reals), to the first |V| of `weights`: what a map is to
    /// first order. The filter itself, where there is no map. Overwrites the gradients of a map.
    #[inline(always)]
    pub fn response<T: Tile>(&mut self, component: usize, weights: &mut [f32]) {
        let shape = self.shape;
        let net = shape.map_network();
        if !shape.has_map() || component >= shape.components() {
            for (site, weight) in weights.iter_mut().enumerate().take(shape.block()) {
                *weight = self.filter(site, component);
            }
            return;
        }
        let storage = &mut self.storage;
        Self::logits::<T>(shape, storage, self.centres);
        let work = Work::new(shape, storage.workspace);
        let Rows { v, flipped, .. } = storage.samples.rows(shape);
        let batch = shape.batch();
        let width = lanes(shape.components());
        let upper = work.room.upper;
        upper[..batch * width].fill(Lane::ZERO);
        for row in upper[..batch * width].chunks_exact_mut(width) {
            *get_mut(row, component) = 1.0 / batch as f32;
        }
        let gradient = &mut storage.gradients[..shape.filter_lanes()];
        mlp::backward::<T>(
            net,
            batch,
            storage.parameters,
            v,
            work.map,
            upper,
            work.room.lower,
            gradient,
            Scratch {
                transposed: work.room.transposed,
                flipped,
            },
            false,
        );
        // The gradient by the first bias is the mean of those by the first layer's outputs.
        let width = lanes(net.width(1));
        let first = storage.parameters[width..].chunks_exact(width);
        for (row, weight) in first.zip(weights).take(shape.block()) {
            *weight = 0.0;
            for o in 0..net.width(1) {
                *weight += get(row, o) * get(gradient, o);
            }
        }
    }

    /// All parameters, in the order that [`Shape::parameter_lanes`] states.
    #[must_use]
    pub fn parameters(&self) -> &[Lane] {
        self.storage.parameters
    }

    /// All parameters, to be set; padding must stay 0.
    pub fn parameters_mut(&mut self) -> &mut [Lane] {
        self.storage.parameters
    }

    /// Gradients of the last step, in the order of the parameters.
    #[must_use]
    pub fn gradients(&self) -> &[Lane] {
        self.storage.gradients
    }

    /// What a step passes on to the next beside the parameters.
    pub fn memory_mut(&mut self) -> Memory<'_> {
        Memory {
            first_moments: self.storage.first_moments,
            second_moments: self.storage.second_moments,
            adam: &mut self.adam,
            average: &mut self.average,
        }
    }

    /// Where a batch of packed samples goes: the rows of V, and the rows of E. Empty, if samples
    /// are real.
    pub fn signs(&mut self) -> (&mut [u32], &mut [u32]) {
        let Samples::Signs(all) = &mut self.storage.samples else {
            return Default::default();
        };
        let (v, rest) = all.split_at_mut(self.shape.block_words());
        (v, &mut rest[..self.shape.environment_words()])
    }

    /// Where a batch of real samples goes: the rows of V, and the rows of E, of whole lanes each.
    /// Empty, if samples are signs.
    pub fn reals(&mut self) -> (&mut [Lane], &mut [Lane]) {
        let Samples::Reals(all) = &mut self.storage.samples else {
            return Default::default();
        };
        all.split_at_mut(self.shape.batch() * lanes(self.shape.block()))
    }

    /// Logits of the batch.
    #[inline(always)]
    fn logits<T: Tile>(shape: Shape, storage: &mut Storage, centres: &[f32]) {
        let (batch, components) = (shape.batch(), shape.components());
        let work = Work::new(shape, storage.workspace);
        let v = storage.samples.rows(shape).v;
        let filter = &mut storage.parameters[..shape.filter_lanes()];
        if !shape.has_map() {
            let logits = Output::set(work.h, lanes(components));
            v.product::<T>(batch, shape.block(), filter, components, logits);
            if !centres.is_empty() {
                centre::take_off(filter, centres, lanes(components), work.h);
            }
            return;
        }
        let net = shape.map_network();
        let width = lanes(net.width(1));
        let saved = &mut work.room.upper[..width];
        saved.copy_from_slice(&filter[..width]);
        let (bias, weights) = filter.split_at_mut(width);
        centre::take_off(&weights[..shape.block() * width], centres, width, bias);
        mlp::forward::<T>(net, batch, filter, v, work.map);
        filter[..width].copy_from_slice(saved);
        let at = work.map.len() - work.h.len();
        work.h.copy_from_slice(&work.map[at..]);
    }

    /// Logits of the batch, then coarse variables.
    #[inline(always)]
    fn encode<T: Tile>(
        shape: Shape,
        storage: &mut Storage,
        centres: &[f32],
        encoder: Encoder,
        stream: &mut Stream,
    ) {
        Self::logits::<T>(shape, storage, centres);
        let components = shape.components();
        let work = Work::new(shape, storage.workspace);
        encoder.encode(components, work.h, work.slopes, stream);
    }

    /// The bound on the batch that lies in [`signs`](Self::signs) or [`reals`](Self::reals), and the gradients of it by
    /// all parameters (by the critic's alone for [`Learn::Critic`]), left in
    /// [`gradients`](Self::gradients). In nats. A bound that averages over batches takes this one in.
    #[inline(always)]
    pub fn differentiate<T: Tile>(
        &mut self,
        encoder: Encoder,
        learn: Learn,
        stream: &mut Stream,
    ) -> f32 {
        let shape = self.shape;
        let learn = self.left(learn);
        let storage = &mut self.storage;
        Self::encode::<T>(shape, storage, self.centres, encoder, stream);

        let (batch, components) = (shape.batch(), shape.components());
        let mut work = Work::new(shape, storage.workspace);
        let Rows { v, e, flipped } = storage.samples.rows(shape);
        let (filter_gradient, critic_gradient) =
            storage.gradients.split_at_mut(shape.filter_lanes());
        let filter = &storage.parameters[..shape.filter_lanes()];
        let task = Task {
            shape,
            bound: self.bound,
            parameters: &storage.parameters[shape.filter_lanes()..],
            h: work.h,
            e,
        };
        let mut bound = 0.0;
        let dh = task.differentiate::<T>(
            &mut self.average,
            critic_gradient,
            flipped,
            learn == Learn::All,
            work.room.lend(),
            |_, term| bound += term,
        );
        if learn == Learn::All {
            let dx = work.slopes;
            encoder.pull_back(components, dx, dh);
            let stride = lanes(components);
            if shape.has_map() {
                let net = shape.map_network();
                work.room.upper[..dx.len()].copy_from_slice(dx);
                mlp::backward::<T>(
                    net,
                    batch,
                    filter,
                    v,
                    work.map,
                    work.room.upper,
                    work.room.lower,
                    filter_gradient,
                    Scratch {
                        transposed: work.room.transposed,
                        flipped,
                    },
                    false,
                );
                let width = lanes(net.width(1));
                let (bias, weights) = filter_gradient.split_at_mut(width);
                centre::take_off_gradient(bias, self.centres, width, weights);
            } else {
                let gradient = Output::set(filter_gradient, stride);
                v.gradient::<T>(batch, shape.block(), dx, components, flipped, gradient);
                if !self.centres.is_empty() {
                    centre::take_off_gradient(dx, self.centres, stride, filter_gradient);
                }
                if self.frozen != 0 {
                    // Their moments stay 0, and Adam does not move them.
                    for row in filter_gradient.chunks_exact_mut(stride) {
                        let frozen = (0..components).filter(|a| self.frozen >> a & 1 != 0);
                        frozen.for_each(|a| *get_mut(row, a) = 0.0);
                    }
                }
            }
        }
        bound / batch as f32
    }

    /// One step: the bound on the batch that lies in [`signs`](Self::signs) or [`reals`](Self::reals), its gradients,
    /// and Adam uphill at the given rate, after which filters of continuous h are brought back to norm 1.
    /// Returns the bound before the step, in nats.
    #[inline(always)]
    pub fn step<T: Tile>(
        &mut self,
        encoder: Encoder,
        learn: Learn,
        rate: f32,
        stream: &mut Stream,
    ) -> f32 {
        let bound = self.differentiate::<T>(encoder, learn, stream);
        let learn = self.left(learn);
        let pace = self.adam.advance::<T>(rate);
        let (end, all) = (self.shape.filter_lanes(), self.storage.parameters.len());
        let filter = (learn == Learn::All, 0..end, pace.times(self.filter_rate));
        let critic = (true, end..all, pace);
        for (learns, at, pace) in [filter, critic] {
            if learns {
                pace.ascend::<T>(
                    &mut self.storage.parameters[at.clone()],
                    &self.storage.gradients[at.clone()],
                    &mut self.storage.first_moments[at.clone()],
                    &mut self.storage.second_moments[at],
                );
            }
        }
        if learn == Learn::All && self.decay > 0.0 {
            let left = 1.0 - rate * self.decay;
            self.shrink(if left > 0.0 { left } else { 0.0 });
        }
        if learn == Learn::All && matches!(encoder, Encoder::Continuous { .. }) {
            self.normalise_filter::<T>();
        }
        bound
    }

    /// The terms of the bound, one for each row of the batch that lies in
    /// [`signs`](Self::signs) or [`reals`](Self::reals), to the first K of `terms`; their mean is the batch's estimate.
    /// In nats; nothing is learned.
    #[inline(always)]
    pub fn evaluate<T: Tile>(&mut self, encoder: Encoder, stream: &mut Stream, terms: &mut [f32]) {
        let shape = self.shape;
        let storage = &mut self.storage;
        Self::encode::<T>(shape, storage, self.centres, encoder, stream);
        let work = Work::new(shape, storage.workspace);
        let task = Task {
            shape,
            bound: self.bound,
            parameters: &storage.parameters[shape.filter_lanes()..],
            h: work.h,
            e: storage.samples.rows(shape).e,
        };
        task.evaluate::<T>(&mut self.average, work.room, |j, term| {
            if let Some(slot) = terms.get_mut(j) {
                *slot = term;
            }
        });
    }
}
