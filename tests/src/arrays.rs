//! Files of arrays, sound and damaged: `.npy` and `.npz` written byte by byte, apart from what
//! reads them.

use std::io::Write;
use std::path::{Path, PathBuf};

use blockspin::data::{Data, Kind};
use blockspin::error;
use blockspin::observer::Silent;
use blockspin_core::num::bits;
use flate2::Compression;
use flate2::write::DeflateEncoder;

/// An `.npy` file with a header of the given text.
#[must_use]
pub fn array(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([version, 0]);
    let length = header.len() as u32;
    bytes.extend(&length.to_le_bytes()[..if version == 1 { 2 } else { 4 }]);
    bytes.extend(header.bytes());
    bytes.extend(data);
    bytes
}

/// The text of a header.
#[must_use]
pub fn dictionary(descr: &str, fortran: bool, shape: &str) -> String {
    let order = if fortran { "True" } else { "False" };
    format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n")
}

/// An `.npy` file of version 1.0 in C order; the shape as Python writes it.
#[must_use]
pub fn plain(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    array(1, &dictionary(descr, false, shape), data)
}

/// Little-endian f8.
#[must_use]
pub fn doubles(values: &[f64]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

/// How a member of a zip archive is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// As `numpy.savez` writes it: stored, the local sizes in a zip64 field.
    Stored,
    /// As `numpy.savez_compressed` writes it.
    Deflated,
    /// Stored, and every size and offset in zip64 fields, as in archives beyond 4 GiB.
    Zip64,
}

/// A zip archive with the given members.
///
/// # Panics
/// Never: it writes to memory.
#[must_use]
pub fn archive(members: &[(&str, Packing, &[u8])]) -> Vec<u8> {
    let (mut bytes, mut directory) = (vec![], vec![]);
    for (name, packing, content) in members {
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let packed = match packing {
            Packing::Deflated => {
                let mut encoder = DeflateEncoder::new(vec![], Compression::default());
                encoder.write_all(content).expect("memory");
                encoder.finish().expect("memory")
            }
            _ => content.to_vec(),
        };
        let method = u16::from(*packing == Packing::Deflated) * 8;
        let offset = bytes.len() as u64;
        let (unpacked, packed_length) = (content.len() as u64, packed.len() as u64);
        let zip64 = |sizes: &[u64]| {
            let mut field = 1u16.to_le_bytes().to_vec();
            field.extend((8 * sizes.len() as u16).to_le_bytes());
            field.extend(sizes.iter().flat_map(|size| size.to_le_bytes()));
            field
        };
        let head = |to: &mut Vec<u8>, sizes: [u32; 2], extra: usize| {
            // Version, flags, method; time and date; check sum.
            to.extend([45u16, 0, method].iter().flat_map(|v| v.to_le_bytes()));
            to.extend([0, 0, 0x21, 0]);
            to.extend(crc.sum().to_le_bytes());
            to.extend(sizes.iter().flat_map(|v| v.to_le_bytes()));
            to.extend((name.len() as u16).to_le_bytes());
            to.extend((extra as u16).to_le_bytes());
        };
        let extra = zip64(&[unpacked, packed_length]);
        bytes.extend(b"PK\x03\x04");
        head(&mut bytes, [u32::MAX; 2], extra.len());
        bytes.extend(name.bytes());
        bytes.extend(extra);
        bytes.extend(packed);

        let large = *packing == Packing::Zip64;
        let extra = if large {
            zip64(&[unpacked, packed_length, offset])
        } else {
            vec![]
        };
        let short = |value: u64| if large { u32::MAX } else { value as u32 };
        directory.extend(b"PK\x01\x02\x2d\x03");
        head(
            &mut directory,
            [short(packed_length), short(unpacked)],
            extra.len(),
        );
        // Comment, disk, attributes.
        directory.extend([0; 10]);
        directory.extend(short(offset).to_le_bytes());
        directory.extend(name.bytes());
        directory.extend(extra);
    }
    let (count, start, size) = (members.len(), bytes.len() as u64, directory.len() as u64);
    bytes.extend(directory);
    let large = members
        .iter()
        .any(|(_, packing, _)| *packing == Packing::Zip64);
    if large {
        let end = bytes.len() as u64;
        bytes.extend(b"PK\x06\x06");
        bytes.extend(44u64.to_le_bytes());
        bytes.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for value in [count as u64, count as u64, size, start] {
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend(b"PK\x06\x07\0\0\0\0");
        bytes.extend(end.to_le_bytes());
        bytes.extend(1u32.to_le_bytes());
    }
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    let count = if large { u16::MAX } else { count as u16 };
    bytes.extend([count, count].iter().flat_map(|v| v.to_le_bytes()));
    let ends = if large {
        [u32::MAX; 2]
    } else {
        [size as u32, start as u32]
    };
    bytes.extend(ends.iter().flat_map(|v| v.to_le_bytes()));
    bytes.extend([0, 0]);
    bytes
}

/// A file that goes with its folder.
#[derive(Debug)]
pub struct Sample {
    _folder: tempfile::TempDir,
    /// Where it is.
    pub path: PathBuf,
}

impl Sample {
    /// A file with the given bytes.
    ///
    /// # Panics
    /// If it cannot be written.
    #[must_use]
    pub fn new(name: &str, bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        Sample {
            _folder: folder,
            path,
        }
    }

    /// A member of it.
    #[must_use]
    pub fn member(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("{}:{name}", self.path.display()))
    }
}

/// Sound files, to be damaged: every type, both orders, all versions, all packings.
#[must_use]
pub fn sound() -> Vec<Vec<u8>> {
    let spins: Vec<u8> = (0..72u32).map(|i| (i * 7 / 3 % 2) as u8).collect();
    let mut files = vec![];
    let widths = [
        ("|i1", 1),
        ("|u1", 1),
        ("|b1", 1),
        ("<i2", 2),
        (">u2", 2),
        ("<i4", 4),
        (">u4", 4),
        ("<i8", 8),
        ("<f4", 4),
        (">f8", 8),
    ];
    for (i, (descr, size)) in widths.into_iter().enumerate() {
        let mut data = vec![0; 72 * size];
        for (item, spin) in data.chunks_exact_mut(size).zip(&spins) {
            item[if descr.starts_with('>') { size - 1 } else { 0 }] = *spin;
        }
        let shape = ["(2, 36)", "(4, 3, 6)", "(3, 2, 3, 4)"][i % 3];
        let header = dictionary(descr, i % 4 == 3, shape);
        files.push(array(1 + (i % 3) as u8, &header, &data));
    }
    let reals: Vec<f64> = (0..72).map(|i| f64::from(i * i % 11) - 3.5).collect();
    files.push(plain("<f8", "(4, 3, 6)", &doubles(&reals)));
    let header = dictionary("<f8", true, "(2, 2, 3, 6)");
    files.push(array(2, &header, &doubles(&reals)));
    let (one, other) = (files[0].clone(), files[10].clone());
    for packing in [Packing::Stored, Packing::Deflated, Packing::Zip64] {
        files.push(archive(&[("spins.npy", packing, &other)]));
    }
    files.push(archive(&[
        ("spins.npy", Packing::Deflated, &one),
        ("weights.npy", Packing::Stored, &other),
        ("notes.txt", Packing::Stored, b"nothing"),
    ]));
    files
}

/// Opens an array and reads from it what it offers. A refusal must name the file on a line of its
/// own; what is read must be no more than a file of `length` bytes can hold.
///
/// # Panics
/// If it breaks its promises.
pub fn try_to_read(path: &Path, length: u64) -> bool {
    let data = match Data::open(path, &Silent) {
        Ok(data) => data,
        Err(error) => {
            assert_eq!(error.kind(), error::Kind::Failure, "{error}");
            assert_eq!(error.to_string().lines().count(), 1, "{error}");
            assert!(error.message().contains("spins."), "{error}");
            return false;
        }
    };
    let sites = data.sites();
    // Deflate packs 1032 bytes into one at most.
    let items = data.configurations() as u64 * sites as u64;
    assert!(items <= 1032 * length, "{items} items from {length} bytes");
    assert_eq!(data.varying().len(), bits::words(sites));
    let sides = data.sides().to_vec();
    let origin = vec![0; sides.len()];
    let some = sides
        .iter()
        .map(|side| side.div_ceil(2))
        .collect::<Vec<_>>();
    let corner = sides.iter().map(|side| side - 1).collect::<Vec<_>>();
    for i in [0, data.configurations() - 1] {
        for (corner, sides) in [(&origin, &sides), (&corner, &some)] {
            let volume = sides.iter().map(|side| *side as usize).product();
            let mut reals = vec![0.0; volume];
            match data.reals(i, corner, sides, &mut reals) {
                Ok(()) => assert!(reals.iter().all(|value| !value.is_infinite())),
                Err(error) => assert!(error.message().contains("spins."), "{error}"),
            }
            if let Kind::Signs { .. } = data.kind() {
                let mut signs = vec![0; bits::words(volume)];
                data.signs(i, corner, sides, &mut signs).expect("signs");
                let ups = reals.iter().filter(|value| **value == 1.0).count();
                assert_eq!(bits::count(&signs, volume) as usize, ups);
            }
        }
    }
    true
}
