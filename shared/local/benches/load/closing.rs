//! Usage is posted while its period closes: each is on the invoice, or its caller was told that it is late.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use tokio::sync::watch;

use crate::world::{START, WEEK, World};

const ROUNDS: i64 = 10;
const CLIENTS: usize = 8;

#[derive(Default)]
struct Counts {
    billed: u64,
    late: u64,
    refused: u64,
    invoiced: u64,
}

pub async fn run(world: &World) -> u64 {
    world.subscribe("closing", START).await;
    let mut counts = Counts::default();
    for round in 0..ROUNDS {
        one_period(world, round, &mut counts).await;
    }
    let stored = world.api.list("/v1/subscriptions/closing/usages").await;
    let on_invoices = stored.iter().filter(|usage| usage["invoice_id"].is_string()).count() as u64;
    let Counts { billed, late, refused, invoiced } = counts;
    println!(
        "a close under fire: {ROUNDS} periods; {billed} usages acknowledged as billed, {late} as late, {refused} refused; \
         the invoices count {invoiced}, and {on_invoices} usages say that they are on one"
    );
    billed.abs_diff(invoiced) + billed.abs_diff(on_invoices) + (billed + late).abs_diff(stored.len() as u64) + refused
}

/// Posts into a period from before its end until its invoice is closed.
async fn one_period(world: &World, round: i64, counts: &mut Counts) {
    let end = START + (round + 1) * WEEK;
    world.set_clock(end - 60).await;
    let (closed, watched) = watch::channel(false);
    let clients = (0..CLIENTS).map(|client| post_until(world, round, client, end, watched.clone()));
    let close = async {
        // The clients get going, before and in the grace; then the period closes in their midst.
        tokio::time::sleep(Duration::from_millis(100)).await;
        world.set_clock(end).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        world.set_clock(end + 3_600).await;
        let path = format!("/v1/invoices/inv_closing_{}", round + 1);
        loop {
            let (status, invoice) = world.api.send(Method::GET, &path, None).await.unwrap();
            if status == 200 && invoice["status"] != "pending" {
                closed.send_replace(true);
                return invoice["lines"][0]["usage_count"].as_u64().unwrap();
            }
        }
    };
    let (posted, invoiced) = tokio::join!(futures_util::future::join_all(clients), close);
    counts.invoiced += invoiced;
    for (outcome, count) in posted.into_iter().flatten() {
        match outcome {
            "billed" => counts.billed += count,
            "late" => counts.late += count,
            _ => counts.refused += count,
        }
    }
}

async fn post_until(
    world: &World,
    round: i64,
    client: usize,
    end: i64,
    closed: watch::Receiver<bool>,
) -> BTreeMap<&'static str, u64> {
    let mut outcomes = BTreeMap::new();
    for number in 0_i64.. {
        // One more after the close: that one is late.
        let last = *closed.borrow();
        let id = format!("c-{round}-{client}-{number}");
        let (status, answer) = world.post("closing", &id, end - 1 - (number * 977) % (WEEK - 120)).await;
        let outcome = match (status, answer["billable"].as_bool()) {
            (201, Some(true)) => "billed",
            (201, Some(false)) => "late",
            _ => "refused",
        };
        *outcomes.entry(outcome).or_default() += 1;
        if last {
            break;
        }
    }
    outcomes
}
