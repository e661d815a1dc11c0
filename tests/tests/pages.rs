//! Usage pages: how they split, what they cost, and what a sealed one takes.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use billing::time::Timestamp;
use local::engine::CapacityMeter;
use serde_json::{Value, json};

use crate::harness::World;

const USAGES: &str = "/v1/subscriptions/sub/usages";
const MINUTE: i64 = 60_000;

/// A page as it is stored.
#[derive(Debug, PartialEq)]
struct Page {
    start: String,
    end: String,
    written: u64,
    sealed: Option<String>,
    /// Names and values, keys included, the way DynamoDB counts them.
    size: usize,
    /// The records' attributes.
    cells: HashMap<String, String>,
}

impl Page {
    fn read(mut item: HashMap<String, AttributeValue>) -> Page {
        let size = item.iter().map(|(name, value)| name.len() + size_of(value)).sum();
        let mut take = |name: &str| item.remove(name).map(text);
        take("PK").unwrap();
        let start = take("SK").unwrap().strip_prefix("USAGE#minutes-usd#").unwrap().to_owned();
        let (end, written) = (take("E").unwrap(), take("B").unwrap().parse().unwrap());
        let sealed = take("S");
        let cells = item.into_iter().map(|(name, value)| (name, text(value))).collect();
        Page { start, end, written, sealed, size, cells }
    }

    /// When its records are dated.
    fn dates(&self) -> impl Iterator<Item = i64> {
        let start = base36(&self.start[..9]);
        self.cells.keys().map(move |name| start + base36(name.split('.').next().unwrap()))
    }
}

fn text(value: AttributeValue) -> String {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text,
        other => panic!("a page has no {other:?}"),
    }
}

fn size_of(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::N(number) => number.len().div_ceil(2) + 1,
        other => text(other.clone()).len(),
    }
}

fn base36(digits: &str) -> i64 {
    i64::from_str_radix(digits, 36).unwrap()
}

async fn items(world: &World, prefix: &str) -> Vec<HashMap<String, AttributeValue>> {
    let client = store::client::connect(Some(world.system.engine().http_client()));
    let query = client
        .query()
        .table_name(&world.system.template().table.name)
        .key_condition_expression("PK = :pk AND begins_with(SK, :prefix)")
        .expression_attribute_values(":pk", AttributeValue::S("SUB#site#sub".to_owned()))
        .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
        .consistent_read(true);
    query.into_paginator().items().send().collect::<Result<_, _>>().await.unwrap()
}

async fn pages(world: &World) -> Vec<Page> {
    items(world, "USAGE#minutes-usd#").await.into_iter().map(Page::read).collect()
}

/// A subscription whose period is February; the clock stands at the month's last evening.
async fn world() -> World {
    let world = World::at("2027-02-01T00:00:00Z").await;
    world.catalogue().await;
    world.subscribe("2027-02-01T00:00:00Z", &["minutes-usd"]).await;
    world.set_clock("2027-02-28T23:00:00Z").await;
    world
}

/// The n-th instant of February, so many milliseconds apart.
fn instant(n: i64, apart: i64) -> Timestamp {
    "2027-02-01T00:00:00Z".parse::<Timestamp>().unwrap().plus_millis(n * apart)
}

fn usage(date: Timestamp, quantity: i64) -> Value {
    json!({"item_price_id": "minutes-usd", "usage_date": date.to_string(), "quantity": quantity.to_string()})
}

/// 0 to `count` in an order that the seed decides.
fn shuffled(count: i64, seed: u64) -> Vec<i64> {
    let mut order: Vec<i64> = (0..count).collect();
    let mut state = seed;
    for last in (1..order.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(last, usize::try_from(state >> 33).unwrap() % (last + 1));
    }
    order
}

async fn post_all(world: &World, usages: &[Value]) {
    let outcomes = world.post(USAGES, json!({"usages": usages})).await.expect(207);
    for outcome in outcomes["outcomes"].as_array().unwrap() {
        assert_eq!(outcome["status"], 201, "{outcome:#}");
    }
}

/// The pages, once they tile, fit, and hold exactly the records; and once the usage charge counts each of them.
async fn sound(world: &World, mut dates: Vec<Timestamp>, sum: i64) -> Vec<Page> {
    let pages = pages(world).await;
    assert_eq!(pages[0].start, "000000000");
    for pair in pages.windows(2) {
        assert_eq!(pair[0].end, pair[1].start);
    }
    for page in &pages {
        assert!(page.start < page.end, "{page:?}");
        assert!(page.size <= 1_024 || page.cells.len() == 1, "{} bytes: {page:?}", page.size);
        let (start, end) = (base36(&page.start[..9]), base36(&page.end[..9]));
        assert!(page.dates().all(|date| (start..end).contains(&date)), "{page:?}");
    }
    let mut stored: Vec<i64> = pages.iter().flat_map(Page::dates).collect();
    stored.sort_unstable();
    dates.sort_unstable();
    assert_eq!(stored, dates.iter().map(|date| date.millis()).collect::<Vec<_>>());
    let charge = world.get("/v1/subscriptions/sub/usage-charges").await.expect(200)["list"][0].clone();
    assert_eq!(
        (&charge["total_usage"], &charge["usage_count"]),
        (&json!(sum.to_string()), &json!(dates.len())),
        "{charge:#}"
    );
    pages
}

/// What DynamoDB was asked for since the last reset.
fn consumed(world: &World) -> CapacityMeter {
    world.system.engine().capacity()
}

/// The write units per record of `count`, printed.
fn write_units(world: &World, what: &str, count: f64) -> f64 {
    let units = consumed(world).write_units() / count;
    let reads = consumed(world).read_units() / count;
    println!("{what}: {units:.4} write and {reads:.4} read units, {:.2} calls", consumed(world).calls() as f64 / count);
    units
}

#[tokio::test]
async fn records_that_come_alone_and_in_order_fill_page_after_page() {
    for (spacing, apart) in
        [("second", 1_000), ("minute", MINUTE), ("hour", 60 * MINUTE), ("watch of two hours", 120 * MINUTE)]
    {
        let world = world().await;
        let dates: Vec<Timestamp> = (0..300).map(|n| instant(n, apart)).collect();

        world.system.engine().reset_capacity();
        for (date, n) in dates.iter().zip(1..) {
            world.post(USAGES, usage(*date, n)).await.expect(201);
        }

        let units = write_units(&world, &format!("alone, one each {spacing}"), 300.0);
        let pages = sound(&world, dates, 300 * 301 / 2).await;
        println!("alone, one each {spacing}: {} pages", pages.len());
        assert!(units <= 1.1, "{units}");
        // A full page stays full: nothing moves when what comes next lies behind it.
        assert!(pages.iter().rev().skip(1).all(|page| page.size > 900), "{pages:#?}");
    }
}

#[tokio::test]
async fn ids_and_notes_cost_what_they_may() {
    for (what, note, budget) in [("with an id", None, 1.2), ("with id and note", Some("a call to a friend"), 1.3)] {
        let world = world().await;
        let dates: Vec<Timestamp> = (0..300).map(|n| instant(n, MINUTE)).collect();

        world.system.engine().reset_capacity();
        for (date, n) in dates.iter().zip(1..) {
            let mut usage = usage(*date, n);
            usage["id"] = json!(format!("call-{n:06}"));
            if let Some(note) = note {
                usage["note"] = json!(note);
            }
            world.post(USAGES, usage).await.expect(201);
        }

        let units = write_units(&world, &format!("alone, {what}"), 300.0);
        sound(&world, dates, 300 * 301 / 2).await;
        assert!(units <= budget, "{what}: {units}");
    }
}

#[tokio::test]
async fn records_that_come_in_any_order_halve_pages() {
    for seed in [1, 2, 3] {
        let world = world().await;
        let order = shuffled(300, seed);

        world.system.engine().reset_capacity();
        for n in &order {
            world.post(USAGES, usage(instant(*n, MINUTE), *n)).await.expect(201);
        }

        let units = write_units(&world, &format!("backfill, seed {seed}"), 300.0);
        let pages = sound(&world, order.iter().map(|n| instant(*n, MINUTE)).collect(), 299 * 300 / 2).await;
        println!("backfill, seed {seed}: {} pages", pages.len());
        assert!(units <= 1.1, "seed {seed}: {units}");
        assert!(pages.len() > 1);
    }
}

#[tokio::test]
async fn a_batch_makes_its_pages_at_once_and_another_goes_in_between() {
    let world = world().await;
    let first: Vec<Value> = (0..1_000).map(|n| usage(instant(2 * n, MINUTE), n)).collect();
    let between: Vec<Value> = shuffled(1_000, 4).into_iter().map(|n| usage(instant(2 * n + 1, MINUTE), n)).collect();

    world.system.engine().reset_capacity();
    post_all(&world, &first).await;
    let in_order = write_units(&world, "a batch of 1,000 in order", 1_000.0);
    let pages = sound(&world, (0..1_000).map(|n| instant(2 * n, MINUTE)).collect(), 999 * 1_000 / 2).await;
    println!("a batch of 1,000 in order: {} pages", pages.len());
    world.system.engine().reset_capacity();
    post_all(&world, &between).await;
    let at_random = write_units(&world, "a batch of 1,000 at random into as many", 1_000.0);
    let pages = sound(&world, (0..2_000).map(|n| instant(n, MINUTE)).collect(), 999 * 1_000).await;
    println!("a batch of 1,000 at random into as many: {} pages", pages.len());

    assert!(in_order <= 0.04, "{in_order}");
    assert!(at_random <= 0.08, "{at_random}");
}

#[tokio::test]
async fn a_batch_with_ids_makes_its_pages_at_once() {
    let world = world().await;
    let usages: Vec<Value> = (0..1_000)
        .map(|n| {
            let mut usage = usage(instant(n / 3, MINUTE), n);
            usage["id"] = json!(format!("call-{n:06}"));
            usage
        })
        .collect();

    world.system.engine().reset_capacity();
    post_all(&world, &usages).await;

    let units = write_units(&world, "a batch of 1,000 with ids", 1_000.0);
    sound_at_equal_dates(&world, 1_000).await;
    assert!(units <= 0.08, "{units}");
}

/// Pages may end between two records of one instant, so that only the order of whole keys counts.
async fn sound_at_equal_dates(world: &World, count: usize) {
    let pages = pages(world).await;
    assert!(pages.windows(2).all(|pair| pair[0].end == pair[1].start));
    let large = pages.iter().find(|page| page.size > 1_024);
    assert!(large.is_none(), "{large:?}");
    assert_eq!(pages.iter().map(|page| page.cells.len()).sum::<usize>(), count);
    let charge = world.get("/v1/subscriptions/sub/usage-charges").await.expect(200)["list"][0].clone();
    assert_eq!(charge["usage_count"], count);
}

#[tokio::test]
async fn usage_charges_read_little_more_than_the_pages() {
    let world = world().await;
    post_all(&world, &(0..1_000).map(|n| usage(instant(n, MINUTE), n)).collect::<Vec<_>>()).await;
    let bytes: usize = pages(&world).await.iter().map(|page| page.size).sum();

    world.system.engine().reset_capacity();
    world.get("/v1/subscriptions/sub/usage-charges").await.expect(200);

    println!("usage charges over {bytes} bytes: {:#?}", consumed(&world).operations);
    let queries = consumed(&world).of("Query").read_units;
    assert!(queries <= bytes as f64 / 4_096.0 + 2.0, "{queries}");
}

/// Corrections write over what stands, so the bytes that were ever written outgrow the bytes that are there. A page
/// whose end did not move must never show a version (`E`, `B`) again, or an outdated split would undo what came after.
#[tokio::test]
async fn no_page_ever_shows_a_version_twice() {
    let world = world().await;
    let mut before: HashMap<String, Page> = HashMap::new();
    for n in 0..40 {
        world.post(USAGES, usage(instant(n, MINUTE), n)).await.expect(201);
        for m in 0..4 {
            let wrong = usage(instant(n, MINUTE), 1_000 + m);
            let stands = world.post(USAGES, wrong).await.expect(409)["existing"]["id"].clone();
            world.delete(&format!("{USAGES}/{}", stands.as_str().unwrap()), &[]).await.expect(204);
            world.post(USAGES, usage(instant(n, MINUTE), 1_000 + m)).await.expect(201);

            for page in pages(&world).await {
                if let Some(old) = before.get(&page.start) {
                    let rises = page.written > old.written || page == *old;
                    assert!(page.end < old.end || rises, "record {n}: {old:#?}\nbecame {page:#?}");
                }
                before.insert(page.start.clone(), page);
            }
        }
    }
    let dates = (0..40).map(|n| instant(n, MINUTE)).collect::<Vec<_>>();

    let total = world.get("/v1/subscriptions/sub/usage-charges").await.expect(200)["list"][0].clone();

    assert_eq!((&total["total_usage"], &total["usage_count"]), (&json!("40120"), &json!(dates.len())));
}

/// A world whose February is closed, with 200 records of 1 in it, and one in March.
async fn closed() -> World {
    let world = world().await;
    post_all(&world, &(0..200).map(|n| usage(instant(n, MINUTE), 1)).collect::<Vec<_>>()).await;
    world.live_until("2027-03-01T00:30:00Z").await;
    world.usage("2027-03-01T00:10:00Z", "1").await.expect(201);
    world.system.engine().reset_capacity();
    world.live_until("2027-03-01T01:00:00Z").await;
    world
}

#[tokio::test]
async fn a_closed_period_is_sealed_without_a_gap_and_the_next_one_is_open() {
    let world = closed().await;

    let pages = pages(&world).await;

    let march = "2027-03-01T00:00:00Z".parse::<Timestamp>().unwrap().millis();
    let bound = pages.iter().position(|page| base36(&page.start) == march);
    let bound = bound.unwrap_or_else(|| panic!("no page begins at the period's end: {pages:#?}"));
    assert_eq!(pages[0].start, "000000000");
    assert!(pages.windows(2).all(|pair| pair[0].end == pair[1].start));
    let seals: Vec<Option<&str>> = pages.iter().map(|page| page.sealed.as_deref()).collect();
    assert_eq!(seals[..bound], vec![Some("0"); bound]);
    assert_eq!(seals[bound..], vec![None; pages.len() - bound]);
    let seals = consumed(&world).of("UpdateItem").write_units;
    println!("sealing 200 records in {bound} pages: {seals} write units");
    assert!(seals <= 0.05 * 200.0 + 2.0, "{seals}");
}

#[tokio::test]
async fn a_record_for_a_sealed_period_is_late_and_stands_beside_the_pages() {
    let world = closed().await;
    let (sealed, invoice) = (pages(&world).await, world.invoice("inv_sub_1").await);
    let date = "2027-02-20T00:00:00Z";

    let late = world.usage(date, "7").await.expect(201);
    let again = world.usage(date, "7.0").await.expect(200);
    let other = world.usage(date, "8").await.expect(409);
    let path = format!("{USAGES}/{}", late["id"].as_str().unwrap());
    let read = world.get(&path).await.expect(200);
    let rows = items(&world, "LATE#minutes-usd#").await;
    world.delete(&path, &[]).await.expect(204);
    world.delete(&path, &[]).await.expect(204);
    let retry = world.usage(date, "7").await.expect(409);
    let correction = world.usage(date, "9").await.expect(201);
    world.delete(&path, &[]).await.expect(204);

    assert_eq!((&late["billable"], &late["not_billable_reason"]), (&json!(false), &json!("late")));
    assert_eq!([&again, &other["existing"], &read], [&late; 3]);
    assert_eq!(rows.len(), 1);
    assert_eq!(retry["type"], "/problems/deleted-usage");
    assert_eq!(world.get(&path).await.status, 404);
    assert_eq!(world.get(&format!("{USAGES}/{}", correction["id"].as_str().unwrap())).await.expect(200), correction);
    assert_eq!(pages(&world).await, sealed);
    assert_eq!(world.invoice("inv_sub_1").await, invoice);
}

#[tokio::test]
async fn a_retry_of_a_billed_record_is_replayed_after_the_seal() {
    let world = closed().await;

    let replayed = world.usage("2027-02-01T00:03:00Z", "1").await.expect(200);
    let other = world.usage("2027-02-01T00:03:00Z", "2").await.expect(409);

    assert_eq!(replayed["billable"], true);
    assert_eq!(other["existing"], replayed);
    assert!(items(&world, "LATE#").await.is_empty());
}

#[tokio::test]
async fn a_late_deletion_of_a_billed_record_leaves_the_invoice_as_it_was() {
    let world = closed().await;
    let invoice = world.invoice("inv_sub_1").await;
    let billed = world.usage("2027-02-01T00:03:00Z", "1").await.expect(200);
    let path = format!("{USAGES}/{}", billed["id"].as_str().unwrap());
    assert_eq!(world.get(&path).await.expect(200)["invoice_id"], "inv_sub_1");

    world.delete(&path, &[]).await.expect(204);
    world.delete(&path, &[]).await.expect(204);

    assert_eq!(world.get(&path).await.status, 404);
    let retry = world.usage("2027-02-01T00:03:00Z", "1").await.expect(409);
    assert_eq!(retry["type"], "/problems/deleted-usage");
    assert_eq!((&invoice["total"], &invoice["lines"][0]["usage_count"]), (&json!("10.00"), &json!(200)));
    assert_eq!(world.invoice("inv_sub_1").await, invoice);
}
