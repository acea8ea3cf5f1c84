//! Coarse-graining: the filter Λ and the encoder that makes H of Λ·v.

pub(crate) mod centre;
pub mod encoder;
pub(crate) mod norm;
