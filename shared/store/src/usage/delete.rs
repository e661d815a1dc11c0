//! Deleting usage: a tombstone that remembers what was deleted, so that no late retry of the record revives it.

use billing::id::ItemPriceId;
use billing::site::Site;
use billing::subscription::Subscription;
use billing::time::Timestamp;
use billing::usage::{LateUsage, RecordKey};

use super::limit::{Counted, Written};
use super::{Pages, Standing};
use crate::Store;
use crate::error::StoreError;
use crate::page::Bound;
use crate::page::cell::Cell;
use crate::retry::Attempts;

/// What became of a deletion.
#[derive(Clone, Debug)]
pub enum Deletion {
    /// The version does not stand any more, now or since an earlier call.
    Deleted,
    /// Nothing stands there, and this version never did.
    NotFound,
    /// Another version stands.
    Changed(Standing),
    /// Its period is closed, and late deletions are refused.
    TooLate,
}

impl Store {
    /// Deletes the version of a record that was recorded at `updated_at`; deleting it again is a success, and a
    /// correction that came after it is left alone.
    ///
    /// # Errors
    /// `Busy` and `Contended` where the same call may succeed later.
    pub async fn delete_usage(
        &self,
        site: &Site,
        subscription: &Subscription,
        price: &ItemPriceId,
        key: &RecordKey,
        updated_at: Timestamp,
    ) -> Result<Deletion, StoreError> {
        let pages = self.ruled_pages(site, subscription, price);
        let mut attempts = Attempts::default();
        loop {
            match pages.delete(key, updated_at).await {
                Ok(Some(deletion)) => return Ok(deletion),
                Ok(None) => attempts.again().await?,
                Err(error) => attempts.after(error).await?,
            }
        }
    }
}

impl Pages<'_> {
    /// One attempt; `None` where the record changed meanwhile.
    async fn delete(&self, key: &RecordKey, updated_at: Timestamp) -> Result<Option<Deletion>, StoreError> {
        let Some(page) = self.settled_page(&Bound::of(key)).await? else { return Ok(Some(Deletion::NotFound)) };
        let row = if page.sealed.is_some() { self.late_cell(key).await? } else { None };
        let Some(cell) = row.as_ref().or(page.cells.get(key)) else { return Ok(Some(Deletion::NotFound)) };
        if let Some(decided) = self.decide(key, cell, updated_at, row.is_some()) {
            return Ok(Some(decided));
        }
        let tombstone = cell.without_current();
        let written = match page.sealed {
            Some(_) if self.rules.late == LateUsage::Reject => return Ok(Some(Deletion::TooLate)),
            Some(_) => self.exchange_late(key, row.as_ref(), &tombstone, Counted::OneLess).await?,
            None => self.exchange(&page, key, cell, &tombstone, Counted::OneLess).await?,
        };
        Ok((written == Written::Done).then_some(Deletion::Deleted))
    }

    /// What the cell decides by itself; `None` where its version is the one to delete.
    fn decide(&self, key: &RecordKey, cell: &Cell, updated_at: Timestamp, late: bool) -> Option<Deletion> {
        if cell.was_deleted_version(updated_at) {
            return Some(Deletion::Deleted);
        }
        match &cell.current {
            None => Some(Deletion::NotFound),
            Some(version) if version.updated_at == updated_at => None,
            Some(version) => Some(Deletion::Changed(self.standing(key, version.clone(), late))),
        }
    }
}
