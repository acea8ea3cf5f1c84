//! Threads that work ahead, and what they work on.
//!
//! Whoever has work adds it once, and tells when some of it waits. The workers take it piece by piece,
//! the most urgent first; whoever waits for a result may help. Who does a piece, and when, must not
//! show in what comes of it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

/// What is done in pieces.
pub trait Work: Send + Sync {
    /// Does one piece; false if none waits.
    fn piece(&self) -> bool;
}

/// Locks, whatever became of whoever had it before: a panic is passed on by other means.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Default)]
struct State {
    /// The most urgent first.
    all: Vec<(u8, Arc<dyn Work>)>,
    /// Counts what may have changed: pieces that wait, and pieces that are done.
    changes: u64,
    over: bool,
    /// Whether a piece panicked, and what of, to go on in whoever waits.
    broken: bool,
    panic: Option<Box<dyn Any + Send>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn tell(&self) {
        let mut state = lock(&self.state);
        state.changes += 1;
        drop(state);
        self.changed.notify_all();
    }

    /// Until `done` does pieces, or only waits.
    fn work(&self, helps: bool, done: impl Fn(&State) -> bool) {
        let mut state = lock(&self.state);
        while !done(&state) {
            let (seen, all) = (state.changes, state.all.clone());
            drop(state);
            let piece = || all.iter().any(|(_, work)| work.piece());
            let found = helps
                && catch_unwind(AssertUnwindSafe(piece)).unwrap_or_else(|panic| {
                    let mut state = lock(&self.state);
                    (state.broken, state.panic) = (true, Some(panic));
                    true
                });
            if found {
                self.tell();
            }
            state = lock(&self.state);
            while !found && state.changes == seen {
                let wait = self.changed.wait(state);
                state = wait.unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

/// So many threads, the caller's among them.
pub struct Crew {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

impl Crew {
    /// Starts all threads but the caller's, or as many of them as the system grants.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared::default());
        let worker = |_| {
            let shared = shared.clone();
            let work = move || shared.work(true, |state| state.over);
            Builder::new().spawn(work).ok()
        };
        let workers = (1..threads).map_while(worker).collect();
        Crew { shared, workers }
    }

    /// Whether there are threads beside the caller's.
    #[must_use]
    pub fn has_others(&self) -> bool {
        !self.workers.is_empty()
    }

    /// Adds work; 0 is the most urgent.
    pub fn add(&self, urgency: u8, work: Arc<dyn Work>) {
        let mut state = lock(&self.shared.state);
        let at = state.all.partition_point(|(other, _)| *other <= urgency);
        state.all.insert(at, (urgency, work));
    }

    /// Forgets work. Pieces that are being done come to their end.
    pub fn remove(&self, work: &Arc<dyn Work>) {
        let mut state = lock(&self.shared.state);
        state.all.retain(|(_, other)| !Arc::ptr_eq(other, work));
    }

    /// Tells that pieces wait, or that what somebody waits for may be there.
    pub fn tell(&self) {
        self.shared.tell();
    }

    /// Waits until something is there, and does pieces of all work meanwhile if the caller `helps`.
    pub fn until(&self, helps: bool, there: impl Fn() -> bool) {
        let done = |state: &State| state.broken || there();
        self.shared.work(helps, done);
        let mut state = lock(&self.shared.state);
        if let Some(panic) = state.panic.take() {
            drop(state);
            resume_unwind(panic);
        }
        assert!(!state.broken, "what another thread did panicked");
    }
}

/// Workers end with the piece they are at.
impl Drop for Crew {
    fn drop(&mut self) {
        lock(&self.shared.state).over = true;
        self.shared.tell();
        for worker in self.workers.drain(..) {
            // A panic of a piece was caught.
            let _ = worker.join();
        }
    }
}
