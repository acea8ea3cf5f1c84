//! Configurations of your own, from memory: an array of shape (N, L0, L1), in C order.
//!
//! `cargo run --release --example own_data`

use blockspin::prelude::*;

/// N pictures of L × L pixels that are all brighter or all darker by a common amount, with noise: what a
/// block knows of its environment is that amount.
fn pictures(n: usize, side: usize) -> Vec<f32> {
    let mut state = 1u64;
    let mut uniform = move || {
        // A linear congruential generator (Knuth), good enough for a picture.
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    let mut values = vec![];
    for _ in 0..n {
        let brightness = uniform();
        values.extend((0..side * side).map(|_| brightness + 2.0 * uniform()));
    }
    values
}

fn main() -> blockspin::Result<()> {
    let data = Data::new(&[4000, 12, 12], &pictures(4000, 12))?;
    let run = Run::on(data)
        .with(|config| {
            config.window.block = Sides(vec![3]);
            config.window.buffer = Sides(vec![1]);
            config.window.environment = Sides(vec![2]);
            config.optimisation.steps = 1000;
        })
        .train()?;
    println!("information {} nats", run.information());
    println!("filter, near uniform\n{}", run.filters);
    if let Some(data) = &run.results.data {
        println!("held out: configurations {:?}", data.held_out);
    }
    Ok(())
}
