//! The meaning of the axes of an array.

use std::fmt;

use crate::settings::Setting;
use crate::settings::values::Rule;

/// The meaning of an array's axes, a letter each, slowest first: `n` configurations in the order of time,
/// `r` independent replicas, `x` space. `nx` to `nxxx` is usual; `nrx` and `rnx` are series of several
/// walkers; `x` to `xxx` is one record without configurations, such as a photograph. Written `auto`: n, then
/// x for every other axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Axes {
    /// The replicas are axis 0 or 1; none: there are none.
    replicas: Option<usize>,
    /// Axes of space; none: all after the first.
    space: Option<usize>,
}

/// An array's shape, and how its configurations are ordered.
pub(super) struct Layout {
    /// (N, L0[, L1[, L2]]), in the order of the file.
    pub shape: Vec<u64>,
    /// Replicas that alternate from one configuration to the next.
    pub interleaved: Option<u64>,
}

impl Axes {
    /// One series.
    pub(super) const SERIES: Axes = Axes {
        replicas: None,
        space: Some(1),
    };

    /// Reads letters, or `auto`.
    ///
    /// # Errors
    /// Of other text.
    pub fn parse(text: &str) -> Rule<Self> {
        let (replicas, leading) = match text {
            "auto" => return Ok(Axes::default()),
            _ if text.starts_with("nr") => (Some(1), 2),
            _ if text.starts_with("rn") => (Some(0), 2),
            _ if text.starts_with('n') => (None, 1),
            _ => (None, 0),
        };
        let space = &text[leading..];
        if !(1..=3).contains(&space.len()) || space.bytes().any(|letter| letter != b'x') {
            return Err(format!(
                "'{text}' is no meaning of axes: it is n (configurations), nr or rn (with replicas), or \
                 nothing (one record), and an x for each axis of space: nx, nxx, nrx, xx"
            ));
        }
        let space = match leading {
            1 => None,
            _ => Some(space.len()),
        };
        Ok(Axes { replicas, space })
    }

    /// Whether the array is one record without an axis of configurations.
    #[must_use]
    pub fn is_record(self) -> bool {
        self.replicas.is_none() && self.space.is_some()
    }

    /// Of an array's shape; none, if it has another number of axes.
    pub(super) fn layout(self, shape: &[u64]) -> Option<Layout> {
        let (shape, interleaved) = match (self.replicas, self.space) {
            (None, None) => (shape.to_vec(), None),
            (None, Some(space)) if shape.len() == space => ([&[1], shape].concat(), None),
            (Some(axis), Some(space)) if shape.len() == space + 2 => {
                let all = [&[shape[0].checked_mul(shape[1])?], &shape[2..]].concat();
                (all, (axis == 1).then_some(shape[1]))
            }
            _ => return None,
        };
        Some(Layout { shape, interleaved })
    }
}

impl fmt::Display for Axes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let leading = match (self.replicas, self.space) {
            (None, None) => return f.write_str("auto"),
            (None, _) => "",
            (Some(0), _) => "rn",
            _ => "nr",
        };
        write!(f, "{leading}{}", "x".repeat(self.space.unwrap_or(0)))
    }
}

impl Setting for Axes {
    fn to_value(&self) -> serde_json::Value {
        self.to_string().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters() {
        for text in ["auto", "x", "xx", "xxx", "nrx", "rnxx"] {
            assert_eq!(Axes::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Axes::parse("nxx").unwrap(), Axes::default());
        for text in ["", "n", "nrxxxx", "xn", "nn", "rx", "nxy"] {
            assert!(Axes::parse(text).is_err(), "{text}");
        }
        let layout = Axes::parse("nrx").unwrap().layout(&[100, 8, 24]).unwrap();
        assert_eq!(
            (&layout.shape[..], layout.interleaved),
            (&[800, 24][..], Some(8))
        );
        assert!(Axes::parse("xx").unwrap().layout(&[100, 8, 24]).is_none());
    }
}
