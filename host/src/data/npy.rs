//! Writing of arrays in NumPy's `.npy` format, little-endian in C order, and reading of filters.
//! [`crate::data`] reads a user's configurations.

use std::fmt::Display;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use blockspin_core::num::bits;

pub use crate::data::array::TYPES;
use crate::data::array::item::{Item, ItemType, Verdict, for_type};
use crate::data::array::{Array, preamble, tuple};
use crate::data::filters::{Filters, product};
use crate::error::{Error, Result, quoted};
use crate::observer::Silent;
use crate::store::resources;

/// Bytes read at a time; divisible by every item size.
const CHUNK: usize = 1 << 16;

/// Reads filters for a block with `dimension` sides: shape (C, block…), or (block…) for one filter.
///
/// # Errors
/// A failure that names the file and what is wrong with it.
pub fn read_filters(path: &Path, dimension: usize) -> Result<Filters> {
    let array = Array::open(path)?;
    let mut shape = array.shape().to_vec();
    if shape.len() == dimension {
        shape.insert(0, 1);
    }
    let fail = |why: &dyn Display| Error::failure(format!("{} {why}", array.name()));
    if shape.len() != dimension + 1 {
        return Err(fail(&format!(
            "has shape {}: filters of a block with {dimension} sides have shape (C, block…) or \
             (block…), {} or {dimension} numbers",
            tuple(&shape),
            dimension + 1
        )));
    }
    let sides: Option<Vec<u32>> = shape[1..]
        .iter()
        .map(|side| u32::try_from(*side).ok())
        .collect();
    let sides = sides.ok_or_else(|| fail(&"has a side beyond 32 bits"))?;
    let bytes = array.items().saturating_mul(4);
    resources::memory(&format!("reading {}", quoted(path)), bytes)?;
    let array = array.prepare(&Silent)?;
    let weights = for_type!(array.item_type(), weights(&array, shape[0]))?;
    Filters::new(&sides, weights)
        .map_err(|error| Error::failure(format!("{} is not a filter: {error}", array.name())))
}

/// All items as f32.
fn weights<T: Item>(array: &Array, count: u64) -> Result<Vec<f32>> {
    let mut weights = Vec::with_capacity(array.items() as usize);
    let sites = array.items() / count;
    array.chunks(CHUNK, |first, chunk| {
        for (i, item) in (first..).zip(chunk.chunks_exact(T::SIZE)) {
            let value = T::decode(item);
            if value.verdict() != Verdict::Value {
                return Err(Error::failure(format!(
                    "{} holds {value} (row {}, item {} of it): every value is a finite number, of \
                     a bool 0 or 1",
                    array.name(),
                    i / sites,
                    i % sites
                )));
            }
            weights.push(value.to_f64() as f32);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(weights)
}

/// How the values of a configuration are written to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Packed signs, as int8 −1 and 1.
    Signs,
    /// Packed signs, as int8 0 and 1.
    Bits,
    /// Whole numbers below 128, as int8.
    Small,
    /// Whole numbers below 2³¹, as int32.
    Whole,
    /// Reals, as float32.
    Real,
}

impl Format {
    /// NumPy's name of the type.
    fn descr(self) -> &'static str {
        match self {
            Format::Signs | Format::Bits | Format::Small => "|i1",
            Format::Whole => "<i4",
            Format::Real => "<f4",
        }
    }

    /// Size of an item in bytes.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Format::Signs | Format::Bits | Format::Small => 1,
            Format::Whole | Format::Real => 4,
        }
    }
}

/// A cell type of configurations in memory.
pub trait Cell: Copy {
    /// Appends a configuration of `sites` sites in the format of the file.
    fn write(cells: &[Self], sites: usize, format: Format, bytes: &mut Vec<u8>);
}

impl Cell for u32 {
    fn write(cells: &[u32], sites: usize, format: Format, bytes: &mut Vec<u8>) {
        match format {
            Format::Signs => bytes.extend((0..sites).map(|i| bits::sign(cells, i) as i8 as u8)),
            Format::Bits => bytes.extend((0..sites).map(|i| u8::from(bits::bit(cells, i)))),
            Format::Small => bytes.extend(cells[..sites].iter().map(|cell| *cell as u8)),
            Format::Whole => {
                bytes.extend(cells[..sites].iter().flat_map(|cell| cell.to_le_bytes()))
            }
            Format::Real => {
                bytes.extend(
                    cells[..sites]
                        .iter()
                        .flat_map(|cell| (*cell as f32).to_le_bytes()),
                );
            }
        }
    }
}

impl Cell for i8 {
    /// Always written unchanged.
    fn write(cells: &[i8], sites: usize, _: Format, bytes: &mut Vec<u8>) {
        bytes.extend(cells[..sites].iter().map(|cell| *cell as u8));
    }
}

impl Cell for f32 {
    /// Always written unchanged.
    fn write(cells: &[f32], sites: usize, _: Format, bytes: &mut Vec<u8>) {
        bytes.extend(cells[..sites].iter().flat_map(|cell| cell.to_le_bytes()));
    }
}

fn shape(configurations: u64, sides: &[u32]) -> Vec<u64> {
    std::iter::once(configurations)
        .chain(sides.iter().map(|side| u64::from(*side)))
        .collect()
}

/// Length of a [`ConfigurationFile`].
///
/// # Errors
/// If it exceeds 2⁶⁴ bytes.
pub fn file_bytes(configurations: u64, sides: &[u32], format: Format) -> Result<u64> {
    let shape = shape(configurations, sides);
    let items = shape.iter().try_fold(1u64, |n, side| n.checked_mul(*side));
    items
        .and_then(|n| n.checked_mul(format.size() as u64))
        .and_then(|n| n.checked_add(preamble(format.descr(), &shape).len() as u64))
        .ok_or_else(|| {
            Error::failure(format!(
                "{configurations} configurations of {} are more than 2^64 bytes; ask for fewer",
                product(sides)
            ))
        })
}

/// A file of configurations, shape (N, L…). Its length is known in advance, so that several threads can
/// write their rows at the same time, in any order.
#[derive(Debug)]
pub struct ConfigurationFile<W> {
    out: Mutex<Unfinished<W>>,
    /// Where the data begin.
    data: u64,
    sites: usize,
    format: Format,
}

#[derive(Debug)]
struct Unfinished<W> {
    out: W,
    /// Bytes still to be written.
    missing: u64,
}

impl<W: Write + Seek> ConfigurationFile<W> {
    /// Writes the header for `configurations` of a lattice with the given sides, whose length
    /// [`file_bytes`] has accepted.
    ///
    /// # Errors
    /// Errors of the writer.
    pub fn new(mut out: W, configurations: u64, sides: &[u32], format: Format) -> io::Result<Self> {
        let preamble = preamble(format.descr(), &shape(configurations, sides));
        out.write_all(&preamble)?;
        let sites = sides.iter().map(|side| *side as usize).product();
        let missing = configurations * (sites * format.size()) as u64;
        Ok(ConfigurationFile {
            out: Mutex::new(Unfinished { out, missing }),
            data: preamble.len() as u64,
            sites,
            format,
        })
    }

    /// A writer for these rows, in order. No two writers may share a row.
    pub fn rows(&self, rows: Range<u64>) -> RowWriter<'_, W> {
        RowWriter {
            file: self,
            bytes: Vec::with_capacity(buffer_bytes(self.row())),
            rows,
        }
    }

    /// Size of a configuration in bytes.
    fn row(&self) -> usize {
        self.sites * self.format.size()
    }

    /// Returns the underlying writer.
    ///
    /// # Errors
    /// If fewer configurations were written than announced.
    pub fn finish(self) -> io::Result<W> {
        let row = self.row() as u64;
        let Unfinished { out, missing } = self
            .out
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        if missing > 0 {
            let rows = missing / row;
            return Err(io::Error::other(format!(
                "{rows} configurations are missing"
            )));
        }
        Ok(out)
    }
}

/// Writes some rows of a [`ConfigurationFile`], one after the other.
#[derive(Debug)]
pub struct RowWriter<'a, W> {
    file: &'a ConfigurationFile<W>,
    /// Rows before `rows` that are buffered but not yet written.
    bytes: Vec<u8>,
    /// Rows still to come.
    rows: Range<u64>,
}

impl<W: Write + Seek> RowWriter<'_, W> {
    /// Writes one configuration.
    ///
    /// # Errors
    /// Errors of the writer, or more configurations than rows.
    pub fn push<C: Cell>(&mut self, row: &[C]) -> io::Result<()> {
        if self.rows.next().is_none() {
            return Err(io::Error::other("more configurations than announced"));
        }
        C::write(row, self.file.sites, self.file.format, &mut self.bytes);
        if self.bytes.len() + self.file.row() > CHUNK {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes what is buffered. Rows that are not flushed count as missing.
    ///
    /// # Errors
    /// Errors of the writer.
    pub fn flush(&mut self) -> io::Result<()> {
        let length = self.bytes.len() as u64;
        let out = &self.file.out;
        let mut file = out.lock().unwrap_or_else(PoisonError::into_inner);
        let end = self.file.data + self.rows.start * self.file.row() as u64;
        file.out.seek(SeekFrom::Start(end - length))?;
        file.out.write_all(&self.bytes)?;
        file.missing = file
            .missing
            .checked_sub(length)
            .ok_or_else(|| io::Error::other("more configurations than announced"))?;
        self.bytes.clear();
        Ok(())
    }
}

/// Memory that a [`RowWriter`] needs for configurations of this many bytes.
#[must_use]
pub fn buffer_bytes(row: usize) -> usize {
    row.max(CHUNK)
}

/// Writes filters as float32, shape (C, block…).
///
/// # Errors
/// Errors of the writer.
pub fn write_filters(out: impl Write, filters: &Filters) -> io::Result<()> {
    let shape = shape(filters.count() as u64, filters.sides());
    write_weights(out, &shape, std::slice::from_ref(filters))
}

/// Writes a series of filters as float32, shape (snapshots, C, block…).
///
/// # Errors
/// Errors of the writer.
pub fn write_filter_series(out: impl Write, series: &[Filters]) -> io::Result<()> {
    let inner = series.first();
    let inner = inner.map(|filters| shape(filters.count() as u64, filters.sides()));
    let all = [series.len() as u64].into_iter();
    let shape: Vec<u64> = all.chain(inner.into_iter().flatten()).collect();
    write_weights(out, &shape, series)
}

fn write_weights(out: impl Write, shape: &[u64], series: &[Filters]) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    out.write_all(&preamble("<f4", shape))?;
    for weight in series.iter().flat_map(Filters::weights) {
        out.write_all(&weight.to_le_bytes())?;
    }
    out.flush()
}

/// Writes numbers as float32, shape (N,).
///
/// # Errors
/// Errors of the writer.
pub fn write_series(out: impl Write, values: &[f32]) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    out.write_all(&preamble("<f4", &[values.len() as u64]))?;
    for value in values {
        out.write_all(&value.to_le_bytes())?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::path::PathBuf;

    use super::*;
    use crate::data::{Data, Kind};

    /// A file with the given bytes, removed at the end.
    struct Sample {
        _folder: tempfile::TempDir,
        path: PathBuf,
    }

    fn sample(bytes: &[u8]) -> Sample {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spins.npy");
        std::fs::write(&path, bytes).unwrap();
        Sample {
            _folder: folder,
            path,
        }
    }

    /// An array with the given header text, version 1.0.
    fn array(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.bytes());
        bytes.extend(data);
        bytes
    }

    fn dictionary(descr: &str, fortran: bool, shape: &str) -> String {
        let order = if fortran { "True" } else { "False" };
        format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n")
    }

    fn spins(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        array(&dictionary(descr, false, shape), data)
    }

    #[test]
    fn what_is_written_is_read() {
        let sides = [3, 5];
        let rows = [[0b101_1100_1010_0111u32], [0b010_0011_0101_1000], [0]];
        let file =
            ConfigurationFile::new(io::Cursor::new(vec![]), 3, &sides, Format::Signs).unwrap();
        // Later rows first.
        let (mut first, mut last) = (file.rows(0..1), file.rows(1..3));
        last.push(&rows[1]).unwrap();
        last.push(&rows[2]).unwrap();
        assert!(last.push(&rows[0]).is_err());
        last.flush().unwrap();
        first.push(&rows[0]).unwrap();
        first.flush().unwrap();
        let bytes = file.finish().unwrap().into_inner();
        assert_eq!(
            bytes.len() as u64,
            file_bytes(3, &sides, Format::Signs).unwrap()
        );
        assert_eq!(bytes.len() % 64, 3 * 15);
        let read = Data::open(&sample(&bytes).path, &Silent).unwrap();
        let kind = Kind::Signs {
            low: -1.0,
            high: 1.0,
        };
        assert_eq!(read.kind(), kind);
        for (i, row) in rows.iter().enumerate() {
            let mut found = [0];
            read.signs(i, &[0, 0], &sides, &mut found).unwrap();
            assert_eq!(found, *row);
        }
        let file =
            ConfigurationFile::new(io::Cursor::new(vec![]), 3, &sides, Format::Signs).unwrap();
        let mut writer = file.rows(0..3);
        rows[1..].iter().for_each(|row| writer.push(row).unwrap());
        writer.flush().unwrap();
        let error = file.finish().unwrap_err();
        assert_eq!(error.to_string(), "1 configurations are missing");
        // Configurations larger than the buffer.
        let sides = [CHUNK as u32 + 40];
        let file =
            ConfigurationFile::new(io::Cursor::new(vec![]), 2, &sides, Format::Signs).unwrap();
        let rows = [0b1101, !0].map(|word: u32| vec![word; CHUNK / 32 + 2]);
        for i in [1, 0] {
            let mut writer = file.rows(i as u64..i as u64 + 1);
            writer.push(&rows[i]).unwrap();
            writer.flush().unwrap();
        }
        let whole = sample(&file.finish().unwrap().into_inner());
        let read = Data::open(&whole.path, &Silent).unwrap();
        for (i, row) in rows.iter().enumerate() {
            let mut found = vec![0; CHUNK / 32 + 2];
            read.signs(i, &[0], &sides, &mut found).unwrap();
            assert_eq!(found[..CHUNK / 32 + 1], row[..CHUNK / 32 + 1]);
        }
        assert_eq!(
            file_bytes(u64::MAX, &sides, Format::Signs)
                .unwrap_err()
                .kind(),
            crate::error::Kind::Failure
        );
    }

    #[test]
    fn filters_return_as_they_went() {
        let filters = Filters::new(&[2, 3], (0..12).map(|i| i as f32 / 3.0).collect()).unwrap();
        let mut bytes = vec![];
        write_filters(&mut bytes, &filters).unwrap();
        assert_eq!(read_filters(&sample(&bytes).path, 2).unwrap(), filters);
        let error = read_filters(&sample(&bytes).path, 1).unwrap_err();
        assert!(error.message().contains("(C, block…)"), "{error}");
    }

    #[test]
    fn every_format_has_its_items() {
        let written = |format, cells: &[u32]| {
            let file = ConfigurationFile::new(io::Cursor::new(vec![]), 1, &[3], format).unwrap();
            let mut writer = file.rows(0..1);
            writer.push(cells).unwrap();
            writer.flush().unwrap();
            let bytes = file.finish().unwrap().into_inner();
            assert_eq!(bytes.len() as u64, file_bytes(1, &[3], format).unwrap());
            let header = String::from_utf8_lossy(&bytes);
            assert!(header.contains(format.descr()), "{header}");
            bytes[bytes.len() - 3 * format.size()..].to_vec()
        };
        assert_eq!(written(Format::Signs, &[0b101]), [1, 255, 1]);
        assert_eq!(written(Format::Bits, &[0b101]), [1, 0, 1]);
        assert_eq!(written(Format::Small, &[2, 0, 5]), [2, 0, 5]);
        let whole = [1u32, 0, 1 << 20].map(u32::to_le_bytes).concat();
        assert_eq!(written(Format::Whole, &[1, 0, 1 << 20]), whole);
        let reals = [1.0f32, 0.0, 7.0].map(f32::to_le_bytes).concat();
        assert_eq!(written(Format::Real, &[1, 0, 7]), reals);
    }

    #[test]
    fn filters_of_one_component_and_of_other_types() {
        let file = sample(&spins("|i1", "(2, 2)", &[1, 255, 0, 1]));
        let filters = read_filters(&file.path, 2).unwrap();
        assert_eq!(
            (filters.sides(), filters.weights()),
            (&[2, 2][..], &[1.0, -1.0, 0.0, 1.0][..])
        );
        let data: Vec<u8> = [1.0f64, 3.0, 2.0, 4.0]
            .iter()
            .flat_map(|v| v.to_be_bytes())
            .collect();
        let file = sample(&array(&dictionary(">f8", true, "(2, 2)"), &data));
        assert_eq!(
            read_filters(&file.path, 2).unwrap().weights(),
            [1.0, 2.0, 3.0, 4.0]
        );
    }

    #[test]
    fn filters_that_are_none() {
        let doubles = |v: [f64; 2]| v.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>();
        for (bytes, rule) in [
            (spins("<f8", "(1, 2)", &doubles([1.0, f64::NAN])), "finite"),
            (
                spins("<f8", "(2,)", &doubles([1.0, 1e300])),
                "is not a filter: weight 1",
            ),
            (
                spins("<f8", "(1, 1, 2)", &doubles([1.0, 1.0])),
                "has shape (1, 1, 2)",
            ),
            (spins("<f8", "()", &[0; 8]), "has shape ()"),
        ] {
            let error = read_filters(&sample(&bytes).path, 1).unwrap_err();
            assert!(error.message().contains(rule), "{error}");
            assert!(error.message().contains("spins.npy'"), "{error}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let error = ConfigurationFile::new(full, 1, &[2], Format::Signs).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
