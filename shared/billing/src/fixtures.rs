//! What the tests of this crate share: a subscription with its prices.

use std::collections::BTreeMap;

use crate::catalog::{Billed, ItemPrice, PeriodLength, RecordRules};
use crate::id::ItemPriceId;
use crate::subscription::{CurrentPeriod, Span, Status, StatusChange, Subscription, SubscriptionItem, lifecycle};
use crate::time::{BillingCadence, CadenceUnit, Timestamp, Zone};

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn item(id: &str, metered: bool, billed: Billed) -> SubscriptionItem {
    SubscriptionItem {
        id: format!("si-{id}").parse().unwrap(),
        item_price_id: id.parse().unwrap(),
        version: 1,
        metered,
        feature_id: None,
        billed,
        quantity: "1".parse().unwrap(),
        included_usage: None,
        discounts: Default::default(),
        record_rules: RecordRules::default(),
        on: vec![Span { from: at("2026-01-31T00:00:00Z"), to: None }],
    }
}

pub(crate) fn subscription() -> Subscription {
    let start = at("2026-01-31T00:00:00Z");
    Subscription {
        id: "sub".parse().unwrap(),
        customer_id: "acme".parse().unwrap(),
        currency_code: "USD".parse().unwrap(),
        cadence: Some(BillingCadence::new(1, CadenceUnit::Month, start, Zone::UTC).unwrap().into()),
        period_length: PeriodLength { every: 1, unit: CadenceUnit::Month },
        statuses: vec![StatusChange { at: start, status: Status::Active }],
        items: vec![
            item("seat", false, Billed::InAdvance),
            item("minutes", true, Billed::InArrears),
            item("support", false, Billed::InArrears),
        ],
        current: None,
        ended: false,
        grace_seconds: None,
        late_usage: None,
        usage_limit: None,
        last_close: None,
        created_at: start,
        updated_at: start,
    }
}

pub(crate) fn price(id: &str, version: u32) -> (ItemPriceId, ItemPrice) {
    let id: ItemPriceId = id.parse().unwrap();
    let price = ItemPrice {
        id: id.clone(),
        item_id: "item".parse().unwrap(),
        name: "Item".into(),
        unit_name: None,
        version,
        currency_code: "USD".parse().unwrap(),
        period: PeriodLength { every: 1, unit: CadenceUnit::Month },
        metered: id.as_str() == "minutes",
        feature_id: None,
        billed: Billed::InArrears,
        aggregation: Default::default(),
        included_usage: "0".parse().unwrap(),
        bill_zero_usage: false,
        price: serde_json::from_str(r#"{"model":"per_unit","unit_amount":"0.05"}"#).unwrap(),
        unit_rounding: None,
        minimum_amount: None,
        maximum_amount: None,
        proration: None,
        tax: None,
        created_at: at("2026-01-01T00:00:00Z"),
        updated_at: at("2026-01-01T00:00:00Z"),
    };
    (id, price)
}

pub(crate) fn prices(version: u32) -> BTreeMap<ItemPriceId, ItemPrice> {
    ["seat", "minutes", "support"].into_iter().map(|id| price(id, version)).collect()
}

/// Waits for its activation.
pub(crate) fn waiting() -> Subscription {
    Subscription {
        id: "sub".parse().unwrap(),
        customer_id: "acme".parse().unwrap(),
        currency_code: "USD".parse().unwrap(),
        cadence: None,
        period_length: PeriodLength { every: 1, unit: CadenceUnit::Month },
        statuses: Vec::new(),
        items: vec![SubscriptionItem { on: Vec::new(), ..item("minutes", true, Billed::InArrears) }],
        current: None,
        ended: false,
        grace_seconds: None,
        late_usage: None,
        usage_limit: None,
        last_close: None,
        created_at: at("2026-01-01T00:00:00Z"),
        updated_at: at("2026-01-01T00:00:00Z"),
    }
}

/// Started on January 31, with its first period running.
pub(crate) fn running() -> Subscription {
    let mut running = lifecycle::start(&waiting(), at("2026-01-31T00:00:00Z"), Zone::UTC).unwrap();
    let period = running.cadence.as_ref().unwrap().period(0).unwrap();
    running.current = Some(CurrentPeriod { number: 0, period });
    running
}
