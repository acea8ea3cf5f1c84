//! Inputs that nobody would write: files that are damaged, with checksums that fit again; numbers at
//! their limits for what the core constructs, and the first use of it; command lines of random words.
//!
//! All are made from seeds, so that a test of a thousand inputs is the same everywhere, and the long
//! tier tries a thousand times as many.

mod commands;
mod core;
mod engine;
mod readers;
mod states;
