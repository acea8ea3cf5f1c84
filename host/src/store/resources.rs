//! Checks that disk and memory are sufficient, before any work is done.

use std::path::Path;

use crate::error::{Error, Result, annotate, quoted};

/// Checks that `bytes` fit in the free space of the disk that holds `folder`.
///
/// # Errors
/// A failure that names both sizes.
pub fn disk(folder: &Path, bytes: u64) -> Result<()> {
    let free = fs4::available_space(folder)
        .map_err(|error| annotate("find the free space of", folder, error))?;
    if bytes > free {
        return Err(Error::failure(format!(
            "the output needs {}, and {} has {} free; ask for less, or write to another disk",
            size(bytes),
            quoted(folder),
            size(free)
        )));
    }
    Ok(())
}

/// Checks that `bytes` of temporary data fit in the free space of the disk that holds `folder`.
///
/// # Errors
/// A failure with both sizes; `what` begins its message.
pub fn scratch(what: &str, folder: &Path, bytes: u64) -> Result<()> {
    let free = fs4::available_space(folder)
        .map_err(|error| annotate("find the free space of", folder, error))?;
    if bytes > free {
        return Err(Error::failure(format!(
            "{what} needs {}, and {} has {} free; set TMPDIR to a folder on a larger disk",
            size(bytes),
            quoted(folder),
            size(free)
        )));
    }
    Ok(())
}

/// Checks that `bytes` more fit in memory, where the system reports the available memory (Linux).
///
/// # Errors
/// A failure with both sizes; `what` begins its message.
pub fn memory(what: &str, bytes: u64) -> Result<()> {
    let free = available_memory().unwrap_or(isize::MAX as u64);
    if bytes > free {
        return Err(Error::failure(format!(
            "{what} needs {} of memory, and {} is available; ask for less",
            size(bytes),
            size(free)
        )));
    }
    Ok(())
}

/// Memory available without swapping, as reported by Linux.
fn available_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim()
        .strip_suffix("kB")?
        .trim()
        .parse::<u64>()
        .ok()?
        .checked_mul(1024)
}

/// A number of bytes as text, with three digits.
#[must_use]
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} bytes");
    }
    let power = (bytes.ilog2() / 10) as usize;
    let value = bytes as f64 / (1u64 << (10 * power)) as f64;
    let digits = if value < 10.0 {
        2
    } else {
        usize::from(value < 100.0)
    };
    format!("{value:.digits$} {}", UNITS[power - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_in_words() {
        assert_eq!(size(1023), "1023 bytes");
        assert_eq!(size(1536), "1.50 KiB");
        assert_eq!(size(200 << 20), "200 MiB");
        assert_eq!(size(u64::MAX), "16.0 EiB");
    }

    #[test]
    fn too_much_is_refused() {
        let error = disk(&std::env::temp_dir(), u64::MAX).unwrap_err();
        assert!(error.message().contains("needs 16.0 EiB"), "{error}");
        assert_eq!(error.kind(), crate::Kind::Failure);
        assert!(
            memory("a batch", u64::MAX)
                .unwrap_err()
                .message()
                .starts_with("a batch needs")
        );
        disk(&std::env::temp_dir(), 1).unwrap();
        memory("a byte", 1).unwrap();
    }
}
