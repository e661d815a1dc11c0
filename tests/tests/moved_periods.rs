//! Periods whose end is moved in mid-period, and what becomes of their usage, amounts and invoices.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{World, members};

mod races;

const START: &str = "2027-02-01T00:00:00Z";
const MOVE: &str = "/v1/subscriptions/sub/move-period-end";

/// A subscription `sub` to minutes at 0.05, with February as its period.
async fn world() -> World {
    let world = World::at(START).await;
    world.catalogue().await;
    world.subscribe(START, &["minutes-usd"]).await;
    world
}

async fn move_end(world: &World, end: &str) -> Value {
    world.post(MOVE, json!({ "end": end })).await.expect(200)
}

/// The one charge of a period: when it is, and its usage.
async fn charge(world: &World, period: &str) -> [Value; 4] {
    let list = world.get(&format!("/v1/subscriptions/sub/usage-charges{period}")).await.expect(200)["list"].clone();
    ["usage_from", "usage_to", "total_usage", "status"].map(|name| list[0][name].clone())
}

/// The periods that were billed in arrears, in their order, once they are checked to tile from the subscription's start.
async fn tiled(world: &World) -> Vec<String> {
    let mut periods: Vec<(String, String)> = world
        .invoices()
        .await
        .iter()
        .filter(|invoice| invoice["id"] != "inv_sub_0")
        .map(|invoice| ["start", "end"].map(|name| invoice["period"][name].as_str().unwrap().to_owned()).into())
        .collect();
    periods.sort();
    let starts: Vec<&str> = periods.iter().map(|(start, _)| start.as_str()).collect();
    let ends: Vec<&str> = periods.iter().map(|(_, end)| end.as_str()).collect();
    assert_eq!(starts, [&[START], &ends[..ends.len().saturating_sub(1)]].concat());
    ends.into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_shortened_period_bills_what_is_dated_in_it_and_the_next_one_the_rest_once() {
    let world = world().await;
    world.live_until("2027-02-14T23:59:00Z").await;
    for (date, quantity) in
        [("2027-02-10T00:00:00Z", "1"), ("2027-02-14T23:59:59.999Z", "10"), ("2027-02-15T00:00:00Z", "100")]
    {
        world.usage(date, quantity).await.expect(201);
    }

    let moved = move_end(&world, "2027-02-15T00:00:00Z").await;
    let running = charge(&world, "").await;
    world.live_until("2027-02-15T01:00:00Z").await;
    let next = charge(&world, "").await;
    world.live_until("2027-04-15T01:00:00Z").await;

    assert_eq!(moved["current_period"], json!({"number": 0, "start": START, "end": "2027-02-15T00:00:00Z"}));
    assert_eq!(moved["cadence"]["anchor"], "2027-02-15T00:00:00");
    assert_eq!(json!(running), json!([START, "2027-02-15T00:00:00Z", "11", "open"]));
    assert_eq!(json!(next), json!(["2027-02-15T00:00:00Z", "2027-03-15T00:00:00Z", "100", "open"]));
    assert_eq!(charge(&world, "?period=0").await[2..], [json!("11"), json!("closed")]);
    assert_eq!(
        members(&world.invoices().await, &["id", "total"]),
        [[&json!("inv_sub_1"), &json!("0.55")], [&json!("inv_sub_2"), &json!("5.00")]]
    );
    assert_eq!(tiled(&world).await, ["2027-02-15T00:00:00Z", "2027-03-15T00:00:00Z"]);
    let usages = world.get("/v1/subscriptions/sub/usages").await.expect(200)["list"].as_array().unwrap().clone();
    assert_eq!(
        members(&usages, &["quantity", "invoice_id"]),
        [[&json!("1"), &json!("inv_sub_1")], [&json!("10"), &json!("inv_sub_1")], [&json!("100"), &json!("inv_sub_2")]]
    );
}

#[tokio::test]
async fn a_stretched_period_bills_what_is_dated_beyond_its_old_end_with_it() {
    let world = world().await;
    world.live_until("2027-02-20T00:00:00Z").await;
    move_end(&world, "2027-03-20T12:00:00Z").await;

    world.live_until("2027-03-10T00:00:00Z").await;
    world.usage("2027-02-28T23:59:59.999Z", "1").await.expect(201);
    world.usage("2027-03-05T00:00:00Z", "10").await.expect(201);
    let none_yet = world.invoices().await;
    world.live_until("2027-03-20T12:00:00Z").await;
    world.usage("2027-03-20T11:59:59.999Z", "100").await.expect(201);
    world.usage("2027-03-20T12:00:00Z", "1000").await.expect(201);
    world.live_until("2027-04-20T13:00:00Z").await;

    assert_eq!(none_yet, [] as [Value; 0]);
    assert_eq!(json!(charge(&world, "?period=0").await), json!([START, "2027-03-20T12:00:00Z", "111", "closed"]));
    assert_eq!(tiled(&world).await, ["2027-03-20T12:00:00Z", "2027-04-20T12:00:00Z"]);
    assert_eq!(world.invoice("inv_sub_2").await["total"], "50.00");
}

#[tokio::test]
async fn an_end_moves_as_often_as_is_asked_and_the_last_word_counts() {
    let world = World::at(START).await;
    world.catalogue().await;
    let as_made = world.subscribe(START, &["minutes-usd", "line-usd"]).await;
    world.live_until("2027-02-10T00:00:00Z").await;
    for (date, quantity) in [("2027-02-03T00:00:00Z", "1"), ("2027-02-09T00:00:00Z", "10")] {
        world.usage(date, quantity).await.expect(201);
    }

    for end in ["2027-02-20T00:00:00Z", "2027-05-01T00:00:00Z", "2027-02-11T00:00:00Z", "2027-02-25T06:00:00Z"] {
        move_end(&world, end).await;
        assert_eq!(charge(&world, "").await[1..3], [json!(end), json!("11")]);
    }
    let back = move_end(&world, "2027-03-01T00:00:00Z").await;
    for (now, ends) in [
        ("2027-02-20T00:00:00Z", &["2027-02-24T00:00:00Z", "2027-02-25T06:00:00Z"][..]),
        ("2027-02-26T00:00:00Z", &["2027-02-27T00:00:00Z"]),
        ("2027-03-10T00:00:00Z", &["2027-05-05T00:00:00Z", "2027-04-10T00:00:00Z"]),
    ] {
        world.live_until(now).await;
        for end in ends {
            move_end(&world, end).await;
        }
    }
    world.live_until("2027-06-10T01:00:00Z").await;

    // Where it would have been, it is as if it had never been moved.
    assert_eq!((&back["cadence"], &back["current_period"]), (&as_made["cadence"], &as_made["current_period"]));
    assert_eq!(
        tiled(&world).await,
        [
            "2027-02-25T06:00:00Z",
            "2027-02-27T00:00:00Z",
            "2027-04-10T00:00:00Z",
            "2027-05-10T00:00:00Z",
            "2027-06-10T00:00:00Z"
        ]
    );
    assert_eq!(charge(&world, "?period=0").await[2], "11");
}

#[tokio::test]
async fn a_period_that_ends_now_is_invoiced_at_once_and_a_retry_leaves_the_next_one_alone() {
    let world = world().await;
    world.item_price("seat-usd", json!({"price": {"model": "per_unit", "unit_amount": "20.00"}})).await;
    let items = json!([{"item_price_id": "minutes-usd"}, {"item_price_id": "seat-usd"}]);
    world.patch("/v1/subscriptions/sub", json!({ "items": items })).await.expect(200);
    world.live_until("2027-02-10T12:00:00Z").await;
    world.usage("2027-02-10T11:00:00Z", "100").await.expect(201);
    world.usage("2027-02-10T12:00:00Z", "7").await.expect(201);

    let ended = world.post(MOVE, json!({"period": 0})).await.expect(200);
    let pending = world.invoice("inv_sub_1").await;
    world.live_until("2027-02-10T12:30:00Z").await;
    let retried = world.post(MOVE, json!({"period": 0})).await.expect(200);
    world.live_until("2027-02-10T13:00:00Z").await;

    let period = json!({"number": 1, "start": "2027-02-10T12:00:00Z", "end": "2027-03-10T12:00:00Z"});
    assert_eq!((&ended["current_period"], &retried["current_period"]), (&period, &period));
    assert_eq!((&pending["status"], &pending["closes_at"]), (&json!("pending"), &json!("2027-02-10T13:00:00Z")));
    // The seat of the month that begins is billed as any: in advance, and whole.
    assert_eq!((&pending["total"], &world.invoice("inv_sub_1").await["total"]), (&json!("25.00"), &json!("25.00")));
    assert_eq!(charge(&world, "").await[2], "7");
}

#[tokio::test]
async fn what_was_billed_in_advance_is_neither_credited_nor_charged_again() {
    for (end, billed) in [("2027-02-15T00:00:00Z", 2), ("2027-04-15T00:00:00Z", 2)] {
        let world = World::at(START).await;
        world.catalogue().await;
        world.item_price("seat-usd", json!({"price": {"model": "per_unit", "unit_amount": "20.00"}})).await;
        world.subscribe(START, &["seat-usd"]).await;
        let first = world.invoice("inv_sub_0").await;
        world.live_until("2027-02-10T00:00:00Z").await;

        move_end(&world, end).await;
        world.live_until(&format!("{}T02:00:00Z", &end[..10])).await;

        let invoices = world.invoices().await;
        assert_eq!(invoices.len(), billed, "{end}");
        assert_eq!(world.invoice("inv_sub_0").await, first);
        let next = world.invoice("inv_sub_1").await;
        assert_eq!((&next["total"], &next["lines"][0]["period"]["start"]), (&json!("20.00"), &json!(end)));
    }
}

#[tokio::test]
async fn a_subscription_that_ends_with_its_period_ends_where_that_is_moved_to() {
    for (end, total) in [("2027-02-15T00:00:00Z", "0.05"), ("2027-03-15T00:00:00Z", "0.55")] {
        let world = world().await;
        world.live_until("2027-02-10T00:00:00Z").await;
        world.usage("2027-02-09T00:00:00Z", "1").await.expect(201);
        world.post("/v1/subscriptions/sub/schedule-cancel", json!({})).await.expect(200);

        let moved = move_end(&world, end).await;
        world.live_until("2027-03-10T00:00:00Z").await;
        world.usage("2027-03-05T00:00:00Z", "10").await.expect(201);
        world.live_until("2027-05-01T00:00:00Z").await;

        assert_eq!((&moved["status"], &moved["cancelled_at"]), (&json!("non_renewing"), &json!(end)));
        let over = world.get("/v1/subscriptions/sub").await.expect(200);
        assert_eq!((&over["status"], over.get("current_period")), (&json!("cancelled"), None));
        assert_eq!(members(&world.invoices().await, &["id", "total"]), [[&json!("inv_sub_1"), &json!(total)]]);
        // Nothing runs any more that could end elsewhere; what was asked for stands.
        move_end(&world, end).await;
        world.post(MOVE, json!({"end": "2027-06-01T00:00:00Z"})).await.expect(409);
    }
}

#[tokio::test]
async fn local_times_are_those_of_the_subscription_also_where_clocks_change() {
    let world = World::with("2027-03-01T00:00:00Z", json!({"time_zone": "Europe/Berlin"})).await;
    world.catalogue().await;
    world.subscribe("2027-03-01 00:00:00", &["line-usd"]).await;
    world.patch("/v1/sites/site", json!({"time_zone": "UTC"})).await.expect(200);

    let skipped = world.post(MOVE, json!({"end": "2027-03-28 02:30:00"})).await.expect(422);
    let summer = move_end(&world, "2027-03-28 03:00:00").await;
    world.live_until("2027-03-28T02:00:00Z").await;
    let second_pass = move_end(&world, "2027-10-31T01:30:00Z").await;
    world.live_until("2027-12-01T02:00:00Z").await;

    assert_eq!(skipped["field"], "end");
    assert_eq!(summer["current_period"]["end"], "2027-03-28T01:00:00Z");
    assert_eq!(second_pass["current_period"]["end"], "2027-10-31T01:30:00Z");
    let periods: Vec<Value> = world.invoices().await.iter().map(|invoice| invoice["period"].clone()).collect();
    let period = |start: &str, end: &str| json!({"start": start, "end": end});
    assert_eq!(
        periods,
        [
            period("2027-02-28T23:00:00Z", "2027-03-28T01:00:00Z"),
            period("2027-03-28T01:00:00Z", "2027-10-31T01:30:00Z"),
            period("2027-10-31T01:30:00Z", "2027-11-30T01:30:00Z"),
        ]
    );
}

#[tokio::test]
async fn amounts_are_relative_to_the_period_as_it_would_have_been() {
    // February has 28 days. A flat amount is at most whole; what is held counts for as long as it is.
    for (end, line, held, amount) in [
        ("2027-02-15T00:00:00Z", "14.00", "5", "140.00"),
        ("2027-03-01T00:00:00Z", "28.00", "10", "280.00"),
        ("2027-03-15T00:00:00Z", "28.00", "15", "420.00"),
    ] {
        let world = World::at(START).await;
        world.catalogue().await;
        let flat = json!({"model": "flat_fee", "amount": "28.00"});
        let part = json!({"billed": "in_arrears", "proration": "calendar_days", "price": flat});
        world.item_price("part-usd", part).await;
        let seat = json!({"model": "per_unit", "unit_amount": "28.00"});
        world.item_price("seats", json!({"metered": true, "aggregation": "weighted_sum", "price": seat})).await;
        world.subscribe(START, &["part-usd", "line-usd", "seats"]).await;
        let usage = json!({"item_price_id": "seats", "usage_date": START, "quantity": "10"});
        world.post("/v1/subscriptions/sub/usages", usage).await.expect(201);
        world.live_until("2027-02-10T00:00:00Z").await;

        move_end(&world, end).await;
        let so_far = world.get("/v1/subscriptions/sub/usage-charges").await.expect(200)["list"][0].clone();
        world.live_until("2027-05-20T00:00:00Z").await;

        assert_eq!((&so_far["total_usage"], &so_far["amount"]), (&json!(held), &json!(amount)), "{end}");
        let invoice = world.invoice("inv_sub_1").await;
        assert_eq!(
            members(invoice["lines"].as_array().unwrap(), &["item_price_id", "amount"]),
            [
                [&json!("part-usd"), &json!(line)],
                [&json!("line-usd"), &json!("10.00")],
                [&json!("seats"), &json!(amount)]
            ]
        );
        // The next period is as long as it is meant to be, and begins with what was held.
        let next = world.invoice("inv_sub_2").await;
        assert_eq!((&next["total"], &next["lines"][2]["quantity"]), (&json!("318.00"), &json!("10")), "{end}");
        tiled(&world).await;
    }
}

#[tokio::test]
async fn what_cannot_end_there_is_refused_and_says_why() {
    let world = world().await;
    let waiting = json!({"id": "waiting", "customer_id": "acme", "items": [{"item_price_id": "minutes-usd"}]});
    world.post("/v1/subscriptions", waiting).await.expect(201);
    world.live_until("2027-03-10T00:00:00Z").await;
    let before = world.get("/v1/subscriptions/sub").await.expect(200);

    for (body, field) in [
        (json!({}), Some("period")),
        (json!({"period": null, "end": null}), Some("period")),
        (json!({"end": "2027-03-01T00:00:00.001Z"}), Some("end")),
        (json!({"end": "2027-02-20T00:00:00Z"}), Some("end")),
        (json!({"end": "2027-03-09T23:59:59.999Z"}), Some("end")),
        (json!({"end": "4999-12-31T00:00:00Z"}), Some("end")),
        (json!({"end": "soon"}), Some("end")),
        (json!({"end": "2027-03-20T00:00:00.0001Z"}), Some("end")),
        (json!({"period": 0, "end": "2027-03-20T00:00:00Z"}), Some("period")),
        (json!({"period": 2}), Some("period")),
    ] {
        let refused = world.post(MOVE, body.clone()).await.expect(422);
        assert_eq!(refused.get("field").and_then(Value::as_str), field, "{body}");
    }
    for (body, field) in [
        (json!({"period": -1}), "period"),
        (json!({"period": "0"}), "period"),
        (json!({"end": "2027-03-20T00:00:00Z", "start": "2027-03-20T00:00:00Z"}), "start"),
    ] {
        assert_eq!(world.post(MOVE, body.clone()).await.expect(400)["field"], field, "{body}");
    }
    let end = json!({"end": "2027-03-20T00:00:00Z"});
    world.post("/v1/subscriptions/waiting/move-period-end", end.clone()).await.expect(422);
    world.post("/v1/subscriptions/none/move-period-end", end.clone()).await.expect(404);
    assert_eq!(world.get("/v1/subscriptions/sub").await.expect(200), before);
    world.post("/v1/subscriptions/sub/cancel", json!({})).await.expect(200);
    assert_eq!(world.post(MOVE, end).await.expect(409)["existing"]["status"], "cancelled");
}

#[tokio::test]
async fn the_same_end_again_changes_nothing_even_years_later() {
    let world = world().await;
    world.live_until("2027-02-10T00:00:00Z").await;
    let moved = move_end(&world, "2027-02-20T00:00:00Z").await;

    world.live_until("2027-02-12T00:00:00Z").await;
    let again = move_end(&world, "2027-02-20T00:00:00Z").await;
    world.live_until("2029-05-01T00:00:00Z").await;
    let before = world.get("/v1/subscriptions/sub").await.expect(200);
    let later = world.post(MOVE, json!({"period": 0, "end": "2027-02-20T00:00:00Z"})).await.expect(200);

    assert_eq!(again, moved);
    assert_eq!(later, before);
}

#[tokio::test]
async fn prices_of_another_length_end_the_period_that_runs_and_begin_the_next_one() {
    let world = world().await;
    let year = json!({"every": 1, "unit": "year"});
    let flat = json!({"model": "flat_fee", "amount": "100.00"});
    world.item_price("line-yearly", json!({"period": year, "price": flat})).await;
    let per_unit = json!({"model": "per_unit", "unit_amount": "0.04"});
    world.item_price("minutes-yearly", json!({"period": year, "metered": true, "price": per_unit})).await;
    world.live_until("2027-02-10T12:00:00Z").await;
    world.usage("2027-02-10T11:00:00Z", "100").await.expect(201);
    let items = json!({"items": [{"item_price_id": "line-yearly"}, {"item_price_id": "minutes-yearly"}]});

    let changed = world.patch("/v1/subscriptions/sub", items.clone()).await.expect(200);
    let again = world.patch("/v1/subscriptions/sub", items).await.expect(200);
    let usage = json!({"item_price_id": "minutes-yearly", "usage_date": "2027-02-10T12:00:00Z", "quantity": "50"});
    world.post("/v1/subscriptions/sub/usages", usage).await.expect(201);
    world.live_until("2028-02-10T13:00:00Z").await;

    assert_eq!(
        (&changed["cadence"], &changed["current_period"]),
        (
            &json!({"every": 1, "unit": "year", "anchor": "2027-02-10T12:00:00", "time_zone": "UTC"}),
            &json!({"number": 1, "start": "2027-02-10T12:00:00Z", "end": "2028-02-10T12:00:00Z"})
        )
    );
    assert_eq!(again, changed);
    // A month that ended after ten days, with the first year in advance; then a year, with the second one.
    let totals = ["inv_sub_1", "inv_sub_2"].map(|id| async { world.invoice(id).await["total"].clone() });
    assert_eq!(join_all(totals).await, [json!("105.00"), json!("102.00")]);
    assert_eq!(tiled(&world).await, ["2027-02-10T12:00:00Z", "2028-02-10T12:00:00Z"]);
}

#[tokio::test]
async fn another_length_is_refused_where_the_period_cannot_end_now() {
    let world = world().await;
    let flat = json!({"model": "flat_fee", "amount": "100.00"});
    world.item_price("line-yearly", json!({"period": {"every": 1, "unit": "year"}, "price": flat})).await;
    let yearly = json!({"items": [{"item_price_id": "line-yearly"}]});

    let just_begun = world.patch("/v1/subscriptions/sub", yearly.clone()).await.expect(422);
    world.live_until("2027-02-10T00:00:00Z").await;
    world.post("/v1/subscriptions/sub/schedule-cancel", json!({})).await.expect(200);
    let ending = world.patch("/v1/subscriptions/sub", yearly).await.expect(422);
    let both = json!({"items": [{"item_price_id": "line-yearly"}, {"item_price_id": "line-usd"}]});
    let mixed = world.patch("/v1/subscriptions/sub", both).await.expect(422);

    assert_eq!((&just_begun["field"], &ending["field"]), (&json!("items"), &json!("items")));
    assert_eq!(mixed["field"], "items[1].item_price_id");
    assert_eq!(current_number(&world).await, 0);
}

async fn current_number(world: &World) -> Value {
    world.get("/v1/subscriptions/sub").await.expect(200)["current_period"]["number"].clone()
}
