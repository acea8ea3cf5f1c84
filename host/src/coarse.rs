//! What values h takes, as it is typed: of a filter that is learned, and of one that is given.

use std::f64::consts::LN_2;
use std::fmt;

use blockspin_core::critic::AnyCritic as Critic;
use blockspin_core::encoder::{AnyEncoder as Encoder, Choice};
use blockspin_core::num::math::ln64;

/// Most components of H.
pub const MOST_COMPONENTS: u32 = 16;

/// The values of a component of H whose filter is learned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Coarse {
    /// ±1.
    Binary,
    /// Reals: h = Λ·v + σ g, with filters of norm 1 and g normal.
    Continuous {
        /// σ.
        noise: f32,
    },
    /// One of Q states, each with a filter of its own.
    States(u32),
}

impl Coarse {
    /// The encoder of a training step at relaxation ε.
    #[must_use]
    pub fn relaxed(self, epsilon: f32) -> Encoder {
        match self {
            Coarse::Binary => Encoder::Relaxed { epsilon },
            Coarse::Continuous { noise } => Encoder::Continuous { noise },
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
            Coarse::Continuous { noise } => Encoder::Continuous { noise },
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
            Coarse::Continuous { .. } => None,
            Coarse::States(states) => Some(Encoder::States {
                states,
                choice: Choice::Largest,
            }),
        }
    }

    /// The critic that suits it, for values of which it is known whether they are discrete: digits of a
    /// continuous h of discrete values tell configurations apart, and are no field.
    #[must_use]
    pub fn critic(self, discrete: bool) -> Critic {
        match self {
            Coarse::Continuous { .. } if discrete => Critic::Moments,
            _ => Critic::Separable,
        }
    }

    /// Whether there is a relaxation.
    #[must_use]
    pub fn is_relaxed(self) -> bool {
        !matches!(self, Coarse::Continuous { .. })
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
            Coarse::Continuous { .. } => None,
            Coarse::States(states) => Some(components * ln64(f64::from(states))),
        }
    }
}

fn continuous(f: &mut fmt::Formatter<'_>, noise: f32) -> fmt::Result {
    match noise > 0.0 {
        true => write!(f, "continuous:{noise}"),
        false => write!(f, "continuous"),
    }
}

impl fmt::Display for Coarse {
    /// As it is typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Coarse::Binary => write!(f, "binary"),
            Coarse::Continuous { noise } => continuous(f, *noise),
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
    Continuous {
        /// σ.
        noise: f32,
    },
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
            Given::Continuous { noise } => Coarse::Continuous { noise },
            Given::States(states) | Given::Argmax(states) => Coarse::States(states),
        }
    }

    /// The core's encoder.
    #[must_use]
    pub fn encoder(self) -> Encoder {
        let coarse = self.coarse();
        match self {
            Given::Sign | Given::Argmax(_) => coarse.decided().unwrap_or(coarse.drawn()),
            Given::Sigmoid | Given::Continuous { .. } | Given::States(_) => coarse.drawn(),
        }
    }
}

impl fmt::Display for Given {
    /// As it is typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Given::Sign => write!(f, "sign"),
            Given::Sigmoid => write!(f, "sigmoid"),
            Given::Continuous { noise } => continuous(f, *noise),
            Given::States(states) => write!(f, "states:{states}"),
            Given::Argmax(states) => write!(f, "argmax:{states}"),
        }
    }
}
