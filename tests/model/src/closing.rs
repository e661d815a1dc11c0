//! Closing: `generate`, moving a boundary, and closers that go through `check_order`, `bound_at`, `list`, `seal_page`,
//! `freeze`.

use crate::cell::{Content, Key};
use crate::mutation::Mutation;
use crate::page::{Page, Tiling, tile};
use crate::protocol::{Protocol, State};
use crate::scope::{Bound, By, ByBound, DATES, ENDS, KEYS, MOVED_ENDS};
use crate::table::{Head, Input, Invoice, Place, TWICE, Write};
use crate::truth::Wrong;

/// The content without a price, where the scope has one.
const UNPRICED: Content = 2;

/// Where a closer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// About to make the period's end a bound.
    Bound,
    /// About to cut the page that it read at the period's end.
    Cut(Bound, Page),
    /// About to make the page that is missing before the period's end, from here on.
    Make(Bound),
    /// Its query stands before this bound.
    List(Bound),
    /// It looks for the page to the left.
    Left,
    /// It seals what it has listed, in any order.
    Seal,
    /// About to rate what was sealed.
    Rate,
    /// About to freeze.
    Freeze,
}

/// A closer at work on an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Closer {
    /// The invoice.
    pub number: u8,
    /// How far it is.
    pub stage: Stage,
    /// Starts that were listed and are not sealed yet, a bit each.
    pub listed: u8,
    /// Ends of the pages that were sealed, by start; 0 for none.
    pub sealed: ByBound<Bound>,
    /// What stands in the pages that were sealed.
    pub input: Input,
}

/// What a closer does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// It takes up an invoice.
    Begin(u8),
    /// It crashes.
    Crash,
    /// It goes on.
    Go,
    /// It seals the page that begins here.
    SealPage(Bound),
}

impl Closer {
    fn at(number: u8, stage: Stage) -> Closer {
        Closer { number, stage, listed: 0, sealed: By::all(0), input: By::all(0) }
    }

    fn keep(&mut self, start: Bound, page: &Page, from: Bound, to: Bound) {
        self.sealed[start] = page.end;
        for key in page.keys().filter(|&key| from <= DATES[key] && DATES[key] < to) {
            if let Some(content) = page.cells[key].and_then(|cell| cell.current) {
                self.input[key] = if self.input[key] == 0 { content } else { TWICE };
            }
        }
    }
}

impl Protocol {
    /// The heads that somebody may still hold in memory: those that are or were.
    pub(crate) fn heads(&self, state: &State) -> Vec<Head> {
        let head = state.table.items.head;
        if !(self.drops(Mutation::GenerateFromStaleHead) || self.drops(Mutation::MoveStaleBoundary)) {
            return vec![head];
        }
        (0..=head.current).flat_map(|current| [ENDS, head.ends].map(|ends| Head { current, ends })).collect()
    }

    /// Puts the pending invoice and moves the head on, on condition that the head is as read.
    pub(crate) fn generate(&self, state: &mut State, read: Head) -> bool {
        let number = read.current;
        let stands = read == state.table.items.head || self.drops(Mutation::GenerateFromStaleHead);
        if number >= self.scope.periods || !stands {
            return false;
        }
        if state.table.items.invoices[number].is_some() && !self.drops(Mutation::GenerateOverwrites) {
            return false;
        }
        let (from, to) = read.period(number);
        let head = Write::Head(Head { current: number + 1, ..read });
        let invoice = Write::Invoice(number, Invoice { from, to, frozen: None });
        let both = [head, invoice];
        let writes = if self.drops(Mutation::GenerateNotAtomic) { &both[..1] } else { &both[..] };
        let done = !state.table.busy(Place::Head) && state.table.transact(writes, None);
        if done {
            state.truth.generated += 1;
        }
        done
    }

    /// Moves the end of the current period, on condition that the head is as read.
    pub(crate) fn move_boundary(&self, state: &mut State, read: Head) -> bool {
        let stands = read == state.table.items.head || self.drops(Mutation::MoveStaleBoundary);
        if !self.scope.moves || !stands || read.ends != ENDS || read.current >= self.scope.periods {
            return false;
        }
        let mut ends = MOVED_ENDS;
        if read.current > 0 {
            ends[0] = read.ends[0];
        }
        let done = state.table.transact(&[Write::Head(Head { ends, ..read })], None);
        if done {
            state.truth.ends = ends;
        }
        done
    }

    /// A closer's step; `false` where it cannot be taken now.
    pub(crate) fn close(&self, state: &mut State, closer: usize, step: Step) -> bool {
        if let Step::Begin(number) = step {
            let begins = self.check_order(state, number) && self.trial(state, number).is_none();
            let next = begins.then(|| Closer::at(number, Stage::Bound));
            state.closers[closer] = next.or(state.closers[closer]);
            return next.is_some();
        }
        let Some(at) = state.closers[closer] else { return false };
        let Some(Invoice { from, to, .. }) = state.table.items.invoices[at.number] else { return false };
        let next = match (step, at.stage) {
            (Step::Crash, _) => Some(None),
            (Step::SealPage(start), Stage::Seal) => self.seal_page(state, at, start, from, to).map(Some),
            (Step::Go, Stage::Seal) => self.sealed(at, from, to).map(Some),
            (Step::Go, Stage::Rate) => {
                Some(self.rate_for_good(state, at.input).map(|input| Closer { input, stage: Stage::Freeze, ..at }))
            }
            (Step::Go, Stage::Freeze) => self.freeze(state, at).then_some(None),
            (Step::Go, Stage::Cut(start, page)) => self.cut(state, at, start, page, to).map(Some),
            (Step::Go, Stage::Make(start)) => self.make(state, at, start, to).map(Some),
            (Step::Go, Stage::Bound) => Some(Some(self.bound_at(state, at, from, to))),
            (Step::Go, Stage::List(bound)) => Some(Some(self.list(state, at, bound, from, to))),
            (Step::Go, Stage::Left) => {
                let mut next = Closer { stage: Stage::Seal, ..at };
                let left = state.table.items.locate(from);
                if let ((start, Some(page)), false) = (left, self.drops(Mutation::SealForgetsLeft)) {
                    self.listed(&mut next, start, &page, from, to);
                }
                Some(Some(next))
            }
            _ => None,
        };
        let Some(next) = next else { return false };
        state.closers[closer] = next;
        true
    }

    /// Whether the invoice is pending and those before it are not.
    fn check_order(&self, state: &State, number: u8) -> bool {
        let pending = |number: u8| state.table.items.invoices[number].is_some_and(|invoice| invoice.frozen.is_none());
        let earlier = number > 0 && !self.drops(Mutation::CloseOutOfOrder);
        let unseen =
            |number: u8| state.table.busy(Place::Invoice(number)) && !self.drops(Mutation::OrderWithoutTransaction);
        pending(number) && !(earlier && (unseen(number - 1) || pending(number - 1)))
    }

    /// Looks at what stands at the period's end.
    fn bound_at(&self, state: &State, at: Closer, from: Bound, to: Bound) -> Closer {
        let list = Stage::List(from);
        let stage = match state.table.items.locate(to) {
            _ if self.drops(Mutation::SealWithoutBound) => list,
            (start, Some(_)) if start == to => list,
            (_, Some(_)) if self.drops(Mutation::SealAcrossEnd) => list,
            (start, Some(page)) => Stage::Cut(start, page),
            (start, None) if start == to || self.drops(Mutation::SealLeavesGap) => list,
            (start, None) => Stage::Make(start),
        };
        Closer::at(at.number, stage)
    }

    /// `split` at the period's end.
    fn cut(&self, state: &mut State, at: Closer, start: Bound, page: Page, to: Bound) -> Option<Closer> {
        let from = state.table.items.invoices[at.number]?.from;
        let drafts = crate::page::lay_out(start, &page, 1 << to);
        let retry = Closer::at(at.number, Stage::Bound);
        if state.table.busy(Place::Page(start)) {
            return Some(retry);
        }
        let Some(writes) = self.replacement(state, start, Some(page), drafts, None) else { return Some(retry) };
        state.table.transact(&writes, None).then(|| Closer::at(at.number, Stage::List(from)))
    }

    /// Makes the page that is missing, sealed, so that none can come.
    fn make(&self, state: &mut State, at: Closer, start: Bound, to: Bound) -> Option<Closer> {
        let from = state.table.items.invoices[at.number]?.from;
        let retry = Closer::at(at.number, Stage::Bound);
        if state.table.items.pages[start].is_some() {
            return Some(retry);
        }
        let sealed = (!self.drops(Mutation::SealMakesOpenPage)).then_some(at.number);
        let page = Page { sealed, ..Page::empty(to) };
        let done = state.table.transact(&[Write::Page(start, page)], None);
        Some(if done { Closer::at(at.number, Stage::List(from)) } else { retry })
    }

    fn list(&self, state: &State, at: Closer, bound: Bound, from: Bound, to: Bound) -> Closer {
        let mut next = at;
        if bound == to {
            let begins = at.listed & 1 << from != 0 || at.sealed[from] != 0;
            return Closer { stage: if begins { Stage::Seal } else { Stage::Left }, ..at };
        }
        if let Some(page) = state.table.items.pages[bound] {
            self.listed(&mut next, bound, &page, from, to);
        }
        Closer { stage: Stage::List(bound + 1), ..next }
    }

    /// Takes a page that is sealed as it is, and the others to be sealed.
    fn listed(&self, at: &mut Closer, start: Bound, page: &Page, from: Bound, to: Bound) {
        if page.sealed.is_some() && page.end <= to {
            return at.keep(start, page, from, to);
        }
        at.listed |= 1 << start;
        if self.drops(Mutation::SealBelievesList) {
            at.keep(start, page, from, to);
        }
    }

    /// Seals one page, on condition that it does not reach beyond the period, and keeps it as it is then.
    fn seal_page(&self, state: &mut State, at: Closer, start: Bound, from: Bound, to: Bound) -> Option<Closer> {
        if at.listed & 1 << start == 0 || state.table.busy(Place::Page(start)) {
            return None;
        }
        let mut page = state.table.items.pages[start]?;
        let across = self.drops(Mutation::SealIgnoresEnd) || self.drops(Mutation::SealAcrossEnd);
        if page.end > to && !across {
            return Some(Closer::at(at.number, Stage::Bound));
        }
        let before = page.sealed.filter(|_| !self.drops(Mutation::SealOverwritesPeriod));
        page.sealed = before.or(Some(at.number));
        state.table.transact(&[Write::Page(start, page)], None);
        let mut next = Closer { listed: at.listed & !(1 << start), ..at };
        if !self.drops(Mutation::SealBelievesList) {
            next.keep(start, &page, from, to);
        }
        Some(next)
    }

    /// Judges the sealed pages, once all of them are.
    fn sealed(&self, at: Closer, from: Bound, to: Bound) -> Option<Closer> {
        if at.listed != 0 && !self.drops(Mutation::FreezeBeforeLastSeal) {
            return None;
        }
        let pages = at.sealed.each().filter(|(_, end)| *end != 0);
        let whole = match tile(pages, from, to) {
            Tiling::Complete => true,
            Tiling::EndsEarly(_) => self.drops(Mutation::SealLeavesGap) || self.drops(Mutation::FreezeBeforeLastSeal),
            Tiling::Broken => false,
        };
        if !(whole || self.drops(Mutation::SealAcceptsBroken)) {
            return Some(Closer::at(at.number, Stage::Bound));
        }
        // What counts from here on is the input alone.
        let stage = if self.scope.unpriced { Stage::Rate } else { Stage::Freeze };
        Some(Closer { input: at.input, ..Closer::at(at.number, stage) })
    }

    /// Rates what was sealed. Where a record in it has no price, late deletions and corrections count; nothing comes of
    /// it where they do not help.
    fn rate_for_good(&self, state: &State, mut input: Input) -> Option<Input> {
        if self.has_unpriced(input).is_some() && !self.drops(Mutation::RateForgetsLate) {
            for (key, _) in state.table.items.late.each().filter(|(_, row)| row.is_some()) {
                input[key] = 0;
            }
        }
        self.has_unpriced(input).is_none().then_some(input)
    }

    /// The trial before sealing: a key whose record has no price, where one keeps the invoice from being closed. It is
    /// rated from one read here, since what slips in after it does so after any other too.
    pub(crate) fn trial(&self, state: &State, number: u8) -> Option<Key> {
        let items = state.table.settled();
        let invoice = items.invoices[number]?;
        let mut input: Input = By::all(0);
        for (key, date) in DATES.each().filter(|(_, date)| invoice.from <= *date && *date < invoice.to) {
            let cell = items.locate(date).1.and_then(|page| page.cells[key]);
            input[key] = cell.and_then(|cell| cell.current).unwrap_or(0);
        }
        match self.rate_for_good(state, input) {
            Some(_) => None,
            None => (0..KEYS).find(|&key| input[key] == UNPRICED && items.late[key].is_none()),
        }
    }

    /// The first key whose content has no price.
    pub(crate) fn has_unpriced(&self, input: Input) -> Option<Key> {
        input.each().find(|(_, content)| self.scope.unpriced && *content == UNPRICED).map(|(key, _)| key)
    }

    /// Freezes the invoice on condition that it is as it was read: pending.
    fn freeze(&self, state: &mut State, at: Closer) -> bool {
        let Some(invoice) = state.table.items.invoices[at.number] else { return false };
        if invoice.frozen.is_some() {
            if self.drops(Mutation::FreezeAgain) {
                state.wrong = state.wrong.or(Some(Wrong::FrozenAgain));
            }
            return true;
        }
        state.table.transact(&[Write::Invoice(at.number, Invoice { frozen: Some(at.input), ..invoice })], None)
    }
}
