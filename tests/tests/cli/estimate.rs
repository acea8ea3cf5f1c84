//! `blockspin estimate`.

use blockspin_tests::program::{Folder, number};
use serde_json::Value;

use super::{SHORT, check_run};

/// A run says what is known of it, and nothing where nothing is.
#[test]
fn exact_figures_are_printed_beside_estimates() {
    let folder = Folder::new();
    let short = "--steps 20";
    for (place, screen) in [
        (
            "chain --size 40 --block 4 --buffer 2 --filter uniform",
            "--environment 3",
        ),
        (
            "chain --size 40 --disorder pm:0.2 --origin 3 --block 4 --filter uniform",
            "--environment 1",
        ),
        (
            "ising --size 5 --block 3 --filter boundary --encoder sigmoid",
            "--environment 1",
        ),
    ] {
        let exact = folder.json(&format!("exact {place} --batch 100"));
        let buffer = if place.contains("--buffer") {
            ""
        } else {
            "--buffer 0"
        };
        let run = format!("estimate {place} {buffer} {screen} {short}");
        let found = folder.json(&run);
        for key in [
            "information_nats",
            "infonce_nats",
            "deficit_nats",
            "block_information_nats",
        ] {
            assert_eq!(found["exact"][key], exact[key], "{key}: {found}");
        }
        let text = folder.succeeds(&run);
        let all = number(&exact, "information_nats");
        let shown = number(&exact, "infonce_nats");
        let line = format!(
            "exactly        {all:.4} nats, of which InfoNCE at K = 100 can show {shown:.4}"
        );
        assert!(text.contains(&line), "{text}");
        let other = folder.json(&format!("{run} --bound nwj"));
        assert_eq!(
            other["exact"]["information_nats"],
            exact["information_nats"]
        );
        assert!(other["exact"]["infonce_nats"].is_null());
    }
    let train = "train chain --size 40 --block 4 --buffer 2 --environment 1 --steps 300 --out run";
    let found = folder.json(train);
    let drawn = number(&found["exact"], "information_nats");
    let sign = number(&found["exact"], "information_sign_nats");
    assert!(drawn != sign && number(&found["exact"], "block_information_nats") >= sign);
    let report = String::from_utf8(folder.read("run/report.html")).unwrap();
    for name in [
        "<dt>Exact</dt>",
        "<dt>Exact, of that h</dt>",
        ">exact</text>",
    ] {
        assert!(report.contains(name), "{name} is missing");
    }
    for unknown in [
        "estimate ising --size 16 --block 2 --buffer 1 --environment 2 --filter uniform",
        "estimate ising --size 6 --block 2 --buffer 0 --environment 1 --filter uniform",
        "estimate chain --size 40 --block 4 --buffer 2 --environment 1 --filter uniform --encoder continuous",
        "estimate potts --size 8 --block 2 --buffer 1 --environment 1 --filter uniform",
    ] {
        assert!(
            folder.json(&format!("{unknown} {short}"))["exact"].is_null(),
            "{unknown}"
        );
    }
}

/// A field's continuous h against the closed form: never above it, and below it by the batch's bias.
#[test]
fn continuous_h_of_gaussian_fields() {
    let folder = Folder::new();
    for (mass, bias) in [(0.3, 0.003), (0.6, 0.001)] {
        let field = format!("gaussian --size 12 --mass {mass} --block 2 --buffer 1");
        let filter = "--filter uniform --encoder continuous";
        let exact = folder.json(&format!("exact {field} {filter}"));
        let exact = number(&exact, "information_nats");
        let run = "--environment 1 --steps 1500";
        let found = folder.json(&format!("estimate {field} {run} {filter}"));
        let nats = number(&found, "information_nats");
        let stderr = number(&found, "information_stderr_nats");
        let about = format!("mass {mass}: {nats:.4} ± {stderr:.4}, exact {exact:.4}");
        println!("{about}");
        assert!(nats < exact + 4.0 * stderr, "{about}");
        assert!(nats > exact - 3.0 * stderr - bias - 0.005, "{about}");
        assert_eq!(found["encoder"], "continuous");
        for none in ["information_sign_nats", "capacity_nats", "deficit_nats"] {
            assert!(found[none].is_null(), "{found}");
        }
    }
}

#[test]
fn named_filters() {
    let folder = Folder::new();
    let exact = folder.json("exact ising --size 5 --block 3 --filter boundary");
    let exact = number(&exact, "information_nats");
    let words = "estimate ising --size 5 --block 3 --buffer 0 --environment 1 --steps 600";
    let found = folder.json(&format!("{words} --filter boundary"));
    check_run(&found, 600, 100);
    let (nats, stderr) = (
        number(&found, "information_nats"),
        number(&found, "information_stderr_nats"),
    );
    assert!(nats < exact + 4.0 * stderr && nats > exact - 0.012 - 3.0 * stderr - 0.005);
    let run = found["folder"].as_str().unwrap();
    let report = String::from_utf8(folder.read(&format!("{run}/report.html"))).unwrap();
    assert!(report.contains("estimate ising"), "{report}");
    let told = folder.run(&format!(
        "{words} --filter boundary --threads 2 --isa portable"
    ));
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(told.stdout.contains(&format!("{nats:.4}")), "{told:?}");
    let chain = folder.json("estimate chain --size 20 --block 4 --buffer 2 --environment 1 --steps 50 --filter staggered --coupling -1");
    check_run(&chain, 50, 100);
}

/// What holds for InfoNCE alone is not said of others.
#[test]
fn every_bound_by_name() {
    let folder = Folder::new();
    let words = "estimate ising --size 5 --block 3 --buffer 0 --environment 1 --temperature 1.5 \
                 --filter uniform --batch 3 --steps 200";
    for name in ["infonce", "nwj", "tuba", "tuba-constant", "dv", "js"] {
        let found = folder.json(&format!("{words} --bound {name}"));
        assert_eq!(found["bound"], name);
        check_run(&found, 200, 3);
        let command = found["command"].as_str().unwrap();
        assert!(command.contains(&format!("--bound {name} ")), "{command}");
        let near = found["warnings"].as_array().unwrap().iter();
        let near = near.filter(|told| told.as_str().unwrap().contains("larger --batch"));
        let text = folder.run(&format!("{words} --bound {name}")).stdout;
        let told = usize::from(name == "infonce");
        assert_eq!(text.matches("ceiling ln K").count(), told, "{text}");
        // At K = 3 InfoNCE has a ceiling, and Donsker–Varadhan a bias.
        let most = if name == "dv" { 2 } else { told };
        assert!(near.count() <= most, "{found}");
        assert_eq!(found["bias_nats"].is_null(), name != "dv");
    }

    let train = format!("train ising {SHORT} --bound tuba --out tuba");
    check_run(&folder.json(&train), 200, 20);
    let report = String::from_utf8(folder.read("tuba/report.html")).unwrap();
    assert!(!report.contains("ln K"));
    for (name, value) in [("Bound", "tuba"), ("Batch", "20"), ("Embedding", "8")] {
        let row = format!("<th scope=\"row\">{name}</th><td>{value}</td>");
        assert!(report.contains(&row), "{row}");
    }
    assert!(report.contains("--bound tuba</span>"));
    let text = folder.succeeds(&format!("{train} --seed 2 --quiet --force"));
    assert!(
        text.contains("bound TUBA") && !text.contains("ceiling"),
        "{text}"
    );
}

/// What is estimated of a filter by name, and of one that was learned, is what is known of it.
#[test]
fn dimers_agree_with_exact() {
    let folder = Folder::new();
    let place = "--size 4 --temperature 1 --block 4 --buffer 1";
    let run = format!("{place} --environment 1 --steps 500");
    let meets = |found: &Value, filter: &str| {
        check_run(found, 500, 400);
        let exact = folder.json(&format!("exact dimer {place} --filter {filter}"));
        let [kept, nats, stderr] = [
            number(&exact, "information_nats"),
            number(found, "information_nats"),
            number(found, "information_stderr_nats"),
        ];
        let about = format!("{filter}: {nats} ± {stderr}, exact {kept}");
        println!("{about}");
        assert!(nats < kept + 4.0 * stderr, "{about}");
        assert!(nats > kept - 0.02 - 3.0 * stderr - 0.004, "{about}");
    };
    for filter in ["staggered", "uniform"] {
        meets(
            &folder.json(&format!("estimate dimer {run} --filter {filter}")),
            filter,
        );
    }
    let told = folder.run(&format!("train dimer {run} --out run"));
    assert_eq!(told.code, Some(0), "{told:?}");
    let learned = "run/filters.npy --encoder sigmoid";
    meets(
        &folder.json(&format!("estimate dimer {run} --filter {learned}")),
        learned,
    );
}

/// What is estimated of a realisation is what is known of it, at the same place.
#[test]
fn random_bond_rings_agree_with_exact() {
    let folder = Folder::new();
    let ring = "chain --size 24 --disorder gaussian:0,1 --disorder-seed 1 --coupling 2 \
                --temperature 1 --block 4 --buffer 1 --filter boundary";
    let mut kept = vec![];
    for origin in [8, 16] {
        let place = format!("{ring} --origin {origin}");
        let exact = number(&folder.json(&format!("exact {place}")), "information_nats");
        let found = folder.json(&format!("estimate {place} --environment 3 --steps 600"));
        check_run(&found, 600, 100);
        let [nats, stderr] =
            ["information_nats", "information_stderr_nats"].map(|name| number(&found, name));
        let about = format!("{origin}: {nats} ± {stderr}, exact {exact}");
        println!("{about}");
        assert!(nats < exact + 4.0 * stderr, "{about}");
        assert!(nats > exact - 0.012 - 3.0 * stderr - 0.005, "{about}");
        kept.push(exact);
    }
    assert!((kept[0] - kept[1]).abs() > 0.05, "{kept:?}");
}

/// More held-out windows change the figure and its error, and nothing that was learned.
#[test]
fn more_held_out_windows_are_less_uncertain() {
    let folder = Folder::new();
    let run = "chain --size 32 --block 2 --buffer 1 --environment 2 --batch 50 --steps 200";
    let few = folder.json(&format!("train {run} --held-out-windows 25600 --out few"));
    let many = folder.json(&format!("train {run} --held-out-windows 409600 --out many"));
    assert_eq!(few["fingerprint"], many["fingerprint"]);
    assert_eq!(many["held_out_windows"], 409_600);
    let [few, many] = [few, many].map(|found| {
        let nats = number(&found, "information_nats");
        (nats, number(&found, "information_stderr_nats"))
    });
    let ratio = few.1 / many.1;
    assert!((2.5..6.5).contains(&ratio), "{ratio} in place of 4");
    assert!((few.0 - many.0).abs() < 4.0 * (few.1 + many.1));
    folder.refuses(
        &format!("train {run} --held-out-windows 4000000000 --out no"),
        1,
        &["memory"],
    );
}
