//! What keeps failing: it stays due, is tried again with growing distance, and is listed with its reason.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use billing::id::{SiteId, SubscriptionId};
use billing::invoice::retry_after_millis;
use billing::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Store;
use crate::document::{Page, stored};
use crate::error::{StoreError, sdk_error};
use crate::json::to_json;
use crate::key;
use crate::table::{DOCUMENT, REVISION, keyed, number, text};

/// A subscription whose closing keeps failing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stuck {
    /// The subscription.
    pub subscription_id: SubscriptionId,
    /// What the last attempt failed with.
    pub reason: String,
    /// How many attempts failed in a row.
    pub failures: u32,
    /// When the first of them failed, in real time.
    pub first_failed_at: Timestamp,
    /// Before when the schedule leaves it alone, in real time.
    pub next_attempt_at: Timestamp,
}

impl Store {
    /// The subscription's trouble, if it is in any.
    async fn trouble(&self, site: &SiteId, subscription: &SubscriptionId) -> Result<Option<Stuck>, StoreError> {
        let item = self.table.get(&key::stuck(site, subscription), true).await?;
        item.map(|item| Ok(stored(&item, "stuck entry")?.value)).transpose()
    }

    /// The site's subscriptions that failed lately and are left alone until their next attempt.
    pub(crate) async fn waiting(&self, site: &SiteId, now: Timestamp) -> Result<BTreeSet<SubscriptionId>, StoreError> {
        let mut waiting = BTreeSet::new();
        let mut cursor = None;
        loop {
            let page = self.stuck(site, cursor.as_deref(), 1_000).await?;
            let not_yet = page.items.into_iter().filter(|stuck| now < stuck.next_attempt_at);
            waiting.extend(not_yet.map(|stuck| stuck.subscription_id));
            match page.next {
                Some(next) => cursor = Some(next),
                None => return Ok(waiting),
            }
        }
    }

    /// Notes one more failure and gives the entry; `now` is real time.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn mark_stuck(
        &self,
        site: &SiteId,
        subscription: &SubscriptionId,
        reason: String,
        now: Timestamp,
    ) -> Result<Stuck, StoreError> {
        let before = self.trouble(site, subscription).await?;
        let failures = before.as_ref().map_or(1, |stuck| stuck.failures.saturating_add(1));
        let stuck = Stuck {
            subscription_id: subscription.clone(),
            reason,
            failures,
            first_failed_at: before.map_or(now, |stuck| stuck.first_failed_at),
            next_attempt_at: now.plus_millis(retry_after_millis(failures)),
        };
        let mut item = keyed(&key::stuck(site, subscription));
        item.insert(DOCUMENT.into(), text(to_json(&stuck)?));
        item.insert(REVISION.into(), number(failures));
        let put = self
            .table
            .client
            .put_item()
            .table_name(&self.table.name)
            .set_item(Some(item))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(sdk_error)?;
        self.table.meter.wrote(put.consumed_capacity.as_ref());
        Ok(stuck)
    }

    /// Forgets the subscription's trouble once something was done for it; if there is more, it will be noted again.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn forget_trouble(&self, site: &SiteId, subscription: &SubscriptionId) -> Result<(), StoreError> {
        if self.trouble(site, subscription).await?.is_none() {
            return Ok(());
        }
        let deleted = self
            .table
            .client
            .delete_item()
            .table_name(&self.table.name)
            .set_key(Some(keyed(&key::stuck(site, subscription))))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(sdk_error)?;
        self.table.meter.wrote(deleted.consumed_capacity.as_ref());
        Ok(())
    }

    /// A part of what is stuck in a site.
    ///
    /// # Errors
    /// `Cursor` where the cursor is not one of this list's.
    pub async fn stuck(&self, site: &SiteId, cursor: Option<&str>, limit: usize) -> Result<Page<Stuck>, StoreError> {
        let page = self.list_partition(&key::site_partition(site), "STUCK#", cursor, limit).await?;
        let items = page.items.iter().map(|item| Ok(stored(item, "stuck entry")?.value));
        Ok(Page { items: items.collect::<Result<_, StoreError>>()?, next: page.next })
    }
}
