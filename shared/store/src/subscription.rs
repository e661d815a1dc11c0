//! Subscriptions: the head item, its place in the due index and in the site's list.

use std::sync::Arc;

use billing::id::{CustomerId, SiteId, SubscriptionId};
use billing::site::Site;
use billing::subscription::Subscription;

use crate::Store;
use crate::claim::Claim;
use crate::document::{Document, Page, Stored, stored};
use crate::error::StoreError;
use crate::key::{self, Key};
use crate::recent::Recent;
use crate::table::{Item, number, text};

/// The heads of the last minute, by partition.
pub(crate) type Heads = Recent<String, Arc<Subscription>>;

/// A subscription as it is needed for recording usage.
#[derive(Clone, Debug)]
pub struct Head {
    /// The subscription.
    pub subscription: Arc<Subscription>,
    /// Whether it is as it was up to a minute ago; nothing is refused for what such a head says.
    pub remembered: bool,
}

impl Store {
    /// A subscription as it is, or as it was less than a minute ago.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn head(&self, site: &Site, id: &SubscriptionId) -> Result<Option<Head>, StoreError> {
        match self.heads.get(&key::subscription_partition(&site.id, id)) {
            Some(subscription) => Ok(Some(Head { subscription, remembered: true })),
            None => self.fresh_head(site, id).await,
        }
    }

    /// A subscription as it is.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn fresh_head(&self, site: &Site, id: &SubscriptionId) -> Result<Option<Head>, StoreError> {
        let Some(stored) = self.subscription(&site.id, id).await? else { return Ok(None) };
        let subscription = Arc::new(stored.value);
        if !site.is_test() {
            self.heads.remember(key::subscription_partition(&site.id, id), Arc::clone(&subscription));
        }
        Ok(Some(Head { subscription, remembered: false }))
    }

    /// Reads a subscription, strongly.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn subscription(
        &self,
        site: &SiteId,
        id: &SubscriptionId,
    ) -> Result<Option<Stored<Subscription>>, StoreError> {
        let item = self.table.get(&key::head(site, id), true).await?;
        item.map(|item| stored(&item, "subscription")).transpose()
    }

    /// A part of the site's subscriptions, or of one customer's, by customer and id.
    ///
    /// # Errors
    /// `Cursor` where the cursor is not one of this list's.
    pub async fn subscriptions(
        &self,
        site: &SiteId,
        customer: Option<&CustomerId>,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Subscription>, StoreError> {
        let prefix = customer.map_or_else(String::new, |customer| format!("{customer}#"));
        let listed = self.list_index(&key::subscriptions_list(site), &prefix, cursor, limit).await?;
        let mut items = Vec::new();
        for item in &listed.items {
            items.push(stored(item, "subscription")?.value);
        }
        Ok(Page { items, next: listed.next })
    }
}

impl Document for Subscription {
    const NOUN: &'static str = "subscription";

    const INDEXED: &'static [&'static str] = &["due_shard", "due_at"];

    fn key(&self, site: &SiteId) -> Key {
        key::head(site, &self.id)
    }

    fn indexes(&self, site: &Site) -> Item {
        self.next_boundary().map_or_else(Item::new, |boundary| due_at(site, &self.id, boundary.at.millis()))
    }

    fn listed(&self, site: &Site) -> Item {
        Item::from([
            ("list_of".to_owned(), text(key::subscriptions_list(&site.id))),
            ("list_key".to_owned(), text(format!("{}#{}", self.customer_id, self.id))),
        ])
    }

    fn claims(&self, site: &SiteId, before: Option<&Self>) -> Vec<Claim> {
        let known = |id: &str| before.is_some_and(|before| before.items.iter().any(|item| item.id.as_str() == id));
        let new = self.items.iter().filter(|item| !known(item.id.as_str()));
        let claim = |id: &str| Claim::new(key::subscription_item(site, id), self.id.as_str(), "subscription item id");
        new.map(|item| claim(item.id.as_str())).collect()
    }
}

/// The due index's attributes for an instant, in milliseconds.
pub(crate) fn due_at(site: &Site, subscription: &SubscriptionId, millis: i64) -> Item {
    let shard = if site.is_test() { key::test_shard(&site.id) } else { key::due_shard(&site.id, subscription) };
    Item::from([("due_shard".to_owned(), text(shard)), ("due_at".to_owned(), number(millis))])
}
