//! Prints the lines of `blockspin fingerprint` from the core alone, with the smallest tile and with
//! the widest, which must agree. It takes seconds to build, so that `./check` can compare the bits of
//! the core under other compiler flags: debug, `-C target-cpu`.
//!
//! ```sh
//! RUSTFLAGS="-C target-cpu=native" cargo run -p blockspin-fingerprint --example fingerprint
//! ```

use std::process::ExitCode;

use blockspin_core::kernel::{Portable, Target};
use blockspin_core::rsmi::Machine;
use blockspin_fingerprint::{Arena, workloads};

/// Every size at its largest, and the processor's square root.
#[derive(Clone, Copy)]
struct Wide;

impl Target for Wide {
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
    type Target = Wide;
}

fn main() -> ExitCode {
    let mut arena = Arena::new();
    for (workload, same) in workloads().zip(workloads()) {
        let portable = workload.fingerprint(&Portable, &mut arena);
        let wide = same.fingerprint(&Wide, &mut arena);
        let name = workload.name;
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
