//! Dense products, out\[r\]\[o\] += Σ_s a(r, s) b\[s\]\[o\], by register tiles.

use super::Tile;
use crate::num::lane::{Lane, WIDTH};

/// Rows of whole lanes: the left operand, read by rows or by columns.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    /// The lanes.
    pub lanes: &'a [Lane],
    /// Lanes from one row to the next.
    pub stride: usize,
}

impl<'a> Matrix<'a> {
    /// Rows of `stride` lanes.
    #[inline(always)]
    #[must_use]
    pub fn new(lanes: &'a [Lane], stride: usize) -> Self {
        Matrix { lanes, stride }
    }

    /// Rows from `row` on, each from lane `lane` on.
    #[inline(always)]
    fn from(&self, row: usize, lane: usize) -> impl Iterator<Item = &'a [Lane]> + use<'a> {
        self.lanes[row * self.stride + lane..].chunks(self.stride)
    }

    #[inline(always)]
    fn row(&self, r: usize) -> &'a [Lane] {
        &self.lanes[r * self.stride..]
    }
}

#[inline(always)]
fn axpy(acc: &mut [f32; WIDTH], x: f32, row: &[f32; WIDTH]) {
    for i in 0..WIDTH {
        acc[i] += x * row[i];
    }
}

/// One tile of outputs: `$n` rows by one or two lanes, every accumulator a variable of its own, so
/// that it stays in registers.
macro_rules! tile {
    ($name:ident, $n:literal, $($r:literal $one:ident $two:ident $a:ident),+) => {
        mod $name {
            use super::*;

            /// a(r, s) = a\[r\]\[s\].
            #[inline(always)]
            pub(super) fn by_rows<const TWO: bool>(
                a: Matrix, row: usize, inner: usize, b: Matrix, lane: usize,
                out: &mut [Lane], stride: usize,
            ) {
                $(
                    let mut $one = out[(row + $r) * stride + lane].0;
                    let mut $two = if TWO { out[(row + $r) * stride + lane + 1].0 } else { [0.0; WIDTH] };
                )+
                for group in 0..inner.div_ceil(WIDTH) {
                    $(let $a = &a.row(row + $r)[group].0;)+
                    let first = group * WIDTH;
                    let terms = WIDTH.min(inner - first);
                    for (s, b) in (0..terms).zip(b.from(first, lane)) {
                        let Some(b) = b.get(..1 + usize::from(TWO)) else { break };
                        $(axpy(&mut $one, $a[s], &b[0].0);)+
                        if TWO {
                            $(axpy(&mut $two, $a[s], &b[1].0);)+
                        }
                    }
                }
                $(
                    out[(row + $r) * stride + lane].0 = $one;
                    if TWO { out[(row + $r) * stride + lane + 1].0 = $two; }
                )+
            }

            /// a(r, s) = a\[s\]\[r\].
            #[inline(always)]
            pub(super) fn by_columns<const TWO: bool>(
                a: Matrix, row: usize, inner: usize, b: Matrix, lane: usize,
                out: &mut [Lane], stride: usize,
            ) {
                $(
                    let mut $one = out[(row + $r) * stride + lane].0;
                    let mut $two = if TWO { out[(row + $r) * stride + lane + 1].0 } else { [0.0; WIDTH] };
                )+
                // $n divides 16 and `row` is a multiple of it: the tile's rows share a lane of `a`.
                let (group, at) = (row / WIDTH, row % WIDTH);
                for (a, b) in (0..inner).zip(a.from(0, group)).zip(b.from(0, lane)).map(|((_, a), b)| (a, b)) {
                    let (Some(a), Some(b)) = (a.first(), b.get(..1 + usize::from(TWO))) else { break };
                    let Some(a) = a.0.get(at..at + $n) else { break };
                    $(axpy(&mut $one, a[$r], &b[0].0);)+
                    if TWO {
                        $(axpy(&mut $two, a[$r], &b[1].0);)+
                    }
                }
                $(
                    out[(row + $r) * stride + lane].0 = $one;
                    if TWO { out[(row + $r) * stride + lane + 1].0 = $two; }
                )+
            }
        }
    };
}

tile!(eight, 8, 0 p0 q0 a0, 1 p1 q1 a1, 2 p2 q2 a2, 3 p3 q3 a3,
    4 p4 q4 a4, 5 p5 q5 a5, 6 p6 q6 a6, 7 p7 q7 a7);
tile!(four, 4, 0 p0 q0 a0, 1 p1 q1 a1, 2 p2 q2 a2, 3 p3 q3 a3);
tile!(two, 2, 0 p0 q0 a0, 1 p1 q1 a1);
tile!(one, 1, 0 p0 q0 a0);

/// Covers all rows and lanes with the widest tiles that the machine likes and that still fit.
macro_rules! cover {
    ($form:ident, $tile:ty, $rows:expr, $a:expr, $inner:expr, $b:expr, $lanes:expr, $out:expr, $stride:expr) => {{
        let mut lane = 0;
        while lane < $lanes {
            let wide = <$tile>::LANES == 2 && lane + 2 <= $lanes;
            let mut row = 0;
            macro_rules! sweep {
                ($name:ident, $n:literal) => {
                    while <$tile>::ROWS >= $n && $rows - row >= $n {
                        if wide {
                            $name::$form::<true>($a, row, $inner, $b, lane, $out, $stride);
                        } else {
                            $name::$form::<false>($a, row, $inner, $b, lane, $out, $stride);
                        }
                        row += $n;
                    }
                };
            }
            sweep!(eight, 8);
            sweep!(four, 4);
            sweep!(two, 2);
            sweep!(one, 1);
            lane += 1 + usize::from(wide);
        }
    }};
}

/// out\[r\]\[o\] += Σ_s a\[r\]\[s\] b\[s\]\[o\] for r < `rows`, s < `inner`, o in `lanes` lanes.
///
/// `out` has `stride` lanes a row.
#[inline(always)]
pub fn rows<T: Tile>(
    rows: usize,
    inner: usize,
    a: Matrix,
    b: Matrix,
    lanes: usize,
    out: &mut [Lane],
    stride: usize,
) {
    cover!(by_rows, T, rows, a, inner, b, lanes, out, stride);
}

/// out\[r\]\[o\] += Σ_s a\[s\]\[r\] b\[s\]\[o\] for r < `rows`, s < `inner`, o in `lanes` lanes.
///
/// `out` has `stride` lanes a row.
#[inline(always)]
pub fn columns<T: Tile>(
    rows: usize,
    inner: usize,
    a: Matrix,
    b: Matrix,
    lanes: usize,
    out: &mut [Lane],
    stride: usize,
) {
    cover!(by_columns, T, rows, a, inner, b, lanes, out, stride);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Portable, naive};
    use crate::num::lane::get;
    use crate::num::rng::{Purpose, Stream};

    #[derive(Clone, Copy)]
    struct Wide;
    impl Tile for Wide {
        const ROWS: usize = 8;
        const LANES: usize = 2;
        const CHUNKS: usize = 8;
        fn sqrt(x: f32) -> f32 {
            libm::sqrtf(x)
        }
    }

    fn noise(n: usize, stream: &mut Stream) -> [Lane; 256] {
        let mut lanes = [Lane::ZERO; 256];
        for lane in &mut lanes[..n] {
            lane.0 = core::array::from_fn(|_| stream.logistic());
        }
        lanes
    }

    #[test]
    fn every_tile_has_the_bits_of_the_rule() {
        let mut stream = Stream::new(5, 0, Purpose::Parameters);
        for (r, s, lanes) in [
            (1, 1, 1),
            (7, 5, 2),
            (15, 33, 3),
            (23, 16, 1),
            (32, 9, 2),
            (3, 17, 5),
        ] {
            let (a, b) = (
                noise(r.max(s) * 3, &mut stream),
                noise(s * lanes, &mut stream),
            );
            let start = noise(r * lanes, &mut stream);
            let (left, right) = (Matrix::new(&a, 3), Matrix::new(&b, lanes));
            let mut expected = start;
            let by_row = |r: usize, s: usize| get(&a[r * 3..], s);
            naive::dense(r, s, by_row, (&b, lanes), &mut expected, lanes);
            let mut got = start;
            rows::<Portable>(r, s, left, right, lanes, &mut got, lanes);
            assert_eq!(got, expected);
            got = start;
            rows::<Wide>(r, s, left, right, lanes, &mut got, lanes);
            assert_eq!(got, expected);

            expected = start;
            let by_column = |r: usize, s: usize| get(&a[s * 3..], r);
            naive::dense(r, s, by_column, (&b, lanes), &mut expected, lanes);
            got = start;
            columns::<Portable>(r, s, left, right, lanes, &mut got, lanes);
            assert_eq!(got, expected);
            got = start;
            columns::<Wide>(r, s, left, right, lanes, &mut got, lanes);
            assert_eq!(got, expected);
        }
    }
}
