//! A range of pages, a part at a time: what one query brings, checked to be without a gap before anybody sees it.
//!
//! A bound between two pages is there for ever: pages are cut and never joined. So a part that ends where a page begins is
//! whole by itself, whatever becomes of the pages before it, and the next one begins right there. A part that is broken,
//! because a split was seen half done, is read again alone. No page is believed before the one behind it was seen by the same
//! query: the last one of a query that brings no more is left to the next part.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::ReturnValue;
use billing::usage::RecordKey;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::Pages;
use crate::error::StoreError;
use crate::key;
use crate::page::cell::Cell;
use crate::page::{Bound, Page, Tiling, tile};
use crate::retry::Attempts;
use crate::table::{Ask, Item, Sent, keyed, number, text};

/// How many pages are sealed at once.
const CONCURRENT: usize = 16;

/// The most pages of a part: half a megabyte, which takes about 20 in memory. Several prices may be read at once.
const MOST_PAGES: usize = 500;

/// What pages hold, by key.
pub(super) type Cells = BTreeMap<RecordKey, Cell>;

/// The keys from one bound, inclusive, to another, exclusive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub from: Bound,
    pub to: Bound,
}

impl Span {
    pub(super) fn is_empty(&self) -> bool {
        self.from >= self.to
    }

    pub(super) fn contains(&self, key: &RecordKey) -> bool {
        let bound = Bound::of(key);
        self.from <= bound && bound < self.to
    }
}

/// In which direction a range is read, and how much of it at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Walk {
    pub backward: bool,
    /// How many pages a part has at most, where that is fewer than usual.
    pub pages: Option<usize>,
    /// The period that seals the pages before they are handed out.
    pub seals: Option<u32>,
}

/// A part of a range, and what lies beyond it.
pub(super) struct Part {
    pub cells: Cells,
    /// The keys that it tells of: it has all of them that are in the pages.
    pub of: Span,
    /// What is still to be read; empty behind the last part.
    pub rest: Span,
}

/// A range that is read part by part.
pub(super) struct Chain<'a> {
    pages: &'a Pages<'a>,
    walk: Walk,
    rest: Span,
}

impl Chain<'_> {
    /// The next part; `None` behind the last one.
    ///
    /// # Errors
    /// `Contended` where splits kept the pages from tiling through every attempt: never a part with a gap.
    pub(super) async fn next(&mut self) -> Result<Option<Part>, StoreError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let mut attempts = Attempts::default();
        loop {
            match self.pages.part(&self.rest, self.walk).await {
                Ok(Some(part)) => {
                    self.rest = part.rest.clone();
                    return Ok(Some(part));
                }
                Ok(None) => attempts.again().await?,
                Err(error) => attempts.after(error).await?,
            }
        }
    }
}

/// What one query lists of a range.
struct Listed {
    /// In order, the one that holds the range's start included where the query came that far.
    pages: Vec<Page>,
    /// Whether there is more than one query brings.
    cut: bool,
    /// Where the last page before the range ends, where none holds its start.
    ends_before: Option<Bound>,
}

impl<'a> Pages<'a> {
    /// The pages of a range, to be read part by part.
    pub(super) fn chain(&'a self, span: Span, walk: Walk) -> Chain<'a> {
        Chain { pages: self, walk, rest: span }
    }

    /// One attempt at a part; `None` where the pages do not tile, since a query is not isolated from a split.
    async fn part(&self, span: &Span, walk: Walk) -> Result<Option<Part>, StoreError> {
        let Listed { mut pages, cut, ends_before } = self.list(span, walk).await?;
        let Some((of, rest)) = parted(&pages, span, cut, walk.backward) else { return Ok(None) };
        if let Some(period) = walk.seals {
            // The list proves nothing by itself: what counts is what the sealed pages say of themselves.
            let beyond = pages.partition_point(|page| page.start < of.to);
            let beyond = pages.split_off(beyond);
            let Some(sealed) = self.seal_pages(pages, period, &span.to).await? else { return Ok(None) };
            pages = sealed;
            pages.extend(beyond);
        }
        let tiling = match (pages.is_empty(), ends_before) {
            (true, Some(end)) => Tiling::EndsEarly(end),
            _ => tile(&pages, &of.from, &of.to),
        };
        match tiling {
            Tiling::Complete => {}
            Tiling::Broken => return Ok(None),
            Tiling::EndsEarly(_) if walk.seals.is_some() => return Ok(None),
            // Pages are only made where one ends: no page here, no page behind it.
            Tiling::EndsEarly(end) => {
                if self.store.table.get_settled(&key::page(&self.partition, self.price, &end)).await?.is_some() {
                    return Ok(None);
                }
            }
        }
        Ok(Some(Part { cells: cells(pages, &of), of, rest }))
    }

    /// The pages that begin in the range, as far as one query brings them, and the one that holds its start where none
    /// begins just there.
    async fn list(&self, span: &Span, walk: Walk) -> Result<Listed, StoreError> {
        let prefix = key::pages(self.price);
        let ask = Ask {
            partition: self.partition.clone(),
            from: format!("{prefix}{}", span.from),
            to: format!("{prefix}{}", span.to),
            backward: walk.backward,
            consistent: true,
            limit: Some(walk.pages.unwrap_or(MOST_PAGES).min(MOST_PAGES)),
            ..Ask::default()
        };
        // The query's end is inclusive, and the range's is not.
        let in_range = |item: &Item| Ok(Some(self.parse(item)?).filter(|page| page.start < span.to));
        let (mut pages, cut) = self.first_found(&ask, 2, in_range).await?;
        if walk.backward {
            pages.reverse();
        }
        let reaches_start = pages.first().is_some_and(|page| page.start == span.from);
        if reaches_start || (cut && walk.backward) {
            return Ok(Listed { pages, cut, ends_before: None });
        }
        let slot = self.locate(&span.from, true).await?;
        let ends_before = match slot.page {
            Some(left) if left.start < span.from => {
                pages.insert(0, left);
                None
            }
            // It came between the two queries: the chain is broken, and read again.
            Some(_) => None,
            None => Some(slot.start),
        };
        Ok(Listed { pages, cut, ends_before })
    }

    /// What a query finds, and whether there is more: one that brings fewer than so many of what is wanted goes on.
    pub(super) async fn first_found<T>(
        &self,
        ask: &Ask,
        least: usize,
        wanted: impl Fn(&Item) -> Result<Option<T>, StoreError>,
    ) -> Result<(Vec<T>, bool), StoreError> {
        let mut found = Vec::new();
        let mut next = None;
        loop {
            let (items, after) = self.store.table.query_once(ask, next).await?;
            for item in items {
                found.extend(wanted(&item)?);
            }
            if after.is_none() || found.len() >= least {
                return Ok((found, after.is_some()));
            }
            next = after;
        }
    }

    /// Seals pages, and gives them as they are then; `None` where one of them cannot be sealed as it is.
    ///
    /// What a sealed page holds never changes, nor its end, and no seal is undone: one that is seen to be sealed is taken as
    /// it is, so that a close that was cut off goes on where it stopped.
    async fn seal_pages(&self, pages: Vec<Page>, period: u32, to: &Bound) -> Result<Option<Vec<Page>>, StoreError> {
        let sealing = pages.into_iter().map(|page| async move {
            match page.sealed {
                Some(_) if page.end <= *to => Ok(Some(page)),
                _ => self.seal_page(&page.start, period, to).await,
            }
        });
        let sealed: Vec<Option<Page>> = stream::iter(sealing).buffered(CONCURRENT).try_collect().await?;
        Ok(sealed.into_iter().collect())
    }

    /// Seals one page, on condition that it does not reach beyond the period, and gives it as it is then.
    async fn seal_page(&self, start: &Bound, period: u32, to: &Bound) -> Result<Option<Page>, StoreError> {
        let update = self
            .store
            .table
            .client
            .update_item()
            .set_key(Some(keyed(&key::page(&self.partition, self.price, start))))
            .update_expression("SET S = if_not_exists(S, :period)")
            .condition_expression("E <= :to")
            .expression_attribute_values(":period", number(period))
            .expression_attribute_values(":to", text(to.as_str()))
            .return_values(ReturnValue::AllNew);
        match self.store.table.send_update(update).await? {
            Sent::Done(item) => item.map(|item| self.parse(&item)).transpose(),
            Sent::Refused(_) => Ok(None),
        }
    }
}

/// Which keys of a range the listed pages tell of, and what lies beyond; `None` where there should be a page and is none.
fn parted(pages: &[Page], span: &Span, cut: bool, backward: bool) -> Option<(Span, Span)> {
    let (of, rest) = match (cut, backward) {
        (false, false) => (span.clone(), Span { from: span.to.clone(), ..span.clone() }),
        (false, true) => (span.clone(), Span { to: span.from.clone(), ..span.clone() }),
        (true, false) => {
            let end = pages.last()?.start.clone();
            (Span { to: end.clone(), ..span.clone() }, Span { from: end, ..span.clone() })
        }
        (true, true) => {
            let start = pages.first()?.start.clone().max(span.from.clone());
            (Span { from: start.clone(), ..span.clone() }, Span { to: start, ..span.clone() })
        }
    };
    Some((of, rest))
}

/// What the pages hold of the keys; only the first page and the last one can hold others.
fn cells(pages: Vec<Page>, of: &Span) -> Cells {
    let mut cells = Cells::new();
    for page in pages {
        let whole = of.from <= page.start && page.end <= of.to;
        cells.extend(page.cells.into_iter().filter(|(key, _)| whole || of.contains(key)));
    }
    cells
}
