//! Against brute force, the streaming answers of the referees, and closed forms.

use std::collections::BTreeMap;

use blockspin_core::lattice::Lattice;
use blockspin_core::sampler::{self, Disorder};

use super::*;
use crate::filter::Encoder;
use crate::partition::{Partition, Zone};
use crate::{chipping, dimer, ising, random_bond_ring};

const CRITICAL: f64 = 0.440_686_793_509_771_5;

/// Multiples of 1/4, so that ties do not depend on the order of summation.
const WEIGHTS: [f32; 50] = {
    let (mut weights, mut i) = ([0.0; 50], 0);
    while i < 50 {
        weights[i] = (i * i % 11) as f32 * 0.25 - 1.0;
        i += 1;
    }
    weights
};

fn partition(sides: &[u32], block: &[u32], buffer: u32) -> Partition {
    Partition::new(Lattice::new(sides).unwrap(), block, buffer).unwrap()
}

#[track_caller]
fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-13, "{a} {b}");
}

/// Checks normalisation, marginals and entropies against p(v, e).
fn check(joint: &Joint) {
    let (mut all, mut entropies) = (0.0, 0.0);
    let mut block_marginal = vec![0.0; joint.blocks()];
    for (e, p_e) in joint.environment_marginal().iter().enumerate() {
        close(joint.class(e).map(|(_, p)| p).sum(), *p_e);
        let mut last = None;
        for (v, p) in joint.class(e) {
            assert!(p >= 0.0 && last < Some(v));
            last = Some(v);
            block_marginal[v] += p;
            all += p;
            entropies -= if p > 0.0 { p * p.ln() } else { 0.0 };
        }
    }
    close(all, 1.0);
    for (p, q) in joint.block_marginal().iter().zip(block_marginal) {
        close(*p, q);
    }
    assert!((joint.entropy() - entropies).abs() < 1e-12);
    // The chain rule, within the accuracy of a difference of entropies.
    let difference = joint.block_entropy() + joint.environment_entropy() - joint.entropy();
    assert!((joint.information() - difference).abs() < 1e-12);
}

/// A referee's information agrees with that of its joint law, for filters of all kinds.
fn agree(
    joint: &Joint,
    information: impl Fn(Option<&Filter<'_>>, Option<NonZeroU32>) -> Information,
) {
    check(joint);
    close(information(None, None).block, joint.information());
    let sites = joint.blocks.block_sites;
    for components in [1, 2, 3] {
        for encoder in [Encoder::Sign, Encoder::Sigmoid] {
            let weights = &WEIGHTS[..sites * components];
            let filter = Filter::new(weights, components, encoder).unwrap();
            let batch = NonZeroU32::new(20);
            let want = information(Some(&filter), batch);
            let coarse = joint.filtered(&filter).unwrap();
            check(&coarse);
            close(coarse.information(), want.filtered.unwrap());
            close(coarse.deficit(batch.unwrap()), want.deficit.unwrap());
            close(joint.information(), want.block);
            let got = joint.informations(Some(&filter), batch).unwrap();
            close(got.block, want.block);
            close(got.filtered.unwrap(), want.filtered.unwrap());
            close(got.deficit.unwrap(), want.deficit.unwrap());
            // Data processing.
            assert!(coarse.information() <= joint.information() + 1e-13);
        }
    }
}

/// p(v, boundary of e) of spins with these bonds, as bits in the lattice's order.
fn brute_force(
    partition: &Partition,
    bonds: &[(usize, usize, f64)],
    first: usize,
) -> BTreeMap<(usize, usize), f64> {
    let sites = partition.lattice().sites();
    let (mut law, mut z) = (BTreeMap::new(), 0.0);
    for up in 0..1u32 << sites {
        let spin = |i: usize| f64::from(up >> i & 1) * 2.0 - 1.0;
        let sum: f64 = bonds.iter().map(|(i, j, k)| k * spin(*i) * spin(*j)).sum();
        let (mut v, mut e) = ((0, 0), (0, 0));
        for site in 0..sites {
            let bit = (up >> ((first + site) % sites) & 1) as usize;
            let part = match partition.zone(site as u32) {
                Zone::Block => &mut v,
                Zone::Boundary => &mut e,
                Zone::Buffer | Zone::Far => continue,
            };
            *part = (part.0 | bit << part.1, part.1 + 1);
        }
        *law.entry((v.0, e.0)).or_insert(0.0) += sum.exp();
        z += sum.exp();
    }
    law.values_mut().for_each(|p| *p /= z);
    law
}

/// All bonds of a periodic lattice.
fn bonds(partition: &Partition, k: f64) -> Vec<(usize, usize, f64)> {
    let lattice = partition.lattice();
    let mut bonds = vec![];
    for site in 0..lattice.sites() {
        // Every bond, listed from both ends.
        for other in lattice.neighbours(site as u32) {
            bonds.push((site, other as usize, 0.5 * k));
        }
    }
    bonds
}

#[test]
fn spins_on_tori_agree_with_brute_force() {
    for (sides, block, buffer, k) in [
        (&[3, 3][..], &[1][..], 0, CRITICAL),
        (&[4, 3], &[2, 1], 0, -0.3),
        (&[4, 4], &[2], 0, CRITICAL),
        (&[4, 4], &[1, 2], 1, 0.7),
        (&[2, 2, 3], &[1], 0, 0.2),
    ] {
        let partition = partition(sides, block, buffer);
        let joint = ising::joint(&partition, k, 1.0).unwrap();
        let want = brute_force(&partition, &bonds(&partition, k), 0);
        for ((v, e), p) in want {
            close(joint.probability(v, e), p);
        }
        for v in 0..joint.blocks() {
            let up = |i: usize| if v >> i & 1 != 0 { 1.0 } else { -1.0 };
            assert!(joint.values(v).iter().enumerate().all(|(i, s)| *s == up(i)));
        }
        agree(&joint, |filter, batch| {
            ising::information(&partition, k, 1.0, filter, batch).unwrap()
        });
    }
}

/// The spin before block and buffer is bit 0, the last of the lattice.
fn swapped(e: usize) -> usize {
    e >> 1 | (e & 1) << 1
}

#[test]
fn spins_on_rings_agree_with_brute_force() {
    for (sites, block, buffer, k) in [(9, 3, 1, 0.6), (8, 2, 0, -1.1), (10, 5, 1, 0.3)] {
        let partition = partition(&[sites], &[block], buffer);
        let joint = ising::joint(&partition, k, 1.0).unwrap();
        for ((v, e), p) in brute_force(&partition, &bonds(&partition, k), 0) {
            close(joint.probability(v, swapped(e)), p);
        }
        agree(&joint, |filter, batch| {
            ising::information(&partition, k, 1.0, filter, batch).unwrap()
        });
    }
    // A single site of E is both its first and its last.
    let joint = ising::joint(&partition(&[5], &[2], 1), 0.6, 1.0).unwrap();
    assert_eq!(joint.environment_marginal()[1..3], [0.0; 2]);
    check(&joint);
    // Rings of any length.
    let long = partition(&[1000], &[10], 4);
    agree(&ising::joint(&long, 1.0, 0.9).unwrap(), |filter, batch| {
        ising::information(&long, 1.0, 0.9, filter, batch).unwrap()
    });
}

#[test]
fn random_bonds_agree_with_brute_force() {
    let mut couplings = [0.0; 9];
    for (seed, disorder, first) in [
        (1, Disorder::PlusMinus { p: 0.4 }, 0),
        (2, Disorder::PlusMinus { p: 0.5 }, 7),
        (
            3,
            Disorder::Gaussian {
                mean: 0.2,
                deviation: 1.0,
            },
            4,
        ),
    ] {
        disorder.draw(seed, &mut couplings).unwrap();
        let (beta, partition) = (0.8, partition(&[9], &[3], 1));
        let joint = random_bond_ring::joint(&couplings, beta, &partition, first).unwrap();
        let bonds: Vec<_> = couplings
            .iter()
            .enumerate()
            .map(|(i, j)| (i, (i + 1) % 9, beta * j))
            .collect();
        for ((v, e), p) in brute_force(&partition, &bonds, first as usize) {
            close(joint.probability(v, swapped(e)), p);
        }
        agree(&joint, |filter, batch| {
            random_bond_ring::information(&couplings, beta, &partition, first, filter, batch)
                .unwrap()
        });
    }
}

#[test]
fn laws_of_lists_agree_with_the_referees() {
    for (block, buffer, temperature) in [(&[4, 4][..], 1, 0.65), (&[2, 3], 0, f64::INFINITY)] {
        let partition = partition(&[8, 8], block, buffer);
        let joint = dimer::joint(&partition, temperature).unwrap();
        // Only the links have values.
        let sites = block.iter().product::<u32>();
        assert_eq!(joint.sites().len() as u32, sites / 2);
        let links = joint.sites().iter();
        assert!(
            links
                .map(|site| site / block[1] + site % block[1])
                .all(|sum| sum % 2 == 1)
        );
        agree(&joint, |filter, batch| {
            dimer::information(&partition, temperature, filter, batch).unwrap()
        });
    }
    let ring = Lattice::new(&[5]).unwrap();
    let model = sampler::Chipping::new(ring, 1.2, 0.5).unwrap();
    let law = chipping::law(&model).unwrap();
    for (block, buffer) in [(1, 0), (2, 1), (3, 0)] {
        let partition = partition(&[5], &[block], buffer);
        let joint = law.joint(&partition).unwrap();
        agree(&joint, |filter, batch| {
            law.information(&partition, filter, batch).unwrap()
        });
        // The masses of a block are those of the law.
        let mut second = 0.0;
        for (v, p) in joint.block_marginal().iter().enumerate() {
            let mass = f64::from(joint.values(v)[0]) + 1.2;
            second += p * mass * mass;
        }
        assert!((second - law.mass_squared()).abs() < 1e-6);
    }
}

/// A table: I of a binary symmetric channel, and of coarse variables made from it.
#[test]
fn tables_and_other_encoders() {
    let flip = 0.1f64;
    let channel = Joint::from_table(2, &[0.9, 0.1, 0.1, 0.9]).unwrap();
    check(&channel);
    let capacity = 2f64.ln() + flip * flip.ln() + (1.0 - flip) * (1.0 - flip).ln();
    close(channel.information(), capacity);
    close(channel.environment_entropy(), 2f64.ln());
    assert_eq!(channel.values(1), [1.0]);

    let table: Vec<f64> = (0..12).map(|i| f64::from(i * i % 7)).collect();
    let joint = Joint::from_table(4, &table).unwrap();
    assert_eq!((joint.blocks(), joint.classes()), (4, 3));
    check(&joint);
    let identity = joint
        .coarse(4, |v, p| {
            p.fill(0.0);
            p[v] = 1.0;
        })
        .unwrap();
    check(&identity);
    close(identity.information(), joint.information());
    // Two states: merged in pairs, and merged at random.
    let halves = joint.coarse(2, |v, p| {
        p.fill(0.0);
        p[v / 2] = 1.0;
    });
    let halves = halves.unwrap();
    check(&halves);
    let merged: Vec<f64> = (0..6)
        .map(|i| table[i / 3 * 6 + i % 3] + table[i / 3 * 6 + 3 + i % 3])
        .collect();
    let merged = Joint::from_table(2, &merged).unwrap();
    close(halves.information(), merged.information());
    assert!(halves.information() < joint.information());
    let chance = joint.coarse(2, |_, p| p.fill(0.5)).unwrap();
    close(chance.information(), 0.0);
    // A filter of a single value: h = sign(v).
    let filter = Filter::new(&[1.0], 1, Encoder::Sign).unwrap();
    let sign = joint.filtered(&filter).unwrap();
    close(sign.block_marginal()[0], 0.5 * joint.block_marginal()[0]);
}

#[test]
fn refusals() {
    let new = Joint::from_table;
    let shape = |weights, rows| Err(JointError::Shape { weights, rows });
    assert_eq!(new(0, &[1.0]), shape(1, 0));
    assert_eq!(new(2, &[1.0; 3]), shape(3, 2));
    assert_eq!(new(2, &[]), shape(0, 2));
    assert_eq!(new(1, &[1.0, -1.0]), Err(JointError::Weight(1)));
    assert_eq!(new(1, &[f64::NAN]), Err(JointError::Weight(0)));
    assert_eq!(new(1, &[0.0; 2]), Err(JointError::Sum(0.0)));
    let overflow = Err(JointError::Sum(f64::INFINITY));
    assert_eq!(new(1, &[1e308; 2]), overflow);

    let joint = new(2, &[1.0; 4]).unwrap();
    let (block, sum) = (0, 0.5);
    let encoder = Err(JointError::Encoder { block, sum });
    assert_eq!(joint.coarse(1, |_, p| p.fill(0.5)), encoder);
    let negative = joint.coarse(2, |_, p| p.copy_from_slice(&[-0.5, 1.5]));
    let sum = 1.0;
    assert_eq!(negative, Err(JointError::Encoder { block, sum }));
    assert_eq!(joint.coarse(0, |_, _| ()), shape(0, 0));
    let filter = |weights: &'static [f32], components, encoder| {
        let filter = Filter::new(weights, components, encoder).unwrap();
        let refused = joint.filtered(&filter).unwrap_err();
        assert_eq!(joint.informations(Some(&filter), None), Err(refused));
        refused
    };
    let (given, needed) = (2, 1);
    assert_eq!(
        filter(&[1.0; 2], 1, Encoder::Sign),
        FilterError::Weights { given, needed }
    );
    assert_eq!(
        filter(&[1.0; 9], 9, Encoder::Sign),
        FilterError::Components(9)
    );
    assert_eq!(
        filter(&[1.0], 1, Encoder::Continuous),
        FilterError::Continuous
    );
}
