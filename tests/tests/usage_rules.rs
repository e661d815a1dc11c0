//! The usage limit, and what becomes of late usage.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use http::Method;
use local::{Call, Interceptor, System, Verdict};
use serde_json::{Value, json};

use crate::harness::{Answer, KEY, World};

const START: &str = "2027-01-01T00:00:00Z";

/// A subscription `sub` of `minutes-usd` with more settings.
async fn world(settings: Value) -> World {
    let world = World::at(START).await;
    world.catalogue().await;
    subscribe(&world, settings).await.expect(201);
    world.set_clock("2027-01-20T00:00:00Z").await;
    world
}

async fn subscribe(world: &World, settings: Value) -> Answer {
    let mut body = json!({
        "id": "sub", "customer_id": "acme", "start_date": START, "items": [{"item_price_id": "minutes-usd"}]
    });
    body.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    world.post("/v1/subscriptions", body).await
}

/// The n-th second of the period.
fn second(n: usize) -> String {
    format!("2027-01-0{}T{:02}:{:02}:{:02}Z", 2 + n / 86_400, n / 3_600 % 24, n / 60 % 60, n % 60)
}

async fn batch(world: &World, seconds: impl Iterator<Item = usize>) -> Vec<Value> {
    let usage = |n| json!({"item_price_id": "minutes-usd", "usage_date": second(n), "quantity": "1"});
    let usages: Vec<Value> = seconds.map(usage).collect();
    let answer = world.post("/v1/subscriptions/sub/usages", json!({ "usages": usages })).await;
    answer.expect(207)["outcomes"].as_array().unwrap().clone()
}

fn with_status(outcomes: &[Value], status: u16) -> usize {
    outcomes.iter().filter(|outcome| outcome["status"] == status).count()
}

async fn count(world: &World) -> u64 {
    let charges = world.get("/v1/subscriptions/sub/usage-charges").await.expect(200);
    charges["list"].as_array().unwrap().iter().map(|charge| charge["usage_count"].as_u64().unwrap()).sum()
}

async fn delete(world: &World, usage: &Value) -> Answer {
    world.delete(&format!("/v1/subscriptions/sub/usages/{}", usage["id"].as_str().unwrap()), &[]).await
}

#[tokio::test]
async fn the_first_usage_beyond_the_limit_is_refused_and_a_deletion_makes_room() {
    let world = world(json!({"usage_limit": 5})).await;
    let mut recorded = Vec::new();
    for n in 0..5 {
        recorded.push(world.usage(&second(n), "1").await.expect(201));
    }

    let sixth = world.usage(&second(5), "1").await.expect(422);
    let replayed = world.usage(&second(4), "1").await.status;
    let conflicting = world.usage(&second(4), "2").await.status;
    delete(&world, &recorded[2]).await.expect(204);
    delete(&world, &recorded[2]).await.expect(204);
    world.usage(&second(5), "1").await.expect(201);
    let seventh = world.usage(&second(6), "1").await.expect(422);
    let corrected = world.usage(&second(2), "2").await.expect(422);

    assert_eq!((replayed, conflicting), (200, 409));
    assert_eq!(sixth["type"], "/problems/usage-limit-reached");
    assert_eq!((&seventh["type"], &corrected["type"]), (&sixth["type"], &sixth["type"]));
    assert_eq!(count(&world).await, 5);
}

#[tokio::test]
async fn a_correction_takes_the_place_that_its_deletion_left() {
    let world = world(json!({"usage_limit": 1})).await;
    let first = world.usage(&second(0), "1").await.expect(201);
    delete(&world, &first).await.expect(204);

    world.usage(&second(0), "2").await.expect(201);
    world.usage(&second(1), "1").await.expect(422);

    assert_eq!(count(&world).await, 1);
}

#[tokio::test]
async fn of_a_batch_exactly_as_many_are_recorded_as_the_limit_allows() {
    for (limit, first, second) in [(7, 5, 20), (150, 100, 200), (150, 0, 151), (30, 30, 30)] {
        let world = world(json!({ "usage_limit": limit })).await;
        if first > 0 {
            assert_eq!(with_status(&batch(&world, 0..first).await, 201), first);
        }

        // Half of the second batch stands already.
        let outcomes = batch(&world, first / 2..first / 2 + second).await;

        let again = first - first / 2;
        assert_eq!(with_status(&outcomes, 200), again.min(second), "{limit}");
        assert_eq!(with_status(&outcomes, 201), limit - first, "{limit}");
        assert_eq!(with_status(&outcomes, 422), second - again.min(second) - (limit - first), "{limit}");
        assert_eq!(count(&world).await, u64::try_from(limit).unwrap());
    }
}

#[tokio::test]
async fn writers_that_race_for_the_last_places_get_exactly_those() {
    let world = world(json!({"usage_limit": 40})).await;
    assert_eq!(with_status(&batch(&world, 0..25).await, 201), 25);

    let dates: Vec<String> = (100..160).map(second).collect();
    let answers = join_all(dates.iter().map(|date| world.usage(date, "1"))).await;

    let accepted = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!((accepted, count(&world).await), (15, 40));
    assert!(answers.iter().all(|answer| [201, 422].contains(&answer.status)));
}

#[tokio::test]
async fn late_usage_counts_and_its_deletion_makes_room() {
    let world = world(json!({"usage_limit": 2})).await;
    let in_time = world.usage(&second(0), "1").await.expect(201);
    world.live_until("2027-02-01T01:00:00Z").await;

    let late = world.usage(&second(1), "1").await.expect(201);
    world.usage(&second(2), "1").await.expect(422);
    delete(&world, &late).await.expect(204);
    let next = world.usage(&second(2), "1").await.expect(201);
    delete(&world, &in_time).await.expect(204);
    world.usage("2027-02-01T00:30:00Z", "1").await.expect(201);
    let full = world.usage("2027-02-01T00:30:01Z", "1").await.expect(422);

    assert_eq!(next["not_billable_reason"], "late");
    assert_eq!(full["type"], "/problems/usage-limit-reached");
}

/// Deletes a usage right before the count is read in a transaction.
struct DeletesMeanwhile(Mutex<Option<(World, String)>>);

impl Interceptor for DeletesMeanwhile {
    fn before(&self, _: &Call) -> Verdict {
        Verdict::Forward
    }

    fn gate<'a>(&'a self, call: &'a Call) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async {
            if call.operation != "TransactGetItems" || !call.body().to_string().contains("LIMIT") {
                return;
            }
            let deletion = self.0.lock().unwrap().take();
            if let Some((world, path)) = deletion {
                world.delete(&path, &[]).await.expect(204);
            }
        })
    }
}

/// A plain read may show the count of before a deletion whose page is seen already.
#[tokio::test]
async fn a_usage_is_refused_by_a_count_that_no_deletion_is_about_to_change() {
    let world = world(json!({"usage_limit": 1})).await;
    let first = world.usage(&second(0), "1").await.expect(201);
    let engine = world.system.engine().clone();
    let path = format!("/v1/subscriptions/sub/usages/{}", first["id"].as_str().unwrap());
    let meanwhile = Arc::new(DeletesMeanwhile(Mutex::new(Some((world, path)))));
    let writer = World { system: System::with_engine(engine.with_interceptor(meanwhile)).await.unwrap() };

    writer.usage(&second(1), "1").await.expect(201);
    writer.usage(&second(2), "1").await.expect(422);
}

#[tokio::test]
async fn a_subscription_takes_the_limit_of_its_site_unless_it_says_otherwise() {
    let of_site = async |settings: Value| {
        let world = World::with(START, json!({"usage_limit": 3})).await;
        world.catalogue().await;
        subscribe(&world, settings).await.expect(201)["usage_limit"].clone()
    };

    assert_eq!(of_site(json!({})).await, json!(3));
    assert_eq!(of_site(json!({"usage_limit": 8})).await, json!(8));
    assert_eq!(of_site(json!({"usage_limit": null})).await, Value::Null);
}

#[tokio::test]
async fn a_limit_is_raised_and_lowered_and_never_added() {
    let limited = world(json!({"usage_limit": 2})).await;
    let unlimited = world(json!({})).await;
    assert_eq!(with_status(&batch(&limited, 0..5).await, 201), 2);

    limited.patch("/v1/subscriptions/sub", json!({"usage_limit": 4})).await.expect(200);
    assert_eq!(with_status(&batch(&limited, 0..5).await, 201), 2);
    limited.patch("/v1/subscriptions/sub", json!({"usage_limit": 1})).await.expect(200);
    let first = batch(&limited, 0..5).await;
    delete(&limited, &first[0]["usage"]).await.expect(204);
    let still_full = limited.usage(&second(5), "1").await.status;
    limited.patch("/v1/subscriptions/sub", json!({"usage_limit": 4})).await.expect(200);
    let room = limited.usage(&second(5), "1").await.status;
    let added = unlimited.patch("/v1/subscriptions/sub", json!({"usage_limit": 4})).await.expect(422);
    let removed = limited.patch("/v1/subscriptions/sub", json!({"usage_limit": null})).await.expect(400);

    assert_eq!((still_full, room), (422, 201));
    assert_eq!((&added["field"], &removed["field"]), (&json!("usage_limit"), &json!("usage_limit")));
}

#[tokio::test]
async fn a_limit_is_a_whole_number_of_at_least_one() {
    let world = World::at(START).await;
    world.catalogue().await;
    for limit in [json!(0), json!(-1), json!(1.5), json!("5"), json!(1_000_000_000_001_u64), json!(true)] {
        let refused = subscribe(&world, json!({ "usage_limit": limit })).await.expect(400);
        assert_eq!(refused["field"], "usage_limit", "{limit}");
    }
}

#[tokio::test]
async fn where_late_usage_is_rejected_nothing_of_a_closed_period_changes() {
    let world = world(json!({"late_usage": "reject"})).await;
    let in_time = world.usage(&second(0), "1").await.expect(201);
    world.live_until("2027-02-01T01:00:00Z").await;

    let late = world.usage(&second(1), "1").await.expect(409);
    let replayed = world.usage(&second(0), "1").await.status;
    let deleted = delete(&world, &in_time).await.expect(409);
    let listed = world.get("/v1/subscriptions/sub/usages").await.expect(200);
    world.patch("/v1/subscriptions/sub", json!({"late_usage": "hold"})).await.expect(200);
    let held = world.usage(&second(1), "1").await.expect(201);

    assert_eq!((&late["type"], &late["field"]), (&json!("/problems/late-usage"), &json!("usage_date")));
    assert_eq!((replayed, &deleted["type"]), (200, &late["type"]));
    assert_eq!(listed["list"].as_array().unwrap().len(), 1);
    assert_eq!(held["not_billable_reason"], "late");
}

#[tokio::test]
async fn a_subscription_that_says_nothing_of_late_usage_follows_its_site() {
    let world = world(json!({})).await;
    world.live_until("2027-02-01T01:00:00Z").await;
    world.usage(&second(0), "1").await.expect(201);

    world.patch("/v1/sites/site", json!({"late_usage": "reject"})).await.expect(200);

    world.usage(&second(1), "1").await.expect(409);
    let site = world.send(Method::GET, "/v1/sites/site", None, KEY, &[]).await.expect(200);
    assert_eq!(site["late_usage"], "reject");
}
