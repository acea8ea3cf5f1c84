//! The filter of a coarsening: by name, from a file, or that of a finished run, whose values are taken as
//! the run took them.

use std::path::Path;

use serde::Deserialize;

use crate::data::Data;
use crate::data::Kind;
use crate::data::filters::Filters;
use crate::data::npy::read_filters;
use crate::data::transform::{Subtract, Transform};
use crate::error::{Error, Result, annotate, quoted};
use crate::model::Layout;
use crate::observer::Observer;
use crate::run::config::{DataFile, RunConfig, Source};
use crate::run::config_file::read_fields;
use crate::run::diagnostics::shown;
use crate::run::filter_lookup::filters;
use crate::run::record::DataRecord;
use crate::settings::encoder::{Coarse, Given};
use crate::settings::values::Sides;
use crate::store::folder::RUN_FILE;

/// A run whose filter is applied.
pub(super) struct EarlierRun {
    name: String,
    config: RunConfig,
    data: Option<DataRecord>,
}

/// What is read of its results.
#[derive(Deserialize)]
struct Recorded {
    #[serde(default)]
    data: Option<DataRecord>,
    #[serde(default)]
    filters_are: Option<String>,
}

impl EarlierRun {
    /// Reads the folder of a run.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(RUN_FILE);
        if !path.is_file() {
            return Err(Error::usage(format!(
                "{} is a folder without {RUN_FILE}; a filter is a name, an .npy file, or the folder of a \
                 run",
                quoted(folder)
            )));
        }
        let config = RunConfig::from_fields(&read_fields(&path)?)?;
        let text = std::fs::read(&path).map_err(|error| annotate("read", &path, error))?;
        let recorded: Recorded = serde_json::from_slice(&text).map_err(|error| {
            Error::failure(format!("{} cannot be read: {error}", quoted(&path)))
        })?;
        let run = EarlierRun {
            name: quoted(folder),
            config,
            data: recorded.data,
        };
        let refuse = |why: &str| Err(Error::usage(format!("the run in {} {why}", run.name)));
        if recorded.filters_are.is_some() {
            return refuse(
                "has a map in place of Λ·v, and its filters.npy the mean response of that; h of a map \
                 cannot be had from it: train without `map`",
            );
        }
        if run.data.as_ref().is_some_and(|data| data.graph.is_some()) {
            return refuse(
                "is on a graph, where blocks around different sites differ and do not tile; coarsening \
                 needs a lattice",
            );
        }
        if run.data.as_ref().is_some_and(|data| data.each_site) {
            return refuse(
                "has its block at one `origin`, where each site had a mean and a deviation of its own; a \
                 filter for all blocks comes from a training without `origin`",
            );
        }
        Ok(run)
    }

    /// How h follows, unless it is given: the sign, or what comes nearest to it.
    fn encoder(&self) -> Given {
        match self.config.coarse() {
            Coarse::Binary => Given::Sign,
            Coarse::Continuous { noise } => Given::Continuous { noise },
            Coarse::States(states) => Given::Argmax(states),
        }
    }

    /// Whether the run's filter can be applied to configurations of a model.
    pub(super) fn suits_model(&self) -> Result<()> {
        let transformed = |data: &DataRecord| data.kind != "two-valued";
        match self.data.as_ref().is_some_and(transformed) {
            true => Err(Error::usage(format!(
                "the run in {} is of data that were transformed, and a model's are not; sample the model \
                 to a file, and coarsen this with `coarsen data`",
                self.name
            ))),
            false => Ok(()),
        }
    }

    /// How a file is to be read, where it is not said: as the run's was.
    pub(super) fn reading(&self, given: &DataFile) -> Result<DataFile> {
        let mut reading = given.clone();
        let Source::Data(own) = &self.config.source else {
            let name = self.config.source.name();
            if !["ising", "chain", "gaussian"].contains(&name) {
                return Err(Error::usage(format!(
                    "the run in {} is of the model {name}, whose values are not those of a file; coarsen \
                     configurations of the model: `coarsen {name}`",
                    self.name
                )));
            }
            if name == "gaussian" && reading.transform == Transform::Auto {
                reading.transform = Transform::None;
            }
            return Ok(reading);
        };
        reading.missing = reading.missing.or(own.missing);
        if reading.subtract == Subtract::None {
            reading.subtract = own.subtract;
        }
        if reading.transform == Transform::Auto {
            let used = self.data.as_ref().and_then(|data| data.transform_used);
            reading.transform = used.unwrap_or(own.transform);
        }
        Ok(reading)
    }

    /// Takes the values of a file as the run took its own; a caution, where that cannot be done exactly.
    pub(super) fn convert(&self, data: &mut Data, given: &DataFile) -> Result<Option<String>> {
        let signs = match data.kind() {
            Kind::Signs { low, high } => Some((low, high)),
            Kind::Reals { .. } => None,
        };
        let refuse = |what: &str| {
            Err(Error::usage(format!(
                "the run in {} is of two-valued data, and {} {what}; its filter multiplies ±1",
                self.name, given.file
            )))
        };
        let Some(run) = &self.data else {
            // Of a model.
            return match (self.config.source.name(), signs) {
                ("gaussian", Some(_)) => {
                    data.standardise_by(0.0, 1.0)?;
                    Ok(None)
                }
                ("gaussian", None) | (_, Some(_)) => Ok(None),
                (_, None) => refuse("holds more than two values, or missing ones"),
            };
        };
        if run.kind == "two-valued" {
            return match signs {
                None => refuse("holds more than two values, or missing ones"),
                Some((low, high)) if run.low == Some(low) && run.high == Some(high) => Ok(None),
                Some((low, high)) => Ok(Some(format!(
                    "{} holds {low} and {high}, taken as −1 and +1, as the run in {} took {} and {}",
                    given.file,
                    self.name,
                    shown(run.low.unwrap_or(f64::NAN)),
                    shown(run.high.unwrap_or(f64::NAN))
                ))),
            };
        }
        match (run.transform_used, run.centre.zip(run.scale)) {
            (Some(Transform::Standard), Some((centre, scale)))
                if given.transform == Transform::Auto =>
            {
                data.standardise_by(centre, scale)?;
                Ok(None)
            }
            (Some(Transform::Rank), _) => Ok(Some(format!(
                "the run in {} took values by their ranks in its file, and they are taken by their ranks in \
                 {}",
                self.name, given.file
            ))),
            _ => Ok(None),
        }
    }
}

/// A filter on a block of a lattice, how h follows from it, and the run that it is of.
pub(super) struct GivenFilter {
    pub(super) filters: Filters,
    pub(super) encoder: Given,
    pub(super) run: Option<EarlierRun>,
}

/// What a filter is asked for with.
pub(super) struct Wanted<'a> {
    pub(super) filter: &'a str,
    pub(super) block: Option<&'a Sides>,
    /// Sides of the block, where nothing says them.
    pub(super) default: Sides,
    pub(super) encoder: Option<Given>,
    pub(super) layout: &'a Layout,
    /// Axes of the lattice, without that of states.
    pub(super) dimension: usize,
}

impl Wanted<'_> {
    /// Reads the filter.
    pub(super) fn read(&self) -> Result<GivenFilter> {
        let path = Path::new(self.filter);
        let run = match path.is_dir() {
            true => Some(EarlierRun::read(path)?),
            false => None,
        };
        let default = run.as_ref().map_or(Given::Sign, EarlierRun::encoder);
        let encoder = self.encoder.unwrap_or(default);
        let file = match &run {
            Some(_) => Some(path.join("filters.npy")),
            None if self.filter.ends_with(".npy") => Some(path.to_path_buf()),
            None => None,
        };
        let states = match self.layout {
            Layout::States(states) => Some(*states),
            _ => None,
        };
        let axes = self.dimension + usize::from(states.is_some());
        let block = match (&file, self.block) {
            (Some(file), None) => read_filters(file, axes)?.sides().to_vec(),
            (_, given) => {
                let sides = &given.unwrap_or(&self.default).0;
                let mut block = match sides[..] {
                    [side] => vec![side; self.dimension],
                    _ if sides.len() == self.dimension => sides.clone(),
                    _ => {
                        return Err(Error::usage(format!(
                            "`block` {} on a lattice with {} axes; it takes one number, or one for each \
                             axis",
                            crate::data::filters::commas(sides),
                            self.dimension
                        )));
                    }
                };
                block.extend(states);
                block
            }
        };
        let coarse = encoder.coarse();
        let filters = match (&file, self.filter) {
            (Some(file), _) => filters(&file.to_string_lossy(), &block, self.layout, None, coarse)?,
            // The sign of the sum.
            (None, "majority") => filters("uniform", &block, self.layout, None, coarse)?,
            (None, name) => filters(name, &block, self.layout, None, coarse).map_err(|error| {
                error.hint(
                    "majority is uniform with the sign, and the folder of a run has a filter too",
                )
            })?,
        };
        let of_each = coarse.filters();
        if !filters.count().is_multiple_of(of_each as usize) {
            return Err(Error::usage(format!(
                "`encoder` {encoder} with a filter of {} components; it takes {of_each} for each of its \
                 own, one for each state",
                filters.count()
            )));
        }
        Ok(GivenFilter {
            filters: filters.of_states(of_each),
            encoder,
            run,
        })
    }
}

/// Opens a file as it is said, or as a run took its own, with a sentence on what its values are taken as,
/// and cautions.
pub(super) fn open(
    reading: &DataFile,
    run: Option<&EarlierRun>,
    observer: &dyn Observer,
) -> Result<(Data, String, Vec<String>)> {
    for (given, why) in [
        (
            reading.graph.is_some() || reading.values.is_some(),
            "`graph`: on a graph blocks around different sites differ and do not tile; coarsening needs a \
             lattice",
        ),
        (
            reading.origin.is_some(),
            "`origin`: blocks tile the lattice from its first site; cut the array to begin elsewhere \
             (numpy: array[:, 3:, 5:])",
        ),
    ] {
        if given {
            return Err(Error::usage(why));
        }
    }
    let asked = reading;
    let reading = match run {
        Some(run) => run.reading(asked)?,
        None => asked.clone(),
    };
    let path = Path::new(&reading.file);
    let mut data = Data::open_with(path, reading.axes, reading.missing, observer)?;
    if reading.subtract == Subtract::SiteMeans {
        data.subtract_site_means(observer)?;
    }
    data.convert(reading.transform, None, observer)?;
    let mut cautions = data.notes().to_vec();
    cautions.extend(data.advice()?);
    if let Some(run) = run {
        cautions.extend(run.convert(&mut data, asked)?);
    }
    let mut taken = match data.kind() {
        Kind::Signs { low, high } if low == high => format!("{low} taken as −1"),
        Kind::Signs { low, high } => format!("{low} taken as −1 and {high} as +1"),
        Kind::Reals { .. } if data.transform() == Some(Transform::Rank) => {
            "x taken as the normal score of its rank".into()
        }
        Kind::Reals { .. } if data.transform() == Some(Transform::None) => "as they are".into(),
        Kind::Reals { centre, scale } => format!("x taken as (x − {centre}) / {scale}"),
    };
    if reading.subtract == Subtract::SiteMeans {
        taken += ", x less the mean of its site in this file";
    }
    if run.is_some() {
        taken += ", as in the run";
    }
    Ok((data, taken, cautions))
}
