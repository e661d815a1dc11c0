//! What a usage is called: the caller's own id, or one that the system makes and that says where the record is.

use std::fmt;
use std::str::FromStr;

use billing::id::{IdError, ItemPriceId, UsageId};
use billing::time::Timestamp;
use billing::usage::UsageRecord;

const PREFIX: &str = "usg_";

/// The name of a usage without an id of the caller: `usg_<item price>.<date>.<updated_at>`, in base-36 milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemUsageId {
    /// The price that the usage counts for.
    pub item_price_id: ItemPriceId,
    /// When the usage occurred.
    pub date: Timestamp,
    /// Which version of the record is meant.
    pub updated_at: Timestamp,
}

impl fmt::Display for SystemUsageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}.{}.{}", self.item_price_id, base36(self.date), base36(self.updated_at))
    }
}

/// A usage as a path names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsageName {
    /// Made by the system: it says where the record is.
    System(SystemUsageId),
    /// The caller's own.
    Own(UsageId),
}

impl FromStr for UsageName {
    type Err = IdError;

    /// A text that begins with `usg_` and is not of the system's form is refused like a caller's id that begins so.
    fn from_str(text: &str) -> Result<UsageName, IdError> {
        match system_id(text) {
            Some(id) => Ok(UsageName::System(id)),
            None => text.parse().map(UsageName::Own),
        }
    }
}

/// Returns the id that a record is shown with.
pub fn usage_id(record: &UsageRecord) -> String {
    record.key.id.as_ref().map_or_else(
        || {
            let item_price_id = record.item_price_id.clone();
            SystemUsageId { item_price_id, date: record.key.date, updated_at: record.updated_at }.to_string()
        },
        UsageId::to_string,
    )
}

fn system_id(text: &str) -> Option<SystemUsageId> {
    // An item price's id may have dots itself, so the parts are counted from the right.
    let mut parts = text.strip_prefix(PREFIX)?.rsplitn(3, '.');
    let (updated_at, date) = (read_base36(parts.next()?)?, read_base36(parts.next()?)?);
    let id = SystemUsageId { item_price_id: parts.next()?.parse().ok()?, date, updated_at };
    // Signs, capitals and leading zeros would be second names of one record.
    (id.to_string() == text).then_some(id)
}

fn read_base36(text: &str) -> Option<Timestamp> {
    Timestamp::from_millis(i64::from_str_radix(text, 36).ok()?).ok()
}

fn base36(instant: Timestamp) -> String {
    let mut rest = instant.millis().unsigned_abs();
    let mut digits = Vec::new();
    while rest > 0 {
        digits.extend(u32::try_from(rest % 36).ok().and_then(|digit| char::from_digit(digit, 36)));
        rest /= 36;
    }
    digits.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_id_says_where_the_record_is() {
        let id = SystemUsageId {
            item_price_id: "voip.usd:1".parse().unwrap(),
            date: "2026-01-31T00:00:00Z".parse().unwrap(),
            updated_at: "2026-01-31T00:00:00.001Z".parse().unwrap(),
        };

        assert_eq!(id.to_string(), "usg_voip.usd:1.ml1jpc00.ml1jpc01");
        assert_eq!(id.to_string().parse(), Ok(UsageName::System(id)));
    }

    #[test]
    fn other_texts_are_a_callers_id_or_none() {
        assert!(matches!("call-1".parse(), Ok(UsageName::Own(_))));
        for text in [
            "usg_",
            "usg_a.b.c",
            "usg_p.ML1JPC00.ml1jpc01",
            "usg_p.0ml1jpc00.ml1jpc01",
            "usg_.ml1jpc00.ml1jpc01",
            "usg_p.+ml1jpc00.ml1jpc01",
            "",
            "a b",
        ] {
            assert!(text.parse::<UsageName>().is_err(), "{text}");
        }
    }
}
