//! Prints the lines of `blockspin fingerprint` from the core alone, with the smallest tile and with
//! the widest, which must agree. It takes seconds to build, so that `./check` can compare the bits of
//! the core under other compiler flags: debug, `-C target-cpu`.
//!
//! ```sh
//! RUSTFLAGS="-C target-cpu=native" cargo run -p blockspin-core --example fingerprint
//! ```

use std::process::ExitCode;

use blockspin_core::encoder::Encoder;
use blockspin_core::fingerprint::{Arena, WORKLOADS, run};
use blockspin_core::kernel::{Portable, Tile};
use blockspin_core::num::rng::Stream;
use blockspin_core::rsmi::{Learn, Machine, Rsmi};

/// Every size at its largest, and the processor's square root.
#[derive(Clone, Copy)]
struct Wide;

impl Tile for Wide {
    const ROWS: usize = 4;
    const COLUMNS: usize = 16;
    const LANES: usize = 2;
    const CHUNKS: usize = 8;

    #[inline(always)]
    fn sqrt(x: f32) -> f32 {
        x.sqrt()
    }
}

impl Machine for Wide {
    fn step(
        &self,
        rsmi: &mut Rsmi,
        encoder: Encoder,
        learn: Learn,
        rate: f32,
        stream: &mut Stream,
    ) -> f32 {
        rsmi.step::<Wide>(encoder, learn, rate, stream)
    }

    fn evaluate(&self, rsmi: &mut Rsmi, encoder: Encoder, stream: &mut Stream, terms: &mut [f32]) {
        rsmi.evaluate::<Wide>(encoder, stream, terms);
    }
}

fn main() -> ExitCode {
    let mut arena = Arena::new();
    for (index, name) in WORKLOADS.into_iter().enumerate() {
        let portable = run(index, &Portable, &mut arena);
        let wide = run(index, &Wide, &mut arena);
        match portable {
            Some(hash) if wide == portable => println!("{name} {hash:016x}"),
            _ => {
                eprintln!(
                    "{name}: {portable:x?} with the smallest tile, {wide:x?} with the widest"
                );
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
