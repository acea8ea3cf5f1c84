//! Paths that can be written, replaced or neither, and what is left after a failure.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use blockspin_tests::program::{Folder, binary, floats, npy, number, parse_npy, scattered};

use super::{SHORT, all_refused, values};

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
        folder.refuses(&format!("{words} file/a"), 1, &["file"]);
        folder.refuses(&format!("{words} file/a/b"), 1, &["file/a/b"]);
        // A folder that was made for what is refused.
        folder.refuses(&format!("{words} new/a --seed x"), 2, &["--seed"]);
    }
    folder.refuses(
        "sample ising --size 64 --samples 1000000000000 --out new/newer/a.npy",
        1,
        &["PiB", "free"],
    );
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

/// A mask under which files are made that cannot be read: as another user, since root may read all.
#[cfg(target_os = "linux")]
#[test]
fn a_mask_that_forbids_everything_is_refused_at_once() {
    let Some(other) = as_another_user() else {
        println!("skipped: no other user can be had here");
        return;
    };
    let folder = Folder::new();
    for words in [
        "sample ising --size 4 --samples 5 --out a.npy",
        "train ising --steps 2000000000 --out deep/run",
    ] {
        let script = format!(
            "chmod 777 . && umask 777 && exec {other} {} {words}",
            binary().display()
        );
        let mut shell = Command::new("sh");
        let told = folder.finish(script.clone(), shell.args(["-c", &script]), None);
        told.is_refusal(1, &["permission denied"]);
        assert!(folder.contents().is_empty(), "{told:?}");
    }
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
        let script = format!("ulimit -f 64; exec {} {words}", binary().display());
        let mut shell = Command::new("sh");
        let told = folder.finish(words, shell.args(["-c", &script]), None);
        told.is_refusal(1, &["cannot write 'a.npy'", "too large"]);
        assert!(folder.contents().is_empty(), "{told:?}");
    }
}

/// Under any limit of its address space a command succeeds or says what it lacks; nothing aborts. Below
/// the smallest of these the program cannot be loaded.
#[cfg(target_os = "linux")]
#[test]
fn limits_of_memory_are_reported() {
    let folder = Folder::new();
    let spins: Vec<u8> = (0..300 * 64).map(|i| (scattered(i) % 3) as u8).collect();
    folder.write("values.npy", &npy("|u1", &[300, 8, 8], &spins));
    let short = format!("train ising {SHORT} --threads 4 --out run");
    let commands = [
        &short[..],
        "train data values.npy --block 2 --buffer 1 --environment 1 --batch 10 --steps 50 --out data",
        "estimate ising --size 8 --block 2 --buffer 1 --environment 1 --steps 50 --filter uniform",
        "sample ising --size 8 --samples 3000 --threads 4 --out a.npy",
        "exact ising --size 4",
        "exact ising --size 4 --block 2 --filter uniform",
    ];
    for words in commands {
        let mut codes = vec![];
        for limit in [30_000, 45_000, 60_000, 90_000, 150_000, 250_000, 1_000_000] {
            let script = format!("ulimit -v {limit}; exec {} {words}", binary().display());
            let mut shell = Command::new("sh");
            let told = folder.finish(script.clone(), shell.args(["-c", &script]), None);
            match told.code {
                Some(0) => {}
                _ => told.is_refusal(1, &["memory", "available within the address space"]),
            }
            codes.push(told.code);
        }
        assert_eq!(codes.last(), Some(&Some(0)), "{words}: {codes:?}");
    }
}

/// The words before a command that another user than root is to run, if this is root; none, where there
/// is no way.
#[cfg(target_os = "linux")]
fn as_another_user() -> Option<&'static str> {
    let root = Command::new("id").arg("-u").output();
    if !root.is_ok_and(|id| id.stdout == b"0\n") {
        return Some("");
    }
    let other = "setpriv --reuid 65534 --regid 65534 --clear-groups";
    let script = format!("exec {other} {} --version", binary().display());
    let can_be = Command::new("sh").args(["-c", &script]).output();
    let can_be = can_be.is_ok_and(|output| output.status.success());
    can_be.then_some(other)
}

/// Where no thread is granted, those that there are do the work, and nothing else comes of it.
#[cfg(target_os = "linux")]
#[test]
fn a_limit_of_threads_changes_no_result() {
    let Some(other) = as_another_user() else {
        println!("skipped: no other user can be had here");
        return;
    };
    let folder = Folder::new();
    let train = format!("train ising {SHORT} --threads 4 --out");
    let told = folder.run(&format!("{train} free/run"));
    assert_eq!(told.code, Some(0), "{told:?}");
    for words in [
        &format!("{train} bound/run")[..],
        "sample ising --size 8 --samples 3000 --threads 4 --out a.npy",
        "fingerprint --threads 4",
    ] {
        let script = format!(
            "chmod 777 .; ulimit -u 1; exec {other} {} {words}",
            binary().display()
        );
        let mut shell = Command::new("bash");
        let told = folder.finish(script.clone(), shell.args(["-c", &script]), None);
        assert_eq!(told.code, Some(0), "{told:?}");
    }
    let [free, bound] = ["free", "bound"].map(|name| folder.read(&format!("{name}/run/run.json")));
    assert!(free == bound);
}

/// Starts a sampling that takes long, and waits until it has begun to write.
#[cfg(unix)]
fn sampling(folder: &Folder, ignored: &str) -> std::process::Child {
    let words = "sample ising --size 4 --samples 5000 --thin 100000 --threads 2 --out a.npy";
    let script = format!("{ignored} exec {} {words}", binary().display());
    let mut child = Command::new("sh")
        .args(["-c", &script])
        .current_dir(folder.path(""))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Not the lock, nor the few bytes that only try the folder.
    let begun = |entry: fs::DirEntry| entry.metadata().is_ok_and(|meta| meta.len() > 100);
    while !fs::read_dir(folder.path("")).unwrap().flatten().any(begun) {
        assert_eq!(child.try_wait().unwrap(), None, "it has not begun to write");
        std::thread::sleep(Duration::from_millis(2));
    }
    child
}

#[cfg(unix)]
fn send(signal: &str, child: &std::process::Child) {
    let kill = format!("kill -{signal} {}", child.id());
    let killed = Command::new("sh").args(["-c", &kill]).status().unwrap();
    assert!(killed.success());
}

/// Whether this process, and so what it starts, ignores a signal.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// The signal ends the program, as it would any other, and nothing is left.
#[cfg(unix)]
#[test]
fn signals_end_sampling_and_nothing_is_left() {
    use std::os::unix::process::ExitStatusExt;
    let mut signals = vec![("INT", 2), ("TERM", 15)];
    if cfg!(target_os = "linux") {
        signals.push(("HUP", 1));
    }
    // What this process was started to ignore, as in the background, the program ignores too.
    signals.retain(|(_, number)| !is_ignored(*number));
    for (signal, number) in signals {
        let folder = Folder::new();
        let mut child = sampling(&folder, "");
        send(signal, &child);
        assert_eq!(child.wait().unwrap().signal(), Some(number));
        assert!(folder.contents().is_empty(), "{:?}", folder.contents());
    }
}

/// As `nohup` does it, and a shell with what runs in the background.
#[cfg(target_os = "linux")]
#[test]
fn signals_that_are_to_be_ignored_are_ignored() {
    let folder = Folder::new();
    let mut child = sampling(&folder, "trap '' HUP INT;");
    for signal in ["HUP", "INT"] {
        send(signal, &child);
    }
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(child.try_wait().unwrap(), None);
    send("TERM", &child);
    child.wait().unwrap();
    assert!(folder.contents().is_empty(), "{:?}", folder.contents());
}

/// One that was killed leaves its files to the next one in the folder, whatever that writes.
#[cfg(unix)]
#[test]
fn what_was_killed_is_cleared_by_the_next() {
    let folder = Folder::new();
    for next in ["b.npy", "a.npy"] {
        let mut child = sampling(&folder, "");
        let words = "sample ising --size 4 --samples 2 --out a.npy";
        let id = format!("process {}", child.id());
        let before = folder.contents();
        let told = folder.run(words);
        told.is_refusal(1, &["'a.npy' is already being written by", &id]);
        assert!(folder.contents().keys().eq(before.keys()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(folder.contents().len() > 1);
        let told = folder.run(&words.replace("a.npy", next));
        assert_eq!(told.code, Some(0), "{told:?}");
        let left: Vec<_> = folder.contents().into_keys().collect();
        assert_eq!(left, [Path::new(next)]);
        fs::remove_file(folder.path(next)).unwrap();
    }
}

/// Of two trainings with one name the second is refused before it trains, whichever way it is named.
#[test]
fn two_trainings_do_not_share_a_folder() {
    let folder = Folder::new();
    let train = "train ising --size 16 --block 2 --buffer 1 --environment 2 --batch 20";
    let mut first = Command::new(binary())
        .args(format!("{train} --steps 1000000 --out deep/er/run").split_whitespace())
        .current_dir(folder.path(""))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lock = || {
        let inside = fs::read_dir(folder.path("deep/er"));
        inside.is_ok_and(|mut names| names.next().is_some())
    };
    while !lock() {
        assert_eq!(first.try_wait().unwrap(), None, "it has not begun");
        std::thread::sleep(Duration::from_millis(2));
    }
    let id = format!("process {}", first.id());
    for out in ["deep/er/run", "./deep/../deep/er/run"] {
        let told = folder.run(&format!("{train} --steps 5 --out {out}"));
        told.is_refusal(
            1,
            &["is already being written by", &id, "give another name"],
        );
    }
    let told = folder.run(&format!("{train} --steps 5 --out deep/er/other"));
    assert_eq!(told.code, Some(0), "{told:?}");
    first.kill().unwrap();
    first.wait().unwrap();
    let told = folder.run(&format!("{train} --steps 5 --out deep/er/run"));
    assert_eq!(told.code, Some(0), "{told:?}");
    let names = fs::read_dir(folder.path("deep/er")).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["other", "run"]);
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
    let runs = names(&folder, "runs");
    let [run] = &runs[..] else {
        panic!("{runs:?}");
    };
    assert!(run.starts_with("ising-9-size-16"), "{run}");
    let run = format!("runs/{run}");
    folder.write(&format!("{run}/note.txt"), b"of an earlier run");
    let first = folder.read(&format!("{run}/run.json"));
    // By its default name, and through a link that stays a link.
    let told = folder.run(&format!("{words} --seed 9"));
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(!folder.path(&format!("{run}/note.txt")).exists());
    assert_eq!(folder.read(&format!("{run}/run.json")), first);
    fs::create_dir(folder.path("empty")).unwrap();
    let told = folder.run(&format!("{words} --seed 10 --out empty"));
    assert_eq!(told.code, Some(0), "{told:?}");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("empty", folder.path("link")).unwrap();
        let told = folder.run(&format!("{words} --seed 9 --force --out link"));
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

/// Names in a folder.
fn names(folder: &Folder, path: &str) -> Vec<String> {
    let entries = fs::read_dir(folder.path(path)).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn default_folders_tell_runs_apart() {
    let folder = Folder::new();
    let window = "--block 2 --buffer 1 --environment 2 --batch 20 --steps 5";
    for words in [
        "--beta 0.3",
        "--temperature 2.6",
        "--temperature 2.6 --seed 4",
    ] {
        let told = folder.run(&format!("train ising --size 12 {window} {words}"));
        assert_eq!(told.code, Some(0), "{told:?}");
    }
    let told = folder.run(&format!(
        "estimate ising --size 12 {window} --filter staggered"
    ));
    assert_eq!(told.code, Some(0), "{told:?}");
    // Files of one name with other values, and one file read in two ways.
    for (place, ones) in [("warm", 3), ("cold", 5)] {
        let values: Vec<u8> = (0..240 * 64)
            .map(|i| u8::from(scattered(i).is_multiple_of(ones)))
            .collect();
        fs::create_dir(folder.path(place)).unwrap();
        folder.write(
            &format!("{place}/field.npy"),
            &npy("|u1", &[240, 8, 8], &values),
        );
    }
    for words in [
        "warm/field.npy",
        "cold/field.npy",
        "cold/field.npy --repeats keep",
    ] {
        let window = window.replace("environment 2", "environment 1");
        let told = folder.run(&format!("train data {words} {window}"));
        assert_eq!(told.code, Some(0), "{told:?}");
    }
    let runs = names(&folder, "runs");
    assert_eq!(runs.len(), 7, "{runs:?}");
    for beginning in [
        "ising-1-size-12-temperature-2.6",
        "ising-4-",
        "estimate-ising-1-",
        "data-1-field-",
    ] {
        assert!(
            runs.iter().any(|name| name.starts_with(beginning)),
            "{beginning}: {runs:?}"
        );
    }
    for run in &runs {
        let here = |name: &str| folder.path(&format!("runs/{run}/{name}")).is_file();
        assert!(
            here("run.json") && here("report.html") && here("filters.npy"),
            "{run}"
        );
    }
}

#[test]
fn finished_runs_of_other_settings_are_kept() {
    let folder = Folder::new();
    let words =
        "--size 12 --block 2 --buffer 1 --environment 2 --batch 20 --steps 5 -o deep/er/run";
    let found = folder.json(&format!("train ising {words}"));
    assert_eq!(found["folder"], "deep/er/run");
    assert!(found["file_hashes"].is_null());
    let first = folder.read("deep/er/run/run.json");
    for (other, said) in [
        (
            "train ising --temperature 3",
            ["--temperature 3", "--force"],
        ),
        ("train ising --seed 2", ["--seed 1", "--seed 2"]),
        ("train potts", ["model ising", "model potts"]),
        (
            "estimate ising --filter uniform",
            ["'deep/er/run'", "--out"],
        ),
    ] {
        folder.refuses(&format!("{other} {words}"), 2, &said);
    }
    // The same once more is no loss.
    let told = folder.run(&format!("train ising {words}"));
    assert_eq!(told.code, Some(0), "{told:?}");
    assert_eq!(folder.read("deep/er/run/run.json"), first);
    let version = String::from_utf8(first).unwrap();
    let version = version.replace("\"version\": \"", "\"version\": \"9");
    folder.write("deep/er/run/run.json", version.as_bytes());
    folder.refuses(
        &format!("train ising {words}"),
        2,
        &["version 9", "--force"],
    );
    let told = folder.run(&format!("train ising --beta 0.2 --force {words}"));
    assert_eq!(told.code, Some(0), "{told:?}");

    // The same words on a file that was changed are another run.
    let field = |least: usize| -> Vec<u8> {
        let values = (least..least + 240 * 64).map(|i| (scattered(i) % 2) as u8);
        npy("|u1", &[240, 8, 8], &values.collect::<Vec<_>>())
    };
    folder.write("field.npy", &field(0));
    let words =
        "train data field.npy --block 2 --buffer 1 --environment 1 --batch 20 --steps 5 -o run";
    let hash = folder.json(words)["file_hashes"]["file"].clone();
    assert_eq!(hash.as_str().unwrap().len(), 16);
    folder.write("field.npy", &field(9));
    folder.refuses(words, 2, &["'run'", "other files", "--force"]);
    let other = folder.json(&format!("{words} --force"))["file_hashes"]["file"].clone();
    assert_ne!(hash, other);
}

/// What a suffix says is written, and is read again; anything else is refused.
#[test]
fn a_suffix_says_the_format() {
    let folder = Folder::new();
    let sample = "sample ising --size 6 --samples 1500 --quiet";
    for name in ["a.npy", "a.npz", "a.csv", "b.NPY"] {
        let told = folder.run(&format!("{sample} --out {name}"));
        assert_eq!(told.code, Some(0), "{told:?}");
    }
    let array = folder.read("a.npy");
    assert_eq!(folder.read("b.NPY"), array);
    let spins = values(parse_npy(&array).1, "|i1");
    let text = String::from_utf8(folder.read("a.csv")).unwrap();
    let rows: Vec<Vec<f64>> = text
        .lines()
        .map(|line| line.split(',').map(|x| x.parse().unwrap()).collect())
        .collect();
    assert!(rows.len() == 1500 && rows.concat() == spins);
    // All three are one file to `coarsen`, as the table's rows have no sides.
    let coarse = |file: &str, block: &str| {
        let words = format!("coarsen data {file} --filter decimation --block {block} --out h.npy");
        let told = folder.run(&words);
        assert_eq!(told.code, Some(0), "{told:?}");
        parse_npy(&folder.read("h.npy")).1.to_vec()
    };
    assert_eq!(coarse("a.npz", "1,6"), coarse("a.npy", "1,6"));
    assert_eq!(coarse("a.csv", "6"), coarse("a.npy", "1,6"));
    // The other types of values.
    for (model, kind) in [
        ("gaussian --mass 0.5", "<f4"),
        ("chipping", "<i4"),
        ("potts", "|i1"),
    ] {
        for name in ["m.npy", "m.csv"] {
            let words = format!("sample {model} --size 6 --samples 40 --thin 1 --out {name}");
            let told = folder.run(&words);
            assert_eq!(told.code, Some(0), "{told:?}");
        }
        let text = String::from_utf8(folder.read("m.csv")).unwrap();
        let read = text
            .split([',', '\n'])
            .filter_map(|x| x.parse::<f32>().ok());
        let array = folder.read("m.npy");
        let written = values(parse_npy(&array).1, kind);
        assert!(read.map(f64::from).eq(written), "{model}");
    }
    for (name, said) in [("a.txt", ".csv"), ("a", ".npy"), ("a.npy.gz", ".npz")] {
        let words = format!("sample ising --size 4 --samples 5 --out {name}");
        folder.refuses(&words, 2, &[name, "suffix", said]);
    }
    for picture in ["p.jpg", "p", "p.pdf"] {
        let words = format!("sample ising --size 4 --samples 5 --out x.npy --picture {picture}");
        folder.refuses(&words, 2, &[picture, ".svg or .png"]);
    }
    for model in [
        "ising",
        "dimer",
        "chipping",
        "potts",
        "gaussian --mass 1",
        "ising --size 4,4,4",
    ] {
        let words =
            format!("sample {model} --samples 3 --burn-in 1 --thin 1 --out x.npy --picture p.png");
        let told = folder.run(&words);
        assert_eq!(told.code, Some(0), "{told:?}");
        assert!(
            folder.read("p.png").starts_with(b"\x89PNG\r\n\x1a\n"),
            "{model}"
        );
    }
}

/// An array to a pipe, with what is said of it on standard error.
#[cfg(unix)]
#[test]
fn an_array_goes_to_a_pipe() {
    let folder = Folder::new();
    let sample = "sample ising --size 6 --samples 1500 --out";
    let told = folder.run(&format!("{sample} a.npy"));
    assert_eq!(told.code, Some(0), "{told:?}");
    for (words, file) in [
        (format!("{sample} -"), "a.npy"),
        (
            "coarsen data a.npy --filter majority --block 2 --out -".into(),
            "c.npy",
        ),
    ] {
        if file == "c.npy" {
            let told = folder.run(&words.replace("--out -", "--out c.npy"));
            assert_eq!(told.code, Some(0), "{told:?}");
        }
        let script = format!("{} {words} | cat > b.npy", binary().display());
        let mut shell = Command::new("sh");
        let told = folder.finish(script.clone(), shell.args(["-c", &script]), None);
        assert_eq!((told.code, &told.stdout[..]), (Some(0), ""), "{told:?}");
        assert!(told.stderr.contains("energy per site"), "{told:?}");
        assert_eq!(folder.read("b.npy"), folder.read(file));
        let script = format!("{} {words} | true", binary().display());
        let mut shell = Command::new("sh");
        let told = folder.finish(script.clone(), shell.args(["-c", &script]), None);
        assert!(!told.stderr.contains("error"), "{told:?}");
    }
    folder.refuses(&format!("{sample} - --json"), 2, &["--out -", "--json"]);
    let full = File::options().write(true).open("/dev/full").unwrap();
    let told = folder.run_into(&format!("{sample} -"), full.into());
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(told.stderr.contains("no space left"), "{told:?}");
}

/// The bonds of a realisation are those that the energies are of.
#[test]
fn bonds_of_a_realisation() {
    let folder = Folder::new();
    let chain =
        "chain --size 10 --disorder gaussian:0,1 --disorder-seed 4 --coupling 2 --temperature 1.5";
    let words = format!("sample {chain} --samples 400 --out x.npy --bonds j.npy");
    let found = folder.json(&words);
    let bytes = folder.read("j.npy");
    let (header, data) = parse_npy(&bytes);
    assert!(
        header.contains("'<f4'") && header.contains("(10,)"),
        "{header}"
    );
    let bonds: Vec<f64> = floats(data).iter().map(|j| f64::from(*j)).collect();
    let bytes = folder.read("x.npy");
    let spins = values(parse_npy(&bytes).1, "|i1");
    let energy = spins.chunks_exact(10).map(|s| {
        let bonds = (0..10).map(|i| bonds[i] * s[i] * s[(i + 1) % 10]);
        -bonds.sum::<f64>() / 10.0
    });
    let energy = energy.sum::<f64>() / 400.0;
    assert!(
        (energy - number(&found, "energy_per_site")).abs() < 1e-5,
        "{energy} {found}"
    );
    let told = folder.run(&format!("exact {chain} --bonds k.npy"));
    assert_eq!(told.code, Some(0), "{told:?}");
    assert_eq!(folder.read("k.npy"), folder.read("j.npy"));
    for (words, said) in [
        (
            "exact chain --size 10 --bonds b.npy",
            &["--bonds", "--disorder"][..],
        ),
        (
            "exact ising --size 4 --bonds b.npy",
            &["--bonds", "--disorder"],
        ),
        (
            "exact chain --size 10 --disorder pm:0.5 --bonds b.txt",
            &["b.txt", ".npy"],
        ),
        (
            "sample dimer --size 4 --samples 3 --out x2.npy --bonds b.npy",
            &["--disorder"],
        ),
    ] {
        folder.refuses(words, 2, said);
    }
}
