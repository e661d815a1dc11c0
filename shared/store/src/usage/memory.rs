//! The pages that a warm function wrote last: whoever goes on writing there needs no look-up.
//!
//! A remembered page is a guess like any other: the write itself is refused where the page has changed its end or was
//! sealed.

use std::collections::VecDeque;

use billing::id::ItemPriceId;

use super::{Pages, Pending, Share};
use crate::page::{Bound, Draft};
use crate::recent::Recent;
use crate::table::{Item, get_number, get_text};

/// How many pages of one price are remembered.
const PAGES: usize = 8;

/// The pages by partition and price.
pub(crate) type RecentPages = Recent<(String, ItemPriceId), VecDeque<KnownPage>>;

/// Where a page begins and ends, and how many bytes were written into it since its end last moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownPage {
    start: Bound,
    end: Bound,
    written: u64,
}

impl Pages<'_> {
    /// The share of a round, sorted by key, if one remembered page takes all of it.
    pub(super) fn remembered_share(&self, pending: &[Pending], round: &[usize]) -> Option<Share> {
        if !self.rules.remember {
            return None;
        }
        let (first, last) = (pending.get(*round.first()?)?.bound(), pending.get(*round.last()?)?.bound());
        let known = self.store.recent_pages.get(&self.memory_key())?;
        let page = known.into_iter().find(|page| page.start <= first && last < page.end)?;
        Some(Share { start: page.start, end: page.end, written: page.written, group: round.to_vec() })
    }

    /// Remembers a page by what its update returned of it.
    pub(super) fn remember(&self, start: &Bound, updated: Option<&Item>) {
        let read = |item: &Item| Some((get_text(item, "E").and_then(Bound::parse)?, get_number(item, "B")?));
        if let Some((end, written)) = updated.and_then(read) {
            self.remember_page(KnownPage { start: start.clone(), end, written });
        }
    }

    /// Remembers the last of the pages that were made of one: where the next record is likely to go.
    pub(super) fn remember_last(&self, drafts: &[Draft]) {
        if let [_, .., last] = drafts {
            let written = u64::try_from(last.bytes()).unwrap_or(u64::MAX);
            self.remember_page(KnownPage { start: last.start.clone(), end: last.end.clone(), written });
        }
    }

    fn remember_page(&self, page: KnownPage) {
        if !self.rules.remember {
            return;
        }
        let key = self.memory_key();
        let mut known = self.store.recent_pages.get(&key).unwrap_or_default();
        known.retain(|other| other.start != page.start);
        known.push_front(page);
        known.truncate(PAGES);
        self.store.recent_pages.remember(key, known);
    }

    /// Forgets the price's pages: one of them has changed.
    pub(super) fn forget_pages(&self) {
        self.store.recent_pages.forget(&self.memory_key());
    }

    fn memory_key(&self) -> (String, ItemPriceId) {
        (self.partition.clone(), self.price.clone())
    }
}
