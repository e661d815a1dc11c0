//! What a warm function remembers of a live site may be outdated, and nothing goes wrong by it.

use local::System;
use serde_json::{Value, json};

use crate::harness::World;

const USAGES: &str = "/v1/subscriptions/sub/usages";

/// Two environments of the functions over one table, with a live site and the subscription `sub`.
async fn two_environments() -> (World, World) {
    let one = World::live("2027-01-01T00:00:00Z").await;
    let other = World { system: System::with_engine(one.system.engine().clone()).await.unwrap() };
    one.catalogue().await;
    one.subscribe("2027-01-01T00:00:00Z", &["minutes-usd"]).await;
    at("2027-01-20T00:00:00Z", &one, &other);
    (one, other)
}

fn at(now: &str, one: &World, other: &World) {
    one.set_now(now);
    other.set_now(now);
}

fn minute(n: usize) -> String {
    format!("2027-01-{:02}T{:02}:{:02}:00Z", 2 + n / 1_440, n / 60 % 24, n % 60)
}

async fn charge(world: &World) -> Value {
    world.get("/v1/subscriptions/sub/usage-charges").await.expect(200)["list"][0].clone()
}

#[tokio::test]
async fn pages_that_others_split_are_found_again() {
    let (one, other) = two_environments().await;
    for n in 0..400 {
        // In turns and in runs, forward and backward, so that each meets pages that it remembers otherwise.
        let world = if n / 7 % 2 == 0 { &one } else { &other };
        let date = if n % 3 == 0 { minute(2_000 - n) } else { minute(n) };
        world.usage(&date, "1").await.expect(201);
    }

    for world in [&one, &other] {
        let charge = charge(world).await;
        assert_eq!((&charge["total_usage"], &charge["usage_count"]), (&json!("400"), &json!(400)));
    }
}

#[tokio::test]
async fn a_page_that_was_sealed_meanwhile_takes_nothing_more() {
    let (one, other) = two_environments().await;
    one.usage(&minute(0), "1").await.expect(201);
    at("2027-02-01T01:00:00Z", &one, &other);
    other.system.settle().await.unwrap();

    let late = one.usage(&minute(1), "1").await.expect(201);
    let replayed = one.usage(&minute(0), "1").await.expect(200);

    assert_eq!((&late["billable"], &late["not_billable_reason"]), (&json!(false), &json!("late")));
    assert_eq!(replayed["billable"], true);
    assert_eq!(one.invoice("inv_sub_1").await["lines"][0]["usage_count"], 1);
}

#[tokio::test]
async fn a_price_that_was_just_added_is_not_refused_from_memory() {
    let (one, other) = two_environments().await;
    let seats = json!({"metered": true, "price": {"model": "per_unit", "unit_amount": "1"}});
    one.item_price("seats-usd", seats).await;
    let usage = |date: &str| json!({"item_price_id": "seats-usd", "usage_date": date, "quantity": "1"});
    one.usage(&minute(0), "1").await.expect(201);
    one.post(USAGES, usage(&minute(0))).await.expect(422);

    let items = json!([{"id": "sub.minutes-usd", "item_price_id": "minutes-usd"}, {"item_price_id": "seats-usd"}]);
    other.patch("/v1/subscriptions/sub", json!({ "items": items })).await.expect(200);
    let recorded = one.post(USAGES, usage("2027-01-20T00:00:00Z")).await.expect(201);

    assert_eq!(recorded["billable"], true);
}

#[tokio::test]
async fn the_bytes_that_others_wrote_into_a_page_are_seen() {
    let (one, other) = two_environments().await;
    for n in 0..200 {
        let world = if n % 2 == 0 { &one } else { &other };
        world.usage(&minute(n), "12.5").await.expect(201);
    }

    one.system.engine().reset_capacity();
    one.usage(&minute(200), "12.5").await.expect(201);
    assert!(one.system.engine().capacity().write_units() <= 4.0);
    // A page beyond 1 KB would cost two units at each write.
    one.system.engine().reset_capacity();
    for n in 201..240 {
        let world = if n % 2 == 0 { &one } else { &other };
        world.usage(&minute(n), "12.5").await.expect(201);
    }
    let updates = one.system.engine().capacity().of("UpdateItem");
    let calls = f64::from(u32::try_from(updates.calls).unwrap());
    assert!(updates.write_units <= calls + 2.0, "{updates:?}");
}

#[tokio::test]
async fn a_page_under_a_usage_limit_is_split_like_any_other() {
    let world = World::live("2027-01-01T00:00:00Z").await;
    world.catalogue().await;
    let body = json!({
        "id": "sub", "customer_id": "acme", "start_date": "2027-01-01T00:00:00Z", "usage_limit": 1_000,
        "items": [{"item_price_id": "minutes-usd"}]
    });
    world.post("/v1/subscriptions", body).await.expect(201);
    world.set_now("2027-01-20T00:00:00Z");
    for call in 0..20 {
        let usage = |n: usize| json!({"item_price_id": "minutes-usd", "usage_date": minute(n), "quantity": "12.5"});
        let usages: Vec<Value> = (call * 20..call * 20 + 20).map(usage).collect();
        let answer = world.post(USAGES, json!({ "usages": usages })).await.expect(207);
        assert!(answer["outcomes"].as_array().unwrap().iter().all(|outcome| outcome["status"] == 201));
    }

    world.system.engine().reset_capacity();
    world.usage(&minute(400), "12.5").await.expect(201);
    let meter = world.system.engine().capacity();

    assert_eq!(charge(&world).await["usage_count"], 401);
    // A page of more than 1 KB would be written as two units, twice; or this very usage split it.
    assert!(meter.write_units() <= 6.0, "{meter:?}");
}

#[tokio::test]
async fn a_subscription_copies_its_sites_settings_as_they_are_now() {
    let (one, other) = two_environments().await;
    one.get("/v1/customers").await.expect(200);
    other.patch("/v1/sites/site", json!({"usage_limit": 7, "time_zone": "Europe/Berlin"})).await.expect(200);

    let items = json!([{"item_price_id": "minutes-usd"}]);
    let body = json!({"customer_id": "acme", "items": items, "start_date": "2027-01-10T00:00:00Z"});
    let made = one.post("/v1/subscriptions", body).await.expect(201);

    assert_eq!((&made["usage_limit"], &made["cadence"]["time_zone"]), (&json!(7), &json!("Europe/Berlin")));
}

#[tokio::test]
async fn late_usage_is_not_refused_for_a_rule_that_a_subscription_had() {
    let (one, other) = two_environments().await;
    other.patch("/v1/subscriptions/sub", json!({"late_usage": "reject"})).await.expect(200);
    one.usage(&minute(0), "1").await.expect(201);
    at("2027-02-01T01:00:00Z", &one, &other);
    other.system.settle().await.unwrap();
    one.usage(&minute(1), "1").await.expect(409);

    other.patch("/v1/subscriptions/sub", json!({"late_usage": "hold"})).await.expect(200);

    one.usage(&minute(1), "1").await.expect(201);
}
