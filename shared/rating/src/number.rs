//! An exact rational number.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::amount::Amount;
use crate::decimal_text::{DecimalText, NumberError};
use crate::error::RatingError;
use crate::quantity::Quantity;
use crate::serde_text;

/// Bytes of a number's text that are read back; far more than rating ever writes.
const MOST_BYTES: usize = 4_000;
/// Decimal digits that a `Decimal` holds whatever they are.
const SAFE_DIGITS: usize = 28;

/// An exact rational number of any size: nothing that is done with it rounds.
///
/// Its text is a plain decimal where that ends ("12.5"), otherwise a reduced fraction ("470/31"); equal numbers have
/// equal text. In JSON it is that text, as a string.
///
/// # Examples
/// ```
/// use rating::Number;
///
/// let third = Number::from(1).divide(&Number::from(3))?;
/// assert_eq!(third.to_text(), "1/3");
/// assert_eq!(third.multiply(&Number::from(6)).to_text(), "2");
/// # Ok::<(), rating::RatingError>(())
/// ```
#[derive(Clone)]
pub struct Number(Form);

/// The fast form and the one that holds everything.
#[derive(Clone)]
enum Form {
    Decimal(Decimal),
    Fraction(BigRational),
}

impl Number {
    /// Nothing.
    pub const ZERO: Number = Number(Form::Decimal(Decimal::ZERO));

    /// Returns the exact sum.
    pub fn add(&self, other: &Number) -> Number {
        self.fast(other, add_decimals).unwrap_or_else(|| fraction_sum(self.fraction(), other.fraction()))
    }

    /// Returns the exact difference.
    pub fn subtract(&self, other: &Number) -> Number {
        self.fast(other, subtract_decimals).unwrap_or_else(|| fraction_difference(self.fraction(), other.fraction()))
    }

    /// Returns the exact product.
    pub fn multiply(&self, other: &Number) -> Number {
        self.fast(other, multiply_decimals).unwrap_or_else(|| fraction_product(self.fraction(), other.fraction()))
    }

    /// Returns the exact quotient, which stays a fraction.
    ///
    /// # Errors
    /// `DivisionByZero`.
    pub fn divide(&self, divisor: &Number) -> Result<Number, RatingError> {
        if divisor.is_zero() {
            return Err(RatingError::DivisionByZero { dividend: self.clone() });
        }
        Ok(fraction_quotient(self.fraction(), divisor.fraction()))
    }

    /// Returns the least whole number that is not less.
    pub fn ceil(&self) -> Number {
        Number::settled(self.fraction().ceil())
    }

    /// Says whether it is zero.
    pub fn is_zero(&self) -> bool {
        match &self.0 {
            Form::Decimal(decimal) => decimal.is_zero(),
            Form::Fraction(fraction) => fraction.is_zero(),
        }
    }

    /// Says whether it is less than zero.
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            // A decimal zero may carry a sign.
            Form::Decimal(decimal) => decimal.is_sign_negative() && !decimal.is_zero(),
            Form::Fraction(fraction) => fraction.is_negative(),
        }
    }

    /// Returns a plain decimal where that ends, otherwise a reduced fraction.
    pub fn to_text(&self) -> String {
        match &self.0 {
            Form::Decimal(decimal) => decimal.normalize().to_string(),
            Form::Fraction(fraction) => fraction_text(fraction),
        }
    }

    /// The number as a reduced fraction with a positive denominator.
    pub(crate) fn fraction(&self) -> BigRational {
        match &self.0 {
            Form::Decimal(decimal) => {
                BigRational::new(decimal.mantissa().into(), BigInt::from(10_u8).pow(decimal.scale()))
            }
            Form::Fraction(fraction) => fraction.clone(),
        }
    }

    /// A quotient of integers; the denominator is not zero.
    pub(crate) fn from_fraction(fraction: BigRational) -> Number {
        Number::settled(fraction)
    }

    /// Both as decimals, combined; nothing where one is a fraction or the result does not fit.
    fn fast(&self, other: &Number, combine: fn(Decimal, Decimal) -> Option<Decimal>) -> Option<Number> {
        match (&self.0, &other.0) {
            (Form::Decimal(left), Form::Decimal(right)) => {
                combine(*left, *right).map(|decimal| Number(Form::Decimal(decimal)))
            }
            _ => None,
        }
    }

    /// Goes back to the fast form where a fraction turned out whole.
    fn settled(fraction: BigRational) -> Number {
        let whole = fraction.denom().is_one().then(|| fraction.numer().to_i128()).flatten();
        match whole.and_then(|whole| Decimal::try_from_i128_with_scale(whole, 0).ok()) {
            Some(decimal) => Number(Form::Decimal(decimal)),
            None => Number(Form::Fraction(fraction)),
        }
    }

    #[cfg(test)]
    fn forced_big(&self) -> Number {
        Number(Form::Fraction(self.fraction()))
    }
}

// The fast path computes with mantissas, which are integers, and never with Decimal's own operators: those round a
// result of more than 28 digits in silence. Whatever does not fit gives None and is computed as a fraction.

fn add_decimals(left: Decimal, right: Decimal) -> Option<Decimal> {
    let (left, right, scale) = aligned(left, right)?;
    Decimal::try_from_i128_with_scale(left.checked_add(right)?, scale).ok()
}

fn subtract_decimals(left: Decimal, right: Decimal) -> Option<Decimal> {
    let (left, right, scale) = aligned(left, right)?;
    Decimal::try_from_i128_with_scale(left.checked_sub(right)?, scale).ok()
}

fn multiply_decimals(left: Decimal, right: Decimal) -> Option<Decimal> {
    let scale = left.scale().checked_add(right.scale())?;
    Decimal::try_from_i128_with_scale(left.mantissa().checked_mul(right.mantissa())?, scale).ok()
}

/// Both mantissas at the finer of the two scales.
fn aligned(left: Decimal, right: Decimal) -> Option<(i128, i128, u32)> {
    let scale = left.scale().max(right.scale());
    let at_scale = |decimal: Decimal| {
        let factor = 10_i128.checked_pow(scale.checked_sub(decimal.scale())?)?;
        decimal.mantissa().checked_mul(factor)
    };
    Some((at_scale(left)?, at_scale(right)?, scale))
}

#[expect(clippy::arithmetic_side_effects, reason = "big integers grow instead of overflowing")]
fn fraction_sum(left: BigRational, right: BigRational) -> Number {
    Number::settled(left + right)
}

#[expect(clippy::arithmetic_side_effects, reason = "big integers grow instead of overflowing")]
fn fraction_difference(left: BigRational, right: BigRational) -> Number {
    Number::settled(left - right)
}

#[expect(clippy::arithmetic_side_effects, reason = "big integers grow instead of overflowing")]
fn fraction_product(left: BigRational, right: BigRational) -> Number {
    Number::settled(left * right)
}

#[expect(clippy::arithmetic_side_effects, reason = "the caller has refused zero, and big integers grow")]
fn fraction_quotient(dividend: BigRational, divisor: BigRational) -> Number {
    Number::settled(dividend / divisor)
}

fn fraction_text(fraction: &BigRational) -> String {
    let (rest, twos) = without_factor(fraction.denom().clone(), 2);
    let (rest, fives) = without_factor(rest, 5);
    if !rest.is_one() {
        return fraction.to_string();
    }
    let digits_after_point = twos.max(fives);
    let digits = shifted_magnitude(fraction, digits_after_point).to_string();
    let sign = if fraction.is_negative() { "-" } else { "" };
    if digits_after_point == 0 {
        return format!("{sign}{digits}");
    }
    let digits = format!("{digits:0>width$}", width = digits_after_point.saturating_add(1));
    let (integer, after_point) = digits.split_at(digits.len().saturating_sub(digits_after_point));
    format!("{sign}{integer}.{after_point}")
}

/// Divides a positive number by a prime as often as it goes, and says how often.
fn without_factor(mut number: BigInt, prime: u8) -> (BigInt, usize) {
    let prime = BigInt::from(prime);
    let mut times: usize = 0;
    loop {
        let (quotient, remainder) = number.div_rem(&prime);
        if !remainder.is_zero() {
            return (number, times);
        }
        number = quotient;
        times = times.saturating_add(1);
    }
}

/// The magnitude with the point moved to the right, where that makes it whole.
#[expect(clippy::arithmetic_side_effects, reason = "big integers grow, and a denominator is never zero")]
fn shifted_magnitude(fraction: &BigRational, digits: usize) -> BigInt {
    fraction.numer().abs() * num_traits::pow(BigInt::from(10_u8), digits) / fraction.denom()
}

impl Ord for Number {
    fn cmp(&self, other: &Number) -> Ordering {
        let fast = match (&self.0, &other.0) {
            (Form::Decimal(left), Form::Decimal(right)) => aligned(*left, *right),
            _ => None,
        };
        match fast {
            Some((left, right, _)) => left.cmp(&right),
            None => self.fraction().cmp(&other.fraction()),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Number) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

impl From<Quantity> for Number {
    fn from(quantity: Quantity) -> Number {
        Number(Form::Decimal(quantity.decimal().normalize()))
    }
}

impl From<Amount> for Number {
    fn from(amount: Amount) -> Number {
        Number(Form::Decimal(amount.decimal().normalize()))
    }
}

impl From<i128> for Number {
    fn from(whole: i128) -> Number {
        Number::settled(BigRational::from_integer(whole.into()))
    }
}

impl From<i64> for Number {
    fn from(whole: i64) -> Number {
        Number(Form::Decimal(whole.into()))
    }
}

impl From<u64> for Number {
    fn from(whole: u64) -> Number {
        Number(Form::Decimal(whole.into()))
    }
}

impl From<i32> for Number {
    fn from(whole: i32) -> Number {
        Number(Form::Decimal(whole.into()))
    }
}

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
        Ok(Number::from_fraction(BigRational::new(numerator, denominator)))
    }
}

const WHAT: &str = "a number";

fn parse_decimal(text: &str) -> Result<Number, NumberError> {
    let DecimalText { negative, integer, fraction } = DecimalText::split(text, WHAT, MOST_BYTES)?;
    let not_plain = NumberError::NotPlain { what: WHAT };
    if integer.len().saturating_add(fraction.len()) <= SAFE_DIGITS {
        let decimal = Decimal::from_str_exact(text).map_err(|_| not_plain)?;
        return Ok(Number(Form::Decimal(decimal.normalize())));
    }
    let sign = if negative { "-" } else { "" };
    let numerator = format!("{sign}{integer}{fraction}").parse::<BigInt>().map_err(|_| not_plain)?;
    let denominator = num_traits::pow(BigInt::from(10_u8), fraction.len());
    Ok(Number::from_fraction(BigRational::new(numerator, denominator)))
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Number({self})")
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_text())
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_text::deserialize(deserializer, "a number as a string, such as \"12.5\" or \"1/3\"")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Number {
        text.parse().unwrap()
    }

    #[test]
    fn a_product_keeps_all_its_digits() {
        let product = number("999999999999999.999999999999").multiply(&number("0.123456789012"));
        assert_eq!(product.to_text(), "123456789011999.999999999999876543210988");
        assert_eq!(number("0.5").multiply(&number("0.2")).to_text(), "0.1");
    }

    #[test]
    fn a_sum_keeps_all_its_digits() {
        let sum = number("79228162514264337593543950335").add(&number("0.0000000000000000000000000001"));
        assert_eq!(sum.to_text(), "79228162514264337593543950335.0000000000000000000000000001");
        assert_eq!(sum.subtract(&number("79228162514264337593543950335")).to_text(), format!("0.{}1", "0".repeat(27)));
    }

    #[test]
    fn text_is_a_decimal_where_that_ends_and_a_reduced_fraction_otherwise() {
        for (text, canonical) in [
            ("0.00", "0"),
            ("12.50", "12.5"),
            ("-12.50", "-12.5"),
            ("100", "100"),
            ("1/8", "0.125"),
            ("-1/8", "-0.125"),
            ("6/4", "1.5"),
            ("1893630/40000", "47.34075"),
            ("940/62", "470/31"),
            ("-2/6", "-1/3"),
            ("0/7", "0"),
            ("10/5", "2"),
            ("170141183460469231731687303715884105728", "170141183460469231731687303715884105728"),
        ] {
            assert_eq!(number(text).to_text(), canonical);
            assert_eq!(number(text).forced_big().to_text(), canonical);
        }
        for text in ["", "/", "1/", "/2", "1/0", "1/-2", "1.5/2", "1/2/3", "1/02", "01/2", "-0/2", "1e3", " 1", "+1"] {
            assert!(text.parse::<Number>().is_err(), "{text:?}");
        }
        assert!("1".repeat(4_001).parse::<Number>().is_err());
    }

    #[test]
    fn ceil_goes_up_to_the_next_whole_number() {
        for (text, ceil) in [
            ("0", "0"),
            ("2", "2"),
            ("2.000000000001", "3"),
            ("1/3", "1"),
            ("-1/3", "0"),
            ("-2.5", "-2"),
            ("79228162514264337593543950335.5", "79228162514264337593543950336"),
        ] {
            assert_eq!(number(text).ceil().to_text(), ceil);
        }
    }

    #[test]
    fn what_fits_stays_on_the_fast_path_and_comes_back_to_it() {
        let fast = |number: &Number| matches!(number.0, Form::Decimal(_));
        assert!(fast(&number("361").multiply(&number("0.05")).add(&number("10"))));
        assert!(!fast(&number("999999999999999.999999999999").multiply(&number("0.123456789012"))));
        assert!(fast(&number("7").divide(&number("3")).unwrap().ceil()));
    }

    #[test]
    fn division_by_zero_is_an_error() {
        let error = number("7").divide(&number("0.0")).unwrap_err();
        assert_eq!(error, RatingError::DivisionByZero { dividend: number("7") });
        assert_eq!(number("7").divide(&number("-2")).unwrap().to_text(), "-3.5");
    }

    /// Numbers that fit the fast form, crowding its limits.
    fn numbers() -> impl Strategy<Value = Number> {
        const LARGEST: i128 = 79_228_162_514_264_337_593_543_950_335;
        let mantissa = prop_oneof![-LARGEST..=LARGEST, -1_000_000_i128..1_000_000, Just(0), Just(LARGEST)];
        (mantissa, 0..=28_u32)
            .prop_map(|(mantissa, scale)| Number(Form::Decimal(Decimal::from_i128_with_scale(mantissa, scale))))
    }

    proptest! {
        #[test]
        fn both_paths_agree(left in numbers(), right in numbers()) {
            let (big_left, big_right) = (left.forced_big(), right.forced_big());
            for (fast, big) in [
                (left.add(&right), big_left.add(&big_right)),
                (left.subtract(&right), big_left.subtract(&big_right)),
                (left.multiply(&right), big_left.multiply(&big_right)),
                (left.ceil(), big_left.ceil()),
            ] {
                prop_assert_eq!(fast.to_text(), big.to_text());
                prop_assert_eq!(fast.fraction(), big.fraction());
                prop_assert_eq!(fast.is_negative(), big.is_negative());
                prop_assert_eq!(fast.is_zero(), big.is_zero());
            }
            prop_assert_eq!(left.cmp(&right), big_left.cmp(&big_right));
            prop_assert_eq!(left.divide(&right).ok(), big_left.divide(&big_right).ok());
        }

        #[test]
        fn a_number_is_read_back_as_it_was_written(left in numbers(), right in numbers()) {
            let mut made = vec![left.add(&right), left.multiply(&right)];
            made.extend(left.divide(&right));
            for number in made {
                let text = number.to_text();
                let read: Number = text.parse().unwrap();
                prop_assert_eq!(read.to_text(), text);
                prop_assert_eq!(read, number);
            }
        }

        #[test]
        fn a_quotient_times_its_divisor_is_the_dividend(left in numbers(), right in numbers()) {
            prop_assume!(!right.is_zero());
            prop_assert_eq!(left.divide(&right).unwrap().multiply(&right), left);
        }
    }
}
