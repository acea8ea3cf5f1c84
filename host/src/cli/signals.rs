//! Removal of unfinished output on signals.

use std::path::PathBuf;
use std::sync::OnceLock;

/// Where this run may leave a checkpoint.
static CHECKPOINT: OnceLock<PathBuf> = OnceLock::new();

/// If a signal ends the run, it says so should this file be there by then.
pub(super) fn may_leave(checkpoint: PathBuf) {
    let _ = CHECKPOINT.set(checkpoint);
}

/// From now on SIGINT, SIGTERM and SIGHUP remove unfinished output before they end the process. They end
/// it in the default way, so that a shell loop ends with it. Those that the process was told to ignore, by
/// `nohup` or by a shell that started it in the background, it goes on ignoring. A file that reaches the
/// limit of its size is an error like a full disk, and no signal.
#[cfg(unix)]
pub(super) fn clean_up() {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
    // If a signal cannot be caught, the next run in the same folder removes what is left behind.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::<AtomicBool>::default());
    let ignored = ignored();
    let is_ignored = |signal: &i32| match ignored {
        Some(mask) => mask >> (signal - 1) & 1 == 1,
        // Where it cannot be known, nohup is more usual than a terminal that is closed.
        None => *signal == SIGHUP,
    };
    let caught = [SIGINT, SIGTERM, SIGHUP]
        .into_iter()
        .filter(|signal| !is_ignored(signal));
    let Ok(mut signals) = signal_hook::iterator::Signals::new(caught) else {
        return;
    };
    let _ = std::thread::Builder::new().spawn(move || {
        for signal in signals.forever() {
            let _abandoned = blockspin::store::folder::abandon();
            if let Some(path) = CHECKPOINT.get().filter(|path| path.is_file()) {
                // Where nobody can be told, the process ends all the same.
                let _ = std::io::Write::write_fmt(
                    &mut std::io::stderr(),
                    format_args!(
                        "\nstopped; the same command with --resume goes on from '{}'\n",
                        path.display()
                    ),
                );
            }
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
}

/// The signals that this process ignores, a bit for each from 1 on, where the system says so (Linux).
#[cfg(unix)]
fn ignored() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

/// On other systems the next run in the same folder removes what is left behind.
#[cfg(not(unix))]
pub(super) fn clean_up() {}
