//! The Ising model in one, two or three dimensions, and rings with random bonds.

use blockspin_core::lattice::{Lattice, MAX_DIMENSION};
use blockspin_core::sampler::{self, Algorithm, Coupling};
use blockspin_exact::{Information, ising};

use super::mcmc::{Plan, Sampling};
use super::random_bonds::RandomBonds;
use super::{AnyModel, ExactQuery, Model, ModelSampler, RingModel, exact};
use crate::data::filters::product;
use crate::data::npy::Format;
use crate::digits::{Parameter, Rounded};
use crate::error::{Error, Result};
use crate::observer::Observer;
use crate::settings::values::{self, Disorder, Rule, Sides};
use crate::settings::{Reader, as_name, optional, settings};

/// Critical temperatures in units of |J|/k_B; the chain has none, and 1 is used instead.
pub const CRITICAL: [f64; MAX_DIMENSION] = [1.0, 2.269_185, 4.5115];

/// An update of the Markov chains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// Single clusters (Wolff); their number per sweep is measured.
    Wolff,
    /// All clusters (Swendsen–Wang).
    SwendsenWang,
    /// Single spins.
    Metropolis,
}

as_name!(Update);

impl Update {
    /// All variants.
    pub const ALL: [Update; 3] = [Update::Wolff, Update::SwendsenWang, Update::Metropolis];

    /// Its name in configurations.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Update::Wolff => "wolff",
            Update::SwendsenWang => "swendsen-wang",
            Update::Metropolis => "metropolis",
        }
    }
}

/// Parses an update, by name.
///
/// # Errors
/// Says what is allowed.
pub(super) fn update(text: &str) -> Rule<Update> {
    values::named(text, "an update", &Update::ALL, Update::name)
}

settings! {
    /// The Ising model, H = −J Σ s_i s_j over neighbours on a periodic lattice.
    Ising {
        /// Sides of the lattice; a single one is used for all dimensions.
        size: Sides = Sides(vec![64]), values::sides;
        /// Dimension, 1 to 3; none: the number of sides in `size`, or 2 for a single one.
        dimension: Option<u32> = None, optional(values::dimension);
        /// Temperature in units of energy over k_B, or infinite; none: critical, or 1 in one dimension.
        temperature: Option<f64> = None, optional(values::temperature);
        /// Coupling J; below 0 the antiferromagnet.
        coupling: f64 = 1.0, values::coupling;
        /// Update of the Markov chains; none: the fastest.
        algorithm: Option<Update> = None, optional(update);
    }
}

settings! {
    /// The Ising model on a ring, with equal or with random bonds.
    IsingChain {
        /// Sites of the ring.
        size: Sides = Sides(vec![64]), values::ring;
        /// Temperature in units of energy over k_B, or infinite.
        temperature: Option<f64> = None, optional(values::temperature);
        /// Coupling J, by which random bonds are multiplied.
        coupling: f64 = 1.0, values::coupling;
        /// Update of the Markov chains; none: the fastest. Random bonds are sampled exactly.
        algorithm: Option<Update> = None, optional(update);
        /// Distribution of random bonds.
        disorder: Disorder = Disorder(None), values::disorder;
        /// Seed of the bonds; each seed gives another realisation.
        disorder_seed: u64 = 1, values::seed;
        /// First site of the block on a ring with random bonds.
        origin: u32 = 0, values::count;
    }
}

impl Ising {
    /// On a square of L × L sites at the critical temperature.
    #[must_use]
    pub fn square(side: u32) -> Self {
        Ising {
            size: Sides(vec![side; 2]),
            ..Ising::default()
        }
    }

    /// On a cube of L × L × L sites at the critical temperature.
    #[must_use]
    pub fn cube(side: u32) -> Self {
        Ising {
            size: Sides(vec![side; 3]),
            ..Ising::default()
        }
    }

    /// Sets the temperature.
    #[must_use]
    pub fn at(self, temperature: f64) -> Self {
        Ising {
            temperature: Some(temperature),
            ..self
        }
    }

    pub(super) fn read_with_beta(reader: &mut Reader<'_>) -> Result<Self> {
        let mut model = Ising::read(reader, Ising::default())?;
        model.temperature = temperature(reader, model.temperature)?;
        Ok(model)
    }

    /// Checks the settings and builds the model.
    ///
    /// # Errors
    /// If settings contradict one another.
    pub fn model(&self) -> Result<IsingModel> {
        let lattice = self.size.lattice(self.dimension)?;
        IsingModel::new(
            false,
            lattice,
            self.temperature,
            self.coupling,
            self.algorithm,
        )
    }
}

impl IsingChain {
    pub(super) fn read_with_beta(reader: &mut Reader<'_>) -> Result<Self> {
        let mut model = IsingChain::read(reader, IsingChain::default())?;
        model.temperature = temperature(reader, model.temperature)?;
        Ok(model)
    }

    /// The ring with equal bonds.
    ///
    /// # Errors
    /// If settings contradict one another.
    pub fn clean(&self) -> Result<IsingModel> {
        let lattice = Lattice::new(&self.size.0)?;
        IsingModel::new(
            true,
            lattice,
            self.temperature,
            self.coupling,
            self.algorithm,
        )
    }

    /// The realisation of the bonds and the position of the block.
    pub fn bonds(&self) -> RandomBonds {
        RandomBonds {
            disorder: self.disorder,
            disorder_seed: self.disorder_seed,
            origin: self.origin,
        }
    }

    /// Checks the settings and builds the model.
    ///
    /// # Errors
    /// If settings contradict one another.
    pub fn model(&self) -> Result<Box<dyn Model>> {
        let clean = self.clean()?;
        let bonds = self.bonds();
        let Some(couplings) = bonds.couplings(self.size.0[0], self.coupling)? else {
            return Ok(Box::new(clean));
        };
        if self.algorithm.is_some() {
            return Err(Error::usage(
                "`algorithm` with `disorder`; random bonds are sampled exactly, leave it out",
            ));
        }
        let (temperature, coupling) = (clean.temperature, clean.coupling);
        let ring = RingModel::new(bonds, &couplings, temperature, coupling)?;
        Ok(Box::new(ring))
    }
}

/// Reads a temperature, which may be given as its inverse.
fn temperature(reader: &mut Reader<'_>, temperature: Option<f64>) -> Result<Option<f64>> {
    let beta = reader.read("beta", optional(values::inverse_temperature), None)?;
    match (temperature, beta) {
        (Some(_), Some(_)) => Err(Error::usage(
            "`temperature` and `beta`, which is its inverse; give one of them",
        )),
        (temperature, beta) => Ok(temperature.or(beta.map(f64::recip))),
    }
}

/// An Ising model on a lattice, or on a ring, which is the same model in one dimension.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IsingModel {
    /// Whether it was requested as a ring (`chain`).
    is_chain: bool,
    /// The lattice.
    pub lattice: Lattice,
    /// Temperature, in units of energy.
    pub temperature: f64,
    /// J.
    pub coupling: f64,
    /// Update of the Markov chains; none: the fastest.
    pub algorithm: Option<Update>,
}

impl IsingModel {
    fn new(
        is_chain: bool,
        lattice: Lattice,
        temperature: Option<f64>,
        coupling: f64,
        algorithm: Option<Update>,
    ) -> Result<Self> {
        let critical = || CRITICAL[lattice.dimension() - 1] * coupling.abs();
        let temperature = temperature.unwrap_or_else(critical);
        if !(coupling / temperature).is_finite() {
            return Err(Error::usage(format!(
                "a coupling of {coupling} at a temperature of {temperature}: their ratio overflows; \
                 take a higher temperature"
            )));
        }
        Ok(IsingModel {
            is_chain,
            lattice,
            temperature,
            coupling,
            algorithm,
        })
    }

    /// J/k_B T.
    #[must_use]
    pub fn beta_coupling(&self) -> f64 {
        self.coupling / self.temperature
    }

    /// The sampler with a given update, and `clusters` Wolff clusters per sweep.
    fn sampler(&self, choice: Update, clusters: u32) -> Result<sampler::Ising> {
        let coupling = if self.coupling < 0.0 {
            Coupling::Antiferromagnetic
        } else {
            Coupling::Ferromagnetic
        };
        let algorithm = match choice {
            Update::Wolff => Algorithm::Wolff { clusters },
            Update::SwendsenWang => Algorithm::SwendsenWang,
            Update::Metropolis => Algorithm::Metropolis,
        };
        sampler::Ising::new(
            self.lattice,
            self.beta_coupling().abs(),
            coupling,
            algorithm,
        )
        .map_err(|error| Error::usage(error.to_string()))
    }

    /// The update to use, if it is not to be measured. Clusters freeze the seam of a cold frustrated
    /// antiferromagnet.
    fn update(&self) -> Result<Option<Update>> {
        let cold =
            self.temperature < COLD * CRITICAL[self.lattice.dimension() - 1] * self.coupling.abs();
        let frustrated = self.sampler(Update::Metropolis, 1)?.is_frustrated();
        let metropolis = (cold && frustrated).then_some(Update::Metropolis);
        Ok(self.algorithm.or(metropolis))
    }

    /// The sampler, and a measured plan of its chains.
    ///
    /// # Errors
    /// Usage, if the sampler rejects its parameters.
    pub fn sampling(
        &self,
        seed: u64,
        threads: usize,
        observer: &dyn Observer,
    ) -> Result<Sampling<sampler::Ising>> {
        let update = self.update()?;
        if update != Some(Update::Metropolis) {
            return self.clusters(update, seed, threads, observer);
        }
        let model = self.sampler(Update::Metropolis, 1)?;
        let plan = Plan::measure(&model, None, seed, threads, observer);
        let warmer = model;
        Ok(Sampling {
            model,
            warmer,
            plan,
        })
    }

    /// One of the cluster algorithms: the requested one, else the one that flips fewer spins between
    /// independent samples.
    fn clusters(
        &self,
        choice: Option<Update>,
        seed: u64,
        threads: usize,
        observer: &dyn Observer,
    ) -> Result<Sampling<sampler::Ising>> {
        let warmer = self.sampler(Update::SwendsenWang, 1)?;
        let plan = Plan::measure(&warmer, None, seed, threads, observer);
        let all = Sampling {
            model: warmer,
            warmer,
            plan,
        };
        // A Wolff cluster has N⟨m²⟩ spins on average.
        let sites = self.lattice.sites() as f64;
        let size = (sites * plan.order_squared).max(1.0);
        if choice == Some(Update::SwendsenWang) || (choice.is_none() && size < SMALL_CLUSTER) {
            return Ok(all);
        }
        // Enough clusters to flip about all spins. The number is fixed from now on: one that depended on
        // the clusters' sizes would bias the sampling.
        let clusters = (sites / size).round().clamp(1.0, sites);
        let model = self.sampler(Update::Wolff, clusters as u32)?;
        let single = Plan::measure(
            &model,
            Some((&warmer, plan.burn_in)),
            seed,
            threads,
            observer,
        );
        let (work, work_all) = (
            f64::from(single.thin) * (clusters + 0.5) * size,
            f64::from(plan.thin) * sites,
        );
        if choice.is_none() && work > work_all {
            return Ok(all);
        }
        let equilibrated = plan.equilibrated && single.equilibrated;
        let frozen = plan.frozen && single.frozen;
        let plan = Plan {
            burn_in: plan.burn_in,
            equilibrated,
            frozen,
            ..single
        };
        Ok(Sampling {
            model,
            warmer,
            plan,
        })
    }
}

/// Temperature, in units of the critical one, below which a frustrated antiferromagnet is sampled spin by
/// spin.
const COLD: f64 = 0.5;

/// Mean size of a Wolff cluster below which its start costs more than its growth.
const SMALL_CLUSTER: f64 = 64.0;

impl Model for IsingModel {
    fn name(&self) -> &'static str {
        if self.is_chain { "chain" } else { "ising" }
    }

    fn resolved(&self) -> AnyModel {
        let (size, temperature) = (Sides::of(self.lattice), Some(self.temperature));
        let (coupling, algorithm) = (self.coupling, self.algorithm);
        if self.is_chain {
            return AnyModel::Chain(IsingChain {
                size,
                temperature,
                coupling,
                algorithm,
                ..IsingChain::default()
            });
        }
        AnyModel::Ising(Ising {
            size,
            dimension: Some(self.lattice.dimension() as u32),
            temperature,
            coupling,
            algorithm,
        })
    }

    fn title(&self) -> String {
        let kind = match (self.is_chain, self.coupling < 0.0) {
            (true, false) => "Ising chain",
            (true, true) => "Antiferromagnetic Ising chain",
            (false, false) => "Ising model",
            (false, true) => "Ising antiferromagnet",
        };
        let (size, t) = (product(self.lattice.sides()), Rounded(self.temperature));
        format!("{kind}, {size} at T = {t}")
    }

    fn about(&self) -> String {
        format!(
            "Spins ±1 with nearest-neighbour coupling J = {} on a periodic lattice of {}, at \
             temperature {}",
            Parameter(self.coupling),
            product(self.lattice.sides()),
            Parameter(self.temperature)
        )
    }

    fn lattice(&self) -> Lattice {
        self.lattice
    }

    fn format(&self) -> Format {
        Format::Signs
    }

    fn energy_unit(&self) -> Option<f64> {
        Some(self.coupling.abs())
    }

    fn known(&self, question: ExactQuery<'_>) -> Option<Information> {
        let steps = match self.lattice.dimension() {
            1 => exact::of_ring,
            _ => exact::of_lattice,
        };
        let beta = self.temperature.recip();
        question.ask(steps, |partition, filter| {
            let (filter, batch) = (Some(filter), question.batch);
            ising::information(partition, self.coupling, beta, filter, batch).ok()
        })
    }

    fn unmeasured(&self) -> Result<ModelSampler> {
        let choice = self.update()?.unwrap_or(Update::SwendsenWang);
        let sampler = self.sampler(choice, 1)?;
        Ok(ModelSampler::Ising(Sampling::unmeasured(sampler)))
    }

    fn prepare(&self, seed: u64, threads: usize, observer: &dyn Observer) -> Result<ModelSampler> {
        Ok(ModelSampler::Ising(self.sampling(seed, threads, observer)?))
    }

    fn planned(&self, plan: Plan, clusters: Option<u32>) -> Result<ModelSampler> {
        let update = self.update()?;
        let sites = self.lattice.sites() as u32;
        let can_be = match (update, clusters) {
            (None | Some(Update::Wolff), Some(clusters)) => (1..=sites).contains(&clusters),
            (Some(Update::Wolff), None) => false,
            (_, clusters) => clusters.is_none(),
        };
        if !can_be {
            return Err(Error::failure("clusters that no pilot chose"));
        }
        let warmer = match update {
            Some(Update::Metropolis) => self.sampler(Update::Metropolis, 1)?,
            _ => self.sampler(Update::SwendsenWang, 1)?,
        };
        let model = match clusters {
            Some(clusters) => self.sampler(Update::Wolff, clusters)?,
            None => warmer,
        };
        Ok(ModelSampler::Ising(Sampling {
            model,
            warmer,
            plan,
        }))
    }
}
