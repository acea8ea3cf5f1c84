//! Quenched disorder of the bonds of a chain, as the command line names it.

use clap::Args;

use crate::error::{Error, Result};
use crate::parse::{self, Disorder};
use crate::room;

/// The realisation of the bonds, and the place of the block on it.
#[derive(Args, Clone, Debug)]
pub struct DisorderOptions {
    /// Law of the bonds, multiplied by --coupling: none, gaussian:MEAN,SD (normal), or pm:P (−1 with
    /// probability P, else 1)
    #[arg(long, default_value_t = Disorder(None), value_parser = parse::disorder, value_name = "LAW")]
    pub disorder: Disorder,
    /// Seed of the bonds: another one is another realisation
    #[arg(long, default_value_t = 1, value_name = "S")]
    pub disorder_seed: u64,
    /// First site of the block on the ring; bond i joins sites i and i + 1
    #[arg(long, default_value_t = 0, value_name = "SITE")]
    pub origin: u32,
}

impl DisorderOptions {
    /// The bonds of the realisation times `coupling`, one for each site of the ring; none, if all are
    /// alike.
    ///
    /// # Errors
    /// Usage: the origin is not on the ring, or the bonds do not fit into memory.
    pub fn couplings(&self, sites: u32, coupling: f64) -> Result<Option<Vec<f64>>> {
        if self.origin >= sites {
            return Err(Error::usage(format!(
                "--origin {} on a ring of {sites} sites; it is from 0 to {}",
                self.origin,
                sites - 1
            )));
        }
        let Some(law) = self.disorder.0 else {
            return Ok(None);
        };
        room::memory("the bonds", 8 * u64::from(sites))?;
        let mut couplings = vec![0.0; sites as usize];
        law.draw(self.disorder_seed, &mut couplings)
            .map_err(|error| Error::usage(error.to_string()))?;
        couplings.iter_mut().for_each(|bond| *bond *= coupling);
        Ok(Some(couplings))
    }
}
