//! Markov chains of every model, and windows cut from configurations.

use blockspin_core::lattice::Lattice;
use blockspin_core::num::bits::{mask, words};
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::sampler::random_bond_ring::{self, Bond};
use blockspin_core::sampler::{
    Algorithm, Chipping, Coupling, Dimer, Disorder, Gaussian, Ising, Potts, RandomBondRing,
    Sampler, Start,
};
use blockspin_core::window::Window;
use blockspin_core::window::shuffle_buffer::ShuffleBuffer;

use crate::{Arena, Hash, Workload};

/// The workloads of this group.
#[must_use]
pub fn workloads<M>() -> [Workload<M>; 9] {
    [
        Workload {
            name: "ising-metropolis",
            run: |_, arena, hash| ising(Algorithm::Metropolis, arena, hash),
        },
        Workload {
            name: "ising-wolff",
            run: |_, arena, hash| ising(Algorithm::Wolff { clusters: 3 }, arena, hash),
        },
        Workload {
            name: "ising-swendsen-wang",
            run: |_, arena, hash| ising(Algorithm::SwendsenWang, arena, hash),
        },
        Workload {
            name: "windows",
            run: |_, arena, hash| windows(arena, hash),
        },
        Workload {
            name: "chipping",
            run: |_, arena, hash| chipping(arena, hash),
        },
        Workload {
            name: "dimer",
            run: |_, arena, hash| dimer(arena, hash),
        },
        Workload {
            name: "potts",
            run: |_, arena, hash| potts(arena, hash),
        },
        Workload {
            name: "gaussian-field",
            run: |_, _, hash| gaussian(hash),
        },
        Workload {
            name: "chain-disorder",
            run: |_, arena, hash| chain_disorder(arena, hash),
        },
    ]
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
                *word = stream.next_u32() & mask(sites - 32 * i);
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
