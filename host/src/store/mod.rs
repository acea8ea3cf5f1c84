//! What is written, whole or not at all, and what fits on the disk and into memory.

pub mod codec;
pub mod folder;
pub mod resources;
