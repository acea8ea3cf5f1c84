//! The report of a training run: one HTML file that needs nothing else.

use std::fmt::Write;

use blockspin_core::bound::AnyBound as Bound;

use crate::coarse::Coarse;
use crate::filters::{Filters, product};
use crate::picture::{Level, escape, heat_map_svg, series_svg};
use crate::series::Record;

/// What a report tells. Nothing in it depends on time or machine, so that repeats are identical;
/// a quantity that does not exist is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Headline, such as "Ising, 64 × 64 at T = 2.269".
    pub title: String,
    /// A sentence or two on the model and on what was sought.
    pub model: String,
    /// The command that gives the same run again.
    pub command: String,
    /// Version of this program.
    pub version: String,
    /// Names and values of all settings.
    pub settings: Vec<(String, String)>,
    /// Held-out information with h drawn from the learned encoder, in nats.
    pub information: Option<f64>,
    /// Its standard error, in nats.
    pub information_stderr: Option<f64>,
    /// Held-out information with h = sign(Λ·v), or the state of the largest logit, in nats.
    pub information_sign: Option<f64>,
    /// Moving average of the training batches at the end, in nats.
    pub training_information: Option<f64>,
    /// What was climbed and reported.
    pub bound: Bound,
    /// Batch size K.
    pub batch: u32,
    /// Values of h.
    pub coarse: Coarse,
    /// Whether a multi-layer map is in place of Λ·v, of which `filters` are the mean response.
    pub mapped: bool,
    /// The filters found.
    pub filters: Filters,
    /// The filters drawn on a graph, as SVG; none: they are drawn as blocks.
    pub drawing: Option<String>,
    /// Information against step.
    pub series: Vec<Record>,
    /// Warnings of the run.
    pub warnings: Vec<String>,
    /// Fingerprint of the run.
    pub fingerprint: String,
}

impl Report {
    /// The report as an HTML page.
    #[must_use]
    pub fn html(&self) -> String {
        let mut page = String::with_capacity(1 << 16);
        let title = escape(&self.title);
        let _ = write!(
            page,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{title} · blockspin</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
             <header>\n<p class=\"kind\">blockspin {} · training run</p>\n<h1>{title}</h1>\n\
             <p class=\"lede\">{}</p>\n</header>\n",
            escape(&self.version),
            escape(&self.model)
        );
        self.headline(&mut page);
        self.warnings(&mut page);
        self.pictures(&mut page);
        self.meaning(&mut page);
        self.record(&mut page);
        page.push_str("</main>\n</body>\n</html>\n");
        page
    }

    /// ln K, where it limits the bound.
    fn ceiling(&self) -> Option<f64> {
        self.bound.ceiling(self.batch.max(1) as usize)
    }

    /// What h can carry, the logarithm of the number of its states, with its formula.
    fn capacity(&self) -> Option<Level> {
        let value = self.coarse.capacity(self.filters.count())?;
        let states = self.coarse.filters().max(2);
        Some(Level {
            value,
            label: match self.filters.count() as u32 / self.coarse.filters() {
                1 => format!("ln {states}"),
                components => format!("{components} ln {states}"),
            },
        })
    }

    fn headline(&self, page: &mut String) {
        let error = finite(self.information_stderr)
            .map(|e| format!(" <span class=\"error\">± {}</span>", nats(e)))
            .unwrap_or_default();
        let bits = finite(self.information)
            .map(|i| format!(" ({} bits)", signed(i / std::f64::consts::LN_2, 3)))
            .unwrap_or_default();
        let _ = write!(
            page,
            "<section class=\"headline\">\n<p class=\"number\">{}{error} <span class=\"unit\">nats\
             </span></p>\n<p>of real-space mutual information between the block, seen through the \
             filter, and its environment{bits}. Measured on configurations that training has not \
             seen, with {}.</p>\n<dl class=\"facts\">\n",
            number(self.information),
            match self.coarse {
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
        let mut facts = match self.coarse {
            Coarse::Binary if self.mapped => vec![("Same map, h = sign(x)", self.information_sign)],
            Coarse::States(_) if self.mapped => {
                vec![("Same map, h = argmax x_s", self.information_sign)]
            }
            Coarse::Binary => vec![("Same filter, h = sign(Λ·v)", self.information_sign)],
            Coarse::Continuous { .. } => vec![],
            Coarse::States(_) => vec![("Same filters, h = argmax Λ_s·v", self.information_sign)],
        };
        facts.push(("In training, moving average", self.training_information));
        if let Some(capacity) = self.capacity() {
            let name = match self.coarse {
                Coarse::States(_) => "Capacity of h, C ln Q",
                _ => "Capacity of h, C ln 2",
            };
            facts.push((name, Some(capacity.value)));
        }
        if let Some(ceiling) = self.ceiling() {
            facts.push(("Ceiling of InfoNCE, ln K", Some(ceiling)));
        }
        for (name, value) in facts {
            let value = number(value);
            let _ = writeln!(page, "<div><dt>{name}</dt><dd>{value}</dd></div>");
        }
        page.push_str("</dl>\n</section>\n");
    }

    fn warnings(&self, page: &mut String) {
        if self.warnings.is_empty() {
            return;
        }
        page.push_str("<section class=\"warnings\">\n<h2>Warnings</h2>\n<ul>\n");
        for warning in &self.warnings {
            let _ = writeln!(page, "<li>{}</li>", escape(warning));
        }
        page.push_str("</ul>\n</section>\n");
    }

    fn pictures(&self, page: &mut String) {
        let ceiling = self.ceiling().map(|value| Level {
            value,
            label: format!("ln K = ln {}", self.batch),
        });
        let levels: Vec<_> = ceiling.into_iter().chain(self.capacity()).collect();
        let _ = write!(
            page,
            "<section class=\"pictures\">\n<figure class=\"map\">\n<h2>{}</h2>\n<div \
             class=\"scroll\">{}</div>\n<figcaption>{} on {}: <b \
             class=\"positive\">red</b> positive, <b class=\"negative\">blue</b> negative. {}\
             </figcaption>\n</figure>\n<figure class=\"curve\">\n\
             <h2>Information against step</h2>\n<div class=\"scroll\">{}</div>\n<figcaption>\
             While the relaxation is high h is nearly continuous in training and says more. A line \
             that still lies above the held-out points at the end has learned its samples by \
             heart.</figcaption>\n</figure>\n</section>\n",
            match (self.mapped, self.filters.count()) {
                (true, _) => "Mean response of the map",
                (false, 1) => "The filter",
                (false, _) => "The filters",
            },
            self.drawing
                .clone()
                .unwrap_or_else(|| heat_map_svg(&self.filters)),
            match self.mapped {
                true => "Means of ∂x/∂v over the held-out configurations, x being the logit of h,",
                false => "Weights",
            },
            match self.drawing {
                Some(_) => "the graph".into(),
                None => format!("the block of {}", product(self.filters.sides())),
            },
            match self.coarse {
                Coarse::States(q) => format!(
                    "{q} for each component, one for each state: what is common to them means \
                     nothing."
                ),
                _ => "The overall sign means nothing.".into(),
            },
            series_svg(&self.series, &levels)
        );
    }

    /// What the number means, and when it lies.
    fn meaning(&self, page: &mut String) {
        let batch = self.batch.max(1) as usize;
        let mut items = vec![];
        if let (Some(i), Some(e)) = (finite(self.information), finite(self.information_stderr)) {
            if i < 3.0 * e {
                items.push((
                    "No signal here.",
                    "The information is within three standard errors of zero. Where nothing is to \
                     be known, every filter is as good as any other: this one is noise."
                        .to_string(),
                ));
            }
            if let Some(training) = finite(self.training_information)
                && training - i > 0.02 + 4.0 * e
            {
                items.push((
                    "Overfitted.",
                    format!(
                        "Training reports {} nats more than unseen configurations do. Believe the \
                         latter; more configurations, fewer steps or a thinner environment help.",
                        nats(training - i)
                    ),
                ));
            }
            if self.ceiling().is_some_and(|ceiling| i > ceiling - 0.5) {
                items.push((
                    "Near the ceiling.",
                    "The value is close to ln K, above which InfoNCE cannot go. Repeat with a \
                     larger batch."
                        .to_string(),
                ));
            }
        }
        items.push((
            "A lower bound.",
            "The number bounds I(H:E) from below: a better critic or filter could only raise it. It \
             is not the information of the block itself, only of what the filter lets through."
                .into(),
        ));
        if let Some(ceiling) = self.ceiling() {
            let (capacity, states) = match self.coarse {
                Coarse::States(_) => (self.capacity(), "Q"),
                _ => (self.capacity(), "2"),
            };
            let deficit = capacity.filter(|capacity| capacity.value < 14.0);
            let deficit = deficit.and_then(|capacity| self.bound.deficit(batch, capacity.value));
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
                    self.batch,
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
        if self.bound == Bound::DonskerVaradhan {
            items.push((
                "Not quite a bound.",
                "The logarithm of a batch's mean lies below that of the true mean: the number may \
                 exceed the information, by an amount that falls as the batch grows."
                    .into(),
            ));
        }
        items.push((
            "Training against held out.",
            "The training value is in-sample and flatters when the data are few. A gap between \
             the two is overfitting; only the held-out value is a measurement."
                .into(),
        ));
        items.push((
            "The error bar.",
            "One standard error, autocorrelation between batches allowed for. It covers sampling, \
             not a critic that stopped short or a sampler out of equilibrium."
                .into(),
        ));
        items.push(match self.coarse {
            Coarse::Binary => (
                "Signs and scale.",
                "Flipping a filter relabels h and changes nothing. Its overall scale says how \
                 decided the encoder is, not how strongly the sites matter against each other."
                    .into(),
            ),
            Coarse::Continuous { .. } => (
                "Scale and mixing.",
                "The scale of a filter changes nothing: each has norm 1. Nor does it matter how \
                 several are mixed, as long as they span the same: compare what they span, not one \
                 with another."
                    .into(),
            ),
            Coarse::States(_) => (
                "States and scale.",
                "To exchange states, or to add the same weights to all filters of a component, \
                 changes nothing. The overall scale of their differences says how decided the \
                 encoder is."
                    .into(),
            ),
        });
        page.push_str(
            "<section>\n<h2>What the number means, and when it lies</h2>\n<dl class=\"notes\">\n",
        );
        for (name, text) in items {
            let _ = writeln!(page, "<div><dt>{name}</dt><dd>{text}</dd></div>");
        }
        page.push_str("</dl>\n</section>\n");
    }

    /// How to have the same again.
    fn record(&self, page: &mut String) {
        let _ = write!(
            page,
            "<section>\n<h2>How to repeat it</h2>\n<pre><code>{}</code></pre>\n<p>The same version \
             gives the same bits on every machine and with any number of threads. Fingerprint of \
             filters, critic and series: <code class=\"print\">{}</code></p>\n</section>\n\
             <section>\n<h2>Settings</h2>\n<table>\n",
            escape(&self.command),
            escape(&self.fingerprint)
        );
        for (name, value) in &self.settings {
            let _ = writeln!(
                page,
                "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
                escape(name),
                escape(value)
            );
        }
        page.push_str("</table>\n</section>\n");
    }
}

fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|v| v.is_finite())
}

/// A number of nats that may be missing.
fn number(value: Option<f64>) -> String {
    finite(value).map_or_else(|| "—".into(), nats)
}

/// Nats to four decimals: standard errors have one or two digits there.
fn nats(value: f64) -> String {
    signed(value, 4)
}

/// With a true minus sign, and none before zero.
fn signed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(rest) if !rest.bytes().any(|b| (b'1'..=b'9').contains(&b)) => rest.into(),
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

const STYLE: &str = include_str!("report.css");

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        Report {
            title: "Ising, 64 × 64".into(),
            model: "A model.".into(),
            command: "blockspin train ising".into(),
            version: "0.1.0".into(),
            settings: vec![("size".into(), "64".into())],
            information: Some(0.4031),
            information_stderr: Some(0.0031),
            information_sign: None,
            training_information: Some(0.4052),
            bound: Bound::InfoNce,
            batch: 100,
            coarse: Coarse::Binary,
            mapped: false,
            filters: Filters::new(&[2, 2], vec![-1.0, 0.5, 0.0, 0.25]).unwrap(),
            drawing: None,
            series: vec![Record {
                step: 10,
                training: Some(0.4),
                held_out: Some(0.39),
                held_out_stderr: Some(0.01),
                epsilon: Some(0.1),
            }],
            warnings: vec![],
            fingerprint: "00c0ffee00c0ffee".into(),
        }
    }

    #[test]
    fn tells_what_was_found() {
        let page = report().html();
        for text in [
            "0.4031",
            "± 0.0031",
            "0.582 bits",
            "0.4052",
            "4.6052",
            "0.6931",
            "0.0050 nats",
            "blockspin train ising",
            "00c0ffee00c0ffee",
            "ln 2",
            ">—<",
            "2 × 2",
        ] {
            assert!(page.contains(text), "{text}");
        }
        assert!(!page.contains("Warnings") && !page.contains("Overfitted"));
    }

    #[test]
    fn tells_what_values_h_has() {
        let page = |coarse| {
            Report {
                coarse,
                information_sign: None,
                filters: Filters::new(&[2], vec![0.5; 12]).unwrap(),
                ..report()
            }
            .html()
        };
        let states = page(Coarse::States(3));
        for text in ["2.1972", "one of 3 states", "argmax", "0.0400 nats"] {
            assert!(states.contains(text), "{text}");
        }
        let continuous = page(Coarse::Continuous { noise: 0.0 });
        assert!(continuous.contains("h = Λ·v") && continuous.contains("4.6052"));
        for text in ["Capacity", "sign(", "at most", "—</dd>"] {
            assert!(!continuous.contains(text), "{text}");
        }
    }

    #[test]
    fn needs_nothing_else() {
        let page = report().html();
        for text in ["http", "src=", "href=", "url(", "@import", "<script"] {
            assert!(!page.contains(text), "{text}");
        }
        for tag in ["section", "figure", "svg", "dl", "div", "table", "p", "b"] {
            let open = page.matches(&format!("<{tag}>")).count()
                + page.matches(&format!("<{tag} ")).count();
            assert_eq!(open, page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
    }

    #[test]
    fn nothing_given_becomes_markup() {
        let nasty = "<script>alert(\"1\")</script>&'".to_string();
        let page = Report {
            title: nasty.clone(),
            model: nasty.clone(),
            command: nasty.clone(),
            version: nasty.clone(),
            settings: vec![(nasty.clone(), nasty.clone())],
            warnings: vec![nasty.clone()],
            fingerprint: nasty,
            ..report()
        }
        .html();
        assert!(!page.contains("<script"));
        assert_eq!(
            page.matches("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;")
                .count(),
            9
        );
    }

    #[test]
    fn says_when_the_number_lies() {
        let noise = Report {
            information: Some(0.001),
            training_information: Some(0.6),
            ..report()
        };
        let page = noise.html();
        assert!(page.contains("No signal here") && page.contains("Overfitted"));
        let high = Report {
            information: Some(0.6),
            batch: 2,
            ..report()
        };
        assert!(high.html().contains("Near the ceiling"));
        let free = Report {
            bound: Bound::DonskerVaradhan,
            ..high
        };
        let page = free.html();
        assert!(!page.contains("eiling of InfoNCE") && !page.contains("ln K"));
        assert!(page.contains("No ceiling") && page.contains("Not quite a bound"));
    }

    #[test]
    fn missing_numbers_are_dashes() {
        let page = Report {
            information: Some(f64::NAN),
            information_stderr: None,
            training_information: Some(f64::INFINITY),
            series: vec![],
            batch: 0,
            ..report()
        }
        .html();
        assert!(!page.contains("NaN") && !page.contains("inf<") && !page.contains('±'));
        assert_eq!(
            (signed(-0.00001, 4), signed(-0.5, 1)),
            ("0.0000".into(), "−0.5".into())
        );
    }
}
