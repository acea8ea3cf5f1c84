//! A fixed amount of work whose instructions `benches/gate` counts: `count step`, twenty portable
//! steps at K = 100, |E| = 128; `count gather`, 100 batches of 100 windows with |E| = 880;
//! `count wolff` and `count swendsen-wang`, 250 sweeps of the critical lattice of 64 × 64.

use blockspin::run::Isa;
use blockspin_benches::{Buffers, Chain, ENCODER, Kind, critical, gathering};
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::rsmi::{Learn, Machine};
use blockspin_core::sampler::Algorithm;

fn main() {
    let sweeps = |algorithm| Chain::new(critical(64, algorithm), 50).measure(200).check();
    match std::env::args().nth(1).as_deref() {
        Some("step") => {
            let mut buffers = Buffers::new(100, 128, Kind::Signs);
            let mut rsmi = buffers.rsmi();
            let mut noise = Stream::new(1, 0, Purpose::Encoder);
            for _ in 0..20 {
                let bound = Isa::Portable.step(&mut rsmi, ENCODER, Learn::All, 5e-3, &mut noise);
                assert!(bound.is_finite(), "a bound of {bound}");
            }
        }
        Some("gather") => {
            gathering(100, 880, |call| (0..100).for_each(|_| call()));
        }
        Some("wolff") => sweeps(Algorithm::Wolff { clusters: 3 }),
        Some("swendsen-wang") => sweeps(Algorithm::SwendsenWang),
        _ => eprintln!("count: step, gather, wolff or swendsen-wang"),
    }
}
