//! A steady stream of lone usages for one subscription, each sent in its time whether or not the ones before it are
//! answered.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use indicatif::{ProgressBar, ProgressStyle};

use crate::world::{START, WEEK, World};

pub async fn run(world: &World, rate: u32, seconds: u64) -> u64 {
    let start = START + 20 * WEEK;
    world.set_clock(start + WEEK - 1).await;
    world.subscribe("stream", start).await;
    let total = u64::from(rate) * seconds;
    let style = ProgressStyle::with_template("stream {bar:30} {pos} of {len} usages, {eta} left").unwrap();
    let progress = ProgressBar::new(total).with_style(style);
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate);
    let mut open = FuturesUnordered::new();
    let (mut sent, mut recorded, mut refused, mut latencies) = (0_u64, 0_u64, 0_u64, Vec::new());
    while sent < total || !open.is_empty() {
        tokio::select! {
            _ = ticks.tick(), if sent < total => {
                let (id, date) = (format!("s-{sent}"), start + i64::try_from(sent).unwrap());
                open.push(async move {
                    let begun = Instant::now();
                    (world.post("stream", &id, date).await.0, begun.elapsed())
                });
                sent += 1;
            }
            Some((status, latency)) = open.next() => {
                if status == 201 { recorded += 1 } else { refused += 1 }
                latencies.push(latency);
                progress.inc(1);
            }
        }
    }
    progress.finish_and_clear();
    latencies.sort_unstable();
    let at = |share: usize| latencies[(latencies.len() - 1) * share / 1_000].as_secs_f64() * 1_000.0;
    let (counted, _) = world.counted("stream").await;
    println!(
        "a stream of {rate} usages a second for {seconds} s on one subscription: {recorded} recorded, {refused} refused, \
         {} lost, {} doubled; latency ms median {:.1}, p99 {:.1}, worst {:.1}",
        recorded.saturating_sub(counted),
        counted.saturating_sub(recorded),
        at(500),
        at(990),
        at(1_000),
    );
    refused + counted.abs_diff(recorded)
}
