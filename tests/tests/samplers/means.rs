//! Each sampler against enumeration or the transfer matrix, within four standard errors. More
//! samples, and what takes longer, are in `long/statistics.rs`.

use blockspin::model::mcmc::Plan;
use blockspin::observer::Silent;
use blockspin_core::lattice::Lattice;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::sampler::{Algorithm, Chipping, Dimer, Sampler, Start};
use blockspin_core::stats::integrated;
use blockspin_tests::chains::{ALGORITHMS, CRITICAL, System, judge};
use blockspin_tests::dimers::{self, TEMPERATURES};
use blockspin_tests::masses;

/// Samples that are nearly independent, whatever the algorithm, on up to 27 sites.
fn check(systems: &[System], samples: u32, thin: u32) {
    let mut pulls = vec![];
    for (seed, system) in (1..).zip(systems) {
        for algorithm in ALGORITHMS {
            pulls.extend(system.pulls(algorithm, samples, thin, seed));
        }
    }
    judge(&pulls);
}

#[test]
fn four_by_four() {
    let systems = [
        System::ferromagnet(&[4, 4], CRITICAL),
        System::ferromagnet(&[4, 4], 3.0),
    ];
    check(&systems, 100_000, 2);
}

#[test]
fn small_squares() {
    let systems = [
        System::ferromagnet(&[3, 3], CRITICAL),
        System::ferromagnet(&[3, 3], 3.0),
        System::ferromagnet(&[2, 5], CRITICAL),
    ];
    check(&systems, 30_000, 3);
}

#[test]
fn rings() {
    let systems = [
        System::ferromagnet(&[7], 1.0),
        System::ferromagnet(&[40], 3.0),
        System::antiferromagnet(&[10], 1.0),
    ];
    check(&systems, 20_000, 4);
}

#[test]
fn cubes() {
    let systems = [
        System::ferromagnet(&[3, 3, 3], 4.5115),
        System::ferromagnet(&[2, 3, 4], 6.0),
    ];
    check(&systems, 20_000, 3);
}

#[test]
fn antiferromagnets() {
    let systems = [
        System::antiferromagnet(&[4, 4], CRITICAL),
        System::antiferromagnet(&[4, 4], 3.0),
        System::antiferromagnet(&[2, 4], 1.5),
    ];
    check(&systems, 20_000, 3);
}

/// Odd sides of antiferromagnets, around which their order cannot close.
#[test]
fn frustrated_antiferromagnets() {
    let systems = [
        System::antiferromagnet(&[9], 1.0),
        System::antiferromagnet(&[3, 3], 1.5),
        System::antiferromagnet(&[3, 5], CRITICAL),
        System::antiferromagnet(&[5, 5], 2.0),
        System::antiferromagnet(&[3, 4], 2.0),
    ];
    check(&systems, 20_000, 6);
}

#[test]
fn eight_by_eight() {
    let systems = [
        System::ferromagnet(&[8, 8], CRITICAL),
        System::ferromagnet(&[8, 8], 3.0),
    ];
    check(&systems, 10_000, 6);
}

/// The number of clusters is fixed before they grow, so any number gives the same law.
#[test]
fn any_number_of_wolff_clusters() {
    let mut pulls = vec![];
    for clusters in [1, 3, 8] {
        for temperature in [CRITICAL, 3.0] {
            let system = System::ferromagnet(&[4, 4], temperature);
            pulls.extend(system.pulls(Algorithm::Wolff { clusters }, 20_000, 2, 7));
        }
    }
    judge(&pulls);
}

#[test]
fn masses_that_chip_and_aggregate() {
    let mut pulls = vec![];
    for sites in 3..=6 {
        for case in masses::CASES {
            pulls.extend(masses::pulls(sites, case, (20_000, 4), 1));
        }
    }
    judge(&pulls);
}

#[test]
fn dimers_on_small_tori() {
    let mut pulls = vec![];
    for temperature in TEMPERATURES {
        for side in [4, 6] {
            // More at low temperature, where loops are short.
            let loops = 4 * Dimer::usual_loops(side, temperature);
            pulls.extend(dimers::pulls(side, temperature, loops, 40_000, 1));
        }
    }
    judge(&pulls);
}

/// The number of loops is fixed before they run, so any number gives the same law.
#[test]
fn any_number_of_directed_loops() {
    let mut pulls = vec![];
    for loops in [1, 2, 5] {
        for temperature in [1.0, f64::INFINITY] {
            pulls.extend(dimers::pulls(4, temperature, loops, 40_000, 2));
        }
    }
    judge(&pulls);
}

/// Chains that are begun anew for each sample: from a spanning tree few loops are enough, from a
/// columnar state it takes more.
#[test]
fn free_dimers_from_either_start() {
    let mut pulls = vec![];
    for side in [4, 6] {
        for (start, loops) in [(Start::Hot, 4 * side), (Start::Cold, 10 * side)] {
            pulls.extend(dimers::starts(side, start, loops, 40_000, 3));
        }
    }
    judge(&pulls);
}

#[test]
fn noise_pairs_are_nothing_but_pairs() {
    let mut pulls = vec![];
    for binding in [0.0, 0.5, 2.0] {
        pulls.extend(dimers::noise(binding, 40_000, 4));
    }
    judge(&pulls);
}

/// A pilot looks at slow chains less often as it grows longer, and finds the time that they take.
#[test]
fn pilots_of_slow_chains() {
    let model = Chipping::new(Lattice::new(&[96]).unwrap(), 1.0, 1.0).unwrap();
    let plan = Plan::measure(&model, None, 1, 2, &Silent);
    assert!(plan.equilibrated && plan.burn_in > 1 << 13, "{plan:?}");
    let every = 50;
    let mut stream = Stream::new(5, 0, Purpose::Sample);
    let (mut state, mut scratch) = (vec![0; model.state_len()], vec![0; model.scratch_len()]);
    model.start(Start::Hot, &mut state, &mut stream);
    model.sweeps(plan.burn_in, &mut state, &mut scratch, &mut stream);
    let largest: Vec<f64> = (0..40_000)
        .map(|_| {
            model.sweeps(every, &mut state, &mut scratch, &mut stream);
            model.order_parameter(&state)
        })
        .collect();
    let known = f64::from(every) * integrated(&largest).tau;
    let ratio = plan.autocorrelation / known;
    assert!((0.4..2.5).contains(&ratio), "{plan:?}, {known}");
    assert_eq!(plan.thin, (2.0 * plan.autocorrelation).ceil() as u32);
}
