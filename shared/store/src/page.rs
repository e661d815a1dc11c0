//! Usage pages, purely: how neighbouring records share an item, which page a record belongs to, what a refusal means,
//! and how a page that is full is laid out anew.
//!
//! The pages of one item price are the leaves of a B-link tree (Lehman and Yao, 1981): each knows where it ends, so
//! whoever comes with an outdated view is refused by the page itself and moves right. Pages know nothing of billing
//! periods. This module decides; [`crate::usage`] carries out.

use std::collections::BTreeMap;
use std::fmt;

use billing::time::Timestamp;
use billing::usage::{Content, RecordKey};

pub(crate) mod base36;
pub(crate) mod cell;
mod name;

use cell::{Cell, Version};
pub(crate) use name::{attribute_name, record_key};

/// Beyond this many bytes a page is split, so that writing it keeps costing one write unit.
pub(crate) const FULL_PAGE_BYTES: usize = 1_024;

/// The most records that one update writes: DynamoDB allows 300 operators and 4 KB of expression.
pub(crate) const UPDATE_RECORDS: usize = 50;

/// The most pages that one transaction writes; DynamoDB allows 100 items.
pub(crate) const TRANSACTION_PAGES: usize = 90;

/// A bound of a page: the key of a record that may or may not exist, in sortable text.
///
/// Nine base-36 digits of milliseconds, then `.id` where the record has one. The origin, where the first page of every
/// price begins, is 0, below every date.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Bound(String);

impl Bound {
    /// Where the first page begins.
    pub(crate) fn origin() -> Bound {
        Bound(base36::fixed(0))
    }

    /// The bound right at an instant: records dated there lie behind it, whatever their ids.
    pub(crate) fn at(instant: Timestamp) -> Bound {
        Bound(base36::fixed(instant.millis()))
    }

    /// The bound right at a record.
    pub(crate) fn of(key: &RecordKey) -> Bound {
        match &key.id {
            Some(id) => Bound(format!("{}.{id}", base36::fixed(key.date.millis()))),
            None => Bound::at(key.date),
        }
    }

    /// The least bound behind a record: no character of an id comes before `-`, so that no key lies in between.
    pub(crate) fn behind(key: &RecordKey) -> Bound {
        match &key.id {
            Some(_) => Bound(format!("{}-", Bound::of(key))),
            None => Bound(format!("{}.-", Bound::of(key))),
        }
    }

    /// Reads a stored bound; `None` where it is not one.
    pub(crate) fn parse(text: &str) -> Option<Bound> {
        let digits = text.get(..9)?;
        let valid = digits.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
            && (text.len() == 9 || text.as_bytes().get(9) == Some(&b'.'));
        valid.then(|| Bound(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The record key that the bound lies right at; `None` at the origin, which is below every date.
    pub(crate) fn key(&self) -> Option<RecordKey> {
        let id = self.0.get(10..).map(str::parse).transpose().ok()?;
        Some(RecordKey { date: Timestamp::from_millis(self.millis()).ok()?, id })
    }

    /// The milliseconds that the names of the page's records count from.
    fn millis(&self) -> i64 {
        self.0.get(..9).and_then(|digits| i64::from_str_radix(digits, 36).ok()).unwrap_or_default()
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What one transaction can write of a new layout: as many pages as it takes, and the rest as one that is cut later.
pub(crate) fn at_once(mut drafts: Vec<Draft>) -> Vec<Draft> {
    if drafts.len() > TRANSACTION_PAGES {
        let rest = drafts.split_off(TRANSACTION_PAGES - 1);
        drafts.extend(rest.into_iter().reduce(|mut one, next| {
            one.end = next.end;
            one.cells.extend(next.cells);
            one
        }));
    }
    drafts
}

/// One page as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// Where it begins, inclusive; fixed for ever.
    pub start: Bound,
    /// Where it ends, exclusive; moves left only.
    pub end: Bound,
    /// Bytes of everything ever written into it since its end last moved: with `end`, the page's version.
    pub bytes: u64,
    /// The period that sealed it; absent while it is open.
    pub sealed: Option<u32>,
    /// Its records and tombstones.
    pub cells: BTreeMap<RecordKey, Cell>,
}

/// What a page says to a record that wants to stand in it.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// The record lies behind the page's end.
    MoveRight,
    /// The page is sealed; what it holds under the key.
    Sealed(Option<Cell>),
    /// What the cell under the key says; the page is open.
    Open(CellAnswer),
}

/// What a cell, in a page or in a late row, says to a content that wants to stand there.
#[derive(Clone, Debug)]
pub(crate) enum CellAnswer {
    /// Nothing stands there.
    Free,
    /// The same content stands there.
    Replayed(Version),
    /// Another content stands there.
    Conflicting(Version),
    /// This content was deleted there.
    WasDeleted,
    /// A tombstone that never held this content: a correction takes its place.
    Correct { old: Cell },
}

impl Page {
    /// The page as it would be written again.
    pub(crate) fn draft(&self) -> Draft {
        Draft { start: self.start.clone(), end: self.end.clone(), cells: self.cells.clone() }
    }

    /// What the page says to the record, in the protocol's order: end, seal, what stands there.
    pub(crate) fn answer(&self, key: &RecordKey, content: &Content) -> Answer {
        if Bound::of(key) >= self.end {
            return Answer::MoveRight;
        }
        let cell = self.cells.get(key);
        if self.sealed.is_some() {
            return Answer::Sealed(cell.cloned());
        }
        Answer::Open(answer(cell, content))
    }

    /// Whether corrections and deletions took more bytes than its records now have.
    pub(crate) fn is_worn(&self) -> bool {
        let bytes: usize = self.cells.iter().map(|(key, cell)| cell_bytes(&self.start, key, cell)).sum();
        usize::try_from(self.bytes).is_ok_and(|written| written > bytes)
    }

    /// Whether the page holds that bound.
    pub(crate) fn contains(&self, bound: &Bound) -> bool {
        self.start <= *bound && *bound < self.end
    }
}

/// What the cell says to the content.
pub(crate) fn answer(cell: Option<&Cell>, content: &Content) -> CellAnswer {
    let Some(cell) = cell else { return CellAnswer::Free };
    match &cell.current {
        Some(version) if version.content.same(content) => CellAnswer::Replayed(version.clone()),
        Some(version) => CellAnswer::Conflicting(version.clone()),
        None if cell.was_deleted(content) => CellAnswer::WasDeleted,
        None => CellAnswer::Correct { old: cell.clone() },
    }
}

/// The bytes that one record takes in a page.
pub(crate) fn cell_bytes(start: &Bound, key: &RecordKey, cell: &Cell) -> usize {
    attribute_name(start, key).len() + cell.encode(key.date).len()
}

/// A page as it is to be written: everything but keys that only the store knows.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub start: Bound,
    pub end: Bound,
    pub cells: BTreeMap<RecordKey, Cell>,
}

impl Draft {
    /// The bytes that its bounds and bookkeeping take: the start in the sort key, `E`, `B` and, one day, `S`. DynamoDB
    /// counts names and values; a number takes half a byte a digit and one more.
    pub(crate) fn bookkeeping(&self) -> usize {
        const NUMBERS: usize = 2 * (1 + 4);
        self.start.as_str().len() + 1 + self.end.as_str().len() + NUMBERS
    }

    /// The bytes of its records.
    pub(crate) fn bytes(&self) -> usize {
        self.cells.iter().map(|(key, cell)| cell_bytes(&self.start, key, cell)).sum()
    }
}

/// Lays a page out with more records, as one page or as several that tile it.
///
/// `overhead` is what the partition and the price take in each page's key. Where everything that is new lies behind
/// everything that is there, nothing moves and the new pages are filled one after the other, since more will come behind
/// them; otherwise as few pages as there can be are filled evenly. A page that `must_split`, since more was written into
/// it than it holds now, is cut in two even where one would do: only a page whose end moves may count its bytes anew.
pub(crate) fn lay_out(
    start: &Bound,
    end: &Bound,
    present: &BTreeMap<RecordKey, Cell>,
    additions: &BTreeMap<RecordKey, Cell>,
    overhead: usize,
    must_split: bool,
) -> Vec<Draft> {
    let mut cells = present.clone();
    cells.extend(additions.iter().map(|(key, cell)| (key.clone(), cell.clone())));
    let whole = Draft { start: start.clone(), end: end.clone(), cells };
    let room = FULL_PAGE_BYTES.saturating_sub(overhead + whole.bookkeeping()).max(1);
    let appends = match (present.last_key_value(), additions.first_key_value()) {
        (Some((last, _)), Some((first, _))) => last < first,
        (present, _) => present.is_none(),
    };
    let total = whole.bytes();
    if total <= room {
        return if must_split { halve(whole) } else { vec![whole] };
    }
    if appends {
        return fill(whole, room, room, present.last_key_value().map(|(key, _)| key));
    }
    fill(whole, total.div_ceil(total.div_ceil(room)), room, None)
}

/// Cuts a page into pages of about `goal` bytes of records, at most `room`; up to `kept` everything stays in the first.
fn fill(whole: Draft, goal: usize, room: usize, kept: Option<&RecordKey>) -> Vec<Draft> {
    // Bounds are plain instants but where records share one; `room` counts plain ones.
    let longer = |bound: &Bound| bound.as_str().len().saturating_sub(whole.end.as_str().len());
    let mut cells = whole.cells.into_iter().peekable();
    let mut filled = longer(&whole.start);
    let mut drafts = vec![Draft { start: whole.start, end: whole.end.clone(), cells: BTreeMap::new() }];
    while let Some((key, cell)) = cells.next() {
        let stays = kept.is_some_and(|last| key <= *last);
        let end = cells.peek().map_or(0, |(next, _)| longer(&bound_before(next, Some(&key))));
        let open = drafts.last_mut().filter(|draft| {
            let bytes = cell_bytes(&draft.start, &key, &cell);
            stays || draft.cells.is_empty() || (filled < goal && filled + bytes + end <= room)
        });
        if let Some(draft) = open {
            filled += cell_bytes(&draft.start, &key, &cell);
            draft.cells.insert(key, cell);
        } else {
            let bound = bound_before(&key, drafts.last().and_then(|left| left.cells.keys().next_back()));
            if let Some(left) = drafts.last_mut() {
                left.end = bound.clone();
            }
            filled = longer(&bound) + cell_bytes(&bound, &key, &cell);
            drafts.push(Draft { start: bound, end: whole.end.clone(), cells: BTreeMap::from([(key, cell)]) });
        }
    }
    drafts
}

/// Cuts a page in two at the record in its middle; one page where no record lies behind its start.
fn halve(whole: Draft) -> Vec<Draft> {
    let middle = whole.cells.len() / 2;
    let left = whole.cells.keys().take(middle).next_back();
    let at = whole.cells.keys().nth(middle).map(|key| bound_before(key, left));
    match at.filter(|at| *at > whole.start) {
        Some(at) => cut(whole, &at).into(),
        None => vec![whole],
    }
}

/// A bound between two neighbours: the instant of the right one, or all of its key where both share the instant.
fn bound_before(right: &RecordKey, left: Option<&RecordKey>) -> Bound {
    if left.is_some_and(|left| left.date < right.date) { Bound::at(right.date) } else { Bound::of(right) }
}

/// Cuts a page in two at a bound inside it, for a period that ends there.
pub(crate) fn cut(page: Draft, at: &Bound) -> [Draft; 2] {
    let (left, right) = page.cells.into_iter().partition(|(key, _)| Bound::of(key) < *at);
    [
        Draft { start: page.start, end: at.clone(), cells: left },
        Draft { start: at.clone(), end: page.end, cells: right },
    ]
}

/// Whether the pages, in order, chain from one that holds `from` up to `to` or beyond, each beginning where the one
/// before it ends. The pages before the one that holds `from` must have been left out.
pub(crate) fn tile(pages: &[Page], from: &Bound, to: &Bound) -> Tiling {
    let Some(first) = pages.first() else { return Tiling::EndsEarly(Bound::origin()) };
    if !first.contains(from) || pages.windows(2).any(|pair| pair[0].end != pair[1].start) {
        return Tiling::Broken;
    }
    match pages.last() {
        Some(last) if last.end < *to => Tiling::EndsEarly(last.end.clone()),
        _ => Tiling::Complete,
    }
}

/// Whether a list of pages is a whole picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tiling {
    /// From bound to bound.
    Complete,
    /// A chain that stops here, before the end: complete only if no page begins here.
    EndsEarly(Bound),
    /// No chain: a split was seen half done.
    Broken,
}

#[cfg(test)]
mod tests;
