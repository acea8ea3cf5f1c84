//! Parsers of setting values: they convert text, or say what is allowed.

use std::fmt;

use blockspin_core::bound::AnyBound as Bound;
use blockspin_core::critic::{Activation, AnyCritic as Critic};
use blockspin_core::lattice::Lattice;
use blockspin_core::sampler::{self, chipping};
use blockspin_core::shape::MAX_DEPTH;
use blockspin_exact::gaussian;

use crate::data::filters::commas;
use crate::data::transform::{Subtract, Transform};
use crate::error::{Error, Result};

/// Largest number of components of H.
pub const MOST_COMPONENTS: u32 = 16;

/// A value, or what is allowed in its place.
pub type Rule<T> = std::result::Result<T, String>;

/// Parses one of a list of names.
///
/// # Errors
/// Says which names are allowed.
pub fn named<T: Copy>(
    text: &str,
    what: &str,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Rule<T> {
    let mut found = all.iter().copied().filter(|one| name(*one) == text);
    found.next().ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|one| name(*one)).collect();
        format!("{what} is one of {}", names.join(", "))
    })
}

/// Parses a lower bound of the information, by name.
///
/// # Errors
/// Says what is allowed.
pub fn bound(text: &str) -> Rule<Bound> {
    named(text, "a bound", &Bound::ALL, Bound::name)
}

/// Parses a critic, by name.
///
/// # Errors
/// Says what is allowed.
pub fn critic(text: &str) -> Rule<Critic> {
    named(text, "a critic", &Critic::ALL, Critic::name)
}

/// Parses an activation, by name.
///
/// # Errors
/// Says what is allowed.
pub fn activation(text: &str) -> Rule<Activation> {
    named(text, "an activation", &Activation::ALL, Activation::name)
}

/// Widths of hidden layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden(pub Vec<u32>);

impl fmt::Display for Hidden {
    /// In the form of the option.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.is_empty() {
            true => write!(f, "none"),
            false => write!(f, "{}", commas(&self.0)),
        }
    }
}

/// Parses widths of hidden layers.
///
/// # Errors
/// Says what is allowed.
pub fn hidden(text: &str) -> Rule<Hidden> {
    if text == "none" {
        return Ok(Hidden(vec![]));
    }
    let widths: Option<Vec<u32>> = text
        .split(',')
        .map(|width| integer(width).filter(|n| (1..=1024).contains(n)))
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

/// One to three lengths. A separate type, since clap would treat a bare `Vec` as a repeated option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sides(pub Vec<u32>);

impl Sides {
    /// The sides of a lattice; a single one, if all are equal.
    #[must_use]
    pub fn of(lattice: Lattice) -> Self {
        let sides = lattice.sides();
        match sides.iter().all(|side| *side == sides[0]) {
            true => Sides(vec![sides[0]]),
            false => Sides(sides.to_vec()),
        }
    }

    /// A lattice with these sides, or with one side in all dimensions.
    ///
    /// # Errors
    /// Usage, if the sides do not match the dimension or are not allowed.
    pub fn lattice(&self, dimension: Option<u32>) -> Result<Lattice> {
        let mut sides = self.0.clone();
        if sides.len() == 1 {
            sides = vec![sides[0]; dimension.unwrap_or(2) as usize];
        } else if let Some(dimension) = dimension
            && dimension as usize != sides.len()
        {
            return Err(Error::usage(format!(
                "`size` has {} sides and `dimension` is {dimension}; leave one out, or let them agree",
                sides.len()
            )));
        }
        Ok(Lattice::new(&sides)?)
    }
}

fn lengths(text: &str, least: u32, what: &str) -> Rule<Sides> {
    let parsed: Option<Vec<u32>> = text
        .split(',')
        .map(|side| integer(side).filter(|n| *n >= least))
        .collect();
    parsed
        .filter(|sides| (1..=3).contains(&sides.len()))
        .map(Sides)
        .ok_or_else(|| {
            format!("{what} is one to three whole numbers from {least}, such as 8 or 8,4")
        })
}

/// Parses the sides of a lattice.
///
/// # Errors
/// Says what is allowed.
pub fn sides(text: &str) -> Rule<Sides> {
    lengths(text, 2, "a lattice")
}

/// Parses widths of 0 or more.
///
/// # Errors
/// Says what is allowed.
pub fn widths(text: &str) -> Rule<Sides> {
    lengths(text, 0, "a width")
}

/// Parses the sides of a block.
///
/// # Errors
/// Says what is allowed.
pub fn block(text: &str) -> Rule<Sides> {
    lengths(text, 1, "a block")
}

/// Reads a whole number, also as 1e4, 2.5e3 or 10_000; none, if it is no number or too large.
#[must_use]
pub fn integer<N: TryFrom<u64>>(text: &str) -> Option<N> {
    let text = text.trim();
    let apart = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let text = match text.contains('_') && text.split('_').all(apart) {
        true => &text.replace('_', ""),
        false => text,
    };
    let whole = match text.split_once(['e', 'E']) {
        None => text.parse().ok()?,
        Some((mantissa, power)) => {
            let power: u32 = power.parse().ok()?;
            let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
            if !(apart(before) && apart(after)) {
                return None;
            }
            let after = after.trim_end_matches('0');
            let missing = power.checked_sub(after.len() as u32)?;
            let digits: u64 = format!("{before}{after}").parse().ok()?;
            digits.checked_mul(10u64.checked_pow(missing)?)?
        }
    };
    N::try_from(whole).ok()
}

/// Parses a whole number in a range.
fn whole(text: &str, least: u32, most: u32) -> Rule<u32> {
    let parsed = integer(text);
    parsed
        .filter(|n| (least..=most).contains(n))
        .ok_or_else(|| format!("it is a whole number from {least} to {most}"))
}

/// Parses a whole number from 1.
///
/// # Errors
/// Says what is allowed.
pub fn positive(text: &str) -> Rule<u32> {
    whole(text, 1, u32::MAX)
}

/// Parses a 64-bit whole number from 1.
///
/// # Errors
/// Says what is allowed.
pub fn positive_u64(text: &str) -> Rule<u64> {
    let parsed = integer(text).filter(|n| *n > 0);
    parsed.ok_or_else(|| format!("it is a whole number from 1 to {}", u64::MAX))
}

/// Parses a whole number from 0.
///
/// # Errors
/// Says what is allowed.
pub fn count(text: &str) -> Rule<u32> {
    whole(text, 0, u32::MAX)
}

/// Parses a seed.
///
/// # Errors
/// Says what is allowed.
pub fn seed(text: &str) -> Rule<u64> {
    integer(text).ok_or_else(|| format!("a seed is a whole number from 0 to {}", u64::MAX))
}

/// Parses the number of joint samples in a batch.
///
/// # Errors
/// Says what is allowed.
pub fn batch(text: &str) -> Rule<u32> {
    whole(text, 2, 16384)
}

/// Parses the width of an embedding.
///
/// # Errors
/// Says what is allowed.
pub fn embedding(text: &str) -> Rule<u32> {
    whole(text, 1, 255)
}

/// Parses a number of restarts.
///
/// # Errors
/// Says what is allowed.
pub fn restarts(text: &str) -> Rule<u32> {
    whole(text, 1, 1000)
}

/// Parses a number of components of the best filter.
///
/// # Errors
/// Says what is allowed.
pub fn best_components(text: &str) -> Rule<u32> {
    whole(text, 1, 8)
}

/// Parses the dimension of a lattice.
///
/// # Errors
/// Says what is allowed.
pub fn dimension(text: &str) -> Rule<u32> {
    whole(text, 1, 3)
}

/// Parses the dimension of a lattice with at most two dimensions.
///
/// # Errors
/// Says what is allowed.
pub fn plane(text: &str) -> Rule<u32> {
    whole(text, 1, 2)
}

/// Parses the number of sites of a ring.
///
/// # Errors
/// Says what is allowed.
pub fn ring(text: &str) -> Rule<Sides> {
    whole(text, 2, u32::MAX).map(|side| Sides(vec![side]))
}

fn number(text: &str, rule: &str, allowed: impl Fn(f64) -> bool) -> Rule<f64> {
    text.parse()
        .ok()
        .filter(|x| allowed(*x))
        .ok_or_else(|| rule.to_string())
}

/// Parses a temperature, which may be infinite.
///
/// # Errors
/// Says what is allowed.
pub fn temperature(text: &str) -> Rule<f64> {
    let rule = "a temperature is a number above 0, such as 2.269, or inf";
    number(text, rule, |t| t > 0.0 && t.recip().is_finite())
}

/// Parses the binding of a pair of noise spins.
///
/// # Errors
/// Says what is allowed.
pub fn binding(text: &str) -> Rule<f64> {
    let rule = "a binding is a finite number from 0, such as 4";
    number(text, rule, |k| k.is_finite() && k >= 0.0)
}

/// Parses an inverse temperature.
///
/// # Errors
/// Says what is allowed.
pub fn inverse_temperature(text: &str) -> Rule<f64> {
    let rule = "an inverse temperature is a finite number from 0, such as 0.44";
    number(text, rule, |b| {
        b == 0.0 || b.is_finite() && b > 0.0 && b.recip().is_finite()
    })
    .map(f64::abs)
}

/// Parses a time in seconds.
///
/// # Errors
/// Says what is allowed.
pub fn seconds(text: &str) -> Rule<f64> {
    let rule = "a time is a finite number of seconds from 0, such as 30";
    number(text, rule, |s| s.is_finite() && s >= 0.0)
}

/// Parses the mass of a field.
///
/// # Errors
/// Says what is allowed.
pub fn mass(text: &str) -> Rule<f64> {
    let rule = "a mass is a number from 1e-100 to 1e100, such as 0.1";
    number(text, rule, |m| gaussian::MASSES.contains(&m))
}

/// Parses a density of mass.
///
/// # Errors
/// Says what is allowed.
pub fn density(text: &str) -> Rule<f64> {
    let rule = "a density is a finite number above 0, such as 1";
    number(text, rule, |x| x.is_finite() && x > 0.0)
}

/// Parses a rate of aggregation.
///
/// # Errors
/// Says what is allowed.
pub fn aggregation(text: &str) -> Rule<f64> {
    let rule = "an aggregation rate is a number from 0 to 10000, such as 0.33";
    number(text, rule, |w| chipping::RATES.contains(&w))
}

/// Parses a coupling.
///
/// # Errors
/// Says what is allowed.
pub fn coupling(text: &str) -> Rule<f64> {
    let rule = "a coupling is 1 or -1, or another finite number but 0";
    number(text, rule, |j| {
        j.is_finite() && j != 0.0 && j.recip().is_finite()
    })
}

/// Parses a learning rate or a decay rate.
///
/// # Errors
/// Says what is allowed.
pub fn rate(text: &str) -> Rule<f32> {
    number(text, "a rate is a number from 0 to 1", |x| {
        (0.0..=1.0).contains(&x)
    })
    .map(|x| x as f32)
}

/// Parses a relaxation or a scale of initial weights.
///
/// # Errors
/// Says what is allowed.
pub fn relaxation(text: &str) -> Rule<f32> {
    let rule = "a number from 0.001 to 100";
    number(text, rule, |x| (0.001..=100.0).contains(&x)).map(|x| x as f32)
}

/// Parses a change of information, in nats.
///
/// # Errors
/// Says what is allowed.
pub fn tolerance(text: &str) -> Rule<f64> {
    let rule = "a change of information is a number from 0 on, in nats";
    number(text, rule, |x| x >= 0.0 && x.is_finite())
}

/// Parses the weight of the latest value in a moving average.
///
/// # Errors
/// Says what is allowed.
pub fn damping(text: &str) -> Rule<f64> {
    let rule = "a share is a number above 0, at most 1, which damps nothing";
    number(text, rule, |x| x > 0.0 && x <= 1.0)
}

/// A number of coarse variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Components {
    /// Components are added as long as they add information.
    Auto,
    /// This number.
    Of(u32),
}

impl fmt::Display for Components {
    /// In the form of the option.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Components::Auto => write!(f, "auto"),
            Components::Of(components) => write!(f, "{components}"),
        }
    }
}

/// Parses a number of coarse variables, or auto.
///
/// # Errors
/// Says what is allowed.
pub fn components(text: &str) -> Rule<Components> {
    if text == "auto" {
        return Ok(Components::Auto);
    }
    let components = integer(text).filter(|n| (1..=MOST_COMPONENTS).contains(n));
    components
        .map(Components::Of)
        .ok_or_else(|| format!("components are a number from 1 to {MOST_COMPONENTS}, or auto"))
}

/// Parses a decay of weights.
///
/// # Errors
/// Says what is allowed.
pub fn decay(text: &str) -> Rule<f32> {
    let rule = "a decay is a number from 0 to 100, such as 1";
    number(text, rule, |x| (0.0..=100.0).contains(&x)).map(|x| x as f32)
}

/// Components that are kept fixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frozen {
    /// All components.
    All,
    /// Components by number, from 1.
    These(Vec<u32>),
}

impl Frozen {
    /// A bit for each fixed filter; there are `components`, with `of_each` filters each.
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
                    "`freeze` {number}, and there are {components} components: their numbers are 1 to \
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
    /// In the form of the option.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Frozen::All => write!(f, "all"),
            Frozen::These(numbers) => write!(f, "{}", commas(numbers)),
        }
    }
}

/// Parses the components that are kept fixed.
///
/// # Errors
/// Says what is allowed.
pub fn frozen(text: &str) -> Rule<Frozen> {
    if text == "all" {
        return Ok(Frozen::All);
    }
    let numbers: Option<Vec<u32>> = text
        .split(',')
        .map(|number| integer(number).filter(|n| *n > 0))
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

/// Which axes are open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boundaries(pub Vec<bool>);

impl Boundaries {
    /// Their names.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        let name = |open: &bool| if *open { "open" } else { "periodic" };
        self.0.iter().map(name).collect()
    }
}

/// Parses the boundaries of the axes.
///
/// # Errors
/// Says what is allowed.
pub fn boundaries(text: &str) -> Rule<Boundaries> {
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

/// Parses a transform of values, by name.
///
/// # Errors
/// Says what is allowed.
pub fn transform(text: &str) -> Rule<Transform> {
    named(text, "a transform", &Transform::ALL, Transform::name)
}

/// Parses what is subtracted from values, by name.
///
/// # Errors
/// Says what is allowed.
pub fn subtract(text: &str) -> Rule<Subtract> {
    named(text, "what is subtracted", &Subtract::ALL, Subtract::name)
}

/// Parses the value that marks missing ones.
///
/// # Errors
/// Says what is allowed.
pub fn missing(text: &str) -> Rule<f64> {
    let value = text.trim().parse::<f64>().ok();
    value
        .filter(|value| value.is_finite())
        .ok_or_else(|| "it is a number, such as -9999; NaN is missing anyway".into())
}

/// The law of random bonds, or none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Disorder(pub Option<sampler::Disorder>);

impl fmt::Display for Disorder {
    /// In the form of the option.
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

/// Parses the law of random bonds.
///
/// # Errors
/// Says what is allowed.
pub fn disorder(text: &str) -> Rule<Disorder> {
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
    // Drawing no bonds only checks the law.
    law.draw(0, &mut []).map_err(|error| error.to_string())?;
    Ok(Disorder(Some(law)))
}

/// Whether other critics are tried on data that the first one overfits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Critics {
    /// Only the critic that is given.
    One,
    /// Smaller ones too; the best on validation windows is kept.
    Several,
}

impl Critics {
    /// All.
    pub const ALL: [Critics; 2] = [Critics::One, Critics::Several];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Critics::One => "one",
            Critics::Several => "several",
        }
    }
}

/// Numbers of critics, by name.
///
/// # Errors
/// Of another name.
pub fn critics(text: &str) -> Rule<Critics> {
    named(text, "a number of critics", &Critics::ALL, Critics::name)
}

/// Parts of a file that are held out in turn: 1 to 10.
///
/// # Errors
/// Of another number.
pub fn folds(text: &str) -> Rule<u32> {
    let folds = positive(text)?;
    match folds {
        1..=10 => Ok(folds),
        _ => Err(format!("{folds} folds; there are 1 to 10")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_in_other_spellings() {
        for (text, number) in [
            ("12", 12),
            ("1e4", 10_000),
            ("2.50E3", 2500),
            ("0e7", 0),
            ("1_000_000", 1_000_000),
            (" 7 ", 7),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(integer(text), Some(number), "{text}");
        }
        for text in [
            "", "-1", "1.5", "1e-3", "1.25e1", "1e20", "e4", "1e", ".5e1", "1__0", "_1", "1_",
            "0x10", "1e4e4", "ten", "inf",
        ] {
            assert_eq!(integer::<u64>(text), None, "{text}");
        }
        assert_eq!(integer::<u32>("1e10"), None);
        assert_eq!(positive("2e3"), Ok(2000));
        assert_eq!(sides("1e1,1_2").unwrap().0, [10, 12]);
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
