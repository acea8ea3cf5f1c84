//! Linear filters h = τ(Λ·v) of a block, and their encoders.

use std::fmt;

use blockspin_core::num::math::exp64;

/// Most components of a filter on a discrete system: h has 2^C states.
pub const MAX_COMPONENTS: usize = 8;

/// How a component of h follows from its logit x = Σ_i Λ_i v_i.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoder {
    /// h = sign(x), a fair coin where x = 0.
    Sign,
    /// P(h = +1) = 1 / (1 + e⁻ˣ).
    Sigmoid,
    /// h = x itself, or with noise added, only for the [Gaussian field](crate::gaussian).
    Continuous,
}

/// Why a filter is not valid, or does not fit a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FilterError {
    /// The number of components is 0, or above [`MAX_COMPONENTS`] on a discrete system.
    Components(usize),
    /// The weight at this index is infinite or NaN.
    Weight(usize),
    /// The number of weights is not that of the block's sites times the components.
    Weights {
        /// Weights of the filter.
        given: usize,
        /// Sites of the block times components.
        needed: usize,
    },
    /// The continuous encoder on a discrete system.
    Continuous,
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Components(n) => write!(
                f,
                "a filter of {n} components; it has 1 to {MAX_COMPONENTS}"
            ),
            Self::Weight(i) => write!(f, "weight {i} of the filter is not a finite number"),
            Self::Weights { given, needed } => write!(
                f,
                "a filter of {given} weights; this block and number of components take {needed}"
            ),
            Self::Continuous => write!(
                f,
                "the continuous encoder on spins; it is for fields, spins take sign or sigmoid"
            ),
        }
    }
}

impl std::error::Error for FilterError {}

/// A linear filter with C components and the encoder of h.
#[derive(Clone, Copy, Debug)]
pub struct Filter<'a> {
    weights: &'a [f32],
    components: usize,
    encoder: Encoder,
    noise: f64,
}

impl<'a> Filter<'a> {
    /// A filter with the weights Λ\[i\]\[a\] of site i of the block (C order) and component a, the
    /// component fastest.
    ///
    /// # Errors
    /// [`FilterError::Components`] without a component, [`FilterError::Weight`] if a weight is not
    /// finite. Whether the filter fits a block is checked where it is applied to one.
    pub fn new(
        weights: &'a [f32],
        components: usize,
        encoder: Encoder,
    ) -> Result<Self, FilterError> {
        if components == 0 {
            return Err(FilterError::Components(0));
        }
        if let Some(i) = weights.iter().position(|w| !w.is_finite()) {
            return Err(FilterError::Weight(i));
        }
        Ok(Self::unchecked(weights, components, encoder))
    }

    /// A filter whose weights have been checked.
    pub(crate) const fn unchecked(weights: &'a [f32], components: usize, encoder: Encoder) -> Self {
        Filter {
            weights,
            components,
            encoder,
            noise: 0.0,
        }
    }

    /// Adds independent normal noise of this standard deviation to every continuous component; the sign of
    /// `noise` does not matter.
    #[must_use]
    pub const fn with_noise(self, noise: f64) -> Self {
        Filter { noise, ..self }
    }

    /// Deviation of the noise of continuous components.
    #[must_use]
    pub const fn noise(&self) -> f64 {
        self.noise
    }

    /// Number of components C.
    #[must_use]
    pub const fn components(&self) -> usize {
        self.components
    }

    /// How h follows from the logits.
    #[must_use]
    pub const fn encoder(&self) -> Encoder {
        self.encoder
    }

    /// The weights of a component, site by site.
    pub(crate) fn component(&self, a: usize) -> impl Iterator<Item = f64> + '_ {
        let weights = self.weights.iter().skip(a).step_by(self.components);
        weights.map(|weight| f64::from(*weight))
    }

    /// Checks the number of weights against a block.
    pub(crate) fn fits(&self, sites: usize) -> Result<(), FilterError> {
        let (given, needed) = (self.weights.len(), sites * self.components);
        if given == needed {
            Ok(())
        } else {
            Err(FilterError::Weights { given, needed })
        }
    }

    /// Checks that the filter has binary components and fits a block.
    pub(crate) fn fits_binary(&self, sites: usize) -> Result<(), FilterError> {
        if self.components > MAX_COMPONENTS {
            return Err(FilterError::Components(self.components));
        }
        self.fits(sites)?;
        if self.encoder == Encoder::Continuous {
            return Err(FilterError::Continuous);
        }
        Ok(())
    }

    /// P(h|v) of all 2^C states of h from signs v = ±1 of sites of the block; bit a of the index h is
    /// set where component a is +1. The logits are x = Λ·(v − `mean`), summed in the order of the
    /// core's kernels for signs.
    pub(crate) fn encode_signs(
        &self,
        signs: impl Iterator<Item = (usize, f32)> + Clone,
        mean: f32,
        h: &mut [f64],
    ) {
        self.encode(h, |a| {
            let weighted = signs.clone().filter_map(|(i, sign)| {
                let weight = self.weights.get(i * self.components + a);
                weight.map(|weight| (*weight, sign))
            });
            let mut terms = weighted.clone().map(|(weight, sign)| weight * sign).fuse();
            let mut sum = 0.0f32;
            while let Some(first) = terms.next() {
                let [second, third, fourth] = [(); 3].map(|()| terms.next().unwrap_or(-0.0));
                sum += (first + second) + (third + fourth);
            }
            sum - weighted.fold(0.0, |shift, (weight, _)| shift + mean * weight)
        });
    }

    /// P(h|v) from one real value for each site of the block, summed in the order of the core's
    /// kernels for real values.
    pub(crate) fn encode_reals(&self, values: &[f32], h: &mut [f64]) {
        self.encode(h, |a| {
            let weights = self.weights.iter().skip(a).step_by(self.components);
            let terms = weights.zip(values);
            terms.fold(0.0, |sum, (weight, value)| sum + *weight * value)
        });
    }

    /// P(h|v) from the logits. These are f32 in the summation order of the core's kernels, so that
    /// rounding decides ties alike in training and in the exact result.
    fn encode(&self, h: &mut [f64], logit: impl Fn(usize) -> f32) {
        h[0] = 1.0;
        for a in 0..self.components {
            let x = f64::from(logit(a));
            let (down, up) = match self.encoder {
                Encoder::Sign if x == 0.0 => (0.5, 0.5),
                Encoder::Sign if x > 0.0 => (0.0, 1.0),
                Encoder::Sign => (1.0, 0.0),
                // `fits_binary` refuses `Continuous`.
                Encoder::Sigmoid | Encoder::Continuous => {
                    (1.0 / (1.0 + exp64(x)), 1.0 / (1.0 + exp64(-x)))
                }
            };
            let (low, high) = h.split_at_mut(1 << a);
            for (low, high) in low.iter_mut().zip(high) {
                *high = *low * up;
                *low *= down;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unusable_filters_are_refused() {
        let new = |weights: &'static [f32], n| Filter::new(weights, n, Encoder::Sign);
        assert_eq!(new(&[1.0], 0).unwrap_err(), FilterError::Components(0));
        assert_eq!(
            new(&[1.0, f32::NAN], 1).unwrap_err(),
            FilterError::Weight(1)
        );
        let nine = new(&[1.0; 9], 9).unwrap();
        assert_eq!(nine.fits_binary(1), Err(FilterError::Components(9)));
        assert_eq!(nine.fits(1), Ok(()));
        let (given, needed) = (9, 18);
        assert_eq!(nine.fits(2), Err(FilterError::Weights { given, needed }));
    }
}
