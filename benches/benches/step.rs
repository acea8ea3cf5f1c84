//! One training step on gathered samples, for every instruction set that this machine has.
//!
//! `cargo bench -p blockspin-benches --bench step`

use blockspin::run::Isa;
use blockspin_benches::{Buffers, ENCODER, Kind, check_step};
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::rsmi::{Learn, Machine};

#[divan::bench(args = [(100, 880), (400, 880), (1000, 880), (100, 128)], consts = [0, 1, 2])]
fn step<const ISA: usize>(bencher: divan::Bencher, (batch, environment): (u32, u32)) {
    let Some(isa) = Isa::available().get(ISA).copied() else {
        return;
    };
    check_step(isa, batch, environment, Kind::Signs);
    let mut buffers = Buffers::new(batch, environment, Kind::Signs);
    let mut rsmi = buffers.rsmi();
    let mut noise = Stream::new(1, 0, Purpose::Encoder);
    bencher.bench_local(|| isa.step(&mut rsmi, ENCODER, Learn::All, 1e-4, &mut noise));
}

fn main() {
    println!(
        "step<I>: instruction set I of {:?}; arguments (K, |E|)",
        Isa::available()
    );
    divan::main();
}
