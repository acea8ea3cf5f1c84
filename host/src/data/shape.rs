//! Shapes that may not mean what they are taken for: frames with colours, flattened lattices, one photograph
//! taken for many rows.

use super::Data;
use crate::data::array::tuple;
use crate::error::{Error, Result};

/// Configurations that are looked at, and values of one.
const CONFIGURATIONS: usize = 256;
const LONGEST: usize = 1 << 16;
/// The shortest side of frames.
const FRAME: u32 = 16;
/// The shortest side of a lattice that may have been flattened.
const SIDE: usize = 4;
/// Least correlation of neighbours that counts as one; the fraction of it that other pairs of neighbours need;
/// and by how much these exceed those between.
const CORRELATED: f64 = 0.1;
const ALIKE: f64 = 0.5;
const MORE: f64 = 0.05;

/// Whether an array of bytes with more than two values is one of frames with colours.
pub(super) fn colours(
    name: &str,
    shape: &[u64],
    configurations: usize,
    sides: &[u32],
) -> Option<Error> {
    let (last, others) = sides.split_last()?;
    let is_frame = match others.len() {
        2 => others.iter().all(|side| *side >= FRAME),
        1 => others[0] >= FRAME && configurations >= FRAME as usize,
        _ => false,
    };
    if !is_frame || ![3, 4].contains(last) {
        return None;
    }
    let (what, axes) = match others.len() {
        2 => ("frames", ""),
        _ => ("an image", ", and give `axes` xx"),
    };
    let file = match name.ends_with(".npy'") {
        true => name,
        false => "'FILE.npy'",
    };
    Some(Error::failure(format!(
        "{name} has shape {}, {what} with {last} colours, which are no sites of a lattice; make them grey{axes}: \
         numpy.save('grey.npy', numpy.load({file})[..., :3].mean(-1))",
        tuple(shape)
    )))
}

/// Sums over pairs of values, for their correlation.
#[derive(Default)]
struct Pairs {
    products: f64,
    squares: f64,
}

impl Pairs {
    fn add(&mut self, a: &[f32], b: &[f32]) {
        for (a, b) in a.iter().zip(b) {
            let (a, b) = (f64::from(*a), f64::from(*b));
            if a.is_finite() && b.is_finite() {
                self.products += a * b;
                self.squares += (a * a + b * b) / 2.0;
            }
        }
    }

    fn correlation(&self) -> f64 {
        match self.squares > 0.0 {
            true => self.products / self.squares,
            false => 0.0,
        }
    }
}

impl Data {
    /// Sentences on what the array may be in place of what it is taken for, as far as its values tell: rows
    /// of N values of which those a side apart are alike, or successive rows that are.
    ///
    /// # Errors
    /// Those of the file.
    pub fn advice(&self) -> Result<Vec<String>> {
        let n = self.sites();
        let plain = self.has_plain_axes() && self.sides().len() == 1 && self.configurations() > 1;
        if !plain || self.is_constant() || n > LONGEST {
            return Ok(vec![]);
        }
        let roots = [2, 3].map(|power| (SIDE..=LONGEST).find(|m| m.pow(power) >= n).unwrap_or(n));
        let square =
            (roots[0].pow(2) == n).then_some((roots[0], "L, L", format!("{0} × {0}", roots[0])));
        let cube = (roots[1].pow(3) == n).then_some((
            roots[1],
            "L, L, L",
            format!("{0} × {0} × {0}", roots[1]),
        ));
        let rows = self.configurations();
        let is_picture = rows <= 2 * n && n <= 2 * rows && rows.min(n) >= FRAME as usize;
        let flat = square.or(cube);
        if flat.is_none() && !is_picture {
            return Ok(vec![]);
        }
        let side = flat.as_ref().map_or(1, |(side, ..)| *side);
        let mut lags = [
            (1, Pairs::default()),
            (side / 2, Pairs::default()),
            (side, Pairs::default()),
        ];
        let mut along = Pairs::default();
        let looked = rows.min(CONFIGURATIONS);
        let (mut row, mut next) = (vec![0.0; n], vec![0.0; n]);
        for k in 0..looked {
            let i = k * rows / looked;
            self.reals(i, &[0], &[n as u32], &mut row)?;
            for (lag, pairs) in &mut lags {
                pairs.add(&row[..n - *lag], &row[*lag..]);
            }
            if i + 1 < rows {
                self.reals(i + 1, &[0], &[n as u32], &mut next)?;
                along.add(&row, &next);
            }
        }
        let [near, between, far] = lags.map(|(_, pairs)| pairs.correlation());
        let mut advice = vec![];
        if let Some((side, axes, sides)) = flat
            && near > CORRELATED
            && far > ALIKE * near
            && far > between + MORE
        {
            advice.push(format!(
                "values {side} apart in a row of {n} are correlated ({far:.2}), and closer ones ({} apart) less \
                 ({between:.2}): if each row is a flattened lattice of {sides}, save it as one: \
                 numpy.save('NAME.npy', a.reshape(-1, {}))",
                side / 2,
                axes.replace('L', &side.to_string())
            ));
        }
        let together = along.correlation();
        if is_picture && near > CORRELATED && together > ALIKE * near {
            advice.push(format!(
                "successive rows of the array of {rows} × {n} are alike ({together:.2}), as neighbours in a row \
                 are ({near:.2}): if it is one configuration, such as a photograph, give `axes` xx"
            ));
        }
        Ok(advice)
    }
}
