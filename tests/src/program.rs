//! The program itself, run as a user would: in a folder of its own, output to files.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// After this long a command counts as hanging.
const PATIENCE: Duration = Duration::from_secs(300);

/// Path of the binary, built in the profile of these tests: Cargo builds a package's binaries for
/// that package's own tests alone.
///
/// # Panics
/// If it cannot be built.
#[must_use]
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        // target/[TRIPLE/]PROFILE/deps/TEST
        let test = std::env::current_exe().expect("this test's own name");
        let profile = test.parent().and_then(Path::parent).expect("a profile");
        let name = profile.file_name().expect("a profile");
        let mut build = Command::new(env!("CARGO"));
        build
            .args(["build", "--quiet", "--package", "blockspin", "--bin"])
            .args(["blockspin", "--profile"])
            .arg(if name == "debug" {
                "dev".as_ref()
            } else {
                name
            });
        let around = profile.parent().expect("a target folder");
        let target = if around.join(".rustc_info.json").exists() {
            around
        } else {
            build
                .arg("--target")
                .arg(around.file_name().expect("a triple"));
            around.parent().expect("a target folder")
        };
        build.arg("--target-dir").arg(target);
        build.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        assert!(build.status().expect("cargo").success(), "{build:?}");
        profile.join(format!("blockspin{}", std::env::consts::EXE_SUFFIX))
    })
}

/// A folder that vanishes with its test.
#[derive(Debug)]
pub struct Folder {
    folder: TempDir,
}

/// What a command left.
#[derive(Clone, Debug)]
pub struct Told {
    /// The command, for messages.
    pub command: String,
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Folder {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Folder { folder }
    }

    /// Path of a file in it.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).expect(name);
    }

    /// Reads a file.
    #[must_use]
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect(name)
    }

    /// Everything in it, by relative name: contents of files, nothing for the rest.
    #[must_use]
    pub fn contents(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let (mut found, mut folders) = (BTreeMap::new(), vec![PathBuf::new()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(self.folder.path().join(&folder)).expect("a folder") {
                let entry = entry.expect("an entry");
                let (name, kind) = (folder.join(entry.file_name()), entry.file_type());
                let kind = kind.expect("a kind of file");
                let bytes = kind
                    .is_file()
                    .then(|| fs::read(entry.path()).expect("a file"));
                if kind.is_dir() {
                    folders.push(name.clone());
                }
                found.insert(name, bytes);
            }
        }
        found
    }

    /// Runs `blockspin` in it with words between blanks.
    #[must_use]
    pub fn run(&self, words: &str) -> Told {
        let words: Vec<_> = words.split_whitespace().collect();
        let mut command = Command::new(binary());
        command.args(&words);
        self.finish(words.join(" "), &mut command, None)
    }

    /// Runs `blockspin` with its standard output going elsewhere.
    #[must_use]
    pub fn run_into(&self, words: &str, stdout: Stdio) -> Told {
        let mut command = Command::new(binary());
        command.args(words.split_whitespace());
        self.finish(words.to_string(), &mut command, Some(stdout))
    }

    /// Runs any command in it.
    ///
    /// # Panics
    /// If it cannot be started, hangs, or leaves output that is not text.
    #[must_use]
    pub fn finish(&self, name: String, command: &mut Command, stdout: Option<Stdio>) -> Told {
        let outputs = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| outputs.path().join(name);
        let file = |name: &str| Stdio::from(File::create(at(name)).expect("a file"));
        File::create(at("out")).expect("a file");
        let mut child = command
            .current_dir(self.folder.path())
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::null())
            .stdout(stdout.unwrap_or_else(|| file("out")))
            .stderr(file("err"))
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("a child") {
                break status;
            }
            if begun.elapsed() > PATIENCE {
                let _ = child.kill();
                let _ = child.wait();
                panic!("{name}: still running after {PATIENCE:?}");
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let read = |name: &str| fs::read_to_string(at(name)).expect("text");
        let told = Told {
            command: name,
            code: status.code(),
            stdout: read("out"),
            stderr: read("err"),
        };
        assert!(!told.stderr.contains("panicked"), "{told:?}");
        told
    }

    /// Runs what must be refused: with this exit code, a first line on standard error that holds
    /// all these words, nothing on standard output, and nothing changed in the folder, but for what
    /// killed processes left hidden there.
    ///
    /// # Panics
    /// If it is not so.
    pub fn refuses(&self, words: &str, code: i32, said: &[&str]) {
        let before = self.contents();
        let told = self.run(words);
        told.is_refusal(code, said);
        let after = self.contents();
        let is_hidden = |name: &Path| name.to_string_lossy().starts_with(".blockspin-");
        let kept = before
            .iter()
            .filter(|(name, _)| !is_hidden(name) || after.contains_key(*name));
        assert!(after.iter().eq(kept), "left something behind: {told:?}");
    }

    /// Runs what must succeed without a word on standard error, and gives its standard output.
    ///
    /// # Panics
    /// If it is not so.
    #[must_use]
    pub fn succeeds(&self, words: &str) -> String {
        let told = self.run(words);
        assert_eq!((told.code, &told.stderr[..]), (Some(0), ""), "{told:?}");
        told.stdout
    }

    /// The object that a command prints with `--json`.
    ///
    /// # Panics
    /// If it fails, or prints anything else.
    #[must_use]
    pub fn json(&self, words: &str) -> Value {
        self.run(&format!("{words} --json")).json()
    }
}

impl Told {
    /// The one object on standard output.
    ///
    /// # Panics
    /// If the command failed, or printed anything else.
    #[must_use]
    pub fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self:?}");
        let value: Value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no single object ({error}): {self:?}"));
        assert!(value.is_object(), "{self:?}");
        value
    }

    /// Checks that it is a refusal, as [`Folder::refuses`] has it.
    ///
    /// # Panics
    /// If it is not.
    pub fn is_refusal(&self, code: i32, said: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        let first = self.stderr.lines().next().unwrap_or_default();
        assert!(first.starts_with("error: "), "{self:?}");
        for word in said {
            assert!(first.contains(word), "'{word}' is missing: {self:?}");
        }
    }
}

/// The number of this name.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn number(object: &Value, name: &str) -> f64 {
    object[name]
        .as_f64()
        .unwrap_or_else(|| panic!("{name} is no number: {object}"))
}

/// The numbers of a little-endian file of f32.
///
/// # Panics
/// If its length is no multiple of 4.
#[must_use]
pub fn floats(data: &[u8]) -> Vec<f32> {
    let (words, rest) = data.as_chunks::<4>();
    assert!(rest.is_empty());
    words.iter().map(|word| f32::from_le_bytes(*word)).collect()
}

/// Numbers without a pattern: the finaliser of SplitMix64, shortened.
#[must_use]
pub fn scattered(i: usize) -> u32 {
    let x = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (x >> 33) as u32
}

/// An `.npy` file of version 1.0, C order.
#[must_use]
pub fn npy(kind: &str, shape: &[usize], data: &[u8]) -> Vec<u8> {
    let shape: String = shape.iter().map(|n| format!("{n}, ")).collect();
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend(data);
    bytes
}

/// The header's dictionary of an `.npy` file of version 1.0, and its data.
///
/// # Panics
/// If it is none.
#[must_use]
pub fn parse_npy(bytes: &[u8]) -> (String, &[u8]) {
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert_eq!((10 + length) % 64, 0, "the data are aligned");
    let header = std::str::from_utf8(&bytes[10..10 + length]).expect("ASCII");
    (header.trim_end().to_string(), &bytes[10 + length..])
}
