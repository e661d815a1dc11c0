//! Reading a range: its chain, page by page, and then the late rows. Each page is a part of its own once the one behind it is
//! seen: where the chain does not go on, its last page is read again, and nothing before it.

use crate::cell::{Content, Contents, bit};
use crate::mutation::Mutation;
use crate::page::Page;
use crate::protocol::{Protocol, State};
use crate::scope::{Bound, By, ByKey, DATES, KEYS, ORIGIN};
use crate::table::Place;
use crate::truth::Wrong;

/// How far a reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The query stands before this bound.
    List(Bound),
    /// It looks for the page to the left.
    Left,
    /// It looks whether a page begins where the chain ends.
    End(Bound),
    /// It reads the late rows.
    Late,
}

/// A reader and what it has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reading {
    /// Which of the scope's ranges it reads.
    pub range: usize,
    /// How far it is.
    pub phase: Phase,
    /// Where its chain begins, where its last page begins, and where it ends so far.
    pub chain: Option<(Bound, Bound, Bound)>,
    /// What stands under each key in what it has seen.
    pub got: ByKey<Option<Content>>,
    /// Everything that stood under each key since it began.
    pub during: ByKey<Contents>,
}

impl Reading {
    pub(crate) fn new(range: usize, from: Bound) -> Reading {
        Reading { range, phase: Phase::List(from), chain: None, got: By::all(None), during: By::all(0) }
    }

    fn at(self, phase: Phase) -> Reading {
        Reading { phase, ..self }
    }

    /// Without the last page of its chain, which is read again.
    fn back(mut self, from: Bound) -> Reading {
        let (chain, at) = match self.chain {
            Some((first, last, _)) if first < last => (Some((first, last, last)), last),
            _ => (None, from),
        };
        for key in (0..KEYS).filter(|&key| at <= DATES[key]) {
            self.got[key] = None;
        }
        Reading { chain, phase: Phase::List(at), ..self }
    }

    fn keep(&mut self, page: &Page, from: Bound, to: Bound) {
        for key in page.keys().filter(|&key| from <= DATES[key] && DATES[key] < to) {
            self.got[key] = page.cells[key].and_then(|cell| cell.current);
        }
    }
}

impl Protocol {
    /// The reader's next step; a reader that must begin anew is gone, and so is one that has answered.
    pub(crate) fn read(&self, state: &mut State) -> bool {
        let Some(mut reading) = state.reader else { return false };
        let (from, to) = self.scope.ranges[reading.range];
        state.reader = match reading.phase {
            Phase::List(at) if at < to => {
                let mut whole = true;
                if let Some(page) = state.table.items.pages[at] {
                    let (first, _, end) = reading.chain.unwrap_or((at, at, at));
                    whole = end == at || self.drops(Mutation::ReadAcceptsBroken);
                    if whole {
                        reading.chain = Some((first, at, page.end));
                        reading.keep(&page, from, to);
                    }
                }
                Some(if whole { reading.at(Phase::List(at + 1)) } else { reading.back(from) })
            }
            Phase::List(_) if reading.chain.is_some_and(|(first, ..)| first == from) => Some(judged(reading, to)),
            Phase::List(_) => Some(reading.at(Phase::Left)),
            Phase::Left => self.left(state, reading, from, to),
            Phase::End(end) => {
                let unseen = match state.table.get_settled(Place::Page(end)) {
                    _ if self.drops(Mutation::ReadBelievesEnd) => true,
                    None if self.drops(Mutation::ReadWithoutTransaction) => state.table.items.pages[end].is_none(),
                    settled => settled == Some(false),
                };
                Some(if unseen { reading.at(Phase::Late) } else { reading.back(from) })
            }
            Phase::Late => {
                self.answer(state, reading, from, to);
                None
            }
        };
        true
    }

    /// `locate` at the start of the range, where no page begins just there.
    fn left(&self, state: &State, mut reading: Reading, from: Bound, to: Bound) -> Option<Reading> {
        let forgets = self.drops(Mutation::ReadForgetsLeft);
        let broken = self.drops(Mutation::ReadAcceptsBroken) || forgets;
        match (state.table.items.locate(from), reading.chain) {
            ((start, Some(page)), chain) if start < from && !forgets => {
                let later = reading.got;
                reading.keep(&page, from, to);
                for (got, later) in reading.got.0.iter_mut().zip(later.0) {
                    *got = later.or(*got);
                }
                let chained = chain.is_none_or(|(first, ..)| first == page.end) || broken;
                reading.chain = Some((start, start, chain.map_or(page.end, |(_, _, end)| end)));
                chained.then(|| judged(reading, to))
            }
            // Nothing in the range, and nothing that reaches into it: the chain ends where the last page before does.
            ((start, None), None) => Some(reading.at(Phase::End(start))),
            // It came between the two queries, and the empty list counts from the origin.
            ((_, Some(_)), None) => Some(reading.at(Phase::End(ORIGIN))),
            (_, Some(_)) => broken.then(|| judged(reading, to)),
        }
    }

    fn answer(&self, state: &mut State, mut reading: Reading, from: Bound, to: Bound) {
        for key in (0..KEYS).filter(|&key| from <= DATES[key] && DATES[key] < to) {
            if let Some(row) = state.table.items.late[key].filter(|_| !self.drops(Mutation::ReadForgetsLate)) {
                reading.got[key] = row.current;
            }
            if reading.during[key] & bit(reading.got[key]) == 0 {
                state.wrong = state.wrong.or(Some(Wrong::ReadUntrue));
            }
        }
    }
}

/// What follows a chain: the late rows, or a look at where it ends early.
fn judged(reading: Reading, to: Bound) -> Reading {
    let phase = match reading.chain {
        Some((_, _, end)) if end < to => Phase::End(end),
        _ => Phase::Late,
    };
    reading.at(phase)
}
