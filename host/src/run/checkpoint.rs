//! A training that is under way, written down, so that one that was killed goes on as if nothing had
//! been: bit by bit, whenever it was written and with any number of threads.
//!
//! # The file
//! One file beside the run's folder, `RUN.checkpoint`: written under another name, brought to the disk
//! and renamed, so that there always is a whole one, and removed when the folder is there. In this
//! order: `blockspin-checkpoint-1` and a line supply; what it is of (the configuration of the training,
//! FNV-1a 64 of what identifies its data, what the pilot found); the state of the training; FNV-1a 64 of all bytes before, little-endian. Structures are MessagePack, with the names of their
//! fields; long arrays (parameters, configurations) are bare numbers of their own width, little-endian.
//!
//! # What belongs to what
//! A checkpoint is of a training with the same configuration, name by name
//! ([`RunConfig::fields`]). Neither threads, instructions nor the times of checkpoints are among these,
//! since no result depends on them. Earlier versions wrote a command line in place of the configuration;
//! it is read as one. A field that is added to the state needs `#[serde(default)]`, so that earlier
//! checkpoints can still be gone on from. Where that is not so, because other bits would come of it, the
//! number in the first line counts up.
//!
//! # In code
//! A [`StateFile`] goes both ways, so that one function for each type says what is written and what is
//! read, and the two cannot differ.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::CheckpointPlan;
use super::config::RunConfig;
use super::config_file::fields_of_command;

use crate::error::{Error, Result, annotate, quoted};
use crate::model::mcmc::Plan;
use crate::observer::Observer;
use crate::settings;
use crate::store::codec::{FAMILY, StateFile, damaged};
use crate::store::folder::FileTarget;

/// What a pilot found, and what that took.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PilotRecord {
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
    /// The command line of the training, as earlier versions wrote it.
    words: String,
    /// FNV-1a 64 of what identifies its data.
    data: u64,
    measured: Option<PilotRecord>,
    /// All settings by name, as JSON.
    #[serde(default)]
    config: String,
}

impl Head {
    /// The configuration of the training, for values that are discrete or not.
    fn config(&self, discrete: bool) -> Result<RunConfig> {
        let fields = match self.config.is_empty() {
            true => fields_of_command(&self.words)?,
            false => serde_json::from_str(&self.config)
                .map_err(|error| Error::failure(error.to_string()))?,
        };
        RunConfig::from_fields(&fields)?.completed(discrete)
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
    found: Option<StateFile>,
    /// Why the last one could not be written, so that this is said once.
    failed: Option<String>,
}

impl Checkpoint {
    /// Checks that a checkpoint can be written where it is planned, and finds the one to be resumed,
    /// which is of the same configuration (with nothing left to be filled in), on values that are
    /// discrete or not. Tells the observer of a checkpoint that is missing, or will be replaced.
    ///
    /// # Errors
    /// Usage, if something else lies there, or the checkpoint of another training; a failure, if it
    /// is damaged or its folder is closed.
    pub fn check(
        plan: &CheckpointPlan,
        config: &RunConfig,
        discrete: bool,
        observer: &dyn Observer,
    ) -> Result<Self> {
        let CheckpointPlan {
            path,
            seconds,
            resume,
        } = plan;
        let every = Duration::try_from_secs_f64(*seconds).unwrap_or(Duration::MAX);
        let exists = path.symlink_metadata().is_ok();
        if exists && (*resume || !every.is_zero()) && !is_ours(path) {
            return Err(Error::usage(format!(
                "{} is where this run's checkpoint belongs, and is none, so it is not replaced; give \
                 another `out`",
                quoted(path)
            )));
        }
        let target = match every.is_zero() {
            true => None,
            false => Some(FileTarget::check(path, 0)?),
        };
        let mut checkpoint = Checkpoint {
            path: path.clone(),
            target,
            every,
            written: Instant::now(),
            head: Head {
                config: Value::Object(config.fields()).to_string(),
                ..Head::default()
            },
            found: None,
            failed: None,
        };
        match (resume, exists) {
            (true, true) => checkpoint.find(config, discrete)?,
            (true, false) => observer.notice(&format!(
                "note: there is no {}: the training starts anew",
                quoted(path)
            )),
            (false, true) if is_ours(path) => observer.notice(&format!(
                "note: {} is of a training that was not finished; `resume` goes on from it, without \
                 it the training starts anew and replaces it",
                quoted(path)
            )),
            (false, _) => {}
        }
        Ok(checkpoint)
    }

    fn find(&mut self, config: &RunConfig, discrete: bool) -> Result<()> {
        let mut state = StateFile::open(&self.path)?;
        let mut head = Head::default();
        state.value(&mut head)?;
        // Settings that cannot be were never run.
        let found = head.config(discrete);
        let found = found.map_err(|_| damaged(&self.path))?;
        if let Some((found, given)) = difference(&found, config) {
            return Err(Error::usage(format!(
                "{} is of a training with {found}, and this one has {given}; give the same settings, \
                 or leave out `resume` to start anew",
                quoted(&self.path)
            )));
        }
        self.head.data = head.data;
        self.head.measured = head.measured;
        self.found = Some(state);
        Ok(())
    }

    /// What the pilot of the training to be resumed found.
    #[must_use]
    pub fn measured(&self) -> Option<PilotRecord> {
        self.head.measured
    }

    /// Tells what the pilot found.
    pub fn set_measured(&mut self, measured: PilotRecord) {
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
                 `resume` to start anew",
                quoted(&self.path)
            )));
        }
        self.head.data = data;
        Ok(())
    }

    /// Makes sure that there is room for a checkpoint of `bytes` beside the last one.
    ///
    /// # Errors
    /// Those of [`FileTarget::fits`].
    pub fn fits(&self, bytes: u64) -> Result<()> {
        if let Some(target) = &self.target {
            target
                .fits(bytes.saturating_mul(2))
                .map_err(|error| error.hint("`checkpoint` 0 writes no checkpoint"))?;
        }
        Ok(())
    }

    /// The state of the training to be resumed, if there is one, to be read and [ended](StateFile::end). From
    /// now on time counts.
    pub fn resume(&mut self) -> Option<StateFile> {
        self.written = Instant::now();
        self.found.take()
    }

    /// Whether it is time to write one.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.target.is_some() && self.written.elapsed() >= self.every
    }

    /// Writes a checkpoint. A failure does not end the training: it is reported, unless it is that of the
    /// attempt before, and the last checkpoint is kept.
    pub fn write(
        &mut self,
        observer: &dyn Observer,
        pass: impl FnOnce(&mut StateFile) -> Result<()>,
    ) {
        let failed = self.try_write(pass).err();
        let failed = failed.map(|error| error.message().to_string());
        if let Some(why) = &failed
            && self.failed != failed
        {
            observer.notice(&format!(
                "warning: {why}; the training goes on without a new checkpoint"
            ));
        }
        self.failed = failed;
        self.written = Instant::now();
    }

    fn try_write(&mut self, pass: impl FnOnce(&mut StateFile) -> Result<()>) -> Result<()> {
        let Some(target) = &self.target else {
            return Ok(());
        };
        if self.path.symlink_metadata().is_ok() && !is_ours(&self.path) {
            return Err(Error::failure(format!(
                "{} is no checkpoint, so it is not replaced",
                quoted(&self.path)
            )));
        }
        let mut state = StateFile::create(target)?;
        state.value(&mut self.head)?;
        pass(&mut state)?;
        state.end()
    }
}

/// Removes the checkpoint at `path`, if there is one: its run is finished.
///
/// # Errors
/// A failure that names it.
pub fn remove(path: &Path) -> Result<()> {
    if !is_ours(path) {
        return Ok(());
    }
    std::fs::remove_file(path).map_err(|error| annotate("remove", path, error).into())
}

/// Whether these can be the seconds that something took.
pub(crate) fn is_duration(seconds: f64) -> bool {
    seconds.is_finite() && seconds >= 0.0
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

/// The first setting in which two configurations differ, as each has it; none, if they are the same.
pub(super) fn difference(found: &RunConfig, given: &RunConfig) -> Option<(String, String)> {
    let (found, given) = (found.fields(), given.fields());
    let names = found.keys().chain(given.keys());
    let mut differing = names.filter(|name| found.get(*name) != given.get(*name));
    let name = differing.next()?;
    let shown = |value: Option<&Value>| match value.and_then(settings::text) {
        Some(text) if name == "model" => format!("model {text}"),
        Some(text) if name == "file" => format!("the file {text}"),
        Some(text) => format!("`{name}` {text}"),
        None => format!("no `{name}`"),
    };
    Some((shown(found.get(name)), shown(given.get(name))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Ising, IsingChain, mcmc::Plan};
    use crate::observer::Silent;

    fn config(batch: u32) -> RunConfig {
        let mut config = RunConfig::train(Ising::square(8));
        config.optimisation.batch = batch;
        config.completed(true).unwrap()
    }

    fn plan(path: &Path, seconds: f64, resume: bool) -> CheckpointPlan {
        CheckpointPlan {
            path: path.to_path_buf(),
            seconds,
            resume,
        }
    }

    #[test]
    fn differences_are_named() {
        assert_eq!(difference(&config(20), &config(20)), None);
        let batch = ("`batch` 30".into(), "`batch` 20".into());
        assert_eq!(difference(&config(30), &config(20)), Some(batch));
        let chain = RunConfig::train(IsingChain::default());
        let model = ("model chain".into(), "model ising".into());
        assert_eq!(difference(&chain, &config(20)), Some(model));
        let mut thin = config(20);
        if let crate::run::Source::Model(_, pace) = &mut thin.source {
            pace.thin = Some(3);
        }
        let thinned = ("`thin` 3".into(), "no `thin`".into());
        assert_eq!(difference(&thin, &config(20)), Some(thinned));
    }

    #[test]
    fn command_lines_of_earlier_versions_are_read() {
        let words = "blockspin train ising --size 8,8 --temperature 2.269185 --coupling 1 --block 4 \
                     --buffer 4 --environment 10 --batch 20 --bound infonce --steps 6000 \
                     --learning-rate 0.005 --learning-rate-end 0 --seed 1 --encoder binary \
                     --components 1 --filter-rate 4 --filter-start 1 --epsilon-start 0.5 \
                     --epsilon-end 0.1 --epsilon-rate 0.005";
        let head = Head {
            words: words.into(),
            ..Head::default()
        };
        assert_eq!(difference(&head.config(true).unwrap(), &config(20)), None);
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.checkpoint");
        let config = config(20);
        let check = |seconds: f64, resume: bool| {
            Checkpoint::check(&plan(&path, seconds, resume), &config, true, &Silent)
        };
        let mut checkpoint = check(1e-9, false).unwrap();
        let measured = PilotRecord {
            plan: Plan::UNMEASURED,
            clusters: Some(3),
            seconds: 0.5,
        };
        checkpoint.set_measured(measured);
        assert!(checkpoint.is_due());
        checkpoint.write(&Silent, |state| {
            state.pass(&mut [f32::NAN.to_bits(), 2])?;
            state.value(&mut (Some(-0.0f64), f64::NAN, f32::INFINITY, u64::MAX, 7))
        });
        let bytes = std::fs::read(&path).unwrap();
        let read = |most: usize| {
            let mut checkpoint = check(0.0, true)?;
            assert_eq!(checkpoint.measured(), Some(measured));
            let Some(mut state) = checkpoint.resume() else {
                return Ok(false);
            };
            {
                let state = &mut state;
                let mut numbers = [0u32; 2];
                let mut value: (Option<f64>, f64, f32, u64, usize) = Default::default();
                state.pass(&mut numbers)?;
                state.value(&mut value)?;
                let (option, nan, infinite, large, count) = value;
                assert_eq!(numbers, [f32::NAN.to_bits(), 2]);
                assert_eq!(option.map(f64::to_bits), Some((-0.0f64).to_bits()));
                assert_eq!(nan.to_bits(), f64::NAN.to_bits());
                assert_eq!((infinite, large, count), (f32::INFINITY, u64::MAX, 7));
                state.require(count <= most)?;
            }
            state.end().map(|()| true)
        };
        assert!(read(7).unwrap());
        assert!(read(6).unwrap_err().message().contains("is damaged"));
        let mut other = check(0.0, true).unwrap();
        assert!(other.set_data(1).is_err());
        let state = other.resume().unwrap();
        assert!(state.end().is_err(), "something is left");
        // Every damage is detected.
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
        remove(&path).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn what_is_not_ours_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.checkpoint");
        let check = |seconds: f64, resume: bool| {
            Checkpoint::check(&plan(&path, seconds, resume), &config(20), true, &Silent)
        };
        check(60.0, false).unwrap();
        std::fs::write(&path, "mine").unwrap();
        for (seconds, resume) in [(60.0, false), (0.0, true), (60.0, true)] {
            let error = check(seconds, resume).unwrap_err();
            assert!(error.message().contains("is none"), "{error}");
        }
        check(0.0, false).unwrap();
        remove(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    }
}
