//! What values h takes, as it is typed: of a filter that is learned, and of one that is given.

use std::f64::consts::LN_2;
use std::fmt;

use blockspin_core::coarse::encoder::{Choice, Encoder};
use blockspin_core::num::math::ln64;
use blockspin_core::shape::Shape;

/// What is read of continuous h.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Resolution {
    /// All where values are real; where they are discrete, moments.
    Usual,
    /// First and second moments: an upper limit to what is made of digits.
    Moments,
    /// All, with noise of this deviation σ.
    Noise(f32),
}

impl Resolution {
    /// The same for values of which it is known whether they are discrete.
    #[must_use]
    pub fn resolved(self, discrete: bool) -> Self {
        match (self, discrete) {
            (Resolution::Usual, true) => Resolution::Moments,
            _ => self,
        }
    }

    /// σ.
    #[must_use]
    pub fn noise(self) -> f32 {
        match self {
            Resolution::Usual | Resolution::Moments => 0.0,
            Resolution::Noise(noise) => noise,
        }
    }

    fn encoder(self) -> Encoder {
        let noise = self.noise();
        Encoder::Continuous { noise }
    }
}

impl fmt::Display for Resolution {
    /// As it is typed after the word.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Resolution::Usual => Ok(()),
            Resolution::Moments => write!(f, ":moments"),
            Resolution::Noise(noise) => write!(f, ":{noise}"),
        }
    }
}

/// The values of a component of H whose filter is learned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Coarse {
    /// ±1.
    Binary,
    /// Reals: h = Λ·v + σ g, with filters of norm 1 and g normal.
    Continuous(Resolution),
    /// One of Q states, each with a filter of its own.
    States(u32),
}

impl Coarse {
    /// The encoder of a training step at relaxation ε.
    #[must_use]
    pub fn relaxed(self, epsilon: f32) -> Encoder {
        match self {
            Coarse::Binary => Encoder::Relaxed { epsilon },
            Coarse::Continuous(resolution) => resolution.encoder(),
            Coarse::States(states) => Encoder::States {
                states,
                choice: Choice::Relaxed { epsilon },
            },
        }
    }

    /// The encoder of the reported figure: what the relaxed one tends to.
    #[must_use]
    pub fn drawn(self) -> Encoder {
        match self {
            Coarse::Binary => Encoder::Sigmoid,
            Coarse::Continuous(resolution) => resolution.encoder(),
            Coarse::States(states) => Encoder::States {
                states,
                choice: Choice::Softmax,
            },
        }
    }

    /// The same without chance: the sign, or the largest logit; none, where nothing is drawn.
    #[must_use]
    pub fn decided(self) -> Option<Encoder> {
        match self {
            Coarse::Binary => Some(Encoder::Sign),
            Coarse::Continuous(_) => None,
            Coarse::States(states) => Some(Encoder::States {
                states,
                choice: Choice::Largest,
            }),
        }
    }

    /// The same for values of which it is known whether they are discrete.
    #[must_use]
    pub fn resolved(self, discrete: bool) -> Self {
        match self {
            Coarse::Continuous(resolution) => Coarse::Continuous(resolution.resolved(discrete)),
            _ => self,
        }
    }

    /// The shape with a critic that suits it.
    #[must_use]
    pub fn shaped(self, shape: Shape) -> Shape {
        match self {
            Coarse::Continuous(Resolution::Moments) => shape.with_moments(),
            _ => shape,
        }
    }

    /// Whether there is a relaxation.
    #[must_use]
    pub fn is_relaxed(self) -> bool {
        !matches!(self, Coarse::Continuous(_))
    }

    /// Filters of a component.
    #[must_use]
    pub fn filters(self) -> u32 {
        match self {
            Coarse::States(states) => states,
            _ => 1,
        }
    }

    /// The most that h can tell with so many filters, the logarithm of the number of its states, in
    /// nats; none, if there is no end to them.
    #[must_use]
    pub fn capacity(self, filters: usize) -> Option<f64> {
        let components = (filters / self.filters() as usize) as f64;
        match self {
            Coarse::Binary => Some(components * LN_2),
            Coarse::Continuous(_) => None,
            Coarse::States(states) => Some(components * ln64(f64::from(states))),
        }
    }
}

impl fmt::Display for Coarse {
    /// As it is typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Coarse::Binary => write!(f, "binary"),
            Coarse::Continuous(resolution) => write!(f, "continuous{resolution}"),
            Coarse::States(states) => write!(f, "states:{states}"),
        }
    }
}

/// How h follows from a filter that is given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Given {
    /// h = sign(Λ·v), ties by fair coins.
    Sign,
    /// P(h = +1) = 1/(1 + exp(−Λ·v)).
    Sigmoid,
    /// h = Λ·v + σ g, with filters brought to norm 1.
    Continuous(Resolution),
    /// One of Q states, P(s) = exp(Λ_s·v) / Σ_t exp(Λ_t·v).
    States(u32),
    /// That of the largest Λ_s·v, ties at random.
    Argmax(u32),
}

impl Given {
    /// The values of h.
    #[must_use]
    pub fn coarse(self) -> Coarse {
        match self {
            Given::Sign | Given::Sigmoid => Coarse::Binary,
            Given::Continuous(resolution) => Coarse::Continuous(resolution),
            Given::States(states) | Given::Argmax(states) => Coarse::States(states),
        }
    }

    /// The same for values of which it is known whether they are discrete.
    #[must_use]
    pub fn resolved(self, discrete: bool) -> Self {
        match self {
            Given::Continuous(resolution) => Given::Continuous(resolution.resolved(discrete)),
            _ => self,
        }
    }

    /// The core's encoder.
    #[must_use]
    pub fn encoder(self) -> Encoder {
        let coarse = self.coarse();
        match self {
            Given::Sign | Given::Argmax(_) => coarse.decided().unwrap_or(coarse.drawn()),
            Given::Sigmoid | Given::Continuous(_) | Given::States(_) => coarse.drawn(),
        }
    }
}

impl fmt::Display for Given {
    /// As it is typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Given::Sign => write!(f, "sign"),
            Given::Sigmoid => write!(f, "sigmoid"),
            Given::Continuous(resolution) => write!(f, "continuous{resolution}"),
            Given::States(states) => write!(f, "states:{states}"),
            Given::Argmax(states) => write!(f, "argmax:{states}"),
        }
    }
}
