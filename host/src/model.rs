//! Models as the user names them, checked and ready to sample.

use blockspin_core::lattice::{Lattice, MAX_DIMENSION};
use blockspin_core::num::rng::Purpose;
use blockspin_core::sampler::{Algorithm, Coupling, Ising, Sampler, Start};

use clap::ValueEnum;

use crate::chains::{Chain, Plan};
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

    /// The sampler and the plan of its chains: measured, where the user gave no numbers.
    ///
    /// # Errors
    /// Those of [`check`](Self::check).
    pub fn prepare(&self, seed: u64) -> Result<(Ising, Plan)> {
        let sampler = match self.algorithm {
            Some(choice @ (Choice::SwendsenWang | Choice::Metropolis)) => {
                self.sampler(choice, 1)?
            }
            Some(Choice::Wolff) | None => {
                let sites = self.lattice.sites() as f64;
                let size = cluster_size(&self.sampler(Choice::Wolff, 1)?, seed);
                if self.algorithm.is_none() && size < WORTHWHILE_CLUSTER {
                    self.sampler(Choice::SwendsenWang, 1)?
                } else {
                    // As many as turn over about all spins. Fixed from now on: a number that
                    // followed what the clusters did would bias the sampling.
                    self.sampler(
                        Choice::Wolff,
                        (sites / size).round().clamp(1.0, sites) as u32,
                    )?
                }
            }
        };
        let mut plan = Plan::measure(&sampler, seed);
        plan.burn_in = self.burn_in.unwrap_or(plan.burn_in);
        plan.thin = self.thin.unwrap_or(plan.thin);
        Ok((sampler, plan))
    }
}

/// Spins in a mean Wolff cluster below which Swendsen–Wang makes independent configurations faster.
const WORTHWHILE_CLUSTER: f64 = 64.0;

/// Mean number of spins in a Wolff cluster, N⟨m²⟩, measured on a chain of its own.
fn cluster_size(model: &Ising, seed: u64) -> f64 {
    let mut chain = Chain::new(model, Start::Cold, seed, 2, Purpose::Pilot);
    let mut scratch = vec![0; model.scratch_len()];
    let (mut squares, updates) = (0.0, 512);
    for update in 0..updates {
        chain.advance(model, 1, &mut scratch);
        if update >= updates / 2 {
            let order = model.order_parameter(&chain.state);
            squares += order * order;
        }
    }
    let sites = model.lattice().sites() as f64;
    (sites * squares / f64::from(updates / 2)).max(1.0)
}

/// How a sampler goes about it, in the words of the command line.
#[must_use]
pub fn algorithm_name(sampler: &Ising) -> &'static str {
    match sampler.algorithm() {
        Algorithm::Wolff { .. } => "wolff",
        Algorithm::SwendsenWang => "swendsen-wang",
        Algorithm::Metropolis => "metropolis",
    }
}
