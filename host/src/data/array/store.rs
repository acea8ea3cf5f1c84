//! Bytes that are read by position, from a file or from memory.

use std::fs::File;
use std::io::{self, Read};
#[cfg(not(unix))]
use std::io::{Seek, SeekFrom, Write};
#[cfg(not(unix))]
use std::sync::{Mutex, PoisonError};

use crate::error::Result;
use crate::store::resources;

/// Scratch space up to this size is in memory, beyond it in a temporary file.
pub(crate) const IN_MEMORY: u64 = 64 << 20;

#[derive(Debug)]
pub(super) enum Store {
    #[cfg(unix)]
    File(File),
    #[cfg(not(unix))]
    File(Mutex<File>),
    Memory(Vec<u8>),
}

impl Store {
    pub(super) fn file(file: File) -> Self {
        #[cfg(not(unix))]
        let file = Mutex::new(file);
        Store::File(file)
    }

    /// Scratch space of `bytes`, to be written once: in memory if it is small and fits, else in an unnamed
    /// temporary file, which is removed when the store is dropped.
    pub(super) fn scratch(bytes: u64, name: &str) -> Result<Self> {
        if bytes <= IN_MEMORY && resources::memory(name, bytes).is_ok() {
            return Ok(Store::Memory(vec![0; bytes as usize]));
        }
        let folder = std::env::temp_dir();
        resources::scratch(&format!("a plain copy of {name}"), &folder, bytes)?;
        match tempfile::tempfile_in(&folder) {
            Ok(file) => Ok(Store::file(file)),
            Err(error) => Err(crate::error::annotate("write in", &folder, error).into()),
        }
    }

    /// Fills `to` with the bytes from position `at` on; [`io::ErrorKind::UnexpectedEof`] if there are
    /// too few.
    pub(super) fn read_at(&self, at: u64, to: &mut [u8]) -> io::Result<()> {
        match self {
            #[cfg(unix)]
            Store::File(file) => std::os::unix::fs::FileExt::read_exact_at(file, to, at),
            #[cfg(not(unix))]
            Store::File(file) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(at))?;
                file.read_exact(to)
            }
            Store::Memory(bytes) => {
                let from = usize::try_from(at)
                    .ok()
                    .and_then(|at| bytes.get(at..)?.get(..to.len()))
                    .ok_or(io::ErrorKind::UnexpectedEof)?;
                to.copy_from_slice(from);
                Ok(())
            }
        }
    }

    /// Writes `from` at position `at`, within the size given to [`scratch`](Self::scratch).
    pub(super) fn write_at(&mut self, at: u64, from: &[u8]) -> io::Result<()> {
        match self {
            #[cfg(unix)]
            Store::File(file) => std::os::unix::fs::FileExt::write_all_at(file, from, at),
            #[cfg(not(unix))]
            Store::File(file) => {
                let file = file.get_mut().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(at))?;
                file.write_all(from)
            }
            Store::Memory(bytes) => {
                let to = usize::try_from(at)
                    .ok()
                    .and_then(|at| bytes.get_mut(at..)?.get_mut(..from.len()))
                    .ok_or(io::ErrorKind::WriteZero)?;
                to.copy_from_slice(from);
                Ok(())
            }
        }
    }
}

/// A range of a store, read in order.
#[derive(Debug)]
pub(super) struct Stretch<'a> {
    store: &'a Store,
    at: u64,
    end: u64,
}

impl<'a> Stretch<'a> {
    pub(super) fn new(store: &'a Store, at: u64, end: u64) -> Self {
        Stretch { store, at, end }
    }
}

impl Read for Stretch<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let n = (to.len() as u64).min(self.end.saturating_sub(self.at)) as usize;
        self.store.read_at(self.at, &mut to[..n])?;
        self.at += n as u64;
        Ok(n)
    }
}
