//! Several trainings, of which one is kept: from other first weights, and with more components.

use blockspin_core::shape::MAX_COMPONENTS;
use serde::{Deserialize, Serialize};

use crate::run::checkpoint::is_duration;
use crate::run::evaluate::Estimate;

use super::memory::Reuse;
use super::setup::Setup;
use super::training::TrainingResult;

/// Components add information, as long as one more adds this share of what one of those before keeps on
/// average, and more than two standard errors.
const WORTH: f64 = 0.5;

/// A training that ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Components of H.
    pub components: u32,
    /// The critic: 0 is the first, others are alternatives in their order.
    #[serde(default)]
    pub critic: usize,
    /// Seed of first weights and samples: the run's plus 2³² for each restart before.
    pub seed: u64,
    /// Steps.
    pub steps: u32,
    /// Information on the windows by which trainings are compared; none, where there is one alone.
    pub watched: Option<Estimate>,
}

/// What was tried. A checkpoint has every field, beside the training that is under way.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Search {
    /// All that ended, in order.
    pub(super) attempts: Vec<Attempt>,
    /// The best with one component less than now, and the best with as many.
    before: Option<TrainingResult>,
    best: Option<TrainingResult>,
    /// The alternative critic that is tried; or, with further components, that was chosen.
    #[serde(default)]
    critic: usize,
    /// Components of H, where their number grows.
    #[serde(default)]
    stage: Option<u32>,
    /// Wall time of sampling, of steps, and of everything before this process, in seconds.
    pub(super) seconds_sampling: f64,
    pub(super) seconds_training: f64,
    pub(super) earlier: f64,
    /// How often configurations are used, from the first step to the last.
    #[serde(default = "Reuse::untold")]
    pub(super) reuse: Reuse,
}

impl Search {
    /// The next training: its critic, its components, and its seed.
    pub(super) fn next(&self, setup: &Setup) -> (usize, u32, u64) {
        let done = self.attempts.len() as u64;
        let components = match setup.learned.grows() {
            true => self
                .stage
                .unwrap_or(self.attempts.len() as u32 / setup.learned.restarts + 1),
            false => setup.components(),
        };
        let seed = setup
            .optimisation
            .seed
            .wrapping_add((done % u64::from(setup.learned.restarts)) << 32);
        (self.critic, components, seed)
    }

    /// The best figure with each critic that was tried.
    pub(super) fn critics(&self) -> Vec<Estimate> {
        let last = self.attempts.iter().map(|attempt| attempt.critic).max();
        let best = (0..=last.unwrap_or(0)).map(|critic| {
            let attempts = self.attempts.iter();
            attempts
                .filter(|attempt| attempt.critic == critic)
                .filter_map(|attempt| attempt.watched)
                .max_by(|a, b| a.mean.total_cmp(&b.mean))
        });
        best.flatten().collect()
    }

    /// Whether a training with this setup can have come so far.
    pub(super) fn can_be(&self, setup: &Setup) -> bool {
        let restarts = setup.learned.restarts as usize;
        let stages = match setup.learned.grows() {
            true => setup.most_components() as usize,
            false => 1,
        };
        let done = self.attempts.len();
        let alternatives = setup.alternatives.len();
        let tried = self.attempts.iter().map(|attempt| attempt.critic);
        let known = |critic: usize| critic <= alternatives;
        let stage = self.stage.unwrap_or(1) as usize;
        if !known(self.critic) || !tried.into_iter().all(known) || stage > MAX_COMPONENTS as usize {
            return false;
        }
        let (_, components, _) = self.next(setup);
        let times = [self.seconds_sampling, self.seconds_training, self.earlier];
        let is_of = |trained: &Option<TrainingResult>, needed: bool, components: u32| match trained
        {
            Some(trained) => {
                known(trained.critic) && trained.components == components && trained.can_be(setup)
            }
            None => !needed,
        };
        done < restarts * (stages + alternatives)
            && is_of(&self.best, !done.is_multiple_of(restarts), components)
            && is_of(&self.before, false, components.wrapping_sub(1))
            && self.reuse.is_known()
            && times.into_iter().all(is_duration)
    }

    /// The search as a process sees it that resumes `seconds` later.
    pub(super) fn after(&self, seconds: f64) -> Self {
        Search {
            earlier: self.earlier + seconds,
            ..self.clone()
        }
    }

    /// What the next training is called beside its progress.
    pub(super) fn label(&self, setup: &Setup) -> String {
        let (critic, components, _) = self.next(setup);
        let restart = self.attempts.len() as u32 % setup.learned.restarts + 1;
        let mut label = "training".to_string();
        if critic > 0 {
            label += ", smaller critic";
        }
        if setup.learned.grows() {
            label += &format!(", C = {components}");
        }
        if setup.learned.restarts > 1 {
            label += &format!(", {restart} of {}", setup.learned.restarts);
        }
        label
    }

    /// Trainings that come after the next one; none, if that depends on what is found.
    pub(super) fn following(&self, setup: &Setup) -> Option<u64> {
        let restarts = setup.learned.restarts;
        let done = self.attempts.len() as u32 % restarts;
        (!setup.learned.grows()).then(|| u64::from(restarts - done - 1))
    }

    /// Adds the time of another training.
    pub(super) fn add(&mut self, trained: &TrainingResult) {
        self.seconds_sampling += trained.course.seconds_sampling;
        self.seconds_training += trained.course.seconds_training;
    }

    /// Takes a training that has ended; the one that is kept, if it was the last.
    pub(super) fn push(
        &mut self,
        setup: &Setup,
        trained: TrainingResult,
    ) -> Option<TrainingResult> {
        let (critic, components, seed) = self.next(setup);
        self.attempts.push(Attempt {
            components,
            critic,
            seed,
            steps: trained.course.done,
            watched: trained.watched,
        });
        self.add(&trained);
        let overfits = trained.overfits();
        let best = match self.best.take() {
            Some(best) if trained.mean() > best.mean() => trained,
            Some(best) => best,
            None => trained,
        };
        let restarts = setup.learned.restarts as usize;
        if !self.attempts.len().is_multiple_of(restarts) {
            self.best = Some(best);
            return None;
        }
        // With the first number of components alternatives are tried, one after the other.
        let first = self
            .attempts
            .iter()
            .all(|attempt| attempt.components == components);
        if first && critic < setup.alternatives.len() && (critic > 0 || overfits) {
            self.critic = critic + 1;
            self.stage = Some(components);
            self.best = Some(best);
            return None;
        }
        if !setup.learned.grows() {
            return Some(best);
        }
        self.critic = best.critic;
        self.stage = Some(components + 1);
        match self.before.take() {
            Some(before) if !grows(&before, &best, components) => Some(before),
            _ if components >= setup.most_components() => Some(best),
            _ => {
                self.before = Some(best);
                None
            }
        }
    }
}

/// Whether the last of `components` components adds enough information.
fn grows(before: &TrainingResult, now: &TrainingResult, components: u32) -> bool {
    let (Some(before), Some(now)) = (before.watched, now.watched) else {
        return false;
    };
    // Information is not below 0, whatever an estimate says.
    let (kept, error) = match before.mean > 0.0 {
        true => (before.mean, before.stderr),
        false => (0.0, 0.0),
    };
    let more = now.mean - kept;
    let variance = error * error + now.stderr * now.stderr;
    let average = kept / f64::from(components - 1);
    more > 0.0 && more * more > 4.0 * variance && more > WORTH * average
}
