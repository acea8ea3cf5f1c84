//! Packed signs: one bit per spin, 1 for +1 and 0 for −1, thirty-two to a word.
//!
//! Spin `i` of a configuration is bit `i % 32` of word `i / 32`. Bits beyond the last spin of a
//! row are 0.

/// Spins in a word.
pub const WORD: usize = 32;

/// Words that hold `n` spins.
#[must_use]
pub const fn words(n: usize) -> usize {
    n.div_ceil(WORD)
}

/// Whether spin `i` is up.
#[inline(always)]
#[must_use]
pub fn bit(row: &[u32], i: usize) -> bool {
    (row[i / WORD] >> (i % WORD)) & 1 != 0
}

/// Spin `i` as ±1.
#[inline(always)]
#[must_use]
pub fn sign(row: &[u32], i: usize) -> i32 {
    ((row[i / WORD] >> (i % WORD)) & 1) as i32 * 2 - 1
}

/// Flips spin `i`.
#[inline(always)]
pub fn flip(row: &mut [u32], i: usize) {
    row[i / WORD] ^= 1 << (i % WORD);
}

/// Sets spin `i`.
#[inline(always)]
pub fn set(row: &mut [u32], i: usize, up: bool) {
    let mask = 1 << (i % WORD);
    if up {
        row[i / WORD] |= mask;
    } else {
        row[i / WORD] &= !mask;
    }
}

/// Number of spins up among the first `n`, which must be all spins of the row.
#[must_use]
pub fn count(row: &[u32], n: usize) -> u32 {
    row[..words(n)].iter().map(|w| w.count_ones()).sum()
}

/// Flips the first `n` spins; padding stays 0.
pub fn flip_all(row: &mut [u32], n: usize) {
    for (i, word) in row[..words(n)].iter_mut().enumerate() {
        *word ^= mask(n - i * WORD);
    }
}

/// The lowest `n` bits of a word; all of them for `n` ≥ 32.
#[inline(always)]
#[must_use]
pub const fn mask(n: usize) -> u32 {
    if n >= WORD { u32::MAX } else { (1 << n) - 1 }
}

/// Up to 32 spins from position `at`, in the low bits; `n` ≤ 32 and `at + n` within the row.
#[inline(always)]
#[must_use]
pub fn extract(row: &[u32], at: usize, n: usize) -> u32 {
    let (word, shift) = (at / WORD, at % WORD);
    let mut value = row[word] >> shift;
    if shift + n > WORD {
        value |= row[word + 1] << (WORD - shift);
    }
    value & mask(n)
}

/// Every second one of 32 spins, beginning with the first or the second, in the low bits.
#[inline(always)]
#[must_use]
pub const fn every_second(spins: u32, first: usize) -> u32 {
    let mut x = (spins >> first) & 0x5555_5555;
    x = (x | x >> 1) & 0x3333_3333;
    x = (x | x >> 2) & 0x0f0f_0f0f;
    x = (x | x >> 4) & 0x00ff_00ff;
    (x | x >> 8) & 0x0000_ffff
}

/// Appends spins to a row; [`finish`](Writer::finish) writes the last incomplete word.
#[derive(Debug)]
pub struct Writer<'a> {
    row: &'a mut [u32],
    at: usize,
    /// Spins that do not yet fill a word, and their number, below 32.
    pending: u64,
    filled: usize,
}

impl<'a> Writer<'a> {
    /// Starts at the first spin of `row`.
    #[inline(always)]
    pub fn new(row: &'a mut [u32]) -> Self {
        Writer {
            row,
            at: 0,
            pending: 0,
            filled: 0,
        }
    }

    /// Appends `n` spins of `from`, beginning at `at`.
    #[inline(always)]
    pub fn copy(&mut self, from: &[u32], mut at: usize, mut n: usize) {
        while n > 0 {
            let take = n.min(WORD);
            self.push(u64::from(extract(from, at, take)), take);
            at += take;
            n -= take;
        }
    }

    /// Appends every second one of `n` spins of `from` beginning at `at`: the first, third, … or the
    /// second, fourth, …
    #[inline(always)]
    pub fn copy_every_second(&mut self, from: &[u32], mut at: usize, mut n: usize, first: usize) {
        while n > first {
            let take = n.min(WORD);
            let spins = every_second(extract(from, at, take), first);
            self.push(u64::from(spins), (take - first).div_ceil(2));
            at += take;
            n -= take;
        }
    }

    /// Appends the lowest `n` ≤ 32 bits of `spins`; its other bits must be 0.
    #[inline(always)]
    pub fn push(&mut self, spins: u64, n: usize) {
        self.pending |= spins << self.filled;
        self.filled += n;
        if self.filled >= WORD {
            self.row[self.at] = self.pending as u32;
            self.at += 1;
            self.pending >>= WORD;
            self.filled -= WORD;
        }
    }

    /// Writes the incomplete word, padded with zeros.
    #[inline(always)]
    pub fn finish(self) {
        if self.filled > 0 {
            self.row[self.at] = self.pending as u32;
        }
    }
}

/// Transposes `rows × columns` packed signs: spin `c` of row `r` becomes spin `r` of row `c`.
///
/// `from` has [`words`]`(columns)` words per row, `to` has [`words`]`(rows)`.
///
/// TOGETHER words of a row are processed at a time so that the loop vectorises; they use 128 bytes of
/// stack each.
#[inline(always)]
pub fn transpose<const TOGETHER: usize>(from: &[u32], rows: usize, columns: usize, to: &mut [u32]) {
    for tile_row in 0..words(rows) {
        let mut tile_column = 0;
        while tile_column + TOGETHER <= words(columns) {
            transpose_tiles::<TOGETHER>(from, rows, columns, to, tile_row, tile_column);
            tile_column += TOGETHER;
        }
        while tile_column < words(columns) {
            transpose_tiles::<1>(from, rows, columns, to, tile_row, tile_column);
            tile_column += 1;
        }
    }
}

/// Transposes N tiles of 32 × 32 bits, neighbours in a row of tiles, by exchanging ever smaller
/// off-diagonal squares.
#[inline(always)]
fn transpose_tiles<const N: usize>(
    from: &[u32],
    rows: usize,
    columns: usize,
    to: &mut [u32],
    tile_row: usize,
    tile_column: usize,
) {
    let (from_stride, to_stride) = (words(columns), words(rows));
    let mut tiles = [[0u32; N]; WORD];
    let first = tile_row * WORD;
    let from_rows = from[first * from_stride..].chunks_exact(from_stride);
    for (tile, row) in tiles.iter_mut().zip(from_rows).take(rows - first) {
        tile.copy_from_slice(&row[tile_column..tile_column + N]);
    }

    let mut size = WORD / 2;
    let mut low: u32 = 0x0000_ffff;
    while size != 0 {
        for start in (0..WORD).step_by(2 * size) {
            for r in start..start + size {
                let (mut upper, mut lower) = (tiles[r], tiles[r + size]);
                for t in 0..N {
                    let change = ((upper[t] >> size) ^ lower[t]) & low;
                    upper[t] ^= change << size;
                    lower[t] ^= change;
                }
                (tiles[r], tiles[r + size]) = (upper, lower);
            }
        }
        size /= 2;
        low ^= low << size;
    }

    for t in 0..N {
        let first = (tile_column + t) * WORD;
        let to_rows = to[first * to_stride..].chunks_exact_mut(to_stride);
        for (tile, row) in tiles.iter().zip(to_rows).take(columns - first) {
            row[tile_row] = tile[t];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposition_moves_every_bit() {
        let (rows, columns) = (45, 341);
        let mut from = [0u32; 45 * 11];
        let mut state = 1u32;
        for r in 0..rows {
            for c in 0..columns {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                set(&mut from[r * 11..r * 11 + 11], c, state >> 31 != 0);
            }
        }
        let mut to = [u32::MAX; 341 * 2];
        transpose::<8>(&from, rows, columns, &mut to);
        for r in 0..rows {
            for c in 0..columns {
                assert_eq!(
                    bit(&from[r * 11..], c),
                    bit(&to[c * 2..], r),
                    "row {r} column {c}"
                );
            }
        }
        for c in 0..columns {
            assert_eq!(to[c * 2 + 1] >> (rows - WORD), 0, "padding of row {c}");
        }
    }

    #[test]
    fn a_writer_joins_pieces_of_any_length() {
        let from = [0xdead_beef, 0x0123_4567, 0x89ab_cdef];
        let pieces = [(0, 7), (3, 29), (31, 1), (10, 64), (90, 6), (5, 0)];
        let mut row = [0; 4];
        let mut writer = Writer::new(&mut row);
        for (at, n) in pieces {
            writer.copy(&from, at, n);
        }
        writer.finish();
        let mut i = 0;
        for (at, n) in pieces {
            for k in 0..n {
                assert_eq!(bit(&row, i), bit(&from, at + k));
                i += 1;
            }
        }
        assert_eq!(row[3] >> (i - 3 * WORD), 0);
    }
}
