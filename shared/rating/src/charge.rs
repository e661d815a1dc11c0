//! The entry points: usage or a quantity in, an explained amount out.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::aggregation::{Aggregation, Measurement, aggregate};
use crate::currency::Currency;
use crate::error::RatingError;
use crate::money::{Money, Rounding};
use crate::number::Number;
use crate::price::Price;
use crate::quantity::Quantity;
use crate::step::Step;

/// What a charge depends on, beside what was used.
#[derive(Clone, Copy, Debug)]
pub struct ChargeInputs<'a> {
    /// The pricing model with its numbers.
    pub price: &'a Price,
    /// How records become one quantity.
    pub aggregation: Aggregation,
    /// What costs nothing; not negative.
    pub included: Quantity,
    /// Whether nothing used still costs the flat fee or the first tier's flat amount.
    pub bill_zero_usage: bool,
    /// The currency of the price.
    pub currency: Currency,
    /// What becomes of half a minor unit.
    pub rounding: Rounding,
}

/// An amount with all that explains it.
///
/// In JSON every number is a string. What was written is read back and written again to the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// What was used.
    pub total: Number,
    /// The included quantity that was granted, used or not.
    pub included: Number,
    /// What is charged for: `total` less `included`, at least 0.
    pub billable: Number,
    /// How the amount came about, in order.
    pub steps: Vec<Step>,
    /// The exact sum of the steps' amounts, in major units.
    pub unrounded: Number,
    /// `unrounded`, rounded once to the currency's minor unit.
    pub amount: Money,
}

/// Rates the usage of one period; the order of the records changes nothing.
///
/// No record makes no charge. A total of 0, or one that is all included, makes a charge of 0, which enters no tier.
/// `bill_zero_usage` makes both a charge of the flat fee or the first tier's flat amount.
///
/// # Errors
/// `NegativeUsage`, `NegativeIncluded`, `BeyondLastTier`, `Overflow`.
///
/// # Examples
/// ```
/// use rating::{Aggregation, ChargeInputs, Measurement, Quantity, Rounding, rate_usage};
///
/// let price = serde_json::from_str(r#"{"model":"per_unit","unit_amount":"0.05"}"#)?;
/// let inputs = ChargeInputs {
///     price: &price,
///     aggregation: Aggregation::Sum,
///     included: Quantity::ZERO,
///     bill_zero_usage: false,
///     currency: "USD".parse()?,
///     rounding: Rounding::HalfAwayFromZero,
/// };
/// let minutes = Measurement { date_ms: 0, id: None, quantity: "361".parse()? };
/// let charge = rate_usage(&inputs, &[minutes])?;
/// assert_eq!(charge.map(|charge| charge.amount.to_string()), Some("18.05".to_owned()));
/// assert_eq!(rate_usage(&inputs, &[])?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn rate_usage(inputs: &ChargeInputs, records: &[Measurement]) -> Result<Option<Charge>, RatingError> {
    if records.is_empty() && !inputs.bill_zero_usage {
        return Ok(None);
    }
    let total = aggregate(inputs.aggregation, records.iter().copied())?;
    let aggregated = Step::Aggregate { aggregation: inputs.aggregation, quantity: total.clone() };
    charge(inputs, total, vec![aggregated], |_| Ok(Vec::new())).map(Some)
}

/// Rates a quantity that is agreed and not metered, such as seats.
///
/// A flat fee is charged whatever the quantity; otherwise a quantity of 0 is charged as `rate_usage` charges it.
///
/// # Errors
/// `NegativeUsage`, `NegativeIncluded`, `BeyondLastTier`, `Overflow`.
///
/// # Examples
/// See `rate_usage`; the case table is `an_agreed_quantity_is_priced_as_it_is`.
pub fn rate_quantity(inputs: &ChargeInputs, quantity: Quantity) -> Result<Charge, RatingError> {
    if quantity.is_negative() {
        return Err(RatingError::NegativeUsage { quantity: quantity.into() });
    }
    charge(inputs, quantity.into(), Vec::new(), |price| price.price(&Number::ZERO))
}

/// The pipeline from the total on; `at_zero` prices a billable quantity of 0 where zero usage is not billed.
fn charge(
    inputs: &ChargeInputs,
    total: Number,
    mut steps: Vec<Step>,
    at_zero: impl Fn(&Price) -> Result<Vec<Step>, RatingError>,
) -> Result<Charge, RatingError> {
    let included = Number::from(inputs.included);
    if included.is_negative() {
        return Err(RatingError::NegativeIncluded { included });
    }
    if !included.is_zero() {
        steps.push(Step::Included { quantity: included.clone().min(total.clone()) });
    }
    let billable = total.subtract(&included).max(Number::ZERO);
    steps.extend(match (billable.is_zero(), inputs.bill_zero_usage) {
        (false, _) => inputs.price.price(&billable)?,
        (true, true) => inputs.price.price_zero_usage(),
        (true, false) => at_zero(inputs.price)?,
    });
    let unrounded = Step::sum(&steps);
    let amount = Money::round(&unrounded, inputs.currency, inputs.rounding)?;
    Ok(Charge { total, included, billable, steps, unrounded, amount })
}

/// The stored form of a charge.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    total_usage: Number,
    included_usage: Number,
    on_demand_usage: Number,
    steps: Vec<Step>,
    unrounded_amount: Number,
    amount: String,
    currency_code: Currency,
}

impl Serialize for Charge {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stored = Stored {
            total_usage: self.total.clone(),
            included_usage: self.included.clone(),
            on_demand_usage: self.billable.clone(),
            steps: self.steps.clone(),
            unrounded_amount: self.unrounded.clone(),
            amount: self.amount.to_string(),
            currency_code: self.amount.currency(),
        };
        stored.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Charge {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Stored::deserialize(deserializer)?;
        Ok(Charge {
            total: stored.total_usage,
            included: stored.included_usage,
            billable: stored.on_demand_usage,
            steps: stored.steps,
            unrounded: stored.unrounded_amount,
            amount: Money::parse(&stored.amount, stored.currency_code).map_err(serde::de::Error::custom)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAT: &str = r#"{"model":"flat_fee","amount":"10.00"}"#;
    const UNIT: &str = r#"{"model":"per_unit","unit_amount":"0.05"}"#;
    const TIERED: &str = r#"{"model":"tiered","tiers":[
        {"up_to":"10","unit_amount":"1","flat_amount":"2"},{"unit_amount":"0.333"}]}"#;
    const STAIRS: &str = r#"{"model":"stairstep","tiers":[{"up_to":"10","flat_amount":"7"}]}"#;

    struct Case {
        price: Price,
        included: &'static str,
        bill_zero_usage: bool,
    }

    impl Case {
        fn new(price: &str, included: &'static str, bill_zero_usage: bool) -> Case {
            Case { price: serde_json::from_str(price).unwrap(), included, bill_zero_usage }
        }

        fn inputs(&self) -> ChargeInputs<'_> {
            ChargeInputs {
                price: &self.price,
                aggregation: Aggregation::Sum,
                included: self.included.parse().unwrap(),
                bill_zero_usage: self.bill_zero_usage,
                currency: "USD".parse().unwrap(),
                rounding: Rounding::default(),
            }
        }

        fn usage(&self, quantities: &[&str]) -> Result<Option<Charge>, RatingError> {
            let record = |quantity: &&str| Measurement { date_ms: 0, id: None, quantity: quantity.parse().unwrap() };
            rate_usage(&self.inputs(), &quantities.iter().map(record).collect::<Vec<_>>())
        }
    }

    #[test]
    fn usage_is_charged_beyond_what_is_included() {
        for (price, included, quantities, amount) in [
            (UNIT, "0", vec!["361"], "18.05"),
            (UNIT, "0", vec!["300", "61"], "18.05"),
            (UNIT, "60", vec!["361"], "15.05"),
            (UNIT, "361", vec!["361"], "0.00"),
            (UNIT, "400", vec!["361"], "0.00"),
            (FLAT, "0", vec!["0.01"], "10.00"),
            (FLAT, "5", vec!["5"], "0.00"),
            (FLAT, "0", vec!["0"], "0.00"),
            (TIERED, "0", vec!["0"], "0.00"),
            (TIERED, "5", vec!["5.0"], "0.00"),
            (TIERED, "5", vec!["5.001"], "2.00"),
            (TIERED, "5", vec!["16"], "12.33"),
            (STAIRS, "5", vec!["15"], "7.00"),
        ] {
            let charge = Case::new(price, included, false).usage(&quantities).unwrap().unwrap();
            assert_eq!(charge.amount.to_string(), amount, "{price} {included} {quantities:?}");
            assert_eq!(charge.unrounded, Step::sum(&charge.steps));
        }
    }

    #[test]
    fn nothing_used_is_charged_only_where_zero_usage_is_billed() {
        for (price, amount) in [(FLAT, "10.00"), (UNIT, "0.00"), (TIERED, "2.00"), (STAIRS, "7.00")] {
            assert_eq!(Case::new(price, "5", false).usage(&[]), Ok(None));
            for quantities in [vec![], vec!["0"], vec!["4", "1"]] {
                let charge = Case::new(price, "5", true).usage(&quantities).unwrap().unwrap();
                assert_eq!(charge.amount.to_string(), amount, "{price} {quantities:?}");
            }
        }
    }

    #[test]
    fn an_agreed_quantity_is_priced_as_it_is() {
        for (price, quantity, amount) in [
            (FLAT, "0", "10.00"),
            (FLAT, "3", "10.00"),
            (UNIT, "0", "0.00"),
            (UNIT, "3", "0.15"),
            (TIERED, "0", "0.00"),
            (TIERED, "11", "12.33"),
            (STAIRS, "10", "7.00"),
        ] {
            let case = Case::new(price, "0", false);
            let charge = rate_quantity(&case.inputs(), quantity.parse().unwrap()).unwrap();
            assert_eq!(charge.amount.to_string(), amount, "{price} {quantity}");
        }
    }

    #[test]
    fn what_has_no_amount_is_an_error() {
        let beyond = Case::new(STAIRS, "0", false).usage(&["10.5"]).unwrap_err();
        assert!(matches!(beyond, RatingError::BeyondLastTier { .. }));
        let negative = Case::new(UNIT, "0", false).usage(&["-1"]).unwrap_err();
        assert_eq!(negative, RatingError::NegativeUsage { quantity: (-1).into() });
        let negative = rate_quantity(&Case::new(UNIT, "0", false).inputs(), "-1".parse().unwrap()).unwrap_err();
        assert_eq!(negative, RatingError::NegativeUsage { quantity: (-1).into() });
        let included = Case::new(UNIT, "-5", false).usage(&["1"]).unwrap_err();
        assert_eq!(included, RatingError::NegativeIncluded { included: (-5).into() });
    }

    #[test]
    fn the_stored_form_of_a_charge_stays() {
        let charge = Case::new(TIERED, "5.00", false).usage(&["10.50", "5.5"]).unwrap().unwrap();
        let golden = concat!(
            r#"{"total_usage":"16","included_usage":"5","on_demand_usage":"11","steps":["#,
            r#"{"step":"aggregate","aggregation":"sum","quantity":"16"},"#,
            r#"{"step":"included","quantity":"5"},"#,
            r#"{"step":"tier","from":"0","to":"10","quantity":"10","unit_amount":"1","flat_amount":"2","amount":"12"},"#,
            r#"{"step":"tier","from":"10","to":null,"quantity":"1","unit_amount":"0.333","flat_amount":"0","#,
            r#""amount":"0.333"}],"#,
            r#""unrounded_amount":"12.333","amount":"12.33","currency_code":"USD"}"#,
        );
        assert_eq!(serde_json::to_string(&charge).unwrap(), golden);
        let read: Charge = serde_json::from_str(golden).unwrap();
        assert_eq!(read, charge);
        assert_eq!(serde_json::to_string(&read).unwrap(), golden);
        let wrong = golden.replace(r#""amount":"12.33","#, r#""amount":"12.333","#);
        assert!(serde_json::from_str::<Charge>(&wrong).is_err());
    }
}
