//! What a signal leaves behind: nothing.

/// From now on SIGINT and SIGTERM remove what is unfinished before they end the process. They end
/// it as they always do, so that a shell's loop ends with it.
#[cfg(unix)]
pub(super) fn clean_up() {
    use signal_hook::consts::{SIGINT, SIGTERM};
    // Where signals cannot be caught, they leave something behind.
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

/// Elsewhere they leave something behind.
#[cfg(not(unix))]
pub(super) fn clean_up() {}
