//! Against naive sums over configurations, closed forms, and each other.

use std::collections::BTreeMap;
use std::f64::consts::LN_2;
use std::num::NonZeroU32;

use super::*;
use crate::filter::Encoder;
use crate::optimal_filter::Search;
use crate::partition::Zone;

const CRITICAL: f64 = 0.440_686_793_509_771_5;

/// Coordinates of a site of a lattice with the given sides, slowest first.
fn coordinates(sides: &[u32], site: u32) -> Vec<u32> {
    let mut rest = site;
    let mut at: Vec<u32> = Vec::new();
    for side in sides.iter().rev() {
        at.insert(0, rest % side);
        rest /= side;
    }
    at
}

fn index(sides: &[u32], at: &[u32]) -> u32 {
    at.iter()
        .zip(sides)
        .fold(0, |sum, (at, side)| sum * side + at % side)
}

/// Calls `visit(spins, Σ s s, weight)` for all configurations.
fn each(sides: &[u32], k: f64, mut visit: impl FnMut(&[f64], f64, f64)) {
    let sites: u32 = sides.iter().product();
    let mut bonds = Vec::new();
    for site in 0..sites {
        for axis in 0..sides.len() {
            let mut at = coordinates(sides, site);
            at[axis] += 1;
            bonds.push((site as usize, index(sides, &at) as usize));
        }
    }
    for configuration in 0..1u32 << sites {
        let spin = |i| {
            if configuration >> i & 1 == 1 {
                1.0
            } else {
                -1.0
            }
        };
        let spins: Vec<f64> = (0..sites).map(spin).collect();
        let sum: f64 = bonds.iter().map(|(i, j)| spins[*i] * spins[*j]).sum();
        visit(&spins, sum, (k * sum).exp());
    }
}

fn naive_means(sides: &[u32], coupling: f64, beta: f64) -> Means {
    let (mut z, mut s1, mut s2, mut m1, mut m2, mut m4) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    each(sides, coupling * beta, |spins, sum, w| {
        let m = spins.iter().sum::<f64>() / spins.len() as f64;
        z += w;
        s1 += w * sum;
        s2 += w * sum * sum;
        m1 += w * m.abs();
        m2 += w * m * m;
        m4 += w * m * m * m * m;
    });
    let n = f64::from(sides.iter().product::<u32>());
    Means {
        energy_per_site: -coupling * s1 / z / n,
        specific_heat: (beta * coupling).powi(2) * (s2 / z - (s1 / z).powi(2)) / n,
        magnetisation_abs: m1 / z,
        magnetisation_squared: m2 / z,
        binder_cumulant: binder_cumulant(m2 / z, m4 / z),
    }
}

/// All of them, in the order of the fields; NaN for what does not exist.
pub(crate) fn values(means: Means) -> [f64; 5] {
    [
        means.energy_per_site,
        means.specific_heat,
        means.magnetisation_abs,
        means.magnetisation_squared,
        means.binder_cumulant.unwrap_or(f64::NAN),
    ]
}

#[track_caller]
fn close(got: Means, want: Means, tolerance: f64) {
    for (a, b) in values(got).into_iter().zip(values(want)) {
        assert!(
            (a - b).abs() <= tolerance * (1.0 + b.abs()) || (a.is_nan() && b.is_nan()),
            "{got:?} {want:?}"
        );
    }
}

fn run(sides: &[u32], coupling: f64, beta: f64) -> Means {
    let lattice = Lattice::new(sides).unwrap();
    means(lattice, coupling, beta).unwrap()
}

/// Enumeration, whatever the dimension.
fn enumerate(sides: &[u32], coupling: f64, beta: f64) -> Means {
    let lattice = Lattice::new(sides).unwrap();
    let k = reduced_coupling(coupling, beta).unwrap();
    torus::sums(lattice, k).means(lattice, coupling, k)
}

const SMALL: [&[u32]; 14] = [
    &[2],
    &[3],
    &[5],
    &[6],
    &[9],
    &[10],
    &[2, 2],
    &[2, 4],
    &[3, 2],
    &[3, 3],
    &[4, 3],
    &[2, 2, 2],
    &[3, 2, 2],
    &[5, 2],
];

#[test]
fn means_agree_with_naive_sums() {
    for sides in SMALL {
        for (coupling, beta) in [
            (1.0, 0.0),
            (1.0, 0.3),
            (-1.0, 0.44),
            (0.5, 2.0),
            (-2.0, 1.0),
        ] {
            let want = naive_means(sides, coupling, beta);
            // The naive variance is a difference of large numbers.
            close(run(sides, coupling, beta), want, 1e-11);
            close(enumerate(sides, coupling, beta), want, 1e-11);
        }
    }
}

#[test]
fn transfer_matrix_agrees_with_enumeration() {
    for sides in [
        &[4, 4][..],
        &[5, 4],
        &[4, 5],
        &[7, 3],
        &[2, 9],
        &[20],
        &[21],
    ] {
        for (coupling, beta) in [(1.0, CRITICAL), (-1.0, CRITICAL), (1.0, 1e-6), (-1.0, 20.0)] {
            close(
                run(sides, coupling, beta),
                enumerate(sides, coupling, beta),
                1e-11,
            );
        }
    }
}

/// ln Z of a torus of n × m (Kaufman 1949).
fn kaufman(n: u32, m: u32, k: f64) -> f64 {
    let gamma = |l: u32| {
        if l == 0 {
            return 2.0 * k + k.tanh().ln();
        }
        let angle = std::f64::consts::PI * f64::from(l) / f64::from(n);
        ((2.0 * k).cosh() / (2.0 * k).tanh() - angle.cos()).acosh()
    };
    let half = |l: u32| 0.5 * f64::from(m) * gamma(l);
    let product =
        |odd, f: fn(f64) -> f64| -> f64 { (0..n).map(|r| 2.0 * f(half(2 * r + odd))).product() };
    let sum = product(1, f64::cosh)
        + product(1, f64::sinh)
        + product(0, f64::cosh)
        + product(0, f64::sinh);
    0.5 * f64::from(n * m) * (2.0 * (2.0 * k).sinh()).ln() + (0.5 * sum).ln()
}

#[test]
fn energies_follow_kaufman() {
    for (n, m) in [(8, 8), (6, 8), (8, 12), (4, 64)] {
        for k in [0.3, CRITICAL, 0.6] {
            let means = run(&[n, m], 1.0, k);
            let h = 1e-3;
            let ln_z = |i: f64| kaufman(n, m, k + i * h);
            // Fourth-order differences.
            let slope = (8.0 * (ln_z(1.0) - ln_z(-1.0)) - ln_z(2.0) + ln_z(-2.0)) / (12.0 * h);
            let bend =
                (16.0 * (ln_z(1.0) + ln_z(-1.0)) - 30.0 * ln_z(0.0) - ln_z(2.0) - ln_z(-2.0))
                    / (12.0 * h * h);
            let sites = f64::from(n * m);
            assert!(
                (means.energy_per_site + slope / sites).abs() < 1e-8,
                "{n} {m} {k}"
            );
            assert!(
                (means.specific_heat - k * k * bend / sites).abs() < 1e-6,
                "{n} {m} {k}"
            );
        }
    }
}

#[test]
fn critical_energy_tends_to_its_limit() {
    let limit = -std::f64::consts::SQRT_2;
    let off = [3, 4, 6, 8].map(|side| limit - run(&[side, side], 1.0, CRITICAL).energy_per_site);
    assert!(
        off.windows(2)
            .all(|pair| 0.0 < pair[1] && pair[1] < pair[0])
    );
    // The deviation falls as 1/L (Ferdinand and Fisher 1969).
    assert!((off[3] / off[1] - 0.5).abs() < 0.02, "{off:?}");
}

#[test]
fn rings_follow_closed_forms() {
    for n in [7u32, 100, 1001, 100_000] {
        for k in [0.001f64, 0.4, 2.0, 5.0, -0.7, -3.0] {
            let got = run(&[n], k.signum(), k.abs());
            // t^N by logarithm; 1 − t and 1 − t^N without cancellation.
            let t = k.tanh();
            let sign = if k < 0.0 && n % 2 != 0 { -1.0 } else { 1.0 };
            let log = f64::from(n) * (-2.0 / ((2.0 * k.abs()).exp() + 1.0)).ln_1p();
            let (tn, one_minus) = if sign < 0.0 {
                (-log.exp(), 1.0 + log.exp())
            } else {
                (log.exp(), -log.exp_m1())
            };
            let one_plus = if sign < 0.0 {
                -log.exp_m1()
            } else {
                1.0 + log.exp()
            };
            let energy = -k.signum() * (t + tn / t) / one_plus;
            assert!(
                (got.energy_per_site - energy).abs() < 1e-10,
                "{n} {k} {got:?} {energy}"
            );
            if n == 100_000 && k.abs() < 3.0 {
                let heat = (k / k.cosh()).powi(2);
                assert!(
                    (got.specific_heat / heat - 1.0).abs() < 1e-11,
                    "{n} {k} {got:?}"
                );
            }
            let squared = (2.0 * k).exp() * one_minus / one_plus / f64::from(n);
            let error = (got.magnetisation_squared / squared - 1.0).abs();
            assert!(error < 1e-8, "{n} {k} {got:?} {squared}");
        }
    }
}

#[test]
fn long_rings_are_gaussian_at_high_temperature() {
    let n = f64::from(MAX_RING_SITES);
    let got = run(&[MAX_RING_SITES], 1.0, 1e-6);
    assert!((got.magnetisation_abs * n.sqrt() - (2.0 / std::f64::consts::PI).sqrt()).abs() < 1e-5);
    assert!((got.binder_cumulant.unwrap() - 2.0 / (3.0 * n)).abs() < 1e-10);
}

#[test]
fn extreme_temperatures() {
    for sides in [
        &[64][..],
        &[65],
        &[4, 4],
        &[5, 7],
        &[8, 16],
        &[7, 13],
        &[3, 2, 2],
        &[3, 3, 2],
    ] {
        for coupling in [1.0, -1.0] {
            for temperature in [0.01, 0.05, 0.1, 1e6, 1e300] {
                let got = run(sides, coupling, 1.0 / temperature);
                let lattice = Lattice::new(sides).unwrap();
                let n = lattice.sites() as f64;
                let (all, frustrated) = bond_counts(lattice, coupling);
                let ground = -((all - 2 * frustrated) as f64) / n;
                // A ground state without magnetisation leaves no cumulant.
                let vanishes = coupling < 0.0 && got.magnetisation_squared < VANISHING;
                assert_eq!(got.binder_cumulant.is_none(), vanishes, "{sides:?} {got:?}");
                assert!(
                    values(got)[..4].iter().all(|x| x.is_finite()),
                    "{sides:?} {got:?}"
                );
                if temperature < 0.3 {
                    assert!(
                        (got.energy_per_site - ground).abs() < 1e-7,
                        "{sides:?} {got:?}"
                    );
                    assert!(got.specific_heat < 1e-4, "{sides:?} {got:?}");
                } else {
                    assert!(got.energy_per_site.abs() < 1e-5);
                    assert!((got.magnetisation_squared * n - 1.0).abs() < 1e-4);
                }
                if coupling > 0.0 && temperature < 0.3 {
                    assert!((got.magnetisation_abs - 1.0).abs() < 1e-3);
                    assert!((got.binder_cumulant.unwrap() - 2.0 / 3.0).abs() < 1e-3);
                }
            }
        }
    }
}

type Entropy = BTreeMap<(u32, u32), f64>;

fn naive_mutual(joint: &Entropy) -> f64 {
    let (mut a, mut b) = (BTreeMap::new(), BTreeMap::new());
    for ((x, y), w) in joint {
        *a.entry(x).or_insert(0.0) += w;
        *b.entry(y).or_insert(0.0) += w;
    }
    let z: f64 = joint.values().sum();
    let entropy = |w: &f64| if *w > 0.0 { -w / z * (w / z).ln() } else { 0.0 };
    a.values().map(entropy).sum::<f64>() + b.values().map(entropy).sum::<f64>()
        - joint.values().map(entropy).sum::<f64>()
}

/// I(V:E) and I(H:E) with all of E, from the definition.
fn naive_information(
    partition: &Partition,
    k: f64,
    filter: &[f32],
    components: usize,
    encoder: Encoder,
) -> (f64, f64) {
    let lattice = partition.lattice();
    let sides = lattice.sides();
    let apart = |site: u32| {
        let at = coordinates(sides, site);
        let axis = |(a, at): (usize, &u32)| {
            let cyclic = |to: u32| {
                let d = at.abs_diff(to);
                d.min(sides[a] - d)
            };
            (0..partition.block()[a]).map(cyclic).min().unwrap()
        };
        at.iter().enumerate().map(axis).max().unwrap()
    };
    let (mut of_v, mut of_h) = (Entropy::new(), Entropy::new());
    each(sides, k, |spins, _, w| {
        let (mut v, mut e, mut block) = (0, 0, Vec::new());
        for (site, spin) in spins.iter().enumerate() {
            let up = u32::from(*spin > 0.0);
            let apart = apart(site as u32);
            if apart == 0 {
                v = v << 1 | up;
                block.push(*spin);
            } else if apart > partition.buffer() {
                e = e << 1 | up;
            }
        }
        *of_v.entry((v, e)).or_insert(0.0) += w;
        for h in 0..1u32 << components {
            let mut p = w;
            for a in 0..components {
                let weights = filter.iter().skip(a).step_by(components);
                // The logits that encoders see: in f32, by chunks of four.
                let mut terms = weights
                    .zip(&block)
                    .map(|(w, s)| w * *s as f32)
                    .collect::<Vec<_>>();
                terms.resize(terms.len().next_multiple_of(4), -0.0);
                let chunks = terms.chunks(4).map(|t| (t[0] + t[1]) + (t[2] + t[3]));
                let x = f64::from(chunks.fold(0.0, |sum, chunk| sum + chunk));
                let up = match encoder {
                    Encoder::Sign if x == 0.0 => 0.5,
                    Encoder::Sign => f64::from(u8::from(x > 0.0)),
                    _ => 1.0 / (1.0 + (-x).exp()),
                };
                p *= if h >> a & 1 == 1 { up } else { 1.0 - up };
            }
            *of_h.entry((h, e)).or_insert(0.0) += p;
        }
    });
    (naive_mutual(&of_v), naive_mutual(&of_h))
}

fn inform(partition: &Partition, k: f64, filter: Option<&Filter<'_>>) -> Information {
    information(partition, k.signum(), k.abs(), filter, None).unwrap()
}

fn partition(sides: &[u32], block: &[u32], buffer: u32) -> Partition {
    Partition::new(Lattice::new(sides).unwrap(), block, buffer).unwrap()
}

const PARTITIONS: [(&[u32], &[u32], u32); 19] = [
    (&[2], &[1], 0),
    (&[5], &[2], 0),
    (&[5], &[2], 1),
    (&[6], &[4], 0),
    (&[6], &[1], 2),
    (&[9], &[3], 1),
    (&[10], &[3], 2),
    (&[10], &[5], 2),
    (&[2, 4], &[1, 1], 0),
    (&[2, 4], &[2, 1], 1),
    (&[2, 4], &[1, 2], 0),
    (&[3, 3], &[2], 0),
    (&[3, 3], &[1], 0),
    (&[3, 3], &[2, 3], 0),
    (&[4, 3], &[1], 1),
    (&[4, 3], &[2, 1], 0),
    (&[4, 3], &[1, 2], 1),
    (&[2, 2, 2], &[1], 0),
    (&[3, 2, 2], &[1, 2, 1], 0),
];

#[test]
fn informations_agree_with_naive_sums() {
    const WEIGHTS: [f32; 15] = [
        1.0, 0.5, -0.7, 1.0, 2.5, -1.0, 0.0, 1.0, 0.3, -0.2, 1.0, 1.5, -0.1, 0.8, 1.0,
    ];
    for (sides, block, buffer) in PARTITIONS {
        let partition = partition(sides, block, buffer);
        for (components, encoder, k) in [
            (1, Encoder::Sign, CRITICAL),
            (1, Encoder::Sigmoid, -0.8),
            (2, Encoder::Sign, -0.3),
            (2, Encoder::Sigmoid, 1.5),
        ] {
            let n = partition.block_sites() * components;
            for weights in [&WEIGHTS.map(|w| 4.0 * w)[..n], &[1.0; 15][..n]] {
                let filter = Filter::new(weights, components, encoder).unwrap();
                let got = inform(&partition, k, Some(&filter));
                let want = naive_information(&partition, k, weights, components, encoder);
                let filtered = got.filtered.unwrap();
                let alone = inform(&partition, k, None);
                assert!(
                    (got.block - want.0).abs() < 1e-12,
                    "{partition:?} {got:?} {want:?}"
                );
                assert!(
                    (filtered - want.1).abs() < 1e-12,
                    "{partition:?} {got:?} {want:?}"
                );
                assert!((alone.block - got.block).abs() < 1e-14 && alone.filtered.is_none());
                assert!(filtered <= got.block + 1e-14);
            }
        }
    }
}

#[test]
fn rings_agree_with_enumeration() {
    let weights = [1.0, -0.4, 0.3, 2.0, 0.9, -1.1];
    for (sites, block, buffer) in [(18, 6, 0), (18, 6, 2), (19, 6, 6), (17, 3, 5), (16, 1, 7)] {
        let partition = partition(&[sites], &[block], buffer);
        let filter = Filter::new(&weights[..block as usize], 1, Encoder::Sigmoid).unwrap();
        for k in [0.6, -0.9] {
            let got = inform(&partition, k, Some(&filter));
            let weights = torus::Enumeration::new(&partition, k);
            let want = spin_weights::information(&weights, Some(&filter), None);
            assert!((got.block - want.block).abs() < 1e-13, "{got:?} {want:?}");
            assert!((got.filtered.unwrap() - want.filtered.unwrap()).abs() < 1e-13);
        }
    }
}

/// I of two spins of correlation c.
fn pair(c: f64) -> f64 {
    0.5 * ((1.0 + c) * c.ln_1p() + (1.0 - c) * (-c).ln_1p())
}

#[test]
fn decimation_on_a_ring_has_a_closed_form() {
    let k = 0.7f64;
    let t = k.tanh();
    for block in [1u32, 4, 10] {
        for buffer in [0u32, 3, 8] {
            let ring = partition(&[100_000], &[block], buffer);
            let mut weights = vec![0.0; block as usize];
            weights[0] = 1.0;
            let filter = Filter::new(&weights, 1, Encoder::Sign).unwrap();
            let got = inform(&ring, k, Some(&filter)).filtered.unwrap();
            // On a long ring l, s, r is a Markov chain: P(s, l, r) = (1 + a s l)(1 + b s r) / 8.
            let a = t.powi(buffer as i32 + 1);
            let b = t.powi((buffer + block) as i32);
            let mut want = 0.0;
            for (l, r) in [(1.0, 1.0), (1.0, -1.0)] {
                for s in [1.0, -1.0] {
                    let p: f64 = (1.0 + a * s * l) * (1.0 + b * s * r) / 8.0;
                    want += 2.0 * p * (p * 8.0 / (1.0 + a * b * l * r)).ln();
                }
            }
            assert!((got - want).abs() < 1e-13, "{block} {buffer} {got} {want}");
        }
    }
    // A single spin in E of a ring of two arcs r and s: correlation (t^r + t^s)/(1 + t^N).
    for buffer in [0u32, 1, 5, 40] {
        let sites = 2 * buffer + 2;
        let got = inform(&partition(&[sites], &[1], buffer), k, None).block;
        let arc = t.powi(buffer as i32 + 1);
        assert!((got - pair(2.0 * arc / (1.0 + arc * arc))).abs() < 1e-13);
    }
}

#[test]
fn decimation_keeps_more_than_the_boundary_filter() {
    // Up to twice as much, as the correlation across the block goes to 0.
    let ratio = |block: usize, k| {
        let ring = partition(&[100_000], &[block as u32], 4);
        let (mut first, mut ends) = (vec![0.0; block], vec![0.0; block]);
        (first[0], ends[0], ends[block - 1]) = (1.0, 1.0, 1.0);
        let kept = |weights: &[f32]| {
            let filter = Filter::new(weights, 1, Encoder::Sign).unwrap();
            inform(&ring, k, Some(&filter)).filtered.unwrap()
        };
        kept(&first) / kept(&ends)
    };
    assert!((ratio(12, 0.5) - 2.0).abs() < 0.01);
    assert!(ratio(4, 1.0) > 1.0 && ratio(4, 1.0) < 2.0);
}

#[test]
fn information_falls_with_the_buffer() {
    let weights = [1.0; 4];
    let filter = Filter::new(&weights, 1, Encoder::Sign).unwrap();
    for k in [0.2, CRITICAL, 1.0, -CRITICAL] {
        let got = [0, 1].map(|b| inform(&partition(&[5, 4], &[2], b), k, Some(&filter)));
        assert!(
            got[1].block < got[0].block && got[1].filtered < got[0].filtered,
            "{got:?}"
        );
        let ring = [0, 1, 2, 7, 30].map(|b| inform(&partition(&[80], &[4], b), k, Some(&filter)));
        for pair in ring.windows(2) {
            assert!(pair[1].block < pair[0].block, "{pair:?}");
            assert!(
                pair[1].filtered.unwrap() <= pair[0].filtered.unwrap(),
                "{pair:?}"
            );
        }
    }
}

#[test]
fn limits_of_the_information() {
    let uniform = [1.0; 9];
    for (sides, block, buffer) in [
        (&[60][..], &[3][..], 5),
        (&[4, 5], &[2], 0),
        (&[5, 4], &[1], 1),
    ] {
        let partition = partition(sides, block, buffer);
        let filter = &uniform[..partition.block_sites()];
        let filter = Filter::new(filter, 1, Encoder::Sigmoid).unwrap();
        let sign = Filter::new(&uniform[..partition.block_sites()], 1, Encoder::Sign).unwrap();
        let cold = inform(&partition, 1.0 / 0.05, Some(&sign));
        assert!((cold.block - LN_2).abs() < 1e-13, "{cold:?}");
        assert!((cold.filtered.unwrap() - LN_2).abs() < 1e-13, "{cold:?}");
        let hot = inform(&partition, 1e-6, Some(&filter));
        assert!(
            hot.block < 1e-11 && hot.filtered.unwrap() <= hot.block + 1e-15,
            "{hot:?}"
        );
        // Frustrated or not, nothing overflows.
        let frozen = inform(&partition, -1e9, Some(&filter));
        assert!(frozen.block.is_finite() && frozen.filtered.unwrap() <= frozen.block + 1e-13);
    }
    // To first order two spins joined by K share K²/2.
    let one = inform(&partition(&[100], &[1], 0), 1e-6, None).block;
    assert!((one / 1e-12 - 1.0).abs() < 1e-3, "{one}");
}

#[test]
fn ties_are_fair_coins() {
    // A filter of weights 0 keeps nothing; two equal spins of opposite weight neither.
    let partition = partition(&[4, 4], &[1, 2], 0);
    for weights in [[0.0, 0.0], [1.0, -1.0]] {
        let filter = Filter::new(&weights, 1, Encoder::Sign).unwrap();
        let cold = inform(&partition, 20.0, Some(&filter));
        assert!(cold.filtered.unwrap() < 1e-13, "{cold:?}");
    }
}

#[test]
fn refusals() {
    let refused = |sides: &[u32], j, beta| {
        let lattice = Lattice::new(sides).unwrap();
        means(lattice, j, beta).unwrap_err()
    };
    assert_eq!(refused(&[9, 10], 1.0, 1.0), Error::Strip(9, 10));
    assert_eq!(refused(&[200, 8], 1.0, 1.0), Error::Strip(8, 200));
    assert_eq!(refused(&[4, 4, 2], 1.0, 1.0), Error::Sites(32));
    assert_eq!(refused(&[1 << 21], 1.0, 1.0), Error::RingSites(1 << 21));
    assert_eq!(refused(&[3, 3], 0.0, 1.0), Error::Coupling(0.0));
    assert_eq!(refused(&[3, 3], 1.0, -1.0), Error::Beta(-1.0));

    let large = partition(&[6, 6], &[2], 1);
    assert_eq!(information_bytes(&large, 1), Err(Error::Sites(36)));
    assert_eq!(
        information(&large, 1.0, 1.0, None, None),
        Err(Error::Sites(36))
    );
    assert_eq!(joint(&large, 1.0, 1.0), Err(Error::Sites(36)));
    assert_eq!(optimal_filter(&large, 1.0, 1.0, 1), Err(Error::Sites(36)));
    let ring = partition(&[100], &[30], 1);
    assert_eq!(information_bytes(&ring, 1), Err(Error::RingBlock(30)));
    assert_eq!(
        information_bytes(&ring, 9),
        Err(FilterError::Components(9).into())
    );
    assert!(information_bytes(&ring, 0).is_ok());
    assert_eq!(joint(&ring, 1.0, 1.0), Err(Error::RingBlock(30)));
    let entries = Error::Joint(1 << 25);
    assert_eq!(joint(&partition(&[100], &[23], 1), 1.0, 1.0), Err(entries));
    let search = |n, components| {
        let error = optimal_filter(&partition(&[100], &[n], 1), 1.0, 1.0, components);
        error.unwrap_err()
    };
    let components = OptimalFilterError::Components;
    assert_eq!(search(17, 1), OptimalFilterError::Block(17).into());
    assert_eq!(search(3, 0), components(0).into());
    assert_eq!(search(3, 9), components(9).into());
    let apply = |weights: &[f32], components, encoder| {
        let filter = Filter::new(weights, components, encoder).unwrap();
        information(&partition(&[9], &[2], 1), 1.0, 1.0, Some(&filter), None)
    };
    let (given, needed) = (5, 4);
    assert_eq!(
        apply(&[1.0; 5], 2, Encoder::Sign),
        Err(FilterError::Weights { given, needed }.into())
    );
    assert_eq!(
        apply(&[1.0; 2], 1, Encoder::Continuous),
        Err(FilterError::Continuous.into())
    );
}

/// The deficit of a batch, summed over all e and h by the binomial law of the negatives.
#[test]
fn the_deficit_of_a_sign_is_a_binomial_sum() {
    for (sides, block, buffer, k) in [
        (&[9][..], &[3][..], 1, 0.6),
        (&[3, 3], &[1], 0, CRITICAL),
        (&[4, 3], &[2, 1], 0, -0.5),
    ] {
        let partition = partition(sides, block, buffer);
        let weights = &[1.0, -0.4, 0.7][..partition.block_sites()];
        for encoder in [Encoder::Sign, Encoder::Sigmoid] {
            let filter = Filter::new(weights, 1, encoder).unwrap();
            let mut last = f64::INFINITY;
            for batch in [1, 2, 10, 100, 1000] {
                let batch = NonZeroU32::new(batch).unwrap();
                let (coupling, beta) = (k.signum(), k.abs());
                let found = information(&partition, coupling, beta, Some(&filter), Some(batch));
                let found = found.unwrap();
                let kept = found.filtered.unwrap();
                let deficit = found.deficit.unwrap();
                assert!(deficit < last && deficit <= kept + 1e-14);
                last = deficit;
                let others = batch.get() - 1;
                if others == 0 {
                    assert!((deficit - kept).abs() < 1e-14, "{deficit} {kept}");
                }
                if others == 999 {
                    // Of a fair sign χ² is at most 1.
                    assert!(deficit < 0.51e-3 && deficit > 0.2 * kept / 1000.0);
                }
            }
            assert!(inform(&partition, k, Some(&filter)).deficit.is_none());
        }
    }
}

/// Whether signs (one for each v, bit by bit) are those of Λ·v for some Λ: then the perceptron
/// converges.
fn separable(signs: &[f64], n: usize) -> bool {
    let spin = |v: usize, i: usize| if v >> i & 1 != 0 { 1.0 } else { -1.0 };
    let mut weights = [0.0; 4];
    for _ in 0..1000 {
        let wrong = signs.iter().enumerate().find(|(v, sign)| {
            let x: f64 = (0..n).map(|i| weights[i] * spin(*v, i)).sum();
            x * *sign <= 0.0
        });
        let Some((v, sign)) = wrong else {
            return true;
        };
        (0..n).for_each(|i| weights[i] += sign * spin(v, i));
    }
    false
}

/// All maps of the block that are linear threshold functions, out of 2^(2^|V|).
#[test]
fn no_linear_map_keeps_more_than_the_best() {
    for (sides, block, buffer, k) in [
        (&[9][..], &[3][..], 1, 0.6),
        (&[10], &[4], 1, -0.4),
        (&[12], &[4], 0, 1.1),
        (&[4, 3], &[2, 2], 0, CRITICAL),
        (&[4, 3], &[1, 3], 0, CRITICAL),
        (&[4, 4], &[2], 0, 0.3),
    ] {
        let partition = partition(sides, block, buffer);
        let n = partition.block_sites();
        let best = optimal_filter(&partition, k.signum(), k.abs(), 1).unwrap();
        assert_eq!(best.search, Search::Exhaustive);
        let kept = inform(&partition, k, Some(&best.filter()))
            .filtered
            .unwrap();
        assert!((best.information - kept).abs() < 1e-14);

        // p(v, e) with all of E, from the definition.
        let mut joint = Entropy::new();
        let site_of = partition.lattice();
        each(sides, k, |spins, _, w| {
            let (mut v, mut e) = ((0, 0), 0);
            for site in 0..site_of.sites() as u32 {
                let up = u32::from(spins[site as usize] > 0.0);
                match partition.zone(site) {
                    Zone::Block => v = (v.0 | up << v.1, v.1 + 1),
                    Zone::Buffer => {}
                    _ => e = e << 1 | up,
                }
            }
            *joint.entry((v.0, e)).or_insert(0.0) += w;
        });
        let (mut most, mut linear) = (0.0f64, 0);
        for map in 0..1u64 << (1 << n) {
            let sign = |v: usize| if map >> v & 1 != 0 { 1.0 } else { -1.0 };
            let last = (1 << n) - 1;
            if (0..1 << n).any(|v| sign(v) == sign(last - v)) {
                continue;
            }
            let signs: Vec<f64> = (0..1 << n).map(sign).collect();
            if separable(&signs, n) {
                linear += 1;
                let mut of_h = Entropy::new();
                for ((v, e), w) in &joint {
                    let h = u32::from(signs[*v as usize] > 0.0);
                    *of_h.entry((h, *e)).or_insert(0.0) += w;
                }
                most = most.max(naive_mutual(&of_h));
            }
        }
        assert_eq!(linear, if n == 3 { 14 } else { 104 });
        assert!((most - best.information).abs() < 1e-12, "{most} {best:?}");

        // Filters with ties, and random ones, keep no more.
        let mut stream =
            blockspin_core::num::rng::Stream::new(3, 0, blockspin_core::num::rng::Purpose::Sample);
        for _ in 0..50 {
            let tied: Vec<f32> = (0..n).map(|_| stream.below(5) as f32 - 2.0).collect();
            let filter = Filter::new(&tied, 1, Encoder::Sign).unwrap();
            let kept = inform(&partition, k, Some(&filter)).filtered.unwrap();
            assert!(
                kept <= best.information + 1e-12,
                "{tied:?}: {kept} {best:?}"
            );
        }
    }
}

/// Filters of several components, by exhaustive and by local search.
#[test]
fn the_search_finds_what_there_is() {
    let ring = partition(&[20], &[6], 2);
    let find = |partition: &Partition, components: usize| {
        let best = optimal_filter(partition, 1.0, 0.7, components).unwrap();
        let kept = inform(partition, 0.7, Some(&best.filter()))
            .filtered
            .unwrap();
        assert!((best.information - kept).abs() < 1e-14);
        best
    };
    // Two components can hold both ends of a ring's block, and so all the information.
    let both = find(&partition(&[20], &[4], 2), 2);
    let all = inform(&partition(&[20], &[4], 2), 0.7, None).block;
    assert_eq!(both.search, Search::Exhaustive);
    assert!((both.information - all).abs() < 1e-13, "{both:?} {all}");
    let local = find(&ring, 2);
    assert_eq!(local.search, Search::Local);
    let all = inform(&ring, 0.7, None).block;
    assert!((local.information - all).abs() < 1e-13, "{local:?} {all}");
    let one = find(&ring, 1);
    assert!(one.information < local.information && one.search == Search::Local);
}

/// Of the energy of weak couplings the sums leave nothing; tanh is what the expansion of a tree has, and
/// two bonds between the same spins count as one of twice the strength.
#[test]
fn weak_couplings_keep_the_digits_of_their_energy() {
    for sides in [
        &[2][..],
        &[3],
        &[64],
        &[2, 2],
        &[2, 5],
        &[4, 4],
        &[8, 9],
        &[2, 3, 2],
    ] {
        let per_site: f64 = sides
            .iter()
            .map(|side| if *side == 2 { 2.0 } else { 1.0 })
            .sum();
        for (coupling, beta) in [(1.0, 3e-9), (-1.0, 1e-12), (1e150, 1e-300), (-1e-100, 1e90)] {
            let want = -coupling * (coupling * beta) * per_site;
            let got = run(sides, coupling, beta).energy_per_site;
            assert!(
                (got / want - 1.0).abs() < 1e-7,
                "{sides:?} {coupling} {got} {want}"
            );
            let bonds = vec![coupling; sides[0] as usize];
            if sides.len() == 1 && coupling.abs() < 1e100 {
                let ring = crate::random_bond_ring::means(&bonds, beta).unwrap();
                assert!((ring.energy_per_site / want - 1.0).abs() < 1e-7, "{ring:?}");
            }
        }
        // Where the two meet.
        let [below, above] = [0.999e-8, 1.001e-8].map(|k| run(sides, 1.0, k).energy_per_site / k);
        assert!(
            (below / above - 1.0).abs() < 1e-6,
            "{sides:?} {below} {above}"
        );
    }
}
