//! What a run is about: a model that is sampled, or a file.

use std::path::Path;

use blockspin_core::lattice::Lattice;
use clap::ValueEnum;

use crate::data::{Data, Kind};
use crate::error::{Error, Result, quoted};
use crate::filters::product;
use crate::model::Model;

/// What a run is about.
pub enum Subject {
    /// A model, to be sampled.
    Model(Model),
    /// A file's name, and what is in it.
    Data(String, Box<Data>),
}

impl Subject {
    /// Reads a file.
    ///
    /// # Errors
    /// Those of [`Data::open`].
    pub fn read(file: &Path) -> Result<Self> {
        let data = Data::open(file, true)?;
        if !matches!(data.kind(), Kind::Signs { .. }) {
            return Err(Error::failure(format!(
                "{} holds more than two values, or missing ones (NaN): only two-valued data (such \
                 as -1/1, 0/1 or bool) are supported in this version",
                quoted(file)
            )));
        }
        Ok(Subject::Data(file.display().to_string(), Box::new(data)))
    }

    /// Its first word on the command line.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Subject::Model(model) => model.name,
            Subject::Data(..) => "data",
        }
    }

    /// Its lattice.
    ///
    /// # Errors
    /// None in practice: what was read was checked.
    pub fn lattice(&self) -> Result<Lattice> {
        match self {
            Subject::Model(model) => Ok(model.lattice),
            Subject::Data(_, data) => Ok(Lattice::new(data.sides())?),
        }
    }

    /// Headline and a sentence.
    #[must_use]
    pub fn describe(&self) -> (String, String) {
        match self {
            Subject::Model(model) => {
                let kind = match (model.name, model.coupling < 0.0) {
                    ("chain", false) => "Ising chain",
                    ("chain", true) => "Antiferromagnetic Ising chain",
                    (_, false) => "Ising model",
                    (_, true) => "Ising antiferromagnet",
                };
                let (size, t) = (product(model.lattice.sides()), model.temperature);
                (
                    format!("{kind}, {size} at T = {t}"),
                    format!(
                        "Spins ±1 with nearest-neighbour coupling J = {} on a periodic lattice of \
                         {size}, at temperature {t}, sampled as training went on.",
                        model.coupling,
                    ),
                )
            }
            Subject::Data(file, data) => (
                format!(
                    "{file}, {} configurations of {}",
                    data.configurations(),
                    product(data.sides())
                ),
                match data.kind() {
                    Kind::Signs { low, high } => format!(
                        "Two-valued data, {low} taken as −1 and {high} as +1, on a lattice taken as \
                         periodic."
                    ),
                    Kind::Reals { centre, scale } => format!(
                        "Real data x, taken as (x − {centre}) / {scale}, on a lattice taken as \
                         periodic."
                    ),
                },
            ),
        }
    }

    /// The options that name it, as typed.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Subject::Model(model) => {
                let sides: Vec<_> = model.lattice.sides().iter().map(u32::to_string).collect();
                let mut words = format!("{} --size {}", model.name, sides.join(","));
                if model.name == "ising" && sides.len() == 1 {
                    words += " --dimension 1";
                }
                words += &format!(
                    " --temperature {} --coupling {}",
                    model.temperature, model.coupling
                );
                if let Some(choice) = model
                    .algorithm
                    .and_then(|choice| choice.to_possible_value())
                {
                    words += &format!(" --algorithm {}", choice.get_name());
                }
                for (name, sweeps) in [("burn-in", model.burn_in), ("thin", model.thin)] {
                    if let Some(sweeps) = sweeps {
                        words += &format!(" --{name} {sweeps}");
                    }
                }
                words
            }
            Subject::Data(file, _) => format!("data {}", quoted_for_shell(file)),
        }
    }
}

/// A word as a shell takes it for one.
#[must_use]
pub fn quoted_for_shell(word: &str) -> String {
    if word
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c))
        && !word.is_empty()
    {
        return word.to_string();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
