//! Interacting dimers on the square torus.

use blockspin_core::lattice::Lattice;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::sampler::{self, Sampler, Start};

use super::mcmc::Sampling;
use super::{AnyModel, Layout, Model, ModelSampler};
use crate::data::npy::Format;
use crate::digits::{Parameter, Rounded};
use crate::error::{Error, Result};
use crate::settings::groups::{Defaults, LearnedFilter, Optimisation, Window};
use crate::settings::values::{self, Components, Sides};
use crate::settings::{optional, settings};

settings! {
    /// Interacting dimers that cover a square torus, with weight exp(N/T), N the plaquettes with two
    /// parallel dimers.
    Dimer {
        /// Vertices per side, an even number.
        size: u32 = 64, values::count;
        /// Temperature in units of the attraction of two parallel dimers; infinite: free dimers.
        temperature: f64 = f64::INFINITY, values::temperature;
        /// Binding K of noise spins on vertices and faces, in pairs by exp(K s s′); none: no noise.
        noise: Option<f64> = None, optional(values::binding);
    }
}

impl Dimer {
    /// Free dimers on a torus of L × L vertices.
    #[must_use]
    pub fn square(side: u32) -> Self {
        Dimer {
            size: side,
            ..Dimer::default()
        }
    }

    /// Sets the temperature.
    #[must_use]
    pub fn at(self, temperature: f64) -> Self {
        Dimer {
            temperature,
            ..self
        }
    }

    /// Checks the settings and builds the model.
    ///
    /// # Errors
    /// If settings contradict one another.
    pub fn model(&self) -> Result<DimerModel> {
        let usage = |error: sampler::DimerError| {
            let told = Error::usage(error.to_string());
            match error {
                sampler::DimerError::Side(_) => told.hint("that is `size`"),
                _ => told,
            }
        };
        let loops = sampler::Dimer::usual_loops(self.size, self.temperature);
        let mut sampler = sampler::Dimer::new(self.size, self.temperature, loops).map_err(usage)?;
        if let Some(binding) = self.noise {
            sampler = sampler.with_noise(binding).map_err(usage)?;
        }
        Ok(DimerModel { sampler })
    }

    /// RSMI-NE's defaults, tables I and II, except for relaxation and initial filters. The relaxation
    /// begins at 30 and decreases slowly, instead of 0.75 and fast: a nearly continuous h lets the two
    /// components separate, which otherwise often represent the same field. The initial filters are
    /// small, since directions without variance (the sum over the four links of a vertex, the difference
    /// of two bound spins) receive no gradient.
    #[must_use]
    pub fn defaults() -> Defaults {
        Defaults {
            window: Window {
                block: Sides(vec![8]),
                buffer: Sides(vec![4]),
                environment: Sides(vec![4]),
            },
            filter: LearnedFilter {
                components: Components::Of(2),
                filter_start: 0.2,
                filter_rate: 1.0,
                epsilon_start: 30.0,
                epsilon_rate: 1e-3,
                ..LearnedFilter::default()
            },
            optimisation: Optimisation {
                batch: 400,
                steps: 8000,
                ..Optimisation::default()
            },
        }
    }
}

/// At this temperature and above no loop is given up on a torus of usual size, and none is tried out.
const COLD: f64 = 0.25;
/// Loops that are tried out.
const TRIED: u32 = 1024;

/// What to say of a sampler of which loops are given up.
pub(super) fn given_up(sampler: &sampler::Dimer) -> Option<String> {
    let (side, t) = (sampler.side(), sampler.temperature());
    let loops = sampler.loops().min(TRIED);
    let trial = sampler::Dimer::new(side, t, loops)
        .ok()
        .filter(|_| t < COLD)?;
    let mut stream = Stream::new(1, 0, Purpose::Pilot);
    let mut state = vec![0; trial.state_len()];
    trial.start(Start::Hot, &mut state, &mut stream);
    let mut scratch = vec![0; trial.scratch_len()];
    let proposals = trial.proposals();
    let share = trial.counted_sweep(&mut state, &mut scratch, &mut stream);
    (share > 0).then(|| {
        format!(
            "at a `temperature` of {}, {share} of the first {proposals} moves from a hot start were given up, \
             since a loop of each took more than {} steps: the law is the same, but hot chains cool slowly; \
             `exact dimer` knows small tori at any temperature",
            Parameter(t),
            trial.longest_loop()
        )
    })
}

/// Dimers that cover a torus.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DimerModel {
    sampler: sampler::Dimer,
}

impl DimerModel {
    fn size(&self) -> u32 {
        self.sampler.side()
    }

    /// Whether there are no noise spins.
    fn is_bare(&self) -> bool {
        self.sampler.noise().is_none()
    }
}

impl Model for DimerModel {
    fn name(&self) -> &'static str {
        "dimer"
    }

    fn resolved(&self) -> AnyModel {
        AnyModel::Dimer(Dimer {
            size: self.size(),
            temperature: self.sampler.temperature(),
            noise: self.sampler.noise(),
        })
    }

    fn title(&self) -> String {
        let (size, t) = (self.size(), Rounded(self.sampler.temperature()));
        let noise = if self.is_bare() { "" } else { " with noise" };
        match t.0.is_finite() {
            true => format!("Dimers{noise}, {size} × {size} at T = {t}"),
            false => format!("Free dimers{noise}, {size} × {size}"),
        }
    }

    fn about(&self) -> String {
        let size = self.size();
        let mut about = format!(
            "Dimers that cover a torus of {size} × {size} vertices, with weight exp(N/T), N the \
             plaquettes with two parallel dimers, at temperature T = {}; blocks and widths are counted \
             on the doubled lattice, where every second site is a link",
            Parameter(self.sampler.temperature())
        );
        if let Some(binding) = self.sampler.noise() {
            about += &format!(
                "; on vertices and faces are spins, bound in pairs by exp({binding} s s′), independent of \
                 the dimers"
            );
        }
        about
    }

    fn lattice(&self) -> Lattice {
        self.sampler.lattice()
    }

    fn layout(&self) -> Layout {
        Layout::Doubled {
            links: self.is_bare(),
        }
    }

    fn format(&self) -> Format {
        Format::Bits
    }

    fn unmeasured(&self) -> Result<ModelSampler> {
        Ok(ModelSampler::Dimer(Box::new(Sampling::unmeasured(
            self.sampler,
        ))))
    }
}
