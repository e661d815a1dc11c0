//! GET usages: those of all item prices of a subscription, by date.
//!
//! The list shows what stands now. Only that of an invoice shows what was billed, whatever came after the close.

use api::usage_json::UsageJson;
use api::usage_place::{local_zone, read_time};
use api::{Call, Kind, Problem, fault, list_response};
use billing::id::{InvoiceId, ItemPriceId};
use billing::site::Site;
use billing::subscription::Subscription;
use billing::timestamp::Timestamp;
use billing::usage::{FURTHEST_AHEAD_MILLIS, Source};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use lambda_http::{Body, Response};
use store::{Standing, UsageRange, Usages};

use crate::billed::Shower;
use crate::cursor::Place;
use crate::{Deps, Route, subscription};

/// How many item prices are read at a time.
const AT_A_TIME: usize = 8;

/// How many usages of a price are read at once at most, about; more where they share pages.
const MOST_AT_ONCE: usize = 2_000;
const PARAMETERS: [&str; 8] =
    ["item_price_id", "usage_date_from", "usage_date_to", "invoice_id", "source", "sort", "limit", "cursor"];

/// What the query asks for.
struct Filter {
    item_price_id: Option<ItemPriceId>,
    from: Timestamp,
    to: Timestamp,
    invoice_id: Option<InvoiceId>,
    source: Option<Source>,
    descending: bool,
    limit: usize,
    after: Option<Place>,
}

/// Answers with a page of the list.
pub async fn list(deps: &Deps, call: &Call<Route>) -> Result<Response<Body>, Problem> {
    call.query().only(&PARAMETERS)?;
    let site = call.site()?;
    let subscription = subscription(deps, site, &call.param("subscription_id")?).await?;
    let mut filter = Filter::read(call, site, &subscription)?;
    let mut shower = Shower::new(deps, site, &subscription);
    if let Some(id) = &filter.invoice_id {
        // What an invoice billed is dated in its period.
        let of_subscription = id.parts().is_some_and(|(of, _)| of == subscription.id);
        let invoice = if of_subscription { shower.closed_invoice(id).await? } else { None };
        let Some(period) = invoice.and_then(|invoice| invoice.ended) else {
            return Ok(list_response::<UsageJson>(&[], None));
        };
        (filter.from, filter.to) = (filter.from.max(period.start), filter.to.min(period.end));
    }
    // One more than the page holds tells whether there is a next one.
    let mut found = find(deps, site, &subscription, &filter, &mut shower).await?;
    let more = found.len() > filter.limit;
    found.truncate(filter.limit);
    let next = found.last().filter(|_| more).map(|standing| Place::of(&standing.record).to_cursor());
    let mut shown = Vec::with_capacity(found.len());
    for standing in &found {
        shown.push(shower.show(standing).await?);
    }
    Ok(list_response(&shown, next.as_deref()))
}

impl Filter {
    fn read(call: &Call<Route>, site: &Site, subscription: &Subscription) -> Result<Filter, Problem> {
        let query = call.query();
        let refuse = |field: &str, detail: &str| Problem::new(Kind::Unreadable, detail).field(field);
        let zone = local_zone(site, subscription);
        let time = |field: &str| query.get(field).map(|text| read_time(field, text, zone)).transpose();
        let source = match query.get("source") {
            None => None,
            Some("api") => Some(Source::Api),
            Some("bulk_operation") => Some(Source::BulkOperation),
            Some(_) => return Err(refuse("source", "source is api or bulk_operation")),
        };
        let descending = match query.get("sort") {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(_) => return Err(refuse("sort", "sort is asc or desc, by usage_date")),
        };
        // Nothing is recorded further ahead, and the range is half-open.
        let newest = call.now.plus_millis(FURTHEST_AHEAD_MILLIS).plus_millis(1);
        Ok(Filter {
            item_price_id: query.parse("item_price_id")?,
            from: time("usage_date_from")?.unwrap_or(Timestamp::MIN),
            to: time("usage_date_to")?.unwrap_or(newest).min(newest),
            invoice_id: query.parse("invoice_id")?,
            source,
            descending,
            limit: query.limit()?,
            after: query.get("cursor").map(Place::of_cursor).transpose()?,
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
    deps: &Deps,
    site: &Site,
    subscription: &Subscription,
    filter: &Filter,
    shower: &mut Shower<'_>,
) -> Result<Vec<Standing>, Problem> {
    let mut found = Vec::new();
    let mut after = filter.after.clone();
    let mut least = filter.limit.saturating_add(1);
    loop {
        let round = read(deps, site, subscription, filter, after.as_ref(), least).await?;
        for standing in round.list.into_iter().filter(|standing| filter.takes(standing)) {
            let wanted = match &filter.invoice_id {
                None => true,
                Some(id) => shower.billed_on(&standing).await?.is_some_and(|billed| billed.invoice_id == *id),
            };
            if wanted {
                found.push(standing);
            }
            if found.len() > filter.limit {
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
    deps: &Deps,
    site: &Site,
    subscription: &Subscription,
    filter: &Filter,
    after: Option<&Place>,
    least: usize,
) -> Result<Round, Problem> {
    let asked = |id: &ItemPriceId| filter.item_price_id.as_ref().is_none_or(|asked| asked == id);
    let items = subscription.items.iter().filter(|item| item.takes_usage() && asked(&item.item_price_id));
    let calls: Vec<_> = items
        .map(|item| async move {
            let price = &item.item_price_id;
            deps.store.usages(&site.id, &subscription.id, price, &filter.range(price, after), least).await
        })
        .collect();
    let read: Vec<Usages> = stream::iter(calls).buffered(AT_A_TIME).map_err(fault).try_collect().await?;
    let ordered = |one: &Place, other: &Place| if filter.descending { other.cmp(one) } else { one.cmp(other) };
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
