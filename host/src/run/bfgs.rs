//! Limited-memory BFGS (Nocedal 1980), uphill: the refinement of a filter under a fixed critic
//! (RSMI-NE, eq. B12).
//!
//! With changes s_k of the point and y_k of the slope downhill, the direction H g is built from the last
//! `memory` pairs and H₀ = (s·y / y·y) 1; with a memory as long as the run it is that of BFGS from the
//! same H₀. A step t along it fulfils the weak conditions of Wolfe,
//!
//! ```text
//! f(x + t d) ≥ f(x) + 10⁻⁴ t g·d,    g(x + t d)·d ≤ 0.9 g·d,
//! ```
//!
//! found by doubling and halving (Lewis and Overton 2013), which also ends where f has kinks, as
//! critics with ReLU have. What is maximised must be one function: the same samples, the same noise, every time.

use blockspin_core::num::math::sqrt64;

/// Fractions of the slope at the start that a step must gain, and may keep.
const GAIN: f64 = 1e-4;
const KEPT: f64 = 0.9;
/// Points that are tried along a direction.
const TRIES: u32 = 40;

/// Where the ascent ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ascent {
    /// f at the start.
    pub(super) before: f64,
    /// f at the end, never less.
    pub(super) after: f64,
    /// Steps that were taken.
    pub(super) steps: u32,
    /// Points at which f was asked for.
    pub(super) evaluations: u32,
}

/// Numbers of storage for `n` variables and the last `memory` steps.
#[must_use]
pub(super) const fn storage_len(n: usize, memory: usize) -> usize {
    (2 * memory + 6) * n + 2 * memory
}

/// The last steps: changes s of the point and y of the slope downhill, the newest before `next`.
struct Memory<'a> {
    n: usize,
    s: &'a mut [f64],
    y: &'a mut [f64],
    /// s·y of every pair.
    curvatures: &'a mut [f64],
    shares: &'a mut [f64],
    held: usize,
    next: usize,
}

impl Memory<'_> {
    fn capacity(&self) -> usize {
        self.curvatures.len()
    }

    /// The pair that is `age` steps old.
    fn at(&self, age: usize) -> usize {
        (self.next + self.capacity() - 1 - age) % self.capacity()
    }

    fn pair(&self, k: usize) -> (&[f64], &[f64]) {
        let range = k * self.n..(k + 1) * self.n;
        (&self.s[range.clone()], &self.y[range])
    }

    /// Turns a gradient g into H g.
    fn bend(&mut self, g: &mut [f64]) {
        for age in 0..self.held {
            let k = self.at(age);
            let (s, y) = self.pair(k);
            let share = dot(s, g) / self.curvatures[k];
            add(g, -share, y);
            self.shares[k] = share;
        }
        if self.held > 0 {
            let k = self.at(0);
            let (_, y) = self.pair(k);
            let scale = self.curvatures[k] / dot(y, y);
            g.iter_mut().for_each(|g| *g *= scale);
        }
        for age in (0..self.held).rev() {
            let k = self.at(age);
            let (s, y) = self.pair(k);
            let share = self.shares[k] - dot(y, g) / self.curvatures[k];
            add(g, share, s);
        }
    }

    /// Takes in a step, unless the slope did not fall along it.
    fn push(&mut self, from: (&[f64], &[f64]), to: (&[f64], &[f64])) {
        if self.capacity() == 0 {
            return;
        }
        let range = self.next * self.n..(self.next + 1) * self.n;
        let (s, y) = (&mut self.s[range.clone()], &mut self.y[range]);
        for (s, (to, from)) in s.iter_mut().zip(to.0.iter().zip(from.0)) {
            *s = to - from;
        }
        for (y, (to, from)) in y.iter_mut().zip(to.1.iter().zip(from.1)) {
            *y = from - to;
        }
        let curvature = dot(s, y);
        if curvature > 0.0 && curvature.is_finite() {
            self.curvatures[self.next] = curvature;
            self.next = (self.next + 1) % self.capacity();
            self.held += usize::from(self.held < self.capacity());
        }
    }
}

/// Moves `x` uphill by at most `steps` steps; ends before where a step gains less than `tolerance`. `f`
/// writes the gradient at a point and returns the value; what is not finite counts as below all else.
/// None, if `storage` is shorter than [`storage_len`] or f is not finite at the start.
pub(super) fn ascend(
    x: &mut [f64],
    storage: &mut [f64],
    memory: usize,
    steps: u32,
    tolerance: f64,
    mut f: impl FnMut(&[f64], &mut [f64]) -> f64,
) -> Option<Ascent> {
    let n = x.len();
    let mut rest = storage.get_mut(..storage_len(n, memory))?;
    let mut take = |length: usize| rest.split_off_mut(..length);
    let mut memory = Memory {
        n,
        s: take(memory * n)?,
        y: take(memory * n)?,
        curvatures: take(memory)?,
        shares: take(memory)?,
        held: 0,
        next: 0,
    };
    let (gradient, direction) = (take(n)?, take(n)?);
    let (point, slope, best, best_slope) = (take(n)?, take(n)?, take(n)?, take(n)?);
    let mut value_at = |x: &[f64], gradient: &mut [f64]| {
        let value = f(x, gradient);
        let finite = value.is_finite() && gradient.iter().all(|g| g.is_finite());
        finite.then_some(value)
    };

    let before = value_at(x, gradient)?;
    let mut ascent = Ascent {
        before,
        after: before,
        steps: 0,
        evaluations: 1,
    };
    while ascent.steps < steps {
        direction.copy_from_slice(gradient);
        memory.bend(direction);
        let rise = dot(gradient, direction);
        if !(rise > 0.0 && rise.is_finite()) {
            break;
        }
        // Nothing is known of the scale at first: a hundredth of x, or of 1.
        let mut t = 1.0;
        if memory.held == 0 {
            let length = sqrt64(dot(x, x));
            let length = if length > 0.0 { length } else { 1.0 };
            t = 0.01 * length / sqrt64(dot(direction, direction));
        }
        let (mut low, mut high, mut found) = (0.0, f64::INFINITY, None);
        for _ in 0..TRIES {
            for (p, (x, d)) in point.iter_mut().zip(x.iter().zip(direction.iter())) {
                *p = x + t * d;
            }
            ascent.evaluations += 1;
            match value_at(point, slope) {
                Some(value) if value >= ascent.after + GAIN * t * rise => {
                    best.copy_from_slice(point);
                    best_slope.copy_from_slice(slope);
                    found = Some(value);
                    if dot(slope, direction) <= KEPT * rise {
                        break;
                    }
                    low = t;
                }
                _ => high = t,
            }
            t = match high.is_finite() {
                true => 0.5 * (low + high),
                false => 2.0 * low,
            };
        }
        let Some(value) = found else { break };
        memory.push((x, gradient), (best, best_slope));
        x.copy_from_slice(best);
        gradient.copy_from_slice(best_slope);
        let gained = value - ascent.after;
        ascent.after = value;
        ascent.steps += 1;
        if gained < tolerance {
            break;
        }
    }
    Some(ascent)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b)
}

fn add(to: &mut [f64], factor: f64, from: &[f64]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += factor * from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use blockspin_core::num::math::{exp64, ln_1p_64};

    fn climb<const N: usize>(
        start: [f64; N],
        memory: usize,
        steps: u32,
        f: impl FnMut(&[f64], &mut [f64]) -> f64,
    ) -> ([f64; N], Ascent) {
        let (mut x, mut storage) = (start, [0.0; 400]);
        let storage = &mut storage[..storage_len(N, memory)];
        let ascent = ascend(&mut x, storage, memory, steps, 0.0, f).unwrap();
        assert!(ascent.after >= ascent.before);
        (x, ascent)
    }

    /// −Rosenbrock, whose top is 0 at (1, 1).
    fn banana(x: &[f64], g: &mut [f64]) -> f64 {
        let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
        g[0] = 2.0 * a + 400.0 * x[0] * b;
        g[1] = -200.0 * b;
        -(a * a + 100.0 * b * b)
    }

    #[test]
    fn it_follows_a_bent_valley() {
        let (x, ascent) = climb([-1.2, 1.0], 8, 100, banana);
        assert!(
            (x[0] - 1.0).abs() < 1e-7 && (x[1] - 1.0).abs() < 1e-7,
            "{x:?}"
        );
        assert!(ascent.steps < 50 && ascent.evaluations < 80, "{ascent:?}");
        // Steepest ascent is nowhere near by then.
        let (_, plain) = climb([-1.2, 1.0], 0, ascent.steps, banana);
        assert!(plain.after < -1e-3, "{plain:?}");
    }

    /// A quadratic form of condition 10⁴ is done in about as many steps as it has variables.
    #[test]
    fn a_long_memory_ends_a_quadratic_form() {
        let f = |x: &[f64], g: &mut [f64]| {
            let mut sum = 0.0;
            for (i, (x, g)) in x.iter().zip(g).enumerate() {
                let stiffness = [1.0, 10.0, 100.0, 1e3, 1e4][i];
                *g = -stiffness * (x - 1.0);
                sum -= 0.5 * stiffness * (x - 1.0) * (x - 1.0);
            }
            sum
        };
        let (x, ascent) = climb([0.0; 5], 20, 60, f);
        assert!(x.iter().all(|x| (x - 1.0).abs() < 1e-6), "{x:?} {ascent:?}");
    }

    /// The kink of −|x| is its top; −ln(1 + eˣ) has none, and is bounded.
    #[test]
    fn kinks_and_missing_tops_end_it() {
        let kinked = |x: &[f64], g: &mut [f64]| {
            g[0] = if x[0] > 0.0 { -1.0 } else { 1.0 };
            -x[0].abs()
        };
        let (x, _) = climb([3.0], 4, 100, kinked);
        assert!(x[0].abs() < 1e-3, "{x:?}");
        let endless = |x: &[f64], g: &mut [f64]| {
            let e = exp64(x[0]);
            g[0] = -e / (1.0 + e);
            -ln_1p_64(e)
        };
        let (x, ascent) = climb([1.0], 4, 100, endless);
        assert!(x[0] < -10.0 && ascent.after <= 0.0, "{x:?} {ascent:?}");
    }

    #[test]
    fn where_nothing_is_known_nothing_is_done() {
        let mut x = [1.0];
        let nan = |_: &[f64], g: &mut [f64]| {
            g[0] = 1.0;
            f64::NAN
        };
        let mut storage = [0.0; storage_len(1, 1)];
        assert_eq!(ascend(&mut x, &mut storage, 1, 9, 0.0, nan), None);
        assert_eq!(ascend(&mut x, &mut [0.0; 3], 1, 9, 0.0, |_, _| 0.0), None);
        // Beyond x = 2 there is no number.
        let cliff = |x: &[f64], g: &mut [f64]| {
            g[0] = 1.0;
            if x[0] < 2.0 { x[0] } else { f64::NAN }
        };
        let (x, _) = climb([0.0], 3, 50, cliff);
        assert!(x[0] < 2.0 && x[0] > 1.9, "{x:?}");
    }
}
