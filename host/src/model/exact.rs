//! Cheap exact results to show beside a run's estimate.

use std::num::NonZeroU32;

use blockspin_core::encoder::AnyEncoder as Encoder;
use blockspin_core::window::Window;
use blockspin_exact::{self as exact, Filter, Information, Partition, gaussian, ising};

use crate::data::filters::Filters;

/// Most steps of a nanosecond or two for such a result.
const AT_ONCE: u64 = 1 << 27;
/// Steps per exponential, and exponentials per state of h and of the boundary.
const EXPONENTIAL: u64 = 8;
const POINTS: u64 = 200;

/// A filter in a window, and the batch size of InfoNCE if that is the bound.
#[derive(Clone, Copy, Debug)]
pub struct ExactQuery<'a> {
    /// Block, buffer and environment.
    pub window: &'a Window,
    /// Λ.
    pub filters: &'a Filters,
    /// How h follows from it.
    pub encoder: Encoder,
    /// K.
    pub batch: Option<NonZeroU32>,
}

impl ExactQuery<'_> {
    /// The exact result for spins, if the system is small enough: `enumerated` is the binary logarithm
    /// of the number of steps for a partition.
    pub(super) fn ask(
        &self,
        enumerated: impl FnOnce(&Partition) -> usize,
        answer: impl FnOnce(&Partition, &Filter<'_>) -> Option<Information>,
    ) -> Option<Information> {
        let encoder = match self.encoder {
            Encoder::Sign => exact::Encoder::Sign,
            Encoder::Sigmoid => exact::Encoder::Sigmoid,
            _ => return None,
        };
        let partition = Partition::try_from(self.window).ok()?;
        let components = self.filters.count();
        let numbers = ising::information_bytes(&partition, components).ok()? / 8;
        let steps = 1u64.checked_shl(enumerated(&partition) as u32)?;
        if steps + numbers * POINTS * EXPONENTIAL / 2 > AT_ONCE {
            return None;
        }
        let weights = self.filters.by_site();
        let filter = Filter::new(&weights, components, encoder).ok()?;
        answer(&partition, &filter)
    }
}

/// Steps of the deficit of InfoNCE with continuous h.
const CONTINUOUS: u64 = 1 << 26;

impl ExactQuery<'_> {
    /// The exact result for a Gaussian field, if it is cheap. What InfoNCE shows of continuous h is known
    /// for one component.
    pub(super) fn ask_field(&self, mass: f64) -> Option<Information> {
        let (encoder, noise) = match self.encoder {
            Encoder::Sign => (exact::Encoder::Sign, 0.0),
            Encoder::Sigmoid => (exact::Encoder::Sigmoid, 0.0),
            Encoder::Continuous { noise } => (exact::Encoder::Continuous, noise),
            _ => return None,
        };
        let partition = Partition::try_from(self.window).ok()?;
        let components = self.filters.count();
        let batch = self.batch.filter(|_| components == 1);
        let quadrature = match (encoder, batch) {
            (exact::Encoder::Continuous, Some(_)) => CONTINUOUS,
            _ => 0,
        };
        if gaussian::information_steps(&partition, components).ok()? + quadrature > AT_ONCE {
            return None;
        }
        let weights = self.filters.by_site();
        let filter = Filter::new(&weights, components, encoder).ok()?;
        let filter = filter.with_noise(f64::from(noise));
        gaussian::information(&partition, mass, Some(&filter), batch).ok()
    }
}

/// Binary logarithm of the number of steps on a ring: four configurations of the ends for each block
/// configuration.
pub(super) fn of_ring(partition: &Partition) -> usize {
    partition.block_sites() + 2 + EXPONENTIAL.ilog2() as usize
}

/// Binary logarithm of the number of steps on other lattices, whose configurations are enumerated.
pub(super) fn of_lattice(partition: &Partition) -> usize {
    partition.lattice().sites()
}
