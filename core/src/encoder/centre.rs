//! Means taken off v before the filter sees it: x = Λ·(v − c).
//!
//! Where values have a mean by symmetry, as the links of a dimer covering, x would hold a constant
//! that depends on Λ alone, and h a threshold that nothing learned asked for. Two components that
//! are parallel but for their thresholds then trap the training: they tell one field in three levels
//! in place of two fields in two. With c = ⟨v⟩ directions along which Λ·v never varies have no
//! meaning and no gradient.

use crate::num::lane::Lane;

/// Takes Λ·c off the logits of all rows. `filter` and `logits` have `stride` lanes a row, `centres` a
/// number for each row of the filter.
#[inline(always)]
pub(crate) fn take_off(filter: &[Lane], centres: &[f32], stride: usize, logits: &mut [Lane]) {
    for lane in 0..stride {
        let mut shift = Lane::ZERO;
        for (weights, centre) in filter.chunks_exact(stride).zip(centres) {
            shift = shift.zip(weights[lane], |sum, w| sum + centre * w);
        }
        for row in logits.chunks_exact_mut(stride) {
            row[lane] = row[lane].zip(shift, |x, shift| x - shift);
        }
    }
}

/// Takes off the gradient by Λ what comes of c; `dx` are the gradients by the logits.
#[inline(always)]
pub(crate) fn take_off_gradient(
    dx: &[Lane],
    centres: &[f32],
    stride: usize,
    gradient: &mut [Lane],
) {
    for lane in 0..stride {
        let mut all = Lane::ZERO;
        for row in dx.chunks_exact(stride) {
            all = all.zip(row[lane], |sum, d| sum + d);
        }
        for (weights, centre) in gradient.chunks_exact_mut(stride).zip(centres) {
            weights[lane] = weights[lane].zip(all, |d, all| d - centre * all);
        }
    }
}
