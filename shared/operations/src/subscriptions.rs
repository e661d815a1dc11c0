//! Subscriptions: created, read, changed, started and ended.

mod change;
mod create;
mod listed;

pub use change::{Changed, SubscriptionChange, activate, cancel, change, move_period_end, schedule_cancel};
pub use create::{NewSubscription, create};

use billing::error::Failure;
use billing::id::{CustomerId, SubscriptionId};
use billing::invoice::due_boundary;
use billing::refusal::Refusal;
use billing::site::Site;
use billing::subscription::Subscription;
use billing::time::Timestamp;
use store::{Page, Store, Stored};

use crate::document::not_found;
use crate::error::failed;
use crate::invoices::advance;

/// What a subscription is called in messages.
pub const NOUN: &str = "subscription";

/// Reads a subscription.
///
/// # Errors
/// `NotFound` where there is none.
pub async fn subscription(store: &Store, site: &Site, id: &SubscriptionId) -> Result<Subscription, Refusal> {
    load(store, site, id).await.map(|stored| stored.value)
}

/// A part of the subscriptions of a site, or of one customer, by customer and id.
///
/// # Errors
/// `Unreadable` where the cursor is none of this list's.
pub async fn subscriptions(
    store: &Store,
    site: &Site,
    customer: Option<&CustomerId>,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Subscription>, Refusal> {
    store.subscriptions(&site.id, customer, cursor, limit).await.map_err(failed)
}

async fn load(store: &Store, site: &Site, id: &SubscriptionId) -> Result<Stored<Subscription>, Refusal> {
    let stored = store.subscription(&site.id, id).await.map_err(failed)?;
    stored.ok_or_else(|| not_found(NOUN, id))
}

/// The subscription after everything that is due at `now`: the activation invoice and the boundaries since.
///
/// What fails for good does not fail here: it stays due and is listed as stuck, and what was written before stands.
///
/// # Errors
/// `Unavailable` where the storage is busy.
async fn caught_up(
    store: &Store,
    site: &Site,
    subscription: Subscription,
    now: Timestamp,
) -> Result<Subscription, Refusal> {
    if due_boundary(&subscription, now).is_none() {
        return Ok(subscription);
    }
    if let Err(error) = advance(store, site, &subscription.id, now).await {
        let temporary = error.is_temporary();
        let refusal = failed(error);
        if temporary {
            return Err(refusal);
        }
    }
    load(store, site, &subscription.id).await.map(|stored| stored.value)
}
