//! The least and the most that a line is charged.
//!
//! 50 with a minimum of 100 is 100: the true-up of 50 is a step of its own. 120 with a maximum of 100 is 100. What was
//! charged for earlier in the period counts towards both. The minimum comes first; a maximum below it wins. Elsewhere:
//! minimum commitment, minimum spend, maximum spend.

use super::trail::Trail;
use crate::amount::Amount;
use crate::number::Number;
use crate::step::Step;

/// `already_billed` is what was charged for earlier, in major units.
pub(crate) fn limit(minimum: Option<Amount>, maximum: Option<Amount>, already_billed: &Number, trail: &mut Trail) {
    if let Some(minimum_amount) = minimum {
        let missing = Number::from(minimum_amount).subtract(&already_billed.add(&trail.amount));
        if missing > Number::ZERO {
            trail.push(Step::Minimum { minimum_amount, amount: missing });
        }
    }
    if let Some(maximum_amount) = maximum {
        let room = Number::from(maximum_amount).subtract(already_billed).max(Number::ZERO);
        if trail.amount > room {
            let amount = room.subtract(&trail.amount);
            trail.push(Step::Maximum { maximum_amount, amount });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_stays_between_the_least_and_the_most() {
        let most = "999999999999999.999999999999";
        for (amount, minimum, maximum, already_billed, limited) in [
            ("0", None, None, "0", "0"),
            ("0", Some("100"), None, "0", "100"),
            ("50", Some("100"), None, "0", "100"),
            ("100", Some("100"), Some("100"), "0", "100"),
            ("99.999999999999", Some("100"), None, "0", "100"),
            ("100.000000000001", None, Some("100"), "0", "100"),
            ("100.000000000001", Some("100"), None, "0", "100.000000000001"),
            ("600", Some("500"), Some("700"), "0", "600"),
            ("22", None, Some("170"), "160", "10"),
            ("22", None, Some("170"), "180", "0"),
            ("0", Some("1000"), None, "100", "900"),
            ("0", Some("1000"), None, "1000", "0"),
            ("1/3", Some("0.333333333333"), None, "0", "1/3"),
            ("50", Some("100"), Some("80"), "0", "80"),
            (most, None, Some("0"), "0", "0"),
            ("0", Some(most), None, "0", most),
        ] {
            let mut trail = Trail::of(amount);
            let read = |text: Option<&str>| text.map(|text| text.parse().unwrap());
            limit(read(minimum), read(maximum), &already_billed.parse().unwrap(), &mut trail);
            assert_eq!(trail.amount.to_text(), limited, "{amount} {minimum:?} {maximum:?} {already_billed}");
            let (steps, _) = trail.amounts();
            assert!(steps.iter().all(|amount| amount != "0"), "{amount} {minimum:?} {maximum:?}: a step for nothing");
        }
        let mut trail = Trail::of("50");
        limit(Some("100".parse().unwrap()), Some("80".parse().unwrap()), &Number::ZERO, &mut trail);
        assert_eq!(trail.amounts(), (vec!["50".to_owned(), "-20".to_owned()], "80".to_owned()));
    }
}
