//! Options of prices and subscriptions, with amounts computed by hand.

use serde_json::{Value, json};

use crate::harness::{Answer, World, members};

const START: &str = "2027-03-01T00:00:00Z";
const END: &str = "2027-04-01T01:00:00Z";

fn per_unit(amount: &str) -> Value {
    json!({"model": "per_unit", "unit_amount": amount})
}

async fn world() -> World {
    let world = World::at(START).await;
    world.catalogue().await;
    world
}

async fn metered(world: &World, id: &str, fields: Value) -> Value {
    let mut metered = json!({"metered": true});
    metered.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    world.item_price(id, metered).await
}

async fn subscribe(world: &World, items: Value) -> Answer {
    let body = json!({"id": "sub", "customer_id": "acme", "items": items, "start_date": START});
    world.post("/v1/subscriptions", body).await
}

async fn used(world: &World, price: &str, quantity: &str) {
    let usage = json!({"item_price_id": price, "usage_date": START, "quantity": quantity});
    world.post("/v1/subscriptions/sub/usages", usage).await.expect(201);
}

/// The amounts of the usage charges, and those of the pending and the closed invoice's lines.
async fn amounts(world: &World) -> [Vec<Vec<Value>>; 3] {
    let row = |list: &Value, keep: bool| {
        let list = list.as_array().unwrap();
        let rows = list.iter().filter(|line| keep || line.get("usage_count").is_some());
        rows.map(|line| vec![line["item_price_id"].clone(), line["amount"].clone()]).collect::<Vec<_>>()
    };
    let live = world.get("/v1/subscriptions/sub/usage-charges").await.expect(200);
    world.live_until("2027-04-01T00:00:00Z").await;
    let pending = world.invoice("inv_sub_1").await;
    world.live_until(END).await;
    let closed = world.invoice("inv_sub_1").await;
    assert_eq!((&pending["status"], &closed["status"]), (&json!("pending"), &json!("payment_due")));
    let of_closed = world.get("/v1/subscriptions/sub/usage-charges?period=0").await.expect(200);
    assert_eq!(row(&of_closed["list"], true), row(&closed["lines"], false));
    [row(&live["list"], true), row(&pending["lines"], false), row(&closed["lines"], false)]
}

#[tokio::test]
async fn units_are_rounded_and_amounts_have_a_least_and_a_most() {
    let world = world().await;
    for (id, fields) in [
        // 61 seconds are 2 minutes.
        ("seconds", json!({"price": per_unit("0.01"), "unit_rounding": {"round": "up", "multiple_of": "60"}})),
        ("least", json!({"price": per_unit("0.01"), "minimum_amount": "5.00"})),
        ("unused", json!({"price": per_unit("0.01"), "minimum_amount": "7.00"})),
        ("most", json!({"price": per_unit("1"), "maximum_amount": "50"})),
    ] {
        metered(&world, id, fields).await;
    }
    world.subscribe(START, &["seconds", "least", "unused", "most"]).await;
    for id in ["seconds", "least", "most"] {
        used(&world, id, "61").await;
    }

    let expected = [("seconds", "1.20"), ("least", "5.00"), ("unused", "7.00"), ("most", "50.00")];
    let expected: Vec<Vec<Value>> = expected.map(|(id, amount)| vec![json!(id), json!(amount)]).to_vec();
    for found in amounts(&world).await {
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn discounts_of_an_item_come_off_each_period_in_their_order() {
    let world = world().await;
    let discounts = json!([
        {"discount": "free_units", "quantity": "100"},
        {"discount": "percent", "percent": "10"},
        {"discount": "amount", "amount": "1.50"},
    ]);
    let items = json!([{"item_price_id": "minutes-usd", "discounts": discounts}, {"item_price_id": "line-usd"}]);
    let made = subscribe(&world, items).await.expect(201);
    used(&world, "minutes-usd", "500").await;

    // (500 - 100) x 0.05 = 20.00, less 10 % is 18.00, less 1.50 is 16.50.
    let [live, pending, closed] = amounts(&world).await;

    assert_eq!(made["items"][0]["discounts"], discounts);
    assert_eq!(made["items"][1].get("discounts"), None);
    assert_eq!(live, [[json!("minutes-usd"), json!("16.50")]]);
    assert_eq!((&pending, &closed), (&live, &live));
    let invoice = world.invoice("inv_sub_1").await;
    assert_eq!(invoice["lines"][0]["inputs"]["discounts"], discounts);
    assert_eq!((&invoice["total"], &invoice["amount_due"]), (&json!("26.50"), &json!("26.50")));
}

#[tokio::test]
async fn discounts_stay_where_a_list_does_not_name_them_and_an_empty_list_ends_them() {
    let world = world().await;
    let discounts = json!([{"discount": "percent", "percent": "50"}]);
    subscribe(&world, json!([{"item_price_id": "line-usd", "discounts": discounts}])).await.expect(201);

    let list = |item: Value| json!({"items": [item]});
    let kept = world.patch("/v1/subscriptions/sub", list(json!({"item_price_id": "line-usd"}))).await.expect(200);
    world.live_until(END).await;
    let none = list(json!({"item_price_id": "line-usd", "discounts": []}));
    let ended = world.patch("/v1/subscriptions/sub", none).await.expect(200);
    world.live_until("2027-05-01T01:00:00Z").await;

    assert_eq!((&kept["items"][0]["discounts"], ended["items"][0].get("discounts")), (&discounts, None));
    let totals = [world.invoice("inv_sub_1").await, world.invoice("inv_sub_2").await].map(|i| i["total"].clone());
    assert_eq!(totals, [json!("5.00"), json!("10.00")]);
}

#[tokio::test]
async fn what_joins_leaves_or_is_cancelled_within_a_period_is_charged_for_its_days() {
    let world = world().await;
    let seat = json!({"billed": "in_arrears", "proration": "calendar_days", "price": per_unit("31.00")});
    world.item_price("seat", seat.clone()).await;
    world.item_price("guest", seat).await;
    // Of what is metered only the flat amount of 3.10 is for the period.
    let tiers = json!([{"up_to": "1000", "unit_amount": "0.05", "flat_amount": "3.10"}, {"unit_amount": "0.01"}]);
    let price = json!({"model": "tiered", "tiers": tiers});
    metered(&world, "calls", json!({"price": price, "proration": "calendar_days"})).await;
    let list = |prices: &[&str]| json!({"items": prices.iter().map(|price| json!({"item_price_id": price})).collect::<Vec<_>>()});
    world.subscribe(START, &["guest", "line-usd"]).await;
    world.set_clock("2027-03-10T09:30:00Z").await;
    world.patch("/v1/subscriptions/sub", list(&["seat", "calls", "guest", "line-usd"])).await.expect(200);
    world.set_clock("2027-03-20T18:00:00Z").await;
    world.patch("/v1/subscriptions/sub", list(&["seat", "calls", "line-usd"])).await.expect(200);
    let usage = json!({"item_price_id": "calls", "usage_date": "2027-03-15T00:00:00Z", "quantity": "100"});
    world.post("/v1/subscriptions/sub/usages", usage).await.expect(201);

    let live = world.get("/v1/subscriptions/sub/usage-charges").await.expect(200);
    world.set_clock("2027-03-25T12:00:00Z").await;
    world.post("/v1/subscriptions/sub/cancel", json!({})).await.expect(200);
    let after = world.get("/v1/subscriptions/sub/usage-charges").await.expect(200);
    world.live_until("2027-03-25T13:00:00Z").await;

    // From the 10th on: 22 of 31 days if it stays, 3.10 x 22/31 = 2.20; until the 25th 15 of 31, 1.50.
    assert_eq!((&live["list"][0]["amount"], &after["list"][0]["amount"]), (&json!("7.20"), &json!("6.50")));
    let invoice = world.invoice("inv_sub_1").await;
    let lines = members(invoice["lines"].as_array().unwrap(), &["item_price_id", "amount"]);
    let expected = [("guest", "19.00"), ("line-usd", "10.00"), ("seat", "15.00"), ("calls", "6.50")];
    let expected = expected.map(|(id, amount)| [json!(id), json!(amount)]);
    assert_eq!(lines, expected.iter().map(|row| row.iter().collect::<Vec<_>>()).collect::<Vec<_>>());
    assert_eq!(invoice["lines"][2]["inputs"]["proration"], json!({"basis": "calendar_days", "used": 15, "period": 31}));
    assert_eq!(invoice["total"], json!("50.50"));
}

#[tokio::test]
async fn taxes_stand_on_lines_and_on_the_invoice_and_the_total_contains_them() {
    let tax = json!({"rates": [{"name": "VAT", "percent": "10"}]});
    let included = json!({"rates": [{"name": "VAT", "percent": "25"}], "inclusive": true});
    let mut found = Vec::new();
    for rounding in ["per_line", "per_invoice"] {
        let world = World::with(START, json!({"tax_rounding": rounding})).await;
        world.catalogue().await;
        for id in ["a", "b", "c"] {
            let price = json!({"model": "flat_fee", "amount": "0.33"});
            world.item_price(id, json!({"billed": "in_arrears", "price": price, "tax": tax})).await;
        }
        metered(&world, "gross", json!({"price": per_unit("0.05"), "tax": included})).await;
        world.subscribe(START, &["a", "b", "c", "gross", "line-usd"]).await;
        used(&world, "gross", "100").await;
        let live = world.get("/v1/subscriptions/sub/usage-charges").await.expect(200);
        world.live_until("2027-04-01T00:00:00Z").await;
        let pending = world.invoice("inv_sub_1").await;
        world.live_until(END).await;
        world.patch("/v1/sites/site", json!({"tax_rounding": "per_line"})).await.expect(200);
        let closed = world.invoice("inv_sub_1").await;

        assert_eq!(live["list"][0]["tax"], closed["lines"][3]["tax"]);
        for field in ["lines", "subtotal", "tax_lines", "tax_rounding", "total", "amount_due"] {
            assert_eq!(pending[field], closed[field], "{field}");
        }
        found.push(closed);
    }
    let [per_line, per_invoice] = found.as_slice() else { panic!() };

    // 3 x 0.33 + 5.00 + 10.00; 10 % of 0.33 are 0.033, of 0.99 they are 0.099; in 5.00 there is 1.00.
    assert_eq!(per_line["subtotal"], json!("15.99"));
    let row = ["name", "percent", "inclusive", "taxed_amount", "amount"];
    let added = |amount: &str| json!(["VAT", "10", false, "0.99", amount]);
    let contained = json!(["VAT", "25", true, "5.00", "1.00"]);
    for (invoice, amount, total) in [(per_line, "0.09", "16.08"), (per_invoice, "0.10", "16.09")] {
        let lines = members(invoice["tax_lines"].as_array().unwrap(), &row);
        assert_eq!(json!(lines), json!([added(amount), contained]));
        assert_eq!((&invoice["total"], &invoice["amount_due"]), (&json!(total), &json!(total)));
    }
    let line = &per_line["lines"][0];
    assert_eq!((&line["amount"], &line["tax"]["gross_amount"]), (&json!("0.33"), &json!("0.36")));
    assert_eq!(per_line["lines"][4].get("tax"), None);
}

#[tokio::test]
async fn an_invoice_without_any_tax_says_nothing_of_it() {
    let world = world().await;
    world.subscribe(START, &["line-usd"]).await;
    world.live_until(END).await;

    let invoice = world.invoice("inv_sub_1").await;

    for field in ["subtotal", "tax_lines", "tax_rounding"] {
        assert_eq!(invoice.get(field), None, "{field}");
    }
    assert_eq!(invoice["lines"][0].get("tax"), None);
}

#[tokio::test]
async fn options_are_shown_changed_with_a_new_version_and_taken_away_by_null() {
    let world = world().await;
    let options = json!({
        "unit_rounding": {"round": "up", "multiple_of": "60"},
        "minimum_amount": "5.00",
        "maximum_amount": "4",
        "proration": "thirty_day_months",
        "tax": {"rates": [{"name": "VAT", "percent": "19"}], "inclusive": false},
    });
    let mut fields = options.clone();
    fields["price"] = per_unit("0.05");
    let made = metered(&world, "odd", fields.clone()).await;
    for (field, value) in options.as_object().unwrap() {
        assert_eq!(made[field], *value, "{field}");
    }
    let told = "maximum_amount is 4, below the minimum of 5.00, and always charged";
    assert_eq!(made["warnings"][0]["detail"], told);

    let mut again = json!({"id": "odd", "item_id": "item-odd", "currency_code": "USD", "metered": true});
    again["period"] = json!({"every": 1, "unit": "month"});
    again.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    again["minimum_amount"] = json!("5");
    world.post("/v1/item-prices", again.clone()).await.expect(200);
    again["minimum_amount"] = json!("6");
    world.post("/v1/item-prices", again).await.expect(409);

    let none = json!({"unit_rounding": null, "minimum_amount": null, "proration": null, "tax": null});
    let changed = world.patch("/v1/item-prices/odd", none).await.expect(200);
    assert_eq!((&changed["version"], &changed["maximum_amount"]), (&json!(2), &json!("4")));
    for field in ["unit_rounding", "minimum_amount", "proration", "tax", "warnings"] {
        assert_eq!(changed.get(field), None, "{field}");
    }
    let more = world.patch("/v1/item-prices/odd", json!({"maximum_amount": "9"})).await.expect(200);
    assert_eq!((&more["version"], &more["maximum_amount"]), (&json!(3), &json!("9")));
}

#[tokio::test]
async fn an_option_counts_from_the_next_period_on() {
    let world = world().await;
    world.subscribe(START, &["minutes-usd"]).await;
    used(&world, "minutes-usd", "1").await;
    world.patch("/v1/item-prices/minutes-usd", json!({"minimum_amount": "2.00"})).await.expect(200);

    world.live_until("2027-05-01T01:00:00Z").await;

    let totals = [world.invoice("inv_sub_1").await, world.invoice("inv_sub_2").await].map(|i| i["total"].clone());
    assert_eq!(totals, [json!("0.05"), json!("2.00")]);
}

#[tokio::test]
async fn no_other_price_becomes_a_percentage() {
    let world = world().await;
    let share = json!({"model": "percentage", "percent": "1"});
    metered(&world, "share", json!({"price": share})).await;

    let refused = world.patch("/v1/item-prices/minutes-usd", json!({"price": share})).await.expect(422);
    let greater = json!({"price": {"model": "percentage", "percent": "2"}});
    let changed = world.patch("/v1/item-prices/share", greater).await.expect(200);

    assert_eq!((&refused["field"], &changed["version"]), (&json!("price"), &json!(2)));
}

/// Lines with a hundred tiers of all digits: seven of them fit into one invoice.
#[tokio::test]
async fn an_invoice_that_is_too_large_to_be_kept_says_so_and_seals_nothing() {
    let world = world().await;
    let wide = "999999999999.999999999999";
    let tier = |n: u64| {
        let mut tier = json!({"unit_amount": wide, "flat_amount": wide, "package_size": "999999.999999999999"});
        if n < 100 {
            tier["up_to"] = json!(format!("{}.999999999999", 900_000_000_000_000 + n));
        }
        tier
    };
    let price = json!({"model": "tiered", "tiers": (1..=100).map(tier).collect::<Vec<_>>()});
    let ids: Vec<String> = (0..8).map(|n| format!("wide-{n}")).collect();
    for id in &ids {
        metered(&world, id, json!({"price": price})).await;
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    for (subscription, prices) in [("seven", &ids[..7]), ("eight", &ids[..])] {
        world.subscribe_as(subscription, START, prices).await;
        for id in prices {
            let usage = json!({"item_price_id": id, "usage_date": START, "quantity": "999999999999999"});
            world.post(&format!("/v1/subscriptions/{subscription}/usages"), usage).await.expect(201);
        }
    }

    world.live_until(END).await;

    assert_eq!(world.invoice("inv_seven_1").await["status"], "payment_due");
    assert_eq!(world.invoice("inv_eight_1").await["status"], "pending");
    let stuck = world.stuck().await;
    assert_eq!((stuck.len(), &stuck[0]["reason"]), (1, &json!("the invoice is too large to be kept")));
    let usage = json!({"item_price_id": "wide-0", "usage_date": "2027-03-02T00:00:00Z", "quantity": "1"});
    let taken = world.post("/v1/subscriptions/eight/usages", usage).await.expect(201);
    assert_eq!(taken["billable"], true);
}

#[tokio::test]
async fn what_items_rely_on_stays_for_the_life_of_a_price() {
    let world = World::at("2026-03-01T00:00:00Z").await;
    world.catalogue().await;
    let closed = |last: &str| json!({"model": "tiered", "tiers": [{"up_to": last, "unit_amount": "1"}]});
    let open = json!({"model": "tiered", "tiers": [{"unit_amount": "1"}]});
    world.item_price("fees", json!({"metered": true, "price": {"model": "percentage", "percent": "1"}})).await;
    world.item_price("seats", json!({"price": closed("10")})).await;
    world.item_price("calls", json!({"metered": true, "price": closed("10")})).await;
    let dozens = json!({"round": "up", "multiple_of": "12"});
    let per_unit = json!({"model": "per_unit", "unit_amount": "1"});

    for (price, change, status, field) in [
        // Units would have no meaning in the version that a running period keeps, or in the next one.
        ("fees", json!({"price": per_unit}), 422, "price"),
        ("calls", json!({"price": {"model": "percentage", "percent": "1"}}), 422, "price"),
        // Ten seats that are agreed on would have no amount any more.
        ("seats", json!({"price": closed("9")}), 422, "price"),
        ("seats", json!({"price": open}), 422, "price"),
        ("seats", json!({"unit_rounding": dozens}), 422, "unit_rounding"),
        ("seats", json!({"price": closed("10.0")}), 200, ""),
        ("calls", json!({"price": open, "unit_rounding": dozens}), 200, ""),
        // From eleven on, twelve would be charged, for which there is no price.
        ("calls", json!({"price": closed("11")}), 422, "unit_rounding"),
        ("calls", json!({"price": closed("24")}), 200, ""),
    ] {
        let answer = world.patch(&format!("/v1/item-prices/{price}"), change.clone()).await.expect(status);
        assert_eq!(answer["field"].as_str().unwrap_or_default(), field, "{price} {change}: {answer}");
    }
}
