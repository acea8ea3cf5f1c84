//! Prints the standard workloads' fingerprints, a line `NAME HEX16` each: the lines of
//! `blockspin fingerprint` on the host, bit for bit.
#![no_std]
#![no_main]

use core::fmt;

use blockspin_core::fingerprint::{self, Arena, WORKLOADS};
use blockspin_firmware::tile::Chip;
use blockspin_firmware::{ConstStaticCell, entry, println};

static ARENA: ConstStaticCell<Arena> = ConstStaticCell::new(Arena::new());

/// A workload came to no number.
struct Failure(&'static str);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has no fingerprint", self.0)
    }
}

#[entry]
fn main() -> ! {
    blockspin_firmware::run(print)
}

fn print() -> Result<(), Failure> {
    let arena = ARENA.take();
    for (index, name) in WORKLOADS.into_iter().enumerate() {
        let hash = fingerprint::run(index, &Chip, arena).ok_or(Failure(name))?;
        println!("{name} {hash:016x}");
    }
    Ok(())
}
