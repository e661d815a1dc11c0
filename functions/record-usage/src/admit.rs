//! Which usages are taken, given the subscription and the clock.

use api::{Kind, Problem, fault};
use billing::catalog::ItemPrice;
use billing::id::{ItemPriceId, SiteId};
use billing::record_rules::Unsuitable;
use billing::subscription::Subscription;
use billing::timestamp::Timestamp;
use billing::usage::{Content, FURTHEST_AHEAD_MILLIS};

use crate::Deps;

/// Refuses a usage that lacks what its price asks for, or says less than nothing where nothing is held.
///
/// What a price asks never changes, so that also a remembered subscription may refuse by it.
pub fn content(subscription: &Subscription, id: &ItemPriceId, content: &Content) -> Result<(), Problem> {
    let Some(item) = subscription.item(id) else { return Ok(()) };
    let refuse =
        |unsuitable: Unsuitable| Problem::new(Kind::UnsuitableUsage, unsuitable.to_string()).field(unsuitable.field());
    item.record_rules.check(content).map_err(refuse)
}

/// Refuses a date too far ahead of the clock: it is a wrong unit or a wrong clock, and not usage.
pub fn date(date: Timestamp, now: Timestamp) -> Result<(), Problem> {
    if date <= now.plus_millis(FURTHEST_AHEAD_MILLIS) {
        return Ok(());
    }
    let detail = format!("usage is dated at most 5 minutes ahead of now, which is {now}");
    Err(Problem::new(Kind::TooFarAhead, detail).field("usage_date"))
}

/// Refuses a price that the subscription never had, or that takes no usage.
///
/// The catalogue is asked only where the subscription does not have the price, to say why.
pub async fn price(deps: &Deps, site: &SiteId, subscription: &Subscription, id: &ItemPriceId) -> Result<(), Problem> {
    let refuse = |kind: Kind, detail: &str| Err(Problem::new(kind, detail).field("item_price_id"));
    let not_metered = "the item price is neither metered nor does it name a feature";
    if let Some(item) = subscription.item(id) {
        return if item.takes_usage() { Ok(()) } else { refuse(Kind::NotMetered, not_metered) };
    }
    match deps.store.get::<ItemPrice>(site, id.as_str()).await.map_err(fault)? {
        None => refuse(Kind::UnknownItemPrice, "there is no such item price"),
        Some(price) if !price.value.takes_usage() => refuse(Kind::NotMetered, not_metered),
        Some(_) => refuse(Kind::PriceNotOnSubscription, "the item price was never on the subscription"),
    }
}
