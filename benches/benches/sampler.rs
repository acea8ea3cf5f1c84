//! One sweep of each sampler at the critical point, and one batch of windows.
//!
//! `cargo bench -p blockspin-benches --bench sampler`

use blockspin_core::block::pool::Pool;
use blockspin_core::block::window::Window;
use blockspin_core::lattice::Lattice;
use blockspin_core::num::bits::words;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::sampler::{Algorithm, Coupling, Ising, Sampler, Start};
use blockspin_core::stats::Blocking;

const ALGORITHMS: [Algorithm; 3] = [
    Algorithm::Wolff { clusters: 3 },
    Algorithm::SwendsenWang,
    Algorithm::Metropolis,
];

fn lattice(side: u32) -> Lattice {
    Lattice::new(&[side, side]).expect("a lattice")
}

fn model(side: u32, algorithm: Algorithm) -> Ising {
    Ising::new(
        lattice(side),
        1.0 / 2.269_185,
        Coupling::Ferromagnetic,
        algorithm,
    )
    .expect("a model")
}

/// A chain in equilibrium; the cluster algorithms' energy is checked at side 64.
fn chain(model: &Ising) -> (Vec<u32>, Vec<u32>, Stream) {
    let mut stream = Stream::new(1, 0, Purpose::Sample);
    let (mut spins, mut scratch) = (vec![0; model.state_len()], vec![0; model.scratch_len()]);
    model.start(Start::Cold, &mut spins, &mut stream);
    let mut energy = Blocking::new();
    for sweep in 0..2000 {
        model.sweep(&mut spins, &mut scratch, &mut stream);
        if sweep >= 200 {
            energy.push(model.energy(&spins) / model.lattice().sites() as f64);
        }
    }
    if model.lattice().sites() == 4096 && model.algorithm() != Algorithm::Metropolis {
        let error = energy.standard_error().unwrap_or(0.0);
        // −√2 − 0.619/L (Ferdinand and Fisher 1969; 0.619 also fits the exact 8 × 8).
        assert!(
            (energy.mean() + 1.4239).abs() < 4.0 * error + 1e-3,
            "energy {}",
            energy.mean()
        );
    }
    (spins, scratch, stream)
}

#[divan::bench(args = [16, 64, 256], consts = [0, 1, 2])]
fn sweep<const ALGORITHM: usize>(bencher: divan::Bencher, side: u32) {
    let model = model(side, ALGORITHMS[ALGORITHM]);
    let (mut spins, mut scratch, mut stream) = chain(&model);
    bencher.bench_local(|| model.sweep(&mut spins, &mut scratch, &mut stream));
}

#[divan::bench(args = [100, 400])]
fn windows(bencher: divan::Bencher, batch: usize) {
    let window = Window::new(lattice(64), &[4], 4, 10).expect("a window");
    let mut stream = Stream::new(1, 0, Purpose::Windows);
    let length = words(window.lattice().sites());
    let (mut spins, mut order) = (vec![0; 1000 * length], vec![0; 1000]);
    let mut pool = Pool::new(window, &mut spins, &mut order);
    for _ in 0..pool.capacity() {
        pool.next_slot().fill_with(|| stream.next_u32());
    }
    let mut v = vec![0; batch * words(window.block_sites())];
    let mut e = vec![0; batch * words(window.environment_sites())];
    assert!(pool.draw(batch, &mut stream, &mut v, &mut e));
    bencher.bench_local(|| pool.draw(batch, &mut stream, &mut v, &mut e));
}

fn main() {
    println!("sweep<I>: algorithm I of {ALGORITHMS:?}; arguments: side of the lattice, or K");
    divan::main();
}
