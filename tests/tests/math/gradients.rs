//! Gradients of filter and critic, Adam and the schedules, against f64.

use blockspin_core::bound;
use blockspin_core::critic::{Activation, AnyCritic as Critic};
use blockspin_core::encoder::{AnyEncoder as Encoder, Choice};
use blockspin_core::kernel::Portable;
use blockspin_core::num::lane::Lane;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::optim::adam::Adam;
use blockspin_core::optim::schedule::Schedule;
use blockspin_core::rsmi::{Learn, Rsmi};
use blockspin_core::shape::Shape;
use blockspin_tests::problem::{Buffers, CASES, Case, fill};
use blockspin_tests::reference::{Batch, Bound, Coarse, Matrix, parts};
use blockspin_tests::tiles::Tiling;
use blockspin_tests::tolerance;

/// Parameters and batch of a run, for the referee.
fn read(case: &Case, encoder: Encoder, rsmi: &mut Rsmi) -> (Vec<Matrix>, Batch) {
    let shape = rsmi.shape();
    let parts = parts(shape);
    let parameters = parts.iter().map(|part| part.read(rsmi.parameters()));
    let parameters = parameters.collect();
    let coarse = Coarse::of(encoder, shape, &case.noise());
    (parameters, Batch::read(rsmi, coarse))
}

/// All cases with all their encoders, with packed and with real samples.
fn kinds() -> impl Iterator<Item = (&'static Case, Encoder, fn(Shape) -> Buffers)> {
    let kinds: [fn(Shape) -> Buffers; 2] = [Buffers::new, Buffers::of_reals];
    kinds.into_iter().flat_map(|storage| {
        let cases = CASES.iter();
        cases.flat_map(move |case| {
            let encoders = case.learnable().into_iter();
            encoders.map(move |encoder| (case, encoder, storage))
        })
    })
}

fn rms(part: &Matrix) -> f64 {
    let squares = part.iter().flatten().map(|g| g * g);
    (squares.sum::<f64>() / part.iter().flatten().count() as f64).sqrt()
}

/// What the errors of each part's gradients are measured by. The one number c of a quadratic critic goes
/// with D: of bounds whose baseline is the mean of exp f it has no gradient either.
fn scales(case: &Case, gradients: &[Matrix]) -> Vec<f64> {
    let mut scales: Vec<_> = gradients.iter().map(rms).collect();
    if case.critic == Critic::Quadratic {
        scales[4] = scales[4].max(scales[3]);
    }
    scales
}

/// Value and gradients of a batch against the referee's; the largest error of a gradient.
fn follows_the_reference(
    case: &Case,
    encoder: Encoder,
    rsmi: &mut Rsmi,
    (parameters, batch): &(Vec<Matrix>, Batch),
) -> f64 {
    let shape = case.shape();
    let bound = Bound::new(shape, parameters, batch);
    assert!(
        bound.margin > tolerance::MARGIN,
        "{case:?}, {encoder:?}: a ReLU {:e} from its kink; take another seed",
        bound.margin
    );
    let value = Tiling::Portable.differentiate(rsmi, encoder, &mut case.noise());
    let allowed = tolerance::TERM * (1.0 + bound.largest_score);
    assert!(
        (f64::from(value) - bound.value()).abs() < allowed,
        "{case:?}, {encoder:?}"
    );
    compare(case, encoder, rsmi, &bound)
}

/// The largest error of a gradient.
fn compare(case: &Case, encoder: Encoder, rsmi: &Rsmi, bound: &Bound) -> f64 {
    let mut worst = 0.0_f64;
    let gradients = bound.gradients();
    let scales = scales(case, &gradients);
    for ((part, want), scale) in parts(rsmi.shape()).iter().zip(gradients).zip(scales) {
        let got = part.read(rsmi.gradients());
        // What f has of e alone InfoNCE does not see.
        if case.critic == Critic::Quadratic && scale < 1e-15 {
            assert!(rms(&got) == 0.0, "{case:?}, {encoder:?}, {part:?}: {got:?}");
            continue;
        }
        assert!(
            scale > 1e-6,
            "{case:?}, {encoder:?}: nothing flows to {part:?}"
        );
        for (r, (got, want)) in got.iter().zip(&want).enumerate() {
            for (c, (got, want)) in got.iter().zip(want).enumerate() {
                let error = (got - want).abs() / want.abs().max(scale);
                worst = worst.max(error);
                assert!(
                    error < tolerance::GRADIENT,
                    "{case:?}, {encoder:?}, {part:?}: {got:e} at ({r}, {c}), should be {want:e}"
                );
            }
        }
    }
    worst
}

#[test]
fn every_gradient_follows_the_reference() {
    let mut worst = 0.0_f64;
    for (case, encoder, storage) in kinds() {
        let mut buffers = storage(case.shape());
        let mut rsmi = case.start(&mut buffers);
        let read = read(case, encoder, &mut rsmi);
        worst = worst.max(follows_the_reference(case, encoder, &mut rsmi, &read));
    }
    println!("worst gradient: {worst:.1e}");
}

/// Two batches, so that averages over batches show; in the second the scores are as large as 20.
#[test]
fn the_gradients_of_every_bound_follow_the_reference() {
    for kind in bound::AnyBound::ALL {
        let (mut worst_value, mut worst) = (0.0_f64, 0.0_f64);
        for case in CASES {
            let case = &case.with_outputs(kind);
            let (shape, encoder) = (case.shape(), case.learnable()[0]);
            let mut buffers = Buffers::new(shape);
            let mut rsmi = case.start(&mut buffers).with_bound(kind);
            let mut samples = Stream::new(case.seed, 1, Purpose::Sample);
            let mut before = vec![];
            for _ in 0..2 {
                let bound = loop {
                    let (parameters, batch) = read(case, encoder, &mut rsmi);
                    let bound = Bound::of(kind, &before, shape, &parameters, &batch);
                    if bound.margin > tolerance::MARGIN {
                        break bound;
                    }
                    fill(&mut rsmi, &mut samples);
                };
                before.push(bound.denominator);
                let noise = &mut case.noise();
                let value = Tiling::Wide.differentiate(&mut rsmi, encoder, noise);
                // The error of a power is relative.
                let allowed = 1.0 + bound.largest_score;
                let error = (f64::from(value) - bound.value()).abs()
                    / allowed
                    / (1.0 + bound.value().abs());
                assert!(error < tolerance::TERM, "{kind:?}, {case:?}: {error:e}");
                worst_value = worst_value.max(error);
                worst = worst.max(compare(case, encoder, &rsmi, &bound));

                // The last layer, of v(e) or of all: all scores, and the baseline that is learned. All
                // but A of a quadratic critic, half of whose scores may come from A alone.
                let parts = parts(shape);
                let scale = 20.0 / bound.largest_score;
                let (last, scale) = match case.critic {
                    Critic::Quadratic => (&parts[2..], 0.5 * scale),
                    _ => (&parts[parts.len() - 1..], scale),
                };
                for last in last {
                    for (r, row) in last.read(rsmi.parameters()).iter().enumerate() {
                        for (c, weight) in row.iter().enumerate() {
                            *last.number(rsmi.parameters_mut(), r, c) = (weight * scale) as f32;
                        }
                    }
                }
            }
        }
        println!("{kind:?}: worst value {worst_value:.1e}, worst gradient {worst:.1e}");
    }
}

/// With means c the filter sees v − c, and the critic what it saw before.
#[test]
fn gradients_without_the_means_follow_the_reference() {
    let (mut worst, mut at_kinks) = (0.0_f64, 0);
    for (case, encoder, storage) in kinds() {
        let shape = case.shape();
        // Every other one of them −½, as those of dimers; the last sites are left without.
        let given = shape.block().div_ceil(2) + 1;
        let centres: Vec<f32> = (0..given)
            .map(|i| if i % 2 == 0 { -0.5 } else { 0.125 * i as f32 })
            .collect();
        let mut buffers = storage(shape);
        let mut rsmi = case.start(&mut buffers).with_centres(&centres);
        let (parameters, mut batch) = read(case, encoder, &mut rsmi);
        let plain = Bound::new(shape, &parameters, &batch).value();
        for row in &mut batch.v {
            for (x, centre) in row.iter_mut().zip(&centres) {
                *x -= f64::from(*centre);
            }
        }
        let centred = Bound::new(shape, &parameters, &batch);
        // The seeds were chosen for what lies elsewhere.
        if centred.margin <= tolerance::MARGIN {
            at_kinks += 1;
            continue;
        }
        let centred = centred.value();
        // Through a linear critic a constant in a continuous h adds what depends on e alone.
        let blind = matches!(encoder, Encoder::Continuous { .. }) && case.hidden.is_empty();
        assert!(blind || plain != centred, "{case:?}, {encoder:?}");
        worst = worst.max(follows_the_reference(
            case,
            encoder,
            &mut rsmi,
            &(parameters, batch),
        ));
    }
    assert!(at_kinks <= 3, "{at_kinks}");
    println!("worst gradient without means: {worst:.1e}");
}

#[test]
fn the_reference_follows_central_differences() {
    let mut stream = Stream::new(3, 0, Purpose::Windows);
    let mut worst = 0.0_f64;
    let half = kinds().count() / 2;
    let kinds = || {
        kinds()
            .take(half)
            .flat_map(|kind| bound::AnyBound::ALL.map(|bound| (kind, bound)))
    };
    for ((case, encoder, _), kind) in kinds() {
        let case = &case.with_outputs(kind);
        let shape = case.shape();
        let mut buffers = Buffers::new(shape);
        let (mut parameters, batch) = read(case, encoder, &mut case.start(&mut buffers));
        let gradients = Bound::of(kind, &[], shape, &parameters, &batch).gradients();
        let scales = scales(case, &gradients);
        for (p, gradient) in gradients.iter().enumerate() {
            let r = stream.below(gradient.len() as u32) as usize;
            let c = stream.below(gradient[r].len() as u32) as usize;
            let (at, step) = (parameters[p][r][c], 1e-6);
            let mut value = |x| {
                parameters[p][r][c] = x;
                Bound::of(kind, &[], shape, &parameters, &batch).climbed()
            };
            let difference = (value(at + step) - value(at - step)) / (2.0 * step);
            parameters[p][r][c] = at;
            let scale = gradient[r][c].abs().max(scales[p]);
            // D and c, that InfoNCE does not see.
            if case.critic == Critic::Quadratic && scale < 1e-15 {
                assert!(
                    difference.abs() < 1e-9,
                    "{case:?}, part {p}: {difference:e}"
                );
                continue;
            }
            let error = (gradient[r][c] - difference).abs() / scale;
            worst = worst.max(error);
            assert!(
                error < tolerance::DIFFERENCES,
                "{kind:?}, {case:?}, {encoder:?}, part {p}, ({r}, {c}): {error:e}"
            );
        }
    }
    println!("worst difference: {worst:.1e}");
}

/// Large filters and small ε push every h against ±1, where f32 has no digits left for 1 − h², and
/// every y against 0 or 1.
#[test]
fn a_saturated_encoder_has_small_gradients_not_wrong_ones() {
    let mut worst = 0.0_f64;
    let of_states = [(2, 2), (3, 3), (8, 4)].map(|(components, states)| {
        let choice = Choice::Relaxed { epsilon: 0.1 };
        (components, Encoder::States { states, choice })
    });
    let binary = (1, Encoder::Relaxed { epsilon: 0.1 });
    for (components, encoder) in [binary].into_iter().chain(of_states) {
        for (scale, batch) in [(1.0, 2), (10.0, 7), (30.0, 33)] {
            for seed in 1..6 {
                let case = Case {
                    sizes: [16, 36, components],
                    hidden: &[16, 16],
                    embedding: 8,
                    batch,
                    epsilon: 0.1,
                    seed,
                    critic: Critic::Separable,
                    activation: Activation::Relu,
                };
                let shape = case.shape();
                let mut buffers = Buffers::new(shape);
                let mut rsmi = case.start(&mut buffers);
                for site in 0..shape.block() {
                    for a in 0..shape.components() {
                        rsmi.set_filter(site, a, rsmi.filter(site, a) * scale);
                    }
                }
                let (parameters, batch) = read(&case, encoder, &mut rsmi);
                let bound = Bound::new(shape, &parameters, &batch);
                Tiling::Portable.differentiate(&mut rsmi, encoder, &mut case.noise());
                let got = parts(shape)[0].read(rsmi.gradients());
                let largest = bound.pull() * 0.5 / 0.1;
                for (got, want) in got
                    .iter()
                    .flatten()
                    .zip(bound.gradients()[0].iter().flatten())
                {
                    let error = (got - want).abs() / largest;
                    worst = worst.max(error);
                    assert!(
                        error < tolerance::SATURATED_GRADIENT,
                        "{case:?}, {encoder:?}: {error:e}"
                    );
                }
            }
        }
    }
    println!("worst saturated gradient: {worst:.1e}");
}

/// Steps on fresh batches, on a cosine schedule; the bound of every step.
fn train(tiling: Tiling, case: &Case, encoder: Encoder, rsmi: &mut Rsmi, steps: u32) -> Vec<f32> {
    let schedule = Schedule {
        steps,
        ..Schedule::default()
    };
    let mut samples = Stream::new(case.seed, 1, Purpose::Sample);
    let mut noise = case.noise();
    let mut step = |t| {
        fill(rsmi, &mut samples);
        tiling.step(rsmi, encoder, Learn::All, schedule.rate(t), &mut noise)
    };
    (0..steps).map(&mut step).collect()
}

/// Bits of the parameters and of the bounds after twenty steps.
fn trained(
    tiling: Tiling,
    case: &Case,
    encoder: Encoder,
    kind: bound::AnyBound,
    mut buffers: Buffers,
) -> (Vec<u32>, Vec<u32>) {
    let mut rsmi = case.start(&mut buffers).with_bound(kind);
    let bounds = train(tiling, case, encoder, &mut rsmi, 20);
    let parameters = rsmi.parameters().iter().flat_map(|lane| lane.0);
    (
        parameters.map(f32::to_bits).collect(),
        bounds.into_iter().map(f32::to_bits).collect(),
    )
}

#[test]
fn no_tile_changes_a_bit() {
    for (case, encoder, storage) in kinds() {
        // Bounds know nothing of encoders.
        let bounds = match encoder {
            Encoder::Relaxed { .. } => &bound::AnyBound::ALL[..],
            _ => &bound::AnyBound::ALL[..1],
        };
        for kind in bounds {
            let train = |tiling| trained(tiling, case, encoder, *kind, storage(case.shape()));
            let expected = train(Tiling::Portable);
            for tiling in [Tiling::Narrow, Tiling::Middle, Tiling::Wide] {
                assert!(
                    train(tiling) == expected,
                    "{kind:?}, {case:?}, {encoder:?}, {tiling:?}"
                );
            }
        }
    }
}

#[test]
fn padding_stays_zero_and_all_else_moves() {
    for (case, encoder, storage) in kinds() {
        let parts = parts(case.shape());
        let mut buffers = storage(case.shape());
        let mut rsmi = case.start(&mut buffers);
        let before: Vec<_> = parts.iter().map(|p| p.read(rsmi.parameters())).collect();
        train(Tiling::Wide, case, encoder, &mut rsmi, 10);
        for (part, before) in parts.iter().zip(before) {
            let (parameters, gradients) = (rsmi.parameters(), rsmi.gradients());
            assert!(
                part.padding(parameters).all(|x| x == 0.0),
                "{case:?}, {part:?}"
            );
            assert!(
                part.padding(gradients).all(|x| x == 0.0),
                "{case:?}, {part:?}"
            );
            let after = part.read(parameters);
            assert!(after.iter().flatten().all(|x| x.is_finite()), "{case:?}");
            // InfoNCE does not see what f has of e alone: D and c.
            let alone = case.critic == Critic::Quadratic && part.at >= parts[3].at;
            assert_eq!(after == before, alone, "{case:?}, {part:?}");
        }
        for moments in &buffers.learned[2..] {
            assert!(parts.iter().all(|p| p.padding(moments).all(|x| x == 0.0)));
        }
    }
}

#[test]
fn a_step_is_the_gradient_then_adam() {
    for (case, encoder, storage) in kinds() {
        let shape = case.shape();
        let mut buffers = storage(shape);
        let mut rsmi = case.start(&mut buffers);
        let rate = 1e-3;
        let value = Tiling::Portable.differentiate(&mut rsmi, encoder, &mut case.noise());
        let mut expected = rsmi.parameters().to_vec();
        let mut moments = [
            vec![Lane::ZERO; expected.len()],
            vec![Lane::ZERO; expected.len()],
        ];
        let [first, second] = &mut moments;
        let gradients = rsmi.gradients().to_vec();
        let pace = Adam::default().advance::<Portable>(rate);
        pace.ascend::<Portable>(&mut expected, &gradients, first, second);
        let stepped =
            Tiling::Portable.step(&mut rsmi, encoder, Learn::All, rate, &mut case.noise());
        assert_eq!(stepped.to_bits(), value.to_bits());
        if matches!(encoder, Encoder::Continuous { .. }) {
            // To norm 1, component by component.
            let part = parts(shape)[0];
            for a in 0..shape.components() {
                let weights = part.read(&expected);
                let norm = weights
                    .iter()
                    .map(|row| row[a] * row[a])
                    .sum::<f64>()
                    .sqrt();
                for (site, row) in weights.iter().enumerate() {
                    let found = rsmi.filter(site, a);
                    assert!((f64::from(found) - row[a] / norm).abs() < 3e-7, "{case:?}");
                    *part.number(&mut expected, site, a) = found;
                }
            }
        }
        assert_eq!(rsmi.parameters(), expected, "{case:?}, {encoder:?}");
    }
}

#[test]
fn a_given_filter_is_left_alone() {
    for (case, encoder, _) in kinds() {
        let shape = case.shape();
        let [mut alone, mut both] = [Buffers::new(shape), Buffers::new(shape)];
        let (mut alone, mut both) = (case.start(&mut alone), case.start(&mut both));
        let before = alone.parameters().to_vec();
        let step = |rsmi: &mut Rsmi, learn| {
            Tiling::Portable.step(rsmi, encoder, learn, 1e-3, &mut case.noise())
        };
        assert_eq!(step(&mut alone, Learn::Critic), step(&mut both, Learn::All));
        let critic = shape.filter_lanes();
        assert_eq!(alone.parameters()[..critic], before[..critic]);
        assert_eq!(alone.parameters()[critic..], both.parameters()[critic..]);
    }
}

/// Adam as Kingma and Ba write it (Algorithm 1), uphill.
#[test]
fn adam_follows_the_reference() {
    let steps = 50;
    let mut stream = Stream::new(9, 0, Purpose::Windows);
    let draw = |stream: &mut Stream| -> Lane { Lane(std::array::from_fn(|_| stream.logistic())) };
    // Sizes from 1e-6 to 1e9; number 0 has no gradient at all.
    let sizes: [f32; 16] = std::array::from_fn(|i| {
        if i == 0 {
            0.0
        } else {
            10f32.powi(i as i32 - 7)
        }
    });
    let mut parameters = [Lane::ZERO];
    let [mut first, mut second] = [[Lane::ZERO]; 2];
    let mut adam = Adam::default();
    let (mut p, mut m, mut s) = ([0.0_f64; 16], [0.0_f64; 16], [0.0_f64; 16]);
    let (mut path, mut worst) = (0.0_f64, 0.0_f64);
    let schedule = Schedule {
        steps: steps as u32,
        ..Schedule::default()
    };
    for t in 1..=steps {
        let rate = schedule.rate(t as u32 - 1);
        let mut gradient = draw(&mut stream);
        for (g, size) in gradient.0.iter_mut().zip(sizes) {
            // A drift, so that the signs are not all noise.
            *g = (*g + 1.0) * size;
        }
        let pace = adam.advance::<Portable>(rate);
        pace.ascend::<Portable>(&mut parameters, &[gradient], &mut first, &mut second);
        path += f64::from(rate);
        for i in 0..16 {
            let g = f64::from(gradient.0[i]);
            m[i] = 0.9 * m[i] + 0.1 * g;
            s[i] = 0.999 * s[i] + 0.001 * g * g;
            let (mean, square) = (
                m[i] / (1.0 - 0.9_f64.powi(t)),
                s[i] / (1.0 - 0.999_f64.powi(t)),
            );
            p[i] += f64::from(rate) * mean / (square.sqrt() + 1e-8);
            let error = (f64::from(parameters[0].0[i]) - p[i]).abs() / path;
            worst = worst.max(error);
            assert!(error < tolerance::ADAM, "number {i} at step {t}: {error:e}");
        }
    }
    assert_eq!(parameters[0].0[0], 0.0);
    println!("worst of Adam: {worst:.1e}");
}

#[test]
fn schedules_start_and_end_where_they_say() {
    let long = Schedule {
        steps: 977,
        rate_start: 3e-3,
        rate_end: 2e-4,
        epsilon_start: 0.75,
        epsilon_end: 0.1,
        epsilon_rate: 5e-3,
    };
    assert_eq!(long.rate(977), long.rate_end);
    assert_eq!(long.epsilon(0), long.epsilon_start);
    let mut worst = 0.0_f64;
    for t in 0..=977 {
        let [start, end, top, floor, decay] = [
            long.rate_start,
            long.rate_end,
            long.epsilon_start,
            long.epsilon_end,
            long.epsilon_rate,
        ]
        .map(f64::from);
        let phase = std::f64::consts::PI * f64::from(t) / 977.0;
        let rate = end + (start - end) * 0.5 * (1.0 + phase.cos());
        let epsilon = (top * (-decay * f64::from(t)).exp()).max(floor);
        worst = worst.max((f64::from(long.rate(t)) - rate).abs() / start);
        worst = worst.max((f64::from(long.epsilon(t)) - epsilon).abs() / top);
        assert!(
            t == 0 || (long.rate(t) <= long.rate(t - 1) && long.epsilon(t) <= long.epsilon(t - 1))
        );
    }
    assert!(worst < tolerance::SCHEDULE, "{worst:e}");
    println!("worst of the schedules: {worst:.1e}");

    assert_eq!(long.epsilon(u32::MAX), long.epsilon_end);
    let single = Schedule { steps: 1, ..long };
    assert_eq!(
        (single.rate(0), single.rate(1)),
        (long.rate(0), long.rate_end)
    );
    let never = Schedule { steps: 0, ..long };
    assert_eq!(never.rate(0), long.rate(0));
    let still = Schedule {
        epsilon_rate: 0.0,
        ..long
    };
    assert_eq!(still.epsilon(u32::MAX), long.epsilon_start);
    assert_eq!(Schedule::default().rate(0), 5e-3);
    assert_eq!(Schedule::default().rate(6000), 0.0);
}
