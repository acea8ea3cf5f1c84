//! The opt-in tier: `cargo test --release -p blockspin-tests --test z_long -- --ignored`, some
//! minutes on one core.

use std::time::Duration;

use blockspin::filters::Filters;
use blockspin::held_out::Estimate;
use blockspin::learn::{self, Outcome, Place, Settings, Source};
use blockspin::model::Model;
use blockspin_core::block::window::Window;
use blockspin_core::lattice::Lattice;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::optim::schedule::Schedule;
use blockspin_core::sampler::{Algorithm, Dimer, Sampler, Start};
use blockspin_core::stats::Blocking;
use blockspin_tests::arrays;
use blockspin_tests::chains::{ALGORITHMS, CRITICAL, System, judge};
use blockspin_tests::dimers::{self, TEMPERATURES};
use blockspin_tests::runs::{Case, Named, STDERR, shape};

/// 10⁵ samples of each sampler, one sweep apart and several.
#[test]
#[ignore = "long: 10⁵ samples of every kind"]
fn samplers_at_full_length() {
    let mut pulls = vec![];
    for seed in 1..4 {
        for temperature in [CRITICAL, 3.0] {
            for sides in [&[4, 4][..], &[8, 8], &[7, 8], &[3, 8]] {
                let system = System::ferromagnet(sides, temperature);
                for algorithm in ALGORITHMS {
                    pulls.extend(system.pulls(algorithm, 100_000, 1, seed));
                    pulls.extend(system.pulls(algorithm, 100_000, 8, seed));
                }
            }
            for sides in [&[4, 4][..], &[8, 8]] {
                let system = System::antiferromagnet(sides, temperature);
                for algorithm in ALGORITHMS {
                    pulls.extend(system.pulls(algorithm, 100_000, 2, seed));
                }
            }
            for clusters in [1, 2, 7] {
                let system = System::ferromagnet(&[8, 8], temperature);
                pulls.extend(system.pulls(Algorithm::Wolff { clusters }, 100_000, 3, seed));
            }
        }
    }
    judge(&pulls);
}

/// 10⁵ samples of tori whose coverings are counted, with few loops and with many.
#[test]
#[ignore = "long: 10⁵ samples of every kind"]
fn dimers_at_full_length() {
    let mut pulls = vec![];
    for seed in 1..4 {
        for temperature in TEMPERATURES {
            for side in [4, 6, 8] {
                let usual = Dimer::usual_loops(side, temperature);
                for loops in [4 * usual, 16 * usual + 1] {
                    pulls.extend(dimers::pulls(side, temperature, loops, 100_000, seed));
                }
            }
        }
    }
    judge(&pulls);
}

/// Free dimers in line are correlated as (−1)^r / π² r² at distance r; side by side as 1 / π² r² at
/// odd distances, and at even ones not to this order (Fisher and Stephenson, Phys. Rev. 132, 1411,
/// 1963).
#[test]
#[ignore = "long: 2·10⁴ samples of 64 × 64"]
fn correlations_of_free_dimers() {
    let side = 64;
    let model = Dimer::new(side, f64::INFINITY, side).unwrap();
    let mut stream = Stream::new(1, 0, Purpose::Sample);
    let mut state = vec![0; model.state_len()];
    let mut scratch = vec![0; model.scratch_len()];
    model.start(Start::Hot, &mut state, &mut stream);
    let distances = [3u32, 4, 5, 6, 7, 8, 11, 12];
    let mut measured = distances.map(|_| [Blocking::new(), Blocking::new()]);
    for _ in 0..20_000 {
        model.sweep(&mut state, &mut scratch, &mut stream);
        for (r, measured) in distances.iter().zip(&mut measured) {
            let mut pairs = [0; 2];
            for y in 0..side {
                for x in 0..side {
                    let (up, right) = ((y + r) % side, (x + r) % side);
                    if model.along_row(&state, y, x) {
                        pairs[0] += u32::from(model.along_row(&state, y, right));
                        pairs[1] += u32::from(model.along_row(&state, up, x));
                    } else if model.along_column(&state, y, x) {
                        pairs[0] += u32::from(model.along_column(&state, up, x));
                        pairs[1] += u32::from(model.along_column(&state, y, right));
                    }
                }
            }
            for (measured, pairs) in measured.iter_mut().zip(pairs) {
                measured.push(f64::from(pairs) / f64::from(2 * side * side) - 1.0 / 16.0);
            }
        }
    }
    for (r, measured) in distances.into_iter().zip(&measured) {
        let even = r % 2 == 0;
        let in_line = ("in line", if even { 1.0 } else { -1.0 });
        let beside = ("side by side", if even { 0.0 } else { 1.0 });
        for ((name, expected), measured) in [in_line, beside].into_iter().zip(measured) {
            let scale = f64::from(r * r) * std::f64::consts::PI.powi(2);
            let mean = scale * measured.mean();
            let error = scale * measured.standard_error().unwrap();
            println!("r = {r}, {name}: π² r² C = {mean:.3} ± {error:.3}");
            // Corrections of the lattice as 1/r², of the torus as (r/L)².
            let far = f64::from(r) / f64::from(side);
            let corrections = 4.0 / f64::from(r * r) + 4.0 * far * far;
            let off = (mean - expected).abs();
            assert!(off < 4.0 * error + corrections, "{name}, r = {r}");
        }
    }
}

/// Every kind of window, filter, encoder and lattice that the referee reaches, as a user would
/// run it.
#[test]
#[ignore = "long: a run with default settings for each of many systems"]
fn estimates_of_many_systems() {
    use Named::{Boundary, Decimation, Pair, Staggered, Uneven, Uniform};
    let mut cases = vec![];
    for temperature in [1.5, CRITICAL, 3.0] {
        let case =
            |sides, block, buffer, filter| Case::new(sides, temperature, block, buffer, filter);
        cases.extend([
            case(&[4, 4], &[2], 0, Uniform),
            case(&[4, 4], &[2], 0, Uniform).sigmoid(),
            case(&[4, 4], &[2], 0, Decimation),
            case(&[4, 4], &[2], 0, Staggered),
            case(&[4, 4], &[2], 0, Uneven).sigmoid(),
            case(&[4, 4], &[2], 0, Pair),
            case(&[4, 4], &[1, 2], 0, Uniform),
            case(&[4, 4], &[2], 0, Staggered).antiferromagnet(),
            case(&[4, 4], &[2], 0, Uniform).antiferromagnet(),
            case(&[5, 5], &[3], 0, Uniform),
            case(&[5, 5], &[3], 0, Boundary),
            case(&[5, 5], &[3], 0, Boundary).sigmoid(),
            case(&[5, 5], &[3], 0, Uneven),
            case(&[5, 5], &[1], 1, Uniform),
            case(&[5, 5], &[1], 1, Uniform).sigmoid(),
            case(&[5, 5], &[1], 0, Uniform).wide(2),
            case(&[5, 5], &[2], 0, Uneven),
            case(&[4, 5], &[2, 3], 0, Pair).sigmoid(),
            case(&[16], &[4], 2, Uniform),
            case(&[16], &[4], 2, Boundary),
            case(&[16], &[4], 2, Decimation),
            case(&[16], &[4], 2, Decimation).sigmoid(),
            case(&[40], &[4], 2, Uneven).wide(6),
            case(&[33], &[5], 0, Pair),
            case(&[16], &[4], 1, Staggered).antiferromagnet(),
        ]);
        // In three dimensions it orders at 4.5.
        let cube = |block, filter| Case::new(&[3, 3, 3], 2.0 * temperature, block, 0, filter);
        cases.extend([cube(&[1], Uniform), cube(&[1], Uniform).sigmoid()]);
    }
    let steps = Schedule::default().steps;
    let mut worst = (0.0f64, 0.0f64);
    for (seed, case) in (1..).zip(&cases) {
        let found = case.check(steps, seed);
        let off = found.mean - case.filtered();
        worst = (worst.0.max(off / found.stderr), worst.1.min(off));
    }
    println!(
        "{} systems: at most {:.2} standard errors above, {:.4} nats below",
        cases.len(),
        worst.0,
        -worst.1
    );
}

/// A run on the square lattice as `train ising` and `estimate ising` have it by default.
fn default_run(temperature: f64, filter: Option<Filters>) -> Outcome {
    let lattice = Lattice::new(&[64, 64]).unwrap();
    let window = Window::new(lattice, &[4], &[4], &[10]).unwrap();
    let settings = Settings {
        place: Place::Window(window),
        shape: shape(window, 1, 100),
        schedule: Schedule::default(),
        seed: 1,
        given: filter.map(|filter| (filter, blockspin_core::coarse::encoder::Encoder::Sign)),
        threads: 2,
        isa: blockspin::machine::Isa::find("auto").unwrap(),
        quiet: true,
    };
    let model = Model {
        name: "ising",
        lattice,
        temperature,
        coupling: 1.0,
        algorithm: None,
        burn_in: None,
        thin: None,
    };
    let sampling = model.prepare(settings.seed, settings.threads).unwrap();
    let outcome = learn::run(&settings, &Source::Model(&sampling)).unwrap();
    let Estimate { mean, stderr } = outcome.information;
    let sign = outcome.information_sign;
    println!(
        "T = {temperature}: {mean:.4} ± {stderr:.4}, sign {:.4} ± {:.4}, in training {:.4}",
        sign.mean, sign.stderr, outcome.training
    );
    assert!(stderr < STDERR && sign.stderr < STDERR);
    outcome
}

#[test]
#[ignore = "long: a run with default settings"]
fn critical_information_and_its_boundary_filter() {
    let outcome = default_run(CRITICAL, None);
    assert!((0.38..0.43).contains(&outcome.information.mean));
    let weights = outcome.filters.weights();
    let inner = [5, 6, 9, 10];
    let mean = |inside: bool| {
        let chosen: Vec<f32> = (0..16)
            .filter(|site| inner.contains(site) == inside)
            .map(|site| weights[site].abs())
            .collect();
        chosen.iter().sum::<f32>() / chosen.len() as f32
    };
    println!(
        "mean weights: boundary {}, bulk {}",
        mean(false),
        mean(true)
    );
    assert!(mean(false) > 2.0 * mean(true));
}

#[test]
#[ignore = "long: a run with default settings"]
fn the_boundary_filter_by_name() {
    let boundary = (0..16).map(|site| f32::from(u8::from(![5, 6, 9, 10].contains(&site))));
    let boundary = Filters::new(&[4, 4], boundary.collect()).unwrap();
    let found = default_run(CRITICAL, Some(boundary)).information;
    assert!((0.39..0.43).contains(&found.mean));
}

#[test]
#[ignore = "long: a run with default settings"]
fn one_bit_in_the_ordered_phase() {
    let outcome = default_run(1.5, None);
    let off = outcome.information.mean - std::f64::consts::LN_2;
    assert!(off.abs() < 0.02, "{off}");
}

#[test]
#[ignore = "long: a run with default settings"]
fn nothing_in_the_paramagnet() {
    let outcome = default_run(4.0, None);
    assert!(outcome.information.mean.abs() < 0.01);
    assert!(outcome.information_sign.mean.abs() < 0.01);
}

/// An hour of damaged arrays, or BLOCKSPIN_FUZZ_SECONDS.
#[test]
#[ignore = "long: an hour of damaged files"]
fn damaged_arrays_never_panic() {
    let seconds = std::env::var("BLOCKSPIN_FUZZ_SECONDS");
    let seconds = seconds.map_or(3600, |text| text.parse().expect("a number of seconds"));
    let (tried, readable) = arrays::fuzz(1 << 32, u64::MAX, Duration::from_secs(seconds));
    println!("{tried} files, {readable} of them readable");
}
