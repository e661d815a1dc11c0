//! What was charged for earlier in the period, where a period is charged for in parts.
//!
//! Over tiers of 100 flat up to 5, 50 flat up to 10, 5 a unit up to 15 and 1 beyond, 12 units are 160 and 22 are 182.
//! Once 12 are charged for, 10 more cost the 22 that are missing: 3 x 5 + 7 x 1. Where more units may cost less this
//! cannot be done, and is refused. Elsewhere: progressive billing, on-demand invoicing, threshold billing.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::amount::Amount;
use crate::error::RatingError;
use crate::number::Number;
use crate::price::Price;
use crate::step::Step;

/// What the charges of the same line before this one amount to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlreadyBilled {
    /// The usage that they were for, included usage among it; not negative.
    pub quantity: Number,
    /// What they charged, in major units; counts towards minimum and maximum.
    #[serde(default)]
    pub amount: Number,
}

/// Adds the steps that lead from the price of one quantity to that of a greater one, and returns their sum.
///
/// # Errors
/// `NotInParts`, and what pricing either quantity refuses.
pub(crate) fn price_between(
    price: &Price,
    before: &Number,
    after: &Number,
    steps: &mut Vec<Step>,
) -> Result<Number, RatingError> {
    match price {
        // It was charged with the first part.
        Price::FlatFee(_) => return Ok(Number::ZERO),
        Price::PerUnit(_) | Price::Tiered(_) | Price::Package(_) | Price::GraduatedPercentage(_) => {}
        Price::Volume(_) | Price::Stairstep(_) | Price::Percentage(_) | Price::Dynamic(_) => {
            return Err(RatingError::NotInParts { model: price.model() });
        }
    }
    let first = steps.len();
    let mut earlier = price.price(before)?.into_iter();
    for step in price.price(after)? {
        // Both enter the same tiers in the same order, the greater one possibly more of them.
        let step = match earlier.next() {
            Some(earlier) => difference(step, &earlier),
            None => step,
        };
        if quantity(&step).is_none_or(|quantity| !quantity.is_zero()) {
            steps.push(step);
        }
    }
    Ok(Step::sum(steps.get(first..).unwrap_or_default()))
}

fn quantity(step: &Step) -> Option<&Number> {
    match step {
        Step::Units { quantity, .. }
        | Step::Packages { quantity, .. }
        | Step::Tier { quantity, .. }
        | Step::PercentTier { quantity, .. } => Some(quantity),
        _ => None,
    }
}

/// What a step has more than an earlier one of the same kind; the flat amount was charged with that.
fn difference(mut step: Step, earlier: &Step) -> Step {
    let lessen = |number: &mut Number, earlier: &Number| *number = number.subtract(earlier);
    match (&mut step, earlier) {
        (Step::Units { quantity, amount, .. }, Step::Units { quantity: less, amount: paid, .. }) => {
            lessen(quantity, less);
            lessen(amount, paid);
        }
        (
            Step::Packages { quantity, packages, amount, .. },
            Step::Packages { quantity: less, packages: fewer, amount: paid, .. },
        ) => {
            lessen(quantity, less);
            lessen(packages, fewer);
            lessen(amount, paid);
        }
        (
            Step::Tier { quantity, packages, flat_amount, amount, .. },
            Step::Tier { quantity: less, packages: fewer, amount: paid, .. },
        ) => {
            lessen(quantity, less);
            if let (Some(packages), Some(fewer)) = (packages, fewer) {
                lessen(packages, fewer);
            }
            lessen(amount, paid);
            *flat_amount = Amount::ZERO;
        }
        (
            Step::PercentTier { quantity, flat_amount, amount, .. },
            Step::PercentTier { quantity: less, amount: paid, .. },
        ) => {
            lessen(quantity, less);
            lessen(amount, paid);
            *flat_amount = Amount::ZERO;
        }
        _ => {}
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(price: &str, before: &str, after: &str, steps: &[&str], amount: &str) {
        let price: Price = serde_json::from_str(price).unwrap();
        let (before, after): (Number, Number) = (before.parse().unwrap(), after.parse().unwrap());
        let mut added = Vec::new();
        price_between(&price, &before, &after, &mut added).unwrap();
        let amounts: Vec<String> = added.iter().filter_map(Step::amount).map(Number::to_text).collect();
        assert_eq!(amounts, steps, "{before} to {after}");
        assert_eq!(Step::sum(&added).to_text(), amount);
        let sum = |quantity| Step::sum(&price.price(quantity).unwrap());
        assert_eq!(Step::sum(&added), sum(&after).subtract(&sum(&before)), "{before} to {after}");
    }

    #[test]
    fn a_later_part_costs_what_is_missing() {
        let tiered = r#"{"model":"tiered","tiers":[{"up_to":"5","flat_amount":"100"},{"up_to":"10","flat_amount":"50"},
            {"up_to":"15","unit_amount":"5"},{"unit_amount":"1"}]}"#;
        check(tiered, "0", "0", &[], "0");
        check(tiered, "0", "12", &["100", "50", "10"], "160");
        check(tiered, "12", "22", &["15", "7"], "22");
        check(tiered, "5", "5", &[], "0");
        check(tiered, "5", "5.000000000001", &["50"], "50");
        check(tiered, "2", "3", &["0"], "0");
        let last = ["999999999999984.999999999999"];
        check(tiered, "15", "999999999999999.999999999999", &last, last[0]);
        let packages = r#"{"model":"tiered","tiers":[{"unit_amount":"5","package_size":"10"}]}"#;
        check(packages, "1", "9", &["0"], "0");
        check(packages, "1", "11", &["5"], "5");
        check(r#"{"model":"package","package_size":"10","package_amount":"5"}"#, "9.5", "20.5", &["10"], "10");
        check(r#"{"model":"per_unit","unit_amount":"0.05"}"#, "100", "361", &["13.05"], "13.05");
        let percent = r#"{"model":"graduated_percentage","tiers":[{"up_to":"1000","percent":"1","flat_amount":"200"},
            {"percent":"2","flat_amount":"300"}]}"#;
        check(percent, "500", "1050", &["5", "301"], "306");
    }

    #[test]
    fn a_flat_fee_is_charged_once_and_what_may_fall_is_refused() {
        let mut steps = Vec::new();
        let flat: Price = serde_json::from_str(r#"{"model":"flat_fee","amount":"10"}"#).unwrap();
        price_between(&flat, &1.into(), &2.into(), &mut steps).unwrap();
        assert!(steps.is_empty());
        for (json, model) in [
            (r#"{"model":"volume","tiers":[{"unit_amount":"1"}]}"#, "volume"),
            (r#"{"model":"stairstep","tiers":[{"flat_amount":"1"}]}"#, "stairstep"),
            (r#"{"model":"percentage","percent":"1"}"#, "percentage"),
            (r#"{"model":"dynamic"}"#, "dynamic"),
        ] {
            let price: Price = serde_json::from_str(json).unwrap();
            let error = price_between(&price, &1.into(), &2.into(), &mut steps).unwrap_err();
            assert_eq!(error, RatingError::NotInParts { model });
        }
    }
}
