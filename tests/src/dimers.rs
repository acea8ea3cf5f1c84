//! Dimers by directed loops against the coverings of small tori, counted.

use blockspin_core::exact::{Coverings, dimer_scratch_len};
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::sampler::{Dimer, Sampler, Start};
use blockspin_core::stats::Blocking;

/// Temperatures deep in the columnar phase, at its end, above, and of free dimers.
pub const TEMPERATURES: [f64; 4] = [0.3, 0.65, 1.0, f64::INFINITY];

/// Fewest samples expected of a value whose probability is compared.
const EXPECTED: f64 = 1000.0;

/// A sampled mean and what it should be.
struct Compared {
    name: String,
    expected: f64,
    measured: Blocking,
}

/// Samples a torus and compares the probability of each number of parallel plaquettes and of each
/// absolute winding number, their mean and mean square, and the square of the columnar order with
/// their exact values.
///
/// Returns the deviations in standard errors, autocorrelation allowed for.
///
/// # Panics
/// If one exceeds four, or the series is too short for its correlations.
#[must_use]
pub fn pulls(side: u32, temperature: f64, loops: u32, samples: u32, seed: u64) -> Vec<f64> {
    let length = dimer_scratch_len(side).expect("a small torus");
    let coverings = Coverings::new(side, &mut vec![0.0; length]).expect("its coverings");
    let means = coverings.means(temperature).expect("a temperature");
    let law: Vec<_> = coverings.law(temperature).expect("a temperature").collect();
    let windings: Vec<_> = coverings
        .winding_law(temperature)
        .expect("a temperature")
        .collect();

    let model = Dimer::new(side, temperature, loops).expect("a model");
    let vertices = f64::from(model.vertices());
    let compared = |name: &str, expected| Compared {
        name: name.into(),
        expected,
        measured: Blocking::new(),
    };
    let mut averages = [
        compared("N / L²", means.parallel_plaquettes_per_site),
        compared("W²", means.winding_x_squared),
        compared("D²", means.columnar_order_squared),
    ];
    let probabilities = |name: &str, law: &[f64]| -> Vec<Compared> {
        let each = law.iter().enumerate();
        each.map(|(value, p)| compared(&format!("P({name} = {value})"), *p))
            .collect()
    };
    let mut plaquettes = probabilities("N", &law);
    let mut wound = probabilities("|W|", &windings);

    let mut stream = Stream::new(seed, u64::from(side), Purpose::Sample);
    let mut state = vec![0; model.state_len()];
    let mut kept = state.clone();
    let mut scratch = vec![0; model.scratch_len()];
    model.start(Start::Hot, &mut state, &mut stream);
    for sweep in 0..1000 + samples {
        model.sweep(&mut state, &mut scratch, &mut stream);
        if sweep < 1000 {
            continue;
        }
        model.keep(&state, &mut kept, &mut stream);
        let parallel = model.parallel_plaquettes(&kept);
        let winding = f64::from(model.winding(&kept)[0]);
        let order = model.order_parameter(&kept);
        let values = [
            f64::from(parallel) / vertices,
            winding * winding,
            order * order,
        ];
        for (average, value) in averages.iter_mut().zip(values) {
            average.measured.push(value);
        }
        for (value, p) in plaquettes.iter_mut().enumerate() {
            p.measured
                .push(f64::from(u8::from(value == parallel as usize)));
        }
        for (value, p) in wound.iter_mut().enumerate() {
            let is = value as f64 == winding.abs();
            p.measured.push(f64::from(u8::from(is)));
        }
    }

    let mut pulls = vec![];
    for (i, compared) in averages.iter().chain(&plaquettes).chain(&wound).enumerate() {
        let (expected, measured) = (compared.expected, &compared.measured);
        let (mean, error) = (measured.mean(), measured.standard_error().unwrap_or(0.0));
        let about = format!(
            "{side} × {side}, T = {temperature}, {loops} loops: {} {mean:.6} ± {error:.6}, exact \
             {expected:.6}",
            compared.name
        );
        assert!(expected > 0.0 || mean == 0.0, "{about}: there is none");
        // W² is as rare as a wound covering; else a probability near 0 or 1.
        let rare = match i {
            1 => 1.0 - windings[0],
            _ => expected.min(1.0 - expected),
        };
        if rare * f64::from(samples) < EXPECTED {
            continue;
        }
        assert!(measured.is_settled(), "{about}: too short a series");
        assert!((mean - expected).abs() <= 4.0 * error, "{about}");
        pulls.push((mean - expected) / error);
    }
    pulls
}
