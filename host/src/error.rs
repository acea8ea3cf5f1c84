//! What can go wrong, in words for the person who typed the command.

use std::fmt;
use std::io;
use std::path::Path;

use blockspin_core::lattice::LatticeError;
use blockspin_core::window::WindowError;

/// What a fallible function of this crate returns.
pub type Result<T> = std::result::Result<T, Error>;

/// Whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The command itself asks for what no machine could do.
    Usage,
    /// A file, the disk, the memory or the data do not serve.
    Failure,
    /// Whoever read our output has gone (`| head`): nothing to tell, nobody to tell it to.
    ClosedPipe,
}

/// An error. Its first line says what was given, the rule, and what would do; hints follow, a line
/// each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    message: String,
    hints: Vec<String>,
}

impl Error {
    /// Wrong usage.
    pub fn usage(message: impl Into<String>) -> Self {
        Error {
            kind: Kind::Usage,
            message: message.into(),
            hints: Vec::new(),
        }
    }

    /// A failure.
    pub fn failure(message: impl Into<String>) -> Self {
        Error {
            kind: Kind::Failure,
            message: message.into(),
            hints: Vec::new(),
        }
    }

    /// Adds a line of help.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Whose fault it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The first line.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Exit code of the process: 2 for wrong usage, 1 for a failure, 0 for a reader that has seen
    /// enough.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::Usage => 2,
            Kind::Failure => 1,
            Kind::ClosedPipe => 0,
        }
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

/// For standard output and for the writers of this crate, whose errors name their file already.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Error {
                kind: Kind::ClosedPipe,
                message: error.to_string(),
                hints: Vec::new(),
            },
            _ => Error::failure(error.to_string()),
        }
    }
}

/// The same error, saying on which file what was tried.
pub(crate) fn annotate(doing: &str, path: &Path, error: io::Error) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("cannot {doing} {}: {}", quoted(path), plain(&error)),
    )
}

/// The system's words for an error, without its number.
pub(crate) fn plain(error: &io::Error) -> String {
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

/// A path between quotes, on one line whatever it contains.
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
        assert_eq!(error.exit_code(), 2);
        assert_eq!(Error::failure("x").exit_code(), 1);
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        let error = Error::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!((error.kind(), error.exit_code()), (Kind::ClosedPipe, 0));
    }

    #[test]
    fn paths_cannot_forge_lines() {
        assert_eq!(quoted(Path::new("a\nb\u{1b}[2J")), "'a\\nb\\u{1b}[2J'");
    }
}
