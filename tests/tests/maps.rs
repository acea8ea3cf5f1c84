//! What stands between the block and the critic besides a plain filter, against f64.

use blockspin_core::num::rng::Stream;
use blockspin_core::rsmi::{Learn, Rsmi};
use blockspin_core::shape::Shape;
use blockspin_tests::problem::{Buffers, CASES, Case, fill};
use blockspin_tests::reference::{Batch, Bound, Coarse, Matrix, parts};
use blockspin_tests::tiles::Tiling;
use blockspin_tests::tolerance;

/// Kinds of storage.
const KINDS: [fn(Shape) -> Buffers; 2] = [Buffers::new, Buffers::of_reals];

/// Every third case is large enough for what is asked here.
fn cases() -> impl Iterator<Item = &'static Case> {
    CASES.iter().filter(|case| case.batch < 100)
}

fn rms(part: &Matrix) -> f64 {
    let squares = part.iter().flatten().map(|g| g * g);
    (squares.sum::<f64>() / part.iter().flatten().count() as f64).sqrt()
}

/// Gradients of all cases in another shape, with all encoders and both kinds of samples.
fn gradients_follow_the_reference(reshape: impl Fn(Shape) -> Shape) {
    let (mut worst, mut skipped, mut seen) = (0.0_f64, 0, 0);
    for storage in KINDS {
        for case in cases() {
            let shape = reshape(case.shape());
            for encoder in case.learnable() {
                let mut buffers = storage(shape);
                let mut rsmi = case.start_as(shape, &mut buffers);
                let parts = parts(shape);
                let parameters: Vec<_> = parts.iter().map(|p| p.read(rsmi.parameters())).collect();
                // Other samples, until no ReLU is near its kink.
                let mut samples =
                    Stream::new(case.seed, 1, blockspin_core::num::rng::Purpose::Sample);
                let bound = (0..20).find_map(|_| {
                    let coarse = Coarse::of(encoder, shape, &case.noise());
                    let batch = Batch::read(&mut rsmi, coarse);
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
                    for (got, want) in got.iter().flatten().zip(want.iter().flatten()) {
                        let error = (got - want).abs() / want.abs().max(scale).max(1e-6);
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
    println!("worst gradient: {worst:.1e}, {seen} seen, {skipped} at kinks");
    assert!(skipped * 10 <= seen, "{skipped} of {seen}");
}

#[test]
fn gradients_through_moments_follow_the_reference() {
    gradients_follow_the_reference(Shape::with_moments);
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
        let shape = case.shape().with_moments();
        let expected = bits(case, shape, Tiling::Portable);
        for tiling in [Tiling::Narrow, Tiling::Middle, Tiling::Wide] {
            assert!(bits(case, shape, tiling) == expected, "{case:?}");
        }
    }
}
