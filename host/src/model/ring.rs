//! A ring with one realisation of random bonds, and V at a fixed position.

use std::sync::Arc;

use blockspin_core::lattice::Lattice;
use blockspin_core::sampler::random_bond_ring::{self, Bond};
use blockspin_core::sampler::{self, Sampler};
use blockspin_exact::{Information, random_bond_ring as referee};

use super::mcmc::Sampling;
use super::random_bonds::RandomBonds;
use super::{AnyModel, ExactQuery, IsingChain, Layout, Model, ModelSampler, exact};
use crate::data::npy::Format;
use crate::digits::{Parameter, Rounded};
use crate::error::{Error, Result};
use crate::settings::values::Sides;

/// A ring with a realisation of the bonds.
#[derive(Clone, Debug)]
pub struct RingModel {
    bonds: RandomBonds,
    temperature: f64,
    coupling: f64,
    sampler: sampler::RandomBondRing<Arc<[Bond]>>,
}

impl RingModel {
    /// The ring with these bonds, which belong to `realisation` and were multiplied by `coupling`.
    ///
    /// # Errors
    /// Usage, if the bonds are too strong for the temperature.
    pub fn new(
        realisation: RandomBonds,
        couplings: &[f64],
        temperature: f64,
        coupling: f64,
    ) -> Result<Self> {
        let usage = |error: sampler::RandomBondRingError| Error::usage(error.to_string());
        let mut bonds = vec![Bond::NONE; couplings.len()];
        random_bond_ring::bonds(couplings, temperature.recip(), &mut bonds).map_err(usage)?;
        Ok(RingModel {
            bonds: realisation,
            temperature,
            coupling,
            sampler: sampler::RandomBondRing::new(bonds.into()).map_err(usage)?,
        })
    }
}

impl Model for RingModel {
    fn name(&self) -> &'static str {
        "chain"
    }

    fn resolved(&self) -> AnyModel {
        AnyModel::Chain(IsingChain {
            size: Sides(self.sampler.lattice().sides().to_vec()),
            temperature: Some(self.temperature),
            coupling: self.coupling,
            algorithm: None,
            disorder: self.bonds.disorder,
            disorder_seed: self.bonds.disorder_seed,
            origin: self.bonds.origin,
        })
    }

    fn title(&self) -> String {
        format!(
            "Ising chain with random bonds, {} at T = {}",
            self.sampler.lattice().sites(),
            Rounded(self.temperature)
        )
    }

    fn about(&self) -> String {
        let bonds = &self.bonds;
        format!(
            "Spins ±1 on a ring of {} sites with bonds {} times {}, realisation {}, at temperature {}; \
             the block begins at site {}",
            self.sampler.lattice().sites(),
            bonds.disorder,
            Parameter(self.coupling),
            bonds.disorder_seed,
            Parameter(self.temperature),
            bonds.origin
        )
    }

    fn lattice(&self) -> Lattice {
        self.sampler.lattice()
    }

    fn layout(&self) -> Layout {
        Layout::Origin(self.bonds.origin)
    }

    fn format(&self) -> Format {
        Format::Signs
    }

    fn known(&self, question: ExactQuery<'_>) -> Option<Information> {
        let (bonds_of, sites) = (&self.bonds, self.lattice().sites() as u32);
        let couplings = bonds_of.couplings(sites, self.coupling).ok()??;
        let beta = self.temperature.recip();
        question.ask(exact::of_ring, |partition, filter| {
            let (first, filter, batch) = (bonds_of.origin, Some(filter), question.batch);
            referee::information(&couplings, beta, partition, first, filter, batch).ok()
        })
    }

    fn unmeasured(&self) -> Result<ModelSampler> {
        Ok(ModelSampler::Chain(Sampling::unmeasured(
            self.sampler.clone(),
        )))
    }
}
