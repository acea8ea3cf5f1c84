//! `blockspin sample`: the files that it writes and the statistics that it prints.

use blockspin_tests::program::{Folder, number, parse_npy};
use serde_json::Value;

use super::values;

#[test]
fn ising_samples_and_their_statistics() {
    for (model, shape) in [
        ("ising --size 4", "(3000, 4, 4)"),
        (
            "ising --size 4 --coupling -1 --temperature 3",
            "(3000, 4, 4)",
        ),
        (
            "ising --size 3,2,4 --beta 0.15 --algorithm metropolis",
            "(3000, 3, 2, 4)",
        ),
        (
            "ising --size 9 --dimension 1 --algorithm wolff",
            "(3000, 9)",
        ),
        ("chain --size 12 --algorithm swendsen-wang", "(3000, 12)"),
        // Frustrated, warm and cold; and without any interaction.
        ("ising --size 3,5 --coupling -1", "(3000, 3, 5)"),
        (
            "ising --size 3,4 --coupling -1 --temperature 0.7",
            "(3000, 3, 4)",
        ),
        (
            "chain --size 9 --coupling -1 --temperature inf",
            "(3000, 9)",
        ),
    ] {
        let folder = Folder::new();
        let found = folder.json(&format!(
            "sample {model} --samples 3000 --seed 5 --out a.npy"
        ));
        assert_eq!(found["samples"], 3000);
        for name in ["seconds", "burn_in", "energy_stderr"] {
            assert!(number(&found, name) >= 0.0, "{found}");
        }
        assert!(number(&found, "autocorrelation_time") >= 0.5);
        assert_eq!(found["equilibrated"], true);

        let bytes = folder.read("a.npy");
        let (header, data) = parse_npy(&bytes);
        assert!(header.contains(&format!("'shape': {shape}")), "{header}");
        assert!(header.contains("'descr': '|i1'"), "{header}");
        assert!(data.iter().all(|spin| [1, 255].contains(spin)));
        // What is said is true of the file.
        let sites = data.len() / 3000;
        let squares = data.chunks_exact(sites).map(|row| {
            let m: i32 = row.iter().map(|spin| i32::from(*spin as i8)).sum();
            f64::from(m * m) / (sites * sites) as f64
        });
        let square = squares.sum::<f64>() / 3000.0;
        assert!((square - number(&found, "magnetisation_squared")).abs() < 1e-9);

        // And of the model: `exact` takes the same words, but for the algorithm.
        let words = model.split(" --algorithm").next().unwrap();
        let exact = folder.json(&format!("exact {words}"));
        for (name, error) in [
            ("energy_per_site", "energy_stderr"),
            ("magnetisation_abs", "magnetisation_abs_stderr"),
            ("magnetisation_squared", "magnetisation_squared_stderr"),
        ] {
            let off = number(&found, name) - number(&exact, name);
            assert!(
                off.abs() <= 4.0 * number(&found, error),
                "{model}, {name}: {off}"
            );
        }
        for name in ["specific_heat", "binder_cumulant"] {
            assert!(number(&exact, name).is_finite());
        }

        let again = folder.run(&format!(
            "sample {model} --samples 3000 --seed 5 --out b.npy"
        ));
        assert_eq!(again.code, Some(0), "{again:?}");
        assert_eq!(
            folder.read("b.npy"),
            bytes,
            "the same seed gives the same file"
        );
        let other = folder.run(&format!(
            "sample {model} --samples 3000 --seed 6 --out b.npy"
        ));
        assert_eq!(other.code, Some(0), "{other:?}");
        assert_ne!(folder.read("b.npy"), bytes, "another seed gives another");
    }
}

/// Files of the other models: what is in them, and that it has the means of `exact`.
#[test]
fn samples_of_every_other_model() {
    for (model, kind, shape, means) in [
        (
            "dimer --size 4 --temperature 1",
            "|i1",
            "(2000, 8, 8)",
            &["parallel_plaquettes_per_site", "winding_x_squared"][..],
        ),
        (
            "dimer --size 6 --noise 1",
            "|i1",
            "(2000, 12, 12)",
            &["parallel_plaquettes_per_site"],
        ),
        (
            "chipping --size 6 --density 1.5 --rate 0.7",
            "<i4",
            "(2000, 6)",
            &["mass_squared", "largest_mass"],
        ),
        (
            "chain --size 10 --disorder gaussian:0,1 --disorder-seed 2",
            "|i1",
            "(2000, 10)",
            &["energy_per_site", "magnetisation_squared"],
        ),
        ("potts --size 4,6 --states 5", "|i1", "(2000, 4, 6)", &[]),
        (
            "gaussian --size 4,4,4 --mass 0.5",
            "<f4",
            "(2000, 4, 4, 4)",
            &["variance_per_site", "energy_per_site"],
        ),
    ] {
        let folder = Folder::new();
        let found = folder.json(&format!(
            "sample {model} --samples 2000 --out a.npy --picture a.svg"
        ));
        assert_eq!(found["equilibrated"], true, "{found}");
        let bytes = folder.read("a.npy");
        let (header, data) = parse_npy(&bytes);
        assert!(header.contains(&format!("'descr': '{kind}'")), "{header}");
        assert!(header.contains(&format!("'shape': {shape}")), "{header}");
        let values = values(data, kind);
        let rows = values.chunks_exact(values.len() / 2000);
        let picture = String::from_utf8(folder.read("a.svg")).unwrap();
        assert!(picture.starts_with("<svg") || picture.starts_with("<?xml"));
        assert!(picture.trim_end().ends_with("</svg>"));

        match model.split(' ').next() {
            Some("dimer") => rows.for_each(one_dimer_each),
            Some("chipping") => {
                assert!(values.iter().all(|m| *m >= 0.0));
                rows.for_each(|row| assert_eq!(row.iter().sum::<f64>(), 9.0));
            }
            Some("chain") => assert!(values.iter().all(|s| s.abs() == 1.0)),
            Some("potts") => {
                for state in 0..5 {
                    assert!(values.contains(&f64::from(state)));
                }
                assert!(values.iter().all(|s| (0.0..5.0).contains(s)));
            }
            _ => {
                let square = values.iter().map(|x| x * x).sum::<f64>() / values.len() as f64;
                assert!((square - number(&found, "variance_per_site")).abs() < 1e-5);
            }
        }
        if means.is_empty() {
            continue;
        }
        let words = model.split(" --noise").next().unwrap();
        let exact = folder.json(&format!("exact {words}"));
        for name in means {
            let error = match *name {
                "energy_per_site" => number(&found, "energy_stderr"),
                name => number(&found, &format!("{name}_stderr")),
            };
            let off = number(&found, name) - number(&exact, name);
            assert!(off.abs() <= 4.0 * error, "{model}, {name}: {off} ± {error}");
        }
    }
}

/// On a doubled lattice every vertex has one dimer; noise lies on vertices and faces alone.
fn one_dimer_each(row: &[f64]) {
    let side = row.len().isqrt();
    let at = |y: usize, x: usize| row[y % side * side + x % side];
    for y in (0..side).step_by(2) {
        for x in (0..side).step_by(2) {
            let back = |z: usize| z + side - 1;
            let dimers = [at(y, x + 1), at(y, back(x)), at(y + 1, x), at(back(y), x)];
            assert_eq!(dimers.iter().sum::<f64>(), 1.0);
        }
    }
    assert!(row.iter().all(|x| [0.0, 1.0].contains(x)));
}

#[test]
fn slow_chains_and_long_distributions_are_reported() {
    let folder = Folder::new();
    // The advice names no option that the model lacks.
    let words = "sample dimer --size 4 --temperature 0.05 --samples 2000 --out a.npy";
    let told = folder.run(words);
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(told.stderr.contains("changed its sector"), "{told:?}");
    assert!(!told.stderr.contains("--algorithm"), "{told:?}");
    // A list of a hundred thousand shares is no distribution to look at.
    let heavy =
        "sample chipping --size 2 --density 100000 --samples 3 --burn-in 1 --thin 1 --out a.npy";
    let found = folder.json(heavy);
    assert!(found["mass_distribution"].is_null());
    assert!(found["warnings"].to_string().contains("mass_distribution"));
}

#[test]
fn samples_do_not_depend_on_threads() {
    for model in [
        "dimer --size 8 --noise 1 --samples 2500",
        "chipping --size 32 --samples 2500",
        "potts --size 6 --samples 2500",
        "gaussian --size 6 --mass 0.3 --samples 2500",
        "chain --size 40 --disorder pm:0.3 --samples 2500",
        "ising --size 8 --samples 3001",
        "ising --size 5,7 --temperature 3 --samples 1999",
        "ising --size 4,6,4 --coupling -1 --samples 8003",
        "ising --size 6 --algorithm metropolis --temperature 3 --samples 999",
        "chain --size 33 --samples 5501",
        "chain --size 300 --algorithm swendsen-wang --samples 2500",
    ] {
        let folder = Folder::new();
        let [one, others @ ..] = &[1, 2, 5].map(|threads| {
            let words = format!("sample {model} --threads {threads} --out a.npy");
            let mut found = folder.json(&words);
            found["seconds"] = Value::Null;
            (found, folder.read("a.npy"))
        });
        for other in others {
            assert_eq!(other.0, one.0);
            assert!(other.1 == one.1, "{model}: the files differ");
        }
    }
}
