//! Pictures: filters as heat maps for terminal and report, information against step, configurations.
//!
//! Drawings are SVG fragments for a page. Their colours are CSS variables with fallbacks, so that the
//! report can set them for light and dark mode, and [`svg_file`] makes a drawing self-contained.

pub mod chart;
pub mod configuration;
pub mod graph;
pub mod maps;

use std::fmt::{self, Write};
use std::path::Path;

use crate::data::filters::Filters;
use crate::error::{Error, Result};

/// Colours that a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Characters only.
    Plain,
    /// The 256 colours of the xterm palette.
    Indexed,
    /// 24-bit colours.
    True,
}

impl Style {
    /// The style for a terminal with these environment variables: plain when `NO_COLOR` is set.
    #[must_use]
    pub fn of_terminal(no_color: &str, term: &str, colorterm: &str) -> Self {
        if !no_color.is_empty() || term == "dumb" {
            Style::Plain
        } else if matches!(colorterm, "truecolor" | "24bit") {
            Style::True
        } else {
            Style::Indexed
        }
    }
}

impl fmt::Display for Filters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(heat_map(self, Style::Plain).trim_end())
    }
}

/// Widest row of cells that contain their numbers.
const MAX_NUMBERED: usize = 10;

/// Filters as text: a heat map with numbers, or aligned numbers alone when [`Style::Plain`].
///
/// One picture per component, in 3D one per plane; red is positive, blue negative, white zero.
#[must_use]
pub fn heat_map(filters: &Filters, style: Style) -> String {
    let (rows, columns) = plane(filters.sides());
    let largest = filters.largest();
    let format = NumberFormat::of(largest);
    let mut text = String::new();
    for (heading, weights) in planes(filters) {
        if !heading.is_empty() {
            let _ = writeln!(text, "{heading}");
        }
        for row in weights.chunks_exact(columns) {
            if style == Style::Plain {
                for w in row {
                    let _ = write!(text, " {:>width$}", format.show(*w), width = format.width);
                }
                text.push('\n');
                continue;
            }
            let numbered = columns <= MAX_NUMBERED;
            // Cells are nearly square: a character is about twice as high as wide.
            let lines = if numbered && rows <= MAX_NUMBERED && rows > 1 {
                3
            } else {
                1
            };
            for line in 0..lines {
                text.push_str("  ");
                for w in row {
                    let label = match (numbered, line == lines / 2) {
                        (true, true) => {
                            format!(" {:>width$} ", format.show(*w), width = format.width)
                        }
                        (true, false) => " ".repeat(format.width + 2),
                        (false, _) => "  ".into(),
                    };
                    cell(&mut text, ratio(*w, largest), &label, style);
                }
                text.push('\n');
            }
        }
        text.push('\n');
    }
    if style == Style::Plain {
        text.truncate(text.trim_end().len());
        text.push('\n');
    } else {
        text.push_str("  ");
        for (at, label) in [(-1.0, -largest), (0.0, 0.0), (1.0, largest)] {
            let label = format!(" {:>width$} ", format.show(label), width = format.width);
            cell(&mut text, at, &label, style);
        }
        text.push('\n');
    }
    text
}

/// Writes a label on the colour for `at` in [−1, 1].
fn cell(text: &mut String, at: f32, label: &str, style: Style) {
    // Black or white, whichever contrasts more.
    let is_light = |rgb| maps::luminance(rgb) > 0.179;
    let _ = match style {
        Style::True => {
            let [r, g, b] = colour(at);
            let ink = if is_light([r, g, b]) {
                "0;0;0"
            } else {
                "255;255;255"
            };
            write!(text, "\x1b[48;2;{r};{g};{b}m\x1b[38;2;{ink}m{label}\x1b[0m")
        }
        Style::Indexed => {
            let index = indexed(at);
            let ink = if is_light(of_cube(index)) { 16 } else { 231 };
            write!(text, "\x1b[48;5;{index}m\x1b[38;5;{ink}m{label}\x1b[0m")
        }
        Style::Plain => write!(text, "{label}"),
    };
}

/// Blue at −1, white at 0, red at 1.
fn colour(at: f32) -> [u8; 3] {
    const WHITE: [f32; 3] = [247.0, 247.0, 245.0];
    const RED: [f32; 3] = [188.0, 36.0, 44.0];
    const BLUE: [f32; 3] = [38.0, 98.0, 172.0];
    let end = if at < 0.0 { BLUE } else { RED };
    let t = at.abs();
    [0, 1, 2].map(|i| (WHITE[i] + t * (end[i] - WHITE[i])) as u8)
}

/// Colours of the xterm palette from white to red and to blue, each darker than the one before: nearest
/// colours of the cube would not be.
const INDEXED: [[u8; 7]; 2] = [
    [231, 224, 217, 210, 203, 160, 124],
    [231, 189, 153, 111, 68, 26, 25],
];

/// The colour of the 256 for `at` in [−1, 1].
fn indexed(at: f32) -> u8 {
    let ramp = INDEXED[usize::from(at < 0.0)];
    ramp[(at.abs().min(1.0) * (ramp.len() - 1) as f32).round() as usize]
}

/// A colour of the 6 × 6 × 6 cube of the xterm palette.
fn of_cube(index: u8) -> [u8; 3] {
    let at = index.saturating_sub(16);
    [at / 36, at / 6 % 6, at % 6].map(|level| if level == 0 { 0 } else { 55 + 40 * level })
}

fn ratio(weight: f32, largest: f32) -> f32 {
    if largest > 0.0 { weight / largest } else { 0.0 }
}

/// Rows and columns of a plane of the block.
fn plane(sides: &[u32]) -> (usize, usize) {
    let side = |from_end: usize| {
        sides
            .len()
            .checked_sub(from_end)
            .map_or(1, |i| sides[i] as usize)
    };
    (side(2), side(1))
}

/// The planes of all components, each with a heading where there is more than one.
fn planes(filters: &Filters) -> Vec<(String, &[f32])> {
    let (rows, columns) = plane(filters.sides());
    let depth = filters.sites() / (rows * columns);
    let mut list = vec![];
    for (c, component) in filters.components().enumerate() {
        for (z, weights) in component.chunks_exact(rows * columns).enumerate() {
            let mut heading = vec![];
            if filters.count() > 1 {
                heading.push(filters.name(c));
            }
            if depth > 1 {
                heading.push(format!("plane {}", z + 1));
            }
            list.push((heading.join(", "), weights));
        }
    }
    list
}

/// The common number format of a picture.
struct NumberFormat {
    decimals: usize,
    scientific: bool,
    width: usize,
}

impl NumberFormat {
    fn of(largest: f32) -> Self {
        let scientific = largest != 0.0 && !(1e-2..1e4).contains(&largest);
        let decimals = match largest {
            _ if scientific => 2,
            x if x >= 100.0 => 1,
            x if x >= 10.0 => 2,
            _ => 3,
        };
        let mut format = NumberFormat {
            decimals,
            scientific,
            width: 0,
        };
        format.width = format.show(-largest).len().max(6);
        format
    }

    fn show(&self, weight: f32) -> String {
        let decimals = self.decimals;
        let text = if self.scientific {
            format!("{weight:.2e}")
        } else {
            format!("{weight:.decimals$}")
        };
        // No −0.000.
        match text.strip_prefix('-') {
            Some(rest) if !rest.bytes().any(|b| (b'1'..=b'9').contains(&b)) => rest.into(),
            _ => text,
        }
    }
}

/// A drawing as the content of an `.svg` file.
#[must_use]
pub fn svg_file(fragment: &str) -> String {
    fragment.replacen("<svg ", "<svg xmlns=\"http://www.w3.org/2000/svg\" ", 1)
}

/// The format of a picture in a file, by its suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureFormat {
    /// `.svg`.
    Svg,
    /// `.png`.
    Png,
}

impl PictureFormat {
    /// The format that a suffix says.
    ///
    /// # Errors
    /// Of every other suffix, and of none.
    pub fn of(path: &Path) -> Result<Self> {
        let suffix = path.extension().unwrap_or_default().to_ascii_lowercase();
        match suffix.to_str() {
            Some("svg") => Ok(PictureFormat::Svg),
            Some("png") => Ok(PictureFormat::Png),
            _ => Err(Error::setting(
                "picture",
                &path.to_string_lossy(),
                "the suffix says the format, .svg or .png",
            )),
        }
    }
}

/// A round distance between about `count` ticks on `range` > 0, and its number of decimals.
///
/// Powers of ten by multiplication: std's logarithm may differ between machines.
fn tick(range: f64, count: f64) -> (f64, usize) {
    let rough = range / count;
    let (mut unit, mut digits) = (1.0, 0);
    while unit > rough {
        unit /= 10.0;
        digits += 1;
    }
    while unit * 10.0 <= rough {
        unit *= 10.0;
        digits = 0;
    }
    for multiple in [1.0, 2.0, 5.0] {
        if unit * multiple >= rough {
            return (unit * multiple, digits);
        }
    }
    (unit * 10.0, digits.saturating_sub(1))
}

/// Escapes text for HTML and SVG, including quoted attributes.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boundary() -> Filters {
        let mut weights = vec![-0.5; 16];
        for i in [5, 6, 9, 10] {
            weights[i] = 0.012_34;
        }
        Filters::new(&[4, 4], weights).unwrap()
    }

    #[test]
    fn colours_are_those_that_a_terminal_has() {
        use Style::{Indexed, Plain, True};
        assert_eq!(Style::of_terminal("1", "xterm", "truecolor"), Plain);
        assert_eq!(Style::of_terminal("", "dumb", ""), Plain);
        assert_eq!(Style::of_terminal("", "xterm", "truecolor"), True);
        assert_eq!(Style::of_terminal("", "xterm-256color", ""), Indexed);
    }

    #[test]
    fn plain_maps_are_aligned_numbers() {
        let text = heat_map(&boundary(), Style::Plain);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[0], " -0.500 -0.500 -0.500 -0.500");
        assert_eq!(lines[1], " -0.500  0.012  0.012 -0.500");
        assert!(!text.contains('\x1b'));
    }

    #[test]
    fn every_dimension_has_a_map() {
        for (sides, count, headings) in [
            (&[5][..], 1, 0),
            (&[5], 3, 3),
            (&[2, 3], 2, 2),
            (&[2, 2, 2], 1, 2),
            (&[3, 2, 2], 2, 6),
        ] {
            let sites: u32 = sides.iter().product();
            let weights = (0..sites * count).map(|i| i as f32 / 7.0).collect();
            let filters = Filters::new(sides, weights).unwrap();
            let plain = heat_map(&filters, Style::Plain);
            let found = plain
                .lines()
                .filter(|l| l.contains("component") || l.contains("plane"));
            assert_eq!(found.count(), headings, "{sides:?}\n{plain}");
            for style in [Style::Indexed, Style::True] {
                let text = heat_map(&filters, style);
                assert_eq!(
                    text.matches("\x1b[48;").count(),
                    text.matches("\x1b[0m").count()
                );
            }
        }
    }

    #[test]
    fn flat_and_extreme_weights_are_drawn() {
        for weights in [
            vec![0.0; 4],
            vec![-0.0; 4],
            vec![1e-30, -1e30, f32::MAX, 1.0],
        ] {
            let filters = Filters::new(&[2, 2], weights).unwrap();
            let text = heat_map(&filters, Style::Plain);
            assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
        }
        assert_eq!(NumberFormat::of(0.5).show(-0.0001), "0.000");
    }

    #[test]
    fn colours_diverge_from_white() {
        assert_eq!(colour(0.0), [247, 247, 245]);
        assert!(colour(1.0)[0] > colour(1.0)[2] && colour(-1.0)[2] > colour(-1.0)[0]);
        // Away from zero each step is darker, with 256 colours too.
        for sign in [-1.0, 1.0] {
            let ramp = (0..=60).map(|i| sign * i as f32 / 60.0);
            let light = |rgb| maps::luminance(rgb);
            let indexed: Vec<f64> = ramp.clone().map(|at| light(of_cube(indexed(at)))).collect();
            let plain: Vec<f64> = ramp.map(|at| light(colour(at))).collect();
            assert!(indexed.windows(2).all(|pair| pair[1] <= pair[0]));
            assert!(plain.windows(2).all(|pair| pair[1] < pair[0]));
            assert!(indexed[60] < 0.3 * indexed[0]);
        }
    }
}
