//! A sampler of your own in one file: the Ising model on the triangular lattice, by Metropolis updates.
//!
//! The triangular lattice is a square one with one of the diagonals; its critical temperature is
//! 4/ln 3 = 3.641 (Wannier 1950).
//!
//! `cargo run --release --example own_sampler`

use blockspin::model::mcmc::{Plan, Sampling};
use blockspin::observer::Silent;
use blockspin::run::{Execution, Setup, learning};
use blockspin_core::lattice::Lattice;
use blockspin_core::num::bits;
use blockspin_core::num::math::exp64;
use blockspin_core::num::rng::{Probability, Stream};
use blockspin_core::sampler::{Sampler, Start};
use blockspin_core::window::Window;

/// The model: what all chains share.
#[derive(Clone)]
struct Triangular {
    lattice: Lattice,
    /// Probability of a flip that raises the energy by 4, 8 and 12 (in units of J).
    accept: [Probability; 3],
}

impl Triangular {
    fn new(side: u32, temperature: f64) -> Self {
        let lattice = Lattice::new(&[side, side]).expect("sides of 2 and more");
        let accept = [4.0, 8.0, 12.0].map(|rise| Probability::new(exp64(-rise / temperature)));
        Triangular { lattice, accept }
    }

    /// The sites at distances (0, ±1), (±1, 0) and ±(1, −1).
    fn neighbours(&self, site: usize) -> [usize; 6] {
        let side = self.lattice.sides()[0] as usize;
        let (y, x) = (site / side, site % side);
        let at = |dy: usize, dx: usize| (y + dy) % side * side + (x + dx) % side;
        let back = side - 1;
        [
            at(0, 1),
            at(0, back),
            at(1, 0),
            at(back, 0),
            at(1, back),
            at(back, 1),
        ]
    }

    fn field(&self, state: &[u32], site: usize) -> i32 {
        let neighbours = self.neighbours(site);
        neighbours.iter().map(|site| bits::sign(state, *site)).sum()
    }
}

impl Sampler for Triangular {
    /// Packed signs.
    type Cell = u32;
    type Value = u32;

    fn lattice(&self) -> Lattice {
        self.lattice
    }

    fn state_len(&self) -> usize {
        bits::words(self.lattice.sites())
    }

    fn scratch_len(&self) -> usize {
        0
    }

    fn start(&self, start: Start, state: &mut [u32], stream: &mut Stream) {
        for site in 0..self.lattice.sites() {
            bits::set(state, site, start == Start::Cold || stream.coin());
        }
    }

    fn sweep(&self, state: &mut [u32], _scratch: &mut [u32], stream: &mut Stream) {
        let sites = self.lattice.sites();
        for _ in 0..sites {
            let site = stream.below(sites as u32) as usize;
            let rise = bits::sign(state, site) * self.field(state, site);
            // Half the change of the energy is 0, 2, 4 or 6 in units of J.
            let flips = match rise {
                ..=0 => true,
                rise => stream.bernoulli(self.accept[rise as usize / 2 - 1]),
            };
            if flips {
                bits::flip(state, site);
            }
        }
    }

    fn keep(&self, state: &[u32], kept: &mut [u32], stream: &mut Stream) {
        let length = self.state_len();
        kept[..length].copy_from_slice(&state[..length]);
        // The global symmetry.
        if stream.coin() {
            bits::flip_all(kept, self.lattice.sites());
        }
    }

    fn energy(&self, state: &[u32]) -> f64 {
        let sites = 0..self.lattice.sites();
        let twice: i32 = sites
            .map(|site| bits::sign(state, site) * self.field(state, site))
            .sum();
        -f64::from(twice) / 2.0
    }

    fn order_parameter(&self, state: &[u32]) -> f64 {
        let sites = self.lattice.sites();
        let up = f64::from(bits::count(state, sites));
        (2.0 * up / sites as f64 - 1.0).abs()
    }

    fn observables(&self) -> &'static [&'static str] {
        &[]
    }

    fn observe(&self, _state: &[u32], _to: &mut [f64]) {}

    fn values(&self, state: &[u32], to: &mut [u32]) {
        to[..self.state_len()].copy_from_slice(&state[..self.state_len()]);
    }
}

fn main() -> blockspin::Result<()> {
    let model = Triangular::new(16, 4.5);
    let execution = Execution::default();
    let window = Window::new(model.lattice, &[4], &[2], &[3])?;

    // How long to burn in, and how far samples are apart.
    let plan = Plan::measure(&model, None, 1, execution.threads, &Silent);
    println!(
        "burn-in {} sweeps, a sample every {} sweeps",
        plan.burn_in, plan.thin
    );
    let mut sampling = Sampling::unmeasured(model);
    sampling.plan = plan;

    let mut setup = Setup::on(window, execution)?;
    setup.schedule.steps = 1500;
    let outcome = learning::sampler(&setup, &sampling, None)?;
    println!("information {} nats", outcome.information);
    println!("filter\n{}", outcome.filters);
    Ok(())
}
