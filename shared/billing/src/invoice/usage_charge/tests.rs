//! What a charge is computed from, by its cases.

use rating::{Discounts, ProrationBasis};
use serde_json::{Value, json};

use super::*;
use crate::catalog::ItemPrice;
use crate::fixtures::{price, subscription};
use crate::subscription::{Status, StatusChange};
use crate::usage::{Content, RecordKey};

/// A price that says something of everything.
fn telling(metered: bool) -> ItemPrice {
    let mut json = serde_json::to_value(price("minutes", 1).1).unwrap();
    for (field, value) in [
        ("metered", json!(metered)),
        ("aggregation", json!("max")),
        ("included_usage", json!("5")),
        ("bill_zero_usage", json!(true)),
        ("unit_rounding", json!({"round": "up", "multiple_of": "10"})),
        ("minimum_amount", json!("1")),
        ("maximum_amount", json!("100")),
        ("tax", json!({"rates": [{"name": "VAT", "percent": "19"}], "inclusive": false})),
    ] {
        json[field] = value;
    }
    serde_json::from_value(json).unwrap()
}

#[test]
fn a_charge_depends_on_all_that_its_price_says_and_on_what_the_item_says_itself() {
    let discounts: Discounts = serde_json::from_value(json!([{"discount": "percent", "percent": "10"}])).unwrap();
    let own = |included: Option<&str>| OwnTerms {
        included_usage: included.map(|included| included.parse().unwrap()),
        discounts: &discounts,
    };
    let expected = |included: &str| {
        json!({
            "price": {"model": "per_unit", "unit_amount": "0.05"},
            "aggregation": "max",
            "included_usage": included,
            "bill_zero_usage": true,
            "currency_code": "USD",
            "rounding": "half_even",
            "unit_rounding": {"round": "up", "multiple_of": "10"},
            "discounts": [{"discount": "percent", "percent": "10"}],
            "minimum_amount": "1",
            "maximum_amount": "100",
            "tax": {"rates": [{"name": "VAT", "percent": "19"}], "inclusive": false},
        })
    };
    for (metered, own_included, included) in
        [(true, None, "5"), (true, Some("7"), "7"), (false, None, "0"), (false, Some("7"), "0")]
    {
        let price = telling(metered);
        let inputs: Value = serde_json::to_value(charge_inputs(&price, own(own_included), Rounding::HalfEven)).unwrap();
        assert_eq!(inputs, expected(included), "metered: {metered}, {own_included:?}");
    }
}

#[test]
fn a_part_of_a_period_is_charged_as_one_where_the_price_says_in_what_it_is_counted() {
    let mut subscription = subscription();
    subscription.items[1].on[0].from = "2026-02-07T00:00:00Z".parse().unwrap();
    let proration = |basis: Option<ProrationBasis>, id: &str| {
        let price = ItemPrice { proration: basis, ..price(id, 1).1 };
        let own = OwnTerms { included_usage: None, discounts: &Discounts::default() };
        let inputs = inputs_in_period(&price, own, Rounding::default(), &subscription, 0).unwrap();
        inputs.proration.map(|proration| serde_json::to_value(proration).unwrap())
    };

    let part = json!({"basis": "calendar_days", "used": 21, "period": 28});
    assert_eq!(proration(Some(ProrationBasis::CalendarDays), "minutes"), Some(part));
    assert_eq!(proration(None, "minutes"), None);
    assert_eq!(proration(Some(ProrationBasis::CalendarDays), "seat"), None, "it was there for all of the period");
    assert_eq!(proration(Some(ProrationBasis::CalendarDays), "unknown"), None);
}

#[test]
fn a_record_is_billed_where_it_is_dated_in_the_period_while_the_price_was_on_an_active_subscription() {
    let at = |text: &str| text.parse().unwrap();
    let mut subscription = subscription();
    subscription.items[1].on[0].to = Some(at("2026-02-10T00:00:00Z"));
    subscription.statuses.push(StatusChange { at: at("2026-02-15T00:00:00Z"), status: Status::Cancelled });
    let period = BillingPeriod { start: at("2026-02-01T00:00:00Z"), end: at("2026-02-20T00:00:00Z") };
    for (item, date, billed) in [
        (1, "2026-01-31T23:59:59.999Z", false),
        (1, "2026-02-01T00:00:00Z", true),
        (1, "2026-02-09T23:59:59.999Z", true),
        (1, "2026-02-10T00:00:00Z", false),
        (2, "2026-02-10T00:00:00Z", true),
        (2, "2026-02-15T00:00:00Z", false),
        (2, "2026-02-20T00:00:00Z", false),
    ] {
        let item = &subscription.items[item];
        let record = UsageRecord {
            item_price_id: item.item_price_id.clone(),
            key: RecordKey { date: at(date), id: None },
            content: Content::new("1".parse().unwrap()),
            updated_at: at(date),
        };
        assert_eq!(is_billable(&subscription, item, period, &record), billed, "{} at {date}", item.item_price_id);
    }
}
