//! Exact values to compare a run's results with, where the system is small enough.

use std::num::NonZeroU32;

use blockspin_core::bound::AnyBound as Bound;
use blockspin_core::encoder::AnyEncoder as Encoder;
use blockspin_exact::Information;

use super::input::Input;
use super::record::ExactRecord;
use super::region::Geometry;
use super::setup::Setup;
use crate::data::filters::Filters;
use crate::model::ExactQuery;

/// Exact results for a run.
pub(super) struct Exact {
    /// For the reported h.
    pub(super) reported: Option<Information>,
    /// For the deterministic h.
    pub(super) decided: Option<Information>,
}

impl Exact {
    pub(super) fn of(input: &Input, setup: &Setup, filters: &Filters) -> Self {
        let batch = setup.shape.batch();
        let shown = (setup.optimisation.bound == Bound::InfoNce)
            .then(|| NonZeroU32::new(batch as u32))
            .flatten();
        let known = |encoder: Encoder| match (input, &setup.geometry) {
            // The weights in `filters` do not determine a map.
            _ if setup.shape.has_map() => None,
            (Input::Model(model, _), Geometry::Window(window)) => model.known(ExactQuery {
                window,
                filters,
                encoder,
                batch: shown,
            }),
            _ => None,
        };
        let coarse = setup.coarse;
        let given = setup.given.as_ref();
        let encoder = given.map_or(coarse.drawn(), |(_, encoder)| *encoder);
        let reported = known(encoder);
        let decided = match coarse.decided() {
            Some(decided) if decided == encoder => reported,
            Some(decided) => reported.and_then(|_| known(decided)),
            None => None,
        };
        Exact { reported, decided }
    }

    /// The entry of the record; none, if nothing is known.
    pub(super) fn record(&self) -> Option<ExactRecord> {
        let reported = self.reported?;
        let shown = |information: Information| Some(information.filtered? - information.deficit?);
        Some(ExactRecord {
            information_nats: reported.filtered,
            infonce_nats: shown(reported),
            deficit_nats: reported.deficit,
            information_sign_nats: self.decided.and_then(|decided| decided.filtered),
            infonce_sign_nats: self.decided.and_then(shown),
            deficit_sign_nats: self.decided.and_then(|decided| decided.deficit),
            block_information_nats: Some(reported.block),
        })
    }
}
