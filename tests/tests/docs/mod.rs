//! The documentation quotes what the program tells: `docs/figures.toml` says what comes from which command.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;
use std::{env, fs};

use blockspin_tests::figures::{Command, Manifest, figures, quoted, renewed, root};
use serde_json::Value;

fn read(document: &str) -> String {
    fs::read_to_string(root().join(document)).expect(document)
}

/// Whether records and documents are to be written anew.
fn is_blessed() -> bool {
    env::var_os("BLOCKSPIN_BLESS").is_some()
}

#[test]
fn documents_quote_their_records() {
    if is_blessed() {
        return;
    }
    let manifest = Manifest::read();
    let mut wrong = vec![];
    let mut found: BTreeMap<&str, Vec<Range<usize>>> = BTreeMap::new();
    for command in &manifest.record {
        let record = command.record();
        for (document, templates) in &command.shown {
            let text = read(document);
            for template in templates {
                match quoted(template, &record, &text) {
                    Ok(ranges) => found.entry(document).or_default().extend(ranges),
                    Err(missing) => wrong.push(format!("{document} lacks: {missing}")),
                }
            }
        }
    }
    for document in &manifest.documents {
        let text = read(document);
        let mut known = found.remove(&document[..]).unwrap_or_default();
        for excused in manifest.excused.get(document).into_iter().flatten() {
            match text.find(&excused[..]) {
                Some(at) => known.push(at..at + excused.len()),
                None => wrong.push(format!("{document} lacks, of what is excused: {excused}")),
            }
        }
        for at in figures(&text) {
            if !known.iter().any(|range| range.contains(&at)) {
                let line = text[..at].lines().count();
                wrong.push(format!("{document}:{line}: a figure of no record"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Documents are written by one test at a time.
static WRITING: Mutex<()> = Mutex::new(());

/// Repeats commands; with `BLOCKSPIN_BLESS` their results take the place of old ones.
fn repeat(commands: &[&Command]) {
    let mut wrong = vec![];
    for command in commands {
        let found = command.repeat();
        if !is_blessed() {
            if found != command.record() {
                wrong.push(command.name.clone());
            }
            continue;
        }
        let old = command.has_record().then(|| command.record());
        let _alone = WRITING.lock().expect("no panic");
        command.write(&found);
        if let Some(old) = old {
            wrong.extend(renew(command, (&old, &found)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Puts new figures into documents; names texts that are not there.
fn renew(command: &Command, records: (&Value, &Value)) -> Vec<String> {
    let mut wrong = vec![];
    for (document, templates) in &command.shown {
        let mut text = read(document);
        for template in templates {
            match renewed(template, records, &text) {
                Ok(renewed) => text = renewed,
                Err(missing) => wrong.push(format!("{document} lacked: {missing}")),
            }
        }
        fs::write(root().join(document), text).expect(document);
    }
    wrong
}

#[test]
fn daily_commands_repeat_their_records() {
    let manifest = Manifest::read();
    let daily: Vec<&Command> = manifest.record.iter().filter(|one| one.daily).collect();
    assert!(!daily.is_empty());
    repeat(&daily);
}

/// Some minutes, and numpy.
#[test]
#[ignore = "long tier"]
fn all_commands_repeat_their_records() {
    let manifest = Manifest::read();
    let rest: Vec<&Command> = manifest.record.iter().filter(|one| !one.daily).collect();
    repeat(&rest);
}
