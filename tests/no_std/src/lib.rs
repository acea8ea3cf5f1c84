//! A step of learning in a library that has no std, no allocator and no unsafe code.
#![no_std]

use core::panic::PanicInfo;

use blockspin_core::bound::InfoNce;
use blockspin_core::critic::Separable;
use blockspin_core::encoder::{Binary, Linear};
use blockspin_core::kernel::Portable;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::rsmi::{Arrays, Learn, MemberError, Rsmi};
use blockspin_core::shape::Shape;

const SHAPE: Shape = match Shape::new(4, 12, 1, &[16], 8, 16) {
    Ok(shape) => shape,
    Err(_) => panic!("not a shape"),
};
type Run =
    Arrays<{ SHAPE.parameter_lanes() }, { SHAPE.workspace_lanes() }, { SHAPE.sign_words() }, u32>;

/// The bound on one batch after one step, in nats.
///
/// # Errors
/// Never: lengths and members are the shape's own.
pub fn step(seed: u64) -> Result<f32, MemberError> {
    let mut arrays = Run::new(0);
    let mut stream = Stream::new(seed, 0, Purpose::Parameters);
    let mut rsmi = Rsmi::with_members(
        Separable,
        InfoNce,
        Linear,
        SHAPE,
        arrays.storage(),
        &mut stream,
    )?;

    let (v, e) = rsmi.signs();
    v.fill_with(|| stream.next_u32() & 0xf);
    e.fill_with(|| stream.next_u32() & 0xfff);
    let mut noise = Stream::new(seed, 0, Purpose::Encoder);
    let relaxed = Binary::Relaxed { epsilon: 0.5 };
    rsmi.step::<Portable>(relaxed, Learn::All, 5e-3, &mut noise);
    let mut terms = [0.0; SHAPE.batch()];
    rsmi.evaluate::<Portable>(Binary::Sigmoid, &mut noise, &mut terms);
    Ok(terms.iter().sum::<f32>() / terms.len() as f32)
}

/// Keeps the step in the library, though nobody calls it.
#[used]
static STEP: fn(u64) -> Result<f32, MemberError> = step;

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    loop {}
}
