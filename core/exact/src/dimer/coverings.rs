//! Dimer coverings of small tori, counted: weight exp(N/T), N the plaquettes with two parallel
//! dimers.
//!
//! A transfer matrix builds the torus row by row. The state of a row is the set h of its horizontal
//! dimers and the set v of the vertical dimers that leave it upwards; dimers from the row below cover
//! the remaining vertices. Adding a row (h', v') above a row (h, v) adds as many parallel plaquettes as
//! h and h' have dimers in common, plus the pairs of neighbours within v'. For each first row (rotated
//! and reflected ones are counted, not computed) the number of ways to reach each row is recorded by N,
//! until the torus closes on the first row.
//!
//! The winding number around y, Σ (−1)^x v_x up to a sign, is the same in all rows. Besides the number
//! of ways, the sums of the columnar order, Σ (−1)^y v, and of its square are carried along. By symmetry
//! the x axis has the same sums. All are integers below 2⁵³, so [`Coverings`] are exact and independent
//! of temperature.

use blockspin_core::num::math::exp64;

use super::Error;

/// Longest side, which takes 0.2 s. A side of 10 would take a hundred times as long.
pub const MAX_SIDE: u32 = 8;

/// Numbers of parallel plaquettes, from 0 to the number of vertices.
const BINS: usize = (MAX_SIDE * MAX_SIDE) as usize + 1;

/// Absolute winding numbers, from 0 to half a side.
const WINDINGS: usize = MAX_SIDE as usize / 2 + 1;

/// Number of coverings, sum of the columnar order, and of its square.
const SUMS: usize = 3;

/// Sums for one row, for all N.
type Sums = [[f64; BINS]; SUMS];

/// Dimers of a row, as bit sets.
#[derive(Clone, Copy)]
struct Row {
    /// Vertices covered from below.
    down: u8,
    /// Vertices with a dimer to the next vertex in the row.
    right: u8,
    /// Vertices with a dimer to the row above.
    up: u8,
}

/// The coverings of a torus, counted by parallel plaquettes and winding number.
#[derive(Clone, Debug, PartialEq)]
pub struct Coverings {
    side: u32,
    /// Number of coverings by N and |W|.
    numbers: [[f64; WINDINGS]; BINS],
    /// Σ of the squared columnar sum along one axis, by N.
    columnar: [f64; BINS],
}

/// Exact means at a temperature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Means {
    /// ⟨N⟩ per vertex.
    pub parallel_plaquettes_per_site: f64,
    /// Variance of N per vertex, over T².
    pub specific_heat: f64,
    /// ⟨W²⟩ of the winding number around one axis.
    pub winding_x_squared: f64,
    /// ⟨D²⟩ of the columnar order parameter, which has length 1 in a columnar state.
    pub columnar_order_squared: f64,
}

/// Checks that coverings of a torus with this side can be counted.
///
/// # Errors
/// [`Error::Side`] unless it is 4, 6 or 8.
fn check_side(side: u32) -> Result<(), Error> {
    if side.is_multiple_of(2) && (4..=MAX_SIDE).contains(&side) {
        Ok(())
    } else {
        Err(Error::Side(side))
    }
}

/// Number of parallel plaquettes between neighbouring vertical dimers of a row.
fn beside(set: u8, side: u32) -> usize {
    (set & turned(set, 1, side)).count_ones() as usize
}

/// A set of vertices of a row, shifted to the right.
fn turned(set: u8, by: u32, side: u32) -> u8 {
    let set = u32::from(set);
    ((set << by | set >> (side - by)) & ((1 << side) - 1)) as u8
}

/// A set of vertices of a row, reflected.
fn mirrored(set: u8, side: u32) -> u8 {
    set.reverse_bits() >> (8 - side)
}

/// All rows of a torus (1154 at side 8), grouped by the vertices covered from below.
struct Rows {
    side: u32,
    rows: Vec<Row>,
    /// Where the rows with each set `down` begin, and one past the end.
    begin: [u16; 257],
}

impl Rows {
    fn new(side: u32) -> Self {
        let all = ((1u32 << side) - 1) as u8;
        let mut found = Rows {
            side,
            rows: vec![],
            begin: [0; 257],
        };
        for down in 0..=all {
            for right in 0..=all {
                let next = turned(right, 1, side);
                if right & next == 0 && (right | next) & down == 0 {
                    found.rows.push(Row {
                        down,
                        right,
                        up: all & !(down | right | next),
                    });
                }
            }
            found.begin[usize::from(down) + 1] = found.rows.len() as u16;
        }
        found
    }

    /// Indices of the rows that may lie on one.
    fn above(&self, row: Row) -> std::ops::Range<usize> {
        let up = usize::from(row.up);
        usize::from(self.begin[up])..usize::from(self.begin[up + 1])
    }

    /// Number of rows equivalent to this one by rotation and reflection, if it is the first of them.
    fn alike(&self, row: Row) -> Option<usize> {
        let number =
            |row: Row| u32::from(row.down) << 16 | u32::from(row.right) << 8 | u32::from(row.up);
        let own = number(row);
        let mut fixed = 0;
        for mirror in [false, true] {
            for by in 0..self.side {
                let map = |set| {
                    let set = if mirror {
                        mirrored(set, self.side)
                    } else {
                        set
                    };
                    turned(set, by, self.side)
                };
                // Reflection turns a dimer's left end into its right end.
                let right = map(row.right);
                let right = if mirror {
                    turned(right, self.side - 1, self.side)
                } else {
                    right
                };
                let image = number(Row {
                    down: map(row.down),
                    right,
                    up: map(row.up),
                });
                if image < own {
                    return None;
                }
                fixed += usize::from(image == own);
            }
        }
        Some(2 * self.side as usize / fixed)
    }
}

impl Coverings {
    /// Counts the coverings of a torus of `side` × `side` vertices.
    ///
    /// It needs 4 MB for the largest torus.
    ///
    /// # Errors
    /// [`Error::Side`].
    pub fn new(side: u32) -> Result<Self, Error> {
        check_side(side)?;
        let rows = Rows::new(side);
        let mut old = vec![[[0.0; BINS]; SUMS]; rows.rows.len()];
        let mut new = old.clone();
        let mut coverings = Coverings {
            side,
            numbers: [[0.0; WINDINGS]; BINS],
            columnar: [0.0; BINS],
        };
        for (index, first) in rows.rows.iter().enumerate() {
            let Some(alike) = rows.alike(*first) else {
                continue;
            };
            old.fill([[0.0; BINS]; SUMS]);
            old[index][0][0] = 1.0;
            for y in 0..side {
                add_row(&rows, y, &old, &mut new);
                std::mem::swap(&mut old, &mut new);
            }
            let odd = (first.up & 0x55).count_ones();
            let winding = odd.abs_diff((first.up & 0xaa).count_ones()) as usize;
            for n in 0..BINS {
                coverings.numbers[n][winding] += alike as f64 * old[index][0][n];
                coverings.columnar[n] += alike as f64 * old[index][2][n];
            }
        }
        Ok(coverings)
    }

    /// Vertices along a side.
    #[must_use]
    pub fn side(&self) -> u32 {
        self.side
    }

    /// Number of coverings.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.histogram().sum()
    }

    /// Number of coverings with N = 0, 1, … up to the number of vertices.
    pub fn histogram(&self) -> impl Iterator<Item = u64> {
        self.bins().map(|bin| bin.iter().sum::<f64>() as u64)
    }

    /// Probabilities of N = 0, 1, … up to the number of vertices at a temperature.
    ///
    /// # Errors
    /// [`Error::Temperature`] unless it is above 0.
    pub fn law(&self, temperature: f64) -> Result<impl Iterator<Item = f64>, Error> {
        let weights = self.weights(temperature)?;
        Ok(self
            .bins()
            .zip(weights)
            .map(|(bin, weight)| weight * bin.iter().sum::<f64>()))
    }

    /// Probabilities of |W| = 0, 1, … up to half a side at a temperature, of the winding number
    /// around one axis.
    ///
    /// # Errors
    /// [`Error::Temperature`] unless it is above 0.
    pub fn winding_law(&self, temperature: f64) -> Result<impl Iterator<Item = f64>, Error> {
        let weights = self.weights(temperature)?;
        Ok((0..=self.side as usize / 2).map(move |winding| {
            self.bins()
                .zip(weights)
                .map(|(bin, weight)| weight * bin[winding])
                .sum()
        }))
    }

    /// Means at a temperature in units of the interaction; it may be infinite.
    ///
    /// # Errors
    /// [`Error::Temperature`] unless it is above 0.
    pub fn means(&self, temperature: f64) -> Result<Means, Error> {
        let weights = self.weights(temperature)?;
        let sites = f64::from(self.side * self.side);
        let (mut parallel, mut columnar) = (0.0, 0.0);
        for (n, p) in self.law(temperature)?.enumerate() {
            parallel += p * n as f64;
            columnar += weights[n] * self.columnar[n];
        }
        let mut variance = 0.0;
        for (n, p) in self.law(temperature)?.enumerate() {
            variance += p * (n as f64 - parallel) * (n as f64 - parallel);
        }
        let mut winding = 0.0;
        for (w, p) in self.winding_law(temperature)?.enumerate() {
            winding += p * (w * w) as f64;
        }
        Ok(Means {
            parallel_plaquettes_per_site: parallel / sites,
            // Where T² underflows to 0 the variance is 0 as well.
            specific_heat: if variance > 0.0 {
                variance / temperature / temperature / sites
            } else {
                0.0
            },
            winding_x_squared: winding,
            columnar_order_squared: 8.0 * columnar / (sites * sites),
        })
    }

    /// Numbers of coverings by N, up to the number of vertices.
    fn bins(&self) -> impl Iterator<Item = &[f64; WINDINGS]> {
        self.numbers[..=(self.side * self.side) as usize].iter()
    }

    /// exp(N/T) / Z.
    fn weights(&self, temperature: f64) -> Result<[f64; BINS], Error> {
        if temperature.is_nan() || temperature <= 0.0 {
            return Err(Error::Temperature(temperature));
        }
        // Columnar states have the largest N: every row, or column, of L/2 dimers.
        let most = f64::from(self.side * self.side / 2);
        let mut weights = [0.0; BINS];
        let mut sum = 0.0;
        for (n, bin) in self.bins().enumerate() {
            let count: f64 = bin.iter().sum();
            if count > 0.0 {
                weights[n] = exp64((n as f64 - most) / temperature);
                sum += weights[n] * count;
            }
        }
        weights.iter_mut().for_each(|weight| *weight /= sum);
        Ok(weights)
    }
}

/// Adds row `y` on top of the rows built so far.
fn add_row(rows: &Rows, y: u32, old: &[Sums], new: &mut [Sums]) {
    new.fill([[0.0; BINS]; SUMS]);
    for (row, sums) in rows.rows.iter().zip(old) {
        if sums[0].iter().all(|count| *count == 0.0) {
            continue;
        }
        for above in rows.above(*row) {
            let shared = (row.right & rows.rows[above].right).count_ones() as usize;
            for (from, to) in sums.iter().zip(&mut new[above]) {
                for (from, to) in from[..BINS - shared].iter().zip(&mut to[shared..]) {
                    *to += from;
                }
            }
        }
    }
    for (row, sums) in rows.rows.iter().zip(new) {
        let parallel = beside(row.up, rows.side);
        for sums in sums.iter_mut() {
            sums.copy_within(..BINS - parallel, parallel);
            sums[..parallel].fill(0.0);
        }
        let dimers = f64::from(row.up.count_ones());
        let added = if y.is_multiple_of(2) { dimers } else { -dimers };
        for n in 0..BINS {
            sums[2][n] += added * (2.0 * sums[1][n] + added * sums[0][n]);
            sums[1][n] += added * sums[0][n];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(side: u32) -> Coverings {
        Coverings::new(side).unwrap()
    }

    /// Lists every covering: the first free vertex gets a dimer along its row or its column.
    fn each_covering(side: usize, dimers: &mut [Option<bool>; 36], of: &mut impl FnMut(&Covering)) {
        let vertices = side * side;
        let covered = |dimers: &[Option<bool>; 36], at: usize| {
            let (y, x) = (at / side, at % side);
            let left = y * side + (x + side - 1) % side;
            let below = (y + side - 1) % side * side + x;
            dimers[at].is_some() || dimers[left] == Some(true) || dimers[below] == Some(false)
        };
        let Some(at) = (0..vertices).find(|at| !covered(dimers, *at)) else {
            of(&Covering { side, dimers });
            return;
        };
        let (y, x) = (at / side, at % side);
        let ends = [
            (at, true, y * side + (x + 1) % side),
            (y * side + (x + side - 1) % side, true, at),
            (at, false, (y + 1) % side * side + x),
            ((y + side - 1) % side * side + x, false, at),
        ];
        for (from, row, to) in ends {
            let other = if from == at { to } else { from };
            if !covered(dimers, other) {
                dimers[from] = Some(row);
                each_covering(side, dimers, of);
                dimers[from] = None;
            }
        }
    }

    /// Along row or column for each vertex where a dimer begins.
    struct Covering<'a> {
        side: usize,
        dimers: &'a [Option<bool>; 36],
    }

    impl Covering<'_> {
        fn at(&self, y: usize, x: usize) -> Option<bool> {
            self.dimers[y % self.side * self.side + x % self.side]
        }

        fn sum(&self, value: impl Fn(usize, usize) -> i32) -> i32 {
            (0..self.side)
                .flat_map(|y| (0..self.side).map(move |x| (y, x)))
                .map(|(y, x)| value(y, x))
                .sum()
        }
    }

    #[test]
    fn coverings_are_those_of_the_list() {
        for side in [4, 6] {
            let mut listed = Coverings {
                side: side as u32,
                numbers: [[0.0; WINDINGS]; BINS],
                columnar: [0.0; BINS],
            };
            let sign = |at: usize| 1 - 2 * (at % 2) as i32;
            each_covering(side, &mut [None; 36], &mut |covering| {
                let is = |y, x, row| i32::from(covering.at(y, x) == Some(row));
                let parallel = covering.sum(|y, x| {
                    is(y, x, true) * is(y + 1, x, true) + is(y, x, false) * is(y, x + 1, false)
                });
                let winding: i32 = (0..side).map(|y| sign(y) * is(y, 0, true)).sum();
                let columnar = covering.sum(|y, x| sign(x) * is(y, x, true));
                listed.numbers[parallel as usize][winding.unsigned_abs() as usize] += 1.0;
                listed.columnar[parallel as usize] += f64::from(columnar * columnar);
            });
            assert_eq!(counted(side as u32), listed);
        }
    }

    #[test]
    fn known_numbers_of_coverings() {
        assert_eq!(counted(4).count(), 272);
        assert_eq!(counted(6).count(), 90_176);
    }

    #[test]
    fn means_follow_the_law() {
        let coverings = counted(4);
        let free = coverings.means(f64::INFINITY).unwrap();
        assert_eq!(free.specific_heat, 0.0);
        let total: u64 = coverings
            .histogram()
            .zip(0..)
            .map(|(count, n)| count * n)
            .sum();
        let mean = total as f64 / (16.0 * 272.0);
        assert!((free.parallel_plaquettes_per_site - mean).abs() < 1e-15);
        // The four columnar states.
        let cold = coverings.means(1e-300).unwrap();
        assert_eq!(cold.parallel_plaquettes_per_site, 0.5);
        assert_eq!(cold.columnar_order_squared, 1.0);
        assert_eq!((cold.winding_x_squared, cold.specific_heat), (0.0, 0.0));
        // dN/dT = C
        let at = |t| coverings.means(t).unwrap();
        let slope = at(0.701).parallel_plaquettes_per_site - at(0.699).parallel_plaquettes_per_site;
        assert!((slope / 0.002 + at(0.7).specific_heat).abs() < 1e-5);
        for t in [0.3, 0.65, 1.0, f64::INFINITY] {
            assert!((coverings.law(t).unwrap().sum::<f64>() - 1.0).abs() < 1e-14);
            assert!((coverings.winding_law(t).unwrap().sum::<f64>() - 1.0).abs() < 1e-14);
        }
    }

    #[test]
    fn refusals() {
        for side in [0, 2, 5, 10, 64] {
            assert_eq!(Coverings::new(side), Err(Error::Side(side)));
        }
        let zero = counted(4).means(0.0);
        assert_eq!(zero, Err(Error::Temperature(0.0)));
        assert!(counted(4).means(f64::NAN).is_err());
    }
}
