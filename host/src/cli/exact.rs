//! `exact`: exact values for small systems.

use std::fmt::Display;
use std::num::NonZeroU32;

use blockspin_core::lattice::Lattice;
use blockspin_exact::{
    Encoder, Filter, Information, OptimalFilter, Partition, Search, dimer as dimers, ising,
    random_bond_ring,
};
use serde_json::{Value, json};

use blockspin::data::filters::{Filters, product};
use blockspin::digits::Parameter;
use blockspin::model::{self, AnyModel, IsingModel, Layout, Model as _, RandomBonds};
use blockspin::observer::Phase;
use blockspin::report::picture::heat_map;
use blockspin::run::filter_lookup::filters;
use blockspin::run::record::{VERSION, nested_filters, object};
use blockspin::settings::encoder::Coarse;
use blockspin::settings::{Fields, Setting as _};
use blockspin::store::resources;
use blockspin::{Error, Result};

use super::args::Global;
use super::bonds::Bonds;
use super::exact_args::{
    BinaryArgs, BlockArgs, EncoderName, ExactArgs, FieldArgs, FieldEncoderName, SpinArgs,
};
use super::{print, style};

/// Schema of the JSON that this command prints.
const SCHEMA: &str = "blockspin-exact-1";
/// Name of the optimal filter.
const BEST: &str = "best";
/// Rounding errors of informations, in nats.
const ROUNDING: f64 = 1e-14;
/// Largest side of a torus whose dimer coverings are listed.
const LISTED_SIDE: u32 = 6;

fn usage(error: impl Display) -> Error {
    Error::usage(error.to_string())
}

/// A refusal of what is too large.
fn too_large(error: impl Display) -> Error {
    usage(error).hint("a smaller `size` may do")
}

/// Checks that the memory of an exact calculation is available.
fn fits<E: Display>(bytes: std::result::Result<u64, E>) -> Result<()> {
    resources::memory("the exact calculation", bytes.map_err(too_large)?)
}

fn encoder(name: EncoderName) -> Encoder {
    match name {
        EncoderName::Sign => Encoder::Sign,
        EncoderName::Sigmoid => Encoder::Sigmoid,
    }
}

pub(super) fn exact(args: &ExactArgs, global: &Global) -> Result<()> {
    let (name, settings) = match args {
        ExactArgs::Ising(known) => ("ising", known.settings()),
        ExactArgs::Chain(known) => ("chain", known.settings()),
        ExactArgs::Gaussian(known) => ("gaussian", known.settings()),
        ExactArgs::Chipping(known) => ("chipping", known.settings()),
        ExactArgs::Dimer(known) => ("dimer", known.settings()),
    };
    // A spinner: how long it takes depends on the method.
    let _working = global.observer().begin(Phase {
        label: "exact values",
        total: 0,
        unit: "",
    });
    match (args, AnyModel::from_fields(name, &settings)?) {
        (ExactArgs::Ising(known), AnyModel::Ising(ising)) => {
            spins(&ising.model()?, None, &known.args, global)
        }
        (ExactArgs::Chain(known), AnyModel::Chain(chain)) => {
            spins(&chain.clean()?, Some(&chain.bonds()), &known.args, global)
        }
        (ExactArgs::Gaussian(known), AnyModel::Gaussian(field)) => {
            gaussian(&field, &known.args, global)
        }
        (ExactArgs::Chipping(known), AnyModel::Chipping(masses)) => {
            chipping(&masses, &known.args, global)
        }
        (ExactArgs::Dimer(known), AnyModel::Dimer(dimers)) => dimer(&dimers, &known.args, global),
        (_, model) => Err(Error::usage(format!(
            "there are no exact results for {}",
            model.name()
        ))),
    }
}

/// The Ising model, or a ring with a realisation of the bonds.
fn spins(
    model: &IsingModel,
    ring: Option<&RandomBonds>,
    SpinArgs {
        exact: args,
        components,
        bonds,
    }: &SpinArgs,
    global: &Global,
) -> Result<()> {
    let (lattice, coupling, beta) = (model.lattice, model.coupling, model.temperature.recip());
    let couplings = match ring {
        Some(ring) => ring.couplings(lattice.sites() as u32, coupling)?,
        None => None,
    };
    let bonds = bonds.check(ring, lattice.sites(), coupling)?;
    let mut system = json!({
        "schema": SCHEMA,
        "version": VERSION,
        "model": model.name(),
        "size": lattice.sides(),
        "temperature": model.temperature.to_value(),
        "coupling": coupling,
        "search": null,
        "filters_tried": null,
        "filters": null,
    });
    let mut title = model.title();
    let mut first = 0;
    if let Some(ring) = ring {
        system["disorder"] = json!(ring.disorder.to_string());
        system["disorder_seed"] = json!(ring.disorder_seed);
        system["origin"] = json!(ring.origin);
        first = ring.origin;
        if couplings.is_some() {
            title = format!(
                "Ising chain, {} at T = {}, bonds {} times {} (seed {})",
                product(lattice.sides()),
                Parameter(model.temperature),
                Parameter(coupling),
                ring.disorder,
                ring.disorder_seed
            );
        }
    }
    let mut answer = Answer::new(
        system,
        &title,
        &[
            ("energy_per_site", "energy per site"),
            ("specific_heat", "specific heat per site"),
            ("magnetisation_abs", "|magnetisation|"),
            ("magnetisation_squared", "magnetisation squared"),
            ("binder_cumulant", "Binder cumulant"),
        ],
    );
    let means = match &couplings {
        Some(couplings) => random_bond_ring::means(couplings, beta).map_err(too_large),
        None => ising::means(lattice, coupling, beta).map_err(too_large),
    };
    match means {
        Ok(means) => {
            answer.means(&[
                means.energy_per_site,
                means.specific_heat,
                means.magnetisation_abs,
                means.magnetisation_squared,
            ]);
            let (name, words) = ("binder_cumulant", "Binder cumulant");
            match means.binder_cumulant {
                Some(value) => answer.add(name, words, value),
                None => answer.none(name, words, "the magnetisation vanishes"),
            }
        }
        // The information of a long chain is available even where its means are not.
        Err(error) if args.block.sides().is_none() => {
            return Err(match lattice.dimension() {
                1 => error.hint("with --block, informations are available for longer rings"),
                _ => error,
            });
        }
        Err(_) => {}
    }
    let layout = Layout::Anywhere;
    let Some(partition) = partition(lattice, &layout, &args.block)? else {
        return finish(answer, bonds, global);
    };
    let encoder = encoder(args.encoder);
    let mut filters = None;
    if args.block.filter.as_deref() == Some(BEST) {
        if encoder != Encoder::Sign {
            return Err(Error::usage(
                "--filter best with --encoder sigmoid; best is defined for h = sign(Λ·v), and no \
                 other binary h keeps more: leave --encoder out",
            ));
        }
        let count = components.unwrap_or(1) as usize;
        fits(ising::optimal_filter_bytes(&partition, count))?;
        let best = match &couplings {
            Some(couplings) => {
                random_bond_ring::optimal_filter(couplings, beta, &partition, first, count)
                    .map_err(usage)
            }
            None => ising::optimal_filter(&partition, coupling, beta, count).map_err(usage),
        }?;
        let found = Filters::from_sites(partition.block(), count, &best.weights)?;
        answer.best(&best, &found);
        filters = Some(found);
    } else if components.is_some() {
        return Err(Error::usage(
            "--components without --filter best; other filters have a fixed number of components",
        ));
    } else {
        filters = named(&partition, &layout, &args.block)?.or(filters);
    }
    let information = filtered(
        &partition,
        filters.as_ref(),
        encoder,
        |partition, filter| {
            let components = filter.map_or(0, Filter::components);
            fits(ising::information_bytes(partition, components))?;
            match &couplings {
                Some(couplings) => random_bond_ring::information(
                    couplings, beta, partition, first, filter, args.batch,
                )
                .map_err(usage),
                None => {
                    ising::information(partition, coupling, beta, filter, args.batch).map_err(usage)
                }
            }
        },
    )?;
    answer.informations(Some(information), args.batch);
    if let Some(filters) = filters.filter(|_| answer.fields["search"] != Value::Null) {
        answer.text += &format!("\n{}", heat_map(&filters, style()));
    }
    finish(answer, bonds, global)
}

/// Writes the bonds, if they are wanted, and prints the answer.
fn finish(answer: Answer, bonds: Option<Bonds>, global: &Global) -> Result<()> {
    if let Some(bonds) = bonds {
        bonds.write()?;
    }
    answer.print(global)
}

fn gaussian(settings: &model::GaussianField, args: &FieldArgs, global: &Global) -> Result<()> {
    use blockspin_exact::gaussian as field;

    let (lattice, mass) = (settings.lattice()?, settings.mass()?);
    let mut answer = Answer::new(
        json!({
            "schema": SCHEMA,
            "version": VERSION,
            "model": "gaussian",
            "size": lattice.sides(),
            "mass": mass,
        }),
        &format!(
            "Gaussian field, {} with mass {}",
            product(lattice.sides()),
            Parameter(mass)
        ),
        &[
            ("variance_per_site", "variance per site"),
            ("energy_per_site", "energy per site"),
            ("magnetisation_squared", "magnetisation squared"),
        ],
    );
    let means = field::means(lattice, mass).map_err(usage)?;
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
    let layout = Layout::Anywhere;
    let information = information(
        lattice,
        &layout,
        &args.block,
        encoder,
        |partition, filter| {
            let components = filter.map_or(0, Filter::components);
            fits(field::information_bytes(partition, components))?;
            field::information(partition, mass, filter, args.batch).map_err(usage)
        },
    )?;
    answer.informations(information, args.batch);
    answer.print(global)
}

fn dimer(settings: &model::Dimer, args: &BinaryArgs, global: &Global) -> Result<()> {
    let (side, temperature) = (settings.size, settings.temperature);
    let coverings = dimers::Coverings::new(side).map_err(too_large)?;
    if side > LISTED_SIDE && args.block.sides().is_some() {
        return Err(Error::usage(format!(
            "--block on {side} × {side} vertices; informations of dimers are available for --size 4 \
             and {LISTED_SIDE}, means without --block"
        )));
    }
    let doubled = Lattice::new(&[2 * side; 2])?;
    let layout = Layout::Doubled { links: true };
    let (block, encoder) = (&args.block, encoder(args.encoder));
    let information = information(doubled, &layout, block, encoder, |partition, filter| {
        fits(dimers::information_bytes(partition))?;
        dimers::information(partition, temperature, filter, args.batch).map_err(usage)
    })?;
    let means = coverings.means(temperature).map_err(usage)?;
    let histogram: Vec<_> = coverings.histogram().collect();
    let law: Vec<_> = coverings.law(temperature).map_err(usage)?.collect();
    let mut answer = Answer::new(
        json!({
            "schema": SCHEMA,
            "version": VERSION,
            "model": "dimer",
            "size": [side, side],
            "temperature": temperature.to_value(),
            "coverings": coverings.count(),
            "parallel_plaquettes_histogram": histogram,
            "parallel_plaquettes_law": law,
        }),
        &format!("Dimers, {side} × {side} at T = {}", Parameter(temperature)),
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
    answer.informations(information, args.batch);
    answer.text += &format!(
        "{:<26}{:>12}\n\nparallel plaquettes        coverings  probability\n",
        "coverings",
        coverings.count()
    );
    for (n, (count, p)) in histogram.iter().zip(&law).enumerate() {
        if *count > 0 {
            answer.text += &format!("{n:>19}{count:>17} {}\n", decimals(*p));
        }
    }
    answer.print(global)
}

fn chipping(settings: &model::Chipping, args: &BinaryArgs, global: &Global) -> Result<()> {
    use blockspin_core::sampler::Sampler as _;
    use blockspin_exact::chipping;

    let model = settings.sampler()?;
    let lattice = model.lattice();
    let mut answer = Answer::new(
        json!({
            "schema": SCHEMA,
            "version": VERSION,
            "model": "chipping",
            "size": lattice.sides(),
            "density": settings.density,
            "rate": settings.rate,
        }),
        &format!(
            "Chipping and aggregation, {} with density {} and aggregation rate {}",
            product(lattice.sides()),
            Parameter(settings.density),
            Parameter(settings.rate)
        ),
        &[
            ("mass_squared", "mass squared per site"),
            ("largest_mass", "largest mass"),
        ],
    );
    fits(chipping::law_bytes(&model))?;
    let mut law = None;
    let (layout, encoder) = (Layout::Anywhere, encoder(args.encoder));
    let information = information(
        lattice,
        &layout,
        &args.block,
        encoder,
        |partition, filter| {
            fits(chipping::information_bytes(&model, partition))?;
            let law = law.insert(chipping::law(&model).map_err(too_large)?);
            law.information(partition, filter, args.batch)
                .map_err(usage)
        },
    )?;
    let law = match law {
        Some(law) => law,
        None => chipping::law(&model).map_err(too_large)?,
    };
    answer.means(&[law.mass_squared(), law.largest_mass()]);
    answer.informations(information, args.batch);
    answer.histogram("mass_distribution", "p", law.mass_distribution());
    answer.print(global)
}

/// The output, as a JSON object and as text.
struct Answer {
    fields: Fields,
    text: String,
    /// Names of the means in JSON and in text.
    means: &'static [(&'static str, &'static str)],
}

impl Answer {
    /// An answer that contains only the system.
    fn new(system: Value, title: &str, means: &'static [(&'static str, &'static str)]) -> Self {
        let mut fields = object(system);
        let informations = [
            "information_nats",
            "batch",
            "infonce_nats",
            "deficit_nats",
            "block_information_nats",
        ];
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
        match value.is_finite() {
            true => {
                self.fields.insert(name.into(), json!(value));
                self.text += &format!("{words:<26}{}\n", decimals(value));
            }
            false => self.none(name, words, "beyond the range of 64-bit numbers"),
        }
    }

    /// A value that does not exist.
    fn none(&mut self, name: &str, words: &str, why: &str) {
        self.fields.insert(name.into(), Value::Null);
        self.text += &format!("{words:<26}  none ({why})\n");
    }

    fn means(&mut self, values: &[f64]) {
        for ((name, words), value) in self.means.iter().zip(values) {
            self.add(name, words, *value);
        }
    }

    /// A list indexed by value, printed as one line per value.
    fn histogram(&mut self, name: &str, word: &str, values: &[f64]) {
        self.fields.insert(name.into(), json!(values));
        for (value, probability) in values.iter().enumerate() {
            let label = format!("{word}({value})");
            self.text += &format!("{label:<26}{}\n", decimals(*probability));
        }
    }

    /// Adds an optimal filter.
    fn best(&mut self, best: &OptimalFilter, filters: &Filters) {
        let (search, told) = match best.search {
            Search::Exhaustive => ("exhaustive", "none keeps more"),
            Search::Local => ("local", "a better one may have been missed"),
        };
        self.fields.insert("search".into(), json!(search));
        self.fields
            .insert("filters_tried".into(), json!(best.tried));
        self.fields
            .insert("filters".into(), nested_filters(filters));
        self.text += &format!("best filter               {} tried: {told}\n", best.tried);
    }

    /// An information; in text, what is below the rounding errors of its sums is 0.
    fn information(&mut self, name: &str, words: &str, value: f64) {
        let shown = if value.abs() < ROUNDING { 0.0 } else { value };
        self.add(name, words, shown);
        self.fields.insert(name.into(), json!(value));
    }

    fn informations(&mut self, information: Option<Information>, batch: Option<NonZeroU32>) {
        if let Some(information) = information {
            if let Some(filtered) = information.filtered {
                self.information("information_nats", "I(H:E), nats", filtered);
                if let Some((batch, deficit)) = batch.zip(information.deficit) {
                    self.fields.insert("batch".into(), json!(batch));
                    let words = format!("InfoNCE, K = {batch}, nats");
                    self.information("infonce_nats", &words, filtered - deficit);
                    self.information("deficit_nats", "deficit, nats", deficit);
                }
            }
            self.information("block_information_nats", "I(V:E), nats", information.block);
        }
    }

    fn print(self, global: &Global) -> Result<()> {
        print(global, &self.fields, || Ok(self.text))
    }
}

/// Eight decimals, or eight digits and a power of ten where those would show nothing, or too much.
fn decimals(value: f64) -> String {
    match value.abs() {
        0.0 => format!("{:>12.8}", 0.0),
        size if (1e-6..1e9).contains(&size) => format!("{value:>12.8}"),
        _ => format!("{value:>12.7e}"),
    }
}

/// The informations of a block, if there is one, computed by `known`.
fn information(
    lattice: Lattice,
    layout: &Layout,
    args: &BlockArgs,
    encoder: Encoder,
    known: impl FnOnce(&Partition, Option<&Filter<'_>>) -> Result<Information>,
) -> Result<Option<Information>> {
    let Some(partition) = partition(lattice, layout, args)? else {
        return Ok(None);
    };
    let filters = named(&partition, layout, args)?;
    filtered(&partition, filters.as_ref(), encoder, known).map(Some)
}

/// Block and buffer, if they are given.
fn partition(lattice: Lattice, layout: &Layout, args: &BlockArgs) -> Result<Option<Partition>> {
    let Some(block) = args.sides() else {
        return Ok(None);
    };
    let doubled = matches!(layout, Layout::Doubled { .. });
    let partition = Partition::new(lattice, block, args.buffer).map_err(|error| match doubled {
        false => usage(error),
        true => usage(error).hint(format!(
            "block and buffer are counted on the doubled lattice, of {}",
            product(lattice.sides())
        )),
    })?;
    if doubled && partition.block_sites() == 1 {
        return Err(Error::usage(
            "a block of 1 × 1 on the doubled lattice is a vertex, without a link; --block 2 has two",
        ));
    }
    Ok(Some(partition))
}

/// The filter by name, if one is given.
fn named(partition: &Partition, layout: &Layout, args: &BlockArgs) -> Result<Option<Filters>> {
    args.filter
        .as_ref()
        .map(|name| filters(name, partition.block(), layout, None, Coarse::Binary))
        .transpose()
}

/// The informations of a block and of filters on it.
fn filtered(
    partition: &Partition,
    filters: Option<&Filters>,
    encoder: Encoder,
    known: impl FnOnce(&Partition, Option<&Filter<'_>>) -> Result<Information>,
) -> Result<Information> {
    let weights = filters.map_or(vec![], Filters::by_site);
    let filter = filters
        .map(|filters| Filter::new(&weights, filters.count(), encoder))
        .transpose()
        .map_err(usage)?;
    known(partition, filter.as_ref())
}
