//! Chipping and aggregation against its exact law, and the masses of a long ring.

use blockspin_core::lattice::Lattice;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::sampler::{Chipping, Sampler, Start};
use blockspin_core::stats::Blocking;
use blockspin_exact::chipping;

/// Aggregation rate and density: below, at and above the transition.
pub const CASES: [(f64, f64); 3] = [(0.1, 1.0), (1.0 / 3.0, 1.0), (1.0, 2.0)];

/// Masses that expect to be seen less often than this are left out: their counts are not normal.
const SEEN: f64 = 200.0;

fn model(sites: u32, density: f64, rate: f64) -> Chipping {
    let ring = Lattice::new(&[sites]).expect("a ring");
    Chipping::new(ring, density, rate).expect("a model")
}

/// Shows `samples` configurations, `thin` sweeps apart, after as many sweeps as a tenth of them
/// take.
fn run(
    model: &Chipping,
    start: Start,
    (samples, thin): (u32, u32),
    seed: u64,
    mut show: impl FnMut(&[u32]),
) {
    let mut stream = Stream::new(seed, start as u64, Purpose::Sample);
    let mut state = vec![0; model.state_len()];
    let mut kept = state.clone();
    let mut scratch = vec![0; model.scratch_len()];
    model.start(start, &mut state, &mut stream);
    for i in 0..samples + samples / 10 {
        model.sweeps(thin, &mut state, &mut scratch, &mut stream);
        if i >= samples / 10 {
            model.keep(&state, &mut kept, &mut stream);
            show(&kept);
        }
    }
}

/// Samples a small ring and compares p(m), ⟨m²⟩ and the largest mass with their exact values.
///
/// Returns the deviations in standard errors, autocorrelation allowed for.
///
/// # Panics
/// If one exceeds four, or the series is too short for its correlations.
#[must_use]
pub fn pulls(
    sites: u32,
    (rate, density): (f64, f64),
    (samples, thin): (u32, u32),
    seed: u64,
) -> Vec<f64> {
    let model = model(sites, density, rate);
    let law = chipping::law(&model).expect("a law");
    let mut expected = law.mass_distribution().to_vec();
    expected.extend([law.mass_squared(), law.largest_mass()]);
    let masses = law.mass_distribution().len();

    let mut measured = vec![Blocking::new(); expected.len()];
    let n = f64::from(sites);
    run(&model, Start::Hot, (samples, thin), seed, |state| {
        for (m, blocking) in (0..).zip(&mut measured[..masses]) {
            let sites = state.iter().filter(|mass| **mass == m).count();
            blocking.push(sites as f64 / n);
        }
        measured[masses].push(model.energy(state) / n);
        measured[masses + 1].push(model.order_parameter(state) * n);
    });

    let mut pulls = vec![];
    for (i, (blocking, expected)) in measured.iter().zip(&expected).enumerate() {
        if i < masses && expected * n * f64::from(samples) < SEEN {
            continue;
        }
        let (mean, error) = (blocking.mean(), blocking.standard_error().unwrap_or(0.0));
        let about = format!(
            "{sites} sites, w = {rate:.3}, density {density}, mean {i} of {masses} + 2: \
             {mean:.6} ± {error:.6}, exact {expected:.6}"
        );
        assert!(blocking.is_settled(), "{about}: too short a series");
        assert!((mean - expected).abs() <= 4.0 * error, "{about}");
        pulls.push((mean - expected) / error);
    }
    pulls
}

/// What a long ring of density 1 shows.
#[derive(Clone, Debug)]
pub struct Long {
    /// p(m).
    pub distribution: Vec<f64>,
    /// Mean of the largest mass per site of the ring.
    pub largest: f64,
    /// Its standard error.
    pub error: f64,
}

impl Long {
    /// A ring of so many sites at the aggregation rate w.
    #[must_use]
    pub fn new(sites: u32, rate: f64, start: Start, length: (u32, u32)) -> Self {
        let model = model(sites, 1.0, rate);
        let mut counts = vec![0u64; model.mass() as usize + 1];
        let mut largest = Blocking::new();
        run(&model, start, length, 1, |state| {
            for mass in state {
                counts[*mass as usize] += 1;
            }
            largest.push(model.order_parameter(state));
        });
        let all = counts.iter().sum::<u64>() as f64;
        Long {
            distribution: counts.iter().map(|count| *count as f64 / all).collect(),
            largest: largest.mean(),
            error: largest.standard_error().unwrap_or(0.0),
        }
    }

    /// Mean number of sites of a ring with a mass from `from` to `to`.
    #[must_use]
    pub fn sites(&self, from: usize, to: usize) -> f64 {
        self.distribution[from..=to].iter().sum::<f64>() * (self.distribution.len() - 1) as f64
    }
}

/// Minus the slope of ln p(m) against ln m between two masses.
#[must_use]
pub fn exponent(p: &[f64], from: usize, to: usize) -> f64 {
    -(p[to] / p[from]).ln() / (to as f64 / from as f64).ln()
}

/// p(m) for m = 0 … `largest` of an endless ring at its transition, density 1 and w = 1/3: the
/// balance of what enters and leaves a site whose neighbour is occupied with probability s = 1/3.
#[must_use]
pub fn critical(largest: usize) -> Vec<f64> {
    let third = 1.0 / 3.0;
    let (w, s) = (third, third);
    let mut p = vec![1.0 - s, s * (1.0 - (1.0 + w) * s)];
    for m in 1..largest {
        let merged: f64 = (1..=m).map(|k| p[k] * p[m - k]).sum();
        p.push((1.0 + w) * (1.0 + s) * p[m] - s * p[m - 1] - w * merged);
    }
    p
}
