//! What an item price asks of each usage record beside its quantity, fixed for the life of the price.

use rating::{Aggregation, Price};
use serde::{Deserialize, Serialize};

use crate::usage::Content;

/// What every usage record of an item price has to say, or may.
///
/// The price's model and aggregation decide it. Every version of a price asks the same, so that a subscription item can
/// keep a copy, and a record that was taken can be rated by whichever version its period has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordRules {
    /// Whether it says a unique value, since those are counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unique_value: bool,
    /// Whether it says its amount, since that is charged.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub amount: bool,
    /// Whether its quantity is a change of what is held, which may be below zero and lasts beyond the period.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
}

/// Why a record does not suit its item price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsuitable {
    /// What is to be counted once is missing.
    #[error("the item price counts unique values, and the usage has no unique_value")]
    MissingUniqueValue,
    /// What is to be charged is missing.
    #[error("the item price charges what each usage says that it costs, and the usage has no amount")]
    MissingAmount,
    /// Less than nothing was used.
    #[error("a quantity is not negative, but for an item price whose aggregation is weighted_sum")]
    NegativeQuantity,
}

impl Unsuitable {
    /// The field to blame.
    pub fn field(self) -> &'static str {
        match self {
            Unsuitable::MissingUniqueValue => "unique_value",
            Unsuitable::MissingAmount => "amount",
            Unsuitable::NegativeQuantity => "quantity",
        }
    }
}

impl RecordRules {
    /// Returns what a price with that aggregation asks; nothing of a record is charged where it is not metered.
    pub fn of(aggregation: Aggregation, price: &Price, metered: bool) -> RecordRules {
        RecordRules {
            unique_value: aggregation == Aggregation::UniqueCount,
            amount: metered && matches!(price, Price::Dynamic(_)),
            held: aggregation == Aggregation::WeightedSum,
        }
    }

    /// Says whether nothing is asked.
    pub fn are_plain(&self) -> bool {
        *self == RecordRules::default()
    }

    /// Checks that a record says what is asked.
    ///
    /// # Errors
    /// The first thing that is wrong, in the order of [`Unsuitable`].
    pub fn check(&self, content: &Content) -> Result<(), Unsuitable> {
        if self.unique_value && content.unique_value.is_none() {
            return Err(Unsuitable::MissingUniqueValue);
        }
        if self.amount && content.amount.is_none() {
            return Err(Unsuitable::MissingAmount);
        }
        if !self.held && content.quantity.is_negative() {
            return Err(Unsuitable::NegativeQuantity);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(quantity: &str, unique_value: Option<&str>, amount: Option<&str>) -> Content {
        Content {
            unique_value: unique_value.map(str::to_owned),
            amount: amount.map(|amount| amount.parse().unwrap()),
            ..Content::new(quantity.parse().unwrap())
        }
    }

    #[test]
    fn a_price_asks_for_what_it_counts_and_charges() {
        let per_unit: Price = serde_json::from_str(r#"{"model":"per_unit","unit_amount":"1"}"#).unwrap();
        let dynamic: Price = serde_json::from_str(r#"{"model":"dynamic"}"#).unwrap();
        let (plain, user, priced) =
            (content("1", None, None), content("1", Some("u"), None), content("1", None, Some("0")));
        let (less, both) = (content("-1", None, None), content("-1", Some("u"), Some("1")));
        use Unsuitable::{MissingAmount, MissingUniqueValue, NegativeQuantity};
        for (aggregation, price, metered, outcomes) in [
            (Aggregation::Sum, &per_unit, true, [None, None, None, Some(NegativeQuantity), Some(NegativeQuantity)]),
            (Aggregation::Max, &per_unit, false, [None, None, None, Some(NegativeQuantity), Some(NegativeQuantity)]),
            (
                Aggregation::UniqueCount,
                &per_unit,
                true,
                [
                    Some(MissingUniqueValue),
                    None,
                    Some(MissingUniqueValue),
                    Some(MissingUniqueValue),
                    Some(NegativeQuantity),
                ],
            ),
            (
                Aggregation::Sum,
                &dynamic,
                true,
                [Some(MissingAmount), Some(MissingAmount), None, Some(MissingAmount), Some(NegativeQuantity)],
            ),
            (Aggregation::WeightedSum, &per_unit, true, [None; 5]),
            (
                Aggregation::WeightedSum,
                &dynamic,
                true,
                [Some(MissingAmount), Some(MissingAmount), None, Some(MissingAmount), None],
            ),
        ] {
            let rules = RecordRules::of(aggregation, price, metered);
            let found = [&plain, &user, &priced, &less, &both].map(|content| rules.check(content).err());
            assert_eq!(found, outcomes, "{aggregation:?} {price:?}");
        }
    }

    #[test]
    fn what_is_unsuitable_names_the_field_to_blame() {
        use Unsuitable::{MissingAmount, MissingUniqueValue, NegativeQuantity};
        let fields = [MissingUniqueValue, MissingAmount, NegativeQuantity].map(Unsuitable::field);
        assert_eq!(fields, ["unique_value", "amount", "quantity"]);
    }

    #[test]
    fn the_stored_form_says_only_what_is_asked_and_what_says_nothing_is_plain() {
        let held = RecordRules { held: true, ..RecordRules::default() };
        assert_eq!(serde_json::to_string(&held).unwrap(), r#"{"held":true}"#);
        assert!(serde_json::from_str::<RecordRules>("{}").unwrap().are_plain());
    }
}
