//! What holds when a close is cut off between its seal and its freeze, or a batch between its late usages, and when others are in
//! the way of a change.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use local::{Call, Engine, Interceptor, System, Verdict};
use serde_json::{Value, json};

use crate::harness::World;

/// Fails the transaction that would freeze an invoice, as long as it is told to.
struct NoFreeze(Arc<AtomicBool>);

impl Interceptor for NoFreeze {
    fn before(&self, call: &Call) -> Verdict {
        let freezes = call.operation == "TransactWriteItems" && call.body().to_string().contains("INVOICE_COUNT#");
        if freezes && self.0.load(Ordering::SeqCst) { Verdict::Throttle } else { Verdict::Forward }
    }
}

/// Answers that many transactions as one that another transaction was in the way of.
struct Conflicts(AtomicU32);

impl Interceptor for Conflicts {
    fn before(&self, call: &Call) -> Verdict {
        let left = |left: u32| left.checked_sub(1);
        let hit = call.operation == "TransactWriteItems"
            && self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left).is_ok();
        if hit { Verdict::Conflict } else { Verdict::Forward }
    }
}

/// A month with one usage of 7, sealed by a close that could not freeze its invoice however often it was tried.
async fn sealed_and_not_frozen() -> (World, Arc<AtomicBool>, Value) {
    let (world, broken, usage) = due_and_not_closable().await;
    world.system.pump().await;
    (world, broken, usage)
}

/// The same month before anything was tried.
async fn due_and_not_closable() -> (World, Arc<AtomicBool>, Value) {
    let broken = Arc::new(AtomicBool::new(true));
    let engine = Engine::for_test().unwrap().with_interceptor(Arc::new(NoFreeze(broken.clone())));
    let world = World { system: System::with_engine(engine).await.unwrap() };
    world.make_site("2026-04-01T00:00:00Z", json!({})).await;
    world.catalogue().await;
    world.subscribe("2026-04-01T00:00:00Z", &["minutes-usd"]).await;
    world.set_clock("2026-04-30T23:00:00Z").await;
    let usage = world.usage("2026-04-15T00:00:00Z", "7").await.expect(201);
    world.set_clock("2026-05-01T01:00:00Z").await;
    (world, broken, usage)
}

#[tokio::test]
async fn a_record_deleted_between_seal_and_freeze_is_shown_as_it_will_be_billed_f27_i10() {
    let (world, broken, usage) = sealed_and_not_frozen().await;

    let path = format!("/v1/subscriptions/sub/usages/{}", usage["id"].as_str().unwrap());
    world.delete(&path, &[]).await.expect(204);
    let late = world.usage("2026-04-16T00:00:00Z", "100").await.expect(201);
    let pending = world.get("/v1/invoices/inv_sub_1").await.expect(200);
    let charge = world.get("/v1/subscriptions/sub/usage-charges?period=0").await.expect(200)["list"][0].clone();
    broken.store(false, Ordering::SeqCst);
    let closed = world.post("/v1/invoices/inv_sub_1/close", json!({})).await.expect(200);

    assert_eq!(late["not_billable_reason"], "late");
    assert_eq!((&pending["status"], &pending["total"]), (&json!("pending"), &json!("0.35")));
    assert_eq!(charge["amount"], "0.35");
    assert_eq!((&closed["status"], &closed["total"]), (&json!("payment_due"), &json!("0.35")));
    assert_eq!(closed["number"], "1234-1");
}

#[tokio::test]
async fn a_close_that_was_cut_off_is_stuck_and_goes_on_by_itself_when_it_can_f33() {
    let (world, broken, _) = sealed_and_not_frozen().await;
    let stuck = world.get("/v1/stuck").await.expect(200);

    broken.store(false, Ordering::SeqCst);
    world.post("/v1/invoices/inv_sub_1/close", json!({})).await.expect(200);
    world.system.redrive().await.unwrap();
    world.system.pump().await;

    assert_eq!(stuck["list"][0]["subscription_id"], "sub");
    assert_eq!(world.invoices().await.len(), 1);
    assert_eq!(world.invoices().await[0]["total"], "0.35");
    assert_eq!(world.get("/v1/stuck").await.expect(200)["list"], json!([]));
}

#[tokio::test]
async fn a_close_that_was_throttled_once_is_tried_again_and_nobody_is_stuck_f44() {
    let (world, broken, _) = due_and_not_closable().await;

    let throttled = world.system.pump_once().await;
    let stuck = world.stuck().await;
    broken.store(false, Ordering::SeqCst);
    let done = world.system.pump_once().await;

    assert_eq!((throttled.failed, done.deleted), (1, 1));
    assert_eq!(stuck, [] as [Value; 0]);
    assert_eq!(world.invoice("inv_sub_1").await["status"], "payment_due");
}

#[tokio::test]
async fn a_change_that_meets_other_transactions_is_written_all_the_same() {
    let conflicts = Arc::new(Conflicts(AtomicU32::new(0)));
    let engine = Engine::for_test().unwrap().with_interceptor(conflicts.clone());
    let world = World { system: System::with_engine(engine).await.unwrap() };
    world.make_site("2026-04-01T00:00:00Z", json!({"usage_limit": 1})).await;
    world.catalogue().await;
    world.subscribe("2026-04-01T00:00:00Z", &["minutes-usd"]).await;

    conflicts.0.store(3, Ordering::SeqCst);
    let raised = world.patch("/v1/subscriptions/sub", json!({"usage_limit": 2})).await.expect(200);
    conflicts.0.store(3, Ordering::SeqCst);
    let item = json!({"id": "more", "name": "More", "type": "plan"});
    world.post("/v1/items", item).await.expect(201);

    assert_eq!(raised["usage_limit"], 2);
    assert_eq!(conflicts.0.load(Ordering::SeqCst), 0);
}

/// Throttles the look-up of the second late row, as often as the SDK tries it by itself.
struct SecondLateRow(AtomicUsize);

impl Interceptor for SecondLateRow {
    fn before(&self, call: &Call) -> Verdict {
        let looks = call.operation == "GetItem" && call.body().to_string().contains("LATE#");
        let number = if looks { self.0.fetch_add(1, Ordering::SeqCst) } else { 0 };
        if (1..=3).contains(&number) { Verdict::Throttle } else { Verdict::Forward }
    }
}

#[tokio::test]
async fn late_usage_that_was_stored_before_another_one_failed_is_told_to_be_recorded_f9() {
    let engine = Engine::for_test().unwrap().with_interceptor(Arc::new(SecondLateRow(AtomicUsize::new(0))));
    let world = World { system: System::with_engine(engine).await.unwrap() };
    world.make_site("2026-04-01T00:00:00Z", json!({})).await;
    world.catalogue().await;
    world.subscribe("2026-04-01T00:00:00Z", &["minutes-usd"]).await;
    world.live_until("2026-05-01T01:00:00Z").await;
    let usage = |date: &str| json!({"item_price_id": "minutes-usd", "usage_date": date, "quantity": "1"});
    let batch = json!({"usages": [usage("2026-04-15T00:00:00Z"), usage("2026-04-16T00:00:00Z")]});

    let answer = world.post("/v1/subscriptions/sub/usages", batch).await.expect(207);

    let statuses: Vec<&Value> = answer["outcomes"].as_array().unwrap().iter().map(|line| &line["status"]).collect();
    assert_eq!(statuses, [201, 201]);
}

/// Answers a few transactions on usage as ones that another transaction was in the way of.
struct UsageConflicts(AtomicU32);

impl Interceptor for UsageConflicts {
    fn before(&self, call: &Call) -> Verdict {
        let usage = call.operation == "TransactWriteItems" && call.body().to_string().contains("USAGE#");
        let left = |left: u32| left.checked_sub(1);
        let hit = usage && self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left).is_ok();
        if hit { Verdict::Conflict } else { Verdict::Forward }
    }
}

#[tokio::test]
async fn a_correction_that_was_stored_before_the_rest_of_its_batch_failed_is_told_to_be_recorded_f9() {
    let conflicts = Arc::new(UsageConflicts(AtomicU32::new(0)));
    let engine = Engine::for_test().unwrap().with_interceptor(conflicts.clone());
    let world = World { system: System::with_engine(engine).await.unwrap() };
    world.make_site("2026-04-01T00:00:00Z", json!({})).await;
    world.catalogue().await;
    world.subscribe("2026-04-01T00:00:00Z", &["minutes-usd"]).await;
    world.set_clock("2026-04-30T23:00:00Z").await;
    let usage = |day: usize, quantity: &str| {
        let date = format!("2026-04-{day:02}T00:00:00Z");
        json!({"item_price_id": "minutes-usd", "usage_date": date, "quantity": quantity, "note": "n".repeat(100)})
    };
    let first = world.post("/v1/subscriptions/sub/usages", usage(1, "1")).await.expect(201);
    world.delete(&format!("/v1/subscriptions/sub/usages/{}", first["id"].as_str().unwrap()), &[]).await.expect(204);
    // More than fits into the page, so that it is laid out anew.
    let usages: Vec<Value> = (1..=20).map(|day| usage(day, "2")).collect();
    conflicts.0.store(2, Ordering::SeqCst);

    let answer = world.post("/v1/subscriptions/sub/usages", json!({ "usages": usages })).await.expect(207);

    let statuses: Vec<&Value> = answer["outcomes"].as_array().unwrap().iter().map(|line| &line["status"]).collect();
    assert_eq!(statuses, [201; 20]);
    assert_eq!(conflicts.0.load(Ordering::SeqCst), 0);
}
