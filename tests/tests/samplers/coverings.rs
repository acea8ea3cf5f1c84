//! Exact informations of dimers against the definition, with coverings, their weights and the geometry
//! made in other ways; and the sampler against the same list.

use std::collections::HashMap;
use std::hash::Hash;

use blockspin_core::lattice::Lattice;
use blockspin_core::num::bits::{bit, set};
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::sampler::{Dimer, Sampler, Start};
use blockspin_exact::dimer::information;
use blockspin_exact::{Encoder, Filter, Information, Partition};

const FREE: f64 = f64::INFINITY;

/// Sites of the doubled lattice that carry a dimer, for all coverings of side × side vertices: those
/// of all choices of an end for each even vertex where no odd one is met twice.
fn coverings(side: usize) -> Vec<Vec<bool>> {
    let doubled = 2 * side;
    let mut all = vec![(vec![false; doubled * doubled], vec![false; side * side])];
    for (y, x) in (0..side * side).map(|vertex| (vertex / side, vertex % side)) {
        if (y + x) % 2 == 1 {
            continue;
        }
        let mut next = vec![];
        for (links, met) in &all {
            for (down, right) in [(0, 1), (1, 0), (0, side - 1), (side - 1, 0)] {
                let end = (y + down) % side * side + (x + right) % side;
                // The site between: one step of the doubled lattice on.
                let step = |along: usize, by: usize| match by {
                    0 => 2 * along,
                    1 => 2 * along + 1,
                    _ => (2 * along + doubled - 1) % doubled,
                };
                if !met[end] {
                    let (mut links, mut met) = (links.clone(), met.clone());
                    links[step(y, down) * doubled + step(x, right)] = true;
                    met[end] = true;
                    next.push((links, met));
                }
            }
        }
        all = next;
    }
    all.into_iter().map(|(links, _)| links).collect()
}

/// Packed, as the sampler has it.
fn packed(links: &[bool]) -> Vec<u32> {
    let mut state = vec![0; links.len().div_ceil(32)];
    for (site, dimer) in links.iter().enumerate() {
        set(&mut state, site, *dimer);
    }
    state
}

/// exp(N/T), not normalised.
fn weight(model: &Dimer, links: &[bool], temperature: f64) -> f64 {
    let parallel = f64::from(model.parallel_plaquettes(&packed(links)));
    (parallel / temperature).exp()
}

fn mutual<A: Hash + Eq, B: Hash + Eq>(joint: &HashMap<(A, B), f64>) -> f64 {
    let (mut a, mut b) = (HashMap::new(), HashMap::new());
    let z: f64 = joint.values().sum();
    for ((x, y), p) in joint {
        *a.entry(x).or_insert(0.0) += p / z;
        *b.entry(y).or_insert(0.0) += p / z;
    }
    let terms = joint.iter().filter(|(_, p)| **p > 0.0);
    terms
        .map(|((x, y), p)| p / z * (p / z / (a[x] * b[y])).ln())
        .sum()
}

/// A filter with its number of components and encoder.
type Given<'a> = (&'a [f32], usize, Encoder);

/// I(V:E) and I(H:E) from the definition, for sides of the block of `rows` × `columns`.
fn naive(
    side: usize,
    temperature: f64,
    [rows, columns, buffer]: [usize; 3],
    (weights, components, encoder): Given,
) -> (f64, f64) {
    let model = Dimer::new(side as u32, temperature, 1).unwrap();
    let doubled = 2 * side;
    let apart = |at: usize, block: usize| {
        let cyclic = |to: usize| at.abs_diff(to).min(doubled - at.abs_diff(to));
        (0..block).map(cyclic).min().unwrap()
    };
    let (mut of_v, mut of_h) = (HashMap::new(), HashMap::new());
    for links in coverings(side) {
        let weight = weight(&model, &links, temperature);
        let (mut v, mut e, mut x) = (vec![], vec![], vec![0.0; components]);
        for (site, dimer) in links.iter().enumerate() {
            let (row, column) = (site / doubled, site % doubled);
            if (row + column) % 2 == 0 {
                continue;
            }
            let distance = apart(row, rows).max(apart(column, columns));
            if distance == 0 {
                v.push(*dimer);
                for (a, x) in x.iter_mut().enumerate() {
                    let weight = f64::from(weights[(row * columns + column) * components + a]);
                    // One link in four carries a dimer: v = ±1 without its mean of −½.
                    *x += if *dimer { 1.5 * weight } else { -0.5 * weight };
                }
            } else if distance > buffer {
                e.push(*dimer);
            }
        }
        for h in 0..1u32 << components {
            let mut p = weight;
            for (a, x) in x.iter().enumerate() {
                let up = match encoder {
                    Encoder::Sign if *x == 0.0 => 0.5,
                    Encoder::Sign => f64::from(u8::from(*x > 0.0)),
                    _ => 1.0 / (1.0 + (-x).exp()),
                };
                p *= if h >> a & 1 == 1 { up } else { 1.0 - up };
            }
            *of_h.entry((h, e.clone())).or_insert(0.0) += p;
        }
        *of_v.entry((v, e)).or_insert(0.0) += weight;
    }
    (mutual(&of_v), mutual(&of_h))
}

fn exact(
    side: u32,
    temperature: f64,
    block: &[u32],
    buffer: u32,
    (weights, components, encoder): Given,
) -> Information {
    let lattice = Lattice::new(&[2 * side; 2]).unwrap();
    let partition = Partition::new(lattice, block, buffer).unwrap();
    let filter = Filter::new(weights, components, encoder).unwrap();
    information(&partition, temperature, Some(&filter), None).unwrap()
}

/// The staggered field along each axis: weights (−1)^(x+y) on the links from vertex (y, x), one
/// component for those along rows and one for those along columns; something else where there is no
/// link.
fn staggered(rows: usize, columns: usize) -> Vec<f32> {
    let mut weights = vec![];
    for (y, x) in (0..rows * columns).map(|site| (site / columns, site % columns)) {
        let sign = if (y / 2 + x / 2) % 2 == 0 { 1.0 } else { -1.0 };
        weights.extend(match (y % 2, x % 2) {
            (0, 1) => [sign, 0.0],
            (1, 0) => [0.0, sign],
            _ => [3.0, -7.0],
        });
    }
    weights
}

#[test]
fn informations_follow_the_definition() {
    // Quarters, so that ties are ties in any order of summing.
    let mut stream = Stream::new(1, 0, Purpose::Parameters);
    let drawn: Vec<f32> = (0..3 * 36)
        .map(|_| (f64::from(stream.below(17)) / 4.0 - 2.0) as f32)
        .collect();
    for (block, buffer) in [
        ([1, 1], 1),
        ([2, 2], 0),
        ([2, 2], 1),
        ([2, 2], 2),
        ([1, 2], 2),
        ([3, 3], 1),
        ([4, 4], 0),
        ([4, 4], 1),
        ([3, 5], 0),
        ([6, 6], 0),
        ([2, 8], 1),
    ] {
        let sites = (block[0] * block[1]) as usize;
        let [rows, columns] = block.map(|side| side as usize);
        let fields = staggered(rows, columns);
        for (given, temperature) in [
            ((&fields[..], 2, Encoder::Sign), FREE),
            ((&fields[..], 2, Encoder::Sigmoid), 0.3),
            ((&drawn[..sites], 1, Encoder::Sign), 0.65),
            ((&drawn[..3 * sites], 3, Encoder::Sign), 1.0),
            ((&drawn[..3 * sites], 3, Encoder::Sigmoid), FREE),
            ((&[1.0; 36][..sites], 1, Encoder::Sign), 0.1),
        ] {
            let got = exact(4, temperature, &block, buffer, given);
            let want = naive(4, temperature, [rows, columns, buffer as usize], given);
            let about = format!("{block:?} {buffer} {temperature} {got:?} {want:?}");
            assert!((got.block - want.0).abs() < 1e-12, "{about}");
            assert!((got.filtered.unwrap() - want.1).abs() < 1e-12, "{about}");
        }
    }
}

#[test]
fn six_by_six() {
    for temperature in [FREE, 0.4] {
        for block in [4, 6] {
            let fields = staggered(block, block);
            let mut last = Information {
                deficit: None,
                block: f64::INFINITY,
                filtered: Some(f64::INFINITY),
            };
            for buffer in 0..(12 - block as u32) / 2 {
                let run = |weights: &[f32], components, encoder| {
                    let given = (weights, components, encoder);
                    exact(6, temperature, &[block as u32], buffer, given)
                };
                let got = run(&fields, 2, Encoder::Sign);
                let kept = got.filtered.unwrap();
                println!("T = {temperature}, block {block}, buffer {buffer}: {got:?}");
                // Data processing: a wider buffer, a filter, one of its components, a noisier h.
                assert!(got.block < last.block && kept < last.filtered.unwrap());
                assert!(0.0 < kept && kept < got.block);
                let one: Vec<f32> = fields.iter().step_by(2).copied().collect();
                let one = run(&one, 1, Encoder::Sign);
                assert!((one.block - got.block).abs() < 1e-13);
                assert!(one.filtered.unwrap() < kept);
                let noisy: Vec<f32> = fields.iter().map(|weight| 0.1 * weight).collect();
                let sigmoid = |weights| run(weights, 2, Encoder::Sigmoid).filtered.unwrap();
                assert!(sigmoid(&noisy) < sigmoid(&fields));
                last = got;
            }
        }
    }
}

/// Two bits at low temperature, of which of the four columnar states it is. The order along each
/// axis is 0 in two of them, where its sign is a coin; sum and difference tell them all apart.
#[test]
fn cold_dimers_are_columnar() {
    let order = |y: usize, x: usize| match (y % 4, x % 4) {
        (0 | 2, 1) => [1.0, 0.0],
        (0 | 2, 3) => [-1.0, 0.0],
        (1, 0 | 2) => [0.0, 1.0],
        (3, 0 | 2) => [0.0, -1.0],
        _ => [0.0, 0.0],
    };
    let axes: Vec<f32> = (0..16).flat_map(|site| order(site / 4, site % 4)).collect();
    let turned: Vec<f32> = axes
        .as_chunks::<2>()
        .0
        .iter()
        .flat_map(|[x, y]| [x + y, x - y])
        .collect();
    for side in [4, 6] {
        let cold = |weights: &[f32]| exact(side, 0.02, &[4], 1, (weights, 2, Encoder::Sign));
        let (one, two) = (cold(&axes), cold(&turned));
        assert!((one.block - 4f64.ln()).abs() < 1e-12, "{one:?}");
        assert!((one.filtered.unwrap() - 2f64.ln()).abs() < 1e-12, "{one:?}");
        assert!((two.filtered.unwrap() - 4f64.ln()).abs() < 1e-12, "{two:?}");
    }
}

/// Every covering of 4 × 4 is drawn as often as its weight says: χ² of 272 frequencies.
#[test]
fn the_sampler_draws_from_the_list() {
    let all = coverings(4);
    assert_eq!(all.len(), 272);
    for (temperature, loops) in [(FREE, 2), (1.0, 16)] {
        let model = Dimer::new(4, temperature, loops).unwrap();
        let weights: Vec<f64> = all
            .iter()
            .map(|links| weight(&model, links, temperature))
            .collect();
        let z: f64 = weights.iter().sum();
        let mut stream = Stream::new(5, 0, Purpose::Sample);
        let mut state = vec![0; model.state_len()];
        let mut kept = state.clone();
        let mut scratch = vec![0; model.scratch_len()];
        model.start(Start::Hot, &mut state, &mut stream);
        let mut counts: HashMap<Vec<bool>, f64> = HashMap::new();
        let samples = 60_000;
        for _ in 0..samples {
            // So many sweeps that the next is independent.
            (0..6).for_each(|_| model.sweep(&mut state, &mut scratch, &mut stream));
            model.keep(&state, &mut kept, &mut stream);
            let links = (0..64).map(|site| bit(&kept, site)).collect();
            *counts.entry(links).or_insert(0.0) += 1.0;
        }
        let mut chi = 0.0;
        for (links, weight) in all.iter().zip(&weights) {
            let expected = f64::from(samples) * weight / z;
            chi += (counts.remove(links).unwrap_or(0.0) - expected).powi(2) / expected;
        }
        assert!(counts.is_empty());
        let pull = (chi - 271.0) / (2.0 * 271f64).sqrt();
        println!("T = {temperature}: χ² = {chi:.1} of 271");
        assert!(pull.abs() < 4.0, "{pull}");
    }
}

/// At low temperature, where loops are proposed, chains from independent hot starts come to the law of the
/// list: energies, and the share of the columnar states.
#[test]
fn cold_chains_come_to_the_law() {
    let all = coverings(4);
    for temperature in [1e-300, 0.05, 0.1, 0.15, 0.2, 0.3] {
        let model = Dimer::new(4, temperature, 6400).unwrap();
        let most = model.vertices() / 2;
        let (mut z, mut mean, mut columnar) = (0.0, 0.0, 0.0);
        for links in &all {
            let n = model.parallel_plaquettes(&packed(links));
            let weight = ((f64::from(n) - f64::from(most)) / temperature).exp();
            z += weight;
            mean += weight * f64::from(n);
            columnar += weight * f64::from(u8::from(n == most));
        }
        (mean, columnar) = (mean / z, columnar / z);
        let chains = 4000;
        let (mut sum, mut squares, mut ground) = (0.0, 0.0, 0.0);
        for task in 0..chains {
            let mut stream = Stream::new(11, task, Purpose::Sample);
            let mut state = vec![0; model.state_len()];
            let mut scratch = vec![0; model.scratch_len()];
            model.start(Start::Hot, &mut state, &mut stream);
            model.sweep(&mut state, &mut scratch, &mut stream);
            let n = model.parallel_plaquettes(&state);
            sum += f64::from(n);
            squares += f64::from(n).powi(2);
            ground += f64::from(u8::from(n == most));
        }
        let n = chains as f64;
        let (got, share) = (sum / n, ground / n);
        // A sample of the cold law can be constant.
        let error = ((squares / n - got * got).max(0.0) / n).sqrt() + 1e-3;
        let of_share = (columnar * (1.0 - columnar) / n).sqrt() + 1e-4;
        println!(
            "T = {temperature}: N = {got:.5} ± {error:.5}, exact {mean:.5}; columnar {share:.5} ± \
             {of_share:.5}, exact {columnar:.5}"
        );
        assert!((got - mean).abs() < 4.0 * error, "T = {temperature}");
        assert!(
            (share - columnar).abs() < 4.0 * of_share,
            "T = {temperature}"
        );
    }
}
