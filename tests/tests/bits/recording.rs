//! What `firmware/data/sensor.bin` holds: the physical process that was simulated, and its law.
//!
//! A plate of 8 × 8 cells that exchange heat with their neighbours, lose it to the surroundings, and
//! are heated and cooled at random; its borders are insulated:
//!
//! ```text
//! ∂φ/∂t = −A φ + √2 ξ,   A = −Δ + m²,   ⟨ξ_x(t) ξ_y(t')⟩ = δ_xy δ(t − t')
//! ```
//!
//! The modes of Δ on the open grid are products of cosines, each an Ornstein–Uhlenbeck process of
//! rate λ_k and variance 1/λ_k, which is followed exactly from frame to frame; the uniform mode, with
//! λ = m², is the slowest. In the steady state φ is normal with covariance A⁻¹. A sensor in every
//! cell adds noise of its own, its own offset, and rounds to an i8.

use std::f64::consts::{LN_2, PI, SQRT_2, TAU};

use blockspin_core::num::math::{erf64, exp64, ln64, sin64, sqrt64};
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_tests::gaussian;

use super::sensor::{BLOCK, Frame, MARGIN, SENSORS};

pub(crate) const FRAMES: usize = 4096;
const SIDE: usize = super::sensor::SIDE as usize;
/// m²: the field is correlated over 1/m = 4.5 cells.
const LOSS: f64 = 0.05;
/// Time between frames: the uniform mode decays by e^(−1/4).
const INTERVAL: f64 = 5.0;
/// Variance of a sensor's noise, beside some 0.8 of the field.
const NOISE: f64 = 0.05;
/// Counts for a unit of the field.
const GAIN: f64 = 30.0;
/// Offsets of the sensors, in counts, are within this.
const OFFSET: u32 = 20;
const SEED: u64 = 1;

/// Mode n of an open line at cell x.
fn cosine(n: usize, x: usize) -> f64 {
    let norm = if n == 0 { 1.0 } else { SQRT_2 } / sqrt64(SIDE as f64);
    norm * sin64(PI * (0.5 + n as f64 * (x as f64 + 0.5) / SIDE as f64))
}

/// λ of mode i, by rows.
fn rate(i: usize) -> f64 {
    [i / SIDE, i % SIDE].iter().fold(LOSS, |sum, n| {
        let sine = sin64(PI * *n as f64 / (2 * SIDE) as f64);
        sum + 4.0 * sine * sine
    })
}

/// The recording, the same bytes on every machine.
pub(crate) fn record() -> Vec<Frame> {
    // A field of mass 1 on one site is a standard normal number.
    let mut normal = gaussian::samples(&[1], 1.0, 2 * SENSORS * FRAMES, SEED).into_iter();
    let mut normal = || f64::from(normal.next().expect("two for each sensor and frame")[0]);
    let mut stream = Stream::new(SEED, 0, Purpose::Parameters);
    let offsets: [f64; SENSORS] =
        std::array::from_fn(|_| f64::from(stream.below(2 * OFFSET + 1)) - f64::from(OFFSET));
    let rates: [f64; SENSORS] = std::array::from_fn(rate);
    let modes: [[f64; SIDE]; SIDE] = std::array::from_fn(|n| std::array::from_fn(|x| cosine(n, x)));
    let mut amplitudes = [0.0; SENSORS];
    let frame = |t| {
        for (amplitude, rate) in amplitudes.iter_mut().zip(rates) {
            let kept = if t == 0 { 0.0 } else { exp64(-rate * INTERVAL) };
            *amplitude = kept * *amplitude + sqrt64((1.0 - kept * kept) / rate) * normal();
        }
        let by_rows: [f64; SENSORS] = std::array::from_fn(|i| {
            (0..SIDE)
                .map(|n| amplitudes[i / SIDE * SIDE + n] * modes[n][i % SIDE])
                .sum()
        });
        std::array::from_fn(|i| {
            let field: f64 = (0..SIDE)
                .map(|n| by_rows[n * SIDE + i % SIDE] * modes[n][i / SIDE])
                .sum();
            let value = field + sqrt64(NOISE) * normal();
            // The cast saturates.
            ((offsets[i] + GAIN * value + 0.5).floor() as i8).cast_unsigned()
        })
    };
    (0..FRAMES).map(frame).collect()
}

/// Covariance of two sensors in counts squared; `frames` later, if not 0.
///
/// Rounding counts as noise of variance 1/12: it is that within e^(−2π² σ²) for a σ of many counts.
pub(crate) fn covariance(a: usize, b: usize, frames: u32) -> f64 {
    let field: f64 = (0..SENSORS)
        .map(|i| {
            let mode = |site: usize| cosine(i / SIDE, site / SIDE) * cosine(i % SIDE, site % SIDE);
            mode(a) * mode(b) * exp64(-rate(i) * INTERVAL * f64::from(frames)) / rate(i)
        })
        .sum();
    let alone = if a == b && frames == 0 {
        NOISE * GAIN * GAIN + 1.0 / 12.0
    } else {
        0.0
    };
    field * GAIN * GAIN + alone
}

/// Informations in nats, means over all places of the window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exact {
    /// I(h:E) of h = sign Λ·v.
    pub(crate) sign: f64,
    /// What the frames at hand say of it: the mean of ln p(h|e)/p(h) over them, by the exact law.
    pub(crate) sample: f64,
    /// I(V:E).
    pub(crate) block: f64,
}

/// The exact informations, of a filter on values of mean 0 and variance 1.
///
/// With several places they are conditioned on the place. h being ±1 with probability ½ at every
/// place, a critic that is not told the place has at most as much.
pub(crate) fn exact(filter: [f64; 4], frames: &[[f64; SENSORS]]) -> Exact {
    let (margin, block) = (MARGIN as usize, BLOCK as usize);
    let window = block + 4 * margin;
    let places = SIDE - window + 1;
    let mut mean = Exact {
        sign: 0.0,
        sample: 0.0,
        block: 0.0,
    };
    for place in 0..places * places {
        let (mut v, mut all) = (vec![], vec![]);
        for i in 0..window * window {
            let (y, x) = (i / window, i % window);
            let depth = y.min(window - 1 - y).min(x).min(window - 1 - x);
            let site = (place / places + y) * SIDE + place % places + x;
            if depth < margin {
                all.push(site);
            } else if depth >= 2 * margin {
                v.push(site);
            }
        }
        let environment = all.len();
        all.extend(&v);
        let mut of_block = correlations(&v);
        let total = quadratic(&of_block, filter);
        let block = eliminate(&mut of_block, v.len());
        // Once E is eliminated, the block's rows are the covariance of V given E, and frames in
        // further columns have become V − E[V|E].
        let mut joint = correlations(&all);
        for (row, site) in joint.iter_mut().zip(&all) {
            row.extend(frames.iter().map(|frame| frame[*site]));
        }
        eliminate(&mut joint, environment);
        let rows = &joint[environment..];
        let column = |i: usize| {
            rows.iter()
                .zip(filter)
                .map(|(row, w)| w * row[i])
                .sum::<f64>()
        };
        let mut given: Vec<Vec<f64>> = rows
            .iter()
            .map(|row| row[environment..all.len()].to_vec())
            .collect();
        let kept = quadratic(&given, filter);
        let sample = frames.iter().enumerate().map(|(i, frame)| {
            let logit: f64 = v.iter().zip(filter).map(|(site, w)| w * frame[*site]).sum();
            let expected = logit - column(all.len() + i);
            let towards = if logit > 0.0 { expected } else { -expected };
            ln64(1.0 + erf64(towards / sqrt64(2.0 * kept)))
        });
        let share = 1.0 / (places * places) as f64;
        mean.sample += share * sample.sum::<f64>() / frames.len() as f64;
        mean.sign += share * of_sign(sqrt64((total - kept) / kept));
        mean.block += share * 0.5 * (block - eliminate(&mut given, v.len()));
    }
    mean
}

/// Frames less the mean of each sensor, over its exact deviation.
pub(crate) fn normalised(frames: &[Frame]) -> Vec<[f64; SENSORS]> {
    let count = |frame: &Frame, i: usize| f64::from(frame[i].cast_signed());
    let laws: [(f64, f64); SENSORS] = std::array::from_fn(|i| {
        let sum: f64 = frames.iter().map(|frame| count(frame, i)).sum();
        (sum / frames.len() as f64, sqrt64(covariance(i, i, 0)))
    });
    let value = |frame: &Frame, i: usize| (count(frame, i) - laws[i].0) / laws[i].1;
    let normalise = |frame| std::array::from_fn(|i| value(frame, i));
    frames.iter().map(normalise).collect()
}

fn correlations(sites: &[usize]) -> Vec<Vec<f64>> {
    let deviation = |a| sqrt64(covariance(a, a, 0));
    let row = |a: &usize| {
        sites
            .iter()
            .map(|b| covariance(*a, *b, 0) / (deviation(*a) * deviation(*b)))
            .collect()
    };
    sites.iter().map(row).collect()
}

/// Λᵀ M Λ.
fn quadratic(matrix: &[Vec<f64>], filter: [f64; 4]) -> f64 {
    let dot = |row: &Vec<f64>| row.iter().zip(filter).map(|(a, b)| a * b).sum::<f64>();
    matrix
        .iter()
        .zip(filter)
        .map(|(row, weight)| weight * dot(row))
        .sum()
}

/// Eliminates the first `count` variables; the logarithm of their determinant.
fn eliminate(matrix: &mut [Vec<f64>], count: usize) -> f64 {
    let mut sum = 0.0;
    for p in 0..count {
        let (done, rest) = matrix.split_at_mut(p + 1);
        let pivot = &done[p];
        sum += ln64(pivot[p]);
        for row in rest {
            let factor = row[p] / pivot[p];
            row.iter_mut()
                .zip(pivot)
                .for_each(|(x, y)| *x -= factor * y);
        }
    }
    sum
}

/// I(h:E) of the sign of a normal variable whose mean, given E, has `ratio` times its own deviation:
/// the mean of ln 2 − H₂, by equidistant points, as in `blockspin_exact`.
fn of_sign(ratio: f64) -> f64 {
    let step = 0.125;
    let term = |i: i32| {
        let z = step * f64::from(i);
        let e = erf64(ratio * z / SQRT_2);
        let surprise = |p: f64| if p > 0.0 { p * (LN_2 + ln64(p)) } else { 0.0 };
        exp64(-0.5 * z * z) / sqrt64(TAU) * (surprise(0.5 * (1.0 + e)) + surprise(0.5 * (1.0 - e)))
    };
    step * (-80..=80).map(term).sum::<f64>()
}
