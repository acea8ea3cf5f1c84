//! `blockspin fingerprint`.

use std::fs;
use std::process::Command;

use blockspin_tests::program::{Folder, binary};

#[test]
fn isa_by_environment_variable() {
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
fn fingerprints_equal_the_golden_file() {
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
