//! Masses that chip and aggregate on a ring.

use blockspin_core::lattice::Lattice;
use blockspin_core::sampler::{self, Sampler};

use super::mcmc::Sampling;
use super::{AnyModel, Model, ModelSampler};
use crate::data::npy::Format;
use crate::digits::{Parameter, Rounded};
use crate::error::{Error, Result};
use crate::settings::groups::{Defaults, Window};
use crate::settings::settings;
use crate::settings::values::{self, Sides};

settings! {
    /// Chipping and aggregation: one unit leaves an occupied site of a ring for a random neighbour at
    /// rate 1, the whole mass at rate w.
    Chipping {
        /// Sites of the ring.
        size: Sides = Sides(vec![256]), values::ring;
        /// Mass per site; the total mass is a whole number.
        density: f64 = 1.0, values::density;
        /// Rate of aggregation w; at density 1 mass condenses above 1/3.
        rate: f64 = 0.33, values::aggregation;
    }
}

impl Chipping {
    /// The sampler.
    ///
    /// # Errors
    /// If the total mass is not a whole number, or a parameter is out of range.
    pub fn sampler(&self) -> Result<sampler::Chipping> {
        let ring = Lattice::new(&self.size.0)?;
        sampler::Chipping::new(ring, self.density, self.rate)
            .map_err(|error| Error::usage(error.to_string()))
    }

    /// Checks the settings and builds the model.
    ///
    /// # Errors
    /// If settings contradict one another.
    pub fn model(&self) -> Result<ChippingModel> {
        let (sampler, density) = (self.sampler()?, self.density);
        Ok(ChippingModel { sampler, density })
    }

    /// Default runs, with a longer block and a wider buffer than for the Ising model.
    #[must_use]
    pub fn defaults() -> Defaults {
        Defaults {
            window: Window {
                block: Sides(vec![8]),
                buffer: Sides(vec![8]),
                ..Window::default()
            },
            ..Defaults::default()
        }
    }
}

/// Masses on a ring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChippingModel {
    sampler: sampler::Chipping,
    /// The density as it was given.
    density: f64,
}

impl ChippingModel {
    /// Sites of the ring.
    fn size(&self) -> usize {
        self.sampler.lattice().sites()
    }
}

impl Model for ChippingModel {
    fn name(&self) -> &'static str {
        "chipping"
    }

    fn resolved(&self) -> AnyModel {
        AnyModel::Chipping(Chipping {
            size: Sides(vec![self.size() as u32]),
            density: self.density,
            rate: self.sampler.rate(),
        })
    }

    fn title(&self) -> String {
        format!(
            "Chipping and aggregation, {} sites, density {}, rate {}",
            self.size(),
            Rounded(self.density),
            Rounded(self.sampler.rate())
        )
    }

    fn about(&self) -> String {
        format!(
            "Masses on a ring of {} sites, {} each on average: one unit leaves an occupied site at \
             rate 1, all of it at rate {}, for a random neighbour; in the stationary state. A mass m \
             enters as m − {}",
            self.size(),
            Parameter(self.density),
            Parameter(self.sampler.rate()),
            Parameter(self.density)
        )
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

    fn unmeasured(&self) -> Result<ModelSampler> {
        Ok(ModelSampler::Chipping(Sampling::unmeasured(self.sampler)))
    }
}
