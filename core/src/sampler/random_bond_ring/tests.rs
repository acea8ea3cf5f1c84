//! Ground states, disorder, refusals and bits; the law itself is judged in the tests' own package.

extern crate std;

use std::string::ToString;
use std::vec;
use std::vec::Vec;

use super::*;

fn chain(couplings: &[f64], beta: f64) -> Result<RandomBondRing<Vec<Bond>>, RandomBondRingError> {
    let mut storage = vec![Bond::NONE; couplings.len()];
    bonds(couplings, beta, &mut storage)?;
    RandomBondRing::new(storage)
}

const RINGS: [&[f64]; 5] = [
    &[1.0, -0.5],
    &[-1.0, -1.0, -1.0],
    &[0.3, -0.2, 1.4, 0.0, 2.0],
    &[0.3, -0.2, 1.4, -0.1, -2.0],
    &[1.0, 1.0, 1.0, -1.0, 1.0, 1.0, 1.0],
];

#[test]
fn a_cold_start_is_a_ground_state() {
    for couplings in RINGS {
        let ring = chain(couplings, 0.7).unwrap();
        let least = (0..1u32 << couplings.len())
            .map(|spins| ring.energy(&[spins]))
            .fold(0.0, f64::min);
        let (mut state, mut stream) = ([7], Stream::new(1, 0, Purpose::Sample));
        ring.start(Start::Cold, &mut state, &mut stream);
        assert_eq!(ring.energy(&state), least);
        assert_eq!(ring.order_parameter(&state), 1.0);
        // As are all draws at the lowest temperature, where one bond is the weakest.
        if couplings.len() == 5 {
            let largest = couplings.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
            let frozen = chain(couplings, 0.999 * STRONGEST / largest).unwrap();
            for _ in 0..20 {
                frozen.sweep(&mut state, &mut [], &mut stream);
                assert_eq!(frozen.energy(&state), least);
            }
        }
    }
}

#[test]
fn the_order_parameter_knows_no_direction() {
    let mut couplings = RINGS[3].to_vec();
    let order = |couplings: &[f64], spins| {
        let ring = chain(couplings, 1.0).unwrap();
        (ring.order_parameter(&[spins]), ring.energy(&[spins]))
    };
    let before: Vec<_> = (0..32).map(|spins| order(&couplings, spins)).collect();
    couplings[1] *= -1.0;
    couplings[2] *= -1.0;
    for spins in 0..32 {
        assert_eq!(order(&couplings, spins ^ 4), before[spins as usize]);
    }
}

#[test]
fn disorder_has_its_moments() {
    let mut couplings = vec![0.0; 40_000];
    let moments = |couplings: &[f64]| {
        let n = couplings.len() as f64;
        let mean = couplings.iter().sum::<f64>() / n;
        let square = couplings.iter().map(|j| (j - mean) * (j - mean));
        (mean, square.sum::<f64>() / n)
    };
    let (mean, deviation) = (0.4, 1.5);
    let gaussian = Disorder::Gaussian { mean, deviation };
    gaussian.draw(3, &mut couplings).unwrap();
    let (found, variance) = moments(&couplings);
    assert!((found - 0.4).abs() < 4.0 * 1.5 / 200.0, "{found}");
    assert!((variance / 2.25 - 1.0).abs() < 4.0 * (2f64 / 40_000.0).sqrt());
    let mut fewer = [0.0; 3];
    gaussian.draw(3, &mut fewer).unwrap();
    assert_eq!(fewer, couplings[..3]);

    Disorder::PlusMinus { p: 0.2 }
        .draw(3, &mut couplings)
        .unwrap();
    assert!(couplings.iter().all(|j| j.abs() == 1.0));
    let (found, _) = moments(&couplings);
    assert!((found - 0.6).abs() < 4.0 * 0.8 / 200.0, "{found}");
    Disorder::PlusMinus { p: 1.0 }
        .draw(3, &mut couplings)
        .unwrap();
    assert!(couplings.iter().all(|j| *j == -1.0));
}

#[test]
fn refusals() {
    for (couplings, beta, words) in [
        (&[1.0][..], 1.0, "at least 2"),
        (&[], 1.0, "at least 2"),
        (&[1.0, 1.0], -1.0, "at least 0"),
        (&[1.0, 1.0], f64::NAN, "at least 0"),
        (&[1.0, f64::NAN], 1.0, "NaN (bond 1)"),
        (&[1.0, 2e6], 1.0, "2000000 (bond 1)"),
        (&[1.0, -1e101], 0.0, "1e100"),
    ] {
        let error = chain(couplings, beta).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let short = bonds(&[1.0; 3], 1.0, &mut [Bond::NONE; 2]);
    let (given, needed) = (2, 3);
    assert_eq!(short, Err(RandomBondRingError::Bonds { given, needed }));
    let draw = |disorder: Disorder| disorder.draw(1, &mut [0.0]);
    let gaussian = |mean, deviation| Disorder::Gaussian { mean, deviation };
    let infinite = f64::INFINITY;
    assert_eq!(
        draw(gaussian(infinite, 1.0)),
        Err(RandomBondRingError::Mean(infinite))
    );
    assert_eq!(
        draw(gaussian(0.0, -1.0)),
        Err(RandomBondRingError::Deviation(-1.0))
    );
    let plus_minus = Disorder::PlusMinus { p: 1.5 };
    assert_eq!(draw(plus_minus), Err(RandomBondRingError::Negative(1.5)));
}

#[test]
fn value_stability() {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for (seed, disorder) in [
        (1, Disorder::PlusMinus { p: 0.3 }),
        (
            2,
            Disorder::Gaussian {
                mean: 0.2,
                deviation: 1.0,
            },
        ),
    ] {
        let mut couplings = [0.0; 70];
        disorder.draw(seed, &mut couplings).unwrap();
        let ring = chain(&couplings, 0.8).unwrap();
        let (mut state, mut stream) = ([0; 3], Stream::new(1, 2, Purpose::Sample));
        for _ in 0..10 {
            ring.sweep(&mut state, &mut [], &mut stream);
            for word in state {
                hash = (hash ^ u64::from(word)).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
    assert_eq!(hash, 0xa6d5_a88d_00d9_c3f8, "{hash:#018x}");
}
