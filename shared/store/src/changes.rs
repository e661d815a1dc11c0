//! The writes of one decision: collected from whatever it touches, and committed as one transaction, all or nothing.
//!
//! Each write has a condition. A refused transaction says which conditions refused, by the [`Change`] that each write gave
//! when it was added.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::TransactWriteItem;
use billing::site::Site;

use crate::Store;
use crate::claim::Claim;
use crate::document::{Document, Remembered, Stored, document_item, revised_item};
use crate::error::{StoreError, is_temporary};
use crate::key::{self, Key};
use crate::retry::Attempts;
use crate::table::{DOCUMENT, Item, Table, Transacted, keyed, number, text};

/// The writes of one decision.
#[derive(Clone, Debug)]
#[must_use]
pub struct Changes<'a> {
    table: &'a Table,
    writes: Vec<TransactWriteItem>,
}

/// One of the writes, to ask a refusal about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change(usize);

/// What became of the writes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Committed {
    /// All of them are written.
    Done,
    /// None of them is: conditions refused.
    Refused(Refused),
}

impl Committed {
    /// Says whether everything is written.
    pub fn is_done(&self) -> bool {
        *self == Committed::Done
    }
}

/// Which conditions refused a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(Vec<bool>);

impl Refused {
    /// Says whether the condition of that write refused.
    pub fn by(&self, change: Change) -> bool {
        self.0.get(change.0).copied().unwrap_or(false)
    }

    /// Says whether any other condition than that of the write refused.
    pub(crate) fn by_another_than(&self, change: Change) -> bool {
        self.0.iter().enumerate().any(|(index, refused)| *refused && index != change.0)
    }
}

impl Store {
    /// Returns the beginning of a transaction, without any write yet.
    pub fn changes(&self) -> Changes<'_> {
        Changes { table: &self.table, writes: Vec::new() }
    }
}

impl Changes<'_> {
    /// Creates a document with what belongs to it, such as the version of a price, on condition that its place is free.
    ///
    /// `digest` is the SHA-256 of the request's canonical content, by which a repetition is known; absent where the
    /// document's id follows from what it is made of.
    ///
    /// # Errors
    /// As every call of the store.
    pub fn create<D: Document>(&mut self, site: &Site, value: &D, digest: Option<&str>) -> Result<Change, StoreError> {
        let mut item = document_item(&value.key(&site.id), value, digest)?;
        item.extend(value.indexes(site));
        item.extend(value.listed(site));
        let change = self.put_new(item)?;
        for item in value.companions(site, true)? {
            self.put_new(item)?;
        }
        Ok(change)
    }

    /// Changes a document, on condition that it has the revision that was read; its place in the indexes follows.
    ///
    /// # Errors
    /// As every call of the store.
    pub fn revise<D: Document>(&mut self, site: &Site, before: &Stored<D>, after: &D) -> Result<Change, StoreError> {
        let mut values = revised_item(before, after)?;
        let mut indexes = after.indexes(site);
        let (mut set, mut remove) = ("SET D = :document, R = :next".to_owned(), String::new());
        for name in D::INDEXED {
            match indexes.remove(*name) {
                Some(value) => {
                    set.push_str(&format!(", {name} = :{name}"));
                    values.insert(format!(":{name}"), value);
                }
                None => remove.push_str(&format!("{} {name}", if remove.is_empty() { " REMOVE" } else { "," })),
            }
        }
        let document = values.get(":document").cloned();
        let change = self.update(&after.key(&site.id), &format!("{set}{remove}"), "R = :revision", values)?;
        for mut item in after.companions(site, false)? {
            // A version of the document keeps what a later version of the system wrote, as the document does.
            if let (Some(kept), Some(document)) = (item.get_mut(DOCUMENT), &document) {
                kept.clone_from(document);
            }
            self.put_new(item)?;
        }
        Ok(change)
    }

    /// Claims the names that the document holds in the site beside its id, each on condition that it is free or its own;
    /// those that it held before are left out. Gives each claim with what the name is.
    ///
    /// # Errors
    /// As every call of the store.
    pub fn claim_names<D: Document>(
        &mut self,
        site: &Site,
        value: &D,
        before: Option<&D>,
    ) -> Result<Vec<(Change, &'static str)>, StoreError> {
        let claims = value.claims(&site.id, before);
        claims.into_iter().map(|claim: Claim| Ok((self.put_claim(&claim)?, claim.what))).collect()
    }

    /// Remembers the first answer to a request under the caller's idempotency key, on condition that the key was not used
    /// in the last 30 days.
    ///
    /// # Errors
    /// As every call of the store.
    pub fn remember<D: Document>(
        &mut self,
        site: &Site,
        value: &D,
        remembered: &Remembered<'_>,
    ) -> Result<Change, StoreError> {
        let seconds = remembered.now.millis() / 1_000;
        let mut item = document_item(&key::idempotency(&site.id, remembered.key), value, Some(remembered.digest))?;
        item.insert("expires_at".into(), number(seconds + Remembered::SECONDS));
        // DynamoDB may take days to remove what has expired.
        let values = Item::from([(":now".to_owned(), number(seconds))]);
        self.put(item, "attribute_not_exists(PK) OR expires_at <= :now", values)
    }

    /// Gives the next number of the invoices with that prefix, on condition that `last` is the last one given.
    ///
    /// # Errors
    /// As every call of the store.
    pub fn count_invoice(&mut self, site: &Site, prefix: &str, last: u64) -> Result<Change, StoreError> {
        let mut values = Item::from([(":next".to_owned(), number(last.saturating_add(1)))]);
        let condition = if last == 0 {
            "attribute_not_exists(N)"
        } else {
            values.insert(":last".to_owned(), number(last));
            "N = :last"
        };
        self.update(&key::invoice_count(&site.id, prefix), "SET N = :next", condition, values)
    }

    /// Writes all or nothing; nothing at all is done without a call.
    ///
    /// # Errors
    /// `Busy` where another transaction touches the same items, or DynamoDB throttles.
    pub async fn commit(self) -> Result<Committed, StoreError> {
        if self.writes.is_empty() {
            return Ok(Committed::Done);
        }
        Ok(match self.table.transact(self.writes).await? {
            Transacted::Done => Committed::Done,
            Transacted::Refused(reasons) => Committed::Refused(Refused(reasons)),
        })
    }

    /// The same, and once more where another transaction or a throttle was in the way: then nothing was written. After a
    /// call without an answer it does not try again, since that has taken long enough.
    ///
    /// # Errors
    /// As [`Changes::commit`], and `Contended` after too many attempts.
    pub async fn commit_patiently(self) -> Result<Committed, StoreError> {
        let mut attempts = Attempts::default();
        loop {
            match self.clone().commit().await {
                Err(StoreError::Busy { code }) if is_temporary(&code) => attempts.again().await?,
                done => return done,
            }
        }
    }

    pub(crate) fn put(&mut self, item: Item, condition: &str, values: Item) -> Result<Change, StoreError> {
        let write = self.table.put(item, condition, values)?;
        Ok(self.push(write))
    }

    /// Puts an item that must not exist yet.
    pub(crate) fn put_new(&mut self, item: Item) -> Result<Change, StoreError> {
        self.put(item, "attribute_not_exists(PK)", Item::new())
    }

    pub(crate) fn update(
        &mut self,
        key: &Key,
        update: &str,
        condition: &str,
        values: Item,
    ) -> Result<Change, StoreError> {
        self.update_named(key, update, condition, HashMap::new(), values)
    }

    /// The same with names of attributes that no expression can spell.
    pub(crate) fn update_named(
        &mut self,
        key: &Key,
        update: &str,
        condition: &str,
        names: HashMap<String, String>,
        values: Item,
    ) -> Result<Change, StoreError> {
        let write = self.table.update(key, update, condition, names, values)?;
        Ok(self.push(write))
    }

    fn put_claim(&mut self, claim: &Claim) -> Result<Change, StoreError> {
        let mut item = keyed(&claim.key);
        item.insert("O".into(), text(&claim.owner));
        let values = Item::from([(":owner".to_owned(), text(&claim.owner))]);
        self.put(item, "attribute_not_exists(PK) OR O = :owner", values)
    }

    fn push(&mut self, write: TransactWriteItem) -> Change {
        self.writes.push(write);
        Change(self.writes.len() - 1)
    }
}
