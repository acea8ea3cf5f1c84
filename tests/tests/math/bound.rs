//! Bounds through the public step: the reference, large scores, nothing known; and of InfoNCE the
//! ceiling, its symmetries, its deficit.

use blockspin_core::bound;
use blockspin_core::bound::infonce::{ceiling, deficit};
use blockspin_core::critic::AnyCritic;
use blockspin_core::encoder::AnyEncoder as Encoder;
use blockspin_core::num::bits::{bit, flip, set, words};
use blockspin_core::num::lane::Lane;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::rsmi::{Learn, Rsmi};
use blockspin_core::shape::Shape;
use blockspin_tests::problem::{Buffers, CASES, Case, fill};
use blockspin_tests::reference::{Batch, Bound, Coarse, layer_of_e, parts};
use blockspin_tests::tiles::Tiling;
use blockspin_tests::tolerance;

fn encoders(case: &Case) -> Vec<Encoder> {
    [case.learnable(), case.discrete()].concat()
}

fn evaluate(case: &Case, rsmi: &mut Rsmi, encoder: Encoder) -> Vec<f32> {
    Tiling::Portable.evaluate(rsmi, encoder, &mut case.noise())
}

fn mean(terms: &[f32]) -> f64 {
    terms.iter().map(|&t| f64::from(t)).sum::<f64>() / terms.len() as f64
}

#[test]
fn terms_follow_the_reference() {
    let mut worst = 0.0_f64;
    for case in CASES {
        let shape = case.shape();
        let mut buffers = Buffers::new(shape);
        let mut rsmi = case.start(&mut buffers);
        let parts = parts(shape);
        let parameters: Vec<_> = parts.iter().map(|p| p.read(rsmi.parameters())).collect();
        for encoder in encoders(case) {
            if encoder == Encoder::Sigmoid {
                continue;
            }
            let coarse = Coarse::of(encoder, shape, &case.noise());
            let batch = Batch::read(&mut rsmi, coarse);
            let bound = Bound::new(shape, &parameters, &batch);
            let terms = evaluate(case, &mut rsmi, encoder);
            for (got, want) in terms.iter().zip(bound.terms()) {
                let error = (f64::from(*got) - want).abs() / (1.0 + bound.largest_score);
                worst = worst.max(error);
                assert!(
                    error < tolerance::TERM,
                    "{case:?}, {encoder:?}: {got} for {want}"
                );
            }
        }
    }
    println!("worst term: {worst:.1e}");
}

#[test]
fn a_step_reports_the_mean_of_the_terms() {
    for case in CASES {
        let mut buffers = Buffers::new(case.shape());
        let mut rsmi = case.start(&mut buffers);
        for encoder in encoders(case) {
            let terms = evaluate(case, &mut rsmi, encoder);
            let value = Tiling::Portable.differentiate(&mut rsmi, encoder, &mut case.noise());
            assert_eq!(value, terms.iter().sum::<f32>() / terms.len() as f32);
        }
    }
}

/// After one step of the same batch, so that averages over batches are those of the batch.
#[test]
fn terms_of_every_bound_follow_the_reference() {
    for kind in bound::AnyBound::ALL {
        let mut worst = 0.0_f64;
        for case in CASES {
            let case = &case.with_outputs(kind);
            let shape = case.shape();
            let mut buffers = Buffers::new(shape);
            let mut rsmi = case.start(&mut buffers).with_bound(kind);
            let parameters: Vec<_> = parts(shape)
                .iter()
                .map(|part| part.read(rsmi.parameters()))
                .collect();
            let batch = Batch::read(&mut rsmi, Coarse::Sign);
            let bound = Bound::of(kind, &[], shape, &parameters, &batch);
            let step = Tiling::Wide.differentiate(&mut rsmi, Encoder::Sign, &mut case.noise());
            let terms = evaluate(case, &mut rsmi, Encoder::Sign);
            assert_eq!(step, terms.iter().sum::<f32>() / terms.len() as f32);
            for (got, want) in terms.iter().zip(bound.terms()) {
                // The error of a power is relative.
                let error = (f64::from(*got) - want).abs() / (1.0 + want.abs());
                let error = error / (1.0 + bound.largest_score);
                worst = worst.max(error);
                assert!(
                    error < tolerance::TERM,
                    "{kind:?}, {case:?}: {got} for {want}"
                );
            }
        }
        println!("{kind:?}: worst term {worst:.1e}");
    }
}

/// However large the parameters, below what overflows in the sums of the networks: terms up to a
/// million times the usual, gradients, which have products of all layers, up to a thousand times.
#[test]
fn every_bound_is_finite_for_finite_scores() {
    for kind in bound::AnyBound::ALL {
        for case in CASES {
            let case = &case.with_outputs(kind);
            for scale in [1e1, 1e2, 1e3, 1e4, 1e5, 1e6] {
                let mut buffers = Buffers::new(case.shape());
                let mut rsmi = case.start(&mut buffers).with_bound(kind);
                for lane in rsmi.parameters_mut() {
                    lane.0 = lane.0.map(|p| p * scale);
                }
                for encoder in encoders(case) {
                    // A continuous h is one more layer.
                    let most = if matches!(encoder, Encoder::Continuous { .. }) {
                        1e2
                    } else {
                        1e3
                    };
                    let terms = evaluate(case, &mut rsmi, encoder);
                    let value = Tiling::Wide.differentiate(&mut rsmi, encoder, &mut case.noise());
                    let mut gradients = rsmi.gradients().iter().flat_map(|lane| lane.0);
                    assert!(
                        value.is_finite()
                            && terms.iter().all(|term| term.is_finite())
                            && (gradients.all(|g| g.is_finite()) || scale > most),
                        "{kind:?}, {case:?} times {scale:e}, {encoder:?}: {value}"
                    );
                }
            }
        }
    }
}

/// However large the parameters: up to a million times the usual every term is finite; beyond, sums
/// may overflow, and then say so rather than give a number above the ceiling.
#[test]
fn no_batch_is_worth_more_than_its_ceiling() {
    let mut worst = f64::NEG_INFINITY;
    for case in CASES {
        let shape = case.shape();
        let most = ceiling(shape.batch());
        assert_eq!(most, (shape.batch() as f64).ln());
        for scale in [1.0, 1e1, 1e3, 1e5, 1e6, 1e7, 1e9, 1e12, 1e20, 1e30] {
            let mut buffers = Buffers::new(shape);
            let mut rsmi = case.start(&mut buffers);
            for lane in rsmi.parameters_mut() {
                lane.0 = lane.0.map(|p| p * scale);
            }
            for encoder in encoders(case) {
                for term in evaluate(case, &mut rsmi, encoder) {
                    assert!(
                        term.is_finite() || scale > 1e6,
                        "{case:?} times {scale:e}, {encoder:?}: {term}"
                    );
                    if term.is_finite() {
                        worst = worst.max(f64::from(term) - most);
                    }
                    assert!(
                        worst < tolerance::CEILING,
                        "{case:?} times {scale:e}, {encoder:?}: {term} nats of {most}"
                    );
                }
            }
        }
    }
    println!("worst above the ceiling: {worst:.1e}");
}

/// Far beyond any rate that learns.
#[test]
fn steps_stay_finite_at_absurd_rates() {
    let kinds = bound::AnyBound::ALL;
    for (case, kind) in CASES.iter().flat_map(|case| kinds.map(|kind| (case, kind))) {
        let case = &case.with_outputs(kind);
        for encoder in case.learnable() {
            let mut buffers = Buffers::new(case.shape());
            let mut rsmi = case.start(&mut buffers).with_bound(kind);
            let mut stream = case.noise();
            // Powers of scores are larger than InfoNCE's shares of them.
            let most = if kind == bound::AnyBound::InfoNce {
                1e3
            } else {
                1.0
            };
            for rate in [1.0, most, most, 1.0, 1e-3, 1e-3] {
                let about = format!("{kind:?}, {case:?}, {encoder:?} at rate {rate:e}");
                let value = Tiling::Wide.step(&mut rsmi, encoder, Learn::All, rate, &mut stream);
                assert!(value.is_finite(), "{about}: {value}");
                let finite = |lane: &Lane| lane.0.iter().all(|x| x.is_finite());
                assert!(rsmi.gradients().iter().all(finite), "{about}");
                assert!(rsmi.parameters().iter().all(finite), "{about}");
            }
        }
    }
}

#[test]
fn a_critic_of_zeros_is_worth_exactly_nothing() {
    for case in CASES {
        let shape = case.shape();
        let mut buffers = Buffers::new(shape);
        let mut rsmi = case.start(&mut buffers);
        rsmi.parameters_mut()[shape.filter_lanes()..].fill(Lane::ZERO);
        for encoder in encoders(case) {
            let terms = evaluate(case, &mut rsmi, encoder);
            assert!(terms.iter().all(|&t| t == 0.0), "{case:?}: {terms:?}");
        }
    }
}

/// The baseline of NWJ, and of the average before its first batch, is e, where 1 would do.
#[test]
fn a_critic_of_zeros_is_worth_what_its_baseline_costs() {
    use bound::AnyBound::{DonskerVaradhan, InfoNce, JensenShannon, Nwj, Tuba, TubaConstant};
    for case in CASES {
        for (kind, cost) in [
            (InfoNce, 0.0),
            (Nwj, (-1.0_f32).exp()),
            (Tuba, 0.0),
            (TubaConstant, (-1.0_f32).exp()),
            (DonskerVaradhan, 0.0),
            (JensenShannon, 0.0),
        ] {
            let shape = case.shape();
            let mut buffers = Buffers::new(shape);
            let mut rsmi = case.start(&mut buffers).with_bound(kind);
            rsmi.parameters_mut()[shape.filter_lanes()..].fill(Lane::ZERO);
            for term in evaluate(case, &mut rsmi, Encoder::Sign) {
                assert!((term + cost).abs() < 1e-6, "{kind:?}, {case:?}: {term}");
            }
        }
    }
}

/// A permutation of `0..n`.
fn permutation(n: usize, stream: &mut Stream) -> Vec<usize> {
    let mut order: Vec<_> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, stream.below(i as u32 + 1) as usize);
    }
    order
}

/// Spin `i` of a row becomes what spin `order[i]` was.
fn permute_spins(packed: &mut [u32], order: &[usize]) {
    for row in packed.chunks_exact_mut(words(order.len())) {
        let before = row.to_vec();
        for (i, &from) in order.iter().enumerate() {
            set(row, i, bit(&before, from));
        }
    }
}

#[test]
fn the_order_of_the_batch_is_the_order_of_the_terms() {
    let mut stream = Stream::new(21, 0, Purpose::Windows);
    for case in CASES {
        let shape = case.shape();
        let mut buffers = Buffers::new(shape);
        let mut rsmi = case.start(&mut buffers);
        // The sign draws no noise that a tie does not need, and so can follow its row.
        let before = evaluate(case, &mut rsmi, Encoder::Sign);
        let order = permutation(shape.batch(), &mut stream);
        let (v, e) = rsmi.signs();
        for (packed, n) in [(v, shape.block()), (e, shape.environment())] {
            let old = packed.to_vec();
            let rows: Vec<_> = old.chunks_exact(words(n)).collect();
            for (row, &from) in packed.chunks_exact_mut(words(n)).zip(&order) {
                row.copy_from_slice(rows[from]);
            }
        }
        let after = evaluate(case, &mut rsmi, Encoder::Sign);
        for (term, &from) in after.iter().zip(&order) {
            // Sums over the batch change their order, and nothing else.
            assert!(
                (term - before[from]).abs() < tolerance::TERM as f32,
                "{case:?}"
            );
        }
    }
}

/// Sites renamed, in samples and parameters alike.
#[test]
fn a_permutation_of_sites_leaves_every_term() {
    let mut stream = Stream::new(22, 0, Purpose::Windows);
    let mut worst = 0.0_f32;
    for case in CASES {
        let shape = case.shape();
        let mut buffers = Buffers::new(shape);
        let mut rsmi = case.start(&mut buffers);
        let before = encoders(case).into_iter();
        let before: Vec<_> = before
            .map(|encoder| evaluate(case, &mut rsmi, encoder))
            .collect();
        let parts = parts(shape);
        let first = layer_of_e(shape);
        // The rows of the filter, and those of v(e)'s first layer after its bias.
        for (part, skip, n) in [
            (parts[0], 0, shape.block()),
            (first, 1, shape.environment()),
        ] {
            let order = permutation(n, &mut stream);
            let (v, e) = rsmi.signs();
            permute_spins(if skip == 0 { v } else { e }, &order);
            let old = part.read(rsmi.parameters());
            for (i, &from) in order.iter().enumerate() {
                for (c, &weight) in old[skip + from].iter().enumerate() {
                    *part.number(rsmi.parameters_mut(), skip + i, c) = weight as f32;
                }
            }
        }
        for (encoder, before) in encoders(case).into_iter().zip(before) {
            for (new, old) in evaluate(case, &mut rsmi, encoder).iter().zip(before) {
                worst = worst.max((new - old).abs());
            }
        }
        assert!(worst < tolerance::PERMUTED, "{case:?}: {worst:e}");
    }
    println!("worst change under a permutation: {worst:.1e}");
}

/// Some sites turned over, in samples and parameters alike: (−s)(−w) is s w to the last bit, in
/// every term, and after training as well.
#[test]
fn a_flip_of_sites_leaves_every_bit() {
    for case in CASES {
        let shape = case.shape();
        let [mut plain, mut flipped] = [Buffers::new(shape), Buffers::new(shape)];
        let (mut plain, mut flipped) = (case.start(&mut plain), case.start(&mut flipped));
        let mut stream = Stream::new(23, 0, Purpose::Windows);
        let mut draw = |n| -> Vec<usize> { (0..n).filter(|_| stream.coin()).collect() };
        let (block, environment) = (draw(shape.block()), draw(shape.environment()));

        let (filter, first) = (parts(shape)[0], layer_of_e(shape));
        let turn_parameters = |flat: &mut [Lane]| {
            for (part, skip, sites) in [(filter, 0, &block), (first, 1, &environment)] {
                for (&i, c) in sites
                    .iter()
                    .flat_map(|i| (0..part.columns).map(move |c| (i, c)))
                {
                    let weight = part.number(flat, skip + i, c);
                    *weight = -*weight;
                }
            }
        };
        let turn_samples = |rsmi: &mut Rsmi| {
            let (v, e) = rsmi.signs();
            for (packed, n, sites) in [
                (v, shape.block(), &block),
                (e, shape.environment(), &environment),
            ] {
                for row in packed.chunks_exact_mut(words(n)) {
                    sites.iter().for_each(|&i| flip(row, i));
                }
            }
        };
        turn_parameters(flipped.parameters_mut());
        turn_samples(&mut flipped);
        for encoder in encoders(case) {
            let expected = evaluate(case, &mut plain, encoder);
            assert_eq!(evaluate(case, &mut flipped, encoder), expected, "{case:?}");
        }

        let mut samples = Stream::new(case.seed, 1, Purpose::Sample);
        for encoder in case.learnable().into_iter().cycle().take(5) {
            let step = |rsmi: &mut Rsmi| {
                Tiling::Portable.step(rsmi, encoder, Learn::All, 5e-3, &mut case.noise())
            };
            assert_eq!(step(&mut flipped), step(&mut plain), "{case:?}");
            fill(&mut plain, &mut samples.clone());
            fill(&mut flipped, &mut samples);
            turn_samples(&mut flipped);
        }
        turn_parameters(flipped.parameters_mut());
        assert_eq!(flipped.parameters(), plain.parameters(), "{case:?}");
    }
}

/// Probabilities of 0..=n successes.
fn binomial(n: usize, p: f64) -> Vec<f64> {
    let mut law = vec![1.0];
    for _ in 0..n {
        let mut next = vec![0.0; law.len() + 1];
        for (i, q) in law.iter().enumerate() {
            next[i] += q * (1.0 - p);
            next[i + 1] += q * p;
        }
        law = next;
    }
    law
}

/// H = E, C fair bits: r_ij is 2^C or 0, so a term is ln(K / n) with n the number of rows that
/// hold the same H, 1 + Binomial(K − 1, 2^−C).
///
/// With χ² = 2^C − 1, the expansion of ⟨ln(n 2^C / K)⟩ is χ²/2K + χ²(χ² + 2)/12K² + O(χ⁶/K³).
#[test]
fn the_deficit_is_that_of_the_best_critic_to_leading_order() {
    for components in 1..=3 {
        let values = f64::from(1 << components);
        let chi = values - 1.0;
        for batch in [10, 100, 1000] {
            let k = batch as f64;
            let law = binomial(batch - 1, 1.0 / values);
            let logs = law
                .iter()
                .enumerate()
                .map(|(n, p)| p * (k / (n as f64 + 1.0)).ln());
            let exact = values.ln() - logs.sum::<f64>();
            let leading = deficit(batch, values.ln());
            assert!((leading - chi / (2.0 * k)).abs() < 1e-12);
            let next = chi * (chi + 2.0) / (12.0 * k * k);
            let rest = exact - leading - next;
            println!(
                "K {batch}, C {components}: {exact:.6}, {leading:.6} + {next:.6}, rest {rest:.1e}"
            );
            assert!(
                rest.abs() < (chi / k).powi(3),
                "K {batch}, C {components}: {rest:e}"
            );
        }
    }
}

/// The same bit through the core: one site each, u = 30 h, v = e, and every number of rows that
/// hold +1, weighed by its probability.
#[test]
fn the_core_attains_the_expectation_of_the_best_critic() {
    for batch in [10, 33, 100] {
        let shape = Shape::new(1, 1, 1, &[], 1, batch).unwrap();
        let mut buffers = Buffers::new(shape);
        let mut rsmi = buffers.start(shape, 1);
        rsmi.set_filter(0, 0, 1.0);
        let parts = parts(shape);
        for (layer, weight) in [(parts[1], 30.0), (parts[2], 1.0)] {
            *layer.number(rsmi.parameters_mut(), 1, 0) = weight;
        }
        let mut expectation = 0.0;
        for (up, probability) in binomial(batch as usize, 0.5).into_iter().enumerate() {
            let (v, e) = rsmi.signs();
            for k in 0..batch as usize {
                v[k] = u32::from(k < up);
                e[k] = u32::from(k < up);
            }
            let mut stream = Stream::new(1, 0, Purpose::Encoder);
            expectation +=
                probability * mean(&Tiling::Wide.evaluate(&mut rsmi, Encoder::Sign, &mut stream));
        }
        let missing = 2.0_f64.ln() - expectation;
        let k = f64::from(batch);
        let expected = deficit(batch as usize, std::f64::consts::LN_2) + 0.25 / (k * k);
        assert!(
            (missing - expected).abs() < k.powi(-3) + tolerance::TERM,
            "{missing} {expected}"
        );
    }
}

/// At K = 2 a term of InfoNCE is ln 2 − ln(1 + exp d), with d the difference of a column's scores, so that
/// scaled critics show scaled differences.
#[test]
fn scaled_critics_have_scaled_scores() {
    for critic in AnyCritic::ALL {
        let shape = Shape::new(6, 9, 2, &[8], 5, 2)
            .and_then(|shape| shape.with_critic(critic))
            .expect("a shape");
        let mut buffers = Buffers::new(shape);
        let mut stream = Stream::new(4, 0, Purpose::Parameters);
        let mut rsmi = Rsmi::new(shape, buffers.storage(), &mut stream).expect("storage");
        let mut samples = Stream::new(5, 0, Purpose::Sample);
        let encoder = Encoder::Sigmoid;
        // A form begins with zeros, which only steps change.
        for _ in 0..30 {
            fill(&mut rsmi, &mut samples);
            Tiling::Portable.step(&mut rsmi, encoder, Learn::All, 0.02, &mut samples);
        }
        let differences = |rsmi: &mut Rsmi| -> Vec<f64> {
            let mut noise = Stream::new(6, 0, Purpose::Encoder);
            let mut samples = Stream::new(7, 0, Purpose::Sample);
            let mut terms = vec![];
            for _ in 0..8 {
                fill(rsmi, &mut samples);
                terms.extend(Tiling::Portable.evaluate(rsmi, encoder, &mut noise));
            }
            let of_term = |term: &f32| (2.0 * (-f64::from(*term)).exp() - 1.0).ln();
            terms.iter().map(of_term).collect()
        };
        let before = differences(&mut rsmi);
        assert!(
            before.iter().any(|d| d.abs() > 0.05),
            "{critic}: {before:?}"
        );
        rsmi.scale_critic(0.3);
        for (after, before) in differences(&mut rsmi).iter().zip(before) {
            // Terms are rounded to 32 bits.
            assert!(
                (after - 0.3 * before).abs() < 3e-6 * (1.0 + before.abs()),
                "{critic}: {after}, {before}"
            );
        }
    }
}
