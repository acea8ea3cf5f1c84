//! The input of a run, opened and checked.

use std::path::Path;

use blockspin_core::lattice::Lattice;
use blockspin_core::sampler::Sampler as _;

use super::checkpoint::{PilotRecord, is_duration};
use super::config::{DataFile, Source};
use super::region::Geometry;
use crate::data::Data;
use crate::data::filters::product;
use crate::data::graph::{Centre, Graph, On};
use crate::data::npy::Format;
use crate::data::split::RepeatPolicy;
use crate::data::transform::{Subtract, Transform};
use crate::error::{Error, Result};
use crate::model::{Model, ModelSampler, with_sampling};
use crate::observer::Observer;
use crate::settings::groups::{Pace, Window};
use crate::settings::values::Sides;

impl Pace {
    /// Prepares the model's chains, with the given burn-in and thinning or measured ones.
    ///
    /// # Errors
    /// Those of [`Model::prepare`].
    pub fn prepare(
        &self,
        model: &dyn Model,
        seed: u64,
        threads: usize,
        observer: &dyn Observer,
    ) -> Result<ModelSampler> {
        let mut prepared = model.prepare(seed, threads, observer)?;
        let plan = prepared.plan_mut();
        plan.burn_in = self.burn_in.unwrap_or(plan.burn_in);
        plan.thin = self.thin.unwrap_or(plan.thin);
        Ok(prepared)
    }

    /// The result of an earlier [`prepare`](Self::prepare); none, if it cannot be one of this model and
    /// this pace.
    #[must_use]
    pub fn resume(&self, model: &dyn Model, found: &PilotRecord) -> Option<ModelSampler> {
        let unmeasured = model.unmeasured().ok()?;
        let sites = with_sampling!(&unmeasured, sampling => sampling.model.lattice().sites());
        let given = |given: Option<u32>, found: u32| given.is_none_or(|given| given == found);
        // What is given was not measured.
        let mut measured = found.plan;
        measured.burn_in = self.burn_in.map_or(measured.burn_in, |_| 0);
        measured.thin = self.thin.map_or(measured.thin, |_| 1);
        let can_be = given(self.burn_in, found.plan.burn_in)
            && given(self.thin, found.plan.thin)
            && measured.is_measured(sites)
            && is_duration(found.seconds);
        match can_be {
            true => model.planned(found.plan, found.clusters).ok(),
            false => None,
        }
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
    /// Whether repeated configurations are left out.
    pub repeats: RepeatPolicy,
    /// What was subtracted from the values.
    pub subtract: Subtract,
    /// How values are to be transformed.
    pub transform: Transform,
    /// The graph, whether its nodes or edges have the values, and the centre of the shells.
    pub graph: Option<(Graph, On, Centre)>,
}

impl DataInput {
    fn new(
        reading: &DataFile,
        window: &Window,
        mut data: Data,
        observer: &dyn Observer,
    ) -> Result<Self> {
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
        let mut data = data;
        if data.configurations() == 1 && graph.is_none() {
            if origin.is_some() {
                return Err(Error::usage(
                    "`origin` for a single configuration: at one place it has one window; leave it out, \
                     so that windows are taken at all places",
                ));
            }
            if let Some(sides) = spans(window, data.sides()) {
                data = data.in_parts(&sides);
                open = vec![true; dimension];
            }
        }
        Ok(DataInput {
            file: reading.file.clone(),
            data,
            open,
            origin,
            repeats: reading.repeats,
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
        let place = self.place(geometry);
        let place = place
            .as_ref()
            .map(|(corner, sides)| (&corner[..], &sides[..]));
        self.data.convert(self.transform, place, observer)
    }

    /// The box with all sites that are read, if windows have one place. Parts of a record are places
    /// that are alike.
    #[must_use]
    pub fn place(&self, geometry: &Geometry) -> Option<(Vec<u32>, Vec<u32>)> {
        geometry.place().filter(|_| self.data.overlap() == 0)
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
        let graph = graph.flat_map(|(graph, ..)| graph.warnings());
        self.data.notes().iter().chain(graph).cloned().collect()
    }
}

/// Sides of the windows on a lattice; none, if they do not fit, of which others tell.
fn spans(window: &Window, sides: &[u32]) -> Option<Vec<u32>> {
    let at = |widths: &Sides, axis: usize| widths.0.get(axis).or(widths.0.first()).copied();
    let spans = (0..sides.len()).map(|axis| {
        let margin = at(&window.buffer, axis)?.checked_add(at(&window.environment, axis)?)?;
        let span = at(&window.block, axis)?.checked_add(margin.checked_mul(2)?)?;
        (span <= sides[axis]).then_some(span.max(2))
    });
    spans.collect()
}

impl Input {
    /// Opens a source, in which there are to be windows; configurations in memory are passed as `data`.
    ///
    /// # Errors
    /// If settings contradict one another or the file, or a file cannot be read.
    pub fn open(
        source: &Source,
        window: &Window,
        data: Option<Data>,
        observer: &dyn Observer,
    ) -> Result<Self> {
        match (source, data) {
            (Source::Model(model, pace), _) => Ok(Input::Model(model.model()?, pace.clone())),
            (Source::Data(reading), data) => {
                let data = match (data, reading.missing) {
                    (Some(data), None) => data,
                    (Some(data), Some(missing)) => data.with_missing(missing, observer)?,
                    (None, missing) => {
                        let path = Path::new(&reading.file);
                        Data::open_with(path, reading.axes, missing, observer)?
                    }
                };
                let input = DataInput::new(reading, window, data, observer)?;
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
