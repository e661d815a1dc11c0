//! Deleting one version of a usage.

use std::sync::Arc;

use billing::id::{ItemPriceId, UsageId};
use billing::refusal::{Kind, Refusal};
use billing::site::Site;
use billing::subscription::Subscription;
use billing::time::Timestamp;
use billing::usage::RecordKey;
use store::{Deletion, Standing, Store};

use super::{StandingUsage, too_late};
use crate::error::failed;

/// Which version of a usage is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsageVersion {
    /// One without an id of the caller's, by the id that the system made: it says where the record is.
    System {
        /// The price that the usage counts for.
        item_price_id: ItemPriceId,
        /// When the usage occurred.
        date: Timestamp,
        /// When the version was recorded.
        updated_at: Timestamp,
    },
    /// One with an id of the caller's.
    ///
    /// The caller may say the price and the date, which a retry after a success needs: once deleted, the id is found
    /// nowhere.
    Own {
        /// The id.
        id: UsageId,
        /// The price that the usage counts for.
        item_price_id: Option<ItemPriceId>,
        /// When the usage occurred.
        date: Option<Timestamp>,
        /// When the version was recorded.
        updated_at: Timestamp,
    },
}

/// What became of a deletion.
#[derive(Clone, Debug)]
pub enum Deleted {
    /// The version does not stand any more, now or since an earlier call.
    Gone,
    /// Another version stands.
    Changed(StandingUsage),
    /// The caller's id stands for several usages; their price and date tell them apart.
    Ambiguous(Vec<StandingUsage>),
}

/// Where the caller's id stands.
enum Located {
    /// There, or it would be if it stood.
    At(ItemPriceId, RecordKey),
    /// At several places.
    Several(Vec<StandingUsage>),
}

/// Deletes one version of a usage of a subscription; deleting it again is a success.
///
/// # Errors
/// `NotFound` where there is no such usage; `LateUsage` where its period is closed and late usage is refused.
pub async fn delete(
    store: &Store,
    site: &Site,
    subscription: Subscription,
    version: UsageVersion,
) -> Result<Deleted, Refusal> {
    let subscription = Arc::new(subscription);
    match version {
        UsageVersion::System { item_price_id, date, updated_at } => {
            let key = RecordKey { date, id: None };
            match delete_at(store, site, &subscription, &item_price_id, &key, updated_at).await? {
                // A system id names its version: with another one, it is another usage.
                Deleted::Changed(_) => Err(not_found()),
                deleted => Ok(deleted),
            }
        }
        UsageVersion::Own { id, item_price_id, date, updated_at } => {
            match locate(store, site, &subscription, id, item_price_id, date).await? {
                Located::At(price, key) => delete_at(store, site, &subscription, &price, &key, updated_at).await,
                Located::Several(several) => Ok(Deleted::Ambiguous(several)),
            }
        }
    }
}

async fn delete_at(
    store: &Store,
    site: &Site,
    subscription: &Arc<Subscription>,
    price: &ItemPriceId,
    key: &RecordKey,
    updated_at: Timestamp,
) -> Result<Deleted, Refusal> {
    match store.delete_usage(site, subscription, price, key, updated_at).await.map_err(failed)? {
        Deletion::Deleted => Ok(Deleted::Gone),
        Deletion::Changed(standing) => Ok(Deleted::Changed(StandingUsage::new(subscription, standing))),
        Deletion::NotFound => Err(not_found()),
        Deletion::TooLate => Err(too_late()),
    }
}

/// Where the caller's id stands; nothing is searched where both price and date are said.
async fn locate(
    store: &Store,
    site: &Site,
    subscription: &Arc<Subscription>,
    id: UsageId,
    item_price_id: Option<ItemPriceId>,
    date: Option<Timestamp>,
) -> Result<Located, Refusal> {
    let (item_price_id, date) = match (item_price_id, date) {
        (Some(price), Some(date)) => return Ok(Located::At(price, RecordKey { date, id: Some(id) })),
        said => said,
    };
    let mut found = store.find_usage(&site.id, subscription, &id).await.map_err(failed)?;
    found.retain(|Standing { record, .. }| {
        item_price_id.as_ref().is_none_or(|price| *price == record.item_price_id)
            && date.is_none_or(|date| date == record.key.date)
    });
    match found.as_slice() {
        [] => Err(not_found()),
        [one] => Ok(Located::At(one.record.item_price_id.clone(), one.record.key.clone())),
        _ => {
            let several = found.into_iter().map(|standing| StandingUsage::new(subscription, standing));
            Ok(Located::Several(several.collect()))
        }
    }
}

fn not_found() -> Refusal {
    Refusal::new(Kind::NotFound, "there is no such usage").field("usage_id")
}
