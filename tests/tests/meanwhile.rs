//! What comes between the read and the write of one call: the write is refused by what stands, and judged anew.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use local::{Call, Engine, Interceptor, System, Verdict};
use serde_json::{Value, json};

use crate::harness::World;

const USAGES: &str = "/v1/subscriptions/sub/usages";

type Event = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Lets something happen right before the first call of a kind.
struct Meanwhile {
    before: fn(&Call) -> bool,
    event: Mutex<Option<Event>>,
}

impl Interceptor for Meanwhile {
    fn before(&self, _: &Call) -> Verdict {
        Verdict::Forward
    }

    fn gate<'a>(&'a self, call: &'a Call) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async {
            if (self.before)(call) {
                let event = self.event.lock().unwrap().take();
                if let Some(event) = event {
                    // On its own: a call within a call takes more stack than a test has.
                    tokio::spawn(event).await.unwrap();
                }
            }
        })
    }
}

/// The subscription `sub` of `minutes-usd`, an hour before April ends.
async fn april() -> (Engine, World) {
    let engine = Engine::for_test().unwrap();
    let world = World { system: System::with_engine(engine.clone()).await.unwrap() };
    world.make_site("2026-04-01T00:00:00Z", json!({"late_usage": "hold"})).await;
    world.catalogue().await;
    world.subscribe("2026-04-01T00:00:00Z", &["minutes-usd"]).await;
    world.set_clock("2026-04-30T23:00:00Z").await;
    (engine, world)
}

/// Another environment, in which `event` happens right before the first call of a kind.
async fn interrupted(engine: &Engine, before: fn(&Call) -> bool, event: Event) -> World {
    let meanwhile = Meanwhile { before, event: Mutex::new(Some(event)) };
    World { system: System::with_engine(engine.with_interceptor(Arc::new(meanwhile))).await.unwrap() }
}

/// April is over, and its invoice is closed.
async fn close(engine: Engine) {
    let other = World { system: System::with_engine(engine).await.unwrap() };
    other.live_until("2026-05-01T01:00:00Z").await;
    assert_eq!(other.invoice("inv_sub_1").await["status"], "payment_due");
}

fn usage(day: usize, quantity: &str) -> Value {
    let date = format!("2026-04-{day:02}T00:00:00Z");
    json!({"item_price_id": "minutes-usd", "usage_date": date, "quantity": quantity, "note": "n".repeat(100)})
}

fn writes_usage_again(call: &Call) -> bool {
    let body = call.body().to_string();
    call.operation == "TransactWriteItems" && body.contains("USAGE#") && body.contains(":bytes")
}

#[tokio::test]
async fn a_page_that_is_sealed_while_it_is_laid_out_anew_takes_nothing_more() {
    let (engine, world) = april().await;
    let first: Vec<Value> = (1..=7).map(|day| usage(day, "1")).collect();
    world.post(USAGES, json!({ "usages": first })).await.expect(207);
    let writer = interrupted(&engine, writes_usage_again, Box::pin(close(engine.clone()))).await;

    let more: Vec<Value> = (11..=14).map(|day| usage(day, "1")).collect();
    let told = writer.post(USAGES, json!({ "usages": more })).await.expect(207);
    let behind = world.post(USAGES, usage(21, "1")).await.expect(201);

    let reasons = told["outcomes"].as_array().unwrap().iter().map(|line| &line["usage"]["not_billable_reason"]);
    assert_eq!(reasons.chain([&behind["not_billable_reason"]]).collect::<Vec<_>>(), ["late"; 5]);
    assert_eq!(world.invoice("inv_sub_1").await["lines"][0]["usage_count"], 7);
    let billed = world.get(&format!("{USAGES}?invoice_id=inv_sub_1&limit=100")).await.expect(200);
    assert_eq!(billed["list"].as_array().unwrap().len(), 7);
}

fn exchanges_a_record(call: &Call) -> bool {
    call.operation == "UpdateItem" && call.body()["ExpressionAttributeValues"][":old"].is_object()
}

#[tokio::test]
async fn a_usage_that_is_sealed_while_it_is_deleted_is_billed_and_deleted_late() {
    let (engine, world) = april().await;
    let first = world.post(USAGES, usage(1, "7")).await.expect(201);
    let writer = interrupted(&engine, exchanges_a_record, Box::pin(close(engine.clone()))).await;

    writer.delete(&format!("{USAGES}/{}", first["id"].as_str().unwrap()), &[]).await.expect(204);

    let billed = world.get(&format!("{USAGES}?invoice_id=inv_sub_1")).await.expect(200);
    let standing = world.get(USAGES).await.expect(200);
    assert_eq!(world.invoice("inv_sub_1").await["total"], "0.35");
    assert_eq!((&billed["list"][0]["quantity"], &standing["list"]), (&json!("7"), &json!([])));
}

fn writes_a_late_row_again(call: &Call) -> bool {
    let body = call.body().to_string();
    call.operation == "TransactWriteItems" && body.contains("LATE#") && body.contains(":old")
}

#[tokio::test]
async fn of_two_late_corrections_at_once_the_second_conflicts_with_the_first() {
    let (engine, world) = april().await;
    let first = world.post(USAGES, usage(1, "7")).await.expect(201);
    close(engine.clone()).await;
    world.delete(&format!("{USAGES}/{}", first["id"].as_str().unwrap()), &[]).await.expect(204);
    let other = World { system: System::with_engine(engine.clone()).await.unwrap() };
    let correction = async move {
        other.post(USAGES, usage(1, "8")).await.expect(201);
    };
    let writer = interrupted(&engine, writes_a_late_row_again, Box::pin(correction)).await;

    let second = writer.post(USAGES, usage(1, "9")).await.expect(409);

    assert_eq!(
        (&second["type"], &second["existing"]["quantity"]),
        (&json!("/problems/conflicting-usage"), &json!("8"))
    );
    assert_eq!(world.get(USAGES).await.expect(200)["list"][0]["quantity"], "8");
}

fn lists_pending_invoices(call: &Call) -> bool {
    call.operation == "Query" && call.body()["ExpressionAttributeValues"][":from"]["S"] == "INVOICE#"
}

/// Minutes leave the subscription, which another usage of them shows; then the period is ended, all by a clock that is
/// five seconds behind. Its invoice waits for a grace of three.
async fn end_period(engine: Engine) {
    let other = World { system: System::with_engine(engine).await.unwrap() };
    other.set_now("2027-02-14T00:00:00Z");
    other.patch("/v1/subscriptions/sub", json!({"items": [{"item_price_id": "line-usd"}]})).await.expect(200);
    let after = other.usage("2027-02-14T00:00:00Z", "1000").await.expect(201);
    assert_eq!(after["not_billable_reason"], "price_not_on_subscription");
    other.set_now("2027-02-14T12:00:00Z");
    other.post("/v1/subscriptions/sub/move-period-end", json!({"period": 0})).await.expect(200);
    other.system.tick().await.unwrap();
    other.system.pump_once().await;
    assert_eq!(other.invoice("inv_sub_1").await["status"], "pending");
}

#[tokio::test]
async fn a_period_that_ends_while_another_one_is_looked_for_is_billed_as_its_subscription_is_then() {
    let engine = Engine::for_test().unwrap();
    let world = World { system: System::with_engine(engine.clone()).await.unwrap() };
    world.set_now("2027-02-01T00:00:00Z");
    world.make_live_site().await;
    world.patch("/v1/sites/site", json!({"grace_seconds": 3})).await.expect(200);
    world.catalogue().await;
    world.subscribe("2027-02-01T00:00:00Z", &["minutes-usd", "line-usd"]).await;
    world.usage("2027-02-01T00:00:00Z", "1").await.expect(201);
    let closer = interrupted(&engine, lists_pending_invoices, Box::pin(end_period(engine.clone()))).await;
    closer.set_now("2027-02-14T12:00:05Z");
    closer.enqueue(&json!({"site_id": "site", "subscription_id": "sub"}).to_string()).await;

    closer.system.pump_once().await;
    let pending = closer.invoice("inv_sub_1").await;
    closer.system.tick().await.unwrap();
    closer.system.pump_once().await;

    assert_eq!(pending["status"], "pending");
    let closed = closer.invoice("inv_sub_1").await;
    assert_eq!((&closed["status"], &closed["lines"][0]["usage_count"]), (&json!("payment_due"), &json!(1)));
}

fn takes_a_number_again(call: &Call) -> bool {
    let body = call.body().to_string();
    call.operation == "TransactWriteItems" && body.contains("INVOICE_COUNT#") && body.contains(":last")
}

#[tokio::test]
async fn of_two_invoices_of_a_customer_that_are_closed_at_once_each_has_a_number_of_its_own() {
    let (engine, world) = april().await;
    world.subscribe_as("other", "2026-04-01T00:00:00Z", &["line-usd"]).await;
    world.post(USAGES, usage(1, "7")).await.expect(201);
    world.live_until("2026-05-01T01:00:00Z").await;
    world.live_until("2026-05-31T23:00:00Z").await;
    world.usage("2026-05-31T00:00:00Z", "7").await.expect(201);
    world.live_until("2026-06-01T00:30:00Z").await;
    let other = World { system: System::with_engine(engine.clone()).await.unwrap() };
    let close_other = async move {
        other.post("/v1/invoices/inv_other_2/close", json!({})).await.expect(200);
    };
    let closer = interrupted(&engine, takes_a_number_again, Box::pin(close_other)).await;

    closer.post("/v1/invoices/inv_sub_2/close", json!({})).await.expect(200);

    let invoices = world.invoices().await;
    let mut numbers: Vec<&str> = invoices.iter().map(|invoice| invoice["number"].as_str().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, ["1234-1", "1234-2", "1234-3", "1234-4"]);
}
