//! Which records of a batch go to which page.

use std::collections::BTreeMap;

use billing::subscription::Subscription;
use billing::time::Timestamp;
use billing::usage::RecordKey;

use super::{Pages, Pending, Slot};
use crate::error::StoreError;
use crate::key;
use crate::page::{Bound, Page};
use crate::table::Ask;

/// How many pages are looked up at once.
const PAGES_AT_ONCE: usize = 100;

/// The records of a round that one page takes: one that exists, or one that is to be made.
pub(super) struct Share {
    pub start: Bound,
    pub end: Bound,
    /// The bytes that were ever written into the page, as far as is known.
    pub written: u64,
    pub group: Vec<usize>,
}

impl Share {
    /// What an existing page takes of the round's records, sorted by key and from its start on.
    pub(super) fn of_page(page: &Page, pending: &[Pending], round: &[usize]) -> Share {
        Share::new(page.start.clone(), page.end.clone(), page.bytes, pending, round)
    }

    fn new(start: Bound, end: Bound, written: u64, pending: &[Pending], round: &[usize]) -> Share {
        let group = round.iter().copied().take_while(|&index| pending[index].bound() < end).collect();
        Share { start, end, written, group }
    }
}

/// The open records, sorted by key, each key once: the first of equals goes first.
pub(super) fn first_of_each_key(pending: &[Pending]) -> Vec<usize> {
    let mut firsts = BTreeMap::new();
    for (index, record) in pending.iter().enumerate().filter(|(_, record)| record.outcome.is_none()) {
        firsts.entry(&record.key).or_insert(index);
    }
    firsts.into_values().collect()
}

impl Pages<'_> {
    /// Gives the records of a round, sorted by key, to the pages that they belong to. What has no page yet but behind
    /// one that is missing itself waits for a later round: pages are made one after the other.
    pub(super) async fn share_out(
        &self,
        subscription: &Subscription,
        pending: &[Pending],
        round: &[usize],
        consistent: bool,
    ) -> Result<Vec<Share>, StoreError> {
        let mut shares = Vec::new();
        let mut rest = round;
        let mut known = Vec::new().into_iter();
        let Slot { start, page } = self.locate(&pending[round[0]].bound(), consistent).await?;
        let Some(mut page) = page else {
            let end = new_page_end(subscription, &pending[round[0]].key)?;
            return Ok(vec![Share::new(start, end, 0, pending, round)]);
        };
        loop {
            let share = Share::of_page(&page, pending, rest);
            rest = &rest[share.group.len()..];
            shares.push(share);
            let (Some(&next), Some(&last)) = (rest.first(), rest.last()) else { break };
            let bound = pending[next].bound();
            if shares.len() == 1 {
                known = self.following(&page.end, &pending[last].bound(), rest.len()).await?.into_iter();
            }
            match known.find(|page: &Page| bound < page.end) {
                Some(following) if following.contains(&bound) => page = following,
                // Behind the last page there is, or behind those that were looked up.
                _ => break,
            }
        }
        Ok(shares)
    }

    /// The pages that begin from one bound to another, in order, as far as records ask for them.
    async fn following(&self, from: &Bound, to: &Bound, records: usize) -> Result<Vec<Page>, StoreError> {
        let prefix = key::pages(self.price);
        let ask = Ask {
            partition: self.partition.clone(),
            from: format!("{prefix}{from}"),
            to: format!("{prefix}{to}"),
            limit: Some(records.min(PAGES_AT_ONCE)),
            ..Ask::default()
        };
        let items = self.store.table.query_once(&ask, None).await?.0;
        items.iter().map(|item| self.parse(item)).collect()
    }
}

/// Where a page that begins before the record ends when it is created: with the record's billing period.
fn new_page_end(subscription: &Subscription, key: &RecordKey) -> Result<Bound, StoreError> {
    let period = subscription.period_at(key.date)?;
    // Without a start date there are no periods yet; the page is cut where one ends when it is sealed.
    let end = period.map_or(Timestamp::MAX, |(_, period)| period.end);
    Ok(Bound::at(end.max(key.date.plus_millis(1))))
}
