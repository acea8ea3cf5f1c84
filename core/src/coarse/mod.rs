//! Coarse-graining: the filter Λ and the encoder that makes H of Λ·v.

pub mod binary;
pub(crate) mod centre;
pub mod continuous;
pub mod encoder;
pub(crate) mod norm;
pub mod states;
