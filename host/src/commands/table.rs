//! A run's settings for the table of its report.

use blockspin_core::critic::AnyCritic as Critic;
use serde_json::Value;

use super::exactly::Exact;
use super::tried;
use crate::cli::RunArgs;
use crate::coarse::Coarse;
use crate::error::Result;
use crate::filters::product;
use crate::graph::Shells;
use crate::learn::{Outcome, Settings};
use crate::model::Layout;
use crate::subject::Subject;

/// Settings for the report.
pub(super) fn table(
    subject: &Subject,
    run: &RunArgs,
    settings: &Settings,
    shells: Option<&Shells>,
    outcome: &Outcome,
    exact: &Exact,
) -> Result<Vec<(String, String)>> {
    let schedule = settings.schedule;
    let map: Vec<_> = settings
        .shape
        .map()
        .iter()
        .map(|n| format!("hidden {n}"))
        .collect();
    let mut rows = match shells {
        Some(shells) => vec![("Shells".to_string(), shells.describe())],
        None => {
            let window = run.window(subject.lattice()?, &Layout::Anywhere)?;
            vec![
                ("Lattice".to_string(), product(window.lattice().sides())),
                ("Block".into(), product(window.block())),
                (
                    "Buffer, environment".into(),
                    format!(
                        "{}, {}",
                        widths(window.buffer()),
                        widths(window.environment())
                    ),
                ),
            ]
        }
    };
    let (block, environment) = settings.place.parts();
    let filters = outcome.filters.count() as u32;
    rows.extend([
        ("Sites |V|, |E|".into(), format!("{block}, {environment}")),
        (
            "Components".into(),
            match settings.coarse {
                Coarse::Binary => format!("{filters}"),
                Coarse::Continuous { noise: 0.0 } => format!("{filters}, continuous"),
                Coarse::Continuous { noise } => {
                    format!("{filters}, continuous, with noise of deviation {noise}")
                }
                Coarse::States(q) => format!("{}, of {q} states", filters / q),
            },
        ),
        ("Map".into(), map.join(", ")),
        ("Critic".into(), critic_in_words(settings)),
        (
            "Bound".into(),
            format!("{}, K = {}", settings.bound, settings.shape.batch()),
        ),
        ("Steps".into(), outcome.steps.to_string()),
        (
            "Learning rate".into(),
            format!(
                "{} to {}{}",
                schedule.rate_start,
                schedule.rate_end,
                match settings.given {
                    None if settings.filter_rate != 1.0 =>
                        format!(", the filter's {} times that", settings.filter_rate),
                    _ => String::new(),
                }
            ),
        ),
        (
            "Relaxation ε".into(),
            match settings.coarse.is_relaxed() {
                true => format!(
                    "{} to {}, rate {}",
                    schedule.epsilon_start, schedule.epsilon_end, schedule.epsilon_rate
                ),
                false => "none".into(),
            },
        ),
        (
            "Configurations trained on".into(),
            outcome.configurations.to_string(),
        ),
        ("Held-out batches".into(), outcome.groups.to_string()),
        ("Seed".into(), settings.seed.to_string()),
    ]);
    rows.retain(|(_, value)| !value.is_empty());
    rows.extend(tried::rows(outcome));
    for (h, information) in [("drawn", exact.reported), ("by sign", exact.decided)] {
        if let Some(filtered) = information.and_then(|information| information.filtered) {
            rows.push((format!("Exact, h {h}"), format!("{filtered:.4} nats")));
        }
    }
    match subject {
        Subject::Model(model, _) => {
            let parameters = model
                .parameters()
                .into_iter()
                .filter(|p| !p.value.is_null());
            for (at, parameter) in (1..).zip(parameters) {
                let value = match parameter.value {
                    Value::String(text) => text,
                    value => value.to_string(),
                };
                rows.insert(at, (parameter.label.into(), value));
            }
        }
        Subject::Data(input) => {
            if input.graph.is_none() {
                rows.insert(1, ("Boundaries".into(), input.boundary()));
            }
            if let Some(origin) = &input.origin {
                rows.insert(2, ("Block begins at".into(), product(origin)));
            }
            if outcome.left_out > 0 {
                let left_out = outcome.left_out.to_string();
                rows.push(("Windows with missing values".into(), left_out));
            }
        }
    }
    Ok(rows)
}

/// Kind, hidden layers, activation and embedding, as far as there are such.
fn critic_in_words(settings: &Settings) -> String {
    let shape = settings.shape;
    let critic = shape.critic();
    if critic == Critic::Quadratic {
        return critic.to_string();
    }
    let hidden: Vec<_> = shape.hidden().iter().map(u32::to_string).collect();
    let mut words = match hidden.is_empty() {
        true => format!("{critic}, no hidden layer"),
        false => format!(
            "{critic}, hidden {}, {}",
            hidden.join(", "),
            shape.activation()
        ),
    };
    if matches!(critic, Critic::Separable | Critic::Moments) {
        let width = shape.embedding() - settings.bound.outputs(critic) as usize;
        words += &format!(", embedding {width}");
    }
    words
}

/// One width where all are the same, else one for each axis.
fn widths(all: &[u32]) -> String {
    match all.iter().all(|width| *width == all[0]) {
        true => all[0].to_string(),
        false => product(all),
    }
}
