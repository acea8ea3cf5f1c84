//! Output files and folders: checked before work starts, written beside the target, renamed at the end.
//!
//! A target is complete or absent: if a write fails, the disk is full, the program panics or (on Unix)
//! is interrupted, the previous content stays. Call `check` at the beginning of a run, and `create` when
//! writing. Folders around a target are made if they are missing. While a target lives, no other process
//! can have the same one; what a killed process left behind is removed by the next `check` in its folder.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard};

use serde::Deserialize;
use tempfile::{Builder, NamedTempFile, TempDir};

use crate::error::{Error, Result, annotate, quoted};
use crate::store::claim::{Around, Claim, Names, names};
use crate::store::resources;

/// The `schema` of the records of all versions begins like this, so that any version may replace
/// another's folder.
const RUN_SCHEMA_FAMILY: &str = "blockspin-run-";
/// The file that identifies the folder of a run.
pub const RUN_FILE: &str = "run.json";

/// What is written to try a folder.
const PROBE: &[u8] = b"blockspin\n";

/// Removes unfinished output, for a process that is about to be terminated. Afterwards no output can be
/// begun or finished.
pub fn abandon() -> Abandoned {
    let names = names();
    names.remove();
    Abandoned { _names: names }
}

/// While this value lives, no output is begun or finished.
#[derive(Debug)]
pub struct Abandoned {
    _names: MutexGuard<'static, Names>,
}

/// A file to be written.
#[derive(Clone, Debug)]
pub struct FileTarget {
    place: Place,
    claim: Arc<Claim>,
}

impl FileTarget {
    /// Checks that a file of `bytes` can be written at `path`, and claims the name.
    ///
    /// # Errors
    /// Usage, if `path` names something other than a regular file; a failure, if another process has
    /// claimed it, or its folder is not writable or too full.
    pub fn check(path: &Path, bytes: u64) -> Result<Self> {
        let (place, around) = Place::find(path)?;
        let shown = quoted(path);
        match &place.meta {
            Some(meta) if meta.is_dir() => {
                return Err(Error::usage(format!(
                    "{shown} is a folder; the output here is one file, give the name of one"
                )));
            }
            Some(meta) if meta.permissions().readonly() => {
                return Err(Error::failure(format!(
                    "{shown} is write-protected; remove it or give another name"
                )));
            }
            Some(_) => {}
            None if path.to_string_lossy().ends_with(std::path::is_separator) => {
                return Err(Error::usage(format!(
                    "{shown} ends like a folder; the output here is one file, give the name of one"
                )));
            }
            None => {}
        }
        resources::disk(&place.parent, bytes)?;
        let claim = place.claim(around)?;
        let target = FileTarget { place, claim };
        // Only an attempt shows whether a file can be written, read and renamed.
        let mut probe = target.create()?;
        probe.write_all(PROBE)?;
        target.place.read_back(probe.file.path())?;
        let renamed = target.place.probe(&target.claim);
        let mut names = names();
        names.temporary.push(renamed.clone());
        probe
            .file
            .persist(&renamed)
            .map_err(|error| error.error)
            .and_then(|_| fs::remove_file(&renamed))
            .map_err(|error| annotate("write", path, error))?;
        drop(names);
        Ok(target)
    }

    /// Checks that `bytes` more fit on its disk.
    ///
    /// # Errors
    /// A failure that names both sizes.
    pub fn fits(&self, bytes: u64) -> Result<()> {
        resources::disk(&self.place.parent, bytes)
    }

    /// Starts to write.
    ///
    /// # Errors
    /// A failure if the folder cannot be written to.
    pub fn create(&self) -> Result<FileWriter> {
        let file = temporary(&self.place, &self.claim)?;
        Ok(FileWriter {
            file,
            place: self.place.clone(),
            _claim: self.claim.clone(),
        })
    }
}

/// A file being written; if dropped before [`commit`](FileWriter::commit), it leaves nothing behind.
#[derive(Debug)]
pub struct FileWriter {
    file: NamedTempFile,
    place: Place,
    _claim: Arc<Claim>,
}

impl FileWriter {
    /// Moves the file to its name.
    ///
    /// # Errors
    /// A failure, if the last bytes cannot be stored or the file cannot be renamed.
    pub fn commit(self) -> Result<()> {
        let path = &self.place.given;
        self.file
            .as_file()
            .sync_all()
            .map_err(|error| annotate("write", path, error))?;
        let _names = names();
        self.file
            .persist(&self.place.real)
            .map_err(|error| annotate("write", path, error.error))?;
        settle(&self.place.parent);
        Ok(())
    }
}

impl Write for FileWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file
            .write(bytes)
            .map_err(|error| annotate("write", &self.place.given, error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file
            .flush()
            .map_err(|error| annotate("write", &self.place.given, error))
    }
}

impl Seek for FileWriter {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file
            .seek(to)
            .map_err(|error| annotate("write", &self.place.given, error))
    }
}

/// The folder of a run, to be written.
#[derive(Debug)]
pub struct RunTarget {
    place: Place,
    claim: Arc<Claim>,
}

impl RunTarget {
    /// Checks that a run of about `bytes` can be written to the folder `path`, which must be new, empty,
    /// or the folder of an earlier run, which will be replaced; and claims the name.
    ///
    /// # Errors
    /// Usage, if `path` names anything else; a failure, if another process has claimed it, or the folder
    /// around it is not writable or too full.
    pub fn check(path: &Path, bytes: u64) -> Result<Self> {
        let (place, around) = Place::find(path)?;
        let shown = quoted(path);
        if let Some(meta) = &place.meta {
            if !meta.is_dir() {
                return Err(Error::usage(format!(
                    "{shown} is a file; the output here is a folder, give the name of a new one"
                )));
            }
            if std::env::current_dir().is_ok_and(|here| here.starts_with(&place.real)) {
                return Err(Error::usage(format!(
                    "{shown} is the folder you are in, which a run would replace; give the name of \
                     a new one"
                )));
            }
            if is_mounted(meta, &place.parent) {
                return Err(Error::usage(format!(
                    "{shown} is where a disk is mounted, and cannot be replaced; give the name of \
                     a new folder inside"
                )));
            }
            let mut entries =
                fs::read_dir(&place.real).map_err(|error| annotate("read", path, error))?;
            if entries.next().is_some() && !is_run(&place.real) {
                return Err(Error::usage(format!(
                    "{shown} is not empty and not the folder of an earlier run (it has no \
                     {RUN_FILE} of ours), so it is not replaced; give another name"
                )));
            }
        }
        resources::disk(&place.parent, bytes)?;
        let claim = place.claim(around)?;
        let target = RunTarget { place, claim };
        let probe = target.create()?;
        probe.write(RUN_FILE, PROBE)?;
        target
            .place
            .read_back(&probe.folder.path().join(RUN_FILE))?;
        let renamed = target.place.probe(&target.claim);
        let mut names = names();
        names.temporary.push(renamed.clone());
        fs::rename(probe.folder.keep(), &renamed)
            .and_then(|()| fs::remove_dir_all(&renamed))
            .map_err(|error| annotate("write", path, error))?;
        drop(names);
        Ok(target)
    }

    /// The folder, as the user gave it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.place.given
    }

    /// The name of its checkpoint, next to it.
    #[must_use]
    pub fn checkpoint(&self) -> PathBuf {
        let named = match self.place.given.file_name() {
            Some(_) => &self.place.given,
            None => &self.place.real,
        };
        let mut name = named.file_name().unwrap_or_default().to_os_string();
        name.push(".checkpoint");
        named.with_file_name(name)
    }

    /// Starts to write.
    ///
    /// # Errors
    /// A failure if the folder around it cannot be written to.
    pub fn create(&self) -> Result<RunWriter> {
        let mut names = names();
        let folder = Builder::new()
            .prefix(self.claim.prefix())
            .tempdir_in(&self.place.parent)
            .map_err(|error| annotate("write", &self.place.given, error))?;
        names.temporary.push(folder.path().to_path_buf());
        Ok(RunWriter {
            folder,
            place: self.place.clone(),
            claim: self.claim.clone(),
        })
    }
}

/// A run folder being written; if dropped before [`commit`](RunWriter::commit), it leaves nothing
/// behind.
#[derive(Debug)]
pub struct RunWriter {
    folder: TempDir,
    place: Place,
    claim: Arc<Claim>,
}

impl RunWriter {
    /// Writes one file of the run.
    ///
    /// # Errors
    /// A failure that names the file.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        // No file may appear in a folder that is being removed.
        let _names = names();
        let store = || {
            let mut file = File::create(self.folder.path().join(name))?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        store().map_err(|error| annotate("write", &self.place.given.join(name), error).into())
    }

    /// Moves the folder to its name and removes that of an earlier run.
    ///
    /// # Errors
    /// A failure, in which case the earlier run stays in place.
    pub fn commit(self) -> Result<()> {
        let RunWriter {
            folder,
            place,
            claim,
        } = self;
        let fail = |error| annotate("write", &place.given, error);
        let _names = names();
        if place.meta.is_none() {
            fs::rename(folder.path(), &place.real).map_err(fail)?;
        } else {
            let old = Builder::new()
                .prefix(&claim.aside())
                .tempdir_in(&place.parent)
                .map_err(fail)?;
            // By its own name, under which it returns if this process dies before the next line.
            let aside = old.path().join(place.real.file_name().unwrap_or_default());
            fs::rename(&place.real, &aside).map_err(fail)?;
            if let Err(error) = fs::rename(folder.path(), &place.real) {
                // If this fails too, the earlier run is kept at its present name.
                if fs::rename(&aside, &place.real).is_err() {
                    let _ = old.keep();
                }
                return Err(fail(error).into());
            }
        }
        // The temporary folder was renamed: nothing is left to remove.
        let _ = folder.keep();
        settle(&place.parent);
        Ok(())
    }
}

/// The name of an output, and the path it refers to.
#[derive(Clone, Debug)]
struct Place {
    given: PathBuf,
    /// With symbolic links followed, so that a link is kept and its target is replaced.
    real: PathBuf,
    parent: PathBuf,
    /// What exists there now.
    meta: Option<fs::Metadata>,
}

impl Place {
    /// The place at `path`, and the folders that were made around it.
    fn find(path: &Path) -> Result<(Self, Around)> {
        let given = path.to_path_buf();
        let shown = quoted(path);
        match fs::metadata(path) {
            Ok(meta) if !meta.is_file() && !meta.is_dir() => Err(Error::usage(format!(
                "{shown} is a device, a pipe or a socket; output goes to a regular file or a \
                 folder, give the name of one"
            ))),
            Ok(meta) => {
                let real = fs::canonicalize(path).map_err(|error| annotate("find", path, error))?;
                let parent = real
                    .parent()
                    .ok_or_else(|| {
                        Error::usage(format!("{shown} cannot be replaced; give a name"))
                    })?
                    .to_path_buf();
                let place = Place {
                    given,
                    real,
                    parent,
                    meta: Some(meta),
                };
                Ok((place, Around::default()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if fs::symlink_metadata(path).is_ok() {
                    return Err(Error::usage(format!(
                        "{shown} is a symbolic link to nothing; remove it or give another name"
                    )));
                }
                let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
                    return Err(Error::usage(format!(
                        "{shown} is not a name for output; give one"
                    )));
                };
                let parent = if parent.as_os_str().is_empty() {
                    Path::new(".")
                } else {
                    parent
                };
                let missing = |error| annotate("make the folder around", path, error);
                let around = Around::make(parent).map_err(missing)?;
                let parent = fs::canonicalize(parent).map_err(missing)?;
                let place = Place {
                    given,
                    real: parent.join(name),
                    parent,
                    meta: None,
                };
                Ok((place, around))
            }
            Err(error) => Err(annotate("write", path, error).into()),
        }
    }

    fn claim(&self, around: Around) -> Result<Arc<Claim>> {
        let claim = Claim::new(&self.given, &self.real, &self.parent, around)?;
        Ok(Arc::new(claim))
    }

    /// The second name of what is written to try the folder.
    fn probe(&self, claim: &Claim) -> PathBuf {
        self.parent.join(format!("{}probe", claim.prefix()))
    }

    /// Checks that what was written to try the folder can be read.
    fn read_back(&self, path: &Path) -> Result<()> {
        let fail = |error| annotate("read what was written beside", &self.given, error);
        match fs::read(path).map_err(fail)? == PROBE {
            true => Ok(()),
            false => Err(Error::failure(format!(
                "cannot write {}: what was written beside it is read as something else",
                quoted(&self.given)
            ))),
        }
    }
}

/// A temporary file beside the target, with the permissions of a new file, or of the file that is
/// replaced.
fn temporary(place: &Place, claim: &Claim) -> Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(claim.prefix());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut names = names();
    let file = builder
        .tempfile_in(&place.parent)
        .map_err(|error| annotate("write", &place.given, error))?;
    names.temporary.push(file.path().to_path_buf());
    Ok(file)
}

/// Flushes the names in a folder to the disk, if the system can do it, so that a rename survives a power
/// failure. Otherwise the last seconds may be lost.
fn settle(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

/// Whether a folder is a mount point, which cannot be renamed.
#[cfg(unix)]
fn is_mounted(meta: &fs::Metadata, parent: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(parent).is_ok_and(|around| around.dev() != meta.dev())
}

/// On other systems this can only be found out by trying.
#[cfg(not(unix))]
fn is_mounted(_: &fs::Metadata, _: &Path) -> bool {
    false
}

/// Whether a folder contains a run of blockspin.
fn is_run(folder: &Path) -> bool {
    #[derive(Deserialize)]
    struct Marker {
        schema: String,
    }
    let path = folder.join(RUN_FILE);
    // Reading a pipe would wait for a writer.
    if !fs::metadata(&path).is_ok_and(|meta| meta.is_file()) {
        return false;
    }
    let Ok(text) = fs::read(path) else {
        return false;
    };
    serde_json::from_slice::<Marker>(&text)
        .is_ok_and(|marker| marker.schema.starts_with(RUN_SCHEMA_FAMILY))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn folder() -> TempDir {
        tempfile::tempdir().unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn marker() -> String {
        format!("{{\"schema\": \"{RUN_SCHEMA_FAMILY}1\", \"steps\": 10}}")
    }

    #[test]
    fn a_file_appears_when_it_is_whole() {
        let folder = folder();
        let path = folder.path().join("spins.npy");
        let target = FileTarget::check(&path, 100).unwrap();
        // The claim alone.
        assert_eq!(names(folder.path()).len(), 1);
        let mut writer = target.create().unwrap();
        drop(target);
        writer.write_all(b"new").unwrap();
        assert!(!path.exists());
        writer.commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["spins.npy"]);
    }

    #[test]
    fn what_is_dropped_leaves_the_old_file() {
        let folder = folder();
        let path = folder.path().join("spins.npy");
        fs::write(&path, "old").unwrap();
        let mut writer = FileTarget::check(&path, 3).unwrap().create().unwrap();
        writer.write_all(b"half of it").unwrap();
        drop(writer);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["spins.npy"]);
    }

    #[test]
    fn names_that_no_file_can_have() {
        let folder = folder();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("folder")).unwrap();
        fs::write(at("protected"), "").unwrap();
        let mut permissions = fs::metadata(at("protected")).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(at("protected"), permissions).unwrap();
        fs::write(at("file"), "").unwrap();
        for (path, kind, rule) in [
            (at("folder"), Kind::Usage, "is a folder"),
            (at("new/"), Kind::Usage, "ends like a folder"),
            (at("protected"), Kind::Failure, "write-protected"),
            (at("file/spins.npy"), Kind::Failure, "not a directory"),
            (at(&"x".repeat(300)), Kind::Failure, "too long"),
            (PathBuf::new(), Kind::Usage, "is not a name"),
            (PathBuf::from("/"), Kind::Usage, "cannot be replaced"),
        ] {
            let error = FileTarget::check(&path, 1).unwrap_err();
            assert!(error.message().contains(rule), "{error}");
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.message().contains(&quoted(&path)), "{error}");
        }
        assert_eq!(names(folder.path()), ["file", "folder", "protected"]);
    }

    #[test]
    fn what_cannot_fit_is_refused() {
        let folder = folder();
        let error = FileTarget::check(&folder.path().join("a"), u64::MAX).unwrap_err();
        assert!(
            error.message().contains("the output needs 16.0 EiB"),
            "{error}"
        );
        assert_eq!(error.kind(), Kind::Failure);
        let error = RunTarget::check(&folder.path().join("a"), u64::MAX).unwrap_err();
        assert!(
            error.message().contains("the output needs 16.0 EiB"),
            "{error}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn devices_pipes_and_sockets_are_refused() {
        let folder = folder();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for path in [
            Path::new("/dev/null"),
            Path::new("/dev/stdout"),
            &link,
            &socket,
        ] {
            // A test runner may redirect standard output to a file, which is no device.
            if fs::metadata(path).is_ok_and(|meta| meta.is_file()) {
                continue;
            }
            for error in [
                FileTarget::check(path, 1).unwrap_err(),
                RunTarget::check(path, 1).unwrap_err(),
            ] {
                assert!(
                    error.message().contains("a device, a pipe or a socket"),
                    "{error}"
                );
                assert_eq!(error.kind(), Kind::Usage);
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_links() {
        let folder = folder();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let error = FileTarget::check(&link, 1).unwrap_err();
        assert!(
            error.message().contains("a symbolic link to nothing"),
            "{error}"
        );
        fs::write(&real, "old").unwrap();
        let mut writer = FileTarget::check(&link, 1).unwrap().create().unwrap();
        writer.write_all(b"new").unwrap();
        writer.commit().unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"new");
    }

    #[cfg(unix)]
    #[test]
    fn new_files_have_the_usual_permissions() {
        use std::os::unix::fs::PermissionsExt;
        let folder = folder();
        let mode = |name| {
            fs::metadata(folder.path().join(name))
                .unwrap()
                .permissions()
                .mode()
        };
        File::create(folder.path().join("usual")).unwrap();
        fs::create_dir(folder.path().join("usual-folder")).unwrap();
        FileTarget::check(&folder.path().join("file"), 1)
            .unwrap()
            .create()
            .unwrap()
            .commit()
            .unwrap();
        RunTarget::check(&folder.path().join("run"), 1)
            .unwrap()
            .create()
            .unwrap()
            .commit()
            .unwrap();
        assert_eq!(mode("file"), mode("usual"));
        assert_eq!(mode("run"), mode("usual-folder"));
    }

    #[test]
    fn a_run_replaces_an_earlier_run_whole() {
        let folder = folder();
        let path = folder.path().join("run");
        for round in ["first", "second"] {
            let target = RunTarget::check(&path, 100).unwrap();
            assert_eq!(target.path(), path);
            let writer = target.create().unwrap();
            writer.write(RUN_FILE, marker().as_bytes()).unwrap();
            writer.write(round, b"x").unwrap();
            writer.commit().unwrap();
            let mut expected = [RUN_FILE, round];
            expected.sort();
            assert_eq!(names(&path), expected);
            drop(target);
            assert_eq!(names(folder.path()), ["run"]);
        }
        let writer = RunTarget::check(&path, 100).unwrap().create().unwrap();
        writer.write("half", b"x").unwrap();
        drop(writer);
        assert_eq!(fs::read_to_string(path.join(RUN_FILE)).unwrap(), marker());
        assert_eq!(names(folder.path()), ["run"]);
    }

    #[test]
    fn folders_of_others_are_not_replaced() {
        let folder = folder();
        let path = folder.path().join("precious");
        fs::create_dir(&path).unwrap();
        RunTarget::check(&path, 1).unwrap();
        fs::write(path.join("thesis.tex"), "…").unwrap();
        for text in [
            "",
            "{}",
            "[1, 2]",
            "{\"schema\": 1}",
            "{\"schema\": \"other\"}",
            "\u{0}",
        ] {
            fs::write(path.join(RUN_FILE), text).unwrap();
            let error = RunTarget::check(&path, 1).unwrap_err();
            assert!(
                error.message().contains("not the folder of an earlier run"),
                "{error}"
            );
            assert_eq!(error.kind(), Kind::Usage);
        }
        fs::write(path.join(RUN_FILE), marker()).unwrap();
        RunTarget::check(&path, 1).unwrap();
        assert_eq!(names(&path), [RUN_FILE, "thesis.tex"]);
        let error = RunTarget::check(&path.join("thesis.tex"), 1).unwrap_err();
        assert!(error.message().contains("is a file"), "{error}");
        let error = RunTarget::check(Path::new("."), 1).unwrap_err();
        assert!(error.message().contains("the folder you are in"), "{error}");
    }

    #[test]
    fn missing_folders_are_made_and_stay_if_something_is_in_them() {
        let folder = folder();
        let at = |name: &str| folder.path().join(name);
        let target = FileTarget::check(&at("a/b/spins.npy"), 1).unwrap();
        assert!(at("a/b").is_dir());
        drop(target);
        assert!(names(folder.path()).is_empty());
        FileTarget::check(&at("a/b/spins.npy"), u64::MAX).unwrap_err();
        assert!(names(folder.path()).is_empty());
        let target = RunTarget::check(&at("a/b/run"), 1).unwrap();
        target.create().unwrap().commit().unwrap();
        drop(target);
        assert_eq!(names(&at("a/b")), ["run"]);
        FileTarget::check(&at("a/c/../spins.npy"), 1).unwrap();
        assert_eq!(names(&at("a")), ["b"]);
    }

    #[test]
    fn one_output_has_one_writer() {
        let folder = folder();
        let path = folder.path().join("run");
        let refused = || RunTarget::check(&path, 1).unwrap_err();
        let target = RunTarget::check(&path, 1).unwrap();
        let me = format!("by process {}, which began 0 s ago", std::process::id());
        assert!(refused().message().contains(&me), "{}", refused());
        let other = FileTarget::check(&folder.path().join("run.checkpoint"), 1).unwrap();
        let writer = target.create().unwrap();
        drop(target);
        refused();
        writer.commit().unwrap();
        drop(other);
        RunTarget::check(&path, 1).unwrap();
        assert_eq!(names(folder.path()), ["run"]);
    }

    /// What a killed process leaves, in the words of its names.
    #[test]
    fn what_dead_processes_left_is_removed_and_what_they_replaced_returns() {
        let folder = folder();
        let at = |name: &str| folder.path().join(name);
        // Neither what has no claim nor what belongs to a living one.
        fs::write(at(".blockspin-notes"), "mine").unwrap();
        let living = FileTarget::check(&at("living"), 1).unwrap();
        let writer = living.create().unwrap();
        let dead = ".blockspin-0123456789abcdef";
        fs::write(at(&format!("{dead}.lock")), "1").unwrap();
        fs::write(at(&format!("{dead}-AbCdEf")), "half").unwrap();
        for inner in [
            "-GhIjKl",
            "-old-MnOpQr",
            "-old-MnOpQr/lost",
            "-old-MnOpQr/run",
        ] {
            fs::create_dir(at(&format!("{dead}{inner}"))).unwrap();
        }
        fs::write(at(&format!("{dead}-old-MnOpQr/lost/file")), "mine").unwrap();
        fs::create_dir(at("run")).unwrap();
        let before = names(folder.path()).len();
        FileTarget::check(&at("new"), 1).unwrap();
        assert_eq!(names(folder.path()).len(), before - 3);
        writer.commit().unwrap();
        drop(living);
        assert_eq!(
            names(folder.path()),
            [".blockspin-notes", "living", "lost", "run"]
        );
        assert_eq!(names(&at("lost")), ["file"]);
    }
}
