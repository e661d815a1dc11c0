//! Numbers by their text.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

/// A JSON string or number, or a cell of a table, kept as its text: `"12.50"` and `12.50` are the same, and neither
/// passes through floating point.
///
/// The text is not looked at: what a number is (no exponent, say) is for the type to tell that it is parsed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberText(String);

impl NumberText {
    /// Returns the text as it was written, without a string's quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads the text.
    ///
    /// # Errors
    /// The parser's own.
    pub fn parse<T: FromStr>(&self) -> Result<T, T::Err> {
        self.0.parse()
    }
}

impl From<&str> for NumberText {
    fn from(text: &str) -> NumberText {
        NumberText(text.to_owned())
    }
}

impl<'de> Deserialize<'de> for NumberText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<NumberText, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'"') => serde_json::from_str(text).map(NumberText).map_err(de::Error::custom),
            Some(b'-' | b'0'..=b'9') => Ok(NumberText(text.to_owned())),
            _ => Err(de::Error::custom("expected a string or a number")),
        }
    }
}

#[cfg(test)]
mod tests {
    use rating::Quantity;

    use super::*;

    fn read(json: &str) -> NumberText {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn every_digit_is_kept() {
        for (json, text) in [
            ("12.50", "12.50"),
            ("\"12.50\"", "12.50"),
            ("0.1", "0.1"),
            ("123456789012345.123456789012", "123456789012345.123456789012"),
            ("99999999999999999999999999", "99999999999999999999999999"),
            ("-3", "-3"),
            ("\"\\u0031\"", "1"),
        ] {
            assert_eq!(read(json).as_str(), text);
        }
        assert_eq!(
            read("123456789012345.123456789012").parse::<Quantity>().unwrap().to_string(),
            read("123456789012345.123456789012").as_str()
        );
    }

    #[test]
    fn what_is_no_plain_decimal_is_kept_and_refused_by_the_quantity() {
        for json in ["1e5", "1E+5", "\"NaN\"", "\"\"", "\" 1\"", "99999999999999999999999999", "1e999999999"] {
            assert!(read(json).parse::<Quantity>().is_err(), "{json}");
        }
    }

    #[test]
    fn only_strings_and_numbers_are_read() {
        for json in ["null", "true", "[1]", "{\"a\":1}", "+1", ".5", "NaN"] {
            assert!(serde_json::from_str::<NumberText>(json).is_err(), "{json}");
        }
    }
}
