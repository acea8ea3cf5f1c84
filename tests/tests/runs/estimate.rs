//! Held-out estimates against exact informations of small systems, and what must hold of both. A
//! few systems here; the whole list, and the runs with default settings, are in `long/statistics.rs`.

use blockspin::run::evaluate::Estimate;
use blockspin::run::learning::Outcome;
use blockspin_core::bound::{AnyBound as Bound, infonce};
use blockspin_core::critic::AnyCritic as Critic;
use blockspin_core::encoder::AnyEncoder as Encoder;
use blockspin_core::optim::schedule::Schedule;
use blockspin_tests::chains::CRITICAL;
use blockspin_tests::runs::{CRITIC, Case, Named, shape};

/// In place of 6000: critics of systems as small as these learn in a few hundred.
const STEPS: u32 = 600;

const TORUS: Case = Case::new(&[4, 4], CRITICAL, &[2], 0, Named::Uniform);
const RING: Case = Case::new(&[16], 1.0, &[4], 2, Named::Uneven);

#[test]
fn tori() {
    TORUS.check(STEPS, 1);
    let around = Case::new(&[5, 5], CRITICAL, &[3], 0, Named::Boundary);
    around.sigmoid().check(STEPS, 2);
    Case::new(&[5, 5], 3.0, &[1], 1, Named::Decimation).check(STEPS, 3);
    Case::new(&[4, 5], CRITICAL, &[2, 3], 0, Named::Pair).check(STEPS, 4);
    let staggered = Case::new(&[4, 4], CRITICAL, &[2], 0, Named::Staggered);
    staggered.antiferromagnet().check(STEPS, 5);
}

#[test]
fn rings() {
    RING.check(STEPS, 6);
    let sigmoid = Case::new(&[16], 0.8, &[4], 2, Named::Decimation).sigmoid();
    sigmoid.check(STEPS, 7);
}

/// A torus and a chain: every bound is below the exact figure, and near it.
#[test]
fn every_bound_finds_the_information() {
    for bound in Bound::ALL {
        for case in [TORUS, RING] {
            case.check_bound(bound, 2 * STEPS, 1);
        }
    }
}

/// As every critic does; on the torus, whose block meets its environment at every site, ln r is as well
/// quadratic.
#[test]
fn every_critic_finds_the_information() {
    for bound in [Bound::InfoNce, Bound::Tuba] {
        TORUS.check_critic(Critic::Concatenated, bound, STEPS, 1);
        TORUS.check_critic(Critic::Quadratic, bound, 2 * STEPS, 1);
    }
}

/// The exact referee by itself: a wider buffer never gains, and no filter keeps more than there is.
#[test]
fn exact_informations_obey_data_processing() {
    use Named::{Boundary, Decimation, Pair, Staggered, Uneven, Uniform};
    let systems: [(&[u32], &[u32], f64, u32); 5] = [
        (&[24], &[4], 1.0, 9),
        (&[13], &[3], 0.6, 4),
        (&[5, 5], &[1, 2], CRITICAL, 1),
        (&[5, 5], &[2], 3.0, 1),
        (&[5, 4], &[2, 1], 1.5, 1),
    ];
    for (sides, block, temperature, widest) in systems {
        for filter in [Uniform, Boundary, Decimation, Staggered, Uneven, Pair] {
            for encoder in [Encoder::Sign, Encoder::Sigmoid] {
                let mut narrower = (f64::INFINITY, f64::INFINITY);
                for buffer in 0..=widest {
                    let case = Case {
                        encoder,
                        ..Case::new(sides, temperature, block, buffer, filter)
                    };
                    let exact = case.exact();
                    let kept = exact.filtered.unwrap();
                    assert!(kept >= 0.0 && kept <= exact.block + 1e-12, "{case:?}");
                    assert!(exact.block <= narrower.0 + 1e-12, "{case:?}");
                    assert!(kept <= narrower.1 + 1e-12, "{case:?}");
                    narrower = (exact.block, kept);
                }
            }
        }
    }
}

/// By the Markov property the sites next to the buffer know all that the rest of the ring knows.
#[test]
fn wider_buffers_lose_and_wider_environments_gain_nothing() {
    let at = |buffer, environment| {
        let case = Case { buffer, ..RING }.wide(environment);
        case.check(STEPS, 8)
    };
    let [near, middle, far] = [at(0, 1), at(2, 1), at(5, 1)];
    let above = |a: Estimate, b: Estimate| a.mean - b.mean + 4.0 * (a.stderr + b.stderr);
    assert!(above(near, middle) > 0.0 && above(middle, far) > 0.0);
    let wide = at(2, 4);
    let off = (wide.mean - middle.mean).abs();
    assert!(off < CRITIC + 4.0 * (wide.stderr + middle.stderr), "{off}");
}

/// With the sign of the filter.
fn sign(outcome: &Outcome) -> Estimate {
    outcome.information_sign.expect("h is binary")
}

/// All figures of a run, in nats.
fn figures(outcome: &Outcome) -> Vec<f64> {
    let last = [
        outcome.information.mean,
        sign(outcome).mean,
        outcome.training,
    ];
    let course = outcome.series.iter();
    let course = course.flat_map(|record| record.training.into_iter().chain(record.validation));
    course.chain(last).collect()
}

#[test]
fn nothing_exceeds_the_logarithm_of_the_batch() {
    for batch in [2, 3, 7] {
        // Two components know more than ln 2 here.
        let case = Case::new(&[4, 4], 1.5, &[2], 0, Named::Pair);
        let settings = case.settings(batch, 200, 9);
        let outcome = case.run(&settings);
        let ceiling = infonce::ceiling(batch as usize);
        for figure in figures(&outcome) {
            assert!(
                figure <= ceiling + 1e-6,
                "{figure} of {ceiling}, K = {batch}"
            );
        }
    }
}

/// A filter that is learned: its own exact information is the measure of what is reported, drawn
/// and by sign.
#[test]
fn a_learned_filter_keeps_the_reported_information() {
    let mut settings = TORUS.settings(100, 2 * STEPS, 10);
    settings.given = None;
    let outcome = TORUS.run(&settings);
    for (found, encoder) in [
        (outcome.information, Encoder::Sigmoid),
        (sign(&outcome), Encoder::Sign),
    ] {
        let exact = TORUS.kept(&outcome.filters, encoder);
        let Estimate { mean, stderr } = found;
        let about = format!("{encoder:?}: {mean:.4} ± {stderr:.4}, exact {exact:.4}");
        println!("{about}");
        assert!(mean <= exact + 4.0 * stderr, "{about}");
        // The critic was trained with relaxed h, so that it is not quite the best one.
        assert!(
            mean >= exact - 2.0 * CRITIC - 3.0 * stderr - 0.005,
            "{about}"
        );
        // Nor is a filter by name much better.
        assert!(exact > 0.9 * TORUS.filtered(), "{about}");
    }
}

/// Whatever is allowed gives finite figures, none above the exact one.
#[test]
fn extreme_settings_give_numbers() {
    let schedules = [
        Schedule {
            rate_start: 1.0,
            rate_end: 1.0,
            ..Schedule::default()
        },
        Schedule {
            epsilon_start: 1e-3,
            epsilon_end: 1e-3,
            ..Schedule::default()
        },
        Schedule {
            rate_start: 0.0,
            epsilon_start: 100.0,
            epsilon_end: 100.0,
            ..Schedule::default()
        },
    ];
    for (seed, schedule) in (11..).zip(schedules) {
        for temperature in [0.05, 1e6] {
            for components in [1, 3] {
                let case = Case {
                    temperature,
                    ..TORUS
                };
                let mut settings = case.settings(25, 60, seed);
                settings.given = None;
                settings.shape = shape(case.window(), components, 25);
                settings.schedule = Schedule {
                    steps: 60,
                    ..schedule
                };
                let outcome = case.run(&settings);
                for figure in figures(&outcome) {
                    assert!(figure.is_finite(), "{settings:?}");
                }
                for (found, encoder) in [
                    (outcome.information, Encoder::Sigmoid),
                    (sign(&outcome), Encoder::Sign),
                ] {
                    let exact = case.kept(&outcome.filters, encoder);
                    let Estimate { mean, stderr } = found;
                    assert!(
                        mean <= exact + 4.0 * stderr + 1e-6,
                        "{mean} ± {stderr}, exact {exact}: {settings:?}"
                    );
                }
            }
        }
    }
}
