//! Putting one cell in the place of another: corrections and tombstones.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use billing::timestamp::Timestamp;
use billing::usage::RecordKey;

use super::{Outcome, Pages, Pending, refusal};
use crate::error::StoreError;
use crate::key;
use crate::page::cell::Cell;
use crate::page::{Bound, Page, attribute_name, lay_out};
use crate::table::{keyed, number, text};

impl Pages<'_> {
    /// Puts a correction in the place of a tombstone, on condition that it is the very tombstone that was read.
    pub(super) async fn correct(
        &self,
        page: &Page,
        record: &Pending,
        old: &Cell,
        now: Timestamp,
    ) -> Result<Option<Outcome>, StoreError> {
        let new = old.corrected(record.content.clone(), now);
        let written = self.exchange(page, &record.key, old, &new).await?;
        let version = new.current.filter(|_| written);
        Ok(version.map(|version| Outcome::Recorded(self.standing(&record.key, version, false))))
    }

    /// Puts one cell in the place of another, on condition that the page is open and holds exactly the old one. A page
    /// that would grow past its size is laid out anew with it.
    pub(super) async fn exchange(
        &self,
        page: &Page,
        key: &RecordKey,
        old: &Cell,
        new: &Cell,
    ) -> Result<bool, StoreError> {
        let name = attribute_name(&page.start, key);
        let value = new.encode(key.date);
        if !self.has_room(&page.start, &page.end, page.bytes, name.len() + value.len()) {
            let mut cells = page.cells.clone();
            cells.insert(key.clone(), new.clone());
            let drafts = lay_out(&page.start, &page.end, &cells, &BTreeMap::new(), self.overhead(), true);
            return self.replace(Some(page), &drafts).await;
        }
        let sent = self
            .store
            .table
            .client
            .update_item()
            .table_name(&self.store.table.name)
            .set_key(Some(keyed(&key::page(&self.partition, self.price, &page.start))))
            .update_expression("SET #record = :new ADD B :bytes")
            .condition_expression("#record = :old AND attribute_not_exists(S) AND E > :key")
            .expression_attribute_names("#record", &name)
            .expression_attribute_values(":bytes", number(name.len() + value.len()))
            .expression_attribute_values(":new", text(value))
            .expression_attribute_values(":old", text(old.encode(key.date)))
            .expression_attribute_values(":key", text(Bound::of(key).as_str()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        match sent {
            Ok(_) => Ok(true),
            Err(error) => refusal(error).map(|_| false),
        }
    }
}
