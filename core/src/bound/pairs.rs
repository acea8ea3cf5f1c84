//! What lies between critic and bound: the scores F_ij = f(h_i, e_j) of all pairs of a batch, some
//! columns j at a time, and the slopes ∂I/∂F_ij on their way back.

use crate::kernel::Tile;
use crate::num::lane::{Lane, WIDTH, apart, lanes};

/// Lanes of scores that a bound holds for each row of the batch; a matter of cache, not of bits.
pub(crate) const SCORE_LANES: usize = 4;

/// A critic on a batch.
pub(crate) trait Pairs<T: Tile> {
    /// K.
    fn batch(&self) -> usize;

    /// Whether slopes are wanted.
    fn learns(&self) -> bool;

    /// Writes the scores of the columns.
    fn scores(&mut self, columns: &mut Columns);

    /// Takes the slopes of the columns. All columns come once, in order, the last time that their
    /// scores were asked for.
    fn back(&mut self, columns: Columns);

    /// The same where the columns hold e_ij and ∂I/∂F_ij = `share` (δ_ij − e_ij / z_j), z_j the
    /// `sums`: InfoNCE.
    #[inline(always)]
    fn back_shares(&mut self, columns: Columns, share: f32, sums: &[Lane; SCORE_LANES]) {
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
        self.back(columns);
    }
}

/// Columns of scores, by lanes.
pub(crate) struct Columns<'a> {
    /// The first column.
    pub(crate) first: usize,
    /// How many there are.
    pub(crate) count: usize,
    /// K × `stride`.
    pub(crate) scores: &'a mut [Lane],
    pub(crate) stride: usize,
}

impl<'a> Columns<'a> {
    /// Columns from `first` on with their scores, as many as come at a time, after which `first` is
    /// that of the next; none, if there are no more. `scores` holds K × `min(SCORE_LANES, lanes(K))`.
    #[inline(always)]
    pub(crate) fn next<T: Tile>(
        pairs: &mut (impl Pairs<T> + ?Sized),
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
        pairs.scores(&mut columns);
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
