//! The mean of InfoNCE with the optimal critic, and its deficit below the information.
//!
//! With the optimal critic f = ln r, r = p(h, e) / p(h) p(e), InfoNCE (van den Oord, Li and Vinyals,
//! arXiv 1807.03748) over batches of K pairs is on average
//!
//! ```text
//! I − Σ_e p(e) D(e),   D(e) = E ln (1/K) [ r(h_1, e) + Σ_{i=2..K} r(h_i, e) ]
//! ```
//!
//! with h_1 from p(h|e) and the other h_i from p(h). The second term is the deficit: all of I at
//! K = 1, about χ²/2K for large K with χ² = E_joint\[r\] − 1, and 0 as K → ∞.
//!
//! # Quadrature
//! The logarithm of a sum S > 0 of independent numbers, in units of its mean, is one integral,
//!
//! ```text
//! −E ln S = ∫_0^∞ (E e^{−tS} − e^{−t}) dt/t,
//! E e^{−tS} = E_{h_1} e^{−ts(h_1)} [ Σ_h p(h) e^{−ts(h)} ]^{K−1}
//! ```
//!
//! for any number of states and any K. With t = eˣ it is summed over equidistant x. By Jensen's
//! inequality the integrand is nowhere negative; it falls off as t² on one side and as e^{−tS} on the
//! other. It is analytic for |Im x| < π/2, and a step h has an error of |Γ(2πi/h)|, 5·10⁻¹⁸ for ¼.

use std::num::NonZeroU32;

use blockspin_core::num::math::{exp_m1_64, exp64, ln_1p_64, ln64};

use crate::information::NEGLIGIBLE;

const STEP: f64 = 0.25;

/// The sum ends at values of the integrand below this one.
const LEAST: f64 = 1e-18;

/// Most steps to either side: eˣ stays finite.
const STEPS: u32 = 2800;

/// E ln (1/K) Σ_i s(h_i) over a batch of K: h_1 has the probabilities `own`, the K − 1 others the
/// probabilities `law`, and s(h) are the `scores`, positive wherever `own` is. Each slice has one number
/// per state of h.
///
/// With the scores exp f(h, e) of any critic, p(h|e) as `own` and p(h) as `law`, this is the second
/// term of the mean of InfoNCE at one e.
#[must_use]
pub fn log_mean(batch: NonZeroU32, own: &[f64], law: &[f64], scores: &[f64]) -> f64 {
    let others = f64::from(batch.get() - 1);
    let states = own.iter().zip(law).zip(scores);
    let sum: f64 = states.map(|((own, p), s)| (own + others * p) * s).sum();
    // ln Σ_h p(h) e^−ts(h), computed from the sum minus 1 where the sum is near 1.
    let ln_sum = |p: &[f64], t: f64| {
        let sum_of = |power: fn(f64) -> f64| {
            let terms = p.iter().zip(scores);
            terms.map(|(p, s)| p * power(-t * (s / sum))).sum::<f64>()
        };
        let less = sum_of(exp_m1_64);
        match less > -0.5 {
            true => ln_1p_64(less),
            false => ln64(sum_of(exp64)),
        }
    };
    let integrand = |x: f64| {
        let t = exp64(x);
        let mut power = ln_sum(own, t);
        if others > 0.0 {
            power += others * ln_sum(law, t);
        }
        match t < 1.0 {
            true => exp_m1_64(power) - exp_m1_64(-t),
            false => exp64(power) - exp64(-t),
        }
    };
    let side = |sign: f64| {
        let mut side = 0.0;
        for step in 1..=STEPS {
            let value = integrand(sign * STEP * f64::from(step));
            side += value;
            if value.is_nan() || value < LEAST {
                break;
            }
        }
        side
    };
    let all = side(-1.0) + integrand(0.0) + side(1.0);
    ln64(sum / f64::from(batch.get())) - STEP * all
}

/// p(e) D(e), from p(h, e) of every h at this e, and p(h).
pub(crate) fn deficit(batch: NonZeroU32, p_e: f64, joint: &[f64], law: &[f64]) -> f64 {
    if p_e.is_nan() || p_e <= NEGLIGIBLE {
        return 0.0;
    }
    let (mut own, mut ratios) = (vec![0.0; law.len()], vec![0.0; law.len()]);
    let states = own.iter_mut().zip(&mut ratios);
    for ((own, ratio), (joint, p)) in states.zip(joint.iter().zip(law)) {
        if *joint > NEGLIGIBLE {
            *own = joint / p_e;
            *ratio = *own / p;
        }
    }
    p_e * log_mean(batch, &own, law, &ratios)
}

#[cfg(test)]
mod tests {
    use super::*;
    use blockspin_core::num::rng::{Purpose, Stream};

    fn at(batch: u32, own: &[f64], law: &[f64], scores: &[f64]) -> f64 {
        log_mean(NonZeroU32::new(batch).unwrap(), own, law, scores)
    }

    /// Two states: the number of negatives in the first state is binomial.
    fn binomial(batch: u32, own: [f64; 2], law: [f64; 2], scores: [f64; 2]) -> f64 {
        let others = batch - 1;
        // ln C(n, k) pᵏ q^(n−k) by a recursion.
        let mut log = f64::from(others) * ln64(law[1]);
        let (mut sum, mut all) = (0.0, 0.0);
        for k in 0..=others {
            all += exp64(log);
            let rest = f64::from(k) * scores[0] + f64::from(others - k) * scores[1];
            for (own, score) in own.iter().zip(scores) {
                if *own > 0.0 {
                    sum += own * exp64(log) * ln64((score + rest) / f64::from(batch));
                }
            }
            let [n, k] = [f64::from(others - k), f64::from(k + 1)];
            log += ln64(n / k) + ln64(law[0]) - ln64(law[1]);
        }
        sum / all
    }

    #[test]
    fn the_integral_is_the_binomial_sum() {
        let mut worst = 0.0f64;
        for batch in [1, 2, 3, 10, 100, 1000, 16384] {
            for p in [0.5, 0.1, 0.999] {
                for given in [0.5, 0.1, 0.9, 1e-9, 0.0, 1.0] {
                    let (own, law) = ([given, 1.0 - given], [p, 1.0 - p]);
                    let ratios = [given / p, (1.0 - given) / (1.0 - p)];
                    for scores in [ratios, [3.0, 0.2], [1e-4, 40.0]] {
                        // A sum of zeros has no logarithm.
                        let scores = scores.map(|s| if s > 0.0 { s } else { 1e-3 });
                        let got = at(batch, &own, &law, &scores);
                        let want = binomial(batch, own, law, scores);
                        worst = worst.max((got - want).abs());
                        assert!(
                            (got - want).abs() < 1e-12,
                            "{batch} {own:?} {law:?} {scores:?}: {got} {want}"
                        );
                    }
                }
            }
        }
        println!("off by {worst:.1e} at most");
    }

    #[test]
    fn limits_of_the_batch() {
        let law = [0.2, 0.5, 0.05, 0.25];
        let own = [0.6, 0.1, 0.2, 0.1];
        let ratios: Vec<f64> = own.iter().zip(law).map(|(own, p)| own / p).collect();
        let gain: f64 = own.iter().zip(&ratios).map(|(p, r)| p * ln64(*r)).sum();
        assert!((at(1, &own, &law, &ratios) - gain).abs() < 1e-14);
        let chi: f64 = own.iter().zip(&ratios).map(|(p, r)| p * r).sum::<f64>() - 1.0;
        let mut last = gain;
        for batch in [2, 10, 100, 10_000, 1_000_000, u32::MAX] {
            let d = at(batch, &own, &law, &ratios);
            assert!(0.0 < d && d < last, "{batch}: {d} {last}");
            last = d;
            let k = f64::from(batch);
            // The variance of the mean is χ²/K as well, to leading order; here over all K.
            let leading = chi / (2.0 * k);
            assert!(
                batch < 100 || (d / leading - 1.0).abs() < 20.0 / k + 1e-6,
                "{d} {leading}"
            );
        }
        // An h independent of e, and a critic shifted by a constant.
        assert!(at(100, &law, &law, &[1.0; 4]).abs() < 1e-15);
        assert!((at(100, &law, &law, &[7.0; 4]) - ln64(7.0)).abs() < 1e-15);
    }

    /// Random batches, with scores of many magnitudes.
    #[test]
    fn the_integral_is_the_mean_of_many_batches() {
        let (own, law) = ([0.1, 0.2, 0.7], [0.5, 0.3, 0.2]);
        let scores = [0.01, 1.0, 30.0];
        let mut stream = Stream::new(5, 0, Purpose::Sample);
        let mut draw = |p: [f64; 3]| {
            let u = f64::from(stream.uniform());
            scores[usize::from(u >= p[0]) + usize::from(u >= p[0] + p[1])]
        };
        for batch in [2, 9] {
            let (n, mut sum, mut squares) = (200_000, 0.0, 0.0);
            for _ in 0..n {
                let total = draw(own) + (1..batch).map(|_| draw(law)).sum::<f64>();
                let ln = ln64(total / f64::from(batch));
                sum += ln;
                squares += ln * ln;
            }
            let mean = sum / f64::from(n);
            let error = ((squares / f64::from(n) - mean * mean) / f64::from(n)).sqrt();
            let exact = at(batch, &own, &law, &scores);
            assert!(
                (mean - exact).abs() < 4.0 * error,
                "{mean} ± {error}, {exact}"
            );
        }
    }
}
