//! Prints fingerprints, a line `NAME HEX16` for each workload: lines of `blockspin fingerprint` on
//! the host, bit for bit.

use core::fmt;

use blockspin_fingerprint::{Arena, Workload};

use crate::tile::Chip;
use crate::{ConstStaticCell, println};

static ARENA: ConstStaticCell<Arena> = ConstStaticCell::new(Arena::new());

/// The workload of this name has no fingerprint.
#[derive(Debug)]
pub struct Failure(&'static str);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has no fingerprint", self.0)
    }
}

/// Runs the workloads of a group one after another. Once: it takes the arena.
///
/// # Errors
/// Names the workload that gave a NaN, or found the arena too small.
pub fn print<const N: usize>(workloads: [Workload<Chip>; N]) -> Result<(), Failure> {
    let arena = ARENA.take();
    for workload in workloads {
        let name = workload.name;
        let hash = workload.fingerprint(&Chip, arena).ok_or(Failure(name))?;
        println!("{name} {hash:016x}");
    }
    Ok(())
}
