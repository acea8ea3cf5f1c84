//! Rings with random bonds, drawn independently, against their exact means and correlations within
//! four standard errors.

use blockspin_core::num::bits::sign;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::sampler::random_bond_ring::{self, Bond, RandomBondRing};
use blockspin_core::sampler::{Disorder, Sampler, Start};
use blockspin_core::stats::{Blocking, integrated};
use blockspin_exact::random_bond_ring as exact;
use blockspin_tests::chains::judge;

const GAUSSIAN: Disorder = Disorder::Gaussian {
    mean: 0.3,
    deviation: 1.0,
};
const CLEAN: Disorder = Disorder::PlusMinus { p: 0.0 };
const MIXED: Disorder = Disorder::PlusMinus { p: 0.4 };

fn drawn(disorder: Disorder, sites: usize, seed: u64) -> Vec<f64> {
    let mut couplings = vec![0.0; sites];
    disorder.draw(seed, &mut couplings).unwrap();
    couplings
}

fn ring(couplings: &[f64], beta: f64) -> RandomBondRing<Vec<Bond>> {
    let mut storage = vec![Bond::NONE; couplings.len()];
    random_bond_ring::bonds(couplings, beta, &mut storage).unwrap();
    RandomBondRing::new(storage).unwrap()
}

/// Energies, magnetisations and correlations of draws, in standard errors from their exact values.
fn pulls(couplings: &[f64], beta: f64, samples: u32, seed: u64) -> Vec<f64> {
    let sites = couplings.len();
    let means = exact::means(couplings, beta).unwrap();
    let mut expected = vec![
        means.energy_per_site,
        means.magnetisation_abs,
        means.magnetisation_squared,
        0.0,
    ];
    // All neighbours, and some pairs farther apart.
    let pairs: Vec<_> = (0..sites)
        .map(|i| (i, (i + 1) % sites))
        .chain([(0, sites / 2), (1, sites - 1), (sites / 3, sites - 2)])
        .collect();
    let correlation = |(i, j): &(usize, usize)| exact::correlation(couplings, beta, *i, *j);
    expected.extend(pairs.iter().map(|pair| correlation(pair).unwrap()));

    let model = ring(couplings, beta);
    let mut stream = Stream::new(seed, 0, Purpose::Sample);
    let (mut state, mut kept) = (vec![0; model.state_len()], vec![0; model.state_len()]);
    model.start(Start::Cold, &mut state, &mut stream);
    let mut measured = vec![Blocking::new(); expected.len()];
    let mut series = vec![];
    for _ in 0..samples {
        model.sweep(&mut state, &mut [], &mut stream);
        model.keep(&state, &mut kept, &mut stream);
        let mut m = [0.0; 2];
        model.observe(&kept, &mut m);
        let energy = model.energy(&kept) / sites as f64;
        series.push(energy + 3.0 * model.order_parameter(&kept));
        let signed = f64::from(model.magnetisation(&kept));
        let values = [energy, m[0], m[1], signed].into_iter();
        let spins = |(i, j): &(usize, usize)| f64::from(sign(&kept, *i) * sign(&kept, *j));
        for (value, measured) in values.chain(pairs.iter().map(spins)).zip(&mut measured) {
            measured.push(value);
        }
    }
    let tau = integrated(&series).tau;
    assert!((tau - 0.5).abs() < 0.05, "{tau}");

    let mut pulls = vec![];
    for (i, (measured, expected)) in measured.iter().zip(expected).enumerate() {
        // Draws are independent, so that their spread is the error.
        let variance = measured.variance().unwrap();
        let error = (variance / f64::from(samples)).sqrt();
        let mean = measured.mean();
        let about = format!("{sites} sites, β = {beta}, {i}: {mean} ± {error}, exact {expected}");
        // A ring of two has one correlation for both of its pairs; some never change.
        if error == 0.0 {
            assert!((mean - expected).abs() < 1e-3, "{about}");
            continue;
        }
        assert!((mean - expected).abs() < 4.0 * error, "{about}");
        // What is rare has no normal law.
        if (1.0 - expected.abs()) * f64::from(samples) > 200.0 {
            pulls.push((mean - expected) / error);
        }
    }
    pulls
}

#[test]
fn clean_rings() {
    let mut all = vec![];
    for (sites, beta) in [(3, 0.7), (32, 1.0), (33, 0.2), (100, 2.0)] {
        all.extend(pulls(&drawn(CLEAN, sites, 1), beta, 20_000, 1));
    }
    judge(&all);
}

#[test]
fn gaussian_bonds() {
    let mut all = vec![];
    for (sites, beta, seed) in [(5, 1.0, 1), (31, 0.5, 2), (64, 1.0, 3), (90, 5.0, 4)] {
        all.extend(pulls(&drawn(GAUSSIAN, sites, seed), beta, 20_000, seed));
    }
    judge(&all);
}

#[test]
fn bonds_of_either_sign() {
    let mut all = vec![];
    let mut signs = [0; 2];
    for seed in 1..7 {
        let mut couplings = drawn(MIXED, 8 * seed as usize, seed);
        // Both kinds of rings, whatever was drawn.
        let product: f64 = couplings.iter().product();
        couplings[0] *= if seed % 2 == 0 { product } else { -product };
        signs[usize::from(couplings.iter().product::<f64>() < 0.0)] += 1;
        for beta in [0.6, 3.0] {
            all.extend(pulls(&couplings, beta, 20_000, seed));
        }
    }
    assert_eq!(signs, [3, 3]);
    judge(&all);
}

/// A frustrated ring of equal bonds breaks any of them, however strong they are.
#[test]
fn frustration_at_the_lowest_temperature() {
    let couplings = [-1.0; 7];
    let model = ring(&couplings, 1e6);
    let (mut state, mut stream) = ([0], Stream::new(1, 0, Purpose::Sample));
    let mut broken = [0u32; 7];
    for _ in 0..70_000 {
        model.sweep(&mut state, &mut [], &mut stream);
        assert_eq!(model.energy(&state), -5.0);
        let unsatisfied = |i: &usize| sign(&state, *i) == sign(&state, (*i + 1) % 7);
        broken[(0..7).find(unsatisfied).unwrap()] += 1;
    }
    // Four standard errors of 10 000 of 70 000.
    assert!(
        broken.iter().all(|n| n.abs_diff(10_000) < 370),
        "{broken:?}"
    );
}

/// One realisation, many threads: the bonds are shared.
#[test]
fn a_chain_is_shared() {
    use std::sync::Arc;

    let mut storage = vec![Bond::NONE; 40];
    random_bond_ring::bonds(&drawn(GAUSSIAN, 40, 1), 1.0, &mut storage).unwrap();
    let shared: RandomBondRing<Arc<[Bond]>> = RandomBondRing::new(Arc::from(storage)).unwrap();
    let run = |model: RandomBondRing<Arc<[Bond]>>, task| {
        let (mut state, mut stream) = ([0; 2], Stream::new(1, task, Purpose::Sample));
        model.sweep(&mut state, &mut [], &mut stream);
        state
    };
    let threads = [1, 2].map(|task| {
        let model = shared.clone();
        std::thread::spawn(move || run(model, task))
    });
    let found = threads.map(|thread| thread.join().unwrap());
    assert_eq!(found, [1, 2].map(|task| run(shared.clone(), task)));
}
