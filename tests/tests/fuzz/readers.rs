//! Files: arrays, their archives, graphs, filters, configurations.

use std::path::Path;

use blockspin::data::graph::{Centre, Graph, On};
use blockspin::data::npy::read_filters;
use blockspin::error::{self, Error};
use blockspin::model::{Chipping, Dimer, GaussianField, Ising, IsingChain, Potts};
use blockspin::run::config_file::read_fields;
use blockspin::run::{DataFile, Execution, Run, RunConfig, Session, Source};
use blockspin::settings::values::Sides;
use blockspin_core::num::rng::Stream;
use blockspin_tests::arrays::{
    Packing, archive, array, dictionary, doubles, plain, sound, try_to_read,
};
use serde_json::{Map, Value};

use crate::engine::{Bytes, Fuzz, Scratch, damage, limit, pick};

/// What is found in headers.
const HEADER: &[&[u8]] = &[
    b"(",
    b")",
    b",",
    b"{",
    b"}",
    b"'",
    b"True",
    b"False",
    b"'shape': (",
    b"'descr': '<f8'",
    b"fortran_order",
    b"<f2",
    b"|O",
    b">i8",
    b"18446744073709551615",
    b"18446744073709551616",
    b"-1",
    b"0x10",
    b"1_0",
    b"L",
    b"\\",
    b"\xff\xfe",
    b"\x93NUMPY\x01\x00",
    b"\x93NUMPY\x03\x00",
    b"\0\0\xf0\x7f",
    b"\0\0\0\0\0\0\xf8\x7f",
];

/// What is found in archives.
const ZIP: &[&[u8]] = &[
    b"PK\x01\x02",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"PK\x06\x06",
    b"PK\x06\x07",
    b"\x01\x00\x10\x00",
    b"\xff\xff\xff\xff",
    b"\xff\xff",
    b".npy",
    b"\x08\x00",
];

/// A refusal names the file, on one line.
fn refused(error: &Error, name: &str) -> bool {
    assert_eq!(error.kind(), error::Kind::Failure, "{error}");
    assert_eq!(error.to_string().lines().count(), 1, "{error}");
    assert!(error.message().contains(name), "{error}");
    false
}

fn damaged(whole: &[Vec<u8>], words: &[&[u8]], stream: &mut Stream) -> Bytes {
    let mut bytes = pick(stream, whole).clone();
    let other = pick::<Vec<u8>>(stream, whole);
    damage(&mut bytes, words, other, stream);
    Bytes(bytes)
}

/// An archive whose members are damaged under checksums that fit; now and then itself too.
fn damaged_archive(members: &[(&str, Vec<u8>)], stream: &mut Stream) -> Bytes {
    let packings = [Packing::Stored, Packing::Deflated, Packing::Zip64];
    let packing = *pick(stream, &packings);
    let mut members = members.to_vec();
    let victim = stream.below(members.len() as u32) as usize;
    let other = pick(stream, &members).1.clone();
    damage(&mut members[victim].1, HEADER, &other, stream);
    if stream.below(8) == 0 {
        members.remove(stream.below(members.len() as u32) as usize);
    }
    let members: Vec<_> = members
        .iter()
        .map(|(name, content)| (*name, packing, &content[..]))
        .collect();
    let mut bytes = archive(&members);
    match stream.below(6) {
        0 | 1 => {
            let copy = bytes.clone();
            damage(&mut bytes, ZIP, &copy, stream);
        }
        2 => claim(&mut bytes, stream),
        _ => {}
    }
    Bytes(bytes)
}

/// Lets the directory claim another size of a member, packed, unpacked, or both.
fn claim(archive: &mut [u8], stream: &mut Stream) {
    let begins = |at: &usize| archive[*at..].starts_with(b"PK\x01\x02");
    let entries: Vec<_> = (0..archive.len()).filter(begins).collect();
    if entries.is_empty() {
        return;
    }
    let entry = *pick(stream, &entries);
    let size = (limit(archive.len() as u64, stream) as u32).to_le_bytes();
    let which = stream.below(3);
    if which != 0 {
        archive[entry + 20..entry + 24].copy_from_slice(&size);
    }
    if which != 1 {
        archive[entry + 24..entry + 28].copy_from_slice(&size);
    }
}

/// How a file may be read.
fn reading(path: &Path, stream: &mut Stream) -> DataFile {
    let settings = [
        ("axes", &["auto", "x", "xx", "nx", "nrx", "rnxx"][..]),
        ("boundary", &["periodic", "open", "open,periodic"]),
        ("origin", &["0", "1,1", "4294967295"]),
        ("repeats", &["drop", "keep"]),
        ("transform", &["auto", "none", "standard", "rank"]),
        ("subtract", &["none", "site-means"]),
        ("missing", &["0", "-1", "255", "1e300"]),
    ];
    let mut fields = Map::new();
    fields.insert("model".into(), "data".into());
    fields.insert("file".into(), path.to_str().expect("text").into());
    for (name, values) in settings {
        if stream.below(4) == 0 {
            fields.insert(name.into(), (*pick(stream, values)).into());
        }
    }
    match RunConfig::from_fields(&fields).map(|config| config.source) {
        Ok(Source::Data(file)) => file,
        _ => DataFile {
            file: path.to_str().expect("text").into(),
            ..DataFile::default()
        },
    }
}

/// Reads an array as `train data` does before it trains, in one of many ways.
fn try_to_begin(path: &Path, stream: &mut Stream) {
    let mut config = RunConfig::train(reading(path, stream));
    let mut widths = |least| Sides(vec![least + stream.below(2)]);
    config.window.block = widths(1);
    config.window.buffer = widths(0);
    config.window.environment = widths(1);
    config.optimisation.batch = 2;
    let execution = Execution {
        threads: 1,
        ..Execution::default()
    };
    if let Err(error) = Session::new(&config, execution) {
        assert_eq!(error.message().lines().count(), 1, "{error}");
    }
}

/// Reads an array in all the ways that there are.
fn try_array(path: &Path, input: &(Bytes, u32)) -> bool {
    let taken = try_to_read(path, input.0.0.len() as u64);
    if taken {
        let mut stream = Stream::new(input.1.into(), 1, blockspin_core::num::rng::Purpose::Sample);
        try_to_begin(path, &mut stream);
    }
    taken
}

#[test]
fn arrays() {
    let whole: Vec<_> = sound().into_iter().filter(|file| file[0] != b'P').collect();
    let scratch = Scratch::new();
    let fuzz = Fuzz {
        name: "npy",
        one_in: 1,
        memory: 8 << 20,
        memory_per_byte: 256,
    };
    fuzz.run(
        |stream| (damaged(&whole, HEADER, stream), stream.next_u32()),
        |input| input.0.0.len(),
        |input| try_array(&scratch.write("spins.npy", &input.0.0), input),
    );
}

#[test]
fn tables() {
    let rows = |separator: &str, row: fn(u32, u32) -> String| -> Vec<u8> {
        let row = |i| (0..4).map(|k| row(i, k)).collect::<Vec<_>>();
        let rows: Vec<String> = (0..12).map(|i| row(i).join(separator)).collect();
        rows.join("\n").into_bytes()
    };
    let sign = |i, k| (i * 7 + k * 3) % 5 % 2;
    let header = [
        b"left,right,up,\"down, too\"\n".to_vec(),
        rows(",", |i, k| format!("{i}.{k}")),
    ];
    let whole = [
        rows(",", |i, k| {
            (2 * ((i * 7 + k * 3) % 5 % 2) as i32 - 1).to_string()
        }),
        rows(";", |i, k| format!("{i},{k}5")),
        rows("\t", |i, k| format!("{}e-{k}", i + 1)),
        rows("  ", |i, k| {
            if i == k {
                "nan".into()
            } else {
                format!("-{i}.5")
            }
        }),
        header.concat(),
        (0..40)
            .map(|i| format!("{}\r\n", sign(i, 0)))
            .collect::<String>()
            .into_bytes(),
        b"\xef\xbb\xbf# a comment\n,0,1\n0,1.5,\n1,2.5,3\n2,,4\n3,1,2\n".to_vec(),
    ];
    let words: &[&[u8]] = &[
        b"\n",
        b"\r",
        b",",
        b";",
        b"\t",
        b" ",
        b"\"",
        b"#",
        b"\0",
        b"nan",
        b"NA",
        b"-inf",
        b"1e999",
        b"1e-999",
        b"0x1",
        b"1_0",
        b"--1",
        b"+1",
        b"1,5",
        b"99999999999999999999999999",
        "\u{a0}".as_bytes(),
        "\u{2212}1".as_bytes(),
        b"\xff",
        b"PK",
    ];
    let scratch = Scratch::new();
    let fuzz = Fuzz {
        name: "tables",
        one_in: 1,
        memory: 8 << 20,
        memory_per_byte: 256,
    };
    fuzz.run(
        |stream| (damaged(&whole, words, stream), stream.next_u32()),
        |input| input.0.0.len(),
        |input| try_array(&scratch.write("spins.csv", &input.0.0), input),
    );
}

#[test]
fn archives() {
    let (spins, reals) = (sound().remove(0), sound().remove(10));
    let sound: Vec<_> = sound().into_iter().filter(|file| file[0] == b'P').collect();
    let scratch = Scratch::new();
    let fuzz = Fuzz {
        name: "npz",
        one_in: 1,
        memory: 8 << 20,
        // Deflate packs 1032 bytes into one at most.
        memory_per_byte: 4 * 1032,
    };
    fuzz.run(
        |stream| {
            let bytes = match stream.below(3) {
                0 => damaged(&sound, ZIP, stream),
                1 => damaged_archive(&[("spins.npy", reals.clone())], stream),
                _ => {
                    let members = [("spins.npy", spins.clone()), ("other.npy", reals.clone())];
                    damaged_archive(&members, stream)
                }
            };
            (bytes, stream.next_u32())
        },
        |input| input.0.0.len(),
        |input| {
            let path = scratch.write("spins.npz", &input.0.0);
            let member = try_array(&scratch.path("spins.npz:spins"), input);
            try_array(&path, input) || member
        },
    );
}

#[test]
fn filters() {
    let weights = doubles(&[1.0, -0.5, 0.25, 0.0, 3.0, 2.0, 7.0, -1.0]);
    let single = weights.iter().copied().take(32).collect::<Vec<_>>();
    let whole = [
        plain("<f8", "(2, 2, 2)", &weights),
        plain("<f8", "(4, 2)", &weights),
        plain("<f4", "(2, 2, 2)", &single),
        array(2, &dictionary(">f8", true, "(2, 4)"), &weights),
        plain("|i1", "(2, 4)", &[1, 255, 0, 1, 1, 1, 0, 0]),
        plain("<f2", "(1, 2, 2)", &[0, 0x3c, 0, 0xbc, 0, 0x3c, 0, 0x7c]),
    ];
    let scratch = Scratch::new();
    let fuzz = Fuzz {
        name: "filters",
        one_in: 1,
        memory: 1 << 20,
        memory_per_byte: 4 * 1032,
    };
    fuzz.run(
        |stream| match stream.below(4) {
            0 => damaged_archive(&[("f.npy", pick(stream, &whole).clone())], stream),
            _ => damaged(&whole, HEADER, stream),
        },
        |input| input.0.len(),
        |input| {
            let path = scratch.write("filters.npy", &input.0);
            let read = |dimension| match read_filters(&path, dimension) {
                Ok(filters) => {
                    assert!(filters.weights().iter().all(|weight| weight.is_finite()));
                    assert_eq!(filters.count() * filters.sites(), filters.weights().len());
                    assert_eq!(filters.by_site().len(), filters.weights().len());
                    true
                }
                Err(error) => refused(&error, "filters.np"),
            };
            let taken = [1, 2, 3].map(read);
            taken.contains(&true)
        },
    );
}

/// Reads a graph for so many values, and asks it for shells around every centre.
fn try_graph(path: &Path, values: u64) -> bool {
    let graph = match Graph::read(path, values) {
        Ok(graph) => graph,
        Err(error) => return refused(&error, "graph."),
    };
    assert!(graph.nodes() <= 2 * values && graph.edges() > 0);
    // Every search visits all nodes.
    let centres = if graph.nodes() > 1000 { 1 } else { 12 };
    for on in On::ALL {
        let _ = graph.on(values, Some(on));
        for site in 0..graph.nodes().min(centres) as u32 {
            for centre in [Centre::Node(site), Centre::Edge(site)] {
                for (block, buffer, environment) in [(1, 0, 1), (2, 1, u32::MAX), (u32::MAX, 0, 1)]
                {
                    let shells = graph.shells(centre, on, block, buffer, environment);
                    if let Ok(shells) = shells {
                        let sites = graph.sites(on);
                        assert!(shells.sites().all(|(_, site)| u64::from(site) < sites));
                        assert!(!shells.describe().is_empty());
                    }
                }
            }
        }
    }
    true
}

#[test]
fn edge_lists() {
    let path: String = (0..11).map(|i| format!("{i} {}\n", i + 1)).collect();
    let whole = [
        path.into_bytes(),
        b"# a triangle and a tail\n0,1,0.5\n1, 2, 1e3\n2\t0\n2 3 # end\n5 5\n".to_vec(),
        b"\xef\xbb\xbf0 1\r\n1 2\r\n2 3\r\n3 0\r\n0 2\r\n".to_vec(),
        b"0 1\n1 0\n0 1\n1 1\n7 3".to_vec(),
    ];
    let words: &[&[u8]] = &[
        b"\n",
        b" ",
        b",",
        b"#",
        b"\t",
        b"\r",
        b"\0",
        b"-1",
        b"+3",
        b"1e1",
        b"NaN",
        b"inf",
        b"0 0\n",
        b"4294967295",
        b"4294967296",
        b"18446744073709551615",
        b"99999999999999999999999999",
        "\u{a0}3".as_bytes(),
        "\u{661}".as_bytes(),
        b"\xff",
        b"PK",
        b"\x93NUMPY",
        &[b'7'; 1 << 12],
    ];
    let scratch = Scratch::new();
    let fuzz = Fuzz {
        name: "edge lists",
        one_in: 1,
        memory: 1 << 20,
        memory_per_byte: 64,
    };
    fuzz.run(
        |stream| {
            let values = 1 << stream.below(11);
            let mut bytes = damaged(&whole, words, stream);
            if stream.below(4) == 0 {
                let node = limit(values, stream);
                bytes.0.extend(format!("\n{node} 1\n").bytes());
            }
            (bytes, values)
        },
        |input| input.0.0.len(),
        |input| try_graph(&scratch.write("graph.txt", &input.0.0), input.1),
    );
}

/// Members of a sparse matrix of five nodes, as scipy writes them.
fn matrices() -> Vec<Vec<(&'static str, Vec<u8>)>> {
    let list = |numbers: &[u32]| {
        let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        plain("<i4", &format!("({},)", numbers.len()), &bytes)
    };
    let long = |numbers: &[u64]| {
        let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_be_bytes()).collect();
        plain(">u8", &format!("({},)", numbers.len()), &bytes)
    };
    let name = |name: &str| plain("|S3", "()", name.as_bytes());
    let row = [0, 1, 1, 2, 2, 3, 3, 4, 4, 0];
    let column = [1, 0, 2, 1, 3, 2, 4, 3, 0, 4];
    let compressed = |form| {
        vec![
            ("indices.npy", list(&[1, 4, 0, 2, 1, 3, 2, 4, 0, 3])),
            ("indptr.npy", long(&[0, 2, 4, 6, 8, 10])),
            ("format.npy", name(form)),
            ("shape.npy", long(&[5, 5])),
            ("data.npy", plain("|b1", "(10,)", &[1; 10])),
        ]
    };
    vec![
        compressed("csr"),
        compressed("csc"),
        vec![
            ("row.npy", list(&row)),
            ("col.npy", list(&column)),
            ("format.npy", name("coo")),
            ("shape.npy", list(&[5, 5])),
        ],
        // A matrix of many nodes leaves room for claims of many entries.
        vec![
            ("row.npy", list(&row)),
            ("col.npy", list(&column)),
            ("format.npy", name("coo")),
            ("shape.npy", list(&[1 << 20, 1 << 20])),
        ],
    ]
}

#[test]
fn sparse_matrices() {
    let matrices = matrices();
    let scratch = Scratch::new();
    let fuzz = Fuzz {
        name: "sparse matrices",
        one_in: 1,
        // A matrix of so many nodes takes some bytes for each, whatever the file holds.
        memory: 32 << 20,
        memory_per_byte: 4 * 1032,
    };
    fuzz.run(
        |stream| {
            let large = stream.below(128) == 0;
            let matrix = match large {
                true => &matrices[3],
                false => pick(stream, &matrices[..3]),
            };
            let values = if large { 1 << 20 } else { 1 << stream.below(6) };
            (damaged_archive(matrix, stream), values)
        },
        |input| input.0.0.len(),
        |input| try_graph(&scratch.write("graph.npz", &input.0.0), input.1),
    );
}

/// Configurations of every model, of both tasks, and the record of a run.
fn configurations() -> Vec<Map<String, Value>> {
    let estimate = RunConfig::estimate(Ising::square(8), "boundary");
    let mut all = [
        RunConfig::train(Ising::square(8)),
        RunConfig::train(IsingChain::default()),
        RunConfig::train(Dimer::default()),
        RunConfig::train(Chipping::default()),
        RunConfig::train(Potts::default()),
        RunConfig::train(GaussianField::default()),
        RunConfig::train(DataFile {
            file: "spins.npy".into(),
            ..DataFile::default()
        }),
        estimate,
    ]
    .map(|config| config.fields())
    .to_vec();
    let run = Run::new(Ising::square(4)).with(|config| {
        config.window.block = Sides(vec![2]);
        config.window.buffer = Sides(vec![0]);
        config.window.environment = Sides(vec![1]);
        config.optimisation.batch = 4;
        config.optimisation.steps = 20;
        config.optimisation.held_out_windows = Some(100);
    });
    all.push(run.train().expect("a run").fields());
    all
}

/// A configuration in TOML: settings of one value each, in lines.
fn toml(fields: &Map<String, Value>) -> String {
    fields
        .iter()
        .filter(|(_, value)| !value.is_null() && !value.is_object())
        .map(|(name, value)| format!("{name} = {value}\n"))
        .collect()
}

#[test]
fn configuration_files() {
    let fields = configurations();
    let json: Vec<_> = fields
        .iter()
        .map(|fields| serde_json::to_vec(fields).expect("JSON"))
        .collect();
    let toml: Vec<_> = fields.iter().map(|f| toml(f).into_bytes()).collect();
    let words: &[&[u8]] = &[
        b"{",
        b"}",
        b"[",
        b"]",
        b"[[",
        b"\"",
        b":",
        b",",
        b"=",
        b"\n",
        b"null",
        b"true",
        b"\"inf\"",
        b"inf",
        b"nan",
        b"-0.0",
        b"1e999",
        b"-1",
        b"1e-320",
        b"\"auto\"",
        b"\"none\"",
        b"\"all\"",
        b"\\u0000",
        b"\\ud800",
        b"\"\"",
        b"[]",
        b"[0,0]",
        b"[1,2,3,4]",
        b"\"schema\":\"blockspin-run-1\",\"command\":\"blockspin train ising --size 8\",",
        b"\"schema\":\"blockspin-run-2\",",
        b"\"components\":16,",
        b"\"encoder\":\"states:5\",",
        b"\"encoder\":\"continuous\",",
        b"\"disorder\":\"gaussian:0,1\",",
        b"0x7fffffffffffffff",
        b"1979-05-27T07:32:00Z",
        &[b'['; 600],
        b"'''",
    ];
    let scratch = Scratch::new();
    let fuzz = Fuzz {
        name: "configurations",
        one_in: 1,
        memory: 1 << 20,
        memory_per_byte: 512,
    };
    fuzz.run(
        |stream| {
            let (whole, name) = match stream.below(3) {
                0 => (&toml, "run.toml"),
                _ => (&json, "run.json"),
            };
            (damaged(whole, words, stream), name)
        },
        |input| input.0.0.len(),
        |input| {
            let path = scratch.write(input.1, &input.0.0);
            let fields = match read_fields(&path) {
                Ok(fields) => fields,
                Err(error) => return refused(&error, input.1),
            };
            let config = match RunConfig::from_fields(&fields) {
                Ok(config) => config,
                Err(error) => {
                    assert_eq!(error.message().lines().count(), 1, "{error}");
                    return false;
                }
            };
            // What it is written as is read as the same.
            assert_eq!(RunConfig::from_fields(&config.fields()).unwrap(), config);
            for discrete in [true, false] {
                if let Ok(config) = config.completed(discrete) {
                    assert_eq!(config.completed(discrete).unwrap(), config);
                }
            }
            true
        },
    );
}
