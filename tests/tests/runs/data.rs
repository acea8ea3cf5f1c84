//! `train data` and `estimate data` on arrays whose information is known. Short runs here; the
//! full ones are in `long/statistics.rs`.

use blockspin_tests::arrays::{Packing, archive, array, dictionary};
use blockspin_tests::program::{Folder, npy};
use blockspin_tests::studies::{self, Length};

#[test]
fn ising_spins() {
    studies::ising(Length::QUICK);
}

#[test]
fn gaussian_fields() {
    studies::gaussian(&[8, 8], Length::QUICK);
}

#[test]
fn transformed_spins_have_transformed_filters() {
    // One window of a configuration.
    let length = Length {
        samples: 24_000,
        steps: 800,
        ..Length::QUICK
    };
    studies::transformed(length, 0.85);
}

#[test]
fn cut_outs_with_open_boundaries() {
    studies::open_boundaries(Length::QUICK);
}

#[test]
fn graphs_that_are_lattices() {
    studies::graphs(Length::QUICK);
}

/// Real data with whole configurations missing, and others in part.
#[test]
fn missing_configurations_are_left_out() {
    let folder = Folder::new();
    let spins = studies::spins(&folder, "ising --size 8 --temperature 2.6", Length::QUICK);
    let place = "--block 2 --buffer 1 --environment 1";
    let whole = studies::estimate(&folder, &format!("data sampled.npy {place}"), Length::QUICK);
    let holes = spins.iter().enumerate().map(|(i, spin)| {
        let missing = i / 64 % 3 == 0 || i % 64 == 5;
        if missing { f32::NAN } else { f32::from(*spin) }
    });
    studies::write_reals(&folder, "holes.npy", &[8, 8], &holes.collect::<Vec<_>>());
    let words = format!("data holes.npy {place}");
    let rest = studies::estimate(&folder, &words, Length::QUICK);
    studies::check_alike("with holes", rest, whole);
    let found = folder.json(&format!(
        "estimate {words} --filter uniform --steps 10 --quiet"
    ));
    assert_eq!(found["data"]["kind"], "real");
    assert!(found["data"]["windows_left_out"].as_u64() > Some(500));
}

/// The same spins in every type, order and container: the same bits.
#[test]
fn forms_of_one_array() {
    let folder = Folder::new();
    let length = Length {
        samples: 1200,
        ..Length::QUICK
    };
    let spins = studies::spins(&folder, "ising --size 4,6 --temperature 3", length);
    let options = "--block 1,2 --buffer 0,1 --environment 1 --steps 60 --quiet";
    let run = |name: &str| {
        let found = folder.json(&format!("train data {name} {options} --out run --force"));
        (
            found["fingerprint"].clone(),
            found["information_nats"].clone(),
        )
    };
    let first = run("sampled.npy");
    let bytes = |of: &dyn Fn(f64) -> Vec<u8>| -> Vec<u8> {
        spins.iter().flat_map(|spin| of(f64::from(*spin))).collect()
    };
    let up = |x: f64| u8::from(x > 0.0);
    let forms: [(&str, Vec<u8>); 12] = [
        ("|b1", bytes(&|x| vec![up(x)])),
        ("|u1", bytes(&|x| vec![3 + up(x)])),
        ("<i2", bytes(&|x| (x as i16).to_le_bytes().to_vec())),
        (">i2", bytes(&|x| (x as i16).to_be_bytes().to_vec())),
        ("<u2", bytes(&|x| u16::from(up(x)).to_le_bytes().to_vec())),
        ("<i4", bytes(&|x| (x as i32).to_le_bytes().to_vec())),
        ("<u4", bytes(&|x| u32::from(up(x)).to_le_bytes().to_vec())),
        ("<i8", bytes(&|x| (x as i64).to_le_bytes().to_vec())),
        (">i8", bytes(&|x| (x as i64).to_be_bytes().to_vec())),
        ("<f4", bytes(&|x| (x as f32).to_le_bytes().to_vec())),
        ("<f8", bytes(&|x| (0.1 * x).to_le_bytes().to_vec())),
        (">f8", bytes(&|x| (7.0 + x).to_be_bytes().to_vec())),
    ];
    let shape = [1200, 4, 6];
    for (descr, bytes) in &forms {
        folder.write("form.npy", &npy(descr, &shape, bytes));
        assert_eq!(run("form.npy"), first, "{descr}");
    }
    // Fortran order: the first axis is the fastest.
    let turned = (0..spins.len()).map(|i| {
        let (row, site) = (i % 1200, i / 1200);
        spins[row * 24 + site % 4 * 6 + site / 4] as u8
    });
    let dictionary = dictionary("|i1", true, "(1200, 4, 6)");
    let turned: Vec<u8> = turned.collect();
    folder.write("form.npy", &array(2, &dictionary, &turned));
    assert_eq!(run("form.npy"), first, "Fortran order");
    let member = folder.read("sampled.npy");
    for packing in [Packing::Stored, Packing::Deflated, Packing::Zip64] {
        let bytes = archive(&[("a.npy", packing, &member), ("b.npy", packing, &[])]);
        folder.write("forms.npz", &bytes);
        assert_eq!(run("forms.npz:a"), first, "{packing:?}");
    }
}

/// A site that never varies has no weight; a constant block or environment is told, and no failure.
#[test]
fn constant_sites() {
    let folder = Folder::new();
    let mut spins = studies::spins(&folder, "ising --size 8 --temperature 2.6", Length::QUICK);
    let options = "--steps 60 --quiet --out run --force --json";
    spins.chunks_exact_mut(64).for_each(|row| row[28] = 1);
    studies::write_spins(&folder, "now.npy", &[8, 8], &spins);
    let place = "--block 2 --buffer 1 --environment 1 --origin 3,3";
    let found = folder.run(&format!("train data now.npy {place} {options}"));
    let filter = &found.json()["filters"][0];
    assert_eq!(filter[0][1], 0.0);
    assert_ne!(filter[0][0], 0.0);

    for (constant, said) in [
        (&(0..64).collect::<Vec<_>>()[..], "all values"),
        (&[27, 28, 35, 36], "values of the block"),
        (
            &(0..64)
                .filter(|i| ![27, 28, 35, 36].contains(i))
                .collect::<Vec<_>>(),
            "values of the environment",
        ),
    ] {
        let mut now = spins.clone();
        for row in now.chunks_exact_mut(64) {
            constant.iter().for_each(|site: &usize| row[*site] = -1);
        }
        studies::write_spins(&folder, "now.npy", &[8, 8], &now);
        let told = folder.run(&format!("train data now.npy {place} {options}"));
        assert!(told.stderr.starts_with("warning: ") && told.stderr.contains(said));
        let found = told.json();
        assert_eq!(found["information_nats"], 0.0, "{found}");
        assert_eq!(found["filters"][0][1][1], 0.0, "{found}");
        // The same on a graph.
        studies::write_spins(&folder, "line.npy", &[64], &now);
        let line: String = (0..63).map(|i| format!("{i} {}\n", i + 1)).collect();
        folder.write("path.txt", line.as_bytes());
        let words = "train data line.npy --graph path.txt --origin edge:27 --block 2 --buffer 2";
        let told = folder.run(&format!("{words} --environment 1 {options}"));
        assert_eq!(told.code, Some(0), "{told:?}");
    }
}
