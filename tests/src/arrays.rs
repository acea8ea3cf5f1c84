//! Files of arrays, sound and damaged: `.npy` and `.npz` written byte by byte, apart from what
//! reads them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use blockspin::data::{Data, Kind};
use blockspin::error;
use blockspin::observer::Silent;
use blockspin_core::num::bits;
use blockspin_core::num::rng::{Purpose, Stream};
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

/// Damages a file: some bytes, numbers, stretches; or its end.
pub fn damage(bytes: &mut Vec<u8>, stream: &mut Stream) {
    for _ in 0..=stream.below(4) {
        if bytes.is_empty() {
            return;
        }
        let length = bytes.len() as u32;
        // Headers and directories are where damage tells.
        let near = stream.below(length.min(128));
        let at = match stream.below(3) {
            0 => stream.below(length),
            1 => near,
            _ => length - 1 - near,
        } as usize;
        let stretch = 1 + stream.below(16) as usize;
        let end = (at + stretch).min(bytes.len());
        match stream.below(9) {
            0 => bytes[at] ^= 1 << stream.below(8),
            1 => bytes[at] = stream.next_u32() as u8,
            2 => bytes[at] = b"0123456789(),:{}'-. "[stream.below(20) as usize],
            3 => bytes.truncate(at),
            4 => bytes.extend((0..stretch).map(|_| stream.next_u32() as u8)),
            5 => {
                bytes.drain(at..end);
            }
            6 => {
                let copy = bytes[at..end].to_vec();
                let to = stream.below(length) as usize;
                bytes.splice(to..to, copy);
            }
            7 => {
                let large = [0, 1, 0x7f, 0x80, 0xff][stream.below(5) as usize];
                let width = 1 << stream.below(4);
                for byte in bytes[at..].iter_mut().take(width) {
                    *byte = large;
                }
            }
            _ => {
                // A number in the header.
                let digits: Vec<usize> = (0..bytes.len().min(128))
                    .filter(|i| bytes[*i].is_ascii_digit())
                    .collect();
                if !digits.is_empty() {
                    let at = digits[stream.below(digits.len() as u32) as usize];
                    bytes[at] = b'0' + stream.below(10) as u8;
                }
            }
        }
    }
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
            assert!(error.message().contains("spins.np"), "{error}");
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
                Err(error) => assert!(error.message().contains("spins.np"), "{error}"),
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

/// Damages sound files and opens them, `cases` times or as long as `time` says; from number
/// `first` on, which a failure tells. Returns how many were tried and how many could be read.
///
/// # Panics
/// If one does not end in an array or a refusal, within a bounded time and memory.
#[must_use]
pub fn fuzz(first: u64, cases: u64, time: Duration) -> (u64, u64) {
    let begun = Instant::now();
    let sound = sound();
    let folder = tempfile::tempdir().expect("a folder");
    let (npy, npz) = (
        folder.path().join("spins.npy"),
        folder.path().join("spins.npz"),
    );
    let (mut tried, mut readable) = (0, 0);
    while tried < cases && begun.elapsed() < time {
        let case = first + tried;
        let mut stream = Stream::new(case, 0, Purpose::Sample);
        let file = stream.below(sound.len() as u32) as usize;
        let mut bytes = sound[file].clone();
        damage(&mut bytes, &mut stream);
        let zip = sound[file].starts_with(b"PK");
        let path = if zip { &npz } else { &npy };
        std::fs::write(path, &bytes).expect("a file");
        let mut paths = vec![path.clone()];
        if zip {
            paths.push(folder.path().join("spins.npz:spins"));
        }
        let clock = Instant::now();
        for path in paths {
            let length = bytes.len() as u64;
            let read = std::panic::catch_unwind(|| try_to_read(&path, length));
            match read {
                Ok(read) => readable += u64::from(read),
                Err(_) => panic!("case {case} panics"),
            }
        }
        assert!(clock.elapsed().as_secs() < 10, "case {case} is slow");
        tried += 1;
    }
    // The most memory that this process ever had.
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|kib| kib.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
        assert!(peak.is_none_or(|kib| kib < 1 << 20), "{peak:?} KiB");
    }
    (tried, readable)
}
