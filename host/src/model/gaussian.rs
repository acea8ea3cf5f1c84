//! `gaussian`: the free Gaussian field.

use blockspin_core::lattice::Lattice;
use blockspin_core::sampler::{self, Sampler};
use clap::Args;

use super::{Drawn, Model, Named, Parameter, Prepared};
use crate::chains::Sampling;
use crate::error::{Error, Result};
use crate::filters::{commas, product};
use crate::npy::Format;
use crate::parse::{self, Sides};
use crate::picture::configuration::field_svg;

/// A field on a lattice.
#[derive(Clone, Debug, PartialEq)]
pub struct Gaussian {
    sampler: sampler::Gaussian,
}

impl Model for Gaussian {
    fn name(&self) -> &'static str {
        "gaussian"
    }

    fn title(&self) -> String {
        format!(
            "Gaussian field, {} with mass {}",
            product(self.sampler.lattice().sides()),
            self.sampler.mass()
        )
    }

    fn about(&self) -> String {
        format!(
            "A field φ with weight exp(−S), S = ½ Σ_⟨ij⟩ (φ_i − φ_j)² + ½ m² Σ_i φ_i², mass m = {}, on a \
             periodic lattice of {}",
            self.sampler.mass(),
            product(self.sampler.lattice().sides())
        )
    }

    fn words(&self) -> String {
        let lattice = self.sampler.lattice();
        let mut words = format!("gaussian --size {}", commas(lattice.sides()));
        if lattice.dimension() == 1 {
            words += " --dimension 1";
        }
        words + &format!(" --mass {}", self.sampler.mass())
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![Parameter::new("mass", "Mass", self.sampler.mass())]
    }

    fn lattice(&self) -> Lattice {
        self.sampler.lattice()
    }

    fn format(&self) -> Format {
        Format::Real
    }

    fn unmeasured(&self) -> Result<Prepared> {
        Ok(Prepared::Gaussian(Sampling::unmeasured(self.sampler)))
    }
}

impl Drawn for sampler::Gaussian {
    fn picture(&self, title: &str, configurations: &[&[f32]]) -> String {
        field_svg(title, self.lattice().sides(), configurations)
    }
}

/// Options of `gaussian`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Side of the lattice, or all sides: 64 or 32,64 or 16,16,16
    #[arg(long, default_value = "64", value_parser = parse::sides, value_name = "N[,N[,N]]")]
    size: Sides,
    /// Dimension, 1 to 3; follows from --size if that has several numbers, else 2
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3), value_name = "D")]
    dimension: Option<u32>,
    /// Mass m; where it is small, the inverse of the correlation length in sites
    #[arg(long, value_parser = parse::mass, allow_hyphen_values = true, value_name = "M")]
    pub mass: f64,
}

impl Options {
    /// The lattice.
    ///
    /// # Errors
    /// Usage, naming the parameter and the rule.
    pub fn lattice(&self) -> Result<Lattice> {
        self.size.lattice(self.dimension)
    }
}

impl Named for Options {
    fn model(&self) -> Result<Box<dyn Model>> {
        let sampler = sampler::Gaussian::new(self.lattice()?, self.mass)
            .map_err(|error| Error::usage(error.to_string()))?;
        Ok(Box::new(Gaussian { sampler }))
    }
}
