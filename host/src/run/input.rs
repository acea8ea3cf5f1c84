//! What a run learns from, opened and checked.

use std::path::Path;

use blockspin_core::lattice::Lattice;

use super::config::{DataFile, Source};
use crate::data::filters::product;
use crate::data::graph::{Centre, Graph, On};
use crate::data::npy::Format;
use crate::data::{Data, Kind};
use crate::error::{Error, Result};
use crate::model::{Model, Prepared};
use crate::observer::Observer;
use crate::settings::groups::Pace;

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
}

/// What a run learns from: a model, or configurations that were read.
pub enum Input {
    /// A model, to be sampled at a pace.
    Model(Box<dyn Model>, Pace),
    /// Configurations.
    Data(Box<DataInput>),
}

/// Configurations, and how they are read.
pub struct DataInput {
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
}

impl DataInput {
    fn new(reading: &DataFile, data: Data) -> Result<Self> {
        let dimension = data.sides().len();
        let mut graph = None;
        let mut origin = None;
        let mut open = reading.boundary.0.clone();
        match (&reading.graph, &reading.origin) {
            (Some(path), Some(centre)) => {
                if open.contains(&true) {
                    return Err(Error::usage(
                        "`boundary` with `graph`, which has no axes; leave it out",
                    ));
                }
                if dimension != 1 {
                    return Err(Error::usage(format!(
                        "configurations of {} on a graph; there they have shape (N, M), a value for \
                         each node or each edge, as reshape(N, -1) makes them",
                        product(data.sides())
                    )));
                }
                let values = data.sites() as u64;
                let read = Graph::read(Path::new(path), values)?;
                let on = read.on(values, reading.values)?;
                let centre = Centre::parse(centre, on)?;
                graph = Some((read, on, centre));
            }
            (Some(_), None) => {
                return Err(Error::usage(
                    "`graph` without `origin`: give the central node or edge of the shells",
                ));
            }
            (None, _) if reading.values.is_some() => {
                return Err(Error::usage("`values` without `graph`; leave it out"));
            }
            (None, Some(text)) => {
                let place: Option<Vec<u32>> =
                    text.split(',').map(|at| at.trim().parse().ok()).collect();
                let place = place.filter(|place| place.len() == dimension).ok_or_else(|| {
                    Error::usage(format!(
                        "`origin` {text} for configurations of {}; it is one index for each axis, \
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
                "`boundary` for {} axes, and configurations of {}; give one for all, or one for each",
                open.len(),
                product(data.sides())
            )));
        }
        Ok(DataInput {
            file: reading.file.clone(),
            data,
            open,
            origin,
            graph,
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
}

impl Input {
    /// Opens a source; configurations that are in memory are `data`.
    ///
    /// # Errors
    /// Of settings that do not suit one another or the file; a failure, if a file cannot be read.
    pub fn open(source: &Source, data: Option<Data>, observer: &dyn Observer) -> Result<Self> {
        match (source, data) {
            (Source::Model(model, pace), _) => Ok(Input::Model(model.model()?, pace.clone())),
            (Source::Data(reading), Some(data)) => {
                Ok(Input::Data(Box::new(DataInput::new(reading, data)?)))
            }
            (Source::Data(reading), None) => {
                let data = Data::open(Path::new(&reading.file), observer)?;
                Ok(Input::Data(Box::new(DataInput::new(reading, data)?)))
            }
        }
    }

    /// Whether values are whole numbers, states or signs, rather than reals.
    #[must_use]
    pub fn is_discrete(&self) -> bool {
        match self {
            Input::Model(model, _) => model.format() != Format::Real,
            Input::Data(input) => matches!(input.data.kind(), Kind::Signs { .. }),
        }
    }

    /// The graph that its values lie on.
    #[must_use]
    pub fn graph(&self) -> Option<&Graph> {
        match self {
            Input::Model(..) => None,
            Input::Data(input) => input.graph.as_ref().map(|(graph, ..)| graph),
        }
    }

    /// Its lattice.
    ///
    /// # Errors
    /// None in practice: what was read was checked.
    pub fn lattice(&self) -> Result<Lattice> {
        match self {
            Input::Model(model, _) => Ok(model.lattice()),
            Input::Data(input) => Ok(Lattice::new(input.data.sides())?),
        }
    }
}
