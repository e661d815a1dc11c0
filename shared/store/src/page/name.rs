//! The name of a record's attribute: base-36 milliseconds since the page's start, then the caller's id.
//!
//! An id stands behind a `.` as it is. A UUID in its usual lower-case form stands behind a `~` as 22 characters of
//! base64 instead of 36. Each record has one name, and bookkeeping is in capitals, which no name begins with.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use billing::id::UsageId;
use billing::time::Timestamp;
use billing::usage::RecordKey;

use super::{Bound, base36};

/// Where the dashes of a UUID stand.
const DASHES: [usize; 4] = [8, 13, 18, 23];

/// Returns the name of a record's attribute in a page that begins there.
pub(crate) fn attribute_name(start: &Bound, key: &RecordKey) -> String {
    let offset = base36::signed(key.date.millis() - start.millis());
    match &key.id {
        Some(id) => match uuid_bytes(id.as_str()) {
            Some(bytes) => format!("{offset}~{}", URL_SAFE_NO_PAD.encode(bytes)),
            None => format!("{offset}.{id}"),
        },
        None => offset,
    }
}

/// Reads an attribute's name back; `None` where it is not a record's.
pub(crate) fn record_key(start: &Bound, name: &str) -> Option<RecordKey> {
    let at = name.find(['.', '~']);
    let offset = at.map_or(Some(name), |at| name.get(..at))?;
    let id: Option<UsageId> = match at.and_then(|at| name.get(at..)) {
        Some(text) => Some(id_text(text)?.parse().ok()?),
        None => None,
    };
    let millis = start.millis().checked_add(base36::parse_signed(offset)?)?;
    let key = RecordKey { date: Timestamp::from_millis(millis).ok()?, id };
    // One record, one name: a UUID written out, say, is none.
    (attribute_name(start, &key) == name).then_some(key)
}

/// The id behind its separator.
fn id_text(text: &str) -> Option<String> {
    match text.strip_prefix('~') {
        Some(uuid) => {
            let bytes: [u8; 16] = URL_SAFE_NO_PAD.decode(uuid).ok()?.try_into().ok()?;
            let mut digits = format!("{:032x}", u128::from_be_bytes(bytes));
            DASHES.into_iter().for_each(|at| digits.insert(at, '-'));
            Some(digits)
        }
        None => text.strip_prefix('.').map(str::to_owned),
    }
}

/// The bytes of a UUID in lower-case hexadecimal with dashes; `None` for any other id.
fn uuid_bytes(id: &str) -> Option<[u8; 16]> {
    let dashed = id.len() == 36 && DASHES.iter().all(|&at| id.as_bytes().get(at) == Some(&b'-'));
    let digits: String = id.chars().filter(|c| *c != '-').collect();
    let plain = digits.len() == 32 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let number = u128::from_str_radix(&digits, 16).ok().filter(|_| dashed && plain)?;
    Some(number.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "0190d5a4-7c3e-7b1a-9f00-00c0ffee0001";

    fn key(id: Option<&str>) -> RecordKey {
        let date = Timestamp::from_millis(1_442_275_201_000).unwrap();
        RecordKey { date, id: id.map(|id| id.parse().unwrap()) }
    }

    fn start() -> Bound {
        Bound::at(Timestamp::from_millis(1_442_275_200_000).unwrap())
    }

    #[test]
    fn a_name_is_what_it_was_and_is_read_back() {
        for (id, name) in [
            (None, "rs"),
            (Some("call-7"), "rs.call-7"),
            (Some("a.b:c-d_E"), "rs.a.b:c-d_E"),
            (Some(UUID), "rs~AZDVpHw-exqfAADA_-4AAQ"),
            (Some("00000000-0000-0000-0000-000000000000"), "rs~AAAAAAAAAAAAAAAAAAAAAA"),
            (Some("0190D5A4-7C3E-7B1A-9F00-00C0FFEE0001"), "rs.0190D5A4-7C3E-7B1A-9F00-00C0FFEE0001"),
            (Some("0190d5a47c3e7b1a9f0000c0ffee0001"), "rs.0190d5a47c3e7b1a9f0000c0ffee0001"),
            (Some("-0190d5a-7c3e-7b1a-9f00-00c0ffee0001"), "rs.-0190d5a-7c3e-7b1a-9f00-00c0ffee0001"),
            (Some("0190d5a47-c3e-7b1a-9f00-00c0ffee0001"), "rs.0190d5a47-c3e-7b1a-9f00-00c0ffee0001"),
        ] {
            assert_eq!(attribute_name(&start(), &key(id)), name);
            assert_eq!(record_key(&start(), name), Some(key(id)));
        }
    }

    #[test]
    fn a_record_has_one_name_and_bookkeeping_is_none() {
        let written_out = format!("rs.{UUID}");
        for name in ["E", "B", "S", "", "~", "rs~", "rs~AAAA", "rs.", "0rs", "RS", "rs~.x", &written_out] {
            assert_eq!(record_key(&start(), name), None, "{name}");
        }
    }
}
