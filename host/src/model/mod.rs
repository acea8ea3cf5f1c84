//! Models: their settings with their defaults, and the core's samplers that draw them.
//!
//! A model has two types. [`AnyModel`] and its members ([`Ising`], [`Dimer`], …) are settings: small
//! values that are read from and written to files. [`Model`] is the checked model that the settings
//! describe: lattice, sampler, descriptions.

mod chipping;
mod dimer;
mod exact;
mod gaussian;
mod ising;
pub mod mcmc;
mod potts;
mod random_bonds;
mod ring;
pub mod workers;

use std::fmt::Debug;
use std::sync::Arc;

use blockspin_core::lattice::Lattice;
use blockspin_core::sampler::random_bond_ring::Bond;
use blockspin_core::sampler::{self, Algorithm};
use blockspin_exact::Information;

pub use chipping::{Chipping, ChippingModel};
pub use dimer::{Dimer, DimerModel};
pub use exact::ExactQuery;
pub use gaussian::{GaussianField, GaussianModel};
pub use ising::{CRITICAL, Ising, IsingChain, IsingModel, Update};
pub use potts::{Potts, PottsModel};
pub use random_bonds::RandomBonds;
pub use ring::RingModel;

use crate::data::npy::Format;
use crate::error::{Error, Result};
use crate::observer::Observer;
use crate::settings::groups::{Defaults, Pace};
use crate::settings::{Fields, Reader, any, text};
use mcmc::{Plan, Sampling};

/// Generates the enum of all models' settings and the functions that treat them alike.
macro_rules! models {
    ($($variant:ident($type:ty) = $name:literal, $read:expr, $defaults:expr;)*) => {
        /// Settings of one of the models.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum AnyModel {
            $(#[doc = concat!("`", $name, "`.")] $variant($type),)*
        }

        $(impl From<$type> for AnyModel {
            fn from(model: $type) -> Self {
                AnyModel::$variant(model)
            }
        })*

        impl AnyModel {
            /// Names of all models.
            pub const NAMES: &[&str] = &[$($name),*];

            /// The name of the model.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(AnyModel::$variant(_) => $name,)* }
            }

            /// The default settings of its runs.
            #[must_use]
            pub fn defaults(&self) -> Defaults {
                match self { $(AnyModel::$variant(_) => $defaults,)* }
            }

            /// Reads the settings of the model with this name.
            pub(crate) fn read(name: &str, reader: &mut Reader<'_>) -> Result<Self> {
                match name {
                    $($name => Ok(AnyModel::$variant($read(reader)?)),)*
                    _ => Err(Error::setting("model", name, format!(
                        "it is one of {}, or data", Self::NAMES.join(", ")
                    ))),
                }
            }

            /// Writes its settings.
            pub(crate) fn write(&self, fields: &mut Fields) {
                match self { $(AnyModel::$variant(model) => model.write(fields),)* }
            }
        }
    };
}

models! {
    Ising(Ising) = "ising", Ising::read_with_beta, Defaults::default();
    Chain(IsingChain) = "chain", IsingChain::read_with_beta, Defaults::default();
    Dimer(Dimer) = "dimer", |r: &mut Reader| Dimer::read(r, Dimer::default()), Dimer::defaults();
    Chipping(Chipping) = "chipping", |r: &mut Reader| Chipping::read(r, Chipping::default()),
        Chipping::defaults();
    Potts(Potts) = "potts", |r: &mut Reader| Potts::read(r, Potts::default()), Defaults::default();
    Gaussian(GaussianField) = "gaussian",
        |r: &mut Reader| GaussianField::read(r, GaussianField::default()), Defaults::default();
}

impl AnyModel {
    /// Checks the settings and builds the model.
    ///
    /// # Errors
    /// If settings contradict one another.
    pub fn model(&self) -> Result<Box<dyn Model>> {
        Ok(match self {
            AnyModel::Ising(settings) => Box::new(settings.model()?),
            AnyModel::Chain(settings) => settings.model()?,
            AnyModel::Dimer(settings) => Box::new(settings.model()?),
            AnyModel::Chipping(settings) => Box::new(settings.model()?),
            AnyModel::Potts(settings) => Box::new(settings.model()?),
            AnyModel::Gaussian(settings) => Box::new(settings.model()?),
        })
    }

    /// Reads the settings of a model by name; missing ones have their defaults.
    ///
    /// # Errors
    /// Names the setting that is unknown, or whose value is not allowed.
    pub fn from_fields(name: &str, fields: &Fields) -> Result<Self> {
        let mut reader = Reader::new(fields);
        let model = Self::read(name, &mut reader)?;
        reader.finish()?;
        Ok(model)
    }

    /// Reads a model's settings and the pace of its chains, with the name of the model in `model`.
    ///
    /// # Errors
    /// As [`from_fields`](Self::from_fields).
    pub fn with_pace(fields: &Fields) -> Result<(Self, Pace)> {
        let mut reader = Reader::new(fields);
        let name = reader.read("model", any, "ising".to_string())?;
        let model = Self::read(&name, &mut reader)?;
        let pace = Pace::read(&mut reader, Pace::default())?;
        reader.finish()?;
        Ok((model, pace))
    }

    /// Its settings by name.
    #[must_use]
    pub fn fields(&self) -> Fields {
        let mut fields = Fields::new();
        self.write(&mut fields);
        fields
    }
}

/// Removes from `fields` what `others` will replace under another name: a temperature by its inverse, a
/// dimension by sides.
pub(crate) fn supersede(fields: &mut Fields, others: &Fields) {
    for (given, other) in [("beta", "temperature"), ("temperature", "beta")] {
        if others.contains_key(given) {
            fields.remove(other);
        }
    }
    let sides = |fields: &Fields| fields.get("size").and_then(text);
    match (sides(others), others.contains_key("dimension")) {
        (Some(size), false) if size.contains(',') => {
            fields.remove("dimension");
        }
        (None, true) => {
            // A single side for all dimensions, if all sides are equal.
            if let Some(size) = sides(fields) {
                let mut sides: Vec<_> = size.split(',').collect();
                sides.dedup();
                let sides = sides.join(",");
                fields.insert("size".into(), sides.into());
            }
        }
        _ => {}
    }
}

/// Allowed positions of windows on a model's lattice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Anywhere.
    Anywhere,
    /// A doubled lattice, where V begins at a vertex.
    Doubled {
        /// Whether only links vary, rather than vertices and faces too.
        links: bool,
    },
    /// Anywhere; each site has this many values, along an additional axis.
    States(u32),
    /// A ring, where V begins at this site.
    Origin(u32),
}

/// Evaluates one expression for the chains of any model.
#[doc(hidden)]
#[macro_export]
macro_rules! with_sampling {
    ($prepared:expr, $sampling:ident => $work:expr) => {
        match $prepared {
            $crate::model::ModelSampler::Ising($sampling) => $work,
            $crate::model::ModelSampler::Chain($sampling) => $work,
            $crate::model::ModelSampler::Dimer($sampling) => $work,
            $crate::model::ModelSampler::Chipping($sampling) => $work,
            $crate::model::ModelSampler::Potts($sampling) => $work,
            $crate::model::ModelSampler::Gaussian($sampling) => $work,
        }
    };
}
pub use with_sampling;

/// A checked model, before it is sampled.
pub trait Model: Debug + Send + Sync {
    /// The name of the model.
    fn name(&self) -> &'static str;

    /// A headline.
    fn title(&self) -> String;

    /// A sentence that describes the model and its lattice.
    fn about(&self) -> String;

    /// Its settings, completely resolved.
    fn resolved(&self) -> AnyModel;

    /// The lattice of a configuration.
    fn lattice(&self) -> Lattice;

    /// Allowed positions of windows.
    fn layout(&self) -> Layout {
        Layout::Anywhere
    }

    /// The format of its configurations in a file.
    fn format(&self) -> Format;

    /// The unit of the sampler's energies; none, if there is no energy.
    fn energy_unit(&self) -> Option<f64> {
        Some(1.0)
    }

    /// Exact informations of a filter in a window; none, if they are not available or not cheap.
    fn known(&self, _question: ExactQuery<'_>) -> Option<Information> {
        None
    }

    /// Its sampler, with a default plan.
    ///
    /// # Errors
    /// Usage, if the sampler rejects its parameters.
    fn unmeasured(&self) -> Result<ModelSampler>;

    /// Its sampler, with a plan measured from pilot chains, which the observer sees. The result does not
    /// depend on the number of threads.
    ///
    /// # Errors
    /// Those of [`unmeasured`](Self::unmeasured).
    fn prepare(&self, seed: u64, threads: usize, observer: &dyn Observer) -> Result<ModelSampler> {
        let mut prepared = self.unmeasured()?;
        with_sampling!(&mut prepared, sampling => {
            sampling.plan = Plan::measure(&sampling.model, None, seed, threads, observer);
        });
        Ok(prepared)
    }

    /// The result of an earlier [`prepare`](Self::prepare), from its plan and its number of Wolff
    /// clusters per update, if any.
    ///
    /// # Errors
    /// Those of [`unmeasured`](Self::unmeasured); a failure, if there can be no such clusters.
    fn planned(&self, plan: Plan, clusters: Option<u32>) -> Result<ModelSampler> {
        if clusters.is_some() {
            return Err(Error::failure("clusters of a model without any"));
        }
        let mut prepared = self.unmeasured()?;
        *prepared.plan_mut() = plan;
        Ok(prepared)
    }
}

/// The sampler of one of the models, with a plan of its chains.
#[derive(Clone, Debug)]
pub enum ModelSampler {
    /// Spins.
    Ising(Sampling<sampler::Ising>),
    /// Spins with random bonds.
    Chain(Sampling<sampler::RandomBondRing<Arc<[Bond]>>>),
    /// Dimers.
    Dimer(Box<Sampling<sampler::Dimer>>),
    /// Masses.
    Chipping(Sampling<sampler::Chipping>),
    /// States.
    Potts(Sampling<sampler::Potts>),
    /// A field.
    Gaussian(Sampling<sampler::Gaussian>),
}

impl ModelSampler {
    /// Burn-in and thinning of the chains.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        with_sampling!(self, sampling => &sampling.plan)
    }

    /// Name of the update of the Markov chains, if there is a choice.
    #[must_use]
    pub fn algorithm(&self) -> Option<&'static str> {
        match self {
            ModelSampler::Ising(sampling) => Some(
                match sampling.model.algorithm() {
                    Algorithm::Wolff { .. } => Update::Wolff,
                    Algorithm::SwendsenWang => Update::SwendsenWang,
                    Algorithm::Metropolis => Update::Metropolis,
                }
                .name(),
            ),
            _ => None,
        }
    }

    /// Why the chains may be slow beyond what their plan tells, if so.
    #[must_use]
    pub fn caution(&self) -> Option<String> {
        match self {
            ModelSampler::Dimer(sampling) => dimer::given_up(&sampling.model),
            _ => None,
        }
    }

    /// Number of Wolff clusters per update, if they are used.
    #[must_use]
    pub fn clusters(&self) -> Option<u32> {
        match self {
            ModelSampler::Ising(sampling) => match sampling.model.algorithm() {
                Algorithm::Wolff { clusters } => Some(clusters),
                _ => None,
            },
            _ => None,
        }
    }

    /// The plan, mutable.
    pub fn plan_mut(&mut self) -> &mut Plan {
        with_sampling!(self, sampling => &mut sampling.plan)
    }
}
