//! The input of a run, opened and checked.

use std::path::Path;

use blockspin_core::lattice::Lattice;

use super::config::{DataFile, Source};
use super::region::Geometry;
use crate::data::Data;
use crate::data::filters::product;
use crate::data::graph::{Centre, Graph, On};
use crate::data::npy::Format;
use crate::data::transform::{Subtract, Transform};
use crate::error::{Error, Result};
use crate::model::{Model, ModelSampler};
use crate::observer::Observer;
use crate::settings::groups::Pace;

impl Pace {
    /// Prepares the model's chains, with the given burn-in and thinning or measured ones.
    ///
    /// # Errors
    /// Those of [`Model::prepare`].
    pub fn prepare(&self, model: &dyn Model, seed: u64, threads: usize) -> Result<ModelSampler> {
        let mut prepared = model.prepare(seed, threads)?;
        let plan = prepared.plan_mut();
        plan.burn_in = self.burn_in.unwrap_or(plan.burn_in);
        plan.thin = self.thin.unwrap_or(plan.thin);
        Ok(prepared)
    }
}

/// The source of the samples: a model, or configurations that were read.
pub enum Input {
    /// A model, and the pace of its chains.
    Model(Box<dyn Model>, Pace),
    /// Configurations.
    Data(Box<DataInput>),
}

/// Configurations, and how they are read.
pub struct DataInput {
    /// The file's name.
    pub file: String,
    /// The file's content.
    pub data: Data,
    /// Whether each axis has open boundaries.
    pub open: Vec<bool>,
    /// Fixed index at which the block begins.
    pub origin: Option<Vec<u32>>,
    /// What was subtracted from the values.
    pub subtract: Subtract,
    /// How values are to be transformed.
    pub transform: Transform,
    /// The graph, whether its nodes or edges have the values, and the centre of the shells.
    pub graph: Option<(Graph, On, Centre)>,
}

impl DataInput {
    fn new(reading: &DataFile, mut data: Data, observer: &dyn Observer) -> Result<Self> {
        if reading.subtract == Subtract::SiteMeans {
            data.subtract_site_means(observer)?;
        }
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
            subtract: reading.subtract,
            transform: reading.transform,
            graph,
        })
    }

    /// Chooses how values are transformed, by the place of the window if it has only one.
    ///
    /// # Errors
    /// Those of [`Data::convert`].
    pub fn convert(&mut self, geometry: &Geometry, observer: &dyn Observer) -> Result<()> {
        let place = geometry.place();
        let place = place
            .as_ref()
            .map(|(corner, sides)| (&corner[..], &sides[..]));
        self.data.convert(self.transform, place, observer)
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

    /// What was dropped or ignored on reading, a sentence each.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let graph = self.graph.iter();
        graph
            .flat_map(|(graph, ..)| graph.warnings().to_vec())
            .collect()
    }
}

impl Input {
    /// Opens a source; configurations in memory are passed as `data`.
    ///
    /// # Errors
    /// If settings contradict one another or the file, or a file cannot be read.
    pub fn open(source: &Source, data: Option<Data>, observer: &dyn Observer) -> Result<Self> {
        match (source, data) {
            (Source::Model(model, pace), _) => Ok(Input::Model(model.model()?, pace.clone())),
            (Source::Data(reading), data) => {
                let data = match (data, reading.missing) {
                    (Some(data), None) => data,
                    (Some(data), Some(missing)) => data.with_missing(missing, observer)?,
                    (None, missing) => {
                        Data::open_with(Path::new(&reading.file), missing, observer)?
                    }
                };
                let input = DataInput::new(reading, data, observer)?;
                Ok(Input::Data(Box::new(input)))
            }
        }
    }

    /// Whether values are discrete (integers, states or signs) rather than real.
    #[must_use]
    pub fn is_discrete(&self) -> bool {
        match self {
            Input::Model(model, _) => model.format() != Format::Real,
            Input::Data(input) => input.data.is_discrete(),
        }
    }

    /// The graph on which the values are defined.
    #[must_use]
    pub fn graph(&self) -> Option<&Graph> {
        match self {
            Input::Model(..) => None,
            Input::Data(input) => input.graph.as_ref().map(|(graph, ..)| graph),
        }
    }

    /// The lattice of a configuration.
    ///
    /// # Errors
    /// If the sides are not those of a lattice, which opening the input excludes.
    pub fn lattice(&self) -> Result<Lattice> {
        match self {
            Input::Model(model, _) => Ok(model.lattice()),
            Input::Data(input) => Ok(Lattice::new(input.data.sides())?),
        }
    }
}
