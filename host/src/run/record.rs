//! The record of a run: `run.json`, as a value.
//!
//! In this order: schema and version, the command if there was one, all settings by name
//! ([`RunConfig::fields`]), and the [`Results`]. Where a result has the name of a setting (`components`,
//! `steps`, `restarts`), the setting is called `NAME_requested`. Wall times are not part of it, so that
//! repeated runs give identical files. The other files of a run's folder are `filters.npy`,
//! `filters_series.npy`, `series.csv`, `report.html` and `timing.csv`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::config::{RunConfig, Source};
use super::diagnostics::shown;
use super::evaluate::Estimate;
use super::folder::FileHashes;
use super::history::Record;
use super::refine::Refinement;
use super::training::{EndReason, FilterSeries};
use crate::data::filters::{Filters, product};
use crate::data::survey::Survey;
use crate::data::transform::{Subtract, Transform};
use crate::error::Result;
use crate::model::AnyModel;
use crate::settings::Fields;

/// The value of `schema`.
pub const SCHEMA: &str = "blockspin-run-2";
/// Version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A finished run.
#[derive(Clone, Debug)]
pub struct RunRecord {
    /// All settings, completely resolved.
    pub config: RunConfig,
    /// The command line that repeats the run, if one was typed.
    pub command: Option<String>,
    /// The results.
    pub results: Results,
    /// The filter; for a map the mean response ⟨∂x/∂v⟩ over the held-out samples.
    pub filters: Filters,
    /// The filter in the course of the training.
    pub filter_series: FilterSeries,
    /// The training history: information against step.
    pub history: Vec<Record>,
    /// Wall times.
    pub timing: Timing,
}

/// Wall times of a run, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Timing {
    /// Sampling and gathering.
    pub seconds_sampling: f64,
    /// Training steps.
    pub seconds_training: f64,
    /// The whole run.
    pub seconds: f64,
    /// Training steps of all trainings, over `seconds_training`.
    pub steps_per_second: Option<f64>,
}

/// The Markov chains that samples come from, as a pilot measured them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChainsRecord {
    /// Their update, if there is a choice.
    pub algorithm: Option<String>,
    /// Sweeps before the first sample.
    pub burn_in: u32,
    /// Sweeps from one sample to the next.
    pub thin: u32,
    /// Integrated autocorrelation time in sweeps, the larger of energy and order parameter; ½: none.
    pub autocorrelation_time: f64,
    /// Whether a hot and a cold start agree.
    pub equilibrated: bool,
}

/// Exact values of small systems.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExactRecord {
    /// I(H:E) of the reported h.
    pub information_nats: Option<f64>,
    /// Mean of InfoNCE with the optimal critic at this K.
    pub infonce_nats: Option<f64>,
    /// `information_nats` minus `infonce_nats`.
    pub deficit_nats: Option<f64>,
    /// I(H:E) of the deterministic h: the sign, or the largest logit.
    pub information_sign_nats: Option<f64>,
    /// See `information_sign_nats`.
    pub infonce_sign_nats: Option<f64>,
    /// See `information_sign_nats`.
    pub deficit_sign_nats: Option<f64>,
    /// I(V:E).
    pub block_information_nats: Option<f64>,
}

/// One of several trainings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RestartRecord {
    /// Seed of its initial weights and its samples.
    pub seed: u64,
    /// Steps done.
    pub steps: u32,
    /// Information on the validation windows.
    #[serde(alias = "watched_nats")]
    pub validation_nats: Option<f64>,
    /// Its standard error.
    #[serde(alias = "watched_stderr_nats")]
    pub validation_stderr_nats: Option<f64>,
}

/// The best training with a given number of components.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComponentsRecord {
    /// Components of H.
    pub components: u32,
    /// Information on the validation windows.
    #[serde(alias = "watched_nats")]
    pub validation_nats: Option<f64>,
    /// Its standard error.
    #[serde(alias = "watched_stderr_nats")]
    pub validation_stderr_nats: Option<f64>,
}

/// One of several critics that were tried, since the first one overfitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CriticRecord {
    /// Its form.
    pub critic: String,
    /// Widths of its hidden layers.
    pub hidden: Vec<u32>,
    /// Width of its embedding.
    pub embedding: u32,
    /// Information on the validation windows.
    #[serde(alias = "watched_nats")]
    pub validation_nats: Option<f64>,
    /// Its standard error.
    #[serde(alias = "watched_stderr_nats")]
    pub validation_stderr_nats: Option<f64>,
    /// Whether it was kept.
    pub kept: bool,
}

/// A second training, with equal first weights, since the first found hardly anything.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlainRecord {
    /// Information on validation windows of the training with drawn first weights.
    pub drawn_nats: Option<f64>,
    /// The same of that with equal ones.
    pub equal_nats: Option<f64>,
    /// Standard error of the latter.
    pub stderr_nats: Option<f64>,
    /// Whether the second training is the one that is reported.
    pub kept: bool,
}

/// The estimate on one of several parts of a file that were held out in turn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoldRecord {
    /// Held-out information.
    pub information_nats: Option<f64>,
    /// Its standard error.
    pub information_stderr_nats: Option<f64>,
}

/// The data that were read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataRecord {
    /// The file's name.
    pub file: String,
    /// Number of configurations N.
    pub configurations: usize,
    /// Sides of the lattice.
    pub sides: Vec<u32>,
    /// Boundaries, as text.
    pub boundary: String,
    /// Whether each axis has open boundaries; none on a graph.
    #[serde(default)]
    pub boundary_by_axis: Option<Vec<bool>>,
    /// "two-valued" or "real".
    pub kind: String,
    /// The value that becomes −1.
    pub low: Option<f64>,
    /// The value that becomes 1.
    pub high: Option<f64>,
    /// The mean that is subtracted from real values.
    pub centre: Option<f64>,
    /// The standard deviation by which they are divided.
    pub scale: Option<f64>,
    /// How values of more than two were transformed: "standard", "rank" or "none".
    #[serde(default)]
    pub transform_used: Option<Transform>,
    /// Whether each site was transformed by itself.
    #[serde(default)]
    pub each_site: bool,
    /// What was subtracted first.
    #[serde(default)]
    pub subtracted: Subtract,
    /// What the weights of the filters multiply, if not the values of the file.
    #[serde(default)]
    pub filters_act_on: Option<String>,
    /// Centre and scale of each site, where the window has one place; none beyond 4096 sites.
    #[serde(default)]
    pub site_scales: Option<SiteScales>,
    /// What the values of the file are like, if they are more than two.
    #[serde(default)]
    pub values: Option<ValuesRecord>,
    /// Whether places are alike, where windows are taken at all of them.
    #[serde(default)]
    pub survey: Option<Survey>,
    /// Missing values.
    pub missing_values: u64,
    /// Windows that were left out because values were missing.
    pub windows_left_out: u64,
    /// Integrated autocorrelation time along the file, in configurations.
    pub autocorrelation_time: Option<f64>,
    /// Different configurations, translations included, among those that were compared; none, if none
    /// were.
    #[serde(default)]
    pub different: Option<usize>,
    /// Configurations that repeat an earlier one which is not their predecessor.
    #[serde(default)]
    pub repeated: Option<usize>,
    /// Configurations that were left out because they repeat others. Ranges below count the others.
    #[serde(default)]
    pub left_out: usize,
    /// Training configurations: the first, and one past the last.
    pub trained: Option<[usize; 2]>,
    /// Validation configurations.
    #[serde(alias = "watched")]
    pub validation: Option<[usize; 2]>,
    /// Held-out configurations, which give the reported figure.
    pub held_out: Option<[usize; 2]>,
    /// Fixed index at which the block begins.
    pub origin: Option<Vec<u32>>,
    /// The graph on which the values are defined.
    pub graph: Option<GraphRecord>,
}

/// Values x of a file, as they were read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ValuesRecord {
    /// Mean.
    pub mean: f64,
    /// Standard deviation, with divisor N.
    pub deviation: f64,
    /// The least.
    pub least: f64,
    /// The greatest.
    pub greatest: f64,
    /// Whether a thousandth of them carries more than a tenth of the variance (at one place: of any site).
    pub heavy_tailed: bool,
    /// Values that seem to mark missing ones.
    pub suspicious: Vec<SuspiciousValue>,
}

/// A value that occurs repeatedly, far from all others.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SuspiciousValue {
    /// The value.
    pub value: f64,
    /// How often it occurs, about.
    pub count: f64,
    /// Fraction of all values, about.
    pub share: f64,
}

/// Means and standard deviations by which sites were transformed: x became (x − centre) / scale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SiteScales {
    /// Of V, in the order of the weights.
    pub block_centres: Vec<f64>,
    /// See `block_centres`.
    pub block_scales: Vec<f64>,
    /// Of E.
    pub environment_centres: Vec<f64>,
    /// See `environment_centres`.
    pub environment_scales: Vec<f64>,
}

/// A graph, and the shells of the window on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GraphRecord {
    /// Number of nodes.
    pub nodes: u64,
    /// Number of edges.
    pub edges: u64,
    /// "nodes" or "edges".
    pub values: String,
    /// The central node or edge.
    pub origin: String,
    /// Sites of V, in the order of the weights.
    pub block: Vec<u32>,
    /// Sites of the buffer.
    pub buffer: Vec<u32>,
    /// Sites of E.
    pub environment: Vec<u32>,
    /// The shells, as text.
    #[serde(default)]
    pub shells: String,
}

/// Possible problems of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Diagnosis {
    /// A continuous h of discrete values: the critic can identify configurations by their exact Λ·v.
    ReadsDigits,
    /// Held-out information is below 0, and training information is not above 0 either.
    NotConverged,
    /// The training information exceeds the held-out one.
    Overfitting,
    /// The information is near the ceiling of a batch.
    NearCeiling,
    /// Few independent held-out configurations.
    FewHeldOut,
    /// The standard error is of the size of the figure.
    LargeError,
    /// The figure exceeds the exact value by more than its error.
    AboveExact,
    /// The figure exceeds the logarithm of the number of states of H by more than its error.
    AboveCapacity,
    /// The figure is below 0 by more than its error.
    BelowZero,
    /// The bound may be biased upwards by more than the error.
    Biased,
    /// Successive configurations are correlated, and the file has few independent ones.
    Correlated,
    /// A value seems to mark missing ones.
    SuspiciousValues,
    /// A few values carry much of the variance.
    HeavyTails,
    /// The means of sites differ, and windows are taken at all places.
    SitesDiffer,
    /// Neighbours across the seam of a periodic axis are not correlated as others are.
    OpenSeam,
    /// Most windows have missing values.
    MissingValues,
    /// The relaxation was still high at the end of the training.
    SoftEncoder,
    /// Validation figures were still rising at the end of the training.
    StillRising,
    /// No information beyond its error.
    NoSignal,
}

/// Results of a run. Information is in nats unless the name says otherwise; `null` marks a quantity that
/// does not exist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// Held-out information with h drawn from the encoder.
    pub information_nats: Option<f64>,
    /// Its standard error.
    pub information_stderr_nats: Option<f64>,
    /// The same in bits.
    pub information_bits: Option<f64>,
    /// Held-out information with h = sign(Λ·v), or the state of the largest logit.
    pub information_sign_nats: Option<f64>,
    /// Its standard error.
    pub information_sign_stderr_nats: Option<f64>,
    /// Moving average of the bound over training batches.
    pub training_information_nats: Option<f64>,
    /// Upper limit of the bound for any batch: ln K for InfoNCE.
    pub ceiling_nats: Option<f64>,
    /// Capacity of H: the logarithm of its number of states.
    pub capacity_nats: Option<f64>,
    /// Upper bound of the deficit of InfoNCE at this K, where it is small.
    pub deficit_nats: Option<f64>,
    /// Upper bound of the upward bias of a Donsker–Varadhan estimate at this K.
    #[serde(default)]
    pub bias_nats: Option<f64>,
    /// Exact values, where they are cheap.
    pub exact: Option<ExactRecord>,
    /// Number of training configurations.
    pub configurations: usize,
    /// Number of held-out batches of different configurations, on which the error bar rests.
    pub held_out_batches: usize,
    /// Independent held-out configurations that the standard error rests on, about.
    #[serde(default)]
    pub held_out_independent: Option<f64>,
    /// |V| and |E|.
    pub sites: [usize; 2],
    /// Nearly independent windows per configuration.
    pub windows_per_configuration: usize,
    /// Number of components of H.
    pub components: u32,
    /// Steps of the reported training.
    pub steps: u32,
    /// The step whose parameters are reported.
    pub kept_step: u32,
    /// Why the training ended.
    pub ended: Option<EndReason>,
    /// The effect of the refinement of the filter.
    pub refined: Option<Refinement>,
    /// All trainings with this number of components, if there were several.
    pub restarts: Option<Vec<RestartRecord>>,
    /// Standard deviation over restarts.
    pub spread_nats: Option<f64>,
    /// The best training for each number of components, if several were tried.
    pub components_tried: Option<Vec<ComponentsRecord>>,
    /// The critics that were tried, if the first one overfitted.
    #[serde(default)]
    pub critics_tried: Option<Vec<CriticRecord>>,
    /// Factor by which the critic was scaled to be best on validation windows, since windows were few;
    /// none: it was not.
    #[serde(default)]
    pub critic_scale: Option<f64>,
    /// What the critic lacks of the best one, about, which is in the standard errors; known where several
    /// parts of a file were held out in turn.
    #[serde(default)]
    pub critic_shortfall_nats: Option<f64>,
    /// A second training with equal first weights, if the first found hardly anything.
    #[serde(default)]
    pub equal_weights: Option<PlainRecord>,
    /// Estimates on all parts of the file in its order, if several were held out in turn.
    #[serde(default)]
    pub fold_estimates: Option<Vec<FoldRecord>>,
    /// The filter, (C, block…), as nested lists; of several folds that of the last.
    pub filters: Value,
    /// Steps of the filters in `filters_series.npy`, if there are such.
    #[serde(default)]
    pub filters_series_steps: Option<Vec<u32>>,
    /// Meaning of `filters` where they are not the weights of Λ·v.
    pub filters_are: Option<String>,
    /// FNV-1a 64 hash of filter, critic and training history.
    pub fingerprint: String,
    /// FNV-1a 64 hashes of the files that were read, by the setting that names them; none, if none were.
    #[serde(default)]
    pub file_hashes: Option<FileHashes>,
    /// The Markov chains, if configurations were sampled.
    #[serde(default)]
    pub chains: Option<ChainsRecord>,
    /// The data, if configurations came from a file.
    pub data: Option<DataRecord>,
    /// Diagnoses by name: see [`Diagnosis`].
    pub diagnoses: Vec<Diagnosis>,
    /// Warnings, a sentence each.
    pub warnings: Vec<String>,
}

impl Results {
    /// Names of all entries of a record that are not settings.
    pub const NAMES: &[&str] = &[
        "schema",
        "version",
        "command",
        "information_nats",
        "information_stderr_nats",
        "information_bits",
        "information_sign_nats",
        "information_sign_stderr_nats",
        "training_information_nats",
        "ceiling_nats",
        "capacity_nats",
        "deficit_nats",
        "bias_nats",
        "exact",
        "configurations",
        "held_out_batches",
        "held_out_independent",
        "sites",
        "windows_per_configuration",
        "components",
        "steps",
        "kept_step",
        "ended",
        "refined",
        "restarts",
        "spread_nats",
        "components_tried",
        "critics_tried",
        "critic_scale",
        "critic_shortfall_nats",
        "equal_weights",
        "fold_estimates",
        "filters",
        "filters_series_steps",
        "filters_are",
        "fingerprint",
        "file_hashes",
        "chains",
        "data",
        "diagnoses",
        "warnings",
        // Only with `--json`.
        "seconds_sampling",
        "seconds_training",
        "seconds",
        "steps_per_second",
        "folder",
    ];

    /// The reported information with its standard error.
    #[must_use]
    pub fn information(&self) -> Estimate {
        estimate(self.information_nats, self.information_stderr_nats)
    }

    /// The information of the deterministic h, if there is one.
    #[must_use]
    pub fn information_sign(&self) -> Option<Estimate> {
        let mean = self.information_sign_nats?;
        Some(estimate(Some(mean), self.information_sign_stderr_nats))
    }
}

fn estimate(mean: Option<f64>, stderr: Option<f64>) -> Estimate {
    Estimate {
        mean: mean.unwrap_or(f64::NAN),
        stderr: stderr.unwrap_or(f64::NAN),
    }
}

/// A number that JSON can represent, or none.
#[must_use]
pub fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

impl RunRecord {
    /// Everything but wall times, by name and in order: the content of `run.json`.
    #[must_use]
    pub fn fields(&self) -> Fields {
        let mut fields = Fields::new();
        fields.insert("schema".into(), SCHEMA.into());
        fields.insert("version".into(), VERSION.into());
        fields.insert("command".into(), json!(self.command));
        fields.extend(self.config.record_fields());
        fields.extend(object(json!(self.results)));
        fields
    }

    /// [`fields`](Self::fields) and wall times.
    #[must_use]
    pub fn fields_with_timing(&self) -> Fields {
        let mut fields = self.fields();
        fields.extend(object(json!(self.timing)));
        fields
    }

    /// Filters as they are drawn: those on states of sites as one for each state.
    #[must_use]
    pub fn drawn(&self, filters: &Filters) -> Filters {
        match &self.config.source {
            Source::Model(AnyModel::Potts(_), _) => filters.by_value(),
            _ => filters.clone(),
        }
    }

    /// A headline, and a sentence that describes the source of the configurations.
    ///
    /// # Errors
    /// If the model of the configuration is invalid.
    pub fn describe(&self) -> Result<(String, String)> {
        Ok(match (&self.config.source, &self.results.data) {
            (Source::Model(model, _), _) => {
                let model = model.model()?;
                let about = format!("{}, sampled as training went on.", model.about());
                (model.title(), about)
            }
            (Source::Data(_), Some(data)) => (data.title(), data.about()),
            (Source::Data(file), None) => (file.file.clone(), String::new()),
        })
    }
}

impl DataRecord {
    fn title(&self) -> String {
        let sides = product(&self.sides);
        format!(
            "{}, {} configurations of {sides}",
            self.file, self.configurations
        )
    }

    /// What was read, in a line; none of two-valued data.
    #[must_use]
    pub fn values_read(&self) -> Option<String> {
        let values = self.values.as_ref()?;
        Some(format!(
            "from {} to {}, mean {}, standard deviation {}; taken as {}",
            shown(values.least),
            shown(values.greatest),
            shown(values.mean),
            shown(values.deviation),
            match self.transform_used {
                Some(Transform::Rank) => "normal scores of ranks",
                Some(Transform::None) => "they are",
                _ if self.each_site => "(x − mean)/deviation of each site",
                _ if self.subtracted == Subtract::SiteMeans => "(x − mean of the site)/deviation",
                _ => "(x − mean)/deviation",
            }
        ))
    }

    fn about(&self) -> String {
        let number = |x: Option<f64>| x.map_or(String::new(), |x| x.to_string());
        let values = match self.low {
            Some(low) => format!(
                "Two-valued data, {low} taken as −1 and {} as +1",
                number(self.high)
            ),
            None => {
                let mut x = match self.values {
                    Some(_) => "Real data x".to_string(),
                    // With missing values, or without site means.
                    None => "Two-valued data x".into(),
                };
                if self.subtracted == Subtract::SiteMeans && !self.each_site {
                    x += ", less the mean of its site";
                }
                match (self.centre.zip(self.scale), &self.filters_act_on) {
                    (Some((centre, scale)), _) => {
                        format!("{x}, taken as (x − {centre}) / {scale}")
                    }
                    (None, Some(what)) => format!("{x}, taken as {what}"),
                    (None, None) => format!("{x}, taken as they are"),
                }
            }
        };
        let place = match &self.graph {
            Some(graph) => format!(
                "on the {} of a graph of {} nodes and {} edges, around {}",
                graph.values, graph.nodes, graph.edges, graph.origin
            ),
            None => format!("on a lattice with boundaries taken as {}", self.boundary),
        };
        format!("{values}, {place}.")
    }
}

/// The fields of an object.
#[must_use]
pub fn object(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}

/// Filters as nested lists, one per component.
#[must_use]
pub fn nested_filters(filters: &Filters) -> Value {
    let components = filters.components();
    components
        .map(|weights| nested(weights, filters.sides()))
        .collect()
}

/// Weights as nested lists, in the shape of the block.
fn nested(weights: &[f32], sides: &[u32]) -> Value {
    match sides {
        [] | [_] => json!(weights),
        [_, rest @ ..] => {
            let inner = rest.iter().map(|side| *side as usize).product();
            weights
                .chunks(inner)
                .map(|plane| nested(plane, rest))
                .collect()
        }
    }
}

#[cfg(test)]
impl RunRecord {
    /// A training of the Ising model with simple numbers.
    pub(crate) fn example() -> Self {
        let config = RunConfig::train(crate::model::Ising::square(64));
        let filters = Filters::new(&[2, 2], vec![-1.0, 0.5, 0.0, 0.25]).unwrap_or_else(|_| {
            unreachable!("four weights of a block of 2 × 2");
        });
        let ceiling = 100.0f64.ln();
        RunRecord {
            command: Some("blockspin train ising".into()),
            results: Results {
                information_nats: Some(0.4031),
                information_stderr_nats: Some(0.0031),
                information_bits: Some(0.4031 / std::f64::consts::LN_2),
                information_sign_nats: None,
                information_sign_stderr_nats: None,
                training_information_nats: Some(0.4052),
                ceiling_nats: Some(ceiling),
                capacity_nats: Some(std::f64::consts::LN_2),
                deficit_nats: Some(0.005),
                bias_nats: None,
                exact: None,
                configurations: 26000,
                held_out_batches: 150,
                held_out_independent: Some(15000.0),
                sites: [16, 880],
                windows_per_configuration: 4,
                components: 1,
                steps: 6000,
                kept_step: 6000,
                ended: Some(EndReason::Steps),
                refined: None,
                restarts: None,
                spread_nats: None,
                components_tried: None,
                critics_tried: None,
                critic_scale: None,
                critic_shortfall_nats: None,
                equal_weights: None,
                fold_estimates: None,
                filters: nested_filters(&filters),
                filters_series_steps: None,
                filters_are: None,
                fingerprint: "00c0ffee00c0ffee".into(),
                file_hashes: None,
                chains: None,
                data: None,
                diagnoses: vec![],
                warnings: vec![],
            },
            filters,
            filter_series: FilterSeries::default(),
            history: vec![Record {
                step: 10,
                training: Some(0.4),
                validation: Some(0.39),
                validation_stderr: Some(0.01),
                epsilon: Some(0.1),
            }],
            timing: Timing::default(),
            config,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_names_every_setting_and_every_result() {
        let record = RunRecord::example();
        let mut fields = record.fields_with_timing();
        // What the command line adds.
        fields.insert("folder".into(), "run".into());
        let settings = record.config.record_fields();
        for name in fields.keys() {
            let result = Results::NAMES.contains(&&name[..]);
            assert!(result != settings.contains_key(name), "{name}");
        }
        assert_eq!(fields.len(), Results::NAMES.len() + settings.len());
        assert!(
            fields
                .keys()
                .take(6)
                .eq(["schema", "version", "command", "task", "model", "size"])
        );
    }

    #[test]
    fn records_of_earlier_versions_are_read() {
        let mut results = RunRecord::example().results;
        results.restarts = Some(vec![RestartRecord {
            seed: 1,
            steps: 10,
            validation_nats: Some(0.25),
            validation_stderr_nats: Some(0.5),
        }]);
        let text = json!(results).to_string();
        let earlier = text.replace("\"validation_", "\"watched_");
        assert_ne!(text, earlier);
        assert_eq!(serde_json::from_str::<Results>(&earlier).unwrap(), results);
        let record = RunRecord::example().history[0];
        let text = json!(record).to_string();
        let earlier = text.replace("\"validation", "\"held_out");
        assert_ne!(text, earlier);
        assert_eq!(serde_json::from_str::<Record>(&earlier).unwrap(), record);
    }
}
