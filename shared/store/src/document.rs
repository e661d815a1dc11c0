//! Documents: JSON with a revision, created once under a name and changed on condition that nobody else did.

use billing::id::SiteId;
use billing::site::Site;
use billing::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::claim::Claim;
use crate::error::StoreError;
use crate::json::to_json;
use crate::key::Key;
use crate::later::{self, Later};
use crate::table::{DOCUMENT, Item, REVISION, get_number, get_text, keyed, number, text};

/// A document as it was read; the revision tells whether somebody changed it since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<T> {
    /// The document.
    pub value: T,
    /// How often it was written.
    pub revision: u64,
    /// What a later version wrote into it, which stays there when it is changed.
    pub(crate) later: Later,
}

impl<T> Stored<T> {
    /// Returns the document as it is after a change that was written on condition of this revision.
    pub fn next(&self, value: T) -> Stored<T> {
        Stored { value, revision: self.revision.saturating_add(1), later: self.later.clone() }
    }
}

/// What stands under a name, and the digest of the request that created it.
#[derive(Clone, Debug)]
pub struct First<T> {
    /// The document, or the first answer that was remembered.
    pub value: T,
    /// The SHA-256 of the request's canonical content.
    pub digest: Option<String>,
}

/// The first answer to a request, under the caller's idempotency key.
#[derive(Clone, Copy, Debug)]
pub struct Remembered<'a> {
    /// The caller's key.
    pub key: &'a str,
    /// The SHA-256 of the request's canonical content.
    pub digest: &'a str,
    /// Real time, also for a test site: what has expired is removed by the table's clock.
    pub now: Timestamp,
}

impl Remembered<'_> {
    /// How long an idempotency key is remembered, in seconds: 30 days.
    pub(crate) const SECONDS: i64 = 30 * 86_400;
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Where the next part begins; absent at the end.
    pub next: Option<String>,
}

/// A kind of document.
pub trait Document: Serialize + DeserializeOwned + Send + Sync {
    /// What one is called in errors.
    const NOUN: &'static str;

    /// The attributes of indexes that follow the document with each change.
    #[doc(hidden)]
    const INDEXED: &'static [&'static str] = &[];

    /// Where it is kept.
    #[doc(hidden)]
    fn key(&self, site: &SiteId) -> Key;

    /// The attributes named by `INDEXED`, as far as it has them.
    #[doc(hidden)]
    fn indexes(&self, _site: &Site) -> Item {
        Item::new()
    }

    /// Its place in a list, which stays where it was created.
    #[doc(hidden)]
    fn listed(&self, _site: &Site) -> Item {
        Item::new()
    }

    /// The names that it holds for itself in the site, without those that it held before.
    #[doc(hidden)]
    fn claims(&self, _site: &SiteId, _before: Option<&Self>) -> Vec<Claim> {
        Vec::new()
    }

    /// What is put beside it when it is created, or changed.
    #[doc(hidden)]
    fn companions(&self, _site: &Site, _is_new: bool) -> Result<Vec<Item>, StoreError> {
        Ok(Vec::new())
    }
}

/// Reads a stored document.
pub(crate) fn stored<T: Serialize + DeserializeOwned>(
    item: &Item,
    what: &'static str,
) -> Result<Stored<T>, StoreError> {
    later::check_form(item, what)?;
    let read = get_text(item, DOCUMENT).and_then(later::read);
    match (read, get_number(item, REVISION)) {
        (Some((value, later)), Some(revision)) => Ok(Stored { value, revision, later }),
        _ => Err(StoreError::Corrupt { what }),
    }
}

/// Reads a stored document with the digest of what created it.
pub(crate) fn first<T: Serialize + DeserializeOwned>(item: &Item, what: &'static str) -> Result<First<T>, StoreError> {
    Ok(First { value: stored(item, what)?.value, digest: get_text(item, "C").map(str::to_owned) })
}

/// The item of a document that is created.
pub(crate) fn document_item<T: Serialize>(key: &Key, value: &T, digest: Option<&str>) -> Result<Item, StoreError> {
    let mut item = keyed(key);
    item.insert(DOCUMENT.into(), text(to_json(value)?));
    item.insert(REVISION.into(), number(1));
    item.extend(digest.map(|digest| ("C".to_owned(), text(digest))));
    Ok(item)
}

/// The values of an update that changes a document.
pub(crate) fn revised_item<T: Serialize>(before: &Stored<T>, after: &T) -> Result<Item, StoreError> {
    Ok(Item::from([
        (":document".to_owned(), text(before.later.written_with(after)?)),
        (":next".to_owned(), number(before.revision.saturating_add(1))),
        (":revision".to_owned(), number(before.revision)),
    ]))
}
