//! The claim of a process to a name for output, and what dead processes left behind.
//!
//! A claim is a hidden file beside the output, locked by the system for as long as its process lives and
//! removed at its end. Temporary names of an output begin with those of its claim, so whoever holds the
//! lock of a claim knows that nobody else is using these. A process that was killed leaves a claim that
//! nobody locks: the next one that writes into the folder takes it over, and removes what belongs to it.
//!
//! A lock file may be removed only by whoever has locked it, and a lock counts only while the file still
//! has its name: then no two processes hold a claim at once.

use std::fs::{self, File, TryLockError};
use std::hash::Hasher;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fnv::FnvHasher;

use crate::error::{Error, Result, annotate, quoted};

/// Hidden names begin like this; they are in the folder of their target.
const PREFIX: &str = ".blockspin-";
/// Ending of the lock files.
const LOCK: &str = ".lock";
/// A folder that is being replaced is inside one whose name begins like this, after the claim's.
const ASIDE: &str = "old-";
/// Attempts at a lock, and the time between them: who takes over an abandoned claim holds it briefly.
const ATTEMPTS: u32 = 20;
const WAIT: Duration = Duration::from_millis(10);

/// Names that this process has made, for removal if it is terminated. Locked while one is created,
/// renamed or removed, so that nothing is removed halfway.
#[derive(Debug)]
pub(super) struct Names {
    /// Temporary files and folders, including removed ones.
    pub(super) temporary: Vec<PathBuf>,
    locks: Vec<PathBuf>,
    /// Folders around outputs, which did not exist before.
    folders: Vec<PathBuf>,
}

static NAMES: Mutex<Names> = Mutex::new(Names {
    temporary: vec![],
    locks: vec![],
    folders: vec![],
});

pub(super) fn names() -> MutexGuard<'static, Names> {
    NAMES.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Names {
    /// Removes everything that is unfinished.
    pub(super) fn remove(&self) {
        self.temporary.iter().for_each(|name| remove(name));
        for lock in &self.locks {
            let _ = fs::remove_file(lock);
        }
        // Those with something in them stay.
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

fn remove(name: &Path) {
    let _ = fs::remove_file(name).or_else(|_| fs::remove_dir_all(name));
}

/// Folders that were made for an output; those that are still empty are removed when it is dropped.
#[derive(Debug, Default)]
pub(super) struct Around(Vec<PathBuf>);

impl Around {
    /// Makes the folder, and those around it that are missing.
    pub(super) fn make(folder: &Path) -> io::Result<Self> {
        let mut around = Around::default();
        let mut missing = vec![];
        let mut at = Some(folder);
        while let Some(folder) = at.filter(|folder| !folder.as_os_str().is_empty()) {
            match fs::metadata(folder) {
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(folder),
                Err(error) => return Err(error),
            }
            at = folder.parent();
        }
        for folder in missing.into_iter().rev() {
            let mut names = names();
            match fs::create_dir(folder) {
                Ok(()) => {
                    let made = fs::canonicalize(folder)?;
                    names.folders.push(made.clone());
                    around.0.push(made);
                }
                // Another process was faster.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(around)
    }
}

impl Drop for Around {
    fn drop(&mut self) {
        if self.0.is_empty() {
            return;
        }
        let mut names = names();
        for folder in self.0.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
        names.folders.retain(|name| !self.0.contains(name));
    }
}

/// The claim to a name. The name is free again when it is dropped.
#[derive(Debug)]
pub(super) struct Claim {
    /// What temporary names of this output begin with.
    prefix: String,
    /// None, where the file system has no locks.
    lock: Option<(PathBuf, File)>,
    /// Dropped after the lock file inside was removed.
    _around: Around,
}

impl Claim {
    /// Claims `parent`/`name`, after removing what dead processes left in the folder. `given` is the
    /// output in messages.
    ///
    /// # Errors
    /// A failure, if another process holds the claim, or the folder cannot be written to.
    pub(super) fn new(given: &Path, real: &Path, parent: &Path, around: Around) -> Result<Self> {
        sweep(parent);
        let mut hash = FnvHasher::default();
        hash.write(real.file_name().unwrap_or_default().as_encoded_bytes());
        let group = format!("{PREFIX}{:016x}", hash.finish());
        let path = parent.join(format!("{group}{LOCK}"));
        let mut claim = Claim {
            prefix: group + "-",
            lock: None,
            _around: around,
        };
        for attempt in 1.. {
            let mut names = names();
            match File::options()
                .read(true)
                .write(true)
                .create_new(true)
                .open(&path)
            {
                Ok(mut file) => match file.try_lock() {
                    Ok(()) if is_named(&file, &path) => {
                        sign(&mut file).map_err(|error| {
                            let _ = fs::remove_file(&path);
                            annotate("write", given, error)
                        })?;
                        names.locks.push(path.clone());
                        claim.lock = Some((path, file));
                        return Ok(claim);
                    }
                    // Somebody took the new file for an abandoned one.
                    Ok(()) | Err(TryLockError::WouldBlock) => {}
                    Err(TryLockError::Error(_)) => {
                        let _ = fs::remove_file(&path);
                        return Ok(claim);
                    }
                },
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    if attempt > ATTEMPTS {
                        return Err(taken(given, &path));
                    }
                    if take_over(parent, &path) {
                        continue;
                    }
                }
                Err(error) => return Err(annotate("write", given, error).into()),
            }
            drop(names);
            std::thread::sleep(WAIT);
        }
        unreachable!("attempts end")
    }

    /// What the names of temporary files and folders of this output begin with.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The same for the folder that holds what is being replaced.
    pub(super) fn aside(&self) -> String {
        format!("{}{ASIDE}", self.prefix)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some((path, _file)) = self.lock.take() {
            let mut names = names();
            let _ = fs::remove_file(&path);
            names.locks.retain(|name| *name != path);
        }
    }
}

/// Writes into a lock file whose it is, for those who are refused.
fn sign(file: &mut File) -> io::Result<()> {
    // Others must be able to find out whether it is abandoned.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    file.write_all(format!("{}\n", std::process::id()).as_bytes())
}

/// The error for an output that another process writes.
fn taken(given: &Path, lock: &Path) -> Error {
    let process = fs::read_to_string(lock)
        .ok()
        .and_then(|text| text.trim().parse::<u32>().ok())
        .map_or("another process".into(), |id| format!("process {id}"));
    let since = fs::metadata(lock)
        .and_then(|meta| meta.modified())
        .ok()
        .and_then(|begun| begun.elapsed().ok())
        .map_or(String::new(), |time| {
            format!(", which began {} s ago", time.as_secs())
        });
    Error::failure(format!(
        "{} is already being written by {process}{since}; wait for its end, or give another name",
        quoted(given)
    ))
}

/// Takes over all abandoned claims in a folder.
fn sweep(folder: &Path) {
    for name in hidden(folder, PREFIX) {
        if name.ends_with(LOCK) {
            let _names = names();
            take_over(folder, &folder.join(name));
        }
    }
}

/// If a claim is abandoned, removes what belongs to it.
fn take_over(folder: &Path, lock: &Path) -> bool {
    // To open a pipe is to wait for a writer.
    if !fs::symlink_metadata(lock).is_ok_and(|meta| meta.is_file()) {
        return false;
    }
    let Ok(file) = File::open(lock) else {
        return false;
    };
    if file.try_lock().is_err() || !is_named(&file, lock) {
        return false;
    }
    let name = lock.file_name().and_then(|name| name.to_str());
    let Some(group) = name.and_then(|name| name.strip_suffix(LOCK)) else {
        return false;
    };
    let prefix = format!("{group}-");
    for name in hidden(folder, &prefix) {
        let path = folder.join(&name);
        if name[prefix.len()..].starts_with(ASIDE) {
            restore(folder, &path);
        }
        remove(&path);
    }
    fs::remove_file(lock).is_ok()
}

/// Moves back what was about to be replaced, if its process died before the replacement was there.
fn restore(folder: &Path, aside: &Path) {
    for entry in fs::read_dir(aside).into_iter().flatten().flatten() {
        let to = folder.join(entry.file_name());
        if fs::symlink_metadata(&to).is_err() {
            let _ = fs::rename(entry.path(), to);
        }
    }
}

/// Names in a folder that begin with a prefix; none, if it cannot be listed.
fn hidden(folder: &Path, prefix: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with(prefix))
        .collect()
}

/// Whether an open file still has this name.
#[cfg(unix)]
fn is_named(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let of = |meta: fs::Metadata| (meta.dev(), meta.ino());
    let named = fs::symlink_metadata(path).map(of);
    file.metadata().map(of).ok() == named.ok()
}

/// On other systems a file that is open may keep its name until it is closed.
#[cfg(not(unix))]
fn is_named(_: &File, path: &Path) -> bool {
    path.exists()
}
