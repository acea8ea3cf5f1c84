//! Storage that callers bring: what is too short is named, what is longer is left alone.

use blockspin_core::encoder::AnyEncoder as Encoder;
use blockspin_core::num::lane::Lane;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::rsmi::{Learn, Rsmi, StorageError};
use blockspin_core::shape::Shape;
use blockspin_tests::problem::{Buffers, CASES, fill};
use blockspin_tests::tiles::Tiling;

fn refused(shape: Shape, buffers: &mut Buffers) -> StorageError {
    let mut stream = Stream::new(1, 0, Purpose::Parameters);
    Rsmi::new(shape, buffers.storage(), &mut stream).expect_err("a slice is too short")
}

#[test]
fn each_short_slice_is_named_with_both_lengths() {
    for case in CASES {
        let shape = case.shape();
        let names = ["parameters", "gradients", "first moments", "second moments"];
        for (i, what) in names.into_iter().enumerate() {
            for given in [0, shape.parameter_lanes() - 1] {
                let mut buffers = Buffers::new(shape);
                buffers.learned[i].truncate(given);
                let needed = shape.parameter_lanes();
                let expected = StorageError {
                    what,
                    needed,
                    given,
                };
                assert_eq!(refused(shape, &mut buffers), expected);
            }
        }
        let mut buffers = Buffers::new(shape);
        buffers.workspace.pop();
        let error = refused(shape, &mut buffers);
        let needed = shape.workspace_lanes();
        assert_eq!(
            (error.what, error.needed, error.given),
            ("a workspace", needed, needed - 1)
        );
        assert_eq!(
            error.to_string(),
            format!(
                "a workspace of length {}; this shape needs {needed}",
                needed - 1
            )
        );

        let mut buffers = Buffers::new(shape);
        buffers.signs.pop();
        let error = refused(shape, &mut buffers);
        let needed = shape.sign_words();
        assert_eq!(
            (error.what, error.needed, error.given),
            ("packed samples", needed, needed - 1)
        );
    }
}

#[test]
fn longer_slices_learn_the_same_and_keep_their_tails() {
    for case in CASES {
        let shape = case.shape();
        let learn = |buffers: &mut Buffers| -> Vec<Lane> {
            let mut rsmi = case.start(buffers);
            let encoder = Encoder::Relaxed { epsilon: 0.5 };
            let (mut samples, mut noise) = (Stream::new(2, 0, Purpose::Sample), case.noise());
            for _ in 0..3 {
                fill(&mut rsmi, &mut samples);
                Tiling::Wide.step(&mut rsmi, encoder, Learn::All, 5e-3, &mut noise);
            }
            rsmi.parameters().to_vec()
        };
        let expected = learn(&mut Buffers::new(shape));

        let mut long = Buffers::new(shape);
        let tail = Lane([7.0; 16]);
        for slice in long.learned.iter_mut().chain([&mut long.workspace]) {
            slice.extend([tail; 3]);
        }
        long.signs.extend([7; 5]);
        assert_eq!(learn(&mut long), expected, "{case:?}");
        for slice in long.learned.iter().chain([&long.workspace]) {
            assert_eq!(slice[slice.len() - 3..], [tail; 3], "{case:?}");
        }
        assert_eq!(long.signs[long.signs.len() - 5..], [7; 5], "{case:?}");
    }
}

/// What a caller reserves is what the table says.
#[test]
fn the_table_of_buffers_is_complete() {
    for case in CASES {
        let shape = case.shape();
        let lanes = 4 * shape.parameter_lanes() + shape.workspace_lanes();
        let bytes: u64 = shape.buffers().iter().map(|buffer| buffer.bytes).sum();
        assert_eq!(bytes, (64 * lanes + 4 * shape.sign_words()) as u64);
    }
}
