//! Data unlike a model's: units, heavy tails, markers of missing values, places that are not alike, a
//! boundary that was forgotten. The figure is right, or comes with a word.

use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_tests::arrays::doubles;
use blockspin_tests::program::{Folder, npy, number};
use blockspin_tests::studies::{self, Length};
use serde_json::Value;

/// Pairs on the two nodes of a graph.
const PAIR: &str = "--graph edge.txt --origin 0 --block 1 --buffer 0 --environment 1 --quiet";

fn stream() -> Stream {
    Stream::new(5, 0, Purpose::Sample)
}

/// Normal numbers.
fn normal(n: usize) -> Vec<f64> {
    let mut stream = stream();
    (0..n).map(|_| f64::from(stream.normal())).collect()
}

fn write(folder: &Folder, name: &str, sides: &[usize], values: &[f64]) {
    let n = values.len() / sides.iter().product::<usize>();
    let shape = [&[n], sides].concat();
    folder.write(name, &npy("<f8", &shape, &doubles(values)));
}

fn has(found: &Value, diagnosis: &str) -> bool {
    let diagnoses = found["diagnoses"].as_array();
    diagnoses.is_some_and(|all| all.iter().any(|one| one == diagnosis))
}

/// What makes data doubtful.
const DOUBTS: [&str; 4] = [
    "suspicious_values",
    "heavy_tails",
    "sites_differ",
    "open_seam",
];

fn assert_no_doubts(found: &Value, about: &str) {
    for doubt in DOUBTS {
        assert!(!has(found, doubt), "{about}: {}", found["warnings"]);
    }
}

#[test]
fn units_of_sites_do_not_matter() {
    let folder = Folder::new();
    folder.write("edge.txt", b"0 1\n");
    let pairs = normal(8000);
    let run = |scale: f64, shift: f64| {
        let pairs = pairs.chunks_exact(2);
        let pairs = pairs.flat_map(|xy| [scale * xy[0] + shift, 0.8 * xy[0] + 0.6 * xy[1]]);
        write(&folder, "pairs.npy", &[2], &pairs.collect::<Vec<_>>());
        let found = folder.json(&format!(
            "train data pairs.npy {PAIR} --encoder continuous --steps 600"
        ));
        assert_no_doubts(&found, "pairs");
        let data = &found["data"];
        assert_eq!(data["transform_used"], "standard");
        assert!(data["centre"].is_null() && data["each_site"] == true);
        let scales = &data["site_scales"];
        let [centre, deviation] = ["block_centres", "block_scales"].map(|name| &scales[name][0]);
        let [centre, deviation] = [centre, deviation].map(|x| x.as_f64().unwrap_or(f64::NAN));
        assert!((deviation / scale - 1.0).abs() < 0.05, "{data}");
        assert!((centre - shift).abs() < 0.1 * scale, "{data}");
        number(&found, "information_nats")
    };
    let plain = run(1.0, 0.0);
    // −½ ln(1 − 0.8²); 1600 held-out pairs.
    assert!((plain - 0.5108).abs() < 0.08, "{plain}");
    assert_eq!(run(f64::powi(2.0, -30), 0.0), plain);
    assert_eq!(run(f64::powi(2.0, 200), 0.0), plain);
    assert!((run(1e6, 0.0) - plain).abs() < 1e-6);
    // The sum keeps eight digits of x.
    assert!((run(1.0, 1e8) - plain).abs() < 0.02);
}

#[test]
fn heavy_tails_become_ranks() {
    let folder = Folder::new();
    folder.write("edge.txt", b"0 1\n");
    let normal = normal(16_000);
    let cauchy = |i: usize| normal[4 * i] / normal[4 * i + 1];
    let pairs = (0..4000).flat_map(|i| {
        let (x, y) = (cauchy(i), normal[4 * i + 2] / normal[4 * i + 3]);
        [x, y.abs().copysign(x)]
    });
    write(&folder, "cauchy.npy", &[2], &pairs.collect::<Vec<_>>());
    let run = |options: &str| folder.json(&format!("train data cauchy.npy {PAIR} {options}"));
    // The sign of one is that of the other: ln 2.
    let found = run("--steps 1000");
    assert!(number(&found, "information_sign_nats") > 0.55, "{found}");
    assert_eq!(found["data"]["transform_used"], "rank");
    assert_eq!(found["transform"], "auto");
    assert!(has(&found, "heavy_tails"));
    let named = run("--steps 1000 --transform rank");
    assert_eq!(named["fingerprint"], found["fingerprint"]);
    let standard = run("--steps 1000 --transform standard");
    assert!(has(&standard, "heavy_tails"));
    assert_eq!(standard["data"]["transform_used"], "standard");
    // Values that f32 does not hold apart are not taken as they are.
    let far: Vec<f64> = normal.iter().map(|x| 1e9 + x).collect();
    write(&folder, "far.npy", &[2], &far);
    let told = folder.run(&format!("train data far.npy {PAIR} --transform none"));
    assert!(
        told.code == Some(2) && told.stderr.contains("--transform none"),
        "{told:?}"
    );
    let as_they_are = run("--steps 10 --transform none");
    assert_eq!(as_they_are["data"]["scale"], 1.0);
}

#[test]
fn markers_of_missing_values_are_told_and_taken_out() {
    let folder = Folder::new();
    let length = Length {
        samples: 3000,
        ..Length::QUICK
    };
    let spins = studies::spins(&folder, "ising --size 12 --temperature 2.5", length);
    let place = "--block 2 --buffer 1 --environment 1 --filter uniform --steps 300 --quiet";
    let run =
        |name: &str, options: &str| folder.json(&format!("estimate data {name} {place} {options}"));
    let sound = run("sampled.npy", "");
    assert_no_doubts(&sound, "spins");
    let mut stream = stream();
    let marked = spins.iter().map(|spin| match stream.below(1000) {
        0 => -9999.0,
        _ => f64::from(*spin) + 0.01 * f64::from(stream.normal()),
    });
    let mut marked: Vec<f64> = marked.collect();
    write(&folder, "marked.npy", &[12, 12], &marked);
    let found = run("marked.npy", "");
    assert!(has(&found, "suspicious_values"), "{}", found["warnings"]);
    let values = &found["data"]["values"];
    assert_eq!(
        (&values["least"], &values["suspicious"][0]["value"]),
        (&(-9999.0).into(), &(-9999.0).into())
    );
    let share = values["suspicious"][0]["share"].as_f64();
    assert!(
        share.is_some_and(|share| (share - 1e-3).abs() < 2e-4),
        "{values}"
    );
    let told = found["warnings"].to_string();
    assert!(told.contains("--missing -9999"), "{told}");
    let cured = run("marked.npy", "--missing -9999");
    assert_no_doubts(&cured, "marked as missing");
    assert_eq!(cured["data"]["transform_used"], "standard");
    let apart = number(&cured, "information_nats") - number(&sound, "information_nats");
    let error = number(&sound, "information_stderr_nats");
    assert!(apart.abs() < 5.0 * error, "{apart} {error}");
    // A single wild value.
    marked.iter_mut().for_each(|x| *x = x.max(-2.0));
    marked[777] = 1e30;
    write(&folder, "wild.npy", &[12, 12], &marked);
    let wild = run("wild.npy", "");
    assert!(has(&wild, "heavy_tails") && number(&wild, "information_nats") > 0.1);
    // Two values and a third that marks.
    let three: Vec<f32> = (0..)
        .zip(&spins)
        .map(|(i, spin)| if i % 997 == 0 { 1e20 } else { f32::from(*spin) })
        .collect();
    studies::write_reals(&folder, "three.npy", &[12, 12], &three);
    let told = run("three.npy", "")["warnings"].to_string();
    assert!(told.contains("--missing 1e20"), "{told}");
    let cured = run("three.npy", "--missing 1e20");
    assert_eq!(
        (&cured["data"]["kind"], &cured["data"]["values"]),
        (&"real".into(), &Value::Null)
    );
    assert_no_doubts(&cured, "three values");
}

#[test]
fn places_that_differ_are_told_and_made_alike() {
    let folder = Folder::new();
    let (n, side) = (2000, 12);
    let noise = normal(n * side * side);
    let ramp = noise.iter().enumerate().map(|(i, x)| {
        let (row, column) = (i / side % side, i % side);
        x + 0.2 * row as f64 + 0.1 * column as f64
    });
    write(
        &folder,
        "ramp.npy",
        &[side, side],
        &ramp.collect::<Vec<_>>(),
    );
    let mut stream = stream();
    let frozen: Vec<Option<bool>> = (0..side * side)
        .map(|_| stream.coin().then(|| stream.coin()))
        .collect();
    let half: Vec<i8> = (0..n * side * side)
        .map(|i| frozen[i % (side * side)].unwrap_or_else(|| stream.coin()))
        .map(|up| if up { 1 } else { -1 })
        .collect();
    studies::write_spins(&folder, "half.npy", &[side, side], &half);
    let place = "--block 2 --buffer 1 --environment 2 --filter uniform --steps 400 --quiet";
    for name in ["ramp.npy", "half.npy"] {
        let run = |options: &str| folder.json(&format!("estimate data {name} {place} {options}"));
        let found = run("");
        assert!(has(&found, "sites_differ"), "{name}: {}", found["warnings"]);
        assert!(!has(&found, "open_seam"), "{name}: {}", found["warnings"]);
        assert!(number(&found, "information_nats") > 0.05, "{name}: {found}");
        let cured = run("--subtract site-means");
        assert_no_doubts(&cured, name);
        assert_eq!(cured["data"]["subtracted"], "site-means");
        let (information, error) = (
            number(&cured, "information_nats"),
            number(&cured, "information_stderr_nats"),
        );
        assert!(
            information.abs() < 4.0 * error + 2e-3,
            "{name}: {information} ± {error}"
        );
    }
    // Order that lasts for the whole file is no place.
    for model in [
        "ising --size 12 --temperature 1.2 --algorithm metropolis",
        "ising --size 12 --temperature 2.269",
    ] {
        let spins = studies::spins(
            &folder,
            model,
            Length {
                samples: 2000,
                ..Length::QUICK
            },
        );
        assert_eq!(spins.len(), 2000 * 144);
        let found = folder.json(&format!("estimate data sampled.npy {place} --batch 20"));
        assert_no_doubts(&found, model);
    }
}

#[test]
fn a_forgotten_boundary_is_told() {
    let folder = Folder::new();
    let (n, frames, places) = (2000, 10, 16);
    let mut stream = stream();
    let mut records = vec![];
    for _ in 0..n {
        let mut now = vec![0.0f32; places];
        for frame in 0..frames + 10 {
            let before = now.clone();
            for (place, x) in now.iter_mut().enumerate() {
                let beside = before[(place + 1) % places] + before[(place + places - 1) % places];
                *x = 0.5 * before[place] + 0.2 * beside + stream.normal();
            }
            if frame >= 10 {
                records.extend_from_slice(&now);
            }
        }
    }
    studies::write_reals(&folder, "records.npy", &[frames, places], &records);
    let run = |options: &str| {
        folder.json(&format!(
            "estimate data records.npy --block 2 --buffer 1 --environment 1 --filter uniform --steps 100 \
             --quiet {options}"
        ))
    };
    let found = run("");
    assert!(has(&found, "open_seam"), "{}", found["warnings"]);
    let told = found["warnings"].to_string();
    assert!(
        told.contains("along axis 0") && !told.contains("along axis 1"),
        "{told}"
    );
    assert!(told.contains("--boundary open,periodic"), "{told}");
    assert_no_doubts(&run("--boundary open,periodic"), "open");
}
