//! Trainings that are killed and taken up again: every file is, byte for byte, that of a training
//! that ran through.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use blockspin::data::Data;
use blockspin::data::supply::{Crop, Rows, Supply};
use blockspin::model::Ising;
use blockspin::model::mcmc::{Chains, Plan, Sampling};
use blockspin::observer::Silent;
use blockspin::run::checkpoint::{self, Checkpoint};
use blockspin::run::config_file::read_fields;
use blockspin::run::{CheckpointPlan, RunConfig};
use blockspin_core::lattice::Lattice;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::sampler::Gaussian;
use blockspin_tests::program::{Folder, binary, npy, scattered};

/// A small window and batch.
const SMALL: &str = "--block 2 --buffer 1 --environment 1 --batch 10";
/// Kills of one training.
const KILLS: u32 = 10;
/// What the golden checkpoint is of, and the fingerprint and the figure of that training. Its version
/// used configurations less often than one that begins today, and it goes on as it began.
const GOLDEN: &str = "ising --size 4 --block 2 --buffer 0 --environment 1 --batch 4 --steps 900 \
                      --components 2 --bound tuba-constant --seed 5";
const GOLDEN_FINGERPRINT: &str = "394b3d39fa0a94c6";
const GOLDEN_INFORMATION: f64 = 0.533_629_896_880_256_7;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/ising-5.checkpoint")
}

/// The files of a run, but for its times.
fn files(folder: &Folder, run: &str) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let all = folder.contents().into_iter();
    all.filter_map(|(name, bytes)| Some((name.strip_prefix(run).ok()?.to_path_buf(), bytes)))
        .filter(|(name, _)| name != Path::new("timing.csv"))
        .collect()
}

fn spawn(folder: &Folder, words: &str) -> Child {
    Command::new(binary())
        .args(words.split_whitespace())
        .current_dir(folder.path(""))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Starts a training and waits until it has written a checkpoint.
fn started(folder: &Folder, words: &str, checkpoint: &Path) -> Child {
    let written = || {
        fs::metadata(checkpoint)
            .and_then(|meta| meta.modified())
            .ok()
    };
    let before = written();
    let mut child = spawn(folder, words);
    while written() == before {
        let ended = child.try_wait().unwrap();
        assert_eq!(
            ended, None,
            "{words}: it ended before it wrote a checkpoint"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    child
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Kills a training again and again, at any moment: most of the time some milliseconds after it wrote
/// a checkpoint, or else at once or while it begins.
fn survives(folder: &Folder, subject: &str, steps: u32, seed: u64) {
    let words = format!("train {subject} {SMALL} --steps {steps} --seed {seed}");
    let whole = folder.run(&format!("{words} --out whole"));
    assert_eq!(whole.code, Some(0), "{whole:?}");
    assert!(!folder.path("whole.checkpoint").exists());
    let mut moments = Stream::new(seed, 0, Purpose::Sample);
    let checkpoint = folder.path("killed.checkpoint");
    for round in 0..KILLS {
        let threads = 1 + round % 2;
        let words = format!("{words} --out killed --checkpoint 0.01 --resume --threads {threads}");
        if round % 4 == 3 {
            let child = spawn(folder, &words);
            std::thread::sleep(Duration::from_millis(u64::from(moments.below(100))));
            kill(child);
        } else {
            let child = started(folder, &words, &checkpoint);
            std::thread::sleep(Duration::from_micros(u64::from(moments.below(8_000))));
            kill(child);
        }
        assert!(!folder.path("killed").exists(), "it was to be killed");
    }
    let told = folder.run(&format!("{words} --out killed --resume"));
    assert_eq!(
        (told.code, &told.stderr),
        (Some(0), &whole.stderr),
        "{told:?}"
    );
    assert!(!checkpoint.exists());
    assert!(files(folder, "whole") == files(folder, "killed"), "{words}");
}

#[test]
fn trainings_on_spins_resume() {
    survives(&Folder::new(), "ising --size 16", 10_000, 1);
}

#[test]
fn trainings_of_states_on_dimers_resume() {
    let subject = "dimer --size 4 --temperature 1 --components 2 --encoder states:3";
    survives(&Folder::new(), subject, 6_000, 2);
}

/// Its gradients know the batches before.
#[test]
fn trainings_of_a_bound_with_an_average_resume() {
    let subject = "gaussian --size 8 --mass 0.5 --encoder continuous --bound dv";
    survives(&Folder::new(), subject, 6_000, 3);
}

#[test]
fn trainings_on_masses_resume() {
    survives(&Folder::new(), "chipping --size 32", 10_000, 5);
}

#[test]
fn trainings_on_two_values_resume() {
    let folder = Folder::new();
    let _ = folder.run("sample ising --size 8 --samples 300 --out spins.npy");
    // Critics are tried one after the other.
    let subject = "data spins.npy --folds 1 --patience 100000";
    survives(&folder, subject, 10_000, 6);
}

#[test]
fn trainings_on_reals_resume() {
    let folder = Folder::new();
    let _ = folder.run("sample gaussian --size 8 --mass 0.5 --samples 300 --out fields.npy");
    // The first of two folds has the checkpoint.
    let subject = "data fields.npy --boundary open --folds 2 --critics one --patience 100000";
    survives(&folder, subject, 10_000, 7);
}

/// Those that have ended are in the checkpoint too.
#[test]
fn searches_resume() {
    let subject = "chain --size 16 --restarts 2 --components auto --patience 20 --refine 5";
    survives(&Folder::new(), subject, 3_000, 8);
}

/// A pilot is not run again, so its choice of single clusters must be kept.
#[test]
fn pilot_choices_are_resumed() {
    let folder = Folder::new();
    let train = format!("train ising --size 32 --algorithm wolff {SMALL} --steps 400");
    let _ = folder.run(&format!("{train} --out whole"));
    let words = format!("{train} --out run --checkpoint 0.01 --resume");
    kill(started(&folder, &words, &folder.path("run.checkpoint")));
    let told = folder.run(&format!("{words} --json"));
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(files(&folder, "whole") == files(&folder, "run"));
}

#[test]
fn a_checkpoint_stays_readable() {
    let folder = Folder::new();
    for threads in 1..=2 {
        let checkpoint = format!("run-{threads}.checkpoint");
        folder.write(&checkpoint, &fs::read(golden()).unwrap());
        let out = format!("--out run-{threads} --threads {threads}");
        let told = folder.run(&format!("train {GOLDEN} {out} --resume --json"));
        let run = told.json();
        assert_eq!(
            (run["fingerprint"].as_str(), &told.stderr[..]),
            (Some(GOLDEN_FINGERPRINT), "")
        );
        assert_eq!(run["information_nats"], GOLDEN_INFORMATION);
        assert!(!folder.path(&checkpoint).exists());
    }
    assert!(files(&folder, "run-1") == files(&folder, "run-2"));
}

/// FNV-1a 64, as at the end of a checkpoint.
fn sum(bytes: &[u8]) -> [u8; 8] {
    use std::hash::Hasher;
    let mut hash = fnv::FnvHasher::default();
    hash.write(bytes);
    hash.finish().to_le_bytes()
}

#[test]
fn damaged_checkpoints_are_refused() {
    let folder = Folder::new();
    let path = folder.path("run.checkpoint");
    let bytes = fs::read(golden()).unwrap();
    let whole = folder.json(&format!("train {GOLDEN} --out whole"));
    let config =
        RunConfig::from_fields(&read_fields(&folder.path("whole/run.json")).expect("a record"))
            .expect("a configuration");
    assert_eq!(whole["seed"], config.optimisation.seed);
    let resumed = || Checkpoint::check(&plan(&path, 0.0, true), &config, true, &Silent);
    folder.write("run.checkpoint", &bytes);
    resumed().unwrap();
    for at in (0..bytes.len()).step_by(397).chain([bytes.len() - 1]) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        for damaged in [&damaged, &bytes[..at]] {
            fs::write(&path, damaged).unwrap();
            resumed().unwrap_err();
        }
    }
    // As a user meets it.
    let train = format!("train {GOLDEN} --out run --resume");
    folder.write("run.checkpoint", &bytes[..bytes.len() - 1]);
    folder.refuses(&train, 1, &["'run.checkpoint'", "is damaged", "--resume"]);
    let newer = [b"blockspin-checkpoint-9\n", &bytes[23..]].concat();
    folder.write("run.checkpoint", &newer);
    folder.refuses(
        &train,
        1,
        &[
            "'run.checkpoint'",
            "is a blockspin-checkpoint-9, and",
            "only resume from a blockspin-checkpoint-1",
        ],
    );
    folder.write("run.checkpoint", b"my notes on checkpoints");
    folder.refuses(&train, 2, &["'run.checkpoint'", "is none", "--out"]);
    folder.refuses(
        &train.replace(" --resume", ""),
        2,
        &["'run.checkpoint'", "is none"],
    );
    // Even with a checksum that fits nothing worse comes of it than an error or another result.
    for at in (23..bytes.len() - 8).step_by(26_111) {
        let mut damaged = bytes[..bytes.len() - 8].to_vec();
        damaged[at] ^= 0x81;
        damaged.extend(sum(&damaged));
        folder.write("run.checkpoint", &damaged);
        let told = folder.run(&train);
        assert!(
            [Some(0), Some(1), Some(2)].contains(&told.code),
            "{at}: {told:?}"
        );
    }
}

/// What no training with these settings can have written, under a checksum that fits: a plan that would
/// take for ever, a course that cannot have been, numbers that would stop or end the program.
#[test]
fn checkpoints_of_what_cannot_be_are_refused() {
    let folder = Folder::new();
    let bytes = fs::read(golden()).unwrap();
    let train = format!("train {GOLDEN} --out run --resume");
    let largest = b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff";
    let nan = b"\xcb\x7f\xf8\0\0\0\0\0\0";
    let long = b"\xce\xff\xff\xff\xff";
    // The name of a field, the length of its value, and another value.
    let forgeries: &[(&str, usize, &[u8])] = &[
        ("thin", 1, long),
        ("thin", 1, b"\0"),
        ("burn_in", 2, long),
        ("autocorrelation", 9, nan),
        ("order_squared", 9, nan),
        ("clusters", 1, b"\xcd\x03\xe8"),
        ("clusters", 1, b"\0"),
        ("seconds", 9, nan),
        (
            "attempts",
            1,
            b"\x91\x84\xaacomponents\x02\xa4seed\x05\xa5steps\x0a\xa7watched\xc0",
        ),
        ("earlier", 9, b"\xcb\xbf\xf0\0\0\0\0\0\0"),
        ("earlier", 9, b"\0\xa5reuse\x82\xa4uses\0\xa7windows\x01"),
        ("done", 1, b"\x10"),
        ("done", 1, long),
        ("configurations", 1, b"\0"),
        ("configurations", 1, largest),
        ("owed", 1, b"\x0d"),
        ("owed", 1, largest),
        ("increment", 9, b"\0"),
        ("span", 2, b"\0"),
        ("series", 1, b"\x90\xa3not"),
        ("step", 1, largest),
        (
            "convergence",
            1,
            b"\x83\xa9tolerance\0\xa7damping\0\xa4last\xc0",
        ),
        ("patience", 1, b"\x83\xa6checks\x01\xa4best\xc0\xa5since\0"),
        ("ended", 1, b"\xa5steps"),
        ("kept", 1, b"\0\xa5other\0"),
    ];
    for (name, length, value) in forgeries {
        // MessagePack: a short string begins with its length.
        let field = [&[0xa0 | name.len() as u8], name.as_bytes()].concat();
        let at = bytes
            .windows(field.len())
            .position(|window| window == field);
        let at = at.expect(name) + field.len();
        let body = &bytes[..bytes.len() - 8];
        let mut forged = [&body[..at], value, &body[at + length..]].concat();
        // A value that brings a field with it needs a map that is larger by one.
        if *name == "earlier" && value.len() > 9 {
            let map = field_of(&forged, b"\xa8attempts") - 1;
            forged[map] += 1;
        }
        forged.extend(sum(&forged));
        folder.write("run.checkpoint", &forged);
        folder.refuses(&train, 1, &["'run.checkpoint'", "is damaged", "--resume"]);
    }
}

/// Where a field begins.
fn field_of(bytes: &[u8], field: &[u8]) -> usize {
    let at = bytes
        .windows(field.len())
        .position(|window| window == field);
    at.expect("a field")
}

#[test]
fn other_options_than_those_of_the_checkpoint_are_refused() {
    let folder = Folder::new();
    let spins: Vec<u8> = (0..300 * 64)
        .map(|i| scattered(i).is_multiple_of(3).into())
        .collect();
    folder.write("spins.npy", &npy("|b1", &[300, 8, 8], &spins));
    let train = format!("train ising --size 8 {SMALL} --steps 4000 --seed 2 --out run --force");
    let resume = format!("{train} --checkpoint 0.01 --resume");
    let checkpoint = folder.path("run.checkpoint");
    kill(started(&folder, &resume, &checkpoint));
    for (given, other, found) in [
        ("--batch 10", "--batch 12", "--batch 10"),
        ("--steps 4000", "--steps 4001", "--steps 4000"),
        ("--seed 2", "--seed 3", "--seed 2"),
        ("--size 8", "--size 9", "--size 8"),
        ("--block 2", "--block 1", "--block 2"),
        ("ising", "chain", "model ising"),
        ("--out", "--thin 3 --out", "no --thin"),
        ("--out", "--components 2 --out", "--components 1"),
        (
            "--out",
            "--learning-rate 1e-3 --out",
            "--learning-rate 0.005",
        ),
        ("--out", "--epsilon-rate 1e-3 --out", "--epsilon-rate 0.005"),
    ] {
        let told = other.replace("1e-3", "0.001").replace(" --out", "");
        let told = told.replace("chain", "model chain");
        folder.refuses(
            &resume.replacen(given, other, 1),
            2,
            &["'run.checkpoint'", found, &told],
        );
    }
    // What changes no result does not matter.
    let told = folder.run(&format!(
        "{train} --resume --checkpoint 0 --isa portable --quiet"
    ));
    assert_eq!((told.code, &told.stderr[..]), (Some(0), ""), "{told:?}");
    assert!(!checkpoint.exists());

    let data = format!(
        "train data spins.npy {SMALL} --steps 4000 --patience 100000 --out run --force --checkpoint 0.01"
    );
    kill(started(&folder, &data, &checkpoint));
    let changed: Vec<u8> = spins.iter().rev().copied().collect();
    folder.write("spins.npy", &npy("|b1", &[300, 8, 8], &changed));
    folder.refuses(
        &format!("{data} --resume"),
        2,
        &["'run.checkpoint'", "other values"],
    );
}

/// Without `--resume` there is a word on it, and the end of the run is its end.
#[test]
fn checkpoints_of_no_use_are_noted() {
    let folder = Folder::new();
    let train = format!("train ising --size 8 {SMALL} --steps 20 --out run");
    let told = folder.run(&format!("{train} --resume"));
    assert_eq!(told.code, Some(0), "{told:?}");
    assert_eq!(
        told.stderr,
        "note: there is no 'run.checkpoint': the training starts anew\n"
    );
    let first = files(&folder, "run");
    folder.write("run.checkpoint", &fs::read(golden()).unwrap());
    let told = folder.run(&train);
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(
        told.stderr
            .starts_with("note: 'run.checkpoint' is of a training"),
        "{told:?}"
    );
    assert!(
        told.stderr.contains("--resume") && told.stderr.lines().count() == 1,
        "{told:?}"
    );
    assert!(first == files(&folder, "run") && !folder.path("run.checkpoint").exists());
    for (seconds, rule) in [("-1", "from 0"), ("nan", "finite"), ("soon", "seconds")] {
        folder.refuses(
            &format!("{train} --checkpoint {seconds}"),
            2,
            &[seconds, rule],
        );
    }
}

/// A signal leaves the last checkpoint, and nothing else.
#[cfg(unix)]
#[test]
fn interruptions_leave_the_checkpoint() {
    let folder = Folder::new();
    let words = format!("train ising --size 8 {SMALL} --steps 100000 --out run --checkpoint 1e-4");
    let mut child = started(&folder, &words, &folder.path("run.checkpoint"));
    // An interrupt from the keyboard may be ignored where the tests run in the background.
    let kill = format!("kill -TERM {}", child.id());
    assert!(
        Command::new("sh")
            .args(["-c", &kill])
            .status()
            .unwrap()
            .success()
    );
    child.wait().unwrap();
    let left: Vec<_> = folder.contents().into_keys().collect();
    assert_eq!(left, [Path::new("run.checkpoint")]);
}

/// Where a checkpoint cannot be written, the training goes on.
#[cfg(target_os = "linux")]
#[test]
fn a_checkpoint_that_cannot_grow() {
    let folder = Folder::new();
    let words = format!("train ising --size 64 {SMALL} --steps 300 --out run --checkpoint 0.01");
    let script = format!("ulimit -f 256; exec {} {words}", binary().display());
    let mut shell = Command::new("sh");
    let told = folder.finish(words, shell.args(["-c", &script]), None);
    assert_eq!(told.code, Some(0), "{told:?}");
    // Once, however often it was tried.
    let failures = told
        .stderr
        .lines()
        .filter(|line| line.contains("cannot write"));
    assert_eq!(failures.count(), 1, "{told:?}");
    let line = told.stderr.lines().next().unwrap_or_default();
    assert!(
        line.starts_with("warning: cannot write 'run.checkpoint'"),
        "{told:?}"
    );
    assert!(
        line.ends_with("the training goes on without a new checkpoint"),
        "{told:?}"
    );
    assert!(folder.contents().keys().all(|name| name.starts_with("run")));
}

fn plan(path: &Path, seconds: f64, resume: bool) -> CheckpointPlan {
    CheckpointPlan {
        path: path.to_path_buf(),
        seconds,
        resume,
    }
}

/// Writes where one supply stands, and lets another go on from there.
fn hand_over<V>(from: &mut dyn Supply<V>, to: &mut dyn Supply<V>) {
    let folder = Folder::new();
    let path = folder.path("feed.checkpoint");
    let config = RunConfig::train(Ising::square(8)).completed(true).unwrap();
    let check = |seconds, resume| {
        Checkpoint::check(&plan(&path, seconds, resume), &config, true, &Silent).unwrap()
    };
    let mut written = check(1e-9, false);
    written.write(&Silent, |state| from.pass(state));
    let mut read = check(0.0, true);
    let mut state = read.resume().unwrap();
    to.pass(&mut state).unwrap();
    state.end().unwrap();
    checkpoint::remove(&path).unwrap();
}

/// Chains hand out the same samples, wherever they are interrupted and whoever draws them.
#[test]
fn chains_resume() {
    let model = Gaussian::new(Lattice::new(&[16, 16]).unwrap(), 0.5).unwrap();
    let mut sampling = Sampling::unmeasured(model);
    sampling.plan = Plan {
        burn_in: 3,
        ..Plan::UNMEASURED
    };
    let chains = |threads| Chains::new(sampling.clone(), 7, Purpose::Training, threads);
    let take = |chains: &mut Chains<Gaussian>, n: usize| -> Vec<Vec<f32>> {
        let mut sample = vec![0.0; 256];
        (0..n)
            .map(|_| {
                chains.next(&mut sample).unwrap();
                sample.clone()
            })
            .collect()
    };
    let expected = take(&mut chains(1), 1200);
    for threads in [1, 2, 5] {
        let (mut found, mut these) = (vec![], chains(threads));
        for n in [0, 1, 0, 254, 1, 1, 500, 255, 188] {
            found.extend(take(&mut these, n));
            let mut others = chains(6 - threads);
            hand_over(&mut these, &mut others);
            // Those that were saved go on as well.
            if n == 500 {
                assert!(take(&mut these, 50) == expected[found.len()..][..50]);
            }
            these = others;
        }
        assert!(found == expected, "{threads} threads");
    }
}

/// So do rows of a file, which is longer than what fits the memory.
#[test]
fn rows_resume() {
    let folder = Folder::new();
    let values: Vec<u8> = (0..50 * 24u32).map(|i| (i * i % 251) as u8).collect();
    folder.write("values.npy", &npy("|u1", &[50, 6, 4], &values));
    let data = Data::open(&folder.path("values.npy"), &Silent).unwrap();
    let lattice = Lattice::new(&[6, 4]).unwrap();
    let window = blockspin_core::window::Window::new(lattice, &[1], &[0], &[1]).unwrap();
    let (crop, _) = Crop::around(window, 12).unwrap();
    let rows = || Rows::<f32>::new(&data, 3..40, 37, true, &crop, (1, 2));
    let mut value = vec![0.0; crop.sites()];
    let mut take = |rows: &mut Rows<f32>| {
        assert!(rows.next(&mut value).unwrap());
        value.clone()
    };
    let (mut all, mut these) = (rows(), rows());
    for _ in 0..100 {
        assert_eq!(take(&mut all), take(&mut these));
        let mut others = rows();
        hand_over(&mut these, &mut others);
        these = others;
    }
}

/// Estimates train a critic, and are resumed like trainings.
#[test]
fn estimates_go_on_from_checkpoints() {
    let folder = Folder::new();
    let words = format!("estimate ising --size 8 {SMALL} --filter boundary --steps 20000");
    let killed = format!("{words} --out killed --checkpoint 0.01");
    kill(started(&folder, &killed, &folder.path("killed.checkpoint")));
    let told = folder.run(&format!("{words} --out killed --resume"));
    assert_eq!((told.code, &told.stderr[..]), (Some(0), ""), "{told:?}");
    assert!(!folder.path("killed.checkpoint").exists());
    let _ = folder.json(&format!("{words} --out whole"));
    for file in ["run.json", "filters.npy", "series.csv", "report.html"] {
        let read = |run: &str| folder.read(&format!("{run}/{file}"));
        assert_eq!(read("killed"), read("whole"), "{file}");
    }
}
