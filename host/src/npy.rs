//! Arrays in NumPy's `.npy` format: configurations and filters.
//!
//! A reader of our own, because the existing ones allocate whatever a header claims. Here nothing
//! is allocated before the header agrees with the length of the file, and the data pass through a
//! small buffer straight into packed bits. C and Fortran order and both byte orders are read;
//! little-endian C order is written.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use blockspin_core::lattice::{Lattice, MAX_DIMENSION};
use blockspin_core::num::bits;

use crate::error::{Error, Result, annotate, quoted};
use crate::filters::{Filters, product};
use crate::room;

const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// NumPy's own headers have about a hundred bytes.
const MAX_HEADER: u64 = 0xffff;
/// Bytes read at a time; every item size divides it.
const CHUNK: usize = 1 << 16;

/// The item types that can be read, in NumPy's abbreviations (the digit counts bytes).
pub const TYPES: &str = "i1 u1 i2 u2 i4 u4 i8 f4 f8 b1";

/// Two-valued configurations, packed as [`bits`] has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// Sides of the lattice, slowest axis first.
    pub sides: Vec<u32>,
    /// Number of configurations, at least 1.
    pub configurations: usize,
    /// The configurations, [`bits::words`] of the number of sites each: bit 1 for the higher value.
    pub words: Vec<u32>,
    /// The lower value, bit 0 (to the nearest f64).
    pub low: f64,
    /// The higher value, bit 1; `low` again when the array is constant.
    pub high: f64,
    /// Whether only one value occurs (all bits are 0): there is nothing to learn then.
    pub constant: bool,
    /// Bit i is 1 when site i is not the same in all configurations.
    pub varying: Vec<u32>,
}

impl Data {
    /// Reads configurations of shape (N, L0[, L1[, L2]]) that hold at most two values.
    ///
    /// # Errors
    /// A failure that names the file and the rule it breaks.
    pub fn read(path: &Path) -> Result<Self> {
        let (file, header) = open(path)?;
        let shape = tuple(&header.shape);
        let fail = |why: &dyn Display| {
            Error::failure(format!("{} has shape {shape}: {why}", quoted(path)))
        };
        if !(2..=1 + MAX_DIMENSION).contains(&header.shape.len()) {
            return Err(fail(
                &"configurations have shape (N, L0), (N, L0, L1) or (N, L0, L1, L2), \
                  N configurations of a lattice with sides L",
            ));
        }
        let sides = sides(&header.shape[1..]).ok_or_else(|| fail(&"a side beyond 32 bits"))?;
        let sites = Lattice::new(&sides).map_err(|error| fail(&error))?.sites();
        let stride = bits::words(sites);
        let (configurations, bytes) = usize::try_from(header.shape[0])
            .ok()
            .and_then(|n| Some((n, n.checked_mul(4 * stride)?)))
            .ok_or_else(|| fail(&"more than this machine can address"))?;
        room::memory(&format!("reading {}", quoted(path)), bytes as u64)?;
        let mut data = Data {
            sides,
            configurations,
            words: vec![0; configurations * stride],
            low: 0.0,
            high: 0.0,
            constant: true,
            varying: vec![0; stride],
        };
        for_type!(header.kind, pack(path, file, &header, &mut data))?;
        Ok(data)
    }

    /// Number of sites of a configuration.
    #[must_use]
    pub fn sites(&self) -> usize {
        self.sides.iter().map(|side| *side as usize).product()
    }

    /// Configuration `i`.
    #[must_use]
    pub fn row(&self, i: usize) -> &[u32] {
        let stride = self.varying.len();
        &self.words[i * stride..(i + 1) * stride]
    }
}

/// Reads the filters of a block with `dimension` sides: shape (C, block…), or (block…) for one.
///
/// # Errors
/// A failure that names the file and the rule it breaks.
pub fn read_filters(path: &Path, dimension: usize) -> Result<Filters> {
    let (file, mut header) = open(path)?;
    if header.shape.len() == dimension {
        header.shape.insert(0, 1);
    }
    let fail = |why: &dyn Display| Error::failure(format!("{} {why}", quoted(path)));
    if header.shape.len() != dimension + 1 {
        return Err(fail(&format!(
            "has shape {}: filters of a block with {dimension} sides have shape (C, block…) or \
             (block…), {} or {dimension} numbers",
            tuple(&header.shape),
            dimension + 1
        )));
    }
    let sides = sides(&header.shape[1..]).ok_or_else(|| fail(&"has a side beyond 32 bits"))?;
    let bytes = header.items.saturating_mul(4);
    room::memory(&format!("reading {}", quoted(path)), bytes)?;
    let mut weights = vec![0.0; header.items as usize];
    for_type!(header.kind, convert(path, file, &header, &mut weights))?;
    Filters::new(&sides, weights).map_err(|error| fail(&format!("is no filter: {error}")))
}

/// Packs the data, then settles which value is the lower and which sites vary.
fn pack<T: Item>(path: &Path, file: File, header: &Header, data: &mut Data) -> Result<()> {
    let (mut first, mut second) = (None, None);
    let stride = data.varying.len();
    let words = &mut data.words;
    each::<T>(path, file, header, |value, row, site| {
        let is_second = match (first, second) {
            (None, _) => {
                first = Some(value);
                false
            }
            (Some(a), _) if value == a => false,
            (_, Some(b)) if value == b => true,
            (_, None) => {
                second = Some(value);
                true
            }
            (Some(a), Some(b)) => {
                return Err(format!(
                    "holds more than two values ({a}, {b}, {value}, …): only two-valued data \
                     (such as -1/1, 0/1 or bool) are supported in this version"
                ));
            }
        };
        words[row * stride + site / bits::WORD] |= u32::from(is_second) << (site % bits::WORD);
        Ok(())
    })?;
    let Some(a) = first else { return Ok(()) };
    let b = second.unwrap_or(a);
    data.constant = second.is_none();
    (data.low, data.high) = (a.to_f64(), b.to_f64());
    if b < a {
        std::mem::swap(&mut data.low, &mut data.high);
        let sites = data.sites();
        data.words
            .chunks_exact_mut(stride)
            .for_each(|row| bits::flip_all(row, sites));
    }
    let (start, rest) = data.words.split_at(stride);
    for row in rest.chunks_exact(stride) {
        for ((varies, word), reference) in data.varying.iter_mut().zip(row).zip(start) {
            *varies |= word ^ reference;
        }
    }
    Ok(())
}

/// Converts the data to f32, in C order.
fn convert<T: Item>(path: &Path, file: File, header: &Header, to: &mut [f32]) -> Result<()> {
    let sites = to.len() / header.shape[0] as usize;
    each::<T>(path, file, header, |value, row, site| {
        to[row * sites + site] = value.to_f64() as f32;
        Ok(())
    })
}

/// Visits every item, in the order of the file, with its index along the first axis and its
/// position in C order among the others.
fn each<T: Item>(
    path: &Path,
    mut file: File,
    header: &Header,
    mut visit: impl FnMut(T, usize, usize) -> std::result::Result<(), String>,
) -> Result<()> {
    let mut walk = Walk::new(&header.shape, header.fortran);
    let mut chunk = vec![0u8; CHUNK];
    let mut left = header.items * T::SIZE as u64;
    while left > 0 {
        let bytes = &mut chunk[..left.min(CHUNK as u64) as usize];
        file.read_exact(bytes)
            .map_err(|error| annotate("read", path, error))?;
        left -= bytes.len() as u64;
        for item in bytes.chunks_exact(T::SIZE) {
            let value = T::decode(item, header.big);
            let verdict = if value.is_valid() {
                visit(value, walk.row, walk.site)
            } else {
                Err(format!(
                    "holds {value} (row {}, item {} of it): every value is a finite number, of a \
                     bool 0 or 1",
                    walk.row, walk.site
                ))
            };
            verdict.map_err(|why| Error::failure(format!("{} {why}", quoted(path))))?;
            walk.step();
        }
    }
    Ok(())
}

/// Where the items of an array belong, in the order of the file.
struct Walk {
    /// Fastest first: length, strides of row and site, position.
    axes: Vec<[usize; 4]>,
    row: usize,
    site: usize,
}

impl Walk {
    fn new(shape: &[u64], fortran: bool) -> Self {
        let mut axes = vec![];
        let mut stride = 1;
        for length in shape[1..].iter().rev() {
            axes.push([*length as usize, 0, stride, 0]);
            stride *= *length as usize;
        }
        axes.push([shape[0] as usize, 1, 0, 0]);
        if fortran {
            axes.reverse();
        }
        Walk {
            axes,
            row: 0,
            site: 0,
        }
    }

    #[inline]
    fn step(&mut self) {
        for [length, row, site, at] in &mut self.axes {
            *at += 1;
            self.row += *row;
            self.site += *site;
            if at < length {
                return;
            }
            self.row -= *row * *length;
            self.site -= *site * *length;
            *at = 0;
        }
    }
}

/// A type of item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    I1,
    U1,
    I2,
    U2,
    I4,
    U4,
    I8,
    F4,
    F8,
    B1,
}

/// Calls a function that is generic over the item type.
macro_rules! for_type {
    ($kind:expr, $call:ident($($argument:expr),*)) => {
        match $kind {
            Kind::I1 => $call::<i8>($($argument),*),
            Kind::U1 => $call::<u8>($($argument),*),
            Kind::I2 => $call::<i16>($($argument),*),
            Kind::U2 => $call::<u16>($($argument),*),
            Kind::I4 => $call::<i32>($($argument),*),
            Kind::U4 => $call::<u32>($($argument),*),
            Kind::I8 => $call::<i64>($($argument),*),
            Kind::F4 => $call::<f32>($($argument),*),
            Kind::F8 => $call::<f64>($($argument),*),
            Kind::B1 => $call::<Bool>($($argument),*),
        }
    };
}
use for_type;

/// An item as it stands in the file. Values are compared as they are: as f64, two large i8 could
/// be taken for one.
trait Item: Copy + PartialOrd + Display {
    const SIZE: usize;
    fn decode(bytes: &[u8], big: bool) -> Self;
    fn is_valid(self) -> bool;
    fn to_f64(self) -> f64;
}

macro_rules! item {
    ($type:ty, $value:ident => $valid:expr) => {
        impl Item for $type {
            const SIZE: usize = size_of::<$type>();

            #[inline(always)]
            fn decode(bytes: &[u8], big: bool) -> Self {
                let mut array = [0; Self::SIZE];
                array.copy_from_slice(bytes);
                if big {
                    Self::from_be_bytes(array)
                } else {
                    Self::from_le_bytes(array)
                }
            }

            #[inline(always)]
            fn is_valid(self) -> bool {
                let $value = self;
                $valid
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }
        }
    };
}

item!(i8, _v => true);
item!(u8, _v => true);
item!(i16, _v => true);
item!(u16, _v => true);
item!(i32, _v => true);
item!(u32, _v => true);
item!(i64, _v => true);
item!(f32, v => v.is_finite());
item!(f64, v => v.is_finite());

/// NumPy's bool: a byte that is 0 or 1.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
struct Bool(u8);

impl Display for Bool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Item for Bool {
    const SIZE: usize = 1;

    #[inline(always)]
    fn decode(bytes: &[u8], _big: bool) -> Self {
        Bool(bytes[0])
    }

    #[inline(always)]
    fn is_valid(self) -> bool {
        self.0 <= 1
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self.0.into()
    }
}

/// What the header says.
struct Header {
    kind: Kind,
    big: bool,
    fortran: bool,
    shape: Vec<u64>,
    /// Product of the shape, at least 1, and no more than the file holds.
    items: u64,
}

/// Opens an array, checks its header against the length of the file, and stops before the data.
fn open(path: &Path) -> Result<(File, Header)> {
    let fail = |why: String| Error::failure(format!("{} {why}", quoted(path)));
    // Before opening: to open a pipe is to wait for a writer.
    let meta = std::fs::metadata(path).map_err(|error| annotate("read", path, error))?;
    if !meta.is_file() {
        let what = if meta.is_dir() {
            "a folder"
        } else {
            "a device or a pipe"
        };
        return Err(fail(format!("is {what}; a regular .npy file is needed")));
    }
    let mut file = File::open(path).map_err(|error| annotate("read", path, error))?;

    let mut start = [0u8; 8];
    let begun = read_all(path, &mut file, &mut start)?;
    if !begun || &start[..6] != MAGIC {
        return Err(fail(
            "is no .npy file: it does not begin with \\x93NUMPY; \
                         numpy.save writes such files"
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
    let mut length = [0u8; 4];
    let cut = || fail("ends within its header: the file is cut off".into());
    if !read_all(path, &mut file, &mut length[..width])? {
        return Err(cut());
    }
    let length = u64::from(u32::from_le_bytes(length));
    if length > MAX_HEADER {
        return Err(fail(format!(
            "claims a header of {length} bytes; at most {MAX_HEADER} are read"
        )));
    }
    let mut text = vec![0; length as usize];
    if !read_all(path, &mut file, &mut text)? {
        return Err(cut());
    }
    let fields = Fields::parse(&text).map_err(|why| {
        fail(format!(
            "has a malformed header: {why}; it should read like \
             {{'descr': '|i1', 'fortran_order': False, 'shape': (1000, 64, 64), }}"
        ))
    })?;
    let (kind, big) = item_type(&fields.descr).ok_or_else(|| {
        fail(format!(
            "holds items of type {}; the types that can be read are {TYPES} \
             (numpy: array.astype('i1'))",
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
    let size = kind.size();
    let held = meta.len().saturating_sub(8 + width as u64 + length);
    let items = shape.iter().try_fold(1u64, |n, side| n.checked_mul(*side));
    match items.and_then(|n| n.checked_mul(size)) {
        Some(bytes) if bytes == held => {}
        announced => {
            let (bytes, fault) = match announced {
                Some(bytes) if bytes < held => (bytes.to_string(), "has bytes to spare"),
                Some(bytes) => (bytes.to_string(), "is cut off"),
                None => ("more than 2^64".into(), "is cut off"),
            };
            return Err(fail(format!(
                "has shape {} of {size}-byte items, {bytes} bytes, but holds {held} bytes of data: \
                 the file {fault}",
                tuple(&shape)
            )));
        }
    }
    let items = items.unwrap_or_default();
    Ok((
        file,
        Header {
            kind,
            big,
            fortran: fields.fortran,
            shape,
            items,
        },
    ))
}

/// Fills the buffer, or says that the file ends before.
fn read_all(path: &Path, file: &mut File, to: &mut [u8]) -> Result<bool> {
    match file.read_exact(to) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(annotate("read", path, error).into()),
    }
}

impl Kind {
    fn size(self) -> u64 {
        match self {
            Kind::I1 | Kind::U1 | Kind::B1 => 1,
            Kind::I2 | Kind::U2 => 2,
            Kind::I4 | Kind::U4 | Kind::F4 => 4,
            Kind::I8 | Kind::F8 => 8,
        }
    }
}

/// The item type and whether it is big-endian; `None` for types that are not read.
fn item_type(descr: &str) -> Option<(Kind, bool)> {
    let (order, name) = descr.split_at_checked(1)?;
    let kind = match name {
        "i1" => Kind::I1,
        "u1" => Kind::U1,
        "b1" => Kind::B1,
        "i2" => Kind::I2,
        "u2" => Kind::U2,
        "i4" => Kind::I4,
        "u4" => Kind::U4,
        "i8" => Kind::I8,
        "f4" => Kind::F4,
        "f8" => Kind::F8,
        _ => return None,
    };
    match order {
        "<" => Some((kind, false)),
        ">" => Some((kind, true)),
        // Without a byte order: for single bytes only.
        "|" if kind.size() == 1 => Some((kind, false)),
        _ => None,
    }
}

/// A shape as Python writes it.
fn tuple(shape: &[u64]) -> String {
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

fn sides(shape: &[u64]) -> Option<Vec<u32>> {
    shape.iter().map(|side| u32::try_from(*side).ok()).collect()
}

/// The three entries of a header: a Python dictionary, restricted to what NumPy puts there.
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

/// What is left to parse.
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
        Err("'fortran_order' is neither True nor False".into())
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
                "'shape' is a tuple of whole numbers from 0 to 2^64 - 1".to_string()
            })?);
            if !self.accept(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(shape)
    }
}

/// The bytes before the data: magic, version 1.0, a header padded to a multiple of 64.
fn preamble(descr: &str, shape: &[u64]) -> Vec<u8> {
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

fn spin_shape(configurations: u64, sides: &[u32]) -> Vec<u64> {
    std::iter::once(configurations)
        .chain(sides.iter().map(|side| u64::from(*side)))
        .collect()
}

/// Length of a [`SpinFile`].
///
/// # Errors
/// More than 2⁶⁴ bytes.
pub fn spin_bytes(configurations: u64, sides: &[u32]) -> Result<u64> {
    let shape = spin_shape(configurations, sides);
    let data = shape.iter().try_fold(1u64, |n, side| n.checked_mul(*side));
    data.and_then(|n| n.checked_add(preamble("|i1", &shape).len() as u64))
        .ok_or_else(|| {
            Error::failure(format!(
                "{configurations} configurations of {} are more than 2^64 bytes; ask for fewer",
                product(sides)
            ))
        })
}

/// A file of configurations as int8 ±1, shape (N, L…). Its length is known beforehand, so that
/// threads may write their rows at once, in whatever order.
#[derive(Debug)]
pub struct SpinFile<W> {
    out: Mutex<Unfinished<W>>,
    /// Where the data begin.
    data: u64,
    sites: usize,
}

#[derive(Debug)]
struct Unfinished<W> {
    out: W,
    /// Bytes still to be written.
    missing: u64,
}

impl<W: Write + Seek> SpinFile<W> {
    /// Announces `configurations` of a lattice with the given sides, fewer bytes in all than
    /// [`spin_bytes`] refuses.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn new(mut out: W, configurations: u64, sides: &[u32]) -> io::Result<Self> {
        let preamble = preamble("|i1", &spin_shape(configurations, sides));
        out.write_all(&preamble)?;
        let sites = sides.iter().map(|side| *side as usize).product();
        let missing = configurations * sites as u64;
        Ok(SpinFile {
            out: Mutex::new(Unfinished { out, missing }),
            data: preamble.len() as u64,
            sites,
        })
    }

    /// Writes these rows, in their order. No two writers may have a row in common.
    pub fn rows(&self, rows: Range<u64>) -> SpinWriter<'_, W> {
        SpinWriter {
            file: self,
            bytes: Vec::with_capacity(buffer_bytes(self.sites)),
            rows,
        }
    }

    /// Gives the writer back.
    ///
    /// # Errors
    /// Fewer configurations than announced.
    pub fn finish(self) -> io::Result<W> {
        let Unfinished { out, missing } = self
            .out
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        if missing > 0 {
            let rows = missing / self.sites as u64;
            return Err(io::Error::other(format!(
                "{rows} configurations are missing"
            )));
        }
        Ok(out)
    }
}

/// Writes some rows of a [`SpinFile`], one after the other.
#[derive(Debug)]
pub struct SpinWriter<'a, W> {
    file: &'a SpinFile<W>,
    /// Rows before `rows` that the file does not have yet, a byte a site.
    bytes: Vec<u8>,
    /// Rows to come.
    rows: Range<u64>,
}

impl<W: Write + Seek> SpinWriter<'_, W> {
    /// Writes one packed configuration, [`bits::words`] of the number of sites long.
    ///
    /// # Errors
    /// Those of the writer, or a configuration more than there are rows.
    pub fn push(&mut self, row: &[u32]) -> io::Result<()> {
        if self.rows.next().is_none() {
            return Err(io::Error::other("more configurations than announced"));
        }
        let spins = (0..self.file.sites).map(|i| bits::sign(row, i) as i8 as u8);
        self.bytes.extend(spins);
        if self.bytes.len() + self.file.sites > CHUNK {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes what is buffered. What is not flushed counts as missing.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn flush(&mut self) -> io::Result<()> {
        let SpinFile { out, data, sites } = self.file;
        let length = self.bytes.len() as u64;
        let mut file = out.lock().unwrap_or_else(PoisonError::into_inner);
        let end = data + self.rows.start * *sites as u64;
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

/// Bytes of memory that a [`SpinWriter`] takes.
#[must_use]
pub fn buffer_bytes(sites: usize) -> usize {
    sites.max(CHUNK)
}

/// Writes filters as float32, shape (C, block…).
///
/// # Errors
/// Those of the writer.
pub fn write_filters(out: impl Write, filters: &Filters) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    out.write_all(&preamble(
        "<f4",
        &spin_shape(filters.count() as u64, filters.sides()),
    ))?;
    for weight in filters.weights() {
        out.write_all(&weight.to_le_bytes())?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::error;

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

    /// An array with a header of the given text, version 1.0.
    fn array(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
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

    /// −1/1 by a small generator, in C order.
    fn pattern(n: usize) -> Vec<bool> {
        let mut state = 7u32;
        (0..n)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state >> 31 != 0
            })
            .collect()
    }

    fn assert_holds(data: &Data, ups: &[bool]) {
        let sites = data.sites();
        for (i, up) in ups.iter().enumerate() {
            assert_eq!(bits::bit(data.row(i / sites), i % sites), *up, "item {i}");
        }
        let last = *data.row(0).last().unwrap();
        assert_eq!(
            last & !bits::mask(sites - bits::WORD * (data.varying.len() - 1)),
            0
        );
    }

    #[test]
    fn every_type_and_byte_order() {
        let ups = pattern(3 * 5 * 7);
        fn bytes<const N: usize>(ups: &[bool], low: [u8; N], high: [u8; N]) -> Vec<u8> {
            ups.iter()
                .flat_map(|up| if *up { high } else { low })
                .collect()
        }
        let floats = |low: f64, high: f64| {
            [
                (
                    "<f4",
                    bytes(
                        &ups,
                        (low as f32).to_le_bytes(),
                        (high as f32).to_le_bytes(),
                    ),
                ),
                (
                    ">f4",
                    bytes(
                        &ups,
                        (low as f32).to_be_bytes(),
                        (high as f32).to_be_bytes(),
                    ),
                ),
                ("<f8", bytes(&ups, low.to_le_bytes(), high.to_le_bytes())),
                (">f8", bytes(&ups, low.to_be_bytes(), high.to_be_bytes())),
            ]
        };
        let mut cases = vec![
            (
                "|i1",
                bytes(&ups, (-1i8).to_le_bytes(), 1i8.to_le_bytes()),
                -1.0,
                1.0,
            ),
            (
                "<i1",
                bytes(&ups, (-1i8).to_le_bytes(), 1i8.to_le_bytes()),
                -1.0,
                1.0,
            ),
            ("|u1", bytes(&ups, [0], [1]), 0.0, 1.0),
            ("|b1", bytes(&ups, [0], [1]), 0.0, 1.0),
            (
                "<i2",
                bytes(&ups, (-300i16).to_le_bytes(), 2i16.to_le_bytes()),
                -300.0,
                2.0,
            ),
            (
                ">i2",
                bytes(&ups, (-300i16).to_be_bytes(), 2i16.to_be_bytes()),
                -300.0,
                2.0,
            ),
            (
                "<u2",
                bytes(&ups, 3u16.to_le_bytes(), 60_000u16.to_le_bytes()),
                3.0,
                60_000.0,
            ),
            (
                "<i4",
                bytes(&ups, (-1i32).to_le_bytes(), 1i32.to_le_bytes()),
                -1.0,
                1.0,
            ),
            (
                ">u4",
                bytes(&ups, 0u32.to_be_bytes(), u32::MAX.to_be_bytes()),
                0.0,
                4294967295.0,
            ),
            (
                "<i8",
                bytes(&ups, (-1i64).to_le_bytes(), 1i64.to_le_bytes()),
                -1.0,
                1.0,
            ),
            (
                ">i8",
                bytes(&ups, (-1i64).to_be_bytes(), 1i64.to_be_bytes()),
                -1.0,
                1.0,
            ),
        ];
        cases.extend(floats(-0.5, 0.25).map(|(descr, data)| (descr, data, -0.5, 0.25)));
        for (descr, data, low, high) in cases {
            let file = sample(&spins(descr, "(3, 5, 7)", &data));
            let read = Data::read(&file.path).unwrap_or_else(|e| panic!("{descr}: {e}"));
            assert_eq!(
                (read.low, read.high, read.constant),
                (low, high, false),
                "{descr}"
            );
            assert_eq!(
                (read.sides.as_slice(), read.configurations),
                (&[5, 7][..], 3),
                "{descr}"
            );
            assert_holds(&read, &ups);
        }
    }

    #[test]
    fn fortran_order_is_the_same_array() {
        let (n, l0, l1, l2) = (3, 2, 5, 4);
        let ups = pattern(n * l0 * l1 * l2);
        let mut data = vec![];
        for k in 0..l2 {
            for j in 0..l1 {
                for i in 0..l0 {
                    for row in 0..n {
                        data.push(u8::from(ups[((row * l0 + i) * l1 + j) * l2 + k]));
                    }
                }
            }
        }
        let file = sample(&array(&dictionary("|u1", true, "(3, 2, 5, 4)"), &data));
        let read = Data::read(&file.path).unwrap();
        assert_eq!(read.sides, [2, 5, 4]);
        assert_holds(&read, &ups);
    }

    #[test]
    fn headers_as_python_may_write_them() {
        let data = [0, 1, 1, 0];
        for header in [
            "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2), }   \n",
            "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2)}",
            "{\"shape\":(2,2,),\"descr\":\"|u1\",\"fortran_order\":False}",
            " { 'shape' : ( 2 , 2 ) , 'fortran_order' : False , 'descr' : '|u1' } ",
        ] {
            let read = Data::read(&sample(&array(header, &data)).path).unwrap();
            assert_eq!(read.words, [2, 1], "{header}");
        }
        let header = dictionary("|u1", false, "(2, 2)");
        for version in [2, 3] {
            let mut bytes = MAGIC.to_vec();
            bytes.extend([version, 0]);
            bytes.extend((header.len() as u32).to_le_bytes());
            bytes.extend(header.bytes());
            bytes.extend(data);
            assert_eq!(Data::read(&sample(&bytes).path).unwrap().words, [2, 1]);
        }
    }

    #[test]
    fn sites_that_never_vary_are_marked() {
        let file = sample(&spins(
            "|i1",
            "(3, 4)",
            &[1, 255, 1, 1, 1, 1, 1, 255, 1, 255, 1, 255],
        ));
        let read = Data::read(&file.path).unwrap();
        assert_eq!(read.varying, [0b1010]);
        assert_eq!(read.words, [0b1101, 0b0111, 0b0101]);
    }

    #[test]
    fn a_constant_array_is_flagged() {
        let read = Data::read(&sample(&spins("|i1", "(2, 3)", &[1; 6])).path).unwrap();
        assert!(read.constant);
        assert_eq!((read.low, read.high), (1.0, 1.0));
        assert_eq!((read.varying, read.words), (vec![0], vec![0, 0]));
    }

    #[test]
    fn equal_as_f64_is_not_equal() {
        let big = 1i64 << 60;
        let data: Vec<u8> = [big, big + 1, big, big]
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect();
        let read = Data::read(&sample(&spins("<i8", "(2, 2)", &data)).path).unwrap();
        assert_eq!((read.constant, read.words), (false, vec![2, 0]));
        let zeros: Vec<u8> = [0.0f32, -0.0, 1.0, 0.0]
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect();
        let read = Data::read(&sample(&spins("<f4", "(2, 2)", &zeros)).path).unwrap();
        assert_eq!(read.words, [0, 1]);
    }

    #[test]
    fn malformed_files_are_refused() {
        let header = |text: &str| array(text, &[0, 1, 1, 0]);
        let float = |v: f64| {
            let values = [0.0, 1.0, v, 0.0];
            spins(
                "<f8",
                "(2, 2)",
                &values
                    .iter()
                    .flat_map(|v| v.to_le_bytes())
                    .collect::<Vec<_>>(),
            )
        };
        let whole = spins("|u1", "(2, 2)", &[0, 1, 1, 0]);
        let with = |at: usize, byte: u8| {
            let mut bytes = whole.clone();
            bytes[at] = byte;
            bytes
        };
        let mut long_header = MAGIC.to_vec();
        long_header.extend([2, 0, 0xff, 0xff, 0xff, 0xff, b'{']);
        // A line each.
        #[rustfmt::skip]
        let cases: Vec<(&str, Vec<u8>, &str)> = vec![
            ("empty", vec![], "is no .npy file"),
            ("short", b"\x93NUM".to_vec(), "is no .npy file"),
            ("text", b"1 -1 1 1\n1 1 -1 1\n".to_vec(), "is no .npy file"),
            ("zip", b"PK\x03\x04 and so on".to_vec(), "is no .npy file"),
            ("version", with(6, 9), "version 9.0"),
            ("minor", with(7, 3), "version 1.3"),
            ("magic only", whole[..8].to_vec(), "cut off"),
            ("half a length", whole[..9].to_vec(), "cut off"),
            ("half a header", whole[..40].to_vec(), "cut off"),
            ("header of 4 GiB", long_header, "claims a header of 4294967295 bytes"),
            ("binary header", with(15, 0xff), "not text"),
            ("no data", whole[..whole.len() - 4].to_vec(), "holds 0 bytes of data"),
            ("truncated", whole[..whole.len() - 1].to_vec(), "is cut off"),
            ("too long", [&whole[..], &[0]].concat(), "bytes to spare"),
            ("no dictionary", header("[1, 2]"), "'{' expected"),
            ("empty dictionary", header("{}"), "'descr' is missing"),
            ("no order", header("{'descr': '|u1', 'shape': (2, 2)}"), "'fortran_order' is missing"),
            ("no shape", header("{'descr': '|u1', 'fortran_order': False}"), "'shape' is missing"),
            ("twice", header("{'descr': '|u1', 'descr': '|u1', 'shape': (2, 2)}"), "'descr' occurs twice"),
            ("unknown entry", header("{'colour': '|u1'}"), "unknown entry 'colour'"),
            ("open string", header("{'descr"), "a string without end"),
            ("open dictionary", header("{'descr': '|u1'"), "'}' expected"),
            ("tail", header("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2)} evil()"), "something follows"),
            ("order", header("{'fortran_order': 1}"), "neither True nor False"),
            ("negative", spins("|u1", "(-2, 2)", &[0; 4]), "whole numbers"),
            ("fraction", spins("|u1", "(2.0, 2)", &[0; 4]), "')' expected"),
            ("word", spins("|u1", "(two, 2)", &[0; 4]), "whole numbers"),
            ("beyond 64 bits", spins("|u1", "(99999999999999999999, 2)", &[0; 4]), "whole numbers"),
            ("list", spins("|u1", "[2, 2]", &[0; 4]), "'(' expected"),
            ("structured", header("{'descr': [('a', '|u1')], 'fortran_order': False, 'shape': (4,)}"), "structured items"),
            ("objects", spins("|O", "(2, 2)", &[0; 4]), "items of type |O"),
            ("complex", spins("<c8", "(2, 2)", &[0; 32]), "items of type <c8"),
            ("strings", spins("<U1", "(2, 2)", &[0; 16]), "i1 u1 i2 u2 i4 u4 i8 f4 f8 b1"),
            ("half", spins("<f2", "(2, 2)", &[0; 8]), "items of type <f2"),
            ("u8", spins("<u8", "(2, 2)", &[0; 32]), "items of type <u8"),
            ("no byte order", spins("|i4", "(2, 2)", &[0; 16]), "items of type |i4"),
            ("no type", spins("", "(2, 2)", &[0; 4]), "items of type ;"),
            ("foreign type", spins("é1", "(2, 2)", &[0; 4]), "items of type \\u{e9}1"),
            ("a scalar", spins("|u1", "()", &[0]), "configurations have shape"),
            ("one axis", spins("|u1", "(4,)", &[0; 4]), "configurations have shape"),
            ("five axes", spins("|u1", "(1, 2, 2, 2, 2)", &[0; 16]), "configurations have shape"),
            ("no configuration", spins("|u1", "(0, 2)", &[]), "is empty"),
            ("no sites", spins("|u1", "(2, 0)", &[]), "is empty"),
            ("empty and huge", spins("|u1", "(0, 18446744073709551615, 3)", &[]), "is empty"),
            ("thin", spins("|u1", "(2, 4, 1)", &[0; 8]), "at least 2"),
            ("huge", spins("|u1", "(4000000000, 4000000)", &[0; 4]), "is cut off"),
            ("overflow", spins("|u1", "(9223372036854775808, 2, 2)", &[0; 4]), "more than 2^64 bytes"),
            ("overflow of bytes", spins("<f8", "(2305843009213693952, 2)", &[]), "more than 2^64"),
            ("NaN", float(f64::NAN), "holds NaN (row 1, item 0 of it)"),
            ("infinite", float(f64::NEG_INFINITY), "holds -inf"),
            ("bool of 2", spins("|b1", "(2, 2)", &[0, 1, 2, 0]), "of a bool 0 or 1"),
            ("three values", spins("|i1", "(2, 2)", &[0, 1, 255, 1]), "(0, 1, -1, …)"),
            ("more values", spins("|u1", "(2, 2)", &[5, 1, 7, 1]), "in this version"),
        ];
        assert!(cases.len() >= 25);
        for (name, bytes, rule) in cases {
            let file = sample(&bytes);
            let Err(error) = Data::read(&file.path) else {
                panic!("{name} is read")
            };
            assert_eq!(error.kind(), error::Kind::Failure, "{name}: {error}");
            assert!(error.message().contains("spins.npy'"), "{name}: {error}");
            assert!(error.message().contains(rule), "{name}: {error}");
            assert_eq!(error.to_string().lines().count(), 1, "{name}: {error}");
        }
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing.npy");
        let cases = [
            (missing.as_path(), "does not exist"),
            (folder.path(), "is a folder"),
        ];
        #[cfg(unix)]
        let cases = [
            &cases[..],
            &[(Path::new("/dev/zero"), "a device or a pipe")],
        ]
        .concat();
        for (path, rule) in cases {
            let error = Data::read(path).unwrap_err();
            assert_eq!(error.exit_code(), 1);
            assert!(error.message().contains(rule), "{error}");
            assert!(error.message().contains(&quoted(path)), "{error}");
        }
    }

    /// No prefix and no single changed byte of a good file may panic.
    #[test]
    fn damage_never_panics() {
        let whole = spins("<i2", "(4, 3, 3)", &[0; 72]);
        for end in 0..whole.len() {
            assert!(
                Data::read(&sample(&whole[..end]).path).is_err(),
                "{end} bytes"
            );
        }
        for at in 0..whole.len() {
            for byte in [0, b'9', b'}', 0xff] {
                let mut bytes = whole.clone();
                bytes[at] = byte;
                let path = sample(&bytes).path.clone();
                let _ = Data::read(&path);
            }
        }
    }

    #[test]
    fn chunks_join() {
        let ups = pattern(9 * 100 * 100);
        let data: Vec<u8> = ups
            .iter()
            .flat_map(|up| f64::from(u8::from(*up)).to_le_bytes())
            .collect();
        assert!(data.len() > 10 * CHUNK);
        let file = sample(&spins("<f8", "(9, 100, 100)", &data));
        assert_holds(&Data::read(&file.path).unwrap(), &ups);
    }

    #[test]
    fn what_is_written_is_read() {
        let sides = [3, 5];
        let rows = [[0b101_1100_1010_0111u32], [0b010_0011_0101_1000], [0]];
        let file = SpinFile::new(io::Cursor::new(vec![]), 3, &sides).unwrap();
        // The later rows first.
        let (mut first, mut last) = (file.rows(0..1), file.rows(1..3));
        last.push(&rows[1]).unwrap();
        last.push(&rows[2]).unwrap();
        assert!(last.push(&rows[0]).is_err());
        last.flush().unwrap();
        first.push(&rows[0]).unwrap();
        first.flush().unwrap();
        let bytes = file.finish().unwrap().into_inner();
        assert_eq!(bytes.len() as u64, spin_bytes(3, &sides).unwrap());
        assert_eq!(bytes.len() % 64, 3 * 15);
        let read = Data::read(&sample(&bytes).path).unwrap();
        assert_eq!((read.low, read.high), (-1.0, 1.0));
        assert_eq!(read.words, rows.concat());
        let file = SpinFile::new(io::Cursor::new(vec![]), 3, &sides).unwrap();
        let mut writer = file.rows(0..3);
        rows[1..].iter().for_each(|row| writer.push(row).unwrap());
        writer.flush().unwrap();
        let error = file.finish().unwrap_err();
        assert_eq!(error.to_string(), "1 configurations are missing");
        // Configurations longer than what is buffered.
        let sides = [CHUNK as u32 + 40];
        let file = SpinFile::new(io::Cursor::new(vec![]), 2, &sides).unwrap();
        let rows = [0b1101, !0].map(|word: u32| vec![word; CHUNK / 32 + 2]);
        for i in [1, 0] {
            let mut writer = file.rows(i as u64..i as u64 + 1);
            writer.push(&rows[i]).unwrap();
            writer.flush().unwrap();
        }
        let read = Data::read(&sample(&file.finish().unwrap().into_inner()).path).unwrap();
        for (i, row) in rows.iter().enumerate() {
            assert_eq!(read.row(i)[..CHUNK / 32 + 1], row[..CHUNK / 32 + 1]);
        }
        assert_eq!(spin_bytes(u64::MAX, &sides).unwrap_err().exit_code(), 1);
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
                "is no filter: weight 1",
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
        let error = SpinFile::new(full, 1, &[2]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
