//! Runs of the host's library on small systems, and what they ought to find.

use std::time::Instant;

use blockspin::data::filters::Filters;
use blockspin::model::{Ising, IsingModel, Model as _};
use blockspin::observer::Silent;
use blockspin::run::Execution;
use blockspin::run::Setup;
use blockspin::run::evaluate::Estimate;
use blockspin::run::learning::{self, Outcome};
use blockspin::run::region::Geometry;
use blockspin::settings::values::Sides;
use blockspin_core::bound::AnyBound as Bound;
use blockspin_core::critic::AnyCritic as Critic;
use blockspin_core::encoder::AnyEncoder as Encoder;
use blockspin_core::lattice::Lattice;
use blockspin_core::shape::Shape;
use blockspin_core::window::Window;
use blockspin_exact::{self as exact, Information, Partition};

/// By how much an estimate may stay below the exact information because the critic is not the
/// best one, in nats, over and above the bound's own deficit and the standard error.
pub const CRITIC: f64 = 0.012;

/// The largest standard error of a reported figure, in nats.
pub const STDERR: f64 = 0.005;

/// A filter by name.
#[derive(Clone, Copy, Debug)]
pub enum Named {
    /// All 1.
    Uniform,
    /// 1 on sites that have a neighbour outside the block, else 0.
    Boundary,
    /// 1 on the first site.
    Decimation,
    /// ±1 by the parity of the coordinates.
    Staggered,
    /// Weights that no two sites share, none of them 0.
    Uneven,
    /// Two components: the first site, and all.
    Pair,
}

/// A system, a window on it, and a filter to judge. The environment holds every site next to the
/// buffer, so that it knows what all the rest of the lattice does.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Sides of the lattice.
    pub sides: &'static [u32],
    /// Temperature.
    pub temperature: f64,
    /// J, ±1.
    pub coupling: f64,
    /// Sides of the block.
    pub block: &'static [u32],
    /// Width of the buffer.
    pub buffer: u32,
    /// Width of the environment.
    pub environment: u32,
    /// The filter.
    pub filter: Named,
    /// How h follows from it.
    pub encoder: Encoder,
}

impl Case {
    /// A ferromagnet with an environment of width 1 and h = sign(Λ·v).
    #[must_use]
    pub const fn new(
        sides: &'static [u32],
        temperature: f64,
        block: &'static [u32],
        buffer: u32,
        filter: Named,
    ) -> Self {
        Case {
            sides,
            temperature,
            coupling: 1.0,
            block,
            buffer,
            environment: 1,
            filter,
            encoder: Encoder::Sign,
        }
    }

    /// With P(h = +1) = 1/(1 + exp(−Λ·v)).
    #[must_use]
    pub const fn sigmoid(self) -> Self {
        let encoder = Encoder::Sigmoid;
        Case { encoder, ..self }
    }

    /// With J = −1.
    #[must_use]
    pub const fn antiferromagnet(self) -> Self {
        Case {
            coupling: -1.0,
            ..self
        }
    }

    /// With an environment of another width.
    #[must_use]
    pub const fn wide(self, environment: u32) -> Self {
        Case {
            environment,
            ..self
        }
    }

    /// Its lattice.
    #[must_use]
    pub fn lattice(&self) -> Lattice {
        Lattice::new(self.sides).expect("a lattice")
    }

    /// Its model.
    #[must_use]
    pub fn model(&self) -> IsingModel {
        let ising = Ising {
            size: Sides(self.sides.to_vec()),
            dimension: Some(self.sides.len() as u32),
            temperature: Some(self.temperature),
            coupling: self.coupling,
            algorithm: None,
        };
        ising.model().expect("a model")
    }

    /// Its window.
    #[must_use]
    pub fn window(&self) -> Window {
        Window::new(
            self.lattice(),
            self.block,
            &[self.buffer],
            &[self.environment],
        )
        .expect("a window that fits")
    }

    /// Its filter's weights, (C, block…).
    #[must_use]
    pub fn filters(&self) -> Filters {
        let block = match self.block {
            [side] => vec![*side; self.sides.len()],
            sides => sides.to_vec(),
        };
        let sites: u32 = block.iter().product();
        let weight = |site: u32, filter: Named| {
            let (mut rest, mut parity, mut outer) = (site, 0, false);
            for side in block.iter().rev() {
                let at = rest % side;
                rest /= side;
                parity += at;
                outer |= at == 0 || at + 1 == *side;
            }
            match filter {
                Named::Uniform | Named::Pair => 1.0,
                Named::Boundary => f32::from(u8::from(outer)),
                Named::Decimation => f32::from(u8::from(site == 0)),
                Named::Staggered => 1.0 - 2.0 * (parity % 2) as f32,
                Named::Uneven => 0.3 + 0.21 * site as f32,
            }
        };
        let components: &[Named] = match self.filter {
            Named::Pair => &[Named::Decimation, Named::Uniform],
            ref one => std::slice::from_ref(one),
        };
        let weights = components
            .iter()
            .flat_map(|filter| (0..sites).map(|site| weight(site, *filter)))
            .collect();
        Filters::new(&block, weights).expect("a filter")
    }

    /// The exact informations, E being all outside the buffer.
    #[must_use]
    pub fn exact(&self) -> Information {
        self.informations(&self.filters(), self.encoder)
    }

    /// I(H:E) of other filters on the same block, exact.
    #[must_use]
    pub fn kept(&self, filters: &Filters, encoder: Encoder) -> f64 {
        let informations = self.informations(filters, encoder);
        informations.filtered.expect("there is a filter")
    }

    fn informations(&self, filters: &Filters, encoder: Encoder) -> Information {
        let (sites, count) = (filters.sites(), filters.count());
        // Site by site.
        let weights: Vec<f32> = (0..sites * count)
            .map(|i| filters.weights()[i % count * sites + i / count])
            .collect();
        let encoder = match encoder {
            Encoder::Sign => exact::Encoder::Sign,
            Encoder::Sigmoid => exact::Encoder::Sigmoid,
            other => panic!("{other:?}; h is binary here"),
        };
        let filter = exact::Filter::new(&weights, count, encoder).expect("a filter");
        let partition =
            Partition::new(self.lattice(), self.block, self.buffer).expect("a partition");
        let beta = self.temperature.recip();
        exact::ising::information(&partition, self.coupling, beta, Some(&filter), None)
            .expect("informations")
    }

    /// I(H:E), exact.
    #[must_use]
    pub fn filtered(&self) -> f64 {
        self.kept(&self.filters(), self.encoder)
    }

    /// Setup of a run on K = `batch` windows at a time, with the standard critic; the filter is
    /// given, not learned.
    #[must_use]
    pub fn settings(&self, batch: u32, steps: u32, seed: u64) -> Setup {
        let (window, filters) = (self.window(), self.filters());
        let shape = shape(window, filters.count() as u32, batch);
        let execution = Execution {
            threads: 1,
            ..Execution::default()
        };
        let mut settings = Setup::at(Geometry::Window(window), shape, execution);
        settings.schedule.steps = steps;
        settings.optimisation.seed = seed;
        settings.given = Some((filters, self.encoder));
        settings
    }

    /// Runs it.
    #[must_use]
    pub fn run(&self, settings: &Setup) -> Outcome {
        let sampling = self
            .model()
            .prepare(
                settings.optimisation.seed,
                settings.execution.threads,
                &Silent,
            )
            .expect("a model");
        assert!(sampling.plan().equilibrated, "{self:?}");
        learning::model(settings, &sampling, None).expect("an outcome")
    }

    /// Estimates I(H:E) at K = 100 and checks it against the exact figure: never above it by more
    /// than four standard errors; below it by no more than [`CRITIC`], three standard errors and
    /// the bound's own deficit.
    ///
    /// # Panics
    /// If it is not so.
    pub fn check(&self, steps: u32, seed: u64) -> Estimate {
        self.check_bound(Bound::InfoNce, steps, seed)
    }

    /// As [`check`](Self::check), with any bound.
    ///
    /// # Panics
    /// If it is not so.
    pub fn check_bound(&self, bound: Bound, steps: u32, seed: u64) -> Estimate {
        self.check_critic(Critic::Separable, bound, steps, seed)
    }

    /// As [`check`](Self::check), with any critic and bound.
    ///
    /// # Panics
    /// If it is not so.
    pub fn check_critic(&self, critic: Critic, bound: Bound, steps: u32, seed: u64) -> Estimate {
        let (batch, start) = (100, Instant::now());
        let mut settings = self.settings(batch, steps, seed);
        settings.optimisation.bound = bound;
        let components = settings.shape.components() as u32;
        let shape = with_outputs(self.window(), components, batch, bound);
        settings.shape = shape.with_critic(critic).expect("hidden layers");
        let found = self.run(&settings).information;
        let exact = self.filtered();
        let capacity = settings.coarse.capacity(settings.shape.components());
        let deficit = bound.deficit(batch as usize, capacity.expect("h is binary"));
        let deficit = deficit.unwrap_or(0.0);
        let Estimate { mean, stderr } = found;
        let about = format!(
            "{critic}, {bound}, {self:?}, {steps} steps: {mean:.4} ± {stderr:.4}, exact {exact:.4}, off by {:+.4}, \
             deficit at most {deficit:.4}, {:.1} s",
            mean - exact,
            start.elapsed().as_secs_f64()
        );
        println!("{about}");
        assert!((0.0..STDERR).contains(&stderr), "{about}");
        assert!(mean <= exact + 4.0 * stderr, "{about}");
        assert!(mean >= exact - CRITIC - 3.0 * stderr - deficit, "{about}");
        found
    }
}

/// The standard critic: two hidden layers of 32, embedding 8.
#[must_use]
pub fn shape(window: Window, components: u32, batch: u32) -> Shape {
    with_outputs(window, components, batch, Bound::InfoNce)
}

/// The standard critic with the outputs that a bound needs.
fn with_outputs(window: Window, components: u32, batch: u32, bound: Bound) -> Shape {
    let (block, environment) = (window.block_sites(), window.environment_sites());
    Shape::new(
        block as u32,
        environment as u32,
        components,
        &[32, 32],
        8 + bound.outputs(Critic::Separable),
        batch,
    )
    .expect("a shape")
}
