//! Usage, corrections and deletions that came after their page was sealed: one row a record key, beside the pages.

use billing::time::Timestamp;
use billing::usage::{LateUsage, RecordKey};

use super::chain::Span;
use super::limit::{Counted, Written};
use super::{Outcome, Pages, Pending};
use crate::error::StoreError;
use crate::key;
use crate::page::cell::{Cell, Version};
use crate::page::{Bound, CellAnswer, answer};
use crate::table::{Ask, Item, get_text, keyed, text};

impl Pages<'_> {
    /// Judges a record against the late row of its key, or the sealed page's cell where there is none, and stores it
    /// beside the pages where nothing stands and late usage is taken. `None` where the row changed meanwhile.
    pub(super) async fn record_late(
        &self,
        record: &Pending,
        page_cell: Option<Cell>,
        now: Timestamp,
    ) -> Result<Option<Outcome>, StoreError> {
        let row = self.late_cell(&record.key).await?;
        let stands = row.as_ref().or(page_cell.as_ref());
        let new = match answer(stands, &record.content) {
            CellAnswer::Free => Cell::new(record.content.clone(), now),
            CellAnswer::Correct { old } => old.corrected(record.content.clone(), now),
            settled => return Ok(self.settled(&record.key, settled, row.is_some())),
        };
        if self.rules.late == LateUsage::Reject {
            return Ok(Some(Outcome::TooLate));
        }
        match self.exchange_late(&record.key, row.as_ref(), &new, Counted::More(1)).await? {
            Written::Done => {}
            Written::Lost => return Ok(None),
            Written::Full => return Ok(Some(Outcome::LimitReached)),
        }
        let version = new.current.unwrap_or(Version { content: record.content.clone(), updated_at: now });
        Ok(Some(Outcome::Recorded(self.standing(&record.key, version, true))))
    }

    /// Reads the late row of a key.
    pub(super) async fn late_cell(&self, record: &RecordKey) -> Result<Option<Cell>, StoreError> {
        let item = self.store.table.get(&key::late(&self.partition, self.price, record), true).await?;
        item.map(|item| parse(&item, record)).transpose()
    }

    /// The late rows of some keys, by key, or from the last key on where `backward`; then the keys whose rows are still to be
    /// read, where one query does not bring all.
    pub(super) async fn late(
        &self,
        span: &Span,
        backward: bool,
        limit: Option<usize>,
    ) -> Result<(Vec<(RecordKey, Cell)>, Option<Span>), StoreError> {
        let prefix = key::late_usages(self.price);
        let ask = Ask {
            partition: self.partition.clone(),
            from: format!("{prefix}{}", span.from),
            to: format!("{prefix}{}", span.to),
            backward,
            consistent: true,
            limit,
            ..Ask::default()
        };
        let row = |item: &Item| {
            let key = get_text(item, "SK")
                .and_then(|sk| sk.strip_prefix(&prefix))
                .and_then(Bound::parse)
                .and_then(|bound| bound.key())
                .ok_or(StoreError::Corrupt { what: "late usage" })?;
            Ok(if span.contains(&key) { Some((key.clone(), parse(item, &key)?)) } else { None })
        };
        let (rows, cut) = self.first_found(&ask, 1, row).await?;
        let unread = rows.last().filter(|_| cut).map(|(last, _)| match backward {
            true => Span { to: Bound::of(last), ..span.clone() },
            false => Span { from: Bound::behind(last), ..span.clone() },
        });
        Ok((rows, unread))
    }

    /// Puts one late row in the place of another, on condition that it is exactly the one that was read.
    pub(super) async fn exchange_late(
        &self,
        record: &RecordKey,
        old: Option<&Cell>,
        new: &Cell,
        counted: Counted,
    ) -> Result<Written, StoreError> {
        let mut item = keyed(&key::late(&self.partition, self.price, record));
        item.insert("V".into(), text(new.encode(record.date)));
        let mut changes = self.store.changes();
        match old {
            Some(old) => changes.put(item, "V = :old", Item::from([(":old".into(), text(old.encode(record.date)))]))?,
            None => changes.put_new(item)?,
        };
        self.commit(changes, counted).await
    }
}

/// Reads the stored form of a late row.
pub(super) fn parse(item: &Item, record: &RecordKey) -> Result<Cell, StoreError> {
    get_text(item, "V")
        .and_then(|value| Cell::decode(value, record.date).ok())
        .ok_or(StoreError::Corrupt { what: "late usage" })
}
