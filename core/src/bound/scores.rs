//! What lies between critic and bound: the scores F_ij = f(x_i, y_j) of all pairs of a batch, some
//! columns j at a time, and the slopes ∂I/∂F_ij on their way back.

use crate::kernel::Target;
use crate::num::lane::{Lane, WIDTH, apart, lanes};

/// Lanes of scores that a bound holds for each row of the batch; a matter of cache, not of bits.
pub const SCORE_LANES: usize = 4;

/// The scores of a critic on a batch, and where their slopes go.
pub trait Scores {
    /// K.
    fn batch(&self) -> usize;

    /// Whether slopes are wanted.
    fn learns(&self) -> bool;

    /// Writes the scores of the columns.
    fn scores<T: Target>(&mut self, columns: &mut Columns);

    /// Takes the slopes of the columns. All columns come once, in order, after their scores were
    /// asked for the last time.
    fn back<T: Target>(&mut self, columns: Columns);

    /// Takes the slopes of InfoNCE: the columns hold e_ij, and ∂I/∂F_ij = `share` (δ_ij − e_ij / z_j)
    /// with z_j the `sums`. Columns come as in [`back`](Self::back).
    #[inline(always)]
    fn back_shares<T: Target>(&mut self, columns: Columns, share: f32, sums: &[Lane; SCORE_LANES]) {
        let stride = columns.stride;
        for (lane, sum) in sums.iter().enumerate().take(stride) {
            let scale = sum.map(|z| -share / z);
            for e in columns.scores[lane..].iter_mut().step_by(stride) {
                *e = e.zip(scale, |e, scale| e * scale);
                apart();
            }
            for j in 0..columns.of_lane(lane) {
                let row = columns.first + lane * WIDTH + j;
                columns.scores[row * stride + lane].0[j] += share;
            }
        }
        self.back::<T>(columns);
    }
}

/// Columns of scores, by lanes.
#[derive(Debug)]
pub struct Columns<'a> {
    /// The first column.
    pub first: usize,
    /// How many there are.
    pub count: usize,
    /// Rows of `stride` lanes, one for each of the K rows of the batch.
    pub scores: &'a mut [Lane],
    /// Lanes of a row.
    pub stride: usize,
}

impl<'a> Columns<'a> {
    /// Columns from `first` on with their scores, as many as come at a time, after which `first` is
    /// that of the next; none, if there are no more. `scores` holds K × `min(SCORE_LANES, lanes(K))`.
    #[inline(always)]
    pub(crate) fn next<T: Target>(
        pairs: &mut impl Scores,
        first: &mut usize,
        scores: &'a mut [Lane],
    ) -> Option<Self> {
        let (batch, block) = (pairs.batch(), *first / WIDTH);
        let all = lanes(batch);
        if block >= all {
            return None;
        }
        let stride = SCORE_LANES.min(all - block);
        let mut columns = Columns {
            first: *first,
            count: (stride * WIDTH).min(batch - *first),
            scores: &mut scores[..batch * stride],
            stride,
        };
        pairs.scores::<T>(&mut columns);
        *first += stride * WIDTH;
        Some(columns)
    }

    /// Columns of a lane that there are, from the first.
    #[inline(always)]
    pub(crate) fn of_lane(&self, lane: usize) -> usize {
        WIDTH.min(self.count - lane * WIDTH)
    }

    /// The scores of joint pairs in a lane of columns; others take their places.
    #[inline(always)]
    pub(crate) fn replace_diagonal(&mut self, lane: usize, with: Lane) -> Lane {
        let mut diagonal = Lane::ZERO;
        for j in 0..self.of_lane(lane) {
            let row = self.first + lane * WIDTH + j;
            let score = &mut self.scores[row * self.stride + lane].0[j];
            diagonal.0[j] = core::mem::replace(score, with.0[j]);
        }
        diagonal
    }
}
