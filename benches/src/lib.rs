//! What the benches share: a run of any shape on storage of its own, with random samples.

use blockspin_core::num::bits::{mask, words};
use blockspin_core::num::lane::Lane;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::rsmi::{Rsmi, Storage};
use blockspin_core::shape::Shape;

/// Storage of a run.
pub struct Buffers {
    shape: Shape,
    learned: [Vec<Lane>; 4],
    workspace: Vec<Lane>,
    signs: Vec<u32>,
}

impl Buffers {
    /// Storage for a batch of `batch` samples with `environment` sites around a block of 16, with
    /// the critic of the papers.
    ///
    /// # Panics
    /// If there is no such shape.
    #[must_use]
    pub fn new(batch: u32, environment: u32) -> Self {
        let shape = Shape::new(16, environment, 1, &[32, 32], 8, batch).expect("a shape");
        let lanes = || vec![Lane::ZERO; shape.parameter_lanes()];
        Buffers {
            shape,
            learned: [lanes(), lanes(), lanes(), lanes()],
            workspace: vec![Lane::ZERO; shape.workspace_lanes()],
            signs: vec![0; shape.sign_words()],
        }
    }

    /// A run with a batch of fair coins.
    ///
    /// # Panics
    /// Never: the storage has the lengths that the shape asks for.
    pub fn rsmi(&mut self) -> Rsmi<'_> {
        let [parameters, gradients, first_moments, second_moments] = &mut self.learned;
        let storage = Storage {
            parameters,
            gradients,
            first_moments,
            second_moments,
            workspace: &mut self.workspace,
            signs: &mut self.signs,
        };
        let mut stream = Stream::new(1, 0, Purpose::Parameters);
        let mut rsmi = Rsmi::new(self.shape, storage, &mut stream).expect("enough storage");
        let (v, e) = rsmi.samples();
        for (rows, sites) in [(v, self.shape.block()), (e, self.shape.environment())] {
            for row in rows.chunks_exact_mut(words(sites)) {
                for (i, word) in row.iter_mut().enumerate() {
                    *word = stream.next_u32() & mask(sites - 32 * i);
                }
            }
        }
        rsmi
    }
}
