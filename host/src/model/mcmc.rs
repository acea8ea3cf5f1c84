//! Markov chains on the host: how long to burn in, how far apart to take samples, and a fixed
//! number of chains that give them, whatever the number of threads.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::thread::Builder;
use std::vec;

use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::sampler::{Sampler, Start};
use blockspin_core::stats::{Blocking, integrated};
use blockspin_core::window::row::Value;
use serde::{Deserialize, Serialize};

use super::workers::{Crew, Work, lock};
use crate::data::supply::Supply;
use crate::error::Result;
use crate::observer::{Observer, Phase, Progress, Silent};
use crate::store::codec::{Number, StateFile};

/// Chains that supply a run. Fixed, so that no result depends on the number of threads.
pub const CHAINS: usize = 8;

/// Site updates that the two chains of a pilot may take together before it gives up.
const PILOT_UPDATES: u64 = 1 << 31;
/// The same, and sweeps, for chains of which neither changed in energy or order parameter meanwhile: at low
/// temperature they may be stuck in different states for ever.
const PILOT_STUCK: [u64; 2] = [PILOT_UPDATES >> 4, 1 << 18];
/// Sweeps of the shortest pilot, and site updates of each of its chains that allow more of them: what
/// a pilot finds decides the cost of all that follows, and must not depend on luck.
const PILOT_SWEEPS: [usize; 2] = [256, 2048];
const PILOT_LEAST: usize = 1 << 22;
/// Looks at a chain, and those within an autocorrelation time, from which on a pilot goes on looking
/// half as often: nothing is missed then, and its cost does not grow as the square of the time.
const PILOT_LOOKS: usize = 1 << 13;
const PILOT_RESOLVED: f64 = 16.0;
/// Autocorrelation times that the second half of a pilot must span.
const SPAN: f64 = 30.0;
/// Site updates between two reports of progress.
const TOLD: usize = 1 << 18;
/// Standard errors by which a hot and a cold chain may differ.
const AGREEMENT: f64 = 4.0;

/// Samples of a file that one chain draws, at least.
const SAMPLES_OF_CHAIN: u64 = 1000;

/// Number of chains that draw so many samples for a file: few come from one chain, many from a fixed number
/// of chains, whose samples follow one another in the file; half of the chains start hot and half cold.
#[must_use]
pub fn file_chains(samples: u64) -> u64 {
    samples.div_ceil(SAMPLES_OF_CHAIN).min(CHAINS as u64)
}

/// The rows of one of several chains, or of another share of the work, in a file.
#[must_use]
pub fn file_rows(samples: u64, chains: u64, chain: u64) -> Range<u64> {
    let until = |chain: u64| (u128::from(samples) * u128::from(chain) / u128::from(chains)) as u64;
    until(chain)..until(chain + 1)
}

/// Does all tasks on at most `threads` threads; a free thread takes the next task.
pub fn spread<T: Send>(tasks: Vec<T>, threads: usize, work: impl Fn(T) + Sync) {
    let others = threads.min(tasks.len()).saturating_sub(1);
    let tasks = Mutex::new(tasks.into_iter());
    let run = || {
        while let Some(task) = next(&tasks) {
            work(task);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..others {
            // Where the system grants no more threads, those that there are do everything.
            if Builder::new().spawn_scoped(scope, run).is_err() {
                break;
            }
        }
        run();
    });
}

fn next<T>(tasks: &Mutex<vec::IntoIter<T>>) -> Option<T> {
    lock(tasks).next()
}

/// When and how often a chain is to be looked at, in sweeps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Sweeps before the first sample.
    pub burn_in: u32,
    /// Sweeps from one sample to the next.
    pub thin: u32,
    /// Integrated autocorrelation time in sweeps, the larger of energy and order parameter.
    pub autocorrelation: f64,
    /// Whether a hot and a cold start came to agree within the pilot.
    pub equilibrated: bool,
    /// Whether the order parameter never left its sector, in either chain once it had burnt in.
    pub frozen: bool,
    /// ⟨m²⟩, the mean square of the order parameter.
    pub order_squared: f64,
}

/// A model to sample, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling<M> {
    /// Draws the samples.
    pub model: M,
    /// Brings chains to equilibrium: updates of the whole lattice, since those of single clusters
    /// may take for ever to leave an ordered or a disordered start.
    pub warmer: M,
    /// When and how often.
    pub plan: Plan,
}

impl Plan {
    /// Before anything is measured.
    pub const UNMEASURED: Plan = Plan {
        burn_in: 0,
        thin: 1,
        autocorrelation: 0.5,
        equilibrated: false,
        frozen: false,
        order_squared: 0.0,
    };
}

impl<M: Sampler + Clone> Sampling<M> {
    /// One whose chains need no other model to warm them, before anything is measured.
    pub fn unmeasured(model: M) -> Self {
        Sampling {
            warmer: model.clone(),
            model,
            plan: Plan::UNMEASURED,
        }
    }
}

impl<M: Sampler> Sampling<M> {
    /// A chain in equilibrium.
    fn warm(&self, chain: &mut Chain<M::Cell>, progress: &dyn Progress) {
        let mut scratch = vec![0; self.warmer.scratch_len()];
        let most = match M::DIVISIBLE {
            true => told(&self.warmer),
            false => u32::MAX,
        };
        let mut left = self.plan.burn_in;
        while left > 0 {
            let sweeps = left.min(most);
            chain.advance(&self.warmer, sweeps, &mut scratch);
            progress.advance(sweeps.into());
            left -= sweeps;
        }
    }

    /// A chain that starts hot or cold, by its number, and has burnt in.
    pub fn chain(&self, seed: u64, task: u64, purpose: Purpose) -> Chain<M::Cell> {
        let mut chain = Chain::started(&self.model, seed, task, purpose);
        self.warm(&mut chain, &Silent);
        chain
    }
}

/// What was seen of a chain of the pilot, at equal distances.
#[derive(Default)]
struct Trace {
    energy: Vec<f64>,
    order: Vec<f64>,
    sectors: Vec<Option<u32>>,
}

impl Trace {
    /// Measures a chain every `every` sweeps until there are `looks` measurements.
    fn follow<M: Sampler>(
        &mut self,
        model: &M,
        chain: &mut Chain<M::Cell>,
        every: u32,
        looks: usize,
        progress: &dyn Progress,
    ) {
        let mut scratch = vec![0; model.scratch_len()];
        let (mut untold, most) = (0, told(model));
        while self.energy.len() < looks {
            chain.advance(model, every, &mut scratch);
            untold += every;
            if untold >= most || self.energy.len() + 1 == looks {
                progress.advance(untold.into());
                untold = 0;
            }
            self.energy.push(model.energy(&chain.state));
            self.order.push(model.order_parameter(&chain.state));
            self.sectors.push(model.sector(&chain.state));
        }
    }

    /// What would have been seen at twice the distance.
    fn halve(&mut self) {
        fn half<T: Copy>(all: &[T]) -> Vec<T> {
            all.iter().skip(1).step_by(2).copied().collect()
        }
        self.energy = half(&self.energy);
        self.order = half(&self.order);
        self.sectors = half(&self.sectors);
    }

    /// The second halves: energy, then order parameter.
    fn late(&self) -> [&[f64]; 2] {
        [
            &self.energy[self.energy.len() / 2..],
            &self.order[self.order.len() / 2..],
        ]
    }

    /// Whether the second half saw no change.
    fn is_stuck(&self) -> bool {
        let constant = |series: &[f64]| series.iter().all(|x| *x == series[0]);
        self.late().into_iter().all(constant)
    }

    /// Whether there are sectors and the second half saw one alone.
    fn is_frozen(&self) -> bool {
        let late = &self.sectors[self.sectors.len() / 2..];
        late.iter()
            .all(|sector| sector.is_some() && *sector == late[0])
    }
}

impl Plan {
    /// Whether [`measure`](Self::measure) can have found this on a lattice of so many sites.
    #[must_use]
    pub fn is_measured(&self, sites: usize) -> bool {
        let sites = sites.max(1) as u64;
        // A pilot doubles until its two chains have taken all their updates.
        let most = (PILOT_UPDATES / sites).max(first_sweeps(sites) as u64);
        let (burn_in, thin) = (u64::from(self.burn_in), u64::from(self.thin));
        // An autocorrelation time is summed over a tenth of the second half, at most.
        (1..=most / 4 + 2).contains(&thin)
            && burn_in <= most / 2
            && (0.5..=most as f64).contains(&self.autocorrelation)
            && self.order_squared.is_finite()
    }

    /// Runs one chain from a hot and one from a cold start, ever longer, until the second halves
    /// agree in energy and order parameter and span thirty autocorrelation times. What the first
    /// halves took is the burn-in, or thirty autocorrelation times where the first length did; two
    /// autocorrelation times are between samples.
    ///
    /// The chains are warmed first, where `warm` gives the model that does it, and its sweeps. With
    /// a thread to spare they run at once. The observer sees sweeps of both chains, as many as are known
    /// to be needed.
    pub fn measure<M: Sampler<Cell: Send> + Sync>(
        model: &M,
        warm: Option<(&M, u32)>,
        seed: u64,
        threads: usize,
        observer: &dyn Observer,
    ) -> Plan {
        let sites = model.lattice().sites() as u64;
        let first = first_sweeps(sites);
        let progress = observer.begin(Phase {
            label: "pilot",
            total: 2 * first as u64,
            unit: "sweeps",
        });
        progress.expect(2 * first as u64);
        let mut chains = [0, 1].map(|task| Chain::started(model, seed, task, Purpose::Pilot));
        if let Some((warmer, sweeps)) = warm {
            spread(chains.iter_mut().collect(), threads, |chain| {
                chain.advance(warmer, sweeps, &mut vec![0; warmer.scratch_len()]);
            });
        }
        let mut traces = [(); 2].map(|()| Trace::default());
        let [least, _] = PILOT_SWEEPS;
        let (mut looks, mut every) = (first, 1);
        loop {
            let tasks = chains.iter_mut().zip(&mut traces).collect();
            spread(tasks, threads, |(chain, trace)| {
                trace.follow(model, chain, every, looks, progress.as_ref());
            });
            // Of energy and order parameter the slower, each a mean of both chains.
            let taus = [0, 1].map(|what| {
                let taus = [0, 1].map(|chain| integrated(traces[chain].late()[what]).tau);
                (taus[0] + taus[1]) / 2.0
            });
            let tau = taus[0].max(taus[1]).max(0.5);
            let [hot, cold] = [&traces[0], &traces[1]].map(Trace::late);
            let agree = hot.iter().zip(cold).all(|(a, b)| {
                let [(mean_a, error_a), (mean_b, error_b)] = [a, &b].map(|x| mean(x, tau));
                (mean_a - mean_b).abs()
                    <= AGREEMENT * (error_a * error_a + error_b * error_b).sqrt()
            });
            let long = looks as f64 / 2.0 >= SPAN * tau;
            let sweeps = looks as u64 * u64::from(every);
            let updates = 2 * sweeps * sites;
            let [most, most_sweeps] = PILOT_STUCK;
            let long_enough = updates >= most || sweeps >= most_sweeps;
            let stuck = long_enough && traces.iter().all(Trace::is_stuck);
            let spent = updates >= PILOT_UPDATES || stuck;
            if (agree && long) || spent {
                let squares = hot[1].iter().chain(cold[1]).map(|m| m * m).sum::<f64>();
                // A pilot that is longer than it had to be says less of the start than of the rest.
                let burn_in = match sweeps == first as u64 {
                    true => ((SPAN * tau) as u64).clamp(least as u64 / 2, sweeps / 2),
                    false => sweeps / 2,
                };
                let autocorrelation = tau * f64::from(every);
                return Plan {
                    order_squared: squares / (hot[1].len() + cold[1].len()) as f64,
                    burn_in: burn_in as u32,
                    thin: (2.0 * autocorrelation).ceil() as u32,
                    autocorrelation,
                    equilibrated: agree && long,
                    frozen: traces.iter().all(Trace::is_frozen),
                };
            }
            let wanted = (2.0 * SPAN * tau).min(1e12) as u64 * u64::from(every);
            let wanted = wanted.clamp(sweeps + 1, (PILOT_UPDATES / sites).max(sweeps + 1));
            progress.expect(2 * (sweeps * wanted.div_ceil(sweeps).next_power_of_two()));
            if looks >= PILOT_LOOKS && tau >= PILOT_RESOLVED {
                every *= 2;
                traces.iter_mut().for_each(Trace::halve);
            } else {
                looks *= 2;
            }
        }
    }
}

/// Sweeps between two reports of progress.
fn told<M: Sampler>(model: &M) -> u32 {
    (TOLD / model.lattice().sites().max(1)).clamp(1, TOLD) as u32
}

/// Sweeps of a pilot at first.
fn first_sweeps(sites: u64) -> usize {
    let [least, most] = PILOT_SWEEPS;
    (PILOT_LEAST / sites as usize).clamp(least, most)
}

/// Mean, and its standard error with an autocorrelation time given.
fn mean(series: &[f64], tau: f64) -> (f64, f64) {
    let mut blocking = Blocking::new();
    series.iter().for_each(|x| blocking.push(*x));
    (
        blocking.mean(),
        (2.0 * tau * blocking.variance().unwrap_or(0.0) / series.len() as f64).sqrt(),
    )
}

/// One chain: a configuration and a stream of its own.
#[derive(Clone, Debug)]
pub struct Chain<C> {
    /// The configuration.
    pub state: Vec<C>,
    /// Its random numbers.
    pub stream: Stream,
}

impl<C: Copy + Default> Chain<C> {
    /// A chain at its start: hot for even numbers, cold for odd ones.
    fn started<M: Sampler<Cell = C>>(model: &M, seed: u64, task: u64, purpose: Purpose) -> Self {
        // A pilot always looks from both sides.
        let both = purpose == Purpose::Pilot || !model.starts_cold();
        let start = match task.is_multiple_of(2) && both {
            true => Start::Hot,
            false => Start::Cold,
        };
        let mut stream = Stream::new(seed, task, purpose);
        let mut state = vec![C::default(); model.state_len()];
        model.start(start, &mut state, &mut stream);
        Chain { state, stream }
    }

    /// Sweeps `n` times.
    pub fn advance<M: Sampler<Cell = C>>(&mut self, model: &M, n: u32, scratch: &mut [u32]) {
        model.sweeps(n, &mut self.state, scratch, &mut self.stream);
    }
}

/// A model whose samples can be learned from, and whose chains other threads may run.
pub trait Supplier:
    Sampler<Cell: Number + Send, Value: Value + Number + Send> + Clone + Send + Sync + 'static
{
}

impl<M> Supplier for M where
    M: Sampler<Cell: Number + Send, Value: Value + Number + Send> + Clone + Send + Sync + 'static
{
}

/// Length of what is learned from one configuration.
fn learned_len<M: Supplier>(model: &M) -> usize {
    M::Value::configuration(model.learned().sites())
}

/// One of several chains, and samples that it has drawn ahead.
struct Line<M: Supplier> {
    /// Its place among them.
    number: usize,
    chain: Chain<M::Cell>,
    burnt_in: bool,
    ready: Vec<M::Value>,
    /// Samples to be drawn.
    wanted: usize,
    /// Whether `ready` holds samples that nobody has taken over.
    is_full: bool,
}

impl<M: Supplier> Line<M> {
    /// Fills `ready` unless it is full, after the burn-in if that is still due.
    fn refill(&mut self, sampling: &Sampling<M>, progress: &dyn Progress) {
        if self.is_full {
            return;
        }
        self.is_full = true;
        let Sampling { model, plan, .. } = sampling;
        let chain = &mut self.chain;
        if !self.burnt_in {
            sampling.warm(chain, progress);
            self.burnt_in = true;
        }
        let mut scratch = vec![0; model.scratch_len()];
        let mut kept = vec![M::Cell::default(); model.state_len()];
        let samples = self.ready.chunks_exact_mut(learned_len(model));
        for values in samples.take(self.wanted) {
            chain.advance(model, plan.thin, &mut scratch);
            model.keep(&chain.state, &mut kept, &mut chain.stream);
            model.values(&kept, values);
            progress.advance(plan.thin.into());
        }
    }

    fn pass(&mut self, model: &M, state: &mut StateFile) -> Result<()> {
        state.pass(&mut self.chain.state)?;
        state.require(model.holds(&self.chain.state))?;
        state.stream(&mut self.chain.stream)?;
        state.value(&mut self.burnt_in)?;
        state.value(&mut self.is_full)?;
        match self.is_full {
            true => state.pass(&mut self.ready),
            false => Ok(()),
        }
    }
}

/// Lines between the chains and those who fill them.
struct Lines<M: Supplier> {
    waiting: VecDeque<Line<M>>,
    full: Vec<Line<M>>,
}

/// What threads share of [`Chains`].
struct Shared<M: Supplier> {
    sampling: Sampling<M>,
    lines: Mutex<Lines<M>>,
    /// Is told of sweeps.
    progress: Mutex<Option<Arc<dyn Progress>>>,
}

impl<M: Supplier> Work for Shared<M> {
    fn piece(&self) -> bool {
        let line = lock(&self.lines).waiting.pop_front();
        let Some(mut line) = line else {
            return false;
        };
        let progress = lock(&self.progress).clone();
        line.refill(&self.sampling, progress.as_deref().unwrap_or(&Silent));
        lock(&self.lines).full.push(line);
        true
    }
}

/// [`CHAINS`] chains, half of them from hot starts, that hand out samples in turn. The threads of a
/// crew sample while the caller works; where the caller must wait, it helps.
pub struct Chains<M: Supplier> {
    shared: Arc<Shared<M>>,
    /// The same, as the crew knows it.
    work: Arc<dyn Work>,
    crew: Arc<Crew>,
    helps: bool,
    /// The lines, unless they were sent out to be filled.
    home: Vec<Line<M>>,
    /// Samples that are handed out; how many there are of each chain, and how many have been taken.
    ready: Vec<Vec<M::Value>>,
    each: usize,
    taken: usize,
    /// Samples that will be asked for, at most.
    expected: usize,
}

impl<M: Supplier> Chains<M> {
    /// Chains with streams of their own for each purpose, and threads of their own. Nothing is sampled
    /// before the first is asked for.
    pub fn new(sampling: Sampling<M>, seed: u64, purpose: Purpose, threads: usize) -> Self {
        let crew = Arc::new(Crew::new(threads.clamp(1, CHAINS)));
        Self::of_crew(sampling, seed, purpose, &crew, 0)
    }

    /// Chains that the threads of a crew advance, those with the smallest `urgency` first.
    pub fn of_crew(
        sampling: Sampling<M>,
        seed: u64,
        purpose: Purpose,
        crew: &Arc<Crew>,
        urgency: u8,
    ) -> Self {
        let model = &sampling.model;
        let ahead = samples_ahead(model);
        let buffer = || vec![M::Value::default(); ahead * learned_len(model)];
        let line = |number| Line {
            number,
            chain: Chain::started(model, seed, number as u64, purpose),
            burnt_in: false,
            ready: buffer(),
            wanted: ahead,
            is_full: false,
        };
        let (home, ready) = (0..CHAINS).map(|i| (line(i), buffer())).unzip();
        let lines = Lines {
            waiting: VecDeque::new(),
            full: vec![],
        };
        let shared = Arc::new(Shared {
            sampling,
            lines: Mutex::new(lines),
            progress: Mutex::new(None),
        });
        let work: Arc<dyn Work> = shared.clone();
        crew.add(urgency, work.clone());
        Chains {
            shared,
            work,
            crew: crew.clone(),
            helps: true,
            home,
            ready,
            each: ahead,
            taken: CHAINS * ahead,
            expected: usize::MAX,
        }
    }

    /// The same for a caller that has nothing to do but take samples, beside the threads of the crew:
    /// it waits idly.
    #[must_use]
    pub fn idle(mut self) -> Self {
        self.helps = false;
        self
    }

    /// Takes over the next samples, and has those after them drawn.
    fn exchange(&mut self) {
        self.send(1);
        let lines = &self.shared.lines;
        self.crew
            .until(self.helps, || lock(lines).full.len() == CHAINS);
        self.recall();
        self.each = self.home[0].wanted;
        for (line, ready) in self.home.iter_mut().zip(&mut self.ready) {
            std::mem::swap(&mut line.ready, ready);
            line.is_full = false;
        }
        self.taken = 0;
        self.send(0);
    }

    /// Sends lines out for what is expected beyond what is there, at least so many samples of each.
    fn send(&mut self, least: usize) {
        let there = CHAINS * self.each - self.taken;
        let wanted = self.expected.saturating_sub(there).div_ceil(CHAINS);
        let wanted = wanted.clamp(least, samples_ahead(&self.shared.sampling.model));
        if wanted == 0 || self.home.is_empty() {
            return;
        }
        for line in &mut self.home {
            // Where it is full already, after a checkpoint, it was drawn for the same expectation.
            line.wanted = wanted;
        }
        lock(&self.shared.lines).waiting.extend(self.home.drain(..));
        self.crew.tell();
    }

    /// Brings all lines home, in their order: those that are being filled when they are full, those that
    /// wait as they are.
    fn recall(&mut self) {
        let lines = &self.shared.lines;
        self.home.extend(lock(lines).waiting.drain(..));
        let missing = CHAINS - self.home.len();
        self.crew.until(false, || lock(lines).full.len() == missing);
        self.home.append(&mut lock(lines).full);
        self.home.sort_by_key(|line| line.number);
    }
}

impl<M: Supplier> Supply<M::Value> for Chains<M> {
    /// What is learned from the next sample, under a random global symmetry.
    fn next(&mut self, values: &mut [M::Value]) -> Result<bool> {
        if self.taken == CHAINS * self.each {
            self.exchange();
        }
        let length = learned_len(&self.shared.sampling.model);
        let (chain, at) = (self.taken % CHAINS, self.taken / CHAINS);
        values.copy_from_slice(&self.ready[chain][at * length..][..length]);
        self.taken += 1;
        self.expected = self.expected.saturating_sub(1);
        Ok(true)
    }

    fn expect(&mut self, count: usize) {
        self.expected = count;
    }

    /// Sweeps, those of the burn-in among them. Chains draw the same number of samples at a time.
    fn work(&self, count: usize) -> (u64, &'static str) {
        let Sampling { model, plan, .. } = &self.shared.sampling;
        let cold = self.home.iter().filter(|line| !line.burnt_in).count();
        let each = samples_ahead(model)
            .min(self.expected.div_ceil(CHAINS))
            .max(1);
        let samples = count.next_multiple_of(CHAINS * each) as u64;
        let sweeps = cold as u64 * u64::from(plan.burn_in) + samples * u64::from(plan.thin);
        (sweeps, "sweeps")
    }

    fn report(&mut self, progress: Option<Arc<dyn Progress>>) {
        *lock(&self.shared.progress) = progress;
    }

    /// Lines that are being filled are waited for; which are full depends on the threads, what will be
    /// handed out does not.
    fn pass(&mut self, state: &mut StateFile) -> Result<()> {
        self.recall();
        let model = &self.shared.sampling.model;
        let (length, most) = (learned_len(model), CHAINS * samples_ahead(model));
        let mut pass = || {
            state.value(&mut self.taken)?;
            state.require(self.taken <= most)?;
            let rest = self.taken / CHAINS * length;
            let mut ready = self.ready.iter_mut();
            ready.try_for_each(|ready| state.pass(&mut ready[rest..]))?;
            let mut lines = self.home.iter_mut();
            lines.try_for_each(|line| line.pass(model, state))
        };
        let passed = pass();
        if state.is_read() {
            self.each = most / CHAINS;
        } else {
            // Sampling goes on though a disk be full.
            self.send(0);
        }
        passed
    }

    fn bytes(&self) -> u64 {
        memory(&self.shared.sampling.model)
    }
}

/// What waits is not filled any more.
impl<M: Supplier> Drop for Chains<M> {
    fn drop(&mut self) {
        self.crew.remove(&self.work);
        lock(&self.shared.lines).waiting.clear();
    }
}

/// Samples that each chain draws at a time: enough to be worth a thread, few enough for a cache.
fn samples_ahead<M: Supplier>(model: &M) -> usize {
    ((1 << 15) / (size_of::<M::Value>() * learned_len(model))).clamp(1, 1024)
}

/// Bytes that the chains of one purpose take, about.
#[must_use]
pub fn memory<M: Supplier>(model: &M) -> u64 {
    let learned = size_of::<M::Value>() * learned_len(model);
    let ahead = samples_ahead(model);
    CHAINS as u64 * (2 * ahead * learned) as u64 + CHAINS as u64 * chain_bytes(model)
}

/// Bytes that one chain takes at most: its configuration, a copy of it, and scratch.
#[must_use]
pub fn chain_bytes<M: Sampler>(model: &M) -> u64 {
    let cells = size_of::<M::Cell>() * 2 * model.state_len();
    (cells + size_of::<u32>() * model.scratch_len()) as u64
}
