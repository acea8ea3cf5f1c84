//! Independent 64 × 64 Ising configurations at T_c per second and core, as CSV.
//!
//! Two configurations are independent when 2 τ sweeps lie between them, τ the integrated
//! autocorrelation time of the energy or of m², whichever is longer, by the summed correlations or
//! by blocking, whichever is longer.

use blockspin::model::Ising;
use blockspin::model::ising::Choice;
use blockspin_benches::{CRITICAL, Chain, microseconds};
use blockspin_core::lattice::Lattice;
use blockspin_core::sampler::Algorithm;
use blockspin_core::stats::{Blocking, integrated};

const SIDE: u32 = 64;
const SWEEPS: usize = 1 << 17;

/// The longer of both estimates, and the error of the first.
fn tau(series: &[f64]) -> (f64, f64) {
    let mut blocking = Blocking::new();
    series.iter().for_each(|x| blocking.push(*x));
    let summed = integrated(series);
    let blocks = blocking.autocorrelation_time().unwrap_or(f64::INFINITY);
    (summed.tau.max(blocks), summed.error)
}

fn main() {
    println!("algorithm,clusters,us_per_sweep,tau_energy,tau_m2,tau_error,independent_per_second");
    for choice in [Some(Choice::Wolff), Some(Choice::SwendsenWang), None] {
        let model = Ising {
            name: "ising",
            lattice: Lattice::new(&[SIDE, SIDE]).expect("a lattice"),
            temperature: CRITICAL,
            coupling: 1.0,
            algorithm: choice,
        };
        let sampler = model.sampling(1, 1).expect("a model").model;
        let (name, clusters) = match sampler.algorithm() {
            Algorithm::Wolff { clusters } => ("wolff", clusters),
            Algorithm::SwendsenWang => ("swendsen-wang", 0),
            Algorithm::Metropolis => ("metropolis", 0),
        };
        let mut chain = Chain::new(sampler, 500);
        // The same stretch of the chain in every round.
        let stretch = chain.clone();
        let [stretch] = microseconds([&mut || {
            let mut chain = stretch.clone();
            (0..2000).for_each(|_| chain.sweep());
        }]);
        let sweep = stretch / 2000.0;
        let series = chain.measure(SWEEPS);
        series.check();
        let [(energy, error), (square, square_error)] =
            [&series.energy, &series.square].map(|x| tau(x));
        let longer = energy.max(square);
        println!(
            "{}{name},{clusters},{sweep:.2},{energy:.2},{square:.2},{:.2},{:.0}",
            if choice.is_none() { "default: " } else { "" },
            error.max(square_error),
            1e6 / (2.0 * longer * sweep)
        );
    }
}
