//! A usage charge on the wire.

use billing::id::{FeatureId, ItemPriceId, SubscriptionId};
use billing::time::Timestamp;
use operations::usage_charges::{PeriodStatus, UsageCharge};
use rating::{Currency, Number, Step, Taxed};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// A usage charge on the wire; every number is a string. One without a metered price has no amounts.
#[derive(Serialize, ToSchema)]
#[schema(as = UsageCharge)]
pub struct UsageChargeBody {
    subscription_id: SubscriptionId,
    item_price_id: ItemPriceId,
    #[serde(skip_serializing_if = "Option::is_none")]
    feature_id: Option<FeatureId>,
    /// The included usage that was used up.
    included_usage: Number,
    /// All usage of the period.
    total_usage: Number,
    /// Usage beyond what is included; never below 0.
    on_demand_usage: Number,
    /// What was held when the period began; only where quantities are held (weighted_sum).
    #[serde(skip_serializing_if = "Option::is_none")]
    carried_over: Option<Number>,
    /// What is held when the period ends, as far as it is known; only where quantities are held.
    #[serde(skip_serializing_if = "Option::is_none")]
    held_at_end: Option<Number>,
    /// Absent where the price is not metered: then there are no amounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    metered_item_price_id: Option<ItemPriceId>,
    /// What it costs, rounded once to the minor unit of the currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^-?[0-9]+(\.[0-9]+)?$")]
    amount: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency_code: Option<Currency>,
    /// Where the period begins.
    usage_from: Timestamp,
    /// Where it ends, exclusive.
    usage_to: Timestamp,
    /// Its number, from 0.
    period: u32,
    /// open while it runs, pending until its invoice is closed, then closed.
    #[schema(pattern = "^(open|pending|closed)$")]
    status: &'static str,
    /// How the amount came about; its exact sum is unrounded_amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<Vec<Step>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unrounded_amount: Option<Number>,
    /// The amount without and with tax, where its price has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    tax: Option<Box<Taxed>>,
    /// How many usages count.
    usage_count: usize,
}

/// Returns a usage charge as callers see it.
pub fn body(charge: UsageCharge) -> UsageChargeBody {
    let counted = UsageChargeBody {
        subscription_id: charge.subscription_id,
        item_price_id: charge.item_price_id,
        feature_id: charge.feature_id,
        included_usage: charge.included_usage,
        total_usage: charge.total_usage,
        on_demand_usage: charge.on_demand_usage,
        carried_over: charge.carried_over,
        held_at_end: charge.held_at_end,
        metered_item_price_id: None,
        amount: None,
        currency_code: None,
        usage_from: charge.period.period.start,
        usage_to: charge.period.period.end,
        period: charge.period.number,
        status: match charge.status {
            PeriodStatus::Open => "open",
            PeriodStatus::Pending => "pending",
            PeriodStatus::Closed => "closed",
        },
        steps: None,
        unrounded_amount: None,
        tax: None,
        usage_count: charge.usage_count,
    };
    let Some(cost) = charge.charge else { return counted };
    UsageChargeBody {
        metered_item_price_id: Some(counted.item_price_id.clone()),
        amount: Some(cost.amount.to_string()),
        currency_code: Some(cost.amount.currency()),
        steps: Some(cost.steps),
        unrounded_amount: Some(cost.unrounded),
        tax: cost.tax,
        ..counted
    }
}

/// A usage charge, as an example.
pub fn example() -> Value {
    json!({
        "subscription_id": "voip-acme",
        "item_price_id": "voip-minutes-usd-monthly",
        "included_usage": "0",
        "total_usage": "49.75",
        "on_demand_usage": "49.75",
        "metered_item_price_id": "voip-minutes-usd-monthly",
        "amount": "2.49",
        "currency_code": "USD",
        "usage_from": "2015-10-01T00:00:00Z",
        "usage_to": "2015-11-01T00:00:00Z",
        "period": 1,
        "status": "open",
        "steps": [
            { "step": "aggregate", "aggregation": "sum", "quantity": "49.75" },
            { "step": "units", "quantity": "49.75", "unit_amount": "0.05", "amount": "2.4875" },
        ],
        "unrounded_amount": "2.4875",
        "usage_count": 3,
    })
}
