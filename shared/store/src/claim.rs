//! Names that are unique in a site beside the ids: whoever claims one first holds it for ever.

use crate::key::Key;

/// A name that has to be free, or the claimant's own.
#[derive(Clone, Debug)]
pub struct Claim {
    pub(crate) key: Key,
    pub(crate) owner: String,
    /// What the name is, for an answer to whoever comes second.
    pub(crate) what: &'static str,
}

impl Claim {
    pub(crate) fn new(key: Key, owner: &str, what: &'static str) -> Claim {
        Claim { key, owner: owner.to_owned(), what }
    }
}
