//! Information against step.

use std::fmt::Write;

use super::{escape, tick};
use crate::run::evaluate::Estimate;
use crate::run::history::Record;

/// A horizontal reference line.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// Its value in nats.
    pub value: f64,
    /// Its label, such as "ln K".
    pub label: String,
}

/// What a chart shows.
#[derive(Clone, Copy, Debug)]
pub struct Chart<'a> {
    /// The history of the training.
    pub records: &'a [Record],
    /// Those not far above all values are drawn.
    pub levels: &'a [Level],
    /// The figure that is reported, from held-out samples.
    pub reported: Option<Estimate>,
}

/// Sizes of a chart in pixels. It is not to be scaled down, so that text keeps its size.
#[derive(Clone, Copy, Debug)]
pub enum Size {
    /// For a column of a page.
    Wide,
    /// For a small screen.
    Narrow,
}

impl Size {
    /// Width, height, and the number of marks on the step axis.
    fn pixels(self) -> [f64; 3] {
        match self {
            Size::Wide => [460.0, 310.0, 6.0],
            Size::Narrow => [290.0, 280.0, 3.0],
        }
    }
}

/// Most points of a curve, more than there are pixels.
const MAX_POINTS: usize = 600;
/// Width of a character of a label, and the distance of two labels, in pixels.
const CHARACTER: f64 = 6.6;
/// Width of a digit in a wide font, and of a minus sign.
const DIGIT: f64 = 7.7;
const MINUS: f64 = 10.1;
const LINE: f64 = 14.0;
/// Distance of a number from the axis.
const GAP: f64 = 8.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 36.0;
const MUTED: &str = "var(--muted, #666)";
const ACCENT: &str = "var(--accent, #1f5fa8)";
const REPORTED: &str = "var(--reported, #b3261e)";

/// Positions of values.
struct Scales {
    low: f64,
    high: f64,
    last: f64,
    left: f64,
    end: f64,
    floor: f64,
}

impl Scales {
    fn x(&self, step: f64) -> f64 {
        self.left + step / self.last * (self.end - self.left)
    }

    fn y(&self, value: f64) -> f64 {
        TOP + (self.high - value) / (self.high - self.low) * (self.floor - TOP)
    }
}

fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|v| v.is_finite())
}

/// The chart as an SVG fragment: the training average as a line, validation figures as points with
/// error bars, levels with their names at the side, and the reported figure at the end.
#[must_use]
pub fn chart_svg(chart: &Chart<'_>, size: Size) -> String {
    let [width, height, marks] = size.pixels();
    let reported = chart.reported.filter(|figure| figure.mean.is_finite());
    let (low, mut high) = range(chart.records, reported);
    let reach = low + 2.0 * (high - low);
    let levels = chart.levels.iter();
    let levels: Vec<&Level> = levels
        .filter(|l| l.value > low && l.value <= reach)
        .collect();
    high = levels.iter().map(|l| l.value).fold(high, f64::max);
    // A small margin; rounding outwards to a tick would leave an empty band.
    let air = 0.05 * (high - low);
    let longest = levels.iter().map(|level| level.label.chars().count());
    let longest = longest.chain(reported.map(|_| 8)).max().unwrap_or(0);
    let last = chart.records.iter().map(|r| r.step).max().unwrap_or(0);
    let (low, high) = (low - air, high + air);
    let numbers = marks_of(low, high).into_iter();
    let widest = numbers.map(|(_, number)| width_of(&number));
    let widest = widest.fold(0.0, f64::max);
    let scales = Scales {
        low,
        high,
        last: last.max(1) as f64,
        left: GAP + widest,
        end: width - 22.0 - CHARACTER * longest as f64,
        floor: height - BOTTOM,
    };
    let mut svg = format!(
        "<svg class=\"series {}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" aria-label=\"Information in nats against training step\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"{MUTED}\">\n",
        match size {
            Size::Wide => "wide",
            Size::Narrow => "narrow",
        }
    );
    axes(&mut svg, &scales, marks);
    side(&mut svg, &scales, &levels, reported);
    points(&mut svg, &scales, chart.records);
    line(&mut svg, &scales, chart.records);
    svg.push_str("</svg>\n");
    svg
}

/// Least and greatest value, error bars included.
fn range(records: &[Record], reported: Option<Estimate>) -> (f64, f64) {
    let bar = |value: f64, error: Option<f64>| {
        let error = finite(error).unwrap_or(0.0);
        [value - error, value + error]
    };
    let ends = records.iter().flat_map(|r| {
        let training = finite(r.training).map(|value| [value; 2]);
        let validation = finite(r.validation).map(|value| bar(value, r.validation_stderr));
        training.into_iter().chain(validation)
    });
    let reported = reported.map(|figure| bar(figure.mean, Some(figure.stderr)));
    let ends: Vec<f64> = ends.chain(reported).flatten().collect();
    let low = ends.iter().copied().fold(0.0, f64::min);
    let high = ends.iter().copied().fold(low, f64::max);
    (low, high.max(low + 0.01))
}

/// Values with a line and a number, from below.
fn marks_of(low: f64, high: f64) -> Vec<(f64, String)> {
    let (step, digits) = tick(high - low, 5.0);
    let mut marks = vec![];
    let mut value = (low / step).ceil() * step;
    while value < high {
        // Rounding may leave −0.
        let mark = if value.abs() < step / 2.0 { 0.0 } else { value };
        marks.push((mark, format!("{mark:.digits$}").replace('-', "−")));
        value += step;
    }
    marks
}

/// Width of a number in pixels.
fn width_of(number: &str) -> f64 {
    let widths = number.chars().map(|c| match c {
        '−' => MINUS,
        '.' => DIGIT / 2.0,
        _ => DIGIT,
    });
    widths.sum()
}

/// Grid, marks with numbers, and smaller ones between them.
fn axes(svg: &mut String, scales: &Scales, marks: f64) {
    let Scales {
        low,
        high,
        last,
        left,
        end,
        floor,
    } = *scales;
    let (step, _) = tick(high - low, 5.0);
    let mut small = String::new();
    let between = step / minor(step);
    let mut value = (low / between).ceil() * between;
    while value < high {
        let _ = write!(small, "M{:.1} {:.1}h4", left - 4.0, scales.y(value));
        value += between;
    }
    for (mark, number) in marks_of(low, high) {
        let y = scales.y(mark);
        let _ = writeln!(
            svg,
            "<path d=\"M{left:.1} {y:.1}H{end:.1}\" stroke=\"var(--rule, #e4e2dd)\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{number}</text>",
            left - GAP,
            y + 4.0
        );
    }
    let (step, _) = tick(last, marks);
    let step = step.max(1.0);
    let between = (step / minor(step)).max(1.0);
    let mut at = 0.0;
    while at <= last {
        let _ = write!(small, "M{:.1} {floor}v4", scales.x(at));
        at += between;
    }
    let mut at = 0.0;
    while at <= last {
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{at:.0}</text>",
            scales.x(at),
            floor + 18.0
        );
        at += step;
    }
    let _ = writeln!(
        svg,
        "<path d=\"M{left:.1} {TOP}V{floor}H{end:.1}\" stroke=\"{MUTED}\" fill=\"none\"/>\
         <path d=\"{small}\" stroke=\"{MUTED}\"/>\
         <text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">step</text>\
         <text x=\"0\" y=\"12\">nats</text>",
        (left + end) / 2.0,
        floor + 33.0
    );
}

/// Parts of the distance of two marks: 4 of 2·10ⁿ, else 5.
fn minor(step: f64) -> f64 {
    let mut digit = step;
    while digit < 1.0 {
        digit *= 10.0;
    }
    while digit >= 10.0 {
        digit /= 10.0;
    }
    if (1.5..3.0).contains(&digit) {
        4.0
    } else {
        5.0
    }
}

/// Levels with their names, and the reported figure with its error bar, at the right side.
fn side(svg: &mut String, scales: &Scales, levels: &[&Level], reported: Option<Estimate>) {
    let (left, end) = (scales.left, scales.end);
    let mut labels: Vec<(f64, String, &str)> = vec![];
    for level in levels {
        let y = scales.y(level.value);
        let _ = writeln!(
            svg,
            "<path d=\"M{left:.1} {y:.1}H{end:.1}\" stroke=\"{MUTED}\" stroke-dasharray=\"4 4\"/>"
        );
        labels.push((y, escape(&level.label), MUTED));
    }
    if let Some(figure) = reported {
        let (x, y) = (end + 7.0, scales.y(figure.mean));
        let half = y - scales.y(figure.mean + figure.stderr.max(0.0));
        let half = if half.is_finite() { half } else { 0.0 };
        let _ = writeln!(
            svg,
            "<path class=\"reported\" d=\"M{x:.1} {:.1}V{:.1}M{:.1} {:.1}h6M{:.1} {:.1}h6\" \
             stroke=\"{REPORTED}\" stroke-width=\"1.5\"/>\
             <circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{REPORTED}\"/>",
            y - half,
            y + half,
            x - 3.0,
            y - half,
            x - 3.0,
            y + half
        );
        labels.push((y, "held out".into(), REPORTED));
    }
    // From top to bottom, and below one another where they are too close.
    labels.sort_by(|a, b| a.0.total_cmp(&b.0));
    let count = labels.len() as f64;
    let mut free = TOP - LINE;
    for (i, (y, label, ink)) in labels.into_iter().enumerate() {
        let lowest = scales.floor - LINE * (count - 1.0 - i as f64);
        let at = f64::max(y, free + LINE).min(lowest.max(free + LINE));
        free = at;
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{ink}\">{label}</text>",
            end + 16.0,
            at + 4.0
        );
    }
}

fn points(svg: &mut String, scales: &Scales, records: &[Record]) {
    for record in records {
        let Some(value) = finite(record.validation) else {
            continue;
        };
        let (cx, cy) = (scales.x(record.step as f64), scales.y(value));
        if let Some(error) = finite(record.validation_stderr) {
            let half = cy - scales.y(value + error);
            let _ = write!(
                svg,
                "<path d=\"M{cx:.1} {:.1}V{:.1}\" stroke=\"{ACCENT}\" stroke-opacity=\"0.45\"/>",
                cy - half,
                cy + half
            );
        }
        let _ = writeln!(
            svg,
            "<circle cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"2\" fill=\"{ACCENT}\"/>"
        );
    }
}

/// The training average, over the points.
fn line(svg: &mut String, scales: &Scales, records: &[Record]) {
    let stride = records.len().div_ceil(MAX_POINTS).max(1);
    let mut path = String::new();
    for record in records.iter().step_by(stride).chain(records.last()) {
        if let Some(value) = finite(record.training) {
            let pen = if path.is_empty() { 'M' } else { 'L' };
            let (x, y) = (scales.x(record.step as f64), scales.y(value));
            let _ = write!(path, "{pen}{x:.1} {y:.1}");
        }
    }
    let _ = writeln!(
        svg,
        "<path d=\"{path}\" fill=\"none\" stroke=\"var(--training, #6f747c)\" \
         stroke-width=\"1.5\" stroke-linejoin=\"round\"/>"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: Record = Record {
        step: 10,
        training: Some(0.4),
        validation: Some(0.39),
        validation_stderr: Some(0.05),
        epsilon: None,
    };

    fn draw(records: &[Record], levels: &[Level], reported: Option<Estimate>) -> String {
        let chart = Chart {
            records,
            levels,
            reported,
        };
        let both = [Size::Wide, Size::Narrow].map(|size| chart_svg(&chart, size));
        both.concat()
    }

    fn level(value: f64, label: &str) -> Level {
        let label = label.into();
        Level { value, label }
    }

    #[test]
    fn curves_skip_what_is_not_a_number() {
        let bad = Record {
            step: 0,
            training: Some(f64::NAN),
            validation: Some(f64::INFINITY),
            validation_stderr: None,
            ..RECORD
        };
        let none = Estimate {
            mean: f64::NAN,
            stderr: f64::NAN,
        };
        for records in [&[][..], &[bad], &[bad, RECORD]] {
            let svg = draw(records, &[level(4.6, "ln K")], Some(none));
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            assert!(!svg.contains("ln K"), "a far level would flatten the curve");
        }
        let svg = draw(&[RECORD], &[level(0.69, "ln <2>")], None);
        assert!(svg.contains("ln &lt;2&gt;"));
    }

    #[test]
    fn nothing_is_cut_and_no_label_lies_on_another() {
        let low = Record {
            step: 0,
            validation: Some(-0.2),
            validation_stderr: Some(0.3),
            ..RECORD
        };
        let reported = Estimate {
            mean: 0.4,
            stderr: 0.5,
        };
        let levels = [
            level(0.41, "exact"),
            level(0.405, "ln 2"),
            level(0.9, "ln K = ln 100"),
        ];
        for size in [Size::Wide, Size::Narrow] {
            let [width, height, _] = size.pixels();
            let records = [low, RECORD];
            let chart = Chart {
                records: &records,
                levels: &levels,
                reported: Some(reported),
            };
            let svg = chart_svg(&chart, size);
            let numbers = |text: &str| -> Vec<f64> {
                let parts = text.split(|c: char| !c.is_ascii_digit() && c != '.' && c != '-');
                parts.filter_map(|part| part.parse().ok()).collect()
            };
            // Of error bars: "Mx yVy".
            for path in svg
                .split("d=\"M")
                .skip(1)
                .filter_map(|rest| rest.split('"').next())
            {
                if let Some((from, to)) = path.split_once('V') {
                    for y in [numbers(from)[1], numbers(to)[0]] {
                        assert!((TOP..=height - BOTTOM).contains(&y), "{path}");
                    }
                }
            }
            let mut labels = vec![];
            for text in svg.split("<text x=\"").skip(1) {
                let [x, y] = numbers(text.split("fill").next().unwrap())[..2] else {
                    panic!("{text}");
                };
                let words = text.split(['>', '<']).nth(1).unwrap();
                if ["exact", "ln 2", "ln K = ln 100", "held out"].contains(&words) {
                    labels.push(y);
                    assert!(x + CHARACTER * words.len() as f64 <= width, "{words}");
                }
            }
            assert_eq!(labels.len(), 4);
            assert!(
                labels
                    .windows(2)
                    .all(|pair| pair[1] - pair[0] >= LINE - 0.2),
                "{labels:?}"
            );
            assert_eq!(svg.matches("class=\"reported\"").count(), 1);
            let small = Record {
                validation: Some(-0.01),
                validation_stderr: None,
                training: Some(0.001),
                ..RECORD
            };
            let chart = Chart {
                records: &[small],
                levels: &[],
                reported: None,
            };
            let svg = chart_svg(&chart, size);
            assert!(svg.contains("−0.010"), "{svg}");
            for text in svg.split("<text x=\"").skip(1) {
                if text.contains("text-anchor=\"end\"") {
                    let words = text.split(['>', '<']).nth(1).unwrap();
                    let begin = numbers(text)[0] - 7.0 * words.chars().count() as f64;
                    assert!(begin >= 0.0, "{words} begins at {begin}");
                }
            }
        }
    }

    #[test]
    fn long_runs_stay_small() {
        let records: Vec<_> = (0..100_000)
            .map(|step| Record {
                step,
                validation: None,
                ..RECORD
            })
            .collect();
        assert!(draw(&records, &[], None).len() < 40_000);
    }

    #[test]
    fn minor_marks_divide_major_ones() {
        assert_eq!(
            [0.02, 0.05, 0.1, 1.0, 200.0, 500.0].map(minor),
            [4.0, 5.0, 5.0, 5.0, 4.0, 5.0]
        );
    }
}
