//! Runs the story of `src/story.rs` on a chip, all in statics, and tells it by defmt through the
//! first serial port. stdout gets two lines `NAME HEX16`: the hash of all learned parameters, and
//! the bits (f64) of the information in nats.
#![no_std]
#![no_main]

#[path = "../story.rs"]
mod story;

use blockspin_firmware::tile::Chip;
use blockspin_firmware::{ConstStaticCell, entry, log, println};
use defmt::info;
use story::{Buffers, Chains, EMBEDDING, Event, Failure, SHAPE, SIDE, TEMPERATURE};

/// Width of both hidden layers of the critic's networks.
const WIDTH: u32 = if cfg!(feature = "wide") { 32 } else { 16 };

static BUFFERS: ConstStaticCell<Buffers> = ConstStaticCell::new(Buffers::new(0));
static CHAINS: ConstStaticCell<Chains> = ConstStaticCell::new(Chains::NEW);

#[entry]
fn main() -> ! {
    blockspin_firmware::run(train)
}

fn train() -> Result<(), Failure> {
    log::start();
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
    let mut bytes = size_of::<Chains>() as u64;
    info!("{=u64} bytes: {=str}", bytes, "chains");
    for buffer in SHAPE.buffers() {
        info!("{=u64} bytes: {=str}", buffer.bytes, buffer.name);
        bytes += buffer.bytes;
    }
    info!("{=u64} bytes in all", bytes);

    let outcome = story::run::<Chip>(BUFFERS.take(), CHAINS.take(), |event| match event {
        Event::Step(step, bound) => info!("step {=u32}: {=f32} nats in training", step, bound),
        Event::HeldOut(information, error) => info!(
            "held out: {=f64} nats, standard error {=f64}; one spin keeps at most ln 2 = 0.693",
            information, error
        ),
        Event::Row([a, b, c, d]) => info!("filter: {=f32} {=f32} {=f32} {=f32}", a, b, c, d),
    })?;
    println!("parameters {:016x}", outcome.parameters);
    println!("information {:016x}", outcome.information.to_bits());
    Ok(())
}
