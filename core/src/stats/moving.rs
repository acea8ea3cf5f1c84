//! A moving average, which shows the training bound without its noise.

/// An exponential moving average that starts as a plain mean.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Moving {
    mean: f64,
    count: u32,
    span: u32,
}

impl Moving {
    /// Each value has weight 1/`span`, or that of a plain mean while there are fewer than `span`.
    #[must_use]
    pub const fn new(span: u32) -> Self {
        Moving {
            mean: 0.0,
            count: 0,
            span,
        }
    }

    /// The same average without any values.
    #[must_use]
    pub const fn fresh(&self) -> Self {
        Moving::new(self.span)
    }

    /// Adds a value.
    pub fn push(&mut self, value: f64) {
        self.count += u32::from(self.count < self.span);
        self.mean += (value - self.mean) / f64::from(self.count.max(1));
    }

    /// The average; 0 without any values.
    #[must_use]
    pub const fn mean(&self) -> f64 {
        self.mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_as_a_mean_and_forgets() {
        let mut moving = Moving::new(4);
        [1.0, 2.0, 3.0].into_iter().for_each(|x| moving.push(x));
        assert_eq!(moving.mean(), 2.0);
        for _ in 0..200 {
            moving.push(5.0);
        }
        assert!((moving.mean() - 5.0).abs() < 1e-12);
    }
}
