//! Training steps and held-out estimates: filters, encoders, maps, bounds.

use blockspin_core::bound::AnyBound;
use blockspin_core::critic::AnyCritic;
use blockspin_core::encoder::{AnyEncoder, Choice};
use blockspin_core::lattice::Lattice;
use blockspin_core::num::bits::{Writer, words};
use blockspin_core::num::lane::Lane;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::optim::schedule::Schedule;
use blockspin_core::rsmi::{Learn, Machine, Rsmi, Samples, Storage};
use blockspin_core::sampler::{Algorithm, Coupling, Ising, Sampler, Start};
use blockspin_core::shape::Shape;
use blockspin_core::window::Window;
use blockspin_core::window::shuffle_buffer::ShuffleBuffer;

use crate::{Arena, Hash, LANES, Workload};

/// The workloads of this group.
#[must_use]
pub fn workloads<M: Machine>() -> [Workload<M>; 7] {
    [
        Workload {
            name: "step-one-component",
            run: |machine, arena, hash| {
                step(one(5)?, Learn::All, AnyBound::InfoNce, machine, arena, hash)
            },
        },
        Workload {
            name: "step-three-components",
            run: three_components,
        },
        Workload {
            name: "step-reals",
            run: reals,
        },
        Workload {
            name: "estimate",
            run: |machine, arena, hash| {
                step(
                    one(5)?,
                    Learn::Critic,
                    AnyBound::InfoNce,
                    machine,
                    arena,
                    hash,
                )
            },
        },
        Workload {
            name: "encoders",
            run: encoders,
        },
        Workload {
            name: "bounds",
            run: bounds,
        },
        Workload {
            name: "maps",
            run: maps,
        },
    ]
}

/// One component of a block of 3, |E| = 6, one hidden layer of 3.
fn one(batch: u32) -> Option<Shape> {
    Shape::new(3, 6, 1, &[3], 2, batch).ok()
}

fn three_components(machine: &impl Machine, arena: &mut Arena, hash: &mut Hash) -> Option<()> {
    let shape = Shape::new(2, 5, 3, &[2, 2], 2, 3).ok()?;
    step(shape, Learn::All, AnyBound::InfoNce, machine, arena, hash)
}

/// All bounds but InfoNCE.
fn bounds(machine: &impl Machine, arena: &mut Arena, hash: &mut Hash) -> Option<()> {
    for bound in AnyBound::ALL.into_iter().skip(1) {
        step(one(5)?, Learn::All, bound, machine, arena, hash)?;
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
fn reals(machine: &impl Machine, arena: &mut Arena, hash: &mut Hash) -> Option<()> {
    let shape = one(4)?;
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
        let encoder = AnyEncoder::Relaxed { epsilon: 0.4 };
        hash.real(machine.step(&mut rsmi, encoder, Learn::All, 5e-3, &mut noise));
    }
    hash.reals(rsmi.gradients());
    hash.reals(rsmi.parameters());
    Some(())
}

/// Continuous h, and h of three states and of two, one component and several, learned and drawn.
#[inline(never)]
fn encoders(machine: &impl Machine, arena: &mut Arena, hash: &mut Hash) -> Option<()> {
    let continuous = |_| AnyEncoder::Continuous { noise: 0.0 };
    let two = Shape::new(4, 6, 2, &[2], 2, 4).ok()?;
    learn_with(
        two,
        (Learn::All, AnyBound::InfoNce),
        &continuous,
        &[],
        machine,
        arena,
        hash,
    )?;
    let five = Shape::new(2, 5, 5, &[2], 2, 3).ok()?;
    let of = |choice| AnyEncoder::States { states: 3, choice };
    let relaxed = |epsilon| of(Choice::Relaxed { epsilon });
    let drawn = [of(Choice::Softmax), of(Choice::Largest)];
    learn_with(
        five,
        (Learn::All, AnyBound::InfoNce),
        &relaxed,
        &drawn,
        machine,
        arena,
        hash,
    )
}

/// A map, then moments of an h with noise, then a frozen and a decaying component.
#[inline(never)]
fn maps(machine: &impl Machine, arena: &mut Arena, hash: &mut Hash) -> Option<()> {
    let how = (Learn::All, AnyBound::InfoNce);
    let relaxed = |epsilon| AnyEncoder::Relaxed { epsilon };
    let mapped = Shape::new(3, 5, 2, &[2], 2, 3).ok()?;
    let mapped = mapped.with_map(&[3]).ok()?;
    learn_with(
        mapped,
        how,
        &relaxed,
        &[AnyEncoder::Sign],
        machine,
        arena,
        hash,
    )?;
    let noisy = |_| AnyEncoder::Continuous { noise: 0.25 };
    let two = Shape::new(3, 5, 2, &[2], 2, 3).ok()?;
    let two = two.with_critic(AnyCritic::Moments).ok()?;
    learn_with(two, how, &noisy, &[], machine, arena, hash)?;

    frozen(machine, arena, hash)
}

/// A filter of which one component is frozen and the other decays.
#[inline(never)]
fn frozen(machine: &impl Machine, arena: &mut Arena, hash: &mut Hash) -> Option<()> {
    let relaxed = AnyEncoder::Relaxed { epsilon: 0.5 };
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
        hash.real(machine.step(&mut rsmi, relaxed, Learn::All, 1e-2, &mut stream));
    }
    hash.reals(rsmi.parameters());
    Some(())
}

/// [`learn_with`], with binary h.
pub(crate) fn step(
    shape: Shape,
    learn: Learn,
    bound: AnyBound,
    machine: &impl Machine,
    arena: &mut Arena,
    hash: &mut Hash,
) -> Option<()> {
    let encoder = |epsilon| match learn {
        Learn::All => AnyEncoder::Relaxed { epsilon },
        Learn::Critic => AnyEncoder::Sign,
    };
    let estimated = [
        AnyEncoder::Sigmoid,
        AnyEncoder::Sign,
        AnyEncoder::Relaxed { epsilon: 0.3 },
    ];
    let how = (learn, bound);
    learn_with(shape, how, &encoder, &estimated, machine, arena, hash)
}

/// Twelve steps on a critical ring, a chain for each row, with encoders that follow ε; then the
/// estimates.
// Inlined, its arrays would be part of the stack of its callers.
#[inline(never)]
fn learn_with(
    shape: Shape,
    (learn, bound): (Learn, AnyBound),
    encoder: &dyn Fn(f32) -> AnyEncoder,
    estimated: &[AnyEncoder],
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
            let mut part = Writer::new(v);
            part.copy(state, shape.environment() / 2 + 1, shape.block());
            part.finish();
            let mut part = Writer::new(e);
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
