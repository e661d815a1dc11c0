//! What one step costs, counted in the capacity that DynamoDB says it consumed.

use http::Method;
use local::System;
use local::engine::CapacityMeter;
use local::functions::ROOT_KEY;
use serde_json::json;

use crate::harness::{KEY, World};

/// A month of `minutes-usd` with one usage a day, 30 of them.
async fn a_month_of_usage() -> World {
    let world = World::at("2026-04-01T00:00:00Z").await;
    world.catalogue().await;
    world.subscribe("2026-04-01T00:00:00Z", &["minutes-usd"]).await;
    world.set_clock("2026-04-30T23:00:00Z").await;
    for day in 1..=30 {
        world.usage(&format!("2026-04-{day:02}T12:00:00Z"), "12.5").await.expect(201);
    }
    world
}

fn show(what: &str, meter: &CapacityMeter) {
    println!("{what}: {} write and {} read units in {} calls", meter.write_units(), meter.read_units(), meter.calls());
}

#[tokio::test]
async fn a_lone_usage_costs_one_write_unit_and_its_replay_one_more() {
    let world = a_month_of_usage().await;

    world.system.engine().reset_capacity();
    world.usage("2026-04-30T13:00:00Z", "1").await.expect(201);
    let recorded = world.system.engine().capacity();
    world.system.engine().reset_capacity();
    world.usage("2026-04-30T13:00:00Z", "1").await.expect(200);
    let replayed = world.system.engine().capacity();

    show("a lone usage", &recorded);
    show("its replay", &replayed);
    assert_eq!(recorded.write_units(), 1.0);
    assert_eq!(replayed.write_units(), 1.0);
}

#[tokio::test]
async fn a_batch_of_a_thousand_costs_two_write_units_a_page() {
    let world = a_month_of_usage().await;
    let usage = |n: u32| {
        let date = 1_777_000_000 + 60 * n;
        json!({"item_price_id": "minutes-usd", "usage_date": date, "quantity": "1"})
    };

    world.system.engine().reset_capacity();
    let batch: Vec<_> = (0..1_000).map(usage).collect();
    world.post("/v1/subscriptions/sub/usages", json!({ "usages": batch })).await.expect(207);
    let meter = world.system.engine().capacity();

    show("a batch of 1,000 into a filled month", &meter);
    assert!(meter.write_units() <= 40.0, "{}", meter.write_units());
}

#[tokio::test]
async fn a_table_costs_as_little_as_batches_of_a_thousand() {
    let world = a_month_of_usage().await;
    let rows = (0..5_000).map(|n| format!("minutes-usd,{},1\n", 1_775_100_030 + 60 * n));
    let table: String = std::iter::once("item_price_id,usage_date,quantity\n".to_owned()).chain(rows).collect();

    world.system.engine().reset_capacity();
    let csv = [("content-type", "text/csv")];
    let answer = world.send_text(Method::POST, "/v1/subscriptions/sub/usages", Some(table), KEY, &csv).await;
    let meter = world.system.engine().capacity();

    show("a table of 5,000 rows", &meter);
    assert_eq!(answer.expect(207)["summary"]["recorded"], 5_000);
    assert!(meter.write_units() <= 0.045 * 5_000.0, "{}", meter.write_units());
}

#[tokio::test]
async fn generating_and_closing_a_month_of_thirty_usages_costs_a_page_and_a_transaction() {
    let world = a_month_of_usage().await;

    world.set_clock("2026-05-01T00:00:00Z").await;
    world.system.engine().reset_capacity();
    world.system.settle().await.unwrap();
    let generated = world.system.engine().capacity();
    world.set_clock("2026-05-01T01:00:00Z").await;
    world.system.engine().reset_capacity();
    world.system.settle().await.unwrap();
    let closed = world.system.engine().capacity();

    show("generating an invoice", &generated);
    show("closing it", &closed);
    // One for the page. In one transaction, where everything counts twice: the number, and the frozen invoice of 1 to
    // 2 KB; and one for its entry in the due index, which goes.
    assert_eq!(closed.of("UpdateItem").write_units, 1.0);
    assert_eq!(closed.of("TransactWriteItems").calls, 1);
    assert!(closed.write_units() <= 1.0 + 2.0 + 4.0 + 1.0, "{}", closed.write_units());
}

#[tokio::test]
async fn a_warm_lone_usage_of_a_live_site_takes_one_call() {
    let world = World { system: System::for_test().await.unwrap() };
    world.set_now("2026-04-30T23:00:00Z");
    let key = json!({"site_id": "site", "scopes": ["admin"], "key": KEY});
    world.send(Method::POST, "/v1/sites", Some(json!({"id": "site"})), ROOT_KEY, &[]).await.expect(201);
    world.send(Method::POST, "/v1/api-keys", Some(key), ROOT_KEY, &[]).await.expect(201);
    world.catalogue().await;
    world.subscribe("2026-04-01T00:00:00Z", &["minutes-usd"]).await;
    world.usage("2026-04-15T12:00:00Z", "1").await.expect(201);

    world.system.engine().reset_capacity();
    world.usage("2026-04-15T13:00:00Z", "1").await.expect(201);
    let meter = world.system.engine().capacity();

    show("a warm lone usage of a live site", &meter);
    // The caller, the head and the page are remembered.
    assert_eq!((meter.of("UpdateItem").calls, meter.calls()), (1, 1));
    assert_eq!((meter.write_units(), meter.read_units()), (1.0, 0.0));
}

#[tokio::test]
async fn only_a_usage_under_a_limit_pays_for_the_counter() {
    let world = World::with("2026-04-01T00:00:00Z", json!({"usage_limit": 100})).await;
    world.catalogue().await;
    world.subscribe("2026-04-01T00:00:00Z", &["minutes-usd"]).await;
    world.set_clock("2026-04-30T23:00:00Z").await;
    world.usage("2026-04-15T12:00:00Z", "1").await.expect(201);

    world.system.engine().reset_capacity();
    world.usage("2026-04-15T13:00:00Z", "1").await.expect(201);
    let meter = world.system.engine().capacity();

    show("a lone usage under a limit", &meter);
    assert_eq!((meter.of("TransactWriteItems").calls, meter.of("UpdateItem").calls), (1, 0));
    // The page and the counter, each twice as in every transaction.
    assert_eq!(meter.write_units(), 4.0);
}

/// The calls that closing each of the first two months took, of a subscription to a price with that aggregation.
async fn calls_to_close(aggregation: &str) -> [u64; 2] {
    let world = World::at("2026-04-01T00:00:00Z").await;
    world.catalogue().await;
    let unit = json!({"model": "per_unit", "unit_amount": "1"});
    world.item_price("units", json!({"metered": true, "aggregation": aggregation, "price": unit})).await;
    world.subscribe("2026-04-01T00:00:00Z", &["units"]).await;
    let mut calls = [0; 2];
    for (calls, month) in calls.iter_mut().zip(4..) {
        world.live_until(&format!("2026-{month:02}-20T00:00:00Z")).await;
        let usage =
            json!({"item_price_id": "units", "usage_date": format!("2026-{month:02}-15T12:00:00Z"), "quantity": "1"});
        world.post("/v1/subscriptions/sub/usages", usage).await.expect(201);
        world.live_until(&format!("2026-{:02}-01T00:00:00Z", month + 1)).await;
        world.set_clock(&format!("2026-{:02}-01T01:00:00Z", month + 1)).await;
        world.system.engine().reset_capacity();
        world.system.settle().await.unwrap();
        show(&format!("closing a month of {aggregation}"), &world.system.engine().capacity());
        *calls = world.system.engine().capacity().calls();
    }
    calls
}

#[tokio::test]
async fn only_a_price_of_which_quantities_are_held_asks_for_the_invoice_before() {
    let [first, second] = calls_to_close("sum").await;
    let [first_held, second_held] = calls_to_close("weighted_sum").await;

    assert_eq!(first_held, first);
    // Once for the trial before sealing, and once for good.
    assert_eq!(second_held, second + 2);
}

#[tokio::test]
async fn a_warm_lone_usage_that_says_all_that_its_price_asks_for_takes_one_call() {
    let world = World::live("2026-04-30T23:00:00Z").await;
    world.catalogue().await;
    let price = json!({"metered": true, "aggregation": "unique_count", "price": {"model": "dynamic"}});
    world.item_price("calls", price).await;
    world.subscribe("2026-04-01T00:00:00Z", &["calls"]).await;
    let usage = async |hour: u32, fields: serde_json::Value| {
        let mut usage =
            json!({"item_price_id": "calls", "usage_date": format!("2026-04-15T{hour}:00:00Z"), "quantity": "1"});
        usage.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        world.post("/v1/subscriptions/sub/usages", usage).await
    };
    usage(12, json!({"unique_value": "alice", "amount": "0.70"})).await.expect(201);

    world.system.engine().reset_capacity();
    usage(13, json!({"unique_value": "bob", "amount": "0.70"})).await.expect(201);
    let recorded = world.system.engine().capacity();
    world.system.engine().reset_capacity();
    usage(14, json!({"unique_value": "bob"})).await.expect(422);

    assert_eq!((recorded.of("UpdateItem").calls, recorded.calls()), (1, 1));
    assert_eq!(world.system.engine().capacity().calls(), 0, "what a price asks for never changes");
}

/// The calls that closing so many invoices in one batch of messages takes.
async fn calls_of_a_batch(count: u32) -> u64 {
    let world = World::at("2026-04-01T00:00:00Z").await;
    world.catalogue().await;
    for n in 0..count {
        world.subscribe_as(&format!("sub-{n}"), "2026-04-01T00:00:00Z", &["line-usd"]).await;
    }
    world.live_until("2026-05-01T00:00:00Z").await;
    world.set_clock("2026-05-01T01:00:00Z").await;
    world.system.engine().reset_capacity();
    assert_eq!(world.system.pump_once().await.deleted, usize::try_from(count).unwrap());
    world.system.engine().capacity().calls()
}

#[tokio::test]
async fn a_batch_of_messages_reads_its_site_and_the_version_of_a_price_once() {
    let (one, two, three) = (calls_of_a_batch(1).await, calls_of_a_batch(2).await, calls_of_a_batch(3).await);

    let each = two - one;
    assert_eq!((one, three), (each + 2, 3 * each + 2));
}
