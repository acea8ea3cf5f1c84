//! Graphs: sites and bonds listed by the caller, as compressed sparse rows.

use core::fmt;

use super::MAX_SITES;

/// Distance of a node that the search has not reached.
pub const UNREACHED: u32 = u32::MAX;

/// Why a graph is invalid, or cannot be searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GraphError {
    /// Fewer than one node or more than [`MAX_SITES`].
    Nodes(u64),
    /// The first row does not begin at 0.
    Start(u32),
    /// A row ends before it begins.
    Decreasing {
        /// The row's node.
        node: u32,
    },
    /// The last row does not end with the neighbours.
    End {
        /// Where it ends.
        end: u32,
        /// Number of neighbours given.
        neighbours: u64,
    },
    /// A neighbour that is no node.
    Neighbour {
        /// The row's node.
        node: u32,
        /// The neighbour.
        neighbour: u32,
    },
    /// A row whose neighbours are not strictly ascending.
    Order {
        /// The row's node.
        node: u32,
    },
    /// A node that is its own neighbour.
    Loop {
        /// The node.
        node: u32,
    },
    /// A neighbour whose own row does not name the node.
    OneWay {
        /// The row's node.
        node: u32,
        /// The neighbour.
        neighbour: u32,
    },
    /// A search that starts from a node that does not exist.
    Origin {
        /// The node.
        node: u32,
        /// Nodes of the graph.
        nodes: u32,
    },
    /// Search buffers shorter than the number of nodes.
    Room {
        /// Nodes of the graph.
        nodes: u32,
        /// Length of the shorter slice.
        places: u64,
    },
}

impl fmt::Display for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nodes(n) => write!(f, "{n} nodes; a graph has 1 to {MAX_SITES}"),
            Self::Start(at) => write!(f, "the first row begins at {at}, not at 0"),
            Self::Decreasing { node } => write!(f, "the row of node {node} ends before it begins"),
            Self::End { end, neighbours } => {
                write!(f, "the last row ends at {end} of {neighbours} neighbours")
            }
            Self::Neighbour { node, neighbour } => {
                write!(f, "node {node} has the neighbour {neighbour}, no node")
            }
            Self::Order { node } => write!(
                f,
                "the neighbours of node {node} do not ascend, each named once"
            ),
            Self::Loop { node } => write!(f, "node {node} is its own neighbour"),
            Self::OneWay { node, neighbour } => write!(
                f,
                "node {node} has the neighbour {neighbour}, which does not have {node}"
            ),
            Self::Origin { node, nodes } => {
                write!(f, "node {node} of a graph with {nodes}, from 0 on")
            }
            Self::Room { nodes, places } => {
                write!(f, "{places} places for a search among {nodes} nodes")
            }
        }
    }
}

impl core::error::Error for GraphError {}

/// A simple undirected graph. The neighbours of node i are
/// `neighbours[offsets[i]..offsets[i + 1]]`, ascending.
#[derive(Clone, Copy, Debug)]
pub struct Graph<'a> {
    offsets: &'a [u32],
    neighbours: &'a [u32],
}

impl<'a> Graph<'a> {
    /// A graph of `offsets.len() - 1` nodes, each edge in the rows of both its ends.
    ///
    /// # Errors
    /// If the offsets do not cut `neighbours` into rows, or if a row is not strictly ascending, contains
    /// its own node or a number that is no node, or lists a neighbour whose row does not list this node.
    pub fn new(offsets: &'a [u32], neighbours: &'a [u32]) -> Result<Self, GraphError> {
        let nodes = offsets.len().saturating_sub(1) as u64;
        if nodes == 0 || nodes > MAX_SITES {
            return Err(GraphError::Nodes(nodes));
        }
        if offsets[0] != 0 {
            return Err(GraphError::Start(offsets[0]));
        }
        for (node, ends) in offsets.windows(2).enumerate() {
            if ends[1] < ends[0] {
                return Err(GraphError::Decreasing { node: node as u32 });
            }
        }
        let end = offsets[nodes as usize];
        if u64::from(end) != neighbours.len() as u64 {
            return Err(GraphError::End {
                end,
                neighbours: neighbours.len() as u64,
            });
        }
        let graph = Graph {
            offsets,
            neighbours,
        };
        for node in 0..nodes as u32 {
            let row = graph.row(node);
            if let Some(neighbour) = row.iter().find(|n| u64::from(**n) >= nodes) {
                return Err(GraphError::Neighbour {
                    node,
                    neighbour: *neighbour,
                });
            }
            if row.windows(2).any(|pair| pair[0] >= pair[1]) {
                return Err(GraphError::Order { node });
            }
        }
        for node in 0..nodes as u32 {
            for neighbour in graph.row(node) {
                if *neighbour == node {
                    return Err(GraphError::Loop { node });
                }
                if graph.row(*neighbour).binary_search(&node).is_err() {
                    return Err(GraphError::OneWay {
                        node,
                        neighbour: *neighbour,
                    });
                }
            }
        }
        Ok(graph)
    }

    /// Number of nodes.
    #[must_use]
    pub const fn nodes(&self) -> u32 {
        (self.offsets.len() - 1) as u32
    }

    /// Number of edges.
    #[must_use]
    pub const fn edges(&self) -> u32 {
        (self.neighbours.len() / 2) as u32
    }

    /// The neighbours of a node, ascending; empty if there is no such node.
    #[must_use]
    pub fn neighbours(&self, node: u32) -> &'a [u32] {
        if node < self.nodes() {
            self.row(node)
        } else {
            &[]
        }
    }

    fn row(&self, node: u32) -> &'a [u32] {
        let node = node as usize;
        &self.neighbours[self.offsets[node] as usize..self.offsets[node + 1] as usize]
    }

    /// Breadth-first search from several origins at once, up to distance `reach`. Returns the number of
    /// nodes found.
    ///
    /// `distance` receives for every node the length of a shortest path from the nearest origin, or
    /// [`UNREACHED`]; `queue` begins with the nodes found, nearest first, in the order of the search.
    /// Both must have at least as many elements as there are nodes.
    ///
    /// # Errors
    /// If an origin does not exist, or a slice is too short.
    pub fn breadth_first(
        &self,
        origins: &[u32],
        reach: u32,
        distance: &mut [u32],
        queue: &mut [u32],
    ) -> Result<usize, GraphError> {
        let nodes = self.nodes();
        let places = distance.len().min(queue.len());
        if places < nodes as usize {
            return Err(GraphError::Room {
                nodes,
                places: places as u64,
            });
        }
        if let Some(node) = origins.iter().find(|node| **node >= nodes) {
            return Err(GraphError::Origin { node: *node, nodes });
        }
        distance[..nodes as usize].fill(UNREACHED);
        let mut found = 0;
        for origin in origins {
            if distance[*origin as usize] == UNREACHED {
                distance[*origin as usize] = 0;
                queue[found] = *origin;
                found += 1;
            }
        }
        let mut next = 0;
        while next < found {
            let node = queue[next];
            let along = distance[node as usize];
            // All later entries of the queue are at least as far.
            if along >= reach {
                break;
            }
            next += 1;
            for neighbour in self.row(node) {
                let to = &mut distance[*neighbour as usize];
                if *to == UNREACHED {
                    *to = along + 1;
                    queue[found] = *neighbour;
                    found += 1;
                }
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A path 0 – 1 – 2, a triangle 3 4 5, and node 6 alone.
    const OFFSETS: [u32; 8] = [0, 1, 3, 4, 6, 8, 10, 10];
    const NEIGHBOURS: [u32; 10] = [1, 0, 2, 1, 4, 5, 3, 5, 3, 4];

    #[test]
    fn rows_and_counts() {
        let graph = Graph::new(&OFFSETS, &NEIGHBOURS).unwrap();
        assert_eq!((graph.nodes(), graph.edges()), (7, 5));
        assert_eq!(graph.neighbours(1), [0, 2]);
        assert_eq!(graph.neighbours(6), [0u32; 0]);
        assert_eq!(graph.neighbours(7), [0u32; 0]);
        assert_eq!(Graph::new(&[0, 0], &[]).unwrap().nodes(), 1);
    }

    #[test]
    fn distances_within_reach() {
        const FAR: u32 = UNREACHED;
        let graph = Graph::new(&OFFSETS, &NEIGHBOURS).unwrap();
        for (origins, reach, distances, order) in [
            (&[0][..], FAR, [0, 1, 2, FAR, FAR, FAR, FAR], &[0, 1, 2][..]),
            (&[0], 1, [0, 1, FAR, FAR, FAR, FAR, FAR], &[0, 1]),
            (&[5], 0, [FAR, FAR, FAR, FAR, FAR, 0, FAR], &[5]),
            (&[2, 4], FAR, [2, 1, 0, 1, 0, 1, FAR], &[2, 4, 1, 3, 5, 0]),
            (&[6, 6], FAR, [FAR, FAR, FAR, FAR, FAR, FAR, 0], &[6]),
            (&[], FAR, [FAR; 7], &[]),
        ] {
            let (mut distance, mut queue) = ([7; 8], [7; 9]);
            let found = graph
                .breadth_first(origins, reach, &mut distance, &mut queue)
                .unwrap();
            assert_eq!((&distance[..7], &queue[..found]), (&distances[..], order));
            assert_eq!((distance[7], queue[8]), (7, 7), "beyond the nodes");
        }
    }

    #[test]
    fn a_long_path_needs_no_stack() {
        const N: usize = 10_000;
        let offsets: [u32; N + 1] =
            core::array::from_fn(|i| (2 * i).saturating_sub(1).min(2 * N - 2) as u32);
        let neighbours: [u32; 2 * N - 2] = core::array::from_fn(|i| (i / 2 + (i + 1) % 2) as u32);
        let graph = Graph::new(&offsets, &neighbours).unwrap();
        let (mut distance, mut queue) = ([0; N], [0; N]);
        graph
            .breadth_first(&[0], u32::MAX, &mut distance, &mut queue)
            .unwrap();
        assert!(distance.iter().zip(0..).all(|(d, i)| *d == i));
    }

    #[test]
    fn refusals() {
        use GraphError::{Decreasing, End, Loop, Neighbour, Nodes, OneWay, Order, Start};
        for (offsets, neighbours, error) in [
            (&[][..], &[][..], Nodes(0)),
            (&[0], &[], Nodes(0)),
            (&[1, 1], &[0], Start(1)),
            (&[0, 2, 1], &[1], Decreasing { node: 1 }),
            (
                &[0, 1, 1],
                &[1, 0],
                End {
                    end: 1,
                    neighbours: 2,
                },
            ),
            (
                &[0, 1],
                &[],
                End {
                    end: 1,
                    neighbours: 0,
                },
            ),
            (
                &[0, 1, 2],
                &[1, 2],
                Neighbour {
                    node: 1,
                    neighbour: 2,
                },
            ),
            (&[0, 2, 3, 4], &[2, 1, 0, 0], Order { node: 0 }),
            (&[0, 2, 4], &[1, 1, 0, 0], Order { node: 0 }),
            (&[0, 1], &[0], Loop { node: 0 }),
            (
                &[0, 1, 1],
                &[1],
                OneWay {
                    node: 0,
                    neighbour: 1,
                },
            ),
        ] {
            assert_eq!(Graph::new(offsets, neighbours).unwrap_err(), error);
        }
        let graph = Graph::new(&OFFSETS, &NEIGHBOURS).unwrap();
        assert_eq!(
            graph.breadth_first(&[7], 1, &mut [0; 7], &mut [0; 7]),
            Err(GraphError::Origin { node: 7, nodes: 7 })
        );
        assert_eq!(
            graph.breadth_first(&[0], 1, &mut [0; 7], &mut [0; 6]),
            Err(GraphError::Room {
                nodes: 7,
                places: 6
            })
        );
    }
}
