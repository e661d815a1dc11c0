//! Usage records: their keys, their contents, and what makes two of them the same.

use rating::{Amount, Measurement, Quantity};

use crate::id::{ItemPriceId, UsageId};
use crate::time::Timestamp;

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
    /// How much was used; below zero only where quantities are held.
    pub quantity: Quantity,
    /// What a `unique_count` counts once, such as a user: 1 to 200 characters, no control characters.
    pub unique_value: Option<String>,
    /// What it costs, where its price is `dynamic`; not negative.
    pub amount: Option<Amount>,
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
    /// Returns a content that says a quantity and nothing else, as one call of the API.
    pub fn new(quantity: Quantity) -> Content {
        Content { quantity, unique_value: None, amount: None, note: None, from: None, to: None, source: Source::Api }
    }

    /// The canonical form: equal for two contents exactly when they are the same usage said twice.
    ///
    /// Quantities and amounts compare numerically (12.50 is 12.5), the other fields to the letter. Amount and unique value
    /// stand before the note, each with its letter before and a `|` behind it, which no unique value has there; a note
    /// begins with `=`, so that nothing reads as something else.
    pub fn canonical(&self) -> String {
        let millis = |t: Option<Timestamp>| t.map_or_else(String::new, |t| t.millis().to_string());
        let amount = self.amount.map_or_else(String::new, |amount| format!("a{}|", amount.canonical()));
        let unique = self.unique_value.as_deref().map_or_else(String::new, |value| {
            let escaped = value.replace('%', "%25").replace('|', "%7C");
            format!("u{escaped}|")
        });
        let note = self.note.as_deref().map_or_else(String::new, |note| format!("={note}"));
        let (from, to) = (millis(self.from), millis(self.to));
        format!("{}|{from}|{to}|{amount}{unique}{note}", self.quantity.canonical())
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
        Measurement {
            date_ms: self.key.date.millis(),
            id: self.key.id.as_ref().map(UsageId::as_str),
            quantity: self.content.quantity,
            unique_value: self.content.unique_value.as_deref(),
            amount: self.content.amount,
        }
    }

    /// One line of the digest over the records that an invoice line was computed from.
    pub fn digest_line(&self) -> String {
        let id = self.key.id.as_ref().map_or("", UsageId::as_str);
        format!("{}|{}|{id}|{}", self.item_price_id, self.key.date.millis(), self.content.canonical())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(unique_value: Option<&str>, amount: Option<&str>, note: Option<&str>) -> Content {
        Content {
            unique_value: unique_value.map(str::to_owned),
            amount: amount.map(|amount| amount.parse().unwrap()),
            note: note.map(str::to_owned),
            ..Content::new("12.50".parse().unwrap())
        }
    }

    #[test]
    fn the_canonical_form_stays_what_it_was_where_nothing_new_is_said() {
        for (content, canonical) in [
            (content(None, None, None), "12.5|||"),
            (content(None, None, Some("a|b")), "12.5|||=a|b"),
            (content(None, Some("0.70"), None), "12.5|||a0.7|"),
            (content(Some("u|1%"), Some("0"), Some("x")), "12.5|||a0|uu%7C1%25|=x"),
        ] {
            assert_eq!(content.canonical(), canonical);
        }
    }

    #[test]
    fn no_field_of_a_usage_passes_for_another_one() {
        let contents = [
            content(None, None, None),
            content(None, None, Some("")),
            content(None, None, Some("ua|")),
            content(None, None, Some("a1|ua|")),
            content(Some("a"), None, None),
            content(Some("a"), None, Some("")),
            content(Some("a|=b"), None, None),
            content(Some("a%7C=b"), None, None),
            content(Some("a"), None, Some("b")),
            content(Some("a|=b"), None, Some("b")),
            content(Some("1|ua"), None, None),
            content(Some("a"), Some("1"), None),
            content(Some("A"), Some("1"), None),
            content(Some(" a"), Some("1"), None),
            content(Some("a"), Some("10"), None),
            content(None, Some("1"), Some("ua|")),
        ];
        let mut forms: Vec<String> = contents.iter().map(Content::canonical).collect();
        forms.sort_unstable();
        forms.dedup();

        assert_eq!(forms.len(), contents.len());
        assert!(content(Some("a"), Some("1.0"), None).same(&content(Some("a"), Some("1"), None)));
        assert!(!content(Some("a"), Some("1.0"), None).same(&content(Some("a"), Some("1.1"), None)));
    }

    #[test]
    fn the_line_of_a_record_in_the_digest_stays_what_it_was() {
        let line = |id: Option<&str>| {
            let key = RecordKey {
                date: Timestamp::from_millis(1_772_323_200_000).unwrap(),
                id: id.map(|id| id.parse().unwrap()),
            };
            let content = content(None, None, Some("late"));
            let item_price_id = "minutes".parse().unwrap();
            UsageRecord { item_price_id, key, content, updated_at: Timestamp::MIN }.digest_line()
        };
        assert_eq!(line(None), "minutes|1772323200000||12.5|||=late");
        assert_eq!(line(Some("call-7")), "minutes|1772323200000|call-7|12.5|||=late");
    }

    #[test]
    fn a_source_has_its_word() {
        assert_eq!([Source::Api, Source::BulkOperation].map(Source::as_str), ["api", "bulk_operation"]);
    }
}
