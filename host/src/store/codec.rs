//! The format of a checkpoint file, with one function for both reading and writing.

use std::fs::File;
use std::hash::Hasher;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};

use blockspin_core::num::lane::Lane;
use blockspin_core::num::rng::Stream;
use fnv::FnvHasher;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result, annotate, quoted};
use crate::store::folder::{FileTarget, FileWriter};

/// First bytes of a file. The number increases in a version that changes the layout of the state, or
/// that would continue with other bits.
const MAGIC: &[u8] = b"blockspin-checkpoint-1\n";
/// First bytes of the files of all versions, so that any version may replace any other's.
pub(crate) const FAMILY: &[u8] = b"blockspin-checkpoint-";
/// Length of the checksum in bytes.
const SUM: u64 = 8;

/// A number of fixed width that can be stored.
pub trait Number: Copy {
    /// Its bytes, least significant first.
    type Bytes: AsRef<[u8]> + AsMut<[u8]> + Default;
    /// Converts to bytes.
    fn to_bytes(self) -> Self::Bytes;
    /// Converts from bytes.
    fn from_bytes(bytes: Self::Bytes) -> Self;
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Number for $number {
            type Bytes = [u8; size_of::<$number>()];
            fn to_bytes(self) -> Self::Bytes {
                self.to_le_bytes()
            }
            fn from_bytes(bytes: Self::Bytes) -> Self {
                Self::from_le_bytes(bytes)
            }
        }
    )*};
}

numbers!(u32 f32);

/// A checkpoint that is being written or read. Values passed to it are copied into the file, or
/// overwritten from it.
#[derive(Debug)]
pub struct StateFile(End);

#[derive(Debug)]
enum End {
    Written(Box<BufWriter<Summed>>),
    /// The bytes without the checksum, which has been verified.
    Read(BufReader<io::Take<File>>, PathBuf),
}

/// A file, and the running checksum of what was written.
#[derive(Debug)]
struct Summed {
    file: FileWriter,
    sum: u64,
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.sum = sum(self.sum, &bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// FNV-1a 64, continued over further bytes.
fn sum(before: u64, bytes: &[u8]) -> u64 {
    let mut hash = FnvHasher::with_key(before);
    hash.write(bytes);
    hash.finish()
}

/// The hash of no bytes.
fn empty_sum() -> u64 {
    FnvHasher::default().finish()
}

impl StateFile {
    /// Passes numbers.
    ///
    /// # Errors
    /// A failure that names the file, if it cannot be written or ends too early.
    pub fn pass<T: Number>(&mut self, numbers: &mut [T]) -> Result<()> {
        for number in numbers {
            match &mut self.0 {
                End::Written(to) => to.write_all(number.to_bytes().as_ref())?,
                End::Read(from, path) => {
                    let mut bytes = T::Bytes::default();
                    from.read_exact(bytes.as_mut()).map_err(|_| damaged(path))?;
                    *number = T::from_bytes(bytes);
                }
            }
        }
        Ok(())
    }

    /// Passes a structure.
    ///
    /// # Errors
    /// Those of [`pass`](Self::pass).
    pub fn value<T: Serialize + DeserializeOwned>(&mut self, value: &mut T) -> Result<()> {
        match &mut self.0 {
            End::Written(to) => {
                let bytes = rmp_serde::to_vec_named(value);
                to.write_all(&bytes.map_err(|error| Error::failure(error.to_string()))?)?;
            }
            End::Read(from, path) => {
                *value = rmp_serde::from_read(from).map_err(|_| damaged(path))?;
            }
        }
        Ok(())
    }

    /// Refuses values that were read and are not valid.
    ///
    /// # Errors
    /// A failure that names the file.
    pub fn require(&self, can_be: bool) -> Result<()> {
        match (&self.0, can_be) {
            (_, true) => Ok(()),
            (End::Read(_, path), false) => Err(damaged(path)),
            (End::Written(_), false) => Err(Error::failure("a checkpoint of what cannot be")),
        }
    }

    /// Whether a file is being read.
    #[must_use]
    pub fn is_read(&self) -> bool {
        matches!(self.0, End::Read(..))
    }

    /// Passes a stream of random numbers: another place of the same sequence. Of those that a file could
    /// give beside it some draw the same number for ever.
    ///
    /// # Errors
    /// Those of [`pass`](Self::pass).
    pub fn stream(&mut self, stream: &mut Stream) -> Result<()> {
        let expected = stream.clone();
        self.value(stream)?;
        self.require(same_sequence(&expected, stream))
    }

    /// Passes lanes.
    ///
    /// # Errors
    /// Those of [`pass`](Self::pass).
    pub fn lanes(&mut self, lanes: &mut [Lane]) -> Result<()> {
        lanes.iter_mut().try_for_each(|lane| self.pass(&mut lane.0))
    }

    /// Begins a file with [`MAGIC`].
    pub(crate) fn create(target: &FileTarget) -> Result<Self> {
        let (file, sum) = (target.create()?, empty_sum());
        let mut to = BufWriter::new(Summed { file, sum });
        to.write_all(MAGIC)?;
        Ok(StateFile(End::Written(Box::new(to))))
    }

    /// Opens a file, verifies its checksum, and skips [`MAGIC`].
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let fail = |error| annotate("read", path, error);
        let mut file = File::open(path).map_err(fail)?;
        let length = file.metadata().map_err(fail)?.len();
        let payload = length.checked_sub(SUM).ok_or_else(|| damaged(path))?;
        let mut from = BufReader::new((&mut file).take(payload));
        let mut found = empty_sum();
        let mut magic = vec![];
        from.by_ref()
            .take(MAGIC.len() as u64)
            .read_to_end(&mut magic)
            .map_err(fail)?;
        if magic != MAGIC {
            let first = String::from_utf8_lossy(&magic);
            let first = first.lines().next().unwrap_or_default();
            return Err(
                match magic.starts_with(FAMILY) && !MAGIC.starts_with(&magic) {
                    true => Error::failure(format!(
                        "{} is a {first}, and this version of blockspin can only resume from a {}; leave out \
                     `resume` to start anew",
                        quoted(path),
                        String::from_utf8_lossy(MAGIC).trim_end()
                    )),
                    false => damaged(path),
                },
            );
        }
        found = sum(found, &magic);
        let mut bytes = vec![0; 1 << 16];
        loop {
            match from.read(&mut bytes).map_err(fail)? {
                0 => break,
                n => found = sum(found, &bytes[..n]),
            }
        }
        let mut told = [0; SUM as usize];
        file.read_exact(&mut told).map_err(|_| damaged(path))?;
        if u64::from_le_bytes(told) != found {
            return Err(damaged(path));
        }
        let first = MAGIC.len() as u64;
        file.seek(io::SeekFrom::Start(first)).map_err(fail)?;
        let from = BufReader::new(file.take(payload - first));
        Ok(StateFile(End::Read(from, path.to_path_buf())))
    }

    /// Ends it: moves a written file to its name, or checks that everything was read.
    ///
    /// # Errors
    /// A failure that names the file.
    pub fn end(self) -> Result<()> {
        match self.0 {
            End::Written(mut to) => {
                to.flush()?;
                let Summed { mut file, sum } = to
                    .into_inner()
                    .map_err(|error| Error::from(error.into_error()))?;
                file.write_all(&sum.to_le_bytes())?;
                file.commit()
            }
            End::Read(mut from, path) => match from.read(&mut [0]) {
                Ok(0) => Ok(()),
                _ => Err(damaged(&path)),
            },
        }
    }
}

/// Whether two streams are places of the same sequence.
pub(crate) fn same_sequence(a: &Stream, b: &Stream) -> bool {
    let increment = |stream: &Stream| {
        let fields = serde_json::to_value(stream).ok()?;
        fields.get("increment").cloned()
    };
    increment(a) == increment(b)
}

/// The error for an incomplete file.
pub(crate) fn damaged(path: &Path) -> Error {
    Error::failure(format!(
        "{} is damaged, and no training can resume from it; leave out `resume` to start anew",
        quoted(path)
    ))
}
