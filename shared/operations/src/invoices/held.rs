//! What was held of prices by `weighted_sum` when a period began: the end of a line that is frozen, and what changed since.

use std::collections::BTreeMap;

use billing::id::ItemPriceId;
use billing::invoice::{InvoiceOwner, LineItem, is_billable};
use billing::site::Site;
use billing::subscription::held::held_across;
use billing::subscription::{CurrentPeriod, Subscription, SubscriptionItem};
use billing::time::{BillingPeriod, Timestamp};
use billing::usage::UsageRecord;
use rating::Number;
use store::{Reading, Store};

use crate::error::Error;

/// What was held of each of the items when the period began; an item is left out where that is nothing, and one whose
/// quantities are not held takes no call.
///
/// A metered price begins with what its line on the newest closed invoice was left with; the periods between, whose
/// invoices are pending, are read from the pages. A price that is not metered has no line that knows, so that its
/// pages are read from where it joined the subscription.
///
/// # Errors
/// As every call of the store.
pub(crate) async fn carried_over(
    store: &Store,
    site: &Site,
    subscription: &Subscription,
    period: CurrentPeriod,
    items: impl IntoIterator<Item = &SubscriptionItem>,
) -> Result<BTreeMap<ItemPriceId, Number>, Error> {
    let start = period.period.start;
    let held = items.into_iter().filter(|item| item.record_rules.held);
    let held: Vec<_> = held.filter_map(|item| Some((item, held_across(item, start)?))).collect();
    let closed = match held.iter().filter(|(item, _)| item.metered).map(|(_, since)| *since).min() {
        Some(since) => newest_closed(store, site, subscription, period.number, since).await?,
        None => None,
    };
    let mut carried_over = BTreeMap::new();
    for (item, since) in held {
        let line = closed.as_ref().filter(|(end, _)| item.metered && since < *end);
        let (from, before) = match line {
            Some((end, lines)) => (*end, held_at_end(lines, item)),
            None => (since, Number::ZERO),
        };
        let between = BillingPeriod { start: from, end: start };
        let quantity = if between.is_empty() {
            before
        } else {
            let mut held = before;
            let change = |record: &UsageRecord| {
                if is_billable(subscription, item, between, record) {
                    held = held.add(&record.content.quantity.into());
                }
            };
            let price = &item.item_price_id;
            store.each_usage(&site.id, &subscription.id, price, between, Reading::default(), change).await?;
            held
        };
        if !quantity.is_zero() {
            carried_over.insert(item.item_price_id.clone(), quantity);
        }
    }
    Ok(carried_over)
}

/// The newest closed invoice of a period before that one: when its period ended, and its lines. Periods that ended
/// before `since` are not looked for.
///
/// A boundary without an invoice, or whose period was empty, lies between two that say the same.
async fn newest_closed(
    store: &Store,
    site: &Site,
    subscription: &Subscription,
    number: u32,
    since: Timestamp,
) -> Result<Option<(Timestamp, Vec<LineItem>)>, Error> {
    let Some(cadence) = &subscription.cadence else { return Ok(None) };
    for boundary in (1..=number).rev() {
        if cadence.boundary(boundary.into())? <= since {
            break;
        }
        let stored = store.invoice(&site.id, &InvoiceOwner::boundary(subscription.id.clone(), boundary).id()).await?;
        let invoice = stored.map(|stored| stored.value);
        if let Some((closing, ended)) = invoice.and_then(|invoice| invoice.closing.zip(invoice.ended)) {
            return Ok(Some((ended.end, closing.lines)));
        }
    }
    Ok(None)
}

/// What the item's line was left with; nothing where it has none, since nothing was held then.
fn held_at_end(lines: &[LineItem], item: &SubscriptionItem) -> Number {
    let line = lines.iter().find(|line| line.bills_usage_of(&item.item_price_id));
    line.and_then(|line| line.held_at_end.clone()).unwrap_or_default()
}
