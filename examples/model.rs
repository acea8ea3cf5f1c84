//! A model of the library, from its name to a filter, a figure and files.
//!
//! `cargo run --release --example model`

use std::sync::Arc;

use blockspin::observer::{Observer, Phase, Progress, Silent};
use blockspin::prelude::*;

/// Says what is done, and nothing of how far it is.
struct Phases;

impl Observer for Phases {
    fn begin(&self, phase: Phase<'_>) -> Box<dyn Progress> {
        match phase.total {
            0 => println!("{}", phase.label),
            total => println!("{}: {total} {}", phase.label, phase.unit),
        }
        Box::new(Silent)
    }

    fn notice(&self, message: &str) {
        println!("{message}");
    }
}

fn main() -> blockspin::Result<()> {
    // The defaults are those of the model: for Ising block 4, buffer 4, environment 10.
    let run = Run::new(Ising::square(32).at(1.8))
        .with(|config| {
            config.window.environment = Sides(vec![4]);
            config.optimisation.steps = 1000;
        })
        .with_execution(Execution {
            observer: Arc::new(Phases),
            ..Execution::default()
        })
        .train()?;
    println!("information {} nats", run.information());
    println!("filter\n{}", run.filters);
    for warning in &run.results.warnings {
        println!("warning: {warning}");
    }
    // The record is what `run.json` holds; its configuration repeats the run.
    let again = Run::of(run.config.clone()).train()?;
    assert_eq!(again.results.fingerprint, run.results.fingerprint);

    // What a given filter keeps, in the same window.
    let estimate = Run::of(run.config).estimate("boundary")?;
    println!("boundary filter {} nats", estimate.information());
    Ok(())
}
