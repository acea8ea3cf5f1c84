//! The commands: settings in, numbers, pictures and files out. A room for each.

mod asked;
mod doubts;
mod exact;
mod exactly;
mod named;
mod run;
mod sample;
mod table;
mod tried;

use std::io::{self, Write};
use std::path::Path;

use blockspin_core::num::math;
use serde_json::{Map, Value, json};

use crate::chains::Plan;
use crate::cli::{Cli, Command, ExactModelArgs, Global};
use crate::error::{Error, Result, annotate};
use crate::filters::Filters;
use crate::fingerprint;
use crate::machine::Isa;
use crate::model::Prepared;
use crate::progress::Progress;

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
            let (model, pace, args) = model.resolve()?;
            sample::sample(model.as_ref(), &pace, &args, global)
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
                exact::spins(&asked.options.model(None)?, None, &asked.args, global)
            }
            ExactModelArgs::Chain(asked) => {
                let (ring, disorder) = (&asked.options, &asked.options.disorder);
                exact::spins(&ring.model(None)?, Some(disorder), &asked.args, global)
            }
            ExactModelArgs::Gaussian(args) => exact::gaussian(&args, global),
            ExactModelArgs::Chipping(asked) => exact::chipping(&asked.options, &asked.args, global),
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

/// What there is to doubt about chains that follow a plan.
fn chain_doubts(prepared: &Prepared, plan: &Plan) -> Vec<String> {
    let mut doubts = vec![];
    if !plan.equilibrated {
        let other = match prepared.algorithm() {
            Some(_) => ", or another --algorithm",
            None => "",
        };
        doubts.push(format!(
            "a hot and a cold start do not agree after {} sweeps: the samples may not be in \
             equilibrium; give a longer --burn-in{other}",
            plan.burn_in
        ));
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

fn warn(warnings: &[String]) {
    let silent = Progress::new(true, "", 0, "");
    warnings
        .iter()
        .for_each(|warning| silent.say(&format!("warning: {warning}")));
}

/// Filters as lists within lists, a component after the other.
fn listed(filters: &Filters) -> Value {
    let components = filters.components();
    components
        .map(|weights| nested(weights, filters.sides()))
        .collect()
}

/// Weights as lists within lists, as the block has them.
fn nested(weights: &[f32], sides: &[u32]) -> Value {
    match sides {
        [] | [_] => json!(weights),
        [_, rest @ ..] => {
            let inner = rest.iter().map(|side| *side as usize).product();
            weights
                .chunks(inner)
                .map(|plane| nested(plane, rest))
                .collect()
        }
    }
}

/// A number that JSON can hold, or none.
fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

fn fingerprints(global: &Global) -> Result<()> {
    let isa = Isa::find(&global.isa)?;
    let lines = fingerprint::all(isa, global.threads as usize)?;
    let fields = lines
        .iter()
        .map(|(name, hash)| (name.to_string(), json!(hash)))
        .chain([("math".to_string(), json!(math::NAME))])
        .collect();
    print(global, &fields, || {
        lines
            .iter()
            .map(|(name, hash)| format!("{name} {hash}\n"))
            .collect()
    })
}
