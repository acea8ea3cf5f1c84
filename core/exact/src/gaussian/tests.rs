//! Against dense matrices over all of E, closed forms, and limits.

use std::f64::consts::LN_10;

use super::*;

type Matrix = Vec<Vec<f64>>;

fn sites_of(sides: &[u32]) -> Vec<Vec<u32>> {
    let mut all = vec![vec![]];
    for side in sides {
        let longer = |at: Vec<u32>| (0..*side).map(move |x| [&at[..], &[x]].concat());
        all = all.into_iter().flat_map(longer).collect();
    }
    all
}

/// The precision matrix, bond by bond.
fn precision(sides: &[u32], mass: f64) -> Matrix {
    let sites = sites_of(sides);
    let mut a = vec![vec![0.0; sites.len()]; sites.len()];
    for (i, at) in sites.iter().enumerate() {
        a[i][i] += mass * mass;
        for axis in 0..sides.len() {
            let mut next = at.clone();
            next[axis] = (next[axis] + 1) % sides[axis];
            let j = sites.iter().position(|other| *other == next).unwrap();
            a[i][i] += 1.0;
            a[j][j] += 1.0;
            a[i][j] -= 1.0;
            a[j][i] -= 1.0;
        }
    }
    a
}

/// Inverse and ln det by Gauss–Jordan; the matrices are positive definite.
fn invert(mut a: Matrix) -> (Matrix, f64) {
    let (n, mut log) = (a.len(), 0.0);
    let mut inverse: Matrix = (0..n)
        .map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect())
        .collect();
    for i in 0..n {
        let pivot = a[i][i];
        log += pivot.ln();
        for matrix in [&mut a, &mut inverse] {
            matrix[i].iter_mut().for_each(|x| *x /= pivot);
        }
        for j in (0..n).filter(|j| *j != i) {
            let factor = a[j][i];
            for matrix in [&mut a, &mut inverse] {
                for k in 0..n {
                    matrix[j][k] -= factor * matrix[i][k];
                }
            }
        }
    }
    (inverse, log)
}

fn part(a: &Matrix, rows: &[usize], columns: &[usize]) -> Matrix {
    let row = |i: &usize| columns.iter().map(|j| a[*i][*j]).collect();
    rows.iter().map(row).collect()
}

fn multiply(a: &Matrix, b: &Matrix) -> Matrix {
    let entry = |row: &Vec<f64>, j| {
        row.iter()
            .zip(b)
            .map(|(x, b): (_, &Vec<f64>)| x * b[j])
            .sum()
    };
    a.iter()
        .map(|row| (0..b[0].len()).map(|j| entry(row, j)).collect())
        .collect()
}

fn transpose(a: &Matrix) -> Matrix {
    (0..a[0].len())
        .map(|j| a.iter().map(|row| row[j]).collect())
        .collect()
}

/// Σ_V and Σ_V|E, from the covariances of all sites.
fn naive(partition: &Partition, mass: f64) -> (Matrix, Matrix) {
    let lattice = partition.lattice();
    let sides = lattice.sides();
    let apart = |at: &Vec<u32>| {
        let axis = |(a, x): (usize, &u32)| {
            let cyclic = |to: u32| x.abs_diff(to).min(sides[a] - x.abs_diff(to));
            (0..partition.block()[a]).map(cyclic).min().unwrap()
        };
        at.iter().enumerate().map(axis).max().unwrap()
    };
    let apart: Vec<u32> = sites_of(sides).iter().map(apart).collect();
    let select = |of: &dyn Fn(u32) -> bool| -> Vec<usize> {
        (0..apart.len()).filter(|i| of(apart[*i])).collect()
    };
    let (v, e) = (select(&|d| d == 0), select(&|d| d > partition.buffer()));
    let (all, _) = invert(precision(sides, mass));
    let (of_e, _) = invert(part(&all, &e, &e));
    let explained = multiply(&multiply(&part(&all, &v, &e), &of_e), &part(&all, &e, &v));
    let of_v = part(&all, &v, &v);
    let given = of_v.iter().zip(explained);
    let given = given.map(|(a, b)| a.iter().zip(b).map(|(a, b)| a - b).collect());
    (of_v.clone(), given.collect())
}

/// Λᵀ Σ Λ.
fn project(sigma: &Matrix, weights: &[f32], components: usize) -> Matrix {
    let rows = weights.chunks(components);
    let filter: Matrix = rows
        .map(|row| row.iter().map(|w| f64::from(*w)).collect())
        .collect();
    multiply(&multiply(&transpose(&filter), sigma), &filter)
}

fn partition(sides: &[u32], block: &[u32], buffer: u32) -> Partition {
    Partition::new(Lattice::new(sides).unwrap(), block, buffer).unwrap()
}

fn inform(partition: &Partition, mass: f64, filter: Option<&Filter<'_>>) -> Information {
    information(partition, mass, filter, None).unwrap()
}

fn keep(partition: &Partition, mass: f64, weights: &[f32], encoder: Encoder) -> f64 {
    let filter = Filter::new(weights, 1, encoder).unwrap();
    inform(partition, mass, Some(&filter)).filtered.unwrap()
}

const PARTITIONS: [(&[u32], &[u32], u32); 20] = [
    (&[2], &[1], 0),
    (&[5], &[2], 1),
    (&[6], &[3], 0),
    (&[12], &[3], 2),
    (&[12], &[1], 5),
    (&[2, 2], &[1], 0),
    (&[2, 4], &[2, 1], 1),
    (&[2, 5], &[1, 2], 1),
    (&[3, 3], &[2], 0),
    (&[3, 3], &[1], 0),
    (&[4, 4], &[2], 0),
    (&[4, 4], &[1], 1),
    (&[4, 4], &[4, 1], 1),
    (&[4, 5], &[3, 1], 1),
    (&[6, 7], &[2, 3], 1),
    (&[7, 4], &[2, 4], 2),
    (&[3, 3, 3], &[2], 0),
    (&[3, 3, 3], &[1], 0),
    (&[4, 3, 2], &[2, 1, 1], 0),
    (&[3, 4, 5], &[1, 2, 2], 1),
];

const WEIGHTS: [f32; 24] = [
    1.0, 0.5, -0.7, 1.0, 2.5, -1.0, 0.0, 1.0, 0.3, -0.2, 1.0, 1.5, -0.1, 0.8, 1.0, -2.0, 0.6, 1.1,
    0.9, -1.3, 0.2, 0.7, -0.4, 1.2,
];

#[test]
fn informations_agree_with_dense_matrices() {
    for (sides, block, buffer) in PARTITIONS {
        let partition = partition(sides, block, buffer);
        let n = partition.block_sites();
        for mass in [0.1, 0.8, 3.0] {
            let (of_v, given) = naive(&partition, mass);
            let log = |sigma: &Matrix| invert(sigma.clone()).1;
            let want = 0.5 * (log(&of_v) - log(&given));
            for components in [1, 2] {
                let weights = &WEIGHTS[..n * components];
                let filter = Filter::new(weights, components, Encoder::Continuous).unwrap();
                let got = inform(&partition, mass, Some(&filter));
                let about = (partition, mass, got, want);
                assert!((got.block - want).abs() < 1e-12, "{about:?}");
                let [h, h_given] = [&of_v, &given].map(|s| project(s, weights, components));
                if components <= n {
                    let kept = 0.5 * (log(&h) - log(&h_given));
                    assert!(
                        (got.filtered.unwrap() - kept).abs() < 1e-12,
                        "{about:?} {kept}"
                    );
                }
                assert!(got.filtered.unwrap() <= got.block + 1e-13, "{about:?}");
                if components == 1 {
                    let s = h_given[0][0].sqrt();
                    let tau = (h[0][0] - h_given[0][0]).sqrt();
                    for (encoder, threshold) in [
                        (Encoder::Sign, Threshold::Sign),
                        (Encoder::Sigmoid, Threshold::Sigmoid),
                    ] {
                        let kept = keep(&partition, mass, weights, encoder);
                        let want = binary::information(threshold, tau, s);
                        assert!((kept - want).abs() < 1e-12, "{about:?} {kept} {want}");
                        assert!(0.0 < kept && kept < got.filtered.unwrap());
                    }
                    let sigmoid = keep(&partition, mass, weights, Encoder::Sigmoid);
                    assert!(sigmoid < keep(&partition, mass, weights, Encoder::Sign));
                }
            }
        }
    }
}

#[test]
fn means_agree_with_dense_matrices() {
    for sides in [
        &[2][..],
        &[7],
        &[2, 4],
        &[3, 3],
        &[5, 6],
        &[3, 3, 3],
        &[2, 3, 4],
    ] {
        for mass in [0.05, 1.0, 10.0] {
            let lattice = Lattice::new(sides).unwrap();
            let got = means(lattice, mass).unwrap();
            let table = covariance(lattice, mass * mass).unwrap();
            let (all, _) = invert(precision(sides, mass));
            let n = all.len() as f64;
            let total: f64 = all.iter().flatten().sum();
            assert!((got.variance_per_site / all[0][0] - 1.0).abs() < 1e-12);
            assert!((got.magnetisation_squared / (total / n / n) - 1.0).abs() < 1e-12);
            // ⟨S⟩ = ½ tr A Σ.
            let a = precision(sides, mass);
            let twice: f64 = (0..all.len())
                .map(|i| dot(a[i].iter().copied(), &all[i]))
                .sum();
            assert!((got.energy_per_site - 0.5 * twice / n).abs() < 1e-12);
            // The table holds all covariances.
            for (i, at) in sites_of(sides).iter().enumerate() {
                let mut place = 0;
                for (x, side) in at.iter().zip(sides) {
                    let along = (*x).min(side - x) as usize;
                    place = place * distances(*side as usize) + along;
                }
                let covariance = table[place] + got.magnetisation_squared;
                assert!(
                    (covariance - all[0][i]).abs() < 1e-12 * all[0][0],
                    "{sides:?} {at:?}"
                );
            }
        }
    }
}

/// e^−κ of the infinite chain, 2 cosh κ = 2 + m²: the correlation of neighbours.
fn neighbours(mass: f64) -> f64 {
    (-2.0 * (0.5 * mass).asinh()).exp()
}

#[test]
fn long_rings_are_ornstein_uhlenbeck_chains() {
    for mass in [0.3, 1.0, 2.5] {
        let z = neighbours(mass);
        for (block, buffer) in [(1, 0), (1, 7), (2, 1), (5, 3), (30, 0), (4, 12)] {
            let ring = partition(&[401], &[block], buffer);
            // The nearest fields of E, l and r, and the block's ends are a Markov chain.
            let (q, p) = (z.powi(buffer as i32 + 1), z.powi(block as i32 - 1));
            let want = 0.5 * (-(q.powi(4) * p * p)).ln_1p() - (-q * q).ln_1p();
            let got = inform(&ring, mass, None).block;
            // To this part of itself, however small it is.
            assert!(
                (got / want - 1.0).abs() < 1e-11,
                "{mass} {block} {buffer} {got} {want}"
            );

            let mut first = vec![0.0; block as usize];
            first[0] = 1.0;
            let (a, b) = ((q * q), (q * p) * (q * p));
            let explained = (a + b - 2.0 * a * b) / (1.0 - a * b);
            let want = -0.5 * (-explained).ln_1p();
            let got = keep(&ring, mass, &first, Encoder::Continuous);
            assert!(
                (got / want - 1.0).abs() < 1e-11,
                "{mass} {block} {buffer} {got} {want}"
            );
            let ratio = (explained / (1.0 - explained)).sqrt();
            let want = binary::information(Threshold::Sign, ratio, 1.0);
            let got = keep(&ring, mass, &first, Encoder::Sign);
            assert!(
                (got / want - 1.0).abs() < 1e-11,
                "{mass} {block} {buffer} {got} {want}"
            );
        }
    }
}

#[test]
fn heavy_fields_know_nothing() {
    // To first order each of the eight bonds around the block shares 1 / 2m⁴.
    let torus = partition(&[8, 8], &[2], 0);
    let got = inform(&torus, 1e4, None).block;
    assert!((got / 4e-16 - 1.0).abs() < 1e-6, "{got}");
    for encoder in [Encoder::Sign, Encoder::Sigmoid, Encoder::Continuous] {
        assert_eq!(keep(&torus, *MASSES.end(), &[1.0; 4], encoder), 0.0);
    }
}

#[test]
fn light_fields_share_their_mean() {
    // The variance of the uniform mode grows as 1/m², all others tend to constants.
    let torus = partition(&[8, 6], &[2], 1);
    let at = |mass, encoder| keep(&torus, mass, &[1.0, 0.5, 0.5, 2.0], encoder);
    for mass in [1e-6, 1e-9, 1e-50] {
        let steps = [mass, 0.1 * mass].map(|mass| {
            let block = inform(&torus, mass, None).block;
            [block, at(mass, Encoder::Continuous)]
        });
        for i in 0..2 {
            assert!(
                (steps[1][i] - steps[0][i] - LN_10).abs() < 1e-9,
                "{steps:?}"
            );
        }
    }
    for encoder in [Encoder::Sign, Encoder::Sigmoid] {
        let kept = at(*MASSES.start(), encoder);
        assert!((kept - std::f64::consts::LN_2).abs() < 1e-14, "{kept}");
    }
}

#[test]
fn information_falls_with_the_buffer() {
    for mass in [0.05, 0.7] {
        let at = |buffer| {
            let torus = partition(&[32, 31], &[3], buffer);
            let of = |encoder| keep(&torus, mass, &WEIGHTS[..9], encoder);
            [
                inform(&torus, mass, None).block,
                of(Encoder::Continuous),
                of(Encoder::Sign),
                of(Encoder::Sigmoid),
            ]
        };
        let found = [0, 1, 2, 4, 8, 14].map(at);
        for pair in found.windows(2) {
            assert!((0..4).all(|i| pair[1][i] < pair[0][i]), "{found:?}");
        }
        assert!(
            found
                .iter()
                .all(|row| row.windows(2).all(|pair| pair[1] < pair[0]))
        );
    }
}

#[test]
fn dependent_components_add_nothing() {
    let torus = partition(&[6, 5], &[2], 1);
    let of = |components: &[[f32; 4]]| {
        let (weights, n): (Vec<f32>, _) = (
            (0..4)
                .flat_map(|i| components.iter().map(move |c| c[i]))
                .collect(),
            components.len(),
        );
        let filter = Filter::new(&weights, n, Encoder::Continuous).unwrap();
        inform(&torus, 0.4, Some(&filter)).filtered.unwrap()
    };
    let (a, b) = ([1.0, 2.0, 0.5, 0.0], [0.25, -1.0, 0.0, 1.0]);
    let sum = std::array::from_fn(|i| 2.0 * a[i] + b[i]);
    assert_eq!(of(&[[0.0; 4]]), 0.0);
    assert!((of(&[a, a]) - of(&[a])).abs() < 1e-13);
    assert!((of(&[a, b, sum, [0.0; 4]]) - of(&[sum, a])).abs() < 1e-12);
    let unit = |i| std::array::from_fn(|j| f32::from(u8::from(i == j)));
    let whole = inform(&torus, 0.4, None).block;
    assert!((of(&[unit(2), unit(0), unit(3), unit(1), b]) - whole).abs() < 1e-12);
    assert_eq!(keep(&torus, 0.4, &[0.0; 4], Encoder::Sign), 0.0);
    assert_eq!(keep(&torus, 0.4, &[0.0; 4], Encoder::Sigmoid), 0.0);
}

#[test]
fn only_the_sigmoid_depends_on_the_scale_of_the_weights() {
    // Only the sigmoid depends on the scale of the weights.
    let torus = partition(&[6, 5], &[2], 0);
    let scaled = |factor: f32, encoder| {
        keep(
            &torus,
            0.4,
            &[1.0, 2.0, 0.5, 1.0].map(|w: f32| w * factor),
            encoder,
        )
    };
    for encoder in [Encoder::Sign, Encoder::Continuous] {
        for factor in [1e-36, 1e36] {
            let off = scaled(factor, encoder) - scaled(1.0, encoder);
            assert!(off.abs() < 1e-6, "{encoder:?} {factor}");
        }
    }
    let off = scaled(1e36, Encoder::Sigmoid) - scaled(1e36, Encoder::Sign);
    assert!(off.abs() < 1e-14, "{off}");
    assert!(scaled(1e-30, Encoder::Sigmoid) < 1e-59);
}

#[test]
fn refusals() {
    let lattice = |sides: &[u32]| Lattice::new(sides).unwrap();
    for sides in [&[32768][..], &[1024, 1024], &[128, 128, 128]] {
        assert!(table_len(lattice(sides)).is_ok());
    }
    for sides in [&[1 << 20][..], &[2048, 2048], &[256, 256, 256]] {
        let error = Error::Lattice(lattice(sides));
        assert_eq!(means(lattice(sides), 1.0), Err(error));
    }
    let ring = lattice(&[9]);
    for mass in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-200] {
        let error = means(ring, mass).unwrap_err();
        assert!(matches!(error, Error::Mass(_)), "{mass}");
    }

    let bytes = |sides: &[u32], block: &[u32], buffer, components| {
        information_bytes(&partition(sides, block, buffer), components).unwrap_err()
    };
    assert_eq!(bytes(&[100, 100], &[8], 30, 1), Error::Region(68 * 68));
    assert_eq!(bytes(&[64, 64], &[33, 32], 0, 0), Error::Block(1056));
    assert_eq!(bytes(&[9], &[2], 0, 5000), Error::Components(5000));
    let ring = partition(&[9], &[2], 1);
    let weights = [1.0; 5];
    let run = |components, encoder, weights| {
        let filter = Filter::new(weights, components, encoder).unwrap();
        information(&ring, 1.0, Some(&filter), None).unwrap_err()
    };
    assert_eq!(run(2, Encoder::Sign, &weights[..4]), Error::Binary(2));
    assert_eq!(run(2, Encoder::Sigmoid, &weights[..4]), Error::Binary(2));
    let (given, needed) = (5, 4);
    let error = FilterError::Weights { given, needed };
    assert_eq!(run(2, Encoder::Continuous, &weights), error.into());
    let two = Filter::new(&weights[..4], 2, Encoder::Continuous).unwrap();
    let error = information(&ring, 1.0, Some(&two), NonZeroU32::new(10));
    assert_eq!(error, Err(Error::Batch(2)));
}

/// 6 × 5, block 2 × 2, buffer 1: I(V:E), then I(H:E) of four filters and of two components together, from
/// covariance matrices inverted with 150 digits.
const LIGHT: [(f64, [f64; 6]); 8] = [
    (
        1e-1,
        [
            1.43555251133613,
            1.41004238676992,
            0.00121286089205434,
            0.0193678916988925,
            0.00679779301789722,
            0.0113882597170968,
        ],
    ),
    (
        1e-3,
        [
            6.0174439751292,
            5.99146697218118,
            0.0012260769800129,
            0.0197363768490165,
            0.00692443251150186,
            0.0115905549253472,
        ],
    ),
    (
        1e-6,
        [
            12.925196876314,
            12.8992198260925,
            0.0012260783112137,
            0.0197364141756416,
            0.00693212180955176,
            0.0116028438627057,
        ],
    ),
    (
        1e-8,
        [
            17.5303670622997,
            17.5043900120782,
            0.00122607831121503,
            0.0197364141756789,
            0.0783381836463067,
            0.121307890738839,
        ],
    ),
    (
        1e-12,
        [
            26.7407074342759,
            26.7147303840544,
            0.00122607831121503,
            0.0197364141756789,
            8.28033772321352,
            8.51944193020275,
        ],
    ),
    (
        1e-16,
        [
            35.9510478062521,
            35.9250707560306,
            0.00122607831121503,
            0.0197364141756789,
            17.4906780626229,
            17.7297822818018,
        ],
    ),
    (
        1e-20,
        [
            45.1613881782283,
            45.1354111280068,
            0.00122607831121503,
            0.0197364141756789,
            26.7010184345991,
            26.9401226537779,
        ],
    ),
    (
        1e-30,
        [
            68.1872391081687,
            68.1612620579472,
            0.00122607831121503,
            0.0197364141756789,
            49.7268693645396,
            49.9659735837184,
        ],
    ),
];

#[test]
fn light_fields_agree_with_many_digits() {
    let torus = partition(&[6, 5], &[2, 2], 1);
    for (mass, want) in LIGHT {
        let filters: [(&[f32], usize); 5] = [
            (&[1.0; 4], 1),
            (&[1.0, -1.0, -1.0, 1.0], 1),
            (&[1.0, 1.0, -1.0, -1.0], 1),
            // They add up to the rounding errors of the weights alone.
            (&[0.1, 0.2, 0.3, -0.6], 1),
            (&[1.0, 0.1, -1.0, 0.2, -1.0, 0.3, 1.0, -0.6], 2),
        ];
        let kept = filters.map(|(weights, components)| {
            let filter = Filter::new(weights, components, Encoder::Continuous).unwrap();
            inform(&torus, mass, Some(&filter)).filtered.unwrap()
        });
        let block = inform(&torus, mass, None).block;
        for (got, want) in [block].into_iter().chain(kept).zip(want) {
            assert!((got / want - 1.0).abs() < 1e-11, "{mass}: {got} {want}");
        }
        // Signs of a filter that sees no mean keep a share of it, whatever the mass.
        for (weights, of_continuous) in [
            ([1.0, -1.0, -1.0, 1.0], want[2]),
            ([1.0, 1.0, -1.0, -1.0], want[3]),
        ] {
            let kept = keep(&torus, mass, &weights, Encoder::Sign);
            let ratio = (2.0 * of_continuous).exp_m1().sqrt();
            let want = binary::information(Threshold::Sign, ratio, 1.0);
            assert!((kept / want - 1.0).abs() < 1e-11, "{mass}: {kept} {want}");
        }
    }
}

#[test]
fn sums_are_exact() {
    for (terms, want) in [
        (&[1e30, 1.0, -1e30, 1e-30][..], 1.0),
        (&[3e38, 1e-40, -3e38], 1e-40),
        (&[0.1, 0.2, -0.3], f64::EPSILON / 8.0),
        (&[], 0.0),
    ] {
        assert_eq!(exact_sum(terms.iter().copied()), want);
    }
}

/// Noise adds its variance to that of h, given E or not.
#[test]
fn noise_of_continuous_h() {
    let torus = partition(&[4, 5], &[3, 1], 1);
    let (of_v, given) = naive(&torus, 0.3);
    let [h, h_given] = [&of_v, &given].map(|s| project(s, &WEIGHTS[..3], 1)[0][0]);
    for noise in [0.0, 0.1, 3.0, 1e3] {
        let filter = Filter::new(&WEIGHTS[..3], 1, Encoder::Continuous).unwrap();
        let got = information(
            &torus,
            0.3,
            Some(&filter.with_noise(noise)),
            NonZeroU32::new(20),
        )
        .unwrap();
        let want = 0.5 * ((h - h_given) / (h_given + noise * noise)).ln_1p();
        assert!(
            (got.filtered.unwrap() / want - 1.0).abs() < 1e-11,
            "{noise} {got:?}"
        );
        assert_eq!(
            got.deficit,
            Some(continuous::deficit(
                got.filtered.unwrap(),
                NonZeroU32::new(20).unwrap()
            ))
        );
    }
}
