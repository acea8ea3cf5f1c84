//! What there is to doubt about a run, and what would help.

use blockspin_core::critic::AnyCritic as Critic;

use crate::coarse::Coarse;
use crate::held_out::Estimate;
use crate::learn::{Outcome, Settings};
use crate::parts::Parts;

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

/// What there is to doubt about an outcome; `discrete`, if values are.
pub(super) fn doubts(
    parts: Option<&Parts>,
    discrete: bool,
    settings: &Settings,
    outcome: &Outcome,
) -> Vec<String> {
    let mut doubts = vec![];
    let critic = settings.shape.critic();
    let reads_digits = matches!(critic, Critic::Separable | Critic::Concatenated);
    if discrete && settings.coarse == (Coarse::Continuous { noise: 0.0 }) && reads_digits {
        doubts.push(format!(
            "--encoder continuous of discrete values with --critic {critic}: Λ·v of almost any filter \
             tells all configurations of the block apart, and the information grows with --steps \
             towards that of the whole block; --critic moments reads no digits"
        ));
    }
    let relaxed = settings.given.is_none() && settings.coarse.is_relaxed();
    let Estimate { mean, stderr } = outcome.information;
    // A soft h in training says more than one that is drawn; the sign is what it tends to.
    let sign = outcome.information_sign;
    let seen = sign.map_or(mean, |sign| mean.max(sign.mean));
    if mean < -OVERFIT - 4.0 * stderr && outcome.training < OVERFIT {
        doubts.push(
            "the critic has not converged; take a smaller --learning-rate or more --steps".into(),
        );
    } else if outcome.training - seen > OVERFIT + 4.0 * stderr {
        let remedy = match parts {
            Some(parts) => {
                // Every nearly independent window is then drawn some ten times.
                let draws = u64::from(settings.schedule.steps) * settings.shape.batch() as u64;
                let windows = settings.place.independent() as f64 / (2.0 * parts.autocorrelation);
                let enough = draws as f64 / REPEATS / windows / TRAINED;
                let more = match enough > MANY * parts.held_out.end as f64 {
                    true => "many times more of them".to_string(),
                    false => format!("more of them ({} like these would do)", about(enough)),
                };
                format!(
                    "the critic knows these configurations by heart; give {more}, a narrower \
                     --environment, or fewer --steps"
                )
            }
            None if relaxed => {
                "take a smaller --epsilon-end, if a soft h says more than one that is drawn, or a \
                 smaller --learning-rate"
                    .into()
            }
            None => "take a smaller --learning-rate".into(),
        };
        doubts.push(format!(
            "overfitting: {:.3} nats in training, {seen:.3} on samples not seen; {remedy}",
            outcome.training
        ));
    }
    if let Some(ceiling) = settings.bound.ceiling(settings.shape.batch())
        && mean > NEAR_CEILING * ceiling
    {
        doubts.push(format!(
            "the information is near what a batch of {} can show, {ceiling:.2} nats, and is \
             underestimated; take a larger --batch",
            settings.shape.batch()
        ));
    }
    let held_out = outcome.groups * settings.shape.batch();
    if held_out < ENOUGH_HELD_OUT {
        doubts.push(format!(
            "the figure rests on {held_out} held-out configurations: its standard error is rough; \
             give {} configurations or more",
            ENOUGH_HELD_OUT * 5
        ));
    }
    if let Some(parts) = parts {
        let batch = settings.shape.batch() as f64;
        if parts.autocorrelation > CORRELATED && parts.independent() < BATCHES * batch {
            let per = 2.0 * parts.autocorrelation / TRAINED;
            doubts.push(format!(
                "configurations that follow one another are alike (autocorrelation time {:.1}): \
                 those that are trained on count as {:.0}, and the rows of a batch of {batch} are not \
                 independent; give {:.0} configurations like these, or a smaller --batch",
                parts.autocorrelation,
                parts.independent(),
                (BATCHES * batch * per).ceil(),
            ));
        }
        let drawn = outcome.left_out as f64 + f64::from(settings.schedule.steps) * batch;
        if outcome.left_out as f64 > MISSING * drawn {
            doubts.push(format!(
                "{:.0} % of all windows were left out because values are missing: what is found \
                 holds for the rest",
                100.0 * outcome.left_out as f64 / drawn
            ));
        }
    }
    let schedule = settings.schedule;
    let softness = schedule.epsilon(schedule.steps);
    if relaxed && softness > SOFT {
        doubts.push(format!(
            "the relaxation is still {softness:.2} at the end: the critic knows no discrete h, and what is \
             held out is too low; take more --steps or a larger --epsilon-rate"
        ));
    }
    if settings.given.is_none() && seen <= 3.0 * stderr {
        doubts.push("no information beyond its error: the filter means nothing here".into());
    }
    doubts
}

/// A number for people, to two digits.
fn about(x: f64) -> String {
    let unit = 10f64.powi((x.max(1.0).log10().floor() as i32 - 1).max(0));
    format!("{:.0}", (x / unit).ceil() * unit)
}
