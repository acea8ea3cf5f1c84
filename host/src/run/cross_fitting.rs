//! Estimates on a file of which few configurations are independent: each part is held out in turn, and
//! critic and scale for it are chosen on the other parts.

use std::hash::Hasher;
use std::sync::Arc;

use super::checkpoint::Checkpoint;
use super::evaluate::{Estimate, Figures};
use super::learning::{self, Outcome, Scaled};
use super::setup::{SCALES, Scaling, Setup};
use crate::data::Data;
use crate::data::split::Split;
use crate::error::Result;
use crate::observer::{Observer, Phase, Progress};
use crate::settings::values::Critics;

/// Independent held-out windows below which a file serves in several folds.
const FEW_HELD_OUT: f64 = 1000.0;
/// Their number, unless it is given.
const FOLDS: u32 = 5;

/// Trains on one part of a file and estimates on another, adapted to what the file can carry. Of several
/// folds the filter is that of the first training, which alone has a checkpoint.
///
/// # Errors
/// Those of [`learning::data`].
pub(super) fn run(
    setup: &Setup,
    (critics, folds): (Option<Critics>, Option<u32>),
    (data, split): (&Data, &Split),
    checkpoint: Option<&mut Checkpoint>,
) -> Result<Outcome> {
    let windows = setup.geometry.independent() as f64;
    let trained = split.independent(&split.train) * windows;
    let held_out = split.independent(&split.held_out) * windows;
    let mut setup = setup.adapted(critics, trained);
    let folds = match folds {
        Some(folds) => folds,
        None if held_out < FEW_HELD_OUT => FOLDS,
        None => 1,
    };
    if folds == 1 {
        return learning::data(&setup, data, split, checkpoint);
    }
    if setup.scaling == Scaling::Validation {
        setup.scaling = Scaling::Folds;
    }
    let splits: Vec<Split> = (1..folds)
        .map(|fold| split.fold(data, fold as usize, folds as usize))
        .collect();
    let all = || std::iter::once(split).chain(&splits).zip(1..);
    let fold = |setup: &Setup, fold: u32| {
        let mut setup = setup.clone();
        setup.execution.observer = Arc::new(Fold {
            observer: setup.execution.observer.clone(),
            label: format!("fold {fold} of {folds}"),
            following: u64::from(folds - fold) * u64::from(setup.learned.restarts),
        });
        setup
    };
    let first = Setup {
        alternatives: vec![],
        ..setup.clone()
    };
    let first = learning::data(&fold(&first, 1), data, split, checkpoint)?;
    // Of all others too, if their number was to be found: figures of different ones have no mean.
    let components = first.components;
    let others = |critic: usize, mut outcomes: Vec<Outcome>| {
        let setup = setup.stage(critic, components)?;
        for (split, number) in all().skip(outcomes.len()) {
            outcomes.push(learning::data(&fold(&setup, number), data, split, None)?);
        }
        Ok::<_, crate::Error>(outcomes)
    };
    let mut tried = vec![others(0, vec![first])?];
    if tried[0].iter().any(|outcome| outcome.overfits) {
        for critic in 1..=setup.alternatives.len() {
            tried.push(others(critic, vec![])?);
        }
    }
    Ok(join(tried, split))
}

/// Shows which fold a phase belongs to.
struct Fold {
    observer: Arc<dyn Observer>,
    label: String,
    /// Phases of the same kind in further folds.
    following: u64,
}

impl Observer for Fold {
    fn begin(&self, phase: Phase<'_>) -> Box<dyn Progress> {
        let label = format!("{}, {}", phase.label, self.label);
        let label = &label;
        let progress = self.observer.begin(Phase { label, ..phase });
        // Of other phases the trainings that follow take most of the time.
        if phase.unit == learning::STEPS {
            progress.followed_by(self.following);
        }
        progress
    }

    fn notice(&self, message: &str) {
        self.observer.notice(message);
    }
}

/// Estimates of one critic and scale.
#[derive(Clone, Copy)]
struct Candidate {
    critic: usize,
    scale: usize,
}

/// Joins the folds of a file, for each critic, in the order in which they were held out: backwards. For
/// each fold the critic and the scale are those that are best on all others.
fn join(tried: Vec<Vec<Outcome>>, split: &Split) -> Outcome {
    let (folds, scales) = (tried[0].len(), tried[0][0].scaled.len());
    let candidates: Vec<Candidate> = (0..tried.len())
        .flat_map(|critic| (0..scales).map(move |scale| Candidate { critic, scale }))
        .collect();
    let figures =
        |candidate: &Candidate, fold: usize| &tried[candidate.critic][fold].scaled[candidate.scale];
    // The mean on all folds but one.
    let without = |candidate: &Candidate, fold: Option<usize>| {
        let others = (0..folds).filter(|other| Some(*other) != fold);
        let sums = others.map(|other| figures(candidate, other).drawn.sum());
        let (sum, count) = sums.fold((0.0, 0.0), |(a, n), (b, m)| (a + b, n + m));
        sum / f64::max(count, 1.0)
    };
    let best = |fold: Option<usize>| {
        let mut best = candidates[0];
        for candidate in &candidates[1..] {
            if without(candidate, fold) > without(&best, fold) {
                best = *candidate;
            }
        }
        best
    };
    let chosen: Vec<Candidate> = (0..folds).map(|fold| best(Some(fold))).collect();
    let in_order = || (0..folds).rev();
    let all = || in_order().map(|fold| figures(&chosen[fold], fold));
    let drawn = Figures::join(all().map(|figures| figures.drawn.clone()).collect());
    let decided: Option<Vec<Figures>> = all().map(|figures| figures.decided.clone()).collect();
    let estimates = all().map(|figures| figures.drawn.estimate(split.correlation));
    let estimates: Vec<Estimate> = estimates.collect();
    // A critic tells as much more of the windows that it learned from than the best critic does as it tells
    // less of others, to leading order (Akaike 1973): half of the difference is what it lacks. Times a factor,
    // the difference is linear in that, what fluctuations cost is quadratic.
    let lacks = in_order().filter_map(|fold| {
        let Scaled { drawn, trained, .. } = figures(&chosen[fold], fold);
        let excess = trained.as_ref()?.mean() - drawn.mean();
        Some(0.5 * excess * f64::from(SCALES[chosen[fold].scale]))
    });
    let shortfall = (lacks.sum::<f64>() / folds as f64).max(0.0);
    let with_shortfall = |estimate: Estimate| Estimate {
        stderr: estimate.stderr.hypot(shortfall),
        ..estimate
    };
    let critics = (0..tried.len()).map(|critic| {
        let of_critic = candidates
            .iter()
            .filter(|candidate| candidate.critic == critic);
        let best = of_critic.copied().reduce(|best, now| {
            match without(&now, None) > without(&best, None) {
                true => now,
                false => best,
            }
        });
        let all =
            in_order().map(|fold| figures(&best.unwrap_or(candidates[0]), fold).drawn.clone());
        Figures::join(all.collect()).estimate(split.correlation)
    });
    let critics = critics.collect();
    let kept = chosen[0];
    let mut hash = fnv::FnvHasher::default();
    let (mut training, mut groups, mut left_out) = (0.0, 0, 0);
    let mut seconds = [0.0; 3];
    for (critic, outcomes) in tried.iter().enumerate() {
        for (fold, outcome) in outcomes.iter().enumerate() {
            hash.write(&outcome.fingerprint.to_le_bytes());
            seconds[0] += outcome.seconds_sampling;
            seconds[1] += outcome.seconds_training;
            seconds[2] += outcome.seconds;
            if critic == chosen[fold].critic {
                training += outcome.training / folds as f64;
                groups += outcome.groups;
                left_out += outcome.left_out;
            }
        }
    }
    let mut tried = tried;
    let first = tried.swap_remove(kept.critic).swap_remove(0);
    Outcome {
        information: with_shortfall(drawn.estimate(split.correlation)),
        information_sign: first
            .information_sign
            .and(decided)
            .map(|decided| with_shortfall(Figures::join(decided).estimate(split.correlation))),
        independent: drawn.independent(split.correlation),
        folds: estimates,
        critic: kept.critic,
        critic_scale: SCALES[kept.scale],
        shortfall: Some(shortfall),
        critics,
        fingerprint: hash.finish(),
        training,
        groups,
        left_out,
        seconds_sampling: seconds[0],
        seconds_training: seconds[1],
        seconds: seconds[2],
        ..first
    }
}
