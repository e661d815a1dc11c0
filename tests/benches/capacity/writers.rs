//! Many environments of the function that record for one subscription, a second apart, each in its turn: every one of them
//! remembers pages that the others have filled and split since.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use billing::time::Timestamp;
use local::{Call, Interceptor, System, Verdict};

use crate::budget::Budgets;
use crate::cost::Cost;
use crate::harness::World;
use crate::table::{figure, print};
use crate::usages::{Kind, MONTH, PATH, world};

/// Conflicts with every so many-th write, as another writer's transaction would.
struct Conflicts {
    every: usize,
    writes: AtomicUsize,
}

impl Interceptor for Conflicts {
    fn before(&self, call: &Call) -> Verdict {
        let is_write = matches!(call.operation.as_str(), "UpdateItem" | "TransactWriteItems");
        if is_write && self.writes.fetch_add(1, Ordering::SeqCst) % self.every == self.every - 1 {
            Verdict::Conflict
        } else {
            Verdict::Forward
        }
    }
}

/// Counts what a usage costs with more and more environments, and with conflicts.
pub async fn run(quick: bool, budgets: &mut Budgets) {
    let each: i64 = if quick { 30 } else { 120 };
    let mut rows = Vec::new();
    for (environments, every) in [(1, None), (2, None), (8, None), (32, None), (8, Some(10))] {
        let name = match every {
            None => format!("{environments}"),
            Some(every) => format!("{environments}, a conflict at every {every}th write"),
        };
        eprintln!("environments: {name}");
        let cost = count(environments, each, every).await;
        rows.push(vec![name.clone(), figure(cost.calls()), figure(cost.writes()), figure(cost.reads())]);
        // Each environment has to find every page that another one began: the fewer usages it sends, the more that is of
        // each.
        let what = format!("a usage by one of environments ({name}): write");
        budgets.hold_missed(what, cost.writes(), 1.1, 1.3);
    }
    print(
        "### Environments that record for one subscription",
        &["environments", "calls", "write units", "read units"],
        &rows,
    );
}

async fn count(environments: i64, each: i64, every: Option<usize>) -> Cost {
    let first = world("2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z").await;
    let plain = first.system.engine().clone();
    let engine = match every {
        None => plain.clone(),
        Some(every) => plain.clone().with_interceptor(Arc::new(Conflicts { every, writes: AtomicUsize::new(0) })),
    };
    let mut worlds = Vec::new();
    for _ in 0..environments {
        worlds.push(World { system: System::with_engine(engine.clone()).await.unwrap() });
    }
    plain.reset_capacity();
    for n in 0..environments * each {
        let second = MONTH + n;
        let world = &worlds[usize::try_from(n % environments).unwrap()];
        world.system.set_now(Timestamp::from_millis(1_000 * second).unwrap());
        world.post(PATH, Kind::Plain.usage(second)).await.expect(201);
    }
    Cost { records: u32::try_from(environments * each).unwrap(), meter: plain.capacity() }
}
