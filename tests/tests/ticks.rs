//! Ticks that find much due: it is sent part by part, what is not sent stays due, and nothing is sent over and over.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use api::metrics::{Metric, counted};
use close_periods::Deps;
use invoice_queue::InvoiceQueue;
use local::{Call, Engine, Interceptor, System, Verdict};
use serde_json::{Value, json};
use store::Store;

use crate::harness::World;

const START: &str = "2027-01-31T00:00:00Z";
const END: &str = "2027-02-28T00:00:00Z";
const GRACE_OVER: &str = "2027-02-28T01:00:00Z";

/// A live site with so many subscriptions, whose period has just ended.
async fn due(engine: Engine, count: usize) -> World {
    let world = World { system: System::with_engine(engine).await.unwrap() };
    world.set_now(START);
    world.make_live_site().await;
    world.catalogue().await;
    for n in 0..count {
        world.subscribe_as(&format!("sub-{n}"), START, &["line-usd"]).await;
    }
    world.set_now(END);
    world
}

impl World {
    async fn enqueue_for_nobody(&self, count: usize) {
        for _ in 0..count {
            self.enqueue(r#"{"site_id":"site","subscription_id":"nobody"}"#).await;
        }
    }
}

/// Fails the calls that a test names.
type Faults = fn(&Call) -> bool;

struct Fails(Faults);

impl Interceptor for Fails {
    fn before(&self, call: &Call) -> Verdict {
        if (self.0)(call) { Verdict::FailBefore } else { Verdict::Forward }
    }
}

/// The same world where those calls fail.
async fn failing(world: &World, faults: Faults) -> World {
    let engine = world.system.engine().with_interceptor(Arc::new(Fails(faults)));
    let system = System::with_engine(engine).await.unwrap();
    system.set_now(world.system.now());
    World { system }
}

/// The subscriptions that have an invoice.
async fn invoiced(world: &World) -> BTreeSet<String> {
    let (mut found, mut cursor) = (BTreeSet::new(), String::new());
    loop {
        let page = world.get(&format!("/v1/invoices?limit=100{cursor}")).await.expect(200);
        for invoice in page["list"].as_array().unwrap() {
            let is_new = found.insert(invoice["subscription_id"].as_str().unwrap().to_owned());
            assert!(is_new, "{} has two invoices", invoice["subscription_id"]);
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

#[tokio::test]
async fn much_is_sent_once_and_not_while_the_queue_is_busy() {
    let world = due(Engine::for_test().unwrap(), 101).await;
    world.enqueue_for_nobody(100).await;

    let (kept_back, counts) = counted(world.system.tick()).await;
    let of_before = world.system.pump().await;
    let sent = world.system.tick().await.unwrap();
    let not_again = world.system.tick().await.unwrap();
    let worked_off = world.system.pump().await;

    let all_unsent = |answer: &Value| answer["due"] == 101 && answer["unsent"] == 101;
    let kept_back = kept_back.unwrap();
    assert!(all_unsent(&kept_back[0]) && all_unsent(&not_again[0]), "{kept_back:?} {not_again:?}");
    assert_eq!((counts.of(Metric::DueSubscriptions), counts.of(Metric::UnfinishedRuns)), (101, 1));
    assert_eq!(sent, [json!({"due": 101})]);
    assert_eq!((of_before.received, worked_off.deleted), (100, 101));
    assert_eq!(invoiced(&world).await.len(), 101);

    // A queue that does not say how much it holds gets what is due.
    world.enqueue_for_nobody(100).await;
    world.set_now(GRACE_OVER);
    let silent = failing(&world, |call| call.operation == "GetQueueAttributes").await;
    assert_eq!(silent.system.tick().await.unwrap(), [json!({"due": 101})]);
}

#[tokio::test]
async fn a_partition_that_cannot_be_read_and_a_batch_that_is_not_taken_hold_up_nothing_else_f23_f24() {
    let unreadable = |call: &Call| {
        call.body()["ExpressionAttributeValues"][":hash"]["S"].as_str().is_some_and(|shard| shard.ends_with('2'))
            && call.body()["IndexName"] == "due"
    };
    let refused = |call: &Call| call.operation == "SendMessageBatch" && call.body().to_string().contains("sub-7\\\"");
    for (faults, most_missing) in [(unreadable as Faults, 20), (refused as Faults, 10)] {
        let world = due(Engine::for_test().unwrap(), 40).await;

        let failed = failing(&world, faults).await.system.tick().await;
        world.system.pump().await;
        let missing = 40 - invoiced(&world).await.len();
        world.system.settle().await.unwrap();

        failed.unwrap_err();
        assert!(0 < missing && missing <= most_missing, "{missing}");
        assert_eq!(invoiced(&world).await.len(), 40);
    }
}

/// Takes a second for each batch of messages.
struct Slow;

impl Interceptor for Slow {
    fn before(&self, _: &Call) -> Verdict {
        Verdict::Forward
    }

    fn gate<'a>(&'a self, call: &'a Call) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async {
            if call.operation == "SendMessageBatch" {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        })
    }
}

/// A run of the handler over the world's table and queue, with so much time.
async fn run(world: &World, engine: &Engine, running: Duration) -> Value {
    let template = world.system.template();
    let store = Store::new(store::client::connect(Some(engine.http_client())), template.table.name.clone());
    let queue = InvoiceQueue::new(invoice_queue::client::connect(Some(engine.http_client())), world.queue_url().await);
    let deps = Deps::new(store, queue).running(running);
    close_periods::handle(&deps, world.system.now(), json!({})).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_time_is_up_has_sent_what_it_could_and_the_next_one_sends_the_rest() {
    let engine = Engine::for_test().unwrap();
    let world = due(engine.clone(), 101).await;
    let slow = engine.with_interceptor(Arc::new(Slow));

    let too_short = run(&world, &slow, Duration::from_millis(500)).await;
    let sent = world.system.pump().await.received;
    let at_first = invoiced(&world).await.len();
    world.system.settle().await.unwrap();

    // Eight batches of ten take a second; then no more are begun.
    assert_eq!(too_short, json!({"due": 101, "unsent": 21}));
    assert_eq!((sent, at_first), (80, 80));
    assert_eq!(invoiced(&world).await.len(), 101);
}

#[tokio::test(start_paused = true)]
async fn a_run_without_time_sends_nothing_and_loses_nothing() {
    let engine = Engine::for_test().unwrap();
    let world = due(engine.clone(), 3).await;

    let answer = run(&world, &engine, Duration::ZERO).await;

    assert_eq!(answer, json!({"due": 0, "unsent": 0}));
    assert_eq!(world.system.settle().await.unwrap().received, 3);
    world.set_now(GRACE_OVER);
    world.system.settle().await.unwrap();
    assert!(world.invoices().await.iter().all(|invoice| invoice["status"] == "payment_due"));
}
