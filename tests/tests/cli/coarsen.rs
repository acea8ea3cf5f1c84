//! `blockspin coarsen`: coarse variables against rules written apart, and laws that are known exactly.

use blockspin_tests::program::{Folder, floats, npy, number, parse_npy, scattered};
use serde_json::Value;

use super::{SHORT, values};

/// Configurations of ±1 without a pattern.
fn coins(folder: &Folder, name: &str, shape: &[usize], sign: i8) -> Vec<f64> {
    let all: usize = shape.iter().product();
    let spins: Vec<i8> = (0..all)
        .map(|i| {
            if scattered(i).is_multiple_of(2) {
                sign
            } else {
                -sign
            }
        })
        .collect();
    let bytes: Vec<u8> = spins.iter().map(|s| *s as u8).collect();
    folder.write(name, &npy("|i1", shape, &bytes));
    spins.iter().map(|s| f64::from(*s)).collect()
}

/// The file of a command, as numbers, with its shape.
fn array(folder: &Folder, name: &str, kind: &str) -> (String, Vec<f64>) {
    let bytes = folder.read(name);
    let (header, data) = parse_npy(&bytes);
    assert!(header.contains(&format!("'descr': '{kind}'")), "{header}");
    let shape = header.split("'shape': ").nth(1).unwrap();
    (
        shape.trim_end_matches([' ', '}', ',']).into(),
        values(data, kind),
    )
}

/// Λ·v of every block of configurations on a plane, by loops alone.
fn sums(x: &[f64], [rows, columns]: [usize; 2], [b, c]: [usize; 2], w: &[f64]) -> Vec<f64> {
    let mut sums = vec![];
    for configuration in x.chunks_exact(rows * columns) {
        for top in (0..rows / b * b).step_by(b) {
            for left in (0..columns / c * c).step_by(c) {
                let site = |i: usize| (top + i / c) * columns + left + i % c;
                sums.push((0..b * c).map(|i| w[i] * configuration[site(i)]).sum());
            }
        }
    }
    sums
}

/// h is the sign of every sum, and either sign where it is 0; the share of these.
fn signs_of(sums: &[f64], h: &[f64]) -> f64 {
    assert_eq!(sums.len(), h.len());
    for (x, h) in sums.iter().zip(h) {
        assert!(h.abs() == 1.0 && x * h >= 0.0, "{x} {h}");
    }
    sums.iter().filter(|x| **x == 0.0).count() as f64 / sums.len() as f64
}

#[test]
fn blocks_of_a_file_by_every_filter() {
    let folder = Folder::new();
    let x = coins(&folder, "x.npy", &[40, 8, 6], 1);
    let flipped = coins(&folder, "y.npy", &[40, 8, 6], -1);
    let own = [0.5f32, -1.25, 2.0, 0.75, -0.5, 3.375];
    let bytes: Vec<u8> = own.iter().flat_map(|w| w.to_le_bytes()).collect();
    folder.write("w.npy", &npy("<f4", &[2, 3], &bytes));
    let own = own.map(f64::from);
    for (filter, w) in [
        ("majority", [1.0; 6]),
        ("uniform", [1.0; 6]),
        ("decimation", [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
        ("staggered", [1.0, -1.0, 1.0, -1.0, 1.0, -1.0]),
        ("w.npy", own),
    ] {
        let words = format!("--filter {filter} --block 2,3 --out h.npy");
        let found = folder.json(&format!("coarsen data x.npy {words}"));
        let (shape, h) = array(&folder, "h.npy", "|i1");
        assert_eq!(shape, "(40, 4, 2)");
        let sums = sums(&x, [8, 6], [2, 3], &w);
        let ties = signs_of(&sums, &h);
        assert!((number(&found, "ties") - ties).abs() < 1e-12, "{filter}");
        assert_eq!(ties > 0.0, !["decimation", "w.npy"].contains(&filter));
        // What is said is true of the file: mean, and energy with its bonds on the torus of 4 × 2.
        let mean = h.iter().sum::<f64>() / h.len() as f64;
        assert!((found["mean_h"][0].as_f64().unwrap() - mean).abs() < 1e-12);
        let energy = h.chunks_exact(8).map(|h| {
            let at = |y: usize, x: usize| h[y % 4 * 2 + x % 2];
            let bonds = (0..8).map(|i| {
                let (y, x) = (i / 2, i % 2);
                at(y, x) * (at(y + 1, x) + at(y, x + 1))
            });
            -bonds.sum::<f64>() / 8.0
        });
        let energy = energy.sum::<f64>() / 40.0;
        assert!((number(&found, "energy_per_site") - energy).abs() < 1e-12);
        // The opposite of every value has the opposite h, but for ties.
        let told = folder.run(&format!("coarsen data y.npy {words}"));
        assert_eq!(told.code, Some(0), "{told:?}");
        let (_, opposite) = array(&folder, "h.npy", "|i1");
        for ((sum, h), opposite) in sums.iter().zip(&h).zip(&opposite) {
            assert!(*sum == 0.0 || *h == -opposite);
        }
    }
    assert!(flipped.iter().zip(&x).all(|(a, b)| *a == -b));
}

#[test]
fn continuous_h_and_several_components() {
    let folder = Folder::new();
    let x = coins(&folder, "x.npy", &[20, 6, 4], 1);
    let weights = [[3.0f32, 0.0, 4.0, 0.0], [1.0, 1.0, -1.0, -1.0]];
    let bytes: Vec<u8> = weights
        .concat()
        .iter()
        .flat_map(|w| w.to_le_bytes())
        .collect();
    folder.write("w.npy", &npy("<f4", &[2, 2, 2], &bytes));
    let found = folder.json("coarsen data x.npy --filter w.npy --encoder continuous --out h.npy");
    assert_eq!(found["shape"], serde_json::json!([20, 2, 3, 2]));
    let bytes = folder.read("h.npy");
    let h = floats(parse_npy(&bytes).1);
    let told = folder.run("coarsen data x.npy --filter w.npy --out s.npy");
    assert_eq!(told.code, Some(0), "{told:?}");
    let (shape, s) = array(&folder, "s.npy", "|i1");
    assert_eq!(shape, "(20, 2, 3, 2)");
    for (c, (w, norm)) in weights.iter().zip([5.0, 2.0]).enumerate() {
        let w: Vec<f64> = w.iter().map(|w| f64::from(*w) / norm).collect();
        let sums = sums(&x, [6, 4], [2, 2], &w);
        for (i, sum) in sums.iter().enumerate() {
            let at = i / 6 * 12 + c * 6 + i % 6;
            assert!((f64::from(h[at]) - sum).abs() < 1e-6, "{} {sum}", h[at]);
            assert!(s[at] * sum >= 0.0);
        }
    }
}

/// What `sample` writes, coarsened, is what `coarsen` makes of the model; and no bit depends on threads or
/// instructions.
#[test]
fn a_model_and_its_file_have_one_result() {
    let folder = Folder::new();
    for (model, rule) in [
        ("ising --size 8", "--filter majority --block 2"),
        (
            "ising --size 6,4,8 --temperature 5",
            "--filter majority --block 2",
        ),
        (
            "chain --size 12 --disorder gaussian:0,1",
            "--filter decimation --block 3",
        ),
        (
            "ising --size 8",
            "--filter boundary --block 4 --encoder sigmoid",
        ),
    ] {
        let told = folder.run(&format!(
            "sample {model} --samples 2100 --seed 7 --out x.npy"
        ));
        assert_eq!(told.code, Some(0), "{told:?}");
        let mut files = vec![];
        for source in [&format!("{model} --samples 2100")[..], "data x.npy"] {
            for machine in ["--threads 1 --isa portable", "--threads 3"] {
                let words = format!("coarsen {source} {rule} -s 7 {machine} --out h.npy");
                let told = folder.run(&words);
                assert_eq!(told.code, Some(0), "{told:?}");
                files.push(folder.read("h.npy"));
            }
        }
        assert!(files.iter().all(|file| *file == files[0]), "{model} {rule}");
        let told = folder.run(&format!("coarsen data x.npy {rule} -s 8 --out h.npy"));
        assert_eq!(told.code, Some(0), "{told:?}");
        // Where something is drawn, another seed draws another.
        assert_eq!(
            folder.read("h.npy") == files[0],
            rule.contains("decimation")
        );
    }
}

/// Decimation of a chain: the law of every third spin has tanh K′ = (tanh K)³, and the energy of a ring of
/// N spins is −(t + t^(N−1))/(1 + t^N).
#[test]
fn a_decimated_chain_has_its_renormalised_coupling() {
    let folder = Folder::new();
    for temperature in [0.8, 2.0] {
        let found = folder.json(&format!(
            "coarsen chain --size 24 --temperature {temperature} --samples 20000 --block 3 --filter \
             decimation --out h.npy"
        ));
        let t = (1.0f64 / temperature).tanh().powi(3);
        let exact = -(t + t.powi(7)) / (1.0 + t.powi(8));
        let off = number(&found, "energy_per_site") - exact;
        assert!(off.abs() <= 4.0 * number(&found, "energy_stderr"), "{off}");
        assert_eq!(found["ties"], 0.0);
    }
}

/// Decimation of a plane keeps the correlation of spins two apart, which is that of the plane itself.
#[test]
fn a_decimated_plane_has_the_correlation_two_apart() {
    let folder = Folder::new();
    let found = folder.json(
        "coarsen ising --size 4 --temperature 3 --samples 20000 --block 2 --filter decimation --out h.npy",
    );
    // By enumeration of all states of the torus of 4 × 4.
    let (mut sum, mut all) = (0.0, 0.0);
    for state in 0u32..1 << 16 {
        let s = |y: u32, x: u32| 1.0 - 2.0 * f64::from(state >> (y % 4 * 4 + x % 4) & 1);
        let bonds = (0..16).map(|i| s(i / 4, i % 4) * (s(i / 4 + 1, i % 4) + s(i / 4, i % 4 + 1)));
        let weight = (bonds.sum::<f64>() / 3.0).exp();
        sum += weight * s(0, 0) * s(0, 2);
        all += weight;
    }
    // On a torus of 2 × 2 each site has four bonds, two of them to the same neighbour.
    let off = number(&found, "energy_per_site") + 2.0 * sum / all;
    assert!(off.abs() <= 4.0 * number(&found, "energy_stderr"), "{off}");
}

#[test]
fn drawn_h_has_the_rates_of_the_sigmoid() {
    let folder = Folder::new();
    let x = coins(&folder, "x.npy", &[4000, 8, 2], 1);
    let bytes: Vec<u8> = [0.75f32, 0.5, -0.25, 0.125]
        .iter()
        .flat_map(|w| w.to_le_bytes())
        .collect();
    folder.write("w.npy", &npy("<f4", &[2, 2], &bytes));
    let found = folder.json("coarsen data x.npy --filter w.npy --encoder sigmoid --out h.npy");
    assert!(found["ties"].is_null());
    let (_, h) = array(&folder, "h.npy", "|i1");
    let sums = sums(&x, [8, 2], [2, 2], &[0.75, 0.5, -0.25, 0.125]);
    let mut rates = std::collections::BTreeMap::new();
    for (sum, h) in sums.iter().zip(&h) {
        let (n, up) = rates.entry((sum * 1000.0) as i64).or_insert((0.0, 0.0));
        *n += 1.0;
        *up += f64::from(u8::from(*h > 0.0));
    }
    // Two of the sixteen sums occur twice.
    assert_eq!(rates.len(), 14);
    for (sum, (n, up)) in rates {
        let p = 1.0 / (1.0 + (-(sum as f64) / 1000.0).exp());
        let error = (p * (1.0 - p) / n).sqrt();
        assert!(
            (up / n - p).abs() < 4.5 * error,
            "{sum}: {} for {p}",
            up / n
        );
    }
}

#[test]
fn states_links_and_masses() {
    let folder = Folder::new();
    let told = folder.run("sample potts --size 6 --samples 300 --seed 3 --out x.npy");
    assert_eq!(told.code, Some(0), "{told:?}");
    let found = folder.json(
        "coarsen potts --size 6 --samples 300 --seed 3 --block 3 --filter majority --encoder argmax:3 --out h.npy",
    );
    let (_, x) = array(&folder, "x.npy", "|i1");
    let (shape, h) = array(&folder, "h.npy", "|i1");
    assert_eq!(shape, "(300, 2, 2)");
    let counts = |state: f64| {
        let own: Vec<f64> = x.iter().map(|s| f64::from(u8::from(*s == state))).collect();
        sums(&own, [6, 6], [3, 3], &[1.0; 9])
    };
    let counts = [0.0, 1.0, 2.0].map(counts);
    for (i, h) in h.iter().enumerate() {
        let most = counts.iter().map(|count| count[i]).fold(0.0, f64::max);
        assert_eq!(counts[*h as usize][i], most, "the state of the most sites");
    }
    let shares = found["state_shares"][0].as_array().unwrap();
    let all: f64 = shares.iter().map(|share| share.as_f64().unwrap()).sum();
    assert!((all - 1.0).abs() < 1e-12 && found["energy_per_site"].is_null());

    // The electric field of dimers, Σ ± (n − ¼): signs add up to 0 over a block of 4 × 4.
    let told = folder.run("sample dimer --size 4 --samples 200 --seed 3 --out x.npy");
    assert_eq!(told.code, Some(0), "{told:?}");
    let told = folder.run(
        "coarsen dimer --size 4 --samples 200 --seed 3 --block 4 --filter staggered --out h.npy",
    );
    assert_eq!(told.code, Some(0), "{told:?}");
    let (_, x) = array(&folder, "x.npy", "|i1");
    let (shape, h) = array(&folder, "h.npy", "|i1");
    assert_eq!(shape, "(200, 2, 2, 2)");
    for along in 0..2 {
        let weight = |i: usize| {
            let (y, x) = (i / 4, i % 4);
            let is_link = (y + x) % 2 == 1 && y % 2 == along;
            f64::from(u8::from(is_link)) * if (y / 2 + x / 2) % 2 == 0 { 1.0 } else { -1.0 }
        };
        let w: Vec<f64> = (0..16).map(weight).collect();
        let own = h.chunks_exact(4).skip(along).step_by(2).flatten().copied();
        signs_of(&sums(&x, [8, 8], [4, 4], &w), &own.collect::<Vec<_>>());
    }
    folder.refuses(
        "coarsen dimer --size 4 --samples 2 --block 1 --filter uniform --out h.npy",
        2,
        &["doubled lattice", "even"],
    );
}

/// The filter of a run on real values: these are taken as the run took its own, though the file differs.
#[test]
fn the_filter_of_a_run() {
    let folder = Folder::new();
    let train = |source: &str, out: &str| {
        let told = folder.run(&format!("train {source} --steps 30 --out {out}"));
        assert_eq!(told.code, Some(0), "{told:?}");
    };
    train(
        &format!("ising {SHORT}").replace("--steps 200", ""),
        "spins",
    );
    // A run's folder stands for its settings, and its filter is named where a folder is none.
    let again = folder.json("train --from spins --out again");
    let first: Value = serde_json::from_slice(&folder.read("spins/run.json")).unwrap();
    assert_eq!(again["fingerprint"], first["fingerprint"]);
    folder.refuses("estimate ising --filter spins", 2, &["spins/filters.npy"]);
    folder.refuses("train ising --out -", 2, &["standard output", "--json"]);
    let told = folder.run("sample ising --size 16 --samples 50 --out x.npy");
    assert_eq!(told.code, Some(0), "{told:?}");
    let files = ["spins", "spins/filters.npy"].map(|filter| {
        let found = folder.json(&format!("coarsen data x.npy --filter {filter} --out h.npy"));
        assert_eq!(found["block"], serde_json::json!([2, 2]));
        folder.read("h.npy")
    });
    assert_eq!(files[0], files[1]);

    let real = |name: &str, shift: f64| -> Vec<f64> {
        let uniform = |i: usize| f64::from(scattered(i)) / 4_294_967_296.0;
        let x: Vec<f64> = (0..400 * 64)
            .map(|i| shift + uniform(i) + uniform(i + 1))
            .collect();
        let bytes: Vec<u8> = x.iter().flat_map(|x| x.to_le_bytes()).collect();
        folder.write(name, &npy("<f8", &[400, 8, 8], &bytes));
        x
    };
    real("a.npy", 0.0);
    let b = real("b.npy", 0.25);
    train(
        "data a.npy --block 2 --buffer 1 --environment 1 --batch 20 --repeats keep",
        "reals",
    );
    let run: Value = serde_json::from_slice(&folder.read("reals/run.json")).unwrap();
    let [centre, scale] = ["centre", "scale"].map(|name| number(&run["data"], name));
    let told = folder.run("coarsen data b.npy --filter reals/ --out h.npy --json");
    let found = told.json();
    let taken = found["values_taken_as"].as_str().unwrap();
    assert!(
        taken.contains(&centre.to_string()) && taken.contains("as in the run"),
        "{taken}"
    );
    let w: Vec<f64> = floats(parse_npy(&folder.read("reals/filters.npy")).1)
        .iter()
        .map(|w| f64::from(*w))
        .collect();
    let x: Vec<f64> = b.iter().map(|x| (x - centre) / scale).collect();
    let (_, h) = array(&folder, "h.npy", "|i1");
    for (sum, h) in sums(&x, [8, 8], [2, 2], &w).iter().zip(&h) {
        assert!(sum * h > 0.0 || sum.abs() < 1e-5, "{sum} {h}");
    }
    for (words, said) in [
        ("data x.npy --filter reals", &["(x − "][..]),
        (
            "ising --size 8 --samples 3 --filter reals",
            &["transformed", "sample"],
        ),
        (
            "data b.npy --filter spins",
            &["two-valued", "more than two"],
        ),
    ] {
        let told = folder.run(&format!("coarsen {words} --out h.npy"));
        let all = format!("{}{}", told.stdout, told.stderr);
        assert!(said.iter().all(|said| all.contains(said)), "{told:?}");
        assert_eq!(
            told.code,
            Some(if said[0] == "(x − " { 0 } else { 2 }),
            "{told:?}"
        );
    }
}

#[test]
fn coarse_configurations_are_coarsened_again() {
    let folder = Folder::new();
    let steps = [
        ("ising --size 16 --samples 200", "a.npy"),
        ("data a.npy", "b.npy"),
        ("data b.npy", "c.npy"),
    ];
    for (source, out) in steps {
        let told = folder.run(&format!(
            "coarsen {source} --block 2 --filter majority --out {out}"
        ));
        assert_eq!(told.code, Some(0), "{told:?}");
    }
    assert_eq!(array(&folder, "c.npy", "|i1").0, "(200, 2, 2)");
    // Along open axes the rest is left out.
    let told =
        folder.run("coarsen data a.npy --block 3 --filter majority --boundary open --out d.npy");
    assert!(told.stderr.contains("the rest is left out"), "{told:?}");
    assert_eq!(array(&folder, "d.npy", "|i1").0, "(200, 2, 2)");
}

#[test]
fn what_cannot_be_coarsened() {
    let folder = Folder::new();
    coins(&folder, "x.npy", &[20, 8, 8], 1);
    let mut bytes = vec![0u8; 4 * 20 * 16];
    for (i, word) in bytes.chunks_exact_mut(4).enumerate() {
        let value = if i == 77 {
            f32::NAN
        } else {
            scattered(i) as f32
        };
        word.copy_from_slice(&value.to_le_bytes());
    }
    folder.write("nan.npy", &npy("<f4", &[20, 4, 4], &bytes));
    folder.write("graph.txt", b"0 1\n1 2\n");
    std::fs::create_dir(folder.path("folder")).unwrap();
    let rule = "--filter majority --block 2";
    for (words, code, said) in [
        (format!("ising --size 8 {rule}"), 2, &["--samples"][..]),
        (
            "ising --size 64 --samples 5 --filter majority --block 3".into(),
            2,
            &["do not tile", "64 × 64", "--size 63 or 66"],
        ),
        (
            "data x.npy --filter majority --block 3".into(),
            2,
            &["do not tile", "1, 2, 4, 8", "--boundary open"],
        ),
        (
            "data x.npy --filter majority --block 9".into(),
            2,
            &["9 × 9", "8 × 8"],
        ),
        (
            "data x.npy --filter nothing --block 2".into(),
            2,
            &["nothing", "uniform"],
        ),
        (
            "data x.npy --filter folder".into(),
            2,
            &["'folder'", "run.json"],
        ),
        (format!("data x.npy {rule} --samples 21"), 2, &["21", "20"]),
        (
            format!("data x.npy {rule} --graph graph.txt --origin 1"),
            2,
            &["--graph", "tile"],
        ),
        (
            format!("data x.npy {rule} --origin 1,1"),
            2,
            &["--origin", "first site"],
        ),
        (
            format!("data nan.npy {rule}"),
            1,
            &["missing", "configuration 4"],
        ),
        (format!("data none.npy {rule}"), 1, &["none.npy"]),
    ] {
        folder.refuses(&format!("coarsen {words} --out h.npy"), code, said);
    }
    // What is read is never written over.
    let before = folder.read("x.npy");
    for out in ["x.npy", "./x.npy", "folder/../x.npy"] {
        folder.refuses(
            &format!("coarsen data x.npy {rule} --out {out}"),
            2,
            &[out, "is read"],
        );
    }
    folder.refuses(
        "coarsen ising --size 8 --samples 5 --filter x.npy --out x.npy",
        2,
        &["x.npy", "is read"],
    );
    assert_eq!(folder.read("x.npy"), before);
    folder.refuses(
        &format!("coarsen data x.npy {rule} --out h.txt"),
        2,
        &["h.txt", ".npy"],
    );
}
