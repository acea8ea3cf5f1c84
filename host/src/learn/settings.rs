//! What a run is asked for.

use blockspin_core::bound::AnyBound as Bound;
use blockspin_core::encoder::AnyEncoder as Encoder;
use blockspin_core::optim::schedule::Schedule;
use blockspin_core::optim::stopping::Convergence;
use blockspin_core::rsmi::Learn;
use blockspin_core::shape::{MAX_COMPONENTS, Shape};

use crate::coarse::{Coarse, MOST_COMPONENTS};
use crate::error::{Error, Result};
use crate::filters::Filters;
use crate::machine::Isa;
use crate::place::Place;

/// Learning rate of a filter, in units of the critic's: the papers have 1, at which filters are still
/// growing when the rate has come down.
pub const FILTER_RATE: f32 = 4.0;

/// When a training ends before its last step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stopping {
    /// RSMI-NE's criterion, on the moving average of every 200 steps.
    pub convergence: Option<Convergence>,
    /// Validation figures in a row that are no better than the best; the parameters of the best are kept.
    pub patience: Option<u32>,
}

/// Everything that determines a run but where its samples come from.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Block, buffer, environment.
    pub place: Place,
    /// Sizes of filter, critic and batch.
    pub shape: Shape,
    /// What is climbed and reported.
    pub bound: Bound,
    /// Learning rate and relaxation.
    pub schedule: Schedule,
    /// Values of h.
    pub coarse: Coarse,
    /// What the first weights of a learned filter are multiplied by.
    pub filter_start: f32,
    /// Learning rate of a filter, in units of the critic's.
    pub filter_rate: f32,
    /// Filters that a training begins with; none: they are drawn.
    pub filter_init: Option<Filters>,
    /// A bit for each filter that stays as it begins.
    pub frozen: u64,
    /// Decay of the filter's weights.
    pub weight_decay: f32,
    /// Seed of all streams.
    pub seed: u64,
    /// Trainings that differ in first weights and samples; the best on validation windows is reported.
    pub restarts: u32,
    /// Whether components are added to those of the shape, for as long as each adds information.
    pub grow: bool,
    /// When a training ends before its last step.
    pub stopping: Stopping,
    /// Steps of BFGS, at most, that refine a learned filter after the last step; 0: none.
    pub refine: u32,
    /// A filter that is given, with its encoder; none: it is learned.
    pub given: Option<(Filters, Encoder)>,
    /// Threads that sample.
    pub threads: usize,
    /// Instructions that compute.
    pub isa: Isa,
    /// Whether to keep quiet.
    pub quiet: bool,
}

impl Settings {
    /// One training at the core's defaults: a filter that is learned, with binary h, InfoNCE, seed 1, on
    /// one thread, quietly.
    #[must_use]
    pub fn new(place: Place, shape: Shape, isa: Isa) -> Self {
        Settings {
            place,
            shape,
            bound: Bound::default(),
            schedule: Schedule::default(),
            coarse: Coarse::Binary,
            filter_start: 1.0,
            filter_rate: FILTER_RATE,
            filter_init: None,
            frozen: 0,
            weight_decay: 0.0,
            seed: 1,
            restarts: 1,
            grow: false,
            stopping: Stopping::default(),
            refine: 0,
            given: None,
            threads: 1,
            isa,
            quiet: true,
        }
    }

    /// What steps move, and the encoder of the reported figure.
    pub(super) fn learned(&self) -> (Learn, Encoder) {
        match &self.given {
            None => (Learn::All, self.coarse.drawn()),
            Some((_, encoder)) => (Learn::Critic, *encoder),
        }
    }

    /// Whether there are several trainings, of which one is chosen.
    pub(super) fn chooses(&self) -> bool {
        self.restarts > 1 || self.grow
    }

    /// Components of H.
    pub(super) fn components(&self) -> u32 {
        self.shape.components() as u32 / self.coarse.filters()
    }

    /// The most components that are tried.
    pub(super) fn most_components(&self) -> u32 {
        MOST_COMPONENTS.min(MAX_COMPONENTS / self.coarse.filters())
    }

    /// The same with so many components.
    ///
    /// # Errors
    /// Usage, if these are too many.
    pub(super) fn with_components(&self, components: u32) -> Result<Self> {
        let shape = self
            .shape
            .with_components(components * self.coarse.filters());
        Ok(Settings {
            shape: shape.map_err(|error| Error::usage(error.to_string()))?,
            ..self.clone()
        })
    }

    /// Weights of all components over the whole block, all 0.
    pub(super) fn zeros(&self) -> Vec<f32> {
        let sides = self.place.block().iter();
        let sites: usize = sides.map(|side| *side as usize).product();
        vec![0.0; self.shape.components() * sites]
    }
}
