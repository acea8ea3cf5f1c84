//! The shuffle buffer: configurations from which batches of windows are drawn.
//!
//! InfoNCE takes the other rows of a batch as independent negatives, so the K windows of a batch
//! come from K different configurations; those that share one would lower the estimate.

use super::row::Value;
use crate::num::rng::Stream;

/// Draws after which a batch is given up, for each of its rows, while values are missing.
const TRIES: usize = 10_000;

/// How V and E are cut from a configuration.
pub trait Cut {
    /// Sites of a configuration.
    fn sites(&self) -> usize;
    /// |V| and |E|.
    fn parts(&self) -> (usize, usize);
    /// Copies V and E to two rows; where there are several ways, one at random.
    fn cut<T: Value>(
        &self,
        values: &[T],
        stream: &mut Stream,
        v: &mut [T::Word],
        e: &mut [T::Word],
    );
}

/// Configurations of one system, with a permutation from which distinct ones are drawn.
#[derive(Debug)]
pub struct ShuffleBuffer<'a, C, T = u32> {
    cut: C,
    stride: usize,
    values: &'a mut [T],
    order: &'a mut [u32],
    filled: usize,
    next: usize,
    left_out: u64,
}

impl<'a, C: Cut, T: Value> ShuffleBuffer<'a, C, T> {
    /// An empty pool with room for as many configurations as both slices hold: `values` takes
    /// [`Value::configuration`] each, `order` one word each.
    pub fn new(cut: C, values: &'a mut [T], order: &'a mut [u32]) -> Self {
        let stride = T::configuration(cut.sites());
        let capacity = (values.len() / stride).min(order.len());
        let (values, order) = (&mut values[..capacity * stride], &mut order[..capacity]);
        for (i, slot) in order.iter_mut().enumerate() {
            *slot = i as u32;
        }
        ShuffleBuffer {
            cut,
            stride,
            values,
            order,
            filled: 0,
            next: 0,
            left_out: 0,
        }
    }

    /// Windows that were drawn and left out, because a value in V or E was missing.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Configurations that it holds now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.filled
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// Configurations that it has room for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.order.len()
    }

    /// The number of the slot that comes next, and the permutation of the configurations that it
    /// holds, to be written down beside these and [`left_out`](Self::left_out).
    #[must_use]
    pub fn order(&self) -> (usize, &[u32]) {
        (self.next, &self.order[..self.filled])
    }

    /// Goes on as a pool of which these numbers were written down, and gives the place of its
    /// configurations, as many as there are numbers in `order`. None, and nothing has changed, where
    /// no pool of this capacity has such.
    pub fn resume(&mut self, next: usize, order: &[u32], left_out: u64) -> Option<&mut [T]> {
        let filled = order.len();
        let known = |i: &u32| (*i as usize) < filled;
        if filled > self.order.len() || next > filled || !order.iter().all(known) {
            return None;
        }
        for (i, slot) in self.order.iter_mut().enumerate() {
            *slot = order.get(i).copied().unwrap_or(i as u32);
        }
        self.filled = filled;
        self.next = if next < self.order.len() { next } else { 0 };
        self.left_out = left_out;
        self.values.get_mut(..filled * self.stride)
    }

    /// The place of the next configuration: a free one, or, when full, the oldest. The caller
    /// writes or advances the configuration there. Empty, if the pool has no room at all.
    pub fn next_slot(&mut self) -> &mut [T] {
        let at = self.next;
        self.next = if at + 1 == self.order.len() {
            0
        } else {
            at + 1
        };
        self.filled = self.filled.max(at + 1).min(self.order.len());
        self.values
            .get_mut(at * self.stride..(at + 1) * self.stride)
            .unwrap_or_default()
    }

    /// Draws `batch` windows from as many different configurations, and copies them to the rows of
    /// `v` and `e`. Windows with missing values are left out.
    ///
    /// Returns false when the pool holds fewer configurations than that, or hardly a window that is
    /// complete; what lies in the rows then is of no use.
    #[inline(always)]
    pub fn draw(
        &mut self,
        batch: usize,
        stream: &mut Stream,
        v: &mut [T::Word],
        e: &mut [T::Word],
    ) -> bool {
        if self.filled < batch {
            return false;
        }
        let (block_sites, environment_sites) = self.cut.parts();
        let v_rows = v.chunks_exact_mut(T::row(block_sites));
        let e_rows = e.chunks_exact_mut(T::row(environment_sites));
        for (k, (v, e)) in (0..batch).zip(v_rows.zip(e_rows)) {
            let mut tries = 0;
            loop {
                // The first steps of a Fisher–Yates shuffle. While the pool fills, slots beyond
                // `filled` have not moved: the permutation is of the filled ones alone.
                let other = k + stream.below((self.filled - k) as u32) as usize;
                self.order.swap(k, other);
                let at = self.order[k] as usize * self.stride;
                self.cut
                    .cut(&self.values[at..at + self.stride], stream, v, e);
                if !T::is_incomplete(v) && !T::is_incomplete(e) {
                    break;
                }
                self.left_out += 1;
                tries += 1;
                if tries == TRIES {
                    return false;
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lattice::Lattice;
    use crate::num::rng::Purpose;
    use crate::window::Window;

    #[test]
    fn a_pool_goes_on_from_what_was_written_down() {
        let lattice = Lattice::new(&[5, 5]).unwrap();
        let window = Window::new(lattice, &[1], &[0], &[1]).unwrap();
        let turn = |pool: &mut ShuffleBuffer<Window>, stream: &mut Stream| {
            let (mut v, mut e) = ([0; 4], [0; 4]);
            pool.next_slot().fill(stream.next_u32() >> 7);
            pool.draw(4, stream, &mut v, &mut e);
            (v, e)
        };
        // While it fills, when it is full, and after it went around.
        for turns in [0, 5, 7, 16] {
            let mut stream = Stream::new(3, turns, Purpose::Windows);
            let (mut values, mut order) = ([0; 7], [0; 7]);
            let mut pool = ShuffleBuffer::new(window, &mut values, &mut order);
            for _ in 0..turns {
                turn(&mut pool, &mut stream);
            }

            let (mut values, mut order) = ([9; 7], [9; 7]);
            let mut other = ShuffleBuffer::new(window, &mut values, &mut order);
            let (next, order) = pool.order();
            let held = other.resume(next, order, pool.left_out()).unwrap();
            held.copy_from_slice(&pool.values[..order.len()]);
            let mut same = stream.clone();
            for _ in 0..20 {
                assert_eq!(turn(&mut pool, &mut stream), turn(&mut other, &mut same));
            }
            for (next, order) in [(8, &[0; 7][..]), (1, &[1]), (0, &[0; 8])] {
                assert!(pool.resume(next, order, 0).is_none());
            }
        }
    }
}
