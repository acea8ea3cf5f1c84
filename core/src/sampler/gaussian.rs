//! The free Gaussian field, in one, two or three dimensions,
//!
//! ```text
//! S = ½ Σ_⟨ij⟩ (φ_i − φ_j)² + ½ m² Σ_i φ_i²,   weight e^−S
//! ```
//!
//! by over-relaxed heat baths (Adler, Phys. Rev. D 23, 2901, 1981); `blockspin_exact::gaussian` has its
//! informations and means in closed form.
//!
//! # Over-relaxation
//! Given its neighbours, φ at a site has the mean μ = Σ φ_j / a and the variance 1/a, with
//! a = 2d + m². The update
//!
//! ```text
//! φ' = μ + (1 − ω) (φ − μ) + √(ω (2 − ω) / a) ξ,   0 < ω < 2
//! ```
//!
//! leaves this law as it is: beyond the heat bath, ω = 1, φ crosses over to the other side of μ. A
//! sweep takes the sites whose coordinates have an even sum, then the others. What it was before is
//! forgotten as errors are by successive over-relaxation of linear equations (Goodman and Sokal,
//! Phys. Rev. D 40, 2035, 1989): a Jacobi step multiplies a mode by ρ_k = 2 Σ_a cos k_a / a, and
//! the slowest mode decays fastest, by ω − 1 a sweep, at
//!
//! ```text
//! ω = 2 / (1 + √(1 − ρ²)),   ρ the largest ρ_k   (Young 1954)
//! ```
//!
//! That would be k = 0; but Σ φ is independent of all other modes, with the variance N/m², and is
//! drawn anew in each sweep. The next is the longest wave along the longest side L,
//!
//! ```text
//! ρ = (2d − 4 sin²(π/L)) / (2d + m²)
//! ```
//!
//! so that memory lasts for some L sweeps at most, for m → 0 too, where that of a heat bath lasts
//! for L². Along an odd side two sites of a sublattice are neighbours: the law is the same, and ω
//! nearly the best.

use core::f64::consts::PI;
use core::fmt;
use core::ops::RangeInclusive;

use super::{Sampler, Start};
use crate::lattice::Lattice;
use crate::num::math::{sin64, sqrt64};
use crate::num::rng::Stream;

/// Masses. The common part of all φ is of order 1/(√N m); at the lower end an f32 still has three
/// digits left for the differences between neighbours on two sites, six on a million.
pub const MASSES: RangeInclusive<f64> = 1e-3..=1e3;

/// Why a Gaussian field cannot be sampled.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum GaussianError {
    /// A mass that is not from [`MASSES`].
    Mass(f64),
}

impl fmt::Display for GaussianError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Mass(mass) = self;
        write!(
            f,
            "a mass of {mass}; it is a number from {} to {}",
            MASSES.start(),
            MASSES.end()
        )
    }
}

impl core::error::Error for GaussianError {}

/// The free Gaussian field of a mass on a periodic lattice. Configurations are φ, one number a
/// site.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gaussian {
    lattice: Lattice,
    mass: f64,
    relaxation: f64,
    /// 1/a.
    pull: f32,
    /// 1 − ω.
    kept: f32,
    /// √(ω (2 − ω) / a).
    noise: f32,
    /// Standard deviation of the mean of φ, 1/(√N m).
    mean: f64,
}

impl Gaussian {
    /// The field of a mass in units of the inverse lattice spacing.
    ///
    /// # Errors
    /// The mass is out of range.
    pub fn new(lattice: Lattice, mass: f64) -> Result<Self, GaussianError> {
        if !MASSES.contains(&mass) {
            return Err(GaussianError::Mass(mass));
        }
        let longest = lattice.sides().iter().fold(0, |a, b| a.max(*b));
        let coordination = lattice.coordination() as f64;
        let precision = coordination + mass * mass;
        let sine = sin64(PI / f64::from(longest));
        let slowest = (coordination - 4.0 * sine * sine) / precision;
        // Short rings have no slow mode.
        let slowest = if slowest > 0.0 { slowest } else { 0.0 };
        let relaxation = 2.0 / (1.0 + sqrt64(1.0 - slowest * slowest));
        Ok(Gaussian {
            lattice,
            mass,
            relaxation,
            pull: (1.0 / precision) as f32,
            kept: (1.0 - relaxation) as f32,
            noise: sqrt64(relaxation * (2.0 - relaxation) / precision) as f32,
            mean: 1.0 / (sqrt64(lattice.sites() as f64) * mass),
        })
    }

    /// Mass m.
    #[must_use]
    pub fn mass(&self) -> f64 {
        self.mass
    }

    /// Over-relaxation ω, from 1, a heat bath, to below 2.
    #[must_use]
    pub fn relaxation(&self) -> f64 {
        self.relaxation
    }

    /// Σ φ / N.
    #[must_use]
    pub fn mean(&self, state: &[f32]) -> f64 {
        let sites = self.lattice.sites();
        let sum: f64 = state[..sites].iter().map(|phi| f64::from(*phi)).sum();
        sum / sites as f64
    }

    /// Σ φ².
    fn squares(&self, state: &[f32]) -> f64 {
        let squares = state[..self.lattice.sites()].iter();
        squares.map(|phi| f64::from(*phi) * f64::from(*phi)).sum()
    }

    /// Moves every second site, those whose coordinates have an even sum or the others.
    fn relax(&self, odd: bool, state: &mut [f32], stream: &mut Stream) {
        let columns = self.lattice.extent()[2] as usize;
        for row in (0..state.len()).step_by(columns) {
            let beside = self.lattice.neighbours(row as u32);
            let first = usize::from(self.lattice.is_odd(row as u32) != odd);
            for x in (first..columns).step_by(2) {
                let right = if x + 1 == columns { 0 } else { x + 1 };
                let left = if x == 0 { columns - 1 } else { x - 1 };
                let mut sum = state[row + right] + state[row + left];
                for start in &beside[2..] {
                    sum += state[*start as usize + x];
                }
                let mean = sum * self.pull;
                let phi = &mut state[row + x];
                *phi = mean + self.kept * (*phi - mean) + self.noise * stream.normal();
            }
        }
    }
}

impl Sampler for Gaussian {
    type Cell = f32;
    type Value = f32;

    fn lattice(&self) -> Lattice {
        self.lattice
    }

    fn state_len(&self) -> usize {
        self.lattice.sites()
    }

    fn scratch_len(&self) -> usize {
        0
    }

    /// Hot: without bonds, every φ with the variance 1/m². Cold: 0.
    fn start(&self, start: Start, state: &mut [f32], stream: &mut Stream) {
        let state = &mut state[..self.lattice.sites()];
        let deviation = (1.0 / self.mass) as f32;
        match start {
            Start::Hot => state.fill_with(|| deviation * stream.normal()),
            Start::Cold => state.fill(0.0),
        }
    }

    /// Every site once, then the mean of φ anew.
    fn sweep(&self, state: &mut [f32], _scratch: &mut [u32], stream: &mut Stream) {
        let state = &mut state[..self.lattice.sites()];
        self.relax(false, state, stream);
        self.relax(true, state, stream);
        let mean = self.mean * f64::from(stream.normal());
        let shift = (mean - self.mean(state)) as f32;
        state.iter_mut().for_each(|phi| *phi += shift);
    }

    /// Under a fair sign.
    fn keep(&self, state: &[f32], kept: &mut [f32], stream: &mut Stream) {
        let sites = self.lattice.sites();
        let sign = if stream.coin() { -1.0 } else { 1.0 };
        for (kept, phi) in kept[..sites].iter_mut().zip(&state[..sites]) {
            *kept = sign * phi;
        }
    }

    /// S.
    fn energy(&self, state: &[f32]) -> f64 {
        let sites = self.lattice.sites();
        let columns = self.lattice.extent()[2] as usize;
        let phi = |site: usize| f64::from(state[site]);
        let mut bonds = 0.0;
        for row in (0..sites).step_by(columns) {
            let beside = self.lattice.neighbours(row as u32);
            for x in 0..columns {
                let here = phi(row + x);
                let right = phi(row + if x + 1 == columns { 0 } else { x + 1 });
                bonds += (right - here) * (right - here);
                // Forward along the other axes.
                for start in beside[2..].iter().step_by(2) {
                    let next = phi(*start as usize + x);
                    bonds += (next - here) * (next - here);
                }
            }
        }
        0.5 * (bonds + self.mass * self.mass * self.squares(state))
    }

    /// |Σ φ over the first half of the longest axis − Σ φ over the second| / N: as slow as the longest
    /// wave, while Σ φ is drawn anew in every sweep.
    fn order_parameter(&self, state: &[f32]) -> f64 {
        let extent = self.lattice.extent();
        let mut longest = 0;
        for axis in 1..extent.len() {
            if extent[axis] > extent[longest] {
                longest = axis;
            }
        }
        let side = extent[longest] as usize;
        let stride: usize = extent[longest + 1..].iter().map(|n| *n as usize).product();
        let mut sum = 0.0;
        for (row, phi) in state[..self.lattice.sites()]
            .chunks_exact(stride)
            .enumerate()
        {
            let at = row % side;
            let part: f64 = phi.iter().map(|phi| f64::from(*phi)).sum();
            if at < side / 2 {
                sum += part;
            } else if at >= side - side / 2 {
                sum -= part;
            }
        }
        sum.abs() / self.lattice.sites() as f64
    }

    fn observables(&self) -> &'static [&'static str] {
        &["variance_per_site", "magnetisation_squared"]
    }

    /// Σ φ² / N and (Σ φ / N)².
    fn observe(&self, state: &[f32], to: &mut [f64]) {
        let mean = self.mean(state);
        let all = [
            self.squares(state) / self.lattice.sites() as f64,
            mean * mean,
        ];
        to.iter_mut().zip(all).for_each(|(to, value)| *to = value);
    }

    /// φ.
    fn values(&self, state: &[f32], to: &mut [f32]) {
        let sites = self.lattice.sites();
        to[..sites].copy_from_slice(&state[..sites]);
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::ToString;
    use std::vec;

    use super::*;
    use crate::num::rng::Purpose;

    fn field(sides: &[u32], mass: f64) -> Gaussian {
        Gaussian::new(Lattice::new(sides).unwrap(), mass).unwrap()
    }

    #[test]
    fn refusals() {
        let lattice = Lattice::new(&[4, 4]).unwrap();
        for mass in [0.0, -1.0, 0.9e-3, 1.1e3, f64::NAN, f64::INFINITY] {
            let error = Gaussian::new(lattice, mass).unwrap_err().to_string();
            assert!(error.contains("from 0.001 to 1000"), "{error}");
        }
    }

    /// Of a configuration of whole numbers, where nothing rounds.
    #[test]
    fn measurements_follow_their_definitions() {
        for sides in [&[2][..], &[7], &[2, 2], &[3, 4], &[2, 3, 4], &[5, 2, 3]] {
            let model = field(sides, 0.5);
            let lattice = model.lattice();
            let mut state = vec![0.0; model.state_len()];
            for (site, phi) in (0..).zip(&mut state) {
                *phi = (site * site % 11) as f32 - 4.0;
            }
            let phi = |site: u32| f64::from(state[site as usize]);
            let (mut action, mut sum, mut squares) = (0.0, 0.0, 0.0);
            for site in 0..lattice.sites() as u32 {
                for other in lattice.neighbours(site) {
                    // Each bond is met from both ends.
                    action += 0.25 * (phi(site) - phi(other)) * (phi(site) - phi(other));
                }
                action += 0.125 * phi(site) * phi(site);
                sum += phi(site);
                squares += phi(site) * phi(site);
            }
            let sites = lattice.sites() as f64;
            let mut observed = [0.0; 2];
            model.observe(&state, &mut observed);
            assert_eq!(model.energy(&state), action, "{sides:?}");
            let longest = *sides.iter().max().unwrap();
            let axis = sides.iter().position(|side| *side == longest).unwrap();
            let stride: u32 = sides[axis + 1..].iter().product();
            let halves: f64 = (0..lattice.sites() as u32)
                .map(|site| {
                    let at = site / stride % longest;
                    let sign = f64::from(at < longest / 2) - f64::from(at >= longest.div_ceil(2));
                    sign * phi(site)
                })
                .sum();
            assert!((model.order_parameter(&state) - halves.abs() / sites).abs() < 1e-12);
            assert_eq!(observed, [squares / sites, (sum / sites) * (sum / sites)]);

            let (mut kept, mut signs) = (state.clone(), [false; 2]);
            let mut stream = Stream::new(1, 0, Purpose::Sample);
            for _ in 0..20 {
                model.keep(&state, &mut kept, &mut stream);
                let turned = kept[0] != state[0];
                signs[usize::from(turned)] = true;
                let sign = if turned { -1.0 } else { 1.0 };
                assert!(kept.iter().zip(&state).all(|(a, b)| *a == sign * b));
            }
            assert_eq!(signs, [true; 2]);
            model.values(&state, &mut kept);
            assert_eq!(kept, state);
        }
    }

    /// The extremes of mass on long and short lattices: ω is below 2, and no φ overflows.
    #[test]
    fn extremes_stay_finite() {
        for sides in [&[2][..], &[3], &[300], &[2, 2], &[2, 30], &[2, 2, 3]] {
            for mass in [1e-3, 1.0, 1e3] {
                let model = field(sides, mass);
                assert!((1.0..2.0).contains(&model.relaxation()), "{sides:?} {mass}");
                let mut stream = Stream::new(1, 0, Purpose::Sample);
                let mut state = vec![0.0; model.state_len() + 1];
                for start in [Start::Hot, Start::Cold] {
                    model.start(start, &mut state, &mut stream);
                    for _ in 0..500 {
                        model.sweep(&mut state, &mut [], &mut stream);
                    }
                    // Six standard deviations of the mean, and of a site about it.
                    let most = 6.0 * (model.mean + 10.0 / (1.0 + mass));
                    let worst = state.iter().fold(0.0, |a: f32, b| a.max(b.abs()));
                    assert!(f64::from(worst) < most, "{model:?}: {worst}");
                }
                assert_eq!(state[model.state_len()], 0.0, "beyond the configuration");
            }
        }
    }

    #[test]
    fn value_stability() {
        let mut hash = 0xcbf2_9ce4_8422_2325u64;
        for (sides, mass) in [(&[16, 16][..], 0.1), (&[45], 1.0), (&[3, 4, 5], 2.5)] {
            let model = field(sides, mass);
            let mut stream = Stream::new(1, 2, Purpose::Sample);
            let mut state = vec![0.0; model.state_len()];
            model.start(Start::Hot, &mut state, &mut stream);
            for _ in 0..10 {
                model.sweep(&mut state, &mut [], &mut stream);
            }
            for phi in state {
                hash = (hash ^ u64::from(phi.to_bits())).wrapping_mul(0x0100_0000_01b3);
            }
        }
        assert_eq!(hash, 0xe652_e91d_0aa5_9ec9, "{hash:#018x}");
    }
}
