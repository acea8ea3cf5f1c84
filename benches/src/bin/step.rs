//! Microseconds of a training step on gathered samples, one line `K NE ISA MICROSECONDS` each; every
//! instruction set is checked against the bits of the portable reference before it is timed.
//!
//! `step [--gather] [--reals] [--isa NAME] K NE [K NE]...`; without `--isa`, every instruction set there is.
//! `--gather` adds a line `K NE gather MICROSECONDS SHARE`, SHARE of the fastest step; `--reals` adds
//! a line `K NE ISA/reals MICROSECONDS` for the fastest instruction set, on real-valued samples.

use blockspin::run::Isa;
use blockspin_benches::{Kind, gathering, microseconds, step_microseconds};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (mut gather, mut reals, mut isas, mut sizes) = (false, false, Isa::available(), vec![]);
    while let Some(argument) = arguments.next() {
        match &argument[..] {
            "--gather" => gather = true,
            "--reals" => reals = true,
            "--isa" => match Isa::find(&arguments.next().unwrap_or_default()) {
                Ok(isa) => isas = vec![isa],
                Err(error) => return eprintln!("step: {error}"),
            },
            _ => sizes.extend(argument.parse::<u32>()),
        }
    }
    for size in sizes.chunks_exact(2) {
        let (batch, environment) = (size[0], size[1]);
        let mut best = f64::INFINITY;
        for isa in &isas {
            let step = step_microseconds(*isa, batch, environment, Kind::Signs);
            println!("{batch} {environment} {isa} {step:.2}");
            best = best.min(step);
        }
        if reals && let Some(isa) = isas.last() {
            let step = step_microseconds(*isa, batch, environment, Kind::Reals);
            println!("{batch} {environment} {isa}/reals {step:.2}");
        }
        if gather && let Some([gather]) = gathering(batch, environment, |call| microseconds([call]))
        {
            let share = gather / best;
            println!("{batch} {environment} gather {gather:.2} {share:.3}");
        }
    }
}
