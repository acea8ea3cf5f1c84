//! The core: what a constructor accepts can be used, and what it refuses it names.

use std::fmt::Display;

use blockspin_core::bound::AnyBound as Bound;
use blockspin_core::critic::{Activation, AnyCritic as Critic};
use blockspin_core::encoder::{AnyEncoder as Encoder, Choice};
use blockspin_core::estimator::{Estimator, EstimatorStorage};
use blockspin_core::kernel::Portable;
use blockspin_core::lattice::graph::Graph;
use blockspin_core::lattice::{Lattice, MAX_DIMENSION};
use blockspin_core::nn::mlp::Input;
use blockspin_core::num::bits::words;
use blockspin_core::num::lane::{Lane, lanes};
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::optim::schedule::Schedule;
use blockspin_core::optim::stopping::{Convergence, Patience};
use blockspin_core::rsmi::Learn;
use blockspin_core::sampler::random_bond_ring::{Bond, bonds};
use blockspin_core::sampler::{
    Algorithm, Chipping, Coupling, Dimer, Disorder, Gaussian, Ising, Potts, RandomBondRing,
    Sampler, Start,
};
use blockspin_core::shape::{PairShape, Shape};
use blockspin_core::stats::{Blocking, integrated};
use blockspin_core::window::Window;
use blockspin_core::window::region::Region;
use blockspin_core::window::row::Value;
use blockspin_core::window::shuffle_buffer::{Cut, ShuffleBuffer};
use blockspin_tests::problem::Buffers;

use crate::engine::{Fuzz, limit, pick};

/// Most lanes of a shape that is used, not only measured.
const LANES: usize = 1 << 14;
/// Most sites of a system that is used.
const SITES: usize = 1 << 12;

/// A size: mostly usual, or at a limit.
fn size(usual: u32, stream: &mut Stream) -> u32 {
    match stream.below(12) {
        0 => limit(usual.into(), stream) as u32,
        _ => stream.below(usual + 1),
    }
}

/// A real number: mostly usual, or the last of its kind.
fn real(stream: &mut Stream) -> f64 {
    let limits = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        f64::EPSILON,
        f64::MIN_POSITIVE,
        5e-324,
        1e-300,
        1e-40,
        1e-9,
        88.0,
        709.0,
        1e9,
        1e38,
        1e300,
        f64::MAX,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ];
    match stream.below(4) {
        0 => *pick(stream, &limits),
        1 => f64::from(stream.below(9)),
        _ => 3.0 * f64::from(stream.uniform()) - 0.5,
    }
}

/// Values of samples: all usual, or some not.
fn value(wild: bool, stream: &mut Stream) -> f32 {
    match wild && stream.below(4) == 0 {
        true => real(stream) as f32,
        false => stream.normal(),
    }
}

/// Up to four sizes.
fn sizes(usual: u32, stream: &mut Stream) -> Vec<u32> {
    (0..stream.below(5)).map(|_| size(usual, stream)).collect()
}

/// What is refused is said on one line.
fn taken<T>(result: Result<T, impl Display>) -> Option<T> {
    let told = |error| assert_eq!(format!("{error}").lines().count(), 1, "{error}");
    result.map_err(told).ok()
}

/// Each input is the seed of its own numbers, so that an input shows how it goes on.
fn fuzz(name: &'static str, accepted: impl Fn(&mut Stream) -> bool) {
    let fuzz = Fuzz {
        name,
        one_in: 1,
        memory: 16 << 20,
        memory_per_byte: 0,
    };
    fuzz.run(
        |stream| stream.next_u64(),
        |_| 0,
        |seed| accepted(&mut Stream::new(*seed, 0, Purpose::Sample)),
    );
}

fn critic(stream: &mut Stream) -> Critic {
    *pick(stream, &Critic::ALL)
}

fn encoder(stream: &mut Stream) -> Encoder {
    let epsilon = real(stream) as f32;
    let choices = [
        Choice::Relaxed { epsilon },
        Choice::Softmax,
        Choice::Largest,
    ];
    let encoders = [
        Encoder::Relaxed { epsilon },
        Encoder::Sigmoid,
        Encoder::Sign,
        Encoder::Continuous { noise: epsilon },
        Encoder::States {
            states: size(5, stream),
            choice: *pick(stream, &choices),
        },
    ];
    *pick(stream, &encoders)
}

/// Whether a step of these is done soon.
fn is_small(pairs: &PairShape) -> bool {
    let lanes = pairs.parameter_lanes() + pairs.workspace_lanes() + pairs.transposed_words();
    lanes < LANES && pairs.batch() <= 128
}

/// A batch of packed or real rows.
enum Rows {
    Signs(Vec<u32>),
    Reals(Vec<Lane>),
}

impl Rows {
    fn new(rows: usize, columns: usize, stream: &mut Stream) -> Self {
        let wild = stream.below(4) == 0;
        match stream.coin() {
            true => {
                let n = words(columns);
                let mut all: Vec<u32> = (0..rows * n).map(|_| stream.next_u32()).collect();
                for row in all.chunks_mut(n) {
                    row[n - 1] &= u32::MAX >> (32 * n - columns);
                }
                Rows::Signs(all)
            }
            false => {
                let mut all = vec![Lane::ZERO; rows * lanes(columns)];
                for row in all.chunks_mut(lanes(columns)) {
                    let numbers = row.iter_mut().flat_map(|lane| &mut lane.0);
                    numbers.take(columns).for_each(|x| *x = value(wild, stream));
                }
                Rows::Reals(all)
            }
        }
    }

    fn input(&self) -> Input<'_> {
        match self {
            Rows::Signs(words) => Input::Signs(words),
            Rows::Reals(lanes) => Input::Reals(lanes),
        }
    }
}

#[test]
fn estimators() {
    fuzz("estimators", |stream| {
        let hidden = sizes(9, stream);
        let new = PairShape::new(
            size(20, stream),
            size(40, stream),
            &hidden,
            size(9, stream),
            size(40, stream),
        );
        let Some(shape) = taken(new).and_then(|shape| taken(shape.with_critic(critic(stream))))
        else {
            return false;
        };
        let shape = shape.with_activation(*pick(stream, &Activation::ALL));
        if !is_small(&shape) {
            return true;
        }
        let mut all =
            vec![Lane([f32::NAN; 16]); 4 * shape.parameter_lanes() + shape.workspace_lanes()];
        let mut flipped = vec![u32::MAX; shape.transposed_words()];
        let storage = EstimatorStorage::cut(&shape, &mut all, &mut flipped).expect("its lengths");
        let mut estimator = Estimator::new(shape, storage, stream)
            .expect("its lengths")
            .with_bound(*pick(stream, &Bound::ALL));
        let x = Rows::new(shape.batch(), shape.x(), stream);
        let y = Rows::new(shape.batch(), shape.y(), stream);
        for _ in 0..2 {
            let rate = real(stream) as f32;
            estimator.step::<Portable>(x.input(), y.input(), rate);
        }
        estimator.differentiate::<Portable>(x.input(), y.input(), true);
        estimator.scale_critic(real(stream) as f32);
        let mut terms = vec![0.0; size(50, stream).min(1000) as usize];
        estimator.evaluate::<Portable>(x.input(), y.input(), &mut terms);
        true
    });
}

#[test]
fn runs() {
    fuzz("runs", |stream| {
        let hidden = sizes(9, stream);
        let new = Shape::new(
            size(20, stream),
            size(40, stream),
            size(6, stream),
            &hidden,
            size(9, stream),
            size(40, stream),
        );
        let shape = taken(new).and_then(|shape| taken(shape.with_critic(critic(stream))));
        let shape = shape.and_then(|shape| match stream.below(3) {
            0 => taken(shape.with_map(&sizes(9, stream))),
            1 => taken(shape.with_components(size(6, stream))),
            _ => Some(shape),
        });
        let Some(shape) = shape else {
            return false;
        };
        let shape = shape.with_activation(*pick(stream, &Activation::ALL));
        let bytes: u64 = shape.buffers().iter().map(|buffer| buffer.bytes).sum();
        if !is_small(&shape.pairs()) || bytes > 64 * LANES as u64 {
            return true;
        }
        let packed = stream.coin();
        let mut buffers = match packed {
            true => Buffers::new(shape),
            false => Buffers::of_reals(shape),
        };
        let centres: Vec<f32> = (0..size(30, stream).min(1000))
            .map(|_| value(true, stream))
            .collect();
        let mut rsmi = buffers
            .start(shape, 1)
            .with_bound(*pick(stream, &Bound::ALL))
            .with_filter_scaled(real(stream) as f32)
            .with_filter_rate(real(stream) as f32)
            .with_weight_decay(real(stream) as f32);
        if stream.below(4) == 0 {
            rsmi = rsmi.with_centres(&centres);
        }
        if stream.below(4) == 0 {
            rsmi = match taken(rsmi.with_frozen(stream.next_u64())) {
                Some(rsmi) => rsmi,
                None => return false,
            };
        }
        let wild = stream.below(4) == 0;
        for (part, columns) in [shape.block(), shape.environment()].into_iter().enumerate() {
            let (v, e) = rsmi.signs();
            for row in [v, e][part].chunks_exact_mut(words(columns)) {
                row.fill_with(|| stream.next_u32());
                row[words(columns) - 1] &= u32::MAX >> (32 * words(columns) - columns);
            }
            let (v, e) = rsmi.reals();
            for row in [v, e][part].chunks_exact_mut(lanes(columns)) {
                let numbers = row.iter_mut().flat_map(|lane| &mut lane.0);
                numbers.take(columns).for_each(|x| *x = value(wild, stream));
            }
        }
        let encoder = encoder(stream);
        for _ in 0..2 {
            let learn = *pick(stream, &[Learn::All, Learn::Critic]);
            let rate = real(stream) as f32;
            rsmi.step::<Portable>(encoder, learn, rate, stream);
        }
        rsmi.set_filter(size(20, stream) as usize, 0, real(stream) as f32);
        rsmi.normalise_filter::<Portable>();
        let mut weights = vec![0.0; shape.block()];
        rsmi.response::<Portable>(size(3, stream) as usize, &mut weights);
        let mut terms = vec![0.0; size(50, stream).min(1000) as usize];
        rsmi.evaluate::<Portable>(encoder, stream, &mut terms);
        true
    });
}

fn sides(usual: u32, stream: &mut Stream) -> Vec<u32> {
    (0..stream.below(5))
        .map(|_| size(usual, stream).wrapping_add(2))
        .collect()
}

/// Draws batches of windows, packed and real.
fn draw<C: Cut + Copy>(cut: C, stream: &mut Stream) {
    fn of<T: Value, C: Cut>(cut: C, stream: &mut Stream, one: T, zero: T::Word) -> bool {
        let capacity = size(6, stream).min(10) as usize;
        let mut values = vec![one; capacity * T::configuration(cut.sites())];
        let mut order = vec![0; capacity];
        let (block, environment) = cut.parts();
        let batch = size(6, stream).min(10) as usize;
        let mut v = vec![zero; batch * T::row(block)];
        let mut e = vec![zero; batch * T::row(environment)];
        let mut pool = ShuffleBuffer::new(cut, &mut values, &mut order);
        for _ in 0..stream.below(12) {
            pool.next_slot();
        }
        let drawn = pool.draw(batch, stream, &mut v, &mut e);
        assert_eq!(drawn, pool.len() >= batch);
        let full = v.iter().chain(&e).all(|row| !T::is_incomplete(&[*row]));
        assert!(full);
        drawn
    }
    of(cut, stream, u32::MAX, 0);
    of(cut, stream, 1.5f32, Lane::ZERO);
}

#[test]
fn windows() {
    fuzz("windows", |stream| {
        let Some(lattice) = taken(Lattice::new(&sides(9, stream))) else {
            return false;
        };
        let widths = |usual, stream: &mut Stream| match stream.below(3) {
            0 => vec![size(usual, stream)],
            _ => (0..lattice.dimension())
                .map(|_| size(usual, stream))
                .collect(),
        };
        let (block, buffer) = (widths(4, stream), widths(1, stream));
        let new = Window::new(lattice, &block, &buffer, &widths(2, stream));
        let Some(mut window) = taken(new) else {
            return false;
        };
        for _ in 0..stream.below(3) {
            let changed = match stream.below(3) {
                0 => {
                    let open: Vec<bool> = (0..stream.below(5)).map(|_| stream.coin()).collect();
                    Some(window.with_open(&open))
                }
                1 => taken(window.with_corner(&widths(9, stream))),
                _ => taken(window.doubled(stream.coin())),
            };
            match changed {
                Some(changed) => window = changed,
                None => return false,
            }
        }
        if lattice.sites() > SITES {
            return true;
        }
        assert!(window.places() > 0);
        assert_eq!(window.block_indices().count(), window.block_sites());
        for index in window.block_indices() {
            assert!((index as usize) < window.sites());
        }
        assert!(window.zones().count() >= window.block_sites() + window.environment_sites());
        for _ in 0..20 {
            let origin = window.random_origin(stream);
            let within = origin
                .iter()
                .zip(lattice.extent())
                .all(|(at, side)| *at < side);
            assert!(within, "{origin:?} {window:?}");
        }
        draw(window, stream);
        true
    });
}

#[test]
fn regions_and_graphs() {
    fuzz("regions and graphs", |stream| {
        let sites = size(40, stream) as usize;
        let list = |stream: &mut Stream| -> Vec<u32> {
            let least = sites.clamp(1, 100) as u32;
            (0..stream.below(9))
                .map(|_| match stream.below(60) {
                    0 => size(least, stream),
                    _ => stream.below(least),
                })
                .collect()
        };
        let (block, environment) = (list(stream), list(stream));
        let region = taken(Region::new(sites, &block, &environment));
        if let Some(region) = region.filter(|_| sites <= SITES) {
            draw(region, stream);
        }
        // A ring, of which some numbers are changed.
        let nodes = 1 + stream.below(7);
        let mut neighbours = vec![];
        let mut offsets = vec![0];
        for node in 0..nodes {
            let mut row = [(node + 1) % nodes, (node + nodes - 1) % nodes].to_vec();
            row.sort_unstable();
            row.dedup();
            row.retain(|neighbour| *neighbour != node);
            neighbours.extend(row);
            offsets.push(neighbours.len() as u32);
        }
        for list in [&mut neighbours, &mut offsets] {
            if stream.below(3) == 0 && !list.is_empty() {
                let at = stream.below(list.len() as u32) as usize;
                list[at] = size(7, stream);
            }
            if stream.below(8) == 0 {
                list.truncate(stream.below(9) as usize);
            }
        }
        let graph = taken(Graph::new(&offsets, &neighbours));
        if let Some(graph) = &graph {
            let room = size(9, stream).min(1000) as usize;
            let (mut distance, mut queue) = (vec![0; room], vec![0; room]);
            let origins = [size(6, stream), size(6, stream)];
            let reach = size(5, stream);
            taken(graph.breadth_first(&origins, reach, &mut distance, &mut queue));
            for node in 0..nodes + 2 {
                assert!(graph.neighbours(node).len() < nodes as usize);
            }
        }
        region.is_some() && graph.is_some()
    });
}

/// Starts a chain, goes some sweeps, and measures.
fn sweep<M: Sampler>(model: &M, stream: &mut Stream) {
    if model.lattice().sites() > SITES {
        return;
    }
    let mut state = vec![M::Cell::default(); model.state_len()];
    let mut kept = state.clone();
    let mut scratch = vec![u32::MAX; model.scratch_len()];
    let start = *pick(stream, &[Start::Hot, Start::Cold]);
    model.start(start, &mut state, stream);
    assert!(model.holds(&state));
    model.sweep(&mut state, &mut scratch, stream);
    model.sweeps(stream.below(3), &mut state, &mut scratch, stream);
    assert!(model.holds(&state));
    model.keep(&state, &mut kept, stream);
    let mut numbers = vec![f64::NAN; model.observables().len()];
    model.observe(&state, &mut numbers);
    numbers.extend([model.energy(&state), model.order_parameter(&state)]);
    assert!(numbers.iter().all(|x| x.is_finite()), "{numbers:?}");
    let _ = (model.sector(&state), model.sector(&kept));
    model.count(&kept, &mut |_| {});
    let learned = model.learned().sites();
    let mut values = vec![M::Value::default(); learned];
    model.values(&kept, &mut values);
    assert!((0..learned as u32).all(|site| model.mean(site).is_finite()));
}

/// A number of steps that ends soon; beyond it is constructed alone.
const SOON: u32 = 300;

fn ising(stream: &mut Stream) -> Option<()> {
    let lattice = taken(Lattice::new(&sides(9, stream)))?;
    let couplings = [Coupling::Ferromagnetic, Coupling::Antiferromagnetic];
    let clusters = size(20, stream);
    let algorithms = [
        Algorithm::Metropolis,
        Algorithm::SwendsenWang,
        Algorithm::Wolff { clusters },
    ];
    let algorithm = *pick(stream, &algorithms);
    let coupling = *pick(stream, &couplings);
    let model = taken(Ising::new(lattice, real(stream), coupling, algorithm))?;
    if clusters <= SOON || !matches!(algorithm, Algorithm::Wolff { .. }) {
        sweep(&model, stream);
    }
    Some(())
}

fn ring(stream: &mut Stream) -> Option<()> {
    let disorder = match stream.coin() {
        true => Disorder::Gaussian {
            mean: real(stream),
            deviation: real(stream),
        },
        false => Disorder::PlusMinus { p: real(stream) },
    };
    let mut couplings = vec![0.0; size(40, stream).min(SITES as u32) as usize];
    taken(disorder.draw(stream.next_u64(), &mut couplings))?;
    if stream.below(8) == 0 && !couplings.is_empty() {
        let at = stream.below(couplings.len() as u32) as usize;
        couplings[at] = real(stream);
    }
    let mut all = vec![Bond::default(); couplings.len()];
    taken(bonds(&couplings, real(stream), &mut all))?;
    sweep(&taken(RandomBondRing::new(all))?, stream);
    Some(())
}

fn dimers(stream: &mut Stream) -> Option<()> {
    let side = 2 * size(6, stream).min(u32::MAX / 2);
    let temperature = real(stream);
    let loops = match stream.coin() {
        true => Dimer::usual_loops(side, temperature),
        false => size(40, stream),
    };
    let mut model = taken(Dimer::new(side, temperature, loops))?;
    if stream.coin() {
        model = taken(model.with_noise(real(stream)))?;
    }
    // Loops at low temperature take their time, exp(1/T).
    if loops <= SOON && temperature > 0.2 {
        sweep(&model, stream);
    }
    Some(())
}

fn others(stream: &mut Stream) -> Option<()> {
    let lattice = taken(Lattice::new(&sides(9, stream)))?;
    match stream.below(3) {
        0 => sweep(&taken(Gaussian::new(lattice, real(stream)))?, stream),
        1 => {
            let states = size(5, stream);
            sweep(&taken(Potts::new(lattice, states, real(stream)))?, stream);
        }
        _ => {
            let lattice = taken(Lattice::new(&[size(20, stream)]))?;
            let density = match stream.coin() {
                true => f64::from(size(50, stream)) / lattice.sites() as f64,
                false => real(stream),
            };
            sweep(
                &taken(Chipping::new(lattice, density, real(stream)))?,
                stream,
            );
        }
    }
    Some(())
}

#[test]
fn samplers() {
    fuzz("samplers", |stream| {
        let done = match stream.below(4) {
            0 => ising(stream),
            1 => ring(stream),
            2 => dimers(stream),
            _ => others(stream),
        };
        done.is_some()
    });
}

#[test]
fn schedules_and_figures() {
    fuzz("schedules and figures", |stream| {
        let schedule = Schedule {
            steps: size(100, stream),
            rate_start: real(stream) as f32,
            rate_end: real(stream) as f32,
            epsilon_start: real(stream) as f32,
            epsilon_end: real(stream) as f32,
            epsilon_rate: real(stream) as f32,
        };
        let t = size(100, stream);
        let (_, epsilon) = (schedule.rate(t), schedule.epsilon(t));
        let mut blocking = Blocking::new();
        let mut convergence = Convergence::new(real(stream), real(stream));
        let mut patience = Patience::new(size(9, stream));
        let mut series = vec![];
        let wild = stream.coin();
        for _ in 0..stream.below(100) {
            let x = match wild {
                true => real(stream),
                false => f64::from(stream.normal()),
            };
            blocking.push(x);
            convergence.push(x);
            patience.push(x);
            series.push(x);
        }
        let time = integrated(&series);
        let found = (
            blocking.mean(),
            blocking.standard_error(),
            blocking.autocorrelation_time(),
        );
        let _ = (time, blocking.is_settled());
        if !wild && !series.is_empty() {
            assert!(found.0.is_finite(), "{found:?}");
            assert!(found.1.is_none_or(|error| error >= 0.0), "{found:?}");
        }
        epsilon.is_finite() && schedule.epsilon_start > schedule.epsilon_end
    });
}

/// Lattices have as many axes as these inputs try, and one more.
const _: () = assert!(MAX_DIMENSION < 4);
