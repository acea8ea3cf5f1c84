//! Filter, critic and bounds in f64, written from their definitions alone: nested vectors, one
//! number at a time, gradients by a [`Tape`].

use blockspin_core::bound;
use blockspin_core::critic::{Activation, AnyCritic as Critic};
use blockspin_core::encoder::{AnyEncoder as Encoder, Choice};
use blockspin_core::num::bits::{sign, words};
use blockspin_core::num::lane::{Lane, get, get_mut, lanes};
use blockspin_core::num::rng::Stream;
use blockspin_core::rsmi::Rsmi;
use blockspin_core::shape::Shape;

use crate::tape::{Tape, Var};

/// Rows of numbers.
pub type Matrix = Vec<Vec<f64>>;

/// A part of the parameters: the filter, or a layer (its bias the first row).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The first lane.
    pub at: usize,
    /// Number of rows.
    pub rows: usize,
    /// Numbers in a row; the row fills whole lanes.
    pub columns: usize,
    /// Whether the first row is a bias.
    pub biased: bool,
}

impl Part {
    fn row<'a>(&self, lanes_: &'a [Lane], r: usize) -> &'a [Lane] {
        let width = lanes(self.columns);
        &lanes_[self.at + r * width..][..width]
    }

    /// The part of a flat slice, without its padding.
    #[must_use]
    pub fn read(&self, flat: &[Lane]) -> Matrix {
        let number = |r, c| f64::from(get(self.row(flat, r), c));
        (0..self.rows)
            .map(|r| (0..self.columns).map(|c| number(r, c)).collect())
            .collect()
    }

    /// A number of the part in a flat slice, to be written.
    pub fn number<'a>(&self, flat: &'a mut [Lane], r: usize, c: usize) -> &'a mut f32 {
        get_mut(&mut flat[self.at + r * lanes(self.columns)..], c)
    }

    /// The padding of the part in a flat slice.
    pub fn padding<'a>(&'a self, flat: &'a [Lane]) -> impl Iterator<Item = f32> + 'a {
        let width = 16 * lanes(self.columns);
        (0..self.rows)
            .flat_map(move |r| (self.columns..width).map(move |c| get(self.row(flat, r), c)))
    }
}

/// Where the filter or the layers of the map, and the critic's layers lie, in this order, as
/// [`Shape::parameter_lanes`] documents it.
#[must_use]
pub fn parts(shape: Shape) -> Vec<Part> {
    let mut at = 0;
    let mut part = |rows, columns, biased| {
        let part = Part {
            at,
            rows,
            columns,
            biased,
        };
        at += rows * lanes(columns);
        part
    };
    let (components, environment) = (shape.components(), shape.environment());
    let mut parts = vec![];
    if shape.has_map() {
        let mut inner = shape.block();
        let hidden = shape.map().iter().map(|&width| width as usize);
        for outputs in hidden.chain([components]) {
            parts.push(part(1 + inner, outputs, true));
            inner = outputs;
        }
    } else {
        parts.push(part(shape.block(), components, false));
    }
    let widths = |end: usize| -> Vec<usize> {
        let hidden = shape.hidden().iter().map(|&width| width as usize);
        hidden.chain([end]).collect()
    };
    match shape.critic() {
        Critic::Separable => {
            for mut inner in [components, environment] {
                for outputs in widths(shape.embedding()) {
                    parts.push(part(1 + inner, outputs, true));
                    inner = outputs;
                }
            }
        }
        Critic::Moments => {
            let moments = components + components * (components + 1) / 2;
            parts.push(part(1 + moments, shape.embedding(), true));
            let mut inner = environment;
            for outputs in widths(shape.embedding()) {
                parts.push(part(1 + inner, outputs, true));
                inner = outputs;
            }
        }
        Critic::Concatenated => {
            let widths = widths(1);
            parts.push(part(components, widths[0], false));
            parts.push(part(1 + environment, widths[0], true));
            for pair in widths.windows(2) {
                parts.push(part(1 + pair[0], pair[1], true));
            }
        }
        Critic::Quadratic => {
            parts.push(part(1 + environment, components, true));
            parts.push(part(components, components, false));
            parts.push(part(components, components, false));
            parts.push(part(1, 1, true));
        }
    }
    assert_eq!(at, shape.parameter_lanes());
    parts
}

/// The layer that reads e; its first row is a bias.
#[must_use]
pub fn layer_of_e(shape: Shape) -> Part {
    // Behind the filter, or the layers of the map.
    let at = match shape.critic() {
        Critic::Separable => shape.hidden().len() + 1,
        Critic::Moments | Critic::Concatenated => 1,
        Critic::Quadratic => 0,
    };
    parts(shape)[1 + shape.map().len() + at]
}

/// A batch: samples, and how h is made of them.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Values of the blocks.
    pub v: Matrix,
    /// Values of the environments.
    pub e: Matrix,
    /// Coarse variables.
    pub coarse: Coarse,
}

/// How h is made of its logits x.
#[derive(Clone, Debug)]
pub enum Coarse {
    /// tanh((x + noise) / 2ε).
    Relaxed {
        /// ε.
        epsilon: f64,
        /// A row of C for each sample.
        noise: Matrix,
    },
    /// sign x.
    Sign,
    /// x + noise.
    Continuous {
        /// A row of C for each sample.
        noise: Matrix,
    },
    /// (Q y − 1) / √(Q − 1) for groups of Q logits, the last of which may have fewer.
    States {
        /// Q.
        states: usize,
        /// ε, with y = softmax((x + noise) / ε); none: y = 1 for the largest x + noise, else 0.
        epsilon: Option<f64>,
        /// A row of logits for each sample.
        noise: Matrix,
    },
}

impl Coarse {
    /// What the core's encoder will do with the noise that it will draw from a stream: row by row,
    /// component by component.
    ///
    /// # Panics
    /// For an h drawn from a sigmoid.
    #[must_use]
    pub fn of(encoder: Encoder, shape: Shape, stream: &Stream) -> Self {
        let noise = |draw: fn(&mut Stream) -> f32| -> Matrix {
            let mut stream = stream.clone();
            let mut row = || {
                let row = (0..shape.components()).map(|_| f64::from(draw(&mut stream)));
                row.collect()
            };
            (0..shape.batch()).map(|_| row()).collect()
        };
        match encoder {
            Encoder::Relaxed { epsilon } => Coarse::Relaxed {
                epsilon: f64::from(epsilon),
                noise: noise(Stream::logistic),
            },
            Encoder::Sigmoid => panic!("h is not drawn here"),
            Encoder::Sign => Coarse::Sign,
            Encoder::Continuous { noise: size } => Coarse::Continuous {
                noise: noise(match size > 0.0 {
                    true => Stream::normal,
                    false => |_| 0.0,
                })
                .into_iter()
                .map(|row| row.into_iter().map(|g| f64::from(size) * g).collect())
                .collect(),
            },
            Encoder::States { states, choice } => Coarse::States {
                states: states as usize,
                epsilon: match choice {
                    Choice::Relaxed { epsilon } => Some(f64::from(epsilon)),
                    Choice::Softmax | Choice::Largest => None,
                },
                noise: noise(match choice {
                    Choice::Largest => |_| 0.0,
                    _ => Stream::gumbel,
                }),
            },
        }
    }
}

impl Batch {
    /// The batch that lies in the samples of `rsmi`.
    pub fn read(rsmi: &mut Rsmi, coarse: Coarse) -> Self {
        let shape = rsmi.shape();
        let unpack = |packed: &[u32], n: usize| -> Matrix {
            let row = |row: &[u32]| (0..n).map(|i| f64::from(sign(row, i))).collect();
            packed.chunks_exact(words(n)).map(row).collect()
        };
        let plain = |rows: &[Lane], n: usize| -> Matrix {
            let row = |row: &[Lane]| (0..n).map(|i| f64::from(get(row, i))).collect();
            rows.chunks_exact(lanes(n)).map(row).collect()
        };
        let sizes = (shape.block(), shape.environment());
        let (v, e) = rsmi.signs();
        let (mut v, mut e) = (unpack(v, sizes.0), unpack(e, sizes.1));
        if v.is_empty() {
            let (v_reals, e_reals) = rsmi.reals();
            (v, e) = (plain(v_reals, sizes.0), plain(e_reals, sizes.1));
        }
        Batch { v, e, coarse }
    }
}

/// Logits of one component to what the critic reads of its states.
fn one_of(tape: &mut Tape, x: &[Var], noise: &[f64], epsilon: Option<f64>) -> Vec<Var> {
    let q = x.len() as f64;
    let scale = if x.len() > 1 {
        (q - 1.0).sqrt().recip()
    } else {
        0.0
    };
    let one = tape.leaf(1.0);
    let noisy = |tape: &Tape, s: usize| tape.value(x[s]) + noise[s];
    let top = (0..x.len())
        .map(|s| noisy(tape, s))
        .fold(f64::MIN, f64::max);
    let y: Vec<Var> = match epsilon {
        None => (0..x.len())
            .map(|s| {
                let taken = noisy(tape, s) == top;
                tape.leaf(f64::from(u8::from(taken)))
            })
            .collect(),
        Some(epsilon) => {
            let share = tape.leaf(epsilon.recip());
            let z: Vec<_> = (0..x.len())
                .map(|s| {
                    let noise = tape.leaf((noise[s] - top) / epsilon);
                    tape.dot([(x[s], share), (noise, one)])
                })
                .collect();
            let powers: Vec<_> = z.iter().map(|&z| tape.exp(z)).collect();
            let sum = tape.dot(powers.into_iter().map(|p| (p, one)));
            let ln = tape.ln(sum);
            let minus = tape.leaf(-1.0);
            z.into_iter()
                .map(|z| {
                    let ln_y = tape.dot([(z, one), (ln, minus)]);
                    tape.exp(ln_y)
                })
                .collect()
        }
    };
    let (steep, shift) = (tape.leaf(q * scale), tape.leaf(-scale));
    y.into_iter()
        .map(|y| tape.dot([(y, steep), (shift, one)]))
        .collect()
}

/// The bound on a batch, written down.
#[derive(Debug)]
pub struct Bound {
    tape: Tape,
    variables: Vec<Vec<Vec<Var>>>,
    h: Vec<Vec<Var>>,
    terms: Vec<Var>,
    mean: Var,
    /// What is climbed, where that is not the mean of the terms.
    climbed: Var,
    /// The mean of exp F_ij over i ≠ j.
    pub denominator: f64,
    /// The largest |F_ij|.
    pub largest_score: f64,
    /// The least |y| / Σ|terms of y| among the sums y that a ReLU was applied to: when it is well
    /// above the rounding of f32, both precisions take the same side of every kink.
    pub margin: f64,
}

impl Bound {
    /// InfoNCE of parameters, part by part, on a batch.
    #[must_use]
    pub fn new(shape: Shape, parameters: &[Matrix], batch: &Batch) -> Self {
        Self::of(bound::AnyBound::InfoNce, &[], shape, parameters, batch)
    }

    /// Any bound, after batches whose [`denominator`](Self::denominator)s are given.
    #[must_use]
    pub fn of(
        bound: bound::AnyBound,
        before: &[f64],
        shape: Shape,
        parameters: &[Matrix],
        batch: &Batch,
    ) -> Self {
        let mut tape = Tape::default();
        let mut leaves = |m: &Matrix| -> Vec<Vec<Var>> {
            let mut row = |r: &Vec<f64>| r.iter().map(|&x| tape.leaf(x)).collect();
            m.iter().map(&mut row).collect()
        };
        let variables: Vec<_> = parameters.iter().map(&mut leaves).collect();
        let (v, e) = (leaves(&batch.v), leaves(&batch.e));
        let (one, minus) = (tape.leaf(1.0), tape.leaf(-1.0));
        let mut margin = f64::INFINITY;

        let mut network = |tape: &mut Tape,
                           activation: Activation,
                           layers: &[Vec<Vec<Var>>],
                           input: &[Var]|
         -> Vec<Var> {
            let mut x = input.to_vec();
            for (l, layer) in layers.iter().enumerate() {
                x.insert(0, one);
                let mut y = Vec::new();
                for o in 0..layer[0].len() {
                    let weights = layer.iter().map(|row| row[o]);
                    let terms: Vec<_> = x.iter().copied().zip(weights).collect();
                    let sum = tape.dot(terms.iter().copied());
                    if l + 1 == layers.len() {
                        y.push(sum);
                    } else {
                        let size = |(x, w)| (tape.value(x) * tape.value(w)).abs();
                        let sizes: f64 = terms.into_iter().map(size).sum();
                        // Only ReLU has a kink.
                        if activation == Activation::Relu {
                            margin = f64::min(margin, tape.value(sum).abs() / sizes);
                        }
                        y.push(activate(tape, activation, sum));
                    }
                }
                x = y;
            }
            x
        };
        let map_layers = match shape.has_map() {
            true => 1 + shape.map().len(),
            false => 1,
        };
        let mut h = Vec::new();
        for (k, v) in v.iter().enumerate() {
            let mut row = Vec::new();
            let mapped = match shape.has_map() {
                true => network(&mut tape, Activation::Relu, &variables[..map_layers], v),
                false => vec![],
            };
            for a in 0..shape.components() {
                let x = match mapped.get(a) {
                    Some(x) => *x,
                    None => {
                        let weights = variables[0].iter().map(|row| row[a]);
                        tape.dot(v.iter().copied().zip(weights))
                    }
                };
                row.push(match &batch.coarse {
                    Coarse::States { .. } => x,
                    Coarse::Continuous { noise } => {
                        let noise = tape.leaf(noise[k][a]);
                        tape.dot([(x, one), (noise, one)])
                    }
                    Coarse::Relaxed { epsilon, noise } => {
                        let noise = tape.leaf(noise[k][a]);
                        let scale = tape.leaf(0.5 / epsilon);
                        let y = tape.dot([(x, scale), (noise, scale)]);
                        tape.tanh(y)
                    }
                    Coarse::Sign => {
                        let x = tape.value(x);
                        assert!(x != 0.0, "a tie in row {k}");
                        tape.leaf(x.signum())
                    }
                });
            }
            if let Coarse::States {
                states,
                epsilon,
                noise,
            } = &batch.coarse
            {
                let noise = noise[k].chunks(*states);
                let groups = row.chunks(*states).zip(noise);
                row = groups
                    .flat_map(|(x, noise)| one_of(&mut tape, x, noise, *epsilon))
                    .collect();
            }
            h.push(row);
        }

        let (activation, layers) = (shape.activation(), shape.hidden().len() + 1);
        let critic = &variables[map_layers..];
        let scores = match shape.critic() {
            Critic::Separable | Critic::Moments => {
                let moments = shape.critic() == Critic::Moments;
                let (coarse, environment) = critic.split_at(if moments { 1 } else { layers });
                let mut u = vec![];
                for h in &h {
                    let mut read = h.clone();
                    if moments {
                        for (a, x) in h.iter().enumerate() {
                            read.extend(h[a..].iter().map(|y| tape.dot([(*x, *y)])));
                        }
                    }
                    u.push(network(&mut tape, activation, coarse, &read));
                }
                let v: Vec<_> = e
                    .iter()
                    .map(|e| network(&mut tape, activation, environment, e))
                    .collect();
                // The last outputs of TUBA: 1 and ln a(e), so that f − ln a is linear in both.
                let learned = bound == bound::AnyBound::Tuba;
                let score = |tape: &mut Tape, u: &[Var], v: &[Var]| {
                    let last = u.len() - 1;
                    let pairs = u.iter().zip(v).enumerate().map(|(i, (&u, &v))| match i {
                        i if i == last && learned => (minus, v),
                        _ => (u, v),
                    });
                    tape.dot(pairs)
                };
                columns(&mut tape, &v, &u, |tape, v, u| score(tape, u, v))
            }
            Critic::Concatenated => {
                // One first layer: its bias, rows for h, rows for e.
                let mut layers = vec![critic[1].clone()];
                layers[0].splice(1..1, critic[0].iter().cloned());
                layers.extend(critic[2..].iter().cloned());
                columns(&mut tape, &e, &h, |tape, e, h| {
                    network(tape, activation, &layers, &[h, e].concat())[0]
                })
            }
            Critic::Quadratic => {
                let [affine, by_h, by_m, constant] = critic else {
                    panic!("four parts");
                };
                let form = |tape: &mut Tape, w: &[Vec<Var>], x: &[Var]| {
                    let rows: Vec<_> = w
                        .iter()
                        .map(|row| tape.dot(row.iter().copied().zip(x.iter().copied())))
                        .collect();
                    tape.dot(x.iter().copied().zip(rows))
                };
                let m: Vec<_> = e
                    .iter()
                    .map(|e| network(&mut tape, activation, std::slice::from_ref(affine), e))
                    .collect();
                columns(&mut tape, &m, &h, |tape, m, h| {
                    let forms = [form(tape, by_h, h), form(tape, by_m, m)];
                    let linear = tape.dot(h.iter().copied().zip(m.iter().copied()));
                    let terms = [linear, forms[0], forms[1], constant[0][0]];
                    tape.dot(terms.map(|term| (term, one)))
                })
            }
        };
        let all = scores.iter().flatten().map(|&f| tape.value(f).abs());
        let largest_score = all.fold(0.0, f64::max);
        let others = |j: usize| (0..scores.len()).filter(move |&i| i != j);
        let pairs = (scores.len() * (scores.len() - 1)) as f64;
        let denominator = (0..scores.len())
            .flat_map(|j| others(j).map(move |i| (i, j)))
            .map(|(i, j)| tape.value(scores[j][i]).exp() / pairs)
            .sum::<f64>();

        let share = tape.leaf(1.0 / shape.batch() as f64);
        let mean = |tape: &mut Tape, terms: &[Var]| tape.dot(terms.iter().map(|&t| (t, share)));
        let (terms, climbed) = match bound {
            bound::AnyBound::InfoNce => {
                let ln_batch = tape.leaf((shape.batch() as f64).ln());
                let mut terms = vec![];
                for (j, column) in scores.iter().enumerate() {
                    let values = column.iter().map(|&f| tape.value(f));
                    // The logarithm of the sum does not depend on the constant that is taken off.
                    let top = tape.leaf(values.fold(f64::NEG_INFINITY, f64::max));
                    let sum = sum_of_powers(&mut tape, column, top);
                    let ln = tape.ln(sum);
                    terms.push(tape.dot([
                        (column[j], one),
                        (top, minus),
                        (ln, minus),
                        (ln_batch, one),
                    ]));
                }
                (terms, None)
            }
            _ => {
                // The average starts as a mean.
                let average =
                    (before.iter().sum::<f64>() + denominator) / (before.len() + 1) as f64;
                let ln_a = match bound {
                    bound::AnyBound::Nwj => 1.0,
                    bound::AnyBound::TubaConstant => average.ln(),
                    bound::AnyBound::DonskerVaradhan => denominator.ln(),
                    _ => 0.0,
                };
                let mut terms = |ln_a: f64| -> Vec<Var> {
                    let ln_a = tape.leaf(ln_a);
                    let part = tape.leaf(-1.0 / (scores.len() - 1) as f64);
                    let mut terms = vec![];
                    for (j, column) in scores.iter().enumerate() {
                        let rest: Vec<_> = others(j).map(|i| column[i]).collect();
                        let sum = sum_of_powers(&mut tape, &rest, ln_a);
                        let parts = [(column[j], one), (ln_a, minus), (one, one), (sum, part)];
                        terms.push(tape.dot(parts));
                    }
                    terms
                };
                let value = terms(ln_a);
                // With a held fast, the gradient of Donsker and Varadhan is that of TUBA.
                let climbed = match bound {
                    bound::AnyBound::DonskerVaradhan => terms(average.ln()),
                    bound::AnyBound::JensenShannon => {
                        let part = tape.leaf(-1.0 / (scores.len() - 1) as f64);
                        let mut terms = vec![];
                        for (j, column) in scores.iter().enumerate() {
                            let below = tape.dot([(column[j], minus)]);
                            let mut parts = vec![(softplus(&mut tape, below), minus)];
                            for i in others(j) {
                                parts.push((softplus(&mut tape, column[i]), part));
                            }
                            terms.push(tape.dot(parts));
                        }
                        terms
                    }
                    _ => value.clone(),
                };
                (value, Some(climbed))
            }
        };
        let climbed = climbed.map(|terms| mean(&mut tape, &terms));
        let mean = mean(&mut tape, &terms);
        let climbed = climbed.unwrap_or(mean);
        Bound {
            tape,
            variables,
            h,
            terms,
            mean,
            climbed,
            denominator,
            largest_score,
            margin,
        }
    }

    /// The mean of the terms.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.tape.value(self.mean)
    }

    /// The terms, one for each row of the batch.
    #[must_use]
    pub fn terms(&self) -> Vec<f64> {
        self.terms.iter().map(|&t| self.tape.value(t)).collect()
    }

    /// The mean of what is climbed: up to a constant the mean of the terms, but for Jensen–Shannon.
    #[must_use]
    pub fn climbed(&self) -> f64 {
        self.tape.value(self.climbed)
    }

    /// The gradients of what is climbed, part by part.
    #[must_use]
    pub fn gradients(&self) -> Vec<Matrix> {
        let gradient = self.tape.gradient(self.climbed);
        let row = |row: &Vec<Var>| row.iter().map(|&x| gradient[x.index()]).collect();
        let part = |part: &Vec<Vec<Var>>| part.iter().map(row).collect();
        self.variables.iter().map(part).collect()
    }

    /// The largest Σ_k |∂I/∂h_ka| of a component a.
    #[must_use]
    pub fn pull(&self) -> f64 {
        let gradient = self.tape.gradient(self.mean);
        let pull = |a: usize| {
            self.h
                .iter()
                .map(|row| gradient[row[a].index()].abs())
                .sum()
        };
        (0..self.h[0].len()).map(pull).fold(0.0, f64::max)
    }
}

/// F_ij, column by column.
fn columns(
    tape: &mut Tape,
    of_e: &[Vec<Var>],
    of_h: &[Vec<Var>],
    mut score: impl FnMut(&mut Tape, &[Var], &[Var]) -> Var,
) -> Vec<Vec<Var>> {
    of_e.iter()
        .map(|e| of_h.iter().map(|h| score(tape, e, h)).collect())
        .collect()
}

/// φ(x).
fn activate(tape: &mut Tape, activation: Activation, x: Var) -> Var {
    match activation {
        Activation::Relu => tape.relu(x),
        Activation::Tanh => tape.tanh(x),
        Activation::Elu if tape.value(x) > 0.0 => x,
        Activation::Elu => {
            let (one, minus) = (tape.leaf(1.0), tape.leaf(-1.0));
            let power = tape.exp(x);
            tape.dot([(power, one), (minus, one)])
        }
    }
}

/// Σ exp(f − c).
fn sum_of_powers(tape: &mut Tape, scores: &[Var], c: Var) -> Var {
    let (one, minus) = (tape.leaf(1.0), tape.leaf(-1.0));
    let powers: Vec<_> = scores
        .iter()
        .map(|&f| {
            let below = tape.dot([(f, one), (c, minus)]);
            tape.exp(below)
        })
        .collect();
    tape.dot(powers.into_iter().map(|p| (p, one)))
}

/// ln(1 + eˣ).
fn softplus(tape: &mut Tape, x: Var) -> Var {
    let zero = tape.leaf(0.0);
    let top = tape.leaf(tape.value(x).max(0.0));
    let one = tape.leaf(1.0);
    let sum = sum_of_powers(tape, &[zero, x], top);
    let ln = tape.ln(sum);
    tape.dot([(ln, one), (top, one)])
}

/// The scores f(h, e) of a critic without a learned baseline, from the parameters of a run: a row for
/// each e.
#[must_use]
pub fn scores(shape: Shape, parameters: &[Lane], h: &Matrix, e: &Matrix) -> Matrix {
    let all: Vec<Matrix> = parts(shape).iter().map(|p| p.read(parameters)).collect();
    let network = |layers: &[Matrix], input: &Vec<f64>| {
        let mut x = input.clone();
        for (l, layer) in layers.iter().enumerate() {
            let sum = |o: usize| {
                let products = x.iter().zip(&layer[1..]).map(|(x, row)| x * row[o]);
                layer[0][o] + products.sum::<f64>()
            };
            let y = (0..layer[0].len()).map(sum);
            x = match l + 1 == layers.len() {
                true => y.collect(),
                false => y.map(|y| y.max(0.0)).collect(),
            };
        }
        x
    };
    let (coarse, environment) = all[1..].split_at(shape.hidden().len() + 1);
    let u: Vec<_> = h.iter().map(|h| network(coarse, h)).collect();
    let dot = |u: &Vec<f64>, v: &[f64]| u.iter().zip(v).map(|(u, v)| u * v).sum();
    e.iter()
        .map(|e| {
            let v = network(environment, e);
            u.iter().map(|u| dot(u, &v)).collect()
        })
        .collect()
}
