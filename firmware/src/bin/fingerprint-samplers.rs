//! Fingerprints of the group `samplers`.
#![no_std]
#![no_main]

use blockspin_fingerprint::samplers;
use blockspin_firmware::{entry, fingerprint};

#[entry]
fn main() -> ! {
    blockspin_firmware::run(|| fingerprint::print(samplers::workloads()))
}
