//! Members of `.npz` files: arrays in a zip archive written by `numpy.savez`.

use std::fmt::Display;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use flate2::read::DeflateDecoder;
use rawzip::{CompressionMethod, ZipArchive};

use crate::data::array::MOST_DEFLATED;
use crate::error::{Error, Result, annotate, quoted};
use crate::store::resources;

/// The bytes of the member with this name (such as "indptr.npy"), at most `limit` bytes unpacked; `None`
/// if there is no such member.
///
/// # Errors
/// A failure that names the file and the member.
pub(crate) fn member(path: &Path, name: &str, limit: u64) -> Result<Option<Vec<u8>>> {
    let fail = |why: String| Error::failure(format!("{} {why}", quoted(path)));
    let broken = |error: &dyn Display| {
        fail(format!(
            "is not a complete .npz file ({error}); numpy.savez writes such files"
        ))
    };
    let damaged = |error: &dyn Display| {
        fail(format!(
            "has a member {name} that cannot be read ({error}): the file is damaged"
        ))
    };
    let file = File::open(path).map_err(|error| annotate("read", path, error))?;
    let length = file
        .metadata()
        .map_err(|error| annotate("read", path, error))?
        .len();
    let mut buffer = vec![0; rawzip::RECOMMENDED_BUFFER_SIZE];
    let archive = ZipArchive::from_file(file, &mut buffer).map_err(|error| broken(&error))?;
    let mut found = None;
    let mut entries = archive.entries(&mut buffer);
    while let Some(entry) = entries.next_entry().map_err(|error| broken(&error))? {
        if entry.file_path().as_ref() == name.as_bytes() {
            if found.is_some() {
                return Err(broken(&format!("the member {name} occurs twice")));
            }
            if entry.flags().is_encrypted() {
                return Err(fail(format!(
                    "has an encrypted member {name}; plain ones can be read"
                )));
            }
            found = Some((
                entry.wayfinder(),
                entry.compression_method(),
                entry.uncompressed_size_hint(),
            ));
        }
    }
    let Some((wayfinder, method, claimed)) = found else {
        return Ok(None);
    };
    let large = |bytes: u64| {
        fail(format!(
            "has a member {name} of {bytes} bytes or more; at most {limit} are read here"
        ))
    };
    if claimed > limit {
        return Err(large(claimed));
    }
    let entry = archive
        .get_entry(wayfinder)
        .map_err(|error| damaged(&error))?;
    let (start, end) = entry.compressed_data_range();
    if start > end || end > length {
        return Err(damaged(&"it extends beyond the file"));
    }
    // What the directory says of it may be anything; this is what there is.
    let packed = end - start;
    let most = match method {
        CompressionMethod::STORE => packed,
        CompressionMethod::DEFLATE => packed.saturating_mul(MOST_DEFLATED),
        other => {
            return Err(fail(format!(
                "has a member {name} compressed by method {}; stored and deflated ones can be \
                 read, as numpy.savez and numpy.savez_compressed write them",
                other.as_u16()
            )));
        }
    };
    if claimed > most {
        return Err(damaged(&format!(
            "{claimed} bytes cannot come from {packed}"
        )));
    }
    resources::memory(&format!("reading {name} of {}", quoted(path)), claimed)?;
    let mut bytes = Vec::with_capacity(claimed as usize);
    // The archive may understate the unpacked size.
    let most = claimed.saturating_add(1);
    match method {
        CompressionMethod::DEFLATE => entry
            .verifying_reader(DeflateDecoder::new(entry.reader()))
            .take(most)
            .read_to_end(&mut bytes),
        _ => entry
            .verifying_reader(entry.reader())
            .take(most)
            .read_to_end(&mut bytes),
    }
    .map_err(|error| damaged(&error))?;
    if bytes.len() as u64 != claimed {
        return Err(damaged(&format!("it does not have {claimed} bytes")));
    }
    Ok(Some(bytes))
}
