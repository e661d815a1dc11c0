//! Invoices, by their cases.

use rating::rate_quantity;
use serde_json::json;

use super::super::generate::{due_boundary, generate};
use super::*;
use crate::fixtures::{at, prices, subscription};

#[test]
fn an_invoice_and_its_lines_are_named_by_the_boundary_and_seal_what_takes_usage() {
    let head = subscription();
    let first = due_boundary(&head, at("2026-01-31T00:00:00Z")).unwrap();
    let first = generate(&head, first, &prices(1), 0, first.at).unwrap();
    let second = due_boundary(&first.subscription, at("2026-02-28T00:00:00Z")).unwrap();
    let second = generate(&first.subscription, second, &prices(1), 0, second.at).unwrap();

    for (generated, id, line, ended, sealed) in [
        (first, "inv_sub_0", "li_si-seat_0", None, &[][..]),
        (second, "inv_sub_1", "li_si-seat_1", Some(0), &["minutes"]),
    ] {
        let invoice = generated.invoice.unwrap();
        assert_eq!(invoice.id().as_str(), id);
        assert_eq!(invoice.line_id(&invoice.items[0].subscription_item_id), line);
        assert_eq!(invoice.ended_number(), ended);
        assert_eq!(invoice.sealed_prices().map(|item| item.item_price_id.as_str()).collect::<Vec<_>>(), sealed);
    }
}

/// A line over one flat fee, with its tax.
fn line(amount: &str, tax: Option<serde_json::Value>) -> LineItem {
    let mut inputs = json!({"price": {"model": "flat_fee", "amount": amount}, "currency_code": "EUR"});
    if let Some(tax) = tax {
        inputs["tax"] = tax;
    }
    let read: ChargeInputs = serde_json::from_value(inputs.clone()).unwrap();
    serde_json::from_value(json!({
        "id": "li_si-seat_0",
        "description": "Seat",
        "subscription_item_id": "si-seat",
        "item_price_id": "seat",
        "item_price_version": 1,
        "period": {"start": "2026-01-31T00:00:00Z", "end": "2026-02-28T00:00:00Z"},
        "inputs": inputs,
        "charge": rate_quantity(&read, Quantity::ONE).unwrap(),
    }))
    .unwrap()
}

#[test]
fn a_total_is_the_sum_of_the_lines_and_of_the_taxes_that_they_do_not_contain() {
    let site: Site = serde_json::from_value(json!({
        "id": "main",
        "time_zone": "UTC",
        "rounding": "half_even",
        "grace_seconds": 0,
        "created_at": "2026-01-01T00:00:00Z",
    }))
    .unwrap();
    let rates = json!([{"name": "VAT", "percent": "19"}]);
    let (on_top, within) = (json!({"rates": rates}), json!({"rates": rates, "inclusive": true}));
    for (lines, subtotal, total, taxed) in [
        (vec![], "0.00", "0.00", false),
        (vec![line("10", None), line("5", None)], "15.00", "15.00", false),
        (vec![line("10", Some(on_top)), line("5", None)], "15.00", "16.90", true),
        (vec![line("11.90", Some(within)), line("5", None)], "16.90", "16.90", true),
    ] {
        let rated = Rated::of(lines, "EUR".parse().unwrap(), &site).unwrap();
        assert_eq!(rated.subtotal().unwrap().to_string(), subtotal);
        assert_eq!((rated.total.to_string().as_str(), rated.tax.is_some()), (total, taxed));
    }
}
