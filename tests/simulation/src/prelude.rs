//! What has happened before everybody does something at the same time: nothing goes wrong in it.

use std::sync::{Arc, Mutex, PoisonError};

use crate::book::UsageKey;
use crate::client::Client;

const HOUR: i64 = 3_600_000;

/// How far the first period has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// It runs, without usage.
    Empty,
    /// It runs, with usage.
    Used,
    /// It has just ended.
    Ended,
    /// Its invoice is pending.
    Generated,
    /// Its invoice is closed.
    Closed,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Stage; 5] = [Stage::Empty, Stage::Used, Stage::Ended, Stage::Generated, Stage::Closed];
}

impl Client {
    /// Brings the first period so far, and leaves the versions that stand.
    pub async fn prelude(mut self, stage: Stage, known: Arc<Mutex<Vec<(UsageKey, i64)>>>) {
        let end = self.shared.world.ends[0];
        if stage >= Stage::Used {
            for _ in 0..1 + self.seed.below(4) {
                self.record_one().await;
            }
        }
        if stage >= Stage::Ended {
            let past = *self.seed.one_of(&[0, 0, HOUR / 2]);
            self.shared.move_clock(end.plus_millis(past));
        }
        if stage >= Stage::Generated {
            self.tick().await;
            while self.work(3, 200).await && self.seed.chance(900) {}
        }
        if stage >= Stage::Closed {
            for site in 0..self.shared.world.kind.sites {
                for subscription in 0..self.shared.world.kind.subscriptions {
                    self.close_boundary(site, subscription, 1).await;
                }
            }
        }
        *known.lock().unwrap_or_else(PoisonError::into_inner) = self.known;
    }
}
