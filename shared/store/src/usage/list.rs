//! Lists of usages: what stands under each key, late rows included, as much of it as is asked for.

use std::collections::BTreeMap;

use billing::id::{ItemPriceId, SiteId, SubscriptionId, UsageId};
use billing::subscription::Subscription;
use billing::time::Timestamp;
use billing::usage::RecordKey;

use super::chain::{Part, Span, Walk};
use super::{Pages, Standing};
use crate::Store;
use crate::error::StoreError;
use crate::page::Bound;
use crate::page::cell::Cell;

/// About how many records share a page; a guess that only says how many pages are asked for at first.
const RECORDS_A_PAGE: usize = 32;

/// How many usages are read at a time where one is looked for.
const SEARCHED_AT_ONCE: usize = 5_000;

/// The usages of a price that are asked for, in their order.
#[derive(Clone, Debug)]
pub struct UsageRange {
    span: Span,
    backward: bool,
    in_time: bool,
}

impl UsageRange {
    /// Those dated from one instant, inclusive, to another, exclusive; the latest first where `backward`.
    pub fn new(from: Timestamp, to: Timestamp, backward: bool) -> UsageRange {
        UsageRange { span: Span { from: Bound::at(from), to: Bound::at(to) }, backward, in_time: false }
    }

    /// Those that came in time, as they were when their page was sealed: nothing that came late stands in for them.
    pub fn in_time(self) -> UsageRange {
        UsageRange { in_time: true, ..self }
    }

    /// The rest from a key on, with it or behind it.
    pub fn from_key(mut self, key: &RecordKey, inclusive: bool) -> UsageRange {
        let bound = if inclusive != self.backward { Bound::of(key) } else { Bound::behind(key) };
        if self.backward {
            self.span.to = self.span.to.min(bound);
        } else {
            self.span.from = self.span.from.max(bound);
        }
        self
    }
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Usages {
    /// In the order of the range.
    pub list: Vec<Standing>,
    /// Whether there may be more behind the last one.
    pub more: bool,
}

impl Store {
    /// The first usages of a range: at least that many, unless there are no more of them.
    ///
    /// # Errors
    /// As [`Store::each_usage`].
    pub async fn usages(
        &self,
        site: &SiteId,
        subscription: &SubscriptionId,
        price: &ItemPriceId,
        range: &UsageRange,
        least: usize,
    ) -> Result<Usages, StoreError> {
        let pages = self.pages(site, subscription, price);
        let mut rest = range.span.clone();
        let mut list = Vec::new();
        while !rest.is_empty() && list.len() < least.max(1) {
            let (cells, after) = pages.stretch(rest, range, least).await?;
            let standing =
                cells.into_iter().filter_map(|(key, (cell, late))| Some(pages.standing(&key, cell.current?, late)));
            if range.backward {
                list.extend(standing.rev())
            } else {
                list.extend(standing)
            }
            rest = after;
        }
        Ok(Usages { list, more: !rest.is_empty() })
    }

    /// The records that carry the caller's own id, under every price that is or was on the subscription.
    ///
    /// # Errors
    /// As [`Store::each_usage`].
    pub async fn find_usage(
        &self,
        site: &SiteId,
        subscription: &Subscription,
        id: &UsageId,
    ) -> Result<Vec<Standing>, StoreError> {
        let mut found = Vec::new();
        for item in subscription.items.iter().filter(|item| item.takes_usage()) {
            let mut range = Some(UsageRange::new(Timestamp::MIN, Timestamp::MAX, false));
            while let Some(searched) = range.take() {
                let price = &item.item_price_id;
                let usages = self.usages(site, &subscription.id, price, &searched, SEARCHED_AT_ONCE).await?;
                let last = usages.list.last().filter(|_| usages.more).map(|last| last.record.key.clone());
                range = last.map(|key| searched.from_key(&key, false));
                found.extend(usages.list.into_iter().filter(|standing| standing.record.key.id.as_ref() == Some(id)));
            }
        }
        Ok(found)
    }
}

impl Pages<'_> {
    /// The cells of some neighbouring keys, each with whether it came late, and what is still to be read.
    async fn stretch(
        &self,
        span: Span,
        range: &UsageRange,
        least: usize,
    ) -> Result<(BTreeMap<RecordKey, (Cell, bool)>, Span), StoreError> {
        let walk = Walk { backward: range.backward, pages: Some(least / RECORDS_A_PAGE + 2), seals: None };
        let Some(Part { cells, of, mut rest }) = self.chain(span.clone(), walk).next().await? else {
            return Ok((BTreeMap::new(), Span { to: span.from.clone(), ..span }));
        };
        let mut cells: BTreeMap<RecordKey, (Cell, bool)> =
            cells.into_iter().map(|(key, cell)| (key, (cell, false))).collect();
        if range.in_time {
            return Ok((cells, rest));
        }
        let (rows, unread) = self.late(&of, range.backward, Some(least + 1)).await?;
        if let Some(unread) = unread {
            // There are more late rows than asked for: the stretch ends with the last of these.
            cells.retain(|key, _| !unread.contains(key));
            rest = if range.backward { Span { to: unread.to, ..rest } } else { Span { from: unread.from, ..rest } };
        }
        // A late row stands in for the record of its key.
        cells.extend(rows.into_iter().map(|(key, cell)| (key, (cell, true))));
        Ok((cells, rest))
    }
}
