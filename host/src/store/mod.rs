//! Output that is written completely or not at all, and checks of disk space and memory.

mod claim;
pub mod codec;
pub mod folder;
pub mod resources;
