//! The end of a period moves while usage is recorded, periods are closed and calls fail.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use billing::time::Timestamp;
use local::{Call, Engine, Interceptor, System, Verdict};
use tokio::task::yield_now;

use super::*;

const NOW: &str = "2027-02-20T00:00:00Z";
const USAGES: usize = 120;

/// A usage every two seconds, the middle one at [`NOW`].
fn date(n: usize) -> String {
    let now: Timestamp = NOW.parse().unwrap();
    now.plus_millis((i64::try_from(n).unwrap() - 60) * 2_000).to_string()
}

/// The usages that are shown to be on an invoice, over all pages of the list.
async fn billed_on(world: &World, invoice: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/subscriptions/sub/usages?limit=100&invoice_id={invoice}{cursor}");
        let page = world.get(&path).await.expect(200);
        all.extend(page["list"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// Moves the end of February four times, the last time to now; then the end of the period that began, to soon and to now.
async fn move_ends(world: &World) {
    for end in ["2027-02-25T00:00:00Z", "2027-02-20T00:01:00Z", "2027-04-20T00:00:00Z"] {
        move_end(world, end).await;
    }
    world.post(MOVE, json!({"period": 0})).await.expect(200);
    world.set_clock("2027-02-20T00:01:30Z").await;
    move_end(world, "2027-02-20T00:03:00Z").await;
    world.post(MOVE, json!({"period": 1})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_in_flight_while_the_end_moves_and_periods_close_is_on_one_invoice_or_late_i2_i7_i9() {
    for before_the_moves in [0, 30, 60, 100] {
        let world = Arc::new(World::with(START, json!({"grace_seconds": 0})).await);
        world.catalogue().await;
        world.subscribe(START, &["minutes-usd", "line-usd"]).await;
        world.live_until(NOW).await;
        let (answered, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));

        let writers = (0..5).map(|caller| {
            let (world, answered) = (Arc::clone(&world), Arc::clone(&answered));
            tokio::spawn(async move {
                let mut recorded = Vec::new();
                for n in (caller..USAGES).step_by(5) {
                    recorded.push(world.usage(&date(n), "1").await.expect(201));
                    answered.fetch_add(1, Ordering::SeqCst);
                }
                recorded
            })
        });
        let writers: Vec<_> = writers.collect();
        let closers = (0..2).map(|_| {
            let (world, done) = (Arc::clone(&world), Arc::clone(&done));
            tokio::spawn(async move {
                while !done.load(Ordering::SeqCst) {
                    world.system.tick().await.unwrap();
                    world.system.pump_once().await;
                }
            })
        });
        let closers: Vec<_> = closers.collect();
        while answered.load(Ordering::SeqCst) < before_the_moves {
            yield_now().await;
        }
        move_ends(&world).await;
        let answers: Vec<Value> = join_all(writers).await.into_iter().flat_map(Result::unwrap).collect();
        done.store(true, Ordering::SeqCst);
        join_all(closers).await.into_iter().for_each(Result::unwrap);
        world.live_until("2027-04-01T00:00:00Z").await;

        let ends = tiled(&world).await;
        assert_eq!(ends, [NOW, "2027-02-20T00:01:30Z", "2027-03-20T00:01:30Z"]);
        let is_late = |usage: &&Value| usage["not_billable_reason"] == "late";
        let late: BTreeSet<&str> = answers.iter().filter(is_late).map(|usage| usage["id"].as_str().unwrap()).collect();
        println!("{before_the_moves} before the moves: {} late", late.len());
        let mut billed = 0;
        for invoice in world.invoices().await {
            let line = invoice["lines"].as_array().unwrap().iter().find(|line| line["item_price_id"] == "minutes-usd");
            let shown = billed_on(&world, invoice["id"].as_str().unwrap()).await;
            assert_eq!(line.map_or(json!(0), |line| line["usage_count"].clone()), shown.len(), "{invoice:#}");
            assert!(shown.iter().all(|usage| !late.contains(usage["id"].as_str().unwrap())));
            billed += shown.len();
        }
        assert_eq!(billed + late.len(), USAGES);
    }
}

/// Lets the first write of a moved end meet with a fault.
struct Once(Verdict, AtomicBool);

impl Interceptor for Once {
    fn before(&self, call: &Call) -> Verdict {
        let writes = matches!(call.operation.as_str(), "UpdateItem" | "TransactWriteItems");
        let moves = writes && call.body().to_string().contains(r#"\"moved\":"#);
        if moves && !self.1.swap(true, Ordering::SeqCst) { self.0 } else { Verdict::Forward }
    }
}

#[tokio::test]
async fn an_end_whose_write_fails_or_is_answered_by_nobody_is_moved_once() {
    for verdict in [
        Verdict::FailBefore,
        Verdict::FailAfter,
        Verdict::ApplyLater { calls: 1 },
        Verdict::ApplyLater { calls: 4 },
        Verdict::Throttle,
        Verdict::Conflict,
        Verdict::Duplicate,
    ] {
        let once = Arc::new(Once(verdict, AtomicBool::new(false)));
        let engine = Engine::for_test().unwrap().with_interceptor(once.clone());
        let world = World { system: System::with_engine(engine).await.unwrap() };
        world.make_site(START, json!({})).await;
        world.catalogue().await;
        world.subscribe(START, &["line-usd"]).await;
        world.set_clock(NOW).await;

        let moved = world.post(MOVE, json!({"period": 0})).await.expect(200);
        world.live_until("2027-03-21T00:00:00Z").await;

        assert!(once.1.load(Ordering::SeqCst), "{verdict:?}");
        let next = json!({"number": 1, "start": NOW, "end": "2027-03-20T00:00:00Z"});
        assert_eq!(moved["current_period"], next, "{verdict:?}");
        assert_eq!(tiled(&world).await, [NOW, "2027-03-20T00:00:00Z"], "{verdict:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_callers_who_end_a_period_at_once_all_are_answered_and_one_period_ends() {
    let world = Arc::new(world().await);
    world.live_until(NOW).await;

    let callers = (0..8).map(|_| {
        let world = Arc::clone(&world);
        tokio::spawn(async move { world.post(MOVE, json!({"period": 0})).await.expect(200) })
    });
    let callers: Vec<_> = callers.collect();
    let bodies: Vec<Value> = join_all(callers).await.into_iter().map(Result::unwrap).collect();

    assert!(bodies.iter().all(|body| body["current_period"] == bodies[0]["current_period"]), "{bodies:#?}");
    assert_eq!(
        (&bodies[0]["current_period"]["number"], &bodies[0]["current_period"]["start"]),
        (&json!(1), &json!(NOW))
    );
}
