//! One period of a million usages: imported, charged, listed and closed, each with its time, its units and its memory.
//!
//! The table lies in a file, so that what the process holds beside it is what the functions and the engine work with. A
//! tenth of the usages goes first: what memory a step takes must not follow from how many usages there are.

use std::fs;
use std::time::{Duration, Instant};

use http::Method;
use local::functions::ROOT_KEY;
use local::{CapacityMeter, System};
use serde_json::{Value, json};

use crate::budget::Budgets;
use crate::harness::{KEY, World};
use crate::period::pages;
use crate::table::{figure, print};
use crate::usages::{Kind, PATH, spread};

const BATCH: usize = 1_000;
const MIDDLE: &str = "2026-03-16T00:00:00Z";

/// How much more memory a step may take for ten times as many usages, in megabytes: the allocator's whims.
const MOST_GROWTH: f64 = 24.0;

/// One step, and what it took.
struct Step {
    name: &'static str,
    took: Duration,
    meter: CapacityMeter,
    /// By how much the memory of the process rose at most, in megabytes.
    memory: f64,
}

/// Runs a tenth of the usages, then all of them.
pub async fn run(count: usize, budgets: &mut Budgets) {
    let tenth = run_one(count / 10, budgets).await;
    let all = run_one(count, budgets).await;
    for (tenth, all) in tenth.iter().zip(&all).filter(|(step, _)| step.name != "import") {
        let name = format!("megabytes more for {count} usages than for {}: {}", count / 10, all.name);
        budgets.hold(name, (all.memory - tenth.memory).max(0.0), MOST_GROWTH);
    }
}

async fn run_one(count: usize, budgets: &mut Budgets) -> Vec<Step> {
    let directory = std::env::temp_dir().join(format!("countinghouse-large-{}-{count}", std::process::id()));
    let world = month_on(System::open(Some(&directory)).await.unwrap()).await;
    let steps = steps(&world, count).await;
    let (pages, bytes) = pages(&world).await;
    drop(world);
    fs::remove_dir_all(&directory).unwrap();

    let of = |name: &str| steps.iter().find(|step| step.name == name).unwrap();
    let records = f64::from(u32::try_from(count).unwrap());
    let pages_exactly = f64::from(u32::try_from(pages).unwrap());
    // Each query of 500 pages rounds up.
    let parts = (pages_exactly / 500.0).ceil();
    budgets.hold(format!("{count} at once: import, write each"), of("import").meter.write_units() / records, 0.04);
    let charges = &of("charges").meter;
    let read = charges.of("Query").read_units + charges.of("TransactGetItems").read_units;
    budgets.hold(format!("{count} at once: charges, read"), read, bytes / 4_096.0 + 2.0 + parts);
    let sealed = of("close").meter.of("UpdateItem");
    budgets.hold(format!("{count} at once: seal, a write for each page"), sealed.write_units, pages_exactly);
    for name in ["first page of the list", "middle page of the list", "last page of the list"] {
        budgets.hold(format!("{count} at once: {name}, read"), of(name).meter.read_units(), 12.0);
    }

    let row = |step: &Step| {
        vec![
            step.name.to_owned(),
            figure(step.took.as_secs_f64()),
            step.meter.calls().to_string(),
            figure(step.meter.write_units()),
            figure(step.meter.read_units()),
            figure(step.memory),
        ]
    };
    let rows: Vec<Vec<String>> = steps.iter().map(row).collect();
    let header = ["", "seconds", "calls", "write units", "read units", "memory, MB"];
    print(&format!("### A period of {count} usages on {pages} pages"), &header, &rows);
    steps
}

async fn steps(world: &World, count: usize) -> Vec<Step> {
    let mut steps = vec![step(world, "import", import(world, count)).await];
    let charges = async {
        let answer = world.get("/v1/subscriptions/sub/usage-charges").await.expect(200);
        assert_eq!(answer["list"][0]["usage_count"], count);
    };
    steps.push(step(world, "charges", charges).await);
    for (name, query) in [
        ("first page of the list", "limit=100".to_owned()),
        ("middle page of the list", format!("limit=100&usage_date_from={MIDDLE}")),
        ("last page of the list", "limit=100&sort=desc".to_owned()),
    ] {
        let list = async {
            let page = world.get(&format!("{PATH}?{query}")).await.expect(200);
            assert_eq!(page["list"].as_array().unwrap().len(), 100);
        };
        steps.push(step(world, name, list).await);
    }
    steps.push(step(world, "generate", settle_at(world, "2026-04-01T00:00:00Z")).await);
    steps.push(step(world, "close", settle_at(world, "2026-04-01T01:00:00Z")).await);
    let invoice = world.invoice("inv_sub_1").await;
    assert_eq!((&invoice["status"], &invoice["lines"][0]["usage_count"]), (&json!("payment_due"), &json!(count)));
    steps
}

/// Runs a step, with the peak of the memory counted from its start.
async fn step(world: &World, name: &'static str, work: impl Future<Output = ()>) -> Step {
    eprintln!("{name}");
    // Where the kernel cannot do that, the peak is that of the whole run.
    let _ = fs::write("/proc/self/clear_refs", "5");
    let before = megabytes("VmRSS:");
    world.system.engine().reset_capacity();
    let begun = Instant::now();
    work.await;
    let took = begun.elapsed();
    let memory = (megabytes("VmHWM:") - before).max(0.0);
    Step { name, took, meter: world.system.engine().capacity(), memory }
}

async fn import(world: &World, count: usize) {
    for (batch, seconds) in spread(count).chunks(BATCH).enumerate() {
        let usages: Vec<Value> = seconds.iter().map(|&second| Kind::Plain.usage(second)).collect();
        let answer = world.post(PATH, json!({ "usages": usages })).await.expect(207);
        let outcomes = answer["outcomes"].as_array().unwrap();
        assert!(outcomes.iter().all(|outcome| outcome["status"] == 201), "{answer:#}");
        if (batch + 1) % 50 == 0 {
            eprint!("\r  {} of {count}", (batch + 1) * BATCH);
        }
    }
    eprintln!();
}

async fn settle_at(world: &World, now: &str) {
    world.set_now(now);
    world.system.settle().await.unwrap();
}

/// A live site in its last second of March, with one subscription.
async fn month_on(system: System) -> World {
    let world = World { system };
    world.set_now("2026-03-31T23:59:59Z");
    world.send(Method::POST, "/v1/sites", Some(json!({"id": "site"})), ROOT_KEY, &[]).await.expect(201);
    let key = json!({"site_id": "site", "scopes": ["admin"], "key": KEY});
    world.send(Method::POST, "/v1/api-keys", Some(key), ROOT_KEY, &[]).await.expect(201);
    world.catalogue().await;
    world.subscribe("2026-03-01T00:00:00Z", &["minutes-usd"]).await;
    world.system.settle().await.unwrap();
    world
}

/// A figure of the process, which the kernel gives in kilobytes.
fn megabytes(name: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u32>().ok());
    f64::from(kilobytes.unwrap_or_default()) / 1_024.0
}
