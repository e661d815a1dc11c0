//! What callers do at the same time: duplicates, a crowded page, several closers, and usage that races the close.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use billing::time::Timestamp;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::task::{JoinHandle, yield_now};

use crate::harness::{Answer, World};

const USAGES: &str = "/v1/subscriptions/sub/usages";

/// A subscription whose period is February; the clock stands in it.
async fn world() -> Arc<World> {
    let world = World::at("2027-02-01T00:00:00Z").await;
    world.catalogue().await;
    world.subscribe("2027-02-01T00:00:00Z", &["minutes-usd"]).await;
    world.set_clock("2027-02-28T23:00:00Z").await;
    Arc::new(world)
}

async fn post(world: &World, n: usize) -> Answer {
    let start: Timestamp = "2027-02-01T00:00:00Z".parse().unwrap();
    let date = start.plus_millis(i64::try_from(n).unwrap() * 1_000).to_string();
    world.usage(&date, &n.to_string()).await
}

async fn joined<T>(tasks: Vec<JoinHandle<T>>) -> Vec<T> {
    join_all(tasks).await.into_iter().map(Result::unwrap).collect()
}

async fn charge(world: &World) -> Value {
    world.get("/v1/subscriptions/sub/usage-charges?period=0").await.expect(200)["list"][0].clone()
}

/// Every usage of the subscription, over all pages of the list.
async fn usages(world: &World) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.get(&format!("{USAGES}?limit=100{cursor}")).await.expect(200);
        all.extend(page["list"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_duplicates_sent_at_once_one_is_recorded_and_the_rest_are_replayed() {
    let world = world().await;

    let callers = (0..32).map(|_| {
        let world = Arc::clone(&world);
        tokio::spawn(async move { post(&world, 7).await })
    });
    let answers = joined(callers.collect()).await;

    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [[200; 31].as_slice(), &[201]].concat());
    assert!(answers.iter().all(|answer| answer.body == answers[0].body));
    assert_eq!(usages(&world).await, [answers[0].body.clone()]);
    assert_eq!((&charge(&world).await["total_usage"], &charge(&world).await["usage_count"]), (&json!("7"), &json!(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_different_contents_sent_at_once_one_stands_and_the_rest_conflict_f11() {
    let world = world().await;

    let callers = (0..16).map(|n| {
        let world = Arc::clone(&world);
        tokio::spawn(async move { world.usage("2027-02-10T00:00:00Z", &n.to_string()).await })
    });
    let answers = joined(callers.collect()).await;

    let stands: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 201).collect();
    let [first] = stands.as_slice() else { panic!("{answers:#?}") };
    let refused: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 409).collect();
    assert_eq!(refused.len(), 15);
    assert!(refused.iter().all(|answer| answer.body["existing"] == first.body));
    assert_eq!(usages(&world).await, std::slice::from_ref(&first.body));
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_crowd_into_one_page_are_all_recorded_f5_f6() {
    let world = world().await;

    let callers = (0..16).map(|caller| {
        let world = Arc::clone(&world);
        tokio::spawn(async move {
            for n in (caller..200).step_by(16) {
                post(&world, n).await.expect(201);
            }
        })
    });
    joined(callers.collect()).await;

    let charge = charge(&world).await;
    let sum = 199 * 200 / 2;
    assert_eq!((&charge["total_usage"], &charge["usage_count"]), (&json!(sum.to_string()), &json!(200)), "{charge:#}");
    assert_eq!(usages(&world).await.len(), 200);
    for n in 0..200 {
        post(&world, n).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_that_overlap_record_each_usage_once_f5_f6_f10() {
    let world = world().await;

    let callers = (0..4).map(|caller| {
        let world = Arc::clone(&world);
        tokio::spawn(async move {
            let usage = |n| {
                let date = format!("2027-02-{:02}T{:02}:{:02}:00Z", 1 + n / 100, n % 100 / 10, n % 10);
                json!({"item_price_id": "minutes-usd", "usage_date": date, "quantity": "1"})
            };
            // Each shares a half with the next one.
            let usages: Vec<Value> = (caller * 100..caller * 100 + 200).map(usage).collect();
            world.post(USAGES, json!({"usages": usages})).await.expect(207)
        })
    });
    let answers = joined(callers.collect()).await;

    let outcomes = answers.iter().flat_map(|answer| answer["outcomes"].as_array().unwrap());
    let mut statuses: Vec<u64> = outcomes.map(|outcome| outcome["status"].as_u64().unwrap()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [[200; 300].as_slice(), &[201; 500]].concat());
    let charge = charge(&world).await;
    assert_eq!((&charge["total_usage"], &charge["usage_count"]), (&json!("500"), &json!(500)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_usage_deleted_and_retried_at_once_is_never_there_f19b() {
    let world = world().await;
    let recorded = post(&world, 7).await.expect(201);
    let path = format!("{USAGES}/{}", recorded["id"].as_str().unwrap());

    let callers = (0..16).map(|caller| {
        let (world, path) = (Arc::clone(&world), path.clone());
        tokio::spawn(async move {
            let answer = if caller % 2 == 0 { world.delete(&path, &[]).await } else { post(&world, 7).await };
            (caller % 2 == 0, answer.status)
        })
    });
    let answers = joined(callers.collect()).await;

    for (deletes, status) in answers {
        // A retry is replayed before the deletion and refused after it.
        assert!(if deletes { status == 204 } else { matches!(status, 200 | 409) }, "{deletes} {status}");
    }
    assert!(usages(&world).await.is_empty());
    assert_eq!(world.get(&path).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn closers_at_the_same_time_close_one_invoice_under_one_number_f29_i8_i14() {
    let world = world().await;
    for n in 0..100 {
        post(&world, n).await.expect(201);
    }
    world.live_until("2027-03-01T00:00:00Z").await;
    // The grace is over, and nothing has run yet: whoever comes first closes.
    world.set_clock("2027-03-01T02:00:00Z").await;

    let callers = (0..8).map(|_| {
        let world = Arc::clone(&world);
        tokio::spawn(async move { world.post("/v1/invoices/inv_sub_1/close", json!({})).await.expect(200) })
    });
    let workers = (0..4).map(|_| {
        let world = Arc::clone(&world);
        tokio::spawn(async move {
            world.enqueue(&json!({"site_id": "site", "subscription_id": "sub"}).to_string()).await;
            world.system.tick().await.unwrap();
            world.system.pump().await
        })
    });
    let (callers, workers): (Vec<_>, Vec<_>) = (callers.collect(), workers.collect());
    let bodies = joined(callers).await;
    let pumped = joined(workers).await;

    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:#?}");
    assert!(pumped.iter().all(|round| round.failed == 0), "{pumped:#?}");
    assert_eq!((&bodies[0]["number"], &bodies[0]["total"]), (&json!("1234-1"), &json!("247.50")));
    assert_eq!(bodies[0]["lines"][0]["usage_count"], 100);
    assert_eq!(world.invoices().await, [bodies[0].clone()]);
    assert!(world.stuck().await.is_empty());
    // No number was lost: the next invoice has the next one.
    world.usage("2027-03-01T01:00:00Z", "1").await.expect(201);
    world.live_until("2027-04-01T02:00:00Z").await;
    assert_eq!(world.invoice("inv_sub_2").await["number"], "1234-2");
}

/// Posts a hundred records from five callers into a period that is closed once so many were answered, and gives the
/// answers by record.
async fn race(world: &Arc<World>, before_the_close: usize) -> Vec<(usize, Value)> {
    let answered = Arc::new(AtomicUsize::new(0));
    let callers = (0..5).map(|caller| {
        let (world, answered) = (Arc::clone(world), Arc::clone(&answered));
        tokio::spawn(async move {
            let mut answers = Vec::new();
            for n in (caller..100).step_by(5) {
                answers.push((n, post(&world, n).await.expect(201)));
                answered.fetch_add(1, Ordering::SeqCst);
            }
            answers
        })
    });
    let callers: Vec<_> = callers.collect();
    while answered.load(Ordering::SeqCst) < before_the_close {
        yield_now().await;
    }
    world.post("/v1/invoices/inv_sub_1/close", json!({})).await.expect(200);
    joined(callers).await.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_usage_that_races_the_close_is_on_the_invoice_or_late_and_never_both_i2_i7_f28() {
    for before_the_close in [0, 1, 10, 50, 90] {
        let world = world().await;
        // Two days of grace: nothing but the request closes.
        world.patch("/v1/subscriptions/sub", json!({"grace_seconds": 172_800})).await.expect(200);
        world.live_until("2027-03-01T00:30:00Z").await;

        let answers = race(&world, before_the_close).await;

        let invoice = world.invoice("inv_sub_1").await;
        let billed = |usage: &Value| usage["billable"].as_bool().unwrap();
        let on_time: Vec<usize> = answers.iter().filter(|(_, usage)| billed(usage)).map(|(n, _)| *n).collect();
        assert_eq!(answers.len(), 100);
        assert!(on_time.len() >= before_the_close, "what was answered before the close began is billed");
        let late = answers.iter().filter(|(_, usage)| !billed(usage));
        assert!(late.clone().all(|(_, usage)| usage["not_billable_reason"] == "late"));
        println!("close after {before_the_close}: {} on time, {} late", on_time.len(), late.count());
        let line = &invoice["lines"][0];
        if on_time.is_empty() {
            assert_eq!(invoice["status"], "empty");
        } else {
            let sum = on_time.iter().sum::<usize>().to_string();
            assert_eq!((&line["usage_count"], &line["total_usage"]), (&json!(on_time.len()), &json!(sum)));
        }
        let listed = usages(&world).await;
        assert_eq!(listed.len(), 100);
        for (n, usage) in &answers {
            let shown = listed.iter().find(|listed| listed["id"] == usage["id"]).unwrap();
            let invoice_id = billed(usage).then(|| json!("inv_sub_1"));
            assert_eq!((&shown["billable"], shown.get("invoice_id")), (&usage["billable"], invoice_id.as_ref()), "{n}");
        }
        post(&world, 100).await.expect(201);
        assert_eq!(world.invoice("inv_sub_1").await, invoice);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_races_the_close_is_on_the_invoice_or_late_and_never_both_f18() {
    let world = world().await;
    let mut paths = Vec::new();
    for n in 1..=40 {
        let recorded = post(&world, n).await.expect(201);
        paths.push(format!("{USAGES}/{}", recorded["id"].as_str().unwrap()));
    }
    world.live_until("2027-03-01T00:30:00Z").await;

    let callers = paths.iter().map(|path| {
        let (world, path) = (Arc::clone(&world), path.clone());
        tokio::spawn(async move { world.delete(&path, &[]).await.expect(204) })
    });
    let callers: Vec<_> = callers.collect();
    let closed = world.post("/v1/invoices/inv_sub_1/close", json!({})).await.expect(200);
    joined(callers).await;

    let late = late_rows(&world).await;
    println!("deletions that raced the close: {late} late");
    assert_eq!(closed["lines"].get(0).map_or(0, |line| line["usage_count"].as_u64().unwrap()), late);
    assert!(usages(&world).await.is_empty());
    assert_eq!(world.invoice("inv_sub_1").await, closed);
}

/// How many deletions found their page sealed: each billed record then stays on the invoice.
async fn late_rows(world: &World) -> u64 {
    let client = store::client::connect(Some(world.system.engine().http_client()));
    let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    let query = client
        .query()
        .table_name(&world.system.template().table.name)
        .key_condition_expression("PK = :pk AND begins_with(SK, :prefix)")
        .expression_attribute_values(":pk", text("SUB#site#sub"))
        .expression_attribute_values(":prefix", text("LATE#minutes-usd#"));
    u64::try_from(query.send().await.unwrap().count()).unwrap()
}
