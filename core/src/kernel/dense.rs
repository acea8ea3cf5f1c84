//! Dense products, out\[r\]\[o\] = Σ_s a(r, s) b\[s\]\[o\], by register tiles.

use core::slice::ChunksExact;

use super::{Target, narrow};
use crate::num::lane::{Lane, WIDTH, apart};

/// Rows of whole lanes: the left operand, read by rows or by columns.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    /// The lanes.
    pub lanes: &'a [Lane],
    /// Lanes from one row to the next.
    pub stride: usize,
    /// The lane of each row where the matrix begins.
    pub lane: usize,
}

impl<'a> Matrix<'a> {
    /// Rows of `stride` lanes.
    #[inline(always)]
    #[must_use]
    pub fn new(lanes: &'a [Lane], stride: usize) -> Self {
        Matrix {
            lanes,
            stride,
            lane: 0,
        }
    }

    /// Whole rows from `row` on: of one length, so that what a loop takes of each is checked once.
    #[inline(always)]
    fn from(&self, row: usize) -> ChunksExact<'a, Lane> {
        self.lanes[row * self.stride..].chunks_exact(self.stride)
    }
}

/// Rows that are compared with what is left, one by one.
#[inline(always)]
fn compared<'a>(rows: ChunksExact<'a, Lane>) -> impl Iterator<Item = &'a [Lane]> {
    let mut rows = rows;
    core::iter::from_fn(move || rows.next())
}

/// A loop over rows, for small processors and for large ones. `ChunksExact` divides to know how many
/// there are, which takes a large one as long as some turns of the loop; to compare at every turn is
/// dear on a small one.
macro_rules! each {
    ($tile:ty, $row:pat_param in $small:expr, $large:expr; $body:block) => {
        if narrow::<$tile>() {
            for $row in $small $body
        } else {
            for $row in $large $body
        }
    };
}

/// Where the sums go: rows of whole lanes, that are set or added to. Padding is left as it is, or
/// set to 0.
#[derive(Debug)]
pub struct Output<'a> {
    pub(super) lanes: &'a mut [Lane],
    pub(super) stride: usize,
    pub(super) add: bool,
}

impl<'a> Output<'a> {
    /// Sums begin at 0.
    #[inline(always)]
    #[must_use]
    pub fn set(lanes: &'a mut [Lane], stride: usize) -> Self {
        Output {
            lanes,
            stride,
            add: false,
        }
    }

    /// Sums begin at what is there.
    #[inline(always)]
    #[must_use]
    pub fn add(lanes: &'a mut [Lane], stride: usize) -> Self {
        Output {
            lanes,
            stride,
            add: true,
        }
    }

    #[inline(always)]
    fn start<const N: usize>(&self, row: usize, at: usize) -> [f32; N] {
        if self.add {
            *part(&self.lanes[row * self.stride + at / WIDTH], at)
        } else {
            [0.0; N]
        }
    }

    #[inline(always)]
    fn finish<const N: usize>(&mut self, row: usize, at: usize, sums: [f32; N]) {
        let held = &mut self.lanes[row * self.stride + at / WIDTH];
        held.pieces_mut()[at / N % (WIDTH / N)] = sums;
    }
}

/// Columns of half a lane, the narrowest tile: embeddings are often no wider.
const HALF: usize = WIDTH / 2;

/// The N columns of a lane that begin at column `at` of its row, a multiple of N.
#[inline(always)]
fn part<const N: usize>(lane: &Lane, at: usize) -> &[f32; N] {
    &lane.pieces()[at / N % (WIDTH / N)]
}

#[inline(always)]
fn axpy<T: Target, const N: usize>(acc: &mut [f32; N], x: f32, row: [f32; N]) {
    // All products before the sums: so the pipes of both are fed in turn.
    let products = row.map(|y| x * y);
    for i in 0..N {
        acc[i] += products[i];
    }
    if T::IN_TURN {
        apart();
    }
}

/// One tile of outputs: `$n` rows by N columns from `at` on, a multiple of N. Every accumulator is a
/// variable of its own, so that it stays in registers.
macro_rules! tile {
    ($name:ident, $n:literal, $($r:literal $sum:ident $a:ident),+) => {
        mod $name {
            use super::*;

            /// a(r, s) = a\[r\]\[s\].
            #[inline(always)]
            pub(super) fn by_rows<T: Target, const N: usize>(
                a: Matrix, row: usize, inner: usize, b: Matrix, at: usize,
                out: &mut Output,
            ) {
                let a_rows = &a.lanes[row * a.stride + a.lane..];
                let lane = b.lane + at / WIDTH;
                $(let mut $sum = out.start::<N>(row + $r, at);)+
                for group in 0..inner.div_ceil(WIDTH) {
                    $(let $a = &a_rows[$r * a.stride + group].0;)+
                    let first = group * WIDTH;
                    let terms = WIDTH.min(inner - first);
                    let rows = b.from(first);
                    each!(T, (s, b) in (0..terms).zip(rows), (0..terms).zip(compared(rows)); {
                        let Some(b) = b.get(lane) else { break };
                        let b = *part(b, at);
                        $(axpy::<T, N>(&mut $sum, $a[s], b);)+
                        if N < WIDTH { apart(); }
                    });
                }
                $(out.finish(row + $r, at, $sum);)+
            }

            /// a(r, s) = a\[s\]\[r\].
            #[inline(always)]
            pub(super) fn by_columns<T: Target, const N: usize>(
                a: Matrix, row: usize, inner: usize, b: Matrix, at: usize,
                out: &mut Output,
            ) {
                // $n divides 16 and `row` is a multiple of it: the tile's rows share a lane of `a`.
                let (group, first) = (a.lane + row / WIDTH, row % WIDTH);
                let lane = b.lane + at / WIDTH;
                $(let mut $sum = out.start::<N>(row + $r, at);)+
                let (a, b) = (a.from(0), b.from(0));
                let (small, large) = (a.clone().zip(b.clone()), compared(a).zip(compared(b)));
                each!(T, (_, (a, b)) in (0..inner).zip(small), (0..inner).zip(large); {
                    let Some(b) = b.get(lane) else { break };
                    let b = *part(b, at);
                    let Some(a) = a.get(group).and_then(|a| a.0.get(first..first + $n)) else { break };
                    $(axpy::<T, N>(&mut $sum, a[$r], b);)+
                    if N < WIDTH { apart(); }
                });
                $(out.finish(row + $r, at, $sum);)+
            }
        }
    };
}

tile!(four, 4, 0 p0 a0, 1 p1 a1, 2 p2 a2, 3 p3 a3);
tile!(two, 2, 0 p0 a0, 1 p1 a1);
tile!(one, 1, 0 p0 a0);

/// Covers all rows and columns with the widest tiles that the machine likes and that still fit.
macro_rules! cover {
    ($form:ident, $tile:ty, $rows:expr, $a:expr, $inner:expr, $b:expr, $columns:expr, $out:expr) => {{
        if !$out.add && $columns % WIDTH <= HALF && $columns % WIDTH > 0 {
            // The last tiles leave half a lane of padding.
            let padded = $out.lanes.iter_mut().skip($columns / WIDTH);
            padded
                .step_by($out.stride)
                .take($rows)
                .for_each(|lane| *lane = Lane::ZERO);
        }
        let mut column = 0;
        while column < $columns {
            let left = $columns - column;
            let half = narrow::<$tile>() || left <= HALF;
            // One component is common; a machine without vectors gains by a column of its own.
            let single = narrow::<$tile>() && left == 1;
            let mut row = 0;
            macro_rules! sweep {
                ($name:ident, $n:literal) => {
                    while <$tile>::ROWS >= $n && $rows - row >= $n {
                        if single {
                            $name::$form::<$tile, 1>($a, row, $inner, $b, column, &mut $out);
                        } else if half {
                            $name::$form::<$tile, HALF>($a, row, $inner, $b, column, &mut $out);
                        } else {
                            $name::$form::<$tile, WIDTH>($a, row, $inner, $b, column, &mut $out);
                        }
                        row += $n;
                    }
                };
            }
            sweep!(four, 4);
            sweep!(two, 2);
            sweep!(one, 1);
            column += <$tile>::COLUMNS;
        }
    }};
}

/// out\[r\]\[o\] = Σ_s a\[r\]\[s\] b\[s\]\[o\] for r < `rows`, s < `inner`, o < `columns`.
#[inline(always)]
pub fn rows<T: Target>(
    rows: usize,
    inner: usize,
    a: Matrix,
    b: Matrix,
    columns: usize,
    mut out: Output,
) {
    cover!(by_rows, T, rows, a, inner, b, columns, out);
}

/// out\[r\]\[o\] = Σ_s a\[s\]\[r\] b\[s\]\[o\] for r < `rows`, s < `inner`, o < `columns`.
#[inline(always)]
pub fn columns<T: Target>(
    rows: usize,
    inner: usize,
    a: Matrix,
    b: Matrix,
    columns: usize,
    mut out: Output,
) {
    cover!(by_columns, T, rows, a, inner, b, columns, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Portable, naive};
    use crate::num::lane::{get, lanes};
    use crate::num::rng::{Purpose, Stream};

    macro_rules! tile_of {
        ($name:ident, $rows:literal, $columns:literal) => {
            #[derive(Clone, Copy)]
            struct $name;
            impl Target for $name {
                const ROWS: usize = $rows;
                const COLUMNS: usize = $columns;
                const LANES: usize = 1;
                const CHUNKS: usize = 8;
                fn sqrt(x: f32) -> f32 {
                    libm::sqrtf(x)
                }
            }
        };
    }
    tile_of!(Narrow, 2, 8);
    tile_of!(Wide, 4, 16);

    fn noise(n: usize, stream: &mut Stream) -> [Lane; 256] {
        let mut lanes = [Lane::ZERO; 256];
        for lane in &mut lanes[..n] {
            lane.0 = core::array::from_fn(|_| stream.logistic());
        }
        lanes
    }

    /// The first `columns` numbers of every row, as bits.
    fn real(out: &[Lane], rows: usize, columns: usize) -> impl Iterator<Item = u32> {
        let stride = lanes(columns);
        (0..rows * columns).map(move |i| get(&out[i / columns * stride..], i % columns).to_bits())
    }

    #[test]
    fn every_tile_has_the_bits_of_the_rule() {
        let mut stream = Stream::new(5, 0, Purpose::Parameters);
        for (r, s, columns) in [
            (1, 1, 1),
            (7, 5, 32),
            (6, 20, 17),
            (15, 33, 40),
            (23, 16, 8),
            (32, 9, 25),
            (3, 17, 72),
            (9, 4, 9),
        ] {
            let stride = lanes(columns);
            let (a, b) = (
                noise(r.max(s) * 3, &mut stream),
                noise(s * stride, &mut stream),
            );
            let start = noise(r * stride, &mut stream);
            let (left, right) = (Matrix::new(&a, 3), Matrix::new(&b, stride));
            let [mut plain, mut narrow, mut wide] = [start; 3];
            let mut expected = start;
            naive::dense(
                r,
                s,
                |r, s| get(&a[r * 3..], s),
                (&b, stride),
                &mut expected,
                stride,
            );
            rows::<Portable>(r, s, left, right, columns, Output::add(&mut plain, stride));
            rows::<Narrow>(r, s, left, right, columns, Output::add(&mut narrow, stride));
            rows::<Wide>(r, s, left, right, columns, Output::add(&mut wide, stride));
            assert!(real(&plain, r, columns).eq(real(&expected, r, columns)));
            assert!(real(&narrow, r, columns).eq(real(&expected, r, columns)));
            assert!(real(&wide, r, columns).eq(real(&expected, r, columns)));

            let [mut plain, mut narrow, mut wide] = [start; 3];
            let mut expected = start;
            naive::dense(
                r,
                s,
                |r, s| get(&a[s * 3..], r),
                (&b, stride),
                &mut expected,
                stride,
            );
            super::columns::<Portable>(r, s, left, right, columns, Output::add(&mut plain, stride));
            super::columns::<Narrow>(r, s, left, right, columns, Output::add(&mut narrow, stride));
            super::columns::<Wide>(r, s, left, right, columns, Output::add(&mut wide, stride));
            assert!(real(&plain, r, columns).eq(real(&expected, r, columns)));
            assert!(real(&narrow, r, columns).eq(real(&expected, r, columns)));
            assert!(real(&wide, r, columns).eq(real(&expected, r, columns)));
        }
    }
}
