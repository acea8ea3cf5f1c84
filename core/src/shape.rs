//! The sizes of a run, each checked once, and the storage that follows.
//!
//! Sizes are values, not types: a host chooses them at run time, firmware in a `const`. A
//! [`PairShape`] is that of an [`Estimator`](crate::estimator::Estimator) of pairs (x, y); a [`Shape`]
//! that of an [`Rsmi`](crate::rsmi::Rsmi), where x are the C components of a coarse variable of a
//! block, and y is the environment.

use core::fmt;

use crate::bound::scores::SCORE_LANES;
use crate::critic::{AnyCritic, WorkspaceParts};
use crate::encoder::linear;
use crate::nn::Activation;
use crate::nn::network::{Network, max};
use crate::num::bits::words;
use crate::num::lane::lanes;

pub use crate::nn::MAX_DEPTH;

/// Most components of H, the states of each counted.
pub const MAX_COMPONENTS: u32 = 64;

/// Most columns of x.
pub const MAX_COLUMNS: u32 = 1024;

/// A size that is out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShapeError {
    /// The size in question.
    pub what: &'static str,
    /// What was given.
    pub given: u64,
    /// The smallest that is allowed.
    pub least: u64,
    /// The largest that is allowed.
    pub most: u64,
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ShapeError {
            what,
            given,
            least,
            most,
        } = self;
        write!(f, "{what} of {given}; from {least} to {most} are possible")
    }
}

impl core::error::Error for ShapeError {}

/// A length in 32 bits, or the largest number that fits them.
const fn few(length: usize) -> u32 {
    if length < u32::MAX as usize {
        length as u32
    } else {
        u32::MAX
    }
}

const fn within(what: &'static str, given: u32, least: u32, most: u32) -> Result<(), ShapeError> {
    if given < least || given > most {
        let (given, least, most) = (given as u64, least as u64, most as u64);
        return Err(ShapeError {
            what,
            given,
            least,
            most,
        });
    }
    Ok(())
}

macro_rules! check {
    ($($call:expr),+ $(,)?) => {
        $(if let Err(error) = $call { return Err(error); })+
    };
}

/// Sizes of a critic of pairs (x, y), and of a batch of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairShape {
    x: u32,
    y: u32,
    hidden: [u32; MAX_DEPTH],
    depth: u32,
    embedding: u32,
    batch: u32,
    critic: AnyCritic,
    activation: Activation,
}

impl PairShape {
    /// Columns of x and of y, widths of the hidden layers of both networks of a separable critic, width
    /// of the embedding in which they meet, and batch K.
    ///
    /// # Errors
    /// Names the size that is out of range.
    pub const fn new(
        x: u32,
        y: u32,
        hidden: &[u32],
        embedding: u32,
        batch: u32,
    ) -> Result<Self, ShapeError> {
        check!(
            within("columns of x", x, 1, MAX_COLUMNS),
            within("columns of y", y, 1, 1 << 20),
            within(
                "a number of hidden layers",
                few(hidden.len()),
                0,
                MAX_DEPTH as u32
            ),
            within("an embedding", embedding, 1, 256),
            within("a batch", batch, 2, 1 << 14),
        );
        let mut widths = [0; MAX_DEPTH];
        let mut l = 0;
        while l < hidden.len() {
            check!(within("a hidden layer", hidden[l], 1, 1024));
            widths[l] = hidden[l];
            l += 1;
        }
        Ok(PairShape {
            x,
            y,
            hidden: widths,
            depth: hidden.len() as u32,
            embedding,
            batch,
            critic: AnyCritic::Separable,
            activation: Activation::Relu,
        })
    }

    /// With another critic. The network of a [`Concatenated`](AnyCritic::Concatenated) one has the
    /// hidden layers, and ends in one number; a [`Quadratic`](AnyCritic::Quadratic) one has none, and
    /// an embedding of two more than x has columns.
    ///
    /// # Errors
    /// A concatenated critic without hidden layers: a sum of a function of x and one of y, which tells
    /// nothing about both.
    pub const fn with_critic(self, critic: AnyCritic) -> Result<Self, ShapeError> {
        let (mut depth, mut embedding) = (self.depth, self.embedding);
        match critic {
            AnyCritic::Separable | AnyCritic::Moments => {}
            AnyCritic::Concatenated => {
                let what = "a number of hidden layers of a concatenated critic";
                check!(within(what, depth, 1, MAX_DEPTH as u32));
                embedding = 1;
            }
            AnyCritic::Quadratic => {
                depth = 0;
                embedding = self.x + 2;
            }
        }
        Ok(PairShape {
            depth,
            embedding,
            critic,
            ..self
        })
    }

    /// With another activation of the hidden layers than ReLU.
    #[must_use]
    pub const fn with_activation(self, activation: Activation) -> Self {
        PairShape { activation, ..self }
    }

    /// Columns of x.
    #[must_use]
    pub const fn x(&self) -> usize {
        self.x as usize
    }

    /// Columns of y.
    #[must_use]
    pub const fn y(&self) -> usize {
        self.y as usize
    }

    /// Width of the embedding in which the critic's networks meet: 1 for a concatenated critic, two
    /// more than the columns of x for a quadratic one.
    #[must_use]
    pub const fn embedding(&self) -> usize {
        self.embedding as usize
    }

    /// K, the number of joint samples in a batch.
    #[must_use]
    pub const fn batch(&self) -> usize {
        self.batch as usize
    }

    /// Widths of the hidden layers.
    #[must_use]
    pub fn hidden(&self) -> &[u32] {
        &self.hidden[..self.depth as usize]
    }

    /// The critic.
    #[must_use]
    pub const fn critic(&self) -> AnyCritic {
        self.critic
    }

    /// The activation of its hidden layers.
    #[must_use]
    pub const fn activation(&self) -> Activation {
        self.activation
    }

    /// Number of hidden layers.
    pub(crate) const fn hidden_layers(&self) -> usize {
        self.depth as usize
    }

    /// Width of the first of them; 0, if there is none.
    pub(crate) const fn first_hidden(&self) -> usize {
        self.hidden[0] as usize
    }

    /// A network with the hidden layers from `first` on.
    #[inline(always)]
    pub(crate) const fn network(&self, inputs: usize, first: usize, outputs: usize) -> Network {
        let mut hidden = [0; MAX_DEPTH];
        let mut l = first;
        while l < self.depth as usize {
            hidden[l - first] = self.hidden[l];
            l += 1;
        }
        Network {
            inputs,
            hidden,
            depth: l - first,
            outputs,
            activation: self.activation,
        }
    }

    /// Lanes of the critic's parameters; each critic's page says in which order they lie.
    #[must_use]
    pub const fn parameter_lanes(&self) -> usize {
        self.critic.lanes_of_parameters(self)
    }

    /// Lanes of the workspace of a step.
    #[must_use]
    pub const fn workspace_lanes(&self) -> usize {
        let parts = self.workspace();
        let mut sum = 0;
        let mut i = 0;
        while i < parts.len() {
            sum += parts[i].1;
            i += 1;
        }
        sum
    }

    /// Words of a packed batch of x or y with rows and columns exchanged, whichever is larger.
    #[must_use]
    pub const fn transposed_words(&self) -> usize {
        max(self.x(), self.y()) * words(self.batch())
    }

    /// Names and lengths, in lanes, of the parts of the workspace.
    pub(crate) const fn workspace(&self) -> WorkspaceParts {
        self.critic.workspace_parts(self)
    }

    /// Lanes of the scores that a bound has at a time.
    pub(crate) const fn score_lanes(&self) -> usize {
        let all = lanes(self.batch());
        self.batch() * if all < SCORE_LANES { all } else { SCORE_LANES }
    }
}

/// Sizes of filter, critic and batch of a run for RSMI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    block: u32,
    /// Of h, and of the environment.
    pairs: PairShape,
    map: [u32; MAX_DEPTH],
    map_depth: u32,
}

/// One buffer of a shape, for a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buffer {
    /// What it holds.
    pub name: &'static str,
    /// Its length in bytes.
    pub bytes: u64,
}

impl Shape {
    /// |V|, |E|, number of components of H (times that of their states, where they have more than two:
    /// each state has a filter, and an input of the critic), widths of the hidden layers of both of the
    /// networks of a separable critic, width of the embedding in which they meet, and batch K.
    ///
    /// # Errors
    /// Names the size that is out of range.
    pub const fn new(
        block: u32,
        environment: u32,
        components: u32,
        hidden: &[u32],
        embedding: u32,
        batch: u32,
    ) -> Result<Self, ShapeError> {
        check!(
            within("a block", block, 1, 1 << 14),
            within("an environment", environment, 1, 1 << 20),
            within("a number of components", components, 1, MAX_COMPONENTS),
        );
        match PairShape::new(components, environment, hidden, embedding, batch) {
            Ok(pairs) => Ok(Shape {
                block,
                pairs,
                map: [0; MAX_DEPTH],
                map_depth: 0,
            }),
            Err(error) => Err(error),
        }
    }

    /// With another number of components.
    ///
    /// # Errors
    /// Names it, if it is out of range.
    pub const fn with_components(self, components: u32) -> Result<Self, ShapeError> {
        check!(within(
            "a number of components",
            components,
            1,
            MAX_COMPONENTS
        ));
        let embedding = match self.pairs.critic {
            AnyCritic::Quadratic => components + 2,
            _ => self.pairs.embedding,
        };
        let pairs = PairShape {
            x: components,
            embedding,
            ..self.pairs
        };
        Ok(Shape { pairs, ..self })
    }

    /// With a multi-layer perceptron in place of Λ·v, of these hidden widths and ReLU between: its
    /// C outputs are the logits x. Of no widths, Λ·v again.
    ///
    /// # Errors
    /// Names the size that is out of range.
    pub const fn with_map(self, hidden: &[u32]) -> Result<Self, ShapeError> {
        check!(within(
            "a number of hidden layers of the map",
            few(hidden.len()),
            0,
            MAX_DEPTH as u32
        ));
        let mut widths = [0; MAX_DEPTH];
        let mut l = 0;
        while l < hidden.len() {
            check!(within("a hidden layer of the map", hidden[l], 1, 1024));
            widths[l] = hidden[l];
            l += 1;
        }
        Ok(Shape {
            map: widths,
            map_depth: hidden.len() as u32,
            ..self
        })
    }

    /// With another critic. That of a [`Concatenated`](AnyCritic::Concatenated) has the hidden layers,
    /// and ends in one number; a [`Quadratic`](AnyCritic::Quadratic) has none, and an embedding of C + 2.
    ///
    /// # Errors
    /// A concatenated critic without hidden layers: a sum of a function of h and one of e, which tells
    /// nothing about both.
    pub const fn with_critic(self, critic: AnyCritic) -> Result<Self, ShapeError> {
        match self.pairs.with_critic(critic) {
            Ok(pairs) => Ok(Shape { pairs, ..self }),
            Err(error) => Err(error),
        }
    }

    /// Sizes of the critic and of the batch alone: x is h, y the environment.
    #[must_use]
    pub const fn pairs(&self) -> PairShape {
        self.pairs
    }

    /// Widths of the hidden layers of the map; empty for a filter Λ·v.
    #[must_use]
    pub fn map(&self) -> &[u32] {
        &self.map[..self.map_depth as usize]
    }

    /// Whether a multi-layer map is in place of Λ·v.
    #[must_use]
    pub const fn has_map(&self) -> bool {
        self.map_depth > 0
    }

    /// The network x(v), where there is one.
    #[inline(always)]
    pub(crate) const fn map_network(&self) -> Network {
        Network {
            inputs: self.block(),
            hidden: self.map,
            depth: self.map_depth as usize,
            activation: Activation::Relu,
            outputs: self.components(),
        }
    }

    /// With another activation of the critic's hidden layers than ReLU.
    #[must_use]
    pub const fn with_activation(self, activation: Activation) -> Self {
        let pairs = self.pairs.with_activation(activation);
        Shape { pairs, ..self }
    }

    /// |V|.
    #[must_use]
    pub const fn block(&self) -> usize {
        self.block as usize
    }

    /// |E|.
    #[must_use]
    pub const fn environment(&self) -> usize {
        self.pairs.y()
    }

    /// C, the number of components of H, or of the states of all of them.
    #[must_use]
    pub const fn components(&self) -> usize {
        self.pairs.x()
    }

    /// Width of the embedding in which the critic's networks meet: 1 for a concatenated critic, C + 2
    /// for a quadratic one.
    #[must_use]
    pub const fn embedding(&self) -> usize {
        self.pairs.embedding()
    }

    /// K, the number of joint samples in a batch.
    #[must_use]
    pub const fn batch(&self) -> usize {
        self.pairs.batch()
    }

    /// Widths of the hidden layers.
    #[must_use]
    pub fn hidden(&self) -> &[u32] {
        self.pairs.hidden()
    }

    /// The critic.
    #[must_use]
    pub const fn critic(&self) -> AnyCritic {
        self.pairs.critic()
    }

    /// The activation of its hidden layers.
    #[must_use]
    pub const fn activation(&self) -> Activation {
        self.pairs.activation()
    }

    /// Lanes of the filter Λ: a row of C weights for each site of the block; or of the map, of each
    /// layer its bias, then a row of weights for each input.
    #[must_use]
    pub const fn filter_lanes(&self) -> usize {
        if self.has_map() {
            return self.map_network().lanes();
        }
        linear::parameter_lanes(self)
    }

    /// Lanes of all parameters: those of filter or map, then those of the critic
    /// ([`PairShape::parameter_lanes`]).
    #[must_use]
    pub const fn parameter_lanes(&self) -> usize {
        self.filter_lanes() + self.pairs.parameter_lanes()
    }

    /// Words of one batch of packed block samples.
    #[must_use]
    pub const fn block_words(&self) -> usize {
        self.batch() * words(self.block())
    }

    /// Words of one batch of packed environment samples.
    #[must_use]
    pub const fn environment_words(&self) -> usize {
        self.batch() * words(self.environment())
    }

    /// Words of the larger of the two transposed batches.
    pub(crate) const fn transposed_words(&self) -> usize {
        max(self.block(), self.environment()) * words(self.batch())
    }

    /// Words of all samples, where they are packed signs.
    #[must_use]
    pub const fn sign_words(&self) -> usize {
        self.block_words() + self.environment_words() + self.transposed_words()
    }

    /// Lanes of all samples, where they are real.
    #[must_use]
    pub const fn real_lanes(&self) -> usize {
        self.batch() * (lanes(self.block()) + lanes(self.environment()))
    }

    /// Names and lengths, in lanes, of the parts of the workspace that are not the critic's.
    pub(crate) const fn encoder_workspace(&self) -> [(&'static str, usize); 5] {
        let coarse = self.batch() * lanes(self.components());
        let (mut activations, mut layers, mut transposed) = (0, 0, 0);
        if self.has_map() {
            let map = self.map_network();
            activations = self.batch() * map.activation_lanes();
            layers = 2 * self.batch() * map.widest();
            transposed = map.transposed_lanes(1);
        }
        [
            ("coarse variables", coarse),
            ("slopes of the encoder", coarse),
            ("activations of the map", activations),
            ("gradients by layers of the map", layers),
            ("transposed weights of the map", transposed),
        ]
    }

    /// Lanes of the workspace of a step.
    #[must_use]
    pub const fn workspace_lanes(&self) -> usize {
        let parts = self.encoder_workspace();
        let mut sum = self.pairs.workspace_lanes();
        let mut i = 0;
        while i < parts.len() {
            sum += parts[i].1;
            i += 1;
        }
        sum
    }

    /// The buffers that a training of this shape takes, with their lengths.
    #[must_use]
    pub fn buffers(&self) -> heapless::Vec<Buffer, 17> {
        const LANE: u64 = 64;
        let parameters = self.parameter_lanes() as u64 * LANE;
        let mut table = heapless::Vec::new();
        let learned = ["parameters", "gradients", "first moments", "second moments"];
        let fixed = learned.map(|name| (name, parameters)).into_iter();
        let critic = self.pairs.workspace();
        let parts = self.encoder_workspace().into_iter().chain(critic);
        let parts = parts.map(|(name, lanes)| (name, lanes as u64 * LANE));
        let signs = [("packed samples", self.sign_words() as u64 * 4)].into_iter();
        for (name, bytes) in fixed.chain(parts).chain(signs) {
            // Four, five, seven and one rows fit seventeen.
            if bytes > 0 {
                let _ = table.push(Buffer { name, bytes });
            }
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_microcontrollers_shapes_fit_their_memory() {
        let total = |hidden: &[u32]| -> u64 {
            let shape = Shape::new(16, 36, 1, hidden, 8, 32).unwrap();
            shape.buffers().iter().map(|b| b.bytes).sum()
        };
        assert!(total(&[16, 16]) < 64 * 1024, "{}", total(&[16, 16]));
        assert!(total(&[32, 32]) < 124 * 1024, "{}", total(&[32, 32]));
    }

    #[test]
    fn refusals_name_the_size() {
        let error = Shape::new(16, 36, 0, &[16], 8, 32).unwrap_err();
        assert_eq!((error.what, error.given), ("a number of components", 0));
        assert!(Shape::new(16, 36, 1, &[16; 5], 8, 32).is_err());
        assert!(Shape::new(16, 36, 1, &[16, 0], 8, 32).is_err());
        assert!(Shape::new(16, 36, 1, &[16], 8, 1).is_err());
        let linear = Shape::new(16, 36, 1, &[], 8, 32).unwrap();
        let error = linear.with_critic(AnyCritic::Concatenated).unwrap_err();
        assert_eq!(
            (error.what, error.least),
            ("a number of hidden layers of a concatenated critic", 1)
        );
    }
}
