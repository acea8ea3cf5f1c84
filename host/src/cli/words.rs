//! Translation between settings and command-line options.

use blockspin::model::Ising;
use blockspin::run::RunConfig;
use blockspin::settings::text;

/// Rewrites settings in library messages, such as `` `learning_rate` ``, as options.
pub(super) fn as_options(message: &str) -> String {
    let mut words = String::new();
    let mut rest = message;
    while let Some((before, after)) = rest.split_once('`') {
        words += before;
        match after.split_once('`') {
            Some((name, after)) if is_name(name) => {
                words += &option(name);
                rest = after;
            }
            _ => {
                words.push('`');
                rest = after;
            }
        }
    }
    words + rest
}

fn is_name(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

fn option(name: &str) -> String {
    format!("--{}", name.replace('_', "-"))
}

/// Settings that are left out of a command where they have this common default.
const RARE: [&str; 8] = [
    "map",
    "weight_decay",
    "restarts",
    "refine",
    "critic",
    "hidden",
    "embedding",
    "activation",
];

/// The command that repeats a run.
pub(super) fn command(config: &RunConfig) -> String {
    let mut fields = config.fields();
    let plain = RunConfig::train(Ising::default());
    let plain = plain.completed(true).unwrap_or(plain).fields();
    let continuous = !config.coarse().is_relaxed();
    let disordered = fields.get("disorder").is_some_and(|law| law != "none");
    fields.retain(|name, value| match &name[..] {
        // Continuous h has another default critic.
        "critic" if continuous => true,
        "damping" => config.optimisation.tolerance.is_some(),
        "disorder_seed" => disordered,
        "origin" => disordered || config.source.name() == "data",
        name if name.starts_with("epsilon") => !continuous,
        name => !RARE.contains(&name) || plain.get(name) != Some(value),
    });
    let mut take = |name: &str| fields.shift_remove(name).as_ref().and_then(text);
    let (task, model, file) = (take("task"), take("model"), take("file"));
    let mut words = format!(
        "blockspin {} {}",
        task.unwrap_or_default(),
        model.unwrap_or_default()
    );
    if let Some(file) = file {
        words += &format!(" {}", quoted(&file));
    }
    for (name, value) in &fields {
        if let Some(value) = text(value) {
            words += &format!(" {} {}", option(name), quoted(&value));
        }
    }
    words
}

/// Quotes a word for a shell, if necessary.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/,:".contains(c);
    if word.chars().all(plain) && !word.is_empty() {
        return word.to_string();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_become_options() {
        assert_eq!(
            as_options("a smaller `learning_rate` or more `steps`"),
            "a smaller --learning-rate or more --steps"
        );
        for untouched in ["a ` alone", "`Not A Name`", "``", "no marks"] {
            assert_eq!(as_options(untouched), untouched);
        }
    }

    #[test]
    fn command_is_read_as_its_configuration() {
        let mut config = RunConfig::train(Ising::square(16).at(2.5));
        config.optimisation.learning_rate = 0.1;
        let line = command(&config);
        let cli = super::super::parse::parse(line.split(' ').map(Into::into).collect()).unwrap();
        let super::super::args::Command::Train { source } = cli.command else {
            panic!("{line}");
        };
        let (mut fields, args) = source.split();
        fields.extend(super::super::args::fields(&args.settings));
        assert_eq!(RunConfig::from_fields(&fields).unwrap(), config, "{line}");
    }
}
