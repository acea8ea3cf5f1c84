//! Division of a file into training, validation and held-out configurations.

use std::ops::Range;

use super::Data;
use super::correlation::Correlation;
use super::repeats::Repeats;
use super::supply::Crop;
use crate::error::{Error, Result};
use crate::settings::as_name;

/// Fractions of a file's configurations, in tenths; the rest is for training.
const VALIDATION_TENTHS: usize = 1;
const HELD_OUT_TENTHS: usize = 2;

/// Whether configurations that occur again are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RepeatPolicy {
    /// Where they are copies of a few, and not the states of a small system.
    #[default]
    Drop,
    /// Never.
    Keep,
}

impl RepeatPolicy {
    /// All.
    pub const ALL: [RepeatPolicy; 2] = [RepeatPolicy::Drop, RepeatPolicy::Keep];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            RepeatPolicy::Drop => "drop",
            RepeatPolicy::Keep => "keep",
        }
    }
}

as_name!(RepeatPolicy);

/// Rows from which on an array may be a picture.
const PICTURE: usize = 16;

/// Blocks of configurations in the order of the file, never interleaved.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// Indices of the configurations that are used, in order; none: all. The parts are ranges of it.
    rows: Option<Vec<usize>>,
    /// Training.
    pub train: Range<usize>,
    /// Validation.
    pub validation: Range<usize>,
    /// Held out, for the reported figure.
    pub held_out: Range<usize>,
    /// Correlation along the file.
    pub correlation: Correlation,
    /// Configurations that occur more than once, if they were looked for.
    pub repeats: Option<Repeats>,
}

impl Split {
    /// Leaves out repeated configurations, measures the correlation along the file in the values that
    /// are read of each configuration, and divides the others so that the parts are independent.
    /// `lattice`: whether a shifted configuration is the same again.
    ///
    /// # Errors
    /// Usage, if a part is smaller than a batch; errors from reading the file.
    pub fn of(
        data: &Data,
        crop: &Crop,
        lattice: bool,
        policy: RepeatPolicy,
        batch: usize,
    ) -> Result<Self> {
        let mut repeats = Repeats::find(data, lattice)?;
        // Overlapping parts of one record are no copies.
        if policy == RepeatPolicy::Keep || data.overlap() > 0 {
            repeats.kept = None;
        }
        let rows = repeats.kept.clone();
        let n = rows.as_ref().map_or(data.configurations(), Vec::len);
        let row = |i: usize| rows.as_ref().map_or(i, |rows| rows[i]);
        let mut correlation = Correlation::measure(data, crop, n, row)?;
        correlation.reach = correlation.reach.max(data.overlap());
        let split = Self::apart(n, correlation, batch).map_err(|error| match &rows {
            Some(_) => error.hint(format!(
                "only {n} of {} configurations are different: the others repeat them, and are left \
                 out; `repeats` keep takes all, if they are states of a small system",
                data.configurations()
            )),
            None => match instead(data) {
                Some(hint) => error.hint(hint),
                None => error,
            },
        })?;
        Ok(Split {
            rows,
            repeats: Some(repeats),
            ..split
        })
    }

    /// Indices of the configurations that are used, in order; none: all. The parts are ranges of it.
    #[must_use]
    pub fn order(&self) -> Option<&[usize]> {
        self.rows.as_deref()
    }

    /// The configuration that is number `i` of those that are used.
    #[must_use]
    pub fn row(&self, i: usize) -> usize {
        self.rows.as_ref().map_or(i, |rows| rows[i])
    }

    /// Another division of the same file, in which its part number `fold` of `folds`, counted from the end,
    /// is held out, and what comes before and, cyclically, after it is trained on.
    #[must_use]
    pub fn fold(&self, data: &Data, fold: usize, folds: usize) -> Self {
        let n = self.count(data);
        let shift = n - fold * n / folds;
        let rows = (0..n).map(|i| self.row((i + shift) % n));
        let gap = self.correlation.reach;
        let left = n.saturating_sub(3 * gap);
        let held_out = self.held_out.len().min(n / folds);
        let validation = self.validation.len();
        let train = left.saturating_sub(validation + held_out);
        Split {
            rows: Some(rows.collect()),
            train: gap..gap + train,
            validation: 2 * gap + train..2 * gap + train + validation,
            held_out: n - held_out..n,
            ..self.clone()
        }
    }

    /// Number of configurations that are used.
    #[must_use]
    pub fn count(&self, data: &Data) -> usize {
        self.rows.as_ref().map_or(data.configurations(), Vec::len)
    }

    fn apart(n: usize, correlation: Correlation, batch: usize) -> Result<Self> {
        let gap = correlation.reach;
        let left = n.saturating_sub(2 * gap);
        let (validation, held_out) = (left * VALIDATION_TENTHS / 10, left * HELD_OUT_TENTHS / 10);
        if validation < batch {
            let alike = match gap {
                0 => String::new(),
                gap => format!(
                    " and, since configurations up to {gap} apart are correlated (autocorrelation \
                     time {:.1}), 2 × {gap} are left unused between the parts",
                    correlation.time
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
            rows: None,
            train: 0..train,
            validation: watched..watched + validation,
            held_out: n - held_out..n,
            correlation,
            repeats: None,
        })
    }

    /// Approximate number of independent configurations in a part.
    #[must_use]
    pub fn independent(&self, part: &Range<usize>) -> f64 {
        part.len() as f64 / (2.0 * self.correlation.time)
    }
}

/// What an array of few configurations may be instead.
fn instead(data: &Data) -> Option<String> {
    let n = data.configurations();
    let (last, others) = data.sides().split_last()?;
    let last = *last as usize;
    if data.overlap() > 0 {
        None
    } else if last > 4 * n {
        Some(format!(
            "if the configurations are numbered by the last axis, of {last}: \
             numpy.save('NAME.npy', numpy.moveaxis(a, -1, 0))"
        ))
    } else if others.is_empty() && n >= PICTURE && 4 * last > n {
        Some(format!(
            "if the {n} × {last} values are one configuration, such as a photograph, give `axes` xx"
        ))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn independent_configurations_are_parted_without_gaps() {
        let parts = Split::apart(1000, Correlation::NONE, 100).unwrap();
        assert_eq!(
            (parts.train, parts.validation, parts.held_out),
            (0..700, 700..800, 800..1000)
        );
        assert!(Split::apart(999, Correlation::NONE, 100).is_err());
    }

    /// Five parts are held out in turn, each apart from what is trained on, also across the ends.
    #[test]
    fn all_serve_in_turn() {
        let data = Data::new(&[1000, 2], &vec![1i8; 2000]).unwrap();
        for gap in [0, 7] {
            let correlation = Correlation {
                reach: gap,
                ..Correlation::NONE
            };
            let first = Split::apart(1000, correlation, 50).unwrap();
            let mut times = [0; 1000];
            for fold in 0..5 {
                let split = match fold {
                    0 => first.clone(),
                    _ => first.fold(&data, fold, 5),
                };
                let held_out: Vec<_> = split.held_out.clone().map(|i| split.row(i)).collect();
                held_out.iter().for_each(|row| times[*row] += 1);
                assert!(split.train.len() > 600 && split.validation.len() >= 95);
                for row in split.train.clone().chain(split.validation.clone()) {
                    let row = split.row(row);
                    for held in &held_out {
                        assert!(row.abs_diff(*held) > gap, "{fold}: {row} and {held}");
                    }
                }
            }
            assert!(times.iter().all(|times| *times <= 1));
            assert!(times.iter().sum::<i32>() > 980);
        }
    }

    #[test]
    fn alike_ones_lie_apart() {
        let correlation = Correlation::of_time(10.5);
        let parts = Split::apart(1080, correlation, 100).unwrap();
        assert_eq!(parts.validation.start - parts.train.end, 40);
        assert_eq!(
            (parts.train, parts.validation, parts.held_out),
            (0..700, 740..840, 880..1080)
        );
        let error = Split::apart(1079, correlation, 100).unwrap_err();
        assert!(
            error.message().contains("give 1080 configurations"),
            "{error}"
        );
    }
}
