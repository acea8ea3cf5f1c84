//! The folder of a run: its default name, and whether the finished run in a folder may be replaced.

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::Hasher;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use fnv::FnvHasher;
use serde_json::Value;

use super::checkpoint::difference;
use super::config::RunConfig;
use super::config_file::read_fields;
use super::record::VERSION;
use crate::error::{Error, Result, annotate, quoted};
use crate::settings::groups::CriticNetwork;
use crate::settings::{Fields, text};
use crate::store::folder::RUN_FILE;

/// Hashes of the files that a run reads, by the setting that names them.
pub type FileHashes = BTreeMap<String, String>;

/// Length of a default name, beyond which settings are left to its hash.
const LONGEST: usize = 48;
/// Settings that name files. Those of filters may be the names of filters instead.
const FILES: [&str; 4] = ["file", "graph", "filter", "filter_init"];

/// FNV-1a 64 hashes of the files that a configuration names, but for configurations in memory.
///
/// # Errors
/// A failure that names the file, if it cannot be read.
pub(super) fn file_hashes(config: &RunConfig, in_memory: bool) -> Result<FileHashes> {
    let fields = config.fields();
    let mut hashes = FileHashes::new();
    for name in FILES {
        let Some(given) = fields.get(name).and_then(text) else {
            continue;
        };
        let is_name = name.starts_with("filter") && !given.ends_with(".npy");
        if is_name || name == "file" && in_memory {
            continue;
        }
        if let Some(path) = regular_file(&given) {
            let hash = hash_of(&path).map_err(|error| annotate("read", &path, error))?;
            hashes.insert(name.into(), format!("{hash:016x}"));
        }
    }
    Ok(hashes)
}

/// The file of FILE or FILE:MEMBER.
fn regular_file(given: &str) -> Option<PathBuf> {
    let before_member = given.rsplit_once(':').map(|(file, _)| file);
    let mut paths = [Some(given), before_member].into_iter().flatten();
    let found = paths.find(|path| Path::new(path).is_file());
    found.map(PathBuf::from)
}

/// FNV-1a 64 of all bytes of a file.
fn hash_of(path: &Path) -> std::io::Result<u64> {
    let mut file = BufReader::new(File::open(path)?);
    let (mut hash, mut bytes) = (FnvHasher::default(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut bytes)? {
            0 => return Ok(hash.finish()),
            n => hash.write(&bytes[..n]),
        }
    }
}

/// The default name of a run's folder: MODEL-SEED, then the settings that are no defaults, then a hash
/// of all settings and files where these names could be those of another run.
pub(super) fn name(config: &RunConfig, discrete: bool, files: &FileHashes) -> String {
    let fields = config.fields();
    let mut name = match config.task() {
        "train" => String::new(),
        task => format!("{task}-"),
    };
    name += &format!("{}-{}", config.source.name(), config.optimisation.seed);
    let mut is_unique = files.is_empty();
    for (setting, value) in &fields {
        if ["task", "model", "seed"].contains(&&setting[..])
            || is_default(&fields, setting, discrete)
        {
            continue;
        }
        let value = text(value).unwrap_or_else(|| "none".into());
        let value = match setting == "file" {
            true => Path::new(&value)
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into(),
            false => value,
        };
        let plain = plain(&value);
        let words = match &setting[..] {
            "file" | "filter" => format!("-{plain}"),
            _ => format!("-{}-{plain}", setting.replace('_', "-")),
        };
        if name.len() + words.len() > LONGEST {
            is_unique = false;
            break;
        }
        is_unique &= plain == value;
        name += &words;
    }
    if !is_unique {
        let mut hash = FnvHasher::default();
        hash.write(Value::Object(fields).to_string().as_bytes());
        files.iter().for_each(|(name, hashed)| {
            hash.write(name.as_bytes());
            hash.write(hashed.as_bytes());
        });
        name += &format!("-{:08x}", hash.finish() >> 32);
    }
    name
}

/// Whether a setting is what it would be if it were left out.
fn is_default(fields: &Fields, setting: &str, discrete: bool) -> bool {
    let mut others = fields.clone();
    // The parts of a critic follow from one another.
    let mut critic = Fields::new();
    CriticNetwork::default().write(&mut critic);
    if critic.contains_key(setting) {
        critic
            .keys()
            .for_each(|name| drop(others.shift_remove(name)));
    }
    others.shift_remove(setting);
    let without = RunConfig::from_fields(&others).and_then(|config| config.completed(discrete));
    without.is_ok_and(|config| config.fields().get(setting) == fields.get(setting))
}

/// What any file system takes as part of a name.
fn plain(value: &str) -> String {
    let plain = |c: char| match c.is_alphanumeric() || "._,-".contains(c) {
        true => c,
        false => '_',
    };
    value.chars().map(plain).collect()
}

/// Checks that the finished run in a folder, if there is one, is this one: replacing it loses nothing.
///
/// # Errors
/// Usage, if it is another, with what differs first.
pub(super) fn check_replacement(
    folder: &Path,
    config: &RunConfig,
    discrete: bool,
    files: &FileHashes,
) -> Result<()> {
    let path = folder.join(RUN_FILE);
    if !path.exists() {
        return Ok(());
    }
    let kept = |found: &str, given: &str| {
        Error::usage(format!(
            "{} holds a finished run with {found}, and this one has {given}; give another `out`, or \
             `force` to replace it",
            quoted(folder)
        ))
    };
    let found = read_fields(&path)
        .and_then(|fields| RunConfig::from_fields(&fields)?.completed(discrete))
        .map_err(|_| kept("settings of another version", "those of this one"))?;
    if let Some((found, given)) = difference(&found, config) {
        return Err(kept(&found, &given));
    }
    let text = std::fs::read(&path).map_err(|error| annotate("read", &path, error))?;
    let record: Fields = serde_json::from_slice(&text).unwrap_or_default();
    let version = record
        .get("version")
        .and_then(Value::as_str)
        .unwrap_or("none");
    if version != VERSION {
        return Err(kept(
            &format!("version {version}"),
            &format!("version {VERSION}"),
        ));
    }
    let hashes = record
        .get("file_hashes")
        .cloned()
        .and_then(|hashes| serde_json::from_value::<Option<FileHashes>>(hashes).ok())
        .flatten()
        .unwrap_or_default();
    if hashes != *files {
        return Err(kept("the same settings on other files", "changed files"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{GaussianField, Ising};
    use crate::run::DataFile;

    fn named(config: &RunConfig, files: &FileHashes) -> String {
        name(&config.completed(true).unwrap(), true, files)
    }

    #[test]
    fn names_tell_runs_apart_and_defaults_are_left_out() {
        let none = FileHashes::new();
        let of = |model: Ising| named(&RunConfig::train(model), &none);
        assert_eq!(of(Ising::default()), "ising-1");
        assert_eq!(of(Ising::default().at(2.5)), "ising-1-temperature-2.5");
        // What follows from other settings is no setting of its own.
        let cube = Ising {
            dimension: Some(3),
            ..Ising::default()
        };
        assert_eq!(of(cube), "ising-1-dimension-3");
        let mut other = RunConfig::estimate(GaussianField::square(16, 0.25), "boundary");
        other.optimisation.seed = 7;
        assert_eq!(
            named(&other, &none),
            "estimate-gaussian-7-size-16-mass-0.25-boundary"
        );
        let mut long = RunConfig::train(Ising::default());
        long.optimisation.learning_rate = 0.001_234_567;
        long.optimisation.learning_rate_end = 0.000_123_456;
        long.optimisation.steps = 123_456;
        let first = named(&long, &none);
        long.optimisation.steps = 123_457;
        assert!(first.len() <= LONGEST + 9, "{first}");
        assert_ne!(first, named(&long, &none));
    }

    #[test]
    fn files_of_one_name_have_different_folders() {
        let of = |file: &str, hash: &str| {
            let file = DataFile {
                file: file.into(),
                ..DataFile::default()
            };
            let files = FileHashes::from([("file".into(), hash.into())]);
            named(&RunConfig::train(file), &files)
        };
        let names = [of("a/spins.npy", "1"), of("b/spins.npy", "2")];
        assert!(
            names.iter().all(|name| name.starts_with("data-1-spins-")),
            "{names:?}"
        );
        assert_ne!(names[0], names[1]);
        assert_ne!(of("a/spins.npy", "1"), of("a/spins.npy", "2"));
    }

    #[test]
    fn files_are_hashed_by_all_their_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        std::fs::write(&path, "foobar").unwrap();
        // The published value of FNV-1a 64.
        assert_eq!(hash_of(&path).unwrap(), 0x8594_4171_f739_67e8);
        let member = format!("{}:u", path.display());
        assert_eq!(regular_file(&member), Some(path));
        assert_eq!(regular_file("no such file"), None);
    }
}
