//! Trainings that end early, are refined, restarted and grown.

use blockspin_core::lattice::Lattice;
use blockspin_exact::{Encoder, Filter, Partition, ising};
use blockspin_tests::program::{Folder, number};
use serde_json::Value;

/// A ring whose answers are known, with windows that see all that matters of it.
const RING: &str = "chain --size 16 --block 4 --buffer 1 --environment 1";

fn train(folder: &Folder, words: &str) -> Value {
    folder.run(&format!("train {words} --force --json")).json()
}

fn weights(value: &Value) -> Vec<f32> {
    let row = value["filters"][0].as_array().unwrap();
    row.iter().map(|w| w.as_f64().unwrap() as f32).collect()
}

/// I(H:E) of h = sign(Λ·v) on the ring, exact.
fn kept(weights: &[f32], temperature: f64) -> f64 {
    let ring = Lattice::new(&[16]).unwrap();
    let partition = Partition::new(ring, &[4], 1).unwrap();
    let filter = Filter::new(weights, 1, Encoder::Sign).unwrap();
    let all = ising::information(&partition, 1.0, temperature.recip(), Some(&filter), None);
    all.unwrap().filtered.unwrap()
}

/// The series of a run: steps, and validation figures.
fn series(folder: &Folder, run: &str) -> Vec<(u64, Option<f64>)> {
    let text = std::fs::read_to_string(folder.path(&format!("{run}/series.csv"))).unwrap();
    let record = |line: &str| {
        let fields: Vec<_> = line.split(',').collect();
        (fields[0].parse().unwrap(), fields[2].parse().ok())
    };
    text.lines().skip(1).map(record).collect()
}

#[test]
fn convergence_ends_a_training() {
    let folder = Folder::new();
    let words = format!("{RING} --temperature 0.7 --out run");
    let ended = train(&folder, &format!("{words} --tolerance 0.003"));
    let steps = ended["steps"].as_u64().unwrap();
    assert_eq!(ended["ended"], "converged");
    assert!(steps < 6000 && steps.is_multiple_of(200), "{steps}");
    assert_eq!(series(&folder, "run").last().unwrap().0, steps);
    let whole = train(&folder, &format!("{words} --tolerance 0 --steps 1000"));
    assert_eq!(
        (&whole["ended"], whole["steps"].as_u64()),
        (&"steps".into(), Some(1000))
    );
}

/// A file so small that a critic soon memorises it.
#[test]
fn patience_keeps_the_best() {
    let folder = Folder::new();
    let _ = folder.run("sample ising --size 16 --samples 600 --seed 3 --out spins.npy");
    let words = "data spins.npy --block 2 --buffer 1 --environment 2 --batch 40 --steps 3000 \
                 --origin 3,4 --boundary open --folds 1 --critics one";
    let patient = train(&folder, &format!("{words} --patience 8 --out patient"));
    let impatient = train(&folder, &format!("{words} --patience 100000 --out whole"));
    assert_eq!(
        (&patient["ended"], &impatient["ended"]),
        (&"patience".into(), &"steps".into())
    );
    let kept = patient["kept_step"].as_u64().unwrap();
    assert!(kept < patient["steps"].as_u64().unwrap());
    let watched = series(&folder, "patient");
    let watched = watched
        .iter()
        .filter_map(|(step, figure)| Some((*step, (*figure)?)));
    let best = watched.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
    assert_eq!(best.0, kept);
    // Both runs are the same up to there.
    let (a, b) = (series(&folder, "patient"), series(&folder, "whole"));
    assert_eq!(a, b[..a.len()]);
}

/// At T = 0.7 the last spin keeps 3 % more than the majority, and trainings whose filters learn slowly are
/// on the way from one to the other.
#[test]
fn a_filter_is_refined() {
    let folder = Folder::new();
    let mut gained = 0.0;
    for seed in 2..5 {
        let words = format!(
            "{RING} --temperature 0.7 --steps 2000 --filter-rate 1 --seed {seed} --out run"
        );
        let plain = train(&folder, &words);
        let refined = train(&folder, &format!("{words} --refine 60"));
        let told = &refined["refined"];
        let figure = |name: &str| number(told, name);
        assert!(
            figure("bound_after_nats") > figure("bound_before_nats"),
            "{told}"
        );
        assert_eq!(
            told["kept"],
            figure("validation_after_nats") > figure("validation_before_nats")
        );
        gained += number(&refined, "information_nats") - number(&plain, "information_nats");
    }
    println!("refined: {:+.4} nats on average", gained / 3.0);
    // The error of a difference of means of the same windows is some 0.002.
    assert!(gained / 3.0 > 0.004, "{gained}");
}

#[test]
fn the_best_of_restarts_is_reported() {
    let folder = Folder::new();
    let words = format!("{RING} --temperature 0.7 --steps 1500 --burn-in 9 --thin 1");
    let found = train(&folder, &format!("{words} --restarts 3 --seed 7 --out all"));
    let restarts = found["restarts"].as_array().unwrap();
    let watched: Vec<f64> = restarts
        .iter()
        .map(|r| number(r, "validation_nats"))
        .collect();
    let best = (0..3)
        .max_by(|a, b| watched[*a].total_cmp(&watched[*b]))
        .unwrap();
    let mean = watched.iter().sum::<f64>() / 3.0;
    let squares: f64 = watched.iter().map(|x| (x - mean) * (x - mean)).sum();
    assert!((number(&found, "spread_nats") - (squares / 2.0).sqrt()).abs() < 1e-12);
    // Each is the training of a seed of its own.
    let seed = restarts[best]["seed"].as_u64().unwrap();
    assert_eq!(seed, 7 + ((best as u64) << 32));
    let alone = train(&folder, &format!("{words} --seed {seed} --out one"));
    assert_eq!(weights(&alone), weights(&found));
    assert_eq!(alone["restarts"], Value::Null);
}

/// The two ends of a block are all that the rest of a ring knows of it: a third component adds nothing.
#[test]
fn components_are_added_while_they_are_worth_it() {
    let folder = Folder::new();
    let words = format!("{RING} --temperature 1 --components auto --steps 3000 --out run");
    let found = train(&folder, &words);
    assert_eq!(found["components"], 2);
    let tried = found["components_tried"].as_array().unwrap();
    let components: Vec<_> = tried
        .iter()
        .map(|stage| stage["components"].as_u64())
        .collect();
    assert_eq!(components, [Some(1), Some(2), Some(3)]);
    let watched: Vec<f64> = tried
        .iter()
        .map(|stage| number(stage, "validation_nats"))
        .collect();
    // Exactly 0.2105 for the best one, 0.3537 for the block, of which K = 100 shows all but 0.015.
    assert!(watched[0] < 0.22 && watched[1] > 0.30, "{watched:?}");
    assert!((watched[2] - watched[1]).abs() < 0.03, "{watched:?}");
    assert_eq!(found["filters"].as_array().unwrap().len(), 2);
    assert!(number(&found, "information_nats") < 0.3537 + 0.01);
    let kept = kept(
        &weights(&train(
            &folder,
            &format!("{RING} --temperature 1 --out one"),
        )),
        1.0,
    );
    assert!(kept > 0.99 * 0.21053, "{kept}");
}

#[test]
fn invalid_values_are_refused() {
    let folder = Folder::new();
    for (words, rule) in [
        ("--components 0", "from 1 to 16, or auto"),
        ("--components many", "from 1 to 16, or auto"),
        ("--tolerance -1", "from 0 on"),
        ("--tolerance 0.1 --damping 0", "above 0"),
        ("--damping 0.2", "--tolerance"),
        ("--patience 0", "0"),
        ("--restarts 0", "from 1 to 1000"),
    ] {
        folder.refuses(&format!("train {RING} {words}"), 2, &[rule]);
    }
}
