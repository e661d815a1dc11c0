//! One usage, by the id that the system made or by the caller's own.

use billing::id::{ItemPriceId, UsageId};
use billing::refusal::{Kind, Refusal};
use billing::site::Site;
use billing::subscription::Subscription;
use billing::time::Timestamp;
use billing::usage::{RecordKey, UsageRecord};
use store::{Standing, Store};

use super::RecordedUsage;
use super::billed::ClosedInvoices;
use crate::error::failed;

/// What a usage is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsageName {
    /// A usage without an id of the caller's, by the id that the system made: it says where one version of the record is.
    System {
        /// The price that the usage counts for.
        item_price_id: ItemPriceId,
        /// When the usage occurred.
        date: Timestamp,
        /// When the version was recorded.
        updated_at: Timestamp,
    },
    /// The caller's own id, which may stand at several prices and dates.
    Own(UsageId),
}

/// A usage as a caller names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedUsage {
    /// Its name.
    pub name: UsageName,
    /// Its price, where the caller says it; with its date, only one record has to be read.
    pub item_price_id: Option<ItemPriceId>,
    /// When it was used, where the caller says it.
    pub date: Option<Timestamp>,
}

/// What stands under a name.
#[derive(Clone, Debug)]
pub enum Found {
    /// One usage.
    One(Box<RecordedUsage>),
    /// Several usages; their prices and dates tell them apart.
    Several(Vec<RecordedUsage>),
}

/// Reads the usage that the caller names.
///
/// # Errors
/// `NotFound` where none stands under the name.
pub async fn find(
    store: &Store,
    site: &Site,
    subscription: &Subscription,
    named: &NamedUsage,
) -> Result<Found, Refusal> {
    let mut found = standing(store, site, subscription, named).await?;
    found.retain(|standing| named.matches(&standing.record));
    let mut shown = ClosedInvoices::new(store, site, subscription).show(found).await?;
    match (shown.pop(), shown.is_empty()) {
        (None, _) => Err(Refusal::new(Kind::NotFound, "there is no such usage").field("usage_id")),
        (Some(one), true) => Ok(Found::One(Box::new(one))),
        (Some(last), false) => {
            shown.push(last);
            Ok(Found::Several(shown))
        }
    }
}

async fn standing(
    store: &Store,
    site: &Site,
    subscription: &Subscription,
    named: &NamedUsage,
) -> Result<Vec<Standing>, Refusal> {
    match &named.name {
        UsageName::System { item_price_id, date, updated_at } => {
            let key = RecordKey { date: *date, id: None };
            let found = store.usage(&site.id, &subscription.id, item_price_id, &key).await.map_err(failed)?;
            // The id names a version: a correction is another usage.
            Ok(Vec::from_iter(found.filter(|standing| standing.record.updated_at == *updated_at)))
        }
        UsageName::Own(id) => match (&named.item_price_id, named.date) {
            (Some(price), Some(date)) => {
                let key = RecordKey { date, id: Some(id.clone()) };
                let found = store.usage(&site.id, &subscription.id, price, &key).await.map_err(failed)?;
                Ok(Vec::from_iter(found))
            }
            _ => store.find_usage(&site.id, subscription, id).await.map_err(failed),
        },
    }
}

impl NamedUsage {
    /// Whether a record is where the caller says; every record is, where nothing is said.
    fn matches(&self, record: &UsageRecord) -> bool {
        self.item_price_id.as_ref().is_none_or(|id| *id == record.item_price_id)
            && self.date.is_none_or(|date| date == record.key.date)
    }
}
