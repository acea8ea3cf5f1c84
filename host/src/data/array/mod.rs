//! Arrays in files, read by position: `.npy`, the members of `.npz`, and tables of numbers in text, which are
//! converted first. Files of other formats are named, with the line of Python that converts them.
//!
//! Existing readers allocate whatever a header claims. This one allocates nothing before the header
//! agrees with the length of the file, and needs little memory for an array of any size: items stay in
//! the file and are read from there. What cannot be read by position, compressed members and Fortran
//! order, is copied first: to memory up to 64 MiB, beyond that to an unnamed file in the system's folder
//! for temporary files.

mod foreign;
mod header;
pub(crate) mod item;
mod npz;
mod order;
mod store;
mod text;

use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use header::Header;
pub use header::TYPES;
pub(crate) use header::{Fields, preamble, tuple};
use item::ItemType;
pub(crate) use npz::MOST_DEFLATED;
use npz::Member;
pub(crate) use store::IN_MEMORY;
use store::{Store, Stretch};

use crate::error::{Error, Result, annotate, quoted};
use crate::observer::{Observer, Phase, Silent};
use crate::store::resources;

/// An array in a file.
#[derive(Debug)]
pub(crate) struct Array {
    /// Its name in messages.
    name: String,
    header: Header,
    store: Store,
    /// Where the data begin in the store.
    start: u64,
    /// A compressed member that has not been unpacked yet.
    compressed: Option<Member>,
    /// Sentences on what was left out.
    notes: Vec<String>,
}

impl Array {
    /// Opens FILE.npy, FILE.npz (with one array) or FILE.npz:MEMBER and checks the header against the
    /// length of the file. Items can be read after [`prepare`](Self::prepare).
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Self::open_with(path, &Silent)
    }

    /// The same, also for a table of numbers in text, which takes time.
    pub(crate) fn open_with(path: &Path, observer: &dyn Observer) -> Result<Self> {
        let (path, member) = split(path);
        let fail = |why: String| Error::failure(format!("{} {why}", quoted(&path)));
        // Checked before opening: opening a pipe would wait for a writer.
        let meta = std::fs::metadata(&path).map_err(|error| annotate("read", &path, error))?;
        if !meta.is_file() {
            return Err(fail(match meta.is_dir() {
                true => foreign::folder(&path),
                false => "is a device or a pipe; a regular .npy file is needed".into(),
            }));
        }
        let open = || File::open(&path).map_err(|error| annotate("read", &path, error));
        let store = Store::file(open()?);
        let length = meta.len();
        let mut start = vec![0; length.min(foreign::LOOKED_AT as u64) as usize];
        store
            .read_at(0, &mut start)
            .map_err(|error| annotate("read", &path, error))?;
        let is_zip = npz::MAGICS.iter().any(|magic| start.starts_with(magic));
        if !start.starts_with(header::MAGIC) {
            let mut file = open()?;
            let is_text = text::is_text(&mut file);
            let is_text = is_text.map_err(|error| annotate("read", &path, error))?;
            if let Some(why) = foreign::refusal(&path, &start, !is_text) {
                return Err(fail(why));
            }
            let suffix = path.extension().unwrap_or_default();
            let is_ours = suffix == "npy" || suffix == "npz";
            if is_text && !is_ours && member.is_none() {
                return Self::of_text(&path, text::read(&path, file, observer)?);
            }
            if !is_text && !is_ours && !is_zip {
                return Err(fail(foreign::unknown(&path)));
            }
        }
        if is_zip {
            let (member, name) = npz::find(open()?, length, &path, member.as_deref())?;
            let (header, begin) = if member.deflated {
                Header::read(&mut member.unpack(&store), member.length, &name)?
            } else {
                let mut plain = Stretch::new(&store, member.start, member.end);
                Header::read(&mut plain, member.length, &name)?
            };
            return Ok(Array {
                name,
                header,
                store,
                start: if member.deflated {
                    begin
                } else {
                    member.start + begin
                },
                compressed: member.deflated.then_some(member),
                notes: vec![],
            });
        }
        if let Some(member) = member {
            return Err(fail(format!(
                "is not a .npz file, so it has no member '{}'; give the file name alone",
                member.escape_default()
            )));
        }
        let name = quoted(&path);
        let (header, start) = Header::read(&mut Stretch::new(&store, 0, length), length, &name)?;
        Ok(Array {
            name,
            header,
            store,
            start,
            compressed: None,
            notes: vec![],
        })
    }

    /// A table of numbers that was read.
    fn of_text(path: &Path, table: text::Table) -> Result<Self> {
        Ok(Array {
            name: quoted(path),
            header: table.header,
            store: table.store,
            start: 0,
            compressed: None,
            notes: table.notes,
        })
    }

    /// Sentences on what was left out.
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// An array in memory, in C order.
    pub(crate) fn new<T: Element>(shape: &[usize], values: &[T]) -> Result<Self> {
        let items = shape
            .iter()
            .try_fold(1usize, |n, side| n.checked_mul(*side));
        if items != Some(values.len()) || values.is_empty() {
            let shape: Vec<u64> = shape.iter().map(|side| *side as u64).collect();
            return Err(Error::failure(format!(
                "{} values for an array of shape {}",
                values.len(),
                tuple(&shape)
            )));
        }
        let bytes = values
            .iter()
            .flat_map(|value| value.to_bytes())
            .collect::<Vec<u8>>();
        Ok(Array {
            name: "(memory)".into(),
            header: Header {
                item: T::ITEM,
                big: false,
                fortran: false,
                shape: shape.iter().map(|side| *side as u64).collect(),
                items: values.len() as u64,
                bytes: bytes.len() as u64,
            },
            store: Store::Memory(bytes),
            start: 0,
            compressed: None,
            notes: vec![],
        })
    }

    /// Unpacks a compressed member and converts Fortran to C order, so that items can be read.
    pub(crate) fn prepare(mut self, observer: &dyn Observer) -> Result<Self> {
        let (bytes, size) = (self.header.bytes, self.header.item.size());
        if let Some(member) = self.compressed.take() {
            let mut plain = Store::scratch(bytes, &self.name)?;
            let progress = observer.begin(Phase {
                label: "unpacking",
                total: bytes,
                unit: "bytes",
            });
            member.copy(
                &self.store,
                self.start,
                &self.name,
                &mut plain,
                progress.as_ref(),
            )?;
            (self.store, self.start) = (plain, 0);
        }
        let shape = &self.header.shape;
        if self.header.fortran && shape.iter().filter(|length| **length > 1).count() > 1 {
            resources::memory(&format!("reading {}", self.name), 2 * order::BOX)?;
            let mut turned = Store::scratch(bytes, &self.name)?;
            let progress = observer.begin(Phase {
                label: "reordering",
                total: bytes,
                unit: "bytes",
            });
            order::to_c(
                &self.store,
                self.start,
                shape,
                size,
                &mut turned,
                progress.as_ref(),
            )
            .map_err(|error| unreadable(&self.name, &error))?;
            (self.store, self.start) = (turned, 0);
        }
        self.header.fortran = false;
        Ok(self)
    }

    /// The array's name in messages, quoted.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn shape(&self) -> &[u64] {
        &self.header.shape
    }

    /// Number of items, at least 1.
    pub(crate) fn items(&self) -> u64 {
        self.header.items
    }

    pub(crate) fn item_type(&self) -> ItemType {
        self.header.item
    }

    /// Reads whole items, beginning with item `first` in C order, as little-endian bytes.
    pub(crate) fn read(&self, first: u64, to: &mut [u8]) -> Result<()> {
        debug_assert!(
            self.compressed.is_none() && !self.header.fortran,
            "prepared"
        );
        let size = self.header.item.size();
        self.store
            .read_at(self.start + first * size as u64, to)
            .map_err(|error| unreadable(&self.name, &error))?;
        if self.header.big && size > 1 {
            to.chunks_exact_mut(size).for_each(<[u8]>::reverse);
        }
        Ok(())
    }

    /// Reads items in C order, in chunks of at most `most` bytes, until `visit` stops.
    pub(crate) fn chunks(
        &self,
        most: usize,
        mut visit: impl FnMut(u64, &[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let size = self.header.item.size() as u64;
        let mut chunk = vec![0; (most as u64).min(self.header.bytes) as usize];
        let mut first = 0;
        while first < self.items() {
            let n = (self.items() - first).min(most as u64 / size);
            let chunk = &mut chunk[..(n * size) as usize];
            self.read(first, chunk)?;
            if visit(first, chunk)?.is_break() {
                break;
            }
            first += n;
        }
        Ok(())
    }
}

/// Describes an error that occurred while an array was read.
fn unreadable(name: &str, error: &io::Error) -> Error {
    let why = match error.kind() {
        io::ErrorKind::UnexpectedEof => "it was cut off while it was read".into(),
        io::ErrorKind::StorageFull => {
            "no space left for a plain copy of it; set TMPDIR to a folder on a larger disk".into()
        }
        _ => crate::error::plain(error),
    };
    Error::failure(format!("cannot read {name}: {why}"))
}

/// Splits FILE.npz:MEMBER into file and member, unless a file has that name.
fn split(path: &Path) -> (PathBuf, Option<String>) {
    if let Some((file, member)) = path.to_str().and_then(|text| text.rsplit_once(':'))
        && !file.is_empty()
        && !member.is_empty()
        && !path.exists()
        && Path::new(file).is_file()
    {
        return (file.into(), Some(member.into()));
    }
    (path.into(), None)
}

/// A type of values for an array in memory.
pub trait Element: Copy {
    /// The corresponding item type in a file.
    #[doc(hidden)]
    const ITEM: ItemType;

    /// Its bytes, least significant first.
    #[doc(hidden)]
    fn to_bytes(self) -> Vec<u8>;
}

macro_rules! elements {
    ($($type:ty = $item:ident)*) => {$(
        impl Element for $type {
            const ITEM: ItemType = ItemType::$item;

            fn to_bytes(self) -> Vec<u8> {
                self.to_le_bytes().to_vec()
            }
        }
    )*};
}
elements!(i8 = I1 u8 = U1 i16 = I2 u16 = U2 i32 = I4 u32 = U4 i64 = I8 u64 = U8 f32 = F4 f64 = F8);

impl Element for bool {
    const ITEM: ItemType = ItemType::B1;

    fn to_bytes(self) -> Vec<u8> {
        vec![u8::from(self)]
    }
}
