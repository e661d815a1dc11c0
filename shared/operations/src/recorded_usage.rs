//! Recorded usage: one usage by its name, or a list of them, each with where it was billed.
//!
//! A list shows what stands now. Only that of an invoice shows what was billed, whatever came after the close.

mod billed;
mod find;
mod list;
mod place;

pub use find::{Found, NamedUsage, UsageName, find};
pub use list::{UsageFilter, list};

use billing::id::SubscriptionId;
use billing::invoice::BilledOn;
use billing::refusal::{Kind, Refusal};
use billing::site::Site;
use billing::subscription::Subscription;
use store::{Standing, Store};

use crate::error::failed;

/// A usage that stands, with where it was billed.
#[derive(Clone, Debug)]
pub struct RecordedUsage {
    /// The usage.
    pub standing: Standing,
    /// The closed invoice and the line that counted it, if one did.
    pub billed_on: Option<BilledOn>,
}

/// Reads the subscription whose usage is asked about: its zone is that of local times, and it says which usage is billed.
///
/// # Errors
/// `NotFound` where there is none.
pub async fn subscription(store: &Store, site: &Site, id: &SubscriptionId) -> Result<Subscription, Refusal> {
    let found = store.subscription(&site.id, id).await.map_err(failed)?;
    found.map(|stored| stored.value).ok_or_else(no_subscription)
}

/// There is no subscription whose usage could be recorded or asked about.
pub(crate) fn no_subscription() -> Refusal {
    Refusal::new(Kind::NotFound, "there is no such subscription").field("subscription_id")
}
