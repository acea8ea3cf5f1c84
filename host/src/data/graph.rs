//! Graphs: the file that lists which sites are neighbours, and the shells around one of them.
//!
//! A file is an edge list or an adjacency matrix:
//!
//! - An edge list is text, one line per edge: the two nodes it joins, numbered from 0, separated by
//!   blanks, tabs or one comma. `#` begins a comment. A third number, the weight, is read and ignored.
//!   Edge i is the i-th distinct edge in the file. A node without edges is given as an edge to itself.
//! - A matrix is a square `csr`, `csc` or `coo` matrix as written by `scipy.sparse.save_npz`: every
//!   stored entry (i, j) joins nodes i and j, whatever its value. Edges are numbered in the order of
//!   (smaller node, larger node).
//!
//! In both cases the graph is simple and undirected: entries count in both directions, self loops and
//! repeated edges are dropped with a warning. Distance counts edges; weights have no effect.

mod list;
mod matrix;
mod npz;
#[cfg(test)]
mod tests;

use std::fmt::{self, Display};
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use blockspin_core::lattice::MAX_SITES;
use blockspin_core::lattice::graph::{self as core_graph, UNREACHED};

use self::list::List;
use self::matrix::Matrix;
use crate::error::{Error, Result, annotate, quoted};
use crate::settings::as_name;
use crate::store::resources;

/// Most edges, so that the number of neighbours in both directions fits in 32 bits.
const MAX_EDGES: usize = i32::MAX as usize;

/// Whether the values of a configuration belong to nodes or edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// One value for each node.
    Nodes,
    /// One value for each edge.
    Edges,
}

as_name!(On);

impl On {
    /// Both variants.
    pub const ALL: [On; 2] = [On::Nodes, On::Edges];

    /// Its name in configurations.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            On::Nodes => "nodes",
            On::Edges => "edges",
        }
    }

    /// Singular of the name.
    #[must_use]
    pub fn site(self) -> &'static str {
        match self {
            On::Nodes => "node",
            On::Edges => "edge",
        }
    }

    /// "1 node", "2 nodes".
    #[must_use]
    pub fn count(self, n: u64) -> String {
        format!("{n} {}{}", self.site(), if n == 1 { "" } else { "s" })
    }
}

/// The centre of the shells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Centre {
    /// A node.
    Node(u32),
    /// An edge.
    Edge(u32),
}

impl Centre {
    /// Parses `node:5`, `edge:5`, or `5` for the sites that have the values.
    ///
    /// # Errors
    /// Usage, if the text has another form.
    pub fn parse(word: &str, on: On) -> Result<Self> {
        let (kind, number) = match word.split_once(':') {
            Some(("node", number)) => (On::Nodes, number),
            Some(("edge", number)) => (On::Edges, number),
            Some(_) => (on, ""),
            None => (on, word),
        };
        let number = whole(number)
            .and_then(|n| u32::try_from(n).ok())
            .ok_or_else(|| {
                Error::usage(format!(
                    "the origin is '{}'; it is the number of a {}, or node:N or edge:N, from 0",
                    shown(word.as_bytes()),
                    on.site()
                ))
            })?;
        Ok(match kind {
            On::Nodes => Centre::Node(number),
            On::Edges => Centre::Edge(number),
        })
    }
}

impl Display for Centre {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Centre::Node(node) => write!(f, "node {node}"),
            Centre::Edge(edge) => write!(f, "edge {edge}"),
        }
    }
}

/// A simple undirected graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    /// The file's name, quoted.
    name: String,
    offsets: Vec<u32>,
    neighbours: Vec<u32>,
    ends: Vec<[u32; 2]>,
    /// Whether it was read from an edge list.
    listed: bool,
    dropped: u64,
    warnings: Vec<String>,
}

impl Graph {
    /// Reads the graph for configurations with `values` values each, on nodes or edges.
    ///
    /// There may be as many nodes as values on nodes, or twice as many nodes with an edge as values on
    /// edges; larger node numbers are refused, so that memory is bounded by the data and the length of
    /// the file.
    ///
    /// # Errors
    /// A failure that names the file, the line or member, and what is wrong.
    pub fn read(path: &Path, values: u64) -> Result<Self> {
        let fail = |why: &str| Error::failure(format!("{} {why}", quoted(path)));
        // Checked before opening: opening a pipe would wait for a writer.
        let meta = std::fs::metadata(path).map_err(|error| annotate("read", path, error))?;
        if meta.is_dir() {
            return Err(fail("is a folder; a graph is a regular file"));
        }
        if !meta.is_file() {
            return Err(fail("is a device or a pipe; a graph is a regular file"));
        }
        let bound = Bound {
            values,
            nodes: values.saturating_mul(2).min(MAX_SITES),
        };
        let mut file = File::open(path).map_err(|error| annotate("read", path, error))?;
        let mut start = vec![];
        (&mut file)
            .take(6)
            .read_to_end(&mut start)
            .and_then(|_| file.rewind())
            .map_err(|error| annotate("read", path, error))?;
        match &start[..] {
            [b'P', b'K', ..] => {
                let (nodes, entries) = Matrix { path, bound }.read()?;
                Graph::simple(path, nodes, entries, false)
            }
            b"\x93NUMPY" => Err(fail(
                "is a single array (.npy); a graph is an edge list, or a sparse matrix \
                 (scipy.sparse.save_npz)",
            )),
            _ => {
                // At least four bytes per edge in the file; it takes 8 bytes when read (16 while the
                // list grows), 4 for sorting, 16 in the graph.
                resources::memory(
                    &format!("reading {}", quoted(path)),
                    meta.len().saturating_mul(9),
                )?;
                let list = List::read(path, BufReader::new(file), bound)?;
                let mut graph = Graph::simple(path, list.nodes, list.entries, true)?;
                if list.weighted {
                    graph.warnings.push(format!(
                        "{} has weights in a third column: distance counts edges, and they are \
                         ignored",
                        quoted(path)
                    ));
                }
                Ok(graph)
            }
        }
    }

    /// The graph of entries that join two nodes below `nodes`; if they were `listed`, edges keep the
    /// order of their first entry.
    fn simple(path: &Path, nodes: u32, mut entries: Vec<[u32; 2]>, listed: bool) -> Result<Self> {
        let all = entries.len();
        entries.retain(|[a, b]| a != b);
        let loops = all - entries.len();
        // A list may name an edge from either end; a matrix names it in both rows.
        if listed {
            entries.iter_mut().for_each(|ends| ends.sort_unstable());
        }
        let ends = |i: u32| {
            let [a, b] = entries[i as usize];
            [a.min(b), a.max(b)]
        };
        let mut order: Vec<u32> = (0..entries.len() as u32).collect();
        order.sort_unstable_by_key(|i| (ends(*i), entries[*i as usize][0], *i));
        let repeated = order
            .windows(2)
            .filter(|pair| entries[pair[0] as usize] == entries[pair[1] as usize])
            .count();
        order.dedup_by_key(|i| ends(*i));
        if order.is_empty() {
            return Err(Error::failure(format!(
                "{} holds no edge between two nodes; a graph has at least one",
                quoted(path)
            )));
        }
        if order.len() > MAX_EDGES {
            return Err(Error::failure(format!(
                "{} holds {} edges; a graph has at most {MAX_EDGES}",
                quoted(path),
                order.len()
            )));
        }
        let mut offsets = vec![0u32; nodes as usize + 1];
        for node in order.iter().flat_map(|i| ends(*i)) {
            offsets[node as usize + 1] += 1;
        }
        for node in 0..nodes as usize {
            offsets[node + 1] += offsets[node];
        }
        let mut neighbours = vec![0; 2 * order.len()];
        let mut free = offsets.clone();
        // In this order every row receives its neighbours in ascending order.
        for i in &order {
            let [a, b] = ends(*i);
            for (node, neighbour) in [(a, b), (b, a)] {
                let place = &mut free[node as usize];
                neighbours[*place as usize] = neighbour;
                *place += 1;
            }
        }
        if listed {
            order.sort_unstable();
        }
        let mut warnings = vec![];
        if loops + repeated > 0 {
            let plural = |n: usize, one: &str, many: &str| match n {
                1 => format!("1 {one}"),
                n => format!("{n} {many}"),
            };
            warnings.push(format!(
                "{}: {} and {} dropped",
                quoted(path),
                plural(loops, "self loop", "self loops"),
                plural(repeated, "repeated edge", "repeated edges"),
            ));
        }
        Ok(Graph {
            name: quoted(path),
            offsets,
            neighbours,
            ends: order.into_iter().map(ends).collect(),
            listed,
            dropped: (loops + repeated) as u64,
            warnings,
        })
    }

    /// Number of nodes.
    #[must_use]
    pub fn nodes(&self) -> u64 {
        self.offsets.len() as u64 - 1
    }

    /// Number of edges.
    #[must_use]
    pub fn edges(&self) -> u64 {
        self.ends.len() as u64
    }

    /// Number of sites that can have a value.
    #[must_use]
    pub fn sites(&self, on: On) -> u64 {
        match on {
            On::Nodes => self.nodes(),
            On::Edges => self.edges(),
        }
    }

    /// The two nodes of an edge, the smaller first.
    #[must_use]
    pub fn ends(&self, edge: u32) -> Option<[u32; 2]> {
        self.ends.get(edge as usize).copied()
    }

    /// What was dropped or ignored on reading, a sentence each.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Whether `values` of a configuration belong to nodes or edges: as `wanted`, else nodes if their
    /// number matches, else edges.
    ///
    /// # Errors
    /// A failure with the three numbers, if the values match neither.
    pub fn on(&self, values: u64, wanted: Option<On>) -> Result<On> {
        let candidates = match &wanted {
            Some(on) => std::slice::from_ref(on),
            None => &On::ALL,
        };
        if let Some(on) = candidates.iter().find(|on| self.sites(**on) == values) {
            return Ok(*on);
        }
        let rule = match wanted {
            Some(on) => format!("one value for each {} is needed", on.site()),
            None => "one value for each node, or one for each edge, is needed".to_string(),
        };
        let mut message = format!(
            "{} has {} and {}, and a configuration has {values} values: {rule}",
            self.name,
            On::Nodes.count(self.nodes()),
            On::Edges.count(self.edges())
        );
        let may_be = |on| wanted.is_none_or(|wanted| wanted == on);
        let fits = |on: &&On| self.sites(**on) == values;
        if may_be(On::Nodes) && self.offsets[1] == 0 && self.nodes() - 1 == values {
            message += "; nodes are numbered from 0, and node 0 has no edge";
        } else if self.listed && may_be(On::Edges) && self.edges() + self.dropped == values {
            message += "; self loops and repeated edges were dropped: leave out their values";
        } else if self.listed && may_be(On::Nodes) && self.nodes() < values {
            message += &format!(
                "; a node without edges is given as an edge to itself, such as '{0} {0}'",
                values - 1
            );
        } else if let Some(other) = &On::ALL.iter().find(fits) {
            message += &format!("; `values` {}s fits", other.site());
        }
        Err(Error::failure(message))
    }

    /// The shells of graph distance around a site: V at distances 0 to `block` − 1, then `buffer`
    /// shells, then `environment` shells, or fewer if the graph ends.
    ///
    /// Distance is the number of edges of a shortest path between two nodes. Between two edges it is
    /// measured in the line graph, where edges that share a node are at distance 1; between a node and
    /// an edge, to the nearer end of the edge.
    ///
    /// # Errors
    /// Usage: a centre that does not exist, no shell in V or E, or no sites left for E.
    pub fn shells(
        &self,
        centre: Centre,
        on: On,
        block: u32,
        buffer: u32,
        environment: u32,
    ) -> Result<Shells> {
        for (shells, name) in [(block, "block"), (environment, "environment")] {
            if shells == 0 {
                return Err(Error::usage(format!(
                    "{name} 0 on a graph; it counts shells of graph distance, and is at least 1"
                )));
            }
        }
        let begins = u64::from(block) + u64::from(buffer);
        // The distance at which E ends; no graph reaches as far as 32 bits.
        let end = u32::try_from(begins + u64::from(environment)).unwrap_or(u32::MAX);
        let search = self.search(centre, end - 1)?;
        // (distance, site), in this order.
        let mut sites: Vec<(u32, u32)> = match on {
            On::Nodes => search
                .order
                .iter()
                .map(|node| (search.distance[*node as usize], *node))
                .collect(),
            On::Edges => (0..)
                .zip(&self.ends)
                .filter_map(|(edge, [a, b])| {
                    let (a, b) = (search.distance[*a as usize], search.distance[*b as usize]);
                    let nearer = a.min(b);
                    let along = match centre {
                        Centre::Edge(own) if own == edge => 0,
                        Centre::Edge(_) => nearer.saturating_add(1),
                        Centre::Node(_) => nearer,
                    };
                    (nearer != UNREACHED && along < end).then_some((along, edge))
                })
                .collect(),
        };
        sites.sort_unstable();
        let mut sizes = vec![];
        for (along, _) in &sites {
            // Shells are contiguous.
            sizes.resize(*along as usize + 1, 0);
            sizes[*along as usize] += 1;
        }
        if sizes.len() as u64 <= begins {
            return Err(Error::usage(match sizes.len() {
                0 => format!("{centre} of {} has no edge to begin with", self.name),
                n => format!(
                    "block {block} and buffer {buffer} around {centre}: the environment begins at \
                     distance {begins}, and {} ends at distance {} there; block and buffer \
                     together are at most {}",
                    self.name,
                    n - 1,
                    n - 1
                ),
            }));
        }
        let part = |from: u64, to: u64| {
            let count = |n: u64| -> usize {
                let n = sizes.len().min(usize::try_from(n).unwrap_or(usize::MAX));
                sizes[..n].iter().map(|size| *size as usize).sum()
            };
            let part = &sites[count(from)..count(to)];
            part.iter().map(|(_, site)| *site).collect()
        };
        Ok(Shells {
            on,
            centre,
            block: part(0, block.into()),
            buffer: part(block.into(), begins),
            environment: part(begins, end.into()),
            sizes,
        })
    }

    /// Searches the nodes around a centre, up to distance `reach`.
    pub(crate) fn search(&self, centre: Centre, reach: u32) -> Result<Search> {
        let absent = |site: u32, on: On| {
            let n = self.sites(on);
            Error::usage(format!(
                "the origin is {} {site}, and {} has {}, numbered 0 to {}",
                on.site(),
                self.name,
                on.count(n),
                n - 1
            ))
        };
        let origins = match centre {
            Centre::Node(node) if u64::from(node) < self.nodes() => vec![node],
            Centre::Node(node) => return Err(absent(node, On::Nodes)),
            Centre::Edge(edge) => self
                .ends(edge)
                .ok_or_else(|| absent(edge, On::Edges))?
                .to_vec(),
        };
        let broken = |error| Error::failure(format!("{} is not a graph: {error}", self.name));
        let graph = core_graph::Graph::new(&self.offsets, &self.neighbours).map_err(broken)?;
        let nodes = self.nodes() as usize;
        let (mut distance, mut order) = (vec![0; nodes], vec![0; nodes]);
        let found = graph
            .breadth_first(&origins, reach, &mut distance, &mut order)
            .map_err(broken)?;
        order.truncate(found);
        Ok(Search { distance, order })
    }

    /// The neighbours of a node, ascending.
    pub(crate) fn neighbours(&self, node: u32) -> &[u32] {
        let node = node as usize;
        &self.neighbours[self.offsets[node] as usize..self.offsets[node + 1] as usize]
    }
}

/// The result of a search.
pub(crate) struct Search {
    /// Distance of every node, [`UNREACHED`] beyond the reach.
    pub(crate) distance: Vec<u32>,
    /// The nodes found, nearest first.
    pub(crate) order: Vec<u32>,
}

/// V, buffer and E around a centre.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shells {
    /// Whether the sites are nodes or edges.
    pub on: On,
    /// The centre.
    pub centre: Centre,
    /// Sites of V, nearest first, ascending within a shell: the order of the filter's weights.
    pub block: Vec<u32>,
    /// Sites between V and E, in the same order.
    pub buffer: Vec<u32>,
    /// Sites of E, in the same order.
    pub environment: Vec<u32>,
    /// Number of sites at distance 0, 1, 2, …, up to the end of E.
    pub sizes: Vec<u32>,
}

impl Shells {
    /// All sites with their distance: those of V, then of the buffer, then of E.
    pub fn sites(&self) -> impl Iterator<Item = (u32, u32)> {
        let distances = (0..)
            .zip(&self.sizes)
            .flat_map(|(along, size)| std::iter::repeat_n(along, *size as usize));
        let sites = [&self.block, &self.buffer, &self.environment];
        sites.into_iter().flatten().copied().zip(distances)
    }

    /// "V: 13 nodes; buffer: 28; E: 40, by graph distance from node 5".
    #[must_use]
    pub fn describe(&self) -> String {
        format!(
            "V: {}; buffer: {}; E: {}, by graph distance from {}",
            self.on.count(self.block.len() as u64),
            self.buffer.len(),
            self.environment.len(),
            self.centre
        )
    }
}

/// How many nodes are allowed, and the number of values that implies it.
#[derive(Clone, Copy)]
struct Bound {
    values: u64,
    nodes: u64,
}

impl Bound {
    /// Why a node is refused.
    fn exceeded(self) -> String {
        format!(
            "configurations of {} values allow {} nodes at most, one for each value or two for \
             each edge with one; number the nodes from 0, without gaps",
            self.values, self.nodes
        )
    }
}

/// A number in digits only.
fn whole(word: &str) -> Option<u64> {
    let digits = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    // A number that overflows is no valid node either.
    digits.then(|| word.parse().unwrap_or(u64::MAX))
}

/// The beginning of some bytes from a file, on one line.
fn shown(bytes: &[u8]) -> String {
    const MOST: usize = 40;
    let mut text = bytes[..bytes.len().min(MOST)].escape_ascii().to_string();
    if bytes.len() > MOST {
        text.push('…');
    }
    text
}
