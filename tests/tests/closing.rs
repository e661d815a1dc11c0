//! What a boundary bills, when it is frozen, and under which number.

use serde_json::{Value, json};

use crate::harness::{World, members};

/// One subscription `sub` from 31 January 2027 on.
async fn world_with(prices: &[&str]) -> World {
    let world = World::at("2027-01-31T00:00:00Z").await;
    world.catalogue().await;
    let seat = json!({"price": {"model": "per_unit", "unit_amount": "20.00"}});
    world.item_price("seat-usd", seat).await;
    world.subscribe("2027-01-31T00:00:00Z", prices).await;
    world
}

async fn charges(world: &World, query: &str) -> Vec<Value> {
    let answer = world.get(&format!("/v1/subscriptions/sub/usage-charges{query}")).await.expect(200);
    answer["list"].as_array().unwrap().clone()
}

async fn close(world: &World, id: &str) -> crate::harness::Answer {
    world.post(&format!("/v1/invoices/{id}/close"), json!({})).await
}

/// What the answers of usage charges and the lines of invoices have in common.
fn amounts(list: &[Value]) -> Vec<Vec<&Value>> {
    let names = ["item_price_id", "included_usage", "total_usage", "on_demand_usage", "amount", "unrounded_amount"];
    let mut rows = members(list, &names);
    for (row, object) in rows.iter_mut().zip(list) {
        row.extend([&object["steps"], &object["usage_count"]]);
    }
    rows
}

#[tokio::test]
async fn the_activation_bills_in_advance_at_once() {
    let world = world_with(&["seat-usd", "minutes-usd"]).await;

    let invoices = world.invoices().await;

    let [invoice] = invoices.as_slice() else { panic!("{invoices:#?}") };
    assert_eq!((&invoice["status"], &invoice["number"]), (&json!("payment_due"), &json!("1234-1")));
    assert_eq!((&invoice["total"], &invoice["amount_due"]), (&json!("20.00"), &json!("20.00")));
    assert_eq!((&invoice["closed_at"], &invoice["due_date"]), (&json!("2027-01-31T00:00:00Z"), &json!("2027-02-07")));
    let period = json!({"start": "2027-01-31T00:00:00Z", "end": "2027-02-28T00:00:00Z"});
    assert_eq!(
        members(invoice["lines"].as_array().unwrap(), &["item_price_id", "period"]),
        [[&json!("seat-usd"), &period]]
    );
}

#[tokio::test]
async fn a_boundary_bills_the_begun_period_in_advance_and_the_ended_one_in_arrears_on_one_invoice() {
    let world = world_with(&["seat-usd", "minutes-usd", "line-usd"]).await;
    world.set_clock("2027-02-10T00:00:00Z").await;
    world.usage("2027-02-09T00:00:00Z", "361").await.expect(201);

    world.live_until("2027-02-28T01:00:00Z").await;

    let invoice = world.invoice("inv_sub_1").await;
    let ended = json!({"start": "2027-01-31T00:00:00Z", "end": "2027-02-28T00:00:00Z"});
    let begun = json!({"start": "2027-02-28T00:00:00Z", "end": "2027-03-31T00:00:00Z"});
    assert_eq!(
        members(invoice["lines"].as_array().unwrap(), &["item_price_id", "period", "amount"]),
        [
            [&json!("seat-usd"), &begun, &json!("20.00")],
            [&json!("minutes-usd"), &ended, &json!("18.05")],
            [&json!("line-usd"), &ended, &json!("10.00")],
        ]
    );
    assert_eq!((&invoice["total"], &invoice["number"]), (&json!("48.05"), &json!("1234-2")));
    assert_eq!(world.invoices().await.len(), 2);
}

#[tokio::test]
async fn a_pending_invoice_follows_the_usage_of_its_grace_and_a_closed_one_does_not() {
    let world = world_with(&["minutes-usd"]).await;
    world.live_until("2027-02-28T00:00:00Z").await;
    assert_eq!(world.invoice("inv_sub_1").await["total"], json!("0.00"));

    world.usage("2027-02-27T00:00:00Z", "100").await.expect(201);
    let pending = world.invoice("inv_sub_1").await;
    world.usage("2027-02-27T23:59:59.999Z", "1").await.expect(201);
    world.usage("2027-02-28T00:00:00Z", "1000").await.expect(201);
    let grown = world.invoice("inv_sub_1").await;
    world.live_until("2027-02-28T00:59:59.999Z").await;
    let last = world.invoice("inv_sub_1").await;
    world.live_until("2027-02-28T01:00:00Z").await;
    let closed = world.invoice("inv_sub_1").await;
    let late = world.usage("2027-02-27T12:00:00Z", "50").await.expect(201);

    assert_eq!((&pending["status"], &pending["total"]), (&json!("pending"), &json!("5.00")));
    assert_eq!(grown["total"], json!("5.05"));
    assert_eq!(grown["closes_at"], json!("2027-02-28T01:00:00Z"));
    assert_eq!(last, grown);
    assert_eq!((&closed["status"], &closed["total"]), (&json!("payment_due"), &json!("5.05")));
    assert_eq!(closed["lines"], grown["lines"]);
    assert_eq!((&late["billable"], &late["not_billable_reason"]), (&json!(false), &json!("late")));
    assert_eq!(world.invoice("inv_sub_1").await, closed);
}

#[tokio::test]
async fn usage_charges_equal_the_pending_invoice_before_the_close_and_the_frozen_lines_after_i10() {
    let world = world_with(&["minutes-usd"]).await;
    world.set_clock("2027-02-10T00:00:00Z").await;
    world.usage("2027-02-09T00:00:00Z", "360.5").await.expect(201);
    let open = charges(&world, "").await;

    world.live_until("2027-02-28T00:00:00Z").await;
    world.usage("2027-02-27T00:00:00Z", "0.5").await.expect(201);
    let (pending, pending_invoice) = (charges(&world, "?period=0").await, world.invoice("inv_sub_1").await);
    world.live_until("2027-02-28T01:00:00Z").await;
    world.usage("2027-02-27T00:00:01Z", "7").await.expect(201);
    let (closed, closed_invoice) = (charges(&world, "?period=0").await, world.invoice("inv_sub_1").await);

    let stands = |list: &[Value]| list.iter().map(|charge| charge["status"].clone()).collect::<Vec<_>>();
    assert_eq!(
        (stands(&open), stands(&pending), stands(&closed)),
        (vec![json!("open")], vec![json!("pending")], vec![json!("closed")])
    );
    // 360.5 x 0.05 = 18.025
    assert_eq!((&open[0]["amount"], &open[0]["unrounded_amount"]), (&json!("18.03"), &json!("18.025")));
    assert_eq!(amounts(&pending), amounts(pending_invoice["lines"].as_array().unwrap()));
    assert_eq!(amounts(&closed), amounts(closed_invoice["lines"].as_array().unwrap()));
    assert_eq!(amounts(&closed), amounts(&pending));
    assert_eq!((&closed[0]["amount"], &closed[0]["usage_count"]), (&json!("18.05"), &json!(2)));
}

#[tokio::test]
async fn a_period_without_usage_closes_as_an_empty_invoice_that_is_not_listed_and_takes_no_number() {
    let world = world_with(&["minutes-usd"]).await;
    world.live_until("2027-02-28T01:00:00Z").await;
    world.usage("2027-02-28T00:30:00Z", "20").await.expect(201);

    world.live_until("2027-03-31T01:00:00Z").await;

    let empty = world.invoice("inv_sub_1").await;
    assert_eq!((&empty["status"], empty.get("number"), &empty["lines"]), (&json!("empty"), None, &json!([])));
    assert_eq!(
        members(&world.invoices().await, &["id", "number", "total"]),
        [[&json!("inv_sub_2"), &json!("1234-1"), &json!("1.00")]]
    );
    let of_subscription = world.get("/v1/invoices?subscription_id=sub").await.expect(200);
    assert_eq!(members(of_subscription["list"].as_array().unwrap(), &["id"]), [[&json!("inv_sub_2")]]);
}

#[tokio::test]
async fn a_recorded_usage_of_nothing_is_a_line_of_zero_on_an_invoice_that_is_paid() {
    let world = world_with(&["minutes-usd"]).await;
    world.usage("2027-01-31T00:00:00Z", "0").await.expect(201);

    world.live_until("2027-02-28T01:00:00Z").await;

    let invoice = world.invoice("inv_sub_1").await;
    assert_eq!((&invoice["status"], &invoice["total"]), (&json!("paid"), &json!("0.00")));
    assert_eq!((&invoice["number"], &invoice["lines"][0]["amount"]), (&json!("1234-1"), &json!("0.00")));
}

#[tokio::test]
async fn numbers_are_gapless_for_a_customer_over_two_subscriptions() {
    let world = world_with(&["seat-usd", "line-usd"]).await;
    world.subscribe_as("other", "2027-01-31T00:00:00Z", &["seat-usd", "line-usd"]).await;
    for clock in ["2027-02-28T01:00:00Z", "2027-03-31T01:00:00Z", "2027-04-30T01:00:00Z"] {
        world.live_until(clock).await;
    }

    let invoices = world.invoices().await;

    let mut numbers: Vec<u32> = invoices
        .iter()
        .map(|invoice| invoice["number"].as_str().unwrap().strip_prefix("1234-").unwrap().parse().unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[tokio::test]
async fn two_customers_never_share_a_number() {
    let world = world_with(&["seat-usd"]).await;
    let taken = json!({"id": "beta", "name": "Beta", "number": "1234"});
    let as_id = json!({"id": "1234", "name": "Beta"});

    let numbered = world.post("/v1/customers", taken).await.expect(409);
    let named = world.post("/v1/customers", as_id).await.expect(409);

    assert_eq!((&numbered["field"], &named["type"]), (&json!("number"), &json!("/problems/conflict")));
}

#[tokio::test]
async fn a_number_that_passes_to_another_customer_is_never_given_to_two_invoices() {
    let world = world_with(&["line-usd"]).await;
    world.post("/v1/customers", json!({"id": "beta", "name": "Beta"})).await.expect(201);
    let items = json!([{"item_price_id": "line-usd"}]);
    let other = json!({"id": "other", "customer_id": "beta", "items": items, "start_date": "2027-01-31T00:00:00Z"});
    world.post("/v1/subscriptions", other).await.expect(201);
    world.live_until("2027-02-28T01:00:00Z").await;

    world.patch("/v1/customers/acme", json!({"number": "5678"})).await.expect(200);
    // Whether it is free again is not what counts here.
    world.patch("/v1/customers/beta", json!({"number": "1234"})).await;
    world.live_until("2027-03-31T01:00:00Z").await;
    world.live_until("2027-04-30T01:00:00Z").await;

    let invoices = world.invoices().await;
    let numbers: std::collections::BTreeSet<&str> =
        invoices.iter().map(|invoice| invoice["number"].as_str().unwrap()).collect();
    assert_eq!((invoices.len(), numbers.len()), (6, 6), "{numbers:?}");
    assert!(["1234-1", "5678-1", "5678-2", "beta-1"].iter().all(|number| numbers.contains(number)), "{numbers:?}");
}

#[tokio::test]
async fn a_usage_deleted_in_the_grace_is_not_billed() {
    let world = world_with(&["minutes-usd"]).await;
    let usage = world.usage("2027-01-31T00:00:00Z", "100").await.expect(201);
    world.usage("2027-01-31T00:00:01Z", "1").await.expect(201);
    world.live_until("2027-02-28T00:00:00Z").await;
    let path = format!("/v1/subscriptions/sub/usages/{}", usage["id"].as_str().unwrap());

    world.delete(&path, &[]).await.expect(204);
    let pending = world.invoice("inv_sub_1").await;
    world.live_until("2027-02-28T01:00:00Z").await;

    assert_eq!((&pending["status"], &pending["total"]), (&json!("pending"), &json!("0.05")));
    let closed = world.invoice("inv_sub_1").await;
    assert_eq!((&closed["total"], &closed["lines"][0]["usage_count"]), (&json!("0.05"), &json!(1)));
}

#[tokio::test]
async fn an_invoice_is_closed_on_request_before_its_grace_ends() {
    let world = world_with(&["minutes-usd"]).await;
    world.usage("2027-01-31T00:00:00Z", "100").await.expect(201);
    world.live_until("2027-02-28T00:10:00Z").await;

    let closed = close(&world, "inv_sub_1").await.expect(200);
    let late = world.usage("2027-02-01T00:00:00Z", "100").await.expect(201);

    assert_eq!((&closed["status"], &closed["total"]), (&json!("payment_due"), &json!("5.00")));
    assert_eq!((&closed["closed_at"], &closed["due_date"]), (&json!("2027-02-28T00:10:00Z"), &json!("2027-03-07")));
    assert_eq!(closed.get("closes_at"), None);
    assert_eq!(late["not_billable_reason"], json!("late"));
}

#[tokio::test]
async fn closing_twice_is_the_same_invoice() {
    let world = world_with(&["line-usd"]).await;
    world.live_until("2027-02-28T00:10:00Z").await;
    let first = close(&world, "inv_sub_1").await.expect(200);

    world.live_until("2027-02-28T05:00:00Z").await;
    let second = close(&world, "inv_sub_1").await.expect(200);

    assert_eq!(second, first);
    assert_eq!(world.invoices().await, [first]);
    let nothing = close(&world, "inv_sub_9").await.expect(404);
    assert_eq!(nothing["type"], json!("/problems/not-found"));
}

#[tokio::test]
async fn a_later_invoice_waits_for_the_earlier_one() {
    let world = World::with("2027-01-31T00:00:00Z", json!({"grace_seconds": 50 * 86_400})).await;
    world.catalogue().await;
    world.subscribe("2027-01-31T00:00:00Z", &["line-usd"]).await;
    world.live_until("2027-03-31T00:00:00Z").await;

    let refused = close(&world, "inv_sub_2").await.expect(409);
    let first = close(&world, "inv_sub_1").await.expect(200);
    let second = close(&world, "inv_sub_2").await.expect(200);

    assert_eq!(refused["type"], json!("/problems/earlier-invoice-pending"));
    assert_eq!(refused["invoice_id"], json!("inv_sub_1"));
    assert_eq!((&first["number"], &second["number"]), (&json!("1234-1"), &json!("1234-2")));
}

#[tokio::test]
async fn a_shorter_grace_lets_no_invoice_overtake_an_earlier_one() {
    let world = World::with("2027-01-31T00:00:00Z", json!({"grace_seconds": 50 * 86_400})).await;
    world.catalogue().await;
    world.subscribe("2027-01-31T00:00:00Z", &["line-usd"]).await;
    world.live_until("2027-02-28T00:00:00Z").await;
    world.patch("/v1/subscriptions/sub", json!({"grace_seconds": 0})).await.expect(200);

    world.live_until("2027-03-31T00:00:00Z").await;
    let waiting = world.invoices().await;
    world.live_until("2027-04-19T00:00:00Z").await;
    let closed = world.invoices().await;

    assert_eq!(
        members(&waiting, &["id", "status"]),
        [[&json!("inv_sub_1"), &json!("pending")], [&json!("inv_sub_2"), &json!("pending")]]
    );
    assert_eq!(
        members(&closed, &["id", "number"]),
        [[&json!("inv_sub_1"), &json!("1234-1")], [&json!("inv_sub_2"), &json!("1234-2")]]
    );
}

#[tokio::test]
async fn a_new_price_in_mid_period_counts_from_the_next_period_on() {
    let world = world_with(&["seat-usd", "minutes-usd"]).await;
    world.set_clock("2027-02-10T00:00:00Z").await;
    world.usage("2027-02-09T00:00:00Z", "100").await.expect(201);

    for (price, amount) in [("minutes-usd", "0.07"), ("seat-usd", "30.00")] {
        let change = json!({"price": {"model": "per_unit", "unit_amount": amount}});
        let changed = world.patch(&format!("/v1/item-prices/{price}"), change).await.expect(200);
        assert_eq!(changed["version"], json!(2));
    }
    world.usage("2027-02-09T01:00:00Z", "100").await.expect(201);
    world.live_until("2027-02-28T01:00:00Z").await;
    world.usage("2027-02-28T00:00:00Z", "100").await.expect(201);
    world.live_until("2027-03-31T01:00:00Z").await;

    let row = ["item_price_id", "item_price_version", "amount"];
    let (minutes, seat) = (json!("minutes-usd"), json!("seat-usd"));
    let first = world.invoice("inv_sub_1").await;
    // 200 x 0.05 for what ended, and a seat at the new price for what begins.
    assert_eq!(
        members(first["lines"].as_array().unwrap(), &row),
        [[&seat, &json!(2), &json!("30.00")], [&minutes, &json!(1), &json!("10.00")]]
    );
    let second = world.invoice("inv_sub_2").await;
    assert_eq!(
        members(second["lines"].as_array().unwrap(), &row),
        [[&seat, &json!(2), &json!("30.00")], [&minutes, &json!(2), &json!("7.00")]]
    );
}
