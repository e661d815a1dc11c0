//! Processor time, ours and the engines'.

use std::collections::BTreeMap;
use std::ops::Sub;
use std::time::Duration;

use local::Engine;
use local::engine::{Busy, thread_time};

/// What a thread has spent so far, the engines' part by operation.
#[derive(Clone, Debug, Default)]
pub struct Spent {
    thread: Duration,
    engine: BTreeMap<String, Busy>,
}

impl Spent {
    /// What the current thread has spent, where it alone calls the engine.
    pub fn now(engine: &Engine) -> Spent {
        Spent { thread: thread_time(), engine: engine.busy() }
    }

    /// The engines' part.
    pub fn engine(&self) -> Duration {
        self.engine.values().map(|busy| busy.time).sum()
    }

    /// What is not the engines'.
    pub fn own(&self) -> Duration {
        self.thread.saturating_sub(self.engine())
    }

    /// What each operation took, the most first.
    pub fn operations(&self) -> Vec<(&str, Busy)> {
        let mut operations: Vec<_> = self.engine.iter().map(|(name, busy)| (name.as_str(), *busy)).collect();
        operations.retain(|(_, busy)| busy.calls > 0);
        operations.sort_by_key(|(_, busy)| std::cmp::Reverse(busy.time));
        operations
    }
}

impl Sub for &Spent {
    type Output = Spent;

    fn sub(self, before: &Spent) -> Spent {
        let since = |(name, busy): (&String, &Busy)| {
            let before = before.engine.get(name).copied().unwrap_or_default();
            (name.clone(), Busy { calls: busy.calls - before.calls, time: busy.time - before.time })
        };
        Spent { thread: self.thread - before.thread, engine: self.engine.iter().map(since).collect() }
    }
}

/// Milliseconds, of so many.
pub fn ms_each(time: Duration, count: u32) -> f64 {
    time.as_secs_f64() * 1_000.0 / f64::from(count.max(1))
}
