//! Sums over packed ±1 inputs, out\[r\]\[o\] = Σ_i s_ri w\[i\]\[o\], by tables of four signs.
//!
//! A chunk of four signs takes one of sixteen values, and a batch meets each of them many times:
//! they are tabulated once, and a row then adds one table entry for four inputs. The forward pass
//! of a first layer is this sum over inputs; the gradient of its weights is the same sum over the
//! batch, on the transposed bits.

use core::array;

use super::dense::Output;
use super::{Target, narrow};
use crate::num::bits::{self, WORD, words};
use crate::num::lane::{Lane, WIDTH, apart, zip};

/// Signs to a chunk.
const CHUNK: usize = 4;
/// Values of a chunk.
const VALUES: usize = 1 << CHUNK;

type Table<const LANES: usize> = [[Lane; LANES]; VALUES];

/// out\[r\]\[o\] = Σ_i s_ri w\[i\]\[o\] for r < `rows`, i < `inner`, o in `lanes` lanes.
///
/// `signs` has [`words`]`(inner)` words a row, `weights` and `out` have `lanes`
/// lanes a row.
#[inline(always)]
pub fn accumulate<T: Target>(
    rows: usize,
    inner: usize,
    signs: &[u32],
    weights: &[Lane],
    lanes: usize,
    mut out: Output,
) {
    let mut lane = 0;
    while lane < lanes {
        if T::LANES == 2 && lane + 2 <= lanes {
            by_chunks::<T, 2>(rows, inner, signs, weights, lanes, lane, &mut out);
            lane += 2;
        } else {
            by_chunks::<T, 1>(rows, inner, signs, weights, lanes, lane, &mut out);
            lane += 1;
        }
    }
}

/// [`bits::transpose`], with as much stack as the machine gives to tables.
#[inline(always)]
pub fn transpose<T: Target>(from: &[u32], rows: usize, columns: usize, to: &mut [u32]) {
    if T::CHUNKS == 8 {
        bits::transpose::<8>(from, rows, columns, to);
    } else {
        bits::transpose::<1>(from, rows, columns, to);
    }
}

#[inline(always)]
fn by_chunks<T: Target, const LANES: usize>(
    rows: usize,
    inner: usize,
    signs: &[u32],
    weights: &[Lane],
    stride: usize,
    lane: usize,
    out: &mut Output,
) {
    match T::CHUNKS {
        8 => by_tables::<T, LANES, 8>(rows, inner, signs, weights, stride, lane, out),
        4 => by_tables::<T, LANES, 4>(rows, inner, signs, weights, stride, lane, out),
        _ => by_tables::<T, LANES, 1>(rows, inner, signs, weights, stride, lane, out),
    }
}

#[inline(always)]
fn by_tables<T: Target, const LANES: usize, const CHUNKS: usize>(
    rows: usize,
    inner: usize,
    signs: &[u32],
    weights: &[Lane],
    stride: usize,
    lane: usize,
    out: &mut Output,
) {
    let chunks = inner.div_ceil(CHUNK);
    let mut tables = [[[Lane::ZERO; LANES]; VALUES]; CHUNKS];
    let mut first = 0;
    while CHUNKS > 1 && first + CHUNKS <= chunks {
        for (i, table) in tables.iter_mut().enumerate() {
            tabulate::<T, LANES>(table, first + i, inner, weights, stride, lane);
        }
        add_tables(&tables, first, rows, inner, signs, lane, out);
        first += CHUNKS;
    }
    let table = array::from_mut(&mut tables[0]);
    while first < chunks {
        tabulate::<T, LANES>(&mut table[0], first, inner, weights, stride, lane);
        add_tables(table, first, rows, inner, signs, lane, out);
        first += 1;
    }
}

/// The sixteen values of chunk `chunk`: (±w₀ ± w₁) + (±w₂ ± w₃), bit i of the index for sign i.
#[inline(always)]
fn tabulate<T: Target, const LANES: usize>(
    table: &mut Table<LANES>,
    chunk: usize,
    inner: usize,
    weights: &[Lane],
    stride: usize,
    lane: usize,
) {
    for l in 0..LANES {
        // A missing input has weight +0 and, its bit being 0, the term −0: it changes nothing.
        let w: [&Lane; CHUNK] = array::from_fn(|i| match chunk * CHUNK + i {
            i if i < inner => &weights[i * stride + lane + l],
            _ => &Lane::ZERO,
        });
        // All values of a piece have to fit into the machine's registers.
        if narrow::<T>() {
            tabulate_lane::<LANES, 2>(table, w, l);
        } else {
            tabulate_lane::<LANES, WIDTH>(table, w, l);
        }
    }
}

/// Lane `l` of a table, from the weights of its four inputs, by pieces of N columns.
#[inline(always)]
fn tabulate_lane<const LANES: usize, const N: usize>(
    table: &mut Table<LANES>,
    w: [&Lane; CHUNK],
    l: usize,
) {
    for piece in 0..WIDTH / N {
        let w = w.map(|w| w.pieces::<N>()[piece]);
        let pairs = |a: [f32; N], b: [f32; N]| {
            [
                zip(a, b, |a, b| -a - b),
                zip(a, b, |a, b| a - b),
                zip(a, b, |a, b| -a + b),
                zip(a, b, |a, b| a + b),
            ]
        };
        let (low, high) = (pairs(w[0], w[1]), pairs(w[2], w[3]));
        for (value, entry) in table.iter_mut().enumerate() {
            entry[l].pieces_mut()[piece] =
                zip(low[value % 4], high[value / 4], |low, high| low + high);
            apart();
        }
    }
}

/// Adds to every row its entry of each table, in order; the tables lie in one word of signs.
#[inline(always)]
fn add_tables<const LANES: usize, const CHUNKS: usize>(
    tables: &[Table<LANES>; CHUNKS],
    first: usize,
    rows: usize,
    inner: usize,
    signs: &[u32],
    lane: usize,
    out: &mut Output,
) {
    let (word, shift) = (first * CHUNK / WORD, first * CHUNK % WORD);
    let sign_rows = signs.chunks_exact(words(inner));
    let add = out.add || first > 0;
    for (row, out) in sign_rows
        .zip(out.lanes.chunks_exact_mut(out.stride))
        .take(rows)
    {
        let mut value = row[word] >> shift;
        let out = &mut out[lane..lane + LANES];
        let start = |l: usize| if add { out[l] } else { Lane::ZERO };
        let mut sums: [Lane; LANES] = array::from_fn(start);
        for table in tables {
            let entry = &table[value as usize % VALUES];
            for l in 0..LANES {
                sums[l] = sums[l].zip(entry[l], |sum, term| sum + term);
            }
            value >>= CHUNK;
        }
        out.copy_from_slice(&sums);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Portable, naive};
    use crate::num::bits::set;
    use crate::num::rng::{Purpose, Stream};

    #[derive(Clone, Copy)]
    struct Tabulated;
    impl Target for Tabulated {
        const ROWS: usize = 2;
        const COLUMNS: usize = 16;
        const LANES: usize = 2;
        const CHUNKS: usize = 8;
        fn sqrt(x: f32) -> f32 {
            libm::sqrtf(x)
        }
    }

    #[test]
    fn tables_have_the_bits_of_the_rule() {
        let mut stream = Stream::new(6, 0, Purpose::Parameters);
        for (rows, inner, lanes) in [(5, 1, 1), (3, 31, 2), (7, 35, 3), (9, 64, 2), (4, 101, 1)] {
            let mut weights = [Lane::ZERO; 256];
            let mut start = [Lane::ZERO; 32];
            for lane in weights.iter_mut().chain(&mut start) {
                lane.0 = core::array::from_fn(|_| stream.logistic());
            }
            let mut signs = [0u32; 64];
            for r in 0..rows {
                for i in 0..inner {
                    set(&mut signs[r * words(inner)..], i, stream.coin());
                }
            }
            let mut expected = start;
            naive::signs(rows, inner, &signs, &weights, &mut expected, lanes);
            let mut got = start;
            accumulate::<Portable>(
                rows,
                inner,
                &signs,
                &weights,
                lanes,
                Output::add(&mut got, lanes),
            );
            assert_eq!(got, expected);
            got = start;
            accumulate::<Tabulated>(
                rows,
                inner,
                &signs,
                &weights,
                lanes,
                Output::add(&mut got, lanes),
            );
            assert_eq!(got, expected);
        }
    }
}
