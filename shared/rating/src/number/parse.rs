//! How a number is read.

use std::str::FromStr;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Signed;

use super::Number;
use super::scaled::Scaled;
use crate::decimal_text::{DecimalText, NumberError};

/// Bytes of a number's text that are read back; far more than rating ever writes.
const MOST_BYTES: usize = 4_000;
/// Decimal digits that 128 bits hold whatever they are.
const SAFE_DIGITS: usize = 38;

const WHAT: &str = "a number";

impl FromStr for Number {
    type Err = NumberError;

    /// Reads a plain decimal or a fraction, of up to 4,000 bytes; a fraction need not be reduced.
    fn from_str(text: &str) -> Result<Self, NumberError> {
        let Some((numerator, denominator)) = text.split_once('/') else {
            return parse_decimal(text);
        };
        let whole = |part: &str| {
            let parts = DecimalText::split(part, WHAT, MOST_BYTES)?;
            if !parts.fraction.is_empty() {
                return Err(NumberError::NotPlain { what: WHAT });
            }
            part.parse::<BigInt>().map_err(|_| NumberError::NotPlain { what: WHAT })
        };
        let (numerator, denominator) = (whole(numerator)?, whole(denominator)?);
        if !denominator.is_positive() {
            return Err(NumberError::NotPlain { what: WHAT });
        }
        Ok(Number::settled(BigRational::new(numerator, denominator)))
    }
}

fn parse_decimal(text: &str) -> Result<Number, NumberError> {
    let DecimalText { negative, integer, fraction } = DecimalText::split(text, WHAT, MOST_BYTES)?;
    let not_plain = NumberError::NotPlain { what: WHAT };
    let sign = if negative { "-" } else { "" };
    let digits = format!("{sign}{integer}{fraction}");
    if integer.len().saturating_add(fraction.len()) <= SAFE_DIGITS {
        let mantissa = digits.parse().map_err(|_| not_plain)?;
        let scale = u8::try_from(fraction.len()).map_err(|_| not_plain)?;
        return Ok(Number::from_scaled(Scaled { mantissa, scale }));
    }
    let numerator = digits.parse::<BigInt>().map_err(|_| not_plain)?;
    let denominator = num_traits::pow(BigInt::from(10_u8), fraction.len());
    Ok(Number::settled(BigRational::new(numerator, denominator)))
}
