//! Problems to learn, and storage to learn them in.

use blockspin_core::bound::AnyBound as Bound;
use blockspin_core::critic::{Activation, AnyCritic as Critic};
use blockspin_core::encoder::{AnyEncoder as Encoder, Choice};
use blockspin_core::num::bits::{set, words};
use blockspin_core::num::lane::{Lane, get_mut, lanes};
use blockspin_core::num::rng::{Probability, Purpose, Stream};
use blockspin_core::rsmi::{Rsmi, Samples, Storage};
use blockspin_core::shape::Shape;

use crate::reference::parts;

/// The slices of a [`Storage`], owned.
#[derive(Clone, Debug)]
pub struct Buffers {
    /// Parameters, gradients, first and second moments.
    pub learned: [Vec<Lane>; 4],
    /// Workspace.
    pub workspace: Vec<Lane>,
    /// Packed samples.
    pub signs: Vec<u32>,
    /// Real samples; empty, where they are packed.
    pub reals: Vec<Lane>,
}

impl Buffers {
    /// As long as the shape needs, and full of what must not matter.
    #[must_use]
    pub fn new(shape: Shape) -> Self {
        let rubbish = |n| vec![Lane([f32::NAN; 16]); n];
        Buffers {
            learned: std::array::from_fn(|_| rubbish(shape.parameter_lanes())),
            workspace: rubbish(shape.workspace_lanes()),
            signs: vec![u32::MAX; shape.sign_words()],
            reals: vec![],
        }
    }

    /// The same for real samples.
    #[must_use]
    pub fn of_reals(shape: Shape) -> Self {
        Buffers {
            signs: vec![],
            reals: vec![Lane([f32::NAN; 16]); shape.real_lanes()],
            ..Self::new(shape)
        }
    }

    /// Lends the slices.
    pub fn storage(&mut self) -> Storage<'_> {
        let [parameters, gradients, first_moments, second_moments] = &mut self.learned;
        Storage {
            parameters,
            gradients,
            first_moments,
            second_moments,
            workspace: &mut self.workspace,
            samples: match self.reals.is_empty() {
                true => Samples::Signs(&mut self.signs),
                false => Samples::Reals(&mut self.reals),
            },
        }
    }

    /// A run that starts from the core's own draw of parameters.
    pub fn start(&mut self, shape: Shape, seed: u64) -> Rsmi<'_> {
        let mut stream = Stream::new(seed, 0, Purpose::Parameters);
        Rsmi::new(shape, self.storage(), &mut stream).expect("the shape's own lengths")
    }
}

/// A shape, the relaxation of its encoder, and the seed of everything random.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// |V|, |E|, C.
    pub sizes: [u32; 3],
    /// Hidden layers.
    pub hidden: &'static [u32],
    /// Embedding.
    pub embedding: u32,
    /// K.
    pub batch: u32,
    /// ε.
    pub epsilon: f32,
    /// Seed.
    pub seed: u64,
    /// Critic.
    pub critic: Critic,
    /// Activation.
    pub activation: Activation,
}

const fn case(
    sizes: [u32; 3],
    hidden: &'static [u32],
    embedding: u32,
    batch: u32,
    epsilon: f32,
    seed: u64,
) -> Case {
    Case {
        sizes,
        hidden,
        embedding,
        batch,
        epsilon,
        seed,
        critic: Critic::Separable,
        activation: Activation::Relu,
    }
}

const fn with(case: Case, critic: Critic, activation: Activation) -> Case {
    Case {
        critic,
        activation,
        ..case
    }
}

/// Odd sizes, whole lanes and one more, single numbers; no, equal and unequal hidden layers; one
/// to three blocks of scores; then every other critic and activation. The seeds keep every ReLU of the
/// start away from its kink.
pub const CASES: &[Case] = &[
    case([1, 1, 1], &[], 1, 2, 0.5, 1),
    case([5, 7, 2], &[5], 8, 7, 0.5, 1),
    case([16, 36, 1], &[16, 16], 8, 32, 0.5, 1),
    case([16, 101, 3], &[5, 17, 33], 19, 33, 0.25, 1),
    case([5, 36, 3], &[33, 17], 1, 100, 0.5, 1),
    case([16, 7, 1], &[17], 19, 33, 0.1, 1),
    case([1, 101, 2], &[33, 5], 8, 7, 0.75, 1),
    case([16, 101, 1], &[32, 32], 8, 100, 0.1, 1),
    case([5, 101, 3], &[], 8, 33, 0.5, 1),
    case([16, 36, 2], &[17, 33, 5], 8, 100, 0.1, 4),
    case([1, 7, 3], &[5, 5, 5], 19, 2, 0.5, 1),
    case([5, 1, 1], &[33], 1, 7, 0.5, 1),
    case([16, 33, 16], &[9, 33, 17, 5], 16, 64, 0.25, 1),
    case([33, 65, 3], &[17], 8, 129, 0.25, 1),
    with(case([5, 7, 2], &[5], 8, 7, 0.5, 1), SEPARABLE, ELU),
    with(
        case([16, 36, 3], &[17, 33, 5], 19, 33, 0.5, 1),
        SEPARABLE,
        ELU,
    ),
    with(
        case([16, 101, 1], &[32, 32], 8, 65, 0.1, 1),
        SEPARABLE,
        TANH,
    ),
    with(
        case([5, 7, 3], &[5, 17, 9, 3], 5, 16, 0.5, 1),
        SEPARABLE,
        TANH,
    ),
    with(case([3, 5, 1], &[6], 1, 4, 0.5, 2), CONCATENATED, RELU),
    with(
        case([16, 36, 1], &[16, 9], 1, 7, 0.5, 1),
        CONCATENATED,
        RELU,
    ),
    with(
        case([5, 7, 3], &[17, 5, 7, 3], 1, 17, 0.5, 1),
        CONCATENATED,
        ELU,
    ),
    with(case([16, 36, 2], &[33], 1, 33, 0.25, 1), CONCATENATED, ELU),
    with(
        case([5, 33, 2], &[5, 17, 3], 1, 71, 0.5, 1),
        CONCATENATED,
        TANH,
    ),
    with(
        case([16, 7, 16], &[20, 4], 1, 9, 0.5, 1),
        CONCATENATED,
        TANH,
    ),
    with(case([1, 1, 1], &[], 3, 2, 0.5, 1), QUADRATIC, RELU),
    with(case([16, 36, 1], &[], 3, 33, 0.5, 1), QUADRATIC, RELU),
    with(case([5, 101, 2], &[], 4, 65, 0.25, 1), QUADRATIC, RELU),
    with(case([16, 7, 3], &[], 5, 9, 0.5, 1), QUADRATIC, RELU),
    with(case([16, 33, 16], &[], 18, 31, 0.5, 1), QUADRATIC, RELU),
];

const SEPARABLE: Critic = Critic::Separable;
const CONCATENATED: Critic = Critic::Concatenated;
const QUADRATIC: Critic = Critic::Quadratic;
const RELU: Activation = Activation::Relu;
const ELU: Activation = Activation::Elu;
const TANH: Activation = Activation::Tanh;

impl Case {
    /// The case with the outputs that a bound needs.
    #[must_use]
    pub fn with_outputs(&self, bound: Bound) -> Self {
        Case {
            embedding: self.embedding + bound.outputs(self.critic),
            ..*self
        }
    }

    /// The shape.
    #[must_use]
    pub fn shape(&self) -> Shape {
        let [block, environment, components] = self.sizes;
        Shape::new(
            block,
            environment,
            components,
            self.hidden,
            self.embedding,
            self.batch,
        )
        .and_then(|shape| shape.with_critic(self.critic))
        .expect("a shape within the limits")
        .with_activation(self.activation)
    }

    /// Encoders that a filter can be learned with: binary, continuous, and of as many states as the
    /// components have room for.
    #[must_use]
    pub fn learnable(&self) -> Vec<Encoder> {
        let epsilon = self.epsilon;
        let choice = Choice::Relaxed { epsilon };
        let states = self
            .states()
            .map(|states| Encoder::States { states, choice });
        // Two rows of one site may well be the same, of which a continuous h tells nothing.
        let continuous = self.sizes[0] > 1 || self.batch > 2;
        [Encoder::Relaxed { epsilon }]
            .into_iter()
            .chain(continuous.then_some(Encoder::Continuous { noise: 0.0 }))
            .chain(continuous.then_some(Encoder::Continuous { noise: 0.5 }))
            .chain(states)
            .collect()
    }

    /// Encoders of truly discrete h.
    #[must_use]
    pub fn discrete(&self) -> Vec<Encoder> {
        let choices = [Choice::Softmax, Choice::Largest];
        let of = |states| choices.map(|choice| Encoder::States { states, choice });
        let states = self.states().flat_map(of);
        [Encoder::Sigmoid, Encoder::Sign]
            .into_iter()
            .chain(states)
            .collect()
    }

    fn states(&self) -> impl Iterator<Item = u32> {
        let components = self.sizes[2];
        [2, 3, 5, 16]
            .into_iter()
            .filter(move |states| *states <= components)
    }

    /// A stream for the encoder.
    #[must_use]
    pub fn noise(&self) -> Stream {
        Stream::new(self.seed, 0, Purpose::Encoder)
    }

    /// A run with a batch in place, and with biases that are not 0: with them 0 a network is
    /// homogeneous, and hides mistakes.
    pub fn start<'a>(&self, buffers: &'a mut Buffers) -> Rsmi<'a> {
        self.start_as(self.shape(), buffers)
    }

    /// The same in another shape.
    pub fn start_as<'a>(&self, shape: Shape, buffers: &'a mut Buffers) -> Rsmi<'a> {
        let mut rsmi = buffers.start(shape, self.seed);
        let mut stream = Stream::new(self.seed, 1, Purpose::Parameters);
        for layer in &parts(shape) {
            if !layer.biased {
                continue;
            }
            for o in 0..layer.columns {
                *layer.number(rsmi.parameters_mut(), 0, o) = stream.uniform() - 0.5;
            }
        }
        fill(&mut rsmi, &mut Stream::new(self.seed, 0, Purpose::Sample));
        rsmi
    }
}

/// Fills the batch: each row has a fair sign of its own, which each of its spins shares with
/// probability three quarters, so that V and E have something to tell about each other. Real values
/// are spins times a number between −½ and 2.
pub fn fill(rsmi: &mut Rsmi, stream: &mut Stream) {
    let shape = rsmi.shape();
    let sizes = [shape.block(), shape.environment()];
    let share = Probability::new(0.75);
    let mut real = Stream::new(3, 0, Purpose::Sample);
    for k in 0..shape.batch() {
        let up = stream.coin();
        for (part, n) in sizes.into_iter().enumerate() {
            let spins: Vec<_> = (0..n).map(|_| up == stream.bernoulli(share)).collect();
            let (v, e) = rsmi.signs();
            if let Some(row) = [v, e][part].chunks_exact_mut(words(n)).nth(k) {
                row.fill(0);
                spins
                    .iter()
                    .enumerate()
                    .for_each(|(i, up)| set(row, i, *up));
            }
            let (v, e) = rsmi.reals();
            if let Some(row) = [v, e][part].chunks_exact_mut(lanes(n)).nth(k) {
                row.fill(Lane::ZERO);
                for (i, up) in spins.iter().enumerate() {
                    let size = 2.5 * real.uniform() - 0.5;
                    *get_mut(row, i) = if *up { size } else { -size };
                }
            }
        }
    }
}
