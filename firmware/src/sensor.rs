//! A sensor grid, learned on line in statics: frames arrive one after another, every one makes
//! steps of training, and from time to time the grid is told in coarse variables, the signs that the
//! filter learned so far makes of 2 × 2 sensors.
//!
//! Nothing here knows of a chip: `src/bin/sensor.rs` runs it on one and tells what happens by defmt,
//! and the project's tests run this same file on the host and compare the bits. The recording is
//! that of `data/README.md`; any other with frames of this size will do.
//!
//! The other rows of a batch are the negatives of InfoNCE and must be independent of each other, so
//! the rows are frames [`APART`] from one to the next. The slowest mode of the recording decays as
//! e^(−t/4) over t frames: its correlation over that distance is e⁻⁴ = 0.018, and that of any
//! two sensors below 0.01.

use core::fmt;
use core::hash::Hasher;

use blockspin_core::bound::InfoNce;
use blockspin_core::critic::Separable;
use blockspin_core::encoder::{Binary, Linear};
use blockspin_core::kernel::Target;
use blockspin_core::lattice::Lattice;
use blockspin_core::num::lane::{Lane, lanes};
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::optim::schedule::Schedule;
use blockspin_core::rsmi::{Arrays, Learn, MemberError, Rsmi};
use blockspin_core::shape::Shape;
use blockspin_core::stats::Blocking;
use blockspin_core::window::Window;

const SEED: u64 = 1;
/// Side of the grid.
pub(crate) const SIDE: u32 = 8;
/// Number of sensors.
pub(crate) const SENSORS: usize = (SIDE * SIDE) as usize;
/// Side of the block.
pub(crate) const BLOCK: u32 = 2;
/// Width of the buffer, and of the environment.
pub(crate) const MARGIN: u32 = 1;
/// Blocks that tile the grid along an axis.
pub(crate) const TILES: usize = (SIDE / BLOCK) as usize;
/// K.
const BATCH: usize = 32;
/// Frames from one row of a batch to the next.
pub(crate) const APART: usize = 16;
/// Frames that are remembered; no step is made before there are as many.
pub(crate) const RING: usize = BATCH * APART;
/// Steps for each frame, of windows at other places.
const STEPS: u32 = 2;
/// Frames at the end of a recording that are never learned from.
pub(crate) const HELD_OUT: usize = 1024;
/// Windows of each of them, at random places.
const PASSES: usize = 8;
const REPORT_EVERY: usize = 512;

/// Counts of all sensors at one time, i8 as the converter gives them, row by row.
pub(crate) type Frame = [u8; SENSORS];

/// Sizes alone: where it may lie, [`Window::with_open`] says.
const WINDOW: Window = match Lattice::new(&[SIDE, SIDE]) {
    Ok(lattice) => match Window::new(lattice, &[BLOCK], &[MARGIN], &[MARGIN]) {
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
    &[16],
    8,
    BATCH as u32,
) {
    Ok(shape) => shape,
    Err(_) => panic!("no such shape"),
};

/// What training works on.
pub(crate) type Buffers =
    Arrays<{ SHAPE.parameter_lanes() }, { SHAPE.workspace_lanes() }, { SHAPE.real_lanes() }, Lane>;

/// What is remembered of the grid.
pub(crate) struct Grid {
    calibration: Calibration,
    ring: [Frame; RING],
    /// Where the next frame goes.
    next: usize,
    /// Of the held-out frames.
    terms: [f32; HELD_OUT],
}

impl Grid {
    /// Zeros, for a static.
    pub(crate) const NEW: Self = Grid {
        calibration: Calibration {
            frames: 0.0,
            means: [0.0; SENSORS],
            squares: [0.0; SENSORS],
            gains: [0.0; SENSORS],
        },
        ring: [[0; SENSORS]; RING],
        next: 0,
        terms: [0.0; HELD_OUT],
    };

    /// Remembers a frame in place of the oldest.
    fn push<T: Target>(&mut self, frame: &Frame) {
        self.calibration.push::<T>(frame);
        self.ring[self.next] = *frame;
        self.next = (self.next + 1) % RING;
    }

    /// The frame of so long ago; 0 for the last one.
    fn ago(&self, frames: usize) -> &Frame {
        &self.ring[(self.next + RING - 1 - frames) % RING]
    }
}

/// Mean and spread of every sensor, on line (Welford 1962) and in f32: means and variances of i8
/// counts keep some six digits over thousands of frames.
struct Calibration {
    frames: f32,
    means: [f32; SENSORS],
    /// Σ (count − mean)².
    squares: [f32; SENSORS],
    /// One over the standard deviation; 0 for a sensor that has not moved yet.
    gains: [f32; SENSORS],
}

impl Calibration {
    fn push<T: Target>(&mut self, frame: &Frame) {
        self.frames += 1.0;
        for (i, count) in frame.iter().enumerate() {
            let count = f32::from(count.cast_signed());
            let from_old = count - self.means[i];
            self.means[i] += from_old / self.frames;
            self.squares[i] += from_old * (count - self.means[i]);
            if self.squares[i] > 0.0 {
                self.gains[i] = 1.0 / T::root(self.squares[i] / self.frames);
            }
        }
    }

    /// Counts less their means, over their standard deviations.
    fn values(&self, frame: &Frame) -> [f32; SENSORS] {
        core::array::from_fn(|i| {
            (f32::from(frame[i].cast_signed()) - self.means[i]) * self.gains[i]
        })
    }

    /// Cuts a window at random from each frame, to the rows of `v` and `e`.
    fn cut<'f>(
        &self,
        window: &Window,
        frames: impl Iterator<Item = &'f Frame>,
        stream: &mut Stream,
        (v, e): (&mut [Lane], &mut [Lane]),
    ) {
        let v = v.chunks_exact_mut(lanes(SHAPE.block()));
        let e = e.chunks_exact_mut(lanes(SHAPE.environment()));
        for (frame, (v, e)) in frames.zip(v.zip(e)) {
            window.gather(&self.values(frame), window.random_origin(stream), v, e);
        }
    }
}

/// A frame in coarse variables: a bit for each block of the grid, 1 where Λ·v > 0, the first block
/// of a row in the highest of the [`TILES`] lowest bits.
pub(crate) type Coarse = [u8; TILES];

/// h = sign Λ·v of all blocks that tile the grid.
fn coarse(values: &[f32; SENSORS], filter: [f32; 4]) -> Coarse {
    let side = SIDE as usize;
    core::array::from_fn(|y| {
        (0..TILES).fold(0, |row, x| {
            let at = 2 * (y * side + x);
            let sites = [at, at + 1, at + side, at + side + 1];
            let logit = filter
                .iter()
                .zip(sites)
                .fold(0.0, |sum, (weight, site)| sum + weight * values[site]);
            row << 1 | u8::from(logit > 0.0)
        })
    })
}

/// Why the program failed.
pub(crate) enum Failure {
    /// The recording has too few frames: this many.
    Recording(usize),
    /// A buffer is too short.
    Storage(MemberError),
    /// The training learned nothing, or the impossible.
    Information,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recording(frames) => {
                write!(f, "{frames} frames; {} are needed", RING + HELD_OUT)
            }
            Self::Storage(error) => error.fmt(f),
            Self::Information => write!(f, "information not between 0 and ln 2; see the log"),
        }
    }
}

/// What there is to tell on the way.
pub(crate) enum Event {
    /// Frames so far, the mean bound of the steps since the last report, in nats, the filter by
    /// rows, and the last frame in coarse variables.
    Report(usize, f32, [f32; 4], Coarse),
    /// Held-out information and its standard error, in nats.
    HeldOut(f64, f64),
}

/// What is compared bit by bit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Outcome {
    /// FNV-1a 64 of all learned parameters.
    pub(crate) parameters: u64,
    /// FNV-1a 64 of the held-out frames in coarse variables.
    pub(crate) coarse: u64,
    /// The learned filter, by rows.
    pub(crate) filter: [f32; 4],
    /// Held-out information with h = sign Λ·v, in nats.
    pub(crate) information: f64,
    /// Its standard error, correlations from frame to frame allowed for.
    pub(crate) error: f64,
}

impl Outcome {
    /// Whether something was learned.
    pub(crate) fn judge(self) -> Result<Self, Failure> {
        if self.information > 5.0 * self.error && self.information < core::f64::consts::LN_2 {
            Ok(self)
        } else {
            Err(Failure::Information)
        }
    }
}

/// Learns from all frames but the last [`HELD_OUT`], one after another, and measures on these.
pub(crate) fn run<T: Target>(
    buffers: &mut Buffers,
    grid: &mut Grid,
    recording: &[Frame],
    mut tell: impl FnMut(Event),
) -> Result<Outcome, Failure> {
    let window = WINDOW.with_open(&[true, true]);
    if recording.len() < RING + HELD_OUT {
        return Err(Failure::Recording(recording.len()));
    }
    let (learned, held_out) = recording.split_at(recording.len() - HELD_OUT);

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

    let mut windows = Stream::new(SEED, 0, Purpose::Windows);
    let mut noise = Stream::new(SEED, 0, Purpose::Encoder);
    let schedule = Schedule {
        steps: (learned.len() - RING + 1) as u32 * STEPS,
        ..Schedule::default()
    };
    let (mut t, mut reported, mut sum) = (0, 0, 0.0);
    for (seen, frame) in (1..).zip(learned) {
        grid.push::<T>(frame);
        if seen < RING {
            continue;
        }
        for _ in 0..STEPS {
            let frames = (0..BATCH).map(|k| grid.ago(k * APART));
            grid.calibration
                .cut(&window, frames, &mut windows, rsmi.reals());
            let encoder = Binary::Relaxed {
                epsilon: schedule.epsilon(t),
            };
            sum += rsmi.step::<T>(encoder, Learn::All, schedule.rate(t), &mut noise);
            t += 1;
        }
        if seen % REPORT_EVERY == 0 {
            let filter = filter(&rsmi);
            let coarse = coarse(&grid.calibration.values(frame), filter);
            let bound = sum / (t - reported) as f32;
            tell(Event::Report(seen, bound, filter, coarse));
            (reported, sum) = (t, 0.0);
        }
    }

    // Batches of frames as far apart as they can be; each frame's own mean, in the order of time,
    // so that the error knows how slowly they change.
    let mut windows = Stream::new(SEED, 1, Purpose::Windows);
    let mut noise = Stream::new(SEED, 1, Purpose::Encoder);
    let apart = HELD_OUT / BATCH;
    grid.terms.fill(0.0);
    for _ in 0..PASSES {
        for first in 0..apart {
            let frames = held_out[first..].iter().step_by(apart);
            grid.calibration
                .cut(&window, frames, &mut windows, rsmi.reals());
            let mut terms = [0.0; BATCH];
            rsmi.evaluate::<T>(Binary::Sign, &mut noise, &mut terms);
            let slots = grid.terms[first..].iter_mut().step_by(apart);
            slots
                .zip(terms)
                .for_each(|(sum, term)| *sum += term / PASSES as f32);
        }
    }
    let mut estimate = Blocking::new();
    for term in grid.terms {
        estimate.push(f64::from(term));
    }
    let information = estimate.mean();
    let error = estimate.standard_error().unwrap_or(f64::INFINITY);
    tell(Event::HeldOut(information, error));

    let filter = filter(&rsmi);
    let mut words = fnv::FnvHasher::default();
    for frame in held_out {
        words.write(&coarse(&grid.calibration.values(frame), filter));
    }
    let mut hash = fnv::FnvHasher::default();
    for lane in rsmi.parameters() {
        lane.0
            .iter()
            .for_each(|x| hash.write(&x.to_bits().to_le_bytes()));
    }
    Ok(Outcome {
        parameters: hash.finish(),
        coarse: words.finish(),
        filter,
        information,
        error,
    })
}

fn filter(rsmi: &Rsmi<Separable, InfoNce, Linear>) -> [f32; 4] {
    [0, 1, 2, 3].map(|site| rsmi.filter(site, 0))
}
