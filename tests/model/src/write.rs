//! Recording, correcting and deleting, named as in the store: `update`, `rewrite`, `exchange`, `exchange_late`.

use crate::cell::{Cell, CellAnswer, Content, Key, answer};
use crate::mutation::Mutation;
use crate::page::{Layout, Page, lay_out};
use crate::protocol::{Protocol, State};
use crate::scope::{Bound, DATES};
use crate::table::{Place, Write};
use crate::truth::{Change, Wrong};

/// What a writer wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Job {
    /// To record a content, at the slot that it was told of, at any time, and with an end for a page that is missing.
    Record {
        /// The key.
        key: Key,
        /// The content.
        content: Content,
        /// Where the page begins.
        start: Bound,
        /// Where a page that is missing will end.
        end: Bound,
    },
    /// To delete a version.
    Delete {
        /// The key.
        key: Key,
        /// The content that names the version.
        content: Content,
    },
}

/// What a writer is about to write after it has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hand {
    /// A page anew, with one more or another cell.
    Rewrite {
        /// Where it begins.
        start: Bound,
        /// The page as it was read.
        before: Option<Page>,
        /// The page as it will be, before it is cut.
        page: Page,
        /// What that changes.
        change: Change,
    },
    /// One cell of a page in the place of another.
    Exchange {
        /// Where the page begins.
        start: Bound,
        /// The cell as it was read.
        old: Cell,
        /// The cell as it will be; absent where a mutation leaves none.
        new: Option<Cell>,
        /// What that changes.
        change: Change,
    },
    /// A late row in the place of another or of none.
    ExchangeLate {
        /// The row as it was read.
        old: Option<Cell>,
        /// The row as it will be.
        new: Cell,
        /// What that changes.
        change: Change,
    },
}

impl Protocol {
    /// Writes together with the count, where there is a limit, and takes the change into the truth; `false` where it
    /// is refused or in conflict.
    fn transact(&self, state: &mut State, writes: &[Write], change: Change) -> bool {
        let mut writes = writes.to_vec();
        let mut count = None;
        if let Some(free) = state.table.items.free {
            let left = match change {
                Change::Recorded(..) => free - 1,
                Change::Deleted(..) => free + 1,
            };
            if left < 0 && !self.drops(Mutation::CountUnchecked) {
                return false;
            }
            count = Some(Write::Free(left));
        }
        if self.drops(Mutation::RewriteNotAtomic) {
            writes.truncate(1);
        }
        if !self.drops(Mutation::CountNotAtomic) {
            writes.extend(count);
        }
        if writes.iter().any(|write| state.table.busy(write.place())) {
            return false;
        }
        let before = (change.key(), state.truth.standing[change.key()]);
        if !state.table.transact(&writes, Some(before)) {
            return false;
        }
        let wrong = state.truth.take_in(change);
        state.wrong = state.wrong.or(wrong);
        true
    }

    /// `update`: adds a record to a page, or creates the page.
    pub(crate) fn update(&self, state: &mut State, key: Key, content: Content, start: Bound, end: Bound) -> bool {
        let mut page = match state.table.items.pages[start] {
            None => Page::empty(end),
            Some(page) => {
                let stands = (page.cells[key].is_none() || self.drops(Mutation::RecordOverwrites))
                    && (page.sealed.is_none() || self.drops(Mutation::RecordIntoSealed))
                    && (page.end > DATES[key] || self.drops(Mutation::RecordBeyondEnd));
                if !stands {
                    return false;
                }
                page
            }
        };
        let cell = Cell::new(content);
        page.cells[key] = Some(cell);
        if !self.drops(Mutation::RecordNotCounted) {
            page.bytes += cell.bytes();
        }
        self.transact(state, &[Write::Page(start, page)], Change::Recorded(key, content))
    }

    /// `update` with two records: all or none.
    pub(crate) fn update_both(&self, state: &mut State, keys: [Key; 2], start: Bound, end: Bound) -> bool {
        const CONTENT: Content = 1;
        let mut page = state.table.items.pages[start].unwrap_or_else(|| Page::empty(end));
        let [first, last] = keys;
        let asked = if self.drops(Mutation::BatchAsksFirst) { first } else { last };
        let stands = page.cells[first].is_none()
            && (page.cells[last].is_none() || self.drops(Mutation::BatchOverwrites))
            && page.sealed.is_none()
            && page.end > DATES[asked];
        if !stands {
            return false;
        }
        for key in keys {
            let cell = Cell::new(CONTENT);
            page.cells[key] = Some(cell);
            page.bytes += cell.bytes();
        }
        let done = state.table.transact(&[Write::Page(start, page)], None);
        for key in keys.into_iter().filter(|_| done) {
            let wrong = state.truth.take_in(Change::Recorded(key, CONTENT));
            state.wrong = state.wrong.or(wrong);
        }
        done
    }

    /// What follows from reading what the job is about: an answer, which is judged here, or something to write.
    pub(crate) fn take(&self, state: &mut State, job: Job, anew: bool) -> Option<Hand> {
        match job {
            Job::Record { key, content, start, end } => self.take_record(state, key, content, start, end, anew),
            Job::Delete { key, content } => self.take_delete(state, key, content, anew),
        }
    }

    /// `resolve`: what the page says to the record.
    fn take_record(
        &self,
        state: &mut State,
        key: Key,
        content: Content,
        start: Bound,
        end: Bound,
        anew: bool,
    ) -> Option<Hand> {
        let change = Change::Recorded(key, content);
        let before = state.table.items.pages[start];
        if before.is_some_and(|page| DATES[key] >= page.end) {
            if self.drops(Mutation::RefusalIsAcknowledged) {
                self.settled(state, key, content, CellAnswer::Replayed);
            }
            return None;
        }
        let Some(page) = before.filter(|page| page.sealed.is_some()) else {
            let page = before.unwrap_or_else(|| Page::empty(end));
            let new = match answer(page.cells[key], content) {
                CellAnswer::Free if anew => Cell::new(content),
                CellAnswer::Correct { old } => {
                    let new = self.corrected(old, content);
                    if !anew {
                        return Some(Hand::Exchange { start, old, new: Some(new), change });
                    }
                    new
                }
                CellAnswer::Free => return None,
                decided => {
                    self.settled(state, key, content, decided);
                    return None;
                }
            };
            return Some(rewritten(start, before, page, Some(new), change));
        };
        if anew {
            return None;
        }
        let row = state.table.items.late[key];
        let stands = if self.drops(Mutation::LateIgnoresPage) {
            row
        } else if self.drops(Mutation::LateIgnoresRow) {
            page.cells[key].or(row)
        } else {
            row.or(page.cells[key])
        };
        let new = match answer(stands, content) {
            CellAnswer::Free => Cell::new(content),
            CellAnswer::Correct { old } => self.corrected(old, content),
            decided => {
                self.settled(state, key, content, decided);
                return None;
            }
        };
        Some(Hand::ExchangeLate { old: row, new, change })
    }

    /// `delete`: one attempt, from `settled_page` on.
    fn take_delete(&self, state: &mut State, key: Key, content: Content, anew: bool) -> Option<Hand> {
        let change = Change::Deleted(key, content);
        let (start, page) = state.table.items.locate(DATES[key]);
        let Some(page) = page else {
            let gap = state.table.get_settled(Place::Page(start)) == Some(false);
            if gap || self.drops(Mutation::DeleteBelievesGap) {
                self.not_found(state, key, content);
            }
            return None;
        };
        let row = state.table.items.late[key].filter(|_| page.sealed.is_some());
        let Some(cell) = row.or(page.cells[key]) else {
            self.not_found(state, key, content);
            return None;
        };
        if cell.was_deleted(content) {
            if state.truth.gone[key] & (1 << content) == 0 {
                state.wrong = state.wrong.or(Some(Wrong::FalselyDeleted));
            }
            return None;
        }
        match cell.current {
            None => self.not_found(state, key, content),
            Some(current) if current == content || self.drops(Mutation::DeleteWhateverStands) => {
                let tombstone = self.without_current(cell);
                let nothing = self.drops(Mutation::DeleteLeavesNothing);
                let new = (!nothing).then_some(tombstone);
                return match (page.sealed, anew) {
                    (Some(_), false) => Some(Hand::ExchangeLate { old: row, new: tombstone, change }),
                    (Some(_), true) => None,
                    (None, false) => Some(Hand::Exchange { start, old: cell, new, change }),
                    (None, true) => Some(rewritten(start, Some(page), page, new, change)),
                };
            }
            Some(_) => {}
        }
        None
    }

    /// Judges an answer that a cell decides by itself.
    fn settled(&self, state: &mut State, key: Key, content: Content, answer: CellAnswer) {
        let wrong = match answer {
            CellAnswer::Replayed if !state.may_stand(key, content) => Some(Wrong::FalselyReplayed),
            CellAnswer::WasDeleted if state.truth.gone[key] & (1 << content) == 0 => Some(Wrong::FalselyDeleted),
            _ => None,
        };
        state.wrong = state.wrong.or(wrong);
    }

    fn not_found(&self, state: &mut State, key: Key, content: Content) {
        if state.must_stand(key, content) {
            state.wrong = state.wrong.or(Some(Wrong::FalselyNotFound));
        }
    }

    /// Writes what a hand holds, on the conditions that go with it.
    pub(crate) fn put(&self, state: &mut State, hand: Hand, layout: Layout) -> bool {
        match hand {
            Hand::Rewrite { start, before, page, change } => {
                let drafts = lay_out(start, &page, layout);
                let Some(writes) = self.replacement(state, start, before, drafts, None) else { return false };
                self.transact(state, &writes, change)
            }
            Hand::Exchange { start, old, new, change } => {
                let key = change.key();
                let Some(mut page) = state.table.items.pages[start] else { return false };
                let stands = (page.cells[key] == Some(old) || self.drops(Mutation::ExchangeAnything))
                    && (page.sealed.is_none() || self.drops(Mutation::ExchangeIntoSealed))
                    && (page.end > DATES[key] || self.drops(Mutation::ExchangeBeyondEnd));
                if !stands {
                    return false;
                }
                page.cells[key] = new;
                if !self.drops(Mutation::ExchangeNotCounted) {
                    page.bytes += new.map_or(1, Cell::bytes);
                }
                self.transact(state, &[Write::Page(start, page)], change)
            }
            Hand::ExchangeLate { old, new, change } => {
                let key = change.key();
                let stands = state.table.items.late[key] == old || self.drops(Mutation::LateOverwrites);
                stands && self.transact(state, &[Write::Late(key, new)], change)
            }
        }
    }

    /// `replacement`: the writes that put pages in the place of one, where its condition holds.
    pub(crate) fn replacement(
        &self,
        state: &mut State,
        start: Bound,
        before: Option<Page>,
        drafts: Vec<(Bound, Page)>,
        sealed: Option<u8>,
    ) -> Option<Vec<Write>> {
        let items = &state.table.items;
        let stands = match (before, items.pages[start]) {
            (Some(before), Some(page)) => {
                let blind = self.drops(Mutation::RewriteIgnoresVersion);
                let same_end = before.end == page.end;
                let same_bytes = before.bytes == page.bytes;
                if same_end && same_bytes && before.cells != page.cells {
                    state.wrong = state.wrong.or(Some(Wrong::VersionNamesTwo));
                }
                (same_end || blind || self.drops(Mutation::RewriteIgnoresEnd))
                    && (same_bytes || blind || self.drops(Mutation::RewriteIgnoresBytes))
                    && (page.sealed.is_none() || self.drops(Mutation::RewriteOfSealed))
            }
            (Some(_), None) => false,
            (None, page) => page.is_none() || self.drops(Mutation::RewriteOverwritesNew),
        };
        let items = &state.table.items;
        let others = drafts.iter().skip(1);
        let free = others.clone().all(|(start, _)| items.pages[*start].is_none());
        if !stands || !(free || self.drops(Mutation::RewriteOverwritesNew)) {
            return None;
        }
        let written = drafts.into_iter().map(|(bound, draft)| {
            let mut page = Page { sealed, ..draft };
            let stays = before.filter(|before| bound == start && before.end == page.end);
            if let Some(before) = stays.filter(|_| !self.drops(Mutation::RewriteCountsAnew)) {
                page.bytes = page.bytes.max(before.bytes + 1);
            }
            Write::Page(bound, page)
        });
        Some(written.collect())
    }
}

fn rewritten(start: Bound, before: Option<Page>, mut page: Page, new: Option<Cell>, change: Change) -> Hand {
    page.cells[change.key()] = new;
    Hand::Rewrite { start, before, page, change }
}
