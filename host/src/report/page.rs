//! The report of a training run: one self-contained HTML file.

use std::fmt::Write;

use blockspin_core::bound::AnyBound as Bound;
use blockspin_core::num::math;

use super::picture::chart::{Chart, Level, Size, chart_svg};
use super::picture::escape;
use super::picture::maps::{axis_names, maps_html, strip_html};
use super::settings;
use crate::data::filters::product;
use crate::digits;
use crate::error::Result;
use crate::run::RunRecord;
use crate::run::config::Source;
use crate::run::evaluate::Estimate;
use crate::run::record::VERSION;
use crate::settings::encoder::Coarse;

/// The report of a run as an HTML page. `drawing` is an SVG of the filter on a graph; without it the
/// filter is drawn as a block. The page does not depend on time or machine, so repeated runs give
/// identical pages.
///
/// # Errors
/// If the model of the configuration is invalid.
pub fn html(record: &RunRecord, drawing: Option<&str>) -> Result<String> {
    let (title, about) = record.describe()?;
    let page = Page {
        record,
        drawing,
        title: &title,
        about: &about,
    };
    Ok(page.html())
}

struct Page<'a> {
    record: &'a RunRecord,
    drawing: Option<&'a str>,
    title: &'a str,
    about: &'a str,
}

impl Page<'_> {
    fn html(&self) -> String {
        let mut page = String::with_capacity(1 << 16);
        let title = escape(self.title);
        let _ = write!(
            page,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{title} · blockspin</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
             <header>\n<p class=\"kind\">blockspin {VERSION} · {} run</p>\n<h1>{}</h1>\n\
             <p class=\"lede\">{}</p>\n</header>\n",
            match self.record.config.task() {
                "train" => "training",
                _ => "estimate",
            },
            title
                .replace(" = ", "&nbsp;=&nbsp;")
                .replace(" × ", "&nbsp;×&nbsp;"),
            escape(self.about)
        );
        self.headline(&mut page);
        self.warnings(&mut page);
        self.pictures(&mut page);
        self.course(&mut page);
        self.meaning(&mut page);
        self.repeat(&mut page);
        page.push_str("</main>\n</body>\n</html>\n");
        page
    }

    fn coarse(&self) -> Coarse {
        self.record.config.coarse()
    }

    /// Whether a multi-layer map replaces Λ·v.
    fn is_mapped(&self) -> bool {
        self.record.results.filters_are.is_some()
    }

    fn batch(&self) -> u32 {
        self.record.config.optimisation.batch
    }

    /// ln K, if it limits the bound.
    fn ceiling(&self) -> Option<f64> {
        self.record.results.ceiling_nats
    }

    /// The capacity of h, the logarithm of the number of its states, with its formula.
    fn capacity(&self) -> Option<Level> {
        let value = self.record.results.capacity_nats?;
        let states = self.coarse().filters().max(2);
        Some(Level {
            value,
            label: match self.record.results.components {
                1 => format!("ln {states}"),
                components => format!("{components} ln {states}"),
            },
        })
    }

    fn headline(&self, page: &mut String) {
        let mean = finite(self.record.results.information_nats);
        let stderr = finite(self.record.results.information_stderr_nats);
        let of = |unit: f64| {
            let (mean, stderr) = (mean? / unit, stderr? / unit);
            Some(digits::with_error(mean, stderr).map(|text| text.replace('-', "−")))
        };
        let (shown, error) = match of(1.0) {
            Some([mean, error]) => (mean, format!(" <span class=\"error\">± {error}</span>")),
            None => (number(mean), String::new()),
        };
        let bits = match (of(std::f64::consts::LN_2), mean) {
            (Some([bits, _]), _) => format!(" ({bits} bits)"),
            (None, Some(mean)) => format!(" ({} bits)", nats(mean / std::f64::consts::LN_2)),
            (None, None) => String::new(),
        };
        let _ = write!(
            page,
            "<section class=\"headline\">\n<p class=\"number\">{}{error} <span class=\"unit\">nats\
             </span></p>\n<p>of real-space mutual information between the block, seen through the \
             filter, and its environment{bits}. Measured on configurations that training has not \
             seen, with {}.</p>\n<dl class=\"facts\">\n",
            shown,
            match self.coarse() {
                Coarse::Binary => "binary h drawn from the learned encoder".into(),
                Coarse::Continuous { noise: 0.0 } => "continuous h = Λ·v".into(),
                Coarse::Continuous { noise } => {
                    format!("continuous h = Λ·v + noise of deviation {noise}")
                }
                Coarse::States(q) => {
                    format!("h one of {q} states, drawn from the learned encoder")
                }
            }
        );
        for (name, value) in self.facts() {
            let _ = writeln!(page, "<div><dt>{name}</dt><dd>{value}</dd></div>");
        }
        page.push_str("</dl>\n</section>\n");
    }

    /// Figures beside the headline, each with its error if it has one.
    fn facts(&self) -> Vec<(&'static str, String)> {
        let results = &self.record.results;
        let exact = results.exact;
        let mut facts = vec![];
        if let Some(value) = exact.and_then(|exact| exact.information_nats) {
            facts.push(("Exact", nats(value)));
        }
        if let Some(value) = exact.and_then(|exact| exact.infonce_nats) {
            facts.push(("Of which InfoNCE can show", nats(value)));
        }
        let sign = match (self.coarse(), self.is_mapped()) {
            (Coarse::Binary, true) => Some("Same map, h = sign(x)"),
            (Coarse::Binary, false) => Some("Same filter, h = sign(Λ·v)"),
            (Coarse::States(_), true) => Some("Same map, h = argmax x<sub>s</sub>"),
            (Coarse::States(_), false) => Some("Same filters, h = argmax Λ<sub>s</sub>·v"),
            (Coarse::Continuous { .. }, _) => None,
        };
        if let Some(name) = sign {
            let (mean, stderr) = (
                results.information_sign_nats,
                results.information_sign_stderr_nats,
            );
            facts.push((name, with_error(mean, stderr)));
        }
        if let Some(value) = exact.and_then(|exact| exact.information_sign_nats) {
            facts.push(("Exact, of that h", nats(value)));
        }
        let last = self.record.history.iter().rev();
        if let Some(record) = last.into_iter().find(|record| record.validation.is_some()) {
            let value = with_error(record.validation, record.validation_stderr);
            facts.push(("Validation, at the end", value));
        }
        facts.push((
            "In training, moving average",
            number(results.training_information_nats),
        ));
        if let Some(capacity) = self.capacity() {
            let name = match self.coarse() {
                Coarse::States(_) => "Capacity of h, C ln Q",
                _ => "Capacity of h, C ln 2",
            };
            facts.push((name, nats(capacity.value)));
        }
        if let Some(ceiling) = self.ceiling() {
            facts.push(("Ceiling of InfoNCE, ln K", nats(ceiling)));
        }
        facts
    }

    fn warnings(&self, page: &mut String) {
        if self.record.results.warnings.is_empty() {
            return;
        }
        page.push_str("<section class=\"warnings\">\n<h2>Warnings</h2>\n<ul>\n");
        for warning in &self.record.results.warnings {
            let _ = writeln!(page, "<li>{}</li>", unbroken(warning));
        }
        page.push_str("</ul>\n</section>\n");
    }

    fn pictures(&self, page: &mut String) {
        let filters = &self.record.drawn(&self.record.filters);
        let of_file = matches!(self.record.config.source, Source::Data(_));
        let several = filters.count() > 1 || filters.sides().len() > 2 || self.drawing.is_some();
        let _ = write!(
            page,
            "<section class=\"pictures\">\n<figure class=\"map{}\">\n<h2>{}</h2>\n{}\
             <figcaption>{} on {}: <b class=\"positive\">red</b> positive, <b \
             class=\"negative\">blue</b> negative. {}</figcaption>\n</figure>\n",
            if several { " several" } else { "" },
            match (self.is_mapped(), self.record.filters.count()) {
                (true, _) => "Mean response of the map",
                (false, 1) => "The filter",
                (false, _) => "The filters",
            },
            match self.drawing {
                Some(drawing) => format!("<div class=\"scroll\">{drawing}</div>\n"),
                None => maps_html(filters, &axis_names(filters.sides().len(), of_file)),
            },
            match self.is_mapped() {
                true => "Means of ∂x/∂v over the held-out configurations, x being the logit of h,",
                false => "Weights",
            },
            match self.drawing {
                Some(_) => "the graph".into(),
                None => format!("the block of {}", product(filters.sides())),
            },
            match self.coarse() {
                Coarse::States(q) => format!(
                    "{q} for each component, one for each state: their common part has no \
                     effect."
                ),
                _ => "The overall sign has no meaning.".into(),
            },
        );
        self.chart(page);
        page.push_str("</section>\n");
    }

    fn chart(&self, page: &mut String) {
        let results = &self.record.results;
        let ceiling = self.ceiling().map(|value| Level {
            value,
            label: format!("ln {}", self.batch()),
        });
        let exact = results.exact.and_then(|exact| exact.information_nats);
        let exact = exact.map(|value| Level {
            value,
            label: "exact".into(),
        });
        let levels: Vec<_> = [ceiling, exact, self.capacity()]
            .into_iter()
            .flatten()
            .collect();
        let reported = results.information();
        let chart = Chart {
            records: &self.record.history,
            levels: &levels,
            reported: Some(reported),
        };
        let _ = write!(
            page,
            "<figure class=\"curve\">\n<h2>Information against step</h2>\n{}{}<figcaption>\
             <b class=\"line\">Line</b>: moving average over training batches. <b \
             class=\"dots\">Dots</b>: validation windows, which training does not learn from, ± one \
             standard error. <b class=\"reported\">Held out</b>: the reported figure{}. While the \
             relaxation is high, h is nearly continuous in training and carries more information. A \
             line that still lies above the dots at the end comes from a critic that has memorised \
             its samples.</figcaption>\n</figure>\n",
            chart_svg(&chart, Size::Wide),
            chart_svg(&chart, Size::Narrow),
            match reported.mean.is_finite() {
                true => format!(
                    ", {}",
                    with_error(Some(reported.mean), finite(Some(reported.stderr)))
                ),
                false => String::new(),
            },
        );
    }

    /// The filter in the course of the training.
    fn course(&self, page: &mut String) {
        let series = &self.record.filter_series;
        if self.drawing.is_some() || series.steps.len() < 2 {
            return;
        }
        let _ = write!(
            page,
            "<section>\n<figure class=\"course\">\n<h2>The filter during training</h2>\n{}\
             <figcaption>By step, in the colours of the filter that is reported, which is the \
             last.</figcaption>\n</figure>\n</section>\n",
            strip_html(
                &series.steps,
                &series
                    .filters
                    .iter()
                    .map(|filters| self.record.drawn(filters))
                    .collect::<Vec<_>>()
            )
        );
    }

    /// Interpretation of the number, and its limits.
    fn meaning(&self, page: &mut String) {
        let batch = self.batch().max(1) as usize;
        let mut items = vec![];
        items.push((
            "A lower bound.",
            "The number bounds I(H:E) from below: a better critic or filter could only raise it. It \
             is not the information of the block itself, only of the part that the filter keeps."
                .into(),
        ));
        if let Some(ceiling) = self.ceiling() {
            let (capacity, states) = match self.coarse() {
                Coarse::States(_) => (self.capacity(), "Q"),
                _ => (self.capacity(), "2"),
            };
            let deficit = capacity.filter(|capacity| capacity.value < 14.0);
            let deficit = deficit.and_then(|capacity| self.bound().deficit(batch, capacity.value));
            let deficit = deficit.map_or(String::new(), |deficit| {
                let deficit = nats(deficit);
                format!(", at most ({states}<sup>C</sup> − 1)/2K = {deficit} nats here")
            });
            items.push((
                "Batches of finite size.",
                format!(
                    "With K = {} the bound cannot exceed ln K = {}. Well below that it still falls \
                     short by about χ²/2K, χ² being the divergence of p(h, e) from p(h)p(e){deficit}. \
                     A larger batch shrinks both.",
                    self.batch(),
                    nats(ceiling)
                ),
            ));
        } else {
            items.push((
                "No ceiling, more noise.",
                "This bound can show any information, but its noise grows as the exponential of \
                 it: a large value needs many more samples than that."
                    .into(),
            ));
        }
        if self.bound() == Bound::DonskerVaradhan {
            items.push((
                "Not quite a bound.",
                "The logarithm of a batch's mean lies below that of the true mean: the number may \
                 exceed the information, by an amount that falls as the batch grows."
                    .into(),
            ));
        }
        items.push((
            "Training against held out.",
            "The training value is in-sample and too high if the data are few. A gap between \
             the two is overfitting; only the held-out value is a measurement."
                .into(),
        ));
        items.push((
            "The error bar.",
            "One standard error, autocorrelation between batches allowed for. It covers sampling, \
             not a critic that stopped short or a sampler out of equilibrium."
                .into(),
        ));
        items.push(match self.coarse() {
            Coarse::Binary => (
                "Signs and scale.",
                "Flipping a filter relabels h and changes nothing. Its overall scale says how \
                 sharp the encoder is; only ratios of weights compare sites."
                    .into(),
            ),
            Coarse::Continuous { .. } => (
                "Scale and mixing.",
                "The scale of a filter changes nothing: each has norm 1. Filters that \
                 span the same space are equivalent: compare spans, not single filters."
                    .into(),
            ),
            Coarse::States(_) => (
                "States and scale.",
                "Exchanging states, or adding the same weights to all filters of a component, \
                 changes nothing. The overall scale of their differences says how sharp the \
                 encoder is."
                    .into(),
            ),
        });
        page.push_str(
            "<section>\n<h2>What the number means, and when it misleads</h2>\n<dl class=\"notes\">\n",
        );
        for (name, text) in items {
            let _ = writeln!(page, "<div><dt>{name}</dt><dd>{text}</dd></div>");
        }
        page.push_str("</dl>\n</section>\n");
    }

    fn bound(&self) -> Bound {
        self.record.config.optimisation.bound
    }

    fn repeat(&self, page: &mut String) {
        let how = self.record.command.clone().unwrap_or_else(|| {
            serde_json::to_string_pretty(&self.record.config.fields()).unwrap_or_default()
        });
        let how = match &self.record.command {
            Some(command) => words(command),
            None => escape(&how),
        };
        let _ = write!(
            page,
            "<section>\n<h2>How to repeat it</h2>\n<pre><code>{how}</code></pre>\n<p>The same version \
             (blockspin {VERSION}, elementary functions of {}) gives the same bits on every machine and \
             with any number of threads. Fingerprint of filters, critic and series: <code \
             class=\"print\">{}</code>. The date, in seconds since 1970, and wall times are in <code>timing.csv</code> \
             beside this page, so that repeats give the same page.</p>\n</section>\n\
             <section>\n<h2>Settings and samples</h2>\n<table>\n",
            math::NAME,
            escape(&self.record.results.fingerprint)
        );
        for (name, value) in settings::table(self.record) {
            let _ = writeln!(
                page,
                "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
                escape(&name),
                escape(&value)
            );
        }
        page.push_str("</table>\n</section>\n");
    }
}

/// A command as HTML, in which lines break between an option with its value and the next.
fn words(command: &str) -> String {
    let mut html = String::new();
    for (i, part) in command.split(" --").enumerate() {
        let option = if i == 0 {
            ""
        } else {
            " <span class=\"word\">--"
        };
        html += option;
        html += &escape(part);
        if i > 0 {
            html += "</span>";
        }
    }
    html
}

/// A message as HTML, in which no line breaks within the name of an option.
fn unbroken(message: &str) -> String {
    let mut html = String::new();
    for (i, part) in message.split("--").enumerate() {
        let name = part.find(|c: char| !c.is_ascii_lowercase() && c != '-');
        let (name, rest) = part.split_at(name.unwrap_or(part.len()));
        html += &match (i, name) {
            (0, _) => escape(part),
            _ => format!("<span class=\"option\">--{name}</span>{}", escape(rest)),
        };
    }
    html
}

/// "0.4045 ± 0.0026", or the mean alone.
fn with_error(mean: Option<f64>, stderr: Option<f64>) -> String {
    match (finite(mean), finite(stderr)) {
        (Some(mean), Some(stderr)) => Estimate { mean, stderr }.to_string().replace('-', "−"),
        (mean, _) => number(mean),
    }
}

fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|v| v.is_finite())
}

/// A number of nats, or a dash.
fn number(value: Option<f64>) -> String {
    finite(value).map_or_else(|| "—".into(), nats)
}

/// A number with true minus signs.
fn nats(value: f64) -> String {
    digits::number(value).replace('-', "−")
}

const STYLE: &str = include_str!("report.css");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::filters::Filters;
    use crate::run::{DataFile, Filter};

    /// A page with other results, or another configuration.
    fn page(change: impl FnOnce(&mut RunRecord)) -> String {
        let mut record = RunRecord::example();
        change(&mut record);
        html(&record, None).unwrap()
    }

    #[test]
    fn tells_what_was_found() {
        let page = page(|_| ());
        for text in [
            "0.4031",
            "± 0.0031",
            "0.5816 bits",
            "0.4052",
            "4.6052",
            "0.6931",
            "0.0050 nats",
            "blockspin train ising",
            "0.3900 ± 0.0100",
            "00c0ffee00c0ffee",
            "ln 2",
            ">—<",
            "2 × 2",
        ] {
            assert!(page.contains(text), "{text}");
        }
        assert!(!page.contains("Warnings"));
    }

    #[test]
    fn options_in_warnings_and_sizes_in_titles_stay_whole() {
        let page =
            page(|record| record.results.warnings = vec!["give --transform rank -- or <2".into()]);
        for text in [
            "give <span class=\"option\">--transform</span> rank",
            "or &lt;2",
            "&nbsp;×&nbsp;",
        ] {
            assert!(page.contains(text), "{text}");
        }
    }

    #[test]
    fn tells_what_values_h_has() {
        let page = |coarse: Coarse, count: usize| {
            page(|record| {
                let Filter::Learned(filter) = &mut record.config.filter else {
                    unreachable!();
                };
                filter.encoder = coarse;
                record.results.components = count as u32;
                record.results.information_sign_nats = None;
                let filters = count * coarse.filters() as usize;
                record.results.capacity_nats = coarse.capacity(filters);
                record.filters = Filters::new(&[2], vec![0.5; 2 * filters]).unwrap();
            })
        };
        let states = page(Coarse::States(3), 2);
        for text in ["2.1972", "one of 3 states", "argmax", "0.0400 nats"] {
            assert!(states.contains(text), "{text}");
        }
        let continuous = page(Coarse::Continuous { noise: 0.0 }, 1);
        assert!(continuous.contains("h = Λ·v") && continuous.contains("4.6052"));
        for text in ["Capacity", "sign(", "at most", "—</dd>"] {
            assert!(!continuous.contains(text), "{text}");
        }
    }

    /// Contrast of 4.5 (WCAG AA) of every colour of text, in both schemes.
    #[test]
    fn all_text_is_legible() {
        let luminance = |colour: &str| -> f64 {
            let of = |at: usize| {
                let value = u8::from_str_radix(&colour[at..at + 2], 16).unwrap();
                let value = f64::from(value) / 255.0;
                match value <= 0.04045 {
                    true => value / 12.92,
                    false => ((value + 0.055) / 1.055).powf(2.4),
                }
            };
            0.2126 * of(0) + 0.7152 * of(2) + 0.0722 * of(4)
        };
        let schemes: Vec<&str> = STYLE.split(":root {").skip(1).collect();
        assert_eq!(schemes.len(), 2);
        for scheme in schemes {
            let colour = |name: &str| {
                let (_, after) = scheme.split_once(&format!("--{name}: #")).expect(name);
                luminance(&after[..6])
            };
            let on = |ground: &str, texts: &[&str]| {
                for text in texts {
                    let (a, b) = (colour(text), colour(ground));
                    let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                    assert!(contrast >= 4.5, "{text} on {ground}: {contrast}");
                }
            };
            on("page", &["ink", "muted"]);
            on("warn-page", &["ink", "warn"]);
            let words = [
                "positive-word",
                "negative-word",
                "accent",
                "training",
                "reported",
            ];
            on("card", &[&["ink", "muted"][..], &words].concat());
        }
    }

    #[test]
    fn needs_nothing_else() {
        let page = page(|_| ());
        for text in ["http", "src=", "href=", "url(", "@import", "<script"] {
            assert!(!page.contains(text), "{text}");
        }
        for tag in [
            "section", "figure", "svg", "dl", "div", "table", "p", "b", "ol", "span",
        ] {
            let open = page.matches(&format!("<{tag}>")).count()
                + page.matches(&format!("<{tag} ")).count();
            assert_eq!(open, page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
    }

    /// Drawings are not scaled down: the narrow chart and a map fit into the 296 pixels that a screen of
    /// 360 leaves, and the style gives them the whole width.
    #[test]
    fn no_text_is_smaller_than_eleven_pixels() {
        let page = page(|_| ());
        let (style, body) = page.split_once("</style>").unwrap();
        for size in body.split("font-size=\"").skip(1) {
            let size: f64 = size.split('"').next().unwrap().parse().unwrap();
            assert!(size >= 11.0, "{size}");
        }
        // Parts of the headline are half of at least 2.6rem.
        let rules = style.lines().filter(|line| !line.starts_with(".number "));
        for size in rules.flat_map(|line| line.split("font-size: ").skip(1)) {
            let size = size.split([';', ' ']).next().unwrap();
            let pixels = match (size.strip_suffix("rem"), size.strip_suffix("em")) {
                (Some(rem), _) => 16.0 * rem.parse::<f64>().unwrap(),
                // Of the smallest text around it.
                (None, Some(em)) => 0.92 * 16.0 * em.parse::<f64>().unwrap(),
                _ => continue,
            };
            assert!(pixels >= 11.0, "{size}");
        }
        for class in ["series narrow", "filter"] {
            let (_, drawing) = body
                .split_once(&format!("class=\"{class}\" viewBox=\"0 0 "))
                .unwrap();
            let width: f64 = drawing.split(' ').next().unwrap().parse().unwrap();
            assert!(width <= 296.0, "{class}: {width}");
        }
        assert!(style.contains("svg.series { width: 100%"));
    }

    #[test]
    fn nothing_given_becomes_markup() {
        let nasty = "<script>alert(\"1\")</script>&'".to_string();
        let page = page(|record| {
            record.config.source = DataFile {
                file: nasty.clone(),
                ..DataFile::default()
            }
            .into();
            record.command = Some(nasty.clone());
            record.results.warnings = vec![nasty.clone()];
            record.results.fingerprint = nasty;
        });
        assert!(!page.contains("<script"));
        // Twice in the title, and as command, warning, fingerprint and setting.
        assert_eq!(
            page.matches("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;")
                .count(),
            6
        );
    }

    #[test]
    fn says_when_the_number_lies() {
        // In the words of the diagnosis alone, as the terminal has them.
        let noise = page(|record| record.results.warnings = vec!["no information beyond".into()]);
        assert!(noise.contains("Warnings") && noise.contains("<li>no information beyond</li>"));
        let free = page(|record| {
            record.config.optimisation.bound = Bound::DonskerVaradhan;
            record.results.ceiling_nats = None;
        });
        assert!(!free.contains("eiling of InfoNCE") && !free.contains("ln K"));
        assert!(free.contains("No ceiling") && free.contains("Not quite a bound"));
    }

    #[test]
    fn missing_numbers_are_dashes() {
        let page = page(|record| {
            record.results.information_nats = Some(f64::NAN);
            record.results.information_stderr_nats = None;
            record.results.training_information_nats = Some(f64::INFINITY);
            record.history.clear();
        });
        assert!(
            !page.contains("NaN")
                && !page.contains("inf<")
                && !page.contains("class=\"error\"")
                && !page.contains("class=\"reported\" d=")
        );
        assert_eq!(
            (nats(-0.00001), nats(-0.5)),
            ("−1.0e−5".into(), "−0.5000".into())
        );
    }
}
