//! `exact`: the referee's answers.

use std::fmt::Display;

use blockspin_core::exact::{self, Coverings, Encoder, ExactError, Filter, Information, Partition};
use blockspin_core::lattice::Lattice;
use serde_json::{Value, json};

use super::{Fields, VERSION, filters, finite, object, print};
use crate::cli::{
    Asked, BlockArgs, DimerArgs, EncoderName, ExactArgs, FieldArgs, FieldEncoderName, Global,
};
use crate::error::{Error, Result};
use crate::filters::{Filters, product};
use crate::model::{Ising, Model as _, chipping, dimer, gaussian};
use crate::room;

/// Of the JSON that this command prints.
const SCHEMA: &str = "blockspin-exact-1";

fn usage(error: impl Display) -> Error {
    Error::usage(error.to_string())
}

pub(super) fn spins(model: &Ising, args: &ExactArgs, global: &Global) -> Result<()> {
    let (coupling, beta) = (model.coupling, model.temperature.recip());
    let mut answer = Answer::new(
        json!({
            "schema": SCHEMA,
            "version": VERSION,
            "model": model.name,
            "size": model.lattice.sides(),
            "temperature": model.temperature,
            "coupling": coupling,
        }),
        &model.title(),
        &[
            ("energy_per_site", "energy per site"),
            ("specific_heat", "specific heat per site"),
            ("magnetisation_abs", "|magnetisation|"),
            ("magnetisation_squared", "magnetisation squared"),
            ("binder_cumulant", "Binder cumulant"),
        ],
    );
    let means = exact::means_scratch_len(model.lattice)
        .and_then(|length| exact::means(model.lattice, coupling, beta, &mut vec![0.0; length]));
    match means {
        Ok(means) => answer.means(&[
            means.energy_per_site,
            means.specific_heat,
            means.magnetisation_abs,
            means.magnetisation_squared,
            means.binder_cumulant,
        ]),
        // The information of a long chain is to be had where its means are not.
        Err(error) if args.block.sides().is_none() => return Err(usage(error)),
        Err(_) => {}
    }
    let encoder = match args.encoder {
        EncoderName::Sign => Encoder::Sign,
        EncoderName::Sigmoid => Encoder::Sigmoid,
    };
    let information = information(
        model.lattice,
        &args.block,
        encoder,
        exact::information_scratch_len,
        |partition, filter, scratch| exact::information(partition, coupling, beta, filter, scratch),
    )?;
    answer.print(information, global)
}

pub(super) fn gaussian(asked: &Asked<gaussian::Options, FieldArgs>, global: &Global) -> Result<()> {
    use blockspin_core::exact::gaussian as field;

    let (options, args) = (&asked.options, &asked.args);
    let (lattice, mass) = (options.lattice()?, options.mass);
    let mut answer = Answer::new(
        json!({
            "schema": SCHEMA,
            "version": VERSION,
            "model": "gaussian",
            "size": lattice.sides(),
            "mass": mass,
        }),
        &format!(
            "Gaussian field, {} with mass {mass}",
            product(lattice.sides())
        ),
        &[
            ("variance_per_site", "variance per site"),
            ("energy_per_site", "energy per site"),
            ("magnetisation_squared", "magnetisation squared"),
        ],
    );
    let means = field::means_scratch_len(lattice)
        .and_then(|length| field::means(lattice, mass, &mut vec![0.0; length]))
        .map_err(usage)?;
    answer.means(&[
        means.variance_per_site,
        means.energy_per_site,
        means.magnetisation_squared,
    ]);
    let encoder = match args.encoder {
        FieldEncoderName::Sign => Encoder::Sign,
        FieldEncoderName::Sigmoid => Encoder::Sigmoid,
        FieldEncoderName::Continuous => Encoder::Continuous,
    };
    let information = information(
        lattice,
        &args.block,
        encoder,
        field::information_scratch_len,
        |partition, filter, scratch| field::information(partition, mass, filter, scratch),
    )?;
    answer.print(information, global)
}

pub(super) fn dimer(args: &DimerArgs, global: &Global) -> Result<()> {
    let (side, temperature) = (args.size, args.temperature);
    let scratch_len = exact::dimer_scratch_len(side).map_err(usage)?;
    let coverings = Coverings::new(side, &mut vec![0.0; scratch_len]).map_err(usage)?;
    let means = coverings.means(temperature).map_err(usage)?;
    let histogram: Vec<_> = coverings.histogram().collect();
    let law: Vec<_> = coverings.law(temperature).map_err(usage)?.collect();
    let mut answer = Answer::new(
        json!({
            "schema": SCHEMA,
            "version": VERSION,
            "model": "dimer",
            "size": [side, side],
            "temperature": dimer::temperature_json(temperature),
            "coverings": coverings.count(),
            "parallel_plaquettes_histogram": histogram,
            "parallel_plaquettes_law": law,
        }),
        &format!("dimers, {side} × {side} at temperature {temperature}"),
        &[
            ("parallel_plaquettes_per_site", "parallel plaquettes/site"),
            ("energy_per_site", "energy per site"),
            ("specific_heat", "specific heat per site"),
            ("winding_x_squared", "winding number squared"),
            ("columnar_order_squared", "columnar order squared"),
        ],
    );
    answer.means(&[
        means.parallel_plaquettes_per_site,
        -means.parallel_plaquettes_per_site,
        means.specific_heat,
        means.winding_x_squared,
        means.columnar_order_squared,
    ]);
    answer.text += &format!(
        "{:<26}{:>12}\n\nparallel plaquettes        coverings  probability\n",
        "coverings",
        coverings.count()
    );
    for (n, (count, p)) in histogram.iter().zip(&law).enumerate() {
        if *count > 0 {
            answer.text += &format!("{n:>19}{count:>17}{p:>13.8}\n");
        }
    }
    answer.print(None, global)
}

pub(super) fn chipping(args: &chipping::Options, global: &Global) -> Result<()> {
    use blockspin_core::exact::chipping;
    use blockspin_core::sampler::Sampler as _;

    let model = args.sampler()?;
    let lattice = model.lattice();
    let mut answer = Answer::new(
        json!({
            "schema": SCHEMA,
            "version": VERSION,
            "model": "chipping",
            "size": lattice.sides(),
            "density": args.density,
            "rate": args.rate,
        }),
        &format!(
            "Chipping and aggregation, {} with density {} and aggregation rate {}",
            product(lattice.sides()),
            args.density,
            args.rate
        ),
        &[
            ("mass_squared", "mass squared per site"),
            ("largest_mass", "largest mass"),
        ],
    );
    let length = chipping::scratch_len(&model).map_err(usage)?;
    let mut scratch = vec![0.0; length];
    let law = chipping::law(&model, &mut scratch).map_err(usage)?;
    answer.means(&[law.mass_squared, law.largest_mass]);
    answer.histogram("mass_distribution", "p", law.mass_distribution);
    answer.print(None, global)
}

/// What is printed, as an object and as lines.
struct Answer {
    fields: Fields,
    text: String,
    /// Names of the means and the words for them.
    means: &'static [(&'static str, &'static str)],
}

impl Answer {
    /// With nothing known but the system.
    fn new(system: Value, title: &str, means: &'static [(&'static str, &'static str)]) -> Self {
        let mut fields = object(system);
        let informations = ["information_nats", "block_information_nats"];
        for name in means.iter().map(|(name, _)| *name).chain(informations) {
            fields.insert(name.into(), Value::Null);
        }
        Answer {
            fields,
            text: format!("{title}\n\n"),
            means,
        }
    }

    fn add(&mut self, name: &str, words: &str, value: f64) {
        self.fields.insert(name.into(), json!(finite(value)));
        self.text += &format!("{words:<26}{value:>12.8}\n");
    }

    fn means(&mut self, values: &[f64]) {
        for ((name, words), value) in self.means.iter().zip(values) {
            self.add(name, words, *value);
        }
    }

    /// A list indexed by value, printed as a line for each.
    fn histogram(&mut self, name: &str, word: &str, values: &[f64]) {
        self.fields.insert(name.into(), json!(values));
        for (value, probability) in values.iter().enumerate() {
            let label = format!("{word}({value})");
            self.text += &format!("{label:<26}{probability:>12.8}\n");
        }
    }

    fn print(mut self, information: Option<Information>, global: &Global) -> Result<()> {
        if let Some(information) = information {
            if let Some(filtered) = information.filtered {
                self.add("information_nats", "I(H:E), nats", filtered);
            }
            self.add("block_information_nats", "I(V:E), nats", information.block);
        }
        print(global, &self.fields, || self.text)
    }
}

/// The informations of a block, if there is one, from `known` on as much scratch as `scratch_len`
/// says.
fn information(
    lattice: Lattice,
    args: &BlockArgs,
    encoder: Encoder,
    scratch_len: impl Fn(&Partition, usize) -> std::result::Result<usize, ExactError>,
    known: impl Fn(
        &Partition,
        Option<&Filter<'_>>,
        &mut [f64],
    ) -> std::result::Result<Information, ExactError>,
) -> Result<Option<Information>> {
    let Some(block) = args.sides() else {
        return Ok(None);
    };
    let partition = Partition::new(lattice, block, args.buffer).map_err(usage)?;
    let given = args
        .filter
        .as_ref()
        .map(|name| filters(name, partition.block(), None))
        .transpose()?;
    // Site by site, as the core has it.
    let weights: Vec<f32> = given
        .iter()
        .flat_map(|filters| {
            let (sites, weights) = (filters.sites(), filters.weights());
            (0..sites).flat_map(move |i| weights.iter().skip(i).step_by(sites).copied())
        })
        .collect();
    let components = given.as_ref().map_or(0, Filters::count);
    let filter = given
        .as_ref()
        .map(|_| Filter::new(&weights, components, encoder))
        .transpose()
        .map_err(usage)?;
    let length = scratch_len(&partition, components).map_err(usage)?;
    room::memory("the exact calculation", 8 * length as u64)?;
    known(&partition, filter.as_ref(), &mut vec![0.0; length])
        .map(Some)
        .map_err(usage)
}
