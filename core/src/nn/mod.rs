//! Neural networks: their sizes ([`network`]), forward and backward passes ([`mlp`]), activations
//! ([`activation`]).

pub mod activation;
pub mod mlp;
pub mod network;

pub use activation::Activation;
pub use mlp::Input;
pub use network::{MAX_DEPTH, Network};
