//! What is due: subscriptions whose period has ended, and invoices whose grace has run out.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use billing::id::{SiteId, SubscriptionId};
use billing::site::Site;
use billing::time::Timestamp;

use crate::Store;
use crate::error::StoreError;
use crate::key;
use crate::table::{Ask, Item, get_text};

/// A subscription that has something due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Due {
    /// Its site.
    pub site_id: SiteId,
    /// The subscription.
    pub subscription_id: SubscriptionId,
}

/// Reads what is due part by part, so that no more of it is in memory than was asked for.
#[derive(Debug)]
pub struct DueReader<'a> {
    store: &'a Store,
    now: Timestamp,
    /// The partitions of the index that are still to be read, each with the time that counts there.
    partitions: VecDeque<(String, Timestamp)>,
    test_sites_listed: bool,
    /// Where the first of them goes on.
    after: Option<Item>,
    /// What was given from it: a subscription may have several invoices due, which all stand in the same partition.
    given: HashSet<Due>,
    /// What waits for its next attempt, by site.
    waiting: BTreeMap<SiteId, BTreeSet<SubscriptionId>>,
}

impl DueReader<'_> {
    /// Gives more subscriptions with something due, each once, and `None` behind the last of them. What failed lately
    /// and waits for its next attempt is left out.
    ///
    /// # Errors
    /// As every call of the store. Some of what is due is left out then, and the next call goes on behind it.
    pub async fn next(&mut self) -> Result<Option<Vec<Due>>, StoreError> {
        loop {
            let Some((partition, now)) = self.partitions.front() else {
                if self.test_sites_listed {
                    return Ok(None);
                }
                self.test_sites_listed = true;
                for site in self.store.test_sites().await? {
                    self.partitions.push_back((key::test_shard(&site.id), site.now(self.now)));
                }
                continue;
            };
            let page = self.store.due_page(partition, *now, self.after.take()).await;
            let (due, after) = match page {
                Ok(page) => page,
                Err(error) => {
                    self.end_partition();
                    return Err(error);
                }
            };
            self.after = after;
            let mut fresh = Vec::new();
            for due in due {
                if self.given.insert(due.clone()) {
                    fresh.push(due);
                }
            }
            if self.after.is_none() {
                self.end_partition();
            }
            self.leave_out_waiting(&mut fresh).await?;
            if !fresh.is_empty() {
                return Ok(Some(fresh));
            }
        }
    }

    fn end_partition(&mut self) {
        self.partitions.pop_front();
        self.given.clear();
    }

    async fn leave_out_waiting(&mut self, due: &mut Vec<Due>) -> Result<(), StoreError> {
        let sites: BTreeSet<&SiteId> = due.iter().map(|due| &due.site_id).collect();
        for site in sites {
            if self.waiting.contains_key(site) {
                continue;
            }
            let waiting = match self.store.waiting(site, self.now).await {
                Err(StoreError::Corrupt { what }) => {
                    tracing::error!(what, "what is stuck in a site is unreadable, so nothing of it waits");
                    BTreeSet::new()
                }
                waiting => waiting?,
            };
            self.waiting.insert(site.clone(), waiting);
        }
        let waits = |due: &Due| self.waiting.get(&due.site_id).is_some_and(|site| site.contains(&due.subscription_id));
        due.retain(|due| !waits(due));
        Ok(())
    }
}

impl Store {
    /// Every subscription with something due at `now`, however long ago it became so; for test sites their own clock
    /// counts.
    pub fn due(&self, now: Timestamp) -> DueReader<'_> {
        DueReader {
            store: self,
            now,
            partitions: key::live_shards().map(|shard| (shard, now)).collect(),
            test_sites_listed: false,
            after: None,
            given: HashSet::new(),
            waiting: BTreeMap::new(),
        }
    }

    /// The subscriptions of one test site with something due by its clock.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn due_in_site(&self, site: &Site, now: Timestamp) -> Result<Vec<SubscriptionId>, StoreError> {
        let (mut due, mut after) = (BTreeSet::new(), None);
        loop {
            let (more, next) = self.due_page(&key::test_shard(&site.id), now, after).await?;
            due.extend(more.into_iter().map(|due| due.subscription_id));
            match next {
                Some(next) => after = Some(next),
                None => return Ok(due.into_iter().collect()),
            }
        }
    }

    /// One page of a partition of the index, and where the next one begins.
    async fn due_page(
        &self,
        partition: &str,
        now: Timestamp,
        after: Option<Item>,
    ) -> Result<(Vec<Due>, Option<Item>), StoreError> {
        let ask = Ask {
            index: Some("due"),
            partition: partition.to_owned(),
            from: "0".to_owned(),
            to: now.millis().to_string(),
            ..Ask::default()
        };
        let (items, next) = self.table.query_once(&ask, after).await?;
        let read = |item| get_text(item, "PK").and_then(key::parse_subscription_partition);
        let due = items.iter().filter_map(|item| {
            let read = read(item);
            if read.is_none() {
                // It must not hold up the others.
                tracing::error!("an entry of the due index is unreadable");
            }
            read.map(|(site_id, subscription_id)| Due { site_id, subscription_id })
        });
        Ok((due.collect(), next))
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
