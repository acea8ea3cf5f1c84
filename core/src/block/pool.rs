//! The shuffle buffer: configurations from which batches of windows are drawn.
//!
//! InfoNCE takes the other rows of a batch as independent negatives, so the K windows of a batch
//! come from K different configurations; those that share one would lower the estimate.

use super::row::Value;
use super::window::Window;
use crate::num::rng::Stream;

/// Configurations of one lattice, with a permutation from which distinct ones are drawn.
#[derive(Debug)]
pub struct Pool<'a, T = u32> {
    window: Window,
    stride: usize,
    values: &'a mut [T],
    order: &'a mut [u32],
    filled: usize,
    next: usize,
}

impl<'a, T: Value> Pool<'a, T> {
    /// An empty pool with room for as many configurations as both slices hold: `values` takes
    /// [`Value::configuration`] each, `order` one word each.
    pub fn new(window: Window, values: &'a mut [T], order: &'a mut [u32]) -> Self {
        let stride = T::configuration(window.lattice().sites());
        let capacity = (values.len() / stride).min(order.len());
        let (values, order) = (&mut values[..capacity * stride], &mut order[..capacity]);
        for (i, slot) in order.iter_mut().enumerate() {
            *slot = i as u32;
        }
        Pool {
            window,
            stride,
            values,
            order,
            filled: 0,
            next: 0,
        }
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

    /// Draws `batch` windows at random origins from as many different configurations, and copies
    /// them to the rows of `v` and `e`.
    ///
    /// Returns false, with nothing drawn, when the pool holds fewer configurations than that.
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
        let v_rows = v.chunks_exact_mut(T::row(self.window.block_sites()));
        let e_rows = e.chunks_exact_mut(T::row(self.window.environment_sites()));
        for (k, (v, e)) in (0..batch).zip(v_rows.zip(e_rows)) {
            // The first steps of a Fisher–Yates shuffle. While the pool fills, slots beyond
            // `filled` have not moved: the permutation is of the filled ones alone.
            let other = k + stream.below((self.filled - k) as u32) as usize;
            self.order.swap(k, other);
            let at = self.order[k] as usize * self.stride;
            let origin = self.window.random_origin(stream);
            self.window
                .gather(&self.values[at..at + self.stride], origin, v, e);
        }
        true
    }
}
