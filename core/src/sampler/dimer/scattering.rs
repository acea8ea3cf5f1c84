//! Where a directed loop goes on: probabilities for each number of parallel neighbours, once per
//! temperature.

use crate::num::math::exp64;

/// 1/T beyond which the scattering is that of T = 0 in 32 bits.
const STRONGEST: f64 = 40.0;

/// Share of the heat bath, a_ik = w_i w_k / Σ w, where the fewest bounces shut some way.
const HEAT_BATH: f64 = 1.0 / 64.0;

/// Numbers of parallel neighbours that four dimers from a vertex can have, up to order: each of two
/// opposite pairs has (0, 0) to (2, 0).
const CASES: usize = 36;

/// For the four numbers as fields of two bits, which of the cases it is.
static CASE: [u8; 256] = {
    let mut case = [0; 256];
    let mut code = 0;
    while code < 256 {
        let (ahead, aside) = (pair(code, code >> 4), pair(code >> 2, code >> 6));
        if let (Some(ahead), Some(aside)) = (ahead, aside) {
            case[code] = 6 * ahead + aside;
        }
        code += 1;
    }
    case
};

/// Index of the numbers in the lowest fields of `a` and `b`, if they add up to 2 at most.
const fn pair(a: usize, b: usize) -> Option<u8> {
    let (a, b) = (a & 3, b & 3);
    if a + b > 2 {
        return None;
    }
    Some(a as u8 + [0, 3, 5][b])
}

/// For each case, seen from the dimer that was taken up: the bounds, in units of 2⁻³², below which
/// the next is laid one, two, three directions on; beyond, it bounces.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scattering([[u32; 3]; CASES]);

impl Scattering {
    /// The bounds at a temperature above 0.
    pub(super) fn new(temperature: f64) -> Self {
        let beta = 1.0 / temperature;
        let beta = if beta < STRONGEST { beta } else { STRONGEST };
        let mut scatter = [[0; 3]; CASES];
        for (code, case) in CASE.iter().enumerate() {
            let parallel = [0, 2, 4, 6].map(|at| (code >> at & 3) as i32);
            if parallel[0] + parallel[2] > 2 || parallel[1] + parallel[3] > 2 {
                continue;
            }
            let row = scattering(parallel, beta)[0];
            let mut below = 0.0;
            for (bound, k) in scatter[*case as usize].iter_mut().zip(1..) {
                below += row[k];
                // The cast saturates: a share of 2⁻³² at most bounces in vain.
                *bound = (below * 4_294_967_296.0 + 0.5) as u32;
            }
        }
        Scattering(scatter)
    }

    /// The bounds for numbers of parallel neighbours in fields of two bits.
    #[inline(always)]
    pub(super) fn bounds(&self, seen: u8) -> &[u32; 3] {
        &self.0[CASE[usize::from(seen)] as usize]
    }
}

/// Probabilities p_ik = a_ik / w_i of the dimers by their number of parallel neighbours, each row with the
/// dimer that was taken up.
///
/// The fewest bounces are max(0, w₁ − w₂ − w₃ − w₄), weights in falling order. What freedom is left
/// makes the smallest a_ik of all as large as it can be, a third of min(w₄, (w₂ + w₃ + w₄ − w₁)/2).
/// Nothing cancels here, however small the weights.
fn scattering(parallel: [i32; 4], beta: f64) -> [[f64; 4]; 4] {
    let mut order = [0, 1, 2, 3];
    order.sort_unstable_by_key(|i| (-parallel[*i], *i));
    let most = parallel[order[0]];
    let w = order.map(|i| exp64(beta * f64::from(parallel[i] - most)));
    let slack = (w[1] - w[0]) + w[2] + w[3];
    let mut a = [[0.0; 4]; 4];
    let mut join = |i: usize, k: usize, value: f64| {
        a[i][k] = value;
        a[k][i] = value;
    };
    if (w[1] - w[0]) + (w[2] - w[3]) >= 0.0 {
        let third = w[3] / 3.0;
        (0..3).for_each(|i| join(i, 3, third));
        join(0, 1, 0.5 * (w[0] + (w[1] - w[2]) - third));
        join(0, 2, 0.5 * ((w[0] - w[1]) + w[2] - third));
        join(1, 2, 0.5 * ((w[1] - w[0]) + w[2] - third));
    } else {
        let least = if slack > 0.0 { slack / 6.0 } else { 0.0 };
        for i in 1..4 {
            (i + 1..4).for_each(|k| join(i, k, least));
            join(0, i, w[i] - 2.0 * least);
        }
        if slack < 0.0 {
            a[0][0] = -slack;
        }
    }
    if slack <= 0.0 {
        let sum: f64 = w.iter().sum();
        for i in 0..4 {
            for k in 0..4 {
                a[i][k] += HEAT_BATH * (w[i] * w[k] / sum - a[i][k]);
            }
        }
    }
    let mut p = [[0.0; 4]; 4];
    for i in 0..4 {
        for k in 0..4 {
            p[order[i]][order[k]] = a[i][k] / w[i];
        }
    }
    p
}

#[cfg(test)]
mod tests {
    use super::*;
    const TEMPERATURES: [f64; 8] = [1e-300, 0.1, 0.3, 0.65, 1.0, 2.0, 15.0, f64::INFINITY];

    /// All numbers of parallel neighbours.
    fn cases() -> impl Iterator<Item = [i32; 4]> {
        (0..256usize).filter_map(|code| {
            let n = [0, 2, 4, 6].map(|at| (code >> at & 3) as i32);
            (n[0] + n[2] <= 2 && n[1] + n[3] <= 2).then_some(n)
        })
    }

    #[test]
    fn scattering_balances_with_the_fewest_bounces() {
        for temperature in TEMPERATURES {
            let beta = (1.0 / temperature).min(STRONGEST);
            for n in cases() {
                let p = scattering(n, beta);
                let w = n.map(|n| exp64(beta * f64::from(n - 2)));
                let (mut sum, mut most, mut bounces) = (0.0, 0.0f64, 0.0);
                for i in 0..4 {
                    let row: f64 = p[i].iter().sum();
                    assert!((row - 1.0).abs() < 1e-14, "{n:?} {temperature}: {row}");
                    for k in 0..4 {
                        let (there, back) = (w[i] * p[i][k], w[k] * p[k][i]);
                        assert!((there - back).abs() <= 1e-14 * there, "{n:?} {temperature}");
                        assert!(i == k || p[i][k] > 0.0, "{n:?} {temperature}");
                    }
                    sum += w[i];
                    most = most.max(w[i]);
                    bounces += w[i] * p[i][i];
                }
                let fewest = (2.0 * most - sum).max(0.0);
                // What the heat bath adds where a way was shut.
                assert!(bounces >= fewest * (1.0 - HEAT_BATH) - 1e-15 * sum);
                assert!(bounces <= fewest + HEAT_BATH * sum, "{n:?} {temperature}");
                if 2.0 * most < sum * (1.0 - 1e-12) {
                    assert_eq!(bounces, 0.0);
                }
            }
        }
        for row in scattering([0, 1, 2, 0], 0.0) {
            for p in row {
                assert!(p == 0.0 || (p - 1.0 / 3.0).abs() < 1e-15);
            }
        }
    }

    /// The bounds, looked up as a loop does, give the same probabilities within 2⁻³².
    #[test]
    fn bounds_are_those_of_the_scattering() {
        for temperature in TEMPERATURES {
            let scatter = Scattering::new(temperature);
            for n in cases() {
                let p = scattering(n, (1.0 / temperature).min(STRONGEST));
                let code = n.iter().rev().fold(0u8, |code, n| code << 2 | *n as u8);
                for back in 0..4 {
                    let seen = code.rotate_right(2 * back as u32);
                    let bounds = scatter.bounds(seen);
                    let mut below = 0.0;
                    for (bound, on) in bounds.iter().zip(1..) {
                        let share = (f64::from(*bound) - below) / 4_294_967_296.0;
                        let expected = p[back][(back + on) % 4];
                        assert!((share - expected).abs() < 1e-9, "{n:?} {temperature}");
                        below = f64::from(*bound);
                    }
                }
            }
        }
    }
}
