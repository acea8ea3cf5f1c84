//! Runs the story of `src/sensor.rs` on a chip, on a recording in its flash and all else in statics,
//! and tells it by defmt through the first serial port. stdout gets three lines `NAME HEX16`: the
//! hashes of all learned parameters and of the held-out frames in coarse variables, and the bits
//! (f64) of the information in nats.
#![no_std]
#![no_main]

#[path = "../sensor.rs"]
mod sensor;

use blockspin_core::num::lane::Lane;
use blockspin_firmware::tile::Chip;
use blockspin_firmware::{ConstStaticCell, entry, log, println};
use defmt::info;
use sensor::{
    APART, BLOCK, Buffers, Event, Failure, Frame, Grid, HELD_OUT, MARGIN, RING, SENSORS, SHAPE,
    SIDE,
};

/// See `data/README.md`. In flash.
static RECORDING: &[u8] = include_bytes!("../../data/sensor.bin");

static BUFFERS: ConstStaticCell<Buffers> = ConstStaticCell::new(Buffers::new(Lane::ZERO));
static GRID: ConstStaticCell<Grid> = ConstStaticCell::new(Grid::NEW);

#[entry]
fn main() -> ! {
    blockspin_firmware::run(learn)
}

fn learn() -> Result<(), Failure> {
    log::start();
    let recording: &[Frame] = RECORDING.as_chunks::<SENSORS>().0;
    info!(
        "sensors, {=u32} x {=u32}; {=usize} frames in flash, the last {=usize} held out",
        SIDE,
        SIDE,
        recording.len(),
        HELD_OUT
    );
    info!(
        "block {=u32}, buffer {=u32}, environment {=u32}: |V| = {=usize}, |E| = {=usize}; K = {=usize}",
        BLOCK,
        MARGIN,
        MARGIN,
        SHAPE.block(),
        SHAPE.environment(),
        SHAPE.batch()
    );
    info!(
        "rows of a batch: {=usize} frames apart, of the last {=usize}",
        APART, RING
    );
    info!(
        "{=usize} bytes: calibration and last frames; {=usize}: training",
        size_of::<Grid>(),
        size_of::<Buffers>()
    );

    let outcome = sensor::run::<Chip>(
        BUFFERS.take(),
        GRID.take(),
        recording,
        |event| match event {
            Event::Report(frames, bound, [a, b, c, d], [h0, h1, h2, h3]) => {
                info!("frame {=usize}: {=f32} nats in training", frames, bound);
                info!("    filter {=f32} {=f32} / {=f32} {=f32}", a, b, c, d);
                info!(
                    "    coarse {=u8:04b} {=u8:04b} {=u8:04b} {=u8:04b}",
                    h0, h1, h2, h3
                );
            }
            Event::HeldOut(information, error) => info!(
                "held out: {=f64} nats, standard error {=f64}; one sign keeps at most ln 2 = 0.693",
                information, error
            ),
        },
    )?
    .judge()?;
    println!("parameters {:016x}", outcome.parameters);
    println!("coarse {:016x}", outcome.coarse);
    println!("information {:016x}", outcome.information.to_bits());
    Ok(())
}
