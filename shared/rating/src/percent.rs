//! A percentage as it stands in a catalogue.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::amount::Amount;
use crate::decimal_text::{NumberError, parse_door};
use crate::number::{Number, Scaled};
use crate::serde_text;

/// A share of something in hundredths: "1.2" of 500 is 6.
///
/// At most 15 digits before the point, 12 after it, 40 bytes in all. Comparison is numeric, text keeps the digits as
/// written. In JSON it is a string.
///
/// # Examples
/// ```
/// let percent: rating::Percent = "1.20".parse()?;
/// assert_eq!(percent.of(&500.into()).to_text(), "6");
/// assert_eq!(percent.to_string(), "1.20");
/// # Ok::<(), rating::NumberError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent(Decimal);

impl Percent {
    /// Nothing.
    pub const ZERO: Percent = Percent(Decimal::ZERO);

    /// Returns the exact share of a number.
    pub fn of(&self, whole: &Number) -> Number {
        whole.multiply(&Number::from(*self)).hundredth()
    }

    /// The same digits as an amount, where percentages stand in tiers.
    pub(crate) fn as_amount(self) -> Amount {
        Amount::from_decimal(self.0)
    }

    pub(crate) fn from_amount(amount: Amount) -> Percent {
        Percent(amount.decimal())
    }
}

impl FromStr for Percent {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        parse_door(text, "a percentage").map(Percent)
    }
}

impl From<Percent> for Number {
    /// The percentage itself: 1.2 of "1.2".
    fn from(percent: Percent) -> Number {
        Number::from_scaled(Scaled::of_decimal(percent.0))
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_text::deserialize(deserializer, "a percentage as a string, such as \"1.2\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_exact() {
        for (percent, whole, share) in [
            ("0", "500", "0"),
            ("100", "500.5", "500.5"),
            ("1.2", "50", "0.6"),
            ("2.99", "10090", "301.691"),
            ("0.000000000001", "1/3", "1/300000000000000"),
        ] {
            let percent: Percent = percent.parse().unwrap();
            assert_eq!(percent.of(&whole.parse().unwrap()).to_text(), share);
        }
    }

    #[test]
    fn json_is_a_string_and_nothing_else() {
        let percent: Percent = serde_json::from_str("\"19.0\"").unwrap();
        assert_eq!(serde_json::to_string(&percent).unwrap(), "\"19.0\"");
        let error = serde_json::from_str::<Percent>("19").unwrap_err().to_string();
        assert!(error.starts_with("invalid type: integer `19`, expected a percentage as a string"), "{error}");
        let error = serde_json::from_str::<Percent>("\"19%\"").unwrap_err().to_string();
        assert!(error.starts_with("a percentage is a plain decimal number"), "{error}");
    }
}
