//! The Potts model against enumeration and the Gaussian field against its closed form, within four
//! standard errors.

use blockspin_core::sampler::potts::critical_temperature;
use blockspin_tests::chains::judge;
use blockspin_tests::fields;
use blockspin_tests::potts::{Law, pulls};

/// Lattices by numbers of states, at T_c of the square lattice and above.
fn enumerated(systems: &[(&[u32], u32)]) {
    let mut all = vec![];
    for (seed, (sides, states)) in (1..).zip(systems) {
        for temperature in [1.0, 1.5] {
            let beta = 1.0 / (temperature * critical_temperature(*states));
            let law = Law::enumerate(sides, *states, beta);
            all.extend(pulls(sides, *states, beta, &law, (100_000, 2), seed));
        }
    }
    judge(&all);
}

#[test]
fn potts_on_small_tori() {
    enumerated(&[
        (&[4, 4], 2),
        (&[3, 3], 3),
        (&[2, 5], 3),
        (&[3, 3], 4),
        (&[2, 4], 4),
        (&[2, 2], 5),
        (&[4, 2], 5),
    ]);
}

#[test]
fn potts_on_rings() {
    enumerated(&[
        (&[2], 2),
        (&[11], 2),
        (&[9], 3),
        (&[7], 4),
        (&[6], 5),
        (&[3], 16),
    ]);
}

#[test]
fn potts_of_two_states_is_ising() {
    let mut all = vec![];
    for (seed, sides) in (1..).zip([&[40][..], &[4, 4], &[3, 7], &[8, 8]]) {
        for temperature in [1.0, 1.3] {
            let beta = 1.0 / (temperature * critical_temperature(2));
            let law = Law::ising(sides, beta);
            all.extend(pulls(sides, 2, beta, &law, (40_000, 4), seed));
        }
    }
    judge(&all);
}

#[test]
fn fields_of_one_to_three_dimensions() {
    let mut all = vec![];
    for (seed, sides) in (1..).zip([
        &[2][..],
        &[7],
        &[16],
        &[2, 2],
        &[6, 6],
        &[3, 8],
        &[20, 20],
        &[4, 4, 4],
        &[2, 3, 5],
    ]) {
        for mass in [1e-3, 0.1, 0.7, 3.0, 1e3] {
            all.extend(fields::pulls(sides, mass, (8000, 2), seed));
        }
    }
    judge(&all);
}
