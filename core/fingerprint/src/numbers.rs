//! Random streams, elementary functions, statistics.

use blockspin_core::num::math;
use blockspin_core::num::rng::{Purpose, Stream};
use blockspin_core::stats::{Blocking, integrated};

use crate::{Hash, Workload};

/// The workloads of this group.
#[must_use]
pub fn workloads<M>() -> [Workload<M>; 3] {
    [
        Workload {
            name: "random-streams",
            run: |_, _, hash| random_streams(hash),
        },
        Workload {
            name: "elementary-functions",
            run: |_, _, hash| elementary_functions(hash),
        },
        Workload {
            name: "statistics",
            run: |_, _, hash| statistics(hash),
        },
    ]
}

fn random_streams(hash: &mut Hash) -> Option<()> {
    for (seed, task, purpose) in [(0, 0, Purpose::Parameters), (1, 7, Purpose::Encoder)] {
        let mut stream = Stream::new(seed, task, purpose);
        for bound in 1..200 {
            hash.word(stream.next_u32());
            hash.word(stream.below(bound * bound));
            hash.word(u32::from(stream.coin()));
            hash.real(stream.uniform());
            hash.real(stream.logistic());
            hash.real(stream.gumbel());
        }
    }
    Some(())
}

fn elementary_functions(hash: &mut Hash) -> Option<()> {
    // Positive floats from 2⁻⁶⁴ to 2⁶⁴, 4001 of them, with ever other mantissas.
    for i in 0..4001 {
        let x = f32::from_bits(0x1f80_0000 + i * 0x0004_1893);
        hash.real(math::exp_nonpositive(-x));
        hash.real(math::ln(x));
        hash.real(math::sqrt(x));
        if x < 100.0 {
            hash.real(math::cos(x));
            hash.real64(math::exp64(-f64::from(x)));
            hash.real64(math::ln64(f64::from(x)));
        }
    }
    Some(())
}

fn statistics(hash: &mut Hash) -> Option<()> {
    let mut stream = Stream::new(6, 0, Purpose::Sample);
    let mut blocking = Blocking::new();
    let mut series = [0.0; 256];
    let mut x = 0.0;
    for _ in 0..16 {
        for slot in &mut series {
            x = 0.8 * x + f64::from(stream.logistic());
            *slot = x;
            blocking.push(x);
        }
        hash.real64(integrated(&series).tau);
        hash.real64(blocking.mean());
        hash.real64(blocking.standard_error().unwrap_or(0.0));
    }
    Some(())
}
