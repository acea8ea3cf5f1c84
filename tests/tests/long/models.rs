//! Models at the sizes of the papers: runs of the program with its defaults, some minutes on one core.

use blockspin_tests::links::{off_links, staggered_overlap};
use blockspin_tests::program::{Folder, floats, number, parse_npy};
use blockspin_tests::runs::CRITIC;
use serde_json::Value;

/// What `train` says, and the weights of its filters.
fn train(words: &str) -> (Value, Vec<f32>) {
    let folder = Folder::new();
    let told = folder.json(&format!("train {words} --quiet --out run --force"));
    let bytes = folder.read("run/filters.npy");
    let (_, data) = parse_npy(&bytes);
    let shown = [
        "information_nats",
        "information_stderr_nats",
        "information_sign_nats",
    ];
    println!("train {words}: {:?}", shown.map(|name| number(&told, name)));
    (told, floats(data))
}

/// Both figures are as expected, within so much.
fn assert_information(told: &Value, expected: f64, within: f64) {
    for name in ["information_nats", "information_sign_nats"] {
        let found = number(told, name);
        assert!((found - expected).abs() < within, "{name} {found}: {told}");
    }
}

/// Four columnar states.
#[test]
#[ignore = "long: runs with default settings"]
fn columnar_dimers_have_two_bits() {
    let (told, _) = train("dimer --temperature 0.3");
    assert_information(&told, 2.0 * std::f64::consts::LN_2, 0.05);
}

#[test]
#[ignore = "long: runs with default settings"]
fn free_dimers_learn_their_electric_field() {
    for seed in [1, 2] {
        let (told, weights) = train(&format!("dimer --seed {seed}"));
        assert_information(&told, 0.19, 0.02);
        let overlap = staggered_overlap(8, &[&weights[..64], &weights[64..]]);
        println!("overlap with the field: {overlap:?}");
        assert!(overlap[1] > 0.9, "{overlap:?}");
        assert_eq!(off_links(8, &weights), 0.0);
    }
    let (told, _) = train("dimer --components 1");
    assert_information(&told, 0.095, 0.012);
}

#[test]
#[ignore = "long: runs with default settings"]
fn noise_spins_get_no_weight() {
    for binding in ["4", "1"] {
        let (_, weights) = train(&format!("dimer --noise {binding}"));
        for component in weights.chunks_exact(64) {
            let noise = off_links(8, component);
            println!("largest weight on noise: {noise}");
            assert!(noise < 0.05, "{noise}");
        }
    }
}

/// The antiferromagnet is the ferromagnet with every second spin turned.
#[test]
#[ignore = "long: runs with default settings"]
fn the_antiferromagnet_has_a_staggered_filter() {
    let (told, weights) = train("ising --coupling -1");
    assert_information(&told, 0.405, 0.025);
    let sites = (0..16).map(|i| (i / 4 + i % 4) % 2);
    let staggered: f32 = sites
        .zip(&weights)
        .map(|(odd, w)| if odd == 1 { -w } else { *w })
        .sum();
    let all: f32 = weights.iter().map(|w| w.abs()).sum();
    assert!(staggered.abs() > 0.95 * all, "{weights:?}");
}

/// In three dimensions at T_c all weights have one sign, and those of the surface are larger.
#[test]
#[ignore = "long: runs with default settings"]
fn the_cube_at_its_critical_point() {
    let (told, weights) = train("ising --size 32,32,32 --buffer 2 --environment 2");
    let found = number(&told, "information_nats");
    assert!((0.15..0.25).contains(&found), "{found}");
    let sum: f32 = weights.iter().sum();
    let all: f32 = weights.iter().map(|w| w.abs()).sum();
    assert!(sum.abs() > 0.9 * all, "{weights:?}");
}

/// A binary h tells one half of the states from the other at best.
#[test]
#[ignore = "long: runs with default settings"]
fn one_bit_of_potts_models() {
    for states in [2, 3, 4, 5] {
        let words = "--temperature 0.6 --size 32 --buffer 2 --environment 2";
        let (told, _) = train(&format!("potts --states {states} {words}"));
        let share = f64::from(states / 2) / f64::from(states);
        let most = -share * share.ln() - (1.0 - share) * (1.0 - share).ln();
        let found = number(&told, "information_nats");
        println!("{found} of {most}");
        let error = number(&told, "information_stderr_nats");
        assert!(found < most + 4.0 * error, "{found} {most}");
        assert!(found > 0.98 * most - 4.0 * error, "{found} {most}");
    }
}

/// Clean and random bonds: what is estimated is what is exact, less what the bound misses.
#[test]
#[ignore = "long: runs with default settings"]
fn chains_of_any_bonds_agree_with_exact() {
    let folder = Folder::new();
    for disorder in ["none", "gaussian:0,1", "gaussian:1,0.5", "pm:0.3"] {
        for (place, filter) in [
            ("--block 4 --buffer 0 --origin 0", "decimation"),
            ("--block 4 --buffer 1 --origin 11", "uniform"),
            ("--block 3 --buffer 2 --origin 40", "boundary"),
        ] {
            let words = format!("chain --disorder {disorder} {place} --filter {filter}");
            let exact = number(&folder.json(&format!("exact {words}")), "information_nats");
            let words = format!("estimate {words} --environment 1 --quiet");
            let told = folder.json(&words);
            let found = number(&told, "information_nats");
            let error = number(&told, "information_stderr_nats");
            println!("{words}: {found} ± {error}, exact {exact}");
            assert!(found < exact + 4.0 * error, "{words}");
            assert!(found > exact - 4.0 * error - CRITIC, "{words}");
        }
    }
}
