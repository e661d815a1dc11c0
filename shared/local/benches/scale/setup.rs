//! A live site with very many customers of one subscription each, made through the handlers.

use std::time::Instant;

use bytes::Bytes;
use http::{Method, Request};
use indicatif::{ProgressBar, ProgressStyle};
use local::System;
use local::functions::ROOT_KEY;
use serde_json::{Value, json};

/// When all subscriptions begin: a period earlier than the one that is measured, whose pages begin where a period does, as
/// those of all periods but the first.
const START: &str = "2026-02-01T00:00:00Z";
/// When the grace of the first period is over.
const FIRST_GRACE_OVER: &str = "2026-03-01T01:00:00Z";
/// When the period ends that is measured.
pub const END: &str = "2026-04-01T00:00:00Z";
/// When the grace of an hour is over.
pub const GRACE_OVER: &str = "2026-04-01T01:00:00Z";

const PERIOD_START_SECONDS: i64 = 1_772_323_200;
const MONTH_SECONDS: i64 = 31 * 86_400;
const KEY: &str = "scale-key-0123456789abcdef";

/// Sends a request that has to succeed.
pub async fn must(system: &System, method: Method, path: &str, body: Option<Value>, key: &str) -> Value {
    let request = Request::builder()
        .method(method)
        .uri(format!("http://127.0.0.1{path}"))
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json")
        .body(Bytes::from(body.map(|body| body.to_string()).unwrap_or_default()));
    let answer = system.call(request.unwrap()).await;
    assert!(answer.status().is_success(), "{path}: {answer:?}");
    serde_json::from_slice(answer.body()).unwrap()
}

async fn post(system: &System, path: &str, body: Value) -> Value {
    must(system, Method::POST, path, Some(body), KEY).await
}

/// Reads something of the site.
pub async fn get(system: &System, path: &str) -> Value {
    must(system, Method::GET, path, None, KEY).await
}

/// A line that moves while something is done so many times.
fn progress(what: &'static str, count: u32) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {bar:30} {pos} of {len}, {eta} left").unwrap();
    ProgressBar::new(count.into()).with_style(style).with_message(what)
}

/// Works on all messages, and gives how many were done.
pub async fn pump(system: &System, what: &'static str, expected: u32) -> u32 {
    let bar = progress(what, expected);
    let mut done = 0;
    loop {
        let batch = system.pump_once().await;
        if batch.received == 0 {
            bar.finish_and_clear();
            return done;
        }
        done += u32::try_from(batch.deleted).unwrap();
        bar.inc(batch.deleted as u64);
    }
}

/// Makes the site, the customers, their subscriptions over 0.05 a unit, closes a first period without usage, and records so
/// many usages of 1.5 for each.
pub async fn run(system: &System, subscriptions: u32, usages: u32) {
    let begun = Instant::now();
    system.set_now(START.parse().unwrap());
    must(system, Method::POST, "/v1/sites", Some(json!({"id": "scale"})), ROOT_KEY).await;
    let key = json!({"site_id": "scale", "scopes": ["admin"], "key": KEY});
    must(system, Method::POST, "/v1/api-keys", Some(key), ROOT_KEY).await;
    post(system, "/v1/items", json!({"id": "calls", "name": "Calls", "type": "plan"})).await;
    let price = json!({
        "id": "calls-usd", "item_id": "calls", "currency_code": "USD", "period": {"every": 1, "unit": "month"},
        "metered": true, "price": {"model": "per_unit", "unit_amount": "0.05"}
    });
    post(system, "/v1/item-prices", price).await;
    let bar = progress("subscriptions", subscriptions);
    for n in 0..subscriptions {
        post(system, "/v1/customers", json!({"id": format!("c{n}"), "name": format!("Customer {n}")})).await;
        let items = json!([{"item_price_id": "calls-usd"}]);
        let body = json!({"id": format!("s{n}"), "customer_id": format!("c{n}"), "start_date": START, "items": items});
        post(system, "/v1/subscriptions", body).await;
        bar.inc(1);
    }
    bar.finish_and_clear();
    system.set_now(FIRST_GRACE_OVER.parse().unwrap());
    system.tick().await.unwrap();
    assert_eq!(pump(system, "first periods", subscriptions).await, subscriptions);
    system.set_now("2026-03-31T23:59:59Z".parse().unwrap());
    let bar = progress("usages", subscriptions * usages);
    let mut batch = Vec::new();
    for n in 0..subscriptions {
        for of in 0..usages {
            let second = PERIOD_START_SECONDS
                + i64::from(of) * (MONTH_SECONDS - 3_600) / i64::from(usages)
                + i64::from(n % 3_600);
            batch.push(json!({
                "subscription_id": format!("s{n}"), "item_price_id": "calls-usd", "quantity": "1.5", "usage_date": second
            }));
        }
        if batch.len() + usages as usize > 1_000 || n + 1 == subscriptions {
            bar.inc(batch.len() as u64);
            let answer = post(system, "/v1/usages", json!({"usages": std::mem::take(&mut batch)})).await;
            let all = answer["outcomes"].as_array().unwrap();
            assert!(all.iter().all(|outcome| outcome["status"] == 201), "{answer}");
        }
    }
    bar.finish_and_clear();
    let seconds = begun.elapsed().as_secs_f64();
    println!("set up in {seconds:.0} s: {subscriptions} subscriptions with {usages} usages each");
}
