//! As many usages as go through, alone and in batches, from clients that wait for each answer.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use crate::host::Host;
use crate::world::{START, WEEK, World};

const CLIENTS: usize = 16;

pub async fn run(world: &World, seconds: u64, host: &Host) -> u64 {
    let mut faults = 0;
    println!(
        "\n| posts of | clients | usages a second | posts a second | host's CPU ms a post | refused |\n|---|---|---|---|---|---|"
    );
    for (part, size) in [1, 100, 1_000].into_iter().enumerate() {
        let start = START + (30 + i64::try_from(part).unwrap()) * WEEK;
        world.set_clock(start + WEEK - 1).await;
        for client in 0..CLIENTS {
            world.subscribe(&format!("t-{size}-{client}"), start).await;
        }
        let (begun, cpu) = (Instant::now(), host.cpu());
        let until = begun + Duration::from_secs(seconds);
        let clients = (0..CLIENTS).map(|client| post_until(world, format!("t-{size}-{client}"), size, start, until));
        let (mut posts, mut recorded, mut refused) = (0, 0, 0);
        for counts in join_all(clients).await {
            (posts, recorded, refused) = (posts + counts.0, recorded + counts.1, refused + counts.2);
        }
        let (took, cpu) = (begun.elapsed().as_secs_f64(), host.cpu() - cpu);
        println!(
            "| {size} | {CLIENTS} | {:.0} | {:.0} | {:.2} | {refused} |",
            f64::from(recorded) / took,
            f64::from(posts) / took,
            cpu.as_secs_f64() * 1_000.0 / f64::from(posts),
        );
        let mut counted = 0;
        for client in 0..CLIENTS {
            counted += world.counted(&format!("t-{size}-{client}")).await.0;
        }
        faults += u64::from(refused) + counted.abs_diff(u64::from(recorded));
    }
    faults
}

/// Posts one after the other, and counts posts, recorded and refused usages.
async fn post_until(world: &World, subscription: String, size: u32, start: i64, until: Instant) -> (u32, u32, u32) {
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
        match world.api.send(Method::POST, &path, Some(&body)).await {
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
