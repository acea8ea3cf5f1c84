//! `blockspin exact` against laws that are known otherwise.

use blockspin_core::lattice::Lattice;
use blockspin_core::sampler::{Chipping, Disorder};
use blockspin_exact::{Encoder, Filter, Information, Partition, chipping, dimer};
use blockspin_tests::program::{Folder, npy, number};
use serde_json::{Value, json};

#[test]
fn ising_and_chain() {
    let folder = Folder::new();
    let block = "exact ising --size 4 --block 2";
    let none = folder.json(block);
    assert!(none["information_nats"].is_null());
    let uniform = folder.json(&format!("{block} --filter uniform"));
    assert_eq!(
        none["block_information_nats"],
        uniform["block_information_nats"]
    );
    let kept = number(&uniform, "information_nats");
    assert!(0.5 < kept && kept < number(&uniform, "block_information_nats"));
    // The same filter from a file, given once and twice.
    let ones: Vec<u8> = [1.0f64; 8].iter().flat_map(|v| v.to_le_bytes()).collect();
    folder.write("one.npy", &npy("<f8", &[2, 2], &ones[..32]));
    folder.write("two.npy", &npy("<f8", &[2, 2, 2], &ones));
    let one = folder.json(&format!("{block} --filter one.npy"));
    assert_eq!(number(&one, "information_nats"), kept);
    let two = folder.json(&format!("{block} --filter two.npy"));
    assert!(number(&two, "information_nats") >= kept);
    // A long chain has informations where it has no means.
    let words =
        "exact chain --size 1000000 --block 4 --buffer 2 --filter decimation --encoder sigmoid";
    let long = folder.json(words);
    let kept = number(&long, "information_nats");
    assert!(0.0 < kept && kept < number(&long, "block_information_nats"));
    let text = folder.succeeds(words);
    assert!(
        text.contains("I(H:E), nats") && text.contains("I(V:E), nats"),
        "{text}"
    );
}

/// What InfoNCE can show of it, by `exact`.
#[test]
fn deficits_of_infonce() {
    let folder = Folder::new();
    let keys = ["batch", "infonce_nats", "deficit_nats"];
    for words in [
        "ising --size 4 --block 2 --filter uniform",
        "chain --size 20 --disorder pm:0.2 --block 4 --filter staggered --encoder sigmoid",
        "dimer --size 4 --block 4 --filter staggered",
        "chipping --size 6 --block 2 --filter uniform",
        "gaussian --size 16 --mass 0.2 --block 2 --filter uniform",
    ] {
        let plain = folder.json(&format!("exact {words}"));
        assert!(keys.iter().all(|key| plain[key].is_null()), "{plain}");
        let nats = number(&plain, "information_nats");
        let at = |batch: u32| {
            let found = folder.json(&format!("exact {words} --batch {batch}"));
            assert_eq!(
                (&found["batch"], number(&found, "information_nats")),
                (&json!(batch), nats)
            );
            let [shown, lost] = ["infonce_nats", "deficit_nats"].map(|key| number(&found, key));
            assert!((shown + lost - nats).abs() < 1e-14, "{found}");
            shown
        };
        let [one, hundred, many] = [1, 100, u32::MAX].map(at);
        assert!(
            one.abs() < 1e-12 && (many - nats).abs() < 1e-8,
            "{words}: {one}, {many}"
        );
        let capacity = if words.contains("dimer") { 4.0 } else { 2.0 };
        let most = (capacity - 1.0) / 200.0;
        assert!(
            nats - hundred > 0.0 && nats - hundred < 1.1 * most,
            "{words}: {hundred}"
        );
    }
    let text = folder.succeeds("exact ising --size 4 --block 2 --filter uniform --batch 100");
    assert!(text.contains("InfoNCE, K = 100, nats"), "{text}");
}

/// The filter that keeps the most, by `exact`, and its file.
#[test]
fn best_filters() {
    let folder = Folder::new();
    let block = "exact ising --size 4 --block 2";
    let named = |name: &str| folder.json(&format!("{block} --filter {name}"));
    let best = named("best");
    assert_eq!(
        (&best["search"], &best["filters_tried"]),
        (&json!("exhaustive"), &json!(52))
    );
    let most = number(&best, "information_nats");
    for name in ["uniform", "decimation", "staggered"] {
        let found = named(name);
        assert!(number(&found, "information_nats") <= most + 1e-12);
        assert!(found["search"].is_null() && found["filters"].is_null());
    }
    let rows = best["filters"][0].as_array().unwrap();
    let weights = rows.iter().flat_map(|row| row.as_array().unwrap());
    let bytes = weights.flat_map(|w| w.as_f64().unwrap().to_le_bytes());
    let bytes: Vec<u8> = bytes.collect();
    folder.write("best.npy", &npy("<f8", &[1, 2, 2], &bytes));
    assert_eq!(number(&named("best.npy"), "information_nats"), most);

    // Two components keep more, and no more than there is.
    let two = folder.json(&format!("{block} --filter best --components 2 --batch 100"));
    assert_eq!(two["filters"].as_array().unwrap().len(), 2);
    let kept = number(&two, "information_nats");
    assert!(kept >= most && kept <= number(&two, "block_information_nats") + 1e-12);
    assert!(number(&two, "deficit_nats") > 0.0);

    let ring = "exact chain --size 40 --disorder pm:0.3 --block 7 --buffer 2 --origin 5";
    let found = folder.json(&format!("{ring} --filter best"));
    assert_eq!(found["search"], "local");
    let first = folder.json(&format!("{ring} --filter decimation"));
    assert!(number(&found, "information_nats") >= number(&first, "information_nats"));
    let text = folder.succeeds(&format!("{block} --filter best"));
    assert!(
        text.contains("best filter") && text.contains("none keeps more"),
        "{text}"
    );
}

#[test]
fn mass_distribution_of_chipping() {
    let folder = Folder::new();
    // Two units: together at the rate 2 (1 + w), apart at 1.
    let found = folder.json("exact chipping --size 2 --density 1 --rate 0.5");
    assert_eq!(found["model"], "chipping");
    assert_eq!((&found["size"], &found["rate"]), (&json!([2]), &json!(0.5)));
    let p: Vec<f64> = serde_json::from_value(found["mass_distribution"].clone()).unwrap();
    let expected = [0.375, 0.25, 0.375];
    assert_eq!(p.len(), 3);
    assert!(p.iter().zip(expected).all(|(p, q)| (p - q).abs() < 1e-15));
    assert!((number(&found, "mass_squared") - 1.75).abs() < 1e-14);
    assert!((number(&found, "largest_mass") - 1.75).abs() < 1e-14);
    assert!(found["information_nats"].is_null());
    let text = folder.succeeds("exact chipping --size 4");
    assert!(
        text.contains("rate 0.33") && text.contains("p(4)") && !text.contains("p(5)"),
        "{text}"
    );
}

#[test]
fn gaussian_field() {
    let folder = Folder::new();
    let means = folder.json("exact gaussian --size 16 --mass 0.5");
    assert_eq!(means["model"], "gaussian");
    assert_eq!(means["size"], json!([16, 16]));
    assert_eq!(number(&means, "energy_per_site"), 0.5);
    let uniform = 1.0 / (256.0 * 0.25);
    assert!((number(&means, "magnetisation_squared") - uniform).abs() < 1e-15);
    assert!(number(&means, "variance_per_site") > uniform);
    assert!(means["information_nats"].is_null() && means["block_information_nats"].is_null());

    let block = "exact gaussian --size 64 --mass 0.1 --block 8 --buffer 8";
    let none = folder.json(block);
    assert!(none["information_nats"].is_null());
    let whole = number(&none, "block_information_nats");
    let kept = |words: &str| {
        let found = folder.json(&format!("{block} --filter {words}"));
        assert_eq!(number(&found, "block_information_nats"), whole);
        number(&found, "information_nats")
    };
    for filter in ["uniform", "boundary", "decimation"] {
        let [sign, sigmoid, continuous] = ["sign", "sigmoid", "continuous"]
            .map(|name| kept(&format!("{filter} --encoder {name}")));
        assert_eq!(sign, kept(filter), "sign is the default");
        assert!(0.0 < sigmoid && sigmoid < sign && sign < continuous && continuous < whole);
    }
    // What alternates from site to site hardly reaches across the buffer.
    assert!(kept("staggered") < 1e-3 * kept("uniform"));

    let ones: Vec<u8> = (0..128)
        .flat_map(|i| f32::from(u8::from(i < 64 || i % 2 == 0)).to_le_bytes())
        .collect();
    folder.write("two.npy", &npy("<f4", &[2, 8, 8], &ones));
    let both = kept("two.npy --encoder continuous");
    assert!(kept("uniform --encoder continuous") < both && both < whole);
    let told = folder.run(&format!("{block} --filter two.npy"));
    told.is_refusal(2, &["2 components", "one", "continuous"]);
}

#[test]
fn dimer_coverings() {
    let folder = Folder::new();
    let free = folder.json("exact dimer --size 4 --temperature inf");
    assert_eq!(free["model"], "dimer");
    assert_eq!(free["size"], json!([4, 4]));
    assert_eq!(free["temperature"], "inf");
    assert_eq!(free["coverings"], 272);
    let histogram = json!([12, 0, 32, 64, 112, 0, 48, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(free["parallel_plaquettes_histogram"], histogram);
    assert!((number(&free, "parallel_plaquettes_per_site") - 4.0 / 17.0).abs() < 1e-15);
    assert!((number(&free, "winding_x_squared") - 5.0 / 17.0).abs() < 1e-15);
    assert!(free["information_nats"].is_null());

    let cold = folder.json("exact dimer --size 6 --temperature 0.3");
    assert_eq!(cold["coverings"], 90_176);
    assert!(number(&cold, "parallel_plaquettes_per_site") > 0.45);
    assert!(number(&cold, "columnar_order_squared") > 0.9);
    let law = cold["parallel_plaquettes_law"].as_array().expect("a list");
    let sum: f64 = law.iter().filter_map(Value::as_f64).sum();
    assert!(law.len() == 37 && (sum - 1.0).abs() < 1e-12);
    assert_eq!(folder.json("exact dimer")["coverings"], 311_853_312);
    let text = folder.succeeds("exact dimer --size 4 --temperature 0.65");
    assert!(
        text.contains("coverings") && text.contains("parallel plaquettes"),
        "{text}"
    );
}

/// What a filter keeps of dimers on 4 × 4 vertices, by the core, from the weight of the link along an
/// axis (0: along rows) from the vertex (y, x) for each component.
fn dimers_keep(
    [rows, columns, buffer]: [u32; 3],
    temperature: f64,
    encoder: Encoder,
    weights: &[&dyn Fn(u32, u32, u32) -> f32],
) -> Information {
    let lattice = Lattice::new(&[8, 8]).unwrap();
    let partition = Partition::new(lattice, &[rows, columns], buffer).unwrap();
    let mut given = vec![];
    for (y, x) in (0..rows * columns).map(|site| (site / columns, site % columns)) {
        for weight in weights {
            // Vertices and faces do not matter.
            given.push(match (y % 2, x % 2) {
                (0, 1) => weight(0, y / 2, x / 2),
                (1, 0) => weight(1, y / 2, x / 2),
                _ => 5.0,
            });
        }
    }
    let filter = Filter::new(&given, weights.len(), encoder).unwrap();
    dimer::information(&partition, temperature, Some(&filter), None).unwrap()
}

fn alternating(n: u32) -> f32 {
    if n.is_multiple_of(2) { 1.0 } else { -1.0 }
}

#[test]
fn dimer_informations() {
    let folder = Folder::new();
    let near = |found: &Value, expected: Information| {
        let kept = number(found, "information_nats") - expected.filtered.unwrap();
        let whole = number(found, "block_information_nats") - expected.block;
        assert!(kept.abs() < 1e-13 && whole.abs() < 1e-13, "{found}");
    };
    for (block, words) in [([4, 4, 1], "4 --buffer 1"), ([4, 5, 0], "4,5")] {
        let [rows, columns, _] = block;
        let edge = |axis, y: u32, x: u32| {
            let (down, right) = (2 * y + axis, 2 * x + 1 - axis);
            f32::from(u8::from(
                down == 0 || right == 0 || down + 1 == rows || right + 1 == columns,
            ))
        };
        for (encoder, name) in [(Encoder::Sign, "sign"), (Encoder::Sigmoid, "sigmoid")] {
            let check = |filter: &str, weights: &[&dyn Fn(u32, u32, u32) -> f32]| {
                let found = folder.json(&format!(
                    "exact dimer --size 4 --temperature 0.65 --block {words} --filter {filter} \
                     --encoder {name}"
                ));
                near(&found, dimers_keep(block, 0.65, encoder, weights));
            };
            check("uniform", &[&|_, _, _| 1.0]);
            check("boundary", &[&edge]);
            let first = |axis, y, x| f32::from(u8::from((axis, y, x) == (0, 0, 0)));
            check("decimation", &[&first]);
            let field = |along: u32| {
                move |axis, y, x| match axis == along {
                    true => alternating(x + y),
                    false => 0.0,
                }
            };
            check("staggered", &[&field(0), &field(1)]);
            let order = |sign: f32| {
                move |axis, y, x| match axis {
                    0 => alternating(x),
                    _ => sign * alternating(y),
                }
            };
            check("columnar", &[&order(1.0), &order(-1.0)]);
        }
    }
    // Which of the four columnar states it is, at low temperature.
    let cold = "exact dimer --size 6 --temperature 0.03 --block 4 --buffer 2 --filter columnar";
    let kept = number(&folder.json(cold), "information_nats");
    assert!((kept - 4f64.ln()).abs() < 1e-9, "{kept}");
    // Without a filter, and as text.
    let found = folder.json("exact dimer --size 4 --block 2");
    assert!(found["information_nats"].is_null() && found["coverings"] == 272);
    assert!(number(&found, "block_information_nats") > 0.0);
    let text = folder.succeeds(cold);
    assert!(text.contains("I(H:E), nats") && text.contains("I(V:E), nats"));
    let text = folder.succeeds("exact dimer --help");
    assert!(text.contains("columnar, sum and difference"), "{text}");
}

#[test]
fn chipping_informations() {
    let folder = Folder::new();
    // Both units on the other site, one each, both here: the other site knows it all.
    let two = "exact chipping --size 2 --density 1 --rate 0.5 --block 1";
    let whole = -0.75 * 0.375f64.ln() - 0.25 * 0.25f64.ln();
    let found = folder.json(two);
    assert!((number(&found, "block_information_nats") - whole).abs() < 1e-14);
    assert!(found["information_nats"].is_null());
    // m − 1 has a sign but where the masses are equal, where h is a coin.
    let found = folder.json(&format!("{two} --filter uniform"));
    assert!((number(&found, "information_nats") - 0.75 * 2f64.ln()).abs() < 1e-14);
    assert!((number(&found, "mass_squared") - 1.75).abs() < 1e-14);

    let words = "exact chipping --size 6 --density 1.5 --rate 0.7 --block 3 --buffer 1 \
                 --filter boundary --encoder sigmoid";
    let found = folder.json(words);
    let ring = Lattice::new(&[6]).unwrap();
    let model = Chipping::new(ring, 1.5, 0.7).unwrap();
    let partition = Partition::new(ring, &[3], 1).unwrap();
    let filter = Filter::new(&[1.0, 0.0, 1.0], 1, Encoder::Sigmoid).unwrap();
    let law = chipping::law(&model).unwrap();
    let expected = law.information(&partition, Some(&filter), None).unwrap();
    assert_eq!(number(&found, "block_information_nats"), expected.block);
    assert_eq!(Some(number(&found, "information_nats")), expected.filtered);
    let text = folder.succeeds(words);
    assert!(
        text.contains("I(H:E), nats") && text.contains("p(9)"),
        "{text}"
    );
}

/// Means and informations of a ring of six by going through all configurations; the block is the
/// sites 4 and 5, the environment 1 and 2.
fn ring_of_six(bonds: &[f64], beta: f64) -> [f64; 4] {
    let spin = |spins: usize, site: usize| 2.0 * (spins >> (site % 6) & 1) as f64 - 1.0;
    let energy = |spins| -> f64 {
        let bonds = bonds.iter().enumerate();
        bonds
            .map(|(i, bond)| -bond * spin(spins, i) * spin(spins, i + 1))
            .sum()
    };
    let weights: Vec<f64> = (0..64).map(|spins| (-beta * energy(spins)).exp()).collect();
    let z: f64 = weights.iter().sum();
    let (mut u, mut m) = (0.0, 0.0);
    let (mut of_block, mut of_first) = ([[0.0; 4]; 4], [[0.0; 4]; 4]);
    for (spins, weight) in weights.iter().enumerate() {
        let p = weight / z;
        u += p * energy(spins) / 6.0;
        m += p * (0..6).map(|site| spin(spins, site)).sum::<f64>().abs() / 6.0;
        let environment = spins >> 1 & 3;
        of_block[spins >> 4 & 3][environment] += p;
        of_first[spins >> 4 & 1][environment] += p;
    }
    let nats = |joint: [[f64; 4]; 4]| -> f64 {
        let of_v = joint.map(|row| row.iter().sum::<f64>());
        let of_e = [0, 1, 2, 3].map(|e| joint.iter().map(|row| row[e]).sum::<f64>());
        let all = (0..16).map(|i| (i / 4, i % 4));
        all.filter(|(v, e)| joint[*v][*e] > 0.0)
            .map(|(v, e)| joint[v][e] * (joint[v][e] / of_v[v] / of_e[e]).ln())
            .sum()
    };
    [u, m, nats(of_block), nats(of_first)]
}

#[test]
fn random_bond_rings() {
    let folder = Folder::new();
    let names = [
        "energy_per_site",
        "magnetisation_abs",
        "block_information_nats",
        "information_nats",
    ];
    let gaussian = Disorder::Gaussian {
        mean: -0.25,
        deviation: 1.5,
    };
    for (law, words, seed) in [
        (gaussian, "gaussian:-0.25,1.5", 1),
        (gaussian, "gaussian:-0.25,1.5", 8),
        (Disorder::PlusMinus { p: 0.5 }, "pm:0.5", 4),
    ] {
        let mut bonds = [0.0; 6];
        law.draw(seed, &mut bonds).unwrap();
        // Times the coupling.
        let expected = ring_of_six(&bonds.map(|bond| -0.5 * bond), 0.8f64.recip());
        let found = folder.json(&format!(
            "exact chain --size 6 --temperature 0.8 --coupling -0.5 --disorder {words} \
             --disorder-seed {seed} --origin 4 --block 2 --buffer 1 --filter decimation"
        ));
        assert_eq!(
            [
                &found["disorder"],
                &found["disorder_seed"],
                &found["origin"]
            ],
            [&json!(words), &json!(seed), &json!(4)]
        );
        for (name, expected) in names.iter().zip(expected) {
            let off = number(&found, name) - expected;
            assert!(off.abs() < 1e-13, "{words} {seed} {name}: {off}");
        }
    }
    // Bonds that are all alike, drawn and not: at any place.
    let ring = "exact chain --size 20 --temperature 0.9 --block 3 --buffer 2 --filter staggered";
    let clean = folder.json(&format!("{ring} --origin 7"));
    assert_eq!(clean["disorder"], "none");
    for words in ["--disorder pm:0 --origin 18", "--disorder gaussian:1,0"] {
        let drawn = folder.json(&format!("{ring} {words}"));
        for name in names {
            let off = number(&drawn, name) - number(&clean, name);
            assert!(off.abs() < 1e-13, "{words} {name}: {off}");
        }
    }
    let text = folder.succeeds("exact chain --disorder pm:0.2 --disorder-seed 9 --block 4");
    assert!(text.contains("pm:0.2 (seed 9)") && text.contains("I(V:E), nats"));
    // Too long for means.
    let long = folder.json("exact chain --size 100000 --disorder gaussian:0,1 --block 4");
    assert!(long["energy_per_site"].is_null());
    assert!(number(&long, "block_information_nats") > 0.0);
}
