//! The commands: settings in, numbers, pictures and files out. A room for each.

mod doubts;
mod exact;
mod run;
mod sample;

use std::io::{self, Write};
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::chains::Plan;
use crate::cli::{Cli, Command, ExactModelArgs, Global};
use crate::error::{Error, Result, annotate, quoted};
use crate::filters::{Filters, product};
use crate::fingerprint;
use crate::graph::Shells;
use crate::machine::Isa;
use crate::npy;
use crate::progress::Progress;

/// Most that the magnitudes of a filter's weights may add up to, so that no sum overflows.
const LARGEST_FILTER: f64 = 1e37;
/// Version of this program.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Runs what was typed.
///
/// # Errors
/// Those of the command.
pub fn run(cli: Cli) -> Result<()> {
    let global = &cli.global;
    match cli.command {
        Command::Sample { model } => {
            let (subject, args) = model.resolve()?;
            sample::sample(&subject, &args, global)
        }
        Command::Train { model } => {
            let (subject, args) = model.resolve(global.quiet)?;
            run::train(&subject, &args, global)
        }
        Command::Estimate { model } => {
            let (subject, args) = model.resolve(global.quiet)?;
            run::estimate(&subject, &args, global)
        }
        Command::Exact { model } => match model {
            ExactModelArgs::Ising(asked) => {
                exact::spins(&asked.options.model(None)?, &asked.args, global)
            }
            ExactModelArgs::Chain(asked) => {
                exact::spins(&asked.options.model(None)?, &asked.args, global)
            }
            ExactModelArgs::Gaussian(args) => exact::gaussian(&args, global),
            ExactModelArgs::Chipping(args) => exact::chipping(&args, global),
            ExactModelArgs::Dimer(args) => exact::dimer(&args, global),
        },
        Command::Fingerprint => fingerprints(global),
    }
}

/// A list of names and values, kept in order.
type Fields = Map<String, Value>;

fn object(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}

/// Prints a result: one JSON object, or lines of text.
fn print(global: &Global, fields: &Fields, text: impl FnOnce() -> String) -> Result<()> {
    let output = if global.json {
        serde_json::to_string_pretty(fields).map_err(|error| Error::failure(error.to_string()))?
    } else {
        text().trim_end().to_string()
    };
    writeln!(io::stdout().lock(), "{output}")
        .map_err(|error| annotate("write", Path::new("standard output"), error).into())
}

/// What there is to doubt about chains.
fn chain_doubts(plan: &Plan) -> Vec<String> {
    let mut doubts = vec![];
    if !plan.equilibrated {
        doubts.push(out_of_equilibrium(plan));
    }
    if plan.frozen {
        doubts.push(
            "no chain ever left the sector of the order parameter that it began in: samples are \
             balanced by the symmetry between the sectors alone"
                .into(),
        );
    }
    doubts
}

fn out_of_equilibrium(plan: &Plan) -> String {
    format!(
        "a hot and a cold start do not agree after {} sweeps: the samples may not be in \
         equilibrium; give --burn-in, or another --algorithm",
        plan.burn_in
    )
}

fn warn(warnings: &[String]) {
    let silent = Progress::new(true, "", 0, "");
    warnings
        .iter()
        .for_each(|warning| silent.say(&format!("warning: {warning}")));
}

/// A number that JSON can hold, or none.
fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

/// A filter by name, or from a file, on a block; on a graph the block is a list of sites in shells.
fn filters(name: &str, block: &[u32], shells: Option<&Shells>) -> Result<Filters> {
    // Distance of every site of V from the centre.
    let distances: Option<Vec<u32>> = shells.map(|shells| {
        let sites = shells.sites().take(shells.block.len());
        sites.map(|(_, distance)| distance).collect()
    });
    let coordinates = |mut site: usize| -> Vec<u32> {
        let mut at = vec![0; block.len()];
        for (at, side) in at.iter_mut().zip(block).rev() {
            *at = (site % *side as usize) as u32;
            site /= *side as usize;
        }
        at
    };
    let weight: Box<dyn Fn(usize) -> f32> = match name {
        "uniform" => Box::new(|_| 1.0),
        "boundary" => Box::new(|site| {
            let outer = match &distances {
                Some(distances) => distances[site] == distances[distances.len() - 1],
                None => coordinates(site)
                    .iter()
                    .zip(block)
                    .any(|(x, side)| *x == 0 || x + 1 == *side),
            };
            f32::from(u8::from(outer))
        }),
        "decimation" => Box::new(|site| f32::from(u8::from(site == 0))),
        "staggered" => {
            let steps = |site: usize| match &distances {
                Some(distances) => distances[site],
                None => coordinates(site).iter().sum(),
            };
            Box::new(move |site| 1.0 - 2.0 * (steps(site) % 2) as f32)
        }
        file if file.ends_with(".npy") => {
            let filters = npy::read_filters(Path::new(file), block.len())?;
            for weights in filters.components() {
                let sum: f64 = weights.iter().map(|w| f64::from(w.abs())).sum();
                if sum > LARGEST_FILTER {
                    return Err(Error::failure(format!(
                        "the weights of a component in {} add up to {sum:e}; they may reach {:e}, \
                         scale them down",
                        quoted(Path::new(file)),
                        LARGEST_FILTER
                    )));
                }
            }
            if filters.sides() != block {
                return Err(Error::usage(format!(
                    "the filter in {} is for a block of {}, and the block is {}; give --block {}",
                    quoted(Path::new(file)),
                    product(filters.sides()),
                    product(block),
                    filters
                        .sides()
                        .iter()
                        .map(u32::to_string)
                        .collect::<Vec<_>>()
                        .join(",")
                )));
            }
            return Ok(filters);
        }
        _ => {
            return Err(Error::usage(format!(
                "no filter is called '{name}'; there are uniform, boundary, decimation and \
                 staggered, or the name of an .npy file"
            )));
        }
    };
    let sites = block.iter().map(|side| *side as usize).product();
    Filters::new(block, (0..sites).map(weight).collect())
}

fn fingerprints(global: &Global) -> Result<()> {
    let isa = Isa::find(&global.isa)?;
    let lines = fingerprint::all(isa, global.threads as usize)?;
    let fields = lines
        .iter()
        .map(|(name, hash)| (name.to_string(), json!(hash)))
        .collect();
    print(global, &fields, || {
        lines
            .iter()
            .map(|(name, hash)| format!("{name} {hash}\n"))
            .collect()
    })
}
