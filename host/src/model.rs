//! Models as the user names them, checked and ready to sample.

use blockspin_core::lattice::{Lattice, MAX_DIMENSION};
use blockspin_core::sampler::{Algorithm, Coupling, Ising, Sampler};

use clap::ValueEnum;

use crate::chains::{Plan, Sampling};
use crate::error::{Error, Result};

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
pub struct Model {
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
    /// Burn-in in sweeps, if not measured.
    pub burn_in: Option<u32>,
    /// Sweeps between samples, if not measured.
    pub thin: Option<u32>,
}

impl Model {
    /// J/k_B T.
    #[must_use]
    pub fn beta_coupling(&self) -> f64 {
        self.coupling / self.temperature
    }

    /// The sampler with an algorithm, and `clusters` to a Wolff sweep.
    fn sampler(&self, choice: Choice, clusters: u32) -> Result<Ising> {
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
        Ising::new(
            self.lattice,
            self.beta_coupling().abs(),
            coupling,
            algorithm,
        )
        .map_err(|error| Error::usage(error.to_string()))
    }

    /// Checks the model without any work.
    ///
    /// # Errors
    /// Usage, naming the parameter and the rule.
    pub fn check(&self) -> Result<()> {
        self.sampler(Choice::Metropolis, 1).map(|_| ())
    }

    /// Bytes that one chain takes at most: its configuration, a copy of it, and scratch.
    ///
    /// # Errors
    /// Those of [`check`](Self::check).
    pub fn chain_bytes(&self) -> Result<u64> {
        let sampler = self.sampler(Choice::SwendsenWang, 1)?;
        Ok(4 * (2 * sampler.state_len() + sampler.scratch_len()) as u64)
    }

    /// The sampler and the plan of its chains: measured, where the user gave no numbers. No result
    /// depends on the number of threads.
    ///
    /// # Errors
    /// Those of [`check`](Self::check).
    pub fn prepare(&self, seed: u64, threads: usize) -> Result<Sampling<Ising>> {
        let mut sampling = match self.algorithm {
            Some(Choice::Metropolis) => {
                let model = self.sampler(Choice::Metropolis, 1)?;
                let plan = Plan::measure(&model, None, seed, threads);
                Sampling {
                    model,
                    warmer: model,
                    plan,
                }
            }
            choice => self.clusters(choice, seed, threads)?,
        };
        let plan = &mut sampling.plan;
        plan.burn_in = self.burn_in.unwrap_or(plan.burn_in);
        plan.thin = self.thin.unwrap_or(plan.thin);
        Ok(sampling)
    }

    /// One of the cluster algorithms: that which was asked for, else the one that turns over fewer
    /// spins between independent samples.
    fn clusters(
        &self,
        choice: Option<Choice>,
        seed: u64,
        threads: usize,
    ) -> Result<Sampling<Ising>> {
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
        let plan = Plan {
            burn_in: plan.burn_in,
            equilibrated,
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
pub fn algorithm_name(sampler: &Ising) -> &'static str {
    match sampler.algorithm() {
        Algorithm::Wolff { .. } => "wolff",
        Algorithm::SwendsenWang => "swendsen-wang",
        Algorithm::Metropolis => "metropolis",
    }
}
