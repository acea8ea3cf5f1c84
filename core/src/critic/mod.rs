//! The critic f(h, e) = u(h) · v(e) and the networks that it is made of.

pub mod mlp;
