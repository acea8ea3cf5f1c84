//! Conversion from Fortran to C order with bounded memory.
//!
//! The array is cut into boxes that fit in memory. A box is long along the first axes, so that it is
//! read in long runs, and along the last axes, so that it is written in long runs.

use std::io;

use super::store::Store;
use crate::observer::Progress;

/// Approximate size of a box in bytes.
pub(super) const BOX: u64 = 16 << 20;

/// Reads an array of `shape` and `size`-byte items, whose first axis is the fastest, at `start` of
/// `from`, and writes it to the start of `to` with its last axis the fastest.
pub(super) fn to_c(
    from: &Store,
    start: u64,
    shape: &[u64],
    size: usize,
    to: &mut Store,
    progress: &dyn Progress,
) -> io::Result<()> {
    // An axis of length 1 has no effect on either order.
    let shape: Vec<u64> = shape.iter().copied().filter(|length| *length > 1).collect();
    let sides = box_sides(&shape, BOX / size as u64);
    let strides = |axes: &mut dyn Iterator<Item = usize>, sides: &[u64]| {
        let mut strides = vec![0; sides.len()];
        let mut stride = 1;
        for axis in axes {
            strides[axis] = stride;
            stride *= sides[axis];
        }
        strides
    };
    let d = shape.len();
    let slow_last = strides(&mut (0..d), &shape);
    let slow_first = strides(&mut (0..d).rev(), &shape);

    let bytes = sides.iter().product::<u64>() as usize * size;
    let (mut read, mut written) = (vec![0; bytes], vec![0; bytes]);
    let mut corner = vec![0; d];
    loop {
        let here: Vec<u64> = (0..d)
            .map(|axis| sides[axis].min(shape[axis] - corner[axis]))
            .collect();
        let items = here.iter().product::<u64>() as usize;
        let begin = |strides: &[u64]| (0..d).map(|axis| corner[axis] * strides[axis]).sum::<u64>();

        let first = begin(&slow_last);
        let mut at = 0;
        runs(0..d, &here, &shape, &slow_last, |offset, run| {
            let run = run as usize * size;
            let bytes = &mut read[at..at + run];
            at += run;
            from.read_at(start + (first + offset) * size as u64, bytes)
        })?;
        let within = strides(&mut (0..d).rev(), &here);
        match size {
            1 => scatter::<1>(&read, items, &here, &within, &mut written),
            2 => scatter::<2>(&read, items, &here, &within, &mut written),
            4 => scatter::<4>(&read, items, &here, &within, &mut written),
            _ => scatter::<8>(&read, items, &here, &within, &mut written),
        }
        let first = begin(&slow_first);
        let mut at = 0;
        runs((0..d).rev(), &here, &shape, &slow_first, |offset, run| {
            let run = run as usize * size;
            let bytes = &written[at..at + run];
            at += run;
            to.write_at((first + offset) * size as u64, bytes)
        })?;
        progress.advance((items * size) as u64);

        // The next box.
        let mut axis = 0;
        loop {
            if axis == d {
                return Ok(());
            }
            corner[axis] += here[axis];
            if corner[axis] < shape[axis] {
                break;
            }
            corner[axis] = 0;
            axis += 1;
        }
    }
}

/// Sides of a box of at most `items` items: half of them (in powers) go to long runs of reading,
/// the rest to long runs of writing.
fn box_sides(shape: &[u64], items: u64) -> Vec<u64> {
    let mut sides = vec![1; shape.len()];
    let mut room = items.isqrt();
    for (side, length) in sides.iter_mut().zip(shape) {
        *side = room.clamp(1, *length);
        room /= *side;
    }
    let mut room = items / sides.iter().product::<u64>();
    for (side, length) in sides.iter_mut().zip(shape).rev() {
        let grown = (*side * room).min(*length);
        room /= grown.div_ceil(*side);
        *side = grown;
    }
    sides
}

/// Visits the contiguous runs of a box with sides `here`, as offset from its corner and length, in
/// the order of an array whose `axes` come fastest first.
fn runs(
    axes: impl Iterator<Item = usize>,
    here: &[u64],
    shape: &[u64],
    strides: &[u64],
    mut visit: impl FnMut(u64, u64) -> io::Result<()>,
) -> io::Result<()> {
    let mut run = 1;
    let mut whole = true;
    // The remaining axes to step through: side, stride, position.
    let mut outer: Vec<[u64; 3]> = vec![];
    for axis in axes {
        if whole {
            run *= here[axis];
            whole = here[axis] == shape[axis];
        } else {
            outer.push([here[axis], strides[axis], 0]);
        }
    }
    let mut offset = 0;
    'runs: loop {
        visit(offset, run)?;
        for [side, stride, at] in &mut outer {
            *at += 1;
            offset += *stride;
            if at < side {
                continue 'runs;
            }
            offset -= *stride * *side;
            *at = 0;
        }
        return Ok(());
    }
}

/// Moves the items of a box from Fortran order to C order.
fn scatter<const SIZE: usize>(
    from: &[u8],
    items: usize,
    here: &[u64],
    strides: &[u64],
    to: &mut [u8],
) {
    let mut axes: Vec<[usize; 3]> = here
        .iter()
        .zip(strides)
        .map(|(side, stride)| [*side as usize, *stride as usize, 0])
        .collect();
    let mut place = 0;
    for item in from[..items * SIZE].chunks_exact(SIZE) {
        to[place * SIZE..][..SIZE].copy_from_slice(item);
        for [side, stride, at] in &mut axes {
            *at += 1;
            place += *stride;
            if at < side {
                break;
            }
            place -= *stride * *side;
            *at = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_fit_and_are_long_both_ways() {
        assert_eq!(box_sides(&[1000, 64, 64], 1 << 21), [1000, 32, 64]);
        assert_eq!(box_sides(&[2, 100_000, 100_000], 1 << 20), [2, 512, 1024]);
        assert_eq!(box_sides(&[3, 4, 5], 1 << 20), [3, 4, 5]);
        assert_eq!(box_sides(&[1 << 40], 1 << 20), [1 << 20]);
        for shape in [&[7, 1 << 20, 3, 11][..], &[1 << 30, 2], &[2, 1 << 30]] {
            let sides = box_sides(shape, 1 << 16);
            assert!(sides.iter().product::<u64>() <= 1 << 16, "{sides:?}");
        }
    }
}
