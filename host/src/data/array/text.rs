//! Tables of numbers in text: CSV, TSV and columns between blanks, as `numpy.savetxt`, pandas, spreadsheets and
//! instruments write them.
//!
//! A row is a configuration. Numbers stand between commas, semicolons, tabs or blanks, whichever the first
//! row has; beside semicolons a comma may be the decimal sign. Lines that begin with # and empty lines are
//! left out, and so is a first line that holds names, with the column of row numbers that pandas writes
//! beside them. An empty field, nan, NA, N/A, null, none and - are missing values. A single column is one
//! series.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::header::Header;
use super::item::ItemType;
use super::store::{IN_MEMORY, Store};
use crate::error::{Error, Result, annotate, plain, quoted};
use crate::observer::{Observer, Phase, Progress};
use crate::store::resources;

/// Bytes that tell whether a file is text.
const TRIED: usize = 1 << 12;
/// Bytes that are read at a time.
const CHUNK: usize = 1 << 18;
/// The longest line, in bytes.
const LONGEST: u64 = 1 << 30;
/// Lines from one sign of progress to the next.
const LINES: u64 = 256;

/// Whether bytes from the start of a file are text: no control characters but those of lines and tabs.
pub(super) fn is_text(file: &mut File) -> io::Result<bool> {
    let mut start = vec![];
    file.seek(SeekFrom::Start(0))?;
    Read::take(&mut *file, TRIED as u64).read_to_end(&mut start)?;
    let plain = |byte: &u8| *byte >= b' ' || matches!(byte, b'\n' | b'\r' | b'\t' | 0x0c);
    Ok(!start.is_empty() && start.iter().all(plain))
}

/// What separates fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Separator {
    Byte(u8),
    /// One or more.
    Blanks,
}

/// How the lines of a table are read.
#[derive(Clone, Copy, Debug)]
struct Dialect {
    separator: Separator,
    decimal_comma: bool,
    /// Whether lines end with a separator after the last field.
    trailing: bool,
    /// Whether the first column numbers the rows.
    numbered: bool,
}

impl Dialect {
    /// That of a line.
    fn of(line: &str) -> Self {
        let has = |c: char| line.contains(c);
        let (separator, decimal_comma) = match (has(';'), has('\t'), has(',')) {
            (true, _, comma) => (Separator::Byte(b';'), comma),
            (_, true, _) => (Separator::Byte(b'\t'), false),
            (_, _, true) => (Separator::Byte(b','), false),
            _ => (Separator::Blanks, false),
        };
        let trailing = match separator {
            Separator::Byte(byte) => line.as_bytes().last() == Some(&byte),
            Separator::Blanks => false,
        };
        Dialect {
            separator,
            decimal_comma,
            trailing,
            numbered: false,
        }
    }

    /// Visits the fields of a line, with their numbers from 0.
    fn fields(
        &self,
        line: &str,
        mut visit: impl FnMut(usize, &str) -> Result<()>,
    ) -> Result<usize> {
        let mut n = 0;
        match self.separator {
            Separator::Blanks => {
                for field in line.split_ascii_whitespace() {
                    visit(n, field)?;
                    n += 1;
                }
            }
            Separator::Byte(byte) => {
                let line = match self.trailing {
                    true => line.strip_suffix(byte as char).unwrap_or(line),
                    false => line,
                };
                for field in line.split(byte as char) {
                    visit(n, field.trim().trim_matches('"').trim())?;
                    n += 1;
                }
            }
        }
        Ok(n)
    }

    /// A field as a number, NaN where it is missing; none, if it is neither.
    fn number(&self, field: &str) -> Option<f64> {
        if let Some(whole) = small(field) {
            return Some(whole);
        }
        let parsed = match self.decimal_comma && field.contains(',') {
            true => field.replace(',', ".").parse(),
            false => field.parse::<f64>(),
        };
        match parsed {
            Ok(number) => Some(number),
            Err(_) => is_missing(field).then_some(f64::NAN),
        }
    }
}

/// A whole number of a few digits, which is most of what there is.
fn small(field: &str) -> Option<f64> {
    let (negative, digits) = match field.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        all => (false, all),
    };
    if digits.is_empty() || digits.len() > 9 {
        return None;
    }
    let mut number = 0u32;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = 10 * number + u32::from(digit);
    }
    let number = f64::from(number);
    Some(if negative { -number } else { number })
}

fn is_missing(field: &str) -> bool {
    let word = field.to_ascii_lowercase();
    ["", "nan", "na", "n/a", "<na>", "null", "none", "-", "?"].contains(&&word[..])
}

/// Values as they are read: in memory while they are few, then in a temporary file.
enum Values {
    Memory(Vec<u8>),
    Spilled(BufWriter<File>, u64),
}

impl Values {
    fn push(&mut self, values: &[u8], name: &str) -> Result<()> {
        let failed = |error: io::Error| {
            Error::failure(format!(
                "cannot keep the numbers of {name}: {}; set TMPDIR to a folder on a larger disk",
                plain(&error)
            ))
        };
        match self {
            Values::Memory(bytes) => {
                bytes.extend(values);
                if bytes.len() as u64 > IN_MEMORY {
                    let folder = std::env::temp_dir();
                    let file = tempfile::tempfile_in(&folder)
                        .map_err(|error| annotate("write in", &folder, error))?;
                    let mut spilled = BufWriter::with_capacity(CHUNK, file);
                    spilled.write_all(bytes).map_err(failed)?;
                    *self = Values::Spilled(spilled, bytes.len() as u64);
                }
            }
            Values::Spilled(file, length) => {
                file.write_all(values).map_err(failed)?;
                *length += values.len() as u64;
            }
        }
        Ok(())
    }
}

/// A table that was read: its header as that of an array, its values, and sentences on what was left out.
pub(super) struct Table {
    pub(super) header: Header,
    pub(super) store: Store,
    pub(super) notes: Vec<String>,
}

/// The lines of a file that count, with their numbers from 1.
struct Lines<'a> {
    from: BufReader<File>,
    line: Vec<u8>,
    number: u64,
    path: &'a Path,
}

impl Lines<'_> {
    /// The next one; none at the end.
    fn next(&mut self) -> Result<Option<(u64, &str)>> {
        loop {
            self.line.clear();
            let read = self
                .from
                .by_ref()
                .take(LONGEST)
                .read_until(b'\n', &mut self.line);
            let read = read.map_err(|error| annotate("read", self.path, error))?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            let start = match (self.number, &self.line[..]) {
                // A byte order mark.
                (1, [0xef, 0xbb, 0xbf, ..]) => 3,
                _ => 0,
            };
            let first = self.line[start..]
                .iter()
                .find(|byte| !byte.is_ascii_whitespace());
            if !matches!(first, None | Some(b'#')) {
                let line = std::str::from_utf8(&self.line[start..]).map_err(|_| {
                    Error::failure(format!(
                        "{} line {}: it is not text in UTF-8",
                        quoted(self.path),
                        self.number
                    ))
                })?;
                // Tabs at the ends separate empty fields.
                let line = line.trim_end_matches(['\n', '\r']).trim_matches(' ');
                return Ok(Some((self.number, line)));
            }
        }
    }
}

/// Reads a table.
pub(super) fn read(path: &Path, file: File, observer: &dyn Observer) -> Result<Table> {
    let name = quoted(path);
    let length = file.metadata().map_or(0, |meta| meta.len());
    let mut file = file;
    file.seek(SeekFrom::Start(0))
        .map_err(|error| annotate("read", path, error))?;
    let progress = observer.begin(Phase {
        label: "reading",
        total: length,
        unit: "bytes",
    });
    let mut lines = Lines {
        from: BufReader::with_capacity(CHUNK, file),
        line: vec![],
        number: 0,
        path,
    };
    let mut notes = vec![];
    let (dialect, first) = begin(&mut lines, &name, &mut notes)?;
    let mut table = Reading {
        name,
        dialect,
        columns: 0,
        rows: 0,
        values: Values::Memory(vec![]),
        row: vec![],
        checked: false,
    };
    table.line(lines.number, &first)?;
    table.rest(&mut lines, progress.as_ref())?;
    if dialect.numbered {
        notes.push(format!(
            "{} has a first column without a name, which numbers the rows: it is left out",
            table.name
        ));
    }
    table.finish(notes)
}

/// The dialect of a table and its first row of numbers, after a line of names if there is one.
fn begin(lines: &mut Lines<'_>, name: &str, notes: &mut Vec<String>) -> Result<(Dialect, String)> {
    let Some((_, first)) = lines.next()? else {
        return Err(Error::failure(format!("{name} holds no line with numbers")));
    };
    let mut dialect = Dialect::of(first);
    let mut names: Vec<String> = vec![];
    let mut is_header = false;
    dialect.fields(first, |_, field| {
        is_header |= dialect.number(field).is_none();
        names.push(field.to_string());
        Ok(())
    })?;
    let first = first.to_string();
    // Names that only count the columns, as pandas makes them up.
    let counted = usize::from(names[0].is_empty());
    let mut counts = names[counted..].iter().enumerate();
    if !is_header && names.len() > 2 && counts.all(|(i, name)| *name == i.to_string()) {
        is_header = true;
        notes.push(format!(
            "the first line of {name} numbers the columns from 0: it is left out"
        ));
    }
    if !is_header {
        return Ok((dialect, first));
    }
    let Some((_, second)) = lines.next()? else {
        return Err(Error::failure(format!(
            "{name} holds {}, which is no table of numbers",
            match names.len() {
                1 => format!("one line, '{}'", shortened(&names[0])),
                n => format!("one line, of {n} names"),
            }
        )));
    };
    dialect = Dialect {
        numbered: names[0].is_empty() && names.len() > 1,
        ..Dialect::of(second)
    };
    Ok((dialect, second.to_string()))
}

fn shortened(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    short.escape_default().to_string()
}

/// A table that is being read.
struct Reading {
    name: String,
    dialect: Dialect,
    columns: usize,
    rows: u64,
    values: Values,
    row: Vec<u8>,
    checked: bool,
}

impl Reading {
    fn rest(&mut self, lines: &mut Lines<'_>, progress: &dyn Progress) -> Result<()> {
        let mut bytes = 0;
        while let Some((number, line)) = lines.next()? {
            bytes += line.len() as u64 + 1;
            self.line(number, line)?;
            if number % LINES == 0 {
                progress.advance(std::mem::take(&mut bytes));
            }
        }
        Ok(())
    }

    fn line(&mut self, number: u64, line: &str) -> Result<()> {
        let (dialect, name) = (self.dialect, &self.name);
        let row = &mut self.row;
        row.clear();
        let fields = dialect.fields(line, |column, field| {
            if dialect.numbered && column == 0 {
                return Ok(());
            }
            let value = dialect.number(field).ok_or_else(|| {
                Error::failure(format!(
                    "{name} line {number}, column {}: '{}' is no number; missing values are empty or nan, \
                     and only the first line may hold names",
                    column + 1,
                    shortened(field)
                ))
            })?;
            if value.is_infinite() {
                return Err(Error::failure(format!(
                    "{name} line {number}, column {}: '{}' is infinite; every value is a finite number, or \
                     missing (empty or nan)",
                    column + 1,
                    shortened(field)
                )));
            }
            row.extend(value.to_le_bytes());
            Ok(())
        })?;
        if !self.checked {
            (self.columns, self.checked) = (fields, true);
            // Rows of 8 bytes a value; none is longer than the line that it came from, about fourfold.
            resources::memory(&self.name, IN_MEMORY)?;
        }
        if fields == usize::from(dialect.numbered) {
            return Err(Error::failure(format!(
                "{} line {number} has no numbers beside that of the row",
                self.name
            )));
        }
        if fields != self.columns {
            return Err(Error::failure(format!(
                "{} line {number} has {fields} columns, and the lines before it {}; every row is one \
                 configuration, and all have the same number of values",
                self.name, self.columns
            )));
        }
        self.rows += 1;
        self.values.push(&self.row, &self.name)
    }

    fn finish(self, notes: Vec<String>) -> Result<Table> {
        let Reading { name, rows, .. } = self;
        let columns = self.columns as u64 - u64::from(self.dialect.numbered);
        let bytes = 8 * rows * columns;
        let store = match self.values {
            Values::Memory(bytes) => Store::Memory(bytes),
            Values::Spilled(file, _) => Store::file(file.into_inner().map_err(|error| {
                Error::failure(format!(
                    "cannot keep the numbers of {name}: {}",
                    plain(error.error())
                ))
            })?),
        };
        // A single column is one series.
        let shape = match columns {
            1 => vec![rows],
            _ => vec![rows, columns],
        };
        let header = Header {
            item: ItemType::F8,
            big: false,
            fortran: false,
            shape,
            items: rows * columns,
            bytes,
        };
        Ok(Table {
            header,
            store,
            notes,
        })
    }
}
