//! `--bonds`: the realisation of a chain's random bonds, beside what a command finds with it.

use std::path::PathBuf;

use blockspin::data::npy::write_series;
use blockspin::model::RandomBonds;
use blockspin::store::folder::FileTarget;
use blockspin::{Error, Result};
use clap::Args;

/// The option.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Samples")]
pub(crate) struct BondsArgs {
    /// Also write the bonds of a --disorder realisation, times --coupling: float32, (L,); bond i joins sites
    /// i and i + 1
    #[arg(long, value_name = "FILE.npy", hide_short_help = true)]
    bonds: Option<PathBuf>,
}

/// Bonds that are to be written.
pub(super) struct Bonds {
    target: FileTarget,
    values: Vec<f32>,
}

impl BondsArgs {
    /// Checks that the bonds of a ring of so many sites, if it is one, can be written.
    pub(super) fn check(
        &self,
        ring: Option<&RandomBonds>,
        sites: usize,
        coupling: f64,
    ) -> Result<Option<Bonds>> {
        let Some(path) = &self.bonds else {
            return Ok(None);
        };
        if path.extension().is_none_or(|suffix| suffix != "npy") {
            let rule = "bonds are written as .npy";
            return Err(Error::setting("bonds", &path.to_string_lossy(), rule));
        }
        let couplings = match ring {
            Some(ring) => ring.couplings(sites as u32, coupling)?,
            None => None,
        };
        let couplings = couplings.ok_or_else(|| {
            Error::usage(
                "`bonds` without `disorder`: all bonds are equal, the coupling; leave it out",
            )
        })?;
        Ok(Some(Bonds {
            target: FileTarget::check(path, 4 * sites as u64 + 128)?,
            values: couplings.iter().map(|bond| *bond as f32).collect(),
        }))
    }
}

impl Bonds {
    /// Writes them.
    pub(super) fn write(self) -> Result<()> {
        let mut file = self.target.create()?;
        write_series(&mut file, &self.values)?;
        file.commit()
    }
}
