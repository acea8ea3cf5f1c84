//! Diagnoses of a finished run, each with advice: computed once, for the terminal, the record and the
//! report.

use blockspin_core::bound::AnyBound as Bound;
use blockspin_core::critic::AnyCritic as Critic;

use super::config::{Filter, RunConfig};
use super::evaluate::Estimate;
use super::record::{DataRecord, Diagnosis, Results, SuspiciousValue};
use super::training::EndReason;
use crate::data::transform::Transform;
use crate::settings::encoder::Coarse;
use crate::settings::values::Boundaries;

/// Autocorrelation time of a file's configurations above which a warning is given.
const CORRELATED: f64 = 2.0;
/// Number of independent held-out configurations below which an error bar is rough.
const ENOUGH_HELD_OUT: f64 = 40.0;
/// Fraction of a file's configurations that is used for training.
const TRAINED: f64 = 0.7;
/// Above this multiple of the present number of configurations, advice gives no number.
const MANY: f64 = 20.0;
/// Draws per window above which a critic may memorise the training windows.
const REPEATS: f64 = 10.0;
/// Autocorrelation times that the rows of a batch are to be apart.
const APART: f64 = 2.0;
/// Fraction of a file's configurations that is held out.
const HELD_OUT: f64 = 0.2;
/// An error bar above this, in nats, and above half the figure, is a failure and no measurement.
const LARGE_ERROR: f64 = 0.1;
/// Standard errors by which a figure may be where it cannot be.
const IMPOSSIBLE: f64 = 3.0;
/// Fraction of windows with missing values above which a warning is given.
const MISSING: f64 = 0.5;
/// Fraction of the ceiling above which InfoNCE is visibly biased.
const NEAR_CEILING: f64 = 0.7;
/// Fraction of the information by which validation figures may rise in the last quarter of a training.
const RISING: f64 = 0.01;
/// Relaxation above which h in training is far from binary.
const SOFT: f32 = 1.0;
/// Training may exceed held-out information by this much, and four standard errors, before it counts as
/// overfitting.
const OVERFIT: f64 = 0.02;

/// Diagnoses a run; `rise`: of validation figures at its end; `discrete`: whether its values are discrete. Each diagnosis has a sentence of
/// advice.
#[must_use]
pub fn diagnose(
    config: &RunConfig,
    results: &Results,
    rise: Option<Estimate>,
    discrete: bool,
) -> Vec<(Diagnosis, String)> {
    let mut found = results.data.as_ref().map_or(vec![], of_data);
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
                 distinguishes all configurations of the block, and the information grows with `steps` \
                 towards that of the whole block; take `critic` moments, which reads only the first two \
                 moments of h"
            ),
        ));
    }
    let learned = matches!(config.filter, Filter::Learned(_));
    let relaxed = learned && coarse.is_relaxed();
    let Estimate { mean, stderr } = results.information();
    let training = results.training_information_nats.unwrap_or(f64::NAN);
    // A relaxed h may carry more information than a drawn one; the sign is its limit.
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
                // Then every nearly independent window is drawn about ten times.
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
                "take a smaller `epsilon_end`, if a relaxed h carries more information than a drawn \
                 one, or a \
                 smaller `learning_rate`"
                    .into()
            }
            None => "take a smaller `learning_rate`".into(),
        };
        found.push((
            Diagnosis::Overfitting,
            format!(
                "overfitting: {training:.3} nats in training, {seen:.3} on unseen samples; {remedy}"
            ),
        ));
    }
    found.extend(impossible(config, results));
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
    if let Some(held_out) = results.held_out_independent
        && held_out < ENOUGH_HELD_OUT
    {
        found.push((
            Diagnosis::FewHeldOut,
            format!(
                "the figure rests on about {held_out:.0} independent held-out configurations: its standard \
                 error is rough; give more configurations"
            ),
        ));
    }
    if let Some(data) = &results.data
        && let (Some(tau), Some(held_out)) = (data.autocorrelation_time, data.held_out)
    {
        let batch = f64::from(optimisation.batch);
        let apart = (held_out[1] - held_out[0]) as f64 / batch;
        if tau > CORRELATED && apart < APART * tau {
            found.push((
                Diagnosis::Correlated,
                format!(
                    "configurations are correlated (autocorrelation time {tau:.1}), and the rows of a batch \
                     of {batch} lie {apart:.0} apart: they are not independent; give {} \
                     configurations like these, or a smaller `batch`",
                    about(APART * tau * batch / HELD_OUT),
                ),
            ));
        }
        let left_out = data.windows_left_out as f64;
        let drawn = left_out + f64::from(optimisation.steps) * batch;
        if left_out > MISSING * drawn {
            found.push((
                Diagnosis::MissingValues,
                format!(
                    "{:.0} % of all windows were left out because values are missing: the result \
                     holds for the other windows",
                    100.0 * left_out / drawn
                ),
            ));
        }
    }
    if let Some(rise) = rise
        && results.ended == Some(EndReason::Steps)
        && rise.mean > 4.0 * rise.stderr
        && rise.mean > stderr
        && rise.mean > RISING * mean
    {
        found.push((
            Diagnosis::StillRising,
            format!(
                "the information was still rising at the end, by {:.4} nats in the last quarter of the \
                 training: more `steps` would find more",
                rise.mean
            ),
        ));
    }
    let schedule = optimisation.schedule(config.learned());
    let softness = schedule.epsilon(schedule.steps);
    if relaxed && softness > SOFT {
        found.push((
            Diagnosis::SoftEncoder,
            format!(
                "the relaxation is still {softness:.2} at the end: the critic was never trained on a \
                 discrete h, and the held-out information is too low; take more `steps` or a \
                 larger `epsilon_rate`"
            ),
        ));
    }
    // Below zero by more than that is another problem.
    if learned && seen.abs() <= 3.0 * stderr {
        found.push((
            Diagnosis::NoSignal,
            "no information beyond its error: the filter means nothing here".into(),
        ));
    }
    found
}

/// Figures that cannot be right, each judged by what does not depend on the others.
fn impossible(config: &RunConfig, results: &Results) -> Vec<(Diagnosis, String)> {
    let mut found = vec![];
    let Estimate { mean, stderr } = results.information();
    if stderr > LARGE_ERROR && stderr > 0.5 * mean.abs() {
        found.push((
            Diagnosis::LargeError,
            "the standard error is of the size of the figure: single samples decide it, and it says \
             nothing about the system; take `bound` infonce, another `critic`, or more configurations"
                .into(),
        ));
    }
    let exact = results
        .exact
        .and_then(|exact| match config.optimisation.bound {
            Bound::InfoNce => exact.infonce_nats,
            _ => exact.information_nats,
        });
    let limits = [
        (exact, Diagnosis::AboveExact, "exact value"),
        (
            results.capacity_nats,
            Diagnosis::AboveCapacity,
            "capacity of H",
        ),
    ];
    for (limit, diagnosis, what) in limits {
        if let Some(limit) = limit
            && mean > limit + IMPOSSIBLE * stderr
        {
            found.push((
                diagnosis,
                format!(
                    "the figure exceeds the {what}, {} nats, by more than its error: the bound is biased \
                     or unstable at this `batch`; take `bound` infonce or a larger `batch`",
                    shown(limit)
                ),
            ));
        }
    }
    if mean < -IMPOSSIBLE * stderr {
        found.push((
            Diagnosis::BelowZero,
            "the figure is below 0 by more than its error, which information cannot be: the critic does \
             harm on samples that it has not seen"
                .into(),
        ));
    }
    if let Some(bias) = results.bias_nats
        && bias > stderr
    {
        found.push((
            Diagnosis::Biased,
            format!(
                "at this `batch` the bound lies above what its critic is worth by up to {} nats on \
                 average, more than the standard error; take a larger `batch`, or `bound` infonce",
                shown(bias)
            ),
        ));
    }
    found
}

/// What makes the values of a file doubtful, whatever was found in them.
fn of_data(data: &DataRecord) -> Vec<(Diagnosis, String)> {
    let mut found = vec![];
    if let Some(values) = &data.values {
        let ranked = data.transform_used == Some(Transform::Rank);
        for suspicious in &values.suspicious {
            let SuspiciousValue {
                value,
                count,
                share,
            } = suspicious;
            let so_far = match ranked {
                true => "; so far ranks are taken, and it counts as a value",
                false => "",
            };
            found.push((
                Diagnosis::SuspiciousValues,
                format!(
                    "the value {} occurs {count:.0} times ({} of all values), far from all others: if it \
                     marks missing values, give `missing` {}{so_far}",
                    exactly(*value),
                    percent(*share),
                    exactly(*value)
                ),
            ));
        }
        if values.heavy_tailed {
            let remedy = match ranked {
                true => {
                    "the normal scores of ranks were taken (`transform` rank); `transform` standard \
                     takes (x − mean)/(standard deviation)"
                }
                false => {
                    "to the critic nearly all others are one number; take `transform` rank, or leave \
                     `transform` out"
                }
            };
            found.push((
                Diagnosis::HeavyTails,
                format!(
                    "a thousandth of the values{} carries more than a tenth of the variance (values \
                     from {} to {}, mean {}, standard deviation {}): {remedy}",
                    if data.each_site { " of a site" } else { "" },
                    shown(values.least),
                    shown(values.greatest),
                    shown(values.mean),
                    shown(values.deviation)
                ),
            ));
        }
    }
    let Some(survey) = &data.survey else {
        return found;
    };
    if survey.sites_differ() {
        found.push((
            Diagnosis::SitesDiffer,
            format!(
                "the means of sites differ: they hold {} of the variance, {:.0} times what noise gives. \
                 Windows are taken at all positions, and the figure contains what a block tells about \
                 its position; give `subtract` site-means, or one position with `origin`",
                percent(survey.site_means_share),
                survey.site_means_ratio
            ),
        ));
    }
    let boundary = data.boundary_by_axis.iter().flatten().copied();
    let mut boundary: Vec<bool> = boundary.collect();
    let seams = survey.seams.iter();
    let seams = seams.filter(|seam| seam.is_open && boundary.get(seam.axis) == Some(&false));
    let seams: Vec<_> = seams.copied().collect();
    for seam in &seams {
        boundary[seam.axis] = true;
    }
    let names = Boundaries(boundary).names().join(",");
    for seam in seams {
        found.push((
            Diagnosis::OpenSeam,
            format!(
                "along axis {} neighbours have a correlation of {:.3}, and the last and the first site, \
                 neighbours by `boundary` periodic, one of {:.3} (difference ± {:.3}): the axis seems to \
                 be open; give `boundary` {names}",
                seam.axis, seam.bulk, seam.seam, seam.stderr,
            ),
        ));
    }
    found
}

/// A number with six digits; large and small ones with an exponent.
pub(crate) fn shown(x: f64) -> String {
    let rounded: f64 = format!("{x:.5e}").parse().unwrap_or(x);
    match x == 0.0 || (1e-4..1e7).contains(&x.abs()) {
        true => format!("{rounded}"),
        false => format!("{rounded:e}"),
    }
}

/// A number of a file with all digits that tell it from others of its type.
fn exactly(x: f64) -> String {
    let single = x as f32;
    let plain = x == 0.0 || (1e-4..1e7).contains(&x.abs());
    match (f64::from(single) == x, plain) {
        (true, true) => format!("{single}"),
        (true, false) => format!("{single:e}"),
        (false, true) => format!("{x}"),
        (false, false) => format!("{x:e}"),
    }
}

/// A fraction in per cent, with two digits.
fn percent(x: f64) -> String {
    let rounded: f64 = format!("{:.1e}", 100.0 * x).parse().unwrap_or(0.0);
    format!("{rounded} %")
}

/// A number rounded up to two digits.
fn about(x: f64) -> String {
    let unit = 10f64.powi((x.max(1.0).log10().floor() as i32 - 1).max(0));
    format!("{:.0}", (x / unit).ceil() * unit)
}
