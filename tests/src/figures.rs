//! Figures in the documentation. `docs/figures.toml` names the commands that they come from and the words
//! around them; `docs/records/` holds what the commands told.

use std::collections::BTreeMap;
use std::f64::consts::LN_2;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use blockspin::digits;
use serde::Deserialize;
use serde_json::Value;

use crate::program::Folder;

/// Entries that differ from run to run, or by where a run is put.
const PASSING: [&str; 5] = [
    "folder",
    "seconds",
    "seconds_sampling",
    "seconds_training",
    "steps_per_second",
];

/// Everything that documents quote.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Documents of which every "x ± y" is quoted from a record or excused.
    pub documents: Vec<String>,
    /// Texts with such figures that come from elsewhere, as they stand, each with the reason.
    pub excused: BTreeMap<String, Vec<String>>,
    /// The commands.
    pub record: Vec<Command>,
}

/// A command whose results documents quote.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// Name of its record.
    pub name: String,
    /// Commands that make its files: of the program, or of a shell after `$ `, which knows the repository as
    /// `$root`.
    #[serde(default)]
    pub before: Vec<String>,
    /// What is run, with `--json`.
    pub run: String,
    /// Whether the daily check repeats it.
    #[serde(default)]
    pub daily: bool,
    /// By document the texts that quote it. `{information}` is a mean with its error, `{information±3}` with
    /// three decimals of both, `{a,b}` any mean and error, `{a/b:4}` an entry with four, `{filters}` all
    /// weights of the first filter.
    pub shown: BTreeMap<String, Vec<String>>,
}

/// Root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

impl Manifest {
    /// Reads it.
    ///
    /// # Panics
    /// If it is not as described.
    #[must_use]
    pub fn read() -> Self {
        let text = fs::read_to_string(root().join("docs/figures.toml")).expect("figures.toml");
        toml::from_str(&text).expect("figures.toml")
    }
}

impl Command {
    fn path(&self) -> PathBuf {
        root().join(format!("docs/records/{}.json", self.name))
    }

    /// Whether there is a committed record.
    #[must_use]
    pub fn has_record(&self) -> bool {
        self.path().exists()
    }

    /// The committed record.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn record(&self) -> Value {
        let text = fs::read_to_string(self.path());
        let text = text.unwrap_or_else(|error| panic!("{}: {error}", self.path().display()));
        serde_json::from_str(&text).expect("JSON")
    }

    /// Runs the command.
    ///
    /// # Panics
    /// If it fails.
    #[must_use]
    pub fn repeat(&self) -> Value {
        let folder = Folder::new();
        for command in &self.before {
            let told = match command.strip_prefix("$ ") {
                Some(line) => {
                    let mut shell = std::process::Command::new("sh");
                    shell.args(["-c", line]).env("root", root());
                    folder.finish(line.into(), &mut shell, None)
                }
                None => folder.run(command),
            };
            assert_eq!(told.code, Some(0), "{told:?}");
        }
        let mut found = folder.json(&self.run);
        let entries = found.as_object_mut().expect("an object");
        entries.retain(|name, _| !PASSING.contains(&name.as_str()));
        found
    }

    /// Writes a record.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(&self, record: &Value) {
        let text = format!("{record:#}\n");
        fs::write(self.path(), text).expect("a record");
    }
}

/// A template with the entries of a record: literal texts, and between them those of entries.
fn filled(template: &str, record: &Value) -> Vec<(bool, String)> {
    let mut parts = vec![];
    let mut rest = template;
    while let Some((literal, after)) = rest.split_once('{') {
        let (entry, after) = after.split_once('}').expect("a closing brace");
        parts.push((false, literal.to_string()));
        parts.push((true, entry_text(entry, record)));
        rest = after;
    }
    parts.push((false, rest.to_string()));
    parts
}

/// An entry as documents show it.
fn entry_text(entry: &str, record: &Value) -> String {
    let found = |name: &str| record.pointer(&format!("/{name}")).and_then(Value::as_f64);
    let number = |name: &str| {
        // What a record has in nats alone.
        let in_bits = || Some(found(&format!("{}_nats", name.strip_suffix("_bits")?))? / LN_2);
        found(name)
            .or_else(in_bits)
            .unwrap_or_else(|| panic!("no number {name} for {entry}"))
    };
    let minus = |text: String| match text.strip_prefix('-') {
        Some(size) => format!("−{size}"),
        None => text,
    };
    if entry == "filters" {
        return grid(&record["filters"][0]);
    }
    if let Some((name, decimals)) = entry.split_once(':') {
        let decimals: usize = decimals.parse().expect("decimals");
        return minus(format!("{:.decimals$}", number(name)));
    }
    let (name, decimals) = match entry.split_once('±') {
        Some((name, decimals)) => (name, Some(decimals.parse().expect("decimals"))),
        None => (entry, None),
    };
    let (mean, stderr) = match name.split_once(',') {
        Some((mean, stderr)) => (mean.into(), stderr.into()),
        None => (format!("{name}_nats"), format!("{name}_stderr_nats")),
    };
    let (mean, stderr) = (number(&mean), number(&stderr));
    let [mean, stderr] = match decimals {
        None => digits::with_error(mean, stderr),
        Some(decimals) => [mean, stderr].map(|x: f64| format!("{x:.decimals$}")),
    };
    format!("{} ± {stderr}", minus(mean))
}

/// Weights as the program prints them.
fn grid(weights: &Value) -> String {
    let rows = weights.as_array().expect("rows").iter();
    let row = |row: &Value| {
        let weights = row.as_array().expect("weights").iter();
        let weights = weights.map(|x| format!(" {:>6.3}", x.as_f64().expect("a number")));
        weights.collect::<String>()
    };
    let rows: Vec<String> = rows.map(row).collect();
    rows.join("\n").trim_start().to_string()
}

/// Where a filled template stands in a document, from a place on, and where each of its entries; blanks and
/// ends of lines are alike.
fn find(
    parts: &[(bool, String)],
    document: &str,
    from: usize,
) -> Option<(Range<usize>, Vec<Range<usize>>)> {
    let starts = document[from..].char_indices().map(|(at, _)| from + at);
    starts.into_iter().find_map(|start| {
        let mut at = start;
        let mut entries = vec![];
        for (is_entry, text) in parts {
            let end = matches(text, document, at)?;
            if *is_entry {
                entries.push(at..end);
            }
            at = end;
        }
        Some((start..at, entries))
    })
}

/// The end of a text that stands in a document from here on.
fn matches(text: &str, document: &str, start: usize) -> Option<usize> {
    let mut at = start;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let rest = &document[at..];
        if c.is_whitespace() {
            while characters.next_if(|c| c.is_whitespace()).is_some() {}
            let blanks = rest.len() - rest.trim_start().len();
            if blanks == 0 {
                return None;
            }
            at += blanks;
        } else {
            // The program's own lines have a hyphen for a minus.
            let next = rest.chars().next();
            let next = next.filter(|next| *next == c || (*next, c) == ('-', '−'))?;
            at += next.len_utf8();
        }
    }
    Some(at)
}

fn text(parts: &[(bool, String)]) -> String {
    parts.iter().map(|(_, text)| &text[..]).collect()
}

/// All places where a record is quoted in a document.
///
/// # Errors
/// The text that should stand there and does not.
pub fn quoted(template: &str, record: &Value, document: &str) -> Result<Vec<Range<usize>>, String> {
    let parts = filled(template, record);
    let mut all: Vec<Range<usize>> = vec![];
    while let Some((range, _)) = find(&parts, document, all.last().map_or(0, |last| last.end)) {
        all.push(range);
    }
    match all.is_empty() {
        true => Err(text(&parts)),
        false => Ok(all),
    }
}

/// The document with the entries of another record in place of the old ones.
///
/// # Errors
/// The text that should stand there and does not.
pub fn renewed(
    template: &str,
    (old, new): (&Value, &Value),
    document: &str,
) -> Result<String, String> {
    let (before, after) = (filled(template, old), filled(template, new));
    let news = after.iter().filter(|(is_entry, _)| *is_entry);
    let news: Vec<&str> = news.map(|(_, text)| &text[..]).collect();
    let mut renewed = String::new();
    let mut done = 0;
    while let Some((range, entries)) = find(&before, document, done) {
        for (entry, new) in entries.into_iter().zip(&news) {
            renewed += &document[done..entry.start];
            renewed += &as_before(new, &document[entry.clone()]);
            done = entry.end;
        }
        renewed += &document[done..range.end];
        done = range.end;
    }
    match done {
        0 => Err(text(&before)),
        _ => Ok(renewed + &document[done..]),
    }
}

/// An entry with the minus of the old one, and its line's end among its words.
fn as_before(new: &str, old: &str) -> String {
    let mut text = match old.starts_with('-') {
        true => new.replace('−', "-"),
        false => new.to_string(),
    };
    if let Some(end) = old.find('\n')
        && !new.contains('\n')
    {
        let words = old[..end].split_whitespace().count();
        if let Some((at, _)) = new.match_indices(' ').nth(words.saturating_sub(1)) {
            text.replace_range(at..=at, "\n");
        }
    }
    text
}

/// Where a document has a figure with an error: a digit, ±, a blank, a digit.
#[must_use]
pub fn figures(document: &str) -> Vec<usize> {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let all = document.match_indices("± ").map(|(at, _)| at);
    let is_figure = |at: &usize| {
        let before = document[..*at].trim_end().chars().next_back();
        digit(before) && digit(document[*at + "± ".len()..].chars().next())
    };
    all.filter(is_figure).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TEMPLATE: &str = "keeps {information} nats, {spread_nats:3} of them";

    #[test]
    fn texts_are_found_and_renewed() {
        let record = |information: f64| json!({"information_nats": information, "information_stderr_nats": 0.0031, "spread_nats": -0.0125});
        let document = "It keeps 0.4000\n± 0.0031 nats, −0.013 of them, and 1 ± 2.\n";
        let found = quoted(TEMPLATE, &record(0.4), document).unwrap();
        let [found] = &found[..] else {
            panic!("{found:?}")
        };
        assert_eq!(found.start, 3);
        assert!(quoted(TEMPLATE, &record(0.41), document).is_err());
        let renewed = renewed(TEMPLATE, (&record(0.4), &record(0.41)), document).unwrap();
        assert_eq!(renewed, document.replace("0.4000", "0.4100"));
        let [first, second] = figures(document)[..] else {
            panic!("{document}")
        };
        assert!(found.contains(&first) && !found.contains(&second));
        assert!(figures("int8 ±1, x ± 1, 2 ± σ").is_empty());
        let twice = super::renewed(
            "{spread_nats:1}",
            (&json!({"spread_nats": 1}), &json!({"spread_nats": 2})),
            "1.0, 1.0",
        );
        assert_eq!(twice.unwrap(), "2.0, 2.0");
    }
}
