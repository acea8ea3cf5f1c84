//! The settings of a run in groups, with the defaults for the Ising model (RSMI-NE, tables I and II);
//! other models override some of them ([`Defaults`]).

use blockspin_core::bound::AnyBound as Bound;
use blockspin_core::critic::{Activation, AnyCritic as Critic};

use super::encoder::{self, Coarse, Given};
use super::values::{self, Components, Critics, Frozen, Hidden, Sides};
use super::{any, optional, settings};

settings! {
    /// Block, buffer and environment: a width for each axis, or one for all axes; on a graph, numbers of
    /// shells.
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
        /// Hidden layers of a multi-layer map that replaces Λ·v; none: Λ·v.
        map: Hidden = Hidden(vec![]), values::hidden;
        /// Initial filters, by name or from a file; none: random.
        filter_init: Option<String> = None, optional(any);
        /// Components of `filter_init` that are kept fixed.
        freeze: Option<Frozen> = None, optional(values::frozen);
        /// Scale of the initial filter weights, in units of Glorot's. Directions of V without variance
        /// receive no gradient, so keep them small where there are any.
        filter_start: f32 = 1.0, values::relaxation;
        /// Learning rate of the filter, in units of the critic's. The papers have 1, at which filters
        /// are still growing when the rate has decayed.
        filter_rate: f32 = 4.0, values::relaxation;
        /// Decay of the filter's weights, in units of the learning rate.
        weight_decay: f32 = 0.0, values::decay;
        /// Relaxation ε at the start.
        epsilon_start: f32 = 0.5, values::relaxation;
        /// Smallest relaxation.
        epsilon_end: f32 = 0.1, values::relaxation;
        /// Decay of the relaxation per step.
        epsilon_rate: f32 = 5e-3, values::rate;
        /// Number of trainings with different initial weights and samples, of which the best on
        /// validation windows is reported.
        restarts: u32 = 1, values::restarts;
        /// Most steps of BFGS that refine the filter after the training (RSMI-NE, eq. B12).
        refine: u32 = 0, values::count;
    }
}

settings! {
    /// A given filter; only the critic is trained.
    GivenFilter {
        /// Its name (uniform, boundary, decimation, staggered), or an .npy file.
        filter: String = "uniform".into(), any;
        /// How h follows from the filter.
        encoder: Given = Given::Sign, encoder::given;
    }
}

settings! {
    /// The critic f(h, e). A setting that is none is chosen to suit the encoder and the values, or does
    /// not apply to the critic.
    CriticNetwork {
        /// Its form.
        critic: Option<Critic> = None, optional(values::critic);
        /// Widths of its hidden layers.
        hidden: Option<Hidden> = None, optional(values::hidden);
        /// Width of the embedding in which the networks of a separable or moments critic meet.
        embedding: Option<u32> = None, optional(values::embedding);
        /// Activation of hidden layers.
        activation: Option<Activation> = None, optional(values::activation);
        /// Whether smaller critics are tried on data that this one overfits. None: they are, unless the
        /// critic is given.
        critics: Option<Critics> = None, optional(values::critics);
    }
}

settings! {
    /// Bound, batch, learning rate and length of the training.
    Optimisation {
        /// Lower bound of the information that is maximised and reported.
        bound: Bound = Bound::InfoNce, values::bound;
        /// Joint samples in a batch, K.
        batch: u32 = 100, values::batch;
        /// Most training steps.
        steps: u32 = 6000, values::positive;
        /// Learning rate at the start.
        learning_rate: f32 = 5e-3, values::rate;
        /// Learning rate at the end of the half cosine.
        learning_rate_end: f32 = 0.0, values::rate;
        /// Ends the training when moving averages 200 steps apart differ by no more than this, in nats
        /// (RSMI-NE, eq. B10).
        tolerance: Option<f64> = None, optional(values::tolerance);
        /// Weight of the latest average in the mixed one that `tolerance` compares (eq. B11).
        damping: f64 = 0.5, values::damping;
        /// Ends the training after this many validation figures in a row that are no better than the
        /// best, and keeps the parameters of the best.
        patience: Option<u32> = None, optional(values::positive);
        /// Windows that the reported figure is averaged over, at least; none: enough for most uses. Four
        /// times as many halve its standard error.
        held_out_windows: Option<u32> = None, optional(values::positive);
        /// Parts of a file that are held out in turn, so that all of it serves for the reported figure
        /// (cross-fitting); none: five where few configurations are independent, else one.
        folds: Option<u32> = None, optional(values::folds);
        /// Seed of all random streams.
        seed: u64 = 1, values::seed;
    }
}

settings! {
    /// Burn-in and thinning of Markov chains, in sweeps; what is none is measured.
    Pace {
        /// Sweeps before the first sample.
        burn_in: Option<u32> = None, optional(values::count);
        /// Sweeps from one sample to the next.
        thin: Option<u32> = None, optional(values::positive);
    }
}

/// The defaults for runs on a model or a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Defaults {
    /// Block, buffer and environment.
    pub window: Window,
    /// The learned filter.
    pub filter: LearnedFilter,
    /// Bound, batch and schedule.
    pub optimisation: Optimisation,
}
