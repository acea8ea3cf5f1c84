//! What a file is looked at for before a run (copies, correlation along its order, whether its places are
//! alike), in milliseconds beside the whole run with default settings, as CSV. `share` is that of the three
//! looks in the run; reading the file belongs to neither.

use std::time::Instant;

use blockspin::data::correlation::Correlation;
use blockspin::data::supply::Crop;
use blockspin::data::survey::Survey;
use blockspin::data::{Element, Repeats};
use blockspin::prelude::*;
use blockspin_benches::{CRITICAL, critical, microseconds};
use blockspin_core::lattice::Lattice;
use blockspin_core::num::bits;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::sampler::{Algorithm, Coupling, Gaussian, Sampler, Start};

/// Configurations of a chain, one after a few sweeps.
fn sample<S: Sampler>(model: S, n: usize, sweeps: u32) -> Vec<S::Value> {
    let (mut state, mut scratch) = (
        vec![S::Cell::default(); model.state_len()],
        vec![0; model.scratch_len()],
    );
    let mut stream = Stream::new(1, 0, Purpose::Sample);
    let mut kept = state.clone();
    model.start(Start::Hot, &mut state, &mut stream);
    model.sweeps(200, &mut state, &mut scratch, &mut stream);
    let mut all = vec![];
    for _ in 0..n {
        model.sweeps(sweeps, &mut state, &mut scratch, &mut stream);
        model.keep(&state, &mut kept, &mut stream);
        let begin = all.len();
        all.resize(begin + state.len(), S::Value::default());
        model.values(&kept, &mut all[begin..]);
    }
    all
}

/// One value for each sign of configurations of so many sites.
fn signs(packed: &[u32], sites: usize) -> Vec<i8> {
    let rows = packed.chunks_exact(bits::words(sites));
    rows.flat_map(|row| (0..sites).map(|site| bits::sign(row, site) as i8))
        .collect()
}

fn row<T: Element>(name: &str, shape: &[usize], values: &[T], environment: u32) {
    let data = Data::new(shape, values).expect("configurations");
    let crop = Crop::whole(data.sides());
    let n = data.configurations();
    let [copies, correlation, survey] = microseconds([
        &mut || drop(Repeats::find(&data, true).expect("memory")),
        &mut || {
            Correlation::measure(&data, &crop, n, |i| i).expect("memory");
        },
        &mut || drop(Survey::of(&data).expect("memory")),
    ])
    .map(|time| 1e-3 * time);
    let run = (0..3).map(|_| {
        let run = Run::on(Data::new(shape, values).expect("configurations")).with(|config| {
            config.window.environment = Sides(vec![environment]);
        });
        let begun = Instant::now();
        run.train().expect("a run");
        1e3 * begun.elapsed().as_secs_f64()
    });
    let run = run.fold(f64::INFINITY, f64::min);
    println!(
        "{name},{copies:.2},{correlation:.2},{survey:.2},{run:.0},{:.2} %",
        100.0 * (copies + correlation + survey) / run
    );
}

fn main() {
    println!("file,copies_ms,correlation_ms,survey_ms,run_ms,share");
    let ising = |side: u32, n: usize| {
        let model = critical(side, Algorithm::Wolff { clusters: 6 });
        signs(&sample(model, n, 2), (side * side) as usize)
    };
    row("i1 5000 × 32 × 32", &[5000, 32, 32], &ising(32, 5000), 10);
    let square = Lattice::new(&[32, 32]).expect("a lattice");
    let field = Gaussian::new(square, 0.3).expect("a model");
    row(
        "f4 5000 × 32 × 32",
        &[5000, 32, 32],
        &sample(field, 5000, 20),
        10,
    );
    row(
        "i1 1200 × 128 × 128",
        &[1200, 128, 128],
        &ising(128, 1200),
        10,
    );
    let ring = Lattice::new(&[16]).expect("a lattice");
    let ring = blockspin_core::sampler::Ising::new(
        ring,
        1.0 / CRITICAL,
        Coupling::Ferromagnetic,
        Algorithm::SwendsenWang,
    )
    .expect("a model");
    let ring = signs(&sample(ring, 300_000, 2), 16);
    row("i1 300000 × 16", &[300_000, 16], &ring, 2);
}
