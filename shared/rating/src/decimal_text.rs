//! How a decimal number is written at the door.

use rust_decimal::Decimal;

/// Digits before the point that the door lets in.
const MOST_INTEGER_DIGITS: usize = 15;
/// Digits after the point that the door lets in.
const MOST_FRACTION_DIGITS: usize = 12;
/// Bytes of text that the door looks at.
const MOST_BYTES: usize = 40;
/// Bytes of a text that is read in one pass: 18 digits and a point.
const MOST_SHORT_BYTES: usize = 19;

/// Why a text is not a number; `what` names what was read, as in "a quantity".
///
/// The messages may be shown to an API caller. They do not repeat the text, which may be long or secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// More bytes than are looked at.
    #[error("{what} has at most {most} characters")]
    TooLong {
        /// What was read.
        what: &'static str,
        /// The limit, in bytes.
        most: usize,
    },
    /// Not an optional minus, digits, and optionally a point and digits.
    #[error("{what} is a plain decimal number such as 12.50, without sign +, exponent or spaces")]
    NotPlain {
        /// What was read.
        what: &'static str,
    },
    /// A zero that says nothing, as in 007, or a minus before zero.
    #[error("{what} has no leading zeros and no negative zero")]
    NotCanonicalZero {
        /// What was read.
        what: &'static str,
    },
    /// More digits before the point than are kept.
    #[error("{what} has at most 15 digits before the point")]
    IntegerTooLong {
        /// What was read.
        what: &'static str,
    },
    /// More digits after the point than are kept.
    #[error("{what} has at most 12 digits after the point")]
    FractionTooLong {
        /// What was read.
        what: &'static str,
    },
}

/// The parts of a well-formed decimal text.
pub(crate) struct DecimalText<'a> {
    pub(crate) negative: bool,
    pub(crate) integer: &'a str,
    /// Empty where there is no point.
    pub(crate) fraction: &'a str,
}

impl<'a> DecimalText<'a> {
    /// Splits a text of at most `most` bytes, without looking at the number of digits.
    pub(crate) fn split(text: &'a str, what: &'static str, most: usize) -> Result<Self, NumberError> {
        if text.len() > most {
            return Err(NumberError::TooLong { what, most });
        }
        let (negative, magnitude) = match text.strip_prefix('-') {
            Some(magnitude) => (true, magnitude),
            None => (false, text),
        };
        let (integer, fraction) = match magnitude.split_once('.') {
            Some((_, "")) => return Err(NumberError::NotPlain { what }),
            Some(parts) => parts,
            None => (magnitude, ""),
        };
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if integer.is_empty() || !digits(integer) || !digits(fraction) {
            return Err(NumberError::NotPlain { what });
        }
        let zero = integer.bytes().chain(fraction.bytes()).all(|digit| digit == b'0');
        if (integer.len() > 1 && integer.starts_with('0')) || (negative && zero) {
            return Err(NumberError::NotCanonicalZero { what });
        }
        Ok(DecimalText { negative, integer, fraction })
    }
}

/// Reads what stands at the door: at most 15 and 12 digits, which a `Decimal` always holds exactly.
#[inline]
pub(crate) fn parse_door(text: &str, what: &'static str) -> Result<Decimal, NumberError> {
    match parse_short(text.as_bytes()) {
        Some(decimal) => Ok(decimal),
        None => parse_any(text, what),
    }
}

/// Reads a plain number without sign and of at most 18 digits in one pass; None says nothing, not even of an error.
#[inline]
fn parse_short(text: &[u8]) -> Option<Decimal> {
    if text.len() > MOST_SHORT_BYTES {
        return None;
    }
    let mut mantissa: i64 = 0;
    let mut point = None;
    for (index, &byte) in text.iter().enumerate() {
        match byte {
            // At most 19 digits: the sum stays below what 64 bits hold, or is refused here.
            b'0'..=b'9' => mantissa = mantissa.checked_mul(10)?.checked_add(i64::from(byte & 0x0f))?,
            b'.' if point.is_none() => point = Some(index),
            _ => return None,
        }
    }
    let integer_digits = point.unwrap_or(text.len());
    let fraction_digits = match point {
        Some(point) => text.len().checked_sub(point)?.checked_sub(1).filter(|&digits| digits > 0)?,
        None => 0,
    };
    let has_leading_zero = integer_digits > 1 && text.first() == Some(&b'0');
    if integer_digits == 0 || integer_digits > MOST_INTEGER_DIGITS || has_leading_zero {
        return None;
    }
    let scale = u32::try_from(fraction_digits).ok().filter(|_| fraction_digits <= MOST_FRACTION_DIGITS)?;
    Decimal::try_new(mantissa, scale).ok()
}

#[cold]
fn parse_any(text: &str, what: &'static str) -> Result<Decimal, NumberError> {
    let parts = DecimalText::split(text, what, MOST_BYTES)?;
    if parts.integer.len() > MOST_INTEGER_DIGITS {
        return Err(NumberError::IntegerTooLong { what });
    }
    if parts.fraction.len() > MOST_FRACTION_DIGITS {
        return Err(NumberError::FractionTooLong { what });
    }
    Decimal::from_str_exact(text).map_err(|_| NumberError::NotPlain { what })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_door_keeps_the_digits_as_written() {
        for text in ["0", "0.5", "12.50", "-3", "0.000000000001", "999999999999999.999999999999", "0.00", "100"] {
            assert_eq!(parse_door(text, "a number").unwrap().to_string(), text);
            assert_eq!(parse_any(text, "a number").unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_short_and_right_is_read_in_one_pass_and_all_else_is_left_to_the_other_way() {
        for text in ["0", "7", "10", "0.5", "12.50", "999999999999999", "123456789012345.678", "1.123456789012"] {
            assert_eq!(parse_short(text.as_bytes()).unwrap().to_string(), text);
        }
        for text in ["", ".", "007", "00", "1.", ".5", "-1", "1.2.3", "1000000000000000", "0.0000000000001", "1e3"] {
            assert_eq!(parse_short(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse_short(b"123456789012345.6789"), None);
    }

    #[test]
    fn the_door_says_what_is_wrong() {
        let what = "a quantity";
        let not_plain = NumberError::NotPlain { what };
        let zero = NumberError::NotCanonicalZero { what };
        for (text, error) in [
            ("", not_plain),
            ("-", not_plain),
            (".", not_plain),
            (".5", not_plain),
            ("5.", not_plain),
            ("+5", not_plain),
            ("--5", not_plain),
            ("5-", not_plain),
            (" 5", not_plain),
            ("5 ", not_plain),
            ("5\n", not_plain),
            ("1e3", not_plain),
            ("1E3", not_plain),
            ("1_000", not_plain),
            ("1,000", not_plain),
            ("1.2.3", not_plain),
            ("1.-2", not_plain),
            ("0x10", not_plain),
            ("NaN", not_plain),
            ("inf", not_plain),
            ("\u{0665}", not_plain),
            ("1/2", not_plain),
            ("007", zero),
            ("00", zero),
            ("00.5", zero),
            ("-01", zero),
            ("-0", zero),
            ("-0.00", zero),
            ("1000000000000000", NumberError::IntegerTooLong { what }),
            ("0.0000000000001", NumberError::FractionTooLong { what }),
            ("0.00000000000000000000000000000000000000001", NumberError::TooLong { what, most: 40 }),
        ] {
            assert_eq!(parse_door(text, what), Err(error), "{text:?}");
            assert_eq!(parse_any(text, what), Err(error), "{text:?}");
        }
        let told = NumberError::FractionTooLong { what }.to_string();
        assert_eq!(told, "a quantity has at most 12 digits after the point");
    }
}
