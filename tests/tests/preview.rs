//! What usage would cost: of usages in the request, and of a stored period beside what it costs.

use serde_json::{Value, json};

use crate::harness::{Answer, World};

const START: &str = "2027-03-01T00:00:00Z";

async fn world() -> World {
    let world = World::at(START).await;
    world.catalogue().await;
    world.subscribe(START, &["minutes-usd", "line-usd"]).await;
    world.usage(START, "361").await.expect(201);
    world
}

async fn preview(world: &World, body: Value) -> Answer {
    world.post("/v1/usage-charges/preview", body).await
}

fn per_unit(amount: &str) -> Value {
    json!({"model": "per_unit", "unit_amount": amount})
}

fn usage(quantity: &str) -> Value {
    json!({"usage_date": START, "quantity": quantity})
}

/// The request with what is said beside a price of 0.05 and 361 units.
fn brought(fields: Value) -> Value {
    let mut body = json!({"price": per_unit("0.05"), "currency_code": "USD", "usages": [usage("361")]});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

/// The request about `minutes-usd` of `sub` with what is said instead.
fn stored(fields: Value) -> Value {
    let mut body = json!({"subscription_id": "sub", "item_price_id": "minutes-usd"});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn usages_of_the_request_are_priced_and_explained() {
    let world = world().await;
    let tax = json!({"rates": [{"name": "VAT", "percent": "10"}]});
    for (fields, amount) in [
        (json!({}), "18.05"),
        (json!({"included_usage": "100"}), "13.05"),
        (json!({"unit_rounding": {"round": "up", "multiple_of": "60"}}), "21.00"),
        (json!({"minimum_amount": "20"}), "20.00"),
        (json!({"maximum_amount": "5"}), "5.00"),
        (json!({"discounts": [{"discount": "percent", "percent": "50"}]}), "9.03"),
        (json!({"aggregation": "count"}), "0.05"),
        (json!({"usages": [], "minimum_amount": "3"}), "3.00"),
        (json!({"tax": tax}), "18.05"),
        (
            json!({"price": {"model": "dynamic"}, "usages": [{"usage_date": START, "quantity": 1, "amount": "2.5"}]}),
            "2.50",
        ),
        // 10 held for half of the time.
        (
            json!({"aggregation": "weighted_sum", "from": START, "to": "2027-03-03T00:00:00Z", "price": per_unit("1"),
                "usages": [{"usage_date": "2027-03-02T00:00:00Z", "quantity": "10"}]}),
            "5.00",
        ),
    ] {
        let answer = preview(&world, brought(fields.clone())).await.expect(200);
        assert_eq!(answer["charge"]["amount"], amount, "{fields}");
    }

    let answer = preview(&world, brought(json!({"tax": tax}))).await.expect(200);
    assert_eq!((&answer["usage_count"], &answer["charge"]["tax"]["gross_amount"]), (&json!(1), &json!("19.86")));
    let told = "price: per_unit\nusage: 1 records\nsum of the records: 361\n361 x 0.05 = 18.05\nexactly: 18.05\n\
        amount: 18.05 USD\nVAT of 10 % on 18.05: 1.805, rounded 1.81\nwithout tax: 18.05 USD\nwith tax: 19.86 USD";
    assert_eq!(answer["explanation"], told);
    let nothing = preview(&world, brought(json!({"usages": []}))).await.expect(200);
    assert_eq!((nothing.get("charge"), nothing.get("explanation")), (None, None));
    let odd = preview(&world, brought(json!({"minimum_amount": "5", "maximum_amount": "4"}))).await.expect(200);
    assert_eq!(odd["warnings"][0]["data"]["warning"], "maximum_below_minimum");
}

#[tokio::test]
async fn an_item_price_of_the_catalogue_is_priced_as_it_stands() {
    let world = world().await;
    world.patch("/v1/item-prices/minutes-usd", json!({"minimum_amount": "20"})).await.expect(200);
    let body = json!({"item_price_id": "minutes-usd", "usages": [usage("100")]});

    let as_it_is = preview(&world, body.clone()).await.expect(200);
    let mut without = body;
    without["minimum_amount"] = Value::Null;
    let without = preview(&world, without).await.expect(200);

    let amounts = [&as_it_is, &without].map(|answer| answer["charge"]["amount"].clone());
    assert_eq!(amounts, [json!("20.00"), json!("5.00")]);
}

#[tokio::test]
async fn a_running_period_is_shown_as_it_is_as_it_would_be_and_the_difference() {
    let world = world().await;
    for (fields, amount, difference, exact) in [
        (json!({"price": per_unit("0.055")}), "19.86", "1.81", "1.805"),
        (json!({"price": per_unit("0.04")}), "14.44", "-3.61", "-3.61"),
        (json!({"included_usage": "361"}), "0.00", "-18.05", "-18.05"),
        (json!({"minimum_amount": "20"}), "20.00", "1.95", "1.95"),
        (json!({"aggregation": "count", "price": per_unit("7")}), "7.00", "-11.05", "-11.05"),
    ] {
        let answer = preview(&world, stored(fields.clone())).await.expect(200);
        let found = [&answer["previewed"]["charge"]["amount"], &answer["difference"]["amount"]];
        assert_eq!(found, [amount, difference], "{fields}");
        assert_eq!(answer["difference"]["unrounded_amount"], exact, "{fields}");
        assert_eq!(answer["present"]["charge"]["amount"], "18.05");
    }
    let live = world.get("/v1/subscriptions/sub/usage-charges").await.expect(200);
    assert_eq!(live["list"][0]["amount"], "18.05");
}

#[tokio::test]
async fn a_closed_period_is_previewed_from_what_its_line_was_computed_from() {
    let world = world().await;
    world.live_until("2027-04-01T01:00:00Z").await;
    world.patch("/v1/item-prices/minutes-usd", json!({"price": per_unit("9")})).await.expect(200);
    world.usage("2027-03-02T00:00:00Z", "5").await.expect(201);
    let line = world.invoice("inv_sub_1").await["lines"][0].clone();
    assert_eq!(line["item_price_id"], "minutes-usd");

    let answer = preview(&world, stored(json!({"period": 0, "price": per_unit("0.10")}))).await.expect(200);

    assert_eq!(answer["present"]["inputs"], line["inputs"]);
    assert_eq!(answer["present"]["charge"]["amount"], line["amount"]);
    assert_eq!((&answer["usage_count"], &answer["usage_digest"]), (&line["usage_count"], &line["usage_digest"]));
    assert_eq!(
        (&answer["previewed"]["charge"]["amount"], &answer["difference"]["amount"]),
        (&json!("36.10"), &json!("18.05"))
    );
    let told = answer["present"]["explanation"].as_str().unwrap();
    assert!(told.contains("361 x 0.05 = 18.05") && told.contains(line["usage_digest"].as_str().unwrap()), "{told}");
}

#[tokio::test]
async fn a_preview_of_proration_looks_at_when_the_price_was_there() {
    let world = world().await;
    let flat = json!({"metered": true, "price": {"model": "flat_fee", "amount": "31.00"}});
    world.item_price("flat", flat).await;
    world.set_clock("2027-03-10T09:00:00Z").await;
    let items = json!({"items": [{"item_price_id": "minutes-usd"}, {"item_price_id": "flat"}]});
    world.patch("/v1/subscriptions/sub", items).await.expect(200);
    let usage = json!({"item_price_id": "flat", "usage_date": "2027-03-10T09:00:00Z", "quantity": "1"});
    world.post("/v1/subscriptions/sub/usages", usage).await.expect(201);

    let body = json!({"subscription_id": "sub", "item_price_id": "flat", "proration": "calendar_days"});
    let answer = preview(&world, body).await.expect(200);

    // 22 of 31 days.
    assert_eq!(answer["previewed"]["charge"]["amount"], "22.00");
    assert_eq!(answer["difference"]["amount"], "-9.00");
}

#[tokio::test]
async fn what_is_held_is_carried_over_in_a_preview_too() {
    let world = World::at(START).await;
    world.catalogue().await;
    world.item_price("seats", json!({"metered": true, "aggregation": "weighted_sum", "price": per_unit("10")})).await;
    world.subscribe(START, &["seats"]).await;
    let usage = json!({"item_price_id": "seats", "usage_date": START, "quantity": "3"});
    world.post("/v1/subscriptions/sub/usages", usage).await.expect(201);
    world.live_until("2027-04-02T00:00:00Z").await;

    let body = json!({"subscription_id": "sub", "item_price_id": "seats", "price": per_unit("12")});
    let answer = preview(&world, body).await.expect(200);

    assert_eq!(answer["present"]["charge"]["amount"], "30.00");
    assert_eq!((&answer["previewed"]["charge"]["amount"], &answer["period"]), (&json!("36.00"), &json!(1)));
}

#[tokio::test]
async fn a_preview_writes_nothing() {
    let world = world().await;
    world.system.engine().reset_capacity();

    preview(&world, brought(json!({}))).await.expect(200);
    preview(&world, stored(json!({"price": per_unit("1")}))).await.expect(200);

    let used = world.system.engine().capacity();
    println!("two previews: {} write and {} read units", used.write_units(), used.read_units());
    assert_eq!(used.write_units(), 0.0);
    assert!(used.read_units() > 0.0);
}

#[tokio::test]
async fn what_cannot_be_previewed_is_refused_by_its_field() {
    let world = world().await;
    let usages = |count: u32| (0..count).map(|n| json!({"usage_date": START, "quantity": "1", "id": n.to_string()}));
    let usage_with = |field: &str, value: Value| {
        let mut usage = usage("1");
        usage[field] = value;
        json!({"usages": [usage]})
    };
    let closed = json!({"model": "stairstep", "tiers": [{"up_to": "10", "flat_amount": "5"}]});
    let percentage = json!({"model": "percentage", "percent": "1"});
    for (body, status, field) in [
        (json!({}), 422, "usages"),
        (json!({"usages": []}), 422, "price"),
        (json!({"usages": [], "price": per_unit("1")}), 422, "currency_code"),
        (json!({"usages": [], "item_price_id": "nothing"}), 422, "item_price_id"),
        (json!({"usages": [], "item_price_id": "minutes-usd", "currency_code": "EUR"}), 422, "currency_code"),
        (brought(json!({"colour": "red"})), 400, "colour"),
        (brought(json!({"usages": usages(1001).collect::<Vec<_>>()})), 422, "usages"),
        (brought(json!({"usages": [usage("1"), usage("2")]})), 422, "usages[1].id"),
        (brought(json!({"usages": [usage("1e5")]})), 422, "usages[0].quantity"),
        (brought(json!({"usages": [usage("-1")]})), 422, "usages[0].quantity"),
        (brought(usage_with("usage_date", json!("soon"))), 400, "usages[0].usage_date"),
        (brought(usage_with("amount", json!("NaN"))), 422, "usages[0].amount"),
        (brought(usage_with("unique_value", json!(""))), 422, "usages[0].unique_value"),
        (brought(usage_with("unique_value", json!("x".repeat(201)))), 422, "usages[0].unique_value"),
        (brought(usage_with("id", json!("a#b"))), 400, "usages[0].id"),
        (brought(json!({"price": closed})), 422, "usages"),
        (brought(json!({"price": percentage, "included_usage": "1"})), 422, "included_usage"),
        (brought(json!({"price": {"model": "dynamic"}})), 422, "usages[0].amount"),
        (brought(usage_with("amount", json!("-1"))), 422, "usages[0].amount"),
        (brought(json!({"aggregation": "unique_count"})), 422, "usages[0].unique_value"),
        (brought(json!({"aggregation": "weighted_sum"})), 422, "from"),
        (brought(json!({"aggregation": "weighted_sum", "from": START})), 422, "to"),
        (brought(json!({"aggregation": "weighted_sum", "from": START, "to": START})), 422, "to"),
        (brought(json!({"aggregation": "weighted_sum", "from": "2027-01-01T00:00:00Z", "to": START})), 422, "usages"),
        (brought(json!({"from": START})), 422, "from"),
        (brought(json!({"minimum_amount": "-1"})), 422, "minimum_amount"),
        (brought(json!({"included_usage": "-1"})), 422, "included_usage"),
        (brought(json!({"proration": "calendar_days"})), 422, "proration"),
        (brought(json!({"tax": {"rates": []}})), 422, "tax.rates"),
        (brought(json!({"tax": {"rates": [{"name": "VAT", "percent": "500"}]}})), 422, "tax.rates[0].percent"),
        (brought(json!({"discounts": null})), 400, "discounts"),
        (brought(json!({"included_usage": null})), 400, "included_usage"),
        (brought(json!({"period": 0})), 422, "period"),
        (stored(json!({})), 422, "price"),
        (stored(json!({"price": per_unit("1"), "usages": []})), 422, "usages"),
        (stored(json!({"price": per_unit("1"), "from": START})), 422, "from"),
        (stored(json!({"price": per_unit("1"), "period": 1})), 404, "period"),
        (stored(json!({"price": per_unit("1"), "period": -1})), 400, "period"),
        (stored(json!({"price": per_unit("1"), "currency_code": "EUR"})), 422, "currency_code"),
        (stored(json!({"price": per_unit("1"), "item_price_id": "line-usd"})), 422, "item_price_id"),
        (stored(json!({"price": per_unit("1"), "item_price_id": "nothing"})), 422, "item_price_id"),
        (stored(json!({"price": closed})), 422, "usages"),
        (json!({"subscription_id": "sub", "price": per_unit("1")}), 422, "item_price_id"),
        (stored(json!({"subscription_id": "nobody", "price": per_unit("1")})), 404, "subscription_id"),
    ] {
        let refused = preview(&world, body.clone()).await.expect(status);
        assert_eq!(refused["field"], field, "{body} {refused:#}");
    }
}
