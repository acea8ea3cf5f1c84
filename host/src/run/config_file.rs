//! Settings by name from files: a configuration of one's own, or the record of a run.

use std::path::Path;

use serde_json::Value;

use super::config::REQUESTED;
use super::record::{Results, SCHEMA};
use crate::error::{Error, Kind, Result, annotate, quoted};
use crate::settings::Fields;
use crate::store::folder::RUN_FILE;

/// The largest file that is read as a configuration, in bytes.
const LARGEST: u64 = 64 << 20;

/// Reads settings by name from a file: the `run.json` of a run, which repeats it, or a file of your
/// own in JSON or TOML (`*.toml`) with names as in [`RunConfig::fields`](super::RunConfig::fields). The
/// folder of a run stands for its `run.json`.
///
/// # Errors
/// A failure, if the file cannot be read or has another format.
pub fn read_fields(path: &Path) -> Result<Fields> {
    let of_run = path.join(RUN_FILE);
    let path = match of_run.is_file() {
        true => &of_run,
        false => path,
    };
    let fail = |error| Error::from(annotate("read", path, error));
    let meta = path.metadata().map_err(fail)?;
    if !meta.is_file() || meta.len() > LARGEST {
        return Err(Error::failure(format!(
            "{} is not a configuration: it must be a regular file of JSON or TOML, of at most {} MiB",
            quoted(path),
            LARGEST >> 20
        )));
    }
    let text = std::fs::read_to_string(path).map_err(fail)?;
    let wrong = |error: &dyn std::fmt::Display| {
        let error = error.to_string();
        let error = error.trim().replace('\n', " ");
        Error::failure(format!("{} cannot be read: {error}", quoted(path)))
    };
    let is_toml = path
        .extension()
        .is_some_and(|extension| extension == "toml");
    let value: Value = match is_toml {
        true => toml::from_str(&text).map_err(|error| wrong(&error))?,
        false => serde_json::from_str(&text).map_err(|error| wrong(&error))?,
    };
    let Value::Object(fields) = value else {
        return Err(wrong(&"it is a table of settings by name"));
    };
    settings_of(fields).map_err(|error| match error.kind() {
        Kind::Usage => wrong(&error.message()),
        _ => error,
    })
}

/// Settings from the content of a file: either all its fields, or the settings of a record.
fn settings_of(mut fields: Fields) -> Result<Fields> {
    let Some(schema) = fields.remove("schema") else {
        return Ok(fields);
    };
    match schema.as_str() {
        Some("blockspin-run-1") => match fields.get("command").and_then(Value::as_str) {
            Some(words) => fields_of_command(words),
            None => Err(Error::usage("it is not the record of a run")),
        },
        Some(SCHEMA) => {
            for name in Results::NAMES {
                fields.remove(*name);
            }
            for (plain, requested) in REQUESTED {
                if let Some(value) = fields.remove(requested) {
                    fields.insert(plain.into(), value);
                }
            }
            Ok(fields)
        }
        _ => Err(Error::usage(format!(
            "its schema is {schema}, which is not that of a run"
        ))),
    }
}

/// Settings by name from the command line that an earlier version recorded.
///
/// # Errors
/// Usage, if `words` are not such a command line.
pub(super) fn fields_of_command(words: &str) -> Result<Fields> {
    let no = || Error::usage(format!("'{words}' is not the command of a run"));
    let mut words = split(words).into_iter().skip(1);
    let mut fields = Fields::new();
    let (Some(task), Some(model)) = (words.next(), words.next()) else {
        return Err(no());
    };
    fields.insert("task".into(), task.into());
    if model == "data" {
        fields.insert("file".into(), words.next().ok_or_else(no)?.into());
    }
    fields.insert("model".into(), model.into());
    while let Some(name) = words.next() {
        let name = name.strip_prefix("--").ok_or_else(no)?.replace('-', "_");
        fields.insert(name, words.next().ok_or_else(no)?.into());
    }
    Ok(fields)
}

/// Splits a command line at blanks, with single quotes as in a shell.
fn split(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted, mut begun) = (vec![], String::new(), false, false);
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            '\'' => (quoted, begun) = (!quoted, true),
            '\\' if !quoted => word.extend(rest.next()),
            c if c.is_whitespace() && !quoted => {
                if begun || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            c => word.push(c),
        }
    }
    if begun || !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{RunConfig, RunRecord, Source};
    use crate::settings::values::Hidden;

    #[test]
    fn record_is_read_as_the_configuration_it_is_of() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.json");
        let mut record = RunRecord::example();
        record.config.optimisation.steps = 7000;
        record.config.optimisation.learning_rate = 0.1;
        std::fs::write(&path, serde_json::to_vec(&record.fields()).unwrap()).unwrap();
        let fields = read_fields(&path).unwrap();
        assert_eq!(RunConfig::from_fields(&fields).unwrap(), record.config);
    }

    #[test]
    fn commands_of_earlier_records_are_read() {
        let line = "blockspin train data 'it'\\''s.npy' --boundary open --block 2 --buffer 1 \
                    --environment 4 --hidden none --filter-rate 4";
        let fields = fields_of_command(line).unwrap();
        let config = RunConfig::from_fields(&fields).unwrap();
        let Source::Data(file) = &config.source else {
            panic!("{config:?}");
        };
        assert_eq!(
            (&file.file[..], &file.boundary.0[..]),
            ("it's.npy", &[true][..])
        );
        assert_eq!(config.critic.hidden, Some(Hidden(vec![])));
        assert!(fields_of_command("rm -rf").is_err());
    }
}
