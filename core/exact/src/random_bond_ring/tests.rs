//! Against enumeration, gauge transformations, and the ring of equal bonds.

use std::collections::BTreeMap;

use super::*;
use crate::filter::Encoder;
use crate::ising::tests::values;
use blockspin_core::sampler::Disorder;

fn drawn(disorder: Disorder, sites: usize, seed: u64) -> Vec<f64> {
    let mut bonds = vec![0.0; sites];
    disorder.draw(seed, &mut bonds).unwrap();
    bonds
}

/// Gaussian bonds, ±J bonds with and without frustration, equal bonds, and special cases.
fn rings() -> Vec<Vec<f64>> {
    let gaussian = |mean, deviation| Disorder::Gaussian { mean, deviation };
    let half = Disorder::PlusMinus { p: 0.5 };
    let mut rings = vec![
        vec![1.0, -0.5],
        vec![0.7; 3],
        vec![-1.0; 7],
        vec![1.0, 0.0, -2.0, 0.3, 0.9],
        drawn(gaussian(0.0, 1.0), 9, 1),
        drawn(gaussian(0.5, 1.0), 12, 2),
        drawn(gaussian(1.0, 0.1), 8, 3),
    ];
    // Both signs of the product.
    for seed in 1..4 {
        let mut ring = drawn(half, 10, seed);
        rings.push(ring.clone());
        ring[3] *= -1.0;
        rings.push(ring);
    }
    rings
}

/// Every configuration, as bits, its spins, and its probability.
fn each(bonds: &[f64], beta: f64, mut visit: impl FnMut(u32, &[f64], f64, f64)) {
    let n = bonds.len();
    let all: Vec<_> = (0..1u32 << n)
        .map(|up| {
            let spin = |i: usize| f64::from(up >> (i % n) & 1) * 2.0 - 1.0;
            let spins: Vec<f64> = (0..n).map(spin).collect();
            let energy: f64 = (0..n).map(|i| -bonds[i] * spin(i) * spin(i + 1)).sum();
            (up, spins, energy)
        })
        .collect();
    let least = all.iter().fold(f64::INFINITY, |a, b| a.min(b.2));
    let weight = |energy: f64| (-beta * (energy - least)).exp();
    let z: f64 = all.iter().map(|(.., energy)| weight(*energy)).sum();
    for (up, spins, energy) in &all {
        visit(*up, spins, *energy, weight(*energy) / z);
    }
}

fn run(bonds: &[f64], beta: f64) -> Means {
    means(bonds, beta).unwrap()
}

#[test]
fn means_agree_with_enumeration() {
    for bonds in rings() {
        let n = bonds.len() as f64;
        for beta in [0.0, 1e-3, 0.4, 1.0, 5.0, 300.0] {
            let (mut first, mut m, mut pairs) = (0.0, [0.0; 3], vec![0.0; bonds.len()]);
            each(&bonds, beta, |_, spins, energy, p| {
                let sum = spins.iter().sum::<f64>().abs() / n;
                first += p * energy;
                m[0] += p * sum;
                m[1] += p * sum.powi(2);
                m[2] += p * sum.powi(4);
                for (pair, spin) in pairs.iter_mut().zip(spins) {
                    *pair += p * spins[1] * spin;
                }
            });
            let mut variance = 0.0;
            each(&bonds, beta, |_, _, energy, p| {
                variance += p * (energy - first).powi(2);
            });
            let want = [
                first / n,
                beta * beta * variance / n,
                m[0],
                m[1],
                match m[1] < ising::VANISHING {
                    true => f64::NAN,
                    false => 1.0 - m[2] / (3.0 * m[1] * m[1]),
                },
            ];
            for (got, want) in values(run(&bonds, beta)).into_iter().zip(want) {
                // Without any magnetisation.
                if want.is_nan() {
                    assert!(got.is_nan(), "{bonds:?} {beta} {got} {m:?}");
                    continue;
                }
                // The rounding error of the sums is β times that of the energies.
                let error = (got - want).abs() / (1.0 + want.abs());
                assert!(
                    error < 1e-13 * (1.0 + beta),
                    "{bonds:?} {beta} {got} {want}"
                );
            }
            for (j, want) in pairs.into_iter().enumerate() {
                let got = correlation(&bonds, beta, 1, j).unwrap();
                assert!(
                    (got - want).abs() < 1e-13 * (1.0 + beta),
                    "{bonds:?} {beta} {j} {got} {want}"
                );
                assert_eq!(got, correlation(&bonds, beta, j, 1).unwrap());
            }
        }
    }
}

#[test]
fn equal_bonds_are_the_uniform_ring() {
    for (sites, k) in [
        (2, 0.4),
        (65, 0.8),
        (200, 1.5),
        (100, 12.0),
        (64, -1.0),
        (65, -0.7),
    ] {
        let lattice = Lattice::new(&[sites]).unwrap();
        let uniform = ising::means(lattice, k, 1.0).unwrap();
        let got = run(&vec![k; sites as usize], 1.0);
        for (got, want) in values(got).into_iter().zip(values(uniform)) {
            assert!(
                (got - want).abs() < 1e-12 * want.abs(),
                "{sites} {k} {got} {want}"
            );
        }
        let partition = Partition::new(lattice, &[1], (sites - 2) / 2).unwrap();
        let weights = [1.0];
        let filter = Filter::new(&weights, 1, Encoder::Sigmoid).unwrap();
        let want = ising::information(&partition, k, 1.0, Some(&filter), None);
        let got = inform(&vec![k; sites as usize], 1.0, &partition, 1, Some(&filter));
        assert!((got.block - want.unwrap().block).abs() < 1e-14);
        assert!((got.filtered.unwrap() - want.unwrap().filtered.unwrap()).abs() < 1e-14);
    }
}

fn inform(
    bonds: &[f64],
    beta: f64,
    partition: &Partition,
    first: u32,
    filter: Option<&Filter<'_>>,
) -> Information {
    information(bonds, beta, partition, first, filter, None).unwrap()
}

type Table = BTreeMap<(u32, u32), f64>;

fn mutual(joint: &Table) -> f64 {
    let (mut a, mut b) = (BTreeMap::new(), BTreeMap::new());
    for ((x, y), p) in joint {
        *a.entry(x).or_insert(0.0) += p;
        *b.entry(y).or_insert(0.0) += p;
    }
    let terms = joint.iter().filter(|(_, p)| **p > 0.0);
    terms.map(|((x, y), p)| p * (p / (a[x] * b[y])).ln()).sum()
}

/// I(V:E) and I(H:E) with all of E, from the definition.
fn naive(
    bonds: &[f64],
    beta: f64,
    [first, block, buffer]: [usize; 3],
    (weights, components, encoder): (&[f32], usize, Encoder),
) -> (f64, f64) {
    let n = bonds.len();
    let (mut of_v, mut of_h) = (Table::new(), Table::new());
    each(bonds, beta, |up, spins, _, p| {
        let pick = |from: usize, length: usize| {
            (0..length).fold(0, |bits, i| bits << 1 | up >> ((from + i) % n) & 1)
        };
        let v = pick(first, block);
        let e = pick(first + block + buffer, n - block - 2 * buffer);
        *of_v.entry((v, e)).or_insert(0.0) += p;
        for h in 0..1u32 << components {
            let chosen: f64 = (0..components)
                .map(|a| {
                    let term =
                        |i: usize| f64::from(weights[i * components + a]) * spins[(first + i) % n];
                    let x: f64 = (0..block).map(term).sum();
                    let up = match encoder {
                        Encoder::Sign if x == 0.0 => 0.5,
                        Encoder::Sign => f64::from(u8::from(x > 0.0)),
                        _ => 1.0 / (1.0 + (-x).exp()),
                    };
                    if h >> a & 1 == 1 { up } else { 1.0 - up }
                })
                .product();
            *of_h.entry((h, e)).or_insert(0.0) += p * chosen;
        }
    });
    (mutual(&of_v), mutual(&of_h))
}

/// Multiples of 1/4, so that ties do not depend on the order of summation.
const WEIGHTS: [f32; 8] = [1.0, -0.5, 0.25, 1.0, -1.0, 0.75, 1.0, 0.0];

#[test]
fn informations_agree_with_enumeration() {
    for (at, bonds) in rings().into_iter().enumerate() {
        let n = bonds.len();
        for (block, buffer) in [(1, 0), (2, 1), (3, 0), (4, 2), (3, 2), (4, 0)] {
            let lattice = Lattice::new(&[n as u32]).unwrap();
            let Ok(partition) = Partition::new(lattice, &[block as u32], buffer as u32) else {
                continue;
            };
            let first = (5 * at + 3 * block) % n;
            for (components, encoder, beta) in [
                (1, Encoder::Sign, 0.5),
                (2, Encoder::Sign, 2.0),
                (1, Encoder::Sigmoid, 30.0),
                (2, Encoder::Sigmoid, 1.0),
                (1, Encoder::Sigmoid, 0.0),
            ] {
                for weights in [&WEIGHTS[..], &[1.0; 8]] {
                    let weights = &weights[..block * components];
                    let filter = Filter::new(weights, components, encoder).unwrap();
                    let got = inform(&bonds, beta, &partition, first as u32, Some(&filter));
                    let given = (weights, components, encoder);
                    let want = naive(&bonds, beta, [first, block, buffer], given);
                    let about = format!("{bonds:?} {beta} {partition:?} {got:?} {want:?}");
                    assert!((got.block - want.0).abs() < 1e-13 * (1.0 + beta), "{about}");
                    let kept = got.filtered.unwrap();
                    assert!((kept - want.1).abs() < 1e-13 * (1.0 + beta), "{about}");
                    let alone = inform(&bonds, beta, &partition, first as u32, None);
                    assert!((alone.block - got.block).abs() < 1e-13, "{about}");
                }
            }
        }
    }
}

/// A gauge transformation (flipping the sign convention of a site) does not change I(V:E), nor I(H:E) if
/// the weights are transformed too.
#[test]
fn gauge_transformations_change_nothing() {
    let (sites, beta) = (40, 0.9);
    let lattice = Lattice::new(&[sites]).unwrap();
    let partition = Partition::new(lattice, &[4], 2).unwrap();
    let clean = vec![1.0; sites as usize];
    let turned = drawn(Disorder::PlusMinus { p: 0.5 }, sites as usize, 7);
    let site = |i: usize| turned[i % sites as usize];
    let gauged: Vec<f64> = (0..sites as usize).map(|i| site(i) * site(i + 1)).collect();
    for first in [0, 17, 38] {
        let weights = &WEIGHTS[..4];
        let mut with: Vec<f32> = weights.to_vec();
        for (i, weight) in with.iter_mut().enumerate() {
            *weight *= site(first as usize + i) as f32;
        }
        let sign = |weights| Filter::new(weights, 1, Encoder::Sign).unwrap();
        let one = inform(&clean, beta, &partition, first, Some(&sign(weights)));
        let other = inform(&gauged, beta, &partition, first, Some(&sign(&with)));
        let wrong = inform(&gauged, beta, &partition, first, Some(&sign(weights)));
        assert!((one.block - other.block).abs() < 1e-15, "{one:?} {other:?}");
        assert!((one.filtered.unwrap() - other.filtered.unwrap()).abs() < 1e-15);
        assert!((wrong.block - one.block).abs() < 1e-15);
    }
    // On a ring this long, distant frustration does not matter either.
    let mut frustrated = gauged;
    frustrated[20] *= -1.0;
    let [one, other] = [&clean, &frustrated].map(|bonds| {
        let first = inform(bonds, 0.1, &partition, 0, None);
        first.block
    });
    assert!((one - other).abs() < 1e-15, "{one} {other}");
}

#[test]
fn the_lowest_temperatures() {
    // The weaker of two bonds of a frustrated ring is broken, unless they are almost equal.
    let bonds = [1.0, 0.999, -2.0, 1.001, 3.0];
    let at = |bonds: &[f64], beta| {
        let means = run(bonds, beta);
        assert!(values(means).iter().all(|x| x.is_finite()));
        means
    };
    let cold = at(&bonds, 3e5);
    assert!(cold.specific_heat < 1e-200);
    assert!((5.0 * cold.energy_per_site - (0.999 - 7.001)).abs() < 1e-14);
    assert_eq!(correlation(&bonds, 3e5, 1, 2).unwrap(), -1.0);
    assert_eq!(correlation(&bonds, 3e5, 0, 1).unwrap(), 1.0);
    // With equal bonds any one may be broken: two spins at distance 1 of 5 differ once in five.
    let alike = correlation(&[-1.0; 5], 1e6, 0, 1).unwrap();
    assert!((alike + 0.6).abs() < 1e-9, "{alike}");
    // Within a ring of strong bonds a weak one decides: I(V:E) is just below ln 2.
    let partition = Partition::new(Lattice::new(&[5]).unwrap(), &[2], 1).unwrap();
    let got = inform(&bonds, 3e5, &partition, 0, None);
    assert!(
        (got.block - std::f64::consts::LN_2).abs() < 1e-13,
        "{got:?}"
    );
}

#[test]
fn refusals() {
    let lattice = Lattice::new(&[6]).unwrap();
    let partition = Partition::new(lattice, &[2], 1).unwrap();
    let run = |bonds: &[f64], beta, first| {
        let refused = information(bonds, beta, &partition, first, None, None).unwrap_err();
        assert_eq!(joint(bonds, beta, &partition, first), Err(refused));
        assert_eq!(
            optimal_filter(bonds, beta, &partition, first, 1),
            Err(refused)
        );
        refused
    };
    let sites = 5;
    assert_eq!(run(&[1.0; 5], 1.0, 0), Error::Partition { lattice, sites });
    let (site, sites) = (6, 6);
    assert_eq!(run(&[1.0; 6], 1.0, 6), Error::Site { site, sites });
    let beta = Error::Bonds(RandomBondRingError::Beta(-1.0));
    assert_eq!(run(&[1.0; 6], -1.0, 0), beta);
    let site = correlation(&[1.0; 6], 1.0, 0, 6);
    assert_eq!(site, Err(Error::Site { site: 6, sites }));
    let long = MAX_SITES + 1;
    assert_eq!(means(&vec![1.0; long], 1.0), Err(Error::Sites(long)));
    assert!(matches!(
        means(&[1.0], 1.0),
        Err(Error::Bonds(RandomBondRingError::Ring(_)))
    ));
    let weights = [1.0, 1.0];
    let filter = Filter::new(&weights, 1, Encoder::Continuous).unwrap();
    let continuous = information(&[1.0; 6], 1.0, &partition, 0, Some(&filter), None);
    assert_eq!(continuous, Err(FilterError::Continuous.into()));
}
