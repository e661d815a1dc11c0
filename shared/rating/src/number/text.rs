//! How a number is written.

use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};

use super::scaled::Scaled;

/// A plain decimal without trailing zeros.
pub(super) fn scaled_text(scaled: Scaled) -> String {
    let sign = if scaled.mantissa < 0 { "-" } else { "" };
    let digits = scaled.mantissa.unsigned_abs().to_string();
    let text = decimal_text(sign, &digits, usize::from(scaled.scale));
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A plain decimal where that ends, otherwise a reduced fraction.
pub(super) fn fraction_text(fraction: &BigRational) -> String {
    let (rest, twos) = without_factor(fraction.denom().clone(), 2);
    let (rest, fives) = without_factor(rest, 5);
    if !rest.is_one() {
        return fraction.to_string();
    }
    let digits_after_point = twos.max(fives);
    let digits = shifted_magnitude(fraction, digits_after_point).to_string();
    let sign = if fraction.is_negative() { "-" } else { "" };
    decimal_text(sign, &digits, digits_after_point)
}

fn decimal_text(sign: &str, digits: &str, digits_after_point: usize) -> String {
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
