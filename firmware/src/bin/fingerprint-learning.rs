//! Fingerprints of the group `learning`.
#![no_std]
#![no_main]

use blockspin_fingerprint::learning;
use blockspin_firmware::{entry, fingerprint};

#[entry]
fn main() -> ! {
    blockspin_firmware::run(|| fingerprint::print(learning::workloads()))
}
