//! The same bits on every instruction set and any number of threads, and the same as ever.
//!
//! `tests/golden/fingerprint.txt` holds what `blockspin fingerprint` prints, and the firmware too;
//! `tests/golden/runs.txt` the fingerprints of short runs with the standard critic. A change that is
//! meant is recorded with
//!
//! ```text
//! BLOCKSPIN_BLESS=1 cargo test -p blockspin-tests --test main bits::fingerprint
//! ```
//!
//! and goes into the changelog under "Reproducibility-breaking".

use std::path::Path;

use blockspin::data::Data;
use blockspin::data::npy::{ConfigurationFile, Format};
use blockspin::data::split::{RepeatPolicy, Split};
use blockspin::fingerprint;
use blockspin::observer::Silent;
use blockspin::run::Isa;
use blockspin::run::learning::{self, Outcome};
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::sampler::{Algorithm, Coupling, Ising, Sampler, Start};
use blockspin_tests::chains::CRITICAL;
use blockspin_tests::runs::{Case, Named, shape};

/// A run's fingerprint, then the bits of every figure that it reports.
fn lines(name: &str, outcome: &Outcome) -> String {
    let drawn = outcome.information;
    let sign = outcome.information_sign.expect("h is binary");
    let figures = [
        drawn.mean,
        drawn.stderr,
        sign.mean,
        sign.stderr,
        outcome.training,
    ];
    let figures = figures.map(|figure| {
        assert!(figure.is_finite(), "{name}");
        format!(" {:016x}", figure.to_bits())
    });
    format!(
        "{name} {:016x}\n{name}-figures{}\n",
        outcome.fingerprint,
        figures.concat()
    )
}

/// Filter and critic learned on 32 × 32, block 4, buffer 1, environment 2: |E| = 64, K = 50.
fn learned(isa: Isa, threads: usize) -> String {
    let case = Case::new(&[32, 32], CRITICAL, &[4], 1, Named::Uniform).wide(2);
    let mut settings = case.settings(50, 40, 1);
    settings.given = None;
    settings.execution.isa = isa;
    settings.execution.threads = threads;
    lines("learned", &case.run(&settings))
}

/// A filter of two components judged on a ring: K = 33 and |E| = 6 fill no lane.
fn judged(isa: Isa, threads: usize) -> String {
    let case = Case::new(&[96], 0.7, &[5], 2, Named::Pair).wide(3);
    let mut settings = case.settings(33, 40, 2);
    settings.execution.isa = isa;
    settings.execution.threads = threads;
    lines("judged", &case.run(&settings))
}

/// Three components learned from given configurations of 5 × 7 × 6.
fn from_data(isa: Isa, threads: usize) -> String {
    let case = Case::new(&[5, 7, 6], 4.5, &[2], 0, Named::Uniform);
    let algorithm = Algorithm::SwendsenWang;
    let model = Ising::new(
        case.lattice(),
        1.0 / 4.5,
        Coupling::Ferromagnetic,
        algorithm,
    )
    .unwrap();
    let mut stream = Stream::new(3, 0, Purpose::Sample);
    let mut state = vec![0; model.state_len()];
    let mut scratch = vec![0; model.scratch_len()];
    model.start(Start::Hot, &mut state, &mut stream);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spins.npy");
    let file = std::fs::File::create(&path).unwrap();
    let file = ConfigurationFile::new(file, 300, case.sides, Format::Signs).unwrap();
    let mut rows = file.rows(0..300);
    for _ in 0..300 {
        model.sweep(&mut state, &mut scratch, &mut stream);
        rows.push(&state).unwrap();
    }
    rows.flush().unwrap();
    file.finish().unwrap();
    let data = Data::open(&path, &Silent).unwrap();
    let mut settings = case.settings(21, 40, 3);
    settings.given = None;
    settings.shape = shape(case.window(), 3, 21);
    let crop = settings.geometry.crop().unwrap();
    let parts = Split::of(&data, &crop, true, RepeatPolicy::Keep, 21).unwrap();
    settings.execution.isa = isa;
    settings.execution.threads = threads;
    lines(
        "data",
        &learning::data(&settings, &data, &parts, None).unwrap(),
    )
}

/// Compares with a golden file what every instruction set finds, with one thread and with two.
fn golden(file: &str, found: impl Fn(Isa, usize) -> String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("golden")
        .join(file);
    let isas = Isa::available();
    if std::env::var_os("BLOCKSPIN_BLESS").is_some() {
        std::fs::write(&path, found(isas[0], 1)).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    for isa in isas {
        for threads in [1, 2] {
            let found = found(isa, threads);
            for (found, expected) in found.lines().zip(expected.lines()) {
                assert_eq!(found, expected, "{isa}, {threads} threads");
            }
            assert_eq!(found.lines().count(), expected.lines().count(), "{file}");
        }
    }
}

#[test]
fn workloads() {
    golden("fingerprint.txt", |isa, threads| {
        let lines = fingerprint::all(isa, threads, &Silent).unwrap();
        lines
            .iter()
            .map(|(name, hash)| format!("{name} {hash}\n"))
            .collect()
    });
}

#[test]
fn runs() {
    golden("runs.txt", |isa, threads| {
        [learned, judged, from_data]
            .map(|run| run(isa, threads))
            .concat()
    });
}
