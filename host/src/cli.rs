//! The command line: what can be typed, turned into checked settings.

use std::num::NonZeroU32;
use std::path::PathBuf;

use blockspin_core::bound::AnyBound as Bound;
use blockspin_core::critic::{Activation, AnyCritic as Critic};
use blockspin_core::exact::DIMER_SIDE;
use blockspin_core::lattice::{Lattice, MAX_DIMENSION};
use blockspin_core::optim::schedule::Schedule;
use blockspin_core::optim::stopping::Convergence;
use blockspin_core::shape::{MAX_COMPONENTS, Shape};
use blockspin_core::window::{Window, WindowError};
use clap::builder::TypedValueParser as _;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::coarse::{Coarse, Given};
use crate::error::{Error, Result};
use crate::filters::{commas, product};
use crate::graph::On;
use crate::learn::{FILTER_RATE, Stopping};
use crate::model::{Layout, Model, Named, chipping, dimer, gaussian, ising, potts};
use crate::parse::{self, Boundaries, Components, Frozen, Hidden, Sides};
use crate::subject::{Pace, Reading, Subject};

/// Hidden layers of a critic.
const HIDDEN: [u32; 2] = [32, 32];
/// Width of the embedding in which a separable critic's networks meet.
const EMBEDDING: u32 = 8;

/// Finds the degrees of freedom that matter at long distance, by maximising real-space mutual
/// information.
#[derive(Debug, Parser)]
#[command(
    name = "blockspin",
    version,
    arg_required_else_help = true,
    after_help = "Example: blockspin train ising --temperature 2.269 --seed 1\n\
                  Information is in nats, temperatures in units of |J|/k_B."
)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Lets every option take a negative number, so that the rule it breaks can be told, and gives the
/// options of runs the defaults of the model that they follow, and every model an example.
fn open(command: clap::Command) -> clap::Command {
    command.mut_args(open_argument).mut_subcommands(|command| {
        let verb = command.get_name().to_string();
        let command = command.mut_args(open_argument);
        command.mut_subcommands(|model| open_model(&verb, model))
    })
}

fn open_argument(argument: clap::Arg) -> clap::Arg {
    let takes_value = argument.get_action().takes_values();
    argument.allow_negative_numbers(takes_value)
}

/// The same of a model after a verb.
fn open_model(verb: &str, command: clap::Command) -> clap::Command {
    let model = command.get_name().to_string();
    let defaults = match &model[..] {
        _ if verb == "exact" => &[],
        "dimer" => dimer::DEFAULTS,
        "chipping" => chipping::DEFAULTS,
        _ => &[],
    };
    let after = command.get_after_help().map(ToString::to_string);
    let after = after.unwrap_or_default();
    let command = match after.contains("Example") {
        true => command,
        false => command.after_help(
            format!("{}\n{after}", example(verb, &model))
                .trim()
                .to_string(),
        ),
    };
    command.mut_args(|argument| {
        let own = defaults.iter().find(|(name, _)| argument.get_id() == name);
        let argument = open_argument(argument);
        let argument = match own {
            Some((_, value)) => argument.default_value(*value),
            None => argument,
        };
        match model == "dimer" && argument.get_id() == "filter" {
            true => argument.help(dimer::FILTERS),
            false => argument,
        }
    })
}

/// An example of a verb with a model.
fn example(verb: &str, model: &str) -> String {
    let options = match model {
        "gaussian" => " --mass 0.1",
        _ => "",
    };
    let rest = match verb {
        "sample" => format!(" --samples 1000 --out {model}.npy --picture {model}.svg"),
        "estimate" => " --filter uniform".into(),
        "exact" => " --size 4 --block 2 --filter uniform".into(),
        _ => String::new(),
    };
    format!("Example: blockspin {verb} {model}{options}{rest}")
}

impl Cli {
    /// What was typed; usage errors and `--help` end the program.
    #[must_use]
    pub fn read() -> Self {
        let parsed = open(Self::command())
            .try_get_matches()
            .and_then(|matches| Self::from_arg_matches(&matches));
        match parsed {
            Ok(cli) => cli,
            Err(error) if error.use_stderr() => {
                eprint!("{}", in_one_line(&error.render().to_string()));
                std::process::exit(2)
            }
            Err(help) => help.exit(),
        }
    }
}

/// An error as clap has it, with what it puts on lines of its own (the values that are possible,
/// the arguments that are missing) in the first line.
fn in_one_line(text: &str) -> String {
    let (first, rest) = text.split_once("\n\n").unwrap_or((text, ""));
    let lines: Vec<_> = first.lines().map(str::trim).collect();
    if rest.is_empty() {
        lines.join(" ") + "\n"
    } else {
        format!("{}\n\n{rest}", lines.join(" "))
    }
}

/// Options of every command.
#[derive(Args, Clone, Debug)]
pub struct Global {
    /// Instructions to compute with: auto, portable, avx2 or avx512; no result depends on it
    #[arg(
        long,
        global = true,
        env = "BLOCKSPIN_ISA",
        default_value = "auto",
        value_name = "NAME"
    )]
    pub isa: String,
    /// Threads for Markov chains and for fingerprints; no result depends on it
    #[arg(long, global = true, default_value_t = 1, value_parser = parse::positive(), value_name = "N")]
    pub threads: u32,
    /// No progress bars
    #[arg(long, global = true)]
    pub quiet: bool,
    /// One JSON object on standard output, and nothing else there
    #[arg(long, global = true)]
    pub json: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Draw configurations of a model and save them
    #[command(
        after_help = "Example: blockspin sample ising --size 64 --samples 1000 --out spins.npy"
    )]
    Sample {
        /// The model.
        #[command(subcommand)]
        model: ModelArgs<SampleArgs>,
    },
    /// Find the filter that keeps the most information, and say how much that is
    #[command(
        after_help = "Examples: blockspin train ising\n          blockspin train data spins.npy"
    )]
    Train {
        /// The model or file.
        #[command(subcommand)]
        model: SubjectArgs<TrainArgs>,
    },
    /// Say how much information a given filter keeps
    #[command(after_help = "Example: blockspin estimate ising --filter boundary")]
    Estimate {
        /// The model or file.
        #[command(subcommand)]
        model: SubjectArgs<EstimateArgs>,
    },
    /// The same quantities without sampling, for small systems
    #[command(
        after_help = "Example: blockspin exact ising --size 4 --block 2 --buffer 0 --filter uniform"
    )]
    Exact {
        /// The model.
        #[command(subcommand)]
        model: ExactModelArgs,
    },
    /// Run the standard workloads and print a fingerprint of each, the same on every machine
    #[command(after_help = "Example: blockspin fingerprint --threads 2")]
    Fingerprint,
}

/// A model that is sampled, with the options `A` of the command that it follows.
#[derive(Debug, Subcommand)]
pub enum ModelArgs<A: Args> {
    /// The Ising model in one, two or three dimensions
    Ising(Sampled<ising::SampledOptions, A>),
    /// The Ising chain
    Chain(Sampled<ising::SampledRingOptions, A>),
    /// Interacting dimers that cover a square torus
    #[command(
        after_help = "The weight of a covering is exp(N/T), N the plaquettes with two parallel dimers.\n\
                      Configurations, blocks and widths are those of the doubled lattice of 2N × 2N:\n\
                      (even, even) is a vertex, (odd, odd) a face, the others are links, 1 with a dimer."
    )]
    Dimer(Sampled<dimer::Options, A>),
    /// Masses that chip and aggregate on a ring
    #[command(
        after_help = "Of every occupied site one unit goes to a random neighbour at rate 1, the whole\n\
                      mass at rate w. Where mass gathers chains take thousands of sweeps to forget, and\n\
                      training minutes: --threads shares them out, --thin shortens them."
    )]
    Chipping(Sampled<chipping::Options, A>),
    /// The q-state Potts model in one or two dimensions
    Potts(Sampled<potts::Options, A>),
    /// The free Gaussian field in one, two or three dimensions
    #[command(
        after_help = "The weight of a field φ is exp(−S), S = ½ Σ_⟨ij⟩ (φ_i − φ_j)² + ½ m² Σ_i φ_i²."
    )]
    Gaussian(Sampled<gaussian::Options, A>),
}

/// A model whose answers are known.
#[derive(Debug, Subcommand)]
pub enum ExactModelArgs {
    /// The Ising model in one, two or three dimensions
    Ising(Asked<ising::Options, SpinArgs>),
    /// The Ising chain
    #[command(
        after_help = "Example: blockspin exact chain --size 64 --disorder gaussian:0,1 --disorder-seed 3 \
                      --block 4 --buffer 2 --filter decimation --origin 17\n\
                      With disorder the answers are those of one realisation, drawn from --disorder-seed,\n\
                      and of the block at --origin; its bonds are multiplied by --coupling."
    )]
    Chain(Asked<ising::RingOptions, SpinArgs>),
    /// The free Gaussian field in one, two or three dimensions, in closed form
    #[command(
        after_help = "Example: blockspin exact gaussian --size 64 --mass 0.1 --block 4 --buffer 4 \
                      --filter uniform\n\
                      The weight of a field φ is exp(−S), S = ½ Σ_⟨ij⟩ (φ_i − φ_j)² + ½ m² Σ_i φ_i²;\n\
                      energy per site is ⟨S⟩/N."
    )]
    Gaussian(Asked<gaussian::Options, FieldArgs>),
    /// Masses that chip and aggregate on a small ring: their stationary law
    #[command(
        after_help = "Examples: blockspin exact chipping --size 6 --density 1 --rate 0.33\n          \
                      blockspin exact chipping --size 8 --block 2 --buffer 1 --filter uniform\n\
                      Of every occupied site one unit goes to a random neighbour at rate 1, the whole\n\
                      mass at rate w; configurations are counted on rings of up to 10 sites. A filter\n\
                      sees a mass m as m − ρ, ρ the density."
    )]
    Chipping(Asked<chipping::Options, ExactArgs>),
    /// Interacting dimers that cover a small square torus, counted
    #[command(
        after_help = "Examples: blockspin exact dimer --size 4 --temperature 0.65\n          \
                      blockspin exact dimer --size 6 --block 4 --buffer 2 --filter staggered\n\
                      The weight of a covering is exp(N/T), N the plaquettes with two parallel dimers;\n\
                      temperature inf is the free dimers. Blocks, buffers and filters are those of the\n\
                      doubled lattice of 2N × 2N: (even, even) is a vertex, where the block begins,\n\
                      (odd, odd) a face, the others are links, which alone count. A filter sees\n\
                      1.5 for a link with a dimer, -0.5 for one without: their mean is 0."
    )]
    Dimer(DimerArgs),
}

/// A model, or a file.
#[derive(Debug, Subcommand)]
pub enum SubjectArgs<A: Args> {
    /// A model, sampled as training goes.
    #[command(flatten)]
    Model(ModelArgs<A>),
    /// Your own configurations: an array of shape (N, L0[, L1[, L2]]), .npy or .npz
    #[command(
        after_help = "Examples: blockspin train data spins.npy --block 2 --buffer 1 --environment 4\n          \
                      blockspin train data frames.npz:u --boundary open --origin 12,30\n          \
                      blockspin train data values.npy --graph edges.txt --origin 17 --block 2 --buffer 1"
    )]
    Data(DataArgs<A>),
}

/// Options of a model whose chains are run, and of a command.
#[derive(Args, Debug)]
pub struct Sampled<O: Args, A: Args> {
    #[command(flatten)]
    options: O,
    #[command(flatten)]
    pace: Pace,
    #[command(flatten)]
    args: A,
}

/// Options of a model, and of a command.
#[derive(Args, Debug)]
pub struct Asked<O: Args, A: Args> {
    /// The model's.
    #[command(flatten)]
    pub options: O,
    /// The command's.
    #[command(flatten)]
    pub args: A,
}

/// Block, filter and encoder of an exact calculation on a field.
#[derive(Args, Clone, Debug)]
pub struct FieldArgs {
    /// Block, buffer and filter.
    #[command(flatten)]
    pub block: BlockArgs,
    /// How h follows from the filter
    #[arg(long, value_enum, default_value_t = FieldEncoderName::Sign)]
    pub encoder: FieldEncoderName,
    /// Says as well what InfoNCE can show of the information of a binary h with so many joint
    /// samples, K
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..).try_map(NonZeroU32::try_from),
          value_name = "K", requires = "filter")]
    pub batch: Option<NonZeroU32>,
}

/// Options of `dimer`.
#[derive(Args, Debug)]
pub struct DimerArgs {
    /// Vertices per side: 4, 6 or 8; with a block 4 or 6
    #[arg(long, default_value_t = DIMER_SIDE, value_name = "N")]
    pub size: u32,
    /// Temperature in units of the attraction of two parallel dimers; inf: free dimers
    #[arg(long, default_value = "inf", value_parser = parse::dimer_temperature,
          allow_hyphen_values = true, value_name = "T")]
    pub temperature: f64,
    /// Block, buffer, filter and encoder.
    #[command(flatten)]
    pub args: ExactArgs,
}

/// A file to read.
#[derive(Args, Debug)]
pub struct DataArgs<A: Args> {
    /// FILE.npy, FILE.npz with one array in it, or FILE.npz:MEMBER
    file: PathBuf,
    /// Whether windows wrap around the ends of an axis: periodic or open, for all axes or for each
    #[arg(long, default_value = "periodic", value_parser = parse::boundaries, value_name = "KIND[,KIND[,KIND]]")]
    boundary: Boundaries,
    /// The one place where the block begins, as index along each axis; on a graph the central node
    /// or edge, N, node:N or edge:N [default: windows at all places]
    #[arg(long, allow_hyphen_values = true, value_name = "N[,N[,N]]")]
    origin: Option<String>,
    /// The graph that the values lie on: an edge list, or a sparse matrix (.npz). Block, buffer and
    /// environment then count shells around --origin
    #[arg(
        long,
        value_name = "FILE",
        requires = "origin",
        conflicts_with = "boundary"
    )]
    graph: Option<PathBuf>,
    /// Whether values belong to the nodes or the edges of the graph [default: as their number says]
    #[arg(long, value_enum, requires = "graph", value_name = "SITES")]
    values: Option<On>,
    #[command(flatten)]
    args: A,
}

/// What to sample.
#[derive(Args, Clone, Debug)]
pub struct SampleArgs {
    /// Number of configurations
    #[arg(long, value_parser = parse::positive_u64, value_name = "N")]
    pub samples: u64,
    /// Seed of the random numbers
    #[arg(long, default_value_t = 1, value_name = "S")]
    pub seed: u64,
    /// File to write, shape (N, L0[, L1[, L2]]): spins as int8 ±1, dimers as int8 0 and 1 on the
    /// doubled lattice, masses as int32, Potts states as int8, fields as float32
    #[arg(long, value_name = "FILE.npy")]
    pub out: PathBuf,
    /// Draws the last configurations as well, as SVG
    #[arg(long, value_name = "FILE.svg")]
    pub picture: Option<PathBuf>,
}

/// Window, critic and schedule of a run.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    /// Side of the block, or all sides
    #[arg(long, default_value = "4", value_parser = parse::block, value_name = "N[,N[,N]]")]
    block: Sides,
    /// Width of the buffer around the block, or its width along each axis
    #[arg(long, default_value = "4", value_parser = parse::widths, value_name = "N[,N[,N]]")]
    buffer: Sides,
    /// Width of the environment around the buffer, or its width along each axis
    #[arg(long, default_value = "10", value_parser = parse::widths, value_name = "N[,N[,N]]")]
    environment: Sides,
    /// Joint samples in a batch, K
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(2..=16384), value_name = "K")]
    batch: u32,
    /// Training steps
    #[arg(long, default_value_t = 6000, value_parser = parse::positive(), value_name = "N")]
    steps: u32,
    /// Learning rate at the start
    #[arg(long, default_value = "5e-3", value_parser = parse::rate, value_name = "RATE")]
    learning_rate: f32,
    /// Learning rate at the end of the half cosine
    #[arg(long, default_value = "0", value_parser = parse::rate, value_name = "RATE")]
    learning_rate_end: f32,
    /// Ends the training when the moving average of 200 steps differs from that of the 200 before by no
    /// more than this, in nats (RSMI-NE, eq. B10) [default: never]
    #[arg(long, value_parser = parse::tolerance, value_name = "NATS")]
    tolerance: Option<f64>,
    /// Mixes every such average with the one before, I ← A I + (1 − A) I before (eq. B11); 1: not
    #[arg(long, default_value = "0.5", value_parser = parse::damping, requires = "tolerance", value_name = "A")]
    damping: f64,
    /// Ends the training when so many validation figures in a row (there are 60 in a whole one) are no
    /// better than the best, and keeps the parameters of the best [default: the last step's are kept]
    #[arg(long, value_parser = parse::positive(), value_name = "N")]
    patience: Option<u32>,
    /// Lower bound of the information that is maximised, and reported
    #[arg(long, default_value = Bound::InfoNce.name(), value_parser = parse::bound(), value_name = "NAME")]
    pub bound: Bound,
    /// The functions f(h, e) among which the critic is found [default: separable; moments for continuous h
    /// of discrete values, whose digits would count]
    #[arg(long, value_parser = parse::critic(), value_name = "NAME")]
    critic: Option<Critic>,
    /// Widths of the critic's hidden layers, or none [default: 32,32]; a quadratic critic has none
    #[arg(long, value_parser = parse::hidden, value_name = "N[,N...]|none")]
    hidden: Option<Hidden>,
    /// Width of the embedding in which the networks of a separable critic, or one of moments, meet [default: 8]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=255), value_name = "N")]
    embedding: Option<u32>,
    /// What is applied to the outputs of hidden layers [default: relu]
    #[arg(long, value_parser = parse::activation(), value_name = "NAME")]
    activation: Option<Activation>,
    /// Seed of the random numbers
    #[arg(long, default_value_t = 1, value_name = "S")]
    pub seed: u64,
}

/// How a filter is learned, and where the run goes.
#[derive(Args, Clone, Debug)]
pub struct TrainArgs {
    /// The run.
    #[command(flatten)]
    pub run: RunArgs,
    /// Number of coarse variables, C, at most 16; auto: one, two and so on, for as long as one more adds
    /// half of what one keeps on average, and more than two standard errors
    #[arg(long, default_value = "1", value_parser = parse::components, value_name = "C|auto")]
    components: Components,
    /// Trainings with other first weights and samples, of which the best on validation windows is
    /// reported, and the spread told
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000), value_name = "N")]
    pub restarts: u32,
    /// Refines the filter after the training by so many steps of BFGS at most, with the critic as it
    /// is (RSMI-NE, eq. B12); 0: not
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub refine: u32,
    /// Values of h: binary; continuous, h = Λ·v with filters of norm 1, or continuous:SIGMA, with normal
    /// noise of deviation SIGMA; or states:Q, one of Q states with a filter for each
    #[arg(long, default_value = "binary", value_parser = parse::coarse, value_name = "NAME")]
    pub encoder: Coarse,
    /// Size of the filter's first weights, in units of Glorot's: small where there are directions in
    /// which Λ·v never varies, which stay as they began
    #[arg(long, default_value = "1", value_parser = parse::relaxation, value_name = "X")]
    pub filter_start: f32,
    /// Filters to begin with, by name or from a file, as `estimate --filter` takes them, at the scale
    /// that they have [default: drawn]
    #[arg(long, value_name = "NAME|FILE.npy", conflicts_with = "map")]
    pub filter_init: Option<String>,
    /// Components of --filter-init that stay as they are while all else learns: all, or their numbers
    /// from 1
    #[arg(long, value_parser = parse::frozen, value_name = "all|N[,N…]", requires = "filter_init")]
    pub freeze: Option<Frozen>,
    /// Decay of the weights of filter or map, in units of the learning rate: directions in which Λ·v
    /// never varies fade, and what is learned shrinks too, so that h drawn from it tells less; 0.1 is
    /// mild, 1 much
    #[arg(long, default_value = "0", value_parser = parse::decay, value_name = "RATE")]
    pub weight_decay: f32,
    /// A multi-layer map in place of Λ·v, by the widths of its hidden layers, such as 16 or 32,16; its
    /// picture is the mean response of each component to each site [default: none]
    #[arg(long, default_value = "none", value_parser = parse::hidden, value_name = "N[,N…]|none")]
    pub map: Hidden,
    /// Learning rate of the filter, in units of that of the critic
    #[arg(long, default_value_t = FILTER_RATE, value_parser = parse::relaxation, value_name = "X")]
    pub filter_rate: f32,
    /// Relaxation at the start; continuous h has none
    #[arg(long, default_value = "0.5", value_parser = parse::relaxation, value_name = "E")]
    epsilon_start: f32,
    /// Least relaxation
    #[arg(long, default_value = "0.1", value_parser = parse::relaxation, value_name = "E")]
    epsilon_end: f32,
    /// Decay of the relaxation per step
    #[arg(long, default_value = "5e-3", value_parser = parse::rate, value_name = "R")]
    epsilon_rate: f32,
    /// Folder of the run [default: runs/MODEL-SEED]
    #[arg(long, value_name = "RUN/")]
    pub out: Option<PathBuf>,
    /// Seconds of training from one checkpoint to the next, in RUN.checkpoint until the run is
    /// finished; 0: none. No result depends on it
    #[arg(long, default_value = "30", value_parser = parse::seconds, value_name = "SECONDS")]
    pub checkpoint: f64,
    /// Goes on from the checkpoint of a training with the same options that was stopped, as if it had
    /// not been; where there is none, the training starts anew
    #[arg(long)]
    pub resume: bool,
}

/// A filter to judge.
#[derive(Args, Clone, Debug)]
pub struct EstimateArgs {
    /// The run.
    #[command(flatten)]
    pub run: RunArgs,
    /// uniform, boundary, decimation, staggered, or a file
    #[arg(long, value_name = "NAME|FILE.npy")]
    pub filter: String,
    /// How h follows from the filter: sign; sigmoid, P(h = +1) = 1/(1 + exp(−Λ·v)); continuous,
    /// h = Λ·v with the filter brought to norm 1, or continuous:SIGMA, with noise; or, with a filter for
    /// each of Q states, states:Q, drawn by exp(Λ_s·v), and argmax:Q, the largest
    #[arg(long, default_value = "sign", value_parser = parse::given, value_name = "NAME")]
    pub encoder: Given,
}

/// Block, buffer and filter of an exact calculation.
#[derive(Args, Clone, Debug)]
pub struct BlockArgs {
    /// Side of the block, or all sides [default: means only]
    #[arg(long, value_parser = parse::block, value_name = "N[,N[,N]]")]
    block: Option<Sides>,
    /// Width of the buffer around the block; all beyond is the environment
    #[arg(long, default_value_t = 0, value_name = "N", requires = "block")]
    pub buffer: u32,
    /// uniform, boundary, decimation, staggered, or a file
    #[arg(long, value_name = "NAME|FILE.npy", requires = "block")]
    pub filter: Option<String>,
}

impl BlockArgs {
    /// Sides of the block, if there is one.
    #[must_use]
    pub fn sides(&self) -> Option<&[u32]> {
        self.block.as_ref().map(|sides| &sides.0[..])
    }
}

/// An exact calculation with binary h.
#[derive(Args, Clone, Debug)]
pub struct ExactArgs {
    /// Block, buffer and filter.
    #[command(flatten)]
    pub block: BlockArgs,
    /// How h follows from the filter
    #[arg(long, value_enum, default_value_t = EncoderName::Sign)]
    pub encoder: EncoderName,
    /// Says as well what InfoNCE can show of the information with so many joint samples, K
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..).try_map(NonZeroU32::try_from),
          value_name = "K", requires = "filter")]
    pub batch: Option<NonZeroU32>,
}

/// An exact calculation with spins.
#[derive(Args, Clone, Debug)]
#[command(mut_arg("filter", |filter| filter.help(
    "uniform, boundary, decimation, staggered, or a file; or best, the filter that keeps the most with \
     h = sign(Λ·v): of all on blocks of up to 5 sites, beyond that, up to 16, of those that a search \
     came by")))]
pub struct SpinArgs {
    /// Block, buffer, filter and encoder.
    #[command(flatten)]
    pub exact: ExactArgs,
    /// Components of --filter best [default: 1]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=8), value_name = "C", requires = "filter")]
    pub components: Option<u32>,
}

/// How binary h follows from Λ·v.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EncoderName {
    /// h = sign(Λ·v), ties by fair coins
    Sign,
    /// P(h = +1) = 1/(1 + exp(−Λ·v))
    Sigmoid,
}

/// How h follows from Λ·v, where v is a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FieldEncoderName {
    /// h = sign(Λ·v), one component
    Sign,
    /// P(h = +1) = 1/(1 + exp(−Λ·v)), one component
    Sigmoid,
    /// h = Λ·v, any number of components
    Continuous,
}

impl<O: Args + Named, A: Args> Sampled<O, A> {
    fn resolve(self) -> Result<(Box<dyn Model>, Pace, A)> {
        Ok((self.options.model()?, self.pace, self.args))
    }
}

impl<A: Args> ModelArgs<A> {
    /// The model, the pace of its chains, and the options of the command.
    ///
    /// # Errors
    /// Usage, naming the parameter and the rule.
    pub fn resolve(self) -> Result<(Box<dyn Model>, Pace, A)> {
        match self {
            ModelArgs::Ising(args) => args.resolve(),
            ModelArgs::Chain(args) => args.resolve(),
            ModelArgs::Dimer(args) => args.resolve(),
            ModelArgs::Chipping(args) => args.resolve(),
            ModelArgs::Potts(args) => args.resolve(),
            ModelArgs::Gaussian(args) => args.resolve(),
        }
    }
}

impl<A: Args> SubjectArgs<A> {
    /// The model or the file's configurations, and the options of the command.
    ///
    /// # Errors
    /// Usage, naming the parameter and the rule; a failure, if the file cannot be read.
    pub fn resolve(self, quiet: bool) -> Result<(Subject, A)> {
        match self {
            SubjectArgs::Model(model) => {
                let (model, pace, args) = model.resolve()?;
                Ok((Subject::Model(model, pace), args))
            }
            SubjectArgs::Data(args) => {
                let reading = Reading {
                    open: args.boundary.0,
                    origin: args.origin,
                    graph: args.graph,
                    values: args.values,
                };
                Ok((Subject::read(&args.file, reading, quiet)?, args.args))
            }
        }
    }
}

impl RunArgs {
    /// The window on a lattice.
    ///
    /// # Errors
    /// Usage, with both sizes and the largest window that fits.
    pub fn window(&self, lattice: Lattice, layout: &Layout) -> Result<Window> {
        let (block, buffer, environment) = (&self.block.0, &self.buffer.0, &self.environment.0);
        let window = Window::new(lattice, block, buffer, environment);
        let placed = window.and_then(|window| match layout {
            Layout::Anywhere => Ok(window),
            Layout::Doubled { links } => window.doubled(*links),
            Layout::Origin(site) => window.with_corner(&[*site]),
            Layout::States(states) => Ok(with_states(window, *states)?),
        });
        placed.map_err(|error| match error {
            WindowError::TooLarge {
                axis,
                window,
                lattice: side,
            } => {
                let at = |sides: &[u32]| *sides.get(axis).unwrap_or(&sides[0]);
                let (block, buffer, environment) = (at(block), at(buffer), at(environment));
                Error::usage(format!(
                    "a window of {window} (block {block}, buffer {buffer} and environment \
                     {environment} on both sides) does not fit a lattice of {}: the largest that \
                     fits is {side}",
                    product(lattice.sides())
                ))
                .hint(room_hint(block, buffer, side))
            }
            WindowError::EmptyEnvironment => Error::usage(
                "--environment 0 leaves no environment; it is at least 1 along some axis",
            ),
            WindowError::Dimension { .. } => Error::usage(format!(
                "{error}; --block, --buffer and --environment take one number, or one for each axis"
            )),
            error => Error::usage(error.to_string()),
        })
    }

    /// Shells of V, buffer and E on a graph.
    ///
    /// # Errors
    /// Usage, if one of them is a list.
    pub fn shells(&self) -> Result<[u32; 3]> {
        let one = |name: &str, sides: &Sides| match sides.0[..] {
            [n] => Ok(n),
            _ => Err(Error::usage(format!(
                "--{name} {} on a graph; there it is one number of shells",
                commas(&sides.0)
            ))),
        };
        Ok([
            one("block", &self.block)?,
            one("buffer", &self.buffer)?,
            one("environment", &self.environment)?,
        ])
    }

    /// Block, buffer and environment as typed.
    #[must_use]
    pub fn place_words(&self) -> String {
        format!(
            "--block {} --buffer {} --environment {}",
            commas(&self.block.0),
            commas(&self.buffer.0),
            commas(&self.environment.0)
        )
    }

    /// The critic, for values of h that are of discrete ones, or not.
    #[must_use]
    pub fn critic(&self, coarse: Coarse, discrete: bool) -> Critic {
        self.critic.unwrap_or(coarse.critic(discrete))
    }

    /// The shape of a run with so many filters, for |V| and |E|.
    ///
    /// # Errors
    /// Usage, naming the size that is out of range.
    pub fn shape(
        &self,
        (block, environment): (usize, usize),
        filters: u32,
        critic: Critic,
    ) -> Result<Shape> {
        let few = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        self.has_meaning(critic)?;
        let hidden = self.hidden.as_ref().map_or(&HIDDEN[..], |hidden| &hidden.0);
        let outputs = self.embedding.unwrap_or(EMBEDDING) + self.bound.outputs(critic);
        Shape::new(
            few(block),
            few(environment),
            filters,
            hidden,
            outputs,
            self.batch,
        )
        .and_then(|shape| shape.with_critic(critic))
        .map(|shape| shape.with_activation(self.activation.unwrap_or_default()))
        .map_err(|error| Error::usage(error.to_string()))
    }

    /// When the training ends before its last step.
    #[must_use]
    pub fn stopping(&self) -> Stopping {
        let rule = |tolerance| Convergence::new(tolerance, self.damping);
        Stopping {
            convergence: self.tolerance.map(rule),
            patience: self.patience,
        }
    }

    /// The same as typed.
    #[must_use]
    pub fn stopping_words(&self) -> String {
        let mut words = String::new();
        if let Some(tolerance) = self.tolerance {
            words += &format!(" --tolerance {tolerance} --damping {}", self.damping);
        }
        if let Some(checks) = self.patience {
            words += &format!(" --patience {checks}");
        }
        words
    }

    /// Refuses options that the critic has no use for.
    fn has_meaning(&self, critic: Critic) -> Result<()> {
        let layered = critic != Critic::Quadratic;
        let activated = layered && self.hidden.as_ref().is_none_or(|h| !h.0.is_empty());
        for (name, given, used, why) in [
            (
                "embedding",
                self.embedding.is_some(),
                matches!(critic, Critic::Separable | Critic::Moments),
                "only critics of two networks have an embedding",
            ),
            (
                "hidden",
                self.hidden.is_some(),
                layered,
                "a quadratic critic has no hidden layers",
            ),
            (
                "activation",
                self.activation.is_some(),
                activated,
                "it is that of hidden layers, and there are none",
            ),
        ] {
            if given && !used {
                return Err(Error::usage(format!(
                    "--{name} with --critic {critic}: {why}; leave --{name} out"
                )));
            }
        }
        Ok(())
    }

    /// The critic as typed; nothing, where it is the standard one.
    #[must_use]
    pub fn critic_words(&self, coarse: Coarse, discrete: bool) -> String {
        let mut words = String::new();
        let mut word = |name: &str, value: String| words += &format!(" --{name} {value}");
        let critic = self.critic(coarse, discrete);
        if critic != Critic::default() || coarse.critic(discrete) != Critic::default() {
            word("critic", critic.to_string());
        }
        let hidden = self.hidden.as_ref().filter(|hidden| hidden.0 != HIDDEN);
        hidden.inspect(|hidden| word("hidden", hidden.to_string()));
        let embedding = self.embedding.filter(|width| *width != EMBEDDING);
        embedding.inspect(|width| word("embedding", width.to_string()));
        let activation = self.activation.filter(|a| *a != Activation::default());
        activation.inspect(|activation| word("activation", activation.name().into()));
        words
    }

    /// The schedule, with the relaxation of a learned filter if there is one.
    #[must_use]
    pub fn schedule(&self, filter: Option<&TrainArgs>) -> Schedule {
        let defaults = Schedule::default();
        Schedule {
            steps: self.steps,
            rate_start: self.learning_rate,
            rate_end: self.learning_rate_end,
            epsilon_start: filter.map_or(defaults.epsilon_start, |f| f.epsilon_start),
            epsilon_end: filter.map_or(defaults.epsilon_end, |f| f.epsilon_end),
            epsilon_rate: filter.map_or(defaults.epsilon_rate, |f| f.epsilon_rate),
        }
    }
}

/// The window over all values of each site, along an axis of their own.
fn with_states(window: Window, states: u32) -> std::result::Result<Window, WindowError> {
    let axis = |sides: &[u32], last: u32| [sides, &[last]].concat();
    let lattice = Lattice::new(&axis(window.lattice().sides(), states));
    let lattice = lattice.map_err(|_| WindowError::Dimension {
        what: "a lattice of states",
        sides: window.lattice().dimension() + 1,
        lattice: MAX_DIMENSION,
    })?;
    let [block, buffer, environment] = [
        axis(window.block(), states),
        axis(window.buffer(), 0),
        axis(window.environment(), 0),
    ];
    // Along an open axis that it fills a window has one place.
    let last = window.lattice().dimension();
    let open: Vec<bool> = (0..=last).map(|axis| axis == last).collect();
    Ok(Window::new(lattice, &block, &buffer, &environment)?.with_open(&open))
}

/// What would fit a side.
fn room_hint(block: u32, buffer: u32, side: u32) -> String {
    let left = i64::from(side) - i64::from(block) - 2 * i64::from(buffer);
    if left >= 2 {
        format!("--environment {} fits", left / 2)
    } else if side > block + 2 {
        format!("--buffer {} --environment 1 fits", (side - block - 2) / 2)
    } else {
        "take a larger lattice or a smaller block".to_string()
    }
}

impl TrainArgs {
    /// Whether components are added until information stops growing.
    #[must_use]
    pub fn grows(&self) -> bool {
        self.components == Components::Auto
    }

    /// Components, restarts and refinement as typed.
    #[must_use]
    pub fn search_words(&self) -> String {
        let mut words = format!(" --components {}", self.components);
        if self.restarts > 1 {
            words += &format!(" --restarts {}", self.restarts);
        }
        if self.refine > 0 {
            words += &format!(" --refine {}", self.refine);
        }
        words
    }

    /// Filters of all components, or of the first.
    ///
    /// # Errors
    /// Usage, if there are too many.
    pub fn filters(&self) -> Result<u32> {
        let components = match self.components {
            Components::Of(components) => components,
            Components::Auto => 1,
        };
        let of_each = self.encoder.filters();
        match components * of_each {
            filters if filters <= MAX_COMPONENTS => Ok(filters),
            filters => Err(Error::usage(format!(
                "{components} components of {of_each} states have {filters} filters; there may be \
                 {MAX_COMPONENTS}: --components {} fits",
                MAX_COMPONENTS / of_each
            ))),
        }
    }
}
