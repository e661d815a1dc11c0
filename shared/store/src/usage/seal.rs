//! Sealing a period: after it, no record can come into the period's pages, and what they hold is what is billed.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::ReturnValue;
use billing::period::BillingPeriod;
use billing::usage::{RecordKey, UsageRecord};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::Pages;
use crate::error::StoreError;
use crate::key;
use crate::page::{Bound, Draft, Page, Tiling, cut, tile};
use crate::retry::Attempts;
use crate::table::{Sent, keyed, number, text};

/// How many pages are sealed at once.
const CONCURRENT: usize = 16;

impl Pages<'_> {
    /// Seals the price's pages of a period and gives the records dated in it. Sealing again gives the same.
    ///
    /// Periods are sealed strictly in order.
    pub(crate) async fn seal(&self, number: u32, period: BillingPeriod) -> Result<Vec<UsageRecord>, StoreError> {
        let mut attempts = Attempts::default();
        let pages = loop {
            match self.seal_once(number, period).await {
                Ok(Some(pages)) => break pages,
                Ok(None) => attempts.again().await?,
                Err(error) => attempts.after(error).await?,
            }
        };
        Ok(self.records(pages, period))
    }

    /// The records without those that were corrected or deleted after the seal.
    pub(crate) async fn without_late(
        &self,
        records: Vec<UsageRecord>,
        period: BillingPeriod,
    ) -> Result<Vec<UsageRecord>, StoreError> {
        let late: BTreeSet<RecordKey> =
            self.late(period.start, period.end).await?.into_iter().map(|(key, _)| key).collect();
        Ok(records.into_iter().filter(|record| !late.contains(&record.key)).collect())
    }

    /// One attempt; `None` where a split or a new page came in between.
    async fn seal_once(&self, number: u32, period: BillingPeriod) -> Result<Option<Vec<Page>>, StoreError> {
        let (from, to) = (Bound::at(period.start), Bound::at(period.end));
        if !self.bound_at(number, &to).await? {
            return Ok(None);
        }
        // The list proves nothing by itself: what counts is what the sealed pages say of themselves.
        let (listed, _) = self.list(&from, &to).await?;
        let sealed: Vec<Option<Page>> = stream::iter(listed)
            .map(|page| {
                let to = to.clone();
                async move { self.seal_page(&page.start, number, &to).await }
            })
            .buffered(CONCURRENT)
            .try_collect()
            .await?;
        let Some(sealed) = sealed.into_iter().collect::<Option<Vec<Page>>>() else { return Ok(None) };
        Ok((tile(&sealed, &from, &to) == Tiling::Complete).then_some(sealed))
    }

    /// Makes the instant a bound between pages; `false` where somebody else was there first.
    async fn bound_at(&self, number: u32, at: &Bound) -> Result<bool, StoreError> {
        let slot = self.locate(at, true).await?;
        match slot.page {
            Some(page) if page.start == *at => Ok(true),
            Some(page) => self.split(&page, &cut(page.draft(), at)).await,
            None if slot.start == *at => Ok(true),
            // No page reaches the end of the period: the missing ones are made sealed, so that none can come.
            None => {
                let draft = Draft { start: slot.start, end: at.clone(), cells: Default::default() };
                let put = self.store.table.put_new(self.item(&draft, Some(number)))?;
                Ok(matches!(self.store.table.transact(vec![put]).await?, crate::table::Transacted::Done))
            }
        }
    }

    /// Seals one page, on condition that it does not reach beyond the period, and gives it as it is then.
    async fn seal_page(&self, start: &Bound, period: u32, to: &Bound) -> Result<Option<Page>, StoreError> {
        let update = self
            .store
            .table
            .client
            .update_item()
            .set_key(Some(keyed(&key::page(&self.partition, self.price, start))))
            .update_expression("SET S = if_not_exists(S, :period)")
            .condition_expression("E <= :to")
            .expression_attribute_values(":period", number(period))
            .expression_attribute_values(":to", text(to.as_str()))
            .return_values(ReturnValue::AllNew);
        match self.store.table.send_update(update).await? {
            Sent::Done(item) => item.map(|item| self.parse(&item)).transpose(),
            Sent::Refused(_) => Ok(None),
        }
    }
}
