//! Filters Λ as they are stored and shown: one block of weights per filter.

use crate::error::{Error, Result};

/// Weights of C components on a block, (C, block…) in C order. If components have Q states with a filter
/// each, the shape is (C Q, block…), grouped by component.
#[derive(Clone, Debug, PartialEq)]
pub struct Filters {
    sides: Vec<u32>,
    weights: Vec<f32>,
    /// Number of filters per component.
    states: u32,
    /// Number of values of a site, each of which has weights of its own that are listed as a filter.
    values: u32,
}

impl Filters {
    /// Filters on a block with the given sides (slowest first); the number of weights determines C.
    ///
    /// # Errors
    /// If there are not 1 to 3 positive sides, if the weights do not fill whole blocks, or if a weight
    /// is not finite.
    pub fn new(sides: &[u32], weights: Vec<f32>) -> Result<Self> {
        let sites = sides
            .iter()
            .try_fold(1usize, |n, side| n.checked_mul(*side as usize));
        let sites = sites
            .filter(|n| *n > 0 && (1..=3).contains(&sides.len()))
            .ok_or_else(|| {
                Error::failure(format!(
                    "a block of {}; a block has 1 to 3 sides of at least 1",
                    product(sides)
                ))
            })?;
        if weights.is_empty() || !weights.len().is_multiple_of(sites) {
            return Err(Error::failure(format!(
                "{} weights for a block of {}; each component has {sites}",
                weights.len(),
                product(sides)
            )));
        }
        if let Some(at) = weights.iter().position(|w| !w.is_finite()) {
            return Err(Error::failure(format!(
                "weight {at} of the filter is {}; every weight is a finite number",
                weights[at]
            )));
        }
        Ok(Filters {
            sides: sides.to_vec(),
            weights,
            states: 1,
            values: 1,
        })
    }

    /// Filters from weights ordered by site, with all components of a site together.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub fn from_sites(sides: &[u32], components: usize, weights: &[f32]) -> Result<Self> {
        let of = |a| weights.iter().skip(a).step_by(components).copied();
        Self::new(sides, (0..components).flat_map(of).collect())
    }

    /// Marks these as filters of components with several states, `states` filters each.
    #[must_use]
    pub fn of_states(self, states: u32) -> Self {
        Filters { states, ..self }
    }

    /// The name of a filter, by its number from 0.
    #[must_use]
    pub fn name(&self, number: usize) -> String {
        let (states, values) = (self.states.max(1) as usize, self.values.max(1) as usize);
        let (filter, value) = (number / values, number % values);
        let mut name = vec![];
        if values == 1 || self.count() > values {
            name.push(format!("component {}", filter / states + 1));
        }
        if states > 1 {
            name.push(format!("state {}", filter % states));
        }
        if values > 1 {
            name.push(format!("sites in state {value}"));
        }
        name.join(", ")
    }

    /// The same weights, for a picture, where the last axis of the block is the state of a site: a filter
    /// on the sites alone for each of these states.
    #[must_use]
    pub fn by_value(&self) -> Self {
        let Some((values, sides)) = self
            .sides
            .split_last()
            .filter(|(_, sides)| !sides.is_empty())
        else {
            return self.clone();
        };
        let each = *values as usize;
        let of = |filter| (0..each).flat_map(move |value| value_weights(filter, value, each));
        Filters {
            sides: sides.to_vec(),
            weights: self.components().flat_map(of).collect(),
            states: self.states,
            values: *values,
        }
    }

    /// Sides of the block, slowest first.
    #[must_use]
    pub fn sides(&self) -> &[u32] {
        &self.sides
    }

    /// All weights, (C, block…).
    #[must_use]
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// Sites of the block, |V|.
    #[must_use]
    pub fn sites(&self) -> usize {
        self.sides.iter().map(|side| *side as usize).product()
    }

    /// Number of filters: C, or C Q.
    #[must_use]
    pub fn count(&self) -> usize {
        self.weights.len() / self.sites()
    }

    /// The components, each with its weights in C order.
    pub fn components(&self) -> std::slice::ChunksExact<'_, f32> {
        self.weights.chunks_exact(self.sites())
    }

    /// The weights ordered by site, with all components of a site together, as in the core.
    #[must_use]
    pub fn by_site(&self) -> Vec<f32> {
        let at = |i| self.components().map(move |weights| weights[i]);
        (0..self.sites()).flat_map(at).collect()
    }

    /// Largest magnitude of a weight.
    #[must_use]
    pub fn largest(&self) -> f32 {
        self.weights
            .iter()
            .map(|w| w.abs())
            .fold(0.0, |a, b| if b > a { b } else { a })
    }
}

/// Numbers as in options, "4,2".
#[must_use]
pub fn commas(numbers: &[u32]) -> String {
    let numbers: Vec<_> = numbers.iter().map(u32::to_string).collect();
    numbers.join(",")
}

/// "4 × 4".
#[must_use]
pub fn product(sides: &[u32]) -> String {
    sides
        .iter()
        .map(u32::to_string)
        .collect::<Vec<_>>()
        .join(" × ")
}

fn value_weights(filter: &[f32], value: usize, values: usize) -> impl Iterator<Item = f32> {
    filter.iter().skip(value).step_by(values).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_follow_from_the_weights() {
        let filters = Filters::new(&[2, 3], (0..12).map(|i| i as f32 - 6.0).collect()).unwrap();
        assert_eq!(
            (filters.count(), filters.sites(), filters.largest()),
            (2, 6, 6.0)
        );
        assert_eq!(filters.components().nth(1).unwrap()[0], 0.0);
        assert_eq!(filters.by_site()[..4], [-6.0, 0.0, -5.0, 1.0]);
        let again = Filters::from_sites(&[2, 3], 2, &filters.by_site());
        assert_eq!(again.unwrap(), filters);
        assert_eq!(filters.name(1), "component 2");
        assert_eq!(filters.of_states(2).name(1), "component 1, state 1");
    }

    #[test]
    fn refusals() {
        for (sides, weights, rule) in [
            (&[][..], vec![1.0], "1 to 3 sides"),
            (&[4, 0], vec![1.0], "1 to 3 sides"),
            (&[u32::MAX; 3], vec![1.0], "1 to 3 sides"),
            (&[2, 2], vec![1.0; 6], "each component has 4"),
            (&[2], vec![], "each component has 2"),
            (&[2], vec![0.0, f32::NAN], "finite"),
        ] {
            let error = Filters::new(sides, weights).unwrap_err();
            assert!(error.message().contains(rule), "{error}");
        }
    }

    #[test]
    fn weights_of_a_state_are_a_filter_on_sites() {
        let weights = (0..12).map(|i| i as f32).collect();
        let filters = Filters::new(&[2, 3], weights).unwrap();
        let by_value = filters.by_value();
        assert_eq!((by_value.sides(), by_value.count()), (&[2][..], 6));
        assert_eq!(by_value.weights()[..4], [0.0, 3.0, 1.0, 4.0]);
        assert_eq!(by_value.name(4), "component 2, sites in state 1");
        let one = Filters::new(&[2, 3], vec![0.0; 6]).unwrap().by_value();
        assert_eq!(one.name(2), "sites in state 2");
    }
}
