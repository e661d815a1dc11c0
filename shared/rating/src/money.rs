//! Money in whole minor units, and the only rounding there is.

use std::cmp::Ordering;
use std::fmt;

use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::currency::Currency;
use crate::decimal_text::DecimalText;
use crate::error::RatingError;
use crate::number::{Number, Scaled, power_of_ten};

/// Bytes of an amount's text: a sign, the 39 digits that an i128 may have, a point.
const MOST_BYTES: usize = 41;

/// Where an amount goes that lies just between two minor units; every other one goes to the nearer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// 0.125 to 0.13, -0.125 to -0.13.
    #[default]
    HalfAwayFromZero,
    /// 0.125 to 0.12, 0.135 to 0.14: to the even neighbour.
    HalfEven,
}

/// An amount of whole minor units of one currency.
///
/// Its text has exactly the currency's digits: 28.05 USD, 28 JPY, 28.050 KWD.
///
/// # Examples
/// ```
/// use rating::{Money, Rounding};
///
/// let usd = "USD".parse()?;
/// let money = Money::round(&"28.045".parse()?, usd, Rounding::default())?;
/// assert_eq!(money.to_string(), "28.05");
/// assert_eq!(money.minor_units(), 2805);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Money {
    minor_units: i128,
    currency: Currency,
}

impl Money {
    /// Returns nothing, in a currency.
    pub fn zero(currency: Currency) -> Money {
        Money::from_minor_units(0, currency)
    }

    /// Returns so many minor units: 2805 in USD are 28.05.
    pub fn from_minor_units(minor_units: i128, currency: Currency) -> Money {
        Money { minor_units, currency }
    }

    /// Returns the amount in minor units.
    pub fn minor_units(&self) -> i128 {
        self.minor_units
    }

    /// Returns the currency.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Says whether it is nothing.
    pub fn is_zero(&self) -> bool {
        self.minor_units == 0
    }

    /// Says whether it is less than nothing.
    pub fn is_negative(&self) -> bool {
        self.minor_units < 0
    }

    /// Returns the sum of two amounts in one currency.
    ///
    /// # Errors
    /// `CurrencyMismatch`; `Overflow` where the sum has more minor units than fit in 128 bits.
    pub fn checked_add(self, other: Money) -> Result<Money, RatingError> {
        if self.currency != other.currency {
            return Err(RatingError::CurrencyMismatch { left: self.currency, right: other.currency });
        }
        match self.minor_units.checked_add(other.minor_units) {
            Some(minor_units) => Ok(Money { minor_units, ..self }),
            None => {
                let value = Number::from(self).add(&Number::from(other));
                Err(RatingError::Overflow { value, currency: self.currency })
            }
        }
    }

    /// Returns the nearest amount of whole minor units; `value` is in major units.
    ///
    /// # Errors
    /// `Overflow` where it has more minor units than fit in 128 bits.
    pub fn round(value: &Number, currency: Currency, rounding: Rounding) -> Result<Money, RatingError> {
        let scaled = value.scaled().and_then(|scaled| nearest_scaled(scaled, currency.minor_digits(), rounding));
        let minor_units = scaled.or_else(|| {
            let exact = value.multiply(&minor_per_major(currency)).fraction();
            nearest_integer(&exact, rounding).to_i128()
        });
        let minor_units = minor_units.ok_or_else(|| RatingError::Overflow { value: value.clone(), currency })?;
        Ok(Money { minor_units, currency })
    }

    /// Reads an amount that is written with exactly the currency's digits, as `Display` writes it.
    ///
    /// # Errors
    /// `UnreadableMoney` for any other text.
    pub fn parse(text: &str, currency: Currency) -> Result<Money, RatingError> {
        let unreadable = RatingError::UnreadableMoney { currency };
        let Ok(DecimalText { negative, integer, fraction }) = DecimalText::split(text, "an amount", MOST_BYTES) else {
            return Err(unreadable);
        };
        if fraction.len() != usize::from(currency.minor_digits()) {
            return Err(unreadable);
        }
        let sign = if negative { "-" } else { "" };
        let minor_units = format!("{sign}{integer}{fraction}").parse().map_err(|_| unreadable)?;
        Ok(Money { minor_units, currency })
    }
}

impl From<Money> for Number {
    /// The amount in major units.
    fn from(money: Money) -> Number {
        Number::from_scaled(Scaled { mantissa: money.minor_units, scale: money.currency.minor_digits() })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minor_digits = usize::from(self.currency.minor_digits());
        let sign = if self.is_negative() { "-" } else { "" };
        let digits = format!("{:0>width$}", self.minor_units.unsigned_abs(), width = minor_digits.saturating_add(1));
        let (major, minor) = digits.split_at(digits.len().saturating_sub(minor_digits));
        if minor.is_empty() { write!(f, "{sign}{major}") } else { write!(f, "{sign}{major}.{minor}") }
    }
}

/// How many minor units make a major one: a power of ten, so never zero.
fn minor_per_major(currency: Currency) -> Number {
    let units = BigInt::from(10_u8).pow(currency.minor_digits().into());
    Number::from_fraction(BigRational::from_integer(units))
}

/// `nearest_integer` of a number in its fast form; None where it does not fit.
fn nearest_scaled(value: Scaled, minor_digits: u8, rounding: Rounding) -> Option<i128> {
    let Some(beyond) = value.scale.checked_sub(minor_digits) else {
        return value.mantissa_at(minor_digits);
    };
    let unit = power_of_ten(beyond)?;
    let (towards_zero, remainder) = match (i64::try_from(value.mantissa), i64::try_from(unit)) {
        (Ok(mantissa), Ok(unit)) => (mantissa.checked_div(unit)?.into(), mantissa.checked_rem(unit)?.into()),
        _ => (value.mantissa.checked_div(unit)?, value.mantissa.checked_rem(unit)?),
    };
    let other_half = unit.unsigned_abs().checked_sub(remainder.unsigned_abs())?;
    let is_odd = towards_zero.checked_rem(2)? != 0;
    let further = goes_further(remainder.unsigned_abs().cmp(&other_half), is_odd, rounding);
    towards_zero.checked_add(if further { value.mantissa.signum() } else { 0 })
}

/// The one rule of rounding: by the part that is cut off against what lacks to the next unit.
fn goes_further(cut_off: Ordering, is_odd: bool, rounding: Rounding) -> bool {
    match cut_off {
        Ordering::Less => false,
        Ordering::Greater => true,
        Ordering::Equal => match rounding {
            Rounding::HalfAwayFromZero => true,
            Rounding::HalfEven => is_odd,
        },
    }
}

#[expect(clippy::arithmetic_side_effects, reason = "big integers grow instead of overflowing")]
fn nearest_integer(exact: &BigRational, rounding: Rounding) -> BigInt {
    let (towards_zero, remainder) = exact.numer().div_rem(exact.denom());
    let cut_off = (remainder.abs() * 2_u8).cmp(exact.denom());
    let further = goes_further(cut_off, towards_zero.is_odd(), rounding);
    if further { towards_zero + exact.numer().signum() } else { towards_zero }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    #[test]
    fn an_amount_is_rounded_to_the_nearest_minor_unit() {
        use Rounding::{HalfAwayFromZero, HalfEven};
        for (value, code, rounding, rounded) in [
            ("0", "USD", HalfAwayFromZero, "0.00"),
            ("28.05", "USD", HalfAwayFromZero, "28.05"),
            ("0.004999999999", "USD", HalfAwayFromZero, "0.00"),
            ("0.005", "USD", HalfAwayFromZero, "0.01"),
            ("-0.005", "USD", HalfAwayFromZero, "-0.01"),
            ("-0.004999999999", "USD", HalfAwayFromZero, "0.00"),
            ("0.005", "USD", HalfEven, "0.00"),
            ("0.015", "USD", HalfEven, "0.02"),
            ("0.025", "USD", HalfEven, "0.02"),
            ("0.025000000001", "USD", HalfEven, "0.03"),
            ("-0.015", "USD", HalfEven, "-0.02"),
            ("-0.025", "USD", HalfEven, "-0.02"),
            ("47.34075", "JPY", HalfAwayFromZero, "47"),
            ("47.5", "JPY", HalfAwayFromZero, "48"),
            ("46.5", "JPY", HalfEven, "46"),
            ("1.0005", "KWD", HalfAwayFromZero, "1.001"),
            ("1.0005", "KWD", HalfEven, "1.000"),
            ("1/3", "CLF", HalfAwayFromZero, "0.3333"),
            ("2/3", "USD", HalfEven, "0.67"),
            ("-2/3", "USD", HalfEven, "-0.67"),
        ] {
            let value: Number = value.parse().unwrap();
            let money = Money::round(&value, currency(code), rounding).unwrap();
            assert_eq!(Money::round(&value.forced_big(), currency(code), rounding), Ok(money));
            assert_eq!(money.to_string(), rounded, "{value} {code} {rounding:?}");
            assert_eq!(Money::parse(rounded, currency(code)), Ok(money));
        }
    }

    #[test]
    fn an_ordinary_amount_is_rounded_without_big_integers() {
        for (value, minor_units) in [("28", 2_800), ("28.05", 2_805), ("28.045", 2_805), ("-28.0449", -2_804)] {
            let scaled = value.parse::<Number>().unwrap().scaled().unwrap();
            assert_eq!(nearest_scaled(scaled, 2, Rounding::default()), Some(minor_units), "{value}");
        }
    }

    #[test]
    fn an_amount_is_nothing_or_less_by_its_minor_units() {
        for (minor_units, zero, negative) in [(-1, false, true), (0, true, false), (1, false, false)] {
            let money = Money::from_minor_units(minor_units, currency("USD"));
            assert_eq!((money.is_zero(), money.is_negative()), (zero, negative), "{minor_units}");
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let usd = currency("USD");
        let most = Money::from_minor_units(i128::MAX, usd);
        let error = most.checked_add(Money::from_minor_units(1, usd)).unwrap_err();
        assert_eq!(error.to_string(), "1701411834604692317316873037158841057.28 USD is too large an amount");
        let error = Money::round(&i128::MAX.into(), usd, Rounding::default()).unwrap_err();
        assert_eq!(error, RatingError::Overflow { value: i128::MAX.into(), currency: usd });
        let yen = currency("JPY");
        let error = most.checked_add(Money::zero(yen)).unwrap_err();
        assert_eq!(error, RatingError::CurrencyMismatch { left: usd, right: yen });
        for minor_units in [i128::MAX, i128::MIN] {
            let money = Money::from_minor_units(minor_units, usd);
            assert_eq!(Money::parse(&money.to_string(), usd), Ok(money));
        }
    }

    #[test]
    fn an_amount_is_read_in_exactly_the_currencys_digits() {
        for (text, code) in
            [("28", "USD"), ("28.0", "USD"), ("28.050", "USD"), ("28.00", "JPY"), ("-0.00", "USD"), ("028.05", "USD")]
        {
            let currency = currency(code);
            assert_eq!(Money::parse(text, currency), Err(RatingError::UnreadableMoney { currency }), "{text}");
        }
        assert_eq!(Money::parse("-28.05", currency("USD")).unwrap().minor_units(), -2805);
    }

    #[test]
    fn a_rounding_is_named_in_snake_case() {
        assert_eq!(serde_json::to_string(&Rounding::default()).unwrap(), "\"half_away_from_zero\"");
        assert_eq!(serde_json::to_string(&Rounding::HalfEven).unwrap(), "\"half_even\"");
    }
}
