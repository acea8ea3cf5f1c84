//! What is known without sampling, beside what a run found.

use std::num::NonZeroU32;

use blockspin_core::bound::AnyBound as Bound;
use blockspin_core::encoder::AnyEncoder as Encoder;
use blockspin_core::exact::Information;
use serde_json::{Value, json};

use crate::filters::Filters;
use crate::learn::Settings;
use crate::model::Question;
use crate::place::Place;
use crate::subject::Subject;

/// What is known without sampling.
pub(super) struct Exact {
    /// Of h as it is reported.
    pub(super) reported: Option<Information>,
    /// Of h without chance.
    pub(super) decided: Option<Information>,
    batch: usize,
}

impl Exact {
    pub(super) fn of(subject: &Subject, settings: &Settings, filters: &Filters) -> Self {
        let batch = settings.shape.batch();
        let shown = (settings.bound == Bound::InfoNce)
            .then(|| NonZeroU32::new(batch as u32))
            .flatten();
        let known = |encoder: Encoder| match (subject, &settings.place) {
            // What `filters` says of a map is not all of it.
            _ if settings.shape.has_map() => None,
            (Subject::Model(model, _), Place::Window(window)) => model.known(Question {
                window,
                filters,
                encoder,
                batch: shown,
            }),
            _ => None,
        };
        let coarse = settings.coarse;
        let given = settings.given.as_ref();
        let encoder = given.map_or(coarse.drawn(), |(_, encoder)| *encoder);
        let reported = known(encoder);
        let decided = match coarse.decided() {
            Some(decided) if decided == encoder => reported,
            Some(decided) => reported.and_then(|_| known(decided)),
            None => None,
        };
        Exact {
            reported,
            decided,
            batch,
        }
    }

    /// For a run's file.
    pub(super) fn json(&self) -> Value {
        let Some(reported) = self.reported else {
            return Value::Null;
        };
        let shown = |information: Information| Some(information.filtered? - information.deficit?);
        json!({
            "information_nats": reported.filtered,
            "infonce_nats": shown(reported),
            "deficit_nats": reported.deficit,
            "information_sign_nats": self.decided.and_then(|decided| decided.filtered),
            "infonce_sign_nats": self.decided.and_then(shown),
            "deficit_sign_nats": self.decided.and_then(|decided| decided.deficit),
            "block_information_nats": reported.block,
        })
    }

    /// A line for people, if there is something to say.
    pub(super) fn line(&self, information: Option<Information>) -> String {
        let Some(information) = information else {
            return String::new();
        };
        let all = information.filtered.unwrap_or(0.0);
        let shown = information.deficit.map_or(String::new(), |deficit| {
            format!(
                ", of which InfoNCE at K = {} can show {:.4}",
                self.batch,
                all - deficit
            )
        });
        format!("exactly        {all:.4} nats{shown}\n")
    }
}
