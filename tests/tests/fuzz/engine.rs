//! Inputs without end, made from their numbers: number n is the same input on every machine, and a
//! failure tells n.
//!
//! No input may panic, take longer than [`PATIENCE`], or allocate more than its length explains.
//!
//! - `BLOCKSPIN_FUZZ_INPUTS`: inputs for each reader, 1000 unless given.
//! - `BLOCKSPIN_FUZZ_FIRST`: the number of the first.

use std::fmt::Debug;
use std::fs;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use blockspin_core::num::rng::{Purpose, Stream};
use tempfile::TempDir;

/// After this long on one input the program ends and tells its number.
const PATIENCE: Duration = Duration::from_secs(60);
/// Most characters of an input that a failure shows.
const SHOWN: usize = 3000;

/// A number from the environment.
pub(crate) fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is '{text}', and should be a number"))
    })
}

/// One of several.
pub(crate) fn pick<'a, T>(stream: &mut Stream, all: &'a [T]) -> &'a T {
    &all[stream.below(all.len() as u32) as usize]
}

/// What is tried, and how much of it.
pub(crate) struct Fuzz {
    /// For messages.
    pub(crate) name: &'static str,
    /// An input in so many, of those that take longer than a file needs to be read.
    pub(crate) one_in: u64,
    /// Bytes that any input may allocate.
    pub(crate) memory: u64,
    /// Bytes that it may allocate for each of its own.
    pub(crate) memory_per_byte: u64,
}

impl Fuzz {
    /// Makes inputs and tries them. `length` is their size in bytes; `accepted` tells whether one was
    /// taken rather than refused.
    pub(crate) fn run<T: Debug>(
        &self,
        make: impl Fn(&mut Stream) -> T,
        length: impl Fn(&T) -> usize,
        accepted: impl Fn(&T) -> bool,
    ) {
        let name = self.name;
        let first = number("BLOCKSPIN_FUZZ_FIRST", 0);
        let count = number("BLOCKSPIN_FUZZ_INPUTS", 1000).div_ceil(self.one_in);
        let (current, over) = (AtomicU64::new(first), AtomicBool::new(false));
        let (mut taken, mut most, mut slowest) = (0, 0, Duration::ZERO);
        let begun = Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(|| watch(name, &current, &over));
            let _over = Over(&over);
            for n in first..first + count {
                current.store(n, Ordering::Relaxed);
                let input = make(&mut Stream::new(n, 0, Purpose::Sample));
                let bytes = length(&input) as u64;
                let start = Instant::now();
                let mut result = None;
                let used = allocation_counter::measure(|| {
                    result = catch_unwind(AssertUnwindSafe(|| accepted(&input))).ok();
                });
                slowest = slowest.max(start.elapsed());
                most = most.max(used.bytes_max);
                let shown: String = format!("{input:?}").chars().take(SHOWN).collect();
                let Some(result) = result else {
                    panic!("{name}: input {n} panics: {shown}");
                };
                let allowed = self.memory + self.memory_per_byte * bytes;
                assert!(
                    used.bytes_max <= allowed,
                    "{name}: input {n} of {bytes} bytes takes {} bytes of memory, more than \
                     {allowed}: {shown}",
                    used.bytes_max
                );
                taken += u64::from(result);
            }
        });
        println!(
            "{name}: {count} inputs, {taken} accepted, {:.0} a second, the slowest {:.1} ms, at most \
             {} KiB",
            count as f64 / begun.elapsed().as_secs_f64(),
            1e3 * slowest.as_secs_f64(),
            most >> 10
        );
        // Else nothing is tried but what every input passes, or what none does.
        assert!(
            count < 100 || (1..count).contains(&taken),
            "{name}: {taken} of {count} inputs were accepted"
        );
    }
}

/// Ends the watch, also when an input fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Ends the program when an input hangs.
fn watch(name: &str, current: &AtomicU64, over: &AtomicBool) {
    let (mut last, mut since) = (u64::MAX, Instant::now());
    while !over.load(Ordering::Relaxed) {
        let now = current.load(Ordering::Relaxed);
        if now != last {
            (last, since) = (now, Instant::now());
        }
        if since.elapsed() > PATIENCE {
            // The test harness would wait for the thread that hangs, and show nothing.
            let mut to = std::io::stderr();
            let _ = writeln!(to, "{name}: input {now} takes longer than {PATIENCE:?}");
            std::process::abort();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A folder for the file that is read, in memory where there is such a folder.
pub(crate) struct Scratch(TempDir);

impl Scratch {
    pub(crate) fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let folder = match memory.is_dir() {
            true => tempfile::tempdir_in(memory),
            false => tempfile::tempdir(),
        };
        Scratch(folder.expect("a folder"))
    }

    /// Path of a file in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file and returns its path.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).expect("a file");
        path
    }
}

/// Bytes that are shown as text.
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "b\"{}\"",
            self.0[..self.0.len().min(SHOWN)].escape_ascii()
        )
    }
}

/// Damages bytes at some places, or at none: turns bits, overwrites, inserts, removes and repeats
/// stretches, cuts off the end, puts numbers at their limits, and inserts what this kind of file
/// has a meaning for (`words`) or a stretch of another (`other`).
pub(crate) fn damage(bytes: &mut Vec<u8>, words: &[&[u8]], other: &[u8], stream: &mut Stream) {
    for _ in 0..stream.below(5) {
        let length = bytes.len();
        // Headers and directories are where damage tells.
        let near = stream.below(length.clamp(1, 128) as u32) as usize;
        let at = match stream.below(3) {
            0 => stream.below(length.max(1) as u32) as usize,
            1 => near,
            _ => length.saturating_sub(1 + near),
        };
        let end = (at + 1 + stream.below(16) as usize).min(length);
        match stream.below(12) {
            0 if at < length => bytes[at] ^= 1 << stream.below(8),
            1 if at < length => bytes[at] = stream.next_u32() as u8,
            2 => bytes.truncate(at),
            3 if at < length => {
                bytes.drain(at..end);
            }
            4 if at < length => {
                let copy = bytes[at..end].to_vec();
                let to = stream.below(length as u32) as usize;
                bytes.splice(to..to, copy);
            }
            5 if !other.is_empty() => {
                let from = stream.below(other.len() as u32) as usize;
                let most = (other.len() - from).min(256) as u32;
                let piece = &other[from..][..1 + stream.below(most) as usize];
                bytes.splice(at..at, piece.iter().copied());
            }
            6 | 7 => {
                let width = 1 << stream.below(4);
                let value = limit(length as u64, stream);
                let mut field = value.to_le_bytes();
                if stream.coin() {
                    field[..width].reverse();
                }
                for (byte, new) in bytes.iter_mut().skip(at).zip(&field[..width]) {
                    *byte = *new;
                }
            }
            8 | 9 => {
                let is_digit = |i: &usize| bytes[*i].is_ascii_digit();
                let digits: Vec<usize> = (0..length).filter(is_digit).collect();
                if !digits.is_empty() {
                    let from = *pick(stream, &digits);
                    let rest = &bytes[from..];
                    let many = rest.iter().take_while(|byte| byte.is_ascii_digit());
                    let to = from + many.count();
                    let number = match stream.coin() {
                        true => limit(length as u64, stream).to_string(),
                        false => stream.below(20).to_string(),
                    };
                    bytes.splice(from..to, number.into_bytes());
                }
            }
            _ if !words.is_empty() => {
                let word = *pick(stream, words);
                // In place of something or beside it.
                let to = if stream.coin() {
                    (at + word.len()).min(length)
                } else {
                    at
                };
                bytes.splice(at..to, word.iter().copied());
            }
            _ => bytes.push(stream.next_u32() as u8),
        }
    }
}

/// A whole number at which something may break.
pub(crate) fn limit(length: u64, stream: &mut Stream) -> u64 {
    let power = 1u64 << stream.below(64);
    *pick(
        stream,
        &[
            0,
            1,
            2,
            length,
            length / 2,
            length.wrapping_sub(1),
            length + 1,
            power,
            power - 1,
            power.wrapping_neg(),
            0x7fff_ffff,
            u64::from(u32::MAX),
            i64::MAX as u64,
            u64::MAX,
        ],
    )
}
