//! Periods that are more than one query brings, or than one invocation closes.

use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use local::{Call, Engine, Interceptor, System, Verdict};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::harness::World;

/// How many usages share an instant: some 20 pages of them.
const CROWD: usize = 1_000;

/// Lets each delivery seal so many pages and holds it up before the next one, until its time is over.
struct OutOfTime {
    left: AtomicUsize,
    over: Notify,
    seals: Mutex<BTreeMap<String, usize>>,
}

impl OutOfTime {
    fn new() -> Arc<OutOfTime> {
        Arc::new(OutOfTime { left: AtomicUsize::new(usize::MAX), over: Notify::new(), seals: Default::default() })
    }
}

/// The page that the call seals.
fn sealed_page(call: &Call) -> Option<String> {
    let body = call.body();
    let seals = body["UpdateExpression"].as_str()?.starts_with("SET S =");
    seals.then(|| body["Key"]["SK"]["S"].as_str().unwrap_or_default().to_owned())
}

impl Interceptor for OutOfTime {
    fn before(&self, call: &Call) -> Verdict {
        if let Some(page) = sealed_page(call) {
            *self.seals.lock().unwrap().entry(page).or_default() += 1;
        }
        Verdict::Forward
    }

    fn gate<'a>(&'a self, call: &'a Call) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            let one_less = |left: usize| left.checked_sub(1);
            if sealed_page(call).is_some()
                && self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_err()
            {
                self.over.notify_one();
                pending::<()>().await;
            }
        })
    }
}

async fn world_with(interceptor: Arc<dyn Interceptor>) -> World {
    let engine = Engine::for_test().unwrap().with_interceptor(interceptor);
    let world = World { system: System::with_engine(engine).await.unwrap() };
    world.make_site("2026-04-01T00:00:00Z", json!({})).await;
    world.catalogue().await;
    world.subscribe("2026-04-01T00:00:00Z", &["minutes-usd"]).await;
    world.set_clock("2026-04-30T23:59:00Z").await;
    world
}

async fn record(world: &World, usages: &[Value]) {
    for batch in usages.chunks(500) {
        let answer = world.post("/v1/subscriptions/sub/usages", json!({"usages": batch})).await.expect(207);
        let outcomes = answer["outcomes"].as_array().unwrap();
        assert!(outcomes.iter().all(|outcome| outcome["status"] == 201), "{answer:#}");
    }
}

/// Usages of 1 at one instant, told apart by their ids.
fn crowd() -> Vec<Value> {
    let usage = |number: usize| {
        json!({
            "id": format!("call-{number:04}"), "item_price_id": "minutes-usd", "quantity": "1",
            "usage_date": "2026-04-15T12:00:00Z",
        })
    };
    (0..CROWD).map(usage).collect()
}

#[tokio::test]
async fn a_close_that_runs_out_of_time_again_and_again_goes_on_where_it_stopped_and_seals_each_page_once() {
    let time = OutOfTime::new();
    let world = world_with(time.clone()).await;
    record(&world, &crowd()).await;
    world.set_clock("2026-05-01T01:00:00Z").await;

    let mut cut_off = 0;
    loop {
        world.system.tick().await.unwrap();
        time.left.store(3, Ordering::SeqCst);
        tokio::select! {
            _ = world.system.pump_once() => {}
            _ = time.over.notified() => cut_off += 1,
        }
        if world.invoice("inv_sub_1").await["status"] == "payment_due" {
            break;
        }
        assert!(cut_off < 50, "it does not come to an end");
    }
    time.left.store(usize::MAX, Ordering::SeqCst);
    world.system.settle().await.unwrap();

    let invoice = world.invoice("inv_sub_1").await;
    assert_eq!((&invoice["total"], &invoice["lines"][0]["usage_count"]), (&json!("50.00"), &json!(CROWD)));
    let seals = time.seals.lock().unwrap().clone();
    assert!(seals.len() > 15, "{seals:?}");
    assert!(seals.values().all(|times| *times == 1), "{seals:?}");
    // More deliveries than a message has: what is due is sent again with every tick.
    assert!(cut_off > 5 && cut_off >= seals.len() / 3 - 1, "{cut_off} for {} pages", seals.len());
    assert_eq!(world.stuck().await, [] as [Value; 0]);
    assert_eq!(world.invoices().await.len(), 1);
}

/// As long as it is told to, lets nothing of the subscription `sub` be sealed and answers nothing.
struct Unanswered(AtomicBool);

impl Interceptor for Unanswered {
    fn before(&self, _: &Call) -> Verdict {
        Verdict::Forward
    }

    fn gate<'a>(&'a self, call: &'a Call) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            let of_sub = call.body()["Key"]["PK"]["S"] == "SUB#site#sub";
            if self.0.load(Ordering::SeqCst) && of_sub && sealed_page(call).is_some() {
                pending::<()>().await;
            }
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_that_takes_all_the_time_of_an_invocation_holds_up_no_other_message_of_its_batch() {
    let slow = Arc::new(Unanswered(AtomicBool::new(true)));
    let world = world_with(slow.clone()).await;
    world.subscribe_as("other", "2026-04-30T23:59:00Z", &["minutes-usd"]).await;
    record(&world, &crowd()[..10]).await;
    world.set_clock("2026-05-30T23:59:30Z").await;
    let usage = json!({"item_price_id": "minutes-usd", "usage_date": "2026-05-15T00:00:00Z", "quantity": "7"});
    world.post("/v1/subscriptions/other/usages", usage).await.expect(201);
    world.set_clock("2026-05-31T01:00:00Z").await;

    let first = world.system.pump_once().await;
    let (pending, done) = (world.invoice("inv_sub_1").await, world.invoice("inv_other_1").await);
    let stuck = world.stuck().await;
    slow.0.store(false, Ordering::SeqCst);
    world.system.settle().await.unwrap();

    // Both were sent with each move of the clock.
    assert_eq!((first.received, first.failed, first.deleted), (4, 2, 2));
    assert_eq!((&pending["status"], &done["status"]), (&json!("pending"), &json!("payment_due")));
    assert_eq!(stuck, [] as [Value; 0]);
    assert_eq!(world.invoice("inv_sub_1").await["total"], "0.50");
}

/// Counts the queries for usage pages that are answered.
#[derive(Default)]
struct PageQueries(AtomicUsize);

impl Interceptor for PageQueries {
    fn before(&self, call: &Call) -> Verdict {
        if call.operation == "Query" && call.body().to_string().contains("USAGE#") {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
        Verdict::Forward
    }
}

#[tokio::test]
async fn a_period_of_more_than_a_megabyte_is_charged_listed_and_closed_in_parts() {
    let queries = Arc::new(PageQueries::default());
    let world = world_with(queries.clone()).await;
    let usage = |number: usize| {
        json!({
            "item_price_id": "minutes-usd", "quantity": "1", "usage_date": 1_775_001_600 + number * 1_000,
            "note": format!("{number:04}{}", "é".repeat(490)),
        })
    };
    let usages: Vec<Value> = (0..1_200).map(usage).collect();
    record(&world, &usages).await;

    queries.0.store(0, Ordering::SeqCst);
    let charge = world.get("/v1/subscriptions/sub/usage-charges").await.expect(200)["list"][0].clone();
    let parts = queries.0.load(Ordering::SeqCst);
    world.live_until("2026-05-01T01:00:00Z").await;
    let invoice = world.invoice("inv_sub_1").await;

    assert!(parts > 1, "a megabyte is what one query brings");
    assert_eq!((&charge["amount"], &charge["usage_count"]), (&json!("60.00"), &json!(1_200)));
    assert_eq!((&invoice["total"], &invoice["lines"][0]["usage_count"]), (&json!("60.00"), &json!(1_200)));
    let notes = |list: Vec<Value>| -> Vec<String> {
        list.iter().map(|usage| usage["note"].as_str().unwrap()[..4].to_owned()).collect()
    };
    let ascending: Vec<String> = (0..1_200).map(|number| format!("{number:04}")).collect();
    let descending: Vec<String> = ascending.iter().rev().cloned().collect();
    assert_eq!(notes(listed(&world, "?limit=100").await), ascending);
    assert_eq!(notes(listed(&world, "?limit=100&sort=desc").await), descending);
    assert_eq!(notes(listed(&world, "?limit=100&invoice_id=inv_sub_1").await), ascending);
}

/// All pages of a list.
async fn listed(world: &World, query: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.get(&format!("/v1/subscriptions/sub/usages{query}{cursor}")).await.expect(200);
        all.extend(page["list"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

#[tokio::test]
async fn a_page_of_a_list_reads_a_few_pages_of_usage_however_many_share_an_instant() {
    let world = world_with(OutOfTime::new()).await;
    record(&world, &crowd()).await;
    let ids =
        |list: &[Value]| -> Vec<String> { list.iter().map(|usage| usage["id"].as_str().unwrap().to_owned()).collect() };
    let mut expected: Vec<String> = (0..CROWD).map(|number| format!("call-{number:04}")).collect();

    for order in ["", "&sort=desc"] {
        let first = world.get(&format!("/v1/subscriptions/sub/usages?limit=10{order}")).await.expect(200);
        let path =
            format!("/v1/subscriptions/sub/usages?limit=10{order}&cursor={}", first["next_cursor"].as_str().unwrap());
        world.system.engine().reset_capacity();
        let second = world.get(&path).await.expect(200);
        let read = world.system.engine().capacity().read_units();

        assert_eq!(ids(second["list"].as_array().unwrap()), expected[10..20]);
        // Site, key and subscription are read, too; all of the pages would be 6 units more.
        assert!(read <= 8.0, "{read}");
        assert_eq!(ids(&listed(&world, &format!("?limit=100{order}")).await), expected);
        expected.reverse();
    }
}

#[tokio::test]
async fn late_rows_stand_in_for_the_usages_of_a_list_in_both_directions_and_between_its_pages() {
    let world = world_with(OutOfTime::new()).await;
    record(&world, &crowd()).await;
    world.live_until("2026-05-01T01:00:00Z").await;
    for number in (0..CROWD).step_by(3).take(60) {
        let path = format!("/v1/subscriptions/sub/usages/call-{number:04}");
        let version = world.get(&path).await.expect(200)["resource_version"].to_string();
        world.delete(&path, &[("if-match", &format!("\"{version}\""))]).await.expect(204);
    }
    let late = |number: usize| {
        json!({
            "id": format!("late-{number:04}"), "item_price_id": "minutes-usd", "quantity": "2",
            "usage_date": "2026-04-15T12:00:00Z",
        })
    };
    record(&world, &(0..50).map(late).collect::<Vec<_>>()).await;

    let kept = (0..CROWD).filter(|number| number % 3 != 0 || *number >= 180).map(|number| format!("call-{number:04}"));
    let mut expected: Vec<String> = kept.chain((0..50).map(|number| format!("late-{number:04}"))).collect();
    let ids = |list: Vec<Value>| -> Vec<String> {
        list.iter().map(|usage| usage["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(listed(&world, "?limit=7").await), expected);
    expected.reverse();
    assert_eq!(ids(listed(&world, "?limit=7&sort=desc").await), expected);
    let billed = listed(&world, "?limit=100&invoice_id=inv_sub_1").await;
    assert_eq!(billed.len(), CROWD, "what an invoice billed stays what it billed");
}
