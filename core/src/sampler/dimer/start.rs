//! Hot starts: Wilson's spanning trees as coverings of a board, and loops at infinite temperature.
//!
//! The vertices (y, x) < L − 1 are a board with free boundary and an odd side. By Temperley's
//! bijection its coverings without the corner (0, 0) are the spanning trees of the even vertices
//! (both y and x even), joined at distance 2: each but the root, the corner, lays its dimer along
//! its way to the root. The trees of the odd vertices (both odd), rooted outside the board, which
//! fill what is left, do the same. A uniform spanning tree (Wilson, STOC 1996: loop-erased random
//! walks) is a uniform covering therefore. The ways of the tree are links of the covering, so it
//! needs no place but the configuration.
//!
//! On the torus, row and column L − 1 and the corner are covered in one fixed way, possible for any
//! even L and of winding numbers 0: the tree reaches one sector only, and loops, which reach
//! all, have to follow.

use super::{DIRECTIONS, Dimer};
use crate::num::bits::{bit, flip, set};
use crate::num::rng::Stream;

impl Dimer {
    /// A covering at infinite temperature, all but independent of how it was begun.
    ///
    /// After L loops, more than five autocorrelation times, parallel plaquettes, order and winding
    /// numbers have their means within 1 % (L = 8 to 128). Without loops the plaquettes lie 1 % too
    /// high at L = 64; a columnar state would need 4 L loops and twice the time.
    pub(super) fn hot(&self, state: &mut [u32], stream: &mut Stream) {
        state.fill(0);
        self.tree(state, stream);
        self.fill_board(state);
        self.frame(state);
        (0..self.side).for_each(|_| self.free_loop(state, stream));
    }

    /// Vertex on the torus that is next in a direction.
    fn step(&self, [y, x]: [u32; 2], direction: u32) -> [u32; 2] {
        let back = |along: u32| if along == 0 { self.side - 1 } else { along - 1 };
        match direction {
            0 => [y, self.next(x)],
            1 => [self.next(y), x],
            2 => [y, back(x)],
            _ => [back(y), x],
        }
    }

    /// Site of the doubled lattice of the link from a vertex in any direction.
    fn link_to(&self, at: [u32; 2], direction: u32) -> usize {
        let [y, x] = if direction < 2 {
            at
        } else {
            self.step(at, direction)
        };
        self.link(y, x, direction % 2)
    }

    /// Direction of the dimer of a vertex.
    fn dimer(&self, state: &[u32], at: [u32; 2]) -> Option<u32> {
        (0..DIRECTIONS).find(|direction| bit(state, self.link_to(at, *direction)))
    }

    /// Whether a vertex is in row or column L − 1.
    fn beyond(&self, [y, x]: [u32; 2]) -> bool {
        y.max(x) == self.side - 1
    }

    /// A uniform spanning tree of the even vertices of the board: each but the corner has a dimer
    /// in the direction of its parent.
    fn tree(&self, state: &mut [u32], stream: &mut Stream) {
        // Those of the tree are marked on their own sites of the doubled lattice.
        let marked = |[y, x]: [u32; 2]| self.pair(y, x)[0];
        let even = || (0..self.side).step_by(2);
        set(state, marked([0, 0]), true);
        for y in even() {
            for x in even() {
                // Each vertex remembers how it was left for the last time.
                let mut at = [y, x];
                while !bit(state, marked(at)) {
                    let direction = stream.below(DIRECTIONS);
                    let between = self.step(at, direction);
                    if self.beyond(between) {
                        continue;
                    }
                    for other in 0..DIRECTIONS {
                        set(state, self.link_to(at, other), other == direction);
                    }
                    at = self.step(between, direction);
                }
                at = [y, x];
                while !bit(state, marked(at)) {
                    set(state, marked(at), true);
                    let Some(direction) = self.dimer(state, at) else {
                        break;
                    };
                    at = self.step(self.step(at, direction), direction);
                }
            }
        }
        even().for_each(|y| even().for_each(|x| set(state, marked([y, x]), false)));
    }

    /// Dimers of the odd vertices: from each gap in the boundary, along the wall of the tree until
    /// out again, each vertex lays its dimer back to where it was first reached from.
    fn fill_board(&self, state: &mut [u32]) {
        let last = self.side - 1;
        for along in (1..last).step_by(2) {
            for (outside, inward) in [
                ([last, along], 1),
                ([last, along], 3),
                ([along, last], 0),
                ([along, last], 2),
            ] {
                let (mut at, mut direction) = (outside, inward);
                loop {
                    let between = self.step(at, direction);
                    let wall = [1, 3].map(|turn| (direction + turn) % DIRECTIONS);
                    if !wall
                        .iter()
                        .any(|way| bit(state, self.link_to(between, *way)))
                    {
                        let back = (direction + 2) % DIRECTIONS;
                        let homeward = bit(state, self.link_to(at, direction));
                        at = self.step(between, direction);
                        if !homeward {
                            set(state, self.link_to(at, back), true);
                        }
                        // Turn to one side, and from there step by step to the other.
                        direction = (direction + 1) % DIRECTIONS;
                    } else {
                        direction = (direction + 3) % DIRECTIONS;
                    }
                    if self.beyond(at) {
                        break;
                    }
                }
            }
        }
    }

    /// The corner, row L − 1 and column L − 1, where the torus was cut.
    fn frame(&self, state: &mut [u32]) {
        let last = self.side - 1;
        set(state, self.link(last, 0, 1), true);
        for along in (1..last).step_by(2) {
            set(state, self.link(along, last, 1), true);
            set(state, self.link(last, along, 0), true);
        }
        set(state, self.link(last, last, 1), true);
    }

    /// A loop at infinite temperature, on the packed configuration.
    fn free_loop(&self, state: &mut [u32], stream: &mut Stream) {
        let first = [stream.below(self.side), stream.below(self.side)];
        let mut head = first;
        // The dimer that is about to be laid and then belongs to the head, too.
        let mut laid = None;
        loop {
            let own = self.dimer(state, head);
            if let Some(laid) = laid {
                flip(state, laid);
            }
            let Some(own) = own else { return };
            flip(state, self.link_to(head, own));
            let pivot = self.step(head, own);
            let direction = (own + 3 + stream.below(3)) % DIRECTIONS;
            head = self.step(pivot, direction);
            laid = Some(self.link_to(pivot, direction));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::rng::Purpose;
    use crate::sampler::{Sampler, Start};

    /// The coverings that are drawn of a board without its corner, as the bits of the torus, and
    /// how often each.
    fn boards<const COVERINGS: usize>(side: u32, draws: u32) -> [([u32; 5], u32); COVERINGS] {
        let model = Dimer::new(side, 1.0, 1).unwrap();
        let mut stream = Stream::new(1, 0, Purpose::Sample);
        let mut seen = [([0; 5], 0); COVERINGS];
        let mut kinds = 0;
        for _ in 0..draws {
            let mut state = [0; 5];
            model.tree(&mut state, &mut stream);
            model.fill_board(&mut state);
            for y in 0..side - 1 {
                for x in 0..side - 1 {
                    let dimers = (0..4).filter(|way| bit(&state, model.link_to([y, x], *way)));
                    assert_eq!(dimers.count(), usize::from(y + x > 0), "({y}, {x})");
                }
            }
            let kind = seen[..kinds].iter().position(|(known, _)| *known == state);
            let kind = kind.unwrap_or(kinds);
            kinds = kinds.max(kind + 1);
            seen[kind].0 = state;
            seen[kind].1 += 1;
        }
        assert_eq!(kinds, COVERINGS);
        seen
    }

    /// As many coverings as spanning trees of 2 × 2 and of 3 × 3 vertices, all alike: χ² within
    /// four standard deviations.
    #[test]
    fn coverings_of_boards_are_uniform() {
        fn check<const COVERINGS: usize>(side: u32) {
            const EACH: u32 = 200;
            let seen = boards::<COVERINGS>(side, EACH * COVERINGS as u32);
            let each = f64::from(EACH);
            let deviations = seen.map(|(_, n)| (f64::from(n) - each) * (f64::from(n) - each));
            let square: f64 = deviations.iter().sum::<f64>() / each;
            let freedom = COVERINGS as f64 - 1.0;
            let off = (square - freedom) / (2.0 * freedom).sqrt();
            assert!(off.abs() < 4.0, "{COVERINGS} coverings: χ² {square}");
        }
        check::<4>(4);
        check::<192>(6);
    }

    #[test]
    fn the_frame_completes_the_torus() {
        for side in [4, 6, 8, 10, 12, 14, 30, 32] {
            let model = Dimer::new(side, 1.0, 1).unwrap();
            let (mut state, mut stream) = ([0; 128], Stream::new(2, 0, Purpose::Sample));
            for _ in 0..5 {
                state.fill(0);
                model.tree(&mut state, &mut stream);
                model.fill_board(&mut state);
                model.frame(&mut state);
                super::super::tests::assert_covering(&model, &state);
                assert_eq!(model.winding(&state), [0, 0]);
                model.start(Start::Hot, &mut state, &mut stream);
                super::super::tests::assert_covering(&model, &state);
            }
        }
    }
}
