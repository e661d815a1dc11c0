//! The local host is killed without warning, over and over, while usage is posted and periods close; whatever was
//! acknowledged is on exactly one invoice in the end.
//!
//! The host is the real process with its data in a file, the clients are real ones on sockets, and nothing but SIGKILL
//! ends it. `KILLS=100 cargo test -p local --test kill` takes about two minutes; without `KILLS` there are ten.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod client;
mod host;
mod site;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use client::Api;
use host::Host;
use http::Method;
use serde_json::{Value, json};

const KEY: &str = "kill-key-0123456789abcdef";
const SUBSCRIPTIONS: usize = 3;
const CLIENTS: usize = 4;
/// Where the site's clock starts: 1 January 2026, in seconds since 1970.
const START: i64 = 1_767_225_600;
/// How far the clock moves at a time: a day, so that weeks go by between two kills.
const STEP: i64 = 86_400;

/// A usage that a client sends until it is acknowledged.
#[derive(Clone)]
struct Usage {
    id: String,
    subscription: String,
    date: i64,
    quantity: u32,
}

/// What the clients share.
#[derive(Default)]
struct Shared {
    clock: AtomicI64,
    dead: AtomicBool,
    /// Acknowledged usages, and whether the answer said that they are billed.
    acknowledged: Mutex<BTreeMap<String, (Usage, bool)>>,
    /// Sent without an answer: they are sent again to the next host.
    open: Mutex<Vec<Usage>>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_usage_is_on_exactly_one_invoice_however_often_the_host_is_killed() {
    let kills: u32 = std::env::var("KILLS").map_or(10, |kills| kills.parse().expect("KILLS is a number"));
    let data = host::scratch_directory();
    let shared = Arc::new(Shared::default());
    shared.clock.store(START, Ordering::Relaxed);
    let mut host = Host::start(&data).await;
    set_up(&host.api()).await;
    for kill in 0..kills {
        let api = host.api().with_key(KEY);
        shared.dead.store(false, Ordering::Relaxed);
        let mut tasks = vec![tokio::spawn(move_clock(api.clone(), Arc::clone(&shared)))];
        for client in 0..CLIENTS {
            tasks.push(tokio::spawn(post(api.clone(), Arc::clone(&shared), format!("{kill}-{client}"))));
        }
        // Any moment does, and no two runs choose the same.
        tokio::time::sleep(Duration::from_millis(100 + host::any_number() % 500)).await;
        host.kill().await;
        shared.dead.store(true, Ordering::Relaxed);
        for task in tasks {
            task.await.unwrap();
        }
        if (kill + 1) % 10 == 0 {
            let (acknowledged, open) = (shared.acknowledged.lock().unwrap().len(), shared.open.lock().unwrap().len());
            println!("{} kills: {acknowledged} usages acknowledged, {open} to be sent again", kill + 1);
        }
        host = Host::start(&data).await;
    }
    let api = host.api().with_key(KEY);
    let open = std::mem::take(&mut *shared.open.lock().unwrap());
    for usage in open {
        send(&api, &shared, usage).await;
    }
    check(&api, &shared).await;
    host.kill().await;
    std::fs::remove_dir_all(&data).unwrap();
}

async fn set_up(root: &Api) {
    let api = site::make(root, &json!({"id": "site", "test_clock": START}), KEY, "week").await;
    for number in 0..SUBSCRIPTIONS {
        site::subscribe(&api, &format!("sub-{number}"), START).await;
    }
}

/// Lets time go by, so that periods end and close under the clients' hands.
async fn move_clock(api: Api, shared: Arc<Shared>) {
    while !shared.dead.load(Ordering::Relaxed) {
        let next = shared.clock.load(Ordering::Relaxed) + STEP;
        if matches!(api.send(Method::PATCH, "/v1/sites/site", Some(&json!({"test_clock": next}))).await, Ok((200, _))) {
            shared.clock.store(next, Ordering::Relaxed);
        }
    }
}

/// Sends what is open from before, then new usages one after the other, until the host is dead.
async fn post(api: Api, shared: Arc<Shared>, name: String) {
    for number in 0_u32.. {
        let usage = shared.open.lock().unwrap().pop().unwrap_or_else(|| Usage {
            id: format!("u-{name}-{number}"),
            subscription: format!("sub-{}", number as usize % SUBSCRIPTIONS),
            date: shared.clock.load(Ordering::Relaxed) - i64::from(number % 5) * 12 * 3_600,
            quantity: 1 + number % 7,
        });
        send(&api, &shared, usage).await;
        if shared.dead.load(Ordering::Relaxed) {
            return;
        }
    }
}

/// Sends a usage, and notes what became of it as far as the client can know.
async fn send(api: &Api, shared: &Shared, usage: Usage) {
    let body = json!({
        "id": usage.id, "item_price_id": "calls-usd", "quantity": usage.quantity.to_string(),
        "usage_date": usage.date.max(START)
    });
    let path = format!("/v1/subscriptions/{}/usages", usage.subscription);
    match api.send(Method::POST, &path, Some(&body)).await {
        Ok((200 | 201, answer)) => {
            let billable = answer["billable"].as_bool().unwrap();
            let mut acknowledged = shared.acknowledged.lock().unwrap();
            assert!(acknowledged.insert(usage.id.clone(), (usage, billable)).is_none());
        }
        Ok((503, _)) | Err(_) => shared.open.lock().unwrap().push(usage),
        Ok((status, answer)) => panic!("{status}: {answer}"),
    }
}

/// Lets every period close, and compares what the clients know with what the invoices say.
async fn check(api: &Api, shared: &Shared) {
    let mut clock = shared.clock.load(Ordering::Relaxed);
    let ended = clock + 15 * STEP;
    // Up to the middle of a week: where one has just ended, its invoice is pending for an hour more.
    while clock < ended || (clock - START) % (7 * STEP) != 3 * STEP {
        clock += STEP;
        api.must(Method::PATCH, "/v1/sites/site", Some(&json!({"test_clock": clock}))).await;
    }
    assert_eq!(shared.open.lock().unwrap().len(), 0, "the last host answers every usage");
    let acknowledged = shared.acknowledged.lock().unwrap().clone();
    let invoices = closed_invoices(api, clock).await;
    let mut seen = 0;
    let mut counted: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for number in 0..SUBSCRIPTIONS {
        for stored in api.list(&format!("/v1/subscriptions/sub-{number}/usages")).await {
            let id = stored["id"].as_str().unwrap();
            let quantity: u64 = stored["quantity"].as_str().unwrap().parse().unwrap();
            if let Some(invoice) = stored["invoice_id"].as_str() {
                let (count, sum) = counted.entry(invoice.to_owned()).or_default();
                (*count, *sum) = (*count + 1, *sum + quantity);
            }
            let (usage, billable) = acknowledged.get(id).expect("somebody sent it");
            assert_eq!(quantity, u64::from(usage.quantity), "{id}");
            assert_eq!(stored["subscription_id"], usage.subscription.as_str());
            assert_eq!(stored["invoice_id"].is_string(), *billable, "{id}: {stored}");
            seen += 1;
        }
    }
    assert_eq!(seen, acknowledged.len(), "acknowledged usages are missing");
    let billed = invoices.values().map(|(count, _)| count).sum::<u64>();
    assert_eq!(counted, invoices, "the invoices count what the usages say");
    let late = acknowledged.values().filter(|(_, billable)| !billable).count();
    println!(
        "{} acknowledged, {late} of them late and on no invoice; {billed} on {} invoices, each on one",
        acknowledged.len(),
        invoices.len()
    );
    assert_eq!(usize::try_from(billed).unwrap() + late, acknowledged.len());
}

/// The closed invoices with their number of usages and sum of quantities, once all that end by `clock` are closed.
async fn closed_invoices(api: &Api, clock: i64) -> BTreeMap<String, (u64, u64)> {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(120);
    loop {
        // Moving the clock to where it stands sends what is still due once more.
        api.must(Method::PATCH, "/v1/sites/site", Some(&json!({"test_clock": clock}))).await;
        let all = api.list("/v1/invoices").await;
        let periods = u64::try_from((clock - START - 3_600) / (7 * 86_400)).unwrap();
        let last = format!("_{periods}");
        let done = (0..SUBSCRIPTIONS).all(|number| {
            let pending = |invoice: &&Value| invoice["subscription_id"] == format!("sub-{number}");
            let mut of_subscription = all.iter().filter(pending).peekable();
            of_subscription.peek().is_some() && of_subscription.all(|invoice| invoice["status"] != "pending")
        });
        let stuck = api.list("/v1/stuck").await;
        if done && reached(api, &last).await {
            assert_eq!(stuck, [] as [Value; 0]);
            return all.iter().map(line).collect();
        }
        assert!(tokio::time::Instant::now() < deadline, "invoices stay pending; stuck: {stuck:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Whether every subscription has an invoice, be it an empty one, of the last period that ended.
async fn reached(api: &Api, last: &str) -> bool {
    for number in 0..SUBSCRIPTIONS {
        let invoice = api.send(Method::GET, &format!("/v1/invoices/inv_sub-{number}{last}"), None).await.unwrap();
        if invoice.0 != 200 || invoice.1["status"] == "pending" {
            return false;
        }
    }
    true
}

fn line(invoice: &Value) -> (String, (u64, u64)) {
    let lines = invoice["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 1, "{invoice}");
    let sum = lines[0]["total_usage"].as_str().unwrap().parse().unwrap();
    (invoice["id"].as_str().unwrap().to_owned(), (lines[0]["usage_count"].as_u64().unwrap(), sum))
}
