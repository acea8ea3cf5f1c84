//! One's own order of steps with the core alone: no files, no threads, nothing allocated behind the back.
//! What a microcontroller does, on a host.
//!
//! `cargo run --release --example own_steps`

use blockspin_core::encoder::AnyEncoder as Encoder;
use blockspin_core::kernel::Portable;
use blockspin_core::lattice::Lattice;
use blockspin_core::num::bits::words;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::optim::schedule::Schedule;
use blockspin_core::rsmi::{Arrays, Learn, Rsmi};
use blockspin_core::sampler::{Algorithm, Coupling, Ising, Sampler, Start};
use blockspin_core::shape::Shape;
use blockspin_core::stats::Blocking;
use blockspin_core::window::Window;
use blockspin_core::window::shuffle_buffer::ShuffleBuffer;

/// |V| = 16, |E| = 36, one component, critic with two hidden layers of 16 and embedding 8, K = 64.
const SHAPE: Shape = match Shape::new(16, 36, 1, &[16, 16], 8, 64) {
    Ok(shape) => shape,
    Err(_) => panic!("no such shape"),
};
const SIDE: u32 = 32;
const CONFIGURATIONS: usize = 640;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let lattice = Lattice::new(&[SIDE, SIDE])?;
    let model = Ising::new(
        lattice,
        0.44,
        Coupling::Ferromagnetic,
        Algorithm::SwendsenWang,
    )?;
    let window = Window::new(lattice, &[4], &[2], &[1])?;
    // One chain for training, one for the estimate.
    let mut chains = [Purpose::Training, Purpose::HeldOut].map(|purpose| {
        let mut stream = Stream::new(1, 0, purpose);
        let (mut state, mut scratch) = (vec![0; model.state_len()], vec![0; model.scratch_len()]);
        model.start(Start::Hot, &mut state, &mut stream);
        model.sweeps(200, &mut state, &mut scratch, &mut stream);
        move |to: &mut [u32]| {
            model.sweeps(8, &mut state, &mut scratch, &mut stream);
            model.keep(&state, to, &mut stream);
        }
    });

    let length = words(lattice.sites());
    let (mut spins, mut order) = (vec![0; CONFIGURATIONS * length], vec![0; CONFIGURATIONS]);
    let mut buffer = ShuffleBuffer::new(window, &mut spins, &mut order);
    (0..CONFIGURATIONS).for_each(|_| chains[0](buffer.next_slot()));

    let mut arrays = Box::new(Arrays::<
        { SHAPE.parameter_lanes() },
        { SHAPE.workspace_lanes() },
        { SHAPE.sign_words() },
        u32,
    >::new(0));
    let mut first_weights = Stream::new(1, 0, Purpose::Parameters);
    let mut rsmi = Rsmi::new(SHAPE, arrays.storage(), &mut first_weights)?.with_filter_rate(4.0);
    let schedule = Schedule {
        steps: 1500,
        ..Schedule::default()
    };
    let mut draws = Stream::new(1, 0, Purpose::Windows);
    let mut noise = Stream::new(1, 0, Purpose::Encoder);
    for step in 0..schedule.steps {
        // The order is yours: here a new configuration for each step.
        chains[0](buffer.next_slot());
        let (v, e) = rsmi.signs();
        buffer.draw(SHAPE.batch(), &mut draws, v, e);
        let epsilon = schedule.epsilon(step);
        let rate = schedule.rate(step);
        let encoder = Encoder::Relaxed { epsilon };
        rsmi.step::<Portable>(encoder, Learn::All, rate, &mut noise);
    }

    // Batches of configurations that nothing was learned from.
    let mut spins = vec![0; SHAPE.batch() * length];
    let mut order = vec![0; SHAPE.batch()];
    let mut buffer = ShuffleBuffer::new(window, &mut spins, &mut order);
    let mut figures = Blocking::new();
    let mut terms = [0.0; SHAPE.batch()];
    for _ in 0..60 {
        (0..SHAPE.batch()).for_each(|_| chains[1](buffer.next_slot()));
        let (v, e) = rsmi.signs();
        buffer.draw(SHAPE.batch(), &mut draws, v, e);
        rsmi.evaluate::<Portable>(Encoder::Sigmoid, &mut noise, &mut terms);
        figures.push(terms.iter().map(|term| f64::from(*term)).sum::<f64>() / terms.len() as f64);
    }
    let stderr = figures.standard_error().unwrap_or(f64::NAN);
    println!("information {:.3} ± {stderr:.3} nats", figures.mean());
    for row in 0..4 {
        let weights: Vec<_> = (0..4)
            .map(|i| format!("{:6.3}", rsmi.filter(4 * row + i, 0)))
            .collect();
        println!("{}", weights.join(" "));
    }
    Ok(())
}
