//! `exact`: the referee's answers.

use blockspin_core::exact::{self, Filter, Partition};
use serde_json::{Value, json};

use super::{Fields, VERSION, filters, finite, object, print};
use crate::cli::{EncoderName, ExactArgs, Global};
use crate::error::{Error, Result};
use crate::filters::Filters;
use crate::model::Model;
use crate::subject::Subject;

pub(super) fn exact(model: &Model, args: &ExactArgs, global: &Global) -> Result<()> {
    let usage = |error: &dyn std::fmt::Display| Error::usage(error.to_string());
    let (coupling, beta) = (model.coupling, model.temperature.recip());
    let mut fields = object(json!({
        "schema": "blockspin-exact-1",
        "version": VERSION,
        "model": model.name,
        "size": model.lattice.sides(),
        "temperature": model.temperature,
        "coupling": coupling,
    }));
    for name in [
        "energy_per_site",
        "specific_heat",
        "magnetisation_abs",
        "magnetisation_squared",
        "binder_cumulant",
        "information_nats",
        "block_information_nats",
    ] {
        fields.insert(name.into(), Value::Null);
    }
    let mut text = format!("{}\n\n", Subject::Model(*model).describe().0);
    let mut add = |fields: &mut Fields, name: &str, words: &str, value: f64| {
        fields.insert(name.into(), json!(finite(value)));
        text += &format!("{words:<26}{value:>12.8}\n");
    };

    let means = exact::means_scratch_len(model.lattice)
        .and_then(|length| exact::means(model.lattice, coupling, beta, &mut vec![0.0; length]));
    match means {
        Ok(means) => {
            add(
                &mut fields,
                "energy_per_site",
                "energy per site",
                means.energy_per_site,
            );
            add(
                &mut fields,
                "specific_heat",
                "specific heat per site",
                means.specific_heat,
            );
            add(
                &mut fields,
                "magnetisation_abs",
                "|magnetisation|",
                means.magnetisation_abs,
            );
            add(
                &mut fields,
                "magnetisation_squared",
                "magnetisation squared",
                means.magnetisation_squared,
            );
            add(
                &mut fields,
                "binder_cumulant",
                "Binder cumulant",
                means.binder_cumulant,
            );
        }
        // The information of a long chain is to be had where its means are not.
        Err(error) if args.block().is_none() => return Err(usage(&error)),
        Err(_) => {}
    }
    if let Some(block) = args.block() {
        let partition =
            Partition::new(model.lattice, block, args.buffer).map_err(|error| usage(&error))?;
        let given = args
            .filter
            .as_ref()
            .map(|name| filters(name, partition.block()))
            .transpose()?;
        // Site by site, as the core has it.
        let weights: Vec<f32> = given
            .iter()
            .flat_map(|filters| {
                let (sites, weights) = (filters.sites(), filters.weights());
                (0..sites).flat_map(move |i| weights.iter().skip(i).step_by(sites).copied())
            })
            .collect();
        let components = given.as_ref().map_or(1, Filters::count);
        let encoder = match args.encoder {
            EncoderName::Sign => exact::Encoder::Sign,
            EncoderName::Sigmoid => exact::Encoder::Sigmoid,
        };
        let filter = given
            .as_ref()
            .map(|_| Filter::new(&weights, components, encoder))
            .transpose()
            .map_err(|error| usage(&error))?;
        let information = exact::information_scratch_len(&partition, components)
            .and_then(|length| {
                let scratch = &mut vec![0.0; length];
                exact::information(&partition, coupling, beta, filter.as_ref(), scratch)
            })
            .map_err(|error| usage(&error))?;
        if let Some(filtered) = information.filtered {
            add(&mut fields, "information_nats", "I(H:E), nats", filtered);
        }
        add(
            &mut fields,
            "block_information_nats",
            "I(V:E), nats",
            information.block,
        );
    }
    print(global, &fields, || text)
}
