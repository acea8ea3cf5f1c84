//! Removal of unfinished output on signals.

/// From now on SIGINT and SIGTERM remove unfinished output before they end the process. They end it in
/// the default way, so that a shell loop ends with it.
#[cfg(unix)]
pub(super) fn clean_up() {
    use signal_hook::consts::{SIGINT, SIGTERM};
    // If signals cannot be caught, unfinished output is left behind.
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]) else {
        return;
    };
    std::thread::spawn(move || {
        for signal in signals.forever() {
            let _abandoned = blockspin::store::folder::abandon();
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
}

/// On other systems unfinished output is left behind.
#[cfg(not(unix))]
pub(super) fn clean_up() {}
