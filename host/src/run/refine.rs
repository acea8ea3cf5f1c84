//! The refinement of a filter by BFGS, after its training (RSMI-NE, eq. B12).

use blockspin_core::kernel::Portable;
use blockspin_core::num::lane::{get, lanes};
use blockspin_core::num::math::sqrt64;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::rsmi::{Learn, Machine, Rsmi};
use serde::{Deserialize, Serialize};

use crate::data::supply::SampleValue;

use super::bfgs::{self, Ascent};
use super::setup::Setup;

/// Windows that a filter is refined on, and their bytes, at most.
const WINDOWS: usize = 10_000;
const BYTES: usize = 48 << 20;
/// Steps that are remembered.
const MEMORY: usize = 24;
/// Gain of a step, in nats, below which it ends.
const TOLERANCE: f64 = 1e-7;

/// What the refinement of the filter by BFGS did.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refinement {
    /// Steps, and points at which the bound was asked for.
    pub steps: u32,
    /// See `steps`.
    pub evaluations: u32,
    /// The bound on the windows that were refined on, with relaxed h, before and after, in nats.
    pub bound_before_nats: f64,
    /// See `bound_before_nats`.
    pub bound_after_nats: f64,
    /// Information on the validation windows, before and after, in nats.
    #[serde(alias = "watched_before_nats")]
    pub validation_before_nats: f64,
    /// See `validation_before_nats`.
    #[serde(alias = "watched_after_nats")]
    pub validation_after_nats: f64,
    /// Whether it was better on the validation windows; else the filter is as it was.
    pub kept: bool,
}

/// Number of batches to refine on, of `batch` windows and this many bytes each.
pub(super) fn groups(batch: usize, bytes: usize) -> usize {
    WINDOWS.div_ceil(batch).min((BYTES / bytes.max(1)).max(1))
}

/// A batch: rows of V, and rows of E.
pub(super) struct Drawn<V: SampleValue> {
    pub(super) v: Vec<V::Word>,
    pub(super) e: Vec<V::Word>,
}

/// Climbs the bound on the batches that were drawn, by the filter alone: the critic stays as it is, and the
/// noise is the same every time. None, if there is nothing to climb; the parameters then mean nothing.
pub(super) fn refine<V: SampleValue>(
    setup: &Setup,
    rsmi: &mut Rsmi,
    drawn: &[Drawn<V>],
) -> Option<Ascent> {
    let Setup {
        shape,
        schedule,
        coarse,
        ..
    } = setup;
    let encoder = coarse.relaxed(schedule.epsilon(schedule.steps));
    let (critic, average) = (rsmi.parameters().to_vec(), *rsmi.memory_mut().average);
    let (sites, filters) = (shape.block(), shape.components());
    let numbers = || (0..sites * filters).map(|n| (n / filters, n % filters));
    let has_norm = !coarse.is_relaxed();
    let set = |rsmi: &mut Rsmi, x: &[f64]| {
        for ((site, filter), weight) in numbers().zip(x) {
            rsmi.set_filter(site, filter, *weight as f32);
        }
        if has_norm {
            rsmi.normalise_filter::<Portable>();
        }
    };
    let bound = |x: &[f64], gradient: &mut [f64]| -> f64 {
        set(rsmi, x);
        let mut noise = Stream::new(setup.optimisation.seed, 3, Purpose::Encoder);
        let mut sum = 0.0;
        gradient.fill(0.0);
        for Drawn { v, e } in drawn {
            let (to_v, to_e) = V::rows(rsmi);
            to_v.copy_from_slice(v);
            to_e.copy_from_slice(e);
            *rsmi.memory_mut().average = average;
            // A step at rate 0 moves nothing.
            let step = setup
                .execution
                .isa
                .step(rsmi, encoder, Learn::All, 0.0, &mut noise);
            sum += f64::from(step);
            for ((site, filter), slope) in numbers().zip(gradient.iter_mut()) {
                let row = &rsmi.gradients()[site * lanes(filters)..];
                *slope += f64::from(get(row, filter)) / drawn.len() as f64;
            }
        }
        if has_norm {
            (0..filters).for_each(|a| hold_norm(&x[a..], &mut gradient[a..], filters));
        }
        sum / drawn.len() as f64
    };
    let mut x: Vec<f64> = numbers()
        .map(|(site, filter)| f64::from(get(&critic[site * lanes(filters)..], filter)))
        .collect();
    let mut storage = vec![0.0; bfgs::storage_len(x.len(), MEMORY)];
    let ascent = bfgs::ascend(
        &mut x,
        &mut storage,
        MEMORY,
        setup.learned.refine,
        TOLERANCE,
        bound,
    )?;
    rsmi.parameters_mut().copy_from_slice(&critic);
    *rsmi.memory_mut().average = average;
    set(rsmi, &x);
    Some(ascent)
}

/// The slope by a filter x, every `stride`th number, whose weights are x/|x|: what would change the norm
/// is none.
fn hold_norm(x: &[f64], gradient: &mut [f64], stride: usize) {
    let pairs = || x.iter().step_by(stride);
    let square: f64 = pairs().map(|x| x * x).sum();
    let slopes = gradient.iter().step_by(stride);
    let along = pairs().zip(slopes).map(|(x, g)| x * g).sum::<f64>() / square;
    let norm = sqrt64(square);
    for (x, g) in pairs().zip(gradient.iter_mut().step_by(stride)) {
        *g = (*g - along * x) / norm;
    }
}
