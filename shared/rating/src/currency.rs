//! Currencies and their minor units, by ISO 4217.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::serde_text;

/// A currency that has a minor unit to round to; its text is the upper-case ISO 4217 code.
///
/// # Examples
/// ```
/// let yen: rating::Currency = "JPY".parse()?;
/// assert_eq!(yen.minor_digits(), 0);
/// # Ok::<(), rating::CurrencyError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Currency {
    iso: iso_currency::Currency,
    minor_digits: u8,
}

/// Why a text is not a currency that can be billed in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CurrencyError {
    /// Not a code of ISO 4217, or not in upper case.
    #[error("a currency is an upper-case ISO 4217 code such as USD")]
    Unknown,
    /// A code for something that has no minor unit, such as XAU for gold.
    #[error("{code} has no minor unit, so nothing can be billed in it")]
    NoMinorUnit {
        /// The code.
        code: &'static str,
    },
}

impl Currency {
    /// Returns how many digits its amounts have after the point: 2 for USD, 0 for JPY, 3 for KWD.
    pub fn minor_digits(&self) -> u8 {
        self.minor_digits
    }

    /// Returns its ISO 4217 code.
    pub fn code(&self) -> &'static str {
        self.iso.code()
    }
}

impl FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(code: &str) -> Result<Self, CurrencyError> {
        let iso = iso_currency::Currency::from_code(code).ok_or(CurrencyError::Unknown)?;
        let minor_digits = iso.exponent().and_then(|digits| u8::try_from(digits).ok());
        let minor_digits = minor_digits.ok_or(CurrencyError::NoMinorUnit { code: iso.code() })?;
        Ok(Currency { iso, minor_digits })
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_text::deserialize(deserializer, "a currency code as a string, such as \"USD\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_digits_are_those_of_iso_4217() {
        let none = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
        let two = "USD EUR GBP CHF CNY INR BRL MGA MRU HUF TWD IDR COP";
        let three = "BHD IQD JOD KWD LYD OMR TND";
        let four = "CLF UYW";
        for (codes, digits) in [(none, 0), (two, 2), (three, 3), (four, 4)] {
            for code in codes.split(' ') {
                let currency: Currency = code.parse().unwrap();
                assert_eq!((code, currency.minor_digits()), (code, digits));
                assert_eq!(currency.to_string(), code);
            }
        }
    }

    #[test]
    fn what_cannot_be_billed_in_is_refused() {
        for code in ["usd", "Usd", "US", "USDT", "", "AAA", " USD"] {
            assert_eq!(code.parse::<Currency>(), Err(CurrencyError::Unknown), "{code}");
        }
        for code in ["XAU", "XAG", "XDR", "XXX", "XTS"] {
            assert_eq!(code.parse::<Currency>(), Err(CurrencyError::NoMinorUnit { code }));
        }
    }

    #[test]
    fn json_is_the_code() {
        let currency: Currency = serde_json::from_str("\"KWD\"").unwrap();
        assert_eq!(serde_json::to_string(&currency).unwrap(), "\"KWD\"");
        assert!(serde_json::from_str::<Currency>("414").is_err());
    }
}
