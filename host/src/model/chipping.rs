//! `chipping`: masses that chip and aggregate on a ring.

use blockspin_core::lattice::Lattice;
use blockspin_core::sampler::{self, Sampler};
use clap::Args;

use super::{Drawn, Model, Named, Parameter, Prepared};
use crate::chains::Sampling;
use crate::error::{Error, Result};
use crate::npy::Format;
use crate::parse;
use crate::picture::configuration::masses_svg;

/// Defaults of its runs, where they are not those of the Ising model.
pub const DEFAULTS: &[(&str, &str)] = &[("block", "8"), ("buffer", "8")];

/// Masses on a ring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chipping {
    sampler: sampler::Chipping,
    /// As it was given.
    density: f64,
}

impl Chipping {
    /// Sites of the ring.
    fn size(&self) -> usize {
        self.sampler.lattice().sites()
    }
}

impl Model for Chipping {
    fn name(&self) -> &'static str {
        "chipping"
    }

    fn title(&self) -> String {
        format!(
            "Chipping and aggregation, {} sites, density {}, rate {}",
            self.size(),
            self.density,
            self.sampler.rate()
        )
    }

    fn about(&self) -> String {
        format!(
            "Masses on a ring of {} sites, {} each on average: one unit leaves an occupied site at \
             rate 1, all of it at rate {}, for a random neighbour; in the stationary state. A mass m \
             enters as m − {}",
            self.size(),
            self.density,
            self.sampler.rate(),
            self.density
        )
    }

    fn words(&self) -> String {
        format!(
            "chipping --size {} --density {} --rate {}",
            self.size(),
            self.density,
            self.sampler.rate()
        )
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![
            Parameter::new("density", "Density", self.density),
            Parameter::new("rate", "Rate of aggregation", self.sampler.rate()),
        ]
    }

    fn lattice(&self) -> Lattice {
        self.sampler.lattice()
    }

    fn format(&self) -> Format {
        Format::Whole
    }

    fn energy_unit(&self) -> Option<f64> {
        None
    }

    fn unmeasured(&self) -> Result<Prepared> {
        Ok(Prepared::Chipping(Sampling::unmeasured(self.sampler)))
    }
}

impl Drawn for sampler::Chipping {
    /// The first of them.
    fn picture(&self, title: &str, configurations: &[&[u32]]) -> String {
        let first = configurations.iter().take(1);
        first.map(|masses| masses_svg(title, masses)).collect()
    }
}

/// Options of `chipping`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Sites of the ring
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(2..), value_name = "N")]
    size: u32,
    /// Mass per site; the total mass is a whole number
    #[arg(long, default_value_t = 1.0, value_parser = parse::density, value_name = "RHO")]
    pub density: f64,
    /// Rate of aggregation w, where that of chipping is 1; at density 1 mass gathers above 1/3
    #[arg(long, default_value_t = 0.33, value_parser = parse::aggregation, value_name = "W")]
    pub rate: f64,
}

impl Options {
    /// The sampler.
    ///
    /// # Errors
    /// Usage, naming the parameter and the rule.
    pub fn sampler(&self) -> Result<sampler::Chipping> {
        let ring = Lattice::new(&[self.size])?;
        sampler::Chipping::new(ring, self.density, self.rate)
            .map_err(|error| Error::usage(error.to_string()))
    }
}

impl Named for Options {
    fn model(&self) -> Result<Box<dyn Model>> {
        let (sampler, density) = (self.sampler()?, self.density);
        Ok(Box::new(Chipping { sampler, density }))
    }
}
