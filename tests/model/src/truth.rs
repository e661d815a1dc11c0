//! What the callers were told, kept beside the protocol: the one small thing that everything is compared with.

use crate::cell::{Content, Contents, Key, bit};
use crate::scope::{Bound, By, ByKey, ENDS};

/// What stands and what was deleted, by the writes that were accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Truth {
    /// What stands under each key.
    pub standing: ByKey<Option<Content>>,
    /// What was ever deleted under each key.
    pub gone: ByKey<Contents>,
    /// Where the periods end, by the last move that was accepted.
    pub ends: By<Bound, 2>,
    /// How many periods were generated.
    pub generated: u8,
}

/// What a write does to the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// A content comes to stand.
    Recorded(Key, Content),
    /// What stands is deleted.
    Deleted(Key, Content),
}

impl Change {
    pub(crate) fn key(self) -> Key {
        match self {
            Change::Recorded(key, _) | Change::Deleted(key, _) => key,
        }
    }
}

/// What must never happen at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wrong {
    /// A record was written over another.
    RecordedOverAnother,
    /// A deleted content was recorded again.
    Revived,
    /// Something was deleted that did not stand.
    DeletedAnother,
    /// An answer said recorded or replayed, and it does not stand.
    FalselyReplayed,
    /// An answer said not found, and it stands.
    FalselyNotFound,
    /// An answer said deleted, and it never was.
    FalselyDeleted,
    /// The same `E` and `B` named two contents of a page.
    VersionNamesTwo,
    /// A sealed page changed.
    SealedPageChanged,
    /// A frozen invoice was written again.
    FrozenAgain,
    /// A reader's answer was never true while it read.
    ReadUntrue,
}

impl Truth {
    pub(crate) fn new() -> Truth {
        Truth { standing: By::all(None), gone: By::all(0), ends: ENDS, generated: 0 }
    }

    /// Takes an accepted write in, and says what is wrong with it.
    pub(crate) fn take_in(&mut self, change: Change) -> Option<Wrong> {
        match change {
            Change::Recorded(key, content) => {
                let before = self.standing[key].replace(content);
                let revived = self.gone[key] & bit(Some(content)) != 0;
                revived.then_some(Wrong::Revived).or(before.map(|_| Wrong::RecordedOverAnother))
            }
            Change::Deleted(key, content) => {
                let stood = self.standing[key].take() == Some(content);
                self.gone[key] |= bit(Some(content));
                (!stood).then_some(Wrong::DeletedAnother)
            }
        }
    }
}
