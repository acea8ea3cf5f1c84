//! The trainings that the firmware runs, run here from the same source: the bits are those that the
//! emulated microcontroller prints, which `./check` compares with the same golden files.
//!
//! `BLOCKSPIN_BLESS=1 cargo test -p blockspin-tests --test main firmware` writes the files anew, the
//! recording of the sensor grid too.

#![allow(clippy::duplicate_mod, reason = "one source, two widths")]

use std::fs;
use std::path::Path;

use blockspin_core::kernel::Portable;
use blockspin_core::num::lane::Lane;
use sensor::{Buffers, Event, Failure, Frame, Grid, Outcome, SENSORS};

#[path = "recording.rs"]
mod recording;

#[path = "../../../firmware/src/sensor.rs"]
mod sensor;

#[path = "../../../firmware/src"]
mod narrow {
    pub(crate) const WIDTH: u32 = 16;
    pub(crate) mod story;
}

#[path = "../../../firmware/src"]
mod wide {
    pub(crate) const WIDTH: u32 = 32;
    pub(crate) mod story;
}

macro_rules! tell {
    ($width:ident) => {{
        use $width::story::{Buffers, Chains, Event, run};
        let (mut buffers, mut chains) = (Box::new(Buffers::new(0)), Box::new(Chains::NEW));
        let outcome = run::<Portable>(&mut buffers, &mut chains, |event| match event {
            Event::Step(step, bound) => assert!(step > 0 && bound.is_finite()),
            Event::HeldOut(information, error) => assert!(information > 4.0 * error),
            Event::Row(weights) => assert!(weights.iter().all(|w| w.is_finite())),
        });
        let outcome = outcome.map_err(|failure| failure.to_string()).unwrap();
        format!(
            "parameters {:016x}\ninformation {:016x}\n",
            outcome.parameters,
            outcome.information.to_bits()
        )
    }};
}

fn blessing() -> bool {
    std::env::var_os("BLOCKSPIN_BLESS").is_some()
}

fn compare(name: &str, lines: &str) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("golden")
        .join(name);
    if blessing() {
        fs::write(&golden, lines).unwrap();
    }
    assert_eq!(
        lines,
        fs::read_to_string(&golden).unwrap(),
        "{}",
        golden.display()
    );
}

#[test]
fn training_has_the_bits_of_the_chip() {
    compare("train.txt", &tell!(narrow));
}

#[test]
fn wide_training_has_the_bits_of_the_chip() {
    compare("train-wide.txt", &tell!(wide));
}

const RECORDING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../firmware/data/sensor.bin");

/// The frames in the firmware's flash; when the file is written anew, those that it will hold.
fn recorded() -> Vec<Frame> {
    if blessing() {
        return recording::record();
    }
    let bytes = fs::read(RECORDING).unwrap();
    bytes.as_chunks::<SENSORS>().0.to_vec()
}

fn learn(recording: &[Frame]) -> Outcome {
    let (mut buffers, mut grid) = (Box::new(Buffers::new(Lane::ZERO)), Box::new(Grid::NEW));
    let mut reports = 0;
    let outcome =
        sensor::run::<Portable>(&mut buffers, &mut grid, recording, |event| match event {
            Event::Report(frames, bound, filter, coarse) => {
                reports += 1;
                assert!(frames == 512 * reports && bound.is_finite());
                assert!(filter.iter().all(|w| w.is_finite()) && coarse.iter().all(|row| *row < 16));
            }
            Event::HeldOut(information, error) => {
                println!("held out: {information} nats ± {error}");
                assert_eq!(reports, 6);
            }
        });
    outcome.map_err(|failure| failure.to_string()).unwrap()
}

#[test]
fn the_recording_is_what_its_process_makes() {
    let made = recording::record();
    if blessing() {
        fs::write(RECORDING, made.as_flattened()).unwrap();
    }
    // Not by assert_eq, which would print them.
    assert!(made.as_flattened() == fs::read(RECORDING).unwrap());
}

/// Covariances, at once and some frames later, against the exact law; what decorrelates in time to
/// be a negative of InfoNCE.
#[test]
fn the_recording_follows_its_law() {
    let values = recording::normalised(&recorded());
    let deviations: Vec<f64> = (0..SENSORS)
        .map(|i| recording::covariance(i, i, 0).sqrt())
        .collect();
    let law = |a: usize, b: usize, frames: usize| {
        recording::covariance(a, b, frames as u32) / (deviations[a] * deviations[b])
    };
    let later = |a: usize, b: usize, frames: usize| {
        let pairs = values.iter().zip(&values[frames..]);
        pairs.map(|(now, then)| now[a] * then[b]).sum::<f64>() / (values.len() - frames) as f64
    };
    // Next to each other and across the grid, means over all pairs, which scatter by some 3 %.
    for distance in [0, 1, 9, 27] {
        for frames in [0, 1, 2] {
            let pairs = 0..SENSORS - distance;
            let found: f64 = pairs.clone().map(|i| later(i, i + distance, frames)).sum();
            let exact: f64 = pairs.map(|i| law(i, i + distance, frames)).sum();
            assert!(
                (found / exact - 1.0).abs() < 0.1,
                "{distance} {frames}: {found} {exact}"
            );
        }
    }
    let apart = |a| (0..SENSORS).map(move |b| law(a, b, sensor::APART));
    let most = (0..SENSORS).flat_map(apart).fold(0.0, f64::max);
    assert!(most < 0.01, "{most}");
}

/// The chip's bits; and against the exact law of the recording, which is Gaussian up to rounding.
#[test]
fn a_sensor_grid_learns_on_line() {
    let recording = recorded();
    let outcome = learn(&recording);
    compare(
        "sensor.txt",
        &format!(
            "parameters {:016x}\ncoarse {:016x}\ninformation {:016x}\n",
            outcome.parameters,
            outcome.coarse,
            outcome.information.to_bits()
        ),
    );
    assert!(outcome.judge().is_ok());
    let values = recording::normalised(&recording);
    let held_out = &values[values.len() - sensor::HELD_OUT..];
    let exact = recording::exact(outcome.filter.map(f64::from), held_out);
    // What the symmetry of grid and places suggests.
    let equal = recording::exact([1.0; 4], held_out);
    println!("{exact:?}, of equal weights {equal:?}");
    assert!(exact.sign <= equal.sign && equal.sign < equal.block);
    assert!(exact.sign > 0.98 * equal.sign);

    // Measured: 0.208 ± 0.017 nats, exact 0.232; the same frames by the exact law 0.231.
    let Outcome {
        information, error, ..
    } = outcome;
    assert!(information < exact.sign + 3.0 * error);
    assert!((exact.sample - exact.sign).abs() < 3.0 * error);
    let shortfall = exact.sample - information;
    assert!((0.0..0.04).contains(&shortfall), "{shortfall}");
}

/// Each sensor's series turned round in time by its own 61 frames more: every sensor as it was, but
/// none knows of another.
#[test]
fn shuffled_sensors_have_no_information() {
    let frames = recorded();
    let at = |t: usize, i: usize| frames[(t + 61 * i) % frames.len()][i];
    let shuffled: Vec<Frame> = (0..frames.len())
        .map(|t| std::array::from_fn(|i| at(t, i)))
        .collect();
    let outcome = learn(&shuffled);
    // Measured: −0.0015 ± 0.0012 nats.
    assert!(outcome.information.abs() < 3.0 * outcome.error);
    assert!(outcome.error < 0.005);
    assert!(matches!(outcome.judge(), Err(Failure::Information)));
}

#[test]
fn a_short_recording_is_refused() {
    let recording = vec![[0; SENSORS]; sensor::RING + sensor::HELD_OUT];
    let (mut buffers, mut grid) = (Box::new(Buffers::new(Lane::ZERO)), Box::new(Grid::NEW));
    let mut run =
        |recording: &[Frame]| sensor::run::<Portable>(&mut buffers, &mut grid, recording, |_| {});
    let refused = run(&recording[1..]);
    assert!(matches!(refused, Err(Failure::Recording(1535))));
    // Sensors that never move say nothing: h is a fair coin.
    let outcome = run(&recording)
        .map_err(|failure| failure.to_string())
        .unwrap();
    assert!(outcome.information.abs() < 1e-4, "{outcome:?}");
}
