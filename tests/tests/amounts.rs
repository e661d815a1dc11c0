//! Amounts and due dates on invoices, computed by hand.

use rating::{Charge, ChargeInputs, Measurement, rate_quantity, rate_usage};
use serde_json::{Value, json};

use crate::harness::{World, members};

const START: &str = "2027-01-31T00:00:00Z";

/// The invoice of February of a subscription to those metered prices, each used once by the given quantity.
async fn invoice(settings: Value, prices: &[(&str, Value, &str)]) -> Value {
    let world = World::with(START, settings).await;
    world.catalogue().await;
    for (id, fields, _) in prices {
        let mut metered = json!({"metered": true});
        metered.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        world.item_price(id, metered).await;
    }
    let ids: Vec<&str> = prices.iter().map(|(id, ..)| *id).collect();
    world.subscribe(START, &ids).await;
    for (id, _, quantity) in prices {
        let usage = json!({"item_price_id": id, "usage_date": START, "quantity": quantity});
        world.post("/v1/subscriptions/sub/usages", usage).await.expect(201);
    }
    world.live_until("2027-02-28T01:00:00Z").await;
    world.invoice("inv_sub_1").await
}

#[tokio::test]
async fn every_model_adds_up_to_what_is_computed_by_hand() {
    let tiers = json!([
        {"up_to": "100", "unit_amount": "0.10"},
        {"up_to": "200", "unit_amount": "0.07", "flat_amount": "1.00"},
        {"unit_amount": "0.03"},
    ]);
    let steps = json!([{"up_to": "10", "flat_amount": "5.00"}, {"flat_amount": "20.00"}]);

    let invoice = invoice(
        json!({}),
        &[
            // (461 - 100) x 0.05
            (
                "included",
                json!({"included_usage": "100", "price": {"model": "per_unit", "unit_amount": "0.05"}}),
                "461",
            ),
            // All of it included.
            ("unused", json!({"included_usage": "100", "price": {"model": "per_unit", "unit_amount": "9"}}), "99.5"),
            // 100 x 0.10 + 100 x 0.07 + 1.00 + 50.5 x 0.03 = 10 + 8 + 1.515
            ("tiered", json!({"price": {"model": "tiered", "tiers": tiers}}), "250.5"),
            // All 250.5 in the last tier: 7.515
            ("volume", json!({"price": {"model": "volume", "tiers": tiers}}), "250.5"),
            // The bound belongs to its tier.
            ("step", json!({"price": {"model": "stairstep", "tiers": steps}}), "10"),
            ("above", json!({"price": {"model": "stairstep", "tiers": steps}}), "10.000000000001"),
            // Two packages.
            ("package", json!({"price": {"model": "package", "package_size": "1000", "package_amount": "5"}}), "1001"),
            ("flat", json!({"price": {"model": "flat_fee", "amount": "3.00"}}), "0.5"),
        ],
    )
    .await;

    let amounts: Vec<Vec<&Value>> = members(invoice["lines"].as_array().unwrap(), &["item_price_id", "amount"]);
    let expected = [
        ("included", "18.05"),
        ("unused", "0.00"),
        ("tiered", "19.52"),
        ("volume", "7.52"),
        ("step", "5.00"),
        ("above", "20.00"),
        ("package", "10.00"),
        ("flat", "3.00"),
    ];
    let expected = expected.map(|(id, amount)| [json!(id), json!(amount)]);
    assert_eq!(amounts, expected.iter().map(|row| row.iter().collect::<Vec<_>>()).collect::<Vec<_>>());
    // The sum of the rounded lines, not the rounded sum of the lines (83.08).
    assert_eq!(invoice["total"], json!("83.09"));
}

#[tokio::test]
async fn half_a_cent_is_rounded_away_from_zero_or_to_the_even_cent_as_the_site_says() {
    let price = |amount: &str| json!({"price": {"model": "per_unit", "unit_amount": amount}});
    let prices = [("down", price("0.125"), "1"), ("up", price("0.135"), "1"), ("more", price("0.1251"), "1")];

    let away = invoice(json!({}), &prices).await;
    let even = invoice(json!({"rounding": "half_even"}), &prices).await;

    let amounts = |invoice: &Value| {
        invoice["lines"].as_array().unwrap().iter().map(|line| line["amount"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(amounts(&away), [json!("0.13"), json!("0.14"), json!("0.13")]);
    assert_eq!(amounts(&even), [json!("0.12"), json!("0.14"), json!("0.13")]);
    assert_eq!((&away["total"], &even["total"]), (&json!("0.40"), &json!("0.39")));
}

#[tokio::test]
async fn amounts_have_the_digits_of_their_currency() {
    let price =
        |currency: &str| json!({"currency_code": currency, "price": {"model": "per_unit", "unit_amount": "0.5005"}});

    let yen = invoice(json!({}), &[("jpy", price("JPY"), "3")]).await;
    let dinar = invoice(json!({}), &[("kwd", price("KWD"), "3")]).await;

    // 3 x 0.5005 = 1.5015
    assert_eq!((&yen["total"], &yen["lines"][0]["amount"]), (&json!("2"), &json!("2")));
    assert_eq!((&dinar["total"], &dinar["lines"][0]["unrounded_amount"]), (&json!("1.502"), &json!("1.5015")));
}

#[tokio::test]
async fn a_subscriptions_own_included_usage_and_quantity_count() {
    let world = World::at(START).await;
    world.catalogue().await;
    world.item_price("seat-usd", json!({"price": {"model": "per_unit", "unit_amount": "20.00"}})).await;
    let items = json!([
        {"item_price_id": "minutes-usd", "included_usage": "60"},
        {"item_price_id": "seat-usd", "quantity": "3"},
    ]);
    let body = json!({"id": "sub", "customer_id": "acme", "items": items, "start_date": START});
    world.post("/v1/subscriptions", body).await.expect(201);
    world.usage(START, "100").await.expect(201);

    world.live_until("2027-02-28T01:00:00Z").await;

    let invoice = world.invoice("inv_sub_1").await;
    assert_eq!(
        members(invoice["lines"].as_array().unwrap(), &["item_price_id", "quantity", "included_usage", "amount"]),
        [
            [&json!("minutes-usd"), &json!("40"), &json!("60"), &json!("2.00")],
            [&json!("seat-usd"), &json!("3"), &json!("0"), &json!("60.00")],
        ]
    );
}

#[tokio::test]
async fn a_price_that_bills_zero_usage_has_a_line_without_any() {
    let world = World::at(START).await;
    world.catalogue().await;
    let tiers = json!([{"up_to": "100", "unit_amount": "0.10", "flat_amount": "4.00"}, {"unit_amount": "0.05"}]);
    let price = json!({"metered": true, "bill_zero_usage": true, "price": {"model": "tiered", "tiers": tiers}});
    world.item_price("base-usd", price).await;
    world.subscribe(START, &["base-usd", "minutes-usd"]).await;

    world.live_until("2027-02-28T01:00:00Z").await;

    let invoice = world.invoice("inv_sub_1").await;
    assert_eq!(
        members(invoice["lines"].as_array().unwrap(), &["item_price_id", "usage_count", "amount"]),
        [[&json!("base-usd"), &json!(0), &json!("4.00")]]
    );
}

#[tokio::test]
async fn the_due_date_counts_days_from_the_local_date_of_the_close() {
    // One o'clock on February 1 in Auckland is noon of January 31 in UTC, and still January 31 in Los Angeles.
    for (zone, start, close, due) in [
        ("UTC", "2027-01-01T00:00:00Z", "2027-02-01T01:00:00Z", "2027-02-08"),
        ("Pacific/Auckland", "2026-12-31T11:00:00Z", "2027-01-31T12:00:00Z", "2027-02-08"),
        ("America/Los_Angeles", "2027-01-01T06:00:00Z", "2027-02-01T07:00:00Z", "2027-02-07"),
    ] {
        let world = World::with(start, json!({"time_zone": zone})).await;
        world.catalogue().await;
        world.subscribe(start, &["line-usd"]).await;

        world.live_until(close).await;

        let invoice = world.invoice("inv_sub_1").await;
        assert_eq!((&invoice["closed_at"], &invoice["due_date"]), (&json!(close), &json!(due)), "{zone}");
    }
}

#[tokio::test]
async fn terms_are_those_that_the_customer_has_at_the_close() {
    let world = World::at(START).await;
    world.catalogue().await;
    world.post("/v1/customers", json!({"id": "beta", "name": "Beta"})).await.expect(201);
    world.subscribe(START, &["line-usd"]).await;
    let items = json!([{"item_price_id": "line-usd"}]);
    let other = json!({"id": "other", "customer_id": "beta", "items": items, "start_date": START});
    world.post("/v1/subscriptions", other).await.expect(201);
    world.patch("/v1/customers/acme", json!({"payment_terms": "NET 30"})).await.expect(200);

    world.live_until("2027-02-28T01:00:00Z").await;
    let (acme, beta) = (world.invoice("inv_sub_1").await, world.invoice("inv_other_1").await);
    world.patch("/v1/customers/acme", json!({"payment_terms": "NET 1"})).await.expect(200);

    assert_eq!(acme["due_date"], json!("2027-03-30"));
    assert_eq!((&beta["due_date"], &beta["number"]), (&json!("2027-02-28"), &json!("beta-1")));
    assert_eq!(world.invoice("inv_sub_1").await, acme);
}

#[tokio::test]
async fn a_closed_line_keeps_what_it_was_computed_from_and_rates_to_the_same_again_i5() {
    let world = World::at(START).await;
    world.catalogue().await;
    world.item_price("seat-usd", json!({"price": {"model": "per_unit", "unit_amount": "20.00"}})).await;
    world.subscribe(START, &["minutes-usd", "seat-usd"]).await;
    world.usage(START, "361").await.expect(201);
    world.live_until("2027-02-28T01:00:00Z").await;
    let other = json!({"price": {"model": "flat_fee", "amount": "1"}, "included_usage": "5"});
    world.patch("/v1/item-prices/minutes-usd", other).await.expect(200);

    let invoice = world.invoice("inv_sub_1").await;

    let [minutes, seat] = invoice["lines"].as_array().unwrap().as_slice() else { panic!("{invoice:#}") };
    assert_eq!(
        minutes["inputs"],
        json!({
            "price": {"model": "per_unit", "unit_amount": "0.05"},
            "aggregation": "sum",
            "included_usage": "0",
            "bill_zero_usage": false,
            "currency_code": "USD",
            "rounding": "half_away_from_zero",
        })
    );
    let record = Measurement::new(0, None, "361".parse().unwrap());
    assert_same(minutes, rate_usage(&inputs(minutes), &[record]).unwrap().unwrap());
    assert_same(seat, rate_quantity(&inputs(seat), "1".parse().unwrap()).unwrap());
}

fn inputs(line: &Value) -> ChargeInputs<'static> {
    serde_json::from_value(line["inputs"].clone()).unwrap()
}

#[track_caller]
fn assert_same(line: &Value, again: Charge) {
    let again = serde_json::to_value(again).unwrap();
    for field in ["total_usage", "included_usage", "on_demand_usage", "steps", "unrounded_amount", "amount"] {
        assert_eq!(line[field], again[field], "{field}");
    }
}
