//! What is due, and what keeps failing on the way.

use billing::id::{SiteId, SubscriptionId};
use billing::refusal::Refusal;
use billing::site::Site;
use billing::time::Timestamp;
use store::{DueReader, Page, Store, Stuck};

use crate::error::{Error, failed};

/// Every subscription with something due at `now`, however long ago it became so; for test sites their own clock counts.
pub fn due(store: &Store, now: Timestamp) -> DueReader<'_> {
    store.due(now)
}

/// Notes one more failure to do what is due for a subscription, and gives what is noted; `now` is real time.
///
/// # Errors
/// As every call of the store.
pub async fn mark_stuck(
    store: &Store,
    site: &SiteId,
    subscription: &SubscriptionId,
    reason: String,
    now: Timestamp,
) -> Result<Stuck, Error> {
    Ok(store.mark_stuck(site, subscription, reason, now).await?)
}

/// A part of what is stuck in a site.
///
/// # Errors
/// `Unreadable` where the cursor is none of this list's.
pub async fn stuck(store: &Store, site: &Site, cursor: Option<&str>, limit: usize) -> Result<Page<Stuck>, Refusal> {
    store.stuck(&site.id, cursor, limit).await.map_err(failed)
}
