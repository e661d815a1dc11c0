//! The text of one record in a page: compact, readable, and exact.
//!
//! `quantity;lag` and then tagged fields, each behind a `;`: `f` and `t` for from and to (milliseconds since 1970, base
//! 36), `s` for a source that is not the API, `a` for the amount, `u` for the unique value (`%3B` is a `;` of its own,
//! and `%25` a `%`), `d` for what was deleted under the key before, and last, since it may hold anything, `n` for the
//! note. The quantity and the amount keep the digits that were sent; the lag is `updated_at` minus the record's date. A
//! tombstone has neither: `;;d...`.

use billing::time::Timestamp;
use billing::usage::{Content, Source};
use sha2::{Digest, Sha256};

use super::base36;

/// One content that was deleted under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeletedContent {
    /// When that version had been recorded.
    pub updated_at: Timestamp,
    /// Digest of its canonical form.
    pub digest: String,
}

/// What stands under a key now.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub content: Content,
    pub updated_at: Timestamp,
}

/// Everything that is known under one record key: what stands, and what was ever deleted.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    /// What stands; absent in a tombstone.
    pub current: Option<Version>,
    /// Every content ever deleted here, so that no late retry revives one.
    pub deleted: Vec<DeletedContent>,
}

/// A stored cell that does not follow the grammar.
#[derive(Debug, thiserror::Error)]
#[error("unreadable usage record")]
pub(crate) struct CellError;

/// A digest that tells contents apart: 96 bits of SHA-256, in base64.
pub(crate) fn content_digest(content: &Content) -> String {
    use base64::Engine as _;
    let hash = Sha256::digest(content.canonical().as_bytes());
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&hash[..12])
}

impl Cell {
    /// A cell that holds one version and no past.
    pub(crate) fn new(content: Content, updated_at: Timestamp) -> Cell {
        Cell { current: Some(Version { content, updated_at }), deleted: Vec::new() }
    }

    /// Whether this very content was deleted here before.
    pub(crate) fn was_deleted(&self, content: &Content) -> bool {
        let digest = content_digest(content);
        self.deleted.iter().any(|deleted| deleted.digest == digest)
    }

    /// Whether the version recorded at that time was deleted here before.
    pub(crate) fn was_deleted_version(&self, updated_at: Timestamp) -> bool {
        self.deleted.iter().any(|deleted| deleted.updated_at == updated_at)
    }

    /// The cell after what stands was deleted; unchanged where nothing stands.
    pub(crate) fn without_current(&self) -> Cell {
        let mut deleted = self.deleted.clone();
        deleted.extend(self.current.as_ref().map(|version| DeletedContent {
            updated_at: version.updated_at,
            digest: content_digest(&version.content),
        }));
        Cell { current: None, deleted }
    }

    /// The cell after a correction was put in a tombstone's place: it keeps the list, and is later than all in it
    /// whatever the clock says.
    pub(crate) fn corrected(&self, content: Content, now: Timestamp) -> Cell {
        let latest = self.deleted.iter().map(|deleted| deleted.updated_at.plus_millis(1)).max();
        let updated_at = latest.map_or(now, |latest| latest.max(now));
        Cell { current: Some(Version { content, updated_at }), deleted: self.deleted.clone() }
    }

    /// The stored text, for a record of that date.
    pub(crate) fn encode(&self, date: Timestamp) -> String {
        let mut text = match &self.current {
            Some(version) => {
                let lag = version.updated_at.millis() - date.millis();
                format!("{};{}", version.content.quantity, base36::signed(lag))
            }
            None => ";".to_owned(),
        };
        if let Some(Version { content, .. }) = &self.current {
            for (tag, instant) in [('f', content.from), ('t', content.to)] {
                if let Some(instant) = instant {
                    text.push_str(&format!(";{tag}{}", base36::signed(instant.millis())));
                }
            }
            if content.source == Source::BulkOperation {
                text.push_str(";sb");
            }
            if let Some(amount) = content.amount {
                text.push_str(&format!(";a{amount}"));
            }
            if let Some(value) = &content.unique_value {
                text.push_str(&format!(";u{}", value.replace('%', "%25").replace(';', "%3B")));
            }
        }
        if !self.deleted.is_empty() {
            let list: Vec<String> = self
                .deleted
                .iter()
                .map(|deleted| format!("{}.{}", base36::signed(deleted.updated_at.millis()), deleted.digest))
                .collect();
            text.push_str(&format!(";d{}", list.join(",")));
        }
        if let Some(note) = self.current.as_ref().and_then(|version| version.content.note.as_deref()) {
            text.push_str(";n");
            text.push_str(note);
        }
        text
    }

    /// Reads the stored text of a record of that date.
    pub(crate) fn decode(text: &str, date: Timestamp) -> Result<Cell, CellError> {
        let (quantity, rest) = text.split_once(';').ok_or(CellError)?;
        let (lag, mut rest) = cut(rest);
        let mut from = None;
        let mut to = None;
        let mut source = Source::Api;
        let mut amount = None;
        let mut unique_value = None;
        let mut note = None;
        let mut deleted = Vec::new();
        while let Some(fields) = rest {
            if let Some(text) = fields.strip_prefix('n') {
                note = Some(text.to_owned());
                break;
            }
            let (field, after) = cut(fields);
            rest = after;
            match field.split_at_checked(1).ok_or(CellError)? {
                ("f", text) => from = Some(instant(text)?),
                ("t", text) => to = Some(instant(text)?),
                ("s", "b") => source = Source::BulkOperation,
                ("a", text) => amount = Some(text.parse().map_err(|_| CellError)?),
                ("u", text) => unique_value = Some(unescaped(text)?),
                ("d", list) => deleted = list.split(',').map(deleted_content).collect::<Result<_, _>>()?,
                _ => return Err(CellError),
            }
        }
        if quantity.is_empty() {
            return Ok(Cell { current: None, deleted });
        }
        let quantity = quantity.parse().map_err(|_| CellError)?;
        let updated_at = date.millis().checked_add(base36::parse_signed(lag).ok_or(CellError)?).ok_or(CellError)?;
        let updated_at = Timestamp::from_millis(updated_at).map_err(|_| CellError)?;
        let content = Content { quantity, unique_value, amount, note, from, to, source };
        Ok(Cell { current: Some(Version { content, updated_at }), deleted })
    }
}

/// The text up to the next `;`, and what follows it.
fn cut(text: &str) -> (&str, Option<&str>) {
    match text.split_once(';') {
        Some((field, rest)) => (field, Some(rest)),
        None => (text, None),
    }
}

fn instant(text: &str) -> Result<Timestamp, CellError> {
    Timestamp::from_millis(base36::parse_signed(text).ok_or(CellError)?).map_err(|_| CellError)
}

/// A unique value as it was sent; every `%` of the stored one is an escape, and nothing is escaped that need not be.
fn unescaped(text: &str) -> Result<String, CellError> {
    let mut parts = text.split('%');
    let mut value = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (mark, rest) = match (part.strip_prefix("25"), part.strip_prefix("3B")) {
            (Some(rest), _) => ('%', rest),
            (_, Some(rest)) => (';', rest),
            _ => return Err(CellError),
        };
        value.push(mark);
        value.push_str(rest);
    }
    if value.is_empty() { Err(CellError) } else { Ok(value) }
}

fn deleted_content(text: &str) -> Result<DeletedContent, CellError> {
    let (updated_at, digest) = text.split_once('.').ok_or(CellError)?;
    Ok(DeletedContent { updated_at: instant(updated_at)?, digest: digest.to_owned() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis).unwrap()
    }

    fn content(quantity: &str) -> Content {
        Content::new(quantity.parse().unwrap())
    }

    #[test]
    fn a_plain_record_takes_a_few_bytes_and_keeps_its_digits() {
        let date = at(1_442_275_200_000);
        let cell = Cell::new(content("12.50"), at(1_442_275_200_100));

        assert_eq!(cell.encode(date), "12.50;2s");
        assert_eq!(Cell::decode("12.50;2s", date).unwrap().encode(date), "12.50;2s");
    }

    #[test]
    fn amount_and_unique_value_are_readable_where_they_are_stored() {
        let date = at(1_442_275_200_000);
        let said = Content {
            unique_value: Some("user; 100%".into()),
            amount: Some("0.70".parse().unwrap()),
            note: Some("n".into()),
            ..content("-1")
        };

        assert_eq!(Cell::new(said, date).encode(date), "-1;0;a0.70;uuser%3B 100%25;nn");
    }

    #[test]
    fn every_field_survives_storage_even_a_note_full_of_separators() {
        let date = at(1_442_275_200_000);
        let full = Content {
            quantity: "0.000000000001".parse().unwrap(),
            unique_value: Some("%3B;|,.n=\u{1f600}%".into()),
            amount: Some("0.70".parse().unwrap()),
            note: Some("a;b,d.n;;".into()),
            from: Some(at(1_442_275_200_000)),
            to: Some(at(1_442_361_599_000)),
            source: Source::BulkOperation,
        };
        let cell = Cell::new(content("7"), date).without_current().corrected(full, at(1_442_275_199_000));

        let text = cell.encode(date);
        let back = Cell::decode(&text, date).unwrap();

        assert_eq!(back.encode(date), text);
        let version = back.current.as_ref().unwrap();
        assert_eq!(version.content.note.as_deref(), Some("a;b,d.n;;"));
        assert_eq!(version.content.unique_value.as_deref(), Some("%3B;|,.n=\u{1f600}%"));
        assert_eq!(version.content.amount.unwrap().to_string(), "0.70");
        assert!(back.was_deleted(&content("7.0")) && back.was_deleted_version(date));
        assert!(!back.was_deleted(&content("8")) && !back.was_deleted_version(date.plus_millis(1)));
        assert_eq!(version.updated_at, date.plus_millis(1), "later than what was deleted, whatever the clock");
    }

    #[test]
    fn a_tombstone_remembers_every_content_that_was_deleted() {
        let date = at(1_442_275_200_000);
        let once = Cell::new(content("7"), date).without_current();
        let twice = once.corrected(content("8"), date).without_current();

        let back = Cell::decode(&twice.encode(date), date).unwrap();

        assert!(back.current.is_none());
        assert!(back.was_deleted(&content("7")) && back.was_deleted(&content("8")));
        assert!(!back.was_deleted(&content("9")));
    }

    #[test]
    fn garbage_is_an_error_and_never_a_record() {
        for text in [
            "", "1", "1;!", "1;0;x1", "1;0;f", "x;0", ";;d1", "1e5;0", "1;0;a", "1;0;a1e5", "1;0;u", "1;0;u%",
            "1;0;u%41",
        ] {
            assert!(Cell::decode(text, at(1_442_275_200_000)).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_unique_value_holds_it_is_read_back(
            value in proptest::string::string_regex("(\\PC|;|%|%3B){1,40}").unwrap(),
            note in proptest::option::of("[;%a-z]{0,10}"),
        ) {
            let date = at(1_442_275_200_000);
            let said = Content { unique_value: Some(value), note, ..content("1") };

            let read = Cell::decode(&Cell::new(said.clone(), date).encode(date), date).unwrap();

            prop_assert_eq!(read.current.unwrap().content.canonical(), said.canonical());
        }
    }
}
