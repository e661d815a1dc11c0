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
