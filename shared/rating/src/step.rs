//! How an amount came about, as data.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::aggregation::Aggregation;
use crate::amount::Amount;
use crate::number::Number;

/// One step from usage to amount; every amount is exact and in major units, and a charge is the sum of its steps.
///
/// In JSON it is an object tagged by `step`, with every number as a string.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// The records became one quantity.
    Aggregate {
        /// How.
        aggregation: Aggregation,
        /// The quantity.
        quantity: Number,
    },
    /// So much of the quantity cost nothing.
    Included {
        /// What was used of the included quantity.
        quantity: Number,
    },
    /// An amount that depends on no quantity.
    Flat {
        /// The amount.
        amount: Number,
    },
    /// Every unit at one price.
    Units {
        /// The units.
        quantity: Number,
        /// The price of one.
        unit_amount: Amount,
        /// `quantity` times `unit_amount`.
        amount: Number,
    },
    /// Whole packages.
    Packages {
        /// The units.
        quantity: Number,
        /// The units in a package.
        package_size: Number,
        /// The packages, rounded up.
        packages: Number,
        /// The price of one package.
        package_amount: Amount,
        /// `packages` times `package_amount`.
        amount: Number,
    },
    /// What lies in a tier, at the price of that tier.
    Tier {
        /// The lower bound, exclusive.
        from: Number,
        /// The upper bound, inclusive; null where the tier is open.
        #[schema(required)]
        to: Option<Number>,
        /// The units priced by this tier: those that lie in it, or all of them where the price is by volume.
        quantity: Number,
        /// The units in a package; absent where units are priced one by one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        package_size: Option<Number>,
        /// The packages, rounded up; absent where units are priced one by one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        packages: Option<Number>,
        /// The price of one unit, or of one package.
        unit_amount: Amount,
        /// What is added once for the tier.
        flat_amount: Amount,
        /// Units or packages times `unit_amount`, plus `flat_amount`.
        amount: Number,
    },
}

impl Step {
    /// Returns what the step adds to the charge; nothing for a step that only determines the quantity.
    pub fn amount(&self) -> Option<&Number> {
        match self {
            Step::Aggregate { .. } | Step::Included { .. } => None,
            Step::Flat { amount }
            | Step::Units { amount, .. }
            | Step::Packages { amount, .. }
            | Step::Tier { amount, .. } => Some(amount),
        }
    }

    /// Returns the exact sum of the amounts of steps.
    pub fn sum(steps: &[Step]) -> Number {
        steps.iter().filter_map(Step::amount).fold(Number::ZERO, |sum, amount| sum.add(amount))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_form_of_each_step_stays() {
        let golden = concat!(
            r#"[{"step":"aggregate","aggregation":"sum","quantity":"12.5"},"#,
            r#"{"step":"included","quantity":"10"},"#,
            r#"{"step":"flat","amount":"10"},"#,
            r#"{"step":"units","quantity":"361","unit_amount":"0.050","amount":"18.05"},"#,
            r#"{"step":"packages","quantity":"1/3","package_size":"100","packages":"1","package_amount":"5","amount":"5"},"#,
            r#"{"step":"tier","from":"0","to":"10","quantity":"10","unit_amount":"1","flat_amount":"2","amount":"12"},"#,
            r#"{"step":"tier","from":"10","to":null,"quantity":"1","package_size":"5","packages":"1","#,
            r#""unit_amount":"0","flat_amount":"0.00","amount":"0"}]"#,
        );
        let steps: Vec<Step> = serde_json::from_str(golden).unwrap();
        assert_eq!(serde_json::to_string(&steps).unwrap(), golden);
        assert_eq!(Step::sum(&steps).to_text(), "45.05");
    }

    #[test]
    fn an_unknown_step_or_field_is_refused() {
        for json in [
            r#"{"step":"gift","amount":"1"}"#,
            r#"{"step":"flat","amount":"1","x":"1"}"#,
            r#"{"step":"flat","amount":1}"#,
        ] {
            assert!(serde_json::from_str::<Step>(json).is_err(), "{json}");
        }
    }
}
