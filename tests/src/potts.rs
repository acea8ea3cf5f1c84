//! The Potts model against the enumeration of small systems.

use blockspin_core::lattice::Lattice;
use blockspin_core::num::math::exp64;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::sampler::{Potts, Sampler, Start};
use blockspin_core::stats::Blocking;
use blockspin_exact::ising;

/// Fewest samples expected of an energy, and of all others, if its probability is compared.
const EXPECTED: f64 = 1000.0;

/// What is compared, for each site where it is extensive.
pub struct Law {
    /// ⟨E⟩ / N.
    pub energy: f64,
    /// Mean of the order parameter.
    pub order: f64,
    /// Mean of its square.
    pub order_squared: f64,
    /// Probability of −E for 0, 1 … bonds; empty if it is not known.
    pub equal_bonds: Vec<f64>,
}

impl Law {
    /// By all q^(N−1) configurations whose first site is in state 0.
    ///
    /// # Panics
    /// If the lattice is none.
    #[must_use]
    pub fn enumerate(sides: &[u32], states: u32, beta: f64) -> Law {
        let lattice = Lattice::new(sides).expect("a lattice");
        let sites = lattice.sites();
        let bonds: Vec<(usize, usize)> = (0..sites)
            .flat_map(|site| {
                let forward = lattice.neighbours(site as u32).into_iter().step_by(2);
                forward.map(move |next| (site, next as usize))
            })
            .collect();
        // Configurations by equal bonds and by sites of the majority.
        let mut numbers = vec![vec![0u64; sites + 1]; bonds.len() + 1];
        let mut state = vec![0u32; sites];
        let mut counts = vec![0; states as usize];
        counts[0] = sites;
        loop {
            let equal = bonds.iter().filter(|(a, b)| state[*a] == state[*b]).count();
            let majority = counts.iter().fold(0, |a, b| a.max(*b));
            numbers[equal][majority] += 1;
            // The next number in base q, of which site 1 is the last digit.
            let mut site = 1;
            while site < sites {
                counts[state[site] as usize] -= 1;
                state[site] = (state[site] + 1) % states;
                counts[state[site] as usize] += 1;
                if state[site] != 0 {
                    break;
                }
                site += 1;
            }
            if site == sites {
                break;
            }
        }

        let mut law = Law {
            energy: 0.0,
            order: 0.0,
            order_squared: 0.0,
            equal_bonds: vec![0.0; bonds.len() + 1],
        };
        let (n, q) = (sites as f64, f64::from(states));
        let mut total = 0.0;
        for (equal, numbers) in numbers.iter().enumerate() {
            for (majority, number) in numbers.iter().enumerate() {
                let weight = *number as f64 * exp64(beta * equal as f64);
                let order = (q * majority as f64 / n - 1.0) / (q - 1.0);
                total += weight;
                law.energy -= weight * equal as f64 / n;
                law.order += weight * order;
                law.order_squared += weight * order * order;
                law.equal_bonds[equal] += weight;
            }
        }
        let sums = [&mut law.energy, &mut law.order, &mut law.order_squared];
        for sum in sums.into_iter().chain(&mut law.equal_bonds) {
            *sum /= total;
        }
        law
    }

    /// Of two states: δ = (1 + s s')/2, the Ising model at half of β.
    ///
    /// # Panics
    /// If the lattice is too large.
    #[must_use]
    pub fn ising(sides: &[u32], beta: f64) -> Law {
        let lattice = Lattice::new(sides).expect("a lattice");
        let means = ising::means(lattice, 1.0, 0.5 * beta).expect("means");
        Law {
            energy: 0.5 * (means.energy_per_site - lattice.dimension() as f64),
            order: means.magnetisation_abs,
            order_squared: means.magnetisation_squared,
            equal_bonds: vec![],
        }
    }
}

/// Samples a lattice and compares the energy, the order parameter, its square and the probability
/// of each energy with a law.
///
/// Returns the deviations in standard errors, autocorrelation allowed for.
///
/// # Panics
/// If one exceeds four, or the series is too short for its correlations.
#[must_use]
pub fn pulls(
    sides: &[u32],
    states: u32,
    beta: f64,
    law: &Law,
    (samples, thin): (u32, u32),
    seed: u64,
) -> Vec<f64> {
    let lattice = Lattice::new(sides).expect("a lattice");
    let model = Potts::new(lattice, states, beta).expect("a model");
    let mut stream = Stream::new(seed, u64::from(states), Purpose::Sample);
    let mut state = vec![0; model.state_len()];
    let mut kept = state.clone();
    let mut scratch = vec![0; model.scratch_len()];
    let mut means = [(); 3].map(|()| Blocking::new());
    let mut energies = vec![Blocking::new(); law.equal_bonds.len()];
    let mut observed = [0.0; 2];
    model.start(Start::Hot, &mut state, &mut stream);
    for sample in 0..1000 + samples {
        for _ in 0..thin {
            model.sweep(&mut state, &mut scratch, &mut stream);
        }
        if sample < 1000 {
            continue;
        }
        model.keep(&state, &mut kept, &mut stream);
        model.observe(&kept, &mut observed);
        let energy = model.energy(&kept) / lattice.sites() as f64;
        for (mean, value) in means.iter_mut().zip([energy, observed[0], observed[1]]) {
            mean.push(value);
        }
        let equal = model.equal_bonds(&kept) as usize;
        for (bonds, probability) in energies.iter_mut().enumerate() {
            probability.push(f64::from(u8::from(bonds == equal)));
        }
    }

    let names = ["energy", "order parameter", "its square"].map(str::to_owned);
    let of_law = [law.energy, law.order, law.order_squared];
    let all = names.into_iter().zip(of_law).zip(&means);
    let probabilities = (0..).zip(&law.equal_bonds).zip(&energies);
    let probabilities = probabilities.filter(|((_, p), _)| {
        let rare = if **p < 0.5 { **p } else { 1.0 - **p };
        rare * f64::from(samples) > EXPECTED
    });
    let probabilities = probabilities.map(|((bonds, p), blocking): ((u32, _), _)| {
        (
            (format!("probability of {bonds} equal bonds"), *p),
            blocking,
        )
    });
    let mut pulls = vec![];
    for ((name, expected), measured) in all.chain(probabilities) {
        let (mean, error) = (measured.mean(), measured.standard_error().unwrap_or(0.0));
        let about = format!(
            "{states} states on {sides:?}, β = {beta:.4}: {name} {mean:.6} ± {error:.6}, exact \
             {expected:.6}"
        );
        assert!(measured.is_settled(), "{about}: too short a series");
        assert!((mean - expected).abs() <= 4.0 * error, "{about}");
        pulls.push((mean - expected) / error);
    }
    pulls
}
