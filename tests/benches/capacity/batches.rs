//! Usages that come in batches, in order and at random, into an empty month and into one that is full already.

use serde_json::Value;

use crate::budget::Budgets;
use crate::cost::Cost;
use crate::table::{figure, print};
use crate::usages::{Kind, MONTH, Random, fill, month, post, spread};

/// How many usages a full month holds.
const FILLED: usize = 5_000;

/// The sizes of batches, and how many usages are sent in them.
const SIZES: [(usize, usize); 3] = [(10, 1_000), (100, 2_000), (1_000, 5_000)];

/// Counts each size, order and kind.
pub async fn run(quick: bool, budgets: &mut Budgets) {
    let mut rows = Vec::new();
    for (size, count) in SIZES {
        for kind in Kind::ALL {
            eprintln!("in batches of {size}: {}", kind.name());
            let mut row = vec![size.to_string(), kind.name().to_owned()];
            for filled in [false, true] {
                for random in [false, true] {
                    if quick && filled {
                        row.push(String::new());
                        continue;
                    }
                    let cost = run_one(kind, size, count, filled, random).await;
                    if size == 1_000 && !filled {
                        hold(budgets, kind, random, &cost);
                    }
                    row.push(figure(cost.writes()));
                    if !filled && !random {
                        row.extend([figure(cost.reads()), figure(cost.dollars())]);
                    }
                }
            }
            rows.push(row);
        }
    }
    let header = [
        "batch of",
        "usages",
        "empty month, in order: write units",
        "read units",
        "USD a million",
        "at random: write units",
        "full month, a run in its middle: write units",
        "at random: write units",
    ];
    print("### Usages that come in batches", &header, &rows);
    println!("\nA full month holds {FILLED} usages before. At random: all over the month, in no order.");
}

async fn run_one(kind: Kind, size: usize, count: usize, filled: bool, random: bool) -> Cost {
    let world = month().await;
    if filled {
        fill(&world, &spread(FILLED)).await;
    }
    let mut seconds: Vec<i64> = match (filled, random) {
        (true, false) => (0..i64::try_from(count).unwrap()).map(|n| MONTH + 1_300_001 + 2 * n).collect(),
        // Odd seconds, where the month has none yet.
        _ => spread(count).into_iter().map(|second| second + 17).collect(),
    };
    if random {
        Random(11).shuffle(&mut seconds);
    }
    let usages: Vec<Value> = seconds.into_iter().map(|second| kind.usage(second)).collect();
    Cost::of(&world, count, post(&world, &usages, size)).await
}

/// The design's budget is for batches into a month that they fill; those that follow at random cost more, since each
/// touches every page.
fn hold(budgets: &mut Budgets, kind: Kind, random: bool, cost: &Cost) {
    let what = format!("batches of 1,000 {}, {}: write", if random { "at random" } else { "in order" }, kind.name());
    match (random, kind) {
        (_, Kind::UuidAndNote) => {}
        (false, Kind::Plain) => budgets.hold(what, cost.writes(), 0.04),
        (false, Kind::ShortId) => budgets.hold(what, cost.writes(), 0.08),
        (false, Kind::Uuid) => budgets.hold_missed(what, cost.writes(), 0.08, 0.09),
        (true, Kind::Plain) => budgets.hold_missed(what, cost.writes(), 0.08, 0.13),
        (true, Kind::ShortId) => budgets.hold_missed(what, cost.writes(), 0.08, 0.22),
        (true, Kind::Uuid) => budgets.hold_missed(what, cost.writes(), 0.08, 0.3),
    }
}
