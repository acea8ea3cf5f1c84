//! `coarsen`: a filter at every block of every configuration.

use std::path::{Path, PathBuf};

use blockspin::data::output::ConfigurationTarget;
use blockspin::error::quoted;
use blockspin::run::coarsen::{CoarsenConfig, Coarsening};
use blockspin::settings::{Fields, encoder, values};
use blockspin::{Error, Result};
use clap::Args;
use serde::Serialize;

use super::args::{Global, fields, rule};
use super::{destination, same_file, shown_out, summary, warn};

/// Help after the options of every source.
pub(super) const EXAMPLES: &str = "Examples: blockspin coarsen ising --samples 2000 --block 2 --filter majority \
    --out once.npy\n          blockspin coarsen data once.npy --block 2 --filter majority --out twice.npy\n          \
    blockspin coarsen ising --samples 2000 --filter runs/ising-1/ --out learned.npy\n\
    Blocks tile the lattice from its first site. A model's configurations are those of `sample` with the same \
    --seed.";

/// Options of a file that do not apply: they are refused with the reason.
pub(super) const UNUSED: [&str; 6] = ["origin", "graph", "values", "repeats", "folds", "critics"];

/// Options of `coarsen`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CoarsenArgs {
    #[command(flatten)]
    settings: CoarsenSettings,
    /// File to write, shape (N, L0/B[, …]), with several components (N, C, L0/B[, …]): int8 ±1; numbers of
    /// states as int8 from 0; continuous h as float32. The suffix says the format: .npy, .npz or .csv; -
    /// writes .npy to standard output
    #[arg(
        long,
        short,
        value_name = "FILE.npy|.npz|.csv|-",
        help_heading = "Coarse variables"
    )]
    out: PathBuf,
}

/// Settings of a coarsening.
#[derive(Args, Clone, Debug, Serialize)]
#[command(next_help_heading = "Coarse variables")]
struct CoarsenSettings {
    /// majority (or uniform), boundary, decimation, staggered, a file, or the folder of a run, whose filter
    /// is applied to values that are taken as the run took them
    #[arg(long, value_name = "NAME|FILE.npy|RUN/")]
    filter: String,
    /// Side of the block, or all sides [default: that of the filter; for a name 4, for dimers and masses 8]
    #[arg(long, value_parser = rule(values::block), value_name = "N[,N[,N]]")]
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<String>,
    /// How h follows from the filter: sign, with ties broken by fair coins; sigmoid, P(h = +1) = 1/(1 +
    /// exp(−Λ·v)); continuous or continuous:SIGMA; states:Q or argmax:Q, with a filter for each state
    /// [default: sign; of a run with states argmax, of one with continuous h continuous]
    #[arg(long, value_parser = rule(encoder::given), value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    encoder: Option<String>,
    /// Number of configurations; of a file the first ones [default: all of a file]
    #[arg(long, value_parser = rule(values::positive_u64), value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    samples: Option<String>,
    /// Seed of the random numbers: a model's chains, ties, and h that is drawn
    #[arg(long, short, value_parser = rule(values::seed), value_name = "S")]
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<String>,
}

pub(super) fn coarsen(mut given: Fields, args: &CoarsenArgs, global: &Global) -> Result<()> {
    given.extend(fields(&args.settings));
    for name in ["file", "filter"] {
        let read = given.get(name).and_then(|value| value.as_str());
        refuse_over(&args.out, read.unwrap_or_default())?;
    }
    let config = CoarsenConfig::from_fields(&given)?;
    let coarsening = Coarsening::new(&config, global.execution()?)?;
    let (samples, shape, format) = (
        coarsening.samples(),
        coarsening.shape(),
        coarsening.format(),
    );
    let target = destination(&args.out, global)?;
    let target = ConfigurationTarget::check(target, samples, &shape, format)?;
    let file = target.create()?;
    let record = coarsening.run(&file)?;
    target.finish(file)?;
    warn(&record.warnings);
    summary(&args.out, global, &record.fields(), || {
        Ok(format!(
            "{}\n{}, {:.1} s",
            record.text(),
            shown_out(&args.out),
            record.seconds
        ))
    })
}

/// Refuses to write over a file that is read.
fn refuse_over(out: &Path, read: &str) -> Result<()> {
    // FILE.npz:MEMBER is in FILE.npz.
    let archive = read.rsplit_once(':').map_or(read, |(file, _)| file);
    match [read, archive]
        .iter()
        .any(|read| same_file(Path::new(read), out))
    {
        true => Err(Error::usage(format!(
            "--out {} is read, and would be replaced; give another name",
            quoted(out)
        ))),
        false => Ok(()),
    }
}
