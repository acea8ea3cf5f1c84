//! The ferromagnetic q-state Potts model.

use blockspin_core::lattice::Lattice;
use blockspin_core::sampler::{self, Sampler, potts};

use super::mcmc::Sampling;
use super::{AnyModel, Layout, Model, ModelSampler};
use crate::data::filters::product;
use crate::data::npy::Format;
use crate::digits::Rounded;
use crate::error::{Error, Result};
use crate::settings::values::{self, Sides};
use crate::settings::{optional, settings};

settings! {
    /// The Potts model: energy −1 for each pair of neighbours in the same of q states.
    Potts {
        /// Sides of the lattice; a single one is used for all dimensions.
        size: Sides = Sides(vec![64]), values::sides;
        /// Dimension, 1 or 2; none: the number of sides in `size`, or 2 for a single one.
        dimension: Option<u32> = None, optional(values::plane);
        /// Number of states q, 2 to 16.
        states: u32 = 3, values::count;
        /// Temperature, which may be infinite; none: critical in two dimensions, 1/ln(1 + √q).
        temperature: Option<f64> = None, optional(values::temperature);
    }
}

impl Potts {
    /// q states on a square of L × L sites at the critical temperature.
    #[must_use]
    pub fn square(side: u32, states: u32) -> Self {
        Potts {
            size: Sides(vec![side; 2]),
            states,
            ..Potts::default()
        }
    }

    /// Checks the settings and builds the model.
    ///
    /// # Errors
    /// If settings contradict one another.
    pub fn model(&self) -> Result<PottsModel> {
        let lattice = self.size.lattice(self.dimension)?;
        let critical = || potts::critical_temperature(self.states);
        let temperature = self.temperature.unwrap_or_else(critical);
        let sampler = sampler::Potts::new(lattice, self.states, temperature.recip())
            .map_err(|error| Error::usage(error.to_string()))?;
        Ok(PottsModel {
            sampler,
            temperature,
        })
    }
}

/// States on a lattice.
#[derive(Clone, Debug, PartialEq)]
pub struct PottsModel {
    sampler: sampler::Potts,
    /// The temperature as it was given.
    temperature: f64,
}

impl PottsModel {
    fn sides(&self) -> String {
        product(self.sampler.lattice().sides())
    }
}

impl Model for PottsModel {
    fn name(&self) -> &'static str {
        "potts"
    }

    fn resolved(&self) -> AnyModel {
        let lattice = self.sampler.lattice();
        AnyModel::Potts(Potts {
            size: Sides::of(lattice),
            dimension: Some(lattice.dimension() as u32),
            states: self.sampler.states(),
            temperature: Some(self.temperature),
        })
    }

    fn title(&self) -> String {
        let (size, t) = (self.sides(), Rounded(self.temperature));
        format!(
            "{}-state Potts model, {size} at T = {t}",
            self.sampler.states()
        )
    }

    fn about(&self) -> String {
        format!(
            "Sites in one of {q} states on a periodic lattice of {}, with energy −1 for each pair of \
             neighbours in the same state, at temperature {}; a state enters as {q} signs, \
             +1 for the state itself, minus their mean",
            self.sides(),
            Rounded(self.temperature),
            q = self.sampler.states()
        )
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

    fn unmeasured(&self) -> Result<ModelSampler> {
        Ok(ModelSampler::Potts(Sampling::unmeasured(self.sampler)))
    }
}
