//! Usages of all item prices of a subscription, by date.

use billing::id::{InvoiceId, ItemPriceId};
use billing::invoice::InvoiceOwner;
use billing::refusal::Refusal;
use billing::site::Site;
use billing::subscription::Subscription;
use billing::time::Timestamp;
use billing::usage::{FURTHEST_AHEAD_MILLIS, Source};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use store::{Page, Standing, Store, UsageRange, Usages};

use super::RecordedUsage;
use super::billed::ClosedInvoices;
use super::place::Place;
use crate::error::failed;

/// How many item prices are read at a time.
const AT_A_TIME: usize = 8;

/// How many usages of a price are read at once at most, about; more where they share pages.
const MOST_AT_ONCE: usize = 2_000;

/// Which usages are asked for.
#[derive(Clone, Debug, Default)]
pub struct UsageFilter {
    /// Only usage of this price.
    pub item_price_id: Option<ItemPriceId>,
    /// Only usage from then on, inclusive.
    pub from: Option<Timestamp>,
    /// Only usage before then.
    pub to: Option<Timestamp>,
    /// Only usage that this closed invoice billed, as it was billed.
    pub invoice_id: Option<InvoiceId>,
    /// Only usage that came here so.
    pub source: Option<Source>,
    /// Whether the newest comes first.
    pub descending: bool,
}

/// Lists usages of a subscription over all of its prices, by date: those behind the cursor, at most `limit`.
///
/// # Errors
/// `Unreadable` where the cursor is none of this list's.
pub async fn list(
    store: &Store,
    site: &Site,
    subscription: &Subscription,
    filter: UsageFilter,
    cursor: Option<&str>,
    limit: usize,
    now: Timestamp,
) -> Result<Page<RecordedUsage>, Refusal> {
    let mut search = Search::new(filter, cursor, limit, now)?;
    let mut closed = ClosedInvoices::new(store, site, subscription);
    if let Some(id) = &search.invoice_id {
        // What an invoice billed is dated in its period.
        let of_subscription = InvoiceOwner::of(id).is_some_and(|of| of.subscription_id() == Some(&subscription.id));
        let invoice = if of_subscription { closed.closed_invoice(id).await? } else { None };
        let Some(period) = invoice.and_then(|invoice| invoice.ended) else {
            return Ok(Page { items: Vec::new(), next: None });
        };
        (search.from, search.to) = (search.from.max(period.start), search.to.min(period.end));
    }
    // One more than the page holds tells whether there is a next one.
    let mut found = find(store, site, subscription, &search, &mut closed).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|standing| Place::of(&standing.record).to_cursor());
    Ok(Page { items: closed.show(found).await?, next })
}

/// What a list looks for.
struct Search {
    item_price_id: Option<ItemPriceId>,
    from: Timestamp,
    to: Timestamp,
    invoice_id: Option<InvoiceId>,
    source: Option<Source>,
    descending: bool,
    limit: usize,
    after: Option<Place>,
}

impl Search {
    fn new(filter: UsageFilter, cursor: Option<&str>, limit: usize, now: Timestamp) -> Result<Search, Refusal> {
        // Nothing is recorded further ahead, and the range is half-open.
        let newest = now.plus_millis(FURTHEST_AHEAD_MILLIS).plus_millis(1);
        Ok(Search {
            item_price_id: filter.item_price_id,
            from: filter.from.unwrap_or(Timestamp::MIN),
            to: filter.to.unwrap_or(newest).min(newest),
            invoice_id: filter.invoice_id,
            source: filter.source,
            descending: filter.descending,
            limit,
            after: cursor.map(Place::of_cursor).transpose()?,
        })
    }

    /// Whether a usage is asked for as far as its record tells.
    fn takes(&self, standing: &Standing) -> bool {
        self.source.is_none_or(|source| source == standing.record.content.source)
    }

    /// The usages of a price behind a place of the list: those that stand, or, as an invoice billed them, those that its
    /// pages held when they were sealed. A late deletion or correction lies beside the pages and hides nothing of them.
    ///
    /// A record that a tariff had no amount for, and whose late deletion got the invoice closed, is listed with the billed
    /// ones although no line counts it: only reading the whole period and its digest would tell.
    fn range(&self, price: &ItemPriceId, after: Option<&Place>) -> UsageRange {
        let range = UsageRange::new(self.from, self.to, self.descending);
        let range = if self.invoice_id.is_some() { range.in_time() } else { range };
        let Some(after) = after else { return range };
        // At one key, the prices stand in their order.
        let to_come = if self.descending { *price < after.item_price_id } else { *price > after.item_price_id };
        range.from_key(&after.key, to_come)
    }
}

/// At least one usage more than the page holds, or all there are, in the order of the list.
///
/// Each round reads some usages of every price. The list is whole as far as all of them were read: the rest waits for the
/// next round, which begins there.
async fn find(
    store: &Store,
    site: &Site,
    subscription: &Subscription,
    search: &Search,
    closed: &mut ClosedInvoices<'_>,
) -> Result<Vec<Standing>, Refusal> {
    let mut found = Vec::new();
    let mut after = search.after.clone();
    let mut least = search.limit.saturating_add(1);
    loop {
        let round = read(store, site, subscription, search, after.as_ref(), least).await?;
        for standing in round.list.into_iter().filter(|standing| search.takes(standing)) {
            let wanted = match &search.invoice_id {
                None => true,
                Some(id) => closed.billed_on(&standing).await?.is_some_and(|billed| billed.invoice_id == *id),
            };
            if wanted {
                found.push(standing);
            }
            if found.len() > search.limit {
                return Ok(found);
            }
        }
        match round.reached {
            Some(reached) => after = Some(reached),
            None => return Ok(found),
        }
        // What is looked for is rare.
        least = least.saturating_mul(2).min(MOST_AT_ONCE);
    }
}

/// The list as far as a round reads it.
struct Round {
    list: Vec<Standing>,
    /// Where it stops; absent where that was all.
    reached: Option<Place>,
}

/// The next usages under every price that is asked for.
async fn read(
    store: &Store,
    site: &Site,
    subscription: &Subscription,
    search: &Search,
    after: Option<&Place>,
    least: usize,
) -> Result<Round, Refusal> {
    let asked = |id: &ItemPriceId| search.item_price_id.as_ref().is_none_or(|asked| asked == id);
    let items = subscription.items.iter().filter(|item| item.takes_usage() && asked(&item.item_price_id));
    let calls: Vec<_> = items
        .map(|item| async move {
            let price = &item.item_price_id;
            store.usages(&site.id, &subscription.id, price, &search.range(price, after), least).await
        })
        .collect();
    let read: Vec<Usages> = stream::iter(calls).buffered(AT_A_TIME).map_err(failed).try_collect().await?;
    let ordered = |one: &Place, other: &Place| if search.descending { other.cmp(one) } else { one.cmp(other) };
    let unfinished = read.iter().filter(|usages| usages.more).filter_map(|usages| usages.list.last());
    let reached = unfinished.map(|last| Place::of(&last.record)).min_by(ordered);
    let mut list: Vec<(Place, Standing)> =
        read.into_iter().flat_map(|usages| usages.list).map(|usage| (Place::of(&usage.record), usage)).collect();
    if let Some(reached) = &reached {
        list.retain(|(place, _)| ordered(place, reached).is_le());
    }
    list.sort_by(|(one, _), (other, _)| ordered(one, other));
    Ok(Round { list: list.into_iter().map(|(_, usage)| usage).collect(), reached })
}
