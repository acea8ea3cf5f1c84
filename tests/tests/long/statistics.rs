//! Samplers, estimates and files at full length.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use blockspin::data::filters::Filters;
use blockspin::model::{Ising, Model as _};
use blockspin::observer::Silent;
use blockspin::run::evaluate::Estimate;
use blockspin::run::learning::{self, Outcome};
use blockspin::run::region::Geometry;
use blockspin::run::{Execution, Setup};
use blockspin_core::lattice::Lattice;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::optim::schedule::Schedule;
use blockspin_core::sampler::{Algorithm, Dimer, Sampler, Start};
use blockspin_core::stats::Blocking;
use blockspin_core::window::Window;

use blockspin_tests::chains::{ALGORITHMS, CRITICAL, System, judge};
use blockspin_tests::dimers::{self, TEMPERATURES};
use blockspin_tests::masses::{self, Long, critical, exponent};
use blockspin_tests::program::{Folder, binary, npy};
use blockspin_tests::runs::{Case, Named, STDERR, shape};
use blockspin_tests::studies::{self, Length};

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

/// 10⁵ samples of every small ring, one sweep apart and several.
#[test]
#[ignore = "long: 10⁵ samples of every kind"]
fn masses_at_full_length() {
    let mut pulls = vec![];
    for seed in 1..4 {
        for sites in 3..=6 {
            for case in masses::CASES {
                pulls.extend(masses::pulls(sites, case, (100_000, 1), seed));
                pulls.extend(masses::pulls(sites, case, (100_000, 8), seed));
            }
        }
    }
    judge(&pulls);
}

/// The three phases of 256 sites at density 1, from hot and cold starts.
#[test]
#[ignore = "long: hundreds of millions of events"]
fn masses_of_a_long_ring() {
    let ring = |rate| {
        [Start::Hot, Start::Cold].map(|start| {
            let found = Long::new(256, rate, start, (50_000, 200));
            let slopes = [(2, 4), (4, 8), (8, 16), (16, 32)]
                .map(|(from, to)| exponent(&found.distribution, from, to));
            println!(
                "w = {rate:.3}, {start:?}: exponents {slopes:.3?}, largest mass {:.4} ± {:.4} of 256",
                found.largest, found.error
            );
            (found, slopes)
        })
    };
    // Faster than any power: the exponent goes on growing.
    for (_, slopes) in ring(0.1) {
        assert!(slopes.windows(2).all(|pair| pair[1] > pair[0] + 0.5));
        assert!(slopes[3] > 5.0);
    }
    // A power of −5/2 in the end: of an endless ring 2.43 from 8 to 16 and 2.47 from 16 to 32,
    // where 256 sites begin to lack mass.
    let endless = critical(32);
    for (found, slopes) in ring(1.0 / 3.0) {
        for (from, slope) in [2, 4, 8].into_iter().zip(slopes) {
            let expected = exponent(&endless, from, 2 * from);
            assert!((slope - expected).abs() < 0.2, "{from}: {slope} {expected}");
        }
        assert!((found.distribution[0] - endless[0]).abs() < 0.02);
    }
    // What exceeds the critical density √2 − 1 is on one site.
    let expected = 2.0 - 2.0f64.sqrt();
    for (found, _) in ring(1.0) {
        let (valley, bump) = (found.sites(70, 90), found.sites(110, 200));
        println!("sites with 70 to 90: {valley:.4}, with 110 to 200: {bump:.4}");
        assert!(bump > 0.9 && valley < 0.1);
        assert!((found.largest - expected).abs() < 0.03);
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
    let mut settings = Setup::at(
        Geometry::Window(window),
        shape(window, 1, 100),
        Execution::default(),
    );
    settings.given = filter.map(|filter| (filter, blockspin_core::encoder::AnyEncoder::Sign));
    let model = Ising::square(64).at(temperature).model().unwrap();
    let sampling = model
        .prepare(
            settings.optimisation.seed,
            settings.execution.threads,
            &Silent,
        )
        .unwrap();
    let outcome = learning::model(&settings, &sampling, None).unwrap();
    let Estimate { mean, stderr } = outcome.information;
    let sign = outcome.information_sign.expect("h is binary");
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
    let sign = outcome.information_sign.expect("h is binary");
    assert!(sign.mean.abs() < 0.01);
}

#[test]
#[ignore = "long: runs of the default length on many arrays"]
fn data_of_known_information() {
    studies::ising(Length::FULL);
    studies::gaussian(&[12, 12], Length::FULL);
    studies::open_boundaries(Length::FULL);
    studies::graphs(Length::FULL);
    studies::transformed(Length::FULL, 0.9);
}

/// A file of BLOCKSPIN_BIG_FILE_GB (20) of repeated configurations, in a fixed amount of memory.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "long: 20 GB on the disk of temporary files"]
fn a_file_beyond_memory() {
    const KIB: u64 = 200 << 10;
    let bytes = std::env::var("BLOCKSPIN_BIG_FILE_GB");
    let bytes = bytes.map_or(20.0, |text| text.parse().expect("a number of GB")) * 1e9;
    let length = Length {
        samples: 5000,
        ..Length::QUICK
    };
    let folder = Folder::new();
    let spins = studies::spins(&folder, "ising --size 64", length);
    let reals: Vec<u8> = spins
        .iter()
        .enumerate()
        .flat_map(|(i, spin)| (f32::from(*spin) + 0.1 * (i % 7) as f32).to_le_bytes())
        .collect();
    let signs: Vec<u8> = spins.iter().map(|spin| *spin as u8).collect();
    for (descr, once) in [("|i1", signs), ("<f4", reals)] {
        let repeats = (bytes / once.len() as f64).ceil() as usize;
        let mut file = std::fs::File::create(folder.path("big.npy")).unwrap();
        file.write_all(&npy(descr, &[repeats * 5000, 64, 64], &[]))
            .unwrap();
        (0..repeats).for_each(|_| file.write_all(&once).unwrap());
        drop(file);
        let words = "train data big.npy --steps 2000 --quiet --json --out run --force";
        let begun = Instant::now();
        let mut child = Command::new(binary())
            .args(words.split_whitespace())
            .current_dir(folder.path(""))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // The peak, as the system has it, until the process is gone.
        let mut peak = 0;
        while child.try_wait().unwrap().is_none() {
            let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()));
            let status = status.unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            if let Some(kib) = line.and_then(|line| line.split_whitespace().next()) {
                peak = kib.parse().unwrap();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(child.wait().unwrap().success());
        println!(
            "{descr}, {:.1} GB: {} MiB, {:.0} s",
            (repeats * once.len()) as f64 / 1e9,
            peak >> 10,
            begun.elapsed().as_secs_f64()
        );
        assert!((1..KIB).contains(&peak), "{peak} KiB");
    }
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
