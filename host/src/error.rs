//! Errors of this crate. Messages name settings as `` `batch` ``; the command line rewrites these as
//! options.

use std::fmt;
use std::io;
use std::path::Path;

use blockspin_core::lattice::LatticeError;
use blockspin_core::window::WindowError;

/// The result of a fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// The kind of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// The value of one setting is not allowed: [`Error::setting_name`] says which setting.
    Setting,
    /// The request is impossible on any machine.
    Usage,
    /// A file, the disk, the memory or the data do not allow it.
    Failure,
    /// The reader of our output has closed it (`| head`): nothing is reported.
    ClosedPipe,
}

/// An error. Its first line says what was given, what is allowed and what would help; hints follow, one
/// per line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    setting: Option<&'static str>,
    message: String,
    hints: Vec<String>,
}

impl Error {
    /// A setting whose value is not allowed.
    pub fn setting(name: &'static str, given: &str, rule: impl fmt::Display) -> Self {
        Error {
            kind: Kind::Setting,
            setting: Some(name),
            message: format!("invalid value '{given}' for `{name}`: {rule}"),
            hints: Vec::new(),
        }
    }

    /// Wrong usage: [`Kind::Usage`].
    pub fn usage(message: impl Into<String>) -> Self {
        Error {
            kind: Kind::Usage,
            setting: None,
            message: message.into(),
            hints: Vec::new(),
        }
    }

    /// A failure: [`Kind::Failure`].
    pub fn failure(message: impl Into<String>) -> Self {
        Error {
            kind: Kind::Failure,
            setting: None,
            message: message.into(),
            hints: Vec::new(),
        }
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Who can mend the error.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The first line.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The hints.
    #[must_use]
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// The setting whose value is not allowed.
    #[must_use]
    pub fn setting_name(&self) -> Option<&'static str> {
        self.setting
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        self.hints.iter().try_for_each(|hint| write!(f, "\n{hint}"))
    }
}

impl std::error::Error for Error {}

impl From<LatticeError> for Error {
    fn from(error: LatticeError) -> Self {
        Error::usage(error.to_string())
    }
}

impl From<WindowError> for Error {
    fn from(error: WindowError) -> Self {
        Error::usage(error.to_string())
    }
}

/// For standard output and for the writers of this crate, whose errors already name their file.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Error {
                kind: Kind::ClosedPipe,
                setting: None,
                message: error.to_string(),
                hints: Vec::new(),
            },
            _ => Error::failure(error.to_string()),
        }
    }
}

/// Adds to an error which file it concerns and what was attempted.
pub(crate) fn annotate(doing: &str, path: &Path, error: io::Error) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("cannot {doing} {}: {}", quoted(path), plain(&error)),
    )
}

/// The system's message for an error, without its number.
#[must_use]
pub fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => "no space left on the disk".into(),
        io::ErrorKind::NotFound => "it does not exist".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        _ => {
            let text = error.to_string();
            match text.find(" (os error") {
                Some(end) => text[..end].to_lowercase(),
                None => text,
            }
        }
    }
}

/// A path in quotes, always on one line.
#[must_use]
pub fn quoted(path: &Path) -> String {
    let mut text = String::from("'");
    for c in path.to_string_lossy().chars() {
        if c.is_control() {
            text.extend(c.escape_default())
        } else {
            text.push(c)
        }
    }
    text.push('\'');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_then_hints() {
        let error = Error::usage("a window of 32 on a lattice of 16; at most 16").hint("try less");
        assert_eq!(
            error.to_string(),
            "a window of 32 on a lattice of 16; at most 16\ntry less"
        );
        assert_eq!(error.hints(), ["try less"]);
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        let error = Error::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(error.kind(), Kind::ClosedPipe);
    }

    #[test]
    fn paths_cannot_forge_lines() {
        assert_eq!(quoted(Path::new("a\nb\u{1b}[2J")), "'a\\nb\\u{1b}[2J'");
    }
}
