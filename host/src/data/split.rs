//! Division of a file into training, validation and held-out configurations.

use std::ops::Range;

use blockspin_core::stats::integrated;

use crate::data::Data;
use crate::error::{Error, Result};

/// Fractions of a file's configurations, in tenths; the rest is for training.
const VALIDATION_TENTHS: usize = 1;
const HELD_OUT_TENTHS: usize = 2;
/// Most configurations, and most values of each, from which the autocorrelation is measured.
const MEASURED: usize = 1 << 14;
const MEASURED_SITES: usize = 1 << 14;
/// Gap between two parts, in autocorrelation times in excess of that of independent configurations.
const APART: f64 = 4.0;
/// Autocorrelation time up to which configurations count as independent: the estimate from a few hundred
/// independent ones can be this large.
const INDEPENDENT: f64 = 1.0;

/// Blocks of configurations in the order of the file, never interleaved.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// Training.
    pub train: Range<usize>,
    /// Validation.
    pub validation: Range<usize>,
    /// Held out, for the reported figure.
    pub held_out: Range<usize>,
    /// Integrated autocorrelation time along the file, in configurations; ½ when independent.
    pub autocorrelation: f64,
}

impl Split {
    /// Measures the autocorrelation along the file, and divides the configurations so that the parts are
    /// independent.
    ///
    /// # Errors
    /// Usage, if a part is smaller than a batch; errors from reading the file.
    pub fn of(data: &Data, batch: usize) -> Result<Self> {
        Self::apart(data.configurations(), autocorrelation(data)?, batch)
    }

    fn apart(n: usize, autocorrelation: f64, batch: usize) -> Result<Self> {
        let gap = match autocorrelation > INDEPENDENT {
            true => (APART * (autocorrelation - 0.5)).round() as usize,
            false => 0,
        };
        let left = n.saturating_sub(2 * gap);
        let (validation, held_out) = (left * VALIDATION_TENTHS / 10, left * HELD_OUT_TENTHS / 10);
        if validation < batch {
            let alike = match gap {
                0 => String::new(),
                gap => format!(
                    " and, since successive ones are correlated (autocorrelation time \
                     {autocorrelation:.1}), 2 × {gap} are left unused between the parts"
                ),
            };
            let smaller = match left / 10 {
                0 | 1 => String::new(),
                batch => format!(", or `batch` {batch} or less"),
            };
            return Err(Error::usage(format!(
                "{n} configurations are too few for a batch of {batch}: a tenth of them is for \
                 validation, and must fill a batch{alike}; give {} configurations or \
                 more{smaller}",
                10 * batch + 2 * gap
            )));
        }
        let train = left - validation - held_out;
        let watched = train + gap;
        Ok(Split {
            train: 0..train,
            validation: watched..watched + validation,
            held_out: n - held_out..n,
            autocorrelation,
        })
    }

    /// Approximate number of independent configurations in the training part.
    #[must_use]
    pub fn independent(&self) -> f64 {
        self.train.len() as f64 / (2.0 * self.autocorrelation)
    }
}

/// The longest autocorrelation time of three series: a configuration's mean, its square, and the product
/// of neighbours along the last axis; from the first 2¹⁴ configurations, in a box of about 2¹⁴ sites.
fn autocorrelation(data: &Data) -> Result<f64> {
    let mut sides = data.sides().to_vec();
    while sides.iter().map(|n| *n as usize).product::<usize>() > MEASURED_SITES {
        let Some(longest) = sides.iter_mut().max() else {
            break;
        };
        *longest = longest.div_ceil(2);
    }
    let corner = vec![0; sides.len()];
    let row = *sides.last().unwrap_or(&1) as usize;
    let mut values = vec![0.0; sides.iter().map(|n| *n as usize).product()];
    let mut series = [const { vec![] }; 3];
    for i in 0..data.configurations().min(MEASURED) {
        data.reals(i, &corner, &sides, &mut values)?;
        let mean = mean(values.iter().map(|x| f64::from(*x)));
        let pairs = values.chunks_exact(row).flat_map(|row| row.windows(2));
        let pairs = self::mean(pairs.map(|pair| f64::from(pair[0]) * f64::from(pair[1])));
        for (series, x) in series.iter_mut().zip([mean, mean * mean, pairs]) {
            series.push(x);
        }
    }
    Ok(series
        .iter()
        .map(|series| integrated(series).tau)
        .fold(0.5, f64::max))
}

/// The mean of the values that are not missing; 0 if there are none.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut n) = (0.0, 0.0);
    for x in values.filter(|x| !x.is_nan()) {
        sum += x;
        n += 1.0;
    }
    if n > 0.0 { sum / n } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn independent_configurations_are_parted_without_gaps() {
        let parts = Split::apart(1000, 0.5, 100).unwrap();
        assert_eq!(
            (parts.train, parts.validation, parts.held_out),
            (0..700, 700..800, 800..1000)
        );
        assert!(Split::apart(999, 0.5, 100).is_err());
    }

    #[test]
    fn alike_ones_lie_apart() {
        let parts = Split::apart(1080, 10.5, 100).unwrap();
        assert_eq!(parts.validation.start - parts.train.end, 40);
        assert_eq!(
            (parts.train, parts.validation, parts.held_out),
            (0..700, 740..840, 880..1080)
        );
        let error = Split::apart(1079, 10.5, 100).unwrap_err();
        assert!(
            error.message().contains("give 1080 configurations"),
            "{error}"
        );
    }
}
