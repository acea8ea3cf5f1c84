//! What a run is about: a model that is sampled, or a file.

use std::path::{Path, PathBuf};

use blockspin_core::lattice::Lattice;
use clap::{Args, ValueEnum};

use crate::data::{Data, Kind};
use crate::error::{Error, Result};
use crate::filters::product;
use crate::graph::{Centre, Graph, On};
use crate::model::{Model, Prepared};
use crate::npy::Format;
use crate::parse;

/// How chains are run, where it is not to be measured.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Pace {
    /// Sweeps before the first sample [default: measured]
    #[arg(long, value_name = "SWEEPS")]
    burn_in: Option<u32>,
    /// Sweeps from one sample to the next [default: measured, two autocorrelation times]
    #[arg(long, value_parser = parse::positive(), value_name = "SWEEPS")]
    thin: Option<u32>,
}

impl Pace {
    /// The model's chains, measured, at this pace where it is given.
    ///
    /// # Errors
    /// Those of [`Model::prepare`].
    pub fn prepare(&self, model: &dyn Model, seed: u64, threads: usize) -> Result<Prepared> {
        let mut prepared = model.prepare(seed, threads)?;
        let plan = prepared.plan_mut();
        plan.burn_in = self.burn_in.unwrap_or(plan.burn_in);
        plan.thin = self.thin.unwrap_or(plan.thin);
        Ok(prepared)
    }

    fn words(&self) -> String {
        let given = [("burn-in", self.burn_in), ("thin", self.thin)];
        let given = given.iter().filter_map(|(name, n)| Some((name, (*n)?)));
        given.map(|(name, n)| format!(" --{name} {n}")).collect()
    }
}

/// What a run is about.
pub enum Subject {
    /// A model, to be sampled at a pace.
    Model(Box<dyn Model>, Pace),
    /// A file.
    Data(Box<Input>),
}

/// How a file is to be read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Whether axes are open: one for all, or one for each.
    pub open: Vec<bool>,
    /// The one place of the block, as typed.
    pub origin: Option<String>,
    /// The graph that the values lie on.
    pub graph: Option<PathBuf>,
    /// What of it they belong to.
    pub values: Option<On>,
}

/// A file's configurations, and how they are read.
pub struct Input {
    /// The file's name.
    pub file: String,
    /// What is in it.
    pub data: Data,
    /// Whether each axis is open.
    pub open: Vec<bool>,
    /// Where the block begins.
    pub origin: Option<Vec<u32>>,
    /// The graph, what of it has the values, and what the shells surround.
    pub graph: Option<(Graph, On, Centre)>,
    /// How it was to be read.
    reading: Reading,
}

impl Input {
    fn read(file: &Path, reading: Reading, quiet: bool) -> Result<Self> {
        let data = Data::open(file, quiet)?;
        let dimension = data.sides().len();
        let mut graph = None;
        let mut origin = None;
        let mut open = reading.open.clone();
        match (&reading.graph, &reading.origin) {
            (Some(path), centre) => {
                if dimension != 1 {
                    return Err(Error::usage(format!(
                        "configurations of {} on a graph; there they have shape (N, M), a value for \
                         each node or each edge, as reshape(N, -1) makes them",
                        product(data.sides())
                    )));
                }
                let values = data.sites() as u64;
                let read = Graph::read(path, values)?;
                let on = read.on(values, reading.values)?;
                let centre = Centre::parse(centre.as_deref().unwrap_or("0"), on)?;
                graph = Some((read, on, centre));
            }
            (None, Some(text)) => {
                let place: Option<Vec<u32>> =
                    text.split(',').map(|at| at.trim().parse().ok()).collect();
                let place = place.filter(|place| place.len() == dimension).ok_or_else(|| {
                    Error::usage(format!(
                        "--origin {text} for configurations of {}; it is one index for each axis, \
                         from 0, such as {}",
                        product(data.sides()),
                        vec!["0"; dimension].join(",")
                    ))
                })?;
                origin = Some(place);
            }
            (None, None) => {}
        }
        if open.len() == 1 {
            open = vec![open[0]; dimension];
        }
        if open.len() != dimension {
            return Err(Error::usage(format!(
                "--boundary for {} axes, and configurations of {}; give one for all, or one for each",
                open.len(),
                product(data.sides())
            )));
        }
        Ok(Input {
            file: file.display().to_string(),
            data,
            open,
            origin,
            graph,
            reading,
        })
    }

    /// "periodic", "open", or "open along axes 0, 2".
    #[must_use]
    pub fn boundary(&self) -> String {
        let open: Vec<_> = (0..self.open.len())
            .filter(|axis| self.open[*axis])
            .map(|axis| axis.to_string())
            .collect();
        match open.len() {
            0 => "periodic".into(),
            n if n == self.open.len() => "open".into(),
            1 => format!("open along axis {}, else periodic", open[0]),
            _ => format!("open along axes {}, else periodic", open.join(", ")),
        }
    }

    /// What was dropped or ignored as it was read, a sentence each.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let graph = self.graph.iter();
        graph
            .flat_map(|(graph, ..)| graph.warnings().to_vec())
            .collect()
    }

    fn about(&self) -> String {
        let values = match self.data.kind() {
            Kind::Signs { low, high } => {
                format!("Two-valued data, {low} taken as −1 and {high} as +1")
            }
            Kind::Reals { centre, scale } => {
                format!("Real data x, taken as (x − {centre}) / {scale}")
            }
        };
        let place = match &self.graph {
            Some((graph, on, centre)) => format!(
                "on the {}s of a graph of {} nodes and {} edges, around {centre}",
                on.site(),
                graph.nodes(),
                graph.edges()
            ),
            None => format!("on a lattice with boundaries taken as {}", self.boundary()),
        };
        format!("{values}, {place}.")
    }

    fn words(&self) -> String {
        let mut words = format!("data {}", quoted_for_shell(&self.file));
        if let Some(path) = &self.reading.graph {
            words += &format!(" --graph {}", quoted_for_shell(&path.display().to_string()));
        }
        if let Some(values) = self.reading.values.and_then(|on| on.to_possible_value()) {
            words += &format!(" --values {}", values.get_name());
        }
        if self.open.contains(&true) {
            let kinds = self.reading.open.iter();
            let kinds: Vec<_> = kinds
                .map(|open| if *open { "open" } else { "periodic" })
                .collect();
            words += &format!(" --boundary {}", kinds.join(","));
        }
        if let Some(origin) = &self.reading.origin {
            words += &format!(" --origin {origin}");
        }
        words
    }
}

impl Subject {
    /// Reads a file.
    ///
    /// # Errors
    /// Those of [`Data::open`] and [`Graph::read`]; usage, where what is asked does not suit the
    /// file.
    pub fn read(file: &Path, reading: Reading, quiet: bool) -> Result<Self> {
        Ok(Subject::Data(Box::new(Input::read(file, reading, quiet)?)))
    }

    /// Whether values are whole numbers, states or signs, rather than reals.
    #[must_use]
    pub fn is_discrete(&self) -> bool {
        match self {
            Subject::Model(model, _) => model.format() != Format::Real,
            Subject::Data(input) => matches!(input.data.kind(), Kind::Signs { .. }),
        }
    }

    /// Its first word on the command line.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Subject::Model(model, _) => model.name(),
            Subject::Data(_) => "data",
        }
    }

    /// The graph that its values lie on.
    #[must_use]
    pub fn graph(&self) -> Option<&Graph> {
        match self {
            Subject::Model(..) => None,
            Subject::Data(input) => input.graph.as_ref().map(|(graph, ..)| graph),
        }
    }

    /// Its lattice.
    ///
    /// # Errors
    /// None in practice: what was read was checked.
    pub fn lattice(&self) -> Result<Lattice> {
        match self {
            Subject::Model(model, _) => Ok(model.lattice()),
            Subject::Data(input) => Ok(Lattice::new(input.data.sides())?),
        }
    }

    /// Headline and a sentence.
    #[must_use]
    pub fn describe(&self) -> (String, String) {
        match self {
            Subject::Model(model, _) => (
                model.title(),
                format!("{}, sampled as training went on.", model.about()),
            ),
            Subject::Data(input) => (
                format!(
                    "{}, {} configurations of {}",
                    input.file,
                    input.data.configurations(),
                    product(input.data.sides())
                ),
                input.about(),
            ),
        }
    }

    /// The options that name it, as typed.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Subject::Model(model, pace) => model.words() + &pace.words(),
            Subject::Data(input) => input.words(),
        }
    }
}

/// A word as a shell takes it for one.
#[must_use]
pub fn quoted_for_shell(word: &str) -> String {
    if word
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c))
        && !word.is_empty()
    {
        return word.to_string();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
