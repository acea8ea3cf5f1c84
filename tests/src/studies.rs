//! What `estimate data` and `train data` find in arrays whose information is known, at two lengths.

use blockspin_core::bound::infonce;
use blockspin_core::num::rng::{Purpose, Stream};

use crate::gaussian;
use crate::program::{Folder, floats, npy, number, parse_npy};
use crate::runs::{CRITIC, STDERR};

/// How long studies are.
#[derive(Clone, Copy, Debug)]
pub struct Length {
    /// Configurations of a file.
    pub samples: usize,
    /// Training steps.
    pub steps: u32,
    /// The largest standard error, in nats.
    pub stderr: f64,
}

impl Length {
    /// Seconds.
    pub const QUICK: Length = Length {
        samples: 6000,
        steps: 400,
        stderr: 0.02,
    };
    /// The default number of steps.
    pub const FULL: Length = Length {
        samples: 60_000,
        steps: 6000,
        stderr: 2.0 * STDERR,
    };

    fn options(self) -> String {
        format!("--steps {} --quiet", self.steps)
    }
}

/// A figure and its standard error, in nats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// The figure.
    pub mean: f64,
    /// Its error.
    pub stderr: f64,
}

/// Runs `estimate` with a sign of the uniform filter unless `words` name another.
///
/// # Panics
/// If it fails.
#[must_use]
pub fn estimate(folder: &Folder, words: &str, length: Length) -> Found {
    let filter = match words.contains("--filter") {
        true => "",
        false => "--filter uniform",
    };
    let found = folder.json(&format!("estimate {words} {filter} {}", length.options()));
    let mean = number(&found, "information_nats");
    let stderr = number(&found, "information_stderr_nats");
    println!("{words}: {mean:.4} ± {stderr:.4}");
    assert!((0.0..length.stderr).contains(&stderr), "{words}: {found}");
    Found { mean, stderr }
}

/// An estimate may be above the exact figure by four standard errors; below it by three, by what
/// the critic lacks, and by the bound's deficit.
///
/// # Panics
/// If it is not so.
pub fn check_exact(about: &str, found: Found, exact: f64) {
    let Found { mean, stderr } = found;
    let deficit = infonce::deficit(100, std::f64::consts::LN_2);
    println!("{about}: exact {exact:.4}, off by {:+.4}", mean - exact);
    assert!(
        mean <= exact + 4.0 * stderr && mean >= exact - CRITIC - 3.0 * stderr - deficit,
        "{about}: {found:?}, exact {exact}"
    );
}

/// Two estimates of one figure, with critics of their own.
///
/// # Panics
/// If they are further apart than their errors allow.
pub fn check_alike(about: &str, one: Found, other: Found) {
    let stderr = one.stderr.hypot(other.stderr);
    assert!(
        (one.mean - other.mean).abs() <= CRITIC + 4.0 * stderr,
        "{about}: {one:?}, {other:?}"
    );
}

/// Spins ±1 as `sample` writes them.
///
/// # Panics
/// If it fails.
#[must_use]
pub fn spins(folder: &Folder, model: &str, length: Length) -> Vec<i8> {
    let told = folder.run(&format!(
        "sample {model} --samples {} --out sampled.npy --quiet",
        length.samples
    ));
    assert_eq!(told.code, Some(0), "{told:?}");
    let bytes = folder.read("sampled.npy");
    parse_npy(&bytes).1.iter().map(|byte| *byte as i8).collect()
}

/// Writes int8.
pub fn write_spins(folder: &Folder, name: &str, sides: &[usize], spins: &[i8]) {
    let sites: usize = sides.iter().product();
    let bytes: Vec<u8> = spins.iter().map(|spin| *spin as u8).collect();
    let shape = [&[spins.len() / sites], sides].concat();
    folder.write(name, &npy("|i1", &shape, &bytes));
}

/// Writes float32.
pub fn write_reals(folder: &Folder, name: &str, sides: &[usize], values: &[f32]) {
    let sites: usize = sides.iter().product();
    let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    let shape = [&[values.len() / sites], sides].concat();
    folder.write(name, &npy("<f4", &shape, &bytes));
}

/// Spins of Ising models on lattices of one to three dimensions against exact informations, and
/// the model's own run.
///
/// # Panics
/// If a figure is off.
pub fn ising(length: Length) {
    for (model, block, buffer, environment) in [
        ("ising --size 16 --dimension 1 --temperature 1", "4", 2, 1),
        ("ising --size 5 --temperature 2.269185", "3", 0, 1),
        ("ising --size 4,5 --temperature 3", "2,3", 0, 1),
        ("ising --size 3,3,3 --temperature 6", "1", 0, 1),
        (
            "ising --size 4 --coupling -1 --temperature 2.269185 --filter staggered",
            "2",
            0,
            1,
        ),
    ] {
        let folder = Folder::new();
        let (model, filter) = model.split_once(" --filter ").unwrap_or((model, "uniform"));
        let sites = spins(&folder, model, length).len() / length.samples;
        assert!(sites < 30);
        let place = format!("--block {block} --buffer {buffer} --filter {filter}");
        let exact = folder.json(&format!("exact {model} {place}"));
        let place = format!("{place} --environment {environment}");
        let found = estimate(&folder, &format!("data sampled.npy {place}"), length);
        check_exact(model, found, number(&exact, "information_nats"));
        let own = estimate(&folder, &format!("{model} {place}"), length);
        check_alike(model, found, own);
    }
}

/// The free Gaussian field against its exact informations, three masses and two buffers.
///
/// # Panics
/// If a figure is off.
pub fn gaussian(sides: &[u32], length: Length) {
    for (seed, mass) in (1..).zip([0.3, 0.6, 1.2]) {
        let folder = Folder::new();
        let fields = gaussian::samples(sides, mass, length.samples, seed).concat();
        let lengths: Vec<_> = sides.iter().map(|side| *side as usize).collect();
        write_reals(&folder, "fields.npy", &lengths, &fields);
        let size: Vec<_> = sides.iter().map(u32::to_string).collect();
        for buffer in [0, 1] {
            let place = format!("--block 2 --buffer {buffer} --filter uniform");
            let model = format!("gaussian --size {} --mass {mass} {place}", size.join(","));
            let exact = folder.json(&format!("exact {model}"));
            let exact = number(&exact, "information_nats");
            let words = format!("data fields.npy {place} --environment 1");
            check_exact(&model, estimate(&folder, &words, length), exact);
        }
    }
}

/// What `train` finds: held out with the sign of the filter, and the filter's weights.
fn train(folder: &Folder, words: &str, length: Length) -> (f64, Vec<f64>) {
    let found = folder.json(&format!(
        "train {words} --out run --force {}",
        length.options()
    ));
    let bytes = folder.read("run/filters.npy");
    let weights = floats(parse_npy(&bytes).1).into_iter().map(f64::from);
    (number(&found, "information_sign_nats"), weights.collect())
}

/// |cos| of the angle between two filters: a filter and its negative keep the same.
fn alike(one: &[f64], other: &[f64]) -> f64 {
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    product(one, other).abs() / (product(one, one) * product(other, other)).sqrt()
}

/// A learned filter of spins that are flipped, transposed, or permuted and flipped site by site.
/// The spins of the block are noisy, each as much as none of the others, so that there is one best
/// filter; found twice, the two have a cosine of `least` or more.
///
/// # Panics
/// If filters are not what they ought to be.
pub fn transformed(length: Length, least: f64) {
    const SIDE: usize = 9;
    const FIRST: usize = 3;
    const SITES: usize = SIDE * SIDE;
    /// The sites of V and of E.
    fn part(site: usize) -> Option<usize> {
        let inside = |margin: usize| {
            let within = |x: usize| (FIRST - margin..FIRST + 3 + margin).contains(&x);
            within(site / SIDE) && within(site % SIDE)
        };
        match (inside(0), inside(1)) {
            (true, _) => Some(0),
            (_, true) => Some(1),
            _ => None,
        }
    }
    let folder = Folder::new();
    let mut stream = Stream::new(1, 0, Purpose::Sample);
    let mut spins = spins(&folder, "ising --size 9 --temperature 2.6", length);
    for row in spins.chunks_exact_mut(SITES) {
        for i in 0..9u32 {
            if stream.below(20) < i {
                row[(FIRST + i as usize / 3) * SIDE + FIRST + i as usize % 3] *= -1;
            }
        }
    }
    // Each site takes the value of another, perhaps flipped.
    let learned = |from: &[(usize, i8)]| {
        let rows = spins.chunks_exact(SITES);
        let all = rows.flat_map(|row| from.iter().map(|(site, sign)| sign * row[*site]));
        write_spins(&folder, "now.npy", &[SIDE, SIDE], &all.collect::<Vec<_>>());
        let place = "--block 3 --buffer 0 --environment 1 --origin 3,3";
        train(&folder, &format!("data now.npy {place}"), length)
    };
    let same: Vec<(usize, i8)> = (0..SITES).map(|site| (site, 1)).collect();
    let (kept, filter) = learned(&same);

    let flipped: Vec<_> = (0..SITES).map(|site| (site, -1)).collect();
    let transposed: Vec<_> = (0..SITES)
        .map(|site| (site % SIDE * SIDE + site / SIDE, 1))
        .collect();
    let mut permuted = same.clone();
    for wanted in [0, 1] {
        let of_part = |site: &usize| part(*site) == Some(wanted);
        let sites: Vec<usize> = (0..SITES).filter(of_part).collect();
        let mut order = sites.clone();
        for i in (1..order.len()).rev() {
            order.swap(i, stream.below(i as u32 + 1) as usize);
        }
        for (site, source) in sites.iter().zip(order) {
            permuted[*site] = (source, if stream.coin() { 1 } else { -1 });
        }
    }
    for (about, from) in [
        ("flipped", flipped),
        ("transposed", transposed),
        ("permuted", permuted),
    ] {
        let (kept_now, found) = learned(&from);
        let expected: Vec<f64> = (0..9)
            .map(|i| {
                let (source, sign) = from[(FIRST + i / 3) * SIDE + FIRST + i % 3];
                let (row, column) = (source / SIDE - FIRST, source % SIDE - FIRST);
                f64::from(sign) * filter[row * 3 + column]
            })
            .collect();
        let cosine = alike(&found, &expected);
        println!("{about}: {kept_now:.4} and {kept:.4} nats, cosine of the filters {cosine:.4}");
        assert!((kept_now - kept).abs() < 0.05 && cosine > least, "{about}");
    }
}

/// A cut-out of a lattice with open boundaries against the whole, periodic lattice.
///
/// # Panics
/// If a figure is off.
pub fn open_boundaries(length: Length) {
    let folder = Folder::new();
    let spins = spins(&folder, "ising --size 24 --temperature 2.6", length);
    let place = "--block 2 --buffer 1 --environment 2";
    let whole = estimate(&folder, &format!("data sampled.npy {place}"), length);
    for (sides, boundary) in [
        ([12, 12], "open"),
        ([11, 24], "open,periodic"),
        ([24, 9], "periodic,open"),
    ] {
        let cut: Vec<i8> = spins
            .chunks_exact(24 * 24)
            .flat_map(|rows| rows.chunks_exact(24).take(sides[0]))
            .flat_map(|row| row[..sides[1]].iter().copied())
            .collect();
        write_spins(&folder, "cut.npy", &sides, &cut);
        let words = format!("data cut.npy {place} --boundary {boundary}");
        check_alike(boundary, estimate(&folder, &words, length), whole);
    }
}

/// Rings and square lattices as graphs against lattices.
///
/// # Panics
/// If a figure is off.
pub fn graphs(length: Length) {
    let folder = Folder::new();
    let edges = |edges: &dyn Fn(usize) -> Vec<usize>, nodes: usize| -> Vec<u8> {
        let line = |node: usize| {
            edges(node)
                .into_iter()
                .map(move |to| format!("{node} {to}\n"))
        };
        (0..nodes).flat_map(line).collect::<String>().into_bytes()
    };
    // Values on nodes, and on edges: of a ring as many.
    let ring = |i: usize| vec![(i + 1) % 20];
    folder.write("ring.txt", &edges(&ring, 20));
    let _ = spins(&folder, "chain --size 20 --temperature 1", length);
    let lattice = "data sampled.npy --block 3 --buffer 1 --environment 2 --origin 9";
    let lattice = estimate(&folder, lattice, length);
    let exact = "exact chain --size 20 --temperature 1 --block 3 --buffer 1 --filter uniform";
    let exact = number(&folder.json(exact), "information_nats");
    check_exact("ring", lattice, exact);
    for values in [
        "nodes --origin 10",
        "edges --origin edge:4",
        "edges --origin edge:19",
    ] {
        let words = format!(
            "data sampled.npy --graph ring.txt --values {values} --block 2 --buffer 1 \
             --environment 2"
        );
        let found = estimate(&folder, &words, length);
        check_exact(values, found, exact);
        check_alike(values, found, lattice);
    }

    // A torus by rooks' moves: the four neighbours of a spin hold what all others know of it. With
    // bishops' moves too, shells are squares.
    let values = spins(&folder, "ising --size 8 --temperature 2.6", length);
    write_spins(&folder, "values.npy", &[64], &values);
    let at = |x: usize, y: usize| x % 8 * 8 + y % 8;
    let torus = |i: usize| vec![at(i / 8 + 1, i % 8), at(i / 8, i % 8 + 1)];
    let king = |i: usize| {
        let (x, y) = (i / 8, i % 8);
        vec![
            at(x + 1, y),
            at(x, y + 1),
            at(x + 1, y + 1),
            at(x + 1, y + 7),
        ]
    };
    folder.write("torus.txt", &edges(&torus, 64));
    folder.write("king.txt", &edges(&king, 64));
    for (graph, shells, origin, block) in [
        (
            "torus.txt",
            "1 --buffer 0 --environment 1",
            27,
            "1 --origin 3,3",
        ),
        (
            "king.txt",
            "2 --buffer 1 --environment 1",
            27,
            "3 --origin 2,2",
        ),
    ] {
        let place = shells.split_once(' ').map_or("", |(_, rest)| rest);
        let lattice = format!("data sampled.npy --block {block} {place}");
        let words = format!("data values.npy --graph {graph} --origin {origin} --block {shells}");
        check_alike(
            graph,
            estimate(&folder, &words, length),
            estimate(&folder, &lattice, length),
        );
    }
}
