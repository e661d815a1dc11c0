//! Item prices: what an item costs in one currency for one period length, version by version.

use rating::{Aggregation, Amount, Currency, Price, ProrationBasis, Quantity, Tax, UnitRounding};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::record_rules::RecordRules;
use crate::id::{FeatureId, ItemId, ItemPriceId};
use crate::time::{CadenceUnit, Timestamp};

/// When a price is billed: with the period that begins, or with the one that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Billed {
    /// At the boundary where the period begins.
    InAdvance,
    /// At the boundary where the period ends.
    InArrears,
}

/// The period length of a price: every n days, weeks, months or years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PeriodLength {
    /// How many units, 1 to 1,000.
    #[schema(minimum = 1, maximum = 1000)]
    pub every: u32,
    /// The unit.
    pub unit: CadenceUnit,
}

/// The price of an item in one currency for one period length; each change makes a new version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemPrice {
    /// The item price's id.
    pub id: ItemPriceId,
    /// What it prices.
    pub item_id: ItemId,
    /// The name that stands on invoice lines.
    pub name: String,
    /// What one unit is called; the item's unit name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_name: Option<String>,
    /// 1 for the first version, one more with each change.
    pub version: u32,
    /// The currency of every amount in it.
    pub currency_code: Currency,
    /// The period length.
    pub period: PeriodLength,
    /// Whether it is billed by recorded usage.
    pub metered: bool,
    /// What its usage is counted against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_id: Option<FeatureId>,
    /// With the period that begins or the one that ended; metered prices always the latter.
    pub billed: Billed,
    /// How usage records become one quantity.
    pub aggregation: Aggregation,
    /// Usage that costs nothing, each period; a subscription item may state its own.
    pub included_usage: Quantity,
    /// Whether a period without billable usage is billed the first tier's flat amount.
    pub bill_zero_usage: bool,
    /// The price model with its numbers.
    pub price: Price,
    /// How a quantity is rounded before it is priced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_rounding: Option<UnitRounding>,
    /// The least that a period is charged, with or without usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_amount: Option<Amount>,
    /// The most that a period is charged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_amount: Option<Amount>,
    /// What a part of a period is counted in; amounts that stand for a period are charged whole where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proration: Option<ProrationBasis>,
    /// The taxes on or in its amounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax: Option<Tax>,
    /// When the first version was made.
    pub created_at: Timestamp,
    /// When this version was made.
    pub updated_at: Timestamp,
}

impl ItemPrice {
    /// Whether usage may be recorded for it.
    pub fn takes_usage(&self) -> bool {
        self.metered || self.feature_id.is_some()
    }

    /// What it asks of each usage record, in every version of it.
    pub fn record_rules(&self) -> RecordRules {
        RecordRules::of(self.aggregation, &self.price, self.metered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::price;

    #[test]
    fn usage_is_taken_where_it_is_billed_or_counted_against_a_feature() {
        for (metered, feature, takes_usage) in
            [(false, None, false), (false, Some("users"), true), (true, None, true), (true, Some("users"), true)]
        {
            let feature_id = feature.map(|id| id.parse().unwrap());
            let price = ItemPrice { metered, feature_id, ..price("seat", 1).1 };
            assert_eq!(price.takes_usage(), takes_usage, "{metered} {feature:?}");
        }
    }

    #[test]
    fn a_price_asks_its_records_for_what_it_counts() {
        let counted = ItemPrice { aggregation: Aggregation::UniqueCount, ..price("minutes", 1).1 };

        assert!(counted.record_rules().unique_value);
        assert!(price("minutes", 1).1.record_rules().are_plain());
    }
}
