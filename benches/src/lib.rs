//! What the benches share: a run of any shape on storage of its own with random samples, a pool of
//! random configurations, the check that comes before the timing, and the timing.

pub mod dense;

use std::time::Instant;

use blockspin::machine::Isa;
use blockspin_core::block::pool::Pool;
use blockspin_core::block::window::Window;
use blockspin_core::coarse::encoder::Encoder;
use blockspin_core::kernel::Portable;
use blockspin_core::lattice::Lattice;
use blockspin_core::num::bits::{mask, words};
use blockspin_core::num::lane::Lane;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::rsmi::{Learn, Machine, Rsmi, Storage};
use blockspin_core::sampler::{Algorithm, Coupling, Ising};
use blockspin_core::shape::Shape;

/// Critical temperature of the square lattice, 2 / ln(1 + √2).
pub const CRITICAL: f64 = 2.269_185_314_213_022;

/// How every timed step draws its coarse variables.
pub const ENCODER: Encoder = Encoder::Relaxed { epsilon: 0.3 };

/// Storage of a run.
pub struct Buffers {
    shape: Shape,
    learned: [Vec<Lane>; 4],
    workspace: Vec<Lane>,
    signs: Vec<u32>,
}

impl Buffers {
    /// Storage for a batch of `batch` samples with `environment` sites around a block of 16, with
    /// the critic of the papers.
    ///
    /// # Panics
    /// If there is no such shape.
    #[must_use]
    pub fn new(batch: u32, environment: u32) -> Self {
        let shape = Shape::new(16, environment, 1, &[32, 32], 8, batch).expect("a shape");
        let lanes = || vec![Lane::ZERO; shape.parameter_lanes()];
        Buffers {
            shape,
            learned: [lanes(), lanes(), lanes(), lanes()],
            workspace: vec![Lane::ZERO; shape.workspace_lanes()],
            signs: vec![0; shape.sign_words()],
        }
    }

    /// A run with a batch of fair coins.
    ///
    /// # Panics
    /// Never: the storage has the lengths that the shape asks for.
    pub fn rsmi(&mut self) -> Rsmi<'_> {
        let [parameters, gradients, first_moments, second_moments] = &mut self.learned;
        let storage = Storage {
            parameters,
            gradients,
            first_moments,
            second_moments,
            workspace: &mut self.workspace,
            signs: &mut self.signs,
        };
        let mut stream = Stream::new(1, 0, Purpose::Parameters);
        let mut rsmi = Rsmi::new(self.shape, storage, &mut stream).expect("enough storage");
        let (v, e) = rsmi.samples();
        for (rows, sites) in [(v, self.shape.block()), (e, self.shape.environment())] {
            for row in rows.chunks_exact_mut(words(sites)) {
                for (i, word) in row.iter_mut().enumerate() {
                    *word = stream.next_u32() & mask(sites - 32 * i);
                }
            }
        }
        rsmi
    }
}

/// Bits of all parameters after three steps.
fn learned(machine: &impl Machine, batch: u32, environment: u32) -> Vec<u32> {
    let mut buffers = Buffers::new(batch, environment);
    let mut rsmi = buffers.rsmi();
    let mut noise = Stream::new(1, 0, Purpose::Encoder);
    for _ in 0..3 {
        machine.step(&mut rsmi, ENCODER, Learn::All, 5e-3, &mut noise);
    }
    let lanes = rsmi.parameters().iter();
    lanes.flat_map(|lane| lane.0.map(f32::to_bits)).collect()
}

/// Checks that an instruction set learns the bits of the portable reference.
///
/// # Panics
/// If it does not.
pub fn check_step(isa: Isa, batch: u32, environment: u32) {
    assert!(
        learned(&isa, batch, environment) == learned(&Portable, batch, environment),
        "{isa} gives other bits than the reference at K = {batch}, |E| = {environment}"
    );
}

/// Microseconds of a step on gathered samples, checked first.
///
/// # Panics
/// If the instruction set gives other bits than the reference.
#[must_use]
pub fn step_microseconds(isa: Isa, batch: u32, environment: u32) -> f64 {
    check_step(isa, batch, environment);
    let mut buffers = Buffers::new(batch, environment);
    let mut rsmi = buffers.rsmi();
    let mut noise = Stream::new(1, 0, Purpose::Encoder);
    microseconds(|| {
        isa.step(&mut rsmi, ENCODER, Learn::All, 1e-4, &mut noise);
    })
}

/// The window with `environment` sites around a block of 4 × 4, on a lattice of 64 × 64.
#[must_use]
pub fn window(environment: u32) -> Option<Window> {
    let lattice = Lattice::new(&[64, 64]).ok()?;
    (0..8)
        .flat_map(|buffer| (1..16).map(move |width| (buffer, width)))
        .filter_map(|(buffer, width)| Window::new(lattice, &[4], buffer, width).ok())
        .find(|window| window.environment_sites() == environment as usize)
}

/// Storage of as many random configurations as a training keeps, and their order.
#[must_use]
pub fn pool_storage(window: Window) -> (Vec<u32>, Vec<u32>) {
    const CONFIGURATIONS: usize = 4096;
    let mut stream = Stream::new(1, 0, Purpose::Training);
    let length = CONFIGURATIONS * words(window.lattice().sites());
    let spins = (0..length).map(|_| stream.next_u32()).collect();
    (spins, vec![0; CONFIGURATIONS])
}

/// Microseconds of gathering a batch of random windows; `None` if no window has that many sites.
///
/// # Panics
/// Never: the pool holds more configurations than a batch.
#[must_use]
pub fn gather_microseconds(batch: u32, environment: u32) -> Option<f64> {
    let window = window(environment)?;
    let (mut spins, mut order) = pool_storage(window);
    let mut pool = Pool::new(window, &mut spins, &mut order);
    (0..pool.capacity()).for_each(|_| {
        pool.next_slot();
    });
    let batch = batch as usize;
    let mut stream = Stream::new(1, 0, Purpose::Windows);
    let mut v = vec![0; batch * words(window.block_sites())];
    let mut e = vec![0; batch * words(window.environment_sites())];
    assert!(pool.draw(batch, &mut stream, &mut v, &mut e), "a full pool");
    Some(microseconds(|| {
        pool.draw(batch, &mut stream, &mut v, &mut e);
    }))
}

/// The critical Ising model on a square lattice.
///
/// # Panics
/// If there is no such lattice.
#[must_use]
pub fn critical(side: u32, algorithm: Algorithm) -> Ising {
    let lattice = Lattice::new(&[side, side]).expect("a lattice");
    Ising::new(lattice, 1.0 / CRITICAL, Coupling::Ferromagnetic, algorithm).expect("a model")
}

/// Checks a mean energy per site of the critical model, −√2 − 0.619/L (Ferdinand and Fisher 1969;
/// 0.619 also fits the exact 8 × 8).
///
/// # Panics
/// If it is off by more than four standard errors and 0.001.
pub fn check_energy(side: u32, mean: f64, error: f64) {
    let expected = -std::f64::consts::SQRT_2 - 0.619 / f64::from(side);
    assert!(
        (mean - expected).abs() < 4.0 * error + 1e-3,
        "energy {mean} ± {error} a site at L = {side}; {expected} is right"
    );
}

/// Microseconds of a call: the least of several rounds, each a mean over calls that take 10 ms
/// together. What disturbs a round only ever makes it longer.
pub fn microseconds(mut call: impl FnMut()) -> f64 {
    const ROUNDS: usize = 25;
    const ROUND: f64 = 0.01;
    let mut timed = |calls: u32| {
        let begun = Instant::now();
        (0..calls).for_each(|_| call());
        begun.elapsed().as_secs_f64()
    };
    let mut calls = 1;
    while timed(calls) < ROUND && calls < 1 << 30 {
        calls *= 2;
    }
    let rounds = (0..ROUNDS).map(|_| timed(calls));
    1e6 * rounds.fold(f64::INFINITY, f64::min) / f64::from(calls)
}
