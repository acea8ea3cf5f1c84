//! Checks that disk and memory are sufficient, before any work is done.

use std::path::{Component, Path, PathBuf};

use crate::error::{Error, Result, annotate, quoted};

/// Checks that `bytes` fit in the free space of the disk that holds `folder`.
///
/// # Errors
/// A failure that names both sizes.
pub fn disk(folder: &Path, bytes: u64) -> Result<()> {
    let free = fs4::available_space(folder)
        .map_err(|error| annotate("find the free space of", folder, error))?;
    if bytes > free {
        return Err(Error::failure(format!(
            "the output needs {}, and {} has {} free; ask for less, or write to another disk",
            size(bytes),
            quoted(folder),
            size(free)
        )));
    }
    Ok(())
}

/// Checks that `bytes` of temporary data fit in the free space of the disk that holds `folder`.
///
/// # Errors
/// A failure with both sizes; `what` begins its message.
pub fn scratch(what: &str, folder: &Path, bytes: u64) -> Result<()> {
    let free = fs4::available_space(folder)
        .map_err(|error| annotate("find the free space of", folder, error))?;
    if bytes > free {
        return Err(Error::failure(format!(
            "{what} needs {}, and {} has {} free; set TMPDIR to a folder on a larger disk",
            size(bytes),
            quoted(folder),
            size(free)
        )));
    }
    Ok(())
}

/// Memory of this process besides what is asked for: code that is still to be loaded, and small things.
const OTHERS: u64 = 24 << 20;
/// Memory that a thread takes of the address space: its stack, and what the C library's allocator sets
/// aside for it. Of the data segment it takes what it uses.
const THREAD_SPACE: u64 = 66 << 20;
const THREAD_DATA: u64 = 3 << 20;
/// Threads of a process beside those that work.
const THREADS: u64 = 2;

/// Checks that `bytes` more fit in memory: that of the machine, within the limits of this process and of
/// the containers (control groups) that it is in, as far as the system tells them (Linux).
///
/// # Errors
/// A failure with both sizes; `what` begins its message.
pub fn memory(what: &str, bytes: u64) -> Result<()> {
    let free = room().into_iter().min_by_key(|room| room.bytes);
    let free = free.unwrap_or(Room {
        bytes: isize::MAX as u64,
        thread: 0,
        within: "",
    });
    if bytes > free.bytes {
        return Err(Error::failure(format!(
            "{what} needs {} of memory, and {} is available{}; ask for less",
            size(bytes),
            size(free.bytes),
            free.within
        )));
    }
    Ok(())
}

/// How many threads, of those that are wanted, fit in memory beside `bytes`; at least one. No result
/// depends on their number.
#[must_use]
pub fn threads(wanted: usize, bytes: u64) -> usize {
    let fit = room()
        .into_iter()
        .filter(|room| room.thread > 0)
        .map(|room| {
            let all = room.bytes.saturating_sub(bytes) / room.thread;
            usize::try_from(all.saturating_sub(THREADS)).unwrap_or(usize::MAX)
        });
    fit.min().unwrap_or(usize::MAX).min(wanted).max(1)
}

/// What one of the bounds of memory leaves.
struct Room {
    bytes: u64,
    /// What a thread takes of it.
    thread: u64,
    /// The bound, for messages.
    within: &'static str,
}

/// What every bound that is known leaves.
fn room() -> Vec<Room> {
    let read = |name: &str| std::fs::read_to_string(Path::new("/proc").join(name));
    let file = |name: &str| read(name).unwrap_or_default();
    let mut all = vec![];
    if let Some(bytes) = kilobytes(&file("meminfo"), "MemAvailable:") {
        all.push(Room {
            bytes,
            thread: 0,
            within: "",
        });
    }
    let (limits, status) = (file("self/limits"), file("self/status"));
    for (limit, used, thread, within) in [
        (
            "Max address space",
            "VmSize:",
            THREAD_SPACE,
            " within the address space of this process (ulimit -v)",
        ),
        (
            "Max data size",
            "VmData:",
            THREAD_DATA,
            " within the data segment of this process (ulimit -d)",
        ),
    ] {
        if let (Some(limit), Some(used)) = (soft(&limits, limit), kilobytes(&status, used)) {
            all.push(Room {
                bytes: limit.saturating_sub(used).saturating_sub(OTHERS),
                thread,
                within,
            });
        }
    }
    let groups = containers(&file("self/mountinfo"), &file("self/cgroup"));
    all.extend(
        groups
            .iter()
            .filter_map(|folder| container(folder))
            .map(|bytes| Room {
                bytes,
                thread: 0,
                within: " within the memory limit of its container (control group)",
            }),
    );
    all
}

/// A value in kB, in a file of `/proc` with a name at the start of each line.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name))?;
    let value = value.trim().strip_suffix("kB")?;
    value.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// A soft limit in `/proc/self/limits`; none, if it is unlimited.
fn soft(limits: &str, name: &str) -> Option<u64> {
    let value = limits.lines().find_map(|line| line.strip_prefix(name))?;
    value.split_whitespace().next()?.parse().ok()
}

/// The folders of the control groups that bound this process's memory, from its own to the outermost that
/// is visible.
fn containers(mounts: &str, groups: &str) -> Vec<PathBuf> {
    // ID:CONTROLLERS:PATH; version 2 names no controllers.
    let group = |is_it: &dyn Fn(&str) -> bool| {
        groups.lines().find_map(|line| {
            let mut fields = line.splitn(3, ':').skip(1);
            let controllers = fields.next()?;
            fields.next().filter(|_| is_it(controllers))
        })
    };
    let mut all = vec![];
    for line in mounts.lines() {
        let Some((left, right)) = line.split_once(" - ") else {
            continue;
        };
        let left: Vec<&str> = left.split(' ').collect();
        let right: Vec<&str> = right.split(' ').collect();
        let ([_, _, _, root, mount, ..], [kind, _, options, ..]) = (&left[..], &right[..]) else {
            continue;
        };
        let has_memory = |list: &str| list.split(',').any(|name| name == "memory");
        let path = match *kind {
            "cgroup2" => group(&str::is_empty),
            "cgroup" if has_memory(options) => group(&has_memory),
            _ => continue,
        };
        // The path counts from the root of the hierarchy, of which a container sees a part alone.
        let inside = path.map(Path::new).and_then(|path| {
            let inside = path
                .strip_prefix(root)
                .or_else(|_| path.strip_prefix("/"))
                .ok()?;
            let is_plain = |part| matches!(part, Component::Normal(_));
            inside.components().all(is_plain).then_some(inside)
        });
        let (mount, inside) = (Path::new(mount), inside.unwrap_or(Path::new("")));
        all.extend(inside.ancestors().map(|inside| mount.join(inside)));
    }
    all
}

/// What the limit of a control group leaves, of version 1 or 2; none, if it has none.
fn container(folder: &Path) -> Option<u64> {
    let file = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    let number = |name: &str| file(name)?.trim().parse::<u64>().ok();
    let (limit, used) = match number("memory.max") {
        Some(limit) => (limit, number("memory.current")?),
        None => (
            number("memory.limit_in_bytes")?,
            number("memory.usage_in_bytes")?,
        ),
    };
    // Pages of files that nobody has used lately are given up for what is asked for.
    let stat = file("memory.stat").unwrap_or_default();
    let reclaimed = ["total_inactive_file ", "inactive_file "]
        .iter()
        .find_map(|name| {
            let value = stat.lines().find_map(|line| line.strip_prefix(name))?;
            value.trim().parse::<u64>().ok()
        });
    Some(limit.saturating_sub(used.saturating_sub(reclaimed.unwrap_or(0))))
}

/// A number of bytes as text, with three digits.
#[must_use]
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} bytes");
    }
    let power = (bytes.ilog2() / 10) as usize;
    let value = bytes as f64 / (1u64 << (10 * power)) as f64;
    let digits = if value < 10.0 {
        2
    } else {
        usize::from(value < 100.0)
    };
    format!("{value:.digits$} {}", UNITS[power - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_in_words() {
        assert_eq!(size(1023), "1023 bytes");
        assert_eq!(size(1536), "1.50 KiB");
        assert_eq!(size(200 << 20), "200 MiB");
        assert_eq!(size(u64::MAX), "16.0 EiB");
    }

    #[test]
    fn too_much_is_refused() {
        let error = disk(&std::env::temp_dir(), u64::MAX).unwrap_err();
        assert!(error.message().contains("needs 16.0 EiB"), "{error}");
        assert_eq!(error.kind(), crate::Kind::Failure);
        assert!(
            memory("a batch", u64::MAX)
                .unwrap_err()
                .message()
                .starts_with("a batch needs")
        );
        disk(&std::env::temp_dir(), 1).unwrap();
        memory("a byte", 1).unwrap();
    }

    #[test]
    fn limits_of_the_process_are_read() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max data size             unlimited            unlimited            bytes     \n\
                      Max address space         1048576              unlimited            bytes     \n";
        assert_eq!(soft(limits, "Max address space"), Some(1 << 20));
        assert_eq!(soft(limits, "Max data size"), None);
        assert_eq!(
            kilobytes("VmPeak:\t 9 kB\nVmSize:\t  3760 kB\n", "VmSize:"),
            Some(3760 << 10)
        );
    }

    #[test]
    fn control_groups_are_found_inside_and_outside_of_containers() {
        let found = |mounts: &str, groups: &str| containers(mounts, groups);
        let paths = |all: &[&str]| all.iter().map(PathBuf::from).collect::<Vec<_>>();
        let v2 = "31 23 0:28 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n";
        assert_eq!(
            found(v2, "0::/user.slice/run.scope\n"),
            paths(&[
                "/sys/fs/cgroup/user.slice/run.scope",
                "/sys/fs/cgroup/user.slice",
                "/sys/fs/cgroup/"
            ])
        );
        assert_eq!(found(v2, "0::/../other\n"), paths(&["/sys/fs/cgroup/"]));
        let v1 = "1 0 0:1 / / rw - overlay overlay rw\n\
                  35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory\n\
                  36 31 0:33 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n";
        let groups = "5:cpu:/x\n4:memory:/docker/abc/job\n0::/\n";
        assert_eq!(
            found(v1, groups),
            paths(&["/sys/fs/cgroup/memory/job", "/sys/fs/cgroup/memory/"])
        );
        assert!(found("", groups).is_empty());
    }

    #[test]
    fn what_a_control_group_leaves() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        assert_eq!(container(folder.path()), None);
        write("memory.limit_in_bytes", "1000\n");
        write("memory.usage_in_bytes", "600\n");
        assert_eq!(container(folder.path()), Some(400));
        write("memory.max", "max\n");
        write("memory.current", "300\n");
        assert_eq!(container(folder.path()), Some(400));
        write("memory.max", "500\n");
        write(
            "memory.stat",
            "anon 100\nactive_file 50\ninactive_file 120\n",
        );
        assert_eq!(container(folder.path()), Some(320));
    }
}
