//! What is told of several trainings, of which one was chosen: restarts, and numbers of components.

use serde_json::{Value, json};

use super::{Fields, finite, object};
use crate::held_out::Estimate;
use crate::learn::{Attempt, Ended, Outcome, Refined};

/// The best training of a number of components.
struct Stage {
    components: u32,
    watched: Estimate,
}

/// Those trainings that have as many components as the one that is reported.
fn restarts(outcome: &Outcome) -> Vec<(&Attempt, Estimate)> {
    let attempts = outcome.attempts.iter();
    let same = attempts.filter(|attempt| attempt.components == outcome.components);
    same.filter_map(|attempt| Some((attempt, attempt.watched?)))
        .collect()
}

/// The best of every number of components, if several were tried.
fn stages(outcome: &Outcome) -> Vec<Stage> {
    let mut stages: Vec<Stage> = vec![];
    for attempt in &outcome.attempts {
        let (components, Some(watched)) = (attempt.components, attempt.watched) else {
            continue;
        };
        match stages.last_mut() {
            Some(last) if last.components == components => {
                if watched.mean > last.watched.mean {
                    last.watched = watched;
                }
            }
            _ => stages.push(Stage {
                components,
                watched,
            }),
        }
    }
    match stages.len() {
        1 => vec![],
        _ => stages,
    }
}

/// Standard deviation of what restarts found, the noise of each included.
fn spread(found: &[(&Attempt, Estimate)]) -> Option<f64> {
    let n = found.len() as f64;
    if found.len() < 2 {
        return None;
    }
    let mean = found.iter().map(|(_, watched)| watched.mean).sum::<f64>() / n;
    let squares = found
        .iter()
        .map(|(_, watched)| (watched.mean - mean).powi(2));
    Some((squares.sum::<f64>() / (n - 1.0)).sqrt())
}

/// For `run.json`.
pub(super) fn fields(outcome: &Outcome) -> Fields {
    let found = restarts(outcome);
    let restart = |(attempt, watched): &(&Attempt, Estimate)| {
        json!({
            "seed": attempt.seed,
            "steps": attempt.steps,
            "watched_nats": finite(watched.mean),
            "watched_stderr_nats": finite(watched.stderr),
        })
    };
    let stage = |stage: &Stage| {
        json!({
            "components": stage.components,
            "watched_nats": finite(stage.watched.mean),
            "watched_stderr_nats": finite(stage.watched.stderr),
        })
    };
    let listed = |list: Vec<Value>| match list.len() {
        0 | 1 => Value::Null,
        _ => Value::Array(list),
    };
    object(json!({
        "components": outcome.components,
        "steps": outcome.steps,
        "kept_step": outcome.kept_step,
        "ended": outcome.ended,
        "refined": outcome.refined,
        "restarts": listed(found.iter().map(restart).collect()),
        "spread_nats": spread(&found),
        "components_tried": listed(stages(outcome).iter().map(stage).collect()),
    }))
}

/// Lines for a terminal, each with its end; none, where there is nothing to say.
pub(super) fn lines(outcome: &Outcome) -> String {
    let mut lines = String::new();
    for (name, value) in rows(outcome) {
        lines += &format!("{:<14} {value}\n", name.to_lowercase());
    }
    lines
}

/// Rows for the report's table.
pub(super) fn rows(outcome: &Outcome) -> Vec<(String, String)> {
    let nats = |estimate: Estimate| format!("{:.4} ± {:.4}", estimate.mean, estimate.stderr);
    let mut rows = vec![];
    let stages = stages(outcome);
    if !stages.is_empty() {
        let each = stages
            .iter()
            .map(|stage| format!("C = {}: {}", stage.components, nats(stage.watched)));
        rows.push((
            "Components".to_string(),
            format!(
                "{} nats on validation windows; C = {} is reported",
                each.collect::<Vec<_>>().join(", "),
                outcome.components
            ),
        ));
    }
    let found = restarts(outcome);
    if let Some(spread) = spread(&found) {
        let each = found
            .iter()
            .map(|(_, watched)| format!("{:.4}", watched.mean));
        rows.push((
            "Restarts".into(),
            format!(
                "{} nats on validation windows, each ± {:.4}; spread {spread:.4}, the best is reported",
                each.collect::<Vec<_>>().join(", "),
                found[0].1.stderr
            ),
        ));
    }
    let why = match outcome.ended {
        Some(Ended::Converged) => Some("the moving average had converged".to_string()),
        Some(Ended::Patience) => Some("no validation figure was better for long".into()),
        Some(Ended::Steps) | None => None,
    };
    let kept = (outcome.kept_step != outcome.steps)
        .then(|| format!("the parameters of step {} are kept", outcome.kept_step));
    if why.is_some() || kept.is_some() {
        let all: Vec<_> = [why, kept].into_iter().flatten().collect();
        rows.push((
            "Ended".into(),
            format!("after {} steps: {}", outcome.steps, all.join("; ")),
        ));
    }
    if let Some(Refined {
        steps,
        watched_before_nats,
        watched_after_nats,
        kept,
        ..
    }) = outcome.refined
    {
        rows.push((
            "Refined".into(),
            format!(
                "{steps} steps of BFGS, {watched_before_nats:.4} to {watched_after_nats:.4} nats on \
                 validation windows{}",
                match kept {
                    true => "",
                    false => "; the filter is as it was",
                }
            ),
        ));
    }
    rows
}
