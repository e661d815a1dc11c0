//! What is due: subscriptions whose period has ended, and invoices whose grace has run out.

use std::collections::BTreeSet;

use billing::id::{SiteId, SubscriptionId};
use billing::site::Site;
use billing::timestamp::Timestamp;

use crate::Store;
use crate::error::StoreError;
use crate::key;
use crate::table::{Ask, get_text};

/// A subscription that has something due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// Its site.
    pub site_id: SiteId,
    /// The subscription.
    pub subscription_id: SubscriptionId,
}

impl Store {
    /// Every subscription with something due at `now`, however long ago it became so; for test sites their own clock
    /// counts. What failed lately and waits for its next attempt is left out.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn due(&self, now: Timestamp) -> Result<Vec<Due>, StoreError> {
        let mut due = BTreeSet::new();
        for shard in key::live_shards() {
            due.extend(self.due_in(&shard, now).await?);
        }
        for site in self.test_sites().await? {
            due.extend(self.due_in(&key::test_shard(&site.id), site.now(now)).await?);
        }
        let sites: BTreeSet<SiteId> = due.iter().map(|due| due.site_id.clone()).collect();
        for site in sites {
            let waiting = match self.waiting(&site, now).await {
                Err(StoreError::Corrupt { what }) => {
                    tracing::error!(what, "what is stuck in a site is unreadable, so nothing of it waits");
                    continue;
                }
                waiting => waiting?,
            };
            due.retain(|due| due.site_id != site || !waiting.contains(&due.subscription_id));
        }
        Ok(due.into_iter().collect())
    }

    /// The subscriptions of one test site with something due by its clock.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn due_in_site(&self, site: &Site, now: Timestamp) -> Result<Vec<SubscriptionId>, StoreError> {
        let due = self.due_in(&key::test_shard(&site.id), now).await?;
        Ok(due.into_iter().map(|due| due.subscription_id).collect())
    }

    async fn due_in(&self, shard: &str, now: Timestamp) -> Result<BTreeSet<Due>, StoreError> {
        let ask = Ask {
            index: Some("due"),
            partition: shard.to_owned(),
            from: "0".to_owned(),
            to: now.millis().to_string(),
            ..Ask::default()
        };
        let items = self.table.query(&ask).await?;
        let read = |item| get_text(item, "PK").and_then(key::parse_subscription_partition);
        let due = items.iter().filter_map(|item| {
            let read = read(item);
            if read.is_none() {
                // It must not hold up the others.
                tracing::error!("an entry of the due index is unreadable");
            }
            read.map(|(site_id, subscription_id)| Due { site_id, subscription_id })
        });
        Ok(due.collect())
    }

    async fn test_sites(&self) -> Result<Vec<Site>, StoreError> {
        let ask = Ask {
            partition: key::TEST_SITES.to_owned(),
            from: " ".to_owned(),
            to: "\u{7f}".to_owned(),
            ..Ask::default()
        };
        let mut sites = Vec::new();
        for item in self.table.query(&ask).await? {
            let id = get_text(&item, "SK").and_then(|id| id.parse::<SiteId>().ok());
            let id = id.ok_or(StoreError::Corrupt { what: "test site" })?;
            match self.site(&id).await {
                Ok(site) => sites.extend(site.map(|site| site.value)),
                // One broken site must not hold up the others.
                Err(StoreError::Corrupt { what }) => tracing::error!(what, "a test site is unreadable"),
                Err(error) => return Err(error),
            }
        }
        Ok(sites)
    }
}
