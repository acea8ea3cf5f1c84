//! `blockspin train`: runs, their folders and reports.

use std::fs;

use blockspin_tests::program::{Folder, npy, number, parse_npy, scattered};
use serde_json::{Value, json};

use super::{SHORT, all_refused, check_run, values};

/// Spins ±1 as the program samples them: 300 configurations of 8 × 8.
fn spins(folder: &Folder) -> Vec<u8> {
    let told = folder.run("sample ising --size 8 --temperature 2.5 --samples 300 --out spins.npy");
    assert_eq!(told.code, Some(0), "{told:?}");
    let bytes = folder.read("spins.npy");
    let (header, data) = parse_npy(&bytes);
    assert!(header.contains("'descr': '|i1'"), "{header}");
    assert!(header.contains("'fortran_order': False"), "{header}");
    assert!(header.contains("'shape': (300, 8, 8)"), "{header}");
    assert_eq!(data.len(), 300 * 64);
    assert!(data.iter().all(|spin| [1, 255].contains(spin)));
    data.to_vec()
}

/// Self loops in a graph's file are reported; the run has a drawing, a filter and a list of sites.
#[test]
fn a_run_on_a_graph() {
    let folder = Folder::new();
    let spins: Vec<u8> = (0..400 * 20).map(|i| (scattered(i) % 2) as u8).collect();
    folder.write("values.npy", &npy("|u1", &[400, 20], &spins));
    let edges: String = (0..20)
        .map(|i| format!("{i} {} 0.5\n", (i + 1) % 20))
        .collect();
    folder.write("ring.txt", format!("7 7\n{edges}1 0 2\n").as_bytes());
    let words = "train data values.npy --graph ring.txt --origin 3 --block 2 --buffer 1 \
                 --environment 1 --batch 20 --steps 30 --components 2 --out run --json";
    let told = folder.run(words);
    let found = told.json();
    for said in ["1 self loop and 1 repeated edge dropped", "weights"] {
        let warned = |text: &str| text.contains("ring.txt") && text.contains(said);
        assert!(told.stderr.lines().any(warned), "{told:?}");
        let warnings = found["warnings"].as_array().unwrap();
        assert!(warnings.iter().any(|text| warned(text.as_str().unwrap())));
    }
    let graph = &found["data"]["graph"];
    assert_eq!((&graph["nodes"], &graph["edges"]), (&json!(20), &json!(20)));
    assert_eq!(graph["origin"], "node 3");
    assert_eq!(graph["block"], json!([3, 2, 4]));
    assert_eq!(graph["buffer"], json!([1, 5]));
    assert_eq!(graph["environment"], json!([0, 6]));
    assert_eq!(found["filters"][1].as_array().unwrap().len(), 3);
    let bytes = folder.read("run/filters.npy");
    let (header, _) = parse_npy(&bytes);
    assert!(header.contains("'shape': (2, 3)"), "{header}");
    let report = String::from_utf8(folder.read("run/report.html")).unwrap();
    assert!(report.contains("Weights of the filter on the graph"));
    // A filter of a run on a graph can be judged there.
    let words = "estimate data values.npy --graph ring.txt --origin 3 --block 2 --buffer 1 \
                 --environment 1 --batch 20 --steps 30 --filter run/filters.npy";
    assert!(number(&folder.json(words), "information_nats").is_finite());
}

/// Filters of norm 1 that are learned, and judged again by a critic of their own.
#[test]
fn continuous_h_is_learned() {
    let folder = Folder::new();
    let run = "chain --size 16 --block 4 --buffer 1 --environment 1 --steps 400 --batch 50";
    let told = folder.json(&format!(
        "train {run} --encoder continuous --components 2 --out run"
    ));
    for weights in told["filters"].as_array().unwrap() {
        let weights = weights.as_array().unwrap().iter();
        let norm: f64 = weights.map(|w| w.as_f64().unwrap().powi(2)).sum();
        assert!((norm - 1.0).abs() < 1e-6, "{told}");
    }
    let command = told["command"].as_str().unwrap();
    assert!(command.contains("--encoder continuous") && !command.contains("epsilon"));
    assert!(told["information_sign_nats"].is_null());
    let series = String::from_utf8(folder.read("run/series.csv")).unwrap();
    assert!(series.lines().nth(1).unwrap().ends_with(','), "{series}");
    let page = String::from_utf8(folder.read("run/report.html")).unwrap();
    assert!(page.contains("continuous h = Λ·v") && !page.contains("Capacity"));
    let again = folder.json(&format!(
        "estimate {run} --filter run/filters.npy --encoder continuous"
    ));
    let [learned, judged] = [&told, &again].map(|found| {
        let nats = number(found, "information_nats");
        (nats, number(found, "information_stderr_nats"))
    });
    let off = (learned.0 - judged.0).abs();
    assert!(off < 0.03 + 4.0 * (learned.1 + judged.1), "{off}");
    let words = command.strip_prefix("blockspin ").unwrap();
    let repeated = folder.json(&format!("{words} --out again --force"));
    assert_eq!(repeated["fingerprint"], told["fingerprint"]);

    // The size of the first weights counts until the first step has brought them to norm 1.
    let started = folder.json(&format!(
        "train {run} --encoder continuous --filter-start 5 --out started"
    ));
    let words = started["command"].as_str().unwrap();
    let words = words.strip_prefix("blockspin ").unwrap();
    let repeated = folder.json(&format!("{words} --out again --force"));
    assert_eq!(repeated["fingerprint"], started["fingerprint"]);
    assert_ne!(repeated["fingerprint"], told["fingerprint"]);

    // Dimers begin with a high relaxation, which is nothing to a continuous h.
    let dimers = "dimer --size 6 --block 4 --buffer 1 --environment 1 --batch 16 --steps 30";
    let told = folder.run(&format!("train {dimers} --encoder continuous --out dimers"));
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(!told.stderr.contains("relaxation"), "{told:?}");
}

/// States of h: in the cold one for each of the model's, and the filters stored state by state.
#[test]
fn states_of_h() {
    let folder = Folder::new();
    let potts = "potts --size 12 --states 3 --temperature 0.5 --block 2 --buffer 1 --environment 1 \
                 --batch 50";
    let run = format!("{potts} --steps 1000 --encoder states:3");
    let told = folder.json(&format!("train {run} --epsilon-start 2 --out run --force"));
    let most = 3f64.ln();
    assert!((number(&told, "capacity_nats") - most).abs() < 1e-12);
    assert!((number(&told, "deficit_nats") - 0.02).abs() < 1e-12);
    assert_eq!(told["encoder"], "states:3");
    for name in ["information_nats", "information_sign_nats"] {
        let nats = number(&told, name);
        assert!(nats > 0.95 * most && nats < most + 1e-3, "{name}: {told}");
    }
    let stored = folder.read("run/filters.npy");
    let (header, _) = parse_npy(&stored);
    assert!(header.contains("(3, 2, 2, 3)"), "{header}");
    let page = String::from_utf8(folder.read("run/report.html")).unwrap();
    for text in [
        "ln 3",
        "1.0986",
        "argmax",
        "one of 3 states",
        "component 1, state 0",
    ] {
        assert!(page.contains(text), "{text}");
    }
    // By name every state has its filter: the state that most sites are in.
    for filter in ["run/filters.npy", "uniform"] {
        let found = folder.json(&format!(
            "estimate {potts} --steps 300 --filter {filter} --encoder argmax:3"
        ));
        assert_eq!(found["encoder"], "argmax:3");
        assert!(number(&found, "information_nats") > 0.9 * most, "{found}");
        assert_eq!(found["information_nats"], found["information_sign_nats"]);
    }
    all_refused(
        &folder,
        &format!("estimate {potts}"),
        "",
        2,
        &[
            (
                "--filter uniform --encoder argmax:4",
                &["argmax:4", "filter of 1", "takes 4"],
            ),
            (
                "--filter uniform --encoder states:17",
                &["'states:17'", "2 to 16"],
            ),
            (
                "--filter uniform --encoder binary",
                &["'binary'", "sigmoid"],
            ),
        ],
    );
    all_refused(
        &folder,
        &format!("train {potts}"),
        "",
        2,
        &[
            ("--encoder sign", &["'sign'", "binary", "states:Q"]),
            ("--encoder states:1", &["'states:1'", "2 to 16"]),
            (
                "--encoder states:16 --components 5",
                &["80", "64", "--components 4"],
            ),
        ],
    );
}

#[test]
fn a_run_and_its_folder() {
    let folder = Folder::new();
    let told = folder.run(&format!("train ising {SHORT} --seed 3 --out first --json"));
    let found = told.json();
    check_run(&found, 200, 20);
    for name in ["seconds_sampling", "seconds_training"] {
        assert!(number(&found, name) > 0.0);
    }
    let rate = number(&found, "steps_per_second") * number(&found, "seconds_training");
    assert!((rate - 200.0).abs() < 1e-6);

    let names = [
        "filters.npy",
        "filters_series.npy",
        "report.html",
        "run.json",
        "series.csv",
        "timing.csv",
    ];
    let mut written: Vec<_> = fs::read_dir(folder.path("first"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    written.sort();
    assert_eq!(written, names);

    let run: Value = serde_json::from_slice(&folder.read("first/run.json")).unwrap();
    check_run(&run, 200, 20);
    assert_eq!(run["fingerprint"], found["fingerprint"]);
    let bytes = folder.read("first/filters.npy");
    let (header, data) = parse_npy(&bytes);
    assert!(header.contains("'descr': '<f4'"), "{header}");
    assert!(header.contains("'shape': (1, 2, 2)"), "{header}");
    let weights: Vec<f64> = data
        .chunks_exact(4)
        .map(|w| f64::from(f32::from_le_bytes(w.try_into().unwrap())))
        .collect();
    let listed = found["filters"][0].as_array().unwrap().iter();
    let listed: Vec<f64> = listed
        .flat_map(|row| row.as_array().unwrap().iter().map(|w| w.as_f64().unwrap()))
        .collect();
    assert_eq!(weights.len(), 4);
    for (weight, listed) in weights.iter().zip(&listed) {
        assert!((weight - listed).abs() <= 1e-6 * weight.abs());
    }
    let steps = json!([0, 1, 2, 3, 5, 9, 16, 29, 53, 94, 170, 200]);
    assert_eq!(run["filters_series_steps"], steps);
    let course = folder.read("first/filters_series.npy");
    let (header, snapshots) = parse_npy(&course);
    assert!(header.contains("'shape': (12, 1, 2, 2)"), "{header}");
    assert_eq!(&snapshots[11 * data.len()..], data);
    assert_ne!(
        &snapshots[..data.len()],
        &snapshots[data.len()..][..data.len()]
    );
    let series = String::from_utf8(folder.read("first/series.csv")).unwrap();
    let mut lines = series.lines();
    assert_eq!(
        lines.next(),
        Some("step,training_information_nats,validation_nats,epsilon")
    );
    assert_eq!(lines.clone().count(), 200);
    assert!(lines.last().unwrap().starts_with("200,"));
    let report = String::from_utf8(folder.read("first/report.html")).unwrap();
    for part in [
        "<!doctype html>",
        "<svg",
        "--seed 3",
        "--steps 200",
        found["fingerprint"].as_str().unwrap(),
    ] {
        assert!(report.contains(part), "{part} is missing from the report");
    }
    for outside in ["src=\"http", "href=\"http", "@import", "url(http"] {
        assert!(!report.contains(outside), "the report is self-contained");
    }

    // Whatever the threads and instructions, a repeat differs in its times alone.
    for options in ["", "--threads 2", "--isa portable --quiet"] {
        let words = format!("train ising {SHORT} --seed 3 --out second {options}");
        let told = folder.run(&words);
        assert_eq!(told.code, Some(0), "{told:?}");
        assert!(told.stdout.contains(found["fingerprint"].as_str().unwrap()));
        assert!(told.stdout.contains("nats"), "{told:?}");
        for name in names {
            let [first, second] =
                ["first", "second"].map(|run| folder.read(&format!("{run}/{name}")));
            assert!(first == second || name == "timing.csv", "{name}, {options}");
        }
    }
}

#[test]
fn any_two_values_give_the_same_run() {
    let folder = Folder::new();
    let spins = spins(&folder);
    let ups: Vec<u8> = spins.iter().map(|spin| u8::from(*spin == 1)).collect();
    let doubles = |low: f64, high: f64| -> Vec<u8> {
        let values = ups.iter().map(|up| if *up == 1 { high } else { low });
        values.flat_map(f64::to_le_bytes).collect()
    };
    let shape = [300, 8, 8];
    folder.write("bits.npy", &npy("|u1", &shape, &ups));
    folder.write("bools.npy", &npy("|b1", &shape, &ups));
    folder.write("doubles.npy", &npy("<f8", &shape, &doubles(0.0, 1.0)));
    folder.write("others.npy", &npy("<f8", &shape, &doubles(-7.5, 0.1)));
    let options = "--block 2 --buffer 1 --environment 2 --batch 20 --steps 100";
    let run = |name: &str| {
        let found = folder.json(&format!("train data {name}.npy {options} --out {name}"));
        check_run(&found, 100, 20);
        ["filters.npy", "series.csv"].map(|file| folder.read(&format!("{name}/{file}")))
    };
    let first = run("spins");
    for name in ["bits", "bools", "doubles", "others"] {
        assert!(run(name) == first, "{name}");
    }
    let estimate = |name: &str| {
        let words = format!(
            "estimate data {name}.npy {options} --filter spins/filters.npy --encoder sigmoid"
        );
        let found = folder.json(&words);
        check_run(&found, 100, 20);
        found["information_nats"].clone()
    };
    assert_eq!(estimate("spins"), estimate("bits"));
}

#[test]
fn constant_data_have_no_information() {
    let folder = Folder::new();
    folder.write("constant.npy", &npy("|i1", &[50, 8, 8], &[1; 50 * 64]));
    let options = "--block 2 --buffer 1 --environment 2 --batch 5 --steps 10";
    let told = folder.run(&format!(
        "train data constant.npy {options} --out run --json"
    ));
    let found = told.json();
    assert!(told.stderr.starts_with("warning: ") && told.stderr.contains("constant.npy"));
    assert_eq!(number(&found, "information_nats"), 0.0);
    assert!(!found["warnings"].as_array().unwrap().is_empty());
    let bytes = folder.read("run/filters.npy");
    let (_, data) = parse_npy(&bytes);
    assert!(
        data.iter().all(|byte| *byte == 0),
        "weights that never varied are 0"
    );
    let words = format!("estimate data constant.npy {options} --filter uniform");
    assert_eq!(number(&folder.json(&words), "information_nats"), 0.0);
}

/// A small file of pure noise, which the critic memorises.
#[test]
fn few_configurations_are_not_memorised() {
    let folder = Folder::new();
    let told = folder.run("sample ising --size 6 --temperature 1e6 --samples 300 --out few.npy");
    assert_eq!(told.code, Some(0), "{told:?}");
    let words = "train data few.npy --block 2 --buffer 0 --environment 2 --components 4 --batch 10 \
                 --steps 20000 --out run";
    let found = folder.json(words);
    let (held_out, stderr) = (
        number(&found, "information_nats"),
        number(&found, "information_stderr_nats"),
    );
    // The truth is 0.
    assert!(held_out.abs() < 4.0 * stderr && stderr < 0.02, "{found}");
    assert!(found["kept_step"].as_u64() < Some(10_000), "{found}");
    assert_eq!(found["fold_estimates"].as_array().unwrap().len(), 5);
    // A large critic, smaller ones, and what they are worth.
    let critics = found["critics_tried"].as_array().unwrap();
    assert_eq!(critics.len(), 3, "{found}");
    let kept = critics.iter().filter(|critic| critic["kept"] == true);
    assert_eq!(kept.count(), 1);
    // What is asked for repeats it.
    let again = folder.json("train --from run/run.json --out again --force");
    assert_eq!(again["fingerprint"], found["fingerprint"]);
}

/// The standard critic has no words; others repeat their runs.
#[test]
fn every_critic_by_name() {
    let folder = Folder::new();
    let standard = "--critic separable --hidden 32,32 --embedding 8 --activation relu";
    for (at, typed, repeated, rows) in [
        (
            0,
            standard,
            "",
            &[
                ("Critic", "separable"),
                ("Hidden", "32,32"),
                ("Activation", "relu"),
                ("Embedding", "8"),
            ][..],
        ),
        (
            1,
            "--critic concatenated --hidden 9,5 --activation tanh --bound tuba",
            "--critic concatenated --hidden 9,5 --activation tanh",
            &[
                ("Critic", "concatenated"),
                ("Hidden", "9,5"),
                ("Activation", "tanh"),
            ],
        ),
        (
            2,
            "--critic quadratic --bound tuba",
            "--critic quadratic",
            &[("Critic", "quadratic")],
        ),
        (
            3,
            "--hidden none --embedding 4",
            "--hidden none --embedding 4",
            &[
                ("Critic", "separable"),
                ("Hidden", "none"),
                ("Embedding", "4"),
            ],
        ),
    ] {
        let found = folder.json(&format!("train ising {SHORT} {typed} --out {at}"));
        check_run(&found, 200, 20);
        let command = found["command"].as_str().unwrap();
        assert!(command.contains(repeated), "{command}");
        if repeated.is_empty() {
            for name in ["--critic", "--hidden", "--embedding", "--activation"] {
                assert!(!command.contains(name), "{command}");
            }
        }
        assert_eq!(found["critic"], rows[0].1);
        let report = String::from_utf8(folder.read(&format!("{at}/report.html"))).unwrap();
        for name in ["Critic", "Hidden", "Activation", "Embedding"] {
            let head = format!("<th scope=\"row\">{name}</th>");
            let row = rows.iter().find(|(row, _)| *row == name);
            let shown = row.map(|(_, value)| format!("{head}<td>{value}</td>"));
            match shown {
                Some(shown) => assert!(report.contains(&shown), "{shown}"),
                None => assert!(name == "Activation" || !report.contains(&head), "{head}"),
            }
        }
        let again = format!(
            "{} --out again-{at} --force",
            command.split_once(' ').unwrap().1
        );
        assert_eq!(folder.json(&again)["fingerprint"], found["fingerprint"]);
    }
}

#[test]
fn other_dimensions_and_blocks() {
    for (words, filters) in [
        (
            "ising --size 12 --dimension 1 --temperature 0.7 --block 3 --components 2",
            "(2, 3)",
        ),
        ("chain --size 14 --coupling -1 --block 4", "(1, 4)"),
        ("ising --size 8,12 --block 2,4", "(1, 2, 4)"),
        (
            "ising --size 6 --dimension 3 --block 2 --components 3",
            "(3, 2, 2, 2)",
        ),
        (
            "ising --size 5,6,7 --block 1,2,3 --algorithm metropolis",
            "(1, 1, 2, 3)",
        ),
        ("ising --size 6 --temperature 0.05 --block 2", "(1, 2, 2)"),
        ("dimer --size 6 --block 4", "(2, 4, 4)"),
        (
            "dimer --size 6 --block 3 --noise 2 --components 1",
            "(1, 3, 3)",
        ),
        (
            "chipping --size 16 --density 0.5 --rate 1 --block 4",
            "(1, 4)",
        ),
        (
            "potts --size 6 --states 4 --temperature 3 --block 2 --thin 1",
            "(1, 2, 2, 4)",
        ),
        (
            "gaussian --size 6,5 --mass 1 --block 2,1 --thin 1",
            "(1, 2, 1)",
        ),
        (
            "chain --size 12 --disorder gaussian:0,1 --origin 11 --block 4",
            "(1, 4)",
        ),
        ("ising --size 6 --temperature 1e300 --block 2", "(1, 2, 2)"),
    ] {
        let folder = Folder::new();
        let options = "--buffer 1 --environment 1 --batch 16 --steps 30 --out run --force";
        let told = folder.run(&format!("train {words} {options}"));
        assert_eq!(told.code, Some(0), "{told:?}");
        assert!(!told.stdout.contains("NaN"), "{told:?}");
        let run: Value = serde_json::from_slice(&folder.read("run/run.json")).unwrap();
        check_run(&run, 30, 16);
        let bytes = folder.read("run/filters.npy");
        let (header, _) = parse_npy(&bytes);
        assert!(header.contains(&format!("'shape': {filters}")), "{header}");
        if words.starts_with("dimer --size 6 --block 4") {
            // Links alone have weights.
            let (_, data) = parse_npy(&bytes);
            for (i, weight) in values(data, "<f4").into_iter().enumerate() {
                assert_eq!(weight != 0.0, (i / 4 + i) % 2 == 1, "{i}");
            }
            assert!(told.stderr.contains("relaxation is still"), "{told:?}");
        }

        // The command that the run tells repeats it.
        let command = run["command"].as_str().unwrap();
        let again = folder.json(&format!(
            "{} --out again --force",
            command.strip_prefix("blockspin ").unwrap()
        ));
        assert_eq!(again["fingerprint"], run["fingerprint"], "{command}");
        assert_eq!(folder.read("again/filters.npy"), bytes);
    }
}

/// Discrete values of a continuous h are read by moments, unless another critic is asked for.
#[test]
fn continuous_h_of_discrete_values() {
    let folder = Folder::new();
    let run = "chain --size 16 --block 4 --buffer 1 --environment 1 --steps 60 --batch 20";
    let mut prints = vec![];
    for (typed, encoder, critic) in [
        ("continuous", "continuous", "moments"),
        ("continuous:0 --critic moments", "continuous", "moments"),
        ("continuous:0.5", "continuous:0.5", "moments"),
        ("continuous --critic separable", "continuous", "separable"),
    ] {
        let out = format!("run{}", prints.len());
        let told = folder.json(&format!("train {run} --encoder {typed} --out {out}"));
        assert_eq!(
            (&told["encoder"], &told["critic"]),
            (&encoder.into(), &critic.into())
        );
        let command = told["command"].as_str().unwrap();
        for word in [
            format!("--encoder {encoder} "),
            format!("--critic {critic} "),
        ] {
            assert!(command.contains(&word), "{command}");
        }
        let warned = told["warnings"]
            .to_string()
            .contains("take --critic moments, which reads only");
        assert_eq!(warned, critic == "separable", "{told}");
        prints.push(told["fingerprint"].clone());
        let estimate = format!("estimate {run} --filter uniform --encoder {typed}");
        assert_eq!(folder.json(&estimate)["encoder"], encoder);
    }
    assert_eq!(prints[0], prints[1]);
    assert!(prints[1] != prints[2] && prints[2] != prints[3]);
    for wrong in ["continuous:-1", "continuous:x", "continuous:101"] {
        let told = folder.run(&format!("train {run} --encoder {wrong}"));
        told.is_refusal(2, &["continuous:SIGMA", "from 0 to 100"]);
        let told = folder.run(&format!(
            "estimate {run} --filter uniform --encoder {wrong}"
        ));
        told.is_refusal(2, &["continuous:SIGMA", "from 0 to 100"]);
    }
}

/// Filters to begin with, components that stay, decay, and maps.
#[test]
fn initial_filters_freezing_decay_and_maps() {
    let folder = Folder::new();
    let run = "chain --size 16 --block 4 --buffer 1 --environment 1 --steps 40 --batch 20";
    let first: Vec<u8> = [0.5f32, 0.25, -0.25, 1.0, 0.125, 1.0, 1.0, 0.0]
        .iter()
        .flat_map(|x| x.to_le_bytes())
        .collect();
    folder.write("two.npy", &npy("<f4", &[2, 4], &first));
    let begin = format!("train {run} --components 2 --filter-init two.npy");
    let told = folder.json(&format!("{begin} --freeze 2 --weight-decay 1 --out run"));
    let stored = folder.read("run/filters.npy");
    let (_, weights) = parse_npy(&stored);
    assert_eq!(weights[16..], first[16..]);
    assert_ne!(weights[..16], first[..16]);
    let command = told["command"].as_str().unwrap();
    for words in [" --filter-init two.npy --freeze 2 ", " --weight-decay 1 "] {
        assert!(command.contains(words), "{command}");
    }
    let words = command.strip_prefix("blockspin ").unwrap();
    let again = folder.json(&format!("{words} --out again --force"));
    assert_eq!(again["fingerprint"], told["fingerprint"]);
    let told = folder.run(&format!("{begin} --freeze all --out all"));
    assert_eq!(told.code, Some(0), "{told:?}");
    let stored = folder.read("all/filters.npy");
    assert_eq!(parse_npy(&stored).1, &first[..]);

    let told = folder.json(&format!("train {run} --map 6,3 --components 2 --out map"));
    assert_eq!(told["filters_are"], "mean response of the map");
    assert_eq!(told["filters"].as_array().unwrap().len(), 2);
    let command = told["command"].as_str().unwrap();
    assert!(command.contains(" --map 6,3 "), "{command}");
    let page = String::from_utf8(folder.read("map/report.html")).unwrap();
    assert!(page.contains("Mean response of the map") && page.contains("h = sign(x)"));
    let plain = folder.json(&format!("train {run} --out plain"));
    assert!(plain["filters_are"].is_null());
    let command = plain["command"].as_str().unwrap();
    for word in ["filter-init", "freeze", "weight-decay", "map"] {
        assert!(!command.contains(word), "{command}");
    }

    for (words, said) in [
        (
            "--filter-init two.npy",
            &["2 filters", "--components 2"][..],
        ),
        ("--filter-init nothing", &["no filter is called"]),
        ("--filter-init uniform --map 4", &["--filter-init", "--map"]),
        ("--freeze 1", &["--filter-init"]),
        (
            "--filter-init uniform --freeze 2",
            &["1 components", "1 to 1"],
        ),
        ("--filter-init uniform --freeze 1,1", &["each once"]),
        ("--filter-init uniform --freeze 0", &["from 1"]),
        ("--weight-decay -1", &["from 0 to 100"]),
        ("--weight-decay 1 --encoder continuous", &["norm 1"]),
        ("--map 4 --encoder continuous", &["scale", "states:Q"]),
        ("--map 0", &["from 1 to 1024"]),
        ("--map 4,4,4,4,4", &["up to 4 whole numbers"]),
    ] {
        folder
            .run(&format!("train {run} {words}"))
            .is_refusal(2, said);
    }
}

/// Names that `run.json` has beside its settings are results, so that a file of settings can be as short
/// as it likes.
fn settings(record: &Value) -> Vec<(&String, &Value)> {
    use blockspin::run::record::Results;
    let fields = record.as_object().unwrap().iter();
    fields
        .filter(|(name, _)| !Results::NAMES.contains(&&name[..]))
        .collect()
}

#[test]
fn record_repeats_the_run() {
    let folder = Folder::new();
    let _ = folder.run("sample ising --size 8 --samples 300 --out spins.npy");
    let window = "--block 2 --buffer 1 --environment 1 --batch 20 --steps 60";
    for (at, words) in [
        format!(
            "ising --size 8,6 --coupling -1 --beta 0.3 --algorithm metropolis --thin 2 {window}"
        ),
        format!("chain --size 16 --disorder pm:0.3 --origin 3 {window} --seed 7"),
        format!("dimer --size 8 --temperature 1 {window} --noise 2"),
        format!("chipping --size 32 --rate 0.1 {window} --weight-decay 0.5"),
        format!("potts --size 8 --states 4 {window} --encoder states:4 --patience 3"),
        format!("gaussian --size 8 --mass 0.5 {window} --encoder continuous:0.1 --bound dv"),
        format!("data spins.npy {window} --boundary open,periodic --map 4"),
        format!("data spins.npy {window} --origin 2,3 --critic quadratic"),
        format!(
            "ising --size 8 {window} --restarts 2 --components auto --refine 3 --tolerance 1e-9"
        ),
    ]
    .iter()
    .enumerate()
    {
        let first = folder.json(&format!("train {words} --out {at}"));
        let again = folder.json(&format!("train --from {at}/run.json --out again --force"));
        assert_eq!(first["fingerprint"], again["fingerprint"], "{words}");
        assert!(folder.read(&format!("{at}/run.json")) == folder.read("again/run.json"));
        // The settings alone, in a file of one's own.
        let mut own: serde_json::Map<String, Value> = settings(&first)
            .into_iter()
            .map(|(name, value)| (name.replace("_requested", ""), value.clone()))
            .collect();
        own.remove("task");
        folder.write("own.json", json!(own).to_string().as_bytes());
        let again = folder.json("train --from own.json --out again --force");
        assert_eq!(first["fingerprint"], again["fingerprint"], "{words}");
        let other = folder.json("train --seed 99 --from own.json --out again --force");
        assert_eq!(other["seed"], 99);
        assert_ne!(first["fingerprint"], other["fingerprint"], "{words}");
    }
    let given =
        "estimate ising --size 8 --block 2 --buffer 1 --environment 1 --batch 20 --steps 60";
    let first = folder.json(&format!("{given} --filter staggered --encoder sigmoid"));
    folder.write("estimate.json", first.to_string().as_bytes());
    let again = folder.json("estimate --from estimate.json");
    assert_eq!(first["fingerprint"], again["fingerprint"]);
    assert_eq!(first["information_nats"], again["information_nats"]);
    // The filter of a training, judged on its window.
    let judged = folder.json("estimate --from 0/run.json --filter 0/filters.npy --encoder sigmoid");
    assert_eq!(
        (&judged["temperature"], &judged["thin"]),
        (&json!(1.0 / 0.3), &json!(2))
    );
}

#[test]
fn configuration_files_are_checked_by_name() {
    let folder = Folder::new();
    folder.write(
        "mine.toml",
        b"model = \"ising\"\nsize = [8, 6]\ntemperature = 2.5\nblock = 2\nbuffer = 1\n\
          environment = 1\nbatch = 20\nsteps = 50\n",
    );
    let found = folder.json("train --from mine.toml --steps 60 --out run");
    assert_eq!(
        (&found["size"], &found["temperature"], &found["steps"]),
        (&json!([8, 6]), &json!(2.5), &json!(60))
    );
    let words = "train ising --size 8,6 --temperature 2.5 --block 2 --buffer 1 --environment 1 \
                 --batch 20 --steps 60 --out typed";
    assert_eq!(folder.json(words)["fingerprint"], found["fingerprint"]);
    for (name, text, code, said) in [
        ("a.toml", "stepz = 3\n", 2, &["'stepz'", "'steps'"][..]),
        ("b.toml", "steps = 0\n", 2, &["'0'", "--steps", "from 1"]),
        ("c.toml", "steps = \n", 1, &["'c.toml'", "cannot be read"]),
        ("d.json", "{\"mass\": 1}", 2, &["'mass'"]),
        ("e.json", "[1, 2]", 1, &["'e.json'", "by name"]),
        ("f.json", "{\"schema\": \"other\"}", 1, &["schema"]),
        ("g.json", "{\"model\": \"isng\"}", 2, &["'isng'"]),
        ("h.json", "\u{0}", 1, &["'h.json'"]),
    ] {
        folder.write(name, text.as_bytes());
        folder.refuses(&format!("train --from {name} --out no"), code, said);
    }
    folder.refuses(
        "train --from none.toml",
        1,
        &["'none.toml'", "does not exist"],
    );
    folder.refuses("train chain --from mine.toml", 2, &["ising", "chain"]);
}

/// Records of the version before, which had their settings in `command` alone.
#[test]
fn records_of_earlier_versions_repeat_their_runs() {
    let folder = Folder::new();
    let words = "ising --size 8 --block 2 --buffer 1 --environment 1 --batch 20 --steps 60";
    let first = folder.json(&format!("train {words} --out run"));
    let old = "blockspin train ising --size 8,8 --temperature 2.269185 --coupling 1 --block 2 \
               --buffer 1 --environment 1 --batch 20 --bound infonce --steps 60 --learning-rate 0.005 \
               --learning-rate-end 0 --seed 1 --encoder binary --components 1 --filter-rate 4 \
               --filter-start 1 --epsilon-start 0.5 --epsilon-end 0.1 --epsilon-rate 0.005";
    let record = json!({"schema": "blockspin-run-1", "command": old, "components": 1});
    folder.write("old.json", record.to_string().as_bytes());
    let again = folder.json("train --from old.json --out again --force");
    assert_eq!(again["fingerprint"], first["fingerprint"]);
}
