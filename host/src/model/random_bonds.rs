//! Quenched disorder of the bonds of a ring.

use crate::error::{Error, Result};
use crate::settings::values::Disorder;
use crate::store::resources;

/// A realisation of the bonds, and the position of the block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RandomBonds {
    /// Distribution of the bonds, in units of the coupling.
    pub disorder: Disorder,
    /// Seed of the bonds.
    pub disorder_seed: u64,
    /// First site of the block on the ring; bond i joins sites i and i + 1.
    pub origin: u32,
}

impl RandomBonds {
    /// The bonds of the realisation times `coupling`, one per site of the ring; none, if all are equal.
    ///
    /// # Errors
    /// Usage, if the origin is not on the ring; a failure, if memory does not suffice.
    pub fn couplings(&self, sites: u32, coupling: f64) -> Result<Option<Vec<f64>>> {
        if self.origin >= sites {
            return Err(Error::usage(format!(
                "`origin` {} on a ring of {sites} sites; it is from 0 to {}",
                self.origin,
                sites - 1
            )));
        }
        let Some(law) = self.disorder.0 else {
            return Ok(None);
        };
        resources::memory("the bonds", 8 * u64::from(sites))?;
        let mut couplings = vec![0.0; sites as usize];
        law.draw(self.disorder_seed, &mut couplings)
            .map_err(|error| Error::usage(error.to_string()))?;
        couplings.iter_mut().for_each(|bond| *bond *= coupling);
        Ok(Some(couplings))
    }
}
