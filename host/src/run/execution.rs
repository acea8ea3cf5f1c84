//! How a run is carried out. No result depends on any of it.

use std::path::PathBuf;
use std::sync::Arc;

use super::simd::Isa;
use crate::observer::{Observer, Silent};

/// Threads, instructions, progress and checkpoints of a run.
#[derive(Clone, Debug)]
pub struct Execution {
    /// Threads.
    pub threads: usize,
    /// Instructions to compute with.
    pub isa: Isa,
    /// Shows progress.
    pub observer: Arc<dyn Observer>,
    /// Where a training that is stopped can be resumed; none: nowhere.
    pub checkpoint: Option<CheckpointPlan>,
}

/// When and where checkpoints are written.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckpointPlan {
    /// The file.
    pub path: PathBuf,
    /// Seconds of training from one to the next; 0: none is written.
    pub seconds: f64,
    /// Whether the training resumes from the one that is there.
    pub resume: bool,
}

impl Default for Execution {
    /// All cores, the fastest instructions, silence, no checkpoints.
    fn default() -> Self {
        Execution {
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            isa: Isa::fastest(),
            observer: Arc::new(Silent),
            checkpoint: None,
        }
    }
}
