//! One sweep of each sampler at the critical point.
//!
//! `cargo bench -p blockspin-benches --bench sampler`

use blockspin_benches::{Chain, critical};
use blockspin_core::sampler::Algorithm;

const ALGORITHMS: [Algorithm; 3] = [
    Algorithm::Wolff { clusters: 3 },
    Algorithm::SwendsenWang,
    Algorithm::Metropolis,
];

#[divan::bench(args = [16, 64, 256], consts = [0, 1, 2])]
fn sweep<const ALGORITHM: usize>(bencher: divan::Bencher, side: u32) {
    let mut chain = Chain::new(critical(side, ALGORITHMS[ALGORITHM]), 200);
    if side == 64 && ALGORITHMS[ALGORITHM] != Algorithm::Metropolis {
        chain.measure(2000).check();
    }
    bencher.bench_local(|| chain.sweep());
}

fn main() {
    println!("sweep<I>: algorithm I of {ALGORITHMS:?}; argument: side of the lattice");
    divan::main();
}
