//! A training that is under way, written down, so that one that was killed goes on as if nothing had
//! been: bit by bit, whenever it was written and with any number of threads.
//!
//! # The file
//! One file beside the run's folder, `RUN.checkpoint`: written under another name and renamed, so
//! that there always is a whole one, and removed when the folder is there. Little-endian, in this
//! order: `blockspin-checkpoint-1` and a line feed; the options of the training, as a length and
//! text; FNV-1a 64 of what identifies its data, 0 of a model; what the pilot found; the state of the
//! training as `learn` has it; FNV-1a 64 of all bytes before. Lengths are of 64 bits, numbers of
//! their own width, and nothing is aligned.
//!
//! A [`Tape`] goes both ways, so that one function for each type says what is written and what is
//! read, and the two cannot differ.

use std::fs::File;
use std::hash::Hasher;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use blockspin_core::num::lane::Lane;
use blockspin_core::num::rng::Stream;
use fnv::FnvHasher;

use crate::chains::Plan;
use crate::error::{Error, Result, annotate, quoted};
use crate::output::{FileTarget, FileWriter};
use crate::progress::Progress;

/// How a file begins. A version that lays out the state otherwise, or goes on to other bits, counts
/// up the number.
const MAGIC: &[u8] = b"blockspin-checkpoint-1\n";
/// Every version's files begin like this, so that any version may replace any other's.
const FAMILY: &[u8] = b"blockspin-checkpoint-";
/// Bytes of the checksum.
const SUM: u64 = 8;
/// Bytes of the options, at most.
const WORDS: usize = 1 << 24;

/// A number of a fixed width.
pub trait Number: Copy {
    /// Its bytes, the lowest first.
    type Bytes: AsRef<[u8]> + AsMut<[u8]> + Default;
    /// To bytes.
    fn to_bytes(self) -> Self::Bytes;
    /// From bytes.
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

numbers!(u8 u32 u64 f32 f64);

/// A checkpoint that is written, or one that is read. What passes is copied to it, or overwritten
/// from it.
#[derive(Debug)]
pub struct Tape(End);

#[derive(Debug)]
enum End {
    Written(Box<BufWriter<Summed>>),
    /// Without the checksum, which has been compared.
    Read(BufReader<io::Take<File>>, PathBuf),
}

/// A file, and the checksum of what has gone into it.
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

/// FNV-1a 64 of bytes that follow others.
fn sum(before: u64, bytes: &[u8]) -> u64 {
    let mut hash = FnvHasher::with_key(before);
    hash.write(bytes);
    hash.finish()
}

/// Of none.
fn empty_sum() -> u64 {
    FnvHasher::default().finish()
}

impl Tape {
    /// Some numbers.
    ///
    /// # Errors
    /// A failure that names the file: it cannot be written, or ends too early.
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

    /// One number.
    ///
    /// # Errors
    /// Those of [`pass`](Self::pass).
    pub fn number<T: Number>(&mut self, number: &mut T) -> Result<()> {
        self.pass(std::slice::from_mut(number))
    }

    /// A count of at most `most`.
    ///
    /// # Errors
    /// Those of [`pass`](Self::pass); a failure if what is read is more.
    pub fn count(&mut self, count: &mut usize, most: usize) -> Result<()> {
        let mut wide = *count as u64;
        self.number(&mut wide)?;
        *count = usize::try_from(wide)
            .ok()
            .filter(|count| *count <= most)
            .ok_or_else(|| self.damaged())?;
        Ok(())
    }

    /// Yes or no.
    ///
    /// # Errors
    /// Those of [`count`](Self::count).
    pub fn flag(&mut self, flag: &mut bool) -> Result<()> {
        let mut count = usize::from(*flag);
        self.count(&mut count, 1)?;
        *flag = count == 1;
        Ok(())
    }

    /// A number that there may be.
    ///
    /// # Errors
    /// Those of [`count`](Self::count).
    pub fn option<T: Number + Default>(&mut self, option: &mut Option<T>) -> Result<()> {
        let (mut is_some, mut number) = (option.is_some(), option.unwrap_or_default());
        self.flag(&mut is_some)?;
        self.number(&mut number)?;
        *option = is_some.then_some(number);
        Ok(())
    }

    /// Lanes.
    ///
    /// # Errors
    /// Those of [`pass`](Self::pass).
    pub fn lanes(&mut self, lanes: &mut [Lane]) -> Result<()> {
        lanes.iter_mut().try_for_each(|lane| self.pass(&mut lane.0))
    }

    /// A stream of random numbers.
    ///
    /// # Errors
    /// Those of [`pass`](Self::pass).
    pub fn stream(&mut self, stream: &mut Stream) -> Result<()> {
        let mut state = stream.state();
        self.pass(&mut state)?;
        *stream = Stream::from_state(state);
        Ok(())
    }

    fn text(&mut self, text: &mut String) -> Result<()> {
        let mut bytes = std::mem::take(text).into_bytes();
        let mut length = bytes.len();
        self.count(&mut length, WORDS)?;
        if let End::Read(from, path) = &self.0
            && from.get_ref().limit() + (from.buffer().len() as u64) < length as u64
        {
            return Err(damaged(path));
        }
        bytes.resize(length, 0);
        self.pass(&mut bytes)?;
        *text = String::from_utf8(bytes).map_err(|_| self.damaged())?;
        Ok(())
    }

    /// What to say where what was read cannot be.
    #[must_use]
    pub fn damaged(&self) -> Error {
        match &self.0 {
            End::Written(_) => Error::failure("a checkpoint of what cannot be"),
            End::Read(_, path) => damaged(path),
        }
    }

    /// Opens one that is whole, behind its [`MAGIC`].
    fn open(path: &Path) -> Result<Self> {
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
            return Err(match magic.starts_with(FAMILY) {
                true => Error::failure(format!(
                    "{} is of another version of blockspin, which alone can go on from it; leave \
                     out --resume to start anew",
                    quoted(path)
                )),
                false => damaged(path),
            });
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
        Ok(Tape(End::Read(from, path.to_path_buf())))
    }

    /// Ends it: puts what was written in its place, or makes sure that all was read.
    fn end(self) -> Result<()> {
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

fn damaged(path: &Path) -> Error {
    Error::failure(format!(
        "{} is damaged, and no training can go on from it; leave out --resume to start anew",
        quoted(path)
    ))
}

/// What a pilot found, and what that took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// When and how often chains are looked at.
    pub plan: Plan,
    /// Single clusters of an update, where the pilot chose these.
    pub clusters: Option<u32>,
    /// Wall time, in seconds.
    pub seconds: f64,
}

/// What a checkpoint is of.
#[derive(Clone, Debug, Default)]
struct Head {
    /// The options of the training.
    words: String,
    /// FNV-1a 64 of what identifies its data.
    data: u64,
    measured: Option<Measured>,
}

impl Head {
    fn pass(&mut self, tape: &mut Tape) -> Result<()> {
        tape.text(&mut self.words)?;
        tape.number(&mut self.data)?;
        let mut is_measured = self.measured.is_some();
        tape.flag(&mut is_measured)?;
        if is_measured {
            let Measured {
                plan,
                clusters,
                seconds,
            } = self.measured.get_or_insert(Measured {
                plan: Plan::UNMEASURED,
                clusters: None,
                seconds: 0.0,
            });
            tape.number(&mut plan.burn_in)?;
            tape.number(&mut plan.thin)?;
            tape.number(&mut plan.autocorrelation)?;
            tape.flag(&mut plan.equilibrated)?;
            tape.flag(&mut plan.frozen)?;
            tape.number(&mut plan.order_squared)?;
            tape.option(clusters)?;
            tape.number(seconds)?;
        }
        Ok(())
    }
}

/// The checkpoint of a run: where it lies, when it is due, and the one that was found.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    /// None: none is written.
    target: Option<FileTarget>,
    every: Duration,
    written: Instant,
    head: Head,
    found: Option<Tape>,
}

impl Checkpoint {
    /// Checks that a checkpoint can be written at `path` every so many seconds, never for 0, and
    /// finds the one to be resumed, which is of a training with the options `words`. What else there
    /// is to say of what lies there is said on standard error.
    ///
    /// # Errors
    /// Usage, if something else lies there, or the checkpoint of another training; a failure, if it
    /// is damaged or its folder is closed.
    pub fn check(path: &Path, seconds: f64, resume: bool, words: &str) -> Result<Self> {
        let every = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        let exists = path.symlink_metadata().is_ok();
        if exists && (resume || !every.is_zero()) && !is_ours(path) {
            return Err(Error::usage(format!(
                "{} is where this run's checkpoint belongs, and is none, so it is not replaced; give \
                 another --out",
                quoted(path)
            )));
        }
        let target = match every.is_zero() {
            true => None,
            false => Some(FileTarget::check(path, 0)?),
        };
        let mut checkpoint = Checkpoint {
            path: path.to_path_buf(),
            target,
            every,
            written: Instant::now(),
            head: Head {
                words: words.into(),
                ..Head::default()
            },
            found: None,
        };
        let silent = Progress::new(true, "", 0, "");
        match (resume, exists) {
            (true, true) => checkpoint.find()?,
            (true, false) => silent.say(&format!(
                "note: there is no {}: the training starts anew",
                quoted(path)
            )),
            (false, true) if is_ours(path) => silent.say(&format!(
                "note: {} is of a training that was not finished; --resume goes on from it, without \
                 it the training starts anew and replaces it",
                quoted(path)
            )),
            (false, _) => {}
        }
        Ok(checkpoint)
    }

    fn find(&mut self) -> Result<()> {
        let mut tape = Tape::open(&self.path)?;
        let mut head = Head::default();
        head.pass(&mut tape)?;
        if head.words != self.head.words {
            let (found, given) = difference(&head.words, &self.head.words);
            return Err(Error::usage(format!(
                "{} is of a training with {found}, and this one has {given}; give the same options, \
                 or leave out --resume to start anew",
                quoted(&self.path)
            )));
        }
        (self.head, self.found) = (head, Some(tape));
        Ok(())
    }

    /// What the pilot of the training to be resumed found.
    #[must_use]
    pub fn measured(&self) -> Option<Measured> {
        self.head.measured
    }

    /// Tells what the pilot found.
    pub fn set_measured(&mut self, measured: Measured) {
        self.head.measured = Some(measured);
    }

    /// Tells what identifies the data.
    ///
    /// # Errors
    /// Usage, if those of the training to be resumed are others.
    pub fn set_data(&mut self, data: u64) -> Result<()> {
        if self.found.is_some() && self.head.data != data {
            return Err(Error::usage(format!(
                "{} is of a training on other values than those that the file holds now; leave out \
                 --resume to start anew",
                quoted(&self.path)
            )));
        }
        self.head.data = data;
        Ok(())
    }

    /// Makes sure that there is room for a checkpoint of `bytes` beside the last one.
    ///
    /// # Errors
    /// Those of [`FileTarget::check`].
    pub fn fits(&self, bytes: u64) -> Result<()> {
        if self.target.is_some() {
            FileTarget::check(&self.path, bytes.saturating_mul(2))
                .map_err(|error| error.hint("--checkpoint 0 writes no checkpoint"))?;
        }
        Ok(())
    }

    /// Reads the state of the training to be resumed, if there is one. From now on time counts.
    ///
    /// # Errors
    /// Those of `pass`; a failure, if something is left.
    pub fn resume(&mut self, pass: impl FnOnce(&mut Tape) -> Result<()>) -> Result<bool> {
        self.written = Instant::now();
        let Some(mut tape) = self.found.take() else {
            return Ok(false);
        };
        pass(&mut tape)?;
        tape.end()?;
        Ok(true)
    }

    /// Whether it is time to write one.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.target.is_some() && self.written.elapsed() >= self.every
    }

    /// Writes one. A training does not end because this fails: it is told, and the last one is kept.
    pub fn write(&mut self, progress: &Progress, pass: impl FnOnce(&mut Tape) -> Result<()>) {
        if let Err(error) = self.try_write(pass) {
            progress.say(&format!(
                "warning: {}; the training goes on without a new checkpoint",
                error.message()
            ));
        }
        self.written = Instant::now();
    }

    fn try_write(&mut self, pass: impl FnOnce(&mut Tape) -> Result<()>) -> Result<()> {
        let Some(target) = &self.target else {
            return Ok(());
        };
        if self.path.symlink_metadata().is_ok() && !is_ours(&self.path) {
            return Err(Error::failure(format!(
                "{} is no checkpoint, so it is not replaced",
                quoted(&self.path)
            )));
        }
        let (file, sum) = (target.create()?, empty_sum());
        let mut tape = Tape(End::Written(Box::new(BufWriter::new(Summed { file, sum }))));
        tape.pass(&mut MAGIC.to_vec())?;
        self.head.pass(&mut tape)?;
        pass(&mut tape)?;
        tape.end()
    }

    /// Removes it: the run is finished.
    ///
    /// # Errors
    /// A failure that names it.
    pub fn remove(self) -> Result<()> {
        drop(self.found);
        if !is_ours(&self.path) {
            return Ok(());
        }
        std::fs::remove_file(&self.path)
            .map_err(|error| annotate("remove", &self.path, error).into())
    }
}

/// Whether a file is a checkpoint, of any version.
fn is_ours(path: &Path) -> bool {
    // To open a pipe is to wait for a writer.
    if !path.metadata().is_ok_and(|meta| meta.is_file()) {
        return false;
    }
    let mut first = [0; FAMILY.len()];
    File::open(path).is_ok_and(|mut file| file.read_exact(&mut first).is_ok()) && first == FAMILY
}

/// The first options in which two command lines differ.
fn difference(found: &str, given: &str) -> (String, String) {
    let [mut found, mut given] = [found, given].map(|words| words.split(" --"));
    let name = |option: &str| option.split(' ').next().map(str::to_string);
    let shown = |option: Option<&str>, other: Option<&str>| match (option, other) {
        (Some(option), _) => format!("--{option}"),
        (None, Some(other)) => format!("no --{}", name(other).unwrap_or_default()),
        (None, None) => "other options".into(),
    };
    // Before the first option is the subject.
    let subjects = (found.next().unwrap_or(""), given.next().unwrap_or(""));
    if subjects.0 != subjects.1 {
        return (format!("'{}'", subjects.0), format!("'{}'", subjects.1));
    }
    let (found, given): (Vec<_>, Vec<_>) = (found.collect(), given.collect());
    let differs = |option: &&&str, others: &[&str]| !others.contains(*option);
    let first = found.iter().find(|option| differs(option, &given));
    let other = match first {
        Some(first) => given.iter().find(|option| name(option) == name(first)),
        None => given.iter().find(|option| differs(option, &found)),
    };
    let (first, other) = (first.copied(), other.copied());
    (shown(first, other), shown(other, first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_named() {
        let given = "blockspin train ising --size 8 --batch 20 --steps 5";
        for (found, told) in [
            (
                "blockspin train ising --size 8 --batch 30 --steps 5",
                ("--batch 30", "--batch 20"),
            ),
            (
                "blockspin train chain --size 8 --batch 20 --steps 5",
                ("'blockspin train chain'", "'blockspin train ising'"),
            ),
            (
                "blockspin train ising --size 8 --thin 3 --batch 20 --steps 5",
                ("--thin 3", "no --thin"),
            ),
            (
                "blockspin train ising --size 8 --steps 5",
                ("no --batch", "--batch 20"),
            ),
        ] {
            let (found, given) = difference(found, given);
            assert_eq!((&found[..], &given[..]), told);
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.checkpoint");
        let words = "blockspin train ising --batch 20";
        let mut checkpoint = Checkpoint::check(&path, 1e-9, false, words).unwrap();
        let measured = Measured {
            plan: Plan::UNMEASURED,
            clusters: Some(3),
            seconds: 0.5,
        };
        checkpoint.set_measured(measured);
        let silent = Progress::new(true, "", 0, "");
        assert!(checkpoint.is_due());
        checkpoint.write(&silent, |tape| {
            tape.pass(&mut [f64::NAN.to_bits(), 2])?;
            tape.option(&mut Some(-0.0f64))?;
            tape.count(&mut 7, 7)
        });
        let bytes = std::fs::read(&path).unwrap();
        let read = |most: usize| {
            let mut checkpoint = Checkpoint::check(&path, 0.0, true, words)?;
            assert_eq!(checkpoint.measured(), Some(measured));
            checkpoint.resume(|tape| {
                let (mut numbers, mut option, mut count) = ([0u64; 2], None, 0);
                tape.pass(&mut numbers)?;
                tape.option(&mut option)?;
                tape.count(&mut count, most)?;
                assert_eq!((numbers, count), ([f64::NAN.to_bits(), 2], 7));
                assert_eq!(option.map(f64::to_bits), Some((-0.0f64).to_bits()));
                Ok(())
            })
        };
        assert!(read(7).unwrap());
        assert!(read(6).unwrap_err().message().contains("is damaged"));
        let mut other = Checkpoint::check(&path, 0.0, true, words).unwrap();
        assert!(other.set_data(1).is_err());
        assert!(other.resume(|_| Ok(())).is_err(), "something is left");
        // Whatever happened to it, it is told.
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << (at % 8);
            std::fs::write(&path, &damaged).unwrap();
            read(7).unwrap_err();
            std::fs::write(&path, &bytes[..at]).unwrap();
            read(7).unwrap_err();
        }
        std::fs::write(&path, [&bytes[..], b"x"].concat()).unwrap();
        read(7).unwrap_err();
        let newer = String::from_utf8_lossy(&bytes[..FAMILY.len()]) + "22\n of the future";
        std::fs::write(&path, newer.as_bytes()).unwrap();
        assert!(read(7).unwrap_err().message().contains("another version"));
        checkpoint.remove().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn what_is_not_ours_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.checkpoint");
        let checkpoint = Checkpoint::check(&path, 60.0, false, "").unwrap();
        std::fs::write(&path, "mine").unwrap();
        for (seconds, resume) in [(60.0, false), (0.0, true), (60.0, true)] {
            let error = Checkpoint::check(&path, seconds, resume, "").unwrap_err();
            assert!(error.message().contains("is none"), "{error}");
        }
        Checkpoint::check(&path, 0.0, false, "").unwrap();
        checkpoint.remove().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    }
}
