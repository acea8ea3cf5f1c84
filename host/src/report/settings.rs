//! All settings of a run and derived sizes, for the table in its report.

use crate::data::filters::product;
use crate::digits;
use crate::run::RunRecord;
use crate::settings;

use super::text::search_rows;

/// Names and values.
#[must_use]
pub fn table(record: &RunRecord) -> Vec<(String, String)> {
    let results = &record.results;
    let mut rows = vec![];
    // A null value does not apply, or is measured.
    for (name, value) in record.config.fields() {
        if let Some(value) = settings::text(&value) {
            rows.push((label(&name), value));
        }
    }
    let mut row = |name: &str, value: String| rows.push((name.to_string(), value));
    if let Some(data) = &results.data {
        row("Lattice", product(&data.sides));
        if let Some(values) = data.values_read() {
            row("Values read", values);
        }
        if let Some(graph) = &data.graph {
            row("Shells", graph.shells.clone());
        }
        if data.windows_left_out > 0 {
            let left_out = data.windows_left_out.to_string();
            row("Windows with missing values", left_out);
        }
    }
    let [block, environment] = results.sites;
    row("Sites |V|, |E|", format!("{block}, {environment}"));
    row("Steps done", results.steps.to_string());
    let configurations = results.configurations.to_string();
    row("Configurations trained on", configurations);
    row("Held-out batches", results.held_out_batches.to_string());
    if let Some(exact) = results.exact {
        for (h, value) in [
            ("drawn", exact.information_nats),
            ("by sign", exact.information_sign_nats),
        ] {
            if let Some(value) = value {
                row(
                    &format!("Exact, h {h}"),
                    format!("{} nats", digits::number(value)),
                );
            }
        }
    }
    rows.extend(search_rows(results));
    rows
}

/// Formats "learning_rate" as "Learning rate".
fn label(name: &str) -> String {
    let mut label = name.replace('_', " ");
    if let Some(first) = label.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    label
}
