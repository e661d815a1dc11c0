//! Putting one cell in the place of another: corrections and tombstones.

use std::collections::{BTreeMap, HashMap};

use billing::time::Timestamp;
use billing::usage::RecordKey;

use super::limit::{Counted, Written};
use super::{Outcome, Pages, Pending};
use crate::error::StoreError;
use crate::key;
use crate::page::cell::Cell;
use crate::page::{Bound, Page, at_once, attribute_name, lay_out};
use crate::table::{Item, Sent, keyed, number, text};

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
        let outcome = match self.exchange(page, &record.key, old, &new, Counted::More(1)).await? {
            Written::Done => new.current.map(|version| Outcome::Recorded(self.standing(&record.key, version, false))),
            Written::Lost => None,
            Written::Full => Some(Outcome::LimitReached),
        };
        Ok(outcome)
    }

    /// Puts one cell in the place of another, on condition that the page is open and holds exactly the old one. A page
    /// that would grow past its size is laid out anew with it.
    pub(super) async fn exchange(
        &self,
        page: &Page,
        record: &RecordKey,
        old: &Cell,
        new: &Cell,
        counted: Counted,
    ) -> Result<Written, StoreError> {
        let name = attribute_name(&page.start, record);
        let value = new.encode(record.date);
        if !self.has_room(&page.start, &page.end, page.bytes, name.len() + value.len()) {
            let mut cells = page.cells.clone();
            cells.insert(record.clone(), new.clone());
            let drafts = lay_out(&page.start, &page.end, &cells, &BTreeMap::new(), self.overhead(), true);
            let mut changes = self.store.changes();
            self.replace(&mut changes, Some(page), &at_once(drafts))?;
            return self.commit(changes, counted).await;
        }
        let key = key::page(&self.partition, self.price, &page.start);
        let update = "SET #record = :new ADD B :bytes";
        let condition = "#record = :old AND attribute_not_exists(S) AND E > :key";
        let names = HashMap::from([("#record".to_owned(), name.clone())]);
        let values = Item::from([
            (":bytes".to_owned(), number(name.len() + value.len())),
            (":new".to_owned(), text(value)),
            (":old".to_owned(), text(old.encode(record.date))),
            (":key".to_owned(), text(Bound::of(record).as_str())),
        ]);
        if self.rules.limit.is_some() {
            let mut changes = self.store.changes();
            changes.update_named(&key, update, condition, names, values)?;
            return self.commit(changes, counted).await;
        }
        let update = self
            .store
            .table
            .client
            .update_item()
            .set_key(Some(keyed(&key)))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values));
        let done = matches!(self.store.table.send_update(update).await?, Sent::Done(_));
        Ok(if done { Written::Done } else { Written::Lost })
    }
}
