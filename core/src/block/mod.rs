//! From configurations to samples: the window of block, buffer and environment, and the batch.

pub mod pool;
pub mod region;
pub mod row;
pub mod window;
