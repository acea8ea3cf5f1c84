//! Which critics there are.

use core::fmt;

/// Which functions f(h, e) a run looks among.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Critic {
    /// [`separable`](super::separable).
    #[default]
    Separable,
    /// [`moments`](super::moments).
    Moments,
    /// [`concatenated`](super::concatenated).
    Concatenated,
    /// [`quadratic`](super::quadratic).
    Quadratic,
}

impl fmt::Display for Critic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Critic {
    /// All of them.
    pub const ALL: [Critic; 4] = [
        Critic::Separable,
        Critic::Moments,
        Critic::Concatenated,
        Critic::Quadratic,
    ];

    /// As it is typed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Critic::Separable => "separable",
            Critic::Moments => "moments",
            Critic::Concatenated => "concatenated",
            Critic::Quadratic => "quadratic",
        }
    }
}
