//! The header of an `.npy` file.

use std::io::{self, Read};

use super::item::ItemType;
use crate::error::{Error, Result};

pub(crate) const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// NumPy writes headers of about a hundred bytes.
const MAX_HEADER: u64 = 0xffff;

/// The item types that can be read, in NumPy's abbreviations (the digit counts bytes).
pub const TYPES: &str = "b1 i1 u1 i2 u2 i4 u4 i8 u8 f2 f4 f8";

/// The content of a header.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) item: ItemType,
    pub(crate) big: bool,
    pub(crate) fortran: bool,
    pub(crate) shape: Vec<u64>,
    /// Product of the shape, at least 1.
    pub(crate) items: u64,
    /// Size of the data in bytes.
    pub(crate) bytes: u64,
}

impl Header {
    /// Reads a header from the start of `from`, a file of `length` bytes, and checks that the data fill
    /// the rest. Returns where the data begin.
    pub(crate) fn read(from: &mut impl Read, length: u64, name: &str) -> Result<(Self, u64)> {
        let fail = |why: String| Error::failure(format!("{name} {why}"));
        let mut start = [0u8; 8];
        let begun = fill(from, &mut start, name)?;
        if !begun || &start[..6] != MAGIC {
            return Err(fail(
                "is not a .npy file: it does not begin with \\x93NUMPY; numpy.save writes such files"
                    .into(),
            ));
        }
        let width = match start[6..] {
            [1, 0] => 2,
            [2 | 3, 0] => 4,
            [major, minor] => {
                return Err(fail(format!(
                    "is of .npy version {major}.{minor}; versions 1.0, 2.0 and 3.0 can be read"
                )));
            }
            _ => unreachable!("two bytes"),
        };
        let mut size = [0u8; 4];
        let cut = || fail("ends within its header: the file is cut off".into());
        if !fill(from, &mut size[..width], name)? {
            return Err(cut());
        }
        let size = u64::from(u32::from_le_bytes(size));
        if size > MAX_HEADER {
            return Err(fail(format!(
                "claims a header of {size} bytes; at most {MAX_HEADER} are read"
            )));
        }
        let mut text = vec![0; size as usize];
        if !fill(from, &mut text, name)? {
            return Err(cut());
        }
        let fields = Fields::parse(&text).map_err(|why| {
            fail(format!(
                "has a malformed header: {why}; it should read like \
                 {{'descr': '|i1', 'fortran_order': False, 'shape': (1000, 64, 64), }}"
            ))
        })?;
        let (item, big) = ItemType::parse(&fields.descr).ok_or_else(|| {
            fail(format!(
                "holds items of type {}; the types that can be read are {TYPES} \
                 (numpy: array.astype('i1') for spins, array.astype('f4') for real values)",
                fields.descr.escape_default()
            ))
        })?;
        let shape = fields.shape;
        if shape.contains(&0) {
            return Err(fail(format!(
                "has shape {}: it is empty; no length is 0",
                tuple(&shape)
            )));
        }
        let begin = 8 + width as u64 + size;
        let held = length.saturating_sub(begin);
        let items = shape.iter().try_fold(1u64, |n, side| n.checked_mul(*side));
        match items.and_then(|n| Some((n, n.checked_mul(item.size() as u64)?))) {
            Some((items, bytes)) if bytes == held => Ok((
                Header {
                    item,
                    big,
                    fortran: fields.fortran,
                    shape,
                    items,
                    bytes,
                },
                begin,
            )),
            announced => {
                let (bytes, fault) = match announced {
                    Some((_, bytes)) if bytes < held => (bytes.to_string(), "has bytes to spare"),
                    Some((_, bytes)) => (bytes.to_string(), "is cut off"),
                    None => ("more than 2^64".into(), "is cut off"),
                };
                Err(fail(format!(
                    "has shape {} of {}-byte items, {bytes} bytes, but holds {held} bytes of data: \
                     the file {fault}",
                    tuple(&shape),
                    item.size()
                )))
            }
        }
    }
}

/// Fills the buffer, or says that there are too few bytes.
fn fill(from: &mut impl Read, to: &mut [u8], name: &str) -> Result<bool> {
    match from.read_exact(to) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(super::unreadable(name, &error)),
    }
}

/// A shape in Python's notation.
pub(crate) fn tuple(shape: &[u64]) -> String {
    let list = shape
        .iter()
        .map(u64::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    if shape.len() == 1 {
        format!("({list},)")
    } else {
        format!("({list})")
    }
}

/// The three entries of a header: a Python dictionary of the restricted form that NumPy writes.
pub(crate) struct Fields {
    pub(crate) descr: String,
    pub(crate) fortran: bool,
    pub(crate) shape: Vec<u64>,
}

impl Fields {
    pub(crate) fn parse(text: &[u8]) -> std::result::Result<Self, String> {
        let text = std::str::from_utf8(text).map_err(|_| "it is not text".to_string())?;
        let mut rest = Cursor(text);
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        rest.expect('{')?;
        while !rest.accept('}') {
            let key = rest.string()?;
            rest.expect(':')?;
            let repeated = match key {
                "descr" => descr
                    .replace(
                        rest.string()
                            .map_err(|_| {
                                "structured items; every item is a single number".to_string()
                            })?
                            .to_string(),
                    )
                    .is_some(),
                "fortran_order" => fortran.replace(rest.boolean()?).is_some(),
                "shape" => shape.replace(rest.tuple()?).is_some(),
                other => return Err(format!("unknown entry '{}'", other.escape_default())),
            };
            if repeated {
                return Err(format!("'{key}' occurs twice"));
            }
            if !rest.accept(',') {
                rest.expect('}')?;
                break;
            }
        }
        if !rest.0.trim().is_empty() {
            return Err("something follows the closing }".into());
        }
        Ok(Fields {
            descr: descr.ok_or("'descr' is missing")?,
            fortran: fortran.ok_or("'fortran_order' is missing")?,
            shape: shape.ok_or("'shape' is missing")?,
        })
    }
}

/// The text that is still to be parsed.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn accept(&mut self, c: char) -> bool {
        self.0 = self.0.trim_start();
        match self.0.strip_prefix(c) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, c: char) -> std::result::Result<(), String> {
        if self.accept(c) {
            Ok(())
        } else {
            Err(format!("'{c}' expected"))
        }
    }

    fn string(&mut self) -> std::result::Result<&'a str, String> {
        let quote = if self.accept('"') { '"' } else { '\'' };
        if quote == '\'' {
            self.expect('\'')?;
        }
        let (string, rest) = self.0.split_once(quote).ok_or("a string without end")?;
        self.0 = rest;
        Ok(string)
    }

    fn boolean(&mut self) -> std::result::Result<bool, String> {
        self.0 = self.0.trim_start();
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(rest) = self.0.strip_prefix(word) {
                self.0 = rest;
                return Ok(value);
            }
        }
        Err("'fortran_order' must be True or False".into())
    }

    fn tuple(&mut self) -> std::result::Result<Vec<u64>, String> {
        self.expect('(')?;
        let mut shape = vec![];
        while !self.accept(')') {
            self.0 = self.0.trim_start();
            let end = self
                .0
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(self.0.len());
            let (digits, rest) = self.0.split_at(end);
            self.0 = rest;
            shape.push(digits.parse().map_err(|_| {
                "'shape' must be a tuple of whole numbers from 0 to 2^64 - 1".to_string()
            })?);
            if !self.accept(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(shape)
    }
}

/// The bytes before the data: magic, version 1.0, and a header padded to a multiple of 64.
pub(crate) fn preamble(descr: &str, shape: &[u64]) -> Vec<u8> {
    let shape = tuple(shape);
    let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let total = (MAGIC.len() + 4 + text.len() + 1).next_multiple_of(64);
    let length = (total - MAGIC.len() - 4) as u16;
    let mut bytes = MAGIC.to_vec();
    bytes.extend([1, 0]);
    bytes.extend(length.to_le_bytes());
    bytes.extend(text.bytes());
    bytes.resize(total - 1, b' ');
    bytes.push(b'\n');
    bytes
}
