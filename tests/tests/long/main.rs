//! The opt-in tier, which `./check --long` runs with `cargo test --release -p blockspin-tests
//! --test long`: an hour or so on one core.

mod coverage;
mod models;
mod statistics;
