//! Division of numbers: the one operation that can fail, where the divisor is zero.

use num_rational::BigRational;

use crate::error::RatingError;
use crate::number::{Number, Scaled};

/// Which whole number a quotient becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whole {
    /// The least that is not less.
    Up,
    /// The greatest that is not more.
    Down,
    /// The nearest, a half away from zero.
    Nearest,
}

impl Number {
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

    /// Returns the quotient as a whole number.
    ///
    /// # Errors
    /// `DivisionByZero`.
    pub(crate) fn whole_quotient(&self, divisor: &Number, whole: Whole) -> Result<Number, RatingError> {
        let scaled = self.scaled().zip(divisor.scaled());
        if let Some(quotient) = scaled.and_then(|(left, right)| whole_quotient(left, right, whole)) {
            return Ok(Number::from_scaled(quotient));
        }
        let exact = self.divide(divisor)?.fraction();
        Ok(Number::from_fraction(match whole {
            Whole::Up => exact.ceil(),
            Whole::Down => exact.floor(),
            Whole::Nearest => exact.round(),
        }))
    }
}

/// A whole quotient; None where it does not fit, or there is none.
fn whole_quotient(dividend: Scaled, divisor: Scaled, whole: Whole) -> Option<Scaled> {
    let (dividend, divisor, _) = dividend.aligned(divisor)?;
    let (quotient, remainder) = match (i64::try_from(dividend), i64::try_from(divisor)) {
        (Ok(left), Ok(right)) => (left.checked_div(right)?.into(), left.checked_rem(right)?.into()),
        _ => (dividend.checked_div(divisor)?, dividend.checked_rem(divisor)?),
    };
    if remainder == 0 {
        return Some(Scaled { mantissa: quotient, scale: 0 });
    }
    // The remainder has the dividend's sign.
    let is_negative = remainder.is_negative() != divisor.is_negative();
    let half_or_more = || remainder.unsigned_abs() >= divisor.unsigned_abs().saturating_sub(remainder.unsigned_abs());
    let step = match (whole, is_negative) {
        (Whole::Up, false) => 1,
        (Whole::Down, true) => -1,
        (Whole::Up, true) | (Whole::Down, false) => 0,
        (Whole::Nearest, _) if !half_or_more() => 0,
        (Whole::Nearest, false) => 1,
        (Whole::Nearest, true) => -1,
    };
    Some(Scaled { mantissa: quotient.checked_add(step)?, scale: 0 })
}

#[expect(clippy::arithmetic_side_effects, reason = "the caller has refused zero, and big integers grow")]
#[cold]
fn fraction_quotient(dividend: BigRational, divisor: BigRational) -> Number {
    Number::from_fraction(dividend / divisor)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::contextualize_config;

    use super::*;
    use crate::number::tests::{number, numbers};

    #[test]
    fn division_by_zero_is_an_error() {
        let error = number("7").divide(&number("0.0")).unwrap_err();
        assert_eq!(error, RatingError::DivisionByZero { dividend: number("7") });
        assert_eq!(number("7").divide(&number("-2")).unwrap().to_text(), "-3.5");
    }

    #[test]
    fn a_whole_quotient_that_fits_is_computed_without_big_integers() {
        let (dividend, divisor) = (number("7.5").scaled().unwrap(), number("-0.25").scaled().unwrap());
        assert_eq!(whole_quotient(dividend, divisor, Whole::Up).map(|whole| whole.mantissa), Some(-30));
    }

    proptest! {
        #![proptest_config(contextualize_config(ProptestConfig::with_cases(100_000)))]

        #[test]
        fn both_paths_give_the_same_quotients(left in numbers(), right in numbers()) {
            let (big_left, big_right) = (left.forced_big(), right.forced_big());
            prop_assert_eq!(left.divide(&right).ok(), big_left.divide(&big_right).ok());
            for whole in [Whole::Up, Whole::Down, Whole::Nearest] {
                let (fast, big) = (left.whole_quotient(&right, whole), big_left.whole_quotient(&big_right, whole));
                prop_assert_eq!(fast.ok(), big.ok());
            }
        }

        #[test]
        fn a_quotient_times_its_divisor_is_the_dividend(left in numbers(), right in numbers()) {
            let right = if right.is_zero() { 1.into() } else { right };
            prop_assert_eq!(left.divide(&right).unwrap().multiply(&right), left);
        }
    }
}
