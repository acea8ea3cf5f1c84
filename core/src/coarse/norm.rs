//! Filters of norm 1, for continuous h, whose information does not depend on its scale.

use crate::kernel::Tile;
use crate::num::lane::Lane;

/// Divides every component of a filter, rows of `stride` lanes, by its norm; one of zeros is left. By
/// the largest weight first: no square overflows, and none is lost.
#[inline(always)]
pub(crate) fn normalise<T: Tile>(filter: &mut [Lane], stride: usize) {
    for lane in 0..stride {
        let mut largest = Lane::ZERO;
        for row in filter.chunks_exact(stride) {
            largest = largest.zip(row[lane], |m, w| if w.abs() > m { w.abs() } else { m });
        }
        let largest = largest.map(|m| if m > 0.0 { m } else { 1.0 });
        let mut squares = Lane::ZERO;
        for row in filter.chunks_exact_mut(stride) {
            row[lane] = row[lane].zip(largest, |w, m| w / m);
            squares = squares.zip(row[lane], |sum, w| sum + w * w);
        }
        let norm = squares.map(|sum| if sum > 0.0 { T::root(sum) } else { 1.0 });
        for row in filter.chunks_exact_mut(stride) {
            row[lane] = row[lane].zip(norm, |w, norm| w / norm);
        }
    }
}
