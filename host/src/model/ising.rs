//! `ising` and `chain`: the Ising model in one, two or three dimensions.

use blockspin_core::lattice::{Lattice, MAX_DIMENSION};
use blockspin_core::sampler::{self, Algorithm, Coupling, Sampler};
use blockspin_exact::{Information, ising};
use clap::{Args, ValueEnum};

use super::{Chain, DisorderOptions, Drawn, Model, Named, Parameter, Prepared, Question, known};
use crate::chains::{Plan, Sampling};
use crate::error::{Error, Result};
use crate::filters::{commas, product};
use crate::npy::Format;
use crate::parse::{self, Sides};
use crate::picture::configuration::spins_svg;

/// Critical temperatures in units of |J|/k_B; the chain has none, and 1 stands in.
pub const CRITICAL: [f64; MAX_DIMENSION] = [1.0, 2.269_185, 4.5115];

/// The algorithm asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Choice {
    /// Single clusters; their number to a sweep is measured
    Wolff,
    /// All clusters.
    SwendsenWang,
    /// Single spins.
    Metropolis,
}

/// An Ising model on a lattice, or a chain: the same model in one dimension.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ising {
    /// `ising` or `chain`.
    pub name: &'static str,
    /// The lattice.
    pub lattice: Lattice,
    /// Temperature, in units of energy.
    pub temperature: f64,
    /// J.
    pub coupling: f64,
    /// How it is sampled; none: the fastest.
    pub algorithm: Option<Choice>,
}

impl Ising {
    /// J/k_B T.
    #[must_use]
    pub fn beta_coupling(&self) -> f64 {
        self.coupling / self.temperature
    }

    /// The sampler with an algorithm, and `clusters` to a Wolff sweep.
    fn sampler(&self, choice: Choice, clusters: u32) -> Result<sampler::Ising> {
        let coupling = if self.coupling < 0.0 {
            Coupling::Antiferromagnetic
        } else {
            Coupling::Ferromagnetic
        };
        let algorithm = match choice {
            Choice::Wolff => Algorithm::Wolff { clusters },
            Choice::SwendsenWang => Algorithm::SwendsenWang,
            Choice::Metropolis => Algorithm::Metropolis,
        };
        sampler::Ising::new(
            self.lattice,
            self.beta_coupling().abs(),
            coupling,
            algorithm,
        )
        .map_err(|error| Error::usage(error.to_string()))
    }

    /// The sampler and the plan of its chains, as measured.
    ///
    /// # Errors
    /// Usage, naming the parameter and the rule.
    pub fn sampling(&self, seed: u64, threads: usize) -> Result<Sampling<sampler::Ising>> {
        if self.algorithm != Some(Choice::Metropolis) {
            return self.clusters(self.algorithm, seed, threads);
        }
        let model = self.sampler(Choice::Metropolis, 1)?;
        let plan = Plan::measure(&model, None, seed, threads);
        let warmer = model;
        Ok(Sampling {
            model,
            warmer,
            plan,
        })
    }

    /// One of the cluster algorithms: that which was asked for, else the one that turns over fewer
    /// spins between independent samples.
    fn clusters(
        &self,
        choice: Option<Choice>,
        seed: u64,
        threads: usize,
    ) -> Result<Sampling<sampler::Ising>> {
        let warmer = self.sampler(Choice::SwendsenWang, 1)?;
        let plan = Plan::measure(&warmer, None, seed, threads);
        let all = Sampling {
            model: warmer,
            warmer,
            plan,
        };
        // A Wolff cluster has N⟨m²⟩ spins in the mean.
        let sites = self.lattice.sites() as f64;
        let size = (sites * plan.order_squared).max(1.0);
        if choice == Some(Choice::SwendsenWang) || (choice.is_none() && size < SMALL_CLUSTER) {
            return Ok(all);
        }
        // As many as turn over about all spins. Fixed from now on: a number that followed what the
        // clusters did would bias the sampling.
        let clusters = (sites / size).round().clamp(1.0, sites);
        let model = self.sampler(Choice::Wolff, clusters as u32)?;
        let single = Plan::measure(&model, Some((&warmer, plan.burn_in)), seed, threads);
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

/// Spins in a mean Wolff cluster below which its beginning costs more than its growth.
const SMALL_CLUSTER: f64 = 64.0;

/// How a sampler goes about it, in the words of the command line.
#[must_use]
pub fn algorithm_name(sampler: &sampler::Ising) -> &'static str {
    match sampler.algorithm() {
        Algorithm::Wolff { .. } => "wolff",
        Algorithm::SwendsenWang => "swendsen-wang",
        Algorithm::Metropolis => "metropolis",
    }
}

impl Model for Ising {
    fn name(&self) -> &'static str {
        self.name
    }

    fn title(&self) -> String {
        let kind = match (self.name, self.coupling < 0.0) {
            ("chain", false) => "Ising chain",
            ("chain", true) => "Antiferromagnetic Ising chain",
            (_, false) => "Ising model",
            (_, true) => "Ising antiferromagnet",
        };
        let (size, t) = (product(self.lattice.sides()), self.temperature);
        format!("{kind}, {size} at T = {t}")
    }

    fn about(&self) -> String {
        format!(
            "Spins ±1 with nearest-neighbour coupling J = {} on a periodic lattice of {}, at \
             temperature {}",
            self.coupling,
            product(self.lattice.sides()),
            self.temperature
        )
    }

    fn words(&self) -> String {
        let sides = self.lattice.sides();
        let mut words = format!("{} --size {}", self.name, commas(sides));
        if self.name == "ising" && sides.len() == 1 {
            words += " --dimension 1";
        }
        words += &format!(
            " --temperature {} --coupling {}",
            self.temperature, self.coupling
        );
        if let Some(choice) = self.algorithm.and_then(|choice| choice.to_possible_value()) {
            words += &format!(" --algorithm {}", choice.get_name());
        }
        words
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![
            Parameter::new("temperature", "Temperature", self.temperature),
            Parameter::new("coupling", "Coupling", self.coupling),
        ]
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

    fn known(&self, question: Question<'_>) -> Option<Information> {
        let steps = match self.lattice.dimension() {
            1 => known::of_ring,
            _ => known::of_lattice,
        };
        let beta = self.temperature.recip();
        question.ask(steps, |partition, filter| {
            let (filter, batch) = (Some(filter), question.batch);
            ising::information(partition, self.coupling, beta, filter, batch).ok()
        })
    }

    fn unmeasured(&self) -> Result<Prepared> {
        let choice = self.algorithm.unwrap_or(Choice::SwendsenWang);
        let sampler = self.sampler(choice, 1)?;
        Ok(Prepared::Ising(Sampling::unmeasured(sampler)))
    }

    fn prepare(&self, seed: u64, threads: usize) -> Result<Prepared> {
        Ok(Prepared::Ising(self.sampling(seed, threads)?))
    }

    fn planned(&self, plan: Plan, clusters: Option<u32>) -> Result<Prepared> {
        let warmer = match self.algorithm {
            Some(Choice::Metropolis) => self.sampler(Choice::Metropolis, 1)?,
            _ => self.sampler(Choice::SwendsenWang, 1)?,
        };
        let model = match clusters {
            Some(clusters) => self.sampler(Choice::Wolff, clusters)?,
            None => warmer,
        };
        Ok(Prepared::Ising(Sampling {
            model,
            warmer,
            plan,
        }))
    }
}

impl Drawn for sampler::Ising {
    fn picture(&self, title: &str, configurations: &[&[u32]]) -> String {
        spins_svg(title, self.lattice().sides(), configurations)
    }
}

/// Temperature and coupling.
#[derive(Args, Clone, Debug)]
struct Physics {
    /// Temperature [default: critical, |J| times 2.269185 in 2D, 4.5115 in 3D, 1 in 1D]
    #[arg(long, value_parser = parse::temperature, allow_hyphen_values = true, value_name = "T")]
    temperature: Option<f64>,
    /// Inverse temperature, in place of --temperature
    #[arg(long, value_parser = parse::inverse_temperature, allow_hyphen_values = true,
          conflicts_with = "temperature", value_name = "B")]
    beta: Option<f64>,
    /// Coupling J; below 0 the antiferromagnet
    #[arg(long, default_value = "1", value_parser = parse::coupling, allow_hyphen_values = true,
          value_name = "J")]
    coupling: f64,
}

impl Physics {
    fn model(
        &self,
        name: &'static str,
        lattice: Lattice,
        algorithm: Option<Choice>,
    ) -> Result<Ising> {
        let temperature = match (self.temperature, self.beta) {
            (Some(temperature), _) => temperature,
            (None, Some(beta)) => beta.recip(),
            (None, None) => CRITICAL[lattice.dimension() - 1] * self.coupling.abs(),
        };
        if !(self.coupling / temperature).is_finite() {
            return Err(Error::usage(format!(
                "a coupling of {} at a temperature of {temperature}: their ratio is beyond all \
                 numbers; take a higher temperature",
                self.coupling
            )));
        }
        Ok(Ising {
            name,
            lattice,
            temperature,
            coupling: self.coupling,
            algorithm,
        })
    }
}

/// Options of `ising`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Side of the lattice, or all sides: 64 or 32,64 or 16,16,16
    #[arg(long, default_value = "64", value_parser = parse::sides, value_name = "N[,N[,N]]")]
    size: Sides,
    /// Dimension, 1 to 3; follows from --size if that has several numbers, else 2
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3), value_name = "D")]
    dimension: Option<u32>,
    #[command(flatten)]
    physics: Physics,
}

impl Options {
    /// The model they name.
    ///
    /// # Errors
    /// Usage, naming the parameter and the rule.
    pub fn model(&self, algorithm: Option<Choice>) -> Result<Ising> {
        let lattice = self.size.lattice(self.dimension)?;
        self.physics.model("ising", lattice, algorithm)
    }
}

/// Options of `chain`.
#[derive(Args, Clone, Debug)]
pub struct RingOptions {
    /// Sites of the ring
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(2..), value_name = "N")]
    size: u32,
    /// Its bonds.
    #[command(flatten)]
    pub disorder: DisorderOptions,
    #[command(flatten)]
    physics: Physics,
}

impl RingOptions {
    /// The model they name, but for the disorder.
    ///
    /// # Errors
    /// Usage, naming the parameter and the rule.
    pub fn model(&self, algorithm: Option<Choice>) -> Result<Ising> {
        let lattice = Lattice::new(&[self.size])?;
        self.physics.model("chain", lattice, algorithm)
    }
}

/// How the Markov chains are updated.
#[derive(Args, Clone, Debug)]
struct Update {
    /// Update of the Markov chains [default: the fastest]
    #[arg(long, value_enum, value_name = "NAME")]
    algorithm: Option<Choice>,
}

/// Options of `ising` where it is sampled.
#[derive(Args, Clone, Debug)]
pub struct SampledOptions {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    update: Update,
}

impl Named for SampledOptions {
    fn model(&self) -> Result<Box<dyn Model>> {
        Ok(Box::new(self.options.model(self.update.algorithm)?))
    }
}

/// Options of `chain` where it is sampled.
#[derive(Args, Clone, Debug)]
pub struct SampledRingOptions {
    #[command(flatten)]
    options: RingOptions,
    #[command(flatten)]
    update: Update,
}

impl Named for SampledRingOptions {
    fn model(&self) -> Result<Box<dyn Model>> {
        let clean = self.options.model(self.update.algorithm)?;
        let options = &self.options.disorder;
        let Some(couplings) = options.couplings(self.options.size, clean.coupling)? else {
            return Ok(Box::new(clean));
        };
        if self.update.algorithm.is_some() {
            return Err(Error::usage(
                "--algorithm with --disorder; random bonds are sampled exactly, leave it out",
            ));
        }
        let (temperature, coupling) = (clean.temperature, clean.coupling);
        let chain = Chain::new(options, &couplings, temperature, coupling)?;
        Ok(Box::new(chain))
    }
}
