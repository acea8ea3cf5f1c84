//! # blockspin-firmware
//!
//! What a program needs around the core on a microcontroller without an operating system.
//!
//! - [`run`]: paints the stack, runs the program, reports its figures, exits with a code.
//! - [`chip`]: entry, instruction counter and faults, one file an architecture.
//! - [`memory`]: what flash, statics and stack take.
//! - [`tile`]: what the core's kernels like best here.
//! - [`fingerprint`]: prints the fingerprints of a group of workloads.
//! - [`log`](mod@log) (feature `log`): defmt frames through the first serial port.
//!
//! Results go to semihosting's stdout as plain text, figures to its stderr, the log to the serial
//! port: none of them can corrupt another. Statics are [`static_cell::ConstStaticCell`]s of
//! `const` zeros: they lie in `.bss`, cost no flash, and are taken once.
//!
//! `unsafe` is forbidden in the core and allowed here alone, where memory-mapped registers, the
//! linker's symbols and the logger's contract ask for it; each block says why it is sound.
#![no_std]

use core::{fmt, panic::PanicInfo};

use blockspin_core::num::math;
pub use semihosting::{eprintln as report, println};
pub use static_cell::ConstStaticCell;

pub use chip::entry;

#[cfg_attr(target_arch = "arm", path = "chip/arm.rs")]
#[cfg_attr(target_arch = "riscv32", path = "chip/riscv.rs")]
pub mod chip;
pub mod fingerprint;
#[cfg(feature = "log")]
pub mod log;
pub mod memory;
pub mod tile;

/// Exit code of a program that reported a failure.
const FAILURE: i32 = 1;
/// Exit code of a panic, as on the host.
const PANIC: i32 = 101;
/// Exit code of a processor fault.
const FAULT: i32 = 102;

/// Runs `program` and ends the emulation: exit code 0 when it succeeds, 1 when it fails or the
/// stack has met the statics.
///
/// Its figures go to stderr, a line `NAME VALUE` each, for `firmware/run`.
pub fn run<E: fmt::Display>(program: fn() -> Result<(), E>) -> ! {
    memory::paint_stack();
    chip::start_counter();
    let start = chip::instructions();
    let outcome = program();
    let instructions = chip::instructions() - start;
    let (statics, limit) = (memory::statics(), memory::stack_limit());
    let stack = memory::stack_high_water();
    semihosting::eprintln!("math {}", math::NAME);
    semihosting::eprintln!("instructions {instructions}");
    semihosting::eprintln!("flash_bytes {}", memory::flash());
    semihosting::eprintln!("statics_bytes {statics}");
    semihosting::eprintln!("stack_bytes {stack}");
    semihosting::eprintln!("ram_limit_bytes {}", statics + limit);
    match outcome {
        Err(error) => semihosting::eprintln!("failed: {error}"),
        Ok(()) if stack >= limit => {
            semihosting::eprintln!("failed: the stack met the statics; it has {limit} bytes");
        }
        Ok(()) => semihosting::process::exit(0),
    }
    semihosting::process::exit(FAILURE)
}

#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    semihosting::eprintln!("{info}");
    semihosting::process::exit(PANIC)
}

/// Says where the processor gave up, and exits.
fn fault(address: usize) -> ! {
    semihosting::eprintln!("processor fault at {address:#010x}");
    semihosting::process::exit(FAULT)
}
