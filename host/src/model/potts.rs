//! `potts`: the ferromagnetic q-state Potts model.

use blockspin_core::lattice::Lattice;
use blockspin_core::sampler::{self, Sampler, potts};
use clap::Args;

use super::{Drawn, Layout, Model, Named, Parameter, Prepared};
use crate::chains::Sampling;
use crate::error::{Error, Result};
use crate::filters::{commas, product};
use crate::npy::Format;
use crate::parse::{self, Sides};
use crate::picture::configuration::potts_svg;

/// States on a lattice.
#[derive(Clone, Debug, PartialEq)]
pub struct Potts {
    sampler: sampler::Potts,
    /// As it was given.
    temperature: f64,
}

impl Potts {
    fn sides(&self) -> String {
        product(self.sampler.lattice().sides())
    }
}

impl Model for Potts {
    fn name(&self) -> &'static str {
        "potts"
    }

    fn title(&self) -> String {
        let (size, t) = (self.sides(), self.temperature);
        format!(
            "{}-state Potts model, {size} at T = {t}",
            self.sampler.states()
        )
    }

    fn about(&self) -> String {
        format!(
            "Sites in one of {q} states on a periodic lattice of {}, with energy −1 for each pair of \
             neighbours in the same, at temperature {}; a state enters as {q} signs, +1 for the one \
             that it is, less their mean",
            self.sides(),
            self.temperature,
            q = self.sampler.states()
        )
    }

    fn words(&self) -> String {
        let lattice = self.sampler.lattice();
        let mut words = format!("potts --size {}", commas(lattice.sides()));
        if lattice.dimension() == 1 {
            words += " --dimension 1";
        }
        words
            + &format!(
                " --states {} --temperature {}",
                self.sampler.states(),
                self.temperature
            )
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![
            Parameter::new("states", "States", self.sampler.states()),
            Parameter::new("temperature", "Temperature", self.temperature),
        ]
    }

    fn lattice(&self) -> Lattice {
        self.sampler.lattice()
    }

    fn layout(&self) -> Layout {
        Layout::States(self.sampler.states())
    }

    fn format(&self) -> Format {
        Format::Small
    }

    fn unmeasured(&self) -> Result<Prepared> {
        Ok(Prepared::Potts(Sampling::unmeasured(self.sampler)))
    }
}

impl Drawn for sampler::Potts {
    fn picture(&self, title: &str, configurations: &[&[u32]]) -> String {
        potts_svg(title, self.lattice().sides(), self.states(), configurations)
    }
}

/// Options of `potts`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Side of the lattice, or both sides: 64 or 32,64
    #[arg(long, default_value = "64", value_parser = parse::sides, value_name = "N[,N]")]
    size: Sides,
    /// Dimension, 1 or 2; follows from --size if that has two numbers, else 2
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=2), value_name = "D")]
    dimension: Option<u32>,
    /// Number of states q, 2 to 16
    #[arg(long, default_value_t = 3, value_name = "Q")]
    states: u32,
    /// Temperature [default: critical in 2D, 1/ln(1 + √q)]
    #[arg(long, value_parser = parse::temperature, allow_hyphen_values = true, value_name = "T")]
    temperature: Option<f64>,
}

impl Named for Options {
    fn model(&self) -> Result<Box<dyn Model>> {
        let lattice = self.size.lattice(self.dimension)?;
        let critical = || potts::critical_temperature(self.states);
        let temperature = self.temperature.unwrap_or_else(critical);
        let sampler = sampler::Potts::new(lattice, self.states, temperature.recip())
            .map_err(|error| Error::usage(error.to_string()))?;
        Ok(Box::new(Potts {
            sampler,
            temperature,
        }))
    }
}
