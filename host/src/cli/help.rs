//! The command line as clap has it, completed from the models: defaults in the help, and examples.

use blockspin::model::AnyModel;
use blockspin::run::record::VERSION;
use blockspin::run::{DataFile, RunConfig};
use blockspin::settings::{Fields, text};
use blockspin::{Error, Result};
use clap::builder::styling::AnsiColor;
use clap::builder::{Resettable, Styles};
use clap::{Arg, Command, CommandFactory};

use super::args::Cli;
use super::coarsen;

/// Names of dimer filters.
const DIMER_FILTERS: &str = "A name, or a file: uniform, boundary or decimation, with weights on links only; with \
    two components:\n\
    staggered, the electric field on links along rows and along columns, (−1)^(x+y);\n\
    columnar, sum and difference of the orders (−1)^x along rows and (−1)^y along columns, which \
    distinguish the four columnar states where the orders alone have ties";

/// The whole command line.
pub(super) fn command() -> Command {
    let command = Cli::command()
        .styles(styles())
        .disable_help_flag(true)
        .disable_version_flag(true);
    command.mut_args(open).mut_subcommands(|command| {
        let verb = command.get_name().to_string();
        let command = plain(command).mut_args(open);
        let command = match command.has_subcommands() {
            true => command
                .disable_help_subcommand(true)
                .subcommand_value_name("MODEL")
                .subcommand_help_heading("Models"),
            false => command,
        };
        command.mut_subcommands(|model| plain(of_model(&verb, model)))
    })
}

/// Leaves help and version to the options of every command.
fn plain(command: Command) -> Command {
    command.disable_help_flag(true).disable_version_flag(true)
}

fn styles() -> Styles {
    Styles::styled()
        .header(AnsiColor::Green.on_default().bold())
        .usage(AnsiColor::Green.on_default().bold())
        .literal(AnsiColor::Cyan.on_default().bold())
        .placeholder(AnsiColor::Cyan.on_default())
}

/// Lets an option take a negative number, so that the message can say which rule it breaks.
fn open(argument: Arg) -> Arg {
    let takes_value = argument.get_action().takes_values();
    argument.allow_negative_numbers(takes_value)
}

/// Completes the help of a model under a command.
fn of_model(verb: &str, command: Command) -> Command {
    let model = command.get_name().to_string();
    let defaults = defaults(verb, &model);
    let after = command.get_after_help().map(ToString::to_string);
    let after = after.unwrap_or_default();
    let command = match after.contains("Example") {
        true => command,
        false => {
            let examples = examples(verb, &model);
            let text = |examples: &[String]| {
                let word = match examples {
                    [_] => "Example",
                    _ => "Examples",
                };
                let lines = examples.join("\n          ");
                format!("{word}: {lines}\n{after}").trim().to_string()
            };
            command
                .after_help(text(&examples[..1]))
                .after_long_help(text(&examples))
        }
    };
    command.mut_args(|argument| {
        let unused = verb == "coarsen" && coarsen::UNUSED.contains(&argument.get_id().as_str());
        let argument = open(argument).hide(unused);
        let default = defaults.get(argument.get_id().as_str()).and_then(text);
        match argument.get_id().as_str() {
            "filter" if model == "dimer" => argument
                .help("uniform, boundary, decimation, staggered, columnar, or a file")
                .long_help(DIMER_FILTERS),
            "file" => argument.help_heading(Resettable::Reset),
            // It names the file too.
            "from" if model == "data" => argument.help_heading("Data"),
            _ => with_default(argument, default),
        }
    })
}

/// Adds a default to the help of an option, unless it is there.
fn with_default(argument: Arg, default: Option<String>) -> Arg {
    let (short, long) = (argument.get_help(), argument.get_long_help());
    let [short, long] = [short, long].map(|help| help.map(ToString::to_string));
    let short = short.unwrap_or_default();
    let is_there = short.contains("[default") || !argument.get_default_values().is_empty();
    let Some(default) = default.filter(|_| !is_there) else {
        return argument;
    };
    let argument = argument.help(format!("{short} [default: {default}]"));
    match long {
        Some(long) => argument.long_help(format!("{long}\n\n[default: {default}]")),
        None => argument,
    }
}

/// The default settings of a run on a model.
fn defaults(verb: &str, model: &str) -> Fields {
    let config = match (model, AnyModel::from_fields(model, &Fields::new())) {
        ("data", _) => RunConfig::train(DataFile::default()),
        (_, Ok(model)) => RunConfig::train(model),
        (_, Err(_)) => return Fields::new(),
    };
    let config = match verb {
        "estimate" => RunConfig::estimate(config.source, ""),
        _ => config,
    };
    let mut fields = config.fields();
    fields.remove("file");
    fields.remove("filter");
    if verb == "exact" {
        // `exact` has its own defaults for these.
        fields.retain(|name, _| {
            !["block", "buffer", "environment", "batch", "components"].contains(&&name[..])
        });
    }
    fields
}

/// Examples of a command with a model.
fn examples(verb: &str, model: &str) -> Vec<String> {
    let options = match model {
        "gaussian" => " --mass 0.1",
        _ => "",
    };
    let rest = match verb {
        "sample" => format!(" --samples 1000 --out {model}.npy --picture {model}.svg"),
        "estimate" => " --filter uniform".into(),
        "coarsen" => match model {
            "data" => " --filter majority --out coarse.npy".into(),
            _ => format!(" --samples 1000 --filter majority --out {model}-coarse.npy"),
        },
        "exact" => " --size 4 --block 2 --filter uniform".into(),
        _ => String::new(),
    };
    if model != "data" {
        return vec![format!("blockspin {verb} {model}{options}{rest}")];
    }
    let examples = [
        "spins.npy --block 2 --buffer 1 --environment 4",
        "frames.npz:u --boundary open --origin 12,30",
        "values.npy --graph edges.txt --origin 17 --block 2 --buffer 1",
    ];
    let example = |words| format!("blockspin {verb} data {words}{rest}");
    examples.map(example).to_vec()
}

/// The completion script of a shell.
pub(super) fn completions(shell: clap_complete::Shell) -> String {
    let mut script = vec![];
    clap_complete::generate(shell, &mut command(), "blockspin", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The manual page of a command in roff, by the words that lead to it.
pub(super) fn manual(words: &[String]) -> Result<String> {
    let mut root = command();
    root.build();
    let mut command = &root;
    for word in words {
        command = command.find_subcommand(word).ok_or_else(|| {
            Error::usage(format!(
                "there is no manual page of 'blockspin {}'; 'blockspin man train ising' prints one",
                words.join(" ")
            ))
        })?;
    }
    // A page leaves out short texts of options that short help hides.
    let command = command.clone().mut_args(|argument| {
        let help = argument.get_long_help().or(argument.get_help());
        let help = help.cloned().unwrap_or_default();
        argument.long_help(help)
    });
    let mut page = vec![];
    clap_mangen::Man::new(command)
        .source(format!("blockspin {VERSION}"))
        .render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// clap's own checks: names and short options that are given twice, and the like.
    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }
}
