//! The height field.

use super::Dimer;

impl Dimer {
    /// Writes the heights of the faces in units of a quarter, `to[L y + x]` that of face
    /// (y + ½, x + ½): from face (0, 0) at 0 down the first column, and along each row from there.
    ///
    /// Around an even vertex (y + x even), in the sense from +x to +y, which is counter-clockwise
    /// where y points upwards, the height changes by +1 across an empty link and by −3 across a
    /// dimer; around an odd one by the opposite. So it is fixed on each of four sublattices modulo 4,
    /// and the four columnar states are flat with averages 1/2, 3/2, 5/2 and 7/2 modulo 4, or 1/8,
    /// 3/8, 5/8, 7/8 of a period (Alet et al., PRE 74, 041124, 2006; Fradkin, Field Theories of
    /// Condensed Matter Physics, ch. 9).
    ///
    /// On the torus the height need not return: with the [winding numbers](Self::winding) W it rises
    /// by 4 W_y once around along a row, and by −4 W_x once around along a column.
    ///
    /// # Panics
    /// If `to` has fewer than L² places, or `state` is shorter than a configuration.
    pub fn heights(&self, state: &[u32], to: &mut [i32]) {
        let side = self.side as usize;
        let mut first = 0;
        for (y, row) in (0..self.side).zip(to[..side * side].chunks_exact_mut(side)) {
            if y > 0 {
                first += step(y, self.along_row(state, y, 0));
            }
            let mut height = first;
            for (x, to) in (0..self.side).zip(row) {
                if x > 0 {
                    height -= step(y + x, self.along_column(state, y, x));
                }
                *to = height;
            }
        }
    }
}

/// Change across a link of a vertex with this y + x, in the sense from +x to +y around it.
fn step(parity: u32, dimer: bool) -> i32 {
    let even = 1 - 2 * (parity % 2) as i32;
    if dimer { -3 * even } else { even }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::rng::{Purpose, Stream};
    use crate::sampler::{Sampler, Start};

    const SIDE: u32 = 6;

    /// Heights of a configuration, and those of the faces that follow the last ones, across the
    /// seam: with the links of the last vertices before, whose next neighbours are the first.
    fn unrolled(model: &Dimer, state: &[u32]) -> ([i32; 36], [i32; 6], [i32; 6]) {
        let (mut heights, mut right, mut below) = ([0; 36], [0; 6], [0; 6]);
        model.heights(state, &mut heights);
        for i in 0..6u32 {
            let (last, bottom) = (heights[6 * i as usize + 5], heights[30 + i as usize]);
            right[i as usize] = last - step(i, model.along_column(state, i, 0));
            below[i as usize] = bottom + step(i, model.along_row(state, 0, i));
        }
        (heights, right, below)
    }

    #[test]
    fn steps_around_vertices_and_across_the_seam() {
        let model = Dimer::new(SIDE, f64::INFINITY, 3).unwrap();
        let (mut state, mut scratch) = ([0; 5], [0; 48]);
        let mut stream = Stream::new(1, 0, Purpose::Sample);
        model.start(Start::Hot, &mut state, &mut stream);
        let mut wound = [0; 2];
        for _ in 0..200 {
            model.sweep(&mut state, &mut scratch, &mut stream);
            let (heights, right, below) = unrolled(&model, &state);
            assert_eq!(heights[0], 0);
            for y in 1..SIDE {
                for x in 1..SIDE {
                    // The faces around a vertex and the links between, from +x to +y.
                    let [yy, xx] = [y as usize, x as usize];
                    let faces = [[yy - 1, xx], [yy, xx], [yy, xx - 1], [yy - 1, xx - 1]]
                        .map(|[y, x]| heights[6 * y + x]);
                    let links = [
                        model.along_row(&state, y, x),
                        model.along_column(&state, y, x),
                        model.along_row(&state, y, x - 1),
                        model.along_column(&state, y - 1, x),
                    ];
                    let even = if (y + x) % 2 == 0 { 1 } else { -1 };
                    let mut sum = 0;
                    for (i, link) in links.into_iter().enumerate() {
                        let change = faces[(i + 1) % 4] - faces[i];
                        assert_eq!(change, if link { -3 * even } else { even });
                        sum += change;
                    }
                    assert_eq!(sum, 0);
                }
            }
            let winding = model.winding(&state);
            for i in 0..6 {
                assert_eq!(right[i] - heights[6 * i], 4 * winding[1]);
                assert_eq!(below[i] - heights[i], -4 * winding[0]);
            }
            (0..2).for_each(|i| wound[i] += winding[i].abs());
        }
        assert!(wound[0] > 0 && wound[1] > 0, "{wound:?}");
    }

    /// Flat, with the average heights of the literature.
    #[test]
    fn columnar_states_are_flat() {
        let model = Dimer::new(SIDE, 1.0, 1).unwrap();
        let (mut state, mut heights) = ([0; 5], [0; 36]);
        let averages = [[0, 0], [0, 1], [1, 0], [1, 1]].map(|[axis, from]| {
            model.columnar(axis, from, &mut state);
            model.heights(&state, &mut heights);
            // Any four faces around a vertex have the average of all.
            let around = |y: usize, x: usize| -> i32 {
                let faces = [6 * y + x, 6 * y + x + 1, 6 * y + 6 + x, 6 * y + 7 + x];
                faces.iter().map(|face| heights[*face]).sum()
            };
            for y in 0..5 {
                for x in 0..5 {
                    assert_eq!(around(y, x), around(0, 0));
                }
            }
            // In eighths of a period of 4 quarters.
            (around(0, 0).rem_euclid(16)) / 2
        });
        let mut sorted = averages;
        sorted.sort_unstable();
        assert_eq!(sorted, [1, 3, 5, 7], "{averages:?}");
    }
}
