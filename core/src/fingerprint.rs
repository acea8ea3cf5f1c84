//! Standard workloads, each reduced to 64 bits that are equal on every machine.
//!
//! A workload needs nothing but an [`Arena`] of 10 KiB, so that all of them run one after another
//! on a microcontroller with 16 KiB of memory. Its fingerprint is FNV-1a 64 over the
//! little-endian bits of every result, −0 kept apart from +0; a NaN is a failure, since its bits
//! differ between machines.

use core::hash::Hasher;

use fnv::FnvHasher;

use crate::bound::Bound;
use crate::critic::{Activation, Critic};
use crate::encoder::{Choice, Encoder};
use crate::lattice::Lattice;
use crate::num::bits::words;
use crate::num::lane::Lane;
use crate::num::math;
use crate::num::rng::{Purpose, Stream};
use crate::optim::schedule::Schedule;
use crate::rsmi::{Learn, Machine, Rsmi, Samples, Storage};
use crate::sampler::random_bond_ring::{self, Bond};
use crate::sampler::{
    Algorithm, Chipping, Coupling, Dimer, Disorder, Gaussian, Ising, Potts, RandomBondRing,
    Sampler, Start,
};
use crate::shape::Shape;
use crate::stats::{Blocking, integrated};
use crate::window::Window;
use crate::window::shuffle_buffer::ShuffleBuffer;

const LANES: usize = 144;
const WORDS: usize = 256;

/// Storage of one workload: 10 KiB.
#[derive(Debug)]
pub struct Arena {
    lanes: [Lane; LANES],
    words: [u32; WORDS],
}

impl Arena {
    /// Cleared storage.
    #[must_use]
    pub const fn new() -> Self {
        Arena {
            lanes: [Lane::ZERO; LANES],
            words: [0; WORDS],
        }
    }
}

impl Default for Arena {
    fn default() -> Self {
        Self::new()
    }
}

/// Names of the workloads, in the order in which they are printed.
pub const WORKLOADS: [&str; 20] = [
    "random-streams",
    "elementary-functions",
    "ising-metropolis",
    "ising-wolff",
    "ising-swendsen-wang",
    "windows",
    "step-one-component",
    "step-three-components",
    "step-reals",
    "estimate",
    "statistics",
    "chipping",
    "dimer",
    "potts",
    "gaussian-field",
    "chain-disorder",
    "encoders",
    "bounds",
    "maps",
    "critics",
];

/// Runs workload `index` of [`WORKLOADS`]; `None` if there is no such, or a result is NaN.
pub fn run(index: usize, machine: &impl Machine, arena: &mut Arena) -> Option<u64> {
    arena.lanes.fill(Lane::ZERO);
    arena.words.fill(0);
    let mut hash = Hash::default();
    let one = Shape::new(3, 6, 1, &[3], 2, 5).ok()?;
    let three = Shape::new(2, 5, 3, &[2, 2], 2, 3).ok()?;
    match index {
        0 => random_streams(&mut hash),
        1 => elementary_functions(&mut hash),
        2 => ising(Algorithm::Metropolis, arena, &mut hash)?,
        3 => ising(Algorithm::Wolff { clusters: 3 }, arena, &mut hash)?,
        4 => ising(Algorithm::SwendsenWang, arena, &mut hash)?,
        5 => windows(arena, &mut hash)?,
        6 => learn(one, Learn::All, Bound::InfoNce, machine, arena, &mut hash)?,
        7 => learn(three, Learn::All, Bound::InfoNce, machine, arena, &mut hash)?,
        8 => learn_reals(
            Shape::new(3, 6, 1, &[3], 2, 4).ok()?,
            machine,
            arena,
            &mut hash,
        )?,
        9 => learn(
            one,
            Learn::Critic,
            Bound::InfoNce,
            machine,
            arena,
            &mut hash,
        )?,
        10 => statistics(&mut hash),
        11 => chipping(arena, &mut hash)?,
        12 => dimer(arena, &mut hash)?,
        13 => potts(arena, &mut hash)?,
        14 => gaussian(&mut hash)?,
        15 => chain_disorder(arena, &mut hash)?,
        16 => encoders(machine, arena, &mut hash)?,
        17 => {
            for bound in Bound::ALL.into_iter().skip(1) {
                learn(one, Learn::All, bound, machine, arena, &mut hash)?;
            }
        }
        18 => maps(machine, arena, &mut hash)?,
        19 => critics(machine, arena, &mut hash)?,
        _ => return None,
    }
    hash.finish()
}

/// FNV-1a 64 that remembers whether it met a NaN.
#[derive(Default)]
struct Hash {
    state: FnvHasher,
    failed: bool,
}

impl Hash {
    fn word(&mut self, value: u32) {
        self.state.write(&value.to_le_bytes());
    }

    fn real(&mut self, value: f32) {
        self.failed |= value.is_nan();
        self.word(value.to_bits());
    }

    fn real64(&mut self, value: f64) {
        self.failed |= value.is_nan();
        self.state.write(&value.to_bits().to_le_bytes());
    }

    fn reals(&mut self, lanes: &[Lane]) {
        lanes
            .iter()
            .for_each(|lane| lane.0.iter().for_each(|x| self.real(*x)));
    }

    fn finish(self) -> Option<u64> {
        (!self.failed).then(|| self.state.finish())
    }
}

fn random_streams(hash: &mut Hash) {
    for (seed, task, purpose) in [(0, 0, Purpose::Parameters), (1, 7, Purpose::Encoder)] {
        let mut stream = Stream::new(seed, task, purpose);
        for bound in 1..200 {
            hash.word(stream.next_u32());
            hash.word(stream.below(bound * bound));
            hash.word(u32::from(stream.coin()));
            hash.real(stream.uniform());
            hash.real(stream.logistic());
            hash.real(stream.gumbel());
        }
    }
}

fn elementary_functions(hash: &mut Hash) {
    // Positive floats from 2⁻⁶⁴ to 2⁶⁴, 4001 of them, with ever other mantissas.
    for i in 0..4001 {
        let x = f32::from_bits(0x1f80_0000 + i * 0x0004_1893);
        hash.real(math::exp_nonpositive(-x));
        hash.real(math::ln(x));
        hash.real(math::sqrt(x));
        if x < 100.0 {
            hash.real(math::cos(x));
            hash.real64(math::exp64(-f64::from(x)));
            hash.real64(math::ln64(f64::from(x)));
        }
    }
}

fn ising(algorithm: Algorithm, arena: &mut Arena, hash: &mut Hash) -> Option<()> {
    use Coupling::{Antiferromagnetic, Ferromagnetic};
    let cases: [(&[u32], f64, Coupling); 4] = [
        (&[37], 0.9, Ferromagnetic),
        (&[12, 10], 0.44, Ferromagnetic),
        (&[6, 8], 0.5, Antiferromagnetic),
        (&[3, 4, 5], 0.22, Ferromagnetic),
    ];
    for (task, (sides, beta, coupling)) in (0u64..).zip(cases) {
        let model = Ising::new(Lattice::new(sides).ok()?, beta, coupling, algorithm).ok()?;
        let mut stream = Stream::new(1, task, Purpose::Training);
        sample(&model, Start::Hot, &mut stream, arena, hash)?;
    }
    Some(())
}

fn dimer(arena: &mut Arena, hash: &mut Hash) -> Option<()> {
    use Start::{Cold, Hot};
    let cases = [
        (4, f64::INFINITY, 2, Hot),
        (6, 0.65, 20, Cold),
        (10, 1.3, 7, Hot),
        (12, 0.3, 30, Cold),
    ];
    for (task, (side, temperature, loops, start)) in (0u64..).zip(cases) {
        let model = Dimer::new(side, temperature, loops).ok()?;
        let mut stream = Stream::new(1, task, Purpose::Training);
        sample(&model, start, &mut stream, arena, hash)?;
    }
    Some(())
}

fn potts(arena: &mut Arena, hash: &mut Hash) -> Option<()> {
    use Start::{Cold, Hot};
    let cases: [(&[u32], u32, f64, Start); 4] = [
        (&[37], 5, 1.5, Hot),
        (&[2, 11], 2, 0.9, Cold),
        (&[8, 10], 3, 1.0, Hot),
        (&[9, 7], 16, 1.6, Cold),
    ];
    for (task, (sides, states, beta, start)) in (0u64..).zip(cases) {
        let model = Potts::new(Lattice::new(sides).ok()?, states, beta).ok()?;
        let mut stream = Stream::new(1, task, Purpose::Training);
        sample(&model, start, &mut stream, arena, hash)?;
        // The arena begins with the chain's last configuration.
        let (state, code) = arena.words.split_at_mut(model.state_len());
        let code = code.get_mut(..words(model.learned().sites()))?;
        model.values(state, code);
        code.iter().for_each(|word| hash.word(*word));
    }
    Some(())
}

fn gaussian(hash: &mut Hash) -> Option<()> {
    use Start::{Cold, Hot};
    let cases: [(&[u32], f64, Start); 4] = [
        (&[37], 0.02, Hot),
        (&[6, 10], 0.1, Cold),
        (&[7, 5], 3.0, Hot),
        (&[3, 4, 5], 0.5, Cold),
    ];
    for (task, (sides, mass, start)) in (0u64..).zip(cases) {
        let model = Gaussian::new(Lattice::new(sides).ok()?, mass).ok()?;
        let mut stream = Stream::new(1, task, Purpose::Training);
        let (mut state, mut kept) = ([0.0; 60], [0.0; 60]);
        let state = state.get_mut(..model.state_len())?;
        model.start(start, state, &mut stream);
        for _ in 0..20 {
            model.sweep(state, &mut [], &mut stream);
            model.keep(state, &mut kept, &mut stream);
            kept.iter().for_each(|phi| hash.real(*phi));
            hash.real64(model.energy(state));
            hash.real64(model.order_parameter(state));
        }
    }
    Some(())
}

fn chain_disorder(arena: &mut Arena, hash: &mut Hash) -> Option<()> {
    let gaussian = |mean, deviation| Disorder::Gaussian { mean, deviation };
    let plus_minus = |p| Disorder::PlusMinus { p };
    let cases = [
        (2, gaussian(0.0, 1.0), 0.5),
        (32, gaussian(0.4, 1.0), 1.1),
        (33, plus_minus(0.5), 0.9),
        (35, plus_minus(1.0), 30.0),
    ];
    for (task, (sites, disorder, beta)) in (0u64..).zip(cases) {
        let (mut couplings, mut storage) = ([0.0; 35], [Bond::NONE; 35]);
        let (couplings, storage) = (couplings.get_mut(..sites)?, storage.get_mut(..sites)?);
        disorder.draw(task, couplings).ok()?;
        couplings.iter().for_each(|coupling| hash.real64(*coupling));
        random_bond_ring::bonds(couplings, beta, storage).ok()?;
        let mut stream = Stream::new(1, task, Purpose::Training);
        sample(
            &RandomBondRing::new(storage).ok()?,
            Start::Hot,
            &mut stream,
            arena,
            hash,
        )?;
    }
    Some(())
}

/// Sixty sweeps, with what is kept and measured after each.
fn sample(
    model: &impl Sampler<Cell = u32>,
    start: Start,
    stream: &mut Stream,
    arena: &mut Arena,
    hash: &mut Hash,
) -> Option<()> {
    let length = model.state_len();
    let (state, rest) = arena.words.split_at_mut_checked(length)?;
    let (kept, scratch) = rest.split_at_mut_checked(length)?;
    let scratch = scratch.get_mut(..model.scratch_len())?;
    model.start(start, state, stream);
    for _ in 0..60 {
        model.sweep(state, scratch, stream);
        model.keep(state, kept, stream);
        kept.iter().for_each(|word| hash.word(*word));
        hash.real64(model.energy(state));
        hash.real64(model.order_parameter(state));
    }
    Some(())
}

fn chipping(arena: &mut Arena, hash: &mut Hash) -> Option<()> {
    // No aggregation, too little, the critical rate and too much of it.
    let cases = [
        (2, 3.5, 0.0, Start::Hot),
        (37, 1.0, 0.1, Start::Cold),
        (60, 1.0, 1.0 / 3.0, Start::Hot),
        (80, 1.25, 1.5, Start::Cold),
    ];
    for (task, (sites, density, rate, start)) in (0u64..).zip(cases) {
        let model = Chipping::new(Lattice::new(&[sites]).ok()?, density, rate).ok()?;
        let mut stream = Stream::new(7, task, Purpose::Training);
        let (state, rest) = arena.words.split_at_mut(model.state_len());
        let (kept, scratch) = rest.split_at_mut(model.state_len());
        let scratch = scratch.get_mut(..model.scratch_len())?;
        model.start(start, state, &mut stream);
        for _ in 0..60 {
            model.sweep(state, scratch, &mut stream);
            model.keep(state, kept, &mut stream);
            kept.iter().for_each(|mass| hash.word(*mass));
            hash.real64(model.energy(kept));
            hash.real64(model.order_parameter(kept));
        }
    }
    Some(())
}

fn windows(arena: &mut Arena, hash: &mut Hash) -> Option<()> {
    let cases: [(&[u32], &[u32], u32, u32); 4] = [
        (&[70], &[5], 2, 30),
        (&[24, 20], &[4, 3], 1, 2),
        (&[7, 40], &[3], 0, 2),
        (&[5, 6, 9], &[1, 2, 3], 1, 1),
    ];
    for (task, (sides, block, buffer, environment)) in (0u64..).zip(cases) {
        let window =
            Window::new(Lattice::new(sides).ok()?, block, &[buffer], &[environment]).ok()?;
        let mut stream = Stream::new(2, task, Purpose::Windows);
        let (configurations, batch) = (4, 3);
        let length = words(window.lattice().sites());
        let (spins, rest) = arena.words.split_at_mut(configurations * length);
        let (order, rest) = rest.split_at_mut(configurations);
        let (v, rest) = rest.split_at_mut(batch * words(window.block_sites()));
        let e = rest.get_mut(..batch * words(window.environment_sites()))?;
        let mut pool = ShuffleBuffer::new(window, spins, order);
        for _ in 0..configurations + 2 {
            let sites = window.lattice().sites();
            let slot = pool.next_slot();
            for (i, word) in slot.iter_mut().enumerate() {
                *word = stream.next_u32() & crate::num::bits::mask(sites - 32 * i);
            }
        }
        for _ in 0..20 {
            if !pool.draw(batch, &mut stream, v, e) {
                return None;
            }
            v.iter().chain(e.iter()).for_each(|word| hash.word(*word));
        }
    }
    Some(())
}

/// The storage of a run, its lanes cut from `lanes`.
fn storage<'a>(
    shape: Shape,
    mut lanes: &'a mut [Lane],
    samples: Samples<'a>,
) -> Option<Storage<'a>> {
    let parameters = shape.parameter_lanes();
    let mut take = |n: usize| lanes.split_off_mut(..n);
    Some(Storage {
        parameters: take(parameters)?,
        gradients: take(parameters)?,
        first_moments: take(parameters)?,
        second_moments: take(parameters)?,
        workspace: take(shape.workspace_lanes())?,
        samples,
    })
}

/// Twelve steps on real windows of rings, each a constant with noise around it.
// Inlined, its arrays would be part of the stack of all workloads.
#[inline(never)]
fn learn_reals(
    shape: Shape,
    machine: &impl Machine,
    arena: &mut Arena,
    hash: &mut Hash,
) -> Option<()> {
    let (lanes, rest) = arena
        .lanes
        .split_at_mut_checked(LANES - shape.real_lanes())?;
    let storage = storage(shape, lanes, Samples::Reals(rest))?;
    let mut rsmi = Rsmi::new(shape, storage, &mut Stream::new(7, 0, Purpose::Parameters)).ok()?;
    let window = Window::new(Lattice::new(&[14]).ok()?, &[3], &[1], &[3]).ok()?;
    let mut stream = Stream::new(7, 0, Purpose::Sample);
    let mut noise = Stream::new(7, 0, Purpose::Encoder);
    let (mut values, mut order) = ([0.0; 14 * 6], [0; 6]);
    let mut pool = ShuffleBuffer::new(window, &mut values, &mut order);
    for _ in 0..12 {
        for _ in 0..2 {
            let level = stream.logistic();
            pool.next_slot().fill_with(|| level + stream.uniform());
        }
        let (v, e) = rsmi.reals();
        if !pool.draw(shape.batch(), &mut stream, v, e) {
            continue;
        }
        let encoder = Encoder::Relaxed { epsilon: 0.4 };
        hash.real(machine.step(&mut rsmi, encoder, Learn::All, 5e-3, &mut noise));
    }
    hash.reals(rsmi.gradients());
    hash.reals(rsmi.parameters());
    Some(())
}

/// Continuous h, and h of three states and of two, one component and several, learned and drawn.
// By itself for the same reason.
#[inline(never)]
fn encoders(machine: &impl Machine, arena: &mut Arena, hash: &mut Hash) -> Option<()> {
    let continuous = |_| Encoder::Continuous { noise: 0.0 };
    let two = Shape::new(4, 6, 2, &[2], 2, 4).ok()?;
    learn_with(
        two,
        (Learn::All, Bound::InfoNce),
        continuous,
        &[],
        machine,
        arena,
        hash,
    )?;
    let five = Shape::new(2, 5, 5, &[2], 2, 3).ok()?;
    let of = |choice| Encoder::States { states: 3, choice };
    let relaxed = |epsilon| of(Choice::Relaxed { epsilon });
    let drawn = [of(Choice::Softmax), of(Choice::Largest)];
    learn_with(
        five,
        (Learn::All, Bound::InfoNce),
        relaxed,
        &drawn,
        machine,
        arena,
        hash,
    )
}

/// A map, then moments of an h with noise, then a filter of which one component is frozen and the other
/// decays.
// By itself for the same reason.
#[inline(never)]
fn maps(machine: &impl Machine, arena: &mut Arena, hash: &mut Hash) -> Option<()> {
    let how = (Learn::All, Bound::InfoNce);
    let relaxed = |epsilon| Encoder::Relaxed { epsilon };
    let mapped = Shape::new(3, 5, 2, &[2], 2, 3).ok()?;
    let mapped = mapped.with_map(&[3]).ok()?;
    learn_with(mapped, how, relaxed, &[Encoder::Sign], machine, arena, hash)?;
    let noisy = |_| Encoder::Continuous { noise: 0.25 };
    let two = Shape::new(3, 5, 2, &[2], 2, 3).ok()?;
    let two = two.with_critic(Critic::Moments).ok()?;
    learn_with(two, how, noisy, &[], machine, arena, hash)?;

    let shape = Shape::new(3, 5, 2, &[2], 2, 3).ok()?;
    arena.words.fill(0);
    let (signs, _) = arena.words.split_at_mut_checked(shape.sign_words())?;
    let storage = storage(shape, &mut arena.lanes, Samples::Signs(signs))?;
    let rsmi = Rsmi::new(shape, storage, &mut Stream::new(5, 0, Purpose::Parameters)).ok()?;
    let mut rsmi = rsmi.with_frozen(0b01).ok()?.with_weight_decay(2.0);
    let mut stream = Stream::new(5, 1, Purpose::Encoder);
    let mut samples = Stream::new(5, 0, Purpose::Sample);
    for _ in 0..6 {
        let (v, e) = rsmi.signs();
        for (rows, mask) in [(v, 0b111), (e, 0b1_1111)] {
            rows.fill_with(|| samples.next_u32() & mask);
        }
        let encoder = relaxed(0.5);
        hash.real(machine.step(&mut rsmi, encoder, Learn::All, 1e-2, &mut stream));
    }
    hash.reals(rsmi.parameters());
    Some(())
}

/// The critics and activations that are not the standard ones, filters learned and given.
// By itself for the same reason.
#[inline(never)]
fn critics(machine: &impl Machine, arena: &mut Arena, hash: &mut Hash) -> Option<()> {
    use Activation::{Elu, Relu, Tanh};
    use Critic::{Concatenated, Quadratic, Separable};
    // One component behind two hidden layers, or two behind one.
    for (components, critic, activation, how, bound) in [
        (1, Concatenated, Elu, Learn::All, Bound::InfoNce),
        (2, Concatenated, Relu, Learn::Critic, Bound::Nwj),
        (2, Concatenated, Tanh, Learn::All, Bound::DonskerVaradhan),
        (2, Quadratic, Relu, Learn::Critic, Bound::InfoNce),
        (2, Quadratic, Relu, Learn::All, Bound::Tuba),
        (2, Separable, Elu, Learn::All, Bound::JensenShannon),
        (2, Separable, Tanh, Learn::Critic, Bound::InfoNce),
    ] {
        let (hidden, batch): (&[u32], _) = match components {
            1 => (&[2, 2], 5),
            _ => (&[3], 4),
        };
        let shape = Shape::new(3, 6, components, hidden, 2, batch).ok()?;
        let shape = shape.with_critic(critic).ok()?.with_activation(activation);
        learn(shape, how, bound, machine, arena, hash)?;
    }
    Some(())
}

/// The same with binary h.
fn learn(
    shape: Shape,
    learn: Learn,
    bound: Bound,
    machine: &impl Machine,
    arena: &mut Arena,
    hash: &mut Hash,
) -> Option<()> {
    let encoder = |epsilon| match learn {
        Learn::All => Encoder::Relaxed { epsilon },
        Learn::Critic => Encoder::Sign,
    };
    let estimated = [
        Encoder::Sigmoid,
        Encoder::Sign,
        Encoder::Relaxed { epsilon: 0.3 },
    ];
    let how = (learn, bound);
    learn_with(shape, how, encoder, &estimated, machine, arena, hash)
}

/// Twelve steps on a critical ring, a chain for each row, with encoders that follow ε; then the
/// estimates.
fn learn_with(
    shape: Shape,
    (learn, bound): (Learn, Bound),
    encoder: impl Fn(f32) -> Encoder,
    estimated: &[Encoder],
    machine: &impl Machine,
    arena: &mut Arena,
    hash: &mut Hash,
) -> Option<()> {
    let (sites, batch) = (shape.block() + shape.environment() + 3, shape.batch());
    let (sign_words, free) = arena.words.split_at_mut_checked(shape.sign_words())?;
    let storage = storage(shape, &mut arena.lanes, Samples::Signs(sign_words))?;
    let mut rsmi = Rsmi::new(shape, storage, &mut Stream::new(5, 0, Purpose::Parameters)).ok()?;
    rsmi = rsmi.with_bound(bound);

    let ring = Lattice::new(&[sites as u32]).ok()?;
    let model = Ising::new(ring, 0.8, Coupling::Ferromagnetic, Algorithm::Metropolis).ok()?;
    let (states, scratch) = free.split_at_mut_checked(batch * model.state_len())?;
    let mut chains = Stream::new(5, 0, Purpose::Training);
    for state in states.chunks_exact_mut(model.state_len()) {
        model.start(Start::Hot, state, &mut chains);
    }
    let mut gather = |rsmi: &mut Rsmi| {
        let (v, e) = rsmi.signs();
        let rows = v.chunks_exact_mut(words(shape.block()));
        let rows = rows.zip(e.chunks_exact_mut(words(shape.environment())));
        for (state, (v, e)) in states.chunks_exact_mut(model.state_len()).zip(rows) {
            model.sweep(state, scratch, &mut chains);
            // The block in the middle of a ring that is one site longer on each side.
            let mut part = crate::num::bits::Writer::new(v);
            part.copy(state, shape.environment() / 2 + 1, shape.block());
            part.finish();
            let mut part = crate::num::bits::Writer::new(e);
            let left = shape.environment() / 2;
            part.copy(state, 0, left);
            part.copy(state, left + 2 + shape.block(), shape.environment() - left);
            part.finish();
        }
    };

    let schedule = Schedule {
        steps: 12,
        ..Schedule::default()
    };
    let mut stream = Stream::new(5, 0, Purpose::Encoder);
    for t in 0..schedule.steps {
        gather(&mut rsmi);
        let encoder = encoder(schedule.epsilon(t));
        hash.real(machine.step(&mut rsmi, encoder, learn, schedule.rate(t), &mut stream));
    }
    hash.reals(rsmi.gradients());
    hash.reals(rsmi.parameters());
    let mut terms = [0.0; 8];
    let terms = terms.get_mut(..batch)?;
    for encoder in estimated {
        gather(&mut rsmi);
        machine.evaluate(&mut rsmi, *encoder, &mut stream, terms);
        terms.iter().for_each(|term| hash.real(*term));
    }
    Some(())
}

fn statistics(hash: &mut Hash) {
    let mut stream = Stream::new(6, 0, Purpose::Sample);
    let mut blocking = Blocking::new();
    let mut series = [0.0; 256];
    let mut x = 0.0;
    for _ in 0..16 {
        for slot in &mut series {
            x = 0.8 * x + f64::from(stream.logistic());
            *slot = x;
            blocking.push(x);
        }
        hash.real64(integrated(&series).tau);
        hash.real64(blocking.mean());
        hash.real64(blocking.standard_error().unwrap_or(0.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Portable;

    #[test]
    fn an_arena_is_ten_kibibytes_and_serves_all() {
        assert!(size_of::<Arena>() <= 10 * 1024);
        let mut arena = Arena::new();
        let mut seen = [0; WORKLOADS.len()];
        for (index, slot) in seen.iter_mut().enumerate() {
            *slot = run(index, &Portable, &mut arena).expect(WORKLOADS[index]);
            assert_eq!(run(index, &Portable, &mut arena), Some(*slot), "repeats");
        }
        for (i, a) in seen.iter().enumerate() {
            assert!(!seen[..i].contains(a), "{} is one of its own", WORKLOADS[i]);
        }
        assert_eq!(run(WORKLOADS.len(), &Portable, &mut arena), None);
    }
}
