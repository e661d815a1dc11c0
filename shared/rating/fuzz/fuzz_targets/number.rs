//! Every reader of numbers against one that goes digit by digit; what was read is written and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use num_bigint::BigInt;
use num_rational::BigRational;
use rating::{Amount, Currency, Money, Number, Percent, Quantity};
use rating_fuzz::decimal::{door, number};

fuzz_target!(|text: &str| {
    check_door(text);
    check_money(text);
    match text.split_once(' ') {
        None => drop(check_number(text)),
        Some((left, right)) => {
            if let (Some(left), Some(right)) = (check_number(left), check_number(right)) {
                check_arithmetic(&left, &right);
            }
        }
    }
});

/// What the door lets in keeps its digits; what is equal shares one canonical text.
fn check_door(text: &str) {
    let expected = door(text);
    let quantity: Option<Quantity> = text.parse().ok();
    let amount: Option<Amount> = text.parse().ok();
    let percent: Option<Percent> = text.parse().ok();
    let accepted = [quantity.is_some(), amount.is_some(), percent.is_some()];
    assert_eq!(accepted, [expected.is_some(); 3], "{text:?}");
    let json = serde_json::to_string(text).unwrap();
    assert_eq!(serde_json::from_str::<Quantity>(&json).ok(), quantity);
    assert_eq!(serde_json::from_str::<Amount>(&json).ok(), amount);
    assert_eq!(serde_json::from_str::<Percent>(&json).ok(), percent);
    let (Some(exact), Some(quantity), Some(amount), Some(percent)) = (expected, quantity, amount, percent) else {
        return;
    };
    assert_eq!([quantity.to_string(), amount.to_string(), percent.to_string()], [text, text, text]);
    assert_eq!(serde_json::to_string(&quantity).unwrap(), json);
    for same in [Number::from(quantity), Number::from(amount), Number::from(percent)] {
        assert_eq!(number(&same.to_text()), Some(exact.clone()), "{text:?}");
    }
    let canonical = quantity.canonical();
    assert_eq!(canonical, Number::from(quantity).to_text());
    assert_eq!(amount.canonical(), canonical);
    assert_eq!(canonical.parse(), Ok(quantity));
}

/// A number is read whatever its size, and equal ones have equal texts.
fn check_number(text: &str) -> Option<Number> {
    let read: Option<Number> = text.parse().ok();
    let expected = number(text);
    assert_eq!(read.is_some(), expected.is_some(), "{text:?}");
    let (read, expected) = (read?, expected?);
    let written = read.to_text();
    assert_eq!(number(&written).as_ref(), Some(&expected), "{text:?}");
    assert_eq!(written, canonical(&expected), "{text:?}");
    assert_eq!(written.parse().as_ref(), Ok(&read));
    assert_eq!(read.is_zero(), expected == BigRational::from_integer(0.into()));
    assert_eq!(read.is_negative(), expected < BigRational::from_integer(0.into()));
    Some(read)
}

/// A plain decimal without trailing zeros where that ends, otherwise a reduced fraction.
fn canonical(exact: &BigRational) -> String {
    let (mut rest, mut digits) = (exact.denom().clone(), 0);
    while rest != BigInt::from(1) {
        let Some(factor) = [10, 5, 2].into_iter().find(|&factor| &rest % factor == BigInt::from(0)) else {
            return exact.to_string();
        };
        rest /= factor;
        digits += 1;
    }
    let whole = exact.numer() * BigInt::from(10).pow(digits) / exact.denom();
    let digits = usize::try_from(digits).unwrap();
    let padded = format!("{:0>width$}", whole.magnitude(), width = digits + 1);
    let (integer, fraction) = padded.split_at(padded.len() - digits);
    let sign = if whole < BigInt::from(0) { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{integer}{point}{fraction}")
}

/// The fast form and big fractions agree, whichever of them either number has.
fn check_arithmetic(left: &Number, right: &Number) {
    let exact = |read: &Number| number(&read.to_text()).unwrap();
    let (left_exact, right_exact) = (exact(left), exact(right));
    assert_eq!(exact(&left.add(right)), &left_exact + &right_exact, "{left} + {right}");
    assert_eq!(exact(&left.subtract(right)), &left_exact - &right_exact, "{left} - {right}");
    assert_eq!(exact(&left.multiply(right)), &left_exact * &right_exact, "{left} * {right}");
    assert_eq!(exact(&left.ceil()), left_exact.ceil(), "{left}");
    assert_eq!(left.cmp(right), left_exact.cmp(&right_exact), "{left} <=> {right}");
    match left.divide(right) {
        Ok(quotient) => assert_eq!(exact(&quotient), left_exact / right_exact, "{left} / {right}"),
        Err(_) => assert!(right.is_zero(), "{left} / {right}"),
    }
}

/// Money is what it is written as, with the digits of its currency.
fn check_money(text: &str) {
    for code in ["JPY", "USD", "KWD", "CLF"] {
        let currency: Currency = code.parse().unwrap();
        if let Ok(money) = Money::parse(text, currency) {
            assert_eq!(money.to_string(), text);
            assert_eq!(number(&Number::from(money).to_text()), number(text), "{text} {code}");
        }
    }
    if let Ok(currency) = text.parse::<Currency>() {
        assert_eq!(currency.to_string(), text);
    }
}
