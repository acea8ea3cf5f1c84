//! What a configuration comes to on its input: where V and E are, every size, the filters that are
//! given or begun with.

use blockspin_core::critic::AnyCritic as Critic;
use blockspin_core::encoder::AnyEncoder as Encoder;
use blockspin_core::lattice::{Lattice, MAX_DIMENSION};
use blockspin_core::optim::schedule::Schedule;
use blockspin_core::rsmi::Learn;
use blockspin_core::shape::{MAX_COMPONENTS, Shape};
use blockspin_core::window::{self, WindowError};

use super::Execution;
use super::config::{EMBEDDING, Filter, HIDDEN, RunConfig};
use super::filter_lookup::filters;
use super::input::Input;
use super::region::{Geometry, Sites};
use crate::data::filters::{Filters, commas, product};
use crate::data::graph::Shells;
use crate::error::{Error, Result};
use crate::model::Layout;
use crate::observer::{Phase, Progress};
use crate::settings::encoder::Coarse;
use crate::settings::groups::{LearnedFilter, Optimisation, Window};
use crate::settings::values::{Components, Critics, MOST_COMPONENTS, Sides};
use crate::store::resources;

/// Draws of an independent window in a training above which a critic may memorise windows.
const MANY_DRAWS: f64 = 30.0;
/// A training that begins with equal weights has this fraction of the steps, inverted.
const PLAIN_SHARE: u32 = 2;
/// Steps below which a training that finds hardly anything says little about first weights.
const PLAIN_STEPS: u32 = 1000;
/// Its weights: h drawn with them is nearly their sign.
const PLAIN_WEIGHT: f32 = 3.0;
/// Validation figures without a new best after which such a training ends, unless given.
const PATIENCE: u32 = 10;
/// Smaller critics: the width of one hidden layer (0: a quadratic critic), and of the embedding.
const SMALL_CRITICS: [(u32, u32); 2] = [(8, 4), (0, 1)];

/// How the factor of an overconfident critic is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scaling {
    /// It is 1.
    None,
    /// The best on validation windows.
    Validation,
    /// Each of [`SCALES`] is tried on held-out windows; other folds choose.
    Folds,
}

/// Factors of a critic.
pub(super) const SCALES: [f32; 8] = [1.0, 0.8, 0.6, 0.45, 0.3, 0.2, 0.14, 0.1];

/// Everything that a run works with.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Block, buffer, environment.
    pub geometry: Geometry,
    /// Sizes of filter, critic and batch.
    pub shape: Shape,
    /// Sizes with smaller critics, which are tried if the first one overfits.
    pub alternatives: Vec<Shape>,
    /// Whether windows are few, so that an overconfident critic is scaled down, and by what.
    pub scaling: Scaling,
    /// Values of h.
    pub coarse: Coarse,
    /// Bound, batch, stopping and seed.
    pub optimisation: Optimisation,
    /// How the filter is learned, if it is.
    pub learned: LearnedFilter,
    /// Learning rate and relaxation by step.
    pub schedule: Schedule,
    /// Filters that a training begins with; none: they are drawn.
    pub filter_init: Option<Filters>,
    /// A bit for each filter that stays as it begins.
    pub frozen: u64,
    /// A filter that is given, with its encoder; none: it is learned.
    pub given: Option<(Filters, Encoder)>,
    /// Threads, instructions, progress.
    pub execution: Execution,
}

/// V and E; on a graph with the shells that they were taken from.
fn geometry(input: &Input, wanted: &Window) -> Result<(Geometry, Option<Shells>)> {
    let input = match input {
        Input::Model(model, _) => {
            let window = window(wanted, model.lattice(), &model.layout())?;
            return Ok((Geometry::Window(window), None));
        }
        Input::Data(input) => input,
    };
    if let Some((graph, on, centre)) = &input.graph {
        let [block, buffer, environment] = shell_counts(wanted)?;
        let shells = graph.shells(*centre, *on, block, buffer, environment)?;
        let varying = input.data.varying();
        let sites = Sites::of_graph(&shells.block, &shells.environment, varying);
        return Ok((Geometry::Sites(sites), Some(shells)));
    }
    let lattice = Lattice::new(input.data.sides())?;
    let mut window = window(wanted, lattice, &Layout::Anywhere)?.with_open(&input.open);
    if let Some(origin) = &input.origin {
        window = window.with_corner(origin).map_err(|error| match error {
            WindowError::Outside {
                axis,
                at,
                least,
                most,
            } => Error::usage(format!(
                "`origin` {at} along axis {axis}: with buffer and environment the block fits from \
                 {least} to {most}"
            )),
            error => Error::usage(error.to_string()),
        })?;
    }
    let place = match input.origin {
        Some(_) => Sites::of_window(window, input.data.varying()).map(Geometry::Sites),
        None => None,
    };
    Ok((place.unwrap_or(Geometry::Window(window)), None))
}

/// The window on a lattice.
fn window(wanted: &Window, lattice: Lattice, layout: &Layout) -> Result<window::Window> {
    let [block, buffer, environment] =
        [&wanted.block, &wanted.buffer, &wanted.environment].map(|sides| &sides.0[..]);
    let window = window::Window::new(lattice, block, buffer, environment);
    let placed = window.and_then(|window| match layout {
        Layout::Anywhere => Ok(window),
        Layout::Doubled { links } => window.doubled(*links),
        Layout::Origin(site) => window.with_corner(&[*site]),
        Layout::States(states) => Ok(with_states(window, *states)?),
    });
    placed.map_err(|error| match error {
        WindowError::TooLarge {
            axis,
            window,
            lattice: side,
        } => {
            let at = |sides: &[u32]| *sides.get(axis).unwrap_or(&sides[0]);
            let (block, buffer, environment) = (at(block), at(buffer), at(environment));
            Error::usage(format!(
                "a window of {window} (block {block}, buffer {buffer} and environment \
                 {environment} on both sides) does not fit a lattice of {}: the largest that \
                 fits is {side}",
                product(lattice.sides())
            ))
            .hint(fitting(block, buffer, side))
        }
        WindowError::EmptyEnvironment => {
            Error::usage("`environment` 0 leaves no environment; it is at least 1 along some axis")
        }
        WindowError::Dimension { .. } => Error::usage(format!(
            "{error}; `block`, `buffer` and `environment` take one number, or one for each axis"
        )),
        error => Error::usage(error.to_string()),
    })
}

/// The window over all values of each site, along an axis of their own.
fn with_states(
    window: window::Window,
    states: u32,
) -> std::result::Result<window::Window, WindowError> {
    let axis = |sides: &[u32], last: u32| [sides, &[last]].concat();
    let lattice = Lattice::new(&axis(window.lattice().sides(), states));
    let lattice = lattice.map_err(|_| WindowError::Dimension {
        what: "a lattice of states",
        sides: window.lattice().dimension() + 1,
        lattice: MAX_DIMENSION,
    })?;
    let [block, buffer, environment] = [
        axis(window.block(), states),
        axis(window.buffer(), 0),
        axis(window.environment(), 0),
    ];
    // Along an open axis that it fills a window has one place.
    let last = window.lattice().dimension();
    let open: Vec<bool> = (0..=last).map(|axis| axis == last).collect();
    Ok(window::Window::new(lattice, &block, &buffer, &environment)?.with_open(&open))
}

/// What would fit a side.
fn fitting(block: u32, buffer: u32, side: u32) -> String {
    let left = i64::from(side) - i64::from(block) - 2 * i64::from(buffer);
    if left >= 2 {
        format!("`environment` {} fits", left / 2)
    } else if side > block + 2 {
        format!("`buffer` {} `environment` 1 fits", (side - block - 2) / 2)
    } else {
        "take a larger lattice or a smaller block".to_string()
    }
}

/// Shells of V, buffer and E on a graph.
fn shell_counts(wanted: &Window) -> Result<[u32; 3]> {
    let one = |name: &str, sides: &Sides| match sides.0[..] {
        [n] => Ok(n),
        _ => Err(Error::usage(format!(
            "`{name}` {} on a graph; there it is one number of shells",
            commas(&sides.0)
        ))),
    };
    Ok([
        one("block", &wanted.block)?,
        one("buffer", &wanted.buffer)?,
        one("environment", &wanted.environment)?,
    ])
}

/// Filters of all components that are to be learned, or of the first.
fn count(filter: &LearnedFilter) -> Result<u32> {
    let components = match filter.components {
        Components::Of(components) => components,
        Components::Auto => 1,
    };
    let of_each = filter.encoder.filters();
    match components * of_each {
        filters if filters <= MAX_COMPONENTS => Ok(filters),
        filters => Err(Error::usage(format!(
            "{components} components of {of_each} states have {filters} filters; there may be \
             {MAX_COMPONENTS}: `components` {} fits",
            MAX_COMPONENTS / of_each
        ))),
    }
}

/// Filters that a training begins with, and a bit for each that stays.
fn begun(
    learned: &LearnedFilter,
    geometry: &Geometry,
    layout: &Layout,
    shells: Option<&Shells>,
) -> Result<(Option<Filters>, u64)> {
    let Some(name) = &learned.filter_init else {
        return Ok((None, 0));
    };
    let coarse = learned.encoder;
    let of_each = coarse.filters();
    let wanted = count(learned)?;
    let first = filters(name, geometry.block(), layout, shells, coarse)?;
    let found = first.count() as u32;
    if found != wanted {
        let remedy = match found.is_multiple_of(of_each) {
            true => format!("give `components` {}", found / of_each),
            false => format!("`encoder` {coarse} takes {of_each} for each component"),
        };
        return Err(Error::usage(format!(
            "`filter_init` {name} has {found} filters, and this training {wanted}; {remedy}"
        )));
    }
    let frozen = learned.freeze.as_ref();
    let frozen = frozen.map(|frozen| frozen.mask(wanted / of_each, of_each));
    Ok((Some(first), frozen.transpose()?.unwrap_or(0)))
}

/// Settings of a learned filter that have no meaning together.
fn check(learned: &LearnedFilter) -> Result<()> {
    let mapped = !learned.map.0.is_empty();
    let continuous = matches!(learned.encoder, Coarse::Continuous { .. });
    for (together, why) in [
        (
            mapped && learned.refine > 0,
            "`refine` with `map`: BFGS refines the weights of Λ·v; leave one of them out",
        ),
        (
            mapped && learned.filter_init.is_some(),
            "`filter_init` with `map`, which has no filters; leave one of them out",
        ),
        (
            learned.grows() && learned.filter_init.is_some(),
            "`filter_init` with `components` auto, which tries several numbers of filters; give one",
        ),
        (
            mapped && continuous,
            "`map` with `encoder` continuous: nothing holds the scale of a map's h, which has no \
             norm, nor the number of digits in it; take binary h or states:Q",
        ),
        (
            learned.weight_decay > 0.0 && continuous,
            "`weight_decay` with `encoder` continuous, whose filters have norm 1: what decays alike \
             is scaled up again; leave it out",
        ),
    ] {
        if together {
            return Err(Error::usage(why));
        }
    }
    Ok(())
}

impl Setup {
    /// Of a configuration with nothing left to be filled in; on a graph with the shells of the window.
    ///
    /// # Errors
    /// Of settings that do not suit one another or the input.
    pub fn new(
        config: &RunConfig,
        input: &Input,
        execution: Execution,
    ) -> Result<(Self, Option<Shells>)> {
        let layout = match input {
            Input::Model(model, _) => model.layout(),
            Input::Data(_) => Layout::Anywhere,
        };
        let (geometry, shells) = geometry(input, &config.window)?;
        let coarse = config.coarse();
        // Of what is given nothing else is looked at.
        let mut learned = LearnedFilter {
            encoder: coarse,
            ..LearnedFilter::default()
        };
        let (mut given, mut filter_init, mut frozen) = (None, None, 0);
        let count = match &config.filter {
            Filter::Learned(filter) => {
                check(filter)?;
                learned = filter.clone();
                (filter_init, frozen) = begun(filter, &geometry, &layout, shells.as_ref())?;
                count(filter)?
            }
            Filter::Given(filter) => {
                let block = geometry.block();
                let found = filters(&filter.filter, block, &layout, shells.as_ref(), coarse)?;
                let (count, of_each) = (found.count(), coarse.filters());
                if !count.is_multiple_of(of_each as usize) {
                    return Err(Error::usage(format!(
                        "`encoder` {} with a filter of {count} components; it takes {of_each} for each \
                         of its own, one for each state",
                        filter.encoder
                    )));
                }
                given = Some((found.of_states(of_each), filter.encoder.encoder()));
                count as u32
            }
        };
        let (optimisation, critic) = (&config.optimisation, &config.critic);
        let kind = critic.critic.unwrap_or_default();
        let hidden = critic.hidden.as_ref().map_or(&[][..], |hidden| &hidden.0);
        let outputs = critic.embedding.unwrap_or(1) + optimisation.bound.outputs(kind);
        // Where nothing varies nothing is run.
        let few = |n: usize| u32::try_from(n.max(1)).unwrap_or(u32::MAX);
        let (block, environment) = geometry.parts();
        let shape = Shape::new(
            few(block),
            few(environment),
            count,
            hidden,
            outputs,
            optimisation.batch,
        )
        .and_then(|shape| shape.with_critic(kind))
        .and_then(|shape| shape.with_map(&learned.map.0))
        .map(|shape| shape.with_activation(critic.activation.unwrap_or_default()))
        .map_err(|error| Error::usage(error.to_string()))?;
        let setup = Setup {
            geometry,
            shape,
            alternatives: vec![],
            scaling: Scaling::None,
            coarse,
            schedule: optimisation.schedule(config.learned()),
            optimisation: optimisation.clone(),
            learned,
            filter_init,
            frozen,
            given,
            execution,
        };
        Ok((setup, shells))
    }

    /// One training of one filter in a window on a lattice, with the standard critic and a batch of 100.
    ///
    /// # Errors
    /// Usage, if the window has too many sites.
    pub fn on(window: window::Window, execution: Execution) -> Result<Self> {
        let few = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let (block, environment) = (window.block_sites(), window.environment_sites());
        let batch = Optimisation::default().batch;
        let shape = Shape::new(few(block), few(environment), 1, &HIDDEN, EMBEDDING, batch)
            .map_err(|error| Error::usage(error.to_string()))?;
        Ok(Self::at(Geometry::Window(window), shape, execution))
    }

    /// One training of a filter on a place, at the defaults of the Ising model but for its shape.
    #[must_use]
    pub fn at(geometry: Geometry, shape: Shape, execution: Execution) -> Self {
        let (optimisation, learned) = (Optimisation::default(), LearnedFilter::default());
        Setup {
            geometry,
            shape,
            alternatives: vec![],
            scaling: Scaling::None,
            coarse: Coarse::Binary,
            schedule: optimisation.schedule(Some(&learned)),
            optimisation,
            learned,
            filter_init: None,
            frozen: 0,
            given: None,
            execution,
        }
    }

    /// Shows that something is done whose length is not known.
    pub(super) fn begin(&self, label: &str) -> Box<dyn Progress> {
        let (total, unit) = (0, "");
        self.execution.observer.begin(Phase { label, total, unit })
    }

    /// What steps move, and the encoder of the reported figure.
    pub(super) fn learning(&self) -> (Learn, Encoder) {
        match &self.given {
            None => (Learn::All, self.coarse.drawn()),
            Some((_, encoder)) => (Learn::Critic, *encoder),
        }
    }

    /// Whether the weights of Λ change and are the filter that is reported.
    pub(super) fn keeps_weights(&self) -> bool {
        self.given.is_none() && !self.shape.has_map()
    }

    /// Whether there are several trainings, of which one is chosen.
    pub(super) fn chooses(&self) -> bool {
        self.learned.restarts > 1 || self.learned.grows() || !self.alternatives.is_empty()
    }

    /// Whether a training that finds hardly anything may be followed by one that begins with equal weights:
    /// the first weights of a single binary or continuous component were drawn.
    pub(super) fn may_start_plain(&self) -> bool {
        self.given.is_none()
            && self.filter_init.is_none()
            && !self.shape.has_map()
            && !self.learned.grows()
            && self.shape.components() == 1
            && self.optimisation.steps >= PLAIN_STEPS
    }

    /// The setup of that training, in which the weights stay as they are, so that it finds what the mean of
    /// the block tells. It is shorter: only the critic learns.
    ///
    /// # Errors
    /// Those of [`Filters::new`].
    pub(super) fn started_plain(&self) -> Result<Self> {
        let mut setup = self.clone();
        let weights = self.zeros().len();
        let plain = Filters::new(self.geometry.block(), vec![PLAIN_WEIGHT; weights])?;
        setup.filter_init = Some(plain.of_states(1));
        setup.frozen = 1;
        setup.optimisation.steps = (self.optimisation.steps / PLAIN_SHARE).max(1);
        setup.schedule = setup.optimisation.schedule(Some(&setup.learned));
        Ok(setup)
    }

    /// The setup for a file from which so many independent windows are trained on. Where each is drawn
    /// many times, the parameters that are best on validation windows are kept, their critic scaled to be
    /// best there, and smaller critics are tried, if the configuration lets them.
    #[must_use]
    pub(super) fn adapted(&self, critics: Option<Critics>, windows: f64) -> Self {
        let mut setup = self.clone();
        let draws = f64::from(self.optimisation.steps) * f64::from(self.optimisation.batch);
        if draws <= MANY_DRAWS * windows {
            return setup;
        }
        if setup.optimisation.bound.ignores_constants() {
            setup.scaling = Scaling::Validation;
        }
        setup.optimisation.patience = setup.optimisation.patience.or(Some(PATIENCE));
        match critics {
            Some(Critics::Several) => setup.with_alternatives(),
            _ => setup,
        }
    }

    /// The setup with smaller critics to be tried.
    pub(super) fn with_alternatives(&self) -> Self {
        let sizes = SMALL_CRITICS.into_iter();
        let shapes = sizes.filter_map(|(hidden, embedding)| self.with_critic(hidden, embedding));
        Setup {
            alternatives: shapes.collect(),
            ..self.clone()
        }
    }

    /// The shape with a critic of one hidden layer of this width and an embedding of this width; without
    /// them with a quadratic critic. None, where there is no such critic.
    fn with_critic(&self, hidden: u32, embedding: u32) -> Option<Shape> {
        let few = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let now = self.shape.critic();
        let (kind, hidden) = match hidden {
            0 => (Critic::Quadratic, &[][..]),
            _ => (now, &[hidden][..]),
        };
        let outputs = embedding + self.optimisation.bound.outputs(kind);
        let shape = Shape::new(
            few(self.shape.block()),
            few(self.shape.environment()),
            few(self.shape.components()),
            hidden,
            outputs,
            few(self.shape.batch()),
        );
        let shape = shape.and_then(|shape| shape.with_critic(kind)).ok()?;
        let shape = shape.with_map(self.shape.map()).ok()?;
        Some(shape.with_activation(self.shape.activation()))
    }

    /// Components of H.
    pub(super) fn components(&self) -> u32 {
        self.shape.components() as u32 / self.coarse.filters()
    }

    /// The most components that are tried.
    pub(super) fn most_components(&self) -> u32 {
        MOST_COMPONENTS.min(MAX_COMPONENTS / self.coarse.filters())
    }

    /// The setup with one of the critics, the first or an alternative, and this number of components.
    ///
    /// # Errors
    /// Usage, if these are too many.
    pub(super) fn stage(&self, critic: usize, components: u32) -> Result<Self> {
        let first = match critic.checked_sub(1) {
            None => &self.shape,
            Some(at) => self.alternatives.get(at).unwrap_or(&self.shape),
        };
        let shape = first.with_components(components * self.coarse.filters());
        Ok(Setup {
            alternatives: vec![],
            shape: shape.map_err(|error| Error::usage(error.to_string()))?,
            learned: LearnedFilter {
                components: Components::Of(components),
                ..self.learned.clone()
            },
            ..self.clone()
        })
    }

    /// The setup with as many of its threads as fit in memory beside `bytes`.
    pub(super) fn with_threads_beside(&self, bytes: u64) -> Self {
        let mut setup = self.clone();
        setup.execution.threads = resources::threads(setup.execution.threads, bytes);
        setup
    }

    /// Weights of all components over the whole block, all 0.
    pub(super) fn zeros(&self) -> Vec<f32> {
        let sides = self.geometry.block().iter();
        let sites: usize = sides.map(|side| *side as usize).product();
        vec![0.0; self.shape.components() * sites]
    }
}
