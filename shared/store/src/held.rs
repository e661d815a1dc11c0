//! What was held of prices by `weighted_sum` when a period began: the end of a line that is frozen, and what changed since.

use std::collections::BTreeMap;

use billing::error::BillingError;
use billing::held::held_across;
use billing::id::{InvoiceId, ItemPriceId};
use billing::invoice::LineItem;
use billing::period::BillingPeriod;
use billing::site::Site;
use billing::subscription::{CurrentPeriod, Subscription, SubscriptionItem};
use billing::timestamp::Timestamp;
use billing::usage::UsageRecord;
use billing::usage_charge::is_billable;
use rating::Number;

use crate::Store;
use crate::error::StoreError;

impl Store {
    /// What was held of each of the items when the period began; an item is left out where that is nothing, and one whose
    /// quantities are not held takes no call.
    ///
    /// A metered price begins with what its line on the newest closed invoice was left with; the periods between, whose
    /// invoices are pending, are read from the pages. A price that is not metered has no line that knows, so that its
    /// pages are read from where it joined the subscription.
    ///
    /// # Errors
    /// As every call of the store.
    pub async fn carried_over(
        &self,
        site: &Site,
        subscription: &Subscription,
        period: CurrentPeriod,
        items: impl IntoIterator<Item = &SubscriptionItem>,
    ) -> Result<BTreeMap<ItemPriceId, Number>, StoreError> {
        let start = period.period.start;
        let held = items.into_iter().filter(|item| item.record_rules.held);
        let held: Vec<_> = held.filter_map(|item| Some((item, held_across(item, start)?))).collect();
        let closed = match held.iter().filter(|(item, _)| item.metered).map(|(_, since)| *since).min() {
            Some(since) => self.newest_closed(site, subscription, period.number, since).await?,
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
                self.each_usage_in_time(&site.id, &subscription.id, price, between, change).await?;
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
        &self,
        site: &Site,
        subscription: &Subscription,
        number: u32,
        since: Timestamp,
    ) -> Result<Option<(Timestamp, Vec<LineItem>)>, StoreError> {
        let Some(cadence) = &subscription.cadence else { return Ok(None) };
        for boundary in (1..=number).rev() {
            if cadence.boundary(boundary.into()).map_err(BillingError::Time)? <= since {
                break;
            }
            let stored = self.invoice(&site.id, &InvoiceId::of(&subscription.id, boundary)).await?;
            let invoice = stored.map(|stored| stored.value);
            if let Some((closing, ended)) = invoice.and_then(|invoice| invoice.closing.zip(invoice.ended)) {
                return Ok(Some((ended.end, closing.lines)));
            }
        }
        Ok(None)
    }
}

/// What the item's line was left with; nothing where it has none, since nothing was held then.
fn held_at_end(lines: &[LineItem], item: &SubscriptionItem) -> Number {
    let line = lines.iter().find(|line| line.subscription_item_id == item.id && line.usage_count.is_some());
    line.and_then(|line| line.held_at_end.clone()).unwrap_or_default()
}
