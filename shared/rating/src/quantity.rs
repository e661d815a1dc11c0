//! A quantity as it stands at the door.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::decimal_text::{NumberError, parse_door};
use crate::number::{Number, Scaled};
use crate::serde_text;

/// An exact decimal quantity: at most 15 digits before the point, 12 after it, 40 bytes in all.
///
/// Comparison and hash are numeric (12.5 is 12.50); text keeps the digits as written. In JSON it is a string.
///
/// # Examples
/// ```
/// let written: rating::Quantity = "12.50".parse()?;
/// assert_eq!(written, "12.5".parse()?);
/// assert_eq!(written.to_string(), "12.50");
/// assert_eq!(written.canonical(), "12.5");
/// # Ok::<(), rating::NumberError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(Decimal);

impl Quantity {
    /// No units.
    pub const ZERO: Quantity = Quantity(Decimal::ZERO);
    /// One unit.
    pub const ONE: Quantity = Quantity(Decimal::ONE);
    /// The greatest quantity of the door: 15 nines, a point, and 12 nines.
    pub(crate) const MOST: Quantity = Quantity(Decimal::from_parts(3892314111, 2681241660, 54210108, false, 12));

    /// Says whether it is less than zero.
    pub fn is_negative(&self) -> bool {
        self.0.is_sign_negative()
    }

    /// Says whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    /// Returns the one text that all equal quantities share: no trailing zeros.
    pub fn canonical(&self) -> String {
        self.0.normalize().to_string()
    }

    /// The same quantity without trailing zeros.
    pub(crate) fn normalized(self) -> Quantity {
        Quantity(self.0.normalize())
    }

    /// Its digits as a whole number; the door lets in at most 12 after the point.
    #[inline]
    pub(crate) fn scaled(self) -> Scaled {
        Scaled::of_decimal(self.0)
    }
}

impl FromStr for Quantity {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        parse_door(text, "a quantity").map(Quantity)
    }
}

impl From<Quantity> for Number {
    #[inline]
    fn from(quantity: Quantity) -> Number {
        Number::from_scaled(quantity.scaled())
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_text::deserialize(deserializer, "a quantity as a string, such as \"12.50\"")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn equal_quantities_hash_alike_and_share_their_canonical_text() {
        let same: HashSet<Quantity> = ["12.5", "12.50", "12.500000000000"].map(|text| text.parse().unwrap()).into();
        assert_eq!(same.len(), 1);
        for (text, canonical) in [("0.00", "0"), ("100", "100"), ("-1.20", "-1.2")] {
            assert_eq!(text.parse::<Quantity>().unwrap().canonical(), canonical);
        }
    }

    #[test]
    fn the_greatest_is_what_the_door_lets_in() {
        assert_eq!(Quantity::MOST.to_string(), "999999999999999.999999999999");
        assert_eq!(Quantity::ONE.to_string(), "1");
    }

    #[test]
    fn json_is_a_string_and_nothing_else() {
        let quantity: Quantity = serde_json::from_str("\"12.50\"").unwrap();
        assert_eq!(serde_json::to_string(&quantity).unwrap(), "\"12.50\"");
        for (json, told) in [
            ("12.5", "invalid type: floating point `12.5`, expected a quantity as a string, such as \"12.50\""),
            ("12", "invalid type: integer `12`, expected a quantity as a string, such as \"12.50\""),
            ("\"1.0000000000001\"", "a quantity has at most 12 digits after the point"),
        ] {
            let error = serde_json::from_str::<Quantity>(json).unwrap_err().to_string();
            assert!(error.starts_with(told), "{error}");
        }
    }
}
