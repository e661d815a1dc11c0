//! Usages that come alone.

use billing::time::Timestamp;
use local::System;

use crate::budget::Budgets;
use crate::cost::Cost;
use crate::harness::World;
use crate::table::{figure, print};
use crate::usages::{Kind, MONTH, MONTH_SECONDS, PATH, Random, world};

/// How usages follow each other: seconds between them, how many, and whether the function still remembers the last one.
struct Density {
    name: &'static str,
    seconds: i64,
    count: i64,
    warm: bool,
}

fn densities(quick: bool) -> Vec<Density> {
    let count = |full: i64| if quick { full.min(120) } else { full };
    vec![
        Density { name: "one a month", seconds: 30 * 86_400, count: 60, warm: false },
        Density { name: "one a day", seconds: 86_400, count: count(365), warm: false },
        Density { name: "one an hour", seconds: 3_600, count: count(744), warm: false },
        Density { name: "one a minute", seconds: 60, count: count(1_440), warm: false },
        Density { name: "one a second", seconds: 1, count: count(1_440), warm: true },
    ]
}

/// Counts each density with each kind of usage.
pub async fn run(quick: bool, budgets: &mut Budgets) {
    let mut rows = Vec::new();
    for density in densities(quick) {
        let mut costs = Vec::new();
        for kind in Kind::ALL {
            eprintln!("alone, {}: {}", density.name, kind.name());
            let seconds = (0..density.count).map(|n| MONTH + 30 + n * density.seconds);
            costs.push(count(kind, seconds.collect(), density.warm).await);
        }
        hold(budgets, density.name, &costs);
        rows.push(row(density.name, &costs));
    }
    let mut costs = Vec::new();
    for kind in Kind::ALL {
        eprintln!("alone, backfill at random: {}", kind.name());
        let mut seconds: Vec<i64> =
            (0..if quick { 120 } else { 1_440 }).map(|n| MONTH + n * 1_859 % MONTH_SECONDS).collect();
        Random(7).shuffle(&mut seconds);
        costs.push(count(kind, seconds, true).await);
    }
    rows.push(row("backfill at random", &costs));
    let header = [
        "alone",
        "plain: write units",
        "read units",
        "calls",
        "USD a million",
        "id of 12: write units",
        "USD a million",
        "UUID: write units",
        "USD a million",
        "UUID, note of 100: write units",
        "USD a million",
    ];
    print("### Usages that come alone", &header, &rows);
    println!("\nBut for one a second and the backfill, each is recorded by a function that remembers nothing.");
}

/// Posts a usage at each second, at that second or, where it lies behind, later.
async fn count(kind: Kind, seconds: Vec<i64>, warm: bool) -> Cost {
    let mut world = world("2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z").await;
    let engine = world.system.engine().clone();
    let mut latest = MONTH;
    engine.reset_capacity();
    for &second in &seconds {
        if !warm {
            world = World { system: System::with_engine(engine.clone()).await.unwrap() };
        }
        latest = latest.max(second);
        world.system.set_now(Timestamp::from_millis(1_000 * latest).unwrap());
        world.post(PATH, kind.usage(second)).await.expect(201);
    }
    Cost { records: u32::try_from(seconds.len()).unwrap(), meter: engine.capacity() }
}

fn row(name: &str, costs: &[Cost]) -> Vec<String> {
    let mut row = vec![name.to_owned()];
    for (index, cost) in costs.iter().enumerate() {
        row.push(figure(cost.writes()));
        if index == 0 {
            row.extend([figure(cost.reads()), figure(cost.calls())]);
        }
        row.push(figure(cost.dollars()));
    }
    row
}

fn hold(budgets: &mut Budgets, name: &str, costs: &[Cost]) {
    for (cost, kind) in costs.iter().zip(Kind::ALL) {
        let what = format!("a usage alone, {name}, {}: write", kind.name());
        match kind {
            Kind::Plain => budgets.hold(what, cost.writes(), 1.1),
            Kind::ShortId | Kind::Uuid => budgets.hold(what, cost.writes(), 1.2),
            // Seven fit into a page, and each new page costs three units more than a usage in an old one.
            Kind::UuidAndNote => budgets.hold_missed(what, cost.writes(), 1.3, 1.45),
        }
    }
}
