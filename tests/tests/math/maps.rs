//! What stands between the block and the critic besides a plain filter, against f64.

use blockspin_core::critic::AnyCritic as Critic;
use blockspin_core::encoder::AnyEncoder as Encoder;
use blockspin_core::kernel::Portable;
use blockspin_core::num::lane::Lane;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::rsmi::{FrozenError, Learn, Rsmi};
use blockspin_core::shape::Shape;
use blockspin_tests::problem::{Buffers, CASES, Case, fill};
use blockspin_tests::reference::{Batch, Bound, Coarse, Matrix, parts};
use blockspin_tests::tiles::Tiling;
use blockspin_tests::tolerance;

/// Kinds of storage.
const KINDS: [fn(Shape) -> Buffers; 2] = [Buffers::new, Buffers::of_reals];

/// Those that are not slow, and whose rows differ: a map of two equal blocks has hardly a gradient.
fn cases() -> impl Iterator<Item = &'static Case> {
    CASES.iter().filter(|case| (3..100).contains(&case.batch))
}

fn rms(part: &Matrix) -> f64 {
    let squares = part.iter().flatten().map(|g| g * g);
    (squares.sum::<f64>() / part.iter().flatten().count() as f64).sqrt()
}

/// Gradients of all cases in another shape, with all encoders and both kinds of samples.
fn gradients_follow_the_reference(centres: &[f32], reshape: impl Fn(Shape) -> Shape) {
    let (mut worst, mut skipped, mut seen) = (0.0_f64, 0, 0);
    let (mut still, mut all) = (0, 0);
    for storage in KINDS {
        for case in cases() {
            let shape = reshape(case.shape());
            for encoder in case.learnable() {
                let mut buffers = storage(shape);
                let mut rsmi = case.start_as(shape, &mut buffers).with_centres(centres);
                let parts = parts(shape);
                let parameters: Vec<_> = parts.iter().map(|p| p.read(rsmi.parameters())).collect();
                // Other samples, until no ReLU is near its kink.
                let mut samples = Stream::new(case.seed, 1, Purpose::Sample);
                let bound = (0..20).find_map(|_| {
                    let coarse = Coarse::of(encoder, shape, &case.noise());
                    let mut batch = Batch::read(&mut rsmi, coarse);
                    for row in &mut batch.v {
                        let shifted = row.iter_mut().zip(centres);
                        shifted.for_each(|(x, c)| *x -= f64::from(*c));
                    }
                    let bound = Bound::new(shape, &parameters, &batch);
                    if bound.margin > tolerance::MARGIN {
                        return Some(bound);
                    }
                    fill(&mut rsmi, &mut samples);
                    None
                });
                let Some(bound) = bound else {
                    skipped += 1;
                    continue;
                };
                seen += 1;
                let value = Tiling::Wide.differentiate(&mut rsmi, encoder, &mut case.noise());
                let allowed = tolerance::TERM * (1.0 + bound.largest_score);
                assert!(
                    (f64::from(value) - bound.value()).abs() < allowed,
                    "{case:?}, {encoder:?}"
                );
                for (part, want) in parts.iter().zip(bound.gradients()) {
                    let scale = rms(&want);
                    let got = part.read(rsmi.gradients());
                    // Nothing flows to what a quadratic critic has of e alone, nor through a small layer whose
                    // every ReLU is off.
                    let networks = matches!(shape.critic(), Critic::Separable | Critic::Moments);
                    assert!(
                        scale > 1e-6 || !networks,
                        "{case:?}, {encoder:?}: nothing flows to {part:?}"
                    );
                    still += usize::from(scale < 1e-6);
                    all += 1;
                    for (got, want) in got.iter().flatten().zip(want.iter().flatten()) {
                        // Through six layers gradients are small, those of some biases 0, and what cancels keeps
                        // the rounding of its terms.
                        let error = (got - want).abs() / want.abs().max(scale).max(1e-2);
                        worst = worst.max(error);
                        assert!(
                            error < tolerance::GRADIENT,
                            "{case:?}, {encoder:?}, {part:?}: {got:e}, should be {want:e}"
                        );
                    }
                    assert!(part.padding(rsmi.gradients()).all(|x| x == 0.0), "{part:?}");
                }
            }
        }
    }
    println!(
        "worst gradient: {worst:.1e}, {seen} seen, {skipped} at kinks, {still} of {all} still"
    );
    assert!(still * 10 <= all, "{still} of {all}");
    assert!(skipped * 10 <= seen, "{skipped} of {seen}");
}

#[test]
fn gradients_through_moments_follow_the_reference() {
    let moments = |shape: Shape| shape.with_critic(Critic::Moments).unwrap();
    gradients_follow_the_reference(&[], moments);
    // Rows of moments take more lanes than rows of h.
    gradients_follow_the_reference(&[], |shape| moments(shape.with_components(6).unwrap()));
}

/// Hidden layers of maps.
const MAPS: [&[u32]; 3] = [&[7], &[17, 5], &[6, 33, 9]];

#[test]
fn gradients_through_maps_follow_the_reference() {
    for (map, centres) in MAPS.into_iter().zip([&[][..], &[-0.5, 0.25], &[0.125; 40]]) {
        gradients_follow_the_reference(centres, |shape| shape.with_map(map).unwrap());
    }
    gradients_follow_the_reference(&[], |shape| {
        shape
            .with_map(&[8])
            .unwrap()
            .with_critic(Critic::Moments)
            .unwrap()
    });
}

#[test]
fn a_map_is_refused_by_its_size() {
    let shape = CASES[2].shape();
    for (map, what) in [
        (&[0][..], "a hidden layer of the map"),
        (&[16, 1025], "a hidden layer of the map"),
        (&[4; 5], "a number of hidden layers of the map"),
    ] {
        assert_eq!(shape.with_map(map).unwrap_err().what, what);
    }
    assert_eq!(shape.with_map(&[]).unwrap(), shape);
    // What there is without a map takes no room with none.
    assert!(shape.with_map(&[1]).unwrap().workspace_lanes() > shape.workspace_lanes());
}

/// Central differences of the mean logit, which a continuous h shows through a critic that passes it on.
#[test]
fn the_response_is_the_mean_slope_of_the_map() {
    for (map, centres) in MAPS.into_iter().zip([&[][..], &[-0.5, 0.25], &[0.125; 40]]) {
        for storage in KINDS {
            for case in cases() {
                let shape = case.shape().with_map(map).unwrap();
                let mut buffers = storage(shape);
                let mut rsmi = case.start_as(shape, &mut buffers).with_centres(centres);
                let parameters: Vec<_> = parts(shape)
                    .iter()
                    .map(|p| p.read(rsmi.parameters()))
                    .collect();
                let batch = Batch::read(&mut rsmi, Coarse::Sign);
                for component in 0..shape.components().min(2) {
                    let mut weights = vec![0.0; shape.block()];
                    rsmi.response::<Portable>(component, &mut weights);
                    let mut want = vec![0.0; shape.block()];
                    for v in &batch.v {
                        let (mut x, mut slopes) = (v.clone(), vec![]);
                        x.iter_mut()
                            .zip(centres)
                            .for_each(|(x, c)| *x -= f64::from(*c));
                        // Rows of ∂(layer)/∂v.
                        for site in 0..v.len() {
                            slopes.push(
                                (0..v.len())
                                    .map(|i| f64::from(u8::from(i == site)))
                                    .collect::<Vec<_>>(),
                            );
                        }
                        for (l, layer) in parameters[..map.len() + 1].iter().enumerate() {
                            let outputs = 0..layer[0].len();
                            let dot = |x: &[f64], o: usize| -> f64 {
                                x.iter().zip(&layer[1..]).map(|(x, w)| x * w[o]).sum()
                            };
                            let y: Vec<_> =
                                outputs.clone().map(|o| layer[0][o] + dot(&x, o)).collect();
                            let on = |o: usize| l == map.len() || y[o] > 0.0;
                            slopes = slopes
                                .iter()
                                .map(|s| {
                                    outputs
                                        .clone()
                                        .map(|o| if on(o) { dot(s, o) } else { 0.0 })
                                        .collect()
                                })
                                .collect();
                            x = outputs.map(|o| if on(o) { y[o] } else { 0.0 }).collect();
                        }
                        for (want, slope) in want.iter_mut().zip(slopes) {
                            *want += slope[component] / batch.v.len() as f64;
                        }
                    }
                    let scale = want.iter().map(|w| w.abs()).fold(1e-6, f64::max);
                    for (got, want) in weights.iter().zip(&want) {
                        assert!(
                            (f64::from(*got) - want).abs() < 1e-4 * scale,
                            "{case:?}: {got} {want}"
                        );
                    }
                }
            }
        }
    }
    // Without a map it is the filter.
    let case = &CASES[3];
    let mut buffers = Buffers::new(case.shape());
    let mut rsmi = case.start(&mut buffers);
    let mut weights = vec![0.0; case.shape().block()];
    rsmi.response::<Portable>(2, &mut weights);
    for (site, weight) in weights.into_iter().enumerate() {
        assert_eq!(weight, rsmi.filter(site, 2));
    }
}

/// Components that are frozen keep their bits, with decay and with norms too; all others move.
#[test]
fn frozen_components_keep_their_bits() {
    for case in cases().filter(|case| case.sizes[2] > 1) {
        let shape = case.shape();
        for encoder in case.learnable() {
            let mut buffers = Buffers::new(shape);
            let mut rsmi = case.start(&mut buffers);
            rsmi.set_filter(0, 1, 0.0);
            let mut rsmi = rsmi.with_frozen(0b10).unwrap().with_weight_decay(0.5);
            let column = |rsmi: &Rsmi, a| -> Vec<u32> {
                (0..shape.block())
                    .map(|i| rsmi.filter(i, a).to_bits())
                    .collect()
            };
            let before = [column(&rsmi, 0), column(&rsmi, 1)];
            let mut noise = case.noise();
            for _ in 0..5 {
                Tiling::Wide.step(&mut rsmi, encoder, Learn::All, 1e-2, &mut noise);
            }
            assert_eq!(column(&rsmi, 1), before[1], "{case:?}, {encoder:?}");
            assert_ne!(column(&rsmi, 0), before[0], "{case:?}, {encoder:?}");
        }
    }
}

/// All frozen, and the critic learns alone: the same bits as with a filter that is given.
#[test]
fn to_freeze_all_is_to_learn_the_critic() {
    for case in cases() {
        for shape in [case.shape(), case.shape().with_map(&[5]).unwrap()] {
            let encoder = case.learnable()[0];
            let [mut frozen, mut given] = [Buffers::new(shape), Buffers::new(shape)];
            let mut frozen = case
                .start_as(shape, &mut frozen)
                .with_frozen(u64::MAX)
                .unwrap();
            let mut given = case.start_as(shape, &mut given);
            for (rsmi, learn) in [(&mut frozen, Learn::All), (&mut given, Learn::Critic)] {
                let mut noise = case.noise();
                for _ in 0..3 {
                    Tiling::Wide.step(rsmi, encoder, learn, 1e-2, &mut noise);
                }
            }
            assert_eq!(frozen.parameters(), given.parameters(), "{case:?}");
        }
    }
    let case = &CASES[3];
    let shape = case.shape().with_map(&[5]).unwrap();
    let mut buffers = Buffers::new(shape);
    let some = case.start_as(shape, &mut buffers).with_frozen(0b1);
    assert_eq!(some.unwrap_err(), FrozenError);
}

/// After a step all weights are multiplied by 1 − η · rate, and no bias is.
#[test]
fn weights_decay_and_biases_do_not() {
    for case in cases() {
        for shape in [case.shape(), case.shape().with_map(&[70, 5]).unwrap()] {
            let encoder = Encoder::Relaxed { epsilon: 0.5 };
            let step = |decay: f32| -> Vec<Lane> {
                let mut buffers = Buffers::new(shape);
                let mut rsmi = case.start_as(shape, &mut buffers).with_weight_decay(decay);
                Tiling::Wide.step(&mut rsmi, encoder, Learn::All, 1e-2, &mut case.noise());
                rsmi.parameters().to_vec()
            };
            let (plain, same) = (step(0.0), step(f32::NAN));
            assert_eq!(plain, same);
            let decayed = step(5.0);
            let layers = if shape.has_map() { 3 } else { 1 };
            for (p, part) in parts(shape).iter().enumerate() {
                let (plain, decayed) = (part.read(&plain), part.read(&decayed));
                for (r, (plain, decayed)) in plain.iter().zip(decayed).enumerate() {
                    let decays = p < layers && !(part.biased && r == 0);
                    let factor = if decays { 0.95 } else { 1.0 };
                    for (plain, decayed) in plain.iter().zip(decayed) {
                        let off = (plain * factor - decayed).abs();
                        assert!(off <= 2e-7 * plain.abs(), "{case:?}: {plain} {decayed}");
                    }
                }
            }
        }
    }
}

/// All that a training of a shape leaves, for each way to tile.
fn bits(case: &Case, shape: Shape, tiling: Tiling) -> Vec<u32> {
    let mut buffers = Buffers::new(shape);
    let mut rsmi = case.start_as(shape, &mut buffers);
    let mut noise = case.noise();
    for _ in 0..5 {
        let encoder = case.learnable()[0];
        tiling.step(&mut rsmi, encoder, Learn::All, 1e-3, &mut noise);
    }
    let parameters = |rsmi: &Rsmi| -> Vec<u32> {
        let numbers = rsmi.parameters().iter().flat_map(|lane| lane.0);
        numbers.map(f32::to_bits).collect()
    };
    parameters(&rsmi)
}

#[test]
fn no_tile_changes_a_bit() {
    for case in cases() {
        let shape = case
            .shape()
            .with_map(&[17, 5])
            .unwrap()
            .with_critic(Critic::Moments)
            .unwrap();
        let expected = bits(case, shape, Tiling::Portable);
        for tiling in [Tiling::Narrow, Tiling::Middle, Tiling::Wide] {
            assert!(bits(case, shape, tiling) == expected, "{case:?}");
        }
    }
}
