//! All settings of a run and derived sizes, for the table in its report.

use crate::data::filters::product;
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
    if let Some(chains) = &results.chains {
        if let Some(algorithm) = &chains.algorithm {
            row("Update used", algorithm.clone());
        }
        row(
            "Burn-in and distance of samples",
            format!("{} and {} sweeps", chains.burn_in, chains.thin),
        );
        row(
            "Autocorrelation time",
            format!("{:.1} sweeps", chains.autocorrelation_time),
        );
        row(
            "Equilibrium",
            match chains.equilibrated {
                true => "a hot and a cold start agree".into(),
                false => "a hot and a cold start do not agree".into(),
            },
        );
    }
    if let Some(data) = &results.data {
        row("Lattice", product(&data.sides));
        if let Some(values) = data.values_read() {
            row("Values read", values);
        }
        if let Some(tau) = data.autocorrelation_time {
            row("Autocorrelation time", format!("{tau:.1} configurations"));
        }
        if let (Some(trained), Some(validation), Some(held_out)) =
            (data.trained, data.validation, data.held_out)
        {
            let range = |[from, to]: [usize; 2]| match to > from {
                true => format!("{from} to {}", to - 1),
                false => "none".into(),
            };
            row(
                "Configurations read",
                format!(
                    "{} in training, {} in validation, {} held out",
                    range(trained),
                    range(validation),
                    range(held_out)
                ),
            );
        }
        if data.left_out > 0 {
            row("Copies left out", data.left_out.to_string());
        }
        if data.missing_values > 0 {
            row("Missing values", data.missing_values.to_string());
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
    if let Some(independent) = results.held_out_independent {
        row(
            "Independent held-out configurations",
            format!("about {independent:.0}"),
        );
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
