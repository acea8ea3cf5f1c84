//! How the learning rate and the relaxation ε change over a run.

use crate::num::math;

/// Schedules of a run of `steps` steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// Number of steps.
    pub steps: u32,
    /// Learning rate at the first step.
    pub rate_start: f32,
    /// Learning rate that the last step approaches.
    pub rate_end: f32,
    /// ε at the first step.
    pub epsilon_start: f32,
    /// Smallest ε.
    pub epsilon_end: f32,
    /// Decay of ε per step.
    pub epsilon_rate: f32,
}

impl Schedule {
    /// Learning rate at step t, half a cosine from start to end.
    #[must_use]
    pub fn rate(&self, t: u32) -> f32 {
        let phase = t as f32 / self.steps.max(1) as f32;
        let half = 0.5 * (1.0 + math::cos(core::f32::consts::PI * phase));
        self.rate_end + (self.rate_start - self.rate_end) * half
    }

    /// ε_t = max(ε_min, ε_max exp(−r t)).
    #[must_use]
    pub fn epsilon(&self, t: u32) -> f32 {
        let decayed = self.epsilon_start * math::exp_nonpositive(-(self.epsilon_rate * t as f32));
        if decayed > self.epsilon_end {
            decayed
        } else {
            self.epsilon_end
        }
    }
}

impl Default for Schedule {
    /// RSMI-NE's settings for the Ising model (table I), with the learning rate lowered to 0.
    fn default() -> Self {
        Schedule {
            steps: 6000,
            rate_start: 5e-3,
            rate_end: 0.0,
            epsilon_start: 0.5,
            epsilon_end: 0.1,
            epsilon_rate: 5e-3,
        }
    }
}
