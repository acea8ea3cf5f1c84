//! Bounds, gradients and storage against references in f64 that were written apart.

mod bound;
mod gradients;
mod maps;
mod storage;
