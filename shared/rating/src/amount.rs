//! An amount of money as it stands in a catalogue.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::decimal_text::{NumberError, parse_door};
use crate::number::{Number, Scaled};
use crate::serde_text;

/// A unit price or a flat amount, in major units of a currency that is said elsewhere; finer than a minor unit if need be.
///
/// At most 15 digits before the point, 12 after it, 40 bytes in all. Comparison is numeric, text keeps the digits as
/// written. In JSON it is a string.
///
/// # Examples
/// ```
/// let amount: rating::Amount = "0.0060".parse()?;
/// assert_eq!(amount, "0.006".parse()?);
/// assert_eq!(amount.to_string(), "0.0060");
/// # Ok::<(), rating::NumberError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(Decimal);

impl Amount {
    /// Nothing.
    pub const ZERO: Amount = Amount(Decimal::ZERO);

    /// Says whether it is less than zero.
    pub fn is_negative(&self) -> bool {
        self.0.is_sign_negative()
    }

    /// Says whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    /// Returns the one text that all equal amounts share: no trailing zeros.
    pub fn canonical(&self) -> String {
        self.0.normalize().to_string()
    }

    pub(crate) fn from_decimal(decimal: Decimal) -> Amount {
        Amount(decimal)
    }

    pub(crate) fn decimal(self) -> Decimal {
        self.0
    }
}

impl FromStr for Amount {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        parse_door(text, "an amount").map(Amount)
    }
}

impl From<Amount> for Number {
    #[inline]
    fn from(amount: Amount) -> Number {
        Number::from_scaled(Scaled::of_decimal(amount.0))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_text::deserialize(deserializer, "an amount as a string, such as \"0.05\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_amounts_share_their_canonical_text() {
        for (text, canonical) in [("0.70", "0.7"), ("0.700", "0.7"), ("100", "100"), ("0.00", "0"), ("-1.20", "-1.2")] {
            assert_eq!(text.parse::<Amount>().unwrap().canonical(), canonical);
        }
    }

    #[test]
    fn json_is_a_string_and_nothing_else() {
        let amount: Amount = serde_json::from_str("\"-10.00\"").unwrap();
        assert!(amount.is_negative());
        assert_eq!(serde_json::to_string(&amount).unwrap(), "\"-10.00\"");
        for (json, told) in [
            ("0.05", "invalid type: floating point `0.05`, expected an amount as a string, such as \"0.05\""),
            ("\"1234567890123456\"", "an amount has at most 15 digits before the point"),
        ] {
            let error = serde_json::from_str::<Amount>(json).unwrap_err().to_string();
            assert!(error.starts_with(told), "{error}");
        }
    }
}
