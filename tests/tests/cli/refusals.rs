//! What the program refuses, and in which words.

use std::fs;
use std::path::Path;

use blockspin_tests::arrays::{Packing, archive};
use blockspin_tests::program::{Folder, npy, scattered};

use super::{Refusals, SHORT, all_refused};

#[test]
fn unknown_command_is_refused() {
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
fn invalid_model_parameters_are_refused() {
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
        ("--dimension 0", &["0", "--dimension", "from 1 to 3"]),
        ("--dimension 4", &["4", "--dimension"]),
        ("--size 4,4 --dimension 3", &["2 sides", "--dimension is 3"]),
        ("--temperature 0", &["'0'", "--temperature", "above 0"]),
        ("--temperature -1", &["'-1'", "--temperature"]),
        ("--temperature nan", &["'nan'", "above 0"]),
        ("--temperature -inf", &["'-inf'", "above 0"]),
        ("--coupling -inf", &["'-inf'", "finite"]),
        ("--temperature warm", &["'warm'"]),
        ("--temperature 1e-320", &["'1e-320'"]),
        ("--beta -0.4", &["'-0.4'", "--beta"]),
        ("--beta nan", &["'nan'", "--beta"]),
        ("--beta 0.4 --temperature 2", &["--beta", "--temperature"]),
        ("--coupling 0", &["'0'", "--coupling"]),
        ("--coupling nan", &["'nan'", "--coupling"]),
        ("--coupling 1e300 --temperature 1e-300", &["ratio"]),
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
        ],
    );
}

#[test]
fn invalid_run_parameters_are_refused() {
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
            ("--batch 1", &["1", "--batch", "from 2 to 16384"]),
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
            ("dimer --temperature nan", &["'nan'", "above 0"]),
        ],
    );
}

#[test]
fn unsuitable_filters_are_refused() {
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
fn unreadable_data_are_refused() {
    let folder = Folder::new();
    let whole = npy("|i1", &[20, 4, 4], &[1; 320]);
    let floats = |value: f64| -> Vec<u8> {
        let values = (0..320).map(|i| if i == 77 { value } else { f64::from(i % 2) });
        values.flat_map(f64::to_le_bytes).collect()
    };
    fs::create_dir(folder.path("folder.npy")).unwrap();
    let three: Vec<u8> = (0..320).map(|i| (i % 3) as u8).collect();
    let files: &[(&str, Vec<u8>, &[&str])] = &[
        ("empty.npy", vec![], &["not a .npy file"]),
        ("text.npy", b"1 -1 1\n".to_vec(), &["not a .npy file"]),
        ("header.npy", whole[..50].to_vec(), &["cut off"]),
        ("cut.npy", whole[..whole.len() - 1].to_vec(), &["cut off"]),
        ("long.npy", [&whole[..], &[1]].concat(), &["spare"]),
        (
            "complex.npy",
            npy("<c8", &[20, 4, 4], &[0; 2560]),
            &["<c8", "b1 i1 u1"],
        ),
        ("object.npy", npy("|O", &[20, 4, 4], &[0; 2560]), &["|O"]),
        (
            "deep.npy",
            npy("|i1", &[5, 4, 2, 2, 4], &[1; 320]),
            &["(5, 4, 2, 2, 4)", "(N, L0)"],
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
fn too_few_configurations_are_refused() {
    let folder = Folder::new();
    let spins: Vec<u8> = (0..40 * 64).map(|i| (scattered(i) % 2) as u8).collect();
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
    folder.refuses("train data - --out run", 2, &["standard input"]);
    // What the array may be instead.
    folder.write("last.npy", &npy("|u1", &[4, 4, 160], &spins));
    folder.write("photo.npy", &npy("|u1", &[40, 64], &spins));
    let window = "--block 2 --buffer 0 --environment 1 --out run";
    for (file, said) in [
        ("few.npy", None),
        ("last.npy", Some("moveaxis(a, -1, 0)")),
        ("photo.npy", Some("--axes xx")),
    ] {
        let told = folder.run(&format!("train data {file} {window}"));
        assert_eq!(told.code, Some(2), "{told:?}");
        for hint in ["moveaxis", "--axes xx"] {
            let is_said = said.is_some_and(|said| said.contains(hint));
            assert_eq!(told.stderr.contains(hint), is_said, "{told:?}");
        }
    }
}

/// Boundaries, origins, graphs and members that do not suit the data.
#[test]
fn unsuitable_data_options_are_refused() {
    let folder = Folder::new();
    let spins: Vec<u8> = (0..400 * 64).map(|i| (scattered(i) % 2) as u8).collect();
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
            false => f64::from(scattered(i) % 7),
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
            ("square.npy:u", &["square.npy", "not a .npz", "'u'"]),
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

#[test]
fn unsolvable_exact_problems_are_refused() {
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
                &["'0'", "--batch", "from 1"],
            ),
            (
                "ising --size 4 --block 2 --filter uniform --batch many",
                &["'many'", "--batch"],
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
                &["9", "--components", "from 1 to 8"],
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

#[test]
fn refusals_say_what_was_meant() {
    let folder = Folder::new();
    folder.write("measured", b"");
    all_refused(
        &folder,
        "",
        "",
        2,
        &[
            // Files without the word data.
            (
                "train field.npy",
                &["'field.npy'", "blockspin train data field.npy"],
            ),
            (
                "train runs/walk.npz:u",
                &["blockspin train data runs/walk.npz:u"],
            ),
            (
                "estimate measured",
                &["blockspin estimate data measured --filter"],
            ),
            ("deep/field.npy", &["blockspin train data deep/field.npy"]),
            ("sample field.npy", &["train data", "chipping"]),
            (
                "train chain field.npy",
                &["'field.npy'", "blockspin train data field.npy"],
            ),
            // Words in another order.
            ("potts estimate", &["'potts'", "blockspin estimate potts"]),
            ("gaussian", &["'gaussian'", "blockspin train gaussian"]),
            (
                "train --batch 50 dimer",
                &["'--batch'", "blockspin train dimer --batch 50"],
            ),
            ("--samples=7 sample ising", &["'--samples'", "--samples=7"]),
            ("train", &["no model", "gaussian", "data FILE"]),
            ("-q", &["no command", "estimate"]),
            // Misspelled.
            ("tran ising", &["'tran'", "'train'"]),
            ("sample dimmer", &["'dimmer'", "'dimer'"]),
            (
                "train ising --tempreature 2",
                &["'--tempreature'", "did you mean '--temperature'"],
            ),
            (
                "train ising --learning 1",
                &["did you mean '--learning-rate'"],
            ),
            ("train ising --lr 1", &["did you mean '--learning-rate'"]),
            ("train ising --versoin", &["did you mean '--version'"]),
            ("exact chain -beta 2", &["'-beta'", "one dash", "'--beta'"]),
            (
                "train ising batch 20",
                &["'batch'", "did you mean '--batch'"],
            ),
            ("train POTTS", &["did you mean 'potts'"]),
            ("estimate help", &["'blockspin estimate --help'"]),
            // Of another model or command.
            (
                "train ising --states 3",
                &["'--states'", "'train potts' has it"],
            ),
            (
                "estimate chain --samples 3",
                &["'--samples'", "'sample chain' has it"],
            ),
            // What the program has not.
            (
                "exact potts",
                &[
                    "'potts'",
                    "ising, chain, gaussian, chipping or dimer",
                    "twice the temperature",
                ],
            ),
            ("exact data f.npy", &["'data'", "train data FILE"]),
        ],
    );
    // Nothing is near.
    for words in ["train ising --frobnicate", "train xyz", "frobnicate"] {
        let told = folder.run(words);
        told.is_refusal(2, &[words.split(' ').next_back().unwrap()]);
        assert!(!told.stderr.contains("did you mean"), "{told:?}");
    }
}

#[test]
fn whole_numbers_are_refused_in_words_and_read_in_other_spellings() {
    let folder = Folder::new();
    all_refused(
        &folder,
        "train ising",
        "--out run",
        2,
        &[
            ("--seed -7", &["'-7'", "a seed is a whole number from 0"]),
            ("--steps 1e-2", &["'1e-2'", "a whole number from 1 to"]),
            ("--steps 2.5", &["'2.5'", "a whole number from 1 to"]),
            ("--batch 1e9", &["'1e9'", "from 2 to 16384"]),
            ("-j few", &["'few'", "a whole number from 1 to"]),
        ],
    );
    folder.refuses(
        "sample ising --samples 4 --seed -7 --out a.npy",
        2,
        &["'-7'", "a seed is a whole number from 0"],
    );
    let window = "--size 1_2 --block 2 --buffer 1 --environment 2";
    let found = folder.json(&format!(
        "train ising {window} --batch 2e1 --steps 1.2e2 -s 1_0 -j 2 -q -o run"
    ));
    for (name, value) in [("batch", 20), ("steps", 120), ("seed", 10)] {
        assert_eq!(found[name], value, "{found}");
    }
    let found = folder.json("sample chain --size 1e1 --samples 5e1 -s 2e0 -o a.npy");
    assert_eq!((&found["samples"], &found["seed"]), (&50.into(), &2.into()));
}
