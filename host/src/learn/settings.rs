//! What a run is asked for.

use blockspin_core::bound::Bound;
use blockspin_core::coarse::encoder::Encoder;
use blockspin_core::optim::schedule::Schedule;
use blockspin_core::rsmi::Learn;
use blockspin_core::shape::Shape;

use crate::coarse::Coarse;
use crate::filters::Filters;
use crate::machine::Isa;
use crate::place::Place;

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
    /// Seed of all streams.
    pub seed: u64,
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
    /// What steps move, and the encoder of the reported figure.
    pub(super) fn learned(&self) -> (Learn, Encoder) {
        match &self.given {
            None => (Learn::All, self.coarse.drawn()),
            Some((_, encoder)) => (Learn::Critic, *encoder),
        }
    }

    /// Weights of all components over the whole block, all 0.
    pub(super) fn zeros(&self) -> Vec<f32> {
        let sides = self.place.block().iter();
        let sites: usize = sides.map(|side| *side as usize).product();
        vec![0.0; self.shape.components() * sites]
    }
}
