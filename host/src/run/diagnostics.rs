//! Judgements on a finished run, and what would help: each made once, for the terminal, the record and
//! the report alike.

use blockspin_core::critic::AnyCritic as Critic;

use serde::{Deserialize, Serialize};

use super::config::{Filter, RunConfig};
use super::evaluate::Estimate;
use super::record::Results;
use crate::settings::encoder::Coarse;

/// Autocorrelation time of a file's configurations above which they are called alike.
const CORRELATED: f64 = 2.0;
/// Held-out configurations below which an error bar is rough.
const ENOUGH_HELD_OUT: usize = 200;
/// Share of a file's configurations that is trained on.
const TRAINED: f64 = 0.7;
/// Times more configurations than there are that are not worth a number.
const MANY: f64 = 20.0;
/// Draws of a window above which a critic may come to know it.
const REPEATS: f64 = 10.0;
/// Batches of independent configurations below which the rows of a batch are alike.
const BATCHES: f64 = 10.0;
/// Share of windows with missing values that is worth a word.
const MISSING: f64 = 0.5;
/// Share of the ceiling from which InfoNCE falls short visibly.
const NEAR_CEILING: f64 = 0.7;
/// Relaxation above which h in training is far from binary.
const SOFT: f32 = 1.0;
/// Training may look better than held-out samples by this much, and four standard errors, before
/// it is called overfitting.
const OVERFIT: f64 = 0.02;

/// What can be wrong with a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Diagnosis {
    /// A continuous h of discrete values, whose digits the critic reads.
    ReadsDigits,
    /// The critic is worse on unseen samples than knowing nothing, and in training too.
    NotConverged,
    /// Training samples are told apart better than unseen ones.
    Overfitting,
    /// The figure is near what a batch can show.
    NearCeiling,
    /// Few held-out configurations.
    FewHeldOut,
    /// Configurations that follow one another are alike, and the file has few independent ones.
    Correlated,
    /// Most windows have missing values.
    MissingValues,
    /// The relaxation was still high at the end.
    SoftEncoder,
    /// No information beyond the error.
    NoSignal,
}

/// Judges a run, whose values are discrete or not: each diagnosis with a sentence that says what would
/// help.
#[must_use]
pub fn diagnose(config: &RunConfig, results: &Results, discrete: bool) -> Vec<(Diagnosis, String)> {
    let mut found = vec![];
    if results.held_out_batches == 0 {
        return found;
    }
    let (optimisation, coarse) = (&config.optimisation, config.coarse());
    let critic = config.critic.critic.unwrap_or_default();
    let reads_digits = matches!(critic, Critic::Separable | Critic::Concatenated);
    if discrete && coarse == (Coarse::Continuous { noise: 0.0 }) && reads_digits {
        found.push((
            Diagnosis::ReadsDigits,
            format!(
                "`encoder` continuous of discrete values with `critic` {critic}: Λ·v of almost any filter \
                 tells all configurations of the block apart, and the information grows with `steps` \
                 towards that of the whole block; `critic` moments reads no digits"
            ),
        ));
    }
    let learned = matches!(config.filter, Filter::Learned(_));
    let relaxed = learned && coarse.is_relaxed();
    let Estimate { mean, stderr } = results.information();
    let training = results.training_information_nats.unwrap_or(f64::NAN);
    // A soft h in training says more than one that is drawn; the sign is what it tends to.
    let sign = results.information_sign_nats;
    let seen = sign.map_or(mean, |sign| mean.max(sign));
    if mean < -OVERFIT - 4.0 * stderr && training < OVERFIT {
        found.push((
            Diagnosis::NotConverged,
            "the critic has not converged; take a smaller `learning_rate` or more `steps`".into(),
        ));
    } else if training - seen > OVERFIT + 4.0 * stderr {
        let remedy = match results
            .data
            .as_ref()
            .and_then(|data| Some((data, data.held_out?)))
        {
            Some((data, held_out)) => {
                // Every nearly independent window is then drawn some ten times.
                let draws = u64::from(optimisation.steps) * u64::from(optimisation.batch);
                let tau = data.autocorrelation_time.unwrap_or(0.5);
                let windows = results.windows_per_configuration as f64 / (2.0 * tau);
                let enough = draws as f64 / REPEATS / windows / TRAINED;
                let more = match enough > MANY * held_out[1] as f64 {
                    true => "many times more of them".to_string(),
                    false => format!("more of them ({} like these would do)", about(enough)),
                };
                format!(
                    "the critic has memorised the training configurations; give {more}, a narrower \
                     `environment`, or fewer `steps`"
                )
            }
            None if relaxed => {
                "take a smaller `epsilon_end`, if a soft h says more than one that is drawn, or a \
                 smaller `learning_rate`"
                    .into()
            }
            None => "take a smaller `learning_rate`".into(),
        };
        found.push((
            Diagnosis::Overfitting,
            format!(
                "overfitting: {training:.3} nats in training, {seen:.3} on samples not seen; {remedy}"
            ),
        ));
    }
    if let Some(ceiling) = results.ceiling_nats
        && mean > NEAR_CEILING * ceiling
    {
        found.push((
            Diagnosis::NearCeiling,
            format!(
                "the information is near what a batch of {} can show, {ceiling:.2} nats, and is \
                 underestimated; take a larger `batch`",
                optimisation.batch
            ),
        ));
    }
    let held_out = results.held_out_batches * optimisation.batch as usize;
    if held_out < ENOUGH_HELD_OUT {
        found.push((
            Diagnosis::FewHeldOut,
            format!(
                "the figure rests on {held_out} held-out configurations: its standard error is rough; \
                 give {} configurations or more",
                ENOUGH_HELD_OUT * 5
            ),
        ));
    }
    if let Some(data) = &results.data
        && let (Some(tau), Some(trained)) = (data.autocorrelation_time, data.trained)
    {
        let batch = f64::from(optimisation.batch);
        let independent = (trained[1] - trained[0]) as f64 / (2.0 * tau);
        if tau > CORRELATED && independent < BATCHES * batch {
            found.push((
                Diagnosis::Correlated,
                format!(
                    "configurations that follow one another are alike (autocorrelation time {tau:.1}): \
                     those that are trained on count as {independent:.0}, and the rows of a batch of \
                     {batch} are not independent; give {:.0} configurations like these, or a smaller \
                     `batch`",
                    (BATCHES * batch * 2.0 * tau / TRAINED).ceil(),
                ),
            ));
        }
        let left_out = data.windows_left_out as f64;
        let drawn = left_out + f64::from(optimisation.steps) * batch;
        if left_out > MISSING * drawn {
            found.push((
                Diagnosis::MissingValues,
                format!(
                    "{:.0} % of all windows were left out because values are missing: what is found \
                     holds for the rest",
                    100.0 * left_out / drawn
                ),
            ));
        }
    }
    let schedule = optimisation.schedule(config.learned());
    let softness = schedule.epsilon(schedule.steps);
    if relaxed && softness > SOFT {
        found.push((
            Diagnosis::SoftEncoder,
            format!(
                "the relaxation is still {softness:.2} at the end: the critic knows no discrete h, and \
                 what is held out is too low; take more `steps` or a larger `epsilon_rate`"
            ),
        ));
    }
    if learned && seen <= 3.0 * stderr {
        found.push((
            Diagnosis::NoSignal,
            "no information beyond its error: the filter means nothing here".into(),
        ));
    }
    found
}

/// A number for people, to two digits.
fn about(x: f64) -> String {
    let unit = 10f64.powi((x.max(1.0).log10().floor() as i32 - 1).max(0));
    format!("{:.0}", (x / unit).ceil() * unit)
}
