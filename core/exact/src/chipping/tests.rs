//! Against the master equation and closed forms.

use std::collections::BTreeMap;

use super::*;
use crate::filter::Encoder;
use blockspin_core::sampler::chipping::RATES;

fn model(sites: u32, mass: u32, rate: f64) -> Chipping {
    let lattice = Lattice::new(&[sites]).unwrap();
    Chipping::new(lattice, f64::from(mass) / f64::from(sites), rate).unwrap()
}

/// p(m), ⟨m²⟩ and the mean of the largest mass.
fn exact(sites: u32, mass: u32, rate: f64) -> (Vec<f64>, f64, f64) {
    let model = model(sites, mass, rate);
    let law = law(&model).unwrap();
    (
        law.mass_distribution().to_vec(),
        law.mass_squared(),
        law.largest_mass(),
    )
}

fn near(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-13 * b.abs().max(1.0), "{a} {b}");
}

/// All configurations without using symmetries; their probabilities by many small steps of the master
/// equation.
fn naive_law(sites: usize, mass: u32, rate: f64) -> Vec<(Vec<u32>, f64)> {
    let mut all: Vec<Vec<u32>> = vec![vec![]];
    for _ in 0..sites {
        let longer = |at: Vec<u32>| (0..=mass).map(move |m| [&at[..], &[m]].concat());
        all = all.into_iter().flat_map(longer).collect();
    }
    all.retain(|masses| masses.iter().sum::<u32>() == mass);
    let index = |masses: &[u32]| all.iter().position(|other| other == masses).unwrap();
    let mut moves = vec![];
    for (from, masses) in all.iter().enumerate() {
        for site in 0..sites {
            for to in [(site + 1) % sites, (site + sites - 1) % sites] {
                for (moved, rate) in [(1, 1.0), (masses[site], rate)] {
                    if masses[site] > 0 {
                        let mut after = masses.clone();
                        after[site] -= moved;
                        after[to] += moved;
                        moves.push((from, index(&after), rate / 2.0));
                    }
                }
            }
        }
    }
    let mut p = vec![1.0 / all.len() as f64; all.len()];
    let step = 0.9 / ((1.0 + rate) * sites as f64);
    for _ in 0..4000 {
        let before = p.clone();
        for (from, to, rate) in &moves {
            p[*from] -= step * rate * before[*from];
            p[*to] += step * rate * before[*from];
        }
    }
    all.into_iter().zip(p).collect()
}

fn naive(sites: usize, mass: u32, rate: f64) -> (Vec<f64>, f64, f64) {
    let (mut distribution, mut squared, mut largest) = (vec![0.0; mass as usize + 1], 0.0, 0.0);
    for (masses, p) in naive_law(sites, mass, rate) {
        distribution[masses[0] as usize] += p;
        squared += p * f64::from(masses[0] * masses[0]);
        largest += p * f64::from(*masses.iter().max().unwrap());
    }
    (distribution, squared, largest)
}

#[test]
fn laws_agree_with_the_master_equation() {
    for (sites, mass, rate) in [
        (2, 5, 0.7),
        (3, 3, 0.33),
        (3, 4, 2.0),
        (4, 4, 0.33),
        (5, 3, 1.0),
    ] {
        let (p, squared, largest) = exact(sites, mass, rate);
        let naive = naive(sites as usize, mass, rate);
        near(squared, naive.1);
        near(largest, naive.2);
        assert_eq!(p.len(), naive.0.len());
        p.iter().zip(&naive.0).for_each(|(a, b)| near(*a, *b));
    }
}

/// Two units on two sites: apart they meet at the rate 2 (1 + w), together they part at 1.
#[test]
fn two_units_on_two_sites() {
    for rate in [0.0, 0.33, 1.0, *RATES.end()] {
        let together = 2.0 * (1.0 + rate) / (3.0 + 2.0 * rate);
        let (p, squared, largest) = exact(2, 2, rate);
        near(p[0], together / 2.0);
        near(p[1], 1.0 - together);
        near(p[2], together / 2.0);
        near(squared, 1.0 + together);
        near(largest, 1.0 + together);
    }
}

/// Without aggregation this is a zero-range process: all configurations are equally likely.
#[test]
fn chipping_alone_is_uniform() {
    let binomial =
        |n: u32, k: u32| (0..k).fold(1.0, |c, i| c * f64::from(n - i) / f64::from(i + 1));
    for (sites, mass) in [(2, 9), (3, 126), (6, 6), (6, 15), (10, 5)] {
        let (p, ..) = exact(sites, mass, 0.0);
        for (m, p) in (0..).zip(&p) {
            near(
                *p,
                binomial(mass - m + sites - 2, sites - 2) / binomial(mass + sites - 1, sites - 1),
            );
        }
    }
}

#[test]
fn laws_are_normalised_and_have_their_density() {
    for (sites, mass) in [
        (2, 1),
        (2, 300),
        (3, 20),
        (4, 16),
        (5, 5),
        (6, 9),
        (7, 7),
        (10, 1),
    ] {
        for rate in [1e-300, 0.1, 3.0] {
            let (p, squared, largest) = exact(sites, mass, rate);
            near(p.iter().sum(), 1.0);
            let mean: f64 = (0..).zip(&p).map(|(m, p)| f64::from(m) * p).sum();
            near(mean, f64::from(mass) / f64::from(sites));
            assert!(squared >= mean * mean && largest >= mean && p.iter().all(|p| *p > 0.0));
        }
    }
}

#[test]
fn largest_masses_have_at_most_1400_classes() {
    for (sites, largest) in (2..).zip(MAX_MASSES) {
        let classes = |mass| {
            let sites = sites as usize;
            Ring { sites, mass }.classes().count()
        };
        assert!(classes(largest) <= 1400, "{sites} {}", classes(largest));
        assert!(
            classes(largest + 1) > 1400,
            "{sites} {}",
            classes(largest + 1)
        );
        let key = f64::from(largest + 1).powi(sites as i32);
        assert!(key < 9e15);
        let mass = largest + 1;
        let refused = law(&model(sites, mass, 1.0)).unwrap_err();
        let sites = sites as usize;
        assert_eq!(refused, Error::Mass { sites, mass });
    }
    assert_eq!(law(&model(11, 1, 1.0)), Err(Error::Sites(11)));
}

type Table = BTreeMap<(Vec<u32>, Vec<u32>), f64>;

fn mutual(joint: &Table) -> f64 {
    let (mut a, mut b) = (BTreeMap::new(), BTreeMap::new());
    for ((x, y), p) in joint {
        *a.entry(x).or_insert(0.0) += p;
        *b.entry(y).or_insert(0.0) += p;
    }
    let terms = joint.iter();
    terms.map(|((x, y), p)| p * (p / (a[x] * b[y])).ln()).sum()
}

fn inform(
    model: &Chipping,
    [block, buffer]: [u32; 2],
    filter: Option<&Filter<'_>>,
) -> Result<Information, Error> {
    let partition = Partition::new(model.lattice(), &[block], buffer).unwrap();
    law(model)?.information(&partition, filter, None)
}

#[test]
fn informations_follow_the_definition() {
    let weights = [1.0f32, -0.5, 0.25, 1.0, 1.0, 0.75, -1.0, 0.5];
    for (sites, mass, rate) in [(2, 5, 0.7), (3, 3, 0.33), (4, 4, 2.0), (5, 3, 1.0)] {
        let law = naive_law(sites, mass, rate);
        let density = f64::from(mass) / sites as f64;
        for (block, buffer) in [(1, 0), (2, 0), (3, 0), (1, 1), (2, 1), (4, 0)] {
            if block + 2 * buffer >= sites {
                continue;
            }
            for (components, encoder) in [(1, Encoder::Sign), (2, Encoder::Sigmoid)] {
                let weights = &weights[..block * components];
                let (mut of_v, mut of_h) = (Table::new(), Table::new());
                for (masses, p) in &law {
                    let (v, e) = (&masses[..block], &masses[block + buffer..sites - buffer]);
                    *of_v.entry((v.to_vec(), e.to_vec())).or_insert(0.0) += p;
                    for h in 0..1u32 << components {
                        let mut p = *p;
                        for a in 0..components {
                            let term = |i| {
                                let m = (f64::from(masses[i]) - density) as f32;
                                m * weights[i * components + a]
                            };
                            let x = f64::from((0..block).fold(0.0, |sum, i| sum + term(i)));
                            let up = match encoder {
                                Encoder::Sign if x == 0.0 => 0.5,
                                Encoder::Sign => f64::from(u8::from(x > 0.0)),
                                _ => 1.0 / (1.0 + (-x).exp()),
                            };
                            p *= if h >> a & 1 == 1 { up } else { 1.0 - up };
                        }
                        if p > 0.0 {
                            *of_h.entry((vec![h], e.to_vec())).or_insert(0.0) += p;
                        }
                    }
                }
                let filter = Filter::new(weights, components, encoder).unwrap();
                let model = model(sites as u32, mass, rate);
                let got = inform(&model, [block as u32, buffer as u32], Some(&filter)).unwrap();
                near(got.block, mutual(&of_v));
                near(got.filtered.unwrap(), mutual(&of_h));
            }
        }
    }
}

/// Mass is conserved: without a buffer the block determines the total mass of the rest.
#[test]
fn informations_of_a_ring_of_two() {
    let model = model(2, 300, 0.4);
    let got = inform(&model, [1, 0], None).unwrap();
    let (p, ..) = exact(2, 300, 0.4);
    near(got.block, p.iter().map(|p| -p * p.ln()).sum());
    assert_eq!(got.filtered, None);
}

#[test]
fn informations_are_refused() {
    let law = law(&model(6, 6, 1.0)).unwrap();
    let other = Partition::new(Lattice::new(&[5]).unwrap(), &[2], 0).unwrap();
    let (lattice, sites) = (other.lattice(), 6);
    assert_eq!(
        law.information(&other, None, None),
        Err(Error::Partition { lattice, sites })
    );
    let own = Partition::new(law.model.lattice(), &[2], 0).unwrap();
    let filter = Filter::new(&[1.0; 3], 1, Encoder::Sign).unwrap();
    let (given, needed) = (3, 2);
    assert_eq!(
        law.information(&own, Some(&filter), None),
        Err(FilterError::Weights { given, needed }.into())
    );
}
