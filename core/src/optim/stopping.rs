//! Criteria for ending a training before its last step.

/// RSMI-NE's criterion: stop when the estimate I_t of an epoch differs from the previous one by no more
/// than Δ (eq. B10). To damp oscillations an estimate is first mixed with the previous one (eq. B11),
///
/// ```text
/// I_t ← α I_t + (1 − α) I_{t−1},    |I_t − I_{t−1}| ≤ Δ
/// ```
///
/// Noise may meet the criterion by chance: epochs should be so long that the noise of I_t is below Δ.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Convergence {
    tolerance: f64,
    damping: f64,
    last: Option<f64>,
}

impl Convergence {
    /// Δ in nats, and α from 0 (excluded, since nothing would change) to 1 (no damping).
    #[must_use]
    pub const fn new(tolerance: f64, damping: f64) -> Self {
        Convergence {
            tolerance,
            damping,
            last: None,
        }
    }

    /// The same criterion before the first epoch.
    #[must_use]
    pub const fn fresh(&self) -> Self {
        Convergence::new(self.tolerance, self.damping)
    }

    /// Adds the estimate of an epoch and returns whether to stop.
    pub fn push(&mut self, information: f64) -> bool {
        let Some(last) = self.last else {
            self.last = Some(information);
            return false;
        };
        let change = self.damping * (information - last);
        self.last = Some(last + change);
        change.abs() <= self.tolerance
    }
}

/// Early stopping: keeps the best of all checks, and stops after a number of checks without a new best.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Patience {
    checks: u32,
    best: Option<f64>,
    since: u32,
}

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A new best: keep its parameters.
    Best,
    /// Not better than the best.
    Wait,
    /// Not better for the allowed number of checks: stop.
    Stop,
}

impl Patience {
    /// Stops after this many `checks` without a new best; 0 counts as 1.
    #[must_use]
    pub const fn new(checks: u32) -> Self {
        Patience {
            checks,
            best: None,
            since: 0,
        }
    }

    /// The same criterion before the first check.
    #[must_use]
    pub const fn fresh(&self) -> Self {
        Patience::new(self.checks)
    }

    /// Adds the validation information of a check. NaN counts as not better.
    pub fn push(&mut self, information: f64) -> Verdict {
        let better = match self.best {
            Some(best) => information > best,
            None => !information.is_nan(),
        };
        if better {
            (self.best, self.since) = (Some(information), 0);
            return Verdict::Best;
        }
        self.since = self.since.saturating_add(1);
        match self.since >= self.checks {
            true => Verdict::Stop,
            false => Verdict::Wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_converges_is_ended() {
        let mut plain = Convergence::new(0.01, 1.0);
        let found = [0.1, 0.3, 0.35, 0.355].map(|x| plain.push(x));
        assert_eq!(found, [false, false, false, true]);
    }

    #[test]
    fn damping_ends_oscillations() {
        let waves = [0.40, 0.44, 0.40, 0.44, 0.40, 0.44];
        let count = |damping| {
            let mut rule = Convergence::new(0.01, damping);
            waves.iter().position(|x| rule.push(*x))
        };
        assert_eq!(count(1.0), None);
        // 0.40, 0.416, 0.4096, …: changes of 0.016, 0.0064.
        assert_eq!(count(0.4), Some(2));
    }

    #[test]
    fn patience_keeps_the_best() {
        use Verdict::{Best, Stop, Wait};
        let mut rule = Patience::new(2);
        let course = [f64::NAN, 0.1, 0.3, 0.2, 0.31, 0.31, f64::NAN];
        let found = course.map(|x| rule.push(x));
        assert_eq!(found, [Wait, Best, Best, Wait, Best, Wait, Stop]);
    }
}
