//! Numbers as texts, read digit by digit.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Zero};

/// Reads a number as the door does: at most 40 bytes, 15 digits before the point and 12 after it.
pub fn door(text: &str) -> Option<BigRational> {
    if text.len() > 40 {
        return None;
    }
    plain(text, 15, 12)
}

/// Reads a number as it is stored: a plain decimal or a fraction of whole numbers, each at most 4,000 bytes.
pub fn number(text: &str) -> Option<BigRational> {
    match text.split_once('/') {
        None => plain(text, 4_000, 4_000).filter(|_| text.len() <= 4_000),
        Some((numerator, denominator)) => {
            let whole = |text: &str| plain(text, 4_000, 0).filter(|_| text.len() <= 4_000);
            let (numerator, denominator) = (whole(numerator)?, whole(denominator)?);
            (denominator > BigRational::zero()).then(|| numerator / denominator)
        }
    }
}

/// An optional minus, digits without a leading zero, and optionally a point and digits; no minus before zero.
fn plain(text: &str, most_integer: usize, most_fraction: usize) -> Option<BigRational> {
    let ten = || BigInt::from(10);
    let mut characters = text.chars().peekable();
    let negative = characters.next_if_eq(&'-').is_some();
    let (mut digits, mut integer, mut fraction) = (BigInt::zero(), 0, 0);
    let starts_with_zero = characters.peek() == Some(&'0');
    while let Some(digit) = characters.peek().and_then(|character| character.to_digit(10)) {
        characters.next();
        digits = digits * ten() + digit;
        integer += 1;
    }
    if integer == 0 || integer > most_integer || (starts_with_zero && integer > 1) {
        return None;
    }
    let mut denominator = BigInt::one();
    if characters.next_if_eq(&'.').is_some() {
        while let Some(digit) = characters.peek().and_then(|character| character.to_digit(10)) {
            characters.next();
            digits = digits * ten() + digit;
            denominator *= ten();
            fraction += 1;
        }
        if fraction == 0 {
            return None;
        }
    }
    if characters.next().is_some() || fraction > most_fraction || (negative && digits.is_zero()) {
        return None;
    }
    Some(BigRational::new(if negative { -digits } else { digits }, denominator))
}
