//! Calibration by simulation: data sets of known information, drawn again and again from families that
//! resemble what users have, each given to the program; how often the 95 % interval holds the truth, how often
//! the program warns or refuses, and how far off it is when it says nothing.
//!
//! ```text
//! cargo run --release -p blockspin-benches --bin calibration -- [RUNS [NAME…]]
//! ```
//!
//! writes the table of `docs/calibration.md` to standard output. Runs per row are 100 unless given. It fails
//! where an unwarned figure is beyond six standard errors, or fewer than 88 % are within the interval: with
//! 95 % this happens in one of a hundred rows of 60 runs.

use std::env;
use std::f64::consts::{LN_2, TAU};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use blockspin::prelude::*;
use blockspin::settings::values::Sides;
use blockspin_core::bound::AnyBound as Bound;
use blockspin_core::num::rng::{Purpose, Stream};

/// Runs from which coverage is judged, and what is demanded, in per cent.
const ENOUGH: usize = 60;
const COVERED: f64 = 88.0;
/// Steps of a training on a file, and of one on a model: the default.
const STEPS: u32 = 2000;
const DEFAULT_STEPS: u32 = 6000;

/// A data set of a family: a run, and what it ought to find.
struct Case {
    run: Run,
    filter: &'static str,
    truth: f64,
}

/// A family of data sets.
struct Row {
    name: &'static str,
    make: Box<dyn Fn(u64) -> Case + Sync>,
}

/// Numbers for one data set.
struct Random(Stream);

impl Random {
    fn new(seed: u64) -> Self {
        Random(Stream::new(seed, 77, Purpose::Sample))
    }

    /// In (0, 1).
    fn uniform(&mut self) -> f64 {
        (f64::from(self.0.next_u32()) + 0.5) / 4_294_967_296.0
    }

    fn normal(&mut self) -> f64 {
        let (u, v) = (self.uniform(), self.uniform());
        (-2.0 * u.ln()).sqrt() * (TAU * v).cos()
    }

    fn spin(&mut self) -> i8 {
        if self.0.coin() { 1 } else { -1 }
    }

    fn coins(&mut self, n: usize) -> Vec<i8> {
        (0..n).map(|_| self.spin()).collect()
    }

    /// An Ising ring: bonds are independent given that an even number is broken.
    fn ring(&mut self, n: usize, temperature: f64) -> Vec<i8> {
        let broken = 1.0 / (1.0 + (2.0 / temperature).exp());
        loop {
            let mut spin = self.spin();
            let first = spin;
            let ring: Vec<i8> = (0..n)
                .map(|_| {
                    let here = spin;
                    if self.uniform() < broken {
                        spin = -spin;
                    }
                    here
                })
                .collect();
            if spin == first {
                return ring;
            }
        }
    }
}

/// Energies of the 4 × 4 torus, and configurations drawn from their law.
struct Torus(Vec<f64>);

impl Torus {
    const SITES: usize = 16;

    fn new(temperature: f64) -> Self {
        let mut sum = 0.0;
        let cumulative = (0..1u32 << Self::SITES).map(|c| {
            sum += (-Self::energy(c) / temperature).exp();
            sum
        });
        Torus(cumulative.collect())
    }

    fn spin(c: u32, i: usize) -> i8 {
        if c >> i & 1 == 1 { 1 } else { -1 }
    }

    fn energy(c: u32) -> f64 {
        let bond = |i: usize, j: usize| f64::from(Self::spin(c, i) * Self::spin(c, j));
        let of_site = |i: usize| bond(i, i / 4 * 4 + (i + 1) % 4) + bond(i, (i + 4) % 16);
        -(0..Self::SITES).map(of_site).sum::<f64>()
    }

    fn draw(&self, random: &mut Random) -> Vec<i8> {
        let at = random.uniform() * self.0[self.0.len() - 1];
        let c = self.0.partition_point(|sum| *sum < at) as u32;
        (0..Self::SITES).map(|i| Self::spin(c, i)).collect()
    }
}

/// Frames of a Metropolis chain of the 4 × 4 antiferromagnet, a sweep apart.
fn metropolis(random: &mut Random, temperature: f64, frames: usize) -> Vec<i8> {
    let mut c = random.0.next_u32() & 0xffff;
    let mut sweep = |random: &mut Random| {
        for _ in 0..16 {
            let next = c ^ 1 << random.0.below(16);
            let more = Torus::energy(c) - Torus::energy(next);
            if random.uniform() < (-more / temperature).exp() {
                c = next;
            }
        }
        c
    };
    for _ in 0..200 {
        sweep(random);
    }
    let frames = (0..frames).map(|_| sweep(random));
    let frames: Vec<u32> = frames.collect();
    let spins = |c: &u32| (0..16).map(|i| Torus::spin(*c, i)).collect::<Vec<_>>();
    frames.iter().flat_map(spins).collect()
}

/// A window of block, buffer and environment.
fn window(run: Run, window: [u32; 3], batch: u32) -> Run {
    run.with(|config| {
        let [block, buffer, environment] = window;
        config.window.block = Sides(vec![block]);
        config.window.buffer = Sides(vec![buffer]);
        config.window.environment = Sides(vec![environment]);
        config.optimisation.batch = batch;
        config.optimisation.steps = STEPS;
    })
}

fn at(run: Run, origin: &str) -> Run {
    run.with(|config| {
        if let Source::Data(file) = &mut config.source {
            file.origin = Some(origin.into());
        }
    })
}

fn spins(shape: &[usize], values: &[i8]) -> Run {
    Run::on(Data::new(shape, values).expect("an array"))
}

fn reals(shape: &[usize], values: &[f64]) -> Run {
    Run::on(Data::new(shape, values).expect("an array"))
}

/// What the best critic shows of a model in a window at this K, on average.
fn exact(run: Run, filter: &str) -> f64 {
    let run = run.with(|config| {
        config.optimisation.steps = 1;
        config.optimisation.held_out_windows = Some(1);
    });
    let exact = run.estimate(filter).expect("a run").results.exact;
    exact
        .and_then(|exact| exact.infonce_nats)
        .expect("an exact value")
}

/// What InfoNCE shows at this K, to leading order, of the information between the sign of a normal x and y
/// that is correlated with it by ρ: less by χ²/2K.
fn sign_information(rho: f64, batch: u32) -> f64 {
    let (steps, range) = (4000, 8.0);
    let width = 2.0 * range / f64::from(steps);
    let sum = (0..steps).map(|k| {
        let y = -range + (f64::from(k) + 0.5) * width;
        let p = 0.5 * (1.0 + erf(rho * y / (2.0 * (1.0 - rho * rho)).sqrt()));
        let plogp = |p: f64| if p > 0.0 { p * p.ln() } else { 0.0 };
        let squares = 2.0 * (p * p + (1.0 - p) * (1.0 - p)) - 1.0;
        let lacks = squares / (2.0 * f64::from(batch));
        (-0.5 * y * y).exp() / TAU.sqrt() * width * (plogp(p) + plogp(1.0 - p) - lacks)
    });
    LN_2 + sum.sum::<f64>()
}

/// Error function (Abramowitz and Stegun, 7.1.26), to 2e-7.
fn erf(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x.abs());
    let series = [
        1.061_405_429,
        -1.453_152_027,
        1.421_413_741,
        -0.284_496_736,
        0.254_829_592,
    ];
    let sum = series.iter().fold(0.0, |sum, a| (sum + a) * t);
    (1.0 - sum * (-x * x).exp()).copysign(x)
}

fn chain(name: &'static str, temperature: f64, n: usize, batch: u32) -> Row {
    const PLACE: [u32; 3] = [4, 1, 1];
    let mut model = IsingChain::default();
    (model.size, model.temperature) = (Sides(vec![16]), Some(temperature));
    let truth = exact(window(Run::new(model), PLACE, batch), "uniform");
    Row {
        name,
        make: Box::new(move |seed| {
            let mut random = Random::new(seed);
            let rings: Vec<i8> = (0..n).flat_map(|_| random.ring(16, temperature)).collect();
            Case {
                run: at(window(spins(&[n, 16], &rings), PLACE, batch), "6"),
                filter: "uniform",
                truth,
            }
        }),
    }
}

fn torus_truth(temperature: f64, batch: u32) -> f64 {
    let model = Ising::square(4).at(temperature);
    exact(window(Run::new(model), [2, 0, 1], batch), "uniform")
}

fn torus(name: &'static str, temperature: f64, n: usize, batch: u32, bound: Bound) -> Row {
    let truth = torus_truth(temperature, batch);
    let law = Torus::new(temperature);
    Row {
        name,
        make: Box::new(move |seed| {
            let mut random = Random::new(seed);
            let all: Vec<i8> = (0..n).flat_map(|_| law.draw(&mut random)).collect();
            let run = window(spins(&[n, 4, 4], &all), [2, 0, 1], batch);
            Case {
                run: run.with(|config| config.optimisation.bound = bound),
                filter: "uniform",
                truth,
            }
        }),
    }
}

/// The 4 × 4 torus with a memory: a configuration stays with probability `stay`, in each of several
/// walkers whose configurations alternate.
fn lazy(name: &'static str, stay: f64, walkers: usize, n: usize) -> Row {
    let (temperature, batch) = (2.6, 50);
    let truth = torus_truth(temperature, batch);
    let law = Torus::new(temperature);
    Row {
        name,
        make: Box::new(move |seed| {
            let mut random = Random::new(seed);
            let mut now: Vec<_> = (0..walkers).map(|_| law.draw(&mut random)).collect();
            let mut all = vec![];
            for i in 0..n {
                let walker = &mut now[i % walkers];
                if random.uniform() > stay {
                    *walker = law.draw(&mut random);
                }
                all.extend(&*walker);
            }
            Case {
                run: window(spins(&[n, 4, 4], &all), [2, 0, 1], batch),
                filter: "uniform",
                truth,
            }
        }),
    }
}

fn without_information(
    name: &'static str,
    make: impl Fn(&mut Random) -> Run + Sync + 'static,
) -> Row {
    Row {
        name,
        make: Box::new(move |seed| Case {
            run: make(&mut Random::new(seed)),
            filter: "uniform",
            truth: 0.0,
        }),
    }
}

/// A site x and a site y that is correlated with it, each in units of its own.
fn pairs(name: &'static str, n: usize, of_x: fn(f64) -> f64, of_y: fn(f64) -> f64) -> Row {
    let rho = 0.8;
    let truth = sign_information(rho, 100);
    Row {
        name,
        make: Box::new(move |seed| {
            let mut random = Random::new(seed);
            let all = (0..n).flat_map(|_| {
                let x = random.normal();
                let y = rho * x + (1.0f64 - rho * rho).sqrt() * random.normal();
                [of_y(y), of_x(x), random.normal()]
            });
            let run = reals(&[n, 3], &all.collect::<Vec<_>>());
            Case {
                run: at(window(run, [1, 0, 1], 100), "1"),
                filter: "uniform",
                truth,
            }
        }),
    }
}

fn model(name: &'static str, temperature: f64, batch: u32, steps: u32) -> Row {
    let truth = torus_truth(temperature, batch);
    Row {
        name,
        make: Box::new(move |seed| {
            let run = window(Run::new(Ising::square(4).at(temperature)), [2, 0, 1], batch);
            let run = run.with(|config| {
                config.optimisation.seed = seed;
                config.optimisation.steps = steps;
            });
            Case {
                run,
                filter: "uniform",
                truth,
            }
        }),
    }
}

fn rows() -> Vec<Row> {
    const COINS: [u32; 3] = [4, 1, 4];
    let critical = 2.0 / (1.0 + 2f64.sqrt()).ln();
    vec![
        chain("chain, T = 1, N = 1000, K = 100", 1.0, 1000, 100),
        chain("chain, T = 0.5, N = 1000, K = 100", 0.5, 1000, 100),
        chain("chain, T = 0.5, N = 3000, K = 300", 0.5, 3000, 300),
        chain("chain, T = 0.7, N = 400, K = 20", 0.7, 400, 20),
        torus(
            "torus, T_c, N = 3000, K = 50",
            critical,
            3000,
            50,
            Bound::InfoNce,
        ),
        torus(
            "torus, T = 1.5, N = 2000, K = 50",
            1.5,
            2000,
            50,
            Bound::InfoNce,
        ),
        lazy("memory, τ = 9.5, N = 6000", 0.9, 1, 6000),
        lazy("8 alternating walkers, τ = 9.5, N = 6000", 0.9, 8, 6000),
        Row {
            name: "antiferromagnet, T = 1.85, sweep by sweep, N = 3000",
            make: {
                let truth = torus_truth(1.85, 50);
                Box::new(move |seed| {
                    let all = metropolis(&mut Random::new(seed), 1.85, 3000);
                    Case {
                        run: window(spins(&[3000, 4, 4], &all), [2, 0, 1], 50),
                        filter: "staggered",
                        truth,
                    }
                })
            },
        },
        without_information("coins, N = 300, K = 20", |random| {
            at(
                window(spins(&[300, 24], &random.coins(300 * 24)), COINS, 20),
                "8",
            )
        }),
        without_information("coins, N = 4000, K = 100", |random| {
            at(
                window(spins(&[4000, 24], &random.coins(4000 * 24)), COINS, 100),
                "8",
            )
        }),
        without_information("coins drawn with replacement, 4000 of 1000", |random| {
            let rows = random.coins(1000 * 24);
            let all = (0..4000).flat_map(|_| {
                let i = random.0.below(1000) as usize;
                rows[24 * i..][..24].to_vec()
            });
            at(
                window(spins(&[4000, 24], &all.collect::<Vec<_>>()), COINS, 50),
                "8",
            )
        }),
        without_information("six copies of 350 rows of coins", |random| {
            let all = random.coins(350 * 24).repeat(6);
            at(window(spins(&[2100, 24], &all), COINS, 20), "8")
        }),
        without_information("fields with their translations, all places", |random| {
            let mut all = vec![];
            for _ in 0..250 {
                let field: Vec<f64> = (0..144).map(|_| random.normal()).collect();
                for _ in 0..8 {
                    let (dx, dy) = (random.0.below(12) as usize, random.0.below(12) as usize);
                    all.extend((0..144).map(|i| field[(i / 12 + dx) % 12 * 12 + (i + dy) % 12]));
                }
            }
            window(reals(&[2000, 12, 12], &all), [2, 1, 2], 20)
        }),
        pairs("pairs, ρ = 0.8, N = 2000", 2000, |x| x, |y| y),
        pairs("pairs, x times 10⁶", 2000, |x| 1e6 * x, |y| y),
        pairs("pairs, y + 10⁸", 2000, |x| x, |y| y + 1e8),
        pairs("pairs, y⁵", 2000, |x| x, |y| y.powi(5)),
        without_information("noise on a fixed ramp, all places", |random| {
            let all = (0..1500 * 144).map(|i| 0.5 * f64::from(i % 12) + random.normal());
            window(
                reals(&[1500, 12, 12], &all.collect::<Vec<_>>()),
                [2, 1, 2],
                100,
            )
        }),
        model("Ising 4 × 4 sampled, T_c", critical, 100, DEFAULT_STEPS),
        model("Ising 4 × 4 sampled, T = 1.6", 1.6, 100, DEFAULT_STEPS),
        model("Ising 4 × 4 sampled, T_c, 2000 steps", critical, 100, 2000),
    ]
}

#[derive(Default)]
struct Tally {
    refused: usize,
    warned: usize,
    silent: usize,
    covered: usize,
    above: usize,
    four: usize,
    six: usize,
    pulls: f64,
    squares: f64,
    errors: f64,
    shown: Vec<String>,
}

fn main() -> ExitCode {
    let mut failed = false;
    let arguments: Vec<String> = env::args().skip(1).collect();
    let runs = arguments
        .first()
        .map_or(100, |runs| runs.parse().expect("a number of runs"));
    let names = arguments.get(1..).unwrap_or_default();
    println!(
        "| data | refused | warned | unwarned | inside 95 % | above | beyond 4σ | beyond 6σ | mean pull | its deviation | mean σ |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for row in rows() {
        if !names.is_empty() && !names.iter().any(|name| row.name.contains(name.as_str())) {
            continue;
        }
        let tally = Mutex::new(Tally::default());
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
                scope.spawn(|| {
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= runs {
                            break;
                        }
                        let Case { run, filter, truth } = (row.make)(seed as u64 + 1);
                        let threads = Execution {
                            threads: 1,
                            ..Execution::default()
                        };
                        let found = run.with_execution(threads).estimate(filter);
                        let mut tally = tally.lock().expect("no panic");
                        let record = match found {
                            Ok(record) => record,
                            Err(error) => {
                                tally.refused += 1;
                                tally.shown.push(error.to_string());
                                continue;
                            }
                        };
                        let found = record.information();
                        let pull = (found.mean - truth) / found.stderr;
                        let warnings = &record.results.warnings;
                        if !warnings.is_empty() {
                            tally.warned += 1;
                            tally.shown.push(warnings.join(" | "));
                            continue;
                        }
                        tally.silent += 1;
                        tally.covered += usize::from(pull.abs() <= 1.96);
                        tally.above += usize::from(pull > 1.96);
                        tally.four += usize::from(pull.abs() > 4.0);
                        tally.six += usize::from(pull.is_nan() || pull.abs() > 6.0);
                        tally.pulls += pull;
                        tally.squares += pull * pull;
                        tally.errors += found.stderr;
                    }
                });
            }
        });
        let tally = tally.into_inner().expect("no panic");
        let share = |n: usize| 100.0 * n as f64 / tally.silent.max(1) as f64;
        println!(
            "| {} | {} | {} | {} | {:.0} % | {:.1} % | {} | {} | {:+.2} | {:.2} | {:.4} |",
            row.name,
            tally.refused,
            tally.warned,
            tally.silent,
            share(tally.covered),
            share(tally.above),
            tally.four,
            tally.six,
            tally.pulls / tally.silent.max(1) as f64,
            (tally.squares / tally.silent.max(1) as f64).sqrt(),
            tally.errors / tally.silent.max(1) as f64,
        );
        if let Some(shown) = tally.shown.first() {
            eprintln!("{}: {shown}", row.name);
        }
        failed |= tally.six > 0 || tally.silent >= ENOUGH && share(tally.covered) < COVERED;
    }
    ExitCode::from(u8::from(failed))
}
