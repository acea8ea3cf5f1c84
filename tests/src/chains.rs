//! Samplers against the exact means of small systems.

use blockspin_core::lattice::Lattice;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::sampler::{Algorithm, Coupling, Ising, Sampler, Start};
use blockspin_core::stats::Blocking;
use blockspin_exact::ising::{self, Means};

/// Critical temperature of the square lattice, 2/ln(1 + √2).
pub const CRITICAL: f64 = 2.269_185_314_213_022;

/// The samplers, Wolff with a number of clusters that turns over much of an 8 × 8 lattice.
pub const ALGORITHMS: [Algorithm; 3] = [
    Algorithm::Metropolis,
    Algorithm::Wolff { clusters: 2 },
    Algorithm::SwendsenWang,
];

/// A system whose means are known.
#[derive(Clone, Copy, Debug)]
pub struct System {
    /// Sides of the lattice.
    pub sides: &'static [u32],
    /// Temperature in units of |J|/k_B.
    pub temperature: f64,
    /// Sign of the coupling.
    pub coupling: Coupling,
}

impl System {
    /// A ferromagnet.
    #[must_use]
    pub const fn ferromagnet(sides: &'static [u32], temperature: f64) -> Self {
        System {
            sides,
            temperature,
            coupling: Coupling::Ferromagnetic,
        }
    }

    /// An antiferromagnet.
    #[must_use]
    pub const fn antiferromagnet(sides: &'static [u32], temperature: f64) -> Self {
        System {
            sides,
            temperature,
            coupling: Coupling::Antiferromagnetic,
        }
    }

    /// Its exact means, with a coupling of the given sign.
    fn exact(&self, coupling: f64) -> Means {
        let lattice = Lattice::new(self.sides).expect("a lattice");
        ising::means(lattice, coupling, self.temperature.recip()).expect("means")
    }

    /// Samples it and compares energy, |m| and m² per site (of the antiferromagnet the staggered
    /// |m| too) with their exact values.
    ///
    /// Returns the deviations in standard errors, autocorrelation allowed for.
    ///
    /// # Panics
    /// If one exceeds four, or the series is too short for its correlations.
    #[must_use]
    pub fn pulls(&self, algorithm: Algorithm, samples: u32, thin: u32, seed: u64) -> Vec<f64> {
        let lattice = Lattice::new(self.sides).expect("a lattice");
        let model = Ising::new(lattice, self.temperature.recip(), self.coupling, algorithm)
            .expect("a model");
        let sites = lattice.sites() as f64;
        // A stream of its own for each algorithm.
        let task = ALGORITHMS.iter().position(|a| *a == algorithm).unwrap_or(0);
        let mut stream = Stream::new(seed, task as u64, Purpose::Sample);
        let mut state = vec![0; model.state_len()];
        let mut kept = state.clone();
        let mut scratch = vec![0; model.scratch_len()];
        model.start(Start::Hot, &mut state, &mut stream);
        for _ in 0..1000 {
            model.sweep(&mut state, &mut scratch, &mut stream);
        }

        let mut measured = [(); 4].map(|()| Blocking::new());
        for _ in 0..samples {
            for _ in 0..thin {
                model.sweep(&mut state, &mut scratch, &mut stream);
            }
            model.keep(&state, &mut kept, &mut stream);
            let m = f64::from(model.magnetisation(&kept)) / sites;
            let values = [
                model.energy(&kept) / sites,
                m.abs(),
                m * m,
                model.order_parameter(&kept),
            ];
            for (blocking, value) in measured.iter_mut().zip(values) {
                blocking.push(value);
            }
        }

        let (mut expected, mut order) = (self.exact(1.0), None);
        if self.coupling == Coupling::Antiferromagnetic {
            // Turning one sublattice over maps it to the ferromagnet, if there are sublattices.
            order = (!model.is_frustrated()).then_some(expected.magnetisation_abs);
            expected = self.exact(-1.0);
        }
        let names = ["energy", "|m|", "m²", "staggered |m|"];
        let expected = [
            Some(expected.energy_per_site),
            Some(expected.magnetisation_abs),
            Some(expected.magnetisation_squared),
            order,
        ];
        let mut pulls = vec![];
        for ((name, blocking), expected) in names.iter().zip(&measured).zip(expected) {
            let Some(expected) = expected else { continue };
            let (mean, error) = (blocking.mean(), blocking.standard_error().unwrap_or(0.0));
            let about = format!(
                "{self:?}, {algorithm:?}: {name} {mean:.6} ± {error:.6}, exact {expected:.6}"
            );
            assert!(blocking.is_settled(), "{about}: too short a series");
            assert!((mean - expected).abs() <= 4.0 * error, "{about}");
            pulls.push((mean - expected) / error);
        }
        pulls
    }
}

/// Checks that the errors are honest too: their deviations are of order one, neither always far
/// below it nor above.
///
/// # Panics
/// If they are not.
pub fn judge(pulls: &[f64]) {
    let mean_square = pulls.iter().map(|x| x * x).sum::<f64>() / pulls.len() as f64;
    let worst = pulls.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
    println!(
        "{} means, mean square deviation {mean_square:.2}, worst {worst:.2} standard errors",
        pulls.len()
    );
    // Energy and both magnetisations go together: fewer than half of them are independent.
    let spread = 4.0 * (2.0 / (0.4 * pulls.len() as f64)).sqrt();
    assert!((mean_square - 1.0).abs() < spread, "{mean_square}");
}
