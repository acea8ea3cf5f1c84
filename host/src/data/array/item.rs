//! Items of an array: types and decoding.

use std::fmt::Display;

/// A type of item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemType {
    I1,
    U1,
    I2,
    U2,
    I4,
    U4,
    I8,
    U8,
    F2,
    F4,
    F8,
    B1,
}

/// Calls a function that is generic over item types.
macro_rules! for_type {
    ($item:expr, $call:ident($($argument:expr),*)) => {
        match $item {
            ItemType::I1 => $call::<i8>($($argument),*),
            ItemType::U1 => $call::<u8>($($argument),*),
            ItemType::I2 => $call::<i16>($($argument),*),
            ItemType::U2 => $call::<u16>($($argument),*),
            ItemType::I4 => $call::<i32>($($argument),*),
            ItemType::U4 => $call::<u32>($($argument),*),
            ItemType::I8 => $call::<i64>($($argument),*),
            ItemType::U8 => $call::<u64>($($argument),*),
            ItemType::F2 => $call::<$crate::data::array::item::Half>($($argument),*),
            ItemType::F4 => $call::<f32>($($argument),*),
            ItemType::F8 => $call::<f64>($($argument),*),
            ItemType::B1 => $call::<$crate::data::array::item::Bool>($($argument),*),
        }
    };
}
pub(crate) use for_type;

impl ItemType {
    /// Size of an item in bytes.
    pub(crate) fn size(self) -> usize {
        match self {
            ItemType::I1 | ItemType::U1 | ItemType::B1 => 1,
            ItemType::I2 | ItemType::U2 | ItemType::F2 => 2,
            ItemType::I4 | ItemType::U4 | ItemType::F4 => 4,
            ItemType::I8 | ItemType::U8 | ItemType::F8 => 8,
        }
    }

    /// The item type, and whether it is big-endian; `None` for types that cannot be read.
    pub(crate) fn parse(descr: &str) -> Option<(Self, bool)> {
        let (order, name) = descr.split_at_checked(1)?;
        let item = match name {
            "i1" => ItemType::I1,
            "u1" => ItemType::U1,
            "b1" => ItemType::B1,
            "i2" => ItemType::I2,
            "u2" => ItemType::U2,
            "i4" => ItemType::I4,
            "u4" => ItemType::U4,
            "i8" => ItemType::I8,
            "u8" => ItemType::U8,
            "f2" => ItemType::F2,
            "f4" => ItemType::F4,
            "f8" => ItemType::F8,
            _ => return None,
        };
        match order {
            "<" => Some((item, false)),
            ">" => Some((item, true)),
            // Types without a byte order: single bytes only.
            "|" if item.size() == 1 => Some((item, false)),
            _ => None,
        }
    }
}

/// The meaning of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A number.
    Value,
    /// NaN: a missing value.
    Missing,
    /// Infinite, or a bool that is neither 0 nor 1.
    Invalid,
}

/// An item as in the file, in little-endian order. Values are compared in their own type: as f64, two
/// different large i8 or u8 could be equal.
pub(crate) trait Item: Copy + PartialOrd + Display {
    const SIZE: usize;
    /// Whether it is rounded from real numbers.
    const IS_REAL: bool;
    /// `bytes` has length SIZE.
    fn decode(bytes: &[u8]) -> Self;
    /// SIZE bytes, followed by zeros.
    fn encode(self) -> [u8; 8];
    fn verdict(self) -> Verdict;
    fn to_f64(self) -> f64;
    /// The nearest item.
    fn from_f64(x: f64) -> Self;
}

macro_rules! item {
    ($type:ty, $value:ident => $verdict:expr) => {
        impl Item for $type {
            const SIZE: usize = size_of::<$type>();
            // Halves are kept.
            const IS_REAL: bool = 0.5 as $type != 0 as $type;

            #[inline(always)]
            fn decode(bytes: &[u8]) -> Self {
                let mut array = [0; Self::SIZE];
                array.copy_from_slice(bytes);
                Self::from_le_bytes(array)
            }

            fn encode(self) -> [u8; 8] {
                let mut bytes = [0; 8];
                bytes[..Self::SIZE].copy_from_slice(&self.to_le_bytes());
                bytes
            }

            #[inline(always)]
            fn verdict(self) -> Verdict {
                let $value = self;
                $verdict
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                self as f64
            }

            fn from_f64(x: f64) -> Self {
                x as $type
            }
        }
    };
}

macro_rules! real {
    ($value:ident) => {
        if $value.is_finite() {
            Verdict::Value
        } else if $value.is_nan() {
            Verdict::Missing
        } else {
            Verdict::Invalid
        }
    };
}

item!(i8, _v => Verdict::Value);
item!(u8, _v => Verdict::Value);
item!(i16, _v => Verdict::Value);
item!(u16, _v => Verdict::Value);
item!(i32, _v => Verdict::Value);
item!(u32, _v => Verdict::Value);
item!(i64, _v => Verdict::Value);
item!(u64, _v => Verdict::Value);
item!(f32, v => real!(v));
item!(f64, v => real!(v));

/// NumPy's bool: a byte with value 0 or 1.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub(crate) struct Bool(u8);

impl Display for Bool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Item for Bool {
    const SIZE: usize = 1;
    const IS_REAL: bool = false;

    #[inline(always)]
    fn decode(bytes: &[u8]) -> Self {
        Bool(bytes[0])
    }

    fn encode(self) -> [u8; 8] {
        [self.0, 0, 0, 0, 0, 0, 0, 0]
    }

    #[inline(always)]
    fn verdict(self) -> Verdict {
        if self.0 <= 1 {
            Verdict::Value
        } else {
            Verdict::Invalid
        }
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self.0.into()
    }

    fn from_f64(x: f64) -> Self {
        Bool(x as u8)
    }
}

/// A number of half precision (IEEE 754 binary16), kept as the f32 that is equal to it.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) struct Half(f32);

impl Half {
    fn from_bits(bits: u16) -> Self {
        let bits = u32::from(bits);
        let (sign, exponent, fraction) = (bits >> 15 << 31, bits >> 10 & 0x1f, bits & 0x3ff);
        let magnitude = match exponent {
            // Without a leading 1, in units of 2⁻²⁴.
            0 => (fraction as f32 / 16_777_216.0).to_bits(),
            0x1f => 0xff << 23 | fraction << 13,
            // The exponents count from −15 and from −127.
            _ => (exponent + 112) << 23 | fraction << 13,
        };
        Half(f32::from_bits(sign | magnitude))
    }

    /// Inverse of [`from_bits`](Self::from_bits).
    fn to_bits(self) -> u16 {
        let bits = self.0.to_bits();
        let (sign, exponent) = ((bits >> 16) as u16 & 0x8000, bits >> 23 & 0xff);
        let magnitude = match exponent {
            0..=112 => (self.0.abs() * 16_777_216.0) as u16,
            0xff => 0x7c00 | (bits >> 13) as u16 & 0x3ff,
            _ => ((exponent - 112) << 10) as u16 | (bits >> 13) as u16 & 0x3ff,
        };
        sign | magnitude
    }
}

impl Display for Half {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Item for Half {
    const SIZE: usize = 2;
    const IS_REAL: bool = true;

    #[inline(always)]
    fn decode(bytes: &[u8]) -> Self {
        Half::from_bits(u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    fn encode(self) -> [u8; 8] {
        let [low, high] = self.to_bits().to_le_bytes();
        [low, high, 0, 0, 0, 0, 0, 0]
    }

    #[inline(always)]
    fn verdict(self) -> Verdict {
        let value = self.0;
        real!(value)
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self.0.into()
    }

    fn from_f64(x: f64) -> Self {
        if x.is_nan() {
            return Half(f32::NAN);
        }
        let size = x.abs();
        // Of a power of two at or below it; the smallest numbers share one.
        let exponent = ((size.to_bits() >> 52) as i32 - 1023).max(-14);
        let units = (size * 2f64.powi(10 - exponent)).round_ties_even();
        let bits = match size < 65520.0 {
            // A carry goes into the exponent.
            true => ((exponent + 14) << 10) as u16 + units as u16,
            false => 0x7c00,
        };
        Half(Half::from_bits(bits).0.copysign(x as f32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_is_its_sign_exponent_and_fraction() {
        for bits in 0..=u16::MAX {
            let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
            let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
            let value = match exponent {
                0 => sign * fraction * 2f64.powi(-24),
                31 if fraction == 0.0 => sign * f64::INFINITY,
                31 => f64::NAN,
                _ => sign * (1024.0 + fraction) * 2f64.powi(exponent - 25),
            };
            let half = Half::decode(&bits.to_le_bytes());
            let same = half.to_f64().to_bits() == value.to_bits();
            assert!(same || half.0.is_nan() && value.is_nan(), "{bits:#x}");
            assert_eq!(half.encode()[..2], bits.to_le_bytes(), "{bits:#x}");
            if !value.is_nan() {
                // A little more or less is rounded back.
                for nearby in [value, value * (1.0 + 1e-5), value * (1.0 - 1e-5)] {
                    assert_eq!(Half::from_f64(nearby), half, "{nearby}");
                }
            }
        }
    }
}
