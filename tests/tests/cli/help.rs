//! `--help` and `--version`.

use blockspin_tests::program::Folder;

/// Models, and an option of each.
const MODELS: [(&str, &str); 6] = [
    ("ising", "--temperature"),
    ("chain", "--disorder"),
    ("dimer", "--temperature"),
    ("chipping", "--density"),
    ("potts", "--states"),
    ("gaussian", "--mass"),
];

#[test]
fn help_has_examples() {
    let folder = Folder::new();
    for words in [
        "",
        "sample",
        "train",
        "estimate",
        "coarsen",
        "exact",
        "fingerprint",
    ] {
        for help in ["--help", "-h"] {
            let text = folder.succeeds(&format!("{words} {help}"));
            assert!(text.contains("Usage: blockspin"), "{words}: {text}");
            assert!(text.contains("Example"), "{words}: {text}");
            assert!(
                text.contains(&format!("blockspin {words}")),
                "{words}: {text}"
            );
        }
    }
    for verb in ["sample", "train", "estimate", "coarsen", "exact"] {
        for (model, option) in MODELS {
            if (verb, model) == ("exact", "potts") {
                continue;
            }
            let text = folder.succeeds(&format!("{verb} {model} --help"));
            assert!(text.contains(option) && text.contains("--json"), "{text}");
            let example = format!("blockspin {verb} {model}");
            assert!(
                text.contains("Example") && text.contains(&example),
                "{text}"
            );
        }
    }
    // Runs have defaults of their own for some models, and only runs.
    for (model, block, steps) in [("ising", "4", "6000"), ("dimer", "8", "8000")] {
        let text = folder.succeeds(&format!("train {model} --help"));
        let words: Vec<_> = text.split_whitespace().collect();
        let default = |option: &str| {
            let at = words.iter().position(|word| *word == option).unwrap();
            let rest = &words[at..];
            let after = rest.iter().position(|word| *word == "[default:").unwrap();
            rest[after + 1].trim_end_matches(']').to_string()
        };
        assert_eq!(default("--block"), block, "{text}");
        assert_eq!(default("--steps"), steps, "{text}");
    }
    assert!(
        folder
            .succeeds("estimate dimer --help")
            .contains("columnar")
    );
    let text = folder.succeeds("exact gaussian --help");
    assert!(
        text.contains("Example: blockspin exact gaussian") && text.contains("--mass"),
        "{text}"
    );
    let text = folder.succeeds("exact chipping --help");
    assert!(
        text.contains("Examples: blockspin exact chipping") && text.contains("--density"),
        "{text}"
    );
    let text = folder.succeeds("exact dimer --help");
    assert!(
        text.contains("Examples: blockspin exact dimer") && text.contains("--temperature"),
        "{text}"
    );
    assert!(folder.succeeds("--version").starts_with("blockspin "));
}

/// The common options of any command and model fit a screen, all of them are in `--help`.
#[test]
fn short_help_fits_a_screen() {
    let folder = Folder::new();
    let mut subjects = vec!["".to_string(), "train".into(), "exact".into(), "man".into()];
    for verb in ["sample", "train", "estimate", "exact"] {
        let models = MODELS.iter().map(|(model, _)| *model).chain(["data"]);
        let there_are = |model: &str| match verb {
            "train" | "estimate" => true,
            "sample" => model != "data",
            _ => model != "data" && model != "potts",
        };
        subjects.extend(
            models
                .filter(|model| there_are(model))
                .map(|model| format!("{verb} {model}")),
        );
    }
    for subject in subjects {
        let short = folder.succeeds(&format!("{subject} -h"));
        assert!(short.lines().count() <= 50, "{subject}: {short}");
        assert!(
            short.lines().all(|line| line.chars().count() <= 100),
            "{short}"
        );
        let long = folder.succeeds(&format!("{subject} --help"));
        for option in words_of(&short) {
            assert!(long.contains(&option), "{subject}: {option}");
        }
    }
    let long = folder.succeeds("train potts --help");
    let mut at = 0;
    for heading in [
        "Model", "Window", "Filter", "Learning", "Stopping", "Output", "Machine",
    ] {
        let found = long.find(&format!("\n{heading}:\n"));
        let found = found.unwrap_or_else(|| panic!("{heading}: {long}"));
        assert!(found > at, "{heading}");
        at = found;
    }
    for hidden in ["--damping", "--weight-decay", "--color", "--isa"] {
        assert!(long.contains(hidden) && !folder.succeeds("train potts -h").contains(hidden));
    }
}

/// Long options in a text.
fn words_of(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !(c.is_ascii_lowercase() || c == '-'));
    let mut words: Vec<_> = words
        .filter(|word| word.starts_with("--") && word.len() > 3)
        .map(str::to_string)
        .collect();
    words.dedup();
    words
}

#[test]
fn examples_are_of_their_command() {
    let folder = Folder::new();
    for verb in ["train", "estimate"] {
        let text = folder.succeeds(&format!("{verb} data --help"));
        let examples: Vec<_> = text
            .lines()
            .filter(|line| line.contains("blockspin "))
            .collect();
        assert!(examples.len() >= 3, "{text}");
        let of_it = format!("blockspin {verb} data");
        assert!(examples.iter().all(|line| line.contains(&of_it)), "{text}");
    }
    let text = folder.succeeds("exact --help");
    assert!(
        text.contains("Potts") && text.contains("twice the temperature"),
        "{text}"
    );
    // Those of exact take a second, and say what they promise.
    for (model, _) in MODELS.iter().filter(|(model, _)| *model != "potts") {
        let text = folder.succeeds(&format!("exact {model} -h"));
        let example = text.split_once("Example").unwrap().1;
        let line = example.split_once("blockspin ").unwrap().1;
        let line = line.lines().next().unwrap();
        let found = folder.json(line);
        assert_eq!(found["model"], *model, "{line}: {found}");
    }
}

#[test]
fn versions_completions_and_manual_pages() {
    let folder = Folder::new();
    let version = folder.succeeds("--version");
    for words in [
        "-V",
        "sample --version",
        "exact dimer -V",
        "estimate data --version",
    ] {
        assert_eq!(folder.succeeds(words), version, "{words}");
    }
    for (shell, mark) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef blockspin"),
        ("fish", "complete -c blockspin"),
    ] {
        let script = folder.succeeds(&format!("completions {shell}"));
        assert!(
            script.contains(mark) && script.contains("held-out-windows"),
            "{shell}"
        );
    }
    for (words, option) in [
        ("", "threads"),
        ("sample chain", "disorder"),
        ("train gaussian", "damping"),
    ] {
        let page = folder.succeeds(&format!("man {words}"));
        assert!(page.contains(".SH SYNOPSIS"), "{page}");
        assert!(
            page.replace('\\', "").contains(&format!("--{option}")),
            "{page}"
        );
    }
    // With the texts of options that -h hides.
    let page = folder.succeeds("man train gaussian");
    assert!(page.contains("in units of Glorot"), "{page}");
    folder.refuses("man sample ising now", 2, &["'blockspin sample ising now'"]);
    folder.refuses("completions csh", 2, &["'csh'", "fish"]);
}

#[test]
fn colors_obey_option_and_variables() {
    let folder = Folder::new();
    let run = |words: &str, variable: &str| {
        let mut command = std::process::Command::new(blockspin_tests::program::binary());
        command.args(words.split(' '));
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        if !variable.is_empty() {
            command.env(variable, "1");
        }
        let told = folder.finish(words.to_string(), &mut command, None);
        told.stdout + &told.stderr
    };
    let escape = '\u{1b}';
    for (words, variable, colored) in [
        ("train -h", "", false),
        ("train -h", "CLICOLOR_FORCE", true),
        ("train -h --color always", "", true),
        ("train -h --color=always", "NO_COLOR", true),
        ("train -h --color never", "CLICOLOR_FORCE", false),
        ("sample isnig --color always", "", true),
        ("exact ising --size 99", "CLICOLOR_FORCE", true),
        ("exact ising --size 99", "", false),
        (
            "exact ising --size 4 --block 2 --filter best --color always",
            "",
            true,
        ),
    ] {
        assert_eq!(
            run(words, variable).contains(escape),
            colored,
            "{words} {variable}"
        );
    }
}
