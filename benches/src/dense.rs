//! How near the dense tiles come to the machine's peak of separate multiplications and additions.

use blockspin::run::Isa;
use blockspin_core::kernel::dense::{Matrix, Output};
use blockspin_core::num::lane::{Lane, get, lanes};
use blockspin_core::num::rng::{Purpose, Stream};
use multiversion::multiversion;

use crate::microseconds;

/// Multiplications and additions of one call of a peak loop.
const PEAK_OPERATIONS: usize = 28 * PEAK_ROUNDS;
const PEAK_ROUNDS: usize = 10_000;

type Accumulators = [[f32; 32]; 14];

/// Fourteen accumulators of N numbers, x ← x m + a: enough that the pipes never wait for a result, and
/// few enough that all stay in registers.
#[inline(always)]
fn peak<const N: usize>(m: f32, a: f32, out: &mut Accumulators) {
    macro_rules! loops {
        ($($x:ident $at:literal)+) => {
            $(let mut $x: [f32; N] = std::array::from_fn(|i| out[$at][i]);)+
            for _ in 0..PEAK_ROUNDS {
                $(for i in 0..N { $x[i] = $x[i] * m + a; })+
            }
            $(out[$at][..N].copy_from_slice(&$x);)+
        };
    }
    loops!(p0 0 p1 1 p2 2 p3 3 p4 4 p5 5 p6 6 p7 7 p8 8 p9 9 p10 10 p11 11 p12 12 p13 13);
}

fn peak_any(m: f32, a: f32, out: &mut Accumulators) {
    peak::<4>(m, a, out);
}

#[multiversion(targets("x86_64+avx2"))]
fn peak_avx2(m: f32, a: f32, out: &mut Accumulators) {
    peak::<8>(m, a, out);
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl"))]
fn peak_avx512(m: f32, a: f32, out: &mut Accumulators) {
    peak::<32>(m, a, out);
}

/// 10⁹ multiplications and additions a second, at best and in the tiles of the step.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Of a loop that does nothing else.
    pub peak: f64,
    /// Of the tiles, for a product rows × inner by inner × columns.
    pub tiles: f64,
}

/// The rates of an instruction set for one product, whose bits are checked first.
///
/// # Panics
/// If they are not those of the rule.
#[must_use]
pub fn rate(isa: Isa, rows: usize, inner: usize, columns: usize) -> Rate {
    let (peak, width): (fn(f32, f32, &mut Accumulators), _) = match isa {
        Isa::Portable => (peak_any, 4),
        Isa::Avx2 => (peak_avx2, 8),
        Isa::Avx512 => (peak_avx512, 32),
    };
    let mut stream = Stream::new(1, 0, Purpose::Parameters);
    let mut noise = |rows: usize, columns: usize| -> Vec<Lane> {
        let mut draw = || Lane([(); 16].map(|()| stream.logistic()));
        (0..rows * lanes(columns)).map(|_| draw()).collect()
    };
    let (a, b) = (noise(rows, inner), noise(inner, columns));
    let mut out = vec![Lane::ZERO; rows * lanes(columns)];
    let left = Matrix::new(&a, lanes(inner));
    let right = Matrix::new(&b, lanes(columns));
    let call = |out: &mut Vec<Lane>| {
        let out = Output::set(out, lanes(columns));
        isa.rows(rows, inner, left, right, columns, out);
    };
    call(&mut out);
    for (r, o) in (0..rows).flat_map(|r| (0..columns).map(move |o| (r, o))) {
        let term = |s| get(&a[r * lanes(inner)..], s) * get(&b[s * lanes(columns)..], o);
        let sum = (0..inner).map(term).fold(0.0, |sum, x| sum + x);
        let found = get(&out[r * lanes(columns)..], o);
        assert!(found.to_bits() == sum.to_bits(), "{isa}: ({r}, {o})");
    }
    let (m, a) = std::hint::black_box((0.999, 0.001));
    let mut accumulators = [[a; 32]; 14];
    let [peak, tiles] = microseconds([&mut || peak(m, a, &mut accumulators), &mut || {
        call(&mut out);
    }]);
    assert!(accumulators[0][0] > 0.0, "the peak loop ran");
    Rate {
        peak: 1e-3 * (width * PEAK_OPERATIONS) as f64 / peak,
        tiles: 1e-3 * (2 * rows * inner * columns) as f64 / tiles,
    }
}
