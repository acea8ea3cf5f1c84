//! The free Gaussian field.

use blockspin_core::lattice::Lattice;
use blockspin_core::sampler::{self, Sampler};
use blockspin_exact::Information;

use super::mcmc::Sampling;
use super::{AnyModel, ExactQuery, Model, ModelSampler};
use crate::data::filters::product;
use crate::data::npy::Format;
use crate::digits::{Parameter, Rounded};
use crate::error::{Error, Result};
use crate::settings::values::{self, Sides};
use crate::settings::{optional, settings};

settings! {
    /// The free Gaussian field, with weight exp(−S), S = ½ Σ_⟨ij⟩ (φ_i − φ_j)² + ½ m² Σ_i φ_i².
    GaussianField {
        /// Sides of the lattice; a single one is used for all dimensions.
        size: Sides = Sides(vec![64]), values::sides;
        /// Dimension, 1 to 3; none: the number of sides in `size`, or 2 for a single one.
        dimension: Option<u32> = None, optional(values::dimension);
        /// Mass m; if small, the inverse of the correlation length in sites.
        mass: Option<f64> = None, optional(values::mass);
    }
}

impl GaussianField {
    /// A field on a square of L × L sites.
    #[must_use]
    pub fn square(side: u32, mass: f64) -> Self {
        GaussianField {
            size: Sides(vec![side; 2]),
            dimension: None,
            mass: Some(mass),
        }
    }

    /// The lattice.
    ///
    /// # Errors
    /// If sides and dimension contradict one another.
    pub fn lattice(&self) -> Result<Lattice> {
        self.size.lattice(self.dimension)
    }

    /// The mass.
    ///
    /// # Errors
    /// Usage, if it was not given: there is no default.
    pub fn mass(&self) -> Result<f64> {
        self.mass.ok_or_else(|| {
            Error::usage("a Gaussian field needs a `mass`, a number above 0, such as 0.1")
        })
    }

    /// Checks the settings and builds the model.
    ///
    /// # Errors
    /// If settings contradict one another, or there is no mass.
    pub fn model(&self) -> Result<GaussianModel> {
        let sampler = sampler::Gaussian::new(self.lattice()?, self.mass()?)
            .map_err(|error| Error::usage(error.to_string()))?;
        Ok(GaussianModel { sampler })
    }
}

/// A field on a lattice.
#[derive(Clone, Debug, PartialEq)]
pub struct GaussianModel {
    sampler: sampler::Gaussian,
}

impl Model for GaussianModel {
    fn name(&self) -> &'static str {
        "gaussian"
    }

    fn resolved(&self) -> AnyModel {
        let lattice = self.sampler.lattice();
        AnyModel::Gaussian(GaussianField {
            size: Sides::of(lattice),
            dimension: Some(lattice.dimension() as u32),
            mass: Some(self.sampler.mass()),
        })
    }

    fn title(&self) -> String {
        format!(
            "Gaussian field, {} with mass {}",
            product(self.sampler.lattice().sides()),
            Rounded(self.sampler.mass())
        )
    }

    fn about(&self) -> String {
        format!(
            "A field φ with weight exp(−S), S = ½ Σ (φ − φ′)² over neighbours + ½ m² Σ φ², mass \
             m = {}, on a periodic lattice of {}",
            Parameter(self.sampler.mass()),
            product(self.sampler.lattice().sides())
        )
    }

    fn lattice(&self) -> Lattice {
        self.sampler.lattice()
    }

    fn format(&self) -> Format {
        Format::Real
    }

    fn known(&self, question: ExactQuery<'_>) -> Option<Information> {
        question.ask_field(self.sampler.mass())
    }

    fn unmeasured(&self) -> Result<ModelSampler> {
        Ok(ModelSampler::Gaussian(Sampling::unmeasured(self.sampler)))
    }
}
