//! The whole path in statics: samples the critical Ising model, learns its filter, and measures on
//! fresh samples how much information the filter keeps.
//!
//! Nothing here knows of a chip: `src/bin/train.rs` runs it on one and tells what happens by defmt,
//! and the project's tests run this same file on the host and compare the bits. The module above
//! sets `WIDTH`, the width of both hidden layers of the critic's networks.
//!
//! Every row of a batch has a chain of its own, so that the negatives of InfoNCE are independent.

use core::fmt;
use core::hash::Hasher;

use blockspin_core::bound::InfoNce;
use blockspin_core::critic::Separable;
use blockspin_core::encoder::{Binary, Linear};
use blockspin_core::kernel::Target;
use blockspin_core::lattice::Lattice;
use blockspin_core::num::bits::words;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::optim::schedule::Schedule;
use blockspin_core::rsmi::{Arrays, Learn, MemberError, Rsmi};
use blockspin_core::sampler::{Algorithm, Coupling, Ising, IsingError, Sampler, Start};
use blockspin_core::shape::Shape;
use blockspin_core::stats::Blocking;
use blockspin_core::window::Window;

use super::WIDTH;

const SEED: u64 = 1;
/// 2 / ln(1 + √2).
pub(crate) const TEMPERATURE: f64 = 2.269_185_314_213_022;
/// Side of the lattice.
pub(crate) const SIDE: u32 = 16;
/// K, and the number of chains.
const BATCH: usize = 32;
/// Width of the embedding.
pub(crate) const EMBEDDING: u32 = 8;
/// Sweeps before a chain is used; many times their memory, some three sweeps at this size.
const BURN_IN: u32 = 30;
const STEPS: u32 = 1500;
const REPORT_EVERY: u32 = 250;
/// Batches of the held-out figure.
const HELD_OUT: u32 = 1024;

const WINDOW: Window = match Lattice::new(&[SIDE, SIDE]) {
    Ok(lattice) => match Window::new(lattice, &[4], &[2], &[1]) {
        Ok(window) => window,
        Err(_) => panic!("the window does not fit"),
    },
    Err(_) => panic!("no such lattice"),
};

/// Sizes of filter, critic and batch.
pub(crate) const SHAPE: Shape = match Shape::new(
    WINDOW.block_sites() as u32,
    WINDOW.environment_sites() as u32,
    1,
    &[WIDTH, WIDTH],
    EMBEDDING,
    BATCH as u32,
) {
    Ok(shape) => shape,
    Err(_) => panic!("no such shape"),
};

/// Words of a packed configuration.
const CONFIGURATION: usize = words(WINDOW.lattice().sites());
/// Words that a sweep of this lattice works in.
const SCRATCH: usize = 192;

/// What training works on.
pub(crate) type Buffers =
    Arrays<{ SHAPE.parameter_lanes() }, { SHAPE.workspace_lanes() }, { SHAPE.sign_words() }, u32>;

/// The chains, and what their sweeps work in.
pub(crate) struct Chains {
    spins: [[u32; CONFIGURATION]; BATCH],
    scratch: [u32; SCRATCH],
}

impl Chains {
    /// Zeros, for a static.
    pub(crate) const NEW: Self = Chains {
        spins: [[0; CONFIGURATION]; BATCH],
        scratch: [0; SCRATCH],
    };

    /// Starts all chains afresh and lets them forget it.
    fn start(&mut self, model: &Ising, stream: &mut Stream) {
        for spins in &mut self.spins {
            model.start(Start::Hot, spins, stream);
            for _ in 0..BURN_IN {
                model.sweep(spins, &mut self.scratch, stream);
            }
        }
    }

    /// Moves every chain on, and packs a window of each to the rows of `v` and `e`.
    fn draw(&mut self, model: &Ising, stream: &mut Stream, (v, e): (&mut [u32], &mut [u32])) {
        let v = v.chunks_exact_mut(words(SHAPE.block()));
        let e = e.chunks_exact_mut(words(SHAPE.environment()));
        for (spins, (v, e)) in self.spins.iter_mut().zip(v.zip(e)) {
            model.sweep(spins, &mut self.scratch, stream);
            let mut kept = [0; CONFIGURATION];
            model.keep(spins, &mut kept, stream);
            WINDOW.gather(&kept, WINDOW.random_origin(stream), v, e);
        }
    }
}

/// Why the program failed.
pub(crate) enum Failure {
    /// The model cannot be sampled.
    Model(IsingError),
    /// A buffer is too short.
    Storage(MemberError),
    /// A sweep works in more words than there are.
    Scratch(usize),
    /// The training learned nothing, or the impossible.
    Information,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model(error) => error.fmt(f),
            Self::Storage(error) => error.fmt(f),
            Self::Scratch(needed) => write!(f, "{SCRATCH} words of scratch; {needed} are needed"),
            Self::Information => write!(f, "information not between 0 and ln 2; see the log"),
        }
    }
}

/// What there is to tell on the way.
pub(crate) enum Event {
    /// Steps done, and the mean bound over the last of them, in nats.
    Step(u32, f32),
    /// Held-out information and its standard error, in nats.
    HeldOut(f64, f64),
    /// A row of the learned filter.
    Row([f32; 4]),
}

/// What is compared bit by bit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Outcome {
    /// FNV-1a 64 of all learned parameters.
    pub(crate) parameters: u64,
    /// Held-out information, in nats.
    pub(crate) information: f64,
}

/// Samples, learns and measures.
pub(crate) fn run<T: Target>(
    buffers: &mut Buffers,
    chains: &mut Chains,
    mut tell: impl FnMut(Event),
) -> Result<Outcome, Failure> {
    let (lattice, beta) = (WINDOW.lattice(), 1.0 / TEMPERATURE);
    let model = Ising::new(
        lattice,
        beta,
        Coupling::Ferromagnetic,
        Algorithm::SwendsenWang,
    )
    .map_err(Failure::Model)?;
    if model.scratch_len() > SCRATCH {
        return Err(Failure::Scratch(model.scratch_len()));
    }

    let mut parameters = Stream::new(SEED, 0, Purpose::Parameters);
    let mut rsmi = Rsmi::with_members(
        Separable,
        InfoNce,
        Linear,
        SHAPE,
        buffers.storage(),
        &mut parameters,
    )
    .map_err(Failure::Storage)?;

    let mut samples = Stream::new(SEED, 0, Purpose::Training);
    let mut noise = Stream::new(SEED, 0, Purpose::Encoder);
    let schedule = Schedule {
        steps: STEPS,
        ..Schedule::default()
    };
    chains.start(&model, &mut samples);
    let mut sum = 0.0;
    for t in 0..STEPS {
        chains.draw(&model, &mut samples, rsmi.signs());
        let encoder = Binary::Relaxed {
            epsilon: schedule.epsilon(t),
        };
        sum += rsmi.step::<T>(encoder, Learn::All, schedule.rate(t), &mut noise);
        if (t + 1) % REPORT_EVERY == 0 {
            tell(Event::Step(t + 1, sum / REPORT_EVERY as f32));
            sum = 0.0;
        }
    }

    let mut samples = Stream::new(SEED, 0, Purpose::HeldOut);
    let mut noise = Stream::new(SEED, 1, Purpose::Encoder);
    chains.start(&model, &mut samples);
    let mut held_out = Blocking::new();
    for _ in 0..HELD_OUT {
        let mut terms = [0.0; BATCH];
        chains.draw(&model, &mut samples, rsmi.signs());
        rsmi.evaluate::<T>(Binary::Sigmoid, &mut noise, &mut terms);
        held_out.push(terms.iter().map(|&term| f64::from(term)).sum::<f64>() / BATCH as f64);
    }
    let information = held_out.mean();
    let error = held_out.standard_error().unwrap_or(f64::INFINITY);
    tell(Event::HeldOut(information, error));
    for y in 0..4 {
        tell(Event::Row([0, 1, 2, 3].map(|x| rsmi.filter(4 * y + x, 0))));
    }

    let mut hash = fnv::FnvHasher::default();
    for lane in rsmi.parameters() {
        lane.0
            .iter()
            .for_each(|x| hash.write(&x.to_bits().to_le_bytes()));
    }
    if information > 5.0 * error && information < core::f64::consts::LN_2 {
        Ok(Outcome {
            parameters: hash.finish(),
            information,
        })
    } else {
        Err(Failure::Information)
    }
}
