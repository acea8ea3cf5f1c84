//! How much of the samples a run holds in memory, and what that takes.

use blockspin_core::num::lane::Lane;
use serde::{Deserialize, Serialize};

use crate::data::split::Split;
use crate::data::supply::SampleValue;
use crate::run::evaluate::Extent;
use crate::run::region::Geometry;

use super::setup::{Scaling, Setup};
use super::training::AHEAD;

/// Sites that [`Reuse::uses`] refers to.
const USES_SITES: usize = 64 * 64;
/// [`Reuse::uses`] of the configurations of a file, which cost little.
const DATA_USES: usize = 24;
/// Windows that are taken of one configuration that nothing is learned from, at most.
const MOST_WINDOWS: usize = 64;
/// The same where a window spans the lattice, so that all of them have the same sites.
const WHOLE_WINDOWS: usize = 2;
/// Bytes of configurations that the shuffle buffer holds at most, unless one batch takes more.
const POOL_BYTES: usize = 1 << 21;
/// The same where they come from a file and may be reals.
pub(super) const DATA_POOL_BYTES: usize = 48 << 20;
/// Most configurations in the shuffle buffer of a model.
const POOL_CONFIGURATIONS: usize = 4096;
/// Windows that the reported figure is taken over, at least, and their bytes, at most. Where they may
/// overlap there are more, unless these take more bytes.
const HELD_OUT_WINDOWS: usize = 60_000;
const HELD_OUT_OVERLAPPING: usize = 80_000;
const HELD_OUT_BYTES: usize = 48 << 20;
/// Batches of different configurations that the error bar is taken over, at least.
const HELD_OUT_GROUPS: usize = 32;
/// Windows that are watched while training; of a file at most four times as many, and their bytes,
/// at most.
const VALIDATION_WINDOWS: usize = 4_000;
const VALIDATION_BYTES: usize = 24 << 20;
/// Windows that trainings are compared by, where there are several: enough to tell them apart.
const CHOOSING_WINDOWS: usize = 40_000;

/// How often configurations of a model are used, which the bits of a run depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reuse {
    /// Times that a configuration of a lattice of 64 × 64 is drawn from the shuffle buffer before it
    /// is replaced; larger lattices hold more windows, and stay longer.
    uses: usize,
    /// Windows of a configuration that nothing is learned from, in units of those that are nearly
    /// independent: the others are less than new ones, but come without a sweep.
    windows: usize,
}

/// As measured: `reuse` in `benches/README.md`.
impl Default for Reuse {
    fn default() -> Self {
        Reuse {
            uses: 96,
            windows: 4,
        }
    }
}

impl Reuse {
    /// Whether any version uses configurations so.
    pub(super) fn is_known(self) -> bool {
        [Self::default(), Self::untold()].contains(&self)
    }

    /// Of trainings whose checkpoints do not tell.
    pub(super) fn untold() -> Self {
        Reuse {
            uses: 24,
            windows: 1,
        }
    }
}

/// How much is held.
pub(super) struct Sizes {
    /// Configurations in the shuffle buffer.
    pub(super) pool: usize,
    /// Those that are there from the start.
    pub(super) first: usize,
    /// Draws after which a configuration is replaced; none: all are there.
    pub(super) uses: Option<usize>,
    pub(super) watched: Extent,
    /// What trainings are compared by, if there are several.
    pub(super) choosing: Extent,
    /// What was trained on, once more, if parts of a file are held out in turn.
    pub(super) trained: Extent,
    pub(super) held_out: Extent,
}

/// Bytes of a row of V and of E.
fn row_bytes<V: SampleValue>(place: &Geometry) -> usize {
    let (block, environment) = place.parts();
    size_of::<V::Word>() * (V::row(block) + V::row(environment))
}

fn uses(uses: usize, sites: usize) -> usize {
    uses * (sites / USES_SITES).max(1)
}

/// Held-out windows, where their number is given.
fn wanted(setup: &Setup) -> Option<usize> {
    let windows = setup.optimisation.held_out_windows;
    windows.map(|windows| windows as usize)
}

impl Sizes {
    /// Chains fill ten batches, then keep pace with what is drawn.
    pub(super) fn of_model<V: SampleValue>(setup: &Setup, reuse: Reuse) -> Self {
        let (place, batch) = (&setup.geometry, setup.shape.batch());
        let places = usize::try_from(place.places()).unwrap_or(usize::MAX);
        let independent = place.independent();
        let overlapping = match independent {
            1 => reuse.windows.min(WHOLE_WINDOWS),
            _ => reuse.windows,
        };
        let windows = (overlapping * independent).min(MOST_WINDOWS).min(places);
        let held_out = match windows > independent {
            true => (HELD_OUT_BYTES / row_bytes::<V>(place))
                .clamp(HELD_OUT_WINDOWS, HELD_OUT_OVERLAPPING),
            false => HELD_OUT_WINDOWS,
        };
        let held_out = wanted(setup).unwrap_or(held_out);
        let pool = (POOL_BYTES / (size_of::<V>() * V::configuration(place.sites())))
            .clamp(2 * batch, POOL_CONFIGURATIONS.max(2 * batch));
        let choosing = Extent {
            groups: CHOOSING_WINDOWS
                .div_ceil(windows * batch)
                .max(HELD_OUT_GROUPS),
            windows,
        };
        Sizes {
            pool,
            first: (10 * batch).min(pool),
            // At one place a configuration holds one window, which is soon known.
            uses: Some(if place.places() == 1 {
                1
            } else {
                uses(reuse.uses, place.sites())
            }),
            watched: Extent {
                groups: VALIDATION_WINDOWS.div_ceil(independent * batch),
                windows: independent.min(4),
            },
            choosing,
            trained: Extent {
                groups: 0,
                windows: 1,
            },
            held_out: Extent {
                groups: held_out.div_ceil(windows * batch).max(HELD_OUT_GROUPS),
                windows,
            },
        }
    }

    /// A file goes in whole if it fits; `sites` are those that are read of a configuration.
    pub(super) fn of_data<V: SampleValue>(setup: &Setup, parts: &Split, sites: usize) -> Self {
        let (place, batch) = (&setup.geometry, setup.shape.batch());
        let train = parts.train.len();
        let fits = DATA_POOL_BYTES / (size_of::<V>() * V::configuration(sites));
        let pool = train.min(fits.max(2 * batch));
        let places = usize::try_from(place.places()).unwrap_or(usize::MAX);
        let mut held_out = Extent {
            groups: parts.held_out.len() / batch,
            windows: HELD_OUT_WINDOWS
                .div_ceil(parts.held_out.len().max(1))
                .clamp(1, places),
        };
        let batches = (HELD_OUT_BYTES / (row_bytes::<V>(place) * batch)).max(1);
        held_out.groups = held_out.groups.min(batches);
        held_out.windows = held_out
            .windows
            .min((batches / held_out.groups.max(1)).max(1));
        let most = (4 * VALIDATION_WINDOWS)
            .min(VALIDATION_BYTES / row_bytes::<V>(place))
            .max(batch);
        let all = parts.validation.len() / batch;
        let groups = all.min(most.div_ceil(batch));
        let trained = (train / batch).min(batches);
        let trained = Extent {
            groups: trained,
            windows: held_out.windows.min((batches / trained.max(1)).max(1)),
        };
        let compared = all.min(batches);
        let choosing = Extent {
            groups: compared,
            windows: (CHOOSING_WINDOWS / (compared * batch).max(1)).clamp(1, held_out.windows),
        };
        let watched = Extent {
            groups,
            windows: held_out
                .windows
                .min(4)
                .min((most / (groups * batch).max(1)).max(1)),
        };
        // Nothing that is trained or chosen depends on it.
        if let Some(wanted) = wanted(setup) {
            let configurations = parts.held_out.len().max(1);
            held_out = Extent {
                groups: parts.held_out.len() / batch,
                windows: wanted.div_ceil(configurations).clamp(1, places),
            };
        }
        Sizes {
            pool,
            first: pool,
            uses: (pool < train).then(|| uses(DATA_USES, sites)),
            watched,
            choosing,
            trained,
            held_out,
        }
    }

    pub(super) fn bytes<V: SampleValue>(&self, setup: &Setup, sites: usize) -> u64 {
        let rows = |extent: Extent| extent.groups * extent.windows * setup.shape.batch();
        let configuration = size_of::<V>() * V::configuration(sites) + 4;
        let choosing = match setup.chooses() || setup.may_start_plain() {
            true => rows(self.choosing),
            false => 0,
        };
        let trained = match setup.scaling {
            Scaling::Folds => rows(self.trained),
            Scaling::None | Scaling::Validation => 0,
        };
        let ahead = match setup.execution.threads {
            1 => 0,
            _ => AHEAD * setup.shape.batch(),
        };
        let windows = rows(self.watched) + choosing + trained + rows(self.held_out) + ahead;
        let windows = windows * row_bytes::<V>(&setup.geometry);
        (self.pool * configuration + windows) as u64
    }
}

/// Bytes that filter, critic and batch take, with the parameters that are kept beside them.
pub(super) fn learned(setup: &Setup) -> u64 {
    let buffers = setup.shape.buffers();
    // Those of the end; the best so far, once more where a checkpoint is written; the best of two numbers
    // of components, and what a checkpoint takes of each.
    let best = 2 * u64::from(setup.optimisation.patience.is_some());
    let chosen = 6 * u64::from(setup.chooses());
    let parameters = setup.shape.parameter_lanes() * size_of::<Lane>();
    buffers.iter().map(|buffer| buffer.bytes).sum::<u64>() + (1 + best + chosen) * parameters as u64
}
