//! Filters as maps for a page: one for each component, state or plane, with one colour scale.
//!
//! Colours are opaque and the same in light and dark mode, so that numbers on them can be black or white,
//! whichever has the higher contrast. Maps are never scaled down, so that text keeps its size on small
//! screens.

use std::fmt::Write;

use super::{NumberFormat, colour, plane, planes, ratio};
use crate::data::filters::Filters;

/// Width of a map in pixels, at least.
const WIDTH: usize = 276;
/// Height of a map at most: a column of a block that is one site wide.
const HEIGHT: usize = 480;
/// Room for the label of the axis downwards.
const LEFT: usize = 20;
/// Size of text, and the width of a digit, in pixels.
const TEXT: usize = 12;
const DIGIT: usize = 7;
/// Most cells of a strip's map in one direction that are drawn one by one.
const STRIP: usize = 64;
/// Most filters of a strip.
const STRIP_ROWS: usize = 8;

/// Names of the axes of a block, slowest first.
#[must_use]
pub fn axis_names(dimension: usize, of_file: bool) -> Vec<String> {
    match of_file {
        true => (0..dimension).map(|axis| format!("axis {axis}")).collect(),
        false => ["z", "y", "x"][3 - dimension.clamp(1, 3)..]
            .iter()
            .map(ToString::to_string)
            .collect(),
    }
}

/// Maps of all filters, with titles where there are several, and their scale. `axes` names the axes of
/// the block, slowest first.
#[must_use]
pub fn maps_html(filters: &Filters, axes: &[String]) -> String {
    let largest = filters.largest();
    let panels = planes(filters);
    let class = if panels.len() > 1 { "maps" } else { "maps one" };
    let mut html = format!("<div class=\"{class}\">\n");
    for (title, weights) in &panels {
        html.push_str("<div class=\"panel\">\n");
        if !title.is_empty() {
            let _ = writeln!(html, "<p class=\"title\">{title}</p>");
        }
        html += &map_svg(filters.sides(), title, weights, largest, axes);
        html.push_str("</div>\n");
    }
    html.push_str("</div>\n");
    html + &scale_svg(largest)
}

/// `rgb(…)`, and the ink that is readable on it.
fn paint(at: f32) -> (String, &'static str) {
    let rgb = colour(at);
    let [r, g, b] = rgb;
    (format!("#{r:02x}{g:02x}{b:02x}"), ink(rgb))
}

/// Black or white, whichever contrasts more: by at least 4.58.
fn ink(rgb: [u8; 3]) -> &'static str {
    let light = luminance(rgb);
    match (light + 0.05) / 0.05 > 1.05 / (light + 0.05) {
        true => "#000",
        false => "#fff",
    }
}

/// Relative luminance of an sRGB colour, as WCAG 2 defines contrast by it.
pub(super) fn luminance(rgb: [u8; 3]) -> f64 {
    let linear = rgb.map(|c| {
        let c = f64::from(c) / 255.0;
        match c <= 0.04045 {
            true => c / 12.92,
            // libm's function, which is the same on every machine.
            false => libm::pow((c + 0.055) / 1.055, 2.4),
        }
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

fn map_svg(sides: &[u32], title: &str, weights: &[f32], largest: f32, axes: &[String]) -> String {
    let (rows, columns) = plane(sides);
    let wide = WIDTH - LEFT;
    // Cells are squares, but for those of a single row, which would be slivers.
    let high = match rows {
        1 => (wide / columns).clamp(36, 64),
        _ => (wide * rows / columns).min(HEIGHT) / rows,
    }
    .max(1);
    let x = |column: usize| (LEFT * columns + column * wide) as f64 / columns as f64;
    let y = |row: usize| row * high;
    let cell = wide as f64 / columns as f64;
    let mut format = NumberFormat::of(largest);
    let fits = |format: &NumberFormat| {
        let longest = weights.iter().map(|w| format.show(*w).len()).max();
        (longest.unwrap_or(0) * DIGIT + 2) as f64 <= cell && high > TEXT + 2
    };
    while !fits(&format) && format.decimals > 1 && !format.scientific {
        format.decimals -= 1;
    }
    let numbered = fits(&format);
    let height = rows * high + 20;
    let mut svg = format!(
        "<svg class=\"filter\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"Weights of the filter{}{title}\" font-family=\"system-ui, sans-serif\" \
         font-size=\"{TEXT}\">\n",
        if title.is_empty() { "" } else { ", " }
    );
    for (at, w) in weights.iter().enumerate() {
        let (left, top) = (x(at % columns), y(at / columns));
        let (fill, ink) = paint(ratio(*w, largest));
        // A small gap between cells shows the grid.
        let gap = if cell > 8.0 && high > 8 { 1.0 } else { 0.0 };
        let _ = write!(
            svg,
            "<rect x=\"{left:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{fill}\">\
             <title>{w}</title></rect>",
            cell - gap,
            high as f64 - gap
        );
        if numbered {
            let _ = write!(
                svg,
                "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"{ink}\" \
                 pointer-events=\"none\">{}</text>",
                left + cell / 2.0,
                top + high / 2 + 4,
                format.show(*w).replace('-', "−")
            );
        }
        svg.push('\n');
    }
    let muted = "fill=\"var(--muted, #666)\"";
    if let Some(name) = axes.last() {
        let _ = writeln!(
            svg,
            "<text x=\"{WIDTH}\" y=\"{}\" text-anchor=\"end\" {muted}>{name} →</text>",
            height - 5
        );
    }
    if axes.len() > 1 {
        let name = &axes[axes.len() - 2];
        // Read downwards.
        let _ = writeln!(
            svg,
            "<text transform=\"translate(4 0) rotate(90)\" {muted}>{name} →</text>"
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// The colour scale of all maps.
fn scale_svg(largest: f32) -> String {
    const STEPS: usize = 41;
    const WIDE: usize = 240;
    let format = NumberFormat::of(largest);
    let mut svg = format!(
        "<svg class=\"scale\" viewBox=\"-30 0 {} 32\" width=\"{0}\" role=\"img\" \
         aria-label=\"Colour scale\" font-family=\"system-ui, sans-serif\" font-size=\"{TEXT}\" \
         fill=\"var(--muted, #666)\">\n",
        WIDE + 60
    );
    let step = WIDE as f64 / STEPS as f64;
    for i in 0..STEPS {
        let at = 2.0 * i as f32 / (STEPS - 1) as f32 - 1.0;
        let _ = write!(
            svg,
            "<rect x=\"{:.2}\" width=\"{:.2}\" height=\"12\" fill=\"{}\"/>",
            i as f64 * step,
            step + 0.3,
            paint(at).0
        );
    }
    for (x, label) in [(0, -largest), (WIDE / 2, 0.0), (WIDE, largest)] {
        let _ = write!(
            svg,
            "<text x=\"{x}\" y=\"27\" text-anchor=\"middle\">{}</text>",
            format.show(label).replace('-', "−")
        );
    }
    svg.push_str("\n</svg>\n");
    svg
}

/// Small maps of filters at several steps, a line for each filter, all in the scale of the last.
#[must_use]
pub fn strip_html(steps: &[u32], series: &[Filters]) -> String {
    let (Some(last), true) = (series.last(), steps.len() == series.len()) else {
        return String::new();
    };
    let largest = last.largest();
    let shown = last.count().min(STRIP_ROWS);
    let mut html = String::new();
    for filter in 0..shown {
        if last.count() > 1 {
            let _ = writeln!(html, "<p class=\"title\">{}</p>", last.name(filter));
        }
        html.push_str("<ol class=\"strip\">\n");
        for (step, filters) in steps.iter().zip(series) {
            let weights = filters.components().nth(filter).unwrap_or(&[]);
            let _ = writeln!(
                html,
                "<li>{}<span>{step}</span></li>",
                small_svg(filters.sides(), weights, largest, *step)
            );
        }
        html.push_str("</ol>\n");
    }
    html
}

/// One small map; planes of a block in three dimensions are side by side, wide blocks are coarsened.
fn small_svg(sides: &[u32], weights: &[f32], largest: f32, step: u32) -> String {
    let (rows, columns) = plane(sides);
    let depth = weights.len() / (rows * columns).max(1);
    let stride = rows.max(columns).div_ceil(STRIP);
    let wide = columns + usize::from(depth > 1);
    // Single rows are drawn higher.
    let high = if rows == 1 {
        columns.div_ceil(3).max(1)
    } else {
        rows
    };
    let mut svg = format!(
        "<svg viewBox=\"0 0 {} {high}\" role=\"img\" aria-label=\"Filter at step {step}\" \
         shape-rendering=\"crispEdges\">",
        (wide * depth).saturating_sub(usize::from(depth > 1))
    );
    let tall = if rows == 1 { high } else { stride };
    for (z, plane) in weights.chunks_exact(rows * columns).enumerate() {
        for row in (0..rows).step_by(stride) {
            for column in (0..columns).step_by(stride) {
                let at = ratio(plane[row * columns + column], largest).clamp(-1.0, 1.0);
                let _ = write!(
                    svg,
                    "<path d=\"M{} {row}h{stride}v{tall}h-{stride}z\" fill=\"{}\"/>",
                    z * wide + column,
                    paint(at).0
                );
            }
        }
    }
    svg.push_str("</svg>");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
        let [a, b] = [a, b].map(|rgb| luminance(rgb) + 0.05);
        f64::max(a / b, b / a)
    }

    fn rgb(hex: &str) -> [u8; 3] {
        let long: String = match hex.len() {
            4 => hex[1..].chars().flat_map(|c| [c, c]).collect(),
            _ => hex[1..].to_string(),
        };
        [0, 2, 4].map(|at| u8::from_str_radix(&long[at..at + 2], 16).unwrap())
    }

    #[test]
    fn numbers_are_readable_on_every_cell() {
        let weights: Vec<f32> = (0..16).map(|i| i as f32 / 7.5 - 1.0).collect();
        let filters = Filters::new(&[4, 4], weights).unwrap();
        let html = maps_html(&filters, &axis_names(2, false));
        let attribute = |tag: &str, name: &str| {
            let (_, rest) = tag.split_once(&format!("{name}=\"")).unwrap();
            rest.split_once('"').unwrap().0.to_string()
        };
        let mut numbers = 0;
        for cell in html
            .lines()
            .filter(|line| line.contains("<title>") && line.contains("<text"))
        {
            let (rect, text) = cell.split_once("<text").unwrap();
            let [fill, ink] = [rect, text].map(|tag| rgb(&attribute(tag, "fill")));
            assert!(contrast(fill, ink) >= 4.5, "{cell}");
            numbers += 1;
        }
        assert_eq!(numbers, 16);
        for t in -100..=100 {
            let at = t as f32 / 100.0;
            let (fill, ink) = paint(at);
            assert!(contrast(rgb(&fill), rgb(ink)) >= 4.5, "{at}");
        }
    }

    #[test]
    fn every_block_has_a_map_for_each_plane() {
        for (sides, count, panels) in [
            (&[5][..], 1, 1),
            (&[200], 3, 3),
            (&[2, 3], 2, 2),
            (&[40, 2], 1, 1),
            (&[2, 2, 2], 1, 2),
            (&[3, 2, 2], 2, 6),
        ] {
            let sites: u32 = sides.iter().product();
            for flat in [true, false] {
                let weight = |i| if flat { 0.0 } else { i as f32 / 7.0 - 3.0 };
                let weights = (0..sites * count).map(weight).collect();
                let filters = Filters::new(sides, weights).unwrap();
                let html = maps_html(&filters, &axis_names(sides.len(), true));
                assert_eq!(html.matches("<svg class=\"filter\"").count(), panels);
                assert_eq!(html.matches("class=\"scale\"").count(), 1);
                assert_eq!(
                    html.matches("<p class=\"title\">").count(),
                    if panels > 1 { panels } else { 0 }
                );
                assert_eq!(html.matches("<title>").count(), filters.weights().len());
                assert!(!html.contains("NaN") && !html.contains("inf"));
                let strip = strip_html(&[0, 9], &[filters.clone(), filters]);
                assert_eq!(strip.matches("<svg").count(), 2 * count as usize);
                assert!(!strip.contains("NaN"));
            }
        }
        assert_eq!(strip_html(&[], &[]), "");
        assert_eq!(axis_names(1, false), ["x"]);
        assert_eq!(axis_names(2, true), ["axis 0", "axis 1"]);
    }
}
