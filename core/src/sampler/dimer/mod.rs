//! The interacting dimer model on the square torus: weight exp(N/T), N the plaquettes with two
//! parallel dimers, by directed loops.
//!
//! # Configurations
//! Each vertex is covered by one dimer. A configuration is the doubled lattice of side 2L, packed
//! as [`bits`](crate::num::bits): (even, even) is a vertex and (odd, odd) a face, both 0;
//! (2y, 2x + 1) is the link from vertex (y, x) along its row, (2y + 1, 2x) that along its column,
//! 1 where it carries a dimer. Half of the bits say nothing, but windows and files take them as
//! they are; in kept configurations they can hold [noise](Dimer::with_noise).
//!
//! # Directed loops (Sandvik and Moessner, PRB 73, 144504, 2006; RSMI-NE, appendix C)
//! A loop starts at a random vertex, takes up its dimer, and at the other end of it, the pivot,
//! lays a dimer to one of the four neighbours. If that has a dimer of its own, this is taken up,
//! and so on until the first vertex is met again. With w = exp(n/T) for a dimer from the pivot that
//! would have n parallel neighbours (C1), the dimer from i is laid to k with probability a_ik / w_i,
//!
//! ```text
//! a_ik = a_ki ≥ 0,   Σ_k a_ik = w_i     (C5, C6)
//! ```
//!
//! so that each step balances under exp(N/T), the first vertex left bare and the last one reached
//! with two dimers, a loop with its reverse, and Σ_i a_ii, the bounces, as small as can be (C7). A
//! sweep is a fixed number of loops: going on until every vertex is visited, as in the paper's
//! Algorithm 2, stops on what the loops have done and would bias the law.
//!
//! The difference between two coverings is a set of disjoint loops, around the torus too. Every
//! a_ik with i ≠ k is positive, so a directed loop can follow any of them: all coverings of all
//! winding sectors are reached.
//!
//! # Low temperatures
//! Colder loops run between the same few vertices of a hot start for exp(1/T) steps and more, and hardly
//! leave a covering without ways down. Below T = 0.2 the loops are therefore those at T' = 0.2. The
//! covering that 64 of them lead to, with ΔN more parallel plaquettes, is accepted with probability
//! min(1, exp(ΔN (1/T − 1/T'))): a proposal that balances under exp(N/T') then balances under exp(N/T).
//!
//! After [`longest_loop`](Dimer::longest_loop) steps a loop is given up, at any temperature, and the
//! covering from before it, or before the 64, stays. This keeps the balance: a loop and its reverse have
//! equally many steps, so that both are given up or neither, and to stay balances itself. All coverings
//! are still reached, by loops that visit no vertex twice: these have L²/2 steps at most.

mod height;
mod scattering;
mod start;

use core::fmt;

use scattering::Scattering;

use super::{Sampler, Start};
use crate::lattice::Lattice;
use crate::num::bits::{bit, set, words};
use crate::num::math::{exp64, sqrt64};
use crate::num::rng::{Probability, Stream};

/// Longest side: a vertex then fits 24 bits.
pub const MAX_SIDE: u32 = 4096;

/// Mean of a link as a sign: of the four links of a vertex one carries a dimer.
pub const LINK_MEAN: f32 = -0.5;

/// Why a dimer model cannot be sampled.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum DimerError {
    /// The side is odd, below 4 or above [`MAX_SIDE`].
    Side(u32),
    /// The temperature is not above 0.
    Temperature(f64),
    /// A sweep of no loops.
    NoLoops,
    /// The binding of the noise is not a finite number from 0 on.
    Binding(f64),
}

impl fmt::Display for DimerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Side(side) => write!(
                f,
                "a torus of dimers with a side of {side}; it is even, from 4 to {MAX_SIDE}"
            ),
            Self::Temperature(t) => {
                write!(f, "a temperature of {t}; it is above 0, or inf")
            }
            Self::NoLoops => write!(f, "a sweep of 0 loops; it has at least 1"),
            Self::Binding(k) => write!(
                f,
                "noise with a binding of {k}; it is a finite number from 0 on"
            ),
        }
    }
}

impl core::error::Error for DimerError {}

/// Most steps of a loop for each vertex: in equilibrium hardly one takes 16; after hot starts of 64 × 64
/// vertices at T = 0.3, 64 were seen.
const STEPS: u32 = 1024;

/// Below this temperature loops are proposed at it, so many together.
const COLD: f64 = 0.2;
const TOGETHER: u32 = 64;

/// 1/T beyond which a proposal that loses a plaquette is never accepted.
const STRONGEST: f64 = 1e3;

/// Directions +x, +y, −x, −y are 0 to 3; a count for each has two bits of a byte.
const DIRECTIONS: u32 = 4;

/// Bits of a [`Cell`] that hold the direction.
const FIELD: u32 = 8;

/// A vertex while loops run: its direction as 1 in one of four fields of two bits, and above these
/// the vertex at the other end of its dimer; 0 without a dimer.
type Cell = u32;

/// The interacting dimer model at a temperature, with the number of loops of a sweep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dimer {
    side: u32,
    temperature: f64,
    loops: u32,
    doubled: Lattice,
    scatter: Scattering,
    noise: Option<Noise>,
}

/// What became of a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proposal {
    Accepted,
    Refused,
    GivenUp,
}

/// Spins on vertices and faces, bound in pairs.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Noise {
    binding: f64,
    equal: Probability,
}

impl Dimer {
    /// The model on a torus of `side` × `side` vertices at a temperature in units of the
    /// interaction, which may be infinite, with sweeps of `loops` loops.
    ///
    /// # Errors
    /// Names the parameter and the rule that it breaks.
    pub fn new(side: u32, temperature: f64, loops: u32) -> Result<Self, DimerError> {
        if !side.is_multiple_of(2) || !(4..=MAX_SIDE).contains(&side) {
            return Err(DimerError::Side(side));
        }
        if temperature.is_nan() || temperature <= 0.0 {
            return Err(DimerError::Temperature(temperature));
        }
        if loops == 0 {
            return Err(DimerError::NoLoops);
        }
        let doubled = Lattice::new(&[2 * side, 2 * side]).map_err(|_| DimerError::Side(side))?;
        Ok(Dimer {
            side,
            temperature,
            loops,
            doubled,
            scatter: Scattering::new(if temperature < COLD {
                COLD
            } else {
                temperature
            }),
            noise: None,
        })
    }

    /// Adds noise: a spin on each vertex and each face of the doubled lattice, vertex
    /// (2y, 2x) bound to face (2y + 1, 2x + 1) with the weight exp(K s s'), and no more to do with the
    /// dimers than with other pairs. In it the robustness of the method is shown (Koch-Janusz and
    /// Ringel, Nature Physics 14, 578, 2018, Fig. 3).
    ///
    /// Chains carry none: [`keep`](Sampler::keep) draws it anew for each kept configuration.
    /// Energy, order and what else is measured are those of the dimers.
    ///
    /// # Errors
    /// The binding K is not a finite number from 0 on.
    pub fn with_noise(self, binding: f64) -> Result<Self, DimerError> {
        if !(binding.is_finite() && binding >= 0.0) {
            return Err(DimerError::Binding(binding));
        }
        let equal = Probability::new(1.0 / (1.0 + exp64(-2.0 * binding)));
        Ok(Dimer {
            noise: Some(Noise { binding, equal }),
            ..self
        })
    }

    /// Binding K of the noise, if there is any.
    #[must_use]
    pub fn noise(&self) -> Option<f64> {
        self.noise.map(|noise| noise.binding)
    }

    /// Loops of a sweep that serve well: from T = 15 on, energy and order are all but independent
    /// after one (τ ≈ 0.8 for any side); at low T, where loops are short, a sweep still costs more by
    /// its loops than by what it does besides.
    #[must_use]
    pub fn usual_loops(side: u32, temperature: f64) -> u32 {
        let loops = if temperature >= 2.0 {
            side / 4
        } else {
            side.saturating_mul(side) / 4
        };
        let loops = match temperature < COLD {
            true => loops.max(TOGETHER),
            false => loops,
        };
        loops.max(1)
    }

    /// Vertices along a side.
    #[must_use]
    pub fn side(&self) -> u32 {
        self.side
    }

    /// Number of vertices.
    #[must_use]
    pub fn vertices(&self) -> u32 {
        self.side * self.side
    }

    /// Temperature in units of the interaction.
    #[must_use]
    pub fn temperature(&self) -> f64 {
        self.temperature
    }

    /// Loops of a sweep.
    #[must_use]
    pub fn loops(&self) -> u32 {
        self.loops
    }

    /// N, the plaquettes with two parallel dimers.
    #[must_use]
    pub fn parallel_plaquettes(&self, state: &[u32]) -> u32 {
        let mut sum = 0;
        self.each_vertex(|y, x| {
            let (up, right) = (self.next(y), self.next(x));
            sum += u32::from(
                self.along_row(state, y, x) && self.along_row(state, up, x)
                    || self.along_column(state, y, x) && self.along_column(state, y, right),
            );
        });
        sum
    }

    /// Σ (−1)^x over the dimers along rows, which begin at x, and Σ (−1)^y over those along columns:
    /// ±L²/2 and 0, or 0 and ±L²/2, in the four columnar states.
    #[must_use]
    pub fn columnar_sums(&self, state: &[u32]) -> [i32; 2] {
        let mut sums = [0; 2];
        self.each_vertex(|y, x| {
            sums[0] += sign(x, self.along_row(state, y, x));
            sums[1] += sign(y, self.along_column(state, y, x));
        });
        sums
    }

    /// Winding numbers around x and y: of the dimers that cross a line in between two columns
    /// (rows), those from an even vertex forward less those from an odd one. Any two columns have
    /// the same.
    #[must_use]
    pub fn winding(&self, state: &[u32]) -> [i32; 2] {
        let mut sums = [0; 2];
        for along in 0..self.side {
            sums[0] += sign(along, self.along_row(state, along, 0));
            sums[1] += sign(along, self.along_column(state, 0, along));
        }
        sums
    }

    /// Whether a dimer joins (y, x) and (y, x + 1).
    #[inline(always)]
    #[must_use]
    pub fn along_row(&self, state: &[u32], y: u32, x: u32) -> bool {
        bit(state, self.link(y, x, 0))
    }

    /// Whether a dimer joins (y, x) and (y + 1, x).
    #[inline(always)]
    #[must_use]
    pub fn along_column(&self, state: &[u32], y: u32, x: u32) -> bool {
        bit(state, self.link(y, x, 1))
    }

    /// The noise spins of a kept configuration on vertex (2y, 2x) and on face (2y + 1, 2x + 1), up
    /// or not.
    #[must_use]
    pub fn noise_pair(&self, kept: &[u32], y: u32, x: u32) -> [bool; 2] {
        self.pair(y, x).map(|site| bit(kept, site))
    }

    /// Sites of the doubled lattice of a vertex and of the face beyond it.
    #[inline(always)]
    fn pair(&self, y: u32, x: u32) -> [usize; 2] {
        let row = 4 * y * self.side + 2 * x;
        [row as usize, (row + 2 * self.side + 1) as usize]
    }

    /// Site of the doubled lattice of the link from a vertex in direction 0 or 1.
    #[inline(always)]
    fn link(&self, y: u32, x: u32, direction: u32) -> usize {
        let site = if direction == 0 {
            4 * y * self.side + 2 * x + 1
        } else {
            (4 * y + 2) * self.side + 2 * x
        };
        site as usize
    }

    #[inline(always)]
    fn next(&self, along: u32) -> u32 {
        if along + 1 == self.side { 0 } else { along + 1 }
    }

    #[inline(always)]
    fn each_vertex(&self, mut of: impl FnMut(u32, u32)) {
        for y in 0..self.side {
            for x in 0..self.side {
                of(y, x);
            }
        }
    }

    /// Shift between the rows of vertices while loops run, so that y and x are fields of bits.
    fn shift(&self) -> u32 {
        self.side.next_power_of_two().trailing_zeros()
    }

    /// One of the four columnar states: dimers along an axis, the first at `from`.
    fn columnar(&self, axis: u32, from: u32, state: &mut [u32]) {
        state.fill(0);
        self.each_vertex(|y, x| {
            let along = if axis == 0 { x } else { y };
            set(state, self.link(y, x, axis), along % 2 == from);
        });
    }

    /// Writes the cells of a configuration.
    fn unpack(&self, state: &[u32], cells: &mut [Cell]) {
        let shift = self.shift();
        cells.fill(0);
        self.each_vertex(|y, x| {
            let at = y << shift | x;
            if self.along_row(state, y, x) {
                let to = y << shift | self.next(x);
                cells[at as usize] = cell(0, to);
                cells[to as usize] = cell(2, at);
            } else if self.along_column(state, y, x) {
                let to = self.next(y) << shift | x;
                cells[at as usize] = cell(1, to);
                cells[to as usize] = cell(3, at);
            }
        });
    }

    /// Writes the configuration of cells.
    fn pack(&self, cells: &[Cell], state: &mut [u32]) {
        let shift = self.shift();
        state.fill(0);
        self.each_vertex(|y, x| {
            let direction = direction(cells[(y << shift | x) as usize]);
            if direction < 2 {
                set(state, self.link(y, x, direction), true);
            }
        });
    }

    /// A [sweep](Sampler::sweep); how many of its [proposals](Self::proposals) were given up.
    ///
    /// # Panics
    /// As a sweep, if a slice is too short.
    pub fn counted_sweep(
        &self,
        state: &mut [u32],
        scratch: &mut [u32],
        stream: &mut Stream,
    ) -> u32 {
        let state = &mut state[..self.state_len()];
        let cells = &mut scratch[..self.scratch_len()];
        self.unpack(state, cells);
        // There is no place for the covering before a proposal. It is had by repeating those accepted since
        // `state` was last written, with the stream as it was then: each is repeated once at most.
        let (mut since, mut before) = (0, stream.clone());
        let mut given_up = 0;
        let together = self.together();
        let mut left = self.loops;
        while left > 0 {
            let loops = left.min(together);
            left -= loops;
            let proposal = self.propose(loops, cells, stream);
            if proposal == Proposal::Accepted {
                since += 1;
                continue;
            }
            given_up += u32::from(proposal == Proposal::GivenUp);
            self.unpack(state, cells);
            for _ in 0..since {
                self.propose(together, cells, &mut before);
            }
            self.pack(cells, state);
            (since, before) = (0, stream.clone());
        }
        self.pack(cells, state);
        given_up
    }

    /// Loops of a proposal.
    fn together(&self) -> u32 {
        if self.temperature < COLD { TOGETHER } else { 1 }
    }

    /// Proposals of a sweep: loops, or below T = 0.2 up to 64 of them.
    #[must_use]
    pub fn proposals(&self) -> u32 {
        self.loops.div_ceil(self.together())
    }

    /// Most steps of a loop.
    #[must_use]
    pub fn longest_loop(&self) -> u32 {
        let each = match self.temperature < COLD {
            true => STEPS / 16,
            false => STEPS,
        };
        self.vertices().saturating_mul(each)
    }

    /// Loops that are accepted together, or not; unless they are, cells have to be restored.
    fn propose(&self, loops: u32, cells: &mut [Cell], stream: &mut Stream) -> Proposal {
        if self.temperature >= COLD {
            return match self.directed_loop::<false>(cells, stream) {
                Some(_) => Proposal::Accepted,
                None => Proposal::GivenUp,
            };
        }
        let mut more = 0;
        for _ in 0..loops {
            match self.directed_loop::<true>(cells, stream) {
                Some(one) => more += one,
                None => return Proposal::GivenUp,
            }
        }
        if more >= 0 {
            return Proposal::Accepted;
        }
        let beta = 1.0 / self.temperature;
        let beta = if beta < STRONGEST { beta } else { STRONGEST };
        let ratio = exp64((beta - 1.0 / COLD) * f64::from(more));
        match stream.bernoulli(Probability::new(ratio)) {
            true => Proposal::Accepted,
            false => Proposal::Refused,
        }
    }

    /// One directed loop, with the parallel plaquettes that it adds if these are `COUNTED`; none, if it
    /// was given up before its end.
    #[inline]
    fn directed_loop<const COUNTED: bool>(
        &self,
        cells: &mut [Cell],
        stream: &mut Stream,
    ) -> Option<i32> {
        let shift = self.shift();
        let column = (1 << shift) - 1;
        let last = self.side - 1;
        let first = stream.below(self.side) << shift | stream.below(self.side);
        let mut head = cells[first as usize];
        cells[first as usize] = 0;
        let mut left = self.longest_loop();
        let mut more = 0;
        // Only the first vertex has no dimer.
        while head != 0 {
            if left == 0 {
                return None;
            }
            left -= 1;
            let pivot = head >> FIELD;
            let back = direction(head) ^ 2;
            let (x, y) = (pivot & column, pivot >> shift);
            let around = [
                if x == last { pivot - last } else { pivot + 1 },
                if y == last { x } else { pivot + (1 << shift) },
                if x == 0 { pivot + last } else { pivot - 1 },
                if y == 0 {
                    last << shift | x
                } else {
                    pivot - (1 << shift)
                },
            ];
            let near = around.map(|vertex| cells[vertex as usize]);
            // Dimers beside the pivot that are parallel to one from it: above and below to those
            // along x, left and right to those along y.
            let parallel =
                (near[1] & 0x11) + (near[3] & 0x11) + (near[0] & 0x44) + (near[2] & 0x44);
            let seen = (parallel as u8).rotate_right(2 * back);
            let bounds = self.scatter.bounds(seen);
            let draw = stream.next_u32();
            let beyond = bounds.iter().map(|bound| u32::from(draw >= *bound));
            let to = (back + 1 + beyond.sum::<u32>()) % DIRECTIONS;
            if COUNTED {
                let beside = |direction: u32| (parallel >> (2 * direction) & 3) as i32;
                more += beside(to) - beside(back);
            }
            head = near[to as usize];
            let vertex = around[to as usize];
            cells[pivot as usize] = cell(to, vertex);
            cells[vertex as usize] = cell(to ^ 2, pivot);
        }
        Some(more)
    }
}

/// A vertex whose dimer leads in a direction to another one.
#[inline(always)]
fn cell(direction: u32, to: u32) -> Cell {
    to << FIELD | 1 << (2 * direction)
}

/// Direction of the dimer; 16 without one.
#[inline(always)]
fn direction(cell: Cell) -> u32 {
    cell.trailing_zeros() / 2
}

/// (−1)^along where there is a dimer.
fn sign(along: u32, dimer: bool) -> i32 {
    i32::from(dimer) * (1 - 2 * (along % 2) as i32)
}

impl Sampler for Dimer {
    type Cell = u32;
    type Value = u32;

    /// The doubled lattice.
    fn lattice(&self) -> Lattice {
        self.doubled
    }

    /// Vertices.
    fn size(&self) -> usize {
        self.vertices() as usize
    }

    fn state_len(&self) -> usize {
        words(self.doubled.sites())
    }

    fn scratch_len(&self) -> usize {
        (self.side as usize) << self.shift()
    }

    /// Cold: one of the four columnar states, at random. Hot: a uniform covering of the board that
    /// the torus is when cut along a row and a column, and loops at infinite temperature, for the
    /// rest of the torus and for its winding numbers.
    fn start(&self, start: Start, state: &mut [u32], stream: &mut Stream) {
        let state = &mut state[..self.state_len()];
        match start {
            Start::Hot => self.hot(state, stream),
            Start::Cold => {
                let draw = stream.below(4);
                self.columnar(draw / 2, draw % 2, state);
            }
        }
    }

    /// Below T = 0.2, far within the columnar phase (T = 0.65): chains from hot starts of L = 16 and more often
    /// stay in other winding sectors, which have no weight.
    fn starts_cold(&self) -> bool {
        self.temperature < COLD
    }

    /// Whether it is a covering.
    fn holds(&self, state: &[u32]) -> bool {
        let back = |along: u32| if along > 0 { along } else { self.side } - 1;
        let mut all = true;
        self.each_vertex(|y, x| {
            let links = [
                self.link(y, x, 0),
                self.link(y, x, 1),
                self.link(y, back(x), 0),
                self.link(back(y), x, 1),
            ];
            all &= links.iter().filter(|link| bit(state, **link)).count() == 1;
        });
        all
    }

    /// The loops of a sweep, on a state that is a covering, as [`start`](Self::start) writes.
    fn sweep(&self, state: &mut [u32], scratch: &mut [u32], stream: &mut Stream) {
        self.counted_sweep(state, scratch, stream);
    }

    /// A random one of eight: moved by 0 or 1 along each axis, and the axes exchanged or not. They
    /// take each of the four columnar states to any other, between which loops at low temperature
    /// rarely go.
    ///
    /// Noise is drawn afterwards, pair by pair: the spin of the vertex, and whether that of the
    /// face is equal.
    fn keep(&self, state: &[u32], kept: &mut [u32], stream: &mut Stream) {
        let draw = stream.next_u32();
        let (down, right, exchange) = (draw >> 31, draw >> 30 & 1, draw >> 29 & 1);
        let wrap = |along: u32| if along < self.side { along } else { 0 };
        let kept = &mut kept[..self.state_len()];
        kept.fill(0);
        self.each_vertex(|y, x| {
            let mut to = [wrap(y + down), wrap(x + right)];
            if exchange != 0 {
                to.swap(0, 1);
            }
            for axis in 0..2 {
                if bit(state, self.link(y, x, axis)) {
                    set(kept, self.link(to[0], to[1], axis ^ exchange), true);
                }
            }
        });
        if let Some(noise) = self.noise {
            self.each_vertex(|y, x| {
                let [vertex, face] = self.pair(y, x);
                let up = stream.coin();
                set(kept, vertex, up);
                set(kept, face, up == stream.bernoulli(noise.equal));
            });
        }
    }

    /// −N.
    fn energy(&self, state: &[u32]) -> f64 {
        -f64::from(self.parallel_plaquettes(state))
    }

    /// Length of the vector of [`columnar_sums`](Self::columnar_sums) times 2/L², 1 in a columnar
    /// state.
    fn order_parameter(&self, state: &[u32]) -> f64 {
        let [x, y] = self.columnar_sums(state).map(f64::from);
        2.0 * sqrt64(x * x + y * y) / f64::from(self.vertices())
    }

    /// The columnar state that is nearest.
    fn sector(&self, state: &[u32]) -> Option<u32> {
        let [x, y] = self.columnar_sums(state);
        let (axis, sum) = if x.abs() < y.abs() { (2, y) } else { (0, x) };
        Some(axis + u32::from(sum < 0))
    }

    fn observables(&self) -> &'static [&'static str] {
        &[
            "parallel_plaquettes_per_site",
            "columnar_order",
            "columnar_order_squared",
            "dimer_order_squared",
            "winding_x_squared",
            "winding_y_squared",
        ]
    }

    /// The columnar order is the [`order_parameter`](Self::order_parameter). That of the dimers is
    /// (N_x − N_y)/(L²/2), for dimers along rows and along columns: ±1 in the columnar states, 0 where
    /// only the translations are broken.
    fn observe(&self, state: &[u32], to: &mut [f64]) {
        let vertices = f64::from(self.vertices());
        let columnar = self.order_parameter(state);
        let mut along = 0;
        self.each_vertex(|y, x| {
            along += i32::from(self.along_row(state, y, x));
            along -= i32::from(self.along_column(state, y, x));
        });
        let dimer = 2.0 * f64::from(along) / vertices;
        let [x, y] = self.winding(state).map(|w| f64::from(w) * f64::from(w));
        let all = [
            f64::from(self.parallel_plaquettes(state)) / vertices,
            columnar,
            columnar * columnar,
            dimer * dimer,
            x,
            y,
        ];
        to.iter_mut().zip(all).for_each(|(to, value)| *to = value);
    }

    fn distribution(&self) -> Option<&'static str> {
        Some("parallel_plaquettes_law")
    }

    fn count(&self, state: &[u32], value: &mut dyn FnMut(u32)) {
        value(self.parallel_plaquettes(state));
    }

    /// [`LINK_MEAN`] on a link; 0 on vertices and faces.
    fn mean(&self, site: u32) -> f32 {
        match self.doubled.is_odd(site) {
            true => LINK_MEAN,
            false => 0.0,
        }
    }

    fn values(&self, state: &[u32], to: &mut [u32]) {
        let length = self.state_len();
        to[..length].copy_from_slice(&state[..length]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::bits::count;
    use crate::num::rng::Purpose;

    fn stream(task: u64) -> Stream {
        Stream::new(1, task, Purpose::Sample)
    }

    /// Every vertex has one dimer, and nothing lies elsewhere.
    pub(super) fn assert_covering(model: &Dimer, state: &[u32]) {
        let side = model.side;
        for y in 0..side {
            for x in 0..side {
                let (left, below) = ((x + side - 1) % side, (y + side - 1) % side);
                let dimers = [
                    model.along_row(state, y, x),
                    model.along_row(state, y, left),
                    model.along_column(state, y, x),
                    model.along_column(state, below, x),
                ];
                let dimers = dimers.map(u32::from);
                assert_eq!(dimers.iter().sum::<u32>(), 1, "({y}, {x})");
            }
        }
        assert_eq!(count(state, model.lattice().sites()), model.vertices() / 2);
    }

    #[test]
    fn columnar_states() {
        let model = Dimer::new(6, 1.0, 1).unwrap();
        let (mut seen, mut state) = ([0; 4], [0; 5]);
        let which = |state: &[u32]| {
            let sums = model.columnar_sums(state);
            let columnar = [[18, 0], [-18, 0], [0, 18], [0, -18]];
            columnar.iter().position(|known| *known == sums).unwrap()
        };
        for task in 0..40 {
            model.start(Start::Cold, &mut state, &mut stream(task));
            assert_covering(&model, &state);
            assert_eq!(model.energy(&state), -18.0);
            assert_eq!(model.order_parameter(&state), 1.0);
            assert_eq!(model.winding(&state), [0, 0]);
            seen[which(&state)] += 1;
        }
        assert!(seen.iter().all(|n| *n > 3), "{seen:?}");
        // Kept configurations are any of them, too.
        seen.fill(0);
        let (mut kept, mut draws) = ([0; 5], stream(99));
        for _ in 0..80 {
            model.keep(&state, &mut kept, &mut draws);
            seen[which(&kept)] += 1;
            assert_covering(&model, &kept);
        }
        assert!(seen.iter().all(|n| *n > 8), "{seen:?}");
    }

    #[test]
    fn sweeps_keep_to_coverings_and_keep_to_the_law() {
        for side in [4, 6, 10, 16, 18] {
            for temperature in [0.2, 0.65, 1.0, f64::INFINITY] {
                let model = Dimer::new(side, temperature, side).unwrap();
                let (mut state, mut kept) = ([0; 41], [0; 41]);
                let (mut scratch, mut draws) = ([7; 1024], stream(u64::from(side)));
                model.start(Start::Hot, &mut state, &mut draws);
                assert_covering(&model, &state);
                for _ in 0..5 {
                    model.sweep(&mut state, &mut scratch, &mut draws);
                    assert_covering(&model, &state);
                    model.keep(&state, &mut kept, &mut draws);
                    assert_covering(&model, &kept);
                    assert_eq!(model.energy(&state), model.energy(&kept));
                    assert_eq!(model.order_parameter(&state), model.order_parameter(&kept));
                    let squares = |state| model.winding(state).map(|w| w * w).iter().sum::<i32>();
                    assert_eq!(squares(&state), squares(&kept));
                }
            }
        }
    }

    /// Any line gives the same winding number.
    #[test]
    fn winding_is_the_same_everywhere() {
        let model = Dimer::new(8, f64::INFINITY, 4).unwrap();
        let (mut state, mut scratch, mut draws) = ([0; 8], [0; 64], stream(3));
        model.start(Start::Hot, &mut state, &mut draws);
        let mut seen = [false; 3];
        for _ in 0..100 {
            model.sweep(&mut state, &mut scratch, &mut draws);
            let [x, y] = model.winding(&state);
            for at in 0..8 {
                let (mut row, mut column) = (0, 0);
                for along in 0..8 {
                    row += sign(along + at, model.along_row(&state, along, at));
                    column += sign(along + at, model.along_column(&state, at, along));
                }
                assert_eq!([row, column], [x, y]);
            }
            seen[x.unsigned_abs().min(2) as usize] = true;
        }
        assert_eq!(seen[..2], [true; 2]);
    }

    /// Kept configurations carry pairs, bound as they are to be; the dimers of both are the same as
    /// without.
    #[test]
    fn noise_lies_on_vertices_and_faces() {
        let plain = Dimer::new(6, 1.0, 3).unwrap();
        for (binding, least, most) in [(0.0, 380, 520), (1.0, 750, 830), (40.0, 900, 900)] {
            let model = plain.with_noise(binding).unwrap();
            let (mut state, mut scratch, mut draws) = ([0; 5], [0; 48], stream(5));
            model.start(Start::Hot, &mut state, &mut draws);
            let (mut equal, mut up) = (0, 0);
            for _ in 0..25 {
                model.sweep(&mut state, &mut scratch, &mut draws);
                assert_covering(&model, &state);
                let (mut kept, mut without) = ([0; 5], [0; 5]);
                plain.keep(&state, &mut without, &mut draws.clone());
                model.keep(&state, &mut kept, &mut draws);
                for y in 0..6 {
                    for x in 0..6 {
                        let [vertex, face] = model.noise_pair(&kept, y, x);
                        equal += u32::from(vertex == face);
                        up += u32::from(vertex);
                        for site in model.pair(y, x) {
                            set(&mut kept, site, false);
                        }
                    }
                }
                assert_eq!(kept, without);
            }
            assert!((least..=most).contains(&equal), "{binding}: {equal}");
            assert!((380..520).contains(&up), "{up}");
        }
    }

    /// Loops know the plaquettes that they add.
    #[test]
    fn loops_count_their_plaquettes() {
        let model = Dimer::new(8, 1.0, 1).unwrap();
        let (mut state, mut cells, mut draws) = ([0; 8], [0; 64], stream(4));
        model.start(Start::Hot, &mut state, &mut draws);
        model.unpack(&state, &mut cells);
        let (mut before, mut changed) = (model.parallel_plaquettes(&state) as i32, 0);
        for _ in 0..300 {
            let more = model.directed_loop::<true>(&mut cells, &mut draws).unwrap();
            model.pack(&cells, &mut state);
            let after = model.parallel_plaquettes(&state) as i32;
            assert_eq!(after - before, more);
            changed += i32::from(more != 0);
            before = after;
        }
        assert!(changed > 100, "{changed}");
    }

    /// A sweep is its loops one by one, also where some are refused or given up.
    #[test]
    fn loops_are_done_again_as_they_were() {
        for temperature in [1e-300, 0.05, 0.15] {
            let many = Dimer::new(16, temperature, 60 * TOGETHER).unwrap();
            let one = Dimer::new(16, temperature, TOGETHER).unwrap();
            let mut stayed = 0;
            for task in 0..10 {
                let (mut state, mut scratch, mut draws) = ([0; 32], [0; 256], stream(task));
                many.start(Start::Hot, &mut state, &mut draws);
                let (mut other, mut same) = (state, draws.clone());
                many.sweep(&mut state, &mut scratch, &mut draws);
                assert_covering(&many, &state);
                for _ in 0..60 {
                    let mut cells = [0; 256];
                    many.unpack(&other, &mut cells);
                    let proposal = one.propose(TOGETHER, &mut cells, &mut same.clone());
                    stayed += u32::from(proposal != Proposal::Accepted);
                    let before = other;
                    one.sweep(&mut other, &mut scratch, &mut same);
                    assert!(proposal == Proposal::Accepted || other == before);
                }
                assert_eq!((state, draws.next_u32()), (other, same.next_u32()));
            }
            assert!(stayed > 2, "{temperature}: {stayed}");
        }
    }

    /// A loop that would take more than 2³¹ steps: the sweep ends, as a covering.
    #[test]
    fn loops_without_end_are_given_up() {
        for temperature in [COLD, 0.01] {
            let loops = Dimer::usual_loops(64, temperature);
            let model = Dimer::new(64, temperature, loops).unwrap();
            let (mut state, mut scratch, mut draws) = ([0; 512], [0; 4096], stream(0));
            model.start(Start::Hot, &mut state, &mut draws);
            let given_up = model.counted_sweep(&mut state, &mut scratch, &mut draws);
            assert!((1..model.proposals()).contains(&given_up), "{given_up}");
            assert_covering(&model, &state);
        }
    }

    #[test]
    fn refusals() {
        let sides = [0, 2, 5, MAX_SIDE + 2];
        for side in sides {
            assert_eq!(Dimer::new(side, 1.0, 1), Err(DimerError::Side(side)));
        }
        for t in [0.0, -1.0, f64::NEG_INFINITY] {
            assert_eq!(Dimer::new(4, t, 1), Err(DimerError::Temperature(t)));
        }
        assert!(Dimer::new(4, f64::NAN, 1).is_err());
        assert_eq!(Dimer::new(4, 1.0, 0), Err(DimerError::NoLoops));
        let model = Dimer::new(4, 1.0, 1).unwrap();
        for k in [-1e-9, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(model.with_noise(k), Err(DimerError::Binding(k)));
        }
        assert!(model.with_noise(f64::NAN).is_err());
        assert_eq!(model.with_noise(0.0).unwrap().noise(), Some(0.0));
        assert_eq!(model.noise(), None);
        assert_eq!(Dimer::usual_loops(64, f64::INFINITY), 16);
        assert_eq!(Dimer::usual_loops(4, 0.5), 4);
        assert_eq!(Dimer::usual_loops(4, 0.1), TOGETHER);
    }

    #[test]
    fn value_stability() {
        let model = Dimer::new(8, 1.5, 5).unwrap();
        let (mut state, mut scratch, mut draws) = ([0; 8], [0; 64], stream(0));
        model.start(Start::Hot, &mut state, &mut draws);
        (0..10).for_each(|_| model.sweep(&mut state, &mut scratch, &mut draws));
        let values = [
            1_410_662_528,
            20_971_520,
            1_073_809_416,
            1_312_896,
            1_409_351_808,
            136,
            68_165_762,
            8322,
        ];
        assert_eq!(state, values);
    }
}
