//! Takes training steps on random samples and says where their instructions go. stderr gets a line
//! `PART: INSTRUCTIONS MULTIPLY-ADDS` for each part of a step; stdout nothing.
//!
//! Every batch is differentiated by a tile that counts around the kernels, and then makes a whole
//! step by the tile of the chip. Adam is counted on its own; the rest is what these leave of the
//! step: scores' exponentials, encoder, ReLU, transposes, sums of biases.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicU32, Ordering};

use blockspin_core::bound::InfoNce;
use blockspin_core::critic::Separable;
use blockspin_core::encoder::{Binary, Linear};
use blockspin_core::kernel::Target;
use blockspin_core::kernel::dense::{Matrix, Output};
use blockspin_core::num::bits;
use blockspin_core::num::lane::Lane;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::optim::adam::Adam;
use blockspin_core::rsmi::{Arrays, Learn, MemberError, Rsmi};
use blockspin_core::shape::Shape;
use blockspin_firmware::tile::Chip;
use blockspin_firmware::{ConstStaticCell, chip, entry, report};

/// Width of both hidden layers.
const WIDTH: u32 = 16;
/// That of `train`.
const SHAPE: Shape = match Shape::new(16, 36, 1, &[WIDTH, WIDTH], 8, 32) {
    Ok(shape) => shape,
    Err(_) => panic!("no such shape"),
};
const STEPS: u32 = 64;
const RATE: f32 = 1e-3;
const ENCODER: Binary = Binary::Relaxed { epsilon: 0.5 };

/// What the steps work on.
type Buffers =
    Arrays<{ SHAPE.parameter_lanes() }, { SHAPE.workspace_lanes() }, { SHAPE.sign_words() }, u32>;
static BUFFERS: ConstStaticCell<Buffers> = ConstStaticCell::new(Buffers::new(0));

/// What a part of the steps took. The program is the only writer.
struct Count {
    instructions: AtomicU32,
    multiply_adds: AtomicU32,
}

impl Count {
    const fn new() -> Self {
        Count {
            instructions: AtomicU32::new(0),
            multiply_adds: AtomicU32::new(0),
        }
    }

    fn around<R>(&self, multiply_adds: usize, work: impl FnOnce() -> R) -> R {
        let before = chip::instructions();
        let result = work();
        let taken = (chip::instructions() - before) as u32;
        let add = |to: &AtomicU32, n| to.store(to.load(Ordering::Relaxed) + n, Ordering::Relaxed);
        add(&self.instructions, taken);
        add(&self.multiply_adds, multiply_adds as u32);
        result
    }

    /// Instructions and multiply-adds of a step.
    fn each(&self) -> (u32, u32) {
        let per_step = |n: &AtomicU32| n.load(Ordering::Relaxed) / STEPS;
        (per_step(&self.instructions), per_step(&self.multiply_adds))
    }
}

static SIGNS: Count = Count::new();
static ROWS: Count = Count::new();
static COLUMNS: Count = Count::new();
static ADAM: Count = Count::new();
static STEP: Count = Count::new();

/// The chip's tile, counted.
#[derive(Clone, Copy)]
struct Counted;

impl Target for Counted {
    const ROWS: usize = Chip::ROWS;
    const COLUMNS: usize = Chip::COLUMNS;
    const LANES: usize = Chip::LANES;
    const CHUNKS: usize = Chip::CHUNKS;

    fn sqrt(x: f32) -> f32 {
        Chip::sqrt(x)
    }

    #[inline(never)]
    fn part<R>(part: impl FnOnce() -> R) -> R {
        part()
    }

    fn rows(rows: usize, inner: usize, a: Matrix, b: Matrix, columns: usize, out: Output) {
        ROWS.around(rows * inner * columns, || {
            Chip::rows(rows, inner, a, b, columns, out);
        });
    }

    fn columns(rows: usize, inner: usize, a: Matrix, b: Matrix, columns: usize, out: Output) {
        COLUMNS.around(rows * inner * columns, || {
            Chip::columns(rows, inner, a, b, columns, out);
        });
    }

    fn signs(
        rows: usize,
        inner: usize,
        signs: &[u32],
        weights: &[Lane],
        lanes: usize,
        out: Output,
    ) {
        // Either the filter, on the block, or a first layer, on the environment.
        let columns = match rows == SHAPE.block() || inner == SHAPE.block() {
            true => SHAPE.components(),
            false => WIDTH as usize,
        };
        SIGNS.around(rows * inner * columns, || {
            Chip::signs(rows, inner, signs, weights, lanes, out);
        });
    }
}

#[entry]
fn main() -> ! {
    blockspin_firmware::run(measure)
}

fn measure() -> Result<(), MemberError> {
    let buffers = BUFFERS.take();
    let mut stream = Stream::new(1, 0, Purpose::Parameters);
    let mut rsmi = Rsmi::with_members(
        Separable,
        InfoNce,
        Linear,
        SHAPE,
        buffers.storage(),
        &mut stream,
    )?;
    for _ in 0..STEPS {
        let (v, e) = rsmi.signs();
        for (rows, inner) in [(v, SHAPE.block()), (e, SHAPE.environment())] {
            for row in rows.chunks_exact_mut(bits::words(inner)) {
                (0..inner).for_each(|i| bits::set(row, i, stream.coin()));
            }
        }
        rsmi.differentiate::<Counted>(ENCODER, Learn::All, &mut stream);
        STEP.around(0, || {
            rsmi.step::<Chip>(ENCODER, Learn::All, RATE, &mut stream);
        });
    }
    let mut adam = Adam::default();
    let storage = buffers.storage();
    for _ in 0..STEPS {
        ADAM.around(0, || {
            adam.advance::<Chip>(RATE).ascend::<Chip>(
                storage.parameters,
                storage.gradients,
                storage.first_moments,
                storage.second_moments,
            );
        });
    }

    let (mut rest, _) = STEP.each();
    let mut multiply_adds = 0;
    for (name, count) in [
        ("signs", &SIGNS),
        ("dense_by_rows", &ROWS),
        ("dense_by_columns", &COLUMNS),
        ("adam", &ADAM),
    ] {
        let each = count.each();
        report!("{name}: {} {}", each.0, each.1);
        rest = rest.saturating_sub(each.0);
        multiply_adds += each.1;
    }
    report!("rest: {rest} 0");
    report!("step: {} {multiply_adds}", STEP.each().0);
    Ok(())
}
