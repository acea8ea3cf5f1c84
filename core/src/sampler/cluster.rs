//! Fortuin–Kasteleyn clusters, sixty-four sites at a time.
//!
//! Each row of the lattice (a line along its fastest axis) lies in words of its own. The bonds of
//! a word are drawn together, and a cluster grows by whole words: inside a word it spreads over
//! the bonds of the row as a carry spreads in an addition, and what it reaches is handed over to
//! the neighbouring words through their bonds, until nothing new is reached.

use crate::lattice::{Lattice, MAX_DIMENSION};
use crate::num::bits::{WORD, Writer, extract};
use crate::num::rng::{Probability, Stream};

/// Sites in a word of a row.
const WIDE: usize = 2 * WORD;

/// Mark of a word whose bonds have all been drawn, forward and backward.
const ALL: u32 = 1 << MAX_DIMENSION;

/// A word of a row, as it is stored.
type Pair = [u32; 2];

#[inline(always)]
fn get(slice: &[Pair], w: usize) -> u64 {
    u64::from(slice[w][0]) | u64::from(slice[w][1]) << WORD
}

#[inline(always)]
fn put(slice: &mut [Pair], w: usize, value: u64) {
    slice[w] = [value as u32, (value >> WORD) as u32];
}

/// The words of a lattice's rows, numbered along the row first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows {
    columns: usize,
    per_row: usize,
    len: usize,
    /// Words between neighbours along each axis, fastest axis first; the last is the number of
    /// all words.
    stride: [usize; MAX_DIMENSION + 1],
}

impl Rows {
    pub(super) fn new(lattice: &Lattice) -> Self {
        let [planes, rows, columns] = lattice.extent().map(|side| side as usize);
        let per_row = columns.div_ceil(WIDE);
        let len = planes * rows * per_row;
        Rows {
            columns,
            per_row,
            len,
            stride: [1, per_row, per_row * rows, len],
        }
    }

    /// Whether this is a plane with rows of one word.
    fn are_plain(&self) -> bool {
        self.per_row == 1 && self.stride[2] == self.len
    }

    /// The same, where the compiler is to know that they are plain.
    #[inline(always)]
    fn known<const PLAIN: bool>(self) -> Self {
        let len = self.len;
        match PLAIN {
            true => Rows {
                per_row: 1,
                stride: [1, 1, len, len],
                ..self
            },
            false => self,
        }
    }

    /// Number of words.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Place of a word along an axis, in words, within the stretch that the axis wraps around.
    #[inline(always)]
    fn along(&self, axis: usize, w: usize) -> usize {
        let span = self.stride[axis + 1];
        // Divisions only where needed.
        if span == 1 {
            0
        } else if span == self.len {
            w
        } else {
            w % span
        }
    }

    /// The next word along an axis; along a row this is the word itself when there is but one.
    #[inline(always)]
    pub(super) fn next(&self, axis: usize, w: usize) -> usize {
        let (stride, span) = (self.stride[axis], self.stride[axis + 1]);
        if self.along(axis, w) + stride >= span {
            w + stride - span
        } else {
            w + stride
        }
    }

    /// The word before along an axis.
    #[inline(always)]
    fn previous(&self, axis: usize, w: usize) -> usize {
        let (stride, span) = (self.stride[axis], self.stride[axis + 1]);
        if self.along(axis, w) < stride {
            w + span - stride
        } else {
            w - stride
        }
    }

    /// First column of a word, and the number of its sites.
    #[inline(always)]
    fn columns(&self, w: usize) -> (usize, usize) {
        let at = self.along(0, w) * WIDE;
        (at, (self.columns - at).min(WIDE))
    }

    /// Position of a word's last site, from 0.
    #[inline(always)]
    fn last(&self, w: usize) -> usize {
        self.columns(w).1 - 1
    }

    /// A word's sites.
    #[inline(always)]
    pub(super) fn mask(&self, w: usize) -> u64 {
        u64::MAX >> (WIDE - 1 - self.last(w))
    }

    /// The sites of a word whose coordinates have an even sum; what lies beyond them is anything.
    pub(super) fn even(&self, w: usize) -> u64 {
        let row = w / self.per_row;
        let rows = self.stride[2] / self.per_row;
        let even = 0x5555_5555_5555_5555;
        if (row / rows + row % rows).is_multiple_of(2) {
            even
        } else {
            !even
        }
    }

    /// A word of a packed configuration.
    #[inline(always)]
    pub(super) fn load(&self, spins: &[u32], w: usize) -> u64 {
        let (at, n) = self.columns(w);
        let at = w / self.per_row * self.columns + at;
        let low = u64::from(extract(spins, at, n.min(WORD)));
        if n > WORD {
            low | u64::from(extract(spins, at + WORD, n - WORD)) << WORD
        } else {
            low
        }
    }

    /// A word's neighbours one site further along the row; `next` is the row's next word.
    #[inline(always)]
    pub(super) fn ahead(&self, word: u64, next: u64, w: usize) -> u64 {
        word >> 1 | (next & 1) << self.last(w)
    }
}

/// Clusters of a configuration at work.
#[derive(Debug)]
pub(super) struct Clusters<'a> {
    rows: Rows,
    dimension: usize,
    join: Probability,
    /// All ones for the antiferromagnet, whose bonds join opposite spins.
    opposed: u64,
    spins: &'a mut [Pair],
    /// Sites that belong to a cluster already.
    reached: &'a mut [Pair],
    /// Sites handed over, from which the word has not spread yet; a word is on the stack exactly
    /// while it has some.
    pending: &'a mut [Pair],
    /// Bonds forward along each axis, [`MAX_DIMENSION`] words after one another.
    bonds: &'a mut [Pair],
    /// Axes whose bonds have been drawn, as bits.
    drawn: &'a mut [u32],
    stack: &'a mut [u32],
}

impl<'a> Clusters<'a> {
    /// Words of scratch.
    pub(super) fn scratch_len(lattice: &Lattice) -> usize {
        (2 * (3 + lattice.dimension()) + 2) * Rows::new(lattice).len()
    }

    /// Spreads a packed configuration out to rows.
    pub(super) fn new(
        lattice: &Lattice,
        join: Probability,
        opposed: bool,
        spins: &[u32],
        scratch: &'a mut [u32],
    ) -> Self {
        let rows = Rows::new(lattice);
        let dimension = lattice.dimension();
        let n = rows.len();
        let (pairs, rest) = scratch.split_at_mut(2 * (3 + dimension) * n);
        let (drawn, stack) = rest[..2 * n].split_at_mut(n);
        let (own, pairs) = pairs.as_chunks_mut().0.split_at_mut(n);
        let (reached, pairs) = pairs.split_at_mut(n);
        let (pending, bonds) = pairs.split_at_mut(n);
        for w in 0..n {
            put(own, w, rows.load(spins, w));
        }
        pending.fill([0; 2]);
        let opposed = if opposed { u64::MAX } else { 0 };
        Clusters {
            rows,
            dimension,
            join,
            opposed,
            spins: own,
            reached,
            pending,
            bonds,
            drawn,
            stack,
        }
    }

    /// Packs the configuration again.
    pub(super) fn store(&self, spins: &mut [u32]) {
        let mut writer = Writer::new(spins);
        for (w, pair) in self.spins.iter().enumerate() {
            writer.copy(pair, 0, self.rows.columns(w).1);
        }
        writer.finish();
    }

    /// Turns over the cluster of a random site.
    pub(super) fn flip_one(&mut self, stream: &mut Stream) {
        self.clear();
        let sites = self.rows.len / self.rows.per_row * self.rows.columns;
        let site = stream.below(sites as u32) as usize;
        let (row, column) = (site / self.rows.columns, site % self.rows.columns);
        let w = row * self.rows.per_row + column / WIDE;
        let seed = 1 << (column % WIDE);
        match self.rows.are_plain() && self.dimension == 2 {
            true => self.grow::<true>(w, seed, u64::MAX, stream),
            false => self.grow::<false>(w, seed, u64::MAX, stream),
        }
    }

    /// Turns over every cluster with probability one half.
    pub(super) fn flip_all(&mut self, stream: &mut Stream) {
        match self.rows.are_plain() && self.dimension == 2 {
            true => self.flip_all_of::<true>(stream),
            false => self.flip_all_of::<false>(stream),
        }
    }

    #[inline(always)]
    fn flip_all_of<const PLAIN: bool>(&mut self, stream: &mut Stream) {
        self.clear();
        let rows = self.rows.known::<PLAIN>();
        for w in 0..rows.len {
            self.prepare::<PLAIN>(w, stream);
        }
        for w in 0..rows.len {
            // The many clusters of a single site take their coins together.
            let single = rows.mask(w) & !self.linked::<PLAIN>(w);
            put(self.reached, w, get(self.reached, w) | single);
            put(
                self.spins,
                w,
                get(self.spins, w) ^ (single & stream.next_u64()),
            );
            loop {
                let free = rows.mask(w) & !get(self.reached, w);
                if free == 0 {
                    break;
                }
                let turn = if stream.coin() { u64::MAX } else { 0 };
                self.grow::<PLAIN>(w, free & free.wrapping_neg(), turn, stream);
            }
        }
    }

    /// The sites of a word that some bond reaches.
    #[inline(always)]
    fn linked<const PLAIN: bool>(&self, w: usize) -> u64 {
        let rows = self.rows.known::<PLAIN>();
        let left = rows.previous(0, w);
        let bonds = get(self.bonds, w);
        let mut linked = bonds | bonds << 1 | get(self.bonds, left) >> rows.last(left);
        for axis in 1..self.axes::<PLAIN>() {
            let place = axis * rows.len;
            linked |= get(self.bonds, place + w);
            linked |= get(self.bonds, place + rows.previous(axis, w));
        }
        linked
    }

    /// Axes of the lattice.
    #[inline(always)]
    fn axes<const PLAIN: bool>(&self) -> usize {
        if PLAIN { 2 } else { self.dimension }
    }

    /// Forgets clusters and bonds.
    fn clear(&mut self) {
        self.reached.fill([0; 2]);
        self.drawn.fill(0);
    }

    /// Draws the bonds of a word's sites, forward and backward along every axis, that have not
    /// been drawn yet.
    #[inline(never)]
    fn prepare<const PLAIN: bool>(&mut self, w: usize, stream: &mut Stream) {
        let rows = self.rows.known::<PLAIN>();
        for axis in 0..self.axes::<PLAIN>() {
            self.draw::<PLAIN>(axis, w, stream);
            let previous = rows.previous(axis, w);
            if previous != w {
                self.draw::<PLAIN>(axis, previous, stream);
            }
        }
        self.drawn[w] |= ALL;
    }

    /// Draws the bonds of a word forward along an axis.
    #[inline(always)]
    fn draw<const PLAIN: bool>(&mut self, axis: usize, w: usize, stream: &mut Stream) {
        let rows = self.rows.known::<PLAIN>();
        if self.drawn[w] & 1 << axis != 0 {
            return;
        }
        self.drawn[w] |= 1 << axis;
        // Bonds are drawn for the configuration before the move: while any are missing, all of
        // what has been reached has also been turned over.
        let before = |w| get(self.spins, w) ^ get(self.reached, w);
        let next = rows.next(axis, w);
        let (from, to) = (before(w), before(next));
        let to = if axis == 0 {
            rows.ahead(from, to, w)
        } else {
            to
        };
        let satisfied = !(from ^ to ^ self.opposed) & rows.mask(w);
        put(
            self.bonds,
            axis * rows.len + w,
            stream.bernoulli_word(self.join, satisfied),
        );
    }

    /// Grows the cluster of `seed` in word `w`, turning spins over by `turn`.
    #[inline(always)]
    fn grow<const PLAIN: bool>(&mut self, w: usize, seed: u64, turn: u64, stream: &mut Stream) {
        let rows = self.rows.known::<PLAIN>();
        let mut height = 0;
        self.hand_over(w, seed, &mut height);
        while height > 0 {
            height -= 1;
            let w = self.stack[height] as usize;
            if self.drawn[w] & ALL == 0 {
                self.prepare::<PLAIN>(w, stream);
            }
            let seeds = get(self.pending, w);
            put(self.pending, w, 0);
            let bonds = get(self.bonds, w);
            let last = rows.last(w);
            let inside = bonds & !(1 << last);
            let mut new = spread(seeds, inside);
            if rows.per_row == 1 && bonds >> last & (new ^ new >> last) & 1 != 0 {
                // Around the row.
                new = spread(new | 1 | 1 << last, inside);
            }
            put(self.reached, w, get(self.reached, w) | new);
            put(self.spins, w, get(self.spins, w) ^ (new & turn));
            if rows.per_row > 1 {
                // Along the row, by the bonds at either end of the word.
                self.hand_over(rows.next(0, w), (new & bonds) >> last & 1, &mut height);
                let left = rows.previous(0, w);
                let through = get(self.bonds, left) & (new & 1) << rows.last(left);
                self.hand_over(left, through, &mut height);
            }
            for axis in 1..self.axes::<PLAIN>() {
                let place = axis * rows.len;
                let through = get(self.bonds, place + w) & new;
                self.hand_over(rows.next(axis, w), through, &mut height);
                let below = rows.previous(axis, w);
                let through = get(self.bonds, place + below) & new;
                self.hand_over(below, through, &mut height);
            }
        }
    }

    /// Puts sites of a word down for spreading.
    #[inline(always)]
    fn hand_over(&mut self, w: usize, sites: u64, height: &mut usize) {
        let sites = sites & !get(self.reached, w);
        let waiting = get(self.pending, w);
        // No branches to guess wrong. At least one word, that at work, is not on the stack.
        self.stack[*height] = w as u32;
        *height += usize::from((waiting == 0) & (sites != 0));
        put(self.pending, w, waiting | sites);
    }
}

/// What `seeds` reach inside a word, where bond `i` joins sites `i` and `i + 1`; the highest bond
/// is 0.
#[inline(always)]
fn spread(seeds: u64, bonds: u64) -> u64 {
    // Upwards, a row of bonds passes seeds on as an addition passes carries.
    let carries = seeds & bonds;
    let up = (bonds + carries) ^ bonds ^ carries;
    // Downwards by doubling: `through` marks the sites with 1, 2, 4 … bonds in a row above them.
    let mut down = seeds;
    let mut through = bonds;
    for distance in [1, 2, 4, 8] {
        down |= through & down >> distance;
        through &= through >> distance;
    }
    if through != 0 {
        down |= through & down >> 16;
        through &= through >> 16;
        down |= through & down >> 32;
    }
    up | down
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::rng::Purpose;

    #[test]
    fn spreading_is_what_site_by_site_gives() {
        let mut stream = Stream::new(1, 0, Purpose::Sample);
        let mut random = |density: f64| stream.bernoulli_word(Probability::new(density), u64::MAX);
        for round in 0..2000 {
            let bonds = random([0.0, 0.5, 0.9, 0.99, 1.0][round % 5]) >> 1;
            let seeds = random([0.0, 0.02, 0.3, 1.0][round % 4]);
            let mut expected = seeds;
            for _ in 0..WIDE {
                expected |= (expected & bonds) << 1 | expected >> 1 & bonds;
            }
            assert_eq!(spread(seeds, bonds), expected);
        }
    }
}
