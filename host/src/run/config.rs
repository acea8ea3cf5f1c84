//! The configuration of a run: one value that holds every setting that a result depends on. A command
//! line, a file or a library caller fills it, and every record contains it.

use blockspin_core::critic::AnyCritic as Critic;
use blockspin_core::optim::schedule::Schedule;
use blockspin_core::optim::stopping::Convergence;

use crate::data::axes::Axes;
use crate::data::graph::On;
use crate::data::split::RepeatPolicy;
use crate::data::transform::{Subtract, Transform};
use crate::error::{Error, Result};
use crate::model::{AnyModel, supersede};
use crate::settings::encoder::Coarse;
use crate::settings::groups::{
    CriticNetwork, Defaults, GivenFilter, LearnedFilter, Optimisation, Pace, Window,
};
use crate::settings::values::{self, Boundaries, Components, Critics, Hidden, Rule};
use crate::settings::{Fields, Reader, any, optional, settings};

/// Hidden layers of a critic, unless given.
pub(super) const HIDDEN: [u32; 2] = [32, 32];
/// Width of the embedding of a separable critic, unless given.
pub(super) const EMBEDDING: u32 = 8;

settings! {
    /// Configurations in a file, of shape (N, L0[, L1[, L2]]).
    DataFile {
        /// FILE.npy, FILE.npz with a single array, or FILE.npz:MEMBER.
        file: String = String::new(), any;
        /// Meaning of the array's axes: n configurations, r replicas, x space.
        axes: Axes = Axes::default(), Axes::parse;
        /// Whether windows wrap around the ends of each axis.
        boundary: Boundaries = Boundaries(vec![false]), values::boundaries;
        /// Fixed index along each axis at which the block begins; on a graph its central node or edge.
        /// None: windows at all positions.
        origin: Option<String> = None, optional(any);
        /// The file of the graph on which the values are defined.
        graph: Option<String> = None, optional(any);
        /// Whether values belong to nodes or edges of the graph.
        values: Option<On> = None, optional(on);
        /// Whether configurations that repeat others are left out.
        repeats: RepeatPolicy = RepeatPolicy::Drop, repeats;
        /// How values become numbers of order 1. Two values become ±1 whatever it is.
        transform: Transform = Transform::Auto, values::transform;
        /// What is subtracted from the values first.
        subtract: Subtract = Subtract::None, values::subtract;
        /// A value that marks missing ones, beside NaN.
        missing: Option<f64> = None, optional(values::missing);
    }
}

/// Nodes or edges, by name.
fn on(text: &str) -> Rule<On> {
    values::named(text, "what values belong to", &On::ALL, On::name)
}

/// What is done with repeated configurations, by name.
fn repeats(text: &str) -> Rule<RepeatPolicy> {
    let names = &RepeatPolicy::ALL;
    values::named(text, "what is done with repeats", names, RepeatPolicy::name)
}

/// Source of the configurations.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A model, with burn-in and thinning of its Markov chains.
    Model(AnyModel, Pace),
    /// A file, or an array in memory.
    Data(DataFile),
}

impl<M: Into<AnyModel>> From<M> for Source {
    fn from(model: M) -> Self {
        Source::Model(model.into(), Pace::default())
    }
}

impl From<DataFile> for Source {
    fn from(file: DataFile) -> Self {
        Source::Data(file)
    }
}

impl Source {
    /// The name of the source.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Source::Model(model, _) => model.name(),
            Source::Data(_) => "data",
        }
    }

    /// Reads the name of a source and its settings.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let name = reader.read("model", any, "ising".to_string())?;
        Ok(match &name[..] {
            "data" => Source::Data(DataFile::read(reader, DataFile::default())?),
            name => Source::Model(
                AnyModel::read(name, reader)?,
                Pace::read(reader, Pace::default())?,
            ),
        })
    }

    /// Adds its name and its settings.
    pub(super) fn write(&self, fields: &mut Fields) {
        fields.insert("model".into(), self.name().into());
        match self {
            Source::Model(model, pace) => {
                model.write(fields);
                pace.write(fields);
            }
            Source::Data(file) => file.write(fields),
        }
    }

    /// The default settings of its runs.
    #[must_use]
    pub fn defaults(&self) -> Defaults {
        match self {
            Source::Model(model, _) => model.defaults(),
            Source::Data(_) => Defaults::default(),
        }
    }
}

/// The filter of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Learned, together with the critic.
    Learned(LearnedFilter),
    /// Given; only the critic is trained.
    Given(GivenFilter),
}

/// Every setting that a result of a run depends on. Settings that affect no result are in
/// [`Execution`](super::Execution).
///
/// ```
/// use blockspin::prelude::*;
///
/// let mut config = RunConfig::train(Ising::square(64).at(2.5));
/// config.optimisation.steps = 2000;
/// let fields = config.fields();
/// assert_eq!((&fields["temperature"], &fields["steps"]), (&2.5.into(), &2000.into()));
/// assert_eq!(RunConfig::from_fields(&fields)?, config);
/// # Ok::<(), blockspin::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RunConfig {
    /// Source of the configurations.
    pub source: Source,
    /// Block, buffer and environment.
    pub window: Window,
    /// The filter.
    pub filter: Filter,
    /// The critic.
    pub critic: CriticNetwork,
    /// Bound, batch, schedule, stopping and seed.
    pub optimisation: Optimisation,
}

/// Results that have the name of a setting, and the name that the setting has in a record.
pub(super) const REQUESTED: [(&str, &str); 3] = [
    ("components", "components_requested"),
    ("steps", "steps_requested"),
    ("restarts", "restarts_requested"),
];

impl RunConfig {
    /// A training run with the defaults of its source.
    pub fn train(source: impl Into<Source>) -> Self {
        let source = source.into();
        let defaults = source.defaults();
        RunConfig {
            source,
            window: defaults.window,
            filter: Filter::Learned(defaults.filter),
            critic: CriticNetwork::default(),
            optimisation: defaults.optimisation,
        }
    }

    /// A run that estimates the information kept by a filter, given by name or from a file.
    pub fn estimate(source: impl Into<Source>, filter: &str) -> Self {
        RunConfig {
            filter: Filter::Given(GivenFilter {
                filter: filter.into(),
                ..GivenFilter::default()
            }),
            ..Self::train(source)
        }
    }

    /// "train" or "estimate".
    #[must_use]
    pub fn task(&self) -> &'static str {
        match self.filter {
            Filter::Learned(_) => "train",
            Filter::Given(_) => "estimate",
        }
    }

    /// All settings by name, in order; two configurations are equal if these are.
    #[must_use]
    pub fn fields(&self) -> Fields {
        let mut fields = Fields::new();
        fields.insert("task".into(), self.task().into());
        self.source.write(&mut fields);
        self.window.write(&mut fields);
        match &self.filter {
            Filter::Learned(filter) => filter.write(&mut fields),
            Filter::Given(filter) => filter.write(&mut fields),
        }
        self.critic.write(&mut fields);
        self.optimisation.write(&mut fields);
        fields
    }

    /// Builds a configuration from settings by name; missing ones have the model's defaults.
    ///
    /// # Errors
    /// Names the setting that is unknown, or whose value is not allowed.
    pub fn from_fields(fields: &Fields) -> Result<Self> {
        let mut reader = Reader::new(fields);
        let task = reader.read("task", task, "train".to_string())?;
        let source = Source::read(&mut reader)?;
        let defaults = source.defaults();
        let config = RunConfig {
            source,
            window: Window::read(&mut reader, defaults.window)?,
            filter: match &task[..] {
                "estimate" => {
                    Filter::Given(GivenFilter::read(&mut reader, GivenFilter::default())?)
                }
                _ => Filter::Learned(LearnedFilter::read(&mut reader, defaults.filter)?),
            },
            critic: CriticNetwork::read(&mut reader, CriticNetwork::default())?,
            optimisation: Optimisation::read(&mut reader, defaults.optimisation)?,
        };
        reader.finish()?;
        Ok(config)
    }

    /// Builds a configuration from settings by name; those in `others` override those in `fields`.
    ///
    /// # Errors
    /// Those of [`from_fields`](Self::from_fields).
    pub fn from_fields_with(mut fields: Fields, others: &Fields) -> Result<Self> {
        supersede(&mut fields, others);
        if others
            .get("task")
            .is_some_and(|task| fields.get("task").is_some_and(|t| t != task))
        {
            // Another task: the settings of its filter do not apply.
            let mut alone = Fields::new();
            LearnedFilter::default().write(&mut alone);
            GivenFilter::default().write(&mut alone);
            alone.keys().for_each(|name| drop(fields.remove(name)));
        }
        fields.extend(
            others
                .iter()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        Self::from_fields(&fields)
    }

    /// Fills in everything that follows from the rest: the critic that suits the values of h and of the
    /// data (`discrete`), its layers, and the model's own parameters.
    ///
    /// # Errors
    /// If a setting does not apply to the critic, or the model is invalid.
    pub fn completed(&self, discrete: bool) -> Result<Self> {
        let mut config = self.clone();
        if let Source::Model(model, _) = &mut config.source {
            *model = model.model()?.resolved();
        }
        if let Filter::Learned(filter) = &config.filter
            && filter.freeze.is_some()
            && filter.filter_init.is_none()
        {
            return Err(Error::usage(
                "`freeze` without `filter_init`: only given components can be kept fixed",
            ));
        }
        let optimisation = &self.optimisation;
        if optimisation.tolerance.is_none()
            && optimisation.damping != Optimisation::default().damping
        {
            return Err(Error::usage(
                "`damping` without `tolerance`, whose averages it mixes; leave it out",
            ));
        }
        let suits = self.coarse().critic(discrete);
        let critic = self.critic.critic.unwrap_or(suits);
        let given = &self.critic;
        let is_chosen =
            given.critic.is_none() && given.hidden.is_none() && given.embedding.is_none();
        let layered = critic != Critic::Quadratic;
        let embedded = matches!(critic, Critic::Separable | Critic::Moments);
        let activated = layered
            && given
                .hidden
                .as_ref()
                .is_none_or(|hidden| !hidden.0.is_empty());
        for (name, is_given, used, why) in [
            (
                "embedding",
                given.embedding.is_some(),
                embedded,
                "only critics of two networks have an embedding",
            ),
            (
                "hidden",
                given.hidden.is_some(),
                layered,
                "a quadratic critic has no hidden layers",
            ),
            (
                "activation",
                given.activation.is_some(),
                activated,
                "it applies to hidden layers, and there are none",
            ),
        ] {
            if is_given && !used {
                return Err(Error::usage(format!(
                    "`{name}` with `critic` {critic}: {why}; leave `{name}` out"
                )));
            }
        }
        config.critic = CriticNetwork {
            critic: Some(critic),
            hidden: layered.then(|| {
                given
                    .hidden
                    .clone()
                    .unwrap_or_else(|| Hidden(HIDDEN.to_vec()))
            }),
            embedding: embedded.then(|| given.embedding.unwrap_or(EMBEDDING)),
            activation: activated.then(|| given.activation.unwrap_or_default()),
            critics: match &self.source {
                Source::Model(..) => given.critics,
                Source::Data(_) => Some(given.critics.unwrap_or(match is_chosen {
                    true => Critics::Several,
                    false => Critics::One,
                })),
            },
        };
        Ok(config)
    }

    /// Values of a component of h.
    #[must_use]
    pub fn coarse(&self) -> Coarse {
        match &self.filter {
            Filter::Learned(filter) => filter.encoder,
            Filter::Given(filter) => filter.encoder.coarse(),
        }
    }

    /// The encoder by name: how h follows from the filter.
    #[must_use]
    pub fn encoder_name(&self) -> String {
        match &self.filter {
            Filter::Learned(filter) => filter.encoder.to_string(),
            Filter::Given(filter) => filter.encoder.to_string(),
        }
    }

    /// The learned filter's settings, if the filter is learned.
    #[must_use]
    pub fn learned(&self) -> Option<&LearnedFilter> {
        match &self.filter {
            Filter::Learned(filter) => Some(filter),
            Filter::Given(_) => None,
        }
    }

    /// Settings as in a record: those that share a name with a result are called `NAME_requested`.
    pub(crate) fn record_fields(&self) -> Fields {
        let renamed = self.fields().into_iter().map(|(name, value)| {
            let other = REQUESTED.iter().find(|(plain, _)| *plain == name);
            (
                other.map_or(name, |(_, requested)| requested.to_string()),
                value,
            )
        });
        renamed.collect()
    }
}

impl Optimisation {
    /// Schedule of learning rate and relaxation.
    pub(crate) fn schedule(&self, filter: Option<&LearnedFilter>) -> Schedule {
        let defaults = LearnedFilter::default();
        let filter = filter.unwrap_or(&defaults);
        Schedule {
            steps: self.steps,
            rate_start: self.learning_rate,
            rate_end: self.learning_rate_end,
            epsilon_start: filter.epsilon_start,
            epsilon_end: filter.epsilon_end,
            epsilon_rate: filter.epsilon_rate,
        }
    }

    /// RSMI-NE's stopping criterion, if requested.
    pub(crate) fn convergence(&self) -> Option<Convergence> {
        let rule = |tolerance| Convergence::new(tolerance, self.damping);
        self.tolerance.map(rule)
    }
}

impl LearnedFilter {
    /// Whether components are added as long as each adds information.
    #[must_use]
    pub fn grows(&self) -> bool {
        self.components == Components::Auto
    }
}

/// Reads the name of a task.
fn task(text: &str) -> Rule<String> {
    match text {
        "train" | "estimate" => Ok(text.to_string()),
        _ => Err("a task is train or estimate".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Chipping, Dimer, GaussianField, Ising, IsingChain, Potts};
    use serde_json::{Value, json};

    fn fields(value: Value) -> Fields {
        super::super::record::object(value)
    }

    #[test]
    fn configurations_are_read_as_they_are_written() {
        let file = DataFile {
            file: "my spins.npy".into(),
            boundary: Boundaries(vec![true, false]),
            origin: Some("3,4".into()),
            ..DataFile::default()
        };
        let sources: [Source; 7] = [
            Ising::square(16).at(0.1 + 0.2).into(),
            IsingChain {
                disorder: values::disorder("gaussian:0.1,1e-3").unwrap(),
                ..IsingChain::default()
            }
            .into(),
            Dimer::square(8).into(),
            Chipping::default().into(),
            Potts::square(12, 4).into(),
            GaussianField::square(10, 1e-3).into(),
            file.into(),
        ];
        for source in sources {
            for config in [
                RunConfig::train(source.clone()),
                RunConfig::estimate(source, "uniform"),
            ] {
                let written = Value::Object(config.fields()).to_string();
                let read = fields(serde_json::from_str(&written).unwrap());
                assert_eq!(RunConfig::from_fields(&read).unwrap(), config, "{written}");
                let completed = config.completed(true);
                if let Ok(completed) = completed {
                    let again = RunConfig::from_fields(&completed.fields()).unwrap();
                    assert_eq!(again.completed(true).unwrap(), completed);
                }
            }
        }
    }

    #[test]
    fn text_and_typed_values_are_the_same() {
        let typed =
            fields(json!({"size": [8, 6], "beta": 0.5, "hidden": [], "steps": 10, "freeze": null}));
        let text = fields(json!({"size": "8,6", "beta": "0.5", "hidden": "none", "steps": "10"}));
        let typed = RunConfig::from_fields(&typed).unwrap();
        assert_eq!(typed, RunConfig::from_fields(&text).unwrap());
        let Source::Model(AnyModel::Ising(ising), _) = &typed.source else {
            panic!("{typed:?}");
        };
        assert_eq!(ising.temperature, Some(2.0));
    }

    #[test]
    fn mistakes_are_named() {
        for (given, told) in [
            (
                json!({"stpes": 10}),
                "no setting 'stpes' here; 'steps' is near",
            ),
            (json!({"model": "ising", "mass": 1}), "no setting 'mass'"),
            (
                json!({"model": "isng"}),
                "invalid value 'isng' for `model`: it is one of ising",
            ),
            (
                json!({"steps": -3}),
                "invalid value '-3' for `steps`: it is a whole number from 1",
            ),
            (json!({"steps": [1, 2]}), "invalid value '1,2' for `steps`"),
            (json!({"steps": {"a": 1}}), "for `steps`"),
            (
                json!({"beta": 1, "temperature": 1}),
                "`temperature` and `beta`",
            ),
            (
                json!({"task": "estimate", "components": 2}),
                "no setting 'components'",
            ),
        ] {
            let error = RunConfig::from_fields(&fields(given.clone())).unwrap_err();
            assert!(error.message().contains(told), "{given}: {error}");
        }
        for (given, told) in [
            (
                json!({"critic": "quadratic", "hidden": 3}),
                "`hidden` with `critic` quadratic",
            ),
            (json!({"damping": 0.1}), "`damping` without `tolerance`"),
            (json!({"freeze": "all"}), "`freeze` without `filter_init`"),
            (json!({"model": "gaussian"}), "needs a `mass`"),
        ] {
            let config = RunConfig::from_fields(&fields(given.clone())).unwrap();
            let error = config.completed(true).unwrap_err();
            assert!(error.message().contains(told), "{given}: {error}");
        }
    }

    #[test]
    fn options_replace_what_a_file_says() {
        let base = RunConfig::train(Ising::square(64))
            .completed(true)
            .unwrap()
            .fields();
        let with = |others: Value| RunConfig::from_fields_with(base.clone(), &fields(others));
        let ising = |config: RunConfig| match config.source {
            Source::Model(AnyModel::Ising(ising), _) => ising,
            other => panic!("{other:?}"),
        };
        let warm = ising(with(json!({"beta": 0.25})).unwrap());
        assert_eq!(warm.temperature, Some(4.0));
        let cube = ising(with(json!({"dimension": 3})).unwrap());
        assert_eq!(cube.model().unwrap().lattice.sides(), [64; 3]);
        let strip = ising(with(json!({"size": "8,4,2"})).unwrap());
        assert_eq!(strip.model().unwrap().lattice.sides(), [8, 4, 2]);
        let given = with(json!({"task": "estimate", "filter": "uniform"})).unwrap();
        assert_eq!(given.task(), "estimate");
        assert_eq!(given.critic, RunConfig::from_fields(&base).unwrap().critic);
    }
}
