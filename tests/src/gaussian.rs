//! Independent samples of the free Gaussian field, mode by mode.

use std::f64::consts::{PI, SQRT_2};

use blockspin_core::num::math::{ln64, sin64, sqrt64};
use blockspin_core::num::rng::{Purpose, Stream};

/// A pair of standard normal numbers, by the polar method (Marsaglia and Bray 1964).
fn normal_pair(stream: &mut Stream) -> [f64; 2] {
    loop {
        let mut uniform = || (stream.next_u64() >> 11) as f64 / (1u64 << 52) as f64 - 1.0;
        let (x, y) = (uniform(), uniform());
        let square = x * x + y * y;
        if 0.0 < square && square < 1.0 {
            let length = sqrt64(-2.0 * ln64(square) / square);
            return [x * length, y * length];
        }
    }
}

/// Configurations of the field of a mass on a torus with the given sides (slowest first), in C
/// order: exact and independent of each other, with the law that `blockspin_exact::gaussian` states.
///
/// The functions Π_a cas(k_a x_a) / √L_a, with cas = cos + sin, are orthonormal modes of the
/// Laplacian; each has an amplitude of variance 1 / (m² + Σ_a 4 sin²(k_a/2)).
#[must_use]
pub fn samples(sides: &[u32], mass: f64, count: usize, seed: u64) -> Vec<Vec<f32>> {
    let sites: usize = sides.iter().map(|side| *side as usize).product();
    let mut deviations = vec![mass * mass; sites];
    let mut modes = Vec::new();
    let mut stride = 1;
    for side in sides.iter().rev().map(|side| *side as usize) {
        let angle = |n: usize| PI * n as f64 / side as f64;
        for (i, eigenvalue) in deviations.iter_mut().enumerate() {
            let sine = sin64(angle(i / stride % side));
            *eigenvalue += 4.0 * sine * sine;
        }
        // cas x = √2 sin(x + π/4).
        let scale = SQRT_2 / sqrt64(side as f64);
        let cas = |n| scale * sin64(2.0 * angle(n) + 0.25 * PI);
        modes.push((stride, (0..side).map(cas).collect::<Vec<_>>()));
        stride *= side;
    }
    for deviation in &mut deviations {
        *deviation = 1.0 / sqrt64(*deviation);
    }
    let sample = |task: usize| {
        let mut stream = Stream::new(seed, task as u64, Purpose::Sample);
        let mut field: Vec<f64> = (0..sites.div_ceil(2))
            .flat_map(|_| normal_pair(&mut stream))
            .zip(&deviations)
            .map(|(normal, deviation)| normal * deviation)
            .collect();
        for (stride, cas) in &modes {
            let side = cas.len();
            let mut line = vec![0.0; side];
            for i in 0..sites / side {
                let first = i / stride * stride * side + i % stride;
                for (n, value) in line.iter_mut().enumerate() {
                    *value = field[first + n * stride];
                }
                for x in 0..side {
                    let terms = line.iter().enumerate();
                    field[first + x * stride] = terms.map(|(n, v)| v * cas[n * x % side]).sum();
                }
            }
        }
        field.into_iter().map(|value| value as f32).collect()
    };
    (0..count).map(sample).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use blockspin_core::lattice::Lattice;
    use blockspin_exact::gaussian;

    #[test]
    fn moments_are_exact() {
        for (sides, mass) in [
            (&[9][..], 0.4),
            (&[2, 6], 1.0),
            (&[8, 8], 0.3),
            (&[5, 4, 3], 0.7),
        ] {
            let lattice = Lattice::new(sides).unwrap();
            let want = gaussian::means(lattice, mass).unwrap();
            // ⟨S⟩/N = ½ with as many bonds as sites to each axis.
            let axes = sides.len() as f64;
            let neighbours = want.variance_per_site
                - (1.0 - mass * mass * want.variance_per_site) / (2.0 * axes);
            let sites = lattice.sites() as f64;
            let mut found = [(); 3].map(|()| Vec::new());
            for field in samples(sides, mass, 8000, 5) {
                let value = |site: u32| f64::from(field[site as usize]);
                let (mut square, mut bonds, mut sum) = (0.0, 0.0, 0.0);
                for site in 0..field.len() as u32 {
                    let around: f64 = lattice.neighbours(site).iter().map(|n| value(*n)).sum();
                    square += value(site) * value(site) / sites;
                    bonds += value(site) * around / (2.0 * axes * sites);
                    sum += value(site) / sites;
                }
                found[0].push(square);
                found[1].push(bonds);
                found[2].push(sum * sum);
            }
            let expected = [
                want.variance_per_site,
                neighbours,
                want.magnetisation_squared,
            ];
            for (values, expected) in found.iter().zip(expected) {
                let n = values.len() as f64;
                let mean = values.iter().sum::<f64>() / n;
                let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
                let stderr = (variance / n).sqrt();
                assert!(
                    (mean - expected).abs() <= 4.0 * stderr,
                    "{sides:?}: {mean} ± {stderr}, {expected}"
                );
            }
        }
    }
}
