//! Sealing a period: after it, no record can come into the period's pages, and what they hold is what is billed.
//!
//! The pages are sealed part by part. A close that stops in between has lost nothing: the next one takes what is sealed as
//! it is, and seals the rest.

use super::Pages;
use super::chain::{Chain, Span, Walk};
use crate::error::StoreError;
use crate::page::{Bound, Draft, cut};
use crate::retry::Attempts;

impl<'a> Pages<'a> {
    /// The pages of a period, sealed part by part while they are read. Sealing again gives the same.
    ///
    /// Periods are sealed strictly in order.
    pub(super) async fn sealed_chain(&'a self, number: u32, span: Span) -> Result<Chain<'a>, StoreError> {
        let mut attempts = Attempts::default();
        loop {
            match self.bound_at(number, &span.to).await {
                // A bound stays one, so that this is done once.
                Ok(true) => return Ok(self.chain(span, Walk { seals: Some(number), ..Walk::default() })),
                Ok(false) => attempts.again().await?,
                Err(error) => attempts.after(error).await?,
            }
        }
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
                let mut changes = self.store.changes();
                changes.put_new(self.item(&draft, Some(number)))?;
                Ok(changes.commit().await?.is_done())
            }
        }
    }
}
