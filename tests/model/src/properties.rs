//! What must hold in every state, and that whoever runs alone finishes.

use crate::cell::{Content, Key, bit};
use crate::closing::Step;
use crate::page::{Layout, Tiling, tile};
use crate::protocol::{Protocol, State};
use crate::read::{Phase, Reading};
use crate::scope::{Bound, By, DATES, KEYS, MOVED_ENDS, ORIGIN};
use crate::table::{Input, Invoice, TWICE};
use crate::truth::{Truth, Wrong};
use crate::write::Job;

/// The most steps that one who runs alone may take.
const PATIENCE: usize = 80;

impl State {
    /// Whether the content stands, or did right before a transaction under way.
    pub(crate) fn may_stand(&self, key: Key, content: Content) -> bool {
        self.truth.standing[key] == Some(content) || self.stood(key) == Some(Some(content))
    }

    /// Whether the content stands, and did right before a transaction under way.
    pub(crate) fn must_stand(&self, key: Key, content: Content) -> bool {
        let stands = Some(content);
        self.truth.standing[key] == stands && self.stood(key).is_none_or(|stood| stood == stands)
    }

    /// What stood under the key right before a transaction under way, if that changes it.
    pub(crate) fn stood(&self, key: Key) -> Option<Option<Content>> {
        let under_way = self.table.in_flight.iter().flatten();
        under_way.filter_map(|flight| flight.before).find(|(of, _)| *of == key).map(|(_, stood)| stood)
    }

    /// Pages tile from the origin on, and hold only what lies between their bounds (I1, I9).
    pub(crate) fn pages_tile(&self) -> bool {
        let items = self.table.settled();
        let mut reached = ORIGIN;
        while let Some(page) = items.pages.0.get(usize::from(reached)).copied().flatten() {
            let inside = |key: Key| reached <= DATES[key] && DATES[key] < page.end;
            if page.end <= reached || !page.keys().all(inside) {
                return false;
            }
            reached = page.end;
        }
        items.pages.each().skip(usize::from(reached)).all(|(_, page)| page.is_none())
            && (0..reached).all(|start| items.pages[start].is_none_or(|page| page.end <= reached))
            && self.count_in_chain(reached) == items.pages.0.iter().flatten().count()
    }

    fn count_in_chain(&self, reached: Bound) -> usize {
        let items = self.table.settled();
        let mut at = ORIGIN;
        let mut count = 0;
        while let Some(page) = items.pages.0.get(usize::from(at)).copied().flatten().filter(|_| at < reached) {
            at = page.end;
            count += 1;
        }
        count
    }

    /// What was acknowledged stands, in one place, and nothing else does; nothing that was deleted is forgotten (I1, I3).
    pub(crate) fn acknowledged_stands(&self) -> bool {
        let items = self.table.settled();
        (0..KEYS).all(|key| {
            let cell = items.cell(key);
            let standing = cell.and_then(|cell| cell.current);
            let deleted = cell.map_or(0, |cell| cell.deleted);
            standing == self.truth.standing[key] && deleted == self.truth.gone[key]
        })
    }

    /// A frozen invoice's input is what sealing again would give, and each record stands on it or beside it as late,
    /// never both (I2, I5, I7).
    pub(crate) fn frozen_is_exact(&self, model: &Protocol) -> bool {
        let items = self.table.settled();
        items.invoices.0.iter().flatten().all(|invoice| {
            let Some(frozen) = invoice.frozen else { return true };
            let in_period = |key: &Key| invoice.from <= DATES[*key] && DATES[*key] < invoice.to;
            let Some(sealed) = self.resealed(invoice) else { return false };
            // Where a record had no price, what had come late by then was left out, and that alone.
            let left_out = |key: Key| frozen[key] == 0 && items.late[key].is_some();
            let exact = sealed == frozen
                || model.has_unpriced(sealed).is_some()
                    && (0..KEYS).all(|key| sealed[key] == frozen[key] || left_out(key));
            exact
                && (0..KEYS).filter(in_period).all(|key| match items.late[key] {
                    None => self.truth.standing[key].unwrap_or(0) == frozen[key],
                    Some(row) => row.current.is_none_or(|content| content != frozen[key]),
                })
        })
    }

    /// What sealing the period again would give; nothing where its pages are not a sealed chain.
    fn resealed(&self, invoice: &Invoice) -> Option<Input> {
        let items = self.table.settled();
        let chain: Vec<_> = (0..invoice.to)
            .filter_map(|start| Some((start, items.pages[start]?)))
            .filter(|(_, page)| page.end > invoice.from)
            .collect();
        let ends = chain.iter().map(|(start, page)| (*start, page.end));
        let sealed = chain.iter().all(|(_, page)| page.sealed.is_some());
        if !sealed || tile(ends, invoice.from, invoice.to) != Tiling::Complete {
            return None;
        }
        let mut input = By::all(0);
        for key in (0..KEYS).filter(|&key| invoice.from <= DATES[key] && DATES[key] < invoice.to) {
            for content in chain.iter().filter_map(|(_, page)| page.cells[key]?.current) {
                input[key] = if input[key] == 0 { content } else { TWICE };
            }
        }
        Some(input)
    }

    /// Periods chain, each has one invoice once it was generated, and a move that was acknowledged stands (I8, I9).
    pub(crate) fn periods_chain(&self) -> bool {
        let items = self.table.settled();
        let invoices = items.invoices.each().all(|(number, invoice)| match invoice {
            None => number >= items.head.current,
            Some(invoice) => number < items.head.current && (invoice.from, invoice.to) == items.head.period(number),
        });
        invoices && items.head.ends == self.truth.ends && items.head.current == self.truth.generated
    }

    /// Nothing is late before its period has ended: sealing one period leaves the next one open (I7).
    pub(crate) fn late_is_late(&self) -> bool {
        let items = self.table.settled();
        let ended = |date: Bound| items.invoices.0.iter().flatten().any(|i| i.from <= date && date < i.to);
        items.late.each().all(|(key, row)| row.is_none() || ended(DATES[key]))
    }

    /// As many usages stand as were counted, and no more than there may be (I6).
    pub(crate) fn limit_holds(&self, limit: Option<i8>) -> bool {
        let standing: i8 = self.truth.standing.0.iter().flatten().map(|_| 1).sum();
        match (limit, self.table.settled().free) {
            (Some(limit), Some(free)) => standing + free == limit && free >= 0,
            _ => true,
        }
    }

    pub(crate) fn bills_a_record(&self) -> bool {
        let frozen = self.table.items.invoices.0.iter().flatten().filter_map(|invoice| invoice.frozen);
        frozen.flat_map(|input| input.0).any(|content| content != 0)
    }

    pub(crate) fn bills_a_moved_period(&self) -> bool {
        self.table.items.head.ends == MOVED_ENDS
            && self.table.items.invoices.0.iter().flatten().all(|invoice| invoice.frozen.is_some())
            && self.bills_a_record()
    }

    pub(crate) fn has_late_record(&self) -> bool {
        self.table.items.late.0.iter().flatten().any(|row| row.current.is_some())
    }

    pub(crate) fn has_correction(&self) -> bool {
        let cells = self.table.items.pages.0.iter().flatten().flat_map(|page| page.cells.0).flatten();
        cells
            .chain(self.table.items.late.0.into_iter().flatten())
            .any(|cell| cell.current.is_some() && cell.deleted != 0)
    }

    pub(crate) fn reads_a_record(&self) -> bool {
        self.reader.is_some_and(|reading| reading.phase == Phase::Late && reading.got.0.iter().any(Option::is_some))
    }

    pub(crate) fn leaves_out_a_record(&self) -> bool {
        self.table
            .items
            .invoices
            .0
            .iter()
            .flatten()
            .any(|i| i.frozen.is_some_and(|frozen| self.resealed(i) != Some(frozen)))
    }

    /// Where items unlock early: a deletion of a record that its transaction has moved is done, and the page that it was
    /// moved from still shows it to a writer who takes the page for full, and reads it.
    pub(crate) fn answers_from_before(&self) -> bool {
        self.wrong == Some(Wrong::FalselyReplayed)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.table.items.free == Some(0)
    }

    /// What no step may do, whatever state it leads to.
    pub(crate) fn judge_step(&mut self, before: &State) {
        let pages = before.table.items.pages.0.iter().zip(&self.table.items.pages.0);
        if pages.clone().any(|(before, after)| before.is_some_and(|page| page.sealed.is_some()) && before != after) {
            self.wrong = self.wrong.or(Some(Wrong::SealedPageChanged));
        }
        let invoices = before.table.items.invoices.0.iter().zip(&self.table.items.invoices.0);
        if invoices.clone().any(|(before, after)| before.is_some_and(|i| i.frozen.is_some()) && before != after) {
            self.wrong = self.wrong.or(Some(Wrong::FrozenAgain));
        }
        if let Some(mut reading) = self.reader {
            for key in 0..KEYS {
                reading.during[key] |= bit(self.truth.standing[key]) | self.stood(key).map_or(0, bit);
            }
            self.reader = Some(reading);
        }
    }
}

impl Protocol {
    /// Any closer, reader or writer that runs alone from here on comes to an end.
    pub(crate) fn all_finish(&self, state: &State) -> bool {
        let mut alone = *state;
        alone.table.settle();
        (0..self.scope.closers).all(|closer| self.closer_finishes(alone, closer))
            && (0..self.scope.ranges.len()).all(|range| self.reader_finishes(alone, range))
            && self.writers_finish(&alone)
    }

    fn closer_finishes(&self, mut state: State, closer: usize) -> bool {
        for _ in 0..PATIENCE {
            let stepped = match state.closers[closer] {
                Some(at) if at.listed != 0 && at.stage == crate::closing::Stage::Seal => {
                    let start = Bound::try_from(at.listed.trailing_zeros()).unwrap_or_default();
                    self.close(&mut state, closer, Step::SealPage(start))
                }
                Some(_) => self.close(&mut state, closer, Step::Go),
                None => {
                    let head = state.table.items.head;
                    let open = |number: &u8| state.table.items.invoices[*number].is_some_and(|i| i.frozen.is_none());
                    match (0..self.scope.periods).find(open) {
                        Some(number) => match self.trial(&state, number) {
                            None => self.close(&mut state, closer, Step::Begin(number)),
                            // It stays open, until what has no price is deleted.
                            Some(key) => self.deletes(&mut state, key),
                        },
                        None if head.current < self.scope.periods => self.generate(&mut state, head),
                        None => return true,
                    }
                }
            };
            if !stepped {
                return false;
            }
            state.table.settle();
        }
        false
    }

    fn deletes(&self, state: &mut State, key: Key) -> bool {
        let stands = state.truth.standing[key];
        let hand = stands.and_then(|content| self.take(state, Job::Delete { key, content }, false));
        hand.is_some_and(|hand| self.put(state, hand, Layout::MIN))
    }

    fn reader_finishes(&self, mut state: State, range: usize) -> bool {
        state.reader = Some(Reading::new(range, self.scope.ranges[range].0));
        for _ in 0..PATIENCE {
            let late = state.reader.is_some_and(|reading| reading.phase == Phase::Late);
            self.read(&mut state);
            if state.reader.is_none() {
                return late;
            }
        }
        false
    }

    /// A record that may stand is recorded by whoever looks its page up afresh.
    fn writers_finish(&self, state: &State) -> bool {
        let Truth { standing, gone, .. } = state.truth;
        let full = state.table.items.free == Some(0);
        self.scope.keys.iter().all(|&(key, contents)| {
            (1..=contents).all(|content| {
                let may = standing[key].is_none() && gone[key] & bit(Some(content)) == 0 && !full;
                let (start, _) = state.table.items.locate(DATES[key]);
                let end = self.ends(state, key)[0];
                let mut alone = *state;
                let job = Job::Record { key, content, start, end };
                !may || self.update(&mut alone, key, content, start, end)
                    || self.take(&mut alone, job, false).is_some_and(|hand| self.put(&mut alone, hand, Layout::MIN))
            })
        })
    }
}
