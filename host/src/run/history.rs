//! The training history: information against step.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::evaluate::Estimate;

/// Validation figures of a quarter from which a rise can be judged.
const FEWEST: usize = 5;

/// One record of the history. A quantity that was not measured is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Number of steps done.
    pub step: u64,
    /// Moving average of the bound over the training batches, in nats.
    pub training: Option<f64>,
    /// Bound on validation windows, which the critic does not learn from, in nats.
    #[serde(alias = "held_out")]
    pub validation: Option<f64>,
    /// Its standard error, where there is one.
    #[serde(alias = "held_out_stderr")]
    pub validation_stderr: Option<f64>,
    /// Temperature ε of the relaxation.
    pub epsilon: Option<f64>,
}

/// The history as CSV with a header line; missing or non-finite values are empty fields.
#[must_use]
pub fn csv(records: &[Record]) -> String {
    let mut text = String::from("step,training_information_nats,validation_nats,epsilon\n");
    for record in records {
        let _ = write!(text, "{}", record.step);
        for value in [record.training, record.validation, record.epsilon] {
            text.push(',');
            if let Some(value) = value.filter(|v| v.is_finite()) {
                let _ = write!(text, "{value}");
            }
        }
        text.push('\n');
    }
    text
}

/// By how much validation figures rose from the third to the last quarter of a training, with the error
/// that follows from their scatter; none, where there are few. They belong to the same windows, so that
/// this is less than that of each.
#[must_use]
pub fn rise(series: &[Record]) -> Option<Estimate> {
    let figures: Vec<f64> = series
        .iter()
        .filter_map(|record| record.validation)
        .collect();
    let quarter = figures.len() / 4;
    if quarter < FEWEST {
        return None;
    }
    let last = &figures[figures.len() - quarter..];
    let before = &figures[figures.len() - 2 * quarter..figures.len() - quarter];
    let mean = |figures: &[f64]| figures.iter().sum::<f64>() / quarter as f64;
    let square = |figures: &[f64]| {
        let mean = mean(figures);
        let squares = figures.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
        squares / (quarter * (quarter - 1)) as f64
    };
    Some(Estimate {
        mean: mean(last) - mean(before),
        stderr: (square(last) + square(before)).sqrt(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_values_are_empty() {
        let record = Record {
            step: 10,
            training: Some(0.25),
            validation: None,
            validation_stderr: None,
            epsilon: Some(f64::NAN),
        };
        let second = Record {
            step: 20,
            validation: Some(1e-3),
            epsilon: Some(0.1),
            ..record
        };
        assert_eq!(
            csv(&[record, second]),
            "step,training_information_nats,validation_nats,epsilon\n10,0.25,,\n20,0.25,0.001,0.1\n"
        );
    }
}
