//! A training that is under way, written down, so that one that was killed goes on as if nothing had
//! been: bit by bit, whenever it was written and with any number of threads.
//!
//! # The file
//! One file beside the run's folder, `RUN.checkpoint`: written under another name, brought to the disk
//! and renamed, so that there always is a whole one, and removed when the folder is there. In this
//! order: `blockspin-checkpoint-1` and a line feed; what it is of (the options of the training, FNV-1a
//! 64 of what identifies its data, what the pilot found); the state of the training as `learn` has it;
//! FNV-1a 64 of all bytes before, little-endian. Structures are MessagePack, with the names of their
//! fields; long arrays (parameters, configurations) are bare numbers of their own width, little-endian.
//!
//! # What belongs to what
//! A checkpoint is of a training with the same options, as `run.json` has them in `command`. Neither
//! threads, instructions nor the times of checkpoints are among them, since no result depends on these.
//! An option that is added later must have no word there at its default, and a field that is added to
//! the state `#[serde(default)]`: then the checkpoints of earlier versions can still be gone on from.
//! Where that is not so, because other bits would come of it, the number in the first line counts up.
//!
//! # In code
//! A [`Tape`] goes both ways, so that one function for each type says what is written and what is
//! read, and the two cannot differ.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::chains::Plan;
use crate::error::{Error, Result, annotate, quoted};
use crate::output::FileTarget;
use crate::progress::Progress;
use crate::tape::{FAMILY, Tape};

/// What a pilot found, and what that took.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// When and how often chains are looked at.
    pub plan: Plan,
    /// Single clusters of an update, where the pilot chose these.
    pub clusters: Option<u32>,
    /// Wall time, in seconds.
    pub seconds: f64,
}

/// What a checkpoint is of.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Head {
    /// The options of the training.
    words: String,
    /// FNV-1a 64 of what identifies its data.
    data: u64,
    measured: Option<Measured>,
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
        tape.value(&mut head)?;
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

    /// The state of the training to be resumed, if there is one, to be read and [ended](Tape::end). From
    /// now on time counts.
    pub fn resume(&mut self) -> Option<Tape> {
        self.written = Instant::now();
        self.found.take()
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
        let mut tape = Tape::create(target)?;
        tape.value(&mut self.head)?;
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
            tape.pass(&mut [f32::NAN.to_bits(), 2])?;
            tape.value(&mut (Some(-0.0f64), f64::NAN, f32::INFINITY, u64::MAX, 7))
        });
        let bytes = std::fs::read(&path).unwrap();
        let read = |most: usize| {
            let mut checkpoint = Checkpoint::check(&path, 0.0, true, words)?;
            assert_eq!(checkpoint.measured(), Some(measured));
            let Some(mut tape) = checkpoint.resume() else {
                return Ok(false);
            };
            {
                let tape = &mut tape;
                let mut numbers = [0u32; 2];
                let mut value: (Option<f64>, f64, f32, u64, usize) = Default::default();
                tape.pass(&mut numbers)?;
                tape.value(&mut value)?;
                let (option, nan, infinite, large, count) = value;
                assert_eq!(numbers, [f32::NAN.to_bits(), 2]);
                assert_eq!(option.map(f64::to_bits), Some((-0.0f64).to_bits()));
                assert_eq!(nan.to_bits(), f64::NAN.to_bits());
                assert_eq!((infinite, large, count), (f32::INFINITY, u64::MAX, 7));
                tape.require(count <= most)?;
            }
            tape.end().map(|()| true)
        };
        assert!(read(7).unwrap());
        assert!(read(6).unwrap_err().message().contains("is damaged"));
        let mut other = Checkpoint::check(&path, 0.0, true, words).unwrap();
        assert!(other.set_data(1).is_err());
        let tape = other.resume().unwrap();
        assert!(tape.end().is_err(), "something is left");
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
        let error = read(7).unwrap_err();
        assert!(
            error
                .message()
                .contains("is a blockspin-checkpoint-22, and"),
            "{error}"
        );
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
