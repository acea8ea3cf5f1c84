//! Coarse-graining: the filter Λ and the encoder that makes H of Λ·v.

pub mod encoder;
