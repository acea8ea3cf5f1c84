//! Models as the user names them, a room for each: its options on the command line, its words, and
//! the core's sampler that draws it.

pub mod chain;
pub mod chipping;
pub mod dimer;
pub mod disorder;
pub mod gaussian;
pub mod ising;
pub mod known;
pub mod potts;

use std::fmt::Debug;
use std::sync::Arc;

use blockspin_core::lattice::Lattice;
use blockspin_core::sampler::random_bond_ring::Bond;
use blockspin_core::sampler::{self, Algorithm};
use blockspin_exact::Information;
use serde_json::Value;

pub use chain::Chain;
pub use chipping::Chipping;
pub use dimer::Dimer;
pub use disorder::DisorderOptions;
pub use gaussian::Gaussian;
pub use ising::Ising;
pub use known::Question;
pub use potts::Potts;

use crate::chains::{Plan, Sampling};
use crate::error::Result;
use crate::npy::Format;

/// A parameter of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// In files.
    pub name: &'static str,
    /// For people.
    pub label: &'static str,
    /// Its value.
    pub value: Value,
}

impl Parameter {
    fn new(name: &'static str, label: &'static str, value: impl Into<Value>) -> Self {
        let value = value.into();
        Parameter { name, label, value }
    }
}

/// Where on the lattice of a model windows lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Anywhere.
    Anywhere,
    /// On a doubled lattice, where V begins at a vertex.
    Doubled {
        /// Whether only links vary.
        links: bool,
    },
    /// Anywhere; each site has so many values, along an axis of its own.
    States(u32),
    /// On a ring, where V begins at this site.
    Origin(u32),
}

/// Does the same with the chains of whichever model.
macro_rules! with_sampling {
    ($prepared:expr, $sampling:ident => $work:expr) => {
        match $prepared {
            $crate::model::Prepared::Ising($sampling) => $work,
            $crate::model::Prepared::Chain($sampling) => $work,
            $crate::model::Prepared::Dimer($sampling) => $work,
            $crate::model::Prepared::Chipping($sampling) => $work,
            $crate::model::Prepared::Potts($sampling) => $work,
            $crate::model::Prepared::Gaussian($sampling) => $work,
        }
    };
}
pub(crate) use with_sampling;

/// What is known of a model before it is sampled.
pub trait Model: Debug {
    /// Its first word on the command line.
    fn name(&self) -> &'static str;

    /// A headline.
    fn title(&self) -> String;

    /// A sentence on what is sampled, and where.
    fn about(&self) -> String;

    /// The options that name it, as typed.
    fn words(&self) -> String;

    /// Its parameters, but for the sides of its lattice.
    fn parameters(&self) -> Vec<Parameter>;

    /// The lattice of a configuration.
    fn lattice(&self) -> Lattice;

    /// Where windows may lie on what is learned from.
    fn layout(&self) -> Layout {
        Layout::Anywhere
    }

    /// What its configurations become in a file.
    fn format(&self) -> Format;

    /// What the sampler's energies are in units of; none, where there is no energy.
    fn energy_unit(&self) -> Option<f64> {
        Some(1.0)
    }

    /// The exact informations about what a window's environment knows; none, where they are not
    /// known, or not at once.
    fn known(&self, _question: Question<'_>) -> Option<Information> {
        None
    }

    /// Its sampler, with nothing measured.
    ///
    /// # Errors
    /// Usage, naming the parameter and the rule.
    fn unmeasured(&self) -> Result<Prepared>;

    /// Its sampler, and the plan of its chains as measured. No result depends on the number of
    /// threads.
    ///
    /// # Errors
    /// Those of [`unmeasured`](Self::unmeasured).
    fn prepare(&self, seed: u64, threads: usize) -> Result<Prepared> {
        let mut prepared = self.unmeasured()?;
        with_sampling!(&mut prepared, sampling => {
            sampling.plan = Plan::measure(&sampling.model, None, seed, threads);
        });
        Ok(prepared)
    }

    /// What [`prepare`](Self::prepare) gave when it found this plan, and chose single clusters, so
    /// many an update, if any.
    ///
    /// # Errors
    /// Those of [`unmeasured`](Self::unmeasured).
    fn planned(&self, plan: Plan, _clusters: Option<u32>) -> Result<Prepared> {
        let mut prepared = self.unmeasured()?;
        *prepared.plan_mut() = plan;
        Ok(prepared)
    }
}

/// A sampler whose configurations can be drawn.
pub trait Drawn: sampler::Sampler {
    /// Configurations as an SVG fragment.
    fn picture(&self, title: &str, configurations: &[&[Self::Cell]]) -> String;
}

/// Options that name a model.
pub trait Named {
    /// It.
    ///
    /// # Errors
    /// Usage, naming the parameter and the rule.
    fn model(&self) -> Result<Box<dyn Model>>;
}

/// Chains of one of the models.
#[derive(Clone, Debug)]
pub enum Prepared {
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

impl Prepared {
    /// When and how often chains are looked at.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        with_sampling!(self, sampling => &sampling.plan)
    }

    /// How Markov chains are updated, where there is a choice.
    #[must_use]
    pub fn algorithm(&self) -> Option<&'static str> {
        match self {
            Prepared::Ising(sampling) => Some(ising::algorithm_name(&sampling.model)),
            _ => None,
        }
    }

    /// Single clusters of an update, where there are such.
    #[must_use]
    pub fn clusters(&self) -> Option<u32> {
        match self {
            Prepared::Ising(sampling) => match sampling.model.algorithm() {
                Algorithm::Wolff { clusters } => Some(clusters),
                _ => None,
            },
            _ => None,
        }
    }

    /// The plan, to be set.
    pub fn plan_mut(&mut self) -> &mut Plan {
        with_sampling!(self, sampling => &mut sampling.plan)
    }
}
