//! The stored form of a page.

use std::collections::BTreeMap;

use super::Pages;
use crate::error::StoreError;
use crate::key;
use crate::page::cell::Cell;
use crate::page::{Bound, Draft, Page, attribute_name, record_key};
use crate::table::{Item, get_number, get_text, keyed, number, text};

impl Pages<'_> {
    /// The stored form of a page.
    pub(super) fn item(&self, draft: &Draft, sealed: Option<u32>) -> Item {
        let mut item = keyed(&key::page(&self.partition, self.price, &draft.start));
        item.insert("E".into(), text(draft.end.as_str()));
        item.insert("B".into(), number(draft.bytes()));
        item.extend(sealed.map(|period| ("S".to_owned(), number(period))));
        for (key, cell) in &draft.cells {
            item.insert(attribute_name(&draft.start, key), text(cell.encode(key.date)));
        }
        item
    }

    /// Reads the stored form of a page; anything in it that is not understood is an error.
    pub(crate) fn parse(&self, item: &Item) -> Result<Page, StoreError> {
        const CORRUPT: StoreError = StoreError::Corrupt { what: "usage page" };
        let sk = get_text(item, "SK").ok_or(CORRUPT)?;
        let start = sk.strip_prefix(&key::pages(self.price)).and_then(Bound::parse).ok_or(CORRUPT)?;
        let end = get_text(item, "E").and_then(Bound::parse).ok_or(CORRUPT)?;
        let mut cells = BTreeMap::new();
        for (name, value) in item.iter().filter(|(name, _)| !matches!(name.as_str(), "PK" | "SK" | "E" | "B" | "S")) {
            let key = record_key(&start, name).ok_or(CORRUPT)?;
            let value = value.as_s().map_err(|_| CORRUPT)?;
            let cell = Cell::decode(value, key.date).map_err(|_| CORRUPT)?;
            cells.insert(key, cell);
        }
        Ok(Page { start, end, bytes: get_number(item, "B").ok_or(CORRUPT)?, sealed: get_number(item, "S"), cells })
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;
    use billing::time::Timestamp;
    use billing::usage::{Content, RecordKey};

    use super::*;
    use crate::Store;

    const START: i64 = 1_442_275_200_000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(START + millis).unwrap()
    }

    fn record(millis: i64, id: Option<&str>, quantity: &str, note: Option<&str>) -> (RecordKey, Cell) {
        let note = note.map(str::to_owned);
        let content = Content { note, ..Content::new(quantity.parse().unwrap()) };
        let key = RecordKey { date: at(millis), id: id.map(|id| id.parse().unwrap()) };
        (key, Cell::new(content, at(millis + 250)))
    }

    fn over_pages(look: impl FnOnce(Pages<'_>)) {
        let store = Store::new(crate::client::connect(None), "table".to_owned());
        let (site, subscription) = ("site".parse().unwrap(), "sub".parse().unwrap());
        look(store.pages(&site, &subscription, &"minutes".parse().unwrap()));
    }

    #[test]
    fn the_stored_bytes_of_a_page_are_what_they_were() {
        over_pages(|pages| {
            let cells = BTreeMap::from([
                record(0, None, "12.50", None),
                record(60_000, Some("call-7"), "1", Some("late; but in time")),
                record(90_000, Some("0190d5a4-7c3e-7b1a-9f00-00c0ffee0001"), "0.000000000001", None),
            ]);
            let draft = Draft { start: Bound::at(at(0)), end: Bound::at(at(3_600_000)), cells };

            let item = pages.item(&draft, Some(3));

            let mut stored: Vec<(String, String)> = item
                .iter()
                .map(|(name, value)| match value {
                    AttributeValue::S(text) | AttributeValue::N(text) => (name.clone(), text.clone()),
                    other => panic!("{other:?}"),
                })
                .collect();
            stored.sort();
            let expected = [
                ("0", "12.50;6y"),
                ("1aao.call-7", "1;6y;nlate; but in time"),
                ("1xg0~AZDVpHw-exqfAADA_-4AAQ", "0.000000000001;6y"),
                ("B", "87"),
                ("E", "0ieknk4g0"),
                ("PK", "SUB#site#sub"),
                ("S", "3"),
                ("SK", "USAGE#minutes#0iekleyo0"),
            ];
            assert_eq!(stored, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
            let read = pages.parse(&item).unwrap();
            assert_eq!(pages.item(&read.draft(), read.sealed), item);
        });
    }

    #[test]
    fn a_page_of_a_later_encoding_is_refused_and_never_misread() {
        over_pages(|pages| {
            let cells = BTreeMap::from([record(0, None, "1", None)]);
            let draft = Draft { start: Bound::at(at(0)), end: Bound::at(at(1)), cells };
            for later in ["F", "V2", "~", "0~x"] {
                let mut item = pages.item(&draft, None);
                item.insert(later.to_owned(), text("1;0"));

                assert!(matches!(pages.parse(&item), Err(StoreError::Corrupt { .. })), "{later}");
            }
        });
    }
}
