//! Dimers by directed loops against the coverings of small tori, counted.

use blockspin_core::num::math::exp64;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::sampler::{Dimer, Sampler, Start};
use blockspin_core::stats::Blocking;
use blockspin_exact::dimer::Coverings;

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

/// Samples a torus by one chain and compares it with what is exact.
///
/// Returns the deviations in standard errors, autocorrelation allowed for.
///
/// # Panics
/// If one exceeds four, or the series is too short for its correlations.
#[must_use]
pub fn pulls(side: u32, temperature: f64, loops: u32, samples: u32, seed: u64) -> Vec<f64> {
    let model = Dimer::new(side, temperature, loops).expect("a model");
    let mut chain = Chain::new(model, seed);
    chain.start(Start::Hot);
    (0..1000).for_each(|_| chain.sweep());
    let about = format!("{side} × {side}, T = {temperature}, {loops} loops");
    compare(&model, &about, samples, |kept| {
        chain.sweep();
        chain.keep(kept);
    })
}

/// Begins free dimers anew for each sample, which so many loops follow, and compares them with
/// what is exact.
///
/// Returns the deviations in standard errors.
///
/// # Panics
/// If one exceeds four.
#[must_use]
pub fn starts(side: u32, start: Start, loops: u32, samples: u32, seed: u64) -> Vec<f64> {
    let model = Dimer::new(side, f64::INFINITY, loops).expect("a model");
    let mut chain = Chain::new(model, seed);
    let about = format!("{side} × {side}, {loops} loops from a {start:?} start");
    compare(&model, &about, samples, |kept| {
        chain.start(start);
        chain.sweep();
        chain.keep(kept);
    })
}

/// Keeps configurations with noise and compares it with pairs of spins of their own: their means,
/// how often they are equal, and products of what has nothing to do with one another.
///
/// Returns the deviations in standard errors.
///
/// # Panics
/// If one exceeds four.
#[must_use]
pub fn noise(binding: f64, samples: u32, seed: u64) -> Vec<f64> {
    const SIDE: u32 = 4;
    let model = Dimer::new(SIDE, f64::INFINITY, SIDE).expect("a model");
    let model = model.with_noise(binding).expect("noise");
    let bound = exp64(binding) / (exp64(binding) + exp64(-binding));
    let mut averages = [
        ("P(s = s')", bound),
        ("⟨s⟩", 0.0),
        ("⟨s'⟩", 0.0),
        ("⟨s t⟩ of two vertices", 0.0),
        ("⟨s' t'⟩ of two faces", 0.0),
        ("⟨s N⟩", 0.0),
        ("⟨s d⟩ with a dimer from the vertex", 0.0),
        ("⟨(s s' − mean) d⟩", 0.0),
        ("⟨(s s' − mean)(t t' − mean)⟩", 0.0),
    ]
    .map(|(name, expected)| Compared {
        name: name.into(),
        expected,
        measured: Blocking::new(),
    });
    let mut chain = Chain::new(model, seed);
    chain.start(Start::Hot);
    let mut kept = vec![0; model.state_len()];
    let mean = 2.0 * bound - 1.0;
    for sample in 0..samples {
        chain.sweep();
        chain.keep(&mut kept);
        let n = f64::from(model.parallel_plaquettes(&kept));
        let (y, x) = (sample % SIDE, sample / SIDE % SIDE);
        let spins = |y: u32, x: u32| {
            let pair = model.noise_pair(&kept, y % SIDE, x % SIDE);
            pair.map(|up| if up { 1.0 } else { -1.0 })
        };
        let ([s, face], [t, other]) = (spins(y, x), spins(y, x + 1));
        let dimer = f64::from(u8::from(model.along_row(&kept, y, x)));
        let values = [
            f64::from(u8::from(s == face)),
            s,
            face,
            s * t,
            face * other,
            s * n,
            s * (dimer - 0.25),
            (s * face - mean) * (dimer - 0.25),
            (s * face - mean) * (t * other - mean),
        ];
        for (average, value) in averages.iter_mut().zip(values) {
            average.measured.push(value);
        }
    }
    let pulls = averages.iter().map(|average| {
        let error = average.measured.standard_error().expect("many samples");
        let pull = (average.measured.mean() - average.expected) / error;
        assert!(
            pull.abs() <= 4.0,
            "K = {binding}: {} off by {pull} errors",
            average.name
        );
        pull
    });
    pulls.collect()
}

/// A chain with what it needs.
struct Chain {
    model: Dimer,
    state: Vec<u32>,
    scratch: Vec<u32>,
    stream: Stream,
}

impl Chain {
    fn new(model: Dimer, seed: u64) -> Self {
        Chain {
            model,
            state: vec![0; model.state_len()],
            scratch: vec![0; model.scratch_len()],
            stream: Stream::new(seed, u64::from(model.side()), Purpose::Sample),
        }
    }

    fn start(&mut self, start: Start) {
        self.model.start(start, &mut self.state, &mut self.stream);
    }

    fn sweep(&mut self) {
        let Chain {
            model,
            state,
            scratch,
            stream,
        } = self;
        model.sweep(state, scratch, stream);
    }

    fn keep(&mut self, kept: &mut [u32]) {
        self.model.keep(&self.state, kept, &mut self.stream);
    }
}

/// Compares the probability of each number of parallel plaquettes and of each absolute winding
/// number, their mean and mean square, and the square of the columnar order with their exact values.
fn compare(model: &Dimer, about: &str, samples: u32, mut next: impl FnMut(&mut [u32])) -> Vec<f64> {
    let (side, temperature) = (model.side(), model.temperature());
    let coverings = Coverings::new(side).expect("its coverings");
    let means = coverings.means(temperature).expect("a temperature");
    let law: Vec<_> = coverings.law(temperature).expect("a temperature").collect();
    let windings: Vec<_> = coverings
        .winding_law(temperature)
        .expect("a temperature")
        .collect();

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

    let mut kept = vec![0; model.state_len()];
    for _ in 0..samples {
        next(&mut kept);
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
            "{about}: {} {mean:.6} ± {error:.6}, exact {expected:.6}",
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
