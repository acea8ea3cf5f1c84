//! What the benches share: a run of any shape on storage of its own with random samples, a pool of
//! random configurations, the check that comes before the timing, and the timing.

pub mod dense;

use std::time::Instant;

use blockspin::run::Isa;
use blockspin_core::encoder::AnyEncoder as Encoder;
use blockspin_core::kernel::Portable;
use blockspin_core::lattice::Lattice;
use blockspin_core::num::bits::{mask, words};
use blockspin_core::num::lane::{Lane, get_mut, lanes};
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::rsmi::{Learn, Machine, Rsmi, Samples, Storage};
use blockspin_core::sampler::{Algorithm, Coupling, Ising, Sampler, Start};
use blockspin_core::shape::Shape;
use blockspin_core::stats::{Blocking, integrated};
use blockspin_core::window::Window;
use blockspin_core::window::shuffle_buffer::ShuffleBuffer;

/// Critical temperature of the square lattice, 2 / ln(1 + √2).
pub const CRITICAL: f64 = 2.269_185_314_213_022;

/// How every timed step draws its coarse variables.
pub const ENCODER: Encoder = Encoder::Relaxed { epsilon: 0.3 };

/// Storage of a run.
pub struct Buffers {
    shape: Shape,
    learned: [Vec<Lane>; 4],
    workspace: Vec<Lane>,
    samples: Batch,
}

/// What a step reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Packed signs.
    Signs,
    /// Real values.
    Reals,
}

enum Batch {
    Signs(Vec<u32>),
    Reals(Vec<Lane>),
}

impl Buffers {
    /// Storage for a batch of `batch` samples with `environment` sites around a block of 16, with
    /// the critic of the papers.
    ///
    /// # Panics
    /// If there is no such shape.
    #[must_use]
    pub fn new(batch: u32, environment: u32, kind: Kind) -> Self {
        let shape = Shape::new(16, environment, 1, &[32, 32], 8, batch).expect("a shape");
        let learned = || vec![Lane::ZERO; shape.parameter_lanes()];
        Buffers {
            shape,
            learned: [learned(), learned(), learned(), learned()],
            workspace: vec![Lane::ZERO; shape.workspace_lanes()],
            samples: match kind {
                Kind::Signs => Batch::Signs(vec![0; shape.sign_words()]),
                Kind::Reals => Batch::Reals(vec![Lane::ZERO; shape.real_lanes()]),
            },
        }
    }

    /// A run with a batch of fair coins, or of real noise.
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
            samples: match &mut self.samples {
                Batch::Signs(words) => Samples::Signs(words),
                Batch::Reals(lanes) => Samples::Reals(lanes),
            },
        };
        let mut stream = Stream::new(1, 0, Purpose::Parameters);
        let mut rsmi = Rsmi::new(self.shape, storage, &mut stream).expect("enough storage");
        let (v, e) = rsmi.signs();
        for (rows, sites) in [(v, self.shape.block()), (e, self.shape.environment())] {
            for row in rows.chunks_exact_mut(words(sites)) {
                for (i, word) in row.iter_mut().enumerate() {
                    *word = stream.next_u32() & mask(sites - 32 * i);
                }
            }
        }
        let (v, e) = rsmi.reals();
        for (rows, sites) in [(v, self.shape.block()), (e, self.shape.environment())] {
            for row in rows.chunks_exact_mut(lanes(sites)) {
                (0..sites).for_each(|i| *get_mut(row, i) = stream.logistic());
            }
        }
        rsmi
    }
}

/// Bits of all parameters after three steps.
fn learned(machine: &impl Machine, batch: u32, environment: u32, kind: Kind) -> Vec<u32> {
    let mut buffers = Buffers::new(batch, environment, kind);
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
pub fn check_step(isa: Isa, batch: u32, environment: u32, kind: Kind) {
    assert!(
        learned(&isa, batch, environment, kind) == learned(&Portable, batch, environment, kind),
        "{isa} gives other bits than the reference at K = {batch}, |E| = {environment}"
    );
}

/// Microseconds of a step on gathered samples, checked first.
///
/// # Panics
/// If the instruction set gives other bits than the reference.
#[must_use]
pub fn step_microseconds(isa: Isa, batch: u32, environment: u32, kind: Kind) -> f64 {
    check_step(isa, batch, environment, kind);
    let mut buffers = Buffers::new(batch, environment, kind);
    let mut rsmi = buffers.rsmi();
    let mut noise = Stream::new(1, 0, Purpose::Encoder);
    let [step] = microseconds([&mut || {
        isa.step(&mut rsmi, ENCODER, Learn::All, 1e-4, &mut noise);
    }]);
    step
}

/// The window with `environment` sites around a block of 4 × 4, on a lattice of 64 × 64.
#[must_use]
pub fn window(environment: u32) -> Option<Window> {
    let lattice = Lattice::new(&[64, 64]).ok()?;
    (0..8)
        .flat_map(|buffer| (1..16).map(move |width| (buffer, width)))
        .filter_map(|(buffer, width)| Window::new(lattice, &[4], &[buffer], &[width]).ok())
        .find(|window| window.environment_sites() == environment as usize)
}

/// Hands `body` a call that gathers a batch of random windows from as many random configurations
/// as a training keeps; `None` if no window has that many sites.
///
/// # Panics
/// Never: the pool holds more configurations than a batch.
pub fn gathering<R>(
    batch: u32,
    environment: u32,
    body: impl FnOnce(&mut dyn FnMut()) -> R,
) -> Option<R> {
    const CONFIGURATIONS: usize = 4096;
    let window = window(environment)?;
    let mut stream = Stream::new(1, 0, Purpose::Training);
    let length = words(window.lattice().sites());
    let (mut spins, mut order) = (vec![0; CONFIGURATIONS * length], vec![0; CONFIGURATIONS]);
    let mut pool = ShuffleBuffer::new(window, &mut spins, &mut order);
    for _ in 0..CONFIGURATIONS {
        pool.next_slot().fill_with(|| stream.next_u32());
    }
    let batch = batch as usize;
    let mut v = vec![0; batch * words(window.block_sites())];
    let mut e = vec![0; batch * words(window.environment_sites())];
    Some(body(&mut || {
        let drawn = pool.draw(batch, &mut stream, &mut v, &mut e);
        assert!(drawn, "a full pool");
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

/// A chain of a model, with what its sweeps work in.
#[derive(Clone)]
pub struct Chain<S> {
    model: S,
    state: Vec<u32>,
    scratch: Vec<u32>,
    stream: Stream,
}

impl<S: Sampler<Cell = u32>> Chain<S> {
    /// A chain that has forgotten its cold start.
    #[must_use]
    pub fn new(model: S, burn_in: u32) -> Self {
        let mut chain = Chain {
            state: vec![0; model.state_len()],
            scratch: vec![0; model.scratch_len()],
            stream: Stream::new(1, 0, Purpose::Sample),
            model,
        };
        let Chain {
            model,
            state,
            stream,
            ..
        } = &mut chain;
        model.start(Start::Cold, state, stream);
        (0..burn_in).for_each(|_| chain.sweep());
        chain
    }

    /// One sweep.
    pub fn sweep(&mut self) {
        let Chain {
            model,
            state,
            scratch,
            stream,
        } = self;
        model.sweep(state, scratch, stream);
    }

    /// Microseconds of a sweep, over the same stretch of the chain in every round.
    #[must_use]
    pub fn sweep_microseconds(&self, stretch: u32) -> f64
    where
        S: Clone,
    {
        let [time] = microseconds([&mut || {
            let mut chain = self.clone();
            (0..stretch).for_each(|_| chain.sweep());
        }]);
        time / f64::from(stretch)
    }

    /// Each of the model's observables in the next configurations, so many sweeps apart.
    pub fn observe(&mut self, configurations: usize, thin: u32) -> Vec<Vec<f64>> {
        let mut values = vec![0.0; self.model.observables().len()];
        let mut series = vec![Vec::with_capacity(configurations); values.len()];
        for _ in 0..configurations {
            (0..thin).for_each(|_| self.sweep());
            self.model.observe(&self.state, &mut values);
            series
                .iter_mut()
                .zip(&values)
                .for_each(|(to, x)| to.push(*x));
        }
        series
    }
}

impl Chain<Ising> {
    /// Energy and squared order parameter, for each site, after each of the next sweeps.
    pub fn measure(&mut self, sweeps: usize) -> Series {
        let mut series = Series {
            side: self.model.lattice().sides()[0],
            energy: Vec::with_capacity(sweeps),
            square: Vec::with_capacity(sweeps),
        };
        for _ in 0..sweeps {
            self.sweep();
            let sites = self.model.lattice().sites() as f64;
            series.energy.push(self.model.energy(&self.state) / sites);
            let order = self.model.order_parameter(&self.state);
            series.square.push(order * order);
        }
        series
    }
}

/// What a critical chain on a square lattice showed.
pub struct Series {
    side: u32,
    /// Energy for each site.
    pub energy: Vec<f64>,
    /// Square of the order parameter.
    pub square: Vec<f64>,
}

impl Series {
    /// Checks the mean energy: −√2 − 0.619/L (Ferdinand and Fisher 1969; 0.619 also fits the exact
    /// 8 × 8).
    ///
    /// # Panics
    /// If it is off by more than four standard errors and 0.001.
    pub fn check(&self) {
        let mut blocking = Blocking::new();
        self.energy.iter().for_each(|energy| blocking.push(*energy));
        let (mean, error) = (blocking.mean(), blocking.standard_error().unwrap_or(0.0));
        let expected = -std::f64::consts::SQRT_2 - 0.619 / f64::from(self.side);
        assert!(
            (mean - expected).abs() < 4.0 * error + 1e-3,
            "energy {mean} ± {error} at L = {}; {expected} is right",
            self.side
        );
    }
}

/// Integrated autocorrelation time in steps of a series, by the summed correlations or by blocking,
/// whichever is longer, and the error of the first.
#[must_use]
pub fn tau(series: &[f64]) -> (f64, f64) {
    let mut blocking = Blocking::new();
    series.iter().for_each(|x| blocking.push(*x));
    let summed = integrated(series);
    let blocks = blocking.autocorrelation_time().unwrap_or(f64::INFINITY);
    (summed.tau.max(blocks), summed.error)
}

/// Microseconds of each of several calls: the least of many rounds, each a mean over calls that
/// take 10 ms together. The calls take turns, so that what disturbs the machine meets all of them,
/// and a disturbance only ever makes a round longer.
pub fn microseconds<const N: usize>(mut calls: [&mut dyn FnMut(); N]) -> [f64; N] {
    const ROUNDS: usize = 25;
    const ROUND: f64 = 0.01;
    let timed = |call: &mut dyn FnMut(), repeats: u32| {
        let begun = Instant::now();
        (0..repeats).for_each(|_| call());
        begun.elapsed().as_secs_f64()
    };
    let mut repeats = [1; N];
    for (call, repeats) in calls.iter_mut().zip(&mut repeats) {
        while timed(call, *repeats) < ROUND && *repeats < 1 << 30 {
            *repeats *= 2;
        }
    }
    let mut least = [f64::INFINITY; N];
    for _ in 0..ROUNDS {
        for ((call, repeats), least) in calls.iter_mut().zip(repeats).zip(&mut least) {
            *least = least.min(1e6 * timed(call, repeats) / f64::from(repeats));
        }
    }
    least
}
