//! What can be had of a run's information without sampling, and at once.

use std::num::NonZeroU32;

use blockspin_core::encoder::AnyEncoder as Encoder;
use blockspin_core::exact::{self, ExactError, Information, Partition};
use blockspin_core::window::Window;

use crate::filters::Filters;

/// Steps of work, of a nanosecond or two, that nobody waits for.
const AT_ONCE: u64 = 1 << 27;
/// Steps that an exponential takes, and exponentials for each state of h and of the boundary.
const EXPONENTIAL: u64 = 8;
const POINTS: u64 = 200;

/// A filter in a window, and the batch of InfoNCE if that is what is estimated.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Block, buffer and environment.
    pub window: &'a Window,
    /// Λ.
    pub filters: &'a Filters,
    /// How h follows from it.
    pub encoder: Encoder,
    /// K.
    pub batch: Option<NonZeroU32>,
}

impl Question<'_> {
    /// Block and buffer, with all the rest of the lattice as environment, if the window's environment
    /// knows all that the rest knows: it holds every site next to the buffer. That is so where it is
    /// at least 1 wide along every axis along which there are such sites.
    fn screened(&self) -> Option<Partition> {
        let window = self.window;
        let sides = window.lattice();
        let sides = sides.sides().iter().zip(window.block());
        let widths = window.buffer().iter().zip(window.environment());
        let mut buffer = None;
        for ((side, block), (width, environment)) in sides.zip(widths) {
            if block + 2 * width >= *side {
                // Around the lattice, whatever the width.
                if block < side {
                    return None;
                }
                continue;
            }
            if *environment == 0 || buffer.is_some_and(|buffer| buffer != *width) {
                return None;
            }
            buffer = Some(*width);
        }
        Partition::new(window.lattice(), window.block(), buffer?).ok()
    }

    /// The answer of a referee of spins, if it is known and at once: `enumerated` is the binary
    /// logarithm of its steps on a partition.
    pub(super) fn ask(
        &self,
        enumerated: impl FnOnce(&Partition) -> usize,
        answer: impl FnOnce(
            &Partition,
            &exact::Filter<'_>,
            &mut [f64],
        ) -> Result<Information, ExactError>,
    ) -> Option<Information> {
        let encoder = match self.encoder {
            Encoder::Sign => exact::Encoder::Sign,
            Encoder::Sigmoid => exact::Encoder::Sigmoid,
            _ => return None,
        };
        let partition = self.screened()?;
        let components = self.filters.count();
        let length = exact::information_scratch_len(&partition, components).ok()?;
        let steps = 1u64.checked_shl(enumerated(&partition) as u32)?;
        if steps + length as u64 * POINTS * EXPONENTIAL / 2 > AT_ONCE {
            return None;
        }
        let weights = self.filters.by_site();
        let mut filter = exact::Filter::new(&weights, components, encoder).ok()?;
        if let Some(batch) = self.batch {
            filter = filter.at_batch(batch);
        }
        answer(&partition, &filter, &mut vec![0.0; length]).ok()
    }
}

/// Binary logarithm of the steps on a ring: four configurations of the ends for each of the block.
pub(super) fn of_ring(partition: &Partition) -> usize {
    partition.block_sites() + 2 + EXPONENTIAL.ilog2() as usize
}

/// The same of other lattices, whose configurations are gone through.
pub(super) fn of_lattice(partition: &Partition) -> usize {
    partition.lattice().sites()
}

#[cfg(test)]
mod tests {
    use super::*;
    use blockspin_core::lattice::Lattice;

    fn screened(sides: &[u32], block: &[u32], buffer: &[u32], environment: &[u32]) -> Option<u32> {
        let lattice = Lattice::new(sides).unwrap();
        let window = Window::new(lattice, block, buffer, environment).unwrap();
        let sites = window.block().iter().product::<u32>() as usize;
        let filters = Filters::new(window.block(), vec![1.0; sites]).unwrap();
        let question = Question {
            window: &window,
            filters: &filters,
            encoder: Encoder::Sign,
            batch: None,
        };
        question.screened().map(|partition| partition.buffer())
    }

    #[test]
    fn environments_that_know_all() {
        assert_eq!(screened(&[16], &[4], &[2], &[1]), Some(2));
        assert_eq!(screened(&[16], &[4], &[2], &[4]), Some(2));
        assert_eq!(screened(&[5, 5], &[3], &[0], &[1]), Some(0));
        // Around one axis, where there is nothing to know.
        assert_eq!(screened(&[4, 6], &[4, 2], &[0, 1], &[0, 1]), Some(1));
        // Sites beside the block along an axis are not in E.
        assert_eq!(screened(&[5, 6], &[3, 2], &[0, 1], &[0, 1]), None);
        assert_eq!(screened(&[8, 8], &[2], &[1], &[1, 0]), None);
        // The referee's buffer has one width; around an axis it ends at the block.
        assert_eq!(screened(&[8, 8], &[2], &[1, 2], &[1]), None);
        assert_eq!(screened(&[4, 6], &[2, 2], &[1, 1], &[0, 1]), None);
    }
}
