//! Writes the chip's memory map and hands the linker its scripts: from here, because a user's
//! `RUSTFLAGS` replaces those of `.cargo/config.toml`.

use std::{env, error::Error, fs, path::Path};

/// The memories of the emulated chips; what does not fit, the linker refuses.
const CHIPS: [(&str, &str); 3] = [
    // STM32F405 (netduinoplus2), without its 64 KiB of core-coupled memory.
    (
        "thumbv7em-none-eabihf",
        "MEMORY {
    FLASH (rx)  : ORIGIN = 0x08000000, LENGTH = 1M
    RAM   (rwx) : ORIGIN = 0x20000000, LENGTH = 128K
}",
    ),
    // nRF51822 (microbit).
    (
        "thumbv6m-none-eabi",
        "MEMORY {
    FLASH (rx)  : ORIGIN = 0x00000000, LENGTH = 256K
    RAM   (rwx) : ORIGIN = 0x20000000, LENGTH = 16K
}",
    ),
    // SiFive FE310 (sifive_e, the first HiFive1), behind the boot loader in its serial flash.
    (
        "riscv32imac-unknown-none-elf",
        "MEMORY {
    FLASH (rx)  : ORIGIN = 0x20400000, LENGTH = 12M
    RAM   (rwx) : ORIGIN = 0x80000000, LENGTH = 16K
}
REGION_ALIAS(\"REGION_TEXT\", FLASH);
REGION_ALIAS(\"REGION_RODATA\", FLASH);
REGION_ALIAS(\"REGION_DATA\", RAM);
REGION_ALIAS(\"REGION_BSS\", RAM);
REGION_ALIAS(\"REGION_HEAP\", RAM);
REGION_ALIAS(\"REGION_STACK\", RAM);",
    ),
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let target = env::var("TARGET")?;
    let Some((_, memory)) = CHIPS.iter().find(|(name, _)| *name == target) else {
        let known = CHIPS.map(|(name, _)| name).join(", ");
        println!("cargo::error=no chip for {target}; add its memory to build.rs or take {known}");
        return Ok(());
    };
    let out = env::var("OUT_DIR")?;
    fs::write(Path::new(&out).join("memory.x"), memory)?;
    println!("cargo::rustc-link-search={out}");
    if target.starts_with("riscv") {
        println!("cargo::rustc-link-arg-bins=-Tmemory.x");
    }
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    // Without it the linker pads segments to pages, which chips do not have.
    println!("cargo::rustc-link-arg-bins=--nmagic");
    if env::var_os("CARGO_FEATURE_LOG").is_some() {
        println!("cargo::rustc-link-arg-bins=-Tdefmt.x");
    }
    Ok(())
}
