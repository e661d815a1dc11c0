//! Which usages are recorded, given the subscription and the catalogue.

use std::sync::Arc;

use billing::catalog::{ItemPrice, Unsuitable};
use billing::id::{ItemPriceId, SiteId};
use billing::refusal::{Kind, Refusal};
use billing::site::Site;
use billing::subscription::Subscription;
use billing::time::Timestamp;
use billing::usage::{Content, LateUsage};
use store::{Head, Store, StoreError};

use crate::error::failed;
use crate::recorded_usage::no_subscription;

/// Returns the subscription by which usages of a price are recorded.
///
/// The remembered one is used as long as it lets all of the dates in and bills them: what it would refuse may be welcome by
/// now.
///
/// # Errors
/// `UnknownItemPrice`, `NotMetered` or `PriceNotOnSubscription`, and `NotFound` where there is no subscription.
pub(super) async fn subscription(
    store: &Store,
    site: &Site,
    head: &Head,
    id: &ItemPriceId,
    mut dates: impl Iterator<Item = Timestamp>,
) -> Result<Arc<Subscription>, Refusal> {
    let known = &head.subscription;
    let mut bills = || {
        let item = known.item(id).filter(|item| item.takes_usage());
        item.is_some_and(|item| dates.all(|date| known.not_billable(item, date).is_none()))
    };
    let rejects = known.late_usage.unwrap_or(site.late_usage) == LateUsage::Reject;
    let subscription = if head.remembered && (rejects || !bills()) {
        present(store.fresh_head(site, &known.id).await)?.subscription
    } else {
        Arc::clone(known)
    };
    price(store, &site.id, &subscription, id).await?;
    Ok(subscription)
}

/// Returns the subscription that was read.
///
/// # Errors
/// `NotFound` where there is none.
pub(super) fn present(found: Result<Option<Head>, StoreError>) -> Result<Head, Refusal> {
    found.map_err(failed)?.ok_or_else(no_subscription)
}

/// Refuses a usage that lacks what its price asks for, or says less than nothing where nothing is held.
///
/// What a price asks never changes, so that also a remembered subscription may refuse by it.
pub(super) fn content(subscription: &Subscription, id: &ItemPriceId, content: &Content) -> Result<(), Refusal> {
    let Some(item) = subscription.item(id) else { return Ok(()) };
    let refuse =
        |unsuitable: Unsuitable| Refusal::new(Kind::UnsuitableUsage, unsuitable.to_string()).field(unsuitable.field());
    item.record_rules.check(content).map_err(refuse)
}

/// Refuses a price that the subscription never had, or that takes no usage.
///
/// The catalogue is asked only where the subscription does not have the price, to say why.
async fn price(store: &Store, site: &SiteId, subscription: &Subscription, id: &ItemPriceId) -> Result<(), Refusal> {
    let refuse = |kind: Kind, detail: &str| Err(Refusal::new(kind, detail).field("item_price_id"));
    let not_metered = "the item price is neither metered nor does it name a feature";
    if let Some(item) = subscription.item(id) {
        return if item.takes_usage() { Ok(()) } else { refuse(Kind::NotMetered, not_metered) };
    }
    match store.get::<ItemPrice>(site, id.as_str()).await.map_err(failed)? {
        None => refuse(Kind::UnknownItemPrice, "there is no such item price"),
        Some(price) if !price.value.takes_usage() => refuse(Kind::NotMetered, not_metered),
        Some(_) => refuse(Kind::PriceNotOnSubscription, "the item price was never on the subscription"),
    }
}
