//! The usages that are sent, and the world that they are sent to.

use serde_json::{Value, json};

use crate::harness::World;

/// Where the month of most workloads begins: 1 March 2026, in seconds since 1970.
pub const MONTH: i64 = 1_772_323_200;
/// Its length in seconds: 31 days.
pub const MONTH_SECONDS: i64 = 31 * 86_400;
/// Where usage is posted.
pub const PATH: &str = "/v1/subscriptions/sub/usages";

/// What a usage says beside its date and quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Plain,
    ShortId,
    Uuid,
    UuidAndNote,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Plain, Kind::ShortId, Kind::Uuid, Kind::UuidAndNote];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Plain => "plain",
            Kind::ShortId => "id of 12",
            Kind::Uuid => "UUID",
            Kind::UuidAndNote => "UUID, note of 100",
        }
    }

    /// A usage at the second.
    pub fn usage(self, second: i64) -> Value {
        let mut usage = json!({"item_price_id": "minutes-usd", "usage_date": second, "quantity": "12.5"});
        match self {
            Kind::Plain => {}
            Kind::ShortId => usage["id"] = format!("call-{:07}", second % 10_000_000).into(),
            Kind::Uuid | Kind::UuidAndNote => usage["id"] = uuid(second).into(),
        }
        if self == Kind::UuidAndNote {
            usage["note"] = "call 0123456789 ".repeat(7)[..100].into();
        }
        usage
    }
}

/// A UUID that looks random and follows from a number.
pub fn uuid(number: i64) -> String {
    let mut random = Random(u64::from_ne_bytes(number.to_ne_bytes()));
    let digits = format!("{:016x}{:016x}", random.next(), random.next());
    format!("{}-{}-4{}-a{}-{}", &digits[..8], &digits[8..12], &digits[13..16], &digits[17..20], &digits[20..])
}

/// Numbers that look random and are the same in each run: SplitMix64 (Steele, Lea, Flood, 2014).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The values in another order.
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            let bound = u64::try_from(last + 1).unwrap();
            values.swap(last, usize::try_from(self.next() % bound).unwrap());
        }
    }
}

/// `count` even seconds spread evenly over the month.
pub fn spread(count: usize) -> Vec<i64> {
    let count = i64::try_from(count).unwrap();
    (0..count).map(|n| MONTH + n * (MONTH_SECONDS - 60) / count / 2 * 2).collect()
}

/// A live site whose subscription `sub` to `minutes-usd` runs by the month from `start` on; it is `now`.
pub async fn world(start: &str, now: &str) -> World {
    let world = World::live(now).await;
    world.catalogue().await;
    world.subscribe(start, &["minutes-usd"]).await;
    world
}

/// The same over March 2026, which is over by a few minutes: usage is still in time.
pub async fn month() -> World {
    world("2026-03-01T00:00:00Z", "2026-03-31T23:59:59Z").await
}

/// Posts usages in batches of that size, and sees to it that all are recorded.
pub async fn post(world: &World, usages: &[Value], size: usize) {
    for batch in usages.chunks(size) {
        let answer = world.post(PATH, json!({ "usages": batch })).await.expect(207);
        let outcomes = answer["outcomes"].as_array().unwrap();
        assert!(outcomes.iter().all(|outcome| outcome["status"] == 201), "{answer:#}");
    }
}

/// Fills the month with plain usages at these seconds, as cheaply as it goes.
pub async fn fill(world: &World, seconds: &[i64]) {
    let usages: Vec<Value> = seconds.iter().map(|&second| Kind::Plain.usage(second)).collect();
    post(world, &usages, 1_000).await;
}
