//! Sparse adjacency matrices, as `scipy.sparse.save_npz` writes them.

use std::path::Path;

use super::{Bound, npz, shown};
use crate::data::array::Fields;
use crate::error::{Error, Result, quoted};
use crate::store::resources;

/// Limit in bytes for a small member: NumPy's longest header of version 1, and a few numbers.
const SMALL: u64 = 1 << 17;

/// An adjacency matrix in an `.npz` file.
pub(super) struct Matrix<'a> {
    pub(super) path: &'a Path,
    pub(super) bound: Bound,
}

impl Matrix<'_> {
    /// Number of nodes, and the entries.
    pub(super) fn read(&self) -> Result<(u32, Vec<[u32; 2]>)> {
        let form = self.form()?;
        let shape = self.array("shape", SMALL)?;
        let (rows, columns) = match shape.items {
            2 => (shape.whole(self, 0)?, shape.whole(self, 1)?),
            n => {
                return Err(self.fail(format!("has {n} numbers in shape.npy; a matrix has 2")));
            }
        };
        if rows != columns {
            return Err(self.fail(format!(
                "is a matrix of {rows} × {columns}; an adjacency matrix is square, a row and a \
                 column for each node"
            )));
        }
        if rows > self.bound.nodes {
            return Err(self.fail(format!("has {rows} nodes: {}", self.bound.exceeded())));
        }
        let nodes = rows as u32;
        // What the graph has for each node.
        resources::memory(&format!("reading {}", quoted(self.path)), 8 * (rows + 1))?;
        let entries = if form == "coo" {
            self.pairs(nodes)?
        } else {
            self.compressed(nodes)?
        };
        Ok((nodes, entries))
    }

    /// The name of the format; scipy's default if the file does not contain it.
    fn form(&self) -> Result<String> {
        let Some(bytes) = npz::member(self.path, "format.npy", SMALL)? else {
            return Ok("csr".into());
        };
        let (_, data) = self.parse("format", &bytes)?;
        // Bytes or UTF-32 in either byte order: ASCII names differ only by zeros.
        let name: Vec<u8> = data.iter().copied().filter(|byte| *byte != 0).collect();
        match &name[..] {
            b"csr" | b"csc" | b"coo" => Ok(name.iter().map(|byte| *byte as char).collect()),
            _ => Err(self.fail(format!(
                "holds a sparse matrix of format '{}' (format.npy); csr, csc and coo can be read \
                 (scipy: matrix.tocsr())",
                shown(&name)
            ))),
        }
    }

    /// Entries row by row (csr) or column by column (csc).
    fn compressed(&self, nodes: u32) -> Result<Vec<[u32; 2]>> {
        let starts = self.array("indptr", SMALL + 8 * (u64::from(nodes) + 1))?;
        if starts.items != u64::from(nodes) + 1 {
            return Err(self.fail(format!(
                "has {} items in indptr.npy; a matrix of {nodes} rows has {}",
                starts.items,
                u64::from(nodes) + 1
            )));
        }
        let last = starts.whole(self, u64::from(nodes))?;
        self.check_entries("indptr", last, nodes)?;
        let indices = self.array("indices", SMALL + 8 * last)?;
        if indices.items != last {
            return Err(self.fail(format!(
                "has {} items in indices.npy; indptr.npy ends with {last}, their number",
                indices.items
            )));
        }
        self.room(last)?;
        let mut entries = Vec::with_capacity(last as usize);
        let mut from = 0;
        for row in 0..=nodes {
            let to = starts.whole(self, row.into())?;
            if to < from || to > last || (row == 0 && to != 0) {
                return Err(self.fail(format!(
                    "has {to} as item {row} of indptr.npy; it begins with 0, never decreases, and \
                     its last item, here {last}, is the largest"
                )));
            }
            for i in from..to {
                // The first item begins row 0: item `row` is the end of the row before.
                entries.push([row - 1, indices.node(self, i, nodes)?]);
            }
            from = to;
        }
        Ok(entries)
    }

    /// Entries as pairs (coo).
    fn pairs(&self, nodes: u32) -> Result<Vec<[u32; 2]>> {
        let most = u64::from(nodes).pow(2).min(u32::MAX.into());
        let limit = SMALL + 8 * most;
        let rows = self.array("row", limit)?;
        self.check_entries("row", rows.items, nodes)?;
        let columns = self.array("col", SMALL + 8 * rows.items)?;
        if rows.items != columns.items {
            return Err(self.fail(format!(
                "has {} items in row.npy and {} in col.npy; an entry has one in each",
                rows.items, columns.items
            )));
        }
        self.room(rows.items)?;
        (0..rows.items)
            .map(|i| Ok([rows.node(self, i, nodes)?, columns.node(self, i, nodes)?]))
            .collect()
    }

    /// Refuses numbers of entries that do not fit in 32 bits or in the matrix.
    fn check_entries(&self, name: &str, entries: u64, nodes: u32) -> Result<()> {
        if entries > u64::from(nodes).pow(2) {
            return Err(self.fail(format!(
                "announces {entries} entries in {name}.npy, more than a matrix of {nodes} × {nodes} \
                 has: entries are repeated (scipy: matrix.sum_duplicates())"
            )));
        }
        if entries >= u64::from(u32::MAX) {
            return Err(self.fail(format!(
                "announces {entries} entries in {name}.npy; fewer than 2^32 - 1 are read"
            )));
        }
        Ok(())
    }

    /// An entry takes 8 bytes when read, 4 for sorting, 16 in the graph.
    fn room(&self, entries: u64) -> Result<()> {
        resources::memory(&format!("reading {}", quoted(self.path)), 28 * entries)
    }

    /// A required list of whole numbers, in a member of at most `limit` bytes.
    fn array<'m>(&self, name: &'m str, limit: u64) -> Result<Array<'m>> {
        let member = format!("{name}.npy");
        let bytes = npz::member(self.path, &member, limit)?.ok_or_else(|| {
            self.fail(format!(
                "has no member {member}; scipy.sparse.save_npz(file, matrix) writes an adjacency \
                 matrix"
            ))
        })?;
        let (fields, data) = self.parse(name, &bytes)?;
        let descr = fields.descr.as_bytes();
        let (big, signed, size) = match *descr {
            [
                order @ (b'<' | b'>'),
                kind @ (b'i' | b'u'),
                size @ (b'4' | b'8'),
            ] => (order == b'>', kind == b'i', usize::from(size - b'0')),
            _ => {
                return Err(self.fail(format!(
                    "has items of type {} in {member}; the types read there are i4 i8 u4 u8",
                    shown(descr)
                )));
            }
        };
        let items = match fields.shape[..] {
            [items] => items,
            _ => {
                return Err(self.fail(format!(
                    "has an array with {} axes in {member}; it is a list, with one",
                    fields.shape.len()
                )));
            }
        };
        if items.checked_mul(size as u64) != Some(data.len() as u64) {
            return Err(self.fail(format!(
                "announces {items} items of {size} bytes in {member}, which holds {} bytes of data",
                data.len()
            )));
        }
        let data = bytes.len() - data.len();
        Ok(Array {
            name,
            bytes,
            data,
            items,
            size,
            big,
            signed,
        })
    }

    /// Header and data of a member.
    fn parse<'b>(&self, name: &str, bytes: &'b [u8]) -> Result<(Fields, &'b [u8])> {
        let fault = |why: &str| {
            self.fail(format!(
                "has a member {name}.npy that is not an array: {why}"
            ))
        };
        let width = match bytes {
            [0x93, b'N', b'U', b'M', b'P', b'Y', 1, 0, ..] => 2,
            [0x93, b'N', b'U', b'M', b'P', b'Y', 2 | 3, 0, ..] => 4,
            _ => return Err(fault("it does not begin as NumPy's arrays do")),
        };
        let cut = || fault("it ends within its header");
        let (length, rest) = bytes[8..].split_at_checked(width).ok_or_else(cut)?;
        let mut little = [0; 4];
        little[..width].copy_from_slice(length);
        let length = usize::try_from(u32::from_le_bytes(little)).map_err(|_| cut())?;
        let (header, data) = rest.split_at_checked(length).ok_or_else(cut)?;
        let fields = Fields::parse(header).map_err(|why| fault(&why))?;
        Ok((fields, data))
    }

    fn fail(&self, why: String) -> Error {
        Error::failure(format!("{} {why}", quoted(self.path)))
    }
}

/// Whole numbers in a member, not yet decoded.
struct Array<'a> {
    name: &'a str,
    bytes: Vec<u8>,
    /// Where the items begin.
    data: usize,
    items: u64,
    size: usize,
    big: bool,
    signed: bool,
}

impl Array<'_> {
    /// Item `i` < `items`.
    fn whole(&self, matrix: &Matrix<'_>, i: u64) -> Result<u64> {
        let at = self.data + i as usize * self.size;
        let item = &self.bytes[at..at + self.size];
        let mut little = [0; 8];
        little[..self.size].copy_from_slice(item);
        if self.big {
            little[..self.size].reverse();
        }
        if self.signed && little[self.size - 1] >> 7 != 0 {
            return Err(matrix.fail(format!(
                "has a negative number as item {i} of {}.npy; it holds whole numbers from 0",
                self.name
            )));
        }
        Ok(u64::from_le_bytes(little))
    }

    /// Item `i`, which must be a node.
    fn node(&self, matrix: &Matrix<'_>, i: u64, nodes: u32) -> Result<u32> {
        let node = self.whole(matrix, i)?;
        if node >= u64::from(nodes) {
            return Err(matrix.fail(format!(
                "has {node} as item {i} of {}.npy; its {nodes} nodes are numbered from 0",
                self.name
            )));
        }
        Ok(node as u32)
    }
}
