//! Fingerprints of the group `numbers`.
#![no_std]
#![no_main]

use blockspin_fingerprint::numbers;
use blockspin_firmware::{entry, fingerprint};

#[entry]
fn main() -> ! {
    blockspin_firmware::run(|| fingerprint::print(numbers::workloads()))
}
