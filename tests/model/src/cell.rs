//! What is known under one record key: what stands, and what was ever deleted.

use crate::mutation::Mutation;
use crate::protocol::Protocol;

/// One content of a record, 1 or 2. No content is recorded twice under a key, so it names its version too.
pub type Content = u8;

/// One of the few record keys, by its place in [`crate::scope::DATES`].
pub type Key = u8;

/// Contents as bits.
pub type Contents = u8;

pub(crate) const fn bit(content: Option<Content>) -> Contents {
    match content {
        Some(content) => 1 << content,
        None => 1,
    }
}

/// A record or a tombstone, with its list of deleted contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// What stands; absent in a tombstone.
    pub current: Option<Content>,
    /// Every content ever deleted here.
    pub deleted: Contents,
}

/// What a cell says to a content that wants to stand there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CellAnswer {
    Free,
    Replayed,
    Conflicting,
    WasDeleted,
    Correct { old: Cell },
}

impl Cell {
    pub(crate) fn new(content: Content) -> Cell {
        Cell { current: Some(content), deleted: 0 }
    }

    pub(crate) fn was_deleted(self, content: Content) -> bool {
        self.deleted & bit(Some(content)) != 0
    }

    /// What it adds to `B`: the longer its list, the more.
    pub(crate) fn bytes(self) -> u8 {
        let listed = self.deleted.count_ones();
        1 + u8::try_from(listed).unwrap_or(u8::MAX)
    }
}

/// What the cell says to the content.
pub(crate) fn answer(cell: Option<Cell>, content: Content) -> CellAnswer {
    match cell {
        None => CellAnswer::Free,
        Some(cell) => match cell.current {
            Some(current) if current == content => CellAnswer::Replayed,
            Some(_) => CellAnswer::Conflicting,
            None if cell.was_deleted(content) => CellAnswer::WasDeleted,
            None => CellAnswer::Correct { old: cell },
        },
    }
}

impl Protocol {
    /// The cell after what stands was deleted.
    pub(crate) fn without_current(&self, cell: Cell) -> Cell {
        let earlier = if self.drops(Mutation::TombstoneForgetsList) { 0 } else { cell.deleted };
        let last =
            if self.drops(Mutation::TombstoneForgetsLast) { 0 } else { cell.current.map_or(0, |c| bit(Some(c))) };
        Cell { current: None, deleted: earlier | last }
    }

    /// The cell after a correction took a tombstone's place.
    pub(crate) fn corrected(&self, old: Cell, content: Content) -> Cell {
        let deleted = if self.drops(Mutation::CorrectionForgetsList) { 0 } else { old.deleted };
        Cell { current: Some(content), deleted }
    }
}
