//! A finished run as lines of text.

use std::fmt::Write;

use super::picture::graph::graph_table;
use super::picture::{Style, heat_map};
use crate::data::graph::Shells;
use crate::digits;
use crate::error::Result;
use crate::run::evaluate::Estimate;
use crate::run::record::{DataRecord, Results};
use crate::run::{EndReason, Filter, Refinement, RunRecord};
use crate::settings::encoder::Coarse;

/// The result of a run: numbers, then the filter. On a graph the filter is a table of the sites of V.
///
/// # Errors
/// If the model of the configuration is invalid.
pub fn summary(record: &RunRecord, shells: Option<&Shells>, style: Style) -> Result<String> {
    let (config, results) = (&record.config, &record.results);
    let (title, _) = record.describe()?;
    let mut text = format!("{title}\n");
    if let Some(values) = results.data.as_ref().and_then(DataRecord::values_read) {
        let _ = writeln!(text, "values {values}");
    }
    text.push('\n');
    let (mapped, coarse) = (results.filters_are.is_some(), config.coarse());
    let how = match (&config.filter, coarse) {
        (Filter::Given(given), _) => {
            format!(
                "held out, filter {}, encoder {}",
                given.filter, given.encoder
            )
        }
        (Filter::Learned(_), Coarse::Continuous { noise }) if noise > 0.0 => {
            "held out, h = Λ·v + noise".into()
        }
        (Filter::Learned(_), Coarse::Continuous { .. }) => "held out, h = Λ·v".into(),
        (Filter::Learned(_), _) => "held out, h drawn from the encoder".into(),
    };
    let _ = writeln!(
        text,
        "information    {}   {how}",
        nats(results.information())
    );
    let exact = results.exact;
    text += &exactly(
        exact.and_then(|exact| exact.information_nats),
        exact.and_then(|exact| exact.infonce_nats),
        config.optimisation.batch,
    );
    if let (Filter::Learned(_), Some(sign)) = (&config.filter, results.information_sign()) {
        let (name, h) = match (coarse, mapped) {
            (Coarse::States(_), false) => ("largest logit", "h = argmax Λ_s·v"),
            (Coarse::States(_), true) => ("largest logit", "h = argmax x_s"),
            (_, false) => ("with the sign", "h = sign(Λ·v)"),
            (_, true) => ("with the sign", "h = sign(x)"),
        };
        let _ = writeln!(text, "{name}  {}   held out, {h}", nats(sign));
        text += &exactly(
            exact.and_then(|exact| exact.information_sign_nats),
            exact.and_then(|exact| exact.infonce_sign_nats),
            config.optimisation.batch,
        );
    }
    let limit = match results.ceiling_nats {
        Some(ceiling) => format!("ceiling ln K = {ceiling:.3}"),
        None => format!("bound {}", config.optimisation.bound),
    };
    let training = results.training_information_nats.unwrap_or(f64::NAN);
    let _ = writeln!(
        text,
        "in training    {} nats   {limit}",
        digits::number(training)
    );
    for (name, value) in search_rows(results) {
        let _ = writeln!(text, "{:<14} {value}", name.to_lowercase());
    }
    text.push('\n');
    if mapped {
        text += "mean response of the map\n";
    }
    text += &match shells {
        Some(shells) => graph_table(shells, &record.filters, style)?,
        None => heat_map(&record.drawn(&record.filters), style),
    };
    Ok(text)
}

/// "0.4050 ± 0.0030 nats  (0.5843 bits)".
fn nats(estimate: Estimate) -> String {
    let in_bits = |nats: f64| nats / std::f64::consts::LN_2;
    let [bits, _] = digits::with_error(in_bits(estimate.mean), in_bits(estimate.stderr));
    format!("{estimate} nats  ({bits} bits)")
}

/// The line for an exact value, if there is one.
fn exactly(information: Option<f64>, shown: Option<f64>, batch: u32) -> String {
    let shown = shown.map_or(String::new(), |shown| {
        format!(
            ", of which InfoNCE at K = {batch} can show {}",
            digits::number(shown)
        )
    });
    information.map_or(String::new(), |information| {
        let information = digits::number(information);
        format!("exactly        {information} nats{shown}\n")
    })
}

/// Names and values that summarise several trainings, an early end and a refinement.
#[must_use]
pub fn search_rows(results: &Results) -> Vec<(String, String)> {
    let estimate = |mean: Option<f64>, stderr: Option<f64>| {
        let [mean_text, error] =
            digits::with_error(mean.unwrap_or(f64::NAN), stderr.unwrap_or(f64::NAN));
        let none = |x: Option<f64>, text| x.map_or("none".into(), |_| text);
        [none(mean, mean_text), none(stderr, error)]
    };
    let number = |x: Option<f64>| x.map_or("none".into(), digits::number);
    let mut rows = vec![];
    if let Some(folds) = &results.fold_estimates {
        let each = folds
            .iter()
            .map(|fold| estimate(fold.information_nats, fold.information_stderr_nats).join(" ± "));
        rows.push((
            "Held out".to_string(),
            format!(
                "{} parts in turn: {}",
                folds.len(),
                each.collect::<Vec<_>>().join(", ")
            ),
        ));
    }
    if let Some(critics) = &results.critics_tried
        && let Some(kept) = critics.iter().find(|critic| critic.kept)
    {
        let hidden: Vec<_> = kept.hidden.iter().map(u32::to_string).collect();
        let hidden = match hidden.is_empty() {
            true => String::new(),
            false => format!(" with hidden layers of {}", hidden.join(", ")),
        };
        rows.push((
            "Best critic".into(),
            format!(
                "{}{hidden}, of {} on windows that they did not learn from",
                kept.critic,
                critics.len()
            ),
        ));
    }
    if let Some(scale) = results.critic_scale {
        rows.push((
            "Scale".into(),
            format!(
                "the critic times {scale}, which is best on windows that it did not learn from"
            ),
        ));
    }
    if let Some(shortfall) = results.critic_shortfall_nats {
        rows.push((
            "Critic".into(),
            format!(
                "lacks about {} nats of the best one, by what it tells more of windows that it learned \
                 from; in the error",
                number(Some(shortfall))
            ),
        ));
    }
    if let Some(start) = &results.equal_weights {
        let verdict = match start.kept {
            true => "are reported",
            false => "are not reported",
        };
        rows.push((
            "Equal weights".into(),
            format!(
                "{verdict}: {} nats on validation windows, learned ones {}",
                estimate(start.equal_nats, start.stderr_nats).join(" ± "),
                number(start.drawn_nats)
            ),
        ));
    }
    if let Some(tried) = &results.components_tried {
        let each = tried.iter().map(|tried| {
            let [mean, stderr] = estimate(tried.validation_nats, tried.validation_stderr_nats);
            format!("C = {}: {mean} ± {stderr}", tried.components)
        });
        rows.push((
            "Components".to_string(),
            format!(
                "{} nats on validation windows; C = {} is reported",
                each.collect::<Vec<_>>().join(", "),
                results.components
            ),
        ));
    }
    if let (Some(restarts), Some(spread)) = (&results.restarts, results.spread_nats) {
        let each: Vec<_> = restarts
            .iter()
            .map(|one| estimate(one.validation_nats, one.validation_stderr_nats))
            .collect();
        rows.push((
            "Restarts".into(),
            format!(
                "{} nats on validation windows; spread {}, the best is reported",
                each.iter()
                    .map(|one| one.join(" ± "))
                    .collect::<Vec<_>>()
                    .join(", "),
                digits::number(spread)
            ),
        ));
    }
    let why = match results.ended {
        Some(EndReason::Converged) => Some("the moving average had converged".to_string()),
        Some(EndReason::Patience) => Some("validation no longer improved".into()),
        Some(EndReason::Steps) | None => None,
    };
    let kept = (results.kept_step != results.steps)
        .then(|| format!("the parameters of step {} are kept", results.kept_step));
    if why.is_some() || kept.is_some() {
        let all: Vec<_> = [why, kept].into_iter().flatten().collect();
        rows.push((
            "Ended".into(),
            format!("after {} steps: {}", results.steps, all.join("; ")),
        ));
    }
    if let Some(Refinement {
        steps,
        validation_before_nats,
        validation_after_nats,
        kept,
        ..
    }) = results.refined
    {
        rows.push((
            "Refinement".into(),
            format!(
                "{steps} steps of BFGS, {} to {} nats on validation windows{}",
                digits::number(validation_before_nats),
                digits::number(validation_after_nats),
                match kept {
                    true => "",
                    false => "; the filter is unchanged",
                }
            ),
        ));
    }
    rows
}
