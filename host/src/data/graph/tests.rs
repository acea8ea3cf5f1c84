use std::io::Write;
use std::path::PathBuf;

use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::window::region::Region;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use rawzip::{CompressionMethod, ZipArchiveWriter};

use super::list::MAX_LINE;
use super::*;
use crate::error;

/// A folder with one file, removed at the end.
struct Sample {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn sample(bytes: &[u8]) -> Sample {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("graph.txt");
    std::fs::write(&path, bytes).unwrap();
    Sample {
        _folder: folder,
        path,
    }
}

fn read(bytes: &[u8]) -> Result<Graph> {
    Graph::read(&sample(bytes).path, 1000)
}

/// The content of a graph, independent of its file name.
fn parts(graph: &Graph) -> [Vec<u32>; 3] {
    let ends = graph.ends.concat();
    [graph.offsets.clone(), graph.neighbours.clone(), ends]
}

fn list(edges: &[[u32; 2]]) -> Graph {
    let lines: Vec<_> = edges.iter().map(|[a, b]| format!("{a} {b}")).collect();
    read(lines.join("\n").as_bytes()).unwrap()
}

fn ring(n: u32) -> Vec<[u32; 2]> {
    (0..n).map(|i| [i, (i + 1) % n]).collect()
}

/// Site (y, x) of an L × L torus is y L + x.
fn torus(l: u32) -> Vec<[u32; 2]> {
    let site = |y: u32, x: u32| (y % l) * l + x % l;
    (0..l * l)
        .flat_map(|i| {
            let (y, x) = (i / l, i % l);
            [[i, site(y, x + 1)], [i, site(y + 1, x)]]
        })
        .collect()
}

fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend(data);
    bytes
}

fn i4(items: &[i32]) -> Vec<u8> {
    let data: Vec<u8> = items.iter().flat_map(|i| i.to_le_bytes()).collect();
    npy("<i4", &format!("({},)", items.len()), &data)
}

fn i8(items: &[i64]) -> Vec<u8> {
    let data: Vec<u8> = items.iter().flat_map(|i| i.to_be_bytes()).collect();
    npy(">i8", &format!("({},)", items.len()), &data)
}

fn form(name: &str) -> Vec<u8> {
    npy("|S3", "()", name.as_bytes())
}

fn npz(members: &[(&str, Vec<u8>)], deflate: bool) -> Vec<u8> {
    let mut bytes = vec![];
    let mut archive = ZipArchiveWriter::new(&mut bytes);
    for (name, data) in members {
        let name = format!("{name}.npy");
        let file = archive.new_file(&name);
        if deflate {
            let method = CompressionMethod::DEFLATE;
            let (mut entry, config) = file.compression_method(method).start().unwrap();
            let encoder = DeflateEncoder::new(&mut entry, Compression::default());
            let mut writer = config.wrap(encoder);
            writer.write_all(data).unwrap();
            let (encoder, descriptor) = writer.finish().unwrap();
            encoder.finish().unwrap();
            entry.finish(descriptor).unwrap();
        } else {
            let (mut entry, config) = file.start().unwrap();
            let mut writer = config.wrap(&mut entry);
            writer.write_all(data).unwrap();
            let (_, descriptor) = writer.finish().unwrap();
            entry.finish(descriptor).unwrap();
        }
    }
    archive.finish().unwrap();
    bytes
}

/// A path 0 – 1 – 2 and node 3 alone.
fn path_members() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("indices", i4(&[1, 0, 2, 1])),
        ("indptr", i4(&[0, 1, 3, 4, 4])),
        ("format", form("csr")),
        ("shape", i8(&[4, 4])),
        ("data", npy("<f8", "(4,)", &[0; 32])),
    ]
}

/// The members of the path, with one of them replaced.
fn path_but(name: &str, bytes: Option<Vec<u8>>) -> Vec<u8> {
    let mut members = path_members();
    members.retain(|(member, _)| *member != name);
    members.extend(bytes.map(|bytes| (name, bytes)));
    let members: Vec<_> = members.iter().map(|(n, b)| (*n, b.clone())).collect();
    npz(&members, false)
}

#[test]
fn edge_lists() {
    let text = b"\xef\xbb\xbf# a heading, \xff\r\n\r\n0 1\r\n 2\t1 # a bond\n4,0\n 5 , 5\n1 0\n";
    let graph = read(text).unwrap();
    assert_eq!((graph.nodes(), graph.edges()), (6, 3));
    assert_eq!(graph.ends, [[0, 1], [1, 2], [0, 4]]);
    assert_eq!(graph.offsets, [0, 2, 4, 5, 5, 6, 6]);
    assert_eq!(graph.neighbours, [1, 4, 0, 2, 1, 0]);
    let [warning] = graph.warnings() else {
        panic!("{:?}", graph.warnings())
    };
    assert!(warning.ends_with("graph.txt': 1 self loop and 1 repeated edge dropped"));
    assert_eq!((graph.ends(2), graph.ends(3)), (Some([0, 4]), None));
    let weighted = read(b"0 1 0.5\n1,2,-3e5").unwrap();
    assert_eq!(weighted.ends, [[0, 1], [1, 2]]);
    assert!(weighted.warnings()[0].contains("weights in a third column"));
}

#[test]
fn matrices() {
    let path = read(&npz(&path_members(), true)).unwrap();
    assert_eq!(path.warnings(), [""; 0]);
    assert_eq!((path.nodes(), path.edges()), (4, 2));
    assert_eq!(path.ends, [[0, 1], [1, 2]]);
    let wide = path_but("indptr", Some(i8(&[0, 1, 3, 4, 4])));
    let unicode = npy("<U3", "()", b"c\0\0\0s\0\0\0r\0\0\0");
    let upper = [
        ("indices", i4(&[1, 2])),
        ("indptr", i4(&[0, 1, 2, 2, 2])),
        ("shape", i4(&[4, 4])),
    ];
    let csc = [&upper[..], &[("format", form("csc"))]].concat();
    let coo = [
        ("row", i4(&[2, 0])),
        ("col", i8(&[1, 1])),
        ("shape", i4(&[4, 4])),
        ("format", form("coo")),
    ];
    for (name, bytes) in [
        ("stored", npz(&path_members(), false)),
        ("wide", wide),
        ("U3", path_but("format", Some(unicode))),
        (
            "U3 big",
            path_but("format", Some(npy(">U3", "()", b"\0\0\0c\0\0\0s\0\0\0r"))),
        ),
        ("no format", path_but("format", None)),
        ("no data", path_but("data", None)),
        ("one way", npz(&upper, true)),
        ("csc", npz(&csc, true)),
        ("coo", npz(&coo, true)),
    ] {
        let graph = read(&bytes).unwrap();
        assert_eq!(parts(&graph), parts(&path), "{name}");
    }
    let members = [
        ("indices", i4(&[1, 1, 0, 0])),
        ("indptr", i4(&[0, 3, 4])),
        ("shape", i4(&[2, 2])),
    ];
    let graph = read(&npz(&members, false)).unwrap();
    assert_eq!(graph.ends, [[0, 1]]);
    assert!(graph.warnings()[0].ends_with("1 self loop and 1 repeated edge dropped"));
}

#[test]
fn values_belong_to_nodes_or_edges() {
    use On::{Edges, Nodes};
    let tree = list(&[[0, 1], [1, 2]]);
    assert_eq!(tree.on(3, None), Ok(Nodes));
    assert_eq!(tree.on(2, None), Ok(Edges));
    assert_eq!(tree.on(2, Some(Edges)), Ok(Edges));
    let ring = list(&ring(5));
    assert_eq!(ring.on(5, None), Ok(Nodes));
    assert_eq!(ring.on(5, Some(Edges)), Ok(Edges));
    let loops = list(&[[0, 1], [1, 2], [2, 2], [1, 0]]);
    let from_one = list(&[[1, 2], [2, 3], [1, 3], [3, 4]]);
    for (graph, values, wanted, rule) in [
        (
            &tree,
            4,
            None,
            "has 3 nodes and 2 edges, and a configuration has 4 values",
        ),
        (&tree, 4, None, "such as '3 3'"),
        (&tree, u64::MAX, None, "for each edge, is needed"),
        (&tree, 0, None, "for each edge, is needed"),
        (&tree, 3, Some(Edges), "one value for each edge is needed"),
        (&tree, 2, Some(Nodes), "one value for each node is needed"),
        (
            &loops,
            4,
            Some(Edges),
            "were dropped: leave out their values",
        ),
        (&from_one, 4, Some(Nodes), "node 0 has no edge"),
    ] {
        let error = graph.on(values, wanted).unwrap_err();
        assert_eq!(error.kind(), crate::Kind::Failure);
        assert!(error.message().contains(rule), "{error}");
        assert_eq!(error.to_string().lines().count(), 1);
    }
    // Four values match the four edges unless nodes are requested.
    assert_eq!(from_one.on(4, None), Ok(Edges));
}

#[test]
fn origins() {
    assert_eq!(Centre::parse("7", On::Nodes), Ok(Centre::Node(7)));
    assert_eq!(Centre::parse("7", On::Edges), Ok(Centre::Edge(7)));
    assert_eq!(Centre::parse("edge:7", On::Nodes), Ok(Centre::Edge(7)));
    assert_eq!(Centre::parse("node:7", On::Edges), Ok(Centre::Node(7)));
    for word in [
        "",
        "-1",
        "edge",
        "edge:",
        "site:3",
        "4294967296",
        "99999999999999999999",
    ] {
        let error = Centre::parse(word, On::Nodes).unwrap_err();
        assert_eq!(error.kind(), crate::Kind::Usage, "{word}");
    }
    assert_eq!(Centre::Edge(3).to_string(), "edge 3");
}

/// All sites within reach, with distances computed independently.
fn assert_shells(
    graph: &Graph,
    centre: Centre,
    on: On,
    [block, buffer, environment]: [u32; 3],
    distance: impl Fn(u32) -> Option<u32>,
) {
    let shells = graph
        .shells(centre, on, block, buffer, environment)
        .unwrap();
    let within = |from: u32, to: u32| {
        let mut sites: Vec<(u32, u32)> = (0..graph.sites(on) as u32)
            .filter_map(|site| Some((distance(site)?, site)))
            .filter(|(along, _)| (from..to).contains(along))
            .collect();
        sites.sort_unstable();
        sites.iter().map(|(_, site)| *site).collect::<Vec<_>>()
    };
    let e = block + buffer;
    assert_eq!(shells.block, within(0, block), "V around {centre}");
    assert_eq!(shells.buffer, within(block, e), "buffer around {centre}");
    assert_eq!(
        shells.environment,
        within(e, e.saturating_add(environment)),
        "E around {centre}"
    );
    assert!(
        shells
            .sites()
            .all(|(site, along)| distance(site) == Some(along))
    );
    assert_eq!(
        shells.sites().count(),
        shells.sizes.iter().sum::<u32>() as usize
    );
}

#[test]
fn shells_of_a_ring() {
    let n = 20;
    let graph = list(&ring(n));
    let between = |a: u32, b: u32| a.abs_diff(b).min(n - a.abs_diff(b));
    for origin in [0, 7, 19] {
        // Edge i joins i and i + 1.
        for (centre, on) in [
            (Centre::Node(origin), On::Nodes),
            (Centre::Edge(origin), On::Edges),
        ] {
            let along = |site| Some(between(origin, site));
            assert_shells(&graph, centre, on, [2, 3, 4], along);
            assert_shells(&graph, centre, on, [1, 0, u32::MAX], along);
        }
        let next = (origin + 1) % n;
        let along = |site| Some(between(origin, site).min(between(next, site)));
        assert_shells(&graph, Centre::Edge(origin), On::Nodes, [2, 1, 3], along);
        let along = |edge| Some(between(origin, edge).min(between(origin, (edge + 1) % n)));
        assert_shells(&graph, Centre::Node(origin), On::Edges, [2, 1, 3], along);
    }
    // The corresponding window of a chain: block 3, buffer 2, environment 4 to each side.
    let shells = graph.shells(Centre::Node(0), On::Nodes, 2, 2, 4).unwrap();
    assert_eq!(shells.block, [0, 1, 19]);
    assert_eq!(shells.buffer, [2, 18, 3, 17]);
    assert_eq!(shells.environment, [4, 16, 5, 15, 6, 14, 7, 13]);
    assert_eq!(
        shells.describe(),
        "V: 3 nodes; buffer: 4; E: 8, by graph distance from node 0"
    );
    Region::new(n as usize, &shells.block, &shells.environment).unwrap();
}

#[test]
fn shells_of_a_torus() {
    let l = 9;
    let graph = list(&torus(l));
    assert_eq!((graph.nodes(), graph.edges()), (81, 162));
    let between = |a: u32, b: u32| a.abs_diff(b).min(l - a.abs_diff(b));
    for origin in [0, 40, 77] {
        let along = |site: u32| Some(between(origin / l, site / l) + between(origin % l, site % l));
        assert_shells(&graph, Centre::Node(origin), On::Nodes, [2, 2, 3], along);
    }
    let shells = graph.shells(Centre::Node(40), On::Nodes, 3, 1, 1).unwrap();
    assert_eq!(shells.sizes, [1, 4, 8, 12, 16]);
}

/// Distances by relaxation, from adjacency tests of all pairs.
fn naive(n: u32, origin: u32, adjacent: impl Fn(u32, u32) -> bool) -> Vec<Option<u32>> {
    let mut distance = vec![None; n as usize];
    distance[origin as usize] = Some(0);
    for along in 0..n {
        for b in 0..n {
            if distance[b as usize].is_none()
                && (0..n).any(|a| distance[a as usize] == Some(along) && adjacent(a, b))
            {
                distance[b as usize] = Some(along + 1);
            }
        }
    }
    distance
}

#[test]
fn line_graphs() {
    let mut stream = Stream::new(5, 0, Purpose::Sample);
    for _ in 0..30 {
        let nodes = 4 + stream.below(12);
        let edges: Vec<_> = (0..nodes + stream.below(6))
            .map(|_| [stream.below(nodes), stream.below(nodes)])
            .chain([[0, 1], [1, 2], [2, 3]])
            .collect();
        let graph = list(&edges);
        let share = |a: u32, b: u32| {
            let (a, b) = (graph.ends[a as usize], graph.ends[b as usize]);
            a.iter().any(|node| b.contains(node))
        };
        for edge in 0..graph.edges() as u32 {
            let along = naive(graph.edges() as u32, edge, share);
            // Some have no second shell.
            if along.contains(&Some(1)) {
                assert_shells(&graph, Centre::Edge(edge), On::Edges, [1, 0, 99], |site| {
                    along[site as usize]
                });
            }
        }
        for node in 0..graph.nodes() as u32 {
            let along = naive(graph.nodes() as u32, node, |a, b| {
                graph.neighbours(a).contains(&b)
            });
            if along.contains(&Some(1)) {
                assert_shells(&graph, Centre::Node(node), On::Nodes, [1, 0, 99], |site| {
                    along[site as usize]
                });
            }
        }
    }
}

#[test]
fn shells_that_cannot_be() {
    let graph = list(&[[0, 1], [1, 2], [2, 3], [5, 5]]);
    let (node, edge) = (Centre::Node, Centre::Edge);
    for (centre, on, shells, rule) in [
        (node(0), On::Nodes, [0, 1, 1], "block 0"),
        (node(0), On::Nodes, [1, 1, 0], "environment 0"),
        (
            node(6),
            On::Nodes,
            [1, 1, 1],
            "has 6 nodes, numbered 0 to 5",
        ),
        (
            edge(3),
            On::Edges,
            [1, 1, 1],
            "has 3 edges, numbered 0 to 2",
        ),
        (
            node(0),
            On::Nodes,
            [2, 2, 1],
            "ends at distance 3 there; block and buffer together are at most 3",
        ),
        (node(5), On::Nodes, [1, 0, 1], "ends at distance 0"),
        (node(5), On::Edges, [1, 0, 1], "has no edge to begin with"),
        (edge(0), On::Edges, [1, 2, 1], "at most 2"),
        (
            node(0),
            On::Nodes,
            [u32::MAX, u32::MAX, u32::MAX],
            "ends at distance 3",
        ),
    ] {
        let [block, buffer, environment] = shells;
        let error = graph
            .shells(centre, on, block, buffer, environment)
            .unwrap_err();
        assert_eq!(error.kind(), crate::Kind::Usage);
        assert!(error.message().contains(rule), "{error}");
        assert_eq!(error.to_string().lines().count(), 1);
    }
    let ends = graph.shells(node(0), On::Nodes, 2, 1, 9).unwrap();
    assert_eq!((ends.environment, ends.sizes), (vec![3], vec![1; 4]));
}

#[test]
fn malformed_files_are_refused() {
    let long = [&b"0 1\n"[..], &vec![b' '; MAX_LINE as usize + 1]].concat();
    let whole = npz(&path_members(), true);
    let mut crc = npz(&path_members(), false);
    let at = crc
        .windows(4)
        .position(|four| four == [3, 0, 0, 0])
        .unwrap();
    crc[at] = 2;
    let twice = [&path_members()[..], &[("indptr", i4(&[0]))]].concat();
    let coo = |row: &[i32], column: &[i32]| {
        let members = [
            ("row", i4(row)),
            ("col", i4(column)),
            ("shape", i4(&[3, 3])),
            ("format", form("coo")),
        ];
        npz(&members, false)
    };
    let with = |name, bytes: Vec<u8>| path_but(name, Some(bytes));
    // A line each.
    #[rustfmt::skip]
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty", vec![], "holds no edge"),
        ("comments", b"# nothing\n\n".to_vec(), "holds no edge"),
        ("loops only", b"3 3\n".to_vec(), "holds no edge"),
        ("one word", b"0 1\n5\n".to_vec(), "line 2 reads '5': a single word"),
        ("four words", b"0 1 2 3\n".to_vec(), "line 1 reads '0 1 2 3': 4 words"),
        ("heading", b"source target\n0 1\n".to_vec(), "'source' is not a node"),
        ("negative", b"0 -1\n".to_vec(), "'-1' is not a node"),
        ("signed", b"0 +1\n".to_vec(), "'+1' is not a node"),
        ("fraction", b"0 1.5\n".to_vec(), "'1.5' is not a node"),
        ("hexadecimal", b"0x1 2\n".to_vec(), "'0x1' is not a node"),
        ("two commas", b"0,,1\n".to_vec(), "'' is not a node"),
        ("semicolon", b"0;1\n".to_vec(), "a single word"),
        ("comma and blank", b"0 1,2\n".to_vec(), "'0 1' is not a node"),
        ("attributes", b"0 1 {}\n".to_vec(), "'{}' is not a weight"),
        ("large", b"0 1\n\n0 4000000000\n".to_vec(), "line 3 names node 4000000000: configurations of 1000 values"),
        ("just too large", b"0 2000\n".to_vec(), "allow 2000 nodes"),
        ("larger", b"0 99999999999999999999999\n".to_vec(), "names node"),
        ("Latin-1", b"0 1\xe9\n".to_vec(), "reads '0 1\\xe9': it is not text"),
        ("UTF-16", b"\xff\xfe0\0 \x001\0".to_vec(), "it is not text"),
        ("zeros", vec![0; 100], "line 1 reads"),
        ("escapes", b"\x1b[2J 1\n".to_vec(), "'\\x1b[2J' is not a node"),
        ("long", long, "line 2 is longer than 65536 bytes"),
        ("an array", i4(&[0, 1]), "is a single array (.npy)"),
        ("PK", b"PK and so on".to_vec(), "is not a complete .npz file"),
        ("cut", whole[..whole.len() - 8].to_vec(), "is not a complete .npz file"),
        ("no end", whole[..100].to_vec(), "is not a complete .npz file"),
        ("check sum", crc, "has a member"),
        ("twice", npz(&twice, false), "indptr.npy occurs twice"),
        ("nothing", npz(&[], false), "no"),
        ("other arrays", npz(&[("arr_0", i4(&[1]))], false), "has no member shape.npy"),
        ("no indices", path_but("indices", None), "has no member indices.npy"),
        ("no indptr", path_but("indptr", None), "has no member indptr.npy"),
        ("bsr", with("format", form("bsr")), "format 'bsr'"),
        ("pickle", with("format", npy("|O", "()", b"\x80\x04")), "format '\\x80\\x04'"),
        ("no array", with("shape", b"4 4".to_vec()), "shape.npy that is not an array"),
        ("short array", with("shape", b"\x93NUMPY\x01\0\x10".to_vec()), "ends within its header"),
        ("bad header", with("shape", npy("<i4", "(two,)", &[])), "shape.npy that is not an array: 'shape' must be"),
        ("three axes", with("shape", i4(&[4, 4, 4])), "3 numbers in shape.npy"),
        ("oblong", with("shape", i4(&[4, 5])), "matrix of 4 × 5"),
        ("negative shape", with("shape", i4(&[-4, -4])), "negative number as item 0 of shape.npy"),
        ("huge shape", with("shape", i8(&[1 << 60, 1 << 60])), "nodes: configurations of 1000 values"),
        ("other shape", with("shape", i4(&[3, 3])), "has 5 items in indptr.npy; a matrix of 3 rows has 4"),
        ("no rows", with("shape", i4(&[0, 0])), "has 5 items in indptr.npy"),
        ("matrix of indices", with("indices", npy("<i4", "(2, 2)", &[0; 16])), "2 axes in indices.npy"),
        ("floats", with("indices", npy("<f8", "(4,)", &[0; 32])), "type <f8 in indices.npy"),
        ("few indices", with("indices", i4(&[1, 0, 2])), "indptr.npy ends with 4"),
        ("cut indices", with("indices", npy("<i4", "(4,)", &[0; 15])), "holds 15 bytes"),
        ("many indices", with("indices", npy("<i4", "(18446744073709551615,)", &[0; 16])), "announces 18446744073709551615 items"),
        ("no such node", with("indices", i4(&[1, 0, 4, 1])), "has 4 as item 2 of indices.npy; its 4 nodes"),
        ("negative node", with("indices", i4(&[1, 0, -2, 1])), "negative number as item 2 of indices.npy"),
        ("decreasing", with("indptr", i4(&[0, 3, 1, 4, 4])), "has 1 as item 2 of indptr.npy"),
        ("late start", with("indptr", i4(&[1, 1, 3, 4, 4])), "has 1 as item 0 of indptr.npy"),
        ("beyond", with("indptr", i4(&[0, 9, 3, 4, 4])), "has 9 as item 1 of indptr.npy"),
        ("huge indptr", with("indptr", i8(&[0, 1, 3, 4, i64::MAX])), "announces 9223372036854775807 entries"),
        ("negative indptr", with("indptr", i4(&[0, 1, 3, 4, -4])), "negative number as item 4"),
        ("large member", with("shape", vec![0; 1 << 18]), "has a member shape.npy of 262144 bytes"),
        ("only loops", with("indices", i4(&[0, 1, 1, 2])), "holds no edge"),
        ("uneven coo", coo(&[0, 1], &[1]), "has 2 items in row.npy and 1 in col.npy"),
        ("coo beyond", coo(&[0, 1], &[1, 3]), "has 3 as item 1 of col.npy"),
        ("empty coo", coo(&[], &[]), "holds no edge"),
        ("repeated", with("indptr", i4(&[0, 17, 17, 17, 17])), "17 entries in indptr.npy, more than a matrix of 4 × 4"),
        ("repeated coo", coo(&[0; 10], &[1; 10]), "10 entries in row.npy, more than a matrix of 3 × 3"),
    ];
    assert!(cases.len() >= 50);
    for (name, bytes, rule) in cases {
        let Err(error) = read(&bytes) else {
            panic!("{name} is read")
        };
        assert_eq!(error.kind(), error::Kind::Failure, "{name}: {error}");
        assert!(error.message().contains("graph.txt'"), "{name}: {error}");
        assert!(error.message().contains(rule), "{name}: {error}");
        assert_eq!(error.to_string().lines().count(), 1, "{name}: {error}");
    }
}

/// A matrix of many nodes may have many entries, but not from a file of some hundred bytes.
#[test]
fn what_a_directory_claims_takes_no_memory() {
    let nodes = 1 << 20;
    let members = [
        ("row", i4(&[0])),
        ("col", i4(&[1])),
        ("format", form("coo")),
        ("shape", i8(&[nodes, nodes])),
    ];
    for deflate in [false, true] {
        let mut bytes = npz(&members, deflate);
        let entry = bytes.windows(4).position(|window| window == b"PK\x01\x02");
        // Packed and unpacked size of the first member, two gigabytes.
        let sizes = entry.unwrap() + 20;
        bytes[sizes + 4..sizes + 8].copy_from_slice(&0x7fff_ffffu32.to_le_bytes());
        let error = Graph::read(&sample(&bytes).path, nodes as u64).unwrap_err();
        assert!(error.message().contains("cannot come from"), "{error}");
        bytes[sizes..sizes + 4].copy_from_slice(&0x7fff_ffffu32.to_le_bytes());
        let error = Graph::read(&sample(&bytes).path, nodes as u64).unwrap_err();
        assert!(error.message().contains("graph.txt'"), "{error}");
    }
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
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
        let error = Graph::read(path, 10).unwrap_err();
        assert_eq!(error.kind(), crate::Kind::Failure);
        assert!(error.message().contains(rule), "{error}");
    }
}

/// Some bytes changed, some removed, some doubled.
fn mutate(bytes: &mut Vec<u8>, stream: &mut Stream) {
    const LIKELY: &[u8] = b"0123456789 ,\t\n#-.(){}'\0\x01\x7f\x80\xff";
    for _ in 0..=stream.below(3) {
        if bytes.is_empty() {
            return;
        }
        let at = stream.below(bytes.len() as u32) as usize;
        match stream.below(8) {
            0 => bytes.truncate(at),
            1 => drop(bytes.remove(at)),
            2 => {
                let end = (at + 9).min(bytes.len());
                bytes.extend_from_within(at..end);
            }
            3 => bytes[at] ^= 1 << stream.below(8),
            _ => bytes[at] = LIKELY[stream.below(LIKELY.len() as u32) as usize],
        }
    }
}

/// A file with any content gives a one-line error or a graph whose shells can be computed.
#[test]
fn damage_never_panics() {
    let text = b"# four nodes\n0 1\n1,2\n2\t3 0.5\n3 0\n3 3\n1 0\n".to_vec();
    let members = path_members();
    let mut stream = Stream::new(3, 0, Purpose::Sample);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("graph.txt");
    let (mut graphs, mut errors) = (0, 0);
    for case in 0..6000 {
        let bytes = match case % 3 {
            0 => {
                let mut bytes = text.clone();
                mutate(&mut bytes, &mut stream);
                bytes
            }
            1 => {
                let mut bytes = npz(&members, case % 2 == 0);
                mutate(&mut bytes, &mut stream);
                bytes
            }
            // With a correct checksum.
            _ => {
                let mut members = members.clone();
                let one = stream.below(4) as usize;
                mutate(&mut members[one].1, &mut stream);
                npz(&members, case % 2 == 0)
            }
        };
        // A new file each time: some systems flush an overwritten file to the disk.
        let _ = std::fs::remove_file(&path);
        std::fs::write(&path, &bytes).unwrap();
        match Graph::read(&path, 8) {
            Err(error) => {
                errors += 1;
                assert_eq!(error.kind(), error::Kind::Failure, "{error}");
                assert_eq!(error.to_string().lines().count(), 1, "{error}");
                assert!(error.message().contains("graph.txt'"), "{error}");
            }
            Ok(graph) => {
                graphs += 1;
                assert!(graph.nodes() <= 16 && graph.edges() as usize <= bytes.len());
                let core = core_graph::Graph::new(&graph.offsets, &graph.neighbours);
                assert_eq!(u64::from(core.unwrap().edges()), graph.edges());
                for on in [On::Nodes, On::Edges] {
                    for centre in [Centre::Node(0), Centre::Edge(0), Centre::Edge(99)] {
                        let _ = graph.shells(centre, on, 1, case % 2, 2);
                    }
                    let _ = graph.on(case.into(), Some(on));
                }
            }
        }
    }
    assert!(graphs > 1000 && errors > 1000, "{graphs} {errors}");
}
