//! `dimer`: interacting dimers on the square torus.

use blockspin_core::lattice::Lattice;
use blockspin_core::sampler::{self, Sampler};
use clap::Args;
use serde_json::{Value, json};

use super::{Drawn, Layout, Model, Named, Parameter, Prepared};
use crate::chains::Sampling;
use crate::error::{Error, Result};
use crate::npy::Format;
use crate::parse;
use crate::picture::configuration::dimers_svg;

/// Defaults of its runs, where they are not those of the Ising model: those of RSMI-NE, tables I and
/// II, but for the relaxation and the start of the filter. The relaxation begins at 30 and falls
/// slowly, in place of 0.75 and fast: a nearly continuous h lets the two components part, which else
/// are often caught looking at the same field. The filter begins small, since what no dimers tell
/// (the sum over the four links of a vertex, the difference of two bound spins) stays as it was.
pub const DEFAULTS: &[(&str, &str)] = &[
    ("block", "8"),
    ("buffer", "4"),
    ("environment", "4"),
    ("components", "2"),
    ("batch", "400"),
    ("steps", "8000"),
    ("filter_start", "0.2"),
    ("filter_rate", "1"),
    ("epsilon_start", "30"),
    ("epsilon_rate", "1e-3"),
];

/// What its filters are called, for `--help`.
pub const FILTERS: &str = "uniform, boundary, decimation, all 0 but on links; of two components: \
    staggered, the electric field on links along rows and along columns, (−1)^(x+y); columnar, sum \
    and difference of the orders (−1)^x along rows and (−1)^y along columns, which tell the four \
    columnar states apart where the orders alone have ties; or a file";

/// Dimers that cover a torus.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dimer {
    sampler: sampler::Dimer,
}

impl Dimer {
    fn size(&self) -> u32 {
        self.sampler.side()
    }

    /// Without noise.
    fn is_bare(&self) -> bool {
        self.sampler.noise().is_none()
    }
}

/// A temperature as JSON has it, which knows no infinity.
#[must_use]
pub fn temperature_json(t: f64) -> Value {
    match t.is_finite() {
        true => json!(t),
        false => json!("inf"),
    }
}

impl Model for Dimer {
    fn name(&self) -> &'static str {
        "dimer"
    }

    fn title(&self) -> String {
        let (size, t) = (self.size(), self.sampler.temperature());
        let noise = if self.is_bare() { "" } else { " with noise" };
        match t.is_finite() {
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
            self.sampler.temperature()
        );
        if let Some(binding) = self.sampler.noise() {
            about += &format!(
                "; on vertices and faces are spins, bound in pairs by exp({binding} s s′), that know \
                 nothing of the dimers"
            );
        }
        about
    }

    fn words(&self) -> String {
        let temperature = self.sampler.temperature();
        let mut words = format!("dimer --size {} --temperature {temperature}", self.size());
        if let Some(binding) = self.sampler.noise() {
            words += &format!(" --noise {binding}");
        }
        words
    }

    fn parameters(&self) -> Vec<Parameter> {
        let temperature = temperature_json(self.sampler.temperature());
        vec![
            Parameter::new("temperature", "Temperature", temperature),
            Parameter::new("noise", "Binding of the noise", self.sampler.noise()),
        ]
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

    fn unmeasured(&self) -> Result<Prepared> {
        Ok(Prepared::Dimer(Box::new(Sampling::unmeasured(
            self.sampler,
        ))))
    }
}

impl Drawn for sampler::Dimer {
    /// The first of them.
    fn picture(&self, title: &str, configurations: &[&[u32]]) -> String {
        let first = configurations.iter().take(1);
        first.map(|state| dimers_svg(title, self, state)).collect()
    }
}

/// Options of `dimer`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Vertices per side, an even number
    #[arg(long, default_value_t = 64, value_name = "N")]
    size: u32,
    /// Temperature in units of the attraction of two parallel dimers; inf: free dimers
    #[arg(long, default_value = "inf", value_parser = parse::dimer_temperature,
          allow_hyphen_values = true, value_name = "T")]
    temperature: f64,
    /// Adds a spin on every vertex and face, bound in pairs by exp(K s s′) [default: no noise]
    #[arg(long, value_parser = parse::binding, allow_hyphen_values = true, value_name = "K")]
    noise: Option<f64>,
}

impl Named for Options {
    fn model(&self) -> Result<Box<dyn Model>> {
        let usage = |error: sampler::DimerError| Error::usage(error.to_string());
        let loops = sampler::Dimer::usual_loops(self.size, self.temperature);
        let mut sampler = sampler::Dimer::new(self.size, self.temperature, loops).map_err(usage)?;
        if let Some(binding) = self.noise {
            sampler = sampler.with_noise(binding).map_err(usage)?;
        }
        Ok(Box::new(Dimer { sampler }))
    }
}
