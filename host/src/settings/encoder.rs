//! The encoder as an option: values of h for a learned filter, and for a given one.

use std::f64::consts::LN_2;
use std::fmt;

use blockspin_core::critic::AnyCritic as Critic;
use blockspin_core::encoder::{AnyEncoder as Encoder, Choice, MAX_STATES};
use blockspin_core::num::math::ln64;

use crate::settings::as_text;
use crate::settings::values::Rule;

as_text!(Coarse Given);

/// The values of a component of H with a learned filter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Coarse {
    /// ±1.
    Binary,
    /// Reals: h = Λ·v + σ g, with filters of norm 1 and g standard normal.
    Continuous {
        /// σ.
        noise: f32,
    },
    /// One of Q states, each with its own filter.
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

    /// The encoder for the reported figure: the limit of the relaxed one.
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

    /// The deterministic version: the sign, or the largest logit; none, if nothing is drawn.
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

    /// The default critic, which depends on whether values are discrete: the digits of a continuous h of
    /// discrete values would identify configurations, so the critic reads only moments of h.
    #[must_use]
    pub fn critic(self, discrete: bool) -> Critic {
        match self {
            Coarse::Continuous { .. } if discrete => Critic::Moments,
            _ => Critic::Separable,
        }
    }

    /// Whether training uses a relaxation.
    #[must_use]
    pub fn is_relaxed(self) -> bool {
        !matches!(self, Coarse::Continuous { .. })
    }

    /// Number of filters per component.
    #[must_use]
    pub fn filters(self) -> u32 {
        match self {
            Coarse::States(states) => states,
            _ => 1,
        }
    }

    /// The capacity of h in nats, the logarithm of the number of its states for this many filters; none,
    /// if h is continuous.
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
    /// In the form of the option.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Coarse::Binary => write!(f, "binary"),
            Coarse::Continuous { noise } => continuous(f, *noise),
            Coarse::States(states) => write!(f, "states:{states}"),
        }
    }
}

/// How h follows from a given filter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Given {
    /// h = sign(Λ·v), with ties broken by fair coins.
    Sign,
    /// P(h = +1) = 1/(1 + exp(−Λ·v)).
    Sigmoid,
    /// h = Λ·v + σ g, with filters scaled to norm 1.
    Continuous {
        /// σ.
        noise: f32,
    },
    /// One of Q states, P(s) = exp(Λ_s·v) / Σ_t exp(Λ_t·v).
    States(u32),
    /// The state with the largest Λ_s·v, with ties broken at random.
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
    /// In the form of the option.
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

/// Parses Q from text such as states:Q; none, if the prefix differs or Q is out of range.
fn states_of(text: &str, word: &str) -> Option<u32> {
    let number = text.strip_prefix(word)?.strip_prefix(':')?;
    let states: u32 = number.trim().parse().ok()?;
    (2..=MAX_STATES as u32).contains(&states).then_some(states)
}

/// Parses σ from text such as continuous:0.1 (0 if absent); none, if the prefix differs or σ is out of
/// range.
fn noise_of(text: &str) -> Option<f32> {
    let rest = text.strip_prefix("continuous")?;
    if rest.is_empty() {
        return Some(0.0);
    }
    let noise: f32 = rest.strip_prefix(':')?.trim().parse().ok()?;
    // The sum turns -0 into 0.
    (0.0..=100.0).contains(&noise).then_some(noise + 0.0)
}

/// Parses the values of h in a training.
///
/// # Errors
/// Says what is allowed.
pub fn coarse(text: &str) -> Rule<Coarse> {
    match text {
        "binary" => Ok(Coarse::Binary),
        _ => {
            let states = states_of(text, "states").map(Coarse::States);
            let continuous = || noise_of(text).map(|noise| Coarse::Continuous { noise });
            states.or_else(continuous).ok_or_else(|| {
                format!(
                    "h is binary, continuous, continuous:SIGMA, with SIGMA from 0 \
                     to 100, or states:Q, with Q from 2 to {MAX_STATES}"
                )
            })
        }
    }
}

/// Parses how h follows from a given filter.
///
/// # Errors
/// Says what is allowed.
pub fn given(text: &str) -> Rule<Given> {
    match text {
        "sign" => Ok(Given::Sign),
        "sigmoid" => Ok(Given::Sigmoid),
        _ => {
            let states = states_of(text, "states").map(Given::States);
            let argmax = || states_of(text, "argmax").map(Given::Argmax);
            let continuous = || noise_of(text).map(|noise| Given::Continuous { noise });
            states.or_else(argmax).or_else(continuous).ok_or_else(|| {
                format!(
                    "h is sign, sigmoid, continuous, continuous:SIGMA, with \
                     SIGMA from 0 to 100, states:Q or argmax:Q, with Q from 2 to {MAX_STATES}"
                )
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoders_are_read_as_they_are_written() {
        for text in [
            "binary",
            "continuous",
            "continuous:0.25",
            "states:2",
            "states:16",
        ] {
            assert_eq!(coarse(text).unwrap().to_string(), text);
        }
        for text in [
            "sign",
            "sigmoid",
            "continuous",
            "continuous:0.5",
            "states:3",
            "argmax:4",
        ] {
            assert_eq!(given(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "states",
            "states:",
            "states:1",
            "states:17",
            "states:-2",
            "sign",
            "continuous:",
            "continuous:-0.1",
            "continuous:nan",
            "continuous:inf",
            "continuous0.1",
        ] {
            assert!(coarse(text).unwrap_err().contains("from 2 to 16"), "{text}");
        }
        for text in ["tanh", "argmax", "argmax:0", "states:99999999999"] {
            assert!(given(text).unwrap_err().contains("argmax:Q"), "{text}");
        }
    }
}
