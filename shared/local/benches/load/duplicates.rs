//! The same usage, posted 64 times at the same moment: it is recorded once, and every caller is told so.

use futures_util::future::join_all;

use crate::world::{START, World};

const ROUNDS: u32 = 20;
const AT_ONCE: u32 = 64;

pub async fn run(world: &World) -> u64 {
    world.subscribe("duplicates", START).await;
    let (mut recorded, mut replayed, mut refused) = (0_u64, 0_u64, 0_u64);
    for round in 0..ROUNDS {
        let id = format!("call-{round}");
        let posts = (0..AT_ONCE).map(|_| world.post("duplicates", &id, START + i64::from(round)));
        for (status, _) in join_all(posts).await {
            match status {
                201 => recorded += 1,
                200 => replayed += 1,
                _ => refused += 1,
            }
        }
    }
    let (counted, _) = world.counted("duplicates").await;
    println!(
        "duplicates: {ROUNDS} usages, each posted {AT_ONCE} times at once: {recorded} recorded, {replayed} replayed, \
         {refused} refused; {counted} are counted"
    );
    let expected = u64::from(ROUNDS);
    recorded.abs_diff(expected) + counted.abs_diff(expected) + refused
}
