//! Markov chains on the host: how long to burn in, how far apart to take samples, and a fixed
//! number of chains that give them, whatever the number of threads.

use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::sampler::{Sampler, Start};
use blockspin_core::stats::{Blocking, integrated};

/// Chains that feed a run. Fixed, so that no result depends on the number of threads.
pub const CHAINS: usize = 8;

/// Site updates that the two chains of a pilot may take together before it gives up.
const PILOT_UPDATES: u64 = 1 << 28;
/// Sweeps of the shortest pilot.
const PILOT_SWEEPS: usize = 256;
/// Autocorrelation times that the second half of a pilot must span.
const SPAN: f64 = 50.0;
/// Standard errors by which a hot and a cold chain may differ.
const AGREEMENT: f64 = 4.0;

/// When and how often a chain is to be looked at, in sweeps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Sweeps before the first sample.
    pub burn_in: u32,
    /// Sweeps from one sample to the next.
    pub thin: u32,
    /// Integrated autocorrelation time in sweeps, the larger of energy and order parameter.
    pub autocorrelation: f64,
    /// Whether a hot and a cold start came to agree within the pilot.
    pub equilibrated: bool,
}

/// One measured chain of the pilot.
struct Trace {
    energy: Vec<f64>,
    order: Vec<f64>,
}

impl Trace {
    /// The second halves: energy, then order parameter.
    fn late(&self) -> [&[f64]; 2] {
        [
            &self.energy[self.energy.len() / 2..],
            &self.order[self.order.len() / 2..],
        ]
    }
}

impl Plan {
    /// Runs one chain from a hot and one from a cold start, ever longer, until the second halves
    /// agree in energy and order parameter and span fifty autocorrelation times. What the first
    /// halves took is the burn-in; two autocorrelation times are between samples.
    pub fn measure<M: Sampler<Cell = u32>>(model: &M, seed: u64) -> Plan {
        let starts = [Start::Hot, Start::Cold];
        let mut chains: Vec<_> = (0u64..)
            .zip(starts)
            .map(|(task, start)| Chain::new(model, start, seed, task, Purpose::Pilot))
            .collect();
        let mut traces = [(); 2].map(|()| Trace {
            energy: vec![],
            order: vec![],
        });
        let mut scratch = vec![0; model.scratch_len()];
        let sites = model.lattice().sites() as u64;
        let mut sweeps = PILOT_SWEEPS;
        loop {
            for (chain, trace) in chains.iter_mut().zip(&mut traces) {
                while trace.energy.len() < sweeps {
                    model.sweep(&mut chain.state, &mut scratch, &mut chain.stream);
                    trace.energy.push(model.energy(&chain.state));
                    trace.order.push(model.order_parameter(&chain.state));
                }
            }
            let series = traces.iter().flat_map(Trace::late);
            let tau = series.map(|x| integrated(x).tau).fold(0.5, f64::max);
            let [hot, cold] = [&traces[0], &traces[1]].map(Trace::late);
            let agree = hot.iter().zip(cold).all(|(a, b)| {
                let [(mean_a, error_a), (mean_b, error_b)] = [a, &b].map(|x| mean(x, tau));
                (mean_a - mean_b).abs()
                    <= AGREEMENT * (error_a * error_a + error_b * error_b).sqrt()
            });
            let long = sweeps as f64 / 2.0 >= SPAN * tau;
            let spent = 2 * sweeps as u64 * sites >= PILOT_UPDATES;
            if (agree && long) || spent {
                return Plan {
                    burn_in: (sweeps / 2) as u32,
                    thin: (2.0 * tau).ceil() as u32,
                    autocorrelation: tau,
                    equilibrated: agree && long,
                };
            }
            sweeps *= 2;
        }
    }
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
pub struct Chain {
    /// The configuration.
    pub state: Vec<u32>,
    /// Its random numbers.
    pub stream: Stream,
}

impl Chain {
    /// A chain at its start.
    pub fn new<M: Sampler<Cell = u32>>(
        model: &M,
        start: Start,
        seed: u64,
        task: u64,
        purpose: Purpose,
    ) -> Self {
        let mut stream = Stream::new(seed, task, purpose);
        let mut state = vec![0; model.state_len()];
        model.start(start, &mut state, &mut stream);
        Chain { state, stream }
    }

    /// Sweeps `n` times.
    pub fn advance<M: Sampler<Cell = u32>>(&mut self, model: &M, n: u32, scratch: &mut [u32]) {
        for _ in 0..n {
            model.sweep(&mut self.state, scratch, &mut self.stream);
        }
    }
}

/// [`CHAINS`] chains, half of them from hot starts, that hand out samples in turn.
#[derive(Debug)]
pub struct Chains<M> {
    model: M,
    plan: Plan,
    threads: usize,
    chains: Vec<Chain>,
    /// Samples of each chain, drawn ahead.
    ready: Vec<Vec<u32>>,
    /// Samples drawn ahead by each chain, and those handed out by all.
    ahead: usize,
    taken: usize,
    burnt_in: bool,
}

impl<M: Sampler<Cell = u32> + Copy + Sync> Chains<M> {
    /// Chains with streams of their own for each purpose.
    pub fn new(model: M, plan: Plan, seed: u64, purpose: Purpose, threads: usize) -> Self {
        let start = |task| {
            if task % 2 == 0 {
                Start::Hot
            } else {
                Start::Cold
            }
        };
        let chain = |task| Chain::new(&model, start(task), seed, task, purpose);
        // Enough at a time to be worth a thread, little enough to fit a cache.
        let ahead = ((1 << 18) / model.lattice().sites()).clamp(1, 1024);
        let chains: Vec<_> = (0..CHAINS as u64).map(chain).collect();
        let ready = vec![vec![0; ahead * model.state_len()]; CHAINS];
        Chains {
            model,
            plan,
            threads,
            chains,
            ready,
            ahead,
            taken: CHAINS * ahead,
            burnt_in: false,
        }
    }

    /// The next sample, under a random global symmetry.
    pub fn next(&mut self, kept: &mut [u32]) {
        if self.taken == CHAINS * self.ahead {
            self.refill();
            self.taken = 0;
        }
        let (chain, at) = (self.taken % CHAINS, self.taken / CHAINS);
        let length = self.model.state_len();
        kept.copy_from_slice(&self.ready[chain][at * length..][..length]);
        self.taken += 1;
    }

    fn refill(&mut self) {
        let Chains {
            model,
            plan,
            chains,
            ready,
            ..
        } = self;
        let (model, plan) = (&*model, &*plan);
        let burn_in = if self.burnt_in { 0 } else { plan.burn_in };
        self.burnt_in = true;
        let share = CHAINS.div_ceil(self.threads.clamp(1, CHAINS));
        let work = |chains: &mut [Chain], ready: &mut [Vec<u32>]| {
            let mut scratch = vec![0; model.scratch_len()];
            for (chain, ready) in chains.iter_mut().zip(ready) {
                chain.advance(model, burn_in, &mut scratch);
                for kept in ready.chunks_exact_mut(model.state_len()) {
                    chain.advance(model, plan.thin, &mut scratch);
                    model.keep(&chain.state, kept, &mut chain.stream);
                }
            }
        };
        std::thread::scope(|scope| {
            let mut shares = chains.chunks_mut(share).zip(ready.chunks_mut(share));
            let own = shares.next();
            for (chains, ready) in shares {
                scope.spawn(move || work(chains, ready));
            }
            if let Some((chains, ready)) = own {
                work(chains, ready);
            }
        });
    }
}
