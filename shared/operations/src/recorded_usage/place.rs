//! Where the next page of a list of usages begins.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use billing::id::ItemPriceId;
use billing::refusal::Refusal;
use billing::time::Timestamp;
use billing::usage::{RecordKey, UsageRecord};

/// The place of a usage in a list over several item prices: by date and id, then by price.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The record's key.
    pub key: RecordKey,
    /// Its price.
    pub item_price_id: ItemPriceId,
}

impl Place {
    /// The place of a record.
    pub(super) fn of(record: &UsageRecord) -> Place {
        Place { key: record.key.clone(), item_price_id: record.item_price_id.clone() }
    }

    /// The cursor of a list whose last usage stands here; a space is in no id.
    pub(super) fn to_cursor(&self) -> String {
        let id = self.key.id.as_ref().map_or("", |id| id.as_str());
        URL_SAFE_NO_PAD.encode(format!("{} {} {id}", self.key.date.millis(), self.item_price_id))
    }

    /// Reads what `to_cursor` writes, and nothing else.
    pub(super) fn of_cursor(text: &str) -> Result<Place, Refusal> {
        let refuse = || Refusal::unreadable("cursor", "the cursor is not one that this list gave");
        read(text).filter(|place| place.to_cursor() == text).ok_or_else(refuse)
    }
}

fn read(text: &str) -> Option<Place> {
    let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let mut parts = plain.splitn(3, ' ');
    let date = Timestamp::from_millis(parts.next()?.parse().ok()?).ok()?;
    let item_price_id = parts.next()?.parse().ok()?;
    let id = Some(parts.next()?).filter(|id| !id.is_empty()).map(str::parse).transpose().ok()?;
    Some(Place { key: RecordKey { date, id }, item_price_id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_no_other_text_is() {
        for id in [None, Some("call-1".parse().unwrap())] {
            let key = RecordKey { date: "2026-01-31T00:00:00.001Z".parse().unwrap(), id };
            let place = Place { key, item_price_id: "voip.usd".parse().unwrap() };
            let cursor = place.to_cursor();
            assert_eq!(Place::of_cursor(&cursor), Ok(place));
            assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')));
            assert!(Place::of_cursor(&format!("{cursor}A")).is_err());
        }
        for plain in
            ["", "1", "1 p ", "+1769817600000 p ", "1769817600000 p", "1769817600000 p a b", "1769817600000 p usg_1"]
        {
            assert!(Place::of_cursor(&URL_SAFE_NO_PAD.encode(plain)).is_err(), "{plain}");
        }
        assert!(Place::of_cursor("%").is_err());
    }
}
