//! The training history: information against step.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

/// One record of the history. A quantity that was not measured is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Number of steps done.
    pub step: u64,
    /// Moving average of the bound over the training batches, in nats.
    pub training: Option<f64>,
    /// Bound on samples that the critic has not seen, in nats.
    pub held_out: Option<f64>,
    /// Its standard error, where there is one.
    pub held_out_stderr: Option<f64>,
    /// Temperature ε of the relaxation.
    pub epsilon: Option<f64>,
}

/// The history as CSV with a header line; missing or non-finite values are empty fields.
#[must_use]
pub fn csv(records: &[Record]) -> String {
    let mut text = String::from("step,training_information_nats,held_out_nats,epsilon\n");
    for record in records {
        let _ = write!(text, "{}", record.step);
        for value in [record.training, record.held_out, record.epsilon] {
            text.push(',');
            if let Some(value) = value.filter(|v| v.is_finite()) {
                let _ = write!(text, "{value}");
            }
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_values_are_empty() {
        let record = Record {
            step: 10,
            training: Some(0.25),
            held_out: None,
            held_out_stderr: None,
            epsilon: Some(f64::NAN),
        };
        let second = Record {
            step: 20,
            held_out: Some(1e-3),
            epsilon: Some(0.1),
            ..record
        };
        assert_eq!(
            csv(&[record, second]),
            "step,training_information_nats,held_out_nats,epsilon\n10,0.25,,\n20,0.25,0.001,0.1\n"
        );
    }
}
