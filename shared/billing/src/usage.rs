//! Usage records: their keys, their contents, and what makes two of them the same.

use rating::{Measurement, Quantity};

use crate::id::{ItemPriceId, UsageId};
use crate::timestamp::Timestamp;

/// The longest note, in characters.
pub const LONGEST_NOTE: usize = 500;

/// How far ahead of the clock a usage may be dated, in milliseconds: 5 minutes.
pub const FURTHEST_AHEAD_MILLIS: i64 = 5 * 60 * 1_000;

/// What tells one record of an item price from another: its date, and the caller's id where several share an instant.
///
/// Ordered by date; at equal dates the record without an id comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey {
    /// When the usage occurred.
    pub date: Timestamp,
    /// The caller's own id.
    pub id: Option<UsageId>,
}

/// How a record reached the system; set by the system, never by a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// One call of the API.
    Api,
    /// A bulk import.
    BulkOperation,
}

impl Source {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Source::Api => "api",
            Source::BulkOperation => "bulk_operation",
        }
    }
}

/// What a caller says of a usage beside its key.
#[derive(Clone, Debug)]
pub struct Content {
    /// How much was used.
    pub quantity: Quantity,
    /// The caller's remark, never shown to a customer.
    pub note: Option<String>,
    /// Where the time that the usage covers begins, inclusive.
    pub from: Option<Timestamp>,
    /// Where the time that the usage covers ends.
    pub to: Option<Timestamp>,
    /// How it came here; no part of the comparison, since a caller does not say it.
    pub source: Source,
}

impl Content {
    /// The canonical form: equal for two contents exactly when they are the same usage said twice.
    ///
    /// Quantities compare numerically (12.50 is 12.5), the other fields to the letter.
    pub fn canonical(&self) -> String {
        let millis = |t: Option<Timestamp>| t.map_or_else(String::new, |t| t.millis().to_string());
        let note = self.note.as_deref().map_or_else(String::new, |note| format!("={note}"));
        format!("{}|{}|{}|{note}", self.quantity.canonical(), millis(self.from), millis(self.to))
    }

    /// Whether both say the same.
    pub fn same(&self, other: &Content) -> bool {
        self.canonical() == other.canonical()
    }
}

/// One reported quantity for one item price at one instant.
#[derive(Clone, Debug)]
pub struct UsageRecord {
    /// The price that it counts for.
    pub item_price_id: ItemPriceId,
    /// Its key among the records of that price.
    pub key: RecordKey,
    /// What it says.
    pub content: Content,
    /// When it was recorded, or corrected.
    pub updated_at: Timestamp,
}

impl UsageRecord {
    /// What rating looks at.
    pub fn measurement(&self) -> Measurement<'_> {
        Measurement::new(self.key.date.millis(), self.key.id.as_ref().map(UsageId::as_str), self.content.quantity)
    }

    /// One line of the digest over the records that an invoice line was computed from.
    pub fn digest_line(&self) -> String {
        let id = self.key.id.as_ref().map_or("", UsageId::as_str);
        format!("{}|{}|{id}|{}", self.item_price_id, self.key.date.millis(), self.content.canonical())
    }
}
