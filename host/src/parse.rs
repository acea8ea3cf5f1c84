//! Values of options: what may be typed, and the rule that is told where it is broken.

use std::fmt;

use blockspin_core::bound::AnyBound as Bound;
use blockspin_core::critic::{Activation, AnyCritic as Critic};
use blockspin_core::encoder::MAX_STATES;
use blockspin_core::exact::gaussian;
use blockspin_core::lattice::Lattice;
use blockspin_core::sampler::{self, chipping};
use blockspin_core::shape::MAX_DEPTH;

use crate::coarse::{Coarse, Given, MOST_COMPONENTS};
use crate::error::{Error, Result};
use crate::filters::commas;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// A value, or the rule it breaks.
type Parsed<T> = std::result::Result<T, String>;

/// A lower bound of the information, by its name.
#[must_use]
pub fn bound() -> impl TypedValueParser<Value = Bound> {
    let words = |bound| match bound {
        Bound::InfoNce => "No more than ln K; the least noise where information is large",
        Bound::Nwj => "Nguyen, Wainwright and Jordan; no ceiling",
        Bound::Tuba => "As nwj, with a baseline learned from the environment",
        Bound::TubaConstant => "As nwj, with a moving average as baseline",
        Bound::DonskerVaradhan => {
            "Donsker and Varadhan, as in MINE; may exceed the information by little"
        }
        Bound::JensenShannon => "Climbs the Jensen–Shannon divergence, reports nwj",
    };
    let names = Bound::ALL.map(|bound| PossibleValue::new(bound.name()).help(words(bound)));
    PossibleValuesParser::new(names).try_map(|name| {
        let mut all = Bound::ALL.into_iter();
        all.find(|bound| bound.name() == name)
            .ok_or("no such bound")
    })
}

/// A critic, by its name.
#[must_use]
pub fn critic() -> impl TypedValueParser<Value = Critic> {
    let words = |critic| match critic {
        Critic::Separable => "u(h)·v(e), two networks",
        Critic::Moments => {
            "The same with u linear in h and its squares and products; blind to digits"
        }
        Critic::Concatenated => "One network of h and e together, run on all K² pairs of a batch",
        Critic::Quadratic => "h·m + hᵀBh + mᵀDm + c with m = Ae + b; exact for Gaussian h and e",
    };
    let names = Critic::ALL.map(|critic| PossibleValue::new(critic.name()).help(words(critic)));
    PossibleValuesParser::new(names).try_map(|name| {
        let mut all = Critic::ALL.into_iter();
        all.find(|critic| critic.name() == name)
            .ok_or("no such critic")
    })
}

/// An activation, by its name.
#[must_use]
pub fn activation() -> impl TypedValueParser<Value = Activation> {
    let words = |activation| match activation {
        Activation::Relu => "max(x, 0)",
        Activation::Elu => "x where x > 0, else exp(x) − 1",
        Activation::Tanh => "tanh x",
    };
    let names = Activation::ALL.map(|one| PossibleValue::new(one.name()).help(words(one)));
    PossibleValuesParser::new(names).try_map(|name| {
        let mut all = Activation::ALL.into_iter();
        all.find(|activation| activation.name() == name)
            .ok_or("no such activation")
    })
}

/// Widths of hidden layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden(pub Vec<u32>);

impl fmt::Display for Hidden {
    /// As it is typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.is_empty() {
            true => write!(f, "none"),
            false => write!(f, "{}", commas(&self.0)),
        }
    }
}

/// Widths of hidden layers.
///
/// # Errors
/// The rule.
pub fn hidden(text: &str) -> Parsed<Hidden> {
    if text == "none" {
        return Ok(Hidden(vec![]));
    }
    let widths: Option<Vec<u32>> = text
        .split(',')
        .map(|width| width.trim().parse().ok().filter(|n| (1..=1024).contains(n)))
        .collect();
    widths
        .filter(|widths| widths.len() <= MAX_DEPTH)
        .map(Hidden)
        .ok_or_else(|| {
            format!(
                "hidden layers are none, or up to {MAX_DEPTH} whole numbers from 1 to 1024, such as \
                 32,32"
            )
        })
}

/// One to three lengths. A type of its own, since clap would take a bare `Vec` for a repeated
/// option.
#[derive(Clone, Debug)]
pub struct Sides(pub Vec<u32>);

impl Sides {
    /// A lattice with these sides, or with one side in so many dimensions.
    ///
    /// # Errors
    /// Usage, naming the rule.
    pub fn lattice(&self, dimension: Option<u32>) -> Result<Lattice> {
        let mut sides = self.0.clone();
        if sides.len() == 1 {
            sides = vec![sides[0]; dimension.unwrap_or(2) as usize];
        } else if let Some(dimension) = dimension
            && dimension as usize != sides.len()
        {
            return Err(Error::usage(format!(
                "--size has {} sides and --dimension is {dimension}; leave one out, or let them agree",
                sides.len()
            )));
        }
        Ok(Lattice::new(&sides)?)
    }
}

fn lengths(text: &str, least: u32, what: &str) -> Parsed<Sides> {
    let parsed: Option<Vec<u32>> = text
        .split(',')
        .map(|side| side.trim().parse().ok().filter(|n| *n >= least))
        .collect();
    parsed
        .filter(|sides| (1..=3).contains(&sides.len()))
        .map(Sides)
        .ok_or_else(|| {
            format!("{what} is one to three whole numbers from {least}, such as 8 or 8,4")
        })
}

/// Sides of a lattice.
///
/// # Errors
/// The rule.
pub fn sides(text: &str) -> Parsed<Sides> {
    lengths(text, 2, "a lattice")
}

/// Widths, 0 or more.
///
/// # Errors
/// The rule.
pub fn widths(text: &str) -> Parsed<Sides> {
    lengths(text, 0, "a width")
}

/// Sides of a block.
///
/// # Errors
/// The rule.
pub fn block(text: &str) -> Parsed<Sides> {
    lengths(text, 1, "a block")
}

/// A whole number from 1.
#[must_use]
pub fn positive() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..)
}

/// The same in 64 bits.
///
/// # Errors
/// The rule.
pub fn positive_u64(text: &str) -> Parsed<u64> {
    text.parse()
        .ok()
        .filter(|n| *n > 0)
        .ok_or_else(|| "a whole number from 1".to_string())
}

fn number(text: &str, rule: &str, allowed: impl Fn(f64) -> bool) -> Parsed<f64> {
    text.parse()
        .ok()
        .filter(|x| allowed(*x))
        .ok_or_else(|| rule.to_string())
}

/// A temperature.
///
/// # Errors
/// The rule.
pub fn temperature(text: &str) -> Parsed<f64> {
    let rule = "a temperature is a finite number above 0, such as 2.269";
    number(text, rule, |t| {
        t.is_finite() && t > 0.0 && t.recip().is_finite()
    })
}

/// A temperature that may be infinite.
///
/// # Errors
/// The rule.
pub fn dimer_temperature(text: &str) -> Parsed<f64> {
    let rule = "a temperature of dimers is a number above 0, such as 0.65, or inf";
    number(text, rule, |t| t > 0.0)
}

/// The binding of a pair of noise spins.
///
/// # Errors
/// The rule.
pub fn binding(text: &str) -> Parsed<f64> {
    let rule = "a binding is a finite number from 0, such as 4";
    number(text, rule, |k| k.is_finite() && k >= 0.0)
}

/// An inverse temperature.
///
/// # Errors
/// The rule.
pub fn inverse_temperature(text: &str) -> Parsed<f64> {
    let rule = "an inverse temperature is a finite number above 0, such as 0.44";
    number(text, rule, |b| {
        b.is_finite() && b > 0.0 && b.recip().is_finite()
    })
}

/// A time.
///
/// # Errors
/// The rule.
pub fn seconds(text: &str) -> Parsed<f64> {
    let rule = "a time is a finite number of seconds from 0, such as 30";
    number(text, rule, |s| s.is_finite() && s >= 0.0)
}

/// The mass of a field.
///
/// # Errors
/// The rule.
pub fn mass(text: &str) -> Parsed<f64> {
    let rule = "a mass is a number from 1e-100 to 1e100, such as 0.1";
    number(text, rule, |m| gaussian::MASSES.contains(&m))
}

/// A density of mass.
///
/// # Errors
/// The rule.
pub fn density(text: &str) -> Parsed<f64> {
    let rule = "a density is a finite number above 0, such as 1";
    number(text, rule, |x| x.is_finite() && x > 0.0)
}

/// A rate of aggregation.
///
/// # Errors
/// The rule.
pub fn aggregation(text: &str) -> Parsed<f64> {
    let rule = "an aggregation rate is a number from 0 to 10000, such as 0.33";
    number(text, rule, |w| chipping::RATES.contains(&w))
}

/// A coupling.
///
/// # Errors
/// The rule.
pub fn coupling(text: &str) -> Parsed<f64> {
    let rule = "a coupling is 1 or -1, or another finite number but 0";
    number(text, rule, |j| {
        j.is_finite() && j != 0.0 && j.recip().is_finite()
    })
}

/// A learning rate, or a rate of decay.
///
/// # Errors
/// The rule.
pub fn rate(text: &str) -> Parsed<f32> {
    number(text, "a rate is a number from 0 to 1", |x| {
        (0.0..=1.0).contains(&x)
    })
    .map(|x| x as f32)
}

/// A relaxation, or a size of first weights.
///
/// # Errors
/// The rule.
pub fn relaxation(text: &str) -> Parsed<f32> {
    let rule = "a number from 0.001 to 100";
    number(text, rule, |x| (0.001..=100.0).contains(&x)).map(|x| x as f32)
}

/// A change of information, in nats.
///
/// # Errors
/// The rule.
pub fn tolerance(text: &str) -> Parsed<f64> {
    let rule = "a change of information is a number from 0 on, in nats";
    number(text, rule, |x| x >= 0.0 && x.is_finite())
}

/// The share of the latest in a mean.
///
/// # Errors
/// The rule.
pub fn damping(text: &str) -> Parsed<f64> {
    let rule = "a share is a number above 0, at most 1, which damps nothing";
    number(text, rule, |x| x > 0.0 && x <= 1.0)
}

/// A number of coarse variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Components {
    /// As many as add information.
    Auto,
    /// So many.
    Of(u32),
}

impl fmt::Display for Components {
    /// As it is typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Components::Auto => write!(f, "auto"),
            Components::Of(components) => write!(f, "{components}"),
        }
    }
}

/// A number of coarse variables, or auto.
///
/// # Errors
/// The rule.
pub fn components(text: &str) -> Parsed<Components> {
    if text == "auto" {
        return Ok(Components::Auto);
    }
    let components = text
        .parse()
        .ok()
        .filter(|n| (1..=MOST_COMPONENTS).contains(n));
    components
        .map(Components::Of)
        .ok_or_else(|| format!("components are a number from 1 to {MOST_COMPONENTS}, or auto"))
}

/// A decay of weights.
///
/// # Errors
/// The rule.
pub fn decay(text: &str) -> Parsed<f32> {
    let rule = "a decay is a number from 0 to 100, such as 1";
    number(text, rule, |x| (0.0..=100.0).contains(&x)).map(|x| x as f32)
}

/// Components that stay as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frozen {
    /// All.
    All,
    /// These, by their numbers from 1.
    These(Vec<u32>),
}

impl Frozen {
    /// A bit for each filter that stays, of so many components with so many filters each.
    ///
    /// # Errors
    /// Usage, if there is no such component.
    pub fn mask(&self, components: u32, of_each: u32) -> Result<u64> {
        let numbers = match self {
            Frozen::All => (1..=components).collect(),
            Frozen::These(numbers) => numbers.clone(),
        };
        let mut mask = 0;
        for number in numbers {
            if number > components {
                return Err(Error::usage(format!(
                    "--freeze {number}, and there are {components} components: their numbers are 1 to \
                     {components}"
                )));
            }
            let filters = (number - 1) * of_each..number * of_each;
            mask |= filters.fold(0, |mask, filter| mask | 1u64 << filter);
        }
        Ok(mask)
    }
}

impl fmt::Display for Frozen {
    /// As it is typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Frozen::All => write!(f, "all"),
            Frozen::These(numbers) => write!(f, "{}", commas(numbers)),
        }
    }
}

/// Components that stay as they are.
///
/// # Errors
/// The rule.
pub fn frozen(text: &str) -> Parsed<Frozen> {
    if text == "all" {
        return Ok(Frozen::All);
    }
    let numbers: Option<Vec<u32>> = text
        .split(',')
        .map(|number| number.trim().parse().ok().filter(|n| *n > 0))
        .collect();
    let once = |numbers: &Vec<u32>| {
        let repeated = |(i, n)| numbers[..i].contains(n);
        !numbers.iter().enumerate().any(repeated)
    };
    numbers
        .filter(once)
        .map(Frozen::These)
        .ok_or_else(|| "all, or numbers of components from 1, each once, such as 1,3".into())
}

/// Q of a word such as states:Q; none, if it does not begin like this, or Q is out of range.
fn states_of(text: &str, word: &str) -> Option<u32> {
    let number = text.strip_prefix(word)?.strip_prefix(':')?;
    let states: u32 = number.trim().parse().ok()?;
    (2..=MAX_STATES as u32).contains(&states).then_some(states)
}

/// σ of a word such as continuous:0.1, 0 without it; none, if it does not begin like this, or σ is out of
/// range.
fn noise_of(text: &str) -> Option<f32> {
    let rest = text.strip_prefix("continuous")?;
    if rest.is_empty() {
        return Some(0.0);
    }
    let noise: f32 = rest.strip_prefix(':')?.trim().parse().ok()?;
    // The sum takes -0 to 0.
    (0.0..=100.0).contains(&noise).then_some(noise + 0.0)
}

/// The values of h in a training.
///
/// # Errors
/// The rule.
pub fn coarse(text: &str) -> Parsed<Coarse> {
    match text {
        "binary" => Ok(Coarse::Binary),
        _ => {
            let states = states_of(text, "states").map(Coarse::States);
            let continuous = || noise_of(text).map(|noise| Coarse::Continuous { noise });
            states.or_else(continuous).ok_or_else(|| {
                format!(
                    "h is binary, continuous, continuous:SIGMA, with SIGMA from 0 \
                     to 100, or states:Q, with Q from 2 to {MAX_STATES}"
                )
            })
        }
    }
}

/// How h follows from a filter that is given.
///
/// # Errors
/// The rule.
pub fn given(text: &str) -> Parsed<Given> {
    match text {
        "sign" => Ok(Given::Sign),
        "sigmoid" => Ok(Given::Sigmoid),
        _ => {
            let states = states_of(text, "states").map(Given::States);
            let argmax = || states_of(text, "argmax").map(Given::Argmax);
            let continuous = || noise_of(text).map(|noise| Given::Continuous { noise });
            states.or_else(argmax).or_else(continuous).ok_or_else(|| {
                format!(
                    "h is sign, sigmoid, continuous, continuous:SIGMA, with \
                     SIGMA from 0 to 100, states:Q or argmax:Q, with Q from 2 to {MAX_STATES}"
                )
            })
        }
    }
}

/// Which axes are open.
#[derive(Clone, Debug)]
pub struct Boundaries(pub Vec<bool>);

/// Boundaries of the axes.
///
/// # Errors
/// The rule.
pub fn boundaries(text: &str) -> Parsed<Boundaries> {
    let parsed: Option<Vec<bool>> = text
        .split(',')
        .map(|word| match word.trim() {
            "open" => Some(true),
            "periodic" => Some(false),
            _ => None,
        })
        .collect();
    parsed
        .filter(|axes| (1..=3).contains(&axes.len()))
        .map(Boundaries)
        .ok_or_else(|| {
            "a boundary is periodic or open, for all axes or for each, such as open,periodic".into()
        })
}

/// The law of random bonds, or none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Disorder(pub Option<sampler::Disorder>);

impl fmt::Display for Disorder {
    /// As it is typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => write!(f, "none"),
            Some(sampler::Disorder::Gaussian { mean, deviation }) => {
                write!(f, "gaussian:{mean},{deviation}")
            }
            Some(sampler::Disorder::PlusMinus { p }) => write!(f, "pm:{p}"),
        }
    }
}

/// The law of random bonds.
///
/// # Errors
/// The rule.
pub fn disorder(text: &str) -> Parsed<Disorder> {
    let numbers = |text: &str| -> Option<Vec<f64>> {
        let numbers = text.split(',').map(|number| number.trim().parse().ok());
        numbers.collect()
    };
    let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
    let law = match (kind.trim(), numbers(rest).as_deref()) {
        ("none", _) if kind == text => return Ok(Disorder(None)),
        ("gaussian", Some(&[mean, deviation])) => sampler::Disorder::Gaussian { mean, deviation },
        ("pm", Some(&[p])) => sampler::Disorder::PlusMinus { p },
        _ => {
            return Err(
                "disorder is none, gaussian:MEAN,SD or pm:P, such as gaussian:0,1 or pm:0.5 \
                        (P: the share of negative bonds)"
                    .into(),
            );
        }
    };
    // To draw no bonds is to check the law.
    law.draw(0, &mut []).map_err(|error| error.to_string())?;
    Ok(Disorder(Some(law)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoders_are_read_as_they_are_written() {
        for text in [
            "binary",
            "continuous",
            "continuous:0.25",
            "states:2",
            "states:16",
        ] {
            assert_eq!(coarse(text).unwrap().to_string(), text);
        }
        for text in [
            "sign",
            "sigmoid",
            "continuous",
            "continuous:0.5",
            "states:3",
            "argmax:4",
        ] {
            assert_eq!(given(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "states",
            "states:",
            "states:1",
            "states:17",
            "states:-2",
            "sign",
            "continuous:",
            "continuous:-0.1",
            "continuous:nan",
            "continuous:inf",
            "continuous0.1",
        ] {
            assert!(coarse(text).unwrap_err().contains("from 2 to 16"), "{text}");
        }
        for text in ["tanh", "argmax", "argmax:0", "states:99999999999"] {
            assert!(given(text).unwrap_err().contains("argmax:Q"), "{text}");
        }
    }

    #[test]
    fn frozen_components_are_read_as_they_are_written() {
        for text in ["all", "1", "3,1"] {
            assert_eq!(frozen(text).unwrap().to_string(), text);
        }
        for text in ["", "0", "1,1", "1,,2", "-1", "none", "1:2"] {
            assert!(frozen(text).unwrap_err().contains("each once"), "{text}");
        }
        assert_eq!(frozen("2").unwrap().mask(2, 3).unwrap(), 0b11_1000);
        assert_eq!(frozen("all").unwrap().mask(64, 1).unwrap(), u64::MAX);
        let error = frozen("1,3").unwrap().mask(2, 1).unwrap_err();
        assert!(error.message().contains("1 to 2"), "{error}");
    }

    #[test]
    fn hidden_layers_are_read_as_they_are_written() {
        for text in ["none", "32,32", "1", "1024,7,7,1"] {
            assert_eq!(hidden(text).unwrap().to_string(), text);
        }
        for text in ["", "0", "32,", "1025", "8,8,8,8,8", "None", "-1"] {
            assert!(hidden(text).unwrap_err().contains("1 to 1024"), "{text}");
        }
    }

    #[test]
    fn disorder_is_read_as_it_is_written() {
        for text in [
            "none",
            "gaussian:0,1",
            "gaussian:-0.5,0.25",
            "pm:0",
            "pm:0.125",
        ] {
            assert_eq!(disorder(text).unwrap().to_string(), text);
        }
        let near = |text, words: &str| {
            let error = disorder(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        };
        for text in [
            "",
            "none:",
            "gaussian",
            "gaussian:1",
            "gaussian:1,2,3",
            "pm",
            "pm:",
            "pm:x",
        ] {
            near(text, "none, gaussian:MEAN,SD or pm:P");
        }
        near("gaussian:0,-1", "a standard deviation of -1");
        near("gaussian:nan,1", "a mean coupling of NaN");
        near("pm:1.5", "from 0 to 1");
    }
}
