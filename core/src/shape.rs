//! The shape of a run: every size that training needs, validated once, and what storage follows.
//!
//! Sizes are values, not types: a host chooses them at run time, firmware in a `const`.

use core::fmt;

use crate::coarse::moments;
use crate::num::bits::words;
use crate::num::lane::lanes;

/// Most hidden layers of each of the critic's networks.
pub const MAX_DEPTH: usize = 4;

/// Most components of H, the states of each counted.
pub const MAX_COMPONENTS: u32 = 64;

/// Lanes of scores that InfoNCE holds for each row of the batch; a matter of cache, not of bits.
pub(crate) const SCORE_LANES: usize = 4;

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
    moments: bool,
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

/// One of the critic's two networks: where its layers lie among the parameters, and how wide they
/// are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    pub(crate) inputs: usize,
    hidden: [u32; MAX_DEPTH],
    depth: usize,
    outputs: usize,
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

const fn max(a: usize, b: usize) -> usize {
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
    /// each state has a filter, and an input of the critic), widths of the hidden layers of both of the critic's
    /// networks, width of the embedding in which they meet, and batch K.
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
            moments: false,
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
        Ok(Shape { components, ..self })
    }

    /// The same with a critic that reads of h first and second moments alone, u(h) = b + Σ_a h_a w_a +
    /// Σ_{a≤b} h_a h_b w_ab: for continuous h of discrete values, whose digits a deep u(h) learns to read.
    /// Its v(e) is as before.
    #[must_use]
    pub const fn with_moments(self) -> Self {
        Shape {
            moments: true,
            ..self
        }
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
            outputs: self.components(),
        }
    }

    /// Whether the critic reads moments of h alone.
    #[must_use]
    pub const fn has_moments(&self) -> bool {
        self.moments
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

    /// Width of the embedding in which the critic's networks meet.
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

    const fn network(&self, inputs: usize) -> Network {
        let (hidden, depth) = (self.hidden, self.depth as usize);
        Network {
            inputs,
            hidden,
            depth,
            outputs: self.embedding(),
        }
    }

    /// What the critic reads of h: its components, or its moments.
    pub(crate) const fn coarse_inputs(&self) -> usize {
        if self.moments {
            moments::count(self.components())
        } else {
            self.components()
        }
    }

    /// The network u(h).
    #[inline(always)]
    pub(crate) const fn coarse_network(&self) -> Network {
        let network = self.network(self.coarse_inputs());
        if self.moments {
            return Network {
                depth: 0,
                ..network
            };
        }
        network
    }

    /// The network v(e).
    #[inline(always)]
    pub(crate) const fn environment_network(&self) -> Network {
        self.network(self.environment())
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

    /// Lanes of all parameters: the filter or map, then u(h), then v(e); of each layer its bias, then a
    /// row of weights for each input.
    #[must_use]
    pub const fn parameter_lanes(&self) -> usize {
        self.filter_lanes() + self.coarse_network().lanes() + self.environment_network().lanes()
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

    /// Lengths of the parts of the workspace, in lanes, in their order.
    pub(crate) const fn parts(&self) -> [(&'static str, usize); 11] {
        let (k, embedding) = (self.batch(), lanes(self.embedding()));
        let (coarse, environment) = (self.coarse_network(), self.environment_network());
        let inputs = lanes(self.coarse_inputs());
        let mut widest = max(inputs, max(coarse.widest(), environment.widest()));
        let mut transposed = max(coarse.transposed_lanes(0), environment.transposed_lanes(1));
        let mut of_map = 0;
        if self.has_map() {
            let map = self.map_network();
            widest = max(widest, map.widest());
            transposed = max(transposed, map.transposed_lanes(1));
            of_map = k * map.activation_lanes();
        }
        let scores = if lanes(k) < SCORE_LANES {
            lanes(k)
        } else {
            SCORE_LANES
        };
        [
            ("coarse variables", k * lanes(self.components())),
            ("slopes of the encoder", k * lanes(self.components())),
            ("activations of u(h)", k * coarse.activation_lanes()),
            ("activations of v(e)", k * environment.activation_lanes()),
            ("transposed v(e)", self.embedding() * lanes(k)),
            ("scores", k * scores),
            ("gradient by v(e)", k * embedding),
            ("gradients by layers", 2 * k * widest),
            ("transposed weights", transposed),
            ("moments of h", if self.moments { k * inputs } else { 0 }),
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
    }
}
