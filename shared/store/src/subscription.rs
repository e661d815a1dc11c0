//! Subscriptions: the head item, its place in the due index and in the site's list.

use std::sync::Arc;

use billing::id::{CustomerId, SiteId, SubscriptionId};
use billing::site::Site;
use billing::subscription::Subscription;

use crate::Store;
use crate::claim::Claim;
use crate::document::{
    Created, Creation, NewItem, Page, Stored, Updated, decode_cursor, encode_cursor, first_item, revision_values,
    stored,
};
use crate::error::StoreError;
use crate::key;
use crate::recent::Recent;
use crate::table::{Ask, Item, get_text, number, text};

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

    /// Creates a subscription under its id.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn create_subscription(
        &self,
        site: &Site,
        subscription: &Subscription,
        creation: &Creation<'_>,
    ) -> Result<Created<Subscription>, StoreError> {
        let key = key::head(&site.id, &subscription.id);
        let mut item = first_item(&key, subscription, creation)?;
        item.extend(due_attributes(site, subscription));
        item.insert("list_of".into(), text(key::subscriptions_list(&site.id)));
        item.insert("list_key".into(), text(format!("{}#{}", subscription.customer_id, subscription.id)));
        let claims = item_claims(site, subscription, None);
        let new = NewItem { key, item, value: subscription, others: Vec::new(), claims };
        self.create_item(&site.id, new, creation).await
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

    /// Reads, strongly, a subscription that something else names.
    pub(crate) async fn existing_subscription(
        &self,
        site: &Site,
        id: &SubscriptionId,
    ) -> Result<Stored<Subscription>, StoreError> {
        self.subscription(&site.id, id).await?.ok_or(StoreError::Missing { what: "subscription" })
    }

    /// Changes a subscription, on condition that it has the revision that was read.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn update_subscription(
        &self,
        site: &Site,
        before: &Stored<Subscription>,
        after: &Subscription,
    ) -> Result<Updated, StoreError> {
        let main = self.revise_head(site, before, after)?;
        let partition = key::subscription_partition(&site.id, &after.id);
        let limit = self.change_limit(&partition, &before.value, after)?;
        self.update_item(main, limit.into_iter().collect(), &item_claims(site, after, Some(&before.value))).await
    }

    /// The write that changes a head and keeps the due index in step.
    pub(crate) fn revise_head(
        &self,
        site: &Site,
        before: &Stored<Subscription>,
        after: &Subscription,
    ) -> Result<aws_sdk_dynamodb::types::TransactWriteItem, StoreError> {
        let mut values = revision_values(after, before.revision)?;
        let due = due_attributes(site, after);
        let update = if due.is_empty() {
            "SET D = :document, R = :next REMOVE due_shard, due_at"
        } else {
            values.extend(due.into_iter().map(|(name, value)| (format!(":{name}"), value)));
            "SET D = :document, R = :next, due_shard = :due_shard, due_at = :due_at"
        };
        self.table.update(&key::head(&site.id, &after.id), update, "R = :revision", values)
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

    /// Whole items in the order of the list index.
    pub(crate) async fn list_index(
        &self,
        partition: &str,
        prefix: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Item>, StoreError> {
        let after = cursor.map(decode_cursor).transpose()?;
        if after.as_ref().is_some_and(|last| !last.starts_with(prefix)) {
            return Err(StoreError::Cursor);
        }
        let ask = Ask {
            index: Some("list"),
            partition: partition.to_owned(),
            from: after.map_or_else(|| prefix.to_owned(), |last| format!("{last}\u{0}")),
            to: format!("{prefix}\u{7f}"),
            limit: Some(limit.saturating_add(1)),
            ..Ask::default()
        };
        // An empty text is no key; every list key begins behind a space.
        let ask = Ask { from: if ask.from.is_empty() { " ".into() } else { ask.from }, ..ask };
        let mut listed = self.table.query(&ask).await?;
        let more = listed.len() > limit;
        listed.truncate(limit);
        let next = listed.last().and_then(|item| get_text(item, "list_key")).filter(|_| more).map(encode_cursor);
        let mut items = Vec::new();
        for entry in &listed {
            let (Some(pk), Some(sk)) = (get_text(entry, "PK"), get_text(entry, "SK")) else { continue };
            let key = key::Key { pk: pk.to_owned(), sk: sk.to_owned() };
            // The index lags: an entry whose item has left the list since is passed over.
            items.extend(self.table.get(&key, true).await?.filter(|item| item.contains_key("list_of")));
        }
        Ok(Page { items, next })
    }
}

/// Where and when the subscription is due next; nothing where it never is.
fn due_attributes(site: &Site, subscription: &Subscription) -> Item {
    let Some(boundary) = subscription.next_boundary() else { return Item::new() };
    due_at(site, &subscription.id, boundary.at.millis())
}

/// The due index's attributes for an instant, in milliseconds.
pub(crate) fn due_at(site: &Site, subscription: &SubscriptionId, millis: i64) -> Item {
    let shard = if site.is_test() { key::test_shard(&site.id) } else { key::due_shard(&site.id, subscription) };
    Item::from([("due_shard".to_owned(), text(shard)), ("due_at".to_owned(), number(millis))])
}

/// Claims for the item ids that were not on the subscription before.
fn item_claims(site: &Site, subscription: &Subscription, before: Option<&Subscription>) -> Vec<Claim> {
    let known = |id: &str| before.is_some_and(|before| before.items.iter().any(|item| item.id.as_str() == id));
    subscription
        .items
        .iter()
        .filter(|item| !known(item.id.as_str()))
        .map(|item| {
            let key = key::subscription_item(&site.id, item.id.as_str());
            Claim::new(key, subscription.id.as_str(), "subscription item id")
        })
        .collect()
}
