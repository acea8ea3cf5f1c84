//! Command-line options of `exact`.

use std::num::NonZeroU32;

use blockspin::settings::Fields;
use blockspin::settings::values::{self, Rule, Sides};
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;

use super::args::{ChainArgs, ChippingArgs, GaussianArgs, IsingArgs, fields, rule};
use super::bonds::BondsArgs;

/// A number of joint samples.
fn joint_samples(text: &str) -> Rule<NonZeroU32> {
    let samples = values::positive(text)?;
    NonZeroU32::new(samples).ok_or_else(|| "it is not 0".into())
}

/// A model with exact results.
#[derive(Debug, Subcommand)]
pub(crate) enum ExactArgs {
    /// The Ising model in one, two or three dimensions
    Ising(Known<IsingArgs, SpinArgs>),
    /// The Ising chain
    #[command(
        after_help = "Example: blockspin exact chain --size 64 --disorder gaussian:0,1 --disorder-seed 3 \
                      --block 4 --buffer 2 --filter decimation --origin 17\n\
                      With disorder the answers are those of one realisation, drawn from --disorder-seed,\n\
                      and of the block at --origin; its bonds are multiplied by --coupling."
    )]
    Chain(Known<ChainArgs, SpinArgs>),
    /// The free Gaussian field in one, two or three dimensions, in closed form
    #[command(
        after_help = "Example: blockspin exact gaussian --size 64 --mass 0.1 --block 4 --buffer 4 \
                      --filter uniform\n\
                      The weight of a field φ is exp(−S), S = ½ Σ_⟨ij⟩ (φ_i − φ_j)² + ½ m² Σ_i φ_i²;\n\
                      energy per site is ⟨S⟩/N."
    )]
    Gaussian(Known<GaussianArgs, FieldArgs>),
    /// Masses that chip and aggregate on a small ring: their stationary law
    #[command(
        after_help = "Examples: blockspin exact chipping --size 6 --density 1 --rate 0.33\n          \
                      blockspin exact chipping --size 8 --block 2 --buffer 1 --filter uniform\n\
                      One unit leaves an occupied site for a random neighbour at rate 1, the whole mass\n\
                      at rate w; rings have up to 10 sites. A filter is applied to m − ρ, with m the\n\
                      mass and ρ the density."
    )]
    Chipping(Known<ChippingArgs, BinaryArgs>),
    /// Interacting dimers that cover a small square torus, by counting coverings
    #[command(
        after_help = "Examples: blockspin exact dimer --size 4 --temperature 0.65\n          \
                      blockspin exact dimer --size 6 --block 4 --buffer 2 --filter staggered\n\
                      The weight of a covering is exp(N/T), N the plaquettes with two parallel dimers;\n\
                      temperature inf is the free dimers. Blocks, buffers and filters are those of the\n\
                      doubled lattice of 2N × 2N: (even, even) is a vertex, where the block begins,\n\
                      (odd, odd) a face, the others are links; only links have weights. A link enters\n\
                      a filter as 1.5 with a dimer and as -0.5 without: the mean is 0."
    )]
    Dimer(Known<ExactDimerArgs, BinaryArgs>),
}

/// Options of a model, and of an exact calculation.
#[derive(Args, Debug)]
pub(crate) struct Known<O: Args, A: Args> {
    #[command(flatten)]
    pub(crate) model: O,
    #[command(flatten)]
    pub(crate) args: A,
}

impl<O: Args + Serialize, A: Args> Known<O, A> {
    /// The settings of the model.
    pub(crate) fn settings(&self) -> Fields {
        fields(&self.model)
    }
}

/// Dimers for an exact calculation.
#[derive(Args, Debug, Serialize)]
#[command(next_help_heading = "Model")]
pub(crate) struct ExactDimerArgs {
    /// Vertices per side: 4, 6 or 8; with a block 4 or 6
    #[arg(long, default_value = "8", value_parser = rule(values::count), value_name = "N")]
    size: String,
    /// Temperature in units of the attraction of two dimers, or inf
    #[arg(long, value_parser = rule(values::temperature), allow_hyphen_values = true,
          value_name = "T")]
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<String>,
}

/// Block, buffer and filter of an exact calculation.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Window and filter")]
pub(crate) struct BlockArgs {
    /// Side of the block, or all sides [default: means only]
    #[arg(long, value_parser = values::block, value_name = "N[,N…]")]
    block: Option<Sides>,
    /// Width of the buffer around the block; all other sites are the environment
    #[arg(long, default_value = "0", value_parser = values::count, value_name = "N", requires = "block")]
    pub(crate) buffer: u32,
    /// uniform, boundary, decimation, staggered, or a file
    #[arg(long, value_name = "NAME|FILE.npy", requires = "block")]
    pub(crate) filter: Option<String>,
}

impl BlockArgs {
    /// Sides of the block, if there is one.
    pub(crate) fn sides(&self) -> Option<&[u32]> {
        self.block.as_ref().map(|sides| &sides.0[..])
    }
}

/// An exact calculation with binary h.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Window and filter")]
pub(crate) struct BinaryArgs {
    #[command(flatten)]
    pub(crate) block: BlockArgs,
    /// How h follows from the filter
    #[arg(long, value_enum, default_value_t = EncoderName::Sign)]
    pub(crate) encoder: EncoderName,
    /// Also give the mean of InfoNCE with the optimal critic, for K joint samples in a batch
    #[arg(long, value_parser = joint_samples,
          value_name = "K", requires = "filter")]
    pub(crate) batch: Option<NonZeroU32>,
}

/// An exact calculation with spins.
#[derive(Args, Clone, Debug)]
#[command(
    next_help_heading = "Window and filter",
    mut_arg("filter", |filter| filter.help(
        "uniform, boundary, decimation, staggered, or a file; or best, the filter that keeps the most \
         information with h = sign(Λ·v): by trying all for blocks of up to 5 sites, by local search for up to \
         16"))
)]
pub(crate) struct SpinArgs {
    #[command(flatten)]
    pub(crate) exact: BinaryArgs,
    /// Components of --filter best [default: 1]
    #[arg(long, value_parser = values::best_components, value_name = "C", requires = "filter")]
    pub(crate) components: Option<u32>,
    #[command(flatten)]
    pub(crate) bonds: BondsArgs,
}

/// An exact calculation for a field.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Window and filter")]
pub(crate) struct FieldArgs {
    #[command(flatten)]
    pub(crate) block: BlockArgs,
    /// How h follows from the filter
    #[arg(long, value_enum, default_value_t = FieldEncoderName::Sign)]
    pub(crate) encoder: FieldEncoderName,
    /// Also give the mean of InfoNCE with the optimal critic for binary h, for K joint samples in a
    /// batch
    #[arg(long, value_parser = joint_samples,
          value_name = "K", requires = "filter")]
    pub(crate) batch: Option<NonZeroU32>,
}

/// How binary h follows from Λ·v.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EncoderName {
    /// h = sign(Λ·v), with ties broken by fair coins
    Sign,
    /// P(h = +1) = 1/(1 + exp(−Λ·v))
    Sigmoid,
}

/// How h follows from Λ·v, where v is a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FieldEncoderName {
    /// h = sign(Λ·v), one component
    Sign,
    /// P(h = +1) = 1/(1 + exp(−Λ·v)), one component
    Sigmoid,
    /// h = Λ·v, any number of components
    Continuous,
}
