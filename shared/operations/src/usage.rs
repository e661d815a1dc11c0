//! Usages: recorded and deleted.

mod admit;
mod delete;
mod record;

pub use delete::{Deleted, UsageVersion, delete};
pub use record::{record, unanswered};

use std::sync::Arc;

use billing::refusal::{Kind, Refusal};
use billing::subscription::Subscription;
use billing::usage::UsageRecord;
use store::Standing;

/// A usage that stands, with the subscription that says whether it is billed.
#[derive(Clone, Debug)]
pub struct StandingUsage {
    /// The subscription.
    pub subscription: Arc<Subscription>,
    /// The record.
    pub record: UsageRecord,
    /// Whether it came after its period was closed.
    pub late: bool,
}

impl StandingUsage {
    fn new(subscription: &Arc<Subscription>, standing: Standing) -> StandingUsage {
        StandingUsage { subscription: Arc::clone(subscription), record: standing.record, late: standing.late }
    }
}

/// The period is closed, and the site or the subscription refuses what comes after that.
fn too_late() -> Refusal {
    let detail = "the usage's period is closed, and late_usage is reject here";
    Refusal::new(Kind::LateUsage, detail).field("usage_date")
}
