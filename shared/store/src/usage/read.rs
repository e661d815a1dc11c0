//! Reading usage back, from a chain of pages without a gap or not at all.

use std::collections::BTreeMap;

use billing::id::{ItemPriceId, SiteId, SubscriptionId, UsageId};
use billing::period::BillingPeriod;
use billing::subscription::Subscription;
use billing::timestamp::Timestamp;
use billing::usage::{RecordKey, UsageRecord};

use super::{Pages, Standing, late};
use crate::Store;
use crate::error::StoreError;
use crate::key;
use crate::page::{Bound, Page, Tiling, tile};
use crate::retry::Attempts;
use crate::table::{Ask, get_text};

impl Store {
    /// Every record of the price dated in `[from, to)`, by key, those that came late included.
    ///
    /// # Errors
    /// `Contended` where splits kept the pages from tiling through every attempt: never an answer with a gap.
    pub async fn usages(
        &self,
        site: &SiteId,
        subscription: &SubscriptionId,
        price: &ItemPriceId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Standing>, StoreError> {
        let pages = self.pages(site, subscription, price);
        let chain = pages.read(&Bound::at(from), &Bound::at(to)).await?;
        let mut cells = BTreeMap::new();
        for page in chain {
            cells.extend(page.cells.into_iter().map(|(key, cell)| (key, (cell, false))));
        }
        // A late row stands in for the record of its key.
        cells.extend(pages.late(from, to).await?.into_iter().map(|(key, cell)| (key, (cell, true))));
        let in_range = cells.into_iter().filter(|(key, _)| from <= key.date && key.date < to);
        Ok(in_range
            .filter_map(|(key, (cell, late))| cell.current.map(|version| pages.standing(&key, version, late)))
            .collect())
    }

    /// The records of the price dated in the period that came in time, by key: what its pages hold, whatever came later.
    ///
    /// # Errors
    /// As [`Store::usages`].
    pub async fn usages_in_time(
        &self,
        site: &SiteId,
        subscription: &SubscriptionId,
        price: &ItemPriceId,
        period: BillingPeriod,
    ) -> Result<Vec<UsageRecord>, StoreError> {
        let pages = self.pages(site, subscription, price);
        let chain = pages.read(&Bound::at(period.start), &Bound::at(period.end)).await?;
        Ok(pages.records(chain, period))
    }

    /// The record that stands under the key.
    ///
    /// # Errors
    /// As [`Store::usages`].
    pub async fn usage(
        &self,
        site: &SiteId,
        subscription: &SubscriptionId,
        price: &ItemPriceId,
        key: &RecordKey,
    ) -> Result<Option<Standing>, StoreError> {
        let pages = self.pages(site, subscription, price);
        let Some(page) = pages.settled_page(&Bound::of(key)).await? else { return Ok(None) };
        let row = if page.sealed.is_some() { pages.late_cell(key).await? } else { None };
        let late = row.is_some();
        let current = row.or_else(|| page.cells.get(key).cloned()).and_then(|cell| cell.current);
        Ok(current.map(|version| pages.standing(key, version, late)))
    }

    /// The records that carry the caller's own id, under every price that is or was on the subscription.
    ///
    /// # Errors
    /// As [`Store::usages`].
    pub async fn find_usage(
        &self,
        site: &SiteId,
        subscription: &Subscription,
        id: &UsageId,
    ) -> Result<Vec<Standing>, StoreError> {
        let mut found = Vec::new();
        for item in subscription.items.iter().filter(|item| item.takes_usage()) {
            let all = self.usages(site, &subscription.id, &item.item_price_id, Timestamp::MIN, Timestamp::MAX).await?;
            found.extend(all.into_iter().filter(|standing| standing.record.key.id.as_ref() == Some(id)));
        }
        Ok(found)
    }
}

impl Pages<'_> {
    /// The records of pages that are dated in the period.
    pub(super) fn records(&self, pages: Vec<Page>, period: BillingPeriod) -> Vec<UsageRecord> {
        let cells = pages.into_iter().flat_map(|page| page.cells).filter(|(key, _)| period.contains(key.date));
        let records = cells.filter_map(|(key, cell)| Some(self.standing(&key, cell.current?, false).record));
        records.collect()
    }

    /// The page that holds the bound; `None` only where there is none, and not where a split is seen half done.
    pub(super) async fn settled_page(&self, bound: &Bound) -> Result<Option<Page>, StoreError> {
        let mut attempts = Attempts::default();
        loop {
            let slot = self.locate(bound, true).await?;
            if slot.page.is_some() {
                return Ok(slot.page);
            }
            let place = key::page(&self.partition, self.price, &slot.start);
            match self.store.table.get_settled(&place).await {
                Ok(None) => return Ok(None),
                Ok(Some(_)) => attempts.again().await?,
                Err(error) => attempts.after(error).await?,
            }
        }
    }

    /// The pages from the one that holds `from` to the one that reaches `to`, or to the last there is.
    pub(super) async fn read(&self, from: &Bound, to: &Bound) -> Result<Vec<Page>, StoreError> {
        let mut attempts = Attempts::default();
        loop {
            match self.read_once(from, to).await {
                Ok(Some(chain)) => return Ok(chain),
                Ok(None) => attempts.again().await?,
                Err(error) => attempts.after(error).await?,
            }
        }
    }

    /// One attempt; `None` where the pages do not tile, since a query is not isolated from a split.
    async fn read_once(&self, from: &Bound, to: &Bound) -> Result<Option<Vec<Page>>, StoreError> {
        let (chain, reached) = self.list(from, to).await?;
        let tiling = match (chain.is_empty(), reached) {
            (true, Some(end)) => Tiling::EndsEarly(end),
            _ => tile(&chain, from, to),
        };
        match tiling {
            Tiling::Complete => Ok(Some(chain)),
            Tiling::Broken => Ok(None),
            // Pages are only made where one ends: no page here, no page behind it.
            Tiling::EndsEarly(end) => {
                let next = self.store.table.get_settled(&key::page(&self.partition, self.price, &end)).await?;
                Ok(next.is_none().then_some(chain))
            }
        }
    }

    /// The pages that begin in `[from, to)`, and the one before them where it holds `from`; where it ends before,
    /// its end instead.
    pub(super) async fn list(&self, from: &Bound, to: &Bound) -> Result<(Vec<Page>, Option<Bound>), StoreError> {
        let prefix = key::pages(self.price);
        let ask = Ask {
            partition: self.partition.clone(),
            from: format!("{prefix}{from}"),
            to: format!("{prefix}{to}"),
            consistent: true,
            ..Ask::default()
        };
        let mut chain = Vec::new();
        for item in self.store.table.query(&ask).await? {
            chain.push(self.parse(&item)?);
        }
        chain.retain(|page| page.start < *to);
        if chain.first().is_some_and(|page| page.start == *from) {
            return Ok((chain, None));
        }
        let slot = self.locate(from, true).await?;
        match slot.page {
            Some(left) if left.start < *from => {
                chain.insert(0, left);
                Ok((chain, None))
            }
            // It came between the two queries: the chain is broken, and read again.
            Some(_) => Ok((chain, None)),
            None => Ok((chain, Some(slot.start))),
        }
    }

    /// The late rows dated in `[from, to)`.
    pub(super) async fn late(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<(RecordKey, crate::page::cell::Cell)>, StoreError> {
        let prefix = key::late_usages(self.price);
        let ask = Ask {
            partition: self.partition.clone(),
            from: format!("{prefix}{}", Bound::at(from)),
            to: format!("{prefix}{}", Bound::at(to)),
            consistent: true,
            ..Ask::default()
        };
        let mut rows = Vec::new();
        for item in self.store.table.query(&ask).await? {
            let key = get_text(&item, "SK")
                .and_then(|sk| sk.strip_prefix(&prefix))
                .and_then(Bound::parse)
                .and_then(|bound| bound.key())
                .ok_or(StoreError::Corrupt { what: "late usage" })?;
            let cell = late::parse(&item, &key)?;
            rows.push((key, cell));
        }
        Ok(rows)
    }
}
