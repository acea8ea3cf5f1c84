//! Pictures of configurations: spins, Potts states, fields, masses, and dimers with their heights.
//!
//! Rows count from the top. Equal neighbours in a row form one shape, and all shapes of a colour one
//! path, so that a drawing stays small. A larger lattice is cut off at [`MAX_SIDE`], and a line below
//! the drawing says so.

use std::fmt::Write;
use std::sync::Arc;

use blockspin_core::num::bits::bit;
use blockspin_core::sampler::random_bond_ring::Bond;
use blockspin_core::sampler::{Chipping, Dimer, Gaussian, Ising, Potts, RandomBondRing, Sampler};

use super::{NumberFormat, escape, tick};

mod raster;

pub use raster::Raster;

/// A sampler whose configurations, one at least, can be drawn.
pub trait Drawn: Sampler {
    /// Configurations as an SVG fragment.
    fn picture(&self, title: &str, configurations: &[&[Self::Cell]]) -> String;

    /// The same as pixels, without text.
    fn raster(&self, configurations: &[&[Self::Cell]]) -> Raster;
}

impl Drawn for Ising {
    fn picture(&self, title: &str, configurations: &[&[u32]]) -> String {
        spins_svg(title, self.lattice().sides(), configurations)
    }

    fn raster(&self, configurations: &[&[u32]]) -> Raster {
        raster::spins(self.lattice().sides(), configurations)
    }
}

impl Drawn for RandomBondRing<Arc<[Bond]>> {
    fn picture(&self, title: &str, configurations: &[&[u32]]) -> String {
        spins_svg(title, self.lattice().sides(), configurations)
    }

    fn raster(&self, configurations: &[&[u32]]) -> Raster {
        raster::spins(self.lattice().sides(), configurations)
    }
}

impl Drawn for Dimer {
    /// Draws the first configuration.
    fn picture(&self, title: &str, configurations: &[&[u32]]) -> String {
        let first = configurations.iter().take(1);
        first.map(|state| dimers_svg(title, self, state)).collect()
    }

    fn raster(&self, configurations: &[&[u32]]) -> Raster {
        raster::dimers(self, configurations[0])
    }
}

impl Drawn for Chipping {
    /// Draws the first configuration.
    fn picture(&self, title: &str, configurations: &[&[u32]]) -> String {
        let first = configurations.iter().take(1);
        first.map(|masses| masses_svg(title, masses)).collect()
    }

    fn raster(&self, configurations: &[&[u32]]) -> Raster {
        raster::masses(configurations[0])
    }
}

impl Drawn for Potts {
    fn picture(&self, title: &str, configurations: &[&[u32]]) -> String {
        potts_svg(title, self.lattice().sides(), self.states(), configurations)
    }

    fn raster(&self, configurations: &[&[u32]]) -> Raster {
        raster::states(self.lattice().sides(), configurations)
    }
}

impl Drawn for Gaussian {
    fn picture(&self, title: &str, configurations: &[&[f32]]) -> String {
        field_svg(title, self.lattice().sides(), configurations)
    }

    fn raster(&self, configurations: &[&[f32]]) -> Raster {
        raster::field(self.lattice().sides(), configurations)
    }
}

/// Most sites per row, and most rows, of a drawing.
pub const MAX_SIDE: usize = 256;

/// Most planes, or two-dimensional configurations, of a drawing.
pub const MAX_PANELS: usize = 8;

/// Most one-dimensional configurations of a drawing.
const MAX_STRIPS: usize = 64;

/// Widest row of panels.
const WIDTH: usize = 1080;
const GAP: usize = 18;

const INK: &str = "var(--ink, #1c1d1f)";
const MUTED: &str = "var(--muted, #6b6d70)";
const ZERO: &str = "var(--zero, #f4f2ed)";

/// Spins −1: darker than the page.
const MINUS: &str = "var(--minus, #d5cfc0)";

/// Colours that are far from each other, from white and from the dark page, for every kind of colour vision;
/// the first ones farthest.
const COLOURS: [&str; 16] = [
    "#2850c8", "#f05000", "#c878a0", "#a0f0a0", "#780000", "#500050", "#a0a0f0", "#f0f000",
    "#505050", "#28c850", "#0000a0", "#7800f0", "#a0a078", "#c828a0", "#a05028", "#00f0f0",
];

/// Colours of the four columnar states: along x from an even and an odd column, along y from an even and
/// an odd row.
const COLUMNAR: [usize; 4] = [0, 1, 2, 3];

/// Colours of fields along +x, +y, −x, −y.
const STAGGERED: [usize; 4] = [4, 5, 6, 7];

/// Colours in dark mode, for a self-contained drawing.
const DARK: &str = "@media (prefers-color-scheme: dark) { svg.configuration { --card: #1b1d1f; \
     --ink: #e7e5e0; --muted: #9a9b9d; --rule: #303336; --accent: #6fa8e8; --zero: #26292c; --minus: #3f4448; \
     --positive: #cf434b; --negative: #3f7dca; } }";

/// Steps of a colour scale on either side of 0.
const STEPS: i32 = 32;

/// Packed signs on a lattice of one to three dimensions, with separate panels for each configuration:
/// strips below one another in one dimension, planes side by side in three.
///
/// # Panics
/// If a configuration is shorter than the lattice, or the dimension is not 1 to 3.
#[must_use]
pub fn spins_svg(title: &str, sides: &[u32], configurations: &[&[u32]]) -> String {
    let paints = [String::new(), "fill=\"var(--accent, #1f5fa8)\"".into()];
    let ground = fill(MINUS);
    let mut page = lattice(sides, configurations.len(), &ground, &paints, |c, site| {
        usize::from(bit(configurations[c], site))
    });
    page.legend(&[
        (swatch(&paints[1]), "+1".into()),
        (swatch(&ground), "−1".into()),
    ]);
    page.finish(title, "Spins")
}

/// Potts states from 0 to `states` − 1, drawn like [`spins_svg`]. From the seventeenth state on, colours
/// repeat.
///
/// # Panics
/// As [`spins_svg`].
#[must_use]
pub fn potts_svg(title: &str, sides: &[u32], states: u32, configurations: &[&[u32]]) -> String {
    let paints = COLOURS.map(fill);
    let mut page = lattice(
        sides,
        configurations.len(),
        &fill(ZERO),
        &paints,
        |c, site| configurations[c][site] as usize % COLOURS.len(),
    );
    let shown = states.min(COLOURS.len() as u32);
    let entries: Vec<_> = (0..shown)
        .map(|q| (swatch(&paints[q as usize]), q.to_string()))
        .collect();
    page.legend(&entries);
    if shown < states {
        page.line(&format!(
            "Colours of states from {shown} on are those of state − {shown}, and so on."
        ));
    }
    page.finish(title, "Potts states")
}

/// Real values, drawn like [`spins_svg`]: red is positive, blue negative.
///
/// # Panics
/// As [`spins_svg`].
#[must_use]
pub fn field_svg(title: &str, sides: &[u32], configurations: &[&[f32]]) -> String {
    let sites: usize = sides.iter().map(|side| *side as usize).product();
    let values = configurations.iter().flat_map(|values| &values[..sites]);
    let largest = values
        .filter(|value| value.is_finite())
        .fold(0.0, |most: f32, value| most.max(value.abs()));
    let paints = diverging(STEPS);
    let mut page = lattice(
        sides,
        configurations.len(),
        &fill(ZERO),
        &paints,
        |c, site| {
            let value = configurations[c][site];
            // NaN is drawn as 0.
            let at = if largest > 0.0 { value / largest } else { 0.0 };
            (STEPS + (at.clamp(-1.0, 1.0) * STEPS as f32).round() as i32) as usize
        },
    );
    let format = NumberFormat::of(largest);
    page.scale(
        &paints,
        [-largest, 0.0, largest].map(|label| format.show(label)),
        "",
    );
    page.finish(title, "Field")
}

/// Masses on a ring as bars. Of a large ring, the part around the largest mass is drawn.
#[must_use]
pub fn masses_svg(title: &str, masses: &[u32]) -> String {
    const LEFT: usize = 44;
    const HIGH: f64 = 220.0;
    const AIR: f64 = 26.0;
    let mut page = Page::new();
    let total: u64 = masses.iter().map(|mass| u64::from(*mass)).sum();
    let mean = total as f64 / masses.len().max(1) as f64;
    let mut largest = (0, 0);
    for (site, mass) in masses.iter().enumerate() {
        if *mass > largest.1 {
            largest = (site, *mass);
        }
    }
    let shown = masses.len().min(MAX_SIDE);
    let begin = largest
        .0
        .saturating_sub(shown / 2)
        .min(masses.len() - shown);
    let wide = (720 / shown.max(1)).clamp(2, 40);
    let (width, top) = (wide * shown, page.height as f64 + AIR);
    let most = f64::from(largest.1).max(mean).max(1.0);
    let (x, y) = (
        |site: usize| LEFT + (site - begin) * wide,
        |mass: f64| top + HIGH * (1.0 - mass / most),
    );
    let body = &mut page.body;
    let (step, _) = tick(most, 4.0);
    let step = step.max(1.0);
    let mut mark = 0.0;
    while mark <= most {
        let _ = writeln!(
            body,
            "<path d=\"M{LEFT} {:.1}h{width}\" stroke=\"var(--rule, #e5e2db)\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"{MUTED}\">{mark:.0}</text>",
            y(mark),
            LEFT - 8,
            y(mark) + 4.0
        );
        mark += step;
    }
    let mut path = String::new();
    runs(
        shown,
        |i| masses[begin + i],
        |from, to, mass| {
            if mass > 0 {
                let (left, high) = (x(begin + from), y(f64::from(mass)));
                let (length, floor) = ((to - from) * wide, top + HIGH);
                let _ = write!(path, "M{left} {floor}V{high:.1}h{length}V{floor}z");
            }
        },
    );
    let _ = writeln!(
        body,
        "<path class=\"masses\" d=\"{path}\" fill=\"var(--accent, #1f5fa8)\"/>"
    );
    let _ = writeln!(
        body,
        "<path d=\"M{LEFT} {:.1}h{width}\" stroke=\"var(--positive, #bc242c)\" \
         stroke-dasharray=\"5 4\"/>",
        y(mean)
    );
    if largest.1 > 0 {
        let at = x(largest.0) + wide / 2;
        let anchor = match (at - LEFT) * 4 / width {
            0 => "start",
            3.. => "end",
            _ => "middle",
        };
        let _ = writeln!(
            body,
            "<text x=\"{at}\" y=\"{:.1}\" text-anchor=\"{anchor}\" fill=\"{INK}\">{} on site {}</text>",
            y(f64::from(largest.1)) - 7.0,
            largest.1,
            largest.0
        );
    }
    for (site, anchor) in [
        (begin, "start"),
        (begin + shown / 2, "middle"),
        (begin + shown, "end"),
    ] {
        let label = if anchor == "end" {
            site.saturating_sub(1)
        } else {
            site
        };
        let _ = writeln!(
            body,
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"{anchor}\" fill=\"{MUTED}\">{label}</text>",
            x(site),
            top + HIGH + 17.0
        );
    }
    page.width = LEFT + width + 8;
    page.height = (top + HIGH) as usize + 28;
    let dash = "<path d=\"M0 6h14\" stroke=\"var(--positive, #bc242c)\" stroke-dasharray=\"5 4\"/>";
    page.legend(&[
        (swatch("fill=\"var(--accent, #1f5fa8)\""), "mass".into()),
        (dash.into(), format!("mean density {mean:.3}")),
    ]);
    let occupied = masses.iter().filter(|mass| **mass > 0).count();
    page.line(&format!(
        "{} sites, {occupied} of them occupied; total mass {total}.",
        masses.len()
    ));
    if shown < masses.len() {
        page.line(&format!(
            "Sites {begin} to {} of {}: {MAX_SIDE} are drawn.",
            begin + shown - 1,
            masses.len()
        ));
    }
    page.finish(title, "Masses")
}

/// A dimer covering and, beside it, its [heights](Dimer::heights), averaged over the four faces around
/// each vertex.
///
/// Dimers on a plaquette with two parallel ones are bars in the colour of its columnar state, and the
/// plaquette is tinted with it. The others are wedges from their even to their odd vertex, the direction
/// of the local electric field. Noise spins of a kept configuration are dots, hollow for down.
///
/// # Panics
/// If the state is shorter than a configuration of the model.
#[must_use]
pub fn dimers_svg(title: &str, model: &Dimer, state: &[u32]) -> String {
    let mut page = Page::new();
    let drawn = Covering::new(model, state);
    let cell = (520 / drawn.shown).clamp(2, 65);
    let size = cell * drawn.shown;
    let [left, right] = [0, size + 2 * GAP];
    page.heading(left, "dimers");
    page.heading(right, "height field");
    page.height += 22;
    let view = |left: usize, top: usize, from: &str, content: &str| {
        let shown = drawn.shown;
        format!(
            "<svg x=\"{left}\" y=\"{top}\" width=\"{size}\" height=\"{size}\" \
             viewBox=\"{from} {from} {shown} {shown}\">\n\
             <rect x=\"{from}\" y=\"{from}\" width=\"{shown}\" height=\"{shown}\" fill=\"{ZERO}\"/>\n\
             {content}</svg>\n"
        )
    };
    let top = page.height;
    page.body += &view(left, top, "-.5", &drawn.dimers(cell));

    let heights = levels(model, state);
    let most = heights.iter().map(|height| height.abs()).max().unwrap_or(1);
    let paints = diverging(most);
    let plain = cells([drawn.shown; 2], 1.0, &paints, |y, x| {
        (heights[y * model.side() as usize + x] + most) as usize
    });
    let content = format!("<g shape-rendering=\"crispEdges\">{plain}</g>");
    page.body += &view(right, top, "0", &content);
    page.width = right + size;
    page.height += size + 8;

    let mut entries = vec![];
    for (i, name) in ["x, from even", "x, from odd", "y, from even", "y, from odd"]
        .iter()
        .enumerate()
    {
        let what = if i < 2 { "columns" } else { "rows" };
        entries.push((
            format!(
                "<path d=\"M3 6h8\" stroke=\"{}\" stroke-width=\"6\" stroke-linecap=\"round\"/>",
                COLOURS[COLUMNAR[i]]
            ),
            format!("columnar along {name} {what}"),
        ));
    }
    page.legend(&entries);
    entries.clear();
    for (i, name) in ["+x", "+y", "−x", "−y"].iter().enumerate() {
        entries.push((
            format!(
                "<path transform=\"rotate({} 7 6)\" d=\"M1 2L14 6L1 10z\" fill=\"{}\"/>",
                90 * i,
                COLOURS[STAGGERED[i]]
            ),
            format!("staggered, field along {name}"),
        ));
    }
    page.legend(&entries);
    if let Some(binding) = model.noise() {
        page.legend(&[
            (dot(INK), "noise up".into()),
            (
                format!(
                    "{}<circle cx=\"7\" cy=\"6\" r=\"2.5\" fill=\"{ZERO}\"/>",
                    dot(MUTED)
                ),
                "noise down".into(),
            ),
            (String::new(), format!("pairs bound by K = {binding}")),
        ]);
    }
    let label = |height: i32| format!("{:.1}", f64::from(height) / 2.0);
    page.scale(
        &paints,
        [label(-most), "0".into(), label(most)],
        "height at each vertex, the average of the four faces around it, in quarters",
    );
    let [x, y] = model.winding(state);
    page.line(
        &format!(
            "{} of {} plaquettes with two parallel dimers; winding numbers {x} along x, {y} along y.",
            model.parallel_plaquettes(state),
            model.vertices(),
        )
        .replace('-', "−"),
    );
    page.line("x to the right, y downwards; vertices are even or odd with y + x.");
    let side = model.side() as usize;
    if drawn.shown < side {
        page.line(&format!(
            "The first {0} × {0} of {side} × {side} vertices are drawn.",
            drawn.shown
        ));
    }
    page.finish(title, "Dimers and heights")
}

/// Twice the average height of the four faces around each vertex, in quarters.
///
/// Around an even vertex the heights are m, m + 1, m + 2, m + 3 in the sense from +x to +y, starting at
/// its dimer, and around an odd vertex they fall in the same way: the face (y, x) and the direction of
/// the dimer determine the average, at the boundary too. Averaging removes the steps between faces; the
/// result is flat in a columnar state.
fn levels(model: &Dimer, state: &[u32]) -> Vec<i32> {
    let drawn = Covering::new(model, state);
    let side = model.side() as usize;
    let mut heights = vec![0; side * side];
    model.heights(state, &mut heights);
    for (i, height) in heights.iter_mut().enumerate() {
        let [y, x] = [(i / side) as i64, (i % side) as i64];
        // Number of links crossed from the dimer to face (y, x).
        let crossed = if drawn.laid(0, [y, x]) {
            0
        } else if drawn.laid(1, [y, x]) {
            3
        } else if drawn.laid(0, [y, x - 1]) {
            2
        } else {
            1
        };
        let even = if (y + x) % 2 == 0 { 1 } else { -1 };
        *height = 2 * *height + even * (3 - 2 * crossed);
    }
    heights
}

/// The part of a covering that is drawn.
struct Covering<'a> {
    model: &'a Dimer,
    state: &'a [u32],
    shown: usize,
}

impl<'a> Covering<'a> {
    fn new(model: &'a Dimer, state: &'a [u32]) -> Self {
        let state = &state[..model.state_len()];
        let shown = (model.side() as usize).min(MAX_SIDE);
        Covering {
            model,
            state,
            shown,
        }
    }

    /// Whether a dimer starts at a vertex along x (0) or y (1); index −1 is the last row or column.
    fn laid(&self, axis: usize, [y, x]: [i64; 2]) -> bool {
        let side = i64::from(self.model.side());
        let [y, x] = [y, x].map(|along| along.rem_euclid(side) as u32);
        match axis {
            0 => self.model.along_row(self.state, y, x),
            _ => self.model.along_column(self.state, y, x),
        }
    }

    /// Whether a plaquette has two parallel dimers along an axis.
    fn columnar(&self, axis: usize, [y, x]: [i64; 2]) -> bool {
        let beside = match axis {
            0 => [[y - 1, x], [y + 1, x]],
            _ => [[y, x - 1], [y, x + 1]],
        };
        beside.iter().any(|at| self.laid(axis, *at))
    }

    /// The columnar state of a dimer along an axis from a vertex, or of the plaquette there.
    fn state_of(axis: usize, [y, x]: [i64; 2]) -> usize {
        2 * axis + [x, y][axis].rem_euclid(2) as usize
    }

    /// In units of the lattice spacing; dimers that cross the periodic boundary are drawn on both sides.
    fn dimers(&self, cell: usize) -> String {
        let shown = self.shown as i64;
        let mut plaquettes: [String; 4] = Default::default();
        let mut bars: [String; 8] = Default::default();
        let mut wedges: [String; 4] = Default::default();
        for y in -1..shown {
            let tint = |i: usize| {
                let at = [y, i as i64 - 1];
                let beside = [[y + 1, at[1]], [y, at[1] + 1]];
                (0..2)
                    .find(|axis| self.laid(*axis, at) && self.laid(*axis, beside[*axis]))
                    .map(|axis| Self::state_of(axis, at))
            };
            runs(self.shown + 1, tint, |from, to, state| {
                if let Some(state) = state {
                    let (from, long) = (from as i64 - 1, to - from);
                    let _ = write!(plaquettes[state], "M{from} {y}h{long}v1h-{long}z");
                }
            });
            for x in -1..shown {
                for axis in 0..2 {
                    // Extends beyond the edge on one side, and shows only the end on the other.
                    let outside = [y, x][axis] < 0;
                    if outside || !self.laid(axis, [y, x]) {
                        continue;
                    }
                    let to = ["h1", "v1"][axis];
                    if self.columnar(axis, [y, x]) {
                        let _ = write!(bars[Self::state_of(axis, [y, x])], "M{x} {y}{to}");
                        continue;
                    }
                    // From the even vertex, extending a little beyond both ends.
                    let odd = (y + x).rem_euclid(2) as usize;
                    let way = axis + 2 * odd;
                    let _ = match way {
                        // Too small to distinguish the ends.
                        _ if cell < 4 => write!(bars[4 + way], "M{x} {y}{to}"),
                        0 => write!(wedges[0], "M{x} {y}m-.1-.2l1.25.2l-1.25.2z"),
                        1 => write!(wedges[1], "M{x} {y}m-.2-.1l.2 1.25l.2-1.25z"),
                        2 => write!(wedges[2], "M{} {y}m.1-.2l-1.25.2l1.25.2z", x + 1),
                        _ => write!(wedges[3], "M{x} {}m-.2.1l.2-1.25l.2 1.25z", y + 1),
                    };
                }
            }
        }
        let mut svg = String::new();
        for (state, path) in plaquettes.iter().enumerate() {
            shape(
                &mut svg,
                path,
                &format!("fill=\"{}\" fill-opacity=\".28\"", COLOURS[COLUMNAR[state]]),
            );
        }
        if cell > 6 {
            // Vertices, even ones darker.
            for (parity, opacity) in [(0, ".55"), (1, ".2")] {
                let mut path = String::new();
                for y in 0..shown {
                    for x in (0..shown).filter(|x| (y + x) % 2 == parity) {
                        let _ = write!(path, "M{x} {y}h0");
                    }
                }
                dots(&mut svg, &path, MUTED, ".12", opacity);
            }
        }
        let colours = COLUMNAR.iter().chain(&STAGGERED);
        for (path, colour) in bars.iter().zip(colours) {
            let paint = format!(
                "stroke=\"{}\" stroke-width=\".3\" stroke-linecap=\"round\" fill=\"none\"",
                COLOURS[*colour]
            );
            shape(&mut svg, path, &paint);
        }
        for (way, path) in wedges.iter().enumerate() {
            shape(&mut svg, path, &fill(COLOURS[STAGGERED[way]]));
        }
        if self.model.noise().is_some() {
            let mut spins: [String; 2] = Default::default();
            for y in 0..self.shown {
                for x in 0..self.shown {
                    let [vertex, face] = self.model.noise_pair(self.state, y as u32, x as u32);
                    let _ = write!(spins[usize::from(vertex)], "M{x} {y}h0");
                    let _ = write!(spins[usize::from(face)], "M{x}.5 {y}.5h0");
                }
            }
            dots(&mut svg, &spins[0], MUTED, ".2", "1");
            dots(&mut svg, &spins[0], ZERO, ".13", "1");
            dots(&mut svg, &spins[1], INK, ".2", "1");
        }
        svg
    }
}

/// A path, unless it is empty.
fn shape(svg: &mut String, path: &str, paint: &str) {
    if !path.is_empty() {
        let _ = writeln!(svg, "<path d=\"{path}\" {paint}/>");
    }
}

fn dots(svg: &mut String, path: &str, colour: &str, wide: &str, opacity: &str) {
    let paint = format!(
        "stroke=\"{colour}\" stroke-width=\"{wide}\" stroke-linecap=\"round\" stroke-opacity=\"{opacity}\""
    );
    shape(svg, path, &paint);
}

fn fill(colour: &str) -> String {
    format!("fill=\"{colour}\"")
}

/// A colour scale from blue over transparent to red, with this many steps on either side.
fn diverging(steps: i32) -> Vec<String> {
    let paint = |step: i32| {
        let colour = match step {
            0 => return String::new(),
            ..0 => "var(--negative, #2662ac)",
            _ => "var(--positive, #bc242c)",
        };
        let opacity = f64::from(step.abs()) / f64::from(steps);
        format!("fill=\"{colour}\" fill-opacity=\"{opacity:.3}\"")
    };
    (-steps..=steps).map(paint).collect()
}

/// Each run of equal values: its beginning, its end, and its value.
fn runs<T: PartialEq>(n: usize, value: impl Fn(usize) -> T, mut of: impl FnMut(usize, usize, T)) {
    let mut from = 0;
    while from < n {
        let first = value(from);
        let to = (from + 1..n).find(|i| value(*i) != first).unwrap_or(n);
        of(from, to, first);
        from = to;
    }
}

/// Cells of unit side in rows and columns, painted by their key; empty cells have none.
fn cells(
    [rows, columns]: [usize; 2],
    high: f64,
    paints: &[String],
    key: impl Fn(usize, usize) -> usize,
) -> String {
    let mut paths = vec![String::new(); paints.len()];
    for y in 0..rows {
        runs(
            columns,
            |x| key(y, x),
            |from, to, key| {
                let long = to - from;
                if !paints[key].is_empty() {
                    let _ = write!(paths[key], "M{from} {y}h{long}v{high}h-{long}z");
                }
            },
        );
    }
    let mut svg = String::new();
    for (path, paint) in paths.iter().zip(paints) {
        shape(&mut svg, path, paint);
    }
    svg
}

/// Panels for configurations of one to three dimensions on a ground, and a note of what was left out.
fn lattice(
    sides: &[u32],
    configurations: usize,
    ground: &str,
    paints: &[String],
    key: impl Fn(usize, usize) -> usize,
) -> Page {
    assert!(
        (1..=3).contains(&sides.len()),
        "a lattice of one to three dimensions"
    );
    let side = |from_end: usize| {
        sides
            .len()
            .checked_sub(from_end)
            .map_or(1, |i| sides[i] as usize)
    };
    let [depth, rows, columns] = [side(3), side(2), side(1)];
    let mut page = Page::new();
    let shown = [rows.min(MAX_SIDE), columns.min(MAX_SIDE)];
    let mut notes = vec![];
    if sides.len() == 1 {
        let strips = configurations.min(MAX_STRIPS);
        let wide = (720 / shown[1].max(1)).clamp(2, 32);
        let high = if strips > 8 { 10 } else { 18 };
        let content = cells([strips, shown[1]], 0.8, paints, &key);
        let ground = cells([strips, shown[1]], 0.8, &[ground.into()], |_, _| 0);
        page.panel(
            0,
            [strips * high, shown[1] * wide],
            [strips, shown[1]],
            &(ground + &content),
        );
        page.height += strips * high + 6;
        if strips < configurations {
            notes.push(format!(
                "the first {strips} of {configurations} configurations"
            ));
        }
    } else {
        let all = configurations * depth;
        let panels = all.min(MAX_PANELS);
        let target = [520, 360, 256][panels.clamp(1, 3) - 1];
        let longest = shown[0].max(shown[1]).max(1);
        let cell = (target / longest).clamp(1, 48);
        let (wide, high) = (shown[1] * cell, shown[0] * cell);
        let across = ((WIDTH + GAP) / (wide + GAP)).clamp(1, panels.max(1));
        for first in (0..panels).step_by(across) {
            let line = first..(first + across).min(panels);
            if all > 1 {
                for panel in line.clone() {
                    let mut name = vec![];
                    if configurations > 1 {
                        name.push(format!("configuration {}", panel / depth + 1));
                    }
                    if depth > 1 {
                        name.push(format!("plane {}", panel % depth + 1));
                    }
                    page.heading((panel - first) * (wide + GAP), &name.join(", "));
                }
                page.height += 22;
            }
            for panel in line {
                let plane = panel % depth * rows * columns;
                let ground = cells(shown, 1.0, &[ground.into()], |_, _| 0);
                let content = cells(shown, 1.0, paints, |y, x| {
                    key(panel / depth, plane + y * columns + x)
                });
                let left = (panel - first) * (wide + GAP);
                page.panel(left, [high, wide], shown, &(ground + &content));
            }
            page.height += high + 8;
        }
        if panels < all {
            notes.push(format!(
                "the first {panels} of {all} {}",
                if depth > 1 {
                    "planes"
                } else {
                    "configurations"
                }
            ));
        }
    }
    let sides: Vec<_> = sides.iter().map(u32::to_string).collect();
    if shown != [rows, columns] {
        notes.push(match sides.len() {
            1 => format!("the first {} of {columns} sites", shown[1]),
            _ => format!(
                "the first {} × {} of {rows} × {columns} sites",
                shown[0], shown[1]
            ),
        });
    }
    page.about = format!("Lattice of {} sites.", sides.join(" × "));
    if !notes.is_empty() {
        let _ = write!(page.about, " Drawn are {}.", notes.join(", "));
    }
    page
}

fn swatch(paint: &str) -> String {
    format!("<rect width=\"13\" height=\"13\" rx=\"2\" stroke=\"var(--rule, #e5e2db)\" {paint}/>")
}

fn dot(colour: &str) -> String {
    format!("<circle cx=\"7\" cy=\"6\" r=\"4\" fill=\"{colour}\"/>")
}

/// A drawing to which parts are added from top to bottom.
struct Page {
    body: String,
    width: usize,
    height: usize,
    /// A note at the end of the drawing.
    about: String,
}

impl Page {
    fn new() -> Self {
        Page {
            body: String::new(),
            width: 0,
            // Below the title.
            height: 28,
            about: String::new(),
        }
    }

    /// A label on the current line.
    fn heading(&mut self, left: usize, text: &str) {
        let _ = writeln!(
            self.body,
            "<text x=\"{left}\" y=\"{}\" fill=\"{MUTED}\">{text}</text>",
            self.height + 13
        );
    }

    /// A panel of cells in rows and columns at the current position, with a background.
    fn panel(
        &mut self,
        left: usize,
        [high, wide]: [usize; 2],
        [rows, columns]: [usize; 2],
        content: &str,
    ) {
        let _ = writeln!(
            self.body,
            "<svg x=\"{left}\" y=\"{}\" width=\"{wide}\" height=\"{high}\" viewBox=\"0 0 {columns} \
             {rows}\" preserveAspectRatio=\"none\" shape-rendering=\"crispEdges\">\n{content}</svg>",
            self.height
        );
        self.width = self.width.max(left + wide);
    }

    /// A legend of shapes of 14 × 12 with their labels, on several lines if needed.
    fn legend(&mut self, entries: &[(String, String)]) {
        let mut x = 0;
        self.height += 8;
        for (shape, label) in entries {
            let long = 20 + 13 * label.chars().count() / 2 + 14;
            if x > 0 && x + long > self.width.max(480) {
                (x, self.height) = (0, self.height + 20);
            }
            let _ = writeln!(
                self.body,
                "<g transform=\"translate({x} {})\">{shape}<text x=\"20\" y=\"10.5\" \
                 fill=\"{INK}\">{label}</text></g>",
                self.height
            );
            x += long;
        }
        self.height += 16;
    }

    /// A colour scale, lowest value first, with labels at its ends and in the middle.
    fn scale(&mut self, paints: &[String], labels: [String; 3], what: &str) {
        const WIDE: usize = 240;
        self.height += 8;
        let ground = cells([1, paints.len()], 1.0, &[fill(ZERO)], |_, _| 0);
        let content = cells([1, paints.len()], 1.0, paints, |_, x| x);
        self.panel(0, [12, WIDE], [1, paints.len()], &(ground + &content));
        for (label, (at, anchor)) in
            labels
                .iter()
                .zip([(0, "start"), (WIDE / 2, "middle"), (WIDE, "end")])
        {
            let _ = writeln!(
                self.body,
                "<text x=\"{at}\" y=\"{}\" text-anchor=\"{anchor}\" fill=\"{MUTED}\">{}</text>",
                self.height + 26,
                label.replace('-', "−")
            );
        }
        let _ = writeln!(
            self.body,
            "<text x=\"{}\" y=\"{}\" fill=\"{INK}\">{what}</text>",
            WIDE + 12,
            self.height + 11
        );
        self.height += 32;
    }

    /// A line of text.
    fn line(&mut self, text: &str) {
        self.height += 20;
        let _ = writeln!(
            self.body,
            "<text x=\"0\" y=\"{}\" fill=\"{MUTED}\">{text}</text>",
            self.height - 4
        );
        self.width = self.width.max(7 * text.chars().count());
    }

    fn finish(mut self, title: &str, what: &str) -> String {
        if !self.about.is_empty() {
            let about = std::mem::take(&mut self.about);
            self.line(&about);
        }
        let width = self.width.max(8 * title.chars().count()).max(480);
        let height = self.height + 4;
        let title = escape(title);
        format!(
            "<svg class=\"configuration\" viewBox=\"-12 -8 {0} {1}\" width=\"{0}\" role=\"img\" \
             aria-label=\"{what}. {title}\" font-family=\"system-ui, sans-serif\" font-size=\"12\">\n\
             <style>{DARK}</style>\n\
             <rect x=\"-12\" y=\"-8\" width=\"{0}\" height=\"{1}\" fill=\"var(--card, #fff)\"/>\n\
             <text x=\"0\" y=\"14\" font-size=\"15\" font-weight=\"600\" fill=\"{INK}\">{title}</text>\n\
             {2}</svg>\n",
            width + 24,
            height + 16,
            self.body
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use blockspin_core::num::bits::{set, words};
    use blockspin_core::num::rng::{Purpose, Stream};
    use blockspin_core::sampler::Start;

    /// Checks every drawing for valid structure.
    fn check(svg: &str) {
        for tag in ["svg", "g", "text", "style"] {
            let open =
                svg.matches(&format!("<{tag}>")).count() + svg.matches(&format!("<{tag} ")).count();
            assert_eq!(open, svg.matches(&format!("</{tag}>")).count(), "{tag}");
        }
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
        assert_eq!(svg.matches('"').count() % 2, 0);
        assert!(svg.starts_with("<svg class=\"configuration\" ") && svg.ends_with("</svg>\n"));
    }

    /// The path with a given paint, of which the panels contain one.
    fn path<'a>(svg: &'a str, paint: &str) -> Option<&'a str> {
        let end = svg.find(&format!("\" {paint}/>"))?;
        let begin = svg[..end].rfind("d=\"")? + 3;
        Some(&svg[begin..end])
    }

    fn shapes(path: Option<&str>) -> usize {
        path.map_or(0, |path| path.matches('M').count())
    }

    fn bar(colour: usize) -> String {
        format!(
            "stroke=\"{}\" stroke-width=\".3\" stroke-linecap=\"round\" fill=\"none\"",
            COLOURS[colour]
        )
    }

    fn tint(colour: usize) -> String {
        format!("fill=\"{}\" fill-opacity=\".28\"", COLOURS[colour])
    }

    const UP: &str = "fill=\"var(--accent, #1f5fa8)\"";

    #[test]
    fn equal_neighbours_are_one_shape() {
        // ++−− over +−++.
        let svg = spins_svg("a < b", &[2, 4], &[&[0b1101_0011]]);
        check(&svg);
        let runs = "M0 0h2v1h-2zM0 1h1v1h-1zM2 1h2v1h-2z";
        assert_eq!(path(&svg, UP), Some(runs));
        assert!(svg.contains(">a &lt; b</text>"));
        assert!(svg.contains(">+1</text>") && svg.contains(">−1</text>"));
        assert!(svg.contains("Lattice of 2 × 4 sites.<"));
        // The same data as two strips.
        let svg = spins_svg("", &[4], &[&[0b0011], &[0b1101]]);
        check(&svg);
        assert_eq!(path(&svg, UP), Some(&*runs.replace("v1", "v0.8")));
    }

    #[test]
    fn planes_and_configurations_stand_side_by_side() {
        let state = [u32::MAX; 2];
        let svg = spins_svg("", &[4, 4, 4], &[&state, &state, &state]);
        check(&svg);
        assert_eq!(svg.matches("M0 0h4v1h-4zM0 1h4").count(), 2 * MAX_PANELS);
        assert!(svg.contains(">configuration 2, plane 4</text>"));
        assert!(svg.contains("the first 8 of 12 planes"));
        let svg = spins_svg("", &[8, 8], &[&state, &state]);
        assert!(svg.contains(">configuration 2</text>") && !svg.contains("the first"));
    }

    #[test]
    fn large_lattices_are_cut() {
        let state = vec![u32::MAX; words(300 * 260)];
        let svg = spins_svg("", &[300, 260], &[&state]);
        check(&svg);
        assert!(svg.contains("the first 256 × 256 of 300 × 260 sites"));
        assert_eq!(shapes(path(&svg, UP)), 256);
        let svg = spins_svg("", &[10, 300], &[&state]);
        assert!(svg.contains("the first 10 × 256 of 10 × 300 sites"));
        let svg = field_svg("", &[300], &[&[1.0; 300]]);
        assert!(svg.contains("the first 256 of 300 sites"));
        let many = vec![&state[..]; 100];
        assert!(spins_svg("", &[300], &many).contains("the first 64 of 100 configurations"));
    }

    #[test]
    fn potts_states_have_a_colour_each() {
        let svg = potts_svg("", &[2, 3], 3, &[&[0, 0, 1, 2, 1, 1]]);
        check(&svg);
        for (q, expected) in ["M0 0h2v1h-2z", "M2 0h1v1h-1zM1 1h2v1h-2z", "M0 1h1v1h-1z"]
            .iter()
            .enumerate()
        {
            assert_eq!(path(&svg, &fill(COLOURS[q])), Some(*expected));
            assert!(svg.contains(&format!(">{q}</text>")));
        }
        assert!(!svg.contains(">3</text>"));
        let svg = potts_svg("", &[1, 2], 20, &[&[0, 16]]);
        assert_eq!(path(&svg, &fill(COLOURS[0])), Some("M0 0h2v1h-2z"));
        assert!(svg.contains("from 16 on"));
    }

    #[test]
    fn fields_are_told_by_sign_and_size() {
        let svg = field_svg("", &[2, 2], &[&[-2.0, 0.0, 2.0, 1.0]]);
        check(&svg);
        let at = |paint: &str| path(&svg, paint);
        let [negative, positive] = ["var(--negative, #2662ac)", "var(--positive, #bc242c)"]
            .map(|colour| move |t: &str| format!("fill=\"{colour}\" fill-opacity=\"{t}\""));
        assert_eq!(at(&negative("1.000")), Some("M0 0h1v1h-1z"));
        assert_eq!(at(&positive("1.000")), Some("M0 1h1v1h-1z"));
        assert_eq!(at(&positive("0.500")), Some("M1 1h1v1h-1z"));
        for label in ["−2.000", "0.000", "2.000"] {
            assert!(svg.contains(&format!(">{label}</text>")), "{label}");
        }
        for values in [[0.0; 2], [f32::NAN, 1.0], [f32::INFINITY, -1.0]] {
            check(&field_svg("", &[2], &[&values]));
        }
    }

    #[test]
    fn masses_are_bars_over_the_ring() {
        let svg = masses_svg("", &[1, 1, 7, 0, 0, 0, 3, 0]);
        check(&svg);
        // Two equal neighbours form one shape.
        let (_, bars) = svg.split_once("class=\"masses\" d=\"").unwrap();
        assert_eq!(shapes(bars.split('"').next()), 3);
        for text in [
            ">7 on site 2<",
            ">mean density 1.500<",
            "8 sites, 4 of them occupied; total mass 12.",
        ] {
            assert!(svg.contains(text), "{text}");
        }
        assert!(!svg.contains("are drawn"));
        let mut large = [0; 1000];
        large[990] = 1000;
        let svg = masses_svg("", &large);
        check(&svg);
        assert!(svg.contains(">1000 on site 990<"));
        assert!(svg.contains("Sites 744 to 999 of 1000"));
        for masses in [&[][..], &[0], &[5]] {
            check(&masses_svg("", masses));
        }
    }

    #[test]
    fn columnar_states_have_their_colours() {
        let model = Dimer::new(8, 1.0, 1).unwrap();
        let mut state = [0; 8];
        let mut seen = [false; 4];
        let mut plateaus = [0; 4];
        for task in 0..40 {
            model.start(
                Start::Cold,
                &mut state,
                &mut Stream::new(1, task, Purpose::Sample),
            );
            let which = model.sector(&state).unwrap() as usize;
            seen[which] = true;
            let svg = dimers_svg("", &model, &state);
            check(&svg);
            // 32 dimers and plaquettes; some are drawn at both edges.
            let odd = which % 2;
            for (i, colour) in COLUMNAR.iter().enumerate() {
                let bars = if i == which { 32 + 8 * odd } else { 0 };
                assert_eq!(shapes(path(&svg, &bar(*colour))), bars, "{which} {i}");
                assert_eq!(path(&svg, &tint(*colour)).is_some(), i == which);
            }
            for colour in STAGGERED {
                // The one in the legend.
                assert_eq!(shapes(path(&svg, &fill(COLOURS[colour]))), 1);
            }
            let heights = levels(&model, &state);
            assert!(heights.iter().all(|height| *height == heights[0]));
            plateaus[which] = heights[0].rem_euclid(8);
            assert!(
                svg.contains("32 of 64 plaquettes with two parallel dimers; winding numbers 0")
            );
        }
        assert_eq!(seen, [true; 4]);
        plateaus.sort_unstable();
        assert_eq!(plateaus, [1, 3, 5, 7]);
    }

    #[test]
    fn staggered_dimers_show_the_field() {
        let model = Dimer::new(6, 1.0, 1).unwrap();
        for (way, colour) in STAGGERED.iter().enumerate() {
            let mut state = [0; 5];
            for i in 0..36 {
                let (y, x) = (i / 6, i % 6);
                if (y + x) % 2 == way / 2 {
                    let site = [24 * y + 2 * x + 1, 24 * y + 12 + 2 * x][way % 2];
                    set(&mut state, site, true);
                }
            }
            let svg = dimers_svg("", &model, &state);
            check(&svg);
            // 18 dimers, 3 of them drawn at both edges, and the one in the legend.
            let wedges = path(&svg, &fill(COLOURS[*colour]));
            assert_eq!(shapes(wedges), 21, "{way}");
            for other in STAGGERED.iter().filter(|other| *other != colour) {
                assert_eq!(shapes(path(&svg, &fill(COLOURS[*other]))), 1);
            }
            for other in COLUMNAR {
                assert_eq!(path(&svg, &bar(other)), None);
            }
            let winding = [
                "3 along x, 0",
                "0 along x, 3",
                "−3 along x, 0",
                "0 along x, −3",
            ][way];
            assert!(svg.contains(winding), "{winding}");
        }
    }

    #[test]
    fn noise_is_drawn_as_dots() {
        let plain = Dimer::new(4, 1.0, 1).unwrap();
        let model = plain.with_noise(1.5).unwrap();
        let (mut state, mut kept) = ([0; 2], [0; 2]);
        let mut stream = Stream::new(1, 0, Purpose::Sample);
        model.start(Start::Hot, &mut state, &mut stream);
        model.keep(&state, &mut kept, &mut stream);
        let svg = dimers_svg("", &model, &kept);
        check(&svg);
        let dots = |colour: &str, wide: &str| {
            shapes(path(
                &svg,
                &format!(
                    "stroke=\"{colour}\" stroke-width=\"{wide}\" stroke-linecap=\"round\" \
                     stroke-opacity=\"1\""
                ),
            ))
        };
        let spins = kept.iter().map(|word| word.count_ones()).sum::<u32>() as usize;
        assert_eq!(dots(INK, ".2"), spins - 8);
        assert_eq!(dots(MUTED, ".2"), 32 - (spins - 8));
        assert!(svg.contains("pairs bound by K = 1.5"));
        assert!(!dimers_svg("", &plain, &state).contains("noise"));
    }

    #[test]
    fn drawings_stay_small() {
        let mut stream = Stream::new(1, 0, Purpose::Sample);
        let mut words = |n: usize| -> Vec<u32> { (0..n).map(|_| stream.next_u32()).collect() };
        let sides = [64, 64];
        let spins = spins_svg("", &sides, &[&words(128)]);
        let potts: Vec<_> = words(4096).iter().map(|word| word >> 28).collect();
        let potts = potts_svg("", &sides, 16, &[&potts]);
        let field: Vec<_> = words(4096).iter().map(|word| *word as i32 as f32).collect();
        let field = field_svg("", &sides, &[&field]);
        let model = Dimer::new(64, f64::INFINITY, 16).unwrap();
        let model = model.with_noise(1.0).unwrap();
        let (mut state, mut kept) = (vec![0; 512], vec![0; 512]);
        model.start(Start::Hot, &mut state, &mut stream);
        model.keep(&state, &mut kept, &mut stream);
        for svg in [spins, potts, field, dimers_svg("", &model, &kept)] {
            check(&svg);
            assert!(svg.len() < 300_000, "{} bytes", svg.len());
        }
    }

    /// CIELAB of a colour as it is seen with normal colour vision and without one kind of cones (Machado,
    /// Oliveira and Fernandes 2009, severity 1).
    fn seen(hex: &str) -> [[f64; 3]; 4] {
        const IDENTITY: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        const WITHOUT: [[[f64; 3]; 3]; 3] = [
            [
                [0.152286, 1.052583, -0.204868],
                [0.114503, 0.786281, 0.099216],
                [-0.003882, -0.048116, 1.051998],
            ],
            [
                [0.367322, 0.860646, -0.227968],
                [0.280085, 0.672501, 0.047413],
                [-0.011820, 0.042940, 0.968881],
            ],
            [
                [1.255528, -0.076749, -0.178779],
                [-0.078411, 0.930809, 0.147602],
                [0.004733, 0.691367, 0.303900],
            ],
        ];
        let linear = [1, 3, 5].map(|at| {
            let c = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            if c <= 0.04045 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        });
        [IDENTITY, WITHOUT[0], WITHOUT[1], WITHOUT[2]].map(|view| {
            let times = |row: [f64; 3], x: [f64; 3]| row[0] * x[0] + row[1] * x[1] + row[2] * x[2];
            let rgb = view.map(|row| times(row, linear).clamp(0.0, 1.0));
            let f = |t: f64| {
                if t > 0.008856 {
                    t.cbrt()
                } else {
                    7.787 * t + 16.0 / 116.0
                }
            };
            let x = f(times([0.4124, 0.3576, 0.1805], rgb) / 0.95047);
            let y = f(times([0.2126, 0.7152, 0.0722], rgb));
            let z = f(times([0.0193, 0.1192, 0.9505], rgb) / 1.08883);
            [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
        })
    }

    #[test]
    fn colours_differ_for_every_colour_vision() {
        let distance = |a: &str, b: &str| {
            let views = seen(a).into_iter().zip(seen(b));
            let distances = views.map(|(a, b)| {
                let squares = a.iter().zip(b).map(|(a, b)| (a - b).powi(2));
                squares.sum::<f64>().sqrt()
            });
            distances.fold(f64::INFINITY, f64::min)
        };
        // Two of 10 are easily told apart.
        for (count, least) in [(4, 40.0), (8, 29.0), (16, 17.0)] {
            for (i, a) in COLOURS[..count].iter().enumerate() {
                for b in &COLOURS[..i] {
                    assert!(distance(a, b) > least, "{a} {b}: {}", distance(a, b));
                }
            }
        }
        let minus = MINUS.split_once('#').unwrap().1.trim_end_matches(')');
        assert!(distance(&format!("#{minus}"), "#ffffff") > 15.0);
        for pair in [
            ["#bc242c", "#2662ac"],
            ["#bc242c", "#ffffff"],
            ["#2662ac", "#ffffff"],
        ] {
            assert!(distance(pair[0], pair[1]) > 40.0, "{pair:?}");
        }
    }
}
