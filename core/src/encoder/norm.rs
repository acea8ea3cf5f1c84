//! What is done to filters besides learning: norm 1, for continuous h, whose information does not
//! depend on its scale, and decay.

use crate::kernel::Target;
use crate::num::lane::{Lane, WIDTH};

/// `values` of a lane of components, 1 in place of those that are frozen: to multiply or divide by 1
/// leaves all bits.
fn but_frozen(frozen: u64, lane: usize, mut values: Lane) -> Lane {
    // A layer of a map may be wider than there are bits.
    let frozen = frozen.checked_shr((lane * WIDTH) as u32).unwrap_or(0);
    for (n, value) in values.0.iter_mut().enumerate() {
        if frozen >> n & 1 != 0 {
            *value = 1.0;
        }
    }
    values
}

/// Multiplies every weight but those of frozen components.
pub(crate) fn scale(filter: &mut [Lane], stride: usize, frozen: u64, factor: f32) {
    for lane in 0..stride {
        let factors = but_frozen(frozen, lane, Lane([factor; WIDTH]));
        for row in filter.chunks_exact_mut(stride) {
            row[lane] = row[lane].zip(factors, |w, factor| w * factor);
        }
    }
}

/// Divides every component of a filter, rows of `stride` lanes, by its norm; one of zeros is left, and
/// those that are frozen. By the largest weight first: no square overflows, and none is lost.
#[inline(always)]
pub(crate) fn normalise<T: Target>(filter: &mut [Lane], stride: usize, frozen: u64) {
    T::part(
        #[inline(always)]
        || {
            for lane in 0..stride {
                let mut largest = Lane::ZERO;
                for row in filter.chunks_exact(stride) {
                    largest = largest.zip(row[lane], |m, w| if w.abs() > m { w.abs() } else { m });
                }
                let largest = largest.map(|m| if m > 0.0 { m } else { 1.0 });
                let largest = but_frozen(frozen, lane, largest);
                let mut squares = Lane::ZERO;
                for row in filter.chunks_exact_mut(stride) {
                    row[lane] = row[lane].zip(largest, |w, m| w / m);
                    squares = squares.zip(row[lane], |sum, w| sum + w * w);
                }
                let norm = squares.map(|sum| if sum > 0.0 { T::root(sum) } else { 1.0 });
                let norm = but_frozen(frozen, lane, norm);
                for row in filter.chunks_exact_mut(stride) {
                    row[lane] = row[lane].zip(norm, |w, norm| w / norm);
                }
            }
        },
    )
}
