//! As many usages as go through, alone and in batches, from clients that wait for each answer.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use crate::client::Api;
use crate::host::Host;
use crate::site;
use crate::spent::ms_each;

const CLIENTS: u32 = 16;
const WEEK: i64 = 7 * 86_400;

pub async fn run(sizes: &[u32], seconds: u64) -> u64 {
    let host = Host::start().await;
    // The site is a live one, as those that usage comes to; usages are dated in the week before now.
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let api = site::make(&host.api(), &json!({"id": "scale"}), "scale-key-0123456789abcdef", "month").await;
    let mut faults = 0;
    println!(
        "\n| usages a post | posts a second | usages a second | our CPU ms a post | engines' CPU ms a post | \
         usages a second and core, without the engines | refused |\n|---|---|---|---|---|---|---|"
    );
    for &size in sizes {
        let names: Vec<String> = (0..CLIENTS).map(|client| format!("t-{size}-{client}")).collect();
        for name in &names {
            site::subscribe(&api, name, now - WEEK).await;
        }
        let (begun, before) = (Instant::now(), host.spent().await);
        let until = begun + Duration::from_secs(seconds);
        let clients = names.iter().map(|name| post_until(&api, name, size, now - WEEK, until));
        let (mut posts, mut recorded, mut refused) = (0, 0, 0);
        for counts in join_all(clients).await {
            (posts, recorded, refused) = (posts + counts.0, recorded + counts.1, refused + counts.2);
        }
        let (took, spent) = (begun.elapsed().as_secs_f64(), &host.spent().await - &before);
        println!(
            "| {size} | {:.0} | {:.0} | {:.2} | {:.2} | {:.0} | {refused} |",
            f64::from(posts) / took,
            f64::from(recorded) / took,
            ms_each(spent.own(), posts),
            ms_each(spent.engine(), posts),
            f64::from(recorded) / spent.own().as_secs_f64(),
        );
        let mut counted = 0;
        for name in &names {
            let path = format!("/v1/subscriptions/{name}/usage-charges");
            let charges = api.must(Method::GET, &path, None).await;
            counted += charges["list"][0]["usage_count"].as_u64().unwrap();
        }
        faults += u64::from(refused) + counted.abs_diff(u64::from(recorded));
    }
    host.stop();
    faults
}

/// Posts one after the other, and counts posts, recorded and refused usages.
async fn post_until(api: &Api, subscription: &str, size: u32, start: i64, until: Instant) -> (u32, u32, u32) {
    let path = format!("/v1/subscriptions/{subscription}/usages");
    let (mut posts, mut recorded, mut refused) = (0, 0, 0);
    let mut number = 0_i64;
    while Instant::now() < until {
        let mut usages = Vec::new();
        for _ in 0..size {
            // Several share a second, and are told apart by their ids.
            let date = start + number / 4 % (WEEK - 1);
            usages.push(
                json!({"id": format!("{number}"), "item_price_id": "calls-usd", "quantity": "1", "usage_date": date}),
            );
            number += 1;
        }
        let body = if size == 1 { usages.remove(0) } else { json!({ "usages": usages }) };
        posts += 1;
        match api.send(Method::POST, &path, Some(&body)).await {
            Ok((201, _)) => recorded += 1,
            Ok((207, answer)) => {
                let is_recorded = |outcome: &&Value| outcome["status"] == 201;
                let count = answer["outcomes"].as_array().unwrap().iter().filter(is_recorded).count();
                recorded += u32::try_from(count).unwrap();
                refused += size - u32::try_from(count).unwrap();
            }
            _ => refused += size,
        }
    }
    (posts, recorded, refused)
}
