//! Pictures: filters as heat maps for terminal and report, information against step, configurations.
//!
//! Drawings are SVG fragments for a page. Their colours are CSS variables with fallbacks, so that the
//! report can set them for light and dark mode, and [`svg_file`] makes a drawing self-contained.

pub mod configuration;
pub mod graph;

use std::fmt::{self, Write};

use crate::data::filters::{Filters, product};
use crate::run::history::Record;

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
    let [r, g, b] = colour(at);
    // Dark text on light colours, and light text on dark ones.
    let luminance = 0.299 * f32::from(r) + 0.587 * f32::from(g) + 0.114 * f32::from(b);
    let light = luminance > 140.0;
    let _ = match style {
        Style::True => {
            let ink = if light { "16;16;16" } else { "255;255;255" };
            write!(text, "\x1b[48;2;{r};{g};{b}m\x1b[38;2;{ink}m{label}\x1b[0m")
        }
        Style::Indexed => {
            let ink = if light { 16 } else { 231 };
            let index = indexed([r, g, b]);
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

/// Nearest colour of the 6 × 6 × 6 cube of the xterm palette.
fn indexed(rgb: [u8; 3]) -> u8 {
    let level = |c: u8| match c {
        0..48 => 0,
        48..115 => 1,
        _ => (c - 35) / 40,
    };
    16 + 36 * level(rgb[0]) + 6 * level(rgb[1]) + level(rgb[2])
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

/// Filters as an SVG fragment: a row of planes per component, numbers where they fit.
#[must_use]
pub fn heat_map_svg(filters: &Filters) -> String {
    const GAP: usize = 18;
    const HEADING: usize = 22;
    let (rows, columns) = plane(filters.sides());
    let depth = filters.sites() / (rows * columns);
    let largest = filters.largest();
    let mut format = NumberFormat::of(largest);
    let cell = (360 / columns.max(rows)).clamp(3, 64);
    let numbered = cell >= 42;
    if cell < 56 {
        format.decimals -= 1;
    }
    let heading = if filters.count() * depth > 1 {
        HEADING
    } else {
        0
    };
    // Planes of one component are side by side, up to the width of a page.
    let across = depth.min((720 / (columns * cell + GAP)).max(1));
    let panels = planes(filters);
    let down = panels.len().div_ceil(across);
    let (wide, high) = (columns * cell + GAP, rows * cell + GAP + heading);
    let (width, height) = (across * wide - GAP, down * high - GAP);
    let mut svg = format!(
        "<svg class=\"filter\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" role=\"img\" aria-label=\"Weights of the filter, {} component(s) on a \
         block of {}\" font-family=\"system-ui, sans-serif\" font-size=\"12\">\n",
        filters.count(),
        product(filters.sides())
    );
    for (i, (title, weights)) in panels.iter().enumerate() {
        let (left, top) = (i % across * wide, i / across * high);
        if heading > 0 {
            let _ = writeln!(
                svg,
                "<text x=\"{left}\" y=\"{}\" fill=\"var(--muted, #666)\">{title}</text>",
                top + 13
            );
        }
        let top = top + heading;
        let _ = writeln!(
            svg,
            "<rect x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{}\" fill=\"var(--zero, #f7f7f5)\"/>",
            columns * cell,
            rows * cell
        );
        for (at, w) in weights.iter().enumerate() {
            let (x, y) = (left + at % columns * cell, top + at / columns * cell);
            let t = ratio(*w, largest);
            let fill = if t < 0.0 {
                "var(--negative, #2662ac)"
            } else {
                "var(--positive, #bc242c)"
            };
            // A small gap between cells shows the grid.
            let inner = if cell > 8 { cell - 1 } else { cell };
            let _ = write!(
                svg,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{inner}\" height=\"{inner}\" fill=\"{fill}\" \
                 fill-opacity=\"{:.3}\"><title>{w}</title></rect>",
                t.abs()
            );
            if numbered {
                let ink = if t.abs() > 0.5 {
                    "#fff"
                } else {
                    "var(--ink, #1a1a1a)"
                };
                let _ = write!(
                    svg,
                    "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\" fill=\"{ink}\" \
                     pointer-events=\"none\">{}</text>",
                    x + cell / 2,
                    y + cell / 2 + 4,
                    format.show(*w).replace('-', "−")
                );
            }
            svg.push('\n');
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// A drawing as the content of an `.svg` file.
#[must_use]
pub fn svg_file(fragment: &str) -> String {
    fragment.replacen("<svg ", "<svg xmlns=\"http://www.w3.org/2000/svg\" ", 1)
}

/// A horizontal reference line.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// Its value in nats.
    pub value: f64,
    /// Its label, such as "ln K".
    pub label: String,
}

/// Most points of a curve, more than there are pixels.
const MAX_POINTS: usize = 600;

/// Information against step as an SVG fragment: the training average as a line, held-out values as
/// points with error bars, and those of the `levels` that are not far above all values.
#[must_use]
pub fn series_svg(records: &[Record], levels: &[Level]) -> String {
    const WIDTH: f64 = 480.0;
    const HEIGHT: f64 = 300.0;
    const LEFT: f64 = 46.0;
    const RIGHT: f64 = 22.0;
    const TOP: f64 = 30.0;
    const BOTTOM: f64 = 40.0;
    let finite = |value: Option<f64>| value.filter(|v| v.is_finite());
    let values = || {
        records
            .iter()
            .flat_map(|r| [finite(r.training), finite(r.validation)])
            .flatten()
    };
    let mut low = values().fold(0.0, f64::min);
    let mut high = values().fold(low, f64::max);
    if high - low < 0.01 {
        high = low + 0.01;
    }
    let reach = low + 2.0 * (high - low);
    let shown: Vec<_> = levels
        .iter()
        .filter(|l| l.value > low && l.value <= reach)
        .collect();
    high = shown.iter().map(|l| l.value).fold(high, f64::max);
    let (step, digits) = tick(high - low, 5.0);
    // A small margin; rounding outwards to a tick would leave an empty band.
    let air = 0.06 * (high - low);
    let floor_value = if low < 0.0 { low - air } else { low };
    let first = (floor_value / step).ceil() * step;
    (low, high) = (floor_value, high + air);
    let last = records.iter().map(|r| r.step).max().unwrap_or(0).max(1) as f64;

    let x = |at: f64| LEFT + at / last * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM);
    let (end, floor) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
    let mut svg = format!(
        "<svg class=\"series\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         role=\"img\" aria-label=\"Information in nats against training step\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"var(--muted, #666)\">\n"
    );
    let mut line = |y: f64, style: &str| {
        let _ = writeln!(
            svg,
            "<path d=\"M{LEFT} {y:.1}H{end}\" {style} fill=\"none\"/>"
        );
    };
    let mut marks = vec![];
    let mut value = first;
    while value < high {
        line(y(value), "stroke=\"var(--rule, #e4e2dd)\"");
        marks.push(value);
        value += step;
    }
    for level in &shown {
        line(
            y(level.value),
            "stroke=\"var(--muted, #666)\" stroke-dasharray=\"4 4\"",
        );
    }
    for mark in marks {
        // Rounding may leave −0.
        let mark = if mark.abs() < step / 2.0 { 0.0 } else { mark };
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 8.0,
            y(mark) + 4.0,
            format!("{mark:.digits$}").replace('-', "−")
        );
    }
    for level in &shown {
        let _ = writeln!(
            svg,
            "<text x=\"{end}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            y(level.value) - 5.0,
            escape(&level.label)
        );
    }
    let (step, _) = tick(last, 6.0);
    let step = step.max(1.0);
    let mut at = 0.0;
    while at <= last {
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{at:.0}</text>",
            x(at),
            floor + 18.0
        );
        at += step;
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">step</text>",
        (LEFT + end) / 2.0,
        HEIGHT - 5.0
    );

    let stride = records.len().div_ceil(MAX_POINTS).max(1);
    let mut path = String::new();
    for record in records.iter().step_by(stride).chain(records.last()) {
        if let Some(value) = finite(record.training) {
            let pen = if path.is_empty() { 'M' } else { 'L' };
            let _ = write!(path, "{pen}{:.1} {:.1}", x(record.step as f64), y(value));
        }
    }
    let _ = writeln!(
        svg,
        "<path d=\"{path}\" fill=\"none\" stroke=\"var(--training, #8a8f98)\" \
         stroke-width=\"1.5\" stroke-linejoin=\"round\"/>"
    );
    let accent = "var(--accent, #1f5fa8)";
    for record in records {
        let Some(value) = finite(record.validation) else {
            continue;
        };
        let (cx, cy) = (x(record.step as f64), y(value));
        if let Some(error) = finite(record.validation_stderr) {
            let half = error / (high - low) * (HEIGHT - TOP - BOTTOM);
            let _ = writeln!(
                svg,
                "<path d=\"M{cx:.1} {:.1}V{:.1}\" stroke=\"{accent}\"/>",
                cy - half,
                cy + half
            );
        }
        let _ = writeln!(
            svg,
            "<circle cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"3\" fill=\"{accent}\"/>"
        );
    }
    let _ = write!(
        svg,
        "<text x=\"{left}\" y=\"14\">nats</text>\
         <path d=\"M{a} 10h22\" stroke=\"var(--training, #8a8f98)\" stroke-width=\"1.5\"/>\
         <text x=\"{b}\" y=\"14\">training, moving average</text>\
         <circle cx=\"{c}\" cy=\"10\" r=\"3\" fill=\"{accent}\"/>\
         <text x=\"{d}\" y=\"14\">held out</text>\n</svg>\n",
        left = 0,
        a = LEFT + 20.0,
        b = LEFT + 48.0,
        c = LEFT + 220.0,
        d = LEFT + 230.0,
    );
    svg
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
            let svg = heat_map_svg(&filters);
            assert_eq!(svg.matches("<title>").count(), filters.weights().len());
            assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
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
            let text = heat_map(&filters, Style::Plain) + &heat_map_svg(&filters);
            assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
        }
        assert_eq!(NumberFormat::of(0.5).show(-0.0001), "0.000");
    }

    #[test]
    fn colours_diverge_from_white() {
        assert_eq!(colour(0.0), [247, 247, 245]);
        assert!(colour(1.0)[0] > colour(1.0)[2] && colour(-1.0)[2] > colour(-1.0)[0]);
        assert_eq!((indexed([0, 0, 0]), indexed([255, 255, 255])), (16, 231));
    }

    #[test]
    fn curves_skip_what_is_not_a_number() {
        let record = Record {
            step: 0,
            training: Some(f64::NAN),
            validation: Some(f64::INFINITY),
            validation_stderr: None,
            epsilon: None,
        };
        let good = Record {
            step: 10,
            training: Some(0.4),
            validation: Some(0.39),
            ..record
        };
        for records in [&[][..], &[record], &[record, good]] {
            let levels = [Level {
                value: 4.6,
                label: "ln K".into(),
            }];
            let svg = series_svg(records, &levels);
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            assert!(!svg.contains("ln K"), "a far level would flatten the curve");
        }
        let near = [Level {
            value: 0.69,
            label: "ln <2>".into(),
        }];
        assert!(series_svg(&[good], &near).contains("ln &lt;2&gt;"));
    }

    #[test]
    fn long_runs_stay_small() {
        let records: Vec<_> = (0..100_000)
            .map(|step| Record {
                step,
                training: Some(0.4),
                validation: None,
                validation_stderr: None,
                epsilon: None,
            })
            .collect();
        assert!(series_svg(&records, &[]).len() < 20_000);
    }
}
