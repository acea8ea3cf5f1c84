//! One training step on gathered samples, for every instruction set that this machine has.
//!
//! `cargo bench -p blockspin-benches --bench step`

use blockspin::machine::Isa;
use blockspin_benches::Buffers;
use blockspin_core::coarse::encoder::Encoder;
use blockspin_core::kernel::Portable;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::rsmi::{Learn, Machine};

const ENCODER: Encoder = Encoder::Relaxed { epsilon: 0.3 };

/// Bits of all parameters after three steps.
fn learned(machine: &impl Machine, batch: u32, environment: u32) -> Vec<u32> {
    let mut buffers = Buffers::new(batch, environment);
    let mut rsmi = buffers.rsmi();
    let mut noise = Stream::new(1, 0, Purpose::Encoder);
    for _ in 0..3 {
        machine.step(&mut rsmi, ENCODER, Learn::All, 5e-3, &mut noise);
    }
    rsmi.parameters()
        .iter()
        .flat_map(|lane| lane.0.map(f32::to_bits))
        .collect()
}

#[divan::bench(args = [(100, 880), (400, 880), (1000, 880), (100, 128)], consts = [0, 1, 2])]
fn step<const ISA: usize>(bencher: divan::Bencher, (batch, environment): (u32, u32)) {
    let Some(isa) = Isa::available().get(ISA).copied() else {
        return;
    };
    let expected = learned(&Portable, batch, environment);
    assert_eq!(
        learned(&isa, batch, environment),
        expected,
        "{isa} gives the bits of the reference"
    );
    let mut buffers = Buffers::new(batch, environment);
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
