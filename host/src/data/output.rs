//! Where configurations are written: a file whose suffix says its format, `.npy`, `.npz` or `.csv`, or a
//! stream, which takes `.npy`.
//!
//! An `.npy` file is written in place, by several threads. All others are written one value after the other,
//! when all configurations are known: until then these are kept in memory up to 64 MiB, beyond that in a
//! temporary file.

use std::fmt;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use rawzip::{CompressionMethod, ZipArchiveWriter};
use tempfile::SpooledTempFile;

use crate::data::array::IN_MEMORY;
use crate::data::npy::{ConfigurationFile, Format, file_bytes};
use crate::error::{Error, Result};
use crate::store::folder::{FileTarget, FileWriter};
use crate::store::resources;

/// Name of the one member of an `.npz` file.
const MEMBER: &str = "configurations.npy";
/// Bytes that are copied at a time.
const CHUNK: usize = 1 << 18;

/// Where configurations are to go.
pub enum Destination {
    /// A file, `.npy`, `.npz` or `.csv`.
    File(PathBuf),
    /// A stream, as `.npy`.
    Stream(Box<dyn Write + Send>),
}

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Container {
    Npy,
    Npz,
    Csv,
}

impl Container {
    fn of(path: &Path) -> Option<Self> {
        let suffix = path.extension()?.to_string_lossy().to_ascii_lowercase();
        Some(match &suffix[..] {
            "npy" => Container::Npy,
            "npz" => Container::Npz,
            "csv" => Container::Csv,
            _ => return None,
        })
    }
}

/// Bytes of a value in CSV, at most or about.
fn csv_width(format: Format) -> u64 {
    match format {
        Format::Bits => 2,
        Format::Signs | Format::Small => 3,
        Format::Whole => 11,
        Format::Real => 13,
    }
}

/// A destination that has been checked.
pub struct ConfigurationTarget {
    place: Place,
    configurations: u64,
    sides: Vec<u32>,
    format: Format,
}

enum Place {
    File(Box<FileTarget>, Container),
    Stream(Box<dyn Write + Send>),
}

/// What an array is written to first.
#[derive(Debug)]
pub enum Sink {
    /// The file itself.
    File(Box<FileWriter>),
    /// Memory or a temporary file.
    Spool(SpooledTempFile),
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Sink::File(file) => file.write(bytes),
            Sink::Spool(spool) => spool.write(bytes).map_err(spooled),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::File(file) => file.flush(),
            Sink::Spool(spool) => spool.flush().map_err(spooled),
        }
    }
}

impl Seek for Sink {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Sink::File(file) => file.seek(to),
            Sink::Spool(spool) => spool.seek(to).map_err(spooled),
        }
    }
}

fn spooled(error: io::Error) -> io::Error {
    let folder = std::env::temp_dir();
    crate::error::annotate("write a temporary file in", &folder, error)
}

impl fmt::Debug for ConfigurationTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigurationTarget")
            .field("configurations", &self.configurations)
            .finish_non_exhaustive()
    }
}

impl ConfigurationTarget {
    /// Checks that so many configurations of this shape can be written.
    ///
    /// # Errors
    /// Of a suffix that says no format; those of [`FileTarget::check`]; a failure, if there is no room.
    pub fn check(
        to: Destination,
        configurations: u64,
        sides: &[u32],
        format: Format,
    ) -> Result<Self> {
        let bytes = file_bytes(configurations, sides, format)?;
        let scratch = |bytes: u64| match bytes > IN_MEMORY {
            true => {
                let folder = std::env::temp_dir();
                resources::scratch("a plain copy of the output", &folder, bytes)
            }
            false => resources::memory("the output", bytes),
        };
        let place = match to {
            Destination::Stream(stream) => {
                scratch(bytes)?;
                Place::Stream(stream)
            }
            Destination::File(path) => {
                let container = Container::of(&path);
                let text = bytes / format.size() as u64 * csv_width(format);
                let target = FileTarget::check(
                    &path,
                    match container {
                        Some(Container::Npy | Container::Npz) => bytes,
                        Some(Container::Csv) => text,
                        None => 0,
                    },
                )?;
                let Some(container) = container else {
                    return Err(Error::setting(
                        "out",
                        &path.to_string_lossy(),
                        "the suffix says the format, .npy, .npz or .csv",
                    ));
                };
                if container != Container::Npy {
                    scratch(bytes)?;
                }
                Place::File(Box::new(target), container)
            }
        };
        Ok(ConfigurationTarget {
            place,
            configurations,
            sides: sides.to_vec(),
            format,
        })
    }

    /// Starts to write.
    ///
    /// # Errors
    /// A failure, if the folder cannot be written to.
    pub fn create(&self) -> Result<ConfigurationFile<Sink>> {
        let sink = match &self.place {
            Place::File(target, Container::Npy) => Sink::File(Box::new(target.create()?)),
            _ => Sink::Spool(tempfile::spooled_tempfile(IN_MEMORY as usize)),
        };
        let (n, sides) = (self.configurations, &self.sides);
        Ok(ConfigurationFile::new(sink, n, sides, self.format)?)
    }

    /// Ends what [`create`](Self::create) began, and moves the file to its name.
    ///
    /// # Errors
    /// A failure, if configurations are missing or there is no room.
    pub fn finish(self, file: ConfigurationFile<Sink>) -> Result<()> {
        let mut array = match file.finish()? {
            Sink::File(file) => return file.commit(),
            Sink::Spool(spool) => spool,
        };
        array.seek(SeekFrom::Start(0)).map_err(spooled)?;
        match self.place {
            Place::Stream(mut stream) => {
                let copied = copy(&mut array, &mut stream).and_then(|()| stream.flush());
                Ok(copied.map_err(|error| {
                    let why = format!("cannot write the array: {}", crate::error::plain(&error));
                    io::Error::new(error.kind(), why)
                })?)
            }
            Place::File(target, container) => {
                let mut file = target.create()?;
                match container {
                    Container::Npy => copy(&mut array, &mut file)?,
                    Container::Npz => npz(&mut array, &mut file)?,
                    Container::Csv => {
                        let sites: usize = self.sides.iter().map(|side| *side as usize).product();
                        let items = self.configurations * (sites * self.format.size()) as u64;
                        let header =
                            file_bytes(self.configurations, &self.sides, self.format)? - items;
                        array.seek(SeekFrom::Start(header)).map_err(spooled)?;
                        csv(
                            &mut array,
                            &mut file,
                            (self.configurations, sites),
                            self.format,
                        )?;
                    }
                }
                file.commit()
            }
        }
    }
}

fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        match from.read(&mut chunk).map_err(spooled)? {
            0 => return Ok(()),
            n => to.write_all(&chunk[..n])?,
        }
    }
}

/// An archive with the array as its one member, deflated: `numpy.load(FILE)["configurations"]`.
fn npz(array: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let fail = |error: rawzip::Error| io::Error::other(error.to_string());
    let mut archive = ZipArchiveWriter::new(BufWriter::new(to));
    let member = archive
        .new_file(MEMBER)
        .compression_method(CompressionMethod::DEFLATE);
    let (mut entry, config) = member.start().map_err(fail)?;
    let mut data = config.wrap(DeflateEncoder::new(&mut entry, Compression::fast()));
    copy(array, &mut data)?;
    let (deflated, described) = data.finish().map_err(fail)?;
    deflated.finish()?;
    entry.finish(described).map_err(fail)?;
    archive.finish().map_err(fail)?.flush()
}

/// A line for each configuration, its values in C order, separated by commas; no header.
fn csv(
    items: &mut impl Read,
    to: &mut impl Write,
    (rows, sites): (u64, usize),
    format: Format,
) -> io::Result<()> {
    let mut items = BufReader::with_capacity(CHUNK, items);
    let mut to = BufWriter::with_capacity(CHUNK, to);
    let mut row = vec![0; sites * format.size()];
    for _ in 0..rows {
        items.read_exact(&mut row).map_err(spooled)?;
        for (site, item) in row.chunks_exact(format.size()).enumerate() {
            if site > 0 {
                to.write_all(b",")?;
            }
            let word = |item: &[u8]| [item[0], item[1], item[2], item[3]];
            match format {
                Format::Signs | Format::Bits | Format::Small => match item[0] as i8 {
                    small @ 0..=9 => to.write_all(&[b'0' + small as u8])?,
                    -1 => to.write_all(b"-1")?,
                    other => write!(to, "{other}")?,
                },
                Format::Whole => write!(to, "{}", i32::from_le_bytes(word(item)))?,
                Format::Real => write!(to, "{}", f32::from_le_bytes(word(item)))?,
            }
        }
        to.write_all(b"\n")?;
    }
    to.flush()
}
