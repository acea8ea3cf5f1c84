//! Edge lists: text, one edge per line.

use std::io::{BufRead, Read};
use std::path::Path;

use super::{Bound, MAX_EDGES, shown, whole};
use crate::error::{Error, Result, annotate, quoted};

/// Longest line of an edge list, in bytes.
pub(super) const MAX_LINE: u64 = 1 << 16;
/// The format of a line, for messages.
const LINE: &str =
    "a line names the two nodes of an edge, numbered from 0, as in '0 1' (# begins a comment)";

/// The content of an edge list.
pub(super) struct List {
    pub(super) nodes: u32,
    pub(super) entries: Vec<[u32; 2]>,
    /// Whether any line has a weight.
    pub(super) weighted: bool,
}

impl List {
    pub(super) fn read(path: &Path, mut text: impl BufRead, bound: Bound) -> Result<Self> {
        let mut list = List {
            nodes: 0,
            entries: vec![],
            weighted: false,
        };
        let mut line = vec![];
        for number in 1u64.. {
            let fail =
                |why: String| Error::failure(format!("{} line {number} {why}", quoted(path)));
            line.clear();
            (&mut text)
                .take(MAX_LINE + 1)
                .read_until(b'\n', &mut line)
                .map_err(|error| annotate("read", path, error))?;
            if line.is_empty() {
                break;
            }
            if line.len() as u64 > MAX_LINE {
                return Err(fail(format!("is longer than {MAX_LINE} bytes; {LINE}")));
            }
            let mut words = &line[..];
            if number == 1 {
                // Some editors begin UTF-8 files with this mark.
                words = words.strip_prefix(b"\xef\xbb\xbf").unwrap_or(words);
            }
            let end = words.iter().position(|byte| *byte == b'#');
            let words = words[..end.unwrap_or(words.len())].trim_ascii();
            if words.is_empty() {
                continue;
            }
            let (ends, weighted) = edge(words)
                .map_err(|why| fail(format!("reads '{}': {why}; {LINE}", shown(words))))?;
            let mut entry = [0; 2];
            for (to, node) in entry.iter_mut().zip(ends) {
                if node >= bound.nodes {
                    return Err(fail(format!("names node {node}: {}", bound.exceeded())));
                }
                *to = node as u32;
                list.nodes = list.nodes.max(*to + 1);
            }
            if list.entries.len() == MAX_EDGES {
                return Err(fail(format!(
                    "is one too many; at most {MAX_EDGES} are read"
                )));
            }
            list.entries.push(entry);
            list.weighted |= weighted;
        }
        Ok(list)
    }
}

/// The nodes of an edge, and whether a weight follows.
fn edge(words: &[u8]) -> std::result::Result<([u64; 2], bool), String> {
    let words = std::str::from_utf8(words).map_err(|_| "it is not text".to_string())?;
    let words: Vec<&str> = if words.contains(',') {
        words.split(',').map(str::trim).collect()
    } else {
        words.split_whitespace().collect()
    };
    let (ends, weight) = match words[..] {
        [a, b] => ([a, b], None),
        [a, b, weight] => ([a, b], Some(weight)),
        _ => {
            return Err(match words.len() {
                1 => "a single word".into(),
                n => format!("{n} words"),
            });
        }
    };
    let mut nodes = [0; 2];
    for (node, word) in nodes.iter_mut().zip(ends) {
        *node = whole(word).ok_or_else(|| {
            format!(
                "'{}' is not a node; nodes are whole numbers",
                shown(word.as_bytes())
            )
        })?;
    }
    if let Some(weight) = weight
        && weight.parse::<f64>().is_err()
    {
        return Err(format!(
            "'{}' is not a weight; weights are numbers (networkx: write_edgelist(graph, file, data=False))",
            shown(weight.as_bytes())
        ));
    }
    Ok((nodes, weight.is_some()))
}
