//! The program as a user meets it: what it prints and writes, and what it refuses.

mod coarsen;
mod estimate;
mod exact;
mod files;
mod fingerprint;
mod help;
mod refusals;
mod sample;
mod train;

use blockspin_tests::program::{Folder, number};
use serde_json::Value;

/// A run of a second.
const SHORT: &str = "--size 16 --block 2 --buffer 1 --environment 2 --batch 20 --steps 200";

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
