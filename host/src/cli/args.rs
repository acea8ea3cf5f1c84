//! Command-line options. Settings of models and runs are texts here; the configuration, into which they
//! go by name, checks them and has their defaults.

use std::path::PathBuf;

use blockspin::data::axes::Axes;
use blockspin::settings::values::{self, Rule};
use blockspin::settings::{Fields, encoder};
use blockspin_core::bound::AnyBound as Bound;
use blockspin_core::critic::{Activation, AnyCritic as Critic};
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use serde::Serialize;

use super::bonds::BondsArgs;
use super::coarsen::{self, CoarsenArgs};
use super::exact_args::ExactArgs;

/// Finds the degrees of freedom that matter at long distance, by maximising real-space mutual
/// information.
#[derive(Debug, Parser)]
#[command(
    name = "blockspin",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "Example: blockspin train ising --temperature 2.269 --seed 1\n         \
                  blockspin train data spins.npy\n\
                  Information is in nats, temperatures in units of |J|/k_B."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output")]
pub(crate) struct Global {
    /// Print one JSON object on standard output, and nothing else
    #[arg(long, global = true, display_order = 1000)]
    pub(crate) json: bool,
    /// No progress bars
    #[arg(long, short, global = true, display_order = 1001)]
    pub(crate) quiet: bool,
    /// Colours: auto (on a terminal, unless NO_COLOR is set), always or never
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t = Color::Auto,
        display_order = 1002,
        hide_possible_values = true,
        hide_short_help = true,
        value_name = "WHEN"
    )]
    pub(crate) color: Color,
    /// Number of threads [default: all cores]
    ///
    /// No result depends on it.
    #[arg(long, short = 'j', global = true, value_parser = values::positive, help_heading = "Machine",
          value_name = "N")]
    pub(crate) threads: Option<u32>,
    /// Instruction set: auto, portable, avx2 or avx512; no result depends on it
    #[arg(
        long,
        global = true,
        env = "BLOCKSPIN_ISA",
        default_value = "auto",
        help_heading = "Machine",
        hide_short_help = true,
        value_name = "NAME"
    )]
    pub(crate) isa: String,
    /// Print help: -h the common options, --help all of them
    #[arg(long, short, global = true, action = ArgAction::Help, help_heading = "Machine")]
    help: Option<bool>,
    /// Print the version
    #[arg(long, short = 'V', global = true, action = ArgAction::Version, help_heading = "Machine")]
    version: Option<bool>,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On terminals
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find the filter that keeps the most information, and estimate that information
    #[command(
        after_help = "Examples: blockspin train ising\n          blockspin train data spins.npy\n          \
                      blockspin train --from runs/ising-1/run.json --seed 2"
    )]
    Train {
        #[command(subcommand)]
        source: Box<SourceArgs<TrainArgs>>,
    },
    /// Estimate the information that a given filter keeps
    #[command(
        after_help = "Examples: blockspin estimate ising --filter boundary\n          \
                      blockspin estimate data spins.npy --filter uniform"
    )]
    Estimate {
        #[command(subcommand)]
        source: Box<SourceArgs<EstimateArgs>>,
    },
    /// Draw configurations of a model and save them
    #[command(
        after_help = "Example: blockspin sample ising --size 64 --samples 1000 --out spins.npy"
    )]
    Sample {
        #[command(subcommand)]
        model: ModelArgs<SampleArgs>,
    },
    /// Apply a filter to every block of every configuration, and save the coarse configurations
    #[command(after_help = coarsen::EXAMPLES)]
    Coarsen {
        #[command(subcommand)]
        source: Box<SourceArgs<CoarsenArgs>>,
    },
    /// Exact values for small systems, without sampling
    #[command(
        after_help = "Example: blockspin exact ising --size 4 --block 2 --buffer 0 --filter uniform\n\
                      Exact values of the Potts model are missing: with two states it is the Ising model at\n\
                      twice the temperature, with more 'blockspin estimate potts --filter uniform' estimates."
    )]
    Exact {
        #[command(subcommand)]
        model: ExactArgs,
    },
    /// Run the standard workloads and print a fingerprint of each, the same on every machine
    #[command(after_help = "Example: blockspin fingerprint --threads 2")]
    Fingerprint,
    /// Print a completion script for a shell
    #[command(
        after_help = "Examples: blockspin completions bash > ~/.local/share/bash-completion/completions/blockspin\n          \
                      blockspin completions zsh > ~/.zfunc/_blockspin\n          \
                      blockspin completions fish > ~/.config/fish/completions/blockspin.fish"
    )]
    Completions {
        /// The shell
        #[arg(value_enum, value_name = "SHELL")]
        shell: clap_complete::Shell,
    },
    /// Print the manual page of the program, or of a command
    #[command(
        after_help = "Examples: blockspin man | man -l -\n          blockspin man train ising > blockspin-train-ising.1"
    )]
    Man {
        /// The command, such as train ising
        #[arg(value_name = "COMMAND")]
        words: Vec<String>,
    },
}

/// A model to be sampled, with the options `A` of the command.
#[derive(Debug, Subcommand)]
pub(crate) enum ModelArgs<A: Args> {
    /// The Ising model in one, two or three dimensions
    Ising(Sampled<Updated<IsingArgs>, A>),
    /// The Ising chain
    Chain(Sampled<Updated<ChainArgs>, A>),
    /// Interacting dimers that cover a square torus
    #[command(
        after_help = "The weight of a covering is exp(N/T), N the plaquettes with two parallel dimers.\n\
                      Configurations, blocks and widths are those of the doubled lattice of 2N × 2N:\n\
                      (even, even) is a vertex, (odd, odd) a face, the others are links, 1 with a dimer."
    )]
    Dimer(Sampled<DimerArgs, A>),
    /// Masses that chip and aggregate on a ring
    #[command(
        after_help = "One unit leaves an occupied site for a random neighbour at rate 1, the whole mass\n\
                      at rate w. Where mass condenses, autocorrelation times are thousands of sweeps,\n\
                      and training takes minutes: --thin shortens it."
    )]
    Chipping(Sampled<ChippingArgs, A>),
    /// The q-state Potts model in one or two dimensions
    Potts(Sampled<PottsArgs, A>),
    /// The free Gaussian field in one, two or three dimensions
    #[command(
        after_help = "The weight of a field φ is exp(−S), S = ½ Σ_⟨ij⟩ (φ_i − φ_j)² + ½ m² Σ_i φ_i²."
    )]
    Gaussian(Sampled<GaussianArgs, A>),
}

/// A model, or a file.
#[derive(Debug, Subcommand)]
pub(crate) enum SourceArgs<A: Args> {
    #[command(flatten)]
    Model(ModelArgs<A>),
    /// Your own configurations: an array of shape (N, L0[, L1[, L2]]), .npy, .npz or a table in text
    Data(DataArgs<A>),
}

/// Options of a model and its chains, and of a command.
#[derive(Args, Debug)]
pub(crate) struct Sampled<O: Args, A: Args> {
    #[command(flatten)]
    model: O,
    #[command(flatten)]
    pace: PaceArgs,
    #[command(flatten)]
    args: A,
}

/// Checks a text with a parser, and keeps the text.
pub(super) fn rule<T: 'static>(
    rule: fn(&str) -> Rule<T>,
) -> impl Fn(&str) -> std::result::Result<String, String> + Clone + Send + Sync + 'static {
    move |text| rule(text).map(|_| text.to_string())
}

/// The name of a file of configurations.
fn file_name(text: &str) -> std::result::Result<String, String> {
    match text {
        "-" => Err(
            "a file is read several times, standard input cannot be; give the name of one".into(),
        ),
        _ => Ok(text.to_string()),
    }
}

/// One of several names, each with an explanation.
fn names<T: Copy>(
    all: &[T],
    name: impl Fn(T) -> &'static str,
    meaning: impl Fn(T) -> &'static str,
) -> PossibleValuesParser {
    let names = all
        .iter()
        .map(|one| PossibleValue::new(name(*one)).help(meaning(*one)));
    PossibleValuesParser::new(names.collect::<Vec<_>>())
}

fn bounds() -> PossibleValuesParser {
    names(&Bound::ALL, Bound::name, |bound| match bound {
        Bound::InfoNce => "At most ln K; the least noise where information is large",
        Bound::Nwj => "Nguyen, Wainwright and Jordan; no ceiling",
        Bound::Tuba => "As nwj, with a baseline learned from the environment",
        Bound::TubaConstant => "As nwj, with a moving average as baseline",
        Bound::DonskerVaradhan => {
            "Donsker and Varadhan, as in MINE; may slightly exceed the information"
        }
        Bound::JensenShannon => "Maximises the Jensen–Shannon divergence, reports nwj",
    })
}

fn critics() -> PossibleValuesParser {
    names(&Critic::ALL, Critic::name, |critic| match critic {
        Critic::Separable => "u(h)·v(e), two networks",
        Critic::Moments => {
            "u(h)·v(e) with u linear in h and its squares and products; cannot read digits of h"
        }
        Critic::Concatenated => "One network of h and e together, run on all K² pairs of a batch",
        Critic::Quadratic => "h·m + hᵀBh + mᵀDm + c with m = Ae + b; exact for Gaussian h and e",
    })
}

fn activations() -> PossibleValuesParser {
    names(
        &Activation::ALL,
        Activation::name,
        |activation| match activation {
            Activation::Relu => "max(x, 0)",
            Activation::Elu => "x where x > 0, else exp(x) − 1",
            Activation::Tanh => "tanh x",
        },
    )
}

/// The Ising model.
#[derive(Args, Clone, Debug, Serialize)]
#[command(next_help_heading = "Model")]
pub(crate) struct IsingArgs {
    /// Side of the lattice, or all sides: 64 or 32,64 or 16,16,16
    #[arg(long, value_parser = rule(values::sides), value_name = "N[,N…]")]
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<String>,
    /// Dimension, 1 to 3 [default: that of --size, else 2]
    #[arg(long, value_parser = rule(values::dimension), value_name = "D")]
    #[serde(skip_serializing_if = "Option::is_none")]
    dimension: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    coupling: CouplingArgs,
}

/// Temperature and coupling.
#[derive(Args, Clone, Debug, Serialize)]
#[command(next_help_heading = "Model")]
struct CouplingArgs {
    /// Temperature, or inf [default: critical]
    ///
    /// The critical one is |J| times 2.269185 in 2D and 4.5115 in 3D; in 1D it is |J|.
    #[arg(long, value_parser = rule(values::temperature), allow_hyphen_values = true, value_name = "T")]
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<String>,
    /// Inverse temperature, in place of --temperature
    #[arg(long, value_parser = rule(values::inverse_temperature), allow_hyphen_values = true,
          conflicts_with = "temperature", value_name = "B")]
    #[serde(skip_serializing_if = "Option::is_none")]
    beta: Option<String>,
    /// Coupling J; below 0 the antiferromagnet
    #[arg(long, value_parser = rule(values::coupling), allow_hyphen_values = true, value_name = "J")]
    #[serde(skip_serializing_if = "Option::is_none")]
    coupling: Option<String>,
}

/// A model with several updates of its Markov chains.
#[derive(Args, Clone, Debug, Serialize)]
pub(crate) struct Updated<O: Args> {
    #[command(flatten)]
    #[serde(flatten)]
    model: O,
    /// Update of the Markov chains [default: the fastest]
    #[arg(
        long,
        value_parser = ["wolff", "swendsen-wang", "metropolis"],
        help_heading = "Model",
        hide_short_help = true,
        value_name = "NAME"
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    algorithm: Option<String>,
}

/// The Ising model on a ring.
#[derive(Args, Clone, Debug, Serialize)]
#[command(next_help_heading = "Model")]
pub(crate) struct ChainArgs {
    /// Sites of the ring
    #[arg(long, value_parser = rule(values::ring), value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<String>,
    /// Law of the bonds: none, gaussian:MEAN,SD or pm:P
    ///
    /// They are multiplied by --coupling; gaussian is normal, and pm is −1 with probability P, else 1.
    #[arg(long, value_parser = rule(values::disorder), value_name = "LAW")]
    #[serde(skip_serializing_if = "Option::is_none")]
    disorder: Option<String>,
    /// Seed of the bonds; each seed gives another realisation
    #[arg(long, value_parser = rule(values::seed), value_name = "S")]
    #[serde(skip_serializing_if = "Option::is_none")]
    disorder_seed: Option<String>,
    /// First site of the block on the ring; bond i joins sites i and i + 1
    #[arg(long, value_parser = rule(values::count), value_name = "SITE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    coupling: CouplingArgs,
}

/// Interacting dimers.
#[derive(Args, Clone, Debug, Serialize)]
#[command(next_help_heading = "Model")]
pub(crate) struct DimerArgs {
    /// Vertices per side, an even number
    #[arg(long, value_parser = rule(values::count), value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<String>,
    /// Temperature in units of the attraction of two dimers, or inf
    #[arg(long, value_parser = rule(values::temperature), allow_hyphen_values = true,
          value_name = "T")]
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<String>,
    /// Add spins bound in pairs by exp(K s s′) [default: no noise]
    ///
    /// There is one on every vertex and face.
    #[arg(long, value_parser = rule(values::binding), allow_hyphen_values = true, value_name = "K")]
    #[serde(skip_serializing_if = "Option::is_none")]
    noise: Option<String>,
}

/// Chipping and aggregation.
#[derive(Args, Clone, Debug, Serialize)]
#[command(next_help_heading = "Model")]
pub(crate) struct ChippingArgs {
    /// Sites of the ring
    #[arg(long, value_parser = rule(values::ring), value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<String>,
    /// Mass per site; the total mass is a whole number
    #[arg(long, value_parser = rule(values::density), value_name = "RHO")]
    #[serde(skip_serializing_if = "Option::is_none")]
    density: Option<String>,
    /// Rate of aggregation w, relative to a chipping rate of 1
    ///
    /// At density 1 mass condenses above 1/3.
    #[arg(long, value_parser = rule(values::aggregation), value_name = "W")]
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<String>,
}

/// The Potts model.
#[derive(Args, Clone, Debug, Serialize)]
#[command(next_help_heading = "Model")]
pub(crate) struct PottsArgs {
    /// Side of the lattice, or both sides: 64 or 32,64
    #[arg(long, value_parser = rule(values::sides), value_name = "N[,N]")]
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<String>,
    /// Dimension, 1 or 2 [default: that of --size, else 2]
    #[arg(long, value_parser = rule(values::plane), value_name = "D")]
    #[serde(skip_serializing_if = "Option::is_none")]
    dimension: Option<String>,
    /// Number of states q, 2 to 16
    #[arg(long, value_parser = rule(values::count), value_name = "Q")]
    #[serde(skip_serializing_if = "Option::is_none")]
    states: Option<String>,
    /// Temperature, or inf [default: critical in 2D, 1/ln(1 + √q)]
    #[arg(long, value_parser = rule(values::temperature), allow_hyphen_values = true, value_name = "T")]
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<String>,
}

/// The free Gaussian field.
#[derive(Args, Clone, Debug, Serialize)]
#[command(next_help_heading = "Model")]
pub(crate) struct GaussianArgs {
    /// Side of the lattice, or all sides: 64 or 32,64 or 16,16,16
    #[arg(long, value_parser = rule(values::sides), value_name = "N[,N…]")]
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<String>,
    /// Dimension, 1 to 3 [default: that of --size, else 2]
    #[arg(long, value_parser = rule(values::dimension), value_name = "D")]
    #[serde(skip_serializing_if = "Option::is_none")]
    dimension: Option<String>,
    /// Mass m; if small, the inverse of the correlation length in sites
    #[arg(long, value_parser = rule(values::mass), allow_hyphen_values = true, value_name = "M")]
    #[serde(skip_serializing_if = "Option::is_none")]
    mass: Option<String>,
}

/// Burn-in and thinning of chains.
#[derive(Args, Clone, Debug, Serialize)]
#[command(next_help_heading = "Model")]
pub(crate) struct PaceArgs {
    /// Sweeps before the first sample [default: measured]
    #[arg(long, value_parser = rule(values::count), hide_short_help = true, value_name = "SWEEPS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    burn_in: Option<String>,
    /// Sweeps from one sample to the next [default: measured, two autocorrelation times]
    #[arg(long, value_parser = rule(values::positive), hide_short_help = true, value_name = "SWEEPS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    thin: Option<String>,
}

/// A file to read.
#[derive(Args, Debug)]
#[command(next_help_heading = "Data")]
pub(crate) struct DataArgs<A: Args> {
    #[command(flatten)]
    reading: ReadingArgs,
    #[command(flatten)]
    args: A,
}

/// How a file is read.
#[derive(Args, Debug, Serialize)]
#[command(next_help_heading = "Data")]
struct ReadingArgs {
    /// FILE.npy, FILE.npz with a single array, FILE.npz:MEMBER, or a table of numbers in text: .csv, .tsv or
    /// columns between blanks, a row for each configuration
    #[arg(value_parser = file_name)]
    file: String,
    /// Boundaries: periodic or open, for all axes or for each
    ///
    /// Windows wrap around the ends of a periodic axis.
    #[arg(long, value_parser = rule(values::boundaries), value_name = "KIND[,KIND…]")]
    #[serde(skip_serializing_if = "Option::is_none")]
    boundary: Option<String>,
    /// Fixed index of the block along each axis [default: all places]
    ///
    /// The block begins there; on a graph it is the central node or edge: N, node:N or edge:N. Without it
    /// windows are taken at all positions.
    #[arg(long, allow_hyphen_values = true, value_name = "N[,N…]")]
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    /// Graph of the values: an edge list, or a sparse matrix (.npz)
    ///
    /// Block, buffer and environment then count shells around --origin.
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    graph: Option<String>,
    /// Whether values belong to the nodes or edges of the graph [default: determined by their number]
    #[arg(long, value_parser = ["nodes", "edges"], hide_short_help = true, value_name = "SITES")]
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<String>,
    /// Meaning of the array's axes, a letter each: n configurations, r replicas, x space; nrx for series of
    /// several walkers, xx for one photograph [default: n, then x for all others]
    #[arg(long, value_parser = rule(Axes::parse), hide_short_help = true, value_name = "LETTERS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    axes: Option<String>,
    /// Configurations that repeat others: drop (copies, not the states of a small system) or keep
    /// [default: drop]
    #[arg(long, value_parser = ["drop", "keep"], hide_short_help = true, value_name = "POLICY")]
    #[serde(skip_serializing_if = "Option::is_none")]
    repeats: Option<String>,
    /// Parts of the file that are held out in turn, so that all of it serves for the reported figure
    /// [default: 5 where few configurations are independent, else 1]
    #[arg(long, value_parser = rule(values::folds), hide_short_help = true, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    folds: Option<String>,
    /// Critics that are tried on data that the first one overfits: several (smaller ones) or one [default:
    /// several, unless --critic, --hidden or --embedding is given]
    #[arg(long, value_parser = ["one", "several"], hide_short_help = true, value_name = "NUMBER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    critics: Option<String>,
    /// How values become numbers of order 1: auto, standard (x − mean)/(standard deviation), rank (normal
    /// scores) or none. Auto is standard, unless a few values carry much of the variance; then rank. At one
    /// place each site is transformed by itself
    #[arg(long, value_parser = rule(values::transform), hide_short_help = true, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    transform: Option<String>,
    /// What is subtracted first: none or site-means, where the means of places differ
    #[arg(long, value_parser = rule(values::subtract), hide_short_help = true, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    subtract: Option<String>,
    /// A value that marks missing ones, such as -9999, beside NaN
    #[arg(long, value_parser = rule(values::missing), allow_hyphen_values = true, value_name = "VALUE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
}

/// Block, buffer and environment.
#[derive(Args, Clone, Debug, Serialize)]
#[command(next_help_heading = "Window")]
pub(crate) struct WindowArgs {
    /// Side of the block, or all sides
    #[arg(long, value_parser = rule(values::block), value_name = "N[,N…]")]
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<String>,
    /// Width of the buffer around the block
    ///
    /// One width, or one for each axis.
    #[arg(long, value_parser = rule(values::widths), value_name = "N[,N…]")]
    #[serde(skip_serializing_if = "Option::is_none")]
    buffer: Option<String>,
    /// Width of the environment around it
    ///
    /// One width, or one for each axis.
    #[arg(long, value_parser = rule(values::widths), value_name = "N[,N…]")]
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<String>,
}

/// Bound, critic, schedule and stopping.
#[derive(Args, Clone, Debug, Serialize)]
#[command(next_help_heading = "Learning")]
pub(crate) struct LearningArgs {
    /// Largest number of training steps
    #[arg(long, value_parser = rule(values::positive), value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<String>,
    /// Joint samples in a batch, K
    #[arg(long, value_parser = rule(values::batch), value_name = "K")]
    #[serde(skip_serializing_if = "Option::is_none")]
    batch: Option<String>,
    /// Seed of the random numbers
    #[arg(long, short, value_parser = rule(values::seed), value_name = "S")]
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<String>,
    /// Windows that the reported figure is averaged over, at least; four times as many halve its standard
    /// error [default: some 80000]
    #[arg(long, value_parser = rule(values::positive), hide_short_help = true, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    held_out_windows: Option<String>,
    /// Learning rate at the start
    #[arg(long, value_parser = rule(values::rate), hide_short_help = true, value_name = "RATE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    learning_rate: Option<String>,
    /// Learning rate at the end of the half cosine
    #[arg(long, value_parser = rule(values::rate), hide_short_help = true, value_name = "RATE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    learning_rate_end: Option<String>,
    /// Lower bound of the information that is maximised and reported
    #[arg(long, value_parser = bounds(), hide_short_help = true, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    bound: Option<String>,
    /// Form of the critic f(h, e) [default: separable; moments for continuous h of discrete values,
    /// where other critics would read digits of h]
    #[arg(long, value_parser = critics(), hide_short_help = true, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    critic: Option<String>,
    /// Widths of the critic's hidden layers, or none [default: 32,32]; a quadratic critic has none
    #[arg(long, value_parser = rule(values::hidden), hide_short_help = true, value_name = "N[,N…]|none")]
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden: Option<String>,
    /// Width of the embedding in which the networks of a separable or moments critic meet [default: 8]
    #[arg(long, value_parser = rule(values::embedding), hide_short_help = true, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    embedding: Option<String>,
    /// Activation function of hidden layers [default: relu]
    #[arg(long, value_parser = activations(), hide_short_help = true, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    activation: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    stopping: StoppingArgs,
}

/// Criteria for ending a training before its last step.
#[derive(Args, Clone, Debug, Serialize)]
#[command(next_help_heading = "Stopping")]
struct StoppingArgs {
    /// End the training after N figures no better than the best
    ///
    /// They are validation figures in a row, of which there are 60 in a full training. The parameters of the best are kept; without this option
    /// those of the last step.
    #[arg(long, value_parser = rule(values::positive), value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    patience: Option<String>,
    /// End the training when the moving average over 200 steps differs from that of the previous 200 by
    /// no more than this, in nats (RSMI-NE, eq. B10) [default: never]
    #[arg(long, value_parser = rule(values::tolerance), hide_short_help = true, value_name = "NATS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    tolerance: Option<String>,
    /// Mix each such average with the previous one, I ← A I + (1 − A) I_previous (eq. B11); 1: no mixing
    #[arg(long, value_parser = rule(values::damping), hide_short_help = true, value_name = "A")]
    #[serde(skip_serializing_if = "Option::is_none")]
    damping: Option<String>,
}

/// A learned filter.
#[derive(Args, Clone, Debug, Serialize)]
#[command(next_help_heading = "Filter")]
pub(crate) struct FilterArgs {
    /// Number of coarse variables, C, at most 16, or auto
    ///
    /// auto: increase C as long as another component adds half of the average per component, and more
    /// than two standard errors.
    #[arg(long, value_parser = rule(values::components), value_name = "C|auto")]
    #[serde(skip_serializing_if = "Option::is_none")]
    components: Option<String>,
    /// Values of h: binary, continuous or states:Q
    ///
    /// continuous: h = Λ·v with filters of norm 1, or continuous:SIGMA, with normal noise of standard
    /// deviation SIGMA; states:Q: one of Q states with a filter each.
    #[arg(long, value_parser = rule(encoder::coarse), value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    encoder: Option<String>,
    /// Trainings, of which the best is reported
    ///
    /// They have different initial weights and samples; the best on validation windows and the spread
    /// are reported.
    #[arg(long, value_parser = rule(values::restarts), value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    restarts: Option<String>,
    /// Widths of the hidden layers of a multi-layer map that replaces Λ·v, such as 16 or 32,16; the
    /// report shows the mean response of each component to each site
    #[arg(long, value_parser = rule(values::hidden), hide_short_help = true, value_name = "N[,N…]|none")]
    #[serde(skip_serializing_if = "Option::is_none")]
    map: Option<String>,
    /// Refine the filter after the training by at most N steps of BFGS, with the critic fixed (RSMI-NE,
    /// eq. B12); 0: no refinement
    #[arg(long, value_parser = rule(values::count), hide_short_help = true, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    refine: Option<String>,
    /// Scale of the filter's initial weights, in units of Glorot's; small where Λ·v has directions
    /// without variance, which receive no gradient
    #[arg(long, value_parser = rule(values::relaxation), hide_short_help = true, value_name = "X")]
    #[serde(skip_serializing_if = "Option::is_none")]
    filter_start: Option<String>,
    /// Initial filters, by name or from a file as for `estimate --filter`, with their scale [default:
    /// random]
    #[arg(
        long,
        conflicts_with = "map",
        hide_short_help = true,
        value_name = "NAME|FILE.npy"
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    filter_init: Option<String>,
    /// Components of --filter-init that are kept fixed while everything else learns: all, or their
    /// numbers from 1
    #[arg(long, value_parser = rule(values::frozen), hide_short_help = true, value_name = "all|N[,N…]")]
    #[serde(skip_serializing_if = "Option::is_none")]
    freeze: Option<String>,
    /// Learning rate of the filter, in units of the critic's
    #[arg(long, value_parser = rule(values::relaxation), hide_short_help = true, value_name = "X")]
    #[serde(skip_serializing_if = "Option::is_none")]
    filter_rate: Option<String>,
    /// Decay of the weights of filter or map, in units of the learning rate: directions of Λ·v without
    /// variance decay, but learned weights shrink too, so that h drawn from them carries less
    /// information; 0.1 is mild, 1 strong
    #[arg(long, value_parser = rule(values::decay), hide_short_help = true, value_name = "RATE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    weight_decay: Option<String>,
    /// Relaxation at the start; continuous h has none
    #[arg(long, value_parser = rule(values::relaxation), hide_short_help = true, value_name = "E")]
    #[serde(skip_serializing_if = "Option::is_none")]
    epsilon_start: Option<String>,
    /// Smallest relaxation
    #[arg(long, value_parser = rule(values::relaxation), hide_short_help = true, value_name = "E")]
    #[serde(skip_serializing_if = "Option::is_none")]
    epsilon_end: Option<String>,
    /// Decay of the relaxation per step
    #[arg(long, value_parser = rule(values::rate), hide_short_help = true, value_name = "R")]
    #[serde(skip_serializing_if = "Option::is_none")]
    epsilon_rate: Option<String>,
}

/// A given filter.
#[derive(Args, Clone, Debug, Serialize)]
#[command(next_help_heading = "Filter")]
pub(crate) struct GivenArgs {
    /// uniform, boundary, decimation, staggered, or a file
    #[arg(long, required_unless_present = "from", value_name = "NAME|FILE.npy")]
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<String>,
    /// How h follows from the filter: sign, sigmoid, continuous, states:Q or argmax:Q
    ///
    /// sigmoid: P(h = +1) = 1/(1 + exp(−Λ·v)); continuous: h = Λ·v with the filter scaled to norm 1, or
    /// continuous:SIGMA, with noise; with a filter for each of Q states, states:Q, drawn by exp(Λ_s·v),
    /// and argmax:Q, the largest.
    #[arg(long, value_parser = rule(encoder::given), value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    encoder: Option<String>,
}

/// Settings of a training.
#[derive(Args, Clone, Debug, Serialize)]
pub(crate) struct TrainSettings {
    #[command(flatten)]
    #[serde(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    #[serde(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    #[serde(flatten)]
    learning: LearningArgs,
}

/// Settings of an estimate.
#[derive(Args, Clone, Debug, Serialize)]
pub(crate) struct EstimateSettings {
    #[command(flatten)]
    #[serde(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    #[serde(flatten)]
    filter: GivenArgs,
    #[command(flatten)]
    #[serde(flatten)]
    learning: LearningArgs,
}

/// Options of `train`.
#[derive(Args, Clone, Debug)]
pub(crate) struct TrainArgs {
    #[command(flatten)]
    pub(crate) settings: TrainSettings,
    #[command(flatten)]
    pub(crate) from: FromArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// Options of `estimate`.
#[derive(Args, Clone, Debug)]
pub(crate) struct EstimateArgs {
    #[command(flatten)]
    pub(crate) settings: EstimateSettings,
    #[command(flatten)]
    pub(crate) from: FromArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// Settings from a file.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Model")]
pub(crate) struct FromArgs {
    /// Settings from a run (its folder or run.json), or your own file
    ///
    /// The former repeats the run. A file of your own has the same form (JSON, or TOML if it ends in
    /// .toml). Options override its settings, and the model may be omitted.
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
}

/// Output of a run.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Folder of the run [default: runs/ and a name]
    ///
    /// The name has model, seed and the settings that are no defaults: runs/ising-1, or
    /// runs/ising-1-temperature-2. Folders around it are made.
    #[arg(long, short, value_name = "RUN/")]
    pub(crate) out: Option<PathBuf>,
    /// Replace the finished run of other settings in --out
    ///
    /// A folder that holds no run is never replaced.
    #[arg(long)]
    pub(crate) force: bool,
    /// Seconds of training between checkpoints, which are in RUN.checkpoint until the run is finished;
    /// 0: no checkpoints. No result depends on it
    #[arg(long, default_value = "30", value_parser = values::seconds, hide_short_help = true,
          value_name = "SECONDS")]
    pub(crate) checkpoint: f64,
    /// Resume a stopped run from its checkpoint
    ///
    /// The result is that of a run with the same settings that was not stopped; without a checkpoint the
    /// run starts anew.
    #[arg(long)]
    pub(crate) resume: bool,
}

/// Options of `sample`.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Samples")]
pub(crate) struct SampleArgs {
    /// Number of configurations
    #[arg(long, value_parser = values::positive_u64, value_name = "N")]
    pub(crate) samples: u64,
    /// Seed of the random numbers
    #[arg(long, short, default_value = "1", value_parser = values::seed, value_name = "S")]
    pub(crate) seed: u64,
    /// File to write, an array of shape (N, L0[, L1[, L2]])
    ///
    /// Spins as int8 ±1, dimers as int8 0 and 1 on the doubled lattice, masses as int32, Potts states as
    /// int8, fields as float32. The suffix says the format: .npy, .npz or .csv; - writes .npy to standard
    /// output.
    #[arg(long, short, value_name = "FILE.npy|.npz|.csv|-")]
    pub(crate) out: PathBuf,
    /// Also draw the last configurations, as SVG or PNG by the suffix
    #[arg(long, value_name = "FILE.svg|FILE.png")]
    pub(crate) picture: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) bonds: BondsArgs,
}

/// The options that were given, by the names of their settings.
pub(crate) fn fields(args: &impl Serialize) -> Fields {
    match serde_json::to_value(args) {
        Ok(serde_json::Value::Object(fields)) => fields,
        _ => Fields::new(),
    }
}

impl<O: Args + Serialize, A: Args> Sampled<O, A> {
    fn split(self, model: &str) -> (Fields, A) {
        let mut given = Fields::new();
        given.insert("model".into(), model.into());
        given.extend(fields(&self.model));
        given.extend(fields(&self.pace));
        (given, self.args)
    }
}

impl<A: Args> ModelArgs<A> {
    /// The settings of model and chains that were given, and the options of the command.
    pub(crate) fn split(self) -> (Fields, A) {
        match self {
            ModelArgs::Ising(args) => args.split("ising"),
            ModelArgs::Chain(args) => args.split("chain"),
            ModelArgs::Dimer(args) => args.split("dimer"),
            ModelArgs::Chipping(args) => args.split("chipping"),
            ModelArgs::Potts(args) => args.split("potts"),
            ModelArgs::Gaussian(args) => args.split("gaussian"),
        }
    }
}

impl<A: Args> SourceArgs<A> {
    /// As [`ModelArgs::split`], or the settings of a file.
    pub(crate) fn split(self) -> (Fields, A) {
        match self {
            SourceArgs::Model(model) => model.split(),
            SourceArgs::Data(DataArgs { reading, args }) => {
                let mut given = Fields::new();
                given.insert("model".into(), "data".into());
                given.extend(fields(&reading));
                (given, args)
            }
        }
    }
}
