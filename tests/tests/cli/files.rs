//! Paths that can be written, replaced or neither, and what is left after a failure.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
#[cfg(unix)]
use std::time::Duration;

use blockspin_tests::program::{Folder, binary};

use super::{SHORT, all_refused};

#[test]
fn unsuitable_output_paths_are_refused() {
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
fn devices_and_links_are_refused() {
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
fn a_folder_without_write_permission_is_refused() {
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
fn a_full_disk_is_reported_and_nothing_is_left() {
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
fn a_file_size_limit_is_reported_and_nothing_is_left() {
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
fn signals_end_sampling_and_nothing_is_left() {
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
fn full_and_closed_standard_output() {
    let folder = Folder::new();
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    for words in [
        "exact ising --size 4",
        "exact ising --size 4 --json",
        "--help",
        "train -h",
        "--version",
    ] {
        let told = folder.run_into(words, full());
        told.is_refusal(1, &["no space left"]);
    }
    // A reader that has gone is no failure.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let told = folder.run_into("exact ising --size 4", writer.into());
    assert_eq!((told.code, &told.stderr[..]), (Some(0), ""), "{told:?}");
}

/// What cannot be said on standard error is lost, and nothing else.
#[cfg(target_os = "linux")]
#[test]
fn full_and_closed_standard_error() {
    let folder = Folder::new();
    let short = format!("train ising {SHORT} --out run");
    for (words, code) in [
        (&short[..], 0),
        // A warning, an error of a setting, one of the machine, and one of the words.
        ("sample ising --size 4 --samples 3 --out a.npy", 0),
        ("exact ising --size 99", 2),
        ("estimate ising --filter missing.npy", 1),
        ("train nothing", 2),
        ("--no-such", 2),
    ] {
        for redirected in ["2>/dev/full", "2>&-"] {
            let script = format!("exec {} {words} {redirected}", binary().display());
            let mut shell = Command::new("sh");
            let told = folder.finish(script.clone(), shell.args(["-c", &script]), None);
            assert_eq!(told.code, Some(code), "{told:?}");
        }
    }
    assert!(folder.path("run/report.html").exists() && folder.path("a.npy").exists());
}

#[test]
fn only_earlier_runs_are_replaced() {
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
