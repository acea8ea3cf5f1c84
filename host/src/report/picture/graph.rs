//! Filters on a graph: the neighbourhood of the centre, drawn in rings of graph distance, and as a
//! table.

use std::fmt::Write;

use super::{NumberFormat, Style, cell, ratio};
use crate::data::filters::Filters;
use crate::data::graph::{Centre, Graph, On, Shells};
use crate::error::{Error, Result};

/// Most sites of a drawing; the nearest are kept.
const MAX_SITES: usize = 300;
/// Most lines of a drawing; those of the search tree come first.
const MAX_LINES: usize = 1200;
/// Most components of a drawing.
const MAX_COMPONENTS: usize = 8;
/// Most rows of a table.
const MAX_ROWS: usize = 200;

const SIDE: f64 = 480.0;
const HEADING: f64 = 22.0;
const LEGEND: f64 = 64.0;
const BUFFER: &str = "var(--buffer, #cfccc4)";
const ENVIRONMENT: &str = "var(--environment, #a9c3a2)";
const RULE: &str = "var(--edge, #b9b6ae)";
const INK: &str = "var(--muted, #666)";

/// The weights of V as text: one line per site with its distance, one column per component.
///
/// # Errors
/// A failure if the filters do not fit this block.
pub fn graph_table(shells: &Shells, filters: &Filters, style: Style) -> Result<String> {
    check(shells, filters)?;
    let largest = filters.largest();
    let format = NumberFormat::of(largest);
    let columns = filters.count().min(MAX_COMPONENTS);
    let mut text = format!("{:>8} {:>10} ", "distance", shells.on.site());
    for component in 1..=columns {
        let title = match filters.count() {
            1 => "weight".to_string(),
            _ => format!("Λ{component}"),
        };
        let _ = write!(text, " {title:>width$} ", width = format.width);
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    for (i, (site, along)) in shells
        .sites()
        .take(shells.block.len())
        .take(MAX_ROWS)
        .enumerate()
    {
        let _ = write!(text, "{along:>8} {site:>10} ");
        for component in filters.components().take(columns) {
            let w = component[i];
            let label = format!(" {:>width$} ", format.show(w), width = format.width);
            cell(&mut text, ratio(w, largest), &label, style);
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
    let rest = shells.block.len().saturating_sub(MAX_ROWS);
    if rest > 0 {
        let _ = writeln!(text, "… and {rest} more");
    }
    if filters.count() > columns {
        let _ = writeln!(text, "… and {} components more", filters.count() - columns);
    }
    Ok(text)
}

/// The filters on the graph as an SVG fragment, a panel for each component.
///
/// The centre is in the middle and every shell is a ring, wider for V; branches of the breadth-first
/// search stay together, with an angle in proportion to their leaves. Sites of V have the colours of
/// the [maps](super::maps), buffer and E are light. Only the nearest few hundred sites are
/// drawn, and the legend says so.
///
/// # Errors
/// A failure if the filters or the shells do not fit this graph.
pub fn graph_svg(graph: &Graph, shells: &Shells, filters: &Filters) -> Result<String> {
    check(shells, filters)?;
    let drawing = Drawing::new(graph, shells)?;
    let panels = filters.count().min(MAX_COMPONENTS);
    let heading = if filters.count() > 1 { HEADING } else { 0.0 };
    let across = panels.min(2);
    let down = panels.div_ceil(across);
    let tall = drawing.height();
    let (width, height) = (
        across as f64 * SIDE,
        down as f64 * (tall + heading) + LEGEND,
    );
    let largest = filters.largest();
    let mut svg = format!(
        "<svg class=\"filter\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" role=\"img\" \
         aria-label=\"Weights of the filter on the graph, {} component(s). {}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\">\n",
        filters.count(),
        shells.describe()
    );
    for (c, weights) in filters.components().take(panels).enumerate() {
        let left = (c % across) as f64 * SIDE;
        let top = (c / across) as f64 * (tall + heading);
        if heading > 0.0 {
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{}\" fill=\"{INK}\">{}</text>",
                left + 8.0,
                top + 15.0,
                filters.name(c)
            );
        }
        let _ = writeln!(
            svg,
            "<g transform=\"translate({} {})\">",
            left + SIDE / 2.0,
            top + heading + tall / 2.0
        );
        drawing.panel(&mut svg, shells, weights, largest);
        svg.push_str("</g>\n");
    }
    legend(&mut svg, shells, &drawing, filters, height - LEGEND);
    svg.push_str("</svg>\n");
    Ok(svg)
}

fn check(shells: &Shells, filters: &Filters) -> Result<()> {
    if filters.sites() == shells.block.len() {
        return Ok(());
    }
    Err(Error::failure(format!(
        "filters of {} weights for a block of {}; each component has a weight for each {} of V",
        filters.sites(),
        shells.on.count(shells.block.len() as u64),
        shells.on.site()
    )))
}

/// A part of the window.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    /// With the index of its weight.
    Block(usize),
    Buffer,
    Environment,
}

/// A site in the drawing.
struct Site {
    site: u32,
    along: u32,
    part: Part,
    /// Indices of its nodes; twice the same for a node.
    ends: [usize; 2],
}

/// The drawn part of a neighbourhood, with positions.
struct Drawing {
    /// Nearest first.
    sites: Vec<Site>,
    /// Positions of the nodes, relative to the centre.
    places: Vec<(f64, f64)>,
    /// Lines that are not sites, as pairs of node indices.
    lines: Vec<[usize; 2]>,
    /// Radius of a node of V, and of other nodes.
    dots: [f64; 2],
}

impl Drawing {
    fn new(graph: &Graph, shells: &Shells) -> Result<Self> {
        let reach = shells.sizes.len() as u32;
        let search = graph.search(shells.centre, reach)?;
        let beyond = || Error::failure("shells that are not of this graph");
        let parts = (0..shells.block.len())
            .map(Part::Block)
            .chain(shells.buffer.iter().map(|_| Part::Buffer))
            .chain(shells.environment.iter().map(|_| Part::Environment));
        let mut chosen = vec![];
        for ((site, along), part) in shells.sites().zip(parts).take(MAX_SITES) {
            let ends = match shells.on {
                On::Nodes if u64::from(site) < graph.nodes() => [site; 2],
                On::Nodes => return Err(beyond()),
                On::Edges => graph.ends(site).ok_or_else(beyond)?,
            };
            chosen.push((site, along, part, ends));
        }
        // Their nodes in the order of the search, and the indices of these.
        let mut wanted: Vec<u32> = chosen.iter().flat_map(|(.., ends)| *ends).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let nodes: Vec<u32> = search
            .order
            .iter()
            .copied()
            .filter(|node| wanted.binary_search(node).is_ok())
            .collect();
        let mut positions: Vec<(u32, usize)> = nodes.iter().copied().zip(0..).collect();
        positions.sort_unstable();
        let position = |node: u32| {
            let found = positions.binary_search_by_key(&node, |(node, _)| *node);
            found.map(|i| positions[i].1).ok()
        };
        let mut sites = Vec::with_capacity(chosen.len());
        for (site, along, part, [a, b]) in chosen {
            let ends = [
                position(a).ok_or_else(beyond)?,
                position(b).ok_or_else(beyond)?,
            ];
            sites.push(Site {
                site,
                along,
                part,
                ends,
            });
        }
        let along: Vec<u32> = nodes
            .iter()
            .map(|node| search.distance[*node as usize])
            .collect();
        let links: Vec<[usize; 2]> = match shells.on {
            On::Edges => sites.iter().map(|site| site.ends).collect(),
            On::Nodes => {
                let mut links = vec![];
                for (a, node) in nodes.iter().enumerate() {
                    let row = graph.neighbours(*node).iter();
                    links.extend(
                        row.filter_map(|n| position(*n))
                            .filter(|b| a < *b)
                            .map(|b| [a, b]),
                    );
                }
                links
            }
        };
        let parents = parents(&along, &links);
        let mut of_block = vec![false; nodes.len()];
        for site in &sites {
            if matches!(site.part, Part::Block(_)) {
                for end in site.ends {
                    of_block[end] = true;
                }
            }
        }
        let inner = (0..nodes.len())
            .filter(|i| of_block[*i])
            .map(|i| along[i])
            .max()
            .unwrap_or(0);
        let rings = Rings {
            inner: inner.into(),
            middle: match shells.centre {
                Centre::Node(_) => 0.0,
                Centre::Edge(_) => 1.0,
            },
        };
        let places = places(&along, &parents, &rings);
        let lines = match shells.on {
            On::Edges => vec![],
            On::Nodes => {
                let tree = |[a, b]: &[usize; 2]| parents[*b] == Some(*a);
                let (mut lines, rest): (Vec<_>, Vec<_>) = links.into_iter().partition(tree);
                lines.extend(rest);
                lines.truncate(MAX_LINES);
                lines
            }
        };
        let large = dot(&places, |i| of_block[i]).clamp(5.0, 13.0);
        let small = dot(&places, |i| !of_block[i]).clamp(2.0, 0.7 * large);
        Ok(Drawing {
            sites,
            places,
            lines,
            dots: [large, small],
        })
    }

    /// Height of a panel: that of the rings, or less for a chain, which is a line.
    fn height(&self) -> f64 {
        let far = self.places.iter().map(|(_, y)| y.abs());
        let half = far.fold(0.0, f64::max) + self.dots[0] + 4.0;
        (2.0 * half).min(SIDE)
    }

    /// Draws one component around the origin.
    fn panel(&self, svg: &mut String, shells: &Shells, weights: &[f32], largest: f32) {
        let mut path = String::new();
        for [a, b] in &self.lines {
            let ((x, y), (to_x, to_y)) = (self.places[*a], self.places[*b]);
            let _ = write!(path, "M{x:.1} {y:.1}L{to_x:.1} {to_y:.1}");
        }
        if !path.is_empty() {
            let _ = writeln!(
                svg,
                "<path d=\"{path}\" stroke=\"{RULE}\" stroke-width=\"0.8\" fill=\"none\"/>"
            );
        }
        // The nearest are drawn last, on top.
        for site in self.sites.iter().rev() {
            let name = format!("{} {}", shells.on.site(), site.site);
            let (base, title, weight) = match site.part {
                Part::Block(i) => (
                    "var(--zero, #f7f7f5)",
                    format!("{name}, distance {}: {}", site.along, weights[i]),
                    Some(ratio(weights[i], largest)),
                ),
                Part::Buffer => (
                    BUFFER,
                    format!("{name}, distance {}: buffer", site.along),
                    None,
                ),
                Part::Environment => (
                    ENVIRONMENT,
                    format!("{name}, distance {}: environment", site.along),
                    None,
                ),
            };
            let _ = write!(svg, "<g><title>{title}</title>");
            self.mark(svg, shells.on, site, base, 1.0, weight.is_some());
            if let Some(t) = weight {
                self.mark(svg, shells.on, site, sign(t), t.abs(), false);
            }
            svg.push_str("</g>\n");
        }
        if shells.on == On::Edges {
            let mut path = String::new();
            let dot = self.dots[1].min(2.0);
            for (x, y) in &self.places {
                let _ = write!(path, "M{:.1} {y:.1}h{:.1}", x - dot, 2.0 * dot);
            }
            let _ = writeln!(
                svg,
                "<path d=\"{path}\" stroke=\"{INK}\" stroke-width=\"{:.1}\"/>",
                2.0 * dot
            );
        }
    }

    /// A disc for a node, a bar for an edge.
    fn mark(&self, svg: &mut String, on: On, site: &Site, colour: &str, opacity: f32, rim: bool) {
        let (x, y) = self.places[site.ends[0]];
        let _ = match on {
            On::Nodes => {
                let rim = if rim {
                    format!(" stroke=\"{INK}\" stroke-width=\"0.8\"")
                } else {
                    String::new()
                };
                let dot = self.dots[usize::from(!matches!(site.part, Part::Block(_)))];
                write!(
                    svg,
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{dot:.1}\" fill=\"{colour}\" \
                     fill-opacity=\"{opacity:.3}\"{rim}/>"
                )
            }
            On::Edges => {
                let (to_x, to_y) = self.places[site.ends[1]];
                let path = format!("M{x:.1} {y:.1}L{to_x:.1} {to_y:.1}");
                let wide = match site.part {
                    Part::Block(_) => (0.8 * self.dots[0]).min(7.0),
                    _ => (0.6 * self.dots[1]).min(4.0),
                };
                if rim {
                    let _ = write!(
                        svg,
                        "<path d=\"{path}\" stroke=\"{INK}\" stroke-width=\"{:.1}\"/>",
                        wide + 1.6
                    );
                }
                write!(
                    svg,
                    "<path d=\"{path}\" stroke=\"{colour}\" stroke-opacity=\"{opacity:.3}\" \
                     stroke-width=\"{wide:.1}\"/>"
                )
            }
        };
    }
}

fn sign(t: f32) -> &'static str {
    if t < 0.0 {
        "var(--negative, #2662ac)"
    } else {
        "var(--positive, #bc242c)"
    }
}

/// For every node, its first neighbour that is one step nearer to the centre.
fn parents(along: &[u32], links: &[[usize; 2]]) -> Vec<Option<usize>> {
    let mut parents: Vec<Option<usize>> = vec![None; along.len()];
    for [a, b] in links {
        for (near, far) in [(*a, *b), (*b, *a)] {
            if along[near] < along[far] && parents[far].is_none_or(|first| near < first) {
                parents[far] = Some(near);
            }
        }
    }
    parents
}

/// Radii of the rings, in units of the distance between rings beyond V.
struct Rings {
    /// The last ring of V: up to it rings are twice as far apart.
    inner: f64,
    /// Radius of the first ring.
    middle: f64,
}

impl Rings {
    fn radius(&self, along: u32) -> f64 {
        let along = f64::from(along);
        self.middle + along + along.min(self.inner)
    }
}

/// Places nodes on rings, nearest first: every node divides its angle among its children, by their
/// leaves.
fn places(along: &[u32], parents: &[Option<usize>], rings: &Rings) -> Vec<(f64, f64)> {
    use std::f64::consts::PI;
    let mut leaves = vec![0.0; along.len()];
    // Children come after their parents.
    for i in (0..along.len()).rev() {
        leaves[i] = f64::max(leaves[i], 1.0);
        if let Some(parent) = parents[i] {
            leaves[parent] += leaves[i];
        }
    }
    let roots: f64 = (0..along.len())
        .filter(|i| parents[*i].is_none())
        .map(|i| leaves[i])
        .sum();
    let last = rings.radius(along.last().copied().unwrap_or(0));
    let unit = 0.46 * SIDE / last.max(1.0);
    // Start angle of the next root, and of the next child of each node.
    let mut free = -PI / 2.0;
    let mut free_of = vec![0.0; along.len()];
    let mut angles = vec![0.0; along.len()];
    let mut places = vec![];
    for i in 0..along.len() {
        let (begin, angle) = match parents[i] {
            None => {
                let angle = 2.0 * PI * leaves[i] / roots;
                free += angle;
                (free - angle, angle)
            }
            Some(parent) => {
                let angle = angles[parent] * leaves[i] / leaves[parent];
                free_of[parent] += angle;
                (free_of[parent] - angle, angle)
            }
        };
        (free_of[i], angles[i]) = (begin, angle);
        let radius = unit * rings.radius(along[i]);
        // libm's function, which is the same on every machine.
        let (sin, cos) = libm::sincos(begin + angle / 2.0);
        places.push((radius * cos, radius * sin));
    }
    places
}

/// A node radius with which few of the drawn nodes overlap.
fn dot(places: &[(f64, f64)], chosen: impl Fn(usize) -> bool) -> f64 {
    let nearest = |i: usize| {
        let (x, y) = places[i];
        let others = places.iter().enumerate().filter(|(j, _)| *j != i);
        others
            .map(|(_, (to_x, to_y))| (to_x - x) * (to_x - x) + (to_y - y) * (to_y - y))
            .fold(f64::INFINITY, f64::min)
    };
    let nodes = (0..places.len()).filter(|i| chosen(*i));
    let mut gaps: Vec<f64> = nodes.map(nearest).collect();
    gaps.sort_unstable_by(f64::total_cmp);
    // A tenth may overlap, so that one crowded branch does not make all others invisible.
    let gap = gaps.get(gaps.len() / 10).copied().unwrap_or(0.0);
    0.42 * gap.sqrt()
}

/// The legend below the panels: colours and counts.
fn legend(svg: &mut String, shells: &Shells, drawing: &Drawing, filters: &Filters, top: f64) {
    let largest = filters.largest();
    let format = NumberFormat::of(largest);
    let y = top + 20.0;
    let mut x = 14.0;
    let mut entry = |svg: &mut String, base: &str, t: f32, label: &str| {
        let _ = writeln!(
            svg,
            "<circle cx=\"{x}\" cy=\"{}\" r=\"6\" fill=\"{base}\" stroke=\"{INK}\" \
             stroke-width=\"0.8\"/><circle cx=\"{x}\" cy=\"{}\" r=\"6\" fill=\"{}\" \
             fill-opacity=\"{}\"/><text x=\"{}\" y=\"{y}\" fill=\"{INK}\">{label}</text>",
            y - 4.0,
            y - 4.0,
            sign(t),
            t.abs(),
            x + 11.0
        );
        x += 28.0 + 7.0 * label.chars().count() as f64;
    };
    let zero = "var(--zero, #f7f7f5)";
    for t in [-1.0, 0.0, 1.0] {
        let label = format.show(t * largest).replace('-', "−");
        entry(svg, zero, t, &label);
    }
    entry(svg, BUFFER, 0.0, "buffer");
    entry(svg, ENVIRONMENT, 0.0, "environment");
    let mut lines = vec![shells.describe()];
    let all = shells.block.len() + shells.buffer.len() + shells.environment.len();
    let drawn = drawing.sites.len();
    if drawn < all {
        lines.push(format!("the nearest {drawn} of {all} are drawn"));
    }
    if filters.count() > MAX_COMPONENTS {
        lines.push(format!(
            "{MAX_COMPONENTS} of {} components",
            filters.count()
        ));
    }
    let _ = writeln!(
        svg,
        "<text x=\"8\" y=\"{}\" fill=\"{INK}\">{}</text>",
        top + 40.0,
        lines[0]
    );
    if lines.len() > 1 {
        let _ = writeln!(
            svg,
            "<text x=\"8\" y=\"{}\" fill=\"{INK}\">{}</text>",
            top + 56.0,
            lines[1..].join("; ")
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, values: u64) -> Graph {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("graph.txt");
        std::fs::write(&path, text).unwrap();
        Graph::read(&path, values).unwrap()
    }

    fn torus(l: u32) -> Graph {
        let mut text = String::new();
        for i in 0..l * l {
            let (y, x) = (i / l, i % l);
            let _ = writeln!(text, "{i} {}", y * l + (x + 1) % l);
            let _ = writeln!(text, "{i} {}", (y + 1) % l * l + x);
        }
        read(&text, (l * l).into())
    }

    fn complete(n: u32) -> Graph {
        let mut text = String::new();
        for a in 0..n {
            for b in 0..a {
                let _ = writeln!(text, "{a} {b}");
            }
        }
        read(&text, n.into())
    }

    fn path(n: u32) -> Graph {
        let lines = (1..n).map(|i| format!("{} {i}\n", i - 1));
        read(&lines.collect::<String>(), n.into())
    }

    fn filters(shells: &Shells, components: usize) -> Filters {
        let n = shells.block.len();
        let weights = (0..n * components).map(|i| i as f32 - 2.5).collect();
        Filters::new(&[n as u32], weights).unwrap()
    }

    /// Checks that elements nest, attributes are quoted, and numbers are finite.
    fn assert_is_xml(svg: &str) {
        let mut open = vec![];
        let mut rest = svg;
        while let Some(at) = rest.find('<') {
            let text = &rest[..at];
            assert!(!text.contains(['>', '&']), "{text}");
            let (tag, after) = rest[at + 1..].split_once('>').expect("a tag ends");
            rest = after;
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name));
                continue;
            }
            let (tag, single) = match tag.strip_suffix('/') {
                Some(tag) => (tag, true),
                None => (tag, false),
            };
            let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
            assert!(name.bytes().all(|b| b.is_ascii_lowercase()), "{name}");
            let mut pieces: Vec<_> = attributes.split('"').collect();
            assert_eq!(pieces.pop(), Some(""));
            for pair in pieces.chunks(2) {
                let key = pair[0].trim();
                assert!(key.ends_with('=') && !pair[1].contains(['<', '&']), "{tag}");
            }
            if !single {
                open.push(name);
            }
        }
        assert!(open.is_empty() && rest.trim().is_empty());
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn drawings_are_xml_and_bounded() {
        let (node, edge) = (Centre::Node, Centre::Edge);
        let nines = read("0 1\n1 2\n2 3\n4 5\n", 6);
        for (graph, centre, on, [block, buffer, environment], drawn) in [
            (&torus(20), node(5), On::Nodes, [3, 2, 3], 13 + 28 + 72),
            (&torus(20), edge(5), On::Nodes, [3, 2, 3], 128),
            (&torus(20), edge(5), On::Edges, [2, 1, 2], 79),
            (&torus(20), node(5), On::Edges, [2, 1, 2], 100),
            (&torus(40), node(5), On::Nodes, [20, 2, 9], MAX_SITES),
            (&torus(40), edge(5), On::Edges, [20, 2, 9], MAX_SITES),
            (&complete(60), node(5), On::Nodes, [1, 0, 1], 60),
            (&complete(60), edge(5), On::Edges, [2, 0, 1], MAX_SITES),
            (
                &path(5000),
                node(2000),
                On::Nodes,
                [1000, 0, 900],
                MAX_SITES,
            ),
            (&nines, node(0), On::Nodes, [1, 1, 5], 4),
        ] {
            let shells = graph
                .shells(centre, on, block, buffer, environment)
                .unwrap();
            for components in [1, 3, 20] {
                let filters = filters(&shells, components);
                let svg = graph_svg(graph, &shells, &filters).unwrap();
                assert_is_xml(&svg);
                let panels = components.min(MAX_COMPONENTS);
                assert_eq!(
                    svg.matches("<title>").count(),
                    drawn * panels,
                    "{on:?} {centre}"
                );
                assert!(svg.len() < 120_000 * panels, "{} bytes", svg.len());
                assert_eq!(svg, graph_svg(graph, &shells, &filters).unwrap());
                let all = shells.sites().count();
                assert_eq!(svg.contains(" are drawn"), all > drawn);
                for style in [Style::Plain, Style::Indexed] {
                    let text = graph_table(&shells, &filters, style).unwrap();
                    assert!(text.lines().count() <= MAX_ROWS + 3, "{text}");
                }
            }
        }
    }

    #[test]
    fn a_chain_is_drawn_without_empty_space() {
        let height = |graph: &Graph| {
            let shells = graph.shells(Centre::Node(40), On::Nodes, 3, 2, 3).unwrap();
            Drawing::new(graph, &shells).unwrap().height()
        };
        assert!(height(&path(81)) < 60.0);
        assert!(height(&torus(12)) > 0.8 * SIDE);
    }

    #[test]
    fn nodes_stand_on_rings() {
        let graph = torus(12);
        let shells = graph.shells(Centre::Node(5), On::Nodes, 3, 2, 3).unwrap();
        let drawing = Drawing::new(&graph, &shells).unwrap();
        let radius = |i: usize| drawing.places[i].0.hypot(drawing.places[i].1);
        let unit = radius(1) / 2.0;
        assert!(radius(0) == 0.0 && unit > 20.0);
        for site in &drawing.sites {
            // V reaches to distance 2.
            let expected = unit * f64::from(site.along + site.along.min(2));
            assert!((radius(site.ends[0]) - expected).abs() < 1e-9);
        }
        let far = drawing.places.iter().map(|(x, y)| x.hypot(*y));
        assert!(far.fold(0.0, f64::max) < SIDE / 2.0);
        for (i, a) in drawing.places.iter().enumerate() {
            assert!(drawing.places[..i].iter().all(|b| a != b), "two at a place");
        }
    }

    #[test]
    fn a_table_names_distance_and_site() {
        let graph = path(9);
        let shells = graph.shells(Centre::Node(4), On::Nodes, 2, 1, 1).unwrap();
        let filters = Filters::new(&[3], vec![1.0, -0.25, 0.0]).unwrap();
        let text = graph_table(&shells, &filters, Style::Plain).unwrap();
        assert_eq!(
            text,
            "distance       node  weight\n       0          4   1.000\n       1          3  -0.250\n\
             \x20      1          5   0.000\n"
        );
        let other = Filters::new(&[2], vec![1.0, -0.25]).unwrap();
        assert!(graph_table(&shells, &other, Style::Plain).is_err());
        assert!(graph_svg(&graph, &shells, &other).is_err());
        let small = path(3);
        let filters = Filters::new(&[3], vec![1.0; 3]).unwrap();
        assert!(graph_svg(&small, &shells, &filters).is_err());
    }
}
