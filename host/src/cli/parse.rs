//! Parses the words of a command line into [`Cli`]; messages for words that cannot be parsed: what was
//! given, the rule, and what would do.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use blockspin::run::config_file::read_fields;
use blockspin::settings::{Fields, text};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, FromArgMatches};
use strsim::damerau_levenshtein;

use super::args::{Cli, Color};
use super::help::command;

/// Names that others use, and ours.
const SYNONYMS: [(&str, &str); 14] = [
    ("T", "temperature"),
    ("t", "temperature"),
    ("L", "size"),
    ("N", "samples"),
    ("n", "samples"),
    ("K", "batch"),
    ("batch-size", "batch"),
    ("dim", "dimension"),
    ("epochs", "steps"),
    ("iterations", "steps"),
    ("lattice", "size"),
    ("lr", "learning-rate"),
    ("output", "out"),
    ("threads-number", "threads"),
];
/// Options of every command.
const GLOBAL: [&str; 7] = [
    "json", "quiet", "color", "threads", "isa", "help", "version",
];
/// Endings of files that may hold configurations.
const DATA: [&str; 8] = ["npy", "npz", "csv", "txt", "dat", "h5", "hdf5", "mat"];

/// Words that are no command line, or that ask for help or the version.
#[derive(Debug)]
pub(super) struct Unparsed {
    error: Box<clap::Error>,
    words: Vec<String>,
}

/// Parses a command line. `train --from FILE` needs no model: the file has it.
pub(super) fn parse(words: Vec<OsString>) -> Result<Cli, Unparsed> {
    let words = with_model(words);
    let parsed = command().try_get_matches_from(words.iter());
    parsed
        .and_then(|matches| Cli::from_arg_matches(&matches))
        .map_err(|error| Unparsed {
            error: Box::new(error),
            words: words
                .iter()
                .map(|word| word.to_string_lossy().into())
                .collect(),
        })
}

/// The value of `--color`, which errors of other words obey too.
pub(super) fn color(words: &[OsString]) -> Color {
    let mut words = words.iter().filter_map(|word| word.to_str());
    let mut found = Color::Auto;
    while let Some(word) = words.next() {
        let value = match word.strip_prefix("--color") {
            Some("") => words.next(),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        };
        found = match value {
            Some("always") => Color::Always,
            Some("never") => Color::Never,
            Some("auto") => Color::Auto,
            _ => found,
        };
    }
    found
}

impl Unparsed {
    /// Whether this is an error, and not the help or the version that somebody asked for.
    pub(super) fn is_error(&self) -> bool {
        self.error.use_stderr()
    }

    /// Whether there are no words after the program's name.
    pub(super) fn is_empty(&self) -> bool {
        self.words.len() == 1
    }

    /// The text, with or without colours: the help, the version, or all of an error but its first word.
    pub(super) fn text(&self, colored: bool) -> String {
        if self.error.kind() == ErrorKind::DisplayVersion {
            return command().render_version();
        }
        let rendered = self.error.render();
        let rendered = match colored {
            true => rendered.ansi().to_string(),
            false => rendered.to_string(),
        };
        if !self.is_error() || self.is_empty() {
            return rendered;
        }
        let (first, rest) = rendered.split_once("\n\n").unwrap_or((&rendered, ""));
        let first = match self.explained() {
            Some(words) => words,
            // Lists that clap puts on separate lines (possible values, missing arguments) go to the first.
            None => {
                let lines: Vec<_> = first.lines().map(str::trim).collect();
                let line = lines.join(" ");
                let message = line
                    .split_once("error:")
                    .map_or(&line[..], |(_, rest)| rest);
                message.trim_start_matches(RESET).trim().to_string()
            }
        };
        let usage = match self.error.kind() {
            // clap's has no usage, or all options that were given, and tips of its own.
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            | ErrorKind::UnknownArgument
            | ErrorKind::InvalidSubcommand => self.usage(colored),
            _ => rest.trim_end().to_string(),
        };
        match usage.is_empty() {
            true => first,
            false => format!("{first}\n\n{usage}"),
        }
    }

    /// How the command at which the error is would be used.
    fn usage(&self, colored: bool) -> String {
        let mut root = command();
        root.build();
        let (_, at) = place(&root, &self.words);
        let usage = at.clone().render_usage();
        let usage = match colored {
            true => usage.ansi().to_string(),
            false => usage.to_string(),
        };
        format!("{usage}\n\nFor more information, try '--help'.")
    }

    /// The first line of an error where we know more than clap; none elsewhere.
    fn explained(&self) -> Option<String> {
        let root = command();
        let (path, at) = place(&root, &self.words);
        if let Some(told) = self.single_dash(at) {
            return Some(told);
        }
        let context = |kind| match self.error.get(kind) {
            Some(ContextValue::String(text)) => Some(text.as_str()),
            _ => None,
        };
        match self.error.kind() {
            ErrorKind::UnknownArgument => {
                let given = context(ContextKind::InvalidArg)?;
                Some(match given.starts_with('-') {
                    true => self.unknown_option(given, &root, &path, at),
                    false => unexpected_word(given, &root, &path, at),
                })
            }
            ErrorKind::InvalidSubcommand => {
                let given = context(ContextKind::InvalidSubcommand)?;
                Some(self.unknown_name(given, &root, &path, at))
            }
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
                let at_root = path.is_empty();
                let (what, typed) = match at_root {
                    true => ("command", "blockspin".to_string()),
                    false => ("model", typed(&path)),
                };
                Some(format!(
                    "no {what} after '{typed}': it is one of {}",
                    list(at, &path)
                ))
            }
            _ => None,
        }
    }

    /// `-size 8` is read as `-s ize`, and has one dash too few.
    fn single_dash(&self, at: &Command) -> Option<String> {
        let words = self.words.iter().skip(1);
        let mut long = words.filter_map(|word| {
            let name = word.strip_prefix('-')?.split('=').next()?;
            (name.len() > 1 && options(at).any(|option| option == name)).then_some((word, name))
        });
        let (word, name) = long.next()?;
        let first = word.split('=').next().unwrap_or(word);
        Some(format!(
            "'{first}' has one dash, and long options have two; did you mean '--{name}'?"
        ))
    }

    fn unknown_option(&self, given: &str, root: &Command, path: &[String], at: &Command) -> String {
        let name = given.trim_start_matches('-');
        let name = name.split('=').next().unwrap_or(name);
        let told = format!("unexpected option '{given}' after '{}'", typed(path));
        if let Some(line) = self.behind_the_model(name, root, path) {
            return format!("{told}; options follow the model: '{line}'");
        }
        let known = SYNONYMS.iter().find(|(other, _)| *other == name);
        let known = known.map(|(_, ours)| *ours);
        let known = known.filter(|ours| options(at).any(|option| option == *ours));
        let near = known.or_else(|| near(name, options(at)));
        // Behind `--` it may be the name itself.
        if let Some(near) = near.filter(|near| *near != name) {
            return format!("{told}; did you mean '--{near}'?");
        }
        match owner(name, root, path) {
            Some(owner) => format!("{told}; '{owner}' has it"),
            None => format!(
                "{told}; '{} --help' shows those that there are",
                typed(path)
            ),
        }
    }

    /// The command with models that is among the words.
    fn verb<'a>(&self, root: &'a Command) -> Option<&'a Command> {
        let mut commands = self
            .words
            .iter()
            .filter_map(|word| root.find_subcommand(word));
        commands.find(|command| command.has_subcommands())
    }

    /// The line in which an option of a model that was given before the model is behind it.
    fn behind_the_model(&self, name: &str, root: &Command, path: &[String]) -> Option<String> {
        let verb = self.verb(root).or_else(|| root.find_subcommand("train"))?;
        let has = |model: &&Command| options(model).any(|option| option == name);
        let first = verb.get_subcommands().find(has)?;
        let is_model = |word: &&String| verb.find_subcommand(word).is_some();
        let given = self.words.iter().find(is_model);
        let model = given.map_or(first.get_name(), |word| word);
        let option = self.words.iter().position(|word| {
            word.strip_prefix("--")
                .is_some_and(|word| word.split('=').next() == Some(name))
        })?;
        let value = self
            .words
            .get(option + 1)
            .filter(|_| !self.words[option].contains('='));
        let value = value.filter(|value| !value.starts_with('-') && *value != model);
        let value = value.map_or(String::new(), |value| format!(" {value}"));
        let is_early = path.len() < 2 && verb.has_subcommands();
        is_early.then(|| {
            let option = &self.words[option];
            format!("blockspin {} {model} {option}{value}", verb.get_name())
        })
    }

    /// A word where a command or a model should be.
    fn unknown_name(&self, given: &str, root: &Command, path: &[String], at: &Command) -> String {
        let names = at.get_subcommands().map(Command::get_name);
        let near = near(given, names);
        let Some(verb) = path.first() else {
            let is_model = |name: &str| {
                let train = root.find_subcommand("train");
                train.is_some_and(|train| train.find_subcommand(name).is_some())
            };
            let told = format!("there is no command '{given}'");
            return match near {
                _ if is_model(given) => {
                    let verb = self.verb(root).map_or("train", Command::get_name);
                    format!("{told}; a command comes before its model: 'blockspin {verb} {given}'")
                }
                Some(near) => format!("{told}; did you mean '{near}'?"),
                None if is_file(given) => {
                    format!("{told}; did you mean '{}'?", of_file("train", given))
                }
                None => format!("{told}; there are {}", list(at, path)),
            };
        };
        let told = format!("there is no model '{given}' for '{}'", typed(path));
        if given == "help" {
            return format!("{told}; did you mean '{} --help'?", typed(path));
        }
        match near {
            Some(near) => format!("{told}; did you mean '{near}'?"),
            None if is_file(given) && has_data(root, verb) => {
                format!("{told}; did you mean '{}'?", of_file(verb, given))
            }
            None if verb == "exact" && given == "potts" => format!(
                "{told}, only {}; with two states it is 'exact ising' at twice the temperature, with more \
                 'blockspin estimate potts --filter uniform' estimates",
                list(at, path)
            ),
            None if given == "data" || is_file(given) => format!(
                "{told}: files are for 'blockspin train data FILE' and 'blockspin estimate data FILE'; \
                 here it is one of {}",
                list(at, path)
            ),
            None => format!("{told}; it is one of {}", list(at, path)),
        }
    }
}

/// What to say of a word where only options are expected.
fn unexpected_word(given: &str, root: &Command, path: &[String], at: &Command) -> String {
    let told = format!("unexpected '{given}' after '{}'", typed(path));
    match path {
        [verb, model] if is_file(given) && model != "data" && has_data(root, verb) => {
            format!(
                "{told}, which samples its model; your own file is for '{}'",
                of_file(verb, given)
            )
        }
        [_, _] => match near(given, options(at)) {
            Some(option) => format!("{told}; did you mean '--{option}'?"),
            None => format!("{told}, which takes options only, such as --seed 2"),
        },
        _ => format!("{told}, which takes no such word"),
    }
}

/// The code after which styled text is plain again.
const RESET: &str = "\u{1b}[0m";

/// The command that words are of, and its names below the program's.
fn place<'a>(root: &'a Command, words: &[String]) -> (Vec<String>, &'a Command) {
    let (mut path, mut at) = (vec![], root);
    let mut words = words.iter().skip(1);
    while let Some(word) = words.next() {
        if let Some(below) = at.find_subcommand(word) {
            at = below;
            path.push(word.clone());
        } else if ["--threads", "-j", "--isa", "--color"].contains(&&word[..]) {
            words.next();
        } else if !GLOBAL
            .iter()
            .any(|name| word.strip_prefix("--") == Some(name))
            && word != "-q"
        {
            break;
        }
    }
    (path, at)
}

/// The words that lead to a command.
fn typed(path: &[String]) -> String {
    let words = ["blockspin".to_string()];
    let words: Vec<_> = words.iter().chain(path).map(String::as_str).collect();
    words.join(" ")
}

/// Long names of the options of a command.
fn options(command: &Command) -> impl Iterator<Item = &str> {
    let own = command
        .get_arguments()
        .filter_map(|option| option.get_long());
    own.chain(GLOBAL)
}

/// The command and model that has an option which another has not: of the same command, if there is one,
/// or the same model.
fn owner(name: &str, root: &Command, path: &[String]) -> Option<String> {
    let [verb, model] = path else {
        return None;
    };
    let mut owners = vec![];
    for verb in root.get_subcommands() {
        for model in verb.get_subcommands() {
            if options(model).any(|option| option == name) {
                owners.push((verb.get_name(), model.get_name()));
            }
        }
    }
    owners.sort_by_key(|owner| match (owner.0 == verb, owner.1 == model) {
        (true, _) => 0,
        (_, true) => 1,
        _ => 2,
    });
    let (verb, model) = owners.first()?;
    Some(format!("{verb} {model}"))
}

/// Names of the commands or models below a command.
fn list(command: &Command, path: &[String]) -> String {
    let names = command.get_subcommands().map(Command::get_name);
    let names = names.filter(|name| *name != "help");
    let names: Vec<_> = names
        .map(|name| match name == "data" && !path.is_empty() {
            true => "data FILE (your own configurations)",
            false => name,
        })
        .collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => names.join(", "),
    }
}

/// The name that a word was meant to be; none, if all are far off.
fn near<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let is_begun = |name: &str| word.len() > 2 && name.starts_with(&word);
    let distance = |name: &str| match is_begun(name) {
        true => 0,
        false => damerau_levenshtein(name, &word),
    };
    let nearest = names.min_by_key(|name| distance(name))?;
    let most = (word.chars().count() / 3).max(1);
    (word.len() > 1 && distance(nearest) <= most).then_some(nearest)
}

/// Whether a word names a file, or looks as if it did.
fn is_file(word: &str) -> bool {
    let file = word.split(':').next().unwrap_or(word);
    let ending = Path::new(file).extension();
    let ending = ending.map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| DATA.contains(&&ending[..])) || Path::new(file).is_file()
}

/// Whether a command takes files.
fn has_data(root: &Command, verb: &str) -> bool {
    let verb = root.find_subcommand(verb);
    verb.is_some_and(|verb| verb.find_subcommand("data").is_some())
}

/// The command that reads a file.
fn of_file(verb: &str, file: &str) -> String {
    let filter = match verb {
        "estimate" => " --filter uniform",
        _ => "",
    };
    format!("blockspin {verb} data {file}{filter}")
}

/// Inserts the model of `--from FILE` after the command, unless one is given.
fn with_model(mut words: Vec<OsString>) -> Vec<OsString> {
    let verb = words
        .iter()
        .position(|word| word == "train" || word == "estimate");
    let Some(at) = verb.map(|verb| verb + 1) else {
        return words;
    };
    let is_option = |word: &OsString| word.to_string_lossy().starts_with('-');
    if !words.get(at).is_some_and(is_option) {
        return words;
    }
    let file = words.iter().enumerate().find_map(|(i, word)| {
        let word = word.to_str()?;
        match word.strip_prefix("--from") {
            Some("") => words.get(i + 1).map(PathBuf::from),
            Some(rest) => rest.strip_prefix('=').map(PathBuf::from),
            None => None,
        }
    });
    // Errors in the file are reported when it is read again.
    let fields = file.and_then(|file| read_fields(&file).ok());
    let name = |fields: &Fields, name: &str| fields.get(name).and_then(text);
    match fields {
        Some(fields) => {
            let model = name(&fields, "model").unwrap_or_else(|| "ising".into());
            if model == "data" {
                let file = name(&fields, "file").unwrap_or_default();
                words.insert(at, file.into());
            }
            words.insert(at, model.into());
        }
        // Any model will do: the error will be that of the file.
        None if words
            .iter()
            .any(|word| word.to_string_lossy().starts_with("--from")) =>
        {
            words.insert(at, "ising".into());
        }
        None => {}
    }
    words
}
