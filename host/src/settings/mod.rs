//! Settings as named fields: how a configuration is read from a file or a list of options, checked
//! name by name and value by value, and written to a record.
//!
//! A value may come as text ("4,4", as on a command line) or as what a file has for it (`[4, 4]`,
//! `0.005`). Both go through the same rule, which is that of the text ([`values`]).

pub mod encoder;
pub mod groups;
pub mod values;

use blockspin_core::bound::AnyBound as Bound;
use blockspin_core::critic::{Activation, AnyCritic as Critic};
use serde_json::{Map, Number, Value};

use crate::error::{Error, Result};
use values::{Boundaries, Components, Disorder, Frozen, Hidden, Rule, Sides};

/// Names and values, in order.
pub type Fields = Map<String, Value>;

/// A type that a field of a configuration can have.
pub trait Setting: Sized {
    /// The value in a file.
    fn to_value(&self) -> Value;

    /// What `null` stands for, if it stands for anything.
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
    /// JSON knows no infinity: it is the word `inf`.
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

/// Types whose value in a file is their text.
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

/// Types whose value in a file is their name.
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
as_name!(Bound Critic Activation);

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

/// The text of a value: what would be typed for it. None for `null` and for tables.
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

/// Fields that are being read; knows which of them nobody has asked for.
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

    /// The field of this name, read by its rule; `default`, if it is not there.
    ///
    /// # Errors
    /// [`Kind::Setting`](crate::error::Kind::Setting) with the name, what was given and the rule.
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

    /// Refuses fields that nobody asked for.
    ///
    /// # Errors
    /// [`Kind::Setting`](crate::error::Kind::Setting) with the first of them and the nearest name.
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

/// A value or nothing, by the rule of the value.
pub(crate) fn optional<T>(rule: impl Fn(&str) -> Rule<T>) -> impl Fn(&str) -> Rule<Option<T>> {
    move |text| rule(text).map(Some)
}

/// Any text.
///
/// # Errors
/// None: every text will do.
pub(crate) fn any(text: &str) -> Rule<String> {
    Ok(text.to_string())
}

/// A struct of settings, each with its default and the rule by which it is read. An option is added
/// by a line here, its use, and its help.
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
            /// Reads the fields of this group; what is not there is as in `base`.
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
