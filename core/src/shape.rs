//! The shape of a run: every size that training needs, validated once, and what storage follows.
//!
//! Sizes are values, not types: a host chooses them at run time, firmware in a `const`.

pub(crate) mod layout;

use core::fmt;

use crate::bound::pairs::SCORE_LANES;
use crate::critic::activation::Activation;
use crate::critic::kind::Critic;
use crate::num::bits::words;
use crate::num::lane::lanes;

/// Most hidden layers of each of the critic's networks.
pub const MAX_DEPTH: usize = 4;

/// Most components of H, the states of each counted.
pub const MAX_COMPONENTS: u32 = 64;

/// Why a shape cannot be.
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

/// Sizes of filter, critic and batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    block: u32,
    environment: u32,
    components: u32,
    hidden: [u32; MAX_DEPTH],
    depth: u32,
    embedding: u32,
    batch: u32,
    map: [u32; MAX_DEPTH],
    map_depth: u32,
    critic: Critic,
    activation: Activation,
}

/// One buffer of a shape, for a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buffer {
    /// What it holds.
    pub name: &'static str,
    /// Its length in bytes.
    pub bytes: u64,
}

/// One of the critic's networks: where its layers lie among the parameters, and how wide they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    pub(crate) inputs: usize,
    hidden: [u32; MAX_DEPTH],
    depth: usize,
    outputs: usize,
    pub(crate) activation: Activation,
}

impl Network {
    /// Affine layers, the last one linear.
    #[inline(always)]
    pub(crate) const fn layers(&self) -> usize {
        self.depth + 1
    }

    /// Width of the input of layer `l`; of the output, for `l` = `layers()`.
    #[inline(always)]
    pub(crate) const fn width(&self, l: usize) -> usize {
        if l == 0 {
            self.inputs
        } else if l <= self.depth {
            self.hidden[l - 1] as usize
        } else {
            self.outputs
        }
    }

    /// Lanes of layer `l`: its bias, then a row of weights for each input.
    #[inline(always)]
    pub(crate) const fn layer_lanes(&self, l: usize) -> usize {
        (1 + self.width(l)) * lanes(self.width(l + 1))
    }

    /// Lanes of all layers' parameters.
    pub(crate) const fn lanes(&self) -> usize {
        let mut sum = 0;
        let mut l = 0;
        while l < self.layers() {
            sum += self.layer_lanes(l);
            l += 1;
        }
        sum
    }

    /// Lanes of the outputs of all layers for one row of the batch.
    pub(crate) const fn activation_lanes(&self) -> usize {
        let mut sum = 0;
        let mut l = 0;
        while l < self.layers() {
            sum += lanes(self.width(l + 1));
            l += 1;
        }
        sum
    }

    /// Lanes of the widest layer output.
    pub(crate) const fn widest(&self) -> usize {
        let mut most = 0;
        let mut l = 0;
        while l < self.layers() {
            most = max(most, lanes(self.width(l + 1)));
            l += 1;
        }
        most
    }

    /// Lanes of the largest transposed weight matrix that a backward pass needs.
    pub(crate) const fn transposed_lanes(&self, from_layer: usize) -> usize {
        let mut most = 0;
        let mut l = from_layer;
        while l < self.layers() {
            most = max(most, self.width(l + 1) * lanes(self.width(l)));
            l += 1;
        }
        most
    }
}

pub(crate) const fn max(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

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
        let depth = hidden.len() as u32;
        Ok(Shape {
            block,
            environment,
            components,
            hidden: widths,
            depth,
            embedding,
            batch,
            critic: Critic::Separable,
            activation: Activation::Relu,
            map: [0; MAX_DEPTH],
            map_depth: 0,
        })
    }

    /// The same with another number of components.
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
        let embedding = match self.critic {
            Critic::Quadratic => components + 2,
            _ => self.embedding,
        };
        Ok(Shape {
            components,
            embedding,
            ..self
        })
    }

    /// The same with a multi-layer perceptron in place of Λ·v, of these hidden widths and ReLU between: its
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

    /// The same with another critic. That of a [`Critic::Concatenated`] has the hidden layers, and
    /// ends in one number; a [`Critic::Quadratic`] has none, and an embedding of C + 2.
    ///
    /// # Errors
    /// A concatenated critic without hidden layers: a sum of a function of h and one of e, which tells
    /// nothing about both.
    pub const fn with_critic(self, critic: Critic) -> Result<Self, ShapeError> {
        let (mut depth, mut embedding) = (self.depth, self.embedding);
        match critic {
            Critic::Separable | Critic::Moments => {}
            Critic::Concatenated => {
                let what = "a number of hidden layers of a concatenated critic";
                check!(within(what, depth, 1, MAX_DEPTH as u32));
                embedding = 1;
            }
            Critic::Quadratic => {
                depth = 0;
                embedding = self.components + 2;
            }
        }
        Ok(Shape {
            depth,
            embedding,
            critic,
            ..self
        })
    }

    /// Widths of the hidden layers of the map; none: it is Λ·v.
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

    /// The same with another activation of the hidden layers than ReLU.
    #[must_use]
    pub const fn with_activation(self, activation: Activation) -> Self {
        Shape { activation, ..self }
    }

    /// |V|.
    #[must_use]
    pub const fn block(&self) -> usize {
        self.block as usize
    }

    /// |E|.
    #[must_use]
    pub const fn environment(&self) -> usize {
        self.environment as usize
    }

    /// C, the number of components of H, or of the states of all of them.
    #[must_use]
    pub const fn components(&self) -> usize {
        self.components as usize
    }

    /// Width of the embedding in which the critic's networks meet: 1 for a concatenated critic, C + 2
    /// for a quadratic one.
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
    pub const fn critic(&self) -> Critic {
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

    /// Lanes of the filter Λ: a row of C weights for each site of the block; or of the map, of each
    /// layer its bias, then a row of weights for each input.
    #[must_use]
    pub const fn filter_lanes(&self) -> usize {
        if self.has_map() {
            return self.map_network().lanes();
        }
        self.block() * lanes(self.components())
    }

    /// Lanes of all parameters: the filter or map, then those of the critic; of each layer its bias, then a
    /// row of weights for each input.
    ///
    /// | critic | |
    /// |---|---|
    /// | separable | the layers of u(h), those of v(e) |
    /// | moments | the layer of u, those of v(e) |
    /// | concatenated | the first layer's rows for h, its bias and its rows for e, the other layers |
    /// | quadratic | the layer (b, A), C rows of B, C rows of D, c |
    #[must_use]
    pub const fn parameter_lanes(&self) -> usize {
        self.filter_lanes() + layout::parameter_lanes(self)
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

    /// Lanes of the scores that a bound has at a time.
    pub(crate) const fn score_lanes(&self) -> usize {
        let all = lanes(self.batch());
        self.batch() * if all < SCORE_LANES { all } else { SCORE_LANES }
    }

    /// Lengths of the parts of the workspace, in lanes, in their order.
    pub(crate) const fn parts(&self) -> [(&'static str, usize); 10] {
        let coarse = self.batch() * lanes(self.components());
        let [a, b, c, d, e, mut f, mut g] = layout::parts(self);
        let mut of_map = 0;
        if self.has_map() {
            let map = self.map_network();
            f.1 = max(f.1, 2 * self.batch() * map.widest());
            g.1 = max(g.1, map.transposed_lanes(1));
            of_map = self.batch() * map.activation_lanes();
        }
        [
            ("coarse variables", coarse),
            ("slopes of the encoder", coarse),
            a,
            b,
            c,
            d,
            e,
            f,
            g,
            ("activations of the map", of_map),
        ]
    }

    /// Lanes of the workspace of a step.
    #[must_use]
    pub const fn workspace_lanes(&self) -> usize {
        let parts = self.parts();
        let mut sum = 0;
        let mut i = 0;
        while i < parts.len() {
            sum += parts[i].1;
            i += 1;
        }
        sum
    }

    /// The buffers that a training of this shape takes, with their lengths.
    #[must_use]
    pub fn buffers(&self) -> heapless::Vec<Buffer, 16> {
        const LANE: u64 = 64;
        let parameters = self.parameter_lanes() as u64 * LANE;
        let mut table = heapless::Vec::new();
        let learned = ["parameters", "gradients", "first moments", "second moments"];
        let fixed = learned.map(|name| (name, parameters)).into_iter();
        let parts = self
            .parts()
            .map(|(name, lanes)| (name, lanes as u64 * LANE))
            .into_iter();
        let signs = [("packed samples", self.sign_words() as u64 * 4)].into_iter();
        for (name, bytes) in fixed.chain(parts).chain(signs) {
            // Four and eleven and one rows always fit sixteen.
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
        let error = linear.with_critic(Critic::Concatenated).unwrap_err();
        assert_eq!(
            (error.what, error.least),
            ("a number of hidden layers of a concatenated critic", 1)
        );
    }
}
