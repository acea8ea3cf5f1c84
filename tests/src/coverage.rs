//! What a trained critic is worth, exactly: the expectation of the figure that its run reports.

use std::num::NonZeroU32;

use blockspin::data::filters::Filters;
use blockspin::run::Setup;
use blockspin_core::bound::AnyBound as Bound;
use blockspin_core::encoder::AnyEncoder as Encoder;
use blockspin_core::num::bits::{sign, words};
use blockspin_core::num::lane::Lane;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::window::shuffle_buffer::Cut as _;
use blockspin_exact::infonce::log_mean;

use crate::reference::{Matrix, scores};
use crate::runs::Case;

/// The joint law of V and E in a window.
#[derive(Clone, Debug)]
pub struct Law {
    v: Matrix,
    e: Matrix,
    /// p(v, e), a row for each v.
    p: Matrix,
}

/// All configurations of n spins, spin i up where bit i is set.
fn configurations(n: usize) -> Matrix {
    let spin = |c: usize, i: usize| if c >> i & 1 == 1 { 1.0 } else { -1.0 };
    (0..1 << n)
        .map(|c| (0..n).map(|i| spin(c, i)).collect())
        .collect()
}

/// The number of a configuration.
fn number(packed: &[u32], n: usize) -> usize {
    (0..n).map(|i| usize::from(sign(packed, i) > 0) << i).sum()
}

impl Law {
    /// Of a lattice of up to 32 sites, configuration by configuration, each cut as a run cuts it.
    #[must_use]
    pub fn enumerate(case: &Case) -> Self {
        let (lattice, k) = (case.lattice(), case.coupling / case.temperature);
        let window = case.window().with_corner(&vec![0; case.sides.len()]);
        let window = window.expect("a place");
        let (block, environment) = window.parts();
        let mut p = vec![vec![0.0; 1 << environment]; 1 << block];
        let (mut v, mut e) = (vec![0; words(block)], vec![0; words(environment)]);
        let mut stream = Stream::new(1, 0, Purpose::Windows);
        let mut z = 0.0;
        for c in 0..1u32 << lattice.sites() {
            // Every bond from both of its ends.
            let bonds = (0..lattice.sites() as u32).flat_map(|site| {
                let neighbours = lattice.neighbours(site);
                neighbours
                    .into_iter()
                    .map(move |other| sign(&[c], site as usize) * sign(&[c], other as usize))
            });
            let weight = (0.5 * k * f64::from(bonds.sum::<i32>())).exp();
            window.cut(&[c], &mut stream, &mut v, &mut e);
            p[number(&v, block)][number(&e, environment)] += weight;
            z += weight;
        }
        p.iter_mut().flatten().for_each(|p| *p /= z);
        Law {
            v: configurations(block),
            e: configurations(environment),
            p,
        }
    }

    /// Of a ring of any length with an environment of a site on each side: between spins n bonds
    /// apart goes the nth power of the transfer matrix, proportional to 1 + s s′ tanhⁿ K.
    #[must_use]
    pub fn ring(case: &Case) -> Self {
        assert_eq!((case.sides.len(), case.environment), (1, 1));
        let tanh = (case.coupling / case.temperature).tanh();
        let link = |s: f64, t: f64, n: u32| 1.0 + s * t * tanh.powi(n as i32);
        let (block, near) = (case.block[0], case.buffer + 1);
        let far = case.sides[0] - (block - 1) - 2 * near;
        let (v, e) = (configurations(block as usize), configurations(2));
        let weight = |v: &Vec<f64>, e: &Vec<f64>| {
            let inside: f64 = v.windows(2).map(|pair| link(pair[0], pair[1], 1)).product();
            let last = v[v.len() - 1];
            inside * link(e[0], v[0], near) * link(last, e[1], near) * link(e[1], e[0], far)
        };
        let mut p: Matrix = v
            .iter()
            .map(|v| e.iter().map(|e| weight(v, e)).collect())
            .collect();
        let z: f64 = p.iter().flatten().sum();
        p.iter_mut().flatten().for_each(|p| *p /= z);
        Law { v, e, p }
    }

    /// That of one binary component and E.
    ///
    /// # Panics
    /// For several components, and for signs that rounding decides.
    #[must_use]
    pub fn coarse(&self, filter: &Filters, encoder: Encoder) -> Coarse {
        assert_eq!(filter.count(), 1);
        let mut p = vec![vec![0.0; self.e.len()]; 2];
        for (v, row) in self.v.iter().zip(&self.p) {
            let weights = filter.weights().iter().map(|w| f64::from(*w));
            let x: f64 = weights.zip(v).map(|(w, v)| w * v).sum();
            // Where rounding decides, the core has an order of its own.
            let decided = x == 0.0 || x.abs() > 1e-5 * f64::from(filter.largest());
            assert!(decided || encoder != Encoder::Sign, "{x} is nearly a tie");
            let up = match encoder {
                Encoder::Sign if x == 0.0 => 0.5,
                Encoder::Sign => f64::from(u8::from(x > 0.0)),
                _ => 1.0 / (1.0 + (-x).exp()),
            };
            for (e, w) in row.iter().enumerate() {
                p[0][e] += (1.0 - up) * w;
                p[1][e] += up * w;
            }
        }
        Coarse {
            of_h: p.iter().map(|row| row.iter().sum()).collect(),
            of_e: (0..self.e.len()).map(|e| p[0][e] + p[1][e]).collect(),
            p,
        }
    }

    /// The scores f(h, e) of the critic of a run, a row for each e.
    #[must_use]
    pub fn scores(&self, settings: &Setup, parameters: &[Lane]) -> Matrix {
        let h = vec![vec![-1.0], vec![1.0]];
        scores(settings.shape, parameters, &h, &self.e)
    }
}

/// The joint law of H and E.
#[derive(Clone, Debug)]
pub struct Coarse {
    /// p(h, e), a row for each h.
    p: Matrix,
    of_h: Vec<f64>,
    of_e: Vec<f64>,
}

impl Coarse {
    fn pairs(&self) -> impl Iterator<Item = (usize, usize, f64)> + '_ {
        let rows = self.p.iter().enumerate();
        rows.flat_map(|(h, row)| row.iter().enumerate().map(move |(e, p)| (h, e, *p)))
    }

    /// ln r, a row for each e.
    #[must_use]
    pub fn ratios(&self) -> Matrix {
        let ln = |h: usize, e: usize| (self.p[h][e] / self.of_h[h] / self.of_e[e]).ln();
        (0..self.of_e.len())
            .map(|e| (0..self.of_h.len()).map(|h| ln(h, e)).collect())
            .collect()
    }

    /// I(H:E).
    #[must_use]
    pub fn information(&self) -> f64 {
        let f = self.ratios();
        let terms = self.pairs().filter(|(.., p)| *p > 0.0);
        terms.map(|(h, e, p)| p * f[e][h]).sum()
    }

    /// The mean of a bound over all batches of K, with the scores of a critic.
    ///
    /// That of Donsker and Varadhan has −E ln m, m the mean of exp f over the batch's pairs i ≠ j:
    /// −ln E m + Var\[m\]/2(E m)², up to terms of 1/K².
    #[must_use]
    pub fn mean(&self, bound: Bound, batch: usize, f: &Matrix) -> f64 {
        let joint: f64 = self.pairs().map(|(h, e, p)| p * f[e][h]).sum();
        let power = |h: usize, e: usize| f[e][h].exp();
        let apart: f64 = self
            .pairs()
            .map(|(h, e, _)| self.of_h[h] * self.of_e[e] * power(h, e))
            .sum();
        match bound {
            Bound::InfoNce => {
                let batch = NonZeroU32::new(batch as u32).expect("a batch");
                let column = |e: usize| {
                    let own: Vec<f64> = self.p.iter().map(|row| row[e] / self.of_e[e]).collect();
                    let powers: Vec<f64> = (0..own.len()).map(|h| power(h, e)).collect();
                    self.of_e[e] * log_mean(batch, &own, &self.of_h, &powers)
                };
                joint - (0..f.len()).map(column).sum::<f64>()
            }
            Bound::Nwj => joint - apart / 1f64.exp(),
            Bound::DonskerVaradhan => {
                joint - apart.ln() + 0.5 * self.variance(batch, power) / (apart * apart)
            }
            other => panic!("{other}: no expectation is written down"),
        }
    }

    /// The variance of the mean of s(h_i, e_j) over i ≠ j, a U-statistic of pairs (Hoeffding 1948).
    fn variance(&self, batch: usize, s: impl Fn(usize, usize) -> f64) -> f64 {
        let values = self.of_h.len();
        // Given one pair (h, e): half of s(h, ·) and half of s(·, e).
        let by_h: Vec<f64> = (0..values)
            .map(|h| (0..self.of_e.len()).map(|e| self.of_e[e] * s(h, e)).sum())
            .collect();
        let by_e: Vec<f64> = (0..self.of_e.len())
            .map(|e| (0..values).map(|h| self.of_h[h] * s(h, e)).sum())
            .collect();
        let mean: f64 = (0..values).map(|h| self.of_h[h] * by_h[h]).sum();
        let one: f64 = self
            .pairs()
            .map(|(h, e, p)| p * (0.5 * (by_h[h] + by_e[e]) - mean).powi(2))
            .sum();
        // Given both, ¼ E (s(h, e′) + s(h′, e))²; the product needs p(e|h) summed with s.
        let squares: f64 = self
            .pairs()
            .map(|(h, e, _)| self.of_h[h] * self.of_e[e] * s(h, e).powi(2))
            .sum();
        let cross = |h: usize, other: usize| -> f64 {
            let e = 0..self.of_e.len();
            e.map(|e| self.p[h][e] * s(other, e)).sum()
        };
        let product: f64 = (0..values)
            .flat_map(|h| (0..values).map(move |other| (h, other)))
            .map(|(h, other)| cross(h, other) * cross(other, h))
            .sum();
        let two = 0.5 * (squares + product) - mean * mean;
        let k = batch as f64;
        2.0 / (k * (k - 1.0)) * (2.0 * (k - 2.0) * one + two)
    }
}
