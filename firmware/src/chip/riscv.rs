//! RISC-V: `minstret` counts, any exception ends the program.

use riscv::register::{mepc, minstret};

pub use riscv_rt::entry;

#[unsafe(export_name = "ExceptionHandler")]
fn exception(_frame: &riscv_rt::TrapFrame) -> ! {
    crate::fault(mepc::read())
}

/// Starts the instruction counter, which runs by itself here.
pub fn start_counter() {}

/// Instructions retired since reset.
#[must_use]
pub fn instructions() -> u64 {
    minstret::read64()
}
