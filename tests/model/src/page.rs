//! A usage page, how it is laid out anew, and when a list of pages is a whole picture.

use crate::cell::{Cell, Key};
use crate::scope::{Bound, By, ByKey, DATES, KEYS};

/// One page; where it begins is its place in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Page {
    /// `E`: where it ends, exclusive.
    pub end: Bound,
    /// `B`: bytes written since the end last moved.
    pub bytes: u8,
    /// `S`: the period that sealed it.
    pub sealed: Option<u8>,
    /// Its records and tombstones.
    pub cells: ByKey<Option<Cell>>,
}

impl Page {
    pub(crate) fn empty(end: Bound) -> Page {
        Page { end, bytes: 0, sealed: None, cells: By::all(None) }
    }

    /// What its cells take, whatever was written before.
    pub(crate) fn cell_bytes(&self) -> u8 {
        self.cells.0.iter().flatten().map(|cell| cell.bytes()).sum()
    }

    /// The keys whose cells it holds.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        (0..KEYS).filter(|&key| self.cells[key].is_some())
    }
}

/// Where a page is cut, a bit a bound; 0 leaves it whole.
pub type Layout = u8;

/// Every way of laying out a page: the store fills and halves by bytes, the model cuts before any of its records.
pub(crate) fn layouts(start: Bound, page: &Page) -> Vec<Layout> {
    let mut layouts = vec![0];
    for key in page.keys().filter(|&key| start < DATES[key] && DATES[key] < page.end) {
        let cut: Vec<Layout> = layouts.iter().map(|layout| layout | 1 << DATES[key]).collect();
        layouts.extend(cut);
    }
    layouts
}

/// The pages that a layout makes of one.
pub(crate) fn lay_out(start: Bound, page: &Page, layout: Layout) -> Vec<(Bound, Page)> {
    let mut drafts: Vec<(Bound, Page)> = vec![(start, Page { cells: By::all(None), bytes: 0, sealed: None, ..*page })];
    for bound in (start + 1..page.end).filter(|&bound| layout & 1 << bound != 0) {
        if let Some((_, left)) = drafts.last_mut() {
            left.end = bound;
        }
        drafts.push((bound, Page::empty(page.end)));
    }
    for (from, draft) in &mut drafts {
        for key in page.keys().filter(|&key| *from <= DATES[key] && DATES[key] < draft.end) {
            draft.cells[key] = page.cells[key];
        }
        draft.bytes = draft.cell_bytes();
    }
    drafts
}

/// Whether a list of pages is a whole picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tiling {
    Complete,
    EndsEarly(Bound),
    Broken,
}

/// Judges pages, given as starts with ends in order.
pub(crate) fn tile(pages: impl Iterator<Item = (Bound, Bound)>, from: Bound, to: Bound) -> Tiling {
    let mut reached = None;
    for (start, end) in pages {
        let chained = match reached {
            None => start <= from && from < end,
            Some(reached) => reached == start,
        };
        if !chained {
            return Tiling::Broken;
        }
        reached = Some(end);
    }
    match reached {
        Some(end) if end >= to => Tiling::Complete,
        Some(end) => Tiling::EndsEarly(end),
        None => Tiling::EndsEarly(crate::scope::ORIGIN),
    }
}
