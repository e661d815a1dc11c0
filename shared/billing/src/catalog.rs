//! What is sold and to whom: customers, features, items and their versioned prices.

use rating::{Aggregation, Amount, Currency, Price, ProrationBasis, Quantity, Tax, UnitRounding};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::cadence::CadenceUnit;
use crate::id::{CustomerId, FeatureId, ItemId, ItemPriceId};
use crate::invoice::PaymentTerms;
use crate::record_rules::RecordRules;
use crate::timestamp::Timestamp;

/// Who is invoiced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// The customer's id.
    pub id: CustomerId,
    /// The name that stands on the invoice.
    pub name: String,
    /// Where invoices are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The number that invoice numbers begin with; the id where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// When an invoice is due.
    pub payment_terms: PaymentTerms,
    /// Whether payment is collected when an invoice is issued.
    pub auto_collection: bool,
    /// When the customer was made.
    pub created_at: Timestamp,
    /// When the customer was last changed.
    pub updated_at: Timestamp,
}

impl Customer {
    /// What the customer's invoice numbers begin with.
    pub fn invoice_prefix(&self) -> &str {
        self.number.as_deref().unwrap_or(self.id.as_str())
    }
}

/// What usage is counted against for entitlements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feature {
    /// The feature's id.
    pub id: FeatureId,
    /// Its name.
    pub name: String,
    /// When the feature was made.
    pub created_at: Timestamp,
    /// When the feature was last changed.
    pub updated_at: Timestamp,
}

/// The kind of an item; only recurring ones (plans and addons) can be metered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemType {
    /// The base of a subscription.
    Plan,
    /// What recurs beside a plan.
    Addon,
}

/// What is sold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The item's id.
    pub id: ItemId,
    /// The name that stands on invoice lines.
    pub name: String,
    /// Plan or addon.
    #[serde(rename = "type")]
    pub item_type: ItemType,
    /// What one unit is called: minute, GB, seat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_name: Option<String>,
    /// When the item was made.
    pub created_at: Timestamp,
    /// When the item was last changed.
    pub updated_at: Timestamp,
}

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
    use crate::closing::tests::price;

    #[test]
    fn invoice_numbers_begin_with_the_customers_number_or_else_the_id() {
        let stored = concat!(
            r#"{"id":"acme","name":"Acme","payment_terms":"NET 7","auto_collection":false,"#,
            r#""created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}"#,
        );
        let mut customer: Customer = serde_json::from_str(stored).unwrap();
        assert_eq!(customer.invoice_prefix(), "acme");

        customer.number = Some("1234".into());

        assert_eq!(customer.invoice_prefix(), "1234");
    }

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
