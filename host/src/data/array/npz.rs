//! The members of `.npz` files, zip archives as `numpy.savez` and `numpy.savez_compressed` write
//! them.
//!
//! The checksum of a compressed member is verified as it is unpacked. A stored member is read by
//! position, so its checksum is not verified.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::Crc;
use flate2::read::DeflateDecoder;
use rawzip::{CompressionMethod, ZipArchive};

use super::store::{Store, Stretch};
use super::unreadable;
use crate::error::{Error, Result, quoted};
use crate::observer::Progress;

/// First bytes of an archive: those of a member, or of an empty archive.
pub(super) const MAGICS: [[u8; 4]; 2] = [*b"PK\x03\x04", *b"PK\x05\x06"];

/// Largest compression ratio of Deflate.
pub(crate) const MOST_DEFLATED: u64 = 1032;
/// Most names listed in a message.
const NAMES: usize = 8;
/// Size of a chunk when unpacking, in bytes.
const CHUNK: usize = 1 << 18;

/// Position and properties of a member.
#[derive(Debug)]
pub(super) struct Member {
    /// Its range of bytes in the file.
    pub(super) start: u64,
    pub(super) end: u64,
    /// Whether it is compressed.
    pub(super) deflated: bool,
    /// Size when unpacked, in bytes.
    pub(super) length: u64,
    crc: u32,
}

/// Finds a member, or the only array, in an archive of `length` bytes. Returns it with its name for
/// messages.
pub(super) fn find(
    file: File,
    length: u64,
    path: &Path,
    wanted: Option<&str>,
) -> Result<(Member, String)> {
    let whole = quoted(path);
    let damaged = |why: &dyn std::fmt::Display| {
        Error::failure(format!(
            "{whole} begins like an .npz file, but is not one or is damaged ({why}); numpy.savez \
             writes such files"
        ))
    };
    let mut buffer = vec![0; rawzip::RECOMMENDED_BUFFER_SIZE];
    let archive = ZipArchive::from_file(file, &mut buffer).map_err(|error| damaged(&error))?;
    let mut names: Vec<String> = vec![];
    let (mut seen, mut arrays) = (0u64, 0u64);
    let mut found = None;
    let mut entries = archive.entries(&mut buffer);
    while let Some(entry) = entries.next_entry().map_err(|error| damaged(&error))? {
        seen += 1;
        let name = String::from_utf8_lossy(entry.file_path().as_ref()).into_owned();
        let Some(array) = name.strip_suffix(".npy") else {
            continue;
        };
        arrays += 1;
        if names.len() < NAMES {
            names.push(array.escape_default().to_string());
        }
        if wanted.is_none_or(|wanted| wanted == array || wanted == name) {
            if wanted.is_some() && found.is_some() {
                return Err(damaged(&format!(
                    "the member '{}' occurs twice",
                    name.escape_default()
                )));
            }
            found = Some((
                entry.wayfinder(),
                array.to_string(),
                entry.compression_method(),
                entry.flags().is_encrypted(),
                entry.uncompressed_size_hint(),
                entry.crc32(),
            ));
        }
    }
    if seen != archive.entries_hint() {
        return Err(damaged(&format!(
            "{seen} members where {} are announced",
            archive.entries_hint()
        )));
    }
    let listed = || {
        let more = if arrays > NAMES as u64 { ", …" } else { "" };
        format!("{}{more}", names.join(", "))
    };
    let (wayfinder, array, method, encrypted, unpacked, crc) = match (found, wanted) {
        (Some(found), _) if wanted.is_some() || arrays == 1 => found,
        (Some((_, array, ..)), _) => {
            return Err(Error::failure(format!(
                "{whole} holds {arrays} arrays ({}): name one of them, as in {}",
                listed(),
                quoted(Path::new(&format!("{}:{array}", path.display())))
            )));
        }
        (None, Some(wanted)) if arrays > 0 => {
            return Err(Error::failure(format!(
                "{whole} holds no array '{}'; there is {}",
                wanted.escape_default(),
                listed()
            )));
        }
        (None, _) => {
            return Err(Error::failure(format!(
                "{whole} holds no array: an .npz file has members with names in .npy; \
                 numpy.savez writes such files"
            )));
        }
    };
    let name = quoted(Path::new(&format!("{}:{array}", path.display())));
    if encrypted {
        return Err(Error::failure(format!(
            "{name} is encrypted; only plain members can be read"
        )));
    }
    let deflated = match method {
        CompressionMethod::STORE => false,
        CompressionMethod::DEFLATE => true,
        other => {
            return Err(Error::failure(format!(
                "{name} is compressed by method {}; stored and deflated members can be read, as \
                 numpy.savez and numpy.savez_compressed write them",
                other.as_u16()
            )));
        }
    };
    let entry = archive
        .get_entry(wayfinder)
        .map_err(|error| damaged(&error))?;
    let (start, end) = entry.compressed_data_range();
    if start > end || end > length {
        return Err(damaged(&"a member extends beyond the file"));
    }
    let packed = end - start;
    if if deflated {
        unpacked / MOST_DEFLATED > packed
    } else {
        unpacked != packed
    } {
        return Err(damaged(&format!(
            "a member of {unpacked} bytes cannot come from {packed}"
        )));
    }
    let member = Member {
        start,
        end,
        deflated,
        length: unpacked,
        crc,
    };
    Ok((member, name))
}

impl Member {
    /// The content of a compressed member.
    pub(super) fn unpack<'a>(&self, store: &'a Store) -> DeflateDecoder<Stretch<'a>> {
        DeflateDecoder::new_with_buf(
            Stretch::new(store, self.start, self.end),
            vec![0; CHUNK.min((self.end - self.start).max(1) as usize)],
        )
    }

    /// Copies what follows the first `skip` bytes, and verifies length and checksum.
    pub(super) fn copy(
        &self,
        from: &Store,
        skip: u64,
        name: &str,
        to: &mut Store,
        progress: &dyn Progress,
    ) -> Result<()> {
        let mut unpacked = self.unpack(from);
        let mut crc = Crc::new();
        let mut chunk = vec![0; CHUNK.min(self.length as usize)];
        let mut at = 0;
        while at < self.length {
            // The header is read separately, so that the data begin a chunk.
            let end = if at < skip { skip } else { self.length };
            let n = (end - at).min(CHUNK as u64) as usize;
            let chunk = &mut chunk[..n];
            unpacked
                .read_exact(chunk)
                .map_err(|error| match error.kind() {
                    io::ErrorKind::UnexpectedEof => Error::failure(format!(
                        "{name} unpacks to fewer than the {} bytes announced: the file is damaged",
                        self.length
                    )),
                    _ => unreadable(name, &error),
                })?;
            crc.update(chunk);
            if at >= skip {
                to.write_at(at - skip, chunk)
                    .map_err(|error| unreadable(name, &error))?;
                progress.advance(n as u64);
            }
            at += n as u64;
        }
        let more = unpacked
            .read(&mut [0])
            .map_err(|error| unreadable(name, &error))?;
        if more > 0 {
            return Err(Error::failure(format!(
                "{name} unpacks to more than the {} bytes announced: the file is damaged",
                self.length
            )));
        }
        if crc.sum() != self.crc {
            return Err(Error::failure(format!(
                "{name} does not match its checksum: the file is damaged"
            )));
        }
        Ok(())
    }
}
