//! Reading usage back, from a chain of pages without a gap or not at all.

use billing::id::{ItemPriceId, SiteId, SubscriptionId};
use billing::time::BillingPeriod;
use billing::usage::{RecordKey, UsageRecord};

use super::chain::{Cells, Chain, Span, Walk};
use super::{Pages, Standing};
use crate::Store;
use crate::error::StoreError;
use crate::key;
use crate::page::Bound;
use crate::retry::Attempts;

/// How the records of a period are read that came in time, which are what its pages hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading {
    /// The number of the period, where its pages are sealed on the way: nothing can come into them any more.
    pub seals: Option<u32>,
    /// Whether those are left out that were corrected or deleted after their page was sealed.
    pub without_late: bool,
}

impl Store {
    /// Gives every record of the price dated in the period that came in time, by key: what its pages hold, whatever came
    /// later; the pages are sealed on the way where `reading` says so. Half a megabyte of pages is kept at a time, whatever
    /// there is of them.
    ///
    /// # Errors
    /// `Contended` where splits kept the pages from tiling through every attempt: never an answer with a gap. Some records
    /// may have been given by then.
    pub async fn each_usage(
        &self,
        site: &SiteId,
        subscription: &SubscriptionId,
        price: &ItemPriceId,
        period: BillingPeriod,
        reading: Reading,
        give: impl FnMut(&UsageRecord),
    ) -> Result<(), StoreError> {
        self.pages(site, subscription, price).each(period, reading, give).await
    }

    /// The record that stands under the key.
    ///
    /// # Errors
    /// As [`Store::each_usage`].
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
}

impl Pages<'_> {
    /// Gives the records dated in the period, by key, a part of its pages after the other.
    pub(crate) async fn each(
        &self,
        period: BillingPeriod,
        reading: Reading,
        mut give: impl FnMut(&UsageRecord),
    ) -> Result<(), StoreError> {
        let span = Span { from: Bound::at(period.start), to: Bound::at(period.end) };
        let mut chain: Chain = match reading.seals {
            Some(number) => self.sealed_chain(number, span).await?,
            None => self.chain(span, Walk::default()),
        };
        while let Some(mut part) = chain.next().await? {
            if reading.without_late {
                self.take_out_late(&mut part.cells, &part.of).await?;
            }
            for (key, cell) in part.cells {
                if let Some(version) = cell.current {
                    give(&self.standing(&key, version, false).record);
                }
            }
        }
        Ok(())
    }

    /// Takes out what was corrected or deleted after the seal.
    async fn take_out_late(&self, cells: &mut Cells, of: &Span) -> Result<(), StoreError> {
        let mut rest = Some(of.clone());
        while let Some(span) = rest.take() {
            let (rows, after) = self.late(&span, false, None).await?;
            rows.iter().for_each(|(key, _)| drop(cells.remove(key)));
            rest = after;
        }
        Ok(())
    }

    /// The page that holds the bound; `None` only where there is none, and not where a split is seen half done.
    pub(super) async fn settled_page(&self, bound: &Bound) -> Result<Option<crate::page::Page>, StoreError> {
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
}
