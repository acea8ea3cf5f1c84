//! Equal bits: on every instruction set, any number of threads, and on the chip.

mod fingerprint;
mod firmware;
