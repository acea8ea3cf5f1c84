//! Fingerprints of the group `critics`.
#![no_std]
#![no_main]

use blockspin_fingerprint::critics;
use blockspin_firmware::{entry, fingerprint};

#[entry]
fn main() -> ! {
    blockspin_firmware::run(|| fingerprint::print(critics::workloads()))
}
