//! How an amount came about, as data.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::aggregation::Aggregation;
use crate::amount::Amount;
use crate::number::Number;
use crate::percent::Percent;
use crate::proration::ProrationBasis;
use crate::quantity::Quantity;
use crate::unit_rounding::UnitRounding;

/// One step from usage to amount; every amount is exact and in major units, and a charge is the sum of its steps.
///
/// In JSON it is an object tagged by `step`, with every number as a string; only records are counted in JSON numbers.
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
    /// The quantity that was held is below zero, and counts as 0: changes downwards that nothing was held for.
    HeldBelowZero {
        /// The quantity.
        quantity: Number,
    },
    /// So much was charged for earlier in the period, and is not charged for again.
    AlreadyBilled {
        /// The quantity.
        quantity: Number,
    },
    /// So much of the quantity cost nothing.
    Included {
        /// What was used of the included quantity.
        quantity: Number,
    },
    /// The quantity was rounded before it was priced.
    Rounded {
        /// The quantity before.
        quantity: Number,
        /// How it was rounded.
        rounding: UnitRounding,
        /// The quantity that is priced.
        rounded: Number,
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
        package_size: Quantity,
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
        from: Quantity,
        /// The upper bound, inclusive; null where the tier is open.
        #[schema(required)]
        to: Option<Quantity>,
        /// The units priced by this tier: those that lie in it, or all of them where the price is by volume.
        quantity: Number,
        /// The units in a package; absent where units are priced one by one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        package_size: Option<Quantity>,
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
    /// What lies in a tier, at the tier's percentage.
    PercentTier {
        /// The lower bound, exclusive.
        from: Quantity,
        /// The upper bound, inclusive; null where the tier is open.
        to: Option<Quantity>,
        /// The money that lies in the tier.
        quantity: Number,
        /// The share that is charged.
        percent: Percent,
        /// What is added once for the tier.
        flat_amount: Amount,
        /// `percent` of `quantity`, plus `flat_amount`.
        amount: Number,
    },
    /// So much of the records' money cost nothing.
    FreeAllowance {
        /// The records that were wholly free.
        records: u64,
        /// The money that was free.
        quantity: Number,
    },
    /// A share of the records' money.
    Percentage {
        /// The money that is charged for.
        quantity: Number,
        /// The share.
        percent: Percent,
        /// `percent` of `quantity`.
        amount: Number,
    },
    /// An amount for each record.
    PerRecord {
        /// The records that are charged for.
        records: u64,
        /// The amount for one.
        amount_per_record: Amount,
        /// `records` times `amount_per_record`.
        amount: Number,
    },
    /// What lifts records to the least that one is charged.
    RecordMinimum {
        /// The records that were lifted.
        records: u64,
        /// The least amount for one.
        minimum_per_record: Amount,
        /// What was added.
        amount: Number,
    },
    /// What lowers records to the most that one is charged.
    RecordMaximum {
        /// The records that were lowered.
        records: u64,
        /// The most for one.
        maximum_per_record: Amount,
        /// What was taken off, below zero.
        amount: Number,
    },
    /// The amounts that the records carry.
    RecordAmounts {
        /// The records.
        records: u64,
        /// What their sum is multiplied by; absent where that is 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        multiplier: Option<Quantity>,
        /// Their sum, multiplied.
        amount: Number,
    },
    /// Amounts that stand for the whole period, for a part of it.
    Proration {
        /// What `used` and `period` count.
        basis: ProrationBasis,
        /// The part.
        used: u64,
        /// The whole.
        period: u64,
        /// The amounts that are charged for the part only.
        prorated: Number,
        /// What was taken off, at most zero.
        amount: Number,
    },
    /// A share that is taken off.
    DiscountPercent {
        /// The share.
        percent: Percent,
        /// What it is a share of.
        discounted: Number,
        /// What was taken off, at most zero.
        amount: Number,
    },
    /// An amount that is taken off.
    DiscountAmount {
        /// The most that it takes off.
        discount: Amount,
        /// What was taken off, at most zero.
        amount: Number,
    },
    /// Units that are taken off, at what the last of them cost.
    DiscountFreeUnits {
        /// The units that were free.
        quantity: Number,
        /// What was taken off, at most zero.
        amount: Number,
    },
    /// What lifts the amount to the least that is charged.
    Minimum {
        /// The least amount.
        minimum_amount: Amount,
        /// What was added.
        amount: Number,
    },
    /// What lowers the amount to the most that is charged.
    Maximum {
        /// The most.
        maximum_amount: Amount,
        /// What was taken off, below zero.
        amount: Number,
    },
    /// What lowers the amount to what is left of a capped amount.
    Cap {
        /// What is left of it.
        balance_remaining: Amount,
        /// What was taken off, below zero.
        amount: Number,
    },
}

impl Step {
    /// Returns what the step adds to the charge; nothing for a step that only determines the quantity.
    #[inline]
    pub fn amount(&self) -> Option<&Number> {
        match self {
            Step::Aggregate { .. }
            | Step::HeldBelowZero { .. }
            | Step::AlreadyBilled { .. }
            | Step::Included { .. }
            | Step::Rounded { .. }
            | Step::FreeAllowance { .. } => None,
            Step::Flat { amount }
            | Step::Units { amount, .. }
            | Step::Packages { amount, .. }
            | Step::Tier { amount, .. }
            | Step::PercentTier { amount, .. }
            | Step::Percentage { amount, .. }
            | Step::PerRecord { amount, .. }
            | Step::RecordMinimum { amount, .. }
            | Step::RecordMaximum { amount, .. }
            | Step::RecordAmounts { amount, .. }
            | Step::Proration { amount, .. }
            | Step::DiscountPercent { amount, .. }
            | Step::DiscountAmount { amount, .. }
            | Step::DiscountFreeUnits { amount, .. }
            | Step::Minimum { amount, .. }
            | Step::Maximum { amount, .. }
            | Step::Cap { amount, .. } => Some(amount),
        }
    }

    /// The part of the step's amount that depends on no quantity.
    pub(crate) fn flat_amount(&self) -> Number {
        match self {
            Step::Flat { amount } => amount.clone(),
            Step::Tier { flat_amount, .. } | Step::PercentTier { flat_amount, .. } => (*flat_amount).into(),
            _ => Number::ZERO,
        }
    }

    /// Returns the exact sum of the amounts of steps.
    #[inline]
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
            r#"{"step":"held_below_zero","quantity":"-1/3"},"#,
            r#"{"step":"flat","amount":"10"},"#,
            r#"{"step":"units","quantity":"361","unit_amount":"0.050","amount":"18.05"},"#,
            r#"{"step":"packages","quantity":"1/3","package_size":"100","packages":"1","package_amount":"5","amount":"5"},"#,
            r#"{"step":"tier","from":"0","to":"10","quantity":"10","unit_amount":"1","flat_amount":"2","amount":"12"},"#,
            r#"{"step":"tier","from":"10","to":null,"quantity":"1","package_size":"5","packages":"1","#,
            r#""unit_amount":"0","flat_amount":"0.00","amount":"0"},"#,
            r#"{"step":"already_billed","quantity":"12"},"#,
            r#"{"step":"rounded","quantity":"1.2","rounding":{"round":"up","multiple_of":"0.5"},"rounded":"1.5"},"#,
            r#"{"step":"percent_tier","from":"0","to":"1000","quantity":"500","percent":"1","flat_amount":"200","#,
            r#""amount":"205"},"#,
            r#"{"step":"free_allowance","records":3,"quantity":"400"},"#,
            r#"{"step":"percentage","quantity":"50","percent":"1.2","amount":"0.6"},"#,
            r#"{"step":"per_record","records":1,"amount_per_record":"0.10","amount":"0.1"},"#,
            r#"{"step":"record_minimum","records":1,"minimum_per_record":"1","amount":"0.3"},"#,
            r#"{"step":"record_maximum","records":1,"maximum_per_record":"0.5","amount":"-0.2"},"#,
            r#"{"step":"record_amounts","records":3,"amount":"3.45"},"#,
            r#"{"step":"record_amounts","records":3,"multiplier":"1.2","amount":"4.14"},"#,
            r#"{"step":"proration","basis":"calendar_days","used":22,"period":31,"prorated":"10","amount":"-90/31"},"#,
            r#"{"step":"discount_percent","percent":"10","discounted":"50","amount":"-5"},"#,
            r#"{"step":"discount_amount","discount":"5.00","amount":"-5"},"#,
            r#"{"step":"discount_free_units","quantity":"10","amount":"-1"},"#,
            r#"{"step":"minimum","minimum_amount":"100","amount":"50"},"#,
            r#"{"step":"maximum","maximum_amount":"100","amount":"-50"},"#,
            r#"{"step":"cap","balance_remaining":"20","amount":"-1.5"}]"#,
        );
        let steps: Vec<Step> = serde_json::from_str(golden).unwrap();
        assert_eq!(serde_json::to_string(&steps).unwrap(), golden);
        assert_eq!(Step::sum(&steps[..8]).to_text(), "45.05");
        assert!(size_of::<Step>() <= 176, "{}", size_of::<Step>());
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
