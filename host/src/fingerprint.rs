//! The standard workloads on the host, on any number of threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Builder;

use blockspin_fingerprint::{Arena, workloads};

use crate::error::{Error, Result};
use crate::observer::{Observer, Phase};
use crate::run::simd::Isa;
use crate::store::resources;

/// Name and fingerprint of every workload, in their order.
///
/// # Errors
/// A failure, if a result is NaN.
pub fn all(
    isa: Isa,
    threads: usize,
    observer: &dyn Observer,
) -> Result<Vec<(&'static str, String)>> {
    let workloads: Vec<_> = workloads().collect();
    let progress = observer.begin(Phase {
        label: "fingerprints",
        total: workloads.len() as u64,
        unit: "workloads",
    });
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = vec![];
        let mut arena = Box::new(Arena::new());
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(workload) = workloads.get(index) else {
                return done;
            };
            done.push((index, workload.fingerprint(&isa, &mut arena)));
            progress.advance(1);
        }
    };
    let threads = resources::threads(threads, 0);
    let mut found = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(workloads.len()))
            .map_while(|_| Builder::new().spawn_scoped(scope, work).ok())
            .collect();
        let mut found = work();
        for other in others {
            found.extend(other.join().unwrap_or_default());
        }
        found
    });
    found.sort_unstable();
    found
        .into_iter()
        .map(|(index, hash)| {
            let name = workloads[index].name;
            let hash = hash.ok_or_else(|| {
                Error::failure(format!(
                    "workload {name} gave a NaN, or is too large for its storage"
                ))
            })?;
            Ok((name, format!("{hash:016x}")))
        })
        .collect()
}
