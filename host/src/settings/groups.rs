//! The settings of a run in groups, with the defaults of the Ising model (RSMI-NE, tables I and II);
//! other models have their own where theirs differ ([`Defaults`]).

use blockspin_core::bound::AnyBound as Bound;
use blockspin_core::critic::{Activation, AnyCritic as Critic};

use super::encoder::{self, Coarse, Given};
use super::values::{self, Components, Frozen, Hidden, Sides};
use super::{any, optional, settings};

settings! {
    /// Block, buffer and environment, each a width along every axis, or one for all; on a graph
    /// numbers of shells.
    Window {
        /// Sides of the block V.
        block: Sides = Sides(vec![4]), values::block;
        /// Width of the buffer around the block.
        buffer: Sides = Sides(vec![4]), values::widths;
        /// Width of the environment E around the buffer.
        environment: Sides = Sides(vec![10]), values::widths;
    }
}

settings! {
    /// A filter that is learned.
    LearnedFilter {
        /// Components of H.
        components: Components = Components::Of(1), values::components;
        /// Values of h.
        encoder: Coarse = Coarse::Binary, encoder::coarse;
        /// Hidden layers of a multi-layer map in place of Λ·v; none: Λ·v.
        map: Hidden = Hidden(vec![]), values::hidden;
        /// Filters to begin with, by name or from a file; none: they are drawn.
        filter_init: Option<String> = None, optional(any);
        /// Components of `filter_init` that stay as they are.
        freeze: Option<Frozen> = None, optional(values::frozen);
        /// Size of the first weights, in units of Glorot's. Directions of V without variance receive no
        /// gradient and stay as they began, so keep them small where there are any.
        filter_start: f32 = 1.0, values::relaxation;
        /// Learning rate of the filter, in units of the critic's. The papers have 1, at which filters
        /// are still growing when the rate has come down.
        filter_rate: f32 = 4.0, values::relaxation;
        /// Decay of the filter's weights, in units of the learning rate.
        weight_decay: f32 = 0.0, values::decay;
        /// Relaxation ε at the start.
        epsilon_start: f32 = 0.5, values::relaxation;
        /// Least relaxation.
        epsilon_end: f32 = 0.1, values::relaxation;
        /// Decay of the relaxation per step.
        epsilon_rate: f32 = 5e-3, values::rate;
        /// Trainings from other first weights and samples, of which the best on validation windows is
        /// reported.
        restarts: u32 = 1, values::restarts;
        /// Steps of BFGS, at most, that refine the filter after the training (RSMI-NE, eq. B12).
        refine: u32 = 0, values::count;
    }
}

settings! {
    /// A filter that is given; the critic alone is trained.
    GivenFilter {
        /// Its name (uniform, boundary, decimation, staggered), or an .npy file.
        filter: String = "uniform".into(), any;
        /// How h follows from it.
        encoder: Given = Given::Sign, encoder::given;
    }
}

settings! {
    /// The critic f(h, e). What is none is chosen to suit the encoder and the values, or has no meaning
    /// for the critic.
    CriticNetwork {
        /// Its form.
        critic: Option<Critic> = None, optional(values::critic);
        /// Widths of its hidden layers.
        hidden: Option<Hidden> = None, optional(values::hidden);
        /// Width of the embedding in which the networks of a separable critic, or one of moments, meet.
        embedding: Option<u32> = None, optional(values::embedding);
        /// Activation of hidden layers.
        activation: Option<Activation> = None, optional(values::activation);
    }
}

settings! {
    /// What is maximised, on which batches, how fast and for how long.
    Optimisation {
        /// Lower bound of the information that is maximised and reported.
        bound: Bound = Bound::InfoNce, values::bound;
        /// Joint samples in a batch, K.
        batch: u32 = 100, values::batch;
        /// Training steps, at most.
        steps: u32 = 6000, values::positive;
        /// Learning rate at the start.
        learning_rate: f32 = 5e-3, values::rate;
        /// Learning rate at the end of the half cosine.
        learning_rate_end: f32 = 0.0, values::rate;
        /// Ends the training when moving averages 200 steps apart differ by no more than this, in nats
        /// (RSMI-NE, eq. B10).
        tolerance: Option<f64> = None, optional(values::tolerance);
        /// Share of the latest average in the one that `tolerance` looks at (eq. B11).
        damping: f64 = 0.5, values::damping;
        /// Ends the training after this many validation figures in a row that are no better than the
        /// best, and keeps the parameters of the best.
        patience: Option<u32> = None, optional(values::positive);
        /// Seed of all random streams.
        seed: u64 = 1, values::seed;
    }
}

settings! {
    /// How Markov chains are looked at, in sweeps; what is none is measured.
    Pace {
        /// Before the first sample.
        burn_in: Option<u32> = None, optional(values::count);
        /// From one sample to the next.
        thin: Option<u32> = None, optional(values::positive);
    }
}

/// The defaults of a run that a model or a file has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Defaults {
    /// Block, buffer and environment.
    pub window: Window,
    /// The filter, where it is learned.
    pub filter: LearnedFilter,
    /// Bound, batch and schedule.
    pub optimisation: Optimisation,
}
