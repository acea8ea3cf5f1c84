//! Sweeps of the samplers beside Ising and what an independent configuration costs, as CSV.
//!
//! An event of a sweep is a loop of dimers, or a unit or mass that moves. Independent are
//! configurations 2 τ sweeps apart, τ that of the slowest observable.

use blockspin_benches::{Chain, tau};
use blockspin_core::lattice::Lattice;
use blockspin_core::sampler::{Chipping, Dimer, Sampler};
use blockspin_core::stats::Blocking;
use blockspin_exact::chipping;
use blockspin_exact::dimer::Coverings;

/// Configurations of a series.
const LENGTH: usize = 1 << 17;

/// Sweeps that are timed.
const STRETCH: u32 = 500;

/// In distances between configurations.
const BURN_IN: u32 = 5000;

/// Compares the first observable of a small system with its exact mean.
fn check(model: impl Sampler<Cell = u32>, expected: f64) {
    let name = model.observables()[0];
    let mut blocking = Blocking::new();
    let series = Chain::new(model, BURN_IN).observe(LENGTH, 1);
    series[0].iter().for_each(|x| blocking.push(*x));
    let (mean, error) = (blocking.mean(), blocking.standard_error().unwrap_or(0.0));
    assert!(
        (mean - expected).abs() < 4.0 * error,
        "{name} {mean} ± {error}; {expected} is right"
    );
}

/// A line of the table from configurations `thin` sweeps apart; `events` is their number in a sweep, from the means of the observables.
fn measure(
    name: &str,
    model: impl Sampler<Cell = u32> + Clone,
    thin: u32,
    events: impl Fn(&[f64]) -> f64,
) {
    let names = model.observables();
    let mut chain = Chain::new(model, BURN_IN * thin);
    let means = |series: &[Vec<f64>]| -> Vec<f64> {
        let mean = |values: &Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
        series.iter().map(mean).collect()
    };
    // Time and number of events are those of the same stretch, which need not be a typical one.
    let timed = chain.sweep_microseconds(STRETCH);
    let event = timed / events(&means(&chain.clone().observe(STRETCH as usize, 1)));
    let series = chain.observe(LENGTH, thin);
    let sweep = event * events(&means(&series));
    let times = series.iter().map(|values| {
        let (tau, error) = tau(values);
        (tau * f64::from(thin), error * f64::from(thin))
    });
    let (slowest, (tau, error)) = names
        .iter()
        .zip(times)
        .max_by(|(_, (a, _)), (_, (b, _))| a.total_cmp(b))
        .expect("observables");
    println!(
        "{name},{sweep:.2},{:.2},{tau:.2},{error:.2},{slowest},{:.1}",
        1e3 * event,
        2.0 * tau * sweep
    );
}

fn main() {
    println!("sampler,us_per_sweep,ns_per_event,tau,tau_error,slowest,us_per_independent");
    for (name, temperature) in [("15", 15.0), ("0.65", 0.65)] {
        let dimers = |side| {
            let loops = Dimer::usual_loops(side, temperature);
            Dimer::new(side, temperature, loops).expect("a model")
        };
        let exact = Coverings::new(6).expect("coverings");
        let exact = exact.means(temperature).expect("means");
        check(dimers(6), exact.parallel_plaquettes_per_site);
        let loops = f64::from(dimers(32).loops());
        measure(&format!("dimer 32 x 32 T = {name}"), dimers(32), 1, |_| {
            loops
        });
    }
    let ring = |sites| {
        let lattice = Lattice::new(&[sites]).expect("a ring");
        Chipping::new(lattice, 1.0, 1.0 / 3.0).expect("a model")
    };
    let law = chipping::law(&ring(6)).expect("a law");
    check(ring(6), law.mass_squared());
    // The largest mass takes thousands of sweeps to change. An occupied site acts once a sweep on average.
    measure("chipping 256 rho = 1 w = 1/3", ring(256), 100, |means| {
        256.0 * means[2]
    });
}
