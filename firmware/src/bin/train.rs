//! The whole path on a chip: samples the critical Ising model, learns its filter, and measures on
//! fresh samples how much information the filter keeps. All in statics.
//!
//! The log (defmt, first serial port) tells the story; stdout gets two lines `NAME HEX16`: the
//! FNV-1a hash of all learned parameters, and the bits (f64) of the information in nats.
//!
//! Every row of a batch has a chain of its own, so that the negatives of InfoNCE are independent.
#![no_std]
#![no_main]

use core::fmt;
use core::hash::Hasher;

use blockspin_core::block::window::Window;
use blockspin_core::coarse::encoder::Encoder;
use blockspin_core::kernel::Portable;
use blockspin_core::lattice::Lattice;
use blockspin_core::num::bits::words;
use blockspin_core::num::lane::Lane;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::optim::schedule::Schedule;
use blockspin_core::rsmi::{Learn, Rsmi, Storage, StorageError};
use blockspin_core::sampler::{Algorithm, Coupling, Ising, IsingError, Sampler, Start};
use blockspin_core::shape::Shape;
use blockspin_core::stats::Blocking;
use blockspin_firmware::{ConstStaticCell, entry, log, println};
use defmt::info;

const SEED: u64 = 1;
/// 2 / ln(1 + √2).
const TEMPERATURE: f64 = 2.269_185_314_213_022;
const SIDE: u32 = 16;
/// K, and the number of chains.
const BATCH: usize = 32;
/// Width of both hidden layers of the critic's networks.
const WIDTH: u32 = if cfg!(feature = "wide") { 32 } else { 16 };
const EMBEDDING: u32 = 8;
/// Sweeps before a chain is used; many times their memory, some three sweeps at this size.
const BURN_IN: u32 = 30;
const STEPS: u32 = 1500;
const REPORT_EVERY: u32 = 250;
/// Batches of the held-out figure.
const HELD_OUT: u32 = 1024;

const WINDOW: Window = match Lattice::new(&[SIDE, SIDE]) {
    Ok(lattice) => match Window::new(lattice, &[4], 2, 1) {
        Ok(window) => window,
        Err(_) => panic!("the window does not fit"),
    },
    Err(_) => panic!("no such lattice"),
};

const SHAPE: Shape = match Shape::new(
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
struct Buffers {
    parameters: [Lane; SHAPE.parameter_lanes()],
    gradients: [Lane; SHAPE.parameter_lanes()],
    first_moments: [Lane; SHAPE.parameter_lanes()],
    second_moments: [Lane; SHAPE.parameter_lanes()],
    workspace: [Lane; SHAPE.workspace_lanes()],
    signs: [u32; SHAPE.sign_words()],
}

static BUFFERS: ConstStaticCell<Buffers> = ConstStaticCell::new(Buffers {
    parameters: [Lane::ZERO; SHAPE.parameter_lanes()],
    gradients: [Lane::ZERO; SHAPE.parameter_lanes()],
    first_moments: [Lane::ZERO; SHAPE.parameter_lanes()],
    second_moments: [Lane::ZERO; SHAPE.parameter_lanes()],
    workspace: [Lane::ZERO; SHAPE.workspace_lanes()],
    signs: [0; SHAPE.sign_words()],
});

/// The chains, and what their sweeps work in.
struct Chains {
    spins: [[u32; CONFIGURATION]; BATCH],
    scratch: [u32; SCRATCH],
}

static CHAINS: ConstStaticCell<Chains> = ConstStaticCell::new(Chains {
    spins: [[0; CONFIGURATION]; BATCH],
    scratch: [0; SCRATCH],
});

impl Chains {
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
enum Failure {
    Model(IsingError),
    Storage(StorageError),
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

#[entry]
fn main() -> ! {
    blockspin_firmware::run(train)
}

fn train() -> Result<(), Failure> {
    log::start();
    let buffers = BUFFERS.take();
    let chains = CHAINS.take();

    info!(
        "Ising model, {=u32} x {=u32}, temperature {=f64}",
        SIDE, SIDE, TEMPERATURE
    );
    info!(
        "block 4, buffer 2, environment 1: |V| = {=usize}, |E| = {=usize}; K = {=usize}",
        SHAPE.block(),
        SHAPE.environment(),
        SHAPE.batch()
    );
    info!(
        "critic: two hidden layers of {=u32}, embedding {=u32}",
        WIDTH, EMBEDDING
    );
    let mut bytes = size_of::<Chains>();
    info!("{=usize} bytes: {=str}", bytes, "chains");
    for buffer in SHAPE.buffers() {
        info!("{=usize} bytes: {=str}", buffer.bytes, buffer.name);
        bytes += buffer.bytes;
    }
    info!("{=usize} bytes in all", bytes);

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

    let storage = Storage {
        parameters: &mut buffers.parameters,
        gradients: &mut buffers.gradients,
        first_moments: &mut buffers.first_moments,
        second_moments: &mut buffers.second_moments,
        workspace: &mut buffers.workspace,
        signs: &mut buffers.signs,
    };
    let mut parameters = Stream::new(SEED, 0, Purpose::Parameters);
    let mut rsmi = Rsmi::new(SHAPE, storage, &mut parameters).map_err(Failure::Storage)?;

    let mut samples = Stream::new(SEED, 0, Purpose::Training);
    let mut noise = Stream::new(SEED, 0, Purpose::Encoder);
    let schedule = Schedule {
        steps: STEPS,
        ..Schedule::default()
    };
    chains.start(&model, &mut samples);
    let mut sum = 0.0;
    for t in 0..STEPS {
        chains.draw(&model, &mut samples, rsmi.samples());
        let encoder = Encoder::Relaxed {
            epsilon: schedule.epsilon(t),
        };
        sum += rsmi.step::<Portable>(encoder, Learn::All, schedule.rate(t), &mut noise);
        if (t + 1) % REPORT_EVERY == 0 {
            info!(
                "step {=u32}: {=f32} nats in training",
                t + 1,
                sum / REPORT_EVERY as f32
            );
            sum = 0.0;
        }
    }

    let mut samples = Stream::new(SEED, 0, Purpose::HeldOut);
    let mut noise = Stream::new(SEED, 1, Purpose::Encoder);
    chains.start(&model, &mut samples);
    let mut held_out = Blocking::new();
    for _ in 0..HELD_OUT {
        let mut terms = [0.0; BATCH];
        chains.draw(&model, &mut samples, rsmi.samples());
        rsmi.evaluate::<Portable>(Encoder::Sigmoid, &mut noise, &mut terms);
        held_out.push(terms.iter().map(|&term| f64::from(term)).sum::<f64>() / BATCH as f64);
    }
    let information = held_out.mean();
    let error = held_out.standard_error().unwrap_or(f64::INFINITY);
    info!(
        "held out: {=f64} nats, standard error {=f64}; one spin keeps at most ln 2 = 0.693",
        information, error
    );
    info!("filter:");
    for y in 0..4 {
        let [a, b, c, d] = [0, 1, 2, 3].map(|x| rsmi.filter(4 * y + x, 0));
        info!("{=f32} {=f32} {=f32} {=f32}", a, b, c, d);
    }

    let mut hash = fnv::FnvHasher::default();
    for lane in rsmi.parameters() {
        lane.0
            .iter()
            .for_each(|x| hash.write(&x.to_bits().to_le_bytes()));
    }
    println!("parameters {:016x}", hash.finish());
    println!("information {:016x}", information.to_bits());
    if information > 5.0 * error && information < core::f64::consts::LN_2 {
        Ok(())
    } else {
        Err(Failure::Information)
    }
}
