//! Independent 64 × 64 Ising configurations at T_c per second and core, as CSV.
//!
//! Two configurations are independent when 2 τ sweeps lie between them, τ the integrated
//! autocorrelation time of the energy or of m², whichever is longer, by the summed correlations or
//! by blocking, whichever is longer.

use blockspin::model::Ising;
use blockspin::model::Update;
use blockspin::observer::Silent;
use blockspin_benches::{CRITICAL, Chain, tau};
use blockspin_core::sampler::Algorithm;

const SIDE: u32 = 64;
const SWEEPS: usize = 1 << 17;

fn main() {
    println!("algorithm,clusters,us_per_sweep,tau_energy,tau_m2,tau_error,independent_per_second");
    for choice in [Some(Update::Wolff), Some(Update::SwendsenWang), None] {
        let model = Ising {
            algorithm: choice,
            ..Ising::square(SIDE).at(CRITICAL)
        };
        let sampler = model
            .model()
            .and_then(|model| model.sampling(1, 1, &Silent))
            .expect("a model")
            .model;
        let (name, clusters) = match sampler.algorithm() {
            Algorithm::Wolff { clusters } => ("wolff", clusters),
            Algorithm::SwendsenWang => ("swendsen-wang", 0),
            Algorithm::Metropolis => ("metropolis", 0),
        };
        let mut chain = Chain::new(sampler, 500);
        let sweep = chain.sweep_microseconds(2000);
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
