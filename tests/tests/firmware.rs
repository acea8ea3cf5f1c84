//! The training that the firmware runs, run here from the same source: the bits are those that the
//! emulated microcontroller prints, which `./check` compares with the same golden file.
//!
//! `BLOCKSPIN_BLESS=1 cargo test -p blockspin-tests --test firmware` writes the file anew.

#![allow(clippy::duplicate_mod, reason = "one source, two widths")]

use std::fs;
use std::path::Path;

use blockspin_core::kernel::Portable;

#[path = "../../firmware/src"]
mod narrow {
    pub(crate) const WIDTH: u32 = 16;
    pub(crate) mod story;
}

#[path = "../../firmware/src"]
mod wide {
    pub(crate) const WIDTH: u32 = 32;
    pub(crate) mod story;
}

macro_rules! tell {
    ($width:ident) => {{
        use $width::story::{Buffers, Chains, Event, run};
        let (mut buffers, mut chains) = (Box::new(Buffers::NEW), Box::new(Chains::NEW));
        let outcome = run::<Portable>(&mut buffers, &mut chains, |event| match event {
            Event::Step(step, bound) => assert!(step > 0 && bound.is_finite()),
            Event::HeldOut(information, error) => assert!(information > 4.0 * error),
            Event::Row(weights) => assert!(weights.iter().all(|w| w.is_finite())),
        });
        let outcome = outcome.map_err(|failure| failure.to_string()).unwrap();
        format!(
            "parameters {:016x}\ninformation {:016x}\n",
            outcome.parameters,
            outcome.information.to_bits()
        )
    }};
}

fn compare(name: &str, lines: &str) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("golden")
        .join(name);
    if std::env::var_os("BLOCKSPIN_BLESS").is_some() {
        fs::write(&golden, lines).unwrap();
    }
    assert_eq!(
        lines,
        fs::read_to_string(&golden).unwrap(),
        "{}",
        golden.display()
    );
}

#[test]
fn the_host_learns_what_the_chip_learns() {
    compare("train.txt", &tell!(narrow));
}

#[test]
fn with_wider_layers_too() {
    compare("train-wide.txt", &tell!(wide));
}
