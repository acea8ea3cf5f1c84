//! `chain` with random bonds: one realisation of them, with V at a place of its own.

use std::sync::Arc;

use blockspin_core::lattice::Lattice;
use blockspin_core::sampler::random_bond_ring::{self, Bond};
use blockspin_core::sampler::{self, Sampler};
use blockspin_exact::{self as exact, Information};

use super::{DisorderOptions, Drawn, Layout, Model, Parameter, Prepared, Question, known};
use crate::chains::Sampling;
use crate::error::{Error, Result};
use crate::npy::Format;
use crate::picture::configuration::spins_svg;

/// A ring with the bonds of a realisation.
#[derive(Clone, Debug)]
pub struct Chain {
    options: DisorderOptions,
    temperature: f64,
    coupling: f64,
    sampler: sampler::RandomBondRing<Arc<[Bond]>>,
}

impl Chain {
    /// The ring with these bonds, which `options` name and `coupling` multiplied.
    ///
    /// # Errors
    /// Usage: bonds too strong for the temperature.
    pub fn new(
        options: &DisorderOptions,
        couplings: &[f64],
        temperature: f64,
        coupling: f64,
    ) -> Result<Self> {
        let usage = |error: sampler::RandomBondRingError| Error::usage(error.to_string());
        let mut bonds = vec![Bond::NONE; couplings.len()];
        random_bond_ring::bonds(couplings, temperature.recip(), &mut bonds).map_err(usage)?;
        Ok(Chain {
            options: options.clone(),
            temperature,
            coupling,
            sampler: sampler::RandomBondRing::new(bonds.into()).map_err(usage)?,
        })
    }
}

impl Model for Chain {
    fn name(&self) -> &'static str {
        "chain"
    }

    fn title(&self) -> String {
        format!(
            "Ising chain with random bonds, {} at T = {}",
            self.sampler.lattice().sites(),
            self.temperature
        )
    }

    fn about(&self) -> String {
        let options = &self.options;
        format!(
            "Spins ±1 on a ring of {} sites with bonds {} times {}, realisation {}, at temperature {}; \
             the block begins at site {}",
            self.sampler.lattice().sites(),
            options.disorder,
            self.coupling,
            options.disorder_seed,
            self.temperature,
            options.origin
        )
    }

    fn words(&self) -> String {
        let options = &self.options;
        format!(
            "chain --size {} --disorder {} --disorder-seed {} --origin {} --temperature {} --coupling {}",
            self.sampler.lattice().sites(),
            options.disorder,
            options.disorder_seed,
            options.origin,
            self.temperature,
            self.coupling
        )
    }

    fn parameters(&self) -> Vec<Parameter> {
        let disorder = self.options.disorder.to_string();
        vec![
            Parameter::new("temperature", "Temperature", self.temperature),
            Parameter::new("coupling", "Coupling", self.coupling),
            Parameter::new("disorder", "Disorder", disorder),
            Parameter::new("disorder_seed", "Realisation", self.options.disorder_seed),
            Parameter::new("origin", "Block begins at", self.options.origin),
        ]
    }

    fn lattice(&self) -> Lattice {
        self.sampler.lattice()
    }

    fn layout(&self) -> Layout {
        Layout::Origin(self.options.origin)
    }

    fn format(&self) -> Format {
        Format::Signs
    }

    fn known(&self, question: Question<'_>) -> Option<Information> {
        let (options, sites) = (&self.options, self.lattice().sites() as u32);
        let couplings = options.couplings(sites, self.coupling).ok()??;
        let beta = self.temperature.recip();
        question.ask(known::of_ring, |partition, filter| {
            let (first, filter, batch) = (options.origin, Some(filter), question.batch);
            exact::random_bond_ring::information(&couplings, beta, partition, first, filter, batch)
                .ok()
        })
    }

    fn unmeasured(&self) -> Result<Prepared> {
        Ok(Prepared::Chain(Sampling::unmeasured(self.sampler.clone())))
    }
}

impl Drawn for sampler::RandomBondRing<Arc<[Bond]>> {
    fn picture(&self, title: &str, configurations: &[&[u32]]) -> String {
        spins_svg(title, self.lattice().sides(), configurations)
    }
}
