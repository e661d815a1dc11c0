//! The number, by its cases and its laws.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::contextualize_config;

use super::*;

pub(crate) fn number(text: &str) -> Number {
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
fn what_fits_is_computed_without_big_integers() {
    let (left, right) = (number("7.5"), number("-0.25"));

    for result in [left.add(&right), left.subtract(&right), left.multiply(&right)] {
        assert!(result.scaled().is_some(), "{result:?}");
    }
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
    let fast = |number: &Number| number.scaled().is_some();
    assert!(fast(&number("361").multiply(&number("0.05")).add(&number("10"))));
    let door = "999999999999999.999999999999";
    assert!(fast(&number(door).multiply(&number("0.12345678901"))));
    assert!(!fast(&number(door).multiply(&number(door))));
    assert!(fast(&number("7").divide(&number("3")).unwrap().ceil()));
    assert_eq!(size_of::<Number>(), 24);
    assert_eq!(size_of::<Option<Number>>(), 24);
}

/// Numbers that fit the fast form, crowding its limits.
pub(crate) fn numbers() -> impl Strategy<Value = Number> {
    let of_64_bits = any::<i64>().prop_map(i128::from);
    let edges = select(vec![0, i128::MAX, i128::MIN, i128::from(i64::MAX), i128::from(i64::MIN)]);
    let mantissa = prop_oneof![any::<i128>(), of_64_bits, -1_000_000_i128..1_000_000, edges];
    (mantissa, 0..=MOST_SCALE).prop_map(|(mantissa, scale)| Number::from_scaled(Scaled { mantissa, scale }))
}

proptest! {
    #![proptest_config(contextualize_config(ProptestConfig::with_cases(100_000)))]

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
}
