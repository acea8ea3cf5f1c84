//! The report of a training run: one self-contained HTML file.

use std::fmt::Write;

use blockspin_core::bound::AnyBound as Bound;

use super::picture::{Level, escape, heat_map_svg, series_svg};
use super::settings;
use crate::data::filters::product;
use crate::digits;
use crate::error::Result;
use crate::run::RunRecord;
use crate::run::record::{Diagnosis, VERSION};
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
             <header>\n<p class=\"kind\">blockspin {VERSION} · {} run</p>\n<h1>{title}</h1>\n\
             <p class=\"lede\">{}</p>\n</header>\n",
            match self.record.config.task() {
                "train" => "training",
                _ => "estimate",
            },
            escape(self.about)
        );
        self.headline(&mut page);
        self.warnings(&mut page);
        self.pictures(&mut page);
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
        let mut facts = match self.coarse() {
            Coarse::Binary if self.is_mapped() => vec![(
                "Same map, h = sign(x)",
                self.record.results.information_sign_nats,
            )],
            Coarse::States(_) if self.is_mapped() => {
                vec![(
                    "Same map, h = argmax x_s",
                    self.record.results.information_sign_nats,
                )]
            }
            Coarse::Binary => vec![(
                "Same filter, h = sign(Λ·v)",
                self.record.results.information_sign_nats,
            )],
            Coarse::Continuous { .. } => vec![],
            Coarse::States(_) => vec![(
                "Same filters, h = argmax Λ_s·v",
                self.record.results.information_sign_nats,
            )],
        };
        facts.push((
            "In training, moving average",
            self.record.results.training_information_nats,
        ));
        if let Some(capacity) = self.capacity() {
            let name = match self.coarse() {
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
        if self.record.results.warnings.is_empty() {
            return;
        }
        page.push_str("<section class=\"warnings\">\n<h2>Warnings</h2>\n<ul>\n");
        for warning in &self.record.results.warnings {
            let _ = writeln!(page, "<li>{}</li>", escape(warning));
        }
        page.push_str("</ul>\n</section>\n");
    }

    fn pictures(&self, page: &mut String) {
        let ceiling = self.ceiling().map(|value| Level {
            value,
            label: format!("ln K = ln {}", self.batch()),
        });
        let levels: Vec<_> = ceiling.into_iter().chain(self.capacity()).collect();
        let _ = write!(
            page,
            "<section class=\"pictures\">\n<figure class=\"map\">\n<h2>{}</h2>\n<div \
             class=\"scroll\">{}</div>\n<figcaption>{} on {}: <b \
             class=\"positive\">red</b> positive, <b class=\"negative\">blue</b> negative. {}\
             </figcaption>\n</figure>\n<figure class=\"curve\">\n\
             <h2>Information against step</h2>\n<div class=\"scroll\">{}</div>\n<figcaption>\
             While the relaxation is high, h is nearly continuous in training and carries more \
             information. If the line still lies above the held-out points at the end, the critic has \
             memorised its samples.</figcaption>\n</figure>\n</section>\n",
            match (self.is_mapped(), self.record.filters.count()) {
                (true, _) => "Mean response of the map",
                (false, 1) => "The filter",
                (false, _) => "The filters",
            },
            self.drawing
                .map_or_else(|| heat_map_svg(&self.record.filters), str::to_string),
            match self.is_mapped() {
                true => "Means of ∂x/∂v over the held-out configurations, x being the logit of h,",
                false => "Weights",
            },
            match self.drawing {
                Some(_) => "the graph".into(),
                None => format!("the block of {}", product(self.record.filters.sides())),
            },
            match self.coarse() {
                Coarse::States(q) => format!(
                    "{q} for each component, one for each state: their common part has no \
                     effect."
                ),
                _ => "The overall sign has no meaning.".into(),
            },
            series_svg(&self.record.history, &levels)
        );
    }

    /// Interpretation of the number, and its limits.
    fn meaning(&self, page: &mut String) {
        let batch = self.batch().max(1) as usize;
        let mut items = vec![];
        for diagnosis in &self.record.results.diagnoses {
            items.push(match diagnosis {
                Diagnosis::NoSignal => (
                    "No signal here.",
                    "The information is within three standard errors of zero. Without a \
                     signal all filters are equally good: this one is noise."
                        .to_string(),
                ),
                Diagnosis::Overfitting => (
                    "Overfitted.",
                    "The information is higher in training than on unseen configurations. Trust the \
                     latter; more configurations, fewer steps or a thinner environment help."
                        .to_string(),
                ),
                Diagnosis::NearCeiling => (
                    "Near the ceiling.",
                    "The value is close to ln K, above which InfoNCE cannot go. Repeat with a \
                     larger batch."
                        .to_string(),
                ),
                _ => continue,
            });
        }
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
        let _ = write!(
            page,
            "<section>\n<h2>How to repeat it</h2>\n<pre><code>{}</code></pre>\n<p>The same version \
             gives the same bits on every machine and with any number of threads. Fingerprint of \
             filters, critic and series: <code class=\"print\">{}</code></p>\n</section>\n\
             <section>\n<h2>Settings</h2>\n<table>\n",
            escape(&how),
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

    #[test]
    fn needs_nothing_else() {
        let page = page(|_| ());
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
        let noise = page(|record| {
            record.results.diagnoses = vec![Diagnosis::NoSignal, Diagnosis::Overfitting];
        });
        assert!(noise.contains("No signal here") && noise.contains("Overfitted"));
        let high = page(|record| record.results.diagnoses = vec![Diagnosis::NearCeiling]);
        assert!(high.contains("Near the ceiling"));
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
            !page.contains("NaN") && !page.contains("inf<") && !page.contains("class=\"error\"")
        );
        assert_eq!(
            (nats(-0.00001), nats(-0.5)),
            ("−1.0e−5".into(), "−0.5000".into())
        );
    }
}
