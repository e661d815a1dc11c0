//! A fixed course of events that passes every fault point that there is, for the sweep of single faults.
//!
//! Each step names the points of `faults.md` that it passes.

use crate::book::{Content, UsageKey};
use crate::client::Client;
use crate::world::Kind;

const HOUR: i64 = 3_600_000;

/// What a script's world has to be like.
type Wanted = fn(&Kind) -> bool;

/// The worlds that the script runs in: plain, with a usage limit, with late usage refused.
const WORLDS: [Wanted; 3] = [
    |kind| kind.limit.is_none() && kind.late_usage == "hold" && kind.grace_seconds > 0,
    |kind| kind.limit.is_some() && kind.late_usage == "hold",
    |kind| kind.limit.is_none() && kind.late_usage == "reject",
];

/// How many scripts there are.
pub const SCRIPTS: usize = WORLDS.len();

/// The number of the kind of world that a script runs in: a small one.
pub fn kind_of(script: usize) -> usize {
    let fits = |number: &usize| {
        let kind = Kind::of(*number);
        kind.sites == 1 && kind.subscriptions == 1 && kind.prices == 1 && WORLDS[script % SCRIPTS](&kind)
    };
    (0..10_000).find(fits).unwrap_or_default()
}

fn plain(quantity: &str) -> Content {
    (quantity.to_owned(), None)
}

/// So long that two of them fill a page.
fn long(quantity: &str) -> Content {
    (quantity.to_owned(), Some("n".repeat(380)))
}

impl Client {
    /// Goes through the script.
    pub async fn act(mut self) {
        let end = self.shared.world.ends[0].millis();
        let usage = |distance: i64, id| UsageKey { site: 0, subscription: 0, price: 0, date: end + distance, id };
        let (first, second, third) = (usage(-30 * HOUR, None), usage(-20 * HOUR, Some("a")), usage(-10 * HOUR, None));

        self.step("F1 F2 F3 F5: a record where there is no page");
        self.record(&first, &long("1"), 3).await;
        self.step("F1 F2 F3 F12: another one, by an environment that may remember the page");
        self.record(&second, &long("2"), 3).await;
        self.step("F4 F6 F14: one that fills the page");
        self.record(&third, &long("0.5"), 3).await;
        self.step("F3 F11: the same again, and with another quantity");
        self.record(&first, &long("1"), 3).await;
        self.record(&first, &plain("9"), 3).await;
        self.step("F8 F9 F10: a batch over several pages, one usage of it twice");
        let batch: Vec<(UsageKey, Content)> = [-29, -19, -9, -9, -4]
            .into_iter()
            .map(|hours| (usage(hours * HOUR, None), if hours == -4 { long("3") } else { plain("1") }))
            .collect();
        self.record_batch(&batch, 3).await;
        self.step("F6 F19 F19b F19c F19d: deleted, corrected, deleted, and each again");
        self.delete_known(&second, 3).await;
        self.record(&second, &long("2"), 3).await;
        self.record(&second, &plain("4"), 3).await;
        self.delete_known(&second, 3).await;
        self.delete_known(&second, 3).await;
        self.step("F7: what there is");
        self.list_usages_of(0, 0, 100).await;
        self.read_charges().await;

        self.clock(end);
        self.step("F12 F13: on the boundary and right before it");
        self.record(&usage(0, None), &plain("5"), 3).await;
        self.record(&usage(-1, None), &plain("6"), 3).await;
        self.step("F20 F22 F23 F25 F45: the tick, twice");
        self.tick().await;
        self.tick().await;
        self.step("F30 F34 F35: generated, by a message that comes twice");
        self.work(1, 0).await;
        self.work(3, 0).await;
        self.step("F18: recorded and deleted in the period that has ended");
        self.record(&usage(-2 * HOUR, None), &plain("7"), 3).await;
        self.delete_known(&first, 3).await;
        self.step("F26 F27 F28 F29 F31 F33 F34 F35 F41: closed on request");
        for _ in 0..3 {
            self.close_boundary(0, 0, 1).await;
        }
        self.step("F18 F28: late, deleted late, corrected late");
        self.record(&usage(-3 * HOUR, None), &plain("8"), 3).await;
        self.delete_known(&third, 3).await;
        self.record(&third, &plain("9"), 3).await;

        self.clock(end + 2 * HOUR);
        self.step("F20 F24 F30 F37: whatever is due, and what comes again");
        self.tick().await;
        self.work(3, 500).await;
        self.work(3, 0).await;
        self.step("F12: the boundary moves while the head is remembered");
        self.record(&usage(HOUR, None), &plain("2"), 3).await;
        self.cancel_subscription(0, 0).await;
        self.record(&usage(2 * HOUR, Some("b")), &plain("3"), 3).await;
        self.step("F10 F19 F28: pages of both periods");
        self.list_usages_of(0, 0, 3).await;
        self.read_charges().await;
    }

    fn step(&self, what: &str) {
        self.shared.tell(|| format!("--- {what}"));
    }

    fn clock(&self, to: i64) {
        let to = billing::time::Timestamp::from_millis(to).unwrap_or(billing::time::Timestamp::MIN);
        self.shared.move_clock(to);
    }

    /// Deletes the version that was seen last.
    async fn delete_known(&mut self, key: &UsageKey, attempts: usize) {
        let known = self.known.iter().rev().find(|(known, _)| known == key);
        if let Some((_, version)) = known.cloned() {
            self.delete_version(key, version, attempts).await;
        }
    }
}
