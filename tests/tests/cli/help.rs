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
