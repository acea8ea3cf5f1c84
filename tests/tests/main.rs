//! The integration tests of `./check`, in one program: `cargo test --profile checked` runs them all,
//! `cargo test --profile checked -p blockspin-tests --test main cli::train` those of one module.

mod bits;
mod cli;
mod docs;
mod math;
mod runs;
mod samplers;
