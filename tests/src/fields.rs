//! The sampled Gaussian field against its closed form.

use std::f64::consts::PI;

use blockspin_core::lattice::Lattice;
use blockspin_core::num::math::sin64;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::sampler::{Gaussian, Sampler, Start};
use blockspin_core::stats::Blocking;
use blockspin_exact::gaussian;

/// ⟨φ_0 φ_x⟩ of sites `distance` apart along an axis, the sum over all momenta.
#[must_use]
pub fn covariance(sides: &[u32], mass: f64, axis: usize, distance: u32) -> f64 {
    let sites: u32 = sides.iter().product();
    let sine_squared = |n: u32, side: u32| {
        let sine = sin64(PI * f64::from(n) / f64::from(side));
        sine * sine
    };
    let term = |mode: u32| {
        let (mut rest, mut denominator, mut cosine) = (mode, mass * mass, 1.0);
        for (a, side) in sides.iter().enumerate() {
            let n = rest % side;
            rest /= side;
            denominator += 4.0 * sine_squared(n, *side);
            if a == axis {
                cosine = 1.0 - 2.0 * sine_squared(n * distance % side, *side);
            }
        }
        cosine / denominator
    };
    (0..sites).map(term).sum::<f64>() / f64::from(sites)
}

/// Samples a lattice and compares the action per site, ⟨φ²⟩, the square of the mean field, and the
/// covariances about this mean along every axis, of neighbours and of sites half a side apart, with
/// their exact values.
///
/// Returns the deviations in standard errors, autocorrelation allowed for.
///
/// # Panics
/// If one exceeds four, or the series is too short for its correlations.
#[must_use]
pub fn pulls(sides: &[u32], mass: f64, (samples, thin): (u32, u32), seed: u64) -> Vec<f64> {
    let lattice = Lattice::new(sides).expect("a lattice");
    let model = Gaussian::new(lattice, mass).expect("a model");
    let means = gaussian::means(lattice, mass).expect("means");
    let mut expected = vec![
        ("action per site".to_owned(), means.energy_per_site),
        ("variance_per_site".to_owned(), means.variance_per_site),
        (
            "magnetisation_squared".to_owned(),
            means.magnetisation_squared,
        ),
    ];
    // Axis, sites between two of one coordinate apart, side and distance.
    let mut pairs = vec![];
    let mut stride = 1;
    for (axis, side) in sides.iter().enumerate().rev() {
        // The variance about the mean too, once.
        for distance in [0, 1, side / 2].into_iter().skip(usize::from(axis > 0)) {
            pairs.push((stride, *side as usize, distance as usize));
            expected.push((
                format!("covariance {distance} apart along axis {axis}"),
                covariance(sides, mass, axis, distance) - means.magnetisation_squared,
            ));
        }
        stride *= *side as usize;
    }

    // A stream of its own for each mass.
    let mut stream = Stream::new(seed, mass.to_bits(), Purpose::Sample);
    let mut state = vec![0.0; model.state_len()];
    let mut kept = state.clone();
    let mut measured = vec![Blocking::new(); expected.len()];
    let sites = lattice.sites();
    model.start(Start::Hot, &mut state, &mut stream);
    for sample in 0..1000 + samples {
        for _ in 0..thin {
            model.sweep(&mut state, &mut [], &mut stream);
        }
        if sample < 1000 {
            continue;
        }
        model.keep(&state, &mut kept, &mut stream);
        let mut observed = [0.0; 2];
        model.observe(&kept, &mut observed);
        measured[0].push(model.energy(&kept) / sites as f64);
        measured[1].push(observed[0]);
        measured[2].push(observed[1]);
        for ((stride, side, distance), measured) in pairs.iter().zip(&mut measured[3..]) {
            let mut sum = 0.0;
            for site in 0..sites {
                let along = site / stride % side;
                let other = site - along * stride + (along + distance) % side * stride;
                sum += f64::from(kept[site]) * f64::from(kept[other]);
            }
            measured.push(sum / sites as f64 - observed[1]);
        }
    }

    let mut pulls = vec![];
    for ((name, expected), measured) in expected.iter().zip(&measured) {
        let (mean, error) = (measured.mean(), measured.standard_error().unwrap_or(0.0));
        let about =
            format!("{sides:?}, mass {mass}: {name} {mean:.6} ± {error:.6}, exact {expected:.6}");
        assert!(measured.is_settled(), "{about}: too short a series");
        assert!((mean - expected).abs() <= 4.0 * error, "{about}");
        pulls.push((mean - expected) / error);
    }
    pulls
}
