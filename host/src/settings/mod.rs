//! Settings as named fields: how a configuration is read from a file or a list of options, checked name
//! by name and value by value, and written to a record.
//!
//! A value may be text ("4,4", as on a command line) or have its natural type in a file (`[4, 4]`,
//! `0.005`). Both are converted to text and checked by the same parser ([`values`]).

pub mod encoder;
pub mod groups;
pub mod values;

use blockspin_core::bound::AnyBound as Bound;
use blockspin_core::critic::{Activation, AnyCritic as Critic};
use serde_json::{Map, Number, Value};

use crate::error::{Error, Result};
use values::{Boundaries, Components, Critics, Disorder, Frozen, Hidden, Rule, Sides};

/// Names and values, in order.
pub type Fields = Map<String, Value>;

/// A type of a configuration's fields.
pub trait Setting: Sized {
    /// The value in a file.
    fn to_value(&self) -> Value;

    /// The value of `null`, if `null` is allowed.
    fn absent() -> Option<Self> {
        None
    }
}

impl Setting for u32 {
    fn to_value(&self) -> Value {
        (*self).into()
    }
}

impl Setting for u64 {
    fn to_value(&self) -> Value {
        (*self).into()
    }
}

impl Setting for f64 {
    /// JSON has no infinity: it is written as `inf`.
    fn to_value(&self) -> Value {
        Number::from_f64(*self).map_or_else(|| self.to_string().into(), Value::Number)
    }
}

impl Setting for f32 {
    /// The shortest decimal that is read back as the same number: 0.005, not 0.004999999888.
    fn to_value(&self) -> Value {
        self.to_string()
            .parse::<f64>()
            .unwrap_or_default()
            .to_value()
    }
}

impl Setting for String {
    fn to_value(&self) -> Value {
        self.as_str().into()
    }
}

impl<T: Setting> Setting for Option<T> {
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_value)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

/// Types that are written as text.
macro_rules! as_text {
    ($($name:ty)*) => {$(
        impl $crate::settings::Setting for $name {
            fn to_value(&self) -> serde_json::Value {
                self.to_string().into()
            }
        }
    )*};
}
pub(crate) use as_text;
as_text!(Disorder);

/// Types that are written as their name.
macro_rules! as_name {
    ($($name:ty)*) => {$(
        impl $crate::settings::Setting for $name {
            fn to_value(&self) -> serde_json::Value {
                self.name().into()
            }
        }
    )*};
}
pub(crate) use as_name;
as_name!(Bound Critic Activation Critics);

impl Setting for Sides {
    /// A number, or a list of several.
    fn to_value(&self) -> Value {
        match self.0[..] {
            [side] => side.into(),
            _ => self.0.clone().into(),
        }
    }
}

impl Setting for Hidden {
    fn to_value(&self) -> Value {
        self.0.clone().into()
    }
}

impl Setting for Boundaries {
    fn to_value(&self) -> Value {
        self.names().into()
    }
}

impl Setting for Components {
    fn to_value(&self) -> Value {
        match self {
            Components::Auto => "auto".into(),
            Components::Of(components) => (*components).into(),
        }
    }
}

impl Setting for Frozen {
    fn to_value(&self) -> Value {
        match self {
            Frozen::All => "all".into(),
            Frozen::These(numbers) => numbers.clone().into(),
        }
    }
}

/// The text of a value, as an option would have it. None for `null` and for tables.
#[must_use]
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Object(_) => None,
        Value::Bool(flag) => Some(flag.to_string()),
        // 1 for 1.0.
        Value::Number(number) if number.is_f64() => number.as_f64().map(|x| x.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Array(items) if items.is_empty() => Some("none".into()),
        Value::Array(items) => {
            let items: Option<Vec<_>> = items.iter().map(text).collect();
            items.map(|items| items.join(","))
        }
    }
}

/// Fields that are being read; keeps track of those not read yet.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    fields: &'a Fields,
    known: Vec<&'static str>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(fields: &'a Fields) -> Self {
        Reader {
            fields,
            known: vec![],
        }
    }

    /// Reads and checks the field of this name; `default`, if it is missing.
    ///
    /// # Errors
    /// [`Kind::Setting`](crate::error::Kind::Setting) with the name, the value and what is allowed.
    pub(crate) fn read<T: Setting>(
        &mut self,
        name: &'static str,
        rule: impl Fn(&str) -> Rule<T>,
        default: T,
    ) -> Result<T> {
        self.known.push(name);
        match self.fields.get(name) {
            None => Ok(default),
            Some(Value::Null) => Ok(T::absent().unwrap_or(default)),
            Some(value) => {
                let given = text(value).unwrap_or_else(|| value.to_string());
                rule(&given).map_err(|rule| Error::setting(name, &given, rule))
            }
        }
    }

    /// Refuses fields that were not read.
    ///
    /// # Errors
    /// [`Kind::Setting`](crate::error::Kind::Setting) with the first of them and the most similar name.
    pub(crate) fn finish(self) -> Result<()> {
        let unknown = self
            .fields
            .keys()
            .find(|name| !self.known.contains(&&name[..]));
        let Some(unknown) = unknown else {
            return Ok(());
        };
        let distance = |name: &str| strsim::damerau_levenshtein(name, unknown);
        let nearest = self.known.iter().min_by_key(|name| distance(name));
        let hint = nearest
            .filter(|name| distance(name) <= 1 + unknown.len() / 3)
            .map_or(String::new(), |name| format!("; '{name}' is near"));
        Err(Error::usage(format!(
            "there is no setting '{unknown}' here{hint}"
        )))
    }
}

/// Makes the parser of an optional value.
pub(crate) fn optional<T>(rule: impl Fn(&str) -> Rule<T>) -> impl Fn(&str) -> Rule<Option<T>> {
    move |text| rule(text).map(Some)
}

/// Accepts any text.
pub(crate) fn any(text: &str) -> Rule<String> {
    Ok(text.to_string())
}

/// A struct of settings, each with its default and its parser. To add an option, add a line here, its
/// use, and its help.
macro_rules! settings {
    (
        $(#[$about:meta])*
        $name:ident {
            $($(#[$doc:meta])* $field:ident: $type:ty = $default:expr, $rule:expr;)*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $($(#[$doc])* pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                $name { $($field: $default,)* }
            }
        }

        impl $name {
            /// Reads the fields of this group; missing ones are as in `base`.
            pub(crate) fn read(
                reader: &mut $crate::settings::Reader<'_>,
                base: Self,
            ) -> $crate::error::Result<Self> {
                Ok($name { $($field: reader.read(stringify!($field), $rule, base.$field)?,)* })
            }

            /// Adds the fields of this group.
            pub(crate) fn write(&self, fields: &mut $crate::settings::Fields) {
                use $crate::settings::Setting;
                $(fields.insert(stringify!($field).into(), self.$field.to_value());)*
            }
        }
    };
}
pub(crate) use settings;
