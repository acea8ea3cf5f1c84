//! The program as a user meets it: what it prints and writes, and what it refuses.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
#[cfg(unix)]
use std::time::Duration;

use blockspin_core::lattice::Lattice;
use blockspin_core::sampler::{Chipping, Disorder};
use blockspin_exact::{Encoder, Filter, Information, Partition, chipping, dimer};
use blockspin_tests::arrays::{Packing, archive};
use blockspin_tests::program::{Folder, binary, npy, parse_npy};
use serde_json::{Value, json};

/// A run of a second.
const SHORT: &str = "--size 16 --block 2 --buffer 1 --environment 2 --batch 20 --steps 200";

/// Spins ±1 as the program samples them: 300 configurations of 8 × 8.
fn spins(folder: &Folder) -> Vec<u8> {
    let told = folder.run("sample ising --size 8 --temperature 2.5 --samples 300 --out spins.npy");
    assert_eq!(told.code, Some(0), "{told:?}");
    let bytes = folder.read("spins.npy");
    let (header, data) = parse_npy(&bytes);
    assert!(header.contains("'descr': '|i1'"), "{header}");
    assert!(header.contains("'fortran_order': False"), "{header}");
    assert!(header.contains("'shape': (300, 8, 8)"), "{header}");
    assert_eq!(data.len(), 300 * 64);
    assert!(data.iter().all(|spin| [1, 255].contains(spin)));
    data.to_vec()
}

fn number(object: &Value, name: &str) -> f64 {
    object[name]
        .as_f64()
        .unwrap_or_else(|| panic!("{name} is no number: {object}"))
}

// ---------------------------------------------------------------------------------------------
// What it refuses

/// Models, and an option of each.
const MODELS: [(&str, &str); 6] = [
    ("ising", "--temperature"),
    ("chain", "--disorder"),
    ("dimer", "--temperature"),
    ("chipping", "--density"),
    ("potts", "--states"),
    ("gaussian", "--mass"),
];

/// (words, what the first line must say)
type Refusals<'a> = &'a [(&'a str, &'a [&'a str])];

/// Each with `--json` too, which changes nothing about a refusal.
fn all_refused(folder: &Folder, before: &str, after: &str, code: i32, cases: Refusals) {
    for (words, said) in cases {
        let words = format!("{before} {words} {after}");
        folder.refuses(&words, code, said);
        folder.refuses(&format!("{words} --json"), code, said);
    }
}

#[test]
fn commands_that_are_none() {
    let folder = Folder::new();
    let alone = folder.run("");
    assert_eq!((alone.code, &alone.stdout[..]), (Some(2), ""));
    assert!(alone.stderr.contains("Usage:") && alone.stderr.contains("Example:"));
    all_refused(
        &folder,
        "",
        "",
        2,
        &[
            ("smaple", &["smaple"]),
            ("train heisenberg", &["heisenberg"]),
            ("train ising --sise 4", &["--sise"]),
            ("sample ising --samples 5", &["required"]),
            ("sample ising --out a.npy", &["required"]),
            ("train data", &["required"]),
            ("estimate ising", &["required"]),
            ("fingerprint now", &["now"]),
        ],
    );
}

#[test]
fn models_that_are_none() {
    let folder = Folder::new();
    let lattices: Refusals = &[
        ("--size 0", &["'0'", "--size", "from 2"]),
        ("--size 1", &["'1'", "--size"]),
        ("--size -4", &["'-4'", "--size"]),
        ("--size 4,0", &["'4,0'"]),
        ("--size 4,4,4,4", &["'4,4,4,4'", "one to three"]),
        ("--size four", &["'four'"]),
        ("--size 4.5", &["'4.5'"]),
        ("--size 4,", &["'4,'"]),
        ("--size 99999999999", &["'99999999999'"]),
        ("--size 65536,65536", &["4294967296 sites", "at most"]),
        ("--dimension 0", &["0", "--dimension", "1..=3"]),
        ("--dimension 4", &["4", "--dimension"]),
        ("--size 4,4 --dimension 3", &["2 sides", "--dimension is 3"]),
        ("--temperature 0", &["'0'", "--temperature", "above 0"]),
        ("--temperature -1", &["'-1'", "--temperature"]),
        ("--temperature nan", &["'nan'", "finite"]),
        ("--temperature inf", &["'inf'", "finite"]),
        ("--temperature -inf", &["'-inf'", "finite"]),
        ("--coupling -inf", &["'-inf'", "finite"]),
        ("--temperature warm", &["'warm'"]),
        ("--temperature 1e-320", &["'1e-320'"]),
        ("--beta 0", &["'0'", "--beta"]),
        ("--beta -0.4", &["'-0.4'", "--beta"]),
        ("--beta nan", &["'nan'", "--beta"]),
        ("--beta 0.4 --temperature 2", &["--beta", "--temperature"]),
        ("--coupling 0", &["'0'", "--coupling"]),
        ("--coupling nan", &["'nan'", "--coupling"]),
        ("--coupling 1e300 --temperature 1e-300", &["ratio"]),
        ("--size 5 --coupling -1", &["5", "even", "6"]),
        ("--seed -1", &["'-1'", "--seed"]),
        ("--burn-in -1", &["'-1'", "--burn-in"]),
        ("--thin 0", &["0", "--thin"]),
        ("--algorithm heatbath", &["'heatbath'", "--algorithm"]),
        ("--threads 0", &["0", "--threads"]),
        ("--isa sse9", &["'sse9'", "portable"]),
    ];
    all_refused(
        &folder,
        "sample ising",
        "--samples 5 --out a.npy",
        2,
        lattices,
    );
    all_refused(&folder, "train ising", "--out run", 2, lattices);
    all_refused(
        &folder,
        "sample ising",
        "--out a.npy",
        2,
        &[
            ("--samples 0", &["'0'", "--samples", "from 1"]),
            ("--samples -5", &["'-5'", "--samples"]),
            ("--samples 1.5", &["'1.5'"]),
            (
                "--samples 99999999999999999999",
                &["'99999999999999999999'"],
            ),
        ],
    );
    all_refused(
        &folder,
        "sample chain",
        "--samples 5 --out a.npy",
        2,
        &[
            ("--size 1", &["1", "--size"]),
            ("--size 4,4", &["'4,4'", "--size"]),
            ("--disorder strong", &["'strong'", "--disorder"]),
            ("--coupling -1 --size 7", &["7", "even"]),
        ],
    );
}

#[test]
fn runs_that_cannot_be() {
    let folder = Folder::new();
    all_refused(
        &folder,
        "train ising --size 16",
        "--out run",
        2,
        &[
            // Block 4, buffer 4, environment 10 on both sides.
            ("", &["32", "16 × 16", "largest that fits is 16"]),
            (
                "--block 6 --buffer 4 --environment 2",
                &["18", "16", "largest"],
            ),
            ("--block 17 --buffer 0 --environment 1", &["19", "16"]),
            ("--environment 4294967295", &["8589934602", "16"]),
            ("--block 0", &["'0'", "--block"]),
            ("--block -1", &["'-1'", "--block"]),
            (
                "--block 2,2,2 --buffer 1 --environment 1",
                &["3 sides", "2"],
            ),
            ("--buffer -1", &["'-1'", "--buffer"]),
            ("--environment 0", &["0", "--environment"]),
            ("--environment -3", &["-3", "--environment"]),
        ],
    );
    let short = format!("train ising {SHORT}").replace("--batch 20 --steps 200", "");
    all_refused(
        &folder,
        &short,
        "--out run",
        2,
        &[
            ("--batch 1", &["1", "--batch", "2..="]),
            ("--batch 0", &["0", "--batch"]),
            ("--batch 1000000", &["1000000", "--batch"]),
            ("--steps 0", &["0", "--steps"]),
            ("--steps -6", &["-6", "--steps"]),
            ("--learning-rate nan", &["'nan'", "--learning-rate"]),
            ("--learning-rate -0.1", &["'-0.1'", "--learning-rate"]),
            ("--learning-rate 2", &["'2'", "0 to 1"]),
            ("--learning-rate-end inf", &["'inf'"]),
            ("--epsilon-start 0", &["'0'", "--epsilon-start"]),
            ("--epsilon-end nan", &["'nan'", "--epsilon-end"]),
            ("--epsilon-rate -1", &["'-1'", "--epsilon-rate"]),
            ("--components 0", &["0", "--components"]),
            ("--components 17", &["17", "--components"]),
            ("--bound mine", &["'mine'", "infonce", "tuba-constant"]),
            ("--critic mlp", &["'mlp'", "separable", "concatenated"]),
            ("--hidden 8,0", &["'8,0'", "1 to 1024"]),
            ("--hidden 1,2,3,4,5", &["'1,2,3,4,5'", "up to 4"]),
            ("--activation sine", &["'sine'", "relu, elu, tanh"]),
            ("--critic quadratic --hidden 8", &["no hidden layers"]),
            ("--critic quadratic --activation elu", &["there are none"]),
            (
                "--critic concatenated --embedding 8",
                &["--embedding", "two networks"],
            ),
            (
                "--critic concatenated --hidden none",
                &["concatenated", "from 1 to 4"],
            ),
            ("--isa avx1024", &["'avx1024'", "auto"]),
        ],
    );
    all_refused(
        &folder,
        "exact",
        "",
        2,
        &[
            ("ising --size 64", &["64"]),
            ("ising --size 4 --block 5", &["5", "4"]),
            ("ising --size 4 --block 4", &["no environment"]),
            ("ising --size 4 --block 2 --buffer 1", &["1", "0"]),
            ("ising --size 6 --block 2", &["36 sites", "27"]),
            ("ising --size 4 --filter uniform", &["--block"]),
            ("ising --size 4 --buffer 1", &["--block"]),
            (
                "ising --size 4 --block 2 --filter gaussian",
                &["'gaussian'", "boundary"],
            ),
            ("ising --size 4 --block 2,2,2", &["3", "2"]),
            ("ising --size 4 --temperature 0", &["'0'"]),
            ("chain --size 1000000 --block 40 --filter uniform", &["40"]),
            (
                "ising --size 4 --block 2 --filter uniform --encoder continuous",
                &["'continuous'", "sigmoid"],
            ),
            ("gaussian", &["--mass"]),
            ("gaussian --mass 0", &["'0'", "1e-100", "0.1"]),
            ("gaussian --mass -1", &["'-1'", "1e-100"]),
            ("gaussian --mass nan", &["'nan'", "1e-100"]),
            ("gaussian --mass 1 --size 4096", &["4096 × 4096", "1024"]),
            ("gaussian --mass 1 --size 8,8 --dimension 3", &["2", "3"]),
            ("gaussian --mass 1 --block 2 --buffer 31", &["31", "30"]),
            ("gaussian --mass 1 --block 40", &["1600", "1024"]),
            ("chipping", &["256", "10"]),
            ("chipping --size 1", &["1"]),
            ("chipping --size 6 --density 3", &["18", "15"]),
            ("chipping --size 4 --density 1.1", &["4.4", "density of 1"]),
            ("chipping --size 4 --density 0", &["'0'", "above 0"]),
            ("chipping --size 4 --density nan", &["'nan'", "above 0"]),
            ("chipping --size 4 --density 1e300", &["67108864"]),
            ("chipping --size 4 --rate -1", &["'-1'", "0 to 10000"]),
            ("chipping --size 4 --rate inf", &["'inf'", "0 to 10000"]),
            (
                "gaussian --mass 1 --size 128 --block 9 --buffer 30",
                &["4761", "4096", "smaller"],
            ),
            ("gaussian --mass 1 --filter uniform", &["--block"]),
            (
                "gaussian --mass 1 --block 2 --filter mine",
                &["'mine'", "boundary"],
            ),
            (
                "gaussian --mass 1 --block 2 --filter uniform --encoder relaxed",
                &["'relaxed'", "continuous"],
            ),
            ("dimer --size 5", &["side of 5", "even", "4 to 8"]),
            ("dimer --size 64", &["side of 64", "8"]),
            ("dimer --size 0", &["side of 0", "4"]),
            ("dimer --temperature 0", &["'0'", "inf"]),
            ("dimer --temperature -1", &["'-1'", "above 0"]),
            ("dimer --temperature nan", &["'nan'", "0.65"]),
        ],
    );
}

#[test]
fn filters_that_do_not_fit() {
    let folder = Folder::new();
    let floats =
        |values: &[f32]| -> Vec<u8> { values.iter().flat_map(|v| v.to_le_bytes()).collect() };
    folder.write("three.npy", &npy("<f4", &[1, 3, 3], &floats(&[1.0; 9])));
    folder.write(
        "cube.npy",
        &npy("<f4", &[1, 2, 2, 2, 2], &floats(&[1.0; 16])),
    );
    folder.write(
        "nan.npy",
        &npy("<f4", &[2, 2], &floats(&[1.0, f32::NAN, 1.0, 1.0])),
    );
    folder.write("none.npy", &npy("<f4", &[0, 2, 2], &[]));
    folder.write("text.npy", b"1 1\n1 1\n");
    for verb in [
        format!("estimate ising {SHORT}"),
        "exact ising --size 4 --block 2".into(),
    ] {
        all_refused(
            &folder,
            &verb,
            "",
            2,
            &[
                (
                    "--filter gaussian",
                    &[
                        "'gaussian'",
                        "uniform",
                        "boundary",
                        "decimation",
                        "staggered",
                    ],
                ),
                (
                    "--filter three.npy",
                    &["three.npy", "3 × 3", "2 × 2", "--block 3,3"],
                ),
                ("--filter uniform --encoder tanh", &["'tanh'", "sigmoid"]),
            ],
        );
        all_refused(
            &folder,
            &verb,
            "",
            1,
            &[
                ("--filter missing.npy", &["missing.npy", "does not exist"]),
                ("--filter cube.npy", &["cube.npy", "(1, 2, 2, 2, 2)"]),
                ("--filter nan.npy", &["nan.npy", "NaN"]),
                ("--filter none.npy", &["none.npy"]),
                ("--filter text.npy", &["text.npy"]),
            ],
        );
    }
}

#[test]
fn data_that_cannot_be_read() {
    let folder = Folder::new();
    let whole = npy("|i1", &[20, 4, 4], &[1; 320]);
    let floats = |value: f64| -> Vec<u8> {
        let values = (0..320).map(|i| if i == 77 { value } else { f64::from(i % 2) });
        values.flat_map(f64::to_le_bytes).collect()
    };
    fs::create_dir(folder.path("folder.npy")).unwrap();
    let three: Vec<u8> = (0..320).map(|i| (i % 3) as u8).collect();
    let files: &[(&str, Vec<u8>, &[&str])] = &[
        ("empty.npy", vec![], &["no .npy file"]),
        ("text.npy", b"1 -1 1\n".to_vec(), &["no .npy file"]),
        ("header.npy", whole[..50].to_vec(), &["cut off"]),
        ("cut.npy", whole[..whole.len() - 1].to_vec(), &["cut off"]),
        ("long.npy", [&whole[..], &[1]].concat(), &["spare"]),
        (
            "complex.npy",
            npy("<c8", &[20, 4, 4], &[0; 2560]),
            &["<c8", "i1 u1"],
        ),
        ("object.npy", npy("|O", &[20, 4, 4], &[0; 2560]), &["|O"]),
        ("half.npy", npy("<f2", &[20, 4, 4], &[0; 640]), &["<f2"]),
        (
            "flat.npy",
            npy("|i1", &[320], &[1; 320]),
            &["(320,)", "(N, L0)"],
        ),
        (
            "deep.npy",
            npy("|i1", &[2, 2, 2, 2, 20], &[1; 320]),
            &["(2, 2, 2, 2, 20)"],
        ),
        (
            "none.npy",
            npy("|i1", &[0, 4, 4], &[]),
            &["(0, 4, 4)", "empty"],
        ),
        (
            "thin.npy",
            npy("|i1", &[320, 1], &[1; 320]),
            &["(320, 1)", "2"],
        ),
        (
            "claims.npy",
            npy("|i1", &[4_000_000_000, 4, 4], &[1; 320]),
            &["cut off"],
        ),
        (
            "inf.npy",
            npy("<f8", &[20, 4, 4], &floats(f64::INFINITY)),
            &["inf"],
        ),
        ("bool.npy", npy("|b1", &[20, 4, 4], &three), &["bool"]),
    ];
    for (name, bytes, said) in files {
        folder.write(name, bytes);
        let said = [&[*name], *said].concat();
        folder.refuses(&format!("train data {name} --out run"), 1, &said);
        folder.refuses(&format!("estimate data {name} --filter uniform"), 1, &said);
    }
    all_refused(
        &folder,
        "train data",
        "--out run",
        1,
        &[
            ("missing.npy", &["missing.npy", "does not exist"]),
            ("folder.npy", &["folder.npy", "folder"]),
        ],
    );
    if Path::new("/dev/zero").exists() {
        folder.refuses(
            "train data /dev/zero --out run",
            1,
            &["/dev/zero", "device"],
        );
    }
}

#[test]
fn data_that_do_not_suffice() {
    let folder = Folder::new();
    let spins: Vec<u8> = (0..40 * 64).map(|i| (i * i / 7 % 2) as u8).collect();
    folder.write("few.npy", &npy("|u1", &[40, 8, 8], &spins));
    let window = "--block 2 --buffer 1 --environment 2";
    all_refused(
        &folder,
        "train data few.npy",
        "--out run",
        2,
        &[
            // The default window on 8 × 8.
            ("", &["32", "8 × 8", "largest that fits is 8"]),
            (
                &format!("{window} --batch 100"),
                &["40 configurations", "100", "--batch 4"],
            ),
            (
                &format!("{window} --batch 5"),
                &["40 configurations", "5", "--batch 4"],
            ),
            ("--block 2,2,2", &["3 sides"]),
        ],
    );
}

/// Boundaries, origins, graphs and members that do not suit the data.
#[test]
fn data_that_are_read_wrongly() {
    let folder = Folder::new();
    let spins: Vec<u8> = (0..400 * 64).map(|i| (i * i / 7 % 2) as u8).collect();
    let square = npy("|u1", &[400, 8, 8], &spins);
    folder.write("square.npy", &square);
    folder.write("line.npy", &npy("|u1", &[400, 64], &spins));
    folder.write("cube.npy", &npy("|u1", &[400, 4, 4, 4], &spins));
    let both = [
        ("u.npy", Packing::Stored, &square[..]),
        ("v.npy", Packing::Deflated, &square),
    ];
    folder.write("both.npz", &archive(&both));
    folder.write("none.npz", &archive(&[("a.txt", Packing::Stored, b"1")]));
    let doubles = |missing: &dyn Fn(usize) -> bool| -> Vec<u8> {
        let values = (0..400 * 64).map(|i| match missing(i) {
            true => f64::NAN,
            false => f64::from((i * i / 5 % 7) as u32),
        });
        let bytes: Vec<u8> = values.flat_map(f64::to_le_bytes).collect();
        npy("<f8", &[400, 8, 8], &bytes)
    };
    folder.write("missing.npy", &doubles(&|_| true));
    folder.write("late.npy", &doubles(&|i| i / 64 < 390));
    folder.write("holes.npy", &doubles(&|i| i % 4 == 0));
    let edges = |edges: usize| -> String {
        let line = |i| format!("{i} {}\n", (i + 1) % 64);
        (0..edges).map(line).collect()
    };
    folder.write("ring.txt", edges(64).as_bytes());
    folder.write("path.txt", edges(63).as_bytes());
    folder.write("short.txt", b"0 1\n1 2\n");
    folder.write("words.txt", b"0 1\n1 two\n");
    folder.write("empty.txt", b"# nothing\n");

    let options = "--batch 10 --steps 10 --quiet --out run";
    let window = format!("--block 2 --buffer 1 --environment 1 {options}");
    let axis: &[&str] = &["8 × 8", "one index for each axis", "0,0"];
    all_refused(
        &folder,
        "train data square.npy",
        &window,
        2,
        &[
            ("--boundary closed", &["'closed'", "periodic or open"]),
            ("--boundary ,", &["','", "periodic or open"]),
            (
                "--boundary open,open,open",
                &["3 axes", "8 × 8", "one for all"],
            ),
            (
                "--boundary open,open,open,open",
                &["'open,open,open,open'", "for each"],
            ),
            ("--origin 3", axis),
            ("--origin 3,3,3", axis),
            ("--origin -1,3", &["-1,3", "from 0"]),
            ("--origin a,b", &["a,b", "from 0"]),
            ("--origin node:3", &["node:3", "8 × 8"]),
            ("--origin 3,8", &["8", "axis 1", "0 to 7"]),
            ("--origin 1,3 --boundary open", &["1", "axis 0", "2 to 4"]),
            ("--origin 2,5 --boundary open", &["5", "axis 1", "2 to 4"]),
            ("--values nodes", &["--graph"]),
            ("--graph ring.txt", &["--origin"]),
            ("--graph ring.txt --origin 3", &["8 × 8", "(N, M)"]),
            ("--algorithm wolff", &["--algorithm", "unexpected"]),
            ("square.npy", &["'square.npy'"]),
        ],
    );
    all_refused(
        &folder,
        "train data square.npy --boundary open",
        options,
        2,
        &[
            (
                "--block 2 --buffer 1 --environment 3",
                &["10", "8 × 8", "largest that fits is 8"],
            ),
            (
                "--block 2 --buffer 1,9 --environment 1",
                &["22", "buffer 9", "8"],
            ),
            (
                "--block 2 --buffer 1,1,1 --environment 1",
                &["3 sides", "with 2"],
            ),
            ("--block 2 --buffer 1, --environment 1", &["'1,'", "8,4"]),
            ("--block 2 --buffer 1,-1 --environment 1", &["'1,-1'"]),
            (
                "--block 2 --buffer 1 --environment 0,0",
                &["--environment 0", "at least 1"],
            ),
        ],
    );
    all_refused(
        &folder,
        "train data",
        options,
        2,
        &[
            (
                "cube.npy --block 2 --buffer 1,1 --environment 1",
                &["2 sides", "with 3"],
            ),
            (
                "cube.npy --block 2 --buffer 0 --environment 1 --boundary open,open",
                &["2 axes", "4 × 4 × 4"],
            ),
            (
                "both.npz:u --block 2 --buffer 1 --environment 4",
                &["12", "8 × 8"],
            ),
        ],
    );
    all_refused(
        &folder,
        "train data",
        &window,
        1,
        &[
            ("both.npz", &["both.npz", "2 arrays (u, v)", "both.npz:"]),
            ("both.npz:w", &["'w'", "u, v"]),
            ("none.npz", &["none.npz", "no array", "numpy.savez"]),
            ("square.npy:u", &["square.npy", "no .npz", "'u'"]),
            ("absent.npz:u", &["absent.npz", "does not exist"]),
            ("missing.npy", &["missing.npy", "nothing but NaN"]),
            ("late.npy", &["missing values", "smaller --block"]),
            ("holes.npy", &["missing values", "smaller --block"]),
        ],
    );
    all_refused(
        &folder,
        "train data line.npy",
        &window,
        2,
        &[
            ("--graph ring.txt --origin 64", &["node 64", "0 to 63"]),
            ("--graph ring.txt --origin edge:64", &["edge 64", "0 to 63"]),
            ("--graph ring.txt --origin face:6", &["'face:6'", "edge:N"]),
            ("--graph ring.txt --origin 3,4", &["'3,4'", "node:N"]),
            ("--graph ring.txt --origin -3", &["'-3'", "from 0"]),
            (
                "--graph ring.txt --origin 3 --boundary open",
                &["--graph", "--boundary"],
            ),
            (
                "--graph ring.txt --origin 3 --values faces",
                &["'faces'", "nodes, edges"],
            ),
        ],
    );
    all_refused(
        &folder,
        "train data line.npy --graph ring.txt --origin 3",
        options,
        2,
        &[
            (
                "--block 2,2 --buffer 1 --environment 1",
                &["2,2", "number of shells"],
            ),
            ("--block 0 --buffer 1 --environment 1", &["'0'", "--block"]),
            (
                "--block 2 --buffer 1 --environment 0",
                &["environment 0", "at least 1"],
            ),
            (
                "--block 20 --buffer 20 --environment 1",
                &["distance 40", "distance 32", "at most 32"],
            ),
        ],
    );
    all_refused(
        &folder,
        "train data line.npy --origin 1 --graph",
        &window,
        1,
        &[
            (
                "path.txt --values edges",
                &["63 edges", "64 values", "--values nodes"],
            ),
            ("short.txt", &["3 nodes", "64 values", "'63 63'"]),
            ("words.txt", &["line 2", "'two'", "'0 1'"]),
            ("empty.txt", &["empty.txt", "no edge", "at least one"]),
            ("absent.txt", &["absent.txt", "does not exist"]),
            (".", &["'.'", "folder"]),
            ("square.npy", &["square.npy", "edge list"]),
            ("both.npz", &["both.npz", "shape.npy", "save_npz"]),
        ],
    );
}

/// What a graph's file says beyond its edges is told; its run has drawing, filter and sites.
#[test]
fn a_run_on_a_graph() {
    let folder = Folder::new();
    let spins: Vec<u8> = (0..400 * 20).map(|i| (i * i / 7 % 2) as u8).collect();
    folder.write("values.npy", &npy("|u1", &[400, 20], &spins));
    let edges: String = (0..20)
        .map(|i| format!("{i} {} 0.5\n", (i + 1) % 20))
        .collect();
    folder.write("ring.txt", format!("7 7\n{edges}1 0 2\n").as_bytes());
    let words = "train data values.npy --graph ring.txt --origin 3 --block 2 --buffer 1 \
                 --environment 1 --batch 20 --steps 30 --components 2 --out run --json";
    let told = folder.run(words);
    let found = told.json();
    for said in ["1 self loop and 1 repeated edge dropped", "weights"] {
        let warned = |text: &str| text.contains("ring.txt") && text.contains(said);
        assert!(told.stderr.lines().any(warned), "{told:?}");
        let warnings = found["warnings"].as_array().unwrap();
        assert!(warnings.iter().any(|text| warned(text.as_str().unwrap())));
    }
    let graph = &found["data"]["graph"];
    assert_eq!((&graph["nodes"], &graph["edges"]), (&json!(20), &json!(20)));
    assert_eq!(graph["origin"], "node 3");
    assert_eq!(graph["block"], json!([3, 2, 4]));
    assert_eq!(graph["buffer"], json!([1, 5]));
    assert_eq!(graph["environment"], json!([0, 6]));
    assert_eq!(found["filters"][1].as_array().unwrap().len(), 3);
    let bytes = folder.read("run/filters.npy");
    let (header, _) = parse_npy(&bytes);
    assert!(header.contains("'shape': (2, 3)"), "{header}");
    let report = String::from_utf8(folder.read("run/report.html")).unwrap();
    assert!(report.contains("Weights of the filter on the graph"));
    // A filter of a run on a graph can be judged there.
    let words = "estimate data values.npy --graph ring.txt --origin 3 --block 2 --buffer 1 \
                 --environment 1 --batch 20 --steps 30 --filter run/filters.npy";
    assert!(number(&folder.json(words), "information_nats").is_finite());
}

#[test]
fn outputs_that_cannot_be_written() {
    let folder = Folder::new();
    fs::create_dir(folder.path("folder")).unwrap();
    folder.write("folder/precious.txt", b"mine");
    fs::create_dir(folder.path("foreign")).unwrap();
    folder.write("foreign/run.json", b"{\"schema\": \"another program's\"}");
    folder.write("file", b"mine");
    let sample = "sample ising --size 4 --samples 5 --out";
    let train = format!("train ising {SHORT} --out");
    all_refused(
        &folder,
        sample,
        "",
        2,
        &[
            ("folder", &["'folder'", "is a folder"]),
            ("new/", &["'new/'", "folder"]),
            (".", &["'.'", "folder"]),
        ],
    );
    all_refused(
        &folder,
        &train,
        "",
        2,
        &[
            ("folder", &["'folder'", "not empty", "run.json"]),
            ("foreign", &["'foreign'", "not empty", "run.json"]),
            ("file", &["'file'", "is a file"]),
            (".", &["'.'"]),
            ("..", &["'..'"]),
        ],
    );
    for words in [sample, &train] {
        folder.refuses(
            &format!("{words} missing/a"),
            1,
            &["'missing'", "does not exist"],
        );
        folder.refuses(&format!("{words} file/a"), 1, &["file"]);
    }
    // What cannot fit is refused before anything is sampled.
    all_refused(
        &folder,
        "sample ising --size 64 --out a.npy",
        "",
        1,
        &[
            ("--samples 1000000000000", &["3.6", "PiB", "free"]),
            ("--samples 18446744073709551615", &["64"]),
        ],
    );
    folder.refuses(
        "train ising --size 16384 --batch 16384 --out run",
        1,
        &["this run needs", "TiB of memory", "available"],
    );
}

#[cfg(unix)]
#[test]
fn outputs_that_are_no_files() {
    let folder = Folder::new();
    let made = Command::new("mkfifo").arg(folder.path("pipe")).status();
    assert!(made.expect("mkfifo").success());
    std::os::unix::fs::symlink("nowhere", folder.path("link")).unwrap();
    let train = format!("train ising {SHORT} --out");
    for words in ["sample ising --size 4 --samples 5 --out", &train] {
        for device in ["/dev/null", "/dev/full", "pipe"] {
            if device == "pipe" || Path::new(device).exists() {
                let said = &[device, "a device, a pipe or a socket"];
                folder.refuses(&format!("{words} {device}"), 2, said);
            }
        }
        folder.refuses(&format!("{words} link"), 2, &["'link'", "symbolic link"]);
    }
    folder.refuses("train data pipe --out run", 1, &["'pipe'", "pipe"]);
}

/// A folder without leave to write; root may write everywhere.
#[cfg(unix)]
#[test]
fn folders_that_are_closed() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let closed = folder.path("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).unwrap();
    if File::create(folder.path("closed/probe")).is_ok() {
        println!("skipped: this user may write to any folder");
        return;
    }
    let said = &["closed", "permission denied"];
    folder.refuses(
        "sample ising --size 4 --samples 5 --out closed/a.npy",
        1,
        said,
    );
    folder.refuses(&format!("train ising {SHORT} --out closed/run"), 1, said);
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A disk of 64 KiB, where the system lets an ordinary user mount one in a namespace.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full() {
    let folder = Folder::new();
    fs::create_dir(folder.path("disk")).unwrap();
    let inside = |words: &str| {
        let script = format!(
            "mount -t tmpfs -o size=64k none disk && head -c 40000 /dev/zero > disk/full || exit 77
             {} {words}; code=$?; ls -A disk >&2; exit $code",
            binary().display()
        );
        let mut shell = Command::new("unshare");
        shell.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]);
        folder.finish(words.to_string(), &mut shell, None)
    };
    let probe = Command::new("unshare")
        .args([
            "--user",
            "--map-root-user",
            "--mount",
            "mount",
            "-t",
            "tmpfs",
            "none",
            "/mnt",
        ])
        .output();
    if !probe.is_ok_and(|output| output.status.success()) {
        println!("skipped: no disk can be mounted here");
        return;
    }
    for words in [
        "sample ising --size 16 --samples 200 --out disk/a.npy",
        &format!("train ising {SHORT} --out disk/run"),
    ] {
        let told = inside(words);
        told.is_refusal(1, &["needs", "disk", "free"]);
        assert_eq!(told.stderr.lines().last(), Some("full"), "{told:?}");
    }
    let told = inside("sample ising --size 16 --samples 20 --out disk/a.npy");
    assert_eq!(told.code, Some(0), "{told:?}");
}

/// A file that may not grow to its length: what is noticed only while several threads write.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_cannot_grow() {
    let folder = Folder::new();
    for threads in [1, 2, 5] {
        let words = format!("sample ising --size 8 --samples 6000 --threads {threads} --out a.npy");
        let script = format!(
            "trap '' XFSZ; ulimit -f 64; exec {} {words}",
            binary().display()
        );
        let mut shell = Command::new("sh");
        let told = folder.finish(words, shell.args(["-c", &script]), None);
        told.is_refusal(1, &["cannot write 'a.npy'", "too large"]);
        assert!(folder.contents().is_empty(), "{told:?}");
    }
}

/// The signal ends the program, as it would any other, and nothing is left.
#[cfg(unix)]
#[test]
fn interruptions_leave_nothing() {
    use std::os::unix::process::ExitStatusExt;
    for (signal, number) in [("INT", 2), ("TERM", 15)] {
        let folder = Folder::new();
        let words = "sample ising --size 4 --samples 5000 --thin 100000 --threads 2 --out a.npy";
        let mut child = Command::new(binary())
            .args(words.split_whitespace())
            .current_dir(folder.path(""))
            .spawn()
            .unwrap();
        // Not the empty file that only tries the folder.
        let begun = |entry: fs::DirEntry| entry.metadata().is_ok_and(|meta| meta.len() > 0);
        while !fs::read_dir(folder.path("")).unwrap().flatten().any(begun) {
            assert_eq!(child.try_wait().unwrap(), None, "it has not begun to write");
            std::thread::sleep(Duration::from_millis(2));
        }
        let kill = format!("kill -{signal} {}", child.id());
        let killed = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(killed.success());
        assert_eq!(child.wait().unwrap().signal(), Some(number));
        assert!(folder.contents().is_empty(), "{:?}", folder.contents());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn standard_output_that_is_full_or_gone() {
    let folder = Folder::new();
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    for words in ["exact ising --size 4", "exact ising --size 4 --json"] {
        let told = folder.run_into(words, full());
        told.is_refusal(1, &["no space left"]);
    }
    // A reader that has gone is no failure.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let told = folder.run_into("exact ising --size 4", writer.into());
    assert_eq!((told.code, &told.stderr[..]), (Some(0), ""), "{told:?}");
}

// ---------------------------------------------------------------------------------------------
// What it does

#[test]
fn help_has_examples() {
    let folder = Folder::new();
    for words in ["", "sample", "train", "estimate", "exact", "fingerprint"] {
        for help in ["--help", "-h"] {
            let text = folder.succeeds(&format!("{words} {help}"));
            assert!(text.contains("Usage: blockspin"), "{words}: {text}");
            assert!(text.contains("Example"), "{words}: {text}");
            assert!(
                text.contains(&format!("blockspin {words}")),
                "{words}: {text}"
            );
        }
    }
    for verb in ["sample", "train", "estimate", "exact"] {
        for (model, option) in MODELS {
            if (verb, model) == ("exact", "potts") {
                continue;
            }
            let text = folder.succeeds(&format!("{verb} {model} --help"));
            assert!(text.contains(option) && text.contains("--json"), "{text}");
            let example = format!("blockspin {verb} {model}");
            assert!(
                text.contains("Example") && text.contains(&example),
                "{text}"
            );
        }
    }
    // Runs have defaults of their own for some models, and only runs.
    for (model, block, steps) in [("ising", "4", "6000"), ("dimer", "8", "8000")] {
        let text = folder.succeeds(&format!("train {model} --help"));
        let words: Vec<_> = text.split_whitespace().collect();
        let default = |option: &str| {
            let at = words.iter().position(|word| *word == option).unwrap();
            let rest = &words[at..];
            let after = rest.iter().position(|word| *word == "[default:").unwrap();
            rest[after + 1].trim_end_matches(']').to_string()
        };
        assert_eq!(default("--block"), block, "{text}");
        assert_eq!(default("--steps"), steps, "{text}");
    }
    assert!(
        folder
            .succeeds("estimate dimer --help")
            .contains("columnar")
    );
    let text = folder.succeeds("exact gaussian --help");
    assert!(
        text.contains("Example: blockspin exact gaussian") && text.contains("--mass"),
        "{text}"
    );
    let text = folder.succeeds("exact chipping --help");
    assert!(
        text.contains("Examples: blockspin exact chipping") && text.contains("--density"),
        "{text}"
    );
    let text = folder.succeeds("exact dimer --help");
    assert!(
        text.contains("Examples: blockspin exact dimer") && text.contains("--temperature"),
        "{text}"
    );
    assert!(folder.succeeds("--version").starts_with("blockspin "));
}

#[test]
fn samples_and_what_is_said_of_them() {
    for (model, shape) in [
        ("ising --size 4", "(3000, 4, 4)"),
        (
            "ising --size 4 --coupling -1 --temperature 3",
            "(3000, 4, 4)",
        ),
        (
            "ising --size 3,2,4 --beta 0.15 --algorithm metropolis",
            "(3000, 3, 2, 4)",
        ),
        (
            "ising --size 9 --dimension 1 --algorithm wolff",
            "(3000, 9)",
        ),
        ("chain --size 12 --algorithm swendsen-wang", "(3000, 12)"),
    ] {
        let folder = Folder::new();
        let found = folder.json(&format!(
            "sample {model} --samples 3000 --seed 5 --out a.npy"
        ));
        assert_eq!(found["samples"], 3000);
        for name in ["seconds", "burn_in", "energy_stderr"] {
            assert!(number(&found, name) >= 0.0, "{found}");
        }
        assert!(number(&found, "autocorrelation_time") >= 0.5);
        assert_eq!(found["equilibrated"], true);

        let bytes = folder.read("a.npy");
        let (header, data) = parse_npy(&bytes);
        assert!(header.contains(&format!("'shape': {shape}")), "{header}");
        assert!(header.contains("'descr': '|i1'"), "{header}");
        assert!(data.iter().all(|spin| [1, 255].contains(spin)));
        // What is said is true of the file.
        let sites = data.len() / 3000;
        let squares = data.chunks_exact(sites).map(|row| {
            let m: i32 = row.iter().map(|spin| i32::from(*spin as i8)).sum();
            f64::from(m * m) / (sites * sites) as f64
        });
        let square = squares.sum::<f64>() / 3000.0;
        assert!((square - number(&found, "magnetisation_squared")).abs() < 1e-9);

        // And of the model: `exact` takes the same words, but for the algorithm.
        let words = model.split(" --algorithm").next().unwrap();
        let exact = folder.json(&format!("exact {words}"));
        for (name, error) in [
            ("energy_per_site", "energy_stderr"),
            ("magnetisation_abs", "magnetisation_abs_stderr"),
            ("magnetisation_squared", "magnetisation_squared_stderr"),
        ] {
            let off = number(&found, name) - number(&exact, name);
            assert!(
                off.abs() <= 4.0 * number(&found, error),
                "{model}, {name}: {off}"
            );
        }
        for name in ["specific_heat", "binder_cumulant"] {
            assert!(number(&exact, name).is_finite());
        }

        let again = folder.run(&format!(
            "sample {model} --samples 3000 --seed 5 --out b.npy"
        ));
        assert_eq!(again.code, Some(0), "{again:?}");
        assert_eq!(
            folder.read("b.npy"),
            bytes,
            "the same seed gives the same file"
        );
        let other = folder.run(&format!(
            "sample {model} --samples 3000 --seed 6 --out b.npy"
        ));
        assert_eq!(other.code, Some(0), "{other:?}");
        assert_ne!(folder.read("b.npy"), bytes, "another seed gives another");
    }
}

/// The numbers of a little-endian file.
fn values(data: &[u8], kind: &str) -> Vec<f64> {
    match kind {
        "|i1" => data.iter().map(|x| f64::from(*x as i8)).collect(),
        _ => {
            let words = data.chunks_exact(4).map(|x| [x[0], x[1], x[2], x[3]]);
            match kind {
                "<i4" => words.map(|x| f64::from(i32::from_le_bytes(x))).collect(),
                _ => words.map(|x| f64::from(f32::from_le_bytes(x))).collect(),
            }
        }
    }
}

/// Files of the other models: what is in them, and that it has the means of `exact`.
#[test]
fn samples_of_every_model() {
    for (model, kind, shape, means) in [
        (
            "dimer --size 4 --temperature 1",
            "|i1",
            "(2000, 8, 8)",
            &["parallel_plaquettes_per_site", "winding_x_squared"][..],
        ),
        (
            "dimer --size 6 --noise 1",
            "|i1",
            "(2000, 12, 12)",
            &["parallel_plaquettes_per_site"],
        ),
        (
            "chipping --size 6 --density 1.5 --rate 0.7",
            "<i4",
            "(2000, 6)",
            &["mass_squared", "largest_mass"],
        ),
        (
            "chain --size 10 --disorder gaussian:0,1 --disorder-seed 2",
            "|i1",
            "(2000, 10)",
            &["energy_per_site", "magnetisation_squared"],
        ),
        ("potts --size 4,6 --states 5", "|i1", "(2000, 4, 6)", &[]),
        (
            "gaussian --size 4,4,4 --mass 0.5",
            "<f4",
            "(2000, 4, 4, 4)",
            &["variance_per_site", "energy_per_site"],
        ),
    ] {
        let folder = Folder::new();
        let found = folder.json(&format!(
            "sample {model} --samples 2000 --out a.npy --picture a.svg"
        ));
        assert_eq!(found["equilibrated"], true, "{found}");
        let bytes = folder.read("a.npy");
        let (header, data) = parse_npy(&bytes);
        assert!(header.contains(&format!("'descr': '{kind}'")), "{header}");
        assert!(header.contains(&format!("'shape': {shape}")), "{header}");
        let values = values(data, kind);
        let rows = values.chunks_exact(values.len() / 2000);
        let picture = String::from_utf8(folder.read("a.svg")).unwrap();
        assert!(picture.starts_with("<svg") || picture.starts_with("<?xml"));
        assert!(picture.trim_end().ends_with("</svg>"));

        match model.split(' ').next() {
            Some("dimer") => rows.for_each(one_dimer_each),
            Some("chipping") => {
                assert!(values.iter().all(|m| *m >= 0.0));
                rows.for_each(|row| assert_eq!(row.iter().sum::<f64>(), 9.0));
            }
            Some("chain") => assert!(values.iter().all(|s| s.abs() == 1.0)),
            Some("potts") => {
                for state in 0..5 {
                    assert!(values.contains(&f64::from(state)));
                }
                assert!(values.iter().all(|s| (0.0..5.0).contains(s)));
            }
            _ => {
                let square = values.iter().map(|x| x * x).sum::<f64>() / values.len() as f64;
                assert!((square - number(&found, "variance_per_site")).abs() < 1e-5);
            }
        }
        if means.is_empty() {
            continue;
        }
        let words = model.split(" --noise").next().unwrap();
        let exact = folder.json(&format!("exact {words}"));
        for name in means {
            let error = match *name {
                "energy_per_site" => number(&found, "energy_stderr"),
                name => number(&found, &format!("{name}_stderr")),
            };
            let off = number(&found, name) - number(&exact, name);
            assert!(off.abs() <= 4.0 * error, "{model}, {name}: {off} ± {error}");
        }
    }
}

/// On a doubled lattice every vertex has one dimer; noise lies on vertices and faces alone.
fn one_dimer_each(row: &[f64]) {
    let side = row.len().isqrt();
    let at = |y: usize, x: usize| row[y % side * side + x % side];
    for y in (0..side).step_by(2) {
        for x in (0..side).step_by(2) {
            let back = |z: usize| z + side - 1;
            let dimers = [at(y, x + 1), at(y, back(x)), at(y + 1, x), at(back(y), x)];
            assert_eq!(dimers.iter().sum::<f64>(), 1.0);
        }
    }
    assert!(row.iter().all(|x| [0.0, 1.0].contains(x)));
}

#[test]
fn chains_that_are_slow_or_heavy() {
    let folder = Folder::new();
    // The advice names no option that the model lacks.
    let words = "sample dimer --size 4 --temperature 0.05 --samples 2000 --out a.npy";
    let told = folder.run(words);
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(told.stderr.contains("--burn-in") && !told.stderr.contains("--algorithm"));
    assert!(told.stderr.contains("left the sector"), "{told:?}");
    // A list of a hundred thousand shares is no distribution to look at.
    let heavy =
        "sample chipping --size 2 --density 100000 --samples 3 --burn-in 1 --thin 1 --out a.npy";
    let found = folder.json(heavy);
    assert!(found["mass_distribution"].is_null());
    assert!(found["warnings"].to_string().contains("mass_distribution"));
}

#[test]
fn samples_do_not_depend_on_threads() {
    for model in [
        "dimer --size 8 --noise 1 --samples 2500",
        "chipping --size 32 --samples 2500",
        "potts --size 6 --samples 2500",
        "gaussian --size 6 --mass 0.3 --samples 2500",
        "chain --size 40 --disorder pm:0.3 --samples 2500",
        "ising --size 8 --samples 3001",
        "ising --size 5,7 --temperature 3 --samples 1999",
        "ising --size 4,6,4 --coupling -1 --samples 8003",
        "ising --size 6 --algorithm metropolis --temperature 3 --samples 999",
        "chain --size 33 --samples 5501",
        "chain --size 300 --algorithm swendsen-wang --samples 2500",
    ] {
        let folder = Folder::new();
        let [one, others @ ..] = &[1, 2, 5].map(|threads| {
            let words = format!("sample {model} --threads {threads} --out a.npy");
            let mut found = folder.json(&words);
            found["seconds"] = Value::Null;
            (found, folder.read("a.npy"))
        });
        for other in others {
            assert_eq!(other.0, one.0);
            assert!(other.1 == one.1, "{model}: the files differ");
        }
    }
}

#[test]
fn exact_informations() {
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
fn exact_deficits_of_infonce() {
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
fn exact_best_filters() {
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

/// A run says what is known of it, and nothing where nothing is.
#[test]
fn what_is_known_stands_beside_an_estimate() {
    let folder = Folder::new();
    let short = "--steps 20";
    for (place, screen) in [
        (
            "chain --size 40 --block 4 --buffer 2 --filter uniform",
            "--environment 3",
        ),
        (
            "chain --size 40 --disorder pm:0.2 --origin 3 --block 4 --filter uniform",
            "--environment 1",
        ),
        (
            "ising --size 5 --block 3 --filter boundary --encoder sigmoid",
            "--environment 1",
        ),
    ] {
        let exact = folder.json(&format!("exact {place} --batch 100"));
        let buffer = if place.contains("--buffer") {
            ""
        } else {
            "--buffer 0"
        };
        let run = format!("estimate {place} {buffer} {screen} {short}");
        let found = folder.json(&run);
        for key in [
            "information_nats",
            "infonce_nats",
            "deficit_nats",
            "block_information_nats",
        ] {
            assert_eq!(found["exact"][key], exact[key], "{key}: {found}");
        }
        let text = folder.succeeds(&run);
        let all = number(&exact, "information_nats");
        let shown = number(&exact, "infonce_nats");
        let line = format!(
            "exactly        {all:.4} nats, of which InfoNCE at K = 100 can show {shown:.4}"
        );
        assert!(text.contains(&line), "{text}");
        let other = folder.json(&format!("{run} --bound nwj"));
        assert_eq!(
            other["exact"]["information_nats"],
            exact["information_nats"]
        );
        assert!(other["exact"]["infonce_nats"].is_null());
    }
    let train = "train chain --size 40 --block 4 --buffer 2 --environment 1 --steps 300 --out run";
    let found = folder.json(train);
    let drawn = number(&found["exact"], "information_nats");
    let sign = number(&found["exact"], "information_sign_nats");
    assert!(drawn != sign && number(&found["exact"], "block_information_nats") >= sign);
    let report = String::from_utf8(folder.read("run/report.html")).unwrap();
    assert!(report.contains("Exact, h drawn"), "{report}");
    for unknown in [
        "estimate ising --size 16 --block 2 --buffer 1 --environment 2 --filter uniform",
        "estimate ising --size 6 --block 2 --buffer 0 --environment 1 --filter uniform",
        "estimate chain --size 40 --block 4 --buffer 2 --environment 1 --filter uniform --encoder continuous",
        "estimate potts --size 8 --block 2 --buffer 1 --environment 1 --filter uniform",
    ] {
        assert!(
            folder.json(&format!("{unknown} {short}"))["exact"].is_null(),
            "{unknown}"
        );
    }
}

#[test]
fn the_exact_law_of_masses() {
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
fn exact_informations_of_the_gaussian_field() {
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
fn exact_coverings_of_dimers() {
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

/// A field's continuous h against the closed form: never above it, and below it by the batch's bias.
#[test]
fn continuous_h_of_fields() {
    let folder = Folder::new();
    for (mass, bias) in [(0.3, 0.003), (0.6, 0.001)] {
        let field = format!("gaussian --size 12 --mass {mass} --block 2 --buffer 1");
        let filter = "--filter uniform --encoder continuous";
        let exact = folder.json(&format!("exact {field} {filter}"));
        let exact = number(&exact, "information_nats");
        let run = "--environment 1 --steps 1500";
        let found = folder.json(&format!("estimate {field} {run} {filter}"));
        let nats = number(&found, "information_nats");
        let stderr = number(&found, "information_stderr_nats");
        let about = format!("mass {mass}: {nats:.4} ± {stderr:.4}, exact {exact:.4}");
        println!("{about}");
        assert!(nats < exact + 4.0 * stderr, "{about}");
        assert!(nats > exact - 3.0 * stderr - bias - 0.005, "{about}");
        assert_eq!(found["encoder"], "continuous");
        for none in ["information_sign_nats", "capacity_nats", "deficit_nats"] {
            assert!(found[none].is_null(), "{found}");
        }
    }
}

/// Filters of norm 1 that are learned, and judged again by a critic of their own.
#[test]
fn continuous_h_is_learned() {
    let folder = Folder::new();
    let run = "chain --size 16 --block 4 --buffer 1 --environment 1 --steps 400 --batch 50";
    let told = folder.json(&format!(
        "train {run} --encoder continuous --components 2 --out run"
    ));
    for weights in told["filters"].as_array().unwrap() {
        let weights = weights.as_array().unwrap().iter();
        let norm: f64 = weights.map(|w| w.as_f64().unwrap().powi(2)).sum();
        assert!((norm - 1.0).abs() < 1e-6, "{told}");
    }
    let command = told["command"].as_str().unwrap();
    assert!(command.contains("--encoder continuous") && !command.contains("epsilon"));
    assert!(told["information_sign_nats"].is_null());
    let series = String::from_utf8(folder.read("run/series.csv")).unwrap();
    assert!(series.lines().nth(1).unwrap().ends_with(','), "{series}");
    let page = String::from_utf8(folder.read("run/report.html")).unwrap();
    assert!(page.contains("continuous h = Λ·v") && !page.contains("Capacity"));
    let again = folder.json(&format!(
        "estimate {run} --filter run/filters.npy --encoder continuous"
    ));
    let [learned, judged] = [&told, &again].map(|found| {
        let nats = number(found, "information_nats");
        (nats, number(found, "information_stderr_nats"))
    });
    let off = (learned.0 - judged.0).abs();
    assert!(off < 0.03 + 4.0 * (learned.1 + judged.1), "{off}");
    let words = command.strip_prefix("blockspin ").unwrap();
    let repeated = folder.json(&format!("{words} --out again"));
    assert_eq!(repeated["fingerprint"], told["fingerprint"]);

    // Dimers begin with a high relaxation, which is nothing to a continuous h.
    let dimers = "dimer --size 6 --block 4 --buffer 1 --environment 1 --batch 16 --steps 30";
    let told = folder.run(&format!("train {dimers} --encoder continuous --out dimers"));
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(!told.stderr.contains("relaxation"), "{told:?}");
}

/// States of h: in the cold one for each of the model's, and the filters stored state by state.
#[test]
fn states_of_h() {
    let folder = Folder::new();
    let potts = "potts --size 12 --states 3 --temperature 0.5 --block 2 --buffer 1 --environment 1 \
                 --batch 50";
    let run = format!("{potts} --steps 1000 --encoder states:3");
    let told = folder.json(&format!("train {run} --epsilon-start 2 --out run"));
    let most = 3f64.ln();
    assert!((number(&told, "capacity_nats") - most).abs() < 1e-12);
    assert!((number(&told, "deficit_nats") - 0.02).abs() < 1e-12);
    assert_eq!(told["encoder"], "states:3");
    for name in ["information_nats", "information_sign_nats"] {
        let nats = number(&told, name);
        assert!(nats > 0.95 * most && nats < most + 1e-3, "{name}: {told}");
    }
    let stored = folder.read("run/filters.npy");
    let (header, _) = parse_npy(&stored);
    assert!(header.contains("(3, 2, 2, 3)"), "{header}");
    let page = String::from_utf8(folder.read("run/report.html")).unwrap();
    for text in [
        "ln 3",
        "1.0986",
        "argmax",
        "one of 3 states",
        "component 1, state 3",
    ] {
        assert!(page.contains(text), "{text}");
    }
    // By name every state has its filter: the state that most sites are in.
    for filter in ["run/filters.npy", "uniform"] {
        let found = folder.json(&format!(
            "estimate {potts} --steps 300 --filter {filter} --encoder argmax:3"
        ));
        assert_eq!(found["encoder"], "argmax:3");
        assert!(number(&found, "information_nats") > 0.9 * most, "{found}");
        assert_eq!(found["information_nats"], found["information_sign_nats"]);
    }
    all_refused(
        &folder,
        &format!("estimate {potts}"),
        "",
        2,
        &[
            (
                "--filter uniform --encoder argmax:4",
                &["argmax:4", "filter of 1", "takes 4"],
            ),
            (
                "--filter uniform --encoder states:17",
                &["'states:17'", "2 to 16"],
            ),
            (
                "--filter uniform --encoder binary",
                &["'binary'", "sigmoid"],
            ),
        ],
    );
    all_refused(
        &folder,
        &format!("train {potts}"),
        "",
        2,
        &[
            ("--encoder sign", &["'sign'", "binary", "states:Q"]),
            ("--encoder states:1", &["'states:1'", "2 to 16"]),
            (
                "--encoder states:16 --components 5",
                &["80", "64", "--components 4"],
            ),
        ],
    );
}

/// What `train` and `estimate` say of a run.
fn check_run(found: &Value, steps: u32, batch: u32) {
    for name in [
        "information_nats",
        "information_bits",
        "information_sign_nats",
        "training_information_nats",
    ] {
        assert!(number(found, name).abs() < 1.2, "{found}");
    }
    let nats = number(found, "information_nats");
    assert!((number(found, "information_bits") * 2f64.ln() - nats).abs() < 1e-12);
    assert!(number(found, "information_stderr_nats") > 0.0);
    match found["bound"].as_str() {
        Some("infonce") => {
            let ceiling = number(found, "ceiling_nats");
            assert!((ceiling - f64::from(batch).ln()).abs() < 1e-12);
        }
        _ => assert!(found["ceiling_nats"].is_null() && found["deficit_nats"].is_null()),
    }
    assert_eq!(found["steps"], steps);
    assert!(
        found["schema"]
            .as_str()
            .unwrap()
            .starts_with("blockspin-run-")
    );
    let fingerprint = found["fingerprint"].as_str().unwrap();
    assert!(fingerprint.len() == 16 && u64::from_str_radix(fingerprint, 16).is_ok());
    assert!(found["warnings"].is_array());
}

#[test]
fn a_run_and_its_folder() {
    let folder = Folder::new();
    let told = folder.run(&format!("train ising {SHORT} --seed 3 --out first --json"));
    let found = told.json();
    check_run(&found, 200, 20);
    for name in ["seconds_sampling", "seconds_training"] {
        assert!(number(&found, name) > 0.0);
    }
    let rate = number(&found, "steps_per_second") * number(&found, "seconds_training");
    assert!((rate - 200.0).abs() < 1e-6);

    let names = [
        "filters.npy",
        "report.html",
        "run.json",
        "series.csv",
        "timing.csv",
    ];
    let mut written: Vec<_> = fs::read_dir(folder.path("first"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    written.sort();
    assert_eq!(written, names);

    let run: Value = serde_json::from_slice(&folder.read("first/run.json")).unwrap();
    check_run(&run, 200, 20);
    assert_eq!(run["fingerprint"], found["fingerprint"]);
    let bytes = folder.read("first/filters.npy");
    let (header, data) = parse_npy(&bytes);
    assert!(header.contains("'descr': '<f4'"), "{header}");
    assert!(header.contains("'shape': (1, 2, 2)"), "{header}");
    let weights: Vec<f64> = data
        .chunks_exact(4)
        .map(|w| f64::from(f32::from_le_bytes(w.try_into().unwrap())))
        .collect();
    let listed = found["filters"][0].as_array().unwrap().iter();
    let listed: Vec<f64> = listed
        .flat_map(|row| row.as_array().unwrap().iter().map(|w| w.as_f64().unwrap()))
        .collect();
    assert_eq!(weights.len(), 4);
    for (weight, listed) in weights.iter().zip(&listed) {
        assert!((weight - listed).abs() <= 1e-6 * weight.abs());
    }
    let series = String::from_utf8(folder.read("first/series.csv")).unwrap();
    let mut lines = series.lines();
    assert_eq!(
        lines.next(),
        Some("step,training_information_nats,held_out_nats,epsilon")
    );
    assert_eq!(lines.clone().count(), 200);
    assert!(lines.last().unwrap().starts_with("200,"));
    let report = String::from_utf8(folder.read("first/report.html")).unwrap();
    for part in [
        "<!doctype html>",
        "<svg",
        "--seed 3",
        "--steps 200",
        found["fingerprint"].as_str().unwrap(),
    ] {
        assert!(report.contains(part), "{part} is missing from the report");
    }
    for outside in ["src=\"http", "href=\"http", "@import", "url(http"] {
        assert!(!report.contains(outside), "the report is self-contained");
    }

    // Whatever the threads and instructions, a repeat differs in its times alone.
    for options in ["", "--threads 2", "--isa portable --quiet"] {
        let words = format!("train ising {SHORT} --seed 3 --out second {options}");
        let told = folder.run(&words);
        assert_eq!(told.code, Some(0), "{told:?}");
        assert!(told.stdout.contains(found["fingerprint"].as_str().unwrap()));
        assert!(told.stdout.contains("nats"), "{told:?}");
        for name in names {
            let [first, second] =
                ["first", "second"].map(|run| folder.read(&format!("{run}/{name}")));
            assert!(first == second || name == "timing.csv", "{name}, {options}");
        }
    }
}

#[test]
fn a_run_replaces_what_is_ours_alone() {
    let folder = Folder::new();
    let words = format!("train ising {SHORT} --steps 5").replace("--steps 200", "");
    let told = folder.run(&format!("{words} --seed 9"));
    assert_eq!(told.code, Some(0), "{told:?}");
    folder.write("runs/ising-9/note.txt", b"of an earlier run");
    let first = folder.read("runs/ising-9/run.json");
    // By its default name, and through a link that stays a link.
    let told = folder.run(&format!("{words} --seed 9"));
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(!folder.path("runs/ising-9/note.txt").exists());
    assert_eq!(folder.read("runs/ising-9/run.json"), first);
    fs::create_dir(folder.path("empty")).unwrap();
    let told = folder.run(&format!("{words} --seed 10 --out empty"));
    assert_eq!(told.code, Some(0), "{told:?}");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("empty", folder.path("link")).unwrap();
        let told = folder.run(&format!("{words} --seed 9 --out link"));
        assert_eq!(told.code, Some(0), "{told:?}");
        assert!(
            fs::symlink_metadata(folder.path("link"))
                .unwrap()
                .is_symlink()
        );
        assert_eq!(folder.read("empty/run.json"), first);
    }
    // No longer ours: someone changed the marker.
    folder.write("empty/run.json", b"{}");
    folder.refuses(
        &format!("{words} --out empty"),
        2,
        &["'empty'", "not empty"],
    );
    let hidden = fs::read_dir(folder.path("")).unwrap();
    let hidden = hidden.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(hidden.filter(|name| name.starts_with('.')).count(), 0);
}

#[test]
fn two_values_are_two_values() {
    let folder = Folder::new();
    let spins = spins(&folder);
    let ups: Vec<u8> = spins.iter().map(|spin| u8::from(*spin == 1)).collect();
    let doubles = |low: f64, high: f64| -> Vec<u8> {
        let values = ups.iter().map(|up| if *up == 1 { high } else { low });
        values.flat_map(f64::to_le_bytes).collect()
    };
    let shape = [300, 8, 8];
    folder.write("bits.npy", &npy("|u1", &shape, &ups));
    folder.write("bools.npy", &npy("|b1", &shape, &ups));
    folder.write("doubles.npy", &npy("<f8", &shape, &doubles(0.0, 1.0)));
    folder.write("others.npy", &npy("<f8", &shape, &doubles(-7.5, 0.1)));
    let options = "--block 2 --buffer 1 --environment 2 --batch 20 --steps 100";
    let run = |name: &str| {
        let found = folder.json(&format!("train data {name}.npy {options} --out {name}"));
        check_run(&found, 100, 20);
        ["filters.npy", "series.csv"].map(|file| folder.read(&format!("{name}/{file}")))
    };
    let first = run("spins");
    for name in ["bits", "bools", "doubles", "others"] {
        assert!(run(name) == first, "{name}");
    }
    let estimate = |name: &str| {
        let words = format!(
            "estimate data {name}.npy {options} --filter spins/filters.npy --encoder sigmoid"
        );
        let found = folder.json(&words);
        check_run(&found, 100, 20);
        found["information_nats"].clone()
    };
    assert_eq!(estimate("spins"), estimate("bits"));
}

#[test]
fn constant_data_say_nothing() {
    let folder = Folder::new();
    folder.write("constant.npy", &npy("|i1", &[50, 8, 8], &[1; 50 * 64]));
    let options = "--block 2 --buffer 1 --environment 2 --batch 5 --steps 10";
    let told = folder.run(&format!(
        "train data constant.npy {options} --out run --json"
    ));
    let found = told.json();
    assert!(told.stderr.starts_with("warning: ") && told.stderr.contains("constant.npy"));
    assert_eq!(number(&found, "information_nats"), 0.0);
    assert!(!found["warnings"].as_array().unwrap().is_empty());
    let bytes = folder.read("run/filters.npy");
    let (_, data) = parse_npy(&bytes);
    assert!(
        data.iter().all(|byte| *byte == 0),
        "weights that never varied are 0"
    );
    let words = format!("estimate data constant.npy {options} --filter uniform");
    assert_eq!(number(&folder.json(&words), "information_nats"), 0.0);
}

/// A small file of pure noise, learned by heart.
#[test]
fn overfitting_is_told() {
    let folder = Folder::new();
    let told = folder.run("sample ising --size 6 --temperature 1e6 --samples 300 --out few.npy");
    assert_eq!(told.code, Some(0), "{told:?}");
    let told = folder.run(
        "train data few.npy --block 2 --buffer 0 --environment 2 --components 4 --batch 10 \
         --steps 20000 --out run --json",
    );
    let found = told.json();
    assert!(
        number(&found, "training_information_nats") > 0.05,
        "{found}"
    );
    let (held_out, stderr) = (
        number(&found, "information_nats"),
        number(&found, "information_stderr_nats"),
    );
    // The truth is 0.
    assert!(held_out < 4.0 * stderr, "{found}");
    let warned = |text: &str| text.contains("overfitting");
    let warnings = found["warnings"].as_array().unwrap();
    assert!(warnings.iter().any(|text| warned(text.as_str().unwrap())));
    let mut lines = told.stderr.lines();
    assert!(lines.any(|line| line.starts_with("warning: ") && warned(line)));
}

#[test]
fn estimates_of_named_filters() {
    let folder = Folder::new();
    let exact = folder.json("exact ising --size 5 --block 3 --filter boundary");
    let exact = number(&exact, "information_nats");
    let words = "estimate ising --size 5 --block 3 --buffer 0 --environment 1 --steps 600";
    let found = folder.json(&format!("{words} --filter boundary"));
    check_run(&found, 600, 100);
    let (nats, stderr) = (
        number(&found, "information_nats"),
        number(&found, "information_stderr_nats"),
    );
    assert!(nats < exact + 4.0 * stderr && nats > exact - 0.012 - 3.0 * stderr - 0.005);
    assert!(!folder.path("runs").exists(), "an estimate writes nothing");
    let told = folder.run(&format!(
        "{words} --filter boundary --threads 2 --isa portable"
    ));
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(told.stdout.contains(&format!("{nats:.4}")), "{told:?}");
    let chain = folder.json("estimate chain --size 20 --block 4 --buffer 2 --environment 1 --steps 50 --filter staggered --coupling -1");
    check_run(&chain, 50, 100);
}

/// The standard critic has no words; others repeat their runs.
#[test]
fn every_critic_by_name() {
    let folder = Folder::new();
    let standard = "--critic separable --hidden 32,32 --embedding 8 --activation relu";
    for (at, typed, repeated, told) in [
        (
            0,
            standard,
            "",
            "separable, hidden 32, 32, ReLU, embedding 8",
        ),
        (
            1,
            "--critic concatenated --hidden 9,5 --activation tanh --bound tuba",
            " --critic concatenated --hidden 9,5 --activation tanh",
            "concatenated, hidden 9, 5, tanh",
        ),
        (
            2,
            "--critic quadratic --bound tuba",
            " --critic quadratic",
            "quadratic<",
        ),
        (
            3,
            "--hidden none --embedding 4",
            " --hidden none --embedding 4",
            "separable, no hidden layer, embedding 4",
        ),
    ] {
        let found = folder.json(&format!("train ising {SHORT} {typed} --out {at}"));
        check_run(&found, 200, 20);
        let command = found["command"].as_str().unwrap();
        let (before, after) = command.split_once(" --seed 1").unwrap();
        let (words, _) = after.split_once(" --encoder").unwrap();
        assert_eq!(words, repeated, "{before}");
        let critic = told.split([',', '<']).next().unwrap();
        assert_eq!(found["critic"], critic);
        let report = String::from_utf8(folder.read(&format!("{at}/report.html"))).unwrap();
        assert!(report.contains(told), "{told}");
        let again = format!("{} --out again-{at}", command.split_once(' ').unwrap().1);
        assert_eq!(folder.json(&again)["fingerprint"], found["fingerprint"]);
    }
}

/// What holds for InfoNCE alone is not said of others.
#[test]
fn every_bound_by_name() {
    let folder = Folder::new();
    let words = "estimate ising --size 5 --block 3 --buffer 0 --environment 1 --temperature 1.5 \
                 --filter uniform --batch 3 --steps 200";
    for name in ["infonce", "nwj", "tuba", "tuba-constant", "dv", "js"] {
        let found = folder.json(&format!("{words} --bound {name}"));
        assert_eq!(found["bound"], name);
        check_run(&found, 200, 3);
        let command = found["command"].as_str().unwrap();
        assert!(command.contains(&format!("--bound {name} ")), "{command}");
        let near = found["warnings"].as_array().unwrap().iter();
        let near = near.filter(|told| told.as_str().unwrap().contains("larger --batch"));
        let text = folder.succeeds(&format!("{words} --bound {name}"));
        let told = match name {
            "infonce" => 1,
            _ => 0,
        };
        assert_eq!(text.matches("ceiling ln K").count(), told, "{text}");
        assert!(near.count() <= told, "{found}");
    }

    let train = format!("train ising {SHORT} --bound tuba --out tuba");
    check_run(&folder.json(&train), 200, 20);
    let report = String::from_utf8(folder.read("tuba/report.html")).unwrap();
    assert!(!report.contains("ln K") && report.contains("TUBA, K = 20"));
    assert!(report.contains("embedding 8"), "the baseline is none of it");
    assert!(report.contains("--bound tuba "));
    let text = folder.succeeds(&format!("{train} --seed 2 --quiet"));
    assert!(
        text.contains("bound TUBA") && !text.contains("ceiling"),
        "{text}"
    );
}

#[test]
fn other_dimensions_and_blocks() {
    for (words, filters) in [
        (
            "ising --size 12 --dimension 1 --temperature 0.7 --block 3 --components 2",
            "(2, 3)",
        ),
        ("chain --size 14 --coupling -1 --block 4", "(1, 4)"),
        ("ising --size 8,12 --block 2,4", "(1, 2, 4)"),
        (
            "ising --size 6 --dimension 3 --block 2 --components 3",
            "(3, 2, 2, 2)",
        ),
        (
            "ising --size 5,6,7 --block 1,2,3 --algorithm metropolis",
            "(1, 1, 2, 3)",
        ),
        ("ising --size 6 --temperature 0.05 --block 2", "(1, 2, 2)"),
        ("dimer --size 6 --block 4", "(2, 4, 4)"),
        (
            "dimer --size 6 --block 3 --noise 2 --components 1",
            "(1, 3, 3)",
        ),
        (
            "chipping --size 16 --density 0.5 --rate 1 --block 4",
            "(1, 4)",
        ),
        (
            "potts --size 6 --states 4 --temperature 3 --block 2 --thin 1",
            "(1, 2, 2, 4)",
        ),
        (
            "gaussian --size 6,5 --mass 1 --block 2,1 --thin 1",
            "(1, 2, 1)",
        ),
        (
            "chain --size 12 --disorder gaussian:0,1 --origin 11 --block 4",
            "(1, 4)",
        ),
        ("ising --size 6 --temperature 1e300 --block 2", "(1, 2, 2)"),
    ] {
        let folder = Folder::new();
        let options = "--buffer 1 --environment 1 --batch 16 --steps 30 --out run";
        let told = folder.run(&format!("train {words} {options}"));
        assert_eq!(told.code, Some(0), "{told:?}");
        assert!(!told.stdout.contains("NaN"), "{told:?}");
        let run: Value = serde_json::from_slice(&folder.read("run/run.json")).unwrap();
        check_run(&run, 30, 16);
        let bytes = folder.read("run/filters.npy");
        let (header, _) = parse_npy(&bytes);
        assert!(header.contains(&format!("'shape': {filters}")), "{header}");
        if words.starts_with("dimer --size 6 --block 4") {
            // Links alone have weights.
            let (_, data) = parse_npy(&bytes);
            for (i, weight) in values(data, "<f4").into_iter().enumerate() {
                assert_eq!(weight != 0.0, (i / 4 + i) % 2 == 1, "{i}");
            }
            assert!(told.stderr.contains("relaxation is still"), "{told:?}");
        }

        // The command that the run tells repeats it.
        let command = run["command"].as_str().unwrap();
        let again = folder.json(&format!(
            "{} --out again",
            command.strip_prefix("blockspin ").unwrap()
        ));
        assert_eq!(again["fingerprint"], run["fingerprint"], "{command}");
        assert_eq!(folder.read("again/filters.npy"), bytes);
    }
}

#[test]
fn instructions_by_environment() {
    let folder = Folder::new();
    let with = |name: &str| {
        let mut command = Command::new(binary());
        command.env("BLOCKSPIN_ISA", name).arg("fingerprint");
        folder.finish(format!("BLOCKSPIN_ISA={name}"), &mut command, None)
    };
    assert_eq!(with("portable").code, Some(0));
    with("mmx").is_refusal(2, &["'mmx'", "portable"]);
}

#[test]
fn fingerprints() {
    let folder = Folder::new();
    let lines = folder.succeeds("fingerprint");
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/fingerprint.txt");
    assert_eq!(lines, fs::read_to_string(golden).unwrap());
    assert_eq!(
        folder.succeeds("fingerprint --threads 3 --isa portable"),
        lines
    );
    let object = folder.json("fingerprint");
    for line in lines.lines() {
        let (name, hash) = line.split_once(' ').unwrap();
        assert_eq!(object[name], hash);
    }
    assert_eq!(object["math"], "own");
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
fn exact_informations_of_dimers() {
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

/// What is estimated of a filter by name, and of one that was learned, is what is known of it.
#[test]
fn estimates_of_dimers_meet_the_exact_informations() {
    let folder = Folder::new();
    let place = "--size 4 --temperature 1 --block 4 --buffer 1";
    let run = format!("{place} --environment 1 --steps 500");
    let meets = |found: &Value, filter: &str| {
        check_run(found, 500, 400);
        let exact = folder.json(&format!("exact dimer {place} --filter {filter}"));
        let [kept, nats, stderr] = [
            number(&exact, "information_nats"),
            number(found, "information_nats"),
            number(found, "information_stderr_nats"),
        ];
        let about = format!("{filter}: {nats} ± {stderr}, exact {kept}");
        println!("{about}");
        assert!(nats < kept + 4.0 * stderr, "{about}");
        assert!(nats > kept - 0.02 - 3.0 * stderr - 0.004, "{about}");
    };
    for filter in ["staggered", "uniform"] {
        meets(
            &folder.json(&format!("estimate dimer {run} --filter {filter}")),
            filter,
        );
    }
    let told = folder.run(&format!("train dimer {run} --out run"));
    assert_eq!(told.code, Some(0), "{told:?}");
    let learned = "run/filters.npy --encoder sigmoid";
    meets(
        &folder.json(&format!("estimate dimer {run} --filter {learned}")),
        learned,
    );
}

#[test]
fn exact_informations_of_masses() {
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

/// What is estimated of a realisation is what is known of it, at the same place.
#[test]
fn estimates_of_random_bonds_meet_the_exact_informations() {
    let folder = Folder::new();
    let ring = "chain --size 24 --disorder gaussian:0,1 --disorder-seed 1 --coupling 2 \
                --temperature 1 --block 4 --buffer 1 --filter boundary";
    let mut kept = vec![];
    for origin in [8, 16] {
        let place = format!("{ring} --origin {origin}");
        let exact = number(&folder.json(&format!("exact {place}")), "information_nats");
        let found = folder.json(&format!("estimate {place} --environment 3 --steps 600"));
        check_run(&found, 600, 100);
        let [nats, stderr] =
            ["information_nats", "information_stderr_nats"].map(|name| number(&found, name));
        let about = format!("{origin}: {nats} ± {stderr}, exact {exact}");
        println!("{about}");
        assert!(nats < exact + 4.0 * stderr, "{about}");
        assert!(nats > exact - 0.012 - 3.0 * stderr - 0.005, "{about}");
        kept.push(exact);
    }
    assert!((kept[0] - kept[1]).abs() > 0.05, "{kept:?}");
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
fn exact_rings_with_random_bonds() {
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

#[test]
fn exact_questions_without_an_answer() {
    let folder = Folder::new();
    all_refused(
        &folder,
        "exact",
        "",
        2,
        &[
            ("dimer --block 4", &["8 × 8", "--size 4 and 6"]),
            ("dimer --size 10 --block 4", &["side of 10", "4 to 8"]),
            ("dimer --size 4 --block 9", &["9", "at most 8"]),
            ("dimer --size 4 --block 8", &["no environment"]),
            ("dimer --size 4 --block 6 --buffer 1", &["1", "at most 0"]),
            ("dimer --size 4 --block 1", &["1 × 1", "--block 2"]),
            ("dimer --size 4 --block 2,2,2", &["3", "2"]),
            ("dimer --size 4 --filter uniform", &["--block"]),
            (
                "dimer --size 4 --block 4 --filter neel",
                &["'neel'", "staggered and columnar", ".npy"],
            ),
            (
                "dimer --size 4 --block 4 --filter uniform --encoder continuous",
                &["'continuous'", "sigmoid"],
            ),
            ("chipping --size 6 --buffer 1", &["--block"]),
            ("chipping --size 6 --block 6", &["no environment"]),
            (
                "chipping --size 6 --block 4 --buffer 1",
                &["1", "at most 0"],
            ),
            ("chipping --size 11 --block 2", &["11", "10"]),
            ("chipping --size 6 --density 3 --block 2", &["18", "15"]),
            (
                "chipping --size 6 --block 2 --filter columnar",
                &["'columnar'", "decimation and staggered"],
            ),
            ("chipping --size 6 --block 2,2", &["2", "1"]),
            (
                "chain --disorder rough",
                &["'rough'", "gaussian:MEAN,SD", "pm:P"],
            ),
            (
                "chain --disorder gaussian:1",
                &["'gaussian:1'", "gaussian:0,1"],
            ),
            ("chain --disorder gaussian:0,-1", &["-1", "at least 0"]),
            ("chain --disorder gaussian:inf,1", &["inf", "finite"]),
            ("chain --disorder pm:1.5", &["1.5", "0 to 1"]),
            ("chain --disorder pm:0.5 --disorder-seed -1", &["'-1'"]),
            (
                "chain --size 8 --origin 8",
                &["--origin 8", "8 sites", "0 to 7"],
            ),
            ("chain --size 8 --origin -1", &["'-1'"]),
            ("chain --size 40000 --disorder pm:0.5", &["40000", "32768"]),
            (
                "chain --disorder gaussian:0,1 --temperature 1e-9",
                &["temperature", "1000000"],
            ),
            (
                "chain --size 64 --disorder pm:0.5 --block 40 --filter uniform",
                &["40"],
            ),
            ("ising --disorder pm:0.5", &["--disorder"]),
            ("ising --size 4 --block 2 --batch 100", &["--filter"]),
            (
                "ising --size 4 --block 2 --filter uniform --batch 0",
                &["'0'", "--batch", "1.."],
            ),
            (
                "ising --size 4 --block 2 --filter uniform --batch many",
                &["'many'", "--batch"],
            ),
            (
                "gaussian --mass 1 --block 2 --filter uniform --encoder continuous --batch 100",
                &["--batch", "--encoder continuous", "sigmoid"],
            ),
            ("ising --size 4 --filter best", &["--block"]),
            (
                "ising --size 4 --block 2 --filter best --encoder sigmoid",
                &["--encoder", "sign(Λ·v)"],
            ),
            (
                "ising --size 4 --block 2 --filter uniform --components 2",
                &["--components", "--filter best"],
            ),
            (
                "ising --size 4 --block 2 --filter best --components 9",
                &["9", "--components", "1..=8"],
            ),
            ("chain --size 64 --block 17 --filter best", &["17", "16"]),
            ("ising --size 6 --block 2 --filter best", &["36", "27"]),
            (
                "dimer --size 4 --block 4 --filter best",
                &["'best'", "staggered"],
            ),
            (
                "chipping --size 6 --block 2 --filter uniform --components 1",
                &["--components"],
            ),
        ],
    );
    let told = folder.run("exact dimer --size 4 --block 9");
    assert!(
        told.stderr.contains("doubled lattice, of 8 × 8"),
        "{told:?}"
    );
    folder.refuses(
        "estimate ising --filter columnar",
        2,
        &["'columnar'", "staggered"],
    );
    folder.refuses(
        "estimate dimer --filter neel",
        2,
        &["'neel'", "staggered and columnar"],
    );
}

/// Discrete values of a continuous h are read by moments, unless another critic is asked for.
#[test]
fn continuous_h_of_discrete_values() {
    let folder = Folder::new();
    let run = "chain --size 16 --block 4 --buffer 1 --environment 1 --steps 60 --batch 20";
    let mut prints = vec![];
    for (typed, encoder, critic) in [
        ("continuous", "continuous", "moments"),
        ("continuous:0 --critic moments", "continuous", "moments"),
        ("continuous:0.5", "continuous:0.5", "moments"),
        ("continuous --critic separable", "continuous", "separable"),
    ] {
        let out = format!("run{}", prints.len());
        let told = folder.json(&format!("train {run} --encoder {typed} --out {out}"));
        assert_eq!(
            (&told["encoder"], &told["critic"]),
            (&encoder.into(), &critic.into())
        );
        let command = told["command"].as_str().unwrap();
        for word in [
            format!("--encoder {encoder} "),
            format!("--critic {critic} "),
        ] {
            assert!(command.contains(&word), "{command}");
        }
        let warned = told["warnings"]
            .to_string()
            .contains("--critic moments reads no digits");
        assert_eq!(warned, critic == "separable", "{told}");
        prints.push(told["fingerprint"].clone());
        let estimate = format!("estimate {run} --filter uniform --encoder {typed}");
        assert_eq!(folder.json(&estimate)["encoder"], encoder);
    }
    assert_eq!(prints[0], prints[1]);
    assert!(prints[1] != prints[2] && prints[2] != prints[3]);
    for wrong in ["continuous:-1", "continuous:x", "continuous:101"] {
        let told = folder.run(&format!("train {run} --encoder {wrong}"));
        told.is_refusal(2, &["continuous:SIGMA", "from 0 to 100"]);
        let told = folder.run(&format!(
            "estimate {run} --filter uniform --encoder {wrong}"
        ));
        told.is_refusal(2, &["continuous:SIGMA", "from 0 to 100"]);
    }
}

/// Filters to begin with, components that stay, decay, and maps.
#[test]
fn filters_begin_stay_decay_and_give_way_to_maps() {
    let folder = Folder::new();
    let run = "chain --size 16 --block 4 --buffer 1 --environment 1 --steps 40 --batch 20";
    let first: Vec<u8> = [0.5f32, 0.25, -0.25, 1.0, 0.125, 1.0, 1.0, 0.0]
        .iter()
        .flat_map(|x| x.to_le_bytes())
        .collect();
    folder.write("two.npy", &npy("<f4", &[2, 4], &first));
    let begin = format!("train {run} --components 2 --filter-init two.npy");
    let told = folder.json(&format!("{begin} --freeze 2 --weight-decay 1 --out run"));
    let stored = folder.read("run/filters.npy");
    let (_, weights) = parse_npy(&stored);
    assert_eq!(weights[16..], first[16..]);
    assert_ne!(weights[..16], first[..16]);
    let command = told["command"].as_str().unwrap();
    assert!(
        command.ends_with(" --filter-init two.npy --freeze 2 --weight-decay 1"),
        "{command}"
    );
    let words = command.strip_prefix("blockspin ").unwrap();
    let again = folder.json(&format!("{words} --out again"));
    assert_eq!(again["fingerprint"], told["fingerprint"]);
    let told = folder.run(&format!("{begin} --freeze all --out all"));
    assert_eq!(told.code, Some(0), "{told:?}");
    let stored = folder.read("all/filters.npy");
    assert_eq!(parse_npy(&stored).1, &first[..]);

    let told = folder.json(&format!("train {run} --map 6,3 --components 2 --out map"));
    assert_eq!(told["filters_are"], "mean response of the map");
    assert_eq!(told["filters"].as_array().unwrap().len(), 2);
    let command = told["command"].as_str().unwrap();
    assert!(command.ends_with(" --map 6,3"), "{command}");
    let page = String::from_utf8(folder.read("map/report.html")).unwrap();
    assert!(page.contains("Mean response of the map") && page.contains("h = sign(x)"));
    let plain = folder.json(&format!("train {run} --out plain"));
    assert!(plain["filters_are"].is_null());
    let command = plain["command"].as_str().unwrap();
    for word in ["filter-init", "freeze", "weight-decay", "map"] {
        assert!(!command.contains(word), "{command}");
    }

    for (words, said) in [
        (
            "--filter-init two.npy",
            &["2 filters", "--components 2"][..],
        ),
        ("--filter-init nothing", &["no filter is called"]),
        ("--filter-init uniform --map 4", &["--filter-init", "--map"]),
        ("--freeze 1", &["--filter-init"]),
        (
            "--filter-init uniform --freeze 2",
            &["1 components", "1 to 1"],
        ),
        ("--filter-init uniform --freeze 1,1", &["each once"]),
        ("--filter-init uniform --freeze 0", &["from 1"]),
        ("--weight-decay -1", &["from 0 to 100"]),
        ("--weight-decay 1 --encoder continuous", &["norm 1"]),
        ("--map 4 --encoder continuous", &["scale", "states:Q"]),
        ("--map 0", &["from 1 to 1024"]),
        ("--map 4,4,4,4,4", &["up to 4 whole numbers"]),
    ] {
        folder
            .run(&format!("train {run} {words}"))
            .is_refusal(2, said);
    }
}
